/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A machine in QEMU that cannot be had, that dies, or that is not what the target says: errors that name what
 * and where. The contract suites hold what it owes when all is well. */
#include "drivers/qemu/qemu_board.h"

#include "base/error.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <glib/gstdio.h>
#include <string.h>

#define TARGET                                                                                               \
    "target: t\nabout: a machine of this test\nkind: qemu\n"                                                 \
    "flash: [{device: internal, sectors: [{size: 4KiB, count: 44}], write: 4B}]\n"                           \
    "slots: [{offset: 48KiB, size: 64KiB}, {offset: 112KiB, size: 64KiB}]\n"                                 \
    "options: {swap: overwrite, sign: none, max-align: 8, max-sectors: 32}\n"

struct stand {
    char *folder, *path, *load;
    struct rig_target *target;
    struct rig_board *board;
};

static int open_stand(void **state)
{
    struct stand *stand = g_new0(struct stand, 1);

    stand->folder = g_dir_make_tmp("bootrig-XXXXXX", NULL);
    stand->path = g_build_filename(stand->folder, "t.yaml", NULL);
    stand->load = g_build_filename(stand->folder, "boot.hex", NULL);
    assert_true(g_file_set_contents(stand->load, ":00000001FF\n", -1, NULL));
    *state = stand;
    return 0;
}

static int close_stand(void **state)
{
    struct stand *stand = *state;

    if (stand->board)
        stand->board->ops->free(stand->board);
    rig_target_free(stand->target);
    g_unlink(stand->path);
    g_unlink(stand->load);
    g_rmdir(stand->folder);
    g_free(stand->load);
    g_free(stand->path);
    g_free(stand->folder);
    g_free(stand);
    return 0;
}

static void make(struct stand *stand, const char *qemu, GError **error)
{
    g_autofree char *text = g_strconcat(TARGET, qemu, NULL);

    assert_true(g_file_set_contents(stand->path, text, -1, NULL));
    stand->target = rig_target_load(stand->path, stand->folder, NULL);
    assert_non_null(stand->target);
    stand->board = rig_qemu_board_new(stand->target, error);
}

static void assert_says(GError *error, const char *piece)
{
    assert_non_null(error);
    if (!strstr(error->message, piece))
        fail_msg("'%s' is not in: %s", piece, error->message);
    g_error_free(error);
}

static void assert_no_power_on(struct stand *stand, const char *qemu, const char *piece)
{
    const struct rig_board_setup setup = {.confirmed = true};
    GError *error = NULL;

    make(stand, qemu, NULL);
    assert_non_null(stand->board);
    assert_true(stand->board->ops->prepare(stand->board, &setup, NULL));
    assert_false(stand->board->power->ops->set(stand->board->power, true, &error));
    assert_int_equal(error->code, RIG_ERROR_DEVICE);
    assert_says(error, piece);
    assert_true(stand->board->ops->make_safe(stand->board, NULL));
}

static void a_target_without_a_machine_is_refused(void **state)
{
    GError *error = NULL;

    make(*state, "", &error);
    assert_null(((struct stand *)*state)->board);
    assert_says(error, "has no 'qemu:'");
}

static void a_file_that_is_not_there_is_refused_before_anything_starts(void **state)
{
    GError *error = NULL;

    make(*state, "qemu: {machine: mps2-an385, load: [nowhere.elf]}\n", &error);
    assert_null(((struct stand *)*state)->board);
    assert_says(error, "nowhere.elf");
}

static void a_qemu_that_is_not_installed_is_named(void **state)
{
    assert_no_power_on(*state, "qemu: {machine: mps2-an385, load: [boot.hex], program: qemu-system-none}\n",
                       "qemu-system-none");
}

static void a_program_that_ends_at_once_is_told_with_its_words(void **state)
{
    assert_no_power_on(*state, "qemu: {machine: mps2-an385, load: [boot.hex], program: ls}\n", "ls: ");
}

static void a_machine_that_qemu_does_not_know_is_told_in_its_words(void **state)
{
    g_autofree char *qemu = g_find_program_in_path("qemu-system-arm");

    if (!qemu)
        skip();
    assert_no_power_on(*state, "qemu: {machine: none-such, load: [boot.hex]}\n", "unsupported machine type");
}

static void flash_where_the_machine_has_no_memory_is_an_error(void **state)
{
    g_autofree char *qemu = g_find_program_in_path("qemu-system-arm");

    if (!qemu)
        skip();
    assert_no_power_on(*state, "qemu: {machine: mps2-an385, load: [boot.hex], address: 0x90000000}\n",
                       "0x90000000");
}

