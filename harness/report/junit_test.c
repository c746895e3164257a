/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The JUnit report against its two schemas, whatever the journal looks like; and what the terminal says. */
#include <libxml/parser.h>
#include <libxml/xmlschemas.h>
#include <libxml/xpath.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <glib/gstdio.h>
#include <unistd.h>
#include <cmocka.h>

#include "report/journal.h"
#include "report/junit.h"
#include "report/page.h"
#include "report/terminal.h"
#include "report/text.h"

struct schemas {
    xmlSchemaPtr of[2]; /* default, strict */
};

static xmlSchemaPtr load_schema(const char *path)
{
    xmlSchemaParserCtxtPtr parser = xmlSchemaNewParserCtxt(path);
    xmlSchemaPtr schema = xmlSchemaParse(parser);

    xmlSchemaFreeParserCtxt(parser);
    return schema;
}

static int load_schemas(void **state)
{
    struct schemas *schemas = g_new0(struct schemas, 1);

    schemas->of[0] = load_schema(RIG_SOURCE_DIR "/reports/junit.xsd");
    schemas->of[1] = load_schema(RIG_SOURCE_DIR "/reports/junit-strict.xsd");
    *state = schemas;
    return schemas->of[0] && schemas->of[1] ? 0 : -1;
}

static int free_schemas(void **state)
{
    struct schemas *schemas = *state;

    xmlSchemaFree(schemas->of[0]);
    xmlSchemaFree(schemas->of[1]);
    g_free(schemas);
    xmlCleanupParser();
    return 0;
}

static xmlDocPtr parse(const struct rig_results *results, bool strict)
{
    const char *const attachments[] = {"reports/out/journal.jsonl", "bad|path", NULL};
    struct rig_junit_options options = {.strict = strict, .attachments = attachments};
    gsize n_bytes = 0;
    g_autofree char *text = rig_junit_text(results, &options, &n_bytes, NULL);

    assert_non_null(text);
    return xmlReadMemory(text, (int)n_bytes, "junit.xml", NULL, XML_PARSE_HUGE);
}

static bool is_valid(xmlDocPtr document, xmlSchemaPtr schema)
{
    xmlSchemaValidCtxtPtr validator = xmlSchemaNewValidCtxt(schema);
    int code = document ? xmlSchemaValidateDoc(validator, document) : -1;

    xmlSchemaFreeValidCtxt(validator);
    return code == 0;
}

/* A document that was just found valid need not be looked at again: a cut inside a line changes nothing. */
static bool is_news(const struct rig_results *results, char **previous)
{
    struct rig_junit_options options = {.strict = false};
    gsize n_bytes = 0;
    char *text = rig_junit_text(results, &options, &n_bytes, NULL);
    bool news = g_strcmp0(text, *previous) != 0;

    g_free(*previous);
    *previous = text;
    return news;
}

static void assert_both_valid(const struct schemas *schemas, const struct rig_results *results)
{
    for (int strict = 0; strict < 2; strict++) {
        xmlDocPtr document = parse(results, strict);

        assert_true(is_valid(document, schemas->of[strict]));
        xmlFreeDoc(document);
    }
}

static double number_of(const struct rig_results *results, const char *expression)
{
    xmlDocPtr document = parse(results, false);
    xmlXPathContextPtr context = xmlXPathNewContext(document);
    xmlXPathObjectPtr object = xmlXPathEvalExpression(BAD_CAST expression, context);
    double number = xmlXPathCastToNumber(object);

    xmlXPathFreeObject(object);
    xmlXPathFreeContext(context);
    xmlFreeDoc(document);
    return number;
}

static char *sample(const char *name, gsize *n_bytes)
{
    g_autofree char *path = g_build_filename(RIG_SOURCE_DIR, "fixtures/journals", name, NULL);
    char *text = NULL;

    assert_true(g_file_get_contents(path, &text, n_bytes, NULL));
    return text;
}

