/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Signing and checking a digest. Signing is deterministic, which libcrypto 3.0 offers for Ed25519 only: ECDSA
 * takes its nonce from RFC 6979, RSA-PSS its salt from the digest. */
#include <string.h>

#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/hmac.h>
#include <openssl/obj_mac.h>
#include <openssl/rsa.h>

#include "image/image_internal.h"

#define SALT_BYTES 32u
#define HASH_BYTES RIG_IMAGE_HASH_BYTES
#define SCALAR_MAX_BYTES 48u /* P-384 */

/* ---- ECDSA, [SPEC RFC 6979 section 3.2] for P-256 and P-384 with SHA-256, SHA-384 or SHA-512 ---- */

struct nonce_source {
    const EVP_MD *hash; /* the digest's own */
    size_t n_bytes;     /* of a hash */
    uint8_t k[RIG_IMAGE_HASH_MAX_BYTES];
    uint8_t v[RIG_IMAGE_HASH_MAX_BYTES];
};

static bool hmac_v(struct nonce_source *nonces)
{
    return HMAC(nonces->hash, nonces->k, (int)nonces->n_bytes, nonces->v, nonces->n_bytes, nonces->v, NULL) !=
           NULL;
}

/* K = HMAC_K(V || mark || seed), V = HMAC_K(V) */
static bool stir(struct nonce_source *nonces, uint8_t mark, const uint8_t *seed, size_t n_seed_bytes)
{
    uint8_t text[RIG_IMAGE_HASH_MAX_BYTES + 1 + 2 * SCALAR_MAX_BYTES];
    size_t n_bytes = nonces->n_bytes;

    memcpy(text, nonces->v, n_bytes);
    text[n_bytes] = mark;
    if (n_seed_bytes)
        memcpy(text + n_bytes + 1, seed, n_seed_bytes);
    if (!HMAC(nonces->hash, nonces->k, (int)n_bytes, text, n_bytes + 1 + n_seed_bytes, nonces->k, NULL))
        return false;
    OPENSSL_cleanse(text, sizeof text);
    return hmac_v(nonces);
}

/* The numbers of one signature; all borrowed from one BN_CTX frame except the group. */
struct ecdsa {
    EC_GROUP *group;
    size_t n_scalar; /* bytes of a number below the order */
    BN_CTX *numbers;
    const BIGNUM *order;
    BIGNUM *d, *e, *k, *r, *s;
    EC_POINT *point;
};

static bool seed_nonces(struct nonce_source *nonces, const struct ecdsa *ecdsa)
{
    uint8_t seed[2 * SCALAR_MAX_BYTES];
    int n_scalar = (int)ecdsa->n_scalar;

    memset(nonces->k, 0, sizeof nonces->k);
    memset(nonces->v, 1, sizeof nonces->v);
    if (BN_bn2binpad(ecdsa->d, seed, n_scalar) < 0 ||
        BN_bn2binpad(ecdsa->e, seed + ecdsa->n_scalar, n_scalar) < 0)
        return false;
    return stir(nonces, 0, seed, 2 * ecdsa->n_scalar) && stir(nonces, 1, seed, 2 * ecdsa->n_scalar);
}

/* r = x(kG) mod n, s = (e + r d) / k mod n. false also when the nonce gives a zero, which calls for the next
 * nonce. */
static bool try_nonce(struct ecdsa *ecdsa)
{
    BN_CTX *numbers = ecdsa->numbers;

    BN_set_flags(ecdsa->k, BN_FLG_CONSTTIME);
    return EC_POINT_mul(ecdsa->group, ecdsa->point, ecdsa->k, NULL, NULL, numbers) == 1 &&
           EC_POINT_get_affine_coordinates(ecdsa->group, ecdsa->point, ecdsa->r, NULL, numbers) == 1 &&
           BN_nnmod(ecdsa->r, ecdsa->r, ecdsa->order, numbers) == 1 && !BN_is_zero(ecdsa->r) &&
           BN_mod_mul(ecdsa->s, ecdsa->r, ecdsa->d, ecdsa->order, numbers) == 1 &&
           BN_mod_add(ecdsa->s, ecdsa->s, ecdsa->e, ecdsa->order, numbers) == 1 &&
           BN_mod_inverse(ecdsa->k, ecdsa->k, ecdsa->order, numbers) &&
           BN_mod_mul(ecdsa->s, ecdsa->s, ecdsa->k, ecdsa->order, numbers) == 1 && !BN_is_zero(ecdsa->s);
}

