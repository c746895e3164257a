/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Benchmark: every sequence of power cuts explored to closure, beside the naive sweep that plays one cut at a
 * time. Best wall-clock time of some runs; nothing is asserted. Slots of 64 sectors of 4 KiB, images of 56
 * and 58 sectors, signed by ECDSA P-256. */
#define _GNU_SOURCE
#include "explore/explore.h"
#include "explore/mcuboot.h"
#include "explore/nordic_fixture.h"
#include "sim/firmware/mcuboot/boot/boot_fixture.h"
#include "sim/firmware/mcuboot/guest/guest.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#define BUDGET_BYTES ((gsize)1 << 30)
#define ACCEPTED_MS_CLEAN 1000.0
#define ACCEPTED_MS_TORN 3000.0
#define N_RUNS 3u /* of which the best counts */

static double now_ms(void)
{
    return (double)g_get_monotonic_time() / 1e3;
}

static void make(struct board *board, enum rig_swap_mode mode, bool marked, uint32_t scratch_bytes)
{
    board_make(board, &(struct board_plan){.mode = mode,
                                           .n_primary = 64,
                                           .scratch_bytes = scratch_bytes,
                                           .old_bytes = 56 * 4096 - 3072,
                                           .new_bytes = 58 * 4096 - 1024,
                                           .ecdsa = true});
    board_put_primary(board, 0, &board->old);
    board_put_secondary(board, 0, &board->fresh);
    if (marked && sim_boot_set_pending(&board->config, board->flash, 0, false) != SIM_OK)
        g_error("the board cannot be marked");
}

struct form {
    bool torn;
    bool marked;
    guint n_workers;
    const struct rig_bytes *clear; /* of old and new, as they run; NULL: they are not encrypted */
};

static void report(const char *name, const struct form *form, const struct rig_exploration *seen)
{
    double ms = (double)seen->elapsed_us / 1e3;

    printf("%-10s %-5s %-8s %u worker%s %6u contents %9" G_GUINT64_FORMAT
           " edges %8.1f ms %6.2f M edges/s %6.1f "
           "MiB, %u forks  %s\n",
           name, form->torn ? "torn" : "clean", form->marked ? "marked" : "unmarked", form->n_workers,
           form->n_workers == 1 ? " " : "s", seen->n_contents, seen->n_edges, ms,
           (double)seen->n_edges / ms / 1e3, (double)seen->n_bytes / 1048576.0, seen->n_forks,
           seen->closed ? "closed" : seen->why_open);
}

/* Returns the best time in ms. */
static double explore(const char *name, struct board *board, struct rig_subject *subject, struct form form)
{
    struct rig_explore_plan plan = {
        .subject = subject,
        .images = {{.name = "old",
                    .bytes = board->old.bytes,
                    .n_bytes = board->old.n_bytes,
                    .verified = true,
                    .encrypted = form.clear != NULL,
                    .clear = form.clear ? form.clear[RIG_IMAGE_OLD].bytes : NULL},
                   {.name = "new",
                    .bytes = board->fresh.bytes,
                    .n_bytes = board->fresh.n_bytes,
                    .verified = true,
                    .encrypted = form.clear != NULL,
                    .clear = form.clear ? form.clear[RIG_IMAGE_NEW].bytes : NULL}},
        .life = {.actions = {RIG_ACTION_TEST, RIG_ACTION_CONFIRM}, .n_actions = 2},
        .n_done = form.marked ? 1 : 0,
        .torn_write = form.torn,
        .torn_erase = form.torn,
        .invariants = RIG_ALL_INVARIANTS,
        .max_boots = 4,
        .max_bytes = BUDGET_BYTES,
        .n_workers = form.n_workers,
    };
    g_autoptr(rig_exploration) best = NULL;

    for (guint i = 0; i < N_RUNS; i++) {
        struct rig_exploration *seen = rig_explore(&plan);

        if (best && best->elapsed_us <= seen->elapsed_us) {
            rig_exploration_free(seen);
            continue;
        }
        rig_exploration_free(best);
        best = seen;
    }
    report(name, &form, best);
    return (double)best->elapsed_us / 1e3;
}

/* The naive sweep: for every flash operation of every phase of the life cycle, the phase is played from its
 * begin to a cut before that operation; power comes back, the board boots until an image runs, the rest of
 * the life cycle is played and what runs at each step is compared byte by byte. One cut each, none inside an
 * operation, no exploration's memo: images are verified as often as the bootloader does it. */
enum phase { PHASE_TEST, PHASE_CONFIRM, PHASE_BOOT };
struct naive {
    struct board board;
    guint64 n_cuts;
    guint64 n_wrong;
};

