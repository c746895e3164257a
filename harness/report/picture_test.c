/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Pictures of paths and paths in words: hostile journals, names of files, bounds. What a real one looks like
 * is a golden file, fixtures/journals/explored.svg. */
#include <libxml/parser.h>
#include <libxml/xpath.h>
#include <libxml/xpathInternals.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <glib/gstdio.h>
#include <cmocka.h>

#include "report/page.h"
#include "report/picture.h"

#define PATH_EVENT                                                                                           \
    "{\"ev\":\"path\",\"case\":0,\"step\":\"steps.0\",\"path\":\"0,run\",\"broken\":[{\"invariant\":"        \
    "\"boots\",\"about\":\"It boots.\",\"text\":\"no bootable image\"}],\"old\":\"old\",\"new\":\"new\","    \
    "\"areas\":[{\"name\":\"primary\",\"sectors\":\"4096*8\",\"trailer\":7,\"cells\":\"o0*2 .*6\"}],"        \
    "\"trailers\":[{\"area\":0,\"magic\":\"unset\",\"status\":\"nothing started\"}],"                        \
    "\"legs\":[{\"number\":0,\"cut\":\"before operation 1\",\"operations\":1,\"steps\":[{\"kind\":"          \
    "\"erase\",\"area\":0,\"sector\":0,\"to\":0,\"first\":0,\"n\":1,\"text\":\"erase primary sector "        \
    "0\",\"cells\":\"0:0=.\"}]},{\"number\":1,\"stop\":\"no bootable image\",\"operations\":0}]}\n"
#define RUN_START(name)                                                                                      \
    "{\"ev\":\"run-start\",\"cases\":[{\"file\":\"a.yaml\",\"name\":\"" name "\"}]}\n"                       \
    "{\"ev\":\"case-start\",\"case\":0}\n"
#define RUN_END "{\"ev\":\"case-end\",\"case\":0,\"verdict\":\"fail\"}\n{\"ev\":\"run-end\"}\n"

static struct rig_results *results_of(const char *text)
{
    return rig_results_from_bytes(text, strlen(text));
}

static const struct rig_path *story_of(const struct rig_results *results, guint index)
{
    const struct rig_case_result *result = g_ptr_array_index(results->cases, 0);
    const struct rig_attempt *attempt = rig_case_last_attempt(result);

    assert_in_range(index, 0, attempt->paths->len - 1);
    return g_ptr_array_index(attempt->paths, index);
}

static char *picture_of(const struct rig_results *results)
{
    gsize n_bytes = 0;

    return rig_picture_file(story_of(results, 0), "a.yaml::x", &n_bytes);
}

static double number_in(const char *svg, const char *expression)
{
    xmlDocPtr document = xmlReadMemory(svg, (int)strlen(svg), "picture.svg", NULL, XML_PARSE_HUGE);
    xmlXPathContextPtr context;
    xmlXPathObjectPtr object;
    double number;

    assert_non_null(document);
    context = xmlXPathNewContext(document);
    xmlXPathRegisterNs(context, BAD_CAST "s", BAD_CAST "http://www.w3.org/2000/svg");
    object = xmlXPathEvalExpression(BAD_CAST expression, context);
    number = xmlXPathCastToNumber(object);
    xmlXPathFreeObject(object);
    xmlXPathFreeContext(context);
    xmlFreeDoc(document);
    return number;
}

static void a_picture_has_title_description_and_every_power_on(void **state)
{
    g_autoptr(rig_results) results = results_of(RUN_START("x") PATH_EVENT RUN_END);
    g_autofree char *svg = picture_of(results);
    g_autofree char *again = picture_of(results);

    (void)state;
    assert_string_equal(svg, again);
    assert_true(number_in(svg, "count(/s:svg[@role='img']/s:title[contains(., 'boots is broken')])") == 1);
    assert_true(number_in(svg, "count(/s:svg/s:desc[contains(., 'erase primary sector 0')])") == 1);
    assert_true(number_in(svg, "count(//s:text[starts-with(., 'power-on ')])") == 2);
    assert_true(number_in(svg, "count(//*[@class='cut'])") == 1);
    assert_true(number_in(svg, "count(//s:title[. = 'erase primary sector 0'])") == 1);
    assert_true(number_in(svg, "count(//s:title[. = 'primary sectors 2 to 6: erased'])") >= 1);
    assert_non_null(strstr(svg, "prefers-color-scheme:dark"));
}

/* Bars end where the sector changes: old until the erase, erased behind it. */
static void a_bar_ends_where_the_sector_changes(void **state)
{
    g_autoptr(rig_results) results = results_of(RUN_START("x") PATH_EVENT RUN_END);
    g_autofree char *svg = picture_of(results);

    (void)state;
    assert_true(number_in(svg, "count(//s:g[s:title = 'primary sector 0: old 0']/s:rect[@class='old'])") ==
                1);
    assert_true(number_in(svg, "count(//s:g[s:title = 'primary sector 0: erased']/s:rect[@class='era'])") ==
                2);
    assert_true(number_in(svg, "count(//s:g[s:title = 'primary sector 1: old 1'])") == 2);
}

