/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Results on a terminal: the status line, a line for each case, failures with their steps, the summary. */
#include "report/terminal.h"

#include "report/exploration.h"
#include "report/story.h"
#include "report/text.h"

#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

enum paint { PAINT_RED, PAINT_GREEN, PAINT_YELLOW, PAINT_DIM, PAINT_BOLD };

#define N_CONSOLE 12
#define N_LINK 8
#define MAX_SOURCE_BYTES (4 * 1024 * 1024)

static void paint_text(GString *out, bool colour, enum paint paint, const char *text)
{
    static const char *const codes[] = {"31;1", "32", "33", "2", "1"};

    if (colour)
        g_string_append_printf(out, "\033[%sm%s\033[0m", codes[paint], text);
    else
        g_string_append(out, text);
}

static void append_indented(GString *out, const char *text)
{
    g_autoptr(GString) plain = g_string_new(NULL);
    g_auto(GStrv) lines = NULL;

    rig_text_plain(plain, text, false);
    lines = g_strsplit(plain->str, "\n", -1);
    for (char **line = lines; *line; line++)
        if (**line)
            g_string_append_printf(out, "  %s\n", *line);
}

/* A journal may come from anywhere and name any file: only lines of scenario files are shown. NULL when there
 * is none. */
static char *source_line(const char *file, guint number)
{
    g_autofree char *text = NULL;
    g_auto(GStrv) lines = NULL;
    struct stat status;
    gsize n_bytes;

    if (!g_str_has_suffix(file, ".yaml") && !g_str_has_suffix(file, ".yml"))
        return NULL;
    if (stat(file, &status) != 0 || !S_ISREG(status.st_mode) || status.st_size > MAX_SOURCE_BYTES ||
        !g_file_get_contents(file, &text, &n_bytes, NULL) || !g_utf8_validate(text, (gssize)n_bytes, NULL))
        return NULL;
    lines = g_strsplit(text, "\n", (int)number + 1);
    return number >= 1 && g_strv_length(lines) >= number ? g_strdup(lines[number - 1]) : NULL;
}

static void append_place(GString *out, const struct rig_terminal_options *options,
                         const struct rig_attempt *attempt)
{
    g_autofree char *place = rig_story_place(attempt);
    g_autofree char *line = NULL;

    if (!place)
        return;
    g_string_append(out, "  at        ");
    rig_text_plain(out, place, true);
    g_string_append_c(out, '\n');
    if (options->read_sources && attempt->where_line < G_MAXINT / 2)
        line = source_line(attempt->where_file, attempt->where_line);
    if (!line)
        return;
    g_string_append_printf(out, "    %5u | ", attempt->where_line);
    rig_text_plain(out, line, true);
    if (attempt->where_column && attempt->where_column <= (guint)g_utf8_strlen(line, -1))
        g_string_append_printf(out, "\n          | %*s^", (int)attempt->where_column - 1, "");
    g_string_append_c(out, '\n');
}

static void append_labelled(GString *out, const struct rig_terminal_options *options, const char *label,
                            const char *text)
{
    g_autoptr(GString) plain = NULL;
    g_auto(GStrv) lines = NULL;

    if (!text || !*text)
        return;
    plain = g_string_new(NULL);
    rig_text_plain(plain, text, false);
    lines = g_strsplit(plain->str, "\n", -1);
    g_string_append(out, "  ");
    paint_text(out, options->colour, PAINT_BOLD, label);
    g_string_append_printf(out, "%*s", (int)(10 - strlen(label)), "");
    for (char **line = lines; *line; line++)
        g_string_append_printf(out, "%s%s\n", line == lines ? "" : "            ", *line);
}

static void append_tail(GString *out, const struct rig_terminal_options *options,
                        const struct rig_attempt *attempt, enum rig_entry_kind kind, guint n_wanted,
                        const char *noun)
{
    guint start = rig_story_tail_start(attempt, kind, n_wanted);
    g_autofree char *title = NULL;

    if (start >= attempt->log->len)
        return;
    title =
        g_strdup_printf("%s (last %u of %u)", noun, MIN(n_wanted, attempt->n_of[kind]), attempt->n_of[kind]);
    g_string_append(out, "  ");
    paint_text(out, options->colour, PAINT_BOLD, title);
    g_string_append_c(out, '\n');
    for (guint i = start; i < attempt->log->len; i++) {
        const struct rig_entry *entry = g_ptr_array_index(attempt->log, i);

        if (entry->kind != kind)
            continue;
        g_string_append(out, "  ");
        rig_story_append_time(out, entry->at_us);
        rig_text_plain(out, entry->text, true);
        g_string_append_c(out, '\n');
        if (entry->kind == RIG_ENTRY_PACKET && entry->extra)
            g_string_append(out, "  ");
        rig_story_append_meaning(out, entry);
    }
}

static void append_message(GString *out, const struct rig_terminal_options *options,
                           const struct rig_attempt *attempt)
{
    g_autoptr(GString) plain = g_string_new("  ");

    rig_text_plain(plain, rig_story_message(attempt), true);
    paint_text(out, options->colour, PAINT_BOLD, plain->str);
    g_string_append_c(out, '\n');
}