static void a_journal_cut_at_any_byte_gives_valid_reports(void **state)
{
    gsize n_bytes = 0;
    g_autofree char *text = sample("short.jsonl", &n_bytes);
    g_autofree char *previous = NULL;
    guint n_documents = 0;

    for (gsize n = 0; n <= n_bytes; n++) {
        g_autoptr(rig_results) results = rig_results_from_bytes(text, n);

        assert_int_equal(rig_results_exit_code(results), 2);
        if (!is_news(results, &previous))
            continue;
        assert_both_valid(*state, results);
        n_documents++;
    }
    assert_in_range(n_documents, 15, 1000);
}

static void a_journal_with_any_line_missing_gives_valid_reports(void **state)
{
    gsize n_bytes = 0;
    g_autofree char *text = sample("mixed.jsonl", &n_bytes);
    g_auto(GStrv) lines = g_strsplit(text, "\n", -1);

    for (guint missing = 0; lines[missing] && *lines[missing]; missing++) {
        g_autoptr(GString) rest = g_string_new(NULL);
        g_autoptr(rig_results) results = NULL;

        for (guint i = 0; lines[i]; i++)
            if (i != missing)
                g_string_append_printf(rest, "%s\n", lines[i]);
        results = rig_results_from_bytes(rest->str, rest->len);
        assert_both_valid(*state, results);
        if (lines[missing + 1] && *lines[missing + 1])
            assert_int_equal(results->n_missing_events, 1);
    }
}

static void counters_match_the_elements(void **state)
{
    const char *const pairs[][2] = {
        {"number(/testsuites/@tests)", "count(//testcase)"},
        {"number(/testsuites/@failures)", "count(//testcase[failure])"},
        {"number(/testsuites/@errors)", "count(//testcase[error])"},
        {"sum(//testsuite/@tests)", "count(//testcase)"},
        {"sum(//testsuite/@failures)", "count(//testcase/failure)"},
        {"sum(//testsuite/@errors)", "count(//testcase/error)"},
        {"sum(//testsuite/@skipped)", "count(//testcase/skipped)"},
    };
    const char *const names[] = {"mixed.jsonl",    "killed.jsonl",    "interrupted.jsonl", "passed.jsonl",
                                 "explored.jsonl", "exploring.jsonl", "packets.jsonl"};

    (void)state;
    for (guint i = 0; i < G_N_ELEMENTS(names); i++) {
        gsize n_bytes = 0;
        g_autofree char *text = sample(names[i], &n_bytes);
        g_autoptr(rig_results) results = rig_results_from_bytes(text, n_bytes);

        for (guint k = 0; k < G_N_ELEMENTS(pairs); k++)
            assert_true(number_of(results, pairs[k][0]) == number_of(results, pairs[k][1]));
    }
}

