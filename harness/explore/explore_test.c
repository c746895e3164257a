/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Exploration of the built-in model: counts of the reference sheet, known defects with their shortest path,
 * seeded defects. */
#include "explore/explore.h"
#include "explore/mcuboot.h"
#include "explore/running.h"
#include "sim/firmware/mcuboot/boot/boot_fixture.h"

#include <glib/gstdio.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <cmocka.h>

struct trial {
    struct board board;
    struct rig_subject *subject;
    struct rig_explore_plan plan;
    struct rig_exploration *seen;
};

static void open_trial(struct trial *trial, const struct board_plan *plan, guint32 defects)
{
    struct board *board = &trial->board;

    board_make(board, plan);
    board->config.defects = defects;
    board_put_primary(board, 0, &board->old);
    board_put_secondary(board, 0, &board->fresh);
    trial->seen = NULL;
    trial->plan = (struct rig_explore_plan){
        .images =
            {{.name = "old", .bytes = board->old.bytes, .n_bytes = board->old.n_bytes, .verified = true},
             {.name = "new", .bytes = board->fresh.bytes, .n_bytes = board->fresh.n_bytes, .verified = true}},
        .life = {.actions = {RIG_ACTION_TEST, RIG_ACTION_CONFIRM}, .n_actions = 2},
        .invariants = RIG_ALL_INVARIANTS,
        .max_boots = 1,
    };
}

static const struct rig_exploration *explore(struct trial *trial)
{
    trial->plan.subject = trial->subject = rig_subject_model(&trial->board.config, trial->board.flash);
    assert_non_null(trial->subject);
    trial->seen = rig_explore(&trial->plan);
    return trial->seen;
}

static void close_trial(struct trial *trial)
{
    rig_exploration_free(trial->seen);
    rig_subject_free(trial->subject);
    board_clear(&trial->board);
}

/* The one with the fewest cuts; NULL: the invariant holds. */
static const struct rig_finding *finding_of(const struct rig_exploration *seen, enum rig_invariant invariant)
{
    for (guint i = 0; i < seen->findings->len; i++) {
        const struct rig_finding *finding = g_ptr_array_index(seen->findings, i);

        if (finding->invariant == invariant)
            return finding;
    }
    return NULL;
}

static guint32 broken(const struct rig_exploration *seen)
{
    guint32 bits = 0;

    for (guint i = 0; i < RIG_N_INVARIANTS; i++)
        bits |= finding_of(seen, (enum rig_invariant)i) ? 1u << i : 0;
    return bits;
}

/* From the marked board on, as the sheet was measured. */
static void count(const struct board_plan *plan, bool permanent, guint32 n_contents)
{
    struct trial trial;
    const struct rig_exploration *seen;

    open_trial(&trial, plan, 0);
    assert_int_equal(sim_boot_set_pending(&trial.board.config, trial.board.flash, 0, permanent), SIM_OK);
    trial.plan.life.actions[0] = permanent ? RIG_ACTION_PERMANENT : RIG_ACTION_TEST;
    trial.plan.life.n_actions = permanent ? 1 : 2;
    trial.plan.n_done = 1;
    seen = explore(&trial);
    assert_true(seen->closed);
    assert_int_equal(seen->n_contents, n_contents);
    close_trial(&trial);
}

/* 56 and 58 sectors of 4 KiB, the last of them not quite full. */
static void slots_of_64_sectors_have_the_contents_of_the_reference_sheet(void **state)
{
    static const guint32 with_trial[] = {3122, 2085, 1487, 6906};
    static const guint32 permanent[] = {1024, 1055, 695, 6904};

    (void)state;
    for (int mode = RIG_SWAP_MOVE; mode <= RIG_SWAP_OVERWRITE; mode++) {
        struct board_plan plan = {.mode = (enum rig_swap_mode)mode,
                                  .n_primary = 64,
                                  .old_bytes = 56 * 4096 - 3072,
                                  .new_bytes = 58 * 4096 - 1024};

        count(&plan, false, with_trial[mode]);
        count(&plan, true, permanent[mode]);
    }
}

