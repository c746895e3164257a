/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Pieces of a failure's story that several reports tell alike. */
#include "report/story.h"

#include <string.h>

#include "report/text.h"

#define MAX_NOTES 20u /* of the run, shown at its end */

const char *rig_story_message(const struct rig_attempt *attempt)
{
    if (attempt->message && *attempt->message)
        return attempt->message;
    if (attempt->verdict == RIG_VERDICT_FAIL)
        return "the board did not do what the scenario says";
    return attempt->verdict == RIG_VERDICT_ERROR ? "the rig could not do its job" : "";
}

char *rig_story_place(const struct rig_attempt *attempt)
{
    g_autoptr(GString) place = NULL;

    if (!attempt->where_file)
        return NULL;
    place = g_string_new(attempt->where_file);
    if (attempt->where_line)
        g_string_append_printf(place, ":%u", attempt->where_line);
    if (attempt->where_line && attempt->where_column)
        g_string_append_printf(place, ":%u", attempt->where_column);
    if (attempt->where_text)
        g_string_append_printf(place, ": %s", attempt->where_text);
    return g_string_free(g_steal_pointer(&place), FALSE);
}

void rig_story_append_time(GString *out, gint64 at_us)
{
    gint64 bounded_us = MAX(at_us, 0);

    g_string_append_printf(out, "%5" G_GINT64_FORMAT ".%06d  ", bounded_us / 1000000,
                           (int)(bounded_us % 1000000));
}

guint rig_story_tail_start(const struct rig_attempt *attempt, enum rig_entry_kind kind, guint n_wanted)
{
    guint start = attempt->log->len;

    for (guint i = attempt->log->len; i > 0 && n_wanted > 0; i--) {
        const struct rig_entry *entry = g_ptr_array_index(attempt->log, i - 1);

        if (entry->kind == kind) {
            start = i - 1;
            n_wanted--;
        }
    }
    return start;
}

void rig_story_append_meaning(GString *out, const struct rig_entry *entry)
{
    if (entry->kind != RIG_ENTRY_PACKET || !entry->extra)
        return;
    g_string_append_printf(out, "%*s^ ", 14, "");
    rig_text_plain(out, entry->extra, true);
    g_string_append_c(out, '\n');
}

static void append_labelled(GString *out, const char *label, const char *text)
{
    if (text && *text)
        g_string_append_printf(out, "%s%s\n", label, text);
}

static void append_tail(GString *out, const struct rig_attempt *attempt, enum rig_entry_kind kind,
                        guint n_wanted, const char *noun)
{
    guint start = rig_story_tail_start(attempt, kind, n_wanted);

    if (start >= attempt->log->len)
        return;
    g_string_append_printf(out, "%s (last %u of %u):\n", noun, MIN(n_wanted, attempt->n_of[kind]),
                           attempt->n_of[kind]);
    for (guint i = start; i < attempt->log->len; i++) {
        const struct rig_entry *entry = g_ptr_array_index(attempt->log, i);

        if (entry->kind != kind)
            continue;
        rig_story_append_time(out, entry->at_us);
        rig_text_plain(out, entry->text, true);
        g_string_append_c(out, '\n');
        rig_story_append_meaning(out, entry);
    }
}

const char *rig_story_trailers_word(const struct rig_attempt *attempt)
{
    return attempt->trailers[0] && g_str_has_prefix(attempt->trailers[0], "settings page:") ? "settings"
                                                                                            : "trailers";
}

static void append_trailers(GString *out, const struct rig_attempt *attempt)
{
    if (attempt->trailers[0])
        g_string_append_printf(out, "%s:\n", rig_story_trailers_word(attempt));
    for (char **line = attempt->trailers; *line; line++)
        append_labelled(out, "  ", *line);
}