static bool phase_runs(struct naive *naive, enum phase phase)
{
    struct board *board = &naive->board;

    switch (phase) {
    case PHASE_TEST:
        return sim_boot_set_pending(&board->config, board->flash, 0, false) == SIM_OK;
    case PHASE_CONFIRM:
        return sim_boot_set_confirmed(&board->config, board->flash, 0) == SIM_OK;
    case PHASE_BOOT:
        sim_boot_run(&board->config, board->flash, board->counter, NULL, NULL, &board->result);
        return board->result.outcome == SIM_BOOT_RUNS;
    }
    return false;
}

static bool boots_until_up(struct naive *naive)
{
    for (guint i = 0; i < 4; i++)
        if (phase_runs(naive, PHASE_BOOT))
            return true;
    return false;
}

/* Something of the two runs; an old image again after it was confirmed is wrong. */
static void judge(struct naive *naive, bool must_be_new)
{
    bool is_new = board_runs(&naive->board, &naive->board.fresh);

    if (!is_new && (must_be_new || !board_runs(&naive->board, &naive->board.old)))
        naive->n_wrong++;
}

static void play_rest(struct naive *naive, const enum phase *phases, guint n_phases)
{
    bool confirmed = false;

    for (guint i = 0; i < n_phases; i++) {
        confirmed |= phases[i] == PHASE_CONFIRM && board_runs(&naive->board, &naive->board.fresh);
        phase_runs(naive, phases[i]);
        judge(naive, confirmed);
    }
}

static void sweep_phase(struct naive *naive, const enum phase *phases, guint n_phases)
{
    struct sim_flash *flash = naive->board.flash;
    struct sim_flash_content *start = sim_flash_keep(flash);
    guint64 before = sim_flash_n_operations(flash);
    guint64 n_operations;

    phase_runs(naive, phases[0]);
    n_operations = sim_flash_n_operations(flash) - before;
    struct sim_flash_content *end = sim_flash_keep(flash);
    for (guint64 at = 0; at < n_operations; at++, naive->n_cuts++) {
        sim_flash_restore(flash, start);
        sim_flash_arm_cut(flash, at, SIM_CUT_BEFORE);
        phase_runs(naive, phases[0]);
        sim_flash_disarm_cut(flash);
        sim_flash_power(flash, true);
        naive->n_wrong += !boots_until_up(naive);
        judge(naive, false);
        play_rest(naive, phases + 1, n_phases - 1);
    }
    sim_flash_restore(flash, end);
    sim_flash_content_free(start);
    sim_flash_content_free(end);
}

static void sweep_life(struct naive *naive, const enum phase *phases, guint n_phases)
{
    struct sim_flash_content *start = sim_flash_keep(naive->board.flash);

    for (guint i = 0; i < n_phases; i++)
        sweep_phase(naive, phases + i, n_phases - i);
    sim_flash_restore(naive->board.flash, start);
    sim_flash_content_free(start);
}

/* Returns its time in ms. remembers: with the bootloader model's own memo of verified images, which the
 * exploration has, too. */
static double sweep(enum rig_swap_mode mode, bool remembers)
{
    static const enum phase confirmed[] = {PHASE_TEST, PHASE_BOOT, PHASE_CONFIRM, PHASE_BOOT};
    static const enum phase taken_back[] = {PHASE_TEST, PHASE_BOOT, PHASE_BOOT, PHASE_BOOT};
    struct naive naive = {.n_cuts = 0};
    struct sim_boot_memo *memo;
    double before;

    make(&naive.board, mode, false, 0);
    memo = naive.board.config.memo;
    naive.board.config.memo = remembers ? memo : NULL;
    before = now_ms();
    sweep_life(&naive, confirmed, G_N_ELEMENTS(confirmed));
    sweep_life(&naive, taken_back, G_N_ELEMENTS(taken_back));
    before = now_ms() - before;
    printf("%-10s naive %-8s %7" G_GUINT64_FORMAT
           " single cuts %29s %8.1f ms %6.0f cuts/s, %" G_GUINT64_FORMAT " wrong\n",
           rig_swap_mode_name(mode), remembers ? "memo" : "no memo", naive.n_cuts, "", before,
           (double)naive.n_cuts / before * 1e3, naive.n_wrong);
    naive.board.config.memo = memo;
    board_clear(&naive.board);
    return before;
}

static double bench_form(enum rig_swap_mode mode, struct form form)
{
    struct board board;
    double ms;

    make(&board, mode, form.marked, 0);
    g_autoptr(rig_subject) subject = rig_subject_model(&board.config, board.flash);
    ms = explore(rig_swap_mode_name(mode), &board, subject, form);
    board_clear(&board);
    return ms;
}

