/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Where everything stands: sectors become bands, power-ons become rows. */
#include "report/picture_parts.h"

#include <string.h>

#include "report/text.h"

#define MAX_TEXT_CHARS 400
#define FOOT_MAX_LINES 6
#define MAX_BANDS 300u         /* of an area: only a strange journal has more, the last one takes the rest */
#define MORE_CYCLES_WIDTH 1380 /* room for the columns of one power-on */

/* Plain text of at most so many characters. */
static char *shortened(const char *text, guint n_columns)
{
    g_autoptr(GString) plain = g_string_new(NULL);

    rig_text_plain(plain, text, true);
    if (g_utf8_strlen(plain->str, -1) <= (glong)n_columns)
        return g_strdup(plain->str);
    g_string_truncate(
        plain, (gsize)(g_utf8_offset_to_pointer(plain->str, MAX((glong)n_columns, 1) - 1) - plain->str));
    g_string_append(plain, "\u2026");
    return g_strdup(plain->str);
}

void picture_text(GString *out, int x, int y, const char *class, const char *text, guint n_columns)
{
    g_autofree char *shown = shortened(text, n_columns ? n_columns : MAX_TEXT_CHARS);

    g_string_append_printf(out, "<text x=\"%d\" y=\"%d\"", x, y);
    if (class)
        g_string_append_printf(out, " class=\"%s\"", class);
    g_string_append_c(out, '>');
    rig_text_html(out, shown);
    g_string_append(out, "</text>");
}

static void end_line(GPtrArray *lines, GString *line)
{
    if (line->len)
        g_ptr_array_add(lines, g_strdup(line->str));
    g_string_truncate(line, 0);
}

void picture_wrap(GPtrArray *lines, const char *text, guint n_columns, guint max_lines)
{
    g_autofree char *plain = shortened(text, MAX_TEXT_CHARS);
    g_auto(GStrv) words = g_strsplit(plain, " ", -1);
    g_autoptr(GString) line = g_string_new(NULL);
    guint start = lines->len;

    for (char **word = words; *word; word++) {
        g_autofree char *piece = shortened(*word, n_columns);

        if (line->len && g_utf8_strlen(line->str, -1) + 1 + g_utf8_strlen(piece, -1) > (glong)n_columns)
            end_line(lines, line);
        g_string_append_printf(line, "%s%s", line->len ? " " : "", piece);
    }
    end_line(lines, line);
    if (lines->len - start > max_lines)
        g_ptr_array_set_size(lines, (gint)(start + max_lines));
}

/* Everything that happens to one sector, as a text: two sectors with the same one, an image's sectors counted
 * from themselves, look the same all the way. */
static void note_cell(GString **histories, guint sector, guint column, const struct rig_path_cell *cell)
{
    if (!histories[sector])
        histories[sector] = g_string_new(NULL);
    g_string_append_printf(histories[sector], "%u:%u%c%d ", column, cell->holds, cell->part ? '~' : '-',
                           rig_path_cell_is_image(cell) ? (int)cell->sectors - (int)sector : 0);
}

static GString **histories_of(const struct picture *picture, const struct picture_area *area)
{
    GString **histories = g_new0(GString *, area->told->n_sectors + 1);

    for (guint i = 0; i < area->told->n_sectors; i++)
        note_cell(histories, i, 0, &g_array_index(area->told->cells, struct rig_path_cell, i));
    for (guint i = 0; i < picture->steps->len; i++) {
        const GArray *changes = ((const struct rig_path_step *)g_ptr_array_index(picture->steps, i))->cells;

        for (guint k = 0; k < changes->len; k++) {
            const struct rig_path_change *change = &g_array_index(changes, struct rig_path_change, k);

            if (change->area == area->index)
                note_cell(histories, change->sector, i + 1, &change->cell);
        }
    }
    return histories;
}

static void find_bands(const struct picture *picture, struct picture_area *area)
{
    const struct rig_path_area *told = area->told;
    GString **histories = histories_of(picture, area);

    for (guint i = 0; i < told->n_sectors; i++) {
        struct picture_band band = {.first = i, .last = i};

        while (band.last + 1 < told->n_sectors &&
               (area->bands->len + 1 >= MAX_BANDS ||
                (band.last + 1 != told->trailer &&
                 g_string_equal(histories[band.last], histories[band.last + 1]))))
            band.last++;
        g_array_append_val(area->bands, band);
        i = band.last;
    }
    for (guint i = 0; i < told->n_sectors; i++)
        g_string_free(histories[i], TRUE);
    g_free(histories);
}

static bool is_touched(const struct picture *picture, guint area)
{
    for (guint i = 0; i < picture->steps->len; i++) {
        const struct rig_path_step *step = g_ptr_array_index(picture->steps, i);

        if (step->area == (int)area)
            return true;
        for (guint k = 0; k < step->cells->len; k++)
            if (g_array_index(step->cells, struct rig_path_change, k).area == area)
                return true;
    }
    return false;
}

