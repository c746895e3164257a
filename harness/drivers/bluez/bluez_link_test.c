/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The link over BlueZ against a made-up bluetoothd on a real D-Bus: what goes well. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/error.h"
#include "tests/bluez_stand.h"

static void a_board_is_found_by_its_address_connected_and_subscribed(void **state)
{
    struct bluez_stand *stand = *state;
    struct rig_link_state seen;

    assert_int_equal(stand_connect(stand, false), RIG_LINK_OK);
    seen = stand_state(stand);
    assert_true(seen.connected && seen.subscribed && !seen.bonded && !seen.encrypted && !seen.host_fault);
    assert_int_equal(seen.mtu, 247);
    assert_int_equal(bluez_fake_count(stand->fake, "StopDiscovery"), 1); /* before Connect */
    assert_int_equal(bluez_fake_count(stand->fake, "Connect"), 1);
    assert_int_equal(stand_connect(stand, false), RIG_LINK_OK); /* once more changes nothing */
    assert_int_equal(bluez_fake_count(stand->fake, "Connect"), 1);
}

static void a_board_is_found_by_its_name_and_by_its_service(void **state)
{
    struct bluez_stand *stand = *state;

    stand->fake->place.address = NULL;
    stand->fake->place.name = "bootrig-fake";
    assert_int_equal(stand_connect(stand, false), RIG_LINK_OK);
    rig_link_close(stand->link);
    stand->fake->place.name = NULL;
    assert_int_equal(stand_connect(stand, false), RIG_LINK_OK);
    rig_link_close(stand->link);
    stand->fake->place.name = "somebody-else";
    assert_int_equal(stand_connect_within(stand, false, 300), RIG_LINK_NOT_FOUND);
}

static void a_bootloader_is_found_at_the_next_address_which_wraps_without_carry(void **state)
{
    struct bluez_stand *stand = *state;

    stand->fake->place.address = "C0:FF:EE:52:83:FF";
    stand->fake->address = "C0:FF:EE:52:83:00";
    assert_int_equal(stand_connect_within(stand, false, 300), RIG_LINK_NOT_FOUND);
    stand->fake->place.or_next_address = true;
    assert_int_equal(stand_connect(stand, false), RIG_LINK_OK);
}

static enum rig_link_outcome connect_where(struct bluez_stand *stand, enum rig_link_where where,
                                           const char *name, guint within_ms)
{
    const struct rig_link_connect how = {
        .where = where, .name = name, .until_us = stand_now_us(stand) + within_ms * G_GUINT64_CONSTANT(1000)};
    enum rig_link_outcome outcome;

    assert_true(stand->link->ops->connect(stand->link, &how, &outcome, NULL));
    assert_true(stand->link->ops->disconnect(stand->link, NULL));
    return outcome;
}

static void a_bootloader_is_found_only_where_it_is_looked_for(void **state)
{
    struct bluez_stand *stand = *state;
    char name[] = "bootrig-fake";

    stand->fake->place.address = "C0:FF:EE:52:83:FF";
    stand->fake->address = "C0:FF:EE:52:83:00";
    assert_int_equal(connect_where(stand, RIG_LINK_AT_ADDRESS, NULL, 300), RIG_LINK_NOT_FOUND);
    assert_non_null(strstr(stand_state(stand).text, "at its address"));
    assert_int_equal(connect_where(stand, RIG_LINK_AT_NEXT_ADDRESS, NULL, 20000), RIG_LINK_OK);
    assert_int_equal(connect_where(stand, RIG_LINK_AT_EITHER_ADDRESS, NULL, 20000), RIG_LINK_OK);
    assert_int_equal(connect_where(stand, RIG_LINK_AS_CONFIGURED, NULL, 300), RIG_LINK_NOT_FOUND);
    assert_int_equal(connect_where(stand, RIG_LINK_BY_NAME, "Dfu01", 300), RIG_LINK_NOT_FOUND);
    assert_int_equal(connect_where(stand, RIG_LINK_BY_NAME, name, 20000), RIG_LINK_OK);
    name[0] = 'B'; /* whoever named it may forget the name */
    assert_int_equal(stand_connect_within(stand, false, 300), RIG_LINK_NOT_FOUND);
}

