/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Findings of an exploration against those that are expected: each verdict, and what it says. */
#include "steps/explore_verdict.h"

#include "steps/verbs.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#define CUT_IN_SWAP "install inside write of status"
#define CUT_IN_REVERT "revert before write of primary magic"

static struct rig_finding found[] = {
    {.invariant = RIG_INVARIANT_BOOTS,
     .n_cuts = 1,
     .cause = (char *)CUT_IN_SWAP,
     .heals_after = 2,
     .n_nodes = 3,
     .path = (char *)"4",
     .complaint = (char *)"nothing runs"},
    {.invariant = RIG_INVARIANT_NO_CRASH,
     .n_cuts = 2,
     .cause = (char *)CUT_IN_REVERT,
     .n_nodes = 1,
     .path = (char *)"4+9",
     .complaint = (char *)"it crashed"},
};

struct row {
    guint n_found; /* the first of the above */
    struct rig_expected_finding expected[2];
    guint n_expected;
    bool open, may_stay_open;
    enum rig_verdict verdict;
    gint shown; /* -1: none */
    const char *says;
};

#define BOOTS_AFTER(cuts, cut_at, heals)                                                                     \
    {                                                                                                        \
        .invariant = RIG_INVARIANT_BOOTS, .n_cuts = cuts, .cause = cut_at, .heals_after = heals              \
    }
#define CRASH                                                                                                \
    {                                                                                                        \
        .invariant = RIG_INVARIANT_NO_CRASH, .n_cuts = 2, .cause = CUT_IN_REVERT                             \
    }

/* All of RIG_INVARIANT_BOOTS. */
static const struct row rows[] = {
    {.n_found = 0, .verdict = RIG_VERDICT_PASS, .shown = -1, .says = "holds"},
    {.n_found = 1,
     .verdict = RIG_VERDICT_FAIL,
     .says = "after 1 power cut, cuts=4: nothing runs (3 such states)"},
    {1, {BOOTS_AFTER(1, CUT_IN_SWAP, 2)}, 1, false, false, RIG_VERDICT_PASS, -1, "as it is known to be"},
    {1, {BOOTS_AFTER(2, CUT_IN_SWAP, 2)}, 1, false, false, RIG_VERDICT_FAIL, 0, "expected after 2"},
    {1,
     {BOOTS_AFTER(1, CUT_IN_SWAP, 0)},
     1,
     false,
     false,
     RIG_VERDICT_FAIL,
     0,
     "not expected: after 1 power cut"},
    {1,
     {BOOTS_AFTER(1, CUT_IN_REVERT, 2)},
     1,
     false,
     false,
     RIG_VERDICT_FAIL,
     0,
     "not expected: after 1 power cut"},
    {1,
     {BOOTS_AFTER(1, CUT_IN_SWAP, 2), BOOTS_AFTER(1, CUT_IN_REVERT, 2)},
     2,
     false,
     false,
     RIG_VERDICT_FAIL,
     -1,
     "expected and not found any more: {invariant: boots, cuts: 1, cause: " CUT_IN_REVERT
     ", heals-after: 2}"},
    {0, {BOOTS_AFTER(1, CUT_IN_SWAP, 0)}, 1, false, false, RIG_VERDICT_FAIL, -1, "cause: " CUT_IN_SWAP "}"},
    /* Of another invariant: judged there. */
    {2, {BOOTS_AFTER(1, CUT_IN_SWAP, 2)}, 1, false, false, RIG_VERDICT_PASS, -1, "as it is known to be"},
    {0, {CRASH}, 1, false, false, RIG_VERDICT_PASS, -1, "holds"},
    {1,
     {{.invariant = RIG_INVARIANT_NO_CRASH, .n_cuts = 1, .cause = CUT_IN_SWAP, .heals_after = 2}},
     1,
     false,
     false,
     RIG_VERDICT_FAIL,
     0,
     "after 1 power cut"},
    /* Not explored to the end. */
    {.n_found = 0, .open = true, .verdict = RIG_VERDICT_ERROR, .shown = -1, .says = "does not break it"},
    {.n_found = 0,
     .open = true,
     .may_stay_open = true,
     .verdict = RIG_VERDICT_SKIP,
     .shown = -1,
     .says = "not finished: the time is over; what was explored so far does not break it"},
    {.n_found = 1, .open = true, .may_stay_open = true, .verdict = RIG_VERDICT_FAIL, .says = "nothing runs"},
    {1,
     {BOOTS_AFTER(1, CUT_IN_SWAP, 2)},
     1,
     true,
     true,
     RIG_VERDICT_SKIP,
     -1,
     "has nothing that is not expected"},
    {0,
     {BOOTS_AFTER(1, CUT_IN_SWAP, 2)},
     1,
     true,
     true,
     RIG_VERDICT_ERROR,
     -1,
     "expected and not found so far"},
};

