/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Explorations and paths as events. */
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

static void add_finding(struct rig_event *event, const struct rig_exploration *seen,
                        const struct rig_explore_finding *finding)
{
    struct rig_event *entry = rig_event_append(event, "invariants");

    rig_event_text(entry, "name", rig_invariant_name(finding->invariant));
    rig_event_text(entry, "verdict", rig_verdict_word(finding->verdict));
    rig_event_text(entry, "text", finding->text);
    if (finding->shown) {
        rig_event_text(entry, "path", finding->shown->path);
        rig_event_count(entry, "n_cuts", finding->shown->n_cuts);
        rig_event_count(entry, "states", (gint64)finding->shown->n_nodes);
    }
    if (seen)
        add_causes(entry, seen, finding->invariant);
}

void rig_explore_emit_end(struct rig_run *run, const struct rig_exploration *seen,
                          const struct rig_explore_finding *findings, guint n_findings)
{
    struct rig_event *event = rig_event_new("explore-end");

    rig_event_text(event, "step", run->step_id->str);
    if (seen)
        add_counts(event, seen);
    for (guint i = 0; i < n_findings; i++)
        add_finding(event, seen, &findings[i]);
    rig_run_emit(run, event);
}

/* "o3": sector 3 of the old image; "n0~": the begin of the new one; ".": erased; "t": trailer; "x": mixed. */
static void append_cell(GString *text, const struct rig_cell *cell)
{
    static const char letters[] = {'.', 'o', 'n', 't', 'x'};

    g_string_append_c(text, letters[cell->holds]);
    if (cell->holds == RIG_HOLDS_OLD || cell->holds == RIG_HOLDS_NEW)
        g_string_append_printf(text, "%u%s", cell->sectors, cell->part ? "~" : "");
}

static bool follows(const struct rig_cell *cell, const struct rig_cell *next, guint distance)
{
    bool image = cell->holds == RIG_HOLDS_OLD || cell->holds == RIG_HOLDS_NEW;

    return cell->holds == next->holds && cell->part == next->part &&
           (!image || next->sectors == cell->sectors + distance);
}

/* "o0*3 .*29": runs of equal cells, of images sector by sector. */
static char *cells_text(const GArray *cells)
{
    GString *text = g_string_new(NULL);
    guint n;

    for (guint i = 0; i < cells->len; i += n) {
        const struct rig_cell *cell = &g_array_index(cells, struct rig_cell, i);

        n = 1;
        while (i + n < cells->len && follows(cell, &g_array_index(cells, struct rig_cell, i + n), n))
            n++;
        g_string_append(text, i ? " " : "");
        append_cell(text, cell);
        if (n > 1)
            g_string_append_printf(text, "*%u", n);
    }
    return g_string_free(text, FALSE);
}

/* "1:4=n4*3": in area 1 from sector 4 on. NULL when nothing changed. */
static char *changes_text(const GArray *changes)
{
    GString *text = g_string_new(NULL);
    guint n;

    for (guint i = 0; i < changes->len; i += n) {
        const struct rig_cell_change *change = &g_array_index(changes, struct rig_cell_change, i);

        for (n = 1; i + n < changes->len; n++) {
            const struct rig_cell_change *next = &g_array_index(changes, struct rig_cell_change, i + n);

            if (next->area != change->area || next->sector != change->sector + n ||
                !follows(&change->cell, &next->cell, n))
                break;
        }
        g_string_append_printf(text, "%s%u:%u=", i ? " " : "", change->area, change->sector);
        append_cell(text, &change->cell);
        if (n > 1)
            g_string_append_printf(text, "*%u", n);
    }
    return g_string_free(text, changes->len == 0);
}

/* "4096*32": the sizes of the sectors. */
static char *sectors_text(const struct rig_account_area *area)
{
    GString *text = g_string_new(NULL);
    guint32 before = 0;
    guint n = 0;

    for (guint i = 0; i < area->starts->len; i++) {
        guint32 end = i + 1 < area->starts->len ? g_array_index(area->starts, guint32, i + 1) : area->n_bytes;
        guint32 n_bytes = end - g_array_index(area->starts, guint32, i);

        if (n > 0 && n_bytes != before) {
            g_string_append_printf(text, "%u*%u ", before, n);
            n = 0;
        }
        before = n_bytes;
        n++;
    }
    g_string_append_printf(text, "%u*%u", before, n);
    return g_string_free(text, FALSE);
}