static void a_board_that_does_not_advertise_is_not_found_until_the_deadline(void **state)
{
    struct bluez_stand *stand = *state;
    guint64 before_us = stand_now_us(stand);

    stand->fake->advertises = false;
    stand->fake->known = true; /* from long ago */
    assert_int_equal(stand_connect_within(stand, false, 400), RIG_LINK_NOT_FOUND);
    assert_true(stand_now_us(stand) >= before_us + 400000);
    assert_int_equal(bluez_fake_count(stand->fake, "Connect"), 0);
    assert_int_equal(bluez_fake_count(stand->fake, "StopDiscovery"), 1);
}

static void a_connection_that_the_daemon_keeps_quiet_about_is_seen_all_the_same(void **state)
{
    struct bluez_stand *stand = *state;

    stand->fake->tells_late = true;
    assert_int_equal(stand_connect(stand, false), RIG_LINK_OK);
    assert_int_equal(bluez_fake_count(stand->fake, "Connect"), 1);
    bluez_fake_drop(stand->fake);
    bluez_fake_let_pass(stand->fake, 50);
    assert_false(stand_state(stand).connected);
}

static void an_adapter_without_power_is_given_some(void **state)
{
    struct bluez_stand *stand = *state;

    stand->fake->powered = false;
    assert_int_equal(stand_connect(stand, false), RIG_LINK_OK);
    assert_true(stand->fake->powered);
}

static void packets_go_out_and_come_back_in_order(void **state)
{
    struct bluez_stand *stand = *state;

    assert_int_equal(stand_connect(stand, false), RIG_LINK_OK);
    for (guint8 i = 0; i < 200; i++) {
        guint8 bytes[244] = {i};

        assert_int_equal(stand_write(stand, bytes, sizeof bytes), RIG_LINK_OK);
    }
    for (guint8 i = 0; i < 200; i++) {
        g_autoptr(GBytes) packet = stand_receive(stand);

        assert_int_equal(g_bytes_get_size(packet), 244);
        assert_int_equal(((const guint8 *)g_bytes_get_data(packet, NULL))[0], i);
    }
}

static void notifications_that_come_while_nobody_asks_are_kept(void **state)
{
    struct bluez_stand *stand = *state;
    enum rig_link_outcome outcome;

    assert_int_equal(stand_connect(stand, false), RIG_LINK_OK);
    for (guint burst = 0; burst < 20; burst++) {
        for (guint i = 0; i < 100; i++) {
            guint16 number = (guint16)(burst * 100 + i);

            bluez_fake_notify(stand->fake, &number, sizeof number);
        }
        bluez_fake_let_pass(stand->fake, 5); /* somebody waits for something else */
    }
    assert_int_equal(stand->fake->n_dropped, 0);
    for (guint i = 0; i < 2000; i++) {
        g_autoptr(GBytes) packet = stand_receive(stand);
        guint16 number;

        memcpy(&number, g_bytes_get_data(packet, NULL), sizeof number);
        assert_int_equal(number, i);
    }
    assert_null(stand_receive_within(stand, 50, &outcome));
    assert_int_equal(outcome, RIG_LINK_TIMEOUT);
}

static void a_full_socket_is_waited_for_and_nothing_is_lost(void **state)
{
    struct bluez_stand *stand = *state;
    guint8 bytes[244] = {0};

    stand->fake->silent = true;
    assert_int_equal(stand_connect(stand, false), RIG_LINK_OK);
    for (guint i = 0; i < 3000; i++) {
        memcpy(bytes, &i, sizeof i);
        assert_int_equal(stand_write(stand, bytes, sizeof bytes), RIG_LINK_OK);
    }
    bluez_fake_let_pass(stand->fake, 300);
    assert_int_equal(stand->fake->written->len, 3000);
    for (guint i = 0; i < 3000; i++)
        assert_memory_equal(g_bytes_get_data(g_ptr_array_index(stand->fake->written, i), NULL), &i, sizeof i);
}

static void the_smallest_mtu_of_daemon_place_and_step_counts(void **state)
{
    struct bluez_stand *stand = *state;
    static const guint8 bytes[600];

    stand->fake->mtu = 517;
    assert_int_equal(stand_connect(stand, false), RIG_LINK_OK);
    assert_int_equal(stand_state(stand).mtu, 515); /* a value has 512 bytes at most */
    assert_int_equal(stand_write(stand, bytes, 513), RIG_LINK_TOO_LONG);
    rig_link_close(stand->link);
    stand->fake->place.max_mtu = 100;
    assert_int_equal(stand_connect(stand, false), RIG_LINK_OK);
    assert_int_equal(stand_state(stand).mtu, 100);
    rig_link_close(stand->link);
    stand->mtu = 23;
    assert_int_equal(stand_connect(stand, false), RIG_LINK_OK);
    assert_int_equal(stand_write(stand, bytes, 20), RIG_LINK_OK);
    assert_int_equal(stand_write(stand, bytes, 21), RIG_LINK_TOO_LONG);
}

