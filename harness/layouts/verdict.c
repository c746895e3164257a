/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The bootloader model run on a layout, to see what it does there. */
#include "layouts/verdict.h"

#include "base/error.h"
#include "image/build.h"
#include "sim/firmware/mcuboot/boot/boot.h"

#include <stdio.h>
#include <string.h>

#define SMALL_IMAGE_BYTES 1024u
#define MAX_BOOTS 3             /* after a power cut: it resumes, it decides, it runs */
#define MANY_OPERATIONS 400000u /* of all cuts of one size together: a fraction of a second */
#define EDGE_OPERATIONS 24u     /* at the begin and the end of a run none is left out */

/* Of one mode. */
struct trial {
    struct sim_boot_config config;
    struct sim_flash_device_config devices[SIM_FLASH_MAX_DEVICES];
    guint n_devices;
    struct sim_flash *flash;
    struct rig_bytes images[2]; /* old, new */
    guint32 counters[SIM_BOOT_MAX_IMAGES];
    struct sim_boot_result result;
    char warning[192]; /* the first line of the bootloader that says what is wrong */
};

static void hear(void *user, char level, const char *line)
{
    struct trial *trial = user;

    if ((level == 'W' || level == 'E') && !trial->warning[0])
        g_strlcpy(trial->warning, line, sizeof trial->warning);
}

static void boot(struct trial *trial)
{
    sim_flash_power(trial->flash, true);
    sim_boot_run(&trial->config, trial->flash, trial->counters, hear, trial, &trial->result);
}

/* --- the images --- */

static bool make_image(const struct trial *trial, struct rig_bytes *image, guint8 major, guint32 n_bytes,
                       GError **error)
{
    struct rig_image_recipe recipe = {
        .version = {.major = major}, .erased = 0xff, .has_security_counter = true};
    g_autofree guint8 *payload = g_malloc(n_bytes);
    enum rig_image_status status;

    if (rig_swap_mode_loads_ram(trial->config.mode)) {
        recipe.flags = RIG_IMAGE_FLAG_RAM_LOAD;
        recipe.load_address = trial->config.ram_start;
    }
    rig_image_fill_payload(major, payload, n_bytes);
    recipe.payload = payload;
    recipe.payload_bytes = n_bytes;
    status = rig_image_build(&recipe, image);
    /* What header and TLVs take is known then. */
    if (status == RIG_IMAGE_OK && image->n_bytes > n_bytes && image->n_bytes - n_bytes < n_bytes) {
        recipe.payload_bytes -= image->n_bytes - n_bytes;
        rig_bytes_clear(image);
        status = rig_image_build(&recipe, image);
    }
    if (status != RIG_IMAGE_OK)
        g_set_error(error, RIG_ERROR, RIG_ERROR_IO, "cannot build an image of %u bytes: %s", n_bytes,
                    rig_image_status_text(status));
    return status == RIG_IMAGE_OK;
}

static void clear_images(struct trial *trial)
{
    rig_bytes_clear(&trial->images[0]);
    rig_bytes_clear(&trial->images[1]);
}

static bool make_images(struct trial *trial, guint32 n_bytes, GError **error)
{
    clear_images(trial);
    return make_image(trial, &trial->images[0], 1, n_bytes, error) &&
           make_image(trial, &trial->images[1], 2, n_bytes, error);
}

static bool put(struct trial *trial, const struct sim_area *area, guint32 offset,
                const struct rig_bytes *image)
{
    return image->n_bytes + offset <= area->n_bytes &&
           sim_flash_poke(trial->flash, area->device, area->offset + offset, image->bytes, image->n_bytes) ==
               SIM_OK;
}

static guint32 first_sector(const struct trial *trial, const struct sim_area *area)
{
    uint32_t start, n_bytes;

    return sim_flash_sector_at(trial->flash, area->device, area->offset, &start, &n_bytes) ? n_bytes : 0;
}

static bool flash_anew(struct trial *trial)
{
    sim_flash_free(trial->flash);
    trial->flash = sim_flash_new(trial->devices, trial->n_devices);
    return trial->flash != NULL;
}

/* How the application asks for the new image in slot 1; in the modes that start by a trailer the old one has
 * its own. */
static bool ask(struct trial *trial, guint image)
{
    if (rig_swap_mode_starts_by_trailer(trial->config.mode))
        return sim_boot_set_next(&trial->config, trial->flash, image, 0, true) == SIM_OK &&
               sim_boot_set_next(&trial->config, trial->flash, image, 1, false) == SIM_OK;
    return rig_swap_mode_chooses_slot(trial->config.mode) ||
           sim_boot_set_pending(&trial->config, trial->flash, image, false) == SIM_OK;
}

