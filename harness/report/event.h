/* SPDX-License-Identifier: GPL-3.0-or-later */
/* One event of a run: built by the runner, or read again from a line of a journal. Live and re-read events
 * are the same thing, so that every consumer (model, terminal) has one way in. Kinds and keys:
 * reports/journal.md. */
#ifndef RIG_REPORT_EVENT_H
#define RIG_REPORT_EVENT_H

#include <glib.h>
#include <stdbool.h>

#include "report/event_table.h"

G_BEGIN_DECLS

/* Words of the journal: "pass", "fail" (the board broke its promise), "error" (the rig could not do its job),
 * "skip". */
enum rig_verdict {
    RIG_VERDICT_NONE, /* not known yet */
    RIG_VERDICT_PASS,
    RIG_VERDICT_FAIL,
    RIG_VERDICT_ERROR,
    RIG_VERDICT_SKIP,
};
const char *rig_verdict_word(enum rig_verdict verdict);   /* "none" for NONE */
enum rig_verdict rig_verdict_from_word(const char *word); /* NULL and unknown words: NONE */

#define RIG_EVENT_MAX_TEXT_BYTES (64u * 1024u)         /* longer texts keep their head and their tail */
#define RIG_JOURNAL_FORMAT 1                           /* "format" of run-start */
#define RIG_EVENT_MAX_LINE_BYTES (16u * 1024u * 1024u) /* longer lines of a file are garbage */

/* RIG_KEY_TEXT, ...: a key of an event or of an object in it, with the type of its value. */
enum rig_event_key {
    RIG_KEY_UNKNOWN, /* of a journal by another version: kept, and not found by any name */
#define X(constant, key, type) RIG_KEY_##constant,
    RIG_EVENT_KEYS(X)
#undef X
        RIG_N_KEYS
};
/* RIG_EVENT_NOTE, ..., RIG_OBJECT_CASES, ... */
enum rig_event_kind {
    RIG_EVENT_UNKNOWN, /* of a journal by another version */
#define X(constant, kind, ...) RIG_EVENT_##constant,
    RIG_EVENT_KINDS(X)
#undef X
#define X(constant, ...) RIG_OBJECT_##constant,
        RIG_EVENT_OBJECTS(X)
#undef X
            RIG_N_EVENT_KINDS
};

struct rig_event {
    enum rig_event_kind kind;
    const char *word;      /* "step-start"; of an object "" */
    gint64 number;         /* n; -1 until the journal gave one */
    gint64 at_us;          /* the board's clock */
    gint64 case_index;     /* -1 outside of cases */
    guint attempt;         /* from 0 */
    GArray *fields;        /* private */
    GStringChunk *strings; /* private; shared by the maps inside */
    bool is_root;          /* private */
};

/* Building. The kind must have the key, and the key the type (asserts). Texts may hold any bytes: what is no
 * UTF-8 becomes \xNN, what is too long is cut in the middle. A NULL value adds nothing, so that optional keys
 * need no condition at the caller. */
struct rig_event *rig_event_new(enum rig_event_kind kind);
void rig_event_free(struct rig_event *event);
typedef struct rig_event rig_event;
G_DEFINE_AUTOPTR_CLEANUP_FUNC(rig_event, rig_event_free)

void rig_event_text(struct rig_event *event, enum rig_event_key key, const char *value);
void rig_event_textf(struct rig_event *event, enum rig_event_key key, const char *format, ...)
    G_GNUC_PRINTF(3, 4);
void rig_event_raw_text(struct rig_event *event, enum rig_event_key key, const void *bytes,
                        gsize n_bytes); /* console lines */
void rig_event_hex(struct rig_event *event, enum rig_event_key key, const void *bytes,
                   gsize n_bytes); /* lower case, no spaces */
void rig_event_count(struct rig_event *event, enum rig_event_key key, gint64 value);
void rig_event_real(struct rig_event *event, enum rig_event_key key, double value); /* must be finite */
void rig_event_flag(struct rig_event *event, enum rig_event_key key, bool value);
void rig_event_list(struct rig_event *event, enum rig_event_key key,
                    const char *const *values); /* NULL-terminated */
/* Whether events of this kind, or objects, have the key. */
bool rig_event_kind_has(enum rig_event_kind kind, enum rig_event_key key);
/* "step-start"; of an object "". "text". Static storage. */
const char *rig_event_kind_word(enum rig_event_kind kind);
const char *rig_event_key_word(enum rig_event_key key);

/* A nested object (`where`, `properties`), and one more object in an array of them (`cases`). Owned by the
 * event. */
struct rig_event *rig_event_map(struct rig_event *event, enum rig_event_key key);
struct rig_event *rig_event_append(struct rig_event *event, enum rig_event_key key);

/* Reading. A key that is missing or of another type gives NULL or the fallback. Everything lives as long as
 * the event. */
const char *rig_event_get_text(const struct rig_event *event, enum rig_event_key key);
gint64 rig_event_get_count(const struct rig_event *event, enum rig_event_key key, gint64 fallback);
double rig_event_get_real(const struct rig_event *event, enum rig_event_key key, double fallback);
bool rig_event_get_flag(const struct rig_event *event, enum rig_event_key key, bool fallback);
const GPtrArray *rig_event_get_list(const struct rig_event *event, enum rig_event_key key); /* const char * */
const struct rig_event *rig_event_get_map(const struct rig_event *event, enum rig_event_key key);
const GPtrArray *rig_event_get_maps(const struct rig_event *event,
                                    enum rig_event_key key); /* struct rig_event * */
/* Texts of an object whose keys are names: `properties`. */
void rig_event_property(struct rig_event *event, const char *name, const char *value);
void rig_event_each_text(const struct rig_event *event,
                         void (*each)(void *user, const char *name, const char *value), void *user);

/* Takes away what makes an event longer than a line may be: its lists and nested objects. Texts and counts
 * stay; `left_out` says so. */
void rig_event_shorten(struct rig_event *event);

/* Appends the event as one JSON object without a newline. */
void rig_event_write_json(const struct rig_event *event, GString *out);
/* One line without its newline. NULL when it is no event: not JSON, no `ev`, nested too deeply, too long. */
struct rig_event *rig_event_parse_json(const char *line, gsize n_bytes) G_GNUC_WARN_UNUSED_RESULT;

/* Appends text as a JSON string with its quotes. */
void rig_json_append_text(GString *out, const char *text);

G_END_DECLS

#endif