static void a_daemon_without_descriptors_is_served_the_slow_way(void **state)
{
    struct bluez_stand *stand = *state;
    static const guint8 bytes[] = {1, 2, 3};
    guint n_calls;

    stand->fake->has_acquire = false;
    assert_int_equal(stand_connect(stand, false), RIG_LINK_OK);
    assert_int_equal(stand_state(stand).mtu, 247); /* of the property */
    for (guint i = 0; i < 3; i++) {
        g_autoptr(GBytes) packet = NULL;

        assert_int_equal(stand_write(stand, bytes, sizeof bytes), RIG_LINK_OK);
        packet = stand_receive(stand); /* the same value thrice is three notifications */
        assert_memory_equal(g_bytes_get_data(packet, NULL), bytes, sizeof bytes);
    }
    n_calls = bluez_fake_count(stand->fake, "WriteValue");
    assert_int_equal(n_calls, 3);
    assert_int_equal(stand_subscribe(stand, false), RIG_LINK_OK);
    assert_false(stand->fake->gatt[0].by_signal);
}

/* --- named characteristics: a second service with three of them --- */

#define DFU FAKE_DEVICE "/service0020"
#define DFU_UUID "0000fe59-0000-1000-8000-00805f9b34fb"
static const struct rig_characteristic control = {"control", DFU_UUID,
                                                  "8ec90001-f315-4f60-9fb8-838830daea50"};
static const struct rig_characteristic packet = {"packet", DFU_UUID, "8ec90002-f315-4f60-9fb8-838830daea50"};
static const struct rig_characteristic buttonless = {"buttonless", DFU_UUID,
                                                     "8ec90003-f315-4f60-9fb8-838830daea50"};
static const struct rig_characteristic missing = {"missing", DFU_UUID,
                                                  "8ec90009-f315-4f60-9fb8-838830daea50"};
static const struct rig_characteristic elsewhere = {"elsewhere", "0000180f-0000-1000-8000-00805f9b34fb",
                                                    "00002a19-0000-1000-8000-00805f9b34fb"};

/* Returns the index of the first: control, packet, buttonless. */
static guint add_dfu(struct bluez_fake *fake)
{
    static const char *const of_control[] = {"write", "notify", "read", NULL};
    static const char *const of_packet[] = {"write-without-response", NULL};
    static const char *const of_buttonless[] = {"write", "indicate", NULL};
    static const struct fake_gatt gatt[] = {
        {.service = DFU,
         .service_uuid = DFU_UUID,
         .path = DFU "/char0021",
         .uuid = "8ec90001-f315-4f60-9fb8-838830daea50",
         .flags = of_control,
         .value = "read me"},
        {.service = DFU,
         .service_uuid = DFU_UUID,
         .path = DFU "/char0024",
         .uuid = "8ec90002-f315-4f60-9fb8-838830daea50",
         .flags = of_packet},
        {.service = DFU,
         .service_uuid = DFU_UUID,
         .path = DFU "/char0026",
         .uuid = "8ec90003-f315-4f60-9fb8-838830daea50",
         .flags = of_buttonless},
    };
    guint first = bluez_fake_add(fake, &gatt[0]);

    (void)bluez_fake_add(fake, &gatt[1]);
    (void)bluez_fake_add(fake, &gatt[2]);
    return first;
}

static enum rig_link_outcome subscribe_to(struct bluez_stand *stand, const struct rig_characteristic *named,
                                          enum rig_subscription subscription)
{
    enum rig_link_outcome outcome;

    assert_true(stand->link->ops->subscribe(stand->link, named, subscription, &outcome, NULL));
    return outcome;
}

static enum rig_link_outcome write_to(struct bluez_stand *stand, const struct rig_characteristic *named,
                                      enum rig_write_kind kind, const char *text)
{
    enum rig_link_outcome outcome;

    assert_true(stand->link->ops->write(stand->link, named, kind, (const guint8 *)text, strlen(text),
                                        &outcome, NULL));
    return outcome;
}

