/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Reading a journal file, settling what never ended, and counting. */
#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <fcntl.h>
#include <unistd.h>

#include "base/error.h"
#include "report/exploration.h"

const struct rig_step_result *rig_attempt_culprit(const struct rig_attempt *attempt)
{
    for (guint i = attempt->steps->len; attempt->where_step && i > 0; i--) {
        const struct rig_step_result *step = g_ptr_array_index(attempt->steps, i - 1);

        if (g_strcmp0(step->id, attempt->where_step) == 0)
            return step;
    }
    for (guint i = attempt->steps->len; i > 0; i--) {
        const struct rig_step_result *step = g_ptr_array_index(attempt->steps, i - 1);

        if (step->verdict == RIG_VERDICT_FAIL || step->verdict == RIG_VERDICT_ERROR)
            return step;
    }
    return NULL;
}

/* The place of a run that stopped in the middle: the innermost step that did not end. */
static void place_at_open_step(struct rig_attempt *attempt)
{
    for (guint i = attempt->steps->len; i > 0; i--) {
        const struct rig_step_result *step = g_ptr_array_index(attempt->steps, i - 1);

        if (step->elapsed_us >= 0)
            continue;
        attempt->where_step = g_strdup(step->id);
        attempt->where_file = g_strdup(step->file);
        attempt->where_text = g_strdup(step->text);
        attempt->where_line = step->line;
        attempt->where_column = step->column;
        return;
    }
}

static void settle_open_attempt(const struct rig_results *results, struct rig_case_result *result)
{
    struct rig_attempt *attempt = g_ptr_array_index(result->attempts, result->attempts->len - 1);
    const char *how = results->interrupted ? "interrupted" : results->ended ? "ended" : "killed";

    attempt->verdict = RIG_VERDICT_ERROR;
    attempt->message = g_strdup_printf("the run was %s here", how);
    place_at_open_step(attempt);
    rig_attempt_settle_explorations(attempt, attempt->message);
    result->final = true;
    rig_case_result_judge(result);
}

/* A run that was interrupted, or stopped at its first failure, leaves cases out and says so by its exit code.
 * Any other way of not being run is the rig's fault. */
static void settle_not_run(const struct rig_results *results, struct rig_case_result *result, bool any_bad)
{
    bool stopped = any_bad && results->n_missing_events == 0;

    result->not_run = true;
    result->verdict =
        results->interrupted || (results->ended && stopped) ? RIG_VERDICT_SKIP : RIG_VERDICT_ERROR;
    g_free(result->skip_reason);
    result->skip_reason = g_strdup(results->interrupted ? "not run: the run was interrupted"
                                   : !results->ended    ? "not run: the run was killed before it"
                                   : stopped            ? "not run: the run stopped before it"
                                             : "not run, or what came of it is missing in the journal");
}

static void settle_case(const struct rig_results *results, struct rig_case_result *result, bool any_bad)
{
    const struct rig_attempt *last = rig_case_last_attempt(result);

    if (last && !last->ended) {
        settle_open_attempt(results, result);
    } else if (!last) {
        settle_not_run(results, result, any_bad);
    } else if (last->skip_reason) {
        g_free(result->skip_reason);
        result->skip_reason = g_strdup(last->skip_reason);
    }
    result->final = true;
}

static bool is_bad(const struct rig_case_result *result)
{
    return result->verdict == RIG_VERDICT_FAIL || result->verdict == RIG_VERDICT_ERROR;
}

static void settle_cases(struct rig_results *results)
{
    bool any_bad = results->problems->len > 0;

    for (guint i = 0; i < results->cases->len && !any_bad; i++)
        any_bad = is_bad(g_ptr_array_index(results->cases, i));
    for (guint i = 0; i < results->cases->len; i++)
        settle_case(results, g_ptr_array_index(results->cases, i), any_bad);
}

static bool any_error(const struct rig_results *results)
{
    for (guint i = 0; i < results->cases->len; i++)
        if (((const struct rig_case_result *)g_ptr_array_index(results->cases, i))->verdict ==
            RIG_VERDICT_ERROR)
            return true;
    return results->problems->len > 0;
}

