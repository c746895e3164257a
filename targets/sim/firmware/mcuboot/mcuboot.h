/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The firmware MCUboot: the bootloader model (boot/) or a foreign bootloader (guest/), and a Zephyr
 * application with an SMP server (app/). GLib-free. */
#ifndef SIM_FIRMWARE_MCUBOOT_MCUBOOT_H
#define SIM_FIRMWARE_MCUBOOT_MCUBOOT_H

#include "sim/board.h"
#include "sim/firmware/application/personality.h"
#include "sim/firmware/mcuboot/boot/boot.h"

enum sim_app_defect {
    SIM_APP_DEFECT_ACCEPTS_WRONG_OFFSET = 1 << 0, /* a chunk at an unexpected offset is written and counted */
    SIM_APP_DEFECT_REBOOTS_IN_UPLOAD = 1 << 1, /* resets when half of an upload is written, once per upload */
    SIM_APP_DEFECT_SECOND_UPLOAD_DEAD = 1 << 2,   /* after one finished upload the next gets no answer */
    SIM_APP_DEFECT_CONFIRM_DOES_NOTHING = 1 << 3, /* confirm is answered ok and nothing is written */
    SIM_APP_DEFECT_ERASES_PENDING = 1 << 4,       /* erase of a pending slot is allowed without the option */
    SIM_APP_DEFECT_ACCEPTS_JSON = 1 << 5,         /* a body that is no CBOR map is answered ok */
    SIM_APP_DEFECT_UPLOAD_IN_TRIAL = 1 << 6,      /* upload during the trial run overwrites the fallback */
    SIM_APP_DEFECT_NO_RESUME = 1 << 7,            /* the same sha starts from 0 again */
    SIM_APP_DEFECT_WRONG_HASH_ACCEPTED = 1
                                         << 8, /* marks whatever is in slot 1, whatever hash was asked for */
    SIM_APP_DEFECT_MAINTENANCE_STAYS = 1 << 9, /* the maintenance mode is never left but by a reset */
    SIM_APP_DEFECT_MAINTENANCE_ERASES = 1 << 10,         /* slot 1 is erased before an upload is refused */
    SIM_APP_DEFECT_MAINTENANCE_OUTLIVES_RESET = 1 << 11, /* and is on after a reset, too */
    SIM_APP_DEFECT_MAINTENANCE_NOT_TOLD = 1 << 12,       /* Service Changed is there and never sent */
    SIM_APP_DEFECT_MAINTENANCE_ANY_VALUE = 1 << 13,      /* whatever is written enters it */
};
#define SIM_APP_N_DEFECTS 14
const char *sim_app_defect_name(unsigned bit);

/* An updater of the board's own, beside the application, that a reset with boot_mode 1 starts. Without bonds
 * it pairs with nobody and demands nothing of the link: else nobody could use it. */
enum sim_app_updater {
    SIM_APP_UPDATER_NONE,
    SIM_APP_UPDATER_BONDS_KEPT, /* it was handed the application's bonds */
    SIM_APP_UPDATER_BONDS_UNKNOWN,
    SIM_APP_UPDATER_NEXT_ADDRESS, /* advertises at address + 1, and knows no bonds */
};

/* Updates in a maintenance mode alone. */
enum sim_maintenance_kind {
    SIM_MAINTENANCE_NONE,           /* there is no such mode: updates are always taken */
    SIM_MAINTENANCE_SERVICE_ABSENT, /* the SMP service is registered while the mode is on: nothing else of SMP
                                       is there [SRC zephyr smp_bt.c smp_bt_register()] */
    SIM_MAINTENANCE_REFUSES, /* it is there, and requests of the image group are answered rc 11 [SRC zephyr
                                smp.c MGMT_EVT_OP_CMD_RECV] */
};
enum sim_maintenance_entry { /* bits */
                             SIM_MAINTENANCE_BY_ATT_WRITE = 1 << 0,
                             SIM_MAINTENANCE_BY_SMP_GROUP = 1 << 1,
                             SIM_MAINTENANCE_BY_BUTTON = 1 << 2, /* a press enters, another one leaves */
};
/* The product's own service, in the table whenever there is a maintenance mode: read and notified, 01: on,
 * 00: off; written by a request (an entry by ATT write), 01 enters (again: the time begins anew), 00 leaves,
 * other values are ATT error 80, other lengths 0d. */
#define SIM_MAINTENANCE_SERVICE "6d61696e-7465-6e61-6e63-650000000001"
#define SIM_MAINTENANCE_CONTROL "6d61696e-7465-6e61-6e63-650000000002"
/* The product's own SMP group: command 0 reads {"on": bool}, writes of 1 enter and of 2 leave. */
#define SIM_MAINTENANCE_SMP_GROUP 64u

