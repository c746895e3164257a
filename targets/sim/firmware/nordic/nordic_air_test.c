/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The secure bootloader's board over HCI: entry with a bond, entry to address + 1, what the bootloader
 * serves. Attributes: 8 Service Changed with 9 its CCC, 10 the DFU service; of the application 12 the
 * buttonless characteristic with 13 its CCC; of the bootloader 12 packets, 14 the control point with 15 its
 * CCC. Without Service Changed three numbers less. */
#include "sim/chip/host/central.h"
#include "sim/firmware/nordic/nordic_fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#define BOND 0x01
#define SECURE 0x08
#define SELECT_COMMAND_ANSWER "60 06 01 00 02 00 00 00 00 00 00 00 00 00 00"

static struct air *open_air(const struct nordic_set_up *set_up)
{
    struct air *air = malloc(sizeof *air);

    air_open_on(air, nordic_board(set_up), &(struct sim_stack_config){.virtual_controller = true});
    air_connect(air);
    return air;
}

static void close_air(struct air *air)
{
    air_close(air);
    free(air);
}

static void with_a_bond_the_key_goes_along(void **state)
{
    struct nordic_set_up set_up = nordic_usual();
    struct central central;
    struct air *air;

    (void)state;
    set_up.secure.boot.requires_bonds = true;
    set_up.secure.app.buttonless = SIM_BUTTONLESS_WITH_BONDS;
    air = open_air(&set_up);
    central = central_new(air, 3, BOND | SECURE);
    air_exchange(air, AIR_ATT, "0a 07 00", "0b 0c 00 18 00 00 00 58 02"); /* preferred parameters */
    air_exchange(air, AIR_ATT, "0a 09 00", "0b 01");
    air_exchange(air, AIR_ATT, "10 0e 00 ff ff 00 28", "11 06 0e 00 11 00 59 fe");
    air_exchange(air, AIR_ATT, "12 11 00 02 00", "01 12 11 00 05");
    assert_true(central_pair(&central));
    air_exchange(air, AIR_ATT, "12 0d 00 02 00", "13");
    air_exchange(air, AIR_ATT, "12 10 00 01", "01 12 10 00 fd");
    air_exchange(air, AIR_ATT, "12 11 00 02 00", "13");
    air_exchange(air, AIR_ATT, "12 10 00 01", "13");
    air_run(air);
    air_expect(air, AIR_ATT, "1d 10 00 20 01 01");
    air_run_us(air, RIG_SECOND_US);
    assert_true(air->connected); /* it waits for the confirmation */
    air_exchange(air, AIR_ATT, "1e", "");
    air_run_us(air, RIG_SECOND_US);
    assert_int_equal(air->last_reason, 0x13);
    assert_int_equal(sim_board_view(air->bench.board).state, SIM_BOARD_UPDATER);
    assert_int_equal(air->address[0], 0xff);
    air_connect(air);
    air_exchange(air, AIR_SECURITY, "01 03 00 09 10 01 01", "05 05");
    air_exchange(air, AIR_ATT, "12 12 00 06 01", "01 12 12 00 0f"); /* it has the key */
    assert_true(central_encrypt(&central));
    air_run(air);
    air_expect(air, AIR_ATT, "1d 0c 00 0e 00 ff ff");
    air_exchange(air, AIR_ATT, "1e", "");
    air_exchange(air, AIR_ATT, "12 12 00 06 01", "01 12 12 00 fd");
    air_exchange(air, AIR_ATT, "12 13 00 01 00", "13");
    air_exchange(air, AIR_ATT, "12 12 00 06 01", "13");
    air_run(air);
    air_expect(air, AIR_ATT, "1b 12 00 " SELECT_COMMAND_ANSWER);
    air_exchange(air, AIR_ATT, "12 10 00 00", "01 12 10 00 03"); /* packets are commands */
    air_exchange(air, AIR_ATT, "52 12 00 0c", "");               /* and requests are none */
    air_exchange(air, AIR_ATT, "12 12 00 0c", "13");
    air_run_us(air, 2 * RIG_SECOND_US);
    assert_int_equal(sim_board_view(air->bench.board).state, SIM_BOARD_RUNNING);
    air_connect(air);
    assert_true(central_encrypt(&central)); /* back in the application, which tells its change, too */
    air_run(air);
    air_expect(air, AIR_ATT, "1d 0c 00 0e 00 ff ff");
    close_air(air);
}

static void without_one_it_is_another_board(void **state)
{
    const struct nordic_set_up set_up = nordic_usual();
    struct air *air = open_air(&set_up);

    (void)state;
    assert_int_equal(air->address[0], 0xff);
    assert_memory_equal(air->scan_response + 3, "nordic", 6);
    air_exchange(air, AIR_ATT, "12 11 00 02 00", "13");
    air_exchange(air, AIR_ATT, "12 10 00 02 02 41 42", "13"); /* the bootloader's name */
    air_run(air);
    air_expect(air, AIR_ATT, "1d 10 00 20 02 01");
    air_exchange(air, AIR_ATT, "1e", "");
    air_exchange(air, AIR_ATT, "12 10 00 01", "13");
    air_run(air);
    air_expect(air, AIR_ATT, "1d 10 00 20 01 01");
    air_exchange(air, AIR_ATT, "1e", "");
    air_run_us(air, 2 * RIG_SECOND_US);
    assert_int_equal(air->address[0], 0x00);
    assert_memory_equal(air->scan_response, "\x04\x03", 2);
    assert_memory_equal(air->scan_response + 3, "AB", 2);
    air_connect(air);
    air_exchange(air, AIR_ATT, "08 01 00 ff ff 05 2a", "01 08 01 00 0a"); /* no Service Changed */
    air_exchange(air, AIR_ATT, "02 42 00", "03 3f 00");                   /* whole words */
    air_exchange(air, AIR_ATT, "12 10 00 01 00", "13");
    air_exchange(air, AIR_ATT, "12 0f 00 06 01", "13");
    air_run(air);
    air_expect(air, AIR_ATT, "1b 0f 00 " SELECT_COMMAND_ANSWER);
    close_air(air);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(with_a_bond_the_key_goes_along),
        cmocka_unit_test(without_one_it_is_another_board),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
