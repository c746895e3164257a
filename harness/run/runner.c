/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The runner: cases, attempts, setup / steps / cleanup, what the journal says of them, what is kept of them
 * as evidence. */
#include "run/runner.h"

#include "base/error.h"
#include "capture/capture.h"
#include "plan/plan.h"
#include "report/output.h"
#include "run/replay_line.h"
#include "steps/stage.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define MAX_LIST_BYTES (256u * 1024u) /* of cases in one event */

/* --- logs of programs that work for a board (openocd): kept when a case did not pass, and their last lines
 * told when the rig was at fault --- */

#define KEPT_LOG_BYTES (1024u * 1024) /* of each log, its end */
#define KEPT_LOG_LINES 12             /* told in the report */

/* The end of a file, as text; NULL: there is none, or it is empty. */
static char *read_end(const char *path)
{
    FILE *file = fopen(path, "re");
    char *text = NULL;
    long size = -1;
    gsize n_read = 0;

    if (file && fseek(file, 0, SEEK_END) == 0)
        size = ftell(file);
    if (size > 0 && fseek(file, MAX(0, size - (long)KEPT_LOG_BYTES), SEEK_SET) == 0) {
        text = g_malloc(KEPT_LOG_BYTES + 1);
        n_read = fread(text, 1, KEPT_LOG_BYTES, file);
        text[n_read] = '\0';
    }
    if (file)
        fclose(file);
    if (n_read == 0)
        g_clear_pointer(&text, g_free);
    return text;
}

static const char *last_lines(const char *text, guint n_lines)
{
    const char *at = text + strlen(text);

    while (at > text && at[-1] == '\n')
        at--;
    while (at > text && (at[-1] != '\n' || --n_lines > 0))
        at--;
    return at;
}

static void tell_end(struct rig_run *run, const char *name, const char *text)
{
    g_autofree char *end = g_strchomp(g_strdup(last_lines(text, KEPT_LOG_LINES)));

    g_ptr_array_add(run->also, g_strdup_printf("%s ends with:\n%s", name, end));
}

static void keep(void *user, const char *name, const char *path)
{
    struct rig_run *run = user;
    g_autofree char *text = read_end(path);
    g_autofree char *copy = NULL;
    g_autoptr(GError) error = NULL;

    if (!text)
        return;
    copy = rig_evidence_file(run->evidence, name, &error);
    if (!copy || !rig_file_replace(copy, RIG_FILE_PUBLIC, text, strlen(text), &error))
        g_ptr_array_add(run->also, g_strdup_printf("%s could not be kept: %s", name, error->message));
    if (run->trouble.verdict == RIG_VERDICT_ERROR)
        tell_end(run, name, text);
}

/* Before the end of the case is told. A log that cannot be kept is told in the report; it changes no verdict.
 */
static void keep_logs(struct rig_run *run)
{
    if (rig_run_troubled(run) && run->trouble.verdict != RIG_VERDICT_SKIP && run->board->logs)
        run->board->logs->each(run->board, keep, run);
}

/* --- what went over the air: a capture for each attempt of a board that is reached through a Bluetooth
 * adapter of this host, kept with the evidence, with the steps as marks; and the last packets of an attempt
 * that did not pass as events --- */

#define LIVE_CAPTURE_FILE "air.btsnoop"
#define LIVE_CAPTURE_PACKETS 64 /* of an attempt that did not pass */

struct live_capture {
    struct rig_capture *capture; /* NULL: none runs */
    bool complained;
};

/* Steps, and what the rig did to the board meanwhile, become marks between the packets. */
static void on_event(void *user, const struct rig_event *event)
{
    struct live_capture *live = user;
    const char *text = rig_event_get_text(event, RIG_KEY_TEXT);
    const char *lead = NULL;
    g_autofree char *mark = NULL;

    if (!live->capture || !text)
        return;
    if (event->kind == RIG_EVENT_STEP_START)
        lead = rig_event_get_text(event, RIG_KEY_STEP);
    else if (event->kind == RIG_EVENT_POWER || event->kind == RIG_EVENT_FAULT ||
             event->kind == RIG_EVENT_LOSS)
        lead = event->word;
    if (!lead)
        return;
    mark = g_strdup_printf("%s: %s", lead, text);
    rig_capture_mark(live->capture, mark);
}

