/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The schema of scenario and target files as data: types, fields, verbs. One description serves parsing,
 * error texts, the step reference, the JSON Schema and shell completion, so that they cannot drift. */
#ifndef RIG_SCENARIO_SCHEMA_H
#define RIG_SCENARIO_SCHEMA_H

#include "scenario/node.h"

#include "image/mcuboot.h"

G_BEGIN_DECLS

enum rig_type {
    RIG_TYPE_FLAG,     /* true | false; nothing else */
    RIG_TYPE_COUNT,    /* 0.. decimal, or 0x hex; a leading zero is refused, not octal */
    RIG_TYPE_INTEGER,  /* may be negative */
    RIG_TYPE_DURATION, /* "40ms": us, ms, s, min -> microseconds; a bare 0 is allowed */
    RIG_TYPE_SPAN,     /* "5ms..900ms": from one duration to a later one -> microseconds, count and until */
    RIG_TYPE_SIZE, /* "112KiB": B, KiB, MiB; kB and MB refused with a hint; -> bytes; a bare 0 is allowed, and
                      0x hex, which is of bytes */
    RIG_TYPE_PROBABILITY, /* "5%", "0.5%" -> more than 0, up to 1 */
    RIG_TYPE_TEXT,        /* any scalar, as written; max: bytes */
    RIG_TYPE_LINE,        /* the same without line breaks and other control characters: a piece of a line */
    RIG_TYPE_NAME,        /* [A-Za-z0-9][A-Za-z0-9._-]* */
    RIG_TYPE_VERSION,     /* "1.10.0", "1.2.3+4" */
    RIG_TYPE_ADDRESS,     /* "12:34:56:11:22:33" */
    RIG_TYPE_HEX,         /* "0a00 0009", spaces allowed -> bytes */
    RIG_TYPE_CHOICE,      /* one of field->choices */
    RIG_TYPE_IMAGE,       /* the name of an image of this file (or "none" where choices says so) */
    RIG_TYPE_RECORD,      /* a map of shape->fields; a lone scalar goes into shape->shorthand */
    RIG_TYPE_VARIANT,     /* a map with exactly one key out of shape->fields: {drop: {...}} */
    RIG_TYPE_STEPS,       /* a list of steps */
    RIG_TYPE_CASES,       /* raw: the map of `when` (variable: value or list of values) */
};

struct rig_shape;

/* One key of a map. Static tables; nothing is owned. */
struct rig_field {
    const char *name; /* kebab-case */
    enum rig_type type;
    const char *about;
    bool required;
    bool list;                  /* a list of `type`; a lone value is a list of one */
    bool may_be_empty;          /* of lists: [] says something, too */
    bool in_order;              /* of lists: a sequence, in which a value may stand again */
    bool judges;                /* STEPS: one of them at least must act on the board or look at it */
    const char *default_text;   /* as it would be written; NULL = absent */
    const char *const *choices; /* NULL-terminated. CHOICE: the values. Other types: keywords allowed beside
                                   the type's own values */
    const struct rig_shape *shape; /* RECORD, VARIANT */
    guint64 min, max;              /* of numbers in their unit, max 0: that of the type (rig_field_max());
                                      TEXT and HEX: min characters or bytes; FLAG: min 1 = true only */
    const char *makes;             /* NAME: what it gives a name to, for later steps ("mark") */
    const char *takes;             /* NAME: what an earlier step must have given that name to */
};

/* Bounds of numbers whose field has none of its own: no sum of an instant and a few of them overflows. */
#define RIG_MAX_COUNT G_GUINT64_CONSTANT(0xffffffff)
#define RIG_MAX_SIZE_BYTES (G_GUINT64_CONSTANT(1) << 30)
#define RIG_MAX_DURATION_US (G_GUINT64_CONSTANT(7) * 24 * 3600 * 1000000)
/* The largest number that may be written into the field, in its unit. Numbers only; 0: it takes none. */
guint64 rig_field_max(const struct rig_field *field);

/* When a field of a map has an effect. What has none is a mistake of the scenario: it looks like a test. */
enum rig_rule_kind {
    RIG_RULE_NEEDS,      /* beside it stands `other`, or has one of `others` by default; a value that is the
                            field's default needs nothing */
    RIG_RULE_NOT_BESIDE, /* `other` is not written beside it, or has none of `others` */
    RIG_RULE_AT_MOST,    /* a number that is no larger than that of `other`, where both are written */
};
struct rig_rule {
    const char *field;
    const char *const *values; /* NULL-terminated: only these values of the field are meant; NULL = any */
    enum rig_rule_kind kind;
    const char *other;         /* of the same map, or inside of a map there: "at.after" */
    const char *const *others; /* NULL-terminated: values of `other`; of a list, one of them; NULL = any */
    const char *why;           /* a remark for people; NULL = none */
};
struct rig_shape {
    const char *name;
    const struct rig_field *fields;
    gsize n_fields;
    const char *shorthand;           /* field that a lone scalar (or list) goes to; NULL = none */
    const char *const *exactly_one;  /* NULL-terminated names of fields of which exactly one must be written;
                                        NULL = no such rule */
    const char *const *at_least_one; /* the same, of which at least one must be */
    const struct rig_rule *rules;    /* the last one has no field; NULL = none */
};

