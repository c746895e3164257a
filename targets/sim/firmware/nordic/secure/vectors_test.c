/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The simulated bootloader answers and writes what the real code was seen to answer and write: plays
 * fixtures/nordic/secure-vectors.txt, which says how it is to be read. */
#include "sim/firmware/nordic/secure/secure_fixture.h"

#include "base/bytes.h"
#include "protocol/nordic/dfu.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MAX_LINE 256
#define MAX_SEEN 8192

/* A vector that is being played. What a request led to is compared when the next one comes. */
struct play {
    struct world world;
    char name[MAX_LINE];
    unsigned line;
    uint8_t init[RIG_INIT_PACKET_MAX_BYTES];
    size_t init_bytes;
    char expected[MAX_SEEN], seen[MAX_SEEN]; /* lines of answers, wishes, operations */
    unsigned n_compared;
    unsigned n_vectors;
};

static void add(char *to, const char *text)
{
    size_t used = strlen(to);
    assert_true(used + strlen(text) + 2 < MAX_SEEN);
    strcat(to, text);
    strcat(to, "\n");
}

static void hex(const uint8_t *bytes, size_t n_bytes, char *text)
{
    for (size_t i = 0; i < n_bytes; i++)
        sprintf(text + 2 * i, "%02x", bytes[i]);
}

static void look(struct play *play)
{
    struct sim_secure_wish wish;
    char line[64] = "< ";
    bool disconnects = false;
    while (sim_secure_next(play->world.state, &wish)) {
        if (wish.kind == SIM_SECURE_SEND) {
            hex(wish.bytes, wish.n_bytes, line + 2);
            add(play->seen, line);
        } else if (wish.kind == SIM_SECURE_DISCONNECT) {
            disconnects = true;
        } else {
            add(play->seen, disconnects ? "! disconnect, reset" : "! reset");
        }
    }
}

static void drain(struct play *play)
{
    sim_secure_drain(&play->world.config, play->world.state, play->world.flash);
    look(play);
}

static void compare(struct play *play)
{
    char line[WORLD_OPS_BYTES + 2];
    const char *ops = world_ops(&play->world);
    if (ops[0] != '\0') {
        snprintf(line, sizeof line, "= %s", ops);
        add(play->seen, line);
    }
    if (strcmp(play->seen, play->expected) != 0)
        print_error("%s, before line %u: expected\n%sgot\n%s", play->name, play->line, play->expected,
                    play->seen);
    assert_string_equal(play->seen, play->expected);
    play->n_compared += play->expected[0] != '\0';
    play->seen[0] = play->expected[0] = '\0';
}

/* --- the init packet of a vector --- */

static uint32_t number(const char *text)
{
    return (uint32_t)strtoul(text, NULL, 0);
}

static void set_type(struct play *play, struct rig_init_packet *init, const char *value)
{
    init->has_type = strcmp(value, "none") != 0;
    init->type = init->has_type ? number(value) : 0;
    if (init->type == RIG_DFU_APPLICATION || init->type > RIG_DFU_SOFTDEVICE_BOOTLOADER)
        return;
    init->app_size = 0;
    init->sd_size = (init->type & RIG_DFU_SOFTDEVICE) != 0 ? WORLD_SOFTDEVICE_BYTES : 0;
    init->bl_size = (init->type & RIG_DFU_BOOTLOADER) != 0 ? play->world.image_bytes : 0;
}

static void set_softdevices(struct rig_init_packet *init, const char *value)
{
    init->n_sd_req = 0;
    if (strcmp(value, "none") == 0)
        return;
    for (const char *at = value; at != NULL; at = strchr(at, ',')) {
        at += *at == ',';
        init->sd_req[init->n_sd_req++] = number(at);
    }
}

static void set(struct play *play, struct rig_init_packet *init, const char *key, const char *value)
{
    bool is_there = strcmp(value, "none") != 0;
    if (strcmp(key, "type") == 0) {
        set_type(play, init, value);
    } else if (strcmp(key, "sd") == 0) {
        set_softdevices(init, value);
    } else if (strcmp(key, "fw") == 0) {
        init->has_fw_version = is_there;
        init->fw_version = number(value);
    } else if (strcmp(key, "hw") == 0) {
        init->has_hw_version = is_there;
        init->hw_version = number(value);
    } else if (strcmp(key, "app-size") == 0) {
        init->has_app_size = is_there;
        init->app_size = number(value);
    } else if (strcmp(key, "bl-size") == 0) {
        init->bl_size = number(value);
    } else if (strcmp(key, "debug") == 0) {
        init->is_debug = true;
    } else if (strcmp(key, "hash-type") == 0) {
        init->hash_type = number(value);
    } else if (strcmp(key, "hash") == 0) {
        init->hash[0] ^= 1;
    } else if (strcmp(key, "boot") == 0) {
        init->n_boot_validations = 1;
        init->boot_validations[0].type = number(value);
    } else {
        fail_msg("line %u: no key '%s'", play->line, key);
    }
}

