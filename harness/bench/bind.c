/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Entries of a bench file with the words put in that are known only when the board's programs run. */
#include "bench/bench.h"

#include "base/error.h"
#include "scenario/reader.h"

#include <string.h>

void rig_bench_entry_free(struct rig_bench_entry *entry)
{
    if (!entry)
        return;
    rig_record_free(entry->record);
    if (entry->variables)
        g_hash_table_unref(entry->variables);
    rig_document_free(entry->document);
    rig_source_free(entry->source);
    g_free(entry);
}

/* Words become nodes of a document of their own, as variables are anywhere else. */
static bool make_variables(struct rig_bench_entry *entry, GHashTable *words,
                           struct rig_diagnostics *diagnostics)
{
    GHashTableIter iter;
    gpointer name, text;

    entry->source = rig_source_from_text("words", "words: here\n");
    entry->document = rig_document_parse(entry->source, diagnostics);
    if (!entry->document)
        return false;
    entry->variables = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    g_hash_table_iter_init(&iter, words);
    while (g_hash_table_iter_next(&iter, &name, &text))
        g_hash_table_insert(
            entry->variables, g_strdup(name),
            (gpointer)rig_document_add_scalar(entry->document, rig_document_root(entry->document), text));
    return true;
}

static void check_text(const struct rig_bench_entry *entry, const struct rig_node *node,
                       struct rig_diagnostics *diagnostics)
{
    struct rig_reference reference;

    for (const char *at = node->text; rig_reference_next(at, &reference); at = reference.end) {
        g_autofree char *name = g_strndup(reference.name, reference.n_name);

        if (reference.kind == RIG_REFERENCE_NAME && !g_hash_table_contains(entry->variables, name))
            rig_diagnostics_add(diagnostics, node->source, node->start, rig_node_width(node),
                                "a program of 'start:' prints it before it is ready: NAME VALUE",
                                "there is no word '%s'", name);
    }
}

/* A word that nobody has said leaves its field out; that must not pass for a field that was not written.
 * Programs are bound one by one, each with the words of its time. */
static void check_words(const struct rig_bench_entry *entry, const struct rig_node *node, const char *but,
                        struct rig_diagnostics *diagnostics)
{
    for (guint i = 0; node->items && i < node->items->len; i++) {
        const struct rig_pair *pair = node->kind == RIG_NODE_MAP ? node->items->pdata[i] : NULL;

        if (!pair)
            check_words(entry, node->items->pdata[i], but, diagnostics);
        else if (g_strcmp0(pair->key->text, but) != 0)
            check_words(entry, pair->value, but, diagnostics);
    }
    if (node->kind == RIG_NODE_SCALAR)
        check_text(entry, node, diagnostics);
}

static const struct rig_field *driver_of(const struct rig_record *variant,
                                         const struct rig_record **arguments)
{
    const struct rig_value *value = NULL;
    const struct rig_field *driver = variant ? rig_record_variant(variant, &value) : NULL;

    *arguments = value ? value->record : NULL;
    return driver;
}

static void find_drivers(struct rig_bench_entry *entry)
{
    if (!entry->spec)
        return;
    entry->power_driver = driver_of(entry->spec->power, &entry->power);
    entry->button_driver = driver_of(entry->spec->button, &entry->button);
}

static struct rig_bench_entry *bind(const struct rig_bench_board *board, const struct rig_node *node,
                                    const struct rig_shape *shape, GHashTable *words, GError **error)
{
    g_autoptr(rig_bench_entry) entry = g_new0(struct rig_bench_entry, 1);
    struct rig_diagnostics diagnostics;
    struct rig_scope scope = {0};
    g_autofree char *text = NULL;

    rig_diagnostics_init(&diagnostics);
    if (make_variables(entry, words, &diagnostics)) {
        scope.variables = board->starts ? entry->variables : NULL;
        scope.document = entry->document;
        entry->record = rig_record_read(node, shape, &scope, &diagnostics);
    }
    if (entry->record && board->starts)
        check_words(entry, node, shape == &rig_bench_board_shape ? "start" : NULL, &diagnostics);
    if (entry->record && shape == &rig_bench_board_shape)
        entry->spec = RIG_STRUCT(entry->record, struct rig_bench_board_spec);
    if (entry->record && diagnostics.n_added == 0)
        find_drivers(entry);
    else
        text = rig_diagnostics_format(&diagnostics, false);
    rig_diagnostics_clear(&diagnostics);
    if (!text)
        return g_steal_pointer(&entry);
    g_set_error(error, RIG_ERROR, RIG_ERROR_INPUT, "board '%s' of the bench cannot be used\n%s", board->name,
                text);
    return NULL;
}

struct rig_bench_entry *rig_bench_bind(const struct rig_bench_board *board, GHashTable *words, GError **error)
{
    return bind(board, board->spec->node, &rig_bench_board_shape, words, error);
}

struct rig_bench_entry *rig_bench_bind_start(const struct rig_bench_board *board, guint start,
                                             GHashTable *words, GError **error)
{
    return bind(board, board->spec->start[start]->node, &rig_bench_start_shape, words, error);
}

char *rig_bench_path(const struct rig_bench *bench, const char *path)
{
    g_autofree char *folder = g_path_get_dirname(bench->source->path);

    return g_path_is_absolute(path) ? g_strdup(path) : g_build_filename(folder, path, NULL);
}

char *rig_bench_target_path(const struct rig_bench *bench, const struct rig_bench_board *board)
{
    const char *name = board->spec->target;

    return name && strchr(name, '/') ? rig_bench_path(bench, name) : g_strdup(name);
}
