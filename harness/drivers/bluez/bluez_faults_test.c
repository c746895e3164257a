/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The link over BlueZ against a made-up bluetoothd on a real D-Bus: refusals, races, misfortunes of the host,
 * replies that no daemon should give. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/error.h"
#include "drivers/update/smp/smp_client.h"
#include "tests/link_support.h"
#include "drivers/bluez/bluez_link.h"
#include "tests/bluez_stand.h"

#define FAILED "org.bluez.Error.Failed"

static void a_connection_that_races_is_tried_again(void **state)
{
    struct bluez_stand *stand = *state;
    static const struct bluez_fault faults[] = {
        {.method = "Connect", .name = FAILED, .text = "le-connection-abort-by-local", .n_times = 1},
        {.method = "Connect",
         .name = "org.bluez.Error.InProgress",
         .text = "Operation already in progress",
         .n_times = 1},
        {0}};

    stand->fake->faults = faults;
    assert_int_equal(stand_connect(stand, false), RIG_LINK_OK);
    assert_int_equal(bluez_fake_count(stand->fake, "Connect"), 3);
}

static void a_connection_that_never_works_is_given_up_with_its_raw_words(void **state)
{
    struct bluez_stand *stand = *state;
    static const struct bluez_fault faults[] = {
        {.method = "Connect", .name = FAILED, .text = "le-connection-abort-by-remote"}, {0}};

    stand->fake->faults = faults;
    assert_int_equal(stand_connect_within(stand, false, 1500), RIG_LINK_LOST);
    assert_non_null(strstr(stand_state(stand).text, "le-connection-abort-by-remote"));
    assert_true(bluez_fake_count(stand->fake, "Connect") > 1);
}

static void a_connect_that_is_never_answered_ends_at_the_deadline_and_is_called_off(void **state)
{
    struct bluez_stand *stand = *state;
    static const struct bluez_fault faults[] = {{.method = "Connect"}, {0}};
    guint64 before_us = stand_now_us(stand);

    stand->fake->faults = faults;
    /* Long enough for a busy host to get as far as Connect. */
    assert_int_equal(stand_connect_within(stand, false, 1500), RIG_LINK_TIMEOUT);
    assert_true(stand_now_us(stand) >= before_us + 1500000);
    for (guint i = 0; i < 500 && bluez_fake_count(stand->fake, "Disconnect") == 0; i++)
        bluez_fake_let_pass(stand->fake, 10);
    assert_int_equal(bluez_fake_count(stand->fake, "Disconnect"), 1);
}

static void a_lost_bond_is_told_by_the_daemons_word(void **state)
{
    struct bluez_stand *stand = *state;
    static const struct bluez_fault faults[] = {
        {.method = "Connect", .name = FAILED, .text = "br-connection-key-missing"}, {0}};

    stand->fake->known = stand->fake->paired = true;
    stand->fake->faults = faults;
    assert_int_equal(stand_connect(stand, true), RIG_LINK_KEY_MISSING);
    assert_int_equal(bluez_fake_count(stand->fake, "Connect"), 1);
    assert_true(stand_state(stand).bonded); /* until somebody forgets it */
}

static void a_lost_bond_is_concluded_where_bluez_says_only_abort_by_local(void **state)
{
    struct bluez_stand *stand = *state;
    static const struct bluez_fault faults[] = {
        {.method = "Connect", .name = FAILED, .text = "le-connection-abort-by-local", .drops = true}, {0}};

    stand->fake->faults = faults;
    stand->fake->known = stand->fake->paired = true;
    assert_int_equal(stand_connect(stand, false), RIG_LINK_KEY_MISSING);
    assert_non_null(strstr(stand_state(stand).text, "abort-by-local"));
    assert_true(stand->link->ops->forget_bond(stand->link, NULL));
    assert_int_equal(stand_connect_within(stand, false, 1500),
                     RIG_LINK_LOST); /* without a bond it is a race */
}

static void services_that_are_never_resolved_are_a_timeout(void **state)
{
    struct bluez_stand *stand = *state;

    stand->fake->resolves = false;
    assert_int_equal(stand_connect_within(stand, false, 400), RIG_LINK_TIMEOUT);
    assert_non_null(strstr(stand_state(stand).text, "resolved"));
}

