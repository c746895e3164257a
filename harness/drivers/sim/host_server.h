/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Sockets of a simulated board that is a process of its own: debug port (st-link over TCP), SMP over UDP,
 * control socket, console and SMP on a pseudo-terminal. All on 127.0.0.1. Single-threaded; one poll loop. */
#ifndef RIG_DRIVERS_SIM_HOST_SERVER_H
#define RIG_DRIVERS_SIM_HOST_SERVER_H

#include "drivers/sim/host.h"

G_BEGIN_DECLS

struct rig_host_ports {
    guint16 debug_port; /* 0: the system chooses */
    guint16 smp_port;   /* 0: the system chooses */
    const char *
        control; /* path of the unix socket; NULL: none. A socket left behind by a dead process is replaced */
    bool relay;  /* an LCUS relay in its supply, on a pseudo-terminal */
    bool pty;
    bool until_eof; /* stdin's end is the end: the process does not outlive who started it */
};

struct rig_host_server;

/* host is borrowed. The sockets listen when this returns. */
struct rig_host_server *rig_host_server_new(struct rig_sim_host *host, const struct rig_host_ports *ports,
                                            GError **error) G_GNUC_WARN_UNUSED_RESULT;
void rig_host_server_free(struct rig_host_server *server);
typedef struct rig_host_server rig_host_server;
G_DEFINE_AUTOPTR_CLEANUP_FUNC(rig_host_server, rig_host_server_free)

/* Where it listens. */
struct rig_host_places {
    guint16 debug_port, smp_port;
    const char *pty;   /* path; NULL: none; borrowed */
    const char *relay; /* the same; NULL: no relay was asked for */
};
struct rig_host_places rig_host_server_places(const struct rig_host_server *server);

/* A console line goes to the pseudo-terminal; lost when nobody reads and the terminal is full, as on a wire.
 */
void rig_host_server_console(struct rig_host_server *server, const char *line);

/* Something happened on the link: an event for everybody at the control socket. */
void rig_host_server_tell(struct rig_host_server *server, const char *line);

/* Serves until *stop is set. false: a socket failed. */
bool rig_host_server_run(struct rig_host_server *server, const volatile int *stop,
                         GError **error) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS

#endif