static void stack_area(struct picture_area *area, int *y)
{
    guint n = area->bands->len;

    area->top = *y;
    area->band_height = n <= 16 ? 17 : n <= 40 ? 12 : n <= 120 ? 5 : 2;
    for (guint i = 0; i < n; i++)
        g_array_index(area->bands, struct picture_band, i).y = *y + (int)i * area->band_height;
    *y += (int)n * area->band_height;
    *y += 3;
    for (int field = 0; field < N_FIELDS; field++) {
        area->field_y[field] = *y;
        *y += area->fields >> field & 1 ? FIELD_HEIGHT : 0;
    }
    *y = MAX(*y, area->top + 2 * LINE_HEIGHT); /* room for its name */
    *y += AREA_GAP;
}

enum picture_field picture_field_of(const char *name)
{
    static const struct {
        const char *name;
        enum picture_field field;
    } rows[] = {{"magic", FIELD_MAGIC},  {"type", FIELD_TYPE},           {"size", FIELD_SIZE},
                {"sizes", FIELD_SIZES},  {"copy_done", FIELD_COPY_DONE}, {"image_ok", FIELD_IMAGE_OK},
                {"status", FIELD_STATUS}};

    for (guint i = 0; name && i < G_N_ELEMENTS(rows); i++)
        if (g_str_equal(rows[i].name, name))
            return rows[i].field;
    return N_FIELDS;
}

static const char *unless(const char *value, const char *silent)
{
    return !value || g_str_equal(value, silent) ? "" : value;
}

const char *picture_field_value(const struct rig_path_trailer *trailer, enum picture_field field,
                                char digits[24])
{
    switch (field) {
    case FIELD_MAGIC:
        return unless(trailer->magic, "unset");
    case FIELD_TYPE:
        return unless(trailer->type, "none");
    case FIELD_SIZE:
        g_snprintf(digits, 24, "%" G_GINT64_FORMAT, trailer->size);
        return trailer->size ? digits : "";
    case FIELD_SIZES:
        return "";
    case FIELD_COPY_DONE:
        return unless(trailer->copy_done, "unset");
    case FIELD_IMAGE_OK:
        return unless(trailer->image_ok, "unset");
    case FIELD_STATUS:
    case N_FIELDS:
        break;
    }
    return trailer->progress ? trailer->progress : "";
}

static guint fields_of(const GArray *trailers, guint area)
{
    guint fields = 0;
    char digits[24];

    for (guint i = 0; i < trailers->len; i++) {
        const struct rig_path_trailer *trailer = &g_array_index(trailers, struct rig_path_trailer, i);

        for (int field = 0; trailer->area == area && field < N_FIELDS; field++)
            if (*picture_field_value(trailer, (enum picture_field)field, digits))
                fields |= 1u << field;
    }
    return fields;
}

/* Image data in a scratch area looks like all fields being bad: that alone is worth no row. */
static bool is_legible(const struct rig_path_step *step, guint area)
{
    for (guint i = 0; i < step->trailers->len; i++) {
        const struct rig_path_trailer *trailer = &g_array_index(step->trailers, struct rig_path_trailer, i);

        if (trailer->area == area && g_strcmp0(trailer->magic, "bad") == 0 && !step->field)
            return false;
    }
    return true;
}

static guint used_fields(const struct picture *picture, guint area)
{
    guint fields = fields_of(picture->path->trailers, area);

    for (guint i = 0; i < picture->steps->len; i++) {
        const struct rig_path_step *step = g_ptr_array_index(picture->steps, i);

        if (is_legible(step, area))
            fields |= fields_of(step->trailers, area);
        if (step->area == (int)area && picture_field_of(step->field) != N_FIELDS)
            fields |= 1u << picture_field_of(step->field);
    }
    return fields;
}

static bool is_page(const struct rig_path *path, guint area)
{
    for (guint i = 0; i < path->trailers->len; i++) {
        const struct rig_path_trailer *trailer = &g_array_index(path->trailers, struct rig_path_trailer, i);

        if (trailer->area == area)
            return !trailer->type;
    }
    return false;
}

static bool holds_image(const struct rig_path_area *area)
{
    for (guint i = 0; i < area->cells->len; i++)
        if (rig_path_cell_is_image(&g_array_index(area->cells, struct rig_path_cell, i)))
            return true;
    return false;
}