static void a_board_without_the_update_service_is_told_so(void **state)
{
    struct bluez_stand *stand = *state;

    stand->fake->has_smp = false;
    assert_int_equal(stand_connect(stand, false), RIG_LINK_NO_SERVICE);
    assert_non_null(strstr(stand_state(stand).text, "stale cache"));
}

static void a_service_that_demands_encryption_leaves_a_plain_connection(void **state)
{
    struct bluez_stand *stand = *state;
    static const struct bluez_fault faults[] = {
        {.method = "StartNotify", .name = "org.bluez.Error.NotPermitted", .text = "Not paired"}, {0}};
    static const guint8 bytes[] = {1};

    stand->fake->faults = faults;
    assert_int_equal(stand_connect(stand, false), RIG_LINK_NOT_ENCRYPTED);
    assert_true(stand_state(stand).connected);
    assert_false(stand_state(stand).subscribed);
    assert_int_equal(stand_write(stand, bytes, sizeof bytes), RIG_LINK_OK);
    stand->fake->faults = NULL;
    assert_int_equal(stand_connect(stand, true), RIG_LINK_OK);
    assert_true(stand_state(stand).encrypted && stand_state(stand).subscribed);
}

static void pairing_that_the_board_wants_and_no_step_does_ends_the_connection_at_once(void **state)
{
    struct bluez_stand *stand = *state;

    stand->fake->wants_pairing = true;
    assert_int_equal(stand_connect(stand, false), RIG_LINK_NOT_ENCRYPTED);
    /* before the deadline: bluetoothd would wait for half a minute */
    assert_string_equal(stand->fake->agent_error, "org.bluez.Error.Rejected");
    assert_false(stand->fake->connected || stand_state(stand).connected);
    assert_int_equal(stand_connect(stand, true), RIG_LINK_OK);
}

static void a_board_that_demands_encryption_and_refuses_to_pair_is_told_so(void **state)
{
    struct bluez_stand *stand = *state;
    static const struct bluez_fault faults[] = {{.method = "StartNotify",
                                                 .name = FAILED,
                                                 .text = "Operation failed with ATT error: 0x0e",
                                                 .drops = true},
                                                {0}};

    stand->fake->faults = faults;
    assert_int_equal(stand_connect(stand, false), RIG_LINK_NOT_ENCRYPTED);
    assert_false(stand_state(stand).connected);
    assert_non_null(strstr(stand_state(stand).text, "refuses to pair"));
}

static void refused_pairing_leaves_a_plain_connection(void **state)
{
    struct bluez_stand *stand = *state;
    static const struct bluez_fault faults[] = {
        {.method = "Pair", .name = "org.bluez.Error.AuthenticationFailed", .text = "Authentication Failed"},
        {0}};

    stand->fake->faults = faults;
    assert_int_equal(stand_connect(stand, true), RIG_LINK_PAIRING_REFUSED);
    assert_true(stand_state(stand).connected);
    assert_false(stand_state(stand).bonded || stand_state(stand).encrypted);
}

static void another_program_at_the_characteristic_is_an_error_of_the_rig(void **state)
{
    struct bluez_stand *stand = *state;
    static const struct bluez_fault listening[] = {
        {.method = "AcquireNotify", .name = "org.bluez.Error.InProgress", .text = "In Progress"}, {0}};
    static const struct bluez_fault starting[] = {
        {.method = "StartNotify", .name = "org.bluez.Error.NotPermitted", .text = "Notify acquired"}, {0}};
    const struct bluez_fault *const faults[] = {listening, starting};

    for (guint i = 0; i < G_N_ELEMENTS(faults); i++) {
        g_autofree char *message = NULL;

        stand->fake->faults = faults[i];
        message = stand_connect_error(stand);
        assert_non_null(strstr(message, "another program"));
        rig_link_close(stand->link);
        assert_true(stand->fake->connected); /* that is its connection, too */
        assert_int_equal(bluez_fake_count(stand->fake, "Disconnect"), 0);
    }
    stand->fake->faults = NULL;
    assert_int_equal(stand_connect(stand, false), RIG_LINK_OK);
}