static void append_failure(GString *out, const struct rig_terminal_options *options,
                           const struct rig_attempt *attempt)
{
    append_message(out, options, attempt);
    append_place(out, options, attempt);
    append_labelled(out, options, "expected", attempt->expected);
    append_labelled(out, options, "seen", attempt->seen);
    for (char **later = attempt->also; *later; later++)
        append_labelled(out, options, "also", *later);
    for (char **line = attempt->trailers; *line; line++)
        append_labelled(out, options, *rig_story_trailers_word(attempt) == 's' ? "settings" : "trailer",
                        *line);
    for (char **file = attempt->evidence; *file; file++)
        append_labelled(out, options, "kept", *file);
    append_tail(out, options, attempt, RIG_ENTRY_CONSOLE, N_CONSOLE, "console");
    append_tail(out, options, attempt, RIG_ENTRY_LINK, N_LINK, "link");
    append_tail(out, options, attempt, RIG_ENTRY_PACKET, N_LINK, "packets");
    append_labelled(out, options, "replay", attempt->replay);
}

static void append_step(GString *out, const struct rig_terminal_options *options,
                        const struct rig_step_result *step)
{
    const char *word = step->elapsed_us < 0 ? "open" : rig_verdict_word(step->verdict);
    enum paint paint = step->verdict == RIG_VERDICT_PASS ? PAINT_GREEN : PAINT_RED;

    rig_story_append_time(out, step->start_us);
    paint_text(out, options->colour, paint, word);
    g_string_append_printf(out, "%*s", (int)(6 - strlen(word)), "");
    rig_text_plain(out, step->text ? step->text : step->verb ? step->verb : "?", true);
    g_string_append_c(out, '\n');
    for (guint i = 0; i < step->expectations->len; i++) {
        const struct rig_expectation *expectation = g_ptr_array_index(step->expectations, i);

        g_string_append_printf(out, "%21s%s ", "", expectation->ok ? "ok " : "NOT");
        rig_text_plain(out, expectation->what ? expectation->what : "", true);
        g_string_append(out, ": expected ");
        rig_text_plain(out, expectation->expected ? expectation->expected : "?", true);
        g_string_append(out, ", seen ");
        rig_text_plain(out, expectation->seen ? expectation->seen : "?", true);
        g_string_append_c(out, '\n');
    }
}

/* The account of a replayed path, of an upload, of a sweep: what steps found worth writing down. */
static void append_notes(GString *out, const struct rig_attempt *attempt)
{
    for (guint i = 0; i < attempt->log->len; i++) {
        const struct rig_entry *entry = g_ptr_array_index(attempt->log, i);

        if (entry->kind != RIG_ENTRY_NOTE)
            continue;
        g_string_append(out, "  note      ");
        rig_text_plain(out, entry->text, true);
        g_string_append_c(out, '\n');
    }
}

static void append_not_judged(GString *out, const struct rig_exploration_result *exploration)
{
    for (guint i = 0; i < exploration->judgements->len; i++) {
        const struct rig_judgement *judgement = g_ptr_array_index(exploration->judgements, i);
        g_autofree char *line = g_strdup_printf("%s: %s", judgement->name, judgement->text);

        if (judgement->verdict != RIG_VERDICT_SKIP)
            continue;
        g_string_append(out, "  note      invariant ");
        rig_text_plain(out, line, true);
        g_string_append_c(out, '\n');
    }
}

static void append_steps(GString *out, const struct rig_terminal_options *options,
                         const struct rig_attempt *attempt)
{
    for (guint i = 0; i < attempt->steps->len; i++)
        append_step(out, options, g_ptr_array_index(attempt->steps, i));
    if (attempt->n_steps > attempt->steps->len)
        g_string_append_printf(out, "  (%u more steps were not kept)\n",
                               attempt->n_steps - attempt->steps->len);
    append_notes(out, attempt);
    for (guint i = 0; i < attempt->explorations->len; i++)
        append_not_judged(out, g_ptr_array_index(attempt->explorations, i));
    for (guint i = 0; i < attempt->paths->len; i++)
        rig_path_append_text(out, g_ptr_array_index(attempt->paths, i), options->loudness == RIG_FULL, "  ");
}

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
    static const enum paint paints[] = {PAINT_DIM, PAINT_GREEN, PAINT_RED, PAINT_RED, PAINT_YELLOW};

    if (result->flaky)
        paint_text(out, colour, PAINT_YELLOW, "flaky");
    else
        paint_text(out, colour, paints[result->verdict], words[result->verdict]);
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
        append_failure(out, &terminal->options, attempt);
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
        append_steps(text, &terminal->options, rig_case_last_attempt(result));
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

        paint_text(text, terminal->options.colour, PAINT_RED, "ERROR");
        g_string_append_c(text, ' ');
        rig_text_plain(text, problem->file ? problem->file : "the run", true);
        g_string_append_c(text, '\n');
        append_indented(text, problem->text);
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

    if (event->kind == RIG_EVENT_LOAD_ERROR)
        tell_problems(terminal);
    if (event->case_index < 0 || event->case_index >= (gint64)terminal->results->cases->len)
        return;
    result = g_ptr_array_index(terminal->results->cases, event->case_index);
    if (event->kind == RIG_EVENT_CASE_END && result->final)
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
    paint_text(out, terminal->options.colour,
               code == 0   ? PAINT_GREEN
               : code == 4 ? PAINT_YELLOW
                           : PAINT_RED,
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
