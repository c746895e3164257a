/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Boards with one seeded defect: each is caught by a shipped scenario, for the right reason. The list is
 * scenarios/DEFECTS.md; with BOOTRIG_UPDATE=1 in the environment it is written anew. Without a defect every
 * shipped case passes. */
#include "process.h"

#include <string.h>

#include "bench/option_fields.h"
#include "sim/firmware/mcuboot/mcuboot.h"
#include "sim/firmware/nordic/buttonless.h"
#include "sim/firmware/nordic/legacy/bootloader.h"
#include "sim/firmware/nordic/nordic_legacy.h"
#include "sim/firmware/nordic/secure/secure.h"

#define SHIPPED RIG_SOURCE_DIR "/scenarios"
#define TABLE SHIPPED "/DEFECTS.md"
#define MIN_SHIPPED_CASES 40

struct caught {
    const char *defect;
    const char *promise;   /* what the board breaks */
    const char *case_name; /* of a shipped scenario */
    const char *reason;    /* a piece of its failure's message */
};

static const struct caught table[] = {
    {"accepts-unsigned", "boots an image without a signature",
     "bootloader-refuses-wrong-image[swap=move,unsigned]", "running image: expected good, seen wrong 2.0.0"},
    {"accepts-any-key", "boots an image signed with a stranger's key",
     "bootloader-refuses-wrong-image[swap=move,stranger]", "running image: expected good, seen wrong 2.0.0"},
    {"skips-hash", "boots an image whose bytes are not those that were signed",
     "flipped-bit-never-boots[as=permanent]", "running image: expected old, confirmed, seen"},
    {"never-reverts", "keeps an image that nobody confirmed", "trial-ends-in-revert[swap=move,waits]",
     "running image: expected old, confirmed, seen new 2.0.0 (unconfirmed)"},
    {"forgets-progress", "starts a swap anew that a power cut interrupted",
     "swap-goes-on-where-it-stopped[move-one-sector-moved]",
     "swap status: expected moved 1 of, seen nothing started"},
    {"no-copy-done", "does not record that a swap is complete", "permanent-update[swap=move]",
     "slot 0 copy-done: expected set, seen unset"},
    {"ignores-downgrade", "boots an older version where versions may only rise",
     "older-image[swap=move,older-version-by-version]", "running image: expected running, seen older"},
    {"ignores-dependency", "boots an image whose dependency is not met", "unmet-dependency[network=none]",
     "running image: expected app, seen new-app 2.0.0"},
    {"confirms-itself", "confirms every new image at once",
     "image-confirms-itself[swap=move,reset-comes=too-early]", "seen new 2.0.0 (confirmed)"},
    {"keeps-rejected", "leaves a refused image pending, to be validated again at every boot",
     "bootloader-refuses-wrong-image[swap=move,unsigned]",
     "writes to slot1: expected at least one, seen no operation"},
    {"erases-primary-first", "erases the running image before the new one was looked at",
     "flipped-bit-never-boots[as=test]", "running image: expected old, confirmed, seen no bootable image"},
    {"accepts-oversized", "boots an image that reaches into the trailer", "largest-image[move-122881]",
     "running image: expected old, seen large 2.0.0"},
    {"leaves-plain", "puts the old image into slot 1 as it ran, not encrypted",
     "encrypted-life[swap=move,rsa]", "content of slot 1: expected old, seen another byte"},
    {"forgets-keys", "keeps no image keys for a swap that a power cut interrupts",
     "any-cuts-encrypted[swap=move,plain-keys]", "assertion: there is no key for the image"},
    {"accepts-wrong-offset", "writes a chunk wherever it says it belongs",
     "chunk-drop[mtu=23,window=1,answer-3-lost]", "bytes were sent)"},
    {"reboots-in-upload", "resets itself in the middle of an upload",
     "bond-then-redfu[keys-kept-repairing-refused]", "upload: expected ok, seen link-lost"},
    {"second-upload-dead", "does not answer a second upload after a finished one",
     "second-upload[between=nothing,same-image-again]", "upload: expected ok, seen silence"},
    {"confirm-does-nothing", "answers a confirm with ok and writes nothing", "upload-test-confirm[swap=move]",
     "writes to slot0: expected at least one, seen no operation"},
    {"erases-pending", "erases an image that waits to be installed",
     "erase-rules[erase-pending=false,as=test]", "erase: expected refused with rc 9, seen ok"},
    {"accepts-json", "answers a request that is no CBOR as if it were one",
     "malformed-requests[reassembly=true,N1-json-instead-of-cbor]",
     "raw request: expected error 3, seen malformed-answer"},
    {"upload-in-trial", "overwrites the only way back during a trial run",
     "trial-run-is-protected[erase-pending=false]", "upload: expected refused with rc 9, seen ok"},
    {"no-resume", "starts an interrupted upload from its beginning",
     "link-lost-everywhere[mtu=23,window=1,by=host]",
     "after the link was lost before write 40 (chunk 3, piece 1 of 20) by the host: upload goes on at: "
     "expected byte 677 or later, seen byte 0"},
    {"wrong-hash-accepted", "marks whatever is in slot 1, whatever hash was asked for", "wrong-hash[as=test]",
     "mark: expected refused with rc 8, seen malformed-answer"},
    {"maintenance-stays", "never leaves its maintenance mode but by a reset",
     "maintenance-ends[maintenance=service-absent,by=command]", "seen timeout (nothing came)"},
    {"maintenance-erases", "erases slot 1 before it refuses an upload", "refused-outside-maintenance[refuses]",
     "flash operations: expected at most 0, seen"},
    {"maintenance-outlives-reset", "is in its maintenance mode after a reset, too",
     "maintenance-update[service-absent-by-att-write]", "connection: expected no-service, seen ok"},
    {"maintenance-not-told", "registers its update service and tells nobody",
     "registered-while-connected[told]", "services: expected 6d61696e-7465-6e61-6e63-650000000001, 8d53dc1d"},
    {"maintenance-any-value", "enters its maintenance mode whatever is written", "half-an-entry[another-value]",
     "expected att-error with error 0x80, seen ok"},
    {"pairs-anew-silently", "lets a stranger take the place of a bonded host",
     "bond-then-redfu[keys-lost-repairing-refused]", "connection: expected pairing-refused, seen ok"},
    {"bond-lost-on-update", "forgets its bonds when an update is installed",
     "bond-then-redfu[keys-kept-repairing-refused]", "connection: expected ok, seen key-missing"},
    {"serves-unencrypted", "serves updates over a plain link though encryption is demanded",
     "encryption-needed", "connection: expected not-encrypted, seen ok"},
    {"cuts-notifications", "loses the end of an answer that is longer than one notification",
     "long-answers[mtu=23]", "seen malformed-answer (only the first 20 of"},
    {"keeps-fragments", "joins half a message with what the next connection sends",
     "link-lost-everywhere[mtu=23,window=1,by=board]",
     "after the link was lost before write 4 (chunk 1, piece 5 of 20) by the board (HCI 0x13): content of "
     "slot 1: expected new, seen another byte"},
};