/* Of an encoded packet, which has its signature. */
static void spoil(struct play *play, struct rig_init_packet *init, const char *key, const char *value)
{
    if (strcmp(key, "sig") == 0)
        init->signature[5] ^= 1;
    else if (strcmp(key, "sig-type") == 0)
        init->signature_type = number(value);
    else if (strcmp(key, "sig-bytes") == 0)
        init->n_signature_bytes = number(value);
    assert_int_equal(rig_init_packet_encode(init, NULL, play->init, &play->init_bytes), RIG_INIT_OK);
}

static void make_init(struct play *play, char *text)
{
    struct rig_init_packet init = world_init(&play->world);
    const struct rig_key *key = play->world.key;
    char *late_key = NULL, *late_value = NULL, *save = NULL;
    for (char *word = strtok_r(text, " ", &save); word != NULL; word = strtok_r(NULL, " ", &save)) {
        char *value = strchr(word, '=');
        if (value != NULL)
            *value++ = '\0';
        if (strcmp(word, "unsigned") == 0) {
            key = NULL;
        } else if (strcmp(word, "size") == 0) {
            play->world.image_bytes = number(value);
            init = world_init(&play->world);
            init.sd_req[0] = 0;
            init.fw_version = 1;
            set(play, &init, "boot", "1");
            set(play, &init, "debug", "1");
        } else if (strncmp(word, "sig", 3) == 0 || strcmp(word, "cut") == 0 || strcmp(word, "garbage") == 0) {
            late_key = word;
            late_value = value;
        } else {
            set(play, &init, word, value);
        }
    }
    assert_int_equal(rig_init_packet_encode(&init, key, play->init, &play->init_bytes), RIG_INIT_OK);
    if (late_key == NULL)
        return;
    if (strcmp(late_key, "cut") == 0)
        play->init_bytes = number(late_value);
    else if (strcmp(late_key, "garbage") == 0)
        memset(play->init, 0x5a, play->init_bytes = number(late_value));
    else
        spoil(play, &init, late_key, late_value);
}

/* --- what a vector does --- */

static void control(struct play *play, const uint8_t *bytes, size_t n_bytes)
{
    sim_secure_control(&play->world.config, play->world.state, play->world.flash, bytes, n_bytes, 0);
    drain(play);
}

static void packets(struct play *play, const uint8_t *bytes, size_t n_bytes, size_t piece, bool burst)
{
    for (size_t at = 0; at < n_bytes; at += piece) {
        size_t n_now = n_bytes - at < piece ? n_bytes - at : piece;
        sim_secure_packet(&play->world.config, play->world.state, play->world.flash, bytes + at, n_now, 0);
        if (!burst)
            drain(play);
    }
    drain(play);
}

static void create(struct play *play, uint8_t type, size_t n_bytes)
{
    uint8_t request[6] = {RIG_DFU_CREATE, type};
    rig_put_le32(request + 2, (uint32_t)n_bytes);
    control(play, request, sizeof request);
}

static void send_init(struct play *play)
{
    create(play, RIG_DFU_COMMAND_OBJECT, play->init_bytes);
    packets(play, play->init, play->init_bytes, 20, false);
    add(play->expected, "< 600101");
    compare(play);
}

/* All but the last execute. */
static void send_image(struct play *play)
{
    static const uint8_t execute = RIG_DFU_EXECUTE;
    for (uint32_t at = 0; at < play->world.image_bytes; at += 0x1000) {
        uint32_t n_bytes = play->world.image_bytes - at < 0x1000 ? play->world.image_bytes - at : 0x1000;
        create(play, RIG_DFU_DATA_OBJECT, n_bytes);
        packets(play, play->world.image + at, n_bytes, 244, false);
        if (at + n_bytes < play->world.image_bytes)
            control(play, &execute, 1);
    }
    (void)world_ops(&play->world);
    play->seen[0] = '\0';
}

static void lose_link(struct play *play)
{
    sim_secure_linked(&play->world.config, play->world.state, play->world.flash, false);
    sim_secure_linked(&play->world.config, play->world.state, play->world.flash, true);
}

static void expect(struct play *play, const char *line)
{
    char wanted[MAX_LINE] = "< ";
    char *to = wanted + 2;
    uint32_t offset = 0;
    char text[MAX_LINE];
    if (line[0] != '<') {
        add(play->expected, line);
        return;
    }
    snprintf(text, sizeof text, "%s", line + 2);
    char *save = NULL;
    for (char *word = strtok_r(text, " ", &save); word != NULL; word = strtok_r(NULL, " ", &save)) {
        uint8_t crc[4];
        if (word[0] == '{') {
            const uint8_t *of = word[1] == 'i' ? play->init : play->world.image;
            rig_put_le32(crc, rig_nordic_crc32(0, of, offset));
            hex(crc, sizeof crc, to);
        } else {
            strcpy(to, word);
            offset = __builtin_bswap32((uint32_t)strtoul(word, NULL, 16));
        }
        to += strlen(to);
    }
    add(play->expected, wanted);
}

