/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Scenario files as a model: heads, cases, names, variables, when, images, needs, sharing. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>
#include <glib/gstdio.h>
#include <unistd.h>

#include "base/file.h"
#include "scenario/small_language.h"

static struct rig_scenario *load(const char *text)
{
    struct rig_diagnostics diagnostics;
    struct rig_scenario *scenario;

    rig_diagnostics_init(&diagnostics);
    scenario = rig_scenario_from_source(rig_source_from_text("my.yaml", text), &small_language, &diagnostics);
    if (!scenario) {
        g_autofree char *shown = rig_diagnostics_format(&diagnostics, false);

        print_error("%s", shown);
    }
    rig_diagnostics_clear(&diagnostics);
    assert_non_null(scenario);
    return scenario;
}

static void assert_refused(const char *text, const char *expected)
{
    struct rig_diagnostics diagnostics;
    g_autoptr(rig_scenario) scenario = NULL;
    g_autofree char *shown = NULL;

    rig_diagnostics_init(&diagnostics);
    scenario = rig_scenario_from_source(rig_source_from_text("my.yaml", text), &small_language, &diagnostics);
    shown = rig_diagnostics_format(&diagnostics, false);
    rig_diagnostics_clear(&diagnostics);
    if (!strstr(shown, expected))
        print_error("wanted: %s\ngot:\n%s", expected, shown);
    assert_null(scenario);
    assert_non_null(strstr(shown, expected));
}

static const struct rig_case *case_of(const struct rig_scenario *scenario, guint i)
{
    assert_true(i < scenario->cases->len);
    return g_ptr_array_index(scenario->cases, i);
}

static const struct rig_step *step_of(const struct rig_case *one, guint i)
{
    assert_true(i < one->steps->len);
    return g_ptr_array_index(one->steps, i);
}

static void a_simple_scenario_has_one_case_with_typed_steps(void **state)
{
    g_autoptr(rig_scenario) scenario = load("scenario: simple\n"
                                            "about: A sentence.\n"
                                            "tags: [a, b]\n"
                                            "images: {new: 2.0.0}\n"
                                            "steps:\n"
                                            "  - upload: {image: new, chunk: 1KiB, within: 3s}\n"
                                            "  - reset:\n");
    const struct rig_case *one = case_of(scenario, 0);

    (void)state;
    assert_int_equal(scenario->cases->len, 1);
    assert_string_equal(one->name, "simple");
    assert_string_equal(scenario->about, "A sentence.");
    assert_string_equal(scenario->tags[1], "b");
    assert_int_equal(one->steps->len, 2);
    assert_string_equal(step_of(one, 0)->verb->name, "upload");
    assert_string_equal(small_text(step_of(one, 0)->arguments, "image"), "new");
    assert_int_equal(small_count(step_of(one, 0)->arguments, "chunk"), 1024);
    assert_string_equal(small_text(step_of(one, 0)->arguments, "expect"), "ok");
    assert_int_equal(step_of(one, 0)->within_us, 3000000);
    assert_true(step_of(one, 0)->within_written);
    assert_string_equal(step_of(one, 0)->text, "upload: {image: new, chunk: 1KiB, within: 3s}");
    assert_int_equal(step_of(one, 0)->at.line, 6);
    assert_int_equal(step_of(one, 0)->at.column, 5);
    assert_int_equal(step_of(one, 1)->within_us, 5000000);
    assert_false(step_of(one, 1)->within_written);
    assert_string_equal(step_of(one, 1)->text, "reset:");
}

static const struct rig_image_spec *image_of(const struct rig_case *one, guint i)
{
    return ((const struct rig_image_plan *)g_ptr_array_index(one->images, i))->spec;
}

