/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The updater beside what was measured: receipts of errors, buffers, a flash queue that is full or stands
 * still, time, resets, what builds change. */
#include "sim/firmware/nordic/secure/secure_fixture.h"

#include "base/bytes.h"
#include "protocol/nordic/dfu.h"

#include <string.h>

#define RESET_DELAY_US 200000u
#define INACTIVITY_US 120000000u

static void enter(struct world *world)
{
    world->retained.gpregret = SIM_NORDIC_GPREGRET_DFU;
    assert_int_equal(world_settle(world), SIM_SECURE_UPDATER);
    sim_secure_linked(&world->config, world->state, world->flash, true);
    (void)world_ops(world);
}

static void control_at(struct world *world, uint64_t now_us, const uint8_t *bytes, size_t n_bytes)
{
    sim_secure_control(&world->config, world->state, world->flash, bytes, n_bytes, now_us);
}

#define CONTROL(world, ...)                                                                                  \
    control_at(world, 0, (const uint8_t[]){__VA_ARGS__}, sizeof((const uint8_t[]){__VA_ARGS__}))

static void packet(struct world *world, const uint8_t *bytes, size_t n_bytes)
{
    sim_secure_packet(&world->config, world->state, world->flash, bytes, n_bytes, 0);
}

static void drain(struct world *world)
{
    sim_secure_drain(&world->config, world->state, world->flash);
}

static void create(struct world *world, uint8_t type, uint32_t n_bytes)
{
    uint8_t request[6] = {RIG_DFU_CREATE, type};
    rig_put_le32(request + 2, n_bytes);
    control_at(world, 0, request, sizeof request);
}

/* The next answer in hex; "" when there is none, "disconnect", "reset" as they come. */
static const char *answer(struct world *world)
{
    struct sim_secure_wish wish;
    static const char *const words[] = {
        [SIM_SECURE_DISCONNECT] = "disconnect", [SIM_SECURE_DO_RESET] = "reset"};
    if (!sim_secure_next(world->state, &wish))
        return "";
    if (wish.kind != SIM_SECURE_SEND)
        return words[wish.kind];
    memset(world->told, 0, sizeof world->told);
    for (size_t i = 0; i < wish.n_bytes; i++) {
        static const char digits[] = "0123456789abcdef";
        world->told[2 * i] = digits[wish.bytes[i] >> 4];
        world->told[2 * i + 1] = digits[wish.bytes[i] & 15];
    }
    return world->told;
}

static void accept(struct world *world)
{
    struct rig_init_packet init = world_init(world);
    assert_int_equal(world_send_init(world, &init), RIG_DFU_SUCCESS);
    (void)world_ops(world);
}

static void an_error_of_a_packet_is_told_by_its_receipt_alone(void **state)
{
    struct world *world = *state;
    uint8_t bytes[20] = {0};
    enter(world);
    CONTROL(world, RIG_DFU_SET_PRN, 2, 0);
    assert_string_equal(answer(world), "600201");
    CONTROL(world, RIG_DFU_SELECT, RIG_DFU_DATA_OBJECT);
    (void)answer(world);
    packet(world, bytes, sizeof bytes);
    assert_string_equal(answer(world), "");
    packet(world, bytes, sizeof bytes);
    assert_string_equal(answer(world), "600308");
    packet(world, bytes, sizeof bytes);
    create(world, RIG_DFU_COMMAND_OBJECT, 100); /* counts anew, for either type */
    assert_string_equal(answer(world), "600101");
    packet(world, bytes, sizeof bytes);
    assert_string_equal(answer(world), "");
    packet(world, bytes, sizeof bytes);
    assert_int_equal(strncmp(answer(world), "60030128000000", 14), 0);
}

static void an_init_packet_takes_what_was_announced_and_no_more(void **state)
{
    struct world *world = *state;
    uint8_t bytes[20] = {0};
    enter(world);
    CONTROL(world, RIG_DFU_SET_PRN, 1, 0);
    (void)answer(world);
    create(world, RIG_DFU_COMMAND_OBJECT, 24);
    (void)answer(world);
    packet(world, bytes, sizeof bytes);
    assert_int_equal(strncmp(answer(world), "60030114000000", 14), 0);
    packet(world, bytes, 5);
    assert_string_equal(answer(world), "600303");
    packet(world, bytes, 4);
    assert_int_equal(strncmp(answer(world), "60030118000000", 14), 0);
}

