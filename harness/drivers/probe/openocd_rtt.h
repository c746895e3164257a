/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A console through the debug probe: SEGGER's RTT, forwarded by openocd. It survives power cuts, resets and a
 * new openocd; what the board wrote and openocd had not fetched when power went is lost, as it is in truth.
 * [SRC openocd src/rtt/rtt.c, src/target/rtt.c, src/server/rtt_server.c at 0.12.0] */
#ifndef RIG_DRIVERS_PROBE_OPENOCD_RTT_H
#define RIG_DRIVERS_PROBE_OPENOCD_RTT_H

#include "drivers/probe/openocd_probe.h"

G_BEGIN_DECLS

struct rig_rtt_config {
    guint32 address; /* where the search for the control block "SEGGER RTT" begins */
    guint32 n_bytes; /* how far it goes. A bootloader and an application have a block each: the range decides
                        whose console it is */
    guint channel;
    guint poll_ms; /* how often openocd looks; 0: 10 */
};

struct rig_rtt;

/* Nothing is asked of openocd yet. probe: borrowed, must outlive it; open from its first use on. */
struct rig_rtt *rig_rtt_new(struct rig_openocd_probe *probe, const struct rig_rtt_config *config);
/* To be called before the probe is closed. */
void rig_rtt_free(struct rig_rtt *rtt);
typedef struct rig_rtt rig_rtt;
G_DEFINE_AUTOPTR_CLEANUP_FUNC(rig_rtt, rig_rtt_free)

/* Hands each new connection over instead of keeping it: rig_rtt_line() gives nothing then. connected is
 * called from rig_rtt_attend(); the socket is its own. */
void rig_rtt_on_connect(struct rig_rtt *rtt, void (*connected)(void *user, int fd), void *user);

/* To be called often while the board has power, and after each switch of it: sees to it that openocd forwards
 * the console, as soon as the board has set its control block up. Cheap while that is so. true also when
 * there is no block yet. RIG_ERROR_DEVICE: openocd cannot, or the target cannot be read. */
bool rig_rtt_attend(struct rig_rtt *rtt, GError **error) G_GNUC_WARN_UNUSED_RESULT;
bool rig_rtt_is_forwarded(const struct rig_rtt *rtt);
/* The next whole line that came within timeout_ms, without its end; NULL: none. NUL bytes become '?'. Owned
 * by the caller. */
char *rig_rtt_line(struct rig_rtt *rtt, guint timeout_ms);
/* For a poll; -1 while nothing is forwarded. It changes with each new connection. */
int rig_rtt_fd(const struct rig_rtt *rtt);

G_END_DECLS

#endif
