/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A foreign bootloader, compiled for the host as a shared object against bootloader_abi.h: loads it and boots
 * it. Whatever it does wrong is an outcome, never the end of this process. GLib-free. */
#ifndef SIM_BOOT_GUEST_GUEST_H
#define SIM_BOOT_GUEST_GUEST_H

#include "sim/firmware/mcuboot/boot/boot.h"
#include "sim/firmware/mcuboot/bootloader_abi.h"

enum sim_guest_outcome {
    SIM_GUEST_RUNS, /* hands over to the image at device and offset */
    SIM_GUEST_NO_IMAGE,
    SIM_GUEST_POWER_LOST, /* stopped at the cut */
    /* Findings: what a bootloader must never do. */
    SIM_GUEST_ASSERT, /* an assertion of its own, by the host's function or by assert() */
    SIM_GUEST_ABORT,  /* abort() */
    SIM_GUEST_EXIT,   /* exit() and its kin */
    SIM_GUEST_CRASH,  /* SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP */
    SIM_GUEST_STACK_OVERFLOW,
    SIM_GUEST_LOOP,         /* more flash calls or more CPU time than a boot may take, or blocked */
    SIM_GUEST_FLASH_FAULT,  /* an operation that the part refuses, outside the areas, misaligned */
    SIM_GUEST_BAD_DECISION, /* a hand-over to a place that is no flash */
    /* The rig's own trouble. */
    SIM_GUEST_NOT_RUN, /* no memory, or a guest is running already */
};
#define SIM_GUEST_N_OUTCOMES 12
/* "runs", "no image", "power lost", "assertion", "abort", "exit", "crash", "stack overflow", "endless loop",
 * "flash fault", ... */
const char *sim_guest_outcome_text(enum sim_guest_outcome outcome);
bool sim_guest_is_finding(enum sim_guest_outcome outcome);

#define SIM_GUEST_MAX_AREAS 16

/* Zero means the default. */
struct sim_guest_config {
    struct bootloader_area areas[SIM_GUEST_MAX_AREAS]; /* n_bytes and id are filled in */
    unsigned n_areas;
    size_t stack_bytes; /* 256 KiB; a bootloader's stack on the part is far smaller, but its host build needs
                           more */
    size_t arena_bytes; /* 1 MiB */
    uint64_t max_flash_calls; /* per boot, reads included: 4 million */
    uint32_t max_cpu_ms;      /* per boot: 2000; blocked without using the CPU: ten times as long */
};
/* The slots, the scratch area and a foreign bootloader's own areas of a boot configuration. */
void sim_guest_config_areas(struct sim_guest_config *config, const struct sim_boot_config *boot);

struct sim_guest_result {
    enum sim_guest_outcome outcome;
    unsigned device; /* RUNS */
    uint32_t offset;
    int signal_number; /* CRASH, STACK_OVERFLOW */
    uint64_t n_flash_calls;
    char text[192]; /* findings: what happened; else the guest's own words, may be empty */
};

typedef void (*sim_guest_log)(void *user, char level, const char *line);

struct sim_guest;

/* Loads a private copy of the object: opened twice, also in two processes after a fork, it is two
 * bootloaders, and a rebuild of the file does not reach into a run. A forked process may go on using the
 * guest that it inherited. NULL: it cannot be used, *why (n_why bytes) says why. Code in the object's
 * constructors runs unguarded. */
struct sim_guest *sim_guest_open(const char *path, const struct sim_guest_config *config, char *why,
                                 size_t n_why);
void sim_guest_free(struct sim_guest *guest);
/* What the guest says that it was compiled with; what it does not say is 0. */
const struct bootloader_build *sim_guest_build(const struct sim_guest *guest);
const char *sim_guest_name(const struct sim_guest *guest);   /* what the guest calls itself */
size_t sim_guest_state_bytes(const struct sim_guest *guest); /* of globals that are set back at every boot */

/* SHA-256 of the file that was loaded. false: it cannot be read any more. */
bool sim_guest_hash(const struct sim_guest *guest, uint8_t hash[32]);
/* Within this time on the wall clock a boot ends, unless the guest has silenced the process's signals. */
uint32_t sim_guest_max_boot_ms(const struct sim_guest *guest);

/* One boot, from power-on or reset to the hand-over. log may be NULL; it may switch the flash's power off.
 * One guest runs at a time in a process; signal handlers, the alternate signal stack and ITIMER_REAL are the
 * caller's own again on return. log and the flash's observer run on the guest's stack. */
void sim_guest_boot(struct sim_guest *guest, struct sim_flash *flash, sim_guest_log log, void *log_user,
                    struct sim_guest_result *result);

#endif
