/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Each invariant by what breaks it, and by what does not although it nearly does. */
#include "explore/invariant.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

/* How far the life has come. */
enum stage { NOTHING, ASKING, ASKED, ASKED_CUT, TRIED, CONFIRMING, CONFIRMED, PROMISED };

struct row {
    bool permanent;
    bool update; /* it is sent to an updater: there is no trial */
    enum stage stage;
    enum rig_end end;
    guint8 image;
    guint8 flags;
    guint32 most_erases;
    bool down; /* nothing runs within the allowed power-ons */
    bool action;
    guint32 broken;
};

#define BIT(name) (1u << RIG_INVARIANT_##name)
#define KEPT RIG_TRACE_COPY_KEPT
#define UNVERIFIED 3 /* stands for the new image, which is bad then */

static const struct row rows[] = {
    {.image = RIG_IMAGE_OLD},
    {.image = RIG_IMAGE_NEW, .broken = BIT(ALLOWED_IMAGE)},
    {.image = RIG_IMAGE_MIXED, .broken = BIT(ALLOWED_IMAGE)},
    {.image = RIG_IMAGE_UNKNOWN, .broken = BIT(VERIFIED_ONLY)},
    {.stage = ASKED, .image = UNVERIFIED, .flags = KEPT, .broken = BIT(VERIFIED_ONLY)},
    {.stage = ASKING, .image = RIG_IMAGE_OLD},
    {.stage = ASKING, .image = RIG_IMAGE_NEW, .flags = KEPT},
    {.stage = ASKED, .image = RIG_IMAGE_NEW, .flags = KEPT},
    {.stage = ASKED, .image = RIG_IMAGE_NEW, .broken = BIT(BACKUP_INTACT)},
    {.stage = ASKED, .image = RIG_IMAGE_OLD, .broken = BIT(UPDATE_HAPPENS)},
    {.stage = ASKED_CUT, .image = RIG_IMAGE_OLD},
    {.stage = ASKED,
     .image = RIG_IMAGE_NEW,
     .flags = KEPT | RIG_TRACE_CONFIRMED,
     .broken = BIT(CONFIRMED_BY_APPLICATION)},
    {.stage = TRIED, .image = RIG_IMAGE_OLD},
    {.stage = TRIED, .image = RIG_IMAGE_NEW, .flags = KEPT, .broken = BIT(REVERT_NOT_LOST)},
    {.stage = CONFIRMING, .image = RIG_IMAGE_OLD},
    {.stage = CONFIRMING, .image = RIG_IMAGE_NEW},
    {.stage = CONFIRMED, .image = RIG_IMAGE_NEW, .flags = RIG_TRACE_CONFIRMED},
    {.stage = CONFIRMED, .image = RIG_IMAGE_OLD, .broken = BIT(STAYS_INSTALLED)},
    {.permanent = true, .stage = ASKING, .image = RIG_IMAGE_OLD},
    {.permanent = true, .stage = ASKED_CUT, .image = RIG_IMAGE_OLD, .broken = BIT(STAYS_INSTALLED)},
    {.permanent = true,
     .stage = ASKED,
     .image = RIG_IMAGE_OLD,
     .broken = BIT(STAYS_INSTALLED) | BIT(UPDATE_HAPPENS)},
    {.permanent = true, .stage = ASKED, .image = RIG_IMAGE_NEW, .flags = RIG_TRACE_CONFIRMED},
    {.end = RIG_END_NO_IMAGE, .down = true, .broken = BIT(BOOTS)},
    {.end = RIG_END_NO_IMAGE},
    {.end = RIG_END_ASSERT, .broken = BIT(NO_CRASH)},
    {.end = RIG_END_CRASH, .down = true, .broken = BIT(NO_CRASH) | BIT(BOOTS)},
    {.end = RIG_END_LOOP, .broken = BIT(NO_CRASH)},
    {.end = RIG_END_FLASH_FAULT, .broken = BIT(NO_CRASH)},
    {.image = RIG_IMAGE_OLD, .most_erases = 3},
    {.image = RIG_IMAGE_OLD, .most_erases = 4, .broken = BIT(WEAR)},
    {.image = RIG_IMAGE_OLD, .flags = RIG_TRACE_OUTSIDE, .broken = BIT(STAYS_IN_ITS_AREAS)},
    {.image = RIG_IMAGE_OLD, .flags = RIG_TRACE_OVERWRITES, .broken = BIT(WRITES_ERASED_ONLY)},
    {.action = true, .flags = RIG_TRACE_OUTSIDE, .broken = BIT(STAYS_IN_ITS_AREAS)},
    {.action = true, .flags = RIG_TRACE_OVERWRITES, .broken = BIT(WRITES_ERASED_ONLY)},
    {.action = true, .most_erases = 9, .end = RIG_END_ASSERT, .down = true},
    {.image = RIG_IMAGE_OLD, .flags = RIG_TRACE_NO_SETTINGS, .broken = BIT(SETTINGS_VALID)},
    {.image = RIG_IMAGE_OLD, .flags = RIG_TRACE_DATA_LOST, .broken = BIT(DATA_KEPT)},
    {.action = true, .flags = RIG_TRACE_REFUSED, .broken = BIT(UPDATABLE)},
    {.update = true, .stage = ASKING, .image = RIG_IMAGE_OLD},
    {.update = true, .stage = ASKING, .image = RIG_IMAGE_NEW},
    {.update = true,
     .stage = ASKING,
     .end = RIG_END_UPDATER,
     .image = RIG_IMAGE_UNKNOWN,
     .broken = BIT(APPLICATION_KEPT)},
    {.update = true, .stage = ASKING, .end = RIG_END_UPDATER, .image = RIG_IMAGE_NEW},
    {.update = true, .stage = PROMISED, .image = RIG_IMAGE_OLD, .broken = BIT(SUCCESS_COMMITTED)},
    {.update = true, .stage = PROMISED, .image = RIG_IMAGE_NEW},
    {.update = true,
     .stage = PROMISED,
     .end = RIG_END_UPDATER,
     .image = RIG_IMAGE_UNKNOWN,
     .broken = BIT(SUCCESS_COMMITTED) | BIT(APPLICATION_KEPT)},
    {.update = true,
     .stage = ASKED,
     .image = RIG_IMAGE_OLD,
     .broken = BIT(UPDATE_HAPPENS) | BIT(STAYS_INSTALLED)},
    {.update = true, .stage = ASKED, .image = RIG_IMAGE_NEW},
    {.update = true,
     .stage = ASKED_CUT,
     .end = RIG_END_UPDATER,
     .image = RIG_IMAGE_UNKNOWN,
     .broken = BIT(STAYS_INSTALLED)},
    {.update = true, .stage = ASKED_CUT, .end = RIG_END_UPDATER, .image = RIG_IMAGE_NEW},
    {.update = true,
     .stage = ASKED_CUT,
     .image = RIG_IMAGE_UNKNOWN,
     .broken = BIT(VERIFIED_ONLY) | BIT(STAYS_INSTALLED)},
};

