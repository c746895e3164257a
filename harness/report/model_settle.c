/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Reading a journal file, settling what never ended, and counting. */
#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <fcntl.h>
#include <unistd.h>

#include "base/error.h"
#include "report/exploration.h"
#include "report/model_parts.h"

const struct rig_attempt *rig_case_last_attempt(const struct rig_case_result *result)
{
    return result->attempts->len ? g_ptr_array_index(result->attempts, result->attempts->len - 1) : NULL;
}

void rig_case_result_judge(struct rig_case_result *result)
{
    const struct rig_attempt *last = rig_case_last_attempt(result);

    result->flaky = false;
    result->verdict = last ? last->verdict : RIG_VERDICT_NONE;
    for (guint i = 0; last && last->verdict == RIG_VERDICT_PASS && i + 1 < result->attempts->len; i++) {
        const struct rig_attempt *earlier = g_ptr_array_index(result->attempts, i);

        result->flaky |= earlier->verdict == RIG_VERDICT_FAIL || earlier->verdict == RIG_VERDICT_ERROR;
    }
}

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

static void settle_case(const struct rig_results *results, struct rig_case_result *result)
{
    const struct rig_attempt *last = rig_case_last_attempt(result);

    if (last && !last->ended) {
        settle_open_attempt(results, result);
    } else if (!last) {
        result->verdict = RIG_VERDICT_SKIP;
        result->skip_reason = g_strdup(results->interrupted ? "not run: the run was interrupted"
                                       : results->ended     ? "not run: the run stopped before it"
                                                            : "not run: the run was killed before it");
    } else if (last->skip_reason) {
        g_free(result->skip_reason);
        result->skip_reason = g_strdup(last->skip_reason);
    }
    result->final = true;
}

static bool died_between_cases(const struct rig_results *results)
{
    bool any_skipped = false;

    if (results->ended || !results->started)
        return false;
    for (guint i = 0; i < results->cases->len; i++) {
        const struct rig_case_result *result = g_ptr_array_index(results->cases, i);
        const struct rig_attempt *last = rig_case_last_attempt(result);

        if (last && !last->ended)
            return false;
        any_skipped |= !last;
    }
    return any_skipped;
}

void rig_results_finish(struct rig_results *results)
{
    bool between = died_between_cases(results);

    results->killed = !results->ended;
    for (guint i = 0; i < results->cases->len; i++)
        settle_case(results, g_ptr_array_index(results->cases, i));
    if (!results->started)
        rig_results_add_problem(results, NULL,
                                "the journal does not say how the run started: nothing is known of it");
    else if (between)
        rig_results_add_problem(results, NULL,
                                "the run was killed between two cases: not all of them were run");
    else if (results->cases->len == 0 && results->problems->len == 0)
        rig_results_add_problem(results, NULL, "no case was selected: nothing was run");
}

struct rig_counts rig_results_counts(const struct rig_results *results)
{
    struct rig_counts counts = {.n_cases = results->cases->len, .n_errors = results->problems->len};

    for (guint i = 0; i < results->cases->len; i++) {
        const struct rig_case_result *result = g_ptr_array_index(results->cases, i);

        if (!result->final)
            continue;
        counts.n_passed += result->verdict == RIG_VERDICT_PASS;
        counts.n_failed += result->verdict == RIG_VERDICT_FAIL;
        counts.n_errors += result->verdict == RIG_VERDICT_ERROR;
        counts.n_skipped += result->verdict == RIG_VERDICT_SKIP;
        counts.n_flaky += result->flaky;
    }
    return counts;
}

int rig_results_exit_code(const struct rig_results *results)
{
    struct rig_counts counts = rig_results_counts(results);

    if (results->interrupted)
        return 3;
    if (results->started && results->ended && counts.n_cases == 0 && counts.n_errors <= 1 &&
        (results->problems->len == 0 ||
         !((const struct rig_problem *)g_ptr_array_index(results->problems, 0))->file))
        return 4;
    if (counts.n_errors)
        return 2;
    if (counts.n_failed)
        return 1;
    return counts.n_passed ? 0 : 4;
}

static void take_line(struct rig_results *results, const char *line, gsize n_bytes)
{
    g_autoptr(rig_event) event = NULL;

    if (n_bytes && line[n_bytes - 1] == '\r')
        n_bytes--;
    if (n_bytes == 0)
        return;
    event = rig_event_parse_json(line, n_bytes);
    if (event)
        rig_results_take(results, event);
    else
        results->n_bad_lines++;
}

/* A journal on its way through: the line that has begun, and whether it is too long to be one. */
struct reading {
    struct rig_results *results;
    GString *line;
    bool too_long;
};

static void end_line(struct reading *reading)
{
    if (reading->too_long)
        reading->results->n_bad_lines++;
    else
        take_line(reading->results, reading->line->str, reading->line->len);
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
static struct rig_results *end_reading(struct reading *reading)
{
    reading->results->last_line_cut = reading->line->len > 0 || reading->too_long;
    g_string_free(reading->line, TRUE);
    rig_results_finish(reading->results);
    return reading->results;
}

struct rig_results *rig_results_from_bytes(const void *bytes, gsize n_bytes)
{
    struct reading reading = {.results = rig_results_new(), .line = g_string_sized_new(1024)};

    read_on(&reading, bytes, n_bytes);
    return end_reading(&reading);
}

static struct rig_results *results_from_fd(const char *path, int fd, GError **error)
{
    struct reading reading = {.results = rig_results_new(), .line = g_string_sized_new(1024)};
    g_autofree char *block = g_malloc(65536);
    struct rig_results *results;

    for (;;) {
        ssize_t n = read(fd, block, 65536);

        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            g_set_error(error, RIG_ERROR, RIG_ERROR_IO, "cannot read the journal %s: %s", path,
                        g_strerror(errno));
        if (n > 0) {
            read_on(&reading, block, (gsize)n);
            continue;
        }
        results = end_reading(&reading);
        if (n == 0)
            return results;
        rig_results_free(results);
        return NULL;
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
    if (!S_ISREG(status.st_mode)) {
        g_set_error(error, RIG_ERROR, RIG_ERROR_USAGE, "cannot read the journal %s: it is no regular file",
                    path);
        return false;
    }
    if (status.st_size > RIG_RESULTS_MAX_JOURNAL_BYTES) {
        g_set_error(error, RIG_ERROR, RIG_ERROR_INPUT, "cannot read the journal %s: it is larger than %d MiB",
                    path, (int)(RIG_RESULTS_MAX_JOURNAL_BYTES / 1024 / 1024));
        return false;
    }
    return true;
}

/* O_NONBLOCK: a named pipe must not hang us before it is refused. */
struct rig_results *rig_results_from_journal(const char *path, GError **error)
{
    struct rig_results *results = NULL;
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);

    if (fd < 0) {
        g_set_error(error, RIG_ERROR, RIG_ERROR_USAGE, "cannot read the journal %s: %s", path,
                    g_strerror(errno));
        return NULL;
    }
    if (check_file(path, fd, error))
        results = results_from_fd(path, fd, error);
    close(fd);
    return results;
}
