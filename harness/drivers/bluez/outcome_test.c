/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Every error that BlueZ documents or was seen to give, and what the monitor channel tells, as outcomes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "drivers/bluez/outcome.h"
#include "drivers/bluez/monitor.h"

#define E "org.bluez.Error."

static const struct {
    const char *name, *text;
    enum rig_link_outcome outcome;
    enum rig_bluez_blame blame;
} errors[] = {
    {E "Failed", "br-connection-key-missing", RIG_LINK_KEY_MISSING, RIG_BLUEZ_BOARD},
    {E "Failed", "le-connection-key-missing", RIG_LINK_KEY_MISSING, RIG_BLUEZ_BOARD},
    {E "Failed", "le-connection-abort-by-local", RIG_LINK_LOST, RIG_BLUEZ_RACE},
    {E "Failed", "le-connection-abort-by-remote", RIG_LINK_LOST, RIG_BLUEZ_RACE},
    {E "Failed", "le-connection-timeout", RIG_LINK_TIMEOUT, RIG_BLUEZ_RACE},
    {E "Failed", "le-connection-refused", RIG_LINK_LOST, RIG_BLUEZ_RACE},
    {E "Failed", "le-connection-busy", RIG_LINK_LOST, RIG_BLUEZ_RACE},
    {E "Failed", "le-connection-create-socket", RIG_LINK_LOST, RIG_BLUEZ_RACE},
    {E "Failed", "le-connection-gatt-browsing", RIG_LINK_LOST, RIG_BLUEZ_RACE},
    {E "Failed", "le-connection-link-layer-protocol-error", RIG_LINK_LOST, RIG_BLUEZ_RACE},
    {E "Failed", "le-connection-unknown", RIG_LINK_LOST, RIG_BLUEZ_RACE},
    {E "Failed", "br-connection-canceled", RIG_LINK_LOST, RIG_BLUEZ_RACE},
    {E "Failed", "le-connection-adapter-not-powered", RIG_LINK_LOST, RIG_BLUEZ_HOST},
    {E "Failed", "le-connection-concurrent-connection-limit", RIG_LINK_LOST, RIG_BLUEZ_HOST},
    {E "Failed", "le-connection-not-supported", RIG_LINK_LOST, RIG_BLUEZ_HOST},
    {E "Failed", "le-connection-already-connected", RIG_LINK_OK, RIG_BLUEZ_RACE},
    {E "AlreadyConnected", "Already Connected", RIG_LINK_OK, RIG_BLUEZ_RACE},
    {E "NotReady", "Resource Not Ready", RIG_LINK_LOST, RIG_BLUEZ_HOST},
    {E "InProgress", "In Progress", RIG_LINK_LOST, RIG_BLUEZ_RACE},
    {E "NotConnected", "Not connected", RIG_LINK_LOST, RIG_BLUEZ_RACE},
    {E "DoesNotExist", "Does Not Exist", RIG_LINK_NOT_FOUND, RIG_BLUEZ_RACE},
    {E "ConnectionAttemptFailed", "Page Timeout", RIG_LINK_LOST, RIG_BLUEZ_RACE},
    {E "AuthenticationFailed", "Authentication Failed", RIG_LINK_PAIRING_REFUSED, RIG_BLUEZ_BOARD},
    {E "AuthenticationRejected", "Authentication Rejected", RIG_LINK_PAIRING_REFUSED, RIG_BLUEZ_BOARD},
    {E "AuthenticationTimeout", "Authentication Timeout", RIG_LINK_TIMEOUT, RIG_BLUEZ_BOARD},
    {E "AuthenticationCanceled", "Authentication Canceled", RIG_LINK_LOST, RIG_BLUEZ_RACE},
    {E "AlreadyExists", "Already Exists", RIG_LINK_OK, RIG_BLUEZ_BOARD},
    {E "NotPermitted", "Not paired", RIG_LINK_NOT_ENCRYPTED, RIG_BLUEZ_BOARD},
    {E "NotPermitted", "Write acquired", RIG_LINK_LOST, RIG_BLUEZ_HOST},
    {E "NotPermitted", "Notify acquired", RIG_LINK_LOST, RIG_BLUEZ_HOST},
    {E "NotPermitted", "Write not permitted", RIG_LINK_NO_PROPERTY, RIG_BLUEZ_BOARD},
    {E "NotAuthorized", "Operation Not Authorized", RIG_LINK_NOT_ENCRYPTED, RIG_BLUEZ_BOARD},
    {E "NotSupported", "Operation is not supported", RIG_LINK_NO_PROPERTY, RIG_BLUEZ_BOARD},
    {E "InvalidArguments", "Invalid Length", RIG_LINK_ATT_ERROR, RIG_BLUEZ_BOARD},
    {E "InvalidArguments", "Invalid arguments in method call", RIG_LINK_TOO_LONG, RIG_BLUEZ_BOARD},
    {E "InvalidValueLength", "Invalid Length", RIG_LINK_ATT_ERROR, RIG_BLUEZ_BOARD},
    {E "Failed", "Operation failed with ATT error: 0x01", RIG_LINK_NO_SERVICE, RIG_BLUEZ_BOARD},
    {E "Failed", "Operation failed with ATT error: 0x05", RIG_LINK_NOT_ENCRYPTED, RIG_BLUEZ_BOARD},
    {E "Failed", "Operation failed with ATT error: 0x08", RIG_LINK_NOT_ENCRYPTED, RIG_BLUEZ_BOARD},
    {E "Failed", "Operation failed with ATT error: 0x0c", RIG_LINK_NOT_ENCRYPTED, RIG_BLUEZ_BOARD},
    {E "Failed", "Operation failed with ATT error: 0x0d", RIG_LINK_ATT_ERROR, RIG_BLUEZ_BOARD},
    {E "Failed", "Operation failed with ATT error: 0x0e", RIG_LINK_ATT_ERROR, RIG_BLUEZ_BOARD},
    {E "Failed", "Operation failed with ATT error: 0x0f", RIG_LINK_NOT_ENCRYPTED, RIG_BLUEZ_BOARD},
    {"org.freedesktop.DBus.Error.UnknownObject", "no such object", RIG_LINK_NOT_FOUND, RIG_BLUEZ_RACE},
    {"org.freedesktop.DBus.Error.AccessDenied", "rejected send message", RIG_LINK_LOST, RIG_BLUEZ_HOST},
    {"org.freedesktop.DBus.Error.ServiceUnknown", "not provided", RIG_LINK_LOST, RIG_BLUEZ_HOST},
    {"org.freedesktop.DBus.Error.NoReply", "recipient disconnected", RIG_LINK_LOST, RIG_BLUEZ_HOST},
    {"org.freedesktop.DBus.Error.Disconnected", "closed", RIG_LINK_LOST, RIG_BLUEZ_HOST},
    {"org.example.Error.New", "nobody knows", RIG_LINK_LOST, RIG_BLUEZ_RACE},
    {NULL, "Connect answers a (s) instead of a ()", RIG_LINK_LOST, RIG_BLUEZ_RACE},
    {NULL, NULL, RIG_LINK_LOST, RIG_BLUEZ_RACE},
};

