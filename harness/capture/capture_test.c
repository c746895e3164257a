/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Tests: btsnoop files read and written, by us and by tshark; the decoder's lines; live captures from a
 * socket. */
#include "base/bytes.h"
#include "base/error.h"
#include "capture/capture.h"
#include "capture/capture_fixture.h"
#include "capture/reading.h"

#include <glib/gstdio.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#define GOLDEN RIG_SOURCE_DIR "/fixtures/captures/story.txt"

static void append(void *user, const struct rig_capture_line *line)
{
    rig_capture_append(user, line, G_GINT64_CONSTANT(1763713230123456));
}

static char *decoded(const struct rig_made_capture *made, guint layers, struct rig_capture_totals *totals,
                     GError **error)
{
    g_autoptr(GInputStream) stream =
        g_memory_input_stream_new_from_data(made->bytes->data, made->bytes->len, NULL);
    g_autoptr(GString) out = g_string_new(NULL);

    if (!rig_capture_read_stream(stream, "made", layers, append, out, totals, error) && !error)
        fail_msg("the capture cannot be read");
    return g_string_free(g_steal_pointer(&out), FALSE);
}

/* The same captures are where the fuzzer begins. */
static void update_corpus(const struct rig_made_capture *made)
{
    g_autofree char *path =
        g_strdup_printf("%s/fixtures/fuzz/capture/story-%d.btsnoop", RIG_SOURCE_DIR, made->type);

    if (!g_getenv("BOOTRIG_UPDATE"))
        return;
    assert_true(g_file_set_contents(path, (const char *)made->bytes->data, made->bytes->len, NULL));
    if (made->type == RIG_BTSNOOP_UART) /* shown in the documents */
        assert_true(g_file_set_contents(RIG_SOURCE_DIR "/fixtures/captures/phone.btsnoop",
                                        (const char *)made->bytes->data, made->bytes->len, NULL));
}

static char *story(enum rig_btsnoop_type type, guint layers)
{
    struct rig_made_capture made = rig_made_capture_new(type);
    struct rig_capture_totals totals;
    char *text;

    rig_made_story(&made);
    update_corpus(&made);
    text = decoded(&made, layers, &totals, NULL);
    assert_false(totals.cut);
    rig_made_capture_clear(&made);
    return text;
}

/* The packets of a text without numbers, times, adapters. */
static char *only_packets(const char *text)
{
    g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
    g_autoptr(GString) out = g_string_new(NULL);

    for (char **line = lines; *line; line++) {
        const char *from = strlen(*line) > 26 ? *line + 26 : *line;

        if (!strstr(*line, " mark "))
            g_string_append_printf(out, "%s\n", from);
    }
    return g_string_free(g_steal_pointer(&out), FALSE);
}

static void a_made_capture_reads_as_the_golden_file_says(void **state)
{
    g_autofree char *text = story(RIG_BTSNOOP_MONITOR, RIG_CAPTURE_ALL_LAYERS);
    g_autofree char *golden = NULL;

    (void)state;
    if (g_getenv("BOOTRIG_UPDATE"))
        assert_true(g_file_set_contents(GOLDEN, text, -1, NULL));
    assert_true(g_file_get_contents(GOLDEN, &golden, NULL, NULL));
    assert_string_equal(text, golden);
}

static void captures_of_phones_and_of_plain_hci_read_like_those_of_the_monitor(void **state)
{
    g_autofree char *monitor = story(RIG_BTSNOOP_MONITOR, RIG_CAPTURE_ALL_LAYERS);
    g_autofree char *uart = story(RIG_BTSNOOP_UART, RIG_CAPTURE_ALL_LAYERS);
    g_autofree char *hci = story(RIG_BTSNOOP_HCI, RIG_CAPTURE_ALL_LAYERS);
    g_autofree char *first = only_packets(monitor), *second = only_packets(uart), *third = only_packets(hci);

    (void)state;
    assert_string_equal(first, second);
    assert_string_equal(first, third);
}

static void layers_choose_lines_and_marks_stay(void **state)
{
    g_autofree char *text = story(RIG_BTSNOOP_MONITOR, 1u << RIG_BLE_SMP);

    (void)state;
    assert_non_null(strstr(text, "mark   steps.1: upload: new"));
    assert_non_null(strstr(text, "write os reset"));
    assert_null(strstr(text, "Exchange MTU"));
    assert_null(strstr(text, "LE Start Encryption"));
}

