/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Scratch folders and runs of the real binary. */
#include "base/file.h"
#include "process.h"

#include <fcntl.h>
#include <glib/gstdio.h>
#include <json-glib/json-glib.h>
#include <libxml/xmlschemas.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

int place_setup(void **state)
{
    struct place *place = g_new0(struct place, 1);
    g_autofree char *folder = g_path_get_dirname(RIG_BINARY);
    g_autofree char *path = g_strdup_printf("%s:%s", folder, g_getenv("PATH"));

    place->directory = g_dir_make_tmp("bootrig-test-XXXXXX", NULL);
    place->environment = g_environ_setenv(g_get_environ(), "PATH", path, TRUE);
    place->environment = g_environ_unsetenv(place->environment, "NO_COLOR");
    place->environment = g_environ_unsetenv(place->environment, "BOOTRIG_DATA_DIR");
    /* A sanitizer's finding must not be taken for a verdict. */
    place->environment = g_environ_setenv(place->environment, "ASAN_OPTIONS", "exitcode=99", TRUE);
    place->environment = g_environ_setenv(place->environment, "UBSAN_OPTIONS", "exitcode=99", TRUE);
    *state = place;
    return place->directory ? 0 : -1;
}

int place_teardown(void **state)
{
    struct place *place = *state;

    rig_tree_remove(place->directory);
    g_strfreev(place->environment);
    g_free(place->directory);
    g_free(place);
    return 0;
}

char *place_path(const struct place *place, const char *name)
{
    return g_build_filename(place->directory, name, NULL);
}

void place_write(const struct place *place, const char *name, const char *text)
{
    g_autofree char *path = place_path(place, name);
    g_autofree char *folder = g_path_get_dirname(path);

    assert_int_equal(g_mkdir_with_parents(folder, 0700), 0);
    assert_true(g_file_set_contents(path, text, -1, NULL));
}

char *place_read(const struct place *place, const char *name)
{
    g_autofree char *path = place_path(place, name);
    char *text = NULL;

    return g_file_get_contents(path, &text, NULL, NULL) ? text : NULL;
}

void outcome_free(outcome *result)
{
    if (!result)
        return;
    g_free(result->out);
    g_free(result->err);
    g_free(result);
}

static char **words_of(const char *line)
{
    char **words = NULL;

    if (!g_shell_parse_argv(line, NULL, &words, NULL))
        fail_msg("not a command line: %s", line);
    if (g_str_equal(words[0], "bootrig")) {
        g_free(words[0]);
        words[0] = g_strdup(RIG_BINARY);
    }
    return words;
}

/* Runs in the child between fork and exec. */
static void limit_child(gpointer user)
{
    const struct place *place = user;
    struct rlimit limit = {place->file_limit, place->file_limit};

    alarm(PLACE_DEADLINE_S);
    if (place->file_limit) {
        setrlimit(RLIMIT_FSIZE, &limit);
    }
}

