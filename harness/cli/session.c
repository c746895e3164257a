/* SPDX-License-Identifier: GPL-3.0-or-later */
/* One run from options to exit code: selection, boards, journal, live terminal, reports, signals. */
#include "base/error.h"
#include "cli/run_bench.h"
#include "cli/run_options.h"
#include "cli/signals.h"
#include "report/evidence.h"
#include "report/junit.h"
#include "report/output.h"
#include "report/page.h"
#include "report/picture.h"
#include "report/terminal.h"
#include "run/replay_line.h"
#include "run/runner.h"
#include "steps/verbs.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

/* --- a run in a process of its own --- */

#define DONE 'd'

/* The child that signals are passed on to, and the last of them: a handler finds them nowhere else. */
static volatile pid_t child;
static volatile sig_atomic_t passed_on;

static void pass_on(int number)
{
    passed_on = number;
    if (child > 0)
        kill(child, number);
}

static int play_in_child(int (*play)(void *user), void *user, int said, pid_t parent)
{
    const char done = DONE;
    int exit_code;

    setpgid(0, 0);
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    signal(SIGTTOU, SIG_IGN); /* a group in the background may write to its terminal */
    if (getppid() != parent)
        _exit(1);
    exit_code = play(user);
    if (write(said, &done, 1) != 1)
        exit_code = exit_code ? exit_code : 2;
    close(said);
    return exit_code;
}

/* Signals that are ignored here are ignored by the child, too. */
static void pass_signals_on(void)
{
    static const int stopping[] = {SIGINT, SIGTERM, SIGHUP};
    struct sigaction action = {.sa_handler = pass_on, .sa_flags = SA_RESTART};
    struct sigaction before;

    sigemptyset(&action.sa_mask);
    for (gsize i = 0; i < G_N_ELEMENTS(stopping); i++)
        if (sigaction(stopping[i], NULL, &before) == 0 && before.sa_handler != SIG_IGN)
            sigaction(stopping[i], &action, NULL);
}

static int wait_for(pid_t pid, int hears, char **died)
{
    char done = 0;
    int status = 0;

    while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
        ;
    child = 0;
    if (WIFSIGNALED(status) && WTERMSIG(status) == passed_on) {
        signal(passed_on, SIG_DFL); /* whoever asked for it twice gets it */
        raise(passed_on);
    }
    fcntl(hears, F_SETFL, O_NONBLOCK); /* what the child started may live on, and hold the other end */
    if (read(hears, &done, 1) != 1 || done != DONE || !WIFEXITED(status))
        *died = WIFSIGNALED(status) ? g_strdup_printf("by signal %d", WTERMSIG(status))
                                    : g_strdup_printf("with exit code %d", WEXITSTATUS(status));
    return WIFEXITED(status) ? WEXITSTATUS(status) : 0;
}

/* Runs that play foreign code in this process have a verdict whatever that code does to the process: plays in
 * a child process, a group of its own, and waits for its end. SIGINT, SIGTERM and SIGHUP that come to this
 * process are passed on. Returns twice, as fork() does, so that the child too ends as any run does: in the
 * child what play returned; in this process the child's exit code. *died (owned by the caller) is NULL, or
 * here how the child ended before play did: "with exit code 0", "by signal 9". Then the return value says
 * nothing. Where no process can be made it plays here. No thread may run yet; stdio is flushed before. */
static int play_guarded(int (*play)(void *user), void *user, char **died)
{
    pid_t parent = getpid();
    int ends[2];
    int exit_code;

    *died = NULL;
    fflush(NULL);
    if (pipe(ends) != 0)
        return play(user);
    fcntl(ends[0], F_SETFD, FD_CLOEXEC);
    fcntl(ends[1], F_SETFD, FD_CLOEXEC);
    child = fork();
    if (child < 0) {
        close(ends[0]);
        close(ends[1]);
        return play(user);
    }
    if (child == 0) {
        close(ends[0]);
        return play_in_child(play, user, ends[1], parent);
    }
    setpgid(child, child); /* here as well: whoever is first */
    close(ends[1]);
    pass_signals_on();
    exit_code = wait_for(child, ends[0], died);
    close(ends[0]);
    return exit_code;
}

#define DEFAULT_OUTPUT "reports/out"
#define MAX_PICTURES_NAMED 5u