/* An erased flash has no vectors: the core locks up, and QEMU gives up. */
static void a_qemu_that_dies_while_it_runs_is_an_error_and_the_next_case_begins_anew(void **state)
{
    struct stand *stand = *state;
    const struct rig_board_setup setup = {.confirmed = true};
    g_autofree char *qemu = g_find_program_in_path("qemu-system-arm");
    bool happened = true, running;
    GError *error = NULL;

    if (!qemu)
        skip();
    make(stand, "qemu: {machine: mps2-an385, load: [boot.hex]}\n", NULL);
    assert_true(stand->board->ops->prepare(stand->board, &setup, NULL));
    running = stand->board->power->ops->set(stand->board->power, true, &error);
    while (running && happened)
        running = stand->board->ops->wait(stand->board, stand->board->ops->now_us(stand->board) + 20000000,
                                          &happened, &error);
    assert_false(running);
    assert_says(error, "QEMU was ended by signal");
    assert_true(stand->board->ops->prepare(stand->board, &setup, NULL));
}

/* Of a Cortex-M0: NVMC to write, the word 12345678 to 1c000, then on the spot for ever.
 * [SRC nRF51 reference manual, NVMC] */
static const char writer[] = ":100000000040002009000000034801210160034A6C\n"
                             ":10001000034B1360FEE7C04604E5014000C0010049\n"
                             ":0400200078563412C8\n"
                             ":00000001FF\n";

static guint32 word_at(struct stand *stand, guint32 offset)
{
    struct rig_probe *probe = stand->board->probe;
    guint32 word = 0;
    GError *error = NULL;

    if (!probe->ops->read(probe, "internal", offset, (guint8 *)&word, sizeof word, &error))
        fail_msg("%s", error->message);
    return GUINT32_FROM_LE(word);
}

static void set_power(struct stand *stand, bool on)
{
    GError *error = NULL;

    if (!stand->board->power->ops->set(stand->board->power, on, &error))
        fail_msg("%s", error->message);
}

/* Flash that only the core sees: what a probe and what the firmware wrote is read, and outlives the power. */
static void flash_in_the_address_space_of_the_core_is_read_where_it_was_written(void **state)
{
    static const guint8 wanted[] = {0xde, 0xad, 0xbe, 0xef};
    struct stand *stand = *state;
    const struct rig_board_setup setup = {.confirmed = true};
    g_autofree char *qemu = g_find_program_in_path("qemu-system-arm");
    gint64 until_us = g_get_monotonic_time() + 20 * G_USEC_PER_SEC;
    struct rig_probe *probe;

    if (!qemu)
        skip();
    assert_true(g_file_set_contents(stand->load, writer, -1, NULL));
    make(stand, "qemu: {machine: microbit, load: [boot.hex]}\n", NULL);
    probe = stand->board->probe;
    assert_true(stand->board->ops->prepare(stand->board, &setup, NULL));
    assert_true(probe->ops->program(probe, "internal", 48 * 1024, wanted, sizeof wanted, NULL));
    for (guint round = 0; round < 2; round++) {
        set_power(stand, true);
        while (word_at(stand, 0x1c000) != 0x12345678 && g_get_monotonic_time() < until_us)
            g_usleep(2000);
        assert_int_equal(word_at(stand, 0x1c000), 0x12345678);
        assert_int_equal(word_at(stand, 48 * 1024), 0xefbeadde);
        assert_int_equal(word_at(stand, 52 * 1024), 0xffffffff);
        set_power(stand, false);
        assert_int_equal(word_at(stand, 0x1c000), 0x12345678);
        assert_int_equal(word_at(stand, 48 * 1024), 0xefbeadde);
    }
    assert_true(stand->board->ops->make_safe(stand->board, NULL));
}

/* Peripherals take writes and answer reads, but they are no flash. */
static void flash_that_reads_back_other_than_written_is_refused(void **state)
{
    g_autofree char *qemu = g_find_program_in_path("qemu-system-arm");

    if (!qemu)
        skip();
    assert_no_power_on(*state, "qemu: {machine: microbit, load: [boot.hex], address: 0x48000000}\n",
                       "is none that can be programmed");
}

/* A bootloader, and an image in slot 0. */
static const char merged[] = ":0400000001020304F2\n"
                             ":04C000000506070822\n"
                             ":00000001FF\n";

