/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Boards and images that are not the default ones: what fits them runs, what does not is skipped, and none of
 * it fails. */
#include "tests/process/process.h"

#include <string.h>

static void write_own_image(const struct place *place)
{
    GString *payload = g_string_new(NULL);

    while (payload->len < 20000)
        g_string_append_printf(payload, "no personality %u\n", (guint)payload->len);
    place_write(place, "payload.txt", payload->str);
    g_string_free(payload, TRUE);
    place_expect(place, 0, NULL,
                 "bootrig image make --version 2.0.0 --sign ecdsa-p256 payload.txt --output made.bin");
}

static void expect_own_image(const struct place *place, const char *image, const char *then)
{
    g_autofree char *text =
        g_strdup_printf("scenario: own\nimages:\n  old: 1.0.0\n  new: {file: made.bin%s}\n"
                        "setup:\n  - board: {slot0: old}\n  - connect:\nsteps:\n  - upload: new\n"
                        "  - mark: {image: new, as: test}\n  - smp-reset:\n  - expect-boot: %s\n",
                        image, then);

    place_write(place, "own.yaml", text);
    place_expect(place, 0, "1 passed", "bootrig run own.yaml");
}

static void an_image_made_elsewhere_runs_and_behaves_as_it_is_told(void **state)
{
    write_own_image(*state);
    expect_own_image(*state, "", "{image: new, confirmed: false}");
    expect_own_image(*state, ", behaviour: confirms", "{image: new, confirmed: true}");
    expect_own_image(*state, ", behaviour: crashes", "{image: old, within: 60s}");
    expect_own_image(*state, ", behaviour: hangs, watchdog: 2s", "{image: old, within: 60s}");
}

/* A board, as text: its flash, its slots with the scratch area, and its options. */
struct other_board {
    const char *name;
    const char *flash;
    const char *layout;
    const char *options;
    guint at_least; /* cases that pass: skipping everything is no way to have no failure */
    bool nightly;
};
#define INTERNAL(size, count, write)                                                                         \
    "{device: internal, sectors: [{size: " size ", count: " count "}], write: " write "}"
#define SLOTS(first, second, size)                                                                           \
    "slots: [{offset: " first ", size: " size "}, {offset: " second ", size: " size "}]\n"
#define SCRATCH(offset, size) "scratch: {offset: " offset ", size: " size "}\n"
#define USUAL_FLASH INTERNAL("4KiB", "256", "4B")
#define USUAL_SLOTS SLOTS("48KiB", "176KiB", "128KiB")
#define USUAL USUAL_SLOTS SCRATCH("304KiB", "4KiB")

/* clang-format off */
static const struct other_board boards[] = {
    {"my-board", "{device: internal, sectors: [{size: 2KiB, count: 256}], write: 8B, write-time: 80us, erase-time: 22ms}",
     SLOTS("32KiB", "160KiB", "128KiB") SCRATCH("288KiB", "8KiB"),
     "swap: scratch, sign: ed25519, validate-primary: true, max-sectors: 64, mtu: 247, reassembly: true, parameters: true", 880, false},
    {"no-scratch-no-signature", USUAL_FLASH, USUAL_SLOTS, "swap: move, sign: none", 800, false},
    {"offset-small-slots", INTERNAL("4KiB", "256", "16B"), SLOTS("48KiB", "80KiB", "32KiB") SCRATCH("112KiB", "4KiB"),
     "swap: offset, sign: rsa-3072, downgrade: by-version, validate-primary: true", 865, false},
    {"overwrite-fast", USUAL_FLASH, USUAL, "swap: overwrite, overwrite-fast: true, sign: rsa-2048", 665, false},
    {"large-sectors-counter", INTERNAL("64KiB", "32", "4B"), SLOTS("64KiB", "576KiB", "512KiB") SCRATCH("1088KiB", "64KiB"),
     "swap: scratch, sign: ecdsa-p256, downgrade: by-counter, security-counter: 1", 870, false},
    {"encrypted-small-mtu", USUAL_FLASH, USUAL, "swap: move, sign: ed25519, update-needs: encryption, mtu: 23", 865, false},
    {"old-server", USUAL_FLASH, USUAL,
     "swap: move, sign: ecdsa-p256, mtu: 200, parameters: false, reassembly: false, original-protocol: false, bonding: false", 640, false},
    {"unequal-sectors",
     INTERNAL("1KiB", "256", "4B") ", {device: external, sectors: [{size: 2KiB, count: 128}], write: 4B}",
     "slots: [{offset: 16KiB, size: 128KiB}, {device: external, offset: 0B, size: 128KiB}]\n" SCRATCH("144KiB", "8KiB"),
     "swap: scratch, sign: ecdsa-p256, max-sectors: 256", 690, false},
    {"wide-writes", INTERNAL("4KiB", "256", "32B"), USUAL, "swap: move, sign: ecdsa-p256, validate-primary: false", 850, false},
    {"busy-and-strict", USUAL_FLASH, USUAL,
     "swap: move, sign: ecdsa-p256, refuses-reset: true, progressive-erase: true, erase-pending: true, repairing: refused, "
     "just-works: false", 750, false},
    {"overwrite", USUAL_FLASH, USUAL, "swap: overwrite, sign: ecdsa-p256", 850, true},
    {"scratch", USUAL_FLASH, USUAL, "swap: scratch, sign: ecdsa-p256", 900, true},
    {"offset", USUAL_FLASH, USUAL, "swap: offset, sign: ecdsa-p256", 900, true},
    {"single-bytes", INTERNAL("4KiB", "256", "1B"), USUAL, "swap: move, sign: ecdsa-p256, swap-fixes: true", 850, true},
    {"double-words", INTERNAL("4KiB", "256", "8B"), USUAL, "swap: move, sign: ecdsa-p256", 900, true},
    {"small-sectors", INTERNAL("1KiB", "1024", "4B"), USUAL, "swap: move, sign: ecdsa-p256", 850, true},
    {"authenticated", USUAL_FLASH, USUAL, "swap: move, sign: ecdsa-p256, update-needs: authentication, pairing-io: display", 100, true},
    {"small-buffers", USUAL_FLASH, USUAL, "swap: move, sign: ecdsa-p256, buffer-size: 128B, buffers: 1, parameters: false", 100, true},
    {"erased-to-zero", "{device: internal, sectors: [{size: 4KiB, count: 256}], write: 4B, erased: 0, rewrite: clears-bits}", USUAL,
     "swap: move, sign: ecdsa-p256, boot-time: 5s", 900, true},
};
/* clang-format on */