/* The one thing that a signal handler may touch. */
static volatile int interrupted;

static void on_signal(int signal_number)
{
    (void)signal_number;
    interrupted = 1;
}

struct session {
    const struct rig_run_options *options;
    struct rig_run_plan plan;
    struct rig_results *results;
    struct rig_output *output;
    const char *junit; /* NULL: none is to be written beside those of the folder */
    struct rig_journal *journal;
    struct rig_evidence *evidence;
    GPtrArray *written; /* char *: paths of reports, NULL-terminated at the end */
    bool report_failed;
};

static bool parse_number(const char *text, guint64 *seed, GError **error)
{
    if (g_ascii_string_to_unsigned(text, 10, 0, G_MAXUINT64, seed, NULL))
        return true;
    g_set_error(error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE, "the seed '%s' is no whole number", text);
    return false;
}

static bool parse_seed(const char *text, guint64 *seed, GError **error)
{
    if (!text)
        return *seed = 1, true;
    if (g_str_equal(text, "random"))
        return *seed = ((guint64)g_random_int() << 32) | g_random_int(), true;
    return parse_number(text, seed, error);
}

static void claim_free(gpointer item)
{
    struct rig_image_claim *claim = item;

    g_free(claim->name);
    g_free(claim->sha_prefix);
    g_free(claim);
}

static GPtrArray *parse_claims(char **images)
{
    GPtrArray *claims = g_ptr_array_new_with_free_func(claim_free);

    for (; images && *images; images++) {
        const char *equals = strchr(*images, '=');
        struct rig_image_claim *claim = g_new0(struct rig_image_claim, 1);

        claim->name = equals ? g_strndup(*images, (gsize)(equals - *images)) : g_strdup(*images);
        claim->sha_prefix = g_strdup(equals ? equals + 1 : "");
        g_ptr_array_add(claims, claim);
    }
    return claims;
}

/* A run that begins anew although it was to go on would look as if it had gone on. */
static bool has_states(const char *resume, GError **error)
{
    g_autofree char *folder = g_build_filename(resume, "states", NULL);
    g_autoptr(GDir) states = g_dir_open(folder, 0, NULL);
    const char *name;

    if (g_file_test(resume, G_FILE_TEST_IS_REGULAR))
        return true;
    while (states && (name = g_dir_read_name(states)))
        if (g_str_has_suffix(name, ".explore"))
            return true;
    g_set_error(
        error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE,
        "--resume %s: there is no exploration to go on with: a run that a budget or an interrupt ended "
        "leaves it in states/ of its folder",
        resume);
    return false;
}

static bool parse_plan(struct session *session, GError **error)
{
    const struct rig_run_options *options = session->options;
    struct rig_run_plan *plan = &session->plan;

    if (options->n_repeats < 1 || options->n_repeats > 100000 || options->n_retries < 0 ||
        options->n_retries > 50 || options->n_workers < 0 || options->n_workers > 64 ||
        !(options->timeout_scale > 0.0 && options->timeout_scale <= 1000.0)) {
        g_set_error_literal(error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE,
                            "--repeat wants 1 to 100000, --retries 0 to 50, --workers 0 to 64, "
                            "--timeout-scale more than 0 up to 1000");
        return false;
    }
    plan->n_repeats = (guint)options->n_repeats;
    plan->n_retries = (guint)options->n_retries;
    plan->fail_fast = options->fail_fast;
    plan->timeout_scale = options->timeout_scale;
    plan->has_case_seed = options->case_seed != NULL;
    plan->has_only_cut = options->cut != NULL;
    plan->only_path = options->cuts;
    plan->n_workers = (guint)options->n_workers;
    plan->resume = options->resume;
    plan->interrupted = &interrupted;
    return (!options->resume || has_states(options->resume, error)) &&
           parse_seed(options->seed, &plan->seed, error) &&
           (!options->case_seed || parse_number(options->case_seed, &plan->case_seed, error)) &&
           (!options->cut || rig_cut_place_parse(options->cut, &plan->only_cut, error));
}

static char *replay_options(const struct rig_run_options *options, const struct rig_run_bench *chosen)
{
    const struct rig_replay_reach reach = {
        .link = options->link,
        .hci = options->hci,
        .adapter = options->adapter,
        .bench = chosen->bench ? chosen->bench->source->path : NULL,
        .board = chosen->bench ? chosen->board->name : NULL,
        .bootloader = options->bootloader,
        .defects = options->defects,
        .timeout_scale = options->timeout_scale,
    };

    return rig_replay_reach_text(&reach);
}

