/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Nordic's secure bootloader as a model without a radio: boot decision, activation, and the updater that
 * waits for requests. It does what nRF5 SDK 17.0.2 does, bugs included, and on demand what older SDKs did. It
 * touches the world only through struct sim_flash; all that it remembers is plain bytes, so that a snapshot
 * is a copy. GLib-free. Facts: [SRC nRF5 SDK 17.0.2 components/libraries/bootloader;
 * examples/dfu/secure_bootloader pca10040_s132_ble for the configuration]; what was measured of it stands in
 * fixtures/nordic/secure-vectors.txt.
 *
 * Who runs it calls sim_secure_boot() after power-on and every reset. When that says SIM_SECURE_UPDATER, the
 * state is made; from then on, as things happen:
 * - sim_secure_linked(): link up, link lost;
 * - sim_secure_control(), sim_secure_packet(): writes to the two characteristics;
 * - sim_secure_due(): at the instant that it gave back last, and after each of the above;
 * - sim_secure_next(): after each of the above, until there is nothing: answers to send, the link to drop, a
 *   reset. */
#ifndef SIM_FIRMWARE_NORDIC_SECURE_SECURE_H
#define SIM_FIRMWARE_NORDIC_SECURE_SECURE_H

#include "image/init_packet.h"
#include "image/key.h"
#include "image/nordic_settings.h"
#include "sim/firmware/nordic/map.h"
#include "sim/firmware/nordic/sealed.h"

enum sim_secure_sdk {
    SIM_SECURE_SDK_12, /* and 13: no backup; copies four times too much, and erases its source */
    SIM_SECURE_SDK_14, /* and 15.0: no backup of the settings */
    SIM_SECURE_SDK_15, /* 15.1 to 17 */
};

enum sim_secure_banks {
    SIM_SECURE_DUAL,         /* bank 1, or bank 0 where the image does not fit there */
    SIM_SECURE_SINGLE,       /* application and SoftDevice to bank 0 always */
    SIM_SECURE_DUAL_DEMANDED /* an image that does not fit into bank 1 is refused */
};

/* Seeded defects of a bootloader: what a shipped scenario must catch. Bit set; 0: as the SDK does it. */
enum sim_secure_defect {
    SIM_SECURE_ACCEPTS_UNSIGNED = 1 << 0,   /* no signature is demanded of anything */
    SIM_SECURE_ACCEPTS_ANY_KEY = 1 << 1,    /* a signature is demanded, but not compared */
    SIM_SECURE_SKIPS_HASH = 1 << 2,         /* the hash of the received image is not compared */
    SIM_SECURE_IGNORES_HARDWARE = 1 << 3,   /* the hardware version is not compared */
    SIM_SECURE_IGNORES_SOFTDEVICE = 1 << 4, /* nor the list of SoftDevices */
    SIM_SECURE_IGNORES_DOWNGRADE = 1 << 5,  /* nor the versions */
    SIM_SECURE_FORGETS_COPY = 1 << 6,       /* write_offset is not saved: a cut copy starts anew */
    SIM_SECURE_NO_BACKUP = 1 << 7,          /* the backup page is never written: it overrules what is */
    SIM_SECURE_ERASES_OLD_FIRST = 1 << 8,   /* bank 0 is erased when an init packet is accepted */
    SIM_SECURE_MARKS_VALID_FIRST = 1 << 9,  /* bank 0 is valid before the copy, and is not compared after */
    SIM_SECURE_ERASES_APP_DATA = 1 << 10,   /* an activation takes the application's data pages along */
    SIM_SECURE_KEEPS_PEER_DATA = 1 << 11,   /* peer data is not cleared when the application starts */
    SIM_SECURE_STUCK_IN_UPDATER = 1 << 12,  /* it waits for ever */
    SIM_SECURE_ANSWERS_EARLY = 1 << 13,     /* success to the last object, before the image is looked at */
};
#define SIM_SECURE_N_DEFECTS 14
const char *sim_secure_defect_name(unsigned bit); /* "accepts-unsigned", ...; NULL beyond the last */

