/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Playing a path. Knows nothing of interned contents until the last power-on is judged. */
#include "explore/replay.h"

#include "explore/path_recorder.h"

struct playing {
    const struct rig_explore_plan *plan;
    struct rig_subject *subject;
    struct rig_replay *result;
    struct rig_path_recorder *recorder; /* NULL: a rehearsal, nothing is recorded */
    const struct rig_flash_map *map;
    struct rig_path_cycle *cycle; /* that is recorded; NULL as above */
    struct rig_history history;
    guint32 n_operations; /* of this power cycle */
    bool by_application;
    guint32 awaited; /* rehearsal: the operation that the cut is going to fall before */
    char *text;      /* and that one in words */
};

static void note_operation(void *user, const struct sim_flash_operation *operation)
{
    struct playing *playing = user;

    if (playing->recorder)
        rig_path_recorder_note(playing->recorder, operation, playing->by_application);
    playing->n_operations++;
}

static void run_action(struct playing *playing, const struct rig_power_cycle *asked,
                       const struct rig_trace *boot)
{
    const struct rig_explore_plan *plan = playing->plan;
    const struct rig_explore_image *fresh = &plan->images[RIG_IMAGE_NEW];
    enum rig_action action;
    bool done;

    if (asked->form == RIG_CYCLE_RUN || !rig_history_due(&plan->life, &playing->history, boot, &action))
        return;
    if (playing->cycle)
        playing->cycle->action = rig_action_name(action);
    playing->by_application = true;
    playing->subject->promised_at = G_MAXUINT64;
    done = playing->subject->ops->act(playing->subject, action, fresh);
    if (sim_flash_powered(playing->subject->flash) && done)
        playing->history = rig_history_acted(&plan->life, &playing->history, RIG_ACTED_COMPLETE);
    else if (!sim_flash_powered(playing->subject->flash))
        playing->history = rig_history_acted(&plan->life, &playing->history,
                                             playing->subject->promised_at != G_MAXUINT64 ? RIG_ACTED_PROMISED
                                                                                          : RIG_ACTED_BEGUN);
}

static void note_end(struct playing *playing, const struct rig_end_report *report,
                     const struct rig_seen *seen)
{
    struct rig_subject *subject = playing->subject;
    struct rig_path_cycle *cycle = playing->cycle;
    struct rig_path *path;
    g_autofree char *stop = NULL;

    if (!cycle)
        return;
    path = rig_path_recorder_path(playing->recorder);
    cycle->decision = *report->decision ? rig_path_keep(path, report->decision) : NULL;
    if (!sim_flash_powered(subject->flash))
        return;
    if (report->end != RIG_END_RUNS) {
        stop = rig_end_sentence(report->end, report->text);
        cycle->stop = rig_path_keep(path, stop);
        return;
    }
    cycle->runs = rig_path_keepf(path, "%s%s",
                                 seen->image == RIG_IMAGE_UNKNOWN ? "an unknown image"
                                 : seen->image == RIG_IMAGE_MIXED ? "a mixed pair of images"
                                                                  : playing->plan->images[seen->image].name,
                                 seen->confirmed ? ", confirmed" : "");
}

/* Boot, and the application after it as far as power lasts. */
static void run_power_on(struct playing *playing, const struct rig_power_cycle *asked)
{
    const struct rig_explore_plan *plan = playing->plan;
    struct rig_end_report report = {.end = RIG_END_NO_IMAGE};
    struct rig_seen seen = {.image = RIG_IMAGE_UNKNOWN};
    struct rig_trace boot;

    playing->n_operations = 0;
    playing->by_application = false;
    playing->subject->ops->boot(playing->subject, &report);
    if (rig_end_is_up(report.end) && sim_flash_powered(playing->subject->flash))
        rig_subject_look(playing->subject, plan->images, &report, &seen);
    note_end(playing, &report, &seen);
    if (!sim_flash_powered(playing->subject->flash) || !rig_end_is_up(report.end)) {
        playing->history = rig_history_cut(&playing->history);
        return;
    }
    boot = (struct rig_trace){.end = (guint8)report.end, .image = seen.image};
    playing->history = rig_history_ran(&plan->life, &playing->history, &boot, playing->subject->reverts);
    run_action(playing, asked, &boot);
}