static void keys_are_never_shown(void **state)
{
    g_autofree char *text = story(RIG_BTSNOOP_MONITOR, RIG_CAPTURE_ALL_LAYERS);
    struct rig_made_capture made = rig_made_capture_new(RIG_BTSNOOP_MONITOR);
    struct rig_capture_totals totals;
    g_autofree char *keys = NULL;

    (void)state;
    assert_null(strstr(text, "112233445566"));
    rig_made_pdu_hex(&made, true, 6, "06 deadbeefdeadbeefdeadbeefdeadbeef");
    rig_made_pdu_hex(&made, true, 6, "08 deadbeefdeadbeefdeadbeefdeadbeef");
    keys = decoded(&made, RIG_CAPTURE_ALL_LAYERS, &totals, NULL);
    assert_non_null(strstr(keys, "Encryption Information"));
    assert_null(strstr(keys, "dead"));
    rig_made_capture_clear(&made);
}

static void packets_that_a_phone_cut_short_are_told_as_far_as_they_go(void **state)
{
    static const guint8 packet[] = {0x40, 0x20, 14, 0, 10, 0, 4, 0, 0x1B, 0x12, 0, 1, 2, 3, 4, 5, 6, 7};
    struct rig_made_capture made = rig_made_capture_new(RIG_BTSNOOP_UART);
    struct rig_capture_totals totals;
    g_autofree char *text = NULL;

    (void)state;
    rig_made_put(&made, RIG_MONITOR_ACL_IN, packet, sizeof packet, 13);
    text = decoded(&made, RIG_CAPTURE_ALL_LAYERS, &totals, NULL);
    assert_non_null(strstr(text, "Notification 0x0012, 2 bytes: 0102 (the capture cut this: 9 of 14 bytes)"));
    rig_made_capture_clear(&made);
}

static void a_file_that_ends_inside_a_record_gives_what_came_before(void **state)
{
    struct rig_made_capture made = rig_made_capture_new(RIG_BTSNOOP_MONITOR);
    struct rig_capture_totals totals;
    guint n_whole;

    (void)state;
    rig_made_hex(&made, RIG_MONITOR_EVENT, "05 04 00 4000 13");
    n_whole = made.bytes->len;
    rig_made_hex(&made, RIG_MONITOR_EVENT, "05 04 00 4000 16");
    for (guint n_bytes = n_whole + 1; n_bytes < made.bytes->len; n_bytes++) {
        struct rig_made_capture part = made;
        g_autofree char *text = NULL;

        part.bytes = g_byte_array_new();
        g_byte_array_append(part.bytes, made.bytes->data, n_bytes);
        text = decoded(&part, RIG_CAPTURE_ALL_LAYERS, &totals, NULL);
        assert_true(totals.cut);
        assert_int_equal(totals.n_records, 1);
        assert_non_null(strstr(text, "remote user terminated (0x13)"));
        rig_made_capture_clear(&part);
    }
    rig_made_capture_clear(&made);
}

static void expect_refusal(const void *bytes, gsize n_bytes, const char *words)
{
    g_autoptr(GInputStream) stream = g_memory_input_stream_new_from_data(bytes, (gssize)n_bytes, NULL);
    g_autoptr(GString) out = g_string_new(NULL);
    g_autoptr(GError) error = NULL;
    struct rig_capture_totals totals;

    assert_false(
        rig_capture_read_stream(stream, "bad.log", RIG_CAPTURE_ALL_LAYERS, append, out, &totals, &error));
    assert_non_null(error);
    if (!strstr(error->message, words))
        fail_msg("'%s' is not in: %s", words, error->message);
}

static void files_that_are_no_captures_are_refused_with_the_reason(void **state)
{
    static const guint8 simulator[] = "btsnoop\0\0\0\0\1\0\0\7\xd2";
    static const guint8 later[] = "btsnoop\0\0\0\0\2\0\0\3\xea";

    (void)state;
    expect_refusal("", 0, "no btsnoop file");
    expect_refusal("btsnoop", 8, "no btsnoop file");
    expect_refusal("\x0a\x0d\x0d\x0a and more that is pcapng", 28, "a section without byte order");
    expect_refusal(simulator, 16, "type 2002");
    expect_refusal(later, 16, "version 2");
}

