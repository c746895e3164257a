/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Where foreign code runs and what it can call: the trap, a stack of its own with contexts, signals and time;
 * the host's functions of bootloader_abi.h over the simulated flash; what it gets instead of the C library's.
 */
#include "sim/firmware/mcuboot/guest/state.h"

#include <stdarg.h>
#include <stdio.h>
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

/* --- the trap: foreign code on a stack of its own --- */

static const int signals[TRAP_N_SIGNALS] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP, SIGABRT, SIGALRM};

/* The one thing that the signal handler finds its way by. */
static struct trap *volatile running;

/* The trap that runs, NULL: none. */
static struct trap *trap_running(void)
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

/* Out of the function, to trap_run(). Only from code that runs inside. */
static _Noreturn void trap_throw(struct trap *trap, enum trap_end end)
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

/* Brackets around the host's own code, which must not be left in its middle. Entering throws when the stack
 * is nearly used up, leaving when the time is over. */
static void trap_enter_host(struct trap *trap)
{
    const uint8_t *here = __builtin_frame_address(0);

    if (here - trap->stack < (ptrdiff_t)RESERVE_BYTES)
        trap_throw(trap, TRAP_OVERFLOW);
    trap->in_host = 1;
}

static void trap_leave_host(struct trap *trap)
{
    trap->in_host = 0;
    if (trap->expired)
        trap_throw(trap, TRAP_EXPIRED);
}

/* Memory that the foreign code named: touched before the host uses it, so that a bad pointer is the foreign
 * code's crash, and not reported as ours. */
#define UNCHECKED __attribute__((no_sanitize("address", "undefined")))

UNCHECKED static void trap_touch_readable(const void *at, size_t n_bytes)
{
    const volatile uint8_t *bytes = at;

    for (size_t i = 0; i < n_bytes; i += TOUCH_BYTES)
        (void)bytes[i];
    if (n_bytes > 0)
        (void)bytes[n_bytes - 1];
}

UNCHECKED static void trap_touch_writable(void *at, size_t n_bytes)
{
    volatile uint8_t *bytes = at;

    for (size_t i = 0; i < n_bytes; i += TOUCH_BYTES)
        bytes[i] = bytes[i];
    if (n_bytes > 0)
        bytes[n_bytes - 1] = bytes[n_bytes - 1];
}

/* --- the host's functions: they run on the guest's stack; a power cut or a fault ends the boot from within
 * them --- */

#define LINE_BYTES 200u
#define ARENA_ALIGN 16u

/* Ends the boot with a finding. Only from the guest's side. */
__attribute__((format(printf, 3, 4))) static _Noreturn void
guest_stop(struct sim_guest *guest, enum sim_guest_outcome outcome, const char *format, ...)
{
    va_list arguments;

    guest->trap.in_host = 1;
    va_start(arguments, format);
    vsnprintf(guest->result->text, sizeof guest->result->text, format, arguments);
    va_end(arguments);
    guest->result->outcome = outcome;
    trap_throw(&guest->trap, TRAP_THROWN);
}

#define CALL(what, device, offset, n_bytes)                                                                  \
    (struct guest_call)                                                                                      \
    {                                                                                                        \
        (uintptr_t) __builtin_return_address(0), what, device, offset, n_bytes                               \
    }

/* Loops that change the flash are ended by the same number of calls each time: what they leave is a result.
 */
static void end_loop(struct sim_guest *guest, const struct guest_call *call)
{
    if (guest->result->n_flash_calls > guest->config.max_flash_calls) {
        guest_pace_looped(guest, call->caller);
        guest_stop(guest, SIM_GUEST_LOOP, "more flash calls than a boot may make");
    }
    if (guest->result->n_flash_calls - guest->n_calls_at_change > guest_pace_max_calls(guest, call->caller))
        guest_stop(guest, SIM_GUEST_LOOP, "more flash calls than a boot may make");
}