static void images_have_the_defaults_of_their_shape(void **state)
{
    g_autoptr(rig_scenario) scenario =
        load("scenario: s\n"
             "images:\n"
             "  a: 1.10\n"
             "  b: {size: 112KiB, sign: none, damage: [flip-tlv, {kind: truncate, at: 7}]}\n"
             "  c:\n"
             "steps: [expect-boot: [a, b, c]]\n");
    const struct rig_case *one = case_of(scenario, 0);
    const struct rig_image_spec *a = image_of(one, 0);
    const struct rig_image_spec *b = image_of(one, 1);
    const struct rig_image_spec *c = image_of(one, 2);

    (void)state;
    assert_int_equal(a->version.minor, 10);
    assert_string_equal(a->sign, "target");
    assert_int_equal(b->payload_bytes, 112 * 1024);
    assert_string_equal(b->sign, "none");
    assert_string_equal(b->damages[0]->kind, "flip-tlv");
    assert_null(b->damages[0]->at);
    assert_string_equal(b->damages[1]->kind, "truncate");
    assert_int_equal(*b->damages[1]->at, 7);
    assert_null(b->damages[2]);
    assert_int_equal(c->version.major, 1);
    assert_string_equal(c->behaviour->text, "waits");
    assert_null(c->behaviour->node);
    assert_null(c->seed);
}

static void a_matrix_is_a_cross_product_in_the_order_of_the_file(void **state)
{
    g_autoptr(rig_scenario) scenario = load("scenario: m\n"
                                            "matrix: {as: [test, permanent], n: [1, 2, 3]}\n"
                                            "images: {new: 1.0.0}\n"
                                            "steps:\n"
                                            "  - mark: {image: new, as: $as}\n"
                                            "  - types: {count: $n, text: 'number $n of ${as}!'}\n");

    (void)state;
    assert_int_equal(scenario->cases->len, 6);
    assert_string_equal(case_of(scenario, 0)->name, "m[as=test,n=1]");
    assert_string_equal(case_of(scenario, 1)->name, "m[as=test,n=2]");
    assert_string_equal(case_of(scenario, 5)->name, "m[as=permanent,n=3]");
    assert_string_equal(small_text(step_of(case_of(scenario, 5), 0)->arguments, "as"), "permanent");
    assert_int_equal(small_count(step_of(case_of(scenario, 5), 1)->arguments, "count"), 3);
    assert_string_equal(small_text(step_of(case_of(scenario, 5), 1)->arguments, "text"),
                        "number 3 of permanent!");
    assert_string_equal(step_of(case_of(scenario, 5), 0)->text, "mark: {image: new, as: permanent}");
}

static void map_values_get_short_labels(void **state)
{
    g_autoptr(rig_scenario) scenario = load("scenario: drop\n"
                                            "matrix:\n"
                                            "  fault:\n"
                                            "    - {drop: {chunk: 0}}\n"
                                            "    - {drop: {chunk: middle}}\n"
                                            "    - {drop: {probability: 5%}}\n"
                                            "    - {delay: {chunk: 7, by: 3s}}\n"
                                            "steps:\n"
                                            "  - with-faults: [$fault]\n"
                                            "    do: [{reset: }]\n");
    const struct rig_step *step = step_of(case_of(scenario, 2), 0);
    const struct rig_value *faults = rig_record_get(step->arguments, "faults");
    const struct rig_value *drop = NULL;
    const struct rig_field *kind;

    (void)state;
    assert_string_equal(case_of(scenario, 0)->name, "drop[fault=drop-chunk-0]");
    assert_string_equal(case_of(scenario, 1)->name, "drop[fault=drop-chunk-middle]");
    assert_string_equal(case_of(scenario, 2)->name, "drop[fault=drop-probability-5%]");
    assert_string_equal(case_of(scenario, 3)->name, "drop[fault=delay-chunk-7+by-3s]");
    assert_int_equal(step->block->len, 1);
    kind = rig_record_variant(((struct rig_value *)g_ptr_array_index(faults->items, 0))->record, &drop);
    assert_string_equal(kind->name, "drop");
    assert_true(rig_record_get(drop->record, "probability")->probability == 0.05);
    assert_string_equal(step->text, "with-faults: [{drop: {probability: 5%}}]");
}