/* A typed value with its place. Which member counts is told by type and keyword. */
struct rig_value {
    enum rig_type type;
    const struct rig_node *node; /* where it was written; NULL for a default */
    const char *keyword;         /* set when one of `choices` was written (also for CHOICE); else NULL */
    bool is_list;
    GPtrArray *items; /* is_list: struct rig_value * */
    bool flag;
    guint64 count; /* COUNT; SIZE in bytes; DURATION in us; SPAN: its begin in us */
    guint64 until; /* SPAN: its end in us */
    guint64 max;   /* of numbers: rig_field_max() of the field */
    gint64 integer;
    double probability;
    const char *text; /* TEXT, LINE, NAME, IMAGE, ADDRESS, VERSION as written */
    struct rig_image_version version;
    guint8 address[6];         /* most significant first */
    GBytes *bytes;             /* HEX */
    struct rig_record *record; /* RECORD; VARIANT with exactly one present field */
    GPtrArray *steps;          /* STEPS: struct rig_step * */
};

struct rig_record {
    const struct rig_shape *shape;
    const struct rig_node *node;
    struct rig_value **values; /* shape->n_fields entries, NULL = absent and without default */
};

/* Value of a field by name. NULL = absent. A name that the shape does not have is a bug (asserts). */
const struct rig_value *rig_record_get(const struct rig_record *record, const char *name);
/* Shortcuts; the field must have a default or be required. */
bool rig_record_flag(const struct rig_record *record, const char *name);
guint64 rig_record_count(const struct rig_record *record, const char *name);
/* Narrower numbers: none is ever cut off, since it asserts that the bound of the field, not just this number,
 * fits. The only way from a number of a file to a narrower one; a test looks for others. */
guint32 rig_value_u32(const struct rig_value *value);
guint16 rig_value_u16(const struct rig_value *value);
guint8 rig_value_u8(const struct rig_value *value);
guint32 rig_record_u32(const struct rig_record *record, const char *name);
guint16 rig_record_u16(const struct rig_record *record, const char *name);
guint8 rig_record_u8(const struct rig_record *record, const char *name);
const char *rig_record_text(const struct rig_record *record,
                            const char *name); /* text or keyword; NULL when absent */
/* VARIANT: the one field that is present, its value in *value. */
const struct rig_field *rig_record_variant(const struct rig_record *record, const struct rig_value **value);

/* Verbs. The runner's function travels through here without being called here. */
struct rig_run;
struct rig_step;
struct rig_fit; /* steps/fit.h */
typedef struct rig_outcome rig_outcome;
typedef void (*rig_step_function)(struct rig_run *run, const struct rig_step *step);

struct rig_verb {
    const char *name;              /* "upload" */
    const char *family;            /* "update", "power", ... groups the reference */
    const char *about;             /* one or two sentences */
    const struct rig_shape *shape; /* NULL = no arguments but `within` */
    const char *block;             /* key beside the verb that holds nested steps ("do"); NULL = none */
    guint64 within_us; /* default deadline; the verb gets the field `within` without naming it in its shape */
    bool looks_at_nothing; /* it neither acts on the board nor looks at it: alone it judges nothing */
    bool at_once;      /* it waits for nothing: there is no `within`, which would have no effect */
    const char *const *needs; /* capabilities that using it implies; NULL-terminated or NULL */
    /* The first capability that this very step needs beside `needs` and that is not among those, NULL: none.
     * NULL function: no step needs more. */
    const char *(*lacks)(const struct rig_step *step, const char *const *capabilities);
    /* Why this very step does not fit the board, for its layout or its options; NULL: it fits. Owned by the
     * caller. Called for each step in its order, before anything runs; a step that changes what the board is
     * says so in `fit`. NULL function: the step fits every board. */
    char *(*unfit)(const struct rig_step *step, struct rig_fit *fit);
    const char *example; /* one line of YAML */
    rig_step_function run;
};
struct rig_language {
    const struct rig_verb *const *verbs;
    gsize n_verbs;
    const char *const *capabilities; /* what `needs` may name; NULL-terminated */
};

/* What names stand for while a record is read. Every member may be NULL; nothing is owned. */
struct rig_scope {
    GHashTable *variables; /* name -> const struct rig_node *; NULL = a '$' is a character like any other */
    GHashTable *images;    /* set of names that RIG_TYPE_IMAGE may have; NULL = not checked */
    const struct rig_language *language; /* verbs of RIG_TYPE_STEPS; NULL = steps are refused */
    struct rig_document *document;       /* keeps texts that variables were put into; needed with variables */
};

/* Reads a node by a shape, adding every error. NULL only when nothing could be read. scope may be NULL. Used
 * for targets and benches as well (`$` is then plain text). The record lives until rig_record_free(), its
 * texts as long as the document. */
struct rig_record *rig_record_read(const struct rig_node *node, const struct rig_shape *shape,
                                   const struct rig_scope *scope,
                                   struct rig_diagnostics *diagnostics) G_GNUC_WARN_UNUSED_RESULT;
void rig_record_free(struct rig_record *record);
typedef struct rig_record rig_record;
G_DEFINE_AUTOPTR_CLEANUP_FUNC(rig_record, rig_record_free)

G_END_DECLS

#endif
