/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Encrypted images: their keys, out of key TLVs and in trailers, and what is decrypted and encrypted on the
 * way between slots. [SRC bootutil encrypted.c, loader.c (boot_copy_region, boot_swap_image),
 * bootutil_misc.c] */
#include "sim/firmware/mcuboot/boot/loader.h"

#include <string.h>

static bool encrypts(const struct boot *boot)
{
    return boot->config->encryption != RIG_ENCRYPT_NONE;
}

static bool is_encrypted(const struct boot *boot, enum boot_slot slot)
{
    const struct rig_image_header *header = &boot->images[boot->current].header[slot];

    return encrypts(boot) && rig_encrypt_bits_of_flags(header->flags) != 0;
}

void crypt_forget(struct boot *boot)
{
    for (int slot = BOOT_PRIMARY; slot <= BOOT_SECONDARY; slot++) {
        rig_ctr_free(boot->crypt.cipher[slot]);
        boot->crypt.cipher[slot] = NULL;
    }
}

static void set_key(struct boot *boot, enum boot_slot slot)
{
    rig_ctr_free(boot->crypt.cipher[slot]);
    boot->crypt.cipher[slot] = rig_ctr_new(boot->crypt.key[slot], boot->config->aes_bits);
}

static bool is_known(const struct boot *boot, const struct unwrapped *known, const uint8_t *tlv,
                     uint32_t n_bytes)
{
    const struct sim_boot_config *config = boot->config;
    return known->used && known->encryption == config->encryption && known->aes_bits == config->aes_bits &&
           memcmp(known->key_id, rig_encrypt_key_id(config->encryption_key), sizeof known->key_id) == 0 &&
           memcmp(known->tlv, tlv, n_bytes) == 0;
}

static struct unwrapped *place_in_memo(const struct boot *boot, const uint8_t *tlv, uint32_t n_bytes)
{
    uint32_t sum = 0;
    for (uint32_t i = 0; i < n_bytes; i++) {
        sum = sum * 31u + tlv[i];
    }
    return &boot->config->memo->unwrapped[sum % BOOT_N_UNWRAPPED];
}

static enum rig_image_status unwrap(struct boot *boot, enum boot_slot slot)
{
    const struct sim_boot_config *config = boot->config;
    const uint8_t *tlv = boot->crypt.tlv[slot];
    uint32_t n_bytes = rig_encrypt_tlv_bytes(config->encryption, config->aes_bits);
    struct unwrapped fresh = {.used = false};
    struct unwrapped *known = config->memo != NULL ? place_in_memo(boot, tlv, n_bytes) : &fresh;
    if (!is_known(boot, known, tlv, n_bytes)) {
        *known =
            (struct unwrapped){.used = true, .encryption = config->encryption, .aes_bits = config->aes_bits};
        memcpy(known->key_id, rig_encrypt_key_id(config->encryption_key), sizeof known->key_id);
        memcpy(known->tlv, tlv, n_bytes);
        known->status = rig_encrypt_unwrap(config->encryption_key, config->encryption, tlv, n_bytes,
                                           config->aes_bits, known->image_key);
    }
    if (known->status == RIG_IMAGE_OK) {
        memset(boot->crypt.key[slot], 0xff, sizeof boot->crypt.key[slot]);
        memcpy(boot->crypt.key[slot], known->image_key, config->aes_bits / 8);
    }
    return known->status;
}

/* The first key TLV of the kind that this bootloader was built for. */
static enum rig_image_status find_tlv(struct boot *boot, const struct rig_image_source *source,
                                      struct rig_image_tlv_entry *found)
{
    const struct sim_boot_config *config = boot->config;
    struct rig_image_layout layout;
    struct rig_image_tlv_cursor cursor = {0};
    enum rig_image_status status = rig_image_read_layout(source, UINT32_MAX, &layout);

    while (status == RIG_IMAGE_OK &&
           (status = rig_image_next_tlv(source, &layout, &cursor, found)) == RIG_IMAGE_OK) {
        if (found->type == rig_encrypt_tlv(config->encryption)) {
            bool whole = found->n_bytes == rig_encrypt_tlv_bytes(config->encryption, config->aes_bits);
            return whole ? RIG_IMAGE_OK : RIG_IMAGE_BAD_KEY_TLV;
        }
    }
    return status == RIG_IMAGE_NO_IMAGE ? RIG_IMAGE_NO_KEY_TLV : status;
}

/* bootutil's boot_enc_load(): the key of the image in that slot, unless there is one already. */
static enum rig_image_status load(struct boot *boot, enum boot_slot slot)
{
    struct sim_area_reader reader = slot_reader(boot, slot);
    struct rig_image_source source = sim_area_source(&reader);
    struct rig_image_tlv_entry entry;
    enum rig_image_status status;

    if (boot->crypt.cipher[slot] != NULL) {
        return RIG_IMAGE_OK;
    }
    status = find_tlv(boot, &source, &entry);
    if (status != RIG_IMAGE_OK) {
        return status;
    }
    memset(boot->crypt.tlv[slot], 0xff, sizeof boot->crypt.tlv[slot]);
    if (!source.read(source.user, entry.offset, boot->crypt.tlv[slot], entry.n_bytes)) {
        return RIG_IMAGE_READ_FAILED;
    }
    status = unwrap(boot, slot);
    if (status == RIG_IMAGE_OK) {
        set_key(boot, slot);
    }
    return status;
}

