/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Target files: what kind of board this is, its flash, slots, and the options that a scenario's `board:` line
 * may change. Pure data. */
#ifndef RIG_BENCH_TARGET_H
#define RIG_BENCH_TARGET_H

#include "image/encrypt.h"
#include "image/key.h"
#include "scenario/schema.h"

G_BEGIN_DECLS

/* Options of a board, in a target's `options:` and in the `board:` step. No field has a default: what is not
 * written is not changed, and its member is NULL. All members are pointers. The fields are told in
 * option_fields.h. */
struct rig_options_spec {
    const char *swap;
    const char *sign;
    const char *encrypt;
    const char *aes;
    const bool *save_enctlv;
    const bool *key_in_image;
    const bool *validate_primary;
    const char *downgrade;
    const guint32 *security_counter;
    const guint32 *second_security_counter;
    const bool *overwrite_fast;
    const bool *bootstrap;
    const bool *swap_fixes;
    const guint32 *max_align;
    const guint32 *max_sectors;
    const guint32 *ram_start;
    const guint32 *ram_bytes;
    const bool *minimal_scramble;
    const guint32 *logical_sector;
    const bool *verify_logical_sectors;
    const char *const *serial_recovery; /* lists are NULL-terminated */
    const char *const *recovery_commands;
    const guint16 *recovery_buffer;
    const char *update_needs;
    const bool *bonding;
    const char *pairing;
    const char *pairing_io;
    const guint32 *passkey;
    const char *pairing_user;
    const bool *just_works;
    const char *repairing;
    const guint16 *mtu;
    const char *gatt_table;
    const bool *reassembly;
    const guint16 *buffer_size;
    const guint16 *buffers;
    const bool *parameters;
    const bool *original_protocol;
    const bool *erase_pending;
    const bool *progressive_erase;
    const bool *refuses_reset;
    const guint32 *boot_time_us;
    const char *updater;
    const char *maintenance;
    const char *const *maintenance_entry; /* NULL-terminated */
    const guint64 *maintenance_us;
    const bool *maintenance_single;
    /* Nordic's bootloaders. */
    const char *sdk;
    const char *softdevice;
    const char *banks;
    const char *buttonless;
    const bool *button_held;
    const bool *requires_bonds;
    const bool *save_progress;
    const bool *enters_by_pin_reset;
    const bool *debug_bootloader;
    const guint32 *hardware_version;
    const guint32 *bootloader_version;
    const guint32 *app_data_bytes;
    const char *const *misbehaves; /* NULL-terminated */
    const char *const *defects;
};
#define RIG_OPTIONS(record) RIG_STRUCT(record, struct rig_options_spec)
extern const struct rig_shape rig_board_options_shape;
extern const struct rig_shape rig_target_shape;

/* Flags of a board of which nothing is said, as Zephyr's defaults are: bonding, reassembly, parameters and
 * original-protocol are on, the others off. */
bool rig_board_option_is_on_by_default(const char *name);