static void names_stay_unique_and_plain(void **state)
{
    g_autoptr(rig_scenario) scenario = load("scenario: n\n"
                                            "matrix: {t: [a b, a/b, '', \"\xc3\xa4\", a b]}\n"
                                            "steps: [types: $t]\n");

    (void)state;
    assert_string_equal(case_of(scenario, 0)->name, "n[t=a-b]");
    assert_string_equal(case_of(scenario, 1)->name, "n[t=a-b~2]");
    assert_string_equal(case_of(scenario, 2)->name, "n[t=empty]");
    assert_string_equal(case_of(scenario, 3)->name, "n[t=-]");
    assert_string_equal(case_of(scenario, 4)->name, "n[t=a-b~3]");
}

static void rows_of_cases_are_innermost_and_may_have_names(void **state)
{
    g_autoptr(rig_scenario) scenario = load("scenario: c\n"
                                            "matrix: {as: [test, permanent]}\n"
                                            "cases:\n"
                                            "  - {name: small one, size: 1KiB}\n"
                                            "  - {size: 2KiB}\n"
                                            "steps: [{mark: {as: $as}}, {types: {size: $size}}]\n");

    (void)state;
    assert_int_equal(scenario->cases->len, 4);
    assert_string_equal(case_of(scenario, 0)->name, "c[as=test,small-one]");
    assert_string_equal(case_of(scenario, 1)->name, "c[as=test,size=2KiB]");
    assert_string_equal(case_of(scenario, 2)->name, "c[as=permanent,small-one]");
    assert_int_equal(small_count(step_of(case_of(scenario, 3), 1)->arguments, "size"), 2048);
}

static void when_leaves_only_the_steps_that_apply(void **state)
{
    g_autoptr(rig_scenario) scenario = load("scenario: w\n"
                                            "matrix: {keys: [kept, lost], off: [on, off, no]}\n"
                                            "steps:\n"
                                            "  - when: {keys: lost, off: [off, no]}\n"
                                            "    do:\n"
                                            "      - types: {text: inside}\n"
                                            "      - when: {off: no}\n"
                                            "        do: [{types: deeper}]\n"
                                            "  - reset:\n");

    (void)state;
    assert_int_equal(case_of(scenario, 0)->steps->len, 1);
    assert_int_equal(case_of(scenario, 3)->steps->len, 1);
    assert_int_equal(case_of(scenario, 4)->steps->len, 2);
    assert_int_equal(case_of(scenario, 5)->steps->len, 3);
    assert_string_equal(small_text(step_of(case_of(scenario, 5), 1)->arguments, "text"), "deeper");
    assert_string_equal(step_of(case_of(scenario, 5), 2)->verb->name, "reset");
}

static void when_may_name_a_map_by_its_label(void **state)
{
    g_autoptr(rig_scenario) scenario = load("scenario: w\n"
                                            "matrix: {fault: [{drop: {chunk: 0}}, {drop: {chunk: 1}}]}\n"
                                            "steps:\n"
                                            "  - when: {fault: drop-chunk-1}\n"
                                            "    do: [{reset: }]\n"
                                            "  - types: {fault: $fault}\n");

    (void)state;
    assert_int_equal(case_of(scenario, 0)->steps->len, 1);
    assert_int_equal(case_of(scenario, 1)->steps->len, 2);
}