static void expect_target_fits(const struct place *place, const char *target, guint at_least)
{
    g_autoptr(outcome) ran = place_run(place, "bootrig run --quiet --no-html --target %s", target);
    const char *counts = strstr(ran->out, " passed, 0 failed, 0 errors");

    if (ran->code != 0 || !counts)
        fail_msg("%s ended with %d:\n%s%s", target, ran->code, ran->out, ran->err);
    while (counts > ran->out && g_ascii_isdigit(counts[-1]))
        counts--;
    if (g_ascii_strtoull(counts, NULL, 10) < at_least)
        fail_msg("on %s only %s, wanted at least %u", target, counts, at_least);
}

static void expect_no_failure(const struct place *place, const struct other_board *board)
{
    g_autofree char *target = g_strdup_printf("./%s.yaml", board->name);
    g_autofree char *text =
        g_strdup_printf("target: %s\nabout: not the default board\nkind: simulated\nflash: [%s]\n%s"
                        "name: other\naddress: C0:FF:EE:00:00:42\noptions: {%s}\n",
                        board->name, board->flash, board->layout, board->options);

    place_write(place, target + 2, text);
    expect_target_fits(place, target, board->at_least);
}

static void no_shipped_case_fails_on_the_board_with_two_images(void **state)
{
    expect_target_fits(*state, "sim-nrf5340-mcuboot", 940);
}

/* BOOTRIG_LONG in the environment plays the nightly ones, too. */
static void no_shipped_case_fails_on_a_healthy_board_that_is_another(void **state)
{
    bool all = g_getenv("BOOTRIG_LONG") != NULL;

    for (gsize i = 0; i < G_N_ELEMENTS(boards); i++)
        if (all || !boards[i].nightly)
            expect_no_failure(*state, &boards[i]);
}

#define GUESTS RIG_GUESTS "/guest_model_"

static guint passed(const struct place *place, const char *command)
{
    g_autoptr(outcome) ran = place_run(place, "%s", command);
    const char *counts = strstr(ran->out, " passed, 0 failed, 0 errors");

    if (ran->code != 0 || !counts)
        fail_msg("%s ended with %d:\n%s%s", command, ran->code, ran->out, ran->err);
    while (counts > ran->out && g_ascii_isdigit(counts[-1]))
        counts--;
    return (guint)g_ascii_strtoull(counts, NULL, 10);
}