static void every_error_has_one_outcome_and_the_hosts_have_a_remedy(void **state)
{
    (void)state;
    for (gsize i = 0; i < G_N_ELEMENTS(errors); i++) {
        struct rig_bluez_verdict verdict = rig_bluez_judge_error(errors[i].name, errors[i].text);

        if (verdict.outcome != errors[i].outcome || verdict.blame != errors[i].blame)
            fail_msg("%s '%s': outcome %s, blame %d", errors[i].name, errors[i].text,
                     rig_link_outcome_name(verdict.outcome), verdict.blame);
        assert_int_equal(verdict.blame == RIG_BLUEZ_HOST, verdict.remedy != NULL);
    }
}

static void an_att_error_is_told_with_its_code(void **state)
{
    (void)state;
    assert_int_equal(
        rig_bluez_judge_error(E "Failed", "Operation failed with ATT error: 0x80 (Reserved)").att_error,
        0x80);
    assert_int_equal(rig_bluez_judge_error(E "Failed", "Operation failed with ATT error: 0xfd").att_error,
                     0xfd);
    assert_int_equal(rig_bluez_judge_error(E "Failed", "Operation failed with ATT error: 0x05").att_error, 0);
    assert_int_equal(rig_bluez_judge_error(E "InvalidValueLength", "Invalid Length").att_error, 0x0d);
}

static const guint8 ours[6] = {0xc0, 0xff, 0xee, 0x52, 0x84, 0x00};

static void take(struct rig_bluez_events *events, const guint8 *bytes, gsize n_bytes)
{
    g_autofree guint8 *exact = g_memdup2(bytes, n_bytes); /* a sanitizer sees what is read beyond */

    rig_bluez_events_take(events, exact, n_bytes);
}

