/* SPDX-License-Identifier: Apache-2.0 */
/* What a bootloader compiled for the host offers to bootrig, and what bootrig offers to it. Plain C; include
 * it from your port. */
#ifndef RIG_BOOTLOADER_ABI_H
#define RIG_BOOTLOADER_ABI_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Raised when anything below changes its meaning or place. Members are only ever added at the end of a
 * struct. */
#define RIG_BOOTLOADER_ABI_VERSION 1u

/* Flash areas, by number. */
#define RIG_AREA_PRIMARY 0u
#define RIG_AREA_SECONDARY 1u
#define RIG_AREA_SCRATCH 2u /* n_bytes is 0 on boards without one */
#define RIG_N_AREAS 3u

struct rig_area_geometry {
    uint32_t n_bytes;     /* of the area */
    uint32_t write_bytes; /* offset and length of a write are multiples of it */
    uint32_t erased;      /* value of an erased byte: 0xff or 0x00 */
};

/* Calls into bootrig. Offsets are from the area's start. Functions return 0, or a negative number: out of
 * range, not aligned, or a write to bytes that were not erased (nothing was written then). One write or one
 * erased sector is one operation: power may be lost before, in the middle of, or after it. Use them from
 * within the functions below only, on the thread that called. */
struct rig_services {
    uint32_t n_bytes; /* of this struct */
    void *harness;    /* first argument of every function */
    struct rig_area_geometry areas[RIG_N_AREAS];
    int (*read)(void *harness, uint32_t area, uint32_t offset, void *into, uint32_t n_bytes);
    int (*write)(void *harness, uint32_t area, uint32_t offset, const void *bytes, uint32_t n_bytes);
    int (*erase)(void *harness, uint32_t area, uint32_t offset, uint32_t n_bytes); /* whole sectors */
    int (*sector)(void *harness, uint32_t area, uint32_t offset, uint32_t *start,
                  uint32_t *n_bytes); /* that holds offset */
    /* Verdicts by content: a number that was kept for exactly these bytes and this salt (the key, say) at an
     * earlier boot. recall() returns 0 and the verdict, or a negative number: compute it, then remember() it.
     * Optional; saves the signature checks. */
    int (*recall)(void *harness, uint32_t area, uint32_t offset, uint32_t n_bytes, uint32_t salt,
                  uint32_t *verdict);
    void (*remember)(void *harness, uint32_t area, uint32_t offset, uint32_t n_bytes, uint32_t salt,
                     uint32_t verdict);
};

#define RIG_DECISION_NONE 0u /* nothing bootable: the board stays in the bootloader */
#define RIG_DECISION_RUN 1u  /* hand over to the image at area and offset */
struct rig_decision {
    uint32_t what;
    uint32_t area;
    uint32_t offset; /* of the image's first byte in the area */
};

#define RIG_BOOTLOADER_REVERTS 1u /* an update that was not confirmed is taken back at the next boot */
#define RIG_BOOTLOADER_MCUBOOT_TRAILERS                                                                      \
    2u /* the application marks and confirms in MCUboot's trailers: bootrig does it itself */
struct rig_about {
    uint32_t abi_version; /* RIG_BOOTLOADER_ABI_VERSION */
    uint32_t flags;
};

/* The shared object exports these names. Before each call all its variables have the values that they had
 * right after loading (thread-local ones and what was allocated have not: a port that uses malloc leaks). It
 * runs with power all the time; bootrig knows every content in between and starts it anew from each of them.
 * abort(), a signal, a stack overflow and a run without end are findings. */
void rig_bootloader_about(struct rig_about *about);
/* From reset to the hand-over. */
void rig_bootloader_boot(const struct rig_services *services, struct rig_decision *decision);
/* The application's side; not looked for with MCUBOOT_TRAILERS. The new image is in the secondary area
 * already. 0: done. */
int rig_bootloader_mark(const struct rig_services *services, int permanent);
int rig_bootloader_confirm(const struct rig_services *services);

#ifdef __cplusplus
}
#endif

#endif
