/* SPDX-License-Identifier: GPL-3.0-or-later */
/* How a failure and its steps look on a terminal. */
#include "report/terminal_failure.h"

#include <string.h>
#include <sys/stat.h>

#include "report/exploration.h"
#include "report/story.h"
#include "report/text.h"

#define N_CONSOLE 12
#define N_LINK 8
#define MAX_SOURCE_BYTES (4 * 1024 * 1024)

void rig_paint(GString *out, bool colour, enum rig_paint paint, const char *text)
{
    static const char *const codes[] = {"31;1", "32", "33", "2", "1"};

    if (colour)
        g_string_append_printf(out, "\033[%sm%s\033[0m", codes[paint], text);
    else
        g_string_append(out, text);
}

void rig_terminal_append_indented(GString *out, const char *text)
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
    rig_paint(out, options->colour, RIG_PAINT_BOLD, label);
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
    rig_paint(out, options->colour, RIG_PAINT_BOLD, title);
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
    rig_paint(out, options->colour, RIG_PAINT_BOLD, plain->str);
    g_string_append_c(out, '\n');
}

void rig_terminal_append_failure(GString *out, const struct rig_terminal_options *options,
                                 const struct rig_attempt *attempt)
{
    append_message(out, options, attempt);
    append_place(out, options, attempt);
    append_labelled(out, options, "expected", attempt->expected);
    append_labelled(out, options, "seen", attempt->seen);
    for (char **later = attempt->also; *later; later++)
        append_labelled(out, options, "also", *later);
    for (char **line = attempt->trailers; *line; line++)
        append_labelled(out, options, "trailer", *line);
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
    enum rig_paint paint = step->verdict == RIG_VERDICT_PASS ? RIG_PAINT_GREEN : RIG_PAINT_RED;

    rig_story_append_time(out, step->start_us);
    rig_paint(out, options->colour, paint, word);
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

void rig_terminal_append_steps(GString *out, const struct rig_terminal_options *options,
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
