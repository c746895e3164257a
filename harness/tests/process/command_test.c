/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The command line: exit codes, help, the read-only commands, shell completion. */
#include "process.h"

#include <json-glib/json-glib.h>
#include <string.h>

static const char *const commands[] = {"run",   "check", "list",   "replay",    "report",
                                       "image", "steps", "schema", "completion"};

static void write_scenarios(const struct place *place)
{
    place_write(place, "passing.yaml", scenario_passing);
    place_write(place, "failing.yaml", scenario_failing);
    place_write(place, "erring.yaml", scenario_erring);
}

static void exit_code_0_when_all_passed(void **state)
{
    write_scenarios(*state);
    place_expect(*state, 0, "2 passed, 0 failed", "bootrig run passing.yaml");
}

static void exit_code_1_when_some_failed(void **state)
{
    write_scenarios(*state);
    place_expect(*state, 1, "2 passed, 1 failed", "bootrig run passing.yaml failing.yaml");
}

static void exit_code_2_on_a_rig_error_whatever_else_failed(void **state)
{
    write_scenarios(*state);
    place_expect(*state, 2, "this board has no slot 4", "bootrig run passing.yaml failing.yaml erring.yaml");
}

static void exit_code_2_on_bad_usage(void **state)
{
    write_scenarios(*state);
    place_expect(*state, 2, "there is no command 'dance'", "bootrig dance");
    place_expect(*state, 2, "Usage: bootrig COMMAND", "bootrig");
    place_expect(*state, 2, "Unknown option --dance", "bootrig run --dance");
    place_expect(*state, 2, "--repeat wants", "bootrig run --repeat 0 passing.yaml");
    place_expect(*state, 2, "--repeat wants", "bootrig run --retries -1 passing.yaml");
    place_expect(*state, 2, "--repeat wants", "bootrig run --timeout-scale 0 passing.yaml");
    place_expect(*state, 2, "--repeat wants", "bootrig run --timeout-scale nan passing.yaml");
    place_expect(*state, 2, "have no effect without --link bluez", "bootrig run --hci hci1 passing.yaml");
    place_expect(*state, 2, "have no effect without --link bluez",
                 "bootrig run --link udp --adapter hci0 passing.yaml");
    place_expect(*state, 2, "names no layer", "bootrig capture show air.btsnoop --filter ''");
    place_expect(*state, 2, "it has no effect without --bench", "bootrig run --lock-wait 3 passing.yaml");
    place_expect(*state, 2, "bootrig: ", "bootrig run --seed twelve passing.yaml");
    place_expect(*state, 2, "bootrig: ", "bootrig run --seed 99999999999999999999999 passing.yaml");
    place_expect(*state, 2, "there is no seeded defect 'laziness'",
                 "bootrig run --defect laziness passing.yaml");
    place_expect(*state, 2, "nowhere", "bootrig run --target nowhere passing.yaml");
    place_expect(*state, 2, "name the bench that it is on",
                 "bootrig run --target board-sim-nrf52840 passing.yaml");
    place_expect(*state, 2, "--link is not for boards of kind 'board'",
                 "bootrig run --target nrf52840dk-mcuboot --link udp passing.yaml");
    place_expect(*state, 2, "--bootloader is not for boards of kind 'simulated-process'",
                 "bootrig run --bootloader boot.so --target sim-process-nrf52840 passing.yaml");
    place_expect(*state, 2, "is no place of a sweep", "bootrig replay --cut 3:sideways passing.yaml");
    place_expect(*state, 2, "replay wants one", "bootrig replay");
}

static void exit_code_4_when_nothing_fits_the_selection(void **state)
{
    write_scenarios(*state);
    place_expect(*state, 4, "no case fits the selection", "bootrig run --name nothing-like-it passing.yaml");
    place_write(*state, "empty/readme.txt", "no scenario");
    place_expect(*state, 4, "nothing to run", "bootrig run empty");
    place_expect(*state, 4, "no scenario file found", "bootrig check empty");
}

static void exit_code_2_when_a_file_is_not_there(void **state)
{
    place_expect(*state, 2, "no-such-file.yaml", "bootrig run no-such-file.yaml");
    place_expect(*state, 2, "no-such-file.yaml", "bootrig check no-such-file.yaml");
    place_expect(*state, 2, "no-such-file.yaml", "bootrig list no-such-file.yaml");
}

static void every_command_has_help_and_names_itself_in_it(void **state)
{
    for (gsize i = 0; i < G_N_ELEMENTS(commands); i++) {
        g_autofree char *usage = g_strdup_printf("bootrig %s", commands[i]);

        place_expect(*state, 0, usage, "bootrig %s --help", commands[i]);
        place_expect(*state, 0, commands[i], "bootrig --help");
    }
    place_expect(*state, 0, "bootrig ", "bootrig --version");
}

