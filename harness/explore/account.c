/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Recording of a path: operations become steps, sectors and trailers are looked at behind each. */
#include "explore/account.h"

static void free_area(gpointer at)
{
    struct rig_account_area *area = at;

    g_free(area->name);
    g_array_unref(area->starts);
    g_free(area);
}

struct rig_account_step *rig_account_step_new(void)
{
    struct rig_account_step *step = g_new0(struct rig_account_step, 1);

    step->cells = g_array_new(FALSE, FALSE, sizeof(struct rig_cell_change));
    step->trailers = g_array_new(FALSE, FALSE, sizeof(struct rig_trailer_change));
    return step;
}

void rig_account_step_free(struct rig_account_step *step)
{
    if (!step)
        return;
    g_free(step->text);
    g_array_unref(step->cells);
    g_array_unref(step->trailers);
    g_free(step);
}

static void free_step(gpointer at)
{
    rig_account_step_free(at);
}

static void free_leg(gpointer at)
{
    struct rig_account_leg *leg = at;

    g_ptr_array_unref(leg->cells);
    g_array_unref(leg->trailers);
    g_ptr_array_unref(leg->steps);
    g_ptr_array_unref(leg->operations);
    g_free(leg->decision);
    g_free(leg->runs);
    g_free(leg->action);
    g_free(leg->stop);
    g_free(leg->cut);
    g_free(leg);
}

static void unref_array(gpointer at)
{
    g_array_unref(at);
}

static void status_in_short(const struct rig_trailer_geometry *geometry, const struct rig_trailer *trailer,
                            struct rig_account_trailer *words)
{
    guint32 last = trailer->last_status;
    guint32 n_moves = geometry->mode == RIG_SWAP_MOVE ? geometry->max_sectors : 0;
    guint32 n_states = geometry->mode == RIG_SWAP_SCRATCH ? 3 : 2;

    if (trailer->n_status_used == 0)
        return;
    if (last < n_moves)
        g_snprintf(words->progress, sizeof words->progress, "moved %u", last);
    else
        g_snprintf(words->progress, sizeof words->progress, "%u.%u", (last - n_moves) / n_states,
                   (last - n_moves) % n_states + 1);
}

static struct rig_account_trailer look_at_trailer(const struct rig_account *account, guint index)
{
    const struct rig_account_area *area = g_ptr_array_index(account->areas, index);
    struct sim_area place = {area->device, area->offset, area->n_bytes};
    struct rig_account_trailer words = {.known = false};
    struct rig_trailer_geometry geometry;
    struct rig_trailer trailer;

    if (!account->subject->ops->trailer ||
        !account->subject->ops->trailer(account->subject, &place, &geometry, &trailer))
        return words;
    words.known = true;
    words.magic = rig_trailer_magic_name(trailer.magic);
    words.image_ok = rig_trailer_flag_name(trailer.image_ok);
    words.copy_done = rig_trailer_flag_name(trailer.copy_done);
    words.swap_type = rig_swap_type_name(trailer.swap_type);
    words.swap_size = trailer.swap_size_erased ? 0 : trailer.swap_size;
    rig_trailer_status_text(&geometry, &trailer, words.status);
    status_in_short(&geometry, &trailer, &words);
    return words;
}

static bool same_trailer(const struct rig_account_trailer *a, const struct rig_account_trailer *b)
{
    return a->known == b->known &&
           (!a->known || (a->magic == b->magic && a->image_ok == b->image_ok &&
                          a->copy_done == b->copy_done && a->swap_type == b->swap_type &&
                          a->swap_size == b->swap_size && g_str_equal(a->status, b->status)));
}

static guint32 trailer_start(struct rig_subject *subject, const struct sim_area *area)
{
    struct rig_trailer_geometry geometry;
    struct rig_trailer_layout layout;
    struct rig_trailer trailer;

    if (!subject->ops->trailer || !subject->ops->trailer(subject, area, &geometry, &trailer) ||
        !rig_trailer_layout(&geometry, &layout))
        return area->n_bytes;
    return layout.status;
}

static bool is_listed(const struct rig_account *account, const struct sim_area *area)
{
    for (guint i = 0; i < account->areas->len; i++) {
        const struct rig_account_area *other = g_ptr_array_index(account->areas, i);

        if (other->device == area->device && other->offset == area->offset)
            return true;
    }
    return false;
}

