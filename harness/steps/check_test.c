/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What `check` tells of scenarios that would test nothing, in the language as it is: golden texts. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "bench/bench.h"
#include "bench/target.h"
#include "steps/verbs.h"

#define FOLDER RIG_SOURCE_DIR "/fixtures/check"

/* RIG_GOLDEN_WRITE=1 writes the expected texts anew; look at the difference before it is committed. */
static void compare_golden(const char *name)
{
    g_autofree char *path = g_build_filename(FOLDER, name, NULL);
    g_autofree char *stem = g_strndup(path, strlen(path) - strlen(".yaml"));
    g_autofree char *expected_path = g_strconcat(stem, ".expected", NULL);
    g_autofree char *expected = NULL;
    g_autofree char *shown = NULL;
    g_autoptr(GError) error = NULL;
    struct rig_source *source = rig_source_read(path, &error);
    struct rig_diagnostics diagnostics;

    assert_non_null(source);
    g_free(source->path);
    source->path = g_strdup(name);
    rig_diagnostics_init(&diagnostics);
    if (rig_scenario_from_source(source, rig_language(), &diagnostics))
        fail_msg("%s has no error", name);
    shown = rig_diagnostics_format(&diagnostics, false);
    rig_diagnostics_clear(&diagnostics);
    if (g_getenv("RIG_GOLDEN_WRITE"))
        assert_true(g_file_set_contents(expected_path, shown, -1, NULL));
    assert_true(g_file_get_contents(expected_path, &expected, NULL, NULL));
    if (strcmp(shown, expected) != 0)
        print_error("%s:\n%s", name, shown);
    assert_string_equal(shown, expected);
}

static void scenarios_that_would_test_nothing_get_the_golden_diagnostics(void **state)
{
    g_autoptr(GDir) entries = g_dir_open(FOLDER, 0, NULL);
    guint n_compared = 0;
    const char *name;

    (void)state;
    assert_non_null(entries);
    while ((name = g_dir_read_name(entries))) {
        if (!g_str_has_suffix(name, ".yaml"))
            continue;
        compare_golden(name);
        n_compared++;
    }
    assert_true(n_compared >= 8);
}

static void check_bounds(const struct rig_shape *shape)
{
    for (gsize i = 0; shape && i < shape->n_fields; i++) {
        const struct rig_field *field = &shape->fields[i];
        guint64 max = rig_field_max(field);

        if (field->type == RIG_TYPE_DURATION || field->type == RIG_TYPE_SPAN)
            assert_in_range(max, 1, RIG_MAX_DURATION_US);
        if (field->type == RIG_TYPE_COUNT)
            assert_in_range(max, 1, RIG_MAX_COUNT);
        if (max)
            assert_true(field->min <= max);
        check_bounds(field->shape);
    }
}

static const struct rig_field *field_named(const struct rig_shape *shape, const char *name)
{
    for (gsize i = 0; i < shape->n_fields; i++)
        if (g_str_equal(shape->fields[i].name, name))
            return &shape->fields[i];
    return NULL;
}

/* NULL-terminated values that a field can have at all. */
static void check_values(const struct rig_field *field, const char *const *values)
{
    for (; values && *values; values++) {
        bool number = field->type != RIG_TYPE_CHOICE && g_ascii_isdigit(**values);
        bool flag =
            field->type == RIG_TYPE_FLAG && (g_str_equal(*values, "true") || g_str_equal(*values, "false"));

        if (!number && !flag &&
            !(field->choices && g_strv_contains((const gchar *const *)field->choices, *values)) &&
            field->type != RIG_TYPE_NAME)
            fail_msg("'%s' is never '%s'", field->name, *values);
    }
}

/* A rule that names what there is not would never be broken. */
static void check_rules(const struct rig_shape *shape)
{
    for (const struct rig_rule *rule = shape ? shape->rules : NULL; rule && rule->field; rule++) {
        g_auto(GStrv) path = g_strsplit(rule->other, ".", -1);
        const struct rig_shape *inside = shape;
        const struct rig_field *other = NULL;

        assert_non_null(field_named(shape, rule->field));
        check_values(field_named(shape, rule->field), rule->values);
        for (char **part = path; *part; part++) {
            assert_non_null(inside);
            other = field_named(inside, *part);
            assert_non_null(other);
            inside = other->shape;
        }
        check_values(other, rule->others);
    }
    for (gsize i = 0; shape && i < shape->n_fields; i++)
        check_rules(shape->fields[i].shape);
}

