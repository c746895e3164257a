/* SPDX-License-Identifier: GPL-3.0-or-later */
/* `bootrig completion`: words from the tables; options, tags and cases are asked of the program when they are
 * wanted. */
#include "cli/cli.h"

#include "bench/option_fields.h"
#include "steps/verbs.h"

#include <stdio.h>
#include <string.h>

/* clang-format off */
static const char head[] =
    "# bash completion of bootrig\n"
    "_bootrig() {\n"
    "    local word=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD-1]} command=${COMP_WORDS[1]}\n";
static const char tail[] =
    "    local -a asked=(\"$command\")\n"
    "    if [[ $COMP_CWORD == 1 ]]; then\n"
    "        COMPREPLY=($(compgen -W \"$commands --help --version\" -- \"$word\"))\n"
    "        return\n"
    "    fi\n"
    "    [[ $command == image || $command == package ]] && [[ $COMP_CWORD -gt 2 ]] && asked+=(\"${COMP_WORDS[2]}\")\n"
    "    case \"$previous\" in\n"
    "    --output|-o|--output-dir) COMPREPLY=($(compgen -f -- \"$word\")); return ;;\n"
    "    --junit|--html|--batch|--bootloader) COMPREPLY=($(compgen -f -- \"$word\")); return ;;\n"
    "    --defect) COMPREPLY=($(compgen -W \"$defects\" -- \"$word\")); return ;;\n"
    "    --target|-t) COMPREPLY=($(compgen -W \"$targets\" -- \"$word\") $(compgen -f -X '!*.yaml' -- \"$word\")); return ;;\n"
    "    --tag|--skip-tag) COMPREPLY=($(compgen -W \"$(bootrig list --json 2>/dev/null | sed -n '/\"tags\"/,/]/p' | grep -o '\"[^\"]*\"' | tr -d '\"' | grep -vx tags | sort -u)\" -- \"$word\")); return ;;\n"
    "    --bench|-b) COMPREPLY=($(compgen -f -X '!*.yaml' -- \"$word\")); return ;;\n"
    "    --case) COMPREPLY=($(compgen -W \"$(bootrig list 2>/dev/null | cut -d' ' -f1)\" -- \"$word\")); return ;;\n"
    "    esac\n"
    "    if [[ $word == -* ]]; then\n"
    "        COMPREPLY=($(compgen -W \"$(bootrig \"${asked[@]}\" --help 2>/dev/null | sed -nE 's/^  (-., )?(--[a-z-]+).*/\\2/p')\" -- \"$word\"))\n"
    "    elif [[ $command == steps ]]; then\n"
    "        COMPREPLY=($(compgen -W \"$verbs\" -- \"$word\"))\n"
    "    elif [[ $command == completion ]]; then\n"
    "        COMPREPLY=($(compgen -W bash -- \"$word\"))\n"
    "    elif [[ $command == power && $COMP_CWORD == 2 ]]; then\n"
    "        COMPREPLY=($(compgen -W 'on off cycle status list' -- \"$word\"))\n"
    "    elif [[ $command == capture && $COMP_CWORD == 2 ]]; then\n"
    "        COMPREPLY=($(compgen -W 'show record' -- \"$word\"))\n"
    "    elif [[ $command == bench && $COMP_CWORD == 2 ]]; then\n"
    "        COMPREPLY=($(compgen -W 'list check' -- \"$word\"))\n"
    "    elif [[ ( $command == image || $command == package ) && $COMP_CWORD == 2 ]]; then\n"
    "        COMPREPLY=($(compgen -W \"$(bootrig $command --help | sed -nE 's/^  ([a-z]+) .*/\\1/p')\" -- \"$word\"))\n"
    "    else\n"
    "        COMPREPLY=($(compgen -f -- \"$word\"))\n"
    "    fi\n"
    "}\n"
    "complete -o filenames -F _bootrig bootrig\n";
/* clang-format on */

static void print_words(const char *name, const GPtrArray *words)
{
    printf("    local %s='", name);
    for (guint i = 0; i < words->len; i++)
        printf("%s%s", i ? " " : "", (const char *)g_ptr_array_index(words, i));
    printf("'\n");
}

static gint compare_names(gconstpointer a, gconstpointer b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static void print_targets(void)
{
    g_autofree char *directory = rig_data_path("targets");
    g_autoptr(GPtrArray) names = g_ptr_array_new_with_free_func(g_free);
    g_autoptr(GDir) entries = g_dir_open(directory, 0, NULL);
    const char *entry;

    while (entries && (entry = g_dir_read_name(entries)))
        if (g_str_has_suffix(entry, ".yaml"))
            g_ptr_array_add(names, g_strndup(entry, strlen(entry) - strlen(".yaml")));
    g_ptr_array_sort(names, compare_names);
    print_words("targets", names);
}

static void print_bash(void)
{
    const struct rig_language *language = rig_language();
    g_autoptr(GPtrArray) commands = g_ptr_array_new();
    g_autoptr(GPtrArray) verbs = g_ptr_array_new();
    g_autoptr(GPtrArray) defects = g_ptr_array_new();

    for (gsize i = 0; i < rig_n_commands; i++)
        g_ptr_array_add(commands, (gpointer)rig_commands[i].name);
    for (gsize i = 0; i < language->n_verbs; i++)
        g_ptr_array_add(verbs, (gpointer)language->verbs[i]->name);
    for (const char *const *defect = rig_choices_defects; *defect; defect++)
        g_ptr_array_add(defects, (gpointer)*defect);
    fputs(head, stdout);
    print_words("commands", commands);
    print_words("verbs", verbs);
    print_words("defects", defects);
    print_targets();
    fputs(tail, stdout);
}

int rig_cli_completion(int argc, char **argv)
{
    const GOptionEntry entries[] = {{0}};
    int exit_code;

    if (!rig_cli_parse(
            &argc, &argv, entries, "bash", "Completion for bash on standard output.",
            "For this shell: source <(bootrig completion bash)\n"
            "For good: bootrig completion bash >~/.local/share/bash-completion/completions/bootrig",
            &exit_code))
        return exit_code;
    if (argc != 2 || !g_str_equal(argv[1], "bash")) {
        fprintf(stderr, "bootrig: completion is there for: bash\n");
        return RIG_EXIT_ERROR;
    }
    print_bash();
    return RIG_EXIT_PASSED;
}