static void list_area(struct rig_account *account, const char *name, const struct sim_area *place)
{
    struct rig_account_area *area = g_new0(struct rig_account_area, 1);

    *area = (struct rig_account_area){.name = g_strdup(name),
                                      .device = place->device,
                                      .offset = place->offset,
                                      .n_bytes = place->n_bytes,
                                      .trailer = trailer_start(account->subject, place)};
    area->starts = g_array_new(FALSE, FALSE, sizeof(guint32));
    for (guint32 at = 0; at < place->n_bytes;) {
        guint32 start = 0;
        guint32 n_bytes = 0;

        if (!sim_flash_sector_at(account->subject->flash, place->device, place->offset + at, &start,
                                 &n_bytes))
            break;
        g_array_append_val(area->starts, at);
        at = start + n_bytes - place->offset;
    }
    g_ptr_array_add(account->areas, area);
}

static void look_everywhere(struct rig_account *account)
{
    for (guint i = 0; i < account->areas->len; i++) {
        const struct rig_account_area *area = g_ptr_array_index(account->areas, i);
        GArray *cells = g_array_sized_new(FALSE, FALSE, sizeof(struct rig_cell), area->starts->len);
        struct rig_account_trailer trailer = look_at_trailer(account, i);

        for (guint sector = 0; sector < area->starts->len; sector++) {
            struct rig_cell cell = rig_account_look(account, i, sector);

            g_array_append_val(cells, cell);
        }
        g_ptr_array_add(account->cells, cells);
        g_array_append_val(account->trailers, trailer);
    }
}

struct rig_account *rig_account_new(struct rig_subject *subject, const struct rig_explore_image *images)
{
    struct rig_account *account = g_new0(struct rig_account, 1);

    account->subject = subject;
    account->images = images;
    account->areas = g_ptr_array_new_with_free_func(free_area);
    account->legs = g_ptr_array_new_with_free_func(free_leg);
    account->cells = g_ptr_array_new_with_free_func(unref_array);
    account->trailers = g_array_new(FALSE, FALSE, sizeof(struct rig_account_trailer));
    for (guint i = 0; i < subject->n_areas; i++)
        if (!is_listed(account, &subject->areas[i]))
            list_area(account, subject->area_names[i], &subject->areas[i]);
    look_everywhere(account);
    return account;
}

void rig_account_free(struct rig_account *account)
{
    if (!account)
        return;
    g_ptr_array_unref(account->areas);
    g_ptr_array_unref(account->legs);
    g_ptr_array_unref(account->cells);
    g_array_unref(account->trailers);
    for (guint i = 0; i < RIG_N_INVARIANTS; i++)
        g_free(account->complaints[i]);
    rig_account_step_free(account->open);
    g_free(account);
}

static struct rig_account_leg *last_leg(const struct rig_account *account)
{
    return g_ptr_array_index(account->legs, account->legs->len - 1);
}

struct rig_account_leg *rig_account_begin_leg(struct rig_account *account, guint number,
                                              const struct rig_power_cycle *asked)
{
    struct rig_account_leg *leg = g_new0(struct rig_account_leg, 1);

    if (account->legs->len == RIG_ACCOUNT_MAX_LEGS) {
        g_ptr_array_remove_index(account->legs, 0);
        account->n_legs_left++;
    }
    leg->number = number;
    leg->asked = *asked;
    leg->cells = g_ptr_array_new_with_free_func(unref_array);
    for (guint i = 0; i < account->cells->len; i++)
        g_ptr_array_add(leg->cells, g_array_copy(g_ptr_array_index(account->cells, i)));
    leg->trailers = g_array_copy(account->trailers);
    leg->steps = g_ptr_array_new_with_free_func(free_step);
    leg->operations = g_ptr_array_new_with_free_func(g_free);
    g_ptr_array_add(account->legs, leg);
    return leg;
}

guint rig_account_sector(const struct rig_account_area *area, guint32 offset)
{
    guint sector = 0;

    while (sector + 1 < area->starts->len && g_array_index(area->starts, guint32, sector + 1) <= offset)
        sector++;
    return sector;
}

