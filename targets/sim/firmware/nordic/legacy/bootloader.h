/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Nordic's legacy bootloader (nRF5 SDK 6 to 11, and Adafruit's) as a library: what it does at boot, and how
 * it takes an update. It knows flash and the bytes of two characteristics, no radio: who calls brings writes
 * in and carries answers out. It answers as the real code does, mistakes included; defects that the real code
 * does not have, or had once, are switches. GLib-free. Facts: [SRC SDK 11
 * components/libraries/bootloader_dfu: bootloader.c, dfu_dual_bank.c, dfu_single_bank.c, dfu_init_template.c,
 * dfu_transport_ble.c; components/ble/ble_services/ble_dfu/ble_dfu.c; components/drivers_nrf/pstorage;
 * examples/dfu/bootloader/main.c]. */
#ifndef SIM_NORDIC_LEGACY_BOOTLOADER_H
#define SIM_NORDIC_LEGACY_BOOTLOADER_H

#include "image/legacy_settings.h"
#include "protocol/nordic/dfu.h"
#include "sim/chip/flash/flash.h"

/* Where things lie in the internal flash. Bank 0 begins where the SoftDevice that is there says it ends; bank
 * 1 of a dual bank build in the middle between bank 0 and what is reserved. */
struct sim_legacy_map {
    uint32_t page_bytes;     /* 4096; nRF51: 1024 */
    uint32_t bootloader;     /* 0x7a000, nRF51: 0x3c000 */
    uint32_t settings;       /* 0x7f000, nRF51: 0x3fc00; a bootloader ends before it (or before mbr_page) */
    uint32_t mbr_page;       /* the MBR's parameter page, 0x7e000; 0: there is none (nRF51) */
    uint32_t app_data_bytes; /* before the bootloader; no update uses them (DFU_APP_DATA_RESERVED) */
};

/* Seeded defects: a bootloader that is worse than the real ones. */
enum sim_legacy_defect {
    SIM_LEGACY_DEFECT_STARTS_UNCHECKED = 1 << 0, /* settings are written before the image is there */
    SIM_LEGACY_DEFECT_NO_CRC = 1 << 1,           /* validate never looks at the image */
    SIM_LEGACY_DEFECT_NO_INIT_CHECK = 1 << 2,    /* any init packet is accepted */
    SIM_LEGACY_DEFECT_STALE_OFFSET = 1 << 3, /* a second start goes on behind what the first one received */
    SIM_LEGACY_DEFECT_NEVER_ANSWERS_START = 1 << 4,   /* waits for the erase where its event cannot come */
    SIM_LEGACY_DEFECT_ERASES_SETTINGS_FIRST = 1 << 5, /* SD, BL: settings are gone before the copy is done */
    SIM_LEGACY_DEFECT_UNMASKED_SWAP = 1 << 6, /* blocks of half the distance, not of whole pages: SDK <= 11 */
    SIM_LEGACY_DEFECT_HALF_MASKED_SWAP = 1 << 7, /* whole pages in the copy, not in its recovery */
    SIM_LEGACY_DEFECT_LOSES_BOND = 1 << 8,       /* erases the application's data with the image */
};
#define SIM_LEGACY_N_DEFECTS 9u
/* "starts-unchecked", ... by bit; NULL: there is none. */
const char *sim_legacy_defect_name(unsigned bit);

#define SIM_LEGACY_MAX_BUFFERS 16u
#define SIM_LEGACY_MAX_QUEUED 16u
#define SIM_LEGACY_MAX_PACKET_BYTES 244u
#define SIM_LEGACY_MAX_INIT_BYTES 128u

