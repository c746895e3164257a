/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Keys that image keys are wrapped with, the four ways of wrapping, and AES-CTR over a payload. */
#include "image/encrypt.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/hmac.h>
#include <openssl/kdf.h>
#include <openssl/obj_mac.h>
#include <openssl/rand.h>
#include <openssl/rsa.h>

#include "image/image_internal.h"

#define RSA_BYTES 256u
#define POINT_BYTES 65u
#define SHARED_BYTES 32u
#define KW_EXTRA_BYTES 8u
#define BLOCK_BYTES 16u
#define KEK_FILE_MAX_BYTES 128u

static const struct {
    const char *name;
    uint16_t tlv;
    uint8_t public_bytes; /* ECIES: of the ephemeral key */
    uint8_t hmac_bytes;   /* ECIES: of the tag */
} kinds[RIG_ENCRYPT_N_KINDS] = {
    [RIG_ENCRYPT_NONE] = {"none", 0, 0, 0},
    [RIG_ENCRYPT_RSA_2048] = {"rsa-2048", RIG_IMAGE_TLV_ENC_RSA2048, 0, 0},
    [RIG_ENCRYPT_AES_KW] = {"aes-kw", RIG_IMAGE_TLV_ENC_KW, 0, 0},
    [RIG_ENCRYPT_ECIES_P256] = {"ecies-p256", RIG_IMAGE_TLV_ENC_EC256, POINT_BYTES, 32},
    [RIG_ENCRYPT_ECIES_X25519] = {"ecies-x25519", RIG_IMAGE_TLV_ENC_X25519, 32, 32},
    [RIG_ENCRYPT_ECIES_X25519_SHA512] = {"ecies-x25519-sha512", RIG_IMAGE_TLV_ENC_X25519_SHA512, 32, 64},
};

struct rig_encrypt_key {
    enum rig_encrypt_kind kind;
    bool is_private;
    EVP_PKEY *pkey;
    uint8_t kek[RIG_IMAGE_KEY_MAX_BYTES];
    unsigned kek_bits;
    uint8_t id[RIG_IMAGE_HASH_BYTES];
};

const char *rig_encrypt_kind_name(enum rig_encrypt_kind kind)
{
    return (unsigned)kind < RIG_ENCRYPT_N_KINDS ? kinds[kind].name : "unknown";
}

bool rig_encrypt_kind_from_name(const char *name, enum rig_encrypt_kind *kind)
{
    for (unsigned i = 0; name && i < RIG_ENCRYPT_N_KINDS; i++) {
        if (strcmp(name, kinds[i].name) == 0) {
            *kind = (enum rig_encrypt_kind)i;
            return true;
        }
    }
    return false;
}

uint16_t rig_encrypt_tlv(enum rig_encrypt_kind kind)
{
    return kinds[kind].tlv;
}

bool rig_encrypt_kind_of_tlv(uint16_t type, enum rig_encrypt_kind *kind)
{
    for (unsigned i = RIG_ENCRYPT_NONE + 1; i < RIG_ENCRYPT_N_KINDS; i++) {
        if (kinds[i].tlv == type) {
            *kind = (enum rig_encrypt_kind)i;
            return true;
        }
    }
    return false;
}

uint32_t rig_encrypt_tlv_bytes(enum rig_encrypt_kind kind, unsigned aes_bits)
{
    if (kind == RIG_ENCRYPT_NONE)
        return 0;
    if (kind == RIG_ENCRYPT_RSA_2048)
        return RSA_BYTES;
    if (kind == RIG_ENCRYPT_AES_KW)
        return aes_bits / 8 + KW_EXTRA_BYTES;
    return kinds[kind].public_bytes + kinds[kind].hmac_bytes + aes_bits / 8;
}

unsigned rig_encrypt_bits_of_flags(uint32_t flags)
{
    if (flags & RIG_IMAGE_FLAG_ENCRYPTED_AES128)
        return 128;
    return flags & RIG_IMAGE_FLAG_ENCRYPTED_AES256 ? 256 : 0;
}

/* ---- keys ---- */

static void *refuse(const char **why, const char *phrase)
{
    if (why)
        *why = phrase;
    ERR_clear_error();
    return NULL;
}