/* The same boards, seen by cases of another kind. */
static const struct caught caught_too[] = {
    {.defect = "keeps-fragments",
     .case_name = "packet-ends-link[window=1,23-radio-silent-in-a-message]",
     .reason = "content of slot 1: expected new, seen another byte at"},
    {.defect = "cuts-notifications",
     .case_name = "answer-in-pieces[first-lost]",
     .reason = "seen silence (only the first 20 of"},
    {.defect = "no-resume",
     .case_name = "packet-ends-link[window=3,247-hangs-up-at-a-notification]",
     .reason = "or later, seen byte 0"},
    {.defect = "skips-hash",
     .case_name = "lost-fragment-never-boots[23]",
     .reason = "running image: expected old, confirmed, seen"},
    {.defect = "accepts-wrong-offset",
     .case_name = "packet-drop[window=1,middle-notification-lost]",
     .reason = "bytes were sent)"},
};

#define SECURE "sim-nrf52840-dfu"
#define LEGACY "sim-nrf51-legacy"
#define ADAFRUIT "sim-nrf52832-legacy-adafruit"
/* On a board of another target. */
static const struct caught_on {
    struct caught caught;
    const char *target;
} nordic[] = {
    {{"accepts-unsigned", "installs an application without a signature",
      "nordic-refused-init-packet[unsigned]", "upload: expected refused with rc 2824, seen ok"},
     SECURE},
    {{"accepts-any-key", "installs an application that a stranger signed",
      "nordic-refused-init-packet[stranger]", "upload: expected refused with rc 5, seen ok"},
     SECURE},
    {{"skips-hash", "installs an image that is not the one of its init packet",
      "nordic-wrong-image[flipped-dual]", "upload: expected refused with rc 2828, seen ok"},
     SECURE},
    {{"ignores-hardware", "installs an application for another chip",
      "nordic-refused-init-packet[hardware-51]", "upload: expected refused with rc 2822, seen ok"},
     SECURE},
    {{"ignores-softdevice", "installs an application for another SoftDevice",
      "nordic-refused-init-packet[other-softdevice]", "upload: expected refused with rc 2823, seen ok"},
     SECURE},
    {{"ignores-downgrade", "installs an older application", "nordic-older-versions[older]",
      "upload: expected refused with rc 2821, seen ok"},
     SECURE},
    {{"forgets-copy", "starts a copy anew that a power cut interrupted",
      "nordic-power-cut-in-activation[overlapping]",
      "running image: expected v1 or v2, seen in the bootloader, waiting for an update"},
     SECURE},
    {{"no-backup", "never writes the backup of its settings", "nordic-settings[by-crc]",
      "init packet: expected stored, seen none"},
     SECURE},
    {{"erases-old-first", "erases the running application before the new one has arrived",
      "nordic-areas[dual]", "writes to slot0 0x0, 8192 bytes: expected none"},
     SECURE},
    {{"marks-valid-first", "calls bank 0 valid before the copy, and never checks it again",
      "nordic-settings[by-crc]", "boot validation: expected crc, seen none"},
     SECURE},
    {{"erases-app-data", "erases the application's data with an update", "nordic-areas[dual]",
      "writes to app-data: expected none"},
     SECURE},
    {{"keeps-peer-data", "leaves the bond that was handed over in the settings page",
      "nordic-bond-then-redfu[keys-kept-repairing-refused]", "enter bootloader: operation failed (0x04)"},
     SECURE},
    {{"stuck-in-updater", "waits for an update for ever", "nordic-gives-up",
      "running image: expected v1, seen in the bootloader, waiting for an update"},
     SECURE},
    {{"answers-early", "answers success before the image was looked at",
      "nordic-damaged-boot-validation[signature-of-others]", "upload: expected refused with rc 5, seen ok"},
     SECURE},
    {{"buttonless-stays", "says that it enters its bootloader, and stays in the application",
      "nordic-update[banks=dual,open]", "it does not reset by itself"},
     SECURE},
    {{"buttonless-silent", "enters its bootloader without an answer", "nordic-update[banks=dual,open]",
      "upload: expected ok, seen link-lost (enter bootloader"},
     SECURE},
    {{"buttonless-ignores", "does not react to the wish for its bootloader", "nordic-update[banks=dual,open]",
      "upload: expected ok, seen silence (enter bootloader: no answer"},
     SECURE},
    {{"buttonless-change-not-told", "tells bonded hosts nothing of its other table",
      "nordic-bond-then-redfu[keys-kept-repairing-refused]", "no Service Changed came"},
     SECURE},
    {{"buttonless-wrong-peer", "hands another key over to the bootloader than that of the bond",
      "nordic-update[banks=dual,bonded]", "MIC failure"},
     SECURE},
    {{"unmasked-swap", "copies a larger SoftDevice in blocks that are no whole pages (DevZone 16774)",
      "legacy-larger-softdevice[uncut]", "state of the board: expected updater, seen hung"},
     ADAFRUIT},
    {{"half-masked-swap", "goes on with such a copy by other blocks than it began",
      "legacy-larger-softdevice[first-block]", "state of the board: expected updater, seen hung"},
     ADAFRUIT},
    {{"skips-crc", "finds every image good", "legacy-refused[crc-of-other-bytes]",
      "upload: expected refused with rc 5, seen ok"},
     LEGACY},
    {{"takes-any-init", "takes packages for other boards", "legacy-refused[another-device]",
      "upload: expected refused with rc 6, seen ok"},
     LEGACY},
    {{"keeps-offset", "goes on behind what is there when an update is begun anew",
      "legacy-link-lost[banks=dual]", "request: expected error, seen reply"},
     LEGACY},
    {{"silent-start", "never answers the start of an update", "legacy-update[sdk=11,banks=dual]",
      "upload: expected ok, seen silence (start: no answer)"},
     LEGACY},
    {{"silent-overrun", "drops packets that it has no buffer for without a word", "legacy-prn[every-20]",
      "upload: expected refused with rc 6, seen"},
     LEGACY},
    {{"erases-app-data", "erases the application's data with an update", "legacy-bond[handed-over-and-kept]",
      "connection: expected ok, seen key-missing"},
     LEGACY},
    {{"erases-old-first", "erases the running application though it has two banks",
      "legacy-link-lost[banks=dual]",
      "running image: expected v2, seen in the bootloader, waiting for an update"},
     LEGACY},
    {{"stuck-in-updater", "stays in its bootloader after a reset", "legacy-refused[another-device]",
      "running image: expected v1, seen in the bootloader, waiting for an update"},
     LEGACY},
    {{"jump-stays", "is told to enter its bootloader, and stays in the application",
      "legacy-update[sdk=11,banks=dual]", "it does not reset by itself"},
     LEGACY},
    {{"jump-without-bond", "hands no bond over to the bootloader", "legacy-bond-power-lost",
      "no advertising seen at its address"},
     LEGACY},
    {{"jump-not-told", "tells bonded hosts nothing of its other table", "legacy-bond[handed-over-and-kept]",
      "connection: expected ok, seen att-error"},
     LEGACY},
};

