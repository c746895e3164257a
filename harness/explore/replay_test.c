/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A path that is played and recorded: operations named by the trailer fields that they write, sectors by what
 * they hold, long copies folded, the cut and what it hid. */
#include "explore/path_recorder.h"
#include "explore/mcuboot.h"
#include "explore/replay.h"
#include "sim/firmware/mcuboot/boot/boot_fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <cmocka.h>

struct told {
    struct board board;
    struct rig_subject *subject;
    struct rig_replay replay;
};

/* From a marked board on: the first power-on of a path is the update itself. */
static void tell(struct told *told, const struct board_plan *plan, const char *path)
{
    struct board *board = &told->board;
    g_autoptr(GArray) cycles = rig_cuts_parse(path, NULL);

    board_make(board, plan);
    board_put_primary(board, 0, &board->old);
    board_put_secondary(board, 0, &board->fresh);
    assert_int_equal(sim_boot_set_pending(&board->config, board->flash, 0, false), SIM_OK);
    told->subject = rig_subject_model(&board->config, board->flash);
    assert_non_null(cycles);
    struct rig_explore_plan explore = {
        .subject = told->subject,
        .images =
            {{.name = "old", .bytes = board->old.bytes, .n_bytes = board->old.n_bytes, .verified = true},
             {.name = "new", .bytes = board->fresh.bytes, .n_bytes = board->fresh.n_bytes, .verified = true}},
        .life = {.actions = {RIG_ACTION_TEST, RIG_ACTION_CONFIRM}, .n_actions = 2},
        .n_done = 1,
        .invariants = RIG_ALL_INVARIANTS,
        .max_boots = 4,
    };
    rig_replay_play(&told->replay, &explore, cycles);
}

static void clear(struct told *told)
{
    rig_replay_clear(&told->replay);
    rig_subject_free(told->subject);
    board_clear(&told->board);
}

static const struct rig_path_cycle *cycle_of(const struct told *told, guint index)
{
    assert_in_range(index, 0, told->replay.path->cycles->len - 1);
    return g_ptr_array_index(told->replay.path->cycles, index);
}

static const struct rig_path_step *step_of(const struct rig_path_cycle *cycle, guint index)
{
    assert_in_range(index, 0, cycle->steps->len - 1);
    return g_ptr_array_index(cycle->steps, index);
}

/* What holds before a power cycle follows from the steps of those before it. */
static struct rig_path_cell cell_before(const struct told *told, guint cycle, guint area, guint sector)
{
    const struct rig_path_area *place = g_ptr_array_index(told->replay.path->areas, area);
    struct rig_path_cell cell = g_array_index(place->cells, struct rig_path_cell, sector);

    for (guint i = 0; i < cycle; i++)
        for (guint k = 0; k < cycle_of(told, i)->steps->len; k++) {
            const GArray *changes = step_of(cycle_of(told, i), k)->cells;

            for (guint c = 0; c < changes->len; c++) {
                const struct rig_path_change *change = &g_array_index(changes, struct rig_path_change, c);

                if (change->area == area && change->sector == sector)
                    cell = change->cell;
            }
        }
    return cell;
}

static const struct rig_path_trailer *trailer_before(const struct told *told, guint cycle, guint area)
{
    struct rig_path_state state;

    rig_path_begin(told->replay.path, &state);
    for (guint i = 0; i < cycle; i++)
        for (guint k = 0; k < cycle_of(told, i)->steps->len; k++)
            rig_path_follow(told->replay.path, step_of(cycle_of(told, i), k), &state);
    assert_non_null(state.trailers[area]);
    return state.trailers[area];
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
    const struct rig_path_cycle *cycle = cycle_of(&told, 0);
    assert_true(told.replay.fits);
    assert_int_equal(told.replay.broken, 0);
    assert_string_equal(step_of(cycle, 0)->text, "erase primary sector 7 (with the trailer)");
    for (guint i = 0; i < G_N_ELEMENTS(texts); i++) {
        assert_true(g_str_has_prefix(step_of(cycle, i + 1)->text, texts[i]));
        assert_string_equal(step_of(cycle, i + 1)->field, fields[i]);
    }
    assert_string_equal(step_of(cycle, cycle->steps->len - 1)->text,
                        "write 4 B primary trailer: copy_done = set");
    clear(&told);
}

