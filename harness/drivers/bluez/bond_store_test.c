/* SPDX-License-Identifier: GPL-3.0-or-later */
/* bluetoothd's storage of bonds: listed, exported, imported, forgotten. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>
#include <glib/gstdio.h>

#include "base/error.h"
#include "base/file.h"
#include "drivers/bluez/bond_store.h"

#define ADAPTER "00:AA:01:00:00:00"
#define DEVICE "C0:FF:EE:52:84:00"
#define INFO                                                                                                 \
    "[General]\nName=board\nAddressType=static\nTrusted=false\n\n"                                           \
    "[LongTermKey]\nKey=00112233445566778899AABBCCDDEEFF\nAuthenticated=2\nEncSize=16\nEDiv=0\nRand=0\n"

struct store {
    char *root, *file;
};

static char *info_of(const struct store *store, const char *adapter)
{
    return g_build_filename(store->root, adapter, DEVICE, "info", NULL);
}

static void put(const struct store *store, const char *adapter, const char *device, const char *name,
                const char *text)
{
    g_autofree char *folder = g_build_filename(store->root, adapter, device, NULL);
    g_autofree char *path = g_build_filename(folder, name, NULL);

    assert_int_equal(g_mkdir_with_parents(folder, 0700), 0);
    assert_true(g_file_set_contents(path, text, -1, NULL));
}

static int open_store(void **state)
{
    struct store *store = g_new0(struct store, 1);

    store->root = g_dir_make_tmp("bootrig-bonds-XXXXXX", NULL);
    store->file = g_build_filename(store->root, "exported.bond", NULL);
    put(store, ADAPTER, DEVICE, "info", INFO);
    *state = store;
    return 0;
}

static int close_store(void **state)
{
    struct store *store = *state;

    rig_tree_remove(store->root);
    g_free(store->root);
    g_free(store->file);
    g_free(store);
    return 0;
}

static void expect_refusal(bool ok, GError *error, int code, const char *says)
{
    assert_false(ok);
    if (!g_error_matches(error, RIG_ERROR, code) || !strstr(error->message, says))
        fail_msg("%s", error->message);
    g_error_free(error);
}

static void the_list_has_devices_with_a_key_and_passes_over_what_is_not_bluetoothds(void **state)
{
    struct store *store = *state;
    g_autoptr(GPtrArray) bonds = NULL;
    const struct rig_bond *bond;

    put(store, ADAPTER, "C0:FF:EE:00:00:01", "info", "[General]\nName=no key\n");
    put(store, ADAPTER, "C0:FF:EE:00:00:02", "info", "[LongTermKey]\nKey=too short\n");
    put(store, ADAPTER, "C0:FF:EE:00:00:03", "info", "\x01 no key file");
    put(store, ADAPTER, "cache", "x", "y");
    put(store, "not-an-address", DEVICE, "info", INFO);
    bonds = rig_bond_store_list(store->root, NULL);
    assert_int_equal(bonds->len, 1);
    bond = g_ptr_array_index(bonds, 0);
    assert_string_equal(bond->adapter, ADAPTER);
    assert_string_equal(bond->device, DEVICE);
    assert_string_equal(bond->name, "board");
    assert_string_equal(bond->address_type, "static");
    assert_int_equal(bond->key_bytes, 16);
    assert_false(bond->authenticated);
}

static void only_keys_of_a_passkey_or_a_comparison_are_called_authenticated(void **state)
{
    static const bool expected[] = {false, true, false, true, false};
    struct store *store = *state;

    for (guint kind = 0; kind < G_N_ELEMENTS(expected); kind++) {
        g_autofree char *info = g_strdup_printf(
            "[LongTermKey]\nKey=00112233445566778899AABBCCDDEEFF\nAuthenticated=%u\nEncSize=16\n", kind);
        g_autoptr(GPtrArray) bonds = NULL;

        put(store, ADAPTER, DEVICE, "info", info);
        bonds = rig_bond_store_list(store->root, NULL);
        assert_int_equal(bonds->len, 1);
        assert_int_equal(((const struct rig_bond *)g_ptr_array_index(bonds, 0))->authenticated,
                         expected[kind]);
    }
}

static void a_store_that_cannot_be_read_is_an_error(void **state)
{
    GError *error = NULL;
    bool ok;

    (void)state;
    ok = rig_bond_store_list("/nonexistent", &error) != NULL;
    expect_refusal(ok, error, RIG_ERROR_IO, "cannot read");
}

static void a_bond_comes_back_as_it_was_and_only_its_owner_reads_it(void **state)
{
    struct store *store = *state;
    g_autofree char *info = info_of(store, ADAPTER);
    g_autofree char *text = NULL;
    struct rig_bond *bond = NULL;
    GStatBuf about;

    assert_true(rig_bond_store_export(store->root, NULL, "c0:ff:ee:52:84:00", store->file, NULL));
    assert_int_equal(g_stat(store->file, &about), 0);
    assert_int_equal(about.st_mode & 0777, 0600);
    assert_true(rig_bond_store_forget(store->root, NULL, DEVICE, NULL));
    assert_false(g_file_test(info, G_FILE_TEST_EXISTS));
    assert_true(rig_bond_store_import(store->root, NULL, store->file, &bond, NULL));
    assert_string_equal(bond->device, DEVICE);
    rig_bond_free(bond);
    assert_int_equal(g_stat(info, &about), 0);
    assert_int_equal(about.st_mode & 0777, 0600);
    assert_true(g_file_get_contents(info, &text, NULL, NULL));
    assert_non_null(strstr(text, "Key=00112233445566778899AABBCCDDEEFF"));
    assert_non_null(strstr(text, "Name=board"));
    assert_null(strstr(text, "Bootrig"));
}

static void an_import_wants_the_adapter_that_the_board_knows(void **state)
{
    struct store *store = *state;
    g_autofree char *folder = g_build_filename(store->root, "00:AA:01:00:00:07", NULL);
    g_autofree char *info = info_of(store, "00:AA:01:00:00:07");
    struct rig_bond *bond = NULL;
    GError *error = NULL;
    bool ok;
    g_autofree char *text = NULL;

    assert_true(rig_bond_store_export(store->root, NULL, DEVICE, store->file, NULL));
    assert_true(g_file_get_contents(store->file, &text, NULL, NULL));
    rig_tree_remove(store->root);
    assert_int_equal(g_mkdir_with_parents(folder, 0700), 0);
    assert_true(g_file_set_contents(store->file, text, -1, NULL));
    ok = rig_bond_store_import(store->root, NULL, store->file, &bond, &error);
    expect_refusal(ok, error, RIG_ERROR_INPUT, "no adapter " ADAPTER);
    assert_true(rig_bond_store_import(store->root, "00:aa:01:00:00:07", store->file, &bond, NULL));
    rig_bond_free(bond);
    assert_true(g_file_test(info, G_FILE_TEST_EXISTS));
}

static void files_that_are_no_bonds_are_refused_and_change_nothing(void **state)
{
    struct store *store = *state;
    static const struct {
        const char *text, *says;
    } files[] = {
        {"", "addresses or key are missing"},
        {"no key file", "is no bond"},
        {INFO, "addresses or key are missing"},
        {"[Bootrig]\nFormat=2\n", "format 2"},
        {"[Bootrig]\nFormat=1\nAdapter=../../etc\nDevice=" DEVICE "\n" INFO, "addresses or key are missing"},
        {"[Bootrig]\nFormat=1\nAdapter=" ADAPTER "\nDevice=" DEVICE "\n", "addresses or key are missing"},
    };
    g_autofree char *big = g_strnfill(RIG_BOND_MAX_FILE_BYTES + 1, '#');
    struct rig_bond *bond = NULL;
    GError *error = NULL;
    bool ok;

    for (gsize i = 0; i < G_N_ELEMENTS(files); i++) {
        assert_true(g_file_set_contents(store->file, files[i].text, -1, NULL));
        ok = rig_bond_store_import(store->root, NULL, store->file, &bond, &error);
        expect_refusal(ok, error, RIG_ERROR_INPUT, files[i].says);
        error = NULL;
        assert_null(bond);
    }
    assert_true(g_file_set_contents(store->file, big, -1, NULL));
    ok = rig_bond_store_import(store->root, NULL, store->file, &bond, &error);
    expect_refusal(ok, error, RIG_ERROR_INPUT, "more than");
}

static void what_is_not_there_is_neither_exported_nor_forgotten(void **state)
{
    struct store *store = *state;
    GError *error = NULL;
    bool ok;

    ok = rig_bond_store_forget(store->root, NULL, "C0:FF:EE:00:00:01", &error);
    expect_refusal(ok, error, RIG_ERROR_INPUT, "nothing kept");
    error = NULL;
    ok = rig_bond_store_export(store->root, NULL, "../../../etc", store->file, &error);
    expect_refusal(ok, error, RIG_ERROR_USAGE, "no Bluetooth address");
    error = NULL;
    put(store, ADAPTER, "C0:FF:EE:00:00:01", "info", "[General]\nName=no key\n");
    ok = rig_bond_store_export(store->root, NULL, "C0:FF:EE:00:00:01", store->file, &error);
    expect_refusal(ok, error, RIG_ERROR_INPUT, "has no bond");
    error = NULL;
    put(store, "00:AA:01:00:00:01", DEVICE, "info", INFO);
    ok = rig_bond_store_export(store->root, NULL, DEVICE, store->file, &error);
    expect_refusal(ok, error, RIG_ERROR_INPUT, "2 adapters");
    assert_true(rig_bond_store_export(store->root, ADAPTER, DEVICE, store->file, NULL));
}

int main(void)
{
#define ON_STORE(test) cmocka_unit_test_setup_teardown(test, open_store, close_store)
    const struct CMUnitTest tests[] = {
        ON_STORE(the_list_has_devices_with_a_key_and_passes_over_what_is_not_bluetoothds),
        ON_STORE(only_keys_of_a_passkey_or_a_comparison_are_called_authenticated),
        ON_STORE(a_store_that_cannot_be_read_is_an_error),
        ON_STORE(a_bond_comes_back_as_it_was_and_only_its_owner_reads_it),
        ON_STORE(an_import_wants_the_adapter_that_the_board_knows),
        ON_STORE(files_that_are_no_bonds_are_refused_and_change_nothing),
        ON_STORE(what_is_not_there_is_neither_exported_nor_forgotten),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
