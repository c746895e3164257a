/* SPDX-License-Identifier: GPL-3.0-or-later */
/* `bootrig run` and `bootrig replay`: options in, exit code out. The run itself is in session.c. */
#include "cli/run_options.h"

#include "base/error.h"
#include "report/model.h"
#include "report/output.h"

#include <stdio.h>
#include <string.h>

#define REPLAY_OUTPUT "reports/out/replay"
#define PLAIN_CHARACTERS G_CSET_A_2_Z G_CSET_a_2_z G_CSET_DIGITS "_-./:=,@+%"
#define FLAG_LETTERS "qvx" /* options without a value */

/* The command as the reports show it, so that it can be typed again. */
static char **recorded(char **argv)
{
    GPtrArray *words = g_ptr_array_new();

    g_ptr_array_add(words, g_strdup("bootrig"));
    for (; *argv; argv++)
        g_ptr_array_add(words, g_strdup(*argv));
    g_ptr_array_add(words, NULL);
    return (char **)g_ptr_array_free(words, FALSE);
}

void rig_run_options_clear(struct rig_run_options *options)
{
    g_free(options->target);
    g_free(options->link);
    g_free(options->hci);
    g_free(options->adapter);
    g_free(options->bench);
    g_free(options->board);
    g_free(options->tag_board);
    g_strfreev(options->defects);
    g_strfreev(options->names);
    g_strfreev(options->cases);
    g_strfreev(options->tags);
    g_strfreev(options->skip_tags);
    g_free(options->seed);
    g_free(options->case_seed);
    g_free(options->cut);
    g_free(options->cuts);
    g_free(options->resume);
    g_free(options->bootloader);
    g_strfreev(options->images);
    g_free(options->output);
    g_free(options->junit);
    g_strfreev(options->paths);
}

static const char description[] =
    "Without FILE or DIR every shipped scenario runs. Reports go to DIR of --output (default reports/out): "
    "journal.jsonl, junit.xml,\n"
    "report.html, summary.json.\n\n"
    "Examples:\n"
    "  bootrig run                                    all shipped scenarios on the simulated nRF52840 with "
    "MCUboot\n"
    "  bootrig run my.yaml --verbose                  one file, every step shown\n"
    "  bootrig run --tag mcuboot,security             cases that have both tags\n"
    "  bootrig run --name 'chunk-drop*' --repeat 20   twenty times, each with another seed\n"
    "  bootrig run --defect never-reverts             do the scenarios notice?\n\n"
    "Exit codes: 0 all passed, 1 some failed, 2 rig error or bad usage, 3 interrupted, 4 nothing to run.";

/* The value of a letter that stands in this word, as in -oDIR or -qoDIR; "" when it is the next word. NULL:
 * the letter is not in it. */
static const char *glued_value(const char *word, char letter)
{
    if (!letter || word[0] != '-' || word[1] == '-')
        return NULL;
    word += 1 + strspn(word + 1, FLAG_LETTERS);
    return *word == letter ? word + 1 : NULL;
}

/* What the command line says of one option, before the options were understood: the last one counts. Owned by
 * the caller; NULL when it is not there. */
static char *spoken_value(char *const *argv, const char *option, char letter)
{
    g_autofree char *with_value = g_strconcat(option, "=", NULL);
    const char *value = NULL;

    for (; *argv && !g_str_equal(*argv, "--"); argv++) {
        const char *glued = glued_value(*argv, letter);
        bool bare = g_str_equal(*argv, option) || (glued && !*glued);

        if (bare && argv[1])
            value = *++argv;
        else if (g_str_has_prefix(*argv, with_value))
            value = *argv + strlen(with_value);
        else if (glued && *glued)
            value = glued;
    }
    return g_strdup(value);
}

/* Options that nobody understands are a run that was asked for all the same: the reports of yesterday must
 * not be taken for its own. Takes the error. */
static int refuse_command_line(struct rig_run_options *options, char *const *argv, const char *folder,
                               GError *error)
{
    g_free(options->output);
    g_free(options->junit);
    options->output = spoken_value(argv, "--output", 'o');
    if (!options->output)
        options->output = g_strdup(folder);
    options->junit = spoken_value(argv, "--junit", 0);
    options->dry_run = g_strv_contains((const gchar *const *)argv, "--dry-run");
    g_prefix_error(&error, "the command line was not understood: ");
    return rig_run_refuse_options(options, (const char *const *)argv, error);
}