static void await_operation(void *user, const struct sim_flash_operation *operation)
{
    struct playing *rehearsal = user;
    const char *field;

    if (rehearsal->n_operations++ == rehearsal->awaited)
        rehearsal->text = rig_flash_map_text(rehearsal->map, operation, &field);
}

/* A cut before an operation hides it from every observer: the same power cycle without the cut shows what it
 * would have been. NULL: there is none. Owned by the caller. */
static char *operation_ahead(const struct playing *playing, const struct rig_power_cycle *asked)
{
    struct playing rehearsal = *playing;
    struct sim_flash *flash = playing->subject->flash;
    struct sim_flash_content *content = sim_flash_keep(flash);

    if (!content)
        return NULL;
    rehearsal.recorder = NULL;
    rehearsal.cycle = NULL;
    rehearsal.awaited = asked->operation;
    sim_flash_observe(flash, await_operation, &rehearsal);
    run_power_on(&rehearsal, asked);
    sim_flash_observe(flash, NULL, NULL);
    sim_flash_restore(flash, content);
    sim_flash_content_free(content);
    sim_flash_power(flash, true);
    return rehearsal.text;
}

/* A cut before an operation that is never begun is one after everything was done. */
static void note_cut(struct playing *playing, const struct rig_power_cycle *asked, bool fell,
                     const char *ahead)
{
    struct rig_path *path = rig_path_recorder_path(playing->recorder);
    struct rig_path_cycle *cycle = playing->cycle;
    guint n = cycle->operations->len;

    if (asked->form == RIG_CYCLE_TORN)
        cycle->cut = rig_path_keepf(path, "inside operation %u: %s", asked->operation,
                                    n > 0 ? (const char *)g_ptr_array_index(cycle->operations, n - 1) : "");
    else if (ahead && fell)
        cycle->cut = rig_path_keepf(path, "before operation %u: %s", asked->operation, ahead);
    else if (playing->n_operations == 0)
        cycle->cut = "before anything is written";
    else
        cycle->cut = rig_path_keepf(path, "after operation %u, the last one", asked->operation - 1);
}

/* false: the cut of this power cycle never fell. */
static bool play_cycle(struct playing *playing, guint number, const struct rig_power_cycle *asked)
{
    struct sim_flash *flash = playing->subject->flash;
    bool cut = asked->form == RIG_CYCLE_CUT || asked->form == RIG_CYCLE_TORN;
    g_autofree char *ahead = NULL;
    bool fell;
    bool fits;

    sim_flash_power(flash, true);
    if (asked->form == RIG_CYCLE_CUT)
        ahead = operation_ahead(playing, asked);
    playing->cycle = rig_path_recorder_begin(playing->recorder, number);
    sim_flash_observe(flash, note_operation, playing);
    if (cut)
        sim_flash_arm_cut(flash, asked->operation,
                          asked->form == RIG_CYCLE_TORN ? SIM_CUT_HALF : SIM_CUT_BEFORE);
    run_power_on(playing, asked);
    sim_flash_observe(flash, NULL, NULL);
    sim_flash_disarm_cut(flash);
    fell = !sim_flash_powered(flash);
    fits = !cut || fell || (asked->form == RIG_CYCLE_CUT && playing->n_operations == asked->operation);
    if (cut && fits)
        note_cut(playing, asked, fell, ahead);
    rig_path_recorder_end(playing->recorder);
    sim_flash_power(flash, true);
    return fits;
}

