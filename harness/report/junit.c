/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Results as JUnit XML, written with libxml2's writer. */
#include "report/junit.h"

#include <string.h>

#include "base/error.h"
#include "report/junit_parts.h"
#include "report/output.h"
#include "report/picture.h"
#include "report/story.h"
#include "report/text.h"

#define N_BODY_CONSOLE 60
#define N_BODY_LINK 40

static void append_log(GString *text, const struct rig_attempt *attempt)
{
    for (guint i = 0; i < attempt->log->len; i++) {
        const struct rig_entry *entry = g_ptr_array_index(attempt->log, i);

        rig_story_append_time(text, entry->at_us);
        g_string_append_printf(text, "%-10s ", rig_entry_word(entry->kind));
        rig_text_plain(text, entry->text, true);
        g_string_append_c(text, '\n');
    }
    if (attempt->n_left_out)
        g_string_append_printf(text, "(%u entries were not kept; the journal has them)\n",
                               attempt->n_left_out);
}

static bool is_bad(enum rig_verdict verdict)
{
    return verdict == RIG_VERDICT_FAIL || verdict == RIG_VERDICT_ERROR;
}

static void problem_element(struct junit_document *out, const char *kind, const struct rig_attempt *attempt)
{
    bool failed = attempt->verdict == RIG_VERDICT_FAIL;
    g_autofree char *name = *kind ? g_strconcat(kind, failed ? "Failure" : "Error", NULL) : NULL;
    g_autoptr(GString) story = g_string_new(NULL);

    rig_story_append(story, attempt, N_BODY_CONSOLE, N_BODY_LINK);
    xmlTextWriterStartElement(out->xml, BAD_CAST(name ? name : failed ? "failure" : "error"));
    junit_attribute(out, "message", rig_story_message(attempt), MAX_MESSAGE_BYTES);
    junit_attribute(out, "type", failed ? "board" : "rig", 16);
    if (*kind) {
        g_autoptr(GString) log = g_string_new(NULL);

        junit_element(out, "stackTrace", story->str);
        append_log(log, attempt);
        junit_element(out, "system-out", log->str);
    } else {
        junit_body(out, story->str, story->len);
    }
    xmlTextWriterEndElement(out->xml);
}

static void skipped_element(struct junit_document *out, const char *reason)
{
    xmlTextWriterStartElement(out->xml, BAD_CAST "skipped");
    junit_attribute(out, "message", reason, MAX_MESSAGE_BYTES);
    junit_body(out, reason, strlen(reason));
    xmlTextWriterEndElement(out->xml);
}

static void rig_error_element(struct junit_document *out, const char *text)
{
    xmlTextWriterStartElement(out->xml, BAD_CAST "error");
    junit_attribute(out, "message", text, MAX_MESSAGE_BYTES);
    junit_attribute(out, "type", "rig", 16);
    junit_body(out, text, strlen(text));
    xmlTextWriterEndElement(out->xml);
}

/* The failure itself is the first attempt's, as Surefire has it; the later ones are reruns. */
static void outcome_elements(struct junit_document *out, const struct rig_case_result *result)
{
    bool first_told = false;

    for (guint i = 0; i < result->attempts->len; i++) {
        const struct rig_attempt *attempt = g_ptr_array_index(result->attempts, i);

        if (!is_bad(attempt->verdict))
            continue;
        if (result->verdict == RIG_VERDICT_PASS || result->verdict == RIG_VERDICT_SKIP)
            problem_element(out, "flaky", attempt);
        else if (!first_told && attempt->verdict == result->verdict)
            problem_element(out, "", attempt);
        else
            problem_element(out, "rerun", attempt);
        first_told |= attempt->verdict == result->verdict;
    }
    if (result->verdict == RIG_VERDICT_SKIP)
        skipped_element(out, result->skip_reason ? result->skip_reason : "skipped");
    else if (result->not_run)
        rig_error_element(out, result->skip_reason);
}

