/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Breadth-first exploration by the number of power cuts. */
#include "explore/flash_map.h"
#include "explore/search.h"

#define MIN_BATCH_NODES 64u /* between looks at the budgets */
#define MAX_BATCH_NODES 2048u
#define MAX_CHUNKS (1u << 30) /* of the recorder's sequences, which count in 32 bits */
#define QUEUED_END 0xfe

/* --- findings: the ways in which it broke its invariants; where each begins, by what the last power cut on
 * the way there fell on --- */

/* Runs are executed once more for it: so many at most. What lies behind has the cause "not looked into". */
#define MAX_RUNS 2000u
#define NOT_LOOKED_INTO "not looked into"

struct causes {
    struct search *search;
    struct rig_flash_map *map;
    GHashTable *runs;   /* content, and what is run from it -> GPtrArray of classes, or NULL */
    GHashTable *words;  /* set of char *: the classes */
    GPtrArray *classes; /* of the run that is executed; borrowed from `words` */
};

static void rig_finding_free(gpointer at)
{
    struct rig_finding *finding = at;

    if (!finding)
        return;
    g_free(finding->cause);
    g_free(finding->path);
    g_free(finding->complaint);
    g_free(finding);
}

static void on_operation(void *user, const struct sim_flash_operation *operation)
{
    struct causes *causes = user;
    char *class = rig_flash_map_class(causes->map, operation);
    gpointer kept;

    if (g_hash_table_lookup_extended(causes->words, class, &kept, NULL))
        g_free(class);
    else
        g_hash_table_add(causes->words, kept = class);
    g_ptr_array_add(causes->classes, kept);
}

/* action: enum rig_action, or RIG_TASK_BOOT. NULL: too many were executed. Borrowed. */
static GPtrArray *classes_of_run(struct causes *causes, guint32 content, gint action)
{
    struct rig_subject *subject = causes->search->plan->subject;
    gpointer key = GSIZE_TO_POINTER((gsize)content * (RIG_N_ACTIONS + 1) + (gsize)(action + 1) + 1);
    struct rig_end_report report = {.end = RIG_END_NO_IMAGE};
    GPtrArray *classes = g_hash_table_lookup(causes->runs, key);

    if (classes || g_hash_table_size(causes->runs) >= MAX_RUNS)
        return classes;
    causes->classes = classes = g_ptr_array_new();
    g_hash_table_insert(causes->runs, key, classes);
    rig_contents_load(causes->search->contents, content, RIG_CONTENT_NONE, subject->flash);
    sim_flash_power(subject->flash, true);
    sim_flash_observe(subject->flash, on_operation, causes);
    if (action == RIG_TASK_BOOT)
        subject->ops->boot(subject, &report);
    else
        subject->ops->act(subject, (enum rig_action)action, &causes->search->plan->images[RIG_IMAGE_NEW]);
    sim_flash_observe(subject->flash, NULL, NULL);
    return classes;
}

/* What the life of the board had come to when power was cut in its bootloader. */
static const char *stage_of(const struct rig_explore_plan *plan, const struct rig_history *history)
{
    struct rig_request request = rig_history_request(&plan->life, history, plan->subject->reverts);

    if (!request.made)
        return "idle";
    if (request.confirm_begun)
        return "confirmed";
    return history->tried && !request.permanent ? "revert" : "install";
}

static char *cause_in_run(const GPtrArray *classes, const char *stage, guint32 operation, bool torn)
{
    if (!classes)
        return g_strdup(NOT_LOOKED_INTO);
    if (operation < classes->len)
        return g_strdup_printf("%s %s %s", stage, torn ? "inside" : "before",
                               (const char *)g_ptr_array_index(classes, operation));
    if (classes->len == 0)
        return g_strdup_printf("%s without an operation", stage);
    return g_strdup_printf("%s after %s", stage, (const char *)g_ptr_array_index(classes, classes->len - 1));
}