static void slots_of_8_sectors_have_the_contents_of_the_reference_sheet(void **state)
{
    static const guint32 with_trial[] = {217, 156, 135, 45};

    (void)state;
    for (int mode = RIG_SWAP_MOVE; mode <= RIG_SWAP_OVERWRITE; mode++)
        count(&(struct board_plan){.mode = (enum rig_swap_mode)mode, .n_primary = 8}, false,
              with_trial[mode]);
}

static void expect_violation(const struct board_plan *plan, bool torn, enum rig_invariant invariant,
                             const char *path)
{
    struct trial trial;
    const struct rig_exploration *seen;

    open_trial(&trial, plan, 0);
    trial.plan.torn_write = trial.plan.torn_erase = torn;
    seen = explore(&trial);
    assert_true(seen->closed);
    assert_non_null(finding_of(seen, invariant));
    assert_int_equal(finding_of(seen, invariant)->n_cuts, 2);
    assert_string_equal(finding_of(seen, invariant)->path, path);
    close_trial(&trial);
}

static void an_offset_revert_with_two_cuts_stops_the_loader_for_good(void **state)
{
    (void)state;
    expect_violation(&(struct board_plan){.mode = RIG_SWAP_OFFSET, .n_primary = 8}, false,
                     RIG_INVARIANT_BOOTS, "app,run,19,6,run");
}

static void a_scratch_revert_with_two_cuts_loses_the_revert(void **state)
{
    (void)state;
    expect_violation(&(struct board_plan){.mode = RIG_SWAP_SCRATCH, .n_primary = 8}, false,
                     RIG_INVARIANT_REVERT_NOT_LOST, "app,run,5,1,run");
}

static void a_scratch_trailer_over_several_sectors_crashes_after_two_cuts(void **state)
{
    (void)state;
    expect_violation(&(struct board_plan){.mode = RIG_SWAP_SCRATCH, .sector_bytes = 1024, .n_primary = 32},
                     false, RIG_INVARIANT_NO_CRASH, "app,run,5,1,run");
}

static void a_torn_magic_loses_a_move_revert(void **state)
{
    (void)state;
    expect_violation(&(struct board_plan){.mode = RIG_SWAP_MOVE, .n_primary = 8, .rewrite_allowed = true},
                     true, RIG_INVARIANT_REVERT_NOT_LOST, "app,run,3h,1,run");
}

static void without_torn_operations_move_and_overwrite_hold_every_invariant(void **state)
{
    (void)state;
    for (int i = 0; i < 2; i++) {
        struct trial trial;
        const struct rig_exploration *seen;

        open_trial(&trial,
                   &(struct board_plan){.mode = i ? RIG_SWAP_OVERWRITE : RIG_SWAP_MOVE, .n_primary = 8}, 0);
        seen = explore(&trial);
        assert_true(seen->closed);
        assert_int_equal(broken(seen), 0);
        close_trial(&trial);
    }
}

static void seeded_defects_break_the_invariants_that_they_should(void **state)
{
    static const struct {
        guint32 defect;
        guint32 broken;
    } cases[] = {
        {SIM_BOOT_DEFECT_NEVER_REVERTS, 1u << RIG_INVARIANT_REVERT_NOT_LOST},
        {SIM_BOOT_DEFECT_FORGETS_PROGRESS, 1u << RIG_INVARIANT_BOOTS},
        {SIM_BOOT_DEFECT_NO_COPY_DONE, 1u << RIG_INVARIANT_REVERT_NOT_LOST},
        {SIM_BOOT_DEFECT_CONFIRMS_ITSELF,
         1u << RIG_INVARIANT_CONFIRMED_BY_APPLICATION | 1u << RIG_INVARIANT_REVERT_NOT_LOST},
    };

    (void)state;
    for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
        struct trial trial;
        const struct rig_exploration *seen;

        open_trial(&trial, &(struct board_plan){.mode = RIG_SWAP_MOVE, .n_primary = 8}, cases[i].defect);
        seen = explore(&trial);
        assert_true(seen->closed);
        assert_int_equal(broken(seen) & cases[i].broken, cases[i].broken);
        close_trial(&trial);
    }
}

