/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The poll loop of `bootrig sim`, and the wires that it serves. */
#define _GNU_SOURCE /* ppoll */
#include "drivers/sim/host_server.h"

#include "base/error.h"
#include "drivers/sim/control.h"
#include "drivers/sim/host.h"
#include "drivers/sim/pty.h"
#include "protocol/smp/console_frame.h"
#include "sim/chip/debug/stlink.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <glib-unix.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#define MAX_CLIENTS 4u
#define MAX_DATAGRAM_BYTES 4096u
#define TICK_US 1000u
#define RESTING_TICK_US 20000u

/* --- the console: a pseudo-terminal that carries lines and, in frames among them, SMP, and what goes wrong
 * on such wires when it is asked for --- */

#define MAX_PRINTED (4u * 1024 * 1024)
#define MAX_NOISE 4096u

struct console {
    struct rig_pty pty;
    struct rig_smp_console parts;
    GRand *random;
    guint n_noise;  /* bytes before each line and frame */
    guint one_lost; /* of so many, both ways; 0: none */
    guint n_sent, n_taken;
    bool echo;
};

static void console_free(struct console *console)
{
    if (!console)
        return;
    rig_pty_close(&console->pty);
    g_rand_free(console->random);
    g_free(console);
}

static struct console *console_new(GError **error)
{
    struct console *console = g_new0(struct console, 1);

    console->random = g_rand_new_with_seed(1);
    rig_smp_console_init(&console->parts);
    console->parts.as_board = true;
    if (rig_pty_open(&console->pty))
        return console;
    g_set_error(error, RIG_ERROR, RIG_ERROR_IO, "cannot make a pseudo-terminal: %s", g_strerror(errno));
    console_free(console);
    return NULL;
}

static const char *console_path(const struct console *console)
{
    return console->pty.path;
}

static int console_fd(const struct console *console)
{
    return console->pty.master;
}

/* Takes every so-manyth byte out; returns how many are left. */
static gsize lose(const struct console *console, guint *n_passed, guint8 *bytes, gsize n_bytes)
{
    gsize n_kept = 0;

    for (gsize i = 0; i < n_bytes; i++)
        if (!console->one_lost || ++*n_passed % console->one_lost != 0)
            bytes[n_kept++] = bytes[i];
    return n_kept;
}

static void say(struct console *console, const void *bytes, gsize n_bytes)
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

/* What nobody reads is lost when the terminal is full: a wire does not wait. */
static void console_line(struct console *console, const char *line)
{
    g_autofree char *text = g_strconcat(line, "\r\n", NULL);

    say(console, text, strlen(text));
}

static void console_answer(struct console *console, const guint8 *message, gsize n_bytes)
{
    gsize room = rig_smp_frame_room(n_bytes);
    g_autofree guint8 *frames = g_malloc(room);

    say(console, frames, rig_smp_frame_encode(message, n_bytes, frames, room));
}

