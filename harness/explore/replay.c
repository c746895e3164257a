/* SPDX-License-Identifier: GPL-3.0-or-later */
/* One path once more, with real power cuts, and on record. Knows nothing of interned contents until the last
 * power-on is judged. */
#include "explore/account.h"
#include "explore/running.h"

#include <string.h>

struct replay {
    const struct rig_explore_plan *plan;
    struct rig_subject *subject;
    struct rig_account *account; /* NULL: a rehearsal, or nobody wants to know */
    struct rig_account_leg *leg;
    struct rig_history history;
    guint32 n_operations; /* of this power-on */
    bool by_application;
    guint32 awaited; /* rehearsal: the operation that the cut is going to fall before */
    char *text;      /* and that one in words */
};

static void note_operation(void *user, const struct sim_flash_operation *operation)
{
    struct replay *replay = user;

    if (replay->account)
        rig_account_operation(replay->account, operation, replay->by_application);
    replay->n_operations++;
}

static bool holds(const struct replay *replay, guint device, guint32 offset, const guint8 *bytes,
                  gsize n_bytes)
{
    g_autofree guint8 *found = g_malloc(n_bytes);

    return sim_flash_peek(replay->subject->flash, device, offset, found, n_bytes) == SIM_OK &&
           memcmp(found, bytes, n_bytes) == 0;
}

static guint8 image_of(const struct replay *replay, const struct rig_end_report *report)
{
    const struct sim_area *second = &replay->subject->second;
    guint8 halves[2] = {RIG_IMAGE_UNKNOWN, RIG_IMAGE_UNKNOWN};

    for (guint8 i = 0; i < RIG_N_EXPLORE_IMAGES; i++) {
        const struct rig_explore_image *image = &replay->plan->images[i];

        if (halves[0] == RIG_IMAGE_UNKNOWN &&
            (holds(replay, report->device, report->offset, image->bytes, image->n_bytes) ||
             (image->encrypted && rig_holds_decrypted(replay->subject->flash, report->device, report->offset,
                                                      image->bytes, image->n_bytes))))
            halves[0] = i;
        if (image->second_bytes && halves[1] == RIG_IMAGE_UNKNOWN &&
            holds(replay, second->device, second->offset, image->second_bytes, image->n_second_bytes))
            halves[1] = i;
    }
    return replay->subject->has_pair ? rig_image_of_pair(halves[0], halves[1]) : halves[0];
}

static void run_action(struct replay *replay, const struct rig_power_cycle *leg, guint8 image)
{
    const struct rig_explore_plan *plan = replay->plan;
    const struct rig_explore_image *fresh = &plan->images[RIG_IMAGE_NEW];
    enum rig_action action;
    bool done;

    if (leg->form == RIG_CYCLE_RUN || !rig_history_due(&plan->life, &replay->history, image, &action))
        return;
    if (replay->leg)
        replay->leg->action = g_strdup(rig_action_name(action));
    replay->by_application = true;
    done = replay->subject->ops->act(replay->subject, action, fresh);
    if (sim_flash_powered(replay->subject->flash) && done)
        replay->history = rig_history_acted(&plan->life, &replay->history, true);
    else if (!sim_flash_powered(replay->subject->flash))
        replay->history = rig_history_acted(&plan->life, &replay->history, false);
}

static void note_end(struct replay *replay, const struct rig_end_report *report, guint8 image)
{
    struct rig_subject *subject = replay->subject;
    bool powered = sim_flash_powered(subject->flash);

    if (!replay->leg)
        return;
    replay->leg->decision = *report->decision ? g_strdup(report->decision) : NULL;
    if (powered && report->end != RIG_END_RUNS)
        replay->leg->stop = rig_end_sentence(report->end, report->text);
    else if (powered)
        replay->leg->runs = g_strdup_printf("%s%s",
                                            image == RIG_IMAGE_UNKNOWN ? "an unknown image"
                                            : image == RIG_IMAGE_MIXED ? "a mixed pair of images"
                                                                       : replay->plan->images[image].name,
                                            !subject->ops->confirmed           ? ""
                                            : subject->ops->confirmed(subject) ? ", confirmed"
                                                                               : "");
}

