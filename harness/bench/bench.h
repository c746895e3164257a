/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Bench files: which board hangs on which supply, probe, adapter and console. Pure data; nothing is opened.
 */
#ifndef RIG_BENCH_BENCH_H
#define RIG_BENCH_BENCH_H

#include "scenario/schema.h"

G_BEGIN_DECLS

#define RIG_BENCH_DEFAULT "bench.yaml"

extern const struct rig_shape rig_bench_shape;

struct rig_bench_board {
    const char *name;
    const struct rig_record *record;      /* of the shape "board" */
    const struct rig_field *power_driver; /* NULL: the bench cannot switch it */
    const struct rig_record *power;       /* its arguments */
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

G_END_DECLS

#endif