static struct rig_history history_at(enum stage stage)
{
    static const struct rig_history histories[] = {
        [NOTHING] = {.n_done = 0},
        [ASKING] = {.n_done = 0, .begun = true},
        [ASKED] = {.n_done = 1, .untouched = true},
        [ASKED_CUT] = {.n_done = 1},
        [TRIED] = {.n_done = 1, .tried = true},
        [CONFIRMING] = {.n_done = 1, .begun = true},
        [CONFIRMED] = {.n_done = 2, .untouched = true},
        [PROMISED] = {.begun = true, .promised = true},
    };

    return histories[stage];
}

/* A trial is what ran on request and was not confirmed; a request ends it, an upload alone does not. */
static void a_trial_begins_and_ends_where_it_is_one(void **state)
{
    static const struct {
        enum rig_action actions[2];
        struct rig_history before;
        bool tried; /* after the new image ran */
    } ran[] = {
        {{RIG_ACTION_TEST, RIG_ACTION_CONFIRM}, {.n_done = 1}, true},
        {{RIG_ACTION_TEST, RIG_ACTION_CONFIRM}, {.n_done = 1, .begun = true}, false},
        {{RIG_ACTION_TEST, RIG_ACTION_CONFIRM}, {.n_done = 2}, false},
        {{RIG_ACTION_PERMANENT, RIG_ACTION_CONFIRM}, {.n_done = 1}, false},
        {{RIG_ACTION_UPLOAD, RIG_ACTION_TEST}, {.n_done = 1}, false},
    };
    static const struct rig_history trial = {.n_done = 1, .tried = true, .untouched = true};
    struct rig_life life = {.actions = {RIG_ACTION_TEST, RIG_ACTION_UPLOAD}, .n_actions = 2};

    (void)state;
    for (guint i = 0; i < G_N_ELEMENTS(ran); i++) {
        static const struct rig_trace old = {.end = RIG_END_RUNS, .image = RIG_IMAGE_OLD};
        static const struct rig_trace fresh = {.end = RIG_END_RUNS, .image = RIG_IMAGE_NEW};
        struct rig_life one = {.actions = {ran[i].actions[0], ran[i].actions[1]}, .n_actions = 2};

        assert_int_equal(rig_history_ran(&one, &ran[i].before, &fresh, true).tried, ran[i].tried);
        assert_false(rig_history_ran(&one, &ran[i].before, &old, true).tried);
        assert_false(rig_history_ran(&one, &ran[i].before, &fresh, false).tried);
    }
    assert_true(rig_history_acted(&life, &trial, RIG_ACTED_COMPLETE).tried);
    life.actions[1] = RIG_ACTION_CONFIRM;
    assert_false(rig_history_acted(&life, &trial, RIG_ACTED_COMPLETE).tried);
}