/* Of one cut: `node` is what it left. */
static char *cause_of_cut(struct causes *causes, const struct node *node)
{
    struct search *search = causes->search;
    const struct rig_explore_plan *plan = search->plan;
    const struct node *from = &g_array_index(search->nodes, struct node, node->parent);
    struct rig_history history = rig_history_unpack(from->history);
    struct rig_trace boot = *search_boot(search, from->content);
    bool torn = node->form == RIG_CYCLE_TORN;
    enum rig_action action;

    if (node->operation < boot.n_operations + (torn ? 0 : 1))
        return cause_in_run(classes_of_run(causes, from->content, RIG_TASK_BOOT), stage_of(plan, &history),
                            node->operation, torn);
    history = rig_history_ran(&plan->life, &history, &boot, plan->subject->reverts);
    if (!rig_history_due(&plan->life, &history, &boot, &action))
        return g_strdup(NOT_LOOKED_INTO);
    return cause_in_run(classes_of_run(causes, boot.final, (gint)action), rig_action_name(action),
                        node->operation - boot.n_operations, torn);
}

static char *cause_of(struct causes *causes, guint32 number)
{
    const GArray *nodes = causes->search->nodes;
    const struct node *node = &g_array_index(nodes, struct node, number);

    while (node->parent != NO_NODE && node->form != RIG_CYCLE_CUT && node->form != RIG_CYCLE_TORN)
        node = &g_array_index(nodes, struct node, node->parent);
    return node->parent == NO_NODE ? g_strdup("no cut") : cause_of_cut(causes, node);
}

static struct rig_trace boot_of(struct search *search, guint32 content)
{
    struct rig_trace trace = *search_boot(search, content);

    /* A budget ended the exploration before this one was visited. */
    if (trace.end > RIG_END_NOT_RUN)
        rig_trace_record(search->recorder, &(struct rig_task){.content = content, .action = RIG_TASK_BOOT},
                         &trace);
    return trace;
}

/* Further power-ons until an image runs; 0: none brings it up. */
static guint heals_after(struct search *search, guint32 content)
{
    g_autoptr(GHashTable) seen = g_hash_table_new(NULL, NULL);
    struct rig_trace boot = boot_of(search, content);
    guint n = 0;

    for (; !rig_end_is_up(boot.end); n++) {
        if (boot.end == RIG_END_NOT_RUN || !g_hash_table_add(seen, GUINT_TO_POINTER(boot.final + 1)))
            return 0;
        boot = boot_of(search, boot.final);
    }
    return n;
}

static bool comes_up(struct search *search, guint32 content)
{
    guint32 last;

    return rig_end_is_up(search_next_end(search, content, &last)->end);
}

/* The judgement of a node: of its boot, or, form ACT, of the action that is due behind it. `trace` is
 * written.
 */
static void search_judged(struct search *search, guint32 number, enum rig_cycle_form form,
                          struct rig_judged *judged, struct rig_trace *trace)
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
    judged->history = rig_history_ran(&plan->life, &judged->history, trace, plan->subject->reverts);
    if (rig_history_due(&plan->life, &judged->history, trace, &action))
        *trace = *search_action(search, trace->final, action);
}

static char *complaint_of(struct search *search, const struct root *root, guint heals)
{
    struct rig_judged judged;
    struct rig_trace trace;
    g_autofree char *said = NULL;

    search_judged(search, root->node, (enum rig_cycle_form)root->form, &judged, &trace);
    said = rig_invariant_complaint((enum rig_invariant)root->invariant, &judged,
                                   rig_recorder_text(search->recorder, &trace));
    if (root->invariant != RIG_INVARIANT_BOOTS)
        return g_steal_pointer(&said);
    return heals
               ? g_strdup_printf("%s; heals after %u further power-on%s", said, heals, heals == 1 ? "" : "s")
               : g_strdup_printf("%s; no further power-on heals it", said);
}

static struct rig_finding *find(const GPtrArray *findings, guint invariant, const char *cause, guint heals)
{
    for (guint i = 0; i < findings->len; i++) {
        struct rig_finding *finding = g_ptr_array_index(findings, i);

        if (finding->invariant == invariant && finding->heals_after == heals &&
            g_str_equal(finding->cause, cause))
            return finding;
    }
    return NULL;
}

/* Behind the others of its invariant. */
static gint place_of(const GPtrArray *findings, guint invariant)
{
    guint place = 0;

    while (place < findings->len &&
           ((const struct rig_finding *)g_ptr_array_index(findings, place))->invariant <= invariant)
        place++;
    return (gint)place;
}

/* "app,0,19h,run": the way to a node, and the power-on that shows what is wrong. Owned by the caller. */
static char *search_path_to(const struct search *search, guint32 number, enum rig_cycle_form last)
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

