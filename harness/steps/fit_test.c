/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the walk over a case's steps knows of options, images and slots, on a target of which everything is
 * said. */
#include "steps/fit.h"

#include <glib/gstdio.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "steps/verbs.h"

static const char text[] =
    "scenario: a\n"
    "images:\n"
    "  plain: {version: 1.0.0, size: 1000B}\n"
    "  unsigned: {version: 1.0.0, size: 1000B, sign: none}\n"
    "  counted: {version: 1.0.0, size: 1000B, security-counter: 3}\n"
    "  depends: {version: 1.0.0, size: 1000B, depends-on: [{image: 1, version: 1.0.0}]}\n"
    "  custom: {version: 1.0.0, size: 1000B, custom-tlvs: [{type: 0xa0, bytes: \"01 02 03\"}]}\n"
    "  header: {version: 1.0.0, size: 1000B, header-size: 512B}\n"
    "  stranger: {version: 1.0.0, size: 1000B, sign: target, key: stranger}\n"
    "  no-signature: {version: 1.0.0, size: 1000B, damage: [{kind: no-signature}]}\n"
    "  wrong-signature: {version: 1.0.0, size: 1000B, damage: [{kind: wrong-signature}]}\n"
    "  key-hash: {version: 1.0.0, size: 1000B, damage: [{kind: flip-tlv, at: 32}]}\n"
    "  hash: {version: 1.0.0, size: 1000B, damage: [{kind: flip-tlv, at: 31}]}\n"
    "  payload: {version: 1.0.0, size: 1000B, damage: [flip-payload]}\n"
    "  both: {version: 1.0.0, size: 1000B, key: stranger, sign: target, damage: [flip-payload]}\n"
    "  file: {file: fixtures/images/last-byte.bin}\n"
    "  awaited: {version: 1.0.0, size: 1000B, sign: none}\n"
    "  awaited-inside: {version: 1.0.0, size: 1000B, sign: none}\n"
    "  awaited-in-block: {version: 1.0.0, size: 1000B, sign: none}\n"
    "  one-of-two: {version: 1.0.0, size: 1000B, sign: none}\n"
    "setup:\n"
    "  - board: {slot0: plain, security-counter: 1, sign: none, buffer-size: 128B, parameters: false}\n"
    "  - expect-boot: awaited\n"
    "steps:\n"
    "  - with-faults: [{drop: {request: 2}}]\n"
    "    do: [{expect-boot: awaited-in-block}]\n"
    "  - each-power-cut:\n"
    "      during: [{upload: plain}]\n"
    "      then: [{expect-boot: awaited-inside}]\n"
    "  - upload: unsigned\n"
    "  - upload: counted\n"
    "  - upload: depends\n"
    "  - upload: custom\n"
    "  - upload: header\n"
    "  - upload: stranger\n"
    "  - upload: no-signature\n"
    "  - upload: wrong-signature\n"
    "  - upload: key-hash\n"
    "  - upload: hash\n"
    "  - upload: payload\n"
    "  - upload: both\n"
    "  - upload: file\n"
    "  - expect-boot: {image: [one-of-two, plain]}\n";

struct scene {
    struct rig_scenario *scenario;
    struct rig_target *target;
    struct rig_board board;
    struct rig_fit fit;
};

static void open_scene(struct scene *scene)
{
    struct rig_diagnostics diagnostics;

    memset(scene, 0, sizeof *scene);
    rig_diagnostics_init(&diagnostics);
    scene->scenario =
        rig_scenario_from_source(rig_source_from_text("a.yaml", text), rig_language(), &diagnostics);
    if (!scene->scenario) {
        g_autofree char *why = rig_diagnostics_format(&diagnostics, false);

        fail_msg("%s", why);
    }
    rig_diagnostics_clear(&diagnostics);
    scene->target = rig_target_load(RIG_TARGET_DEFAULT, RIG_SOURCE_DIR "/targets", NULL);
    assert_non_null(scene->target);
    scene->fit = (struct rig_fit){
        .the_case = g_ptr_array_index(scene->scenario->cases, 0),
        .board = &scene->board,
        .target = scene->target,
        .layout = {.signing = RIG_KEY_ECDSA_P256,
                   .signing_needed = true,
                   .n_slots = 2,
                   .slots = {{.n_bytes = 2000, .room_bytes = 1183}, {.n_bytes = 1184, .room_bytes = 1184}}}};
}