struct sim_secure_config {
    struct sim_nordic_map map;
    enum sim_secure_sdk sdk;
    enum sim_secure_banks banks;
    uint32_t hardware_version; /* NRF_DFU_HW_VERSION: 52, 51 */
    const struct rig_key *key; /* ECDSA P-256, borrowed; NULL: no signature is good */
    bool accepts_unsigned;     /* NRF_DFU_REQUIRE_SIGNED_APP_UPDATE 0: of applications */
    bool allows_downgrade;     /* NRF_DFU_APP_DOWNGRADE_PREVENTION 0 */
    bool debug;                /* NRF_DFU_DEBUG_VERSION */
    bool saves_progress;       /* NRF_DFU_SAVE_PROGRESS_IN_FLASH */
    bool requires_bonds;       /* NRF_DFU_BLE_REQUIRES_BONDS: without peer data it does not come up */
    bool checks_app_signature; /* NRF_BL_APP_SIGNATURE_CHECK_REQUIRED at boot */
    bool full_protocol;        /* NRF_DFU_PROTOCOL_REDUCED 0 */
    /* How the updater is entered, apart from no valid application: NRF_BL_DFU_ENTER_METHOD_... */
    bool enters_by_button;
    bool enters_by_pin_reset;
    bool enters_by_gpregret;
    bool enters_by_settings;
    bool always_checks_crc; /* also waking from system off, and with GPREGRET2 = A9 */
    uint32_t inactivity_ms;
    uint32_t continuation_ms;
    uint32_t defects;                   /* enum sim_secure_defect */
    struct sim_nordic_seal_memo *seals; /* borrowed; NULL: none. It changes nothing but speed */
};
/* As the SDK's example for BLE is configured, for this map: dual bank, signed, enters by button and GPREGRET,
 * 120 s and 10 s, hardware 52. The key is the caller's to set. */
struct sim_secure_config sim_secure_example(const struct sim_nordic_map *map);

/* What a reset leaves, and how it came. Registers of the chip, which the run of the bootloader changes. */
#define SIM_NORDIC_GPREGRET_DFU 0xb1u
#define SIM_NORDIC_GPREGRET2_SKIP_CRC 0xa9u
struct sim_nordic_retained {
    uint8_t gpregret;
    uint8_t gpregret2;
    bool by_pin;          /* the reset pin did it, or one before that no run has taken note of: RESETREAS */
    bool from_system_off; /* woken from it */
    bool button;          /* is held */
};

enum sim_secure_outcome {
    SIM_SECURE_APPLICATION, /* handed over to bank 0 */
    SIM_SECURE_UPDATER,     /* waits for requests: DFU mode */
    SIM_SECURE_RESET,       /* resets itself: run it again */
    SIM_SECURE_FAULT,       /* its error handler resets it: run it again; `why` says what */
    SIM_SECURE_DEAD,        /* no bootloader that runs is left: only a probe helps */
    SIM_SECURE_POWER_LOST,
};
enum sim_secure_entry { /* why the updater */
                        SIM_SECURE_NOT_ENTERED,
                        SIM_SECURE_NO_APPLICATION, /* none that is valid */
                        SIM_SECURE_BY_BUTTON,
                        SIM_SECURE_BY_PIN_RESET,
                        SIM_SECURE_BY_GPREGRET,
                        SIM_SECURE_BY_SETTINGS,
                        SIM_SECURE_AFTER_ACTIVATION, /* of a SoftDevice: an application may follow */
};
const char *sim_secure_entry_text(enum sim_secure_entry entry);

/* The account of one run. */
struct sim_secure_start {
    enum sim_secure_outcome outcome;
    enum sim_secure_entry entry;
    const char
        *why; /* FAULT, DEAD: what happened; NO_APPLICATION: what is wrong with it. Static; NULL: nothing */
    uint32_t
        activated; /* enum rig_nordic_bank_code: what was made active in this run, or tried; 0: nothing */
    bool activation_failed;  /* the SDK goes on as if it had not */
    uint32_t timeout_ms;     /* UPDATER: until it gives up */
    uint32_t application_at; /* bank 0 */
    bool softdevice_damaged; /* or missing: whatever the outcome, no radio comes up */
};

/* --- the updater --- */

#define SIM_SECURE_N_BUFFERS 17u    /* one page / largest packet + 1 */
#define SIM_SECURE_N_OPERATIONS 17u /* 16 that wait and the one in work */
#define SIM_SECURE_MAX_PACKET_BYTES 244u
#define SIM_SECURE_MAX_CONTROL_BYTES 23u
#define SIM_SECURE_N_WISHES 40u

enum sim_secure_wish_kind {
    SIM_SECURE_SEND,       /* a notification of the control point */
    SIM_SECURE_DISCONNECT, /* reason 0x13 */
    SIM_SECURE_DO_RESET,
};
struct sim_secure_wish {
    enum sim_secure_wish_kind kind;
    uint8_t n_bytes;
    uint8_t bytes[17];
};

/* One entry of the flash queue. */
struct sim_secure_operation {
    uint8_t kind;     /* of updater.c */
    uint8_t buffer;   /* index */
    bool last;        /* the update is complete when it is done */
    uint16_t n_bytes; /* of an erase: pages */
    uint32_t address;
};

