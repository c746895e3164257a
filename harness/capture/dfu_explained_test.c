/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Tests: the failures that people meet with Nordic DFU are told by their cause. Each capture is made here,
 * line by line; each has a twin in which the cause is missing, and which must not be told so. */
#include "capture/capture_fixture.h"
#include "capture/reading.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#define ATT 4
#define SM 6

/* A script: "<" and ">" ATT, "s<" and "s>" Security Manager, "e" HCI event, "c" HCI command, "+"
 * milliseconds. */
#define UP "e 3e 13 01 00 4000 00 01 665544332211 1800 0000 2a00 00\n"
#define ENDS(reason) "e 05 04 00 4000 " reason "\n"
#define CHARACTERISTIC(declaration, value, uuid) "> 09 15 " declaration " 14 " value " " uuid "\n"
#define SECURE_UUID(n) "50eada308883b89f604f15f3 " n "00 c98e"
#define LEGACY_UUID(n) "23d1bcea5f782315deef1212 " n "15 0000"
#define BONDED_APPLICATION CHARACTERISTIC("0c00", "0d00", SECURE_UUID("04"))
#define OPEN_APPLICATION CHARACTERISTIC("0c00", "0d00", SECURE_UUID("03"))
#define BOOTLOADER                                                                                           \
    CHARACTERISTIC("0e00", "0f00", SECURE_UUID("01"))                                                        \
    CHARACTERISTIC("1100", "1200", SECURE_UUID("02"))
#define LEGACY                                                                                               \
    CHARACTERISTIC("0b00", "0c00", LEGACY_UUID("31"))                                                        \
    CHARACTERISTIC("0f00", "1000", LEGACY_UUID("34"))
#define LEGACY_BOOTLOADER LEGACY CHARACTERISTIC("0d00", "0e00", LEGACY_UUID("32"))
#define ENTERS "< 12 0d00 01\n> 13\n> 1d 0d00 20 01 01\n"
#define CONFIRMS "< 1e\n"
#define KEY_MISSING                                                                                          \
    "c 1920 1c 4000 0000000000000000 0000 00112233445566778899aabbccddeeff\ne 08 04 06 4000 00\n"
#define SELECT_DATA(offset) "< 12 0f00 06 02\n> 1b 0f00 60 06 01 00100000 " offset " 00000000\n"
#define INIT_ACCEPTED                                                                                        \
    "< 12 0f00 01 01 04000000\n> 1b 0f00 60 01 01\n< 52 1200 01020304\n< 12 0f00 04\n> 1b 0f00 60 04 01\n"
#define DATA_CREATED "< 12 0f00 01 02 10000000\n> 1b 0f00 60 01 01\n"
#define EIGHT "< 52 1200 0102030405060708\n"
#define CRC_OF(offset) "< 12 0f00 03\n> 1b 0f00 60 03 01 " offset " 44332211\n"
/* Unsigned, of an application of version 1 for hardware 52, which names any SoftDevice. */
#define INIT_PACKET                                                                                          \
    "0a4408011240 0801 1034 1a03feff03 2000 2800 3000 38e40b 42240803 1220"                                  \
    "0102030405060708010203040506070801020304050607080102030405060708 4800 520408011200"
#define INIT_SENT "< 12 0f00 01 01 46000000\n> 1b 0f00 60 01 01\n< 52 1200 " INIT_PACKET "\n"