static bool comes_up(struct rig_recorder *recorder, guint max_boots, const struct rig_trace *trace)
{
    struct rig_trace boot = *trace;

    /* One that changes nothing will not do better the next time. */
    for (guint n_left = max_boots; !rig_end_is_up(boot.end) && boot.n_operations > 0 && n_left > 1;
         n_left--) {
        struct rig_task task = {.content = boot.final, .action = RIG_TASK_BOOT};

        rig_trace_record(recorder, &task, &boot);
    }
    return rig_end_is_up(boot.end);
}

static guint32 judge(struct playing *playing, const struct rig_judged *judged,
                     const struct rig_recorder *recorder)
{
    guint32 broken = rig_judge(judged) & playing->plan->invariants;

    char **complaints = playing->result->complaints;

    for (guint i = 0; broken >> i; i++)
        if (broken >> i & 1 && !complaints[i])
            complaints[i] = rig_invariant_complaint((enum rig_invariant)i, judged,
                                                    rig_recorder_text(recorder, judged->trace));
    return broken;
}

/* The invariants that the next power-on breaks; history is the one before it. */
static guint32 judge_next(struct playing *playing, enum rig_cycle_form form)
{
    const struct rig_explore_plan *plan = playing->plan;
    g_autoptr(rig_contents) contents = rig_contents_new(playing->subject->flash);
    struct rig_recorder *recorder = rig_recorder_new(contents, playing->subject, plan->images, false, false);
    guint32 content = rig_contents_of_flash(contents, playing->subject->flash);
    struct rig_judged judged = {.life = &plan->life,
                                .subject = plan->subject,
                                .images = plan->images,
                                .history = playing->history,
                                .max_erases = plan->max_erases};
    struct rig_trace boot, acted;
    enum rig_action action;
    guint32 broken;

    rig_trace_record(recorder, &(struct rig_task){.content = content, .action = RIG_TASK_BOOT}, &boot);
    judged.trace = &boot;
    judged.comes_up = comes_up(recorder, plan->max_boots, &boot);
    broken = judge(playing, &judged, recorder);
    judged.history = rig_history_ran(&plan->life, &playing->history, &boot, plan->subject->reverts);
    if (form == RIG_CYCLE_ACT && rig_end_is_up(boot.end) &&
        rig_history_due(&plan->life, &judged.history, &boot, &action)) {
        rig_trace_record(recorder, &(struct rig_task){.content = boot.final, .action = (gint)action}, &acted);
        judged.trace = &acted;
        judged.is_action = true;
        broken |= judge(playing, &judged, recorder);
    }
    rig_contents_load(contents, content, RIG_CONTENT_NONE, playing->subject->flash);
    rig_recorder_free(recorder);
    return broken;
}

void rig_replay_play(struct rig_replay *replay, const struct rig_explore_plan *plan, const GArray *cycles)
{
    struct rig_flash_map *map = rig_flash_map_new(plan->subject, plan->images);
    struct playing playing = {.plan = plan,
                              .subject = plan->subject,
                              .result = replay,
                              .recorder = rig_path_recorder_new(map),
                              .map = map,
                              .history = {.n_done = (guint8)plan->n_done, .untouched = plan->n_done > 0}};

    *replay = (struct rig_replay){.fits = true};
    for (guint i = 0; i < cycles->len && replay->fits; i++) {
        const struct rig_power_cycle *asked = &g_array_index(cycles, struct rig_power_cycle, i);

        if (i + 1 == cycles->len && plan->invariants)
            replay->broken = judge_next(&playing, asked->form);
        replay->fits = play_cycle(&playing, i, asked);
    }
    if (!replay->fits)
        replay->broken = 0;
    replay->path = rig_path_recorder_take(playing.recorder);
    rig_flash_map_free(map);
}

void rig_replay_clear(struct rig_replay *replay)
{
    rig_path_free(replay->path);
    for (guint i = 0; i < RIG_N_INVARIANTS; i++)
        g_free(replay->complaints[i]);
    *replay = (struct rig_replay){.fits = false};
}
