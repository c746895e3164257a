/* SPDX-License-Identifier: GPL-3.0-or-later */
/* May an image run: header, size, hash, signature, downgrade, dependencies; and the memo of such verdicts. */
#include "sim/firmware/mcuboot/boot/loader.h"
#include "base/bytes.h"
#include "image/key.h"

#include <stdlib.h>
#include <string.h>

#define HEADER_MAGIC_BYTES 4u /* ih_magic */

struct sim_boot_memo *sim_boot_memo_new(void)
{
    return calloc(1, sizeof(struct sim_boot_memo));
}

void sim_boot_memo_free(struct sim_boot_memo *memo)
{
    free(memo);
}

uint64_t sim_boot_memo_n_hits(const struct sim_boot_memo *memo)
{
    return memo->n_hits;
}

static struct verdict *entry_of(struct sim_boot_memo *memo, const struct memo_key *key)
{
    return &memo->entries[(key->lane[0] ^ key->lane[1] >> 17) % BOOT_N_VERDICTS];
}

static bool memo_find(struct sim_boot_memo *memo, const struct memo_key *key, enum rig_image_status *status)
{
    const struct verdict *entry = entry_of(memo, key);
    if (!entry->used || entry->key.lane[0] != key->lane[0] || entry->key.lane[1] != key->lane[1]) {
        return false;
    }
    *status = entry->status;
    memo->n_hits++;
    return true;
}

static void memo_keep(struct sim_boot_memo *memo, const struct memo_key *key, enum rig_image_status status)
{
    *entry_of(memo, key) = (struct verdict){.used = true, .key = *key, .status = status};
}

static bool has_signature(const struct rig_image_source *source, const struct rig_image_layout *layout)
{
    struct rig_image_tlv_cursor cursor = {0};
    struct rig_image_tlv_entry entry;
    while (rig_image_next_tlv(source, layout, &cursor, &entry) == RIG_IMAGE_OK) {
        if (entry.type == RIG_IMAGE_TLV_RSA2048_PSS || entry.type == RIG_IMAGE_TLV_RSA3072_PSS ||
            entry.type == RIG_IMAGE_TLV_ECDSA_SIG || entry.type == RIG_IMAGE_TLV_ED25519) {
            return true;
        }
    }
    return false;
}

/* NO_SIGNATURE stands for two different images: one without a signature, and one that is signed with a key
 * nobody knows. */
static bool defect_tolerates(struct boot *boot, const struct rig_image_source *source,
                             const struct rig_image_layout *layout)
{
    return boot_has_defect(boot, has_signature(source, layout) ? SIM_BOOT_DEFECT_ACCEPTS_ANY_KEY
                                                               : SIM_BOOT_DEFECT_ACCEPTS_UNSIGNED);
}

static enum rig_image_status verify(struct boot *boot, const struct rig_image_source *source,
                                    struct rig_image_policy *policy)
{
    struct rig_image_layout layout;
    enum rig_image_status status = rig_image_verify(source, policy, &layout);
    if (status == RIG_IMAGE_NO_SIGNATURE && defect_tolerates(boot, source, &layout)) {
        policy->need_signature = false;
        status = rig_image_verify(source, policy, &layout);
    }
    return status;
}

static void mix(struct memo_key *key, uint64_t word)
{
    key->lane[0] = (key->lane[0] ^ word) * 0x9e3779b97f4a7c15u;
    key->lane[0] ^= key->lane[0] >> 31;
    key->lane[1] = (key->lane[1] + word) * 0xd6e8feb86659fd93u;
    key->lane[1] ^= key->lane[1] >> 29;
}

static void mix_bytes(struct memo_key *key, const uint8_t *bytes, size_t n_bytes)
{
    for (size_t at = 0; at < n_bytes; at += sizeof(uint64_t)) {
        uint64_t word = 0;
        size_t left = n_bytes - at;
        memcpy(&word, bytes + at, left < sizeof word ? left : sizeof word);
        mix(key, word);
    }
}

/* Everything that a verdict depends on: the bytes of the image, and what the bootloader was built to demand.
 */
static bool key_of(struct boot *boot, const struct sim_area *area, const struct rig_image_policy *policy,
                   uint32_t n_image, struct memo_key *key)
{
    if (!sim_flash_range_hash(boot->flash, area->device, area->offset, n_image, key->lane)) {
        return false;
    }
    mix(key, policy->max_image_bytes);
    mix(key, area->n_bytes);
    mix(key, boot->config->defects);
    mix(key, policy->need_signature);
    mix(key, policy->check_hash);
    mix(key, policy->decrypted);
    mix(key,
        (uint64_t)policy->how.hash_type << 2 | (uint64_t)policy->how.pure << 1 | policy->how.key_in_image);
    for (size_t i = 0; i < policy->n_keys; i++) {
        mix_bytes(key, rig_key_hash(policy->keys[i]), RIG_IMAGE_HASH_BYTES);
    }
    return true;
}

