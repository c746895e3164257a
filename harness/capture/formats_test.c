/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Tests: captures of other tools and of old devices, explained as the golden file says; every form of pcap
 * and pcapng reads alike; text logs of phones; files that are cut or lie. */
#include "base/error.h"
#include "capture/reading.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#define FOLDER RIG_SOURCE_DIR "/fixtures/captures/"
#define GOLDEN FOLDER "explained.txt"
#define NO_ERROR ""

struct telling {
    GString *out;
    bool explained;
};

static void tell(void *user, const struct rig_capture_line *line)
{
    struct telling *telling = user;

    if (line->explanation || !telling->explained)
        rig_capture_append(telling->out, line, 0);
}

/* words: of the error, NO_ERROR: none. */
static char *read_bytes(const GByteArray *bytes, bool explained, struct rig_capture_totals *totals,
                        const char *words)
{
    g_autoptr(GInputStream) stream = g_memory_input_stream_new_from_data(bytes->data, bytes->len, NULL);
    struct telling telling = {g_string_new(NULL), explained};
    g_autoptr(GError) error = NULL;
    bool ok = rig_capture_read_stream(stream, "test", RIG_CAPTURE_AIR_LAYERS, tell, &telling, totals, &error);

    if (ok != (words[0] == '\0') || (error && !strstr(error->message, words)))
        fail_msg("'%s' is not: %s", words, error ? error->message : "no error");
    return g_string_free(telling.out, FALSE);
}

static GByteArray *slurp(const char *name)
{
    g_autofree char *path = g_strconcat(FOLDER, name, NULL);
    char *contents;
    gsize n_bytes;

    assert_true(g_file_get_contents(path, &contents, &n_bytes, NULL));
    return g_byte_array_new_take((guint8 *)contents, n_bytes);
}

static void captures_of_real_failures_are_explained_as_the_golden_file_says(void **state)
{
    static const char *const names[] = {
        "smp-old-server.btsnoop",     "smp-old-server-pending.btsnoop", "smp-header-only.btsnoop",
        "smp-write-over-mtu.btsnoop", "dfu-legacy-jump.btsnoop",        "dfu-legacy-erase.btsnoop",
        "dfu-legacy-overrun.btsnoop", "dfu-secure-refused.btsnoop",     "dfu-buttonless-name.btsnoop",
        "dfu-secure-update.log",      "dfu-legacy-update.log",          "nrf-connect.log"};
    g_autoptr(GString) all = g_string_new(NULL);
    g_autofree char *golden = NULL;

    (void)state;
    for (gsize i = 0; i < G_N_ELEMENTS(names); i++) {
        g_autoptr(GByteArray) bytes = slurp(names[i]);
        bool whole = g_str_has_suffix(names[i], ".log");
        struct rig_capture_totals totals;
        g_autofree char *text = read_bytes(bytes, !whole, &totals, NO_ERROR);

        /* The story of the logs is their decoding, too. */
        g_string_append_printf(all, "== %s\n%s", names[i], text);
    }
    if (g_getenv("BOOTRIG_UPDATE"))
        assert_true(g_file_set_contents(GOLDEN, all->str, -1, NULL));
    assert_true(g_file_get_contents(GOLDEN, &golden, NULL, NULL));
    assert_string_equal(all->str, golden);
}

/* ---- every form of pcap and pcapng ---- */

struct form {
    bool big, blocks, simple, obsolete;
    guint32 link_type, pcap_magic;
    int resolution; /* if_tsresol; -1: no option */
    gint64 offset_s;
};

static void put(GByteArray *into, const struct form *form, guint n_bytes, guint64 value)
{
    for (guint i = 0; i < n_bytes; i++) {
        guint8 byte = (guint8)(value >> 8 * (form->big ? n_bytes - 1 - i : i));

        g_byte_array_append(into, &byte, 1);
    }
}

static void pad(GByteArray *into)
{
    while (into->len % 4)
        g_byte_array_append(into, (const guint8 *)"", 1);
}

static void put_block(GByteArray *into, const struct form *form, guint32 type, const GByteArray *body)
{
    put(into, form, 4, type);
    put(into, form, 4, body->len + 12);
    g_byte_array_append(into, body->data, body->len);
    put(into, form, 4, body->len + 12);
}

