/* SPDX-License-Identifier: GPL-3.0-or-later */
/* `bootrig steps` and `bootrig schema`: both from the tables. */
#include "cli/cli.h"

#include "scenario/diagnostic.h"
#include "scenario/scenario.h"
#include "steps/verbs.h"

#include <stdio.h>

static int no_such_step(const char *name)
{
    const struct rig_language *language = rig_language();
    g_autofree const char **names = g_new0(const char *, language->n_verbs);
    const char *near;

    for (gsize i = 0; i < language->n_verbs; i++)
        names[i] = language->verbs[i]->name;
    near = rig_nearest(name, names, language->n_verbs);
    if (near)
        fprintf(stderr, "bootrig: there is no step '%s'; did you mean '%s'?\n", name, near);
    else
        fprintf(stderr, "bootrig: there is no step '%s'; 'bootrig steps' lists them\n", name);
    return RIG_EXIT_ERROR;
}

static int print_reference(const char *verb /* NULL: the list */)
{
    g_autofree char *text = rig_reference_text(rig_language(), verb);

    if (!text)
        return no_such_step(verb);
    fputs(text, stdout);
    return RIG_EXIT_PASSED;
}

int rig_cli_steps(int argc, char **argv)
{
    g_auto(GStrv) verbs = NULL;
    gboolean markdown = FALSE;
    const GOptionEntry entries[] = {
        {"markdown", 0, 0, G_OPTION_ARG_NONE, &markdown, "the whole reference as Markdown", NULL},
        {G_OPTION_REMAINING, 0, 0, G_OPTION_ARG_STRING_ARRAY, &verbs, NULL, NULL},
        {0},
    };
    int exit_code;

    if (!rig_cli_parse(&argc, &argv, entries, "[STEP]...",
                       "Lists the steps of scenarios; with STEP, tells all about it.",
                       "Examples:\n"
                       "  bootrig steps                  every step with one line\n"
                       "  bootrig steps with-faults      fields, defaults, needs and an example of one step",
                       &exit_code))
        return exit_code;
    if (markdown) {
        g_autofree char *text = rig_reference_markdown(rig_language());

        fputs(text, stdout);
        return RIG_EXIT_PASSED;
    }
    if (!verbs)
        return print_reference(NULL);
    exit_code = RIG_EXIT_PASSED;
    for (char **verb = verbs; *verb && exit_code == RIG_EXIT_PASSED; verb++) {
        if (verb != verbs)
            fputc('\n', stdout);
        exit_code = print_reference(*verb);
    }
    return exit_code;
}

int rig_cli_schema(int argc, char **argv)
{
    const GOptionEntry entries[] = {{0}};
    g_autofree char *text = NULL;
    int exit_code;

    if (!rig_cli_parse(&argc, &argv, entries, "",
                       "JSON Schema (2020-12) of scenario files on standard output.",
                       "bootrig schema >scenario.schema.json, then in VS Code with the YAML extension:\n"
                       "  \"yaml.schemas\": {\"scenario.schema.json\": \"scenarios/**/*.yaml\"}\n"
                       "In any editor with yaml-language-server, as the first line of a scenario:\n"
                       "  # yaml-language-server: $schema=scenario.schema.json",
                       &exit_code))
        return exit_code;
    if (argc > 1) {
        fprintf(stderr, "bootrig: schema takes no arguments\n");
        return RIG_EXIT_ERROR;
    }
    text = rig_schema_json(rig_language());
    printf("%s\n", text);
    return RIG_EXIT_PASSED;
}
