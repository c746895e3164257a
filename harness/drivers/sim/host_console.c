/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A pseudo-terminal with lines, frames and faults. */
#include "drivers/sim/host_console.h"

#include "base/error.h"
#include "drivers/sim/pty.h"
#include "protocol/smp/console_frame.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#define MAX_PRINTED (4u * 1024 * 1024)
#define MAX_NOISE 4096u

struct rig_host_console {
    struct rig_pty pty;
    struct rig_smp_console parts;
    GRand *random;
    guint n_noise;  /* bytes before each line and frame */
    guint one_lost; /* of so many, both ways; 0: none */
    guint n_sent, n_taken;
    bool echo;
};

struct rig_host_console *rig_host_console_new(GError **error)
{
    g_autoptr(rig_host_console) console = g_new0(struct rig_host_console, 1);

    console->random = g_rand_new_with_seed(1);
    rig_smp_console_init(&console->parts);
    if (rig_pty_open(&console->pty))
        return g_steal_pointer(&console);
    g_set_error(error, RIG_ERROR, RIG_ERROR_IO, "cannot make a pseudo-terminal: %s", g_strerror(errno));
    return NULL;
}

void rig_host_console_free(struct rig_host_console *console)
{
    if (!console)
        return;
    rig_pty_close(&console->pty);
    g_rand_free(console->random);
    g_free(console);
}

const char *rig_host_console_path(const struct rig_host_console *console)
{
    return console->pty.path;
}

int rig_host_console_fd(const struct rig_host_console *console)
{
    return console->pty.master;
}

/* Takes every so-manyth byte out; returns how many are left. */
static gsize lose(const struct rig_host_console *console, guint *n_passed, guint8 *bytes, gsize n_bytes)
{
    gsize n_kept = 0;

    for (gsize i = 0; i < n_bytes; i++)
        if (!console->one_lost || ++*n_passed % console->one_lost != 0)
            bytes[n_kept++] = bytes[i];
    return n_kept;
}

static void say(struct rig_host_console *console, const void *bytes, gsize n_bytes)
{
    g_autofree guint8 *wire = g_malloc(console->n_noise + n_bytes);
    gsize n_wire;

    for (guint i = 0; i < console->n_noise; i++)
        wire[i] = (guint8)g_rand_int_range(console->random, 0, 256);
    memcpy(wire + console->n_noise, bytes, n_bytes);
    n_wire = lose(console, &console->n_sent, wire, console->n_noise + n_bytes);
    if (console->pty.master >= 0 && write(console->pty.master, wire, n_wire) < 0)
        return; /* full: nobody reads */
}

void rig_host_console_line(struct rig_host_console *console, const char *line)
{
    g_autofree char *text = g_strconcat(line, "\r\n", NULL);

    say(console, text, strlen(text));
}

void rig_host_console_answer(struct rig_host_console *console, const guint8 *message, gsize n_bytes)
{
    gsize room = rig_smp_frame_room(n_bytes);
    g_autofree guint8 *frames = g_malloc(room);

    say(console, frames, rig_smp_frame_encode(message, n_bytes, frames, room));
}

static void take_bytes(struct rig_host_console *console, const guint8 *bytes, gsize n_bytes,
                       void (*take)(void *user, const guint8 *message, gsize n_bytes), void *user)
{
    while (n_bytes > 0) {
        gsize n_taken, n_message;

        if (rig_smp_console_take(&console->parts, bytes, n_bytes, &n_taken) == RIG_SMP_CONSOLE_MESSAGE) {
            const guint8 *message = rig_smp_console_message(&console->parts, &n_message);

            take(user, message, n_message);
        }
        bytes += n_taken;
        n_bytes -= n_taken;
    }
}

void rig_host_console_read(struct rig_host_console *console,
                           void (*take)(void *user, const guint8 *message, gsize n_bytes), void *user)
{
    guint8 bytes[4096];
    gssize n;

    while (console->pty.master >= 0 && (n = read(console->pty.master, bytes, sizeof bytes)) > 0) {
        gsize n_kept = lose(console, &console->n_taken, bytes, (gsize)n);

        if (console->echo)
            say(console, bytes, n_kept);
        take_bytes(console, bytes, n_kept, take, user);
    }
}

/* One line of so many letters. */
static void print(struct rig_host_console *console, gsize n_letters)
{
    static const char end[] = "\r\n";
    char letters[1024];
    gint64 until_us = g_get_monotonic_time() + 5 * G_USEC_PER_SEC;

    memset(letters, 'x', sizeof letters);
    while (n_letters > 0 && console->pty.master >= 0 && g_get_monotonic_time() < until_us) {
        gssize n = write(console->pty.master, letters, MIN(n_letters, sizeof letters));

        if (n > 0)
            n_letters -= (gsize)n;
        else
            g_usleep(100); /* this one line is to come whole: somebody reads it */
    }
    say(console, end, sizeof end - 1);
}

bool rig_host_console_command(struct rig_host_console *console, JsonObject *request, GError **error)
{
    guint64 value = 0;

    if (rig_control_count(request, "noise", MAX_NOISE, &value))
        console->n_noise = (guint)value;
    else if (rig_control_count(request, "lose", G_MAXINT, &value))
        console->one_lost = (guint)value;
    else if (rig_control_count(request, "print", MAX_PRINTED, &value))
        print(console, (gsize)value);
    else if (json_object_has_member(request, "echo"))
        console->echo = rig_control_flag(request, "echo", false);
    else if (rig_control_flag(request, "hang-up", false))
        rig_pty_close(&console->pty);
    else {
        g_set_error_literal(
            error, RIG_ERROR, RIG_ERROR_INPUT,
            "'console' wants \"noise\": 20, \"lose\": 300, \"echo\": true, \"print\": 100000 or "
            "\"hang-up\": true");
        return false;
    }
    return true;
}