static void an_upload_is_part_of_the_life_and_may_be_cut(void **state)
{
    struct trial trial;
    const struct rig_exploration *seen;

    (void)state;
    open_trial(&trial, &(struct board_plan){.mode = RIG_SWAP_MOVE, .n_primary = 8}, 0);
    trial.plan.life = (struct rig_life){.actions = {RIG_ACTION_UPLOAD, RIG_ACTION_TEST, RIG_ACTION_CONFIRM},
                                        .n_actions = 3};
    seen = explore(&trial);
    assert_true(seen->closed);
    assert_int_equal(broken(seen), 0);
    assert_true(seen->n_contents > 217 + 14);
    close_trial(&trial);
}

static void a_budget_of_states_stops_and_says_so(void **state)
{
    struct trial trial;
    const struct rig_exploration *seen;

    (void)state;
    open_trial(&trial, &(struct board_plan){.mode = RIG_SWAP_MOVE, .n_primary = 8}, 0);
    trial.plan.max_contents = 50;
    seen = explore(&trial);
    assert_false(seen->closed);
    assert_string_equal(seen->why_open, "the budget of states is used up");
    close_trial(&trial);
}

static void remake(struct rig_bytes *image, guint32 n_bytes, guint8 major, const struct rig_key *key,
                   guint32 counter)
{
    struct rig_image_recipe recipe = {.has_security_counter = true, .security_counter = counter};

    rig_bytes_clear(image);
    *image = image_make(n_bytes, major, key, &recipe);
}

/* Two images that need each other, updated together. */
static guint32 explore_pair(enum rig_swap_mode mode, enum rig_action how, bool dependent, guint32 defects)
{
    static const struct rig_image_dependency needs[2] = {{.image = 1, .minimum = {.major = 2}},
                                                         {.image = 0, .minimum = {.major = 2}}};
    struct rig_image_recipe recipe = {.dependencies = &needs[0], .n_dependencies = dependent ? 1 : 0};
    struct rig_bytes second_old, second_new;
    struct trial trial;
    struct board *board = &trial.board;
    guint32 seen;

    open_trial(&trial, &(struct board_plan){.mode = mode, .n_primary = 8, .two_images = true}, defects);
    board->config.swap_fixes = true;
    rig_bytes_clear(&board->fresh);
    board->fresh = image_make(13663, 2, board->key, &recipe);
    recipe.dependencies = &needs[1];
    second_new = image_make(7001, 2, board->key, &recipe);
    second_old = image_make(5001, 1, board->key, NULL);
    board_put_primary(board, 0, &board->old);
    board_put_primary(board, 1, &second_old);
    trial.plan.images[0] = (struct rig_explore_image){.name = "old",
                                                      .bytes = board->old.bytes,
                                                      .n_bytes = board->old.n_bytes,
                                                      .verified = true,
                                                      .second_bytes = second_old.bytes,
                                                      .n_second_bytes = second_old.n_bytes};
    trial.plan.images[1] = (struct rig_explore_image){.name = "new",
                                                      .bytes = board->fresh.bytes,
                                                      .n_bytes = board->fresh.n_bytes,
                                                      .verified = true,
                                                      .second_bytes = second_new.bytes,
                                                      .n_second_bytes = second_new.n_bytes};
    trial.plan.life =
        (struct rig_life){.actions = {RIG_ACTION_UPLOAD, how, RIG_ACTION_CONFIRM}, .n_actions = 3};
    explore(&trial);
    assert_null(trial.seen->trouble);
    assert_true(trial.seen->closed);
    seen = broken(trial.seen);
    close_trial(&trial);
    rig_bytes_clear(&second_old);
    rig_bytes_clear(&second_new);
    return seen;
}