static void exit_codes_follow_the_verdicts(void **state)
{
    const struct {
        const char *lines;
        int code;
    } rows[] = {
        {"", 2},
        {"{\"n\":0,\"ev\":\"run-start\",\"cases\":[]}\n{\"n\":1,\"ev\":\"run-end\"}\n", 4},
        {"{\"ev\":\"run-start\",\"cases\":[]}\n{\"ev\":\"load-error\",\"file\":\"a\",\"text\":\"b\"}\n{"
         "\"ev\":\"run-end\"}\n",
         2},
        {"{\"ev\":\"run-start\",\"cases\":[{}]}\n{\"ev\":\"case-end\",\"case\":0,\"verdict\":\"pass\"}\n{"
         "\"ev\":\"run-end\"}\n",
         0},
        {"{\"ev\":\"run-start\",\"cases\":[{}]}\n{\"ev\":\"case-end\",\"case\":0,\"verdict\":\"fail\"}\n{"
         "\"ev\":\"run-end\"}\n",
         1},
        {"{\"ev\":\"run-start\",\"cases\":[{}]}\n{\"ev\":\"case-end\",\"case\":0,\"verdict\":\"error\"}\n{"
         "\"ev\":\"run-end\"}\n",
         2},
        {"{\"ev\":\"run-start\",\"cases\":[{}]}\n{\"ev\":\"case-end\",\"case\":0,\"verdict\":\"?\"}\n{\"ev\":"
         "\"run-end\"}\n",
         2},
        {"{\"ev\":\"run-start\",\"cases\":[{}]}\n{\"ev\":\"case-end\",\"case\":0,\"verdict\":\"skip\"}\n{"
         "\"ev\":\"run-end\"}\n",
         4},
        {"{\"ev\":\"run-start\",\"cases\":[{},{}]}\n{\"ev\":\"case-end\",\"case\":0,\"verdict\":\"fail\"}\n{"
         "\"ev\":\"run-end\"}\n",
         1},
        {"{\"ev\":\"run-start\",\"cases\":[{},{}]}\n{\"ev\":\"case-end\",\"case\":0,\"verdict\":\"pass\"}\n",
         2},
        {"{\"ev\":\"run-start\",\"cases\":[{}]}\n{\"ev\":\"case-end\",\"case\":0,\"verdict\":\"fail\"}\n"
         "{\"ev\":\"run-end\",\"interrupted\":true}\n",
         3},
    };

    for (guint i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autoptr(rig_results) results = rig_results_from_bytes(rows[i].lines, strlen(rows[i].lines));

        assert_int_equal(rig_results_exit_code(results), rows[i].code);
        assert_both_valid(*state, results);
        if (rows[i].code == 4 && results->cases->len == 0)
            assert_true(number_of(results, "count(//error)") == 1);
    }
}

static void a_retried_pass_is_flaky_and_a_retried_failure_has_reruns(void **state)
{
    static const char flaky[] =
        "{\"ev\":\"run-start\",\"cases\":[{}]}\n"
        "{\"ev\":\"case-end\",\"case\":0,\"attempt\":0,\"verdict\":\"fail\",\"final\":false,\"message\":"
        "\"m\"}\n"
        "{\"ev\":\"case-end\",\"case\":0,\"attempt\":1,\"verdict\":\"error\",\"final\":false}\n"
        "{\"ev\":\"case-end\",\"case\":0,\"attempt\":2,\"verdict\":\"pass\"}\n{\"ev\":\"run-end\"}\n";
    static const char failed[] =
        "{\"ev\":\"run-start\",\"cases\":[{}]}\n"
        "{\"ev\":\"case-end\",\"case\":0,\"attempt\":0,\"verdict\":\"fail\",\"final\":false}\n"
        "{\"ev\":\"case-end\",\"case\":0,\"attempt\":1,\"verdict\":\"fail\"}\n{\"ev\":\"run-end\"}\n";
    static const char after_error[] =
        "{\"ev\":\"run-start\",\"cases\":[{}]}\n"
        "{\"ev\":\"case-end\",\"case\":0,\"attempt\":0,\"verdict\":\"error\",\"final\":false}\n"
        "{\"ev\":\"case-end\",\"case\":0,\"attempt\":1,\"verdict\":\"pass\"}\n{\"ev\":\"run-end\"}\n";
    g_autoptr(rig_results) a = rig_results_from_bytes(flaky, sizeof flaky - 1);
    g_autoptr(rig_results) b = rig_results_from_bytes(failed, sizeof failed - 1);
    g_autoptr(rig_results) c = rig_results_from_bytes(after_error, sizeof after_error - 1);

    assert_int_equal(rig_results_counts(a).n_flaky, 1);
    assert_int_equal(rig_results_counts(c).n_flaky, 1);
    assert_int_equal(rig_results_counts(a).n_passed, 1);
    assert_int_equal(rig_results_exit_code(a), 0);
    assert_true(number_of(a, "count(//flakyFailure[@type][@message='m'][starts-with(stackTrace,'m')])") == 1);
    assert_true(number_of(a, "count(//flakyError)") == 1);
    assert_true(number_of(a, "count(//failure|//error)") == 0);
    assert_true(number_of(b, "count(//failure)") == 1);
    assert_true(number_of(b, "count(//rerunFailure)") == 1);
    assert_both_valid(*state, a);
    assert_both_valid(*state, b);
}

