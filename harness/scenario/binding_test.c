/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Fields bound to members: each kind of member is filled, and a table that does not fit its struct is found.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "scenario/scenario.h"

static const char *const speeds[] = {"slow", "fast", NULL};
static const char *const any[] = {"any", NULL};
enum speed { SLOW, FAST };

struct inner {
    guint16 port;
};
struct outer {
    bool flag;
    guint8 byte;
    guint16 word;
    guint32 size;
    guint64 wait_us;
    enum speed speed;
    struct rig_image_version version;
    guint8 address[6];
    const guint8 *maybe_byte;
    const guint32 *maybe_count;
    const char *maybe_word;
    const struct rig_image_version *maybe_version;
    const char *text;
    const char *const *texts;
    const struct rig_numbers *numbers;
    GBytes *bytes;
    const struct inner *inner;
    const struct inner *const *inners;
    const struct rig_value *value;
};

static const struct rig_field inner_fields[] = {
    RIG_FIELD("port", COUNT, struct inner, port, .default_text = "7", .max = 65535, .about = "A port."),
};
static const struct rig_shape inner_shape = {RIG_SHAPE("inner", inner_fields, struct inner),
                                             .shorthand = "port"};
static const struct rig_field outer_fields[] = {
    RIG_FIELD("flag", FLAG, struct outer, flag, .default_text = "true", .about = "."),
    RIG_FIELD("byte", COUNT, struct outer, byte, .default_text = "200", .max = 255, .about = "."),
    RIG_FIELD("word", COUNT, struct outer, word, .default_text = "40000", .max = 65535, .about = "."),
    RIG_FIELD("size", SIZE, struct outer, size, .default_text = "1MiB", .about = "."),
    RIG_FIELD("wait", DURATION, struct outer, wait_us, .default_text = "120min", .about = "."),
    RIG_FIELD("speed", CHOICE, struct outer, speed, .choices = speeds, .default_text = "slow", .about = "."),
    RIG_FIELD("version", VERSION, struct outer, version, .default_text = "1.2.3", .about = "."),
    RIG_FIELD("address", ADDRESS, struct outer, address, .default_text = "12:34:56:11:22:33", .about = "."),
    RIG_FIELD("maybe-byte", COUNT, struct outer, maybe_byte, .max = 255, .about = "."),
    RIG_FIELD("maybe-count", COUNT, struct outer, maybe_count, RIG_WORD(struct outer, maybe_word),
              .choices = any, .about = "."),
    RIG_FIELD("maybe-version", VERSION, struct outer, maybe_version, .about = "."),
    RIG_FIELD("text", TEXT, struct outer, text, .about = "."),
    RIG_FIELD("texts", CHOICE, struct outer, texts, .list = true, .choices = speeds, .about = "."),
    RIG_FIELD("numbers", COUNT, struct outer, numbers, .list = true, .about = "."),
    RIG_FIELD("bytes", HEX, struct outer, bytes, .about = "."),
    RIG_STRUCT_FIELD("inner", RECORD, struct outer, inner, struct inner, &inner_shape, .about = "."),
    RIG_STRUCT_FIELD("inners", RECORD, struct outer, inners, struct inner, &inner_shape, .list = true,
                     .about = "."),
    RIG_FIELD("value", TEXT, struct outer, value, .about = "."),
};
static const struct rig_shape outer_shape = {RIG_SHAPE("outer", outer_fields, struct outer)};

struct reading {
    struct rig_source *source;
    struct rig_document *document;
    struct rig_record *record;
    const struct outer *outer;
};

static struct reading read_text(const char *text)
{
    struct reading reading = {.source = rig_source_from_text("t.yaml", text)};
    struct rig_diagnostics diagnostics;

    rig_diagnostics_init(&diagnostics);
    reading.document = rig_document_parse(reading.source, &diagnostics);
    reading.record = rig_record_read(rig_document_root(reading.document), &outer_shape, NULL, &diagnostics);
    assert_int_equal(diagnostics.n_added, 0);
    rig_diagnostics_clear(&diagnostics);
    reading.outer = RIG_STRUCT(reading.record, struct outer);
    return reading;
}

static void done(struct reading *reading)
{
    rig_record_free(reading->record);
    rig_document_free(reading->document);
    rig_source_free(reading->source);
}

