/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What a search knows: boots, actions, nodes, and how they are judged. */
#include "explore/search.h"

static bool must_stop(void *user)
{
    const struct search *search = user;
    const struct rig_explore_plan *plan = search->plan;

    return (plan->interrupted && *plan->interrupted) ||
           (plan->max_us > 0 && g_get_monotonic_time() - search->started_us > plan->max_us);
}

void search_init(struct search *search, const struct rig_explore_plan *plan)
{
    search->plan = plan;
    search->contents = rig_contents_new(plan->subject->flash);
    search->recorder =
        rig_recorder_new(search->contents, plan->subject, plan->images, plan->torn_write, plan->torn_erase);
    search->boots = g_array_new(FALSE, FALSE, sizeof(struct rig_trace));
    search->pool = rig_worker_pool_new(search->contents, search->recorder, plan->subject, plan->n_workers,
                                       must_stop, search);
    if (plan->eager)
        rig_worker_pool_set_eager(search->pool);
    if (plan->execute_all)
        rig_recorder_forget_known_runs(search->recorder);
    search->actions = g_hash_table_new(NULL, NULL);
    search->action_traces = g_array_new(FALSE, FALSE, sizeof(struct rig_trace));
    search->tasks = g_array_new(FALSE, FALSE, sizeof(struct rig_task));
    search->recorded = g_array_new(FALSE, FALSE, sizeof(struct rig_trace));
    search->seen = g_array_new(FALSE, TRUE, 2 * sizeof(guint64));
    search->walked = g_array_new(FALSE, TRUE, 2 * sizeof(guint64));
    search->nodes = g_array_new(FALSE, FALSE, sizeof(struct node));
    search->roots = g_array_new(FALSE, FALSE, sizeof(struct root));
    for (guint i = 0; i < 2; i++)
        search->levels[i] = g_array_new(FALSE, FALSE, sizeof(guint32));
    search->started_us = g_get_monotonic_time();
}

void search_clear(struct search *search)
{
    rig_worker_pool_free(search->pool);
    rig_recorder_free(search->recorder);
    rig_contents_free(search->contents);
    g_array_unref(search->boots);
    g_hash_table_unref(search->actions);
    g_array_unref(search->action_traces);
    g_array_unref(search->tasks);
    g_array_unref(search->recorded);
    g_array_unref(search->seen);
    g_array_unref(search->walked);
    g_array_unref(search->nodes);
    g_array_unref(search->roots);
    for (guint i = 0; i < 2; i++)
        g_array_unref(search->levels[i]);
}

struct rig_trace *search_action(struct search *search, guint32 content, enum rig_action action)
{
    gpointer key = GSIZE_TO_POINTER((gsize)content * RIG_N_ACTIONS + action + 1);
    guint index = GPOINTER_TO_UINT(g_hash_table_lookup(search->actions, key));

    if (index == 0) {
        struct rig_trace unknown = {.end = RIG_TRACE_NONE};

        g_array_append_val(search->action_traces, unknown);
        index = search->action_traces->len;
        g_hash_table_insert(search->actions, key, GUINT_TO_POINTER(index));
    }
    return &g_array_index(search->action_traces, struct rig_trace, index - 1);
}

char *search_path_to(const struct search *search, guint32 number, enum rig_cycle_form last)
{
    g_autoptr(GArray) cycles = g_array_new(FALSE, FALSE, sizeof(struct rig_power_cycle));
    struct rig_power_cycle cycle = {.form = last};

    g_array_prepend_val(cycles, cycle);
    for (const struct node *node; number != NO_NODE; number = node->parent) {
        node = &g_array_index(search->nodes, struct node, number);
        cycle =
            (struct rig_power_cycle){.form = (enum rig_cycle_form)node->form, .operation = node->operation};
        if (node->parent != NO_NODE)
            g_array_prepend_val(cycles, cycle);
    }
    return rig_cuts_text(cycles);
}

const struct rig_trace *search_next_end(struct search *search, guint32 content, guint32 *last)
{
    const struct rig_trace *boot = search_boot(search, *last = content);

    for (guint n_left = search->plan->max_boots;
         boot->end < RIG_END_NOT_RUN && boot->end != RIG_END_RUNS && n_left > 1; n_left--)
        boot = search_boot(search, *last = boot->final);
    return boot;
}

static bool comes_up(struct search *search, guint32 content)
{
    guint32 last;

    return search_next_end(search, content, &last)->end == RIG_END_RUNS;
}

void search_judged(struct search *search, guint32 number, enum rig_cycle_form form, struct rig_judged *judged,
                   struct rig_trace *trace)
{
    const struct rig_explore_plan *plan = search->plan;
    const struct node *node = &g_array_index(search->nodes, struct node, number);
    enum rig_action action;

    *trace = *search_boot(search, node->content);
    *judged = (struct rig_judged){.life = &plan->life,
                                  .subject = plan->subject,
                                  .images = plan->images,
                                  .history = rig_history_unpack(node->history),
                                  .trace = trace,
                                  .is_action = form == RIG_CYCLE_ACT,
                                  .comes_up = comes_up(search, node->content),
                                  .max_erases = plan->max_erases};
    if (form != RIG_CYCLE_ACT)
        return;
    judged->history = rig_history_ran(&plan->life, &judged->history, trace->image, plan->subject->reverts);
    if (rig_history_due(&plan->life, &judged->history, trace->image, &action))
        *trace = *search_action(search, trace->final, action);
}
