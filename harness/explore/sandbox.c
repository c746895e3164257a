/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A boot in a forked process, with its flash operations on record in shared memory as they happen: what it
 * did until it corrupted that process is known, too. */
#define _GNU_SOURCE
#include "explore/sandbox.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/pidfd.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

/* Address space; memory is taken as it is used. */
#define RECORD_BYTES ((gsize)64 << 20)
#define LOOK_EVERY_MS 20

struct told_operation {
    guint32 device;
    guint32 offset;
    guint32 n_bytes;
    guint32 is_write; /* its bytes follow */
};

/* In shared memory; the operations follow. */
struct record {
    gsize n_used;
    gint32 full;
    gint32 reported;
    struct rig_end_report report;
};

void rig_sandbox_enter(bool silent, pid_t parent)
{
    int nowhere;

    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent) /* it ended before that */
        raise(SIGKILL);
    /* A signal to the group shall not reach those who started it. */
    setpgid(0, 0);
    signal(SIGINT, SIG_IGN);
    signal(SIGTERM, SIG_DFL);
    if (!silent || (nowhere = open("/dev/null", O_RDWR)) < 0)
        return;
    dup2(nowhere, STDIN_FILENO);
    dup2(nowhere, STDOUT_FILENO);
    dup2(nowhere, STDERR_FILENO);
}

static void reap(pid_t worker, int *status)
{
    while (waitpid(worker, status, 0) < 0 && errno == EINTR)
        ;
}

void rig_sandbox_kill(pid_t worker, int *status)
{
    kill(worker, SIGKILL);
    reap(worker, status);
}

bool rig_sandbox_ended(pid_t worker, int *status)
{
    siginfo_t ended = {0};

    if (waitid(P_PID, (id_t)worker, &ended, WEXITED | WNOHANG | WNOWAIT) != 0 || ended.si_pid == 0)
        return false;
    reap(worker, status);
    return true;
}

static guint8 *operations_of(struct record *record)
{
    return (guint8 *)(record + 1);
}

static void on_operation(void *user, const struct sim_flash_operation *operation)
{
    struct record *record = user;
    struct told_operation told = {.device = operation->device,
                                  .offset = operation->offset,
                                  .n_bytes = operation->n_bytes,
                                  .is_write = operation->kind == SIM_FLASH_WRITE};
    gsize n_bytes = told.is_write ? told.n_bytes : 0;
    guint8 *into = operations_of(record) + record->n_used;

    if (RECORD_BYTES - sizeof *record - record->n_used < sizeof told + n_bytes)
        record->full = 1;
    if (record->full)
        return;
    memcpy(into, &told, sizeof told);
    if (n_bytes > 0)
        memcpy(into + sizeof told, operation->bytes, n_bytes);
    __atomic_store_n(&record->n_used, record->n_used + sizeof told + n_bytes, __ATOMIC_RELEASE);
}

static G_GNUC_NORETURN void work(struct rig_subject *subject, struct record *record, pid_t parent)
{
    rig_sandbox_enter(true, parent);
    sim_flash_disarm_cut(subject->flash);
    sim_flash_observe_reads(subject->flash, NULL, NULL);
    sim_flash_observe(subject->flash, on_operation, record);
    subject->ops->boot_here(subject, &record->report);
    record->reported = 1;
    if (subject->intact && !subject->intact(subject->user))
        _exit(RIG_SANDBOX_CORRUPTED);
    _exit(RIG_SANDBOX_DONE);
}

/* false: it had to be killed. */
static bool wait_for(const struct rig_subject *subject, pid_t worker, int *status)
{
    gint64 deadline_us = g_get_monotonic_time() + (gint64)subject->max_boot_ms * 1000;
    struct pollfd waited = {.fd = pidfd_open(worker, 0), .events = POLLIN};
    bool ended = false;

    while (!(ended = rig_sandbox_ended(worker, status)) && g_get_monotonic_time() < deadline_us &&
           !(subject->stop && subject->stop(subject->user)))
        poll(&waited, 1, LOOK_EVERY_MS);
    if (!ended)
        rig_sandbox_kill(worker, status);
    if (waited.fd >= 0)
        close(waited.fd);
    return ended;
}

