/* SPDX-License-Identifier: GPL-3.0-or-later */
/* One `power:` entry read by the shapes of bench files. */
#include "tests/power_stand.h"

struct rig_power *power_stand_open(struct rig_power_host *host, const char *entry, GError **error)
{
    struct stand {
        const struct rig_record *power;
    };
    static const struct rig_field fields[] = {RIG_FIELD("power", VARIANT, struct stand, power,
                                                        .shape = &rig_power_shape, .required = true,
                                                        .about = "The supply.")};
    static const struct rig_shape shape = {RIG_SHAPE("stand", fields, struct stand)};
    g_autofree char *text = g_strdup_printf("power: %s\n", entry);
    g_autoptr(rig_source) source = rig_source_from_text("stand.yaml", text);
    g_autoptr(rig_document) document = NULL;
    g_autoptr(rig_record) record = NULL;
    const struct rig_field *driver = NULL;
    const struct rig_value *value = NULL;
    struct rig_diagnostics diagnostics;
    g_autofree char *shown = NULL;

    rig_diagnostics_init(&diagnostics);
    document = rig_document_parse(source, &diagnostics);
    record = document ? rig_record_read(rig_document_root(document), &shape, NULL, &diagnostics) : NULL;
    shown = rig_diagnostics_format(&diagnostics, false);
    rig_diagnostics_clear(&diagnostics);
    if (*shown || !record)
        g_error("%s", shown);
    driver = rig_record_variant(RIG_STRUCT(record, struct stand)->power, &value);
    return rig_power_open(host, driver, value->record, error);
}