#define EVENT(n, code, ...)                                                                                  \
    {                                                                                                        \
        3, 0, 0, 0, (n) + 2, 0, code, n, __VA_ARGS__                                                         \
    }
static const guint8 connected[] =
    EVENT(19, 0x3e, 1, 0, 0x2a, 0, 0, 1, 0x00, 0x84, 0x52, 0xee, 0xff, 0xc0, 24, 0, 0, 0, 42, 0, 0);

static void see_connection(struct rig_bluez_events *events)
{
    rig_bluez_events_init(events, 0, ours);
    take(events, connected, sizeof connected);
    assert_true(events->connected);
}

static void a_lost_bond_shows_as_key_missing_before_the_hosts_own_disconnection(void **state)
{
    static const guint8 refused[] = EVENT(4, 0x08, 0x06, 0x2a, 0, 0);
    static const guint8 gone[] = EVENT(4, 0x05, 0, 0x2a, 0, 0x05);
    struct rig_bluez_events events;
    char text[64];

    (void)state;
    see_connection(&events);
    take(&events, refused, sizeof refused);
    take(&events, gone, sizeof gone);
    assert_false(events.connected || events.encrypted);
    assert_int_equal(rig_bluez_events_reason(&events, text, sizeof text), 0x06);
    assert_string_equal(text, "PIN or key missing (HCI 0x06)");
    assert_int_equal(rig_bluez_hci_outcome(0x06), RIG_LINK_KEY_MISSING);
}

static void keys_that_differ_show_as_a_mic_failure(void **state)
{
    static const guint8 gone[] = EVENT(4, 0x05, 0, 0x2a, 0, 0x3d);
    struct rig_bluez_events events;
    char text[64];

    (void)state;
    see_connection(&events);
    take(&events, gone, sizeof gone);
    assert_int_equal(rig_bluez_events_reason(&events, text, sizeof text), 0x3d);
    assert_int_equal(rig_bluez_hci_outcome(0x3d), RIG_LINK_KEY_DIFFERENT);
}

static void encryption_is_seen_and_ends_with_the_connection(void **state)
{
    static const guint8 encrypted[] = EVENT(4, 0x08, 0, 0x2a, 0, 1);
    static const guint8 gone[] = EVENT(4, 0x05, 0, 0x2a, 0, 0x08);
    struct rig_bluez_events events;

    (void)state;
    see_connection(&events);
    take(&events, encrypted, sizeof encrypted);
    assert_true(events.encrypted);
    take(&events, gone, sizeof gone);
    assert_false(events.encrypted);
    assert_int_equal(events.disconnect_reason, 0x08);
}

static void an_end_that_somebody_on_this_host_asked_for_is_seen(void **state)
{
    static const guint8 asked[] = {16,   0,    0, 0,    13,   0,    1,    0,    0, 0,
                                   0x14, 0x00, 0, 0x84, 0x52, 0xee, 0xff, 0xc0, 2};
    guint8 other[sizeof asked];
    struct rig_bluez_events events;

    (void)state;
    see_connection(&events);
    for (gsize n = 0; n < sizeof asked - 1; n++) /* the address is whole without its type */
        take(&events, asked, n);
    assert_false(events.end_was_asked_for);
    memcpy(other, asked, sizeof other);
    other[10] = 0x15; /* another command */
    take(&events, other, sizeof other);
    memcpy(other, asked, sizeof other);
    other[12] = 1; /* another address */
    take(&events, other, sizeof other);
    memcpy(other, asked, sizeof other);
    other[2] = 1; /* hci1 */
    take(&events, other, sizeof other);
    assert_false(events.end_was_asked_for);
    take(&events, asked, sizeof asked);
    assert_true(events.end_was_asked_for);
    take(&events, connected, sizeof connected);
    assert_false(events.end_was_asked_for);
}

/* The kernel's filter on a socket pair; whether the packet came through. */
static bool passes(const int pair[2], const guint8 *bytes, gsize n_bytes)
{
    guint8 room[64];
    gssize n;

    assert_int_equal(send(pair[0], bytes, n_bytes, 0), n_bytes);
    n = recv(pair[1], room, sizeof room, MSG_DONTWAIT);
    assert_true(n < 0 || (gsize)n == n_bytes);
    return n >= 0;
}

