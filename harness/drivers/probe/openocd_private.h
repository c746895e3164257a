/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Insides of the OpenOCD probe, for its own files only. */
#ifndef RIG_DRIVERS_PROBE_OPENOCD_PRIVATE_H
#define RIG_DRIVERS_PROBE_OPENOCD_PRIVATE_H

#include "drivers/probe/openocd_probe.h"

G_BEGIN_DECLS

static inline struct rig_openocd_probe *rig_openocd_of(struct rig_probe *probe)
{
    return (struct rig_openocd_probe *)probe;
}

/* One command without an answer, with the usual deadline. */
bool rig_openocd_do(struct rig_openocd_probe *probe, GError **error,
                    const char *text) G_GNUC_WARN_UNUSED_RESULT;
/* The target has power, was examined since it came back, and is the chip that was expected. what: "halt", for
 * the message. */
bool rig_openocd_need_target(struct rig_openocd_probe *probe, const char *what,
                             GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* A board that is off is powered and held in reset, so that it can be read. */
bool rig_openocd_peek(struct rig_openocd_probe *probe, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* "running", "halted", "reset", "unknown", as openocd sees it now; owned by the caller. */
char *rig_openocd_state(struct rig_openocd_probe *probe, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* A path in the probe's own folder; owned by the caller. */
char *rig_openocd_file(const struct rig_openocd_probe *probe, const char *name);

/* openocd_identity.c. false: another chip, or none that can be asked. */
bool rig_openocd_check_identity(struct rig_openocd_probe *probe, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* openocd_flash.c */
bool rig_openocd_flash_read(struct rig_probe *base, const char *device, guint32 offset, guint8 *into,
                            gsize n_bytes, GError **error);
bool rig_openocd_flash_program(struct rig_probe *base, const char *device, guint32 offset,
                               const guint8 *bytes, gsize n_bytes, GError **error);

/* openocd_view.c */
bool rig_openocd_view(struct rig_probe *base, struct rig_board_view *view, GError **error);

G_END_DECLS

#endif
