/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A supply that programs of the lab switch: one for on, one for off, perhaps one that tells. */
#include "drivers/power/driver.h"

#include "base/error.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define MAX_OUTPUT_BYTES 4096
#define LOOK_AGAIN_US 1000
#define SHOWN_OUTPUT 200

struct command_power {
    struct rig_channel channel;
    char **on;
    char **off;
    char **status; /* NULL: nobody tells */
    gint64 within_us;
};

static char **argv_of(const struct rig_record *arguments, const char *name)
{
    const struct rig_value *value = rig_record_get(arguments, name);
    g_autoptr(GPtrArray) words = NULL;

    if (!value || value->items->len == 0)
        return NULL;
    words = g_ptr_array_new();
    for (guint i = 0; i < value->items->len; i++)
        g_ptr_array_add(words, g_strdup(((const struct rig_value *)value->items->pdata[i])->text));
    g_ptr_array_add(words, NULL);
    return (char **)g_ptr_array_free(g_steal_pointer(&words), FALSE);
}

/* A group of its own, so that the deadline reaches what the program has started. */
static void own_group(gpointer unused)
{
    (void)unused;
    setpgid(0, 0);
}

/* Reads until the output ends or the deadline comes; what is too much is read and dropped, so that the
 * program does not block. */
static void collect(int fd, gint64 until_us, GString *output)
{
    char bytes[1024];
    ssize_t n = 1;

    while (n > 0) {
        struct pollfd line = {.fd = fd, .events = POLLIN};
        gint64 left_us = until_us - g_get_monotonic_time();

        if (left_us <= 0 || poll(&line, 1, (int)(left_us / 1000) + 1) == 0)
            return;
        n = read(fd, bytes, sizeof bytes);
        if (n > 0 && output->len < MAX_OUTPUT_BYTES)
            g_string_append_len(output, bytes, MIN(n, (ssize_t)(MAX_OUTPUT_BYTES - output->len)));
        if (n < 0 && errno == EINTR)
            n = 1;
    }
}

/* false: the deadline passed and it was killed. */
static bool await_exit(GPid pid, gint64 until_us, int *status)
{
    while (waitpid(pid, status, WNOHANG) == 0) {
        if (g_get_monotonic_time() >= until_us) {
            kill(-pid, SIGKILL);
            kill(pid, SIGKILL);
            waitpid(pid, status, 0);
            return false;
        }
        g_usleep(LOOK_AGAIN_US);
    }
    return true;
}

static char *shown(const GString *output)
{
    g_autofree char *text = g_utf8_make_valid(output->str, (gssize)MIN(output->len, SHOWN_OUTPUT));

    g_strdelimit(text, "\r\n\t\033", ' ');
    return g_strdup(g_strstrip(text));
}

static bool run(struct command_power *power, char **argv, GString *output, GError **error)
{
    gint64 until_us = g_get_monotonic_time() + power->within_us;
    g_autoptr(GError) failure = NULL;
    g_autofree char *said = NULL;
    int status = 0;
    int out = -1;
    bool ended;
    GPid pid;

    if (!g_spawn_async_with_pipes(NULL, argv, NULL, G_SPAWN_SEARCH_PATH | G_SPAWN_DO_NOT_REAP_CHILD,
                                  own_group, NULL, &pid, NULL, &out, NULL, &failure)) {
        g_set_error(error, RIG_ERROR, RIG_ERROR_DEVICE, "cannot start '%s': %s", argv[0], failure->message);
        return false;
    }
    collect(out, until_us, output);
    ended = await_exit(pid, until_us, &status);
    close(out);
    g_spawn_close_pid(pid);
    if (ended && WIFEXITED(status) && WEXITSTATUS(status) == 0)
        return true;
    said = shown(output);
    if (!ended)
        g_set_error(error, RIG_ERROR, RIG_ERROR_DEVICE,
                    "'%s' did not end within %" G_GINT64_FORMAT " ms and was killed", argv[0],
                    power->within_us / 1000);
    else if (WIFSIGNALED(status))
        g_set_error(error, RIG_ERROR, RIG_ERROR_DEVICE, "'%s' died of signal %d", argv[0], WTERMSIG(status));
    else
        g_set_error(error, RIG_ERROR, RIG_ERROR_DEVICE, "'%s' ended with status %d%s%s", argv[0],
                    WEXITSTATUS(status), *said ? ": " : "", said);
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
static const struct rig_channel_ops ops_mute = {
    .name = "command", .n_tries = 1, .write = command_write, .free = command_free};
static const struct rig_channel_ops ops_telling = {
    .name = "command", .n_tries = 1, .write = command_write, .read = command_read, .free = command_free};

static struct rig_power *command_open(struct rig_power_host *host, const struct rig_record *arguments,
                                      GError **error)
{
    struct command_power *power = g_new0(struct command_power, 1);

    (void)host;
    power->on = argv_of(arguments, "on");
    power->off = argv_of(arguments, "off");
    power->status = argv_of(arguments, "status");
    power->within_us = (gint64)rig_record_count(arguments, "within");
    rig_channel_init(&power->channel, power->status ? &ops_telling : &ops_mute,
                     g_strdup_printf("command '%s'", power->off ? power->off[0] : "(none)"));
    if (power->on && power->off)
        return &power->channel.power;
    g_set_error(error, RIG_ERROR, RIG_ERROR_INPUT, "'on' and 'off' must each name a program");
    rig_power_free(&power->channel.power);
    return NULL;
}

const struct rig_power_driver rig_power_command = {
    .name = "command", .open = command_open, .keeps_state = true};
