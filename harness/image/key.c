/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Keys from all their origins: generated, PEM, the rig's own test keys. Signing and checking are in sign.c.
 */
#include "image/key.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/obj_mac.h>
#include <openssl/param_build.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>

#include "image/image_internal.h"

#define PEM_MAX_BYTES 65536u
#define SCALAR_BYTES 32u
#define SCALAR_P384_BYTES 48u
#define POINT_MAX_BYTES (1u + 2u * SCALAR_P384_BYTES)

static const struct {
    const char *name;
    uint16_t tlv;
} kinds[RIG_KEY_N_KINDS] = {
    [RIG_KEY_ECDSA_P256] = {"ecdsa-p256", RIG_IMAGE_TLV_ECDSA_SIG},
    [RIG_KEY_RSA2048] = {"rsa-2048", RIG_IMAGE_TLV_RSA2048_PSS},
    [RIG_KEY_RSA3072] = {"rsa-3072", RIG_IMAGE_TLV_RSA3072_PSS},
    [RIG_KEY_ED25519] = {"ed25519", RIG_IMAGE_TLV_ED25519},
    [RIG_KEY_ECDSA_P384] = {"ecdsa-p384", RIG_IMAGE_TLV_ECDSA_SIG},
};

const char *rig_key_kind_name(enum rig_key_kind kind)
{
    return (unsigned)kind < RIG_KEY_N_KINDS ? kinds[kind].name : "unknown";
}

bool rig_key_kind_from_name(const char *name, enum rig_key_kind *kind)
{
    for (unsigned i = 0; name && i < RIG_KEY_N_KINDS; i++) {
        if (strcmp(name, kinds[i].name) == 0) {
            *kind = (enum rig_key_kind)i;
            return true;
        }
    }
    return false;
}

uint16_t rig_key_signature_tlv(enum rig_key_kind kind)
{
    return kinds[kind].tlv;
}

enum rig_key_kind rig_key_kind(const struct rig_key *key)
{
    return key->kind;
}

bool rig_key_is_private(const struct rig_key *key)
{
    return key->is_private;
}

const uint8_t *rig_key_hash(const struct rig_key *key)
{
    return key->hash;
}

size_t rig_key_hash_of(const struct rig_key *key, uint16_t hash_type, uint8_t hash[RIG_IMAGE_HASH_MAX_BYTES])
{
    size_t n_bytes = rig_image_hash_bytes(hash_type);

    return n_bytes && EVP_Digest(key->der, key->n_der_bytes, hash, NULL, rig_image_hash_algorithm(n_bytes),
                                 NULL) == 1
               ? n_bytes
               : 0;
}

uint16_t rig_key_hash_type(enum rig_key_kind kind, const struct rig_signed_how *how)
{
    if (how->pure)
        return RIG_IMAGE_TLV_SHA512;
    if (how->hash_type)
        return how->hash_type;
    return kind == RIG_KEY_ECDSA_P384 ? RIG_IMAGE_TLV_SHA384 : RIG_IMAGE_TLV_SHA256;
}

bool rig_signing_from_name(const char *name, enum rig_key_kind *kind, struct rig_signed_how *how)
{
    bool pure = name && strcmp(name, "ed25519-pure") == 0;

    if (!pure && !(name && strcmp(name, "ed25519-sha512") == 0)) {
        if (!rig_key_kind_from_name(name, kind))
            return false;
        *how = (struct rig_signed_how){.key_in_image = how->key_in_image};
        return true;
    }
    *kind = RIG_KEY_ED25519;
    *how = (struct rig_signed_how){
        .hash_type = RIG_IMAGE_TLV_SHA512, .pure = pure, .key_in_image = how->key_in_image};
    return true;
}

const char *rig_signing_name(enum rig_key_kind kind, const struct rig_signed_how *how)
{
    if (kind != RIG_KEY_ED25519 || rig_key_hash_type(kind, how) == RIG_IMAGE_TLV_SHA256)
        return rig_key_kind_name(kind);
    return how->pure ? "ed25519-pure" : "ed25519-sha512";
}