static struct rig_selection *select_cases(const struct rig_run_options *options)
{
    struct rig_filter filter = {
        .names = (const char *const *)options->names,
        .cases = (const char *const *)options->cases,
        .tags = (const char *const *)options->tags,
        .skip_tags = (const char *const *)options->skip_tags,
    };
    g_autofree char *shipped = rig_data_path("scenarios");
    const char *const defaults[] = {shipped, NULL};
    const char *const *paths =
        options->paths && options->paths[0] ? (const char *const *)options->paths : defaults;

    return rig_selection_load(paths, rig_language(), &filter, false);
}

struct outlook {
    guint n_run;
    guint n_skipped;
    guint n_errors;
};

static void print_case(struct rig_boards *boards, const struct rig_case *the_case, struct outlook *outlook)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *reason = rig_boards_skip_reason(boards, the_case, &error);
    const struct rig_scenario *scenario = the_case->scenario;
    const char *target = scenario->target || scenario->protocol ? rig_boards_wanted(scenario) : NULL;

    printf("%s::%s", the_case->scenario->source->path, the_case->name);
    if (error) {
        printf("  error: %s\n", error->message);
        outlook->n_errors++;
    } else if (reason) {
        printf("  skip: %s\n", reason);
        outlook->n_skipped++;
    } else {
        printf("  %u setup, %u steps, %u cleanup%s%s\n", the_case->setup ? the_case->setup->len : 0,
               the_case->steps ? the_case->steps->len : 0, the_case->cleanup ? the_case->cleanup->len : 0,
               target ? "  on " : "", target ? target : "");
        outlook->n_run++;
    }
}

static int print_plan(struct rig_boards *boards, const struct rig_selection *selection)
{
    struct outlook outlook = {0};

    for (guint i = 0; i < selection->cases->len; i++)
        print_case(boards, g_ptr_array_index(selection->cases, i), &outlook);
    for (guint i = 0; i < selection->errors->len; i++)
        fputs(((struct rig_load_error *)g_ptr_array_index(selection->errors, i))->text, stderr);
    printf("%u cases of %u files would run, %u would be skipped\n", outlook.n_run, selection->n_files,
           outlook.n_skipped);
    if (selection->errors->len || outlook.n_errors)
        return RIG_EXIT_ERROR;
    return outlook.n_run ? RIG_EXIT_PASSED : RIG_EXIT_NOTHING;
}

static void publish(struct session *session, const char *path, rig_file_writer writer, const void *user)
{
    GError *error = NULL;

    if (rig_output_write(path, writer, user, &error)) {
        g_ptr_array_add(session->written, g_strdup(path));
        return;
    }
    fprintf(stderr, "bootrig: the report '%s' was not written: %s\n", path, error->message);
    g_error_free(error);
    session->report_failed = true;
}

/* Many are told by their folder. A picture that cannot be written is a report that was not written. */
static void write_pictures(struct session *session)
{
    g_autofree char *folder = rig_output_file(session->output, RIG_EVIDENCE_FOLDER);
    g_autoptr(GPtrArray) pictures = g_ptr_array_new_with_free_func(g_free);
    GError *error = NULL;

    if (!rig_pictures_write(session->results, folder, pictures, &error)) {
        fprintf(stderr, "bootrig: the pictures of paths were not written: %s\n", error->message);
        g_error_free(error);
        session->report_failed = true;
    }
    if (pictures->len > MAX_PICTURES_NAMED)
        g_ptr_array_add(session->written, g_strdup_printf("%s: %u pictures", folder, pictures->len));
    for (guint i = 0; i < pictures->len && pictures->len <= MAX_PICTURES_NAMED; i++)
        g_ptr_array_add(session->written, g_strdup(g_ptr_array_index(pictures, i)));
}

static void write_junit(struct session *session, const char *path)
{
    const char *const attachments[] = {rig_journal_path(session->journal), NULL};
    g_autofree char *evidence =
        session->output ? rig_output_file(session->output, RIG_EVIDENCE_FOLDER) : NULL;
    struct rig_junit_report report = {.results = session->results,
                                      .options = {.strict = session->options->junit_strict,
                                                  .attachments = attachments,
                                                  .pictures = evidence}};

    publish(session, path, rig_junit_write, &report);
}

