/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Findings by their causes: a bootloader made for each, so that it is known what the last cut fell on, at
 * which stage of the board's life, in how many states, and what heals it. */
#include "explore/explore.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#define WORD_BYTES 4u
/* Areas of a sector each; a mark is a word that is written. */
#define ALPHA 0u
#define BETA 256u
#define OLD_IMAGE 1024u
#define NEW_IMAGE 1280u

static const guint8 old_bytes[] = "the image that runs at the begin";
static const guint8 new_bytes[] = "the image that it is updated to!";

struct made {
    struct rig_subject subject;
    void (*boot)(struct sim_flash *flash, struct rig_end_report *report);
    void (*act)(struct sim_flash *flash, enum rig_action action);
};

static bool is_marked(struct sim_flash *flash, guint32 area, guint32 word)
{
    guint8 bytes[WORD_BYTES] = {0xff};

    return sim_flash_read(flash, 0, area + word * WORD_BYTES, bytes, sizeof bytes) == SIM_OK &&
           bytes[0] != 0xff;
}

/* false: power was lost before. */
static bool mark(struct sim_flash *flash, guint32 area, guint32 word)
{
    static const guint8 bytes[WORD_BYTES] = {0};

    return sim_flash_write(flash, 0, area + word * WORD_BYTES, bytes, sizeof bytes) == SIM_OK;
}

static void run_image(struct rig_end_report *report, guint32 offset)
{
    *report = (struct rig_end_report){.end = RIG_END_RUNS, .offset = offset};
}

static void boot_made(struct rig_subject *subject, struct rig_end_report *report)
{
    *report = (struct rig_end_report){.end = RIG_END_NO_IMAGE};
    ((struct made *)subject)->boot(subject->flash, report);
}

static bool act_made(struct rig_subject *subject, enum rig_action action,
                     const struct rig_explore_image *image)
{
    (void)image;
    ((struct made *)subject)->act(subject->flash, action);
    return true;
}

static void free_nothing(struct rig_subject *subject)
{
    (void)subject;
}

static const struct rig_subject_ops made_ops = {.boot = boot_made, .act = act_made, .free = free_nothing};

/* The request is a mark in beta: from then on the new image runs. */
static void act_by_marks(struct sim_flash *flash, enum rig_action action)
{
    mark(flash, BETA, action == RIG_ACTION_TEST ? 0 : 1);
}

static struct rig_exploration *explore(void (*boot)(struct sim_flash *flash, struct rig_end_report *report),
                                       void (*act)(struct sim_flash *flash, enum rig_action action))
{
    static const struct sim_flash_device_config device = {
        .name = "flash", .regions = {{256, 8}}, .n_regions = 1, .write_bytes = WORD_BYTES, .erased = 0xff};
    struct made made = {.subject = {.ops = &made_ops,
                                    .flash = sim_flash_new(&device, 1),
                                    .reverts = true,
                                    .invariants = RIG_ALL_INVARIANTS,
                                    .areas = {{0, ALPHA, 256}, {0, BETA, 256}},
                                    .area_names = {"alpha", "beta"},
                                    .n_areas = 2,
                                    .whole_device = G_MAXUINT},
                        .boot = boot,
                        .act = act};
    struct rig_explore_plan plan = {
        .subject = &made.subject,
        .images = {{.name = "old", .bytes = old_bytes, .n_bytes = sizeof old_bytes, .verified = true},
                   {.name = "new", .bytes = new_bytes, .n_bytes = sizeof new_bytes, .verified = true}},
        .life = {.actions = {RIG_ACTION_TEST, RIG_ACTION_CONFIRM}, .n_actions = 2},
        .invariants = 1u << RIG_INVARIANT_BOOTS,
        .max_boots = 1,
        .n_workers = 1,
    };
    struct rig_exploration *seen;

    assert_non_null(made.subject.flash);
    sim_flash_poke(made.subject.flash, 0, OLD_IMAGE, old_bytes, sizeof old_bytes);
    sim_flash_poke(made.subject.flash, 0, NEW_IMAGE, new_bytes, sizeof new_bytes);
    seen = rig_explore(&plan);
    sim_flash_free(made.subject.flash);
    return seen;
}

static const struct rig_finding *only_finding(const struct rig_exploration *seen)
{
    assert_int_equal(seen->findings->len, 1);
    return g_ptr_array_index(seen->findings, 0);
}

static const struct rig_finding *finding_with_path(const struct rig_exploration *seen, const char *path)
{
    const struct rig_finding *found = NULL;

    for (guint i = 0; i < seen->findings->len && !found; i++) {
        const struct rig_finding *finding = g_ptr_array_index(seen->findings, i);

        found = g_str_equal(finding->path, path) ? finding : NULL;
    }
    assert_non_null(found);
    return found;
}

/* Three marks in a row; what finds only some of them has nothing to boot. */
static bool complete_alpha(struct sim_flash *flash)
{
    if (is_marked(flash, ALPHA, 0))
        return is_marked(flash, ALPHA, 1) && is_marked(flash, ALPHA, 2);
    return mark(flash, ALPHA, 0) && mark(flash, ALPHA, 1) && mark(flash, ALPHA, 2);
}

static void boot_with_marks(struct sim_flash *flash, struct rig_end_report *report)
{
    if (complete_alpha(flash))
        run_image(report, is_marked(flash, BETA, 0) ? NEW_IMAGE : OLD_IMAGE);
}