void rig_encrypt_key_free(struct rig_encrypt_key *key)
{
    if (!key)
        return;
    EVP_PKEY_free(key->pkey);
    OPENSSL_cleanse(key->kek, sizeof key->kek);
    free(key);
}

enum rig_encrypt_kind rig_encrypt_key_kind(const struct rig_encrypt_key *key)
{
    return key->kind;
}

bool rig_encrypt_key_is_private(const struct rig_encrypt_key *key)
{
    return key->is_private;
}

bool rig_encrypt_key_fits(const struct rig_encrypt_key *key, enum rig_encrypt_kind kind, unsigned aes_bits)
{
    if (aes_bits != 128 && aes_bits != 256)
        return false;
    if (kind == RIG_ENCRYPT_ECIES_X25519_SHA512)
        kind = RIG_ENCRYPT_ECIES_X25519;
    return key->kind == kind && (kind != RIG_ENCRYPT_AES_KW || key->kek_bits == aes_bits);
}

const uint8_t *rig_encrypt_key_id(const struct rig_encrypt_key *key)
{
    return key->id;
}

static bool get_public(EVP_PKEY *pkey, enum rig_encrypt_kind kind, uint8_t *into)
{
    size_t n_bytes = kinds[kind].public_bytes;

    if (kind != RIG_ENCRYPT_ECIES_P256)
        return EVP_PKEY_get_raw_public_key(pkey, into, &n_bytes) == 1;
    into[0] = POINT_CONVERSION_UNCOMPRESSED;
    return EVP_PKEY_get_octet_string_param(pkey, OSSL_PKEY_PARAM_PUB_KEY, into, n_bytes, &n_bytes) == 1 &&
           n_bytes == POINT_BYTES && into[0] == POINT_CONVERSION_UNCOMPRESSED;
}

static bool fill_id(struct rig_encrypt_key *key)
{
    uint8_t bytes[RSA_BYTES];
    size_t n_bytes = kinds[key->kind].public_bytes;
    BIGNUM *n = NULL;
    bool good;

    if (key->kind != RIG_ENCRYPT_RSA_2048) {
        good = get_public(key->pkey, key->kind, bytes);
    } else {
        n_bytes = sizeof bytes;
        good = EVP_PKEY_get_bn_param(key->pkey, OSSL_PKEY_PARAM_RSA_N, &n) == 1 &&
               BN_bn2binpad(n, bytes, sizeof bytes) == sizeof bytes;
        BN_free(n);
    }
    return good && EVP_Digest(bytes, n_bytes, key->id, NULL, EVP_sha256(), NULL) == 1;
}

/* Takes pkey over in every case. */
static struct rig_encrypt_key *wrap_pkey(EVP_PKEY *pkey, enum rig_encrypt_kind kind, bool is_private,
                                         const char **why)
{
    struct rig_encrypt_key *key = pkey ? calloc(1, sizeof *key) : NULL;

    if (!key) {
        EVP_PKEY_free(pkey);
        return refuse(why, "the crypto library refused the key");
    }
    *key = (struct rig_encrypt_key){.kind = kind, .is_private = is_private, .pkey = pkey};
    if (!fill_id(key)) {
        rig_encrypt_key_free(key);
        return refuse(why, "the public part of the key cannot be read");
    }
    return key;
}

static struct rig_encrypt_key *wrap_kek(const uint8_t *bytes, size_t n_bytes, const char **why)
{
    struct rig_encrypt_key *key = calloc(1, sizeof *key);

    if (!key)
        return refuse(why, "out of memory");
    *key = (struct rig_encrypt_key){
        .kind = RIG_ENCRYPT_AES_KW, .is_private = true, .kek_bits = (unsigned)n_bytes * 8};
    memcpy(key->kek, bytes, n_bytes);
    if (EVP_Digest(bytes, n_bytes, key->id, NULL, EVP_sha256(), NULL) != 1) {
        rig_encrypt_key_free(key);
        return refuse(why, "the crypto library refused the key");
    }
    return key;
}