static void a_record_that_cannot_be_is_damage_and_names_its_number(void **state)
{
    struct rig_made_capture made = rig_made_capture_new(RIG_BTSNOOP_MONITOR);
    guint8 huge[RIG_BTSNOOP_RECORD_BYTES] = {0xff, 0xff, 0xff, 0xff, 0x7f, 0xff, 0xff, 0xff};
    guint8 swapped[RIG_BTSNOOP_RECORD_BYTES] = {0, 0, 0, 1, 0, 0, 0, 2};

    (void)state;
    rig_made_hex(&made, RIG_MONITOR_EVENT, "05 04 00 4000 13");
    g_byte_array_append(made.bytes, huge, sizeof huge);
    expect_refusal(made.bytes->data, made.bytes->len,
                   "damaged at record 2: more bytes than a packet can have");
    g_byte_array_set_size(made.bytes, RIG_BTSNOOP_HEADER_BYTES);
    g_byte_array_append(made.bytes, swapped, sizeof swapped);
    expect_refusal(made.bytes->data, made.bytes->len, "damaged at record 1: more bytes kept than there were");
    rig_made_capture_clear(&made);
}

/* Each hostile packet must give lines that say so, and never more. */
static void hostile_packets_are_called_malformed(void **state)
{
    static const struct {
        enum rig_monitor_opcode opcode;
        const char *hex;
        const char *words;
    } cases[] = {
        {RIG_MONITOR_EVENT, "", "event of 0 bytes"},
        {RIG_MONITOR_EVENT, "05 00", "malformed"},
        {RIG_MONITOR_EVENT, "3e 00", "malformed"},
        {RIG_MONITOR_EVENT, "3e 13 01 00 4000", "malformed"},
        {RIG_MONITOR_EVENT, "3e 0c 02 01 00 00 665544332211 ff 09", "malformed"},
        {RIG_MONITOR_EVENT, "3e 10 02 01 00 00 665544332211 04 1f 41 41 41 7f", "11:22:33:44:55:66"},
        {RIG_MONITOR_COMMAND, "0d", "shorter than its header"},
        {RIG_MONITOR_ACL_IN, "40", "shorter than its header"},
        {RIG_MONITOR_ACL_IN, "4020 0200 0100", "shorter than an L2CAP header"},
        {RIG_MONITOR_ACL_IN, "4010 0400 01000400", "begin is not in the capture"},
        {RIG_MONITOR_ACL_IN, "4020 0400 00000400", "empty PDU"},
        {RIG_MONITOR_ACL_IN, "4020 0500 01000400 09", "malformed"},
        {RIG_MONITOR_ACL_IN, "4020 0600 02000400 0900", "Read By Type Response"},
        {RIG_MONITOR_ACL_IN, "4020 0500 01000400 77", "unknown PDU 0x77"},
        {RIG_MONITOR_ACL_IN, "4020 0500 01000600 01", "malformed"},
        {RIG_MONITOR_ACL_IN, "4020 0500 01000500 12", "malformed"},
        {RIG_MONITOR_ACL_IN, "4020 0f00 0b000400 1b1200 0b 00 ffff 0001 07 01 bf", "Notification 0x0012"},
    };

    (void)state;
    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        struct rig_made_capture made = rig_made_capture_new(RIG_BTSNOOP_MONITOR);
        struct rig_capture_totals totals;
        g_autofree char *text = NULL;

        rig_made_hex(&made, cases[i].opcode, cases[i].hex);
        text = decoded(&made, RIG_CAPTURE_ALL_LAYERS, &totals, NULL);
        if (!strstr(text, cases[i].words))
            fail_msg("case %zu: '%s' is not in: %s", i, cases[i].words, text);
        rig_made_capture_clear(&made);
    }
}

static void more_connections_than_are_remembered_push_out_the_oldest(void **state)
{
    struct rig_made_capture made = rig_made_capture_new(RIG_BTSNOOP_MONITOR);
    struct rig_capture_totals totals;
    g_autofree char *text = NULL;

    (void)state;
    for (guint handle = 0; handle < 300; handle++) {
        guint8 packet[] = {
            (guint8)handle, (guint8)(0x20 | handle >> 8), 8, 0, 0xff, 0xff, 4, 0, 0x52, 0x12, 0, 1};

        rig_made_put(&made, RIG_MONITOR_ACL_IN, packet, sizeof packet, sizeof packet);
    }
    text = decoded(&made, RIG_CAPTURE_ALL_LAYERS, &totals, NULL);
    assert_int_equal(totals.n_records, 300);
    assert_string_equal(text, "");
    rig_made_capture_clear(&made);
}