static void close_scene(struct scene *scene)
{
    rig_scenario_free(scene->scenario);
    rig_target_free(scene->target);
}

/* The options of the step `board:`. */
static void choose(struct scene *scene)
{
    scene->fit.options =
        ((const struct rig_step *)g_ptr_array_index(scene->fit.the_case->setup, 0))->arguments;
}

/* A header of 32 bytes, the payload of 1000, two TLV areas, the hash and an ECDSA signature with its key's
 * hash. */
static void an_image_has_as_many_bytes_as_it_is_made_of(void **state)
{
    static const struct {
        const char *image;
        guint64 n_bytes;
    } rows[] = {{"plain", 1184},  {"unsigned", 1072}, {"counted", 1196}, {"depends", 1204},
                {"custom", 1195}, {"header", 1664},   {"file", 0},       {"none", 0}};
    struct scene scene;

    (void)state;
    open_scene(&scene);
    for (guint i = 0; i < G_N_ELEMENTS(rows); i++)
        if (rig_fit_image_bytes(&scene.fit, rows[i].image) != rows[i].n_bytes)
            fail_msg("%s: %" G_GUINT64_FORMAT, rows[i].image, rig_fit_image_bytes(&scene.fit, rows[i].image));
    scene.fit.layout.signing_needed = false;
    assert_int_equal(rig_fit_image_bytes(&scene.fit, "plain"), 1072);
    scene.board.header_bytes = 256;
    assert_int_equal(rig_fit_image_bytes(&scene.fit, "unsigned"), 1296);
    close_scene(&scene);
}

static void an_option_is_what_the_case_says_else_the_target(void **state)
{
    struct scene scene;

    (void)state;
    open_scene(&scene);
    assert_int_equal(rig_fit_count(&scene.fit, "buffer-size", 1), 384);
    assert_int_equal(rig_fit_count(&scene.fit, "security-counter", 7), 7);
    assert_true(rig_fit_flag(&scene.fit, "parameters"));
    assert_true(rig_board_option_is_on_by_default("bonding"));
    assert_false(rig_fit_flag(&scene.fit, "swap-fixes"));
    assert_false(rig_fit_is_chosen(&scene.fit, "buffer-size"));
    choose(&scene);
    assert_int_equal(rig_fit_count(&scene.fit, "buffer-size", 1), 128);
    assert_false(rig_fit_flag(&scene.fit, "parameters"));
    assert_true(rig_fit_is_chosen(&scene.fit, "buffer-size"));
    assert_false(rig_fit_is_chosen(&scene.fit, "mtu"));
    assert_string_equal(rig_fit_choice(&scene.fit, "swap", "?"), "move");
    close_scene(&scene);
}

static void expect_reason(char *reason, const char *piece)
{
    if (!piece ? reason != NULL : !reason || !strstr(reason, piece))
        fail_msg("'%s' instead of '%s'", reason ? reason : "nothing", piece ? piece : "nothing");
    g_free(reason);
}

static void what_does_not_fit_says_why_to_the_byte(void **state)
{
    struct scene scene;

    (void)state;
    open_scene(&scene);
    expect_reason(rig_fit_no_slot(&scene.fit, 1), NULL);
    expect_reason(rig_fit_no_slot(&scene.fit, 2), "has no slot 2: it has 2");
    expect_reason(rig_fit_no_slot(&scene.fit, 4), NULL);
    expect_reason(rig_fit_no_space(&scene.fit, "plain", 1, 0), NULL);
    expect_reason(rig_fit_no_space(&scene.fit, "plain", 1, 1), "does not fit slot 1");
    expect_reason(rig_fit_no_space(&scene.fit, "plain", 2, 0), "has no slot 2");
    expect_reason(rig_fit_no_room(&scene.fit, "plain", 0), "room for 1183 beside the trailer");
    expect_reason(rig_fit_no_room(&scene.fit, "plain", 1), NULL);
    expect_reason(rig_fit_no_list(&scene.fit), NULL);
    choose(&scene);
    expect_reason(rig_fit_no_list(&scene.fit), NULL); /* the case wants the small buffer */
    close_scene(&scene);
}

/* Which slot runs is what a server of several images does not know: nothing is wrong before an update runs.
 */