static void a_pair_that_is_overwritten_is_never_mixed(void **state)
{
    (void)state;
    for (int how = RIG_ACTION_TEST; how <= RIG_ACTION_PERMANENT; how++)
        assert_int_equal(explore_pair(RIG_SWAP_OVERWRITE, (enum rig_action)how, true, 0), 0);
}

/* Marked one after the other, with a cut between. */
static void a_pair_without_dependencies_is_mixed_by_a_cut(void **state)
{
    (void)state;
    for (int mode = RIG_SWAP_MOVE; mode <= RIG_SWAP_OVERWRITE; mode++) {
        assert_true(explore_pair((enum rig_swap_mode)mode, RIG_ACTION_PERMANENT, false, 0) &
                    1u << RIG_INVARIANT_ALLOWED_IMAGE);
        assert_true(explore_pair((enum rig_swap_mode)mode, RIG_ACTION_PERMANENT, true,
                                 SIM_BOOT_DEFECT_IGNORES_DEPENDENCY) &
                    1u << RIG_INVARIANT_ALLOWED_IMAGE);
    }
}

/* What looks like a revert of the first image after a cut is told from one by what is left of the second: two
 * cuts leave nothing. */
static void a_pair_that_is_swapped_is_mixed_by_more_than_one_cut(void **state)
{
    (void)state;
    for (int mode = RIG_SWAP_MOVE; mode <= RIG_SWAP_OFFSET; mode++)
        assert_true(explore_pair((enum rig_swap_mode)mode, RIG_ACTION_PERMANENT, true, 0) &
                    1u << RIG_INVARIANT_ALLOWED_IMAGE);
}

/* The device's counter stands at `stored`, the old image has 3, the new one 5. */
static guint32 explore_with_counters(enum rig_swap_mode mode, enum rig_action how, guint32 stored,
                                     guint32 *n_contents)
{
    struct trial trial;
    struct board *board = &trial.board;
    guint32 seen;

    open_trial(&trial, &(struct board_plan){.mode = mode, .n_primary = 8}, 0);
    board->config.hw_rollback = board->config.swap_fixes = true;
    remake(&board->old, 9663, 1, board->key, 3);
    remake(&board->fresh, 13663, 2, board->key, 5);
    board_put_primary(board, 0, &board->old);
    trial.plan.images[0] = (struct rig_explore_image){
        .name = "old", .bytes = board->old.bytes, .n_bytes = board->old.n_bytes, .verified = true};
    trial.plan.images[1] = (struct rig_explore_image){
        .name = "new", .bytes = board->fresh.bytes, .n_bytes = board->fresh.n_bytes, .verified = true};
    trial.plan.life =
        (struct rig_life){.actions = {RIG_ACTION_UPLOAD, how, RIG_ACTION_CONFIRM}, .n_actions = 3};
    trial.plan.torn_write = trial.plan.torn_erase = true;
    trial.plan.subject = trial.subject = rig_subject_model(&board->config, board->flash);
    rig_subject_set_counter(trial.subject, 0, stored);
    trial.seen = rig_explore(&trial.plan);
    assert_true(trial.seen->closed);
    *n_contents = trial.seen->n_contents;
    seen = broken(trial.seen);
    close_trial(&trial);
    return seen;
}

/* The counter rises when the new image is confirmed, and a cut may fall before that and after: contents with
 * each value. No revert needs an image that the counter forbids. */
static void a_security_counter_is_part_of_the_contents(void **state)
{
    guint32 n_low, n_high;

    (void)state;
    for (int mode = RIG_SWAP_MOVE; mode <= RIG_SWAP_OVERWRITE; mode++) {
        for (int how = RIG_ACTION_TEST; how <= RIG_ACTION_PERMANENT; how++) {
            assert_int_equal(explore_with_counters((enum rig_swap_mode)mode, (enum rig_action)how, 0, &n_low),
                             0);
            assert_int_equal(
                explore_with_counters((enum rig_swap_mode)mode, (enum rig_action)how, 3, &n_high), 0);
            assert_true(n_low > n_high);
        }
        /* Above the old image's: it does not boot any more. */
        assert_true(explore_with_counters((enum rig_swap_mode)mode, RIG_ACTION_TEST, 4, &n_low) &
                    1u << RIG_INVARIANT_BOOTS);
    }
}