/* Listens to the journal, which must outlive it in so far as nothing is emitted after
 * live_capture_free(). */
static struct live_capture *live_capture_new(struct rig_journal *journal)
{
    struct live_capture *live = g_new0(struct live_capture, 1);

    rig_journal_listen(journal, on_event, live);
    return live;
}

static void live_capture_free(struct live_capture *live)
{
    g_free(live);
}

/* After the evidence of the attempt has begun. A capture that cannot be made (no right to, mostly) is a note,
 * once in a run; it changes no verdict. */
static void live_capture_begin(struct live_capture *live, struct rig_run *run)
{
    struct rig_link *link = run->board->link;
    struct rig_capture_options options = {0};
    g_autofree char *path = NULL;
    g_autoptr(GError) error = NULL;

    if (!link || !link->ops->adapter)
        return;
    options.adapter = link->ops->adapter(link);
    if (rig_capture_permitted(&error))
        path = rig_evidence_file(run->evidence, LIVE_CAPTURE_FILE, &error);
    if (path)
        live->capture = rig_capture_start(path, &options, &error);
    if (live->capture || live->complained)
        return;
    live->complained = true;
    rig_run_note(run, "%s", error->message);
}

/* The board's clock runs with the wall's where there is an adapter. */
static void emit_packet(struct rig_run *run, const struct rig_capture_said *said)
{
    gint64 ago_us = g_get_real_time() - said->unix_us;
    struct rig_event *event = rig_event_new(RIG_EVENT_PACKET);

    rig_event_text(event, RIG_KEY_TEXT, said->text);
    rig_event_text(event, RIG_KEY_MEANS, said->explanation);
    rig_journal_emit(run->journal, MAX((gint64)rig_run_now_us(run) - MAX(ago_us, 0), 0), event);
}

static void tell_last_packets(struct live_capture *live, struct rig_run *run)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(GPtrArray) last = NULL;
    guint64 n_said = 0;
    struct rig_event *note;

    last = rig_capture_tail(live->capture, LIVE_CAPTURE_PACKETS, &n_said, &error);
    if (!last) {
        rig_run_note(run, "the last packets cannot be told: %s", error->message);
        return;
    }
    if (n_said > last->len) {
        note = rig_event_new(RIG_EVENT_NOTE);
        rig_event_textf(note, RIG_KEY_TEXT, "%" G_GUINT64_FORMAT " packets before the last %u are in %s only",
                        n_said - last->len, last->len, rig_capture_path(live->capture));
        rig_event_count(note, RIG_KEY_LEFT_OUT_PACKETS, (gint64)(n_said - last->len));
        rig_run_emit(run, note);
    }
    for (guint i = 0; i < last->len; i++)
        emit_packet(run, g_ptr_array_index(last, i));
}

/* Before the end of the case is told. */
static void live_capture_end(struct live_capture *live, struct rig_run *run)
{
    struct rig_capture *capture = live->capture;
    struct rig_capture_written written;
    g_autoptr(GError) error = NULL;

    if (!capture)
        return;
    if (rig_run_troubled(run))
        tell_last_packets(live, run);
    live->capture = NULL;
    if (!rig_capture_stop(capture, &written, &error))
        rig_run_note(run, "%s", error->message);
    else if (written.n_dropped)
        rig_run_note(run,
                     "the capture lost %" G_GUINT64_FORMAT " packets: this host was too slow to write them",
                     written.n_dropped);
}

/* --- cases and attempts --- */

/* One case of the run: the same case comes several times with --repeat. */
struct play {
    const struct rig_run_plan *plan;
    const struct rig_case *the_case;
    guint index;  /* in the journal */
    guint repeat; /* from 0 */
    struct rig_image_store *images;
    struct live_capture *live;
};