static void packets_that_are_refused_keep_their_buffers(void **state)
{
    struct world *world = *state;
    uint8_t bytes[4] = {0};
    enter(world);
    CONTROL(world, RIG_DFU_SELECT, 9);
    assert_string_equal(answer(world), "600605");
    for (unsigned i = 0; i < SIM_SECURE_N_BUFFERS; i++)
        packet(world, bytes, sizeof bytes);
    create(world, RIG_DFU_COMMAND_OBJECT, 4);
    (void)answer(world);
    packet(world, bytes, sizeof bytes);
    CONTROL(world, RIG_DFU_GET_CRC);
    assert_string_equal(answer(world), "6003010000000000000000");
    world->state->stopped = true; /* a reset frees them */
    enter(world);
    create(world, RIG_DFU_COMMAND_OBJECT, 4);
    (void)answer(world);
    packet(world, bytes, sizeof bytes);
    CONTROL(world, RIG_DFU_GET_CRC);
    assert_string_equal(answer(world), "600301040000001cdf4421");
}

static void a_packet_that_finds_the_queue_full_is_lost_and_the_crc_shows_it(void **state)
{
    struct world *world = *state;
    uint8_t wanted[8];
    enter(world);
    accept(world);
    create(world, RIG_DFU_DATA_OBJECT, 0x1000); /* its erase is in work when the packets come */
    assert_string_equal(answer(world), "600101");
    for (uint32_t at = 0; at < 0x1000; at += 244)
        packet(world, world->image + at, at + 244 <= 0x1000 ? 244 : 0x1000 - at);
    drain(world);
    assert_string_equal(world_ops(world), "E 0c000+1000 W 0c000+f40");
    CONTROL(world, RIG_DFU_GET_CRC);
    rig_put_le32(wanted, 16 * 244);
    rig_put_le32(wanted + 4, rig_nordic_crc32(0, world->image, 16 * 244));
    struct sim_secure_wish wish;
    assert_true(sim_secure_next(world->state, &wish));
    assert_memory_equal(wish.bytes + 3, wanted, sizeof wanted);
    CONTROL(world, RIG_DFU_EXECUTE);
    assert_string_equal(answer(world), "600408");
}

static void a_receipt_of_a_lost_packet_says_nothing_of_the_image(void **state)
{
    struct world *world = *state;
    enter(world);
    accept(world);
    CONTROL(world, RIG_DFU_SET_PRN, 17, 0);
    (void)answer(world);
    create(world, RIG_DFU_DATA_OBJECT, 0x1000);
    (void)answer(world);
    for (unsigned i = 0; i < 17; i++)
        packet(world, world->image, 4);
    assert_string_equal(answer(world), "6003010000000000000000");
}

static void what_the_flash_refuses_stops_its_queue_until_more_comes(void **state)
{
    struct world *world = *state;
    enter(world);
    accept(world);
    create(world, RIG_DFU_DATA_OBJECT, 0x1000);
    packet(world, world->image, 6);      /* 0xc000 */
    packet(world, world->image + 6, 8);  /* at 0xc006 */
    packet(world, world->image + 14, 6); /* at 0xc00e */
    packet(world, world->image + 20, 4); /* at 0xc014 */
    drain(world);
    /* The erase, one word of the first; the second is refused, and what is behind it waits for nothing. */
    assert_string_equal(world_ops(world), "E 0c000+1000 W 0c000+4");
    packet(world, world->image + 24, 4);
    drain(world);
    assert_string_equal(world_ops(world), "");
    packet(world, world->image + 28, 4);
    drain(world);
    assert_string_equal(world_ops(world), "W 0c014+c");
}

static void the_stray_word_comes_from_address_0(void **state)
{
    struct world *world = *state;
    enter(world);
    accept(world);
    create(world, RIG_DFU_DATA_OBJECT, 0x1000);
    CONTROL(world, RIG_DFU_WRITE, 0xaa, 0xbb);
    drain(world);
    uint8_t first[4];
    assert_int_equal(sim_flash_peek(world->flash, SIM_FLASH_INTERNAL, 0, first, sizeof first), SIM_OK);
    assert_true(world_holds(world, WORLD_BANK_1, first, sizeof first));
    assert_int_equal(first[1], 0x04);
}

static void settings_that_find_no_room_in_the_queue_fail_the_init_packet(void **state)
{
    struct world *world = *state;
    enter(world);
    accept(world);
    create(world, RIG_DFU_DATA_OBJECT, 0x1000);
    for (unsigned i = 0; i < 16; i++)
        packet(world, world->image + 4 * i, 4);
    while (*answer(world) != '\0')
        ;
    struct rig_init_packet init = world_init(world);
    uint8_t bytes[RIG_INIT_PACKET_MAX_BYTES];
    size_t n_bytes;
    init.fw_version = 3; /* other settings than those that are there */
    assert_int_equal(rig_init_packet_encode(&init, world->key, bytes, &n_bytes), RIG_INIT_OK);
    create(world, RIG_DFU_COMMAND_OBJECT, (uint32_t)n_bytes);
    assert_string_equal(answer(world), "600101");
    packet(world, bytes, n_bytes);
    CONTROL(world, RIG_DFU_EXECUTE);
    assert_string_equal(answer(world), "60040a");
}

