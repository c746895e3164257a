/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The harness side of a firmware of the simulated board: how a target and its options become the firmware's
 * configuration, what its bootloader's account says to people, how a set-up comes into its flash. A firmware
 * (targets/sim/firmware/) has a file firmware_*.c here and a line in the table of firmwares.c. Files of this
 * driver only. */
#ifndef RIG_DRIVERS_SIM_FIRMWARE_H
#define RIG_DRIVERS_SIM_FIRMWARE_H

#include "drivers/sim/sim_driver.h"

G_BEGIN_DECLS

/* What became of a run of the bootloader, for the listener (struct rig_board_listener.boot). */
struct rig_sim_account {
    const char *outcome; /* "runs", "no-image", ...: static */
    const char *swap;    /* rig_swap_type_name(); NULL: the bootloader swaps nothing */
    bool resumed;        /* it went on with what a loss of power had interrupted */
    GString *text;       /* what is to be said beside it; may be empty */
};

/* An operation that is NULL: there is nothing of the kind. */
struct rig_sim_firmware {
    const struct sim_firmware *firmware; /* its name is what a target says: `runs` */
    const char *const *capabilities;     /* beside those of every simulated board; NULL-terminated */
    /* Whether one of its seeded defects has this name; it is added to them. */
    bool (*defect)(const char *name, struct rig_sim_defects *defects);
    /* Its configuration before any option, from sim->target and sim->board.layout. */
    void (*begin)(struct rig_sim *sim);
    /* What options say, of target or case; the layout has them already. */
    void (*apply)(struct rig_sim *sim, const struct rig_options_spec *options);
    /* Between the target's options and the case's: what was compiled in. */
    void (*adopt)(struct rig_sim *sim);
    /* Whether the case leaves alone what cannot be changed; `before`: as it was without the case's options.
     * RIG_ERROR_UNSUPPORTED. */
    bool (*keeps)(const struct rig_sim *sim, const struct rig_sim *before, GError **error);
    /* Whether what was compiled in fits the target at all; asked before a case runs. */
    bool (*fits)(const struct rig_sim *sim, GError **error);
    /* Everything is known: layout, defects. */
    bool (*finish)(struct rig_sim *sim, const struct rig_sim_defects *defects, GError **error);
    /* sim->key is the one that fits. */
    void (*use_key)(struct rig_sim *sim);
    /* A bootloader of the user's own, to boot in the model's place. RIG_ERROR_INPUT: it cannot be used. */
    struct sim_guest *(*open_guest)(const struct rig_sim *sim, const char *path, GError **error);
    /* The largest images that its bootloader takes, into the slots of the layout; chosen: the case has
     * options. RIG_ERROR_UNSUPPORTED: it cannot be so. */
    bool (*find_room)(struct rig_layout *layout, const char *target, const struct rig_options_spec *chosen,
                      GError **error);
    /* What the firmware's make() gets; borrowed. */
    const void *(*config)(const struct rig_sim *sim);
    /* After a new board was made. */
    void (*made)(struct rig_sim *sim);
    /* How the application of an image behaves. */
    bool (*teach)(struct sim_board *board, const guint8 hash[RIG_IMAGE_HASH_BYTES],
                  const struct sim_app_personality *personality);
    void (*account)(const struct rig_sim *sim, const struct sim_start *start,
                    struct rig_sim_account *account);
    /* Brings the images of a set-up into the flash, which is erased. */
    bool (*program)(struct rig_sim *sim, const struct rig_board_setup *setup, GError **error);
    const struct rig_board_application *application;
    const struct rig_board_subject *subject;
};

extern const struct rig_sim_firmware rig_sim_mcuboot, rig_sim_example, rig_sim_secure, rig_sim_legacy;

/* NULL-terminated. */
extern const struct rig_sim_firmware *const rig_sim_firmwares[];
/* RIG_ERROR_INPUT names those that there are. */
const struct rig_sim_firmware *rig_sim_firmware_of(const struct rig_target *target,
                                                   GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* --- for their files --- */

static inline void rig_sim_take_flag(const bool *option, bool *into)
{
    if (option)
        *into = *option;
}

/* The place of an option's choice among all of them, which is the order of an enumeration. */
guint32 rig_sim_chosen(const char *option, const char *const *choices, guint32 otherwise);
/* Flash devices of a layout. */
void rig_sim_configure_devices(struct sim_board_config *config, const struct rig_layout *layout);
/* Of both of Nordic's bootloaders: find_room, program. */
bool rig_sim_find_nordic_room(struct rig_layout *layout, const char *target,
                              const struct rig_options_spec *chosen, GError **error);
bool rig_sim_program_nordic(struct rig_sim *sim, const struct rig_board_setup *setup, GError **error);
/* rig_board_application.teach of boards whose firmware has `teach`. */
bool rig_sim_teach(struct rig_board *board, const guint8 hash[RIG_IMAGE_HASH_BYTES],
                   const struct rig_payload_plan *plan, GError **error);
/* rig_board_subject.watch. */
void rig_sim_watch(struct rig_board *board,
                   void (*watcher)(void *user, const struct sim_flash_operation *operation, bool booting),
                   void *user);
G_END_DECLS

#endif
