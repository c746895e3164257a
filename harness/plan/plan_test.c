/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Why a case is not played on a board: wherever in the case the step stands that says so. */
#include "plan/plan.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "base/error.h"
#include "steps/verbs.h"

#define BEGIN                                                                                                \
    "scenario: a\nimages: {old: {version: 1.0.0}}\nsetup:\n  - board: {slot0: old}\n  - connect:\nsteps:\n"
#define ECHO "  - smp-echo: here\n"
#define PACKETS(depth, then)                                                                                 \
    depth "- with-faults: [{drop: {write: 2}}]\n" depth "  do:\n" depth "    - " then "\n"
#define MESSAGES(then) "  - with-faults: [{drop: {request: 2}}]\n    do:\n" then
#define SWEEP(then) "  - each-power-cut:\n      during: [{reset: }]\n      then:\n" then
#define SLOT_3 "expect-slot: {slot: 3, magic: unset}"

/* What the case needs is there, but for `without`; and `more`. NULL reason: it is played. */
static const struct row {
    const char *text, *without;
    const char *more[5];
    bool cannot_be;
    const char *reason;
} rows[] = {
    {BEGIN ECHO, NULL, {NULL}, false, NULL},
    {BEGIN ECHO, "smp", {NULL}, false, "lacks 'smp'"},
    {"target: other\n" BEGIN ECHO, NULL, {NULL}, false, "written for target 'other'"},
    {"target: mine\n" BEGIN ECHO, NULL, {NULL}, false, NULL},
    {"protocol: nordic-secure\n" BEGIN ECHO, NULL, {NULL}, false, "and target 'mine' speaks 'smp'"},
    {"protocol: smp\n" BEGIN ECHO, NULL, {NULL}, false, NULL},
    {BEGIN ECHO, NULL, {NULL}, true, "slots overlap"},
    {BEGIN PACKETS("  ", "smp-echo: here"), NULL, {NULL}, false, "lacks 'packet-faults'"},
    {BEGIN PACKETS("  ", "smp-echo: here"), NULL, {"packet-faults"}, false, NULL},
    {BEGIN ECHO "cleanup:\n" PACKETS("  ", "smp-echo: here"), NULL, {NULL}, false, "lacks 'packet-faults'"},
    {BEGIN MESSAGES(PACKETS("      ", "smp-echo: here")), NULL, {NULL}, false, "lacks 'packet-faults'"},
    {BEGIN SWEEP(PACKETS("        ", "smp-echo: here")),
     NULL,
     {"power-cut-at-operation", "rewind"},
     false,
     "lacks 'packet-faults'"},
    {BEGIN SWEEP("        - expect-boot: old\n"), NULL, {"power-cut-at-operation"}, false, "lacks 'rewind'"},
    {BEGIN "  - watch-flash: a\n  - expect-flash: {since: a, at-most: 0}\n",
     "flash-watch",
     {"probe"},
     false,
     NULL},
    {BEGIN "  - watch-flash: a\n  - expect-flash: {since: a, at-most: 3}\n",
     "flash-watch",
     {"probe"},
     false,
     "lacks 'flash-watch'"},
    /* A board without a probe is asked over SMP for images, and has no trailers to show. */
    {BEGIN "  - expect-slot: {slot: 0, image: old}\n", NULL, {"smp"}, false, NULL},
    {BEGIN "  - expect-slot: {slot: 0, magic: unset}\n", NULL, {"smp"}, false, "lacks 'probe'"},
    {BEGIN "  - watch-flash: a\n  - expect-flash: {since: a, untouched: [{slot: 1, size: 4B}]}\n",
     NULL,
     {"smp"},
     false,
     "lacks 'probe'"},
    {BEGIN "  - watch-flash: a\n  - expect-flash: {since: a, untouched: slot1}\n",
     NULL,
     {"smp"},
     false,
     NULL},
    {BEGIN "  - reset:\n", NULL, {"smp"}, false, NULL},
    {BEGIN "  - reset: {halt: true}\n", NULL, {"smp"}, false, "lacks 'reset'"},
    {BEGIN ECHO "  - where: console\n    do: [{expect-console: a}]\n", NULL, {NULL}, false, NULL},
    {BEGIN ECHO "  - where: smp\n    do: [{expect-console: a}]\n", NULL, {NULL}, false, "lacks 'console'"},
    {BEGIN "  - " SLOT_3 "\n", NULL, {"probe"}, false, "has no slot 3"},
    {BEGIN ECHO "cleanup:\n  - " SLOT_3 "\n", NULL, {"probe"}, false, "has no slot 3"},
    {BEGIN MESSAGES("      - " SLOT_3 "\n"), NULL, {"probe"}, false, "has no slot 3"},
    {BEGIN SWEEP("        - " SLOT_3 "\n"),
     NULL,
     {"power-cut-at-operation", "rewind", "probe", "reset"},
     false,
     "has no slot 3"},
};

static bool describe(const struct rig_board *board, const struct rig_record *options,
                     struct rig_layout *layout, GError **error)
{
    (void)options;
    *layout = (struct rig_layout){
        .n_slots = 2,
        .slots = {{.n_bytes = 65536, .room_bytes = 60000}, {.n_bytes = 65536, .room_bytes = 60000}}};
    if (board->header_bytes == 0)
        g_set_error_literal(error, RIG_ERROR, RIG_ERROR_UNSUPPORTED, "slots overlap");
    return board->header_bytes != 0;
}

static struct rig_scenario *load(const char *text)
{
    struct rig_diagnostics diagnostics;
    struct rig_scenario *scenario;
    g_autofree char *why = NULL;

    rig_diagnostics_init(&diagnostics);
    scenario = rig_scenario_from_source(rig_source_from_text("a.yaml", text), rig_language(), &diagnostics);
    why = rig_diagnostics_format(&diagnostics, false);
    rig_diagnostics_clear(&diagnostics);
    if (!scenario)
        fail_msg("%s", why);
    return scenario;
}

static void a_case_is_skipped_for_what_any_of_its_steps_wants(void **state)
{
    static const struct rig_board_options options = {.describe = describe};
    g_autoptr(rig_target) target = rig_target_load(RIG_TARGET_DEFAULT, RIG_SOURCE_DIR "/targets", NULL);

    (void)state;
    assert_non_null(target);
    g_free(target->name);
    target->name = g_strdup("mine");
    for (guint i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autoptr(rig_scenario) scenario = load(rows[i].text);
        g_autoptr(GPtrArray) capabilities = g_ptr_array_new();
        struct rig_board board = {.options = &options, .header_bytes = rows[i].cannot_be ? 0 : 32};
        g_autofree char *reason = NULL;

        for (guint k = 0; scenario->needs[k]; k++)
            if (!rows[i].without || strcmp(scenario->needs[k], rows[i].without) != 0)
                g_ptr_array_add(capabilities, (gpointer)scenario->needs[k]);
        for (guint k = 0; rows[i].more[k]; k++)
            g_ptr_array_add(capabilities, (gpointer)rows[i].more[k]);
        g_ptr_array_add(capabilities, NULL);
        board.capabilities = (const char *const *)capabilities->pdata;
        reason = rig_plan_skip_reason(g_ptr_array_index(scenario->cases, 0), &board, target);
        if (!rows[i].reason ? reason != NULL : !reason || !strstr(reason, rows[i].reason))
            fail_msg("row %u: %s", i, reason ? reason : "played");
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_case_is_skipped_for_what_any_of_its_steps_wants),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
