/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The application model: the SMP server and the personality of the running image. State is plain bytes
 * without pointers. GLib-free. Facts: [SRC zephyr subsys/mgmt/mcumgr/smp/src/smp.c, grp/img_mgmt/src,
 * grp/os_mgmt/src]. */
#ifndef SIM_APP_APP_H
#define SIM_APP_APP_H

#include "protocol/smp/smp_server.h"
#include "sim/firmware/mcuboot/mcuboot.h"

struct sim_upload {
    bool active;
    uint8_t image;
    uint32_t n_total;    /* declared */
    uint32_t offset;     /* expected next */
    uint32_t erased_end; /* progressive erase: area offset up to which sectors are erased */
    uint8_t n_sha;
    uint8_t sha[32];
    uint8_t n_tail; /* bytes that wait for a whole write unit */
    uint8_t tail[32];
};
struct sim_maintenance {
    bool on;
    bool was_on;   /* as it was told last */
    bool asked;    /* by the SMP request that was served last */
    bool marked;   /* that one marked an image for the next boot */
    bool finished; /* its timer stands for a finished update */
};
struct sim_app {
    bool serves; /* it runs and takes messages over wires */
    struct sim_upload upload;
    struct sim_maintenance maintenance;
    bool updater_runs;  /* it is the updater that runs, which knows of no maintenance mode */
    uint32_t n_uploads; /* finished since the application started */
    bool reset_wanted;  /* after config->reset_delay_us */
    bool crash_wanted;  /* at once, the answer is lost */
};
/* Outlives a reset, not a power cycle. */
struct sim_app_retained {
    bool rebooted_in_upload;
    bool maintenance_was_on;
    bool updater_wanted; /* the next start is that of the updater, boot_mode 1 */
};

/* The server with everything it may touch; all borrowed. */
struct sim_server {
    const struct sim_app_config *config;
    const struct sim_boot_config *boot;
    struct sim_flash *flash;
    struct sim_app *app;
    struct sim_app_retained *retained;
    unsigned slot; /* that the application runs from, of image 0 */
};
/* One packet from a transport, possibly of several messages. Writes the answers one after the other; returns
 * their length, 0: silence. When power is lost in it (the flash says so) the result is 0. */
size_t sim_server_input(struct sim_server *server, const uint8_t *packet, size_t n_packet, uint8_t *answers,
                        size_t room);

/* The server of serial recovery: once in the bootloader, until a reset. Plain bytes, as struct sim_app. */
struct sim_recovery {
    bool on;
    uint64_t number;     /* `image` of the running upload */
    uint32_t n_total;    /* declared */
    uint32_t offset;     /* expected next */
    uint32_t skipped;    /* of the slot, before the image: swap-offset's first sector */
    uint32_t erased_end; /* slot offset up to which sectors are erased */
    bool reset_wanted;
};
/* One request, without its frame; returns the bytes of the answer, 0: silence. */
size_t sim_recovery_input(const struct sim_recovery_config *config, const struct sim_boot_config *boot,
                          struct sim_flash *flash, struct sim_recovery *state, const uint8_t *message,
                          size_t n_message, uint8_t *answer, size_t room);

/* What runs in a slot of image 0. */
struct sim_running {
    bool has_image;
    bool intact;                            /* the computed hash is the stored one */
    bool elsewhere;                         /* linked for another place than this slot (ROM_FIXED) */
    struct sim_app_personality personality; /* what its bytes say; bytes that say nothing: it waits */
    struct rig_image_version version;
    uint8_t hash[RIG_IMAGE_HASH_BYTES];
};
/* Verdicts on images that were hashed before, by a hash of their bytes: power-cut sweeps start the same few
 * images thousands of times. Changes no result. Zeroed at first. */
#define SIM_APP_MEMO_ENTRIES 16
struct sim_app_memo {
    struct {
        uint64_t key[2];
        uint32_t n_bytes; /* 0: unused */
        bool intact;
    } entries[SIM_APP_MEMO_ENTRIES];
    unsigned next;
};
/* As a probe sees it. memo NULL: the image's bytes are not hashed and `intact` stays false. */
void sim_app_look(const struct sim_boot_config *boot, const struct sim_flash *flash, unsigned slot,
                  struct sim_app_memo *memo, struct sim_running *running);