static void mistakes_show_in_a_when_that_never_applies(void **state)
{
    static const char text[] = "scenario: w\nmatrix: {a: [x, y]}\nsteps:\n"
                               "  - types: $a\n"
                               "  - when: {a: x}\n    do:\n      - when: {a: y}\n        do: [{rest: }]\n";

    (void)state;
    assert_refused(text, "my.yaml:8:15: error: there is no step 'rest'");
    assert_refused(text, "did you mean 'reset'?");
    assert_refused("scenario: w\nmatrix: {a: [x, y]}\nsteps:\n  - when: {a: z}\n    do: [{reset: }]\n",
                   "'a' is never 'z'");
    assert_refused("scenario: w\nmatrix: {abc: [x, y]}\nsteps:\n  - types: $abc\n  - when: {abd: x}\n    do: "
                   "[{reset: }]\n",
                   "there is no variable 'abd'");
    assert_refused("scenario: w\nmatrix: {a: [x, y]}\nsteps:\n  - when: {a: x}\n",
                   "'when' needs its steps in 'do'");
    assert_refused(
        "scenario: w\nmatrix: {a: [x, y]}\nsteps:\n  - types: $a\n  - when: x\n    do: [{reset: }]\n",
        "'when' wants a map of variables and values");
}

static void values_that_do_not_apply_are_not_judged(void **state)
{
    g_autoptr(rig_scenario) scenario = load("scenario: w\n"
                                            "matrix: {n: [1, many]}\n"
                                            "steps:\n"
                                            "  - reset:\n"
                                            "  - when: {n: 1}\n"
                                            "    do: [{types: {count: $n}}]\n");

    (void)state;
    assert_int_equal(case_of(scenario, 0)->steps->len, 2);
    assert_int_equal(case_of(scenario, 1)->steps->len, 1);
}

static void constants_may_hold_other_variables(void **state)
{
    g_autoptr(rig_scenario) scenario = load("scenario: v\n"
                                            "vars:\n"
                                            "  greeting: hello $who$$\n"
                                            "  fault: {drop: {chunk: $n}}\n"
                                            "  n: 7\n"
                                            "matrix: {who: [you, me]}\n"
                                            "steps: [{types: {text: \"<$greeting>\", fault: $fault}}]\n");
    const struct rig_step *step = step_of(case_of(scenario, 1), 0);
    const struct rig_value *drop = NULL;

    (void)state;
    assert_string_equal(small_text(step->arguments, "text"), "<hello me$>");
    rig_record_variant(rig_record_get(step->arguments, "fault")->record, &drop);
    assert_int_equal(small_count(drop->record, "chunk"), 7);
    assert_string_equal(case_of(scenario, 1)->name, "v[who=me]");
}

static void a_variable_may_hold_steps(void **state)
{
    g_autoptr(rig_scenario) scenario = load("scenario: v\n"
                                            "vars: {twice: [{reset: }, {reset: }], once: {reset: }}\n"
                                            "steps:\n"
                                            "  - each-power-cut: {during: $twice, then: $once}\n"
                                            "  - $once\n");
    const struct rig_step *step = step_of(case_of(scenario, 0), 0);

    (void)state;
    assert_int_equal(rig_record_get(step->arguments, "during")->steps->len, 2);
    assert_int_equal(rig_record_get(step->arguments, "then")->steps->len, 1);
    assert_string_equal(step_of(case_of(scenario, 0), 1)->verb->name, "reset");
}

static void a_wrong_value_is_told_where_the_variable_is_used(void **state)
{
    (void)state;
    assert_refused("scenario: v\nmatrix: {n: [1, many]}\nsteps:\n  - types: {count: $n}\n",
                   "my.yaml:4:20: error: 'count' wants a whole number (in $n, written on line 2)\n"
                   "   4 |   - types: {count: $n}\n"
                   "     |                    ^^\n");
}

