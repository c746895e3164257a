/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The built-in simulated board behind the driver roles: the only place where the harness touches targets/sim.
 */
#ifndef RIG_DRIVERS_SIM_SIM_DRIVER_H
#define RIG_DRIVERS_SIM_SIM_DRIVER_H

#include "bench/target.h"
#include "drivers/board/board.h"
#include "drivers/link/wire.h"
#include "sim/firmware/mcuboot/mcuboot.h"
#include "sim/firmware/mcuboot/guest/guest.h"
#include "sim/firmware/nordic/nordic_legacy.h"
#include "sim/firmware/nordic/nordic_secure.h"
#include "sim/chip/debug/debug.h"

G_BEGIN_DECLS

/* A board of kind `simulated`. The target must outlive it. Free with board->ops->free. */
struct rig_board *rig_sim_board_new(const struct rig_target *target,
                                    GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* A further defect on top of what target and scenario say, for the whole life of the board; RIG_ERROR_USAGE
 * names those that exist. A board whose firmware has no place for it is without it, and is not played on
 * (board->unplayable). */
bool rig_sim_board_add_defect(struct rig_board *board, const char *defect,
                              GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Why the firmware of a target has no place for a defect that exists; NULL: it has one. Owned by the caller.
 */
char *rig_sim_defect_misfit(const struct rig_target *target, const char *defect);

bool rig_sim_defect_exists(const char *defect, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Boots through a bootloader of the user's own, a shared object against bootloader_abi.h, in place of the
 * target's or of the built-in model; from the next `prepare` on, for the whole life of the board.
 * RIG_ERROR_INPUT when it cannot be used. */
bool rig_sim_board_use_bootloader(struct rig_board *board, const char *path,
                                  GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* rig_board_options.describe of boards whose bootloader, of the family that the target says, is as it is and
 * cannot be told otherwise. */
bool rig_sim_describe_target(const struct rig_target *target, const struct rig_record *options,
                             struct rig_layout *layout, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* make_payload of boards that the simulated application runs on. With Nordic's bootloaders it is sealed
 * (image/nordic_image.h): the simulated chip knows by it whether all of an image is there. */
GBytes *rig_sim_make_payload(const struct rig_board *board, const struct rig_payload_plan *plan,
                             gsize n_bytes, GError **error);

/* The same in the model's terms. */
struct sim_app_personality rig_sim_personality(const struct rig_payload_plan *plan);

/* --- shared by the files of this driver --- */

struct rig_sim_firmware; /* firmware.h */
struct rig_sim_defects { /* bits of the firmware's own tables and of the radio's */
    guint32 boot;
    guint32 app;
    guint32 ble;
};

struct rig_sim_link {
    struct rig_link link;
    struct rig_sim *sim;
    guint host; /* that connected last, 0 or 1 */
    struct {
        bool has_ltk;
        guint8 ltk[SIM_BLE_LTK_BYTES];
    } keys[2]; /* of each host */
    /* By the board's number of the characteristic; NULL: not subscribed to. */
    const struct rig_characteristic *subscribed[SIM_GATT_MAX_CHARACTERISTICS];
    bool up; /* as last told to the listener */
    char text[96];
    struct rig_link_answers answers;
};
/* In the place of the link over the radio, where the target says so. */
struct rig_sim_wire {
    struct rig_wire wire;
    struct rig_sim *sim;
    enum sim_wire carries;
    GQueue waiting; /* GBytes: messages of the board that nobody has asked for yet */
};
struct rig_sim_power {
    struct rig_power power;
    struct rig_sim *sim;
};
struct rig_sim_probe {
    struct rig_probe probe;
    struct rig_sim *sim;
};

struct rig_sim_taught {
    guint8 hash[RIG_IMAGE_HASH_BYTES];
    struct sim_app_personality personality;
};

#define RIG_SIM_MAX_CAPABILITIES 32
struct rig_sim {
    struct rig_board board;
    const char *capabilities[RIG_SIM_MAX_CAPABILITIES]; /* NULL-terminated */
    struct rig_sim_link link;
    struct rig_sim_wire wire;
    struct rig_sim_power power;
    struct rig_sim_probe probe;
    const struct rig_target *target;
    struct sim_board_config config;
    const struct rig_sim_firmware *firmware; /* what runs in it */
    /* That of the firmware counts. */
    struct sim_mcuboot_config mcuboot;
    struct sim_nordic_secure_config secure;
    struct sim_nordic_legacy_config legacy;
    struct rig_sim_defects extra_defects;
    char *unplayable;                   /* for the board's member */
    struct rig_key *own_key, *test_key; /* of the target; the rig's. NULL: there is none (yet) */
    struct rig_encrypt_key
        *encryption_key;       /* of the board's encryption, the target's or the rig's; or NULL */
    const struct rig_key *key; /* that counts now: one of them */
    const struct rig_key *keys[1];
    struct sim_guest *guest; /* NULL: the built-in model */
    struct sim_board *sim;
    struct sim_debug *debug; /* NULL: its flash has no pages that a debug port could show */
    guint64 stood_us;        /* how long the halted core stood still: the board's clock lacks it */
    GArray *operations;      /* struct rig_flash_write */
    GArray *taught;          /* struct rig_sim_taught: of this case */
    guint32 n_struck[RIG_PACKET_MAX_FAULTS]; /* of faults of packets, over every rewinding */
    void (*watcher)(void *user, const struct sim_flash_operation *operation, bool booting); /* NULL: nobody */
    void *watcher_user;
};

/* Fills the configuration from the target, then from the options (NULL = none). */
bool rig_sim_configure(struct rig_sim *sim, const struct rig_record *options,
                       GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* rig_board_options.describe. */
bool rig_sim_describe(const struct rig_board *board, const struct rig_record *options,
                      struct rig_layout *layout, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* The board's time with the time that a halted core stood still. */
static inline guint64 rig_sim_now_us(const struct rig_sim *sim)
{
    return sim_board_now_us(sim->sim) + sim->stood_us;
}

void rig_sim_link_init(struct rig_sim_link *link, struct rig_sim *sim);
/* The board is a new one: nothing of the old one is left on the wire. waiting: initialised. */
void rig_sim_wire_begin(struct rig_sim_wire *link, struct rig_sim *sim, enum sim_wire carries);
/* Tells the listener when the connection ended meanwhile. */
void rig_sim_link_notice(struct rig_sim_link *link);

G_END_DECLS

#endif
