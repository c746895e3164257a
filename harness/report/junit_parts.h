/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Pieces of the JUnit report that its own files share; nobody else includes this. */
#ifndef RIG_REPORT_JUNIT_PARTS_H
#define RIG_REPORT_JUNIT_PARTS_H

#include <libxml/xmlwriter.h>

#include "report/exploration.h"
#include "report/junit.h"

#define MAX_NAME_BYTES 480 /* Azure refuses full names over 512 */
#define MAX_MESSAGE_BYTES 4096

struct junit_document {
    xmlTextWriterPtr xml;
    const struct rig_junit_options *options;
    const struct rig_results *results;
    GPtrArray *pictures; /* see report/picture.h */
    GHashTable *n_named; /* "class::name" -> how many cases have it: a consumer drops the second of a name */
};

struct junit_tally {
    guint n_tests;
    guint n_failures;
    guint n_errors;
    guint n_skipped;
    gint64 time_ms;
};

/* Texts are bounded and made fit for XML here. */
void junit_attribute(struct junit_document *out, const char *name, const char *text, gsize max_bytes);
void junit_count_attribute(struct junit_document *out, const char *name, guint count);
void junit_time_attribute(struct junit_document *out, gint64 ms);
void junit_timestamp_attribute(struct junit_document *out, const char *wall);
void junit_body(struct junit_document *out, const char *text, gsize n_bytes);
void junit_element(struct junit_document *out, const char *name, const char *text);
/* Each on its own line: the readers trim the middle of a long output, so that they come last. */
void junit_append_attachments(GString *text, const char *const *paths);
/* The picture of a path, when there is one and it was written. */
void junit_append_picture(const struct junit_document *out, GString *text, const struct rig_path *path);
/* "scenarios/power/loss.yaml" -> "scenarios.power.loss". Owned by the caller. */
char *junit_class_of(const char *file);
/* classname and name; a name that was there already gets a number. */
void junit_identity(struct junit_document *out, const char *file, const char *name);
void junit_property(struct junit_document *out, const char *name, const char *value);
void junit_counters(struct junit_document *out, struct junit_tally tally, bool with_skipped);
/* The properties of the run, within an open `properties`. */
void junit_run_properties(struct junit_document *out);

/* One testsuite for each exploration of a case's last attempt, one testcase for each of its invariants; and
 * what they add to the totals. */
void junit_exploration_suites(struct junit_document *out, const struct rig_suite *suite);
void junit_count_explorations(const struct rig_case_result *result, struct junit_tally *tally);

#endif
