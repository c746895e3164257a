/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A man in the middle: each step that asks over SMP gets its answer corrupted in each way that there is. What
 * breaks the protocol is a fail of the board that says what is wrong, never a pass and never an error; what a
 * client has to take passes. */
#include "process.h"

#include <string.h>

#include "protocol/smp/corrupt.h"

/* One step on a healthy board that holds the image old, and new in slot 1 where the step needs it. */
struct asking {
    const char *name;
    const char *before; /* steps ahead of it, not corrupted */
    const char *step;
    const char *place;   /* whose answer is corrupted */
    const char *keys[3]; /* of its answer */
    const char *text_key, *bytes_key, *flag_key, *number_key;
};
static const struct asking askings[] = {
    {.name = "echo",
     .before = "",
     .step = "smp-echo: hello",
     .place = "request: 0",
     .keys = {"r"},
     .text_key = "r"},
    {.name = "parameters",
     .before = "",
     .step = "smp-parameters:",
     .place = "request: 0",
     .keys = {"buf_size", "buf_count"},
     .number_key = "buf_count"},
    {.name = "images",
     .before = "",
     .step = "expect-images: [{slot: 0, image: old, active: true, confirmed: true}, {slot: 1, image: new}]",
     .place = "request: 0",
     .keys = {"images", "version", "hash"},
     .text_key = "version",
     .bytes_key = "hash",
     .flag_key = "active"},
    {.name = "absent",
     .before = "  - erase:\n",
     .step = "expect-images: [{slot: 1, absent: true}]",
     .place = "request: 0",
     .keys = {"images", "slot"}},
    {.name = "mark",
     .before = "",
     .step = "mark: new",
     .place = "request: 0",
     .keys = {"images", "slot", "hash"}},
    {.name = "confirm", .before = "", .step = "confirm:", .place = "request: 0", .keys = {"images", "slot"}},
    {.name = "erase", .before = "", .step = "erase:", .place = "request: 0"},
    {.name = "reset", .before = "", .step = "smp-reset:", .place = "request: 0"},
    {.name = "first-chunk",
     .before = "",
     .step = "upload: {image: new, chunk: 200B}",
     .place = "chunk: 0",
     .keys = {"off"},
     .number_key = "off"},
    {.name = "later-chunk",
     .before = "",
     .step = "upload: {image: new, chunk: 200B}",
     .place = "chunk: 3",
     .keys = {"off"},
     .number_key = "off"},
    {.name = "in-a-window",
     .before = "",
     .step = "upload: {image: new, chunk: 200B, window: 3}",
     .place = "chunk: 5",
     .keys = {"off"},
     .number_key = "off"},
    {.name = "last-chunk",
     .before = "",
     .step = "upload: {image: new, chunk: 200B}",
     .place = "chunk: last",
     .keys = {"off"},
     .number_key = "off"},
    {.name = "raw",
     .before = "",
     .step = "smp-raw: \"0a00 0009 0000 4200 a161646568656c6c6f\"",
     .place = "request: 0",
     .keys = {"r"},
     .text_key = "r"},
    {.name = "raw-error",
     .before = "",
     .step = "smp-raw: {bytes: \"0a00 0001 0000 4263 a0\", expect: error}",
     .place = "request: 0",
     .keys = {"rc"}},
};

/* What the step then says, and why it may pass. */
struct expected {
    const char *kind;
    const char *asking; /* NULL: of any */
    const char *said;   /* a piece of the failure; NULL: it passes */
    const char *reason; /* why it may */
};
#define LOST_IS_SENT_AGAIN                                                                                   \
    "the double of an answer is passed over, and a chunk whose answer is lost is sent again"
