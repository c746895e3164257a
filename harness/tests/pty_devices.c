/* SPDX-License-Identifier: GPL-3.0-or-later */
/* One thread per device: reads commands from the pty's master, answers, and streams samples by the clock. */
#define _GNU_SOURCE
#include "tests/pty_devices.h"

#include "base/bytes.h"

#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#define TICK_MS 1
#define SAMPLES_PER_MS 100
#define IDLE_UA 0.2

struct pty_device {
    int master;
    int slave; /* kept open, so that the line stays raw and nothing is lost before the driver comes */
    char *path;
    GThread *thread;
    GMutex lock;
    bool stop;
    enum pty_fault fault;
    void (*take)(struct pty_device *device, const guint8 *bytes, gsize n_bytes);
    guint states;
    guint millivolts;
    gint64 off_at_us;
    double load_ua;
    bool streaming;
    guint8 sequence;
    gint64 streamed_until_us;
    guint8
        unsent[SAMPLES_PER_MS * 4]; /* the rest of a piece that the line did not take: samples stay whole */
    gsize n_unsent;
    guint8 command[8];
    gsize n_command;
};

static void answer(struct pty_device *device, const void *bytes, gsize n_bytes)
{
    if (device->fault == PTY_SILENT)
        return;
    if (device->fault == PTY_HALF)
        n_bytes /= 2;
    if (write(device->master, bytes, n_bytes) < 0)
        device->stop = true;
}

static void lcus_take(struct pty_device *device, const guint8 *bytes, gsize n_bytes)
{
    for (gsize i = 0; i < n_bytes; i++) {
        if (device->n_command == 0 && bytes[i] == 0xff) {
            g_autofree char *text =
                g_strdup_printf("CH1: %s\r\nCH2: %s\r\n", device->states & 1 ? "ON" : "OFF",
                                device->states & 2 ? "ON" : "OFF");

            if (device->fault == PTY_GARBAGE)
                answer(device, "\0\x80noise\r\nCH9: ?\r\n", 17);
            else
                answer(device, text, strlen(text));
            continue;
        }
        device->command[device->n_command++] = bytes[i];
        if (device->n_command < 4)
            continue;
        device->n_command = 0;
        if (device->command[0] == 0xa0 &&
            device->command[3] == (guint8)(0xa0 + device->command[1] + device->command[2]) &&
            device->fault != PTY_STUCK) {
            guint bit = 1u << (device->command[1] - 1);

            device->states = device->command[2] ? device->states | bit : device->states & ~bit;
            if (!device->command[2])
                device->off_at_us = g_get_monotonic_time();
        }
    }
}

static gsize ppk2_command_bytes(guint8 first)
{
    return first == 0x0d ? 3 : first == 0x0c || first == 0x11 ? 2 : 1;
}

static void ppk2_metadata(struct pty_device *device)
{
    static const char text[] =
        "Calibrated: 1\nR0: 1031.64\nR1: 101.65\nR2: 10.15\nR3: 0.94\nR4: 0.043\nGS0: 1\nGI0: 1\nGS2: "
        "0\nGI2: 1\n"
        "O0: 0\nO2: 0\nS2: 0\nI2: 0\nUG2: 1\nIA: -nan\nmode: 2\nvdd: 3000\nHW: 9173\nEND\n";

    if (device->fault == PTY_GARBAGE)
        answer(device, "login: \nPassword:\n", 18);
    else
        answer(device, text, sizeof text - 1);
}

static void ppk2_execute(struct pty_device *device)
{
    const guint8 *command = device->command;

    if (command[0] == 0x19)
        ppk2_metadata(device);
    if (command[0] == 0x0d)
        device->millivolts = rig_get_be16(command + 1);
    if (command[0] == 0x0c && device->fault != PTY_STUCK &&
        (device->fault != PTY_KEEPS_FLOWING || command[1])) {
        device->states = command[1];
        if (!command[1])
            device->off_at_us = g_get_monotonic_time();
    }
    if (command[0] == 0x06 || command[0] == 0x07) {
        device->streaming = command[0] == 0x06 && device->fault != PTY_SILENT;
        device->n_unsent = 0;
        device->streamed_until_us = g_get_monotonic_time();
    }
}

static void ppk2_take(struct pty_device *device, const guint8 *bytes, gsize n_bytes)
{
    for (gsize i = 0; i < n_bytes; i++) {
        device->command[device->n_command++] = bytes[i];
        if (device->n_command < ppk2_command_bytes(device->command[0]))
            continue;
        device->n_command = 0;
        ppk2_execute(device);
    }
}