/* The old image in every slot 0, the new one in every slot 1 and asked for as a test. */
static bool stage(struct trial *trial)
{
    for (guint i = 0; i < trial->config.n_images; i++) {
        const struct sim_area *secondary = &trial->config.secondary[i];
        guint32 offset = trial->config.mode != RIG_SWAP_OFFSET ? 0
                         : trial->config.logical_sector        ? trial->config.logical_sector
                                                               : first_sector(trial, secondary);

        if (!put(trial, &trial->config.primary[i], 0, &trial->images[0]) ||
            !put(trial, secondary, offset, &trial->images[1]) || !ask(trial, i))
            return false;
    }
    return true;
}

static bool area_holds(const struct trial *trial, const struct sim_area *area, const struct rig_bytes *image)
{
    g_autofree guint8 *bytes = g_malloc(image->n_bytes);

    return sim_flash_peek(trial->flash, area->device, area->offset, bytes, image->n_bytes) == SIM_OK &&
           memcmp(bytes, image->bytes, image->n_bytes) == 0;
}

/* Which image runs: 0 old, 1 new; -1: none of them, or not the same on all places. */
static int which_runs(const struct trial *trial)
{
    if (trial->result.outcome != SIM_BOOT_RUNS)
        return -1;
    for (int which = 0; which < 2; which++) {
        bool all = true;

        for (guint i = 0; i < trial->config.n_images; i++)
            all = all &&
                  area_holds(trial,
                             trial->result.slot[i] ? &trial->config.secondary[i] : &trial->config.primary[i],
                             &trial->images[which]);
        if (all)
            return which;
    }
    return -1;
}

/* --- time and wear --- */

struct wear {
    guint device;
    guint32 offset;
    guint32 n;
};

static struct wear most_worn(const struct trial *trial)
{
    struct wear most = {0};

    for (guint device = 0; device < sim_flash_n_devices(trial->flash); device++) {
        guint32 start = 0, n_bytes;

        for (guint32 at = 0; sim_flash_sector_at(trial->flash, device, at, &start, &n_bytes);
             at = start + n_bytes) {
            guint32 n = sim_flash_erase_count(trial->flash, device, start);

            if (n > most.n)
                most = (struct wear){device, start, n};
        }
    }
    return most;
}

static void measure_upgrade(struct trial *trial, struct rig_layout_verdict *verdict)
{
    guint64 us = sim_flash_busy_us(trial->flash);
    guint64 n = sim_flash_n_operations(trial->flash);
    struct wear worn;

    boot(trial);
    verdict->upgrade_us = sim_flash_busy_us(trial->flash) - us;
    verdict->n_operations = sim_flash_n_operations(trial->flash) - n;
    worn = most_worn(trial);
    verdict->max_erases = worn.n;
    if (worn.n > 0)
        snprintf(verdict->worn, sizeof verdict->worn, "%s 0x%x",
                 sim_flash_device(trial->flash, worn.device)->name, worn.offset);
}

/* --- power cuts --- */

/* Whether one of the images runs at last. */
static bool recovers(struct trial *trial)
{
    for (guint i = 0; i < MAX_BOOTS; i++) {
        boot(trial);
        if (trial->result.outcome == SIM_BOOT_RUNS)
            return which_runs(trial) >= 0;
    }
    return false;
}

struct sweep {
    const struct sim_flash_content *begin;
    const char *run; /* "upgrade", "revert" */
    guint64 n_operations, step;
    guint32 image_bytes;
};

static void try_cut(struct trial *trial, const struct sweep *sweep, guint64 at, enum sim_cut_form form,
                    struct rig_layout_cuts *cuts)
{
    sim_flash_restore(trial->flash, sweep->begin);
    sim_flash_arm_cut(trial->flash, at, form);
    boot(trial);
    sim_flash_disarm_cut(trial->flash);
    cuts->n_tried++;
    if (recovers(trial) || cuts->n_lost++ > 0)
        return;
    snprintf(cuts->first, sizeof cuts->first, "%s%" G_GUINT64_FORMAT " of the %s of images of %u bytes: %s",
             form == SIM_CUT_HALF ? "half-way through operation " : "before operation ", at, sweep->run,
             sweep->image_bytes,
             trial->result.assertion[0] ? trial->result.assertion : "nothing to boot, or half of each image");
}

