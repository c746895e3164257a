/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What stands where on the flash of a subject: its areas with their sectors and trailers, which piece of
 * which image a sector holds, and what an operation there is in words. */
#ifndef RIG_EXPLORE_FLASH_MAP_H
#define RIG_EXPLORE_FLASH_MAP_H

#include "explore/subject.h"
#include "path/path.h"

G_BEGIN_DECLS

struct rig_mapped_area {
    const char *name; /* static */
    struct sim_area place;
    GArray *starts;  /* guint32: offset of each sector from the area's begin */
    guint32 trailer; /* where the trailer begins; place.n_bytes: it has none */
};

struct rig_flash_map {
    struct rig_subject *subject;            /* borrowed, as are the images */
    const struct rig_explore_image *images; /* RIG_N_EXPLORE_IMAGES */
    GPtrArray *areas;                       /* struct rig_mapped_area *, each place once */
};

struct rig_flash_map *rig_flash_map_new(struct rig_subject *subject, const struct rig_explore_image *images);
void rig_flash_map_free(struct rig_flash_map *map);

const struct rig_mapped_area *rig_flash_map_area(const struct rig_flash_map *map, guint index);
/* The area where an operation begins: its index; -1: none. */
int rig_flash_map_find(const struct rig_flash_map *map, const struct sim_flash_operation *operation);
/* The sector that holds an offset of the area. */
guint rig_mapped_area_sector(const struct rig_mapped_area *area, guint32 offset);
guint32 rig_mapped_area_end(const struct rig_mapped_area *area, guint sector); /* offset behind it */

/* What a sector holds now. */
struct rig_path_cell rig_flash_map_cell(const struct rig_flash_map *map, guint area, guint sector);

/* One operation in words: "write 16 B primary trailer: magic = good", "erase primary sector 3". Before or
 * after it happened. Owned by the caller. *field: short name of the trailer field that it writes, static;
 * NULL: no single one. */
char *rig_flash_map_text(const struct rig_flash_map *map, const struct sim_flash_operation *operation,
                         const char **field);
/* The same without sector and value: "write of primary magic", "erase of scratch trailer", "write of
 * secondary data". Owned by the caller. */
char *rig_flash_map_class(const struct rig_flash_map *map, const struct sim_flash_operation *operation);

G_END_DECLS

#endif
