/* SPDX-License-Identifier: GPL-3.0-or-later */
/* libyaml events to a tree of nodes. Aliases share their node; what they expand to is counted, so that no
 * text can blow up. */
#include "scenario/node.h"

#include <string.h>
#include <yaml.h>

#include "scenario/yaml_problem.h"

struct rig_document {
    GPtrArray *nodes;
    GStringChunk *texts;
    const struct rig_node *root;
};

/* A node that an anchor names. Open: its end has not been read, so an alias to it would hold itself. */
struct anchor {
    struct rig_node *node;
    guint n_nodes; /* after alias expansion */
    guint height;
    bool open;
};

struct frame {
    struct rig_node *node;
    struct rig_node *key; /* of a map: waits for its value */
    struct anchor *anchor;
    guint n_nodes;
    guint height; /* of the highest child */
};

struct builder {
    yaml_parser_t parser;
    const struct rig_source *source;
    struct rig_diagnostics *diagnostics;
    struct rig_document *document;
    struct frame frames[RIG_YAML_MAX_DEPTH];
    guint n_frames;
    struct rig_node *root;
    GHashTable *anchors;    /* name -> struct anchor * */
    GPtrArray *all_anchors; /* their owner: a name may be given again while the first one is still open */
    guint n_nodes;          /* after alias expansion */
    bool stopped;
};

static struct rig_mark to_mark(yaml_mark_t mark)
{
    return (struct rig_mark){(guint)mark.line + 1, (guint)mark.column + 1};
}

static void node_free(gpointer item)
{
    struct rig_node *node = item;

    for (guint i = 0; node->kind == RIG_NODE_MAP && i < node->items->len; i++)
        g_free(g_ptr_array_index(node->items, i));
    if (node->items)
        g_ptr_array_unref(node->items);
    g_free(node);
}

static struct rig_node *add_node(struct rig_document *document, enum rig_node_kind kind)
{
    struct rig_node *node = g_new0(struct rig_node, 1);

    node->kind = kind;
    if (kind != RIG_NODE_SCALAR)
        node->items = g_ptr_array_new();
    g_ptr_array_add(document->nodes, node);
    return node;
}

static struct rig_node *new_node(struct builder *builder, enum rig_node_kind kind, const yaml_event_t *event)
{
    struct rig_node *node = add_node(builder->document, kind);

    node->source = builder->source;
    node->start = to_mark(event->start_mark);
    node->end = to_mark(event->end_mark);
    return node;
}

static void stop(struct builder *builder, const yaml_event_t *event, const char *hint, const char *message)
{
    rig_diagnostics_add(builder->diagnostics, builder->source, to_mark(event->start_mark), 1, hint, "%s",
                        message);
    builder->stopped = true;
}

static void refuse_tag(struct builder *builder, const yaml_event_t *event, const yaml_char_t *tag)
{
    if (tag)
        rig_diagnostics_add(builder->diagnostics, builder->source, to_mark(event->start_mark), 1,
                            "leave the tag out: each step knows the types of its values",
                            "tags such as '%s' are not used here", (const char *)tag);
}

static struct anchor *add_anchor(struct builder *builder, const yaml_char_t *name, struct rig_node *node)
{
    struct anchor *anchor;

    if (!name)
        return NULL;
    anchor = g_new0(struct anchor, 1);
    *anchor = (struct anchor){.node = node, .n_nodes = 1, .height = 1, .open = node->kind != RIG_NODE_SCALAR};
    g_ptr_array_add(builder->all_anchors, anchor);
    g_hash_table_replace(builder->anchors, g_strdup((const char *)name), anchor);
    return anchor;
}

static struct rig_node *as_key(struct builder *builder, struct rig_node *node, const yaml_event_t *event)
{
    struct rig_node *stand_in;

    if (node->kind == RIG_NODE_SCALAR && *node->text && (node->quoted || strcmp(node->text, "<<") != 0))
        return node;
    if (node->kind == RIG_NODE_SCALAR && !*node->text)
        rig_diagnostics_add(builder->diagnostics, builder->source, node->start, 1, NULL,
                            "a key is missing before ':'");
    else if (node->kind == RIG_NODE_SCALAR)
        rig_diagnostics_add(builder->diagnostics, builder->source, node->start, 2,
                            "write the keys out, or use a variable", "merge keys ('<<') are not used here");
    else
        rig_diagnostics_add(builder->diagnostics, builder->source, to_mark(event->start_mark), 1,
                            node->kind == RIG_NODE_MAP ? "quote '{' or '$name' if it is text"
                                                       : "quote '[' if it is text",
                            "a key must be one word, not a %s", node->kind == RIG_NODE_MAP ? "map" : "list");
    stand_in = new_node(builder, RIG_NODE_SCALAR, event);
    stand_in->text = ""; /* dropped with its value when the map ends */
    return stand_in;
}