/* --- tshark reads what we write --- */

static char *scratch_file(const char *name)
{
    g_autofree char *folder = g_dir_make_tmp("bootrig-capture-XXXXXX", NULL);

    return g_build_filename(folder, name, NULL);
}

static void remove_scratch(const char *path)
{
    g_autofree char *folder = g_path_get_dirname(path);
    g_autoptr(GDir) files = g_dir_open(folder, 0, NULL);
    const char *name;

    while (files && (name = g_dir_read_name(files))) {
        g_autofree char *file = g_build_filename(folder, name, NULL);

        g_unlink(file);
    }
    g_rmdir(folder);
}

/* Fields of all packets, one line each; NULL when there is no tshark. */
static char *tshark(const char *path, const char *fields)
{
    g_autofree char *command = g_strdup_printf("tshark -n -r '%s' -T fields %s", path, fields);
    g_autofree char *program = g_find_program_in_path("tshark");
    g_autofree char *errors = NULL;
    char *out = NULL;
    int status = 0;

    if (!program)
        return NULL;
    assert_true(g_spawn_command_line_sync(command, &out, &errors, &status, NULL));
    if (status)
        fail_msg("tshark: %s", errors);
    return out;
}

static void tshark_reads_a_made_capture_alike(void **state)
{
    g_autofree char *path = scratch_file("made.btsnoop");
    struct rig_made_capture made = rig_made_capture_new(RIG_BTSNOOP_MONITOR);
    g_autofree char *fields = NULL;

    (void)state;
    rig_made_story(&made);
    assert_true(g_file_set_contents(path, (const char *)made.bytes->data, made.bytes->len, NULL));
    fields = tshark(
        path, "-e btatt.opcode -e btatt.handle -e bthci_evt.reason -e btsmp.reason -e frame.time_epoch");
    rig_made_capture_clear(&made);
    remove_scratch(path);
    if (!fields)
        skip();
    assert_non_null(strstr(fields, "0x52\t0x0012"));
    assert_non_null(strstr(fields, "0x1b\t0x0012"));
    assert_non_null(strstr(fields, "0x01\t0x0015"));
    assert_non_null(strstr(fields, "\t0x3d\t"));
    assert_non_null(strstr(fields, "\t0x05\t1763713230."));
}

/* --- live captures --- */

struct stand {
    int air; /* our end of the socket */
    char *path;
    struct rig_capture *capture;
};

static struct stand stand_new(const struct rig_capture_options *options)
{
    struct stand stand = {.path = scratch_file("live.btsnoop")};
    g_autoptr(GError) error = NULL;
    int ends[2];

    assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends), 0);
    stand.air = ends[0];
    stand.capture = rig_capture_start_on(ends[1], stand.path, options, &error);
    if (!stand.capture)
        fail_msg("%s", error->message);
    return stand;
}

static void send_packet(const struct stand *stand, enum rig_monitor_opcode opcode, guint16 index,
                        const void *bytes, guint16 n_bytes)
{
    guint8 packet[1500];

    rig_put_le16(packet, (uint16_t)opcode);
    rig_put_le16(packet + 2, index);
    rig_put_le16(packet + 4, n_bytes);
    memcpy(packet + 6, bytes, n_bytes);
    assert_int_equal(send(stand->air, packet, 6u + n_bytes, 0), 6 + n_bytes);
}

static const guint8 hang_up[] = {0x05, 0x04, 0x00, 0x40, 0x00, 0x13};

static void stand_end(struct stand *stand, struct rig_capture_written *written)
{
    g_autoptr(GError) error = NULL;

    if (!rig_capture_stop(stand->capture, written, &error))
        fail_msg("%s", error->message);
    close(stand->air);
}

static char *read_file(const char *path, struct rig_capture_totals *totals)
{
    g_autoptr(GString) out = g_string_new(NULL);

    assert_true(rig_capture_read(path, RIG_CAPTURE_ALL_LAYERS, append, out, totals, NULL));
    return g_string_free(g_steal_pointer(&out), FALSE);
}

