/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the subcommands share: options, errors, shipped files. */
#include "cli/cli.h"

#include "base/error.h"

#include <locale.h>
#include <stdio.h>
#include <string.h>

static char *folder_below(const char *base, const char *folder)
{
    char *path = base ? g_build_filename(base, folder, NULL) : NULL;

    if (path && g_file_test(path, G_FILE_TEST_IS_DIR))
        return path;
    g_free(path);
    return NULL;
}

/* Inside the source tree people want to read "scenarios/power/x.yaml", not an absolute path. */
static char *shorten(char *path /* taken */)
{
    g_autofree char *here = g_get_current_dir();
    g_autofree char *prefix = g_strconcat(here, G_DIR_SEPARATOR_S, NULL);
    char *shorter;

    if (!g_str_has_prefix(path, prefix))
        return path;
    shorter = g_strdup(path + strlen(prefix));
    g_free(path);
    return shorter;
}

char *rig_data_path(const char *folder)
{
    g_autofree char *binary = g_file_read_link("/proc/self/exe", NULL);
    g_autofree char *bin = binary ? g_path_get_dirname(binary) : g_strdup(".");
    g_autofree char *installed = g_build_filename(bin, "..", "share", "bootrig", NULL);
    g_autofree char *canonical = g_canonicalize_filename(installed, NULL);
    char *path = folder_below(g_getenv("BOOTRIG_DATA_DIR"), folder);

    if (!path)
        path = folder_below(canonical, folder);
    if (!path)
        path = folder_below(RIG_SOURCE_DIR, folder);
    return path ? shorten(path) : g_build_filename(canonical, folder, NULL);
}

bool rig_cli_parse_options(int *argc, char ***argv, const GOptionEntry *entries, const char *usage,
                           const char *summary, const char *description, GError **error)
{
    GOptionContext *context = g_option_context_new(usage);
    g_autofree char *program = g_strdup_printf("bootrig %s", (*argv)[0]);
    GError *problem = NULL;
    bool ok;

    g_set_prgname(program);
    g_option_context_set_summary(context, summary);
    g_option_context_set_description(context, description);
    g_option_context_add_main_entries(context, entries, NULL);
    ok = g_option_context_parse(context, argc, argv, &problem);
    g_option_context_free(context);
    if (!ok)
        g_set_error(error, RIG_ERROR, RIG_ERROR_USAGE, "%s; '%s --help' tells what there is",
                    problem->message, program);
    g_clear_error(&problem);
    return ok;
}

bool rig_cli_parse(int *argc, char ***argv, const GOptionEntry *entries, const char *usage,
                   const char *summary, const char *description, int *exit_code)
{
    GError *error = NULL;

    if (rig_cli_parse_options(argc, argv, entries, usage, summary, description, &error))
        return true;
    fprintf(stderr, "%s: %s\n", g_get_prgname(), error->message);
    g_error_free(error);
    *exit_code = RIG_EXIT_ERROR;
    return false;
}

int rig_cli_fail(GError *error)
{
    fprintf(stderr, "bootrig: %s\n", error->message);
    g_error_free(error);
    return RIG_EXIT_ERROR;
}
