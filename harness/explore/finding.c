/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The ways in which an exploration broke its invariants: where each begins, by what the last power cut on the
 * way there fell on. */
#include "explore/flash_map.h"
#include "explore/search.h"

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

void rig_finding_free(gpointer at)
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
    history = rig_history_ran(&plan->life, &history, boot.image, plan->subject->reverts);
    if (!rig_history_due(&plan->life, &history, boot.image, &action))
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

    for (; boot.end != RIG_END_RUNS; n++) {
        if (boot.end == RIG_END_NOT_RUN || !g_hash_table_add(seen, GUINT_TO_POINTER(boot.final + 1)))
            return 0;
        boot = boot_of(search, boot.final);
    }
    return n;
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

void search_tell_findings(struct search *search)
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