/* The bootloader says what it was compiled with: what wants something else is skipped, the rest is played. */
static void a_bootloader_of_ones_own_plays_what_it_was_compiled_for(void **state)
{
    place_write(
        *state, "wants.yaml",
        "scenario: wants\nmatrix:\n  swap: [move, scratch]\nimages:\n  old: {version: 1.0.0, size: 4KiB}\n"
        "steps:\n  - board: {slot0: old, swap: $swap}\n  - expect-boot: old\n");
    place_expect(*state, 0, "the case wants 'swap: scratch', and bootloader 'the model' has 'swap: move'",
                 "bootrig run --bootloader " GUESTS "move.so wants.yaml");
    place_expect(*state, 0, "the case wants 'swap: move', and bootloader 'the model' has 'swap: scratch'",
                 "bootrig list --bootloader " GUESTS "scratch.so wants.yaml");
    assert_true(passed(*state, "bootrig run -q --no-html --bootloader " GUESTS "move.so " RIG_SOURCE_DIR
                               "/scenarios/power") >= 28);
    assert_true(passed(*state, "bootrig run -q --no-html --bootloader " GUESTS "scratch.so " RIG_SOURCE_DIR
                               "/scenarios/power") >= 20);
}

/* It runs in this process: without a guard around that, an exit code 0 of its own would be that of the run.
 */
static void a_bootloader_that_ends_the_program_is_an_error_of_the_run(void **state)
{
    static const char *const ends[][2] = {{"leaves", "with exit code 0"},
                                          {"kills_itself", "by signal 9"},
                                          {"kills_its_group", "by signal 9"},
                                          {"smashes_the_heap", "by signal"}};

    place_write(*state, "plain.yaml",
                "scenario: plain\nimages:\n  old: {version: 1.0.0, size: 4KiB}\n"
                "steps:\n  - board: {slot0: old}\n  - expect-boot: old\n");
    for (gsize i = 0; i < G_N_ELEMENTS(ends); i++) {
        place_expect(*state, 2, ends[i][1], "bootrig run --bootloader " RIG_GUESTS "/guest_%s.so plain.yaml",
                     ends[i][0]);
        place_expect(*state, 2, "0 passed", "bootrig report reports/out/journal.jsonl");
        place_expect(*state, 0, "ended this program", "cat reports/out/junit.xml");
    }
}

static void an_exploration_of_what_does_not_fit_is_skipped(void **state)
{
    place_write(*state, "large.yaml",
                "scenario: large\nimages:\n  old: {version: 1.0.0, size: 4KiB}\n"
                "  new: {version: 2.0.0, size: 126KiB}\nsteps:\n  - board: {slot0: old}\n"
                "  - explore: {old: old, new: new, life: [upload, permanent]}\n");
    place_expect(*state, 4, "there is room for", "bootrig run large.yaml");
}

static void what_only_the_model_prints_is_not_demanded_of_another_bootloader(void **state)
{
    place_write(*state, "prints.yaml",
                "scenario: prints\nimages:\n  old: {version: 1.0.0, size: 4KiB}\n"
                "steps:\n  - board: {slot0: old}\n  - expect-boot: old\n"
                "  - expect-console: {line: \"Booting MCUboot\", within: 1s}\n");
    place_expect(*state, 0, "not judged on bootloader 'the model': a line with 'Booting MCUboot'",
                 "bootrig run --verbose --bootloader " GUESTS "move.so prints.yaml");
    place_write(*state, "own.yaml",
                "scenario: own\nimages:\n  old: {version: 1.0.0, size: 4KiB}\n"
                "steps:\n  - board: {slot0: old}\n  - expect-boot: old\n"
                "  - expect-console: {line: acme says hello, within: 1s}\n");
    place_expect(*state, 1, "no such line", "bootrig run --bootloader " GUESTS "move.so own.yaml");
}

static void a_board_that_is_busy_when_the_deadline_ends_is_said_to_be(void **state)
{
    place_write(*state, "busy.yaml",
                "scenario: busy\nimages:\n  old: {version: 1.0.0, size: 100KiB}\n"
                "  new: {version: 2.0.0, size: 100KiB}\nsetup:\n  - board: {slot0: old, slot1: new}\n"
                "  - connect:\n  - mark: {image: new, as: test}\nsteps:\n"
                "  - reset:\n  - expect-boot: {image: new, within: 100ms}\n");
    place_expect(*state, 1, "still booting: the deadline of 100 ms ended while the board was busy",
                 "bootrig run busy.yaml");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        PROCESS_TEST(an_image_made_elsewhere_runs_and_behaves_as_it_is_told),
        PROCESS_TEST(a_board_that_is_busy_when_the_deadline_ends_is_said_to_be),
        PROCESS_TEST(a_bootloader_of_ones_own_plays_what_it_was_compiled_for),
        PROCESS_TEST(a_bootloader_that_ends_the_program_is_an_error_of_the_run),
        PROCESS_TEST(an_exploration_of_what_does_not_fit_is_skipped),
        PROCESS_TEST(what_only_the_model_prints_is_not_demanded_of_another_bootloader),
        PROCESS_TEST(no_shipped_case_fails_on_a_healthy_board_that_is_another),
        PROCESS_TEST(no_shipped_case_fails_on_the_board_with_two_images),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
