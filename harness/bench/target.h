/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Target files: what kind of board this is, its flash, slots, and the options that a scenario's `board:` line
 * may change. Pure data. */
#ifndef RIG_BENCH_TARGET_H
#define RIG_BENCH_TARGET_H

#include "scenario/schema.h"

G_BEGIN_DECLS

/* Options of a board, in a target's `options:` and in the `board:` step. No field has a default: what is not
 * written is not changed. */
extern const struct rig_shape rig_board_options_shape;
extern const struct rig_shape rig_target_shape;

/* Flags of a board of which nothing is said, as Zephyr's defaults are: bonding, reassembly, parameters and
 * original-protocol are on, the others off. */
bool rig_board_option_is_on_by_default(const char *name);

struct rig_target {
    struct rig_source *source;
    struct rig_document *document;
    char *name;
    char *given; /* the name or path that it was loaded by: loads it again */
    char *about;
    struct rig_record *record; /* of rig_target_shape */
};

#define RIG_TARGET_DEFAULT "sim-nrf52840-mcuboot"

/* name_or_path: a file (has a '/' or ends in .yaml), or NAME for NAME.yaml in the directory of the shipped
 * targets. NULL with an error that carries all diagnostics, or the names that exist. */
struct rig_target *rig_target_load(const char *name_or_path, const char *target_directory,
                                   GError **error) G_GNUC_WARN_UNUSED_RESULT;
void rig_target_free(struct rig_target *target);
typedef struct rig_target rig_target;
G_DEFINE_AUTOPTR_CLEANUP_FUNC(rig_target, rig_target_free)

G_END_DECLS

#endif