static void packets_and_marks_get_into_the_file_in_their_order(void **state)
{
    struct stand stand = stand_new(NULL);
    struct rig_capture_written written;
    struct rig_capture_totals totals;
    g_autoptr(GPtrArray) tail = NULL;
    guint64 n_said;
    g_autofree char *text = NULL;
    const char *first, *mark, *last;

    (void)state;
    send_packet(&stand, RIG_MONITOR_COMMAND, 0, "\x06\x04\x03\x40\x00\x13", 6);
    rig_capture_mark(stand.capture, "steps.4: expect-boot: {image: old}");
    tail = rig_capture_tail(stand.capture, 10, &n_said, NULL);
    assert_int_equal(tail->len, 1);
    assert_int_equal(n_said, 1);
    send_packet(&stand, RIG_MONITOR_EVENT, 0, hang_up, sizeof hang_up);
    stand_end(&stand, &written);
    assert_int_equal(written.n_packets, 2);
    assert_int_equal(written.n_marks, 1);
    assert_int_equal(written.n_dropped, 0);
    text = read_file(stand.path, &totals);
    first = strstr(text, "Disconnect handle 64");
    mark = strstr(text, "steps.4: expect-boot: {image: old}");
    last = strstr(text, "Disconnection Complete handle 64: remote user terminated");
    assert_true(first && mark && last && first < mark && mark < last);
    remove_scratch(stand.path);
    g_free(stand.path);
}

static void the_tail_of_a_capture_leaves_out_bookkeeping_and_keeps_the_last_lines(void **state)
{
    struct stand stand = stand_new(NULL);
    g_autoptr(GPtrArray) tail = NULL;
    guint64 n_said;

    (void)state;
    for (guint8 i = 0; i < 20; i++) {
        guint8 write[] = {0x40, 0x00, 0x08, 0x00, 0x04, 0x00, 0x04, 0x00, 0x52, i, 0x00, 0x01};

        send_packet(&stand, RIG_MONITOR_EVENT, 0, "\x0e\x04\x01\x03\x0c\x00", 6);
        send_packet(&stand, RIG_MONITOR_ACL_OUT, 0, write, sizeof write);
    }
    tail = rig_capture_tail(stand.capture, 5, &n_said, NULL);
    assert_int_equal(tail->len, 5);
    assert_int_equal(n_said, 20);
    for (guint i = 0; i < 5; i++) {
        g_autofree char *words = g_strdup_printf("hci0 < att   Write Command 0x%04x", 15 + i);
        const struct rig_capture_said *said = g_ptr_array_index(tail, i);

        assert_non_null(strstr(said->text, words));
    }
    stand_end(&stand, NULL);
    remove_scratch(stand.path);
    g_free(stand.path);
}

static void a_full_file_is_rotated_and_the_oldest_goes(void **state)
{
    const struct rig_capture_options options = {.adapter = -1, .max_bytes = 1000, .n_files = 3};
    struct stand stand = stand_new(&options);
    struct rig_capture_written written;
    guint64 n_kept = 0;

    (void)state;
    for (guint i = 0; i < 500; i++)
        send_packet(&stand, RIG_MONITOR_EVENT, 0, hang_up, sizeof hang_up);
    stand_end(&stand, &written);
    assert_int_equal(written.n_packets, 500);
    assert_true(written.n_rotations > 2);
    for (guint i = 0; i < 5; i++) {
        g_autofree char *name = i ? g_strdup_printf("%s.%u", stand.path, i) : g_strdup(stand.path);
        struct rig_capture_totals totals;
        g_autofree char *text = NULL;
        GStatBuf status;

        assert_int_equal(g_stat(name, &status) == 0, i < 3);
        if (i >= 3)
            continue;
        assert_true(status.st_size <= 1000);
        text = read_file(name, &totals);
        assert_false(totals.cut);
        n_kept += totals.n_records;
    }
    assert_true(n_kept >= 2 * (1000 - 16) / 30);
    remove_scratch(stand.path);
    g_free(stand.path);
}