static void add_problem_about(struct rig_results *results, const char *format, gint64 n, gint64 of)
{
    g_autoptr(GString) text = g_string_new(NULL);

    g_string_append_printf(text, "%" G_GINT64_FORMAT, n);
    g_string_append_printf(text, " of %" G_GINT64_FORMAT " ", of);
    g_string_append(text, format);
    rig_results_conclude_problem(results, NULL, text->str);
}

/* Verdicts that the reports cannot place. */
static void tell_what_is_missing(struct rig_results *results)
{
    gint64 n_cases = results->cases->len;

    if (results->n_listed > n_cases)
        add_problem_about(results,
                          n_cases >= RIG_RESULTS_MAX_CASES
                              ? "cases are more than reports can hold: they are not in them"
                              : "cases are not listed in the journal: nothing is known of them",
                          results->n_listed - n_cases, results->n_listed);
    else if (results->n_unlisted_ends)
        add_problem_about(results, "ends of cases belong to no case that the journal lists",
                          results->n_unlisted_ends, results->n_unlisted_ends + n_cases);
    if (results->n_repeated)
        rig_results_conclude_problem(
            results, NULL,
            "the journal says the start of the run or the end of a case twice: it is "
            "not of one run, or was changed");
    if (results->n_problems_left_out)
        add_problem_about(results, "problems of the run are not told here", results->n_problems_left_out,
                          results->n_problems_left_out + results->problems->len);
}

void rig_results_finish(struct rig_results *results)
{
    if (results->to_settle)
        rig_results_settle_attempt(results, results->to_settle);
    results->to_settle = NULL;
    results->killed = !results->ended;
    settle_cases(results);
    if (results->started)
        tell_what_is_missing(results);
    if (results->started && results->ended && results->n_missing_events && !any_error(results))
        rig_results_conclude_problem(
            results, NULL, "events are missing in the journal: what they said is not in the reports");
    if (!results->started)
        rig_results_conclude_problem(results, NULL,
                                     "the journal does not say how the run started: nothing is known of it");
    else if (results->killed && !any_error(results))
        rig_results_conclude_problem(results, NULL, "the run was killed before its end");
    else if (results->cases->len == 0 && results->problems->len == 0) {
        results->nothing_selected = true;
        rig_results_conclude_problem(results, NULL, "no case was selected: nothing was run");
    }
}

struct rig_counts rig_results_counts(const struct rig_results *results)
{
    struct rig_counts counts = {.n_cases = results->cases->len,
                                .n_errors = results->problems->len + results->n_problems_left_out};

    for (guint i = 0; i < results->cases->len; i++) {
        const struct rig_case_result *result = g_ptr_array_index(results->cases, i);

        if (!result->final)
            continue;
        counts.n_passed += result->verdict == RIG_VERDICT_PASS;
        counts.n_failed += result->verdict == RIG_VERDICT_FAIL;
        counts.n_errors += result->verdict == RIG_VERDICT_ERROR;
        counts.n_unfinished += result->verdict == RIG_VERDICT_ERROR && rig_case_last_attempt(result) &&
                               rig_case_last_attempt(result)->unfinished;
        counts.n_skipped += result->verdict == RIG_VERDICT_SKIP;
        counts.n_flaky += result->flaky;
        counts.n_not_run += result->not_run;
    }
    return counts;
}

int rig_results_exit_code(const struct rig_results *results)
{
    struct rig_counts counts = rig_results_counts(results);

    if (results->interrupted)
        return 3;
    if (results->nothing_selected)
        return 4;
    if (counts.n_errors > counts.n_unfinished || (counts.n_errors && !counts.n_failed))
        return 2;
    if (counts.n_failed)
        return 1;
    return counts.n_passed ? 0 : 4;
}

/* A journal on its way through: the line that has begun, and whether it is too long to be one. */
struct reading {
    struct rig_results *results;
    void (*listener)(void *user, const struct rig_event *event);
    void *user;
    GString *line;
    bool too_long;
};

