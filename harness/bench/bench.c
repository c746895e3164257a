/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Loads a bench file and refuses what cannot be: two boards of one name, or on one relay, port, probe or
 * address. */
#define _XOPEN_SOURCE 700 /* realpath */
#include "bench/bench.h"

#include "base/error.h"
#include "bench/power_shape.h"

#include <stdlib.h>
#include <string.h>

static void board_free(gpointer item)
{
    struct rig_bench_board *board = item;

    g_ptr_array_unref(board->resources);
    g_free(board);
}

void rig_bench_free(struct rig_bench *bench)
{
    if (!bench)
        return;
    if (bench->boards)
        g_ptr_array_unref(bench->boards);
    rig_record_free(bench->record);
    rig_document_free(bench->document);
    rig_source_free(bench->source);
    g_free(bench);
}

struct claims {
    GHashTable *holders; /* resource -> struct claim * */
    struct rig_diagnostics *diagnostics;
};
struct claim {
    const char *board;
    guint line;
};

/* The first board keeps the key, each further one is an error at its own place. */
static void claim_only(struct claims *claims, const struct rig_bench_board *board,
                       const struct rig_node *node, const char *key)
{
    const struct claim *other = g_hash_table_lookup(claims->holders, key);
    struct claim *mine;

    if (other) {
        g_autofree char *hint = g_strdup_printf("'%s' has it in line %u", other->board, other->line);

        rig_diagnostics_add(claims->diagnostics, node->source, node->start, rig_node_width(node), hint,
                            "another board has this %.*s", (int)strcspn(key, " "), key);
        return;
    }
    mine = g_new(struct claim, 1);
    *mine = (struct claim){.board = board->name, .line = node->start.line};
    g_hash_table_insert(claims->holders, g_strdup(key), mine);
}

/* `key` is taken. */
static void claim(struct claims *claims, struct rig_bench_board *board, const struct rig_node *node,
                  char *key)
{
    g_ptr_array_add(board->resources, key);
    claim_only(claims, board, node, key);
}

/* A text of a map, or of what stands for it alone. */
static void claim_text(struct claims *claims, struct rig_bench_board *board, const char *kind,
                       const struct rig_node *map, const char *key, const char *text)
{
    char *real;

    /* A word that is known later names something of this run's own. */
    if (!text || (board->starts && strchr(text, '$')))
        return;
    /* Two links to one serial port are one port. */
    real = strcmp(kind, "serial-port") == 0 ? realpath(text, NULL) : NULL;
    claim(claims, board, map->kind == RIG_NODE_MAP ? rig_node_get(map, key) : map,
          g_strdup_printf("%s %s", kind, real ? real : text));
    free(real);
}

/* A channel that switches something: which one, and with what arguments. */
static void claim_channel(struct claims *claims, struct rig_bench_board *board,
                          const struct rig_record *variant, const struct rig_field **driver,
                          const struct rig_record **found)
{
    const struct rig_value *arguments = NULL;
    g_autofree char *channel = NULL;

    *driver = variant ? rig_record_variant(variant, &arguments) : NULL;
    if (!*driver || !arguments->record) {
        *driver = NULL;
        return;
    }
    *found = arguments->record;
    channel = rig_power_channel_key(*driver, *found);
    if (board->starts && strchr(channel, '$'))
        return;
    claim(claims, board, arguments->node ? arguments->node : variant->node,
          g_strdup_printf("power-channel %s", channel));
    /* A PPK2 is a serial port that no console can share; a relay board's port may have several channels. */
    if (strcmp((*driver)->name, "ppk2") == 0)
        claim_text(claims, board, "serial-port", (*found)->node, "tty",
                   RIG_STRUCT(*found, struct rig_ppk2_spec)->tty);
}

/* SMP over the console: one port, claimed as the console. */
static bool is_console_of(const struct rig_bench_board *board, const char *tty)
{
    return board->spec->console && g_strcmp0(tty, board->spec->console->tty) == 0;
}

static void claim_rest(struct claims *claims, struct rig_bench_board *board)
{
    const struct rig_probe_spec *probe = board->spec->probe;
    const struct rig_ble_spec *ble = board->spec->ble;
    const struct rig_console_spec *console = board->spec->console;
    const struct rig_udp_spec *udp = board->spec->link ? board->spec->link->udp : NULL;
    const struct rig_serial_spec *serial = board->spec->link ? board->spec->link->serial : NULL;

    if (udp)
        claim_text(claims, board, "udp-address", udp->node, "address", udp->address);
    if (serial && !is_console_of(board, serial->tty))
        claim_text(claims, board, "serial-port", serial->node, "tty", serial->tty);
    if (probe) {
        claim_text(claims, board, "probe", probe->node, "serial", probe->serial);
        claim_text(claims, board, "probe-server", probe->node, "server", probe->server);
    }
    if (ble)
        claim_text(claims, board, "address", ble->node, "address", ble->address);
    if (console)
        claim_text(claims, board, "serial-port", console->node, "tty", console->tty);
}

