/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The account of a path: operations named by the trailer fields that they write, sectors by what they hold,
 * long copies condensed, the cut and what it hid. */
#include "explore/account.h"
#include "sim/firmware/mcuboot/boot/boot_fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <cmocka.h>

struct told {
    struct board board;
    struct rig_subject *subject;
    struct rig_account *account;
    guint32 broken;
    bool fits;
};

/* From a marked board on: the first power-on of a path is the update itself. */
static void tell(struct told *told, const struct board_plan *plan, const char *path)
{
    struct board *board = &told->board;
    g_autoptr(GArray) legs = rig_path_parse(path, NULL);

    board_make(board, plan);
    board_put_primary(board, 0, &board->old);
    board_put_secondary(board, 0, &board->fresh);
    assert_int_equal(sim_boot_set_pending(&board->config, board->flash, 0, false), SIM_OK);
    told->subject = rig_subject_model(&board->config, board->flash);
    assert_non_null(legs);
    struct rig_explore_plan explore = {
        .subject = told->subject,
        .images = {{"old", board->old.bytes, board->old.n_bytes, true, NULL, 0, false},
                   {"new", board->fresh.bytes, board->fresh.n_bytes, true, NULL, 0, false}},
        .life = {.actions = {RIG_ACTION_TEST, RIG_ACTION_CONFIRM}, .n_actions = 2},
        .n_done = 1,
        .invariants = RIG_ALL_INVARIANTS,
        .max_boots = 4,
    };
    told->broken = rig_explore_replay(&explore, legs, &told->account, &told->fits);
}

static void clear(struct told *told)
{
    rig_account_free(told->account);
    rig_subject_free(told->subject);
    board_clear(&told->board);
}

static const struct rig_account_leg *leg_of(const struct told *told, guint index)
{
    assert_in_range(index, 0, told->account->legs->len - 1);
    return g_ptr_array_index(told->account->legs, index);
}

static const struct rig_account_step *step_of(const struct rig_account_leg *leg, guint index)
{
    assert_in_range(index, 0, leg->steps->len - 1);
    return g_ptr_array_index(leg->steps, index);
}

static const struct rig_cell *cell_of(const struct rig_account_leg *leg, guint area, guint sector)
{
    return &g_array_index((GArray *)g_ptr_array_index(leg->cells, area), struct rig_cell, sector);
}

static const struct rig_account_trailer *trailer_of(const struct rig_account_leg *leg, guint area)
{
    return &g_array_index(leg->trailers, struct rig_account_trailer, area);
}

static void a_write_to_the_trailer_is_named_by_its_field(void **state)
{
    static const char *const texts[] = {
        "write 4 B primary trailer: swap type = test",
        "write 4 B primary trailer: size = ", "write 16 B primary trailer: magic = good"};
    static const char *const fields[] = {"type", "size", "magic"};
    struct told told;

    (void)state;
    tell(&told, &(struct board_plan){.mode = RIG_SWAP_MOVE, .n_primary = 8}, "run,run");
    const struct rig_account_leg *leg = leg_of(&told, 0);
    assert_true(told.fits);
    assert_int_equal(told.broken, 0);
    assert_string_equal(step_of(leg, 0)->text, "erase primary sector 7 (with the trailer)");
    for (guint i = 0; i < G_N_ELEMENTS(texts); i++) {
        assert_true(g_str_has_prefix(step_of(leg, i + 1)->text, texts[i]));
        assert_string_equal(step_of(leg, i + 1)->field, fields[i]);
    }
    assert_string_equal(step_of(leg, leg->steps->len - 1)->text,
                        "write 4 B primary trailer: copy_done = set");
    clear(&told);
}

static void trailers_are_decoded_between_the_power_ons(void **state)
{
    struct told told;

    (void)state;
    tell(&told, &(struct board_plan){.mode = RIG_SWAP_MOVE, .n_primary = 8}, "run,run");
    assert_string_equal(trailer_of(leg_of(&told, 0), 0)->magic, "unset");
    assert_string_equal(trailer_of(leg_of(&told, 0), 1)->magic, "good");
    assert_string_equal(trailer_of(leg_of(&told, 0), 1)->swap_type, "test");
    assert_string_equal(trailer_of(leg_of(&told, 1), 0)->copy_done, "set");
    assert_string_equal(trailer_of(leg_of(&told, 1), 0)->image_ok, "unset");
    assert_string_equal(trailer_of(leg_of(&told, 1), 1)->magic, "unset");
    assert_string_equal(leg_of(&told, 0)->decision, "test");
    assert_string_equal(leg_of(&told, 0)->runs, "new");
    assert_string_equal(leg_of(&told, 1)->decision, "revert");
    assert_string_equal(leg_of(&told, 1)->runs, "old, confirmed");
    clear(&told);
}