/* Roots come by their numbers of cuts: the first of a cause has the fewest. */
static void tell(struct causes *causes, const struct root *root)
{
    struct search *search = causes->search;
    const struct node *node = &g_array_index(search->nodes, struct node, root->node);
    g_autofree char *cause = cause_of(causes, root->node);
    guint heals = root->invariant == RIG_INVARIANT_BOOTS ? heals_after(search, node->content) : 0;
    struct rig_finding *finding = find(search->result->findings, root->invariant, cause, heals);

    if (finding) {
        finding->n_nodes++;
        return;
    }
    finding = g_new0(struct rig_finding, 1);
    *finding =
        (struct rig_finding){.invariant = (enum rig_invariant)root->invariant,
                             .n_cuts = node->n_cuts,
                             .cause = g_steal_pointer(&cause),
                             .heals_after = heals,
                             .n_nodes = 1,
                             .path = search_path_to(search, root->node, (enum rig_cycle_form)root->form),
                             .complaint = complaint_of(search, root, heals)};
    g_ptr_array_insert(search->result->findings, place_of(search->result->findings, root->invariant),
                       finding);
}

static void unref_classes(gpointer classes)
{
    g_ptr_array_unref(classes);
}

/* The roots by invariant, cause and healing, into the result. */
static void search_tell_findings(struct search *search)
{
    struct causes causes = {.search = search};
    struct rig_subject *subject = search->plan->subject;

    if (search->roots->len == 0)
        return;
    sim_flash_power(subject->flash, true);
    causes.map = rig_flash_map_new(subject, search->plan->images);
    causes.runs = g_hash_table_new_full(NULL, NULL, NULL, unref_classes);
    causes.words = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    for (guint i = 0; i < search->roots->len; i++)
        tell(&causes, &g_array_index(search->roots, struct root, i));
    g_hash_table_unref(causes.runs);
    g_hash_table_unref(causes.words);
    rig_flash_map_free(causes.map);
}

/* --- the search --- */

/* Makes sure that a node is going to be looked at. */
static void visit(struct search *search, guint32 passed, guint8 history, guint32 parent,
                  enum rig_cycle_form form, guint32 operation)
{
    guint cost = form == RIG_CYCLE_CUT || form == RIG_CYCLE_TORN ? 1 : 0;
    guint32 content = rig_recorder_settled(search->recorder, passed);
    guint32 number = search->nodes->len;
    struct node node = {.content = content,
                        .parent = parent,
                        .operation = operation,
                        .form = (guint8)form,
                        .history = history};

    if (!search_note_seen(search, content, history))
        return;
    if (parent != NO_NODE)
        node.n_cuts = (guint16)(g_array_index(search->nodes, struct node, parent).n_cuts + cost);
    g_array_append_val(search->nodes, node);
    g_array_append_val(search->levels[cost], number);
}

static void judge(struct search *search, guint32 number, const struct rig_judged *judged,
                  enum rig_cycle_form form)
{
    struct node *node = &g_array_index(search->nodes, struct node, number);
    guint32 broken = rig_judge(judged) & search->plan->invariants;
    guint32 known = node->broken;

    if (node->parent != NO_NODE)
        known |= g_array_index(search->nodes, struct node, node->parent).broken;
    node->broken = known | broken;
    for (guint i = 0; broken >> i; i++) {
        struct root root = {.node = number, .invariant = (guint8)i, .form = (guint8)form};

        if (broken >> i & 1 && !(known >> i & 1))
            g_array_append_val(search->roots, root);
    }
}

/* Was this chunk walked with this history before? Then there is nothing new in it. */
static bool is_walked(struct search *search, guint32 chunk, guint8 history)
{
    guint64 *walked;

    if (search->walked->len <= chunk)
        g_array_set_size(search->walked, MAX(chunk + 1, search->walked->len * 2));
    walked = &((guint64 *)(void *)search->walked->data)[2 * (gsize)chunk + history / 64];
    if (*walked & (guint64)1 << history % 64)
        return true;
    *walked |= (guint64)1 << history % 64;
    return false;
}

/* What a power cut in a run makes of a history: before the host was told that all is well, and afterwards. */
struct cut_histories {
    guint8 before, after;
    guint32 promised; /* operations until then; RIG_NEVER_PROMISED */
};

