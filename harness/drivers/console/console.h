/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Role: what the board prints, over whatever carries its bytes: a serial port, a pseudo-terminal, a TCP or
 * unix socket (ser2net, QEMU, openocd's RTT server). A thread of its own reads it, so that each line has the
 * instant of its arrival and a line can be acted upon at once, whatever else the run is doing. SMP frames
 * among the lines are taken out: see drivers/serial/. */
#ifndef RIG_DRIVERS_CONSOLE_CONSOLE_H
#define RIG_DRIVERS_CONSOLE_CONSOLE_H

#include <glib.h>
#include <stdbool.h>

G_BEGIN_DECLS

#define RIG_CONSOLE_MAX_LINES 20000u /* that wait to be taken; later ones are dropped */
#define RIG_CONSOLE_MAX_MESSAGES 64u /* likewise: a server without buffers drops as well */

struct rig_console;

/* Where it is: tty, else host and port. */
struct rig_console_place {
    const char *tty;  /* a serial port, or a unix socket that stands for one */
    guint32 baud;     /* of a serial port; 0 = 115200 */
    const char *host; /* numeric address or name */
    guint16 port;
    bool raw; /* nothing but whole SMP messages, without frames: there are no lines */
};

/* What came before on a serial port is thrown away. RIG_ERROR_DEVICE or RIG_ERROR_IO names port or socket,
 * and the remedy. */
struct rig_console *rig_console_open_at(const struct rig_console_place *place,
                                        GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* Whatever a channel of the caller's own carries; it is taken. */
struct rig_byte_channel;
struct rig_console *rig_console_open_on(struct rig_byte_channel *channel) G_GNUC_WARN_UNUSED_RESULT;
void rig_console_free(struct rig_console *console);
typedef struct rig_console rig_console;
G_DEFINE_AUTOPTR_CLEANUP_FUNC(rig_console, rig_console_free)

/* The next line without its end, owned by the caller; NUL bytes as "\x00", what is beyond 4096 bytes cut off
 * with a mark, else as the board sent it; empty lines are left out. at_us: g_get_monotonic_time() of its end.
 * NULL: none waits. */
char *rig_console_take(struct rig_console *console, gint64 *at_us);
/* The next SMP message that came in frames, owned by the caller. NULL: none waits. */
GBytes *rig_console_take_message(struct rig_console *console);
/* Readable while lines or messages wait, or when the console is gone. */
int rig_console_fd(const struct rig_console *console);
/* Unplugged, hung up: false with RIG_ERROR_DEVICE that names port or socket. */
bool rig_console_is_there(struct rig_console *console, GError **error);
/* When the last byte came; 0: none yet. */
gint64 rig_console_last_us(struct rig_console *console);
/* Frames and messages that were dropped as damaged. */
guint rig_console_n_damaged(struct rig_console *console);

/* Hands the bytes to the board's end. *taken false: it did not take them all in time, so it does not listen.
 * false: gone. */
bool rig_console_write(struct rig_console *console, const void *bytes, gsize n_bytes, bool *taken,
                       GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Calls `seen` once, in the console's own thread, as soon as a line holds `piece` (before its end has come).
 * The text is copied; a new watch takes the place of the one before. */
typedef void (*rig_console_seen)(void *user, gint64 at_us);
void rig_console_watch(struct rig_console *console, const char *piece, rig_console_seen seen, void *user);
/* After this `seen` does not run any more. */
void rig_console_forget(struct rig_console *console);

/* --- channels: what carries the bytes; for those who bring their own --- */

struct rig_byte_channel_ops {
    /* *n_read 0: nothing came in time. false: gone. */
    bool (*read)(struct rig_byte_channel *channel, guint8 *bytes, gsize n_max, guint timeout_ms,
                 gsize *n_read, GError **error);
    bool (*write)(struct rig_byte_channel *channel, const void *bytes, gsize n_bytes, bool *taken,
                  GError **error);
    void (*free)(struct rig_byte_channel *channel);
};
struct rig_byte_channel {
    const struct rig_byte_channel_ops *ops;
};

G_END_DECLS

#endif
