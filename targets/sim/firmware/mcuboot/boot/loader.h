/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the files of the bootloader model share: the state of one run, flash access that stops at a power cut,
 * trailers, slots. Facts: [SRC mcu-tools/mcuboot boot/bootutil/src], section numbers are those of the
 * project's MCUboot reference sheet. */
#ifndef SIM_BOOT_LOADER_H
#define SIM_BOOT_LOADER_H

#include "sim/firmware/mcuboot/boot/boot.h"

#include <string.h>

enum boot_slot { BOOT_PRIMARY, BOOT_SECONDARY, BOOT_NO_SLOT };
enum boot_source { SOURCE_NONE, SOURCE_SCRATCH, SOURCE_PRIMARY };
enum boot_phase { PHASE_MOVE, PHASE_SWAP };

/* How far a swap has come; steps and states count from 0. */
struct boot_progress {
    enum boot_source source;
    enum boot_phase phase; /* PHASE_MOVE in move mode only */
    uint32_t step;
    uint32_t state;
    uint32_t swap_size;
    unsigned swap_type; /* low nibble of swap_info, as it stands there; enum rig_swap_type when it is known */
    bool use_scratch;   /* scratch mode: the records of this step live in scratch */
};

struct boot_image {
    struct rig_image_header header[2]; /* by enum boot_slot; as last read, also where that is no header */
    uint32_t secondary_offset;         /* offset mode: where the image starts in the secondary slot */
    bool offset_known;                 /* bootstrap: it was seen there */
    uint16_t tlv_bytes[2];             /* offset mode: unprotected TLV area of each image */
    enum rig_swap_type type;           /* what this boot does */
    uint32_t tiled_bytes;              /* of the slots, where their sectors were found to fit each other */
    bool secondary_unread;             /* more sectors than the table has room for */
    /* Modes that choose one of two equal slots: */
    bool available[2];     /* a header that may be tried */
    enum boot_slot active; /* the slot that was chosen */
    bool confirmed;        /* image_ok of that slot */
    uint32_t ram_at, ram_bytes;
};

/* Keys of the image that a run is about; by enum boot_slot: of the image that the swap began with there. */
struct boot_crypt {
    /* As the trailers hold them, filled up with ones; bootutil's boot_status. */
    uint8_t key[2][RIG_IMAGE_KEY_MAX_BYTES];
    uint8_t tlv[2][RIG_ENCRYPT_TLV_MAX_BYTES];
    struct rig_ctr *cipher[2]; /* NULL: there is no valid key */
};

static inline void boot_crypt_reset(struct boot_crypt *crypt)
{
    memset(crypt->key, 0xff, sizeof crypt->key);
    memset(crypt->tlv, 0xff, sizeof crypt->tlv);
}

/* A verdict on an image, by a hash of everything that it depends on. */
struct memo_key {
    uint64_t lane[2];
};
struct verdict {
    bool used;
    struct memo_key key;
    enum rig_image_status status;
};
/* An image key: the private operation costs more than all the rest of a boot. */
struct unwrapped {
    bool used;
    enum rig_encrypt_kind encryption;
    unsigned aes_bits;
    uint8_t key_id[RIG_IMAGE_HASH_BYTES];
    uint8_t tlv[RIG_ENCRYPT_TLV_MAX_BYTES];
    enum rig_image_status status;
    uint8_t image_key[RIG_IMAGE_KEY_MAX_BYTES];
};
#define BOOT_N_VERDICTS 4096u
#define BOOT_N_UNWRAPPED 64u
struct sim_boot_memo {
    uint64_t n_hits;
    struct verdict entries[BOOT_N_VERDICTS];
    struct unwrapped unwrapped[BOOT_N_UNWRAPPED];
};

/* One run. When `stopped`, every flash access does nothing and reads say so; nothing may be decided any more.
 */