/* The header keeps its flag where the payload is plain, and the hash is the one of the plain image. */
static void an_encrypted_image_is_known_where_it_runs_decrypted(void **state)
{
    struct board board;
    guint32 at;
    g_autofree guint8 *cipher = NULL;

    (void)state;
    board_make(&board, &(struct board_plan){.mode = RIG_SWAP_MOVE, .n_primary = 8});
    at = board.config.primary[0].offset;
    board_put_primary(&board, 0, &board.old);
    cipher = g_memdup2(board.old.bytes, board.old.n_bytes);
    for (guint i = 512; i < 2048; i++)
        cipher[i] ^= 0x5a;
    assert_true(rig_holds_decrypted(board.flash, 0, at, cipher, board.old.n_bytes));
    assert_false(rig_holds_decrypted(board.flash, 0, at + 4096, cipher, board.old.n_bytes));
    cipher[20] ^= 1; /* another version */
    assert_false(rig_holds_decrypted(board.flash, 0, at, cipher, board.old.n_bytes));
    cipher[20] ^= 1;
    assert_int_equal(sim_flash_poke(board.flash, 0, at + 700, (const guint8 *)"x", 1), SIM_OK);
    assert_false(rig_holds_decrypted(board.flash, 0, at, cipher, board.old.n_bytes));
    board_clear(&board);
}

/* Everything that a report tells, byte by byte. */
static char *story_of(const struct rig_exploration *seen)
{
    GString *story = g_string_new(NULL);

    g_string_append_printf(story,
                           "%d %s %u %" G_GUINT64_FORMAT " %" G_GUINT64_FORMAT " %" G_GUINT64_FORMAT
                           " %" G_GUINT64_FORMAT " %u\n",
                           seen->closed, seen->why_open ? seen->why_open : "", seen->n_contents,
                           seen->n_nodes, seen->n_edges, seen->n_torn_edges, seen->n_boots, seen->longest);
    for (guint i = 0; i < seen->findings->len; i++) {
        const struct rig_finding *finding = g_ptr_array_index(seen->findings, i);

        g_string_append_printf(story, "%u %" G_GUINT64_FORMAT " %u %s %s %s\n", finding->invariant,
                               finding->n_nodes, finding->n_cuts, finding->path, finding->cause,
                               finding->complaint);
    }
    return g_string_free(story, FALSE);
}

struct setting {
    guint n_workers;
    bool execute_all;
};

static char *story_by(const struct board_plan *plan, guint torn, guint32 max_contents, struct setting setting)
{
    struct trial trial;
    char *story;

    open_trial(&trial, plan, 0);
    trial.plan.life = (struct rig_life){.actions = {RIG_ACTION_UPLOAD, RIG_ACTION_TEST, RIG_ACTION_CONFIRM},
                                        .n_actions = 3};
    trial.plan.torn_write = torn & 1;
    trial.plan.torn_erase = torn & 2;
    trial.plan.max_contents = max_contents;
    trial.plan.n_workers = setting.n_workers;
    trial.plan.eager = true;
    trial.plan.execute_all = setting.execute_all;
    story = story_of(explore(&trial));
    assert_true(setting.n_workers == 1 || trial.seen->n_forks > 0);
    close_trial(&trial);
    return story;
}

/* All modes, each torn form, parts that forbid and parts that allow a second write, with and without a budget
 * that ends it. */
static void workers_and_known_runs_change_nothing(void **state)
{
    static const struct setting ways[] = {{2, false}, {3, false}, {5, false}, {1, true}, {3, true}};

    (void)state;
    for (guint number = 0; number < 4 * 4 + 4; number++) {
        struct board_plan plan = {
            .mode = (enum rig_swap_mode)(number % 4), .n_primary = 8, .rewrite_allowed = number / 4 % 2};
        guint32 max_contents = number / 16 ? 300 : 0;
        g_autofree char *first = story_by(&plan, number / 4 % 4, max_contents, (struct setting){1, false});

        for (guint i = 0; i < G_N_ELEMENTS(ways); i++) {
            g_autofree char *story = story_by(&plan, number / 4 % 4, max_contents, ways[i]);

            assert_string_equal(story, first);
        }
    }
}

