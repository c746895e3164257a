/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Workers are forked for one batch: they know all that was found before, and what a foreign bootloader does
 * to them ends with them. */
#define _GNU_SOURCE
#include "explore/crew.h"

#include "explore/apart.h"
#include "explore/parcel.h"

#include <errno.h>
#include <poll.h>
#include <sys/pidfd.h>
#include <sys/wait.h>
#include <unistd.h>

#define MAX_WORKERS 64u
/* Of work for each worker: with less, what it costs to tell it and to intern it twice is more. */
#define WORTH_A_FORK_US 30000
#define SESSION_TASKS 512u /* of a subject that may spoil its process, between two looks at what it did */
#define LOOK_EVERY_MS 20

struct rig_crew {
    struct rig_contents *contents;
    struct rig_recorder *recorder;
    struct rig_subject *subject;
    guint n_workers;
    bool (*stop)(void *user);
    void *user;
    char *trouble;
    double us_per_task; /* as measured in this process; 0 = not known yet */
    gsize n_bytes;
    guint n_strays;
    guint n_forks;
    bool eager;
};

/* Freeing everything makes the allocator look at its blocks: it ends the process when they were spoilt. */
static bool is_unspoilt(void *user)
{
    struct rig_crew *crew = user;
    bool sound = rig_contents_are_sound(crew->contents);

    rig_recorder_free(crew->recorder);
    rig_contents_free(crew->contents);
    rig_subject_free(crew->subject);
    return sound;
}

static bool stop_subject(void *user)
{
    struct rig_crew *crew = user;

    return crew->stop(crew->user);
}

struct rig_crew *rig_crew_new(struct rig_contents *contents, struct rig_recorder *recorder,
                              struct rig_subject *subject, guint n_workers, bool (*stop)(void *user),
                              void *user)
{
    struct rig_crew *crew = g_new0(struct rig_crew, 1);

    crew->contents = contents;
    crew->recorder = recorder;
    crew->subject = subject;
    crew->n_workers = CLAMP(n_workers > 0 ? n_workers : g_get_num_processors(), 1u, MAX_WORKERS);
    crew->stop = stop;
    crew->user = user;
    subject->stop = stop_subject;
    subject->unspoilt = is_unspoilt;
    subject->user = crew;
    return crew;
}

void rig_crew_free(struct rig_crew *crew)
{
    if (!crew)
        return;
    crew->subject->stop = NULL;
    crew->subject->unspoilt = NULL;
    crew->subject->user = NULL;
    g_free(crew->trouble);
    g_free(crew);
}

const char *rig_crew_trouble(const struct rig_crew *crew)
{
    return crew->trouble;
}

guint rig_crew_n_strays(const struct rig_crew *crew)
{
    return crew->n_strays;
}

gsize rig_crew_bytes(const struct rig_crew *crew)
{
    return crew->n_bytes;
}

void rig_crew_set_eager(struct rig_crew *crew)
{
    crew->eager = true;
}

guint rig_crew_n_forks(const struct rig_crew *crew)
{
    return crew->n_forks;
}

/* Tasks, and where their traces go. */
struct row {
    const struct rig_task *tasks;
    struct rig_trace *const *traces;
    guint n;
};

static struct row part(struct row row, guint from, guint n)
{
    return (struct row){.tasks = row.tasks + from, .traces = row.traces + from, .n = n};
}

static void run_one(struct rig_crew *crew, const struct rig_task *task, struct rig_trace *trace)
{
    if (!rig_record_known(crew->recorder, task, trace))
        rig_trace_record(crew->recorder, task, trace);
}

static void run_here(struct rig_crew *crew, struct row row)
{
    gint64 before_us = g_get_monotonic_time();
    guint n_done = 0;

    for (; n_done < row.n && !crew->stop(crew->user); n_done++)
        run_one(crew, &row.tasks[n_done], row.traces[n_done]);
    if (n_done > 0)
        crew->us_per_task = (double)(g_get_monotonic_time() - before_us) / n_done;
}

enum fate { FATE_RUNNING, FATE_SOUND, FATE_ENDED, FATE_STOPPED };

/* One worker and the row of tasks that it was given. */
struct worker {
    struct row row;
    struct rig_parcel *parcel;
    pid_t pid;
    int pidfd;
    enum fate fate;
    int status; /* of waitpid() */
    guint n_seen;
    gint64 seen_us; /* when it last got further */
};

static G_GNUC_NORETURN void work(struct rig_crew *crew, const struct worker *worker, pid_t parent)
{
    gsize n_before = rig_contents_bytes(crew->contents) + rig_recorder_bytes(crew->recorder);
    gsize n_after;
    bool room = true;

    rig_apart_settle_in(crew->subject->ops->boot_here != NULL, parent);
    rig_recorder_set_worker(crew->recorder);
    rig_parcel_begin(worker->parcel, crew->contents, crew->recorder);
    for (guint i = 0; i < worker->row.n && room; i++) {
        struct rig_trace trace;

        run_one(crew, &worker->row.tasks[i], &trace);
        room = rig_parcel_put(worker->parcel, crew->contents, crew->recorder, &trace);
    }
    n_after = rig_contents_bytes(crew->contents) + rig_recorder_bytes(crew->recorder);
    rig_parcel_seal(worker->parcel, n_after - n_before);
    if (crew->subject->ops->boot_here && !is_unspoilt(crew))
        _exit(RIG_APART_SPOILT);
    _exit(room ? RIG_APART_DONE : RIG_APART_FULL);
}

