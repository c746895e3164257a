/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Sockets to the controller, the clock, and a controller that goes and comes back. */
#include "drivers/sim/radio.h"

#include "base/error.h"
#include "transport/hci.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define RETRY_US 1000000
#define GOODBYE_US 500000
#define READ_BYTES 4096
/* An emulated controller has no air: what takes a connection interval for so many small packets arrives at
 * once, and overruns a board whose flash has its turn between radio events. 30 ms is what legacy bootloaders
 * ask for at most. */
#define SMALL_MTU 23u
#define SMALL_PACKET_BYTES 32u /* one write of 20 bytes with its headers */
#define INTERVAL_US 30000

struct rig_sim_radio {
    struct sim_board *board;
    struct sim_stack *stack;
    char *where;
    int fd;
    gint64 retry_us;
    gint64 air_us; /* when the next small packet may come */
    rig_sim_radio_line line;
    void *line_user;
};

static guint64 now_us(void)
{
    return (guint64)g_get_monotonic_time();
}

static void hang_up(struct rig_sim_radio *radio, const char *why)
{
    if (radio->fd < 0)
        return;
    close(radio->fd);
    radio->fd = -1;
    radio->retry_us = g_get_monotonic_time() + RETRY_US;
    if (radio->line && why)
        radio->line(radio->line_user, why);
    sim_stack_close(radio->stack, now_us());
}

static void on_send(void *user, const uint8_t *packet, size_t n_bytes)
{
    struct rig_sim_radio *radio = user;

    if (radio->fd < 0)
        return;
    /* Few packets are ever in flight: a controller that has no room for one does not read any more. An error
     * shows at the next read, too. */
    if (send(radio->fd, packet, n_bytes, MSG_NOSIGNAL | MSG_DONTWAIT) != (ssize_t)n_bytes)
        shutdown(radio->fd, SHUT_RDWR);
}

static struct sim_stack_version on_version(void *user)
{
    struct rig_image_version version = sim_board_view(((struct rig_sim_radio *)user)->board).image.version;

    return (struct sim_stack_version){version.major, version.minor, version.revision};
}

static void on_tell(void *user, const char *line)
{
    struct rig_sim_radio *radio = user;

    if (radio->line)
        radio->line(radio->line_user, line);
}

static int open_unix(const char *path, GError **error)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int fd;

    if (strlen(path) >= sizeof address.sun_path) {
        g_set_error(error, RIG_ERROR, RIG_ERROR_USAGE,
                    "the path of the controller's socket is too long: '%s'", path);
        return -1;
    }
    memcpy(address.sun_path, path, strlen(path));
    fd = socket(AF_UNIX, SOCK_STREAM, 0);
    if (fd >= 0 && connect(fd, (const struct sockaddr *)&address, sizeof address) == 0)
        return fd;
    g_set_error(error, RIG_ERROR, RIG_ERROR_IO,
                "cannot reach a controller at '%s': %s; 'btvirt -s' makes such sockets (/tmp/bt-server-le)",
                path, g_strerror(errno));
    if (fd >= 0)
        close(fd);
    return -1;
}

static const char *adapter_remedy(int problem)
{
    switch (problem) {
    case EBUSY:
        return "it is in use: power it off first (btmgmt --index N power off)";
    case ENODEV:
        return "there is no such adapter";
    case EPERM:
    case EACCES:
        return "this takes the capability CAP_NET_ADMIN, or root";
    case EAFNOSUPPORT:
        return "this kernel has no Bluetooth";
    default:
        return "the kernel does not hand it out";
    }
}

static bool is_adapter(const char *where)
{
    return g_str_has_prefix(where, "hci") && where[3] && strspn(where + 3, "0123456789") == strlen(where + 3);
}

static int open_adapter(const char *name, GError **error)
{
    guint64 number = 0;
    int fd;

    if (!g_ascii_string_to_unsigned(name + 3, 10, 0, 0xfffe, &number, error))
        return -1;
    fd = rig_hci_open((guint16)number, RIG_HCI_CHANNEL_USER);
    if (fd < 0)
        g_set_error(error, RIG_ERROR, RIG_ERROR_IO, "cannot take over the adapter '%s': %s; %s", name,
                    g_strerror(errno), adapter_remedy(errno));
    return fd;
}

/* Adapters of hci_vhci hang on no device: what answers behind them is an emulator, as it is behind a socket.
 */
static bool is_virtual(const char *where)
{
    g_autofree char *link = g_strdup_printf("/sys/class/bluetooth/%s", where);
    char target[PATH_MAX];
    ssize_t n_bytes;

    if (!is_adapter(where))
        return true;
    n_bytes = readlink(link, target, sizeof target - 1);
    if (n_bytes < 0)
        return false;
    target[n_bytes] = '\0';
    return strstr(target, "/virtual/") != NULL;
}

