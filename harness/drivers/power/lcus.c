/* SPDX-License-Identifier: GPL-3.0-or-later */
/* LCUS and NOYITO relays on a serial port: A0 frames, and the states where a board tells them. */
#include "drivers/power/driver.h"

#include "base/error.h"
#include "drivers/power/lcus_frame.h"
#include "transport/serial.h"

#define BAUD 9600
#define TIMEOUT_MS 1000
#define SHARE_MS 2000 /* so long an operation of another board on the same relay may take */
#define ANSWER_MS 1000
#define MAX_ANSWER_BYTES 256
#define ASK_STATES 0xff

struct lcus {
    struct rig_channel channel;
    char *tty;
    struct rig_serial *serial; /* NULL between operations: other boards hang on the other channels */
    guint8 number;
};

static bool lcus_begin(struct rig_channel *channel, GError **error)
{
    struct lcus *lcus = (struct lcus *)channel;

    lcus->serial = rig_serial_open_shared(lcus->tty, BAUD, SHARE_MS, error);
    return lcus->serial != NULL;
}

static void lcus_end(struct rig_channel *channel)
{
    struct lcus *lcus = (struct lcus *)channel;

    g_clear_pointer(&lcus->serial, rig_serial_free);
}

static bool lcus_write(struct rig_channel *channel, bool on, GError **error)
{
    struct lcus *lcus = (struct lcus *)channel;
    guint8 frame[RIG_LCUS_FRAME_BYTES];

    rig_lcus_frame(lcus->number, on, frame);
    return rig_serial_write(lcus->serial, frame, sizeof frame, TIMEOUT_MS, error);
}

static bool lcus_read(struct rig_channel *channel, bool *on, GError **error)
{
    struct lcus *lcus = (struct lcus *)channel;
    const guint8 ask = ASK_STATES;
    char answer[MAX_ANSWER_BYTES];
    gsize n_bytes = 0;
    gsize n = 1;

    if (!rig_serial_drain(lcus->serial, 0, TIMEOUT_MS, error) ||
        !rig_serial_write(lcus->serial, &ask, 1, TIMEOUT_MS, error))
        return false;
    while (n > 0 && n_bytes < sizeof answer) {
        if (!rig_serial_read(lcus->serial, answer + n_bytes, sizeof answer - n_bytes, ANSWER_MS, &n, error))
            return false;
        n_bytes += n;
        if (rig_lcus_state(answer, n_bytes, lcus->number, on))
            return true;
    }
    g_set_error(error, RIG_ERROR, RIG_ERROR_DEVICE, "serial port %s: %s", rig_serial_path(lcus->serial),
                n_bytes ? "its answer does not tell the state of this channel"
                        : "it does not answer; boards of one channel often cannot (status: false)");
    return false;
}

static bool lcus_is_gone(struct rig_channel *channel)
{
    return rig_serial_is_gone(((struct lcus *)channel)->serial);
}

static void lcus_free(struct rig_channel *channel)
{
    g_free(((struct lcus *)channel)->tty);
    g_free(channel);
}

static const struct rig_channel_ops ops_mute = {.name = "lcus",
                                                .n_tries = 1,
                                                .write = lcus_write,
                                                .begin = lcus_begin,
                                                .end = lcus_end,
                                                .is_gone = lcus_is_gone,
                                                .free = lcus_free};
static const struct rig_channel_ops ops_telling = {.name = "lcus",
                                                   .n_tries = 2,
                                                   .settle_ms = 50,
                                                   .write = lcus_write,
                                                   .read = lcus_read,
                                                   .begin = lcus_begin,
                                                   .end = lcus_end,
                                                   .is_gone = lcus_is_gone,
                                                   .free = lcus_free};

static struct rig_power *lcus_open(struct rig_power_host *host, const struct rig_record *arguments,
                                   GError **error)
{
    const char *tty = rig_record_text(arguments, "tty");
    struct rig_serial *serial = rig_serial_open_shared(tty, BAUD, SHARE_MS, error);
    struct lcus *lcus;

    (void)host;
    if (!serial)
        return NULL;
    rig_serial_free(serial);
    lcus = g_new0(struct lcus, 1);
    lcus->tty = g_strdup(tty);
    lcus->number = rig_record_u8(arguments, "channel");
    rig_channel_init(&lcus->channel, rig_record_flag(arguments, "status") ? &ops_telling : &ops_mute,
                     g_strdup_printf("LCUS relay at %s, channel %u", tty, lcus->number));
    return &lcus->channel.power;
}

const struct rig_power_driver rig_power_lcus = {.name = "lcus", .open = lcus_open, .keeps_state = true};