static bool kind_of(const EVP_PKEY *pkey, enum rig_encrypt_kind *kind, const char **why)
{
    char group[32] = "";
    size_t n_bytes = 0;

    if (EVP_PKEY_is_a(pkey, "RSA")) {
        *kind = RIG_ENCRYPT_RSA_2048;
        return EVP_PKEY_get_bits(pkey) == 2048 ||
               refuse(why, "an RSA key that images are encrypted for must have 2048 bits");
    }
    if (EVP_PKEY_is_a(pkey, "X25519")) {
        *kind = RIG_ENCRYPT_ECIES_X25519;
        return true;
    }
    *kind = RIG_ENCRYPT_ECIES_P256;
    if (EVP_PKEY_is_a(pkey, "EC") && EVP_PKEY_get_group_name(pkey, group, sizeof group, &n_bytes) == 1 &&
        strcmp(group, SN_X9_62_prime256v1) == 0)
        return true;
    return refuse(
        why, "the key is of a kind that MCUboot images are not encrypted for (rsa-2048, P-256 and X25519 "
             "are, and an AES key in Base64)");
}

/* 16 or 32 bytes in Base64, on one line. */
static struct rig_encrypt_key *kek_from_base64(const uint8_t *text, size_t n_text, const char **why)
{
    uint8_t bytes[KEK_FILE_MAX_BYTES];
    size_t n_bytes, n_fill;
    struct rig_encrypt_key *key = NULL;

    while (n_text > 0 && (text[n_text - 1] == '\n' || text[n_text - 1] == '\r'))
        n_text--;
    n_bytes = n_text == 24 ? 16 : 32;
    n_fill = n_text == 24 ? 2 : 1;
    if ((n_text == 24 || n_text == 44) && memchr(text, '=', n_text) == text + n_text - n_fill &&
        EVP_DecodeBlock(bytes, text, (int)n_text) == (int)(n_bytes + n_fill))
        key = wrap_kek(bytes, n_bytes, why);
    else
        refuse(why, "the file is neither a PEM key nor 16 or 32 bytes in Base64");
    OPENSSL_cleanse(bytes, sizeof bytes);
    return key;
}

struct rig_encrypt_key *rig_encrypt_key_from_file(const void *bytes, size_t n_bytes, const char **why)
{
    bool is_private = false;
    enum rig_encrypt_kind kind;
    EVP_PKEY *pkey;

    if (n_bytes > 0 && n_bytes < KEK_FILE_MAX_BYTES && ((const char *)bytes)[0] != '-')
        return kek_from_base64(bytes, n_bytes, why);
    pkey = rig_pkey_from_pem(bytes, n_bytes, &is_private, why);
    if (!pkey)
        return NULL;
    if (!kind_of(pkey, &kind, why)) {
        EVP_PKEY_free(pkey);
        return NULL;
    }
    if (is_private && kind != RIG_ENCRYPT_ECIES_X25519 && !rig_pkey_belongs_together(pkey)) {
        EVP_PKEY_free(pkey);
        return refuse(why,
                      "the parts of the private key do not belong together: the file is damaged, or was put "
                      "together by hand");
    }
    ERR_clear_error();
    return wrap_pkey(pkey, kind, is_private, why);
}

struct rig_encrypt_key *rig_encrypt_key_generate(enum rig_encrypt_kind kind, unsigned aes_bits,
                                                 const char **why)
{
    uint8_t kek[RIG_IMAGE_KEY_MAX_BYTES];

    switch (kind) {
    case RIG_ENCRYPT_RSA_2048:
        return wrap_pkey(EVP_RSA_gen(2048), kind, true, why);
    case RIG_ENCRYPT_ECIES_P256:
        return wrap_pkey(EVP_EC_gen(SN_X9_62_prime256v1), kind, true, why);
    case RIG_ENCRYPT_ECIES_X25519:
    case RIG_ENCRYPT_ECIES_X25519_SHA512:
        return wrap_pkey(EVP_PKEY_Q_keygen(NULL, NULL, "X25519"), RIG_ENCRYPT_ECIES_X25519, true, why);
    case RIG_ENCRYPT_AES_KW:
        if ((aes_bits != 128 && aes_bits != 256) || RAND_bytes(kek, (int)(aes_bits / 8)) != 1)
            return refuse(why, "an AES key has 128 or 256 bits");
        return wrap_kek(kek, aes_bits / 8, why);
    case RIG_ENCRYPT_NONE:
        break;
    }
    return refuse(why, "no key of that kind");
}