static enum rig_image_status verify_or_recall(struct boot *boot, enum boot_slot slot,
                                              struct rig_image_policy *policy)
{
    struct sim_area_reader reader = slot_reader(boot, slot);
    struct rig_image_source source = sim_area_source(&reader);
    struct rig_decrypted_image decrypted;
    struct rig_image_layout layout;
    struct memo_key key;
    enum rig_image_status status = crypt_open(boot, slot, &decrypted, &source);
    if (status != RIG_IMAGE_OK) {
        return status;
    }
    bool keyed = boot->config->memo != NULL &&
                 rig_image_read_layout(&source, policy->max_image_bytes, &layout) == RIG_IMAGE_OK &&
                 key_of(boot, &reader.area, policy, layout.end, &key);
    if (keyed && slot == BOOT_SECONDARY) {
        mix_bytes(&key, boot->crypt.key[slot], RIG_IMAGE_KEY_MAX_BYTES);
    }
    if (keyed && memo_find(boot->config->memo, &key, &status)) {
        return status;
    }
    status = verify(boot, &source, policy);
    if (keyed && status != RIG_IMAGE_READ_FAILED && status != RIG_IMAGE_CRYPTO_FAILED) {
        memo_keep(boot->config->memo, &key, status);
    }
    return status;
}

static enum rig_image_status check_image(struct boot *boot, enum boot_slot slot)
{
    const struct sim_boot_config *config = boot->config;
    if (boot_image(boot)->header[slot].magic != RIG_IMAGE_MAGIC) {
        return RIG_IMAGE_BAD_MAGIC;
    }
    bool any_size = boot_has_defect(boot, SIM_BOOT_DEFECT_ACCEPTS_OVERSIZED);
    struct rig_image_policy policy = {
        .check_hash = !boot_has_defect(boot, SIM_BOOT_DEFECT_SKIPS_HASH),
        .need_signature = config->need_signature,
        .how = config->how,
        .keys = config->keys,
        .n_keys = config->n_keys,
        .decrypted = config->encryption != RIG_ENCRYPT_NONE,
        .max_image_bytes = any_size ? UINT32_MAX : slots_max_image_bytes(boot, boot_area(boot, slot))};
    if (boot->stopped) {
        return RIG_IMAGE_READ_FAILED;
    }
    return verify_or_recall(boot, slot, &policy);
}

static bool read_counter(struct boot *boot, enum boot_slot slot, uint32_t *counter)
{
    struct sim_area_reader reader = slot_reader(boot, slot);
    struct rig_image_source source = sim_area_source(&reader);
    struct rig_image_layout layout;
    return rig_image_read_layout(&source, UINT32_MAX, &layout) == RIG_IMAGE_OK &&
           rig_image_security_counter(&source, &layout, counter);
}

#define COUNTER_BYTES 4u

/* Where the words of the present image are. */
static struct sim_area counter_words(const struct boot *boot)
{
    struct sim_area words = boot->config->counters;
    words.n_bytes = words.n_bytes / boot->config->n_images / COUNTER_BYTES * COUNTER_BYTES;
    words.offset += boot->current * words.n_bytes;
    return words;
}

/* The device's counter, and where the next word goes. */
static uint32_t stored_counter(struct boot *boot, uint32_t *next)
{
    struct sim_area words = counter_words(boot);
    uint32_t stored = 0;
    *next = 0;
    if (words.n_bytes == 0) {
        return boot->counter != NULL ? boot->counter[boot->current] : 0;
    }
    for (; *next < words.n_bytes; *next += COUNTER_BYTES) {
        uint8_t bytes[COUNTER_BYTES];
        if (!area_read(boot, &words, *next, bytes, sizeof bytes) || rig_get_le32(bytes) == UINT32_MAX) {
            break;
        }
        stored = rig_get_le32(bytes);
    }
    return stored;
}

static void store_counter(struct boot *boot, uint32_t counter, uint32_t next)
{
    struct sim_area words = counter_words(boot);
    uint8_t bytes[COUNTER_BYTES];
    if (words.n_bytes > 0) {
        rig_put_le32(bytes, counter);
        area_write(boot, &words, next, bytes, sizeof bytes);
    } else if (boot->counter != NULL) {
        boot->counter[boot->current] = counter;
    }
}

