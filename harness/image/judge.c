/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The judgement on an image of any kind that imgtool makes: structure and hashes first, then signatures. */
#include "image/judge.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "image/image_internal.h"

#define LAST_HASH_TYPE 0x1fu /* 0x10..0x1f are kept for hashes, 0x20..0x2f for signatures */
#define LAST_SIGNATURE_TYPE 0x2fu
#define FIRST_ENC_TYPE RIG_IMAGE_TLV_ENC_RSA2048
#define LAST_ENC_TYPE 0x3fu
#define AES_FLAGS (RIG_IMAGE_FLAG_ENCRYPTED_AES128 | RIG_IMAGE_FLAG_ENCRYPTED_AES256)
#define LZMA_FLAGS (RIG_IMAGE_FLAG_COMPRESSED_LZMA1 | RIG_IMAGE_FLAG_COMPRESSED_LZMA2)

enum trial { UNTRIED, MATCHED, REFUSED };

struct look {
    const struct rig_image_source *source;
    const struct rig_image_layout *layout;
    const struct rig_key *const *keys;
    size_t n_keys;
    struct rig_image_judgement *into;
    uint16_t hash_type;                       /* of the first hash; 0: none */
    uint8_t digest[RIG_IMAGE_HASH_MAX_BYTES]; /* as stored: equal to what was computed, unless encrypted */
    size_t n_digest_bytes;
    bool pure;
    uint16_t strange_type; /* a hash or signature of a kind that is not known here; 0: none */
    unsigned n_signatures, n_encryption_keys;
    const struct rig_key *selected; /* for the next signature */
    struct rig_key *carried;        /* owned */
    bool names_key, knows_key;      /* the image names one; one of those given */
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

static bool take_hash(struct look *look, const struct rig_image_tlv_entry *entry)
{
    uint8_t stored[RIG_IMAGE_HASH_MAX_BYTES], computed[RIG_IMAGE_HASH_MAX_BYTES];
    const char *name = rig_image_hash_name(entry->type);
    size_t n_bytes = rig_image_hash_bytes(entry->type);

    if (entry->n_bytes != n_bytes)
        return fail(look, RIG_IMAGE_BAD_HASH, "the %s hash has %u bytes instead of %zu", name, entry->n_bytes,
                    n_bytes);
    if (!rig_image_read(look->source, entry->offset, stored, n_bytes))
        return fail(look, RIG_IMAGE_READ_FAILED, "%s", rig_image_status_text(RIG_IMAGE_READ_FAILED));
    if (!(look->layout->header.flags & AES_FLAGS)) {
        if (!rig_image_compute_hash_of(entry->type, look->source, look->layout, computed))
            return fail(look, RIG_IMAGE_READ_FAILED, "%s", rig_image_status_text(RIG_IMAGE_READ_FAILED));
        if (memcmp(stored, computed, n_bytes) != 0)
            return fail(look, RIG_IMAGE_BAD_HASH, "the hash does not match%s%s%s", n_bytes == 32 ? "" : " (",
                        n_bytes == 32 ? "" : name, n_bytes == 32 ? "" : ")");
    }
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

/* [SRC image.py, encrypted.h] The key is wrapped together with what the kind needs. */
static bool take_encryption_key(struct look *look, const struct rig_image_tlv_entry *entry)
{
    static const struct {
        uint16_t type, with_128, with_256;
    } sizes[] = {
        {RIG_IMAGE_TLV_ENC_RSA2048, 256, 256},       {RIG_IMAGE_TLV_ENC_KW, 24, 40},
        {RIG_IMAGE_TLV_ENC_EC256, 113, 129},         {RIG_IMAGE_TLV_ENC_X25519, 80, 96},
        {RIG_IMAGE_TLV_ENC_X25519_SHA512, 112, 128},
    };
    bool long_key = look->layout->header.flags & RIG_IMAGE_FLAG_ENCRYPTED_AES256;

    look->n_encryption_keys++;
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        uint16_t wanted = long_key ? sizes[i].with_256 : sizes[i].with_128;

        if (sizes[i].type == entry->type && entry->n_bytes != wanted)
            return fail(look, RIG_IMAGE_BAD_TLV, "the encrypted key (%s) has %u bytes instead of %u",
                        rig_image_tlv_name(entry->type), entry->n_bytes, wanted);
    }
    return true;
}

static bool take_structure(struct look *look, const struct rig_image_tlv_entry *entry)
{
    if (rig_image_hash_bytes(entry->type))
        return take_hash(look, entry);
    if (entry->type == RIG_IMAGE_TLV_SIG_PURE)
        return take_pure(look, entry);
    if (entry->type >= FIRST_ENC_TYPE && entry->type <= LAST_ENC_TYPE)
        return take_encryption_key(look, entry);
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
        return rig_image_pure_signature_matches(look->source, look->layout, key, signature, entry->n_bytes);
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
    const struct rig_key *key = look->names_key ? look->selected : any_that_matches(look, entry);

    if (key && rig_key_signature_tlv(rig_key_kind(key)) == entry->type &&
        (look->pure || look->n_digest_bytes > 0)) {
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
    bool encrypted = look->layout->header.flags & AES_FLAGS;
    const char *name = rig_image_hash_name(look->hash_type);

    if (name && !encrypted)
        snprintf(look->into->hash, sizeof look->into->hash,
                 look->hash_type == RIG_IMAGE_TLV_SHA256 ? "the hash matches" : "the hash matches (%s)",
                 name);
    if (look->signature != MATCHED)
        return;
    snprintf(look->into->signature, sizeof look->into->signature, "the signature matches (%s%s)%s%s",
             rig_key_kind_name(look->tried_kind), look->pure ? ", pure: over the image itself" : "",
             encrypted ? " over the stored hash" : "",
             look->n_keys == 0
                 ? " by the public key that the image carries; whether a board knows that key was "
                   "not checked (no --key)"
                 : "");
}

static bool check_hash(struct look *look)
{
    if ((look->layout->header.flags & AES_FLAGS) && look->n_encryption_keys == 0)
        return fail(look, RIG_IMAGE_BAD_TLV,
                    "the header says that the payload is encrypted, but there is no encrypted key");
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
    if (look->signature == MATCHED || look->n_keys == 0 || look->strange_type)
        return true;
    if (look->n_signatures == 0)
        return fail(look, RIG_IMAGE_NO_SIGNATURE, "%s: %s", rig_image_status_text(RIG_IMAGE_NO_SIGNATURE),
                    look->names_key ? "it names a key, but the signature is missing" : "it is unsigned");
    return fail(look, RIG_IMAGE_NO_SIGNATURE, "%s%s", rig_image_status_text(RIG_IMAGE_NO_SIGNATURE),
                look->knows_key   ? ": the signature is of another kind than the key that the image names"
                : look->names_key ? ""
                                  : ": it is signed, names no key, and matches none of those given");
}

static void hold_back(struct look *look)
{
    uint32_t flags = look->layout->header.flags;
    const char *why = NULL;

    if (look->strange_type) {
        snprintf(look->into->why, sizeof look->into->why,
                 "it carries a %s of a kind that is not known here (TLV 0x%02x)",
                 look->strange_type <= LAST_HASH_TYPE ? "hash" : "signature", look->strange_type);
        look->into->verdict = RIG_IMAGE_NOT_JUDGED;
        return;
    }
    if (flags & AES_FLAGS)
        why = "the payload is encrypted, and its hash covers the plaintext: only who has the decryption key "
              "can "
              "tell whether it is whole";
    else if (flags & LZMA_FLAGS)
        why = "the payload is compressed: whether it unpacks to what DECOMP_SHA promises is not checked here";
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
                     uint32_t max_bytes, struct rig_image_judgement *judgement)
{
    struct look look = {
        .source = source, .layout = &judgement->layout, .keys = keys, .n_keys = n_keys, .into = judgement};
    enum rig_image_status status;

    memset(judgement, 0, sizeof *judgement);
    status = rig_image_read_layout(source, max_bytes, &judgement->layout);
    if (status) {
        (void)fail(&look, status, "%s", rig_image_status_text(status));
        return;
    }
    if (walk(&look, take_structure) && check_hash(&look) && walk(&look, take_signature) &&
        check_signature(&look)) {
        tell_what_was_found(&look);
        hold_back(&look);
    }
    rig_key_free(look.carried);
}
