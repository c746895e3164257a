/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The package commands as a process: arguments in, files, text and exit codes out. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <fcntl.h>
#include <glib.h>
#include <glib/gstdio.h>
#include <json-glib/json-glib.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/file.h"
#include "cli/cli.h"
#include "image/hex.h"
#include "image/softdevice.h"
#include "package/package.h"

#define OUTPUT_MAX_BYTES 65536

struct result {
    int code; /* exit code, or -1 when it died */
    char out[OUTPUT_MAX_BYTES], err[OUTPUT_MAX_BYTES];
};

static void redirect(int stream, const char *path)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);

    if (fd < 0 || dup2(fd, stream) < 0)
        _exit(99);
}

static void slurp(const char *path, char into[OUTPUT_MAX_BYTES])
{
    FILE *file = fopen(path, "rb");
    size_t n = file ? fread(into, 1, OUTPUT_MAX_BYTES - 1, file) : 0;

    into[n] = '\0';
    if (file)
        fclose(file);
}

/* In a child, because --help ends the process. */
static struct result *run(const char *line)
{
    struct result *result = test_malloc(sizeof *result);
    g_auto(GStrv) argv = NULL;
    int argc, status;
    pid_t child;

    assert_true(g_shell_parse_argv(line, &argc, &argv, NULL));
    fflush(NULL);
    child = fork();
    if (child == 0) {
        redirect(STDOUT_FILENO, "out.txt");
        redirect(STDERR_FILENO, "err.txt");
        exit(rig_cli_package(argc, argv));
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    result->code = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
    slurp("out.txt", result->out);
    slurp("err.txt", result->err);
    return result;
}

static void expect(const char *line, int code, const char *said)
{
    struct result *result = run(line);

    if (result->code != code || (!strstr(result->out, said) && !strstr(result->err, said)))
        fail_msg("%s\ncode %d, wanted %d and '%s'\nout: %s\nerr: %s", line, result->code, code, said,
                 result->out, result->err);
    test_free(result);
}

static void write_file(const char *path, const guint8 *bytes, gsize n_bytes)
{
    assert_true(g_file_set_contents(path, (const char *)bytes, (gssize)n_bytes, NULL));
}

static void write_key(const char *path, enum rig_key_kind kind, bool private_part)
{
    struct rig_key *key = rig_key_test(kind, 0, NULL);
    char *pem = rig_key_to_pem(key, private_part);

    assert_true(g_file_set_contents(path, pem, -1, NULL));
    free(pem);
    rig_key_free(key);
}

static int enter_folder(void **state)
{
    static const struct rig_softdevice s140 = {.flash_bytes = 0x27000, .firmware_id = 0xca, .id = 140};
    char *folder = g_dir_make_tmp("bootrig-package-XXXXXX", NULL);
    guint8 bytes[12288];

    if (!folder || g_chdir(folder) != 0)
        return -1;
    *state = folder;
    rig_image_fill_payload(1, bytes, sizeof bytes);
    write_file("app.bin", bytes, 1508);
    write_file("odd.bin", bytes, 1507);
    write_file("bl.bin", bytes, 4096);
    assert_true(rig_softdevice_fill(&s140, bytes, sizeof bytes));
    write_file("sd.bin", bytes, sizeof bytes);
    write_key("own.pem", RIG_KEY_ECDSA_P256, true);
    write_key("own.pub.pem", RIG_KEY_ECDSA_P256, false);
    write_key("other.pem", RIG_KEY_ED25519, true);
    return 0;
}

static int leave_folder(void **state)
{
    g_autofree char *folder = *state;

    if (g_chdir("/") != 0)
        return -1;
    rig_tree_remove(folder);
    return 0;
}

#define MAKE_APP "package make --application app.bin --application-version 1.2.3 --sd-req 0x100 --key own.pem"

static void a_package_is_made_verified_and_refused_by_a_stranger(void **state)
{
    (void)state;
    expect(MAKE_APP " -o app.zip", 0, "");
    expect("package verify app.zip", 0, "app.zip: pass: secure, 1 update");
    expect("package verify app.zip", 0, "no signature was checked");
    expect("package verify app.zip --key own.pub.pem", 0, "pass");
    expect("package verify app.zip --key test:ecdsa-p256:1", 1, "signed by none of the keys");
    expect("package verify app.zip --key test:ecdsa-p256:1 --key own.pub.pem", 0, "pass");
    expect("package verify app.zip -q --key test:ecdsa-p256:1", 1, "");
    expect("package make --application app.bin --application-version 3 --sd-req 0 -o plain.zip", 0, "");
    expect("package verify plain.zip", 0, "note: application: it is not signed");
    expect("package verify plain.zip --key own.pem", 1, "it is not signed");
}

static void info_tells_every_field(void **state)
{
    g_autoptr(JsonParser) parser = json_parser_new();
    struct result *result;
    JsonObject *root, *part;

    (void)state;
    expect(MAKE_APP " --hw-version 51 --debug --boot-validation sha256 -o app.zip", 0, "");
    expect("package info app.zip", 0, "firmware version   1002003");
    expect("package info app.zip", 0, "sha256 (2)");
    result = run("package info --json app.zip");
    assert_int_equal(result->code, 0);
    assert_true(json_parser_load_from_data(parser, result->out, -1, NULL));
    root = json_node_get_object(json_parser_get_root(parser));
    assert_string_equal(json_object_get_string_member(root, "package"), "secure");
    part = json_array_get_object_element(json_object_get_array_member(root, "parts"), 0);
    assert_string_equal(json_object_get_string_member(part, "firmware"), "application");
    assert_int_equal(json_object_get_int_member(part, "fw_version"), 1002003);
    assert_int_equal(json_object_get_int_member(part, "hw_version"), 51);
    assert_int_equal(json_object_get_int_member(part, "app_size"), 1508);
    assert_string_equal(json_object_get_string_member(part, "is_debug"), "yes");
    test_free(result);
}

static void a_combined_package_is_two_updates(void **state)
{
    const char *make =
        "package make --softdevice sd.bin --bootloader bl.bin --bootloader-version 2 --application "
        "app.bin --application-version 7 --sd-req 0x100 --key own.pem -o all.zip";
    struct result *result;

    (void)state;
    expect(make, 0, "");
    expect("package verify all.zip --key own.pem", 0, "pass: secure, 2 updates");
    result = run("package info all.zip");
    assert_non_null(strstr(result->out, "SoftDevice bytes   12288"));
    assert_non_null(strstr(result->out, "bootloader bytes   4096"));
    /* What the board has, then what the SoftDevice in the package says it is. */
    assert_non_null(strstr(strstr(result->out, "sd-req             0x0100"), "sd-req             0x00ca"));
    test_free(result);
}

static void legacy_packages_of_each_version_verify(void **state)
{
    static const char *const versions[] = {"0.5", "0.6", "0.7"};

    (void)state;
    for (gsize i = 0; i < G_N_ELEMENTS(versions); i++) {
        g_autofree char *make = g_strdup_printf(
            "package make --legacy %s --application app.bin --sd-req 0x64 -o legacy.zip", versions[i]);
        g_autofree char *said = g_strdup_printf("package: legacy %s, 1 update", versions[i]);

        expect(make, 0, "");
        expect("package info legacy.zip", 0, said);
        expect("package verify legacy.zip", 0, "pass: legacy");
    }
    expect("package make --legacy 0.8 --application app.bin --sd-req 0x64 --key own.pem -o legacy.zip", 0,
           "");
    expect("package verify legacy.zip --key own.pub.pem", 0, "pass: legacy 0.8");
    expect("package verify legacy.zip --key test:ecdsa-p256:1", 1, "signed by none of the keys");
    expect("package damage legacy.zip --kind wrong-hash -o bad.zip", 0, "");
    expect("package verify bad.zip", 1, "the hash in the init packet is not that of the firmware");
    expect("package damage legacy.zip --kind flip-payload -o bad.zip", 0, "");
    expect("package verify bad.zip", 1, "the hash in the init packet is not that of the firmware");
}

static void every_damage_is_seen(void **state)
{
    gsize n;
    const struct rig_package_damage *damages = rig_package_damages(&n);

    (void)state;
    expect(MAKE_APP " --boot-validation ecdsa -o app.zip", 0, "");
    expect("package verify app.zip --key own.pem", 0, "pass");
    for (gsize i = 0; i < n; i++) {
        g_autofree char *damage =
            g_strdup_printf("package damage app.zip --kind %s --key own.pem -o bad.zip", damages[i].name);

        expect(damage, 0, "");
        expect("package verify bad.zip --key own.pem", 1, "FAIL");
        expect("package damage --list", 0, damages[i].name);
    }
}

static void firmware_of_odd_size_is_told(void **state)
{
    (void)state;
    expect(
        "package make --application odd.bin --application-version 1 --sd-req 0xfffe --key own.pem -o odd.zip",
        0, "");
    expect("package verify odd.zip", 1, "no multiple of 4");
    expect("package verify odd.zip", 1, "0xfffe (any)");
}

/* An MBR before the program and a register behind the flash, as bootloaders' files have them. */
static void of_hex_only_the_program_is_taken(void **state)
{
    static const guint8 program[] = {1, 2, 3, 4, 5, 6};
    struct rig_bytes text;
    g_autofree char *all = NULL;
    struct result *result;

    (void)state;
    assert_true(rig_hex_write(program, sizeof program, 0x78000, &text));
    all = g_strdup_printf(":020000040000FA\n:0400000001020304F2\n:020000041000EA\n:0410140000800700"
                          "51\n%.*s",
                          (int)text.n_bytes, (const char *)text.bytes);
    rig_bytes_clear(&text);
    assert_true(g_file_set_contents("bl.hex", all, -1, NULL));
    expect("package make --bootloader bl.hex --bootloader-version 2 --sd-req 0x100 --key own.pem -o bl.zip",
           0, "");
    result = run("package info bl.zip");
    assert_non_null(strstr(result->out, "bootloader bytes   8")); /* the last word is filled */
    test_free(result);
    expect("package verify bl.zip --key own.pem", 0, "pass");
}

static void bad_usage_and_bad_input_are_said_and_give_2(void **state)
{
    static const struct {
        const char *line, *said;
    } cases[] = {
        {"package", "Usage"},
        {"package melt", "no command 'melt'"},
        {"package make -o x.zip", "name --application"},
        {"package make --application app.bin --application-version 1 --sd-req 0", "--output"},
        {"package make --application app.bin --sd-req 0 -o x.zip", "--application-version"},
        {"package make --application app.bin --application-version 1 -o x.zip", "--sd-req is missing"},
        {"package make --application app.bin --application-version 1.2.1000 --sd-req 0 -o x.zip",
         "below 1000"},
        {"package make --application absent.bin --application-version 1 --sd-req 0 -o x.zip", "absent.bin"},
        {"package make --application app.bin --application-version 1 --sd-req x -o x.zip", "no number"},
        {"package make --application app.bin --application-version 1 --sd-req "
         "1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17 "
         "-o x.zip",
         "at most 16"},
        {"package make --application app.bin --application-version 1 --sd-req 0 --key own.pub.pem -o x.zip",
         "public key"},
        {"package make --application app.bin --application-version 1 --sd-req 0 --key other.pem -o x.zip",
         "ecdsa-p256"},
        {"package make --application app.bin --application-version 1 --sd-req 0 --boot-validation ecdsa -o "
         "x.zip",
         "needs a key"},
        {"package make --application app.bin --application-version 1 --sd-req 0 --boot-validation md5 -o "
         "x.zip",
         "none of none, crc, sha256, ecdsa"},
        {"package make --application app.bin --application-version 1 --sd-req 0 --sd-id 3 -o x.zip",
         "--sd-id"},
        {"package make --application app.bin --application-version 1 --sd-req 0 --device-type 3 -o x.zip",
         "legacy"},
        {"package make --legacy 0.5 --application app.bin --sd-req 0 --hw-version 3 -o x.zip", "secure"},
        {"package make --legacy 0.5 --application app.bin --sd-req 0 --key own.pem -o x.zip",
         "0.8 is signed"},
        {"package make --legacy 0.9 --application app.bin --sd-req 0 -o x.zip", "none of 0.5"},
        {"package make --bootloader bl.bin --bootloader-version 1 --application app.bin "
         "--application-version 1 "
         "--sd-req 0 -o x.zip",
         "two packages"},
        {"package make app.bin -o x.zip", "'app.bin'"},
        {"package info", "PACKAGE"},
        {"package info absent.zip", "absent.zip"},
        {"package info app.bin", "no distribution package"},
        {"package verify app.bin", "no distribution package"},
        {"package verify app.bin --key absent.pem", "absent.pem"},
        {"package damage app.bin", "--kind"},
        {"package damage app.bin --kind wrong-hash -o x.zip", "no distribution package"},
    };

    (void)state;
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++)
        expect(cases[i].line, 2, cases[i].said);
    assert_false(g_file_test("x.zip", G_FILE_TEST_EXISTS));
    expect(MAKE_APP " -o app.zip", 0, "");
    expect("package damage app.zip --kind melt -o x.zip", 2, "'melt' is no damage");
    expect("package damage app.zip --kind flip-payload --part 2 -o x.zip", 2, "--part");
    expect("package damage app.zip --kind wrong-hash -o x.zip", 2, "the key is needed");
    assert_false(g_file_test("x.zip", G_FILE_TEST_EXISTS));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_package_is_made_verified_and_refused_by_a_stranger),
        cmocka_unit_test(info_tells_every_field),
        cmocka_unit_test(a_combined_package_is_two_updates),
        cmocka_unit_test(legacy_packages_of_each_version_verify),
        cmocka_unit_test(every_damage_is_seen),
        cmocka_unit_test(firmware_of_odd_size_is_told),
        cmocka_unit_test(of_hex_only_the_program_is_taken),
        cmocka_unit_test(bad_usage_and_bad_input_are_said_and_give_2),
    };

    return cmocka_run_group_tests(tests, enter_folder, leave_folder);
}