static void put_option(GByteArray *into, const struct form *form, guint16 code, guint n_bytes, guint64 value)
{
    put(into, form, 2, code);
    put(into, form, 2, n_bytes);
    put(into, form, n_bytes, value);
    pad(into);
}

static void put_pcapng_head(GByteArray *into, const struct form *form)
{
    g_autoptr(GByteArray) section = g_byte_array_new(), other = g_byte_array_new(), face = g_byte_array_new();

    put(section, form, 4, 0x1a2b3c4d);
    put(section, form, 4, form->big ? 0x00010000 : 1);
    put(section, form, 8, G_MAXUINT64);
    put_block(into, form, 0x0a0d0d0a, section);
    put(other, form, 8, 42);
    put_block(into, form, 0xbad, other);
    put(face, form, 2, form->link_type);
    put(face, form, 2, 0);
    put(face, form, 4, 262144);
    if (form->resolution >= 0)
        put_option(face, form, 9, 1, (guint64)form->resolution);
    if (form->offset_s)
        put_option(face, form, 14, 8, (guint64)form->offset_s);
    put_option(face, form, 0, 0, 0);
    put_block(into, form, 1, face);
}

static guint64 units(const struct form *form, gint64 us)
{
    us -= form->offset_s * 1000000;
    if (form->resolution == 9)
        return (guint64)us * 1000;
    if (form->resolution == 3)
        return (guint64)us / 1000;
    return form->resolution == 0x8a ? ((guint64)us << 10) / 1000000 : (guint64)us;
}

static void put_pcapng_packet(GByteArray *into, const struct form *form, gint64 us, const GByteArray *packet)
{
    g_autoptr(GByteArray) body = g_byte_array_new();

    if (!form->simple) {
        put(body, form, form->obsolete ? 2 : 4, 0);
        if (form->obsolete)
            put(body, form, 2, 7);
        put(body, form, 4, units(form, us) >> 32);
        put(body, form, 4, units(form, us) & G_MAXUINT32);
        put(body, form, 4, packet->len);
    }
    put(body, form, 4, packet->len);
    g_byte_array_append(body, packet->data, packet->len);
    pad(body);
    put_block(into, form, form->simple ? 3 : form->obsolete ? 2 : 6, body);
}

static void put_pcap_packet(GByteArray *into, const struct form *form, gint64 us, const GByteArray *packet)
{
    put(into, form, 4, (guint64)us / 1000000);
    put(into, form, 4, (guint64)us % 1000000 * (form->pcap_magic == 0xa1b23c4d ? 1000 : 1));
    put(into, form, 4, packet->len);
    put(into, form, 4, packet->len);
    g_byte_array_append(into, packet->data, packet->len);
}

/* received: from the air; h4: with its type. */
static GByteArray *framed(const struct form *form, bool received, const guint8 *h4, gsize n_h4)
{
    static const guint8 out[] = {0, 2, 4}, in[] = {0, 0, 5, 7, 3};
    const struct form big = {.big = true};
    GByteArray *packet = g_byte_array_new();

    if (form->link_type == 201)
        put(packet, &big, 4, received);
    if (form->link_type == 254) {
        put(packet, &big, 2, 0);
        put(packet, &big, 2, received ? in[h4[0]] : out[h4[0]]);
        h4++;
        n_h4--;
    }
    g_byte_array_append(packet, h4, (guint)n_h4);
    return packet;
}

/* The packets of a btsnoop file with UART framing in the form. */
static GByteArray *as(const struct form *form, const GByteArray *snoop)
{
    GByteArray *into = g_byte_array_new();

    if (form->blocks) {
        put_pcapng_head(into, form);
    } else {
        put(into, form, 4, form->pcap_magic);
        put(into, form, 4, 0x00040002);
        put(into, form, 8, 0);
        put(into, form, 4, 262144);
        put(into, form, 4, form->link_type);
    }
    for (guint at = 16, n = 0; at + 24 < snoop->len; n++) {
        guint32 n_bytes = snoop->data[at + 7] | (guint32)snoop->data[at + 6] << 8;
        g_autoptr(GByteArray) packet = framed(form, snoop->data[at + 11] & 1, snoop->data + at + 24, n_bytes);

        (form->blocks ? put_pcapng_packet : put_pcap_packet)(
            into, form, G_GINT64_CONSTANT(1700000000000000) + n * 2000000, packet);
        at += 24 + n_bytes;
    }
    return into;
}

