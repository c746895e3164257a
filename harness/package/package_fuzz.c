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

/* What is done to it changes it, and can be judged, too. */
static void damage(const struct rig_package *package)
{
    gsize n;
    const struct rig_package_damage *damages = rig_package_damages(&n);

    for (gsize i = 0; i < n; i++) {
        g_auto(rig_package) damaged = {.version = package->version, .n_parts = 1};

        damaged.parts[0] = package->parts[0];
        g_bytes_ref(damaged.parts[0].init_packet);
        g_bytes_ref(damaged.parts[0].bytes);
        if (rig_package_damage(&damaged.parts[0], package->version, damages[i].name, NULL, NULL, NULL))
            demand(!g_bytes_equal(damaged.parts[0].init_packet, package->parts[0].init_packet) ||
                   !g_bytes_equal(damaged.parts[0].bytes, package->parts[0].bytes));
        judge(&damaged);
    }
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
    damage(&package);
    return 0;
}