static bool counter_is_met(struct boot *boot, enum boot_slot slot)
{
    uint32_t counter;
    if (!boot->config->hw_rollback || boot_has_defect(boot, SIM_BOOT_DEFECT_IGNORES_DOWNGRADE)) {
        return true;
    }
    uint32_t next;
    uint32_t stored = stored_counter(boot, &next);
    if (!read_counter(boot, slot, &counter)) {
        boot_say(boot, 'E', "sim: Image has no security counter");
        return false;
    }
    if (counter < stored) {
        boot_say(boot, 'E', "Image security counter value %u lower than monotonic value %u",
                 (unsigned)counter, (unsigned)stored);
        return false;
    }
    return true;
}

bool counter_update(struct boot *boot, enum boot_slot slot)
{
    uint32_t counter;
    if (!read_counter(boot, slot, &counter)) {
        return boot_has_defect(boot, SIM_BOOT_DEFECT_IGNORES_DOWNGRADE);
    }
    uint32_t next;
    if (counter > stored_counter(boot, &next)) {
        store_counter(boot, counter, next);
    }
    return !boot->stopped;
}

/* Header and trailer. The image starts in the second sector with swap-offset, whatever swap put it where it
 * is. */
static void scramble_ends(struct boot *boot, enum boot_slot slot)
{
    const struct sim_area *area = boot_area(boot, slot);
    const struct sim_flash_device_config *device = sim_flash_device(boot->flash, area->device);
    uint32_t header = boot->config->mode == RIG_SWAP_OFFSET && slot == BOOT_SECONDARY
                          ? area_first_sector_bytes(boot, area)
                          : 0;
    uint32_t start = header;
    uint32_t n_bytes = rig_round_up(HEADER_MAGIC_BYTES, device->write_bytes);
    if (!device->no_erase && !area_sector(boot, area, header, &start, &n_bytes)) {
        boot_flash_status(boot, SIM_OUT_OF_RANGE);
        return;
    }
    area_scramble(boot, area, start, n_bytes);
    uint32_t trailer = trailer_scramble_start(boot, area, 0);
    area_scramble_backwards(boot, area, trailer, area->n_bytes - trailer);
}

/* bootutil's boot_scramble_slot() */
void slot_reject(struct boot *boot, enum boot_slot slot)
{
    const struct sim_area *area = boot_area(boot, slot);
    if (boot_has_defect(boot, SIM_BOOT_DEFECT_KEEPS_REJECTED)) {
        return;
    }
    if (boot->config->minimal_scramble) {
        scramble_ends(boot, slot);
    } else {
        area_scramble(boot, area, 0, area->n_bytes);
    }
}

/* An image that was rejected is erased from its start; a cut in that leaves a trailer without an image, which
 * would keep the slot pending for good. */
static void drop_stray_trailers(struct boot *boot)
{
    if (boot->config->mode == RIG_SWAP_OVERWRITE) {
        return;
    }
    trailer_erase(boot, boot_area(boot, BOOT_SECONDARY));
    if (boot->config->mode == RIG_SWAP_MOVE && (boot->progress.swap_type == RIG_SWAP_TYPE_REVERT ||
                                                decide_swap_type(boot, false) == RIG_SWAP_TYPE_REVERT)) {
        trailer_erase(boot, boot_area(boot, BOOT_PRIMARY));
        boot_say(boot, 'I', "Cleared image %u primary slot trailer due to stuck revert", boot->current);
    }
}

static bool in_wrong_sector(struct boot *boot, enum rig_swap_type expected)
{
    uint8_t bytes[RIG_IMAGE_HEADER_BYTES];
    struct rig_image_header header;
    bool fresh = expected == RIG_SWAP_TYPE_TEST || expected == RIG_SWAP_TYPE_PERM;
    if (boot->config->mode != RIG_SWAP_OFFSET || !fresh || !progress_is_reset(boot) ||
        !area_read(boot, boot_area(boot, BOOT_SECONDARY), 0, bytes, sizeof bytes)) {
        return false;
    }
    rig_image_header_decode(bytes, &header);
    if (header.magic == RIG_IMAGE_MAGIC) {
        boot_say(boot, 'E', "Secondary header magic detected in first sector, wrong upload address?");
    }
    return header.magic == RIG_IMAGE_MAGIC;
}