static bool in_table(const char *defect)
{
    for (gsize i = 0; i < G_N_ELEMENTS(table); i++)
        if (g_str_equal(table[i].defect, defect))
            return true;
    for (gsize i = 0; i < G_N_ELEMENTS(nordic); i++)
        if (g_str_equal(nordic[i].caught.defect, defect))
            return true;
    return false;
}

static void every_defect_that_can_be_seeded_is_in_the_table(void **state)
{
    gsize n_defects = 0;

    (void)state;
    for (const char *const *name = rig_choices_defects; *name; name++, n_defects++)
        if (!in_table(*name))
            fail_msg("no shipped scenario is named for the defect '%s'", *name);
    assert_true(n_defects >= 40);
}

/* Marks the names that a part of a board has; fails for one that nobody can ask for. */
static void take_names(GHashTable *names, const char *(*name_of)(unsigned bit), unsigned n_names)
{
    for (unsigned bit = 0; bit < n_names; bit++)
        if (!g_hash_table_contains(names, name_of(bit)))
            fail_msg("the simulated board has a defect '%s' that nobody can ask for", name_of(bit));
        else
            g_hash_table_insert(names, (gpointer)name_of(bit), GUINT_TO_POINTER(1));
    assert_null(name_of(n_names));
}

static void scenarios_can_ask_for_exactly_the_defects_that_the_board_has(void **state)
{
    g_autoptr(GHashTable) names = g_hash_table_new(g_str_hash, g_str_equal);
    GHashTableIter each;
    gpointer name, taken;

    (void)state;
    for (const char *const *choice = rig_choices_defects; *choice; choice++)
        assert_true(g_hash_table_insert(names, (gpointer)*choice, NULL));
    take_names(names, sim_boot_defect_name, SIM_BOOT_N_DEFECTS);
    take_names(names, sim_app_defect_name, SIM_APP_N_DEFECTS);
    take_names(names, sim_ble_defect_name, SIM_BLE_N_DEFECTS);
    take_names(names, sim_secure_defect_name, SIM_SECURE_N_DEFECTS);
    take_names(names, sim_buttonless_defect_name, SIM_BUTTONLESS_N_DEFECTS);
    take_names(names, sim_legacy_defect_name, SIM_LEGACY_N_DEFECTS);
    take_names(names, sim_legacy_app_defect_name, SIM_LEGACY_N_APP_DEFECTS);
    g_hash_table_iter_init(&each, names);
    while (g_hash_table_iter_next(&each, &name, &taken))
        if (!taken)
            fail_msg("no board has the defect '%s'", (const char *)name);
}