/* What one attempt came to. */
struct attempt {
    guint number;
    bool final;
    guint64 seed;
    gint64 started_us; /* monotonic: the wall clock may jump */
    const struct rig_target *target;
    struct rig_board *board;
};

static guint64 mix(guint64 value)
{
    value += G_GUINT64_CONSTANT(0x9e3779b97f4a7c15);
    value = (value ^ (value >> 30)) * G_GUINT64_CONSTANT(0xbf58476d1ce4e5b9);
    value = (value ^ (value >> 27)) * G_GUINT64_CONSTANT(0x94d049bb133111eb);
    return value ^ (value >> 31);
}

/* FNV-1a over the case's name: the seed does not depend on which other cases run. */
static guint64 seed_of(const struct play *play, guint attempt)
{
    guint64 hash = G_GUINT64_CONSTANT(0xcbf29ce484222325);

    if (play->plan->has_case_seed)
        return play->plan->case_seed;
    for (const char *at = play->the_case->name; *at; at++)
        hash = (hash ^ (guint8)*at) * G_GUINT64_CONSTANT(0x100000001b3);
    return mix(mix(mix(play->plan->seed) ^ hash) + attempt + 1000u * play->repeat);
}

static void emit(const struct rig_run_plan *plan, gint64 at_us, struct rig_event *event)
{
    rig_journal_emit(plan->journal, at_us, event);
}

static char *name_of(const struct play *play)
{
    return play->repeat ? g_strdup_printf("%s#%u", play->the_case->name, play->repeat + 1)
                        : g_strdup(play->the_case->name);
}

/* Returns about how many bytes it takes in the journal. */
static gsize list_case(struct rig_event *event, const struct play *play)
{
    const struct rig_scenario *scenario = play->the_case->scenario;
    struct rig_event *entry = rig_event_append(event, RIG_KEY_CASES);
    g_autofree char *name = name_of(play);
    gsize n_bytes = 2 * (strlen(scenario->source->path) + strlen(name)) + strlen(scenario->name) + 100;

    rig_event_textf(entry, RIG_KEY_ID, "%s::%s", scenario->source->path, name);
    rig_event_text(entry, RIG_KEY_FILE, scenario->source->path);
    rig_event_count(entry, RIG_KEY_LINE, scenario->at.line);
    rig_event_text(entry, RIG_KEY_SCENARIO, scenario->name);
    rig_event_text(entry, RIG_KEY_NAME, name);
    rig_event_text(entry, RIG_KEY_ABOUT, scenario->about);
    rig_event_list(entry, RIG_KEY_TAGS, (const char *const *)scenario->tags);
    for (char **tag = scenario->tags; tag && *tag; tag++)
        n_bytes += strlen(*tag) + 3;
    return n_bytes + (scenario->about ? strlen(scenario->about) : 0);
}

static void describe_target(const struct rig_run_plan *plan, struct rig_event *event)
{
    const struct rig_target *target = NULL;
    GError *error = NULL;

    if (!rig_boards_get(plan->boards, NULL, &target, &error)) {
        g_clear_error(&error);
        return;
    }
    rig_event_text(event, RIG_KEY_TARGET, target->name);
    rig_event_text(event, RIG_KEY_TARGET_ABOUT, target->about);
}

/* "2026-11-21T08:15:30.123Z": the form of every `wall`. Owned by the caller. */
static char *journal_wall(gint64 unix_us)
{
    g_autoptr(GDateTime) second = g_date_time_new_from_unix_utc(unix_us / 1000000);
    g_autofree char *text =
        second ? g_date_time_format(second, "%Y-%m-%dT%H:%M:%S") : g_strdup("1970-01-01T00:00:00");

    return g_strdup_printf("%s.%03dZ", text, (int)(unix_us / 1000 % 1000));
}

static char *journal_wall_now(void)
{
    return journal_wall(g_get_real_time());
}

/* target: as asked for, of a run that has no boards. */
static struct rig_event *run_start(const struct rig_run_plan *plan, const char *target)
{
    struct rig_event *event = rig_event_new(RIG_EVENT_RUN_START);
    g_autofree char *wall = journal_wall_now();