static void other_adapters_are_left_out_when_one_is_named(void **state)
{
    const struct rig_capture_options options = {.adapter = 1};
    struct stand stand = stand_new(&options);
    struct rig_capture_written written;

    (void)state;
    send_packet(&stand, RIG_MONITOR_EVENT, 0, hang_up, sizeof hang_up);
    send_packet(&stand, RIG_MONITOR_EVENT, 1, hang_up, sizeof hang_up);
    send_packet(&stand, RIG_MONITOR_NEW_INDEX, 0, "", 0);
    stand_end(&stand, &written);
    assert_int_equal(written.n_packets, 2);
    remove_scratch(stand.path);
    g_free(stand.path);
}

static void damaged_packets_of_the_monitor_are_passed_over(void **state)
{
    struct stand stand = stand_new(NULL);
    struct rig_capture_written written;

    (void)state;
    assert_int_equal(send(stand.air, "\1\2\3", 3, 0), 3);
    assert_int_equal(send(stand.air, "\3\0\0\0\xff\xff\5", 7, 0), 7);
    send_packet(&stand, RIG_MONITOR_EVENT, 0, hang_up, sizeof hang_up);
    stand_end(&stand, &written);
    assert_int_equal(written.n_packets, 2);
    remove_scratch(stand.path);
    g_free(stand.path);
}

static void a_folder_that_is_not_there_is_an_error_and_nothing_leaks(void **state)
{
    g_autoptr(GError) error = NULL;
    int ends[2];

    (void)state;
    assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends), 0);
    assert_null(rig_capture_start_on(ends[1], "/nonexistent/live.btsnoop", NULL, &error));
    assert_true(g_error_matches(error, RIG_ERROR, RIG_ERROR_IO));
    close(ends[0]);
}

/* A file that may not grow stands for a full disk. */
static struct rlimit limit_of_files(rlim_t n_bytes)
{
    struct rlimit old, now;

    signal(SIGXFSZ, SIG_IGN);
    getrlimit(RLIMIT_FSIZE, &old);
    now = old;
    now.rlim_cur = n_bytes;
    setrlimit(RLIMIT_FSIZE, &now);
    return old;
}

static void a_full_disk_ends_the_file_and_not_the_run(void **state)
{
    struct stand stand = stand_new(NULL);
    const struct rlimit old = limit_of_files(200);
    struct rig_capture_written written;
    g_autoptr(GError) error = NULL;

    (void)state;
    for (guint i = 0; i < 50; i++)
        send_packet(&stand, RIG_MONITOR_EVENT, 0, hang_up, sizeof hang_up);
    assert_false(rig_capture_stop(stand.capture, &written, &error));
    limit_of_files(old.rlim_cur);
    assert_non_null(strstr(error->message, "cannot be written"));
    close(stand.air);
    remove_scratch(stand.path);
    g_free(stand.path);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_made_capture_reads_as_the_golden_file_says),
        cmocka_unit_test(captures_of_phones_and_of_plain_hci_read_like_those_of_the_monitor),
        cmocka_unit_test(layers_choose_lines_and_marks_stay),
        cmocka_unit_test(keys_are_never_shown),
        cmocka_unit_test(packets_that_a_phone_cut_short_are_told_as_far_as_they_go),
        cmocka_unit_test(a_file_that_ends_inside_a_record_gives_what_came_before),
        cmocka_unit_test(files_that_are_no_captures_are_refused_with_the_reason),
        cmocka_unit_test(a_record_that_cannot_be_is_damage_and_names_its_number),
        cmocka_unit_test(hostile_packets_are_called_malformed),
        cmocka_unit_test(more_connections_than_are_remembered_push_out_the_oldest),
        cmocka_unit_test(tshark_reads_a_made_capture_alike),
        cmocka_unit_test(packets_and_marks_get_into_the_file_in_their_order),
        cmocka_unit_test(the_tail_of_a_capture_leaves_out_bookkeeping_and_keeps_the_last_lines),
        cmocka_unit_test(a_full_file_is_rotated_and_the_oldest_goes),
        cmocka_unit_test(other_adapters_are_left_out_when_one_is_named),
        cmocka_unit_test(damaged_packets_of_the_monitor_are_passed_over),
        cmocka_unit_test(a_folder_that_is_not_there_is_an_error_and_nothing_leaks),
        cmocka_unit_test(a_full_disk_ends_the_file_and_not_the_run),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
