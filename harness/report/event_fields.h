/* SPDX-License-Identifier: GPL-3.0-or-later */
/* How an event keeps its keys: for event.c and event_json.c only. */
#ifndef RIG_REPORT_EVENT_FIELDS_H
#define RIG_REPORT_EVENT_FIELDS_H

#include "report/event.h"

enum rig_field_type {
    RIG_FIELD_TEXT,
    RIG_FIELD_COUNT,
    RIG_FIELD_REAL,
    RIG_FIELD_FLAG,
    RIG_FIELD_LIST,
    RIG_FIELD_MAP,
    RIG_FIELD_MAPS,
};

struct rig_event_field {
    enum rig_event_key key;
    const char *word; /* the key as it is written; of an unknown one in the event's strings, as all texts */
    enum rig_field_type type;
    union {
        const char *text;
        gint64 count;
        double real;
        bool flag;
        GPtrArray *many; /* LIST: const char *; MAPS: struct rig_event * */
        struct rig_event *map;
    };
};

/* Reading: what a journal says, by any key and type. A key that the table does not have keeps its word. */
struct rig_event *rig_event_read(const char *kind);
struct rig_event_field *rig_event_add_read(struct rig_event *event, const char *word,
                                           enum rig_field_type type);
void rig_event_add_number(struct rig_event *event, const char *word, gint64 value);
const char *rig_event_keep_text(struct rig_event *event, const char *bytes, gsize n_bytes);
struct rig_event *rig_event_object(struct rig_event *event, enum rig_event_key key);

#endif