static const char *verdict(double ms, double limit_ms)
{
    return ms < limit_ms ? "met" : "MISSED";
}

static void bench_model(enum rig_swap_mode mode)
{
    double clean = bench_form(mode, (struct form){.marked = true, .n_workers = 1});
    double torn = bench_form(mode, (struct form){.torn = true, .marked = true, .n_workers = 1});
    double two = bench_form(mode, (struct form){.torn = true, .marked = true, .n_workers = 2});
    double whole = bench_form(mode, (struct form){.n_workers = 1});
    double naive = sweep(mode, false);
    double naive_memo = sweep(mode, true);

    printf(
        "%-10s closure within 1 s: %s; torn within 3 s: %s; two workers: %.2f times as fast; whole life, any "
        "number of cuts: %.3f of the naive sweep's time (%.2f with the memo)\n",
        rig_swap_mode_name(mode), verdict(clean, ACCEPTED_MS_CLEAN), verdict(torn, ACCEPTED_MS_TORN),
        torn / two, whole / naive, whole / naive_memo);
}

#define MOST_TIMES_PLAIN 3.0

static struct rig_bytes encrypted(const struct board *board, const struct rig_encrypt_key *key, guint8 major,
                                  guint32 n_payload, bool clear)
{
    g_autofree guint8 *payload = g_malloc(n_payload);
    guint8 seed[RIG_ENCRYPT_SEED_BYTES] = {major};
    struct rig_image_recipe recipe = {.payload = payload,
                                      .payload_bytes = n_payload,
                                      .version = {.major = major},
                                      .key = board->key,
                                      .erased = 0xff,
                                      .encrypt_to = key,
                                      .clear = clear,
                                      .encrypt_seed = seed};
    struct rig_bytes image;

    rig_image_fill_payload(major, payload, n_payload);
    if (rig_image_build(&recipe, &image) != RIG_IMAGE_OK)
        g_error("an encrypted image cannot be built");
    return image;
}

/* The same life of encrypted images, ECIES-P256 with plain keys in the trailers, beside the plain one. */
static void bench_encrypted(enum rig_swap_mode mode)
{
    double plain = bench_form(mode, (struct form){.torn = true, .marked = true, .n_workers = 1});
    struct rig_encrypt_key *key = rig_encrypt_key_test(RIG_ENCRYPT_ECIES_P256, 128, 0, NULL);
    struct rig_bytes clear[RIG_N_EXPLORE_IMAGES];
    struct board board;
    double ms;

    make(&board, mode, false, 0);
    board.config.encryption = RIG_ENCRYPT_ECIES_P256;
    board.config.aes_bits = 128;
    board.config.key_bytes = 16;
    board.config.encryption_key = key;
    rig_bytes_clear(&board.old);
    rig_bytes_clear(&board.fresh);
    board.old = encrypted(&board, key, 1, 56 * 4096 - 3072 - 512, false);
    board.fresh = encrypted(&board, key, 2, 58 * 4096 - 1024 - 512, false);
    clear[RIG_IMAGE_OLD] = encrypted(&board, key, 1, 56 * 4096 - 3072 - 512, true);
    clear[RIG_IMAGE_NEW] = encrypted(&board, key, 2, 58 * 4096 - 1024 - 512, true);
    board_put_primary(&board, 0, &clear[RIG_IMAGE_OLD]);
    board_put_secondary(&board, 0, &board.fresh);
    if (sim_boot_set_pending(&board.config, board.flash, 0, false) != SIM_OK)
        g_error("the board cannot be marked");
    {
        g_autoptr(rig_subject) subject = rig_subject_model(&board.config, board.flash);

        ms = explore("encrypted", &board, subject,
                     (struct form){.torn = true, .marked = true, .n_workers = 1, .clear = clear});
    }
    printf("%-10s encrypted, torn: %.2f of the plain one's time, within %.0f times: %s\n",
           rig_swap_mode_name(mode), ms / plain, MOST_TIMES_PLAIN, verdict(ms, MOST_TIMES_PLAIN * plain));
    rig_bytes_clear(&clear[RIG_IMAGE_OLD]);
    rig_bytes_clear(&clear[RIG_IMAGE_NEW]);
    board_clear(&board);
    rig_encrypt_key_free(key);
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
    /* Not torn: each torn record of its books makes it begin another one, there is no end. */
    for (guint n_workers = 1; n_workers <= 2; n_workers++)
        explore("guest", &board, subject, (struct form){.marked = true, .n_workers = n_workers});
    board_clear(&board);
    sim_guest_free(guest);
}

