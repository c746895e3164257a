/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Set-ups of Nordic's boards and what a probe reads of them: which page counts, where bank 1 begins, what is
 * damaged. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/bytes.h"
#include "base/error.h"
#include "bench/target.h"
#include "drivers/probe/nordic_view.h"
#include "drivers/sim/sim_driver.h"
#include "image/softdevice.h"

#include <string.h>

#define APPLICATION_BYTES 9000u /* three pages */

struct stand {
    struct rig_target *target;
    struct rig_board *board;
    struct rig_probe *probe;
    guint8 application[APPLICATION_BYTES];
};

static void open_stand(struct stand *stand, const char *target)
{
    g_autoptr(GError) error = NULL;
    struct rig_board_image image = {
        .bytes = stand->application, .n_bytes = APPLICATION_BYTES, .fw_version = 3004005};
    const struct rig_board_setup setup = {.images = &image, .n_images = 1, .confirmed = true};

    for (gsize i = 0; i < APPLICATION_BYTES; i++)
        stand->application[i] = (guint8)(i * 7 + i / 256);
    stand->target = rig_target_load(target, RIG_SOURCE_DIR "/targets", &error);
    assert_non_null(stand->target);
    stand->board = rig_sim_board_new(stand->target, &error);
    assert_non_null(stand->board);
    stand->probe = stand->board->probe;
    assert_true(stand->board->ops->prepare(stand->board, &setup, &error));
}

static void close_stand(struct stand *stand)
{
    stand->board->ops->free(stand->board);
    rig_target_free(stand->target);
}

static void read_flash(const struct stand *stand, guint32 at, guint8 *into, gsize n_bytes)
{
    assert_true(stand->probe->ops->read(stand->probe, "internal", at, into, n_bytes, NULL));
}

static void write_flash(const struct stand *stand, guint32 at, const guint8 *bytes, gsize n_bytes)
{
    assert_true(stand->probe->ops->program(stand->probe, "internal", at, bytes, n_bytes, NULL));
}

static bool has_line(char **lines, const char *piece)
{
    for (; *lines; lines++)
        if (strstr(*lines, piece))
            return true;
    return false;
}

static void a_set_up_board_has_softdevice_application_and_two_equal_settings_pages(void **state)
{
    struct stand stand;
    struct rig_nordic_recorded seen;
    struct rig_board_view view = {0};
    struct rig_softdevice softdevice;
    struct rig_slot bank;
    guint8 info[RIG_SOFTDEVICE_INFO_BYTES], word[4];
    g_auto(GStrv) lines = NULL;

    (void)state;
    open_stand(&stand, "sim-nrf52840-dfu");
    assert_true(rig_nordic_read_settings(stand.probe, &seen, NULL));
    assert_int_equal(seen.main_page, RIG_NORDIC_PAGE_VALID);
    assert_int_equal(seen.backup_page, RIG_NORDIC_PAGE_VALID);
    assert_true(seen.valid);
    assert_int_equal(seen.n_bytes, APPLICATION_BYTES);
    assert_int_equal(seen.app_version, 3004005);
    assert_true(rig_nordic_bank(stand.probe, 1, &bank, NULL));
    assert_int_equal(bank.device_offset, 0x27000 + 3 * 4096);
    assert_true(rig_nordic_look_at_image(stand.probe, &view, NULL));
    assert_true(view.has_image && view.confirmed);
    assert_int_equal(view.version.major, 3);
    assert_int_equal(view.version.minor, 4);
    assert_int_equal(view.version.revision, 5);
    read_flash(&stand, RIG_SOFTDEVICE_AT + RIG_SOFTDEVICE_INFO_AT, info, sizeof info);
    assert_true(rig_softdevice_decode(info, &softdevice));
    assert_int_equal(softdevice.firmware_id, 0x100);
    read_flash(&stand, 0xff8, word, sizeof word);
    assert_int_equal(rig_get_le32(word), 0xf8000);
    lines = rig_nordic_settings_texts(stand.probe);
    assert_true(has_line(lines, "settings page: valid, layout 2, application version 3004005"));
    assert_true(has_line(lines, "backup page: valid"));
    close_stand(&stand);
}

static void the_backup_counts_where_the_main_page_is_torn(void **state)
{
    static const guint8 zeros[16];
    struct stand stand;
    struct rig_nordic_recorded seen;
    guint place = 9, n_places = 0;
    char text[80];

    (void)state;
    open_stand(&stand, "sim-nrf52840-dfu");
    write_flash(&stand, 0xff018, zeros, sizeof zeros);
    assert_true(rig_nordic_read_settings(stand.probe, &seen, NULL));
    assert_int_equal(seen.main_page, RIG_NORDIC_PAGE_BAD_CRC);
    assert_true(seen.valid);
    assert_int_equal(seen.n_bytes, APPLICATION_BYTES);
    assert_false(rig_nordic_activates(stand.probe));
    assert_true(rig_nordic_progress(stand.probe, &place, &n_places, text, sizeof text));
    assert_int_equal(place, 0);
    write_flash(&stand, 0xfe018, zeros, sizeof zeros);
    assert_true(rig_nordic_read_settings(stand.probe, &seen, NULL));
    assert_false(seen.valid);
    assert_int_equal(seen.n_bytes, 0);
    close_stand(&stand);
}

