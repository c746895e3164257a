/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Results as JUnit XML, written with libxml2's writer. */
#include "report/junit.h"

#include <libxml/xmlwriter.h>
#include <string.h>

#include "base/error.h"
#include "report/exploration.h"
#include "report/output.h"
#include "report/picture.h"
#include "report/story.h"
#include "report/text.h"

#define MAX_LIFE_CHARS 120
#define N_BODY_CONSOLE 60
#define N_BODY_LINK 40
#define MAX_NAME_BYTES 480 /* Azure refuses full names over 512 */
#define MAX_MESSAGE_BYTES 4096

struct document {
    xmlTextWriterPtr xml;
    const struct rig_junit_options *options;
    const struct rig_results *results;
    GPtrArray *pictures; /* see report/picture.h */
    GHashTable *n_named; /* "class::name" -> how many cases have it: a consumer drops the second of a name */
};

struct tally {
    guint n_tests;
    guint n_failures;
    guint n_errors;
    guint n_skipped;
    gint64 time_ms;
};

static void attribute(struct document *out, const char *name, const char *text, gsize max_bytes)
{
    g_autoptr(GString) bounded = g_string_new(NULL);
    g_autoptr(GString) legal = g_string_new(NULL);

    rig_text_bounded(bounded, text, strlen(text), max_bytes);
    rig_text_xml(legal, bounded->str);
    xmlTextWriterWriteAttribute(out->xml, BAD_CAST name, BAD_CAST legal->str);
}

static void count_attribute(struct document *out, const char *name, guint count)
{
    char digits[16];

    g_snprintf(digits, sizeof digits, "%u", count);
    xmlTextWriterWriteAttribute(out->xml, BAD_CAST name, BAD_CAST digits);
}

static void time_attribute(struct document *out, gint64 ms)
{
    char seconds[32];

    g_snprintf(seconds, sizeof seconds, "%" G_GINT64_FORMAT ".%03d", ms / 1000, (int)(ms % 1000));
    xmlTextWriterWriteAttribute(out->xml, BAD_CAST "time", BAD_CAST seconds);
}

/* Only what is really a time: "YYYY-MM-DDThh:mm:ss" and what may follow becomes "...Z" without fractions. */
static void timestamp_attribute(struct document *out, const char *wall)
{
    static const char form[] = "dddd-dd-ddTdd:dd:dd";
    g_autofree char *text = NULL;
    g_autoptr(GDateTime) time = NULL;

    for (gsize i = 0; i < sizeof form - 1; i++)
        if (!wall || (form[i] == 'd' ? !g_ascii_isdigit(wall[i]) : wall[i] != form[i]))
            return;
    text = g_strdup_printf("%.19sZ", wall);
    time = g_date_time_new_from_iso8601(text, NULL);
    if (time)
        xmlTextWriterWriteAttribute(out->xml, BAD_CAST "timestamp", BAD_CAST text);
}

static void body(struct document *out, const char *text, gsize n_bytes)
{
    g_autoptr(GString) legal = g_string_sized_new(n_bytes);
    g_autoptr(GString) bounded = g_string_sized_new(MIN(n_bytes, RIG_JUNIT_MAX_CASE_BYTES) + 64);

    rig_text_xml(legal, text);
    rig_text_bounded(bounded, legal->str, legal->len, RIG_JUNIT_MAX_CASE_BYTES);
    xmlTextWriterWriteString(out->xml, BAD_CAST bounded->str);
}

static void element(struct document *out, const char *name, const char *text)
{
    xmlTextWriterStartElement(out->xml, BAD_CAST name);
    body(out, text, strlen(text));
    xmlTextWriterEndElement(out->xml);
}

static bool is_attachable(const char *path)
{
    return *path && !strpbrk(path, "|\r\n") && !strstr(path, "]]");
}

/* Last, each on its own line: the readers trim the middle of a long output. */
static void append_attachments(GString *text, const char *const *paths)
{
    for (; paths && *paths; paths++)
        if (is_attachable(*paths))
            g_string_append_printf(text, "[[ATTACHMENT|%s]]\n", *paths);
}

static void append_picture(const struct document *out, GString *text, const struct rig_path *path)
{
    const char *name = out->options->pictures ? rig_picture_name(out->pictures, path) : NULL;
    g_autofree char *file = name ? g_build_filename(out->options->pictures, name, NULL) : NULL;
    const char *const paths[] = {file, NULL};

    append_attachments(text, paths);
}