static void try_cuts(struct trial *trial, const struct sweep *sweep, struct rig_layout_cuts *cuts)
{
    cuts->n_places += 2 * sweep->n_operations;
    for (guint64 at = 0; at < sweep->n_operations; at++) {
        bool is_edge = at < EDGE_OPERATIONS || sweep->n_operations - at <= EDGE_OPERATIONS;

        if (!is_edge && at % sweep->step != 0)
            continue;
        try_cut(trial, sweep, at, SIM_CUT_BEFORE, cuts);
        try_cut(trial, sweep, at, SIM_CUT_HALF, cuts);
    }
}

/* Of the run that begins with what the flash holds; it ends where that run does without a cut. */
static void sweep_run(struct trial *trial, const char *run, guint32 image_bytes, struct rig_layout_cuts *cuts)
{
    struct sim_flash_content *begin = sim_flash_keep(trial->flash), *end;
    guint64 before = sim_flash_n_operations(trial->flash);
    struct sweep sweep = {.begin = begin, .run = run, .image_bytes = image_bytes};

    boot(trial);
    end = sim_flash_keep(trial->flash);
    sweep.n_operations = sim_flash_n_operations(trial->flash) - before;
    /* An odd step meets every operation of a repeated pattern of them. */
    sweep.step = 4 * sweep.n_operations * sweep.n_operations / MANY_OPERATIONS | 1;
    if (begin && end) {
        try_cuts(trial, &sweep, cuts);
        sim_flash_restore(trial->flash, end);
    }
    sim_flash_content_free(begin);
    sim_flash_content_free(end);
}

static bool sweep_size(struct trial *trial, guint32 n_bytes, struct rig_layout_verdict *verdict,
                       GError **error)
{
    if (!make_images(trial, n_bytes, error))
        return false;
    if (!flash_anew(trial) || !stage(trial))
        return true;
    sweep_run(trial, "upgrade", n_bytes, &verdict->cuts);
    if (rig_swap_mode_reverts(verdict->mode))
        sweep_run(trial, "revert", n_bytes, &verdict->cuts);
    return true;
}

/* --- the verdict --- */

static void answer(struct rig_layout_verdict *verdict, enum rig_layout_answer answer, const char *why)
{
    verdict->answer = answer;
    g_strlcpy(verdict->reason, why, sizeof verdict->reason);
}

static const char *why_not(const struct trial *trial, const char *otherwise)
{
    return trial->warning[0]            ? trial->warning
           : trial->result.assertion[0] ? trial->result.assertion
                                        : otherwise;
}

static bool boots_as_it_is(struct trial *trial)
{
    if (!flash_anew(trial))
        return false;
    for (guint i = 0; i < trial->config.n_images; i++)
        if (!put(trial, &trial->config.primary[i], 0, &trial->images[0]) ||
            (rig_swap_mode_starts_by_trailer(trial->config.mode) &&
             sim_boot_set_next(&trial->config, trial->flash, i, 0, true) != SIM_OK))
            return false;
    boot(trial);
    return which_runs(trial) == 0;
}

/* An unconfirmed image is taken back at the next boot, in the modes that swap. */
static void judge_revert(struct trial *trial, struct rig_layout_verdict *verdict)
{
    guint64 us = sim_flash_busy_us(trial->flash);

    if (!rig_swap_mode_reverts(verdict->mode))
        return;
    boot(trial);
    verdict->revert_us = sim_flash_busy_us(trial->flash) - us;
    if (which_runs(trial) != 0)
        answer(verdict, RIG_LAYOUT_BREAKS, why_not(trial, "the update is not reverted"));
}

static void judge_upgrade(struct trial *trial, struct rig_layout_verdict *verdict)
{
    measure_upgrade(trial, verdict);
    switch (which_runs(trial)) {
    case 1:
        judge_revert(trial, verdict);
        return;
    case 0:
        answer(verdict, RIG_LAYOUT_CANNOT_UPGRADE, why_not(trial, "the update does not take place"));
        return;
    default:
        answer(verdict, RIG_LAYOUT_BREAKS, why_not(trial, "what runs is none of the two images"));
    }
}

