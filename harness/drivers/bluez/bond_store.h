/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Bonds as bluetoothd keeps them: ROOT/<adapter address>/<device address>/info, a key file. They are read and
 * written as files; bluetoothd reads them at its start only. An exported bond is that key file with a group
 * [Bootrig] ahead that says whose it is. [SRC bluez doc/settings-storage.txt] */
#ifndef RIG_DRIVERS_BLUEZ_BOND_STORE_H
#define RIG_DRIVERS_BLUEZ_BOND_STORE_H

#include <glib.h>
#include <stdbool.h>

G_BEGIN_DECLS

#define RIG_BOND_STORE_ROOT "/var/lib/bluetooth"
#define RIG_BOND_MAX_FILE_BYTES 65536u /* of one bond; longer ones are refused */

struct rig_bond {
    char *adapter; /* "00:AA:01:00:00:00", capitals */
    char *device;
    char *name;         /* NULL: the board gave none */
    char *address_type; /* "public", "static", ...; NULL: not told */
    guint key_bytes;    /* of the long-term key, as encrypted with; 0: there is none */
    bool authenticated; /* it was made with a passkey or a comparison */
};
void rig_bond_free(struct rig_bond *bond);

/* struct rig_bond *, sorted by adapter and device: the devices that have a long-term key. Folders that are
 * not of bluetoothd's making, and files that are no key files, are passed over. RIG_ERROR_IO: ROOT cannot be
 * read. */
GPtrArray *rig_bond_store_list(const char *root, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Writes the device's bond to a file, mode 0600, whole or not at all. adapter: NULL = the only one that has a
 * bond with it. RIG_ERROR_INPUT: there is none, or several. */
bool rig_bond_store_export(const char *root, const char *adapter, const char *device, const char *path,
                           GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Reads an exported bond into ROOT, in place of one that is there. adapter: NULL = the one of the export,
 * whose folder must exist: the board knows this host by that address. *bond: whose it was, owned by the
 * caller. */
bool rig_bond_store_import(const char *root, const char *adapter, const char *path, struct rig_bond **bond,
                           GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Whose bond an exported file's text says that it is. name: for messages. Owned by the caller. */
struct rig_bond *rig_bond_from_text(const char *text, gsize n_bytes, const char *name,
                                    GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Removes what is kept of the device: the bond, and the cached services with it. RIG_ERROR_INPUT: there is
 * nothing. */
bool rig_bond_store_forget(const char *root, const char *adapter, const char *device,
                           GError **error) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS

#endif