/* "scenarios/power/loss.yaml" -> "scenarios.power.loss" */
static char *class_of(const char *file)
{
    g_autofree char *stem = g_str_has_suffix(file, ".yaml")  ? g_strndup(file, strlen(file) - 5)
                            : g_str_has_suffix(file, ".yml") ? g_strndup(file, strlen(file) - 4)
                                                             : g_strdup(file);
    const char *from = stem;

    while (*from == '/' || *from == '.')
        from++;
    g_strdelimit(stem, "/", '.');
    return g_strdup(*from ? from : "unknown");
}

/* What a consumer takes for the same test: GitLab drops all but the first. Numbered until nobody has it. */
static void identity(struct document *out, const char *file, const char *name)
{
    g_autofree char *class = class_of(file);
    g_autofree char *first = g_strconcat(class, "::", name, NULL);
    guint n = GPOINTER_TO_UINT(g_hash_table_lookup(out->n_named, first)) + 1;
    g_autofree char *unique = g_strdup(*name ? name : "unnamed");
    g_autofree char *key = g_strdup(first);

    for (; n > 1 && g_hash_table_contains(out->n_named, key); n++) {
        g_free(unique);
        g_free(key);
        unique = g_strdup_printf("%s #%u", name, n);
        key = g_strconcat(class, "::", unique, NULL);
    }
    g_hash_table_replace(out->n_named, g_steal_pointer(&first), GUINT_TO_POINTER(MAX(n - 1, 1)));
    if (n > 2)
        g_hash_table_replace(out->n_named, g_steal_pointer(&key), GUINT_TO_POINTER(1));
    attribute(out, "classname", class, MAX_NAME_BYTES);
    attribute(out, "name", unique, MAX_NAME_BYTES);
}

static void property(struct document *out, const char *name, const char *value)
{
    if (!value)
        return;
    xmlTextWriterStartElement(out->xml, BAD_CAST "property");
    attribute(out, "name", name, MAX_NAME_BYTES);
    attribute(out, "value", value, MAX_MESSAGE_BYTES);
    xmlTextWriterEndElement(out->xml);
}

static void counters(struct document *out, struct tally tally, bool with_skipped)
{
    count_attribute(out, "tests", tally.n_tests);
    count_attribute(out, "failures", tally.n_failures);
    count_attribute(out, "errors", tally.n_errors);
    if (with_skipped)
        count_attribute(out, "skipped", tally.n_skipped);
    time_attribute(out, tally.time_ms);
}

static void run_properties(struct document *out)
{
    const struct rig_results *run = out->results;

    property(out, "bootrig", run->version ? run->version : "unknown");
    property(out, "target", run->target);
    property(out, "target.about", run->target_about);
    property(out, "seed", run->seed);
    for (guint i = 0; i < run->properties->len; i++) {
        const struct rig_property *entry = g_ptr_array_index(run->properties, i);

        property(out, entry->name, entry->value);
    }
}

/* ---- explorations: a testsuite for each, a testcase for each invariant. They stand beside the case that
 * explored, whose verdict is the one of the run; their time is in that case's. ---- */

static struct tally judgements_tally(const struct rig_exploration_result *exploration)
{
    struct tally tally = {.n_tests = exploration->judgements->len};

    for (guint i = 0; i < exploration->judgements->len; i++) {
        const struct rig_judgement *judgement = g_ptr_array_index(exploration->judgements, i);

        tally.n_failures += judgement->verdict == RIG_VERDICT_FAIL;
        tally.n_errors += judgement->verdict == RIG_VERDICT_ERROR || judgement->verdict == RIG_VERDICT_NONE;
        tally.n_skipped += judgement->verdict == RIG_VERDICT_SKIP;
    }
    return tally;
}

static void count_explorations(const struct rig_case_result *result, struct tally *tally)
{
    const struct rig_attempt *attempt = rig_case_last_attempt(result);

    for (guint i = 0; attempt && i < attempt->explorations->len; i++) {
        struct tally more = judgements_tally(g_ptr_array_index(attempt->explorations, i));

        tally->n_tests += more.n_tests;
        tally->n_failures += more.n_failures;
        tally->n_errors += more.n_errors;
        tally->n_skipped += more.n_skipped;
    }
}