static guint8 history_of_cut(const struct cut_histories *histories, guint32 n_operations)
{
    return n_operations < histories->promised ? histories->before : histories->after;
}

/* Everything that a power cut within one trace may leave. start: the content before the first operation. The
 * end of an action is no cut: the action is complete then. */
static void visit_cuts(struct search *search, guint32 parent, const struct rig_trace *trace, guint32 start,
                       const struct cut_histories *histories, guint32 base, bool bootloader)
{
    guint32 n_cuts = trace->n_operations - (bootloader || trace->n_operations == 0 ? 0 : 1);

    if (bootloader)
        visit(search, start, histories->before, parent, RIG_CYCLE_CUT, base);
    for (guint32 k = 0; k < rig_sequence_n_chunks(trace->n_operations); k++) {
        struct rig_chunk chunk = rig_recorder_chunk(search->recorder, trace, k);
        bool of_one_kind =
            history_of_cut(histories, chunk.at) == history_of_cut(histories, chunk.at + chunk.n);

        if (chunk.at + chunk.n <= n_cuts && of_one_kind &&
            is_walked(search, chunk.number, history_of_cut(histories, chunk.at)))
            continue;
        for (guint32 i = 0; i < chunk.n; i++) {
            guint32 done = chunk.at + i;

            if (chunk.torn && chunk.torn[i] != RIG_CONTENT_NONE)
                visit(search, chunk.torn[i], history_of_cut(histories, done), parent, RIG_CYCLE_TORN,
                      base + done);
            if (done < n_cuts)
                visit(search, chunk.after[i], history_of_cut(histories, done + 1), parent, RIG_CYCLE_CUT,
                      base + done + 1);
        }
    }
}

static void act(struct search *search, guint32 number, const struct rig_trace *boot,
                const struct rig_history *history)
{
    const struct rig_explore_plan *plan = search->plan;
    struct rig_judged judged;
    enum rig_action action;
    struct rig_history begun, promised, complete;
    struct cut_histories histories;
    struct rig_trace trace;

    if (!rig_history_due(&plan->life, history, boot, &action))
        return;
    search_judged(search, number, RIG_CYCLE_ACT, &judged, &trace);
    judge(search, number, &judged, RIG_CYCLE_ACT);
    begun = rig_history_acted(&plan->life, history, RIG_ACTED_BEGUN);
    promised = rig_history_acted(&plan->life, history, RIG_ACTED_PROMISED);
    histories = (struct cut_histories){rig_history_pack(&begun), rig_history_pack(&promised), trace.promised};
    visit_cuts(search, number, &trace, boot->final, &histories, boot->n_operations, false);
    if (trace.flags & RIG_TRACE_REFUSED)
        return;
    complete = rig_history_acted(&plan->life, history, RIG_ACTED_COMPLETE);
    visit(search, trace.final, rig_history_pack(&complete), number, RIG_CYCLE_ACT, 0);
}

static void expand(struct search *search, guint32 number)
{
    const struct rig_explore_plan *plan = search->plan;
    struct node node = g_array_index(search->nodes, struct node, number);
    struct rig_history history = rig_history_unpack(node.history);
    struct rig_history cut = rig_history_cut(&history);
    struct cut_histories histories = {rig_history_pack(&cut), rig_history_pack(&cut), RIG_NEVER_PROMISED};
    struct rig_judged judged;
    struct rig_trace boot;

    search_judged(search, number, RIG_CYCLE_RUN, &judged, &boot);
    judge(search, number, &judged, RIG_CYCLE_RUN);
    visit_cuts(search, number, &boot, node.content, &histories, 0, true);
    if (!rig_end_is_up(boot.end)) {
        visit(search, boot.final, rig_history_pack(&cut), number, RIG_CYCLE_RUN, 0);
        return;
    }
    history = rig_history_ran(&plan->life, &history, &boot, plan->subject->reverts);
    visit(search, boot.final, rig_history_pack(&history), number, RIG_CYCLE_RUN, 0);
    act(search, number, &boot, &history);
}