/* How a board is reached: `run` and `replay` say it alike. */
/* clang-format off */
#define REACH_OPTIONS(options) \
    {"link", 0, 0, G_OPTION_ARG_STRING, &(options).link, \
     "play out of process and reach the simulated board over this link: bluez, udp, serial (default: as the target says)", "KIND"}, \
    {"hci", 0, 0, G_OPTION_ARG_STRING, &(options).hci, \
     "with --link bluez: the board's Bluetooth controller, an H4 socket or a second adapter (default /tmp/bt-server-le, btvirt's)", \
     "PATH|hciN"}, \
    {"adapter", 0, 0, G_OPTION_ARG_STRING, &(options).adapter, \
     "with --link bluez: this host's adapter (default: the first)", "hciN"}, \
    {"bench", 'b', 0, G_OPTION_ARG_FILENAME, &(options).bench, \
     "play on a board of this bench file instead of a simulated one", "FILE"}, \
    {"board", 0, 0, G_OPTION_ARG_STRING, &(options).board, \
     "board of the bench (needed when it has several)", "NAME"}, \
    {"lock-wait", 0, 0, G_OPTION_ARG_INT, &(options).lock_wait_s, \
     "seconds to wait for a board that is in use (default 0)", "S"}
/* clang-format on */

int rig_cli_run(int argc, char **argv)
{
    struct rig_run_options options = {.n_repeats = 1, .timeout_scale = 1.0};
    const GOptionEntry entries[] = {
        {"target", 't', 0, G_OPTION_ARG_STRING, &options.target,
         "board to run on: NAME of a shipped target, or FILE (default sim-nrf52840-mcuboot; scenarios "
         "written for another target get theirs)",
         "NAME|FILE"},
        REACH_OPTIONS(options),
        {"tag-board", 0, 0, G_OPTION_ARG_STRING, &options.tag_board,
         "the first free board of the bench with this tag", "TAG"},
        {"name", 'n', 0, G_OPTION_ARG_STRING_ARRAY, &options.names,
         "only cases whose name has this piece or fits this pattern (* ?); may be given again", "PATTERN"},
        {"case", 0, 0, G_OPTION_ARG_STRING_ARRAY, &options.cases,
         "only the case of exactly this name; may be given again", "NAME"},
        {"tag", 0, 0, G_OPTION_ARG_STRING_ARRAY, &options.tags,
         "only scenarios with this tag; a,b: with both; given again: with either", "TAG[,TAG]"},
        {"skip-tag", 0, 0, G_OPTION_ARG_STRING_ARRAY, &options.skip_tags, "leave out scenarios with this tag",
         "TAG[,TAG]"},
        {"repeat", 0, 0, G_OPTION_ARG_INT, &options.n_repeats,
         "run everything N times, each time with another seed", "N"},
        {"retries", 0, 0, G_OPTION_ARG_INT, &options.n_retries,
         "up to N more attempts at a case that did not pass; a later pass counts as flaky", "N"},
        {"fail-fast", 'x', 0, G_OPTION_ARG_NONE, &options.fail_fast,
         "stop at the first case that does not pass", NULL},
        {"seed", 0, 0, G_OPTION_ARG_STRING, &options.seed,
         "seed of everything random (default 1); 'random' takes a new one and prints it", "N|random"},
        {"timeout-scale", 0, 0, G_OPTION_ARG_DOUBLE, &options.timeout_scale, "multiply every deadline", "X"},
        {"dry-run", 0, 0, G_OPTION_ARG_NONE, &options.dry_run,
         "show what would run and where, touch no board", NULL},
        {"defect", 0, 0, G_OPTION_ARG_STRING_ARRAY, &options.defects,
         "seed a defect into the simulated board ('bootrig steps board' lists them); may be given again",
         "NAME"},
        {"bootloader", 0, 0, G_OPTION_ARG_FILENAME, &options.bootloader,
         "boot the simulated board through your own bootloader, compiled for this machine "
         "(targets/sim/firmware/mcuboot/PORTING.md)",
         "FILE.so"},
        {"output", 'o', 0, G_OPTION_ARG_FILENAME, &options.output,
         "folder of the reports (default reports/out)", "DIR"},
        {"junit", 0, 0, G_OPTION_ARG_FILENAME, &options.junit, "also write the JUnit XML here", "FILE"},
        {"junit-strict", 0, 0, G_OPTION_ARG_NONE, &options.junit_strict,
         "write only JUnit XML that the strictest schema accepts", NULL},
        {"workers", 0, 0, G_OPTION_ARG_INT, &options.n_workers,
         "explore with N processes (default: one per core); the result is the same for every N", "N"},
        {"resume", 0, 0, G_OPTION_ARG_FILENAME, &options.resume,
         "continue the explorations that an earlier run left unfinished in its DIR", "DIR|FILE"},
        {"no-html", 0, 0, G_OPTION_ARG_NONE, &options.no_html, "leave out the HTML report", NULL},
        {"quiet", 'q', 0, G_OPTION_ARG_NONE, &options.quiet, "failures and the summary only", NULL},
        {"verbose", 'v', 0, G_OPTION_ARG_NONE, &options.verbose, "show every step", NULL},
        {G_OPTION_REMAINING, 0, 0, G_OPTION_ARG_FILENAME_ARRAY, &options.paths, NULL, NULL},
        {0},
    };
    g_auto(GStrv) record = recorded(argv);
    GError *error = NULL;
    int exit_code;

    if (rig_cli_parse_options(&argc, &argv, entries, "[FILE|DIR]...",
                              "Runs scenarios and writes the reports.", description, &error))
        exit_code = rig_run_with_options(&options, (const char *const *)record);
    else
        exit_code = refuse_command_line(&options, record, NULL, error);
    rig_run_options_clear(&options);
    return exit_code;
}