static void variables_that_are_wrong_are_refused(void **state)
{
    (void)state;
    assert_refused("scenario: v\nsteps: [{types: $nix}]\n", "there is no variable 'nix'");
    assert_refused("scenario: v\nvars: {nice: 1}\nsteps: [{types: a $nic b}]\n", "did you mean '$nice'?");
    assert_refused("scenario: v\nvars: {swap: 1}\nsteps: [{types: $swap-mode}]\n",
                   "did you mean \"${swap}-mode\"?");
    assert_refused("scenario: v\nsteps: [{types: costs 5 $}]\n", "write '$$' for a dollar");
    assert_refused("scenario: v\nmatrix: {x: [1, 2]}\nsteps: [{reset: }]\n",
                   "matrix variable 'x' is never used");
    assert_refused("scenario: v\ncases: [{x: 1}]\nsteps: [{reset: }]\n", "case variable 'x' is never used");
    assert_refused("scenario: v\nvars: {a: $b, b: [x, $a]}\nsteps: [{types: $a}]\n", "stands for itself");
    assert_refused("scenario: v\nvars: {a: $a}\nsteps: [{types: $a}]\n",
                   "variable 'a' stands for itself, by way of '$a'");
    assert_refused("scenario: v\nvars: {a: [1]}\nsteps: [{types: x$a}]\n",
                   "is a list, which cannot be a part of a text");
    assert_refused("scenario: v\nvars: {a: 1}\nmatrix: {a: [1]}\nsteps: [{types: $a}]\n",
                   "there are two variables 'a'");
    assert_refused("scenario: v\nvars: {1a: 1}\nsteps: [{reset: }]\n", "cannot be the name of a variable");
    assert_refused("scenario: v\nmatrix: {a: 1}\nsteps: [{types: $a}]\n",
                   "matrix variable 'a' wants a list of values");
    assert_refused("scenario: v\nmatrix: {a: []}\nsteps: [{types: $a}]\n",
                   "matrix variable 'a' wants a list of values");
    assert_refused("scenario: v\ncases: [{a: 1}, {b: 1}]\nsteps: [{types: $a}]\n", "this case has no 'a'");
    assert_refused("scenario: v\ncases: [{a: 1}, {b: 1}]\nsteps: [{types: $a}]\n",
                   "the first case has no 'b'");
    assert_refused("scenario: v\ncases: 5\nsteps: [{reset: }]\n", "'cases' wants a list");
}

static void cases_and_values_are_bounded(void **state)
{
    g_autoptr(GString) vars =
        g_string_new("scenario: b\nvars:\n  a0: [{reset: }, {reset: }, {reset: }]\n  t0: ''\n");
    g_autoptr(GString) row = g_string_new("[0");

    (void)state;
    for (int i = 1; i < 30; i++)
        g_string_append_printf(vars, "  a%d: [$a%d, $a%d, $a%d]\n  t%d: $t%d$t%d\n", i, i - 1, i - 1, i - 1,
                               i, i - 1, i - 1);
    g_string_append(vars, "steps: [{types: $t29}, {types: {counts: $a29}}]\n");
    assert_refused(vars->str, "too large: more than 1000000 values");
    for (int i = 1; i < 101; i++)
        g_string_append_printf(row, ",%d", i);
    g_string_assign(vars, "scenario: b\n");
    g_string_append_printf(vars, "matrix: {a: %s], b: %s]}\nsteps: [{types: $a$b}]\n", row->str, row->str);
    assert_refused(vars->str, "more than 10000 cases");
}