/* The transports: net buffers that hold first a request and then its answers. Over Bluetooth with reassembly
 * and the pace of both; over wires a message comes whole. [SRC zephyr
 * subsys/mgmt/mcumgr/transport/src/smp_bt.c, smp_reassembly.c, serial_util.c, smp_udp.c] */
#define SIM_TRANSPORT_MAX_BUFFERS 8
struct sim_transport_buffer {
    uint64_t arrived_us;
    uint16_t n_bytes;
    bool over_wire; /* else over the radio */
    uint8_t wire;   /* enum sim_wire */
    uint8_t bytes[RIG_SMP_MAX_MESSAGE_BYTES];
};
/* Buffers in order, by index. */
struct sim_transport_queue {
    uint8_t n;
    uint8_t index[SIM_TRANSPORT_MAX_BUFFERS];
};
struct sim_transport {
    struct sim_transport_queue received; /* requests waiting for the server */
    struct sim_transport_queue leaving;  /* answers on their way out */
    bool in_use[SIM_TRANSPORT_MAX_BUFFERS];
    uint64_t last_notify_us;
    uint16_t n_sent; /* of the first buffer in leaving */
    bool assembling;
    uint8_t assembly;    /* buffer index */
    uint16_t n_expected; /* bytes still missing */
    /* Copied only as far as they are in use. */
    struct sim_transport_buffer buffers[SIM_TRANSPORT_MAX_BUFFERS];
};
/* The timers that the transport and the maintenance mode set. */
#define SIM_TIMER_REQUEST 4u
#define SIM_TIMER_NOTIFY 5u
#define SIM_TIMER_MAINTENANCE 6u

/* What a handler makes of a request: the pairs of a success, or an error. */
struct sim_reply {
    struct rig_cbor_writer *writer;
    unsigned rc;        /* generic, not 0: the answer is {"rc"} */
    unsigned group_rc;  /* not 0: {"err"} or its version 0 twin */
    const char *reason; /* rsn of version 0 */
    bool silent;
};
void sim_image_handle(struct sim_server *server, const struct rig_smp_request *request,
                      struct sim_reply *reply);

/* --- maintenance.c --- */

/* The first one in the table of a board that has the mode. SMP's comes behind it, as dynamic services do. */
#define SIM_MAINTENANCE_CHARACTERISTIC 0u
/* Of a board that has the mode: adds the product's own service; returns whether SMP's is registered now. */
bool sim_maintenance_services(const struct sim_chip *chip, const struct sim_app_config *config,
                              const struct sim_app *app, struct sim_gatt_services *services);
/* A write to its characteristic; an ATT error, 0: none. */
uint8_t sim_maintenance_write(struct sim_chip *chip, const struct sim_app_config *config, struct sim_app *app,
                              const uint8_t *bytes, size_t n_bytes);
enum sim_maintenance_event {
    SIM_MAINTENANCE_BUTTON,  /* was pressed */
    SIM_MAINTENANCE_TIMER,   /* SIM_TIMER_MAINTENANCE is due */
    SIM_MAINTENANCE_REQUEST, /* of SMP was served, and may have asked for something; of any board */
};
void sim_maintenance_event(struct sim_chip *chip, const struct sim_app_config *config, struct sim_app *app,
                           enum sim_maintenance_event event);
/* In the server of any board: whether a request is of the product's own group, and the rc that it is refused
 * by before a handler looks at it (0: it is not). known: the server has a handler for it. The product decides
 * by the group alone. */
bool sim_maintenance_takes(const struct sim_server *server, const struct rig_smp_header *header, bool known,
                           unsigned *rc);
void sim_maintenance_handle(struct sim_server *server, const struct rig_smp_header *header,
                            struct sim_reply *reply);

#endif