static bool sha256_of_text(const char *text, uint8_t hash[RIG_IMAGE_HASH_BYTES])
{
    return EVP_Digest(text, strlen(text), hash, NULL, EVP_sha256(), NULL) == 1;
}

static struct rig_encrypt_key *rsa_test(unsigned index, const char **why)
{
    struct rig_key *signing = rig_key_test(RIG_KEY_RSA2048, index, why);
    struct rig_encrypt_key *key = NULL;

    if (signing && EVP_PKEY_up_ref(signing->pkey) == 1)
        key = wrap_pkey(signing->pkey, RIG_ENCRYPT_RSA_2048, true, why);
    rig_key_free(signing);
    return key;
}

struct rig_encrypt_key *rig_encrypt_key_test(enum rig_encrypt_kind kind, unsigned aes_bits, unsigned index,
                                             const char **why)
{
    char label[64];
    uint8_t seed[RIG_IMAGE_HASH_BYTES];

    if (kind == RIG_ENCRYPT_ECIES_X25519_SHA512)
        kind = RIG_ENCRYPT_ECIES_X25519;
    snprintf(label, sizeof label, "bootrig test encryption key %s %u", rig_encrypt_kind_name(kind), index);
    if (kind == RIG_ENCRYPT_RSA_2048)
        return rsa_test(index, why);
    if (!sha256_of_text(label, seed))
        return refuse(why, "the crypto library refused the key");
    if (kind == RIG_ENCRYPT_ECIES_P256)
        return wrap_pkey(rig_pkey_from_scalar(seed, sizeof seed), kind, true, why);
    if (kind == RIG_ENCRYPT_ECIES_X25519)
        return wrap_pkey(EVP_PKEY_new_raw_private_key(EVP_PKEY_X25519, NULL, seed, sizeof seed), kind, true,
                         why);
    if (kind == RIG_ENCRYPT_AES_KW && (aes_bits == 128 || aes_bits == 256))
        return wrap_kek(seed, aes_bits / 8, why);
    return refuse(why, "no key of that kind");
}

char *rig_encrypt_key_to_text(const struct rig_encrypt_key *key, bool private_part)
{
    char *text;
    int n_text;

    if (key->kind != RIG_ENCRYPT_AES_KW)
        return private_part && !key->is_private ? NULL : rig_pkey_to_pem(key->pkey, private_part);
    text = malloc(KEK_FILE_MAX_BYTES);
    if (!text)
        return NULL;
    n_text = EVP_EncodeBlock((unsigned char *)text, key->kek, (int)(key->kek_bits / 8));
    memcpy(text + n_text, "\n", 2);
    return text;
}

/* ---- wrapping ---- */

/* What is random: from the seed, each piece under its own label, or from the system. n_bytes is at most 32.
 */
static bool draw(const uint8_t *seed, const char *label, unsigned round, uint8_t *into, size_t n_bytes)
{
    uint8_t text[RIG_ENCRYPT_SEED_BYTES + 32] = {0}, hash[RIG_IMAGE_HASH_BYTES];

    if (!seed)
        return RAND_bytes(into, (int)n_bytes) == 1;
    memcpy(text, seed, RIG_ENCRYPT_SEED_BYTES);
    snprintf((char *)text + RIG_ENCRYPT_SEED_BYTES, sizeof text - RIG_ENCRYPT_SEED_BYTES, "%s %u", label,
             round);
    if (EVP_Digest(text, sizeof text, hash, NULL, EVP_sha256(), NULL) != 1)
        return false;
    memcpy(into, hash, n_bytes);
    return true;
}

bool rig_encrypt_draw_image_key(const uint8_t *seed, unsigned aes_bits, uint8_t *image_key)
{
    return draw(seed, "image key", 0, image_key, aes_bits / 8);
}

/* [SPEC RFC 8017 section 7.1.1]: by hand, because libcrypto takes its seed from nobody. */
static bool encode_oaep(const uint8_t *image_key, size_t n_key, const uint8_t *seed, uint8_t block[RSA_BYTES])
{
    uint8_t *oaep_seed = block + 1, *data = oaep_seed + RIG_IMAGE_HASH_BYTES;
    size_t n_data = RSA_BYTES - 1 - RIG_IMAGE_HASH_BYTES;

    memset(block, 0, RSA_BYTES);
    if (!sha256_of_text("", data) || !draw(seed, "oaep seed", 0, oaep_seed, RIG_IMAGE_HASH_BYTES))
        return false;
    data[n_data - n_key - 1] = 1;
    memcpy(data + n_data - n_key, image_key, n_key);
    return rig_mgf1_apply(oaep_seed, RIG_IMAGE_HASH_BYTES, data, n_data) &&
           rig_mgf1_apply(data, n_data, oaep_seed, RIG_IMAGE_HASH_BYTES);
}

