/* SPDX-License-Identifier: GPL-3.0-or-later */
/* imgtool's options and ours, as a table for people that this test makes and holds: what is said to come out
 * the same was made once by imgtool (v2.4.0 and later, with the keys of fixtures/keys), and its digest stands
 * here. RIG_WRITE_RECORD=1 writes the table anew. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <glib.h>
#include <glib/gstdio.h>

#include "cli/cli.h"

#define TABLE RIG_SOURCE_DIR "/harness/cli/IMGTOOL.md"

/* Payload: 1000 bytes, byte i is i modulo 16. Version 1.2.3+4, header of 32 bytes, slot of 128 KiB. */
static const struct row {
    const char *imgtool, *ours;
    const char *arguments; /* of `bootrig image make` */
    size_t n_signature;    /* the last bytes are a signature that is another one each time */
    const char *digest;    /* SHA-256 of the file without that */
} rows[] = {
    /* clang-format off */
    {"(none)", "the same",
     "--key test:ed25519", 0,
     "481435bd0c6753ffbf663ff3f2731ccb5be4e77326834e5457c31263d187a02e"},
    {"`--sha 512`", "the same",
     "--key test:ed25519 --sha 512", 0,
     "74061238dc0c90a00a5985a48e6b5c37d017c2d8940986b018799d27f04b2e61"},
    {"`--pure`", "the same",
     "--key test:ed25519 --pure", 0,
     "3ae28aa59130f36063a9f5db16156ec721f5260126cdae912f445d043fbbeb69"},
    {"`--public-key-format full`", "the same",
     "--key test:ed25519 --public-key-format full", 0,
     "28600e964561886b07509eff03e419bd7bc26a987c35bbe92b45c8b38e4c20cc"},
    {"`-s 7`, `--security-counter`", "`--security-counter 7`",
     "--key test:ed25519 --security-counter 7", 0,
     "8c79a2ff78b08e054bf5b0f1e5b40f3ba151f0d9fd4292b28758c9cd8cace283"},
    {"`-s auto`", "`--security-counter auto`",
     "--key test:ed25519 --security-counter auto", 0,
     "d3f3c8f14a9047efc21037d725504545acde943a009101e40e3702f2fe14a538"},
    {"`-d '(1, 1.2.3+4), (2, 7.0.0)'`", "`-d` alike, or `-d 1:1.2.3+4 -d 2:7.0.0`",
     "--key test:ed25519 -d 1:1.2.3+4 -d 2:7.0.0", 0,
     "808cb3126154a8542dd06ad0f8f74d2c28e47b7bf4f32e48b74fc5bdc806dff1"},
    {"`--boot-record CoFM`", "the same",
     "--key test:ed25519 --boot-record CoFM", 0,
     "685a5103bd42be998ab65e24501c0eefdabf964952ff72bddb962382d6dc4f82"},
    {"`--vid example.com --cid thing`", "the same",
     "--key test:ed25519 --vid example.com --cid thing", 0,
     "f3f8928ff4117d37fe6b41e13db036387e6ca1534e52e42b5c6338ab4a36c91b"},
    {"`--custom-tlv 0xA0A0 0xc0ffee`", "`--custom-tlv 0xA0A0:c0ffee`",
     "--key test:ed25519 --custom-tlv 0xA0A0:c0ffee", 0,
     "e60868741fe5b45b23094e2a3621553d28329c4823ba0306d172b97b84e68de7"},
    {"`--custom-tlv 0xA0A0 hello`", "`--custom-tlv 0xA0A0:text:hello`",
     "--key test:ed25519 --custom-tlv 0xA0A0:text:hello", 0,
     "f353b7a1933d8ba76aea0f13059f438e2f0ad8aa61bebbe18940fa4aa7da2384"},
    {"`-L 0x20001000`, `--load-addr`", "`-L`, `--load-addr`, `--load-address`",
     "--key test:ed25519 -L 0x20001000", 0,
     "b11d4f0dcdb590a66686558e49bff1f0fe528cf0740de3df377a4e6d7e231ae9"},
    {"`-F 0x8000200`, `--rom-fixed`", "the same",
     "--key test:ed25519 -F 0x8000200", 0,
     "23192a6d9ccb35530b412c82beb3830baa833fa6925da7191bb817deef58a498"},
    {"`--non-bootable`", "the same",
     "--key test:ed25519 --non-bootable", 0,
     "f366eba0bc20a777ffc9228a2ab2f40c111a13acaeb724b8b4126416f64a3b04"},
    {"`-H 0x200`, `--header-size`", "the same",
     "--key test:ed25519 -H 0x200", 0,
     "eca3092dd4a5ef9d0326a59bc4ed49c0db84ceacc4776d1a45e055296907e199"},
    {"`--compression lzma2`", "the same",
     "--key test:ed25519 --compression lzma2", 0,
     "fad159b9fad29bd49ebac6eb321ac9d3c105b1f62e9901b3b4fb75f0c763fb6c"},
    {"`--compression lzma2armthumb`", "the same",
     "--key test:ed25519 --compression lzma2armthumb", 0,
     "f0166bb988e5010ae97618314f45dd7ef9a111a4e5482355137e39592702275b"},
    {"`--pad`", "`--pad`",
     "--key test:ed25519 --pad -S 0x20000 --align 1", 0,
     "a43310cd5c97098addca785dbd93ac6006487e7a335b485f2e2afbcaf7da4a90"},
    {"`--test --align 4`", "the same",
     "--key test:ed25519 --test --align 4 -S 0x20000", 0,
     "a43310cd5c97098addca785dbd93ac6006487e7a335b485f2e2afbcaf7da4a90"},
    {"`--confirm --align 16`", "the same",
     "--key test:ed25519 --confirm --align 16 -S 0x20000", 0,
     "bfb5d2e58dfd3c01222e69e06ac07f8386c3683229809e1f6b0de908f49aa1b5"},
    {"`--confirm --max-align 32`", "the same",
     "--key test:ed25519 --confirm --max-align 32 --align 1 -S 0x20000", 0,
     "bcea908313dcb29a6670fca740ce5eb0a7ff1648bc9ae4168bcd44acac9816fa"},
    {"`--pad --overwrite-only`", "the same",
     "--key test:ed25519 --pad --overwrite-only -S 0x20000", 0,
     "a43310cd5c97098addca785dbd93ac6006487e7a335b485f2e2afbcaf7da4a90"},
    {"`--pad -R 0`, `--erased-val`", "`--erased-value 0`",
     "--key test:ed25519 --pad --erased-value 0 -S 0x20000 --align 1", 0,
     "8e9f99d9c71b0c0825683976bdb525e8705f0a36c2eec95ca9ba98c786ac5cd4"},
    {"`-k` with an RSA-2048 key", "the same",
     "--key test:rsa-2048", 256,
     "7a3327695daac21a7ac213bd09886968d4809b8e583b9cc6796f1a85917d52fc"},
    {"`-k` with an RSA-3072 key", "the same",
     "--key test:rsa-3072", 384,
     "a81fe4ddf3982885972d032dcc40d24bbcf97c8b0eca8edfbb9a8181f8fb5043"},
    {"`-k` with a P-256 key, `--pad-sig`", "the same",
     "--key test:ecdsa-p256 --pad-sig", 72,
     "f92204526c88479183ada16f02fa501cea9d3eb77e04d214fe1259fd84d143d8"},
    /* clang-format on */
};

