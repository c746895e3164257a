/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The recording of a path. */
#include "explore/path_recorder.h"

#define MAX_PERIOD 12u
#define MIN_REPEATS 4u /* less is shorter in full */
#define KEEP_FIRST 12u /* of a power cycle that is still too long */

struct rig_path_recorder {
    const struct rig_flash_map *map;
    struct rig_path *path;
    GPtrArray *cells;           /* per area GArray of struct rig_path_cell: now */
    GArray *trailers;           /* per area struct rig_path_trailer: now; without a magic: it has none */
    guint n_recorded;           /* operations of the path */
    struct rig_path_step *open; /* the step that may go on */
    guint open_offset;          /* in its area: where it ended */
};

/* ---- what repeats ---- */

static bool are_alike(const struct rig_path_step *a, const struct rig_path_step *b)
{
    return a->kind == b->kind && a->kind != RIG_PATH_MORE && a->by_application == b->by_application &&
           a->area == b->area && a->n == b->n && a->n_bytes == b->n_bytes &&
           g_strcmp0(a->field, b->field) == 0 && !a->torn && !b->torn;
}

/* How often the steps from `at` on repeat with this period, the first time counted. */
static guint n_repeats(const GPtrArray *steps, guint at, guint period)
{
    guint n = 0;

    while (at + n + period < steps->len &&
           are_alike(g_ptr_array_index(steps, at + n), g_ptr_array_index(steps, at + n + period)))
        n++;
    return n / period + 1;
}

/* Of the periods at one place the one that covers most, the shortest of those. */
static guint best_period(const GPtrArray *steps, guint at, guint *n_times)
{
    guint best = 0;

    *n_times = 0;
    for (guint period = 1; period <= MAX_PERIOD; period++) {
        guint n = n_repeats(steps, at, period);

        if (n >= MIN_REPEATS && n * period > *n_times * best) {
            best = period;
            *n_times = n;
        }
    }
    return best;
}

/* The last change of a sector is what counts. */
static void put_change(struct rig_path_step *step, const struct rig_path_change *change)
{
    for (guint i = step->cells->len; i > 0; i--) {
        struct rig_path_change *kept = &g_array_index(step->cells, struct rig_path_change, i - 1);

        if (kept->area == change->area && kept->sector == change->sector) {
            kept->cell = change->cell;
            return;
        }
    }
    g_array_append_vals(step->cells, change, 1);
}

static void put_trailer(GArray *trailers, const struct rig_path_trailer *trailer)
{
    for (guint i = 0; i < trailers->len; i++) {
        struct rig_path_trailer *kept = &g_array_index(trailers, struct rig_path_trailer, i);

        if (kept->area == trailer->area) {
            *kept = *trailer;
            return;
        }
    }
    g_array_append_vals(trailers, trailer, 1);
}

static void merge(struct rig_path_step *more, const struct rig_path_step *step)
{
    more->n += step->n;
    more->n_bytes += step->n_bytes;
    more->n_steps += step->kind == RIG_PATH_MORE ? step->n_steps : 1;
    for (guint i = 0; i < step->cells->len; i++)
        put_change(more, &g_array_index(step->cells, struct rig_path_change, i));
    for (guint i = 0; i < step->trailers->len; i++)
        put_trailer(more->trailers, &g_array_index(step->trailers, struct rig_path_trailer, i));
}

/* n_times 0: steps that do not repeat. */
static void replace_by_more(struct rig_path *path, GPtrArray *steps, guint at, guint n, guint n_times)
{
    struct rig_path_step *more = rig_path_step_new();
    const struct rig_path_step *first = g_ptr_array_index(steps, at);

    more->kind = RIG_PATH_MORE;
    more->by_application = first->by_application;
    more->first = first->first;
    for (guint i = 0; i < n; i++)
        merge(more, g_ptr_array_index(steps, at + i));
    more->text = n_times ? rig_path_keepf(path, "the same %u times more", n_times)
                         : rig_path_keepf(path, "%u steps", more->n_steps);
    g_ptr_array_remove_range(steps, at, n);
    g_ptr_array_insert(steps, (gint)at, more);
}

/* Steps that repeat each other (a swap, sector by sector) are told once at their begin and once at their end;
 * of what is still too long the middle is left out. */
static void fold(struct rig_path *path, GPtrArray *steps)
{
    for (guint at = 0; at < steps->len; at++) {
        guint n_times;
        guint period = best_period(steps, at, &n_times);

        if (period == 0)
            continue;
        replace_by_more(path, steps, at + period, (n_times - 2) * period, n_times - 2);
        at += 2 * period;
    }
    if (steps->len > RIG_RECORDED_MAX_STEPS)
        replace_by_more(path, steps, KEEP_FIRST, steps->len - RIG_RECORDED_MAX_STEPS + 1, 0);
}

