/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Explorations in the JUnit report: a testsuite for each, a testcase for each invariant. They stand beside
 * the case that explored, whose verdict is the one of the run; their time is in that case's. */
#include <string.h>

#include "report/junit_parts.h"

#define MAX_LIFE_CHARS 120

static struct junit_tally tally_of(const struct rig_exploration_result *exploration)
{
    struct junit_tally tally = {.n_tests = exploration->judgements->len};

    for (guint i = 0; i < exploration->judgements->len; i++) {
        const struct rig_judgement *judgement = g_ptr_array_index(exploration->judgements, i);

        tally.n_failures += judgement->verdict == RIG_VERDICT_FAIL;
        tally.n_errors += judgement->verdict == RIG_VERDICT_ERROR || judgement->verdict == RIG_VERDICT_NONE;
        tally.n_skipped += judgement->verdict == RIG_VERDICT_SKIP;
    }
    return tally;
}

void junit_count_explorations(const struct rig_case_result *result, struct junit_tally *tally)
{
    const struct rig_attempt *attempt = rig_case_last_attempt(result);

    for (guint i = 0; attempt && i < attempt->explorations->len; i++) {
        struct junit_tally more = tally_of(g_ptr_array_index(attempt->explorations, i));

        tally->n_tests += more.n_tests;
        tally->n_failures += more.n_failures;
        tally->n_errors += more.n_errors;
        tally->n_skipped += more.n_skipped;
    }
}

static void count_property(struct junit_document *out, const char *name, gint64 count)
{
    g_autofree char *digits = g_strdup_printf("%" G_GINT64_FORMAT, count);

    junit_property(out, name, digits);
}

static void result_properties(struct junit_document *out, const struct rig_exploration_result *exploration)
{
    g_autofree char *line = rig_exploration_line(exploration);

    junit_property(out, "explore.result", line);
    junit_property(out, "explore.life", exploration->life);
    junit_property(out, "explore.forms", exploration->forms);
    if (!exploration->counted)
        return;
    junit_property(out, "explore.closed", exploration->closed ? "yes" : "no");
    if (!exploration->closed)
        junit_property(out, "explore.why_open", exploration->why_open);
    count_property(out, "explore.contents", exploration->n_contents);
    count_property(out, "explore.nodes", exploration->n_nodes);
    count_property(out, "explore.cuts", exploration->n_cuts);
    count_property(out, "explore.torn_cuts", exploration->n_torn_cuts);
    count_property(out, "explore.boots", exploration->n_boots);
    count_property(out, "explore.longest_chain", exploration->longest);
    count_property(out, "explore.elapsed_us", exploration->elapsed_us);
    count_property(out, "explore.bytes", exploration->n_bytes);
}

/* The path that is told for this invariant, NULL when none is. */
static const struct rig_path *story_of(const struct rig_attempt *attempt,
                                       const struct rig_exploration_result *exploration,
                                       const struct rig_judgement *judgement)
{
    for (guint i = 0; i < attempt->paths->len; i++) {
        const struct rig_path *story = g_ptr_array_index(attempt->paths, i);

        if (g_strcmp0(story->step, exploration->step) != 0)
            continue;
        for (guint k = 0; k < story->broken->len; k++) {
            const struct rig_path_broken *broken = g_ptr_array_index(story->broken, k);

            if (g_str_equal(broken->invariant, judgement->name))
                return story;
        }
    }
    return NULL;
}

static void append_labelled(GString *text, const char *label, const char *value)
{
    if (value && *value)
        g_string_append_printf(text, "%s%s\n", label, value);
}

static void problem_element(struct junit_document *out, const struct rig_judgement *judgement,
                            const char *replay)
{
    bool failed = judgement->verdict == RIG_VERDICT_FAIL;
    const char *message = *judgement->text ? judgement->text : "nothing is known of it";
    g_autoptr(GString) text = g_string_new(NULL);

    append_labelled(text, "", message);
    append_labelled(text, "demanded: ", judgement->about);
    append_labelled(text, "path:     cuts=", judgement->path);
    append_labelled(text, "replay:   ", replay);
    xmlTextWriterStartElement(out->xml, BAD_CAST(failed ? "failure" : "error"));
    junit_attribute(out, "message", message, MAX_MESSAGE_BYTES);
    junit_attribute(out, "type", failed ? "board" : "rig", 16);
    junit_body(out, text->str, text->len);
    xmlTextWriterEndElement(out->xml);
}