enum rig_image_status crypt_open(struct boot *boot, enum boot_slot slot, struct rig_decrypted_image *storage,
                                 struct rig_image_source *source)
{
    if (slot != BOOT_SECONDARY || !is_encrypted(boot, slot)) {
        return RIG_IMAGE_OK;
    }
    enum rig_image_status status = load(boot, slot);
    *storage = (struct rig_decrypted_image){
        .inner = *source, .header = boot_image(boot)->header[slot], .ctr = boot->crypt.cipher[slot]};
    *source = rig_encrypt_decrypting_source(storage);
    return status;
}

/* An image without a key TLV is no error here, as in bootutil: what has to be encrypted for it fails later.
 */
bool crypt_start_swap(struct boot *boot, enum boot_slot first)
{
    for (int slot = (int)first; slot <= BOOT_SECONDARY && encrypts(boot); slot++) {
        if (!is_encrypted(boot, (enum boot_slot)slot)) {
            memset(boot->crypt.key[slot], 0xff, sizeof boot->crypt.key[slot]);
            continue;
        }
        enum rig_image_status status = load(boot, (enum boot_slot)slot);
        if (status != RIG_IMAGE_OK && status != RIG_IMAGE_NO_KEY_TLV) {
            boot_assert_failed(boot, "the key of the %s image cannot be loaded: %s",
                               slot == BOOT_PRIMARY ? "primary" : "secondary", rig_image_status_text(status));
            return false;
        }
    }
    return true;
}

void crypt_resume_swap(struct boot *boot)
{
    const struct sim_area *area = progress_area(boot);
    for (int slot = BOOT_PRIMARY; slot <= BOOT_SECONDARY && encrypts(boot) && area != NULL; slot++) {
        if (!trailer_read_key(boot, area, (enum boot_slot)slot)) {
            boot_say(boot, 'E', "boot_read_enc_key: No key, read all 0xFF");
        } else if (!boot->config->save_enctlv || unwrap(boot, (enum boot_slot)slot) == RIG_IMAGE_OK) {
            set_key(boot, (enum boot_slot)slot);
        }
    }
}

/* The part of the chunk that lies in the payload; false: none does. */
static bool payload_part(const struct rig_image_header *header, uint32_t image_offset, uint32_t n_bytes,
                         uint32_t *skip, uint32_t *n_part)
{
    uint64_t start = header->header_bytes, end = start + header->payload_bytes;
    uint64_t from = image_offset > start ? image_offset : start, to = (uint64_t)image_offset + n_bytes;

    to = to < end ? to : end;
    *skip = (uint32_t)(from - image_offset);
    *n_part = from < to ? (uint32_t)(to - from) : 0;
    return *n_part > 0;
}

/* false: stopped, or the crypto library failed. */
static bool change_chunk(struct boot *boot, const struct sim_area *from, const struct sim_area *to,
                         uint32_t image_offset, uint8_t *chunk, uint32_t n_bytes)
{
    const struct sim_area *primary = boot_area(boot, BOOT_PRIMARY);
    /* What leaves primary is encrypted with the key of the image there, what comes decrypted with the
     * other's. */
    enum boot_slot slot = from == primary ? BOOT_PRIMARY : BOOT_SECONDARY;
    const struct rig_image_header *header = &boot_image(boot)->header[slot];
    uint32_t skip, n_part;

    if (slot == BOOT_PRIMARY && boot_has_defect(boot, SIM_BOOT_DEFECT_LEAVES_PLAIN)) {
        return true;
    }
    if ((from == primary) == (to == primary) || !is_encrypted(boot, slot) ||
        !payload_part(header, image_offset, n_bytes, &skip, &n_part)) {
        return true;
    }
    if (boot->crypt.cipher[slot] == NULL) {
        boot_assert_failed(boot, "there is no key for the image in the %s slot",
                           slot == BOOT_PRIMARY ? "primary" : "secondary");
        return false;
    }
    return rig_ctr_apply(boot->crypt.cipher[slot], image_offset + skip - header->header_bytes, chunk + skip,
                         n_part);
}

#define COPY_CHUNK_BYTES 1024u

void area_copy(struct boot *boot, const struct sim_area *from, uint32_t from_offset,
               const struct sim_area *to, uint32_t to_offset, uint32_t n_bytes, uint32_t image_offset)
{
    uint8_t chunk[COPY_CHUNK_BYTES];
    for (uint32_t done = 0; done < n_bytes && !boot->stopped;) {
        uint32_t n_now = n_bytes - done < sizeof chunk ? n_bytes - done : (uint32_t)sizeof chunk;
        if (!area_read(boot, from, from_offset + done, chunk, n_now)) {
            boot_flash_status(boot, SIM_OUT_OF_RANGE);
            return;
        }
        if (!change_chunk(boot, from, to, image_offset + done, chunk, n_now)) {
            return;
        }
        area_write(boot, to, to_offset + done, chunk, n_now);
        done += n_now;
    }
}
