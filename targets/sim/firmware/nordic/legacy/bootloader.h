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
#include "sim/firmware/nordic/map.h"
#include "sim/firmware/nordic/sealed.h"

/* Seeded defects. The two of the swap are mistakes that real bootloaders had. */
enum sim_legacy_defect {
    SIM_LEGACY_UNMASKED_SWAP = 1 << 0,    /* a SoftDevice is copied in blocks of half the distance, be that
                                             whole pages or not (DevZone 16774) */
    SIM_LEGACY_HALF_MASKED_SWAP = 1 << 1, /* blocks of whole pages in the copy, not in its recovery */
    SIM_LEGACY_SKIPS_CRC = 1 << 2,        /* validate finds every image good */
    SIM_LEGACY_TAKES_ANY_INIT = 1 << 3,   /* device and SoftDevice of an init packet are not compared */
    SIM_LEGACY_KEEPS_OFFSET = 1 << 4,     /* a second start is taken, and goes on behind what is there */
    SIM_LEGACY_SILENT_START = 1 << 5,     /* start is never answered: it waits where its event cannot come */
    SIM_LEGACY_SILENT_OVERRUN = 1 << 6,   /* a packet without a buffer is dropped without a word */
    SIM_LEGACY_ERASES_APP_DATA = 1 << 7,  /* start erases up to the bootloader, reserved pages too */
    SIM_LEGACY_ERASES_OLD_FIRST = 1 << 8, /* dual bank: start erases bank 0 as well */
    SIM_LEGACY_STUCK_IN_UPDATER = 1 << 9, /* GPREGRET is not cleared: a reset leads back */
};
#define SIM_LEGACY_N_DEFECTS 10u
/* "unmasked-swap", ... by bit; NULL: there is none. */
const char *sim_legacy_defect_name(unsigned bit);

#define SIM_LEGACY_MAX_BUFFERS 16u
#define SIM_LEGACY_MAX_QUEUED 16u
#define SIM_LEGACY_MAX_PACKET_BYTES 244u
#define SIM_LEGACY_MAX_INIT_BYTES 128u

struct sim_legacy_config {
    struct sim_nordic_map map; /* bank 0 begins where the SoftDevice that is there ends, bank 1 of a dual bank
                                  build in the middle between it and what is reserved */
    bool single_bank;
    bool adafruit;    /* settings with bank codes of two bytes, GPREGRET A8, first two words of an image */
    uint16_t version; /* of its version characteristic (enum rig_legacy_version); 0: SDK 6, it has none, and
                         takes the application's size alone and a CRC-16, or nothing, for an init packet */
    uint16_t device_type; /* what init packets must name; 0xffff: anything */
    uint16_t device_revision;
    uint16_t packet_bytes;  /* of one packet at most: 20, Adafruit 244 */
    uint16_t init_bytes;    /* room for an init packet: dual bank 128, single bank 64 */
    uint8_t n_buffers;      /* packets that wait for the flash: 8 */
    uint8_t n_queued;       /* flash operations: 10 */
    uint32_t inactivity_us; /* 120 s, Adafruit 360 s; 0: it waits for ever */
    /* What the SoftDevice's radio events cost a flash operation in the updater, before its own time. */
    uint32_t erase_gap_us;  /* a page among others */
    uint32_t write_gap_us;  /* a write */
    uint32_t defects;       /* enum sim_legacy_defect */
    bool invalidates_first; /* mended: dual bank says that bank 0 is invalid before it copies over it */
    struct sim_nordic_seal_memo *memo; /* borrowed; NULL: none */
};
/* As SDK 11 is, dual bank, for this map: version 8, 8 buffers, 120 s. Writes of an nRF51 (pages of 1024
 * bytes) come slower than packets: a host has to wait for receipts every 10 packets or so. [GUESS] */
struct sim_legacy_config sim_legacy_example(const struct sim_nordic_map *map);
/* NULL: it fits the flash; else why not (static). */
const char *sim_legacy_check(const struct sim_legacy_config *config, const struct sim_flash *flash);

/* GPREGRET by which an application asks for the updater; it is cleared at boot. */
#define SIM_LEGACY_GPREGRET_DFU 0xb1
#define SIM_LEGACY_GPREGRET_OTA 0xa8 /* Adafruit: after a reset */