/* Each firmware of Nordic's has its own: what one board is caught with says nothing of another. */
static void expect_rows(const char *(*name_of)(unsigned bit), unsigned n_names, const char *targets)
{
    for (unsigned bit = 0; bit < n_names; bit++) {
        bool found = false;

        for (gsize i = 0; i < G_N_ELEMENTS(nordic); i++)
            found |= g_str_equal(nordic[i].caught.defect, name_of(bit)) && strstr(targets, nordic[i].target);
        if (!found)
            fail_msg("no shipped scenario is named for the defect '%s' of %s", name_of(bit), targets);
    }
}

static void every_defect_of_each_of_nordics_bootloaders_is_in_the_table(void **state)
{
    (void)state;
    expect_rows(sim_secure_defect_name, SIM_SECURE_N_DEFECTS, SECURE);
    expect_rows(sim_buttonless_defect_name, SIM_BUTTONLESS_N_DEFECTS, SECURE);
    expect_rows(sim_legacy_defect_name, SIM_LEGACY_N_DEFECTS, LEGACY " " ADAFRUIT);
    expect_rows(sim_legacy_app_defect_name, SIM_LEGACY_N_APP_DEFECTS, LEGACY);
}

/* target: NULL = the default one. */
static void expect_caught(const struct place *place, const struct caught *caught, const char *target)
{
    g_autofree char *quoted = g_shell_quote(caught->case_name);
    g_autoptr(outcome) result =
        place_run(place, "bootrig run -q --no-html %s%s --defect %s --case %s " SHIPPED,
                  target ? "--target " : "", target ? target : "", caught->defect, quoted);
    g_autoptr(GPtrArray) ended = place_ended(place, "reports/out", false);
    const struct ended *one;

    if (result->code != 1)
        fail_msg("%s: %s ended with %d\n%.2000s%.2000s", caught->defect, caught->case_name, result->code,
                 result->out, result->err);
    one = ended_named(ended, caught->case_name);
    assert_string_equal(one->verdict, "fail");
    if (!strstr(one->message, caught->reason))
        fail_msg("%s is caught by %s for another reason: %s", caught->defect, caught->case_name,
                 one->message);
}