static void another_program_that_writes_is_an_error_of_the_rig(void **state)
{
    struct bluez_stand *stand = *state;
    static const struct bluez_fault writing[] = {
        {.method = "AcquireWrite", .name = "org.bluez.Error.NotPermitted", .text = "Write acquired"}, {0}};
    g_autoptr(GError) error = NULL;
    enum rig_link_outcome outcome;

    stand->fake->faults = writing;
    assert_int_equal(stand_connect(stand, false), RIG_LINK_OK);
    assert_false(stand->link->ops->write(stand->link, &rig_smp_characteristic, RIG_WRITE_COMMAND,
                                         (const guint8 *)"x", 1, &outcome, &error));
    assert_non_null(strstr(error->message, "another program on this host holds the SMP characteristic"));
    assert_true(stand_state(stand).host_fault);
    rig_link_close(stand->link);
    assert_true(stand->fake->connected);
}

static void a_lost_link_gives_what_came_before_and_then_the_loss(void **state)
{
    struct bluez_stand *stand = *state;
    enum rig_link_outcome outcome;

    assert_int_equal(stand_connect(stand, false), RIG_LINK_OK);
    for (guint i = 0; i < 3; i++)
        bluez_fake_notify(stand->fake, "last words", 10);
    bluez_fake_drop(stand->fake);
    for (guint i = 0; i < 3; i++)
        g_bytes_unref(stand_receive(stand));
    assert_null(stand_receive_within(stand, 10000, &outcome));
    assert_int_equal(outcome, RIG_LINK_LOST);
    assert_false(stand_state(stand).connected || stand_state(stand).host_fault);
    assert_int_equal(stand_write(stand, (const guint8 *)"x", 1), RIG_LINK_NOT_CONNECTED);
    assert_int_equal(stand_connect(stand, false), RIG_LINK_OK);
}

static void a_daemon_that_dies_is_the_hosts_fault_and_its_return_is_waited_for(void **state)
{
    struct bluez_stand *stand = *state;
    enum rig_link_outcome outcome;

    assert_int_equal(stand_connect(stand, true), RIG_LINK_OK);
    bluez_fake_vanish(stand->fake);
    assert_null(stand_receive_within(stand, 10000, &outcome));
    assert_int_equal(outcome, RIG_LINK_LOST);
    assert_true(stand_state(stand).host_fault);
    assert_non_null(strstr(stand_state(stand).text, "bluetoothd"));
    bluez_fake_return(stand->fake);
    assert_int_equal(stand_connect(stand, false), RIG_LINK_OK);
    assert_false(stand_state(stand).host_fault);
    assert_int_equal(bluez_fake_count(stand->fake, "RegisterAgent"), 2); /* the new one knows nothing */
}

static void a_daemon_that_does_not_return_is_an_error_with_its_remedy(void **state)
{
    struct bluez_stand *stand = *state;
    g_autoptr(GError) error = NULL;
    struct rig_link_connect how = {0};
    enum rig_link_outcome outcome;

    assert_int_equal(stand_connect(stand, false), RIG_LINK_OK);
    bluez_fake_vanish(stand->fake);
    bluez_fake_let_pass(stand->fake, 30);
    how.until_us = stand_now_us(stand) + 700000;
    assert_false(connect_and_subscribe(stand->link, &how, &outcome, &error));
    assert_non_null(strstr(error->message, "systemctl status bluetooth"));
}

static void a_daemon_that_dies_in_a_call_is_an_error_of_the_rig(void **state)
{
    struct bluez_stand *stand = *state;
    static const struct bluez_fault faults[] = {
        {.method = "Connect",
         .name = "org.freedesktop.DBus.Error.NoReply",
         .text = "Message recipient disconnected from message bus without replying"},
        {0}};
    g_autofree char *message = NULL;

    stand->fake->faults = faults;
    message = stand_connect_error(stand);
    assert_non_null(strstr(message, "systemctl status bluetooth"));
}

static void no_daemon_at_all_is_an_error_at_once(void **state)
{
    struct bluez_stand *stand = *state;
    g_autofree char *message = NULL;

    bluez_fake_vanish(stand->fake);
    message = stand_connect_error(stand);
    assert_non_null(strstr(message, "systemctl status bluetooth"));
}

