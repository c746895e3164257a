/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Scenario files as a typed model: pure data. A file becomes a scenario; its matrix and cases become the list
 * of cases, each with its variables bound and every step typed. Nothing here touches a device. */
#ifndef RIG_SCENARIO_SCENARIO_H
#define RIG_SCENARIO_SCENARIO_H

#include "image/build.h"
#include "scenario/schema.h"

G_BEGIN_DECLS

#define RIG_SCENARIO_MAX_CASES 10000
#define RIG_SCENARIO_MAX_READS 1000000  /* values read over all cases of a file, variables put in */
#define RIG_SCENARIO_BYTES_OF_A_READ 64 /* so many bytes of a text with variables count as one value more */

/* The verb `when`, part of every language: steps for the cases in which every named variable has (one of) the
 * named value(s). It never reaches the runner: its steps take its place, or nothing does. */
extern const struct rig_verb rig_when_verb;

struct rig_step {
    const struct rig_verb *verb;
    const struct rig_node *node; /* the step's map */
    const struct rig_source *source;
    struct rig_mark at;
    struct rig_record *arguments; /* of verb->shape */
    guint64 within_us;            /* written or the verb's default */
    bool within_written;
    GPtrArray *block; /* struct rig_step *; NULL = none */
    char *text; /* the step on one line, variables bound: "upload: {image: bad}" (cut at 120 characters) */
};

/* The arguments of a step as the struct of its verb's shape:
 *     const struct reset_arguments *arguments = RIG_ARGUMENTS(step, struct reset_arguments); */
#define RIG_ARGUMENTS(step, type) RIG_STRUCT((step)->arguments, type)

/* An image to be built, as `images:` of the file says; the fields are told in image_plan.c. */
struct rig_damage_spec {
    const char *kind;  /* of an MCUboot image or of a distribution package, or of both */
    const guint32 *at; /* NULL: chosen by the kind */
};
struct rig_dependency_spec {
    guint8 image;
    struct rig_image_version version;
};
struct rig_tlv_spec {
    guint16 type;
    GBytes *bytes;
};
struct rig_image_spec {
    struct rig_image_version version;
    guint32 payload_bytes;
    const char *sign;                  /* "target", "none", or by rig_signing_name() */
    const bool *key_in_image;          /* NULL: as the target's bootloader wants it */
    const char *key;                   /* "board" or "stranger" */
    const struct rig_value *behaviour; /* its text; written or the default */
    guint32 self_test_us;
    guint32 watchdog_us;
    const guint32 *security_counter;
    const struct rig_dependency_spec *const
        *dependencies; /* NULL-terminated, or NULL, as are the next two lists */
    guint32 index;
    const struct rig_damage_spec *const *damages;
    bool pad;
    bool confirmed;
    const struct rig_tlv_spec *const *custom_tlvs;
    const char *seed;
    const char *file;
    const bool *encrypt;         /* NULL: where the board's bootloader decrypts */
    const char *encryption_key;  /* "board" or "stranger" */
    const guint16 *header_bytes; /* NULL: what the target wants */
    const guint32 *built_for;    /* slot; NULL: runs anywhere */
    const bool *ram_load;        /* flag of the header; NULL: as the target wants it */
    const guint32 *load_address; /* NULL: where the target's RAM begins */
    /* Of boards with Nordic's bootloader; NULL: not written. */
    const char *type; /* by rig_dfu_firmware_name(), or "all": softdevice-bootloader, then application */
    const guint32 *fw_version;
    const guint32 *hardware_version;
    const struct rig_numbers *sd_req;
    const bool *debug;
    const char *boot_validation;     /* "none", "crc", "sha256", "ecdsa" */
    const char *softdevice;          /* by rig_softdevice_by_name() */
    const guint32 *softdevice_bytes; /* of its file */
    const guint32 *bootloader_bytes;
    const char *package;        /* legacy: "0.5" to "0.8" */
    const guint16 *device_type; /* legacy */
    const guint16 *device_revision;
};
struct rig_image_plan {
    const char *name;
    const struct rig_image_spec *spec; /* of the record */
    struct rig_record *record;         /* of rig_image_plan_shape */
    const struct rig_node *node;
};
extern const struct rig_shape rig_image_plan_shape;

struct rig_variable {
    const char *name;
    const struct rig_node *value;
};

struct rig_case {
    const struct rig_scenario *scenario;
    char *name;                 /* "chunk-drop[fault=drop-first]": unique in the file, stable */
    GArray *variables;          /* struct rig_variable */
    GPtrArray *images;          /* struct rig_image_plan * */
    struct rig_record *options; /* `board-options:` none yet; may be NULL */
    GPtrArray *setup;           /* struct rig_step * */
    GPtrArray *steps;
    GPtrArray *cleanup;
};

struct rig_scenario {
    struct rig_source *source;
    struct rig_document *document;
    char *name;
    char *about;        /* may be NULL */
    struct rig_mark at; /* of the name */
    char **tags;        /* NULL-terminated, never NULL */
    char **needs;       /* NULL-terminated: written ones and those that the verbs imply, sorted, each once */
    char **written_needs; /* the former */
    char *protocol;   /* `protocol:` the update protocol that it is written for; NULL = whatever is spoken */
    char *target;     /* `target:` the scenario is written for; NULL = whatever is given */
    guint retries;    /* attempts after a failed first one */
    GPtrArray *cases; /* struct rig_case * */
    GPtrArray *all_steps;  /* owner of every step; cases share those that no variable reaches */
    GPtrArray *all_images; /* owner of every struct rig_image_plan */
};

/* Reads, checks and expands one file. All errors go into diagnostics; NULL when there was any. */
struct rig_scenario *rig_scenario_load(const char *path, const struct rig_language *language,
                                       struct rig_diagnostics *diagnostics) G_GNUC_WARN_UNUSED_RESULT;
struct rig_scenario *rig_scenario_from_source(struct rig_source *source /* taken */,
                                              const struct rig_language *language,
                                              struct rig_diagnostics *diagnostics) G_GNUC_WARN_UNUSED_RESULT;
void rig_scenario_free(struct rig_scenario *scenario);
typedef struct rig_scenario rig_scenario;
G_DEFINE_AUTOPTR_CLEANUP_FUNC(rig_scenario, rig_scenario_free)

/* Files of a path: itself, or every *.yaml / *.yml below a directory, sorted; hidden ones and directories
 * named `selftest` are left out unless the path names them. */
GPtrArray *rig_scenario_find(const char *path, GError **error) G_GNUC_WARN_UNUSED_RESULT; /* char * */

/* From the tables: Markdown step reference; JSON Schema (draft 2020-12) of a scenario file; both owned by the
 * caller. */
char *rig_reference_markdown(const struct rig_language *language);
char *rig_reference_text(const struct rig_language *language,
                         const char *verb); /* NULL verb: the list; unknown verb: NULL */
char *rig_schema_json(const struct rig_language *language);

G_END_DECLS

#endif