static void add_trailer(struct rig_event *event, guint area, const struct rig_account_trailer *trailer)
{
    struct rig_event *entry = rig_event_append(event, "trailers");

    rig_event_count(entry, "area", area);
    rig_event_text(entry, "magic", trailer->magic);
    rig_event_text(entry, "type", trailer->swap_type);
    rig_event_text(entry, "copy_done", trailer->copy_done);
    rig_event_text(entry, "image_ok", trailer->image_ok);
    if (trailer->swap_size)
        rig_event_count(entry, "size", trailer->swap_size);
    rig_event_text(entry, "status", trailer->status);
    rig_event_text(entry, "progress", *trailer->progress ? trailer->progress : NULL);
}

static void add_step(struct rig_event *leg, const struct rig_account_step *step)
{
    static const char *const kinds[] = {"erase", "write", "more"};
    struct rig_event *entry = rig_event_append(leg, "steps");
    g_autofree char *cells = changes_text(step->cells);

    rig_event_text(entry, "kind", kinds[step->kind]);
    if (step->by_application)
        rig_event_flag(entry, "app", true);
    if (step->torn)
        rig_event_flag(entry, "torn", true);
    if (step->area != RIG_ACCOUNT_ELSEWHERE) {
        rig_event_count(entry, "area", step->area);
        rig_event_count(entry, "sector", step->first_sector);
        rig_event_count(entry, "to", step->last_sector);
    }
    rig_event_count(entry, "first", step->first_operation);
    rig_event_count(entry, "n", step->n_operations);
    rig_event_text(entry, "field", step->field);
    rig_event_text(entry, "text", step->text);
    rig_event_text(entry, "cells", cells);
    for (guint i = 0; i < step->trailers->len; i++) {
        const struct rig_trailer_change *change =
            &g_array_index(step->trailers, struct rig_trailer_change, i);

        add_trailer(entry, change->area, &change->trailer);
    }
}

static void add_leg(struct rig_event *event, const struct rig_account_leg *leg, bool in_full)
{
    struct rig_event *entry = rig_event_append(event, "legs");

    rig_event_count(entry, "number", leg->number);
    rig_event_text(entry, "decision", leg->decision);
    rig_event_text(entry, "runs", leg->runs);
    rig_event_text(entry, "action", leg->action);
    rig_event_text(entry, "stop", leg->stop);
    rig_event_text(entry, "cut", leg->cut);
    rig_event_count(entry, "operations", leg->n_operations);
    for (guint i = 0; i < leg->steps->len; i++)
        add_step(entry, g_ptr_array_index(leg->steps, i));
    if (in_full && leg->operations->len > 0) {
        g_ptr_array_add(leg->operations, NULL);
        rig_event_list(entry, "each", (const char *const *)leg->operations->pdata);
        g_ptr_array_set_size(leg->operations, (gint)leg->operations->len - 1);
    }
}

static void add_areas(struct rig_event *event, const struct rig_account *account)
{
    const struct rig_account_leg *first = g_ptr_array_index(account->legs, 0);

    for (guint i = 0; i < account->areas->len; i++) {
        const struct rig_account_area *area = g_ptr_array_index(account->areas, i);
        struct rig_event *entry = rig_event_append(event, "areas");
        g_autofree char *sectors = sectors_text(area);
        g_autofree char *cells = cells_text(g_ptr_array_index(first->cells, i));

        rig_event_text(entry, "name", area->name);
        rig_event_text(entry, "sectors", sectors);
        if (area->trailer < area->n_bytes)
            rig_event_count(entry, "trailer", rig_account_sector(area, area->trailer));
        rig_event_text(entry, "cells", cells);
    }
    for (guint i = 0; i < account->areas->len; i++) {
        const struct rig_account_trailer *trailer =
            &g_array_index(first->trailers, struct rig_account_trailer, i);

        if (trailer->known)
            add_trailer(event, i, trailer);
    }
}

void rig_explore_emit_path(struct rig_run *run, const char *path, const struct rig_account *account,
                           const struct rig_path_finding *broken, guint n_broken, bool in_full)
{
    struct rig_event *event;

    if (account->legs->len == 0)
        return;
    event = rig_event_new("path");
    rig_event_text(event, "step", run->step_id->str);
    rig_event_text(event, "path", path);
    for (guint i = 0; i < n_broken; i++) {
        struct rig_event *entry = rig_event_append(event, "broken");

        rig_event_text(entry, "invariant", broken[i].name);
        rig_event_text(entry, "about", broken[i].about);
        rig_event_text(entry, "text", broken[i].text);
    }
    rig_event_text(event, "old", account->images[RIG_IMAGE_OLD].name);
    rig_event_text(event, "new", account->images[RIG_IMAGE_NEW].name);
    if (account->n_legs_left)
        rig_event_count(event, "left_out", account->n_legs_left);
    add_areas(event, account);
    for (guint i = 0; i < account->legs->len; i++)
        add_leg(event, g_ptr_array_index(account->legs, i), in_full);
    rig_run_emit(run, event);
}
