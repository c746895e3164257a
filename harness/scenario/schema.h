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
    RIG_TYPE_UUID,    /* "8d53dc1d-1db7-4cd3-868b-8a527460aa84", or four digits of one of the Bluetooth SIG */
    RIG_TYPE_HEX,     /* "0a00 0009", spaces allowed -> bytes */
    RIG_TYPE_CHOICE,  /* one of field->choices */
    RIG_TYPE_IMAGE,   /* the name of an image of this file (or "none" where choices says so) */
    RIG_TYPE_RECORD,  /* a map of shape->fields; a lone scalar goes into shape->shorthand */
    RIG_TYPE_VARIANT, /* a map with exactly one key out of shape->fields: {drop: {...}} */
    RIG_TYPE_STEPS,   /* a list of steps */
    RIG_TYPE_CASES,   /* raw: the map of `when` (variable: value or list of values) */
};

struct rig_shape;
struct rig_value;
struct rig_record;

/* From one instant to a later one. */
struct rig_span {
    guint64 begin_us, end_us;
};
/* The numbers of a list. */
struct rig_numbers {
    gsize n;
    guint64 items[];
};

/* Where a value goes. A record is read into a plain C struct: each field is bound to one of its members by
 * RIG_FIELD() or RIG_STRUCT_FIELD(), and code reads members. A name that the struct does not have, or a
 * member of a type that no field can fill, does not compile; rig_shape_problem() finds a member that does not
 * fit its field. The member's type says what is wanted:
 *
 *   bool, guint8/16/32/64, gint64, double,     the value itself; the field is required or has a default
 *   struct rig_image_version, guint8[6]
 *   an enumeration                             CHOICE: the place in `choices`
 *   a pointer to one of these (const guint32 *)   NULL when absent; for fields without a default
 *   const char *                               a text as written, or the keyword; NULL when absent
 *   GBytes *                                   HEX; NULL when absent
 *   const char *const *                        a list of texts or choices, NULL-terminated; NULL when absent
 *   const struct rig_numbers *                  a list of COUNT, SIZE or DURATION; NULL when absent
 *   const struct rig_span *                    SPAN; NULL when absent
 *   const GPtrArray *                          STEPS; NULL when absent
 *   const struct upload *                      RECORD, VARIANT: the struct of its shape; NULL when absent
 *   const struct upload *const *               a list of these, NULL-terminated; NULL when absent
 *   const struct rig_value *                   any type, where the place in the file or the kind matters
 *   const struct rig_record *                  RECORD, VARIANT: to walk over, whatever its shape
 *
 * Members borrow from the record. A field that takes keywords beside its type's own values has a second
 * member, RIG_WORD(): the keyword, or NULL; its first one is a pointer then. */
enum rig_member {
    RIG_MEMBER_NONE,
    RIG_MEMBER_FLAG,
    RIG_MEMBER_U8,
    RIG_MEMBER_U16,
    RIG_MEMBER_U32,
    RIG_MEMBER_U64,
    RIG_MEMBER_I64,
    RIG_MEMBER_DOUBLE,
    RIG_MEMBER_VERSION,
    RIG_MEMBER_ADDRESS,
    RIG_MEMBER_FLAG_POINTER,
    RIG_MEMBER_U8_POINTER, /* of an array: RIG_MEMBER_ADDRESS */
    RIG_MEMBER_U16_POINTER,
    RIG_MEMBER_U32_POINTER,
    RIG_MEMBER_U64_POINTER,
    RIG_MEMBER_I64_POINTER,
    RIG_MEMBER_DOUBLE_POINTER,
    RIG_MEMBER_VERSION_POINTER,
    RIG_MEMBER_TEXT,
    RIG_MEMBER_TEXTS,
    RIG_MEMBER_NUMBERS,
    RIG_MEMBER_BYTES,
    RIG_MEMBER_SPAN,
    RIG_MEMBER_STEPS,
    RIG_MEMBER_STRUCT,
    RIG_MEMBER_STRUCTS,
    RIG_MEMBER_VALUE,
    RIG_MEMBER_RECORD,
};
struct rig_binding {
    gsize offset;
    enum rig_member member;
    const char *struct_name; /* STRUCT, STRUCTS: what it points to */
};

/* clang-format off */
#define RIG_MEMBER_OF(owner, name) _Generic(((owner *)0)->name,                                              \
    bool: RIG_MEMBER_FLAG, guint8: RIG_MEMBER_U8, guint16: RIG_MEMBER_U16, guint32: RIG_MEMBER_U32,          \
    guint64: RIG_MEMBER_U64, gint64: RIG_MEMBER_I64, double: RIG_MEMBER_DOUBLE,                              \
    struct rig_image_version: RIG_MEMBER_VERSION, guint8 *: RIG_MEMBER_ADDRESS,                              \
    const bool *: RIG_MEMBER_FLAG_POINTER, const guint8 *: RIG_MEMBER_U8_POINTER,                            \
    const guint16 *: RIG_MEMBER_U16_POINTER, const guint32 *: RIG_MEMBER_U32_POINTER,                        \
    const guint64 *: RIG_MEMBER_U64_POINTER, const gint64 *: RIG_MEMBER_I64_POINTER,                         \
    const double *: RIG_MEMBER_DOUBLE_POINTER, const struct rig_image_version *: RIG_MEMBER_VERSION_POINTER, \
    const char *: RIG_MEMBER_TEXT, const char *const *: RIG_MEMBER_TEXTS, GBytes *: RIG_MEMBER_BYTES,        \
    const struct rig_numbers *: RIG_MEMBER_NUMBERS, const struct rig_span *: RIG_MEMBER_SPAN,                  \
    const GPtrArray *: RIG_MEMBER_STEPS, const struct rig_value *: RIG_MEMBER_VALUE,                         \
    const struct rig_record *: RIG_MEMBER_RECORD)