static bool wrap_rsa(const struct rig_encrypt_key *key, const uint8_t *image_key, size_t n_key,
                     const uint8_t *seed, uint8_t *tlv)
{
    uint8_t block[RSA_BYTES];
    size_t n_bytes = RSA_BYTES;
    EVP_PKEY_CTX *context = EVP_PKEY_CTX_new_from_pkey(NULL, key->pkey, NULL);
    bool good = context && encode_oaep(image_key, n_key, seed, block) &&
                EVP_PKEY_encrypt_init(context) == 1 &&
                EVP_PKEY_CTX_set_rsa_padding(context, RSA_NO_PADDING) == 1 &&
                EVP_PKEY_encrypt(context, tlv, &n_bytes, block, sizeof block) == 1 && n_bytes == RSA_BYTES;

    EVP_PKEY_CTX_free(context);
    OPENSSL_cleanse(block, sizeof block);
    return good;
}

static bool unwrap_rsa(const struct rig_encrypt_key *key, const uint8_t *tlv, uint8_t *image_key,
                       size_t n_key)
{
    uint8_t plain[RSA_BYTES];
    size_t n_bytes = sizeof plain;
    EVP_PKEY_CTX *context = EVP_PKEY_CTX_new_from_pkey(NULL, key->pkey, NULL);
    bool good = context && EVP_PKEY_decrypt_init(context) == 1 &&
                EVP_PKEY_CTX_set_rsa_padding(context, RSA_PKCS1_OAEP_PADDING) == 1 &&
                EVP_PKEY_CTX_set_rsa_oaep_md(context, EVP_sha256()) == 1 &&
                EVP_PKEY_CTX_set_rsa_mgf1_md(context, EVP_sha256()) == 1 &&
                EVP_PKEY_decrypt(context, plain, &n_bytes, tlv, RSA_BYTES) == 1 && n_bytes == n_key;

    EVP_PKEY_CTX_free(context);
    if (good)
        memcpy(image_key, plain, n_key);
    OPENSSL_cleanse(plain, sizeof plain);
    return good;
}

/* [SPEC RFC 3394] with the initial value of its section 2.2.3.1. */
static bool key_wrap(const struct rig_encrypt_key *key, bool wrapping, const uint8_t *from, int n_from,
                     uint8_t *into, int n_into)
{
    EVP_CIPHER_CTX *context = EVP_CIPHER_CTX_new();
    uint8_t room[RIG_IMAGE_KEY_MAX_BYTES + 2 * KW_EXTRA_BYTES];
    int n_bytes = 0;
    bool good;

    if (context)
        EVP_CIPHER_CTX_set_flags(context, EVP_CIPHER_CTX_FLAG_WRAP_ALLOW);
    good = context &&
           EVP_CipherInit_ex(context, key->kek_bits == 256 ? EVP_aes_256_wrap() : EVP_aes_128_wrap(), NULL,
                             key->kek, NULL, wrapping) == 1 &&
           EVP_CipherUpdate(context, room, &n_bytes, from, n_from) == 1 && n_bytes == n_into;
    EVP_CIPHER_CTX_free(context);
    if (good)
        memcpy(into, room, (size_t)n_into);
    OPENSSL_cleanse(room, sizeof room);
    return good;
}

/* ---- ECIES ---- */

