/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Pieces of the picture that its own files share; nobody else includes this. All lengths are pixels. */
#ifndef RIG_REPORT_PICTURE_PARTS_H
#define RIG_REPORT_PICTURE_PARTS_H

#include "report/picture.h"

#define MARGIN 16
#define LABELS_WIDTH 118 /* names of sectors and fields, left of every row of power-ons */
#define HEAD_HEIGHT 66   /* of a power-on */
#define AREA_GAP 16
#define FIELD_HEIGHT 14
#define LINE_HEIGHT 14
#define BEFORE_WIDTH 22 /* what holds at power-on, left of the first operation */
#define CYCLE_GAP 14
#define MIN_CYCLE_WIDTH 224
#define COLUMN_WIDTH 30
#define MORE_WIDTH 34

/* Neighbouring sectors to which the same happens, one after the other. */
struct picture_band {
    guint first, last;
    int y; /* from the top of the row of power-ons */
    /* The bar that is being drawn: where it begins, and what of its begin is covered by a mark. */
    int from;
    int lead;
};

enum picture_field {
    FIELD_MAGIC,
    FIELD_TYPE,
    FIELD_SIZE,
    FIELD_SIZES,
    FIELD_COPY_DONE,
    FIELD_IMAGE_OK,
    FIELD_STATUS,
    N_FIELDS
};
/* The row that a step's field belongs to; N_FIELDS: none. */
enum picture_field picture_field_of(const char *name);

/* What one field shows, and from where on. Borrowed from the path. */
struct picture_value {
    char value[24];    /* "" = nothing */
    const char *words; /* the same at length; NULL: the value says it all */
    bool is_image;     /* there is image data where the trailer would be */
    int from;
    int lead;
};

struct picture_area {
    guint index; /* in the path */
    const struct rig_path_area *told;
    GArray *cells; /* struct rig_path_cell: as drawn so far */
    GArray *bands;
    guint fields; /* bits of enum picture_field: those that ever hold something are drawn */
    bool is_page; /* what is kept there is a page of settings, no trailer */
    int top, height;
    int band_height;
    int field_y[N_FIELDS];
    struct picture_value values[N_FIELDS];
};

struct picture_cycle {
    const struct rig_path_cycle *cycle;
    guint row;
    int x, width;
    int column_width;
    GPtrArray *lines; /* char *: how it ended */
    bool bad_end;
};

struct picture {
    const struct rig_path *path;
    GString *out;
    guint number;
    GPtrArray *steps; /* of all power cycles, borrowed */
    GArray *areas;    /* struct picture_area */
    GArray *cycles;   /* struct picture_cycle */
    guint n_rows;
    int body_height;    /* of the areas */
    GArray *foot_lines; /* guint, per row */
    int width;
    struct rig_path_state state;
};

void picture_lay_out(struct picture *picture);
/* Left edge of a step's column, and the right edge of the last one for step == n. */
int picture_column_x(const struct picture_cycle *cycle, guint step);
int picture_column_width(const struct picture_cycle *cycle, const struct rig_path_step *step);

/* What a trailer shows in one of its rows; "" = nothing. Borrowed, or in `digits`. */
const char *picture_field_value(const struct rig_path_trailer *trailer, enum picture_field field,
                                char digits[24]);

/* Escaped; class may be NULL; cut to n_columns of text with an ellipsis when it is longer, 0 = not. */
void picture_text(GString *out, int x, int y, const char *class, const char *text, guint n_columns);
/* Splits at spaces into lines of at most n_columns, at most max_lines of them. */
void picture_wrap(GPtrArray *lines, const char *text, guint n_columns, guint max_lines);

#endif
