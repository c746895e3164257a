/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The image commands as a process: arguments in, files, text and exit codes out. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <fcntl.h>
#include <glib.h>
#include <glib/gstdio.h>
#include <json-glib/json-glib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/file.h"
#include "cli/cli.h"
#include "image/key.h"
#include "image/mcuboot.h"

#define OUTPUT_MAX_BYTES 65536

/* What one call of the command did. */
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

/* In a child, because --help ends the process and limits shall not stay. file_limit 0: none. */
static void run_limited(struct result *result, const char *line, rlim_t file_limit)
{
    g_auto(GStrv) argv = NULL;
    int argc, status;
    pid_t child;

    assert_true(g_shell_parse_argv(line, &argc, &argv, NULL));
    fflush(NULL);
    child = fork();
    if (child == 0) {
        struct rlimit limit = {file_limit, file_limit};

        redirect(STDOUT_FILENO, "out.txt");
        redirect(STDERR_FILENO, "err.txt");
        signal(SIGXFSZ, SIG_IGN);
        if (file_limit)
            setrlimit(RLIMIT_FSIZE, &limit);
        exit(rig_cli_image(argc, argv));
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    result->code = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
    slurp("out.txt", result->out);
    slurp("err.txt", result->err);
}

static struct result *run(const char *line)
{
    struct result *result = test_malloc(sizeof *result);

    run_limited(result, line, 0);
    return result;
}

/* Runs it and expects this exit code and this text somewhere in what it said. */
static void expect(const char *line, int code, const char *said)
{
    struct result *result = run(line);

    if (result->code != code || (!strstr(result->out, said) && !strstr(result->err, said)))
        fail_msg("%s\ncode %d, wanted %d and '%s'\nout: %s\nerr: %s", line, result->code, code, said,
                 result->out, result->err);
    test_free(result);
}

static void expect_formatted(int code, const char *said, const char *format, ...) G_GNUC_PRINTF(3, 4);

static void expect_formatted(int code, const char *said, const char *format, ...)
{
    g_autofree char *line = NULL;
    va_list arguments;

    va_start(arguments, format);
    line = g_strdup_vprintf(format, arguments);
    va_end(arguments);
    expect(line, code, said);
}

static int enter_folder(void **state)
{
    char *folder = g_dir_make_tmp("bootrig-image-XXXXXX", NULL);
    uint8_t payload[1000];

    if (!folder || g_chdir(folder) != 0)
        return -1;
    *state = folder;
    for (size_t i = 0; i < sizeof payload; i++)
        payload[i] = (uint8_t)i;
    return g_file_set_contents("payload.bin", (const char *)payload, sizeof payload, NULL) ? 0 : -1;
}

static int leave_folder(void **state)
{
    g_autofree char *folder = *state;

    if (g_chdir("/") != 0)
        return -1;
    rig_tree_remove(folder);
    return 0;
}

static size_t size_of(const char *path)
{
    GStatBuf status;

    return g_stat(path, &status) == 0 ? (size_t)status.st_size : 0;
}

static void assert_same_files(const char *a, const char *b)
{
    g_autofree char *left = NULL, *right = NULL;
    gsize n_left, n_right;

    assert_true(g_file_get_contents(a, &left, &n_left, NULL));
    assert_true(g_file_get_contents(b, &right, &n_right, NULL));
    assert_int_equal(n_left, n_right);
    assert_memory_equal(left, right, n_left);
}

static void each_kind_is_made_verified_and_refused_by_a_stranger(void **state)
{
    static const char *const kinds[] = {"ecdsa-p256", "rsa-2048", "rsa-3072", "ed25519"};

    (void)state;
    for (size_t i = 0; i < G_N_ELEMENTS(kinds); i++) {
        expect_formatted(0, "", "image make payload.bin -o image.bin --version 1.2.3+4 --sign %s", kinds[i]);
        expect_formatted(0, "the signature matches", "image verify image.bin --key test:%s", kinds[i]);
        expect_formatted(1, "no signature by a known key", "image verify image.bin --key test:%s:1",
                         kinds[i]);
        expect_formatted(0, "", "image key make %s -o own.pem", kinds[i]);
        expect("image key public own.pem -o own.pub.pem", 0, "");
        expect("image make payload.bin -o image.bin --key own.pem", 0, "");
        expect("image verify image.bin -k own.pub.pem", 0, "pass");
        expect("image make payload.bin -o x.bin --key own.pub.pem", 2, "public key");
    }
}

static void an_unsigned_image_says_what_it_is(void **state)
{
    (void)state;
    expect("image make payload.bin -o image.bin --version 1.2.3+4", 0, "");
    assert_int_equal(size_of("image.bin"), 1072);
    expect("image verify image.bin", 0, "no signature was checked");
    expect("image verify image.bin --key test:ed25519", 1, "it is unsigned");
    expect("image info image.bin", 0, "059fadcd658d31e3477e820eb378dca601e96b7e448ec0db89eb7595d42b90ff");
    expect("image info image.bin", 0, "1.2.3+4");
    expect("image verify image.bin --max-size 1071", 1, "too large");
    expect("image verify image.bin --max-size 1072", 0, "pass");
}

static void what_cannot_be_judged_is_not_called_bad(void **state)
{
    const char *images = RIG_SOURCE_DIR "/fixtures/images", *keys = RIG_SOURCE_DIR "/fixtures/keys";

    (void)state;
    expect_formatted(4, "not judged: the payload is encrypted", "image verify %s/imgtool-encrypted.bin",
                     images);
    expect_formatted(4, "the signature matches (ecdsa-p256) over the stored hash",
                     "image verify %s/imgtool-encrypted.bin --key test:ecdsa-p256", images);
    expect_formatted(1, "no signature by a known key",
                     "image verify %s/imgtool-encrypted.bin --key test:ecdsa-p256:1", images);
    expect_formatted(0, "the signature matches (ecdsa-p384)",
                     "image verify %s/imgtool-p384.bin --key %s/checked-p384.pem", images, keys);
    expect_formatted(1, "the image carries the key 3059",
                     "image verify %s/imgtool-hwkey.bin --key test:ecdsa-p256:1", images);
    expect_formatted(0, "SHA-384", "image info %s/imgtool-p384.bin", images);
    expect_formatted(0, "they match", "image info %s/imgtool-p384.bin", images);
    expect_formatted(0, "signature          ecdsa-p384, 102 bytes", "image info %s/imgtool-p384.bin", images);
    expect_formatted(0, "pure: over the image itself", "image info %s/imgtool-pure.bin", images);
    expect_formatted(0, "public key         3059", "image info %s/imgtool-hwkey.bin", images);
    expect_formatted(0, "", "image make --size 1KiB -o p384.bin --key %s/checked-p384.pem", keys);
    expect_formatted(0, "the signature matches (ecdsa-p384)",
                     "image verify p384.bin --key %s/checked-p384.pem", keys);
    expect_formatted(2, "do not belong together", "image key show %s/inconsistent-rsa-3072.pem", keys);
}

static void encrypted_images_open_with_their_key_alone(void **state)
{
    static const struct {
        const char *key, *more;
    } kinds[] = {
        {"rsa-2048", ""},
        {"aes-kw", ""},
        {"aes-kw-256", "--encrypt-keylen 256"},
        {"ecies-p256", "--encrypt-keylen 256"},
        {"ecies-x25519", "--hmac-sha 512"},
    };

    (void)state;
    for (gsize i = 0; i < G_N_ELEMENTS(kinds); i++) {
        expect_formatted(
            0, "",
            "image make --size 1001 -o e.bin --sign ed25519-pure --encrypt test:%s --encrypt-seed 5 %s",
            kinds[i].key, kinds[i].more);
        expect_formatted(0, "the hash matches (SHA-512), of the decrypted payload, the signature matches",
                         "image verify e.bin --key test:ed25519 --encryption-key test:%s", kinds[i].key);
        expect_formatted(1, "was not made for this encryption key",
                         "image verify e.bin --key test:ed25519 --encryption-key test:%s:1", kinds[i].key);
        expect("image verify e.bin --key test:ed25519", 4, "not judged: the payload is encrypted");
        expect_formatted(0, "", "image damage e.bin -o d.bin --kind short-encrypted-key");
        expect_formatted(1, "the encrypted key (ENC_", "image verify d.bin --encryption-key test:%s",
                         kinds[i].key);
    }
    expect("image verify e.bin --encryption-key test:rsa-2048", 1,
           "wrapped in another way (ecies-x25519-sha512, AES-128) than the encryption key is for (rsa-2048)");
    expect("image make --size 64 -o c.bin --encrypt test:ecies-p256 --clear", 0, "");
    expect("image verify c.bin --encryption-key test:ecies-p256", 0, "the payload is not encrypted");
    expect("image verify c.bin", 4, "whether the encrypted key is the board's was not checked");
    expect("image info c.bin", 0, "they match: the payload is not encrypted");
    expect("image make --size 64 -o n.bin --encrypt test:aes-kw --encrypt-keylen 256", 2,
           "must have the size");
    expect("image make --size 64 -o n.bin --encrypt test:ecies-p256 --hmac-sha 512", 2, "for X25519 keys");
    expect("image make --size 64 -o n.bin --clear", 2, "need --encrypt");
    expect("image make --size 64 -o n.bin --encrypt test:dsa", 2, "the kinds are rsa-2048");
    expect("image make --size 64 -o n.bin --encrypt payload.bin", 2, "payload.bin: ");
    expect_formatted(2, "", "image make --size 64 -o n.bin --encrypt %s/rsa-3072-0.pem",
                     RIG_SOURCE_DIR "/fixtures/keys");
    expect_formatted(2, "", "image make --size 64 -o n.bin --encrypt %s/ed25519-0.pem",
                     RIG_SOURCE_DIR "/fixtures/keys");
}

/* Without its end record. */
static void append_hex_file(GString *into, const char *path)
{
    g_autofree char *text = NULL;

    assert_true(g_file_get_contents(path, &text, NULL, NULL));
    *strstr(text, ":00000001FF") = '\0';
    g_string_append(into, text);
}

static void a_merged_file_tells_its_parts_and_shows_its_images(void **state)
{
    g_autoptr(GString) merged = g_string_new(":020000040000FA\n:080000000004002009010000CA\n");

    (void)state;
    expect("image make --size 1000 -o one.hex --hex-addr 0xC000 --version 1.0.0 --sign ed25519", 0, "");
    expect("image make --size 2000 -o two.hex --hex-addr 0x1C000 --version 2.0.0 --sign ecdsa-p256", 0, "");
    append_hex_file(merged, "one.hex");
    append_hex_file(merged, "two.hex");
    /* A confirmed slot's end, as imgtool writes it, and a register far away. */
    g_string_append(merged,
                    ":020000040002F8\n:10BFE80001FFFFFFFFFFFFFF77C295F360D2EF7FEE\n"
                    ":08BFF8003552500F2CB6798080\n:020000041000EA\n:041014000000F40FD5\n:00000001FF\n");
    assert_true(g_file_set_contents("merged.hex", merged->str, -1, NULL));
    expect("image info merged.hex", 0,
           "0x00000000..0x00000007         8 bytes (0x8)  no image: the start of");
    expect("image info merged.hex", 0, "0x0000c000..0x0000c497      1176 bytes (0x498)  an image");
    expect("image info merged.hex", 0,
           "0x0002bfe8..0x0002bfff        24 bytes (0x18)  the end of a slot: trailer magic, confirmed");
    expect("image info merged.hex", 0,
           "0x10001014..0x10001017         4 bytes (0x4)  no image: registers (UICR of nRF5)");
    expect("image info merged.hex", 0, "base address       0x0001c000\nversion            2.0.0");
    expect("image info --json merged.hex", 0, "\"what\" : \"an image\"");
}

static void images_of_big_endian_chips_are_told_as_such(void **state)
{
    static const char magic[] = {(char)0x96, (char)0xf3, (char)0xb8, 0x3d, 0, 0, 0, 0, 0, 32};
    char image[64] = "";

    (void)state;
    memcpy(image, magic, sizeof magic);
    assert_true(g_file_set_contents("big.bin", image, sizeof image, NULL));
    expect("image info big.bin", 2, "for a big-endian chip");
    expect("image verify big.bin", 1, "for a big-endian chip");
    expect("image make --size 64 -o n.bin --endian big", 2, "only little");
}

static void room_for_the_header_is_not_a_program(void **state)
{
    static const char program[256] = {[40] = 1};

    (void)state;
    assert_true(g_file_set_contents("program.bin", program, sizeof program, NULL));
    expect("image make program.bin -o n.bin --header-reserved --header-size 64", 2,
           "would overwrite the program");
    expect("image make program.bin -o n.bin --header-reserved --header-size 32", 0, "");
    expect("image make program.bin -o n.bin --header-size 64", 0, "");
}

static void info_as_json_has_every_fact(void **state)
{
    struct result *result;
    g_autoptr(JsonParser) parser = json_parser_new();
    JsonObject *root, *hash, *key;

    (void)state;
    expect("image make payload.bin -o i.bin --version 1.2.3 --security-counter auto --dependency 1:1.0.0 "
           "--custom-tlv 0xA0A0:c0ffee --sign ecdsa-p256 --slot-size 64KiB --confirm",
           0, "");
    result = run("image info --json i.bin");
    assert_int_equal(result->code, 0);
    assert_true(json_parser_load_from_data(parser, result->out, -1, NULL));
    root = json_node_get_object(json_parser_get_root(parser));
    assert_string_equal(json_object_get_string_member(root, "version"), "1.2.3");
    assert_int_equal(json_object_get_int_member(root, "security_counter"), 0x01020003);
    assert_int_equal(json_object_get_int_member(root, "file_bytes"), 65536);
    assert_int_equal(json_array_get_length(json_object_get_array_member(root, "tlvs")), 6);
    assert_int_equal(json_array_get_length(json_object_get_array_member(root, "dependencies")), 1);
    hash = json_object_get_object_member(root, "hash");
    assert_true(json_object_get_boolean_member(hash, "matches"));
    key = json_array_get_object_element(json_object_get_array_member(root, "keys"), 0);
    assert_string_equal(json_object_get_string_member(key, "test_key"), "ecdsa-p256 test key 0");
    assert_string_equal(
        json_object_get_string_member(json_object_get_object_member(root, "trailer"), "image_ok"), "set");
    test_free(result);
}

static void hex_in_and_out_hold_the_same_image(void **state)
{
    (void)state;
    expect("image make payload.bin -o a.bin --sign ed25519", 0, "");
    expect("image make payload.bin -o a.hex --sign ed25519", 0, "");
    expect("image verify a.hex --key test:ed25519", 0, "pass");
    expect("image damage a.hex --kind truncate --at 1000000 -o x.bin", 2, "no such place");
    expect("image damage a.hex --kind flip-payload --format bin -o b.bin", 0, "");
    expect("image damage b.bin --kind flip-payload -o c.bin", 0, "");
    assert_same_files("a.bin", "c.bin");
    expect("image make a.hex -o b.hex --sign ed25519", 2, "no room for a header");
    assert_true(g_file_set_contents("bad.hex", ":0100000022DD\n:0100000122DD\n", -1, NULL));
    expect("image info bad.hex", 2, "bad.hex:2: the checksum is wrong");
}

static void a_reserved_header_is_overwritten_and_its_filler_kept(void **state)
{
    g_autofree char *padded = g_malloc0(512 + 1000), *image = NULL, *payload = NULL;
    gsize n_bytes;

    (void)state;
    assert_true(g_file_get_contents("payload.bin", &payload, NULL, NULL));
    memcpy(padded + 512, payload, 1000);
    assert_true(g_file_set_contents("reserved.bin", padded, 1512, NULL));
    expect("image make reserved.bin -o r.bin --header-size 0x200 --header-reserved", 0, "");
    expect("image verify r.bin", 0, "pass");
    assert_true(g_file_get_contents("r.bin", &image, &n_bytes, NULL));
    assert_int_equal(n_bytes, 512 + 1000 + 40);
    assert_memory_equal(image + 32, padded + 32, 512 - 32 + 1000);
    expect("image make payload.bin -o r.bin --header-size 0x400 --header-reserved", 2, "only 1000 of 1024");
    expect("image make payload.bin -o r.bin --header-size 512 --pad-header", 0, "");
    assert_int_equal(size_of("r.bin"), 512 + 1000 + 40);
}

static void every_damage_of_the_list_is_made_and_found(void **state)
{
    struct result *result = run("image damage --list");
    g_auto(GStrv) lines = g_strsplit(result->out, "\n", 0);
    unsigned n_made = 0;

    (void)state;
    expect(
        "image make payload.bin -o good.bin --security-counter 1 --sign rsa-2048 --encrypt test:ecies-p256",
        0, "");
    for (char **line = lines; **line; line++, n_made++) {
        *strchr(*line, ' ') = '\0';
        expect_formatted(0, "", "image damage good.bin --kind %s -o bad.bin", *line);
        /* A signature that names no key is what MCUBOOT_BYPASS_KEY_MATCH builds take. */
        expect_formatted(g_str_equal(*line, "no-key") ? 4 : 1,
                         g_str_equal(*line, "no-key") ? "names no key" : "FAIL",
                         "image verify bad.bin --key test:rsa-2048 --encryption-key test:ecies-p256");
    }
    assert_int_equal(n_made, 21);
    expect("image verify good.bin --key test:rsa-2048 --encryption-key test:ecies-p256", 0, "pass");
    expect("image damage good.bin --kind melt -o bad.bin", 2, "no damage 'melt'");
    expect("image damage payload.bin --kind truncate -o bad.bin", 2, "magic");
    test_free(result);
}

static void padding_and_its_limits_are_told(void **state)
{
    (void)state;
    expect("image make payload.bin -o p.bin --slot-size 128KiB --pad", 0, "");
    assert_int_equal(size_of("p.bin"), 131072);
    expect("image info p.bin", 0, "trailer magic      good");
    expect("image info p.bin", 0, "image_ok           unset");
    expect("image make payload.bin -o p.bin --pad", 2, "need --slot-size");
    expect("image make --size 128KiB -o p.bin --slot-size 128KiB", 2, "before its trailer");
    expect("image make --size 127952 -o p.bin --slot-size 128KiB", 2, "before its trailer");
    expect("image make --size 127880 -o p.bin --slot-size 128KiB", 0, "");
    expect("image make --size 200 -o p.bin --slot-size 3000", 2, "cannot hold a trailer");
    expect("image make --size 200 -o p.bin --slot-size 3000 --max-sectors 2 --pad --align 8", 0, "");
}

static void batches_and_many_inputs_make_what_single_calls_make(void **state)
{
    (void)state;
    assert_true(g_file_set_contents("second.bin", "hello", 5, NULL));
    expect("image make payload.bin -o one.bin --version 1.0.0 --sign ecdsa-p256", 0, "");
    expect("image make second.bin -o two.bin --version 2.0.0 --sign ecdsa-p256", 0, "");
    assert_true(g_file_set_contents("list.txt",
                                    "# two images\n\npayload.bin -o b1.bin --version 1.0.0\n"
                                    "second.bin -o 'b2.bin' --version 2.0.0\n",
                                    -1, NULL));
    expect("image make --batch list.txt --sign ecdsa-p256", 0, "");
    assert_same_files("one.bin", "b1.bin");
    assert_same_files("two.bin", "b2.bin");
    expect("image make payload.bin second.bin --output-dir made --version 1.0.0 --sign ecdsa-p256", 0, "");
    assert_same_files("one.bin", "made/payload.signed.bin");
    assert_true(size_of("made/second.signed.bin") > 0);
    expect("image make payload.bin ./payload.bin --output-dir made", 2, "same file");
    assert_true(g_file_set_contents("list.txt", "payload.bin -o b1.bin\npayload.bin -o b2.bin --version x\n",
                                    -1, NULL));
    expect("image make --batch list.txt", 2, "list.txt:2: --version");
}

static void synthetic_payloads_follow_their_seed(void **state)
{
    (void)state;
    expect("image make --size 4096 --payload-seed 7 -o a.bin", 0, "");
    expect("image make --size 4KiB --payload-seed 7 -o b.bin", 0, "");
    assert_same_files("a.bin", "b.bin");
    expect("image make --size 4096 --payload-seed 8 -o c.bin", 0, "");
    expect("image make --size 4096 payload.bin -o c.bin", 2, "no INPUT");
    expect("image make --payload-seed 8 payload.bin -o c.bin", 2, "needs --size");
}

/* The built-in key 0, whose point is in its DER the other way round. */
static void a_key_as_code_has_each_coordinate_turned_round(void **state)
{
    struct rig_key *key = rig_key_test(RIG_KEY_ECDSA_P256, 0, NULL);
    size_t n_bytes;
    const uint8_t *der = rig_key_public_der(key, &n_bytes);
    g_autofree char *x =
        g_strdup_printf("pk[64] = {\n    0x%02x, 0x%02x,", der[n_bytes - 33], der[n_bytes - 34]);
    g_autofree char *y = g_strdup_printf("\n    0x%02x, 0x%02x,", der[n_bytes - 1], der[n_bytes - 2]);
    g_autofree char *end = g_strdup_printf("0x%02x, 0x%02x,\n};", der[n_bytes - 31], der[n_bytes - 32]);

    (void)state;
    expect("image key code test:ecdsa-p256", 0, x);
    expect("image key code test:ecdsa-p256", 0, y);
    expect("image key code test:ecdsa-p256", 0, end);
    expect("image key code test:ecdsa-p256 -o pk.c", 0, "");
    assert_true(size_of("pk.c") > 400);
    expect("image key code test:ed25519", 2, "takes ecdsa-p256 keys");
    rig_key_free(key);
}

static void bad_usage_and_bad_input_are_said_and_give_2(void **state)
{
    static const struct {
        const char *line, *said;
    } cases[] = {
        {"image", "Usage"},
        {"image melt", "no command 'melt'"},
        {"image make", "INPUT"},
        {"image make payload.bin", "--output"},
        {"image make absent.bin -o x.bin", "absent.bin"},
        {"image make . -o x.bin", "folder"},
        {"image make payload.bin -o .", "folder"},
        {"image make payload.bin -o nowhere/x.bin", "No such file"},
        {"image make payload.bin -o x.bin --version 1", "no version"},
        {"image make payload.bin -o x.bin --frob", "frob"},
        {"image make payload.bin -o x.bin --sign dsa", "there is no test key"},
        {"image make payload.bin -o x.bin --sign none --key a.pem", "exclude"},
        {"image make payload.bin -o x.bin --key payload.bin", "not a PEM key"},
        {"image make payload.bin -o x.bin --key absent.pem", "absent.pem"},
        {"image make payload.bin -o x.bin --header-size 31", "at least 32"},
        {"image make payload.bin -o x.bin --header-size -1", "no number"},
        {"image make payload.bin -o x.bin --dependency 1", "INDEX:VERSION"},
        {"image make payload.bin -o x.bin --dependency 256:1.0.0", "INDEX:VERSION"},
        {"image make payload.bin -o x.bin --custom-tlv 0xA0A0:abc", "is not hexadecimal"},
        {"image make payload.bin -o x.bin --custom-tlv 0xffff:ab", "TYPE:HEX"},
        {"image make payload.bin -o x.bin --security-counter 4294967296", "no number"},
        {"image make payload.bin -o x.bin --erased-value 7", "0xff or 0"},
        {"image make payload.bin -o x.bin --align 12", "8, 16 or 32"},
        {"image make payload.bin -o x.bin --format elf", "neither bin nor hex"},
        {"image make payload.bin payload.bin -o x.bin", "--output-dir"},
        {"image info", "INPUT"},
        {"image info payload.bin", "magic"},
        {"image verify absent.bin", "absent.bin"},
        {"image verify payload.bin --key absent.pem", "absent.pem"},
        {"image damage payload.bin", "--kind"},
        {"image key", "make KIND"},
        {"image key make ed25519", "--output"},
        {"image key make dsa -o x.pem", "dsa"},
        {"image key show payload.bin", "not a PEM key"},
        {"image key show test:rsa-2048:2", "0 and 1"},
    };

    (void)state;
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++)
        expect(cases[i].line, 2, cases[i].said);
    assert_int_equal(size_of("x.bin"), 0);
    expect("image verify payload.bin", 1, "magic");
}

