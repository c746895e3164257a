/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The control socket of `bootrig sim`: whatever text a command holds, it is one command. */
#include "drivers/simprocess/process_board.h"

#include "base/error.h"

#include <glib/gstdio.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#define BOOTRIG RIG_BINARY_DIR "/harness/cli/bootrig"

struct stand {
    char *folder;
    struct rig_sim_process *sim;
};

static int open_stand(void **state)
{
    static const char *const options[] = {"--off", NULL};
    struct stand *stand = g_new0(struct stand, 1);

    stand->folder = g_dir_make_tmp("rig-ctl-XXXXXX", NULL);
    stand->sim = rig_sim_process_start(BOOTRIG, options, stand->folder, NULL);
    assert_non_null(stand->sim);
    *state = stand;
    return 0;
}

static int close_stand(void **state)
{
    struct stand *stand = *state;
    g_autofree char *log = g_build_filename(stand->folder, "sim.log", NULL);

    rig_sim_process_free(stand->sim);
    g_unlink(log);
    g_rmdir(stand->folder);
    g_free(stand->folder);
    g_free(stand);
    return 0;
}

static void assert_power(struct stand *stand, const char *power)
{
    g_autofree char *answer = NULL;
    g_autofree char *seen = NULL;

    assert_true(rig_sim_process_command(stand->sim, "status", &answer, NULL));
    seen = rig_process_field(answer, "power");
    assert_string_equal(seen, power);
}

static void each_pattern_is_one_command_whatever_it_holds(void **state)
{
    static const char *const patterns[] = {
        "Booting\npower off", "Booting power off", "\"quoted", "two  spaces, and more",
        "back\\slash\"",      "\r\x1b\x7f\t",      "\xc3\xbc", " "};
    struct stand *stand = *state;

    assert_true(rig_sim_process_command(stand->sim, "power on", NULL, NULL));
    for (gsize i = 0; i < G_N_ELEMENTS(patterns); i++) {
        const struct rig_cut_plan plan = {.aim = RIG_CUT_AT_CONSOLE, .line = patterns[i]};
        g_autofree char *line = rig_process_cut_command(&plan);

        assert_true(rig_sim_process_command(stand->sim, line, NULL, NULL));
        assert_power(stand, "on");
    }
    assert_true(rig_sim_process_command(stand->sim, "cut none", NULL, NULL));
}

static void a_command_of_two_lines_is_never_sent(void **state)
{
    struct stand *stand = *state;
    GError *error = NULL;

    assert_true(rig_sim_process_command(stand->sim, "power on", NULL, NULL));
    assert_false(rig_sim_process_command(stand->sim, "cut console 0us x\npower off", NULL, &error));
    assert_int_equal(error->code, RIG_ERROR_INPUT);
    g_clear_error(&error);
    assert_power(stand, "on");
}

static void what_is_cut_off_or_not_understood_is_refused(void **state)
{
    g_autofree char *letters = g_strnfill(96, 'x');
    g_autofree char *flood = g_strnfill(5000, 'x');
    g_autofree char *too_long = g_strconcat("cut console 0us ", letters, NULL);
    const char *const lines[][2] = {{too_long, "longer than 95 bytes"},
                                    {"cut console 0us \"no end", "a quote has no end"},
                                    {flood, "the line is too long"}};
    struct stand *stand = *state;

    for (gsize i = 0; i < G_N_ELEMENTS(lines); i++) {
        GError *error = NULL;

        assert_false(rig_sim_process_command(stand->sim, lines[i][0], NULL, &error));
        if (!strstr(error->message, lines[i][1]))
            fail_msg("'%s' is not in: %.300s", lines[i][1], error->message);
        g_clear_error(&error);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(each_pattern_is_one_command_whatever_it_holds, open_stand,
                                        close_stand),
        cmocka_unit_test_setup_teardown(a_command_of_two_lines_is_never_sent, open_stand, close_stand),
        cmocka_unit_test_setup_teardown(what_is_cut_off_or_not_understood_is_refused, open_stand,
                                        close_stand),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
