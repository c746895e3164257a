/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The picture of a path: title, rows of power cycles with their bars, marks and cuts, legend. Where
 * everything stands is in picture_layout.c. */
#include "report/picture.h"

#include <string.h>

#include "report/picture_parts.h"
#include "report/text.h"

#define TITLE_LINE 20
#define MAX_TITLE_LINES 4
#define MARK_WIDTH 15
#define LEGEND_HEIGHT 48

/* Blue and orange are told apart by all kinds of colour blindness; stripes and letters say the same again. */
static const char style[] =
    ".rp{--bg:#fff;--fg:#1c2024;--dim:#60646c;--line:#c9ced6;--box:#f6f7f9;--old:#0b62a4;--new:#f0a202;"
    "--tr:#7d5ba6;--mix:#b9bec7;--red:#c4251b;--mark:#1c2024;--markbg:#fff;font:11px system-ui,sans-serif}"
    "@media(prefers-color-scheme:dark){.rp{--bg:#14171a;--fg:#e4e7eb;--dim:#9aa1ab;--line:#3b424c;--box:#"
    "1c2025;--old:#2f7fc2;--new:#e0a030;--tr:#8a68b5;--mix:#6a717c;--red:#ff7b72;--mark:#e4e7eb;--markbg:#"
    "14171a}}"
    ".rp text{fill:var(--fg)}.rp .b{font-weight:600;font-size:12px}.rp .h{font-weight:600;font-size:15px}"
    ".rp text.dim,.rp text.num{fill:var(--dim)}.rp text.num{font-size:9px;text-anchor:middle}"
    ".rp text.end{text-anchor:end;fill:var(--dim)}.rp text.mid{text-anchor:middle;font-size:10px}"
    ".rp text.red{fill:var(--red);font-weight:600}.rp .bgd{fill:var(--bg)}"
    ".rp .leg{fill:var(--box);stroke:var(--line)}.rp .leg.end{stroke:var(--red);stroke-width:2}"
    ".rp .old{fill:var(--old)}.rp .new{fill:var(--new)}.rp .tr{fill:var(--tr)}.rp .mix{fill:var(--mix)}"
    ".rp .part{opacity:.55}.rp .era{fill:var(--bg);stroke:var(--line);stroke-width:.6}"
    ".rp .set{fill:var(--tr)}.rp .bad{fill:var(--mix)}.rp .img{fill:var(--line);opacity:.5}"
    ".rp text.on{font-size:10px}.rp text.old-t,.rp text.tr-t,.rp text.set-t{fill:#fff}"
    ".rp text.new-t{fill:#1c2024}.rp text.part{fill:var(--fg)}.rp text.bad-t,.rp text.mix-t{font-weight:600}"
    ".rp .non{stroke:var(--line);stroke-dasharray:1 3}"
    ".rp .mkE,.rp .mkW{stroke:var(--mark);fill:var(--markbg)}.rp .mkE{stroke-dasharray:2 1.5}"
    ".rp .torn{stroke:var(--red);stroke-width:2}"
    ".rp text.mk{font-size:10px;font-weight:700;text-anchor:middle}"
    ".rp .more{fill:var(--box);stroke:var(--line);stroke-dasharray:3 3}"
    ".rp .cut{stroke:var(--red);stroke-width:2.5;fill:none}.rp .bolt{fill:var(--red)}"
    ".rp .whoB{stroke:var(--dim);stroke-width:2}.rp .whoA{stroke:var(--new);stroke-width:2}"
    ".rp .hatch{stroke:#fff;stroke-opacity:.45;stroke-width:1.6}"
    ".rp .cross{stroke:var(--red);stroke-opacity:.55;stroke-width:1}";

