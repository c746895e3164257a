/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Packages in files and keys for the package commands. */
#include "cli/package_files.h"

#include "base/error.h"
#include "cli/image_files.h"

int rig_cli_package_complain(const GError *error)
{
    g_printerr("bootrig package: %s\n", error->message);
    return RIG_IMAGE_EXIT_BAD;
}

bool rig_cli_package_save(const char *path, const struct rig_package *package, GError **error)
{
    g_autoptr(GBytes) zip = rig_package_write(package, error);

    return zip &&
           rig_file_replace(path, RIG_FILE_PUBLIC, g_bytes_get_data(zip, NULL), g_bytes_get_size(zip), error);
}

struct rig_key *rig_cli_package_key(const char *where, bool for_signing, GError **error)
{
    struct rig_key *key = rig_image_key_load(where, error);

    if (key && rig_key_kind(key) != RIG_KEY_ECDSA_P256) {
        g_set_error(error, RIG_ERROR, RIG_ERROR_USAGE,
                    "%s: packages are signed with ecdsa-p256 keys, and this "
                    "one is %s",
                    where, rig_key_kind_name(rig_key_kind(key)));
    } else if (key && for_signing && !rig_key_is_private(key)) {
        g_set_error(error, RIG_ERROR, RIG_ERROR_USAGE, "%s is a public key: it cannot sign", where);
    } else {
        return key;
    }
    rig_key_free(key);
    return NULL;
}
