/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Programs that run beside a board of the bench: started, asked for their words, drained, ended. */
#include "drivers/wired/wired.h"

#include "base/error.h"

#include <stdio.h>
#include <string.h>

#define DRAIN_MS 100
#define STOP_MS 1000
#define MAX_WORDS 64

struct rig_program {
    struct rig_process *process;
    char *name;
    FILE *log;
    GThread *drain; /* NULL: not running yet */
    volatile gint stop;
};

static void add_word(GHashTable *words, const char *line)
{
    const char *space = strchr(line, ' ');

    if (space && space != line && space[1] && g_hash_table_size(words) < MAX_WORDS)
        g_hash_table_replace(words, g_strndup(line, (gsize)(space - line)), g_strdup(space + 1));
}

static void log_line(struct rig_program *program, const GByteArray *frame)
{
    if (program->log)
        fprintf(program->log, "%s\n", (const char *)frame->data);
}

static bool await_ready(struct rig_program *program, const char *ready, gint64 until_us, GHashTable *words,
                        GError **error)
{
    for (;;) {
        gint64 left_us = until_us - g_get_monotonic_time();
        g_autoptr(GByteArray) frame = NULL;
        g_autofree char *how = NULL;
        enum rig_stream_outcome outcome = rig_stream_read_frame(
            rig_process_stream(program->process), '\n', left_us > 0 ? (guint)(left_us / 1000) : 0, &frame);

        if (outcome != RIG_STREAM_FRAME) {
            how = outcome == RIG_STREAM_TIMEOUT ? g_strdup_printf("did not say '%s' in time", ready)
                                                : rig_process_describe(program->process);
            g_set_error(error, RIG_ERROR, RIG_ERROR_DEVICE, "the program '%s' %s", program->name, how);
            return false;
        }
        log_line(program, frame);
        if (g_str_has_prefix((const char *)frame->data, ready))
            return true;
        add_word(words, (const char *)frame->data);
    }
}

/* A pipe that nobody reads would stop the program one day. */
static gpointer drain(gpointer user)
{
    struct rig_program *program = user;

    while (!g_atomic_int_get(&program->stop)) {
        g_autoptr(GByteArray) frame = NULL;
        enum rig_stream_outcome outcome =
            rig_stream_read_frame(rig_process_stream(program->process), '\n', DRAIN_MS, &frame);

        if (outcome == RIG_STREAM_CLOSED)
            break;
        if (frame)
            log_line(program, frame);
    }
    return NULL;
}

struct rig_program *rig_program_start(const struct rig_bench *bench, const struct rig_start_spec *start,
                                      GHashTable *words, const char *log_path, GError **error)
{
    g_auto(GStrv) argv = g_strdupv((char **)start->program);
    const char *ready = start->ready;
    gint64 until_us = g_get_monotonic_time() + (gint64)start->within_us;
    struct rig_program *program = g_new0(struct rig_program, 1);

    program->name = g_strjoinv(" ", argv);
    if (strchr(argv[0], '/')) {
        char *path = rig_bench_path(bench, argv[0]);

        g_free(argv[0]);
        argv[0] = path;
    }
    program->log = fopen(log_path, "ae");
    program->process = rig_process_start((const char *const *)argv, log_path, error);
    if (!program->process || (ready && !await_ready(program, ready, until_us, words, error))) {
        rig_program_free(program);
        return NULL;
    }
    program->drain = g_thread_new("program", drain, program);
    return program;
}

void rig_program_free(struct rig_program *program)
{
    if (!program)
        return;
    g_atomic_int_set(&program->stop, 1);
    if (program->drain)
        g_thread_join(program->drain);
    if (program->process)
        rig_process_stop(program->process, STOP_MS);
    rig_process_free(program->process);
    if (program->log)
        fclose(program->log);
    g_free(program->name);
    g_free(program);
}

bool rig_program_is_alive(struct rig_program *program, GError **error)
{
    g_autofree char *how = NULL;

    if (rig_process_is_alive(program->process))
        return true;
    how = rig_process_describe(program->process);
    g_set_error(error, RIG_ERROR, RIG_ERROR_DEVICE, "the program '%s' %s", program->name, how);
    return false;
}