static void the_kernel_passes_on_what_is_looked_at_and_nothing_else(void **state)
{
    static const guint8 codes[] = {0x05, 0x08, 0x30, 0x59};
    guint8 event[] = EVENT(4, 0, 0, 0x2a, 0, 0);
    guint8 control[20] = {16};
    int pair[2];

    (void)state;
    assert_int_equal(socketpair(AF_UNIX, SOCK_DGRAM, 0, pair), 0);
    assert_true(rig_bluez_monitor_filter(pair[1]));
    assert_true(passes(pair, connected, sizeof connected));
    for (guint code = 0; code < 256; code++) {
        event[6] = (guint8)code; /* an LE event then has the subevent 0 */
        assert_int_equal(passes(pair, event, sizeof event), memchr(codes, (int)code, sizeof codes) != NULL);
    }
    event[6] = 0x3e;
    for (guint subevent = 0; subevent < 256; subevent++) {
        event[8] = (guint8)subevent;
        assert_int_equal(passes(pair, event, sizeof event), subevent == 0x01 || subevent == 0x0a);
    }
    for (guint opcode = 0; opcode < 65536; opcode += 0x55) {
        control[10] = (guint8)opcode;
        control[11] = (guint8)(opcode >> 8);
        assert_false(passes(pair, control, sizeof control));
    }
    control[10] = 0x14;
    control[11] = 0;
    assert_true(passes(pair, control, sizeof control));
    assert_false(passes(pair, control, 11)); /* cut off */
    close(pair[0]);
    close(pair[1]);
}

static void of_data_the_kernel_passes_on_pairing_and_att_but_not_what_an_upload_is_made_of(void **state)
{
    /* Header, ACL header (handle 0x2a, beginning of a frame), L2CAP header, PDU. */
    guint8 data[] = {4, 0, 0, 0, 13, 0, 0x2a, 0x00, 9, 0, 5, 0, 4, 0, 0, 1, 2, 3, 4};
    int pair[2];

    (void)state;
    assert_int_equal(socketpair(AF_UNIX, SOCK_DGRAM, 0, pair), 0);
    assert_true(rig_bluez_monitor_filter(pair[1]));
    for (guint way = 0; way < 256; way++) {
        data[0] = (guint8)way;
        data[14] = 0x02;
        if (way != 3 && way != 16)
            assert_int_equal(passes(pair, data, sizeof data), way == 4 || way == 5);
    }
    for (guint opcode = 0; opcode < 256; opcode++) {
        data[0] = 4 + opcode % 2;
        data[14] = (guint8)opcode;
        assert_int_equal(passes(pair, data, sizeof data), opcode != 0x52 && opcode != 0x1b);
    }
    data[7] = 0x10; /* the rest of a frame */
    assert_false(passes(pair, data, sizeof data));
    data[7] = 0x20;
    assert_true(passes(pair, data, sizeof data));
    assert_false(passes(pair, data, 14)); /* no PDU */
    for (guint channel = 0; channel < 256; channel++) {
        data[12] = (guint8)channel;
        assert_int_equal(passes(pair, data, sizeof data), channel == 4 || channel == 6);
    }
    close(pair[0]);
    close(pair[1]);
}

static void other_adapters_devices_and_handles_are_not_ours(void **state)
{
    static const guint8 other_handle[] = EVENT(4, 0x05, 0, 0x2b, 0, 0x13);
    guint8 other[sizeof connected];
    struct rig_bluez_events events;

    (void)state;
    rig_bluez_events_init(&events, 0, ours);
    memcpy(other, connected, sizeof other);
    other[2] = 1; /* hci1 */
    take(&events, other, sizeof other);
    memcpy(other, connected, sizeof other);
    other[sizeof other - 8] ^= 1; /* another address */
    take(&events, other, sizeof other);
    assert_false(events.connected);
    see_connection(&events);
    take(&events, other_handle, sizeof other_handle);
    assert_true(events.connected);
}

static void cut_off_events_are_passed_over(void **state)
{
    struct rig_bluez_events events;

    (void)state;
    rig_bluez_events_init(&events, 0, ours);
    for (gsize n = 0; n < sizeof connected - 8; n++)
        take(&events, connected, n);
    assert_false(events.connected);
}

/* One whole L2CAP frame in an ACL packet: kind 4 sent, 5 received. */
static void take_frame(struct rig_bluez_events *events, guint8 kind, guint8 channel, const guint8 *pdu,
                       guint8 n_bytes)
{
    guint8 packet[64] = {kind, 0, 0, 0, 0, 0, 0x2a, 0x20, (guint8)(n_bytes + 4), 0, n_bytes, 0, channel, 0};

    memcpy(packet + 14, pdu, n_bytes);
    take(events, packet, 14u + n_bytes);
}

