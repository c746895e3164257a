/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Any bytes as a key: PEM, a private key's DER (by the first byte), a public key's DER, an encryption key's
 * file, the TLV with an image's key. What is taken can be written, read again and checked with. */
#include <stdlib.h>
#include <string.h>

#include <openssl/pem.h>

#include "image/encrypt.h"
#include "image/key.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n_bytes);

static void through_pem(const struct rig_key *key)
{
    const uint8_t digest[RIG_IMAGE_HASH_BYTES] = {0}, signature[1] = {0};
    char *pem = rig_key_to_pem(key, false);
    struct rig_key *again = pem ? rig_key_from_pem(pem, strlen(pem), NULL) : NULL;

    if (!again || memcmp(rig_key_hash(again), rig_key_hash(key), RIG_IMAGE_HASH_BYTES) != 0 ||
        rig_key_verify(key, digest, signature, sizeof signature))
        abort();
    rig_key_free(again);
    free(pem);
}

static void check(struct rig_key *key, const char *why)
{
    if (key)
        through_pem(key);
    else if (!why)
        abort();
    rig_key_free(key);
}

static void as_private_der(const uint8_t *bytes, size_t n_bytes)
{
    BIO *bio = BIO_new(BIO_s_mem());
    const char *why = NULL;
    struct rig_key *key;
    char *pem;
    long n_pem;

    if (!bio || !PEM_write_bio(bio, "PRIVATE KEY", "", bytes, (long)n_bytes))
        abort();
    n_pem = BIO_get_mem_data(bio, &pem);
    key = rig_key_from_pem(pem, (size_t)n_pem, &why);
    check(key, why);
    BIO_free(bio);
}

static void as_encryption_key(const uint8_t *bytes, size_t n_bytes)
{
    const char *why = NULL;
    struct rig_encrypt_key *key = rig_encrypt_key_from_file(bytes, n_bytes, &why), *again;
    char *text = key ? rig_encrypt_key_to_text(key, rig_encrypt_key_is_private(key)) : NULL;

    if (!key && !why)
        abort();
    if (key && !text)
        abort();
    again = key ? rig_encrypt_key_from_file(text, strlen(text), NULL) : NULL;
    if (key &&
        (!again || memcmp(rig_encrypt_key_id(again), rig_encrypt_key_id(key), RIG_IMAGE_HASH_BYTES) != 0))
        abort();
    rig_encrypt_key_free(again);
    rig_encrypt_key_free(key);
    free(text);
}

/* The first byte says the kind. */
static void as_key_tlv(const uint8_t *bytes, size_t n_bytes)
{
    enum rig_encrypt_kind kind =
        (enum rig_encrypt_kind)(1 + (n_bytes ? bytes[0] : 0) % (RIG_ENCRYPT_N_KINDS - 1));
    unsigned aes_bits = n_bytes % 2 ? 128 : 256;
    struct rig_encrypt_key *key = rig_encrypt_key_test(kind, aes_bits, 0, NULL);
    uint8_t image_key[RIG_IMAGE_KEY_MAX_BYTES];

    if (!key)
        abort();
    if (n_bytes)
        (void)rig_encrypt_unwrap(key, kind, bytes + 1, n_bytes - 1, aes_bits, image_key);
    rig_encrypt_key_free(key);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n_bytes)
{
    const char *why = NULL;
    struct rig_key *key;

    if (n_bytes == 0)
        return 0;
    if (bytes[0] == 'e' || bytes[0] == 't') {
        (bytes[0] == 'e' ? as_encryption_key : as_key_tlv)(bytes + 1, n_bytes - 1);
        return 0;
    }
    if (bytes[0] == 'd' && n_bytes > 1) {
        as_private_der(bytes + 1, n_bytes - 1);
        return 0;
    }
    key = bytes[0] == 'p' ? rig_key_from_public_der(bytes + 1, n_bytes - 1, &why)
                          : rig_key_from_pem(bytes, n_bytes, &why);
    check(key, why);
    return 0;
}
