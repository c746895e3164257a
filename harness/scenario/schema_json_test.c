/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The JSON Schema and the reference: a real validator takes the schema, and agrees with the loader about
 * samples. Samples are JSON, which is YAML as well, so that one text goes to both. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>
#include <glib/gstdio.h>

#include "scenario/small_language.h"

struct sample {
    const char *text;
    bool is_good;
};

#define FILE_WITH(steps)                                                                                     \
    "{\"scenario\": \"s\", \"images\": {\"new\": \"1.0.0\"}, \"setup\": [{\"upload\": \"new\"}], "           \
    "\"steps\": [" steps "]}"
#define IMAGE_WITH(fields)                                                                                   \
    "{\"scenario\": \"s\", \"images\": {\"new\": {" fields "}}, \"steps\": [{\"upload\": \"new\"}]}"

static const struct sample samples[] = {
    {FILE_WITH("{\"reset\": {}}"), true},
    {FILE_WITH("{\"reset\": {\"within\": \"5s\"}}"), true},
    {FILE_WITH("{\"upload\": \"new\"}"), true},
    {FILE_WITH("{\"upload\": {\"image\": \"new\", \"chunk\": \"1KiB\"}}"), true},
    {FILE_WITH("{\"expect-boot\": {\"image\": [\"new\", \"none\"], \"within\": \"1.5s\"}}"), true},
    {FILE_WITH("{\"with-faults\": [{\"drop\": {\"chunk\": \"middle\"}}, {\"delay\": {\"by\": \"3s\"}}], "
               "\"do\": [{\"reset\": {}}]}"),
     true},
    {FILE_WITH("{\"each-power-cut\": {\"during\": {\"reset\": {}}, \"then\": [{\"reset\": {}}]}}"), true},
    {FILE_WITH("{\"types\": {\"flag\": true, \"count\": 7, \"any-count\": \"0x10\", \"integer\": -3, "
               "\"address\": \"12:34:56:11:22:33\","
               " \"hex\": \"0a 00\", \"version\": \"1.10\", \"place\": \"last\", \"counts\": [1, 2], "
               "\"probability\": \"5%\"}}"),
     true},
    {"{\"scenario\": \"s\", \"matrix\": {\"n\": [1, 2]}, \"cases\": [{\"c\": \"x\", \"name\": \"row\"}],"
     " \"steps\": [{\"types\": {\"count\": \"$n\", \"text\": \"$c\"}}, {\"when\": {\"n\": [1]}, \"do\": "
     "[{\"reset\": {}}]}]}",
     true},
    {"{\"scenario\": \"s\", \"images\": {\"a\": {\"size\": \"112KiB\", \"damage\": [\"flip-tlv\", {\"kind\": "
     "\"truncate\", \"at\": 4}],"
     " \"depends-on\": [{\"image\": 1, \"version\": \"1.0.0\"}]}}, \"tags\": [\"a\"], \"needs\": \"smp\", "
     "\"steps\": [{\"upload\": \"a\"}]}",
     true},
    {IMAGE_WITH("\"behaviour\": \"hangs\", \"watchdog\": \"2s\""), true},
    {IMAGE_WITH("\"watchdog\": 0, \"damage\": []"), true},
    {IMAGE_WITH("\"watchdog\": \"2s\""), false},
    {IMAGE_WITH("\"behaviour\": \"crashes\", \"watchdog\": \"2s\""), false},
    {IMAGE_WITH("\"file\": \"a.bin\", \"image\": 1"), true},
    {IMAGE_WITH("\"file\": \"a.bin\", \"size\": \"4KiB\""), false},
    {IMAGE_WITH("\"file\": \"a.bin\", \"pad\": true"), false},
    {IMAGE_WITH("\"sign\": \"none\", \"key\": \"stranger\""), false},
    {FILE_WITH("{\"each-power-cut\": {\"during\": []}}"), false},
    {FILE_WITH("{\"types\": {\"counts\": []}}"), false},
    {FILE_WITH("{\"types\": {\"any-count\": 4294967296}}"), false},
    {FILE_WITH("{\"types\": {\"size\": \"0x4000\"}}"), true},
    {FILE_WITH("{\"reset\": {\"within\": \"5\"}}"), false},
    {FILE_WITH("{\"reset\": {\"within\": 20}}"), false},
    {FILE_WITH("{\"reset\": null, \"upload\": \"new\"}"), false},
    {FILE_WITH("{\"reboot\": {}}"), false},
    {FILE_WITH("\"reset\""), false},
    {FILE_WITH("{\"upload\": {\"chunk\": \"1KiB\"}}"), false},
    {FILE_WITH("{\"upload\": {\"image\": \"new\", \"chunk\": \"1KB\"}}"), false},
    {FILE_WITH("{\"upload\": {\"image\": \"new\", \"speed\": 1}}"), false},
    {FILE_WITH("{\"with-faults\": [{\"drop\": {}}]}"), false},
    {FILE_WITH("{\"with-faults\": [{\"drop\": {}, \"delay\": {}}], \"do\": [{\"reset\": {}}]}"), false},
    {FILE_WITH("{\"types\": {\"count\": -1}}"), false},
    {FILE_WITH("{\"types\": {\"flag\": \"yes\"}}"), false},
    {FILE_WITH("{\"types\": {\"probability\": \"5 %\"}}"), false},
    {FILE_WITH("{\"mark\": {\"as\": \"tset\"}}"), false},
    {"{\"scenario\": \"s\"}", false},
    {"{\"steps\": [{\"reset\": {}}]}", false},
    {"{\"scenario\": \"s\", \"step\": [], \"steps\": [{\"reset\": {}}]}", false},
    {"{\"scenario\": \"s\", \"needs\": [\"smb\"], \"steps\": [{\"reset\": {}}]}", false},
    {"{\"scenario\": \"s\", \"images\": {\"a\": {\"sign\": \"rsa\"}}, \"steps\": [{\"reset\": {}}]}", false},
    {"{\"scenario\": \"s\", \"matrix\": {\"n\": 1}, \"steps\": [{\"types\": {\"count\": \"$n\"}}]}", false},
};