static void assert_arrives(struct bluez_stand *stand, const struct rig_characteristic *from, bool indicated,
                           const char *text)
{
    struct rig_link_packet came = {0};
    enum rig_link_outcome outcome;

    assert_true(stand->link->ops->receive(stand->link, stand_now_us(stand) + 5000000, &came, &outcome, NULL));
    assert_int_equal(outcome, RIG_LINK_OK);
    assert_ptr_equal(came.from, from);
    assert_int_equal(came.indicated, indicated);
    assert_int_equal(g_bytes_get_size(came.value), strlen(text));
    assert_memory_equal(g_bytes_get_data(came.value, NULL), text, strlen(text));
    g_bytes_unref(came.value);
}

static void several_characteristics_are_used_at_once_each_in_its_own_way(void **state)
{
    struct bluez_stand *stand = *state;
    struct bluez_fake *fake = stand->fake;
    guint first = add_dfu(fake);

    assert_int_equal(stand_connect(stand, false), RIG_LINK_OK);
    assert_int_equal(subscribe_to(stand, &control, RIG_SUBSCRIBE_NOTIFY), RIG_LINK_OK);
    assert_int_equal(subscribe_to(stand, &buttonless, RIG_SUBSCRIBE_INDICATE), RIG_LINK_OK);
    assert_int_equal(write_to(stand, &control, RIG_WRITE_REQUEST, "create"), RIG_LINK_OK);
    assert_int_equal(write_to(stand, &packet, RIG_WRITE_COMMAND, "data"), RIG_LINK_OK);
    assert_int_equal(write_to(stand, &packet, RIG_WRITE_COMMAND, "more"), RIG_LINK_OK);
    assert_int_equal(write_to(stand, &buttonless, RIG_WRITE_REQUEST, "enter"), RIG_LINK_OK);
    assert_int_equal(stand_write(stand, (const guint8 *)"smp", 3), RIG_LINK_OK);
    assert_arrives(stand, &control, false, "create");
    assert_arrives(stand, &buttonless, true, "enter");
    g_bytes_unref(stand_receive(stand));
    bluez_fake_let_pass(fake, 50);
    assert_int_equal(fake->gatt[first].n_requests, 1);
    assert_int_equal(fake->gatt[first + 1].n_commands, 2);
    assert_int_equal(fake->gatt[first + 2].n_requests, 1);
    assert_int_equal(bluez_fake_count(fake, "AcquireWrite"), 2); /* packet and SMP: commands */
    assert_int_equal(bluez_fake_count(fake, "WriteValue"), 2);
}

static void each_subscription_ends_on_its_own_and_all_with_the_connection(void **state)
{
    struct bluez_stand *stand = *state;
    struct bluez_fake *fake = stand->fake;
    guint first = add_dfu(fake);

    assert_int_equal(stand_connect(stand, false), RIG_LINK_OK);
    assert_int_equal(subscribe_to(stand, &control, RIG_SUBSCRIBE_NOTIFY), RIG_LINK_OK);
    assert_int_equal(subscribe_to(stand, &buttonless, RIG_SUBSCRIBE_INDICATE), RIG_LINK_OK);
    assert_int_equal(stand_subscribe(stand, false), RIG_LINK_OK);
    assert_true(stand_state(stand).subscribed);
    assert_int_equal(subscribe_to(stand, &control, RIG_SUBSCRIBE_NONE), RIG_LINK_OK);
    bluez_fake_notify_from(fake, first, "nobody", 6);
    bluez_fake_notify_from(fake, first + 2, "somebody", 8);
    assert_arrives(stand, &buttonless, true, "somebody");
    assert_int_equal(subscribe_to(stand, &buttonless, RIG_SUBSCRIBE_NONE), RIG_LINK_OK);
    assert_false(stand_state(stand).subscribed);
    assert_int_equal(subscribe_to(stand, &control, RIG_SUBSCRIBE_NOTIFY), RIG_LINK_OK);
    assert_true(stand->link->ops->disconnect(stand->link, NULL));
    assert_int_equal(stand_connect(stand, false), RIG_LINK_OK); /* SMP's only */
    assert_int_equal(fake->gatt[first].notify_fd, -1);
    assert_false(fake->gatt[first].by_signal);
}