static const struct board_plan small[] = {
    {.mode = RIG_SWAP_MOVE, .n_primary = 8},
    {.mode = RIG_SWAP_SCRATCH, .n_primary = 8},
    {.mode = RIG_SWAP_OFFSET, .n_primary = 8},
    {.mode = RIG_SWAP_OVERWRITE, .n_primary = 8},
};

static void ask_for_everything(struct trial *trial)
{
    trial->plan.life = (struct rig_life){.actions = {RIG_ACTION_UPLOAD, RIG_ACTION_TEST, RIG_ACTION_CONFIRM},
                                         .n_actions = 3};
    trial->plan.torn_write = trial->plan.torn_erase = true;
}

/* In portions of so many contents, each from the file that the one before left. */
static char *story_in_portions(const struct board_plan *plan, guint32 portion, const char *path,
                               guint *n_portions)
{
    struct trial trial;
    char *story;

    open_trial(&trial, plan, 0);
    ask_for_everything(&trial);
    trial.plan.keep_in = path;
    for (*n_portions = 1;; ++*n_portions) {
        trial.plan.max_contents = portion;
        explore(&trial);
        assert_null(trial.seen->trouble);
        if (trial.seen->closed)
            break;
        assert_true(trial.seen->is_kept);
        trial.plan.go_on_from = path;
        rig_exploration_free(trial.seen);
        rig_subject_free(trial.subject);
    }
    story = story_of(trial.seen);
    close_trial(&trial);
    return story;
}

static char *new_path(void)
{
    return g_build_filename(g_get_tmp_dir(), "bootrig-state-XXXXXX", NULL);
}

static void an_exploration_in_portions_ends_as_one_in_a_piece(void **state)
{
    g_autofree char *folder = new_path();
    g_autofree char *path = NULL;
    guint n_portions = 0, n_most = 0;

    (void)state;
    assert_non_null(g_mkdtemp(folder));
    path = g_build_filename(folder, "state", NULL);
    for (guint i = 0; i < G_N_ELEMENTS(small); i++) {
        g_autofree char *whole = story_in_portions(&small[i], 1000000, path, &n_portions);

        assert_int_equal(n_portions, 1);
        for (guint32 portion = 40; portion < 2000; portion *= 3) {
            g_autofree char *story = story_in_portions(&small[i], portion, path, &n_portions);

            assert_string_equal(story, whole);
            n_most = MAX(n_most, n_portions);
        }
    }
    assert_true(n_most > 5);
    g_remove(path);
    g_rmdir(folder);
}

/* Owned by the caller. */
static char *refusal_of(const char *path)
{
    struct trial trial;
    char *trouble;

    open_trial(&trial, &small[0], 0);
    ask_for_everything(&trial);
    trial.plan.go_on_from = path;
    explore(&trial);
    assert_false(trial.seen->closed);
    trouble = g_strdup(trial.seen->trouble);
    close_trial(&trial);
    return trouble;
}

static void expect_refusal(const char *path, const char *bytes, gsize n_bytes, const char *why)
{
    g_autofree char *trouble = NULL;

    assert_true(g_file_set_contents(path, bytes, (gssize)n_bytes, NULL));
    trouble = refusal_of(path);
    if (!trouble || !strstr(trouble, why))
        print_error("%s\n", trouble ? trouble : "taken");
    assert_non_null(trouble);
    assert_non_null(strstr(trouble, why));
}

/* With the sum over it made good again, so that what is behind it is looked at. */
static void seal(char *bytes, gsize n_bytes)
{
    GChecksum *sum = g_checksum_new(G_CHECKSUM_SHA256);
    gsize n_sum = 32;

    g_checksum_update(sum, (const guchar *)bytes, (gssize)(n_bytes - 32));
    g_checksum_get_digest(sum, (guint8 *)bytes + n_bytes - 32, &n_sum);
    g_checksum_free(sum);
}