const uint8_t *rig_key_public_der(const struct rig_key *key, size_t *n_bytes)
{
    *n_bytes = key->n_der_bytes;
    return key->der;
}

void rig_key_free(struct rig_key *key)
{
    if (!key)
        return;
    EVP_PKEY_free(key->pkey);
    free(key);
}

static bool sha256(const void *bytes, size_t n_bytes, uint8_t hash[RIG_IMAGE_HASH_BYTES])
{
    return EVP_Digest(bytes, n_bytes, hash, NULL, EVP_sha256(), NULL) == 1;
}

/* ---- KEYHASH: the DER is written by hand, because libcrypto's encoders cost more than the rest of the
 * tool's start. ---- */

static bool bn_param(const EVP_PKEY *pkey, const char *name, uint8_t *into, size_t n_bytes)
{
    BIGNUM *number = NULL;
    bool fits =
        EVP_PKEY_get_bn_param(pkey, name, &number) == 1 && BN_bn2binpad(number, into, (int)n_bytes) >= 0;

    BN_free(number);
    return fits;
}

/* The prefix, then x and y. */
static bool put_point(struct rig_key *key, const uint8_t *prefix, size_t n_prefix, size_t n_scalar)
{
    memcpy(key->der, prefix, n_prefix);
    key->n_der_bytes = n_prefix + 2 * n_scalar;
    return bn_param(key->pkey, OSSL_PKEY_PARAM_EC_PUB_X, key->der + n_prefix, n_scalar) &&
           bn_param(key->pkey, OSSL_PKEY_PARAM_EC_PUB_Y, key->der + n_prefix + n_scalar, n_scalar);
}

static bool put_p256(struct rig_key *key)
{
    static const uint8_t prefix[] = {0x30, 0x59, 0x30, 0x13, 0x06, 0x07, 0x2a, 0x86, 0x48,
                                     0xce, 0x3d, 0x02, 0x01, 0x06, 0x08, 0x2a, 0x86, 0x48,
                                     0xce, 0x3d, 0x03, 0x01, 0x07, 0x03, 0x42, 0x00, 0x04};

    return put_point(key, prefix, sizeof prefix, SCALAR_BYTES);
}

static bool put_p384(struct rig_key *key)
{
    static const uint8_t prefix[] = {0x30, 0x76, 0x30, 0x10, 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02,
                                     0x01, 0x06, 0x05, 0x2b, 0x81, 0x04, 0x00, 0x22, 0x03, 0x62, 0x00, 0x04};

    return put_point(key, prefix, sizeof prefix, SCALAR_P384_BYTES);
}

static bool put_ed25519(struct rig_key *key)
{
    static const uint8_t prefix[] = {0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03, 0x21, 0x00};
    size_t n_bytes = 32;

    memcpy(key->der, prefix, sizeof prefix);
    key->n_der_bytes = sizeof prefix + n_bytes;
    return EVP_PKEY_get_raw_public_key(key->pkey, key->der + sizeof prefix, &n_bytes) == 1 && n_bytes == 32;
}

/* A modulus of these two sizes has its top bit set, so that its INTEGER always carries one leading zero. */
static bool put_rsa(struct rig_key *key, size_t n_bytes)
{
    static const uint8_t exponent[] = {0x02, 0x03, 0x01, 0x00, 0x01};
    size_t integer = n_bytes + 1, sequence = 4 + integer + sizeof exponent;
    const uint8_t head[9] = {
        0x30, 0x82, (uint8_t)(sequence >> 8), (uint8_t)sequence,
        0x02, 0x82, (uint8_t)(integer >> 8),  (uint8_t)integer,
        0,
    };

    memcpy(key->der, head, sizeof head);
    memcpy(key->der + sizeof head + n_bytes, exponent, sizeof exponent);
    key->n_der_bytes = 4 + sequence;
    return bn_param(key->pkey, OSSL_PKEY_PARAM_RSA_N, key->der + sizeof head, n_bytes);
}

