/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The Security Manager's functions: AES-128, AES-CMAC and P-256 by libcrypto, the rest is order of bytes. */
#include "sim/chip/host/sm_crypto.h"

#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/obj_mac.h>
#include <openssl/params.h>

#include <string.h>

static void reverse(uint8_t *into, const uint8_t *from, size_t n_bytes)
{
    for (size_t i = 0; i < n_bytes; i++)
        into[i] = from[n_bytes - 1 - i];
}

bool sm_aes_cmac(const uint8_t key[SM_KEY_BYTES], const uint8_t *message, size_t n_bytes,
                 uint8_t mac[SM_KEY_BYTES])
{
    char cipher[] = "AES-128-CBC";
    OSSL_PARAM parameters[] = {OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_CIPHER, cipher, 0),
                               OSSL_PARAM_construct_end()};
    EVP_MAC *algorithm = EVP_MAC_fetch(NULL, "CMAC", NULL);
    EVP_MAC_CTX *run = algorithm ? EVP_MAC_CTX_new(algorithm) : NULL;
    size_t n_mac = 0;
    bool ok = run && EVP_MAC_init(run, key, SM_KEY_BYTES, parameters) == 1 &&
              EVP_MAC_update(run, message, n_bytes) == 1 &&
              EVP_MAC_final(run, mac, &n_mac, SM_KEY_BYTES) == 1 && n_mac == SM_KEY_BYTES;

    EVP_MAC_CTX_free(run);
    EVP_MAC_free(algorithm);
    return ok;
}

/* The security function e: everything little endian. */
static bool encrypt(const uint8_t key[16], const uint8_t plain[16], uint8_t cipher[16])
{
    uint8_t big_key[16], big_plain[16], big_cipher[32];
    EVP_CIPHER_CTX *run = EVP_CIPHER_CTX_new();
    int n_bytes = 0;
    bool ok;

    reverse(big_key, key, 16);
    reverse(big_plain, plain, 16);
    ok = run && EVP_EncryptInit_ex(run, EVP_aes_128_ecb(), NULL, big_key, NULL) == 1 &&
         EVP_EncryptUpdate(run, big_cipher, &n_bytes, big_plain, 16) == 1 && n_bytes == 16;
    EVP_CIPHER_CTX_free(run);
    if (ok)
        reverse(cipher, big_cipher, 16);
    return ok;
}

static void add(uint8_t into[16], const uint8_t other[16])
{
    for (unsigned i = 0; i < 16; i++)
        into[i] ^= other[i];
}

bool sm_c1(const uint8_t k[16], const uint8_t r[16], const uint8_t pairing_request[7],
           const uint8_t pairing_response[7], const struct sm_address *initiator,
           const struct sm_address *responder, uint8_t confirm[16])
{
    uint8_t p1[16], p2[16] = {0};

    p1[0] = initiator->type;
    p1[1] = responder->type;
    memcpy(p1 + 2, pairing_request, 7);
    memcpy(p1 + 9, pairing_response, 7);
    memcpy(p2, responder->bytes, 6);
    memcpy(p2 + 6, initiator->bytes, 6);
    add(p1, r);
    if (!encrypt(k, p1, confirm))
        return false;
    add(p2, confirm);
    return encrypt(k, p2, confirm);
}

bool sm_s1(const uint8_t k[16], const uint8_t r1[16], const uint8_t r2[16], uint8_t key[16])
{
    uint8_t both[16];

    memcpy(both, r2, 8);
    memcpy(both + 8, r1, 8);
    return encrypt(k, both, key);
}

/* AES-CMAC of a little-endian key over a big-endian message; the result little endian. */
static bool cmac(const uint8_t key[16], const uint8_t *message, size_t n_bytes, uint8_t result[16])
{
    uint8_t big_key[16], mac[16];

    reverse(big_key, key, 16);
    if (!sm_aes_cmac(big_key, message, n_bytes, mac))
        return false;
    reverse(result, mac, 16);
    return true;
}

bool sm_f4(const uint8_t u[32], const uint8_t v[32], const uint8_t x[16], uint8_t z, uint8_t confirm[16])
{
    uint8_t message[65];

    reverse(message, u, 32);
    reverse(message + 32, v, 32);
    message[64] = z;
    return cmac(x, message, sizeof message, confirm);
}

static void put_address(uint8_t into[7], const struct sm_address *address)
{
    into[0] = address->type;
    reverse(into + 1, address->bytes, 6);
}