static void damaged_and_foreign_states_are_refused(void **state)
{
    g_autofree char *folder = new_path();
    g_autofree char *path = NULL;
    g_autofree char *bytes = NULL;
    g_autofree char *trouble = NULL;
    struct trial trial;
    gsize n_bytes;

    (void)state;
    assert_non_null(g_mkdtemp(folder));
    path = g_build_filename(folder, "state", NULL);
    trouble = refusal_of(path);
    assert_non_null(strstr(trouble, "cannot be read"));
    open_trial(&trial, &small[0], 0);
    ask_for_everything(&trial);
    trial.plan.keep_in = path;
    trial.plan.max_contents = 100;
    assert_true(explore(&trial)->is_kept);
    close_trial(&trial);
    assert_true(g_file_get_contents(path, &bytes, &n_bytes, NULL));
    expect_refusal(path, "", 0, "no state");
    expect_refusal(path, "hello, this is a text and nothing else at all", 40, "no state");
    for (gsize n = 1; n < n_bytes; n = n * 2 + 1)
        expect_refusal(path, bytes, n, "cannot go on");
    for (gsize at = 0; at < n_bytes; at = at * 3 / 2 + 1) {
        bytes[at] ^= 0x10;
        expect_refusal(path, bytes, n_bytes, "cannot go on");
        bytes[at] ^= 0x10;
    }
    bytes[8] ^= 2;
    expect_refusal(path, bytes, n_bytes, "another version");
    bytes[8] ^= 2;
    bytes[20] ^= 1;
    seal(bytes, n_bytes);
    expect_refusal(path, bytes, n_bytes, "another exploration");
    g_remove(path);
    g_rmdir(folder);
}

/* Whatever stands behind a good sum: an error or an exploration that ends, never more. */
static void states_that_somebody_made_up_do_no_harm(void **state)
{
    g_autofree char *folder = new_path();
    g_autofree char *path = NULL;
    g_autofree char *bytes = NULL;
    struct trial trial;
    gsize n_bytes;
    GRand *rand = g_rand_new_with_seed(7);

    (void)state;
    assert_non_null(g_mkdtemp(folder));
    path = g_build_filename(folder, "state", NULL);
    open_trial(&trial, &small[0], 0);
    ask_for_everything(&trial);
    trial.plan.keep_in = path;
    trial.plan.max_contents = 100;
    assert_true(explore(&trial)->is_kept);
    close_trial(&trial);
    assert_true(g_file_get_contents(path, &bytes, &n_bytes, NULL));
    for (guint i = 0; i < 150; i++) {
        g_autofree char *made_up = g_memdup2(bytes, n_bytes);
        gsize n_kept = i % 4 ? n_bytes : (gsize)g_rand_int_range(rand, 120, (gint32)n_bytes);

        for (guint k = 0; k <= i % 3; k++)
            made_up[g_rand_int_range(rand, 76, (gint32)n_kept - 32)] = (char)g_rand_int(rand);
        /* Past the pages, where the numbers are. */
        if (i % 2)
            made_up[n_kept - 33 - (gsize)g_rand_int_range(rand, 0, (gint32)(n_kept / 4))] = (char)0xff;
        seal(made_up, n_kept);
        assert_true(g_file_set_contents(path, made_up, (gssize)n_kept, NULL));
        open_trial(&trial, &small[0], 0);
        ask_for_everything(&trial);
        trial.plan.go_on_from = path;
        trial.plan.max_contents = 500;
        explore(&trial);
        close_trial(&trial);
    }
    g_rand_free(rand);
    g_remove(path);
    g_rmdir(folder);
}