static void skipped_element(struct junit_document *out, const struct rig_judgement *judgement)
{
    xmlTextWriterStartElement(out->xml, BAD_CAST "skipped");
    junit_attribute(out, "message", judgement->text, MAX_MESSAGE_BYTES);
    junit_body(out, judgement->text, strlen(judgement->text));
    xmlTextWriterEndElement(out->xml);
}

/* What it came to, and what happened on the path operation by operation. */
static void output_element(struct junit_document *out, const struct rig_judgement *judgement,
                           const struct rig_path *story)
{
    g_autoptr(GString) text = g_string_new(NULL);

    g_string_append_printf(text, "%s: %s\n", judgement->name, judgement->text);
    if (story) {
        rig_path_append_text(text, story, false, "");
        junit_append_picture(out, text, story);
        junit_append_attachments(text, out->options->attachments);
    }
    junit_element(out, "system-out", text->str);
}

static char *life_text(const struct rig_exploration_result *exploration)
{
    return g_utf8_substring(exploration->life, 0, MIN(g_utf8_strlen(exploration->life, -1), MAX_LIFE_CHARS));
}

static void invariant_case(struct junit_document *out, const struct rig_case_result *result,
                           const struct rig_exploration_result *exploration,
                           const struct rig_judgement *judgement)
{
    const struct rig_attempt *attempt = rig_case_last_attempt(result);
    const struct rig_path *story = story_of(attempt, exploration, judgement);
    g_autofree char *life = life_text(exploration);
    g_autofree char *name =
        g_strdup_printf("%s :: explore[life=%s]::%s", result->name, life, judgement->name);
    g_autofree char *replay =
        judgement->path ? rig_replay_with_cuts(attempt->replay, judgement->path) : g_strdup(attempt->replay);

    xmlTextWriterStartElement(out->xml, BAD_CAST "testcase");
    junit_identity(out, result->file, name);
    junit_time_attribute(out, 0);
    if (!out->options->strict) {
        junit_attribute(out, "file", result->file, MAX_MESSAGE_BYTES);
        if (result->line)
            junit_count_attribute(out, "line", result->line);
        if (replay && judgement->path) {
            xmlTextWriterStartElement(out->xml, BAD_CAST "properties");
            junit_property(out, "replay", replay);
            xmlTextWriterEndElement(out->xml);
        }
    }
    if (judgement->verdict == RIG_VERDICT_SKIP)
        skipped_element(out, judgement);
    else if (judgement->verdict != RIG_VERDICT_PASS)
        problem_element(out, judgement, replay);
    output_element(out, judgement, story);
    xmlTextWriterEndElement(out->xml);
}

static void exploration_suite(struct junit_document *out, const struct rig_case_result *result,
                              const struct rig_exploration_result *exploration)
{
    const struct rig_attempt *attempt = rig_case_last_attempt(result);
    g_autofree char *class = junit_class_of(result->file);
    g_autofree char *life = life_text(exploration);
    g_autofree char *name = g_strdup_printf("%s::%s::explore[life=%s]", class, result->name, life);

    xmlTextWriterStartElement(out->xml, BAD_CAST "testsuite");
    junit_attribute(out, "name", name, MAX_NAME_BYTES);
    junit_counters(out, tally_of(exploration), true);
    junit_timestamp_attribute(out, attempt->wall ? attempt->wall : out->results->wall);
    if (out->results->host)
        junit_attribute(out, "hostname", out->results->host, MAX_NAME_BYTES);
    xmlTextWriterStartElement(out->xml, BAD_CAST "properties");
    junit_run_properties(out);
    result_properties(out, exploration);
    xmlTextWriterEndElement(out->xml);
    for (guint i = 0; i < exploration->judgements->len; i++)
        invariant_case(out, result, exploration, g_ptr_array_index(exploration->judgements, i));
    xmlTextWriterEndElement(out->xml);
}

void junit_exploration_suites(struct junit_document *out, const struct rig_suite *suite)
{
    for (guint i = 0; i < suite->cases->len; i++) {
        const struct rig_case_result *result = g_ptr_array_index(suite->cases, i);
        const struct rig_attempt *attempt = rig_case_last_attempt(result);

        for (guint k = 0; attempt && k < attempt->explorations->len; k++) {
            const struct rig_exploration_result *exploration = g_ptr_array_index(attempt->explorations, k);

            if (exploration->judgements->len > 0)
                exploration_suite(out, result, exploration);
        }
    }
}
