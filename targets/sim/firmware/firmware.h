/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What runs on the simulated chip: a bootloader, an application, their GATT services. A firmware is a folder
 * beside this header, a struct sim_firmware in it and one line in firmwares.c; the chip (sim/chip/) knows
 * nothing else of it. The example (example/) is the smallest one. GLib-free.
 *
 * A firmware is called when something happens: a boot, a timer of its own, a write. A call takes no time but
 * that of its flash operations, and ends soon when the power goes in it: the flash then refuses everything
 * (sim_flash_powered()). What it does must follow from its configuration, its state and its flash alone. */
#ifndef SIM_FIRMWARE_FIRMWARE_H
#define SIM_FIRMWARE_FIRMWARE_H

#include "image/mcuboot.h"
#include "sim/chip/ble/gatt.h"
#include "sim/chip/flash/flash.h"

#define SIM_FIRMWARE_MAX_TIMERS 8u

struct sim_board;

/* What a firmware gets with every call. Borrowed. */
struct sim_chip {
    struct sim_flash *flash;
    const struct sim_ble_config *radio; /* how the radio is set */
    void *own;                          /* what make() made */
    void *state;                        /* state_bytes, zeroed when the board is made */
    struct sim_board *board;            /* the chip's side; not for the firmware */
};

/* What became of a run of the bootloader. */
struct sim_start {
    bool application; /* it handed over to it */
    /* The bootloader's own account, for who knows the firmware; valid for the call. NULL: none. */
    const void *account;
};

/* What a probe would tell of the image that is there. */
struct sim_image_view {
    bool has_image;
    struct rig_image_version version;
    uint8_t hash[RIG_IMAGE_HASH_BYTES];
    bool confirmed; /* it stays */
};

/* What carries messages beside the radio, each of them whole: the frames of a serial port, without them and
 * their CRC; datagrams. */
enum sim_wire { SIM_WIRE_SERIAL, SIM_WIRE_DATAGRAM };

enum sim_board_state {
    SIM_BOARD_OFF,
    SIM_BOARD_BOOTING, /* in the bootloader or the application's start */
    SIM_BOARD_RUNNING,
    SIM_BOARD_HUNG,     /* application or bootloader stopped */
    SIM_BOARD_NO_IMAGE, /* the bootloader found nothing to boot */
    SIM_BOARD_UPDATER,  /* in the bootloader, which waits for an update over the air */
};

struct sim_firmware {
    const char *name;
    size_t state_bytes; /* plain bytes without pointers: a snapshot of the board is a copy of them */
    /* What outlives snapshots: configuration (copied from config, whose type is the firmware's own), memos.
     * flash: for looking at its devices. NULL: *why says so (static storage). An operation that is NULL:
     * there is nothing of the kind. */
    void *(*make)(const void *config, const struct sim_flash *flash, const char **why);
    void (*free)(void *own);
    /* Copies a state; NULL: all state_bytes are copied. For states that are mostly empty rooms. */
    void (*copy_state)(void *to, const void *from);

    /* Power-on or reset. Runs the bootloader to its end, enters a state (sim_chip_enter()) and sets the timer
     * by which what it started goes on. */
    void (*boot)(struct sim_chip *chip, struct sim_start *start);
    /* A timer is due (sim_chip_set_timer()). At the same instant the lower number goes first. */
    void (*timer)(struct sim_chip *chip, unsigned timer);
    /* The core stopped: a reset of any kind, a hang, or (without_power) the power is gone. RAM is lost, what
     * a reset retains only without power; timers are off already, the link is gone without linked(). */
    void (*stopped)(struct sim_chip *chip, bool without_power);

    void (*view)(const struct sim_chip *chip, struct sim_image_view *view);
    /* Where the application runs from in the internal flash. */
    uint32_t (*application_at)(const struct sim_chip *chip);
    /* Where the bootloader does. NULL: from its start. */
    uint32_t (*bootloader_at)(const struct sim_chip *chip);
    /* The chip's two registers that a reset leaves (POWER.GPREGRET, GPREGRET2: 0, 1), as a debugger reads and
     * writes them. NULL: nothing of the firmware uses them. */
    uint8_t (*retained)(const struct sim_chip *chip, unsigned number);
    void (*retain)(struct sim_chip *chip, unsigned number, uint8_t value);