static void only_a_new_packet_and_an_object_that_is_done_keep_it_from_giving_up(void **state)
{
    struct world *world = *state;
    static const uint8_t select[] = {RIG_DFU_SELECT, RIG_DFU_COMMAND_OBJECT};
    static const uint8_t new_packet[] = {RIG_DFU_CREATE, RIG_DFU_COMMAND_OBJECT, 10, 0, 0, 0};
    static const uint8_t nothing[] = {RIG_DFU_CREATE, RIG_DFU_COMMAND_OBJECT, 0, 0, 0, 0};
    static const uint8_t new_data[] = {RIG_DFU_CREATE, RIG_DFU_DATA_OBJECT, 0, 0x10, 0, 0};
    enter(world);
    uint64_t due = sim_secure_due(&world->config, world->state, world->flash, 0);
    control_at(world, 1000000, select, sizeof select);
    control_at(world, 1000000, new_data, sizeof new_data);
    assert_int_equal(sim_secure_due(&world->config, world->state, world->flash, 1000000), due);
    control_at(world, 2000000, new_packet, sizeof new_packet);
    assert_int_equal(sim_secure_due(&world->config, world->state, world->flash, 2000000),
                     2000000 + INACTIVITY_US);
    control_at(world, 3000000, nothing, sizeof nothing); /* refused, and counts */
    assert_int_equal(sim_secure_due(&world->config, world->state, world->flash, 3000000),
                     3000000 + INACTIVITY_US);
    static const uint8_t select_data[] = {RIG_DFU_SELECT, RIG_DFU_DATA_OBJECT};
    static const uint8_t execute[] = {RIG_DFU_EXECUTE};
    accept(world);
    control_at(world, 3500000, select_data, sizeof select_data);
    control_at(world, 3500000, execute, sizeof execute); /* of nothing new, and counts */
    assert_int_equal(sim_secure_due(&world->config, world->state, world->flash, 3500000),
                     3500000 + INACTIVITY_US);
    world->config.inactivity_ms = 0;
    control_at(world, 4000000, new_packet, sizeof new_packet);
    assert_int_equal(sim_secure_due(&world->config, world->state, world->flash, 4000000), SIM_SECURE_NEVER);
}

static void the_end_of_an_update_disconnects_and_resets_a_moment_later(void **state)
{
    struct world *world = *state;
    for (int linked = 0; linked < 2; linked++) {
        enter(world);
        sim_secure_linked(&world->config, world->state, world->flash, linked != 0);
        uint64_t now_us = 5000;
        static const uint8_t abort[] = {RIG_DFU_ABORT};
        control_at(world, now_us, abort, 1);
        uint64_t due = sim_secure_due(&world->config, world->state, world->flash, now_us);
        if (linked) {
            assert_int_equal(due, now_us + RESET_DELAY_US);
            assert_string_equal(answer(world), "disconnect");
            CONTROL(world, RIG_DFU_GET_CRC); /* nobody listens any more */
            assert_string_equal(answer(world), "");
            due = sim_secure_due(&world->config, world->state, world->flash, due);
        }
        assert_int_equal(due, SIM_SECURE_NEVER);
        assert_string_equal(answer(world), "reset");
        assert_string_equal(answer(world), "");
    }
}

static void the_flash_takes_its_time_and_executes_wait_for_it(void **state)
{
    struct world *world = *state;
    enter(world);
    accept(world);
    create(world, RIG_DFU_DATA_OBJECT, 0x1000);
    (void)answer(world);
    for (uint32_t at = 0; at < 0x1000; at += 256) {
        packet(world, world->image + at, 128);
        packet(world, world->image + at + 128, 128);
        if (at == 0)
            assert_int_equal(sim_secure_due(&world->config, world->state, world->flash, 0), 85000);
        drain(world);
    }
    packet(world, world->image, 0); /* one word of what the buffer held */
    CONTROL(world, RIG_DFU_EXECUTE);
    assert_string_equal(answer(world), "");
    CONTROL(world, RIG_DFU_EXECUTE); /* nothing new: it waits too */
    assert_string_equal(answer(world), "");
    assert_int_equal(sim_secure_due(&world->config, world->state, world->flash, 7000), INACTIVITY_US);
    assert_string_equal(answer(world), "600401");
    assert_string_equal(answer(world), "600401");
}

