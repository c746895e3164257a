/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Writing and reading the event of a path. Cells are in a small language: "o3" sector 3 of the old image,
 * "n0~" the begin of the new one, "." erased, "t" trailer, "x" other bytes; "*4" four times, an image's
 * sectors counted on. */
#include "path/path_event.h"

#include <stddef.h>
#include <string.h>

static const char letters[] = ".ontx"; /* by enum rig_path_holds */
static const char *const kinds[] = {"erase", "write", "more"};

/* Texts that stand under a key of their own. */
struct text {
    enum rig_event_key key;
    gsize offset;
};
#define TEXT(owner, member, its_key)                                                                         \
    {                                                                                                        \
        its_key, offsetof(struct owner, member)                                                              \
    }
static const struct text trailer_flags[] = {TEXT(rig_path_trailer, magic, RIG_KEY_MAGIC),
                                            TEXT(rig_path_trailer, type, RIG_KEY_TYPE),
                                            TEXT(rig_path_trailer, copy_done, RIG_KEY_COPY_DONE),
                                            TEXT(rig_path_trailer, image_ok, RIG_KEY_IMAGE_OK),
                                            {RIG_KEY_UNKNOWN, 0}};
static const struct text trailer_swap[] = {TEXT(rig_path_trailer, status, RIG_KEY_STATUS),
                                           TEXT(rig_path_trailer, progress, RIG_KEY_PROGRESS),
                                           {RIG_KEY_UNKNOWN, 0}};
static const struct text step_texts[] = {
    TEXT(rig_path_step, field, RIG_KEY_FIELD), TEXT(rig_path_step, text, RIG_KEY_TEXT), {RIG_KEY_UNKNOWN, 0}};
static const struct text cycle_texts[] = {
    TEXT(rig_path_cycle, decision, RIG_KEY_DECISION), TEXT(rig_path_cycle, runs, RIG_KEY_RUNS),
    TEXT(rig_path_cycle, action, RIG_KEY_ACTION),     TEXT(rig_path_cycle, stop, RIG_KEY_STOP),
    TEXT(rig_path_cycle, cut, RIG_KEY_CUT),           {RIG_KEY_UNKNOWN, 0}};
static const struct text broken_texts[] = {TEXT(rig_path_broken, invariant, RIG_KEY_INVARIANT),
                                           TEXT(rig_path_broken, about, RIG_KEY_ABOUT),
                                           TEXT(rig_path_broken, text, RIG_KEY_TEXT),
                                           {RIG_KEY_UNKNOWN, 0}};
static const struct text origin_texts[] = {
    TEXT(rig_path, step, RIG_KEY_STEP), TEXT(rig_path, cuts, RIG_KEY_PATH), {RIG_KEY_UNKNOWN, 0}};
static const struct text name_texts[] = {
    TEXT(rig_path, old_name, RIG_KEY_OLD), TEXT(rig_path, new_name, RIG_KEY_NEW), {RIG_KEY_UNKNOWN, 0}};

/* ---- writing ---- */

static void put_texts(struct rig_event *entry, const void *owner, const struct text *texts)
{
    for (; texts->key; texts++)
        rig_event_text(entry, texts->key, *(const char *const *)((const char *)owner + texts->offset));
}

static void append_cell(GString *text, const struct rig_path_cell *cell, guint n)
{
    g_string_append_c(text, letters[cell->holds]);
    if (rig_path_cell_is_image(cell))
        g_string_append_printf(text, "%u%s", cell->sectors, cell->part ? "~" : "");
    if (n > 1)
        g_string_append_printf(text, "*%u", n);
}

static bool follows(const struct rig_path_cell *cell, const struct rig_path_cell *next, guint distance)
{
    return cell->holds == next->holds && cell->part == next->part &&
           (!rig_path_cell_is_image(cell) || next->sectors == cell->sectors + distance);
}

/* "o0*3 .*29": runs of equal cells, of images sector by sector. */
static void put_cells(struct rig_event *entry, const GArray *cells)
{
    g_autoptr(GString) text = g_string_new(NULL);
    guint n;

    for (guint i = 0; i < cells->len; i += n) {
        const struct rig_path_cell *cell = &g_array_index(cells, struct rig_path_cell, i);

        n = 1;
        while (i + n < cells->len && follows(cell, &g_array_index(cells, struct rig_path_cell, i + n), n))
            n++;
        g_string_append(text, i ? " " : "");
        append_cell(text, cell, n);
    }
    rig_event_text(entry, RIG_KEY_CELLS, text->str);
}

