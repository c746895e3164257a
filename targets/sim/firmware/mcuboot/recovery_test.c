/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Serial recovery: what a real one was seen to answer (Zephyr 4.4 with MCUboot on QEMU's mps2-an385), request
 * by request; how it is entered; uploads into the slot that runs. */
#include "sim/firmware/mcuboot/support.h"

#include "base/bytes.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

struct port {
    struct bench bench;
    uint8_t answer[1100];
    size_t n_answer;
};

static void on_message(void *user, uint64_t at_us, enum sim_wire wire, const uint8_t *bytes, size_t n_bytes)
{
    struct port *port = user;

    (void)at_us;
    assert_int_equal(wire, SIM_WIRE_SERIAL);
    assert_true(n_bytes <= sizeof port->answer);
    memcpy(port->answer, bytes, n_bytes);
    port->n_answer = n_bytes;
}

/* 0: silence. */
static size_t ask(struct port *port, const uint8_t *message, size_t n_message)
{
    port->n_answer = 0;
    sim_board_send(port->bench.board, SIM_WIRE_SERIAL, message, n_message);
    bench_run(&port->bench, 60 * RIG_SECOND_US);
    return port->n_answer;
}

static struct port *port_new(enum rig_swap_mode mode, const struct sim_recovery_config *recovery)
{
    struct bench_config config = bench_config(mode);
    const struct sim_mcuboot_config mcuboot = {.boot = config.boot, .app = config.app, .recovery = *recovery};
    struct sim_board_config board = {.n_devices = config.n_devices,
                                     .firmware = &sim_mcuboot,
                                     .firmware_config = &mcuboot,
                                     .ble = config.ble,
                                     .seed = config.seed};
    struct port *port = calloc(1, sizeof *port);

    assert_non_null(port);
    memcpy(board.devices, config.devices, sizeof board.devices);
    port->bench.board = sim_board_new(&board, NULL);
    assert_non_null(port->bench.board);
    sim_board_on_message(port->bench.board, on_message, port);
    return port;
}

static void port_free(struct port *port)
{
    bench_close(&port->bench);
    free(port);
}

static enum sim_board_state boot(struct port *port)
{
    sim_board_power(port->bench.board, true);
    bench_run(&port->bench, RIG_SECOND_US);
    return sim_board_view(port->bench.board).state;
}

static const struct {
    const char *request, *answer;
} seen[] = {
    /* OS group: echo, console echo, what is not built in; ops that are none; reset is last. */
    {"0a00000600000100a16164626869", "0b00000600000100bf62726308ff"},
    {"0800000100000206a0", "0900000600000206bf62726308ff"},
    {"0a00000700000301a1646563686f00", "0b00000600000301bf62726300ff"},
    {"0900000100000e06a0", ""},
    {"0b00000100000f06a0", ""},
    {"0c00000100001006a0", ""},
    {"0a00000100090d00a0", "0b00000600090d00bf62726308ff"},
    {"0a00000100400c00a0", "0b00000600400c00bf62726308ff"},
    /* Image group: version and what is reserved come back; a body that is too long is silence, one that is
     * too short is read as far as it goes. */
    {"0800000100010400a0", "0900000b00010400bf66696d616765739fffff"},
    {"0000000100010500a0", "0100000b00010500bf66696d616765739fffff"},
    {"1000000100010600a0", "1100000b00010600bf66696d616765739fffff"},
    {"f800000100010700a0", "f900000b00010700bf66696d616765739fffff"},
    {"0800000000010800", "0900000b00010800bf66696d616765739fffff"},
    {"0800000100010906a0", "0900000600010906bf62726308ff"},
    {"0a00000100010a05a0", "0b00000600010a05bf62726308ff"},
    {"0a00000100010b00a0", "0b00000600010b00bf62726308ff"},
    {"0a00000000011101a0", ""},
    {"0a00001000011201a0", "0b00000600011201bf62726303ff"},
    /* Uploads: off, data and len are demanded; nothing looks at a magic. */
    {"0a00000100011301a0", "0b00000600011301bf62726303ff"},
    {"0a00000600011401a1636f666600", "0b00000600011401bf62726303ff"},
    {"0a00000c00011501a2636f666600646461746140", "0b00000600011501bf62726303ff"},
    {"0a00001100011601a3636f666600646461746140636c656e04", "0b00000b00011601bf62726300636f666600ff"},
    {"0a00001700011701a3636f666600636c656e19010064646174614400112233",
     "0b00000b00011701bf62726300636f666604ff"},
    {"0a00001000011801a2636f66660464646174614404050607", "0b00000b00011801bf62726300636f666608ff"},
    /* Three bytes are no unit: none of them is taken. */
    {"0a00000f00011901a2636f666608646461746143040506", "0b00000b00011901bf62726300636f666608ff"},
    {"0a00001000011a01a2636f66660864646174614408090a0b", "0b00000b00011a01bf62726300636f66660cff"},
    {"0a00001100011b01a2636f666618c864646174614404050607", "0b00000b00011b01bf62726300636f66660cff"},
    {"0a00001400011c01a2636f66660c6464617461480c0d0e0f10111213", "0b00000b00011c01bf62726300636f666614ff"},
    {"0a00001500011d01a3636f666600636c656e1a7fffffff646461746140", "0b00000600011d01bf62726303ff"},
    /* The first chunk may be longer than the whole. */
    {"0a00001d00011e01a3636f666600636c656e0864646174614c000102030405060708090a0b",
     "0b00000b00011e01bf62726300636f66660cff"},
    {"0a00001600011f01a3636f666600636c656e056464617461450001020304",
     "0b00000b00011f01bf62726300636f666605ff"},
    {"0a00001000012001a2636f66660564646174614400010203", "0b00000600012001bf62726303ff"},
    {"0a00000d00012101a2636f66660564646174616130", "0b00000600012101bf62726303ff"},
    {"0a00001500012201a3636f666600636f66660064646174614400010203", "0b00000600012201bf62726303ff"},
    {"0a00001c00012301a465696d61676501636f666600636c656e0864646174614400010203",
     "0b00000600012301bf62726303ff"},
    {"0800000100012600a0", "0900000b00012600bf66696d616765739fffff"},
    {"0a00000100002705a0", "0b00000600002705bf62726300ff"},
};

static void it_answers_as_a_real_one_was_seen_to(void **state)
{
    static const struct sim_recovery_config recovery = {.entrances = SIM_RECOVERY_NO_IMAGE,
                                                        .commands = SIM_RECOVERY_HASH};
    struct port *port = port_new(RIG_SWAP_MOVE, &recovery);

    (void)state;
    assert_int_equal(boot(port), SIM_BOARD_UPDATER);
    for (size_t i = 0; i < sizeof seen / sizeof *seen; i++) {
        uint8_t request[64], answer[64];
        size_t n_request = from_hex(seen[i].request, request);
        size_t n_answer = from_hex(seen[i].answer, answer);

        if (ask(port, request, n_request) != n_answer || memcmp(port->answer, answer, n_answer) != 0) {
            print_error("request %zu: %s\n", i, seen[i].request);
            fail();
        }
    }
    assert_int_equal(sim_board_view(port->bench.board).n_boots, 2);
    port_free(port);
}

/* {"images": [{"slot": 0, "hash": ..., "version": "1.0.0"}]} */
static void the_list_has_hash_and_version_of_valid_images(void **state)
{
    static const struct sim_recovery_config recovery = {
        .entrances = SIM_RECOVERY_BY_BUTTON, .button_held = true, .commands = SIM_RECOVERY_HASH};
    struct port *port = port_new(RIG_SWAP_MOVE, &recovery);
    struct rig_bytes image = bench_image(1, &waits, 5000);
    uint8_t request[16], wanted[96], hash[RIG_IMAGE_HASH_BYTES];
    size_t n = from_hex("0900004800010100bf66696d616765739fbf64736c6f740064686173685820", wanted);

    (void)state;
    image_hash(&image, hash);
    memcpy(wanted + n, hash, sizeof hash);
    n += sizeof hash;
    n += from_hex("6776657273696f6e65312e302e30ffffff", wanted + n);
    bench_program(&port->bench, &image);
    assert_int_equal(boot(port), SIM_BOARD_UPDATER);
    assert_int_equal(ask(port, request, from_hex("0800000100010100a0", request)), n);
    assert_memory_equal(port->answer, wanted, n);
    rig_bytes_clear(&image);
    port_free(port);
}

/* boot_serial_in_dec() decodes length, message and CRC into one byte more than the buffer's name says. */
static void a_message_that_does_not_fit_the_buffer_is_not_heard(void **state)
{
    static const struct sim_recovery_config recovery = {
        .entrances = SIM_RECOVERY_NO_IMAGE, .commands = SIM_RECOVERY_HASH, .buffer_bytes = 256};
    struct port *port = port_new(RIG_SWAP_SINGLE, &recovery);
    uint8_t message[300] = {0};

    (void)state;
    assert_int_equal(boot(port), SIM_BOARD_UPDATER);
    from_hex("0800000000010100a0", message);
    rig_put_be16(message + 2, 253 - 8);
    assert_true(ask(port, message, 253) > 0);
    rig_put_be16(message + 2, 254 - 8);
    assert_int_equal(ask(port, message, 254), 0);
    port_free(port);
}

/* Progressive erase clears the trailer's first sector after the last chunk, whatever lies there. */
static void the_trailer_is_erased_when_all_is_there(void **state)
{
    static const struct sim_recovery_config recovery = {.entrances = SIM_RECOVERY_NO_IMAGE,
                                                        .progressive_erase = true};
    struct port *port = port_new(RIG_SWAP_MOVE, &recovery);
    const struct sim_area *slot = &sim_mcuboot_config_of(port->bench.board)->boot.primary[0];
    struct sim_flash *flash = sim_board_flash(port->bench.board);
    uint32_t last = slot->offset + slot->n_bytes - 16;
    uint8_t message[32], mark[4] = {1, 2, 3, 4}, is[4];

    (void)state;
    assert_int_equal(sim_flash_poke(flash, slot->device, last, mark, sizeof mark), SIM_OK);
    assert_int_equal(boot(port), SIM_BOARD_UPDATER);
    assert_true(ask(port, message,
                    from_hex("0a00001600011701a3636f666600636c656e0864646174614400112233", message)) > 0);
    assert_int_equal(sim_flash_peek(flash, slot->device, last, is, sizeof is), SIM_OK);
    assert_memory_equal(is, mark, sizeof is);
    assert_true(ask(port, message, from_hex("0a00001000011801a2636f66660464646174614404050607", message)) >
                0);
    assert_int_equal(sim_flash_peek(flash, slot->device, last, is, sizeof is), SIM_OK);
    assert_int_equal(rig_get_le32(is), UINT32_MAX);
    port_free(port);
}

static void without_an_entrance_the_board_stays_silent(void **state)
{
    static const struct sim_recovery_config recovery = {.button_held = true, .commands = SIM_RECOVERY_HASH};
    struct port *port = port_new(RIG_SWAP_SINGLE, &recovery);
    uint8_t message[16];

    (void)state;
    assert_int_equal(boot(port), SIM_BOARD_NO_IMAGE);
    assert_int_equal(ask(port, message, from_hex("0800000100010400a0", message)), 0);
    port_free(port);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_answers_as_a_real_one_was_seen_to),
        cmocka_unit_test(the_list_has_hash_and_version_of_valid_images),
        cmocka_unit_test(a_message_that_does_not_fit_the_buffer_is_not_heard),
        cmocka_unit_test(the_trailer_is_erased_when_all_is_there),
        cmocka_unit_test(without_an_entrance_the_board_stays_silent),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
