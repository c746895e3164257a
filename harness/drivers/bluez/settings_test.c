/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What doctor says of main.conf, of versions and of controllers, from texts and bytes as they are found. */
#include "base/file.h"
#include "drivers/bluez/controllers.h"
#include "drivers/bluez/settings.h"

#include <glib/gstdio.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

struct heard {
    guint n, n_serious;
    GString *text;
};

static void on_remark(void *user, bool serious, const char *text)
{
    struct heard *heard = user;

    heard->n++;
    heard->n_serious += serious;
    g_string_append_printf(heard->text, "%s\n", text);
}

static struct heard judge_settings(const char *text, gsize n_bytes)
{
    struct heard heard = {.text = g_string_new(NULL)};

    rig_bluez_judge_settings(text, n_bytes, on_remark, &heard);
    return heard;
}

static struct heard settings(const char *text)
{
    return judge_settings(text, strlen(text));
}

static void assert_says(struct heard heard, guint n, guint n_serious, const char *piece)
{
    if (heard.n != n || heard.n_serious != n_serious || !strstr(heard.text->str, piece))
        fail_msg("%u remarks, %u serious, or no '%s' in:\n%s", heard.n, heard.n_serious, piece,
                 heard.text->str);
    g_string_free(heard.text, TRUE);
}

#define GOOD "[General]\nControllerMode = le\n[GATT]\nChannels = 1\n"

static void settings_that_do_not_bite_are_passed_over(void **state)
{
    (void)state;
    assert_says(settings(GOOD), 0, 0, "");
    assert_says(settings(GOOD "ExchangeMTU = 517\nCache = no\n"), 0, 0, "");
    assert_says(settings("# comments\n" GOOD "[Policy]\nAutoEnable=true\n"), 0, 0, "");
}

static void each_setting_that_bites_is_told_with_the_line_to_write(void **state)
{
    (void)state;
    assert_says(settings(""), 2, 0, "[GATT] Channels is not set: better `Channels = 1`");
    assert_says(settings("[GATT]\nChannels=3\n[General]\nControllerMode=le\n"), 1, 0,
                "[GATT] Channels = 3: better `Channels = 1`");
    assert_says(settings(GOOD "ExchangeMTU = 64\n"), 1, 0, "better `ExchangeMTU = 517`");
    assert_says(settings(GOOD "Cache = yes\n"), 1, 0, "better `Cache = always`");
    assert_says(settings(GOOD "[General]\nPrivacy = device\n"), 1, 0, "bootrig bond export");
    assert_says(settings("[General]\nControllerMode = dual\n[GATT]\nChannels = 1\n"), 1, 0,
                "better `ControllerMode = le`");
}

static void only_a_setting_without_le_is_serious(void **state)
{
    (void)state;
    assert_says(settings("[General]\nControllerMode = bredr\n[GATT]\nChannels = 1\n"), 1, 1,
                "switches Bluetooth LE off: write `ControllerMode = le` there");
}

static void a_file_that_is_none_is_one_remark(void **state)
{
    g_autofree char *long_text = g_strnfill(RIG_BLUEZ_MAX_CONF_BYTES + 1, '#');

    (void)state;
    assert_says(settings("ControllerMode = le\n"), 1, 0, "no key file");
    assert_says(judge_settings("\xff\xfe\0\0[General]\n", 14), 1, 0, "no key file");
    assert_says(settings(long_text), 1, 0, "too long");
}

static struct heard kernel(const char *release, const char *version)
{
    struct heard heard = {.text = g_string_new(NULL)};

    rig_bluez_judge_kernel(release, version, on_remark, &heard);
    return heard;
}

static void the_kernel_that_panics_is_found_wherever_its_number_stands(void **state)
{
    (void)state;
    assert_says(kernel("6.1.192", "#1 SMP"), 1, 1, "6.1.190");
    assert_says(kernel("6.1.0-55-amd64", "#1 SMP PREEMPT_DYNAMIC Debian 6.1.192-1 (2026-07-01)"), 1, 1,
                "panics");
    assert_says(kernel("6.1.190-1", "#1 SMP"), 0, 0, "");
    assert_says(kernel("16.1.192", "6.1.1921 6.1.192.5"), 0, 0, "");
    assert_says(kernel("6.12.117+deb12-amd64", ""), 0, 0, "");
}

static struct heard daemon_of(const char *version)
{
    struct heard heard = {.text = g_string_new(NULL)};

    rig_bluez_judge_daemon(version, on_remark, &heard);
    return heard;
}

static void a_daemon_is_known_by_its_version(void **state)
{
    (void)state;
    assert_says(daemon_of("5.66"), 1, 0, "dies in AcquireNotify");
    assert_says(daemon_of("5.50"), 1, 0, "older");
    assert_says(daemon_of("5.87"), 0, 0, "");
    assert_says(daemon_of("6.0"), 0, 0, "");
    assert_says(daemon_of(""), 1, 0, "does not tell its version");
}