static void append_patterns(GString *out, guint number)
{
    g_string_append_printf(
        out,
        "<defs><pattern id=\"h%u\" width=\"7\" height=\"7\" patternUnits=\"userSpaceOnUse\">"
        "<path d=\"M-1 8L8 -1\" class=\"hatch\"/></pattern>"
        "<pattern id=\"x%u\" width=\"6\" height=\"6\" patternUnits=\"userSpaceOnUse\">"
        "<path d=\"M0 0L6 6M6 0L0 6\" class=\"cross\"/></pattern></defs>\n",
        number, number);
}

static void picture_escaped(GString *out, const char *text)
{
    g_autoptr(GString) plain = g_string_new(NULL);

    rig_text_plain(plain, text, true);
    rig_text_html(out, plain->str);
}

/* What the picture says, for those who do not see it. */
static void append_description(GString *out, const struct rig_path *path, const char *subtitle, guint number)
{
    g_autoptr(GString) words = g_string_new(NULL);

    g_string_append_printf(out, "<title id=\"t%u\">", number);
    for (guint i = 0; i < path->broken->len; i++) {
        const struct rig_path_broken *broken = &g_array_index(path->broken, struct rig_path_broken, i);

        g_string_append(out, i ? "; " : "");
        picture_escaped(out, broken->invariant);
        g_string_append(out, " is broken: ");
        picture_escaped(out, broken->text);
    }
    if (path->broken->len == 0)
        picture_escaped(out, "a path of power cuts that breaks nothing");
    g_string_append_printf(out, "</title>\n<desc id=\"d%u\">", number);
    if (subtitle) {
        picture_escaped(out, subtitle);
        g_string_append_c(out, '\n');
    }
    rig_path_append_text(words, path, false, "");
    rig_text_html(out, words->str);
    g_string_append(out, "</desc>\n");
}

/* As many lines as it takes, up to a few. */
static int append_lines(struct picture *picture, int y, const char *class, const char *text,
                        int tenths_per_char, int line_height)
{
    g_autoptr(GPtrArray) lines = g_ptr_array_new_with_free_func(g_free);

    picture_wrap(lines, text, (guint)(picture->width - 2 * MARGIN) * 10 / (guint)tenths_per_char,
                 MAX_TITLE_LINES);
    for (guint i = 0; i < lines->len; i++, y += line_height)
        picture_text(picture->out, MARGIN, y, class, g_ptr_array_index(lines, i), 0);
    return y;
}

static int append_title(struct picture *picture, const char *subtitle)
{
    const struct rig_path *path = picture->path;
    g_autofree char *cuts = g_strdup_printf("%s%s%s=%s", subtitle ? subtitle : "", subtitle ? " \u00b7 " : "",
                                            strchr(path->cuts, ':') ? "cut" : "cuts", path->cuts);
    int y = MARGIN + 10;

    for (guint i = 0; i < MIN(path->broken->len, MAX_TITLE_LINES); i++) {
        const struct rig_path_broken *broken = &g_array_index(path->broken, struct rig_path_broken, i);
        g_autofree char *line = g_strdup_printf("%s is broken: %s", broken->invariant, broken->text);

        y = append_lines(picture, y, "h", line, 87, TITLE_LINE);
        if (path->broken->len == 1)
            y = append_lines(picture, y, NULL, broken->about, 60, LINE_HEIGHT + 2);
    }
    if (path->broken->len == 0)
        y = append_lines(picture, y, "h", "This path of power cuts breaks nothing", 87, TITLE_LINE);
    return append_lines(picture, y + 2, "dim", cuts, 60, LINE_HEIGHT) + 2;
}

static const char *class_of(const struct rig_path_cell *cell)
{
    static const char *const classes[] = {"era", "old", "new", "tr", "mix"}; /* by enum rig_path_holds */

    return classes[cell->holds];
}

/* The bootloader keeps what it knows in pages of settings, and not in trailers. */
static bool has_pages(const struct picture *picture)
{
    for (guint i = 0; i < picture->areas->len; i++)
        if (g_array_index(picture->areas, struct picture_area, i).is_page)
            return true;
    return false;
}