static void take_line(const struct reading *reading, const char *line, gsize n_bytes)
{
    g_autoptr(rig_event) event = NULL;

    if (reading->results->format != RIG_JOURNAL_FORMAT)
        return;
    if (n_bytes && line[n_bytes - 1] == '\r')
        n_bytes--;
    if (n_bytes == 0)
        return;
    event = rig_event_parse_json(line, n_bytes);
    if (!event) {
        reading->results->n_bad_lines++;
        return;
    }
    rig_results_take(reading->results, event);
    if (reading->listener)
        reading->listener(reading->user, event);
}

static void end_line(struct reading *reading)
{
    if (reading->too_long)
        reading->results->n_bad_lines++;
    else
        take_line(reading, reading->line->str, reading->line->len);
    g_string_truncate(reading->line, 0);
    reading->too_long = false;
}

static void read_on(struct reading *reading, const char *bytes, gsize n_bytes)
{
    while (n_bytes) {
        const char *newline = memchr(bytes, '\n', n_bytes);
        gsize n = newline ? (gsize)(newline - bytes) : n_bytes;

        if (reading->too_long || reading->line->len + n > RIG_EVENT_MAX_LINE_BYTES)
            reading->too_long = true;
        else
            g_string_append_len(reading->line, bytes, (gssize)n);
        if (!newline)
            return;
        end_line(reading);
        bytes += n + 1;
        n_bytes -= n + 1;
    }
}

/* Without its newline a line may be cut short and still look whole, so it never counts. */
static void end_reading(struct reading *reading)
{
    reading->results->last_line_cut = reading->line->len > 0 || reading->too_long;
    g_string_free(reading->line, TRUE);
    rig_results_finish(reading->results);
}

struct rig_results *rig_results_from_bytes(const void *bytes, gsize n_bytes)
{
    struct reading reading = {.results = rig_results_new(), .line = g_string_sized_new(1024)};

    read_on(&reading, bytes, n_bytes);
    end_reading(&reading);
    return reading.results;
}

static bool read_all(struct reading *reading, const char *path, int fd, GError **error)
{
    g_autofree char *block = g_malloc(65536);

    for (;;) {
        ssize_t n = read(fd, block, 65536);

        if (n == 0)
            return true;
        if (n > 0) {
            read_on(reading, block, (gsize)n);
        } else if (errno != EINTR) {
            g_set_error(error, RIG_ERROR, RIG_ERROR_IO, "cannot read the journal %s: %s", path,
                        g_strerror(errno));
            return false;
        }
    }
}

static bool check_file(const char *path, int fd, GError **error)
{
    struct stat status;

    if (fstat(fd, &status) != 0) {
        g_set_error(error, RIG_ERROR, RIG_ERROR_IO, "cannot read the journal %s: %s", path,
                    g_strerror(errno));
        return false;
    }
    if (S_ISREG(status.st_mode))
        return true;
    g_set_error(error, RIG_ERROR, RIG_ERROR_USAGE, "cannot read the journal %s: it is no regular file", path);
    return false;
}

static bool check_format(const struct rig_results *results, const char *path, GError **error)
{
    if (results->format == RIG_JOURNAL_FORMAT)
        return true;
    g_set_error(error, RIG_ERROR, RIG_ERROR_USAGE,
                "cannot read the journal %s: it is not of format %d, the only one that this version reads "
                "(%s wrote it)",
                path, RIG_JOURNAL_FORMAT, results->version ? results->version : "an unknown version");
    return false;
}

/* O_NONBLOCK: a named pipe must not hang us before it is refused. */
bool rig_results_read(struct rig_results *results, const char *path,
                      void (*listener)(void *user, const struct rig_event *event), void *user, GError **error)
{
    struct reading reading = {.results = results, .listener = listener, .user = user};
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    bool ok;

    if (fd < 0) {
        g_set_error(error, RIG_ERROR, RIG_ERROR_USAGE, "cannot read the journal %s: %s", path,
                    g_strerror(errno));
        return false;
    }
    reading.line = g_string_sized_new(1024);
    ok = check_file(path, fd, error) && read_all(&reading, path, fd, error) &&
         check_format(results, path, error);
    close(fd);
    end_reading(&reading);
    return ok;
}

struct rig_results *rig_results_from_journal(const char *path, GError **error)
{
    g_autoptr(rig_results) results = rig_results_new();

    return rig_results_read(results, path, NULL, NULL, error) ? g_steal_pointer(&results) : NULL;
}
