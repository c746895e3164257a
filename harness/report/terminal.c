/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Results on a terminal: the status line, a line per case, the summary. What a failure looks like is in
 * terminal_failure.c. */
#include "report/terminal.h"

#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "report/exploration.h"
#include "report/story.h"
#include "report/terminal_failure.h"
#include "report/text.h"

struct rig_terminal {
    FILE *out;
    struct rig_terminal_options options;
    const struct rig_results *results;
    GByteArray *told; /* per case: 1 when its line is out */
    guint n_problems_told;
    bool status_shown;
    gint64 drawn_us; /* monotonic */
};

#define STATUS_PERIOD_US 50000 /* a status line that is drawn more often costs more than the run */

static bool is_set(const char *name)
{
    const char *value = g_getenv(name);

    return value && *value;
}

static bool is_on(const char *name)
{
    return is_set(name) && strcmp(g_getenv(name), "0") != 0;
}

static guint width_of(int fd)
{
    struct winsize size = {0};
    guint64 columns = 0;

    if (ioctl(fd, TIOCGWINSZ, &size) == 0 && size.ws_col > 0)
        return size.ws_col;
    if (is_set("COLUMNS") && g_ascii_string_to_unsigned(g_getenv("COLUMNS"), 10, 20, 1000, &columns, NULL))
        return (guint)columns;
    return 80;
}

struct rig_terminal_options rig_terminal_options_for(int fd, enum rig_loudness loudness)
{
    bool smart = isatty(fd) && g_strcmp0(g_getenv("TERM"), "dumb") != 0;
    bool forced = is_on("CLICOLOR_FORCE") || is_on("FORCE_COLOR");
    struct rig_terminal_options options = {.loudness = loudness, .read_sources = true};

    options.status_line = smart;
    options.colour = (smart || forced) && !is_set("NO_COLOR");
    options.width = smart ? width_of(fd) : 0;
    return options;
}

struct rig_terminal *rig_terminal_new(FILE *out, const struct rig_terminal_options *options,
                                      const struct rig_results *results)
{
    struct rig_terminal *terminal = g_new0(struct rig_terminal, 1);

    terminal->out = out;
    terminal->options = *options;
    terminal->results = results;
    terminal->told = g_byte_array_new();
    return terminal;
}

void rig_terminal_free(struct rig_terminal *terminal)
{
    if (!terminal)
        return;
    g_byte_array_unref(terminal->told);
    g_free(terminal);
}

static void put(struct rig_terminal *terminal, const GString *text)
{
    rig_terminal_hide(terminal);
    fwrite(text->str, 1, text->len, terminal->out);
    fflush(terminal->out);
}

void rig_terminal_hide(struct rig_terminal *terminal)
{
    if (!terminal->status_shown)
        return;
    fputs("\r\033[K", terminal->out);
    fflush(terminal->out);
    terminal->status_shown = false;
}

static void append_word(GString *out, bool colour, const struct rig_case_result *result)
{
    static const char *const words[] = {"none ", "pass ", "FAIL ", "ERROR", "skip "};
    static const enum rig_paint paints[] = {RIG_PAINT_DIM, RIG_PAINT_GREEN, RIG_PAINT_RED, RIG_PAINT_RED,
                                            RIG_PAINT_YELLOW};

    if (result->flaky)
        rig_paint(out, colour, RIG_PAINT_YELLOW, "flaky");
    else
        rig_paint(out, colour, paints[result->verdict], words[result->verdict]);
}

static gint64 case_ms(const struct rig_case_result *result)
{
    gint64 ms = 0;

    for (guint i = 0; i < result->attempts->len; i++)
        ms +=
            MIN(((const struct rig_attempt *)g_ptr_array_index(result->attempts, i))->duration_ms, G_MAXINT);
    return ms;
}

