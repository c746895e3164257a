/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the files of the guest loader share. */
#ifndef SIM_BOOT_GUEST_SERVICES_H
#define SIM_BOOT_GUEST_SERVICES_H

#include <setjmp.h>
#include <signal.h>

#include "sim/boot/guest/guest.h"

#define GUEST_MAX_SEGMENTS 8
#define GUEST_MAX_SAVED_BYTES (64u * 1024u * 1024u)
#define GUEST_MAX_ACCESSES 50000000u
#define GUEST_BUFFER_BYTES (256u * 1024u) /* the longest write or read in one call */

struct guest_segment {
    uint8_t *at;
    size_t n_bytes;
    uint8_t *saved;
};

struct guest_verdict {
    bool used;
    uint64_t hash[2];
    uint32_t verdict;
};
#define GUEST_N_VERDICTS 4096u

struct sim_guest {
    void *object;
    void (*boot)(const struct rig_services *services, struct rig_decision *decision);
    int (*mark)(const struct rig_services *services, int permanent);
    int (*confirm)(const struct rig_services *services);
    struct rig_about about;
    struct guest_segment segments[GUEST_MAX_SEGMENTS];
    unsigned n_segments;
    uint64_t max_us;
    struct guest_verdict *verdicts;
    uint8_t *buffer;
    void *signal_stack;
    int null_fd;
    int error_fd;

    /* of the call in progress */
    struct sim_flash *flash;
    struct sim_area areas[RIG_N_AREAS];
    uint32_t n_accesses;
    volatile sig_atomic_t in_service; /* harness code runs: a jump out has to wait */
    volatile sig_atomic_t expired;
    volatile sig_atomic_t signal_number;
    sigjmp_buf way_out;
};

/* services.c */
void guest_fill_services(struct sim_guest *guest, struct rig_services *services);

/* contain.c: runs one call with signals caught; returns when it returned or was thrown out. */
void guest_contain(struct sim_guest *guest, void (*call)(struct sim_guest *guest, void *user), void *user);
void guest_throw_out(struct sim_guest *guest, int signal_number) __attribute__((noreturn));

#endif
