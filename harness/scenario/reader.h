/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Reading typed values out of nodes while variables stand for other nodes. Internal to the area. */
#ifndef RIG_SCENARIO_READER_H
#define RIG_SCENARIO_READER_H

#include "scenario/scenario.h"

#define RIG_READER_MAX_DEPTH 64         /* of values within values, variables put in */
#define RIG_READER_MAX_TEXT_BYTES 65536 /* of a text with variables put in */

/* One reading of a scope's names. Everything is borrowed; the members below the line are only there while
 * steps of a scenario are read. */
struct rig_reader {
    const struct rig_scope *scope; /* may be NULL */
    struct rig_diagnostics *diagnostics;
    const struct rig_node *use; /* the outermost '$name' that is being read; NULL = none */
    const char *use_name;
    guint depth;
    guint *n_reads; /* how many values may still be read; NULL = bounded by the file alone */
    bool unbound;   /* variables have no values: what holds one is taken as right */
    /* --- */
    /* rig_reader_block(); NULL: steps cannot stand here */
    void (*read_block)(struct rig_reader *reader, const char *name, const struct rig_node *node,
                       GPtrArray *into);
    GPtrArray *all_steps;      /* owner of steps */
    GHashTable *shared_steps;  /* node -> struct rig_step *: read once for all cases */
    GHashTable *checked_whens; /* set of `when` nodes whose block has been checked where it does not apply */
    GHashTable *needs;         /* set of names */
    GHashTable *possible;      /* variable -> set of texts that it has in some case */
    GHashTable *used_images;   /* set of the names of images that steps speak of; NULL = nobody asks */
};

/* An error at the node; inside of a variable's value, at the place where the variable is used. */
void rig_reader_error(struct rig_reader *reader, const struct rig_node *node, const char *hint,
                      const char *format, ...) G_GNUC_PRINTF(4, 5);

/* A note that `former`, which is written there, is called `now`. */
void rig_reader_note_former(struct rig_reader *reader, const struct rig_node *node, const char *former,
                            const char *now);

/* What rig_reader_leave() puts back. */
struct rig_reader_place {
    const struct rig_node *use;
    const char *use_name;
};
/* Goes into a value: *node becomes what it stands for. false: nothing to read there, the error (if any) has
 * been added; leave is due in either case. */
bool rig_reader_enter(struct rig_reader *reader, const struct rig_node **node,
                      struct rig_reader_place *place);
void rig_reader_leave(struct rig_reader *reader, const struct rig_reader_place *place);

/* The next '$' of a text. */
struct rig_reference {
    enum { RIG_REFERENCE_NAME, RIG_REFERENCE_DOLLAR, RIG_REFERENCE_BAD } kind;
    const char *start; /* the '$' */
    const char *end;   /* one past what belongs to it */
    const char *name;
    gsize n_name;
};
bool rig_reference_next(const char *text, struct rig_reference *reference);
/* The whole text is one reference: it stands for a node of any kind. */
bool rig_reference_is_whole(const char *text, struct rig_reference *reference);
bool rig_variable_name_is_valid(const char *name);

/* record.c: as rig_record_read(), with one more field that the shape need not list (NULL = none). label: what
 * messages call the record. */
struct rig_record *rig_reader_record(struct rig_reader *reader, const struct rig_node *node,
                                     const struct rig_shape *shape, const char *label,
                                     const struct rig_field *extra, struct rig_value **extra_value);
void rig_value_free(struct rig_value *value);

/* binding.c: makes the struct of a record whose values are there. */
void rig_record_fill(struct rig_record *record);

/* step.c: appends the typed steps of a list (or of a lone step) that has a name; `when` is resolved, and no
 * step at all is an error. */
void rig_reader_block(struct rig_reader *reader, const char *name, const struct rig_node *node,
                      GPtrArray *into);
/* step.c */
void rig_step_free(gpointer step);
extern const struct rig_field rig_within_field;
/* By its name or its former one; NULL = there is none. */
const struct rig_verb *rig_language_find(const struct rig_language *language, const char *name);
/* Names of the verbs, `when` among them, NULL-terminated, in the table's order. The array is owned, the names
 * are not. */
const char **rig_language_names(const struct rig_language *language);
/* A value on one line; cut when longer than max_characters. */
char *rig_reader_render(struct rig_reader *reader, const char *key, const struct rig_node *node,
                        guint max_characters);

/* label.c: the value as a part of a case's name: letters, digits, '.', '_', '%', '+' and '-'. The caller owns
 * it. */
char *rig_label(const struct rig_node *node);

#endif
