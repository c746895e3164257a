/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The map of a flash: what a sector holds, and what an operation is, in words. */
#include "explore/flash_map.h"

#include <string.h>

static void free_area(gpointer at)
{
    struct rig_mapped_area *area = at;

    g_array_unref(area->starts);
    g_free(area);
}

static bool is_listed(const struct rig_flash_map *map, const struct sim_area *place)
{
    for (guint i = 0; i < map->areas->len; i++) {
        const struct sim_area *other = &rig_flash_map_area(map, i)->place;

        if (other->device == place->device && other->offset == place->offset)
            return true;
    }
    return false;
}

static void list_area(struct rig_flash_map *map, const char *name, const struct sim_area *place)
{
    struct rig_mapped_area *area = g_new0(struct rig_mapped_area, 1);

    area->name = name;
    area->place = *place;
    area->trailer = map->subject->ops->record_start ? map->subject->ops->record_start(map->subject, place)
                                                    : place->n_bytes;
    area->starts = g_array_new(FALSE, FALSE, sizeof(guint32));
    for (guint32 at = 0; at < place->n_bytes;) {
        guint32 start = 0;
        guint32 n_bytes = 0;

        if (!sim_flash_sector_at(map->subject->flash, place->device, place->offset + at, &start, &n_bytes))
            break;
        g_array_append_val(area->starts, at);
        at = start + n_bytes - place->offset;
    }
    g_ptr_array_add(map->areas, area);
}

struct rig_flash_map *rig_flash_map_new(struct rig_subject *subject, const struct rig_explore_image *images)
{
    struct rig_flash_map *map = g_new0(struct rig_flash_map, 1);

    map->subject = subject;
    map->images = images;
    map->areas = g_ptr_array_new_with_free_func(free_area);
    for (guint i = 0; i < subject->n_areas; i++)
        if (!is_listed(map, &subject->areas[i]))
            list_area(map, subject->area_names[i], &subject->areas[i]);
    return map;
}

void rig_flash_map_free(struct rig_flash_map *map)
{
    if (!map)
        return;
    g_ptr_array_unref(map->areas);
    g_free(map);
}

const struct rig_mapped_area *rig_flash_map_area(const struct rig_flash_map *map, guint index)
{
    return g_ptr_array_index(map->areas, index);
}

int rig_flash_map_find(const struct rig_flash_map *map, const struct sim_flash_operation *operation)
{
    for (guint i = 0; i < map->areas->len; i++) {
        const struct sim_area *place = &rig_flash_map_area(map, i)->place;

        if (place->device == operation->device && operation->offset >= place->offset &&
            operation->offset - place->offset < place->n_bytes)
            return (int)i;
    }
    return -1;
}

guint rig_mapped_area_sector(const struct rig_mapped_area *area, guint32 offset)
{
    guint sector = 0;

    while (sector + 1 < area->starts->len && g_array_index(area->starts, guint32, sector + 1) <= offset)
        sector++;
    return sector;
}

guint32 rig_mapped_area_end(const struct rig_mapped_area *area, guint sector)
{
    return sector + 1 < area->starts->len ? g_array_index(area->starts, guint32, sector + 1)
                                          : area->place.n_bytes;
}

/* So many bytes of a sector are looked at, without the trailer or with it. */
struct used {
    const guint8 *bytes;
    gsize n_used; /* behind them all is erased */
    guint8 erased;
};

static struct used used_part(const guint8 *bytes, gsize n_bytes, guint8 erased)
{
    while (n_bytes > 0 && bytes[n_bytes - 1] == erased)
        n_bytes--;
    return (struct used){bytes, n_bytes, erased};
}

/* An image as it lies in flash: an encrypted one does in two forms. */
struct form {
    const guint8 *bytes;
    gsize n_bytes;
};

static bool chunk_is_erased_from(const struct form *image, gsize at, gsize to, guint8 erased)
{
    for (; at < MIN(to, image->n_bytes); at++)
        if (image->bytes[at] != erased)
            return false;
    return true;
}

/* Does it show the image from `at` on? *part: there is more of the image that would belong here. */
static bool shows(const struct used *used, gsize n_sector, const struct form *image, gsize at, bool *part)
{
    gsize n_image = MIN(image->n_bytes - at, n_sector);

    if (used->n_used == 0 || used->n_used > n_image ||
        memcmp(used->bytes, image->bytes + at, used->n_used) != 0)
        return false;
    *part = !chunk_is_erased_from(image, at + used->n_used, at + n_image, used->erased);
    return true;
}

/* Whole pieces before begun ones. Of an image whose sectors are alike, the piece of this place. */
static bool find_form(const struct form *image, const struct used *used, gsize n_sector, guint here,
                      guint8 which, bool found, struct rig_path_cell *cell)
{
    for (gsize at = 0; at < image->n_bytes; at += n_sector) {
        struct rig_path_cell seen = {.holds = which == RIG_IMAGE_OLD ? RIG_PATH_OLD : RIG_PATH_NEW,
                                     .sectors = (guint)MIN(at / n_sector, RIG_PATH_MAX_SECTORS)};

        if (!shows(used, n_sector, image, at, &seen.part))
            continue;
        if (!found || (cell->part && !seen.part) || (cell->part == seen.part && seen.sectors == here))
            *cell = seen;
        found = true;
    }
    return found;
}

static bool find_image(const struct rig_flash_map *map, const struct used *used, gsize n_sector, guint here,
                       struct rig_path_cell *cell)
{
    bool found = false;