/* "new 3", "new 0-12 (begin)"; "" for what needs no words. Owned by the caller. */
static char *cell_label(const struct picture *picture, const struct rig_path_cell *cell, guint n_sectors)
{
    const char *name = cell->holds == RIG_PATH_OLD ? picture->path->old_name : picture->path->new_name;
    g_autofree char *first = NULL;

    if (cell->holds == RIG_PATH_ERASED)
        return g_strdup("");
    if (!rig_path_cell_is_image(cell))
        return g_strdup(cell->holds != RIG_PATH_TRAILER ? "mixed" : has_pages(picture) ? "page" : "trailer");
    first = n_sectors > 1 ? g_strdup_printf("%u\u2013%u", cell->sectors, cell->sectors + n_sectors - 1)
                          : g_strdup_printf("%u", cell->sectors);
    return g_strdup_printf("%s %s%s", name, first, cell->part ? " begin" : "");
}

/* With what it is, in a tooltip; the group stays open. class: may go on with further attributes. */
static void rect(GString *out, const char *tooltip, int x, int y, int width, int height, const char *class)
{
    g_string_append(out, "<g><title>");
    picture_escaped(out, tooltip);
    g_string_append_printf(out, "</title><rect x=\"%d\" y=\"%d\" width=\"%d\" height=\"%d\" %s/>", x, y,
                           width, height, class);
}

/* Stripes or crosses over it: colours are not all that tells. */
static void pattern(const struct picture *picture, int x, int y, int width, int height, char name)
{
    g_string_append_printf(picture->out,
                           "<rect x=\"%d\" y=\"%d\" width=\"%d\" height=\"%d\" fill=\"url(#%c%u)\"/>", x, y,
                           width, height, name, picture->number);
}

/* One bar, with words on it where there is room. */
static void bar(struct picture *picture, int x, int y, int width, int height, const char *class,
                const char *tooltip, const char *label, int mark_width)
{
    g_autofree char *classes = g_strdup_printf("class=\"%s\"", class);
    int n_columns = (width - mark_width - 6) * 10 / 58;

    if (width <= 0)
        return;
    rect(picture->out, tooltip, x, y, width, height, classes);
    if (strstr(class, "new"))
        pattern(picture, x, y, width, height, 'h');
    if (strstr(class, "mix") || strstr(class, "bad"))
        pattern(picture, x, y, width, height, 'x');
    if (height >= 12 && *label && (int)g_utf8_strlen(label, -1) <= n_columns) {
        g_autofree char *text_class = g_strdup_printf("on %s-t", class);

        picture_text(picture->out, x + mark_width + 3, y + height - 4, text_class, label, 0);
    }
    g_string_append(picture->out, "</g>\n");
}

static void cell_bar(struct picture *picture, const struct picture_area *area,
                     const struct picture_band *band, int to)
{
    const struct rig_path_cell *cell = &g_array_index(area->cells, struct rig_path_cell, band->first);
    g_autofree char *label = cell_label(picture, cell, band->last - band->first + 1);
    g_autofree char *class = g_strdup_printf("%s%s", class_of(cell), cell->part ? " part" : "");
    g_autofree char *tooltip =
        band->first == band->last
            ? g_strdup_printf("%s sector %u: %s", area->told->name, band->first, *label ? label : "erased")
            : g_strdup_printf("%s sectors %u to %u: %s", area->told->name, band->first, band->last,
                              *label ? label : "erased");

    bar(picture, band->from, band->y, to - band->from, area->band_height - 1, class, tooltip, label,
        band->lead);
}

static const struct rig_path_change *change_at(const struct rig_path_step *step, guint area, guint sector)
{
    for (guint i = 0; i < step->cells->len; i++) {
        const struct rig_path_change *change = &g_array_index(step->cells, struct rig_path_change, i);

        if (change->area == area && change->sector == sector)
            return change;
    }
    return NULL;
}

static bool is_marked(const struct rig_path_step *step, guint area, const struct picture_band *band)
{
    return step->area == (int)area && step->sector <= band->last && step->to >= band->first;
}