/* With images of this size. */
static bool judge_size(struct trial *trial, guint32 n_bytes, struct rig_layout_verdict *verdict,
                       GError **error)
{
    if (!make_images(trial, n_bytes, error))
        return false;
    trial->warning[0] = '\0';
    verdict->answer = RIG_LAYOUT_UPGRADES;
    verdict->reason[0] = '\0';
    if (!boots_as_it_is(trial))
        answer(verdict, RIG_LAYOUT_DOES_NOT_BOOT, why_not(trial, "the slot cannot hold an image"));
    else if (flash_anew(trial) && stage(trial))
        judge_upgrade(trial, verdict);
    else
        answer(verdict, RIG_LAYOUT_CANNOT_UPGRADE, "the slot cannot hold an image and its trailer");
    return true;
}

#define SAFE_STEP_BYTES 1024u

/* The largest size, in steps, whose upgrade and revert go well where that of the largest image does not. */
static bool find_safe_size(struct trial *trial, struct rig_layout_verdict *verdict, GError **error)
{
    guint32 good = 0, bad = verdict->largest_bytes / SAFE_STEP_BYTES;

    while (bad - good > 1) {
        guint32 middle = good + (bad - good) / 2;
        struct rig_layout_verdict smaller = {.mode = verdict->mode};

        if (!judge_size(trial, middle * SAFE_STEP_BYTES, &smaller, error))
            return false;
        if (smaller.answer == RIG_LAYOUT_UPGRADES)
            good = middle;
        else
            bad = middle;
    }
    verdict->safe_bytes = good * SAFE_STEP_BYTES;
    return true;
}

static guint32 largest_of(const struct trial *trial)
{
    guint32 largest = G_MAXUINT32;

    for (guint i = 0; i < trial->config.n_images; i++)
        largest = MIN(largest, sim_boot_max_image_bytes(&trial->config, trial->flash, i));
    return rig_swap_mode_loads_ram(trial->config.mode) ? MIN(largest, trial->config.ram_bytes) : largest;
}

static bool trailer_spans_sectors(const struct trial *trial)
{
    for (guint i = 0; i < trial->config.n_images; i++) {
        const struct sim_area *area = &trial->config.primary[i];
        struct rig_trailer_geometry geometry;
        struct rig_trailer_layout layout;
        uint32_t start, n_bytes;

        sim_boot_geometry(&trial->config, trial->flash, area, &geometry);
        if (rig_trailer_layout(&geometry, &layout) &&
            sim_flash_sector_at(trial->flash, area->device, area->offset + area->n_bytes - 1, &start,
                                &n_bytes) &&
            layout.n_bytes > n_bytes)
            return true;
    }
    return false;
}

static bool trailer_is_in_one_sector(const struct trial *trial)
{
    return !trailer_spans_sectors(trial);
}

static bool has_ecc(const struct trial *trial)
{
    return trial->devices[0].torn_is_error;
}

static bool has_no_erase(const struct trial *trial)
{
    return trial->devices[0].no_erase;
}

static bool has_other_device(const struct trial *trial)
{
    return trial->config.primary[0].device != trial->config.secondary[0].device;
}

static bool has_two_images(const struct trial *trial)
{
    return trial->config.n_images > 1;
}

#define MODE(name) (1u << RIG_SWAP_##name)
#define SWAPS (MODE(MOVE) | MODE(SCRATCH) | MODE(OFFSET))
#define IN_PLACE (MODE(DIRECT_XIP) | MODE(DIRECT_XIP_REVERT))

/* What was found by exploring upstream's own code, and is in it to this day; and what a mode cannot by its
 * nature. holds NULL: on every layout. */
static const struct {
    guint modes;
    bool (*holds)(const struct trial *trial);
    const char *text;
} hazards[] = {
    {SWAPS | MODE(OVERWRITE), has_ecc,
     "a word that power was lost in ends every boot that reads it, where nobody handles the NMI"},
    {SWAPS, has_no_erase,
     "two cuts: the board is lost, as the first status record is not cleared without an erase"},
    {MODE(MOVE), NULL,
     "two cuts in one revert, the first inside the write of its magic: the rejected image stays"},
    {MODE(SCRATCH), trailer_spans_sectors,
     "two cuts in one revert: the board is lost, as the trailer spans several sectors"},
    {MODE(SCRATCH), trailer_is_in_one_sector, "two cuts in one revert: the rejected image stays"},
    {MODE(OFFSET), NULL,
     "two cuts in one revert: the board is lost when the old image reaches the end of what is swapped"},
    {MODE(OFFSET), NULL,
     "an old image much larger than the new one, one cut in its last sector: it cannot be reverted to"},
    {MODE(OVERWRITE) | MODE(DIRECT_XIP) | MODE(RAM_LOAD), NULL,
     "an image that does not work cannot be taken back"},
    {MODE(OVERWRITE), NULL,
     "a cut while slot 1 is cleared leaves a request without an image: uploads are refused until the slot is "
     "erased"},
    {IN_PLACE, has_other_device,
     "slot 1 is in another device: an image runs there where it is mapped, and nowhere else"},
    {IN_PLACE, NULL, "an image runs in the slot that it was linked for, and in no other"},
    {SWAPS, has_two_images, "two cuts can leave the new half of one image beside the old half of the other"},
};