static void each_defect_is_caught_by_a_shipped_case_for_its_reason(void **state)
{
    for (gsize i = 0; i < G_N_ELEMENTS(table); i++)
        expect_caught(*state, &table[i], NULL);
    for (gsize i = 0; i < G_N_ELEMENTS(caught_too); i++)
        expect_caught(*state, &caught_too[i], NULL);
    for (gsize i = 0; i < G_N_ELEMENTS(nordic); i++)
        expect_caught(*state, &nordic[i].caught, nordic[i].target);
}

static char *table_text(void)
{
    GString *text = g_string_new("# What the shipped scenarios notice\n\n"
                                 "Each row is a simulated board that breaks one promise on purpose (`bootrig "
                                 "run --defect NAME`), a shipped case that\n"
                                 "fails on it, and the reason it gives. The table is written and checked by "
                                 "`harness/tests/process/defect_table_test.c`.\n\n"
                                 "| defect | the board | caught by | because |\n|---|---|---|---|\n");

    for (gsize i = 0; i < G_N_ELEMENTS(table); i++)
        g_string_append_printf(text, "| `%s` | %s | `%s` | %s |\n", table[i].defect, table[i].promise,
                               table[i].case_name, table[i].reason);
    g_string_append(text, "\nSome of them are noticed by faults of single packets, too:\n\n"
                          "| defect | caught by | because |\n|---|---|---|\n");
    for (gsize i = 0; i < G_N_ELEMENTS(caught_too); i++)
        g_string_append_printf(text, "| `%s` | `%s` | %s |\n", caught_too[i].defect, caught_too[i].case_name,
                               caught_too[i].reason);
    g_string_append(text, "\n## Boards with Nordic's bootloaders\n\n"
                          "`bootrig run --target TARGET --defect NAME scenarios/nordic`:\n\n"
                          "| defect | target | the board | caught by | because |\n|---|---|---|---|---|\n");
    for (gsize i = 0; i < G_N_ELEMENTS(nordic); i++)
        g_string_append_printf(text, "| `%s` | `%s` | %s | `%s` | %s |\n", nordic[i].caught.defect,
                               nordic[i].target, nordic[i].caught.promise, nordic[i].caught.case_name,
                               nordic[i].caught.reason);
    return g_string_free(text, FALSE);
}

