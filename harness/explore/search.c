/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A search, and the workers that record runs for it. They are forked for one batch: they know all that was
 * found before, and what a foreign bootloader does to them ends with them. */
#define _GNU_SOURCE
#include "explore/search.h"

#include "explore/result_buffer.h"
#include "explore/sandbox.h"

#include <errno.h>
#include <poll.h>
#include <sys/pidfd.h>
#include <sys/wait.h>
#include <unistd.h>

#define MAX_WORKERS 64u
/* Of work for each worker: with less, what it costs to tell it and to intern it twice is more. */
#define WORTH_A_FORK_US 30000
#define SESSION_TASKS 512u /* of a subject that may corrupt its process, between two looks at what it did */
#define LOOK_EVERY_MS 20

struct rig_worker_pool {
    struct rig_contents *contents;
    struct rig_recorder *recorder;
    struct rig_subject *subject;
    guint n_workers;
    bool (*stop)(void *user);
    void *user;
    double us_per_task; /* as measured in this process; 0 = not known yet */
    struct rig_worker_pool_figures figures;
    bool eager;
};

/* Freeing everything makes the allocator look at its blocks: it ends the process when they were corrupted. */
static bool is_intact(void *user)
{
    struct rig_worker_pool *pool = user;
    bool sound = rig_contents_are_sound(pool->contents);

    rig_recorder_free(pool->recorder);
    rig_contents_free(pool->contents);
    rig_subject_free(pool->subject);
    return sound;
}

static bool stop_subject(void *user)
{
    struct rig_worker_pool *pool = user;

    return pool->stop(pool->user);
}

/* Everything is borrowed. n_workers: processes that work at the same time, this one included; 0 = as many as
 * there are cores. stop(): true = give up; it is asked often. */
static struct rig_worker_pool *rig_worker_pool_new(struct rig_contents *contents,
                                                   struct rig_recorder *recorder, struct rig_subject *subject,
                                                   guint n_workers, bool (*stop)(void *user), void *user)
{
    struct rig_worker_pool *pool = g_new0(struct rig_worker_pool, 1);

    pool->contents = contents;
    pool->recorder = recorder;
    pool->subject = subject;
    pool->n_workers = CLAMP(n_workers > 0 ? n_workers : g_get_num_processors(), 1u, MAX_WORKERS);
    pool->stop = stop;
    pool->user = user;
    subject->stop = stop_subject;
    subject->intact = is_intact;
    subject->user = pool;
    return pool;
}

static void rig_worker_pool_free(struct rig_worker_pool *pool)
{
    if (!pool)
        return;
    pool->subject->stop = NULL;
    pool->subject->intact = NULL;
    pool->subject->user = NULL;
    g_free(pool->figures.trouble);
    g_free(pool);
}

const struct rig_worker_pool_figures *rig_worker_pool_figures(const struct rig_worker_pool *pool)
{
    return &pool->figures;
}

/* Workers are started whether it pays or not. */
static void rig_worker_pool_set_eager(struct rig_worker_pool *pool)
{
    pool->eager = true;
}

/* Tasks, and where their traces go. */
struct batch {
    const struct rig_task *tasks;
    struct rig_trace *const *traces;
    guint n;
};

static struct batch part(struct batch batch, guint from, guint n)
{
    return (struct batch){.tasks = batch.tasks + from, .traces = batch.traces + from, .n = n};
}

static void run_one(struct rig_worker_pool *pool, const struct rig_task *task, struct rig_trace *trace)
{
    if (!rig_record_known(pool->recorder, task, trace))
        rig_trace_record(pool->recorder, task, trace);
}

static void run_here(struct rig_worker_pool *pool, struct batch batch)
{
    gint64 before_us = g_get_monotonic_time();
    guint n_done = 0;

    for (; n_done < batch.n && !pool->stop(pool->user); n_done++)
        run_one(pool, &batch.tasks[n_done], batch.traces[n_done]);
    if (n_done > 0)
        pool->us_per_task = (double)(g_get_monotonic_time() - before_us) / n_done;
}

enum fate { FATE_RUNNING, FATE_SOUND, FATE_ENDED, FATE_STOPPED };

/* One worker and the batch of tasks that it was given. */
struct worker {
    struct batch batch;
    struct rig_result_buffer *buffer;
    pid_t pid;
    int pidfd;
    enum fate fate;
    int status; /* of waitpid() */
    guint n_seen;
    gint64 seen_us; /* when it last got further */
};

