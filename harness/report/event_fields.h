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
    const char *key; /* in the event's strings, as all texts */
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

#endif
