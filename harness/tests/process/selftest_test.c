/* SPDX-License-Identifier: GPL-3.0-or-later */
/* scenarios/selftest/: every step can say pass, fail and error; those of Nordic's DFU, in a folder of their
 * own, on a board that speaks it. In must_fail and must_error the first line says a piece of the message. In
 * fields/ each case says by a note what must come of it: "must fail: PIECE", "must error: PIECE" of the
 * message, or "must say: PIECE" of a text in the journal of a case that passes. */
#include "process.h"

#include <string.h>

#include <json-glib/json-glib.h>

#include "steps/verbs.h"

#define SELFTEST RIG_SOURCE_DIR "/scenarios/selftest"

/* Steps that honestly cannot come to this verdict on the simulated board, and why. */
struct exception {
    const char *verb;
    const char *kind;
    const char *reason;
};
#define ONLY_MAKES "it makes a condition; what the board then does is judged by the steps that follow"
#define NO_ADAPTER                                                                                           \
    "only a driver could be unable; the simulated one has no adapter, wire or switch that could be missing"
static const struct exception exceptions[] = {
    {"board", "must_fail", ONLY_MAKES},
    {"program", "must_fail", ONLY_MAKES},
    {"require", "must_fail", "a board that is something else skips the case, see fit_test"},
    {"require", "must_error", "a board that is something else skips the case, see fit_test"},
    {"wait", "must_fail", "time passes always"},
    {"wait", "must_error", "time passes always; only an interrupt ends it, which interrupt_test sees"},
    {"note", "must_fail", "it writes a line"},
    {"note", "must_error", "it writes a line"},
    {"power-on", "must_fail",
     "the simulated bootloader always starts; that a start is demanded is proven by smp-reset"},
    {"power-on", "must_error", NO_ADAPTER},
    {"power-off", "must_fail", "that the board is still powered is the rig's fault, not the board's"},
    {"power-off", "must_error", NO_ADAPTER},
    {"power-cycle", "must_fail",
     "the simulated bootloader always starts; that a start is demanded is proven by smp-reset"},
    {"power-cycle", "must_error", NO_ADAPTER},
    {"reset", "must_fail",
     "the simulated bootloader always starts; that a start is demanded is proven by smp-reset"},
    {"halt", "must_fail", ONLY_MAKES},
    {"resume", "must_fail", ONLY_MAKES},
    {"dump-slot", "must_fail", "it keeps a file"},
    {"write-memory", "must_fail", ONLY_MAKES},
    {"connect", "must_error", NO_ADAPTER},
    {"disconnect", "must_fail", ONLY_MAKES},
    {"disconnect", "must_error", NO_ADAPTER},
    {"pair", "must_error", NO_ADAPTER},
    {"answer-pairing", "must_error", NO_ADAPTER},
    {"forget-bond", "must_fail", ONLY_MAKES},
    {"forget-bond", "must_error", NO_ADAPTER},
    {"notifications", "must_error", NO_ADAPTER},
    {"att-read", "must_error", NO_ADAPTER},
    {"att-write", "must_error", NO_ADAPTER},
    {"att-subscribe", "must_error", NO_ADAPTER},
    {"expect-value", "must_error", NO_ADAPTER},
    {"expect-services", "must_error", NO_ADAPTER},
    {"button", "must_fail", ONLY_MAKES},
    {"button", "must_error", NO_ADAPTER},
    {"erase", "must_error", NO_ADAPTER},
    {"smp-parameters", "must_error", NO_ADAPTER},
    {"smp-reset", "must_error", NO_ADAPTER},
    {"smp-raw", "must_error", NO_ADAPTER},
    {"dfu-request", "must_error", NO_ADAPTER},
    {"expect-board", "must_error", NO_ADAPTER},
    {"expect-resets", "must_error", NO_ADAPTER},
    {"expect-settings", "must_error", NO_ADAPTER},
    {"expect-console", "must_error", NO_ADAPTER},
    {"expect-link", "must_error", NO_ADAPTER},
    {"watch-flash", "must_fail", "it remembers a number"},
    {"watch-flash", "must_error", "it remembers a number"},
};

