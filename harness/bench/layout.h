/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What a board is made of, as plain data: flash devices, slots, how the bootloader uses them, how the board
 * is found. Made from a target and the options of a scenario; nothing is simulated or opened for it. */
#ifndef RIG_BENCH_LAYOUT_H
#define RIG_BENCH_LAYOUT_H

#include "image/key.h"
#include "image/trailer.h"
#include "bench/target.h"

G_BEGIN_DECLS

#define RIG_LAYOUT_MAX_DEVICES 2
#define RIG_LAYOUT_MAX_RUNS 8
#define RIG_LAYOUT_MAX_SLOTS 4
#define RIG_LAYOUT_MAX_OTHERS 4
#define RIG_LAYOUT_MAX_MTU 517

struct rig_sector_run { /* sectors of one size that follow each other */
    guint32 sector_bytes;
    guint32 n_sectors;
};
struct rig_flash_device {
    const char *name; /* "internal", "external" */
    struct rig_sector_run runs[RIG_LAYOUT_MAX_RUNS];
    guint n_runs;
    guint32 n_bytes;
    guint32 write_bytes; /* write alignment */
    guint8 erased;       /* value of an erased byte */
    bool rewrite_refused;
    bool no_erase;      /* RRAM, MRAM: nothing has to be erased */
    bool torn_is_error; /* a unit that power was lost in cannot be read */
    guint32 write_us;   /* per write_bytes */
    guint32 erase_us;   /* per sector */
};

/* A slot, or the scratch area. */
struct rig_slot {
    const char *name;   /* "slot 0", "scratch" */
    const char *device; /* "internal", "external" */
    guint device_index; /* in the layout */
    guint32 device_offset;
    guint32 n_bytes;      /* 0: there is no such slot */
    guint32 image_offset; /* where an image starts: one sector in the secondary of swap-offset, else 0 */
    struct rig_trailer_geometry geometry;
    guint32 sector_bytes; /* of its first sector */
    bool mixed_sectors;   /* the others have another size */
    guint64 erase_us;     /* of all of it */
    guint32 room_bytes;   /* the largest image, header through last TLV, that the bootloader takes; 0: not
                             known,   see rig_board_options.describe */
};

/* Whose bootloader it is: what slots, images and trailers are follows from it. */
enum rig_bootloader_family {
    RIG_BOOTLOADER_MCUBOOT,
    RIG_BOOTLOADER_NORDIC_SECURE, /* nRF5 SDK 12 to 17 */
    RIG_BOOTLOADER_NORDIC_LEGACY, /* nRF5 SDK 7 to 11, and Adafruit's */
};
/* "MCUboot", "Nordic's secure bootloader", "Nordic's legacy bootloader" */
const char *rig_bootloader_family_name(enum rig_bootloader_family family);

/* An SDK as a number that can be compared: major * 100 + minor * 10 + fix, 1702 for 17.0.2. */
#define RIG_NORDIC_SDK(major, minor, fix) ((major)*100 + (minor)*10 + (fix))

enum rig_nordic_banks {
    RIG_NORDIC_DUAL_BANK,   /* bank 1 where the image fits there, else bank 0 (NRF_DFU_SINGLE_BANK_APP_UPDATES
                               0) */
    RIG_NORDIC_SINGLE_BANK, /* always bank 0 */
    RIG_NORDIC_FORCED_DUAL, /* bank 1 or refused (NRF_DFU_FORCE_DUAL_BANK_APP_UPDATES) */
};
/* How the application gives way to the bootloader. */
enum rig_nordic_buttonless {
    RIG_NORDIC_BUTTONLESS_NONE,         /* it does not: button, GPREGRET or no valid application only */
    RIG_NORDIC_BUTTONLESS_OPEN,         /* 8EC90003; legacy: 1531 without bonds, address + 1 */
    RIG_NORDIC_BUTTONLESS_BONDED,       /* 8EC90004; legacy: 1531, hands the bond over through RAM */
    RIG_NORDIC_BUTTONLESS_EXPERIMENTAL, /* 8E400001 of SDK 12 */
};

/* Flash map and build of a Nordic bootloader; addresses are offsets in the internal flash. */
struct rig_nordic_layout {
    guint sdk;                  /* RIG_NORDIC_SDK() */
    bool adafruit;              /* legacy: Adafruit's variant */
    guint32 page_bytes;         /* 4096; nRF51: 1024 */
    guint32 mbr_bytes;          /* the SoftDevice begins here: 0x1000 */
    guint32 softdevice_bytes;   /* "size" of its info struct: counts from 0, MBR included; 0: there is none */
    guint16 softdevice_id;      /* its firmware id, what sd_req names */
    guint32 softdevice_version; /* major * 10^6 + minor * 10^3 + fix */
    guint32 bank_0;             /* where the application begins */
    guint32 bootloader;
    guint32 bootloader_bytes; /* at most */
    guint32 settings;         /* settings page */
    guint32 parameter_page;   /* the MBR's; 0: there is none, as on nRF51 */
    guint32 backup;           /* of the settings: the parameter page from SDK 15.1 on; 0: there is none */
    guint32 app_data_bytes;   /* before the bootloader; no update uses them */
    guint32 hardware_version; /* that init packets must name: 52, 51 */
    guint32 bootloader_version;
    enum rig_nordic_banks banks;
    enum rig_nordic_buttonless buttonless;
    bool requires_bonds;
    bool saves_progress; /* NRF_DFU_SAVE_PROGRESS_IN_FLASH */
    bool button_held;    /* by somebody, all the time */
    bool enters_by_pin_reset;
    bool refuses_downgrade;
    bool debug; /* built with NRF_DFU_DEBUG_VERSION */
};