static void steps_that_are_wrong_are_refused(void **state)
{
    (void)state;
    assert_refused("scenario: s\nsteps:\n  - reset\n", "did you mean 'reset:'?");
    assert_refused("scenario: s\nsteps:\n  - [reset]\n", "this is not a step");
    assert_refused("scenario: s\nsteps:\n  - {}\n", "this is not a step");
    assert_refused("scenario: s\nsteps:\n  -\n", "this is not a step");
    assert_refused("scenario: s\nsteps:\n  - reset:\n    upload: x\n",
                   "two verbs in one step: 'reset' and 'upload'");
    assert_refused("scenario: s\nsteps:\n  - resett:\n", "did you mean 'reset'?");
    assert_refused("scenario: s\nsteps:\n  - reset: 5\n", "'reset' takes no value");
    assert_refused("scenario: s\nsteps:\n  - mark: test\n", "'mark' wants a map of its fields");
    assert_refused("scenario: s\nsteps:\n  - mark:\n    as: test\n", "indent it below 'mark:'");
    assert_refused("scenario: s\nsteps:\n  - with-faults: [{drop: }]\n",
                   "'with-faults' needs its steps in 'do'");
    assert_refused("scenario: s\nsteps:\n  - reset:\n    do: [{reset: }]\n",
                   "'do' does not belong beside 'reset'");
    assert_refused("scenario: s\nsteps:\n  - reset: {within: 20}\n", "'within' wants a duration with a unit");
    assert_refused("scenario: s\nsteps:\n  - reset: {within: 0}\n", "'within' must be at least 1us");
    assert_refused("scenario: s\nsteps:\n  - reset: {wihtin: 2s}\n", "did you mean 'within'?");
    assert_refused("scenario: s\nsteps:\n  - upload: {chunk: 5B}\n", "'upload' needs 'image'");
    assert_refused("scenario: s\nsteps:\n  - upload:\n", "'upload' needs 'image'");
    assert_refused("scenario: s\nimages: {good: 1.0.0}\nsteps:\n  - upload: goood\n",
                   "there is no image 'goood'");
    assert_refused("scenario: s\nsteps: []\n", "'steps' is empty");
    assert_refused("scenario: s\nsteps:\n", "'steps' is empty");
    assert_refused("scenario: s\nstep: [{reset: }]\n", "did you mean 'steps'?");
    assert_refused("steps: [{reset: }]\n", "'scenario file' needs 'scenario'");
    assert_refused("scenario: s\nneeds: [smb]\nsteps: [{reset: }]\n", "did you mean 'smp'?");
    assert_refused("scenario: s\nretries: 11\nsteps: [{reset: }]\n", "'retries' must be at most 10");
    assert_refused("scenario: s\nimages: {none: 1.0.0}\nsteps: [{reset: }]\n", "'none' cannot name an image");
    assert_refused("scenario: s\nimages: {whatever: 1.0.0}\nsteps: [{expect-boot: whatever}]\n",
                   "'whatever' is a word of 'image' and also the name of an image");
    assert_refused("- a\n- b\n", "'scenario file' wants a map of its fields");
}

static void needs_are_written_ones_and_those_of_the_verbs(void **state)
{
    g_autoptr(rig_scenario) scenario = load("scenario: s\n"
                                            "needs: [power-cut-at-operation, smp]\n"
                                            "steps: [{each-power-cut: {during: {reset: }}}]\n");
    static const char *const expected[] = {"bonding", "power-cut-at-operation", "smp", NULL};

    (void)state;
    assert_true(g_strv_equal((const char *const *)scenario->needs, expected));
}

static void keywords_stand_beside_images(void **state)
{
    g_autoptr(rig_scenario) scenario =
        load("scenario: s\nimages: {a: 1.0.0}\nsteps: [{expect-boot: [a, none]}]\n");
    const struct rig_value *images = rig_record_get(step_of(case_of(scenario, 0), 0)->arguments, "image");
    const struct rig_value *a = g_ptr_array_index(images->items, 0);
    const struct rig_value *none = g_ptr_array_index(images->items, 1);

    (void)state;
    assert_null(a->keyword);
    assert_string_equal(a->text, "a");
    assert_string_equal(none->keyword, "none");
    assert_int_equal(step_of(case_of(scenario, 0), 0)->within_us, 20000000);
    assert_false(step_of(case_of(scenario, 0), 0)->within_written);
}

static void cases_share_what_no_variable_reaches(void **state)
{
    g_autoptr(rig_scenario) scenario =
        load("scenario: s\nmatrix: {n: [1, 2]}\nimages: {a: 1.0.0, b: 1.0.$n}\n"
             "steps: [{expect-boot: [a, b]}, {types: {count: $n}}]\n");
    const struct rig_case *one = case_of(scenario, 0);
    const struct rig_case *two = case_of(scenario, 1);

    (void)state;
    assert_ptr_equal(step_of(one, 0), step_of(two, 0));
    assert_ptr_not_equal(step_of(one, 1), step_of(two, 1));
    assert_ptr_equal(one->images->pdata[0], two->images->pdata[0]);
    assert_ptr_not_equal(one->images->pdata[1], two->images->pdata[1]);
}