/* ---- a recorder ---- */

/* The trailer of an area now, in texts of the path. false: it has none. */
static bool flash_map_trailer(const struct rig_flash_map *map, guint index, struct rig_path *path,
                              struct rig_path_trailer *words)
{
    const struct rig_subject_ops *ops = map->subject->ops;

    if (!ops->record_read ||
        !ops->record_read(map->subject, &rig_flash_map_area(map, index)->place, path, words))
        return false;
    words->area = index;
    return true;
}

static void list_area(struct rig_path_recorder *recorder, guint index)
{
    const struct rig_mapped_area *area = rig_flash_map_area(recorder->map, index);
    struct rig_path_area *told = rig_path_add_area(recorder->path, area->name);
    struct rig_path_trailer trailer = {.magic = NULL};

    for (guint sector = 0; sector < area->starts->len; sector++) {
        struct rig_path_cell cell = rig_flash_map_cell(recorder->map, index, sector);

        rig_path_add_sectors(
            told, rig_mapped_area_end(area, sector) - g_array_index(area->starts, guint32, sector), 1);
        g_array_append_val(told->cells, cell);
    }
    told->trailer =
        area->trailer < area->place.n_bytes ? rig_mapped_area_sector(area, area->trailer) : told->n_sectors;
    if (flash_map_trailer(recorder->map, index, recorder->path, &trailer))
        g_array_append_val(recorder->path->trailers, trailer);
    g_array_append_val(recorder->trailers, trailer);
    g_ptr_array_add(recorder->cells, g_array_copy(told->cells));
}

struct rig_path_recorder *rig_path_recorder_new(const struct rig_flash_map *map)
{
    struct rig_path_recorder *recorder = g_new0(struct rig_path_recorder, 1);

    recorder->map = map;
    recorder->path = rig_path_new();
    recorder->path->old_name = rig_path_keep(recorder->path, map->images[RIG_IMAGE_OLD].name);
    recorder->path->new_name = rig_path_keep(recorder->path, map->images[RIG_IMAGE_NEW].name);
    recorder->cells = g_ptr_array_new_with_free_func((GDestroyNotify)g_array_unref);
    recorder->trailers = g_array_new(FALSE, FALSE, sizeof(struct rig_path_trailer));
    for (guint i = 0; i < map->areas->len; i++)
        list_area(recorder, i);
    return recorder;
}

void rig_path_recorder_free(struct rig_path_recorder *recorder)
{
    if (!recorder)
        return;
    rig_path_free(recorder->path);
    g_ptr_array_unref(recorder->cells);
    g_array_unref(recorder->trailers);
    rig_path_step_free(recorder->open);
    g_free(recorder);
}

struct rig_path *rig_path_recorder_path(const struct rig_path_recorder *recorder)
{
    return recorder->path;
}

struct rig_path *rig_path_recorder_take(struct rig_path_recorder *recorder)
{
    struct rig_path *path = g_steal_pointer(&recorder->path);

    rig_path_recorder_free(recorder);
    return path;
}

static struct rig_path_cell *cell_now(const struct rig_path_recorder *recorder, guint area, guint sector)
{
    return &g_array_index((GArray *)g_ptr_array_index(recorder->cells, area), struct rig_path_cell, sector);
}

struct rig_path_cell rig_path_recorder_cell(const struct rig_path_recorder *recorder, guint area,
                                            guint sector)
{
    return *cell_now(recorder, area, sector);
}

static struct rig_path_trailer *trailer_now(const struct rig_path_recorder *recorder, guint area)
{
    return &g_array_index(recorder->trailers, struct rig_path_trailer, area);
}

/* Of one path: equal texts are the same. */
static bool same_trailer(const struct rig_path_trailer *a, const struct rig_path_trailer *b)
{
    return a->magic == b->magic && a->image_ok == b->image_ok && a->copy_done == b->copy_done &&
           a->type == b->type && a->size == b->size && a->status == b->status;
}

static bool agrees_on(const struct rig_path_recorder *recorder, guint area)
{
    struct rig_path_trailer trailer;
    bool same = !flash_map_trailer(recorder->map, area, recorder->path, &trailer) ||
                same_trailer(&trailer, trailer_now(recorder, area));

    for (guint sector = 0; same && sector < rig_flash_map_area(recorder->map, area)->starts->len; sector++) {
        struct rig_path_cell cell = rig_flash_map_cell(recorder->map, area, sector);

        same = rig_path_cells_equal(&cell, cell_now(recorder, area, sector));
    }
    return same;
}

bool rig_path_recorder_agrees(const struct rig_path_recorder *recorder)
{
    for (guint area = 0; area < recorder->map->areas->len; area++)
        if (!agrees_on(recorder, area))
            return false;
    return true;
}