static void enter(struct sim_guest *guest, const struct guest_call *call)
{
    trap_enter_host(&guest->trap);
    guest->last_call = *call;
    if (++guest->result->n_flash_calls - guest->n_calls_at_change > GUEST_FEW_CALLS)
        end_loop(guest, call);
    if (!sim_flash_powered(guest->flash))
        guest_stop(guest, SIM_GUEST_POWER_LOST, "%s", "");
}

const char *guest_device_name(const struct sim_guest *guest, uint32_t device)
{
    const struct sim_flash_device_config *config = sim_flash_device(guest->flash, device);

    return config ? config->name : "unknown";
}

static int32_t conclude(struct sim_guest *guest, enum sim_status status, const char *what, uint32_t device,
                        uint32_t offset, uint32_t n_bytes)
{
    if (status == SIM_NO_MEMORY)
        guest_stop(guest, SIM_GUEST_NOT_RUN, "the flash has no memory");
    /* The observer may have switched the power off. */
    if (status == SIM_POWER_LOST || !sim_flash_powered(guest->flash))
        guest_stop(guest, SIM_GUEST_POWER_LOST, "%s", "");
    if (status != SIM_OK)
        guest_stop(guest, SIM_GUEST_FLASH_FAULT, "%s of %lu bytes at 0x%lx of the %s flash: %s", what,
                   (unsigned long)n_bytes, (unsigned long)offset, guest_device_name(guest, device),
                   sim_status_text(status));
    if (*what == 'w' || *what == 'e')
        guest->n_calls_at_change = guest->result->n_flash_calls;
    trap_leave_host(&guest->trap);
    return BOOTLOADER_OK;
}

static bool within_an_area(const struct sim_guest *guest, uint32_t device, uint32_t offset, uint32_t n_bytes)
{
    for (unsigned i = 0; i < guest->config.n_areas; i++) {
        const struct bootloader_area *area = &guest->config.areas[i];

        if (area->device == device && offset >= area->offset && offset - area->offset <= area->size_bytes &&
            n_bytes <= area->size_bytes - (offset - area->offset))
            return true;
    }
    return false;
}

static void demand_area(struct sim_guest *guest, const char *what, uint32_t device, uint32_t offset,
                        uint32_t n_bytes)
{
    if (!within_an_area(guest, device, offset, n_bytes))
        guest_stop(guest, SIM_GUEST_FLASH_FAULT,
                   "%s of %lu bytes at 0x%lx of the %s flash: outside the bootloader's areas", what,
                   (unsigned long)n_bytes, (unsigned long)offset, guest_device_name(guest, device));
}

static int32_t host_read(void *user, uint32_t device, uint32_t offset, void *into, uint32_t n_bytes)
{
    struct sim_guest *guest = user;

    trap_touch_writable(into, n_bytes);
    enter(guest, &CALL("read", device, offset, n_bytes));
    return conclude(guest, sim_flash_read(guest->flash, device, offset, into, n_bytes), "read", device,
                    offset, n_bytes);
}

static int32_t host_write(void *user, uint32_t device, uint32_t offset, const void *bytes, uint32_t n_bytes)
{
    struct sim_guest *guest = user;

    trap_touch_readable(bytes, n_bytes);
    enter(guest, &CALL("write", device, offset, n_bytes));
    demand_area(guest, "write", device, offset, n_bytes);
    return conclude(guest, sim_flash_write(guest->flash, device, offset, bytes, n_bytes), "write", device,
                    offset, n_bytes);
}

static int32_t host_erase(void *user, uint32_t device, uint32_t offset, uint32_t n_bytes)
{
    struct sim_guest *guest = user;

    enter(guest, &CALL("erase", device, offset, n_bytes));
    demand_area(guest, "erase", device, offset, n_bytes);
    return conclude(guest, sim_flash_erase(guest->flash, device, offset, n_bytes), "erase", device, offset,
                    n_bytes);
}

