/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The mended form of every swap mode holds every invariant, torn operations included, over geometries,
 * alignments and image sizes. */
#include "explore/explore.h"
#include "explore/mcuboot.h"
#include "sim/firmware/mcuboot/boot/boot_fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

static void explore_actions(const struct board *board, const struct rig_explore_image images[2],
                            struct rig_life life)
{
    g_autoptr(rig_subject) subject = rig_subject_model(&board->config, board->flash);
    struct rig_explore_plan plan = {
        .subject = subject,
        .images = {images[0], images[1]},
        .life = life,
        .torn_write = true,
        .torn_erase = true,
        .invariants = RIG_ALL_INVARIANTS,
        .max_boots = 1,
    };

    assert_non_null(subject);
    g_autoptr(rig_exploration) seen = rig_explore(&plan);
    assert_null(seen->trouble);
    assert_true(seen->closed);
    for (guint i = 0; i < seen->findings->len; i++) {
        const struct rig_finding *finding = g_ptr_array_index(seen->findings, i);

        print_error("%s, write %u, sectors of %u, images of %zu and %zu, %s: %s: %s, cuts=%s\n",
                    rig_swap_mode_name(board->config.mode), sim_flash_device(board->flash, 0)->write_bytes,
                    sim_flash_device(board->flash, 0)->regions[0].sector_bytes, images[0].n_bytes,
                    images[1].n_bytes, rig_action_name(life.actions[1]),
                    rig_invariant_name(finding->invariant), finding->complaint, finding->path);
    }
    assert_int_equal(seen->findings->len, 0);
}

static void explore_life(const struct board *board, const struct rig_explore_image images[2],
                         enum rig_action how)
{
    explore_actions(
        board, images,
        (struct rig_life){.actions = {RIG_ACTION_UPLOAD, how, RIG_ACTION_CONFIRM}, .n_actions = 3});
}

static void hold_in(struct board_plan plan, enum rig_swap_mode mode)
{
    struct board board;

    plan.mode = mode;
    board_make(&board, &plan);
    board.config.swap_fixes = true;
    board_put_primary(&board, 0, &board.old);
    const struct rig_explore_image images[2] = {
        {.name = "old", .bytes = board.old.bytes, .n_bytes = board.old.n_bytes, .verified = true},
        {.name = "new", .bytes = board.fresh.bytes, .n_bytes = board.fresh.n_bytes, .verified = true}};
    explore_life(&board, images, RIG_ACTION_TEST);
    explore_life(&board, images, RIG_ACTION_PERMANENT);
    board_clear(&board);
}

static void hold(struct board_plan plan)
{
    for (int mode = RIG_SWAP_MOVE; mode <= RIG_SWAP_OVERWRITE; mode++)
        hold_in(plan, (enum rig_swap_mode)mode);
}

static void write_alignments_of_1_to_32(void **state)
{
    (void)state;
    for (uint32_t unit = 1; unit <= 32; unit *= 2)
        hold((struct board_plan){.write_bytes = unit,
                                 .max_align = unit < 8 ? 8 : unit,
                                 .max_sectors = 32,
                                 .old_bytes = 5000,
                                 .new_bytes = 9000});
}

static void sectors_of_512_bytes_to_128_kib(void **state)
{
    (void)state;
    hold((struct board_plan){
        .sector_bytes = 512, .n_primary = 32, .max_sectors = 32, .old_bytes = 1500, .new_bytes = 2300});
    hold((struct board_plan){
        .sector_bytes = 1024, .n_primary = 24, .max_sectors = 32, .old_bytes = 1500, .new_bytes = 3300});
    hold((struct board_plan){.sector_bytes = 2048, .n_primary = 16, .old_bytes = 5000, .new_bytes = 3300});
    hold((struct board_plan){.sector_bytes = 131072, .n_primary = 4, .old_bytes = 5000, .new_bytes = 9000});
}

static void trailers_over_several_sectors(void **state)
{
    (void)state;
    hold((struct board_plan){.sector_bytes = 1024, .n_primary = 24, .old_bytes = 2500, .new_bytes = 1300});
}

static void an_erased_value_of_zero(void **state)
{
    (void)state;
    hold((struct board_plan){.erased_zero = true, .old_bytes = 5000, .new_bytes = 9000});
}

static void a_secondary_on_another_device(void **state)
{
    (void)state;
    hold((struct board_plan){.external = true, .old_bytes = 5000, .new_bytes = 9000});
}

/* As the RRAM of an nRF54L: nothing is erased, and every unit that is to be forgotten is written. Not by
 * scratch: what stands there from the last swap is neither erased nor overwritten before it is taken for this
 * one's. */
