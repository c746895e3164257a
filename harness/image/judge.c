/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The judgement on an image of any kind that imgtool makes: structure and hashes first, then signatures. */
#include "image/judge.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "image/compress.h"
#include "image/image_internal.h"

#define LAST_HASH_TYPE 0x1fu /* 0x10..0x1f are kept for hashes, 0x20..0x2f for signatures */
#define LAST_SIGNATURE_TYPE 0x2fu
#define FIRST_ENC_TYPE RIG_IMAGE_TLV_ENC_RSA2048
#define LAST_ENC_TYPE 0x3fu
#define MAGIC_OF_BIG_ENDIAN 0x3db8f396u /* the bytes the other way round */
#define UNPACKED_MAX_BYTES (64u << 20)
#define AES_FLAGS (RIG_IMAGE_FLAG_ENCRYPTED_AES128 | RIG_IMAGE_FLAG_ENCRYPTED_AES256)
#define LZMA_FLAGS (RIG_IMAGE_FLAG_COMPRESSED_LZMA1 | RIG_IMAGE_FLAG_COMPRESSED_LZMA2)

enum trial { UNTRIED, MATCHED, REFUSED };

/* What is known of the payload. */
enum payload {
    PLAIN,     /* the image is not encrypted */
    CLEAR,     /* it says it is, but the payload fits the hash as it is: imgtool's --clear */
    DECRYPTED, /* the secret opened it */
    SEALED,    /* it was not opened */
};

struct look {
    const struct rig_image_source *source;
    const struct rig_image_layout *layout;
    const struct rig_key *const *keys;
    size_t n_keys;
    struct rig_image_judgement *into;
    uint16_t hash_type;                       /* of the first hash; 0: none */
    uint8_t digest[RIG_IMAGE_HASH_MAX_BYTES]; /* as stored: equal to what was computed, unless encrypted */
    size_t n_digest_bytes;
    enum payload payload;
    const struct rig_encrypt_key *secret; /* NULL: none was given */
    struct rig_decrypted_image decrypted; /* DECRYPTED: what plain reads through */
    struct rig_image_source plain; /* what hash and pure signature are over; encrypted where it is SEALED */
    bool pure, not_unpacked;
    uint16_t strange_type; /* a hash or signature of a kind that is not known here; 0: none */
    unsigned n_signatures, n_encryption_keys;
    enum rig_encrypt_kind wrapped_in; /* of the last encrypted key */
    const struct rig_key *selected;   /* for the next signature */
    const struct rig_key *matched;    /* the last one that was tried */
    struct rig_key *carried;          /* owned */
    bool names_key, knows_key;        /* the image names one; one of those given */
    enum trial signature;
    enum rig_key_kind tried_kind; /* of the last signature's key */
};