/* The words of a replay command that a journal holds; NULL: it is none. */
static char **replay_words(const char *line, GError **error)
{
    g_auto(GStrv) words = NULL;
    g_autoptr(GError) broken = NULL;
    int n_words = 0;

    if (g_shell_parse_argv(line, &n_words, &words, &broken) && n_words >= 3 &&
        g_str_equal(words[1], "replay") && !g_str_has_suffix(words[2], ".jsonl"))
        return g_steal_pointer(&words);
    g_set_error(error, RIG_ERROR, RIG_ERROR_INPUT, "the journal's replay command is broken: %s", line);
    return NULL;
}

/* given: what the command line says beside the journal. */
static int play_again(char *const *words, const char *line, const struct rig_run_options *given)
{
    g_autoptr(GPtrArray) arguments = g_ptr_array_new();

    printf("%s\n", line);
    fflush(stdout);
    /* Parsing takes words out of the array that it is given: they stay owned by the caller. */
    for (words++; *words; words++)
        g_ptr_array_add(arguments, *words);
    if (given->in_full)
        g_ptr_array_add(arguments, (gpointer) "--verbose");
    if (given->output) {
        g_ptr_array_add(arguments, (gpointer) "--output");
        g_ptr_array_add(arguments, given->output);
    }
    g_ptr_array_add(arguments, NULL);
    return rig_cli_replay((int)arguments->len - 1, (char **)arguments->pdata);
}

/* The case that is meant: the one named, or the first that did not pass and was played. NULL: none. */
static const struct rig_case_result *meant_case(const struct rig_results *results, char *const *names)
{
    for (guint i = 0; i < results->cases->len; i++) {
        const struct rig_case_result *result = g_ptr_array_index(results->cases, i);
        bool bad = result->verdict == RIG_VERDICT_FAIL || result->verdict == RIG_VERDICT_ERROR;

        if (names && *names ? g_strv_contains((const gchar *const *)names, result->name)
                            : bad && rig_case_last_attempt(result))
            return result;
    }
    return NULL;
}