/* Made with our options; what imgtool's own primitives make of it was looked at by hand. */
static const struct {
    const char *imgtool, *ours, *encryption_key, *arguments;
} encrypted[] = {
    {"`-E` with an RSA-2048 key", "the same", "test:rsa-2048", "--encrypt test:rsa-2048"},
    {"`-E` with a P-256 key", "the same", "test:ecies-p256", "--encrypt test:ecies-p256"},
    {"`-E` with an X25519 key", "the same", "test:ecies-x25519", "--encrypt test:ecies-x25519"},
    {"`-E`, `--encrypt-keylen 256`", "the same", "test:ecies-p256",
     "--encrypt test:ecies-p256 --encrypt-keylen 256"},
    {"`-E`, `--hmac-sha 512`", "the same", "test:ecies-x25519", "--encrypt test:ecies-x25519 --hmac-sha 512"},
    {"`-E`, `--clear`", "the same", "test:ecies-p256", "--encrypt test:ecies-p256 --clear"},
    {"`-E`, `--save-enctlv`", "the same", "test:ecies-p256",
     "--encrypt test:ecies-p256 --save-enctlv -S 0x20000"},
    {"`-E`, `--compression lzma2`", "the same", "test:ecies-p256",
     "--encrypt test:ecies-p256 --compression lzma2"},
    {"(not there: AES-KW)", "`-E` with 16 or 32 bytes in Base64", "test:aes-kw", "--encrypt test:aes-kw"},
};

static const char head[] = "# imgtool's options\n"
                           "\n"
                           "What `imgtool sign` of MCUboot takes, and what says the same to `bootrig image "
                           "make`. `imgtool_table_test` makes\n"
                           "this page, and each image of it, at every build.\n"
                           "\n"
                           "| imgtool | bootrig image make | what comes out |\n"
                           "|---|---|---|\n";