static void settings_that_claim_more_than_there_is_show_no_image(void **state)
{
    struct rig_nordic_settings settings;
    struct rig_board_view view = {0};
    guint8 page[RIG_NORDIC_SETTINGS_BYTES];
    struct rig_slot bank;
    struct stand stand;

    (void)state;
    open_stand(&stand, "sim-nrf52840-dfu");
    rig_nordic_settings_generate(&settings, 1, 1, 0xfffffff0u, 0);
    settings.banks[1] =
        (struct rig_nordic_bank){.code = RIG_NORDIC_BANK_APPLICATION, .image_bytes = 0xffffffffu};
    settings.write_offset = 0x3000;
    rig_nordic_settings_seal(&settings);
    rig_nordic_settings_encode(&settings, page);
    write_flash(&stand, 0xff000, page, sizeof page);
    write_flash(&stand, 0xfe000, page, sizeof page);
    assert_true(rig_nordic_look_at_image(stand.probe, &view, NULL));
    assert_false(view.has_image);
    assert_false(rig_nordic_bank(stand.probe, 1, &bank, NULL)); /* nothing is left for it */
    assert_true(rig_nordic_activates(stand.probe));
    rig_nordic_settings_generate(&settings, 1, 1, APPLICATION_BYTES, 0);
    settings.banks[0].code = RIG_NORDIC_BANK_INVALID;
    rig_nordic_settings_seal(&settings);
    rig_nordic_settings_encode(&settings, page);
    write_flash(&stand, 0xff000, page, sizeof page);
    write_flash(&stand, 0xfe000, page, sizeof page);
    assert_true(rig_nordic_look_at_image(stand.probe, &view, NULL));
    assert_false(view.has_image);
    assert_true(rig_nordic_bank(stand.probe, 1, &bank, NULL));
    assert_int_equal(bank.device_offset, 0x27000 + 3 * 4096); /* behind what is recorded, valid or not */
    close_stand(&stand);
}

static void a_legacy_board_has_one_page_without_versions(void **state)
{
    struct rig_nordic_recorded seen;
    struct rig_board_view view = {0};
    g_auto(GStrv) lines = NULL;
    struct stand stand;

    (void)state;
    open_stand(&stand, "sim-nrf51-legacy");
    assert_true(rig_nordic_read_settings(stand.probe, &seen, NULL));
    assert_true(seen.valid && !seen.blank);
    assert_int_equal(seen.n_bytes, APPLICATION_BYTES);
    assert_true(rig_nordic_look_at_image(stand.probe, &view, NULL));
    assert_true(view.has_image);
    lines = rig_nordic_settings_texts(stand.probe);
    assert_int_equal(g_strv_length(lines), 1);
    assert_true(has_line(lines, "bank 0 application (9000 bytes"));
    close_stand(&stand);
}

static void what_a_set_up_cannot_be_is_a_reason_to_skip(void **state)
{
    struct stand stand;
    struct rig_board_image image = {.slot = 1, .bytes = stand.application, .n_bytes = 100};
    struct rig_board_setup setup = {.images = &image, .n_images = 1, .confirmed = true};
    GError *error = NULL;

    (void)state;
    open_stand(&stand, "sim-nrf52840-dfu");
    assert_false(stand.board->ops->prepare(stand.board, &setup, &error));
    assert_int_equal(error->code, RIG_ERROR_UNSUPPORTED);
    g_clear_error(&error);
    image.slot = 0;
    setup.confirmed = false;
    assert_false(stand.board->ops->prepare(stand.board, &setup, &error));
    assert_int_equal(error->code, RIG_ERROR_UNSUPPORTED);
    g_clear_error(&error);
    setup.confirmed = true;
    image.n_bytes = 2 * 1024 * 1024; /* not read: refused by its size */
    assert_false(stand.board->ops->prepare(stand.board, &setup, &error));
    assert_int_equal(error->code, RIG_ERROR_INPUT);
    g_clear_error(&error);
    close_stand(&stand);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_set_up_board_has_softdevice_application_and_two_equal_settings_pages),
        cmocka_unit_test(the_backup_counts_where_the_main_page_is_torn),
        cmocka_unit_test(settings_that_claim_more_than_there_is_show_no_image),
        cmocka_unit_test(a_legacy_board_has_one_page_without_versions),
        cmocka_unit_test(what_a_set_up_cannot_be_is_a_reason_to_skip),
    };

    return cmocka_run_group_tests_name("nordic_view", tests, NULL, NULL);
}