static void a_merged_hex_is_programmed_once_and_leaves_slots_to_the_set_up(void **state)
{
    static const guint8 wanted[] = {0xde, 0xad, 0xbe, 0xef};
    const struct rig_board_setup setup = {.confirmed = true};
    struct stand *stand = *state;
    struct rig_probe *probe;

    assert_true(g_file_set_contents(stand->load, merged, -1, NULL));
    make(stand, "qemu: {machine: mps2-an385, load: [boot.hex]}\n", NULL);
    probe = stand->board->probe;
    assert_int_equal(word_at(stand, 0), 0x04030201);
    assert_int_equal(word_at(stand, 48 * 1024), 0x08070605);
    assert_true(probe->ops->program(probe, "internal", 0, wanted, sizeof wanted, NULL));
    assert_true(stand->board->ops->prepare(stand->board, &setup, NULL));
    assert_int_equal(word_at(stand, 0), 0x04030201);
    assert_int_equal(word_at(stand, 48 * 1024), 0xffffffff);
}

static void a_hex_file_that_is_damaged_is_told_with_its_line(void **state)
{
    struct stand *stand = *state;
    GError *error = NULL;

    assert_true(g_file_set_contents(stand->load, ":0400000001020304F2\n:04C000000506070823\n", -1, NULL));
    make(stand, "qemu: {machine: mps2-an385, load: [boot.hex]}\n", &error);
    assert_null(stand->board);
    assert_says(error, "boot.hex, line 2: ");
}

/* With "restore" the flash goes back, and the machine starts anew: here it has no application that would. */
static void flash_goes_back_to_what_a_snapshot_holds(void **state)
{
    static const guint8 before[] = {1, 2, 3, 4}, after[] = {0xde, 0xad, 0xbe, 0xef};
    const struct rig_board_setup setup = {.confirmed = true};
    struct stand *stand = *state;
    struct rig_probe *probe;
    struct rig_snapshot *snapshot;
    g_autofree char *qemu = g_find_program_in_path("qemu-system-arm");
    struct rig_trailer_layout layout;
    struct rig_board_view view;
    guint8 magic[RIG_TRAILER_MAGIC_BYTES];
    struct rig_slot slot;
    GError *error = NULL;

    if (!qemu)
        skip();
    make(stand, "qemu: {machine: mps2-an385, load: [boot.hex]}\n", NULL);
    probe = stand->board->probe;
    assert_true(stand->board->ops->prepare(stand->board, &setup, NULL));
    assert_true(rig_layout_slot(&stand->board->layout, 1, &slot));
    assert_true(rig_trailer_layout(&slot.geometry, &layout));
    rig_trailer_magic(slot.geometry.max_align, magic);
    assert_true(probe->ops->program(probe, "internal", 8192, before, sizeof before, NULL));
    /* A request that waits: it then stands before its first instruction. */
    assert_true(
        probe->ops->program(probe, "internal", slot.device_offset + layout.magic, magic, sizeof magic, NULL));
    snapshot = stand->board->snapshots->keep(stand->board, NULL);
    assert_non_null(snapshot);
    assert_true(probe->ops->program(probe, "internal", 8192, after, sizeof after, NULL));
    if (!stand->board->snapshots->rewind(stand->board, snapshot, &error))
        fail_msg("%s", error->message);
    assert_int_equal(word_at(stand, 8192), 0x04030201);
    assert_true(probe->ops->view(probe, &view, NULL));
    assert_int_equal(view.state, RIG_STATE_HALTED);
    stand->board->snapshots->forget(snapshot);
    assert_true(stand->board->ops->make_safe(stand->board, NULL));
}

#define on_stand(test) cmocka_unit_test_setup_teardown(test, open_stand, close_stand)

int main(void)
{
    const struct CMUnitTest tests[] = {
        on_stand(a_target_without_a_machine_is_refused),
        on_stand(a_file_that_is_not_there_is_refused_before_anything_starts),
        on_stand(a_qemu_that_is_not_installed_is_named),
        on_stand(a_program_that_ends_at_once_is_told_with_its_words),
        on_stand(a_machine_that_qemu_does_not_know_is_told_in_its_words),
        on_stand(flash_where_the_machine_has_no_memory_is_an_error),
        on_stand(flash_in_the_address_space_of_the_core_is_read_where_it_was_written),
        on_stand(flash_that_reads_back_other_than_written_is_refused),
        on_stand(a_merged_hex_is_programmed_once_and_leaves_slots_to_the_set_up),
        on_stand(a_hex_file_that_is_damaged_is_told_with_its_line),
        on_stand(flash_goes_back_to_what_a_snapshot_holds),
        on_stand(a_qemu_that_dies_while_it_runs_is_an_error_and_the_next_case_begins_anew),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