static const char tail[] =
    "| `-k` with a P-384 key | the same | verifies both ways; a signature is another one each time |\n"
    "| `--custom-tlv-file 0xA0A0 FILE` | `--custom-tlv 0xA0A0:file:FILE` | the same bytes |\n"
    "| `-x`, `--hex-addr` | the same | the same bytes at the same addresses; of a padded image ours writes "
    "the gap, too |\n"
    "| `-M`, `--max-sectors`; `-S`, `--slot-size` | the same | an image that leaves no room for the trailer "
    "is refused |\n"
    "| `--pad-header` | the same, and the default; else `--header-reserved` | the same bytes |\n"
    "| `-e big`, `--endian big` | refused | images of big-endian chips are told as such, and not made |\n"
    "| `--vector-to-sign`, `--fix-sig`, `--fix-sig-pubkey`, `--sig-out` | not there | nothing is signed "
    "outside |\n"
    "| (keys with a password) | not there | such a key is refused with that reason |\n"
    "\n"
    "`-s`, `-v` and `-d` of imgtool are `--security-counter`, `-v` and `-d` here; `-s` chooses a test key. "
    "Encryption and\n"
    "signature may be of different kinds of key, which imgtool allows with Ed25519 alone. `imgtool verify` "
    "is\n"
    "`bootrig image verify`, `imgtool dumpinfo` is `bootrig image info`; `keygen`, `getpub` and `getpubhash` "
    "are\n"
    "`bootrig image key make`, `public`, `code` and `show`.\n";

static int image(const char *format, ...) G_GNUC_PRINTF(1, 2);

static int image(const char *format, ...)
{
    g_autofree char *line = NULL;
    g_auto(GStrv) argv = NULL;
    va_list arguments;
    int argc = 0;

    va_start(arguments, format);
    line = g_strdup_vprintf(format, arguments);
    va_end(arguments);
    assert_true(g_shell_parse_argv(line, &argc, &argv, NULL));
    return rig_cli_image(argc, argv);
}

static void write_payload(void)
{
    char payload[1000];

    for (unsigned i = 0; i < sizeof payload; i++)
        payload[i] = (char)(i % 16);
    assert_true(g_file_set_contents("payload.bin", payload, sizeof payload, NULL));
}

static void check_row(const struct row *row)
{
    g_autofree char *bytes = NULL, *digest = NULL;
    gsize n_bytes;

    assert_int_equal(image("image make payload.bin -o made.bin --version 1.2.3+4 %s", row->arguments), 0);
    assert_true(g_file_get_contents("made.bin", &bytes, &n_bytes, NULL));
    assert_true(n_bytes > row->n_signature);
    digest =
        g_compute_checksum_for_data(G_CHECKSUM_SHA256, (const guchar *)bytes, n_bytes - row->n_signature);
    if (!g_str_equal(digest, row->digest))
        fail_msg("%s: %s", row->arguments, digest);
}

static void the_table_is_true_and_the_page_holds_it(void **state)
{
    g_autoptr(GString) page = g_string_new(head);
    g_autofree char *held = NULL;

    (void)state;
    write_payload();
    for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
        check_row(&rows[i]);
        g_string_append_printf(page, "| %s | %s | %s |\n", rows[i].imgtool, rows[i].ours,
                               rows[i].n_signature ? "the same bytes but for the signature"
                                                   : "the same bytes");
    }
    for (gsize i = 0; i < G_N_ELEMENTS(encrypted); i++) {
        assert_int_equal(
            image("image make payload.bin -o made.bin --sign ed25519 %s", encrypted[i].arguments), 0);
        assert_int_equal(image("image verify -q made.bin --key test:ed25519 --encryption-key %s",
                               encrypted[i].encryption_key),
                         0);
        g_string_append_printf(
            page, "| %s | %s | opens with the private key, both ways; the image's key is random |\n",
            encrypted[i].imgtool, encrypted[i].ours);
    }
    g_string_append(page, tail);
    if (g_getenv("RIG_WRITE_RECORD"))
        assert_true(g_file_set_contents(TABLE, page->str, -1, NULL));
    assert_true(g_file_get_contents(TABLE, &held, NULL, NULL));
    assert_string_equal(held, page->str);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(the_table_is_true_and_the_page_holds_it)};
    g_autofree char *folder = g_dir_make_tmp("imgtool-table-XXXXXX", NULL);
    int n_failed;

    if (!folder || g_chdir(folder) != 0)
        return 1;
    n_failed = cmocka_run_group_tests(tests, NULL, NULL);
    g_unlink("payload.bin");
    g_unlink("made.bin");
    g_chdir("/");
    g_rmdir(folder);
    return n_failed;
}
