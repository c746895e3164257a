/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The Security Manager's functions against the sample values of the Core Specification (Vol 3 Part
 * H 2.2.3, 2.2.4, Appendix D; Vol 2 Part G 7.1.2 for P-256), written here as the specification prints them:
 * most significant first. */
#include "sim/chip/host/sm_crypto.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#define U "20b003d2f297be2c5e2c83a7e9f9a5b9eff49111acf4fddbcc0301480e359de6"
#define V "55188b3d32f6bb9a900afcfbeed4e72a59cb9ac2f19d7cfb6b4fdd49f47fc5fd"
#define N1 "d5cb8454d177733effffb2ec712baeab"
#define N2 "a6e8e7cc25a75f6e216583f7ff3dc4cf"
#define DH_KEY "ec0234a357c8ad05341010a60a397d9b99796b13b4f866f1868d34f373bfa698"
#define MAC_KEY "2965f176a1084a02fd3f6a20ce636e20"

/* Text, most significant byte first, to bytes, least significant first. */
static const uint8_t *number(const char *hex, uint8_t *bytes)
{
    size_t n_bytes = strlen(hex) / 2;

    for (size_t i = 0; i < n_bytes; i++) {
        char pair[3] = {hex[2 * i], hex[2 * i + 1], '\0'};

        bytes[n_bytes - 1 - i] = (uint8_t)strtoul(pair, NULL, 16);
    }
    return bytes;
}

static void assert_number(const uint8_t *bytes, const char *hex)
{
    uint8_t expected[64];

    assert_memory_equal(bytes, number(hex, expected), strlen(hex) / 2);
}

static struct sm_address address(uint8_t type, const char *hex)
{
    struct sm_address result = {.type = type};

    number(hex, result.bytes);
    return result;
}

static void H_2_2_3_c1(void **state)
{
    struct sm_address initiator = address(1, "a1a2a3a4a5a6"), responder = address(0, "b1b2b3b4b5b6");
    uint8_t k[16], r[16], request[7], response[7], confirm[16];

    (void)state;
    assert_true(sm_c1(number("00000000000000000000000000000000", k),
                      number("5783d52156ad6f0e6388274ec6702ee0", r), number("07071000000101", request),
                      number("05000800000302", response), &initiator, &responder, confirm));
    assert_number(confirm, "1e1e3fef878988ead2a74dc5bef13b86");
}

static void H_2_2_4_s1(void **state)
{
    uint8_t k[16], r1[16], r2[16], key[16];

    (void)state;
    assert_true(sm_s1(number("00000000000000000000000000000000", k),
                      number("000f0e0d0c0b0a091122334455667788", r1),
                      number("010203040506070899aabbccddeeff00", r2), key));
    assert_number(key, "9a1fe1f0e8b0f49b5b4216ae796da062");
}

static void H_D_1_aes_cmac(void **state)
{
    static const uint8_t key[16] = {0x2b, 0x7e, 0x15, 0x16, 0x28, 0xae, 0xd2, 0xa6,
                                    0xab, 0xf7, 0x15, 0x88, 0x09, 0xcf, 0x4f, 0x3c};
    static const uint8_t message[16] = {0x6b, 0xc1, 0xbe, 0xe2, 0x2e, 0x40, 0x9f, 0x96,
                                        0xe9, 0x3d, 0x7e, 0x11, 0x73, 0x93, 0x17, 0x2a};
    static const uint8_t of_nothing[16] = {0xbb, 0x1d, 0x69, 0x29, 0xe9, 0x59, 0x37, 0x28,
                                           0x7f, 0xa3, 0x7d, 0x12, 0x9b, 0x75, 0x67, 0x46};
    static const uint8_t of_message[16] = {0x07, 0x0a, 0x16, 0xb4, 0x6b, 0x4d, 0x41, 0x44,
                                           0xf7, 0x9b, 0xdd, 0x9d, 0xd0, 0x4a, 0x28, 0x7c};
    uint8_t mac[16];

    (void)state;
    assert_true(sm_aes_cmac(key, message, 0, mac));
    assert_memory_equal(mac, of_nothing, 16);
    assert_true(sm_aes_cmac(key, message, 16, mac));
    assert_memory_equal(mac, of_message, 16);
}

