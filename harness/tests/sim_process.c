/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Running the simulated board as a child. */
#include "tests/sim_process.h"

#include "base/error.h"

#include <glib/gstdio.h>
#include <string.h>

#define START_MS 20000u

static struct rig_process *launch(const char *program, const char *const *options, const char *folder,
                                  const char *control, GError **error)
{
    g_autoptr(GPtrArray) argv = g_ptr_array_new();
    g_autofree char *log = g_build_filename(folder, "sim.log", NULL);

    g_unlink(log); /* of the process before: its complaints are not ours */
    g_ptr_array_add(argv, (gpointer)program);
    g_ptr_array_add(argv, (gpointer) "sim");
    g_ptr_array_add(argv, (gpointer) "--until-eof");
    g_ptr_array_add(argv, (gpointer) "--control");
    g_ptr_array_add(argv, (gpointer)control);
    for (const char *const *option = options; option && *option; option++)
        g_ptr_array_add(argv, (gpointer)*option);
    g_ptr_array_add(argv, NULL);
    return rig_process_start((const char *const *)argv->pdata, log, error);
}

static guint16 port_of(const char *line, const char *name)
{
    guint64 port = 0;

    if (!g_str_has_prefix(line, name) ||
        !g_ascii_string_to_unsigned(line + strlen(name), 10, 1, 65535, &port, NULL))
        return 0;
    return (guint16)port;
}

static bool read_announcement(struct rig_sim_process *sim, const char *folder, GError **error)
{
    for (;;) {
        g_autoptr(GByteArray) line = NULL;
        enum rig_stream_outcome outcome =
            rig_stream_read_frame(rig_process_stream(sim->process), '\n', START_MS, &line);
        guint16 port;

        if (outcome != RIG_STREAM_FRAME) {
            g_autofree char *log = g_build_filename(folder, "sim.log", NULL);
            g_autofree char *text = NULL;

            if (g_file_get_contents(log, &text, NULL, NULL))
                g_strstrip(text);
            g_set_error(error, RIG_ERROR, RIG_ERROR_DEVICE, "the simulated board does not start: %s%s%s",
                        rig_stream_outcome_text(outcome), text && *text ? ": " : "", text ? text : "");
            return false;
        }
        if ((port = port_of((const char *)line->data, "debug-port ")))
            sim->debug_port = port;
        else if ((port = port_of((const char *)line->data, "smp-port ")))
            sim->smp_port = port;
        else if (g_str_has_prefix((const char *)line->data, "pty "))
            sim->pty = g_strdup((const char *)line->data + strlen("pty "));
        else if (strcmp((const char *)line->data, "ready") == 0)
            return true;
    }
}

struct rig_sim_process *rig_sim_process_start(const char *program, const char *const *options,
                                              const char *folder, GError **error)
{
    g_autoptr(rig_sim_process) sim = g_new0(struct rig_sim_process, 1);

    sim->control_path = g_build_filename(folder, "control", NULL);
    sim->process = launch(program, options, folder, sim->control_path, error);
    if (!sim->process || !read_announcement(sim, folder, error))
        return NULL;
    sim->control = rig_control_connect(sim->control_path, error);
    return sim->control ? g_steal_pointer(&sim) : NULL;
}

void rig_sim_process_free(struct rig_sim_process *sim)
{
    if (!sim)
        return;
    g_clear_pointer(&sim->control, rig_control_free);
    g_clear_pointer(&sim->process, rig_process_free);
    if (sim->control_path)
        g_unlink(sim->control_path);
    g_free(sim->control_path);
    g_free(sim->pty);
    g_free(sim);
}

bool rig_sim_process_command(struct rig_sim_process *sim, const char *line, char **response, GError **error)
{
    g_autoptr(JsonObject) object = NULL;

    if (!rig_control_ask_line(sim->control, line, &object, error))
        return false;
    if (response)
        *response = rig_control_write(object);
    return true;
}

char *rig_sim_process_console(struct rig_sim_process *sim, guint timeout_ms, bool *gone)
{
    g_autoptr(GByteArray) frame = NULL;
    enum rig_stream_outcome outcome =
        rig_stream_read_frame(rig_process_stream(sim->process), '\n', timeout_ms, &frame);
    const char *line;

    *gone = outcome == RIG_STREAM_CLOSED;
    if (outcome != RIG_STREAM_FRAME)
        return NULL;
    line = (const char *)frame->data;
    return g_strdup(g_str_has_prefix(line, "console ") ? line + strlen("console ") : line);
}