static void take_bytes(struct console *console, const guint8 *bytes, gsize n_bytes,
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

/* Reads what is there; each SMP message goes to `take`. Text that is typed has no reader on this board. */
static void console_read(struct console *console,
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
static void print(struct console *console, gsize n_letters)
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

/* {"command": "console", ...} with one of "noise": 20 (so many bytes before each line and frame), "lose": 300
 * (one byte of so many, both ways), "echo": true, "print": 1000000 (a line of so many letters), "hang-up":
 * true.
 */
static bool console_command(struct console *console, JsonObject *request, GError **error)
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

/* --- the relay --- */

#define RELAY_START 0xa0
#define RELAY_ASK_STATES 0xff

/* A made-up LCUS relay of two channels, in the supply and across the board's button, behind a
 * pseudo-terminal. Frames: drivers/power/lcus.c. */
enum relay_channel { RELAY_SUPPLY, RELAY_BUTTON, N_RELAY_CHANNELS };
struct relay {
    struct rig_pty pty;
    bool on[N_RELAY_CHANNELS]; /* the coil: what the board makes of it is another thing */
    guint8 frame[4];
    gsize n_bytes;
};

static void tell_state(const struct relay *relay)
{
    char text[32];

    g_snprintf(text, sizeof text, "CH1: %s\r\nCH2: %s\r\n", relay->on[RELAY_SUPPLY] ? "ON " : "OFF",
               relay->on[RELAY_BUTTON] ? "ON " : "OFF");
    if (write(relay->pty.master, text, strlen(text)) < 0)
        return; /* nobody reads: a relay does not wait */
}

static void carry_out(struct relay *relay, struct rig_sim_host *host)
{
    const guint8 *frame = relay->frame;
    bool *on = &relay->on[frame[1] == 1 ? RELAY_SUPPLY : RELAY_BUTTON];

    if (frame[1] < 1 || frame[1] > N_RELAY_CHANNELS || frame[2] > 1 ||
        frame[3] != (guint8)(RELAY_START + frame[1] + frame[2]))
        return;
    if (*on == (frame[2] == 1))
        return; /* the coil does not move */
    *on = frame[2];
    if (frame[1] == 1)
        rig_sim_host_power(host, *on);
    else
        rig_sim_host_button(host, *on);
}

static void take_byte(struct relay *relay, struct rig_sim_host *host, guint8 byte)
{
    if (relay->n_bytes == 0 && byte == RELAY_ASK_STATES) {
        tell_state(relay);
        return;
    }
    if (relay->n_bytes == 0 && byte != RELAY_START)
        return;
    relay->frame[relay->n_bytes++] = byte;
    if (relay->n_bytes < sizeof relay->frame)
        return;
    relay->n_bytes = 0;
    carry_out(relay, host);
}

static void serve_relay(struct relay *relay, struct rig_sim_host *host)
{
    guint8 bytes[64];
    gssize n;

    while ((n = read(relay->pty.master, bytes, sizeof bytes)) > 0)
        for (gssize i = 0; i < n; i++)
            take_byte(relay, host, bytes[i]);
}

enum listener { LISTEN_DEBUG, LISTEN_SMP, LISTEN_CONTROL, N_LISTENERS };

struct client {
    int fd; /* -1: free */
    struct sim_stlink stlink;
    gsize n_bytes;
    guint8 *bytes; /* room for what the protocol has */
};

struct rig_host_server {
    struct rig_sim_host *host;
    int listeners[N_LISTENERS];
    guint16 ports[N_LISTENERS];
    struct client debug[MAX_CLIENTS];
    struct client control[MAX_CLIENTS];
    struct sockaddr_in peer; /* who asked last over UDP, and gets the answers */
    char *control_path;      /* to be removed at the end */
    struct console *console; /* NULL: no pseudo-terminal */
    struct relay relay;
    bool until_eof;
};

static bool fail(GError **error, const char *what)
{
    g_set_error(error, RIG_ERROR, RIG_ERROR_IO, "cannot %s: %s", what, g_strerror(errno));
    return false;
}

static bool prepare_fd(int fd)
{
    return fcntl(fd, F_SETFD, FD_CLOEXEC) == 0 && g_unix_set_fd_nonblocking(fd, TRUE, NULL);
}

static bool open_inet(struct rig_host_server *server, enum listener which, int type, guint16 port,
                      GError **error)
{
    struct sockaddr_in address = {
        .sin_family = AF_INET, .sin_port = htons(port), .sin_addr = {htonl(INADDR_LOOPBACK)}};
    socklen_t length = sizeof address;
    int fd = socket(AF_INET, type, 0);
    int yes = 1;
    g_autofree char *what =
        g_strdup_printf("listen on %s port %u of 127.0.0.1", type == SOCK_STREAM ? "TCP" : "UDP", port);

    server->listeners[which] = fd;
    if (fd < 0 || !prepare_fd(fd))
        return fail(error, what);
    if (type == SOCK_STREAM)
        setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
    if (bind(fd, (struct sockaddr *)&address, sizeof address) < 0 ||
        (type == SOCK_STREAM && listen(fd, MAX_CLIENTS) < 0) ||
        getsockname(fd, (struct sockaddr *)&address, &length) < 0)
        return fail(error, what);
    server->ports[which] = ntohs(address.sin_port);
    return true;
}

/* A socket file that nobody answers on is left from a process that died. */
static bool remove_stale(const struct sockaddr_un *address)
{
    struct stat status;
    int fd;
    bool alive;

    if (lstat(address->sun_path, &status) < 0)
        return true;
    if (!S_ISSOCK(status.st_mode)) {
        errno = EEXIST;
        return false;
    }
    fd = socket(AF_UNIX, SOCK_STREAM, 0);
    alive = fd >= 0 && connect(fd, (const struct sockaddr *)address, sizeof *address) == 0;
    if (fd >= 0)
        close(fd);
    if (alive) {
        errno = EADDRINUSE;
        return false;
    }
    return unlink(address->sun_path) == 0;
}

static bool open_control(struct rig_host_server *server, const char *path, GError **error)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    g_autofree char *what = g_strdup_printf("listen on '%s'", path);
    int fd;

    if (strlen(path) >= sizeof address.sun_path) {
        g_set_error(error, RIG_ERROR, RIG_ERROR_USAGE,
                    "the path of the control socket is longer than %zu bytes: '%s'",
                    sizeof address.sun_path - 1, path);
        return false;
    }
    memcpy(address.sun_path, path, strlen(path));
    if (!remove_stale(&address))
        return fail(error, what);
    fd = server->listeners[LISTEN_CONTROL] = socket(AF_UNIX, SOCK_STREAM, 0);
    if (fd < 0 || !prepare_fd(fd) || bind(fd, (struct sockaddr *)&address, sizeof address) < 0)
        return fail(error, what);
    server->control_path = g_strdup(path);
    if (chmod(path, 0600) < 0 || listen(fd, MAX_CLIENTS) < 0)
        return fail(error, what);
    return true;
}

struct rig_host_server *rig_host_server_new(struct rig_sim_host *host, const struct rig_host_ports *ports,
                                            GError **error)
{
    g_autoptr(rig_host_server) server = g_new0(struct rig_host_server, 1);

    server->host = host;
    server->until_eof = ports->until_eof;
    server->relay.pty = (struct rig_pty){.master = -1, .keeper = -1};
    for (guint i = 0; i < N_LISTENERS; i++)
        server->listeners[i] = -1;
    for (guint i = 0; i < MAX_CLIENTS; i++)
        server->debug[i].fd = server->control[i].fd = -1;
    if (!open_inet(server, LISTEN_DEBUG, SOCK_STREAM, ports->debug_port, error) ||
        !open_inet(server, LISTEN_SMP, SOCK_DGRAM, ports->smp_port, error) ||
        (ports->control && !open_control(server, ports->control, error)) ||
        (ports->pty && !(server->console = console_new(error))))
        return NULL;
    if (ports->relay && !rig_pty_open(&server->relay.pty)) {
        fail(error, "make a pseudo-terminal");
        return NULL;
    }
    return g_steal_pointer(&server);
}

static void hang_up(struct client *client)
{
    if (client->fd >= 0)
        close(client->fd);
    g_free(client->bytes);
    *client = (struct client){.fd = -1};
}

void rig_host_server_free(struct rig_host_server *server)
{
    if (!server)
        return;
    for (guint i = 0; i < MAX_CLIENTS; i++) {
        hang_up(&server->debug[i]);
        hang_up(&server->control[i]);
    }
    for (guint i = 0; i < N_LISTENERS; i++)
        if (server->listeners[i] >= 0)
            close(server->listeners[i]);
    if (server->control_path)
        unlink(server->control_path);
    console_free(server->console);
    rig_pty_close(&server->relay.pty);
    g_free(server->control_path);
    g_free(server);
}

struct rig_host_places rig_host_server_places(const struct rig_host_server *server)
{
    return (struct rig_host_places){.debug_port = server->ports[LISTEN_DEBUG],
                                    .smp_port = server->ports[LISTEN_SMP],
                                    .pty = server->console ? console_path(server->console) : NULL,
                                    .relay = server->relay.pty.path};
}

void rig_host_server_console(struct rig_host_server *server, const char *line)
{
    if (server->console)
        console_line(server->console, line);
}

static void welcome(int listener, struct client *clients, gsize n_bytes)
{
    int fd = accept(listener, NULL, NULL);
    int yes = 1;

    if (fd < 0)
        return;
    for (guint i = 0; i < MAX_CLIENTS; i++) {
        if (clients[i].fd >= 0)
            continue;
        if (!prepare_fd(fd))
            break;
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
        clients[i] = (struct client){.fd = fd, .bytes = g_malloc(n_bytes)};
        return;
    }
    close(fd);
}

/* Replies are small beside a socket's buffer; a client that does not read them is no client. */
static bool send_all(int fd, const void *bytes, gsize n_bytes)
{
    return n_bytes == 0 || send(fd, bytes, n_bytes, MSG_NOSIGNAL) == (gssize)n_bytes;
}

static bool receive(struct client *client, gsize room)
{
    gssize n = recv(client->fd, client->bytes + client->n_bytes, room - client->n_bytes, 0);

    if (n < 0 && (errno == EAGAIN || errno == EINTR))
        return true;
    if (n <= 0)
        return false;
    client->n_bytes += (gsize)n;
    return true;
}

static bool serve_debug(struct rig_host_server *server, struct client *client)
{
    guint8 reply[SIM_STLINK_MAX_REPLY];
    gsize n_used, n_reply;
    enum sim_stlink_result result;

    if (!receive(client, SIM_STLINK_MAX_REQUEST))
        return false;
    client->stlink.debug = rig_sim_host_debug(server->host);
    for (;;) {
        result = sim_stlink_take(&client->stlink, client->bytes, client->n_bytes, &n_used, reply, &n_reply);
        if (result != SIM_STLINK_ANSWERED)
            return result == SIM_STLINK_INCOMPLETE;
        client->n_bytes -= n_used;
        memmove(client->bytes, client->bytes + n_used, client->n_bytes);
        if (!send_all(client->fd, reply, n_reply))
            return false;
    }
}

/* What happens to adapters: everybody who drives the board through one is cut off, and may come back. */
static void unplug_probes(struct rig_host_server *server)
{
    for (guint i = 0; i < MAX_CLIENTS; i++)
        hang_up(&server->debug[i]);
}

static bool run_command(struct rig_host_server *server, JsonObject *request, JsonObject *response,
                        GError **error)
{
    const char *name = rig_control_text(request, "command");

    if (g_strcmp0(name, "unplug-probe") == 0)
        return unplug_probes(server), true;
    if (server->console && g_strcmp0(name, "console") == 0)
        return console_command(server->console, request, error);
    return rig_sim_host_command(server->host, request, response, error);
}

/* A response, with the end of its line. */
static char *answer(struct rig_host_server *server, const char *line, gsize n_line)
{
    g_autoptr(JsonObject) response = json_object_new();
    g_autoptr(GError) error = NULL;
    g_autoptr(JsonObject) request = rig_control_read(line, n_line, &error);
    bool ok = request && run_command(server, request, response, &error);

    json_object_set_boolean_member(response, "ok", ok);
    if (error)
        json_object_set_string_member(response, "error", error->message);
    return rig_control_write(response);
}

void rig_host_server_tell(struct rig_host_server *server, const char *line)
{
    g_autoptr(JsonObject) event = json_object_new();
    g_autofree char *text = NULL;

    json_object_set_string_member(event, "event", "link");
    json_object_set_string_member(event, "text", line);
    text = rig_control_write(event);
    for (guint i = 0; i < MAX_CLIENTS; i++)
        if (server->control[i].fd >= 0 && !send_all(server->control[i].fd, text, strlen(text)))
            hang_up(&server->control[i]);
}

static bool serve_control(struct rig_host_server *server, struct client *client)
{
    static const char too_long[] = "{\"ok\":false,\"error\":\"the line is too long\"}\n";
    guint8 *end;

    if (!receive(client, RIG_CONTROL_MAX_LINE_BYTES))
        return false;
    while ((end = memchr(client->bytes, '\n', client->n_bytes))) {
        gsize n_line = (gsize)(end - client->bytes);
        g_autofree char *text = answer(server, (const char *)client->bytes, n_line);

        client->n_bytes -= n_line + 1;
        memmove(client->bytes, end + 1, client->n_bytes);
        if (!send_all(client->fd, text, strlen(text)))
            return false;
    }
    if (client->n_bytes < RIG_CONTROL_MAX_LINE_BYTES)
        return true;
    (void)send_all(client->fd, too_long, sizeof too_long - 1);
    return false;
}

static void serve_smp(struct rig_host_server *server)
{
    guint8 bytes[MAX_DATAGRAM_BYTES];
    socklen_t length = sizeof server->peer;
    gssize n = recvfrom(server->listeners[LISTEN_SMP], bytes, sizeof bytes, 0,
                        (struct sockaddr *)&server->peer, &length);

    if (n > 0)
        rig_sim_host_send(server->host, SIM_WIRE_DATAGRAM, bytes, (gsize)n);
}

static void take_message(void *user, const guint8 *message, gsize n_bytes)
{
    struct rig_host_server *server = user;

    rig_sim_host_send(server->host, SIM_WIRE_SERIAL, message, n_bytes);
}

/* A datagram that the system does not take is lost, as datagrams are. */
static void send_answer(const struct rig_host_server *server, enum sim_wire wire, const guint8 *bytes,
                        gsize n_bytes)
{
    if (wire == SIM_WIRE_SERIAL && server->console)
        console_answer(server->console, bytes, n_bytes);
    else if (wire == SIM_WIRE_DATAGRAM && server->peer.sin_port)
        (void)!sendto(server->listeners[LISTEN_SMP], bytes, n_bytes, 0,
                      (const struct sockaddr *)&server->peer, sizeof server->peer);
}

static void send_answers(struct rig_host_server *server)
{
    enum sim_wire wire;
    GBytes *answer;

    while ((answer = rig_sim_host_take(server->host, &wire))) {
        gsize n_bytes;
        const guint8 *bytes = g_bytes_get_data(answer, &n_bytes);

        send_answer(server, wire, bytes, n_bytes);
        g_bytes_unref(answer);
    }
}

static void serve_clients(struct rig_host_server *server, struct client *clients, const struct pollfd *polled,
                          bool (*serve)(struct rig_host_server *server, struct client *client))
{
    for (guint i = 0; i < MAX_CLIENTS; i++)
        if (clients[i].fd >= 0 && clients[i].fd == polled[i].fd && polled[i].revents &&
            !serve(server, &clients[i]))
            hang_up(&clients[i]);
}

static bool stdin_ended(void)
{
    guint8 bytes[256];
    gssize n = read(STDIN_FILENO, bytes, sizeof bytes);

    return n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR);
}