    /* A whole message over a wire, to whatever runs: bootloader or application. It gets no time of its own:
     * what takes some waits for a timer. NULL: nothing listens on wires. */
    void (*message)(struct sim_chip *chip, enum sim_wire wire, const uint8_t *bytes, size_t n_bytes);
    /* The board's button is pressed or let go while the application runs. NULL: it has none. */
    void (*button)(struct sim_chip *chip, bool held);

    struct sim_gatt_server gatt;
};

/* --- what a firmware asks of the chip --- */

/* The time within the call: with what the flash took so far. */
uint64_t sim_chip_now_us(const struct sim_chip *chip);
/* A line on the console, without its end. It may take the power away (a cut aimed at it). */
void sim_chip_line(struct sim_chip *chip, const char *line);
/* Once, at this instant; SIM_CHIP_NEVER: not at all. */
#define SIM_CHIP_NEVER UINT64_MAX
void sim_chip_set_timer(struct sim_chip *chip, unsigned timer, uint64_t at_us);
bool sim_chip_timer_is_set(const struct sim_chip *chip, unsigned timer);

/* A message over a wire, at once. */
void sim_chip_send(struct sim_chip *chip, enum sim_wire wire, const uint8_t *bytes, size_t n_bytes);

void sim_chip_enter(struct sim_chip *chip, enum sim_board_state state);
/* The application starts: how soon it crashes is counted from here. */
void sim_chip_application_starts(struct sim_chip *chip);
void sim_chip_reset(struct sim_chip *chip);
/* A reset that nobody wanted. After eight that came within 100 ms of a start the board counts as hung, for
 * else virtual time would not get ahead. */
void sim_chip_crash(struct sim_chip *chip);
/* Everything stops but a timer that is set after it (a watchdog). */
void sim_chip_hang(struct sim_chip *chip);
/* The reset pin led to this run, as the register of reset reasons tells. */
bool sim_chip_reset_by_pin(const struct sim_chip *chip);

void sim_chip_advertise(struct sim_chip *chip, const struct sim_ble_advertiser *advertiser);
/* Until it advertises anew: no further connection. The one that stands goes on. */
void sim_chip_stop_advertising(struct sim_chip *chip);
/* What the settings of the radio demand of a link, as far as who advertises goes by them. */
enum sim_ble_security sim_chip_demand(const struct sim_chip *chip);
/* How the central is subscribed; nobody connected: not at all. */
enum sim_gatt_subscription sim_chip_subscription(const struct sim_chip *chip, unsigned characteristic);
/* ATT_MTU of the connection. */
uint16_t sim_chip_mtu(const struct sim_chip *chip);
/* Over the air, at once; a firmware paces itself by radio->connection_interval_us. n_bytes is at most ATT_MTU
 * - 3. It may end the link. */
void sim_chip_notify(struct sim_chip *chip, unsigned characteristic, const uint8_t *bytes, size_t n_bytes);
/* confirmed() tells that it has arrived. false: one is on its way already. */
bool sim_chip_indicate(struct sim_chip *chip, unsigned characteristic, const uint8_t *bytes, size_t n_bytes);
/* A notification that means nothing, as from a broken peripheral; subscribed or not. */
void sim_chip_notify_nonsense(struct sim_chip *chip, unsigned characteristic);
void sim_chip_disconnect(struct sim_chip *chip, uint8_t hci_reason);
void sim_chip_forget_bonds(struct sim_chip *chip);
/* The stored bond with the connected central; NULL: there is none. Of the radio: it may go with any call. */
const struct sim_bond *sim_chip_bond(const struct sim_chip *chip);
/* Of a firmware that keeps its bonds in its flash: whether there is one that it has not written there; all
 * that there are are written now; those that are not are gone. */
bool sim_chip_has_bond_to_store(const struct sim_chip *chip);
void sim_chip_bonds_are_stored(struct sim_chip *chip);
void sim_chip_drop_bonds_not_stored(struct sim_chip *chip);
/* A change of the table to tell all bonded centrals, each on its next encrypted connection; kept like bonds.
 */
void sim_chip_mark_change(struct sim_chip *chip);
/* Indicates Service Changed for all that the firmware serves; nothing when the central is not subscribed to
 * it. Confirmed, the central has no change pending any more. */
void sim_chip_indicate_change(struct sim_chip *chip);
/* Its services() tells another table from now on; characteristics come and go at the end alone. Whoever is
 * connected stays, and is told by Service Changed where the table has it; see sim_ble_services_changed(). */
void sim_chip_services_changed(struct sim_chip *chip, bool tell);

#endif