static bool fail(struct look *look, enum rig_image_status status, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* Returns false, for the caller to pass on. */
static bool fail(struct look *look, enum rig_image_status status, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(look->into->why, sizeof look->into->why, format, arguments);
    va_end(arguments);
    look->into->verdict = RIG_IMAGE_FAILS;
    look->into->status = status;
    return false;
}

/* ---- structure and hashes ---- */

static bool hash_fits(const struct look *look, const struct rig_image_source *source, uint16_t type,
                      const uint8_t *stored)
{
    uint8_t computed[RIG_IMAGE_HASH_MAX_BYTES];
    size_t n_bytes = rig_image_compute_hash_of(type, source, look->layout, computed);

    return n_bytes && memcmp(stored, computed, n_bytes) == 0;
}

/* The hash of an encrypted image is that of its plaintext. */
static bool hold_against(struct look *look, uint16_t type, const uint8_t *stored)
{
    if (look->payload != PLAIN && hash_fits(look, look->source, type, stored)) {
        look->payload = CLEAR;
        look->plain = *look->source;
        return true;
    }
    if (look->payload == SEALED ||
        (look->payload == DECRYPTED && hash_fits(look, &look->plain, type, stored)) ||
        (look->payload == PLAIN && hash_fits(look, look->source, type, stored)))
        return true;
    if (look->payload == DECRYPTED)
        return fail(look, RIG_IMAGE_BAD_HASH, "the hash does not match the decrypted payload (%s)",
                    rig_image_hash_name(type));
    return fail(look, RIG_IMAGE_BAD_HASH, "the hash does not match%s%s%s",
                type == RIG_IMAGE_TLV_SHA256 ? "" : " (",
                type == RIG_IMAGE_TLV_SHA256 ? "" : rig_image_hash_name(type),
                type == RIG_IMAGE_TLV_SHA256 ? "" : ")");
}

static bool take_hash(struct look *look, const struct rig_image_tlv_entry *entry)
{
    uint8_t stored[RIG_IMAGE_HASH_MAX_BYTES];
    size_t n_bytes = rig_image_hash_bytes(entry->type);

    if (entry->n_bytes != n_bytes)
        return fail(look, RIG_IMAGE_BAD_HASH, "the %s hash has %u bytes instead of %zu",
                    rig_image_hash_name(entry->type), entry->n_bytes, n_bytes);
    if (!rig_image_read(look->source, entry->offset, stored, n_bytes))
        return fail(look, RIG_IMAGE_READ_FAILED, "%s", rig_image_status_text(RIG_IMAGE_READ_FAILED));
    if (!hold_against(look, entry->type, stored))
        return false;
    if (look->hash_type)
        return true;
    look->hash_type = entry->type;
    look->n_digest_bytes = n_bytes;
    memcpy(look->digest, stored, n_bytes);
    return true;
}

static bool take_pure(struct look *look, const struct rig_image_tlv_entry *entry)
{
    uint8_t mark = 0;

    if (entry->n_bytes != 1 || !rig_image_read(look->source, entry->offset, &mark, 1) || mark != 1)
        return fail(look, RIG_IMAGE_BAD_TLV, "the mark of a pure signature is not one byte of value 1");
    look->pure = true;
    return true;
}

/* Unwraps the image's key when this entry is for the secret. */
static bool open_with(struct look *look, const struct rig_image_tlv_entry *entry, enum rig_encrypt_kind kind,
                      unsigned aes_bits)
{
    uint8_t tlv[RIG_ENCRYPT_TLV_MAX_BYTES], image_key[RIG_IMAGE_KEY_MAX_BYTES];
    enum rig_image_status status;

    if (!look->secret || look->payload == DECRYPTED || !rig_encrypt_key_fits(look->secret, kind, aes_bits))
        return true;
    if (!rig_image_read(look->source, entry->offset, tlv, entry->n_bytes))
        return fail(look, RIG_IMAGE_READ_FAILED, "%s", rig_image_status_text(RIG_IMAGE_READ_FAILED));
    status = rig_encrypt_unwrap(look->secret, kind, tlv, entry->n_bytes, aes_bits, image_key);
    if (status)
        return fail(look, status, "%s", rig_image_status_text(status));
    look->decrypted = (struct rig_decrypted_image){
        .inner = *look->source, .header = look->layout->header, .ctr = rig_ctr_new(image_key, aes_bits)};
    OPENSSL_cleanse(image_key, sizeof image_key);
    if (!look->decrypted.ctr)
        return fail(look, RIG_IMAGE_CRYPTO_FAILED, "%s", rig_image_status_text(RIG_IMAGE_CRYPTO_FAILED));
    look->plain = rig_encrypt_decrypting_source(&look->decrypted);
    look->payload = DECRYPTED;
    return true;
}

/* [SRC image.py, encrypted.h] The key is wrapped together with what the kind needs. */
static bool take_encryption_key(struct look *look, const struct rig_image_tlv_entry *entry)
{
    unsigned aes_bits = rig_encrypt_bits_of_flags(look->layout->header.flags);
    enum rig_encrypt_kind kind;
    uint32_t wanted;

    look->n_encryption_keys++;
    if (!rig_encrypt_kind_of_tlv(entry->type, &kind) || aes_bits == 0)
        return true;
    wanted = rig_encrypt_tlv_bytes(kind, aes_bits);
    look->wrapped_in = kind;
    return entry->n_bytes == wanted
               ? open_with(look, entry, kind, aes_bits)
               : fail(look, RIG_IMAGE_BAD_KEY_TLV, "the encrypted key (%s) has %u bytes instead of %u",
                      rig_image_tlv_name(entry->type), entry->n_bytes, wanted);
}

/* The first pass: what opens the payload stands behind the hash. */
static bool take_secrets(struct look *look, const struct rig_image_tlv_entry *entry)
{
    return entry->type >= FIRST_ENC_TYPE && entry->type <= LAST_ENC_TYPE ? take_encryption_key(look, entry)
                                                                         : true;
}

static bool secret_opens(struct look *look)
{
    if (look->payload != SEALED)
        return true;
    if (look->n_encryption_keys == 0)
        return fail(look, RIG_IMAGE_NO_KEY_TLV,
                    "the header says that the payload is encrypted, but there is no encrypted key");
    return !look->secret || look->wrapped_in == RIG_ENCRYPT_NONE ||
           fail(look, RIG_IMAGE_BAD_ENCRYPTION_KEY,
                "the image's key is wrapped in another way (%s, AES-%u) than the encryption key is for (%s)",
                rig_encrypt_kind_name(look->wrapped_in),
                rig_encrypt_bits_of_flags(look->layout->header.flags),
                rig_encrypt_kind_name(rig_encrypt_key_kind(look->secret)));
}

static bool take_structure(struct look *look, const struct rig_image_tlv_entry *entry)
{
    if (rig_image_hash_bytes(entry->type))
        return take_hash(look, entry);
    if (entry->type == RIG_IMAGE_TLV_SIG_PURE)
        return take_pure(look, entry);
    if (rig_image_tlv_is_signature(entry->type))
        look->n_signatures++;
    else if (entry->type >= RIG_IMAGE_TLV_SHA256 && entry->type <= LAST_SIGNATURE_TYPE)
        look->strange_type = entry->type;
    return true;
}

/* ---- signatures ---- */

static uint16_t hash_type_of_bytes(size_t n_bytes)
{
    return n_bytes == 32   ? RIG_IMAGE_TLV_SHA256
           : n_bytes == 48 ? RIG_IMAGE_TLV_SHA384
           : n_bytes == 64 ? RIG_IMAGE_TLV_SHA512
                           : 0;
}

static bool names(const struct rig_key *key, const uint8_t *wanted, size_t n_bytes)
{
    uint8_t hash[RIG_IMAGE_HASH_MAX_BYTES];

    return rig_key_hash_of(key, hash_type_of_bytes(n_bytes), hash) == n_bytes &&
           memcmp(hash, wanted, n_bytes) == 0;
}

static bool select_by_hash(struct look *look, const struct rig_image_tlv_entry *entry)
{
    uint8_t wanted[RIG_IMAGE_HASH_MAX_BYTES];

    look->selected = NULL;
    look->names_key = true;
    if (!hash_type_of_bytes(entry->n_bytes))
        return fail(look, RIG_IMAGE_BAD_TLV, "the hash of the key has %u bytes, which is no hash's size",
                    entry->n_bytes);
    if (!rig_image_read(look->source, entry->offset, wanted, entry->n_bytes))
        return fail(look, RIG_IMAGE_READ_FAILED, "%s", rig_image_status_text(RIG_IMAGE_READ_FAILED));
    for (size_t i = 0; i < look->n_keys && !look->selected; i++) {
        if (names(look->keys[i], wanted, entry->n_bytes))
            look->selected = look->keys[i];
    }
    look->knows_key |= look->selected != NULL;
    return true;
}

static bool select_carried(struct look *look, const struct rig_image_tlv_entry *entry)
{
    uint8_t der[RIG_KEY_DER_MAX_BYTES];
    const char *why = "it is too long";

    look->selected = NULL;
    look->names_key = true;
    rig_key_free(look->carried);
    look->carried = NULL;
    if (entry->n_bytes <= sizeof der && rig_image_read(look->source, entry->offset, der, entry->n_bytes))
        look->carried = rig_key_from_public_der(der, entry->n_bytes, &why);
    if (!look->carried)
        return fail(look, RIG_IMAGE_BAD_TLV, "the public key that the image carries cannot be read: %s", why);
    for (size_t i = 0; i < look->n_keys && !look->selected; i++) {
        if (memcmp(rig_key_hash(look->keys[i]), rig_key_hash(look->carried), RIG_IMAGE_HASH_BYTES) == 0)
            look->selected = look->keys[i];
    }
    if (look->n_keys == 0)
        look->selected = look->carried;
    look->knows_key |= look->selected != NULL && look->n_keys > 0;
    return true;
}

static bool matches(const struct look *look, const struct rig_key *key,
                    const struct rig_image_tlv_entry *entry)
{
    uint8_t signature[RIG_SIGNATURE_MAX_BYTES];

    if (rig_key_signature_tlv(rig_key_kind(key)) != entry->type || entry->n_bytes > sizeof signature ||
        !rig_image_read(look->source, entry->offset, signature, entry->n_bytes))
        return false;
    if (look->pure)
        return rig_image_pure_signature_matches(&look->plain, look->layout, key, signature, entry->n_bytes);
    return look->n_digest_bytes &&
           rig_key_verify_bytes(key, look->digest, look->n_digest_bytes, signature, entry->n_bytes);
}

/* A signature that names no key is what MCUBOOT_BYPASS_KEY_MATCH builds take. */
static const struct rig_key *any_that_matches(const struct look *look,
                                              const struct rig_image_tlv_entry *entry)
{
    for (size_t i = 0; i < look->n_keys; i++) {
        if (matches(look, look->keys[i], entry))
            return look->keys[i];
    }
    return NULL;
}

/* As upstream: a key is used up by the signature behind it, and the last signature that was tried decides. */
static bool try_signature(struct look *look, const struct rig_image_tlv_entry *entry)
{
    const struct rig_key *key;

    if (look->pure && look->payload == SEALED)
        return true;
    key = look->names_key ? look->selected : any_that_matches(look, entry);
    if (key && rig_key_signature_tlv(rig_key_kind(key)) == entry->type &&
        (look->pure || look->n_digest_bytes > 0)) {
        look->matched = key;
        look->signature = matches(look, key, entry) ? MATCHED : REFUSED;
        look->tried_kind = rig_key_kind(key);
        look->selected = NULL;
    }
    return true;
}

static bool take_signature(struct look *look, const struct rig_image_tlv_entry *entry)
{
    if (entry->type == RIG_IMAGE_TLV_KEYHASH)
        return select_by_hash(look, entry);
    if (entry->type == RIG_IMAGE_TLV_PUBKEY)
        return select_carried(look, entry);
    return rig_image_tlv_is_signature(entry->type) ? try_signature(look, entry) : true;
}

static bool walk(struct look *look, bool (*take)(struct look *look, const struct rig_image_tlv_entry *entry))
{
    struct rig_image_tlv_cursor cursor = {0};
    struct rig_image_tlv_entry entry;
    enum rig_image_status status;

    while ((status = rig_image_next_tlv(look->source, look->layout, &cursor, &entry)) == RIG_IMAGE_OK) {
        if (!take(look, &entry))
            return false;
    }
    return status == RIG_IMAGE_NO_IMAGE || fail(look, status, "%s", rig_image_status_text(status));
}

/* ---- the verdict ---- */

static void tell_what_was_found(struct look *look)
{
    static const char *const payloads[] = {
        [PLAIN] = "", [CLEAR] = ", the payload is not encrypted", [DECRYPTED] = ", of the decrypted payload"};
    bool sealed = look->payload == SEALED;
    const char *name = rig_image_hash_name(look->hash_type);
    bool usual = look->hash_type == RIG_IMAGE_TLV_SHA256;

    if (name && !sealed)
        snprintf(look->into->hash, sizeof look->into->hash, "the hash matches%s%s%s%s", usual ? "" : " (",
                 usual ? "" : name, usual ? "" : ")", payloads[look->payload]);
    if (look->signature != MATCHED)
        return;
    snprintf(look->into->signature, sizeof look->into->signature, "the signature matches (%s%s)%s%s",
             rig_key_kind_name(look->tried_kind), look->pure ? ", pure: over the image itself" : "",
             sealed ? " over the stored hash" : "",
             look->n_keys == 0
                 ? " by the public key that the image carries; whether a board knows that key was "
                   "not checked (no --key)"
                 : "");
}

static bool check_hash(struct look *look)
{
    if (look->hash_type || look->pure)
        return true;
    if (look->strange_type >= RIG_IMAGE_TLV_SHA256 && look->strange_type <= LAST_HASH_TYPE)
        return true;
    return fail(look, RIG_IMAGE_NO_HASH, "%s", rig_image_status_text(RIG_IMAGE_NO_HASH));
}

static bool check_signature(struct look *look)
{
    if (look->signature == REFUSED)
        return fail(look, RIG_IMAGE_BAD_SIGNATURE, "%s", rig_image_status_text(RIG_IMAGE_BAD_SIGNATURE));
    if (look->signature == MATCHED || look->n_keys == 0 || look->strange_type ||
        (look->pure && look->payload == SEALED && look->n_signatures))
        return true;
    if (look->n_signatures == 0)
        return fail(look, RIG_IMAGE_NO_SIGNATURE, "%s: %s", rig_image_status_text(RIG_IMAGE_NO_SIGNATURE),
                    look->names_key ? "it names a key, but the signature is missing" : "it is unsigned");
    return fail(look, RIG_IMAGE_NO_SIGNATURE, "%s%s", rig_image_status_text(RIG_IMAGE_NO_SIGNATURE),
                look->knows_key   ? ": the signature is of another kind than the key that the image names"
                : look->names_key ? ""
                                  : ": it is signed, names no key, and matches none of those given");
}

/* The hash of before, and a signature over it by the key that signed the image. */
static bool check_unpacked_signature(struct look *look, const struct rig_image_tlv_entry *entry,
                                     const struct rig_unpacked_image *image)
{
    uint8_t signature[RIG_SIGNATURE_MAX_BYTES], hash[RIG_IMAGE_HASH_MAX_BYTES];
    size_t n_hash = look->n_digest_bytes;
    const struct rig_key *key = look->matched;
    bool good;

    if (!key || entry->n_bytes > sizeof signature)
        return !key;
    if (!rig_image_read(look->source, entry->offset, signature, entry->n_bytes) ||
        EVP_Digest(image->bytes, image->n_bytes, hash, NULL, rig_image_hash_algorithm(n_hash), NULL) != 1)
        return false;
    good = look->pure ? rig_key_verify_bytes(key, image->bytes, image->n_bytes, signature, entry->n_bytes)
                      : rig_key_verify_bytes(key, hash, n_hash, signature, entry->n_bytes);
    return good || fail(look, RIG_IMAGE_BAD_SIGNATURE, "the signature of the unpacked image does not match");
}

static bool check_unpacked(struct look *look, const struct rig_unpacked_image *image)
{
    struct rig_image_tlv_cursor cursor = {0};
    struct rig_image_tlv_entry entry;
    bool has_hash = false;

    while (rig_image_next_tlv(look->source, look->layout, &cursor, &entry) == RIG_IMAGE_OK) {
        uint8_t stored[RIG_IMAGE_HASH_MAX_BYTES], computed[RIG_IMAGE_HASH_MAX_BYTES];

        if (entry.type == RIG_IMAGE_TLV_DECOMP_SIGNATURE && !check_unpacked_signature(look, &entry, image))
            return look->into->verdict != RIG_IMAGE_FAILS &&
                   fail(look, RIG_IMAGE_BAD_SIGNATURE, "the signature of the unpacked image cannot be read");
        if (entry.type != RIG_IMAGE_TLV_DECOMP_SHA)
            continue;
        has_hash = true;
        if (!rig_image_hash_algorithm(entry.n_bytes) ||
            !rig_image_read(look->source, entry.offset, stored, entry.n_bytes) ||
            EVP_Digest(image->bytes, image->n_bytes, computed, NULL, rig_image_hash_algorithm(entry.n_bytes),
                       NULL) != 1 ||
            memcmp(stored, computed, entry.n_bytes) != 0)
            return fail(look, RIG_IMAGE_BAD_HASH, "the hash of the unpacked image does not match");
    }
    return has_hash || fail(look, RIG_IMAGE_NO_HASH, "there is no hash of the unpacked image");
}

static bool unpacks(struct look *look)
{
    struct rig_unpacked_image image;
    const char *why = NULL;
    enum rig_image_status status;
    bool good;

    if (!(look->layout->header.flags & LZMA_FLAGS) || look->payload == SEALED)
        return true;
    status = rig_image_unpack(&look->plain, look->layout, UNPACKED_MAX_BYTES, &image, &why);
    if (status == RIG_IMAGE_UNSUPPORTED)
        return look->not_unpacked = true;
    if (status)
        return fail(look, status, "%s", why);
    good = check_unpacked(look, &image);
    free(image.bytes);
    return good;
}

static void hold_back(struct look *look)
{
    const char *why = NULL;

    if (look->strange_type) {
        snprintf(look->into->why, sizeof look->into->why,
                 "it carries a %s of a kind that is not known here (TLV 0x%02x)",
                 look->strange_type <= LAST_HASH_TYPE ? "hash" : "signature", look->strange_type);
        look->into->verdict = RIG_IMAGE_NOT_JUDGED;
        return;
    }
    if (look->payload == SEALED)
        why = "the payload is encrypted, and its hash covers the plaintext: only who has the decryption key "
              "can "
              "tell whether it is whole (--encryption-key)";
    else if (look->payload == CLEAR && !look->secret)
        why = "the payload is whole and not encrypted; whether the encrypted key is the board's was not "
              "checked "
              "(no --encryption-key)";
    else if (look->not_unpacked)
        why = "the payload is compressed with LZMA1, which is not unpacked here";
    else if (look->pure && look->hash_type == 0 && look->signature != MATCHED)
        why = "it has a pure signature and no hash: without --key nothing can be checked";
    else if (look->signature == MATCHED && !look->names_key)
        why = "the image names no key: only a bootloader with MCUBOOT_BYPASS_KEY_MATCH or a built-in key "
              "takes it";
    if (!why)
        return;
    snprintf(look->into->why, sizeof look->into->why, "%s", why);
    look->into->verdict = RIG_IMAGE_NOT_JUDGED;
}

void rig_image_judge(const struct rig_image_source *source, const struct rig_key *const *keys, size_t n_keys,
                     const struct rig_encrypt_key *secret, uint32_t max_bytes,
                     struct rig_image_judgement *judgement)
{
    struct look look = {.source = source,
                        .plain = *source,
                        .layout = &judgement->layout,
                        .keys = keys,
                        .n_keys = n_keys,
                        .secret = secret,
                        .into = judgement};
    enum rig_image_status status;

    memset(judgement, 0, sizeof *judgement);
    status = rig_image_read_layout(source, max_bytes, &judgement->layout);
    if (status == RIG_IMAGE_BAD_MAGIC && judgement->layout.header.magic == MAGIC_OF_BIG_ENDIAN) {
        (void)fail(&look, status, "this is an image for a big-endian chip (imgtool --endian big)");
        return;
    }
    if (status) {
        (void)fail(&look, status, "%s", rig_image_status_text(status));
        return;
    }
    look.payload = judgement->layout.header.flags & AES_FLAGS ? SEALED : PLAIN;
    if (walk(&look, take_secrets) && secret_opens(&look) && walk(&look, take_structure) &&
        check_hash(&look) && walk(&look, take_signature) && check_signature(&look) && unpacks(&look)) {
        tell_what_was_found(&look);
        hold_back(&look);
    }
    rig_ctr_free(look.decrypted.ctr);
    rig_key_free(look.carried);
}