    rig_event_count(event, RIG_KEY_FORMAT, RIG_JOURNAL_FORMAT);
    rig_event_text(event, RIG_KEY_VERSION, RIG_VERSION);
    rig_event_text(event, RIG_KEY_WALL, wall);
    rig_event_list(event, RIG_KEY_ARGV, plan->argv);
    if (plan->boards)
        describe_target(plan, event);
    else
        rig_event_text(event, RIG_KEY_TARGET, target);
    if (plan->selection)
        rig_event_textf(event, RIG_KEY_SEED, "%" G_GUINT64_FORMAT, plan->seed);
    rig_event_real(event, RIG_KEY_TIMEOUT_SCALE, plan->timeout_scale);
    rig_event_text(event, RIG_KEY_HOST, g_get_host_name());
    return event;
}

/* The cases of a large run go on in events of their own: one line of all of them would be longer than a
 * reader takes. */
static void emit_run_start(const struct rig_run_plan *plan, const GArray *plays)
{
    struct rig_event *event = run_start(plan, NULL);
    gsize n_bytes = 0;

    g_autofree char *repeats = g_strdup_printf("%u", plan->n_repeats);

    rig_event_property(rig_event_map(event, RIG_KEY_PROPERTIES), "repeats", repeats);
    rig_event_count(event, RIG_KEY_N_CASES, plays->len);
    for (guint i = 0; i < plays->len; i++) {
        if (n_bytes > MAX_LIST_BYTES) {
            emit(plan, 0, event);
            event = rig_event_new(RIG_EVENT_CASES);
            n_bytes = 0;
        }
        n_bytes += list_case(event, &g_array_index(plays, struct play, i));
    }
    emit(plan, 0, event);
}

static void emit_load_errors(const struct rig_run_plan *plan)
{
    for (guint i = 0; i < plan->selection->errors->len; i++) {
        const struct rig_load_error *error = g_ptr_array_index(plan->selection->errors, i);
        struct rig_event *event = rig_event_new(RIG_EVENT_LOAD_ERROR);

        rig_event_text(event, RIG_KEY_FILE, error->file);
        rig_event_text(event, RIG_KEY_TEXT, error->text);
        emit(plan, 0, event);
    }
}

static void emit_case_start(const struct play *play, const struct attempt *attempt)
{
    struct rig_event *event = rig_event_new(RIG_EVENT_CASE_START);
    g_autofree char *wall = journal_wall_now();

    rig_event_text(event, RIG_KEY_WALL, wall);
    rig_event_textf(event, RIG_KEY_SEED, "%" G_GUINT64_FORMAT, attempt->seed);
    rig_event_text(event, RIG_KEY_TARGET, attempt->target ? attempt->target->name : NULL);
    emit(play->plan, 0, event);
}

static void add_where(struct rig_event *event, const struct rig_trouble *trouble)
{
    struct rig_event *where;

    if (!trouble->step)
        return;
    where = rig_event_map(event, RIG_KEY_WHERE);
    rig_event_text(where, RIG_KEY_STEP, trouble->step_id);
    rig_event_text(where, RIG_KEY_FILE, trouble->step->source->path);
    rig_event_count(where, RIG_KEY_LINE, trouble->step->at.line);
    rig_event_count(where, RIG_KEY_COLUMN, trouble->step->at.column);
    rig_event_text(where, RIG_KEY_TEXT, trouble->step->text);
}

/* What is found out about an attempt when its steps are over. */
struct findings {
    guint64 at_us;
    char **trailers;
};