/* Boot, and the application after it as far as power lasts. */
static void run_power_on(struct replay *replay, const struct rig_power_cycle *leg)
{
    const struct rig_explore_plan *plan = replay->plan;
    struct rig_end_report report = {.end = RIG_END_NO_IMAGE};
    guint8 image = RIG_IMAGE_UNKNOWN;

    replay->n_operations = 0;
    replay->by_application = false;
    replay->subject->ops->boot(replay->subject, &report);
    if (report.end == RIG_END_RUNS && sim_flash_powered(replay->subject->flash))
        image = image_of(replay, &report);
    note_end(replay, &report, image);
    if (!sim_flash_powered(replay->subject->flash) || report.end != RIG_END_RUNS) {
        replay->history = rig_history_cut(&replay->history);
        return;
    }
    replay->history = rig_history_ran(&plan->life, &replay->history, image, replay->subject->reverts);
    run_action(replay, leg, image);
}

struct rehearsal {
    struct replay replay;
    const struct rig_account *account; /* for words only */
};

static void await_operation(void *user, const struct sim_flash_operation *operation)
{
    struct rehearsal *rehearsal = user;
    const char *field;

    if (rehearsal->replay.n_operations++ == rehearsal->replay.awaited)
        rehearsal->replay.text = rig_account_operation_text(rehearsal->account, operation, &field);
}

/* A cut before an operation hides it from every observer: the same power-on without the cut shows what it
 * would have been. NULL: there is none. Owned by the caller. */
static char *operation_ahead(const struct replay *replay, const struct rig_power_cycle *leg)
{
    struct rehearsal rehearsal = {.replay = *replay, .account = replay->account};
    struct sim_flash *flash = replay->subject->flash;
    struct sim_flash_content *content = sim_flash_keep(flash);

    if (!content)
        return NULL;
    rehearsal.replay.account = NULL;
    rehearsal.replay.leg = NULL;
    rehearsal.replay.awaited = leg->operation;
    sim_flash_observe(flash, await_operation, &rehearsal);
    run_power_on(&rehearsal.replay, leg);
    sim_flash_observe(flash, NULL, NULL);
    sim_flash_restore(flash, content);
    sim_flash_content_free(content);
    sim_flash_power(flash, true);
    return rehearsal.replay.text;
}

/* A cut before an operation that is never begun is one after everything was done. */
static void note_cut(struct replay *replay, const struct rig_power_cycle *leg, bool fell, const char *ahead)
{
    const char *torn = replay->leg->operations->len > 0
                           ? g_ptr_array_index(replay->leg->operations, replay->leg->operations->len - 1)
                           : "";

    if (leg->form == RIG_CYCLE_TORN)
        replay->leg->cut = g_strdup_printf("inside operation %u: %s", leg->operation, torn);
    else if (ahead && fell)
        replay->leg->cut = g_strdup_printf("before operation %u: %s", leg->operation, ahead);
    else if (replay->n_operations == 0)
        replay->leg->cut = g_strdup("before anything is written");
    else
        replay->leg->cut = g_strdup_printf("after operation %u, the last one", leg->operation - 1);
}