static void cases_of_one_name_stay_apart(void **state)
{
    static const char text[] = "{\"ev\":\"run-start\",\"cases\":[{\"file\":\"a.yaml\",\"name\":\"x\"},{"
                               "\"file\":\"a.yaml\",\"name\":\"x\"},"
                               "{\"file\":\"a.yml\",\"name\":\"x\"}]}\n{\"ev\":\"run-end\"}\n";
    g_autoptr(rig_results) results = rig_results_from_bytes(text, sizeof text - 1);

    assert_both_valid(*state, results);
    assert_true(number_of(results, "count(//testcase[@name='x #2' and @classname='a'])") == 1);
}

/* Megabytes of every kind of console noise: the report stays valid and small. */
static void megabytes_of_noise_stay_valid_and_bounded(void **state)
{
    g_autoptr(rig_results) results = rig_results_new();
    struct rig_journal *journal = rig_journal_new(NULL, NULL);
    struct rig_event *start = rig_event_new(RIG_EVENT_RUN_START);
    struct rig_event *end = rig_event_new(RIG_EVENT_CASE_END);
    g_autofree char *noise = g_malloc(5000);
    struct rig_junit_options options = {.strict = true};
    gsize n_bytes = 0;
    g_autofree char *text = NULL;

    rig_event_text(rig_event_append(start, RIG_KEY_CASES), RIG_KEY_NAME, "noise ]]> \x1b[31m <&> \"'\t\n");
    rig_journal_listen(journal, rig_results_take, results);
    rig_journal_emit(journal, 0, start);
    rig_journal_begin_case(journal, 0, 0);
    for (guint i = 0; i < 400; i++) {
        struct rig_event *event = rig_event_new(RIG_EVENT_CONSOLE);

        for (guint k = 0; k < 5000; k++)
            noise[k] = (char)(k * 7 + i * 13 + k / 251);
        rig_event_raw_text(event, RIG_KEY_LINE_TEXT, noise, 5000);
        rig_journal_emit(journal, i, event);
    }
    rig_event_text(end, RIG_KEY_VERDICT, "fail");
    rig_event_raw_text(end, RIG_KEY_MESSAGE, noise, 5000);
    rig_journal_emit(journal, 400, end);
    rig_journal_emit(journal, 400, rig_event_new(RIG_EVENT_RUN_END));
    rig_journal_free(journal);
    rig_results_finish(results);
    assert_both_valid(*state, results);
    text = rig_junit_text(results, &options, &n_bytes, NULL);
    assert_in_range(n_bytes, RIG_JUNIT_MAX_CASE_BYTES, 12 * RIG_JUNIT_MAX_CASE_BYTES);
    assert_non_null(strstr(text, "bytes left out"));
    assert_non_null(strstr(text, "noise ]]&gt;  &lt;&amp;&gt; &quot;'&#9;&#10;"));
}

static void evidence_is_named_last_each_on_its_own_line(void **state)
{
    gsize n_bytes = 0;
    g_autofree char *text = sample("mixed.jsonl", &n_bytes);
    g_autoptr(rig_results) results = rig_results_from_bytes(text, n_bytes);

    (void)state;
    assert_true(
        number_of(
            results,
            "count(//testcase[failure]/system-out[contains(., '\n[[ATTACHMENT|reports/out/flash-2.bin]]\n"
            "[[ATTACHMENT|reports/out/journal.jsonl]]\n')])") == 1);
    assert_true(number_of(results, "count(//system-out[contains(., 'bad|path')])") == 0);
}

