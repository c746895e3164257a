/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The board of a bench that a run plays on: chosen by name or by tag, and locked. */
#include "cli/run_bench.h"

#include "base/error.h"
#include "cli/bench_common.h"

#include <stdio.h>
#include <string.h>

#define LOOK_AGAIN_US 100000

static bool has_tag(const struct rig_bench_board *board, const char *tag)
{
    return board->spec->tags && g_strv_contains(board->spec->tags, tag);
}

/* Those that would do, in the file's order. */
static GPtrArray *candidates(const struct rig_bench *bench, const struct rig_run_options *options,
                             GError **error)
{
    g_autoptr(GPtrArray) found = g_ptr_array_new();
    const struct rig_bench_board *named;

    if (!options->tag_board) {
        named = rig_bench_find(bench, options->board, error);
        if (!named)
            return NULL;
        g_ptr_array_add(found, (gpointer)named);
        return g_steal_pointer(&found);
    }
    for (guint i = 0; i < bench->boards->len; i++)
        if (has_tag(bench->boards->pdata[i], options->tag_board))
            g_ptr_array_add(found, bench->boards->pdata[i]);
    if (found->len)
        return g_steal_pointer(&found);
    g_set_error(error, RIG_ERROR, RIG_ERROR_USAGE, "no board of bench '%s' has the tag '%s'",
                bench->source->path, options->tag_board);
    return NULL;
}

struct waiting {
    const volatile int *interrupted;
    const char *directory;
    gint64 until_us;
    bool told;
};

/* One round over all boards that would do: the first free one. */
static bool try_all(struct rig_run_bench *chosen, const GPtrArray *boards, const struct waiting *waiting,
                    GError **error)
{
    for (guint i = 0; i < boards->len; i++) {
        g_clear_error(error);
        chosen->board = boards->pdata[i];
        chosen->lock = rig_lock_board(waiting->directory, chosen->board, "bootrig run", 0, NULL, NULL, error);
        if (chosen->lock) {
            rig_lock_wait(chosen->lock, waiting->until_us, waiting->interrupted);
            return true;
        }
    }
    return false;
}

static bool wait_for_one(struct rig_run_bench *chosen, const GPtrArray *boards, struct waiting *waiting,
                         GError **error)
{
    g_autoptr(GError) cause = NULL;

    while (!try_all(chosen, boards, waiting, &cause)) {
        bool busy = g_error_matches(cause, RIG_ERROR, RIG_ERROR_DEVICE);

        if (!busy || *waiting->interrupted || g_get_monotonic_time() >= waiting->until_us) {
            g_propagate_prefixed_error(error, g_steal_pointer(&cause), "%s",
                                       boards->len > 1 ? "no board is free: " : "");
            return false;
        }
        if (!waiting->told)
            fprintf(stderr, "bootrig: waiting: %s\n", cause->message);
        waiting->told = true;
        g_usleep(LOOK_AGAIN_US);
    }
    return true;
}

bool rig_run_bench_open(struct rig_run_bench *chosen, const struct rig_run_options *options,
                        const volatile int *interrupted, GError **error)
{
    g_autofree char *directory = NULL;
    g_autoptr(GPtrArray) boards = NULL;
    struct waiting waiting = {.interrupted = interrupted,
                              .until_us =
                                  g_get_monotonic_time() + (gint64)options->lock_wait_s * G_USEC_PER_SEC};

    if (!options->bench && !options->board && !options->tag_board) {
        if (options->lock_wait_s == 0)
            return true;
        g_set_error_literal(error, RIG_ERROR, RIG_ERROR_USAGE,
                            "--lock-wait waits for a board of a bench: it has no effect without --bench, "
                            "--board or --tag-board");
        return false;
    }
    if (options->lock_wait_s < 0 || (options->board && options->tag_board)) {
        g_set_error_literal(
            error, RIG_ERROR, RIG_ERROR_USAGE,
            "--lock-wait wants a time that is not negative; --board and --tag-board exclude each "
            "other");
        return false;
    }
    chosen->bench = rig_cli_bench(options->bench, error);
    boards = chosen->bench ? candidates(chosen->bench, options, error) : NULL;
    if (!boards)
        return false;
    if (options->dry_run) {
        chosen->board = boards->pdata[0];
        return true;
    }
    directory = rig_lock_directory(NULL, error);
    waiting.directory = directory;
    return directory && wait_for_one(chosen, boards, &waiting, error);
}

void rig_run_bench_clear(struct rig_run_bench *chosen)
{
    g_clear_pointer(&chosen->lock, rig_lock_free);
    g_clear_pointer(&chosen->bench, rig_bench_free);
}
