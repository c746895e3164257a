/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Targets to boards, once each. */
#include "run/boards.h"

#include "base/error.h"
#include "drivers/assembled/assembled.h"
#include "drivers/qemu/qemu_board.h"
#include "drivers/sim/sim_driver.h"
#include "drivers/simprocess/process_board.h"
#include "plan/plan.h"

#include <string.h>

struct rig_boards {
    char *target;
    char *directory;
    char **defects;
    char *bootloader;
    char *link; /* NULL: as the targets say */
    char *hci;
    char *adapter;
    volatile int *interrupted;
    char *program;                 /* this program, for boards that are processes of it */
    const struct rig_bench *bench; /* NULL: boards are made from targets alone */
    const struct rig_bench_board *entry;
    struct rig_lock *lock;
    GHashTable *made; /* name -> struct made_board */
};

struct made_board {
    struct rig_target *target;
    struct rig_board *board;
};

static void made_free(gpointer item)
{
    struct made_board *made = item;

    if (made->board)
        made->board->ops->free(made->board);
    rig_target_free(made->target);
    g_free(made);
}

struct rig_boards *rig_boards_new(const char *target, const char *target_directory,
                                  const char *const *defects, volatile int *interrupted)
{
    struct rig_boards *boards = g_new0(struct rig_boards, 1);

    boards->target = g_strdup(target);
    boards->directory = g_strdup(target_directory);
    boards->defects = g_strdupv((char **)defects);
    boards->interrupted = interrupted;
    boards->program = g_file_read_link("/proc/self/exe", NULL);
    boards->made = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, made_free);
    return boards;
}

void rig_boards_free(struct rig_boards *boards)
{
    if (!boards)
        return;
    g_hash_table_unref(boards->made);
    g_free(boards->target);
    g_free(boards->directory);
    g_free(boards->program);
    g_strfreev(boards->defects);
    g_free(boards->bootloader);
    g_free(boards->link);
    g_free(boards->hci);
    g_free(boards->adapter);
    g_free(boards);
}

static bool is_kind(const struct rig_target *target, const char *kind)
{
    return g_str_equal(rig_record_text(target->record, "kind"), kind);
}

static bool is_process(const struct rig_boards *boards, const struct rig_target *target)
{
    return boards->link || is_kind(target, "simulated-process");
}

void rig_boards_use_bench(struct rig_boards *boards, const struct rig_bench *bench,
                          const struct rig_bench_board *entry, struct rig_lock *lock)
{
    boards->bench = bench;
    boards->entry = entry;
    boards->lock = lock;
}

static struct rig_board *assemble(struct rig_boards *boards, const struct rig_target *target, GError **error)
{
    const struct rig_assembled_config config = {.bench = boards->bench,
                                                .entry = boards->entry,
                                                .target = target,
                                                .program = boards->program,
                                                .targets = boards->directory,
                                                .lock = boards->lock};

    if (is_kind(target, "board"))
        return rig_assembled_board_new(&config, error);
    g_set_error(error, RIG_ERROR, RIG_ERROR_USAGE,
                "target '%s' is of kind '%s': a board of a bench wants one of kind 'board'", target->name,
                rig_record_text(target->record, "kind"));
    return NULL;
}

static struct rig_board *make_board(struct rig_boards *boards, const struct rig_target *target,
                                    GError **error)
{
    if (boards->entry)
        return assemble(boards, target, error);
    if (is_kind(target, "board")) {
        g_set_error(error, RIG_ERROR, RIG_ERROR_USAGE,
                    "target '%s' is a real board: name the bench that it is on with --bench", target->name);
        return NULL;
    }
    if (is_kind(target, "qemu"))
        return rig_qemu_board_new(target, error);
    if (!is_process(boards, target))
        return rig_sim_board_new(target, error);
    if (boards->program)
        return rig_process_board_new(target, boards->program, boards->directory, error);
    g_set_error_literal(error, RIG_ERROR, RIG_ERROR_IO,
                        "cannot tell where this program is: /proc is not mounted");
    return NULL;
}

void rig_boards_use_link(struct rig_boards *boards, const char *link, const char *hci, const char *adapter)
{
    boards->link = g_strdup(link);
    boards->hci = g_strdup(hci);
    boards->adapter = g_strdup(adapter);
}

