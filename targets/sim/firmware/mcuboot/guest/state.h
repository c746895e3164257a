/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A guest's insides, for the files of this folder only. */
#ifndef SIM_BOOT_GUEST_STATE_H
#define SIM_BOOT_GUEST_STATE_H

#include "sim/firmware/mcuboot/guest/guest.h"
#include "sim/firmware/mcuboot/guest/memo.h"
#include "sim/firmware/mcuboot/guest/object.h"
#include "sim/firmware/mcuboot/guest/trap.h"

/* Of a function of the host. */
struct guest_call {
    uintptr_t caller;
    const char *what; /* "read"; NULL: there was none */
    uint32_t device, offset, n_bytes;
};

struct sim_guest {
    struct object object;
    struct trap trap;
    struct sim_guest_config config;
    const struct bootloader_guest *entry;
    char name[64];
    char file_name[64]; /* of the file that was loaded, without its folders */
    struct guest_pace *pace;
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
    struct guest_call last_call;
    uint64_t n_calls_at_change; /* of the flash */
    struct bootloader_decision decision;
    struct sim_guest_result *result;
};

/* object.c. A function or variable of the guest: offsets from its begin. */
struct guest_function {
    uint64_t start, n_bytes;
    char name[64]; /* empty: the object does not name it, and this is the neighbourhood of the address */
};
void guest_function_at(const struct sim_guest *guest, uintptr_t address, struct guest_function *function);
/* "boot.so+0x11f4 (swap_run+0x2c)", "0x0", "its stack", "libc.so.6 (memcpy)": the same in each run. */
void guest_place(const struct sim_guest *guest, uintptr_t address, char *text, size_t n_text);

/* pace.c: how long a boot may take. The first endless loops have the whole limits of the configuration; each
 * is remembered by its function, and what is found in that function later is ended soon after the longest of
 * the boots that came to an end. In memory that forked processes share. */
#define GUEST_MAX_LOOPS 8u
#define GUEST_FEW_CALLS 4096u /* without a change of the flash: no loop yet */
struct guest_pace {
    uint64_t longest_us; /* CPU time, of boots that ended by themselves */
    uint64_t most_calls;
    uint32_t n_loops;
    uint32_t blocked; /* one waited for ever */
    struct {
        uint64_t start, n_bytes; /* offsets */
    } loops[GUEST_MAX_LOOPS];
};
void guest_pace_looped(struct sim_guest *guest, uintptr_t address);
/* Is this code known to loop? May be asked by a signal handler. */
bool guest_pace_knows(const struct sim_guest *guest, uintptr_t address);
uint64_t guest_pace_max_calls(const struct sim_guest *guest, uintptr_t caller);
uint64_t guest_pace_max_us(const struct sim_guest *guest); /* CPU time, in code that is known to loop */

/* services.c: the host's functions. */
void guest_offer_services(struct sim_guest *guest);
const char *guest_device_name(const struct sim_guest *guest, uint32_t device); /* "unknown": none */
void guest_describe_flash(struct sim_guest *guest, const struct sim_flash *flash);

/* What the guest gets instead of functions of the C library. */
const struct object_redirect *guest_redirects(size_t *n_redirects);

#endif