static void help_lists_only_commands_that_there_are(void **state)
{
    g_autoptr(outcome) help = place_run(*state, "bootrig --help");
    g_auto(GStrv) lines = g_strsplit(help->out, "\n", -1);
    guint n_commands = 0;

    for (char **line = lines; *line; line++) {
        g_auto(GStrv) words = g_strsplit(g_strstrip(*line), " ", 2);
        bool known = false;

        for (gsize i = 0; *words && i < G_N_ELEMENTS(commands); i++)
            known = known || g_str_equal(words[0], commands[i]);
        n_commands += known;
    }
    assert_int_equal(n_commands, G_N_ELEMENTS(commands));
}

static void steps_tells_about_every_step_and_about_one(void **state)
{
    place_expect(*state, 0, "each-power-cut", "bootrig steps");
    place_expect(*state, 0, "must-happen", "bootrig steps with-faults");
    place_expect(*state, 0, "# ", "bootrig steps --markdown");
    place_expect(*state, 2, "there is no step 'fly'", "bootrig steps fly");
}

static void schema_is_json(void **state)
{
    g_autoptr(outcome) result = place_run(*state, "bootrig schema");
    g_autoptr(JsonNode) root = json_from_string(result->out, NULL);

    assert_int_equal(result->code, 0);
    assert_non_null(root);
    assert_true(json_object_has_member(json_node_get_object(root), "$schema"));
}

static void list_is_for_people_and_for_machines(void **state)
{
    g_autoptr(outcome) result = NULL;
    g_autoptr(JsonNode) root = NULL;
    JsonObject *first;

    write_scenarios(*state);
    place_expect(*state, 0, "small[as=test]", "bootrig list passing.yaml");
    result = place_run(*state, "bootrig list --json passing.yaml failing.yaml");
    assert_int_equal(result->code, 0);
    root = json_from_string(result->out, NULL);
    assert_non_null(root);
    assert_int_equal(json_array_get_length(json_node_get_array(root)), 3);
    first = json_array_get_object_element(json_node_get_array(root), 0);
    assert_string_equal(json_object_get_string_member(first, "scenario"), "small");
    assert_string_equal(json_object_get_string_member(first, "file"), "passing.yaml");
    assert_int_equal(json_array_get_length(json_object_get_array_member(first, "tags")), 2);
}

static void check_touches_no_output(void **state)
{
    g_autofree char *reports = place_path(*state, "reports");

    write_scenarios(*state);
    place_expect(*state, 0, "3 files, 4 cases, 0 files with errors", "bootrig check .");
    assert_false(g_file_test(reports, G_FILE_TEST_EXISTS));
}

static void bash_finds_the_completion_well_formed(void **state)
{
    g_autoptr(outcome) script = place_run(*state, "bootrig completion bash");

    assert_int_equal(script->code, 0);
    place_write(*state, "completion.bash", script->out);
    place_expect(*state, 0, NULL, "bash -n completion.bash");
    place_expect(*state, 2, "completion is there for: bash", "bootrig completion fish");
    place_expect(*state, 2, "completion is there for: bash", "bootrig completion");
}

/* Calls the completion function as bash does for a line of words. */
static void expect_completions(const struct place *place, const char *words, const char *completions)
{
    g_autofree char *driver = g_strdup_printf(
        ". ./completion.bash\nCOMP_WORDS=(%s)\nCOMP_CWORD=$((${#COMP_WORDS[@]} - 1))\n_bootrig\n"
        "echo \"<${COMPREPLY[*]}>\"\n",
        words);

    place_write(place, "driver.bash", driver);
    place_expect(place, 0, completions, "bash --norc driver.bash");
}

static void completion_knows_commands_options_steps_and_files(void **state)
{
    g_autoptr(outcome) script = place_run(*state, "bootrig completion bash");

    write_scenarios(*state);
    place_write(*state, "completion.bash", script->out);
    expect_completions(*state, "bootrig ru", "<run>");
    expect_completions(*state, "bootrig re", "<replay report>");
    expect_completions(*state, "bootrig run --fail", "<--fail-fast>");
    expect_completions(*state, "bootrig run --tim", "<--timeout-scale>");
    expect_completions(*state, "bootrig steps each-p", "<each-power-cut>");
    expect_completions(*state, "bootrig image ver", "<verify>");
    expect_completions(*state, "bootrig run pas", "<passing.yaml>");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        PROCESS_TEST(exit_code_0_when_all_passed),
        PROCESS_TEST(exit_code_1_when_some_failed),
        PROCESS_TEST(exit_code_2_on_a_rig_error_whatever_else_failed),
        PROCESS_TEST(exit_code_2_on_bad_usage),
        PROCESS_TEST(exit_code_2_when_a_file_is_not_there),
        PROCESS_TEST(exit_code_4_when_nothing_fits_the_selection),
        PROCESS_TEST(every_command_has_help_and_names_itself_in_it),
        PROCESS_TEST(help_lists_only_commands_that_there_are),
        PROCESS_TEST(steps_tells_about_every_step_and_about_one),
        PROCESS_TEST(schema_is_json),
        PROCESS_TEST(list_is_for_people_and_for_machines),
        PROCESS_TEST(check_touches_no_output),
        PROCESS_TEST(bash_finds_the_completion_well_formed),
        PROCESS_TEST(completion_knows_commands_options_steps_and_files),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