static void no_bus_at_all_is_an_error_with_its_remedy(void **state)
{
    struct bluez_stand *stand = *state;
    g_autofree char *message = NULL;

    g_setenv("DBUS_SYSTEM_BUS_ADDRESS", "unix:path=/nonexistent/bus", TRUE);
    message = stand_connect_error(stand);
    assert_non_null(strstr(message, "dbus-daemon"));
}

static void a_bus_that_goes_is_the_hosts_fault(void **state)
{
    struct bluez_stand *stand = *state;
    enum rig_link_outcome outcome;
    g_autofree char *message = NULL;

    assert_int_equal(stand_connect(stand, false), RIG_LINK_OK);
    g_dbus_connection_set_exit_on_close(stand->fake->connection, FALSE);
    g_test_dbus_stop(stand->fake->daemon);
    bluez_fake_let_pass(stand->fake, 50);
    assert_null(stand_receive_within(stand, 10000, &outcome));
    assert_int_equal(outcome, RIG_LINK_LOST);
    assert_true(stand_state(stand).host_fault);
    message = stand_connect_error_within(stand, 700); /* its return is waited for */
    assert_non_null(strstr(message, "systemctl status dbus"));
}

static void an_adapter_that_loses_power_is_the_hosts_fault_and_gets_it_back(void **state)
{
    struct bluez_stand *stand = *state;
    enum rig_link_outcome outcome;

    assert_int_equal(stand_connect(stand, false), RIG_LINK_OK);
    bluez_fake_set_power(stand->fake, false); /* the connection's end is told first */
    assert_null(stand_receive_within(stand, 10000, &outcome));
    assert_int_equal(outcome, RIG_LINK_LOST);
    assert_true(stand_state(stand).host_fault);
    assert_int_equal(stand_connect(stand, false), RIG_LINK_OK);
    assert_true(stand->fake->powered);
}

static void a_write_that_meets_the_end_first_tells_whose_fault_it_was_too(void **state)
{
    struct bluez_stand *stand = *state;

    assert_int_equal(stand_connect(stand, false), RIG_LINK_OK);
    bluez_fake_set_power(stand->fake, false);
    assert_int_equal(stand_write(stand, (const guint8 *)"x", 1),
                     RIG_LINK_LOST); /* nothing was dispatched yet */
    assert_true(stand_state(stand).host_fault);
    assert_false(stand_state(stand).connected);
}

static void an_adapter_that_takes_no_power_is_an_error_with_its_remedy(void **state)
{
    struct bluez_stand *stand = *state;
    g_autofree char *message = NULL;

    stand->fake->powered = false;
    stand->fake->blocked = true;
    message = stand_connect_error(stand);
    assert_non_null(strstr(message, "hci0"));
    assert_non_null(strstr(message, "rfkill"));
}

static void an_adapter_that_is_unplugged_is_named(void **state)
{
    struct bluez_stand *stand = *state;
    enum rig_link_outcome outcome;
    g_autofree char *message = NULL;

    assert_int_equal(stand_connect(stand, false), RIG_LINK_OK);
    bluez_fake_unplug(stand->fake);
    assert_null(stand_receive_within(stand, 10000, &outcome));
    assert_true(stand_state(stand).host_fault);
    message = stand_connect_error_within(stand, 700); /* its return is waited for */
    assert_non_null(strstr(message, "no Bluetooth adapter"));
}

static gboolean plug_in(gpointer user)
{
    bluez_fake_plug_in(user);
    return G_SOURCE_REMOVE;
}

static void plug_in_after(struct bluez_fake *fake, guint ms)
{
    GSource *alarm = g_timeout_source_new(ms);

    g_source_set_callback(alarm, plug_in, fake, NULL);
    g_source_attach(alarm, fake->board.events);
    g_source_unref(alarm);
}

static void an_adapter_that_is_plugged_in_again_is_waited_for(void **state)
{
    struct bluez_stand *stand = *state;
    enum rig_link_outcome outcome;

    assert_int_equal(stand_connect(stand, false), RIG_LINK_OK);
    bluez_fake_unplug(stand->fake);
    assert_null(stand_receive_within(stand, 10000, &outcome));
    plug_in_after(stand->fake, 500);
    assert_int_equal(stand_connect(stand, false), RIG_LINK_OK);
    assert_true(stand->fake->powered);
}

