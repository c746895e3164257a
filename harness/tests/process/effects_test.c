/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Each field of the scenario language changes what is done: two scenarios that differ in one field alone are
 * played, and their journals compared. A field without such a pair fails the test. */
#include "effects.h"
#include "process.h"

#include <json-glib/json-glib.h>
#include <string.h>

#include "steps/verbs.h"

static const char *const images[][2] = {{"old", "{version: 1.0.0, size: 8KiB}"},
                                        {"new", "{version: 2.0.0, size: 8KiB}"},
                                        {"big", "{version: 3.0.0, size: 30KiB}"}};

static bool has_word(const char *text, const char *word)
{
    g_autofree char *pattern = g_strdup_printf("(?<![\\w-])%s(?![\\w:-])", word);

    return g_regex_match_simple(pattern, text, 0, 0);
}

static bool is_defined(char **lines, const char *name)
{
    g_autofree char *prefix = g_strdup_printf("= %s:", name);

    for (; *lines; lines++)
        if (g_str_has_prefix(*lines, prefix))
            return true;
    return false;
}

/* A scenario of these lines. The caller owns it. */
static char *scenario_of(guint number, const char *text)
{
    g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
    GString *whole = g_string_new(NULL);
    GString *steps = g_string_new("steps:\n");
    GString *defined = g_string_new(NULL);

    g_string_append_printf(whole, "scenario: pair-%u\n", number);
    for (char **line = lines; *line; line++)
        if (**line == '=')
            g_string_append_printf(defined, "  %s\n", *line + 2);
        else if (**line == '@')
            g_string_append_printf(whole, "target: %s\n", *line + 2);
        else if (**line)
            g_string_append_printf(steps, "%s%s\n", **line == ' ' ? "    " : "  - ",
                                   **line == ' ' ? *line + 1 : *line);
    for (gsize i = 0; i < G_N_ELEMENTS(images); i++)
        if (has_word(steps->str, images[i][0]) && !is_defined(lines, images[i][0]))
            g_string_append_printf(defined, "  %s: %s\n", images[i][0], images[i][1]);
    if (defined->len)
        g_string_append_printf(whole, "images:\n%s", defined->str);
    g_string_append(whole, steps->str);
    g_string_free(steps, TRUE);
    g_string_free(defined, TRUE);
    return g_string_free(whole, FALSE);
}

static void write_scenarios(const struct place *place, bool with)
{
    for (guint i = 0; i < n_effects; i++) {
        g_autofree char *name = g_strdup_printf("pairs/%03u.yaml", i);
        g_autofree char *text =
            effects[i].with ? scenario_of(i, with ? effects[i].with : effects[i].without) : NULL;

        if (text)
            place_write(place, name, text);
    }
}

/* What was done, without how it was written: of each case, by its number in the table. */
static GPtrArray *read_deeds(const struct place *place, const char *journal)
{
    static const char *const manner[] = {"n", "case", "where", "replay", "wall", "duration_ms"};
    static const char *const of_this_host[] = {"elapsed_us", "bytes"}; /* of an exploration */
    g_autofree char *text = place_read(place, journal);
    g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
    GPtrArray *deeds = g_ptr_array_new_with_free_func(g_free);
    g_autoptr(GPtrArray) numbers = g_ptr_array_new();
    g_autofree GString **parts = g_new0(GString *, n_effects);

    for (char **line = lines; *line && **line; line++) {
        g_autoptr(JsonNode) node = json_from_string(*line, NULL);
        JsonObject *event = json_node_get_object(node);
        const char *kind = json_object_get_string_member(event, "ev");
        g_autofree char *rest = NULL;
        guint number;

        if (json_object_has_member(event, "cases")) {
            JsonArray *cases = json_object_get_array_member(event, "cases");

            for (guint i = 0; i < json_array_get_length(cases); i++) {
                const char *name =
                    json_object_get_string_member(json_array_get_object_element(cases, i), "name");

                g_ptr_array_add(numbers,
                                GUINT_TO_POINTER((guint)g_ascii_strtoull(name + strlen("pair-"), NULL, 10)));
            }
        }
        if (!json_object_has_member(event, "case") || g_str_equal(kind, "step-start") ||
            g_str_equal(kind, "case-start"))
            continue;
        number = GPOINTER_TO_UINT(numbers->pdata[json_object_get_int_member(event, "case")]);
        for (gsize i = 0; i < G_N_ELEMENTS(manner); i++)
            json_object_remove_member(event, manner[i]);
        for (gsize i = 0; g_str_equal(kind, "explore-end") && i < G_N_ELEMENTS(of_this_host); i++)
            json_object_remove_member(event, of_this_host[i]);
        rest = json_to_string(node, FALSE);
        if (!parts[number])
            parts[number] = g_string_new(NULL);
        g_string_append_printf(parts[number], "%s\n", rest);
    }
    for (guint i = 0; i < n_effects; i++)
        g_ptr_array_add(deeds, parts[i] ? g_string_free(parts[i], FALSE) : NULL);
    return deeds;
}