static const struct {
    const char *name, *script;
    const char *words; /* of an explanation; NULL: any */
    const char *not_words;
} stories[] = {
    /* A: the second bonded update */
    {"a tool without its key is refused a second bond",
     UP BONDED_APPLICATION "s< 01 03 00 01 10 03 03\ns> 05 05\n", "nrfutil bonds anew in each run", NULL},
    {"the same refusal of a board without buttonless DFU is told in general",
     UP "s< 01 03 00 01 10 03 03\ns> 05 05\n", "pairing is not open", "nrfutil"},
    {"a tool without its key writes in clear", UP BONDED_APPLICATION "< 12 0d00 01\n> 01 12 0d00 05\n",
     "only for a bonded host", NULL},
    {"another attribute in clear", UP BONDED_APPLICATION "< 12 0500 01\n> 01 12 0500 05\n",
     "wants an encrypted link", "bonded host"},
    {"peer data still used", UP BONDED_APPLICATION "< 12 0d00 01\n> 13\n> 1d 0d00 20 01 04\n",
     "NRF_ERROR_INVALID_STATE, 8", NULL},
    {"not bonded", UP BONDED_APPLICATION "< 12 0d00 01\n> 13\n> 1d 0d00 20 01 07\n", "not bonded: pair first",
     NULL},
    {"busy", UP OPEN_APPLICATION "< 12 0d00 01\n> 13\n> 1d 0d00 20 01 06\n", "wait, and ask again", NULL},
    {"the indication never comes", UP BONDED_APPLICATION "< 12 0d00 01\n> 13\n+20000\n" ENDS("16"),
     "no indication came in 20 s", NULL},
    {"the host hangs up at once", UP BONDED_APPLICATION "< 12 0d00 01\n> 13\n" ENDS("16"), NULL,
     "no indication"},
    {"hung up before the confirmation", UP OPEN_APPLICATION ENTERS ENDS("16"), "stays in its application",
     NULL},
    {"hung up after the confirmation", UP OPEN_APPLICATION ENTERS CONFIRMS ENDS("16"), NULL,
     "stays in its application"},
    /* B: the bootloader without the bond */
    {"the bootloader has no key", UP BONDED_APPLICATION ENTERS CONFIRMS ENDS("13") UP KEY_MISSING ENDS("05"),
     "in its bootloader, which has no key of this bond", "bond lost on the board"},
    {"a legacy bootloader has no key", UP LEGACY "< 12 0c00 01 04\n" ENDS("13") UP KEY_MISSING,
     "in its bootloader, which has no key of this bond", "bond lost on the board"},
    {"the application has no key", UP BONDED_APPLICATION ENDS("13") UP KEY_MISSING, "bond lost on the board",
     "in its bootloader"},
    {"a bootloader is asked to pair",
     UP BONDED_APPLICATION ENTERS CONFIRMS ENDS("13") UP "s< 01 03 00 01 10 03 03\ns> 05 05\n",
     "a Nordic bootloader never pairs", "nrfutil"},
    {"a link lost in the transfer leaves the board in its bootloader",
     UP BONDED_APPLICATION ENTERS CONFIRMS ENDS("13") UP BOOTLOADER SELECT_DATA("00000000") ENDS("08")
         UP KEY_MISSING,
     "in its bootloader, which has no key of this bond", NULL},
    /* C: the bond erased by the update */
    {"the update erased the bond",
     UP BOOTLOADER SELECT_DATA("00000000") "< 12 0f00 04\n> 1b 0f00 60 04 01\n" ENDS("13") UP KEY_MISSING,
     "DFU_APP_DATA_RESERVED", NULL},
    {"a legacy update erased the bond", UP LEGACY_BOOTLOADER "< 12 0c00 05\n> 13\n" ENDS("13") UP KEY_MISSING,
     "DFU_APP_DATA_RESERVED", NULL},
    {"an update that was refused erased nothing",
     UP BOOTLOADER SELECT_DATA("00000000") "< 12 0f00 04\n> 1b 0f00 60 04 05\n" ENDS("13") UP KEY_MISSING,
     "bond lost on the board", "DFU_APP_DATA_RESERVED"},
    /* D: stale tables */
    {"the handle of the application's table",
     UP BONDED_APPLICATION ENTERS CONFIRMS ENDS("13") UP "< 12 0d00 01\n> 01 12 0d00 01\n",
     "no Service Changed came; discover again", NULL},
    {"it happens to exist", UP BONDED_APPLICATION ENTERS CONFIRMS ENDS("13") UP "< 12 0d00 01\n> 13\n",
     "to an attribute of the application: it holds an old table", NULL},
    {"discovered again it is the bootloader's",
     UP BONDED_APPLICATION ENTERS CONFIRMS ENDS("13")
         UP CHARACTERISTIC("0c00", "0d00", SECURE_UUID("01")) "< 12 0d00 06 01\n> 13\n",
     NULL, "old table"},
    /* E and the sheet's S3 to S11 */
    {"notifications are off", UP BOOTLOADER "< 12 0f00 06 01\n> 01 12 0f00 fd\n", "must be switched on",
     NULL},
    {"data before an init packet", UP BOOTLOADER "< 12 0f00 01 02 00100000\n> 1b 0f00 60 01 08\n",
     "holds no valid init packet", NULL},
    {"an object that is no page", UP BOOTLOADER "< 12 0f00 01 02 01100000\n> 1b 0f00 60 01 03\n",
     "is a whole page", NULL},
    {"a packet of data is lost",
     UP BOOTLOADER INIT_ACCEPTED SELECT_DATA("00000000") DATA_CREATED EIGHT EIGHT CRC_OF("08000000"),
     "8 of the 16 bytes that were written arrived", NULL},
    {"a packet of the second object is lost",
     UP BOOTLOADER INIT_ACCEPTED SELECT_DATA("00000000") DATA_CREATED EIGHT EIGHT CRC_OF(
         "10000000") "< 12 0f00 04\n> 1b 0f00 60 04 01\n" DATA_CREATED EIGHT EIGHT CRC_OF("18000000"),
     "8 of the 16 bytes that were written arrived", NULL},
    {"nothing is lost",
     UP BOOTLOADER INIT_ACCEPTED SELECT_DATA("00000000") DATA_CREATED EIGHT EIGHT CRC_OF(
         "10000000") "< 12 0f00 04\n> 1b 0f00 60 04 01\n" DATA_CREATED EIGHT EIGHT CRC_OF("20000000"),
     NULL, "arrived"},
    {"an object is begun again",
     UP BOOTLOADER INIT_ACCEPTED SELECT_DATA("00000000")
         DATA_CREATED EIGHT DATA_CREATED EIGHT EIGHT CRC_OF("10000000"),
     NULL, "arrived"},
    {"a partial object is gone on with", UP BOOTLOADER SELECT_DATA("08000000") EIGHT CRC_OF("10000000"), NULL,
     "arrived"},
    {"a partial object is begun anew, where is not known",
     UP BOOTLOADER SELECT_DATA("08100000") DATA_CREATED EIGHT EIGHT CRC_OF("10100000"), NULL, "arrived"},
    {"execute before all arrived",
     UP BOOTLOADER INIT_ACCEPTED SELECT_DATA("00000000") DATA_CREATED EIGHT
     "< 12 0f00 04\n> 1b 0f00 60 04 08\n",
     "the object has not all of its bytes", NULL},
    {"a refused init packet is executed again",
     UP BOOTLOADER
     "< 12 0f00 06 01\n> 1b 0f00 60 06 01 00020000 04000000 44332211\n< 12 0f00 04\n> 1b 0f00 60 04 05\n"
     "< 12 0f00 04\n",
     "create the object anew, or this goes on for ever", NULL},
    {"a refused init packet is created anew",
     UP BOOTLOADER "< 12 0f00 06 01\n> 1b 0f00 60 06 01 00020000 04000000 44332211\n< 12 0f00 04\n> 1b 0f00 "
                   "60 04 05\n" INIT_ACCEPTED,
     "invalid object: the init packet does not decode", "for ever"},
    {"packets that are no multiple of 4",
     UP BOOTLOADER INIT_ACCEPTED SELECT_DATA("00000000") DATA_CREATED
     "< 52 1200 010203040506\n< 52 1200 0102030405060708090a\n< 12 0f00 04\n> 1b 0f00 60 04 0b 0c\n",
     "packets of 10 bytes were sent, which is no multiple of 4", "belong together"},
    {"another image than that of the init packet",
     UP BOOTLOADER INIT_ACCEPTED SELECT_DATA("00000000") DATA_CREATED EIGHT EIGHT
     "< 12 0f00 04\n> 1b 0f00 60 04 0b 0c\n",
     "do not belong together", "multiple of 4"},
    {"the SoftDevice is not the board's",
     UP BOOTLOADER "< 12 0f00 06 01\n< 12 0f00 04\n> 1b 0f00 60 04 0b 07\n", "names other SoftDevices", NULL},
    {"the last execute, and the reset",
     UP BOOTLOADER SELECT_DATA("00000000") "< 12 0f00 04\n> 1b 0f00 60 04 01\n" ENDS("13"),
     "the version of the application tells whether the update is committed", NULL},
    {"the last execute refused, and the reset",
     UP BOOTLOADER SELECT_DATA("00000000") "< 12 0f00 04\n> 1b 0f00 60 04 0b 0c\n" ENDS("13"),
     "also when it refused the image", NULL},
    {"the bootloader gives up",
     UP BOOTLOADER INIT_ACCEPTED SELECT_DATA("00000000") "+60000\n" CRC_OF("00000000") "+60000\n" ENDS("13"),
     "gives up after 120 s", NULL},
    {"the board hangs up before", UP BOOTLOADER INIT_ACCEPTED "+60000\n" INIT_ACCEPTED "+61000\n" ENDS("13"),
     NULL, "gives up"},
    {"which SoftDevices the package names", UP BOOTLOADER INIT_SENT "< 12 0f00 04\n> 1b 0f00 60 04 0b 07\n",
     "this one names 0xfffe", NULL},
    {"which hardware the package is for", UP BOOTLOADER INIT_SENT "< 12 0f00 04\n> 1b 0f00 60 04 0b 06\n",
     "52 for nRF52, 51 for nRF51; this one says 52", NULL},
    {"which version the package has", UP BOOTLOADER INIT_SENT "< 12 0f00 04\n> 1b 0f00 60 04 0b 05\n",
     "this one says version 1", NULL},
    /* legacy */
    {"the bank is erased for long",
     UP LEGACY_BOOTLOADER "< 12 0c00 01 04\n> 13\n< 52 0e00 000000000000000034 4b0000\n" ENDS("08"),
     "a client must wait that long", NULL},
};

