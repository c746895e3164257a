/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What a sector holds, and what an operation is, in words. */
#include "explore/account.h"

#include "base/bytes.h"

#include <string.h>

#define MAX_FIELD_VALUE_BYTES 32u

/* So many bytes of a sector are looked at, without the trailer or with it. */
struct sight {
    const guint8 *bytes;
    gsize n_used; /* behind them all is erased */
    guint8 erased;
};

static struct sight sight_of(const guint8 *bytes, gsize n_bytes, guint8 erased)
{
    while (n_bytes > 0 && bytes[n_bytes - 1] == erased)
        n_bytes--;
    return (struct sight){bytes, n_bytes, erased};
}

static bool chunk_is_erased_from(const struct rig_explore_image *image, gsize at, gsize to, guint8 erased)
{
    for (; at < MIN(to, image->n_bytes); at++)
        if (image->bytes[at] != erased)
            return false;
    return true;
}

/* Does it show the image from `at` on? *part: there is more of the image that would belong here. */
static bool shows(const struct sight *sight, gsize n_sector, const struct rig_explore_image *image, gsize at,
                  bool *part)
{
    gsize n_image = MIN(image->n_bytes - at, n_sector);

    if (sight->n_used == 0 || sight->n_used > n_image ||
        memcmp(sight->bytes, image->bytes + at, sight->n_used) != 0)
        return false;
    *part = !chunk_is_erased_from(image, at + sight->n_used, at + n_image, sight->erased);
    return true;
}

/* Whole pieces before begun ones. Of an image whose sectors are alike, the piece of this place. */
static bool find_image(const struct rig_account *account, const struct sight *sight, gsize n_sector,
                       guint here, struct rig_cell *cell)
{
    bool found = false;

    for (guint8 i = 0; i < RIG_N_EXPLORE_IMAGES; i++) {
        const struct rig_explore_image *image = &account->images[i];

        for (gsize at = 0; at < image->n_bytes; at += n_sector) {
            struct rig_cell seen = {.holds = i == RIG_IMAGE_OLD ? RIG_HOLDS_OLD : RIG_HOLDS_NEW,
                                    .sectors = (guint16)MIN(at / n_sector, G_MAXUINT16)};

            if (!shows(sight, n_sector, image, at, &seen.part))
                continue;
            if (!found || (cell->part && !seen.part) || (cell->part == seen.part && seen.sectors == here))
                *cell = seen;
            found = true;
        }
    }
    return found;
}

static struct rig_cell cell_of(const struct rig_account *account, const guint8 *bytes, gsize n_bytes,
                               gsize n_before_trailer, guint here, guint8 erased)
{
    struct sight whole = sight_of(bytes, n_bytes, erased);
    struct sight before = sight_of(bytes, n_before_trailer, erased);
    struct rig_cell cell = {.holds = RIG_HOLDS_ERASED};

    if (whole.n_used == 0 || find_image(account, &whole, n_bytes, here, &cell))
        return cell;
    cell = (struct rig_cell){.holds = RIG_HOLDS_MIXED};
    if (n_before_trailer == n_bytes)
        return cell;
    if (before.n_used == 0)
        cell.holds = RIG_HOLDS_TRAILER;
    else
        find_image(account, &before, n_bytes, here, &cell);
    return cell;
}

struct rig_cell rig_account_look(const struct rig_account *account, guint index, guint sector)
{
    const struct rig_account_area *area = g_ptr_array_index(account->areas, index);
    const struct sim_flash *flash = account->subject->flash;
    guint32 start = g_array_index(area->starts, guint32, sector);
    guint32 end =
        sector + 1 < area->starts->len ? g_array_index(area->starts, guint32, sector + 1) : area->n_bytes;
    g_autofree guint8 *bytes = g_malloc(end - start);

    if (sim_flash_peek(flash, area->device, area->offset + start, bytes, end - start) != SIM_OK)
        return (struct rig_cell){.holds = RIG_HOLDS_MIXED};
    return cell_of(account, bytes, end - start, CLAMP(area->trailer, start, end) - start, sector,
                   sim_flash_device(flash, area->device)->erased);
}

