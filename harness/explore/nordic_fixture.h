/* SPDX-License-Identifier: GPL-3.0-or-later */
/* nRF5 boards for tests and benches of explorations: a flash of 256 KiB as an nRF52832 has it, small images.
 */
#ifndef RIG_EXPLORE_NORDIC_FIXTURE_H
#define RIG_EXPLORE_NORDIC_FIXTURE_H

#include "explore/explore.h"
#include "explore/nordic.h"

G_BEGIN_DECLS

#define NORDIC_PAGE 0x1000u
#define NORDIC_BANK_0 0x6000u /* behind a SoftDevice of NORDIC_BANK_0 - 0x1000 bytes */
#define NORDIC_BOOTLOADER 0x38000u

/* Members that are 0 have the values that are said. */
struct nordic_plan {
    enum rig_dfu_firmware firmware; /* of the update */
    bool then_application;          /* a second part */
    guint32 old_bytes, new_bytes;   /* of the application: 0x2800, 0x3404 */
    guint32 new_softdevice;         /* where it ends in flash: as the old one */
    bool no_application;            /* at first */
    bool bonded;
    guint32 n_pages; /* of the flash: 64; the bootloader, backup and settings are at its end */
    /* Of the secure bootloader. */
    enum sim_secure_sdk sdk;
    bool is_old_sdk; /* `sdk` counts; else SIM_SECURE_SDK_15 */
    enum sim_secure_banks banks;
    bool saves_progress;
    guint32 defects;
    bool foreign_key;     /* the package is signed by another one */
    guint32 max_contents; /* it is not explored to the end */
    /* The legacy bootloader in its place: */
    bool legacy;
    bool single_bank, adafruit, invalidates_first;
    bool checks_crc; /* of the old application at boot; as after every update: not */
    guint32 legacy_defects;
    guint32 softdevice; /* where the old one ends in flash: NORDIC_BANK_0 */
    guint32 app_data;   /* reserved; 1: nothing is */
};

struct nordic_board {
    struct nordic_plan plan;
    struct sim_flash *flash;
    struct rig_key *key, *foreign_key;
    struct sim_secure_config secure;
    struct sim_legacy_config legacy;
    guint8 *old, *fresh; /* applications */
    guint8 *system;      /* SoftDevice, bootloader, or both */
    guint32 n_system, n_softdevice;
    guint8 init[RIG_EXPLORE_MAX_PARTS][RIG_INIT_PACKET_MAX_BYTES];
    struct rig_explore_package package;
    struct rig_explore_image images[RIG_N_EXPLORE_IMAGES];
};

void nordic_board_make(struct nordic_board *board, const struct nordic_plan *plan);
void nordic_board_clear(struct nordic_board *board);
struct rig_subject *nordic_board_subject(struct nordic_board *board);
/* One update, with all invariants, torn forms and one worker. */
struct rig_explore_plan nordic_board_plan(struct nordic_board *board, struct rig_subject *subject);
struct rig_exploration *nordic_board_explore(struct nordic_board *board);

/* Boards, and the invariants (bits) that an update of them breaks. */
struct nordic_row {
    const char *name;
    struct nordic_plan plan;
    guint32 broken;
};
/* Explores them; what is not as it is said is shown. Returns how many are not. */
guint nordic_rows_differ(const struct nordic_row *rows, gsize n_rows);
guint32 nordic_broken(const struct rig_exploration *seen);
/* The finding of an invariant with the fewest cuts; NULL: it holds. */
const struct rig_finding *nordic_first_of(const struct rig_exploration *seen, enum rig_invariant invariant);
/* Explored with all of the bytes that the subject calls dead, it comes to the same, with more states. */
bool nordic_dead_decides_nothing(const struct nordic_plan *plan);

G_END_DECLS

#endif
