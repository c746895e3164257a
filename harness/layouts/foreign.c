/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Devicetrees and partition tables read for the slots of MCUboot. */
#include "layouts/foreign.h"

#include "base/error.h"
#include "scenario/node.h"

#include <string.h>

enum { SLOT_0, SLOT_1, SLOT_2, SLOT_3, SCRATCH, N_AREAS };
#define N_DEVICES 2

struct device {
    const void *origin; /* the node, or the name of the region; NULL: there is none */
    guint64 n_bytes, sector_bytes, write_bytes;
    bool no_erase, ecc;
};
struct area {
    bool present;
    guint device;
    guint64 offset, n_bytes;
};
struct layout {
    struct device devices[N_DEVICES]; /* internal, external */
    struct area areas[N_AREAS];
};

static void refuse(GError **error, const char *format, ...) G_GNUC_PRINTF(2, 3);
static void refuse(GError **error, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    if (error && !*error)
        *error = g_error_new_valist(RIG_ERROR, RIG_ERROR_INPUT, format, arguments);
    va_end(arguments);
}

/* --- the target file --- */

static void write_device(GString *text, const struct device *device, const char *name)
{
    g_string_append_printf(text,
                           "  - {device: %s, sectors: [{size: %" G_GUINT64_FORMAT
                           "B, count: %" G_GUINT64_FORMAT "}], write: %" G_GUINT64_FORMAT "B%s%s}\n",
                           name, device->sector_bytes, device->n_bytes / device->sector_bytes,
                           device->write_bytes, device->no_erase ? ", erase: none, write-time: 22us" : "",
                           device->ecc ? ", torn: ecc" : "");
}

static void write_area(GString *text, const struct layout *layout, guint which, const char *before)
{
    const struct area *area = &layout->areas[which];

    g_string_append_printf(text,
                           "%s{device: %s, offset: %" G_GUINT64_FORMAT "B, size: %" G_GUINT64_FORMAT "B}\n",
                           before, area->device ? "external" : "internal", area->offset, area->n_bytes);
}

/* Zephyr counts the sectors of the slots itself (BOOT_MAX_IMG_SECTORS_AUTO). */
static guint64 most_sectors(const struct layout *layout)
{
    guint64 most = 2;

    for (guint i = 0; i < SCRATCH; i++)
        if (layout->areas[i].present)
            most =
                MAX(most, layout->areas[i].n_bytes / layout->devices[layout->areas[i].device].sector_bytes);
    return most;
}

static char *write_target(const struct layout *layout, const char *name, const char *about)
{
    GString *text = g_string_new(NULL);
    guint64 align = MAX(MAX(layout->devices[0].write_bytes, layout->devices[1].write_bytes), 8);

    g_string_append_printf(text, "target: %s\nabout: %s\nkind: simulated\nflash:\n", name, about);
    for (guint i = 0; i < N_DEVICES; i++)
        if (layout->devices[i].origin)
            write_device(text, &layout->devices[i], i ? "external" : "internal");
    g_string_append(text, "slots:\n");
    for (guint i = 0; i < SCRATCH; i++)
        if (layout->areas[i].present)
            write_area(text, layout, i, "  - ");
    if (layout->areas[SCRATCH].present)
        write_area(text, layout, SCRATCH, "scratch: ");
    g_string_append_printf(text,
                           "options: {sign: none, validate-primary: true, max-align: %" G_GUINT64_FORMAT
                           ", max-sectors: %" G_GUINT64_FORMAT "}\n",
                           align, MIN(most_sectors(layout), 4096));
    return g_string_free(text, FALSE);
}

/* The devices are what they are; what a target file cannot say is told here. */
static bool check_layout(const struct layout *layout, const char *const names[N_AREAS], GError **error)
{
    for (guint i = 0; i < N_AREAS; i++) {
        bool wanted = i == SLOT_0 || i == SLOT_1 || (i == SLOT_2 && layout->areas[SLOT_3].present) ||
                      (i == SLOT_3 && layout->areas[SLOT_2].present);

        if (wanted && !layout->areas[i].present) {
            refuse(error, "there is no '%s': MCUboot swaps between two slots of each image", names[i]);
            return false;
        }
    }
    for (guint i = 0; i < N_DEVICES; i++) {
        const struct device *device = &layout->devices[i];

        if (device->origin &&
            (!device->sector_bytes || !device->write_bytes || device->n_bytes < device->sector_bytes)) {
            refuse(error,
                   "the %s flash has no size, or no size of its sectors (erase-block-size) or words "
                   "(write-block-size)",
                   i ? "second" : "first");
            return false;
        }
    }
    return true;
}

