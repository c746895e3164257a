/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Copies of logs into the evidence. */
#include "run/kept_logs.h"

#include "report/output.h"

#include <stdio.h>
#include <string.h>

/* The end of a file, as text; NULL: there is none, or it is empty. */
static char *read_end(const char *path)
{
    FILE *file = fopen(path, "re");
    char *text = NULL;
    long size = -1;
    gsize n_read = 0;

    if (file && fseek(file, 0, SEEK_END) == 0)
        size = ftell(file);
    if (size > 0 && fseek(file, MAX(0, size - (long)RIG_KEPT_LOG_BYTES), SEEK_SET) == 0) {
        text = g_malloc(RIG_KEPT_LOG_BYTES + 1);
        n_read = fread(text, 1, RIG_KEPT_LOG_BYTES, file);
        text[n_read] = '\0';
    }
    if (file)
        fclose(file);
    if (n_read == 0)
        g_clear_pointer(&text, g_free);
    return text;
}

static const char *last_lines(const char *text, guint n_lines)
{
    const char *at = text + strlen(text);

    while (at > text && at[-1] == '\n')
        at--;
    while (at > text && (at[-1] != '\n' || --n_lines > 0))
        at--;
    return at;
}

static void tell_end(struct rig_run *run, const char *name, const char *text)
{
    g_autofree char *end = g_strchomp(g_strdup(last_lines(text, RIG_KEPT_LOG_LINES)));

    g_ptr_array_add(run->also, g_strdup_printf("%s ends with:\n%s", name, end));
}

static void keep(void *user, const char *name, const char *path)
{
    struct rig_run *run = user;
    g_autofree char *text = read_end(path);
    g_autofree char *copy = NULL;
    g_autoptr(GError) error = NULL;

    if (!text)
        return;
    copy = rig_evidence_file(run->evidence, name, &error);
    if (!copy || !rig_file_replace(copy, RIG_FILE_PUBLIC, text, strlen(text), &error))
        g_ptr_array_add(run->also, g_strdup_printf("%s could not be kept: %s", name, error->message));
    if (run->trouble.verdict == RIG_VERDICT_ERROR)
        tell_end(run, name, text);
}

void rig_keep_logs(struct rig_run *run)
{
    if (rig_run_troubled(run) && run->trouble.verdict != RIG_VERDICT_SKIP && run->board->logs)
        run->board->logs->each(run->board, keep, run);
}