static void attach(struct builder *builder, struct rig_node *node, guint n_nodes, guint height,
                   const yaml_event_t *event)
{
    struct frame *frame = builder->n_frames ? &builder->frames[builder->n_frames - 1] : NULL;

    if (!frame) {
        builder->root = node;
        return;
    }
    frame->n_nodes += n_nodes;
    frame->height = MAX(frame->height, height);
    if (node->varies)
        frame->node->varies = true;
    if (frame->node->kind == RIG_NODE_LIST) {
        g_ptr_array_add(frame->node->items, node);
    } else if (!frame->key) {
        frame->key = as_key(builder, node, event);
    } else {
        struct rig_pair *pair = g_new(struct rig_pair, 1);

        *pair = (struct rig_pair){g_steal_pointer(&frame->key), node};
        g_ptr_array_add(frame->node->items, pair);
    }
}

/* Counts before anything is built, so that a refused text has cost nothing. */
static bool count_nodes(struct builder *builder, guint n_nodes, const yaml_event_t *event)
{
    builder->n_nodes += n_nodes;
    if (builder->n_nodes <= RIG_YAML_MAX_NODES)
        return true;
    stop(builder, event, NULL, "too many values in one file, aliases counted as what they stand for");
    return false;
}

static void on_alias(struct builder *builder, const yaml_event_t *event)
{
    const char *name = (const char *)event->data.alias.anchor;
    const struct anchor *anchor = g_hash_table_lookup(builder->anchors, name);

    if (!anchor || anchor->open) {
        rig_diagnostics_add(
            builder->diagnostics, builder->source, to_mark(event->start_mark), (guint)strlen(name) + 1,
            anchor ? NULL : "quote the text if it should begin with '*'",
            anchor ? "'*%s' stands inside of what it names" : "no '&%s' before this '*%s'", name, name);
        builder->stopped = true;
    } else if (builder->n_frames + anchor->height > RIG_YAML_MAX_DEPTH) {
        stop(builder, event, NULL, "nested too deeply");
    } else if (count_nodes(builder, anchor->n_nodes, event)) {
        attach(builder, anchor->node, anchor->n_nodes, anchor->height, event);
    }
}

static void on_scalar(struct builder *builder, const yaml_event_t *event)
{
    const char *text = (const char *)event->data.scalar.value;
    struct rig_node *node;

    if (!count_nodes(builder, 1, event))
        return;
    node = new_node(builder, RIG_NODE_SCALAR, event);
    node->quoted = event->data.scalar.style != YAML_PLAIN_SCALAR_STYLE;
    node->empty = !node->quoted && event->data.scalar.length == 0;
    node->text = g_string_chunk_insert_len(builder->document->texts, text, (gssize)event->data.scalar.length);
    node->varies = strchr(text, '$') || strcmp(text, "when") == 0;
    if (strlen(text) != event->data.scalar.length)
        rig_diagnostics_add(builder->diagnostics, builder->source, node->start, rig_node_width(node), NULL,
                            "a text may not hold a NUL character");
    refuse_tag(builder, event, event->data.scalar.tag);
    add_anchor(builder, event->data.scalar.anchor, node);
    attach(builder, node, 1, 1, event);
}

static void on_start(struct builder *builder, const yaml_event_t *event, enum rig_node_kind kind)
{
    bool is_map = kind == RIG_NODE_MAP;
    struct frame *frame;

    if (builder->n_frames == RIG_YAML_MAX_DEPTH - 1) {
        stop(builder, event, NULL, "nested too deeply");
        return;
    }
    if (!count_nodes(builder, 1, event))
        return;
    frame = &builder->frames[builder->n_frames++];
    *frame = (struct frame){.node = new_node(builder, kind, event), .n_nodes = 1};
    refuse_tag(builder, event, is_map ? event->data.mapping_start.tag : event->data.sequence_start.tag);
    frame->anchor = add_anchor(
        builder, is_map ? event->data.mapping_start.anchor : event->data.sequence_start.anchor, frame->node);
}

static bool keep_pair(struct builder *builder, GHashTable *first_of, const struct rig_pair *pair)
{
    const struct rig_node *first = g_hash_table_lookup(first_of, pair->key->text);
    g_autofree char *hint = NULL;

    if (*pair->key->text == '\0')
        return false;
    if (!first) {
        g_hash_table_insert(first_of, (gpointer)pair->key->text, pair->key);
        return true;
    }
    hint = g_strdup_printf("the first is on line %u", first->start.line);
    rig_diagnostics_add(builder->diagnostics, builder->source, pair->key->start, rig_node_width(pair->key),
                        hint, "'%s' is written twice", pair->key->text);
    return false;
}

/* Duplicates are told here and leave the map, so that nobody has to ask which of them counts. */
static void drop_duplicates(struct builder *builder, struct rig_node *map)
{
    g_autoptr(GHashTable) first_of = g_hash_table_new(g_str_hash, g_str_equal);
    guint n_kept = 0;

    for (guint i = 0; i < map->items->len; i++) {
        struct rig_pair *pair = g_ptr_array_index(map->items, i);

        if (keep_pair(builder, first_of, pair))
            map->items->pdata[n_kept++] = pair;
        else
            g_free(pair);
    }
    g_ptr_array_set_size(map->items, (gint)n_kept);
}