static guint area_of(const struct rig_account *account, const struct sim_flash_operation *operation)
{
    for (guint i = 0; i < account->areas->len; i++) {
        const struct rig_account_area *area = g_ptr_array_index(account->areas, i);

        if (area->device == operation->device && operation->offset >= area->offset &&
            operation->offset - area->offset < area->n_bytes)
            return i;
    }
    return RIG_ACCOUNT_ELSEWHERE;
}

static void keep_cell(struct rig_account_step *step, const struct rig_cell_change *change)
{
    for (guint i = step->cells->len; i > 0; i--) {
        struct rig_cell_change *kept = &g_array_index(step->cells, struct rig_cell_change, i - 1);

        if (kept->area == change->area && kept->sector == change->sector) {
            kept->cell = change->cell;
            return;
        }
    }
    g_array_append_vals(step->cells, change, 1);
}

static void note_cells(struct rig_account *account, struct rig_account_step *step, guint first, guint last)
{
    GArray *cells = g_ptr_array_index(account->cells, step->area);

    for (guint sector = first; sector <= last; sector++) {
        struct rig_cell *cell = &g_array_index(cells, struct rig_cell, sector);
        struct rig_cell_change change = {step->area, sector, rig_account_look(account, step->area, sector)};

        if (cell->holds == change.cell.holds && cell->part == change.cell.part &&
            cell->sectors == change.cell.sectors)
            continue;
        *cell = change.cell;
        keep_cell(step, &change);
    }
}

static void note_trailer(struct rig_account *account, struct rig_account_step *step)
{
    struct rig_account_trailer *known =
        &g_array_index(account->trailers, struct rig_account_trailer, step->area);
    struct rig_trailer_change change = {step->area, look_at_trailer(account, step->area)};

    if (same_trailer(known, &change.trailer))
        return;
    *known = change.trailer;
    for (guint i = 0; i < step->trailers->len; i++)
        if (g_array_index(step->trailers, struct rig_trailer_change, i).area == change.area)
            g_array_remove_index(step->trailers, i--);
    g_array_append_val(step->trailers, change);
}

static char *sectors_text(const struct rig_account_step *step)
{
    if (step->first_sector == step->last_sector)
        return g_strdup_printf("sector %u", step->first_sector);
    return g_strdup_printf("sectors %u to %u", step->first_sector, step->last_sector);
}

/* A step of many operations is told as a whole, one of a single operation as that. */
static void name_step(const struct rig_account *account, struct rig_account_step *step)
{
    const struct rig_account_area *area;
    g_autofree char *sectors = NULL;
    g_autofree char *held = NULL;

    if (step->area == RIG_ACCOUNT_ELSEWHERE || step->field || step->torn ||
        (step->kind == RIG_ACCOUNT_ERASE && step->n_operations == 1))
        return;
    area = g_ptr_array_index(account->areas, step->area);
    sectors = sectors_text(step);
    g_free(step->text);
    if (step->kind == RIG_ACCOUNT_ERASE) {
        step->text = g_strdup_printf("erase %s %s", area->name, sectors);
        return;
    }
    held =
        rig_account_cell_text(account, &g_array_index((GArray *)g_ptr_array_index(account->cells, step->area),
                                                      struct rig_cell, step->last_sector));
    step->text =
        g_strdup_printf("write %s %s, %" G_GUINT64_FORMAT " B: %s%s", area->name, sectors, step->n_bytes,
                        step->first_sector == step->last_sector ? "now holds " : "the last holds ", held);
}

static void close_step(struct rig_account *account)
{
    struct rig_account_step *step = g_steal_pointer(&account->open);

    if (!step)
        return;
    name_step(account, step);
    g_ptr_array_add(last_leg(account)->steps, step);
}

/* Copies go in chunks, regions are erased sector by sector: either goes on where it stopped, erases also
 * backwards. */
