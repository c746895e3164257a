/* SPDX-License-Identifier: GPL-3.0-or-later */
/* `bootrig report`: any report again from a journal. */
#include "cli/cli.h"

#include <stdio.h>
#include <unistd.h>

#include "base/error.h"
#include "report/evidence.h"
#include "report/junit.h"
#include "report/output.h"
#include "report/page.h"
#include "report/picture.h"
#include "report/terminal.h"

#define EXIT_RIG_ERROR 2

struct wishes {
    char *journal;
    char *junit;
    char *html;
    char *json;
    char *pictures;
    gboolean strict;
    gboolean terminal;
    gboolean quiet;
    gboolean verbose;
};

static const char description[] =
    "FILE may be - for standard output. FOLDER is the one that holds journal.jsonl.\n\n"
    "Examples:\n"
    "  bootrig report reports/out                       the run once more on the terminal\n"
    "  bootrig report reports/out --junit=- --junit-strict\n"
    "  bootrig report old/journal.jsonl --html=old.html\n"
    "  bootrig report reports/out --pictures=pictures\n\n"
    "Exit codes: 0 every report was written, whatever the verdicts are; 2 one was not, or the journal is "
    "that of a "
    "run that was\n"
    "killed (the reports are written all the same).";

static bool one_on_stdout(const struct wishes *wishes, GError **error)
{
    int n = wishes->terminal + (g_strcmp0(wishes->junit, "-") == 0) + (g_strcmp0(wishes->html, "-") == 0) +
            (g_strcmp0(wishes->json, "-") == 0);

    if (n <= 1)
        return true;
    g_set_error_literal(error, RIG_ERROR, RIG_ERROR_USAGE, "only one report can go to standard output");
    return false;
}

/* A report in the place of the journal would be the end of it. */
static bool leaves_the_journal(const struct wishes *wishes, GError **error)
{
    const char *const files[] = {wishes->junit, wishes->html, wishes->json};

    for (gsize i = 0; i < G_N_ELEMENTS(files); i++)
        if (files[i] && rig_output_is_same(files[i], wishes->journal)) {
            g_set_error(error, RIG_ERROR, RIG_ERROR_USAGE, "a report cannot take the place of its journal %s",
                        wishes->journal);
            return false;
        }
    return true;
}

static bool parse(int argc, char **argv, struct wishes *wishes, GError **error)
{
    const GOptionEntry entries[] = {
        {"junit", 0, 0, G_OPTION_ARG_FILENAME, &wishes->junit, "write JUnit XML", "FILE"},
        {"junit-strict", 0, 0, G_OPTION_ARG_NONE, &wishes->strict,
         "write only JUnit XML that the strictest schema accepts", NULL},
        {"html", 0, 0, G_OPTION_ARG_FILENAME, &wishes->html, "write one HTML page", "FILE"},
        {"json", 0, 0, G_OPTION_ARG_FILENAME, &wishes->json, "write a JSON summary", "FILE"},
        {"pictures", 0, 0, G_OPTION_ARG_FILENAME, &wishes->pictures,
         "write the pictures of the power-cut paths that an exploration found (SVG) into this folder", "DIR"},
        {"terminal", 0, 0, G_OPTION_ARG_NONE, &wishes->terminal,
         "print the report (what happens when nothing else is asked for)", NULL},
        {"quiet", 'q', 0, G_OPTION_ARG_NONE, &wishes->quiet, "print failures and the summary only", NULL},
        {"verbose", 'v', 0, G_OPTION_ARG_NONE, &wishes->verbose, "print every step", NULL},
        {NULL, 0, 0, 0, NULL, NULL, NULL},
    };
    g_autoptr(GOptionContext) options = g_option_context_new("JOURNAL|FOLDER");

    g_set_prgname("bootrig report");
    g_option_context_set_summary(options,
                                 "Makes reports from the journal of a run, also of a run that was killed.");
    g_option_context_add_main_entries(options, entries, NULL);
    g_option_context_set_description(options, description);
    if (!g_option_context_parse(options, &argc, &argv, error))
        return false;
    if (argc != 2) {
        g_set_error(error, RIG_ERROR, RIG_ERROR_USAGE,
                    "report wants one journal, or the folder of one; try 'bootrig report --help'");
        return false;
    }
    wishes->terminal |= !wishes->junit && !wishes->html && !wishes->json && !wishes->pictures;
    wishes->journal = g_file_test(argv[1], G_FILE_TEST_IS_DIR)
                          ? g_build_filename(argv[1], RIG_OUTPUT_JOURNAL, NULL)
                          : g_strdup(argv[1]);
    return one_on_stdout(wishes, error) && leaves_the_journal(wishes, error);
}

