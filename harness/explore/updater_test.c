/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A made-up board with an updater: where a promise counts, and what may be called dead. */
#include "explore/explore.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

#define SECTOR_BYTES 256u
#define OLD_AT 0x000u
#define NEW_AT 0x100u
#define STORE 0x200u /* what is received; it decides nothing until the first mark is there */
#define MARKS 0x300u
#define WORD_BYTES 4u

static const guint8 old_bytes[] = "the image that runs at the begin";
static const guint8 new_bytes[] = "the image that it is updated to!";

struct made {
    struct rig_subject subject;
    guint promises_after; /* operations of the update */
    bool keeps_store;     /* it writes there without erasing it */
    bool reads_store;     /* so does the bootloader, at each boot */
    bool waits;           /* between the marks the updater waits */
};

static struct made *self(struct rig_subject *subject)
{
    return (struct made *)subject;
}

static bool is_marked(struct rig_subject *subject, guint32 word, bool looks)
{
    guint8 bytes[WORD_BYTES] = {0xff};
    guint32 at = MARKS + word * WORD_BYTES;

    return (looks ? sim_flash_peek(subject->flash, 0, at, bytes, sizeof bytes)
                  : sim_flash_read(subject->flash, 0, at, bytes, sizeof bytes)) == SIM_OK &&
           bytes[0] != 0xff;
}

static void boot(struct rig_subject *subject, struct rig_end_report *report)
{
    guint8 bytes[WORD_BYTES];
    bool first = is_marked(subject, 0, false), second = is_marked(subject, 1, false);

    *report = (struct rig_end_report){.end = RIG_END_RUNS, .offset = first && second ? NEW_AT : OLD_AT};
    if (self(subject)->reads_store)
        (void)sim_flash_read(subject->flash, 0, STORE, bytes, sizeof bytes);
    if (self(subject)->waits && first && !second)
        report->end = RIG_END_UPDATER;
}

static void promise(struct rig_subject *subject, guint64 before)
{
    if (sim_flash_n_operations(subject->flash) - before == self(subject)->promises_after)
        subject->promised_at = sim_flash_n_operations(subject->flash);
}

/* Four operations; where they were done before, they are done again. */
static bool act(struct rig_subject *subject, enum rig_action action, const struct rig_explore_image *image)
{
    static const guint8 word[WORD_BYTES] = {0};
    guint64 before = sim_flash_n_operations(subject->flash);

    (void)image;
    assert_int_equal(action, RIG_ACTION_UPDATE);
    if (!self(subject)->keeps_store)
        (void)sim_flash_erase(subject->flash, 0, STORE, SECTOR_BYTES);
    promise(subject, before);
    (void)sim_flash_write(subject->flash, 0, STORE, word, sizeof word);
    promise(subject, before);
    for (guint32 i = 0; i < 2; i++) {
        if (!is_marked(subject, i, false))
            (void)sim_flash_write(subject->flash, 0, MARKS + i * WORD_BYTES, word, sizeof word);
        promise(subject, before);
    }
    return sim_flash_powered(subject->flash);
}

static guint dead(struct rig_subject *subject, struct sim_area *dead_areas)
{
    dead_areas[0] = (struct sim_area){0, STORE, SECTOR_BYTES};
    return is_marked(subject, 0, true) ? 0 : 1;
}

static void free_nothing(struct rig_subject *subject)
{
    (void)subject;
}

static struct rig_exploration *explore(struct made made)
{
    static const struct sim_flash_device_config device = {
        .name = "flash", .regions = {{SECTOR_BYTES, 8}}, .n_regions = 1, .write_bytes = 4, .erased = 0xff};
    static const struct rig_subject_ops ops = {.boot = boot, .act = act, .dead = dead, .free = free_nothing};
    struct rig_explore_plan plan = {
        .subject = &made.subject,
        .images = {{.name = "old", .bytes = old_bytes, .n_bytes = sizeof old_bytes, .verified = true},
                   {.name = "new", .bytes = new_bytes, .n_bytes = sizeof new_bytes, .verified = true}},
        .life = {.actions = {RIG_ACTION_UPDATE}, .n_actions = 1},
        .invariants = RIG_ALL_INVARIANTS,
        .max_boots = 1,
        .n_workers = 1,
    };
    struct rig_exploration *seen;

    made.subject.ops = &ops;
    made.subject.flash = sim_flash_new(&device, 1);
    made.subject.invariants = RIG_INVARIANTS_OF_UPDATERS;
    made.subject.whole_device = G_MAXUINT;
    made.subject.areas[0] = (struct sim_area){0, STORE, 2 * SECTOR_BYTES};
    made.subject.area_names[0] = "store";
    made.subject.n_areas = 1;
    assert_non_null(made.subject.flash);
    sim_flash_poke(made.subject.flash, 0, OLD_AT, old_bytes, sizeof old_bytes);
    sim_flash_poke(made.subject.flash, 0, NEW_AT, new_bytes, sizeof new_bytes);
    seen = rig_explore(&plan);
    sim_flash_free(made.subject.flash);
    return seen;
}

static guint32 broken_by(const struct rig_exploration *seen)
{
    guint32 broken = 0;

    for (guint i = 0; i < seen->findings->len; i++)
        broken |= 1u << ((const struct rig_finding *)g_ptr_array_index(seen->findings, i))->invariant;
    return broken;
}

static void a_promise_at_the_end_is_kept(void **state)
{
    g_autoptr(rig_exploration) seen = explore((struct made){.promises_after = 4});

    (void)state;
    assert_true(seen->closed);
    assert_null(seen->trouble);
    assert_int_equal(seen->findings->len, 0);
}

/* The cut right behind the promise is the first that shows it. */
static void a_cut_behind_a_promise_breaks_it(void **state)
{
    g_autoptr(rig_exploration) seen = explore((struct made){.promises_after = 2});
    const struct rig_finding *finding;

    (void)state;
    assert_true(seen->closed);
    assert_int_equal(broken_by(seen), 1u << RIG_INVARIANT_SUCCESS_COMMITTED);
    finding = g_ptr_array_index(seen->findings, 0);
    assert_string_equal(finding->path, "2,run");
    assert_int_equal(finding->n_cuts, 1);
}

/* It takes the update again: nothing but the old application is missed. */
static void an_updater_that_waits_is_sent_the_update_again(void **state)
{
    g_autoptr(rig_exploration) seen = explore((struct made){.promises_after = 4, .waits = true});

    (void)state;
    assert_true(seen->closed);
    assert_int_equal(broken_by(seen), 1u << RIG_INVARIANT_APPLICATION_KEPT);
}

static void what_reads_dead_bytes_says_that_they_are_not(void **state)
{
    g_autoptr(rig_exploration) seen = explore((struct made){.promises_after = 4, .reads_store = true});

    (void)state;
    assert_false(seen->closed);
    assert_non_null(seen->trouble);
}

static void a_write_to_dead_bytes_goes_over_whatever_stands_there(void **state)
{
    g_autoptr(rig_exploration) seen = explore((struct made){.promises_after = 3, .keeps_store = true});

    (void)state;
    assert_null(seen->trouble);
    assert_true(broken_by(seen) >> RIG_INVARIANT_WRITES_ERASED_ONLY & 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_promise_at_the_end_is_kept),
        cmocka_unit_test(a_cut_behind_a_promise_breaks_it),
        cmocka_unit_test(an_updater_that_waits_is_sent_the_update_again),
        cmocka_unit_test(what_reads_dead_bytes_says_that_they_are_not),
        cmocka_unit_test(a_write_to_dead_bytes_goes_over_whatever_stands_there),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