/* What a reset does not take: registers and pins. */
struct sim_legacy_retained {
    uint8_t gpregret;
    bool button;       /* held down */
    bool from_updater; /* which ended by itself: it starts an application that is valid then and there,
                          whether the button is held or not */
};

enum sim_legacy_outcome {
    SIM_LEGACY_APPLICATION,
    SIM_LEGACY_UPDATER,
    SIM_LEGACY_FAULT, /* stops or resets for ever: nothing but a probe helps */
    SIM_LEGACY_POWER_LOST,
};
enum sim_legacy_reason {
    SIM_LEGACY_NO_REASON,
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
    bool serial_only;       /* UPDATER: it does not advertise (Adafruit's, when nobody asked for Bluetooth) */
    unsigned n_resets;      /* that it made itself on the way */
    bool copied_softdevice; /* in this boot, as far as it came */
    bool copied_bootloader;
};
const char *sim_legacy_reason_text(enum sim_legacy_reason reason); /* static */

/* From a reset to the end of the bootloader's boot, copies of SoftDevice and bootloader included. Follows
 * from config, flash and *retained alone; clears GPREGRET as the real one does, and from_updater. */
void sim_legacy_boot(const struct sim_legacy_config *config, struct sim_flash *flash,
                     struct sim_legacy_retained *retained, struct sim_legacy_start *start);

/* A copy of a bootloader that the MBR was told and has not finished: it begins anew at each power-on. false:
 * none. */
bool sim_legacy_mbr_copies(const struct sim_legacy_config *config, const struct sim_flash *flash,
                           uint32_t *from, uint32_t *n_bytes);

/* Where banks begin; 0: the SoftDevice does not tell, or there is no bank 1. */
uint32_t sim_legacy_bank_0(const struct sim_legacy_config *config, const struct sim_flash *flash);
uint32_t sim_legacy_bank_1(const struct sim_legacy_config *config, const struct sim_flash *flash);
/* How large an image may be. */
uint32_t sim_legacy_max_image_bytes(const struct sim_legacy_config *config, const struct sim_flash *flash);
/* false: without power. */
bool sim_legacy_read_settings(const struct sim_legacy_config *config, const struct sim_flash *flash,
                              struct rig_legacy_settings *settings);

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
    bool commits;      /* ends the update */
    uint16_t bank_0;   /* STORE_SETTINGS: what they say of it */
    uint32_t at, from; /* from: of a COPY */
    uint32_t n_bytes, done;
};
struct sim_legacy_buffer {
    bool used;
    uint8_t n_bytes;
    uint8_t bytes[SIM_LEGACY_MAX_PACKET_BYTES];
};

#define SIM_LEGACY_MAX_ANSWER_BYTES 7u
#define SIM_LEGACY_MAX_ANSWERS 7u /* as many as an S110 has buffers for; one more is an assertion */
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
    uint8_t activates; /* enum rig_legacy_mode: what an activation does */
    bool has_crc;
    uint16_t crc; /* of the init packet */
    bool closing; /* activation: nothing is taken any more */
    uint16_t prn, prn_left;
    struct rig_legacy_settings saved; /* what was last written from RAM: fields that a save leaves alone */
    uint8_t n_operations;
    struct sim_legacy_operation operations[SIM_LEGACY_MAX_QUEUED]; /* the first is worked on */
    struct sim_legacy_buffer buffers[SIM_LEGACY_MAX_BUFFERS];
    uint8_t next_buffer;
    uint8_t final_buffer;               /* 1 + that of the packet that made the image complete; 0: none did */
    uint64_t flash_due_us, inactive_us; /* UINT64_MAX: nothing is due */

    /* Outbox: for who calls, who takes it out. */
    uint8_t n_answers;
    struct sim_legacy_answer answers[SIM_LEGACY_MAX_ANSWERS]; /* notifications of the control point */
    bool disconnect;                                          /* by HCI reason 13 */
    bool reset;                                               /* at once; what waits for the flash is lost */
    uint8_t gpregret;                                         /* what the reset leaves there */
    bool fault; /* the reset is that of an assertion: an answer that could not be sent, a full queue */
};

void sim_legacy_enter(const struct sim_legacy_config *config, struct sim_legacy *state, uint64_t now_us);
/* A central is there, or no longer: what it sent stays, and so does the state. */
void sim_legacy_link(struct sim_legacy *state, bool up);
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