/* NULL: check refuses the scenarios. The output folder is the same each time: paths are told, too. */
static GPtrArray *play(const struct place *place, bool with)
{
    g_autoptr(outcome) checked = NULL;
    g_autoptr(outcome) result = NULL;

    write_scenarios(place, with);
    checked = place_run(place, "bootrig check pairs");
    if (checked->code != 0) {
        print_error("%s\n", checked->err);
        return NULL;
    }
    result = place_run(place, "bootrig run -q --no-html -o out pairs");
    return read_deeds(place, "out/journal.jsonl");
}

static void copy_image(const struct place *place)
{
    g_autofree char *to = place_path(place, "image.bin");
    g_autofree char *bytes = NULL;
    gsize n_bytes;

    assert_true(g_file_get_contents(RIG_SOURCE_DIR "/fixtures/images/imgtool-ecdsa-p256.bin", &bytes,
                                    &n_bytes, NULL));
    assert_true(g_file_set_contents(to, bytes, (gssize)n_bytes, NULL));
}

/* How many pairs are (or are not) the same; those are named. */
static guint count_pairs(const GPtrArray *one, const GPtrArray *other, bool same, const char *what)
{
    guint n = 0;

    for (guint i = 0; i < n_effects; i++) {
        if (!effects[i].with)
            continue;
        bool played = one->pdata[i] && other->pdata[i];

        if (played && g_str_equal(one->pdata[i], other->pdata[i]) != same)
            continue;
        print_error("'%s' %s\n", effects[i].field, played ? what : "was not played");
        n++;
    }
    return n;
}

static guint count_bad_pairs(const struct place *place)
{
    g_autoptr(GPtrArray) without = play(place, false);
    g_autoptr(GPtrArray) again = play(place, false);
    g_autoptr(GPtrArray) with = play(place, true);

    if (!without || !again || !with)
        return 1;
    return count_pairs(without, again, false, "is another one each time") +
           count_pairs(without, with, true, "changes nothing");
}

static void each_field_changes_what_is_done(void **state)
{
    copy_image(*state);
    assert_int_equal(count_bad_pairs(*state), 0);
}

static bool is_in_table(const char *field)
{
    for (gsize i = 0; i < n_effects; i++)
        if (g_str_equal(effects[i].field, field))
            return true;
    return false;
}

static guint count_missing(const struct rig_shape *shape, GHashTable *seen)
{
    guint n_missing = 0;

    for (gsize i = 0; shape && i < shape->n_fields; i++) {
        g_autofree char *field = g_strdup_printf("%s.%s", shape->name, shape->fields[i].name);

        g_hash_table_add(seen, g_strdup(field));
        if (!is_in_table(field)) {
            print_error("no pair for '%s'\n", field);
            n_missing++;
        }
        n_missing += count_missing(shape->fields[i].shape, seen);
    }
    return n_missing;
}

static void each_field_is_in_the_table_and_nothing_else(void **state)
{
    const struct rig_language *language = rig_language();
    g_autoptr(GHashTable) seen = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    guint n_missing = count_missing(&rig_image_plan_shape, seen);

    (void)state;
    for (gsize i = 0; i < language->n_verbs; i++) {
        const struct rig_verb *verb = language->verbs[i];
        g_autofree char *within = g_strdup_printf("%s.within", verb->name);

        n_missing += count_missing(verb->shape, seen);
        if (verb->at_once)
            continue;
        g_hash_table_add(seen, g_strdup(within));
        if (!is_in_table(within)) {
            print_error("no pair for '%s'\n", within);
            n_missing++;
        }
    }
    for (gsize i = 0; i < n_effects; i++)
        if (!g_hash_table_contains(seen, effects[i].field)) {
            print_error("there is no field '%s'\n", effects[i].field);
            n_missing++;
        }
    assert_int_equal(n_missing, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_field_is_in_the_table_and_nothing_else),
        PROCESS_TEST(each_field_changes_what_is_done),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