static void an_adapter_that_goes_while_it_gets_power_is_waited_for(void **state)
{
    struct bluez_stand *stand = *state;
    static const struct bluez_fault faults[] = {{.method = "Set",
                                                 .name = "org.freedesktop.DBus.Error.UnknownMethod",
                                                 .text = "Method \"Set\" doesn't exist",
                                                 .n_times = 1},
                                                {0}};

    stand->fake->powered = false;
    stand->fake->faults = faults;
    assert_int_equal(stand_connect(stand, false), RIG_LINK_OK);
    assert_int_equal(bluez_fake_count(stand->fake, "Set"), 2);
    assert_true(stand->fake->powered);
}

static void an_adapter_of_another_name_is_told_with_those_that_are_there(void **state)
{
    struct bluez_stand *stand = *state;
    g_autofree char *message = NULL;

    stand->fake->place.adapter = "hci7";
    message = stand_connect_error(stand);
    assert_non_null(strstr(message, "'hci7'; there are: hci0"));
}

static void two_boards_of_one_name_are_an_error(void **state)
{
    struct bluez_stand *stand = *state;
    g_autofree char *message = NULL;

    stand->fake->twin = stand->fake->known = true;
    stand->fake->place.address = NULL;
    stand->fake->place.name = "bootrig-fake";
    message = stand_connect_error(stand);
    assert_non_null(strstr(message, "2 boards advertise bootrig-fake"));
}

static void an_interrupt_ends_whatever_is_waited_for(void **state)
{
    struct bluez_stand *stand = *state;
    static const struct bluez_fault faults[] = {{.method = "Connect"}, {0}};
    struct rig_link_connect how = {.until_us = stand_now_us(stand) + 20000000};
    g_autoptr(GError) error = NULL;
    enum rig_link_outcome outcome;

    stand->fake->faults = faults;
    stand->fake->interrupted = 1;
    assert_false(connect_and_subscribe(stand->link, &how, &outcome, &error));
    assert_true(g_error_matches(error, RIG_ERROR, RIG_ERROR_INTERRUPTED));
    stand->fake->interrupted = 0;
}

static void replies_of_wrong_types_are_outcomes_and_no_crash(void **state)
{
    struct bluez_stand *stand = *state;
    static const struct bluez_fault faults[][2] = {
        {{.method = "AcquireNotify", .reply = "('fd', uint16 23)"}, {0}},
        {{.method = "AcquireNotify", .reply = "(handle 7, uint16 23)"}, {0}},
        {{.method = "Connect", .reply = "('yes',)"}, {0}},
    };

    for (guint i = 0; i < G_N_ELEMENTS(faults); i++) {
        stand->fake->faults = faults[i];
        assert_int_equal(stand_connect_within(stand, false, 5000), RIG_LINK_LOST);
        rig_link_close(stand->link);
    }
}

static void a_descriptor_to_write_to_that_is_none_is_a_loss(void **state)
{
    struct bluez_stand *stand = *state;
    static const struct bluez_fault faults[] = {{.method = "AcquireWrite", .reply = "(handle 0, uint16 0)"},
                                                {0}};

    stand->fake->faults = faults;
    assert_int_equal(stand_connect(stand, false), RIG_LINK_OK);
    assert_int_equal(stand_write(stand, (const guint8 *)"x", 1), RIG_LINK_LOST);
    assert_false(stand_state(stand).connected);
}

static void objects_of_wrong_types_are_an_error(void **state)
{
    struct bluez_stand *stand = *state;
    static const struct bluez_fault faults[] = {{.method = "GetManagedObjects", .reply = "('none',)"}, {0}};
    g_autofree char *message = NULL;

    stand->fake->faults = faults;
    message = stand_connect_error(stand);
    assert_non_null(strstr(message, "answers a (s)"));
}