static void memory_without_erase(void **state)
{
    static const enum rig_swap_mode modes[] = {RIG_SWAP_MOVE, RIG_SWAP_OFFSET, RIG_SWAP_OVERWRITE};

    (void)state;
    for (guint i = 0; i < G_N_ELEMENTS(modes); i++)
        hold_in((struct board_plan){.sector_bytes = 1024,
                                    .n_primary = 6,
                                    .write_bytes = 16,
                                    .max_align = 16,
                                    .max_sectors = 6,
                                    .no_erase = true,
                                    .old_bytes = 1300,
                                    .new_bytes = 2300},
                modes[i]);
}

static void uneven_slots(void **state)
{
    (void)state;
    hold_in(
        (struct board_plan){
            .n_primary = 9, .n_secondary = 8, .max_sectors = 32, .old_bytes = 5000, .new_bytes = 9000},
        RIG_SWAP_MOVE);
    hold_in(
        (struct board_plan){
            .n_primary = 8, .n_secondary = 9, .max_sectors = 32, .old_bytes = 5000, .new_bytes = 9000},
        RIG_SWAP_OFFSET);
    hold_in((struct board_plan){.n_primary = 8,
                                .secondary_sector_bytes = 2048,
                                .n_secondary = 16,
                                .max_sectors = 32,
                                .old_bytes = 5000,
                                .new_bytes = 9000},
            RIG_SWAP_SCRATCH);
}

static void images_of_one_sector_and_the_largest(void **state)
{
    static const uint32_t largest[] = {6 * 4096, 8 * 4096 - 432, 6 * 4096, 8 * 4096 - 40};

    (void)state;
    hold((struct board_plan){.n_primary = 8, .max_sectors = 32, .old_bytes = 2000, .new_bytes = 2400});
    for (int mode = RIG_SWAP_MOVE; mode <= RIG_SWAP_OVERWRITE; mode++)
        hold_in(
            (struct board_plan){
                .n_primary = 8, .max_sectors = 32, .old_bytes = 2000, .new_bytes = largest[mode]},
            (enum rig_swap_mode)mode);
}

/* What a board and its life can be; every two of these values meet in some case of the matrix below. */
enum factor { MODE, UNIT, SECTOR, LAYOUT, ERASED, SIZE, LIFE, N_FACTORS };
enum layout { EVEN, UNEVEN, EXTERNAL, EXTERNAL_SMALL };
enum size { ONE_SECTOR, ODD, LARGEST };
#define MAX_VALUES 6u
static const guint n_values[N_FACTORS] = {4, 6, 6, 4, 2, 3, 4};
static const guint32 units[] = {1, 2, 4, 8, 16, 32};
static const guint32 sector_sizes[] = {512, 1024, 2048, 4096, 32768, 131072};
static const struct rig_life lives[] = {
    {.actions = {RIG_ACTION_UPLOAD, RIG_ACTION_TEST, RIG_ACTION_CONFIRM}, .n_actions = 3},
    {.actions = {RIG_ACTION_UPLOAD, RIG_ACTION_PERMANENT}, .n_actions = 2},
    {.actions = {RIG_ACTION_UPLOAD, RIG_ACTION_TEST, RIG_ACTION_UPLOAD, RIG_ACTION_TEST, RIG_ACTION_CONFIRM},
     .n_actions = 5},
    {.actions = {RIG_ACTION_UPLOAD, RIG_ACTION_TEST, RIG_ACTION_UPLOAD, RIG_ACTION_PERMANENT},
     .n_actions = 4},
};

struct row {
    guint value[N_FACTORS];
};

/* Slots of one more sector than their partner, where the mode wants them so; scratch takes any. */
static void lay_out(struct board_plan *plan, enum layout layout)
{
    bool one_less = plan->mode == RIG_SWAP_MOVE;

    plan->n_secondary = plan->n_primary;
    if (layout == UNEVEN && one_less)
        plan->n_primary++;
    else if (layout == UNEVEN && plan->mode == RIG_SWAP_OFFSET)
        plan->n_secondary++;
    plan->external = layout == EXTERNAL || layout == EXTERNAL_SMALL;
    if (layout != EXTERNAL_SMALL || plan->sector_bytes < 1024 || one_less || plan->mode == RIG_SWAP_OFFSET)
        return;
    plan->secondary_sector_bytes = plan->sector_bytes / 2;
    plan->n_secondary *= 2;
}

