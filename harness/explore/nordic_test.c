/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Nordic's secure bootloader under every sequence of power cuts, torn operations included: what its real code
 * is known to survive holds, what it is known to lose is found, and each seeded defect breaks what it is
 * about. */
#include "explore/nordic_fixture.h"
#include "explore/replay.h"

#include <glib/gstdio.h>
#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

#define BIT(name) (1u << RIG_INVARIANT_##name)
/* An update is answered before it is committed: so by design, whatever is updated. */
#define GAP BIT(SUCCESS_COMMITTED)

static void what_the_real_code_survives_is_not_accused(void **state)
{
    static const struct nordic_row rows[] = {
        {"application", {.firmware = RIG_DFU_APPLICATION}, GAP},
        {"application with a bond", {.bonded = true}, GAP},
        {"application over a tiny one", {.old_bytes = 0x800}, GAP},
        {"application, one bank", {.banks = SIM_SECURE_SINGLE}, GAP},
        {"application where there was none", {.no_application = true}, GAP},
        {"application, progress is saved", {.saves_progress = true}, GAP},
        {"SoftDevice", {.firmware = RIG_DFU_SOFTDEVICE}, GAP},
        {"larger SoftDevice", {.firmware = RIG_DFU_SOFTDEVICE, .new_softdevice = 0x7000}, GAP},
        {"SoftDevice, three pages larger", {.firmware = RIG_DFU_SOFTDEVICE, .new_softdevice = 0x9000}, GAP},
        {"SoftDevice, two pages larger, no application",
         {.firmware = RIG_DFU_SOFTDEVICE, .new_softdevice = 0x8000, .no_application = true},
         GAP},
        {"bootloader", {.firmware = RIG_DFU_BOOTLOADER}, GAP},
        {"SoftDevice and bootloader", {.firmware = RIG_DFU_SOFTDEVICE_BOOTLOADER}, GAP},
        {"SoftDevice and bootloader, then application",
         {.firmware = RIG_DFU_SOFTDEVICE_BOOTLOADER, .then_application = true},
         GAP},
    };

    (void)state;
    assert_int_equal(nordic_rows_differ(rows, G_N_ELEMENTS(rows)), 0);
}

/* The info page of the SoftDevice that is copied is erased before its copy is whole; bank 1 that is too
 * small; settings without a backup; a copy that erases its source, and goes too far. */
static void what_the_real_code_loses_is_found(void **state)
{
    static const struct nordic_row rows[] = {
        {"SoftDevice over its own info page",
         {.firmware = RIG_DFU_SOFTDEVICE, .new_softdevice = 0x9000, .no_application = true},
         GAP | BIT(BOOTS) | BIT(NO_CRASH)},
        {"application that does not fit into bank 1", {.old_bytes = 0x2c000}, GAP | BIT(APPLICATION_KEPT)},
        {"SDK 14",
         {.is_old_sdk = true, .sdk = SIM_SECURE_SDK_14, .new_bytes = 0x1800},
         GAP | BIT(STAYS_INSTALLED) | BIT(SETTINGS_VALID) | BIT(APPLICATION_KEPT)},
        {"SDK 12 over a tiny application",
         {.is_old_sdk = true,
          .sdk = SIM_SECURE_SDK_12,
          .old_bytes = 0x800,
          .new_bytes = 0x1800,
          .max_contents = 20000},
         GAP | BIT(UPDATE_HAPPENS) | BIT(STAYS_INSTALLED) | BIT(WRITES_ERASED_ONLY) | BIT(SETTINGS_VALID) |
             BIT(APPLICATION_KEPT)},
        {"SDK 12",
         {.is_old_sdk = true,
          .sdk = SIM_SECURE_SDK_12,
          .old_bytes = 0x4000,
          .new_bytes = 0x1800,
          .max_contents = 20000},
         GAP | BIT(STAYS_INSTALLED) | BIT(WRITES_ERASED_ONLY) | BIT(SETTINGS_VALID) | BIT(APPLICATION_KEPT)},
    };

    (void)state;
    assert_int_equal(nordic_rows_differ(rows, G_N_ELEMENTS(rows)), 0);
}

static void a_seeded_defect_breaks_what_it_is_about(void **state)
{
    static const struct nordic_row rows[] = {
        {"bank 0 erased first", {.defects = SIM_SECURE_ERASES_OLD_FIRST}, GAP | BIT(APPLICATION_KEPT)},
        {"peer data kept", {.bonded = true, .defects = SIM_SECURE_KEEPS_PEER_DATA}, GAP | BIT(UPDATABLE)},
        {"any key", {.foreign_key = true, .defects = SIM_SECURE_ACCEPTS_ANY_KEY}, GAP | BIT(VERIFIED_ONLY)},
        {"a foreign key is refused", {.foreign_key = true}, BIT(UPDATABLE)},
        {"application's data erased",
         {.defects = SIM_SECURE_ERASES_APP_DATA},
         GAP | BIT(DATA_KEPT) | BIT(STAYS_IN_ITS_AREAS)},
        {"no backup", {.defects = SIM_SECURE_NO_BACKUP}, GAP | BIT(UPDATE_HAPPENS) | BIT(STAYS_INSTALLED)},
    };

    (void)state;
    assert_int_equal(nordic_rows_differ(rows, G_N_ELEMENTS(rows)), 0);
}

