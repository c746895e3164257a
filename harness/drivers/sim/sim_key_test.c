/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The key of a simulated board: the rig's, or the one that its target names. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <glib/gstdio.h>

#include "base/file.h"
#include "drivers/sim/sim_driver.h"

static void write_key(const char *path, enum rig_key_kind kind, unsigned index, bool private_part)
{
    struct rig_key *key = rig_key_test(kind, index, NULL);
    char *pem = rig_key_to_pem(key, private_part);

    assert_true(g_file_set_contents(path, pem, -1, NULL));
    free(pem);
    rig_key_free(key);
}

/* The shipped target of this name with a line more. */
static struct rig_target *target_with(const char *name, const char *line)
{
    g_autofree char *path = g_strdup_printf(RIG_SOURCE_DIR "/targets/%s.yaml", name);
    g_autofree char *shipped = NULL, *text = NULL;
    GError *error = NULL;
    struct rig_target *target;

    assert_true(g_file_get_contents(path, &shipped, NULL, NULL));
    text = g_strconcat(shipped, line, "\n", NULL);
    assert_true(g_file_set_contents("./own.yaml", text, -1, NULL));
    target = rig_target_load("./own.yaml", RIG_SOURCE_DIR "/targets", &error);
    if (!target)
        fail_msg("%s", error->message);
    return target;
}

/* index: of the test key that the board must have; says: why there is no board, else NULL. */
static void expect(const char *name, const char *line, int index, const char *says)
{
    struct rig_target *target = target_with(name, line);
    g_autoptr(GError) error = NULL;
    struct rig_board *board = rig_sim_board_new(target, &error);
    struct rig_key *key = index < 0 ? NULL : rig_key_test(RIG_KEY_ECDSA_P256, (unsigned)index, NULL);

    if (!board != (says != NULL) || (says && !strstr(error->message, says)))
        fail_msg("%s: %s", line, error ? error->message : "a board was made");
    if (board && key)
        assert_memory_equal(rig_key_hash(board->key), rig_key_hash(key), RIG_IMAGE_HASH_BYTES);
    else if (board)
        assert_null(board->key); /* whoever signs takes the rig's */
    rig_key_free(key);
    if (board)
        board->ops->free(board);
    rig_target_free(target);
}

static void a_target_names_the_key_of_its_board(void **state)
{
    (void)state;
    write_key("own.pem", RIG_KEY_ECDSA_P256, 3, true);
    write_key("own.pub.pem", RIG_KEY_ECDSA_P256, 3, false);
    write_key("other.pem", RIG_KEY_ED25519, 0, true);
    for (guint i = 0; i < 2; i++) {
        const char *name = i ? "sim-nrf52840-mcuboot" : "sim-nrf52840-dfu";

        expect(name, "", -1, NULL);
        expect(name, "key: own.pem", 3, NULL);
        expect(name, "key: own.pub.pem", 3, NULL);
        expect(name, "key: other.pem", -1, "not of the kind that 'sign' says");
        expect(name, "key: own.yaml", -1, "not a PEM key");
        expect(name, "key: absent.pem", -1, "absent.pem");
    }
}

static void write_encryption_key(const char *path, enum rig_encrypt_kind kind, bool private_part)
{
    struct rig_encrypt_key *key = rig_encrypt_key_test(kind, 128, 5, NULL);
    char *text = rig_encrypt_key_to_text(key, private_part);

    assert_true(g_file_set_contents(path, text, -1, NULL));
    free(text);
    rig_encrypt_key_free(key);
}

/* own: the board must have the key of the file, else the rig's; says: why there is no board, else NULL. */
static void expect_encryption(const char *encrypt, const char *line, bool own, const char *says)
{
    g_autofree char *option = g_strdup_printf("  encrypt: %s\n%s", encrypt, line);
    struct rig_target *target = target_with("sim-nrf52840-mcuboot", option);
    g_autoptr(GError) error = NULL;
    struct rig_board *board = rig_sim_board_new(target, &error);
    struct rig_encrypt_key *key = rig_encrypt_key_test(RIG_ENCRYPT_ECIES_P256, 128, own ? 5 : 0, NULL);

    if (!board != (says != NULL) || (says && !strstr(error->message, says)))
        fail_msg("%s: %s", line, error ? error->message : "a board was made");
    if (board) {
        assert_memory_equal(rig_encrypt_key_id(board->encryption_key), rig_encrypt_key_id(key),
                            RIG_IMAGE_HASH_BYTES);
        board->ops->free(board);
    }
    rig_encrypt_key_free(key);
    rig_target_free(target);
}

static void a_target_names_the_key_that_its_board_decrypts_with(void **state)
{
    (void)state;
    write_encryption_key("enc.pem", RIG_ENCRYPT_ECIES_P256, true);
    write_encryption_key("enc.pub.pem", RIG_ENCRYPT_ECIES_P256, false);
    write_encryption_key("enc.b64", RIG_ENCRYPT_AES_KW, true);
    expect_encryption("ecies-p256", "", false, NULL);
    expect_encryption("ecies-p256", "encryption-key: enc.pem", true, NULL);
    expect_encryption("ecies-p256", "encryption-key: enc.pub.pem", false, "is a public key");
    expect_encryption("ecies-p256", "encryption-key: enc.b64", false, "not of the kind that 'encrypt'");
    expect_encryption("ecies-p256", "encryption-key: own.yaml", false, "not a PEM key");
    expect_encryption("ecies-p256", "encryption-key: absent.pem", false, "absent.pem");
}

static int enter_folder(void **state)
{
    char *folder = g_dir_make_tmp("bootrig-sim-key-XXXXXX", NULL);

    *state = folder;
    return folder && g_chdir(folder) == 0 ? 0 : -1;
}

static int leave_folder(void **state)
{
    g_autofree char *folder = *state;

    if (g_chdir("/") != 0)
        return -1;
    rig_tree_remove(folder);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_target_names_the_key_of_its_board),
        cmocka_unit_test(a_target_names_the_key_that_its_board_decrypts_with),
    };

    return cmocka_run_group_tests(tests, enter_folder, leave_folder);
}