static void add_findings(struct rig_event *event, struct rig_run *run, const struct findings *findings)
{
    if (run->trouble.verdict == RIG_VERDICT_PASS)
        return;
    if (run->trouble.verdict == RIG_VERDICT_SKIP) {
        rig_event_text(event, RIG_KEY_SKIP_REASON, run->trouble.message);
        return;
    }
    rig_event_text(event, RIG_KEY_MESSAGE, run->trouble.message);
    if (run->trouble.unfinished)
        rig_event_flag(event, RIG_KEY_UNFINISHED, true);
    add_where(event, &run->trouble);
    rig_event_text(event, RIG_KEY_EXPECTED, run->trouble.expected);
    rig_event_text(event, RIG_KEY_SEEN, run->trouble.seen);
    rig_event_list(event, RIG_KEY_TRAILER_TEXTS, (const char *const *)findings->trailers);
    g_ptr_array_add(run->also, NULL);
    if (run->also->len > 1)
        rig_event_list(event, RIG_KEY_ALSO, (const char *const *)run->also->pdata);
}

static bool is_trouble(enum rig_verdict verdict)
{
    return verdict != RIG_VERDICT_PASS && verdict != RIG_VERDICT_SKIP;
}

/* Trailers first: a board that was made safe has no power. */
static void end_attempt(struct rig_run *run, struct findings *findings)
{
    GError *error = NULL;

    *findings = (struct findings){.at_us = rig_run_now_us(run)};
    findings->trailers = is_trouble(run->trouble.verdict) ? rig_run_trailers(run) : NULL;
    run->muted++; /* what follows is no part of the case */
    if (!run->board->ops->make_safe(run->board, &error)) {
        g_prefix_error(&error, "the board could not be left in its safe state: ");
        rig_run_error(run, error);
    }
    run->muted--;
    if (is_trouble(run->trouble.verdict))
        keep_logs(run);
}

static void emit_case_end(const struct play *play, const struct attempt *attempt, struct rig_run *run,
                          const struct findings *findings)
{
    struct rig_event *event = rig_event_new(RIG_EVENT_CASE_END);
    g_autofree char *wall = journal_wall_now();
    g_autofree char *replay = rig_replay_line(play->plan, run, attempt->target->given, attempt->seed);

    rig_event_text(event, RIG_KEY_VERDICT, rig_verdict_word(run->trouble.verdict));
    rig_event_text(event, RIG_KEY_WALL, wall);
    rig_event_count(event, RIG_KEY_ELAPSED_US, (gint64)findings->at_us);
    rig_event_count(event, RIG_KEY_DURATION_MS, (g_get_monotonic_time() - attempt->started_us) / 1000);
    rig_event_text(event, RIG_KEY_REPLAY, replay);
    rig_event_flag(event, RIG_KEY_FINAL, attempt->final);
    add_findings(event, run, findings);
    if (*rig_evidence_files(run->evidence))
        rig_event_list(event, RIG_KEY_EVIDENCE, rig_evidence_files(run->evidence));
    emit(play->plan, (gint64)findings->at_us, event);
}

static bool claims_hold(const struct play *play, struct rig_run *run)
{
    const GPtrArray *claims = play->plan->claims;

    for (guint i = 0; claims && i < claims->len; i++) {
        const struct rig_image_claim *claim = g_ptr_array_index(claims, i);
        const struct rig_built_image *image = rig_run_image(run, claim->name);
        GString *hex;
        bool same;

        if (!image)
            return false;
        hex = g_string_new(NULL);
        for (guint byte = 0; byte < sizeof image->sha; byte++)
            g_string_append_printf(hex, "%02x", image->sha[byte]);
        same = g_str_has_prefix(hex->str, claim->sha_prefix);
        g_string_free(hex, TRUE);
        if (!same) {
            rig_run_error_text(run,
                               "image '%s' is not the one of the failing run (SHA-256 %s...): the scenario "
                               "or its files have changed",
                               claim->name, claim->sha_prefix);
            return false;
        }
    }
    return true;
}

/* Cleanup always runs, also after an interrupt, and never hides the first problem. */
static void clean_up(struct rig_run *run)
{
    volatile int *interrupted = run->board->interrupted;
    struct rig_trouble first = run->trouble;

    run->board->interrupted = NULL;
    run->trouble = (struct rig_trouble){.verdict = RIG_VERDICT_PASS};
    rig_run_steps(run, run->the_case->cleanup, "cleanup");
    run->board->interrupted = interrupted;
    /* What cleanup says counts for a case that passed, and for one that was skipped half way: the board is
     * not as it should be. */
    if (first.verdict == RIG_VERDICT_PASS ||
        (first.verdict == RIG_VERDICT_SKIP && is_trouble(run->trouble.verdict))) {
        rig_trouble_clear(&first);
        return;
    }
    if (rig_run_troubled(run))
        g_ptr_array_add(run->also, g_strdup_printf("in cleanup: %s", run->trouble.message));
    rig_trouble_clear(&run->trouble);
    run->trouble = first;
}

