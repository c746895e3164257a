/* SPDX-License-Identifier: GPL-3.0-or-later */
/* termios, poll and deadlines. */
#define _DEFAULT_SOURCE /* line rates above 38400 */
#include "transport/serial.h"

#include "base/error.h"
#include "transport/holder.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#define OPEN_AGAIN_US 2000

struct rig_serial {
    int fd;
    bool gone;
    char *path;
};

struct rate {
    guint baud;
    speed_t speed;
};
static const struct rate rates[] = {
    {9600, B9600},       {19200, B19200},     {38400, B38400},     {57600, B57600},
    {115200, B115200},   {230400, B230400},   {460800, B460800},   {921600, B921600},
    {1000000, B1000000}, {2000000, B2000000}, {3000000, B3000000}, {4000000, B4000000},
};

static bool fail(GError **error, const char *path, const char *doing, int code)
{
    g_autofree char *holder = code == EBUSY || code == EWOULDBLOCK ? rig_holder_text(path) : NULL;
    const char *why = code == ENOENT || code == ENXIO || code == ENODEV ? "it is not there; is it plugged in?"
                      : code == EACCES ? "no permission; 'bootrig doctor' tells the group"
                      : holder         ? holder
                      : code == ENOTTY ? "it is not a serial port"
                                       : g_strerror(code);

    g_set_error(error, RIG_ERROR, RIG_ERROR_DEVICE, "serial port %s: %s: %s", path, doing, why);
    return false;
}

static bool lost(struct rig_serial *serial, const char *doing, int code, GError **error)
{
    if (code != EIO && code != ENXIO && code != ENODEV && code != 0)
        return fail(error, serial->path, doing, code);
    serial->gone = true;
    g_set_error(error, RIG_ERROR, RIG_ERROR_DEVICE, "serial port %s: %s: it was unplugged", serial->path,
                doing);
    return false;
}

static bool find_speed(guint baud, speed_t *speed, GError **error)
{
    for (guint i = 0; i < G_N_ELEMENTS(rates); i++) {
        if (rates[i].baud == baud) {
            *speed = rates[i].speed;
            return true;
        }
    }
    g_set_error(error, RIG_ERROR, RIG_ERROR_INPUT, "there is no line rate of %u baud", baud);
    return false;
}

/* 0, or an errno. */
static int configure(int fd, speed_t speed)
{
    struct termios line;

    if (tcgetattr(fd, &line) != 0)
        return errno;
    line.c_iflag = IGNPAR;
    line.c_oflag = 0;
    line.c_lflag = 0;
    line.c_cflag = CS8 | CREAD | CLOCAL;
    line.c_cc[VMIN] = 0;
    line.c_cc[VTIME] = 0;
    if (cfsetispeed(&line, speed) != 0 || cfsetospeed(&line, speed) != 0 ||
        tcsetattr(fd, TCSANOW, &line) != 0)
        return errno;
    tcflush(fd, TCIOFLUSH);
    return 0;
}

/* TIOCEXCL keeps out everybody but root, the lock keeps out our own kind whoever it is. */
static int take(int fd)
{
    if (flock(fd, LOCK_EX | LOCK_NB) != 0)
        return errno;
    return ioctl(fd, TIOCEXCL) == 0 ? 0 : errno;
}

struct rig_serial *rig_serial_open(const char *path, guint baud, GError **error)
{
    return rig_serial_open_shared(path, baud, 0, error);
}

/* 0, or an errno; *fd: -1 unless it is 0. */
static int open_once(const char *path, int *fd)
{
    int code;

    *fd = open(path, O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);
    code = *fd < 0 ? errno : isatty(*fd) ? take(*fd) : ENOTTY;
    if (code != 0 && *fd >= 0)
        close(*fd);
    if (code != 0)
        *fd = -1;
    return code;
}

struct rig_serial *rig_serial_open_shared(const char *path, guint baud, guint wait_ms, GError **error)
{
    gint64 until_us = g_get_monotonic_time() + (gint64)wait_ms * 1000;
    g_autoptr(rig_serial) serial = g_new0(struct rig_serial, 1);
    speed_t speed;
    int code;