static void no_more_requests_wait_than_the_scheduler_has_room_for(void **state)
{
    struct world *world = *state;
    unsigned n_answers = 0;
    enter(world);
    accept(world);
    create(world, RIG_DFU_DATA_OBJECT, 0x1000);
    (void)answer(world);
    world->state->settings.data_object_size = 0; /* its erase is in work, and nothing is missing */
    for (unsigned i = 0; i < 40; i++)
        CONTROL(world, RIG_DFU_EXECUTE);
    CONTROL(world, RIG_DFU_GET_CRC);
    packet(world, world->image, 4);
    assert_int_equal(world->state->n_free_buffers, SIM_SECURE_N_BUFFERS);
    assert_string_equal(answer(world), "");
    drain(world);
    while (strcmp(answer(world), "600401") == 0)
        n_answers++;
    assert_int_equal(n_answers, 32);
}

static void the_full_protocol_says_yes_and_no_more(void **state)
{
    struct world *world = *state;
    world->config.full_protocol = true;
    enter(world);
    CONTROL(world, RIG_DFU_VERSION);
    assert_string_equal(answer(world), "600001");
    CONTROL(world, RIG_DFU_PING, 0x55);
    assert_string_equal(answer(world), "600901");
    CONTROL(world, 0x0d);
    assert_string_equal(answer(world), "600d02");
}

static void requests_that_are_cut_short_or_too_long_do_no_harm(void **state)
{
    struct world *world = *state;
    uint8_t bytes[300] = {0};
    enter(world);
    control_at(world, 0, NULL, 0);
    assert_string_equal(answer(world), "600002");
    CONTROL(world, RIG_DFU_CREATE);
    assert_string_equal(answer(world), "600105");
    CONTROL(world, RIG_DFU_CREATE, RIG_DFU_COMMAND_OBJECT, 5);
    assert_string_equal(answer(world), "600101");
    control_at(world, 0, bytes, SIM_SECURE_MAX_CONTROL_BYTES + 1);
    assert_string_equal(answer(world), "");
    packet(world, bytes, SIM_SECURE_MAX_PACKET_BYTES + 1);
    CONTROL(world, RIG_DFU_GET_CRC);
    assert_string_equal(answer(world), "6003010000000000000000");
}

static void builds_differ_in_what_they_demand(void **state)
{
    struct world *world = *state;
    struct rig_init_packet init = world_init(world);
    struct rig_key *key = world->key;
    enter(world);
    init.fw_version = 0;
    assert_int_equal(world_send_init(world, &init), RIG_DFU_EXTENDED);
    world->config.allows_downgrade = true;
    assert_int_equal(world_send_init(world, &init), RIG_DFU_SUCCESS);
    init.has_fw_version = false;
    assert_int_equal(world_send_init(world, &init), RIG_DFU_SUCCESS);
    init.n_sd_req = 0; /* a SoftDevice must be named all the same */
    assert_int_equal(world_send_init(world, &init), RIG_DFU_EXTENDED);
    init.n_sd_req = 1;
    world->key = NULL;
    init.is_signed = false;
    assert_int_equal(world_send_init(world, &init), RIG_DFU_EXTENDED);
    world->config.accepts_unsigned = true;
    assert_int_equal(world_send_init(world, &init), RIG_DFU_SUCCESS);
    init.type = RIG_DFU_BOOTLOADER; /* never unsigned */
    init.bl_size = 0x1000;
    assert_int_equal(world_send_init(world, &init), RIG_DFU_EXTENDED);
    world->key = key;
}

static void an_accepted_packet_outlives_a_reset_and_its_image_does_not(void **state)
{
    struct world *world = *state;
    enter(world);
    accept(world);
    create(world, RIG_DFU_DATA_OBJECT, 0x1000);
    packet(world, world->image, 100);
    drain(world);
    enter(world);
    CONTROL(world, RIG_DFU_SELECT, RIG_DFU_COMMAND_OBJECT);
    assert_int_equal(strncmp(answer(world), "6006010002000086000000", 22), 0);
    CONTROL(world, RIG_DFU_SELECT, RIG_DFU_DATA_OBJECT);
    assert_string_equal(answer(world), "600601001000000000000000000000");
    create(world, RIG_DFU_DATA_OBJECT, 0x1000);
    assert_string_equal(answer(world), "600101");
}

