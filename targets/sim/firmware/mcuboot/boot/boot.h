/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The built-in MCUboot-compatible bootloader model: layouts, decision table and flash operation order of
 * upstream, for each of its modes. It touches the world only through struct sim_flash. GLib-free. Facts:
 * [SRC mcu-tools/mcuboot boot/bootutil/src: loader.c, swap_move.c, swap_scratch.c, swap_offset.c,
 * bootutil_public.c]. */
#ifndef SIM_BOOT_BOOT_H
#define SIM_BOOT_BOOT_H

#include "image/encrypt.h"
#include "image/mcuboot.h"
#include "image/trailer.h"
#include "sim/chip/flash/area.h"
#include "sim/chip/flash/flash.h"

#define SIM_BOOT_MAX_IMAGES 2
#define SIM_BOOT_MAX_OTHERS 4

enum sim_downgrade { SIM_DOWNGRADE_ALLOWED, SIM_DOWNGRADE_BY_VERSION, SIM_DOWNGRADE_BY_COUNTER };

/* Seeded defects of a bootloader: what a shipped scenario must catch. Bit set; 0 = upstream behaviour. */
enum sim_boot_defect {
    SIM_BOOT_DEFECT_ACCEPTS_UNSIGNED = 1 << 0, /* the signature is not demanded */
    SIM_BOOT_DEFECT_ACCEPTS_ANY_KEY = 1 << 1,  /* a good signature by a key that came with the image counts */
    SIM_BOOT_DEFECT_SKIPS_HASH = 1 << 2,       /* hash and signature of the bytes are not compared */
    SIM_BOOT_DEFECT_NEVER_REVERTS = 1 << 3,    /* row 3 of the decision table is missing */
    SIM_BOOT_DEFECT_FORGETS_PROGRESS = 1
                                       << 4, /* swap status records are not written: a cut swap starts anew */
    SIM_BOOT_DEFECT_NO_COPY_DONE = 1 << 5,   /* copy_done is never written */
    SIM_BOOT_DEFECT_IGNORES_DOWNGRADE = 1 << 6, /* the version and counter rules are not applied */
    SIM_BOOT_DEFECT_IGNORES_DEPENDENCY = 1 << 7,
    SIM_BOOT_DEFECT_CONFIRMS_ITSELF = 1 << 8, /* image_ok is written after every swap */
    SIM_BOOT_DEFECT_KEEPS_REJECTED =
        1 << 9, /* an invalid secondary stays pending: validated again at each boot */
    SIM_BOOT_DEFECT_ERASES_PRIMARY_FIRST = 1 << 10, /* primary is erased before the secondary was validated */
    SIM_BOOT_DEFECT_ACCEPTS_OVERSIZED =
        1 << 11, /* the size limit is not checked: the trailer overwrites the image's end */
    SIM_BOOT_DEFECT_LEAVES_PLAIN = 1 << 12, /* what goes from primary to secondary is not encrypted */
    SIM_BOOT_DEFECT_FORGETS_KEYS = 1 << 13, /* trailers get no image keys: a cut swap cannot go on */
};
#define SIM_BOOT_N_DEFECTS 14
const char *sim_boot_defect_name(unsigned bit); /* "accepts-unsigned", ... ; NULL beyond the last */

/* Results of image validation, keyed by a 128-bit hash of the image's bytes and of everything else the
 * verdict depends on. Power-cut sweeps validate identical contents thousands of times; a memo changes no
 * result and no flash operation. One memo may serve any number of configurations and flashes, in one thread.
 */
struct sim_boot_memo;
struct sim_boot_memo *sim_boot_memo_new(void); /* NULL: no memory */
void sim_boot_memo_free(struct sim_boot_memo *memo);
uint64_t sim_boot_memo_n_hits(const struct sim_boot_memo *memo);