struct sim_app_config {
    uint32_t boot_us;        /* from chainload to advertising */
    uint32_t reset_delay_us; /* SMP reset: answer, then this; 0 = 250000 */
    uint16_t smp_buf_size;   /* 0 = 384; counts the whole SMP message; 32..4096 */
    uint16_t
        smp_buf_count; /* 0 = 4; up to 8. A request holds its buffer until its last notification has left */
    bool reassembly;   /* one message may span several writes */
    bool parameters_command; /* OS 6 is there */
    bool erase_pending_allowed;
    bool legacy_rc;         /* "rc":0 in successes */
    bool original_protocol; /* header version 0 is served */
    bool progressive_erase;
    bool refuses_reset; /* a reset without `force` is answered "busy" (10) */
    enum sim_app_updater updater;
    enum sim_maintenance_kind maintenance;
    unsigned maintenance_entry; /* enum sim_maintenance_entry */
    uint64_t maintenance_us;    /* it ends by itself after this; 0: it does not */
    bool maintenance_single;    /* it ends when an image is marked for the next boot */
    bool no_service_changed;    /* CONFIG_BT_GATT_SERVICE_CHANGED is off, and with it Database Hash */
    bool table_moves;           /* the minor version of an image moves the numbers of its attributes */
    uint32_t defects;
};

/* Serial recovery of the bootloader, as Zephyr's boot/zephyr/main.c enters it. */
enum sim_recovery_entrance {
    SIM_RECOVERY_BY_BOOT_MODE =
        1 << 0,                      /* BOOT_SERIAL_BOOT_MODE: a reset asked for it; swaps are done before */
    SIM_RECOVERY_BY_BUTTON = 1 << 1, /* BOOT_SERIAL_ENTRANCE_GPIO: before anything else */
    SIM_RECOVERY_NO_IMAGE = 1 << 2,  /* BOOT_SERIAL_NO_APPLICATION */
};
/* What was compiled into it beside image list, upload, reset and console echo. */
enum sim_recovery_command {
    SIM_RECOVERY_ECHO = 1 << 0,
    SIM_RECOVERY_PARAMETERS = 1 << 1,
    SIM_RECOVERY_HASH = 1 << 2,        /* in the list */
    SIM_RECOVERY_IMAGE_STATE = 1 << 3, /* flags in the list, and marking */
    SIM_RECOVERY_SLOT_INFO = 1 << 4,
    SIM_RECOVERY_SLOT_UPLOAD = 1 << 5, /* MCUBOOT_SERIAL_DIRECT_IMAGE_UPLOAD */
};
struct sim_recovery_config {
    uint32_t entrances;    /* 0: there is none */
    bool button_held;      /* by somebody, all the time */
    uint32_t commands;     /* enum sim_recovery_command */
    uint16_t buffer_bytes; /* MCUBOOT_SERIAL_MAX_RECEIVE_SIZE: frame with length and CRC; 0 = 1024 */
    bool progressive_erase;
};

struct sim_guest;

/* What the firmware is made from: the firmware_config of a board whose firmware is sim_mcuboot. The account
 * of a boot (struct sim_start) is a struct sim_boot_result. */
struct sim_mcuboot_config {
    struct sim_boot_config boot;  /* keys must outlive the board */
    struct sim_guest *boot_guest; /* borrowed; a foreign bootloader that boots instead of the model (whose
                                     slots, trailer geometry and swap mode the application still goes by).
                                     NULL: the model. See guest/guest.h */
    struct sim_app_config app;
    struct sim_recovery_config recovery; /* of the model; a foreign bootloader has none */
};
extern const struct sim_firmware sim_mcuboot;

/* All of these but teach(): for a board with this firmware only. */
const struct sim_mcuboot_config *sim_mcuboot_config_of(const struct sim_board *board);
/* How the application of an image behaves, by the image's stored hash, whatever its bytes say; again: the
 * last word counts. Holds until the board is freed, also over a restored snapshot. false: no memory,
 * or the board has another firmware. */
bool sim_mcuboot_teach(struct sim_board *board, const uint8_t hash[RIG_IMAGE_HASH_BYTES],
                       const struct sim_app_personality *personality);
uint32_t sim_mcuboot_security_counter(const struct sim_board *board, unsigned image);
void sim_mcuboot_set_security_counter(struct sim_board *board, unsigned image, uint32_t value);

#endif