static EVP_PKEY *p256_public(const uint8_t point[POINT_BYTES])
{
    char group[] = SN_X9_62_prime256v1;
    uint8_t copy[POINT_BYTES];
    OSSL_PARAM params[] = {
        OSSL_PARAM_construct_utf8_string(OSSL_PKEY_PARAM_GROUP_NAME, group, 0),
        OSSL_PARAM_construct_octet_string(OSSL_PKEY_PARAM_PUB_KEY, copy, sizeof copy),
        OSSL_PARAM_construct_end(),
    };
    EVP_PKEY_CTX *maker = EVP_PKEY_CTX_new_from_name(NULL, "EC", NULL);
    EVP_PKEY *pkey = NULL;

    memcpy(copy, point, sizeof copy);
    if (point[0] != POINT_CONVERSION_UNCOMPRESSED || !maker || EVP_PKEY_fromdata_init(maker) != 1 ||
        EVP_PKEY_fromdata(maker, &pkey, EVP_PKEY_PUBLIC_KEY, params) != 1)
        pkey = NULL;
    EVP_PKEY_CTX_free(maker);
    return pkey;
}

static EVP_PKEY *ephemeral_key(enum rig_encrypt_kind kind, const uint8_t *seed)
{
    uint8_t scalar[SHARED_BYTES];
    EVP_PKEY *pkey = NULL;

    /* One number in 2^32 is no scalar of P-256. */
    for (unsigned round = 0; round < 8 && !pkey && draw(seed, "ephemeral key", round, scalar, sizeof scalar);
         round++)
        pkey = kind == RIG_ENCRYPT_ECIES_P256
                   ? rig_pkey_from_scalar(scalar, sizeof scalar)
                   : EVP_PKEY_new_raw_private_key(EVP_PKEY_X25519, NULL, scalar, sizeof scalar);
    OPENSSL_cleanse(scalar, sizeof scalar);
    return pkey;
}

static bool agree(EVP_PKEY *mine, EVP_PKEY *theirs, uint8_t shared[SHARED_BYTES])
{
    EVP_PKEY_CTX *context = EVP_PKEY_CTX_new_from_pkey(NULL, mine, NULL);
    size_t n_bytes = SHARED_BYTES;
    bool good = context && theirs && EVP_PKEY_derive_init(context) == 1 &&
                EVP_PKEY_derive_set_peer(context, theirs) == 1 &&
                EVP_PKEY_derive(context, shared, &n_bytes) == 1 && n_bytes == SHARED_BYTES;

    EVP_PKEY_CTX_free(context);
    return good;
}

/* The key that encrypts the image's key, and behind it the one of the tag. */
#define DERIVED_MAX_BYTES (RIG_IMAGE_KEY_MAX_BYTES + 64u)
static bool derive(enum rig_encrypt_kind kind, const uint8_t shared[SHARED_BYTES], size_t n_key,
                   uint8_t derived[DERIVED_MAX_BYTES])
{
    static const unsigned char info[] = "MCUBoot_ECIES_v1";
    EVP_PKEY_CTX *context = EVP_PKEY_CTX_new_from_name(NULL, "HKDF", NULL);
    size_t n_bytes = n_key + kinds[kind].hmac_bytes;
    bool good =
        context && EVP_PKEY_derive_init(context) == 1 &&
        EVP_PKEY_CTX_set_hkdf_md(context, kinds[kind].hmac_bytes == 64 ? EVP_sha512() : EVP_sha256()) == 1 &&
        EVP_PKEY_CTX_set1_hkdf_key(context, shared, SHARED_BYTES) == 1 &&
        EVP_PKEY_CTX_add1_hkdf_info(context, info, sizeof info - 1) == 1 &&
        EVP_PKEY_derive(context, derived, &n_bytes) == 1;

    EVP_PKEY_CTX_free(context);
    return good;
}

/* The tag over the encrypted key, and the key in or out of its encryption: a counter block of zeros. */
static bool tag_of(enum rig_encrypt_kind kind, const uint8_t *derived, const uint8_t *cipher, size_t n_key,
                   uint8_t tag[64])
{
    size_t n_tag = kinds[kind].hmac_bytes;

    return HMAC(n_tag == 64 ? EVP_sha512() : EVP_sha256(), derived + n_key, (int)n_tag, cipher, n_key, tag,
                NULL) != NULL;
}

static bool crypt_key(const uint8_t *derived, const uint8_t *from, size_t n_key, uint8_t *into)
{
    struct rig_ctr *ctr = rig_ctr_new(derived, (unsigned)n_key * 8);
    bool good;

    memcpy(into, from, n_key);
    good = ctr && rig_ctr_apply(ctr, 0, into, n_key);
    rig_ctr_free(ctr);
    return good;
}

