/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The simulated board: flash + bootloader model + application model + BLE peripheral, on virtual time,
 * single-threaded. Everything a driver may do to it is here. GLib-free. All state is deterministic: the same
 * configuration, seed and calls give the same bytes. */
#ifndef SIM_BOARD_H
#define SIM_BOARD_H

#include "sim/chip/ble/gatt.h"
#include "sim/chip/ble/pdu_faults.h"
#include "sim/firmware/mcuboot/boot/boot.h"
#include "sim/chip/flash/flash.h"

/* What an image's application does is written in the image itself, right at the start of its payload, so that
 * it follows the image through swaps: sim_app_make_payload() writes it, the application model reads it from
 * the primary slot. Any other image runs, too: it waits, or does what sim_board_teach() said of it. */
enum sim_app_behaviour {
    SIM_APP_NEVER_CONFIRMS, /* runs, serves SMP, waits to be confirmed from outside (the default) */
    SIM_APP_CONFIRMS,       /* self-test passes after self_test_us, then confirms itself */
    SIM_APP_CRASHES,        /* resets itself after self_test_us, at every boot */
    SIM_APP_HANGS, /* stops after self_test_us: no radio, no console; the watchdog resets it after watchdog_us
                      if that is not 0 */
};
const char *
sim_app_behaviour_name(enum sim_app_behaviour behaviour); /* "waits", "confirms", "crashes", "hangs" */
bool sim_app_behaviour_from_name(const char *name, enum sim_app_behaviour *behaviour);

struct sim_app_personality {
    enum sim_app_behaviour behaviour;
    uint32_t self_test_us;
    uint32_t watchdog_us;
};
#define SIM_APP_PERSONALITY_BYTES 64
/* Fills n_bytes (>= SIM_APP_PERSONALITY_BYTES) of payload: the personality, then bytes from the seed. */
void sim_app_make_payload(const struct sim_app_personality *personality, uint64_t seed, uint8_t *payload,
                          size_t n_bytes);

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
};
#define SIM_APP_N_DEFECTS 9
const char *sim_app_defect_name(unsigned bit);

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
    uint32_t defects;
};

struct sim_guest;

struct sim_board_config {
    struct sim_flash_device_config devices[SIM_FLASH_MAX_DEVICES];
    unsigned n_devices;
    struct sim_boot_config boot;  /* keys must outlive the board */
    struct sim_guest *boot_guest; /* borrowed; a foreign bootloader that boots instead of the model (whose
                                     slots, trailer geometry and swap mode the application still goes by).
                                     NULL: the model. See boot/guest/guest.h */
    struct sim_app_config app;
    struct sim_ble_config ble;
    uint64_t seed;
};

enum sim_board_state {
    SIM_BOARD_OFF,
    SIM_BOARD_BOOTING, /* in the bootloader or the application's start */
    SIM_BOARD_RUNNING,
    SIM_BOARD_HUNG,     /* application or bootloader stopped */
    SIM_BOARD_NO_IMAGE, /* the bootloader found nothing to boot */
};
const char *sim_board_state_name(enum sim_board_state state);

struct sim_board;

/* Powered off, erased, no bonds, time 0. NULL: the configuration cannot be; *why says so (static storage). */
struct sim_board *sim_board_new(const struct sim_board_config *config, const char **why);
void sim_board_free(struct sim_board *board);
const struct sim_board_config *sim_board_config(const struct sim_board *board);

/* Time. step() processes the next thing that is due no later than until_us and returns true; with nothing
 * left to do until then it sets the time to until_us and returns false. Flash work takes time, so the clock
 * may stand beyond until_us after a step. */
uint64_t sim_board_now_us(const struct sim_board *board);
bool sim_board_step(struct sim_board *board, uint64_t until_us);

/* How the application of an image behaves, by the image's stored hash, whatever its bytes say; again: the
 * last word counts. Holds until the board is freed, also over a restored moment. false: no memory. */
bool sim_board_teach(struct sim_board *board, const uint8_t hash[RIG_IMAGE_HASH_BYTES],
                     const struct sim_app_personality *personality);

/* Console: complete lines without line end, called as they come out. Callbacks may look at the board, arm a
 * cut and switch the power off; they must not step, reset or restore it. */
