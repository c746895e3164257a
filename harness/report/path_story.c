/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A path from its event. The journal may come from anywhere: every number is bounded here. */
#include "report/exploration.h"

#include <string.h>

static void free_trailer(gpointer at)
{
    struct rig_path_trailer *trailer = at;

    g_free(trailer->magic);
    g_free(trailer->type);
    g_free(trailer->copy_done);
    g_free(trailer->image_ok);
    g_free(trailer->status);
    g_free(trailer->progress);
    g_free(trailer);
}

static void free_area(gpointer at)
{
    struct rig_path_area *area = at;

    g_free(area->name);
    g_array_unref(area->cells);
    g_free(area);
}

static void free_step(gpointer at)
{
    struct rig_path_step *step = at;

    g_free(step->field);
    g_free(step->text);
    g_array_unref(step->cells);
    g_ptr_array_unref(step->trailers);
    g_free(step);
}

static void free_leg(gpointer at)
{
    struct rig_path_leg *leg = at;

    g_free(leg->decision);
    g_free(leg->runs);
    g_free(leg->action);
    g_free(leg->stop);
    g_free(leg->cut);
    g_ptr_array_unref(leg->steps);
    g_strfreev(leg->each);
    g_free(leg);
}

static void free_broken(gpointer at)
{
    struct rig_path_broken *broken = at;

    g_free(broken->invariant);
    g_free(broken->about);
    g_free(broken->text);
    g_free(broken);
}

void rig_path_story_free(struct rig_path_story *story)
{
    if (!story)
        return;
    g_free(story->step);
    g_free(story->path);
    g_free(story->old_name);
    g_free(story->new_name);
    g_ptr_array_unref(story->broken);
    g_ptr_array_unref(story->areas);
    g_ptr_array_unref(story->trailers);
    g_ptr_array_unref(story->legs);
    g_free(story);
}

static char *text_or(const struct rig_event *event, const char *key, const char *otherwise)
{
    const char *text = rig_event_get_text(event, key);

    return g_strdup(text ? text : otherwise);
}

static guint bounded(const struct rig_event *event, const char *key, guint most, guint otherwise)
{
    gint64 count = rig_event_get_count(event, key, otherwise);

    return (guint)CLAMP(count, 0, most);
}

/* A number at *at, which moves behind it; `most` when it is larger. */
static guint number_at(const char **at, guint most)
{
    char *end = NULL;
    guint64 number = g_ascii_isdigit(**at) ? g_ascii_strtoull(*at, &end, 10) : 0;

    *at = end ? end : *at;
    return (guint)MIN(number, most);
}

/* "n0~*4": a cell and how often. false: none. */
static bool cell_at(const char **at, struct rig_path_cell *cell, guint *n)
{
    if (!**at || !strchr(".ontx", **at))
        return false;
    *cell = (struct rig_path_cell){.holds = **at};
    (*at)++;
    if (cell->holds == 'o' || cell->holds == 'n')
        cell->sectors = number_at(at, RIG_PATH_MAX_SECTORS);
    if (**at == '~') {
        cell->part = true;
        (*at)++;
    }
    *n = 1;
    if (**at == '*') {
        (*at)++;
        *n = number_at(at, RIG_PATH_MAX_SECTORS);
    }
    return **at == ' ' || **at == '\0';
}

static void next_cell(struct rig_path_cell *cell)
{
    if (cell->holds == 'o' || cell->holds == 'n')
        cell->sectors++;
}

static void take_cells(struct rig_path_area *area, const char *text)
{
    static const struct rig_path_cell unknown = {.holds = 'x'};
    struct rig_path_cell cell;
    guint n;

    while (text && cell_at(&text, &cell, &n)) {
        for (; n > 0 && area->cells->len < area->n_sectors; n--) {
            g_array_append_val(area->cells, cell);
            next_cell(&cell);
        }
        text += *text == ' ';
    }
    while (area->cells->len < area->n_sectors)
        g_array_append_val(area->cells, unknown);
}

/* "4096*32 8192*2": how many there are. */
static guint count_sectors(const char *text)
{
    guint n = 0;

    while (text && g_ascii_isdigit(*text)) {
        guint now = 1;

        number_at(&text, G_MAXUINT);
        if (*text == '*') {
            text++;
            now = number_at(&text, RIG_PATH_MAX_SECTORS);
        }
        n = MIN(n + now, RIG_PATH_MAX_SECTORS);
        text += *text == ' ';
    }
    return n;
}

static void take_area(struct rig_path_story *story, const struct rig_event *entry)
{
    struct rig_path_area *area = g_new0(struct rig_path_area, 1);

    area->name = text_or(entry, "name", "area");
    area->n_sectors = count_sectors(rig_event_get_text(entry, "sectors"));
    area->trailer = bounded(entry, "trailer", area->n_sectors, area->n_sectors);
    area->cells = g_array_new(FALSE, FALSE, sizeof(struct rig_path_cell));
    take_cells(area, rig_event_get_text(entry, "cells"));
    g_ptr_array_add(story->areas, area);
}