/* What the journal says a content became is what the flash holds. */
static void contents_follow_the_flash_exactly(void **state)
{
    static const guint8 bytes[8] = {1, 2, 3, 4, 5, 6, 7, 8};
    struct board board;
    guint8 seen[8];

    (void)state;
    for (int zero = 0; zero < 2; zero++) {
        board_make(&board,
                   &(struct board_plan){
                       .mode = RIG_SWAP_MOVE, .n_primary = 8, .rewrite_allowed = true, .erased_zero = zero});
        g_autoptr(rig_contents) contents = rig_contents_new(board.flash);
        guint32 start = rig_contents_of_flash(contents, board.flash);
        struct sim_flash_operation write = {
            .kind = SIM_FLASH_WRITE, .offset = 1020, .n_bytes = 8, .bytes = bytes};
        struct sim_flash_operation erase = {.kind = SIM_FLASH_ERASE, .offset = 0, .n_bytes = 4096};
        guint32 after = rig_contents_after(contents, start, &write);

        assert_int_equal(sim_flash_write(board.flash, 0, 1020, bytes, 8), SIM_OK);
        assert_int_equal(rig_contents_of_flash(contents, board.flash), after);
        assert_int_equal(rig_contents_after(contents, start, &write), after);
        rig_contents_read(contents, rig_contents_torn(contents, start, &write), 0, 1020, seen, 8);
        assert_memory_equal(seen, bytes, 4);
        assert_int_equal(seen[4], zero ? 0 : 0xff);
        assert_int_equal(rig_contents_after(contents, after, &erase), start);
        rig_contents_load(contents, start, after, board.flash);
        assert_int_equal(rig_contents_of_flash(contents, board.flash), start);
        board_clear(&board);
    }
}

static void paths_are_written_and_read_back(void **state)
{
    static const char *const wrong[] = {"", "x", "1,,2", "-1", "4294967295", "1hh", "runs"};

    (void)state;
    g_autoptr(GArray) cycles = rig_cuts_parse("app,0,19h,run", NULL);
    g_autofree char *text = cycles ? rig_cuts_text(cycles) : NULL;
    assert_string_equal(text, "app,0,19h,run");
    for (guint i = 1; i < G_N_ELEMENTS(wrong); i++) {
        g_autoptr(GError) error = NULL;

        assert_null(rig_cuts_parse(wrong[i], &error));
        assert_non_null(error);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(slots_of_64_sectors_have_the_contents_of_the_reference_sheet),
        cmocka_unit_test(slots_of_8_sectors_have_the_contents_of_the_reference_sheet),
        cmocka_unit_test(an_offset_revert_with_two_cuts_stops_the_loader_for_good),
        cmocka_unit_test(a_scratch_revert_with_two_cuts_loses_the_revert),
        cmocka_unit_test(a_scratch_trailer_over_several_sectors_crashes_after_two_cuts),
        cmocka_unit_test(a_torn_magic_loses_a_move_revert),
        cmocka_unit_test(without_torn_operations_move_and_overwrite_hold_every_invariant),
        cmocka_unit_test(seeded_defects_break_the_invariants_that_they_should),
        cmocka_unit_test(an_upload_is_part_of_the_life_and_may_be_cut),
        cmocka_unit_test(a_budget_of_states_stops_and_says_so),
        cmocka_unit_test(a_pair_that_is_overwritten_is_never_mixed),
        cmocka_unit_test(a_pair_that_is_swapped_is_mixed_by_more_than_one_cut),
        cmocka_unit_test(a_pair_without_dependencies_is_mixed_by_a_cut),
        cmocka_unit_test(an_encrypted_image_is_known_where_it_runs_decrypted),
        cmocka_unit_test(a_security_counter_is_part_of_the_contents),
        cmocka_unit_test(workers_and_known_runs_change_nothing),
        cmocka_unit_test(an_exploration_in_portions_ends_as_one_in_a_piece),
        cmocka_unit_test(damaged_and_foreign_states_are_refused),
        cmocka_unit_test(states_that_somebody_made_up_do_no_harm),
        cmocka_unit_test(contents_follow_the_flash_exactly),
        cmocka_unit_test(paths_are_written_and_read_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