static void sectors_are_told_by_what_they_hold(void **state)
{
    struct told told;

    (void)state;
    tell(&told, &(struct board_plan){.mode = RIG_SWAP_SCRATCH, .n_primary = 8}, "run,run");
    assert_int_equal(cell_of(leg_of(&told, 0), 0, 1)->holds, RIG_HOLDS_OLD);
    assert_int_equal(cell_of(leg_of(&told, 0), 0, 1)->sectors, 1);
    assert_int_equal(cell_of(leg_of(&told, 0), 0, 6)->holds, RIG_HOLDS_ERASED);
    assert_int_equal(cell_of(leg_of(&told, 0), 1, 2)->holds, RIG_HOLDS_NEW);
    assert_int_equal(cell_of(leg_of(&told, 0), 1, 7)->holds, RIG_HOLDS_TRAILER);
    assert_int_equal(cell_of(leg_of(&told, 1), 0, 2)->holds, RIG_HOLDS_NEW);
    assert_int_equal(cell_of(leg_of(&told, 1), 0, 2)->sectors, 2);
    assert_int_equal(cell_of(leg_of(&told, 1), 1, 0)->holds, RIG_HOLDS_OLD);
    assert_int_equal(cell_of(leg_of(&told, 1), 2, 0)->holds, RIG_HOLDS_NEW); /* scratch keeps what it had */
    assert_false(cell_of(leg_of(&told, 1), 0, 2)->part);
    clear(&told);
}

static void a_cut_tells_the_operation_that_it_hid(void **state)
{
    struct told told;

    (void)state;
    tell(&told, &(struct board_plan){.mode = RIG_SWAP_MOVE, .n_primary = 8}, "1,2,run");
    assert_true(told.fits);
    assert_string_equal(leg_of(&told, 0)->cut,
                        "before operation 1: write 4 B primary trailer: swap type = test");
    assert_int_equal(leg_of(&told, 0)->n_operations, 1);
    assert_null(leg_of(&told, 0)->runs);
    assert_true(
        g_str_has_prefix(leg_of(&told, 1)->cut, "before operation 2: write 4 B primary trailer: size"));
    assert_null(leg_of(&told, 2)->cut);
    assert_string_equal(leg_of(&told, 2)->runs, "new");
    clear(&told);
}

static void a_torn_field_is_told_as_torn(void **state)
{
    struct told told;

    (void)state;
    tell(&told, &(struct board_plan){.mode = RIG_SWAP_MOVE, .n_primary = 8}, "3h,run");
    const struct rig_account_leg *leg = leg_of(&told, 0);
    const struct rig_account_step *last = step_of(leg, leg->steps->len - 1);
    assert_true(last->torn);
    assert_string_equal(last->text, "write 16 B primary trailer: magic = good, torn: only the first half");
    assert_string_equal(leg->cut, "inside operation 3: write 16 B primary trailer: magic = good, torn: only "
                                  "the first half");
    assert_string_equal(trailer_of(leg_of(&told, 1), 0)->magic, "bad");
    clear(&told);
}

static void a_half_written_copy_is_the_begin_of_a_sector(void **state)
{
    struct told told;
    guint32 at = 0;

    (void)state;
    tell(&told, &(struct board_plan){.mode = RIG_SWAP_OFFSET, .n_primary = 8}, "run,run");
    for (guint i = 0; at == 0 && i < leg_of(&told, 0)->steps->len; i++)
        if (step_of(leg_of(&told, 0), i)->n_operations == 4)
            at = step_of(leg_of(&told, 0), i)->first_operation;
    clear(&told);
    assert_true(at > 0);
    g_autofree char *path = g_strdup_printf("%u,run", at + 2);
    tell(&told, &(struct board_plan){.mode = RIG_SWAP_OFFSET, .n_primary = 8}, path);
    assert_int_equal(cell_of(leg_of(&told, 1), 1, 0)->holds, RIG_HOLDS_OLD);
    assert_true(cell_of(leg_of(&told, 1), 1, 0)->part);
    clear(&told);
}