char *rig_account_cell_text(const struct rig_account *account, const struct rig_cell *cell)
{
    switch ((enum rig_holds)cell->holds) {
    case RIG_HOLDS_ERASED:
        return g_strdup("nothing (erased)");
    case RIG_HOLDS_TRAILER:
        return g_strdup("only trailer fields");
    case RIG_HOLDS_MIXED:
        return g_strdup("other bytes");
    case RIG_HOLDS_OLD:
    case RIG_HOLDS_NEW:
        break;
    }
    return g_strdup_printf(
        "%ssector %u of %s", cell->part ? "the begin of " : "", cell->sectors,
        account->images[cell->holds == RIG_HOLDS_OLD ? RIG_IMAGE_OLD : RIG_IMAGE_NEW].name);
}

/* Where a write lies in a trailer. */
struct field {
    const char *name; /* short: "magic"; NULL: in none of them, or over several */
    char text[96];    /* "magic = good" */
};

static void flag_text(struct field *field, const struct sim_flash_operation *operation)
{
    if (operation->bytes[0] == 1)
        g_snprintf(field->text, sizeof field->text, "%s = set", field->name);
    else
        g_snprintf(field->text, sizeof field->text, "%s = 0x%02x", field->name, operation->bytes[0]);
}

static void status_record(struct field *field, const struct rig_trailer_geometry *geometry,
                          const struct rig_trailer_layout *layout, guint32 at)
{
    guint32 record = (at - layout->status) / geometry->write_bytes;
    guint32 n_moves = geometry->mode == RIG_SWAP_MOVE ? geometry->max_sectors : 0;
    guint32 n_states = geometry->mode == RIG_SWAP_MOVE ? 2 : layout->states;

    field->name = "status";
    if (record < n_moves)
        g_snprintf(field->text, sizeof field->text, "swap status: sector %u of the move is done", record);
    else
        g_snprintf(field->text, sizeof field->text, "swap status: step %u, state %u is done",
                   (record - n_moves) / n_states, (record - n_moves) % n_states + 1);
}

static void value_field(struct field *field, const char *name, const struct sim_flash_operation *operation)
{
    field->name = name;
    if (operation->n_bytes >= 4)
        g_snprintf(field->text, sizeof field->text, "%s = %u", name, rig_get_le32(operation->bytes));
}

static void magic_field(struct field *field, const struct rig_trailer_geometry *geometry,
                        const struct sim_flash_operation *operation)
{
    guint8 magic[RIG_TRAILER_MAGIC_BYTES];
    bool good = false;

    rig_trailer_magic(geometry->max_align, magic);
    if (operation->n_bytes >= sizeof magic)
        good = memcmp(operation->bytes + operation->n_bytes - sizeof magic, magic, sizeof magic) == 0;
    field->name = "magic";
    g_snprintf(field->text, sizeof field->text, "magic = %s", good ? "good" : "other bytes");
}

/* at: from the begin of the area. */
static void find_field(struct field *field, const struct rig_trailer_geometry *geometry,
                       const struct rig_trailer_layout *layout, guint32 at,
                       const struct sim_flash_operation *operation)
{
    guint32 type = operation->n_bytes ? operation->bytes[0] & 15u : 0;

    if (at >= layout->image_ok + geometry->max_align) {
        magic_field(field, geometry, operation);
    } else if (at == layout->image_ok || at == layout->copy_done) {
        field->name = at == layout->image_ok ? "image_ok" : "copy_done";
        flag_text(field, operation);
    } else if (at == layout->swap_info) {
        field->name = "type";
        g_snprintf(field->text, sizeof field->text, "swap type = %s",
                   rig_swap_type_name((enum rig_swap_type)type));
    } else if (at == layout->swap_size) {
        value_field(field, "size", operation);
    } else if (layout->tlv_sizes && at == layout->tlv_sizes) {
        value_field(field, "sizes", operation);
    } else if (layout->keys && at >= layout->keys && at < layout->swap_size) {
        field->name = "key";
    } else if (at >= layout->status && at < layout->swap_size &&
               operation->n_bytes == geometry->write_bytes) {
        status_record(field, geometry, layout, at);
    }
}