struct told {
    GString *explanations, *texts;
};

static void tell(void *user, const struct rig_capture_line *line)
{
    struct told *told = user;

    g_string_append_printf(told->texts, "%s %s\n", rig_ble_layer_name(line->layer), line->text);
    if (line->explanation)
        g_string_append_printf(told->explanations, "%s\n", line->explanation);
}

static void play_line(struct rig_made_capture *made, const char *line)
{
    if (g_str_has_prefix(line, "+"))
        made->now_us += g_ascii_strtoll(line + 1, NULL, 10) * 1000;
    else if (g_str_has_prefix(line, "s"))
        rig_made_pdu_hex(made, line[1] == '>', SM, line + 2);
    else if (g_str_has_prefix(line, "e"))
        rig_made_hex(made, RIG_MONITOR_EVENT, line + 1);
    else if (g_str_has_prefix(line, "c"))
        rig_made_hex(made, RIG_MONITOR_COMMAND, line + 1);
    else if (line[0])
        rig_made_pdu_hex(made, line[0] == '>', ATT, line + 1);
}

static void play_lines(struct rig_made_capture *made, const char *script)
{
    g_auto(GStrv) lines = g_strsplit(script, "\n", -1);

    for (char **line = lines; *line; line++)
        play_line(made, *line);
}