static int32_t host_sector(void *user, uint32_t device, uint32_t offset, uint32_t *start, uint32_t *n_bytes)
{
    struct sim_guest *guest = user;
    uint32_t found_start, found_bytes;

    if (!sim_flash_sector_at(guest->flash, device, offset, &found_start, &found_bytes))
        return BOOTLOADER_NOT_FOUND;
    *start = found_start;
    *n_bytes = found_bytes;
    return BOOTLOADER_OK;
}

static void host_log(void *user, char level, const char *line)
{
    struct sim_guest *guest = user;
    char text[LINE_BYTES];

    snprintf(text, sizeof text, "%s", line);
    enter(guest, &CALL("log", 0, 0, 0));
    if (guest->log)
        guest->log(guest->log_user, level, text);
    conclude(guest, SIM_OK, "log", 0, 0, 0);
}

static void host_assert_failed(void *user, const char *file, int32_t line, const char *text)
{
    struct sim_guest *guest = user;
    const char *name = file ? strrchr(file, '/') : NULL;

    if (file)
        guest_stop(guest, SIM_GUEST_ASSERT, "%s (%s:%ld)", text ? text : "assertion", name ? name + 1 : file,
                   (long)line);
    guest_stop(guest, SIM_GUEST_ASSERT, "%s", text ? text : "assertion");
}

static void *guest_alloc(struct sim_guest *guest, size_t n_bytes)
{
    size_t room = guest->config.arena_bytes - guest->n_arena_used;
    void *at = guest->arena + guest->n_arena_used;

    if (n_bytes > room || ARENA_ALIGN > room - n_bytes)
        return NULL;
    guest->n_arena_used += (n_bytes + ARENA_ALIGN - 1) / ARENA_ALIGN * ARENA_ALIGN;
    return at;
}

static void *host_alloc(void *user, size_t n_bytes)
{
    return guest_alloc(user, n_bytes);
}

static int32_t host_sha256(void *user, uint32_t device, uint32_t offset, uint32_t n_bytes,
                           uint8_t digest[BOOTLOADER_SHA256_BYTES])
{
    struct sim_guest *guest = user;

    trap_touch_writable(digest, BOOTLOADER_SHA256_BYTES);
    enter(guest, &CALL("sha256", device, offset, n_bytes));
    return conclude(guest, guest_memo_sha256(guest->memo, guest->flash, device, offset, n_bytes, digest),
                    "read", device, offset, n_bytes);
}

static int32_t host_recall(void *user, const void *key, uint32_t n_key_bytes, int32_t *verdict)
{
    struct sim_guest *guest = user;
    int32_t found_verdict;

    if (n_key_bytes > BOOTLOADER_MEMO_MAX_BYTES ||
        !guest_memo_recall(guest->memo, key, n_key_bytes, &found_verdict))
        return BOOTLOADER_NOT_FOUND;
    *verdict = found_verdict;
    return BOOTLOADER_OK;
}

static int32_t host_remember(void *user, const void *key, uint32_t n_key_bytes, int32_t verdict)
{
    struct sim_guest *guest = user;

    if (n_key_bytes > BOOTLOADER_MEMO_MAX_BYTES)
        return BOOTLOADER_NO_MEMORY;
    trap_touch_readable(key, n_key_bytes);
    trap_enter_host(&guest->trap);
    bool kept = guest_memo_remember(guest->memo, key, n_key_bytes, verdict);
    trap_leave_host(&guest->trap);
    return kept ? BOOTLOADER_OK : BOOTLOADER_NO_MEMORY;
}

void guest_offer_services(struct sim_guest *guest)
{
    guest->host = (struct bootloader_host){
        .n_bytes = sizeof guest->host,
        .version = BOOTLOADER_ABI_VERSION,
        .user = guest,
        .devices = guest->devices,
        .areas = guest->config.areas,
        .read = host_read,
        .write = host_write,
        .erase = host_erase,
        .sector = host_sector,
        .log = host_log,
        .assert_failed = host_assert_failed,
        .alloc = host_alloc,
        .sha256 = host_sha256,
        .recall = host_recall,
        .remember = host_remember,
    };
}