static bool put_der(struct rig_key *key)
{
    switch (key->kind) {
    case RIG_KEY_ECDSA_P256:
        return put_p256(key);
    case RIG_KEY_ECDSA_P384:
        return put_p384(key);
    case RIG_KEY_ED25519:
        return put_ed25519(key);
    case RIG_KEY_RSA2048:
        return put_rsa(key, 256);
    case RIG_KEY_RSA3072:
        return put_rsa(key, 384);
    }
    return false;
}

static bool fill_hash(struct rig_key *key)
{
    return put_der(key) && sha256(key->der, key->n_der_bytes, key->hash);
}

/* ---- from an EVP_PKEY ---- */

static bool say(const char **why, const char *phrase)
{
    if (why)
        *why = phrase;
    ERR_clear_error();
    return false;
}

/* Takes pkey over in every case. */
static struct rig_key *wrap(EVP_PKEY *pkey, enum rig_key_kind kind, bool is_private, const char **why)
{
    struct rig_key *key = pkey ? calloc(1, sizeof *key) : NULL;

    if (!key) {
        EVP_PKEY_free(pkey);
        say(why, "the crypto library refused the key");
        return NULL;
    }
    key->kind = kind;
    key->is_private = is_private;
    key->pkey = pkey;
    if (!fill_hash(key)) {
        rig_key_free(key);
        say(why, "the public part of the key cannot be read");
        return NULL;
    }
    return key;
}

static bool rsa_kind(const EVP_PKEY *pkey, enum rig_key_kind *kind, const char **why)
{
    uint8_t exponent[3];
    int bits = EVP_PKEY_get_bits(pkey);

    if (bits != 2048 && bits != 3072)
        return say(why, "an RSA key must have 2048 or 3072 bits");
    if (!bn_param(pkey, OSSL_PKEY_PARAM_RSA_E, exponent, sizeof exponent) ||
        memcmp(exponent, "\x01\x00\x01", 3) != 0)
        return say(why, "an RSA key must have the public exponent 65537");
    *kind = bits == 2048 ? RIG_KEY_RSA2048 : RIG_KEY_RSA3072;
    return true;
}

static bool kind_of(const EVP_PKEY *pkey, enum rig_key_kind *kind, const char **why)
{
    char group[32] = "";
    size_t n_bytes = 0;

    if (EVP_PKEY_is_a(pkey, "RSA"))
        return rsa_kind(pkey, kind, why);
    if (EVP_PKEY_is_a(pkey, "ED25519")) {
        *kind = RIG_KEY_ED25519;
        return true;
    }
    if (!EVP_PKEY_is_a(pkey, "EC"))
        return say(why,
                   "the key is of a kind that MCUboot images are not signed with (ecdsa-p256, ecdsa-p384, "
                   "rsa-2048, rsa-3072 and ed25519 are)");
    if (EVP_PKEY_get_group_name(pkey, group, sizeof group, &n_bytes) != 1 ||
        (strcmp(group, SN_X9_62_prime256v1) != 0 && strcmp(group, SN_secp384r1) != 0))
        return say(why, "an elliptic-curve key must be on the curve P-256 or P-384");
    *kind = strcmp(group, SN_secp384r1) == 0 ? RIG_KEY_ECDSA_P384 : RIG_KEY_ECDSA_P256;
    return true;
}

/* ---- PEM ---- */

/* Without it libcrypto asks on the terminal. */
static int refuse_password(char *into, int n_bytes, int writing, void *encrypted)
{
    (void)into;
    (void)n_bytes;
    (void)writing;
    *(bool *)encrypted = true;
    return -1;
}