/* Without adapters, and without the times that a form has not. */
static char *comparable(const char *text, bool times)
{
    g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
    g_autoptr(GString) out = g_string_new(NULL);

    for (char **line = lines; *line; line++) {
        const char *from = strpbrk(*line, "<>=^");
        bool packet = from && *from != '^';

        g_string_append_printf(out, "%.*s|%s\n", times && packet ? 24 : 0, *line, from ? from : *line);
    }
    return g_string_free(g_steal_pointer(&out), FALSE);
}

static void every_form_of_pcap_and_pcapng_reads_alike(void **state)
{
    static const struct form forms[] = {
        {.link_type = 201, .pcap_magic = 0xa1b2c3d4},
        {.link_type = 201, .pcap_magic = 0xa1b2c3d4, .big = true},
        {.link_type = 187, .pcap_magic = 0xa1b23c4d},
        {.link_type = 187, .pcap_magic = 0xa1b23c4d, .big = true},
        {.link_type = 254, .pcap_magic = 0xa1b2c3d4},
        {.link_type = 201, .blocks = true, .resolution = -1},
        {.link_type = 201, .blocks = true, .resolution = 6, .big = true},
        {.link_type = 187, .blocks = true, .resolution = 9},
        {.link_type = 254, .blocks = true, .resolution = 3, .big = true, .offset_s = 1600000000},
        {.link_type = 254, .blocks = true, .resolution = 3, .offset_s = 1600000000},
        {.link_type = 201, .blocks = true, .resolution = 0x8a},
        {.link_type = 201, .blocks = true, .resolution = -1, .obsolete = true},
        {.link_type = 201, .blocks = true, .resolution = -1, .simple = true},
    };
    g_autoptr(GByteArray) snoop = slurp("smp-old-server-pending.btsnoop");
    g_autofree char *first = NULL, *first_timeless = NULL;

    (void)state;
    for (gsize i = 0; i < G_N_ELEMENTS(forms); i++) {
        g_autoptr(GByteArray) bytes = as(&forms[i], snoop);
        struct rig_capture_totals totals;
        g_autofree char *text = read_bytes(bytes, false, &totals, NO_ERROR);
        g_autofree char *seen = comparable(text, !forms[i].simple);

        assert_int_equal(totals.n_records, 20);
        if (i == 0) {
            first = g_strdup(seen);
            first_timeless = comparable(text, false);
            assert_non_null(strstr(text, "1700000002.000000"));
        }
        if (!g_str_equal(seen, forms[i].simple ? first_timeless : first))
            fail_msg("form %zu reads otherwise:\n%s", i, seen);
    }
}

static void files_of_wireshark_read_like_the_capture_they_were_made_of(void **state)
{
    g_autoptr(GByteArray) snoop = slurp("smp-old-server-pending.btsnoop"), pcap = slurp("wireshark.pcap"),
                          pcapng = slurp("wireshark.pcapng");
    struct rig_capture_totals totals;
    g_autofree char *text = read_bytes(snoop, false, &totals, NO_ERROR);
    g_autofree char *text_pcap = read_bytes(pcap, false, &totals, NO_ERROR);
    g_autofree char *text_pcapng = read_bytes(pcapng, false, &totals, NO_ERROR);
    g_autofree char *first = comparable(text, false), *second = comparable(text_pcap, false),
                    *third = comparable(text_pcapng, false);

    (void)state;
    assert_string_equal(first, second);
    assert_string_equal(first, third);
}