/* "1:4=n4*3": in area 1 from sector 4 on. */
static void put_changes(struct rig_event *entry, const GArray *changes)
{
    g_autoptr(GString) text = g_string_new(NULL);
    guint n;

    for (guint i = 0; i < changes->len; i += n) {
        const struct rig_path_change *change = &g_array_index(changes, struct rig_path_change, i);

        for (n = 1; i + n < changes->len; n++) {
            const struct rig_path_change *next = &g_array_index(changes, struct rig_path_change, i + n);

            if (next->area != change->area || next->sector != change->sector + n ||
                !follows(&change->cell, &next->cell, n))
                break;
        }
        g_string_append_printf(text, "%s%u:%u=", i ? " " : "", change->area, change->sector);
        append_cell(text, &change->cell, n);
    }
    rig_event_text(entry, RIG_KEY_CELLS, text->len ? text->str : NULL);
}

/* "4096*32 8192*2" */
static void put_sectors(struct rig_event *entry, const GArray *sizes)
{
    g_autoptr(GString) text = g_string_new(NULL);

    for (guint i = 0; i < sizes->len; i++) {
        const struct rig_path_sectors *sectors = &g_array_index(sizes, struct rig_path_sectors, i);

        g_string_append_printf(text, "%s%u*%u", i ? " " : "", sectors->n_bytes, sectors->n);
    }
    rig_event_text(entry, RIG_KEY_SECTORS, text->str);
}

static void put_trailers(struct rig_event *event, const GArray *trailers)
{
    for (guint i = 0; i < trailers->len; i++) {
        const struct rig_path_trailer *trailer = &g_array_index(trailers, struct rig_path_trailer, i);
        struct rig_event *entry = rig_event_append(event, RIG_KEY_TRAILERS);

        rig_event_count(entry, RIG_KEY_AREA, trailer->area);
        put_texts(entry, trailer, trailer_flags);
        if (trailer->size)
            rig_event_count(entry, RIG_KEY_SIZE, trailer->size);
        put_texts(entry, trailer, trailer_swap);
    }
}

static void put_step(struct rig_event *cycle, const struct rig_path_step *step)
{
    struct rig_event *entry = rig_event_append(cycle, RIG_KEY_STEPS);

    rig_event_text(entry, RIG_KEY_KIND, kinds[step->kind]);
    if (step->by_application)
        rig_event_flag(entry, RIG_KEY_APP, true);
    if (step->torn)
        rig_event_flag(entry, RIG_KEY_TORN, true);
    if (step->area >= 0) {
        rig_event_count(entry, RIG_KEY_AREA, step->area);
        rig_event_count(entry, RIG_KEY_SECTOR, step->sector);
        rig_event_count(entry, RIG_KEY_TO, step->to);
    }
    rig_event_count(entry, RIG_KEY_FIRST, step->first);
    rig_event_count(entry, RIG_KEY_N, step->n);
    put_texts(entry, step, step_texts);
    put_changes(entry, step->cells);
    put_trailers(entry, step->trailers);
}

static void put_operations(struct rig_event *entry, const GPtrArray *operations)
{
    g_autoptr(GPtrArray) texts = g_ptr_array_new();

    for (guint i = 0; i < operations->len; i++)
        g_ptr_array_add(texts, g_ptr_array_index(operations, i));
    g_ptr_array_add(texts, NULL);
    rig_event_list(entry, RIG_KEY_EACH, (const char *const *)texts->pdata);
}

static void put_cycle(struct rig_event *event, const struct rig_path_cycle *cycle, bool in_full)
{
    struct rig_event *entry = rig_event_append(event, RIG_KEY_LEGS);

    rig_event_count(entry, RIG_KEY_NUMBER, cycle->number);
    put_texts(entry, cycle, cycle_texts);
    rig_event_count(entry, RIG_KEY_OPERATIONS, cycle->n_operations);
    for (guint i = 0; i < cycle->steps->len; i++)
        put_step(entry, g_ptr_array_index(cycle->steps, i));
    if (in_full && cycle->operations->len > 0)
        put_operations(entry, cycle->operations);
}

static void put_area(struct rig_event *event, const struct rig_path_area *area)
{
    struct rig_event *entry = rig_event_append(event, RIG_KEY_AREAS);

    rig_event_text(entry, RIG_KEY_NAME, area->name);
    put_sectors(entry, area->sizes);
    if (area->trailer < area->n_sectors)
        rig_event_count(entry, RIG_KEY_TRAILER, area->trailer);
    put_cells(entry, area->cells);
}

struct rig_event *rig_path_to_event(const struct rig_path *path, bool in_full)
{
    struct rig_event *event;