static void pairing_anew_keeps_every_subscription(void **state)
{
    struct bluez_stand *stand = *state;
    guint first = add_dfu(stand->fake);

    assert_int_equal(stand_connect(stand, true), RIG_LINK_OK);
    assert_int_equal(subscribe_to(stand, &buttonless, RIG_SUBSCRIBE_INDICATE), RIG_LINK_OK);
    assert_int_equal(stand_pair(stand), RIG_LINK_OK);
    bluez_fake_notify_from(stand->fake, first + 2, "still", 5);
    assert_arrives(stand, &buttonless, true, "still");
    bluez_fake_notify(stand->fake, "x", 1);
    g_bytes_unref(stand_receive(stand));
}

static void what_is_missing_is_told_service_characteristic_property(void **state)
{
    struct bluez_stand *stand = *state;
    enum rig_link_outcome outcome;
    GBytes *value;

    (void)add_dfu(stand->fake);
    assert_int_equal(subscribe_to(stand, &control, RIG_SUBSCRIBE_NOTIFY), RIG_LINK_NOT_CONNECTED);
    assert_int_equal(write_to(stand, &control, RIG_WRITE_REQUEST, "x"), RIG_LINK_NOT_CONNECTED);
    assert_int_equal(stand_connect(stand, false), RIG_LINK_OK);
    assert_int_equal(subscribe_to(stand, &elsewhere, RIG_SUBSCRIBE_NOTIFY), RIG_LINK_NO_SERVICE);
    assert_int_equal(write_to(stand, &missing, RIG_WRITE_REQUEST, "x"), RIG_LINK_NO_CHARACTERISTIC);
    assert_int_equal(write_to(stand, &control, RIG_WRITE_COMMAND, "x"), RIG_LINK_NO_PROPERTY);
    assert_int_equal(write_to(stand, &packet, RIG_WRITE_REQUEST, "x"), RIG_LINK_NO_PROPERTY);
    assert_int_equal(subscribe_to(stand, &packet, RIG_SUBSCRIBE_NOTIFY), RIG_LINK_NO_PROPERTY);
    assert_int_equal(subscribe_to(stand, &control, RIG_SUBSCRIBE_INDICATE), RIG_LINK_NO_PROPERTY);
    assert_int_equal(subscribe_to(stand, &buttonless, RIG_SUBSCRIBE_NOTIFY), RIG_LINK_NO_PROPERTY);
    assert_true(stand->link->ops->read(stand->link, &packet, &value, &outcome, NULL));
    assert_int_equal(outcome, RIG_LINK_NO_PROPERTY);
    assert_true(stand->link->ops->read(stand->link, &control, &value, &outcome, NULL));
    assert_int_equal(outcome, RIG_LINK_OK);
    assert_memory_equal(g_bytes_get_data(value, NULL), "read me", 7);
    g_bytes_unref(value);
    assert_true(stand_state(stand).connected);
}

static void an_error_of_the_board_is_told_with_its_code(void **state)
{
    struct bluez_stand *stand = *state;
    static const struct bluez_fault faults[] = {
        {.method = "WriteValue",
         .name = "org.bluez.Error.Failed",
         .text = "Operation failed with ATT error: 0x80"},
        {.method = "ReadValue", .name = "org.bluez.Error.NotPermitted", .text = "Not paired"},
        {0}};
    enum rig_link_outcome outcome;
    GBytes *value;

    (void)add_dfu(stand->fake);
    assert_int_equal(stand_connect(stand, false), RIG_LINK_OK);
    stand->fake->faults = faults;
    assert_int_equal(write_to(stand, &control, RIG_WRITE_REQUEST, "x"), RIG_LINK_ATT_ERROR);
    assert_int_equal(stand_state(stand).att_error, 0x80);
    assert_non_null(strstr(stand_state(stand).text, "0x80"));
    assert_true(stand->link->ops->read(stand->link, &control, &value, &outcome, NULL));
    assert_int_equal(outcome, RIG_LINK_NOT_ENCRYPTED);
    assert_int_equal(stand_state(stand).att_error, 0);
    assert_true(stand_state(stand).connected);
}

static void indications_that_bluetoothd_would_not_ask_for_are_an_error_of_the_rig(void **state)
{
    struct bluez_stand *stand = *state;
    static const char *const both[] = {"notify", "indicate", NULL};
    g_autoptr(GError) error = NULL;
    enum rig_link_outcome outcome;

    stand->fake->gatt[add_dfu(stand->fake)].flags = both;
    assert_int_equal(stand_connect(stand, false), RIG_LINK_OK);
    assert_int_equal(subscribe_to(stand, &control, RIG_SUBSCRIBE_NOTIFY), RIG_LINK_OK);
    assert_false(
        stand->link->ops->subscribe(stand->link, &control, RIG_SUBSCRIBE_INDICATE, &outcome, &error));
    assert_true(g_error_matches(error, RIG_ERROR, RIG_ERROR_UNSUPPORTED));
}