static struct board_plan plan_of(const struct row *row)
{
    guint32 unit = units[row->value[UNIT]];
    guint32 sector_bytes = sector_sizes[row->value[SECTOR]];
    guint32 n_trailer = 32u * 3 * MAX(unit, 8) + 4 * 32 + 64;
    struct board_plan plan = {.mode = (enum rig_swap_mode)row->value[MODE],
                              .sector_bytes = sector_bytes,
                              .write_bytes = unit,
                              .max_align = MAX(unit, 8),
                              .max_sectors = 32,
                              .erased_zero = row->value[ERASED],
                              .old_bytes = 900,
                              .new_bytes = 1000};

    plan.n_primary = 4 + (n_trailer + sector_bytes - 1) / sector_bytes;
    lay_out(&plan, (enum layout)row->value[LAYOUT]);
    return plan;
}

static void hold_row(const struct row *row)
{
    struct board_plan plan = plan_of(row);
    struct board board;
    guint32 largest;

    board_make(&board, &plan);
    largest = sim_boot_max_image_bytes(&board.config, board.flash, 0);
    board_clear(&board);
    /* Never more than a few sectors, so that large ones do not take forever to swap. */
    if (row->value[SIZE] == ODD)
        plan.new_bytes = MIN(largest, plan.sector_bytes + 1999);
    if (row->value[SIZE] == LARGEST)
        plan.new_bytes = largest;
    plan.old_bytes = row->value[SIZE] == LARGEST ? MAX(900, largest / 2 + 77) : plan.old_bytes;
    board_make(&board, &plan);
    board.config.swap_fixes = true;
    board_put_primary(&board, 0, &board.old);
    const struct rig_explore_image images[2] = {
        {.name = "old", .bytes = board.old.bytes, .n_bytes = board.old.n_bytes, .verified = true},
        {.name = "new", .bytes = board.fresh.bytes, .n_bytes = board.fresh.n_bytes, .verified = true}};
    explore_actions(&board, images, lives[row->value[LIFE]]);
    board_clear(&board);
}

typedef bool met[N_FACTORS][MAX_VALUES][N_FACTORS][MAX_VALUES];

static guint n_new_pairs(met seen, const struct row *row, bool note)
{
    guint n = 0;

    for (guint a = 0; a < N_FACTORS; a++)
        for (guint b = a + 1; b < N_FACTORS; b++) {
            n += !seen[a][row->value[a]][b][row->value[b]];
            seen[a][row->value[a]][b][row->value[b]] |= note;
        }
    return n;
}

/* Of many rows drawn by chance (always the same), the one with the most pairs that did not meet yet. */
static struct row next_row(met seen, GRand *rand, guint *n_new)
{
    struct row best = {{0}};

    *n_new = 0;
    for (guint draw = 0; draw < 400; draw++) {
        struct row row;

        for (guint factor = 0; factor < N_FACTORS; factor++)
            row.value[factor] = (guint)g_rand_int_range(rand, 0, (gint32)n_values[factor]);
        if (n_new_pairs(seen, &row, false) > *n_new) {
            *n_new = n_new_pairs(seen, &row, false);
            best = row;
        }
    }
    return best;
}

static guint n_pairs(void)
{
    guint n = 0;

    for (guint a = 0; a < N_FACTORS; a++)
        for (guint b = a + 1; b < N_FACTORS; b++)
            n += n_values[a] * n_values[b];
    return n;
}

static void every_two_properties_of_board_and_life_meet(void **state)
{
    static const guint max_rows = 200;
    GRand *rand = g_rand_new_with_seed(3);
    guint n_met = 0, n_new = 0, n_rows = 0;
    g_autofree met *seen = (met *)g_malloc0(sizeof(met));

    (void)state;
    /* Found by chance once: the records do not begin where the trailer does. */
    hold_row(&(struct row){{RIG_SWAP_SCRATCH, 4, 0, EVEN, 0, LARGEST, 0}});
    for (; n_met < n_pairs() && n_rows < max_rows; n_rows++) {
        struct row row = next_row(*seen, rand, &n_new);

        n_met += n_new_pairs(*seen, &row, true);
        if (n_new > 0)
            hold_row(&row);
    }
    assert_int_equal(n_met, n_pairs());
    g_rand_free(rand);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(write_alignments_of_1_to_32),
        cmocka_unit_test(sectors_of_512_bytes_to_128_kib),
        cmocka_unit_test(trailers_over_several_sectors),
        cmocka_unit_test(an_erased_value_of_zero),
        cmocka_unit_test(a_secondary_on_another_device),
        cmocka_unit_test(memory_without_erase),
        cmocka_unit_test(uneven_slots),
        cmocka_unit_test(every_two_properties_of_board_and_life_meet),
        cmocka_unit_test(images_of_one_sector_and_the_largest),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