/* --- controllers --- */

/* Address, version, manufacturer, supported and current settings. */
static const guint8 information[280] = {0x00, 0x84, 0x52, 0xee, 0xff, 0xc0, 0x09, 0xf1, 0x05,
                                        0xff, 0xfe, 0x01, 0x00, 0x01, 0x02, 0x00, 0x00};

static void a_controller_is_read_from_its_information(void **state)
{
    struct rig_bluez_controller controller = {.index = 3};
    guint8 other[17];

    (void)state;
    assert_true(rig_bluez_take_controller(information, sizeof information, &controller));
    assert_string_equal(controller.address, "C0:FF:EE:52:84:00");
    assert_int_equal(controller.index, 3);
    assert_false(controller.can_le && !controller.le_is_on);
    assert_true(controller.powered && controller.le_is_on);
    memcpy(other, information, sizeof other);
    other[10] = 0; /* BR/EDR only */
    other[13] = 0;
    assert_true(rig_bluez_take_controller(other, sizeof other, &controller));
    assert_false(controller.can_le || controller.powered);
    for (gsize n = 0; n < 17; n++)
        assert_false(rig_bluez_take_controller(information, n, &controller));
}

static void an_index_list_that_lies_about_its_length_is_refused(void **state)
{
    static const guint8 list[] = {2, 0, 1, 0, 0, 0};
    static const guint8 many[] = {0xff, 0xff, 0, 0};
    g_autoptr(GArray) indices = g_array_new(FALSE, FALSE, sizeof(guint16));

    (void)state;
    for (gsize n = 0; n < sizeof list; n++)
        assert_false(rig_bluez_take_index_list(list, n, indices));
    assert_false(rig_bluez_take_index_list(many, sizeof many, indices));
    assert_int_equal(indices->len, 0);
    assert_true(rig_bluez_take_index_list(list, sizeof list, indices));
    assert_int_equal(indices->len, 2);
    assert_int_equal(g_array_index(indices, guint16, 0), 1);
}

static void put(const char *root, const char *entry, const char *file, const char *text)
{
    g_autofree char *folder = g_build_filename(root, "class/rfkill", entry, NULL);
    g_autofree char *path = g_build_filename(folder, file, NULL);

    assert_int_equal(g_mkdir_with_parents(folder, 0700), 0);
    assert_true(g_file_set_contents(path, text, -1, NULL));
}

static void put_switch(const char *root, const char *entry, const char *type, const char *name,
                       const char *soft, const char *hard)
{
    put(root, entry, "type", type);
    put(root, entry, "name", name);
    put(root, entry, "soft", soft);
    put(root, entry, "hard", hard);
}

static void a_block_is_that_of_the_same_adapter(void **state)
{
    g_autofree char *root = g_dir_make_tmp("bootrig-sys-XXXXXX", NULL);
    struct rig_bluez_controller controller = {.index = 1, .blocked = true};

    (void)state;
    rig_bluez_look_at_rfkill(root, &controller);
    assert_false(controller.blocked || controller.hard_blocked);
    put_switch(root, "rfkill0", "wlan\n", "hci1\n", "1\n", "1\n");
    put_switch(root, "rfkill1", "bluetooth\n", "hci10\n", "1\n", "1\n");
    put_switch(root, "rfkill2", "bluetooth\n", "hci1\n", "0\n", "0\n");
    rig_bluez_look_at_rfkill(root, &controller);
    assert_false(controller.blocked || controller.hard_blocked);
    put_switch(root, "rfkill2", "bluetooth\n", "hci1\n", "1\n", "0\n");
    rig_bluez_look_at_rfkill(root, &controller);
    assert_true(controller.blocked && !controller.hard_blocked);
    put_switch(root, "rfkill2", "bluetooth\n", "hci1\n", "0\n", "1\n");
    rig_bluez_look_at_rfkill(root, &controller);
    assert_true(!controller.blocked && controller.hard_blocked);
    rig_tree_remove(root);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(settings_that_do_not_bite_are_passed_over),
        cmocka_unit_test(each_setting_that_bites_is_told_with_the_line_to_write),
        cmocka_unit_test(only_a_setting_without_le_is_serious),
        cmocka_unit_test(a_file_that_is_none_is_one_remark),
        cmocka_unit_test(the_kernel_that_panics_is_found_wherever_its_number_stands),
        cmocka_unit_test(a_daemon_is_known_by_its_version),
        cmocka_unit_test(a_controller_is_read_from_its_information),
        cmocka_unit_test(an_index_list_that_lies_about_its_length_is_refused),
        cmocka_unit_test(a_block_is_that_of_the_same_adapter),
    };

    return cmocka_run_group_tests_name("host of a bluetooth bench", tests, NULL, NULL);
}