static void on_end(struct builder *builder, const yaml_event_t *event)
{
    struct frame frame = builder->frames[--builder->n_frames];

    frame.node->end = to_mark(event->end_mark);
    if (frame.node->kind == RIG_NODE_MAP)
        drop_duplicates(builder, frame.node);
    if (frame.anchor)
        *frame.anchor = (struct anchor){frame.node, frame.n_nodes, frame.height + 1, false};
    attach(builder, frame.node, frame.n_nodes, frame.height + 1, event);
}

static void on_event(struct builder *builder, const yaml_event_t *event)
{
    switch (event->type) {
    case YAML_DOCUMENT_START_EVENT:
        if (builder->root)
            stop(builder, event, NULL, "one file holds one document; a second one begins here");
        break;
    case YAML_ALIAS_EVENT:
        on_alias(builder, event);
        break;
    case YAML_SCALAR_EVENT:
        on_scalar(builder, event);
        break;
    case YAML_SEQUENCE_START_EVENT:
        on_start(builder, event, RIG_NODE_LIST);
        break;
    case YAML_MAPPING_START_EVENT:
        on_start(builder, event, RIG_NODE_MAP);
        break;
    case YAML_SEQUENCE_END_EVENT:
    case YAML_MAPPING_END_EVENT:
        on_end(builder, event);
        break;
    case YAML_STREAM_END_EVENT:
        builder->stopped = true;
        break;
    case YAML_NO_EVENT:
    case YAML_STREAM_START_EVENT:
    case YAML_DOCUMENT_END_EVENT:
        break;
    }
}

static void read_events(struct builder *builder)
{
    yaml_event_t event;

    yaml_parser_set_encoding(&builder->parser, YAML_UTF8_ENCODING);
    yaml_parser_set_input_string(&builder->parser, (const unsigned char *)builder->source->text,
                                 builder->source->n_bytes);
    while (!builder->stopped) {
        if (!yaml_parser_parse(&builder->parser, &event)) {
            rig_yaml_problem_add(&builder->parser, builder->source, builder->diagnostics);
            return;
        }
        on_event(builder, &event);
        yaml_event_delete(&event);
    }
}

static bool is_nothing(const struct rig_node *root)
{
    return !root || root->empty;
}

struct rig_document *rig_document_parse(const struct rig_source *source, struct rig_diagnostics *diagnostics)
{
    g_autoptr(rig_document) document = g_new0(struct rig_document, 1);
    struct builder builder = {.source = source, .diagnostics = diagnostics, .document = document};
    guint n_before = diagnostics->n_added;

    document->nodes = g_ptr_array_new_with_free_func(node_free);
    document->texts = g_string_chunk_new(4096);
    if (!yaml_parser_initialize(&builder.parser))
        g_error("out of memory");
    builder.anchors = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    builder.all_anchors = g_ptr_array_new_with_free_func(g_free);
    read_events(&builder);
    yaml_parser_delete(&builder.parser);
    g_hash_table_unref(builder.anchors);
    g_ptr_array_unref(builder.all_anchors);
    document->root = builder.root;
    if (is_nothing(builder.root) || builder.n_frames) {
        if (diagnostics->n_added == n_before)
            rig_diagnostics_add(diagnostics, source, (struct rig_mark){1, 1}, 1, NULL, "the file is empty");
        return NULL;
    }
    return g_steal_pointer(&document);
}

const struct rig_node *rig_document_root(const struct rig_document *document)
{
    return document->root;
}

void rig_document_free(struct rig_document *document)
{
    if (!document)
        return;
    g_ptr_array_unref(document->nodes);
    g_string_chunk_free(document->texts);
    g_free(document);
}

guint rig_node_width(const struct rig_node *node)
{
    return node->kind == RIG_NODE_SCALAR && node->start.line == node->end.line &&
                   node->end.column > node->start.column
               ? node->end.column - node->start.column
               : 1;
}

const struct rig_node *rig_document_add_scalar(struct rig_document *document, const struct rig_node *like,
                                               const char *text)
{
    struct rig_node *node = add_node(document, RIG_NODE_SCALAR);

    node->source = like->source;
    node->start = like->start;
    node->end = like->end;
    node->quoted = true;
    node->text = g_string_chunk_insert(document->texts, text);
    return node;
}

const struct rig_node *rig_node_get(const struct rig_node *map, const char *key)
{
    for (guint i = 0; map->kind == RIG_NODE_MAP && i < map->items->len; i++) {
        const struct rig_pair *pair = g_ptr_array_index(map->items, i);

        if (strcmp(pair->key->text, key) == 0)
            return pair->value;
    }
    return NULL;
}