static void write_folder(struct session *session)
{
    g_autofree char *junit = rig_output_file(session->output, RIG_OUTPUT_JUNIT);
    g_autofree char *html = rig_output_file(session->output, RIG_OUTPUT_HTML);
    g_autofree char *json = rig_output_file(session->output, RIG_OUTPUT_JSON);

    write_pictures(session);
    write_junit(session, junit);
    if (!session->options->no_html)
        publish(session, html, rig_html_write, session->results);
    publish(session, json, rig_summary_write, session->results);
}

static void write_reports(struct session *session)
{
    if (session->output)
        write_folder(session);
    if (session->junit)
        write_junit(session, session->junit);
}

/* The verdict reaches the exit code and stderr whatever becomes of the files. */
static int conclude(struct session *session)
{
    const GError *lost = rig_journal_error(session->journal);
    int exit_code = rig_results_exit_code(session->results);
    struct rig_counts counts = rig_results_counts(session->results);

    if (lost)
        fprintf(stderr, "bootrig: the journal is not complete: %s\n", lost->message);
    if (!lost && !session->report_failed)
        return exit_code;
    fprintf(stderr, "bootrig: verdict: %u passed, %u failed, %u errors, %u skipped\n", counts.n_passed,
            counts.n_failed, counts.n_errors, counts.n_skipped);
    /* Passed without evidence is no pass; a board that failed has failed all the same. */
    return exit_code == RIG_EXIT_PASSED || exit_code == RIG_EXIT_NOTHING ? RIG_EXIT_ERROR : exit_code;
}

/* After that: an error of the run that no event could tell (its journal is not complete). */
static void results_add_error(struct rig_results *results, const char *text)
{
    rig_results_conclude_problem(results, NULL, text);
}

/* A pass without its evidence is none: the reports say so as the exit code does. */
static void doubt_without_journal(struct session *session)
{
    const GError *lost = rig_journal_error(session->journal);
    g_autofree char *text = NULL;

    if (!lost || rig_results_exit_code(session->results) != RIG_EXIT_PASSED)
        return;
    text = g_strdup_printf("the journal is not complete: %s", lost->message);
    results_add_error(session->results, text);
}

/* The reports, and the exit code that follows from them. */
static int conclude_with_reports(struct session *session, struct rig_terminal *terminal)
{
    rig_results_finish(session->results);
    doubt_without_journal(session);
    if (terminal)
        rig_terminal_hide(terminal);
    write_reports(session);
    if (rig_journal_path(session->journal))
        g_ptr_array_add(session->written, g_strdup(rig_journal_path(session->journal)));
    g_ptr_array_add(session->written, NULL);
    if (terminal)
        rig_terminal_finish(terminal, (const char *const *)session->written->pdata);
    return conclude(session);
}

static int run_session(struct session *session)
{
    const struct rig_run_options *options = session->options;
    enum rig_loudness loudness = options->quiet     ? RIG_QUIET
                                 : options->in_full ? RIG_FULL
                                 : options->verbose ? RIG_VERBOSE
                                                    : RIG_NORMAL;
    struct rig_terminal_options terminal_options = rig_terminal_options_for(STDOUT_FILENO, loudness);
    struct rig_terminal *terminal = rig_terminal_new(stdout, &terminal_options, session->results);
    int exit_code;

    rig_journal_listen(session->journal, rig_terminal_take, terminal);
    rig_run_all(&session->plan);
    exit_code = conclude_with_reports(session, terminal);
    rig_terminal_free(terminal);
    return exit_code;
}

static bool open_journal(struct session *session, const char *path, GError **error)
{
    session->journal = rig_journal_new(path, error);
    if (!session->journal)
        return false;
    session->results = rig_results_new();
    session->written = g_ptr_array_new_with_free_func(g_free);
    session->plan.journal = session->journal;
    rig_journal_listen(session->journal, rig_results_take, session->results);
    return true;
}

/* Takes the error. Reports say it in place of those of an earlier run; a run without a folder has one only
 * where --junit says. */