/* A file size limit fails a write just as a full disk does, and needs no disk to be full. */
static void a_failed_write_leaves_the_old_file_and_no_remains(void **state)
{
    struct result *result = test_malloc(sizeof *result);
    g_autoptr(GDir) folder = NULL;

    (void)state;
    assert_true(g_file_set_contents("kept.bin", "old", 3, NULL));
    run_limited(result, "image make --size 100KiB -o kept.bin", 4096);
    assert_int_equal(result->code, 2);
    assert_non_null(strstr(result->err, "cannot write kept.bin: File too large"));
    assert_int_equal(size_of("kept.bin"), 3);
    folder = g_dir_open(".", 0, NULL);
    for (const char *name; (name = g_dir_read_name(folder));)
        assert_null(strstr(name, ".part."));
    expect("image make --size 100KiB -o /dev/full", 2, "No space left on device");
    test_free(result);
}

static void private_keys_are_for_their_owner_only(void **state)
{
    GStatBuf status;

    (void)state;
    expect("image key make ed25519 -o secret.pem", 0, "");
    assert_int_equal(g_stat("secret.pem", &status), 0);
    assert_int_equal(status.st_mode & 0777, 0600);
    expect("image key show secret.pem", 0, "private");
    expect("image key show test:ecdsa-p256", 0, "ecdsa-p256 test key 0");
    expect("image key public secret.pem", 0, "BEGIN PUBLIC KEY");
}

