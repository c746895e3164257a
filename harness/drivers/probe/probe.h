/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Role: the debug probe: reset, flash read and programming, what runs. Offsets are relative to a named area
 * of the board. */
#ifndef RIG_DRIVERS_PROBE_PROBE_H
#define RIG_DRIVERS_PROBE_PROBE_H

#include <glib.h>
#include <stdbool.h>

#include "bench/layout.h"

G_BEGIN_DECLS

enum rig_run_state {
    RIG_STATE_OFF,
    RIG_STATE_BOOTING,
    RIG_STATE_RUNNING,
    RIG_STATE_HUNG,
    RIG_STATE_NO_IMAGE,
    RIG_STATE_HALTED,
    RIG_STATE_UPDATER, /* the bootloader waits for an update */
};
const char *
rig_run_state_name(enum rig_run_state state); /* "off", "booting", "running", "hung", "no bootable image",
                                                 "halted", "in the bootloader, waiting for an update" */

/* What runs on the board. */
struct rig_board_view {
    enum rig_run_state state;
    guint n_boots;  /* bootloader runs since the board was set up */
    guint n_resets; /* of which not by power-on */
    bool has_image; /* the fields below are known */
    struct rig_image_version version;
    guint8 hash[RIG_IMAGE_HASH_BYTES];
    bool confirmed;
};

struct rig_flash_write { /* one write or erase that the board did */
    const char *device;
    guint32 offset;
    guint32 n_bytes;
    bool erase;
};

#define RIG_PROBE_MAX_READ_BYTES (16u * 1024 * 1024)

struct rig_probe;
/* Every operation blocks until it is done, with deadlines of its own, and fails with RIG_ERROR_DEVICE when
 * the board has no power or the probe cannot be reached. NULL: this probe cannot. */
struct rig_probe_ops {
    const char *name;
    /* The board runs anew, halted or not. */
    bool (*reset)(struct rig_probe *probe, GError **error);
    bool (*view)(struct rig_probe *probe, struct rig_board_view *view, GError **error);
    bool (*read)(struct rig_probe *probe, const char *device, guint32 offset, guint8 *into, gsize n_bytes,
                 GError **error);
    bool (*program)(struct rig_probe *probe, const char *device, guint32 offset, const guint8 *bytes,
                    gsize n_bytes, GError **error);
    /* The core, for boards with the capability "debug" (all four are there then): stop it, let it go on,
     * start it anew and stop it before its first instruction. A halted board does nothing, its radio and its
     * console included. */
    bool (*halt)(struct rig_probe *probe, GError **error);
    bool (*resume)(struct rig_probe *probe, GError **error);
    bool (*reset_halt)(struct rig_probe *probe, GError **error);
    /* Bytes of the target's memory map, whether the core runs or not. n_bytes: 1 to RIG_PROBE_MAX_READ_BYTES.
     */
    bool (*read_memory)(struct rig_probe *probe, guint32 address, guint8 *into, gsize n_bytes,
                        GError **error);
    /* A word of RAM or of a register; address is a multiple of 4. May be NULL with "debug", too. */
    bool (*write_word)(struct rig_probe *probe, guint32 address, guint32 word, GError **error);
};
struct rig_probe {
    const struct rig_probe_ops *ops;
    const struct rig_layout *layout; /* of the board: borrowed */
};

G_END_DECLS

#endif
