/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Looks through the open files of all processes: see holder.h. */
#define _XOPEN_SOURCE 700 /* realpath */
#include "transport/holder.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static bool has_open(const char *pid, const char *device)
{
    g_autofree char *folder = g_build_filename("/proc", pid, "fd", NULL);
    g_autoptr(GDir) entries = g_dir_open(folder, 0, NULL);
    const char *entry;
    bool found = false;

    while (!found && entries && (entry = g_dir_read_name(entries))) {
        g_autofree char *path = g_build_filename(folder, entry, NULL);
        g_autofree char *target = g_file_read_link(path, NULL);

        found = g_strcmp0(target, device) == 0;
    }
    return found;
}

static char *describe(const char *pid)
{
    g_autofree char *path = g_build_filename("/proc", pid, "comm", NULL);
    g_autofree char *name = NULL;

    if (!g_file_get_contents(path, &name, NULL, NULL))
        return g_strdup_printf("process %s uses it", pid);
    return g_strdup_printf("%s (pid %s) uses it", g_strstrip(name), pid);
}

char *rig_holder_text(const char *path)
{
    g_autoptr(GDir) processes = g_dir_open("/proc", 0, NULL);
    g_autofree char *own = g_strdup_printf("%d", (int)getpid());
    char *device = realpath(path, NULL);
    char *text = NULL;
    const char *pid;

    while (device && processes && !text && (pid = g_dir_read_name(processes)))
        if (g_ascii_isdigit(*pid) && strcmp(pid, own) != 0 && has_open(pid, device))
            text = describe(pid);
    free(device);
    return text ? text : g_strdup("another program uses it");
}
