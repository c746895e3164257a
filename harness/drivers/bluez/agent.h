/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The pairing agent: answers bluetoothd's questions at once, by a script. Questions about other devices than
 * ours, and pairing that nobody asked for, are refused. [SRC bluez doc/org.bluez.Agent.rst] */
#ifndef RIG_DRIVERS_BLUEZ_AGENT_H
#define RIG_DRIVERS_BLUEZ_AGENT_H

#include "drivers/bluez/bus.h"

G_BEGIN_DECLS

struct rig_bluez_agent;
struct rig_bluez_agent_listener {
    void (*heard)(void *user, const char *text); /* what was asked and answered, for people */
    void (*shown)(void *user, guint32 passkey);  /* what this host shows, for the board's keyboard */
    void *user;
};
struct rig_bluez_agent *rig_bluez_agent_new(struct rig_bluez_bus *bus,
                                            const struct rig_bluez_agent_listener *listener);
void rig_bluez_agent_free(struct rig_bluez_agent *agent);

/* Registers it with the daemon that runs, as the default agent, unless that is done. */
bool rig_bluez_agent_register(struct rig_bluez_agent *agent, guint64 until_us,
                              GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* Takes it from the bus; the daemon forgets it. */
void rig_bluez_agent_withdraw(struct rig_bluez_agent *agent);
/* How the next registration answers; copied. */
void rig_bluez_agent_script(struct rig_bluez_agent *agent, const struct rig_link_answers *answers);
/* Whether a question that no step asked for was refused since it was last asked here. */
bool rig_bluez_agent_refused(struct rig_bluez_agent *agent);
/* The device whose pairing is wanted now; NULL: none, everything is refused, and the call that waits is given
 * up: bluetoothd would let it wait for half a minute. */
void rig_bluez_agent_allow(struct rig_bluez_agent *agent, const char *device);

G_END_DECLS

#endif
