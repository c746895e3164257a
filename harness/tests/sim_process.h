/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A `bootrig sim` process: started, spoken to, ended. */
#ifndef RIG_TESTS_SIM_PROCESS_H
#define RIG_TESTS_SIM_PROCESS_H

#include "drivers/sim/control.h"
#include "transport/process.h"

G_BEGIN_DECLS

struct rig_sim_process {
    struct rig_process *process;
    struct rig_control *control;
    char *control_path;
    guint16 debug_port; /* st-link over TCP */
    guint16 smp_port;
    char *pty; /* of the console; NULL: it comes over stdout */
};

/* program: the bootrig to run; options: further options of `bootrig sim`, NULL-terminated or NULL; folder:
 * where control socket and log go, exists, short enough for a socket path. Returns when it is ready; without
 * power when options say --off. */
struct rig_sim_process *rig_sim_process_start(const char *program, const char *const *options,
                                              const char *folder, GError **error) G_GNUC_WARN_UNUSED_RESULT;
void rig_sim_process_free(struct rig_sim_process *sim);
typedef struct rig_sim_process rig_sim_process;
G_DEFINE_AUTOPTR_CLEANUP_FUNC(rig_sim_process, rig_sim_process_free)

/* One request, as a line of JSON; *response (may be NULL) is that of the board, as one too. RIG_ERROR_DEVICE:
 * refused, or no response. */
bool rig_sim_process_command(struct rig_sim_process *sim, const char *line, char **response,
                             GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* The next console line that came within timeout_ms, owned by the caller; NULL: none came. *gone is set when
 * the process ended. */
char *rig_sim_process_console(struct rig_sim_process *sim, guint timeout_ms, bool *gone);

G_END_DECLS

#endif
