/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Loading scenario files and choosing cases. */
#include "run/selection.h"

#include "base/error.h"
#include "report/model.h"

#include <string.h>

static void load_error_free(gpointer item)
{
    struct rig_load_error *error = item;

    g_free(error->file);
    g_free(error->text);
    g_free(error);
}

static void add_error(struct rig_selection *selection, const char *file, char *text /* taken */)
{
    struct rig_load_error *error = g_new0(struct rig_load_error, 1);

    error->file = g_strdup(file);
    error->text = text;
    g_ptr_array_add(selection->errors, error);
}

static bool name_matches(const char *pattern, const char *name)
{
    return strpbrk(pattern, "*?") ? g_pattern_match_simple(pattern, name) : strstr(name, pattern) != NULL;
}

static bool any_name(const char *const *patterns, const struct rig_case *the_case)
{
    if (!patterns || !*patterns)
        return true;
    for (; *patterns; patterns++)
        if (name_matches(*patterns, the_case->name))
            return true;
    return false;
}

static bool has_all_tags(const char *list, char **tags)
{
    g_auto(GStrv) wanted = g_strsplit(list, ",", -1);

    for (guint i = 0; wanted[i]; i++)
        if (!g_strv_contains((const gchar *const *)tags, wanted[i]))
            return false;
    return true;
}

static bool any_tag(const char *const *lists, char **tags, bool when_none)
{
    if (!lists || !*lists)
        return when_none;
    for (; *lists; lists++)
        if (has_all_tags(*lists, tags))
            return true;
    return false;
}

static bool chosen(const struct rig_case *the_case, const struct rig_filter *filter)
{
    if (!filter)
        return true;
    if (filter->cases && *filter->cases &&
        !g_strv_contains((const gchar *const *)filter->cases, the_case->name))
        return false;
    return any_name(filter->names, the_case) && any_tag(filter->tags, the_case->scenario->tags, true) &&
           !any_tag(filter->skip_tags, the_case->scenario->tags, false);
}

/* A case that was asked for by its name and is not there must not go unnoticed among others. */
static void tell_missing_cases(struct rig_selection *selection, const struct rig_filter *filter)
{
    for (const char *const *name = filter ? filter->cases : NULL; name && *name; name++) {
        bool found = false;

        for (guint i = 0; i < selection->cases->len && !found; i++)
            found =
                g_str_equal(((const struct rig_case *)g_ptr_array_index(selection->cases, i))->name, *name);
        if (!found && selection->cases->len)
            add_error(selection, *name, g_strdup_printf("--case '%s' is the name of no case here\n", *name));
    }
}

static bool has_own_name(struct rig_selection *selection, const struct rig_scenario *scenario,
                         struct rig_diagnostics *diagnostics)
{
    const struct rig_scenario *first = g_hash_table_lookup(selection->names, scenario->name);
    g_autofree char *hint = NULL;

    if (!first) {
        g_hash_table_insert(selection->names, scenario->name, (gpointer)scenario);
        return true;
    }
    hint = g_strdup_printf("%s has it already: give one of them another name", first->source->path);
    rig_diagnostics_add(diagnostics, scenario->source, scenario->at, (guint)g_utf8_strlen(scenario->name, -1),
                        hint, "there are two scenarios '%s'", scenario->name);
    return false;
}

static void load_file(struct rig_selection *selection, const char *path, const struct rig_language *language,
                      const struct rig_filter *filter, bool colour)
{
    struct rig_diagnostics diagnostics;
    struct rig_scenario *scenario;

    rig_diagnostics_init(&diagnostics);
    scenario = rig_scenario_load(path, language, &diagnostics);
    selection->n_files++;
    if (scenario)
        g_ptr_array_add(selection->scenarios, scenario);
    if (scenario && !has_own_name(selection, scenario, &diagnostics))
        scenario = NULL;
    if (!scenario)
        add_error(selection, path, rig_diagnostics_format(&diagnostics, colour));
    else if (diagnostics.notes->len)
        g_ptr_array_add(selection->notes, rig_diagnostics_format(&diagnostics, colour));
    for (guint i = 0; scenario && i < scenario->cases->len; i++)
        if (chosen(g_ptr_array_index(scenario->cases, i), filter))
            g_ptr_array_add(selection->cases, g_ptr_array_index(scenario->cases, i));
    rig_diagnostics_clear(&diagnostics);
}

/* The message names the path already, or it does not. */
static char *unreadable(const char *path, const GError *error)
{
    gsize n = strlen(path);
    bool named = strncmp(error->message, path, n) == 0 && strncmp(error->message + n, ": ", 2) == 0;

    return g_strdup_printf("%s: error: %s\n", path, named ? error->message + n + 2 : error->message);
}

struct rig_selection *rig_selection_load(const char *const *paths, const struct rig_language *language,
                                         const struct rig_filter *filter, bool colour)
{
    struct rig_selection *selection = g_new0(struct rig_selection, 1);
    g_autoptr(GHashTable) seen = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);

    selection->scenarios = g_ptr_array_new_with_free_func((GDestroyNotify)rig_scenario_free);
    selection->cases = g_ptr_array_new();
    selection->names = g_hash_table_new(g_str_hash, g_str_equal);
    selection->errors = g_ptr_array_new_with_free_func(load_error_free);
    selection->notes = g_ptr_array_new_with_free_func(g_free);
    for (; paths && *paths; paths++) {
        GError *error = NULL;
        g_autoptr(GPtrArray) files = rig_scenario_find(*paths, &error);

        if (!files) {
            add_error(selection, *paths, unreadable(*paths, error));
            g_error_free(error);
            continue;
        }
        for (guint i = 0; i < files->len; i++)
            if (g_hash_table_add(seen, g_canonicalize_filename(g_ptr_array_index(files, i), NULL)))
                load_file(selection, g_ptr_array_index(files, i), language, filter, colour);
    }
    tell_missing_cases(selection, filter);
    return selection;
}

void rig_selection_free(struct rig_selection *selection)
{
    if (!selection)
        return;
    g_hash_table_unref(selection->names);
    g_ptr_array_unref(selection->cases);
    g_ptr_array_unref(selection->scenarios);
    g_ptr_array_unref(selection->errors);
    g_ptr_array_unref(selection->notes);
    g_free(selection);
}

void rig_selection_print_notes(const struct rig_selection *selection, FILE *out)
{
    for (guint i = 0; i < selection->notes->len; i++)
        fputs(g_ptr_array_index(selection->notes, i), out);
}