void rig_story_append(GString *out, const struct rig_attempt *attempt, guint n_console, guint n_link)
{
    g_autofree char *place = rig_story_place(attempt);

    g_string_append_printf(out, "%s\n", rig_story_message(attempt));
    append_labelled(out, "", place);
    append_labelled(out, "expected: ", attempt->expected);
    append_labelled(out, "seen:     ", attempt->seen);
    for (char **later = attempt->also; *later; later++)
        append_labelled(out, "also:     ", *later);
    append_labelled(out, "replay:   ", attempt->replay);
    append_trailers(out, attempt);
    append_tail(out, attempt, RIG_ENTRY_CONSOLE, n_console, "console");
    append_tail(out, attempt, RIG_ENTRY_LINK, n_link, "link");
    append_tail(out, attempt, RIG_ENTRY_PACKET, n_link, "packets");
}

static void add_notes(GPtrArray *remarks, const GPtrArray *notes)
{
    if (notes->len > MAX_NOTES)
        g_ptr_array_add(remarks,
                        g_strdup_printf("the first %u of %u notes of the run:", MAX_NOTES, notes->len));
    for (guint i = 0; i < notes->len && i < MAX_NOTES; i++) {
        const struct rig_entry *entry = g_ptr_array_index(notes, i);
        g_autoptr(GString) plain = g_string_new(NULL);

        if (entry->kind != RIG_ENTRY_NOTE)
            continue;
        rig_text_plain(plain, entry->text, true);
        g_ptr_array_add(remarks, g_strdup(plain->str));
    }
}

char **rig_story_remarks(const struct rig_results *results)
{
    g_autoptr(GPtrArray) remarks = g_ptr_array_new();
    struct rig_counts counts = rig_results_counts(results);

    if (results->interrupted)
        g_ptr_array_add(remarks, g_strdup("the run was interrupted"));
    if (results->killed && results->started)
        g_ptr_array_add(remarks,
                        g_strdup("the journal has no end: the run was killed, or is still going on"));
    if (counts.n_not_run)
        g_ptr_array_add(remarks,
                        g_strdup_printf("%u of %u cases were not run", counts.n_not_run, counts.n_cases));
    if (results->n_bad_lines)
        g_ptr_array_add(remarks,
                        g_strdup_printf("%u lines of the journal could not be read", results->n_bad_lines));
    if (results->n_missing_events)
        g_ptr_array_add(remarks, g_strdup_printf("%" G_GINT64_FORMAT
                                                 " events are missing in the journal: was the disk full?",
                                                 results->n_missing_events));
    add_notes(remarks, results->notes);
    g_ptr_array_add(remarks, NULL);
    return (char **)g_ptr_array_free(g_steal_pointer(&remarks), FALSE);
}

static gint64 duration_ms(const struct rig_results *results)
{
    gint64 sum_ms = 0;

    if (results->ended)
        return results->duration_ms;
    for (guint i = 0; i < results->cases->len; i++) {
        const struct rig_case_result *result = g_ptr_array_index(results->cases, i);

        for (guint k = 0; k < result->attempts->len; k++)
            sum_ms += MIN(((const struct rig_attempt *)g_ptr_array_index(result->attempts, k))->duration_ms,
                          G_MAXINT);
    }
    return sum_ms;
}

/* A run of a few milliseconds is no "0.0 s". */
static char *elapsed_text(gint64 ms)
{
    if (ms < 1000)
        return g_strdup_printf("%" G_GINT64_FORMAT " ms", ms);
    return g_strdup_printf("%" G_GINT64_FORMAT ".%d s", ms / 1000, (int)(ms % 1000 / 100));
}

char *rig_story_summary(const struct rig_results *results)
{
    struct rig_counts counts = rig_results_counts(results);
    g_autofree char *elapsed = elapsed_text(duration_ms(results));

    return g_strdup_printf("%u passed, %u failed, %u errors, %u skipped, %u flaky in %s", counts.n_passed,
                           counts.n_failed, counts.n_errors, counts.n_skipped, counts.n_flaky, elapsed);
}