static EVP_PKEY *read_pem(const void *pem, size_t n_bytes, bool *is_private, bool *encrypted)
{
    BIO *bio = BIO_new_mem_buf(pem, (int)n_bytes);
    EVP_PKEY *pkey = bio ? PEM_read_bio_PrivateKey(bio, NULL, refuse_password, encrypted) : NULL;

    *is_private = pkey != NULL;
    BIO_free(bio);
    if (pkey || *encrypted)
        return pkey;
    bio = BIO_new_mem_buf(pem, (int)n_bytes);
    pkey = bio ? PEM_read_bio_PUBKEY(bio, NULL, refuse_password, encrypted) : NULL;
    BIO_free(bio);
    return pkey;
}

bool rig_pkey_belongs_together(EVP_PKEY *pkey)
{
    EVP_PKEY_CTX *checker = EVP_PKEY_CTX_new_from_pkey(NULL, pkey, NULL);
    bool consistent = checker && EVP_PKEY_pairwise_check(checker) == 1;

    EVP_PKEY_CTX_free(checker);
    return consistent;
}

static bool check_pem(EVP_PKEY *pkey, bool is_private, enum rig_key_kind *kind, const char **why)
{
    if (!kind_of(pkey, kind, why))
        return false;
    if (is_private && !rig_pkey_belongs_together(pkey))
        return say(why,
                   "the parts of the private key do not belong together: the file is damaged, or was put "
                   "together by hand; nothing it signs would verify");
    return true;
}

EVP_PKEY *rig_pkey_from_pem(const void *pem, size_t n_bytes, bool *is_private, const char **why)
{
    bool encrypted = false;
    EVP_PKEY *pkey;

    if (n_bytes == 0 || n_bytes > PEM_MAX_BYTES) {
        say(why, n_bytes ? "the file is too large for a PEM key" : "the file is empty");
        return NULL;
    }
    pkey = read_pem(pem, n_bytes, is_private, &encrypted);
    if (!pkey)
        say(why, encrypted ? "the key is protected by a password, which is not supported"
                           : "this is not a PEM key that the crypto library can read");
    return pkey;
}

struct rig_key *rig_key_from_pem(const void *pem, size_t n_bytes, const char **why)
{
    bool is_private = false;
    enum rig_key_kind kind;
    EVP_PKEY *pkey = rig_pkey_from_pem(pem, n_bytes, &is_private, why);

    if (!pkey)
        return NULL;
    if (!check_pem(pkey, is_private, &kind, why)) {
        EVP_PKEY_free(pkey);
        return NULL;
    }
    ERR_clear_error();
    return wrap(pkey, kind, is_private, why);
}

struct rig_key *rig_key_from_public_der(const void *der, size_t n_bytes, const char **why)
{
    const uint8_t *at = der, *at_rsa = der;
    struct rig_key *key = NULL;
    enum rig_key_kind kind;
    EVP_PKEY *pkey = NULL;

    if (n_bytes <= RIG_KEY_DER_MAX_BYTES)
        pkey = d2i_PUBKEY(NULL, &at, (long)n_bytes);
    if (!pkey && n_bytes <= RIG_KEY_DER_MAX_BYTES)
        pkey = d2i_PublicKey(EVP_PKEY_RSA, NULL, &at_rsa, (long)n_bytes);
    if (!pkey || !kind_of(pkey, &kind, why)) {
        if (!pkey)
            say(why, "this is no public key");
        EVP_PKEY_free(pkey);
        return NULL;
    }
    ERR_clear_error();
    key = wrap(pkey, kind, false, why);
    if (key && (key->n_der_bytes != n_bytes || memcmp(key->der, der, n_bytes) != 0)) {
        rig_key_free(key);
        say(why, "the public key is not in the form that MCUboot hashes");
        return NULL;
    }
    return key;
}

static char *copy_text(BIO *bio)
{
    char *bytes = NULL;
    long n_bytes = BIO_get_mem_data(bio, &bytes);
    char *text = n_bytes > 0 ? malloc((size_t)n_bytes + 1) : NULL;

    if (text) {
        memcpy(text, bytes, (size_t)n_bytes);
        text[n_bytes] = '\0';
    }
    return text;
}

