/* SPDX-License-Identifier: GPL-3.0-or-later */
/* `bootrig check` and `bootrig list`: scenario files without a board. */
#include "cli/cli.h"

#include "run/boards.h"
#include "run/selection.h"
#include "steps/verbs.h"

#include <json-glib/json-glib.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* Whether diagnostics on stderr may be coloured. */
static bool may_colour(void)
{
    const char *no_colour = g_getenv("NO_COLOR");
    const char *term = g_getenv("TERM");

    return isatty(STDERR_FILENO) && !(no_colour && *no_colour) && g_strcmp0(term, "dumb") != 0;
}

static struct rig_selection *load(char **paths, const struct rig_filter *filter)
{
    g_autofree char *shipped = rig_data_path("scenarios");
    const char *const defaults[] = {shipped, NULL};

    return rig_selection_load(paths && *paths ? (const char *const *)paths : defaults, rig_language(), filter,
                              may_colour());
}

struct aim {
    char *target;     /* --target; NULL: nobody asked what would be skipped */
    char *bootloader; /* --bootloader; may be NULL */
};

/* clang-format off */
#define AIM_OPTIONS(aim) \
    {"target", 't', 0, G_OPTION_ARG_STRING, &(aim).target, \
     "also tell which cases this board would skip, and why: NAME of a shipped target, or FILE", "NAME|FILE"}, \
    {"bootloader", 0, 0, G_OPTION_ARG_FILENAME, &(aim).bootloader, \
     "the board boots through this bootloader of your own, as in 'bootrig run'", "FILE.so"}
/* clang-format on */

static void aim_clear(struct aim *aim)
{
    g_free(aim->target);
    g_free(aim->bootloader);
}

/* NULL without an error: nobody asked. */
static struct rig_boards *aim_boards(const struct aim *aim, GError **error)
{
    g_autofree char *targets = rig_data_path("targets");
    g_autoptr(rig_boards) boards = NULL;
    const struct rig_target *target;

    if (!aim->target && !aim->bootloader)
        return NULL;
    boards = rig_boards_new(aim->target, targets, NULL, NULL);
    rig_boards_use_bootloader(boards, aim->bootloader);
    return rig_boards_get(boards, NULL, &target, error) ? g_steal_pointer(&boards) : NULL;
}

/* Reasons by case, in the order of the selection; NULL where it would run. NULL boards: none is asked for. A
 * board of a case that cannot be made is a reason of its own, and counted. */
static GPtrArray *skip_reasons(struct rig_boards *boards, const struct rig_selection *selection,
                               guint *n_errors)
{
    GPtrArray *reasons = g_ptr_array_new_with_free_func(g_free);

    *n_errors = 0;
    for (guint i = 0; i < selection->cases->len; i++) {
        GError *error = NULL;
        char *reason =
            boards ? rig_boards_skip_reason(boards, g_ptr_array_index(selection->cases, i), &error) : NULL;

        if (error) {
            reason = g_strdup(error->message);
            ++*n_errors;
            g_error_free(error);
        }
        g_ptr_array_add(reasons, reason);
    }
    return reasons;
}

static int tell_errors(const struct rig_selection *selection)
{
    for (guint i = 0; i < selection->errors->len; i++)
        fputs(((struct rig_load_error *)g_ptr_array_index(selection->errors, i))->text, stderr);
    rig_selection_print_notes(selection, stderr);
    return selection->errors->len ? RIG_EXIT_ERROR : RIG_EXIT_PASSED;
}

struct reason_count {
    const char *reason;
    guint n;
};

static gint more_first(gconstpointer a, gconstpointer b)
{
    const struct reason_count *left = a, *right = b;

    return left->n != right->n ? (left->n < right->n ? 1 : -1) : strcmp(left->reason, right->reason);
}