static void an_alias_may_stand_for_a_step_or_an_image(void **state)
{
    g_autoptr(rig_scenario) scenario = load("scenario: s\nimages: {a: &i {size: 1KiB}, b: *i}\n"
                                            "setup: [&r {expect-boot: [a, b]}]\nsteps: [*r, *r]\n");
    const struct rig_image_plan *b = g_ptr_array_index(case_of(scenario, 0)->images, 1);

    (void)state;
    assert_int_equal(case_of(scenario, 0)->steps->len, 2);
    assert_string_equal(b->name, "b");
    assert_int_equal(b->spec->payload_bytes, 1024);
}

static void a_long_step_is_cut_in_its_text(void **state)
{
    g_autofree char *a = g_strnfill(500, 'a');
    g_autofree char *text = g_strdup_printf("scenario: s\nsteps:\n  - types: %s\n", a);
    g_autoptr(rig_scenario) scenario = load(text);

    (void)state;
    assert_int_equal(g_utf8_strlen(step_of(case_of(scenario, 0), 0)->text, -1), 120);
    assert_true(g_str_has_suffix(step_of(case_of(scenario, 0), 0)->text, "..."));
}

/* 50 KB of YAML that would become 180 MB of texts; by few values. */
static void long_texts_in_many_cases_are_refused_before_they_are_large(void **state)
{
    g_autofree char *value = g_strnfill(30000, 'y');
    g_autoptr(GString) text = g_string_new("scenario: s\nmatrix:\n  c: [v0, v1, v2]\n");

    (void)state;
    g_string_append_printf(text, "  b: [%s]\nsteps:\n", value);
    for (guint i = 0; i < 1000; i++)
        g_string_append(text, "  - types: \"$c $b$b\"\n");
    assert_refused(text->str, "too large: more than 1000000 values");
}

static void touch(const char *directory, const char *name)
{
    g_autofree char *path = g_build_filename(directory, name, NULL);
    g_autofree char *parent = g_path_get_dirname(path);

    assert_int_equal(g_mkdir_with_parents(parent, 0700), 0);
    assert_true(g_file_set_contents(path, "scenario: s\nsteps: [{reset: }]\n", -1, NULL));
}

static void files_are_found_in_byte_order_and_loops_end(void **state)
{
    static const char *const names[] = {
        "b.yaml", "a/z.yml", "a/selftest/no.yaml", ".hidden/no.yaml", "a/.no.yaml", "a/x.txt", "B.yaml"};
    g_autofree char *root = g_dir_make_tmp("rig-find-XXXXXX", NULL);
    g_autofree char *loop = g_build_filename(root, "a", "loop", NULL);
    g_autofree char *selftest = g_build_filename(root, "a", "selftest", NULL);
    g_autofree char *missing = g_build_filename(root, "missing", NULL);
    g_autoptr(GPtrArray) found = NULL;
    g_autoptr(GPtrArray) inside = NULL;
    g_autoptr(GPtrArray) nothing = NULL;
    g_autoptr(GError) error = NULL;

    (void)state;
    for (gsize i = 0; i < G_N_ELEMENTS(names); i++)
        touch(root, names[i]);
    assert_int_equal(symlink("..", loop), 0);
    found = rig_scenario_find(root, NULL);
    inside = rig_scenario_find(selftest, NULL);
    nothing = rig_scenario_find(missing, &error);
    rig_tree_remove(root);
    assert_non_null(found);
    assert_int_equal(found->len, 3);
    assert_true(g_str_has_suffix(found->pdata[0], "/B.yaml"));
    assert_true(g_str_has_suffix(found->pdata[1], "/a/z.yml"));
    assert_true(g_str_has_suffix(found->pdata[2], "/b.yaml"));
    assert_int_equal(inside->len, 1);
    assert_null(nothing);
    assert_non_null(strstr(error->message, "missing: "));
}