/* What is played where: the verbs of one family have a board of their own. */
struct ground {
    const char *folder;
    const char *family; /* NULL: all others */
    const char *target; /* NULL: the default one */
    guint n_fields;     /* cases of fields/, at least */
};
static const struct ground grounds[] = {
    {SELFTEST, NULL, NULL, 100},
    {SELFTEST "/nordic", "nordic", "sim-nrf52840-dfu", 10},
};

static const struct ground *ground_of(const struct rig_verb *verb)
{
    return g_str_equal(verb->family, "nordic") ? &grounds[1] : &grounds[0];
}

static char *play_of(const struct ground *ground, const char *folder)
{
    return g_strdup_printf("bootrig run --no-html -q%s%s %s/%s", ground->target ? " --target " : "",
                           ground->target ? ground->target : "", ground->folder, folder);
}

static const char *const kinds[] = {"must_pass", "must_fail", "must_error"};
static const char *const verdicts[] = {"pass", "fail", "error"};

static bool is_excepted(const char *verb, const char *kind)
{
    for (gsize i = 0; i < G_N_ELEMENTS(exceptions); i++)
        if (g_str_equal(exceptions[i].verb, verb) && g_str_equal(exceptions[i].kind, kind))
            return true;
    return false;
}

static void every_step_has_a_scenario_for_each_verdict_or_a_reason_why_not(void **state)
{
    const struct rig_language *language = rig_language();

    (void)state;
    for (gsize i = 0; i < language->n_verbs; i++) {
        for (gsize kind = 0; kind < G_N_ELEMENTS(kinds); kind++) {
            g_autofree char *path = g_strdup_printf("%s/%s/%s.yaml", ground_of(language->verbs[i])->folder,
                                                    kinds[kind], language->verbs[i]->name);
            bool there = g_file_test(path, G_FILE_TEST_IS_REGULAR);

            if (there == is_excepted(language->verbs[i]->name, kinds[kind]))
                fail_msg("%s %s", path,
                         there ? "is there, but the step is listed as an exception" : "is missing");
        }
    }
}

static void every_exception_names_a_step_that_there_is(void **state)
{
    const struct rig_language *language = rig_language();

    (void)state;
    for (gsize i = 0; i < G_N_ELEMENTS(exceptions); i++) {
        bool found = false;

        for (gsize verb = 0; verb < language->n_verbs; verb++)
            found = found || g_str_equal(language->verbs[verb]->name, exceptions[i].verb);
        if (!found || !*exceptions[i].reason)
            fail_msg("exception %s %s", exceptions[i].verb, exceptions[i].kind);
    }
}

/* Text after "# says: " of the first line. */
static char *promise_of(const struct ground *ground, const char *kind, const char *name)
{
    g_autofree char *path = g_strdup_printf("%s/%s/%s", ground->folder, kind, name);
    g_autofree char *text = NULL;
    char *end;

    assert_true(g_file_get_contents(path, &text, NULL, NULL));
    end = strchr(text, '\n');
    assert_non_null(end);
    *end = '\0';
    if (!g_str_has_prefix(text, "# says: ") || !text[8])
        fail_msg("%s does not begin with '# says: '", path);
    return g_strdup(text + 8);
}

static void expect_one(const struct ground *ground, const GPtrArray *ended, guint kind, const char *file)
{
    g_autofree char *stem = g_strndup(file, strlen(file) - strlen(".yaml"));
    g_autofree char *name = g_strdup_printf("%s-%s",
                                            kind == 0   ? "must-pass"
                                            : kind == 1 ? "must-fail"
                                                        : "must-error",
                                            stem);
    const struct ended *one = ended_named(ended, name);

    if (!g_str_equal(one->verdict, verdicts[kind]))
        fail_msg("%s: %s (%s)", name, one->verdict, one->message);
    if (kind) {
        g_autofree char *promise = promise_of(ground, kinds[kind], file);

        expect_text(one->message, promise);
    }
}