static void trailers_are_decoded_between_the_power_ons(void **state)
{
    struct told told;

    (void)state;
    tell(&told, &(struct board_plan){.mode = RIG_SWAP_MOVE, .n_primary = 8}, "run,run");
    assert_string_equal(trailer_before(&told, 0, 0)->magic, "unset");
    assert_string_equal(trailer_before(&told, 0, 1)->magic, "good");
    assert_string_equal(trailer_before(&told, 0, 1)->type, "test");
    assert_string_equal(trailer_before(&told, 1, 0)->copy_done, "set");
    assert_string_equal(trailer_before(&told, 1, 0)->image_ok, "unset");
    assert_string_equal(trailer_before(&told, 1, 1)->magic, "unset");
    assert_string_equal(cycle_of(&told, 0)->decision, "test");
    assert_string_equal(cycle_of(&told, 0)->runs, "new");
    assert_string_equal(cycle_of(&told, 1)->decision, "revert");
    assert_string_equal(cycle_of(&told, 1)->runs, "old, confirmed");
    clear(&told);
}

static void sectors_are_told_by_what_they_hold(void **state)
{
    struct told told;

    (void)state;
    tell(&told, &(struct board_plan){.mode = RIG_SWAP_SCRATCH, .n_primary = 8}, "run,run");
    assert_int_equal(cell_before(&told, 0, 0, 1).holds, RIG_PATH_OLD);
    assert_int_equal(cell_before(&told, 0, 0, 1).sectors, 1);
    assert_int_equal(cell_before(&told, 0, 0, 6).holds, RIG_PATH_ERASED);
    assert_int_equal(cell_before(&told, 0, 1, 2).holds, RIG_PATH_NEW);
    assert_int_equal(cell_before(&told, 0, 1, 7).holds, RIG_PATH_TRAILER);
    assert_int_equal(cell_before(&told, 1, 0, 2).holds, RIG_PATH_NEW);
    assert_int_equal(cell_before(&told, 1, 0, 2).sectors, 2);
    assert_int_equal(cell_before(&told, 1, 1, 0).holds, RIG_PATH_OLD);
    assert_int_equal(cell_before(&told, 1, 2, 0).holds, RIG_PATH_NEW); /* scratch keeps what it had */
    assert_false(cell_before(&told, 1, 0, 2).part);
    clear(&told);
}

static void a_cut_tells_the_operation_that_it_hid(void **state)
{
    struct told told;

    (void)state;
    tell(&told, &(struct board_plan){.mode = RIG_SWAP_MOVE, .n_primary = 8}, "1,2,run");
    assert_true(told.replay.fits);
    assert_string_equal(cycle_of(&told, 0)->cut,
                        "before operation 1: write 4 B primary trailer: swap type = test");
    assert_int_equal(cycle_of(&told, 0)->n_operations, 1);
    assert_null(cycle_of(&told, 0)->runs);
    assert_true(
        g_str_has_prefix(cycle_of(&told, 1)->cut, "before operation 2: write 4 B primary trailer: size"));
    assert_null(cycle_of(&told, 2)->cut);
    assert_string_equal(cycle_of(&told, 2)->runs, "new");
    clear(&told);
}

static void a_torn_field_is_told_as_torn(void **state)
{
    struct told told;

    (void)state;
    tell(&told, &(struct board_plan){.mode = RIG_SWAP_MOVE, .n_primary = 8}, "3h,run");
    const struct rig_path_cycle *cycle = cycle_of(&told, 0);
    const struct rig_path_step *last = step_of(cycle, cycle->steps->len - 1);
    assert_true(last->torn);
    assert_string_equal(last->text, "write 16 B primary trailer: magic = good, torn: only the first half");
    assert_string_equal(cycle->cut,
                        "inside operation 3: write 16 B primary trailer: magic = good, torn: only "
                        "the first half");
    assert_string_equal(trailer_before(&told, 1, 0)->magic, "bad");
    clear(&told);
}

static void a_half_written_copy_is_the_begin_of_a_sector(void **state)
{
    struct told told;
    gint64 at = 0;

    (void)state;
    tell(&told, &(struct board_plan){.mode = RIG_SWAP_OFFSET, .n_primary = 8}, "run,run");
    for (guint i = 0; at == 0 && i < cycle_of(&told, 0)->steps->len; i++)
        if (step_of(cycle_of(&told, 0), i)->n == 4)
            at = step_of(cycle_of(&told, 0), i)->first;
    clear(&told);
    assert_true(at > 0);
    g_autofree char *path = g_strdup_printf("%" G_GINT64_FORMAT ",run", at + 2);
    tell(&told, &(struct board_plan){.mode = RIG_SWAP_OFFSET, .n_primary = 8}, path);
    assert_int_equal(cell_before(&told, 1, 1, 0).holds, RIG_PATH_OLD);
    assert_true(cell_before(&told, 1, 1, 0).part);
    clear(&told);
}

