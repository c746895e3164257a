/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Any bytes as a devicetree and as a partition table: refused with a reason, or a target that is checked. */
#include "bench/target.h"
#include "layouts/foreign.h"

int LLVMFuzzerTestOneInput(const guint8 *bytes, gsize n_bytes);

static void read_as(const char *name, const guint8 *bytes, gsize n_bytes)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(rig_source) source = rig_source_from_bytes(name, bytes, n_bytes, &error);
    g_autofree char *text = source ? rig_layout_read_foreign(source, &error) : NULL;
    g_autoptr(rig_target) target = NULL;

    g_assert(!text || !error);
    if (text)
        target = rig_target_from_source(rig_source_from_text("made.yaml", text), "made.yaml", &error);
}

int LLVMFuzzerTestOneInput(const guint8 *bytes, gsize n_bytes)
{
    read_as("a.dts", bytes, n_bytes);
    read_as("a.yml", bytes, n_bytes);
    return 0;
}
