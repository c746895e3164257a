/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The simulated board as a process of its own sees it: paced by the real clock, with a debug port, switched
 * by lines of text. No sockets here; those are in host_server.h. Single-threaded. */
#ifndef RIG_DRIVERS_SIM_HOST_H
#define RIG_DRIVERS_SIM_HOST_H

#include "drivers/sim/control.h"
#include "drivers/sim/radio.h"
#include "drivers/sim/sim_driver.h"
#include "sim/chip/debug/debug.h"

G_BEGIN_DECLS

struct rig_sim_host;

typedef void (*rig_sim_host_line)(void *user, const char *line);

/* board: from rig_sim_board_new() and prepared; owned by the host from now on, also when this fails. speed:
 * board seconds per second. */
struct rig_sim_host *rig_sim_host_new(struct rig_board *board, double speed,
                                      GError **error) G_GNUC_WARN_UNUSED_RESULT;
void rig_sim_host_free(struct rig_sim_host *host);
typedef struct rig_sim_host rig_sim_host;
G_DEFINE_AUTOPTR_CLEANUP_FUNC(rig_sim_host, rig_sim_host_free)

/* Console lines, each when its time has come on the real clock. */
void rig_sim_host_on_console(struct rig_sim_host *host, rig_sim_host_line line, void *user);

/* Lets happen what is due by now. A boot that works on flash leaps ahead of the real clock in one go; its
 * console lines are held back, and a cut of power that comes in between takes the boot back and falls at its
 * right instant inside it. Reads over the debug port show the flash as after the leap. */
void rig_sim_host_pace(struct rig_sim_host *host);

/* Real time until the board's radio has something to do by itself; a second when it has not. */
guint64 rig_sim_host_idle_us(const struct rig_sim_host *host);

/* Switches the supply. */
void rig_sim_host_power(struct rig_sim_host *host, bool on);
/* Holds the board's button, or lets it go. */
void rig_sim_host_button(struct rig_sim_host *host, bool held);

/* One request of the control protocol (drivers/sim/control.h); what is asked for is added to `response`.
 * Times are microseconds, of the board's clock. RIG_ERROR_INPUT: it is not understood, or cannot be now.
 *
 *   {"command": "power", "on": true}
 *   {"command": "button", "held": true}
 *   {"command": "reset"}                        by its pin
 *   {"command": "status"}                       power, state, boots, resets, image, confirmed, halted,
 * now_us, cut; with a radio its words
 *   {"command": "cut", "after_us": 40000}
 *   {"command": "cut", "operation": 17, "form": "half"}     before (or without it), half, after
 *   {"command": "cut", "console": "Swap type", "after_us": 5000}
 *   {"command": "disarm"}
 *   {"command": "flash", "since": 0}            n, and with "since" up to 100 operations: device, offset,
 * bytes, erase
 *   {"command": "behave", "hash": "...", "behaviour": "crashes", "self_test_us": 100000, "watchdog_us": 0}
 *   {"command": "radio", "line": "link silent on"}          sim/chip/host/host.h; "text", and its words
 *
 * The server (host_server.h) adds:
 *   {"command": "unplug-probe"}
 *   {"command": "console", "noise": 20}         or lose, echo, print, hang-up: console_command()
 * and tells {"event": "link", "text": "..."} as it happens. */
bool rig_sim_host_command(struct rig_sim_host *host, JsonObject *request, JsonObject *response,
                          GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* The arguments of "cut". false: none of these. */
bool rig_sim_cut_parse(JsonObject *request, struct sim_cut *cut);

/* A whole message over a wire. One to a board that does not listen is lost. */
void rig_sim_host_send(struct rig_sim_host *host, enum sim_wire wire, const guint8 *bytes, gsize n_bytes);
/* The next answer over a wire, NULL: none yet. Owned by the caller. */
GBytes *rig_sim_host_take(struct rig_sim_host *host, enum sim_wire *wire);

/* Gives the board a radio: where and config as for rig_sim_radio_new(). Messages of rig_sim_host_send() are
 * lost from here on: the board has one link. The radio's commands are taken by rig_sim_host_command(), its
 * state is part of "status". */
bool rig_sim_host_add_radio(struct rig_sim_host *host, const char *where,
                            const struct sim_stack_config *config, GError **error) G_GNUC_WARN_UNUSED_RESULT;
struct rig_sim_radio *rig_sim_host_radio(struct rig_sim_host *host); /* NULL: none; borrowed */

struct sim_debug *rig_sim_host_debug(struct rig_sim_host *host);

G_END_DECLS

#endif