    if (path->cycles->len == 0)
        return NULL;
    event = rig_event_new(RIG_EVENT_PATH);
    put_texts(event, path, origin_texts);
    for (guint i = 0; i < path->broken->len; i++)
        put_texts(rig_event_append(event, RIG_KEY_BROKEN),
                  &g_array_index(path->broken, struct rig_path_broken, i), broken_texts);
    put_texts(event, path, name_texts);
    if (path->n_left_out)
        rig_event_count(event, RIG_KEY_LEFT_OUT, path->n_left_out);
    for (guint i = 0; i < path->areas->len; i++)
        put_area(event, g_ptr_array_index(path->areas, i));
    put_trailers(event, path->trailers);
    for (guint i = 0; i < path->cycles->len; i++)
        put_cycle(event, g_ptr_array_index(path->cycles, i), in_full);
    return event;
}

/* ---- reading ---- */

/* missing: for keys that are not there; NULL: those stay NULL. */
static void take_texts(struct rig_path *path, const struct rig_event *entry, void *owner,
                       const struct text *texts, const char *missing)
{
    for (; texts->key; texts++) {
        const char *text = rig_event_get_text(entry, texts->key);

        *(const char **)(gpointer)((char *)owner + texts->offset) =
            rig_path_keep(path, text ? text : missing);
    }
}

static guint bounded(const struct rig_event *event, enum rig_event_key key, guint most, guint otherwise)
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

/* "*4": how often; once when nothing is said. */
static guint times_at(const char **at)
{
    if (**at != '*')
        return 1;
    (*at)++;
    return number_at(at, RIG_PATH_MAX_SECTORS);
}

/* "n0~*4": a cell and how often. false: none. */
static bool cell_at(const char **at, struct rig_path_cell *cell, guint *n)
{
    const char *letter = **at ? strchr(letters, **at) : NULL;

    if (!letter)
        return false;
    *cell = (struct rig_path_cell){.holds = (guint8)(letter - letters)};
    (*at)++;
    if (rig_path_cell_is_image(cell))
        cell->sectors = number_at(at, RIG_PATH_MAX_SECTORS);
    if (**at == '~') {
        cell->part = true;
        (*at)++;
    }
    *n = times_at(at);
    return **at == ' ' || **at == '\0';
}

static void next_cell(struct rig_path_cell *cell)
{
    if (rig_path_cell_is_image(cell))
        cell->sectors++;
}

static void take_cells(struct rig_path_area *area, const char *text)
{
    static const struct rig_path_cell unknown = {.holds = RIG_PATH_OTHER};
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

static void take_sectors(struct rig_path_area *area, const char *text)
{
    while (text && g_ascii_isdigit(*text)) {
        guint n_bytes = number_at(&text, G_MAXUINT);
        guint n = times_at(&text);

        rig_path_add_sectors(area, n_bytes, MIN(n, RIG_PATH_MAX_SECTORS - area->n_sectors));
        text += *text == ' ';
    }
}

static void take_area(struct rig_path *path, const struct rig_event *entry)
{
    const char *name = rig_event_get_text(entry, RIG_KEY_NAME);
    struct rig_path_area *area = rig_path_add_area(path, name ? name : "area");

    take_sectors(area, rig_event_get_text(entry, RIG_KEY_SECTORS));
    area->trailer = bounded(entry, RIG_KEY_TRAILER, area->n_sectors, area->n_sectors);
    take_cells(area, rig_event_get_text(entry, RIG_KEY_CELLS));
}

static void take_trailers(struct rig_path *path, GArray *trailers, const struct rig_event *event)
{
    const GPtrArray *entries = rig_event_get_maps(event, RIG_KEY_TRAILERS);

    for (guint i = 0; entries && i < entries->len && i < RIG_PATH_MAX_AREAS; i++) {
        const struct rig_event *entry = g_ptr_array_index(entries, i);
        struct rig_path_trailer trailer = {.area = bounded(entry, RIG_KEY_AREA, G_MAXINT, 0)};

        if (trailer.area >= path->areas->len)
            continue;
        take_texts(path, entry, &trailer, trailer_flags, NULL);
        take_texts(path, entry, &trailer, trailer_swap, NULL);
        trailer.size = MAX(rig_event_get_count(entry, RIG_KEY_SIZE, 0), 0);
        g_array_append_val(trailers, trailer);
    }
}

static void take_run_of_changes(const struct rig_path *path, struct rig_path_step *step,
                                struct rig_path_change change, guint n, guint *n_left)
{
    const struct rig_path_area *area = g_ptr_array_index(path->areas, change.area);

    for (; n > 0 && *n_left > 0 && change.sector < area->n_sectors; n--, (*n_left)--) {
        g_array_append_val(step->cells, change);
        change.sector++;
        next_cell(&change.cell);
    }
}

/* "1:4=n4*3 0:31=t" */
static void take_changes(const struct rig_path *path, struct rig_path_step *step, const char *text,
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
        if (change.area < path->areas->len)
            take_run_of_changes(path, step, change, n, n_left);
        text += *text == ' ';
    }
}