static bool goes_on(const struct rig_account *account, const struct sim_flash_operation *operation,
                    const char *field, guint area, bool by_application)
{
    const struct rig_account_step *open = account->open;
    const struct rig_account_area *place;
    guint32 at;

    if (!open || area == RIG_ACCOUNT_ELSEWHERE || open->area != area || field || open->field || open->torn ||
        operation->torn || open->by_application != by_application ||
        (open->kind == RIG_ACCOUNT_ERASE) != (operation->kind == SIM_FLASH_ERASE))
        return false;
    place = g_ptr_array_index(account->areas, area);
    at = operation->offset - place->offset;
    return at == account->open_offset ||
           (open->kind == RIG_ACCOUNT_ERASE &&
            at + operation->n_bytes == g_array_index(place->starts, guint32, open->first_sector));
}

static void extend(struct rig_account *account, const struct sim_flash_operation *operation)
{
    struct rig_account_step *open = account->open;
    const struct rig_account_area *area;
    guint32 at;
    guint32 end;
    guint first;
    guint last;

    open->n_operations++;
    open->n_bytes += operation->n_bytes;
    if (open->area == RIG_ACCOUNT_ELSEWHERE)
        return;
    area = g_ptr_array_index(account->areas, open->area);
    at = operation->offset - area->offset;
    end = at + MIN(operation->n_bytes, area->n_bytes - at);
    first = rig_account_sector(area, at);
    last = rig_account_sector(area, MAX(end, at + 1) - 1);
    open->first_sector = MIN(open->first_sector, first);
    open->last_sector = MAX(open->last_sector, last);
    account->open_offset = end;
    note_cells(account, open, first, last);
    if (end > area->trailer)
        note_trailer(account, open);
}

static void open_step(struct rig_account *account, const struct sim_flash_operation *operation, guint area,
                      bool by_application)
{
    struct rig_account_step *step = account->open = rig_account_step_new();

    step->kind = operation->kind == SIM_FLASH_ERASE ? RIG_ACCOUNT_ERASE : RIG_ACCOUNT_WRITE;
    step->by_application = by_application;
    step->torn = operation->torn;
    step->area = area;
    step->first_operation = last_leg(account)->first_operation + last_leg(account)->n_operations;
    step->text = rig_account_operation_text(account, operation, &step->field);
    if (area != RIG_ACCOUNT_ELSEWHERE) {
        const struct rig_account_area *place = g_ptr_array_index(account->areas, area);

        step->first_sector = step->last_sector = rig_account_sector(place, operation->offset - place->offset);
    }
}

void rig_account_operation(struct rig_account *account, const struct sim_flash_operation *operation,
                           bool by_application)
{
    struct rig_account_leg *leg = last_leg(account);
    guint area = area_of(account, operation);
    const char *field = NULL;
    char *text;

    /* A bootloader in an endless loop must not fill the memory. */
    if (account->n_told++ >= RIG_ACCOUNT_MAX_OPERATIONS) {
        leg->n_operations++;
        account->n_untold++;
        return;
    }
    text = rig_account_operation_text(account, operation, &field);
    if (!goes_on(account, operation, field, area, by_application)) {
        close_step(account);
        open_step(account, operation, area, by_application);
    }
    extend(account, operation);
    leg->n_operations++;
    g_ptr_array_add(leg->operations, text);
}

/* What the operations that were too many have made of the flash. */
static void note_untold(struct rig_account *account, guint32 n_untold)
{
    struct rig_account_step *step = rig_account_step_new();

    *step = (struct rig_account_step){.kind = RIG_ACCOUNT_MORE,
                                      .n_steps = 1,
                                      .first_operation = last_leg(account)->first_operation +
                                                         last_leg(account)->n_operations - n_untold,
                                      .n_operations = n_untold,
                                      .cells = step->cells,
                                      .trailers = step->trailers};
    step->text = g_strdup("too many operations to be told");
    for (step->area = 0; step->area < account->areas->len; step->area++) {
        const struct rig_account_area *area = g_ptr_array_index(account->areas, step->area);

        note_cells(account, step, 0, area->starts->len - 1);
        note_trailer(account, step);
    }
    step->area = RIG_ACCOUNT_ELSEWHERE;
    g_ptr_array_add(last_leg(account)->steps, step);
}

void rig_account_end_leg(struct rig_account *account)
{
    struct rig_account_leg *leg = last_leg(account);

    close_step(account);
    rig_account_condense(leg->steps);
    if (leg->n_operations > leg->operations->len)
        note_untold(account, leg->n_operations - leg->operations->len);
}