/* false: the cut of this leg never fell. */
static bool play_leg(struct replay *replay, guint number, const struct rig_power_cycle *leg)
{
    struct sim_flash *flash = replay->subject->flash;
    bool cut = leg->form == RIG_CYCLE_CUT || leg->form == RIG_CYCLE_TORN;
    g_autofree char *ahead = NULL;
    bool fell;
    bool fits;

    sim_flash_power(flash, true);
    if (replay->account && leg->form == RIG_CYCLE_CUT)
        ahead = operation_ahead(replay, leg);
    if (replay->account)
        replay->leg = rig_account_begin_leg(replay->account, number, leg);
    sim_flash_observe(flash, note_operation, replay);
    if (cut)
        sim_flash_arm_cut(flash, leg->operation, leg->form == RIG_CYCLE_TORN ? SIM_CUT_HALF : SIM_CUT_BEFORE);
    run_power_on(replay, leg);
    sim_flash_observe(flash, NULL, NULL);
    sim_flash_disarm_cut(flash);
    fell = !sim_flash_powered(flash);
    fits = !cut || fell || (leg->form == RIG_CYCLE_CUT && replay->n_operations == leg->operation);
    if (replay->account && cut && fits)
        note_cut(replay, leg, fell, ahead);
    if (replay->account)
        rig_account_end_leg(replay->account);
    sim_flash_power(flash, true);
    return fits;
}

static bool comes_up(struct rig_recorder *recorder, guint max_boots, const struct rig_trace *trace)
{
    struct rig_trace boot = *trace;

    /* One that changes nothing will not do better the next time. */
    for (guint n_left = max_boots; boot.end != RIG_END_RUNS && boot.n_operations > 0 && n_left > 1;
         n_left--) {
        struct rig_task task = {.content = boot.final, .action = RIG_TASK_BOOT};

        rig_trace_record(recorder, &task, &boot);
    }
    return boot.end == RIG_END_RUNS;
}

static guint32 judge(struct replay *replay, const struct rig_judged *judged,
                     const struct rig_recorder *recorder)
{
    guint32 broken = rig_judge(judged) & replay->plan->invariants;

    for (guint i = 0; replay->account && broken >> i; i++)
        if (broken >> i & 1 && !replay->account->complaints[i])
            replay->account->complaints[i] = rig_invariant_complaint(
                (enum rig_invariant)i, judged, rig_recorder_text(recorder, judged->trace));
    return broken;
}

/* The invariants that the next power-on breaks; history is the one before it. */
static guint32 judge_next(struct replay *replay, enum rig_cycle_form form)
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

    rig_trace_record(recorder, &(struct rig_task){.content = content, .action = RIG_TASK_BOOT}, &boot);
    judged.trace = &boot;
    judged.comes_up = comes_up(recorder, plan->max_boots, &boot);
    broken = judge(replay, &judged, recorder);
    judged.history = rig_history_ran(&plan->life, &replay->history, boot.image, plan->subject->reverts);
    if (form == RIG_CYCLE_ACT && boot.end == RIG_END_RUNS &&
        rig_history_due(&plan->life, &judged.history, boot.image, &action)) {
        rig_trace_record(recorder, &(struct rig_task){.content = boot.final, .action = (gint)action}, &acted);
        judged.trace = &acted;
        judged.is_action = true;
        broken |= judge(replay, &judged, recorder);
    }
    rig_contents_load(contents, content, RIG_CONTENT_NONE, replay->subject->flash);
    rig_recorder_free(recorder);
    return broken;
}

guint32 rig_explore_replay(const struct rig_explore_plan *plan, const GArray *legs,
                           struct rig_account **account, bool *fits)
{
    struct replay replay = {.plan = plan, .subject = plan->subject};
    guint32 broken = 0;

    replay.history = (struct rig_history){.n_done = (guint8)plan->n_done, .untouched = plan->n_done > 0};
    if (account)
        replay.account = *account = rig_account_new(plan->subject, plan->images);
    plan->subject->has_pair = plan->images[RIG_IMAGE_NEW].second_bytes != NULL;
    *fits = true;
    for (guint i = 0; i < legs->len && *fits; i++) {
        const struct rig_power_cycle *leg = &g_array_index(legs, struct rig_power_cycle, i);

        if (i + 1 == legs->len && plan->invariants)
            broken = judge_next(&replay, leg->form);
        *fits = play_leg(&replay, i, leg);
    }
    return *fits ? broken : 0;
}