static bool loader_accepts(const char *text)
{
    struct rig_diagnostics diagnostics;
    g_autoptr(rig_scenario) scenario = NULL;

    rig_diagnostics_init(&diagnostics);
    scenario = rig_scenario_from_source(rig_source_from_text("s.json", text), &small_language, &diagnostics);
    rig_diagnostics_clear(&diagnostics);
    return scenario != NULL;
}

static void the_loader_judges_the_samples_as_expected(void **state)
{
    (void)state;
    for (gsize i = 0; i < G_N_ELEMENTS(samples); i++) {
        if (loader_accepts(samples[i].text) != samples[i].is_good)
            print_error("%s\n", samples[i].text);
        assert_int_equal(loader_accepts(samples[i].text), samples[i].is_good);
    }
}

/* Fills output; false when it could not run or ended with an error. */
static bool run_python(const char *program, const char *argument, char **output)
{
    const char *argv[] = {"python3", "-W", "ignore", "-c", program, argument, NULL};
    gint status = 0;

    return g_spawn_sync(NULL, (char **)argv, NULL, G_SPAWN_SEARCH_PATH, NULL, NULL, output, NULL, &status,
                        NULL) &&
           g_spawn_check_wait_status(status, NULL);
}

static const char validator[] = "import json, sys, os\n"
                                "from jsonschema import Draft202012Validator as V\n"
                                "d = sys.argv[1]\n"
                                "s = json.load(open(os.path.join(d, 'schema')))\n"
                                "V.check_schema(s)\n"
                                "v = V(s)\n"
                                "n = len(os.listdir(d)) - 1\n"
                                "print(''.join('+' if v.is_valid(json.load(open(os.path.join(d, str(i))))) "
                                "else '-' for i in range(n)), end='')\n";