/* The updater's RAM. Only its functions look inside. */
struct sim_secure_state {
    struct rig_nordic_settings settings; /* the RAM copy */
    /* request handler */
    bool has_valid_init;
    bool has_init; /* `init` is from a packet that decoded */
    struct rig_init_packet init;
    uint32_t firmware_at;
    uint32_t firmware_bytes;
    uint8_t object; /* selected type; 0: invalid */
    uint8_t extended_error;
    uint8_t n_waiting_executes;
    /* transport */
    bool linked;
    uint16_t prn;
    uint16_t prn_left;
    uint8_t free_buffers[SIM_SECURE_N_BUFFERS]; /* a stack */
    uint8_t n_free_buffers;
    uint8_t buffers[SIM_SECURE_N_BUFFERS][SIM_SECURE_MAX_PACKET_BYTES];
    /* flash queue */
    struct sim_secure_operation operations[SIM_SECURE_N_OPERATIONS];
    uint8_t first_operation;
    uint8_t n_operations;
    bool queue_runs;
    uint8_t written_settings[2][RIG_NORDIC_SETTINGS_BYTES]; /* what is on its way to main page and backup */
    /* time */
    uint64_t inactive_at_us;
    uint64_t reset_at_us; /* SIM_SECURE_NEVER: no reset is on its way */
    bool stopped;         /* power lost, or reset: nothing happens any more */
    struct sim_secure_wish wishes[SIM_SECURE_N_WISHES];
    uint8_t first_wish;
    uint8_t n_wishes;
};

/* One run from reset on, at once; the flash takes what time it takes. Makes *state when the updater waits
 * (its time-out counts from now_us); leaves it alone otherwise. SIM_SECURE_RESET and _FAULT come again at
 * the next run where nothing changed: who loops must have an end. */
void sim_secure_boot(const struct sim_secure_config *config, struct sim_flash *flash,
                     struct sim_nordic_retained *retained, uint64_t now_us, struct sim_secure_state *state,
                     struct sim_secure_start *start);

/* Up, or lost: the settings are read from the flash again, and with them goes what was not stored. */
void sim_secure_linked(const struct sim_secure_config *config, struct sim_secure_state *state,
                       struct sim_flash *flash, bool up);
/* A write to the control point, whose CCC is set. More than SIM_SECURE_MAX_CONTROL_BYTES: nothing, the
 * attribute has no room for it. */
void sim_secure_control(const struct sim_secure_config *config, struct sim_secure_state *state,
                        struct sim_flash *flash, const uint8_t *bytes, size_t n_bytes, uint64_t now_us);
/* A write to the packet characteristic. Likewise more than SIM_SECURE_MAX_PACKET_BYTES. */
void sim_secure_packet(const struct sim_secure_config *config, struct sim_secure_state *state,
                       struct sim_flash *flash, const uint8_t *bytes, size_t n_bytes, uint64_t now_us);
#define SIM_SECURE_NEVER UINT64_MAX
/* Does what is due at now_us: at most one entry of the flash queue, what waited for it, time-outs. Gives the
 * next instant, now_us (with the flash's own time) at the earliest; SIM_SECURE_NEVER: nothing more by itself.
 */
uint64_t sim_secure_due(const struct sim_secure_config *config, struct sim_secure_state *state,
                        struct sim_flash *flash, uint64_t now_us);
/* Takes the next wish, in order. false: there is none. */
bool sim_secure_next(struct sim_secure_state *state, struct sim_secure_wish *wish);
/* Works the whole flash queue off, what waits for it included, and a reset that follows from it: for who has
 * no clock. */
void sim_secure_drain(const struct sim_secure_config *config, struct sim_secure_state *state,
                      struct sim_flash *flash);
/* Whether something is still on its way to the flash. */
bool sim_secure_busy(const struct sim_secure_state *state);

/* What the radio's side asks at the start of the updater. */
enum rig_nordic_extra sim_secure_peer(const struct sim_secure_config *config, const struct sim_flash *flash,
                                      struct rig_nordic_peer *peer);
enum rig_nordic_extra sim_secure_name(const struct sim_secure_config *config, const struct sim_flash *flash,
                                      char name[RIG_NORDIC_MAX_NAME_BYTES + 1]);
/* The application's side of the hand-over: writes into the settings page of the flash, once per start of the
 * application through the bootloader. */
enum sim_secure_hand_over {
    SIM_SECURE_HANDED_OVER,
    SIM_SECURE_HAND_OVER_USED,   /* NRF_ERROR_INVALID_STATE: CRC not erased */
    SIM_SECURE_HAND_OVER_FAILED, /* power lost */
};
enum sim_secure_hand_over sim_secure_hand_over_peer(const struct sim_secure_config *config,
                                                    struct sim_flash *flash,
                                                    const struct rig_nordic_peer *peer);
enum sim_secure_hand_over sim_secure_hand_over_name(const struct sim_secure_config *config,
                                                    struct sim_flash *flash, const char *name,
                                                    size_t n_bytes);

#endif