/* The packet that stands in the settings is not complete: the SDK's own error handler resets, for ever. */
static void a_half_packet_in_the_settings_is_a_reset_loop(void **state)
{
    struct world *world = *state;
    struct rig_nordic_settings settings = world_settings();
    struct rig_init_packet init = world_init(world);
    uint8_t bytes[RIG_INIT_PACKET_MAX_BYTES];
    size_t n_bytes;
    assert_int_equal(rig_init_packet_encode(&init, world->key, bytes, &n_bytes), RIG_INIT_OK);
    memcpy(settings.init_command, bytes, n_bytes);
    settings.command_size = (uint32_t)n_bytes;
    settings.command_offset = (uint32_t)n_bytes - 1;
    rig_nordic_settings_seal(&settings);
    world_put_settings(world, WORLD_SETTINGS, &settings);
    world_put_settings(world, WORLD_BACKUP, &settings);
    world->retained.gpregret = 0x80;
    assert_int_equal(world_boot(world), SIM_SECURE_FAULT);
    assert_int_equal(world_boot(world), SIM_SECURE_FAULT);
    world->retained.gpregret = 0;
    assert_int_equal(world_boot(world), SIM_SECURE_APPLICATION);
}

/* Its size is kept as 0, and so an execute of data takes nothing for a complete image. */
static void after_a_refused_packet_an_image_of_nothing_is_complete(void **state)
{
    struct world *world = *state;
    struct rig_init_packet init = world_init(world);
    enter(world);
    init.hw_version = 51;
    assert_int_equal(world_send_init(world, &init), RIG_DFU_EXTENDED);
    CONTROL(world, RIG_DFU_SELECT, RIG_DFU_DATA_OBJECT);
    (void)answer(world);
    CONTROL(world, RIG_DFU_EXECUTE);
    assert_string_equal(answer(world), "60040b0c");
    drain(world);
    assert_string_equal(answer(world), "disconnect");
    assert_string_equal(answer(world), "reset");
    world->retained.gpregret = 0;
    assert_int_equal(world_settle(world), SIM_SECURE_APPLICATION);
}

/* --- while something is on its way --- */

static void link_goes(struct world *world, bool up)
{
    sim_secure_linked(&world->config, world->state, world->flash, up);
}

static uint64_t due(struct world *world, uint64_t now_us)
{
    return sim_secure_due(&world->config, world->state, world->flash, now_us);
}

/* The init packet is sent and its execute answered; nothing of its settings is written yet. */
static void execute_init(struct world *world, uint64_t now_us)
{
    static const uint8_t execute[] = {RIG_DFU_EXECUTE};
    struct rig_init_packet init = world_init(world);
    uint8_t bytes[RIG_INIT_PACKET_MAX_BYTES];
    size_t n_bytes;
    assert_int_equal(rig_init_packet_encode(&init, world->key, bytes, &n_bytes), RIG_INIT_OK);
    create(world, RIG_DFU_COMMAND_OBJECT, (uint32_t)n_bytes);
    assert_string_equal(answer(world), "600101");
    packet(world, bytes, n_bytes);
    control_at(world, now_us, execute, sizeof execute);
    assert_string_equal(answer(world), "600401");
}

/* The backup queues up behind the settings, with what the main page held when it was asked for: nothing. */
static void giving_up_while_settings_are_written_leaves_the_main_page_alone_valid(void **state)
{
    struct world *world = *state;
    enter(world);
    execute_init(world, INACTIVITY_US - 1);
    (void)due(world, INACTIVITY_US - 1); /* the main page is erased */
    assert_string_equal(world_ops(world), "E S7f000+1000");
    assert_int_equal(due(world, INACTIVITY_US), SIM_SECURE_NEVER);
    assert_string_equal(world_ops(world),
                        "W S7f000+380 E B7e000+1000 W B7e000+380 E B7e000+1000 W B7e000+380");
    assert_string_equal(answer(world), "reset");
    assert_int_equal(world_boot(world), SIM_SECURE_APPLICATION);
    assert_string_equal(world_ops(world), "E B7e000+1000 W B7e000+380");
}

static void giving_up_while_the_backup_is_written_writes_it_twice(void **state)
{
    struct world *world = *state;
    enter(world);
    execute_init(world, INACTIVITY_US - 2);
    (void)due(world, INACTIVITY_US - 2);
    (void)due(world, INACTIVITY_US - 1);
    assert_string_equal(world_ops(world), "E S7f000+1000 W S7f000+380");
    (void)due(world, INACTIVITY_US);
    assert_string_equal(world_ops(world), "E B7e000+1000 W B7e000+380 E B7e000+1000 W B7e000+380");
    assert_int_equal(world_boot(world), SIM_SECURE_APPLICATION);
    assert_string_equal(world_ops(world), "");
}

