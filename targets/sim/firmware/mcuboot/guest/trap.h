/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Runs a function on a stack of its own, from which it can be thrown out at any moment: by the host, by a
 * signal, by the clock. */
#ifndef SIM_BOOT_GUEST_TRAP_H
#define SIM_BOOT_GUEST_TRAP_H

#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/time.h>
#include <ucontext.h>

enum trap_end {
    TRAP_RETURNED,
    TRAP_THROWN, /* by the host, or by what stands for the C library */
    TRAP_SIGNAL,
    TRAP_OVERFLOW, /* of the stack */
    TRAP_EXPIRED,  /* CPU time */
    TRAP_BLOCKED,  /* wall time without CPU time */
};

#define TRAP_N_SIGNALS 7
#define TRAP_BLOCKED_FACTOR 10u /* times max_cpu_ms on the wall clock: then it is blocked */
#define TRAP_LATE_MS 1000u      /* at most, until it can be left */

struct trap {
    uint8_t *memory; /* guard, stack, guard */
    size_t n_memory;
    uint8_t *stack;
    size_t stack_bytes; /* what the function may use, and a reserve for the host's functions */
    uint8_t *signal_stack;
    ucontext_t outside, inside;
    void (*function)(void *user);
    void *user;
    bool (*is_foreign)(const void *user, uintptr_t address); /* code that may be left at any instruction */
    /* For such code: CPU time after which it is known to loop; UINT64_MAX: it is not. Asked by the signal
     * handler. NULL: all code has max_cpu_ms. */
    uint64_t (*loops_after_us)(const void *user, uintptr_t address);
    const uint64_t *n_calls; /* of the host; at each tick it is looked whether there were more */
    uint64_t n_calls_seen;
    bool calls;  /* there were, since the tick before the last */
    bool blocks; /* it is known to wait for ever: a second without the CPU is enough */
    uint32_t max_cpu_ms;
    pthread_t thread;

    volatile sig_atomic_t in_host;
    volatile sig_atomic_t expired;
    uint32_t n_ticks, n_late_ticks;
    uint64_t cpu_base_us;
    uint64_t used_us; /* CPU time of a function that returned */

    enum trap_end end;
    int signal_number;
    uintptr_t fault_address, fault_pc;

    struct sigaction old_actions[TRAP_N_SIGNALS];
    stack_t old_stack;
    struct itimerval old_timer;
    /* AddressSanitizer's view of the stacks */
    const void *outside_stack;
    size_t outside_stack_bytes;
    void *outside_shadow;
};

/* false: no memory. */
bool trap_init(struct trap *trap, size_t stack_bytes);
void trap_clear(struct trap *trap);

/* Runs trap->function(trap->user); trap->end and what belongs to it tell how that ended. false: another trap
 * is running in this process. */
bool trap_run(struct trap *trap);

#endif