static void what_is_not_read_is_named(void **state)
{
    static const struct form ethernet = {.link_type = 1, .pcap_magic = 0xa1b2c3d4},
                             sniffer = {.link_type = 272, .blocks = true, .resolution = -1},
                             unknown = {.link_type = 999, .blocks = true, .resolution = -1};
    g_autoptr(GByteArray) snoop = slurp("smp-old-server.btsnoop");
    g_autoptr(GByteArray) one = as(&ethernet, snoop), two = as(&sniffer, snoop), three = as(&unknown, snoop);
    struct rig_capture_totals totals;

    (void)state;
    g_free(read_bytes(one, false, &totals, "holds Ethernet (1), which is not read here"));
    g_free(read_bytes(two, false, &totals, "air packets of the nRF sniffer (272)"));
    g_free(read_bytes(three, false, &totals, "holds link type 999"));
}

/* In every place: never more than before, and never a success without a word. */
static void a_file_that_is_cut_says_so_wherever_it_is(void **state)
{
    static const char *const names[] = {"wireshark.pcap", "wireshark.pcapng"};

    (void)state;
    for (gsize i = 0; i < G_N_ELEMENTS(names); i++) {
        g_autoptr(GByteArray) whole = slurp(names[i]);
        guint n_cut = 0;

        for (guint n_bytes = whole->len - 1; n_bytes > 300; n_bytes -= 7) {
            struct rig_capture_totals totals;

            g_byte_array_set_size(whole, n_bytes);
            g_free(read_bytes(whole, false, &totals, NO_ERROR));
            n_cut += totals.cut;
        }
        assert_in_range(n_cut, 90, 200); /* few cuts fall between two packets */
        for (guint n_bytes = 1; n_bytes < 28; n_bytes++) {
            struct rig_capture_totals totals;

            g_byte_array_set_size(whole, n_bytes);
            g_free(read_bytes(whole, false, &totals, n_bytes < 24 || i == 1 ? "capture" : NO_ERROR));
        }
    }
}

static void expect_damage(GByteArray *bytes, const struct form *form, guint32 type, guint32 n_block,
                          const char *words)
{
    struct rig_capture_totals totals;
    guint n_before = bytes->len;

    put(bytes, form, 4, type);
    put(bytes, form, 4, n_block);
    for (guint i = 0; i < 8; i++)
        put(bytes, form, 4, 77);
    g_free(read_bytes(bytes, false, &totals, words));
    g_byte_array_set_size(bytes, n_before);
}

static void lengths_that_cannot_be_are_damage(void **state)
{
    static const struct form blocks = {.link_type = 201, .blocks = true, .resolution = -1},
                             plain = {.link_type = 201, .pcap_magic = 0xa1b2c3d4};
    g_autoptr(GByteArray) snoop = slurp("smp-old-server.btsnoop");
    g_autoptr(GByteArray) pcapng = as(&blocks, snoop), pcap = as(&plain, snoop);
    struct rig_capture_totals totals;

    (void)state;
    expect_damage(pcapng, &blocks, 6, 8, "a block of a length that cannot be (8)");
    expect_damage(pcapng, &blocks, 6, 0xfffffff0, "a block of a length that cannot be");
    expect_damage(pcapng, &blocks, 6, 13, "a block of a length that cannot be (13)");
    expect_damage(pcapng, &blocks, 6, 16, "a packet block is too short");
    expect_damage(pcapng, &blocks, 6, 36, "an interface that was not described (77)");
    expect_damage(pcapng, &blocks, 1, 16, "an interface description is too short");
    expect_damage(pcapng, &blocks, 0x0a0d0d0a, 28, "a section without byte order");
    put(pcap, &plain, 8, 0);
    put(pcap, &plain, 8, 0x7fffffff);
    g_free(read_bytes(pcap, false, &totals, "more bytes than a packet can have"));
}

static void text_that_is_no_log_is_refused(void **state)
{
    static const char *const texts[] = {
        "hello world\n", "09:49:52.879 nothing but words\n",
        "I\t09:49:52.879\tNotification received from nobody, value: (0x) 01\n"};

    (void)state;
    for (gsize i = 0; i < G_N_ELEMENTS(texts); i++) {
        g_autoptr(GByteArray) bytes = g_byte_array_new();
        struct rig_capture_totals totals;

        g_byte_array_append(bytes, (const guint8 *)texts[i], (guint)strlen(texts[i]));
        g_free(read_bytes(bytes, false, &totals, "is no capture"));
    }
}

