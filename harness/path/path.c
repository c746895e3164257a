/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The model of a path: its parts, and what holds at each step. */
#include "path/path.h"

#define STRINGS_BLOCK_BYTES 1024u

static void free_area(gpointer at)
{
    struct rig_path_area *area = at;

    g_array_unref(area->sizes);
    g_array_unref(area->cells);
    g_free(area);
}

void rig_path_step_free(struct rig_path_step *step)
{
    if (!step)
        return;
    g_array_unref(step->cells);
    g_array_unref(step->trailers);
    g_free(step);
}

static void free_cycle(gpointer at)
{
    struct rig_path_cycle *cycle = at;

    g_ptr_array_unref(cycle->steps);
    g_ptr_array_unref(cycle->operations);
    g_free(cycle);
}

struct rig_path *rig_path_new(void)
{
    struct rig_path *path = g_new0(struct rig_path, 1);

    path->strings = g_string_chunk_new(STRINGS_BLOCK_BYTES);
    path->broken = g_array_new(FALSE, FALSE, sizeof(struct rig_path_broken));
    path->areas = g_ptr_array_new_with_free_func(free_area);
    path->trailers = g_array_new(FALSE, FALSE, sizeof(struct rig_path_trailer));
    path->cycles = g_ptr_array_new_with_free_func(free_cycle);
    return path;
}

void rig_path_free(struct rig_path *path)
{
    if (!path)
        return;
    g_array_unref(path->broken);
    g_ptr_array_unref(path->areas);
    g_array_unref(path->trailers);
    g_ptr_array_unref(path->cycles);
    g_string_chunk_free(path->strings);
    g_free(path);
}

const char *rig_path_keep(struct rig_path *path, const char *text)
{
    return text ? g_string_chunk_insert_const(path->strings, text) : NULL;
}

const char *rig_path_keepf(struct rig_path *path, const char *format, ...)
{
    g_autofree char *text = NULL;
    va_list arguments;

    va_start(arguments, format);
    text = g_strdup_vprintf(format, arguments);
    va_end(arguments);
    return rig_path_keep(path, text);
}

void rig_path_set_origin(struct rig_path *path, const char *step, const char *cuts)
{
    path->step = rig_path_keep(path, step);
    path->cuts = rig_path_keep(path, cuts);
}

void rig_path_add_broken(struct rig_path *path, const char *invariant, const char *about, const char *text)
{
    struct rig_path_broken broken = {rig_path_keep(path, invariant), rig_path_keep(path, about),
                                     rig_path_keep(path, text)};

    g_array_append_val(path->broken, broken);
}

struct rig_path_area *rig_path_add_area(struct rig_path *path, const char *name)
{
    struct rig_path_area *area = g_new0(struct rig_path_area, 1);

    area->name = rig_path_keep(path, name);
    area->sizes = g_array_new(FALSE, FALSE, sizeof(struct rig_path_sectors));
    area->cells = g_array_new(FALSE, FALSE, sizeof(struct rig_path_cell));
    g_ptr_array_add(path->areas, area);
    return area;
}

void rig_path_add_sectors(struct rig_path_area *area, guint n_bytes, guint n)
{
    struct rig_path_sectors sectors = {n_bytes, n};
    guint n_sizes = area->sizes->len;

    area->n_sectors += n;
    if (n_sizes > 0 && g_array_index(area->sizes, struct rig_path_sectors, n_sizes - 1).n_bytes == n_bytes)
        g_array_index(area->sizes, struct rig_path_sectors, n_sizes - 1).n += n;
    else
        g_array_append_val(area->sizes, sectors);
}

struct rig_path_cycle *rig_path_add_cycle(struct rig_path *path, gint64 number)
{
    struct rig_path_cycle *cycle = g_new0(struct rig_path_cycle, 1);

    cycle->number = number;
    cycle->steps = g_ptr_array_new_with_free_func((GDestroyNotify)rig_path_step_free);
    cycle->operations = g_ptr_array_new();
    g_ptr_array_add(path->cycles, cycle);
    return cycle;
}