#define EMPTY_IS_RIGHT "an empty map is all that this command answers"
static const struct expected expectations[] = {
    {"wrong-op", NULL, "does not answer op", NULL},
    {"wrong-group", NULL, "asked was group", NULL},
    {"wrong-command", NULL, "asked was command", NULL},
    {"wrong-sequence", NULL, "asked was sequence", NULL},
    {"version-3", NULL, "header version 3 answers version 1", NULL},
    {"flags-set", NULL, "flags of the header", NULL},
    {"length-short", NULL, "its header says", NULL},
    {"length-long", NULL, "its header says", NULL},
    {"cut-short", NULL, "shorter than an SMP header", NULL},
    {"no-body", NULL, "there is no body", NULL},
    {"no-cbor", NULL, "not a map", NULL},
    {"empty-map", "erase", NULL, EMPTY_IS_RIGHT},
    {"empty-map", "reset", NULL, EMPTY_IS_RIGHT},
    {"empty-map", "raw-error", "expected error, seen reply", NULL},
    {"empty-map", NULL, "is missing", NULL},
    {"array", NULL, "the body is an array", NULL},
    {"number-as-key", NULL, "not a CBOR map with keys of text", NULL},
    {"bytes-behind", NULL, "behind the map", NULL},
    {"rc-beside", "raw-error", "key 'rc' is there twice", NULL},
    {"rc-beside", "erase", "seen refused (rc 1", NULL},
    {"rc-beside", "reset", "seen refused (rc 1", NULL},
    {"rc-beside", "echo", "seen refused (rc 1", NULL},
    {"rc-beside", "parameters", "seen refused (rc 1", NULL},
    {"rc-beside", "raw", "seen error", NULL},
    {"rc-beside", NULL, "beside an error", NULL},
    {"err-beside", "raw-error", "both 'rc' and 'err'", NULL},
    {"err-beside", "erase", "seen refused (image group", NULL},
    {"err-beside", "reset", "seen refused (image group", NULL},
    {"err-beside", "echo", "seen refused (image group", NULL},
    {"err-beside", "parameters", "seen refused (image group", NULL},
    {"err-beside", "raw", "seen error", NULL},
    {"err-beside", NULL, "beside an error", NULL},
    {"err-empty", NULL, "is missing", NULL},
    {"err-zero", NULL, "says that there is no error", NULL},
    {"rc-as-text", NULL, "'rc' is text, not a number", NULL},
    {"match-false", "later-chunk", "'match' is false before the last chunk", NULL},
    {"match-false", "in-a-window", "'match' is false before the last chunk", NULL},
    {"match-false", "first-chunk", "'match' is false before the last chunk", NULL},
    {"match-false", "last-chunk", "what it wrote is not the image", NULL},
    {"match-false", NULL, NULL, "only an upload knows the key: elsewhere nobody does, and it is passed over"},
    {"many-entries", NULL, "more than 32 images", NULL},
    {"entry-twice", NULL, "is there twice", NULL},
    {"older-answer", "reset", "seen link-lost", NULL}, /* it resets all the same */
    {"older-answer", "raw", "seen silence", NULL},
    {"older-answer", "raw-error", "seen silence", NULL},
    {"older-answer", "first-chunk", NULL, LOST_IS_SENT_AGAIN},
    {"older-answer", "later-chunk", NULL, LOST_IS_SENT_AGAIN},
    {"older-answer", "in-a-window", NULL, LOST_IS_SENT_AGAIN},
    {"older-answer", "last-chunk", NULL, LOST_IS_SENT_AGAIN},
    {"older-answer", NULL, "no answer", NULL},
    {"unknown-key", NULL, NULL, "keys that nobody knows are of a newer server"},
    {"rc-zero", "raw-error", "key 'rc' is there twice", NULL},
    {"rc-zero", NULL, NULL, "legacy builds and serial recovery say so"},
    {"version-0", NULL, NULL, "servers from before header version 1 answer all in version 0"},
};

static const struct expected *expected_of(const char *kind, const char *asking)
{
    for (gsize i = 0; i < G_N_ELEMENTS(expectations); i++)
        if (g_str_equal(expectations[i].kind, kind) &&
            (!expectations[i].asking || g_str_equal(expectations[i].asking, asking)))
            return &expectations[i];
    return NULL;
}

struct play {
    char *name;
    const char *said; /* NULL: it passes */
};

static void play_free(gpointer item)
{
    struct play *play = item;

    g_free(play->name);
    g_free(play);
}

static void add_play(const struct place *place, GPtrArray *plays, const struct asking *asking,
                     const char *kind, const char *more, const char *said)
{
    struct play *play = g_new0(struct play, 1);
    g_autofree char *file = NULL;
    g_autofree char *text = NULL;

    play->name = g_strdup_printf("%s-%s-%u", asking->name, kind, plays->len);
    play->said = said;
    g_ptr_array_add(plays, play);
    file = g_strdup_printf("corrupted/%s.yaml", play->name);
    text = g_strdup_printf(
        "scenario: %s\nabout: A corrupted answer.\n"
        "images:\n  old: {version: 1.0.0, size: 2KiB}\n  new: {version: 1.2.0, size: 3KiB}\n"
        "setup:\n  - board: {slot0: old, slot1: new}\n  - connect:\n"
        "steps:\n%s  - with-faults: [{corrupt-response: {%s, as: %s%s}}]\n    do:\n      - %s\n",
        play->name, asking->before, asking->place, kind, more, asking->step);
    place_write(place, file, text);
}