struct rig_layout {
    enum rig_bootloader_family family;
    struct rig_nordic_layout nordic; /* of the Nordic families */
    struct rig_flash_device devices[RIG_LAYOUT_MAX_DEVICES];
    guint n_devices;
    /* 0, 1: of image 0; 2, 3: of image 1. Nordic: 0 is bank 0 with all that an update may use, 1 is bank 1,
     * which begins where the recorded application ends (rig_layout_move_bank_1()). */
    struct rig_slot slots[RIG_LAYOUT_MAX_SLOTS];
    guint n_slots;
    guint n_target_slots;    /* those of the target; a bootloader for a single slot knows only the first */
    struct rig_slot scratch; /* n_bytes 0: there is none */
    struct rig_slot others[RIG_LAYOUT_MAX_OTHERS]; /* a foreign bootloader's own areas */
    guint n_others;
    /* The bootloader. */
    enum rig_swap_mode mode;
    bool signing_needed;
    enum rig_key_kind signing;
    enum rig_encrypt_kind encryption; /* of images that the bootloader decrypts; NONE: it takes none */
    guint aes_bits;                   /* 128 or 256 */
    bool save_enctlv;                 /* trailers hold wrapped keys */
    struct rig_signed_how signed_how;
    guint32 max_align;
    guint32 max_sectors;
    guint32 ram_start; /* RAM load: what images may use */
    guint32 ram_bytes;
    bool minimal_scramble;  /* rejected images lose header and trailer only */
    guint32 logical_sector; /* bytes of the bootloader's own sectors; 0: the part's */
    bool has_security_counter;
    guint32 security_counter;        /* at first */
    guint32 second_security_counter; /* of image 1 */
    /* The link. */
    guint8 address[6];      /* Bluetooth */
    bool may_move_address;  /* the updater advertises at address + 1 */
    guint16 mtu;            /* the largest ATT_MTU that it agrees to */
    bool encryption_needed; /* for the update service */
};

/* MCUboot: image pairs, or the one image of a single slot. */
static inline guint rig_layout_n_images(const struct rig_layout *layout)
{
    return (layout->n_slots + 1) / 2;
}

/* Of a target that was checked, with its own options. Texts are static. */
void rig_layout_read(const struct rig_target_spec *target, struct rig_layout *layout);
/* Lays options over it. */
void rig_layout_apply(struct rig_layout *layout, const struct rig_options_spec *options);
/* Whether all options that are written have a meaning for its bootloader. RIG_ERROR_UNSUPPORTED names the
 * first that has none. */
bool rig_layout_takes(const struct rig_layout *layout, const struct rig_record *options,
                      GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* The same of one option, whatever its value. */
bool rig_layout_has_option(const struct rig_layout *layout, const char *option);
/* Works out again what follows from the members that others set (mode, max_align, ...). */
void rig_layout_settle(struct rig_layout *layout);

/* false: options of encryption are written for a bootloader that decrypts nothing, where they have no effect.
 */
bool rig_layout_encrypts_as_told(const struct rig_layout *layout, const struct rig_options_spec *options);
#define RIG_LAYOUT_NOT_ENCRYPTING "'aes' and 'save-enctlv' have no effect without the option 'encrypt'"

/* Nordic: where bank 1 begins behind an application that is recorded with so many bytes; 0: none was ever
 * recorded. Legacy, dual bank: in the middle, whatever is recorded; single bank: there is no bank 1. */
void rig_layout_move_bank_1(struct rig_layout *layout, guint32 application_bytes);

/* Nordic: a region by its name: "mbr", "softdevice", "app-data", "bootloader", "settings", "backup". false:
 * there is none, or another family. */
bool rig_layout_region(const struct rig_layout *layout, const char *name, guint32 *begin, guint32 *n_bytes);

/* How an image is signed whose plan says this word (a choice of `sign:`, or "target": what the bootloader
 * demands). false: it is not signed. */
bool rig_layout_signs(const struct rig_layout *layout, const char *word, enum rig_key_kind *kind,
                      struct rig_signed_how *how);

/* A slot; n_slots: the scratch area. false: there is none. */
bool rig_layout_slot(const struct rig_layout *layout, guint index, struct rig_slot *slot);
/* NULL: there is none of this name. */
const struct rig_flash_device *rig_layout_device(const struct rig_layout *layout, const char *name);

/* Tells each slot or scratch area of a target that was read without error which is not on its flash device,
 * or shares bytes with another one, each flash device that stands twice, and numbers that no board has. */
void rig_layout_check(const struct rig_record *target, struct rig_diagnostics *diagnostics);

G_END_DECLS

#endif