static struct picture_value look_at(const struct picture *picture, const struct picture_area *area,
                                    enum picture_field field)
{
    const struct rig_path_trailer *trailer = picture->state.trailers[area->index];
    struct picture_value seen = {.words = NULL};
    char digits[24];

    if (!trailer)
        return seen;
    seen.is_image = rig_path_is_image_data(&picture->state, area->index);
    if (seen.is_image)
        return seen;
    g_strlcpy(seen.value, picture_field_value(trailer, field, digits), sizeof seen.value);
    seen.words = field == FIELD_STATUS && *seen.value ? trailer->status : NULL;
    return seen;
}

static bool is_bad(const struct picture_area *area, enum picture_field field, const char *value)
{
    if (area->is_page && field == FIELD_MAGIC)
        return !g_str_equal(value, "valid") && !g_str_equal(value, "written");
    return g_str_equal(value, "bad");
}

/* page: of a page of settings, which has what it is worth in `magic` and what it is for in `status`. */
static const char *picture_field_name(enum picture_field field, bool page)
{
    static const char *const names[] = {"magic",     "swap type", "swap size",  "TLV sizes",
                                        "copy_done", "image_ok",  "swap status"};

    if (page && (field == FIELD_MAGIC || field == FIELD_STATUS))
        return field == FIELD_MAGIC ? "page" : "for";
    return names[field];
}

static void field_bar(struct picture *picture, const struct picture_area *area, enum picture_field field,
                      int to)
{
    const struct picture_value *shown = &area->values[field];
    int y = area->field_y[field];
    bool first = !(area->fields & ((1u << field) - 1));
    g_autofree char *tooltip =
        shown->is_image
            ? g_strdup_printf("%s trailer: image data is here", area->told->name)
            : g_strdup_printf("%s %s: %s %s", area->told->name, area->is_page ? "page" : "trailer",
                              picture_field_name(field, area->is_page),
                              shown->words ? shown->words : shown->value);

    if (shown->is_image)
        bar(picture, shown->from, y, to - shown->from, FIELD_HEIGHT - 1, "img", tooltip,
            first ? "image data" : "", 0);
    else if (*shown->value)
        bar(picture, shown->from, y, to - shown->from, FIELD_HEIGHT - 1,
            is_bad(area, field, shown->value) ? "bad" : "set", tooltip, shown->value, shown->lead);
    else if (to > shown->from)
        g_string_append_printf(picture->out, "<path d=\"M%d %dH%d\" class=\"non\"/>\n", shown->from,
                               y + FIELD_HEIGHT / 2 - 1, to);
}

static void close_bars(struct picture *picture, const struct picture_area *area, int x)
{
    for (guint i = 0; i < area->bands->len; i++)
        cell_bar(picture, area, &g_array_index(area->bands, struct picture_band, i), x);
    for (int field = 0; field < N_FIELDS; field++)
        if (area->fields >> field & 1)
            field_bar(picture, area, (enum picture_field)field, x);
}

static void open_bars(const struct picture *picture, struct picture_area *area, int x)
{
    for (guint i = 0; i < area->bands->len; i++) {
        g_array_index(area->bands, struct picture_band, i).from = x;
        g_array_index(area->bands, struct picture_band, i).lead = 0;
    }
    for (int field = 0; field < N_FIELDS; field++) {
        area->values[field] = look_at(picture, area, (enum picture_field)field);
        area->values[field].from = x;
    }
}

/* How much of a bar that begins at a step is covered by the step's own mark. */
static int lead_of(const struct rig_path_step *step, bool marked)
{
    if (step->kind == RIG_PATH_MORE)
        return MORE_WIDTH;
    return marked ? MARK_WIDTH + 2 : 0;
}