struct sim_boot_config {
    enum rig_swap_mode mode;
    struct sim_area primary[SIM_BOOT_MAX_IMAGES];
    struct sim_area secondary[SIM_BOOT_MAX_IMAGES];
    struct sim_area scratch;
    struct sim_area others[SIM_BOOT_MAX_OTHERS]; /* a foreign bootloader's own: settings, counters */
    unsigned n_others;
    unsigned n_images;
    uint32_t max_align;      /* BOOT_MAX_ALIGN */
    uint32_t max_sectors;    /* BOOT_MAX_IMG_SECTORS */
    bool validate_primary;   /* MCUBOOT_VALIDATE_PRIMARY_SLOT */
    bool minimal_scramble;   /* MCUBOOT_MINIMAL_SCRAMBLE: a rejected image loses header and trailer only */
    uint32_t logical_sector; /* MCUBOOT_LOGICAL_SECTOR_SIZE: bytes of the sectors that it counts in; 0: the
                                part's */
    bool verify_logical_sectors; /* MCUBOOT_VERIFY_LOGICAL_SECTORS */
    enum sim_downgrade downgrade;
    bool hw_rollback;         /* MCUBOOT_HW_ROLLBACK_PROT: security_counter[] is the device's store, or */
    struct sim_area counters; /* this: little-endian words, the same number for each image, of which the last
                                 one that is written counts. For explorations: a counter is state, too */
    bool overwrite_fast;      /* MCUBOOT_OVERWRITE_ONLY_FAST */
    bool bootstrap;           /* MCUBOOT_BOOTSTRAP */
    bool stays; /* images are brought to their place, and none is started: serial recovery was asked for */
    bool swap_fixes; /* not upstream: a revert that is cut twice, or whose magic is torn, is neither lost nor
                        started over on a half-written slot (section 5 of the reference sheet); swap-offset
                        finds the old image's header up to the end */
    uint32_t ram_start; /* IMAGE_EXECUTABLE_RAM_START, _SIZE: RAM load only */
    uint32_t ram_bytes;
    enum rig_encrypt_kind encryption; /* MCUBOOT_ENCRYPT_*; NONE: built without encryption, or foreign */
    unsigned aes_bits;                /* with encryption: 128 or 256 */
    const struct rig_encrypt_key *encryption_key; /* with encryption: the private key; borrowed */
    bool save_enctlv;   /* MCUBOOT_SWAP_SAVE_ENCTLV: trailers hold key TLVs instead of plain keys */
    uint32_t key_bytes; /* of an image key in the trailers, see image/trailer.h; also of a foreign
                           bootloader's. With encryption: aes_bits / 8, or the bytes of the key TLV */
    bool need_signature;
    struct rig_signed_how how;         /* hash, key and signature stand in images */
    const struct rig_key *const *keys; /* borrowed */
    size_t n_keys;
    uint32_t defects;           /* enum sim_boot_defect */
    struct sim_boot_memo *memo; /* borrowed; NULL: every validation is computed */
};

enum sim_boot_outcome {
    SIM_BOOT_RUNS,     /* chainload image 0 */
    SIM_BOOT_NO_IMAGE, /* nothing bootable: the board stays in the bootloader */
    SIM_BOOT_POWER_LOST,
    SIM_BOOT_ASSERT,      /* an assertion of the bootloader: halts */
    SIM_BOOT_FLASH_FAULT, /* the flash refused an operation (unaligned, not erased): a bug of the bootloader
                             or a wrong layout */
    SIM_BOOT_CRASH, /* a foreign bootloader only: it crashed, called abort() or exit(), or came to no end;
                       `assertion` says which */
};

/* Why an update that was asked for did not happen. */
enum sim_boot_refusal {
    SIM_BOOT_NOT_REFUSED,
    SIM_BOOT_REFUSED_EMPTY,        /* no header in the slot, or a header that says it is not bootable */
    SIM_BOOT_REFUSED_INVALID,      /* sim_boot_result.secondary says why */
    SIM_BOOT_REFUSED_WRONG_SECTOR, /* swap-offset: the image starts in the first sector */
    SIM_BOOT_REFUSED_COUNTER,      /* security counter missing or below the device's */
    SIM_BOOT_REFUSED_DOWNGRADE,
    SIM_BOOT_REFUSED_DEPENDENCY,
};