/* clang-format on */

/* One line of a table of fields: key, type without RIG_TYPE_, struct, member, and further designators of
 * struct rig_field, `.about` among them:
 *     RIG_FIELD("halt", FLAG, struct reset_arguments, halt, .default_text = "false", .about = "...") */
#define RIG_FIELD(key, kind, owner, member_name, ...)                                                        \
    {                                                                                                        \
        .name = key, .type = RIG_TYPE_##kind,                                                                \
        .value = {offsetof(owner, member_name), RIG_MEMBER_OF(owner, member_name), NULL}, __VA_ARGS__        \
    }
/* The same for RECORD and VARIANT, whose member points to the struct of another shape (`of`), or, beside
 * `.list = true`, to a list of them:
 *     RIG_STRUCT_FIELD("damage", RECORD, struct image, damage, struct damage, &damage_shape, .about = "...")
 */
#define RIG_STRUCT_FIELD(key, kind, owner, member_name, of, its_shape, ...)                                    \
    {                                                                                                          \
        .name = key, .type = RIG_TYPE_##kind, .shape = its_shape,                                            \
        .value = {offsetof(owner, member_name),                                                              \
                  _Generic(((owner *)0)->member_name, const of *: RIG_MEMBER_STRUCT, const of *const *:        \
                           RIG_MEMBER_STRUCTS),                                                              \
                  #of},                                                                                      \
        __VA_ARGS__ \
    }
/* A designator of struct rig_field: the member (const char *) for the keyword. */
#define RIG_WORD(owner, member_name)                                                                         \
    .word = {offsetof(owner, member_name),                                                                   \
             _Generic(((owner *)0)->member_name, const char *: RIG_MEMBER_TEXT), NULL}

/* A word that was written in another way before. The old one is still read, with a note. */
struct rig_former {
    const char *name; /* the old word */
    const char *now;
};

/* One key of a map. Static tables; nothing is owned. Former names are told for scenarios; who reads another
 * file by a shape that has some must tell the notes. */
struct rig_field {
    const char *name;   /* kebab-case */
    const char *former; /* what it was called before: still read, with a note; NULL = nothing else */
    enum rig_type type;
    struct rig_binding value, word;
    const char *about;
    bool required;
    bool list;                  /* a list of `type`; a lone value is a list of one */
    bool may_be_empty;          /* of lists: [] says something, too */
    bool in_order;              /* of lists: a sequence, in which a value may stand again */
    bool judges;                /* STEPS: one of them at least must act on the board or look at it */
    const char *default_text;   /* as it would be written; NULL = absent */
    const char *const *choices; /* NULL-terminated. CHOICE: the values. Other types: keywords allowed beside
                                   the type's own values */
    const struct rig_former *former_choices; /* up to one whose `name` is NULL; NULL = none */
    const struct rig_shape *shape;           /* RECORD, VARIANT */
    guint64 min, max;  /* of numbers in their unit, max 0: that of the type (rig_field_max());
                          TEXT and HEX: min characters or bytes; FLAG: min 1 = true only */
    const char *makes; /* NAME: what it gives a name to, for later steps ("flash watch") */
    const char *takes; /* NAME: what an earlier step must have given that name to */
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
/* A key that a map had before. It stays an error, which says what to do instead. */
struct rig_removed {
    const char *name;
    const char *hint;
};
struct rig_shape {
    const char *name;
    const struct rig_field *fields;
    gsize n_fields;
    const struct rig_removed *removed; /* up to one whose `name` is NULL; NULL = none */
    const char *struct_name;           /* "struct upload_arguments"; NULL: its records are only walked over */
    gsize n_struct_bytes;
    const char *begins_with; /* the struct that is its first member, and may be asked for, too; NULL: none */
    struct rig_binding node; /* RIG_NODE(): where the record was written */
    const char *shorthand;   /* field that a lone scalar (or list) goes to; NULL = none */
    const char *const *exactly_one;  /* NULL-terminated names of fields of which exactly one must be written;
                                        NULL = no such rule */
    const char *const *at_least_one; /* the same, of which at least one must be */
    const struct rig_rule *rules;    /* the last one has no field; NULL = none */
};

/* A designator of struct rig_shape: the member (const struct rig_node *) for the place of the record. */
#define RIG_NODE(owner, member_name)                                                                         \
    .node = {offsetof(owner, member_name),                                                                   \
             _Generic(((owner *)0)->member_name, const struct rig_node *: RIG_MEMBER_VALUE), NULL}
/* The first designators of a shape: its name, its table of fields, the struct that they are bound to:
 *     static const struct rig_shape shape = {RIG_SHAPE("reset", reset_fields, struct reset_arguments)}; */
#define RIG_SHAPE(shape_name, table, owner)                                                                  \
    .name = shape_name, .fields = table, .n_fields = G_N_ELEMENTS(table), .struct_name = #owner,             \
    .n_struct_bytes = sizeof(owner)

/* What is wrong with the tables of a shape and of all shapes below it: a member that does not fit its field
 * (a count up to 2^32 in a guint16, a number that may be absent, a list in one text), a rule, a shorthand or
 * a group that names no field, a former name that hides a present one or has become nothing. NULL: nothing.
 * The caller owns the text, which names shape and field. */
char *rig_shape_problem(const struct rig_shape *shape);
/* The same for all verbs of a language and for the images of scenarios; also a name that is taken and that no
 * verb makes. */
struct rig_language;
char *rig_language_problem(const struct rig_language *language);

/* A typed value with its place. Which member counts is told by type and keyword. */
struct rig_value {
    enum rig_type type;
    const struct rig_node *node; /* where it was written; NULL for a default */
    const char *keyword;         /* set when one of `choices` was written (also for CHOICE); else NULL */
    bool is_list;
    GPtrArray *items; /* is_list: struct rig_value * */
    bool flag;
    guint64 count;        /* COUNT; SIZE in bytes; DURATION in us */
    struct rig_span span; /* SPAN */
    guint64 max;          /* of numbers: rig_field_max() of the field */
    gint64 integer;
    double probability;
    const char *text; /* TEXT, LINE, NAME, IMAGE, ADDRESS, VERSION as written */
    struct rig_image_version version;
    guint8 address[6];         /* most significant first */
    GBytes *bytes;             /* HEX */
    struct rig_record *record; /* RECORD; VARIANT with exactly one present field */
    GPtrArray *steps;          /* STEPS: struct rig_step * */
    union {
        guint8 u8;
        guint16 u16;
        guint32 u32;
        gpointer pointer;
    } bound; /* what a member points to that is narrower than count, or a list */
};

struct rig_record {
    const struct rig_shape *shape;
    const struct rig_node *node;
    struct rig_value **values; /* shape->n_fields entries, NULL = absent and without default */
    void *members;             /* shape->n_struct_bytes: the struct that the fields are bound to */
};

/* The struct of a record, or the one it begins with, of which `struct_name` must be the name (asserts).
 * NULL: NULL. */
const void *rig_record_struct(const struct rig_record *record, const char *struct_name);
#define RIG_STRUCT(record, type) ((const type *)rig_record_struct(record, #type))

/* Value of a field by a name that comes from a table, such as a rule's: code reads the members of the struct.
 * NULL = absent. A name that the shape does not have is a bug (asserts). */
const struct rig_value *rig_record_get(const struct rig_record *record, const char *name);
/* VARIANT: the one field that is present, its value in *value. */
const struct rig_field *rig_record_variant(const struct rig_record *record, const struct rig_value **value);

/* Verbs. The runner's function travels through here without being called here. */
struct rig_run;
struct rig_step;
struct rig_fit; /* steps/fit.h */
typedef struct rig_outcome rig_outcome;
typedef void (*rig_step_function)(struct rig_run *run, const struct rig_step *step);

struct rig_verb {
    const char *name;   /* "upload" */
    const char *former; /* what it was called before: still read, with a note; NULL = nothing else */
    const char *family; /* "update", "power", ... groups the reference */
    const char *about;  /* one or two sentences */
    const struct rig_shape *shape; /* NULL = no arguments but `within` */
    const char *block;             /* key beside the verb that holds nested steps ("do"); NULL = none */
    guint64 within_us; /* default deadline; the verb gets the field `within` without naming it in its shape */
    bool looks_at_nothing;    /* it neither acts on the board nor looks at it: alone it judges nothing */
    bool at_once;             /* it waits for nothing: there is no `within`, which would have no effect */
    const char *const *needs; /* capabilities that using it implies; NULL-terminated or NULL */
    /* The first capability that this very step needs beside `needs` and that is not among those, NULL: none.
     * NULL function: no step needs more. */
    const char *(*lacks)(const struct rig_step *step, const char *const *capabilities);
    /* Why this very step does not fit the board, for its layout or its options; NULL: it fits. Owned by the
     * caller. Called for each step in its order, before anything runs; a step that changes what the board is
     * says so in `fit`. NULL function: the step fits every board. */
    char *(*unfit)(const struct rig_step *step, struct rig_fit *fit);
    /* Whether the steps of its block are left out on a board with these capabilities: what they need is then
     * not asked for. NULL function: never. */
    bool (*leaves_out)(const struct rig_step *step, const char *const *capabilities);
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