static void each_comparison_has_its_verdict_and_says_why(void **state)
{
    (void)state;
    for (guint i = 0; i < G_N_ELEMENTS(rows); i++) {
        const struct row *row = &rows[i];
        g_autoptr(GPtrArray) findings = g_ptr_array_new();
        g_autoptr(GArray) expected = g_array_new(FALSE, FALSE, sizeof(struct rig_expected_finding));
        struct rig_exploration seen = {
            .closed = !row->open, .why_open = "the time is over", .findings = findings};
        struct rig_invariant_verdict verdict;

        for (guint k = 0; k < row->n_found; k++)
            g_ptr_array_add(findings, &found[k]);
        g_array_append_vals(expected, row->expected, row->n_expected);
        rig_judge_invariant(&seen, RIG_INVARIANT_BOOTS, expected, row->may_stay_open, &verdict);
        if (verdict.verdict != row->verdict || !strstr(verdict.text, row->says) ||
            verdict.shown != (row->shown < 0 ? NULL : &found[row->shown]))
            fail_msg("row %u: %s, '%s'", i, rig_verdict_word(verdict.verdict), verdict.text);
        rig_invariant_verdict_clear(&verdict);
    }
}

static void what_is_expected_and_not_found_is_counted(void **state)
{
    static const struct rig_expected_finding names[] = {BOOTS_AFTER(1, CUT_IN_SWAP, 2), CRASH};
    g_autoptr(GPtrArray) findings = g_ptr_array_new();
    g_autoptr(GArray) expected = g_array_new(FALSE, FALSE, sizeof(struct rig_expected_finding));
    struct rig_exploration seen = {.closed = true, .findings = findings};

    (void)state;
    g_array_append_vals(expected, names, G_N_ELEMENTS(names));
    for (guint n = 0; n <= G_N_ELEMENTS(found); n++) {
        assert_int_equal(rig_expected_missing(&seen, expected), G_N_ELEMENTS(found) - n);
        if (n < G_N_ELEMENTS(found))
            g_ptr_array_add(findings, &found[n]);
    }
}

static void an_expectation_of_what_is_not_judged_is_left_out_and_each_cause_is_one(void **state)
{
    static const char *const causes[] = {"here", "there", "somewhere"};
    static const char *const two[] = {"here", "there", NULL};
    static const char *const one[] = {"somewhere", NULL};
    static const struct rig_known_finding boots = {RIG_INVARIANT_BOOTS, 3, two, 1};
    static const struct rig_known_finding crash = {RIG_INVARIANT_NO_CRASH, 2, one, 0};
    static const struct rig_known_finding *const finds[] = {&boots, &crash, NULL};

    (void)state;
    for (guint n = 2; n <= 3; n++) {
        guint32 judged = 1u << RIG_INVARIANT_BOOTS | (n == 3 ? 1u << RIG_INVARIANT_NO_CRASH : 0);
        g_autoptr(GArray) expected = rig_expected_findings(finds, judged);

        assert_int_equal(expected->len, n);
        for (guint i = 0; i < n; i++) {
            const struct rig_expected_finding *entry =
                &g_array_index(expected, struct rig_expected_finding, i);

            assert_string_equal(entry->cause, causes[i]);
            assert_int_equal(entry->invariant, i < 2 ? RIG_INVARIANT_BOOTS : RIG_INVARIANT_NO_CRASH);
            assert_int_equal(entry->n_cuts, i < 2 ? 3 : 2);
            assert_int_equal(entry->heals_after, i < 2);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_comparison_has_its_verdict_and_says_why),
        cmocka_unit_test(an_expectation_of_what_is_not_judged_is_left_out_and_each_cause_is_one),
        cmocka_unit_test(what_is_expected_and_not_found_is_counted),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