static void the_table_in_the_documentation_is_this_one(void **state)
{
    g_autofree char *text = table_text();
    g_autofree char *written = NULL;

    (void)state;
    if (g_getenv("BOOTRIG_UPDATE"))
        assert_true(g_file_set_contents(TABLE, text, -1, NULL));
    assert_true(g_file_get_contents(TABLE, &written, NULL, NULL));
    assert_string_equal(written, text);
}

/* What needs a Bluetooth stack is looked at in the virtual machine, if links_test.py has it. */
static bool is_played_over_bluez(const struct ended *one)
{
    g_autofree char *played = NULL;
    g_autofree char *quoted = g_strdup_printf("\"%s\"", one->name);

    if (!g_str_equal(one->verdict, "skip") || !strstr(one->message, "lacks 'bluetooth-stack'"))
        return false;
    assert_true(g_file_get_contents(RIG_SOURCE_DIR "/harness/tests/links_test.py", &played, NULL, NULL));
    return strstr(played, quoted) != NULL;
}

static void without_a_defect_every_shipped_case_passes(void **state)
{
    g_autoptr(outcome) result = place_run(*state, "bootrig run -q");
    g_autoptr(GPtrArray) ended = place_ended(*state, "reports/out", false);
    guint n_passed = 0;

    if (result->code != 0)
        fail_msg("bootrig run ended with %d\n%.4000s%.2000s", result->code, result->out, result->err);
    for (guint i = 0; i < ended->len; i++) {
        const struct ended *one = g_ptr_array_index(ended, i);

        /* Another skip would be a promise that nobody looked at: every shipped case has its board here. */
        if (g_str_equal(one->verdict, "pass"))
            n_passed++;
        else if (!is_played_over_bluez(one))
            fail_msg("%s: %s (%s)", one->name, one->verdict, one->message);
    }
    assert_true(n_passed >= MIN_SHIPPED_CASES);
    place_expect_junit(*state, "reports/out/junit.xml", false);
}

static void names_of_shipped_cases_are_unique(void **state)
{
    g_autoptr(outcome) result = place_run(*state, "bootrig list");
    g_autoptr(GHashTable) names = g_hash_table_new(g_str_hash, g_str_equal);
    g_auto(GStrv) lines = g_strsplit(result->out, "\n", -1);

    assert_int_equal(result->code, 0);
    for (char **line = lines; *line && **line; line++) {
        (*line)[strcspn(*line, " ")] = '\0';
        if (!g_hash_table_add(names, *line))
            fail_msg("two cases are called %s", *line);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_defect_that_can_be_seeded_is_in_the_table),
        cmocka_unit_test(every_defect_of_each_of_nordics_bootloaders_is_in_the_table),
        cmocka_unit_test(scenarios_can_ask_for_exactly_the_defects_that_the_board_has),
        PROCESS_TEST(each_defect_is_caught_by_a_shipped_case_for_its_reason),
        cmocka_unit_test(the_table_in_the_documentation_is_this_one),
        PROCESS_TEST(without_a_defect_every_shipped_case_passes),
        PROCESS_TEST(names_of_shipped_cases_are_unique),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