struct rig_path_step *rig_path_step_new(void)
{
    struct rig_path_step *step = g_new0(struct rig_path_step, 1);

    step->area = -1;
    step->cells = g_array_new(FALSE, FALSE, sizeof(struct rig_path_change));
    step->trailers = g_array_new(FALSE, FALSE, sizeof(struct rig_path_trailer));
    return step;
}

GPtrArray *rig_path_steps(const struct rig_path *path)
{
    GPtrArray *steps = g_ptr_array_new();

    for (guint i = 0; i < path->cycles->len; i++) {
        const struct rig_path_cycle *cycle = g_ptr_array_index(path->cycles, i);

        g_ptr_array_extend(steps, cycle->steps, NULL, NULL);
    }
    return steps;
}

bool rig_path_cell_is_image(const struct rig_path_cell *cell)
{
    return cell->holds == RIG_PATH_OLD || cell->holds == RIG_PATH_NEW;
}

bool rig_path_cells_equal(const struct rig_path_cell *a, const struct rig_path_cell *b)
{
    return a->holds == b->holds && a->part == b->part && a->sectors == b->sectors;
}

static void append_word(GString *out, const char *name, const char *value, const char *silent)
{
    if (value && !g_str_equal(value, silent))
        g_string_append_printf(out, "%s%s %s", out->len ? ", " : "", name, value);
}

char *rig_path_trailer_text(const struct rig_path_trailer *trailer)
{
    GString *text = g_string_new(NULL);

    if (!trailer->type) {
        g_string_append_printf(text, "%s%s%s", trailer->magic ? trailer->magic : "unknown",
                               trailer->status && *trailer->status ? ", " : "",
                               trailer->status ? trailer->status : "");
        return g_string_free(text, FALSE);
    }
    append_word(text, "magic", trailer->magic, "unset");
    append_word(text, "swap type", trailer->type, "none");
    append_word(text, "copy_done", trailer->copy_done, "unset");
    append_word(text, "image_ok", trailer->image_ok, "unset");
    if (trailer->status && !g_str_equal(trailer->status, "nothing started"))
        g_string_append_printf(text, "%s%s", text->len ? ", " : "", trailer->status);
    if (text->len == 0)
        g_string_append(text, "empty");
    return g_string_free(text, FALSE);
}

static void set_trailers(struct rig_path_state *state, const GArray *trailers)
{
    for (guint i = 0; i < trailers->len; i++) {
        const struct rig_path_trailer *trailer = &g_array_index(trailers, struct rig_path_trailer, i);

        state->trailers[trailer->area] = trailer;
    }
}

void rig_path_begin(const struct rig_path *path, struct rig_path_state *state)
{
    *state = (struct rig_path_state){.trailers = {NULL}};
    for (guint i = 0; i < path->areas->len; i++) {
        const struct rig_path_area *area = g_ptr_array_index(path->areas, i);

        if (area->n_sectors > 0)
            state->last[i] = g_array_index(area->cells, struct rig_path_cell, area->n_sectors - 1);
    }
    set_trailers(state, path->trailers);
}

void rig_path_follow(const struct rig_path *path, const struct rig_path_step *step,
                     struct rig_path_state *state)
{
    for (guint i = 0; i < step->cells->len; i++) {
        const struct rig_path_change *change = &g_array_index(step->cells, struct rig_path_change, i);
        const struct rig_path_area *area = g_ptr_array_index(path->areas, change->area);

        if (change->sector + 1 == area->n_sectors)
            state->last[change->area] = change->cell;
    }
    set_trailers(state, step->trailers);
}

bool rig_path_is_image_data(const struct rig_path_state *state, guint area)
{
    const struct rig_path_trailer *trailer = state->trailers[area];

    return trailer && g_strcmp0(trailer->magic, "bad") == 0 && rig_path_cell_is_image(&state->last[area]);
}