static void every_command_has_help_with_examples(void **state)
{
    static const char *const names[] = {"make", "info", "verify", "damage", "key"};

    (void)state;
    expect("image --help", 0, "Exit codes");
    for (size_t i = 0; i < G_N_ELEMENTS(names); i++) {
        expect_formatted(0, "Examples:", "image %s --help", names[i]);
        expect_formatted(0, names[i], "image --help");
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_kind_is_made_verified_and_refused_by_a_stranger),
        cmocka_unit_test(an_unsigned_image_says_what_it_is),
        cmocka_unit_test(what_cannot_be_judged_is_not_called_bad),
        cmocka_unit_test(encrypted_images_open_with_their_key_alone),
        cmocka_unit_test(a_merged_file_tells_its_parts_and_shows_its_images),
        cmocka_unit_test(images_of_big_endian_chips_are_told_as_such),
        cmocka_unit_test(room_for_the_header_is_not_a_program),
        cmocka_unit_test(info_as_json_has_every_fact),
        cmocka_unit_test(hex_in_and_out_hold_the_same_image),
        cmocka_unit_test(a_reserved_header_is_overwritten_and_its_filler_kept),
        cmocka_unit_test(every_damage_of_the_list_is_made_and_found),
        cmocka_unit_test(padding_and_its_limits_are_told),
        cmocka_unit_test(batches_and_many_inputs_make_what_single_calls_make),
        cmocka_unit_test(synthetic_payloads_follow_their_seed),
        cmocka_unit_test(a_key_as_code_has_each_coordinate_turned_round),
        cmocka_unit_test(bad_usage_and_bad_input_are_said_and_give_2),
        cmocka_unit_test(a_failed_write_leaves_the_old_file_and_no_remains),
        cmocka_unit_test(private_keys_are_for_their_owner_only),
        cmocka_unit_test(every_command_has_help_with_examples),
    };

    return cmocka_run_group_tests(tests, enter_folder, leave_folder);
}
