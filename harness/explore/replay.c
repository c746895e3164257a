/* SPDX-License-Identifier: GPL-3.0-or-later */
/* One path once more, with real power cuts, and told in words. Knows nothing of interned contents until the
 * last power-on is judged. */
#include "explore/explore.h"

#include <string.h>

#define SHOWN_FIRST 6u /* operations of a power-on that are told one by one, at its begin and at its end */
#define SHOWN_LAST 12u

struct replay {
    const struct rig_explore_plan *plan;
    struct rig_subject *subject;
    void (*tell)(void *user, const char *line);
    void *user;
    GPtrArray *operations; /* char * of this power-on */
    struct rig_history history;
};

static void G_GNUC_PRINTF(2, 3) say(const struct replay *replay, const char *format, ...)
{
    va_list arguments;
    g_autofree char *line = NULL;

    if (!replay->tell)
        return;
    va_start(arguments, format);
    line = g_strdup_vprintf(format, arguments);
    va_end(arguments);
    replay->tell(replay->user, line);
}

static void note_operation(void *user, const struct sim_flash_operation *operation)
{
    struct replay *replay = user;
    const struct rig_subject *subject = replay->subject;
    const char *area = sim_flash_device(subject->flash, operation->device)->name;
    guint32 offset = operation->offset;

    for (guint i = 0; i < subject->n_areas; i++)
        if (subject->areas[i].device == operation->device &&
            operation->offset - subject->areas[i].offset < subject->areas[i].n_bytes) {
            area = subject->area_names[i];
            offset = operation->offset - subject->areas[i].offset;
        }
    g_ptr_array_add(replay->operations,
                    g_strdup_printf("%s %s 0x%05x, %u bytes%s",
                                    operation->kind == SIM_FLASH_ERASE ? "erase" : "write", area, offset,
                                    operation->n_bytes, operation->torn ? ": power was lost half-way" : ""));
}

static void tell_operations(const struct replay *replay)
{
    guint n = replay->operations->len;

    for (guint i = 0; i < n; i++) {
        if (i == SHOWN_FIRST && n > SHOWN_FIRST + SHOWN_LAST + 1) {
            say(replay, "    ... %u operations", n - SHOWN_FIRST - SHOWN_LAST);
            i = n - SHOWN_LAST;
        }
        say(replay, "  %5u  %s", i, (const char *)g_ptr_array_index(replay->operations, i));
    }
}

static void tell_trailers(const struct replay *replay, const char *when)
{
    g_autoptr(GPtrArray) lines = g_ptr_array_new_with_free_func(g_free);

    if (!replay->tell || !replay->subject->ops->describe)
        return;
    replay->subject->ops->describe(replay->subject, lines);
    for (guint i = 0; i < lines->len; i++)
        say(replay, "  %s: %s", when, (const char *)g_ptr_array_index(lines, i));
}

static guint8 image_of(const struct replay *replay, const struct rig_end_report *report)
{
    g_autofree guint8 *bytes = NULL;

    for (guint8 i = 0; i < RIG_N_EXPLORE_IMAGES; i++) {
        const struct rig_explore_image *image = &replay->plan->images[i];

        bytes = g_realloc(bytes, image->n_bytes);
        if (sim_flash_peek(replay->subject->flash, report->device, report->offset, bytes, image->n_bytes) ==
                SIM_OK &&
            memcmp(bytes, image->bytes, image->n_bytes) == 0)
            return i;
    }
    return RIG_IMAGE_UNKNOWN;
}

static void run_action(struct replay *replay, const struct rig_leg *leg, guint8 image)
{
    const struct rig_explore_plan *plan = replay->plan;
    const struct rig_explore_image *fresh = &plan->images[RIG_IMAGE_NEW];
    enum rig_action action;
    bool done;

    if (leg->form == RIG_LEG_RUN || !rig_history_due(&plan->life, &replay->history, image, &action))
        return;
    done = replay->subject->ops->act(replay->subject, action, fresh->bytes, fresh->n_bytes);
    say(replay, "  the application of '%s': %s", plan->images[image].name, rig_action_name(action));
    if (sim_flash_powered(replay->subject->flash) && done)
        replay->history = rig_history_acted(&plan->life, &replay->history, true);
    else if (!sim_flash_powered(replay->subject->flash))
        replay->history = rig_history_acted(&plan->life, &replay->history, false);
}

/* Boot, and the application after it as far as power lasts. */
static void run_power_on(struct replay *replay, const struct rig_leg *leg)
{
    const struct rig_explore_plan *plan = replay->plan;
    struct rig_end_report report = {.end = RIG_END_NO_IMAGE};
    guint8 image;

    replay->subject->ops->boot(replay->subject, &report);
    if (!sim_flash_powered(replay->subject->flash) || report.end != RIG_END_RUNS) {
        replay->history = rig_history_cut(&replay->history);
        if (sim_flash_powered(replay->subject->flash))
            say(replay, "  end: %s%s%s", rig_end_text(report.end), *report.text ? ": " : "", report.text);
        return;
    }
    image = image_of(replay, &report);
    say(replay, "  end: %s runs", image == RIG_IMAGE_UNKNOWN ? "an unknown image" : plan->images[image].name);
    replay->history = rig_history_ran(&plan->life, &replay->history, image, replay->subject->reverts);
    run_action(replay, leg, image);
}