static void describe_device(struct sim_guest *guest, const struct sim_flash *flash, unsigned device)
{
    const struct sim_flash_device_config *config = sim_flash_device(flash, device);

    for (unsigned i = 0; i < config->n_regions; i++)
        guest->regions[device][i] =
            (struct bootloader_region){config->regions[i].sector_bytes, config->regions[i].n_sectors};
    guest->devices[device] = (struct bootloader_device){
        .n_bytes = sizeof(struct bootloader_device),
        .size_bytes = sim_flash_bytes(flash, device),
        .write_bytes = config->write_bytes,
        .erased_value = config->erased,
        .is_external = device == SIM_FLASH_EXTERNAL,
        .n_regions = config->n_regions,
        .regions = guest->regions[device],
    };
}

void guest_describe_flash(struct sim_guest *guest, const struct sim_flash *flash)
{
    guest->host.n_devices = sim_flash_n_devices(flash);
    for (unsigned i = 0; i < guest->host.n_devices; i++)
        describe_device(guest, flash, i);
    guest->host.n_areas = guest->config.n_areas;
}

/* --- what a guest gets instead of functions of the C library that would end this process, fill its heap or
 * write into its output --- */

/* The C library's functions carry no argument of ours. They are called by a guest's code only while it runs,
 * but for its constructors. */
static struct sim_guest *guest_running(void)
{
    struct trap *trap = trap_running();

    return trap ? trap->user : NULL;
}

static void import_exit(int status)
{
    struct sim_guest *guest = guest_running();

    if (!guest)
        _Exit(status);
    guest_stop(guest, SIM_GUEST_EXIT, "it called exit(%d)", status);
}

static void import_abort(void)
{
    struct sim_guest *guest = guest_running();

    if (!guest)
        abort();
    guest_stop(guest, SIM_GUEST_ABORT, "it called abort()");
}

