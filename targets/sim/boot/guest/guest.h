/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A bootloader from a shared object: loaded once, its variables put back before every call, its crashes and
 * endless runs caught. GLib-free. Not a sandbox: code that writes wherever it likes can still damage the
 * process; signals, aborts, overflows and loops do not. */
#ifndef SIM_BOOT_GUEST_GUEST_H
#define SIM_BOOT_GUEST_GUEST_H

#include "sim/boot/boot.h"
#include "sim/boot/bootloader_abi.h"

struct sim_guest;

enum sim_guest_end {
    SIM_GUEST_RETURNED,
    SIM_GUEST_CRASHED, /* a signal; text says which */
    SIM_GUEST_LOOPED,  /* more time or more flash accesses than allowed */
};
struct sim_guest_run {
    enum sim_guest_end end;
    int status;                   /* of mark and confirm */
    struct rig_decision decision; /* of a boot */
    char text[96];
};

/* NULL: `why` (n_why bytes) says what is wrong with the file. The path should hold a '/'. */
struct sim_guest *sim_guest_open(const char *path, char *why, size_t n_why);
void sim_guest_close(struct sim_guest *guest);
uint32_t sim_guest_flags(const struct sim_guest *guest); /* RIG_BOOTLOADER_... */

/* Processor time that one call may take; 0 = 2 s. Every call may also make at most 50 million flash accesses.
 */
void sim_guest_limit(struct sim_guest *guest, uint64_t max_us);

enum sim_guest_call { SIM_GUEST_BOOT, SIM_GUEST_MARK_TEST, SIM_GUEST_MARK_PERMANENT, SIM_GUEST_CONFIRM };
/* areas by RIG_AREA_...; one call at a time in the whole process, since signal handlers are the process's. */
void sim_guest_call(struct sim_guest *guest, struct sim_flash *flash,
                    const struct sim_area areas[RIG_N_AREAS], enum sim_guest_call call,
                    struct sim_guest_run *run);

#endif