#define NOTIFIED                                                                                             \
    "I\t09:49:52.879\tNotification received from da2e7828-fbce-4e01-ae9e-261174997c48, value: (0x) "

/* A value that breaks off is not decoded as if it were whole. */
static void values_that_break_off_are_told(void **state)
{
    static const struct {
        const char *text;
        guint n_unread;
        bool cut;
    } rows[] = {
        {NOTIFIED "01-00-00-06-00-00-FF-06-BF-FF\n", 0, false},
        {NOTIFIED "01-00-00-06-00-00-FF-06-BF-FF", 0, false},
        {"\"" NOTIFIED "01-02\", \"x\"\r\n", 0, false},
        {NOTIFIED "\n", 0, false},
        {NOTIFIED "01-00-0", 0, true},
        {NOTIFIED "01-00-", 0, true},
        {NOTIFIED "01-00-0\n", 1, false},
        {NOTIFIED "01-00-...\n", 1, false},
        {NOTIFIED "01-ZZ\n", 1, false},
        {NOTIFIED "ZZ-01\n" NOTIFIED "01-02\n", 1, false},
    };

    (void)state;
    for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autoptr(GByteArray) bytes = g_byte_array_new();
        struct rig_capture_totals totals;

        g_byte_array_append(bytes, (const guint8 *)rows[i].text, (guint)strlen(rows[i].text));
        g_free(read_bytes(bytes, false, &totals, NO_ERROR));
        if (totals.n_unread != rows[i].n_unread || totals.cut != rows[i].cut)
            fail_msg("row %zu: %u unread, cut %d", i, (guint)totals.n_unread, totals.cut);
    }
}

/* Without the pseudo header that its type promises; of no packet type at all; without a byte. */
static void records_without_a_packet_are_counted(void **state)
{
    static const struct form no_direction = {.link_type = 201, .pcap_magic = 0xa1b2c3d4};
    static const guint8 shorts[] = {3, 0, 0, 0}, wrong[] = {0, 0, 0, 1, 0x77, 1};
    g_autoptr(GByteArray) none = g_byte_array_new();
    g_autoptr(GByteArray) first = g_byte_array_new(), second = g_byte_array_new();
    g_autoptr(GByteArray) snoop = slurp("smp-old-server.btsnoop");
    g_autoptr(GByteArray) whole = as(&no_direction, snoop);
    struct rig_capture_totals totals;

    (void)state;
    g_byte_array_append(first, shorts, sizeof shorts - 1);
    g_byte_array_append(second, wrong, sizeof wrong);
    put_pcap_packet(whole, &no_direction, 1, first);
    put_pcap_packet(whole, &no_direction, 2, second);
    put_pcap_packet(whole, &no_direction, 3, none);
    g_free(read_bytes(whole, false, &totals, NO_ERROR));
    assert_int_equal(totals.n_unread, 3);
    assert_true(totals.n_lines > 10);
}

/* Bits about frame check sequences stand above the link type. */
static void the_link_type_is_without_its_flags(void **state)
{
    static const struct form plain = {.link_type = 201, .pcap_magic = 0xa1b2c3d4};
    g_autoptr(GByteArray) snoop = slurp("smp-old-server.btsnoop");
    g_autoptr(GByteArray) pcap = as(&plain, snoop);
    struct rig_capture_totals totals;

    (void)state;
    pcap->data[23] = 0xf4;
    g_free(read_bytes(pcap, false, &totals, NO_ERROR));
    assert_true(totals.n_lines > 10);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(captures_of_real_failures_are_explained_as_the_golden_file_says),
        cmocka_unit_test(every_form_of_pcap_and_pcapng_reads_alike),
        cmocka_unit_test(files_of_wireshark_read_like_the_capture_they_were_made_of),
        cmocka_unit_test(what_is_not_read_is_named),
        cmocka_unit_test(a_file_that_is_cut_says_so_wherever_it_is),
        cmocka_unit_test(lengths_that_cannot_be_are_damage),
        cmocka_unit_test(text_that_is_no_log_is_refused),
        cmocka_unit_test(values_that_break_off_are_told),
        cmocka_unit_test(records_without_a_packet_are_counted),
        cmocka_unit_test(the_link_type_is_without_its_flags),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