static void signals_of_wrong_types_change_nothing(void **state)
{
    struct bluez_stand *stand = *state;
    static const char properties[] = "org.freedesktop.DBus.Properties";
    static const char manager[] = "org.freedesktop.DBus.ObjectManager";

    assert_int_equal(stand_connect(stand, false), RIG_LINK_OK);
    bluez_fake_signal(stand->fake, FAKE_DEVICE, properties, "PropertiesChanged", "('org.bluez.Device1',)");
    bluez_fake_signal(
        stand->fake, FAKE_DEVICE, properties, "PropertiesChanged",
        "('org.bluez.Device1', {'Connected': <'no'>, 'UUIDs': <7>, 'Address': <true>}, @as [])");
    bluez_fake_signal(stand->fake, "/", manager, "InterfacesAdded", "(uint32 1,)");
    bluez_fake_signal(stand->fake, "/", manager, "InterfacesRemoved", "('x', 'y')");
    bluez_fake_signal(stand->fake, FAKE_CHARACTERISTIC, properties, "PropertiesChanged",
                      "('org.bluez.GattCharacteristic1', {'Value': <'text'>}, @as [])");
    bluez_fake_let_pass(stand->fake, 50);
    assert_true(stand_state(stand).connected);
}

/* What a case does with a link; true: all of it came off. What does not is an outcome, or an error with
 * words. */
static bool came_off(bool ok, enum rig_link_outcome outcome, GError *error)
{
    g_autoptr(GError) cause = error;

    if (!ok && (!cause || cause->domain != RIG_ERROR || !*cause->message))
        fail_msg("an error without a word");
    return ok && outcome == RIG_LINK_OK;
}

static bool use(struct bluez_stand *stand, guint within_ms)
{
    struct rig_link *link = stand->link;
    struct rig_link_connect how = {.pair = true,
                                   .until_us = stand_now_us(stand) + within_ms * G_GUINT64_CONSTANT(1000)};
    enum rig_link_outcome outcome = RIG_LINK_OK;
    GError *error = NULL;
    bool ok = connect_and_subscribe(link, &how, &outcome, &error);
    bool all = came_off(ok, outcome, error);

    error = NULL;
    ok = link->ops->write(link, &rig_smp_characteristic, RIG_WRITE_COMMAND, (const guint8 *)"x", 1, &outcome,
                          &error);
    all = came_off(ok, outcome, error) && all;
    error = NULL;
    ok = link->ops->subscribe(link, &rig_smp_characteristic, RIG_SUBSCRIBE_NONE, &outcome, &error);
    all = came_off(ok, outcome, error) && all;
    error = NULL;
    ok = link->ops->disconnect(link, &error);
    all = came_off(ok, RIG_LINK_OK, error) && all;
    error = NULL;
    ok = link->ops->forget_bond(link, &error);
    return came_off(ok, RIG_LINK_OK, error) && all;
}

static void start_anew(struct bluez_stand *stand)
{
    rig_link_free(stand->link);
    stand->link = rig_bluez_link_new(&stand->fake->place, &stand->fake->board);
    stand->fake->fails_at = 0;
    g_ptr_array_set_size(stand->fake->calls, 0);
}

static void each_call_that_fails_leaves_a_link_that_can_be_freed_and_a_host_that_serves_the_next(void **state)
{
    static const struct bluez_fault faults[] = {{.name = FAILED, .text = "no"}, {.reply = "(uint32 7, 'x')"}};
    struct bluez_stand *stand = *state;
    guint n_noticed = 0;

    for (guint i = 0; i < G_N_ELEMENTS(faults); i++) {
        stand->fake->fails_with = &faults[i];
        for (guint n = 1;; n++) {
            bool all, struck;

            start_anew(stand);
            stand->fake->fails_at = n;
            all = use(stand, 1000);
            struck = stand->fake->calls->len >= n;
            n_noticed += !all;
            if (!struck)
                break;
            start_anew(stand);
            if (!use(stand, 20000))
                fail_msg("after call %u, fault %u, nothing works any more: %s", n, i,
                         stand_state(stand).text);
        }
    }
    assert_true(n_noticed > 0);
}

static void a_bond_that_bluetoothd_keeps_is_not_said_to_be_forgotten(void **state)
{
    struct bluez_stand *stand = *state;
    static const struct bluez_fault faults[] = {
        {.method = "RemoveDevice", .name = FAILED, .text = "Operation failed with ATT error"}, {0}};
    g_autoptr(GError) error = NULL;

    assert_int_equal(stand_connect(stand, true), RIG_LINK_OK);
    stand->fake->faults = faults;
    assert_false(stand->link->ops->forget_bond(stand->link, &error));
    assert_non_null(strstr(error->message, "does not forget"));
    assert_non_null(strstr(error->message, "Operation failed"));
    stand->fake->faults = NULL;
    assert_true(stand->link->ops->forget_bond(stand->link, NULL));
    assert_false(stand->fake->paired);
}