static void play(const char *script, struct told *told)
{
    struct rig_made_capture made = rig_made_capture_new(RIG_BTSNOOP_MONITOR);
    g_autoptr(GInputStream) stream = NULL;
    g_autoptr(GError) error = NULL;
    struct rig_capture_totals totals;

    *told = (struct told){g_string_new(NULL), g_string_new(NULL)};
    play_lines(&made, script);
    stream = g_memory_input_stream_new_from_data(made.bytes->data, made.bytes->len, NULL);
    if (!rig_capture_read_stream(stream, "made", RIG_CAPTURE_AIR_LAYERS, tell, told, &totals, &error))
        fail_msg("%s", error->message);
    rig_made_capture_clear(&made);
}

static void told_clear(struct told *told)
{
    g_string_free(told->explanations, TRUE);
    g_string_free(told->texts, TRUE);
}

static void each_failure_is_told_by_its_cause_and_no_other_is(void **state)
{
    (void)state;
    for (gsize i = 0; i < G_N_ELEMENTS(stories); i++) {
        struct told told;

        play(stories[i].script, &told);
        if (strstr(told.texts->str, "malformed"))
            fail_msg("%s: the script is wrong: %s", stories[i].name, told.texts->str);
        if (stories[i].words && !strstr(told.explanations->str, stories[i].words))
            fail_msg("%s: '%s' is not in: %s", stories[i].name, stories[i].words, told.explanations->str);
        if (stories[i].not_words && strstr(told.explanations->str, stories[i].not_words))
            fail_msg("%s: '%s' is in: %s", stories[i].name, stories[i].not_words, told.explanations->str);
        told_clear(&told);
    }
}