static void write_file(const char *directory, const char *name, const char *text)
{
    g_autofree char *path = g_build_filename(directory, name, NULL);

    assert_true(g_file_set_contents(path, text, -1, NULL));
}

static void remove_file(const char *directory, const char *name)
{
    g_autofree char *path = g_build_filename(directory, name, NULL);

    g_remove(path);
}

static void a_real_validator_agrees_with_the_loader(void **state)
{
    g_autofree char *directory = g_dir_make_tmp("rig-schema-XXXXXX", NULL);
    g_autofree char *schema = rig_schema_json(&small_language);
    g_autofree char *output = NULL;
    bool has_run;

    (void)state;
    if (!run_python("import jsonschema", "", NULL)) {
        print_message("python3-jsonschema is not installed\n");
        g_rmdir(directory);
        skip();
    }
    write_file(directory, "schema", schema);
    for (gsize i = 0; i < G_N_ELEMENTS(samples); i++) {
        g_autofree char *name = g_strdup_printf("%zu", i);

        write_file(directory, name, samples[i].text);
    }
    has_run = run_python(validator, directory, &output);
    for (gsize i = 0; i < G_N_ELEMENTS(samples); i++) {
        g_autofree char *name = g_strdup_printf("%zu", i);

        remove_file(directory, name);
    }
    remove_file(directory, "schema");
    g_rmdir(directory);
    assert_true(has_run);
    assert_int_equal(strlen(output), G_N_ELEMENTS(samples));
    for (gsize i = 0; i < G_N_ELEMENTS(samples); i++) {
        if ((output[i] == '+') != samples[i].is_good)
            print_error("%s\n", samples[i].text);
        assert_int_equal(output[i] == '+', samples[i].is_good);
    }
}

static void the_markdown_reference_has_every_verb_and_field(void **state)
{
    g_autofree char *page = rig_reference_markdown(&small_language);

    (void)state;
    for (gsize i = 0; i < small_language.n_verbs; i++) {
        g_autofree char *heading = g_strdup_printf("### %s\n", small_language.verbs[i]->name);

        assert_non_null(strstr(page, heading));
        assert_non_null(strstr(page, small_language.verbs[i]->example));
    }
    assert_non_null(strstr(page, "### when\n"));
    assert_non_null(strstr(page, "## Steps: update\n"));
    assert_non_null(strstr(page, "| `chunk` | size, 1B to 64KiB | 128B | Bytes of each chunk. |\n"));
    assert_non_null(
        strstr(page, "| `image` | list of image, or none, whatever | (required) | Any of these. |\n"));
    assert_non_null(strstr(page, "| `as` | one of: test, permanent, off, no | test |"));
    assert_non_null(strstr(page, "| `within` | duration | 1min | The step's deadline. |\n"));
    assert_non_null(strstr(page, "### where\n"));
    assert_non_null(strstr(page, "`upload: value` is short for `upload: {image: value}`."));
}

static void the_text_reference_lists_verbs_and_tells_one(void **state)
{
    g_autofree char *list = rig_reference_text(&small_language, NULL);
    g_autofree char *one = rig_reference_text(&small_language, "with-faults");
    g_autofree char *none = rig_reference_text(&small_language, "with-fault");

    (void)state;
    assert_non_null(strstr(list, "update:\n  upload               Sends an image.\n"));
    assert_non_null(strstr(list, "  when "));
    assert_non_null(strstr(one, "holds steps in 'do:'"));
    assert_non_null(strstr(one, "probability"));
    assert_null(none);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_loader_judges_the_samples_as_expected),
        cmocka_unit_test(a_real_validator_agrees_with_the_loader),
        cmocka_unit_test(the_markdown_reference_has_every_verb_and_field),
        cmocka_unit_test(the_text_reference_lists_verbs_and_tells_one),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