/* Whole updates of an nRF52832 of 512 KiB: transfer, activation, torn forms. */
static void bench_nordic(void)
{
    static const struct {
        const char *name;
        struct nordic_plan plan;
    } kinds[] = {
        {"secure, application", {.old_bytes = 0x19000, .new_bytes = 0x1e000}},
        {"secure, application, bond", {.old_bytes = 0x19000, .new_bytes = 0x1e000, .bonded = true}},
        {"secure, application, one bank",
         {.old_bytes = 0x19000, .new_bytes = 0x1e000, .banks = SIM_SECURE_SINGLE}},
        {"secure, SoftDevice", {.firmware = RIG_DFU_SOFTDEVICE, .softdevice = 0x26000}},
        {"secure, bootloader", {.firmware = RIG_DFU_BOOTLOADER, .softdevice = 0x26000}},
        {"secure, both, application",
         {.firmware = RIG_DFU_SOFTDEVICE_BOOTLOADER, .softdevice = 0x26000, .then_application = true}},
        {"legacy, application", {.legacy = true, .old_bytes = 0x19000, .new_bytes = 0x1e000}},
        {"legacy, application, one bank",
         {.legacy = true, .single_bank = true, .old_bytes = 0x19000, .new_bytes = 0x1e000}},
        {"legacy, bootloader", {.legacy = true, .firmware = RIG_DFU_BOOTLOADER, .softdevice = 0x1f000}},
        {"legacy, SoftDevice", {.legacy = true, .firmware = RIG_DFU_SOFTDEVICE, .softdevice = 0x1f000}},
        {"legacy, larger SoftDevice",
         {.legacy = true, .firmware = RIG_DFU_SOFTDEVICE, .softdevice = 0x1f000, .new_softdevice = 0x21000}},
        {"legacy, SoftDevice, bootloader",
         {.legacy = true, .firmware = RIG_DFU_SOFTDEVICE_BOOTLOADER, .softdevice = 0x1f000}},
        {"secure, larger SoftDevice",
         {.firmware = RIG_DFU_SOFTDEVICE, .softdevice = 0x26000, .new_softdevice = 0x28000}},
    };

    for (guint i = 0; i < G_N_ELEMENTS(kinds); i++) {
        struct nordic_plan plan = kinds[i].plan;
        struct nordic_board board;
        double ms;

        plan.n_pages = 128;
        nordic_board_make(&board, &plan);
        g_autoptr(rig_exploration) seen = nordic_board_explore(&board);
        ms = (double)seen->elapsed_us / 1e3;
        printf("%-30s 1 worker  %6u contents %9" G_GUINT64_FORMAT
               " edges %8.1f ms %6.1f MiB  %s, within 3 s: %s\n",
               kinds[i].name, seen->n_contents, seen->n_edges, ms, (double)seen->n_bytes / 1048576.0,
               seen->closed ? "closed" : seen->why_open, verdict(ms, ACCEPTED_MS_TORN));
        nordic_board_clear(&board);
    }
}

/* [MODE | encrypted | nordic | GUEST.so]... */
int main(int argc, char **argv)
{
    bool all = true;

    setvbuf(stdout, NULL, _IOLBF, 0);
    for (int i = 1; i < argc; i++) {
        for (int mode = RIG_SWAP_MOVE; mode <= RIG_SWAP_OVERWRITE; mode++)
            if (g_str_equal(argv[i], rig_swap_mode_name((enum rig_swap_mode)mode))) {
                bench_model((enum rig_swap_mode)mode);
                all = false;
            }
    }
    for (int i = 1; i < argc; i++)
        if (g_str_equal(argv[i], "encrypted")) {
            for (int mode = RIG_SWAP_MOVE; mode <= RIG_SWAP_OVERWRITE; mode++)
                bench_encrypted((enum rig_swap_mode)mode);
            all = false;
        }
    for (int i = 1; i < argc; i++)
        if (g_str_equal(argv[i], "nordic")) {
            bench_nordic();
            all = false;
        }
    for (int mode = RIG_SWAP_MOVE; all && mode <= RIG_SWAP_OVERWRITE; mode++)
        bench_model((enum rig_swap_mode)mode);
    for (int mode = RIG_SWAP_MOVE; all && mode <= RIG_SWAP_OVERWRITE; mode++)
        bench_encrypted((enum rig_swap_mode)mode);
    for (int i = 1; i < argc; i++)
        if (g_str_has_suffix(argv[i], ".so"))
            bench_guest(argv[i]);
    if (all)
        bench_nordic();
    return 0;
}