typedef void (*sim_console_line)(void *user, uint64_t at_us, const char *line);
void sim_board_on_console(struct sim_board *board, sim_console_line line, void *user);
/* Called after each bootloader run. */
typedef void (*sim_boot_seen)(void *user, uint64_t at_us, const struct sim_boot_result *result,
                              uint64_t n_operations);
void sim_board_on_boot(struct sim_board *board, sim_boot_seen seen, void *user);
/* Every flash operation, after it happened. The board itself observes its flash (cuts by time need it): use
 * this, never sim_flash_observe() on the board's flash. */
void sim_board_on_flash(struct sim_board *board, sim_flash_observer observer, void *user);

/* Called after a fault struck a write or a notification of the in-process link. strike: for the call. */
typedef void (*sim_pdu_struck)(void *user, uint64_t at_us, const struct sim_pdu_strike *strike);
void sim_board_on_pdu_fault(struct sim_board *board, sim_pdu_struck struck, void *user);

/* Power and reset. */
void sim_board_power(struct sim_board *board, bool on);
bool sim_board_powered(const struct sim_board *board);
void sim_board_reset(struct sim_board *board); /* the reset pin; no effect without power */

enum sim_cut_kind { SIM_CUT_AT_OPERATION, SIM_CUT_AFTER_TIME, SIM_CUT_AT_CONSOLE };
struct sim_cut {
    enum sim_cut_kind kind;
    uint64_t operation;     /* AT_OPERATION: operations from now, 0 = the next */
    enum sim_cut_form form; /* AT_OPERATION */
    uint64_t delay_us;      /* AFTER_TIME: from now; AT_CONSOLE: from the line */
    char pattern[96];       /* AT_CONSOLE: a piece of the line */
};
void sim_board_arm_cut(struct sim_board *board, const struct sim_cut *cut);
void sim_board_disarm_cut(struct sim_board *board);
/* What became of the armed cut. */
struct sim_cut_report {
    bool fell;
    uint64_t at_us;
    bool
        at_operation; /* an operation was cut inside or right after; else (before one, by time, at a line) the
                         fields below are the last operation since arming that happened, n_bytes 0 = none */
    uint64_t operation; /* counted from arming */
    enum sim_flash_kind operation_kind;
    unsigned device;
    uint32_t offset;
    uint32_t n_bytes;
    bool torn;
};
struct sim_cut_report sim_board_cut_report(const struct sim_board *board);

/* What runs: what a probe would find in RAM and registers. */
struct sim_board_view {
    enum sim_board_state state;
    uint32_t n_boots;  /* bootloader runs since the board was made */
    uint32_t n_resets; /* of which by reset, crash or watchdog rather than power-on */
    bool has_image;
    struct rig_image_version version;
    uint8_t hash[RIG_IMAGE_HASH_BYTES]; /* stored hash of the image in the primary slot of image 0 */
    bool confirmed;                     /* image_ok set, or no trailer magic */
};
struct sim_board_view sim_board_view(const struct sim_board *board);
struct sim_flash *sim_board_flash(struct sim_board *board);
uint32_t sim_board_security_counter(const struct sim_board *board, unsigned image);
void sim_board_set_security_counter(struct sim_board *board, unsigned image, uint32_t value);

/* Bluetooth LE, the central's side. Calls are instantaneous in virtual time unless said; packets pace
 * themselves in step(): a write takes a server buffer at once and is served one connection interval later,
 * each notification comes one interval after the one before it (the first one after the serving). A link
 * whose board lost power, was reset or hangs stays connected in the central's view for 4 s of board time,
 * then ends with 0x08; meanwhile writes go nowhere and subscribe, encrypt and pair give NOT_CONNECTED;
 * connecting again drops it first. Disconnecting purges requests that were not served yet. */
struct sim_ble_central {
    uint8_t address[SIM_BLE_ADDRESS_BYTES];
};
enum sim_ble_outcome sim_board_ble_connect(struct sim_board *board, const struct sim_ble_central *central,
                                           uint16_t mtu);