struct boot {
    const struct sim_boot_config *config;
    struct sim_flash *flash;
    uint32_t *counter;
    void (*log)(void *user, char level, const char *line);
    void *user;
    struct sim_boot_result *result;
    bool stopped;
    enum sim_status flash_status; /* of the access that stopped the run */
    unsigned current;             /* image index */
    struct boot_image images[SIM_BOOT_MAX_IMAGES];
    struct boot_progress progress;
    struct boot_crypt crypt;
};

/* area.c: the state of a run, and areas of the flash */
void boot_say(struct boot *boot, char level, const char *format, ...) __attribute__((format(printf, 3, 4)));
void boot_assert_failed(struct boot *boot, const char *format, ...) __attribute__((format(printf, 2, 3)));
void boot_flash_status(struct boot *boot, enum sim_status status); /* stops the run unless SIM_OK */
void boot_chainload(struct boot *boot, enum boot_slot slot);       /* of image 0; the run ends well */
static inline struct boot_image *boot_image(struct boot *boot)
{
    return &boot->images[boot->current];
}
static inline bool boot_has_defect(const struct boot *boot, enum sim_boot_defect defect)
{
    return (boot->config->defects & (uint32_t)defect) != 0;
}
static inline bool boot_is_upgrade(enum rig_swap_type type)
{
    return type == RIG_SWAP_TYPE_TEST || type == RIG_SWAP_TYPE_PERM || type == RIG_SWAP_TYPE_REVERT;
}
const struct sim_area *boot_area(const struct boot *boot, enum boot_slot slot);
/* Whether a revert has to be written into the secondary's trailer before primary's is erased. A torn magic
 * there is none; upstream takes it for one. */
static inline bool boot_must_announce(const struct boot *boot, enum rig_trailer_magic secondary)
{
    return secondary == RIG_MAGIC_UNSET || (boot->config->swap_fixes && secondary == RIG_MAGIC_BAD);
}

/* Offsets are from the area's start. An erase goes sector by sector, one operation each; on a part without an
 * erase there is none: the area is ready to be written. */
bool area_read(struct boot *boot, const struct sim_area *area, uint32_t offset, void *into, size_t n_bytes);
void area_write(struct boot *boot, const struct sim_area *area, uint32_t offset, const void *bytes,
                size_t n_bytes);
void area_erase(struct boot *boot, const struct sim_area *area, uint32_t offset, uint32_t n_bytes);
/* bootutil's boot_scramble_region(): what stands there must not be taken for anything afterwards. Erases; on
 * a part without an erase it writes the erased value, unit by unit. */
void area_scramble(struct boot *boot, const struct sim_area *area, uint32_t offset, uint32_t n_bytes);
void area_scramble_backwards(struct boot *boot, const struct sim_area *area, uint32_t offset,
                             uint32_t n_bytes);
uint8_t area_erased(const struct sim_flash *flash, const struct sim_area *area);
/* The sector holding an offset of the area, as the bootloader counts; false beyond its end. */
bool area_sector(const struct boot *boot, const struct sim_area *area, uint32_t offset, uint32_t *start,
                 uint32_t *n_bytes);
uint32_t area_first_sector_bytes(const struct boot *boot, const struct sim_area *area);
struct sim_area area_from(const struct sim_area *area, uint32_t offset); /* the rest of it */
struct sim_area_reader slot_reader(const struct boot *boot,
                                   enum boot_slot slot); /* from where its image starts */

/* decide.c: sections 2, 3 and 5 of the sheet */
bool trailer_read(struct boot *boot, const struct sim_area *area,
                  struct rig_trailer *trailer); /* fixed fields only */
bool trailer_layout(struct boot *boot, const struct sim_area *area, struct rig_trailer_layout *layout);
void trailer_write_magic(struct boot *boot, const struct sim_area *area);
void trailer_write_image_ok(struct boot *boot, const struct sim_area *area);
void trailer_write_copy_done(struct boot *boot, const struct sim_area *area);
void trailer_write_swap_info(struct boot *boot, const struct sim_area *area, unsigned type, unsigned image);
void trailer_write_swap_size(struct boot *boot, const struct sim_area *area, uint32_t swap_size);
void trailer_write_keys(struct boot *boot, const struct sim_area *area); /* with encryption only */
/* Into boot->crypt; false: there is none, or it cannot be read. */
bool trailer_read_key(struct boot *boot, const struct sim_area *area, enum boot_slot slot);
void trailer_erase(struct boot *boot, const struct sim_area *area); /* "T": scrambled, last sector first */
/* Where that begins, with a trailer of records of so many bytes. */
uint32_t trailer_scramble_start(struct boot *boot, const struct sim_area *area, uint32_t record);
void trailer_start_swap(struct boot *boot,
                        const struct sim_area *area); /* all fields of a starting swap, magic last */