/* A link over a radio waits for each answer, so that a whole tick of delay would be its pace. */
static struct timespec tick(const struct rig_host_server *server)
{
    guint64 tick_us = sim_debug_stopped(rig_sim_host_debug(server->host))
                          ? RESTING_TICK_US
                          : MIN(rig_sim_host_idle_us(server->host), TICK_US);

    return (struct timespec){.tv_nsec = (long)tick_us * 1000};
}

bool rig_host_server_run(struct rig_host_server *server, const volatile int *stop, GError **error)
{
    enum {
        AT_DEBUG = N_LISTENERS,
        AT_CONTROL = AT_DEBUG + MAX_CLIENTS,
        AT_PTY = AT_CONTROL + MAX_CLIENTS,
        AT_RELAY,
        AT_STDIN,
        AT_RADIO,
        N_POLLED
    };
    struct rig_sim_radio *radio = rig_sim_host_radio(server->host);
    struct pollfd polled[N_POLLED];
    struct timespec pause;

    while (!*stop) {
        for (guint i = 0; i < N_LISTENERS; i++)
            polled[i] = (struct pollfd){.fd = server->listeners[i], .events = POLLIN};
        for (guint i = 0; i < MAX_CLIENTS; i++) {
            polled[AT_DEBUG + i] = (struct pollfd){.fd = server->debug[i].fd, .events = POLLIN};
            polled[AT_CONTROL + i] = (struct pollfd){.fd = server->control[i].fd, .events = POLLIN};
        }
        polled[AT_PTY] =
            (struct pollfd){.fd = server->console ? console_fd(server->console) : -1, .events = POLLIN};
        polled[AT_RELAY] = (struct pollfd){.fd = server->relay.pty.master, .events = POLLIN};
        polled[AT_STDIN] = (struct pollfd){.fd = server->until_eof ? STDIN_FILENO : -1, .events = POLLIN};
        polled[AT_RADIO] = (struct pollfd){.fd = radio ? rig_sim_radio_fd(radio) : -1, .events = POLLIN};
        pause = tick(server);
        if (ppoll(polled, N_POLLED, &pause, NULL) < 0 && errno != EINTR)
            return fail(error, "wait for sockets");
        if (polled[AT_STDIN].revents && stdin_ended())
            return true;
        if (polled[AT_RADIO].revents)
            rig_sim_radio_serve(radio);
        rig_sim_host_pace(server->host);
        if (polled[AT_RELAY].revents)
            serve_relay(&server->relay, server->host);
        if (radio)
            rig_sim_radio_tick(radio);
        serve_clients(server, server->control, polled + AT_CONTROL, serve_control);
        serve_clients(server, server->debug, polled + AT_DEBUG, serve_debug);
        if (polled[LISTEN_SMP].revents)
            serve_smp(server);
        if (polled[AT_PTY].revents)
            console_read(server->console, take_message, server);
        send_answers(server);
        if (polled[LISTEN_DEBUG].revents)
            welcome(server->listeners[LISTEN_DEBUG], server->debug, SIM_STLINK_MAX_REQUEST);
        if (polled[LISTEN_CONTROL].revents)
            welcome(server->listeners[LISTEN_CONTROL], server->control, RIG_CONTROL_MAX_LINE_BYTES);
    }
    return true;
}