/* No backup to make: what waits for the flash is lost with the reset. */
static void giving_up_while_data_is_written_waits_for_none_of_it(void **state)
{
    struct world *world = *state;
    enter(world);
    accept(world);
    create(world, RIG_DFU_DATA_OBJECT, 0x1000);
    packet(world, world->image, 244);
    assert_int_equal(due(world, INACTIVITY_US), SIM_SECURE_NEVER);
    assert_string_equal(world_ops(world), "");
}

static void send_image(struct world *world)
{
    static const uint32_t sizes[] = {0x1000, 0x204};
    uint32_t at = 0;
    for (unsigned i = 0; i < 2; i++) {
        create(world, RIG_DFU_DATA_OBJECT, sizes[i]);
        for (uint32_t done = 0; done < sizes[i]; done += 4) {
            packet(world, world->image + at + done, 4);
            if (done % 32 == 0)
                drain(world);
        }
        drain(world);
        if (i == 0)
            CONTROL(world, RIG_DFU_EXECUTE);
        at += sizes[i];
    }
    while (*answer(world) != '\0')
        ;
    (void)world_ops(world);
}

/* It still takes requests until its settings are written: an object then erases the image that it called
 * good, and the copy does not compare. */
static void an_object_behind_the_last_execute_destroys_the_image(void **state)
{
    struct world *world = *state;
    enter(world);
    accept(world);
    send_image(world);
    CONTROL(world, RIG_DFU_EXECUTE);
    assert_string_equal(answer(world), "600401");
    CONTROL(world, RIG_DFU_SELECT, RIG_DFU_DATA_OBJECT); /* where the CRC was there is where the image is */
    assert_string_equal(answer(world), "600601001000000000000000c00000");
    create(world, RIG_DFU_DATA_OBJECT, 0x1000);
    assert_string_equal(answer(world), "600101");
    drain(world);
    assert_string_equal(world_ops(world),
                        "E S7f000+1000 W S7f000+380 E B7e000+1000 W B7e000+380 E 0c000+1000");
    assert_string_equal(answer(world), "disconnect");
    assert_string_equal(answer(world), "reset");
    world->retained.gpregret = 0;
    assert_int_equal(world_settle(world), SIM_SECURE_UPDATER);
    assert_int_equal(world->start.entry, SIM_SECURE_NO_APPLICATION);
}

/* The last execute waits for the flash when the link goes: what it would have looked at is forgotten then. */
static void a_link_lost_before_the_last_execute_had_its_turn_ends_no_update(void **state)
{
    struct world *world = *state;
    enter(world);
    accept(world);
    send_image(world);
    create(world, RIG_DFU_DATA_OBJECT, 0x204); /* once more, with its last packet under way */
    for (uint32_t at = 0; at < 0x204; at += 172)
        packet(world, world->image + 0x1000 + at, 172);
    CONTROL(world, RIG_DFU_EXECUTE);
    link_goes(world, false);
    drain(world);
    assert_string_equal(world_ops(world), "E 0d000+1000 W 0d000+204");
    assert_string_equal(answer(world), "600101");
    assert_string_equal(answer(world), "600401"); /* to nobody */
    assert_string_equal(answer(world), "");
    link_goes(world, true);
    CONTROL(world, RIG_DFU_SELECT, RIG_DFU_DATA_OBJECT);
    assert_string_equal(answer(world), "600601001000000000000000000000");
}

static void a_link_lost_behind_the_last_execute_ends_the_update_all_the_same(void **state)
{
    struct world *world = *state;
    enter(world);
    accept(world);
    send_image(world);
    CONTROL(world, RIG_DFU_EXECUTE);
    (void)due(world, 0);
    link_goes(world, false);
    drain(world);
    assert_string_equal(world_ops(world), "E S7f000+1000 W S7f000+380 E B7e000+1000 W B7e000+380");
    assert_string_equal(answer(world), "600401");
    assert_string_equal(answer(world), "reset");
    world->retained.gpregret = 0;
    assert_int_equal(world_settle(world), SIM_SECURE_APPLICATION);
    assert_true(world_holds(world, WORLD_BANK_0, world->image, WORLD_NEW_BYTES));
}

/* The settings are read again while the main page is erased: the old backup counts, without the packet, that
 * is accepted nevertheless. */