/* Its operations on the flash here, until a cut falls. false: they are none. */
static bool play(struct rig_subject *subject, struct record *record)
{
    const guint8 *at = operations_of(record);
    gsize n_left = record->n_used;

    if (n_left > RECORD_BYTES - sizeof *record)
        return false;
    while (n_left > 0) {
        enum sim_status status = SIM_UNALIGNED;
        struct told_operation told;

        if (n_left < sizeof told)
            return false;
        memcpy(&told, at, sizeof told);
        at += sizeof told;
        n_left -= sizeof told;
        if (told.is_write && told.n_bytes > n_left)
            return false;
        if (told.is_write)
            status = sim_flash_write(subject->flash, told.device, told.offset, at, told.n_bytes);
        else
            status = sim_flash_erase(subject->flash, told.device, told.offset, told.n_bytes);
        if (status != SIM_OK)
            return status == SIM_POWER_LOST;
        at += told.is_write ? told.n_bytes : 0;
        n_left -= told.is_write ? told.n_bytes : 0;
    }
    return true;
}

static void G_GNUC_PRINTF(3, 4) say(struct rig_end_report *report, enum rig_end end, const char *format, ...)
{
    va_list arguments;

    *report = (struct rig_end_report){.end = end};
    va_start(arguments, format);
    g_vsnprintf(report->text, sizeof report->text, format, arguments);
    va_end(arguments);
}

static void take_report(const struct rig_subject *subject, const struct record *record, int status,
                        struct rig_end_report *report)
{
    bool sound = WIFEXITED(status) && WEXITSTATUS(status) == RIG_SANDBOX_DONE && record->reported == 1;

    *report = record->report;
    report->text[sizeof report->text - 1] = '\0';
    report->decision[sizeof report->decision - 1] = '\0';
    if (sound && (guint)report->end <= RIG_END_NOT_RUN &&
        (report->end != RIG_END_RUNS || report->device < sim_flash_n_devices(subject->flash)))
        return;
    if (sound || (WIFEXITED(status) && WEXITSTATUS(status) == RIG_SANDBOX_CORRUPTED))
        say(report, RIG_END_CRASH, "it wrote over memory that is not its own");
    else if (WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT)
        say(report, RIG_END_CRASH, "it corrupted the heap of the process that runs it");
    else if (WIFSIGNALED(status))
        say(report, RIG_END_CRASH, "it ended the process that runs it: signal %d", WTERMSIG(status));
    else
        say(report, RIG_END_CRASH, "it ended the process that runs it: status %d", WEXITSTATUS(status));
}

static void run(struct rig_subject *subject, struct record *record, struct rig_end_report *report)
{
    pid_t parent = getpid();
    pid_t worker = fork();
    int status = 0;
    bool ended;

    if (worker == 0)
        work(subject, record, parent);
    if (worker < 0) {
        say(report, RIG_END_NOT_RUN, "no process can be started: %s; close other programs",
            g_strerror(errno));
        return;
    }
    ended = wait_for(subject, worker, &status);
    if (subject->stop && subject->stop(subject->user)) {
        say(report, RIG_END_NOT_RUN, "interrupted");
        return;
    }
    if (!ended)
        say(report, RIG_END_LOOP, "no end within %u ms, deaf to the clock's signal", subject->max_boot_ms);
    else if (record->full)
        say(report, RIG_END_LOOP, "more flash operations than can be kept");
    else
        take_report(subject, record, status, report);
    if (!play(subject, record))
        say(report, RIG_END_CRASH, "it wrote over memory that is not its own");
    if (!sim_flash_powered(subject->flash))
        say(report, RIG_END_NO_IMAGE, "%s", "");
}

void rig_sandbox_boot(struct rig_subject *subject, struct rig_end_report *report)
{
    struct record *record =
        mmap(NULL, RECORD_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

    if (record == MAP_FAILED) {
        say(report, RIG_END_NOT_RUN, "out of memory");
        return;
    }
    run(subject, record, report);
    munmap(record, RECORD_BYTES);
}