static void find_hazards(const struct trial *trial, struct rig_layout_verdict *verdict)
{
    for (guint i = 0; i < G_N_ELEMENTS(hazards) && verdict->n_hazards < RIG_LAYOUT_MAX_HAZARDS; i++)
        if (hazards[i].modes & 1u << verdict->mode && (!hazards[i].holds || hazards[i].holds(trial)))
            verdict->hazards[verdict->n_hazards++] = hazards[i].text;
}

static bool judge(struct trial *trial, struct rig_layout_verdict *verdict, GError **error)
{
    trial->config.mode = verdict->mode;
    if (trial->config.mode == RIG_SWAP_SCRATCH && trial->config.scratch.n_bytes == 0) {
        answer(verdict, RIG_LAYOUT_CANNOT_UPGRADE, "there is no scratch area");
        return true;
    }
    if (trial->config.mode == RIG_SWAP_SINGLE) {
        answer(verdict, RIG_LAYOUT_CANNOT_UPGRADE,
               "there is one slot: an update is written over it, by serial recovery");
        return true;
    }
    if (!flash_anew(trial)) {
        g_set_error_literal(error, RIG_ERROR, RIG_ERROR_IO, "no memory for the flash of the target");
        return false;
    }
    verdict->largest_bytes = verdict->safe_bytes = largest_of(trial);
    if (!judge_size(trial, MAX(verdict->largest_bytes, SMALL_IMAGE_BYTES), verdict, error))
        return false;
    if (verdict->answer == RIG_LAYOUT_BREAKS && !find_safe_size(trial, verdict, error))
        return false;
    if (verdict->answer != RIG_LAYOUT_UPGRADES && verdict->answer != RIG_LAYOUT_BREAKS)
        return true;
    find_hazards(trial, verdict);
    return !verdict->safe_bytes || (sweep_size(trial, verdict->safe_bytes, verdict, error) &&
                                    sweep_size(trial, SMALL_IMAGE_BYTES, verdict, error));
}

static void begin(struct trial *trial, const struct sim_boot_config *config, const struct sim_flash *flash)
{
    trial->config = *config;
    trial->config.need_signature = false;
    trial->config.defects = 0;
    trial->config.memo = sim_boot_memo_new();
    trial->n_devices = sim_flash_n_devices(flash);
    for (guint i = 0; i < trial->n_devices; i++)
        trial->devices[i] = *sim_flash_device(flash, i);
}

static void clear(struct trial *trial)
{
    clear_images(trial);
    sim_flash_free(trial->flash);
    sim_boot_memo_free(trial->config.memo);
}

/* RAM load of two images wants two places in RAM, which no layout tells; encrypted images run in place
 * nowhere. */
static bool is_asked(const struct trial *trial, enum rig_swap_mode mode)
{
    return rig_swap_mode_moves_images(mode) ||
           (trial->config.encryption == RIG_ENCRYPT_NONE &&
            (trial->config.n_images == 1 || !rig_swap_mode_loads_ram(mode)));
}

guint rig_layout_judge(struct rig_board *board, struct rig_layout_verdict verdicts[RIG_LAYOUT_MAX_VERDICTS],
                       GError **error)
{
    const struct sim_boot_config *config = NULL;
    const struct sim_flash *flash = NULL;
    struct trial trial = {0};
    guint n = 0;
    bool ok = true;

    if (!board->subject || !board->subject->bootloader) {
        g_set_error_literal(error, RIG_ERROR, RIG_ERROR_UNSUPPORTED, "the target has no MCUboot");
        return 0;
    }
    board->subject->bootloader(board, &config, &flash);
    begin(&trial, config, flash);
    for (enum rig_swap_mode mode = RIG_SWAP_MOVE; ok && mode <= RIG_SWAP_SINGLE; mode++) {
        if (!is_asked(&trial, mode))
            continue;
        verdicts[n] = (struct rig_layout_verdict){.mode = mode, .chosen = mode == config->mode};
        ok = judge(&trial, &verdicts[n++], error);
    }
    clear(&trial);
    return ok ? n : 0;
}