static bool start(struct rig_crew *crew, struct worker *worker)
{
    pid_t parent = getpid();

    worker->pidfd = -1;
    worker->fate = FATE_ENDED;
    worker->parcel = rig_parcel_new();
    if (!worker->parcel)
        return false;
    worker->pid = fork();
    if (worker->pid == 0)
        work(crew, worker, parent);
    if (worker->pid < 0)
        return false;
    crew->n_forks++;
    worker->pidfd = pidfd_open(worker->pid, 0);
    worker->fate = FATE_RUNNING;
    worker->seen_us = g_get_monotonic_time();
    return true;
}

static void close_worker(struct worker *worker, enum fate fate)
{
    if (worker->pidfd >= 0)
        close(worker->pidfd);
    worker->fate = fate;
}

static void kill_worker(struct worker *worker, enum fate fate)
{
    rig_apart_kill(worker->pid, &worker->status);
    close_worker(worker, fate);
}

static enum fate fate_of(struct worker *worker)
{
    bool by_itself = WIFEXITED(worker->status);
    int status = by_itself ? WEXITSTATUS(worker->status) : 0;

    return by_itself && (status == RIG_APART_DONE || status == RIG_APART_FULL) &&
                   rig_parcel_open(worker->parcel)
               ? FATE_SOUND
               : FATE_ENDED;
}

static void look_at(const struct rig_crew *crew, struct worker *worker)
{
    guint n_put = rig_parcel_n_put(worker->parcel);
    gint64 now_us = g_get_monotonic_time();

    if (rig_apart_ended(worker->pid, &worker->status)) {
        close_worker(worker, fate_of(worker));
    } else if (crew->stop(crew->user)) {
        kill_worker(worker, FATE_STOPPED);
    } else if (n_put != worker->n_seen) {
        worker->n_seen = n_put;
        worker->seen_us = now_us;
    } else if (crew->subject->max_boot_ms > 0 &&
               now_us - worker->seen_us > (gint64)crew->subject->max_boot_ms * 1000) {
        kill_worker(worker, FATE_ENDED);
    }
}

static void wait_for(const struct rig_crew *crew, struct worker *workers, guint n_workers)
{
    for (;;) {
        struct pollfd waited[MAX_WORKERS];
        nfds_t n_waited = 0;

        for (guint i = 0; i < n_workers; i++)
            if (workers[i].fate == FATE_RUNNING)
                waited[n_waited++] = (struct pollfd){.fd = workers[i].pidfd, .events = POLLIN};
        if (n_waited == 0)
            return;
        poll(waited, n_waited, LOOK_EVERY_MS);
        for (guint i = 0; i < n_workers; i++)
            if (workers[i].fate == FATE_RUNNING)
                look_at(crew, &workers[i]);
    }
}

static void free_workers(struct worker *workers, guint n_workers)
{
    for (guint i = 0; i < n_workers; i++)
        rig_parcel_free(workers[i].parcel);
    g_free(workers);
}

/* How many traces, from the first on, are taken. */
static guint take(struct rig_crew *crew, struct worker *worker)
{
    guint n_done = 0;

    if (worker->fate != FATE_SOUND)
        return 0;
    while (n_done < worker->row.n && rig_parcel_take(worker->parcel, crew->contents, crew->recorder,
                                                     &worker->row.tasks[n_done], worker->row.traces[n_done]))
        n_done++;
    if (n_done < worker->row.n)
        worker->row.traces[n_done]->end = RIG_TRACE_NONE;
    return n_done;
}

static void count_bytes(struct rig_crew *crew, const struct worker *workers, guint n_workers)
{
    gsize n_bytes = 0;

    for (guint i = 0; i < n_workers; i++)
        if (workers[i].fate == FATE_SOUND)
            n_bytes += rig_parcel_bytes(workers[i].parcel);
    crew->n_bytes = MAX(crew->n_bytes, n_bytes);
}

static guint worth(const struct rig_crew *crew, guint n_tasks)
{
    double n = crew->us_per_task * n_tasks / WORTH_A_FORK_US;

    if (crew->eager)
        return crew->n_workers;
    return n < 2 ? 1 : MIN(crew->n_workers, (guint)n);
}

/* A subject that can be trusted: this process takes the first part itself, and whatever a worker left
 * undone. */