/* The bus needs its time. */
static void assert_comes_to(struct bluez_stand *stand, enum rig_link_outcome wanted)
{
    for (guint i = 0; i < 500 && write_to(stand, &control, RIG_WRITE_REQUEST, "x") != wanted; i++)
        bluez_fake_let_pass(stand->fake, 10);
    assert_int_equal(write_to(stand, &control, RIG_WRITE_REQUEST, "x"), wanted);
}

static void services_that_change_while_connected_are_found_anew(void **state)
{
    struct bluez_stand *stand = *state;
    struct bluez_fake *fake = stand->fake;
    guint first = add_dfu(fake);
    enum rig_link_outcome outcome;

    assert_int_equal(stand_connect(stand, false), RIG_LINK_OK);
    bluez_fake_change(fake, first, false); /* nobody uses it yet */
    assert_comes_to(stand, RIG_LINK_NO_CHARACTERISTIC);
    bluez_fake_change(fake, first, true);
    assert_comes_to(stand, RIG_LINK_OK);
    assert_int_equal(subscribe_to(stand, &control, RIG_SUBSCRIBE_NOTIFY), RIG_LINK_OK);
    bluez_fake_notify_from(fake, first, "last", 4);
    bluez_fake_change(fake, first, false); /* takes the subscription with it */
    assert_arrives(stand, &control, false, "last");
    assert_null(stand_receive_within(stand, 10000, &outcome));
    assert_int_equal(outcome, RIG_LINK_LOST);
    assert_non_null(strstr(stand_state(stand).text, "services changed"));
    assert_int_equal(stand_connect(stand, false), RIG_LINK_OK);
    assert_int_equal(subscribe_to(stand, &control, RIG_SUBSCRIBE_NOTIFY), RIG_LINK_NO_CHARACTERISTIC);
    assert_int_equal(bluez_fake_count(fake, "Connect"), 1);
}

static gboolean bring_back(gpointer user)
{
    bluez_fake_change(user, 1, true);
    return G_SOURCE_REMOVE;
}

static void of_a_bonded_board_the_new_services_are_waited_for(void **state)
{
    struct bluez_stand *stand = *state;
    struct bluez_fake *fake = stand->fake;
    GSource *alarm = g_timeout_source_new(300);

    assert_int_equal(add_dfu(fake), 1);
    assert_int_equal(stand_connect(stand, true), RIG_LINK_OK);
    bluez_fake_change(fake, 1, false); /* as the cache has it */
    bluez_fake_ask(fake, "RequestAuthorization",
                   FAKE_DEVICE); /* the link's side of the bus has seen it then */
    g_source_set_callback(alarm, bring_back, fake, NULL);
    g_source_attach(alarm, fake->board.events);
    g_source_unref(alarm);
    assert_int_equal(subscribe_to(stand, &control, RIG_SUBSCRIBE_NOTIFY), RIG_LINK_OK);
}

static void the_end_of_a_subscription_frees_the_characteristic_for_the_next(void **state)
{
    struct bluez_stand *stand = *state;

    assert_int_equal(stand_connect(stand, false), RIG_LINK_OK);
    for (guint i = 0; i < 3; i++) {
        assert_int_equal(stand_subscribe(stand, false), RIG_LINK_OK);
        assert_int_equal(stand->fake->gatt[0].notify_fd, -1);
        assert_false(stand_state(stand).subscribed);
        assert_int_equal(stand_subscribe(stand, true), RIG_LINK_OK);
    }
    assert_true(stand_state(stand).subscribed);
}

static void disconnecting_and_closing_leave_nothing_open(void **state)
{
    struct bluez_stand *stand = *state;
    GError *error = NULL;

    assert_int_equal(stand_connect(stand, false), RIG_LINK_OK);
    assert_true(stand->link->ops->disconnect(stand->link, &error));
    assert_false(stand->fake->connected || stand_state(stand).connected);
    assert_int_equal(stand_connect(stand, false), RIG_LINK_OK);
    rig_link_close(stand->link);
    bluez_fake_let_pass(stand->fake, 30);
    assert_false(stand->fake->connected);
    assert_int_equal(stand_connect(stand, false), RIG_LINK_OK);
}