static bool open_controller(struct rig_sim_radio *radio, GError **error)
{
    const char *path = g_str_has_prefix(radio->where, "unix:") ? radio->where + 5 : radio->where;

    radio->fd = is_adapter(radio->where) ? open_adapter(radio->where, error) : open_unix(path, error);
    if (radio->fd < 0)
        return false;
    fcntl(radio->fd, F_SETFD, FD_CLOEXEC);
    fcntl(radio->fd, F_SETFL, O_NONBLOCK);
    sim_stack_open(radio->stack, now_us());
    return true;
}

struct rig_sim_radio *rig_sim_radio_new(struct sim_board *board, const char *where,
                                        const struct sim_stack_config *config, GError **error)
{
    g_autoptr(rig_sim_radio) radio = g_new0(struct rig_sim_radio, 1);
    struct sim_stack_ports ports = {.user = radio, .send = on_send, .version = on_version, .tell = on_tell};
    struct sim_stack_config with_controller = *config;
    struct sim_ble_config ble = sim_board_config(board)->ble;
    const char *why = NULL;

    radio->board = board;
    radio->fd = -1;
    radio->where = g_strdup(where);
    with_controller.virtual_controller = is_virtual(where);
    ble.connection_interval_us = ble.service_us = 1; /* link and process have a pace of their own */
    sim_board_set_ble(board, &ble);
    radio->stack = sim_stack_new(sim_board_ble(board), &with_controller, &ports, &why);
    if (!radio->stack) {
        g_set_error_literal(error, RIG_ERROR, RIG_ERROR_INPUT, why);
        return NULL;
    }
    if (!open_controller(radio, error))
        return NULL;
    return g_steal_pointer(&radio);
}

/* A controller that has nothing to say about it is not waited for long. */
static void say_goodbye(struct rig_sim_radio *radio)
{
    gint64 deadline_us = g_get_monotonic_time() + GOODBYE_US;
    struct pollfd polled = {.fd = radio->fd, .events = POLLIN};

    while (radio->fd >= 0 && g_get_monotonic_time() < deadline_us &&
           sim_stack_leave(radio->stack, now_us())) {
        if (poll(&polled, 1, 10) > 0)
            rig_sim_radio_serve(radio);
    }
}

void rig_sim_radio_free(struct rig_sim_radio *radio)
{
    if (!radio)
        return;
    radio->line = NULL;
    say_goodbye(radio);
    hang_up(radio, NULL);
    sim_stack_free(radio->stack);
    g_free(radio->where);
    g_free(radio);
}

void rig_sim_radio_on_line(struct rig_sim_radio *radio, rig_sim_radio_line line, void *user)
{
    radio->line = line;
    radio->line_user = user;
}

/* 0: as they come. */
static gint64 gap_us(const struct rig_sim_radio *radio)
{
    const struct sim_ble *ble = sim_board_ble(radio->board);
    guint n_packets =
        !is_adapter(radio->where) && ble->mtu == SMALL_MTU ? ble->services.commands_per_interval : 0;

    return n_packets ? INTERVAL_US / n_packets : 0;
}

int rig_sim_radio_fd(const struct rig_sim_radio *radio)
{
    return g_get_monotonic_time() < radio->air_us ? -1 : radio->fd;
}

void rig_sim_radio_serve(struct rig_sim_radio *radio)
{
    guint8 bytes[READ_BYTES];
    gssize n_bytes = 0;
    gint64 wait_us = gap_us(radio);

    if (wait_us)
        radio->air_us = g_get_monotonic_time() + wait_us;
    while (radio->fd >= 0 &&
           (n_bytes = read(radio->fd, bytes, wait_us ? SMALL_PACKET_BYTES : sizeof bytes)) != -1) {
        if (n_bytes == 0) {
            hang_up(radio, "controller: gone");
            return;
        }
        sim_stack_receive(radio->stack, now_us(), bytes, (size_t)n_bytes);
        if (wait_us)
            return;
    }
    if (radio->fd >= 0 && errno != EAGAIN && errno != EINTR)
        hang_up(radio, "controller: gone");
}

/* A controller that cannot be used is dropped and tried again like one that went away. */
static void look_after_controller(struct rig_sim_radio *radio)
{
    if (radio->fd >= 0 && sim_stack_fault(radio->stack))
        hang_up(radio, "controller: let go, to be looked for again");
    if (radio->fd < 0 && g_get_monotonic_time() >= radio->retry_us && !open_controller(radio, NULL))
        radio->retry_us = g_get_monotonic_time() + RETRY_US;
}

void rig_sim_radio_tick(struct rig_sim_radio *radio)
{
    look_after_controller(radio);
    if (radio->fd >= 0)
        sim_stack_tick(radio->stack, now_us());
}

char *rig_sim_radio_command(struct rig_sim_radio *radio, const char *line)
{
    char answer[SIM_STACK_ANSWER_BYTES];

    return sim_stack_command(radio->stack, now_us(), line, answer, sizeof answer) ? g_strdup(answer) : NULL;
}

char *rig_sim_radio_status(const struct rig_sim_radio *radio)
{
    char text[SIM_STACK_ANSWER_BYTES];

    sim_stack_status(radio->stack, text, sizeof text);
    return g_strdup(text);
}