/* What was cut in the middle was touched, and is due again. */
static void an_action_that_was_cut_is_not_done(void **state)
{
    struct rig_life life = {.actions = {RIG_ACTION_TEST, RIG_ACTION_CONFIRM}, .n_actions = 2};
    struct rig_history before = {.untouched = true};
    struct rig_history cut = rig_history_acted(&life, &before, RIG_ACTED_BEGUN);
    struct rig_history done = rig_history_acted(&life, &before, RIG_ACTED_COMPLETE);

    (void)state;
    assert_true(cut.begun && !cut.untouched && cut.n_done == 0);
    assert_true(!done.begun && done.untouched && done.n_done == 1);
}

/* What was promised is known over power cycles until something was seen to run. */
static void a_promise_lasts_until_the_board_comes_up(void **state)
{
    static const struct rig_trace old = {.end = RIG_END_RUNS, .image = RIG_IMAGE_OLD};
    struct rig_life life = {.actions = {RIG_ACTION_UPDATE}, .n_actions = 1};
    struct rig_history before = {.n_done = 0};
    struct rig_history promised = rig_history_acted(&life, &before, RIG_ACTED_PROMISED);
    struct rig_history cut = rig_history_cut(&promised);
    struct rig_history known = rig_history_unpack(rig_history_pack(&cut));

    (void)state;
    assert_true(known.promised && known.begun && !known.untouched && known.n_done == 0);
    assert_false(rig_history_ran(&life, &known, &old, false).promised);
    for (guint packed = 0; packed < RIG_N_HISTORIES; packed++) {
        struct rig_history history = rig_history_unpack((guint8)packed);

        assert_int_equal(rig_history_pack(&history), packed);
    }
}