static void closing_does_not_wait_for_what_others_do_not_read(void **state)
{
    struct bluez_stand *stand = *state;
    GSource *wake;
    int pair[2];

    assert_int_equal(pipe(pair), 0);
    assert_int_equal(write(pair[1], "x", 1), 1);
    wake = rig_board_wake_on(&stand->fake->board, pair[0]);
    rig_link_close(stand->link);
    assert_int_equal(stand_connect(stand, false), RIG_LINK_OK);
    rig_link_close(stand->link);
    g_source_destroy(wake);
    g_source_unref(wake);
    close(pair[0]);
    close(pair[1]);
}

static void pairing_happens_when_it_is_asked_for_and_the_bond_is_used_again(void **state)
{
    struct bluez_stand *stand = *state;
    struct rig_link_state seen;

    assert_int_equal(stand_connect(stand, true), RIG_LINK_OK);
    seen = stand_state(stand);
    assert_true(seen.bonded && seen.encrypted && seen.subscribed);
    assert_string_equal(stand->fake->agent_capability, "NoInputNoOutput");
    assert_true(stand->link->ops->disconnect(stand->link, NULL));
    assert_true(stand_state(stand).bonded);
    assert_false(stand_state(stand).encrypted);
    assert_int_equal(stand_connect(stand, true), RIG_LINK_OK);
    assert_int_equal(bluez_fake_count(stand->fake, "Pair"), 1);
}

static void pairing_anew_forgets_the_old_bond_first(void **state)
{
    struct bluez_stand *stand = *state;

    assert_int_equal(stand_connect(stand, true), RIG_LINK_OK);
    assert_int_equal(stand_pair(stand), RIG_LINK_OK);
    assert_int_equal(bluez_fake_count(stand->fake, "RemoveDevice"), 1);
    assert_int_equal(bluez_fake_count(stand->fake, "Pair"), 2);
    assert_true(stand_state(stand).connected && stand_state(stand).bonded && stand_state(stand).subscribed);
}

static void forgetting_a_bond_twice_is_no_error(void **state)
{
    struct bluez_stand *stand = *state;

    assert_int_equal(stand_connect(stand, true), RIG_LINK_OK);
    for (guint i = 0; i < 2; i++)
        assert_true(stand->link->ops->forget_bond(stand->link, NULL));
    assert_false(stand_state(stand).bonded || stand_state(stand).connected);
    assert_int_equal(bluez_fake_count(stand->fake, "RemoveDevice"), 1);
}

static void a_refresh_forgets_the_board_before_each_connection(void **state)
{
    struct bluez_stand *stand = *state;

    stand->fake->known = true; /* with services of another firmware, perhaps */
    stand->fake->place.refresh = true;
    assert_int_equal(stand_connect(stand, false), RIG_LINK_OK);
    assert_int_equal(bluez_fake_count(stand->fake, "RemoveDevice"), 1);
}

static void questions_of_pairing_are_answered_by_the_script(void **state)
{
    struct bluez_stand *stand = *state;
    const struct rig_link_answers keyboard = {
        .io = RIG_LINK_IO_KEYBOARD, .has_passkey = true, .passkey = 123456};

    stand->fake->asks = "RequestPasskey";
    assert_true(stand->link->ops->answer(stand->link, &keyboard, NULL));
    assert_int_equal(stand_connect(stand, true), RIG_LINK_OK);
    assert_string_equal(stand->fake->agent_capability, "KeyboardOnly");
    assert_int_equal(stand->fake->agent_number, 123456);
}

static void numbers_are_compared(void **state)
{
    struct bluez_stand *stand = *state;
    const struct rig_link_answers yes_no = {.io = RIG_LINK_IO_YES_NO, .has_passkey = true, .passkey = 42};

    stand->fake->asks = "RequestConfirmation";
    stand->fake->number = 43;
    assert_true(stand->link->ops->answer(stand->link, &yes_no, NULL));
    assert_int_equal(stand_connect(stand, true), RIG_LINK_PAIRING_REFUSED);
    assert_string_equal(stand->fake->agent_error, "org.bluez.Error.Rejected");
    stand->fake->number = 42;
    assert_int_equal(stand_pair(stand), RIG_LINK_OK);
    assert_string_equal(stand->fake->agent_capability, "DisplayYesNo");
}