    for (guint8 i = 0; i < RIG_N_EXPLORE_IMAGES; i++) {
        const struct rig_explore_image *image = &map->images[i];
        const struct form plain = {image->clear, image->clear ? image->n_bytes : 0};
        const struct form form = {image->bytes, image->n_bytes};

        found = find_form(&form, used, n_sector, here, i, found, cell);
        found = find_form(&plain, used, n_sector, here, i, found, cell);
    }
    return found;
}

static struct rig_path_cell cell_of(const struct rig_flash_map *map, const guint8 *bytes, gsize n_bytes,
                                    gsize n_before_trailer, guint here, guint8 erased)
{
    struct used whole = used_part(bytes, n_bytes, erased);
    struct used before = used_part(bytes, n_before_trailer, erased);
    struct rig_path_cell cell = {.holds = RIG_PATH_ERASED};

    if (whole.n_used == 0 || find_image(map, &whole, n_bytes, here, &cell))
        return cell;
    cell = (struct rig_path_cell){.holds = RIG_PATH_OTHER};
    if (n_before_trailer == n_bytes)
        return cell;
    if (before.n_used == 0)
        cell.holds = RIG_PATH_TRAILER;
    else
        find_image(map, &before, n_bytes, here, &cell);
    return cell;
}

struct rig_path_cell rig_flash_map_cell(const struct rig_flash_map *map, guint index, guint sector)
{
    const struct rig_mapped_area *area = rig_flash_map_area(map, index);
    const struct sim_flash *flash = map->subject->flash;
    guint32 start = g_array_index(area->starts, guint32, sector);
    guint32 end = rig_mapped_area_end(area, sector);
    g_autofree guint8 *bytes = g_malloc(end - start);

    if (sim_flash_peek(flash, area->place.device, area->place.offset + start, bytes, end - start) != SIM_OK)
        return (struct rig_path_cell){.holds = RIG_PATH_OTHER};
    return cell_of(map, bytes, end - start, CLAMP(area->trailer, start, end) - start, sector,
                   sim_flash_device(flash, area->place.device)->erased);
}

static void record_field(const struct rig_flash_map *map, const struct rig_mapped_area *area,
                         const struct sim_flash_operation *operation, struct rig_subject_field *field)
{
    guint32 at = operation->offset - area->place.offset;

    if (operation->kind == SIM_FLASH_WRITE && at >= area->trailer && operation->bytes &&
        operation->n_bytes > 0 && map->subject->ops->record_field)
        map->subject->ops->record_field(map->subject, &area->place, operation, field);
}

static const char *record_of(const struct rig_flash_map *map)
{
    return map->subject->record ? map->subject->record : "trailer";
}

static char *in_area(const struct rig_flash_map *map, const struct rig_mapped_area *area,
                     const struct sim_flash_operation *operation, const char **short_name)
{
    guint32 at = operation->offset - area->place.offset;
    guint sector = rig_mapped_area_sector(area, at);
    guint32 start = g_array_index(area->starts, guint32, sector);
    const char *torn = operation->torn ? ", torn: only the first half" : "";
    struct rig_subject_field field = {.name = NULL};

    if (operation->kind == SIM_FLASH_ERASE)
        return area->trailer == 0
                   ? g_strdup_printf("erase %s %s%s", area->name, record_of(map), torn)
                   : g_strdup_printf("erase %s sector %u%s%s", area->name, sector,
                                     at + operation->n_bytes > area->trailer ? " (with the trailer)" : "",
                                     torn);
    record_field(map, area, operation, &field);
    *short_name = field.name;
    if (field.name)
        return g_strdup_printf("write %u B %s %s: %s%s", operation->n_bytes, area->name, record_of(map),
                               *field.text ? field.text : field.name, torn);
    return g_strdup_printf("write %u B %s sector %u at 0x%x%s", operation->n_bytes, area->name, sector,
                           at - start, torn);
}

char *rig_flash_map_class(const struct rig_flash_map *map, const struct sim_flash_operation *operation)
{
    int index = rig_flash_map_find(map, operation);
    const struct rig_mapped_area *area = index < 0 ? NULL : rig_flash_map_area(map, (guint)index);
    const char *verb = operation->kind == SIM_FLASH_ERASE ? "erase" : "write";
    struct rig_subject_field field = {.name = NULL};
    bool in_trailer;

    if (!area)
        return g_strdup_printf("%s outside of %s", verb,
                               map->subject->places ? map->subject->places : "the slots");
    in_trailer = operation->offset - area->place.offset + operation->n_bytes > area->trailer;
    record_field(map, area, operation, &field);
    return g_strdup_printf("%s of %s %s", verb, area->name,
                           field.word   ? field.word
                           : field.name ? field.name
                           : in_trailer ? record_of(map)
                                        : "data");
}

char *rig_flash_map_text(const struct rig_flash_map *map, const struct sim_flash_operation *operation,
                         const char **field)
{
    int index = rig_flash_map_find(map, operation);
    const struct rig_mapped_area *area = index < 0 ? NULL : rig_flash_map_area(map, (guint)index);

    *field = NULL;
    if (area)
        return in_area(map, area, operation, field);
    return g_strdup_printf("%s %u B outside of %s: %s 0x%x%s",
                           operation->kind == SIM_FLASH_ERASE ? "erase" : "write", operation->n_bytes,
                           map->subject->places ? map->subject->places : "slots and scratch",
                           sim_flash_device(map->subject->flash, operation->device)->name, operation->offset,
                           operation->torn ? ", torn: only the first half" : "");
}