static void a_link_lost_while_settings_are_written_forgets_the_packet_and_takes_its_image(void **state)
{
    struct world *world = *state;
    enter(world);
    execute_init(world, 0);
    (void)due(world, 0);
    link_goes(world, false);
    link_goes(world, true);
    CONTROL(world, RIG_DFU_SELECT, RIG_DFU_COMMAND_OBJECT);
    assert_string_equal(answer(world), "600601000200000000000000000000");
    drain(world);
    create(world, RIG_DFU_DATA_OBJECT, 0x1000);
    assert_string_equal(answer(world), "600101");
}

/* An execute of the packet that is accepted already writes the settings, with how far the image is. */
static void an_execute_of_the_init_packet_between_objects_saves_progress(void **state)
{
    struct world *world = *state;
    enter(world);
    accept(world);
    create(world, RIG_DFU_DATA_OBJECT, 0x1000);
    for (uint32_t at = 0; at < 0x1000; at += 128) {
        packet(world, world->image + at, 128);
        drain(world);
    }
    CONTROL(world, RIG_DFU_EXECUTE);
    CONTROL(world, RIG_DFU_SELECT, RIG_DFU_COMMAND_OBJECT);
    CONTROL(world, RIG_DFU_EXECUTE);
    while (*answer(world) != '\0')
        ;
    (void)world_ops(world);
    drain(world);
    assert_string_equal(world_ops(world), "E S7f000+1000 W S7f000+380 E B7e000+1000 W B7e000+380");
    link_goes(world, false);
    link_goes(world, true);
    create(world, RIG_DFU_DATA_OBJECT, 0x204);
    assert_string_equal(answer(world), "600101");
    for (uint32_t at = 0; at < 0x204; at += 172)
        packet(world, world->image + 0x1000 + at, 172);
    CONTROL(world, RIG_DFU_EXECUTE);
    drain(world);
    assert_string_equal(answer(world), "600401");
    assert_string_equal(answer(world), "disconnect");
}

/* The refusal is RAM's: what was accepted before comes back with the link. */
static void a_refused_packet_gives_way_to_the_one_before_it_when_the_link_is_lost(void **state)
{
    struct world *world = *state;
    struct rig_init_packet init = world_init(world);
    enter(world);
    accept(world);
    init.hw_version = 51;
    assert_int_equal(world_send_init(world, &init), RIG_DFU_EXTENDED);
    CONTROL(world, RIG_DFU_SET_PRN, 1, 0);
    (void)answer(world);
    packet(world, world->image, 20); /* there is no object */
    assert_string_equal(answer(world), "600303");
    CONTROL(world, RIG_DFU_EXECUTE); /* of an empty packet */
    assert_string_equal(answer(world), "600405");
    link_goes(world, false);
    link_goes(world, true);
    CONTROL(world, RIG_DFU_SELECT, RIG_DFU_COMMAND_OBJECT);
    assert_int_equal(strncmp(answer(world), "6006010002000086000000", 22), 0);
    create(world, RIG_DFU_DATA_OBJECT, 0x1000);
    assert_string_equal(answer(world), "600108");
    CONTROL(world, RIG_DFU_SELECT, RIG_DFU_COMMAND_OBJECT);
    (void)answer(world);
    CONTROL(world, RIG_DFU_EXECUTE);
    assert_string_equal(answer(world), "600401");
    drain(world);
    assert_string_equal(world_ops(world), "");
    create(world, RIG_DFU_DATA_OBJECT, 0x1000);
    assert_string_equal(answer(world), "600101");
}

/* Settings as SDK 12 to 15.0 leave them in a transfer, and a bootloader that came since: the packet is taken
 * for good as it stands there, and its image begins anew. */
static void a_transfer_goes_on_over_the_conversion_of_its_settings(void **state)
{
    struct world *world = *state;
    struct rig_nordic_settings settings = world_settings();
    struct rig_init_packet init = world_init(world);
    uint8_t bytes[RIG_INIT_PACKET_MAX_BYTES];
    size_t n_bytes;
    init.hw_version = 51; /* nobody looks at it a second time */
    assert_int_equal(rig_init_packet_encode(&init, world->key, bytes, &n_bytes), RIG_INIT_OK);
    memset(settings.init_command, 0xff, sizeof settings.init_command);
    memcpy(settings.init_command, bytes, n_bytes);
    settings.version = 1;
    settings.command_size = settings.command_offset = (uint32_t)n_bytes;
    settings.command_crc = rig_nordic_crc32(0, bytes, n_bytes);
    rig_nordic_settings_seal(&settings);
    world_put_settings(world, WORLD_SETTINGS, &settings);
    uint8_t erased[RIG_NORDIC_SETTINGS_BYTES];
    memset(erased, 0xff, sizeof erased);
    world_poke(world, WORLD_BACKUP, erased, sizeof erased);
    world->retained.gpregret = SIM_NORDIC_GPREGRET_DFU;
    assert_int_equal(world_boot(world), SIM_SECURE_UPDATER);
    assert_string_equal(world_ops(world), "E S7f000+1000 W S7f000+380 E B7e000+1000 W B7e000+380");
    link_goes(world, true);
    CONTROL(world, RIG_DFU_SELECT, RIG_DFU_COMMAND_OBJECT);
    assert_int_equal(strncmp(answer(world), "6006010002000086000000", 22), 0);
    send_image(world);
    CONTROL(world, RIG_DFU_EXECUTE);
    assert_string_equal(answer(world), "600401");
    drain(world);
    world->retained.gpregret = 0;
    assert_int_equal(world_settle(world), SIM_SECURE_APPLICATION);
    assert_true(world_holds(world, WORLD_BANK_0, world->image, WORLD_NEW_BYTES));
}