/* Bars end where a step changes what they show; afterwards the next ones hold that. */
static void end_bands(struct picture *picture, struct picture_area *area, const struct rig_path_step *step,
                      int x)
{
    for (guint i = 0; i < area->bands->len; i++) {
        struct picture_band *band = &g_array_index(area->bands, struct picture_band, i);

        if (!change_at(step, area->index, band->first))
            continue;
        cell_bar(picture, area, band, x);
        band->from = x;
        band->lead = lead_of(step, is_marked(step, area->index, band));
    }
    for (guint i = 0; i < step->cells->len; i++) {
        const struct rig_path_change *change = &g_array_index(step->cells, struct rig_path_change, i);

        if (change->area == area->index)
            g_array_index(area->cells, struct rig_path_cell, change->sector) = change->cell;
    }
}

static void end_fields(struct picture *picture, struct picture_area *area, const struct rig_path_step *step,
                       int x)
{
    for (int field = 0; field < N_FIELDS; field++) {
        struct picture_value *shown = &area->values[field];
        struct picture_value now = look_at(picture, area, (enum picture_field)field);

        if (!(area->fields >> field & 1) ||
            (now.is_image == shown->is_image && g_str_equal(now.value, shown->value)))
            continue;
        field_bar(picture, area, (enum picture_field)field, x);
        *shown = now;
        shown->from = x;
        shown->lead = lead_of(step, step->area == (int)area->index &&
                                        picture_field_of(step->field) == (enum picture_field)field);
    }
}

static void take_step(struct picture *picture, const struct rig_path_step *step, int x)
{
    for (guint i = 0; i < picture->areas->len; i++)
        end_bands(picture, &g_array_index(picture->areas, struct picture_area, i), step, x);
    rig_path_follow(picture->path, step, &picture->state);
    for (guint i = 0; i < picture->areas->len; i++)
        end_fields(picture, &g_array_index(picture->areas, struct picture_area, i), step, x);
}

/* From which to which height the sectors of a step reach. */
static bool extent(const struct picture_area *area, const struct rig_path_step *step, int *top, int *bottom)
{
    bool found = false;

    for (guint i = 0; i < area->bands->len; i++) {
        const struct picture_band *band = &g_array_index(area->bands, struct picture_band, i);

        if (!is_marked(step, area->index, band))
            continue;
        if (!found)
            *top = band->y;
        *bottom = band->y + area->band_height - 1;
        found = true;
    }
    return found;
}

static void draw_mark(struct picture *picture, const struct picture_cycle *place, guint index)
{
    const struct rig_path_step *step = g_ptr_array_index(place->cycle->steps, index);
    const char *letter = step->kind == RIG_PATH_ERASE ? "E" : "W";
    g_autofree char *class = g_strdup_printf("rx=\"3\" class=\"mk%s%s\"", letter, step->torn ? " torn" : "");
    int x = picture_column_x(place, index) + 1;
    int width = MIN(picture_column_width(place, step) - 2, MARK_WIDTH);
    int top = 0;
    int bottom = 0;
    enum picture_field row = picture_field_of(step->field);

    for (guint i = 0; i < picture->areas->len; i++) {
        const struct picture_area *area = &g_array_index(picture->areas, struct picture_area, i);

        if ((int)area->index != step->area || !extent(area, step, &top, &bottom))
            continue;
        if (row != N_FIELDS && area->fields >> row & 1) {
            top = area->field_y[row];
            bottom = top + FIELD_HEIGHT - 1;
        }
        rect(picture->out, step->text, x, top, width, bottom - top, class);
        if (bottom - top >= 10)
            picture_text(picture->out, x + width / 2, (top + bottom) / 2 + 4, "mk", letter, 0);
        g_string_append(picture->out, "</g>\n");
    }
}