/* NULL: go on. */
static const char *reason_to_stop(const struct search *search)
{
    const struct rig_explore_plan *plan = search->plan;

    if (plan->interrupted && *plan->interrupted)
        return "interrupted";
    if (plan->max_contents > 0 &&
        rig_contents_count(search->contents) - search->n_begun_with > plan->max_contents)
        return "the budget of states is used up";
    if (plan->max_bytes > 0 &&
        rig_contents_bytes(search->contents) + rig_recorder_bytes(search->recorder) > plan->max_bytes)
        return "the budget of memory is used up";
    if (plan->max_us > 0 && g_get_monotonic_time() - search->started_us > plan->max_us)
        return "the budget of time is used up";
    if (search->reads_dead)
        return "the rig has trouble";
    if (rig_recorder_counts(search->recorder).n_chunks > MAX_CHUNKS)
        return "more flash operations than can be kept";
    return NULL;
}

static void queue(struct search *search, guint32 content, gint action, struct rig_trace *trace)
{
    struct rig_task task = {.content = content, .action = action};

    if (trace->end != RIG_TRACE_NONE)
        return;
    trace->end = QUEUED_END;
    g_array_append_val(search->tasks, task);
}

/* The boots that the judgement of a node needs and that are not recorded yet: those of the batch at first,
 * then the next boot of each that ran nothing. */
static void queue_boots(struct search *search, const guint32 *batch, guint n_batch)
{
    for (guint i = 0; i < n_batch; i++) {
        guint32 last = g_array_index(search->nodes, struct node, batch[i]).content;

        search_next_end(search, last, &last);
        queue(search, last, RIG_TASK_BOOT, search_boot(search, last));
    }
}

static void queue_actions(struct search *search, const guint32 *batch, guint n_batch)
{
    const struct rig_explore_plan *plan = search->plan;

    for (guint i = 0; i < n_batch; i++) {
        const struct node *node = &g_array_index(search->nodes, struct node, batch[i]);
        struct rig_history history = rig_history_unpack(node->history);
        const struct rig_trace *boot = search_boot(search, node->content);
        enum rig_action action;

        if (!rig_end_is_up(boot->end))
            continue;
        history = rig_history_ran(&plan->life, &history, boot, plan->subject->reverts);
        if (rig_history_due(&plan->life, &history, boot, &action))
            queue(search, boot->final, (gint)action, search_action(search, boot->final, action));
    }
}

static struct rig_trace *slot_of(struct search *search, const struct rig_task *task)
{
    return task->action == RIG_TASK_BOOT
               ? search_boot(search, task->content)
               : search_action(search, task->content, (enum rig_action)task->action);
}

/* Records what is queued. false: it could not be done to the end. */
static bool record_queue(struct search *search)
{
    const struct rig_task *tasks = (const struct rig_task *)(void *)search->tasks->data;
    guint n_tasks = search->tasks->len;
    struct rig_trace *traces;
    bool complete;

    g_array_set_size(search->recorded, n_tasks);
    traces = (struct rig_trace *)(void *)search->recorded->data;
    complete = rig_worker_pool_run(search->pool, tasks, n_tasks, traces);
    for (guint i = 0; i < n_tasks; i++) {
        *slot_of(search, &tasks[i]) = traces[i];
        search->reads_dead |= traces[i].end != RIG_TRACE_NONE && traces[i].flags & RIG_TRACE_READS_DEAD;
        search->result->n_boots += traces[i].end != RIG_TRACE_NONE && tasks[i].action == RIG_TASK_BOOT;
    }
    g_array_set_size(search->tasks, 0);
    return complete;
}

/* Everything that expanding these nodes needs. */
static bool prepare(struct search *search, const guint32 *batch, guint n_batch)
{
    queue_boots(search, batch, n_batch);
    while (search->tasks->len > 0) {
        if (!record_queue(search))
            return false;
        queue_boots(search, batch, n_batch);
    }
    queue_actions(search, batch, n_batch);
    return search->tasks->len == 0 || record_queue(search);
}

/* The next nodes of this level, together: they are recorded at the same time. The more is known, the more are
 * taken, whatever the number of workers, so that the results do not depend on it. */
static bool run_batch(struct search *search, guint from)
{
    const GArray *level = search->levels[0];
    guint n_batch = MIN(level->len - from, CLAMP(search->nodes->len / 4, MIN_BATCH_NODES, MAX_BATCH_NODES));
    g_autofree guint32 *batch = g_memdup2(&g_array_index(level, guint32, from), n_batch * sizeof(guint32));

    if (!prepare(search, batch, n_batch))
        return false;
    for (guint i = 0; i < n_batch; i++)
        expand(search, batch[i]);
    search->n_expanded += n_batch;
    return true;
}