static void defaults_fill_members_and_the_absent_is_null(void **state)
{
    struct reading reading = read_text("{}");
    const struct outer *outer = reading.outer;
    static const guint8 address[6] = {0x12, 0x34, 0x56, 0x11, 0x22, 0x33};

    (void)state;
    assert_true(outer->flag && outer->byte == 200 && outer->word == 40000 && outer->size == 1 << 20);
    assert_true(outer->wait_us == G_GUINT64_CONSTANT(7200000000) && outer->speed == SLOW);
    assert_true(outer->version.major == 1 && outer->version.minor == 2 && outer->version.revision == 3);
    assert_memory_equal(outer->address, address, sizeof address);
    assert_true(!outer->maybe_byte && !outer->maybe_count && !outer->maybe_word && !outer->maybe_version);
    assert_true(!outer->text && !outer->texts && !outer->numbers && !outer->bytes);
    assert_true(!outer->inner && !outer->inners && !outer->value);
    done(&reading);
}

static void what_is_written_fills_members_of_each_kind(void **state)
{
    struct reading reading =
        read_text("flag: false\nspeed: fast\nmaybe-byte: 255\nmaybe-count: 4294967295\n"
                  "maybe-version: 2.0.1\ntext: a b\ntexts: [fast, slow]\nnumbers: [3, 0x10]\n"
                  "bytes: 0a0b\ninner: 9\ninners: [{port: 1}, {}]\nvalue: x\n");
    const struct outer *outer = reading.outer;

    (void)state;
    assert_true(!outer->flag && outer->speed == FAST && *outer->maybe_byte == 255);
    assert_true(*outer->maybe_count == G_MAXUINT32 && !outer->maybe_word &&
                outer->maybe_version->revision == 1);
    assert_string_equal(outer->text, "a b");
    assert_string_equal(outer->texts[0], "fast");
    assert_string_equal(outer->texts[1], "slow");
    assert_null(outer->texts[2]);
    assert_true(outer->numbers->n == 2 && outer->numbers->items[0] == 3 && outer->numbers->items[1] == 16);
    assert_int_equal(g_bytes_get_size(outer->bytes), 2);
    assert_true(outer->inner->port == 9 && outer->inners[0]->port == 1 && outer->inners[1]->port == 7);
    assert_null(outer->inners[2]);
    assert_int_equal(outer->value->node->start.line, 12);
    done(&reading);
}

static void a_keyword_is_in_the_member_of_its_own(void **state)
{
    struct reading reading = read_text("maybe-count: any\n");

    (void)state;
    assert_null(reading.outer->maybe_count);
    assert_string_equal(reading.outer->maybe_word, "any");
    done(&reading);
}

static void assert_problem(const struct rig_shape *shape, const char *wanted)
{
    g_autofree char *problem = rig_shape_problem(shape);

    assert_non_null(problem);
    assert_string_equal(problem, wanted);
}

/* One field in a shape of its own. */
#define PROBLEM(wanted, ...)                                                                                 \
    do {                                                                                                     \
        static const struct rig_field fields[] = {__VA_ARGS__};                                              \
        static const struct rig_shape shape = {RIG_SHAPE("s", fields, struct outer)};                        \
        assert_problem(&shape, wanted);                                                                      \
    } while (0)

static void a_member_that_does_not_fit_is_found(void **state)
{
    (void)state;
    PROBLEM("'f' of 's' may be larger than its member",
            RIG_FIELD("f", COUNT, struct outer, word, .required = true));
    PROBLEM("'f' of 's' may be larger than its member",
            RIG_FIELD("f", SIZE, struct outer, maybe_byte, .max = 256));
    PROBLEM("'f' of 's' may be absent: its member must be a pointer",
            RIG_FIELD("f", COUNT, struct outer, size, .max = 9));
    PROBLEM("'f' of 's' has a type that its member cannot hold",
            RIG_FIELD("f", TEXT, struct outer, flag, .required = true));
    PROBLEM("'f' of 's' has a type that its member cannot hold",
            RIG_FIELD("f", INTEGER, struct outer, maybe_count, .max = 9));
    PROBLEM("'f' of 's' is a list, and its member is none",
            RIG_FIELD("f", TEXT, struct outer, text, .list = true));
    PROBLEM("'f' of 's' is no list, and its member is one",
            RIG_FIELD("f", TEXT, struct outer, texts, .max = 9));
    PROBLEM("'f' of 's' takes keywords, and no member holds them",
            RIG_FIELD("f", COUNT, struct outer, maybe_count, .choices = any));
    PROBLEM("'f' of 's' may be absent: its member must be a pointer",
            RIG_FIELD("f", COUNT, struct outer, size, .choices = any, RIG_WORD(struct outer, text),
                      .required = true));
    PROBLEM("'f' of 's' is bound to no member", {.name = "f", .type = RIG_TYPE_COUNT});
    PROBLEM("'f' of 's' is bound to the struct of another shape",
            RIG_STRUCT_FIELD("f", RECORD, struct outer, inner, struct inner, &outer_shape, .about = "."));
}

