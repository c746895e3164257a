/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The OS group: echo, reset, parameters, info, bootloader information. */
#include "sim/firmware/mcuboot/app/app.h"

#include <stdio.h>
#include <string.h>

enum os_rc { OS_RC_BAD_FORMAT = 2, OS_RC_NO_ANSWER = 3 };

static void echo(const struct rig_smp_request *request, struct sim_reply *reply)
{
    const struct rig_smp_value *text = &request->keys[RIG_SMP_KEY_ECHO];

    rig_cbor_put_text(reply->writer, "r");
    rig_cbor_put_text_bytes(reply->writer, text->bytes, text->present ? text->n_bytes : 0);
}

static void parameters(const struct sim_server *server, struct sim_reply *reply)
{
    if (!server->config->parameters_command) {
        reply->rc = RIG_SMP_RC_NOT_SUPPORTED;
        return;
    }
    rig_cbor_put_text(reply->writer, "buf_size");
    rig_cbor_put_uint(reply->writer, server->config->smp_buf_size);
    rig_cbor_put_text(reply->writer, "buf_count");
    rig_cbor_put_uint(reply->writer, server->config->smp_buf_count);
}

static const struct {
    char letter;
    const char *text;
} facts[] = {
    {'s', "Zephyr"},
    {'n', "zephyr"},
    {'r', "4.4.0"},
    {'v', "v4.4.0"},
    {'b', "Thu Jan  1 00:00:00 1970"},
    {'m', "arm"},
    {'p', "cortex-m4"},
    {'i', "nrf52840dk/nrf52840"},
    {'o', "Zephyr"},
};
#define N_FACTS (sizeof facts / sizeof *facts)

/* Facts come in the table's order, whatever the order of the letters. */
static bool wanted_facts(const uint8_t *letters, size_t n_letters, bool wanted[N_FACTS])
{
    for (size_t i = 0; i < n_letters; i++) {
        bool known = letters[i] == 'a';

        for (size_t fact = 0; fact < N_FACTS; fact++) {
            if (letters[i] == 'a' || letters[i] == facts[fact].letter)
                known = wanted[fact] = true;
        }
        if (!known)
            return false;
    }
    return true;
}

static void system_facts(const struct rig_smp_request *request, struct sim_reply *reply)
{
    const struct rig_smp_value *format = &request->keys[RIG_SMP_KEY_FORMAT];
    bool wanted[N_FACTS] = {false};
    char text[160] = "";
    size_t used = 0;

    wanted[0] = !format->present;
    if (format->present && !wanted_facts(format->bytes, format->n_bytes, wanted)) {
        reply->group_rc = OS_RC_BAD_FORMAT;
        return;
    }
    for (size_t fact = 0; fact < N_FACTS; fact++) {
        if (wanted[fact])
            used +=
                (size_t)snprintf(text + used, sizeof text - used, "%s%s", used ? " " : "", facts[fact].text);
    }
    rig_cbor_put_text(reply->writer, "output");
    rig_cbor_put_text(reply->writer, text);
}

static int mode_number(enum rig_swap_mode mode)
{
    switch (mode) {
    case RIG_SWAP_SCRATCH:
        return 1;
    case RIG_SWAP_OVERWRITE:
        return 2;
    case RIG_SWAP_MOVE:
        return 3;
    case RIG_SWAP_OFFSET:
        return 9;
    }
    return -1;
}

static void bootloader(const struct sim_server *server, const struct rig_smp_request *request,
                       struct sim_reply *reply)
{
    const struct rig_smp_value *query = &request->keys[RIG_SMP_KEY_QUERY];

    if (!query->present) {
        rig_cbor_put_text(reply->writer, "bootloader");
        rig_cbor_put_text(reply->writer, "MCUboot");
        return;
    }
    if (query->n_bytes != 4 || memcmp(query->bytes, "mode", 4) != 0) {
        reply->group_rc = OS_RC_NO_ANSWER;
        return;
    }
    rig_cbor_put_text(reply->writer, "mode");
    rig_cbor_put_int(reply->writer, mode_number(server->boot->mode));
    if (server->boot->downgrade != SIM_DOWNGRADE_ALLOWED) {
        rig_cbor_put_text(reply->writer, "no-downgrade");
        rig_cbor_put_bool(reply->writer, true);
    }
}

static void reset(struct sim_server *server, const struct rig_smp_request *request, struct sim_reply *reply)
{
    const struct rig_smp_value *force = &request->keys[RIG_SMP_KEY_FORCE];
    const struct rig_smp_value *mode = &request->keys[RIG_SMP_KEY_BOOT_MODE];

    if (server->config->refuses_reset && !(force->present && force->number)) {
        reply->rc = RIG_SMP_RC_BUSY;
        return;
    }
    server->app->reset_wanted = true;
    server->retained->updater_wanted = mode->present && mode->number == 1;
}

void sim_os_handle(struct sim_server *server, const struct rig_smp_request *request, struct sim_reply *reply)
{
    switch (request->header.command) {
    case RIG_SMP_OS_ECHO:
        echo(request, reply);
        break;
    case RIG_SMP_OS_RESET:
        reset(server, request, reply);
        break;
    case RIG_SMP_OS_PARAMETERS:
        parameters(server, reply);
        break;
    case RIG_SMP_OS_INFO:
        system_facts(request, reply);
        break;
    case RIG_SMP_OS_BOOTLOADER:
        bootloader(server, request, reply);
        break;
    default:
        reply->rc = RIG_SMP_RC_NOT_SUPPORTED;
    }
}