/* ---- power cycles ---- */

static struct rig_path_cycle *last_cycle(const struct rig_path_recorder *recorder)
{
    return g_ptr_array_index(recorder->path->cycles, recorder->path->cycles->len - 1);
}

/* What it left is where the path begins now. */
static void leave_first_out(struct rig_path *path)
{
    const struct rig_path_cycle *first = g_ptr_array_index(path->cycles, 0);

    for (guint i = 0; i < first->steps->len; i++) {
        const struct rig_path_step *step = g_ptr_array_index(first->steps, i);

        for (guint k = 0; k < step->cells->len; k++) {
            const struct rig_path_change *change = &g_array_index(step->cells, struct rig_path_change, k);
            const struct rig_path_area *area = g_ptr_array_index(path->areas, change->area);

            g_array_index(area->cells, struct rig_path_cell, change->sector) = change->cell;
        }
        for (guint k = 0; k < step->trailers->len; k++)
            put_trailer(path->trailers, &g_array_index(step->trailers, struct rig_path_trailer, k));
    }
    g_ptr_array_remove_index(path->cycles, 0);
    path->n_left_out++;
}

struct rig_path_cycle *rig_path_recorder_begin(struct rig_path_recorder *recorder, gint64 number)
{
    if (recorder->path->cycles->len == RIG_PATH_MAX_CYCLES)
        leave_first_out(recorder->path);
    return rig_path_add_cycle(recorder->path, number);
}

static void note_cells(struct rig_path_recorder *recorder, struct rig_path_step *step, guint area,
                       guint first, guint last)
{
    for (guint sector = first; sector <= last; sector++) {
        struct rig_path_cell *cell = cell_now(recorder, area, sector);
        struct rig_path_change change = {area, sector, rig_flash_map_cell(recorder->map, area, sector)};

        if (rig_path_cells_equal(cell, &change.cell))
            continue;
        *cell = change.cell;
        put_change(step, &change);
    }
}

static void note_trailer(struct rig_path_recorder *recorder, struct rig_path_step *step, guint area)
{
    struct rig_path_trailer *known = trailer_now(recorder, area);
    struct rig_path_trailer trailer;

    if (!flash_map_trailer(recorder->map, area, recorder->path, &trailer) || same_trailer(known, &trailer))
        return;
    *known = trailer;
    put_trailer(step->trailers, &trailer);
}

static char *cell_text(const struct rig_path *path, const struct rig_path_cell *cell)
{
    switch ((enum rig_path_holds)cell->holds) {
    case RIG_PATH_ERASED:
        return g_strdup("nothing (erased)");
    case RIG_PATH_TRAILER:
        return g_strdup("only trailer fields");
    case RIG_PATH_OTHER:
        return g_strdup("other bytes");
    case RIG_PATH_OLD:
    case RIG_PATH_NEW:
        break;
    }
    return g_strdup_printf("%ssector %u of %s", cell->part ? "the begin of " : "", cell->sectors,
                           cell->holds == RIG_PATH_OLD ? path->old_name : path->new_name);
}

static char *sectors_text(const struct rig_path_step *step)
{
    if (step->sector == step->to)
        return g_strdup_printf("sector %u", step->sector);
    return g_strdup_printf("sectors %u to %u", step->sector, step->to);
}

/* A step of many operations is told as a whole, one of a single operation as that. */
static void name_step(const struct rig_path_recorder *recorder, struct rig_path_step *step)
{
    const char *area;
    g_autofree char *sectors = NULL;
    g_autofree char *held = NULL;

    if (step->area < 0 || step->field || step->torn || (step->kind == RIG_PATH_ERASE && step->n == 1))
        return;
    area = rig_flash_map_area(recorder->map, (guint)step->area)->name;
    sectors = sectors_text(step);
    if (step->kind == RIG_PATH_ERASE) {
        step->text = rig_path_keepf(recorder->path, "erase %s %s", area, sectors);
        return;
    }
    held = cell_text(recorder->path, cell_now(recorder, (guint)step->area, step->to));
    step->text =
        rig_path_keepf(recorder->path, "write %s %s, %" G_GUINT64_FORMAT " B: %s%s", area, sectors,
                       step->n_bytes, step->sector == step->to ? "now holds " : "the last holds ", held);
}

static void close_step(struct rig_path_recorder *recorder)
{
    struct rig_path_step *step = g_steal_pointer(&recorder->open);

    if (!step)
        return;
    name_step(recorder, step);
    g_ptr_array_add(last_cycle(recorder)->steps, step);
}

/* Copies go in chunks, regions are erased sector by sector: either goes on where it stopped, erases also
 * backwards. */