/* false: the cut of this leg never fell. */
static bool play_leg(struct replay *replay, guint number, const struct rig_leg *leg)
{
    struct sim_flash *flash = replay->subject->flash;
    bool cut = leg->form == RIG_LEG_CUT || leg->form == RIG_LEG_TORN;
    bool fell;

    sim_flash_power(flash, true);
    say(replay, "power-on %u%s", number, leg->form == RIG_LEG_RUN ? ", the application does nothing" : "");
    tell_trailers(replay, "before");
    g_ptr_array_set_size(replay->operations, 0);
    sim_flash_observe(flash, note_operation, replay);
    if (cut)
        sim_flash_arm_cut(flash, leg->operation, leg->form == RIG_LEG_TORN ? SIM_CUT_HALF : SIM_CUT_BEFORE);
    run_power_on(replay, leg);
    sim_flash_observe(flash, NULL, NULL);
    sim_flash_disarm_cut(flash);
    fell = !sim_flash_powered(flash);
    tell_operations(replay);
    /* A cut before an operation that is never begun is one after everything was done. */
    if (cut && (fell || replay->operations->len == leg->operation))
        say(replay, "  power cut %s operation %u", leg->form == RIG_LEG_TORN ? "inside" : "before",
            leg->operation);
    sim_flash_power(flash, true);
    tell_trailers(replay, "after");
    return !cut || fell || (leg->form == RIG_LEG_CUT && replay->operations->len == leg->operation);
}

static bool comes_up(struct rig_recorder *recorder, guint max_boots, const struct rig_trace *trace)
{
    struct rig_trace boot = *trace;

    for (guint n_left = max_boots; boot.end != RIG_END_RUNS && n_left > 1; n_left--)
        {
        struct rig_task task = {.content = boot.final, .action = RIG_TASK_BOOT};

        rig_record(recorder, &task, &boot);
    }
    return boot.end == RIG_END_RUNS;
}

/* The invariants that the next power-on breaks; history is the one before it. */
static guint32 judge_next(struct replay *replay, enum rig_leg_form form)
{
    const struct rig_explore_plan *plan = replay->plan;
    g_autoptr(rig_contents) contents = rig_contents_new(replay->subject->flash);
    struct rig_recorder *recorder = rig_recorder_new(contents, replay->subject, plan->images, false, false);
    guint32 content = rig_contents_of_flash(contents, replay->subject->flash);
    struct rig_judged judged = {.life = &plan->life,
                                .subject = plan->subject,
                                .images = plan->images,
                                .history = replay->history,
                                .max_erases = plan->max_erases};
    struct rig_trace boot, acted;
    enum rig_action action;
    guint32 broken;

    rig_record(recorder, &(struct rig_task){.content = content, .action = RIG_TASK_BOOT}, &boot);
    judged.trace = &boot;
    judged.comes_up = comes_up(recorder, plan->max_boots, &boot);
    broken = rig_judge(&judged);
    judged.history = rig_history_ran(&plan->life, &replay->history, boot.image, plan->subject->reverts);
    if (form == RIG_LEG_ACT && boot.end == RIG_END_RUNS &&
        rig_history_due(&plan->life, &judged.history, boot.image, &action)) {
        rig_record(recorder, &(struct rig_task){.content = boot.final, .action = (gint)action}, &acted);
        judged.trace = &acted;
        judged.is_action = true;
        broken |= rig_judge(&judged);
    }
    rig_contents_load(contents, content, RIG_CONTENT_NONE, replay->subject->flash);
    rig_recorder_free(recorder);
    return broken & plan->invariants;
}

guint32 rig_explore_replay(const struct rig_explore_plan *plan, const GArray *legs,
                           void (*tell)(void *user, const char *line), void *user, bool *fits)
{
    struct replay replay = {.plan = plan, .subject = plan->subject, .tell = tell, .user = user};
    guint32 broken = 0;

    replay.history = (struct rig_history){.n_done = (guint8)plan->n_done, .untouched = plan->n_done > 0};
    replay.operations = g_ptr_array_new_with_free_func(g_free);
    *fits = true;
    for (guint i = 0; i < legs->len && *fits; i++) {
        const struct rig_leg *leg = &g_array_index(legs, struct rig_leg, i);

        if (i + 1 == legs->len)
            broken = judge_next(&replay, leg->form);
        *fits = play_leg(&replay, i, leg);
    }
    g_ptr_array_unref(replay.operations);
    return *fits ? broken : 0;
}
