/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Any bytes as a target file, board options and all; and as a raw scalar of every type, which may come by a
 * socket or the command line and need not be UTF-8. */
#include "bench/target.h"
#include "scenario/scalar.h"

#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n_bytes);

static void as_target(const uint8_t *bytes, size_t n_bytes)
{
    struct rig_source *source = rig_source_from_bytes("fuzz.yaml", bytes, n_bytes, NULL);
    struct rig_diagnostics diagnostics;
    struct rig_document *document;
    struct rig_record *record = NULL;
    char *shown;

    if (!source)
        return;
    rig_diagnostics_init(&diagnostics);
    document = rig_document_parse(source, &diagnostics);
    if (document)
        record = rig_record_read(rig_document_root(document), &rig_target_shape, NULL, &diagnostics);
    shown = rig_diagnostics_format(&diagnostics, false);
    g_assert((record && !*shown) || *shown);
    g_free(shown);
    rig_record_free(record);
    rig_document_free(document);
    rig_source_free(source);
    rig_diagnostics_clear(&diagnostics);
}

static void as_scalar(const char *text)
{
    for (guint type = RIG_TYPE_FLAG; type <= RIG_TYPE_HEX; type++) {
        const struct rig_field field = {.name = "x", .type = (enum rig_type)type, .max = 3600000000u};
        struct rig_scalar_problem problem = {0};
        struct rig_value value = {0};
        bool ok = rig_scalar_read(&field, text, &value, &problem);

        g_assert(ok || problem.message);
        g_assert(ok || g_utf8_validate(problem.message, -1, NULL));
        if (ok && type == RIG_TYPE_HEX)
            g_bytes_unref(value.bytes);
        rig_scalar_problem_clear(&problem);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n_bytes)
{
    g_autofree char *text = g_strndup((const char *)bytes, n_bytes);

    as_scalar(text);
    as_target(bytes, n_bytes);
    return 0;
}