static void a_connection_that_bluetoothd_keeps_is_not_said_to_be_over(void **state)
{
    struct bluez_stand *stand = *state;
    static const struct bluez_fault faults[] = {{.method = "Disconnect", .name = FAILED, .text = "Busy"},
                                                {0}};
    g_autoptr(GError) error = NULL;

    assert_int_equal(stand_connect(stand, false), RIG_LINK_OK);
    stand->fake->faults = faults;
    assert_false(stand->link->ops->disconnect(stand->link, &error));
    assert_non_null(strstr(error->message, "does not disconnect"));
    assert_non_null(strstr(error->message, "Busy"));
}

int main(void)
{
#define ON_STAND(test) cmocka_unit_test_setup_teardown(test, stand_open, stand_close)
    const struct CMUnitTest tests[] = {
        ON_STAND(a_connection_that_races_is_tried_again),
        ON_STAND(a_connection_that_never_works_is_given_up_with_its_raw_words),
        ON_STAND(a_connect_that_is_never_answered_ends_at_the_deadline_and_is_called_off),
        ON_STAND(a_lost_bond_is_told_by_the_daemons_word),
        ON_STAND(a_lost_bond_is_concluded_where_bluez_says_only_abort_by_local),
        ON_STAND(services_that_are_never_resolved_are_a_timeout),
        ON_STAND(a_board_without_the_update_service_is_told_so),
        ON_STAND(a_service_that_demands_encryption_leaves_a_plain_connection),
        ON_STAND(pairing_that_the_board_wants_and_no_step_does_ends_the_connection_at_once),
        ON_STAND(a_board_that_demands_encryption_and_refuses_to_pair_is_told_so),
        ON_STAND(refused_pairing_leaves_a_plain_connection),
        ON_STAND(another_program_at_the_characteristic_is_an_error_of_the_rig),
        ON_STAND(another_program_that_writes_is_an_error_of_the_rig),
        ON_STAND(a_lost_link_gives_what_came_before_and_then_the_loss),
        ON_STAND(a_daemon_that_dies_is_the_hosts_fault_and_its_return_is_waited_for),
        ON_STAND(a_daemon_that_does_not_return_is_an_error_with_its_remedy),
        ON_STAND(a_daemon_that_dies_in_a_call_is_an_error_of_the_rig),
        ON_STAND(no_daemon_at_all_is_an_error_at_once),
        ON_STAND(no_bus_at_all_is_an_error_with_its_remedy),
        ON_STAND(a_bus_that_goes_is_the_hosts_fault),
        ON_STAND(an_adapter_that_loses_power_is_the_hosts_fault_and_gets_it_back),
        ON_STAND(a_write_that_meets_the_end_first_tells_whose_fault_it_was_too),
        ON_STAND(an_adapter_that_takes_no_power_is_an_error_with_its_remedy),
        ON_STAND(an_adapter_that_is_unplugged_is_named),
        ON_STAND(an_adapter_that_is_plugged_in_again_is_waited_for),
        ON_STAND(an_adapter_that_goes_while_it_gets_power_is_waited_for),
        ON_STAND(an_adapter_of_another_name_is_told_with_those_that_are_there),
        ON_STAND(two_boards_of_one_name_are_an_error),
        ON_STAND(an_interrupt_ends_whatever_is_waited_for),
        ON_STAND(replies_of_wrong_types_are_outcomes_and_no_crash),
        ON_STAND(a_descriptor_to_write_to_that_is_none_is_a_loss),
        ON_STAND(objects_of_wrong_types_are_an_error),
        ON_STAND(each_call_that_fails_leaves_a_link_that_can_be_freed_and_a_host_that_serves_the_next),
        ON_STAND(a_bond_that_bluetoothd_keeps_is_not_said_to_be_forgotten),
        ON_STAND(a_connection_that_bluetoothd_keeps_is_not_said_to_be_over),
        ON_STAND(signals_of_wrong_types_change_nothing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