static void requests_of_an_update_that_runs_from_slot_1_want_a_server_that_knows_it(void **state)
{
    struct scene scene;

    (void)state;
    open_scene(&scene);
    scene.fit.layout.mode = RIG_SWAP_DIRECT_XIP_REVERT;
    scene.fit.update_runs = true;
    expect_reason(rig_fit_no_image_request(&scene.fit, true, false), NULL);
    scene.fit.layout.n_slots = 4;
    expect_reason(rig_fit_no_image_request(&scene.fit, true, false), "takes slot 0 for the one that runs");
    scene.fit.update_runs = false;
    expect_reason(rig_fit_no_image_request(&scene.fit, true, false), NULL);
    scene.fit.layout.mode = RIG_SWAP_MOVE;
    scene.fit.update_runs = true;
    expect_reason(rig_fit_no_image_request(&scene.fit, true, false), NULL);
    close_scene(&scene);
}

static void an_image_is_bad_by_its_signature_when_nothing_else_is_wrong(void **state)
{
    static const struct {
        const char *image;
        bool bad;
    } rows[] = {{"plain", false},          {"unsigned", true}, {"stranger", true}, {"no-signature", true},
                {"wrong-signature", true}, {"key-hash", true}, {"hash", false},    {"payload", false},
                {"both", false},           {"file", false},    {"none", false}};
    struct scene scene;

    (void)state;
    open_scene(&scene);
    for (guint i = 0; i < G_N_ELEMENTS(rows); i++)
        if (rig_fit_bad_by_signature(&scene.fit, rows[i].image) != rows[i].bad)
            fail_msg("%s", rows[i].image);
    expect_reason(rig_fit_unchecked(&scene.fit, "unsigned"), NULL);
    scene.fit.layout.signing_needed = false;
    expect_reason(rig_fit_unchecked(&scene.fit, "unsigned"), "a bad one by its signature alone");
    expect_reason(rig_fit_unchecked(&scene.fit, "one-of-two"), "a bad one by its signature alone");
    expect_reason(rig_fit_unchecked(&scene.fit, "plain"), NULL);
    expect_reason(rig_fit_unchecked(&scene.fit, "awaited"), NULL);
    expect_reason(rig_fit_unchecked(&scene.fit, "awaited-inside"), NULL);
    expect_reason(rig_fit_unchecked(&scene.fit, "awaited-in-block"), NULL);
    choose(&scene);
    expect_reason(rig_fit_unchecked(&scene.fit, "unsigned"),
                  NULL); /* the case wants a board that checks none */
    close_scene(&scene);
}

static const char small_board[] =
    "target: small\nabout: says nearly nothing\nkind: simulated\n"
    "flash: [{device: internal, sectors: [{size: 4KiB, count: 256}], write: 4B}]\n"
    "slots: [{offset: 48KiB, size: 128KiB}, {offset: 176KiB, size: 128KiB}]\n"
    "name: small\naddress: C0:FF:EE:00:00:42\noptions: {swap: move, sign: none, buffer-size: 128B}\n";

static void a_target_that_says_nearly_nothing_is_what_zephyr_is_by_default(void **state)
{
    g_autofree char *folder = g_dir_make_tmp("rig-fit-XXXXXX", NULL);
    g_autofree char *path = g_build_filename(folder, "small.yaml", NULL);
    struct scene scene;

    (void)state;
    open_scene(&scene);
    rig_target_free(scene.target);
    assert_true(g_file_set_contents(path, small_board, -1, NULL));
    scene.target = rig_target_load(path, RIG_SOURCE_DIR "/targets", NULL);
    g_unlink(path);
    g_rmdir(folder);
    assert_non_null(scene.target);
    scene.fit.target = scene.target;
    assert_true(rig_fit_flag(&scene.fit, "bonding"));
    assert_false(rig_fit_flag(&scene.fit, "swap-fixes"));
    expect_reason(rig_fit_no_list(&scene.fit), "does not fit the buffer of target 'small' (128 bytes)");
    choose(&scene);
    assert_false(rig_fit_flag(&scene.fit, "parameters"));
    expect_reason(rig_fit_no_list(&scene.fit), NULL);
    close_scene(&scene);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_image_has_as_many_bytes_as_it_is_made_of),
        cmocka_unit_test(an_option_is_what_the_case_says_else_the_target),
        cmocka_unit_test(what_does_not_fit_says_why_to_the_byte),
        cmocka_unit_test(a_target_that_says_nearly_nothing_is_what_zephyr_is_by_default),
        cmocka_unit_test(requests_of_an_update_that_runs_from_slot_1_want_a_server_that_knows_it),
        cmocka_unit_test(an_image_is_bad_by_its_signature_when_nothing_else_is_wrong),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