static void a_file_that_cannot_be_read_is_a_diagnostic(void **state)
{
    struct rig_diagnostics diagnostics;
    g_autofree char *shown = NULL;

    (void)state;
    rig_diagnostics_init(&diagnostics);
    assert_null(rig_scenario_load("/nonexistent/x.yaml", &small_language, &diagnostics));
    assert_null(rig_scenario_load("/", &small_language, &diagnostics));
    shown = rig_diagnostics_format(&diagnostics, false);
    rig_diagnostics_clear(&diagnostics);
    assert_string_equal(shown,
                        "/: error: is a directory\n/nonexistent/x.yaml: error: No such file or directory\n");
}

/* Once for all cases that hold the step. */
static void a_former_verb_is_read_with_one_note(void **state)
{
    struct rig_diagnostics diagnostics;
    g_autoptr(rig_scenario) scenario = NULL;
    g_autofree char *shown = NULL;

    (void)state;
    rig_diagnostics_init(&diagnostics);
    scenario = rig_scenario_from_source(rig_source_from_text("t.yaml", "scenario: s\n"
                                                                       "matrix: {n: [1, 2]}\n"
                                                                       "steps:\n"
                                                                       "  - types: {count: $n}\n"
                                                                       "  - restart:\n"),
                                        &small_language, &diagnostics);
    shown = rig_diagnostics_format(&diagnostics, false);
    rig_diagnostics_clear(&diagnostics);
    assert_non_null(scenario);
    assert_string_equal(step_of(case_of(scenario, 1), 1)->text, "reset:");
    assert_string_equal(shown, "t.yaml:5:5: note: 'restart' is now called 'reset'\n"
                               "   5 |   - restart:\n"
                               "     |     ^^^^^^^ the next version no longer reads the old name\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_simple_scenario_has_one_case_with_typed_steps),
        cmocka_unit_test(images_have_the_defaults_of_their_shape),
        cmocka_unit_test(a_matrix_is_a_cross_product_in_the_order_of_the_file),
        cmocka_unit_test(map_values_get_short_labels),
        cmocka_unit_test(names_stay_unique_and_plain),
        cmocka_unit_test(rows_of_cases_are_innermost_and_may_have_names),
        cmocka_unit_test(when_leaves_only_the_steps_that_apply),
        cmocka_unit_test(when_may_name_a_map_by_its_label),
        cmocka_unit_test(mistakes_show_in_a_when_that_never_applies),
        cmocka_unit_test(values_that_do_not_apply_are_not_judged),
        cmocka_unit_test(constants_may_hold_other_variables),
        cmocka_unit_test(a_variable_may_hold_steps),
        cmocka_unit_test(a_wrong_value_is_told_where_the_variable_is_used),
        cmocka_unit_test(variables_that_are_wrong_are_refused),
        cmocka_unit_test(cases_and_values_are_bounded),
        cmocka_unit_test(steps_that_are_wrong_are_refused),
        cmocka_unit_test(needs_are_written_ones_and_those_of_the_verbs),
        cmocka_unit_test(keywords_stand_beside_images),
        cmocka_unit_test(cases_share_what_no_variable_reaches),
        cmocka_unit_test(an_alias_may_stand_for_a_step_or_an_image),
        cmocka_unit_test(a_long_step_is_cut_in_its_text),
        cmocka_unit_test(long_texts_in_many_cases_are_refused_before_they_are_large),
        cmocka_unit_test(files_are_found_in_byte_order_and_loops_end),
        cmocka_unit_test(a_file_that_cannot_be_read_is_a_diagnostic),
        cmocka_unit_test(a_former_verb_is_read_with_one_note),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