char *rig_pkey_to_pem(EVP_PKEY *pkey, bool private_part)
{
    BIO *bio = BIO_new(BIO_s_mem());
    char *text = NULL;
    int written = 0;

    if (bio)
        written = private_part ? PEM_write_bio_PKCS8PrivateKey(bio, pkey, NULL, NULL, 0, NULL, NULL)
                               : PEM_write_bio_PUBKEY(bio, pkey);
    if (written == 1)
        text = copy_text(bio);
    BIO_free(bio);
    return text;
}

char *rig_key_to_pem(const struct rig_key *key, bool private_part)
{
    return private_part && !key->is_private ? NULL : rig_pkey_to_pem(key->pkey, private_part);
}

/* ---- made ---- */

struct rig_key *rig_key_generate(enum rig_key_kind kind, const char **why)
{
    EVP_PKEY *pkey = NULL;

    switch (kind) {
    case RIG_KEY_ECDSA_P256:
        pkey = EVP_EC_gen(SN_X9_62_prime256v1);
        break;
    case RIG_KEY_RSA2048:
        pkey = EVP_RSA_gen(2048);
        break;
    case RIG_KEY_RSA3072:
        pkey = EVP_RSA_gen(3072);
        break;
    case RIG_KEY_ED25519:
        pkey = EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");
        break;
    case RIG_KEY_ECDSA_P384:
        pkey = EVP_EC_gen(SN_secp384r1);
        break;
    }
    return wrap(pkey, kind, true, why);
}

static EVP_PKEY *from_params(const char *type, OSSL_PARAM_BLD *builder)
{
    OSSL_PARAM *params = OSSL_PARAM_BLD_to_param(builder);
    EVP_PKEY_CTX *maker = EVP_PKEY_CTX_new_from_name(NULL, type, NULL);
    EVP_PKEY *pkey = NULL;

    if (!params || !maker || EVP_PKEY_fromdata_init(maker) != 1 ||
        EVP_PKEY_fromdata(maker, &pkey, EVP_PKEY_KEYPAIR, params) != 1)
        pkey = NULL;
    EVP_PKEY_CTX_free(maker);
    OSSL_PARAM_free(params);
    return pkey;
}

static bool push_numbers(OSSL_PARAM_BLD *builder, BIGNUM *parts[8], const struct rig_rsa_numbers *key)
{
    static const char *const names[8] = {
        OSSL_PKEY_PARAM_RSA_N,
        OSSL_PKEY_PARAM_RSA_D,
        OSSL_PKEY_PARAM_RSA_FACTOR1,
        OSSL_PKEY_PARAM_RSA_FACTOR2,
        OSSL_PKEY_PARAM_RSA_EXPONENT1,
        OSSL_PKEY_PARAM_RSA_EXPONENT2,
        OSSL_PKEY_PARAM_RSA_COEFFICIENT1,
        OSSL_PKEY_PARAM_RSA_E,
    };
    static const uint8_t e[] = {1, 0, 1};
    const uint8_t *const bytes[8] = {key->n, key->d, key->p, key->q, key->dp, key->dq, key->qi, e};

    for (int i = 0; i < 8; i++) {
        int n_bytes = i == 7 ? 3 : (int)(i < 2 ? key->n_bytes : key->n_bytes / 2);

        parts[i] = BN_bin2bn(bytes[i], n_bytes, NULL);
        if (!parts[i] || OSSL_PARAM_BLD_push_BN(builder, names[i], parts[i]) != 1)
            return false;
    }
    return true;
}