static bool wrap_ecies(const struct rig_encrypt_key *key, enum rig_encrypt_kind kind,
                       const uint8_t *image_key, size_t n_key, const uint8_t *seed, uint8_t *tlv)
{
    uint8_t shared[SHARED_BYTES], derived[DERIVED_MAX_BYTES];
    uint8_t *tag = tlv + kinds[kind].public_bytes, *cipher = tag + kinds[kind].hmac_bytes;
    EVP_PKEY *ephemeral = ephemeral_key(kind, seed);
    bool good = ephemeral && get_public(ephemeral, kind, tlv) && agree(ephemeral, key->pkey, shared) &&
                derive(kind, shared, n_key, derived) && crypt_key(derived, image_key, n_key, cipher) &&
                tag_of(kind, derived, cipher, n_key, tag);

    EVP_PKEY_free(ephemeral);
    OPENSSL_cleanse(shared, sizeof shared);
    OPENSSL_cleanse(derived, sizeof derived);
    return good;
}

static bool unwrap_ecies(const struct rig_encrypt_key *key, enum rig_encrypt_kind kind, const uint8_t *tlv,
                         uint8_t *image_key, size_t n_key)
{
    uint8_t shared[SHARED_BYTES], derived[DERIVED_MAX_BYTES], tag[64];
    const uint8_t *theirs = tlv + kinds[kind].public_bytes, *cipher = theirs + kinds[kind].hmac_bytes;
    EVP_PKEY *ephemeral =
        kind == RIG_ENCRYPT_ECIES_P256
            ? p256_public(tlv)
            : EVP_PKEY_new_raw_public_key(EVP_PKEY_X25519, NULL, tlv, kinds[kind].public_bytes);
    bool good = agree(key->pkey, ephemeral, shared) && derive(kind, shared, n_key, derived) &&
                tag_of(kind, derived, cipher, n_key, tag) &&
                CRYPTO_memcmp(tag, theirs, kinds[kind].hmac_bytes) == 0 &&
                crypt_key(derived, cipher, n_key, image_key);

    EVP_PKEY_free(ephemeral);
    OPENSSL_cleanse(shared, sizeof shared);
    OPENSSL_cleanse(derived, sizeof derived);
    return good;
}

enum rig_image_status rig_encrypt_wrap(const struct rig_encrypt_key *key, enum rig_encrypt_kind kind,
                                       const uint8_t *image_key, unsigned aes_bits, const uint8_t *seed,
                                       uint8_t tlv[RIG_ENCRYPT_TLV_MAX_BYTES])
{
    size_t n_key = aes_bits / 8;
    bool good;

    if (!rig_encrypt_key_fits(key, kind, aes_bits))
        return RIG_IMAGE_BAD_ENCRYPTION_KEY;
    if (kind == RIG_ENCRYPT_RSA_2048)
        good = wrap_rsa(key, image_key, n_key, seed, tlv);
    else if (kind == RIG_ENCRYPT_AES_KW)
        good = key_wrap(key, true, image_key, (int)n_key, tlv, (int)(n_key + KW_EXTRA_BYTES));
    else
        good = wrap_ecies(key, kind, image_key, n_key, seed, tlv);
    if (!good)
        ERR_clear_error();
    return good ? RIG_IMAGE_OK : RIG_IMAGE_CRYPTO_FAILED;
}

enum rig_image_status rig_encrypt_unwrap(const struct rig_encrypt_key *key, enum rig_encrypt_kind kind,
                                         const uint8_t *tlv, size_t n_bytes, unsigned aes_bits,
                                         uint8_t *image_key)
{
    size_t n_key = aes_bits / 8;
    bool good;

    if (!key->is_private || !rig_encrypt_key_fits(key, kind, aes_bits))
        return RIG_IMAGE_BAD_ENCRYPTION_KEY;
    if (n_bytes != rig_encrypt_tlv_bytes(kind, aes_bits))
        return RIG_IMAGE_BAD_KEY_TLV;
    if (kind == RIG_ENCRYPT_RSA_2048)
        good = unwrap_rsa(key, tlv, image_key, n_key);
    else if (kind == RIG_ENCRYPT_AES_KW)
        good = key_wrap(key, false, tlv, (int)n_bytes, image_key, (int)n_key);
    else
        good = unwrap_ecies(key, kind, tlv, image_key, n_key);
    if (!good)
        ERR_clear_error();
    return good ? RIG_IMAGE_OK : RIG_IMAGE_BAD_ENCRYPTION_KEY;
}