/* Range 2: 10.15 ohm; I = adc * 4 * (1.8 / 163840) / R. */
static guint32 sample_word(double microamperes, guint8 sequence)
{
    guint32 adc = (guint32)(microamperes * 1e-6 * 10.15 * 163840 / 1.8 / 4);

    return MIN(adc, 0x3fffu) | 2u << 14 | (guint32)(sequence & 0x3f) << 18;
}

/* false: the line is full. */
static bool send_samples(struct pty_device *device)
{
    ssize_t n = device->n_unsent ? write(device->master, device->unsent, device->n_unsent) : 0;

    if (n > 0) {
        device->n_unsent -= (gsize)n;
        memmove(device->unsent, device->unsent + n, device->n_unsent);
    }
    return device->n_unsent == 0;
}

static void stream(struct pty_device *device)
{
    gint64 now_us = g_get_monotonic_time();

    if (device->streaming && now_us - device->streamed_until_us > 100000)
        device->streamed_until_us = now_us;
    while (device->streaming && send_samples(device) && now_us - device->streamed_until_us >= 1000) {
        for (guint i = 0; i < SAMPLES_PER_MS; i++)
            rig_put_le32(device->unsent + 4 * i,
                         sample_word(device->states & 1 ? device->load_ua : IDLE_UA, device->sequence++));
        device->n_unsent = sizeof device->unsent;
        device->streamed_until_us += 1000;
    }
}

static gpointer serve(gpointer user)
{
    struct pty_device *device = user;
    bool stop = false;

    while (!stop) {
        struct pollfd line = {.fd = device->master, .events = POLLIN};
        guint8 bytes[256];
        ssize_t n;

        poll(&line, 1, TICK_MS);
        g_mutex_lock(&device->lock);
        n = line.revents & POLLIN ? read(device->master, bytes, sizeof bytes) : 0;
        if (n > 0)
            device->take(device, bytes, (gsize)n);
        stream(device);
        stop = device->stop;
        g_mutex_unlock(&device->lock);
    }
    return NULL;
}

static struct pty_device *device_new(enum pty_fault fault)
{
    struct pty_device *device = g_new0(struct pty_device, 1);
    struct termios line;

    device->master = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC | O_NONBLOCK);
    g_assert(device->master >= 0 && grantpt(device->master) == 0 && unlockpt(device->master) == 0);
    device->path = g_strdup(ptsname(device->master));
    device->slave = open(device->path, O_RDWR | O_NOCTTY | O_CLOEXEC);
    g_assert(device->slave >= 0 && tcgetattr(device->slave, &line) == 0);
    cfmakeraw(&line);
    tcsetattr(device->slave, TCSANOW, &line);
    g_mutex_init(&device->lock);
    device->fault = fault;
    return device;
}

struct pty_device *pty_lcus_new(enum pty_fault fault)
{
    struct pty_device *device = device_new(fault);

    device->take = lcus_take;
    device->thread = g_thread_new("lcus", serve, device);
    return device;
}

struct pty_device *pty_ppk2_new(enum pty_fault fault, double load_ua, bool was_streaming)
{
    struct pty_device *device = device_new(fault);

    device->take = ppk2_take;
    device->load_ua = load_ua;
    device->streaming = was_streaming;
    device->streamed_until_us = g_get_monotonic_time();
    device->thread = g_thread_new("ppk2", serve, device);
    return device;
}

const char *pty_device_path(const struct pty_device *device)
{
    return device->path;
}

guint pty_device_states(struct pty_device *device)
{
    guint states;

    g_mutex_lock(&device->lock);
    states = device->states;
    g_mutex_unlock(&device->lock);
    return states;
}

guint pty_device_millivolts(struct pty_device *device)
{
    guint millivolts;

    g_mutex_lock(&device->lock);
    millivolts = device->millivolts;
    g_mutex_unlock(&device->lock);
    return millivolts;
}

gint64 pty_device_off_at_us(struct pty_device *device)
{
    gint64 at_us;

    g_mutex_lock(&device->lock);
    at_us = device->off_at_us;
    g_mutex_unlock(&device->lock);
    return at_us;
}

void pty_device_unplug(struct pty_device *device)
{
    if (!device->thread)
        return;
    g_mutex_lock(&device->lock);
    device->stop = true;
    g_mutex_unlock(&device->lock);
    g_thread_join(g_steal_pointer(&device->thread));
    close(device->master);
    close(device->slave);
}

void pty_device_free(struct pty_device *device)
{
    pty_device_unplug(device);
    g_mutex_clear(&device->lock);
    g_free(device->path);
    g_free(device);
}