static void output_element(struct junit_document *out, const struct rig_case_result *result)
{
    g_autoptr(GString) log = g_string_new(NULL);
    g_autoptr(GString) legal = g_string_new(NULL);
    g_autoptr(GString) text = g_string_new(NULL);
    const struct rig_attempt *last = rig_case_last_attempt(result);

    if (!last)
        return;
    g_string_append_printf(log, "target %s, seed %s\n",
                           out->results->target ? out->results->target : "unknown",
                           last->seed ? last->seed : "unknown");
    append_log(log, last);
    rig_text_xml(legal, log->str);
    rig_text_bounded(text, legal->str, legal->len, RIG_JUNIT_MAX_CASE_BYTES);
    log->len = 0;
    for (guint i = 0; i < last->paths->len; i++)
        junit_append_picture(out, log, g_ptr_array_index(last->paths, i));
    junit_append_attachments(log, (const char *const *)last->evidence);
    if (is_bad(result->verdict) || result->flaky)
        junit_append_attachments(log, out->options->attachments);
    rig_text_xml(text, log->len ? log->str : "");
    xmlTextWriterStartElement(out->xml, BAD_CAST "system-out");
    xmlTextWriterWriteString(out->xml, BAD_CAST text->str);
    xmlTextWriterEndElement(out->xml);
}

static gint64 case_time_ms(const struct rig_case_result *result)
{
    gint64 sum_ms = 0;

    for (guint i = 0; i < result->attempts->len; i++)
        sum_ms +=
            MIN(((const struct rig_attempt *)g_ptr_array_index(result->attempts, i))->duration_ms, G_MAXINT);
    return sum_ms;
}

static void case_properties(struct junit_document *out, const struct rig_case_result *result)
{
    const struct rig_attempt *last = rig_case_last_attempt(result);
    g_autofree char *tags = g_strjoinv(" ", result->tags);

    if (!*tags && !(last && (last->seed || last->replay)))
        return;
    xmlTextWriterStartElement(out->xml, BAD_CAST "properties");
    if (*tags)
        junit_property(out, "tags", tags);
    if (last) {
        junit_property(out, "seed", last->seed);
        junit_property(out, "replay", last->replay);
    }
    xmlTextWriterEndElement(out->xml);
}

static void case_element(struct junit_document *out, const struct rig_case_result *result)
{
    xmlTextWriterStartElement(out->xml, BAD_CAST "testcase");
    junit_identity(out, result->file, result->name);
    junit_time_attribute(out, case_time_ms(result));
    if (!out->options->strict) {
        junit_attribute(out, "file", result->file, MAX_MESSAGE_BYTES);
        if (result->line)
            junit_count_attribute(out, "line", result->line);
        case_properties(out, result);
    }
    outcome_elements(out, result);
    output_element(out, result);
    xmlTextWriterEndElement(out->xml);
}

static struct junit_tally tally_of(const GPtrArray *cases)
{
    struct junit_tally tally = {.n_tests = cases->len};

    for (guint i = 0; i < cases->len; i++) {
        const struct rig_case_result *result = g_ptr_array_index(cases, i);

        tally.n_failures += result->verdict == RIG_VERDICT_FAIL;
        tally.n_errors += result->verdict == RIG_VERDICT_ERROR;
        tally.n_skipped += result->verdict == RIG_VERDICT_SKIP;
        tally.time_ms += case_time_ms(result);
    }
    return tally;
}

static const char *start_of(const struct rig_suite *suite)
{
    for (guint i = 0; i < suite->cases->len; i++) {
        const struct rig_case_result *result = g_ptr_array_index(suite->cases, i);

        if (result->attempts->len)
            return ((const struct rig_attempt *)g_ptr_array_index(result->attempts, 0))->wall;
    }
    return NULL;
}

static void suite_element(struct junit_document *out, const struct rig_suite *suite)
{
    g_autofree char *class = junit_class_of(suite->file);
    const char *wall = start_of(suite);

    xmlTextWriterStartElement(out->xml, BAD_CAST "testsuite");
    junit_attribute(out, "name", class, MAX_NAME_BYTES);
    junit_counters(out, tally_of(suite->cases), true);
    junit_timestamp_attribute(out, wall ? wall : out->results->wall);
    if (out->results->host)
        junit_attribute(out, "hostname", out->results->host, MAX_NAME_BYTES);
    xmlTextWriterStartElement(out->xml, BAD_CAST "properties");
    junit_run_properties(out);
    xmlTextWriterEndElement(out->xml);
    for (guint i = 0; i < suite->cases->len; i++)
        case_element(out, g_ptr_array_index(suite->cases, i));
    xmlTextWriterEndElement(out->xml);
}