void trailer_write_record(struct boot *boot);
uint32_t record_bytes(
    const struct boot *boot); /* distance of status records: the larger write size of primary and scratch */
uint32_t trailer_bytes(struct boot *boot); /* of a slot, with that record size */
uint32_t scratch_trailer_bytes(struct boot *boot);

enum rig_swap_type decide_swap_type(struct boot *boot, bool loud);
bool progress_is_reset(const struct boot *boot);
void progress_read(
    struct boot *boot); /* status source and records; asserts on inconsistent records where upstream does */
/* bootutil's boot_find_status(): where the fields of a swap in progress are read; NULL: nothing can be read.
 */
const struct sim_area *progress_area(struct boot *boot);
bool progress_swap_size(struct boot *boot, uint32_t *swap_size);

/* crypt.c: sections 4 and 7 */
/* image_offset: where in its image that lies which is copied: the payload is encrypted on its way out of
 * primary and decrypted on its way there. */
void area_copy(struct boot *boot, const struct sim_area *from, uint32_t from_offset,
               const struct sim_area *to, uint32_t to_offset, uint32_t n_bytes, uint32_t image_offset);
void crypt_forget(struct boot *boot); /* the keys of the image that the run was about */
/* Of an image in the secondary slot that is encrypted: reads through *source, which must be its plain one,
 * become decrypted. storage must outlive it. */
enum rig_image_status crypt_open(struct boot *boot, enum boot_slot slot, struct rig_decrypted_image *storage,
                                 struct rig_image_source *source);
/* Loads the keys of the images in that slot and the ones behind it; false: stopped. */
bool crypt_start_swap(struct boot *boot, enum boot_slot first);
void crypt_resume_swap(struct boot *boot); /* the keys come out of the trailer */

/* swap.c: section 4 */
/* bootutil's boot_read_image_headers(): with_progress follows a swap in progress; false: no header where one
 * is demanded. */
bool headers_read(struct boot *boot, bool require_all, bool with_progress);
bool header_is_erased(struct boot *boot, enum boot_slot slot);
bool image_size(struct boot *boot, enum boot_slot slot, uint32_t *n_bytes);

/* slots.c: section 6 */
bool slots_read_sectors(struct boot *boot); /* false: nor are the headers read then, and nothing boots */
bool slots_are_compatible(struct boot *boot);
uint32_t slots_max_image_bytes(struct boot *boot, const struct sim_area *area);
/* Start and end of the first sector that holds trailer bytes. */
void slots_first_trailer_sector(struct boot *boot, const struct sim_area *area, uint32_t trailer,
                                uint32_t *start, uint32_t *end);

/* validate.c */
bool validate_slot(struct boot *boot, enum boot_slot slot, enum rig_swap_type expected);
/* Of two equal slots: an invalid image is erased, whichever slot it is in. Of a single slot: it stays. */
bool validate_equal_slot(struct boot *boot, enum boot_slot slot);
void slot_reject(struct boot *boot, enum boot_slot slot); /* erases it */
bool downgrade_allowed(struct boot *boot);
/* Raises the stored counter to that of the image in the slot; false: it has none. */
bool counter_update(struct boot *boot, enum boot_slot slot);
bool slot_dependencies_met(struct boot *boot, enum boot_slot slot);

/* xip.c */
void xip_run(struct boot *boot);

/* boot->progress.swap_size is known */
void swap_move_run(struct boot *boot);
void swap_scratch_run(struct boot *boot);
void swap_offset_run(struct boot *boot);

#endif