/* A place or a path that no step of the case took up was not played. */
static void demand_only(struct rig_run *run)
{
    if (rig_run_troubled(run))
        return;
    if (run->only_cut && !run->cut_text)
        rig_run_error_text(run, "no sweep of this case was played: '--cut' has no effect on it");
    else if (run->only_path && !run->path_text)
        rig_run_error_text(run, "no exploration of this case was played: '--cuts' has no effect on it");
}

static void play_phases(const struct play *play, struct rig_run *run)
{
    if (claims_hold(play, run)) {
        run->in_setup = true;
        rig_run_steps(run, play->the_case->setup, "setup");
        run->in_setup = false;
        if (!rig_run_troubled(run))
            rig_run_steps(run, play->the_case->steps, "steps");
        demand_only(run);
    }
    clean_up(run);
}

/* Returns the verdict; *interrupted tells whether somebody asked to stop. */
static enum rig_verdict play_attempt(const struct play *play, struct attempt *attempt, guint n_retries,
                                     bool *interrupted)
{
    const struct rig_run_plan *plan = play->plan;
    g_autofree char *name = name_of(play);
    struct findings findings;
    enum rig_verdict verdict;
    struct rig_run run;

    attempt->started_us = g_get_monotonic_time();
    attempt->seed = seed_of(play, attempt->number);
    rig_journal_begin_case(plan->journal, play->index, attempt->number);
    emit_case_start(play, attempt);
    rig_run_init(&run, play->the_case, attempt->board, plan->journal, play->images, attempt->seed,
                 plan->timeout_scale);
    run.evidence = plan->evidence;
    rig_evidence_begin(plan->evidence, play->index, name, attempt->number);
    live_capture_begin(play->live, &run);
    run.only_cut = plan->has_only_cut ? &plan->only_cut : NULL;
    run.only_path = plan->only_path;
    run.n_workers = plan->n_workers;
    run.resume = plan->resume;
    play_phases(play, &run);
    *interrupted = run.trouble.interrupted;
    live_capture_end(play->live, &run);
    end_attempt(&run, &findings);
    verdict = run.trouble.verdict;
    attempt->final = !is_trouble(verdict) || *interrupted || attempt->number >= n_retries;
    emit_case_end(play, attempt, &run, &findings);
    rig_journal_end_case(plan->journal);
    g_strfreev(findings.trailers);
    rig_run_clear(&run);
    return verdict;
}

static void end_unplayed(const struct play *play, enum rig_verdict verdict, const char *message)
{
    struct attempt attempt = {0};
    struct rig_event *event = rig_event_new(RIG_EVENT_CASE_END);
    g_autofree char *wall = journal_wall_now();

    rig_journal_begin_case(play->plan->journal, play->index, 0);
    emit_case_start(play, &attempt);
    rig_event_text(event, RIG_KEY_VERDICT, rig_verdict_word(verdict));
    rig_event_text(event, RIG_KEY_WALL, wall);
    rig_event_count(event, RIG_KEY_ELAPSED_US, 0);
    rig_event_count(event, RIG_KEY_DURATION_MS, 0);
    rig_event_text(event, verdict == RIG_VERDICT_SKIP ? RIG_KEY_SKIP_REASON : RIG_KEY_MESSAGE, message);
    rig_event_flag(event, RIG_KEY_FINAL, true);
    emit(play->plan, 0, event);
    rig_journal_end_case(play->plan->journal);
}