static void problem_case(struct junit_document *out, const struct rig_problem *problem)
{
    xmlTextWriterStartElement(out->xml, BAD_CAST "testcase");
    junit_identity(out, problem->file ? problem->file : "bootrig.run",
                   problem->file ? "the file loads" : "the run is complete");
    junit_time_attribute(out, 0);
    if (problem->file && !out->options->strict)
        junit_attribute(out, "file", problem->file, MAX_MESSAGE_BYTES);
    rig_error_element(out, problem->text);
    xmlTextWriterEndElement(out->xml);
}

/* What is wrong with the run itself must be a case, or no consumer shows it. */
static void problem_suite(struct junit_document *out)
{
    const GPtrArray *problems = out->results->problems;
    struct junit_tally tally = {.n_tests = problems->len, .n_errors = problems->len};

    if (problems->len == 0)
        return;
    xmlTextWriterStartElement(out->xml, BAD_CAST "testsuite");
    junit_attribute(out, "name", "bootrig.run", MAX_NAME_BYTES);
    junit_counters(out, tally, true);
    junit_timestamp_attribute(out, out->results->wall);
    xmlTextWriterStartElement(out->xml, BAD_CAST "properties");
    junit_run_properties(out);
    xmlTextWriterEndElement(out->xml);
    for (guint i = 0; i < problems->len; i++)
        problem_case(out, g_ptr_array_index(problems, i));
    xmlTextWriterEndElement(out->xml);
}

static void write_document(struct junit_document *out)
{
    struct junit_tally tally = tally_of(out->results->cases);

    for (guint i = 0; i < out->results->cases->len; i++)
        junit_count_explorations(g_ptr_array_index(out->results->cases, i), &tally);
    tally.n_tests += out->results->problems->len;
    tally.n_errors += out->results->problems->len;
    xmlTextWriterSetIndent(out->xml, 1);
    xmlTextWriterStartDocument(out->xml, NULL, "UTF-8", NULL);
    xmlTextWriterStartElement(out->xml, BAD_CAST "testsuites");
    junit_attribute(out, "name", "bootrig", MAX_NAME_BYTES);
    junit_counters(out, tally, !out->options->strict);
    if (!out->options->strict)
        junit_timestamp_attribute(out, out->results->wall);
    problem_suite(out);
    for (guint i = 0; i < out->results->suites->len; i++) {
        suite_element(out, g_ptr_array_index(out->results->suites, i));
        junit_exploration_suites(out, g_ptr_array_index(out->results->suites, i));
    }
    xmlTextWriterEndElement(out->xml);
    xmlTextWriterEndDocument(out->xml);
}

bool rig_junit_write(FILE *out, const void *report, GError **error)
{
    const struct rig_junit_report *wanted = report;
    struct junit_document document = {.options = &wanted->options, .results = wanted->results};
    xmlOutputBufferPtr buffer = xmlOutputBufferCreateFile(out, NULL);

    document.xml = buffer ? xmlNewTextWriter(buffer) : NULL;
    if (!document.xml) {
        if (buffer)
            xmlOutputBufferClose(buffer);
        g_set_error_literal(error, RIG_ERROR, RIG_ERROR_IO,
                            "cannot make the JUnit report: no memory for the XML writer");
        return false;
    }
    document.n_named = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    document.pictures = rig_pictures_of(wanted->results);
    write_document(&document);
    g_ptr_array_unref(document.pictures);
    g_hash_table_unref(document.n_named);
    xmlFreeTextWriter(document.xml);
    return true;
}

char *rig_junit_text(const struct rig_results *results, const struct rig_junit_options *options,
                     gsize *n_bytes, GError **error)
{
    struct rig_junit_report report = {.results = results, .options = *options};

    return rig_output_text(rig_junit_write, &report, n_bytes, error);
}