static void run_ground(const struct place *place, const struct ground *ground, guint kind, int code)
{
    g_autofree char *folder = g_build_filename(ground->folder, kinds[kind], NULL);
    g_autofree char *play = play_of(ground, kinds[kind]);
    g_autoptr(GPtrArray) ended = NULL;
    g_autoptr(GDir) directory = g_dir_open(folder, 0, NULL);
    const char *file;
    guint n_files = 0;

    place_expect(place, code, NULL, "%s", play);
    ended = place_ended(place, "reports/out", false);
    while ((file = g_dir_read_name(directory))) {
        expect_one(ground, ended, kind, file);
        n_files++;
    }
    assert_int_equal(ended->len, n_files);
    assert_true(n_files > (ground->family ? 0u : 10u));
}

static void run_kind(const struct place *place, guint kind, int code)
{
    for (gsize i = 0; i < G_N_ELEMENTS(grounds); i++)
        run_ground(place, &grounds[i], kind, code);
}

static void must_pass_scenarios_pass(void **state)
{
    run_kind(*state, 0, 0);
}

static void must_fail_scenarios_fail_for_the_reason_they_say(void **state)
{
    run_kind(*state, 1, 1);
}

static void must_error_scenarios_are_rig_errors_for_the_reason_they_say(void **state)
{
    run_kind(*state, 2, 2);
}

/* One case of fields/ while its events are read. */
struct promised {
    char *promise;
    GString *said;
    GPtrArray *cases;  /* names, as they are listed */
    GHashTable *names; /* of those that ended */
    guint n_wrong;
};

static bool keeps_promise(const struct promised *promised, const char *verdict, const char *message)
{
    static const char *const kinds_of_promise[] = {"must fail: ", "must error: ", "must say: "};
    static const char *const wanted[] = {"fail", "error", "pass"};

    for (gsize i = 0; promised->promise && i < G_N_ELEMENTS(wanted); i++)
        if (g_str_has_prefix(promised->promise, kinds_of_promise[i]))
            return g_str_equal(verdict, wanted[i]) &&
                   strstr(i == 2 ? promised->said->str : message,
                          promised->promise + strlen(kinds_of_promise[i])) != NULL;
    return false;
}

static void end_promised(struct promised *promised, JsonObject *event)
{
    guint index = (guint)json_object_get_int_member(event, "case");
    const char *name = index < promised->cases->len ? g_ptr_array_index(promised->cases, index) : "?";
    const char *verdict = json_object_get_string_member(event, "verdict");
    const char *message = json_object_get_string_member_with_default(event, "message", "");

    if (strstr(promised->said->str, "this step does not run")) {
        print_error("%s: a step is told that did not run\n", name);
        promised->n_wrong++;
    }
    if (!keeps_promise(promised, verdict, message)) {
        print_error("%s: %s\n  but: %s (%s)\n", name,
                    promised->promise ? promised->promise : "nothing is promised: it ended before", verdict,
                    message);
        promised->n_wrong++;
    }
    g_hash_table_add(promised->names, g_strdup(name));
    g_clear_pointer(&promised->promise, g_free);
    g_string_truncate(promised->said, 0);
}

static void take_event(struct promised *promised, JsonObject *event)
{
    const char *kind = json_object_get_string_member(event, "ev");
    const char *text = json_object_get_string_member_with_default(event, "text", "");

    if (g_str_equal(kind, "run-start") || g_str_equal(kind, "cases")) {
        place_list_names(event, promised->cases);
    } else if (g_str_equal(kind, "case-end")) {
        end_promised(promised, event);
    } else if (g_str_equal(kind, "load-error")) {
        print_error("%s\n", text);
        promised->n_wrong++;
    } else if (g_str_equal(kind, "note") && g_str_has_prefix(text, "must ")) {
        g_free(promised->promise);
        promised->promise = g_strdup(text);
        g_string_truncate(promised->said, 0); /* the step that promises has it in its own text */
    } else {
        g_string_append_printf(promised->said, "%s\n", text);
    }
}