/* How many cases each reason takes away. */
static void print_counts(const GPtrArray *reasons)
{
    g_autoptr(GArray) counts = g_array_new(FALSE, FALSE, sizeof(struct reason_count));
    g_autoptr(GHashTable) places = g_hash_table_new(g_str_hash, g_str_equal);

    for (guint i = 0; i < reasons->len; i++) {
        struct reason_count count = {g_ptr_array_index(reasons, i), 1};
        gpointer at;

        if (!count.reason)
            continue;
        if (g_hash_table_lookup_extended(places, count.reason, NULL, &at)) {
            g_array_index(counts, struct reason_count, GPOINTER_TO_UINT(at)).n++;
            continue;
        }
        g_hash_table_insert(places, (gpointer)count.reason, GUINT_TO_POINTER(counts->len));
        g_array_append_val(counts, count);
    }
    g_array_sort(counts, more_first);
    for (guint i = 0; i < counts->len; i++) {
        const struct reason_count *count = &g_array_index(counts, struct reason_count, i);

        printf("%6u  %s\n", count->n, count->reason);
    }
}

static void print_reasons(const struct rig_selection *selection, const GPtrArray *reasons)
{
    guint n_skipped = 0;

    for (guint i = 0; i < reasons->len; i++) {
        const struct rig_case *the_case = g_ptr_array_index(selection->cases, i);
        const char *reason = g_ptr_array_index(reasons, i);

        if (reason)
            printf("skip  %s::%s  (%s)\n", the_case->scenario->source->path, the_case->name, reason);
        n_skipped += reason != NULL;
    }
    printf("%u cases would run, %u would be skipped\n", reasons->len - n_skipped, n_skipped);
    print_counts(reasons);
}

static int check(char **paths, const struct aim *aim)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(rig_boards) boards = aim_boards(aim, &error);
    g_autoptr(rig_selection) selection = NULL;
    g_autoptr(GPtrArray) reasons = NULL;
    guint n_errors;
    int exit_code;

    if (error)
        return rig_cli_fail(g_steal_pointer(&error));
    selection = load(paths, NULL);
    exit_code = tell_errors(selection);
    if (exit_code == RIG_EXIT_PASSED && selection->n_files == 0) {
        fprintf(stderr, "bootrig: no scenario file found\n");
        return RIG_EXIT_NOTHING;
    }
    reasons = skip_reasons(boards, selection, &n_errors);
    if (boards)
        print_reasons(selection, reasons);
    printf("%u files, %u cases, %u files with errors\n", selection->n_files, selection->cases->len,
           selection->errors->len);
    return n_errors ? RIG_EXIT_ERROR : exit_code;
}

int rig_cli_check(int argc, char **argv)
{
    g_auto(GStrv) paths = NULL;
    struct aim aim = {0};
    const GOptionEntry entries[] = {
        AIM_OPTIONS(aim),
        {G_OPTION_REMAINING, 0, 0, G_OPTION_ARG_FILENAME_ARRAY, &paths, NULL, NULL},
        {0},
    };
    int exit_code;

    if (rig_cli_parse(&argc, &argv, entries, "[FILE|DIR]...",
                      "Tells all errors of all scenario files; touches no device.",
                      "Without FILE or DIR the shipped scenarios are checked. A word that has a new name is "
                      "still read;\n"
                      "a note tells the new name and is no error.\n\n"
                      "Exit codes: 0 no errors, 2 errors, 4 no file found.",
                      &exit_code))
        exit_code = check(paths, &aim);
    aim_clear(&aim);
    return exit_code;
}

static void add_texts(JsonBuilder *builder, const char *name, char **texts)
{
    json_builder_set_member_name(builder, name);
    json_builder_begin_array(builder);
    for (; texts && *texts; texts++)
        json_builder_add_string_value(builder, *texts);
    json_builder_end_array(builder);
}

static void add_text(JsonBuilder *builder, const char *name, const char *text)
{
    if (!text)
        return;
    json_builder_set_member_name(builder, name);
    json_builder_add_string_value(builder, text);
}

static void add_case(JsonBuilder *builder, const struct rig_case *the_case, const char *reason)
{
    const struct rig_scenario *scenario = the_case->scenario;

    json_builder_begin_object(builder);
    add_text(builder, "name", the_case->name);
    add_text(builder, "scenario", scenario->name);
    add_text(builder, "file", scenario->source->path);
    json_builder_set_member_name(builder, "line");
    json_builder_add_int_value(builder, scenario->at.line);
    add_text(builder, "about", scenario->about);
    add_text(builder, "target", scenario->target);
    add_texts(builder, "tags", scenario->tags);
    add_texts(builder, "needs", scenario->needs);
    add_text(builder, "skip_reason", reason);
    json_builder_end_object(builder);
}

