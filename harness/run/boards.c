/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Targets to boards, once each. */
#include "run/boards.h"

#include "base/error.h"
#include "drivers/wired/simulated.h"
#include "drivers/qemu/qemu_board.h"
#include "drivers/running/running_board.h"
#include "drivers/sim/sim_driver.h"
#include "drivers/update/update.h"
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

void rig_boards_use_bench(struct rig_boards *boards, const struct rig_bench *bench,
                          const struct rig_bench_board *entry, struct rig_lock *lock)
{
    boards->bench = bench;
    boards->entry = entry;
    boards->lock = lock;
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

/* --- the kinds --- */

static bool seed_defects(const struct rig_boards *boards, struct rig_board *board, GError **error)
{
    for (guint i = 0; boards->defects && boards->defects[i]; i++)
        if (!rig_sim_board_add_defect(board, boards->defects[i], error))
            return false;
    return true;
}

static struct rig_board *make_simulated(const struct rig_boards *boards, const struct rig_target *target,
                                        GError **error)
{
    struct rig_board *board = rig_sim_board_new(target, error);

    if (board && (!boards->bootloader || rig_sim_board_use_bootloader(board, boards->bootloader, error)) &&
        seed_defects(boards, board, error))
        return board;
    if (board)
        board->ops->free(board);
    return NULL;
}

static struct rig_board *make_process(const struct rig_boards *boards, const struct rig_target *target,
                                      GError **error)
{
    const struct rig_process_config config = {.target = target,
                                              .program = boards->program,
                                              .targets = boards->directory,
                                              .link = boards->link,
                                              .hci = boards->hci,
                                              .adapter = boards->adapter,
                                              .defects = (const char *const *)boards->defects};

    if (boards->program)
        return rig_process_board_new(&config, error);
    g_set_error_literal(error, RIG_ERROR, RIG_ERROR_IO,
                        "cannot tell where this program is: /proc is not mounted");
    return NULL;
}

static struct rig_board *make_of_bench(const struct rig_boards *boards, const struct rig_target *target,
                                       GError **error)
{
    const struct rig_wired_config config = {.bench = boards->bench,
                                            .entry = boards->entry,
                                            .target = target,
                                            .program = boards->program,
                                            .targets = boards->directory,
                                            .lock = boards->lock};

    if (boards->entry)
        return rig_wired_board_new(&config, error);
    g_set_error(error, RIG_ERROR, RIG_ERROR_USAGE,
                "target '%s' is a real board: name the bench that it is on with --bench", target->name);
    return NULL;
}

static struct rig_board *make_qemu(const struct rig_boards *boards, const struct rig_target *target,
                                   GError **error)
{
    (void)boards;
    return rig_qemu_board_new(target, error);
}

static struct rig_board *make_running(const struct rig_boards *boards, const struct rig_target *target,
                                      GError **error)
{
    (void)boards;
    return rig_running_board_new(target, error);
}

/* What of the command line a kind of board heeds; the rest is refused. */
enum {
    TAKES_BENCH = 1 << 0,
    TAKES_BOOTLOADER = 1 << 1,
    TAKES_DEFECT = 1 << 2,
    TAKES_LINK = 1 << 3,
};

/* A new kind of board: its folder in drivers/, and its line here. */
static const struct board_kind {
    const char *name; /* `kind` of a target */
    struct rig_board *(*make)(const struct rig_boards *boards, const struct rig_target *target,
                              GError **error);
    guint takes;
    const char *over_link; /* the kind that it becomes with --link; NULL: none */
} kinds[] = {
    {"simulated", make_simulated, TAKES_BOOTLOADER | TAKES_DEFECT, "simulated-process"},
    {"simulated-process", make_process, TAKES_DEFECT | TAKES_LINK, "simulated-process"},
    {"board", make_of_bench, TAKES_BENCH, NULL},
    {"qemu", make_qemu, 0, NULL},
    {"running", make_running, 0, NULL},
};

static const struct board_kind *find_kind(const char *name)
{
    for (guint i = 0; i < G_N_ELEMENTS(kinds); i++)
        if (g_str_equal(kinds[i].name, name))
            return &kinds[i];
    return NULL;
}

static const struct board_kind *kind_of(const struct rig_boards *boards, const struct rig_target *target,
                                        GError **error)
{
    const char *name = target->spec->kind;
    const struct board_kind *kind = find_kind(name);
    g_autoptr(GString) names = g_string_new(NULL);

    if (kind)
        return boards->link && kind->over_link ? find_kind(kind->over_link) : kind;
    for (guint i = 0; i < G_N_ELEMENTS(kinds); i++)
        g_string_append_printf(names, "%s%s", i ? ", " : "", kinds[i].name);
    g_set_error(error, RIG_ERROR, RIG_ERROR_INPUT, "%s:%u: there is no kind of board '%s'; there are: %s",
                target->source->path, rig_node_get(target->spec->node, "kind")->start.line, name, names->str);
    return NULL;
}

/* Options that this kind of board does not heed. */
static bool check_options(const struct rig_boards *boards, const struct board_kind *kind,
                          const struct rig_target *target, GError **error)
{
    const struct {
        const char *name;
        bool given;
        guint taken;
    } options[] = {
        {"--bench", boards->entry != NULL, TAKES_BENCH},
        {"--bootloader", boards->bootloader != NULL, TAKES_BOOTLOADER},
        {"--defect", boards->defects && *boards->defects, TAKES_DEFECT},
        {"--link", boards->link != NULL, TAKES_LINK},
    };

    if ((boards->hci || boards->adapter) && g_strcmp0(boards->link, "bluez") != 0) {
        g_set_error_literal(error, RIG_ERROR, RIG_ERROR_USAGE,
                            "--hci and --adapter have no effect without --link bluez");
        return false;
    }
    for (guint i = 0; i < G_N_ELEMENTS(options); i++) {
        if (!options[i].given || kind->takes & options[i].taken)
            continue;
        g_set_error(error, RIG_ERROR, RIG_ERROR_USAGE, "%s is not for boards of kind '%s' (target '%s')",
                    options[i].name, kind->name, target->name);
        return false;
    }
    return true;
}

static struct rig_board *make_board(const struct rig_boards *boards, const struct rig_target *target,
                                    GError **error)
{
    const struct board_kind *kind = kind_of(boards, target, error);

    return kind && check_options(boards, kind, target, error) ? kind->make(boards, target, error) : NULL;
}

static bool set_protocol(const struct rig_target *target, struct rig_board *board, GError **error)
{
    board->protocol = rig_update_protocol_find(target->spec->protocol, error);
    if (!board->protocol)
        g_prefix_error(error, "target '%s': ", target->name);
    return board->protocol != NULL;
}

static struct made_board *make(struct rig_boards *boards, const char *name, GError **error)
{
    struct made_board *made = g_new0(struct made_board, 1);

    made->target = rig_target_load(name, boards->directory, error);
    if (made->target)
        made->board = make_board(boards, made->target, error);
    if (!made->board || !set_protocol(made->target, made->board, error)) {
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

/* The shipped target for scenarios of an update protocol; NULL or another one: RIG_TARGET_DEFAULT. */
static const char *target_default(const char *protocol)
{
    return g_strcmp0(protocol, "nordic-secure") == 0   ? "sim-nrf52840-dfu"
           : g_strcmp0(protocol, "nordic-legacy") == 0 ? "sim-nrf51-legacy"
                                                       : RIG_TARGET_DEFAULT;
}

const char *rig_boards_wanted(const struct rig_scenario *scenario)
{
    return scenario->target ? scenario->target : target_default(scenario->protocol);
}

char *rig_boards_skip_reason(struct rig_boards *boards, const struct rig_case *the_case, GError **error)
{
    const struct rig_target *target = NULL;
    struct rig_board *board = rig_boards_get(boards, rig_boards_wanted(the_case->scenario), &target, error);

    return board ? rig_plan_skip_reason(the_case, board, target) : NULL;
}