static void take_trailers(const struct rig_path_story *story, GPtrArray *trailers,
                          const struct rig_event *event)
{
    const GPtrArray *entries = rig_event_get_maps(event, "trailers");

    for (guint i = 0; entries && i < entries->len && i < RIG_PATH_MAX_AREAS; i++) {
        const struct rig_event *entry = g_ptr_array_index(entries, i);
        struct rig_path_trailer *trailer;
        guint area = bounded(entry, "area", G_MAXINT, 0);

        if (area >= story->areas->len)
            continue;
        trailer = g_new0(struct rig_path_trailer, 1);
        trailer->area = area;
        trailer->magic = text_or(entry, "magic", NULL);
        trailer->type = text_or(entry, "type", NULL);
        trailer->copy_done = text_or(entry, "copy_done", NULL);
        trailer->image_ok = text_or(entry, "image_ok", NULL);
        trailer->status = text_or(entry, "status", NULL);
        trailer->progress = text_or(entry, "progress", NULL);
        trailer->size = MAX(rig_event_get_count(entry, "size", 0), 0);
        g_ptr_array_add(trailers, trailer);
    }
}

static void take_run_of_changes(const struct rig_path_story *story, struct rig_path_step *step,
                                struct rig_path_change change, guint n, guint *n_left)
{
    const struct rig_path_area *area = g_ptr_array_index(story->areas, change.area);

    for (; n > 0 && *n_left > 0 && change.sector < area->n_sectors; n--, (*n_left)--) {
        g_array_append_val(step->cells, change);
        change.sector++;
        next_cell(&change.cell);
    }
}

/* "1:4=n4*3 0:31=t" */
static void take_changes(const struct rig_path_story *story, struct rig_path_step *step, const char *text,
                         guint *n_left)
{
    while (text && g_ascii_isdigit(*text)) {
        struct rig_path_change change = {.area = number_at(&text, G_MAXINT)};
        guint n;

        if (*text++ != ':')
            return;
        change.sector = number_at(&text, G_MAXINT);
        if (*text != '=')
            return;
        text++;
        if (!cell_at(&text, &change.cell, &n))
            return;
        if (change.area < story->areas->len)
            take_run_of_changes(story, step, change, n, n_left);
        text += *text == ' ';
    }
}

static void take_step_area(const struct rig_path_story *story, struct rig_path_step *step,
                           const struct rig_event *entry)
{
    const struct rig_path_area *area;

    step->area = (int)CLAMP(rig_event_get_count(entry, "area", -1), -1, G_MAXINT);
    if (step->area >= (int)story->areas->len)
        step->area = -1;
    if (step->area < 0)
        return;
    area = g_ptr_array_index(story->areas, (guint)step->area);
    if (area->n_sectors == 0) {
        step->area = -1;
        return;
    }
    step->sector = bounded(entry, "sector", area->n_sectors - 1, 0);
    step->to = MAX(step->sector, bounded(entry, "to", area->n_sectors - 1, step->sector));
}

static void take_step(const struct rig_path_story *story, struct rig_path_leg *leg,
                      const struct rig_event *entry, guint *n_left)
{
    struct rig_path_step *step = g_new0(struct rig_path_step, 1);
    const char *kind = rig_event_get_text(entry, "kind");

    step->kind = g_strcmp0(kind, "erase") == 0   ? RIG_PATH_ERASE
                 : g_strcmp0(kind, "write") == 0 ? RIG_PATH_WRITE
                                                 : RIG_PATH_MORE;
    step->app = rig_event_get_flag(entry, "app", false);
    step->torn = rig_event_get_flag(entry, "torn", false);
    step->first = MAX(rig_event_get_count(entry, "first", 0), 0);
    step->n = CLAMP(rig_event_get_count(entry, "n", 1), 1, G_MAXINT);
    step->field = text_or(entry, "field", NULL);
    step->text = text_or(entry, "text", "");
    step->cells = g_array_new(FALSE, FALSE, sizeof(struct rig_path_change));
    step->trailers = g_ptr_array_new_with_free_func(free_trailer);
    take_step_area(story, step, entry);
    take_changes(story, step, rig_event_get_text(entry, "cells"), n_left);
    take_trailers(story, step->trailers, entry);
    g_ptr_array_add(leg->steps, step);
}

static char **copy_list(const GPtrArray *list)
{
    GPtrArray *copy;

    if (!list)
        return NULL;
    copy = g_ptr_array_new();
    for (guint i = 0; i < list->len; i++)
        g_ptr_array_add(copy, g_strdup(g_ptr_array_index(list, i)));
    g_ptr_array_add(copy, NULL);
    return (char **)g_ptr_array_free(copy, FALSE);
}