/* Overwrite mode has its rule here, before the image is looked at; the swap modes have theirs in
 * downgrade_allowed(). */
static bool overwrite_is_downgrade(struct boot *boot)
{
    const struct rig_image_header *headers = boot_image(boot)->header;
    if (boot->config->mode != RIG_SWAP_OVERWRITE || boot->config->downgrade == SIM_DOWNGRADE_ALLOWED ||
        boot_has_defect(boot, SIM_BOOT_DEFECT_IGNORES_DOWNGRADE) || header_is_erased(boot, BOOT_PRIMARY) ||
        rig_image_version_compare(&headers[BOOT_SECONDARY].version, &headers[BOOT_PRIMARY].version, false) >=
            0) {
        return false;
    }
    boot_say(boot, 'E', "Insufficient version in secondary slot");
    return true;
}

static bool secondary_refused(struct boot *boot, enum sim_boot_refusal why)
{
    boot->result->refusal[boot->current] = why;
    return false;
}

static bool validate_secondary(struct boot *boot, enum rig_swap_type expected)
{
    const struct rig_image_header *header = &boot_image(boot)->header[BOOT_SECONDARY];
    if (header_is_erased(boot, BOOT_SECONDARY) || (header->flags & RIG_IMAGE_FLAG_NON_BOOTABLE)) {
        drop_stray_trailers(boot);
        return secondary_refused(boot, SIM_BOOT_REFUSED_EMPTY);
    }
    enum sim_boot_refusal refusal = SIM_BOOT_NOT_REFUSED;
    if (in_wrong_sector(boot, expected)) {
        refusal = SIM_BOOT_REFUSED_WRONG_SECTOR;
    } else if (overwrite_is_downgrade(boot)) {
        slot_reject(boot, BOOT_SECONDARY);
        return secondary_refused(boot, SIM_BOOT_REFUSED_DOWNGRADE);
    } else {
        enum rig_image_status status = check_image(boot, BOOT_SECONDARY);
        boot->result->secondary[boot->current] = status;
        if (status != RIG_IMAGE_OK) {
            refusal = SIM_BOOT_REFUSED_INVALID;
        } else if (!counter_is_met(boot, BOOT_SECONDARY)) {
            refusal = SIM_BOOT_REFUSED_COUNTER;
        }
    }
    if (refusal == SIM_BOOT_NOT_REFUSED) {
        return true;
    }
    boot_say(boot, 'E', "Image in the secondary slot is not valid!");
    slot_reject(boot, BOOT_SECONDARY);
    return secondary_refused(boot, refusal);
}

static bool validate_primary(struct boot *boot)
{
    enum rig_image_status *status = &boot->result->primary[boot->current];
    if (header_is_erased(boot, BOOT_PRIMARY) ||
        (boot_image(boot)->header[BOOT_PRIMARY].flags & RIG_IMAGE_FLAG_NON_BOOTABLE)) {
        *status = RIG_IMAGE_NO_IMAGE;
        return false;
    }
    *status = check_image(boot, BOOT_PRIMARY);
    if (*status == RIG_IMAGE_OK && counter_is_met(boot, BOOT_PRIMARY)) {
        return true;
    }
    boot_say(boot, 'E', "Image in the primary slot is not valid!");
    return false;
}

bool validate_slot(struct boot *boot, enum boot_slot slot, enum rig_swap_type expected)
{
    bool valid = slot == BOOT_PRIMARY ? validate_primary(boot) : validate_secondary(boot, expected);
    /* A read that power loss cut short may look like any verdict. */
    if (!sim_flash_powered(boot->flash)) {
        boot_flash_status(boot, SIM_POWER_LOST);
    }
    return valid && !boot->stopped;
}

static enum rig_image_status *status_of(struct boot *boot, enum boot_slot slot)
{
    struct sim_boot_result *result = boot->result;
    return slot == BOOT_PRIMARY ? &result->primary[boot->current] : &result->secondary[boot->current];
}

bool validate_equal_slot(struct boot *boot, enum boot_slot slot)
{
    enum rig_image_status *status = status_of(boot, slot);
    if (boot_image(boot)->header[slot].flags & RIG_IMAGE_FLAG_NON_BOOTABLE) {
        *status = RIG_IMAGE_NO_IMAGE;
        return false;
    }
    *status = check_image(boot, slot);
    bool valid = *status == RIG_IMAGE_OK && counter_is_met(boot, slot);
    /* A read that power loss cut short may look like any verdict. */
    if (!sim_flash_powered(boot->flash)) {
        boot_flash_status(boot, SIM_POWER_LOST);
    }
    if (valid || boot->stopped || boot->config->mode == RIG_SWAP_SINGLE) {
        return valid && !boot->stopped;
    }
    boot_say(boot, 'E', "Image in the %s slot is not valid!", slot == BOOT_PRIMARY ? "primary" : "secondary");
    slot_reject(boot, slot);
    return false;
}