struct sim_legacy_config {
    struct sim_legacy_map map;
    bool single_bank;
    bool adafruit;    /* settings with bank codes of two bytes, GPREGRET A8, first two words of an image */
    uint16_t version; /* of its version characteristic (enum rig_legacy_version); 0: SDK 6, it has none, and
                         takes start without a mode and an init packet that is a CRC-16 */
    uint16_t device_type; /* what init packets must name; 0xffff: anything */
    uint16_t device_revision;
    uint16_t packet_bytes;  /* of one packet at most: 20, Adafruit 244 */
    uint16_t init_bytes;    /* room for an init packet: dual bank 128, single bank 64 */
    uint8_t n_buffers;      /* packets that wait for the flash: 8 */
    uint8_t n_queued;       /* flash operations: 10 */
    uint32_t inactivity_us; /* 120 s; Adafruit: 0, it waits for ever */
    /* What the SoftDevice's radio events cost a flash operation in the updater, before its own time. */
    uint32_t erase_gap_us; /* a page */
    uint32_t write_gap_us; /* a write */
    uint32_t defects;      /* enum sim_legacy_defect */
};
/* The SDK's own: map, times and rooms of SDK 11 for nRF52 (page_bytes 4096) or nRF51 (1024). */
void sim_legacy_configure(struct sim_legacy_config *config, uint32_t page_bytes);
/* NULL: it fits the flash; else why not (static). */
const char *sim_legacy_check(const struct sim_legacy_config *config, const struct sim_flash *flash);

/* GPREGRET by which an application asks for the updater; it is cleared at boot. */
#define SIM_LEGACY_GPREGRET_DFU 0xb1
#define SIM_LEGACY_GPREGRET_OTA 0xa8 /* Adafruit: after a reset */

/* What a reset does not take: registers and pins. */
struct sim_legacy_retained {
    uint8_t gpregret;
    bool button; /* held down */
};

enum sim_legacy_outcome {
    SIM_LEGACY_APPLICATION,
    SIM_LEGACY_UPDATER,
    SIM_LEGACY_FAULT, /* stops or resets for ever: nothing but a probe helps */
    SIM_LEGACY_POWER_LOST,
};
enum sim_legacy_reason {
    SIM_LEGACY_VALID,          /* the settings say that the application is */
    SIM_LEGACY_ASKED,          /* updater: by GPREGRET */
    SIM_LEGACY_BUTTON,         /* updater: held down */
    SIM_LEGACY_NO_APPLICATION, /* updater: bank 0 is empty, or the settings do not call it valid */
    SIM_LEGACY_CRC,            /* updater: bank 0 does not have the CRC that is recorded */
    SIM_LEGACY_NO_BOOTLOADER,  /* fault: its place is empty or damaged */
    SIM_LEGACY_NO_SOFTDEVICE,  /* fault: there is none, or it is damaged */
    SIM_LEGACY_BAD_COPY,       /* fault: what is to be copied reaches beyond the flash, or does not fit */
};
/* The bootloader's account of a boot. */
struct sim_legacy_start {
    enum sim_legacy_outcome outcome;
    enum sim_legacy_reason reason;
    unsigned n_resets;      /* that it made itself on the way */
    bool copied_softdevice; /* in this boot, as far as it came */
    bool copied_bootloader;
};
const char *sim_legacy_reason_text(enum sim_legacy_reason reason); /* static */

/* From a reset to the end of the bootloader's boot, copies of SoftDevice and bootloader included. Follows
 * from config, flash and *retained alone; clears GPREGRET as the real one does. */
void sim_legacy_boot(const struct sim_legacy_config *config, struct sim_flash *flash,
                     struct sim_legacy_retained *retained, struct sim_legacy_start *start);

/* Where banks begin; 0: the SoftDevice does not tell, or there is no bank 1. */
uint32_t sim_legacy_bank_0(const struct sim_legacy_config *config, const struct sim_flash *flash);
uint32_t sim_legacy_bank_1(const struct sim_legacy_config *config, const struct sim_flash *flash);
/* How large an image may be. */
uint32_t sim_legacy_max_image_bytes(const struct sim_legacy_config *config, const struct sim_flash *flash);
void sim_legacy_read_settings(const struct sim_legacy_config *config, const struct sim_flash *flash,
                              struct rig_legacy_settings *settings);
/* The application in bank 0 passes the bootloader's check. */
bool sim_legacy_application_valid(const struct sim_legacy_config *config, const struct sim_flash *flash);

/* --- the updater --- */

enum sim_legacy_phase { /* as the bootloader's own states */
                        SIM_LEGACY_IDLE,
                        SIM_LEGACY_PREPARING, /* erases */
                        SIM_LEGACY_READY,
                        SIM_LEGACY_INIT,
                        SIM_LEGACY_DATA,
                        SIM_LEGACY_VALIDATING, /* and after a validation that failed */
                        SIM_LEGACY_VALIDATED,
};