static void who_ended_a_pairing_and_why_is_heard(void **state)
{
    static const guint8 failed[] = {0x05, 0x04};
    struct rig_bluez_events events;
    char text[96];

    (void)state;
    see_connection(&events);
    take_frame(&events, 5, 6, failed, sizeof failed);
    assert_int_equal(events.pairing_reason, 0x04);
    rig_link_pairing_text(events.pairing_reason, events.pairing_by_board, text, sizeof text);
    assert_string_equal(text, "pairing failed: the board says confirm value failed (0x04)");
    take_frame(&events, 4, 6, failed, sizeof failed);
    assert_false(events.pairing_by_board);
    see_connection(&events);
    take_frame(&events, 5, 6, failed, 1);
    assert_int_equal(events.pairing_reason, 0);
}

static void an_answer_that_is_none_is_named_and_only_the_first(void **state)
{
    static const guint8 request[] = {0x10, 1, 0, 0xff, 0xff, 0, 0x28},
                        answer[] = {0x11, 6, 1, 0, 5, 0, 0, 0x18};
    static const guint8 command[] = {0x52, 1, 0, 9}, refused[] = {0x01, 0x10, 1, 0, 0x0a},
                        notified[] = {0x1b, 1, 0};
    struct rig_bluez_events events;
    char text[64];

    (void)state;
    see_connection(&events);
    take_frame(&events, 4, 4, request, sizeof request);
    take_frame(&events, 5, 4, answer, sizeof answer);
    take_frame(&events, 4, 4, request, sizeof request);
    take_frame(&events, 5, 4, notified, sizeof notified);
    take_frame(&events, 5, 4, refused, sizeof refused);
    take_frame(&events, 4, 4, command, sizeof command);
    assert_false(rig_bluez_events_violation(&events, text, sizeof text));
    take_frame(&events, 5, 4, answer, sizeof answer);
    assert_true(rig_bluez_events_violation(&events, text, sizeof text));
    assert_string_equal(text, "unasked Read By Group Type Response (0x11)");
    see_connection(&events);
    take_frame(&events, 4, 4, request, sizeof request);
    take_frame(&events, 5, 4, answer, 2);
    take_frame(&events, 5, 4, answer, sizeof answer);
    assert_true(rig_bluez_events_violation(&events, text, sizeof text));
    assert_string_equal(text, "Read By Group Type Response (0x11) of only 2 bytes");
}

static void the_next_address_wraps_in_its_last_byte(void **state)
{
    g_autofree char *plain = rig_bluez_address_next("c0:ff:ee:52:84:0f");
    g_autofree char *wrapped = rig_bluez_address_next("C0:FF:EE:52:84:FF");
    guint8 ignored[6];

    (void)state;
    assert_string_equal(plain, "C0:FF:EE:52:84:10");
    assert_string_equal(wrapped, "C0:FF:EE:52:84:00");
    assert_null(rig_bluez_address_next("C0:FF:EE:52:84"));
    assert_false(rig_bluez_address_parse("C0:FF:EE:52:84:0G", ignored));
    assert_false(rig_bluez_address_parse("C0-FF-EE-52-84-00", ignored));
    assert_false(rig_bluez_address_parse(NULL, ignored));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_error_has_one_outcome_and_the_hosts_have_a_remedy),
        cmocka_unit_test(an_att_error_is_told_with_its_code),
        cmocka_unit_test(a_lost_bond_shows_as_key_missing_before_the_hosts_own_disconnection),
        cmocka_unit_test(keys_that_differ_show_as_a_mic_failure),
        cmocka_unit_test(encryption_is_seen_and_ends_with_the_connection),
        cmocka_unit_test(an_end_that_somebody_on_this_host_asked_for_is_seen),
        cmocka_unit_test(the_kernel_passes_on_what_is_looked_at_and_nothing_else),
        cmocka_unit_test(of_data_the_kernel_passes_on_pairing_and_att_but_not_what_an_upload_is_made_of),
        cmocka_unit_test(other_adapters_devices_and_handles_are_not_ours),
        cmocka_unit_test(cut_off_events_are_passed_over),
        cmocka_unit_test(who_ended_a_pairing_and_why_is_heard),
        cmocka_unit_test(an_answer_that_is_none_is_named_and_only_the_first),
        cmocka_unit_test(the_next_address_wraps_in_its_last_byte),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