bool downgrade_allowed(struct boot *boot)
{
    const struct rig_image_header *headers = boot_image(boot)->header;
    bool allowed = true;
    if (boot->config->mode == RIG_SWAP_OVERWRITE ||
        boot_has_defect(boot, SIM_BOOT_DEFECT_IGNORES_DOWNGRADE)) {
        return true;
    }
    if (boot->config->downgrade == SIM_DOWNGRADE_BY_VERSION) {
        allowed = rig_image_version_compare(&headers[BOOT_SECONDARY].version, &headers[BOOT_PRIMARY].version,
                                            false) >= 0;
    } else if (boot->config->downgrade == SIM_DOWNGRADE_BY_COUNTER) {
        uint32_t primary, secondary;
        allowed = !read_counter(boot, BOOT_PRIMARY, &primary) ||
                  (read_counter(boot, BOOT_SECONDARY, &secondary) && secondary >= primary);
    }
    if (!allowed) {
        boot_say(boot, 'I', "Image %u in slot 1 erased due to downgrade prevention", boot->current);
        slot_reject(boot, BOOT_SECONDARY);
        boot->result->refusal[boot->current] = SIM_BOOT_REFUSED_DOWNGRADE;
    }
    return allowed;
}

#define MAX_DEPENDENCIES 64u

static bool is_met(struct boot *boot, const struct rig_image_dependency *dependency)
{
    if (dependency->image >= boot->config->n_images) {
        return false;
    }
    const struct boot_image *image = &boot->images[dependency->image];
    enum boot_slot slot = rig_swap_mode_chooses_slot(boot->config->mode) ? image->active
                          : boot_is_upgrade(image->type)                 ? BOOT_SECONDARY
                                                                         : BOOT_PRIMARY;
    return rig_image_version_compare(&image->header[slot].version, &dependency->minimum, false) >= 0;
}

bool slot_dependencies_met(struct boot *boot, enum boot_slot slot)
{
    bool shifted = boot->config->mode == RIG_SWAP_OFFSET && slot == BOOT_SECONDARY;
    struct sim_area_reader reader = {
        .flash = boot->flash,
        .area = area_from(boot_area(boot, slot), shifted ? boot_image(boot)->secondary_offset : 0),
        .powered_only = true};
    struct rig_image_source source = sim_area_source(&reader);
    struct rig_image_layout layout;
    struct rig_image_dependency dependencies[MAX_DEPENDENCIES];
    uint32_t n_bytes;
    /* By the header in RAM, as bootutil walks: it is not what stands in the slot when a swap could not be
     * resumed. */
    if (!image_size(boot, slot, &n_bytes)) {
        return false;
    }
    if (boot_image(boot)->header[slot].protected_tlv_bytes == 0) {
        return true;
    }
    if (rig_image_read_layout(&source, UINT32_MAX, &layout) != RIG_IMAGE_OK) {
        return false;
    }
    size_t n = rig_image_dependencies(&source, &layout, dependencies, MAX_DEPENDENCIES);
    for (size_t i = 0; i < n && i < MAX_DEPENDENCIES; i++) {
        if (!is_met(boot, &dependencies[i])) {
            return false;
        }
    }
    return n <= MAX_DEPENDENCIES;
}

bool sim_boot_is_valid(const struct sim_boot_config *config, const struct sim_flash *flash, unsigned image,
                       unsigned slot, uint32_t skipped)
{
    struct sim_boot_result ignored = {0};
    /* Only reads happen through this copy. */
    struct boot boot = {
        .config = config, .flash = (struct sim_flash *)flash, .result = &ignored, .current = image};
    uint8_t bytes[RIG_IMAGE_HEADER_BYTES];
    if (image >= config->n_images || slot > BOOT_SECONDARY ||
        !area_read(&boot, boot_area(&boot, (enum boot_slot)slot), skipped, bytes, sizeof bytes)) {
        return false;
    }
    boot.images[image].secondary_offset = skipped;
    rig_image_header_decode(bytes, &boot.images[image].header[slot]);
    return check_image(&boot, (enum boot_slot)slot) == RIG_IMAGE_OK &&
           counter_is_met(&boot, (enum boot_slot)slot);
}
