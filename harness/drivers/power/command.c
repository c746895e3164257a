/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A supply that programs of the lab switch: one for on, one for off, perhaps one that tells. */
#include "drivers/power/driver.h"

#include "base/error.h"
#include "transport/process.h"

#include <string.h>

#define MAX_OUTPUT_BYTES 4096
#define SHOWN_OUTPUT 200

struct command_power {
    struct rig_channel channel;
    char **on;
    char **off;
    char **status; /* NULL: nobody tells */
    gint64 within_us;
};

static char **argv_of(const char *const *program)
{
    return program && *program ? g_strdupv((char **)program) : NULL;
}

static char *shown(const GString *output)
{
    g_autofree char *text = g_utf8_make_valid(output->str, (gssize)MIN(output->len, SHOWN_OUTPUT));

    g_strdelimit(text, "\r\n\t\033", ' ');
    return g_strdup(g_strstrip(text));
}

static bool run(struct command_power *power, char **argv, GString *output, GError **error)
{
    const struct rig_run_limits limits = {.within_us = power->within_us, .max_output = MAX_OUTPUT_BYTES};
    g_autofree char *said = NULL;
    int exit_code = 0;

    if (!rig_process_run((const char *const *)argv, &limits, output, &exit_code, error))
        return false;
    if (exit_code == 0)
        return true;
    said = shown(output);
    if (exit_code > 128)
        g_set_error(error, RIG_ERROR, RIG_ERROR_DEVICE, "'%s' died of signal %d", argv[0], exit_code - 128);
    else
        g_set_error(error, RIG_ERROR, RIG_ERROR_DEVICE, "'%s' ended with status %d%s%s", argv[0], exit_code,
                    *said ? ": " : "", said);
    return false;
}

static bool command_write(struct rig_channel *channel, bool on, GError **error)
{
    struct command_power *power = (struct command_power *)channel;
    g_autoptr(GString) output = g_string_new(NULL);

    return run(power, on ? power->on : power->off, output, error);
}

static bool command_read(struct rig_channel *channel, bool *on, GError **error)
{
    struct command_power *power = (struct command_power *)channel;
    g_autoptr(GString) output = g_string_new(NULL);
    g_autofree char *said = NULL;
    g_autofree char *word = NULL;

    if (!run(power, power->status, output, error))
        return false;
    word = g_ascii_strdown(output->str, (gssize)strcspn(output->str, "\r\n"));
    g_strstrip(word);
    *on = strcmp(word, "on") == 0;
    if (*on || strcmp(word, "off") == 0)
        return true;
    said = shown(output);
    g_set_error(error, RIG_ERROR, RIG_ERROR_DEVICE, "'%s' has to print 'on' or 'off' and printed '%s'",
                power->status[0], said);
    return false;
}

static void command_free(struct rig_channel *channel)
{
    struct command_power *power = (struct command_power *)channel;

    g_strfreev(power->on);
    g_strfreev(power->off);
    g_strfreev(power->status);
    g_free(power);
}

/* One try: a program that fails has said so on purpose. */
static const struct rig_channel_ops ops = {
    .name = "command", .n_tries = 1, .write = command_write, .read = command_read, .free = command_free};

static struct rig_power *command_open(struct rig_power_host *host, const struct rig_record *arguments,
                                      GError **error)
{
    const struct rig_power_command_spec *spec = RIG_STRUCT(arguments, struct rig_power_command_spec);
    struct command_power *power = g_new0(struct command_power, 1);

    (void)host;
    (void)error;
    power->on = argv_of(spec->on);
    power->off = argv_of(spec->off);
    power->status = argv_of(spec->status);
    power->channel.mute = !power->status;
    power->within_us = (gint64)spec->within_us;
    rig_channel_init(&power->channel, &ops, g_strdup_printf("command '%s'", power->off[0]),
                     g_strjoinv(" ", power->off));
    return &power->channel.power;
}

const struct rig_power_driver rig_power_command = {
    .name = "command", .open = command_open, .keeps_state = true};