static int die(struct session *session, GError *error)
{
    g_autofree char *why = g_strdup(error->message);
    int exit_code = rig_cli_fail(error);

    if (session->options->dry_run || (!session->journal && !open_journal(session, NULL, NULL)))
        return exit_code;
    rig_run_refuse(&session->plan, session->options->target, why);
    return conclude_with_reports(session, NULL);
}

static int print_nothing(const struct rig_selection *selection)
{
    fprintf(stderr,
            "bootrig: nothing to run: %u files were read, no case fits the selection; 'bootrig list' tells "
            "what there is\n",
            selection->n_files);
    return RIG_EXIT_NOTHING;
}

/* The default target must be there; what a scenario names beside it is the case's own error. */
static bool board_is_there(struct rig_boards *boards, GError **error)
{
    const struct rig_target *target;

    return rig_boards_get(boards, NULL, &target, error) != NULL;
}

static bool is_foreign(struct rig_boards *boards)
{
    const struct rig_target *target;
    g_autoptr(GError) ignored = NULL;
    const struct rig_board *board = rig_boards_get(boards, NULL, &target, &ignored);

    return board && board->foreign_bootloader;
}

static int play_session(void *user)
{
    return run_session(user);
}

/* The journal on disk tells what ran until then. */
static int conclude_dead(struct session *session, const char *died)
{
    g_autofree char *why = g_strdup_printf(
        "the run ended before its end, %s: the bootloader of '--bootloader', or of the target, "
        "ended this program",
        died);
    struct rig_results *seen = rig_journal_path(session->journal)
                                   ? rig_results_from_journal(rig_journal_path(session->journal), NULL)
                                   : NULL;

    if (seen) {
        rig_results_free(session->results);
        session->results = seen;
    }
    fprintf(stderr, "bootrig: %s\n", why);
    results_add_error(session->results, why);
    write_reports(session);
    return RIG_EXIT_ERROR;
}

/* A bootloader of the user's own runs in this process, and can end it: with exit code 0, for all we know. */
static int run_guarded(struct session *session)
{
    g_autofree char *died = NULL;
    int exit_code;

    if (!is_foreign(session->plan.boards))
        return run_session(session);
    exit_code = play_guarded(play_session, session, &died);
    return died ? conclude_dead(session, died) : exit_code;
}

/* What the run reads, or writes in another form. */
static bool is_of_the_run(const struct rig_run_options *options, const char *path)
{
    static const char *const kept[] = {RIG_OUTPUT_JOURNAL, RIG_OUTPUT_HTML, RIG_OUTPUT_JSON};
    const char *const read[] = {options->target, options->bench, options->bootloader, options->resume};
    bool found = g_str_has_suffix(path, ".yaml") || g_str_has_suffix(path, ".yml");

    for (char **each = options->paths; each && *each; each++)
        found |= rig_output_is_same(path, *each);
    for (gsize i = 0; i < G_N_ELEMENTS(read); i++)
        found |= read[i] && rig_output_is_same(path, read[i]);
    for (gsize i = 0; i < G_N_ELEMENTS(kept); i++) {
        g_autofree char *mine =
            g_build_filename(options->output ? options->output : DEFAULT_OUTPUT, kept[i], NULL);

        found |= rig_output_is_same(path, mine);
    }
    return found;
}

/* `--junit my.yaml` without the name of a report would put the report in the place of the scenario. */
static bool take_junit(struct session *session, GError **error)
{
    const char *path = session->options->junit;

    if (!path)
        return true;
    if (is_of_the_run(session->options, path)) {
        g_set_error(error, RIG_ERROR, RIG_ERROR_USAGE,
                    "--junit %s: this file is not overwritten, the run needs it for something else: name a "
                    "new file, such as junit.xml",
                    path);
        return false;
    }
    if (!rig_output_remove_old(path, error))
        return false;
    session->junit = path;
    return true;
}

/* Before anything else can fail: from here on no report of an earlier run is left. */
static bool take_folder(struct session *session, GError **error)
{
    const struct rig_run_options *options = session->options;
    g_autoptr(GError) no_junit = NULL;
    bool has_junit = take_junit(session, &no_junit);
    g_autofree char *path = NULL;

    session->output = rig_output_claim(options->output ? options->output : DEFAULT_OUTPUT, error);
    if (!session->output)
        return false;
    path = rig_output_file(session->output, RIG_OUTPUT_JOURNAL);
    session->evidence = rig_evidence_new(session->output->directory);
    session->plan.evidence = session->evidence;
    if (!open_journal(session, path, error))
        return false;
    if (!has_junit)
        g_propagate_error(error, g_steal_pointer(&no_junit));
    return has_junit;
}