/* As many hashes as fill a number of the order's size; what is too much of the last one is cut off. */
static bool next_nonce(struct nonce_source *nonces, const struct ecdsa *ecdsa)
{
    uint8_t bits[SCALAR_MAX_BYTES];

    for (size_t at = 0; at < ecdsa->n_scalar; at += nonces->n_bytes) {
        size_t room = ecdsa->n_scalar - at;

        if (!hmac_v(nonces))
            return false;
        memcpy(bits + at, nonces->v, room < nonces->n_bytes ? room : nonces->n_bytes);
    }
    return BN_bin2bn(bits, (int)ecdsa->n_scalar, ecdsa->k) != NULL;
}

static bool sign_with_nonces(struct ecdsa *ecdsa, const EVP_MD *hash)
{
    struct nonce_source nonces = {.hash = hash, .n_bytes = (size_t)EVP_MD_get_size(hash)};
    bool done = false;

    if (!seed_nonces(&nonces, ecdsa))
        return false;
    /* A second round has a chance of 2^-32; eight rounds without a result are a broken libcrypto. */
    for (int round = 0; round < 8 && !done; round++) {
        if (!next_nonce(&nonces, ecdsa))
            break;
        done = !BN_is_zero(ecdsa->k) && BN_cmp(ecdsa->k, ecdsa->order) < 0 && try_nonce(ecdsa);
        if (!done && !stir(&nonces, 0, NULL, 0))
            break;
    }
    OPENSSL_cleanse(&nonces, sizeof nonces);
    return done;
}

static size_t encode_ecdsa(const struct ecdsa *ecdsa, uint8_t *signature)
{
    ECDSA_SIG *pair = ECDSA_SIG_new();
    BIGNUM *r = BN_dup(ecdsa->r), *s = BN_dup(ecdsa->s);
    int n_bytes = 0;

    if (pair && r && s && ECDSA_SIG_set0(pair, r, s) == 1) {
        n_bytes = i2d_ECDSA_SIG(pair, &signature);
    } else {
        BN_free(r);
        BN_free(s);
    }
    ECDSA_SIG_free(pair);
    return n_bytes > 0 ? (size_t)n_bytes : 0;
}

static bool prepare_ecdsa(struct ecdsa *ecdsa, const struct rig_key *key, const uint8_t *digest,
                          size_t n_digest_bytes)
{
    size_t n_bytes = n_digest_bytes < ecdsa->n_scalar ? n_digest_bytes : ecdsa->n_scalar;

    BN_CTX_start(ecdsa->numbers);
    ecdsa->order = EC_GROUP_get0_order(ecdsa->group);
    ecdsa->d = BN_CTX_get(ecdsa->numbers);
    ecdsa->e = BN_CTX_get(ecdsa->numbers);
    ecdsa->k = BN_CTX_get(ecdsa->numbers);
    ecdsa->r = BN_CTX_get(ecdsa->numbers);
    ecdsa->s = BN_CTX_get(ecdsa->numbers);
    ecdsa->point = EC_POINT_new(ecdsa->group);
    return ecdsa->s && ecdsa->point &&
           EVP_PKEY_get_bn_param(key->pkey, OSSL_PKEY_PARAM_PRIV_KEY, &ecdsa->d) == 1 &&
           BN_bin2bn(digest, (int)n_bytes, ecdsa->e) &&
           BN_nnmod(ecdsa->e, ecdsa->e, ecdsa->order, ecdsa->numbers) == 1;
}