/* With real cuts, and without taking contents for one. Returns what is broken at the end. */
static guint32 play(struct nordic_board *board, const char *path)
{
    g_autoptr(rig_subject) subject = nordic_board_subject(board);
    struct rig_explore_plan plan = nordic_board_plan(board, subject);
    g_autoptr(GArray) cycles = rig_cuts_parse(path, NULL);
    g_auto(rig_replay) replay = {.fits = false};

    assert_non_null(cycles);
    rig_replay_play(&replay, &plan, cycles);
    assert_true(replay.fits);
    return replay.broken;
}

static void a_path_breaks_the_same_when_it_is_played(void **state)
{
    static const struct nordic_plan plan = {
        .firmware = RIG_DFU_SOFTDEVICE, .new_softdevice = 0x9000, .no_application = true};
    static const enum rig_invariant invariants[] = {RIG_INVARIANT_BOOTS, RIG_INVARIANT_SUCCESS_COMMITTED};
    struct nordic_board board;

    (void)state;
    nordic_board_make(&board, &plan);
    g_autoptr(rig_exploration) seen = nordic_board_explore(&board);
    for (guint i = 0; i < G_N_ELEMENTS(invariants); i++) {
        const struct rig_finding *finding = nordic_first_of(seen, invariants[i]);

        assert_non_null(finding);
        assert_true(play(&board, finding->path) >> invariants[i] & 1);
    }
    nordic_board_clear(&board);
}

/* What is called dead decides nothing: with all of its bytes the exploration comes to the same, with many
 * more states. */
static void dead_bytes_decide_nothing(void **state)
{
    static const struct nordic_plan plans[] = {
        {.old_bytes = 0x400, .new_bytes = 0x80},
        {.old_bytes = 0x400, .new_bytes = 0x80, .banks = SIM_SECURE_SINGLE},
        {.old_bytes = 0x400, .new_bytes = 0x80, .defects = SIM_SECURE_ERASES_OLD_FIRST},
    };

    (void)state;
    for (guint i = 0; i < G_N_ELEMENTS(plans); i++)
        assert_true(nordic_dead_decides_nothing(&plans[i]));
}

static void assert_same(const struct rig_exploration *one, const struct rig_exploration *other)
{
    assert_true(one->closed && other->closed);
    assert_int_equal(one->n_contents, other->n_contents);
    assert_int_equal(one->n_nodes, other->n_nodes);
    assert_int_equal(one->findings->len, other->findings->len);
    for (guint i = 0; i < one->findings->len; i++) {
        const struct rig_finding *a = g_ptr_array_index(one->findings, i);
        const struct rig_finding *b = g_ptr_array_index(other->findings, i);

        assert_string_equal(a->path, b->path);
        assert_string_equal(a->cause, b->cause);
        assert_string_equal(a->complaint, b->complaint);
        assert_int_equal(a->n_nodes, b->n_nodes);
    }
}

/* Promises and what is dead come through, too. */
static void workers_and_runs_that_go_on_come_to_the_same(void **state)
{
    g_autofree char *folder = g_dir_make_tmp("nordic-XXXXXX", NULL);
    g_autofree char *path = g_build_filename(folder, "state", NULL);
    struct nordic_board board;
    guint n_runs = 1;

    (void)state;
    nordic_board_make(&board, &(struct nordic_plan){.bonded = true});
    g_autoptr(rig_subject) subject = nordic_board_subject(&board);
    struct rig_explore_plan plan = nordic_board_plan(&board, subject);
    g_autoptr(rig_exploration) whole = rig_explore(&plan);

    plan.n_workers = 2;
    plan.eager = true;
    g_autoptr(rig_exploration) shared = rig_explore(&plan);
    assert_same(whole, shared);
    plan.max_contents = 200;
    plan.keep_in = path;
    g_autoptr(rig_exploration) part = rig_explore(&plan);
    for (; part->is_kept && n_runs < 20; n_runs++) {
        plan.go_on_from = path;
        g_clear_pointer(&part, rig_exploration_free);
        part = rig_explore(&plan);
    }
    assert_true(n_runs > 1);
    assert_same(whole, part);
    assert_int_equal(remove(path), 0);
    assert_int_equal(g_rmdir(folder), 0);
    nordic_board_clear(&board);
}

/* Not that of an init packet or of an object before it. */
static void the_promise_is_the_answer_to_the_last_execute(void **state)
{
    struct nordic_board board;

    (void)state;
    nordic_board_make(&board, &(struct nordic_plan){.firmware = RIG_DFU_APPLICATION});
    g_autoptr(rig_exploration) seen = nordic_board_explore(&board);
    const struct rig_finding *finding = nordic_first_of(seen, RIG_INVARIANT_SUCCESS_COMMITTED);

    assert_non_null(finding);
    assert_true(g_ascii_strtoull(finding->path, NULL, 10) > board.plan.new_bytes / 20);
    assert_int_equal(play(&board, "200,run"), 0);
    nordic_board_clear(&board);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_the_real_code_survives_is_not_accused),
        cmocka_unit_test(what_the_real_code_loses_is_found),
        cmocka_unit_test(a_seeded_defect_breaks_what_it_is_about),
        cmocka_unit_test(a_path_breaks_the_same_when_it_is_played),
        cmocka_unit_test(dead_bytes_decide_nothing),
        cmocka_unit_test(the_promise_is_the_answer_to_the_last_execute),
        cmocka_unit_test(workers_and_runs_that_go_on_come_to_the_same),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