static void states_of_one_cause_are_counted_and_nothing_asked_for_is_idle(void **state)
{
    g_autoptr(rig_exploration) seen = explore(boot_with_marks, act_by_marks);
    const struct rig_finding *finding = only_finding(seen);

    (void)state;
    assert_true(seen->closed);
    assert_string_equal(finding->cause, "idle before write of alpha data");
    assert_int_equal(finding->n_nodes, 2); /* after the first mark, after the second */
    assert_int_equal(finding->n_cuts, 1);
    assert_string_equal(finding->path, "1,run");
    assert_int_equal(finding->heals_after, 0);
}

/* It marks in alpha only behind a confirmation. */
static void boot_with_marks_once_confirmed(struct sim_flash *flash, struct rig_end_report *report)
{
    if (!is_marked(flash, BETA, 1) || complete_alpha(flash))
        run_image(report, is_marked(flash, BETA, 0) ? NEW_IMAGE : OLD_IMAGE);
}

static void a_cut_behind_a_confirmation_says_so(void **state)
{
    g_autoptr(rig_exploration) seen = explore(boot_with_marks_once_confirmed, act_by_marks);
    const struct rig_finding *finding = only_finding(seen);

    (void)state;
    assert_string_equal(finding->cause, "confirmed before write of alpha data");
}

/* It marks in alpha behind the request, before anything is confirmed. */
static void boot_with_marks_once_requested(struct sim_flash *flash, struct rig_end_report *report)
{
    if (!is_marked(flash, BETA, 0) || complete_alpha(flash))
        run_image(report, is_marked(flash, BETA, 0) ? NEW_IMAGE : OLD_IMAGE);
}

static void a_cut_behind_a_request_is_one_of_the_installation(void **state)
{
    g_autoptr(rig_exploration) seen = explore(boot_with_marks_once_requested, act_by_marks);
    const struct rig_finding *finding = only_finding(seen);

    (void)state;
    assert_string_equal(finding->cause, "install before write of alpha data");
}

/* The first boot leaves a mark that the second does not like. */
static void boot_once(struct sim_flash *flash, struct rig_end_report *report)
{
    if (!is_marked(flash, ALPHA, 0) && mark(flash, ALPHA, 0))
        run_image(report, OLD_IMAGE);
}

static void a_cut_behind_the_last_operation_of_a_boot_is_told_as_that(void **state)
{
    g_autoptr(rig_exploration) seen = explore(boot_once, act_by_marks);

    (void)state;
    assert_string_equal(finding_with_path(seen, "1,run")->cause, "idle after write of alpha data");
}

/* A boot of one operation, then a request of two: what finds half of it has nothing to boot. */
static void boot_whole_requests(struct sim_flash *flash, struct rig_end_report *report)
{
    if (!is_marked(flash, ALPHA, 0) && !mark(flash, ALPHA, 0))
        return;
    if (is_marked(flash, ALPHA, 1) == is_marked(flash, BETA, 0))
        run_image(report, OLD_IMAGE);
}

static void act_in_two_steps(struct sim_flash *flash, enum rig_action action)
{
    if (action == RIG_ACTION_TEST && mark(flash, ALPHA, 1))
        mark(flash, BETA, 0);
}

static void a_cut_in_an_action_is_counted_from_the_begin_of_the_action(void **state)
{
    g_autoptr(rig_exploration) seen = explore(boot_whole_requests, act_in_two_steps);
    const struct rig_finding *finding = only_finding(seen);

    (void)state;
    assert_string_equal(finding->cause, "test before write of beta data");
    assert_string_equal(finding->path, "2,run");
}

/* Half of alpha is mended by the next boot, by way of a boot that the rig could not run. */
static void boot_with_trouble(struct sim_flash *flash, struct rig_end_report *report)
{
    if (is_marked(flash, ALPHA, 1)) {
        run_image(report, OLD_IMAGE);
    } else if (is_marked(flash, ALPHA, 0)) {
        report->end = RIG_END_NOT_RUN;
        mark(flash, ALPHA, 1);
    } else {
        mark(flash, ALPHA, 0);
    }
}

static void what_the_rig_could_not_run_heals_nothing(void **state)
{
    g_autoptr(rig_exploration) seen = explore(boot_with_trouble, act_by_marks);
    const struct rig_finding *finding = g_ptr_array_index(seen->findings, 0);

    (void)state;
    assert_string_equal(finding->cause, "no cut");
    assert_int_equal(finding->heals_after, 0);
}

/* The same, but it is a boot without an image. */
static void boot_that_heals(struct sim_flash *flash, struct rig_end_report *report)
{
    if (is_marked(flash, ALPHA, 1))
        run_image(report, OLD_IMAGE);
    else
        mark(flash, ALPHA, is_marked(flash, ALPHA, 0) ? 1 : 0);
}

static void further_boots_that_heal_are_counted(void **state)
{
    g_autoptr(rig_exploration) seen = explore(boot_that_heals, act_by_marks);
    const struct rig_finding *finding = g_ptr_array_index(seen->findings, 0);

    (void)state;
    assert_int_equal(finding->heals_after, 2);
    assert_non_null(strstr(finding->complaint, "heals after 2 further power-ons"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(states_of_one_cause_are_counted_and_nothing_asked_for_is_idle),
        cmocka_unit_test(a_cut_behind_a_confirmation_says_so),
        cmocka_unit_test(a_cut_behind_a_request_is_one_of_the_installation),
        cmocka_unit_test(a_cut_behind_the_last_operation_of_a_boot_is_told_as_that),
        cmocka_unit_test(a_cut_in_an_action_is_counted_from_the_begin_of_the_action),
        cmocka_unit_test(what_the_rig_could_not_run_heals_nothing),
        cmocka_unit_test(further_boots_that_heal_are_counted),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