/* The user may say no to questions; what is only shown is no question. */
static void a_passkey_that_the_host_shows_reaches_the_board(void **state)
{
    struct bluez_stand *stand = *state;
    const struct rig_link_answers display = {.io = RIG_LINK_IO_DISPLAY, .refuse = true};

    stand->fake->asks = "DisplayPasskey";
    stand->fake->number = 4711;
    assert_true(stand->link->ops->answer(stand->link, &display, NULL));
    assert_int_equal(stand_connect(stand, true), RIG_LINK_OK);
    assert_string_equal(stand->fake->agent_capability, "DisplayOnly");
    assert_int_equal(stand->fake->n_shown, 1);
    assert_int_equal(stand->fake->shown, 4711);
}

static void a_script_that_says_no_ends_the_pairing(void **state)
{
    struct bluez_stand *stand = *state;
    const struct rig_link_answers no = {.refuse = true};

    stand->fake->asks = "RequestAuthorization";
    assert_true(stand->link->ops->answer(stand->link, &no, NULL));
    assert_int_equal(stand_connect(stand, true), RIG_LINK_PAIRING_REFUSED);
    assert_false(stand_state(stand).bonded);
}

static void pairing_that_nobody_asked_for_is_refused_and_so_are_other_devices(void **state)
{
    struct bluez_stand *stand = *state;

    assert_int_equal(stand_connect(stand, false), RIG_LINK_OK);
    bluez_fake_ask(stand->fake, "RequestAuthorization", FAKE_DEVICE);
    assert_string_equal(stand->fake->agent_error, "org.bluez.Error.Rejected");
    bluez_fake_ask(stand->fake, "RequestConfirmation", FAKE_ADAPTER "/dev_00_00_00_00_00_00");
    assert_string_equal(stand->fake->agent_error, "org.bluez.Error.Rejected");
}

int main(void)
{
#define ON_STAND(test) cmocka_unit_test_setup_teardown(test, stand_open, stand_close)
    const struct CMUnitTest tests[] = {
        ON_STAND(a_board_is_found_by_its_address_connected_and_subscribed),
        ON_STAND(a_board_is_found_by_its_name_and_by_its_service),
        ON_STAND(a_bootloader_is_found_at_the_next_address_which_wraps_without_carry),
        ON_STAND(a_bootloader_is_found_only_where_it_is_looked_for),
        ON_STAND(a_board_that_does_not_advertise_is_not_found_until_the_deadline),
        ON_STAND(a_connection_that_the_daemon_keeps_quiet_about_is_seen_all_the_same),
        ON_STAND(an_adapter_without_power_is_given_some),
        ON_STAND(packets_go_out_and_come_back_in_order),
        ON_STAND(notifications_that_come_while_nobody_asks_are_kept),
        ON_STAND(a_full_socket_is_waited_for_and_nothing_is_lost),
        ON_STAND(the_smallest_mtu_of_daemon_place_and_step_counts),
        ON_STAND(a_daemon_without_descriptors_is_served_the_slow_way),
        ON_STAND(several_characteristics_are_used_at_once_each_in_its_own_way),
        ON_STAND(each_subscription_ends_on_its_own_and_all_with_the_connection),
        ON_STAND(pairing_anew_keeps_every_subscription),
        ON_STAND(what_is_missing_is_told_service_characteristic_property),
        ON_STAND(an_error_of_the_board_is_told_with_its_code),
        ON_STAND(indications_that_bluetoothd_would_not_ask_for_are_an_error_of_the_rig),
        ON_STAND(services_that_change_while_connected_are_found_anew),
        ON_STAND(of_a_bonded_board_the_new_services_are_waited_for),
        ON_STAND(the_end_of_a_subscription_frees_the_characteristic_for_the_next),
        ON_STAND(disconnecting_and_closing_leave_nothing_open),
        ON_STAND(closing_does_not_wait_for_what_others_do_not_read),
        ON_STAND(pairing_happens_when_it_is_asked_for_and_the_bond_is_used_again),
        ON_STAND(pairing_anew_forgets_the_old_bond_first),
        ON_STAND(forgetting_a_bond_twice_is_no_error),
        ON_STAND(a_refresh_forgets_the_board_before_each_connection),
        ON_STAND(questions_of_pairing_are_answered_by_the_script),
        ON_STAND(numbers_are_compared),
        ON_STAND(a_passkey_that_the_host_shows_reaches_the_board),
        ON_STAND(a_script_that_says_no_ends_the_pairing),
        ON_STAND(pairing_that_nobody_asked_for_is_refused_and_so_are_other_devices),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