static void run_shared(struct rig_crew *crew, struct row row)
{
    guint n_parts = MIN(worth(crew, row.n), row.n);
    guint n_each = n_parts > 0 ? row.n / n_parts : 0;
    guint n_first = row.n - (n_parts > 0 ? n_parts - 1 : 0) * n_each;
    struct worker *workers;

    if (n_parts < 2) {
        run_here(crew, row);
        return;
    }
    workers = g_new0(struct worker, n_parts - 1);
    for (guint i = 0; i + 1 < n_parts; i++) {
        workers[i].row = part(row, n_first + i * n_each, n_each);
        start(crew, &workers[i]);
    }
    run_here(crew, part(row, 0, n_first));
    wait_for(crew, workers, n_parts - 1);
    count_bytes(crew, workers, n_parts - 1);
    for (guint i = 0; i + 1 < n_parts; i++) {
        guint n_taken = take(crew, &workers[i]);

        run_here(crew, part(workers[i].row, n_taken, n_each - n_taken));
    }
    free_workers(workers, n_parts - 1);
}

/* Each run of this worker that is not there is done alone: which one was it? */
static void conclude(struct rig_crew *crew, struct worker *worker)
{
    guint n_done = take(crew, worker);
    guint n_blamed = 0;

    for (guint i = n_done; i < worker->row.n && !crew->stop(crew->user); i++) {
        struct rig_trace *trace = worker->row.traces[i];

        rig_trace_record(crew->recorder, &worker->row.tasks[i], trace);
        n_blamed += trace->end == RIG_END_CRASH || trace->end == RIG_END_LOOP;
        if (crew->stop(crew->user))
            trace->end = RIG_TRACE_NONE;
    }
    crew->n_strays += n_blamed == 0 && worker->fate == FATE_ENDED;
}

static bool start_row(struct rig_crew *crew, struct worker *workers, guint *n_workers)
{
    for (guint i = 0; i < *n_workers; i++)
        if (!start(crew, &workers[i])) {
            crew->trouble = g_strdup_printf("no process can be started for the bootloader: %s; close other "
                                            "programs, or take fewer workers",
                                            g_strerror(errno));
            rig_parcel_free(g_steal_pointer(&workers[i].parcel));
            *n_workers = i;
            return false;
        }
    return true;
}

/* What is known by now is left out. Returns how many are left, in `left`. */
static guint leave_known_out(struct rig_crew *crew, struct row row, struct rig_task *left,
                             struct rig_trace **traces)
{
    guint n_left = 0;

    for (guint i = 0; i < row.n; i++)
        if (!rig_record_known(crew->recorder, &row.tasks[i], row.traces[i])) {
            row.traces[i]->end = RIG_TRACE_NONE;
            left[n_left] = row.tasks[i];
            traces[n_left++] = row.traces[i];
        }
    return n_left;
}

/* A subject that may spoil its process: workers side by side, each with some of the tasks; then the next. */
static void run_apart(struct rig_crew *crew, struct row row)
{
    guint n_session = CLAMP(row.n / crew->n_workers, 1u, SESSION_TASKS);
    g_autofree struct rig_task *tasks = g_new(struct rig_task, row.n);
    g_autofree struct rig_trace **traces = g_new(struct rig_trace *, row.n);
    struct row left = {.tasks = tasks, .traces = traces};

    left.n = leave_known_out(crew, row, tasks, traces);
    while (left.n > 0 && !crew->trouble && !crew->stop(crew->user)) {
        struct worker *workers = g_new0(struct worker, crew->n_workers);
        guint n_workers = 0, n_given = 0;

        for (; n_workers < crew->n_workers && n_given < left.n; n_workers++) {
            workers[n_workers].row = part(left, n_given, MIN(n_session, left.n - n_given));
            n_given += workers[n_workers].row.n;
        }
        start_row(crew, workers, &n_workers);
        wait_for(crew, workers, n_workers);
        count_bytes(crew, workers, n_workers);
        for (guint i = 0; i < n_workers; i++)
            conclude(crew, &workers[i]);
        free_workers(workers, crew->n_workers);
        left = part(left, n_given, left.n - n_given);
    }
}

static void look_for_trouble(struct rig_crew *crew, struct row row)
{
    for (guint i = 0; i < row.n && !crew->trouble; i++)
        if (row.traces[i]->end == RIG_END_NOT_RUN)
            crew->trouble = g_strdup_printf("the bootloader could not be run: %s",
                                            rig_recorder_text(crew->recorder, row.traces[i]));
}

bool rig_crew_run(struct rig_crew *crew, const struct rig_task *tasks, guint n_tasks,
                  struct rig_trace *traces)
{
    g_autofree struct rig_trace **places = g_new(struct rig_trace *, n_tasks);
    struct row row = {.tasks = tasks, .traces = places, .n = n_tasks};

    for (guint i = 0; i < n_tasks; i++) {
        places[i] = &traces[i];
        traces[i].end = RIG_TRACE_NONE;
    }
    if (crew->subject->ops->boot_here)
        run_apart(crew, row);
    else
        run_shared(crew, row);
    look_for_trouble(crew, row);
    for (guint i = 0; i < n_tasks; i++)
        if (traces[i].end == RIG_TRACE_NONE)
            return false;
    return !crew->trouble;
}