/* However it came to that: an update that runs is complete, and an updater that waits without it wants it. */
static void an_update_is_due_until_it_runs(void **state)
{
    static const struct rig_trace waits = {.end = RIG_END_UPDATER, .image = RIG_IMAGE_UNKNOWN};
    static const struct rig_trace fresh = {.end = RIG_END_RUNS, .image = RIG_IMAGE_NEW};
    static const struct rig_trace installed = {.end = RIG_END_UPDATER, .image = RIG_IMAGE_NEW};
    static const struct rig_trace other = {.end = RIG_END_RUNS, .image = RIG_IMAGE_UNKNOWN};
    struct rig_life life = {.actions = {RIG_ACTION_UPDATE}, .n_actions = 1};
    struct rig_history begun = {.begun = true};
    struct rig_history done = {.n_done = 1};
    struct rig_history after = rig_history_ran(&life, &begun, &fresh, false);
    enum rig_action action = RIG_ACTION_UPLOAD;

    (void)state;
    assert_true(after.n_done == 1 && !after.begun);
    assert_false(rig_history_due(&life, &after, &fresh, &action));
    after = rig_history_ran(&life, &done, &waits, false);
    assert_true(after.n_done == 0 && after.begun);
    assert_true(rig_history_due(&life, &after, &waits, &action));
    assert_int_equal(action, RIG_ACTION_UPDATE);
    assert_false(rig_history_due(&life, &begun, &other, &action));
    assert_int_equal(rig_history_ran(&life, &done, &installed, false).n_done, 1);
    assert_int_equal(rig_history_ran(&life, &done, &other, false).n_done, 1);
}

static guint32 judge(const struct row *row, guint32 max_erases)
{
    struct rig_subject subject = {
        .invariants = RIG_ALL_INVARIANTS, .reverts = !row->update, .tells_copy = !row->update};
    struct rig_explore_image images[RIG_N_EXPLORE_IMAGES] = {{.name = "old", .verified = true},
                                                             {.name = "new", .verified = true}};
    struct rig_life life = {.actions = {row->update      ? RIG_ACTION_UPDATE
                                        : row->permanent ? RIG_ACTION_PERMANENT
                                                         : RIG_ACTION_TEST,
                                        RIG_ACTION_CONFIRM},
                            .n_actions = row->update ? 1 : 2};
    struct rig_trace trace = {.end = (guint8)row->end,
                              .image = row->image == UNVERIFIED ? RIG_IMAGE_NEW : row->image,
                              .flags = row->flags,
                              .most_erases = row->most_erases};
    struct rig_judged judged = {.life = &life,
                                .subject = &subject,
                                .images = images,
                                .history = history_at(row->stage),
                                .trace = &trace,
                                .is_action = row->action,
                                .comes_up = !row->down,
                                .max_erases = max_erases};

    images[RIG_IMAGE_NEW].verified = row->image != UNVERIFIED;
    return rig_judge(&judged);
}

static void each_invariant_is_broken_by_what_it_forbids_and_by_nothing_else(void **state)
{
    guint32 all = 0;

    (void)state;
    for (guint i = 0; i < G_N_ELEMENTS(rows); i++) {
        guint32 broken = judge(&rows[i], 3);

        if (broken != rows[i].broken)
            print_error("row %u: 0x%x, expected 0x%x\n", i, broken, rows[i].broken);
        assert_int_equal(broken, rows[i].broken);
        all |= broken;
    }
    assert_int_equal(all, RIG_ALL_INVARIANTS);
}

static void wear_without_a_bound_is_not_judged(void **state)
{
    (void)state;
    assert_int_equal(judge(&(struct row){.image = RIG_IMAGE_OLD, .most_erases = 1000}, 0), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_trial_begins_and_ends_where_it_is_one),
        cmocka_unit_test(an_action_that_was_cut_is_not_done),
        cmocka_unit_test(a_promise_lasts_until_the_board_comes_up),
        cmocka_unit_test(an_update_is_due_until_it_runs),
        cmocka_unit_test(each_invariant_is_broken_by_what_it_forbids_and_by_nothing_else),
        cmocka_unit_test(wear_without_a_bound_is_not_judged),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