static void take_leg(struct rig_path_story *story, const struct rig_event *entry, guint *n_left)
{
    const GPtrArray *steps = rig_event_get_maps(entry, "steps");
    struct rig_path_leg *leg = g_new0(struct rig_path_leg, 1);

    leg->number = MAX(rig_event_get_count(entry, "number", story->legs->len), 0);
    leg->n_operations = MAX(rig_event_get_count(entry, "operations", 0), 0);
    leg->decision = text_or(entry, "decision", NULL);
    leg->runs = text_or(entry, "runs", NULL);
    leg->action = text_or(entry, "action", NULL);
    leg->stop = text_or(entry, "stop", NULL);
    leg->cut = text_or(entry, "cut", NULL);
    leg->each = copy_list(rig_event_get_list(entry, "each"));
    leg->steps = g_ptr_array_new_with_free_func(free_step);
    for (guint i = 0; steps && i < steps->len && i < RIG_PATH_MAX_STEPS; i++)
        take_step(story, leg, g_ptr_array_index(steps, i), n_left);
    g_ptr_array_add(story->legs, leg);
}

static void take_broken(struct rig_path_story *story, const struct rig_event *event)
{
    const GPtrArray *entries = rig_event_get_maps(event, "broken");

    for (guint i = 0; entries && i < entries->len && i < RIG_JUDGEMENTS_MAX; i++) {
        const struct rig_event *entry = g_ptr_array_index(entries, i);
        struct rig_path_broken *broken = g_new0(struct rig_path_broken, 1);

        broken->invariant = text_or(entry, "invariant", "unknown");
        broken->about = text_or(entry, "about", "");
        broken->text = text_or(entry, "text", "");
        g_ptr_array_add(story->broken, broken);
    }
}

struct rig_path_story *rig_path_story_from_event(const struct rig_event *event)
{
    const GPtrArray *areas = rig_event_get_maps(event, "areas");
    const GPtrArray *legs = rig_event_get_maps(event, "legs");
    guint n_left = RIG_PATH_MAX_CHANGES;
    struct rig_path_story *story;

    if (!legs || legs->len == 0)
        return NULL;
    story = g_new0(struct rig_path_story, 1);
    story->step = text_or(event, "step", "");
    story->path = text_or(event, "path", "");
    story->old_name = text_or(event, "old", "old");
    story->new_name = text_or(event, "new", "new");
    story->n_left_out = MAX(rig_event_get_count(event, "left_out", 0), 0);
    story->broken = g_ptr_array_new_with_free_func(free_broken);
    story->areas = g_ptr_array_new_with_free_func(free_area);
    story->trailers = g_ptr_array_new_with_free_func(free_trailer);
    story->legs = g_ptr_array_new_with_free_func(free_leg);
    take_broken(story, event);
    for (guint i = 0; areas && i < areas->len && i < RIG_PATH_MAX_AREAS; i++)
        take_area(story, g_ptr_array_index(areas, i));
    take_trailers(story, story->trailers, event);
    for (guint i = 0; i < legs->len && i < RIG_PATH_MAX_LEGS; i++)
        take_leg(story, g_ptr_array_index(legs, i), &n_left);
    return story;
}

static void set_now(struct rig_path_now *now, const GPtrArray *trailers)
{
    for (guint i = 0; i < trailers->len; i++) {
        const struct rig_path_trailer *trailer = g_ptr_array_index(trailers, i);

        now->trailers[trailer->area] = trailer;
    }
}

void rig_path_begin(const struct rig_path_story *story, struct rig_path_now *now)
{
    *now = (struct rig_path_now){.trailers = {NULL}};
    for (guint i = 0; i < story->areas->len; i++) {
        const struct rig_path_area *area = g_ptr_array_index(story->areas, i);

        if (area->n_sectors > 0)
            now->last[i] = g_array_index(area->cells, struct rig_path_cell, area->n_sectors - 1);
    }
    set_now(now, story->trailers);
}

void rig_path_follow(const struct rig_path_story *story, const struct rig_path_step *step,
                     struct rig_path_now *now)
{
    for (guint i = 0; i < step->cells->len; i++) {
        const struct rig_path_change *change = &g_array_index(step->cells, struct rig_path_change, i);
        const struct rig_path_area *area = g_ptr_array_index(story->areas, change->area);

        if (change->sector + 1 == area->n_sectors)
            now->last[change->area] = change->cell;
    }
    set_now(now, step->trailers);
}

bool rig_path_is_image_data(const struct rig_path_now *now, guint area)
{
    const struct rig_path_trailer *trailer = now->trailers[area];

    return trailer && g_strcmp0(trailer->magic, "bad") == 0 &&
           (now->last[area].holds == 'o' || now->last[area].holds == 'n');
}