static G_GNUC_NORETURN void work(struct rig_worker_pool *pool, const struct worker *worker, pid_t parent)
{
    gsize n_before = rig_contents_bytes(pool->contents) + rig_recorder_bytes(pool->recorder);
    gsize n_after;
    bool room = true;

    rig_sandbox_enter(pool->subject->ops->boot_here != NULL, parent);
    rig_recorder_set_worker(pool->recorder);
    rig_result_buffer_begin(worker->buffer, pool->contents, pool->recorder);
    for (guint i = 0; i < worker->batch.n && room; i++) {
        struct rig_trace trace;

        run_one(pool, &worker->batch.tasks[i], &trace);
        room = rig_result_buffer_put(worker->buffer, pool->contents, pool->recorder, &trace);
    }
    n_after = rig_contents_bytes(pool->contents) + rig_recorder_bytes(pool->recorder);
    rig_result_buffer_seal(worker->buffer, n_after - n_before);
    if (pool->subject->ops->boot_here && !is_intact(pool))
        _exit(RIG_SANDBOX_CORRUPTED);
    _exit(room ? RIG_SANDBOX_DONE : RIG_SANDBOX_FULL);
}

static bool start(struct rig_worker_pool *pool, struct worker *worker)
{
    pid_t parent = getpid();

    worker->pidfd = -1;
    worker->fate = FATE_ENDED;
    worker->buffer = rig_result_buffer_new();
    if (!worker->buffer)
        return false;
    worker->pid = fork();
    if (worker->pid == 0)
        work(pool, worker, parent);
    if (worker->pid < 0)
        return false;
    pool->figures.n_forks++;
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
    rig_sandbox_kill(worker->pid, &worker->status);
    close_worker(worker, fate);
}

static enum fate fate_of(struct worker *worker)
{
    bool by_itself = WIFEXITED(worker->status);
    int status = by_itself ? WEXITSTATUS(worker->status) : 0;

    return by_itself && (status == RIG_SANDBOX_DONE || status == RIG_SANDBOX_FULL) &&
                   rig_result_buffer_open(worker->buffer)
               ? FATE_SOUND
               : FATE_ENDED;
}

static void look_at(const struct rig_worker_pool *pool, struct worker *worker)
{
    guint n_put = rig_result_buffer_n_put(worker->buffer);
    gint64 now_us = g_get_monotonic_time();

    if (rig_sandbox_ended(worker->pid, &worker->status)) {
        close_worker(worker, fate_of(worker));
    } else if (pool->stop(pool->user)) {
        kill_worker(worker, FATE_STOPPED);
    } else if (n_put != worker->n_seen) {
        worker->n_seen = n_put;
        worker->seen_us = now_us;
    } else if (pool->subject->max_boot_ms > 0 &&
               now_us - worker->seen_us > (gint64)pool->subject->max_boot_ms * 1000) {
        kill_worker(worker, FATE_ENDED);
    }
}

static void wait_for(const struct rig_worker_pool *pool, struct worker *workers, guint n_workers)
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
                look_at(pool, &workers[i]);
    }
}

static void free_workers(struct worker *workers, guint n_workers)
{
    for (guint i = 0; i < n_workers; i++)
        rig_result_buffer_free(workers[i].buffer);
    g_free(workers);
}

/* How many traces, from the first on, are taken. */
static guint take(struct rig_worker_pool *pool, struct worker *worker)
{
    guint n_done = 0;

    if (worker->fate != FATE_SOUND)
        return 0;
    while (n_done < worker->batch.n &&
           rig_result_buffer_take(worker->buffer, pool->contents, pool->recorder,
                                  &worker->batch.tasks[n_done], worker->batch.traces[n_done]))
        n_done++;
    if (n_done < worker->batch.n)
        worker->batch.traces[n_done]->end = RIG_TRACE_NONE;
    return n_done;
}

static void count_bytes(struct rig_worker_pool *pool, const struct worker *workers, guint n_workers)
{
    gsize n_bytes = 0;

    for (guint i = 0; i < n_workers; i++)
        if (workers[i].fate == FATE_SOUND)
            n_bytes += rig_result_buffer_bytes(workers[i].buffer);
    pool->figures.n_bytes = MAX(pool->figures.n_bytes, n_bytes);
}

static guint worth(const struct rig_worker_pool *pool, guint n_tasks)
{
    double n = pool->us_per_task * n_tasks / WORTH_A_FORK_US;

    if (pool->eager)
        return pool->n_workers;
    return n < 2 ? 1 : MIN(pool->n_workers, (guint)n);
}

/* A subject that can be trusted: this process takes the first part itself, and whatever a worker left
 * undone. */