static EVP_PKEY *make_rsa(const struct rig_rsa_numbers *numbers)
{
    OSSL_PARAM_BLD *builder = OSSL_PARAM_BLD_new();
    BIGNUM *parts[8] = {NULL};
    EVP_PKEY *pkey = NULL;

    if (builder && push_numbers(builder, parts, numbers))
        pkey = from_params("RSA", builder);
    for (int i = 0; i < 8; i++)
        BN_clear_free(parts[i]);
    OSSL_PARAM_BLD_free(builder);
    return pkey;
}

/* The public point of a scalar; false also when the scalar is not in 1..order-1. */
static bool point_of(int curve, const BIGNUM *scalar, uint8_t *point, size_t n_bytes)
{
    EC_GROUP *group = EC_GROUP_new_by_curve_name(curve);
    EC_POINT *public_point = group ? EC_POINT_new(group) : NULL;
    bool done = public_point && !BN_is_zero(scalar) && BN_cmp(scalar, EC_GROUP_get0_order(group)) < 0 &&
                EC_POINT_mul(group, public_point, scalar, NULL, NULL, NULL) == 1 &&
                EC_POINT_point2oct(group, public_point, POINT_CONVERSION_UNCOMPRESSED, point, n_bytes,
                                   NULL) == n_bytes;

    EC_POINT_free(public_point);
    EC_GROUP_free(group);
    return done;
}

EVP_PKEY *rig_pkey_from_scalar(const uint8_t *seed, size_t n_bytes)
{
    int curve = n_bytes == SCALAR_P384_BYTES ? NID_secp384r1 : NID_X9_62_prime256v1;
    OSSL_PARAM_BLD *builder = OSSL_PARAM_BLD_new();
    BIGNUM *scalar = BN_bin2bn(seed, (int)n_bytes, NULL);
    uint8_t point[POINT_MAX_BYTES];
    EVP_PKEY *pkey = NULL;

    if (builder && scalar && point_of(curve, scalar, point, 1 + 2 * n_bytes) &&
        OSSL_PARAM_BLD_push_utf8_string(builder, OSSL_PKEY_PARAM_GROUP_NAME, OBJ_nid2sn(curve), 0) == 1 &&
        OSSL_PARAM_BLD_push_octet_string(builder, OSSL_PKEY_PARAM_PUB_KEY, point, 1 + 2 * n_bytes) == 1 &&
        OSSL_PARAM_BLD_push_BN(builder, OSSL_PKEY_PARAM_PRIV_KEY, scalar) == 1)
        pkey = from_params("EC", builder);
    BN_clear_free(scalar);
    OSSL_PARAM_BLD_free(builder);
    return pkey;
}

/* The seed is the hash of a label: nothing to store, and anybody can make the key again. */
static EVP_PKEY *make_from_label(enum rig_key_kind kind, unsigned index)
{
    char label[64];
    size_t n_seed = kind == RIG_KEY_ECDSA_P384 ? SCALAR_P384_BYTES : SCALAR_BYTES;
    uint8_t seed[RIG_IMAGE_HASH_MAX_BYTES];
    int n_bytes = snprintf(label, sizeof label, "bootrig test key %s %u", rig_key_kind_name(kind), index);

    if (EVP_Digest(label, (size_t)n_bytes, seed, NULL, rig_image_hash_algorithm(n_seed), NULL) != 1)
        return NULL;
    if (kind == RIG_KEY_ED25519)
        return EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, NULL, seed, n_seed);
    return rig_pkey_from_scalar(seed, n_seed);
}

struct rig_key *rig_key_test(enum rig_key_kind kind, unsigned index, const char **why)
{
    bool rsa = kind == RIG_KEY_RSA2048 || kind == RIG_KEY_RSA3072;

    if ((unsigned)kind >= RIG_KEY_N_KINDS || (rsa && index >= RIG_RSA_N_TEST_KEYS)) {
        say(why, "there is no test key of that number: RSA has 0 and 1");
        return NULL;
    }
    return wrap(rsa ? make_rsa(rig_rsa_test_numbers(kind, index)) : make_from_label(kind, index), kind, true,
                why);
}