static void trailer_field(const struct rig_account *account, const struct rig_account_area *area,
                          const struct sim_flash_operation *operation, struct field *field)
{
    struct sim_area place = {area->device, area->offset, area->n_bytes};
    guint32 at = operation->offset - area->offset;
    struct rig_trailer_geometry geometry;
    struct rig_trailer_layout layout;
    struct rig_trailer trailer;

    if (operation->kind == SIM_FLASH_WRITE && at >= area->trailer && operation->bytes &&
        operation->n_bytes > 0 && operation->n_bytes <= MAX_FIELD_VALUE_BYTES &&
        account->subject->ops->trailer(account->subject, &place, &geometry, &trailer) &&
        rig_trailer_layout(&geometry, &layout))
        find_field(field, &geometry, &layout, at, operation);
}

static char *in_area(const struct rig_account *account, const struct rig_account_area *area,
                     const struct sim_flash_operation *operation, const char **short_name)
{
    guint32 at = operation->offset - area->offset;
    guint sector = rig_account_sector(area, at);
    guint32 start = g_array_index(area->starts, guint32, sector);
    const char *torn = operation->torn ? ", torn: only the first half" : "";
    struct field field = {.name = NULL};

    if (operation->kind == SIM_FLASH_ERASE)
        return g_strdup_printf("erase %s sector %u%s%s", area->name, sector,
                               at + operation->n_bytes > area->trailer ? " (with the trailer)" : "", torn);
    trailer_field(account, area, operation, &field);
    *short_name = field.name;
    if (field.name)
        return g_strdup_printf("write %u B %s trailer: %s%s", operation->n_bytes, area->name,
                               *field.text ? field.text : field.name, torn);
    return g_strdup_printf("write %u B %s sector %u at 0x%x%s", operation->n_bytes, area->name, sector,
                           at - start, torn);
}

static const struct rig_account_area *area_at(const struct rig_account *account,
                                              const struct sim_flash_operation *operation)
{
    for (guint i = 0; i < account->areas->len; i++) {
        const struct rig_account_area *area = g_ptr_array_index(account->areas, i);

        if (area->device == operation->device && operation->offset >= area->offset &&
            operation->offset - area->offset < area->n_bytes)
            return area;
    }
    return NULL;
}

/* The short names of fields stand in pictures; these are the words of the reference. */
static const char *field_word(const char *name)
{
    static const char *const words[][2] = {
        {"type", "swap-type"}, {"size", "swap-size"}, {"sizes", "tlv-sizes"}};

    for (guint i = 0; i < G_N_ELEMENTS(words); i++)
        if (g_str_equal(words[i][0], name))
            return words[i][1];
    return name;
}

char *rig_account_operation_class(const struct rig_account *account,
                                  const struct sim_flash_operation *operation)
{
    const struct rig_account_area *area = area_at(account, operation);
    const char *verb = operation->kind == SIM_FLASH_ERASE ? "erase" : "write";
    struct field field = {.name = NULL};
    bool in_trailer;

    if (!area)
        return g_strdup_printf("%s outside of the slots", verb);
    in_trailer = operation->offset - area->offset + operation->n_bytes > area->trailer;
    trailer_field(account, area, operation, &field);
    return g_strdup_printf("%s of %s %s", verb, area->name,
                           field.name   ? field_word(field.name)
                           : in_trailer ? "trailer"
                                        : "data");
}

char *rig_account_operation_text(const struct rig_account *account,
                                 const struct sim_flash_operation *operation, const char **field)
{
    const struct rig_account_area *area = area_at(account, operation);

    *field = NULL;
    if (area)
        return in_area(account, area, operation, field);
    return g_strdup_printf("%s %u B outside of slots and scratch: %s 0x%x%s",
                           operation->kind == SIM_FLASH_ERASE ? "erase" : "write", operation->n_bytes,
                           sim_flash_device(account->subject->flash, operation->device)->name,
                           operation->offset, operation->torn ? ", torn: only the first half" : "");
}