/* Why there is nothing to replay: what ran has passed, which is not to say that all of it ran. */
static GError *nothing_to_replay(const struct rig_results *results, char *const *names)
{
    struct rig_counts counts = rig_results_counts(results);

    if (names && *names)
        return g_error_new(RIG_ERROR, RIG_ERROR_UNSUPPORTED, "the journal has no case of that name: '%s'",
                           *names);
    if (!counts.n_cases)
        return g_error_new(RIG_ERROR, RIG_ERROR_USAGE,
                           "the journal has no case: 'bootrig report' says what came of the run");
    if (counts.n_not_run || results->problems->len)
        return g_error_new(
            RIG_ERROR, RIG_ERROR_USAGE,
            "no case that was played failed, but the run is not whole: %u of %u cases were not run; "
            "'bootrig report' says why",
            counts.n_not_run, counts.n_cases);
    return g_error_new(RIG_ERROR, RIG_ERROR_UNSUPPORTED,
                       "every case of this journal passed or was skipped: name one with --case");
}

/* Quoted where a shell would see more than a word. */
static void append_word(GString *text, const char *word)
{
    g_autofree char *quoted = g_shell_quote(word);
    bool plain = *word && strspn(word, PLAIN_CHARACTERS) == strlen(word);

    g_string_append_printf(text, " %s", plain ? word : quoted);
}

/* Option and value in one word. */
static bool is_glued(const char *word, const char *option)
{
    gsize n = strlen(option);

    return g_str_has_prefix(word, option) && (n == 2 ? word[n] != '\0' : word[n] == '=');
}

/* What the command of the run says of its board: without it another board would be played. */
static void append_reach(GString *text, char *const *argv)
{
    static const char *const options[] = {"--target",    "-t",       "--link",       "--hci",
                                          "--adapter",   "--bench",  "-b",           "--board",
                                          "--tag-board", "--defect", "--bootloader", "--timeout-scale"};

    for (; *argv; argv++)
        for (gsize i = 0; i < G_N_ELEMENTS(options); i++) {
            bool bare = argv[1] && g_str_equal(*argv, options[i]);

            if (!bare && !is_glued(*argv, options[i]))
                continue;
            append_word(text, *argv);
            if (bare)
                append_word(text, *++argv);
            break;
        }
}

/* A case that never ended left no command. */
static GError *no_replay_line(const struct rig_results *results, const struct rig_case_result *result)
{
    const struct rig_attempt *attempt = rig_case_last_attempt(result);
    g_autofree char *name = g_shell_quote(result->name);
    g_autoptr(GString) command = g_string_new("bootrig run");

    append_word(command, result->file);
    g_string_append_printf(command, " --case %s --seed %s", name, results->seed ? results->seed : "1");
    append_reach(command, results->argv);
    return g_error_new(RIG_ERROR, RIG_ERROR_USAGE,
                       "the journal has no replay command for the case '%s' (%s); play it with: %s",
                       result->name,
                       attempt && attempt->message ? attempt->message
                       : result->skip_reason       ? result->skip_reason
                                                   : "it did not end",
                       command->str);
}

/* The replay command of the one case that is meant. Owned by the caller. */
static char *journal_replay(const char *path, char *const *names, GError **error)
{
    g_autofree char *inside = g_build_filename(path, RIG_OUTPUT_JOURNAL, NULL);
    g_autoptr(rig_results) results =
        rig_results_from_journal(g_file_test(path, G_FILE_TEST_IS_DIR) ? inside : path, error);
    const struct rig_case_result *result = results ? meant_case(results, names) : NULL;
    const struct rig_attempt *attempt = result ? rig_case_last_attempt(result) : NULL;

    if (!results)
        return NULL;
    if (attempt && attempt->replay)
        return g_strdup(attempt->replay);
    g_propagate_error(error, result ? no_replay_line(results, result) : nothing_to_replay(results, names));
    return NULL;
}

static int replay_journal(const char *path, struct rig_run_options *given, const char *const *argv)
{
    GError *error = NULL;
    g_autofree char *line = journal_replay(path, given->cases, &error);
    g_auto(GStrv) words = line ? replay_words(line, &error) : NULL;

    if (words)
        return play_again(words, line, given);
    if (g_error_matches(error, RIG_ERROR, RIG_ERROR_UNSUPPORTED)) {
        rig_cli_fail(error);
        return RIG_EXIT_NOTHING;
    }
    if (!given->output)
        given->output = g_strdup(REPLAY_OUTPUT);
    return rig_run_refuse_options(given, argv, error);
}

