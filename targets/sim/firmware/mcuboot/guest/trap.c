/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Foreign code on a stack of its own: contexts, signals, time. */
#include "sim/firmware/mcuboot/guest/trap.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#if defined(__SANITIZE_ADDRESS__)
#define UNDER_ASAN 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define UNDER_ASAN 1
#endif
#endif
#ifdef UNDER_ASAN
#include <sanitizer/common_interface_defs.h>
#endif

#define GUARD_BYTES (1024u * 1024u)
#define RESERVE_BYTES (128u * 1024u)
#define SIGNAL_STACK_BYTES (64u * 1024u)
#define TICK_US 20000u
/* Time is over, but the foreign code is inside the C library: it is left there only after this many further
 * ticks. */
#define MAX_LATE_TICKS (TRAP_LATE_MS * 1000u / TICK_US)
#define TOUCH_BYTES 4096u

static const int signals[TRAP_N_SIGNALS] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP, SIGABRT, SIGALRM};

/* The one thing that the signal handler finds its way by. */
static struct trap *volatile running;

struct trap *trap_running(void)
{
    return running;
}

bool trap_init(struct trap *trap, size_t stack_bytes)
{
    size_t page = (size_t)sysconf(_SC_PAGESIZE);

    trap->stack_bytes = ((stack_bytes + page - 1) & ~(page - 1)) + RESERVE_BYTES;
    trap->n_memory = trap->stack_bytes + 2 * GUARD_BYTES;
    trap->signal_stack = malloc(SIGNAL_STACK_BYTES);
    trap->memory = mmap(NULL, trap->n_memory, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (trap->memory == MAP_FAILED)
        trap->memory = NULL;
    if (!trap->memory || !trap->signal_stack)
        return false;
    trap->stack = trap->memory + GUARD_BYTES;
    return mprotect(trap->stack, trap->stack_bytes, PROT_READ | PROT_WRITE) == 0;
}

void trap_clear(struct trap *trap)
{
    if (trap->memory)
        munmap(trap->memory, trap->n_memory);
    free(trap->signal_stack);
}

static void arrive_inside(struct trap *trap)
{
#ifdef UNDER_ASAN
    __sanitizer_finish_switch_fiber(NULL, &trap->outside_stack, &trap->outside_stack_bytes);
#else
    (void)trap;
#endif
}

static _Noreturn void go_outside(struct trap *trap)
{
#ifdef UNDER_ASAN
    __sanitizer_start_switch_fiber(NULL, trap->outside_stack, trap->outside_stack_bytes);
#endif
    setcontext(&trap->outside);
    abort();
}

static void go_inside(struct trap *trap)
{
#ifdef UNDER_ASAN
    __sanitizer_start_switch_fiber(&trap->outside_shadow, trap->stack, trap->stack_bytes);
#endif
    swapcontext(&trap->outside, &trap->inside);
#ifdef UNDER_ASAN
    __sanitizer_finish_switch_fiber(trap->outside_shadow, NULL, NULL);
#endif
}

_Noreturn void trap_throw(struct trap *trap, enum trap_end end)
{
    trap->end = end;
    go_outside(trap);
}

static void inside(void)
{
    struct trap *trap = running;

    arrive_inside(trap);
    trap->function(trap->user);
    trap_throw(trap, TRAP_RETURNED);
}

static uintptr_t pc_of(const ucontext_t *context)
{
#if defined(__x86_64__)
    return (uintptr_t)context->uc_mcontext.gregs[REG_RIP];
#elif defined(__aarch64__)
    return (uintptr_t)context->uc_mcontext.pc;
#else
    (void)context;
    return 0;
#endif
}

static uint64_t cpu_us(void)
{
    struct timespec now;

    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return (uint64_t)now.tv_sec * 1000000u + (uint64_t)now.tv_nsec / 1000u;
}

#define BLOCKED_TICKS (1000u * 1000u / TICK_US)
#define BLOCKED_US 20000u

static bool is_blocked(const struct trap *trap, uint64_t used_us)
{
    return trap->n_ticks > (uint64_t)trap->max_cpu_ms * 1000u * TRAP_BLOCKED_FACTOR / TICK_US ||
           (trap->blocks && trap->n_ticks > BLOCKED_TICKS && used_us < BLOCKED_US);
}

static bool is_over(const struct trap *trap, uint64_t used_us, uintptr_t pc)
{
    return used_us >= (uint64_t)trap->max_cpu_ms * 1000u ||
           (trap->loops_after_us && !trap->in_host && used_us >= trap->loops_after_us(trap->user, pc));
}

static void on_tick(struct trap *trap, const ucontext_t *context)
{
    uint64_t used_us = cpu_us() - trap->cpu_base_us;
    uintptr_t pc = pc_of(context);

    trap->n_ticks++;
    if (trap->n_calls) {
        trap->calls = *trap->n_calls != trap->n_calls_seen;
        trap->n_calls_seen = *trap->n_calls;
    }
    bool blocked = is_blocked(trap, used_us);
    if (!blocked && !is_over(trap, used_us, pc))
        return;
    if (trap->in_host) {
        trap->expired = 1;
        return;
    }
    if (!blocked && !trap->is_foreign(trap->user, pc) && ++trap->n_late_ticks < MAX_LATE_TICKS)
        return;
    trap->fault_pc = pc;
    trap_throw(trap, blocked ? TRAP_BLOCKED : TRAP_EXPIRED);
}

static unsigned signal_index(int number)
{
    unsigned i = 0;

    while (i + 1 < TRAP_N_SIGNALS && signals[i] != number)
        i++;
    return i;
}

static void on_signal(int number, siginfo_t *details, void *context)
{
    struct trap *trap = running;

    if (trap && !pthread_equal(trap->thread, pthread_self()) && number == SIGALRM) {
        pthread_kill(trap->thread, SIGALRM);
        return;
    }
    if (trap && number == SIGALRM) {
        on_tick(trap, context);
        return;
    }
    /* Not the foreign code's doing: let it happen again as if nobody had been watching. */
    if (!trap || trap->in_host || !pthread_equal(trap->thread, pthread_self())) {
        if (trap)
            sigaction(number, &trap->old_actions[signal_index(number)], NULL);
        return;
    }
    trap->signal_number = number;
    trap->fault_address = (uintptr_t)details->si_addr;
    trap->fault_pc = pc_of(context);
    bool in_guard = trap->fault_address - (uintptr_t)trap->memory < GUARD_BYTES;
    trap_throw(trap, in_guard && (number == SIGSEGV || number == SIGBUS) ? TRAP_OVERFLOW : TRAP_SIGNAL);
}

static void install(struct trap *trap)
{
    struct sigaction action = {.sa_sigaction = on_signal, .sa_flags = SA_SIGINFO | SA_ONSTACK | SA_RESTART};
    stack_t stack = {.ss_sp = trap->signal_stack, .ss_size = SIGNAL_STACK_BYTES};
    struct itimerval timer = {{0, TICK_US}, {0, TICK_US}};

    sigemptyset(&action.sa_mask);
    sigaltstack(&stack, &trap->old_stack);
    for (unsigned i = 0; i < TRAP_N_SIGNALS; i++)
        sigaction(signals[i], &action, &trap->old_actions[i]);
    setitimer(ITIMER_REAL, &timer, &trap->old_timer);
}

static void uninstall(struct trap *trap)
{
    setitimer(ITIMER_REAL, &trap->old_timer, NULL);
    for (unsigned i = 0; i < TRAP_N_SIGNALS; i++)
        sigaction(signals[i], &trap->old_actions[i], NULL);
    sigaltstack(&trap->old_stack, NULL);
}

bool trap_run(struct trap *trap)
{
    if (running)
        return false;
    trap->in_host = trap->expired = 0;
    trap->calls = true;
    trap->n_ticks = trap->n_late_ticks = 0;
    trap->thread = pthread_self();
    getcontext(&trap->inside);
    trap->inside.uc_stack = (stack_t){.ss_sp = trap->stack, .ss_size = trap->stack_bytes};
    trap->inside.uc_link = NULL;
    makecontext(&trap->inside, inside, 0);
    install(trap);
    running = trap;
    trap->cpu_base_us = cpu_us();
    go_inside(trap);
    trap->used_us = cpu_us() - trap->cpu_base_us;
    /* The timer goes first: a tick that is on its way finds nobody and does nothing. */
    running = NULL;
    uninstall(trap);
    return true;
}

void trap_enter_host(struct trap *trap)
{
    const uint8_t *here = __builtin_frame_address(0);

    if (here - trap->stack < (ptrdiff_t)RESERVE_BYTES)
        trap_throw(trap, TRAP_OVERFLOW);
    trap->in_host = 1;
}

void trap_leave_host(struct trap *trap)
{
    trap->in_host = 0;
    if (trap->expired)
        trap_throw(trap, TRAP_EXPIRED);
}

/* A bad pointer shall fault here, not be reported as ours. */
#define UNCHECKED __attribute__((no_sanitize("address", "undefined")))

UNCHECKED void trap_touch_readable(const void *at, size_t n_bytes)
{
    const volatile uint8_t *bytes = at;

    for (size_t i = 0; i < n_bytes; i += TOUCH_BYTES)
        (void)bytes[i];
    if (n_bytes > 0)
        (void)bytes[n_bytes - 1];
}

UNCHECKED void trap_touch_writable(void *at, size_t n_bytes)
{
    volatile uint8_t *bytes = at;

    for (size_t i = 0; i < n_bytes; i += TOUCH_BYTES)
        bytes[i] = bytes[i];
    if (n_bytes > 0)
        bytes[n_bytes - 1] = bytes[n_bytes - 1];
}