static void H_D_2_f4(void **state)
{
    uint8_t u[32], v[32], x[16], confirm[16];

    (void)state;
    assert_true(sm_f4(number(U, u), number(V, v), number(N1, x), 0, confirm));
    assert_number(confirm, "f2c916f107a9bd1cf1eda1bea974872d");
}

static void H_D_3_f5(void **state)
{
    struct sm_address a1 = address(0, "56123737bfce"), a2 = address(0, "a713702dcfc1");
    uint8_t w[32], n1[16], n2[16], mac_key[16], ltk[16];

    (void)state;
    assert_true(sm_f5(number(DH_KEY, w), number(N1, n1), number(N2, n2), &a1, &a2, mac_key, ltk));
    assert_number(ltk, "6986791169d7cd23980522b594750a38");
    assert_number(mac_key, MAC_KEY);
}

static void H_D_4_f6(void **state)
{
    struct sm_address a1 = address(0, "56123737bfce"), a2 = address(0, "a713702dcfc1");
    uint8_t w[16], n1[16], n2[16], r[16], io_cap[3], check[16];

    (void)state;
    assert_true(sm_f6(number(MAC_KEY, w), number(N1, n1), number(N2, n2),
                      number("12a3343bb453bb5408da42d20c2d0fc8", r), number("010102", io_cap), &a1, &a2,
                      check));
    assert_number(check, "e3c473989cd0e8c5d26c0b09da958f61");
}

static void H_D_5_g2(void **state)
{
    uint8_t u[32], v[32], x[16], y[16];
    uint32_t value;

    (void)state;
    assert_true(sm_g2(number(U, u), number(V, v), number(N1, x), number(N2, y), &value));
    assert_int_equal(value, 0x2f9ed5baul % 1000000);
}

static void G_7_1_2_p256_keys_and_their_shared_secret(void **state)
{
    uint8_t a[32], b[32], public_a[64], public_b[64], shared[32];

    (void)state;
    assert_true(sm_public_key(number("3f49f6d4a3c55f3874c9b3e3d2103f504aff607beb40b7995899b8a6cd3c1abd", a),
                              public_a));
    assert_number(public_a, U);
    assert_number(public_a + 32, "dc809c49652aeb6d63329abf5a52155c766345c28fed3024741c8ed01589d28b");
    assert_true(sm_public_key(number("55188b3d32f6bb9a900afcfbeed4e72a59cb9ac2f19d7cfb6b4fdd49f47fc5fd", b),
                              public_b));
    assert_number(public_b, "1ea1f0f01faf1d9609592284f19e4c0047b58afd8615a69f559077b22faaa190");
    assert_number(public_b + 32, "4c55f33e429dad377356703a9ab85160472d1130e28e36765f89aff915b1214a");
    assert_true(sm_dh_key(a, public_b, shared));
    assert_number(shared, DH_KEY);
    assert_true(sm_dh_key(b, public_a, shared));
    assert_number(shared, DH_KEY);
}

static void a_point_off_the_curve_is_refused(void **state)
{
    uint8_t secret[32], peer[64], shared[32];

    (void)state;
    assert_true(sm_public_key(number(V, secret), peer));
    peer[63] ^= 1;
    assert_false(sm_dh_key(secret, peer, shared));
    memset(peer, 0, sizeof peer);
    assert_false(sm_dh_key(secret, peer, shared));
    memset(peer, 0xff, sizeof peer);
    assert_false(sm_dh_key(secret, peer, shared));
}

static void zero_and_numbers_from_the_order_on_are_no_private_keys(void **state)
{
    uint8_t secret[32] = {0}, public_key[64];

    (void)state;
    assert_false(sm_public_key(secret, public_key));
    number("ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551", secret);
    assert_false(sm_public_key(secret, public_key));
    secret[0]--;
    assert_true(sm_public_key(secret, public_key));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(H_2_2_3_c1),
        cmocka_unit_test(H_2_2_4_s1),
        cmocka_unit_test(H_D_1_aes_cmac),
        cmocka_unit_test(H_D_2_f4),
        cmocka_unit_test(H_D_3_f5),
        cmocka_unit_test(H_D_4_f6),
        cmocka_unit_test(H_D_5_g2),
        cmocka_unit_test(G_7_1_2_p256_keys_and_their_shared_secret),
        cmocka_unit_test(a_point_off_the_curve_is_refused),
        cmocka_unit_test(zero_and_numbers_from_the_order_on_are_no_private_keys),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