static size_t sign_ecdsa(const struct rig_key *key, const uint8_t *digest, size_t n_digest_bytes,
                         uint8_t *signature)
{
    bool large = key->kind == RIG_KEY_ECDSA_P384;
    const EVP_MD *hash = rig_image_hash_algorithm(n_digest_bytes);
    struct ecdsa ecdsa = {
        .group = EC_GROUP_new_by_curve_name(large ? NID_secp384r1 : NID_X9_62_prime256v1),
        .n_scalar = large ? SCALAR_MAX_BYTES : 32,
        .numbers = BN_CTX_secure_new(),
    };
    size_t n_bytes = 0;

    if (hash && ecdsa.group && ecdsa.numbers) {
        if (prepare_ecdsa(&ecdsa, key, digest, n_digest_bytes) && sign_with_nonces(&ecdsa, hash))
            n_bytes = encode_ecdsa(&ecdsa, signature);
        if (ecdsa.d)
            BN_clear(ecdsa.d);
        if (ecdsa.k)
            BN_clear(ecdsa.k);
        EC_POINT_free(ecdsa.point);
        BN_CTX_end(ecdsa.numbers);
    }
    BN_CTX_free(ecdsa.numbers);
    EC_GROUP_free(ecdsa.group);
    return n_bytes;
}

/* ---- RSA-PSS, [SPEC RFC 8017 section 9.1.1] with SHA-256, MGF1-SHA-256 and a salt of 32 bytes ---- */

struct piece {
    const void *bytes;
    size_t n_bytes;
};

static bool sha256_of(const struct piece *pieces, size_t n_pieces, uint8_t hash[HASH_BYTES])
{
    EVP_MD_CTX *digest = EVP_MD_CTX_new();
    bool good = digest && EVP_DigestInit_ex(digest, EVP_sha256(), NULL) == 1;

    for (size_t i = 0; good && i < n_pieces; i++)
        good = EVP_DigestUpdate(digest, pieces[i].bytes, pieces[i].n_bytes) == 1;
    good = good && EVP_DigestFinal_ex(digest, hash, NULL) == 1;
    EVP_MD_CTX_free(digest);
    return good;
}

bool rig_mgf1_apply(const uint8_t *seed, size_t n_seed, uint8_t *into, size_t n_bytes)
{
    for (size_t at = 0; at < n_bytes; at += HASH_BYTES) {
        uint32_t n = (uint32_t)(at / HASH_BYTES);
        const uint8_t counter[4] = {(uint8_t)(n >> 24), (uint8_t)(n >> 16), (uint8_t)(n >> 8), (uint8_t)n};
        const struct piece pieces[] = {{seed, n_seed}, {counter, sizeof counter}};
        uint8_t mask[HASH_BYTES];

        if (!sha256_of(pieces, 2, mask))
            return false;
        for (size_t i = 0; i < HASH_BYTES && at + i < n_bytes; i++)
            into[at + i] ^= mask[i];
    }
    return true;
}

static bool encode_pss(const uint8_t digest[HASH_BYTES], uint8_t *block, size_t n_bytes)
{
    static const char label[] = "bootrig pss salt";
    static const uint8_t zeros[8] = {0};
    size_t n_db = n_bytes - HASH_BYTES - 1;
    uint8_t salt[SALT_BYTES], *hash = block + n_db;
    const struct piece of_salt[] = {{label, sizeof label}, {digest, HASH_BYTES}};
    const struct piece of_hash[] = {{zeros, sizeof zeros}, {digest, HASH_BYTES}, {salt, SALT_BYTES}};

    if (!sha256_of(of_salt, 2, salt) || !sha256_of(of_hash, 3, hash))
        return false;
    memset(block, 0, n_db);
    block[n_db - SALT_BYTES - 1] = 1;
    memcpy(block + n_db - SALT_BYTES, salt, SALT_BYTES);
    if (!rig_mgf1_apply(hash, HASH_BYTES, block, n_db))
        return false;
    block[0] &= 0x7f;
    block[n_bytes - 1] = 0xbc;
    return true;
}

static size_t sign_rsa(const struct rig_key *key, const uint8_t digest[HASH_BYTES], uint8_t *signature)
{
    uint8_t block[RIG_SIGNATURE_MAX_BYTES];
    size_t n_bytes = key->kind == RIG_KEY_RSA2048 ? 256 : 384, n_signed = n_bytes;
    EVP_PKEY_CTX *signer = EVP_PKEY_CTX_new_from_pkey(NULL, key->pkey, NULL);
    bool good = signer && encode_pss(digest, block, n_bytes) && EVP_PKEY_sign_init(signer) == 1 &&
                EVP_PKEY_CTX_set_rsa_padding(signer, RSA_NO_PADDING) == 1 &&
                EVP_PKEY_sign(signer, signature, &n_signed, block, n_bytes) == 1;

    EVP_PKEY_CTX_free(signer);
    return good ? n_signed : 0;
}