static void text_for_xml_keeps_what_is_legal_and_shows_the_rest(void **state)
{
    const char *const pairs[][2] = {
        {"plain\ttab\nline", "plain\ttab\nline"},
        {"\x1b[1;31mred\x1b[0m", "red"},
        {"\x1b]0;title\x07text", "text"},
        {"\x1b]0;title\x1b\\text", "text"},
        {"\x1b[", "\\x1B["},
        {"a\x01"
         "b",
         "a\\x01b"},
        {"\xef\xbf\xbe", "\\uFFFE"},
        {"one\r\ntwo\rthree\r", "one\ntwo\\x0Dthree"},
        {"\xf0\x9d\x84\x9e", "\xf0\x9d\x84\x9e"},
    };

    (void)state;
    for (guint i = 0; i < G_N_ELEMENTS(pairs); i++) {
        g_autoptr(GString) out = g_string_new(NULL);

        rig_text_xml(out, pairs[i][0]);
        assert_string_equal(out->str, pairs[i][1]);
    }
}

static void truncation_never_cuts_a_character(void **state)
{
    (void)state;
    for (gsize max = 0; max < 40; max++) {
        g_autoptr(GString) out = g_string_new(NULL);

        rig_text_bounded(out, "aä€𝄞aä€𝄞aä€𝄞aä€𝄞", 40, max);
        assert_true(g_utf8_validate(out->str, (gssize)out->len, NULL));
        assert_non_null(strstr(out->str, "bytes left out"));
    }
}

static void the_page_holds_no_markup_of_the_board(void **state)
{
    static const char text[] =
        "{\"ev\":\"run-start\",\"target\":\"<script>1</script>\",\"cases\":[{\"name\":\"<script>2\",\"file\":"
        "\"<script>3\"}]}\n{\"ev\":\"console\",\"case\":0,\"line\":\"<script>4</script>\"}\n"
        "{\"ev\":\"case-end\",\"case\":0,\"verdict\":\"fail\",\"message\":\"<script>5\",\"replay\":\"<script>"
        "6\"}\n";
    g_autoptr(rig_results) results = rig_results_from_bytes(text, sizeof text - 1);
    gsize n_bytes = 0;
    g_autofree char *page = rig_html_page(results, &n_bytes);

    (void)state;
    assert_null(strstr(page, "<script"));
    for (char digit = '1'; digit <= '6'; digit++) {
        char wanted[] = "&lt;script&gt;0";

        wanted[sizeof wanted - 2] = digit;
        assert_non_null(strstr(page, wanted));
    }
}

static char *terminal_text(const char *lines, struct rig_terminal_options options)
{
    g_autoptr(rig_results) results = rig_results_from_bytes(lines, strlen(lines));
    char *text = NULL;
    size_t n_bytes = 0;
    FILE *out = open_memstream(&text, &n_bytes);

    rig_terminal_report(out, &options, results);
    fclose(out);
    return text;
}

static void a_failure_shows_the_line_of_its_file_with_a_caret(void **state)
{
    g_autofree char *folder = g_dir_make_tmp("rig-source-XXXXXX", NULL);
    g_autofree char *path = g_build_filename(folder, "a.yaml", NULL);
    g_autofree char *lines =
        g_strdup_printf("{\"ev\":\"run-start\",\"cases\":[{\"name\":\"x\",\"file\":\"a.yaml\"}]}\n{\"ev\":"
                        "\"case-end\",\"case\":0,\"verdict\":\"fail\","
                        "\"message\":\"m\",\"where\":{\"file\":\"%s\",\"line\":2,\"column\":3,\"text\":"
                        "\"reset:\"}}\n{\"ev\":\"run-end\"}\n",
                        path);
    struct rig_terminal_options options = {.loudness = RIG_NORMAL, .read_sources = true};
    g_autofree char *text = NULL;

    (void)state;
    assert_true(g_file_set_contents(path, "one\n- reset:\nthree\n", -1, NULL));
    text = terminal_text(lines, options);
    g_unlink(path);
    g_rmdir(folder);
    assert_non_null(strstr(text, "        2 | - reset:\n          |   ^\n"));
}

