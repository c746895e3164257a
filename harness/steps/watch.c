/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Watching: every operation is done again on a flash of its own, from which the account is taken. */
#include "steps/watch.h"

#include "explore/account.h"
#include "sim/firmware/mcuboot/boot/boot.h"
#include "steps/explore_journal.h"

#include <string.h>

struct rig_watch {
    struct rig_run *run;
    struct rig_subject *subject; /* a copy of the board's flash, kept the same */
    struct rig_explore_image images[RIG_N_EXPLORE_IMAGES];
    struct rig_account *account;
    struct rig_account_leg *leg;
    guint n_legs;
    bool by_application; /* the operation that is being done again */
    bool boot_over;      /* this power-on has booted: the next boot is another one */
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
        image.bytes = g_bytes_get_data(built->file, &image.n_bytes);
        which = !found[RIG_IMAGE_OLD] && is_in_slot_0(watch, &image) ? RIG_IMAGE_OLD : RIG_IMAGE_NEW;
        if (!found[which])
            watch->images[which] = image;
        found[which] = true;
    }
    return found[RIG_IMAGE_OLD] && found[RIG_IMAGE_NEW];
}

static bool is_blank(const struct rig_account_leg *leg)
{
    return leg->n_operations == 0 && !leg->runs && !leg->stop && !leg->cut;
}

/* numbered_from: of its first operation. */
static void begin_leg(struct rig_watch *watch, guint32 numbered_from)
{
    static const struct rig_power_cycle asked = {.form = RIG_CYCLE_RUN};

    if (watch->leg && !is_blank(watch->leg))
        rig_account_end_leg(watch->account);
    if (!watch->leg || !is_blank(watch->leg))
        watch->leg = rig_account_begin_leg(watch->account, watch->n_legs++, &asked);
    watch->leg->first_operation = numbered_from;
    watch->boot_over = false;
}

static void note(void *user, const struct sim_flash_operation *operation)
{
    struct rig_watch *watch = user;

    rig_account_operation(watch->account, operation, watch->by_application);
}

/* The observer of the copy does the rest. */
static void do_again(struct sim_flash *flash, const struct sim_flash_operation *operation)
{
    enum sim_status status;

    if (operation->torn)
        sim_flash_arm_cut(flash, 0, SIM_CUT_HALF);
    if (operation->kind == SIM_FLASH_ERASE)
        status = sim_flash_erase(flash, operation->device, operation->offset, operation->n_bytes);
    else
        status = sim_flash_write(flash, operation->device, operation->offset, operation->bytes,
                                 operation->n_bytes);
    (void)status; /* a copy that went another way is noticed in the end */
    sim_flash_disarm_cut(flash);
    sim_flash_power(flash, true);
}

static void on_operation(void *user, const struct sim_flash_operation *operation, bool booting)
{
    struct rig_watch *watch = user;

    if (booting && watch->boot_over)
        begin_leg(watch, watch->leg->first_operation + watch->leg->n_operations);
    watch->by_application = !booting;
    do_again(watch->subject->flash, operation);
}

struct rig_watch *rig_watch_new(struct rig_run *run)
{
    const struct sim_boot_config *config = NULL;
    const struct sim_flash *flash = NULL;
    struct rig_watch *watch;

    if (!run->board->subject)
        return NULL;
    run->board->subject->bootloader(run->board, &config, &flash);
    watch = g_new0(struct rig_watch, 1);
    watch->run = run;
    watch->subject = rig_subject_model(config, flash);
    if (!watch->subject || !find_images(watch)) {
        rig_watch_free(watch);
        return NULL;
    }
    watch->account = rig_account_new(watch->subject, watch->images);
    begin_leg(watch, 0);
    watch->boot_over = true;
    sim_flash_observe(watch->subject->flash, note, watch);
    run->board->subject->watch(run->board, on_operation, watch);
    return watch;
}

void rig_watch_free(struct rig_watch *watch)
{
    if (!watch)
        return;
    if (watch->account)
        watch->run->board->subject->watch(watch->run->board, NULL, NULL);
    rig_account_free(watch->account);
    rig_subject_free(watch->subject);
    g_free(watch);
}

static const char *what_runs(const struct rig_watch *watch)
{
    const GArray *slot = g_ptr_array_index(watch->account->cells, 0);
    guint8 holds = slot->len ? g_array_index(slot, struct rig_cell, 0).holds : RIG_HOLDS_MIXED;

    return holds == RIG_HOLDS_OLD   ? watch->images[RIG_IMAGE_OLD].name
           : holds == RIG_HOLDS_NEW ? watch->images[RIG_IMAGE_NEW].name
                                    : "an unknown image";
}

void rig_watch_boot(struct rig_watch *watch, const char *outcome, const char *swap, bool resumed,
                    const char *text)
{
    bool runs = g_str_equal(outcome, "runs");

    if (!watch)
        return;
    if (watch->boot_over)
        begin_leg(watch, watch->leg->first_operation + watch->leg->n_operations);
    watch->boot_over = true;
    watch->leg->decision = g_strdup_printf("%s%s", swap, resumed ? ", resumed" : "");
    if (runs)
        watch->leg->runs = g_strdup(what_runs(watch));
    else if (!g_str_equal(outcome, "power-lost"))
        watch->leg->stop = g_strdup(*text ? text : outcome);
}

void rig_watch_cut(struct rig_watch *watch, const char *where)
{
    if (!watch)
        return;
    watch->leg->cut = g_strdup(where);
    begin_leg(watch, 0);
}

static bool is_faithful(const struct rig_watch *watch)
{
    const struct sim_boot_config *config = NULL;
    const struct sim_flash *flash = NULL;
    struct sim_flash_content *contents[2];
    bool same;

    watch->run->board->subject->bootloader(watch->run->board, &config, &flash);
    contents[0] = sim_flash_keep(flash);
    contents[1] = sim_flash_keep(watch->subject->flash);
    same = contents[0] && contents[1] && sim_flash_content_equal(contents[0], contents[1]);
    sim_flash_content_free(contents[0]);
    sim_flash_content_free(contents[1]);
    return same;
}

void rig_watch_emit(struct rig_watch *watch, const char *path, const char *name, const char *about,
                    const char *text)
{
    struct rig_path_finding broken = {name, about, text};

    if (!watch || !is_faithful(watch))
        return;
    rig_account_end_leg(watch->account);
    if (is_blank(watch->leg) && watch->account->legs->len > 1)
        g_ptr_array_set_size(watch->account->legs, (gint)watch->account->legs->len - 1);
    rig_explore_emit_path(watch->run, path, watch->account, &broken, 1, false);
}