    serial->fd = -1;
    serial->path = g_strdup(path);
    if (!find_speed(baud, &speed, error))
        return NULL;
    while (((code = open_once(path, &serial->fd)) == EWOULDBLOCK || code == EBUSY) &&
           g_get_monotonic_time() < until_us)
        g_usleep(OPEN_AGAIN_US);
    if (code == 0)
        code = configure(serial->fd, speed);
    if (code == 0)
        return g_steal_pointer(&serial);
    fail(error, path, "cannot open it", code);
    return NULL;
}

void rig_serial_free(struct rig_serial *serial)
{
    if (!serial)
        return;
    if (serial->fd >= 0) {
        ioctl(serial->fd, TIOCNXCL);
        close(serial->fd);
    }
    g_free(serial->path);
    g_free(serial);
}

char *rig_serial_device(const char *path)
{
    char *real = realpath(path, NULL);
    char *device = g_strdup(real ? real : path);

    free(real);
    return device;
}

const char *rig_serial_path(const struct rig_serial *serial)
{
    return serial->path;
}

bool rig_serial_is_gone(const struct rig_serial *serial)
{
    return serial->gone;
}

static int remaining_ms(gint64 until_us)
{
    gint64 left_us = until_us - g_get_monotonic_time();

    return left_us <= 0 ? 0 : (int)MIN((left_us + 999) / 1000, G_MAXINT);
}

/* *ready: there is something to do; false and no error: the deadline passed. */
static bool wait_ready(struct rig_serial *serial, short events, gint64 until_us, const char *doing,
                       bool *ready, GError **error)
{
    struct pollfd line = {.fd = serial->fd, .events = events};
    int n;

    do
        n = poll(&line, 1, remaining_ms(until_us));
    while (n < 0 && errno == EINTR);
    if (n < 0)
        return lost(serial, doing, errno, error);
    *ready = (line.revents & events) != 0;
    if (!*ready && (line.revents & (POLLHUP | POLLERR | POLLNVAL)))
        return lost(serial, doing, 0, error);
    return true;
}

bool rig_serial_write(struct rig_serial *serial, const void *bytes, gsize n_bytes, guint timeout_ms,
                      GError **error)
{
    gint64 until_us = g_get_monotonic_time() + (gint64)timeout_ms * 1000;
    const guint8 *at = bytes;

    while (n_bytes > 0) {
        bool ready = false;
        ssize_t n;

        if (!wait_ready(serial, POLLOUT, until_us, "cannot write", &ready, error))
            return false;
        if (!ready)
            return fail(error, serial->path, "cannot write", ETIMEDOUT);
        n = write(serial->fd, at, n_bytes);
        if (n < 0 && errno != EAGAIN && errno != EINTR)
            return lost(serial, "cannot write", errno, error);
        at += MAX(n, 0);
        n_bytes -= (gsize)MAX(n, 0);
    }
    return true;
}

bool rig_serial_read(struct rig_serial *serial, void *bytes, gsize n_max, guint timeout_ms, gsize *n_read,
                     GError **error)
{
    gint64 until_us = g_get_monotonic_time() + (gint64)timeout_ms * 1000;
    bool ready = false;
    ssize_t n;

    *n_read = 0;
    if (!wait_ready(serial, POLLIN, until_us, "cannot read", &ready, error))
        return false;
    if (!ready)
        return true;
    n = read(serial->fd, bytes, n_max);
    if (n < 0 && (errno == EAGAIN || errno == EINTR))
        return true;
    /* poll said that there is something: the end of a line that cannot end is its loss. */
    if (n <= 0)
        return lost(serial, "cannot read", n < 0 ? errno : 0, error);
    *n_read = (gsize)n;
    return true;
}

bool rig_serial_drain(struct rig_serial *serial, guint quiet_ms, guint limit_ms, GError **error)
{
    gint64 until_us = g_get_monotonic_time() + (gint64)limit_ms * 1000;
    guint8 bytes[4096];
    gsize n = 1;

    while (n > 0) {
        if (!rig_serial_read(serial, bytes, sizeof bytes, quiet_ms, &n, error))
            return false;
        if (n > 0 && g_get_monotonic_time() > until_us) {
            g_set_error(error, RIG_ERROR, RIG_ERROR_DEVICE, "serial port %s: it does not stop talking",
                        serial->path);
            return false;
        }
    }
    return true;
}
