/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Reading a console line by line, beside everything else. */
#include "drivers/console/console.h"

#include "transport/serial.h"

#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#define LOOK_AGAIN_MS 50 /* for the end of the thread only: bytes wake it at once */

struct line {
    gint64 at_us;
    char *text;
};

struct rig_console {
    struct rig_serial *serial;
    GThread *reader;
    int wake;
    GMutex lock;
    GMutex watching; /* held while `seen` runs, so that forgetting waits for it; taken before `lock` */
    bool stop;
    GError *lost;
    GQueue lines; /* struct line * */
    GString *partial;
    gint64 last_us;
    char *piece; /* NULL: nothing is watched */
    rig_console_seen seen;
    void *user;
};

static void line_free(gpointer item)
{
    struct line *line = item;

    g_free(line->text);
    g_free(line);
}

static void wake_up(struct rig_console *console)
{
    const guint64 one = 1;

    if (write(console->wake, &one, sizeof one) < 0)
        return; /* it is awake already */
}

static void end_line(struct rig_console *console, gint64 at_us)
{
    struct line *line;

    while (console->partial->len && console->partial->str[console->partial->len - 1] == '\r')
        g_string_truncate(console->partial, console->partial->len - 1);
    if (console->partial->len && g_queue_get_length(&console->lines) < RIG_CONSOLE_MAX_LINES) {
        line = g_new(struct line, 1);
        *line = (struct line){.at_us = at_us, .text = g_strdup(console->partial->str)};
        g_queue_push_tail(&console->lines, line);
    }
    g_string_truncate(console->partial, 0);
}

static bool holds_piece(const struct rig_console *console)
{
    return console->piece && strstr(console->partial->str, console->piece);
}

/* Returns whether the watched piece came. */
static bool add_bytes(struct rig_console *console, const char *bytes, gsize n_bytes, gint64 at_us)
{
    bool seen = false;

    for (gsize i = 0; i < n_bytes; i++) {
        if (bytes[i] == '\n' || console->partial->len >= RIG_CONSOLE_MAX_LINE_BYTES) {
            seen = seen || holds_piece(console);
            end_line(console, at_us);
        }
        if (bytes[i] != '\n' && bytes[i] != '\0')
            g_string_append_c(console->partial, bytes[i]);
    }
    return seen || holds_piece(console);
}

static void take_bytes(struct rig_console *console, const char *bytes, gsize n_bytes)
{
    gint64 now_us = g_get_monotonic_time();
    bool seen;

    g_mutex_lock(&console->watching);
    g_mutex_lock(&console->lock);
    console->last_us = now_us;
    seen = add_bytes(console, bytes, n_bytes, now_us);
    if (seen)
        g_clear_pointer(&console->piece, g_free);
    g_mutex_unlock(&console->lock);
    if (seen)
        console->seen(console->user, now_us);
    g_mutex_unlock(&console->watching);
    wake_up(console);
}

static bool is_stopped(struct rig_console *console)
{
    bool stop;

    g_mutex_lock(&console->lock);
    stop = console->stop;
    g_mutex_unlock(&console->lock);
    return stop;
}

static gpointer read_all(gpointer user)
{
    struct rig_console *console = user;
    GError *error = NULL;
    char bytes[1024];
    gsize n_bytes = 0;

    while (!is_stopped(console) &&
           rig_serial_read(console->serial, bytes, sizeof bytes, LOOK_AGAIN_MS, &n_bytes, &error))
        if (n_bytes)
            take_bytes(console, bytes, n_bytes);
    if (error) {
        g_mutex_lock(&console->lock);
        end_line(console, g_get_monotonic_time());
        console->lost = error;
        g_mutex_unlock(&console->lock);
        wake_up(console);
    }
    return NULL;
}

struct rig_console *rig_console_open(const char *tty, guint baud, GError **error)
{
    struct rig_serial *serial = rig_serial_open(tty, baud, error);
    struct rig_console *console;

    if (!serial)
        return NULL;
    console = g_new0(struct rig_console, 1);
    console->serial = serial;
    console->wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    g_assert(console->wake >= 0);
    g_mutex_init(&console->lock);
    g_mutex_init(&console->watching);
    g_queue_init(&console->lines);
    console->partial = g_string_new(NULL);
    console->reader = g_thread_new("console", read_all, console);
    return console;
}

void rig_console_free(struct rig_console *console)
{
    if (!console)
        return;
    g_mutex_lock(&console->lock);
    console->stop = true;
    g_mutex_unlock(&console->lock);
    g_thread_join(console->reader);
    rig_serial_free(console->serial);
    g_queue_clear_full(&console->lines, line_free);
    g_string_free(console->partial, TRUE);
    g_clear_error(&console->lost);
    g_free(console->piece);
    g_mutex_clear(&console->lock);
    g_mutex_clear(&console->watching);
    close(console->wake);
    g_free(console);
}

char *rig_console_take(struct rig_console *console, gint64 *at_us)
{
    struct line *line;
    char *text = NULL;
    guint64 count;

    g_mutex_lock(&console->lock);
    line = g_queue_pop_head(&console->lines);
    if (!line && !console->lost && read(console->wake, &count, sizeof count) < 0)
        count = 0; /* nothing had woken anybody */
    g_mutex_unlock(&console->lock);
    if (!line)
        return NULL;
    *at_us = line->at_us;
    text = g_steal_pointer(&line->text);
    line_free(line);
    return text;
}

int rig_console_fd(const struct rig_console *console)
{
    return console->wake;
}

bool rig_console_is_there(struct rig_console *console, GError **error)
{
    bool there;

    g_mutex_lock(&console->lock);
    there = !console->lost;
    if (!there && error)
        *error = g_error_copy(console->lost);
    g_mutex_unlock(&console->lock);
    return there;
}

gint64 rig_console_last_us(struct rig_console *console)
{
    gint64 last_us;

    g_mutex_lock(&console->lock);
    last_us = console->last_us;
    g_mutex_unlock(&console->lock);
    return last_us;
}

void rig_console_watch(struct rig_console *console, const char *piece, rig_console_seen seen, void *user)
{
    g_mutex_lock(&console->watching);
    g_mutex_lock(&console->lock);
    g_free(console->piece);
    console->piece = g_strdup(piece);
    console->seen = seen;
    console->user = user;
    g_mutex_unlock(&console->lock);
    g_mutex_unlock(&console->watching);
}

void rig_console_forget(struct rig_console *console)
{
    g_mutex_lock(&console->watching);
    g_mutex_lock(&console->lock);
    g_clear_pointer(&console->piece, g_free);
    g_mutex_unlock(&console->lock);
    g_mutex_unlock(&console->watching);
}
