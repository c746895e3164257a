/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The picture of a path of power cuts, as SVG: from left to right the power-ons with their flash operations,
 * from top to bottom the sectors and trailer fields of slots and scratch; each bar is what one of them holds
 * until it changes. No script, nothing loaded, light and dark, every text escaped. */
#ifndef RIG_REPORT_PICTURE_H
#define RIG_REPORT_PICTURE_H

#include "report/exploration.h"

G_BEGIN_DECLS

#define RIG_PICTURE_WIDTH 1560 /* pixels, at the most */

/* One SVG element. subtitle: whose path it is, may be NULL. number: of the picture within its page, so that
 * two do not share the names of their patterns. Depends on nothing but its arguments. */
void rig_picture_append(GString *out, const struct rig_path *path, const char *subtitle, guint number);

/* A file of its own, with the XML declaration. Owned by the caller. */
char *rig_picture_file(const struct rig_path *path, const char *subtitle, gsize *n_bytes);

/* A picture of a run and the file it belongs into. */
struct rig_picture {
    const struct rig_case_result *result; /* borrowed, as is the path */
    const struct rig_attempt *attempt;
    const struct rig_path *path;
    char *name; /* "explore-any-cuts-revert-not-lost.svg": unique within the run */
};
/* Of every path that breaks something, in the order of the run: GPtrArray of struct rig_picture *. */
#define RIG_PICTURES_MAX 200
GPtrArray *rig_pictures_of(const struct rig_results *results);
/* Writes them all into a folder that is made when it is missing and there is something to write; paths of the
 * files, for the caller to free, go into `written` (may be NULL). */
bool rig_pictures_write(const struct rig_results *results, const char *folder, GPtrArray *written,
                        GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* The name of a path's file, NULL when it has none. Borrowed from the pictures. */
const char *rig_picture_name(const GPtrArray *pictures, const struct rig_path *path);

G_END_DECLS

#endif
