/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Pairing as initiator: legacy and LE Secure Connections. */
#include "sim/chip/host/central.h"

#include "base/bytes.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#define PASSKEY 271828u

struct central central_new(struct air *air, uint8_t io, uint8_t requirements)
{
    return (struct central){.air = air, .request = {0x01, io, 0, requirements, 16, 0x01, 0x01}};
}

static void say(struct central *central, uint8_t code, const uint8_t *bytes, size_t n_bytes)
{
    uint8_t pdu[65] = {code};

    memcpy(pdu + 1, bytes, n_bytes);
    air_send(central->air, AIR_SECURITY, pdu, 1 + n_bytes);
}

/* The next PDU must be this one, or a failure. */
static bool hear(struct central *central, uint8_t code, uint8_t *bytes, size_t n_bytes)
{
    const struct air_pdu *pdu = air_take(central->air, AIR_SECURITY);

    assert_non_null(pdu);
    if (pdu->bytes[0] == 0x05) {
        assert_int_equal(pdu->n_bytes, 2);
        central->failed = pdu->bytes[1];
        return false;
    }
    assert_int_equal(pdu->bytes[0], code);
    assert_int_equal(pdu->n_bytes, n_bytes + 1);
    memcpy(bytes, pdu->bytes + 1, n_bytes);
    return true;
}

static struct sm_address own_address(const struct central *central)
{
    struct sm_address address = {.type = central->air->central_type};

    memcpy(address.bytes, central->air->central, 6);
    return address;
}

static struct sm_address peer_address(const struct central *central)
{
    struct sm_address address = {.type = 1};

    memcpy(address.bytes, central->air->address, 6);
    return address;
}

/* A passkey that the board shows is read from what it told; one that it wants is typed there. */
static uint32_t agree_on_passkey(struct central *central)
{
    struct air *air = central->air;
    uint32_t passkey = 0;
    char line[64];

    if (central->expected == CENTRAL_TYPES_PASSKEY) {
        assert_true(air_told(air, "passkey "));
        for (unsigned i = 0; i < air->n_lines; i++)
            if (strncmp(air->lines[i], "passkey ", 8) == 0)
                passkey = (uint32_t)strtoul(air->lines[i] + 8, NULL, 10);
        return passkey ^ central->wrong_passkey;
    }
    if (central->expected != CENTRAL_SHOWS_PASSKEY)
        return 0;
    assert_true(air_told(air, "passkey wanted"));
    snprintf(line, sizeof line, "link passkey %06u", PASSKEY ^ central->wrong_passkey);
    air_command(air, line, "ok");
    return PASSKEY;
}

static bool start_link_encryption(struct central *central, const uint8_t key[16])
{
    static const uint8_t zeros[8];

    air_encrypt(central->air, key, 0, zeros);
    return central->air->encrypted;
}

/* --- legacy --- */

static bool take_keys(struct central *central)
{
    uint8_t identification[10];

    if (!(central->response[6] & 1))
        return true;
    if (!hear(central, 0x06, central->ltk, 16) || !hear(central, 0x07, identification, 10))
        return false;
    central->ediv = rig_get_le16(identification);
    memcpy(central->rand, identification + 2, 8);
    central->bonded = true;
    return true;
}

static bool pair_legacy(struct central *central)
{
    struct sm_address own = own_address(central), peer = peer_address(central);
    uint8_t key[16] = {0}, random[16] = {1, 2, 3}, confirm[16], peer_confirm[16], peer_random[16],
            expected[16];

    rig_put_le32(key, agree_on_passkey(central));
    assert_true(sm_c1(key, random, central->request, central->response, &own, &peer, confirm));
    say(central, 0x03, confirm, 16);
    if (!hear(central, 0x03, peer_confirm, 16))
        return false;
    random[15] ^= central->wrong_check;
    say(central, 0x04, random, 16);
    if (!hear(central, 0x04, peer_random, 16))
        return false;
    assert_true(sm_c1(key, peer_random, central->request, central->response, &own, &peer, expected));
    assert_memory_equal(expected, peer_confirm, 16);
    assert_true(sm_s1(key, peer_random, random, central->ltk));
    memset(central->ltk + central->request[4], 0, 16u - central->request[4]);
    return start_link_encryption(central, central->ltk) && take_keys(central);
}