/* 58 sectors are swapped: what is told are a few steps, and no operation is lost on the way. */
static void a_long_swap_is_condensed(void **state)
{
    struct board_plan plan = {
        .mode = RIG_SWAP_MOVE, .n_primary = 64, .old_bytes = 56 * 4096 - 3072, .new_bytes = 58 * 4096 - 1024};
    guint32 n_operations = 0;
    guint n_more = 0;
    struct told told;

    (void)state;
    tell(&told, &plan, "run,run");
    const struct rig_account_leg *leg = leg_of(&told, 0);
    assert_int_equal(leg->n_operations, 1050); /* the reference sheet's count */
    assert_int_equal(leg->operations->len, 1050);
    assert_in_range(leg->steps->len, 10, RIG_ACCOUNT_MAX_STEPS);
    for (guint i = 0; i < leg->steps->len; i++) {
        assert_int_equal(step_of(leg, i)->first_operation, n_operations);
        n_operations += step_of(leg, i)->n_operations;
        n_more += step_of(leg, i)->kind == RIG_ACCOUNT_MORE;
    }
    assert_int_equal(n_operations, 1050);
    assert_in_range(n_more, 2, 6); /* the moves and the swaps */
    clear(&told);
}

/* The cells of the next power-on are those that the steps made, step by step. */
static void changes_of_steps_add_up(void **state)
{
    struct told told;

    (void)state;
    tell(&told, &(struct board_plan){.mode = RIG_SWAP_SCRATCH, .n_primary = 32, .new_bytes = 60000},
         "40,run");
    const struct rig_account_leg *leg = leg_of(&told, 0);
    for (guint i = 0; i < leg->steps->len; i++)
        for (guint k = 0; k < step_of(leg, i)->cells->len; k++) {
            const struct rig_cell_change *change =
                &g_array_index(step_of(leg, i)->cells, struct rig_cell_change, k);

            *(struct rig_cell *)cell_of(leg, change->area, change->sector) = change->cell;
        }
    for (guint area = 0; area < told.account->areas->len; area++) {
        const GArray *a = g_ptr_array_index(leg->cells, area);
        const GArray *b = g_ptr_array_index(leg_of(&told, 1)->cells, area);

        assert_int_equal(a->len, b->len);
        for (guint i = 0; i < a->len; i++) {
            const struct rig_cell *x = &g_array_index(a, struct rig_cell, i);
            const struct rig_cell *y = &g_array_index(b, struct rig_cell, i);

            assert_true(x->holds == y->holds && x->part == y->part && x->sectors == y->sectors);
        }
    }
    clear(&told);
}

static void the_broken_invariant_has_its_complaint(void **state)
{
    struct told told;

    (void)state;
    tell(&told, &(struct board_plan){.mode = RIG_SWAP_SCRATCH, .n_primary = 8}, "run,5,1,run");
    assert_int_equal(told.broken, 1u << RIG_INVARIANT_REVERT_NOT_LOST);
    assert_string_equal(told.account->complaints[RIG_INVARIANT_REVERT_NOT_LOST],
                        "new runs again, although it was not confirmed");
    assert_null(told.account->complaints[RIG_INVARIANT_BOOTS]);
    clear(&told);
}

static void a_path_that_does_not_fit_says_so(void **state)
{
    struct told told;

    (void)state;
    tell(&told, &(struct board_plan){.mode = RIG_SWAP_MOVE, .n_primary = 8}, "5000,run");
    assert_false(told.fits);
    assert_int_equal(told.broken, 0);
    assert_int_equal(told.account->legs->len, 1);
    clear(&told);
}

static void a_very_long_path_keeps_its_end(void **state)
{
    g_autoptr(GString) path = g_string_new("run");
    struct told told;

    (void)state;
    for (guint i = 0; i < 99; i++)
        g_string_append(path, ",run");
    tell(&told, &(struct board_plan){.mode = RIG_SWAP_MOVE, .n_primary = 8}, path->str);
    assert_int_equal(told.account->legs->len, RIG_ACCOUNT_MAX_LEGS);
    assert_int_equal(told.account->n_legs_left, 100 - RIG_ACCOUNT_MAX_LEGS);
    assert_int_equal(leg_of(&told, RIG_ACCOUNT_MAX_LEGS - 1)->number, 99);
    clear(&told);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_write_to_the_trailer_is_named_by_its_field),
        cmocka_unit_test(trailers_are_decoded_between_the_power_ons),
        cmocka_unit_test(sectors_are_told_by_what_they_hold),
        cmocka_unit_test(a_cut_tells_the_operation_that_it_hid),
        cmocka_unit_test(a_torn_field_is_told_as_torn),
        cmocka_unit_test(a_half_written_copy_is_the_begin_of_a_sector),
        cmocka_unit_test(a_long_swap_is_condensed),
        cmocka_unit_test(changes_of_steps_add_up),
        cmocka_unit_test(the_broken_invariant_has_its_complaint),
        cmocka_unit_test(a_path_that_does_not_fit_says_so),
        cmocka_unit_test(a_very_long_path_keeps_its_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