static int code_of(int status)
{
    return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

static outcome *run_line(const struct place *place, const char *line)
{
    g_auto(GStrv) words = words_of(line);
    outcome *result = g_new0(outcome, 1);
    g_autoptr(GError) error = NULL;
    int status = 0;

    if (!g_spawn_sync(place->directory, words, place->environment, G_SPAWN_SEARCH_PATH_FROM_ENVP, limit_child,
                      (gpointer)place, &result->out, &result->err, &status, &error))
        fail_msg("%s: %s", line, error->message);
    result->code = code_of(status);
    return result;
}

outcome *place_run(const struct place *place, const char *format, ...)
{
    g_autofree char *line = NULL;
    va_list arguments;

    va_start(arguments, format);
    line = g_strdup_vprintf(format, arguments);
    va_end(arguments);
    return run_line(place, line);
}

void place_expect(const struct place *place, int code, const char *said, const char *format, ...)
{
    g_autofree char *line = NULL;
    g_autoptr(outcome) result = NULL;
    va_list arguments;

    va_start(arguments, format);
    line = g_strdup_vprintf(format, arguments);
    va_end(arguments);
    result = run_line(place, line);
    if (result->code != code || (said && !strstr(result->out, said) && !strstr(result->err, said)))
        fail_msg("%s\nended with %d, wanted %d and '%s'\nout: %.3000s\nerr: %.3000s", line, result->code,
                 code, said ? said : "", result->out, result->err);
}

GPid place_start(const struct place *place, const char *format, ...)
{
    g_autofree char *line = NULL;
    g_autofree char *out = place_path(place, "out.txt");
    g_autofree char *err = place_path(place, "err.txt");
    g_auto(GStrv) words = NULL;
    va_list arguments;
    GPid pid = 0;
    int fds[2] = {g_creat(out, 0600), g_creat(err, 0600)};

    va_start(arguments, format);
    line = g_strdup_vprintf(format, arguments);
    va_end(arguments);
    words = words_of(line);
    assert_true(g_spawn_async_with_fds(place->directory, words, place->environment,
                                       G_SPAWN_DO_NOT_REAP_CHILD | G_SPAWN_SEARCH_PATH_FROM_ENVP, limit_child,
                                       (gpointer)place, &pid, -1, fds[0], fds[1], NULL));
    close(fds[0]);
    close(fds[1]);
    return pid;
}

int place_wait(GPid pid)
{
    int status = 0;

    assert_int_equal(waitpid(pid, &status, 0), pid);
    return code_of(status);
}

static void ended_free(gpointer item)
{
    struct ended *ended = item;

    g_free(ended->name);
    g_free(ended->verdict);
    g_free(ended->message);
    g_free(ended->replay);
    g_free(ended);
}

void place_list_names(JsonObject *event, GPtrArray *names)
{
    JsonArray *cases =
        json_object_has_member(event, "cases") ? json_object_get_array_member(event, "cases") : NULL;

    for (guint i = 0; cases && i < json_array_get_length(cases); i++)
        g_ptr_array_add(
            names, g_strdup(json_object_get_string_member(json_array_get_object_element(cases, i), "name")));
}

static struct ended *read_end(JsonObject *event, const GPtrArray *names)
{
    struct ended *ended = g_new0(struct ended, 1);
    guint index = (guint)json_object_get_int_member(event, "case");

    assert_true(index < names->len);
    ended->name = g_strdup(g_ptr_array_index(names, index));
    ended->verdict = g_strdup(json_object_get_string_member(event, "verdict"));
    ended->message = g_strdup(json_object_get_string_member_with_default(
        event, "message", json_object_get_string_member_with_default(event, "skip_reason", "")));
    ended->replay = g_strdup(json_object_get_string_member_with_default(event, "replay", ""));
    ended->attempt = (guint)json_object_get_int_member(event, "attempt");
    ended->elapsed_us = json_object_get_int_member(event, "elapsed_us");
    return ended;
}

/* The first line of *text, cut off in place; *text is what follows. strchr, because a search that first
 * measures the whole rest (as the address sanitizer's strstr does) takes minutes over a long journal. */
static char *next_line(char **text)
{
    char *line = *text;
    char *end = strchr(line, '\n');

    *text = end ? end + 1 : line + strlen(line);
    if (end)
        *end = '\0';
    return line;
}

GPtrArray *place_ended(const struct place *place, const char *folder, bool all)
{
    g_autofree char *name = g_build_filename(folder, "journal.jsonl", NULL);
    g_autofree char *text = place_read(place, name);
    char *rest = text ? text : (char *)"";
    GPtrArray *ended = g_ptr_array_new_with_free_func(ended_free);
    g_autoptr(GPtrArray) names = g_ptr_array_new_with_free_func(g_free);

    while (*rest) {
        const char *line = next_line(&rest);
        bool is_list = strstr(line, "\"ev\":\"run-start\"") || strstr(line, "\"ev\":\"cases\"");
        g_autoptr(JsonNode) node =
            is_list || strstr(line, "\"ev\":\"case-end\"") ? json_from_string(line, NULL) : NULL;
        JsonObject *event = node ? json_node_get_object(node) : NULL;

        if (is_list && event)
            place_list_names(event, names);
        else if (event && (all || json_object_get_boolean_member(event, "final")))
            g_ptr_array_add(ended, read_end(event, names));
    }
    return ended;
}

const struct ended *ended_named(const GPtrArray *ended, const char *name)
{
    for (guint i = 0; i < ended->len; i++) {
        const struct ended *one = g_ptr_array_index(ended, i);

        if (g_str_equal(one->name, name))
            return one;
    }
    fail_msg("the journal has no end of the case '%s' (%u others)", name, ended->len);
    return NULL;
}

void place_expect_junit(const struct place *place, const char *name, bool strict)
{
    g_autofree char *path = place_path(place, name);
    xmlSchemaParserCtxtPtr parser = xmlSchemaNewParserCtxt(strict ? RIG_SOURCE_DIR "/reports/junit-strict.xsd"
                                                                  : RIG_SOURCE_DIR "/reports/junit.xsd");
    xmlSchemaPtr schema = xmlSchemaParse(parser);
    xmlSchemaValidCtxtPtr validator = xmlSchemaNewValidCtxt(schema);
    xmlDocPtr document = xmlReadFile(path, NULL, XML_PARSE_HUGE | XML_PARSE_NONET);
    int code = document ? xmlSchemaValidateDoc(validator, document) : -1;

    xmlFreeDoc(document);
    xmlSchemaFreeValidCtxt(validator);
    xmlSchemaFree(schema);
    xmlSchemaFreeParserCtxt(parser);
    if (code != 0)
        fail_msg("%s is no valid %sJUnit file", name, strict ? "strict " : "");
}

guint count_text(const char *text, const char *piece)
{
    guint n = 0;

    for (const char *at = text; (at = strstr(at, piece)); at += strlen(piece))
        n++;
    return n;
}

void expect_text(const char *text, const char *piece)
{
    if (!text || !strstr(text, piece))
        fail_msg("'%s' is missing in:\n%.4000s", piece, text ? text : "(nothing)");
}

static char *replace(char *text /* taken */, const char *pattern, const char *with)
{
    g_autoptr(GRegex) regex = g_regex_new(pattern, 0, 0, NULL);
    char *replaced = g_regex_replace(regex, text, -1, 0, with, 0, NULL);

    g_free(text);
    return replaced;
}

char *normalised(const char *text)
{
    char *result = replace(g_strdup(text), "[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:.]*Z", "WALL");

    result = replace(result, "\"duration_ms\":[0-9]+", "\"duration_ms\":0");
    result = replace(result, " time=\"[0-9.]+\"", " time=\"0\"");
    result = replace(result, "  [0-9.]+ m?s(?=\n)", "  0.000 s");
    result = replace(result, " in [0-9.]+ m?s(?=\n)", " in 0.0 s");
    result = replace(result, "hostname=\"[^\"]*\"", "hostname=\"HOST\"");
    return replace(result, "\"host\":\"[^\"]*\"", "\"host\":\"HOST\"");
}
