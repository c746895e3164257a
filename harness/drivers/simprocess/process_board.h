/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The simulated board out of process, reached as hardware is: SMP over UDP or the
 * serial console, the probe through openocd,
 * console lines as they come, power over the control socket; on the real clock. It cannot be rewound. */
#ifndef RIG_DRIVERS_SIMPROCESS_PROCESS_BOARD_H
#define RIG_DRIVERS_SIMPROCESS_PROCESS_BOARD_H

#include "bench/target.h"
#include "drivers/board/board.h"
#include "drivers/probe/openocd_rtt.h"
#include "drivers/simprocess/sim_process.h"
#include "transport/process.h"

G_BEGIN_DECLS

/* A board of kind `simulated-process`. program: the bootrig to run; target_directory: where the .cfg files
 * for its debug ports are; all must outlive it. The processes are started with the first preparation. Free
 * with board->ops->free. */
struct rig_board *rig_process_board_new(const struct rig_target *target, const char *program,
                                        const char *target_directory,
                                        GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* As rig_sim_board_add_defect(). */
bool rig_process_board_add_defect(struct rig_board *board, const char *defect,
                                  GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* A line to the board's control socket, for tests; answer as in sim_process.h. */
bool rig_process_board_command(struct rig_board *board, const char *line, char **answer,
                               GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Reached over this link (drivers/links/links.h) instead of UDP. Before the first preparation. "serial" is
 * SMP over the board's console. For "bluez" the board is a Bluetooth peripheral on a controller of its own:
 * hci says which (`bootrig sim --hci`; NULL = btvirt's socket), adapter is the host's (NULL = the first);
 * both borrowed. */
bool rig_process_board_use_link(struct rig_board *board, const char *kind,
                                GError **error) G_GNUC_WARN_UNUSED_RESULT;
void rig_process_board_use_radio(struct rig_board *board, const char *hci, const char *adapter);
#define RIG_PROCESS_HCI "/tmp/bt-server-le" /* [SRC bluez emulator/server.c] */

/* --- shared by the files of this driver --- */

struct rig_process_board;
struct rig_process_power {
    struct rig_power power;
    struct rig_process_board *owner;
    bool armed;
};
struct rig_process_board {
    struct rig_board board;
    struct rig_link_place place; /* where the board is now */
    const char *hci;             /* its Bluetooth controller, where the link is bluez */
    GPtrArray *capabilities;     /* const char *, with a NULL at the end */
    guint speed;                 /* board seconds per second */
    GSource *console_wake;       /* NULL: nothing runs */
    bool console_stirs;          /* there was something to read since no line was found */
    struct rig_process_power power;
    struct rig_openocd_probe probe;
    guint64 n_operations; /* on that record when it was last looked at */
    struct rig_board
        *model; /* a simulated board of the same configuration: it knows the layout, and runs nothing */
    const struct rig_target *target;
    const char *program;
    struct rig_folder *temporary;
    const char *folder; /* its path */
    char *openocd_log;
    char *openocd_config;
    char *backend; /* openocd's command that names the port */
    const char *openocd_arguments[5];
    struct rig_rtt *rtt; /* NULL: console lines come through the pipe of the process */
    GSource *rtt_wake;
    int rtt_fd;
    GPtrArray *defects;
    GPtrArray *taught;           /* char *: commands that tell the process how images of this case behave */
    struct rig_sim_process *sim; /* NULL: nothing runs */
    gint64 origin_us;
};

/* Asks the process whether the board has power, and tells probe and link when it has lost it. */
bool rig_process_board_has_power(struct rig_process_board *board);
/* Takes what the process has said by now. */
void rig_process_board_take_lines(struct rig_process_board *board);
bool rig_process_board_has_radio(const struct rig_process_board *board);
/* The value of a name in an answer such as "power=on state=off"; owned by the caller, NULL: not there. */
char *rig_process_field(const char *answer, const char *name);

/* process_packets.c: the operations of a board with a radio, over its control socket. */
bool rig_process_arm_packet_fault(struct rig_board *board, const struct rig_packet_fault *fault,
                                  GError **error);
bool rig_process_end_packet_faults(struct rig_board *board, struct rig_packet_report *report, GError **error);
/* Takes a line of the process's output that says that a fault struck. false: it is another one. */
bool rig_process_took_strike(struct rig_process_board *board, const char *line);

extern const struct rig_board_flash_watch rig_process_flash_watch;

/* The line of the control socket that arms a cut; owned by the caller. NULL: it cannot be told in one. */
char *rig_process_cut_command(const struct rig_cut_plan *plan);
void rig_process_power_init(struct rig_process_power *power, struct rig_process_board *owner);

/* Owned by the caller. NULL options: none. */
char *rig_process_options_text(const struct rig_record *options);

G_END_DECLS

#endif
