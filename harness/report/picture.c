/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The picture of a path: title, rows of power-ons, legend. What is inside a power-on is in picture_rows.c. */
#include "report/picture.h"

#include <string.h>

#include "report/output.h"
#include "report/picture_parts.h"
#include "report/text.h"

#define TITLE_LINE 20
#define MAX_TITLE_LINES 4
#define LEGEND_HEIGHT 48
#define MAX_NAME_CHARS 120

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

/* What the picture says, for those who do not see it. */
static void append_description(GString *out, const struct rig_path *path, const char *subtitle, guint number)
{
    g_autoptr(GString) words = g_string_new(NULL);

    g_string_append_printf(out, "<title id=\"t%u\">", number);
    for (guint i = 0; i < path->broken->len; i++) {
        const struct rig_path_broken *broken = g_ptr_array_index(path->broken, i);

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
        const struct rig_path_broken *broken = g_ptr_array_index(path->broken, i);
        g_autofree char *line = g_strdup_printf("%s is broken: %s", broken->invariant, broken->text);

        y = append_lines(picture, y, "h", line, 87, TITLE_LINE);
        if (path->broken->len == 1)
            y = append_lines(picture, y, NULL, broken->about, 60, LINE_HEIGHT + 2);
    }
    if (path->broken->len == 0)
        y = append_lines(picture, y, "h", "This path of power cuts breaks nothing", 87, TITLE_LINE);
    return append_lines(picture, y + 2, "dim", cuts, 60, LINE_HEIGHT) + 2;
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
        const struct rig_path_area *told = g_ptr_array_index(picture->path->areas, area->index);

        picture_text(picture->out, MARGIN, area->top + 12, "b", told->name, 10);
        picture_text(picture->out, MARGIN, area->top + 25, "dim", "sector", 0);
        for (guint k = 0; k < area->bands->len; k++)
            append_band_name(picture->out, area, &g_array_index(area->bands, struct picture_band, k));
        for (int field = 0; field < N_FIELDS; field++)
            if (area->fields >> field & 1)
                picture_text(picture->out, MARGIN + LABELS_WIDTH - 10,
                             area->field_y[field] + FIELD_HEIGHT - 4, "end",
                             picture_field_name((enum picture_field)field), 0);
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
                picture_draw_cycle(picture, place);
        }
        g_string_append(picture->out, "</g>\n");
        y += picture->body_height + (int)g_array_index(picture->foot_lines, guint, row) * LINE_HEIGHT + 30;
    }
    return y;
}

static int swatch(struct picture *picture, int x, int y, const char *class, const char *pattern,
                  const char *text)
{
    GString *out = picture->out;

    g_string_append_printf(out, "<rect x=\"%d\" y=\"%d\" width=\"22\" height=\"12\" class=\"%s\"/>", x,
                           y - 10, class);
    if (pattern)
        g_string_append_printf(out,
                               "<rect x=\"%d\" y=\"%d\" width=\"22\" height=\"12\" fill=\"url(#%s%u)\"/>", x,
                               y - 10, pattern, picture->number);
    picture_text(out, x + 27, y, NULL, text, 24);
    return x + 27 + (int)MIN(g_utf8_strlen(text, -1), 24) * 6 + 18;
}

static void append_legend(struct picture *picture, int y)
{
    g_autofree char *old = g_strdup_printf("%s (old)", picture->path->old_name);
    g_autofree char *fresh = g_strdup_printf("%s (new)", picture->path->new_name);
    int x = MARGIN;

    x = swatch(picture, x, y, "old", NULL, g_str_equal(picture->path->old_name, "old") ? "old image" : old);
    x = swatch(picture, x, y, "new", "h", g_str_equal(picture->path->new_name, "new") ? "new image" : fresh);
    x = swatch(picture, x, y, "mix", "x", "mixed, torn or bad");
    x = swatch(picture, x, y, "era", NULL, "erased");
    x = swatch(picture, x, y, "tr", NULL, "trailer");
    swatch(picture, x, y, "img", NULL, "image data over it");
    append_lines(picture, y + 19, "dim",
                 "numbers on bars: sectors of the image \u00b7 begin: the rest is not there yet \u00b7 E "
                 "erase, W write, "
                 "over them the operation's number \u00b7 swap status 4.1: step 4, state 1",
                 56, LINE_HEIGHT);
}

