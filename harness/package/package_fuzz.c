/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Any bytes as a distribution package. What is read can be judged, is written again, and reads as the same.
 */
#include <stdlib.h>

#include "package/package.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n_bytes);

static void demand(bool holds)
{
    if (!holds)
        abort();
}

static void judge(const struct rig_package *package)
{
    g_autoptr(GPtrArray) problems = g_ptr_array_new_with_free_func(g_free);
    g_autoptr(GPtrArray) remarks = g_ptr_array_new_with_free_func(g_free);

    demand(rig_package_judge(package, NULL, 0, problems, remarks) == (problems->len == 0));
}

static void there_and_back(const struct rig_package *package)
{
    g_autoptr(GBytes) zip = rig_package_write(package, NULL);
    g_auto(rig_package) again = {0};

    demand(zip && rig_package_read(zip, &again, NULL));
    demand(again.n_parts == package->n_parts && again.version == package->version);
    for (guint i = 0; i < again.n_parts; i++)
        demand(again.parts[i].firmware == package->parts[i].firmware &&
               g_bytes_equal(again.parts[i].bytes, package->parts[i].bytes) &&
               g_bytes_equal(again.parts[i].init_packet, package->parts[i].init_packet));
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n_bytes)
{
    g_autoptr(GBytes) zip = g_bytes_new_static(bytes, n_bytes);
    g_auto(rig_package) package = {0};
    g_autoptr(GError) error = NULL;

    if (!rig_package_read(zip, &package, &error)) {
        demand(error && package.n_parts == 0);
        return 0;
    }
    demand(package.n_parts > 0 && package.n_parts <= RIG_PACKAGE_MAX_PARTS);
    judge(&package);
    there_and_back(&package);
    return 0;
}