/* Stops between two batches only: there, everything that was found is complete. */
static void run(struct search *search)
{
    struct rig_exploration *result = search->result;

    search->started_us = g_get_monotonic_time();
    search->n_begun_with = search->plan->go_on_from ? rig_contents_count(search->contents) : 0;
    while (search->levels[0]->len > 0 && !result->why_open) {
        GArray *level = search->levels[0];

        while (search->n_expanded < level->len && !result->why_open) {
            bool complete = run_batch(search, search->n_expanded);

            result->why_open = reason_to_stop(search);
            if (!complete && !result->why_open)
                result->why_open = "the rig has trouble";
        }
        if (search->n_expanded < level->len)
            break;
        g_array_set_size(level, 0);
        search->levels[0] = search->levels[1];
        search->levels[1] = level;
        search->n_expanded = 0;
    }
    if (search->levels[0]->len == 0)
        result->why_open = NULL;
    result->closed = !result->why_open;
    result->trouble =
        g_strdup(search->reads_dead ? "the bootloader reads bytes that were held to decide nothing: "
                                      "contents that are not the same were taken for one"
                                    : rig_worker_pool_figures(search->pool)->trouble);
}

static void count(struct search *search)
{
    struct rig_exploration *result = search->result;
    const struct rig_worker_pool_figures *figures = rig_worker_pool_figures(search->pool);
    const struct rig_recorder_counts counts = rig_recorder_counts(search->recorder);

    result->n_contents = rig_contents_count(search->contents);
    result->n_nodes = search->nodes->len;
    result->n_torn_edges = counts.n_torn;
    result->n_edges = counts.n_operations + result->n_torn_edges;
    if (search->nodes->len)
        result->longest = g_array_index(search->nodes, struct node, search->nodes->len - 1).n_cuts;
    result->n_bytes = rig_contents_bytes(search->contents) + rig_recorder_bytes(search->recorder) +
                      search->nodes->len * sizeof(struct node) +
                      ((gsize)search->seen->len + search->walked->len) * 2 * sizeof(guint64) +
                      (search->boots->len + (gsize)search->action_traces->len) * sizeof(struct rig_trace) +
                      figures->n_bytes;
    result->n_lost = figures->n_lost;
    result->n_forks = figures->n_forks;
    result->elapsed_us += g_get_monotonic_time() - search->started_us;
}

static void begin(struct search *search)
{
    const struct rig_explore_plan *plan = search->plan;
    struct rig_history history = {.n_done = (guint8)plan->n_done, .untouched = plan->n_done > 0};

    visit(search, rig_contents_of_flash(search->contents, plan->subject->flash), rig_history_pack(&history),
          NO_NODE, RIG_CYCLE_RUN, 0);
}

static void keep_state(struct search *search)
{
    struct rig_exploration *result = search->result;
    GError *error = NULL;

    result->is_kept = search_save(search, search->plan->keep_in, &error);
    if (!result->is_kept && !result->trouble)
        result->trouble = g_strdup(error->message);
    g_clear_error(&error);
}

struct rig_exploration *rig_explore(const struct rig_explore_plan *plan)
{
    struct search search = {.result = g_new0(struct rig_exploration, 1)};
    GError *error = NULL;

    search.result->findings = g_ptr_array_new_with_free_func(rig_finding_free);
    search_init(&search, plan);
    if (plan->keep_in || plan->go_on_from)
        search.fingerprint = rig_explore_fingerprint(plan);
    if (!plan->go_on_from)
        begin(&search);
    if (!plan->go_on_from || search_load(&search, plan->go_on_from, &error)) {
        run(&search);
        count(&search);
        if (plan->keep_in && !search.result->closed)
            keep_state(&search);
        search_tell_findings(&search);
        rig_contents_load(search.contents, 0, RIG_CONTENT_NONE, plan->subject->flash);
    } else {
        search.result->why_open = "the rig has trouble";
        search.result->trouble = g_strdup(error->message);
        g_clear_error(&error);
    }
    g_free(search.fingerprint);
    search_clear(&search);
    return search.result;
}

void rig_exploration_free(struct rig_exploration *exploration)
{
    if (!exploration)
        return;
    g_ptr_array_unref(exploration->findings);
    g_free(exploration->trouble);
    g_free(exploration);
}