static void progress_that_is_saved_outlives_a_reset(void **state)
{
    struct world *world = *state;
    world->config.saves_progress = true;
    enter(world);
    accept(world);
    send_image(world); /* of its second object the execute is missing */
    enter(world);
    CONTROL(world, RIG_DFU_SELECT, RIG_DFU_DATA_OBJECT);
    assert_string_equal(answer(world), "60060100100000001000000f82a605");
    CONTROL(world, RIG_DFU_EXECUTE); /* of nothing new: no success of the image */
    assert_string_equal(answer(world), "600401");
    drain(world);
    assert_string_equal(world_ops(world), "");
    create(world, RIG_DFU_DATA_OBJECT, 0x204);
    assert_string_equal(answer(world), "600101");
    for (uint32_t at = 0; at < 0x204; at += 172)
        packet(world, world->image + 0x1000 + at, 172);
    CONTROL(world, RIG_DFU_EXECUTE);
    drain(world);
    assert_string_equal(answer(world), "600401");
    assert_string_equal(answer(world), "disconnect");
}

static int set_up(void **state)
{
    struct world *world = test_malloc(sizeof *world);
    world_make(world);
    *state = world;
    return 0;
}

static int tear_down(void **state)
{
    world_clear(*state);
    test_free(*state);
    return 0;
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(an_error_of_a_packet_is_told_by_its_receipt_alone),
        TEST(an_init_packet_takes_what_was_announced_and_no_more),
        TEST(packets_that_are_refused_keep_their_buffers),
        TEST(a_packet_that_finds_the_queue_full_is_lost_and_the_crc_shows_it),
        TEST(a_receipt_of_a_lost_packet_says_nothing_of_the_image),
        TEST(what_the_flash_refuses_stops_its_queue_until_more_comes),
        TEST(the_stray_word_comes_from_address_0),
        TEST(settings_that_find_no_room_in_the_queue_fail_the_init_packet),
        TEST(only_a_new_packet_and_an_object_that_is_done_keep_it_from_giving_up),
        TEST(the_end_of_an_update_disconnects_and_resets_a_moment_later),
        TEST(the_flash_takes_its_time_and_executes_wait_for_it),
        TEST(no_more_requests_wait_than_the_scheduler_has_room_for),
        TEST(the_full_protocol_says_yes_and_no_more),
        TEST(requests_that_are_cut_short_or_too_long_do_no_harm),
        TEST(builds_differ_in_what_they_demand),
        TEST(an_accepted_packet_outlives_a_reset_and_its_image_does_not),
        TEST(a_half_packet_in_the_settings_is_a_reset_loop),
        TEST(after_a_refused_packet_an_image_of_nothing_is_complete),
        TEST(giving_up_while_settings_are_written_leaves_the_main_page_alone_valid),
        TEST(giving_up_while_the_backup_is_written_writes_it_twice),
        TEST(giving_up_while_data_is_written_waits_for_none_of_it),
        TEST(an_object_behind_the_last_execute_destroys_the_image),
        TEST(a_link_lost_before_the_last_execute_had_its_turn_ends_no_update),
        TEST(a_link_lost_behind_the_last_execute_ends_the_update_all_the_same),
        TEST(a_link_lost_while_settings_are_written_forgets_the_packet_and_takes_its_image),
        TEST(an_execute_of_the_init_packet_between_objects_saves_progress),
        TEST(a_refused_packet_gives_way_to_the_one_before_it_when_the_link_is_lost),
        TEST(a_transfer_goes_on_over_the_conversion_of_its_settings),
        TEST(progress_that_is_saved_outlives_a_reset),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