/* --- devicetree --- */

#define MAX_NODES 20000u
#define MAX_DEPTH 32u

struct node {
    struct node *parent;
    GPtrArray *labels;  /* char * */
    GHashTable *values; /* name -> text behind '=' */
    bool deleted;
};

struct tree {
    GPtrArray *nodes;                  /* struct node *, the root first */
    struct node *stack[MAX_DEPTH + 1]; /* from the root to where the text is */
    guint depth;
};

static void node_free(gpointer item)
{
    struct node *node = item;

    g_ptr_array_unref(node->labels);
    g_hash_table_unref(node->values);
    g_free(node);
}

static struct node *add_node(struct tree *tree, struct node *parent)
{
    struct node *node = g_new0(struct node, 1);

    node->parent = parent;
    node->labels = g_ptr_array_new_with_free_func(g_free);
    node->values = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
    g_ptr_array_add(tree->nodes, node);
    return node;
}

/* Comments and lines for the preprocessor become blanks. */
static void blank_out(char *text, gsize from, gsize to)
{
    for (gsize i = from; i < to; i++)
        if (text[i] != '\n')
            text[i] = ' ';
}

static gsize end_of_string(const char *text, gsize at)
{
    for (at++; text[at] && text[at] != '"'; at++)
        if (text[at] == '\\' && text[at + 1])
            at++;
    return text[at] ? at + 1 : at;
}

static bool is_directive(const char *line)
{
    static const char *const words[] = {"#include", "#define", "#undef", "#if", "#else",
                                        "#elif",    "#endif",  "#line",  "# "};

    for (guint i = 0; i < G_N_ELEMENTS(words); i++)
        if (g_str_has_prefix(line, words[i]))
            return true;
    return false;
}

static void strip(char *text)
{
    bool fresh_line = true;

    for (gsize at = 0; text[at];) {
        gsize end = at + 1;

        if (text[at] == '"') {
            end = end_of_string(text, at);
        } else if (text[at] == '/' && text[at + 1] == '*') {
            const char *close = strstr(text + at + 2, "*/");

            end = close ? (gsize)(close - text) + 2 : strlen(text);
            blank_out(text, at, end);
        } else if ((text[at] == '/' && text[at + 1] == '/') || (fresh_line && is_directive(text + at))) {
            end = at + strcspn(text + at, "\n");
            blank_out(text, at, end);
        }
        fresh_line = text[end - 1] == '\n' || (fresh_line && g_ascii_isspace(text[end - 1]));
        at = end;
    }
}

static struct node *by_label(const struct tree *tree, const char *label)
{
    for (guint i = 0; i < tree->nodes->len; i++) {
        struct node *node = g_ptr_array_index(tree->nodes, i);

        for (guint k = 0; k < node->labels->len; k++)
            if (g_str_equal(g_ptr_array_index(node->labels, k), label))
                return node;
    }
    return NULL;
}

/* "label: other: name@1000", or "&label" for one that is known. */
static bool open_node(struct tree *tree, char *head, GError **error)
{
    g_auto(GStrv) parts = g_strsplit(g_strstrip(head), ":", -1);
    guint n = g_strv_length(parts);
    struct node *node = *head == '&' ? by_label(tree, head + 1) : NULL;

    if (tree->depth >= MAX_DEPTH || tree->nodes->len >= MAX_NODES) {
        refuse(error, "the devicetree has more than %u levels, or more than %u nodes", MAX_DEPTH, MAX_NODES);
        return false;
    }
    if (g_str_equal(head, "/"))
        node = tree->stack[0];
    if (!node)
        node = add_node(tree, tree->stack[tree->depth]);
    for (guint i = 0; i + 1 < n; i++)
        g_ptr_array_add(node->labels, g_strdup(g_strstrip(parts[i])));
    tree->stack[++tree->depth] = node;
    return true;
}

