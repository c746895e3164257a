/* SPDX-License-Identifier: GPL-3.0-or-later */
/* YAML to nodes: places, raw scalars, aliases, and everything of YAML that is refused or bounded. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "scenario/node.h"

struct parse {
    struct rig_source *source;
    struct rig_document *document;
    struct rig_diagnostics diagnostics;
    char *shown;
};

static struct parse parse_text(const char *text)
{
    struct parse parse = {.source = rig_source_from_text("n.yaml", text)};

    rig_diagnostics_init(&parse.diagnostics);
    parse.document = rig_document_parse(parse.source, &parse.diagnostics);
    parse.shown = rig_diagnostics_format(&parse.diagnostics, false);
    return parse;
}

static void done(struct parse *parse)
{
    rig_document_free(parse->document);
    rig_diagnostics_clear(&parse->diagnostics);
    rig_source_free(parse->source);
    g_free(parse->shown);
}

static void assert_refused(const char *text, const char *expected)
{
    struct parse parse = parse_text(text);

    if (!strstr(parse.shown, expected))
        print_error("wanted: %s\ngot: %s\n", expected, parse.shown);
    assert_non_null(strstr(parse.shown, expected));
    done(&parse);
}

static void scalars_keep_their_raw_text_and_place(void **state)
{
    struct parse parse = parse_text("a: 1.10\nb: 'x'\nc:\nd: [off, 010]\n");
    const struct rig_node *root = rig_document_root(parse.document);
    const struct rig_node *d = rig_node_get(root, "d");
    const struct rig_node *octal = g_ptr_array_index(d->items, 1);

    (void)state;
    assert_string_equal(parse.shown, "");
    assert_string_equal(rig_node_get(root, "a")->text, "1.10");
    assert_int_equal(rig_node_get(root, "a")->start.column, 4);
    assert_int_equal(rig_node_width(rig_node_get(root, "a")), 4);
    assert_true(rig_node_get(root, "b")->quoted);
    assert_true(rig_node_get(root, "c")->empty);
    assert_string_equal(octal->text, "010");
    assert_int_equal(octal->start.line, 4);
    assert_int_equal(octal->start.column, 10);
    assert_null(rig_node_get(root, "e"));
    assert_null(rig_node_get(d, "a"));
    done(&parse);
}

static void columns_count_characters(void **state)
{
    struct parse parse = parse_text("\xc3\xa4\xc3\xb6: {x: y}\n");
    const struct rig_node *map = rig_node_get(rig_document_root(parse.document), "\xc3\xa4\xc3\xb6");

    (void)state;
    assert_int_equal(map->start.column, 5);
    done(&parse);
}

static void windows_line_ends_are_line_ends(void **state)
{
    struct parse parse = parse_text("a: 1\r\nb: 2\r\n");
    const struct rig_node *b = rig_node_get(rig_document_root(parse.document), "b");

    (void)state;
    assert_string_equal(b->text, "2");
    assert_int_equal(b->start.line, 2);
    done(&parse);
}

static void an_alias_is_the_node_that_it_names(void **state)
{
    struct parse parse = parse_text("a: &x {k: v}\nb: *x\n");
    const struct rig_node *root = rig_document_root(parse.document);

    (void)state;
    assert_ptr_equal(rig_node_get(root, "a"), rig_node_get(root, "b"));
    done(&parse);
}

static void an_anchor_may_be_given_again_inside_of_itself(void **state)
{
    struct parse parse = parse_text("a: &x {k: &x v}\nb: *x\n");

    (void)state;
    assert_string_equal(rig_node_get(rig_document_root(parse.document), "b")->text, "v");
    done(&parse);
}

static void parts_of_yaml_that_are_not_used_are_refused(void **state)
{
    (void)state;
    assert_refused("a: !!int 5\n", "tags such as 'tag:yaml.org,2002:int' are not used here");
    assert_refused("a: ! 5\n", "tags such as '!' are not used here");
    assert_refused("a: !!map {b: 1}\n", "are not used here");
    assert_refused("a: &x {b: 1}\nc:\n  <<: *x\n", "n.yaml:3:3: error: merge keys ('<<') are not used here");
    assert_refused("? [a]\n: 1\n", "a key must be one word, not a list");
    assert_refused("? {a: 1}\n: 1\n", "a key must be one word, not a map");
    assert_refused("a: {{b}}\n", "a key must be one word, not a map");
    assert_refused("? \n: 1\n", "a key is missing before ':'");
    assert_refused("'': 1\n", "a key is missing before ':'");
    assert_refused("a: 1\n---\nb: 2\n", "n.yaml:2:1: error: one file holds one document");
    assert_refused("a: \"x\\0y\"\n", "a text may not hold a NUL character");
}

static void a_key_written_twice_is_told_at_the_second_place(void **state)
{
    assert_refused("a: 1\nb: 2\na: 3\n",
                   "n.yaml:3:1: error: 'a' is written twice\n   3 | a: 3\n     | ^ the first is on line 1\n");
    assert_refused("x: {a: 1, a: 2}\n", "n.yaml:1:11: error: 'a' is written twice");
    (void)state;
}

static void an_empty_file_says_so(void **state)
{
    (void)state;
    assert_refused("", "n.yaml:1:1: error: the file is empty");
    assert_refused("# only words\n", "the file is empty");
    assert_refused("---\n...\n", "the file is empty");
}

static void aliases_to_nothing_and_to_themselves_are_refused(void **state)
{
    (void)state;
    assert_refused("a: *nix\n", "no '&nix' before this '*nix'");
    assert_refused("a: &x [*x]\n", "'*x' stands inside of what it names");
    assert_refused("a: &x {b: {c: *x}}\n", "'*x' stands inside of what it names");
}

static void ten_thousandfold_aliases_are_refused_at_once(void **state)
{
    g_autoptr(GString) text = g_string_new("a0: &a0 [x,x,x,x,x,x,x,x,x,x]\n");

    (void)state;
    for (int i = 1; i < 25; i++)
        g_string_append_printf(text, "a%d: &a%d [*a%d,*a%d,*a%d,*a%d,*a%d,*a%d,*a%d,*a%d,*a%d,*a%d]\n", i, i,
                               i - 1, i - 1, i - 1, i - 1, i - 1, i - 1, i - 1, i - 1, i - 1, i - 1);
    assert_refused(text->str, "too many values in one file");
    g_string_assign(text, "a: &a [x,x,x,x,x,x,x,x,x,x]\nb: [*a");
    for (int i = 0; i < 10000; i++)
        g_string_append(text, ",*a");
    g_string_append(text, "]\n");
    assert_refused(text->str, "too many values in one file");
}

static void depth_is_bounded(void **state)
{
    g_autofree char *flow = g_strnfill(100000, '[');
    g_autofree char *maps = g_strnfill(100000, '{');
    g_autoptr(GString) block = g_string_new(NULL);
    g_autoptr(GString) chain = g_string_new("a0: &a0 [x]\n");

    (void)state;
    assert_refused(flow, "nested too deeply");
    assert_refused(maps, "nested too deeply");
    for (int i = 0; i < 100; i++)
        g_string_append_printf(block, "%*sa:\n", i, "");
    assert_refused(block->str, "nested too deeply");
    for (int i = 1; i < 100; i++)
        g_string_append_printf(chain, "a%d: &a%d [*a%d]\n", i, i, i - 1);
    assert_refused(chain->str, "nested too deeply");
}

static void slips_of_the_pen_get_plain_words(void **state)
{
    (void)state;
    assert_refused("a:\n\tb: 1\n", "n.yaml:2:1: error: a tab stands where spaces must");
    assert_refused("a: \"never closed\nb: 1\n", "n.yaml:1:4: error: a quote is opened here and never closed");
    assert_refused("a: 'never closed\n", "n.yaml:1:4: error: a quote is opened here and never closed");
    assert_refused("a: b: c\n", "a ': ' stands where no key can begin");
    assert_refused("a: [1, 2\nb: 3\n", "this list is not closed, or a ',' is missing in it");
    assert_refused("a: {b: 1\nc: 3\n", "this map is not closed, or a ',' is missing in it");
    assert_refused("a: @x\n", "a plain text cannot begin with '@'");
    assert_refused("a: \"\\q\"\n", "YAML does not know this escape");
    assert_refused("a: 1\n b: 2\n", "n.yaml:2:");
    assert_refused("a:\n  - 1\n b: 2\n", "n.yaml:3:");
    assert_refused("a: \x01\n", "control characters are not allowed (U+0001)");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(scalars_keep_their_raw_text_and_place),
        cmocka_unit_test(columns_count_characters),
        cmocka_unit_test(windows_line_ends_are_line_ends),
        cmocka_unit_test(an_alias_is_the_node_that_it_names),
        cmocka_unit_test(an_anchor_may_be_given_again_inside_of_itself),
        cmocka_unit_test(parts_of_yaml_that_are_not_used_are_refused),
        cmocka_unit_test(a_key_written_twice_is_told_at_the_second_place),
        cmocka_unit_test(an_empty_file_says_so),
        cmocka_unit_test(aliases_to_nothing_and_to_themselves_are_refused),
        cmocka_unit_test(ten_thousandfold_aliases_are_refused_at_once),
        cmocka_unit_test(depth_is_bounded),
        cmocka_unit_test(slips_of_the_pen_get_plain_words),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