/* What is left out stands across everything. */
static void draw_more(struct picture *picture, const struct picture_cycle *place, guint index)
{
    const struct rig_path_step *step = g_ptr_array_index(place->cycle->steps, index);
    int x = picture_column_x(place, index);
    int middle = (HEAD_HEIGHT + picture->body_height) / 2;
    int height = picture->body_height - HEAD_HEIGHT;
    g_autofree char *text = g_strdup_printf("%" G_GINT64_FORMAT " operations: %s", step->n, step->text);

    rect(picture->out, text, x + 3, HEAD_HEIGHT - 4, MORE_WIDTH - 6, height + 4, "class=\"more\"");
    g_string_append_printf(picture->out, "<g transform=\"rotate(-90 %d %d)\">", x + MORE_WIDTH / 2 + 4,
                           middle);
    picture_text(picture->out, x + MORE_WIDTH / 2 + 4, middle, "mid", text, (guint)MAX(height, 60) * 10 / 54);
    g_string_append(picture->out, "</g></g>\n");
}

static void draw_cut(struct picture *picture, const struct picture_cycle *place)
{
    const GPtrArray *steps = place->cycle->steps;
    int x = picture_column_x(place, steps->len) + 1;

    if (!place->cycle->cut)
        return;
    if (steps->len > 0) {
        const struct rig_path_step *last = g_ptr_array_index(steps, steps->len - 1);

        if (last->torn)
            x -= picture_column_width(place, last) / 2 + 1;
    }
    g_string_append(picture->out, "<g><title>power cut ");
    picture_escaped(picture->out, place->cycle->cut);
    g_string_append_printf(
        picture->out,
        "</title><path d=\"M%d %dV%d\" class=\"cut\"/><path d=\"M%d %dl-7 11h5l-3 9 9 -12h-5l4 -8z\" "
        "class=\"bolt\"/></g>\n",
        x, HEAD_HEIGHT - 16, picture->body_height, x + 1, HEAD_HEIGHT - 28);
}

static const char *who(const struct rig_path_cycle *cycle, bool app, int width)
{
    if (app)
        return cycle->action ? cycle->action : "application";
    return width < 2 * COLUMN_WIDTH ? "boot" : "bootloader";
}

/* Whose operations they are, in a line over them, and the number of each. */
static void draw_scale(struct picture *picture, const struct picture_cycle *place)
{
    const GPtrArray *steps = place->cycle->steps;
    guint n_boot = 0;

    while (n_boot < steps->len &&
           !((const struct rig_path_step *)g_ptr_array_index(steps, n_boot))->by_application)
        n_boot++;
    for (guint i = 0; i < 2; i++) {
        int from = picture_column_x(place, i ? n_boot : 0);
        int to = picture_column_x(place, i ? steps->len : n_boot);

        if (to <= from)
            continue;
        g_string_append_printf(picture->out, "<path d=\"M%d %dH%d\" class=\"%s\"/>", from, HEAD_HEIGHT - 20,
                               to - 3, i ? "whoA" : "whoB");
        picture_text(picture->out, from, HEAD_HEIGHT - 24, "dim", who(place->cycle, i == 1, to - from),
                     MAX((guint)(place->x + place->width - from) / 6, 4));
    }
    for (guint i = 0; i < steps->len; i++) {
        const struct rig_path_step *step = g_ptr_array_index(steps, i);
        g_autofree char *number = g_strdup_printf("%" G_GINT64_FORMAT, step->first);

        picture_text(picture->out, picture_column_x(place, i) + 8, HEAD_HEIGHT - 7, "num",
                     step->kind == RIG_PATH_MORE ? "\u2026" : number, 6);
    }
}

static void draw_frame(struct picture *picture, const struct picture_cycle *place)
{
    GString *out = picture->out;
    guint n_lines = g_array_index(picture->foot_lines, guint, place->row);
    g_autofree char *name = g_strdup_printf("power-on %" G_GINT64_FORMAT, place->cycle->number);
    g_autofree char *decides =
        place->cycle->decision ? g_strdup_printf("decides: %s", place->cycle->decision) : g_strdup("");

    g_string_append_printf(
        out, "<rect x=\"%d\" y=\"0\" width=\"%d\" height=\"%d\" rx=\"6\" class=\"leg%s\"/>", place->x - 4,
        place->width + 8, picture->body_height + (int)n_lines * LINE_HEIGHT + 14,
        place->bad_end ? " end" : "");
    picture_text(out, place->x + 4, 17, "b", name, 24);
    picture_text(out, place->x + 88, 17, "dim", decides, (guint)(place->width - 88) * 10 / 55);
    for (guint i = 0; i < place->lines->len; i++)
        picture_text(out, place->x + 4, picture->body_height + 10 + ((int)i + 1) * LINE_HEIGHT - 4,
                     place->cycle->cut ? "red"
                     : place->bad_end  ? "red"
                                       : "fg",
                     g_ptr_array_index(place->lines, i), 0);
}