static void session_clear(struct session *session)
{
    g_clear_pointer(&session->written, g_ptr_array_unref);
    g_clear_pointer(&session->results, rig_results_free);
    g_clear_pointer(&session->evidence, rig_evidence_free);
    g_clear_pointer(&session->journal, rig_journal_free);
    g_clear_pointer(&session->output, rig_output_release);
}

/* Whether these cases, n_repeats times, are a run that reports can hold (RIG_RESULTS_MAX_CASES). The error
 * says how to make it smaller. */
static bool selection_fits_a_run(const struct rig_selection *selection, guint n_repeats, GError **error)
{
    guint64 n_plays = (guint64)selection->cases->len * n_repeats;

    if (n_plays <= RIG_RESULTS_MAX_CASES)
        return true;
    g_set_error(error, RIG_ERROR, RIG_ERROR_USAGE,
                "%u cases, %u times each, are %" G_GUINT64_FORMAT
                " in one run, more than the %u that its reports "
                "can hold: choose fewer (--name, --tag) or a smaller --repeat",
                selection->cases->len, n_repeats, n_plays, RIG_RESULTS_MAX_CASES);
    return false;
}

static int select_and_run(struct session *session, struct rig_boards *boards)
{
    const struct rig_run_options *options = session->options;
    g_autoptr(GPtrArray) claims = parse_claims(options->images);
    g_autoptr(rig_selection) selection = select_cases(options);
    GError *error = NULL;

    rig_selection_print_notes(selection, stderr);
    if (options->dry_run)
        return print_plan(boards, selection);
    if (!selection_fits_a_run(selection, session->plan.n_repeats, &error))
        return die(session, error);
    if (selection->cases->len == 0 && selection->errors->len == 0)
        print_nothing(selection);
    session->plan.selection = selection;
    session->plan.boards = boards;
    session->plan.claims = claims;
    return run_guarded(session);
}

static int prepare_and_run(struct session *session)
{
    const struct rig_run_options *options = session->options;
    g_auto(rig_run_bench) chosen = {0};
    g_autofree char *targets = rig_data_path("targets");
    g_autoptr(rig_boards) boards =
        rig_boards_new(options->target, targets, (const char *const *)options->defects, &interrupted);
    g_autofree char *repeated = NULL;
    GError *error = NULL;

    rig_boards_use_bootloader(boards, options->bootloader);
    rig_boards_use_link(boards, options->link, options->hci, options->adapter);
    if (!parse_plan(session, &error) || !rig_run_bench_open(&chosen, options, &interrupted, &error))
        return die(session, error);
    if (chosen.bench)
        rig_boards_use_bench(boards, chosen.bench, chosen.board, chosen.lock);
    if (!board_is_there(boards, &error))
        return die(session, error);
    if (options->seed && g_str_equal(options->seed, "random") && !options->dry_run)
        printf("seed %" G_GUINT64_FORMAT "\n", session->plan.seed);
    repeated = replay_options(options, &chosen);
    session->plan.replay_options = repeated;
    return select_and_run(session, boards);
}

int rig_run_with_options(const struct rig_run_options *options, const char *const *argv)
{
    struct session session = {.options = options, .plan = {.argv = argv, .interrupted = &interrupted}};
    GError *error = NULL;
    int exit_code;

    /* A second signal ends the process the hard way; the journal on disk still tells what ran. */
    rig_cli_catch_signals(on_signal, (int)SA_RESETHAND);
    if (options->dry_run || take_folder(&session, &error))
        exit_code = prepare_and_run(&session);
    else
        exit_code = die(&session, error);
    session_clear(&session);
    return exit_code;
}

int rig_run_refuse_options(const struct rig_run_options *options, const char *const *argv, GError *error)
{
    struct session session = {.options = options, .plan = {.argv = argv, .interrupted = &interrupted}};
    GError *busy = NULL;
    int exit_code;

    if (!options->dry_run && !take_folder(&session, &busy))
        rig_cli_fail(busy);
    exit_code = die(&session, error);
    session_clear(&session);
    return exit_code;
}
