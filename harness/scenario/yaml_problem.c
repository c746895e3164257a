/* SPDX-License-Identifier: GPL-3.0-or-later */
/* libyaml's problems as diagnostics: the common ones get plain words and a remedy, the others keep libyaml's
 * words. */
#include "scenario/yaml_problem.h"

#include <string.h>

struct known_problem {
    const char *problem; /* what libyaml's text holds */
    const char *context; /* what its context holds; NULL = any */
    const char *message;
    const char *hint;
    bool at_context; /* the place where it began says more than the place where it was noticed */
};

static const struct known_problem known_problems[] = {
    {"tab character", NULL, "a tab stands where spaces must", "indent with spaces", false},
    {"mapping values are not allowed", NULL, "a ': ' stands where no key can begin",
     "quote text that holds ': ', and check the indentation", false},
    {"unexpected end of stream", "quoted scalar", "a quote is opened here and never closed", NULL, true},
    {"unexpected document indicator", "quoted scalar", "a quote is opened here and never closed", NULL, true},
    {"did not find expected ',' or ']'", NULL, "this list is not closed, or a ',' is missing in it", NULL,
     true},
    {"did not find expected ',' or '}'", NULL, "this map is not closed, or a ',' is missing in it", NULL,
     true},
    {"did not find expected '-' indicator", NULL,
     "this is neither an item of the list before it nor outside of it", "check the indentation", false},
    {"did not find expected key", NULL, "this is neither a key of the map before it nor outside of it",
     "check the indentation", false},
    {"could not find expected ':'", NULL, "a key without ':'", NULL, true},
    {"block sequence entries are not allowed", NULL, "a '-' stands where no list can begin",
     "begin the list on a line of its own", false},
    {"unknown escape character", NULL, "YAML does not know this escape",
     "in 'single quotes' a backslash is only a backslash", false},
    {"invalid UTF-8", NULL, "not UTF-8", NULL, false},
};

static const struct known_problem *find_known(const yaml_parser_t *parser)
{
    for (gsize i = 0; i < G_N_ELEMENTS(known_problems); i++) {
        const struct known_problem *known = &known_problems[i];

        if (strstr(parser->problem, known->problem) &&
            (!known->context || (parser->context && strstr(parser->context, known->context))))
            return known;
    }
    return NULL;
}

static struct rig_mark to_mark(yaml_mark_t mark)
{
    return (struct rig_mark){(guint)mark.line + 1, (guint)mark.column + 1};
}

static gunichar character_at(const struct rig_source *source, struct rig_mark at)
{
    const char *text;

    if (at.line > source->line_starts->len)
        return 0;
    text = source->text + g_array_index(source->line_starts, guint32, at.line - 1);
    for (guint i = 1; i < at.column && *text; i++)
        text = g_utf8_next_char(text);
    return g_utf8_get_char(text);
}

static void add_bad_start(const yaml_parser_t *parser, const struct rig_source *source,
                          struct rig_diagnostics *diagnostics)
{
    struct rig_mark at = to_mark(parser->problem_mark);
    gunichar character = character_at(source, at);

    if (character == '\t')
        rig_diagnostics_add(diagnostics, source, at, 1, "indent with spaces",
                            "a tab stands where spaces must");
    else
        rig_diagnostics_add(diagnostics, source, at, 1, "quote the text",
                            "a plain text cannot begin with '%c'", character < 0x80 ? (char)character : '?');
}

static void add_unknown(const yaml_parser_t *parser, const struct rig_source *source,
                        struct rig_diagnostics *diagnostics)
{
    struct rig_mark at = to_mark(parser->problem_mark);
    struct rig_mark context = to_mark(parser->context_mark);

    if (parser->context)
        rig_diagnostics_add(diagnostics, source, at, 1, NULL, "%s, %s on line %u", parser->problem,
                            parser->context, context.line);
    else
        rig_diagnostics_add(diagnostics, source, at, 1, NULL, "%s", parser->problem);
}

void rig_yaml_problem_add(const yaml_parser_t *parser, const struct rig_source *source,
                          struct rig_diagnostics *diagnostics)
{
    const struct known_problem *known;

    if (parser->error == YAML_MEMORY_ERROR)
        g_error("out of memory");
    if (parser->error == YAML_READER_ERROR) {
        rig_diagnostics_add(diagnostics, source, rig_source_mark(source, parser->problem_offset), 1, NULL,
                            "%s (U+%04X)", parser->problem, (guint)parser->problem_value);
        return;
    }
    known = find_known(parser);
    if (strstr(parser->problem, "cannot start any token"))
        add_bad_start(parser, source, diagnostics);
    else if (known)
        rig_diagnostics_add(diagnostics, source,
                            to_mark(known->at_context ? parser->context_mark : parser->problem_mark), 1,
                            known->hint, "%s", known->message);
    else
        add_unknown(parser, source, diagnostics);
}