static bool write_junit(const struct rig_results *results, const struct wishes *wishes, GError **error)
{
    const char *const attachments[] = {wishes->journal, NULL};
    g_autofree char *folder = g_path_get_dirname(wishes->journal);
    g_autofree char *evidence = g_build_filename(folder, RIG_EVIDENCE_FOLDER, NULL);
    struct rig_junit_report report = {.results = results,
                                      .options = {.strict = wishes->strict, .attachments = attachments}};

    if (!wishes->junit)
        return true;
    /* What the run has left there counts, and what this command has just written. */
    if (wishes->pictures)
        report.options.pictures = wishes->pictures;
    else if (g_file_test(evidence, G_FILE_TEST_IS_DIR))
        report.options.pictures = evidence;
    return rig_output_write(wishes->junit, rig_junit_write, &report, error);
}

static enum rig_loudness loudness_of(const struct wishes *wishes)
{
    return wishes->verbose ? RIG_FULL : wishes->quiet ? RIG_QUIET : RIG_NORMAL;
}

/* Each case is told as it is read: what it took to pass is not kept. NULL: the journal cannot be read. */
static struct rig_results *read_and_print(const struct wishes *wishes, GError **error)
{
    struct rig_terminal_options options = rig_terminal_options_for(STDOUT_FILENO, loudness_of(wishes));
    g_autoptr(rig_results) results = rig_results_new();
    struct rig_terminal *terminal;
    bool ok;

    options.status_line = false;
    terminal = rig_terminal_new(stdout, &options, results);
    ok = rig_results_read(results, wishes->journal, wishes->terminal ? rig_terminal_take : NULL, terminal,
                          error);
    if (ok && wishes->terminal)
        rig_terminal_finish(terminal, NULL);
    rig_terminal_free(terminal);
    return ok ? g_steal_pointer(&results) : NULL;
}

static bool complain(bool ok, GError **error)
{
    if (*error)
        fprintf(stderr, "bootrig: %s\n", (*error)->message);
    g_clear_error(error);
    return ok;
}

/* Each report is tried, also after one that could not be written. */
static bool write_reports(const struct rig_results *results, const struct wishes *wishes)
{
    g_autoptr(GError) error = NULL;
    bool ok =
        complain(!wishes->pictures || rig_pictures_write(results, wishes->pictures, NULL, &error), &error);

    ok &= complain(write_junit(results, wishes, &error), &error);
    ok &= complain(!wishes->html || rig_output_write(wishes->html, rig_html_write, results, &error), &error);
    return ok & complain(!wishes->json || rig_output_write(wishes->json, rig_summary_write, results, &error),
                         &error);
}

/* Reports of a run that was cut short are no result of a run. */
static bool tell_what_is_missing(const struct rig_results *results)
{
    struct rig_counts counts = rig_results_counts(results);

    if (!results->killed && results->n_missing_events == 0 && results->n_repeated == 0)
        return true;
    fprintf(stderr, "bootrig: the journal is not whole: %s; %u of %u cases were not run\n",
            !results->started     ? "it does not say how the run started"
            : results->killed     ? "the run was killed, or is still going on"
            : results->n_repeated ? "it says the start of the run or the end of a case twice"
                                  : "events are missing",
            counts.n_not_run, counts.n_cases);
    return false;
}

static void clear_wishes(struct wishes *wishes)
{
    g_free(wishes->journal);
    g_free(wishes->junit);
    g_free(wishes->html);
    g_free(wishes->json);
    g_free(wishes->pictures);
}

int rig_cli_report(int argc, char **argv)
{
    struct wishes wishes = {0};
    g_autoptr(GError) error = NULL;
    g_autoptr(rig_results) results = NULL;
    bool ok = false;

    if (parse(argc, argv, &wishes, &error))
        results = read_and_print(&wishes, &error);
    if (results) {
        ok = write_reports(results, &wishes);
        ok = tell_what_is_missing(results) && ok; /* told in any case */
    } else {
        fprintf(stderr, "bootrig: %s\n", error->message);
    }
    clear_wishes(&wishes);
    return ok ? 0 : EXIT_RIG_ERROR;
}