/* A copy of this process would go on as the bench, and a thread would outlive the boot. */
#define REFUSED(name)                                                                                        \
    static int refuse_##name(void)                                                                           \
    {                                                                                                        \
        struct sim_guest *guest = guest_running();                                                           \
                                                                                                             \
        if (guest)                                                                                           \
            guest_stop(guest, SIM_GUEST_CRASH, "it called " #name "(): a bootloader has one thread");        \
        return -1;                                                                                           \
    }
REFUSED(fork)
REFUSED(vfork)
REFUSED(clone)
REFUSED(system)
REFUSED(popen)
REFUSED(execve)
REFUSED(execv)
REFUSED(execvp)
REFUSED(posix_spawn)
REFUSED(pthread_create)

static void import_assert_fail(const char *text, const char *file, unsigned line, const char *function)
{
    struct sim_guest *guest = guest_running();

    (void)function;
    if (!guest)
        abort();
    guest->host.assert_failed(guest, file, (int32_t)line, text);
}

static void import_stack_smashed(void)
{
    struct sim_guest *guest = guest_running();

    if (!guest)
        abort();
    guest_stop(guest, SIM_GUEST_CRASH, "a buffer on its stack was overrun");
}

/* A block's size stands in front of it. */
#define BLOCK_HEADER_BYTES 16u

static bool is_in_arena(const struct sim_guest *guest, const void *block)
{
    return guest && (const uint8_t *)block >= guest->arena &&
           (const uint8_t *)block < guest->arena + guest->config.arena_bytes;
}

static void *import_malloc(size_t n_bytes)
{
    struct sim_guest *guest = guest_running();
    uint8_t *block;

    if (!guest)
        return malloc(n_bytes);
    if (n_bytes > SIZE_MAX - BLOCK_HEADER_BYTES ||
        !(block = guest_alloc(guest, n_bytes + BLOCK_HEADER_BYTES)))
        return NULL;
    memcpy(block, &n_bytes, sizeof n_bytes);
    return block + BLOCK_HEADER_BYTES;
}

static void *import_calloc(size_t n, size_t n_bytes)
{
    if (n_bytes != 0 && n > SIZE_MAX / n_bytes)
        return NULL;
    /* The arena is zero already. */
    return guest_running() ? import_malloc(n * n_bytes) : calloc(n, n_bytes);
}

static void import_free(void *block)
{
    /* Blocks of the arena go with the boot, blocks of constructors belong to every boot. */
    if (!guest_running())
        free(block);
}

static void *import_realloc(void *block, size_t n_bytes)
{
    struct sim_guest *guest = guest_running();
    size_t n_old;
    void *larger;

    if (!guest)
        return realloc(block, n_bytes);
    if (block && !is_in_arena(guest, block))
        guest_stop(guest, SIM_GUEST_CRASH, "realloc() of a block that this boot did not allocate");
    larger = import_malloc(n_bytes);
    if (!larger || !block)
        return larger;
    memcpy(&n_old, (uint8_t *)block - BLOCK_HEADER_BYTES, sizeof n_old);
    return memcpy(larger, block, n_old < n_bytes ? n_old : n_bytes);
}

/* Whole lines only are worth a console line; printf() pieces of one are lines of their own. */
static void say(char *text)
{
    struct sim_guest *guest = guest_running();
    char *rest = text;

    while (guest && rest && *rest) {
        char *end = strchr(rest, '\n');

        if (end)
            *end = '\0';
        if (*rest)
            guest->host.log(guest, 'I', rest);
        rest = end ? end + 1 : NULL;
    }
}

__attribute__((format(printf, 1, 0))) static int import_vprintf(const char *format, va_list arguments)
{
    char text[LINE_BYTES];
    int n = vsnprintf(text, sizeof text, format, arguments);

    say(text);
    return n;
}

__attribute__((format(printf, 1, 2))) static int import_printf(const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    int n = import_vprintf(format, arguments);
    va_end(arguments);
    return n;
}

__attribute__((format(printf, 2, 3))) static int import_printf_chk(int flag, const char *format, ...)
{
    va_list arguments;

    (void)flag;
    va_start(arguments, format);
    int n = import_vprintf(format, arguments);
    va_end(arguments);
    return n;
}

static int import_puts(const char *line)
{
    return import_printf("%s\n", line);
}

static int import_putchar(int character)
{
    return character;
}

#define REDIRECT(name, function)                                                                             \
    {                                                                                                        \
        name, (void (*)(void))function                                                                       \
    }

static const struct object_redirect redirects[] = {
    REDIRECT("exit", import_exit),
    REDIRECT("_exit", import_exit),
    REDIRECT("_Exit", import_exit),
    REDIRECT("quick_exit", import_exit),
    REDIRECT("abort", import_abort),
    REDIRECT("__assert_fail", import_assert_fail),
    REDIRECT("__stack_chk_fail", import_stack_smashed),
    REDIRECT("fork", refuse_fork),
    REDIRECT("vfork", refuse_vfork),
    REDIRECT("clone", refuse_clone),
    REDIRECT("system", refuse_system),
    REDIRECT("popen", refuse_popen),
    REDIRECT("execve", refuse_execve),
    REDIRECT("execv", refuse_execv),
    REDIRECT("execvp", refuse_execvp),
    REDIRECT("posix_spawn", refuse_posix_spawn),
    REDIRECT("pthread_create", refuse_pthread_create),
    REDIRECT("malloc", import_malloc),
    REDIRECT("calloc", import_calloc),
    REDIRECT("realloc", import_realloc),
    REDIRECT("free", import_free),
    REDIRECT("printf", import_printf),
    REDIRECT("__printf_chk", import_printf_chk),
    REDIRECT("vprintf", import_vprintf),
    REDIRECT("puts", import_puts),
    REDIRECT("putchar", import_putchar),
};

const struct object_redirect *guest_redirects(size_t *n_redirects)
{
    *n_redirects = sizeof redirects / sizeof *redirects;
    return redirects;
}