/* A live run on a terminal: the status line is taken away before anything else is written. */
static void the_status_line_is_cut_to_the_width_and_cleared(void **state)
{
    g_autoptr(rig_results) results = rig_results_new();
    struct rig_terminal_options options = {.loudness = RIG_NORMAL, .status_line = true, .width = 40};
    char *text = NULL;
    size_t n_bytes = 0;
    FILE *out = open_memstream(&text, &n_bytes);
    struct rig_terminal *terminal = rig_terminal_new(out, &options, results);
    struct rig_journal *journal = rig_journal_new(NULL, NULL);
    struct rig_event *event = rig_event_new(RIG_EVENT_RUN_START);
    g_auto(GStrv) parts = NULL;

    (void)state;
    rig_event_text(rig_event_append(event, RIG_KEY_CASES), RIG_KEY_NAME,
                   "a-name-that-is-much-longer-than-the-line");
    rig_journal_listen(journal, rig_results_take, results);
    rig_journal_listen(journal, rig_terminal_take, terminal);
    rig_journal_emit(journal, 0, event);
    rig_journal_begin_case(journal, 0, 0);
    rig_journal_emit(journal, 0, rig_event_new(RIG_EVENT_CASE_START));
    event = rig_event_new(RIG_EVENT_CASE_END);
    rig_event_text(event, RIG_KEY_VERDICT, "pass");
    rig_journal_emit(journal, 0, event);
    rig_journal_end_case(journal);
    rig_journal_emit(journal, 0, rig_event_new(RIG_EVENT_RUN_END));
    rig_results_finish(results);
    rig_terminal_finish(terminal, NULL);
    rig_terminal_free(terminal);
    rig_journal_free(journal);
    fclose(out);
    parts = g_strsplit(text, "\033[K", -1);
    assert_int_equal(g_strv_length(parts), 3);
    assert_string_equal(parts[0], "\r[1/1] 0 passed, 0 failed, 0 errors, 0 s");
    assert_string_equal(parts[1], "\r");
    assert_string_equal(parts[2], "pass  unknown::a-name-that-is-much-longer-than-the-line  0.000 s\n\n"
                                  "1 passed, 0 failed, 0 errors, 0 skipped, 0 flaky in 0 ms\n");
    free(text);
}

static void colour_follows_the_environment(void **state)
{
    (void)state;
    g_unsetenv("NO_COLOR");
    g_unsetenv("FORCE_COLOR");
    g_setenv("CLICOLOR_FORCE", "1", TRUE);
    assert_true(rig_terminal_options_for(-1, RIG_NORMAL).colour);
    g_setenv("CLICOLOR_FORCE", "0", TRUE);
    assert_false(rig_terminal_options_for(-1, RIG_NORMAL).colour);
    g_setenv("CLICOLOR_FORCE", "1", TRUE);
    g_setenv("NO_COLOR", "1", TRUE);
    assert_false(rig_terminal_options_for(-1, RIG_NORMAL).colour);
    g_unsetenv("NO_COLOR");
    g_unsetenv("CLICOLOR_FORCE");
    assert_false(rig_terminal_options_for(-1, RIG_NORMAL).status_line);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_journal_cut_at_any_byte_gives_valid_reports),
        cmocka_unit_test(a_journal_with_any_line_missing_gives_valid_reports),
        cmocka_unit_test(counters_match_the_elements),
        cmocka_unit_test(exit_codes_follow_the_verdicts),
        cmocka_unit_test(a_retried_pass_is_flaky_and_a_retried_failure_has_reruns),
        cmocka_unit_test(cases_of_one_name_stay_apart),
        cmocka_unit_test(megabytes_of_noise_stay_valid_and_bounded),
        cmocka_unit_test(evidence_is_named_last_each_on_its_own_line),
        cmocka_unit_test(text_for_xml_keeps_what_is_legal_and_shows_the_rest),
        cmocka_unit_test(truncation_never_cuts_a_character),
        cmocka_unit_test(the_page_holds_no_markup_of_the_board),
        cmocka_unit_test(a_failure_shows_the_line_of_its_file_with_a_caret),
        cmocka_unit_test(the_status_line_is_cut_to_the_width_and_cleared),
        cmocka_unit_test(colour_follows_the_environment),
    };

    return cmocka_run_group_tests_name("reports", tests, load_schemas, free_schemas);
}