/* Where a power-on that was cut ends, or its right edge. */
static int picture_end_x(const struct picture_cycle *cycle)
{
    if (!cycle->cycle->cut)
        return cycle->x + cycle->width;
    return MIN(picture_column_x(cycle, cycle->cycle->steps->len) + 5, cycle->x + cycle->width);
}

static void draw_cycle(struct picture *picture, const struct picture_cycle *place)
{
    const GPtrArray *steps = place->cycle->steps;

    draw_frame(picture, place);
    for (guint i = 0; i < picture->areas->len; i++)
        open_bars(picture, &g_array_index(picture->areas, struct picture_area, i), place->x);
    for (guint i = 0; i < steps->len; i++)
        take_step(picture, g_ptr_array_index(steps, i), picture_column_x(place, i));
    for (guint i = 0; i < picture->areas->len; i++)
        close_bars(picture, &g_array_index(picture->areas, struct picture_area, i), picture_end_x(place));
    for (guint i = 0; i < steps->len; i++) {
        const struct rig_path_step *step = g_ptr_array_index(steps, i);

        if (step->kind == RIG_PATH_MORE)
            draw_more(picture, place, i);
        else
            draw_mark(picture, place, i);
    }
    draw_scale(picture, place);
    draw_cut(picture, place);
}

static void append_band_name(GString *out, const struct picture_area *area, const struct picture_band *band)
{
    g_autofree char *name = band->first == band->last
                                ? g_strdup_printf("%u", band->first)
                                : g_strdup_printf("%u\u2013%u", band->first, band->last);

    if (area->band_height >= 10)
        picture_text(out, MARGIN + LABELS_WIDTH - 10, band->y + area->band_height - 5, "end", name, 12);
}

static void append_names(struct picture *picture)
{
    for (guint i = 0; i < picture->areas->len; i++) {
        const struct picture_area *area = &g_array_index(picture->areas, struct picture_area, i);

        picture_text(picture->out, MARGIN, area->top + 12, "b", area->told->name, 10);
        picture_text(picture->out, MARGIN, area->top + 25, "dim", "sector", 0);
        for (guint k = 0; k < area->bands->len; k++)
            append_band_name(picture->out, area, &g_array_index(area->bands, struct picture_band, k));
        for (int field = 0; field < N_FIELDS; field++)
            if (area->fields >> field & 1)
                picture_text(picture->out, MARGIN + LABELS_WIDTH - 10,
                             area->field_y[field] + FIELD_HEIGHT - 4, "end",
                             picture_field_name((enum picture_field)field, area->is_page), 0);
    }
}

static int append_rows(struct picture *picture, int y)
{
    for (guint row = 0; row < picture->n_rows; row++) {
        g_string_append_printf(picture->out, "<g transform=\"translate(0 %d)\">\n", y);
        append_names(picture);
        for (guint i = 0; i < picture->cycles->len; i++) {
            const struct picture_cycle *place = &g_array_index(picture->cycles, struct picture_cycle, i);

            if (place->row == row)
                draw_cycle(picture, place);
        }
        g_string_append(picture->out, "</g>\n");
        y += picture->body_height + (int)g_array_index(picture->foot_lines, guint, row) * LINE_HEIGHT + 30;
    }
    return y;
}