static gint compare_texts(gconstpointer a, gconstpointer b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static void add_board(struct rig_bench *bench, struct claims *claims, const struct rig_bench_board_spec *spec)
{
    g_autofree char *name_key = NULL;
    struct rig_bench_board *board;

    if (!spec->name)
        return;
    board = g_new0(struct rig_bench_board, 1);
    board->name = spec->name;
    board->spec = spec;
    board->starts = spec->start != NULL;
    board->resources = g_ptr_array_new_with_free_func(g_free);
    g_ptr_array_add(bench->boards, board);
    /* A name is one of this file only: another bench may have a board that is called the same. */
    name_key = g_strdup_printf("name %s", board->name);
    claim_only(claims, board, rig_node_get(spec->node, "board"), name_key);
    claim_channel(claims, board, spec->power, &board->power_driver, &board->power);
    claim_channel(claims, board, spec->button, &board->button_driver, &board->button);
    claim_rest(claims, board);
    if (board->resources->len == 0) {
        g_autofree char *path = g_canonicalize_filename(bench->source->path, NULL);

        g_ptr_array_add(board->resources, g_strdup_printf("board %s of %s", board->name, path));
    }
    g_ptr_array_sort(board->resources, compare_texts);
}

static void read_boards(struct rig_bench *bench, struct rig_diagnostics *diagnostics)
{
    const struct rig_bench_board_spec *const *boards =
        RIG_STRUCT(bench->record, struct rig_bench_spec)->boards;
    struct claims claims = {.holders = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free),
                            .diagnostics = diagnostics};

    for (guint i = 0; boards && boards[i]; i++)
        add_board(bench, &claims, boards[i]);
    if (boards && !boards[0])
        rig_diagnostics_add(diagnostics, bench->source, rig_node_get(bench->record->node, "boards")->start, 0,
                            NULL, "a bench has at least one board");
    g_hash_table_unref(claims.holders);
}

struct rig_bench *rig_bench_from_source(struct rig_source *source, struct rig_diagnostics *diagnostics)
{
    g_autoptr(rig_bench) bench = g_new0(struct rig_bench, 1);
    guint n_before = diagnostics->n_added;

    bench->source = source;
    bench->boards = g_ptr_array_new_with_free_func(board_free);
    bench->document = rig_document_parse(source, diagnostics);
    if (bench->document)
        bench->record =
            rig_record_read(rig_document_root(bench->document), &rig_bench_shape, NULL, diagnostics);
    if (bench->record)
        read_boards(bench, diagnostics);
    return bench->record && diagnostics->n_added == n_before ? g_steal_pointer(&bench) : NULL;
}

struct rig_bench *rig_bench_load(const char *path, GError **error)
{
    struct rig_source *source = rig_source_read(path, error);
    struct rig_diagnostics diagnostics;
    struct rig_bench *bench;

    if (!source) {
        g_prefix_error(error, "bench file '%s': ", path);
        return NULL;
    }
    rig_diagnostics_init(&diagnostics);
    bench = rig_bench_from_source(source, &diagnostics);
    if (!bench) {
        g_autofree char *text = rig_diagnostics_format(&diagnostics, false);

        g_set_error(error, RIG_ERROR, RIG_ERROR_INPUT, "bench file '%s' cannot be used\n%s", path, text);
    }
    rig_diagnostics_clear(&diagnostics);
    return bench;
}

const struct rig_bench_board *rig_bench_find(const struct rig_bench *bench, const char *name, GError **error)
{
    g_autoptr(GString) names = g_string_new(NULL);

    if (!name && bench->boards->len == 1)
        return bench->boards->pdata[0];
    for (guint i = 0; i < bench->boards->len; i++) {
        const struct rig_bench_board *board = bench->boards->pdata[i];

        if (name && strcmp(board->name, name) == 0)
            return board;
        g_string_append_printf(names, "%s%s", i ? ", " : "", board->name);
    }
    if (name)
        g_set_error(error, RIG_ERROR, RIG_ERROR_USAGE, "there is no board '%s' on the bench; there are: %s",
                    name, names->str);
    else
        g_set_error(error, RIG_ERROR, RIG_ERROR_USAGE, "name a board of the bench: %s", names->str);
    return NULL;
}