static bool goes_on(const struct rig_path_recorder *recorder, const struct sim_flash_operation *operation,
                    const char *field, int area, bool by_application)
{
    const struct rig_path_step *open = recorder->open;
    const struct rig_mapped_area *mapped;
    guint32 at;

    if (!open || area < 0 || open->area != area || field || open->field || open->torn || operation->torn ||
        open->by_application != by_application ||
        (open->kind == RIG_PATH_ERASE) != (operation->kind == SIM_FLASH_ERASE))
        return false;
    mapped = rig_flash_map_area(recorder->map, (guint)area);
    at = operation->offset - mapped->place.offset;
    return at == recorder->open_offset ||
           (open->kind == RIG_PATH_ERASE &&
            at + operation->n_bytes == g_array_index(mapped->starts, guint32, open->sector));
}

static void extend(struct rig_path_recorder *recorder, const struct sim_flash_operation *operation)
{
    struct rig_path_step *open = recorder->open;
    const struct rig_mapped_area *area;
    guint32 at, end;
    guint first, last;

    open->n++;
    open->n_bytes += operation->n_bytes;
    if (open->area < 0)
        return;
    area = rig_flash_map_area(recorder->map, (guint)open->area);
    at = operation->offset - area->place.offset;
    end = at + MIN(operation->n_bytes, area->place.n_bytes - at);
    first = rig_mapped_area_sector(area, at);
    last = rig_mapped_area_sector(area, MAX(end, at + 1) - 1);
    open->sector = MIN(open->sector, first);
    open->to = MAX(open->to, last);
    recorder->open_offset = end;
    note_cells(recorder, open, (guint)open->area, first, last);
    if (end > area->trailer)
        note_trailer(recorder, open, (guint)open->area);
}

static void open_step(struct rig_path_recorder *recorder, const struct sim_flash_operation *operation,
                      const char *text, const char *field, int area, bool by_application)
{
    const struct rig_path_cycle *cycle = last_cycle(recorder);
    struct rig_path_step *step = recorder->open = rig_path_step_new();

    step->kind = operation->kind == SIM_FLASH_ERASE ? RIG_PATH_ERASE : RIG_PATH_WRITE;
    step->by_application = by_application;
    step->torn = operation->torn;
    step->area = area;
    step->first = cycle->first + cycle->n_operations;
    step->text = text;
    step->field = rig_path_keep(recorder->path, field);
    if (area >= 0) {
        const struct rig_mapped_area *mapped = rig_flash_map_area(recorder->map, (guint)area);

        step->sector = step->to = rig_mapped_area_sector(mapped, operation->offset - mapped->place.offset);
    }
}

void rig_path_recorder_note(struct rig_path_recorder *recorder, const struct sim_flash_operation *operation,
                            bool by_application)
{
    struct rig_path_cycle *cycle = last_cycle(recorder);
    int area = rig_flash_map_find(recorder->map, operation);
    const char *field = NULL;
    g_autofree char *words = NULL;
    const char *text;

    /* A bootloader in an endless loop must not fill the memory. */
    if (recorder->n_recorded >= RIG_RECORDED_MAX_OPERATIONS) {
        cycle->n_operations++;
        return;
    }
    recorder->n_recorded++;
    words = rig_flash_map_text(recorder->map, operation, &field);
    text = rig_path_keep(recorder->path, words);
    if (!goes_on(recorder, operation, field, area, by_application)) {
        close_step(recorder);
        open_step(recorder, operation, text, field, area, by_application);
    }
    extend(recorder, operation);
    cycle->n_operations++;
    g_ptr_array_add(cycle->operations, (gpointer)text);
}

/* What the operations that were too many have made of the flash. */
static void note_rest(struct rig_path_recorder *recorder, gint64 n)
{
    struct rig_path_cycle *cycle = last_cycle(recorder);
    struct rig_path_step *step = rig_path_step_new();

    step->kind = RIG_PATH_MORE;
    step->n_steps = 1;
    step->first = cycle->first + cycle->n_operations - n;
    step->n = n;
    step->text = "too many operations to be told";
    for (guint area = 0; area < recorder->map->areas->len; area++) {
        note_cells(recorder, step, area, 0, rig_flash_map_area(recorder->map, area)->starts->len - 1);
        note_trailer(recorder, step, area);
    }
    g_ptr_array_add(cycle->steps, step);
}

void rig_path_recorder_end(struct rig_path_recorder *recorder)
{
    struct rig_path_cycle *cycle = last_cycle(recorder);

    close_step(recorder);
    fold(recorder->path, cycle->steps);
    if (cycle->n_operations > cycle->operations->len)
        note_rest(recorder, cycle->n_operations - cycle->operations->len);
}
