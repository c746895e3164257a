/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Steps on a simulated board whose supply lies: what it says must be held against what it proves. */
#include "steps/verbs.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "drivers/sim/sim_driver.h"

enum lie {
    HONEST,
    STAYS_ON,       /* says yes to "off" and does nothing */
    STAYS_OFF,      /* says yes to "on" and does nothing */
    PROVES_NOTHING, /* tells of a cut without a proof */
    NEVER_CUTS,     /* tells of no cut */
};

struct lying_supply {
    struct rig_power power;
    struct rig_power *real;
    enum lie lie;
};

static struct lying_supply *liar(struct rig_power *power)
{
    return (struct lying_supply *)power;
}

static bool lying_set(struct rig_power *power, bool on, GError **error)
{
    if (liar(power)->lie == (on ? STAYS_OFF : STAYS_ON))
        return true;
    return liar(power)->real->ops->set(liar(power)->real, on, error);
}

static bool lying_is_on(struct rig_power *power, bool *on, GError **error)
{
    return liar(power)->real->ops->is_on(liar(power)->real, on, error);
}

static bool lying_arm_cut(struct rig_power *power, const struct rig_cut_plan *plan, GError **error)
{
    return liar(power)->real->ops->arm_cut(liar(power)->real, plan, error);
}

static bool lying_disarm_cut(struct rig_power *power, struct rig_cut_record *record, GError **error)
{
    bool ok = liar(power)->real->ops->disarm_cut(liar(power)->real, record, error);

    if (liar(power)->lie == PROVES_NOTHING)
        *record->proof = '\0';
    if (liar(power)->lie == NEVER_CUTS)
        record->fell = false;
    return ok;
}

static const struct rig_power_ops lying_ops = {.name = "lying",
                                               .set = lying_set,
                                               .is_on = lying_is_on,
                                               .arm_cut = lying_arm_cut,
                                               .disarm_cut = lying_disarm_cut};

#define RESET_UNDER "during: [{reset: }], then: [{expect-boot: [old, new]}]"
static const struct {
    enum lie lie;
    const char *step;
    enum rig_verdict verdict;
    const char *says;
} lies[] = {
    {HONEST, "power-off:", RIG_VERDICT_PASS, NULL},
    {HONEST, "power-cycle:", RIG_VERDICT_PASS, NULL},
    {HONEST, "cut-power: {operation: 3}\n    do: [{reset: }]", RIG_VERDICT_PASS, NULL},
    {HONEST, "each-power-cut: {at: {every: 9}, " RESET_UNDER "}", RIG_VERDICT_PASS, NULL},
    {HONEST, "each-power-cut: {at: {after: 10ms..90ms, step: 40ms}, " RESET_UNDER "}", RIG_VERDICT_PASS,
     NULL},
    {STAYS_ON, "power-off:", RIG_VERDICT_ERROR, "still powered"},
    {STAYS_ON, "power-cycle:", RIG_VERDICT_ERROR, "still powered"},
    {STAYS_OFF, "power-cycle:", RIG_VERDICT_ERROR, "still without power"},
    {PROVES_NOTHING, "cut-power: {operation: 3}\n    do: [{reset: }]", RIG_VERDICT_ERROR, "nothing proves"},
    {PROVES_NOTHING, "each-power-cut: {at: {after: 10ms..90ms, step: 40ms}, " RESET_UNDER "}",
     RIG_VERDICT_ERROR, "nothing proves"},
    {NEVER_CUTS, "cut-power: {operation: 3}\n    do: [{reset: }]", RIG_VERDICT_ERROR, "never fell"},
    {NEVER_CUTS, "each-power-cut: {at: {every: 9}, " RESET_UNDER "}", RIG_VERDICT_ERROR, "never fell"},
    {NEVER_CUTS, "each-power-cut: {at: {after: 10ms..90ms, step: 40ms}, " RESET_UNDER "}", RIG_VERDICT_ERROR,
     "never fell"},
};

static struct rig_scenario *scenario_of(const char *step)
{
    g_autofree char *text = g_strdup_printf("scenario: lies\n"
                                            "images:\n"
                                            "  old: {version: 1.0.0, size: 2KiB}\n"
                                            "  new: {version: 2.0.0, size: 2KiB}\n"
                                            "setup:\n"
                                            "  - board: {slot0: old}\n"
                                            "  - program: {slot: 1, image: new, as: permanent}\n"
                                            "steps:\n"
                                            "  - %s\n",
                                            step);
    struct rig_diagnostics diagnostics;
    struct rig_scenario *scenario;

    rig_diagnostics_init(&diagnostics);
    scenario =
        rig_scenario_from_source(rig_source_from_text("lies.yaml", text), rig_language(), &diagnostics);

    assert_non_null(scenario);
    rig_diagnostics_clear(&diagnostics);
    return scenario;
}

static void play(struct rig_board *board, const struct rig_case *the_case, enum lie lie,
                 struct rig_trouble *trouble)
{
    struct lying_supply supply = {.power = {.ops = &lying_ops}, .real = board->power, .lie = lie};
    g_autoptr(rig_journal) journal = rig_journal_new(NULL, NULL);
    struct rig_image_store *images = rig_image_store_new();
    struct rig_run run;

    rig_run_init(&run, the_case, board, journal, images, 1, 1.0);
    rig_run_steps(&run, the_case->setup, "setup");
    assert_false(rig_run_troubled(&run));
    board->power = &supply.power;
    rig_run_steps(&run, the_case->steps, "steps");
    board->power = supply.real;
    *trouble = run.trouble;
    run.trouble = (struct rig_trouble){.verdict = RIG_VERDICT_PASS};
    rig_run_clear(&run);
    rig_image_store_free(images);
}

static void what_a_supply_says_is_held_against_what_it_proves(void **state)
{
    GError *error = NULL;
    struct rig_target *target = rig_target_load("sim-nrf52840-mcuboot", RIG_SOURCE_DIR "/targets", &error);
    struct rig_board *board = rig_sim_board_new(target, &error);
    guint n_wrong = 0;

    (void)state;
    assert_non_null(board);
    for (gsize i = 0; i < G_N_ELEMENTS(lies); i++) {
        struct rig_scenario *scenario = scenario_of(lies[i].step);
        struct rig_trouble trouble;

        play(board, g_ptr_array_index(scenario->cases, 0), lies[i].lie, &trouble);
        if (trouble.verdict != lies[i].verdict || (lies[i].says && !strstr(trouble.message, lies[i].says))) {
            print_error("lie %d, %s: %s (%s)\n", lies[i].lie, lies[i].step, rig_verdict_word(trouble.verdict),
                        trouble.message);
            n_wrong++;
        }
        rig_trouble_clear(&trouble);
        rig_scenario_free(scenario);
    }
    board->ops->free(board);
    rig_target_free(target);
    assert_int_equal(n_wrong, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(what_a_supply_says_is_held_against_what_it_proves)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