static void a_former_name_that_is_a_present_one_or_became_nothing_is_found(void **state)
{
    static const char *const words[] = {"fast", "slow", NULL};
    static const struct rig_former nothing[] = {{"quick", "rapid"}, {NULL, NULL}};
    static const struct rig_former present[] = {{"slow", "fast"}, {NULL, NULL}};

    (void)state;
    PROBLEM("'f' of 's' was called 'g', which is another field",
            RIG_FIELD("f", TEXT, struct outer, text, .former = "g"),
            RIG_FIELD("g", TEXT, struct outer, text));
    PROBLEM("'f' of 's': 'quick' cannot have become 'rapid'",
            RIG_FIELD("f", CHOICE, struct outer, text, .choices = words, .former_choices = nothing));
    PROBLEM("'f' of 's': 'slow' cannot have become 'fast'",
            RIG_FIELD("f", CHOICE, struct outer, text, .choices = words, .former_choices = present));
}

static void a_table_that_names_a_missing_field_is_found(void **state)
{
    static const char *const group[] = {"port", "prot", NULL};
    static const struct rig_rule rules[] = {
        {.field = "inner", .kind = RIG_RULE_NEEDS, .other = "inners.port"},
        {.field = "inner", .kind = RIG_RULE_NEEDS, .other = "inners.prot"},
        {0},
    };
    static const struct rig_shape shapes[] = {
        {RIG_SHAPE("s", inner_fields, struct inner), .shorthand = "prot"},
        {RIG_SHAPE("s", inner_fields, struct inner), .exactly_one = group},
        {RIG_SHAPE("s", inner_fields, struct inner), .at_least_one = group},
        {RIG_SHAPE("s", outer_fields, struct outer), .rules = rules},
    };

    (void)state;
    assert_problem(&shapes[0], "the shorthand of 's' names 'prot', which is not one of its fields");
    assert_problem(&shapes[1], "a group of 's' names 'prot', which is not one of its fields");
    assert_problem(&shapes[2], "a group of 's' names 'prot', which is not one of its fields");
    assert_problem(&shapes[3], "a rule of 's' names 'inners.prot', which is not one of its fields");
}

static void a_name_that_no_step_makes_is_found(void **state)
{
    struct naming {
        const char *name;
    };
    static const struct rig_field makes_fields[] = {
        RIG_FIELD("as", NAME, struct naming, name, .makes = "copy")};
    static const struct rig_field takes_fields[] = {
        RIG_FIELD("like", NAME, struct naming, name, .takes = "copy")};
    static const struct rig_shape makes = {RIG_SHAPE("makes", makes_fields, struct naming)};
    static const struct rig_shape takes = {RIG_SHAPE("takes", takes_fields, struct naming)};
    static const struct rig_verb make = {.name = "make", .shape = &makes};
    static const struct rig_verb take = {.name = "take", .shape = &takes};
    static const struct rig_verb *const both[] = {&take, &make};
    const struct rig_language language = {.verbs = both, .n_verbs = 2};
    const struct rig_language without = {.verbs = both, .n_verbs = 1};
    g_autofree char *problem = rig_language_problem(&without);

    (void)state;
    assert_null(rig_language_problem(&language));
    assert_string_equal(problem, "'like' of 'takes' takes the name of a copy, which no step makes");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(defaults_fill_members_and_the_absent_is_null),
        cmocka_unit_test(what_is_written_fills_members_of_each_kind),
        cmocka_unit_test(a_keyword_is_in_the_member_of_its_own),
        cmocka_unit_test(a_member_that_does_not_fit_is_found),
        cmocka_unit_test(a_former_name_that_is_a_present_one_or_became_nothing_is_found),
        cmocka_unit_test(a_table_that_names_a_missing_field_is_found),
        cmocka_unit_test(a_name_that_no_step_makes_is_found),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