static void the_version_of_a_legacy_board_is_told_in_words(void **state)
{
    static const struct {
        const char *hex, *words;
    } rows[] = {
        {"0100", "dfu Read Response: DFU version 0x0001 (an application that can go to its bootloader, no "
                 "bootloader)"},
        {"0600", "DFU version 0x0006 (bootloader of SDK 8, takes over the bond)"},
        {"0800", "DFU version 0x0008 (bootloader of SDK 9 to 11)"},
        {"0107", "DFU version 0x0701\n"},
        {"01", "malformed"},
    };

    (void)state;
    for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autofree char *script = g_strconcat(UP LEGACY "< 0a 1000\n> 0b ", rows[i].hex, "\n", NULL);
        struct told told;

        play(script, &told);
        if (!strstr(told.texts->str, rows[i].words))
            fail_msg("'%s' is not in: %s", rows[i].words, told.texts->str);
        told_clear(&told);
    }
}

static void init_packets_are_told_in_words(void **state)
{
    static const struct {
        const char *script, *words;
    } rows[] = {
        {UP BOOTLOADER INIT_SENT,
         "init packet: application version 1, hardware version 52, SoftDevices 0xfffe, "
         "1508 bytes, not signed\n"},
        {UP BOOTLOADER "< 12 0f00 01 01 04000000\n> 1b 0f00 60 01 01\n< 52 1200 ffffffff\n", "init packet: "},
        {UP LEGACY_BOOTLOADER
         "< 12 0c00 02 00\n> 13\n< 52 0e00 ffff ffff 01000000\n< 52 0e00 0200 6400 6700 4c24\n"
         "< 12 0c00 02 01\n",
         "init packet, complete: device type 0xffff, revision 0xffff, version 0x00000001, SoftDevices 0x0064 "
         "0x0067, "
         "CRC 0x244c\n"},
        {UP LEGACY_BOOTLOADER "< 12 0c00 02 00\n> 13\n< 52 0e00 ffff\n< 12 0c00 02 01\n",
         "2 bytes that are no init packet"},
    };

    (void)state;
    for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
        struct told told;

        play(rows[i].script, &told);
        if (!strstr(told.texts->str, rows[i].words))
            fail_msg("'%s' is not in: %s", rows[i].words, told.texts->str);
        told_clear(&told);
    }
}

/* All stories as one capture are where the fuzzer begins. */
static void update_corpus(void)
{
    struct rig_made_capture made = rig_made_capture_new(RIG_BTSNOOP_UART);

    for (gsize i = 0; i < G_N_ELEMENTS(stories); i++)
        play_lines(&made, stories[i].script);
    if (!g_file_set_contents(RIG_SOURCE_DIR "/fixtures/fuzz/capture/dfu-stories.btsnoop",
                             (const char *)made.bytes->data, made.bytes->len, NULL))
        g_printerr("the corpus cannot be written\n");
    rig_made_capture_clear(&made);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_failure_is_told_by_its_cause_and_no_other_is),
        cmocka_unit_test(init_packets_are_told_in_words),
        cmocka_unit_test(the_version_of_a_legacy_board_is_told_in_words),
    };

    if (g_getenv("BOOTRIG_UPDATE"))
        update_corpus();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
