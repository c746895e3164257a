/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Explorations as events. */
#include "steps/explore_journal.h"

static void add_words(struct rig_event *event, const struct rig_explore_plan *plan)
{
    const char *life[RIG_LIFE_MAX_ACTIONS + 1] = {NULL};
    const char *forms[4] = {"between operations", NULL, NULL, NULL};
    guint n_forms = 1;

    for (guint i = 0; i < plan->life.n_actions; i++)
        life[i] = rig_action_name(plan->life.actions[i]);
    if (plan->torn_write)
        forms[n_forms++] = "inside writes";
    if (plan->torn_erase)
        forms[n_forms] = "inside erases";
    rig_event_list(event, RIG_KEY_LIFE, life);
    rig_event_list(event, RIG_KEY_FORMS, forms);
}

void rig_explore_emit_start(struct rig_run *run, const struct rig_explore_plan *plan,
                            const char *const why_not[RIG_N_INVARIANTS])
{
    struct rig_event *event = rig_event_new(RIG_EVENT_EXPLORE_START);

    rig_event_text(event, RIG_KEY_STEP, run->step_id->str);
    add_words(event, plan);
    for (guint i = 0; i < RIG_N_INVARIANTS; i++) {
        struct rig_event *entry;

        if (!why_not[i] && !(plan->invariants >> i & 1))
            continue;
        entry = rig_event_append(event, RIG_KEY_INVARIANTS);
        rig_event_text(entry, RIG_KEY_NAME, rig_invariant_name((enum rig_invariant)i));
        rig_event_text(entry, RIG_KEY_ABOUT, rig_invariant_about((enum rig_invariant)i));
        rig_event_text(entry, RIG_KEY_NOT_JUDGED, why_not[i]);
    }
    rig_run_emit(run, event);
}

static void add_counts(struct rig_event *event, const struct rig_exploration *seen)
{
    rig_event_flag(event, RIG_KEY_CLOSED, seen->closed);
    rig_event_text(event, RIG_KEY_WHY_OPEN, seen->why_open);
    rig_event_count(event, RIG_KEY_CONTENTS, seen->n_contents);
    rig_event_count(event, RIG_KEY_NODES, (gint64)seen->n_nodes);
    rig_event_count(event, RIG_KEY_CUTS, (gint64)seen->n_edges);
    rig_event_count(event, RIG_KEY_TORN_CUTS, (gint64)seen->n_torn_edges);
    rig_event_count(event, RIG_KEY_BOOTS, (gint64)seen->n_boots);
    rig_event_count(event, RIG_KEY_LONGEST, seen->longest);
    rig_event_count(event, RIG_KEY_ELAPSED_US, seen->elapsed_us);
    rig_event_count(event, RIG_KEY_BYTES, (gint64)seen->n_bytes);
}

/* Each way in which it is broken. */
static void add_causes(struct rig_event *entry, const struct rig_exploration *seen,
                       enum rig_invariant invariant)
{
    for (guint i = 0; i < seen->findings->len; i++) {
        const struct rig_finding *finding = g_ptr_array_index(seen->findings, i);
        struct rig_event *cause;

        if (finding->invariant != invariant)
            continue;
        cause = rig_event_append(entry, RIG_KEY_FINDINGS);
        rig_event_text(cause, RIG_KEY_CAUSE, finding->cause);
        rig_event_count(cause, RIG_KEY_N_CUTS, finding->n_cuts);
        rig_event_count(cause, RIG_KEY_STATES, (gint64)finding->n_nodes);
        rig_event_text(cause, RIG_KEY_PATH, finding->path);
        rig_event_text(cause, RIG_KEY_TEXT, finding->complaint);
        if (finding->heals_after)
            rig_event_count(cause, RIG_KEY_HEALS_AFTER, finding->heals_after);
    }
}

static void add_verdict(struct rig_event *event, const struct rig_exploration *seen,
                        const struct rig_invariant_verdict *verdict)
{
    struct rig_event *entry = rig_event_append(event, RIG_KEY_INVARIANTS);

    rig_event_text(entry, RIG_KEY_NAME, rig_invariant_name(verdict->invariant));
    rig_event_text(entry, RIG_KEY_VERDICT, rig_verdict_word(verdict->verdict));
    rig_event_text(entry, RIG_KEY_TEXT, verdict->text);
    if (verdict->shown) {
        rig_event_text(entry, RIG_KEY_PATH, verdict->shown->path);
        rig_event_count(entry, RIG_KEY_N_CUTS, verdict->shown->n_cuts);
        rig_event_count(entry, RIG_KEY_STATES, (gint64)verdict->shown->n_nodes);
    }
    if (seen)
        add_causes(entry, seen, verdict->invariant);
}

void rig_explore_emit_end(struct rig_run *run, const struct rig_exploration *seen,
                          const struct rig_invariant_verdict *verdicts, guint n_verdicts)
{
    struct rig_event *event = rig_event_new(RIG_EVENT_EXPLORE_END);

    rig_event_text(event, RIG_KEY_STEP, run->step_id->str);
    if (seen)
        add_counts(event, seen);
    for (guint i = 0; i < n_verdicts; i++)
        add_verdict(event, seen, &verdicts[i]);
    rig_run_emit(run, event);
}
