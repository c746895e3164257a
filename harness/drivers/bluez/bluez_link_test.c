/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The link over BlueZ against a made-up bluetoothd on a real D-Bus: what goes well. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

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
    assert_false(stand->fake->by_signal);
}

static void a_characteristic_that_answers_writes_is_written_with_response(void **state)
{
    struct bluez_stand *stand = *state;
    static const char *const flags[] = {"write", "notify", NULL};
    static const guint8 bytes[] = {1};

    stand->fake->flags = flags;
    assert_int_equal(stand_connect(stand, false), RIG_LINK_OK);
    assert_int_equal(stand_write(stand, bytes, sizeof bytes), RIG_LINK_OK);
    assert_int_equal(bluez_fake_count(stand->fake, "AcquireWrite"), 0);
    assert_int_equal(bluez_fake_count(stand->fake, "WriteValue"), 1);
}

static void the_end_of_a_subscription_frees_the_characteristic_for_the_next(void **state)
{
    struct bluez_stand *stand = *state;

    assert_int_equal(stand_connect(stand, false), RIG_LINK_OK);
    for (guint i = 0; i < 3; i++) {
        assert_int_equal(stand_subscribe(stand, false), RIG_LINK_OK);
        assert_int_equal(stand->fake->notify_fd, -1);
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
        ON_STAND(a_board_that_does_not_advertise_is_not_found_until_the_deadline),
        ON_STAND(a_connection_that_the_daemon_keeps_quiet_about_is_seen_all_the_same),
        ON_STAND(an_adapter_without_power_is_given_some),
        ON_STAND(packets_go_out_and_come_back_in_order),
        ON_STAND(notifications_that_come_while_nobody_asks_are_kept),
        ON_STAND(a_full_socket_is_waited_for_and_nothing_is_lost),
        ON_STAND(the_smallest_mtu_of_daemon_place_and_step_counts),
        ON_STAND(a_daemon_without_descriptors_is_served_the_slow_way),
        ON_STAND(a_characteristic_that_answers_writes_is_written_with_response),
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