static void append_case_line(GString *out, const struct rig_terminal *terminal,
                             const struct rig_case_result *result)
{
    gint64 ms = case_ms(result);

    append_word(out, terminal->options.colour, result);
    g_string_append_c(out, ' ');
    rig_text_plain(out, result->id, true);
    if (result->verdict == RIG_VERDICT_SKIP || result->not_run) {
        g_string_append(out, "  (");
        rig_text_plain(out, result->skip_reason ? result->skip_reason : "no reason given", true);
        g_string_append_c(out, ')');
    } else {
        g_string_append_printf(out, "  %" G_GINT64_FORMAT ".%03d s", ms / 1000, (int)(ms % 1000));
    }
    if (result->flaky)
        g_string_append_printf(out, "  (passed in attempt %u)", result->attempts->len);
    g_string_append_c(out, '\n');
}

static void append_explorations(GString *out, const struct rig_case_result *result)
{
    const struct rig_attempt *attempt = rig_case_last_attempt(result);

    for (guint i = 0; attempt && i < attempt->explorations->len; i++) {
        const struct rig_exploration_result *exploration = g_ptr_array_index(attempt->explorations, i);
        g_autofree char *line = rig_exploration_line(exploration);
        g_autofree char *whole = g_strdup_printf("%s: %s", exploration->life, line);

        g_string_append(out, "  explored  ");
        rig_text_plain(out, whole, true);
        g_string_append_c(out, '\n');
    }
}

static void append_bad_attempts(GString *out, const struct rig_terminal *terminal,
                                const struct rig_case_result *result)
{
    for (guint i = 0; i < result->attempts->len; i++) {
        const struct rig_attempt *attempt = g_ptr_array_index(result->attempts, i);

        if (attempt->verdict != RIG_VERDICT_FAIL && attempt->verdict != RIG_VERDICT_ERROR)
            continue;
        if (result->attempts->len > 1)
            g_string_append_printf(out, "  attempt %u of %u:\n", i + 1, result->attempts->len);
        rig_terminal_append_failure(out, &terminal->options, attempt);
    }
}

static void tell_case(struct rig_terminal *terminal, const struct rig_case_result *result)
{
    g_autoptr(GString) text = g_string_new(NULL);
    bool bad = result->verdict == RIG_VERDICT_FAIL || result->verdict == RIG_VERDICT_ERROR || result->flaky;

    if (terminal->told->len < terminal->results->cases->len) {
        guint n_old = terminal->told->len;

        g_byte_array_set_size(terminal->told, terminal->results->cases->len);
        memset(terminal->told->data + n_old, 0, terminal->told->len - n_old);
    }
    if (terminal->told->data[result->index])
        return;
    terminal->told->data[result->index] = 1;
    if (terminal->options.loudness != RIG_QUIET || (bad && !result->not_run)) {
        append_case_line(text, terminal, result);
        append_explorations(text, result);
    }
    if (terminal->options.loudness >= RIG_VERBOSE && rig_case_last_attempt(result))
        rig_terminal_append_steps(text, &terminal->options, rig_case_last_attempt(result));
    if (bad)
        append_bad_attempts(text, terminal, result);
    if (text->len)
        put(terminal, text);
}

static void tell_problems(struct rig_terminal *terminal)
{
    g_autoptr(GString) text = g_string_new(NULL);

    for (; terminal->n_problems_told < terminal->results->problems->len; terminal->n_problems_told++) {
        const struct rig_problem *problem =
            g_ptr_array_index(terminal->results->problems, terminal->n_problems_told);

        rig_paint(text, terminal->options.colour, RIG_PAINT_RED, "ERROR");
        g_string_append_c(text, ' ');
        rig_text_plain(text, problem->file ? problem->file : "the run", true);
        g_string_append_c(text, '\n');
        rig_terminal_append_indented(text, problem->text);
    }
    if (text->len)
        put(terminal, text);
}