bool sm_f5(const uint8_t w[32], const uint8_t n1[16], const uint8_t n2[16], const struct sm_address *a1,
           const struct sm_address *a2, uint8_t mac_key[16], uint8_t ltk[16])
{
    /* [SPEC Part H 2.2.7] SALT, least significant byte first. */
    static const uint8_t salt[16] = {0xbe, 0x83, 0x60, 0x5a, 0xdb, 0x0b, 0x37, 0x60,
                                     0x38, 0xa5, 0xf5, 0xaa, 0x91, 0x83, 0x88, 0x6c};
    uint8_t big_w[32], t[16], message[53] = {0, 'b', 't', 'l', 'e'};

    reverse(big_w, w, 32);
    if (!cmac(salt, big_w, sizeof big_w, t))
        return false;
    reverse(message + 5, n1, 16);
    reverse(message + 21, n2, 16);
    put_address(message + 37, a1);
    put_address(message + 44, a2);
    message[51] = 0x01;
    message[52] = 0x00;
    if (!cmac(t, message, sizeof message, mac_key))
        return false;
    message[0] = 1;
    return cmac(t, message, sizeof message, ltk);
}

bool sm_f6(const uint8_t w[16], const uint8_t n1[16], const uint8_t n2[16], const uint8_t r[16],
           const uint8_t io_cap[3], const struct sm_address *a1, const struct sm_address *a2,
           uint8_t check[16])
{
    uint8_t message[65];

    reverse(message, n1, 16);
    reverse(message + 16, n2, 16);
    reverse(message + 32, r, 16);
    reverse(message + 48, io_cap, 3);
    put_address(message + 51, a1);
    put_address(message + 58, a2);
    return cmac(w, message, sizeof message, check);
}

bool sm_g2(const uint8_t u[32], const uint8_t v[32], const uint8_t x[16], const uint8_t y[16],
           uint32_t *value)
{
    uint8_t message[80], mac[16];

    reverse(message, u, 32);
    reverse(message + 32, v, 32);
    reverse(message + 64, y, 16);
    if (!cmac(x, message, sizeof message, mac))
        return false;
    *value = ((uint32_t)mac[0] | (uint32_t)mac[1] << 8 | (uint32_t)mac[2] << 16 | (uint32_t)mac[3] << 24) %
             1000000u;
    return true;
}

/* Uncompressed point: 04, x, y, most significant bytes first. */
static void to_point(const uint8_t public_key[SM_PUBLIC_BYTES], uint8_t point[65])
{
    point[0] = 4;
    reverse(point + 1, public_key, 32);
    reverse(point + 33, public_key + 32, 32);
}

static void from_point(const uint8_t point[65], uint8_t public_key[SM_PUBLIC_BYTES])
{
    reverse(public_key, point + 1, 32);
    reverse(public_key + 32, point + 33, 32);
}

/* secret times the point, or times the generator when there is none. libcrypto refuses a point that is not on
 * the curve. */
static bool multiply(const uint8_t secret[32], const uint8_t *peer_point, uint8_t point[65])
{
    EC_GROUP *group = EC_GROUP_new_by_curve_name(NID_X9_62_prime256v1);
    EC_POINT *peer = group ? EC_POINT_new(group) : NULL;
    EC_POINT *product = group ? EC_POINT_new(group) : NULL;
    BIGNUM *number = BN_lebin2bn(secret, 32, NULL);
    bool ok = peer && product && number && !BN_is_zero(number) &&
              BN_cmp(number, EC_GROUP_get0_order(group)) < 0 &&
              (!peer_point || EC_POINT_oct2point(group, peer, peer_point, 65, NULL) == 1) &&
              EC_POINT_mul(group, product, peer_point ? NULL : number, peer_point ? peer : NULL,
                           peer_point ? number : NULL, NULL) == 1 &&
              EC_POINT_point2oct(group, product, POINT_CONVERSION_UNCOMPRESSED, point, 65, NULL) == 65;

    BN_clear_free(number);
    EC_POINT_free(product);
    EC_POINT_free(peer);
    EC_GROUP_free(group);
    return ok;
}

bool sm_public_key(const uint8_t secret[32], uint8_t public_key[SM_PUBLIC_BYTES])
{
    uint8_t point[65];

    if (!multiply(secret, NULL, point))
        return false;
    from_point(point, public_key);
    return true;
}

bool sm_dh_key(const uint8_t secret[32], const uint8_t peer[SM_PUBLIC_BYTES], uint8_t shared[32])
{
    uint8_t peer_point[65], point[65];

    to_point(peer, peer_point);
    if (!multiply(secret, peer_point, point))
        return false;
    reverse(shared, point + 1, 32);
    return true;
}