struct sim_boot_result {
    enum sim_boot_outcome outcome;
    enum rig_swap_type swap_type[SIM_BOOT_MAX_IMAGES]; /* what was decided at this boot, resume included */
    bool resumed[SIM_BOOT_MAX_IMAGES];                 /* a swap in progress was finished */
    enum rig_image_status
        secondary[SIM_BOOT_MAX_IMAGES]; /* why a pending image was refused; RIG_IMAGE_OK otherwise */
    enum rig_image_status primary[SIM_BOOT_MAX_IMAGES];
    enum sim_boot_refusal refusal[SIM_BOOT_MAX_IMAGES];
    unsigned slot[SIM_BOOT_MAX_IMAGES];   /* RUNS: which one; 0 in the modes that move images */
    uint32_t ram_at[SIM_BOOT_MAX_IMAGES]; /* RUNS, RAM load: where in RAM */
    char assertion[192];                  /* ASSERT, FLASH_FAULT, CRASH: what happened */
};

/* log() gets one line without line end per message, in MCUboot's own words where it has some ("Swap type:
 * test"). It may turn the flash's power off (a cut aimed at a console line). security_counter has n_images
 * entries, updated in place; may be NULL without hw_rollback. */
void sim_boot_run(const struct sim_boot_config *config, struct sim_flash *flash, uint32_t *security_counter,
                  void (*log)(void *user, char level, const char *line), void *user,
                  struct sim_boot_result *result);

/* Whether this piece of a console line is the model's way of saying something: a foreign bootloader may say
 * it otherwise, or not at all. */
bool sim_boot_prints(const char *piece);

/* bootutil_img_validate(): header, size, hash, signature and counter of an image that starts so many bytes
 * into its slot. */
bool sim_boot_is_valid(const struct sim_boot_config *config, const struct sim_flash *flash, unsigned image,
                       unsigned slot, uint32_t skipped);

/* Trailer geometry of an area under this configuration; slot: an area of config->primary/secondary, or the
 * scratch area. */
void sim_boot_geometry(const struct sim_boot_config *config, const struct sim_flash *flash,
                       const struct sim_area *slot, struct rig_trailer_geometry *geometry);
/* A reader over an area, as a probe sees it (works without power). storage must outlive the source. */
struct sim_area_reader {
    const struct sim_flash *flash;
    struct sim_area area;
    bool powered_only;        /* true: as the firmware sees it */
    enum sim_status *failure; /* why the flash refused the last read that it did refuse; NULL: not wanted */
};
struct rig_image_source sim_area_source(const struct sim_area_reader *storage);

/* Largest image (header through last TLV byte) that this configuration accepts for an image index. */
uint32_t sim_boot_max_image_bytes(const struct sim_boot_config *config, const struct sim_flash *flash,
                                  unsigned image);

/* Why slots and scratch area cannot be swapped in this mode, in the words that the bootloader has for it:
 * false: they can. The number of sectors is not looked at: what it may be is an option (max_sectors). */
bool sim_boot_layout_fault(const struct sim_boot_config *config, const struct sim_flash *flash, char *text,
                           size_t n_text);

/* Application side, as bootutil_public.c does it: the order of flash writes matters. SIM_NOT_ERASED: the
 * trailer's magic is bad, nothing was written; SIM_OUT_OF_RANGE: no such image. A good magic makes
 * set_pending() do nothing, an unset one set_confirmed(). */
enum sim_status sim_boot_set_pending(const struct sim_boot_config *config, struct sim_flash *flash,
                                     unsigned image, bool permanent);
enum sim_status sim_boot_set_confirmed(const struct sim_boot_config *config, struct sim_flash *flash,
                                       unsigned image);
/* Where one of two slots is chosen, the library has another rule (MCUBOOT_BOOTUTIL_LIB_FOR_DIRECT_XIP): magic
 * where it is unset; to confirm, or for the slot that runs, copy_done and image_ok where they are unset.
 * SIM_NOT_ERASED: the magic is bad, nothing was written. */
enum sim_status sim_boot_set_next(const struct sim_boot_config *config, struct sim_flash *flash,
                                  unsigned image, unsigned slot, bool confirm);
/* The swap type that the trailers ask for at the next boot. */
enum rig_swap_type sim_boot_swap_type(const struct sim_boot_config *config, const struct sim_flash *flash,
                                      unsigned image);

#endif
