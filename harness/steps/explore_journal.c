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
    rig_event_list(event, "life", life);
    rig_event_list(event, "forms", forms);
}

void rig_explore_emit_start(struct rig_run *run, const struct rig_explore_plan *plan,
                            const char *const why_not[RIG_N_INVARIANTS])
{
    struct rig_event *event = rig_event_new("explore-start");

    rig_event_text(event, "step", run->step_id->str);
    add_words(event, plan);
    for (guint i = 0; i < RIG_N_INVARIANTS; i++) {
        struct rig_event *entry;

        if (!why_not[i] && !(plan->invariants >> i & 1))
            continue;
        entry = rig_event_append(event, "invariants");
        rig_event_text(entry, "name", rig_invariant_name((enum rig_invariant)i));
        rig_event_text(entry, "about", rig_invariant_about((enum rig_invariant)i));
        rig_event_text(entry, "not_judged", why_not[i]);
    }
    rig_run_emit(run, event);
}

static void add_counts(struct rig_event *event, const struct rig_exploration *seen)
{
    rig_event_flag(event, "closed", seen->closed);
    rig_event_text(event, "why_open", seen->why_open);
    rig_event_count(event, "contents", seen->n_contents);
    rig_event_count(event, "nodes", (gint64)seen->n_nodes);
    rig_event_count(event, "cuts", (gint64)seen->n_edges);
    rig_event_count(event, "torn_cuts", (gint64)seen->n_torn_edges);
    rig_event_count(event, "boots", (gint64)seen->n_boots);
    rig_event_count(event, "longest", seen->longest);
    rig_event_count(event, "elapsed_us", seen->elapsed_us);
    rig_event_count(event, "bytes", (gint64)seen->n_bytes);
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
        cause = rig_event_append(entry, "findings");
        rig_event_text(cause, "cause", finding->cause);
        rig_event_count(cause, "n_cuts", finding->n_cuts);
        rig_event_count(cause, "states", (gint64)finding->n_nodes);
        rig_event_text(cause, "path", finding->path);
        rig_event_text(cause, "text", finding->complaint);
        if (finding->heals_after)
            rig_event_count(cause, "heals_after", finding->heals_after);
    }
}

static void add_verdict(struct rig_event *event, const struct rig_exploration *seen,
                        const struct rig_invariant_verdict *verdict)
{
    struct rig_event *entry = rig_event_append(event, "invariants");

    rig_event_text(entry, "name", rig_invariant_name(verdict->invariant));
    rig_event_text(entry, "verdict", rig_verdict_word(verdict->verdict));
    rig_event_text(entry, "text", verdict->text);
    if (verdict->shown) {
        rig_event_text(entry, "path", verdict->shown->path);
        rig_event_count(entry, "n_cuts", verdict->shown->n_cuts);
        rig_event_count(entry, "states", (gint64)verdict->shown->n_nodes);
    }
    if (seen)
        add_causes(entry, seen, verdict->invariant);
}

void rig_explore_emit_end(struct rig_run *run, const struct rig_exploration *seen,
                          const struct rig_invariant_verdict *verdicts, guint n_verdicts)
{
    struct rig_event *event = rig_event_new("explore-end");

    rig_event_text(event, "step", run->step_id->str);
    if (seen)
        add_counts(event, seen);
    for (guint i = 0; i < n_verdicts; i++)
        add_verdict(event, seen, &verdicts[i]);
    rig_run_emit(run, event);
}