static void count_property(struct document *out, const char *name, gint64 count)
{
    g_autofree char *digits = g_strdup_printf("%" G_GINT64_FORMAT, count);

    property(out, name, digits);
}

static void result_properties(struct document *out, const struct rig_exploration_result *exploration)
{
    g_autofree char *line = rig_exploration_line(exploration);

    property(out, "explore.result", line);
    property(out, "explore.life", exploration->life);
    property(out, "explore.forms", exploration->forms);
    if (!exploration->counted)
        return;
    property(out, "explore.closed", exploration->closed ? "yes" : "no");
    if (!exploration->closed)
        property(out, "explore.why_open", exploration->why_open);
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
static const struct rig_path *path_of(const struct rig_attempt *attempt,
                                      const struct rig_exploration_result *exploration,
                                      const struct rig_judgement *judgement)
{
    for (guint i = 0; i < attempt->paths->len; i++) {
        const struct rig_path *path = g_ptr_array_index(attempt->paths, i);

        if (g_strcmp0(path->step, exploration->step) != 0)
            continue;
        for (guint k = 0; k < path->broken->len; k++) {
            const struct rig_path_broken *broken = &g_array_index(path->broken, struct rig_path_broken, k);

            if (g_str_equal(broken->invariant, judgement->name))
                return path;
        }
    }
    return NULL;
}

static void append_labelled(GString *text, const char *label, const char *value)
{
    if (value && *value)
        g_string_append_printf(text, "%s%s\n", label, value);
}

static void invariant_problem(struct document *out, const struct rig_judgement *judgement, const char *replay)
{
    bool failed = judgement->verdict == RIG_VERDICT_FAIL;
    const char *message = *judgement->text ? judgement->text : "nothing is known of it";
    g_autoptr(GString) text = g_string_new(NULL);

    append_labelled(text, "", message);
    append_labelled(text, "demanded: ", judgement->about);
    append_labelled(text, "path:     cuts=", judgement->path);
    append_labelled(text, "replay:   ", replay);
    xmlTextWriterStartElement(out->xml, BAD_CAST(failed ? "failure" : "error"));
    attribute(out, "message", message, MAX_MESSAGE_BYTES);
    attribute(out, "type", failed ? "board" : "rig", 16);
    body(out, text->str, text->len);
    xmlTextWriterEndElement(out->xml);
}

static void invariant_skipped(struct document *out, const struct rig_judgement *judgement)
{
    xmlTextWriterStartElement(out->xml, BAD_CAST "skipped");
    attribute(out, "message", judgement->text, MAX_MESSAGE_BYTES);
    body(out, judgement->text, strlen(judgement->text));
    xmlTextWriterEndElement(out->xml);
}

/* What it came to, and what happened on the path operation by operation. */
static void invariant_output(struct document *out, const struct rig_judgement *judgement,
                             const struct rig_path *path)
{
    g_autoptr(GString) text = g_string_new(NULL);

    g_string_append_printf(text, "%s: %s\n", judgement->name, judgement->text);
    if (path) {
        rig_path_append_text(text, path, false, "");
        append_picture(out, text, path);
        append_attachments(text, out->options->attachments);
    }
    element(out, "system-out", text->str);
}

static char *life_text(const struct rig_exploration_result *exploration)
{
    return g_utf8_substring(exploration->life, 0, MIN(g_utf8_strlen(exploration->life, -1), MAX_LIFE_CHARS));
}

static void invariant_case(struct document *out, const struct rig_case_result *result,
                           const struct rig_exploration_result *exploration,
                           const struct rig_judgement *judgement)
{
    const struct rig_attempt *attempt = rig_case_last_attempt(result);
    const struct rig_path *path = path_of(attempt, exploration, judgement);
    g_autofree char *life = life_text(exploration);
    g_autofree char *name =
        g_strdup_printf("%s :: explore[life=%s]::%s", result->name, life, judgement->name);
    g_autofree char *replay =
        judgement->path ? rig_replay_with_cuts(attempt->replay, judgement->path) : g_strdup(attempt->replay);

    xmlTextWriterStartElement(out->xml, BAD_CAST "testcase");
    identity(out, result->file, name);
    time_attribute(out, 0);
    if (!out->options->strict) {
        attribute(out, "file", result->file, MAX_MESSAGE_BYTES);
        if (result->line)
            count_attribute(out, "line", result->line);
        if (replay && judgement->path) {
            xmlTextWriterStartElement(out->xml, BAD_CAST "properties");
            property(out, "replay", replay);
            xmlTextWriterEndElement(out->xml);
        }
    }
    if (judgement->verdict == RIG_VERDICT_SKIP)
        invariant_skipped(out, judgement);
    else if (judgement->verdict != RIG_VERDICT_PASS)
        invariant_problem(out, judgement, replay);
    invariant_output(out, judgement, path);
    xmlTextWriterEndElement(out->xml);
}

static void exploration_suite(struct document *out, const struct rig_case_result *result,
                              const struct rig_exploration_result *exploration)
{
    const struct rig_attempt *attempt = rig_case_last_attempt(result);
    g_autofree char *class = class_of(result->file);
    g_autofree char *life = life_text(exploration);
    g_autofree char *name = g_strdup_printf("%s::%s::explore[life=%s]", class, result->name, life);

    xmlTextWriterStartElement(out->xml, BAD_CAST "testsuite");
    attribute(out, "name", name, MAX_NAME_BYTES);
    counters(out, judgements_tally(exploration), true);
    timestamp_attribute(out, attempt->wall ? attempt->wall : out->results->wall);
    if (out->results->host)
        attribute(out, "hostname", out->results->host, MAX_NAME_BYTES);
    xmlTextWriterStartElement(out->xml, BAD_CAST "properties");
    run_properties(out);
    result_properties(out, exploration);
    xmlTextWriterEndElement(out->xml);
    for (guint i = 0; i < exploration->judgements->len; i++)
        invariant_case(out, result, exploration, g_ptr_array_index(exploration->judgements, i));
    xmlTextWriterEndElement(out->xml);
}

static void exploration_suites(struct document *out, const struct rig_suite *suite)
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

/* ---- cases ---- */

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

static void problem_element(struct document *out, const char *kind, const struct rig_attempt *attempt)
{
    bool failed = attempt->verdict == RIG_VERDICT_FAIL;
    g_autofree char *name = *kind ? g_strconcat(kind, failed ? "Failure" : "Error", NULL) : NULL;
    g_autoptr(GString) story = g_string_new(NULL);

    rig_story_append(story, attempt, N_BODY_CONSOLE, N_BODY_LINK);
    xmlTextWriterStartElement(out->xml, BAD_CAST(name ? name : failed ? "failure" : "error"));
    attribute(out, "message", rig_story_message(attempt), MAX_MESSAGE_BYTES);
    attribute(out, "type", failed ? "board" : "rig", 16);
    if (*kind) {
        g_autoptr(GString) log = g_string_new(NULL);

        element(out, "stackTrace", story->str);
        append_log(log, attempt);
        element(out, "system-out", log->str);
    } else {
        body(out, story->str, story->len);
    }
    xmlTextWriterEndElement(out->xml);
}

static void skipped_element(struct document *out, const char *reason)
{
    xmlTextWriterStartElement(out->xml, BAD_CAST "skipped");
    attribute(out, "message", reason, MAX_MESSAGE_BYTES);
    body(out, reason, strlen(reason));
    xmlTextWriterEndElement(out->xml);
}

static void rig_error_element(struct document *out, const char *text)
{
    xmlTextWriterStartElement(out->xml, BAD_CAST "error");
    attribute(out, "message", text, MAX_MESSAGE_BYTES);
    attribute(out, "type", "rig", 16);
    body(out, text, strlen(text));
    xmlTextWriterEndElement(out->xml);
}

/* The failure itself is the first attempt's, as Surefire has it; the later ones are reruns. */
static void outcome_elements(struct document *out, const struct rig_case_result *result)
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

static void output_element(struct document *out, const struct rig_case_result *result)
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
        append_picture(out, log, g_ptr_array_index(last->paths, i));
    append_attachments(log, (const char *const *)last->evidence);
    if (is_bad(result->verdict) || result->flaky)
        append_attachments(log, out->options->attachments);
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

static void case_properties(struct document *out, const struct rig_case_result *result)
{
    const struct rig_attempt *last = rig_case_last_attempt(result);
    g_autofree char *tags = g_strjoinv(" ", result->tags);

    if (!*tags && !(last && (last->seed || last->replay)))
        return;
    xmlTextWriterStartElement(out->xml, BAD_CAST "properties");
    if (*tags)
        property(out, "tags", tags);
    if (last) {
        property(out, "seed", last->seed);
        property(out, "replay", last->replay);
    }
    xmlTextWriterEndElement(out->xml);
}

static void case_element(struct document *out, const struct rig_case_result *result)
{
    xmlTextWriterStartElement(out->xml, BAD_CAST "testcase");
    identity(out, result->file, result->name);
    time_attribute(out, case_time_ms(result));
    if (!out->options->strict) {
        attribute(out, "file", result->file, MAX_MESSAGE_BYTES);
        if (result->line)
            count_attribute(out, "line", result->line);
        case_properties(out, result);
    }
    outcome_elements(out, result);
    output_element(out, result);
    xmlTextWriterEndElement(out->xml);
}

static struct tally tally_of(const GPtrArray *cases)
{
    struct tally tally = {.n_tests = cases->len};

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

static void suite_element(struct document *out, const struct rig_suite *suite)
{
    g_autofree char *class = class_of(suite->file);
    const char *wall = start_of(suite);

    xmlTextWriterStartElement(out->xml, BAD_CAST "testsuite");
    attribute(out, "name", class, MAX_NAME_BYTES);
    counters(out, tally_of(suite->cases), true);
    timestamp_attribute(out, wall ? wall : out->results->wall);
    if (out->results->host)
        attribute(out, "hostname", out->results->host, MAX_NAME_BYTES);
    xmlTextWriterStartElement(out->xml, BAD_CAST "properties");
    run_properties(out);
    xmlTextWriterEndElement(out->xml);
    for (guint i = 0; i < suite->cases->len; i++)
        case_element(out, g_ptr_array_index(suite->cases, i));
    xmlTextWriterEndElement(out->xml);
}

static void problem_case(struct document *out, const struct rig_problem *problem)
{
    xmlTextWriterStartElement(out->xml, BAD_CAST "testcase");
    identity(out, problem->file ? problem->file : "bootrig.run",
             problem->file ? "the file loads" : "the run is complete");
    time_attribute(out, 0);
    if (problem->file && !out->options->strict)
        attribute(out, "file", problem->file, MAX_MESSAGE_BYTES);
    rig_error_element(out, problem->text);
    xmlTextWriterEndElement(out->xml);
}

/* What is wrong with the run itself must be a case, or no consumer shows it. */
static void problem_suite(struct document *out)
{
    const GPtrArray *problems = out->results->problems;
    struct tally tally = {.n_tests = problems->len, .n_errors = problems->len};

    if (problems->len == 0)
        return;
    xmlTextWriterStartElement(out->xml, BAD_CAST "testsuite");
    attribute(out, "name", "bootrig.run", MAX_NAME_BYTES);
    counters(out, tally, true);
    timestamp_attribute(out, out->results->wall);
    xmlTextWriterStartElement(out->xml, BAD_CAST "properties");
    run_properties(out);
    xmlTextWriterEndElement(out->xml);
    for (guint i = 0; i < problems->len; i++)
        problem_case(out, g_ptr_array_index(problems, i));
    xmlTextWriterEndElement(out->xml);
}

static void write_document(struct document *out)
{
    struct tally tally = tally_of(out->results->cases);

    for (guint i = 0; i < out->results->cases->len; i++)
        count_explorations(g_ptr_array_index(out->results->cases, i), &tally);
    tally.n_tests += out->results->problems->len;
    tally.n_errors += out->results->problems->len;
    xmlTextWriterSetIndent(out->xml, 1);
    xmlTextWriterStartDocument(out->xml, NULL, "UTF-8", NULL);
    xmlTextWriterStartElement(out->xml, BAD_CAST "testsuites");
    attribute(out, "name", "bootrig", MAX_NAME_BYTES);
    counters(out, tally, !out->options->strict);
    if (!out->options->strict)
        timestamp_attribute(out, out->results->wall);
    problem_suite(out);
    for (guint i = 0; i < out->results->suites->len; i++) {
        suite_element(out, g_ptr_array_index(out->results->suites, i));
        exploration_suites(out, g_ptr_array_index(out->results->suites, i));
    }
    xmlTextWriterEndElement(out->xml);
    xmlTextWriterEndDocument(out->xml);
}

bool rig_junit_write(FILE *out, const void *report, GError **error)
{
    const struct rig_junit_report *wanted = report;
    struct document document = {.options = &wanted->options, .results = wanted->results};
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