static void texts_of_a_hostile_journal_are_escaped_everywhere(void **state)
{
    static const char text[] = RUN_START("x") /* every text of a path holds markup */
        "{\"ev\":\"explore-start\",\"case\":0,\"step\":\"<script>\",\"life\":[\"<script>\"],\"forms\":[\"<"
        "script>"
        "\"],\"invariants\":[{\"name\":\"<script>1\",\"about\":\"<script>\"}]}\n"
        "{\"ev\":\"path\",\"case\":0,\"path\":\"<script>\",\"broken\":[{\"invariant\":\"<script>1\","
        "\"about\":"
        "\"<script>\",\"text\":\"]]><script>\"}],\"old\":\"<script>\",\"new\":\"</svg><script>\",\"areas\":[{"
        "\"name\":\"<script>\",\"sectors\":\"1*4\",\"trailer\":3,\"cells\":\"o0*4\"}],\"trailers\":[{"
        "\"area\":0,"
        "\"magic\":\"<script>\",\"type\":\"\\\"><script>\",\"copy_done\":\"<script>\",\"image_ok\":\"<script>"
        "\","
        "\"status\":\"<script>\",\"progress\":\"<script>\",\"size\":1}],\"legs\":[{\"decision\":\"<script>\","
        "\"runs\":\"<script>\",\"action\":\"<script>\",\"stop\":\"<script>\",\"cut\":\"<script>\",\"steps\":["
        "{"
        "\"kind\":\"write\",\"area\":0,\"app\":true,\"field\":\"magic\",\"text\":\"<script>"
        "\\u202e\\u0001\\u001b["
        "31m\"},{\"kind\":\"more\",\"n\":9,\"text\":\"<script>\"}],\"each\":[\"<script>\"]}]}\n" RUN_END;
    g_autoptr(rig_results) results = results_of(text);
    g_autofree char *svg = picture_of(results);
    gsize n_bytes = 0;
    g_autofree char *page = rig_html_page(results, &n_bytes);

    (void)state;
    assert_null(strstr(svg, "<script"));
    assert_null(strstr(page, "<script"));
    assert_null(strstr(svg, "\xe2\x80\xae")); /* what turns the writing direction */
    assert_true(number_in(svg, "count(//s:svg//s:svg)") == 0);
    assert_true(number_in(svg, "count(//s:text[contains(., '<script>')])") > 10);
}

static void numbers_of_a_hostile_journal_are_bounded(void **state)
{
    static const char *const paths[] = {
        "\"areas\":[{\"sectors\":\"1*99999999999999999999\",\"cells\":\"o4294967295*4294967295\"}],\"legs\":["
        "{}]",
        "\"areas\":[{\"sectors\":\"4096*8\",\"trailer\":-5,\"cells\":\"\"}],\"trailers\":[{\"area\":7},{"
        "\"area\":-1}"
        "],\"legs\":[{\"steps\":[{\"kind\":\"erase\",\"area\":99,\"sector\":-1,\"to\":999999999,\"n\":"
        "9223372036854775807,\"first\":-9,\"cells\":\"0:7=n4294967295~*999 9:9=x 0:99=o1\"}]}]",
        "\"legs\":[{\"steps\":[{\"area\":0,\"cells\":\"0:0=.\"}],\"number\":-9223372036854775808}]",
        "\"areas\":[{\"sectors\":\"0*0\"},{\"sectors\":\"*\"},{},{},{},{},{},{},{},{}],\"legs\":[{\"steps\":["
        "{"
        "\"area\":0,\"sector\":5},{\"cells\":\"0:0=\"},{\"cells\":\"0:\"},{\"cells\":\"0\"},{\"cells\":\"0:0="
        "q\"}]}]",
        "\"areas\":[{\"sectors\":\"4096*8\",\"cells\":\"zz\"}],\"legs\":[{\"steps\":[{\"area\":0,\"sector\":"
        "7,"
        "\"to\":2,\"kind\":\"write\",\"torn\":true,\"field\":\"nothing\"}],\"cut\":\"\"}]",
    };

    (void)state;
    for (guint i = 0; i < G_N_ELEMENTS(paths); i++) {
        g_autofree char *text = g_strdup_printf(
            RUN_START("x") "{\"ev\":\"path\",\"case\":0,\"broken\":[{}],%s}\n" RUN_END, paths[i]);
        g_autoptr(rig_results) results = results_of(text);
        g_autofree char *svg = picture_of(results);

        assert_in_range(strlen(svg), 1000, 2 * 1000 * 1000);
        assert_true(number_in(svg, "count(/s:svg)") == 1);
    }
}

