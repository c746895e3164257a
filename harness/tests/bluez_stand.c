/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A link over the made-up bluetoothd: see bluez_stand.h. */
#include "tests/bluez_stand.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/error.h"
#include "drivers/update/smp/smp_client.h"
#include "tests/link_support.h"
#include "drivers/bluez/bluez_link.h"

int stand_open(void **state)
{
    struct bluez_stand *stand = g_new0(struct bluez_stand, 1);

    stand->fake = bluez_fake_new();
    stand->link = rig_bluez_link_new(&stand->fake->place, &stand->fake->board);
    *state = stand;
    return 0;
}

int stand_close(void **state)
{
    struct bluez_stand *stand = *state;

    rig_link_free(stand->link);
    bluez_fake_free(stand->fake);
    g_free(stand);
    return 0;
}

guint64 stand_now_us(struct bluez_stand *stand)
{
    return stand->fake->board.ops->now_us(&stand->fake->board);
}

struct rig_link_state stand_state(struct bluez_stand *stand)
{
    struct rig_link_state state;

    stand->link->ops->state(stand->link, &state);
    return state;
}

static bool try_connect(struct bluez_stand *stand, bool pair, guint within_ms, enum rig_link_outcome *outcome,
                        GError **error)
{
    struct rig_link_connect how = {.mtu = stand->mtu,
                                   .pair = pair,
                                   .until_us = stand_now_us(stand) + within_ms * G_GUINT64_CONSTANT(1000)};

    return connect_and_subscribe(stand->link, &how, outcome, error);
}

enum rig_link_outcome stand_connect_within(struct bluez_stand *stand, bool pair, guint within_ms)
{
    GError *error = NULL;
    enum rig_link_outcome outcome;

    if (!try_connect(stand, pair, within_ms, &outcome, &error))
        fail_msg("%s", error->message);
    return outcome;
}

enum rig_link_outcome stand_connect(struct bluez_stand *stand, bool pair)
{
    return stand_connect_within(stand, pair, 20000);
}

char *stand_connect_error_within(struct bluez_stand *stand, guint within_ms)
{
    g_autoptr(GError) error = NULL;
    enum rig_link_outcome outcome;

    assert_false(try_connect(stand, false, within_ms, &outcome, &error));
    assert_int_equal(error->domain, RIG_ERROR);
    return g_strdup(error->message);
}

char *stand_connect_error(struct bluez_stand *stand)
{
    return stand_connect_error_within(stand, 20000);
}

enum rig_link_outcome stand_pair(struct bluez_stand *stand)
{
    enum rig_link_outcome outcome;

    assert_true(stand->link->ops->pair(stand->link, stand_now_us(stand) + 20000000, &outcome, NULL));
    return outcome;
}

enum rig_link_outcome stand_subscribe(struct bluez_stand *stand, bool on)
{
    enum rig_link_outcome outcome;

    assert_true(stand->link->ops->subscribe(stand->link, &rig_smp_characteristic,
                                            on ? RIG_SUBSCRIBE_NOTIFY : RIG_SUBSCRIBE_NONE, &outcome, NULL));
    return outcome;
}

enum rig_link_outcome stand_write(struct bluez_stand *stand, const guint8 *bytes, gsize n_bytes)
{
    enum rig_link_outcome outcome;

    assert_true(stand->link->ops->write(stand->link, &rig_smp_characteristic, RIG_WRITE_COMMAND, bytes,
                                        n_bytes, &outcome, NULL));
    return outcome;
}

GBytes *stand_receive_within(struct bluez_stand *stand, guint within_ms, enum rig_link_outcome *outcome)
{
    struct rig_link_packet packet = {0};

    assert_true(stand->link->ops->receive(
        stand->link, stand_now_us(stand) + within_ms * G_GUINT64_CONSTANT(1000), &packet, outcome, NULL));
    assert_int_equal(packet.value != NULL, *outcome == RIG_LINK_OK);
    return packet.value;
}

GBytes *stand_receive(struct bluez_stand *stand)
{
    enum rig_link_outcome outcome;
    GBytes *packet = stand_receive_within(stand, 20000, &outcome);

    assert_int_equal(outcome, RIG_LINK_OK);
    return packet;
}