static void run_shared(struct rig_worker_pool *pool, struct batch batch)
{
    guint n_parts = MIN(worth(pool, batch.n), batch.n);
    guint n_each = n_parts > 0 ? batch.n / n_parts : 0;
    guint n_first = batch.n - (n_parts > 0 ? n_parts - 1 : 0) * n_each;
    struct worker *workers;

    if (n_parts < 2) {
        run_here(pool, batch);
        return;
    }
    workers = g_new0(struct worker, n_parts - 1);
    for (guint i = 0; i + 1 < n_parts; i++) {
        workers[i].batch = part(batch, n_first + i * n_each, n_each);
        start(pool, &workers[i]);
    }
    run_here(pool, part(batch, 0, n_first));
    wait_for(pool, workers, n_parts - 1);
    count_bytes(pool, workers, n_parts - 1);
    for (guint i = 0; i + 1 < n_parts; i++) {
        guint n_taken = take(pool, &workers[i]);

        run_here(pool, part(workers[i].batch, n_taken, n_each - n_taken));
    }
    free_workers(workers, n_parts - 1);
}

/* Each run of this worker that is not there is done alone: which one was it? */
static void conclude(struct rig_worker_pool *pool, struct worker *worker)
{
    guint n_done = take(pool, worker);
    guint n_blamed = 0;

    for (guint i = n_done; i < worker->batch.n && !pool->stop(pool->user); i++) {
        struct rig_trace *trace = worker->batch.traces[i];

        rig_trace_record(pool->recorder, &worker->batch.tasks[i], trace);
        n_blamed += trace->end == RIG_END_CRASH || trace->end == RIG_END_LOOP;
        if (pool->stop(pool->user))
            trace->end = RIG_TRACE_NONE;
    }
    pool->figures.n_lost += n_blamed == 0 && worker->fate == FATE_ENDED;
}

static bool start_row(struct rig_worker_pool *pool, struct worker *workers, guint *n_workers)
{
    for (guint i = 0; i < *n_workers; i++)
        if (!start(pool, &workers[i])) {
            pool->figures.trouble =
                g_strdup_printf("no process can be started for the bootloader: %s; close other "
                                "programs, or take fewer workers",
                                g_strerror(errno));
            rig_result_buffer_free(g_steal_pointer(&workers[i].buffer));
            *n_workers = i;
            return false;
        }
    return true;
}

/* What is known by now is left out. Returns how many are left, in `left`. */
static guint leave_known_out(struct rig_worker_pool *pool, struct batch batch, struct rig_task *left,
                             struct rig_trace **traces)
{
    guint n_left = 0;

    for (guint i = 0; i < batch.n; i++)
        if (!rig_record_known(pool->recorder, &batch.tasks[i], batch.traces[i])) {
            batch.traces[i]->end = RIG_TRACE_NONE;
            left[n_left] = batch.tasks[i];
            traces[n_left++] = batch.traces[i];
        }
    return n_left;
}

/* A subject that may corrupt its process: workers side by side, each with some of the tasks; then the next.
 */
static void run_in_sandboxes(struct rig_worker_pool *pool, struct batch batch)
{
    guint n_session = CLAMP(batch.n / pool->n_workers, 1u, SESSION_TASKS);
    g_autofree struct rig_task *tasks = g_new(struct rig_task, batch.n);
    g_autofree struct rig_trace **traces = g_new(struct rig_trace *, batch.n);
    struct batch left = {.tasks = tasks, .traces = traces};

    left.n = leave_known_out(pool, batch, tasks, traces);
    while (left.n > 0 && !pool->figures.trouble && !pool->stop(pool->user)) {
        struct worker *workers = g_new0(struct worker, pool->n_workers);
        guint n_workers = 0, n_given = 0;

        for (; n_workers < pool->n_workers && n_given < left.n; n_workers++) {
            workers[n_workers].batch = part(left, n_given, MIN(n_session, left.n - n_given));
            n_given += workers[n_workers].batch.n;
        }
        start_row(pool, workers, &n_workers);
        wait_for(pool, workers, n_workers);
        count_bytes(pool, workers, n_workers);
        for (guint i = 0; i < n_workers; i++)
            conclude(pool, &workers[i]);
        free_workers(workers, pool->n_workers);
        left = part(left, n_given, left.n - n_given);
    }
}

static void look_for_trouble(struct rig_worker_pool *pool, struct batch batch)
{
    for (guint i = 0; i < batch.n && !pool->figures.trouble; i++)
        if (batch.traces[i]->end == RIG_END_NOT_RUN)
            pool->figures.trouble = g_strdup_printf("the bootloader could not be run: %s",
                                                    rig_recorder_text(pool->recorder, batch.traces[i]));
}