static void take_statement(struct tree *tree, char *text)
{
    char *equals = strchr(g_strstrip(text), '=');
    struct node *gone;

    if (g_str_has_prefix(text, "/delete-node/")) {
        char *label = strchr(text, '&');

        gone = label ? by_label(tree, label + 1) : NULL;
        if (gone)
            gone->deleted = true;
        return;
    }
    if (!*text || (*text == '/' && !equals))
        return;
    if (equals)
        *equals = '\0';
    g_hash_table_replace(tree->stack[tree->depth]->values, g_strdup(g_strstrip(text)),
                         g_strdup(equals ? g_strstrip(equals + 1) : ""));
}

/* Up to the '{', '}' or ';' that ends it. */
static gsize end_of_piece(const char *text, gsize at)
{
    while (text[at] && !strchr("{};", text[at]))
        at = text[at] == '"' ? end_of_string(text, at) : at + 1;
    return at;
}

static bool parse(struct tree *tree, char *text, GError **error)
{
    strip(text);
    for (gsize at = 0; text[at];) {
        gsize end = end_of_piece(text, at);
        g_autofree char *piece = g_strndup(text + at, end - at);

        if (text[end] == '{' && !open_node(tree, piece, error))
            return false;
        if (text[end] == ';')
            take_statement(tree, piece);
        if (text[end] == '}' && tree->depth-- == 0) {
            refuse(error, "a '}' too many");
            return false;
        }
        at = text[end] ? end + 1 : end;
    }
    if (tree->depth > 0)
        refuse(error, "a '}' is missing at the end");
    return tree->depth == 0;
}

static const char *value_of(const struct node *node, const char *name)
{
    return g_hash_table_lookup(node->values, name);
}

static bool is_compatible(const struct node *node, const char *piece)
{
    const char *value = node ? value_of(node, "compatible") : NULL;

    return value && strstr(value, piece);
}

/* Numbers, and what Zephyr's sources write for sizes. */
static bool read_cell(const char *word, guint64 *cell)
{
    guint64 unit = 1;
    char *end = NULL;

    if (g_str_has_prefix(word, "DT_SIZE_K("))
        unit = 1024, word += strlen("DT_SIZE_K(");
    else if (g_str_has_prefix(word, "DT_SIZE_M("))
        unit = 1024 * 1024, word += strlen("DT_SIZE_M(");
    *cell = g_ascii_strtoull(word, &end, 0);
    if (end == word || *cell > G_MAXUINT32)
        return false;
    *cell *= unit;
    return *cell <= G_MAXUINT32 && (unit == 1 ? !*end : g_str_equal(end, ")"));
}

/* The cell at an index of "<1 2 3>". false: there is none, or it is an expression. */
static bool cell_of(const struct node *node, const char *name, guint index, guint64 *cell)
{
    const char *value = value_of(node, name);
    const char *begin = value ? strchr(value, '<') : NULL;
    const char *end = begin ? strchr(begin, '>') : NULL;
    g_autofree char *inside = end ? g_strndup(begin + 1, (gsize)(end - begin) - 1) : NULL;
    g_auto(GStrv) words = inside ? g_strsplit_set(inside, " \t\r\n", -1) : NULL;
    guint n = 0;

    for (char **word = words; word && *word; word++)
        if (**word && n++ == index)
            return read_cell(*word, cell);
    return false;
}

static bool reg_of(const struct node *node, guint64 *offset, guint64 *n_bytes)
{
    guint64 n_address = 1, n_size = 1;

    if (node->parent && value_of(node->parent, "#address-cells"))
        cell_of(node->parent, "#address-cells", 0, &n_address);
    if (node->parent && value_of(node->parent, "#size-cells"))
        cell_of(node->parent, "#size-cells", 0, &n_size);
    return n_address >= 1 && n_address <= 2 && n_size >= 1 && n_size <= 2 &&
           cell_of(node, "reg", (guint)n_address - 1, offset) &&
           cell_of(node, "reg", (guint)(n_address + n_size) - 1, n_bytes);
}

static bool is_flash(const struct node *node)
{
    return is_compatible(node, "soc-nv-flash") || is_compatible(node, "nor") ||
           is_compatible(node, "nordic,mram") || value_of(node, "erase-block-size") ||
           value_of(node, "write-block-size");
}

#define NOR_SECTOR_BYTES 4096u

static bool is_nordic_without_erase(const struct node *node)
{
    return is_compatible(node, "nordic,mram") || is_compatible(node->parent, "nordic,rram-controller") ||
           is_compatible(node, "nordic,rram");
}

