/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A copy of the objects of a D-Bus object manager: path -> interface -> property -> value. No I/O; values of
 * unexpected types are kept as they are, and looked at with their type. */
#ifndef RIG_DRIVERS_BLUEZ_OBJECTS_H
#define RIG_DRIVERS_BLUEZ_OBJECTS_H

#include <gio/gio.h>
#include <stdbool.h>

G_BEGIN_DECLS

#define RIG_BLUEZ_MAX_OBJECTS 4096 /* more than that is no sane daemon; further ones are left out */

struct rig_bluez_objects;
struct rig_bluez_objects *rig_bluez_objects_new(void);
void rig_bluez_objects_free(struct rig_bluez_objects *objects);
void rig_bluez_objects_clear(struct rig_bluez_objects *objects);

/* properties: "a{sv}"; merged with what is there. */
void rig_bluez_objects_set(struct rig_bluez_objects *objects, const char *path, const char *interface,
                           GVariant *properties);
void rig_bluez_objects_unset(struct rig_bluez_objects *objects, const char *path, const char *interface,
                             const char *name);
void rig_bluez_objects_remove(struct rig_bluez_objects *objects, const char *path, const char *interface);

/* Borrowed; NULL: not there. */
GVariant *rig_bluez_objects_get(const struct rig_bluez_objects *objects, const char *path,
                                const char *interface, const char *name);
bool rig_bluez_objects_has(const struct rig_bluez_objects *objects, const char *path, const char *interface);
char **rig_bluez_objects_paths(const struct rig_bluez_objects *objects, const char *interface,
                               const char *below);

G_END_DECLS

#endif