/* ---- the payload ---- */

struct rig_ctr {
    EVP_CIPHER_CTX *context;
};

struct rig_ctr *rig_ctr_new(const uint8_t *image_key, unsigned aes_bits)
{
    struct rig_ctr *ctr = calloc(1, sizeof *ctr);

    if (!ctr)
        return NULL;
    ctr->context = EVP_CIPHER_CTX_new();
    if (!ctr->context ||
        EVP_EncryptInit_ex(ctr->context, aes_bits == 256 ? EVP_aes_256_ctr() : EVP_aes_128_ctr(), NULL,
                           image_key, NULL) != 1) {
        rig_ctr_free(ctr);
        return NULL;
    }
    return ctr;
}

void rig_ctr_free(struct rig_ctr *ctr)
{
    if (!ctr)
        return;
    EVP_CIPHER_CTX_free(ctr->context);
    free(ctr);
}

bool rig_ctr_apply(struct rig_ctr *ctr, uint32_t payload_offset, uint8_t *bytes, size_t n_bytes)
{
    uint32_t block = payload_offset / BLOCK_BYTES;
    const uint8_t counter[BLOCK_BYTES] = {[12] = (uint8_t)(block >> 24),
                                          [13] = (uint8_t)(block >> 16),
                                          [14] = (uint8_t)(block >> 8),
                                          [15] = (uint8_t)block};
    uint8_t skipped[BLOCK_BYTES] = {0};
    int n_done = 0;

    return n_bytes <= INT_MAX && EVP_EncryptInit_ex(ctr->context, NULL, NULL, NULL, counter) == 1 &&
           EVP_EncryptUpdate(ctr->context, skipped, &n_done, skipped, (int)(payload_offset % BLOCK_BYTES)) ==
               1 &&
           EVP_EncryptUpdate(ctr->context, bytes, &n_done, bytes, (int)n_bytes) == 1;
}

enum rig_image_status rig_encrypt_image_key(const struct rig_image_source *source,
                                            const struct rig_image_layout *layout, enum rig_encrypt_kind kind,
                                            const struct rig_encrypt_key *key, unsigned aes_bits,
                                            uint8_t *image_key)
{
    struct rig_image_tlv_cursor cursor = {0};
    struct rig_image_tlv_entry entry;
    uint8_t tlv[RIG_ENCRYPT_TLV_MAX_BYTES];
    enum rig_image_status status;

    while ((status = rig_image_next_tlv(source, layout, &cursor, &entry)) == RIG_IMAGE_OK) {
        if (entry.type != rig_encrypt_tlv(kind))
            continue;
        if (entry.n_bytes != rig_encrypt_tlv_bytes(kind, aes_bits))
            return RIG_IMAGE_BAD_KEY_TLV;
        if (!rig_image_read(source, entry.offset, tlv, entry.n_bytes))
            return RIG_IMAGE_READ_FAILED;
        return rig_encrypt_unwrap(key, kind, tlv, entry.n_bytes, aes_bits, image_key);
    }
    return status == RIG_IMAGE_NO_IMAGE ? RIG_IMAGE_NO_KEY_TLV : status;
}

static bool read_decrypted(const void *user, uint32_t offset, void *into, size_t n_bytes)
{
    const struct rig_decrypted_image *image = user;
    uint64_t start = image->header.header_bytes, end = start + image->header.payload_bytes;
    uint64_t from = offset > start ? offset : start, to = (uint64_t)offset + n_bytes;

    if (!image->inner.read(image->inner.user, offset, into, n_bytes))
        return false;
    to = to < end ? to : end;
    return from >= to || rig_ctr_apply(image->ctr, (uint32_t)(from - start),
                                       (uint8_t *)into + (from - offset), (size_t)(to - from));
}

struct rig_image_source rig_encrypt_decrypting_source(const struct rig_decrypted_image *storage)
{
    return (struct rig_image_source){
        .read = read_decrypted, .user = storage, .n_bytes = storage->inner.n_bytes};
}