/* What a target file says; the fields are told in target_shape.c. */
struct rig_sectors_spec {
    guint32 n_bytes; /* of one */
    guint32 n;
};
struct rig_flash_spec {
    const struct rig_node *node;
    const char *device; /* "internal", "external" */
    const struct rig_sectors_spec *const *sectors;
    guint32 write_bytes;
    guint8 erased;
    const char *rewrite;
    const char *erase;
    const char *torn;
    guint32 write_us;
    guint32 erase_us;
};
struct rig_area_spec {
    const struct rig_node *node;
    const char *name; /* of `areas` alone */
    const char *device;
    guint32 offset;
    guint32 n_bytes;
};
struct rig_bootloader_spec {
    const char *file;
};
struct rig_firmware_spec {
    const char *waits;
    const char *confirms;
    const char *crashes;
    const char *hangs;
    guint16 header_bytes;
    bool room;
};
struct rig_qemu_spec {
    const char *machine;
    const char *cpu;
    const char *const *load;
    guint32 address;
    guint32 external_address;
    guint32 serial;
    const guint32 *smp_serial;
    const char *const *arguments;
    const char *program;
};
struct rig_reach_spec {
    const char *udp;    /* HOST:PORT */
    const char *serial; /* a port */
    const char *tcp;    /* HOST:PORT of a serial port */
    guint32 baud;
    bool raw;
    guint32 pace_us;
    const char *ble; /* advertised name */
    const char *adapter;
};
struct rig_started_spec {
    const char *command; /* of a shell */
    const char *port_line;
    guint32 within_us;
};
struct rig_nordic_spec {
    const struct rig_node *node;
    guint32 bootloader;
    guint32 bootloader_bytes;
    guint32 settings;
    const guint32 *backup;
    const guint32 *softdevice_bytes;
    const guint32 *softdevice_id;
    const guint32 *softdevice_version;
};
struct rig_target_spec {
    const struct rig_node *node;
    const char *name;
    const char *about;
    const char *protocol; /* drivers/update/update.h: rig_update_protocol_find() */
    const char *kind;
    const char *runs;                          /* targets/sim/firmware/firmwares.h: sim_firmware_named() */
    const struct rig_flash_spec *const *flash; /* lists are NULL-terminated */
    const struct rig_area_spec *const *slots;
    const struct rig_area_spec *scratch;
    const struct rig_area_spec *const *areas;
    const struct rig_nordic_spec *nordic;
    const struct rig_bootloader_spec *bootloader;
    const char *approtect;
    const char *console;
    const char *chip;
    const struct rig_qemu_spec *qemu;
    const struct rig_reach_spec *reach;
    const struct rig_started_spec *start; /* NULL: it runs already */
    const char *link;
    const char *boot_line;
    const char *key;
    const char *encryption_key;
    const struct rig_firmware_spec *firmware;
    const char *firmware_word; /* "simulated" */
    const char *advertised_name;
    const struct rig_value *address; /* its text, its address */
    const struct rig_options_spec *options;
};

struct rig_target {
    struct rig_source *source;
    struct rig_document *document;
    char *name;
    char *given; /* the name or path that it was loaded by: loads it again */
    char *about;
    struct rig_record *record;          /* of rig_target_shape */
    const struct rig_target_spec *spec; /* of the record */
};

#define RIG_TARGET_DEFAULT "sim-nrf52840-mcuboot"

/* name_or_path: a file (has a '/' or ends in .yaml), or NAME for NAME.yaml in the directory of the shipped
 * targets. NULL with an error that carries all diagnostics, or the names that exist. */
struct rig_target *rig_target_load(const char *name_or_path, const char *target_directory,
                                   GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* The same of a text: the source is taken, also when this fails; `given` is what it may be loaded by again.
 */
struct rig_target *rig_target_from_source(struct rig_source *source, const char *given,
                                          GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* `key:` of the target, which must be of this kind; *key NULL: it names none. Who signs with it looks whether
 * it is private. Free with rig_key_free. */
bool rig_target_read_key(const struct rig_target *target, enum rig_key_kind kind, struct rig_key **key,
                         GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* `encryption-key:` of the target, which must fit its `encrypt` and `aes`; *key NULL: it names none. Free
 * with rig_encrypt_key_free. */
bool rig_target_read_encryption_key(const struct rig_target *target, struct rig_encrypt_key **key,
                                    GError **error) G_GNUC_WARN_UNUSED_RESULT;
void rig_target_free(struct rig_target *target);
/* A piece of the console line that each run of its bootloader prints; NULL: it prints none. */
const char *rig_target_boot_line(const struct rig_target *target);
typedef struct rig_target rig_target;
G_DEFINE_AUTOPTR_CLEANUP_FUNC(rig_target, rig_target_free)

G_END_DECLS

#endif