static void many_cycles_and_steps_are_cut_off(void **state)
{
    g_autoptr(GString) text =
        g_string_new(RUN_START("x") "{\"ev\":\"path\",\"case\":0,\"broken\":[{}],\"areas\":[{"
                                    "\"name\":\"p\",\"sectors\":\"1*9\"}],\"legs\":[");
    g_autoptr(rig_results) results = NULL;
    g_autofree char *svg = NULL;

    (void)state;
    for (guint leg = 0; leg < 3 * RIG_PATH_MAX_CYCLES; leg++) {
        g_string_append(text, leg ? ",{\"steps\":[{}" : "{\"steps\":[{}");
        for (guint i = 0; i < 2 * RIG_PATH_MAX_STEPS; i++)
            g_string_append(text, ",{\"kind\":\"write\",\"area\":0,\"cells\":\"0:0=x*9\"}");
        g_string_append(text, "]}");
    }
    g_string_append(text, "]}\n" RUN_END);
    results = results_of(text->str);
    assert_int_equal(story_of(results, 0)->cycles->len, RIG_PATH_MAX_CYCLES);
    svg = picture_of(results);
    assert_true(number_in(svg, "count(//s:text[starts-with(., 'power-on ')])") == RIG_PATH_MAX_CYCLES);
    assert_true(number_in(svg, "number(/s:svg/@width)") <= RIG_PICTURE_WIDTH);
}

static void two_pictures_of_a_page_do_not_share_names(void **state)
{
    g_autoptr(rig_results) results = results_of(RUN_START("x") PATH_EVENT PATH_EVENT RUN_END);
    gsize n_bytes = 0;
    g_autofree char *page = rig_html_page(results, &n_bytes);

    (void)state;
    assert_non_null(strstr(page, "<title id=\"t1\">"));
    assert_non_null(strstr(page, "<title id=\"t2\">"));
    assert_non_null(strstr(page, "pattern id=\"h2\""));
    assert_null(strstr(strstr(page, "<title id=\"t2\">"), "pattern id=\"h1\""));
}

static void names_of_files_are_harmless_and_unique(void **state)
{
    g_autoptr(rig_results) results =
        results_of(RUN_START("../../etc/x[swap=move] \\u00e4\\n") PATH_EVENT PATH_EVENT RUN_END);
    g_autoptr(GPtrArray) pictures = rig_pictures_of(results);
    const struct rig_picture *first = g_ptr_array_index(pictures, 0);
    const struct rig_picture *second = g_ptr_array_index(pictures, 1);

    (void)state;
    assert_int_equal(pictures->len, 2);
    assert_string_equal(first->name, "explore-..-..-etc-x-swap=move-boots.svg");
    assert_string_equal(second->name, "explore-..-..-etc-x-swap=move-boots-2.svg");
    assert_string_equal(rig_picture_name(pictures, second->path), second->name);
}

static void a_path_that_breaks_nothing_leaves_no_file(void **state)
{
    g_autoptr(rig_results) results =
        results_of(RUN_START("x") "{\"ev\":\"path\",\"case\":0,\"legs\":[{}]}\n" RUN_END);
    g_autoptr(GPtrArray) pictures = rig_pictures_of(results);
    g_autofree char *svg = picture_of(results);

    (void)state;
    assert_int_equal(pictures->len, 0);
    assert_non_null(strstr(svg, "breaks nothing"));
}

static void an_event_without_power_ons_is_no_path(void **state)
{
    g_autoptr(rig_results) results = results_of(
        RUN_START("x") "{\"ev\":\"path\",\"case\":0,\"legs\":[]}\n{\"ev\":\"path\",\"case\":0}\n" RUN_END);
    const struct rig_case_result *result = g_ptr_array_index(results->cases, 0);

    (void)state;
    assert_int_equal(rig_case_last_attempt(result)->paths->len, 0);
}

static void the_replay_of_another_path_names_that_path(void **state)
{
    static const struct {
        const char *replay, *wanted;
    } rows[] = {
        {"bootrig replay a --cuts 1,run --image x=1", "bootrig replay a --cuts 7h,run --image x=1"},
        {"bootrig replay a --cuts 1,run", "bootrig replay a --cuts 7h,run"},
        {"bootrig replay a", "bootrig replay a --cuts 7h,run"},
    };

    (void)state;
    for (guint i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autofree char *seen = rig_replay_with_cuts(rows[i].replay, "7h,run");

        assert_string_equal(seen, rows[i].wanted);
    }
    assert_null(rig_replay_with_cuts(NULL, "1"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_picture_has_title_description_and_every_power_on),
        cmocka_unit_test(a_bar_ends_where_the_sector_changes),
        cmocka_unit_test(texts_of_a_hostile_journal_are_escaped_everywhere),
        cmocka_unit_test(numbers_of_a_hostile_journal_are_bounded),
        cmocka_unit_test(many_cycles_and_steps_are_cut_off),
        cmocka_unit_test(two_pictures_of_a_page_do_not_share_names),
        cmocka_unit_test(names_of_files_are_harmless_and_unique),
        cmocka_unit_test(a_path_that_breaks_nothing_leaves_no_file),
        cmocka_unit_test(an_event_without_power_ons_is_no_path),
        cmocka_unit_test(the_replay_of_another_path_names_that_path),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