/* 58 sectors are swapped: what is told are a few steps, and no operation is lost on the way. */
static void a_long_swap_is_folded(void **state)
{
    struct board_plan plan = {
        .mode = RIG_SWAP_MOVE, .n_primary = 64, .old_bytes = 56 * 4096 - 3072, .new_bytes = 58 * 4096 - 1024};
    gint64 n_operations = 0;
    guint n_more = 0;
    struct told told;

    (void)state;
    tell(&told, &plan, "run,run");
    const struct rig_path_cycle *cycle = cycle_of(&told, 0);
    assert_int_equal(cycle->n_operations, 1050); /* the reference sheet's count */
    assert_int_equal(cycle->operations->len, 1050);
    assert_in_range(cycle->steps->len, 10, RIG_RECORDED_MAX_STEPS);
    for (guint i = 0; i < cycle->steps->len; i++) {
        assert_int_equal(step_of(cycle, i)->first, n_operations);
        n_operations += step_of(cycle, i)->n;
        n_more += step_of(cycle, i)->kind == RIG_PATH_MORE;
    }
    assert_int_equal(n_operations, 1050);
    assert_in_range(n_more, 2, 6); /* the moves and the swaps */
    clear(&told);
}

/* What the steps changed, one after the other, is what the flash holds in the end. */
static void changes_of_steps_add_up(void **state)
{
    static const char *const paths[] = {"40,run", "40", "40,7h,3"};

    (void)state;
    for (guint i = 0; i < G_N_ELEMENTS(paths); i++) {
        struct told told;

        tell(&told, &(struct board_plan){.mode = RIG_SWAP_SCRATCH, .n_primary = 32, .new_bytes = 60000},
             paths[i]);
        struct rig_explore_image images[] = {{.name = "old",
                                              .bytes = told.board.old.bytes,
                                              .n_bytes = told.board.old.n_bytes,
                                              .verified = true},
                                             {.name = "new",
                                              .bytes = told.board.fresh.bytes,
                                              .n_bytes = told.board.fresh.n_bytes,
                                              .verified = true}};
        struct rig_flash_map *map = rig_flash_map_new(told.subject, images);

        for (guint area = 0; area < map->areas->len; area++)
            for (guint sector = 0; sector < rig_flash_map_area(map, area)->starts->len; sector++) {
                struct rig_path_cell told_cell =
                    cell_before(&told, told.replay.path->cycles->len, area, sector);
                struct rig_path_cell cell = rig_flash_map_cell(map, area, sector);

                assert_true(rig_path_cells_equal(&told_cell, &cell));
            }
        rig_flash_map_free(map);
        clear(&told);
    }
}

static void the_broken_invariant_has_its_complaint(void **state)
{
    struct told told;

    (void)state;
    tell(&told, &(struct board_plan){.mode = RIG_SWAP_SCRATCH, .n_primary = 8}, "run,5,1,run");
    assert_int_equal(told.replay.broken, 1u << RIG_INVARIANT_REVERT_NOT_LOST);
    assert_string_equal(told.replay.complaints[RIG_INVARIANT_REVERT_NOT_LOST],
                        "new runs again, although it was not confirmed");
    assert_null(told.replay.complaints[RIG_INVARIANT_BOOTS]);
    clear(&told);
}

static void a_path_that_does_not_fit_says_so(void **state)
{
    struct told told;

    (void)state;
    tell(&told, &(struct board_plan){.mode = RIG_SWAP_MOVE, .n_primary = 8}, "5000,run");
    assert_false(told.replay.fits);
    assert_int_equal(told.replay.broken, 0);
    assert_int_equal(told.replay.path->cycles->len, 1);
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
    assert_int_equal(told.replay.path->cycles->len, RIG_PATH_MAX_CYCLES);
    assert_int_equal(told.replay.path->n_left_out, 100 - RIG_PATH_MAX_CYCLES);
    assert_int_equal(cycle_of(&told, RIG_PATH_MAX_CYCLES - 1)->number, 99);
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
        cmocka_unit_test(a_long_swap_is_folded),
        cmocka_unit_test(changes_of_steps_add_up),
        cmocka_unit_test(the_broken_invariant_has_its_complaint),
        cmocka_unit_test(a_path_that_does_not_fit_says_so),
        cmocka_unit_test(a_very_long_path_keeps_its_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
