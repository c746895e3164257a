/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Watching: the path is recorded on the board's own flash. */
#include "steps/watch.h"

#include "explore/mcuboot.h"
#include "explore/nordic.h"
#include "explore/path_recorder.h"
#include "path/path_event.h"

#include <string.h>

struct rig_watch {
    struct rig_run *run;
    struct rig_subject *subject; /* a view of the board's flash */
    struct rig_explore_image images[RIG_N_EXPLORE_IMAGES];
    struct rig_flash_map *map;
    struct rig_path_recorder *recorder;
    struct rig_path_cycle *cycle;
    guint n_cycles;
    bool boot_over; /* this power cycle has booted: the next boot is another one */
};

static bool is_in_slot_0(const struct rig_watch *watch, const struct rig_explore_image *image)
{
    const struct sim_area *slot = &watch->subject->areas[0];
    g_autofree guint8 *bytes = g_malloc(image->n_bytes);

    return image->n_bytes <= slot->n_bytes &&
           sim_flash_peek(watch->subject->flash, slot->device, slot->offset, bytes, image->n_bytes) ==
               SIM_OK &&
           memcmp(bytes, image->bytes, image->n_bytes) == 0;
}

/* What stands in slot 0 of it: of a package the application, or else its first part. */
static void take_bytes(const struct rig_built_image *built, struct rig_explore_image *image)
{
    GBytes *bytes = built->clear;

    for (guint i = 0; i < built->n_parts; i++)
        if (i == 0 || built->parts[i].firmware == RIG_DFU_APPLICATION)
            bytes = built->parts[i].bytes;
    image->bytes = g_bytes_get_data(bytes, &image->n_bytes);
}

/* The old image is the one that runs, the new one the first other of the case. */
static bool find_images(struct rig_watch *watch)
{
    const GPtrArray *plans = watch->run->the_case->images;
    bool found[RIG_N_EXPLORE_IMAGES] = {false};

    for (guint i = 0; i < plans->len; i++) {
        const struct rig_image_plan *plan = g_ptr_array_index(plans, i);
        const struct rig_built_image *built = rig_image_store_get(watch->run->images, watch->run->the_case,
                                                                  plan->name, watch->run->board, NULL);
        struct rig_explore_image image = {.name = plan->name};
        guint which;

        if (!built || built->index != 0)
            continue;
        take_bytes(built, &image);
        which = !found[RIG_IMAGE_OLD] && is_in_slot_0(watch, &image) ? RIG_IMAGE_OLD : RIG_IMAGE_NEW;
        if (!found[which])
            watch->images[which] = image;
        found[which] = true;
    }
    return found[RIG_IMAGE_OLD] && found[RIG_IMAGE_NEW];
}

static bool is_blank(const struct rig_path_cycle *cycle)
{
    return cycle->n_operations == 0 && !cycle->runs && !cycle->stop && !cycle->cut;
}

/* first: number of its first operation. */
static void begin_cycle(struct rig_watch *watch, gint64 first)
{
    if (watch->cycle && !is_blank(watch->cycle))
        rig_path_recorder_end(watch->recorder);
    if (!watch->cycle || !is_blank(watch->cycle))
        watch->cycle = rig_path_recorder_begin(watch->recorder, watch->n_cycles++);
    watch->cycle->first = first;
    watch->boot_over = false;
}

static void begin_next_boot(struct rig_watch *watch)
{
    if (watch->boot_over)
        begin_cycle(watch, watch->cycle->first + watch->cycle->n_operations);
}

static void on_operation(void *user, const struct sim_flash_operation *operation, bool booting)
{
    struct rig_watch *watch = user;

    if (booting)
        begin_next_boot(watch);
    rig_path_recorder_note(watch->recorder, operation, !booting);
}

static struct rig_subject *view_of(struct rig_board *board)
{
    const struct sim_boot_config *config = NULL;
    const struct sim_flash *flash = NULL;
    struct rig_board_nordic nordic;

    if (!board->subject->nordic) {
        board->subject->bootloader(board, &config, &flash);
        return rig_subject_view(config, flash);
    }
    board->subject->nordic(board, &nordic);
    return nordic.secure ? rig_subject_secure(nordic.secure, nordic.flash, NULL)
                         : rig_subject_legacy(nordic.legacy, nordic.flash, NULL);
}

struct rig_watch *rig_watch_new(struct rig_run *run)
{
    struct rig_watch *watch;

    if (!run->board->subject)
        return NULL;
    watch = g_new0(struct rig_watch, 1);
    watch->run = run;
    watch->subject = view_of(run->board);
    if (!watch->subject || !find_images(watch)) {
        rig_watch_free(watch);
        return NULL;
    }
    watch->map = rig_flash_map_new(watch->subject, watch->images);
    watch->recorder = rig_path_recorder_new(watch->map);
    begin_cycle(watch, 0);
    watch->boot_over = true;
    run->board->subject->watch(run->board, on_operation, watch);
    return watch;
}

void rig_watch_free(struct rig_watch *watch)
{
    if (!watch)
        return;
    if (watch->recorder)
        watch->run->board->subject->watch(watch->run->board, NULL, NULL);
    rig_path_recorder_free(watch->recorder);
    rig_flash_map_free(watch->map);
    rig_subject_free(watch->subject);
    g_free(watch);
}

static const char *what_runs(const struct rig_watch *watch)
{
    struct rig_path_cell first = rig_path_recorder_cell(watch->recorder, 0, 0);

    return first.holds == RIG_PATH_OLD   ? watch->images[RIG_IMAGE_OLD].name
           : first.holds == RIG_PATH_NEW ? watch->images[RIG_IMAGE_NEW].name
                                         : "an unknown image";
}

void rig_watch_boot(struct rig_watch *watch, const char *outcome, const char *swap, bool resumed,
                    const char *text)
{
    struct rig_path *path;

    if (!watch)
        return;
    path = rig_path_recorder_path(watch->recorder);
    begin_next_boot(watch);
    watch->boot_over = true;
    if (swap)
        watch->cycle->decision = rig_path_keepf(path, "%s%s", swap, resumed ? ", resumed" : "");
    else if (*text)
        watch->cycle->decision = rig_path_keep(path, text);
    if (g_str_equal(outcome, "runs"))
        watch->cycle->runs = rig_path_keep(path, what_runs(watch));
    else if (!g_str_equal(outcome, "power-lost") && !g_str_equal(outcome, "reset"))
        watch->cycle->stop = rig_path_keep(path, *text ? text : outcome);
}

void rig_watch_cut(struct rig_watch *watch, const char *where)
{
    if (!watch)
        return;
    watch->cycle->cut = rig_path_keep(rig_path_recorder_path(watch->recorder), where);
    begin_cycle(watch, 0);
}

struct rig_event *rig_watch_event(struct rig_watch *watch, const char *cuts, const char *name,
                                  const char *about, const char *text)
{
    struct rig_path *path;

    if (!watch || !rig_path_recorder_agrees(watch->recorder))
        return NULL;
    path = rig_path_recorder_path(watch->recorder);
    rig_path_recorder_end(watch->recorder);
    if (is_blank(watch->cycle) && path->cycles->len > 1)
        g_ptr_array_set_size(path->cycles, (gint)path->cycles->len - 1);
    rig_path_set_origin(path, watch->run->step_id->str, cuts);
    rig_path_add_broken(path, name, about, text);
    return rig_path_to_event(path, false);
}
