/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Benchmark: every sequence of power cuts explored to closure, beside the naive sweep that plays one cut at a
 * time. Processor time of one core; nothing is asserted. Slots of 64 sectors of 4 KiB, images of 56 and 58
 * sectors. */
#define _GNU_SOURCE
#include "explore/explore.h"
#include "sim/boot/boot_fixture.h"
#include "sim/boot/guest/guest.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

static double cpu_ms(void)
{
    struct timespec now;

    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return (double)now.tv_sec * 1e3 + (double)now.tv_nsec / 1e6;
}

/* With a signature whose length varies an exact image size has to be hit by chance: Ed25519 images stand in,
 * validation is kept by content. */
static void make(struct board *board, enum rig_swap_mode mode, bool marked, uint32_t scratch_bytes)
{
    board_make(board, &(struct board_plan){.mode = mode,
                                           .n_primary = 64,
                                           .scratch_bytes = scratch_bytes,
                                           .old_bytes = 56 * 4096 - 3072,
                                           .new_bytes = 58 * 4096 - 1024});
    board_put_primary(board, 0, &board->old);
    board_put_secondary(board, 0, &board->fresh);
    if (marked && sim_boot_set_pending(&board->config, board->flash, 0, false) != SIM_OK)
        g_error("the board cannot be marked");
}

static void report(const char *name, const char *form, const struct rig_exploration *seen, double ms)
{
    printf("%-10s %-6s %6u contents %9" G_GUINT64_FORMAT " edges %8.1f ms %5.2f M edges/s %6.1f MiB  %s\n",
           name, form, seen->n_contents, seen->n_edges, ms, (double)seen->n_edges / ms / 1e3,
           (double)seen->n_bytes / 1048576.0, seen->closed ? "closed" : seen->why_open);
}

static void explore(const char *name, struct board *board, struct rig_subject *subject, bool torn,
                    bool marked)
{
    struct rig_explore_plan plan = {
        .subject = subject,
        .images = {{"old", board->old.bytes, board->old.n_bytes, true},
                   {"new", board->fresh.bytes, board->fresh.n_bytes, true}},
        .life = {.actions = {RIG_ACTION_TEST, RIG_ACTION_CONFIRM}, .n_actions = 2},
        .n_done = marked ? 1 : 0,
        .torn_write = torn,
        .torn_erase = torn,
        .invariants = RIG_ALL_INVARIANTS,
        .max_boots = 4,
        .max_bytes = (gsize)256 << 20,
    };
    double before = cpu_ms();
    g_autoptr(rig_exploration) seen = rig_explore(&plan);

    report(name, torn ? "torn" : "clean", seen, cpu_ms() - before);
}

/* One cut before each operation: played up to the cut, then once more to recover. */
static guint64 sweep_once(struct board *board)
{
    struct sim_flash_content *start = sim_flash_keep(board->flash);
    guint64 before = sim_flash_n_operations(board->flash);
    struct sim_boot_result result;
    guint64 n_operations;

    sim_boot_run(&board->config, board->flash, board->counter, NULL, NULL, &result);
    n_operations = sim_flash_n_operations(board->flash) - before;
    for (guint64 at = 0; at < n_operations; at++) {
        sim_flash_restore(board->flash, start);
        sim_flash_arm_cut(board->flash, at, SIM_CUT_BEFORE);
        sim_boot_run(&board->config, board->flash, board->counter, NULL, NULL, &result);
        sim_flash_power(board->flash, true);
        sim_boot_run(&board->config, board->flash, board->counter, NULL, NULL, &result);
    }
    sim_flash_content_free(start);
    return n_operations;
}

static void sweep(enum rig_swap_mode mode)
{
    struct board board;
    guint64 n_cuts;
    double before;

    make(&board, mode, true, 0);
    before = cpu_ms();
    n_cuts = sweep_once(&board);
    n_cuts += mode == RIG_SWAP_OVERWRITE ? 0 : sweep_once(&board); /* the revert */
    printf("%-10s naive  %6" G_GUINT64_FORMAT
           " single cuts                %8.1f ms  (depth one, between operations)\n",
           rig_swap_mode_name(mode), n_cuts, cpu_ms() - before);
    board_clear(&board);
}

static void bench_model(enum rig_swap_mode mode)
{
    for (int torn = 0; torn < 2; torn++) {
        struct board board;

        make(&board, mode, true, 0);
        g_autoptr(rig_subject) subject = rig_subject_model(&board.config, board.flash);
        explore(rig_swap_mode_name(mode), &board, subject, torn, true);
        board_clear(&board);
    }
    sweep(mode);
}

static void bench_guest(const char *path)
{
    struct sim_guest_config config = {0};
    struct sim_guest *guest;
    struct board board;
    char why[256];

    make(&board, RIG_SWAP_SCRATCH, true, 3 * 4096); /* the books of the example want room */
    board.config.need_signature = false;
    sim_guest_config_areas(&config, &board.config);
    guest = sim_guest_open(path, &config, why, sizeof why);
    if (!guest)
        g_error("%s: %s", path, why);
    g_autoptr(rig_subject) subject = rig_subject_guest(&board.config, board.flash, guest);
    explore("guest", &board, subject, false, true);
    board_clear(&board);
    sim_guest_free(guest);
}

int main(int argc, char **argv)
{
    setvbuf(stdout, NULL, _IOLBF, 0);
    for (int mode = RIG_SWAP_MOVE; mode <= RIG_SWAP_OVERWRITE; mode++)
        bench_model((enum rig_swap_mode)mode);
    for (int i = 1; i < argc; i++)
        bench_guest(argv[i]);
    return 0;
}