static bool has_case(const struct promised *promised, const char *verb, const char *field)
{
    g_autofree char *exact = g_strdup_printf("fields-%s[%s]", verb, field);
    g_autofree char *more = g_strdup_printf("fields-%s[%s-", verb, field);
    GHashTableIter iter;
    gpointer name;

    g_hash_table_iter_init(&iter, promised->names);
    while (g_hash_table_iter_next(&iter, &name, NULL))
        if (g_str_equal(name, exact) || g_str_has_prefix(name, more))
            return true;
    return false;
}

/* Of the verbs that do nothing but look; a list of records by the fields of its records. */
static guint fields_without_case(const struct promised *promised)
{
    const struct rig_language *language = rig_language();
    guint n_missing = 0;

    for (gsize i = 0; i < language->n_verbs; i++) {
        const struct rig_verb *verb = language->verbs[i];
        const struct rig_shape *shape = verb->shape;

        if (!g_str_has_prefix(verb->name, "expect-") && !g_str_equal(verb->name, "wait-memory"))
            continue;
        if (g_str_equal(verb->name, "expect-images"))
            shape = shape->fields[0].shape;
        for (gsize field = 0; field < shape->n_fields; field++) {
            if (!has_case(promised, verb->name, shape->fields[field].name)) {
                print_error("fields/%s.yaml has no case '%s'\n", verb->name, shape->fields[field].name);
                n_missing++;
            }
        }
    }
    return n_missing;
}

static void play_fields(const struct place *place, const struct ground *ground)
{
    struct promised promised = {.said = g_string_new(NULL),
                                .cases = g_ptr_array_new_with_free_func(g_free),
                                .names = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL)};
    g_autofree char *play = play_of(ground, "fields");
    g_autofree char *journal = NULL;
    g_auto(GStrv) lines = NULL;

    place_expect(place, ground->family ? 1 : 2, NULL, "%s", play);
    journal = place_read(place, "reports/out/journal.jsonl");
    assert_non_null(journal);
    lines = g_strsplit(journal, "\n", -1);
    for (gsize i = 0; lines[i]; i++) {
        g_autoptr(JsonNode) node = *lines[i] ? json_from_string(lines[i], NULL) : NULL;

        if (node)
            take_event(&promised, json_node_get_object(node));
    }
    assert_true(g_hash_table_size(promised.names) > ground->n_fields);
    if (!ground->family)
        assert_int_equal(fields_without_case(&promised), 0);
    assert_int_equal(promised.n_wrong, 0);
    g_ptr_array_unref(promised.cases);
    g_hash_table_unref(promised.names);
    g_string_free(promised.said, TRUE);
}

static void every_field_that_is_compared_tells_wrong_from_right(void **state)
{
    for (gsize i = 0; i < G_N_ELEMENTS(grounds); i++)
        play_fields(*state, &grounds[i]);
}

static void a_search_for_shipped_scenarios_leaves_the_selftests_out(void **state)
{
    g_autoptr(outcome) result = place_run(*state, "bootrig list " RIG_SOURCE_DIR "/scenarios");

    assert_int_equal(result->code, 0);
    assert_null(strstr(result->out, "must-fail"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_step_has_a_scenario_for_each_verdict_or_a_reason_why_not),
        cmocka_unit_test(every_exception_names_a_step_that_there_is),
        PROCESS_TEST(must_pass_scenarios_pass),
        PROCESS_TEST(must_fail_scenarios_fail_for_the_reason_they_say),
        PROCESS_TEST(must_error_scenarios_are_rig_errors_for_the_reason_they_say),
        PROCESS_TEST(every_field_that_is_compared_tells_wrong_from_right),
        PROCESS_TEST(a_search_for_shipped_scenarios_leaves_the_selftests_out),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