/* Drawn are the areas that the path touches, and those that hold what it is about. */
static void lay_out_areas(struct picture *picture)
{
    int y = HEAD_HEIGHT;

    for (guint i = 0; i < picture->path->areas->len; i++) {
        struct picture_area area = {.index = i,
                                    .told = g_ptr_array_index(picture->path->areas, i),
                                    .fields = used_fields(picture, i),
                                    .is_page = is_page(picture->path, i)};

        if (!is_touched(picture, i) && !holds_image(area.told))
            continue;
        area.cells = g_array_copy(area.told->cells);
        area.bands = g_array_new(FALSE, FALSE, sizeof(struct picture_band));
        find_bands(picture, &area);
        stack_area(&area, &y);
        g_array_append_val(picture->areas, area);
    }
    picture->body_height = y - AREA_GAP + 6;
}

static guint columns_of(int width)
{
    return (guint)MAX((width - 16) * 10 / 67, 8);
}

static void end_lines(struct picture_cycle *place)
{
    const struct rig_path_cycle *cycle = place->cycle;
    guint n_columns = columns_of(place->width);
    g_autoptr(GString) runs = g_string_new(NULL);

    if (cycle->runs)
        g_string_append_printf(runs, "\u25b6 runs: %s%s%s", cycle->runs,
                               cycle->action ? "; the application: " : "",
                               cycle->action ? cycle->action : "");
    if (cycle->runs)
        picture_wrap(place->lines, runs->str, n_columns, FOOT_MAX_LINES);
    if (cycle->stop) {
        g_autofree char *stop = g_strdup_printf("\u25a0 stops: %s", cycle->stop);

        picture_wrap(place->lines, stop, n_columns, FOOT_MAX_LINES);
    }
    if (cycle->cut) {
        g_autofree char *cut = g_strdup_printf("\u26a1 power cut %s", cycle->cut);

        picture_wrap(place->lines, cut, n_columns, FOOT_MAX_LINES);
    }
}

int picture_column_width(const struct picture_cycle *cycle, const struct rig_path_step *step)
{
    return step->kind == RIG_PATH_MORE ? MORE_WIDTH : cycle->column_width;
}

int picture_column_x(const struct picture_cycle *cycle, guint step)
{
    int x = cycle->x + BEFORE_WIDTH;

    for (guint i = 0; i < step && i < cycle->cycle->steps->len; i++)
        x += picture_column_width(cycle, g_ptr_array_index(cycle->cycle->steps, i));
    return x;
}

static struct picture_cycle size_cycle(const struct rig_path_cycle *cycle)
{
    guint n = cycle->steps->len;
    struct picture_cycle place = {.cycle = cycle};
    int n_columns = n > 0 ? (int)n : 1;

    place.column_width = CLAMP((MORE_CYCLES_WIDTH - BEFORE_WIDTH) / n_columns, 12, COLUMN_WIDTH);
    place.width = MAX(picture_column_x(&place, n) + 14, MIN_CYCLE_WIDTH);
    place.lines = g_ptr_array_new_with_free_func(g_free);
    end_lines(&place);
    return place;
}

static void lay_out_cycles(struct picture *picture)
{
    int limit = RIG_PICTURE_WIDTH - MARGIN;
    int x = MARGIN + LABELS_WIDTH;
    guint n_lines = 0;

    for (guint i = 0; i < picture->path->cycles->len; i++) {
        struct picture_cycle place = size_cycle(g_ptr_array_index(picture->path->cycles, i));

        if (i > 0 && x + place.width > limit) {
            g_array_append_val(picture->foot_lines, n_lines);
            picture->n_rows++;
            x = MARGIN + LABELS_WIDTH;
            n_lines = 0;
        }
        place.x = x;
        place.row = picture->n_rows;
        place.bad_end = i + 1 == picture->path->cycles->len && picture->path->broken->len > 0;
        for (guint k = 0; place.bad_end && k < picture->path->broken->len && k < FOOT_MAX_LINES; k++) {
            const struct rig_path_broken *broken =
                &g_array_index(picture->path->broken, struct rig_path_broken, k);
            g_autofree char *line = g_strdup_printf("\u2717 %s", broken->invariant);

            picture_wrap(place.lines, line, columns_of(place.width), 2);
        }
        n_lines = MAX(n_lines, place.lines->len);
        x += place.width + CYCLE_GAP;
        picture->width = MAX(picture->width, x - CYCLE_GAP + MARGIN);
        g_array_append_val(picture->cycles, place);
    }
    g_array_append_val(picture->foot_lines, n_lines);
    picture->n_rows++;
}

void picture_lay_out(struct picture *picture)
{
    picture->areas = g_array_new(FALSE, FALSE, sizeof(struct picture_area));
    picture->cycles = g_array_new(FALSE, FALSE, sizeof(struct picture_cycle));
    picture->foot_lines = g_array_new(FALSE, FALSE, sizeof(guint));
    picture->width = 900; /* room for title and legend */
    picture->steps = rig_path_steps(picture->path);
    lay_out_areas(picture);
    lay_out_cycles(picture);
}