/* A flash operation that waits, in order. */
enum sim_legacy_flash_kind { SIM_LEGACY_ERASE, SIM_LEGACY_STORE, SIM_LEGACY_COPY, SIM_LEGACY_STORE_SETTINGS };
struct sim_legacy_operation {
    uint8_t kind;
    uint8_t buffer;    /* STORE: of the packet */
    bool last;         /* STORE: the image is complete with it */
    bool commits;      /* STORE_SETTINGS: ends the update */
    uint32_t at, from; /* from: of a COPY */
    uint32_t n_bytes, done;
};
struct sim_legacy_buffer {
    bool used;
    uint8_t n_bytes;
    uint8_t bytes[SIM_LEGACY_MAX_PACKET_BYTES];
};

#define SIM_LEGACY_MAX_ANSWER_BYTES 7u
#define SIM_LEGACY_MAX_ANSWERS 4u
struct sim_legacy_answer {
    uint8_t n_bytes;
    uint8_t bytes[SIM_LEGACY_MAX_ANSWER_BYTES];
};

/* No pointers: a copy is a snapshot. Zeroed when the updater does not run. */
struct sim_legacy {
    bool running;
    bool linked;
    uint8_t phase;       /* enum sim_legacy_phase */
    uint8_t packet_type; /* what a packet means now: the op of the control point that said so, 0: none did */
    uint8_t mode;        /* of the last start */
    uint8_t start_mode;  /* of the last start packet that had its length */
    uint32_t softdevice_bytes, bootloader_bytes, application_bytes; /* of that */
    uint32_t image_bytes;
    uint32_t received; /* 0xffffffff after one packet too many */
    uint32_t reported; /* what receipts tell */
    uint32_t bank;     /* where the image goes */
    uint8_t init[SIM_LEGACY_MAX_INIT_BYTES];
    uint8_t n_init;
    uint16_t crc; /* of the init packet */
    uint16_t prn, prn_left;
    struct rig_legacy_settings saved; /* what was last written from RAM: fields that a save leaves alone */
    uint8_t n_operations;
    struct sim_legacy_operation operations[SIM_LEGACY_MAX_QUEUED]; /* the first is worked on */
    struct sim_legacy_buffer buffers[SIM_LEGACY_MAX_BUFFERS];
    uint64_t flash_due_us, inactive_us; /* UINT64_MAX: nothing is due */

    /* Outbox: for who calls, who takes it out. */
    uint8_t n_answers;
    struct sim_legacy_answer answers[SIM_LEGACY_MAX_ANSWERS]; /* notifications of the control point */
    bool disconnect;                                          /* by HCI reason 13 */
    bool reset;                                               /* at once; what waits for the flash is lost */
    bool fault; /* the reset is that of an assertion: an answer that could not be sent, a full queue */
};

void sim_legacy_enter(const struct sim_legacy_config *config, struct sim_legacy *state, uint64_t now_us);
/* A central is there, or no longer. */
void sim_legacy_link(const struct sim_legacy_config *config, struct sim_legacy *state, bool up,
                     uint64_t now_us);
/* A write to the control point by a central that is subscribed to it, to the packet characteristic. Longer
 * packets than packet_bytes never reach the bootloader. */
void sim_legacy_control(const struct sim_legacy_config *config, struct sim_flash *flash,
                        struct sim_legacy *state, const uint8_t *bytes, size_t n_bytes, uint64_t now_us);
void sim_legacy_packet(const struct sim_legacy_config *config, struct sim_flash *flash,
                       struct sim_legacy *state, const uint8_t *bytes, size_t n_bytes, uint64_t now_us);
/* When something is due; UINT64_MAX: nothing is. */
uint64_t sim_legacy_due_us(const struct sim_legacy *state);
/* It is: one flash operation, or the end of patience. now_us: before; the flash takes its own time, so the
 * next is due a gap after what sim_flash_busy_us() grew by. */
void sim_legacy_due(const struct sim_legacy_config *config, struct sim_flash *flash, struct sim_legacy *state,
                    uint64_t now_us);
/* All flash operations that wait, at once: for who has no clock. */
void sim_legacy_drain(const struct sim_legacy_config *config, struct sim_flash *flash,
                      struct sim_legacy *state);

#endif