/* --- LE Secure Connections --- */

struct session {
    uint8_t secret[32], public_key[64], peer_key[64], shared[32];
    uint8_t random[16], peer_random[16];
    uint32_t passkey;
};

static bool exchange_randoms(struct central *central, struct session *session, uint8_t z)
{
    uint8_t peer_confirm[16], confirm[16], expected[16];
    bool with_own = central->expected == CENTRAL_SHOWS_PASSKEY || central->expected == CENTRAL_TYPES_PASSKEY;

    session->random[0]++;
    assert_true(sm_f4(session->public_key, session->peer_key, session->random, z, confirm));
    if (with_own)
        say(central, 0x03, confirm, 16);
    if (!hear(central, 0x03, peer_confirm, 16))
        return false;
    say(central, 0x04, session->random, 16);
    if (!hear(central, 0x04, session->peer_random, 16))
        return false;
    assert_true(sm_f4(session->peer_key, session->public_key, session->peer_random, z, expected));
    if (!central->wrong_passkey)
        assert_memory_equal(expected, peer_confirm, 16);
    return true;
}

static bool authenticate(struct central *central, struct session *session)
{
    if (central->expected == CENTRAL_JUST_WORKS || central->expected == CENTRAL_COMPARES)
        return exchange_randoms(central, session, 0);
    session->passkey = agree_on_passkey(central);
    for (unsigned round = 0; round < 20; round++)
        if (!exchange_randoms(central, session, (uint8_t)(0x80 | (session->passkey >> round & 1))))
            return false;
    return true;
}

static void compare(struct central *central, const struct session *session)
{
    char line[32];

    if (central->expected != CENTRAL_COMPARES)
        return;
    assert_true(sm_g2(session->public_key, session->peer_key, session->random, session->peer_random,
                      &central->number));
    snprintf(line, sizeof line, "compare %06u", central->number);
    assert_true(air_told(central->air, line));
    air_command(central->air, central->wrong_passkey ? "link confirm no" : "link confirm yes", "ok");
}

static bool check(struct central *central, struct session *session)
{
    struct sm_address own = own_address(central), peer = peer_address(central);
    uint8_t mac_key[16], shared_number[16] = {0}, own_check[16], peer_check[16], expected[16];

    rig_put_le32(shared_number, session->passkey);
    assert_true(
        sm_f5(session->shared, session->random, session->peer_random, &own, &peer, mac_key, central->ltk));
    assert_true(sm_f6(mac_key, session->random, session->peer_random, shared_number, central->request + 1,
                      &own, &peer, own_check));
    own_check[7] ^= central->wrong_check;
    say(central, 0x0d, own_check, 16);
    if (!hear(central, 0x0d, peer_check, 16))
        return false;
    assert_true(sm_f6(mac_key, session->peer_random, session->random, shared_number, central->response + 1,
                      &peer, &own, expected));
    assert_memory_equal(expected, peer_check, 16);
    memset(central->ltk + central->request[4], 0, 16u - central->request[4]);
    return true;
}

static bool pair_secure(struct central *central)
{
    struct session session = {.secret = {0x42, 1, 2, 3}, .random = {9, 8, 7}};

    assert_true(sm_public_key(session.secret, session.public_key));
    say(central, 0x0c, session.public_key, 64);
    if (!hear(central, 0x0c, session.peer_key, 64))
        return false;
    assert_true(sm_dh_key(session.secret, session.peer_key, session.shared));
    if (!authenticate(central, &session))
        return false;
    compare(central, &session);
    if (central->expected == CENTRAL_COMPARES && central->wrong_passkey)
        return hear(central, 0, NULL, 0);
    if (!check(central, &session) || !start_link_encryption(central, central->ltk))
        return false;
    central->bonded = central->request[3] & central->response[3] & 1;
    return true;
}

bool central_pair(struct central *central)
{
    say(central, 0x01, central->request + 1, 6);
    central->response[0] = 0x02;
    if (!hear(central, 0x02, central->response + 1, 6))
        return false;
    return central->request[3] & central->response[3] & 0x08 ? pair_secure(central) : pair_legacy(central);
}

bool central_encrypt(struct central *central)
{
    air_encrypt(central->air, central->ltk, central->ediv, central->rand);
    return central->air->encrypted;
}
