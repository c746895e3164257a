/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What a board is made of, as plain data: flash devices, slots, how the bootloader uses them, how the board
 * is found. Made from a target and the options of a scenario; nothing is simulated or opened for it. */
#ifndef RIG_BENCH_LAYOUT_H
#define RIG_BENCH_LAYOUT_H

#include "image/key.h"
#include "image/trailer.h"
#include "bench/target.h"

G_BEGIN_DECLS

#define RIG_LAYOUT_MAX_DEVICES 2
#define RIG_LAYOUT_MAX_RUNS 8
#define RIG_LAYOUT_MAX_SLOTS 4
#define RIG_LAYOUT_MAX_MTU 517

struct rig_sector_run { /* sectors of one size that follow each other */
    guint32 sector_bytes;
    guint32 n_sectors;
};
struct rig_flash_device {
    const char *name; /* "internal", "external" */
    struct rig_sector_run runs[RIG_LAYOUT_MAX_RUNS];
    guint n_runs;
    guint32 n_bytes;
    guint32 write_bytes; /* write alignment */
    guint8 erased;       /* value of an erased byte */
    bool rewrite_refused;
    guint32 write_us; /* per write_bytes */
    guint32 erase_us; /* per sector */
};

/* A slot, or the scratch area. */
struct rig_slot {
    const char *name;   /* "slot 0", "scratch" */
    const char *device; /* "internal", "external" */
    guint device_index; /* in the layout */
    guint32 device_offset;
    guint32 n_bytes;      /* 0: there is no such slot */
    guint32 image_offset; /* where an image starts: one sector in the secondary of swap-offset, else 0 */
    struct rig_trailer_geometry geometry;
    guint32 sector_bytes; /* of its first sector */
    bool mixed_sectors;   /* the others have another size */
    guint64 erase_us;     /* of all of it */
    guint32 room_bytes;   /* the largest image, header through last TLV, that the bootloader takes; 0: not
                             known,   see rig_board_options.describe */
};

struct rig_layout {
    struct rig_flash_device devices[RIG_LAYOUT_MAX_DEVICES];
    guint n_devices;
    struct rig_slot slots[RIG_LAYOUT_MAX_SLOTS]; /* 0, 1: of image 0; 2, 3: of image 1 */
    guint n_slots;
    struct rig_slot scratch; /* n_bytes 0: there is none */
    /* The bootloader. */
    enum rig_swap_mode mode;
    bool signing_needed;
    enum rig_key_kind signing;
    guint32 max_align;
    guint32 max_sectors;
    bool has_security_counter;
    guint32 security_counter; /* at first */
    /* The link. */
    guint8 address[6];      /* Bluetooth */
    bool may_move_address;  /* the updater advertises at address + 1 */
    guint16 mtu;            /* the largest ATT_MTU that it agrees to */
    bool encryption_needed; /* for the update service */
};

/* Of a target that was checked, with its own options. Texts are static. */
void rig_layout_read(const struct rig_target_spec *target, struct rig_layout *layout);
/* Lays options over it. */
void rig_layout_apply(struct rig_layout *layout, const struct rig_options_spec *options);
/* Works out again what follows from the members that others set (mode, max_align, ...). */
void rig_layout_settle(struct rig_layout *layout);

/* A slot; n_slots: the scratch area. false: there is none. */
bool rig_layout_slot(const struct rig_layout *layout, guint index, struct rig_slot *slot);
/* NULL: there is none of this name. */
const struct rig_flash_device *rig_layout_device(const struct rig_layout *layout, const char *name);

/* Tells each slot or scratch area of a target that was read without error which is not on its flash device,
 * or shares bytes with another one, each flash device that stands twice, and numbers that no board has. */
void rig_layout_check(const struct rig_target_spec *target, struct rig_diagnostics *diagnostics);

G_END_DECLS

#endif
