/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Bench files: which board hangs on which supply, probe, adapter and console. Pure data; nothing is opened.
 */
#ifndef RIG_BENCH_BENCH_H
#define RIG_BENCH_BENCH_H

#include "scenario/schema.h"

G_BEGIN_DECLS

#define RIG_BENCH_DEFAULT "bench.yaml"

extern const struct rig_shape rig_bench_shape, rig_bench_board_shape, rig_bench_start_shape;

/* What a bench file says; the fields are told in bench_shape.c. Lists are NULL-terminated; what is not
 * written is NULL. */
struct rig_probe_spec {
    const struct rig_node *node;
    const char *const *config;
    const char *const *commands;
    const char *serial;
    const char *server;
    bool reset_pin;
};
struct rig_ble_spec {
    const struct rig_node *node;
    const char *address;
    const char *name;
    bool by_service;
    const char *adapter;
    bool or_next_address;
    bool refresh;
};
struct rig_serial_spec {
    const struct rig_node *node;
    const char *tty;
    guint32 baud;
};
struct rig_rtt_spec {
    guint32 address;
    guint32 n_bytes;
    guint32 channel;
};
struct rig_console_spec {
    const struct rig_node *node;
    const char *tty;
    guint32 baud;
    const struct rig_rtt_spec *rtt;
};
struct rig_udp_spec {
    const struct rig_node *node;
    const char *address;
};
struct rig_link_spec {
    const struct rig_udp_spec *udp;
    const struct rig_serial_spec *serial;
};
struct rig_start_spec {
    const struct rig_node *node;
    const char *const *program;
    const char *ready;
    guint64 within_us;
};
struct rig_bench_board_spec {
    const struct rig_node *node;
    const char *name;
    const char *about;
    const char *const *tags;
    const char *target;
    const struct rig_start_spec *const *start;
    const struct rig_record *power;  /* a variant of rig_power_shape */
    const struct rig_record *button; /* the same */
    const struct rig_probe_spec *probe;
    const struct rig_link_spec *link;
    const struct rig_ble_spec *ble;
    const struct rig_console_spec *console;
};
struct rig_bench_spec {
    const char *name;
    const char *about;
    const struct rig_bench_board_spec *const *boards;
};

struct rig_bench_board {
    const char *name;
    const struct rig_bench_board_spec *spec;
    const struct rig_field *power_driver;  /* NULL: the bench cannot switch it */
    const struct rig_record *power;        /* its arguments */
    const struct rig_field *button_driver; /* the same of what presses its button */
    const struct rig_record *button;
    bool starts;          /* it has `start`: its other fields may hold words that are known later */
    GPtrArray *resources; /* char *: what only one run may use at a time, sorted: "power hid-relay ABCDE 2" */
};

struct rig_bench {
    struct rig_source *source;
    struct rig_document *document;
    struct rig_record *record;
    GPtrArray *boards; /* struct rig_bench_board *, in the file's order */
};

/* RIG_ERROR_INPUT carries all diagnostics of the file, among them two boards that name one thing. */
struct rig_bench *rig_bench_load(const char *path, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* The same, from text that was read already (taken). NULL: diagnostics tell why. */
struct rig_bench *rig_bench_from_source(struct rig_source *source,
                                        struct rig_diagnostics *diagnostics) G_GNUC_WARN_UNUSED_RESULT;
void rig_bench_free(struct rig_bench *bench);
typedef struct rig_bench rig_bench;
G_DEFINE_AUTOPTR_CLEANUP_FUNC(rig_bench, rig_bench_free)

/* RIG_ERROR_USAGE names the boards that there are. NULL as name: the only board. */
const struct rig_bench_board *rig_bench_find(const struct rig_bench *bench, const char *name, GError **error);

/* The board's fields once more, with words put in for $NAME. */
struct rig_bench_entry {
    struct rig_document *document; /* keeps the texts */
    struct rig_source *source;
    GHashTable *variables;
    struct rig_record *record;               /* of rig_bench_board_shape, or of rig_bench_start_shape */
    const struct rig_bench_board_spec *spec; /* of the record; NULL: it is the other one */
    const struct rig_field *power_driver;
    const struct rig_record *power;
    const struct rig_field *button_driver;
    const struct rig_record *button;
};
/* words: name -> text, both char *. A board without `start` is bound too: its `$` are characters then.
 * RIG_ERROR_INPUT carries the diagnostics. The bench must outlive it. */
struct rig_bench_entry *rig_bench_bind(const struct rig_bench_board *board, GHashTable *words,
                                       GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* The same for the start-th program of the board. */
struct rig_bench_entry *rig_bench_bind_start(const struct rig_bench_board *board, guint start,
                                             GHashTable *words, GError **error) G_GNUC_WARN_UNUSED_RESULT;
void rig_bench_entry_free(struct rig_bench_entry *entry);
typedef struct rig_bench_entry rig_bench_entry;
G_DEFINE_AUTOPTR_CLEANUP_FUNC(rig_bench_entry, rig_bench_entry_free)

/* What `target:` of the board names: a name, or a path. Owned by the caller; NULL: it names none. */
char *rig_bench_target_path(const struct rig_bench *bench, const struct rig_bench_board *board);
/* A path of the bench file: absolute, or from the folder of that file. Owned by the caller. */
char *rig_bench_path(const struct rig_bench *bench, const char *path);

G_END_DECLS

#endif