static struct device describe(const struct node *node)
{
    struct device device = {.origin = node, .no_erase = is_nordic_without_erase(node)};
    guint64 at, bits;

    if (!cell_of(node, "size-in-bytes", 0, &device.n_bytes)) {
        if (cell_of(node, "size", 0, &bits))
            device.n_bytes = bits / 8;
        else if (!reg_of(node, &at, &device.n_bytes))
            device.n_bytes = 0;
    }
    if (!cell_of(node, "erase-block-size", 0, &device.sector_bytes))
        device.sector_bytes = is_compatible(node, "nor") ? NOR_SECTOR_BYTES : 0;
    if (!cell_of(node, "write-block-size", 0, &device.write_bytes))
        device.write_bytes = is_compatible(node, "qspi-nor") ? 4 : is_compatible(node, "nor") ? 1 : 0;
    device.ecc = is_compatible(node->parent, "st,stm32") && device.write_bytes >= 8;
    return device;
}

/* The number of a flash; N_DEVICES: a third one. */
static guint device_of(struct layout *layout, const struct node *node)
{
    guint i = 0;

    while (i < N_DEVICES && layout->devices[i].origin && layout->devices[i].origin != node)
        i++;
    if (i < N_DEVICES && !layout->devices[i].origin)
        layout->devices[i] = describe(node);
    return i;
}

static bool place_area(struct layout *layout, const struct node *node, const char *name, struct area *area,
                       GError **error)
{
    const struct node *flash = node->parent;
    guint64 offset, n_bytes;

    if (!reg_of(node, &area->offset, &area->n_bytes)) {
        refuse(error, "'%s': its 'reg' is not made of plain numbers: take the zephyr.dts of a build", name);
        return false;
    }
    for (; flash && !is_flash(flash); flash = flash->parent)
        if (is_compatible(flash, "fixed-subpartitions") && reg_of(flash, &offset, &n_bytes))
            area->offset += offset;
    if (!flash) {
        refuse(error, "'%s' is in no flash: take the zephyr.dts of a build", name);
        return false;
    }
    area->device = device_of(layout, flash);
    area->present = true;
    if (area->device == N_DEVICES)
        refuse(error, "'%s' is in a third flash, and a target has two at most", name);
    return area->device < N_DEVICES;
}

static const struct node *find_partition(const struct tree *tree, const char *name, const char *label)
{
    g_autofree char *quoted = g_strdup_printf("\"%s\"", label);
    const struct node *found = by_label(tree, name);

    for (guint i = 0; !found && i < tree->nodes->len; i++) {
        const struct node *node = g_ptr_array_index(tree->nodes, i);

        if (g_strcmp0(value_of(node, "label"), quoted) == 0 && !node->deleted)
            found = node;
    }
    return found && !found->deleted ? found : NULL;
}

static bool read_tree(const struct tree *tree, struct layout *layout, GError **error)
{
    static const char *const names[N_AREAS] = {"slot0_partition", "slot1_partition", "slot2_partition",
                                               "slot3_partition", "scratch_partition"};
    static const char *const labels[N_AREAS] = {"image-0", "image-1", "image-2", "image-3", "image-scratch"};

    for (guint i = 0; i < N_AREAS; i++) {
        const struct node *node = find_partition(tree, names[i], labels[i]);

        if (node && !place_area(layout, node, names[i], &layout->areas[i], error))
            return false;
    }
    return check_layout(layout, names, error);
}

static char *read_devicetree(const struct rig_source *source, GError **error)
{
    struct tree tree = {.nodes = g_ptr_array_new_with_free_func(node_free)};
    g_autofree char *text = g_strdup(source->text);
    struct layout layout = {0};
    bool ok;

    tree.stack[0] = add_node(&tree, NULL);
    ok = parse(&tree, text, error) && read_tree(&tree, &layout, error);
    g_ptr_array_unref(tree.nodes);
    return ok ? write_target(&layout, "devicetree", "The flash of a devicetree") : NULL;
}

/* --- partition manager --- */

#define NRF_SECTOR_BYTES 4096u
#define NRF_WRITE_BYTES 4u