void sim_board_ble_disconnect(struct sim_board *board);
bool sim_board_ble_connected(const struct sim_board *board);
uint16_t sim_board_ble_mtu(const struct sim_board *board);
bool sim_board_ble_encrypted(const struct sim_board *board);
/* Start encryption with a stored key. On KEY_MISSING and MIC_FAILURE the link is dropped. */
enum sim_ble_outcome sim_board_ble_encrypt(struct sim_board *board, const uint8_t ltk[SIM_BLE_LTK_BYTES]);
/* Pair and bond; the link is encrypted on OK and ltk is the new key. Refused, the link stays as it was. */
enum sim_ble_outcome sim_board_ble_pair(struct sim_board *board,
                                        const struct sim_ble_central_pairing *central,
                                        uint8_t ltk[SIM_BLE_LTK_BYTES],
                                        struct sim_ble_pairing_result *result);
/* Discovery. *characteristic names it in the calls below, as long as the connection lasts. UUIDs as in struct
 * sim_gatt_characteristic. OK, NOT_CONNECTED, NO_SERVICE, NO_CHARACTERISTIC. */
enum sim_ble_outcome sim_board_ble_find(const struct sim_board *board, const char *service, const char *uuid,
                                        unsigned *characteristic);
/* At most ATT_MTU - 3 bytes. A command is OK whatever the board makes of it; a request gives
 * NEEDS_ENCRYPTION, ATT_ERROR or OK, and OK too where a fault took it. */
enum sim_ble_outcome sim_board_ble_write(struct sim_board *board, unsigned characteristic, bool with_response,
                                         const uint8_t *bytes, size_t n_bytes);
enum sim_ble_outcome sim_board_ble_read(struct sim_board *board, unsigned characteristic,
                                        uint8_t bytes[SIM_BLE_MAX_MTU], size_t *n_bytes);
enum sim_ble_outcome sim_board_ble_subscribe(struct sim_board *board, unsigned characteristic,
                                             enum sim_gatt_subscription how);
/* The ATT error of the last call that gave SIM_BLE_ATT_ERROR. */
uint8_t sim_board_ble_att_error(const struct sim_board *board);
/* Oldest notification or indication that has arrived by now; false: none. 64 are kept, later ones are lost; a
 * new connection starts with none. Indications are confirmed by themselves. */
bool sim_board_ble_receive(struct sim_board *board, struct sim_ble_packet *packet);
/* Faults on single PDUs of the firmware's characteristics, on the board's time (ble/pdu_faults.h). They stay
 * over reconnections, resets and loss of power, and belong to a moment. false: there are SIM_PDU_MAX_FAULTS
 * already. What became of them is borrowed, until they end. */
bool sim_board_arm_pdu_fault(struct sim_board *board, const struct sim_pdu_fault *fault);
const struct sim_pdu_faults *sim_board_pdu_faults(const struct sim_board *board);
void sim_board_end_pdu_faults(struct sim_board *board);
/* Why the last connection ended: HCI reason (0x08 supervision timeout, 0x13 remote, 0x16 local, 0x05, 0x3d);
 * 0 = never. */
uint8_t sim_board_ble_last_reason(const struct sim_board *board);
bool sim_board_ble_advertising(const struct sim_board *board);
/* An updater at address + 1 runs: to a central it is another board. */
bool sim_board_ble_at_next_address(const struct sim_board *board);
bool sim_board_ble_has_bond(const struct sim_board *board, const uint8_t central[SIM_BLE_ADDRESS_BYTES]);
void sim_board_ble_forget_bonds(struct sim_board *board);
/* Another key takes the place of each: the next encryption ends in a MIC failure. */
void sim_board_ble_replace_bonds(struct sim_board *board);
/* The peripheral model itself, for a host stack that takes the in-process central's place (ble/host/host.h).
 * Lives as long as the board. */
struct sim_ble;
struct sim_ble *sim_board_ble(struct sim_board *board);
/* Changes of what a scenario's `board:` line can set while the board is off. */
void sim_board_set_ble(struct sim_board *board, const struct sim_ble_config *ble);

/* A whole board at one instant: flash, RAM, queues, bonds, time. restore() makes the board go on from there
 * exactly. */
struct sim_moment;
struct sim_moment *sim_board_save(const struct sim_board *board);
void sim_board_restore(struct sim_board *board, const struct sim_moment *moment);
void sim_moment_free(struct sim_moment *moment);

#endif
