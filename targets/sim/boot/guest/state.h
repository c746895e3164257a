/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A guest's insides, for the files of this folder only. */
#ifndef SIM_BOOT_GUEST_STATE_H
#define SIM_BOOT_GUEST_STATE_H

#include "sim/boot/guest/guest.h"
#include "sim/boot/guest/memo.h"
#include "sim/boot/guest/object.h"
#include "sim/boot/guest/trap.h"

struct sim_guest {
    struct object object;
    struct trap trap;
    struct sim_guest_config config;
    const struct bootloader_guest *entry;
    char name[64];
    struct bootloader_build build;
    struct guest_memo *memo;
    uint8_t *arena;
    size_t n_arena_used;

    struct bootloader_host host;
    struct bootloader_device devices[SIM_FLASH_MAX_DEVICES];
    struct bootloader_region regions[SIM_FLASH_MAX_DEVICES][SIM_FLASH_MAX_REGIONS];

    /* Of the boot that runs */
    struct sim_flash *flash;
    sim_guest_log log;
    void *log_user;
    struct bootloader_decision decision;
    struct sim_guest_result *result;
};

/* services.c: the host's functions. */
void guest_offer_services(struct sim_guest *guest);
void guest_describe_flash(struct sim_guest *guest, const struct sim_flash *flash);
/* Ends the boot with a finding. Only from the guest's side. */
_Noreturn void guest_stop(struct sim_guest *guest, enum sim_guest_outcome outcome, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
void *guest_alloc(struct sim_guest *guest, size_t n_bytes);

/* imports.c: what the guest gets instead of functions of the C library. */
const struct object_redirect *guest_redirects(size_t *n_redirects);

#endif