void rig_picture_append(GString *out, const struct rig_path *path, const char *subtitle, guint number)
{
    g_autoptr(GString) body = g_string_new(NULL);
    struct picture picture = {.path = path, .out = body, .number = number};
    int y;

    picture_lay_out(&picture);
    picture.cells = g_ptr_array_new_with_free_func((GDestroyNotify)g_array_unref);
    for (guint i = 0; i < path->areas->len; i++)
        g_ptr_array_add(
            picture.cells,
            g_array_copy(((const struct rig_path_area *)g_ptr_array_index(path->areas, i))->cells));
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
    g_ptr_array_unref(picture.cells);
    picture_clear(&picture);
}

char *rig_picture_file(const struct rig_path *path, const char *subtitle, gsize *n_bytes)
{
    GString *out = g_string_new("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");

    rig_picture_append(out, path, subtitle, 0);
    *n_bytes = out->len;
    return g_string_free(out, FALSE);
}

static void free_picture(gpointer at)
{
    struct rig_picture *picture = at;

    g_free(picture->name);
    g_free(picture);
}

/* Names come from scenarios: only what is harmless in a file name stays. */
static void append_harmless(GString *name, const char *text)
{
    guint n = 0;

    for (; *text && n < MAX_NAME_CHARS; text++, n++) {
        bool harmless = g_ascii_isalnum(*text) || strchr("=_.+", *text);

        if (harmless)
            g_string_append_c(name, *text);
        else if (name->str[name->len - 1] != '-')
            g_string_append_c(name, '-');
    }
    if (name->str[name->len - 1] == '-')
        g_string_truncate(name, name->len - 1);
}

static char *file_name(GHashTable *n_named, const struct rig_case_result *result, const struct rig_path *path)
{
    const struct rig_path_broken *broken = g_ptr_array_index(path->broken, 0);
    g_autoptr(GString) name = g_string_new("explore-");
    guint n;

    append_harmless(name, result->name);
    g_string_append_c(name, '-');
    append_harmless(name, broken->invariant);
    n = GPOINTER_TO_UINT(g_hash_table_lookup(n_named, name->str)) + 1;
    g_hash_table_replace(n_named, g_strdup(name->str), GUINT_TO_POINTER(n));
    if (n > 1)
        g_string_append_printf(name, "-%u", n);
    g_string_append(name, ".svg");
    return g_strdup(name->str);
}

static void add_pictures(GPtrArray *pictures, GHashTable *n_named, const struct rig_case_result *result,
                         const struct rig_attempt *attempt)
{
    for (guint i = 0; i < attempt->paths->len && pictures->len < RIG_PICTURES_MAX; i++) {
        const struct rig_path *path = g_ptr_array_index(attempt->paths, i);
        struct rig_picture *picture;

        if (path->broken->len == 0)
            continue;
        picture = g_new0(struct rig_picture, 1);
        *picture = (struct rig_picture){
            .result = result, .attempt = attempt, .path = path, .name = file_name(n_named, result, path)};
        g_ptr_array_add(pictures, picture);
    }
}

GPtrArray *rig_pictures_of(const struct rig_results *results)
{
    GPtrArray *pictures = g_ptr_array_new_with_free_func(free_picture);
    g_autoptr(GHashTable) n_named = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);

    for (guint i = 0; i < results->cases->len; i++) {
        const struct rig_case_result *result = g_ptr_array_index(results->cases, i);

        for (guint k = 0; k < result->attempts->len; k++)
            add_pictures(pictures, n_named, result, g_ptr_array_index(result->attempts, k));
    }
    return pictures;
}

bool rig_pictures_write(const struct rig_results *results, const char *folder, GPtrArray *written,
                        GError **error)
{
    g_autoptr(GPtrArray) pictures = rig_pictures_of(results);

    if (pictures->len > 0 && !rig_output_make_folder(folder, error))
        return false;
    for (guint i = 0; i < pictures->len; i++) {
        const struct rig_picture *picture = g_ptr_array_index(pictures, i);
        g_autofree char *file = g_build_filename(folder, picture->name, NULL);
        gsize n_bytes = 0;
        g_autofree char *text = rig_picture_file(picture->path, picture->result->id, &n_bytes);

        if (!rig_file_replace(file, RIG_FILE_PUBLIC, text, n_bytes, error))
            return false;
        if (written)
            g_ptr_array_add(written, g_steal_pointer(&file));
    }
    return true;
}

const char *rig_picture_name(const GPtrArray *pictures, const struct rig_path *path)
{
    for (guint i = 0; i < pictures->len; i++) {
        const struct rig_picture *picture = g_ptr_array_index(pictures, i);

        if (picture->path == path)
            return picture->name;
    }
    return NULL;
}
