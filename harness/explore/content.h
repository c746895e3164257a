/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Flash contents as numbers: pages are interned by their bytes (hash, then exact comparison), a content is
 * its list of pages, equal contents have the same number. What one operation makes of a content is
 * remembered, so that walking a known way costs a comparison. */
#ifndef RIG_EXPLORE_CONTENT_H
#define RIG_EXPLORE_CONTENT_H

#include <glib.h>
#include <stdbool.h>

#include "sim/chip/flash/flash.h"

G_BEGIN_DECLS

#define RIG_CONTENT_NONE G_MAXUINT32

struct rig_contents;

/* For flashes of this one's geometry; the flash itself is not kept. */
struct rig_contents *rig_contents_new(const struct sim_flash *flash);
void rig_contents_free(struct rig_contents *contents);
typedef struct rig_contents rig_contents;
G_DEFINE_AUTOPTR_CLEANUP_FUNC(rig_contents, rig_contents_free)

guint32 rig_contents_count(const struct rig_contents *contents);
gsize rig_contents_bytes(const struct rig_contents *contents); /* memory in use, roughly */

/* The number of what the flash holds now. */
guint32 rig_contents_of_flash(struct rig_contents *contents, const struct sim_flash *flash);
/* Makes the flash hold a content. `held`: the content that it holds now, RIG_CONTENT_NONE when that is not
 * known. No operation. */
void rig_contents_load(const struct rig_contents *contents, guint32 content, guint32 held,
                       struct sim_flash *flash);

/* What becomes of a content by one operation that happens in full, or, torn, by its first half (bytes of a
 * write, rounded down; of an erased sector). Numbers are given in the order of first asking. */
guint32 rig_contents_after(struct rig_contents *contents, guint32 content,
                           const struct sim_flash_operation *operation);
guint32 rig_contents_torn(struct rig_contents *contents, guint32 content,
                          const struct sim_flash_operation *operation);
/* Both at once. */
guint32 rig_contents_after_and_torn(struct rig_contents *contents, guint32 content,
                                    const struct sim_flash_operation *operation, guint32 *torn);

/* The steps between contents that were asked for so far, in the order of first asking: for telling them to
 * another process. The bytes of a write are those that `to` holds there. */
struct rig_content_step {
    guint32 from;
    guint32 to;
    guint32 torn; /* RIG_CONTENT_NONE: not asked for */
    guint8 device;
    guint8 kind; /* enum sim_flash_kind */
    guint32 offset;
    guint32 n_bytes;
};
/* The tables themselves, for keeping them in a file: pages of SIM_FLASH_PAGE_BYTES, contents as lists of
 * pages (n_places of them). put: the number that it has here, the next one when it is new. The
 * first n_own_pages are there from the start. */
struct rig_contents_extent {
    guint32 n_pages, n_own_pages, n_places;
};
struct rig_contents_extent rig_contents_extent(const struct rig_contents *contents);
const guint8 *rig_contents_page(const struct rig_contents *contents, guint32 page);
const guint32 *rig_contents_list(const struct rig_contents *contents, guint32 content);
guint32 rig_contents_put_page(struct rig_contents *contents, const guint8 *bytes);
guint32 rig_contents_put_list(struct rig_contents *contents, const guint32 *pages);

guint32 rig_contents_n_steps(const struct rig_contents *contents);
struct rig_content_step rig_contents_step(const struct rig_contents *contents, guint32 number);
/* Everything still is what was interned: false = something wrote over this memory. Takes time. */
bool rig_contents_are_sound(const struct rig_contents *contents);

bool rig_contents_has_range(const struct rig_contents *contents, guint device, guint32 offset, gsize n_bytes);
/* The range lies within the device. */
void rig_contents_read(const struct rig_contents *contents, guint32 content, guint device, guint32 offset,
                       guint8 *into, gsize n_bytes);
/* Where the range's bytes are, when they lie in one page; NULL: they do not. Valid as long as the contents.
 */
const guint8 *rig_contents_bytes_at(const struct rig_contents *contents, guint32 content, guint device,
                                    guint32 offset, gsize n_bytes);
bool rig_contents_same_range(const struct rig_contents *contents, guint32 one, guint32 other, guint device,
                             guint32 offset, gsize n_bytes);
/* The same bytes in the same range have the same hash. */
guint64 rig_contents_range_hash(const struct rig_contents *contents, guint32 content, guint device,
                                guint32 offset, gsize n_bytes);
bool rig_contents_holds(const struct rig_contents *contents, guint32 content, guint device, guint32 offset,
                        const guint8 *bytes, gsize n_bytes);
bool rig_contents_is_erased(const struct rig_contents *contents, guint32 content, guint device,
                            guint32 offset, gsize n_bytes);

G_END_DECLS

#endif