static void print_json(const struct rig_selection *selection, const GPtrArray *reasons)
{
    g_autoptr(JsonBuilder) builder = json_builder_new();
    g_autoptr(JsonNode) root = NULL;
    g_autofree char *text = NULL;

    json_builder_begin_array(builder);
    for (guint i = 0; i < selection->cases->len; i++)
        add_case(builder, g_ptr_array_index(selection->cases, i), g_ptr_array_index(reasons, i));
    json_builder_end_array(builder);
    root = json_builder_get_root(builder);
    text = json_to_string(root, TRUE);
    printf("%s\n", text);
}

static void print_lines(const struct rig_selection *selection, const GPtrArray *reasons)
{
    for (guint i = 0; i < selection->cases->len; i++) {
        const struct rig_case *the_case = g_ptr_array_index(selection->cases, i);
        g_autofree char *tags = g_strjoinv(",", the_case->scenario->tags);
        g_autofree char *needs = g_strjoinv(",", the_case->scenario->needs);

        const char *reason = g_ptr_array_index(reasons, i);

        printf("%-60s  tags: %s  needs: %s%s%s\n", the_case->name, *tags ? tags : "-", *needs ? needs : "-",
               reason ? "  skip: " : "", reason ? reason : "");
    }
}

static int list(char **paths, const struct rig_filter *filter, const struct aim *aim, bool json)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(rig_boards) boards = aim_boards(aim, &error);
    g_autoptr(rig_selection) selection = NULL;
    g_autoptr(GPtrArray) reasons = NULL;
    guint n_errors;
    int exit_code;

    if (error)
        return rig_cli_fail(g_steal_pointer(&error));
    selection = load(paths, filter);
    exit_code = tell_errors(selection);
    reasons = skip_reasons(boards, selection, &n_errors);
    if (json)
        print_json(selection, reasons);
    else
        print_lines(selection, reasons);
    if (n_errors)
        return RIG_EXIT_ERROR;
    if (exit_code == RIG_EXIT_PASSED && selection->cases->len == 0)
        return RIG_EXIT_NOTHING;
    return exit_code;
}

int rig_cli_list(int argc, char **argv)
{
    g_auto(GStrv) paths = NULL;
    g_auto(GStrv) names = NULL;
    g_auto(GStrv) tags = NULL;
    g_auto(GStrv) skip_tags = NULL;
    gboolean json = FALSE;
    struct aim aim = {0};
    const GOptionEntry entries[] = {
        AIM_OPTIONS(aim),
        {"json", 0, 0, G_OPTION_ARG_NONE, &json, "machine-readable", NULL},
        {"name", 'n', 0, G_OPTION_ARG_STRING_ARRAY, &names,
         "only cases whose name has this piece or fits this pattern", "PATTERN"},
        {"tag", 0, 0, G_OPTION_ARG_STRING_ARRAY, &tags,
         "only scenarios with this tag; a,b: with both; given again: with either", "TAG[,TAG]"},
        {"skip-tag", 0, 0, G_OPTION_ARG_STRING_ARRAY, &skip_tags, "leave out scenarios with this tag",
         "TAG[,TAG]"},
        {G_OPTION_REMAINING, 0, 0, G_OPTION_ARG_FILENAME_ARRAY, &paths, NULL, NULL},
        {0},
    };
    struct rig_filter filter;
    int exit_code;

    if (!rig_cli_parse(&argc, &argv, entries, "[FILE|DIR]...",
                       "Names, tags and needs of the cases of scenario files.",
                       "Without FILE or DIR the shipped scenarios are listed. The names are what --case and "
                       "--name of 'bootrig run' take.\n\n"
                       "Exit codes: 0 listed, 2 a file has errors, 4 nothing fits the selection.",
                       &exit_code))
        return aim_clear(&aim), exit_code;
    filter = (struct rig_filter){.names = (const char *const *)names,
                                 .tags = (const char *const *)tags,
                                 .skip_tags = (const char *const *)skip_tags};
    exit_code = list(paths, &filter, &aim, json);
    aim_clear(&aim);
    return exit_code;
}