static bool verify_digest(const struct rig_key *key, const uint8_t *digest, size_t n_digest_bytes,
                          const uint8_t *signature, size_t n_bytes)
{
    bool rsa = key->kind == RIG_KEY_RSA2048 || key->kind == RIG_KEY_RSA3072;
    EVP_PKEY_CTX *checker = EVP_PKEY_CTX_new_from_pkey(NULL, key->pkey, NULL);
    bool good = checker && EVP_PKEY_verify_init(checker) == 1;

    if (good && rsa)
        good = n_digest_bytes == HASH_BYTES &&
               EVP_PKEY_CTX_set_rsa_padding(checker, RSA_PKCS1_PSS_PADDING) == 1 &&
               EVP_PKEY_CTX_set_signature_md(checker, EVP_sha256()) == 1 &&
               EVP_PKEY_CTX_set_rsa_pss_saltlen(checker, SALT_BYTES) == 1;
    good = good && EVP_PKEY_verify(checker, signature, n_bytes, digest, n_digest_bytes) == 1;
    EVP_PKEY_CTX_free(checker);
    return good;
}

/* ---- Ed25519: the digest's bytes are the message, or the image itself is ---- */

static size_t sign_ed25519(const struct rig_key *key, const uint8_t *message, size_t n_message_bytes,
                           uint8_t *signature)
{
    EVP_MD_CTX *signer = EVP_MD_CTX_new();
    size_t n_bytes = 64;
    bool good = signer && EVP_DigestSignInit(signer, NULL, NULL, NULL, key->pkey) == 1 &&
                EVP_DigestSign(signer, signature, &n_bytes, message, n_message_bytes) == 1;

    EVP_MD_CTX_free(signer);
    return good ? n_bytes : 0;
}

static bool verify_ed25519(const struct rig_key *key, const uint8_t *message, size_t n_message_bytes,
                           const uint8_t *signature, size_t n_bytes)
{
    EVP_MD_CTX *checker = EVP_MD_CTX_new();
    bool good = checker && EVP_DigestVerifyInit(checker, NULL, NULL, NULL, key->pkey) == 1 &&
                EVP_DigestVerify(checker, signature, n_bytes, message, n_message_bytes) == 1;

    EVP_MD_CTX_free(checker);
    return good;
}

size_t rig_key_sign_bytes(const struct rig_key *key, const uint8_t *message, size_t n_message_bytes,
                          uint8_t signature[RIG_SIGNATURE_MAX_BYTES])
{
    size_t n_bytes = 0;

    if (!key->is_private)
        return 0;
    if (key->kind == RIG_KEY_ECDSA_P256 || key->kind == RIG_KEY_ECDSA_P384)
        n_bytes = sign_ecdsa(key, message, n_message_bytes, signature);
    else if (key->kind == RIG_KEY_ED25519)
        n_bytes = sign_ed25519(key, message, n_message_bytes, signature);
    else if (n_message_bytes == HASH_BYTES)
        n_bytes = sign_rsa(key, message, signature);
    if (n_bytes == 0)
        ERR_clear_error();
    return n_bytes;
}

/* What stands behind the DER of an ECDSA signature is filler (imgtool's --pad-sig), which bootutil does not
 * look at. */
static size_t without_filler(const struct rig_key *key, const uint8_t *signature, size_t n_bytes)
{
    bool ecdsa = key->kind == RIG_KEY_ECDSA_P256 || key->kind == RIG_KEY_ECDSA_P384;

    return ecdsa && n_bytes > 2 && signature[1] < 0x80 && signature[1] + 2u < n_bytes ? signature[1] + 2u
                                                                                      : n_bytes;
}

bool rig_key_verify_bytes(const struct rig_key *key, const uint8_t *message, size_t n_message_bytes,
                          const uint8_t *signature, size_t n_bytes)
{
    bool good = key->kind == RIG_KEY_ED25519
                    ? verify_ed25519(key, message, n_message_bytes, signature, n_bytes)
                    : verify_digest(key, message, n_message_bytes, signature,
                                    without_filler(key, signature, n_bytes));

    /* A refused signature leaves entries in the thread's error queue, which nobody would ever take out. */
    if (!good)
        ERR_clear_error();
    return good;
}