void rig_boards_use_bootloader(struct rig_boards *boards, const char *path)
{
    g_free(boards->bootloader);
    boards->bootloader = g_strdup(path);
}

/* What the command line wants beside the target. */
static bool adapt(const struct rig_boards *boards, const struct rig_target *target, struct rig_board *board,
                  GError **error)
{
    bool (*add_defect)(struct rig_board *, const char *, GError **) =
        is_process(boards, target) ? rig_process_board_add_defect : rig_sim_board_add_defect;

    if ((boards->hci || boards->adapter) && g_strcmp0(boards->link, "bluez") != 0) {
        g_set_error_literal(error, RIG_ERROR, RIG_ERROR_USAGE,
                            "--hci and --adapter have no effect without --link bluez");
        return false;
    }
    if (boards->entry && (boards->bootloader || (boards->defects && *boards->defects))) {
        g_set_error_literal(error, RIG_ERROR, RIG_ERROR_USAGE,
                            "--bootloader and --defect are for simulated boards, not for those of a bench");
        return false;
    }
    if (is_kind(target, "qemu") && (boards->bootloader || (boards->defects && *boards->defects))) {
        g_set_error(error, RIG_ERROR, RIG_ERROR_USAGE,
                    "--bootloader and --defect are for simulated boards; target '%s' runs its own in QEMU",
                    target->name);
        return false;
    }
    if (boards->bootloader && is_process(boards, target)) {
        g_set_error(error, RIG_ERROR, RIG_ERROR_UNSUPPORTED,
                    "target '%s' runs out of process: it cannot run a bootloader of yours", target->name);
        return false;
    }
    if (boards->bootloader && !rig_sim_board_use_bootloader(board, boards->bootloader, error))
        return false;
    if (boards->link) {
        if (!rig_process_board_use_link(board, boards->link, error))
            return false;
        rig_process_board_use_radio(board, boards->hci, boards->adapter);
    }
    for (guint i = 0; boards->defects && boards->defects[i]; i++)
        if (!add_defect(board, boards->defects[i], error))
            return false;
    return true;
}

static struct made_board *make(struct rig_boards *boards, const char *name, GError **error)
{
    struct made_board *made = g_new0(struct made_board, 1);

    made->target = rig_target_load(name, boards->directory, error);
    if (made->target)
        made->board = make_board(boards, made->target, error);
    if (made->board && !adapt(boards, made->target, made->board, error)) {
        made->board->ops->free(made->board);
        made->board = NULL;
    }
    if (!made->board) {
        made_free(made);
        return NULL;
    }
    made->board->interrupted = boards->interrupted;
    g_hash_table_insert(boards->made, g_strdup(name), made);
    return made;
}

/* The target of a board of the bench; owned by the caller. */
static char *bench_target(const struct rig_boards *boards, GError **error)
{
    char *name =
        boards->target ? g_strdup(boards->target) : rig_bench_target_path(boards->bench, boards->entry);

    if (!name)
        g_set_error(error, RIG_ERROR, RIG_ERROR_USAGE,
                    "board '%s' of the bench does not say what it is: give it a 'target:', or name one with "
                    "--target",
                    boards->entry->name);
    return name;
}

struct rig_board *rig_boards_get(struct rig_boards *boards, const char *wanted,
                                 const struct rig_target **target, GError **error)
{
    g_autofree char *name = boards->entry    ? bench_target(boards, error)
                            : boards->target ? g_strdup(boards->target)
                                             : g_strdup(wanted ? wanted : RIG_TARGET_DEFAULT);
    struct made_board *made = name ? g_hash_table_lookup(boards->made, name) : NULL;

    if (!name)
        return NULL;

    if (!made && !(made = make(boards, name, error)))
        return NULL;
    *target = made->target;
    return made->board;
}

char *rig_boards_skip_reason(struct rig_boards *boards, const struct rig_case *the_case, GError **error)
{
    const struct rig_target *target = NULL;
    struct rig_board *board = rig_boards_get(boards, the_case->scenario->target, &target, error);

    return board ? rig_plan_skip_reason(the_case, board, target) : NULL;
}