/* Kinds that strike a key have rows of their own. */
static void add_keys(const struct place *place, GPtrArray *plays, const struct asking *asking)
{
    for (gsize i = 0; i < G_N_ELEMENTS(asking->keys) && asking->keys[i]; i++) {
        g_autofree char *more = g_strdup_printf(", key: %s", asking->keys[i]);
        bool error = g_str_equal(asking->name, "raw-error");
        bool no_hash = g_str_equal(asking->keys[i], "hash");

        add_play(place, plays, asking, "missing-key", more,
                 error     ? "expected error, seen reply"
                 : no_hash ? "has 0 bytes"
                           : "is missing");
        add_play(place, plays, asking, "wrong-type", more, ", not ");
        if (i == 0) /* of the outermost map; inside see smp_contract_test */
            add_play(place, plays, asking, "key-twice", more, "is there twice");
    }
    if (asking->text_key) {
        g_autofree char *more = g_strdup_printf(", key: %s", asking->text_key);

        add_play(place, plays, asking, "nul-behind", more,
                 g_str_equal(asking->text_key, "r") ? "the echo is another text" : "is none");
        add_play(place, plays, asking, "other-text", more,
                 g_str_equal(asking->text_key, "r") ? "the echo is another text" : "expected old");
    }
    if (asking->bytes_key) {
        add_play(place, plays, asking, "short-bytes", ", key: hash", "the hash of slot 0 has 31 bytes");
        add_play(place, plays, asking, "other-bytes", ", key: hash", "with another hash");
    }
    if (asking->flag_key)
        add_play(place, plays, asking, "other-flag", ", key: active",
                 "slot 0 active: expected true, seen false");
}

static void add_numbers(const struct place *place, GPtrArray *plays, const struct asking *asking)
{
    static const struct {
        const char *asking, *more, *said;
    } rows[] = {
        {"parameters", ", key: buf_size, number: 0", "'buf_size' 0 holds no message"},
        {"parameters", ", key: buf_count, number: 0", "'buf_count' is 0"},
        {"first-chunk", ", key: off, number: 100000", "is beyond the image's"},
        {"later-chunk", ", key: off, number: 200", "goes back to byte 200"},
        {"later-chunk", ", key: off, number: 1200", "only 800 bytes were sent"},
        {"later-chunk", ", key: off, number: 4000000000", "beyond the image"},
        {"later-chunk", ", key: off, number: 0", NULL}, /* it started again, or another client came: anew */
        {"in-a-window", ", key: off, number: 200", "goes back to byte 200"},
    };

    for (gsize i = 0; i < G_N_ELEMENTS(rows); i++)
        if (g_str_equal(rows[i].asking, asking->name))
            add_play(place, plays, asking, "other-number", rows[i].more, rows[i].said);
}

static bool has_list(const struct asking *asking)
{
    return g_strcmp0(asking->keys[0], "images") == 0;
}

static void add_all(const struct place *place, GPtrArray *plays, const struct asking *asking)
{
    static const char *const of_keys[] = {"missing-key", "wrong-type", "key-twice",   "other-number",
                                          "nul-behind",  "other-text", "short-bytes", "other-bytes",
                                          "other-flag",  NULL};

    for (const char *const *kind = rig_smp_corruption_names; *kind; kind++) {
        const struct expected *expected = expected_of(*kind, asking->name);

        if (g_strv_contains(of_keys, *kind) ||
            (!has_list(asking) && (g_str_equal(*kind, "many-entries") || g_str_equal(*kind, "entry-twice"))))
            continue;
        if (!expected)
            fail_msg("nothing is said of the kind '%s'", *kind);
        else if (!expected->said && !expected->reason)
            fail_msg("no reason why '%s' passes", *kind);
        else
            add_play(place, plays, asking, *kind, "", expected->said);
    }
    add_keys(place, plays, asking);
    add_numbers(place, plays, asking);
}

static void each_corrupted_answer_fails_each_step_and_says_why(void **state)
{
    g_autoptr(GPtrArray) plays = g_ptr_array_new_with_free_func(play_free);
    g_autoptr(GPtrArray) ended = NULL;
    g_autoptr(outcome) result = NULL;
    guint n_wrong = 0;

    for (gsize i = 0; i < G_N_ELEMENTS(askings); i++)
        add_all(*state, plays, &askings[i]);
    assert_true(plays->len > 350);
    result = place_run(*state, "bootrig run --no-html -q corrupted");
    ended = place_ended(*state, "reports/out", false);
    for (guint i = 0; i < plays->len; i++) {
        const struct play *play = g_ptr_array_index(plays, i);
        const struct ended *one = ended_named(ended, play->name);

        if (g_str_equal(one->verdict, play->said ? "fail" : "pass") &&
            (!play->said || strstr(one->message, play->said)))
            continue;
        print_error("%s: expected '%s', %s: %s\n", play->name, play->said ? play->said : "a pass",
                    one->verdict, one->message);
        n_wrong++;
    }
    assert_int_equal(n_wrong, 0);
    assert_int_equal(result->code, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        PROCESS_TEST(each_corrupted_answer_fails_each_step_and_says_why),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
