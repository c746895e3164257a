/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Elements and attributes that all of the JUnit report is made of. */
#include "report/junit_parts.h"

#include <string.h>

#include "report/picture.h"
#include "report/text.h"

void junit_attribute(struct junit_document *out, const char *name, const char *text, gsize max_bytes)
{
    g_autoptr(GString) bounded = g_string_new(NULL);
    g_autoptr(GString) legal = g_string_new(NULL);

    rig_text_bounded(bounded, text, strlen(text), max_bytes);
    rig_text_xml(legal, bounded->str);
    xmlTextWriterWriteAttribute(out->xml, BAD_CAST name, BAD_CAST legal->str);
}

void junit_count_attribute(struct junit_document *out, const char *name, guint count)
{
    char digits[16];

    g_snprintf(digits, sizeof digits, "%u", count);
    xmlTextWriterWriteAttribute(out->xml, BAD_CAST name, BAD_CAST digits);
}

void junit_time_attribute(struct junit_document *out, gint64 ms)
{
    char seconds[32];

    g_snprintf(seconds, sizeof seconds, "%" G_GINT64_FORMAT ".%03d", ms / 1000, (int)(ms % 1000));
    xmlTextWriterWriteAttribute(out->xml, BAD_CAST "time", BAD_CAST seconds);
}

/* Only what is really a time: "YYYY-MM-DDThh:mm:ss" and what may follow becomes "...Z" without fractions. */
void junit_timestamp_attribute(struct junit_document *out, const char *wall)
{
    static const char form[] = "dddd-dd-ddTdd:dd:dd";
    g_autofree char *text = NULL;
    g_autoptr(GDateTime) time = NULL;

    for (gsize i = 0; i < sizeof form - 1; i++)
        if (!wall || (form[i] == 'd' ? !g_ascii_isdigit(wall[i]) : wall[i] != form[i]))
            return;
    text = g_strdup_printf("%.19sZ", wall);
    time = g_date_time_new_from_iso8601(text, NULL);
    if (time)
        xmlTextWriterWriteAttribute(out->xml, BAD_CAST "timestamp", BAD_CAST text);
}

void junit_body(struct junit_document *out, const char *text, gsize n_bytes)
{
    g_autoptr(GString) legal = g_string_sized_new(n_bytes);
    g_autoptr(GString) bounded = g_string_sized_new(MIN(n_bytes, RIG_JUNIT_MAX_CASE_BYTES) + 64);

    rig_text_xml(legal, text);
    rig_text_bounded(bounded, legal->str, legal->len, RIG_JUNIT_MAX_CASE_BYTES);
    xmlTextWriterWriteString(out->xml, BAD_CAST bounded->str);
}

void junit_element(struct junit_document *out, const char *name, const char *text)
{
    xmlTextWriterStartElement(out->xml, BAD_CAST name);
    junit_body(out, text, strlen(text));
    xmlTextWriterEndElement(out->xml);
}

static bool is_attachable(const char *path)
{
    return *path && !strpbrk(path, "|\r\n") && !strstr(path, "]]");
}

/* Last, each on its own line: the readers trim the middle of a long output. */
void junit_append_attachments(GString *text, const char *const *paths)
{
    for (; paths && *paths; paths++)
        if (is_attachable(*paths))
            g_string_append_printf(text, "[[ATTACHMENT|%s]]\n", *paths);
}

void junit_append_picture(const struct junit_document *out, GString *text, const struct rig_path *path)
{
    const char *name = out->options->pictures ? rig_picture_name(out->pictures, path) : NULL;
    g_autofree char *file = name ? g_build_filename(out->options->pictures, name, NULL) : NULL;
    const char *const paths[] = {file, NULL};

    junit_append_attachments(text, paths);
}

/* "scenarios/power/loss.yaml" -> "scenarios.power.loss" */
char *junit_class_of(const char *file)
{
    g_autofree char *stem = g_str_has_suffix(file, ".yaml")  ? g_strndup(file, strlen(file) - 5)
                            : g_str_has_suffix(file, ".yml") ? g_strndup(file, strlen(file) - 4)
                                                             : g_strdup(file);
    const char *from = stem;

    while (*from == '/' || *from == '.')
        from++;
    g_strdelimit(stem, "/", '.');
    return g_strdup(*from ? from : "unknown");
}

/* What a consumer takes for the same test: GitLab drops all but the first. Numbered until nobody has it. */
void junit_identity(struct junit_document *out, const char *file, const char *name)
{
    g_autofree char *class = junit_class_of(file);
    g_autofree char *first = g_strconcat(class, "::", name, NULL);
    guint n = GPOINTER_TO_UINT(g_hash_table_lookup(out->n_named, first)) + 1;
    g_autofree char *unique = g_strdup(*name ? name : "unnamed");
    g_autofree char *key = g_strdup(first);

    for (; n > 1 && g_hash_table_contains(out->n_named, key); n++) {
        g_free(unique);
        g_free(key);
        unique = g_strdup_printf("%s #%u", name, n);
        key = g_strconcat(class, "::", unique, NULL);
    }
    g_hash_table_replace(out->n_named, g_steal_pointer(&first), GUINT_TO_POINTER(MAX(n - 1, 1)));
    if (n > 2)
        g_hash_table_replace(out->n_named, g_steal_pointer(&key), GUINT_TO_POINTER(1));
    junit_attribute(out, "classname", class, MAX_NAME_BYTES);
    junit_attribute(out, "name", unique, MAX_NAME_BYTES);
}

void junit_property(struct junit_document *out, const char *name, const char *value)
{
    if (!value)
        return;
    xmlTextWriterStartElement(out->xml, BAD_CAST "property");
    junit_attribute(out, "name", name, MAX_NAME_BYTES);
    junit_attribute(out, "value", value, MAX_MESSAGE_BYTES);
    xmlTextWriterEndElement(out->xml);
}

void junit_counters(struct junit_document *out, struct junit_tally tally, bool with_skipped)
{
    junit_count_attribute(out, "tests", tally.n_tests);
    junit_count_attribute(out, "failures", tally.n_failures);
    junit_count_attribute(out, "errors", tally.n_errors);
    if (with_skipped)
        junit_count_attribute(out, "skipped", tally.n_skipped);
    junit_time_attribute(out, tally.time_ms);
}

void junit_run_properties(struct junit_document *out)
{
    const struct rig_results *run = out->results;

    junit_property(out, "bootrig", run->version ? run->version : "unknown");
    junit_property(out, "target", run->target);
    junit_property(out, "target.about", run->target_about);
    junit_property(out, "seed", run->seed);
    for (guint i = 0; i < run->properties->len; i++) {
        const struct rig_property *entry = g_ptr_array_index(run->properties, i);

        junit_property(out, entry->name, entry->value);
    }
}
