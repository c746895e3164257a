/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the settings pages of Nordic's bootloaders say, through the probe role: which application is recorded,
 * where bank 1 begins now, and all of it in words. */
#ifndef RIG_DRIVERS_PROBE_NORDIC_VIEW_H
#define RIG_DRIVERS_PROBE_NORDIC_VIEW_H

#include "drivers/probe/probe.h"
#include "image/legacy_settings.h"
#include "image/nordic_settings.h"

G_BEGIN_DECLS

/* Settings as the bootloader would take them at its next start. */
struct rig_nordic_recorded {
    enum rig_nordic_page main_page, backup_page; /* secure; no backup: the page counts as erased */
    struct rig_nordic_settings main_settings, backup_settings; /* secure: as they stand in the pages */
    struct rig_nordic_settings settings;                       /* secure: what counts of them */
    struct rig_legacy_settings legacy;
    bool blank;          /* legacy: the page was never written */
    bool valid;          /* an application is recorded as valid */
    guint32 n_bytes;     /* as it is recorded, valid or not; 0: none was ever */
    guint32 app_version; /* secure */
};
/* Of boards of a Nordic family. RIG_ERROR_DEVICE: the pages cannot be read. */
bool rig_nordic_read_settings(struct rig_probe *probe, struct rig_nordic_recorded *recorded,
                              GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Bank 0 or 1, as it begins now. false: there is none, or (with the error set) the settings cannot be read.
 */
bool rig_nordic_bank(struct rig_probe *probe, guint index, struct rig_slot *bank,
                     GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* The next start of the bootloader makes something active, or goes on with it; also when it cannot be read.
 */
bool rig_nordic_activates(struct rig_probe *probe);

/* How far an update has come, by the settings: *place 0 while nothing has started, 1 when a transfer is on
 * record, 2 when an image waits to be made active, then one more for each page that is copied; *n_places
 * grows to what there are besides 0. text: the same for people. false: the settings cannot be read. */
bool rig_nordic_progress(struct rig_probe *probe, guint *place, guint *n_places, char *text, gsize n_text);

/* The recorded application into the view: version, SHA-256 of its bytes. */
bool rig_nordic_look_at_image(struct rig_probe *probe, struct rig_board_view *view,
                              GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* "settings page: valid, layout 2, ...", "backup page: ...": a line each, NULL-terminated, owned by the
 * caller. What cannot be read is told so. */
char **rig_nordic_settings_texts(struct rig_probe *probe);

G_END_DECLS

#endif
