/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Any text as a manifest. No name that it gives leads out of the package. */
#include <stdlib.h>

#include "package/manifest.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n_bytes);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n_bytes)
{
    struct rig_manifest manifest;
    g_autoptr(GError) error = NULL;

    if (!rig_manifest_read((const char *)bytes, n_bytes, &manifest, &error)) {
        if (!error || manifest.n_entries)
            abort();
        return 0;
    }
    if (manifest.n_entries == 0 || manifest.n_entries > RIG_PACKAGE_MAX_PARTS)
        abort();
    for (guint i = 0; i < manifest.n_entries; i++)
        if (rig_manifest_leads_out(manifest.entries[i].bin_file) ||
            rig_manifest_leads_out(manifest.entries[i].dat_file))
            abort();
    rig_manifest_clear(&manifest);
    return 0;
}
