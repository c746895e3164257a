/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The Security Manager's cryptographic toolbox over libcrypto. GLib-free.
 * [SPEC Core Vol 3 Part H 2.2 and Appendix D]. All numbers are little endian, as they go over the air: byte 0
 * is the least significant one (the specification prints the most significant first). Functions return false
 * only when libcrypto refuses. */
#ifndef SIM_BLE_HOST_SM_CRYPTO_H
#define SIM_BLE_HOST_SM_CRYPTO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SM_KEY_BYTES 16
#define SM_COORDINATE_BYTES 32
#define SM_PUBLIC_BYTES 64 /* x, then y */

/* An address as f5, f6 and c1 take it: type 0 public, 1 random; bytes as on HCI. */
struct sm_address {
    uint8_t type;
    uint8_t bytes[6];
};

/* AES-CMAC with key and message most significant byte first, as in RFC 4493. */
bool sm_aes_cmac(const uint8_t key[SM_KEY_BYTES], const uint8_t *message, size_t n_bytes,
                 uint8_t mac[SM_KEY_BYTES]);

/* Legacy pairing. */
bool sm_c1(const uint8_t k[16], const uint8_t r[16], const uint8_t pairing_request[7],
           const uint8_t pairing_response[7], const struct sm_address *initiator,
           const struct sm_address *responder, uint8_t confirm[16]);
bool sm_s1(const uint8_t k[16], const uint8_t r1[16], const uint8_t r2[16], uint8_t key[16]);

/* LE Secure Connections. u, v: x coordinates. */
bool sm_f4(const uint8_t u[32], const uint8_t v[32], const uint8_t x[16], uint8_t z, uint8_t confirm[16]);
bool sm_f5(const uint8_t w[32], const uint8_t n1[16], const uint8_t n2[16], const struct sm_address *a1,
           const struct sm_address *a2, uint8_t mac_key[16], uint8_t ltk[16]);
bool sm_f6(const uint8_t w[16], const uint8_t n1[16], const uint8_t n2[16], const uint8_t r[16],
           const uint8_t io_cap[3], const struct sm_address *a1, const struct sm_address *a2,
           uint8_t check[16]);
/* Six decimal digits. */
bool sm_g2(const uint8_t u[32], const uint8_t v[32], const uint8_t x[16], const uint8_t y[16],
           uint32_t *value);

/* P-256. secret is any 32 bytes; false when it is no private key (0, or not below the order): draw again. */
bool sm_public_key(const uint8_t secret[32], uint8_t public_key[SM_PUBLIC_BYTES]);
/* false also when the peer's point is not on the curve: it must never be used. */
bool sm_dh_key(const uint8_t secret[32], const uint8_t peer[SM_PUBLIC_BYTES], uint8_t shared[32]);

#endif