static int swatch(struct picture *picture, int x, int y, const char *class, char over, const char *text)
{
    g_string_append_printf(picture->out, "<rect x=\"%d\" y=\"%d\" width=\"22\" height=\"12\" class=\"%s\"/>",
                           x, y - 10, class);
    if (over)
        pattern(picture, x, y - 10, 22, 12, over);
    picture_text(picture->out, x + 27, y, NULL, text, 24);
    return x + 27 + (int)MIN(g_utf8_strlen(text, -1), 24) * 6 + 18;
}

#define LEGEND_OF_BARS                                                                                       \
    "numbers on bars: sectors of the image \u00b7 begin: the rest is not there yet \u00b7 E erase, W "       \
    "write, "                                                                                                \
    "over them the operation's number"

static void append_legend(struct picture *picture, int y)
{
    g_autofree char *old = g_strdup_printf("%s (old)", picture->path->old_name);
    g_autofree char *fresh = g_strdup_printf("%s (new)", picture->path->new_name);
    bool pages = has_pages(picture);
    int x = MARGIN;

    x = swatch(picture, x, y, "old", 0, g_str_equal(picture->path->old_name, "old") ? "old image" : old);
    x = swatch(picture, x, y, "new", 'h', g_str_equal(picture->path->new_name, "new") ? "new image" : fresh);
    x = swatch(picture, x, y, "mix", 'x', "mixed, torn or bad");
    x = swatch(picture, x, y, "era", 0, "erased");
    x = swatch(picture, x, y, "tr", 0, pages ? "settings page" : "trailer");
    swatch(picture, x, y, "img", 0, "image data over it");
    append_lines(picture, y + 19, "dim",
                 pages ? LEGEND_OF_BARS : LEGEND_OF_BARS " \u00b7 swap status 4.1: step 4, state 1", 56,
                 LINE_HEIGHT);
}

static void picture_clear(struct picture *picture)
{
    for (guint i = 0; i < picture->areas->len; i++) {
        g_array_unref(g_array_index(picture->areas, struct picture_area, i).bands);
        g_array_unref(g_array_index(picture->areas, struct picture_area, i).cells);
    }
    g_ptr_array_unref(picture->steps);
    for (guint i = 0; i < picture->cycles->len; i++)
        g_ptr_array_unref(g_array_index(picture->cycles, struct picture_cycle, i).lines);
    g_array_unref(picture->areas);
    g_array_unref(picture->cycles);
    g_array_unref(picture->foot_lines);
}

void rig_picture_append(GString *out, const struct rig_path *path, const char *subtitle, guint number)
{
    g_autoptr(GString) body = g_string_new(NULL);
    struct picture picture = {.path = path, .out = body, .number = number};
    int y;

    picture_lay_out(&picture);
    rig_path_begin(path, &picture.state);
    y = append_title(&picture, subtitle);
    y = append_rows(&picture, y);
    append_legend(&picture, y + 8);
    y += LEGEND_HEIGHT;
    g_string_append_printf(out,
                           "<svg xmlns=\"http://www.w3.org/2000/svg\" class=\"rp\" role=\"img\" "
                           "aria-labelledby=\"t%u d%u\" width=\"%d\" height=\"%d\" viewBox=\"0 0 %d %d\">\n",
                           number, number, picture.width, y, picture.width, y);
    append_description(out, path, subtitle, number);
    g_string_append_printf(out, "<style>%s</style>\n", style);
    append_patterns(out, number);
    g_string_append_printf(out, "<rect width=\"%d\" height=\"%d\" class=\"bgd\"/>\n", picture.width, y);
    g_string_append_len(out, body->str, (gssize)body->len);
    g_string_append(out, "</svg>\n");
    picture_clear(&picture);
}

char *rig_picture_file(const struct rig_path *path, const char *subtitle, gsize *n_bytes)
{
    GString *out = g_string_new("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");

    rig_picture_append(out, path, subtitle, 0);
    *n_bytes = out->len;
    return g_string_free(out, FALSE);
}