static void end_vector(struct play *play, const char *what)
{
    struct world *world = &play->world;
    if (strcmp(what, "waits") == 0) {
        assert_false(sim_secure_busy(world->state));
        assert_int_not_equal(sim_secure_due(&world->config, world->state, world->flash, 0), SIM_SECURE_NEVER);
    } else {
        bool is_new = strstr(what, "new") != NULL;
        assert_int_equal(sim_secure_due(&world->config, world->state, world->flash, 0), SIM_SECURE_NEVER);
        assert_int_equal(world_settle(world), SIM_SECURE_APPLICATION);
        if (is_new)
            assert_true(world_holds(world, WORLD_BANK_0, world->image, world->image_bytes));
        for (uint32_t i = is_new ? WORLD_NEW_BYTES + 0x1000 : 0; i < WORLD_OLD_BYTES; i++) {
            uint8_t byte = world_old_byte(i);
            assert_true(world_holds(world, WORLD_BANK_0 + i, &byte, 1));
        }
        assert_true(world_holds(world, RIG_SOFTDEVICE_AT, world->softdevice, sizeof world->softdevice));
        assert_true(world_holds(world, WORLD_BOOTLOADER, world->bootloader, 0x5000));
    }
    world_clear(world);
    play->n_vectors++;
}

static void set_option(struct play *play, const char *name)
{
    if (strcmp(name, "saves-progress") == 0)
        play->world.config.saves_progress = true;
    else if (strcmp(name, "debug") == 0)
        play->world.config.debug = true;
    else
        fail_msg("line %u: no option '%s'", play->line, name);
}

static void start_vector(struct play *play, const char *name)
{
    snprintf(play->name, sizeof play->name, "%s", name);
    world_make(&play->world);
    play->world.retained.gpregret = SIM_NORDIC_GPREGRET_DFU;
    assert_int_equal(world_boot(&play->world), SIM_SECURE_UPDATER);
    assert_string_equal(world_ops(&play->world), "");
    sim_secure_linked(&play->world.config, play->world.state, play->world.flash, true);
    char none[1] = "";
    make_init(play, none);
}

static void play_packets(struct play *play, const char *what, const char *rest)
{
    unsigned from, n_bytes, piece;
    assert_int_equal(sscanf(rest, "%u %u %u", &from, &n_bytes, &piece), 3);
    const uint8_t *bytes = strcmp(what, "send") == 0 ? play->init : play->world.image;
    packets(play, bytes + from, n_bytes, piece, strcmp(what, "burst") == 0);
}

static void play_control(struct play *play, const char *text)
{
    uint8_t bytes[64];
    size_t n_bytes = 0;
    for (unsigned byte; n_bytes < sizeof bytes && sscanf(text + 2 * n_bytes, "%2x", &byte) == 1;)
        bytes[n_bytes++] = (uint8_t)byte;
    control(play, bytes, n_bytes);
}

static void play_line(struct play *play, char *line)
{
    char *rest = strchr(line, ' ');
    if (strchr("<=!", line[0]) != NULL) {
        expect(play, line);
        return;
    }
    rest = rest != NULL ? rest + 1 : line + strlen(line);
    if (strncmp(line, "vector ", 7) != 0)
        compare(play);
    if (line[0] == '>')
        play_control(play, rest);
    else if (strncmp(line, "vector ", 7) == 0)
        start_vector(play, rest);
    else if (strncmp(line, "option ", 7) == 0)
        set_option(play, rest);
    else if (strncmp(line, "init", 4) == 0)
        make_init(play, rest);
    else if (strncmp(line, "send ", 5) == 0)
        play_packets(play, "send", rest);
    else if (strncmp(line, "data ", 5) == 0)
        play_packets(play, "data", rest);
    else if (strncmp(line, "burst ", 6) == 0)
        play_packets(play, "burst", rest);
    else if (strcmp(line, "try") == 0)
        send_init(play);
    else if (strcmp(line, "image") == 0)
        send_image(play);
    else if (strcmp(line, "lost") == 0)
        lose_link(play);
    else if (strncmp(line, "end ", 4) == 0)
        end_vector(play, rest);
    else
        fail_msg("line %u: '%s'", play->line, line);
}

static void the_model_answers_and_writes_as_the_real_code_does(void **state)
{
    (void)state;
    struct play *play = calloc(1, sizeof *play);
    FILE *file = fopen(RIG_SOURCE_DIR "/fixtures/nordic/secure-vectors.txt", "r");
    char line[MAX_LINE];
    assert_true(play != NULL && file != NULL);
    while (fgets(line, sizeof line, file) != NULL) {
        play->line++;
        line[strcspn(line, "#\n")] = '\0';
        for (size_t n = strlen(line); n > 0 && line[n - 1] == ' '; n--)
            line[n - 1] = '\0';
        if (line[0] != '\0')
            play_line(play, line);
    }
    fclose(file);
    assert_int_equal(play->n_vectors, 65);
    assert_true(play->n_compared > 290);
    free(play);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_model_answers_and_writes_as_the_real_code_does),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
