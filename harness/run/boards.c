/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Targets to boards, once each. */
#include "run/boards.h"

#include "base/error.h"
#include "drivers/sim/sim_driver.h"
#include "drivers/simprocess/process_board.h"

struct rig_boards {
    char *target;
    char *directory;
    char **defects;
    char *bootloader;
    char *link; /* NULL: as the targets say */
    char *hci;
    char *adapter;
    volatile int *interrupted;
    char *program;        /* this program, for boards that are processes of it */
    char *openocd_config; /* for their debug port */
    GHashTable *made;     /* name -> struct made_board */
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
    boards->openocd_config = g_build_filename(target_directory, "sim-openocd.cfg", NULL);
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
    g_free(boards->openocd_config);
    g_strfreev(boards->defects);
    g_free(boards->bootloader);
    g_free(boards->link);
    g_free(boards->hci);
    g_free(boards->adapter);
    g_free(boards);
}

static bool is_process(const struct rig_boards *boards, const struct rig_target *target)
{
    return boards->link || g_str_equal(rig_record_text(target->record, "kind"), "simulated-process");
}

static struct rig_board *make_board(struct rig_boards *boards, const struct rig_target *target,
                                    GError **error)
{
    if (!is_process(boards, target))
        return rig_sim_board_new(target, error);
    if (boards->program)
        return rig_process_board_new(target, boards->program, boards->openocd_config, error);
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

struct rig_board *rig_boards_get(struct rig_boards *boards, const char *wanted,
                                 const struct rig_target **target, GError **error)
{
    const char *name = boards->target ? boards->target : wanted ? wanted : RIG_TARGET_DEFAULT;
    struct made_board *made = g_hash_table_lookup(boards->made, name);

    if (!made && !(made = make(boards, name, error)))
        return NULL;
    *target = made->target;
    return made->board;
}