bool rig_worker_pool_run(struct rig_worker_pool *pool, const struct rig_task *tasks, guint n_tasks,
                         struct rig_trace *traces)
{
    g_autofree struct rig_trace **places = g_new(struct rig_trace *, n_tasks);
    struct batch batch = {.tasks = tasks, .traces = places, .n = n_tasks};

    for (guint i = 0; i < n_tasks; i++) {
        places[i] = &traces[i];
        traces[i].end = RIG_TRACE_NONE;
    }
    if (pool->subject->ops->boot_here)
        run_in_sandboxes(pool, batch);
    else
        run_shared(pool, batch);
    look_for_trouble(pool, batch);
    for (guint i = 0; i < n_tasks; i++)
        if (traces[i].end == RIG_TRACE_NONE)
            return false;
    return !pool->figures.trouble;
}

/* --- what a search knows: boots, actions, nodes, and how they are judged --- */

static bool must_stop(void *user)
{
    const struct search *search = user;
    const struct rig_explore_plan *plan = search->plan;

    return (plan->interrupted && *plan->interrupted) ||
           (plan->max_us > 0 && g_get_monotonic_time() - search->started_us > plan->max_us);
}

void search_init(struct search *search, const struct rig_explore_plan *plan)
{
    search->plan = plan;
    search->contents = rig_contents_new(plan->subject->flash);
    search->recorder =
        rig_recorder_new(search->contents, plan->subject, plan->images, plan->torn_write, plan->torn_erase);
    search->boots = g_array_new(FALSE, FALSE, sizeof(struct rig_trace));
    search->pool = rig_worker_pool_new(search->contents, search->recorder, plan->subject, plan->n_workers,
                                       must_stop, search);
    if (plan->eager)
        rig_worker_pool_set_eager(search->pool);
    if (plan->execute_all)
        rig_recorder_forget_known_runs(search->recorder);
    search->actions = g_hash_table_new(NULL, NULL);
    search->action_traces = g_array_new(FALSE, FALSE, sizeof(struct rig_trace));
    search->tasks = g_array_new(FALSE, FALSE, sizeof(struct rig_task));
    search->recorded = g_array_new(FALSE, FALSE, sizeof(struct rig_trace));
    search->seen = g_array_new(FALSE, TRUE, 2 * sizeof(guint64));
    search->walked = g_array_new(FALSE, TRUE, 2 * sizeof(guint64));
    search->nodes = g_array_new(FALSE, FALSE, sizeof(struct node));
    search->roots = g_array_new(FALSE, FALSE, sizeof(struct root));
    for (guint i = 0; i < 2; i++)
        search->levels[i] = g_array_new(FALSE, FALSE, sizeof(guint32));
    search->started_us = g_get_monotonic_time();
}

void search_clear(struct search *search)
{
    rig_worker_pool_free(search->pool);
    rig_recorder_free(search->recorder);
    rig_contents_free(search->contents);
    g_array_unref(search->boots);
    g_hash_table_unref(search->actions);
    g_array_unref(search->action_traces);
    g_array_unref(search->tasks);
    g_array_unref(search->recorded);
    g_array_unref(search->seen);
    g_array_unref(search->walked);
    g_array_unref(search->nodes);
    g_array_unref(search->roots);
    for (guint i = 0; i < 2; i++)
        g_array_unref(search->levels[i]);
}

struct rig_trace *search_action(struct search *search, guint32 content, enum rig_action action)
{
    gpointer key = GSIZE_TO_POINTER((gsize)content * RIG_N_ACTIONS + action + 1);
    guint index = GPOINTER_TO_UINT(g_hash_table_lookup(search->actions, key));

    if (index == 0) {
        struct rig_trace unknown = {.end = RIG_TRACE_NONE};

        g_array_append_val(search->action_traces, unknown);
        index = search->action_traces->len;
        g_hash_table_insert(search->actions, key, GUINT_TO_POINTER(index));
    }
    return &g_array_index(search->action_traces, struct rig_trace, index - 1);
}

const struct rig_trace *search_next_end(struct search *search, guint32 content, guint32 *last)
{
    const struct rig_trace *boot = search_boot(search, *last = content);

    for (guint n_left = search->plan->max_boots;
         boot->end < RIG_END_NOT_RUN && !rig_end_is_up(boot->end) && n_left > 1; n_left--)
        boot = search_boot(search, *last = boot->final);
    return boot;
}