static const char *text_of(const struct rig_node *map, const char *key)
{
    const struct rig_node *node = map->kind == RIG_NODE_MAP ? rig_node_get(map, key) : NULL;

    return node && node->kind == RIG_NODE_SCALAR ? node->text : NULL;
}

static bool number_of(const struct rig_node *map, const char *key, guint64 *number)
{
    const char *text = text_of(map, key);
    char *end = NULL;

    *number = text ? g_ascii_strtoull(text, &end, 0) : 0;
    return text && end != text && !*end && *number <= G_MAXUINT32;
}

static bool place_partition(const struct rig_node *map, const char *name, struct area *area, GError **error)
{
    const char *region = text_of(map, "region");
    guint64 address, n_bytes;

    if (!number_of(map, "address", &address) || !number_of(map, "size", &n_bytes)) {
        refuse(error, "'%s' wants 'address' and 'size' as numbers: take the partitions.yml of a build", name);
        return false;
    }
    if (region && !g_str_equal(region, "flash_primary") && !g_str_equal(region, "external_flash")) {
        refuse(error, "'%s' is in the region '%s', which is neither flash_primary nor external_flash", name,
               region);
        return false;
    }
    *area = (struct area){true, region && g_str_equal(region, "external_flash"), address, n_bytes};
    return true;
}

static void find_regions(struct layout *layout)
{
    for (guint i = 0; i < N_AREAS; i++) {
        const struct area *area = &layout->areas[i];
        struct device *device = &layout->devices[area->device];
        guint64 end = area->offset + area->n_bytes;

        if (!area->present)
            continue;
        device->origin = "region";
        device->sector_bytes = NRF_SECTOR_BYTES;
        device->write_bytes = NRF_WRITE_BYTES;
        device->n_bytes =
            MAX(device->n_bytes, (end + NRF_SECTOR_BYTES - 1) / NRF_SECTOR_BYTES * NRF_SECTOR_BYTES);
    }
}

static bool read_table(const struct rig_node *root, struct layout *layout, GError **error)
{
    static const char *const names[N_AREAS] = {"mcuboot_primary", "mcuboot_secondary", "mcuboot_primary_1",
                                               "mcuboot_secondary_1", "mcuboot_scratch"};

    for (guint i = 0; i < N_AREAS; i++) {
        const struct rig_node *map = rig_node_get(root, names[i]);

        if (map && !place_partition(map, names[i], &layout->areas[i], error))
            return false;
    }
    find_regions(layout);
    return check_layout(layout, names, error);
}

/* NULL: it is no YAML with a map. */
static struct rig_document *yaml_of(const struct rig_source *source)
{
    struct rig_diagnostics diagnostics;
    struct rig_document *document;

    rig_diagnostics_init(&diagnostics);
    document = rig_document_parse(source, &diagnostics);
    rig_diagnostics_clear(&diagnostics);
    if (document && rig_document_root(document)->kind == RIG_NODE_MAP)
        return document;
    rig_document_free(document);
    return NULL;
}

static char *read_partitions(const struct rig_source *source, GError **error)
{
    g_autoptr(rig_document) document = yaml_of(source);
    struct layout layout = {0};

    if (!document)
        refuse(error, "it is no map of partitions");
    return document && read_table(rig_document_root(document), &layout, error)
               ? write_target(
                     &layout, "partition-table",
                     "A partition table of the partition manager, sectors and words assumed as on nRF52")
               : NULL;
}

/* --- which of them --- */

static bool is_devicetree(const char *path)
{
    return g_str_has_suffix(path, ".dts") || g_str_has_suffix(path, ".dtsi") ||
           g_str_has_suffix(path, ".overlay");
}

/* A target file is YAML, too, and one with mistakes is told of those. */
static bool is_target(const struct rig_source *source)
{
    g_autoptr(rig_document) document = yaml_of(source);

    if (!g_str_has_suffix(source->path, ".yml"))
        return !document || !rig_node_get(rig_document_root(document), "mcuboot_primary");
    return document && rig_node_get(rig_document_root(document), "target");
}

char *rig_layout_read_foreign(const struct rig_source *source, GError **error)
{
    char *text = NULL;

    if (is_devicetree(source->path))
        text = read_devicetree(source, error);
    else if (!is_target(source))
        text = read_partitions(source, error);
    else
        return NULL;
    if (!text)
        g_prefix_error(error, "layout '%s': ", source->path);
    return text;
}