/* Cuts at a character so that the line never wraps: a wrapped one cannot be taken away again. */
static void cut_to_width(GString *line, guint width)
{
    const char *at = line->str;
    guint columns = 0;

    while (*at && columns + 1 < width) {
        gunichar c = g_utf8_get_char(at);

        columns += g_unichar_iswide(c) ? 2 : g_unichar_iszerowidth(c) ? 0 : 1;
        at = g_utf8_next_char(at);
    }
    g_string_truncate(line, (gsize)(at - line->str));
}

static void draw_status(struct rig_terminal *terminal, const struct rig_case_result *result)
{
    g_autoptr(GString) line = g_string_new(NULL);
    struct rig_counts counts;
    gint64 now_us = g_get_monotonic_time();

    if (!terminal->options.status_line || now_us - terminal->drawn_us < STATUS_PERIOD_US)
        return;
    counts = rig_results_counts(terminal->results);
    g_string_append_printf(line, "[%u/%u] %u passed, %u failed, %u errors, %u skipped  ", result->index + 1,
                           counts.n_cases, counts.n_passed, counts.n_failed, counts.n_errors,
                           counts.n_skipped);
    rig_text_plain(line, result->name, true);
    cut_to_width(line, terminal->options.width ? terminal->options.width : 80);
    fprintf(terminal->out, "\r%s\033[K", line->str);
    fflush(terminal->out);
    terminal->drawn_us = now_us;
    terminal->status_shown = true;
}

void rig_terminal_take(void *user, const struct rig_event *event)
{
    struct rig_terminal *terminal = user;
    const struct rig_case_result *result;

    if (strcmp(event->kind, "load-error") == 0)
        tell_problems(terminal);
    if (event->case_index < 0 || event->case_index >= (gint64)terminal->results->cases->len)
        return;
    result = g_ptr_array_index(terminal->results->cases, event->case_index);
    if (strcmp(event->kind, "case-end") == 0 && result->final)
        tell_case(terminal, result);
    else if (!result->final)
        draw_status(terminal, result);
}

static void append_bad_names(GString *out, const struct rig_terminal *terminal)
{
    for (guint i = 0; i < terminal->results->cases->len; i++) {
        const struct rig_case_result *result = g_ptr_array_index(terminal->results->cases, i);

        if ((result->verdict != RIG_VERDICT_FAIL && result->verdict != RIG_VERDICT_ERROR) || result->not_run)
            continue;
        g_string_append(out, "  ");
        append_word(out, terminal->options.colour, result);
        g_string_append_c(out, ' ');
        rig_text_plain(out, result->id, true);
        g_string_append_c(out, '\n');
    }
}

static void append_summary(GString *out, const struct rig_terminal *terminal)
{
    g_autofree char *summary = rig_story_summary(terminal->results);
    g_auto(GStrv) remarks = rig_story_remarks(terminal->results);
    int code = rig_results_exit_code(terminal->results);

    g_string_append_c(out, '\n');
    append_bad_names(out, terminal);
    for (char **remark = remarks; *remark; remark++)
        g_string_append_printf(out, "note: %s\n", *remark);
    rig_paint(out, terminal->options.colour,
              code == 0   ? RIG_PAINT_GREEN
              : code == 4 ? RIG_PAINT_YELLOW
                          : RIG_PAINT_RED,
              summary);
    g_string_append_c(out, '\n');
}

void rig_terminal_finish(struct rig_terminal *terminal, const char *const *report_paths)
{
    g_autoptr(GString) text = g_string_new(NULL);

    for (guint i = 0; i < terminal->results->cases->len; i++)
        tell_case(terminal, g_ptr_array_index(terminal->results->cases, i));
    tell_problems(terminal);
    append_summary(text, terminal);
    for (; report_paths && *report_paths; report_paths++)
        g_string_append_printf(text, "  %s\n", *report_paths);
    put(terminal, text);
}

void rig_terminal_report(FILE *out, const struct rig_terminal_options *options,
                         const struct rig_results *results)
{
    struct rig_terminal *terminal = rig_terminal_new(out, options, results);

    tell_problems(terminal);
    rig_terminal_finish(terminal, NULL);
    rig_terminal_free(terminal);
}