static bool is_journal(const char *path)
{
    g_autofree char *inside = g_build_filename(path, RIG_OUTPUT_JOURNAL, NULL);

    return g_str_has_suffix(path, ".jsonl") || g_file_test(inside, G_FILE_TEST_EXISTS);
}

int rig_cli_replay(int argc, char **argv)
{
    struct rig_run_options options = {.n_repeats = 1, .timeout_scale = 1.0, .verbose = TRUE};
    const GOptionEntry entries[] = {
        {"case", 0, 0, G_OPTION_ARG_STRING_ARRAY, &options.cases, "name of the case", "NAME"},
        {"target", 't', 0, G_OPTION_ARG_STRING, &options.target, "board of the failing run", "NAME|FILE"},
        REACH_OPTIONS(options),
        {"case-seed", 0, 0, G_OPTION_ARG_STRING, &options.case_seed, "seed of the failing attempt", "N"},
        {"cut", 0, 0, G_OPTION_ARG_STRING, &options.cut, "play only this place of a sweep", "PLACE"},
        {"cuts", 0, 0, G_OPTION_ARG_STRING, &options.cuts, "play only this path of an exploration", "PATH"},
        {"image", 0, 0, G_OPTION_ARG_STRING_ARRAY, &options.images,
         "refuse to play unless this image has the SHA-256 that begins so", "NAME=HEX"},
        {"defect", 0, 0, G_OPTION_ARG_STRING_ARRAY, &options.defects, "defect that was seeded", "NAME"},
        {"bootloader", 0, 0, G_OPTION_ARG_FILENAME, &options.bootloader, "the bootloader of the failing run",
         "FILE.so"},
        {"timeout-scale", 0, 0, G_OPTION_ARG_DOUBLE, &options.timeout_scale, "multiply every deadline", "X"},
        {"output", 'o', 0, G_OPTION_ARG_FILENAME, &options.output,
         "folder of the reports (default reports/out/replay)", "DIR"},
        {"verbose", 'v', 0, G_OPTION_ARG_NONE, &options.in_full,
         "show every flash operation of an exploration's path", NULL},
        {G_OPTION_REMAINING, 0, 0, G_OPTION_ARG_FILENAME_ARRAY, &options.paths, NULL, NULL},
        {0},
    };
    g_auto(GStrv) record = recorded(argv);
    GError *error = NULL;
    int exit_code;

    if (!rig_cli_parse_options(
            &argc, &argv, entries, "FILE|JOURNAL|DIR",
            "Repeats one case of an earlier run exactly and shows every step.",
            "A failing case prints its replay command. With a journal (or the folder that holds it) the "
            "first case that did not\n"
            "pass is played, or the one named with --case; the other options then come from the journal. Of "
            "an "
            "exploration its path of\n"
            "power cuts is played and told operation by operation, and drawn into DIR/evidence.\n\n"
            "Examples:\n"
            "  bootrig replay reports/out                     the first case that did not pass in the last "
            "run\n"
            "  bootrig replay reports/out --case chunk-drop   this one\n\n"
            "Exit codes as of 'bootrig run'.",
            &error)) {
        exit_code = refuse_command_line(&options, record, REPLAY_OUTPUT, error);
        rig_run_options_clear(&options);
        return exit_code;
    }
    if (!options.paths || !options.paths[0] || options.paths[1]) {
        if (!options.output)
            options.output = g_strdup(REPLAY_OUTPUT);
        error = g_error_new(RIG_ERROR, RIG_ERROR_USAGE,
                            "replay wants one scenario file, journal or report folder");
        exit_code = rig_run_refuse_options(&options, (const char *const *)record, error);
    } else if (is_journal(options.paths[0])) {
        exit_code = replay_journal(options.paths[0], &options, (const char *const *)record);
    } else {
        if (!options.output)
            options.output = g_strdup(REPLAY_OUTPUT);
        exit_code = rig_run_with_options(&options, (const char *const *)record);
    }
    rig_run_options_clear(&options);
    return exit_code;
}