static void take_step_area(const struct rig_path *path, struct rig_path_step *step,
                           const struct rig_event *entry)
{
    guint index = bounded(entry, RIG_KEY_AREA, G_MAXINT, G_MAXINT);
    const struct rig_path_area *area =
        index < path->areas->len ? g_ptr_array_index(path->areas, index) : NULL;

    if (!area || area->n_sectors == 0 || rig_event_get_count(entry, RIG_KEY_AREA, -1) < 0)
        return;
    step->area = (int)index;
    step->sector = bounded(entry, RIG_KEY_SECTOR, area->n_sectors - 1, 0);
    step->to = MAX(step->sector, bounded(entry, RIG_KEY_TO, area->n_sectors - 1, step->sector));
}

static void take_step(struct rig_path *path, struct rig_path_cycle *cycle, const struct rig_event *entry,
                      guint *n_left)
{
    struct rig_path_step *step = rig_path_step_new();
    const char *kind = rig_event_get_text(entry, RIG_KEY_KIND);

    step->kind = g_strcmp0(kind, kinds[RIG_PATH_ERASE]) == 0   ? RIG_PATH_ERASE
                 : g_strcmp0(kind, kinds[RIG_PATH_WRITE]) == 0 ? RIG_PATH_WRITE
                                                               : RIG_PATH_MORE;
    step->by_application = rig_event_get_flag(entry, RIG_KEY_APP, false);
    step->torn = rig_event_get_flag(entry, RIG_KEY_TORN, false);
    step->first = MAX(rig_event_get_count(entry, RIG_KEY_FIRST, 0), 0);
    step->n = CLAMP(rig_event_get_count(entry, RIG_KEY_N, 1), 1, G_MAXINT);
    take_texts(path, entry, step, step_texts, NULL);
    step->text = step->text ? step->text : "";
    take_step_area(path, step, entry);
    take_changes(path, step, rig_event_get_text(entry, RIG_KEY_CELLS), n_left);
    take_trailers(path, step->trailers, entry);
    g_ptr_array_add(cycle->steps, step);
}

static void take_cycle(struct rig_path *path, const struct rig_event *entry, guint *n_left)
{
    const GPtrArray *steps = rig_event_get_maps(entry, RIG_KEY_STEPS);
    const GPtrArray *operations = rig_event_get_list(entry, RIG_KEY_EACH);
    gint64 number = rig_event_get_count(entry, RIG_KEY_NUMBER, path->cycles->len);
    struct rig_path_cycle *cycle = rig_path_add_cycle(path, MAX(number, 0));

    cycle->n_operations = MAX(rig_event_get_count(entry, RIG_KEY_OPERATIONS, 0), 0);
    take_texts(path, entry, cycle, cycle_texts, NULL);
    for (guint i = 0; operations && i < operations->len; i++)
        g_ptr_array_add(cycle->operations, (gpointer)rig_path_keep(path, g_ptr_array_index(operations, i)));
    for (guint i = 0; steps && i < steps->len && i < RIG_PATH_MAX_STEPS; i++)
        take_step(path, cycle, g_ptr_array_index(steps, i), n_left);
}

static void take_broken(struct rig_path *path, const struct rig_event *event)
{
    const GPtrArray *entries = rig_event_get_maps(event, RIG_KEY_BROKEN);

    for (guint i = 0; entries && i < entries->len && i < RIG_PATH_MAX_BROKEN; i++) {
        struct rig_path_broken broken;

        take_texts(path, g_ptr_array_index(entries, i), &broken, broken_texts, "");
        broken.invariant = *broken.invariant ? broken.invariant : "unknown";
        g_array_append_val(path->broken, broken);
    }
}

struct rig_path *rig_path_from_event(const struct rig_event *event)
{
    const GPtrArray *areas = rig_event_get_maps(event, RIG_KEY_AREAS);
    const GPtrArray *cycles = rig_event_get_maps(event, RIG_KEY_LEGS);
    guint n_left = RIG_PATH_MAX_CHANGES;
    struct rig_path *path;

    if (!cycles || cycles->len == 0)
        return NULL;
    path = rig_path_new();
    take_texts(path, event, path, origin_texts, "");
    take_texts(path, event, path, name_texts, NULL);
    path->old_name = path->old_name ? path->old_name : "old";
    path->new_name = path->new_name ? path->new_name : "new";
    path->n_left_out = MAX(rig_event_get_count(event, RIG_KEY_LEFT_OUT, 0), 0);
    take_broken(path, event);
    for (guint i = 0; areas && i < areas->len && i < RIG_PATH_MAX_AREAS; i++)
        take_area(path, g_ptr_array_index(areas, i));
    take_trailers(path, path->trailers, event);
    for (guint i = 0; i < cycles->len && i < RIG_PATH_MAX_CYCLES; i++)
        take_cycle(path, g_ptr_array_index(cycles, i), &n_left);
    return path;
}