static void every_number_has_bounds_and_every_rule_names_fields_and_values(void **state)
{
    const struct rig_language *language = rig_language();
    const struct rig_shape *const others[] = {&rig_image_plan_shape, &rig_target_shape, &rig_bench_shape};

    (void)state;
    for (gsize i = 0; i < language->n_verbs; i++) {
        check_bounds(language->verbs[i]->shape);
        check_rules(language->verbs[i]->shape);
        assert_in_range(language->verbs[i]->within_us, 1, RIG_MAX_DURATION_US);
    }
    for (gsize i = 0; i < G_N_ELEMENTS(others); i++) {
        check_bounds(others[i]);
        check_rules(others[i]);
    }
}

/* Every field of what steps, images, targets and benches are read by has a member that holds it. */
static void each_field_fits_the_member_that_it_is_bound_to(void **state)
{
    const struct rig_language *language = rig_language();
    const struct rig_shape *const others[] = {&rig_image_plan_shape, &rig_target_shape, &rig_bench_shape};
    g_autofree char *problem = rig_language_problem(language);

    (void)state;
    assert_null(problem);
    for (gsize i = 0; i < language->n_verbs; i++) {
        const struct rig_verb *verb = language->verbs[i];

        /* `require` walks over its own fields. */
        if (verb->shape && verb->shape->n_fields > 0 && !g_str_equal(verb->name, "require"))
            assert_non_null(verb->shape->struct_name);
    }
    for (gsize i = 0; i < G_N_ELEMENTS(others); i++) {
        g_autofree char *fault = rig_shape_problem(others[i]);

        assert_non_null(others[i]->struct_name);
        assert_null(fault);
    }
}

static void a_target_says_nothing_that_its_kind_has_no_use_for(void **state)
{
    struct rig_source *source =
        rig_source_from_text("t.yaml", "kind: simulated\n"
                                       "console: rtt\n"
                                       "chip: nrf52840\n"
                                       "approtect: stays\n"
                                       "options: {swap: move, overwrite-fast: true}\n");
    struct rig_diagnostics diagnostics;
    struct rig_document *document;
    g_autofree char *shown = NULL;

    (void)state;
    rig_diagnostics_init(&diagnostics);
    document = rig_document_parse(source, &diagnostics);
    rig_record_free(rig_record_read(rig_document_root(document), &rig_target_shape, NULL, &diagnostics));
    shown = rig_diagnostics_format(&diagnostics, false);
    assert_non_null(strstr(shown, "2:1: error: 'console' has no effect without 'kind: simulated-process'"));
    assert_non_null(
        strstr(shown, "3:1: error: 'chip' has no effect without 'kind: board or simulated-process'"));
    assert_non_null(strstr(shown, "4:1: error: 'approtect' has no effect without 'kind: simulated-process'"));
    assert_non_null(strstr(shown, "'overwrite-fast' has no effect beside 'swap: move or scratch or offset "));
    rig_document_free(document);
    rig_diagnostics_clear(&diagnostics);
    rig_source_free(source);
}

static void a_removed_key_of_a_target_says_what_to_do(void **state)
{
    struct rig_source *source = rig_source_from_text("t.yaml", "kind: simulated-process\nadapter: st-link\n");
    struct rig_diagnostics diagnostics;
    struct rig_document *document;
    g_autofree char *shown = NULL;

    (void)state;
    rig_diagnostics_init(&diagnostics);
    document = rig_document_parse(source, &diagnostics);
    rig_record_free(rig_record_read(rig_document_root(document), &rig_target_shape, NULL, &diagnostics));
    shown = rig_diagnostics_format(&diagnostics, false);
    assert_non_null(strstr(shown, "2:1: error: 'target' has no 'adapter'"));
    assert_non_null(strstr(shown, "take it out: openocd always reaches the simulated board"));
    rig_document_free(document);
    rig_diagnostics_clear(&diagnostics);
    rig_source_free(source);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(scenarios_that_would_test_nothing_get_the_golden_diagnostics),
        cmocka_unit_test(a_target_says_nothing_that_its_kind_has_no_use_for),
        cmocka_unit_test(a_removed_key_of_a_target_says_what_to_do),
        cmocka_unit_test(each_field_fits_the_member_that_it_is_bound_to),
        cmocka_unit_test(every_number_has_bounds_and_every_rule_names_fields_and_values),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