static void emit_retry(const struct play *play, const struct attempt *attempt)
{
    struct rig_event *event = rig_event_new(RIG_EVENT_RETRY);

    rig_event_textf(event, RIG_KEY_TEXT, "attempt %u did not pass; another one follows", attempt->number + 1);
    rig_journal_begin_case(play->plan->journal, play->index, attempt->number);
    emit(play->plan, 0, event);
    rig_journal_end_case(play->plan->journal);
}

static enum rig_verdict play_attempts(const struct play *play, struct attempt *attempt, bool *interrupted)
{
    guint n_retries = play->plan->n_retries + play->the_case->scenario->retries;
    enum rig_verdict verdict = RIG_VERDICT_NONE;

    for (attempt->number = 0; attempt->number <= n_retries; attempt->number++) {
        verdict = play_attempt(play, attempt, n_retries, interrupted);
        if (attempt->final)
            break;
        emit_retry(play, attempt);
    }
    return verdict;
}

/* Returns false when the run must end. */
static bool play_case(const struct play *play, bool *interrupted)
{
    const struct rig_run_plan *plan = play->plan;
    struct attempt attempt = {0};
    g_autofree char *reason = NULL;
    GError *error = NULL;
    enum rig_verdict verdict;

    attempt.board =
        rig_boards_get(plan->boards, rig_boards_wanted(play->the_case->scenario), &attempt.target, &error);
    if (!attempt.board) {
        end_unplayed(play, RIG_VERDICT_ERROR, error->message);
        g_error_free(error);
        return !plan->fail_fast;
    }
    reason = rig_plan_skip_reason(play->the_case, attempt.board, attempt.target);
    if (reason) {
        end_unplayed(play, RIG_VERDICT_SKIP, reason);
        return true;
    }
    verdict = play_attempts(play, &attempt, interrupted);
    return !*interrupted && (!is_trouble(verdict) || !plan->fail_fast);
}

static void emit_run_end(const struct rig_run_plan *plan, gint64 started_us, bool interrupted)
{
    struct rig_event *event = rig_event_new(RIG_EVENT_RUN_END);
    g_autofree char *wall = journal_wall_now();

    rig_event_text(event, RIG_KEY_WALL, wall);
    rig_event_count(event, RIG_KEY_DURATION_MS, (g_get_monotonic_time() - started_us) / 1000);
    rig_event_flag(event, RIG_KEY_INTERRUPTED, interrupted);
    emit(plan, 0, event);
}

void rig_run_all(const struct rig_run_plan *plan)
{
    g_autoptr(GArray) plays = g_array_new(FALSE, TRUE, sizeof(struct play));
    struct rig_image_store *images = rig_image_store_new();
    struct live_capture *live = live_capture_new(plan->journal);
    gint64 started_us = g_get_monotonic_time();
    bool interrupted = false;
    bool go_on = true;

    for (guint repeat = 0; repeat < MAX(plan->n_repeats, 1); repeat++) {
        for (guint i = 0; i < plan->selection->cases->len; i++) {
            struct play play = {.plan = plan,
                                .the_case = g_ptr_array_index(plan->selection->cases, i),
                                .index = plays->len,
                                .repeat = repeat,
                                .images = images,
                                .live = live};

            g_array_append_val(plays, play);
        }
    }
    emit_run_start(plan, plays);
    emit_load_errors(plan);
    for (guint i = 0; go_on && i < plays->len; i++) {
        go_on = play_case(&g_array_index(plays, struct play, i), &interrupted);
        interrupted = interrupted || (plan->interrupted && *plan->interrupted);
        go_on = go_on && !interrupted;
    }
    emit_run_end(plan, started_us, interrupted);
    live_capture_free(live);
    rig_image_store_free(images);
}

void rig_run_refuse(const struct rig_run_plan *plan, const char *target, const char *why)
{
    struct rig_event *refusal = rig_event_new(RIG_EVENT_RUN_ERROR);

    emit(plan, 0, run_start(plan, target));
    rig_event_text(refusal, RIG_KEY_TEXT, why);
    emit(plan, 0, refusal);
    emit_run_end(plan, g_get_monotonic_time(), plan->interrupted && *plan->interrupted);
}
