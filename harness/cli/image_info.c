/* SPDX-License-Identifier: GPL-3.0-or-later */
/* `bootrig image info`: everything an image says about itself, as lines for people or as JSON. Nothing is
 * judged here. */
#include <string.h>

#include <json-glib/json-glib.h>

#include "cli/image_files.h"
#include "base/bytes.h"
#include "image/hex.h"
#include "image/judge.h"
#include "image/trailer.h"

#define MAX_DEPENDENCIES 64u
/* A longer TLV is shown by its beginning. */
#define SHOWN_BYTES 32u

static const char description[] = "INPUT is binary or Intel HEX; when it is larger than the image, what lies "
                                  "behind (padding, slot trailer) is told too. Of a merged HEX "
                                  "file all parts are listed, then all images.\n"
                                  "Exit codes: 0 shown, 2 this is no image or it cannot be read. Whether "
                                  "hash and signature hold is a matter of\n"
                                  "`bootrig image verify`.\n"
                                  "\n"
                                  "Examples:\n"
                                  "  bootrig image info app.signed.bin\n"
                                  "  bootrig image info --json app.signed.hex | jq .hash.stored\n";

/* One image under the glass; borrows the file's bytes. */
struct view {
    const char *path;
    bool is_hex;
    uint32_t base_address; /* of the image, in a HEX file */
    const struct rig_image_source *source;
    struct rig_image_layout layout;
    bool has_trailer;
    uint32_t max_align;
    struct rig_trailer trailer;
    JsonBuilder *json; /* NULL: lines */
};

/* One fact in both forms: a line with a name for people, a member for machines. */
static void tell(const struct view *view, const char *label, const char *member, const char *text)
{
    if (view->json) {
        json_builder_set_member_name(view->json, member);
        json_builder_add_string_value(view->json, text);
    } else {
        g_print("%-18s %s\n", label, text);
    }
}

static void tell_number(const struct view *view, const char *label, const char *member, gint64 value,
                        const char *unit)
{
    if (view->json) {
        json_builder_set_member_name(view->json, member);
        json_builder_add_int_value(view->json, value);
    } else {
        g_print("%-18s %" G_GINT64_FORMAT "%s\n", label, value, unit);
    }
}

/* Sizes and addresses are told as people have them in map files and device trees, too. */
static void tell_place(const struct view *view, const char *label, const char *member, gint64 value,
                       const char *unit)
{
    if (view->json)
        tell_number(view, label, member, value, unit);
    else if (*unit)
        g_print("%-18s %" G_GINT64_FORMAT "%s (0x%" G_GINT64_MODIFIER "x)\n", label, value, unit, value);
    else
        g_print("%-18s 0x%08" G_GINT64_MODIFIER "x\n", label, value);
}

static void begin(const struct view *view, const char *member, bool array)
{
    if (!view->json)
        return;
    json_builder_set_member_name(view->json, member);
    if (array)
        json_builder_begin_array(view->json);
    else
        json_builder_begin_object(view->json);
}

static void end(const struct view *view, bool array)
{
    if (view->json && array)
        json_builder_end_array(view->json);
    else if (view->json)
        json_builder_end_object(view->json);
}

static void tell_flags(const struct view *view)
{
    uint32_t flags = view->layout.header.flags;
    g_autoptr(GString) line = g_string_new(NULL);

    begin(view, "flags", true);
    for (unsigned i = 0; i < 32; i++) {
        uint32_t bit = UINT32_C(1) << i;
        const char *name = rig_image_flag_name(bit);
        g_autofree char *text = name ? g_strdup(name) : g_strdup_printf("0x%x", bit);

        if ((flags & bit) && view->json)
            json_builder_add_string_value(view->json, text);
        else if (flags & bit)
            g_string_append_printf(line, "%s%s", line->len ? ", " : "", text);
    }
    end(view, true);
    if (!view->json)
        g_print("%-18s 0x%x (%s)\n", "flags", flags, line->len ? line->str : "none");
}

static void tell_header(const struct view *view)
{
    const struct rig_image_header *header = &view->layout.header;
    char version[RIG_IMAGE_VERSION_TEXT_BYTES];

    rig_image_version_format(&header->version, version);
    tell(view, "file", "file", view->path);
    tell(view, "format", "format", view->is_hex ? "hex" : "bin");
    if (view->is_hex)
        tell_place(view, "base address", "base_address", view->base_address, "");
    tell(view, "version", "version", version);
    tell_place(view, "header", "header_bytes", header->header_bytes, " bytes");
    tell_place(view, "payload", "payload_bytes", header->payload_bytes, " bytes");
    tell_place(view, "protected TLVs", "protected_bytes", header->protected_tlv_bytes, " bytes");
    tell_flags(view);
    if (header->load_address)
        tell_place(view, "load address", "load_address", header->load_address, "");
}

static void tell_entry(const struct view *view, const struct rig_image_tlv_entry *entry)
{
    uint8_t bytes[SHOWN_BYTES];
    size_t n_shown = MIN(entry->n_bytes, SHOWN_BYTES);
    g_autofree char *text = NULL;
    const char *area = entry->protected_area ? "protected" : "unprotected";

    if (!view->source->read(view->source->user, entry->offset, bytes, n_shown))
        n_shown = 0;
    text = rig_hex_text(bytes, n_shown);
    if (!view->json) {
        g_print("  0x%04x %-12s %-11s %5u bytes at 0x%-6x %s%s\n", entry->type,
                rig_image_tlv_name(entry->type), area, entry->n_bytes, entry->offset, text,
                n_shown < entry->n_bytes ? "..." : "");
        return;
    }
    json_builder_begin_object(view->json);
    tell_number(view, NULL, "type", entry->type, "");
    tell(view, NULL, "name", rig_image_tlv_name(entry->type));
    tell(view, NULL, "area", area);
    tell_number(view, NULL, "offset", entry->offset, "");
    tell_number(view, NULL, "bytes", entry->n_bytes, "");
    tell(view, NULL, "first_bytes", text);
    json_builder_end_object(view->json);
}

static enum rig_image_status tell_entries(const struct view *view)
{
    struct rig_image_tlv_cursor cursor = {0};
    struct rig_image_tlv_entry entry;
    enum rig_image_status status;

    if (!view->json)
        g_print("TLVs\n");
    begin(view, "tlvs", true);
    while ((status = rig_image_next_tlv(view->source, &view->layout, &cursor, &entry)) == RIG_IMAGE_OK)
        tell_entry(view, &entry);
    end(view, true);
    return status == RIG_IMAGE_NO_IMAGE ? RIG_IMAGE_OK : status;
}

/* "plaintext": the hash of an encrypted image covers that, so that the two say nothing about each other. */
static void tell_match(const struct view *view, bool comparable, bool same)
{
    bool encrypted =
        view->layout.header.flags & (RIG_IMAGE_FLAG_ENCRYPTED_AES128 | RIG_IMAGE_FLAG_ENCRYPTED_AES256);

    if (!view->json) {
        g_print("%-18s %s\n", "",
                encrypted     ? same ? "they match: the payload is not encrypted (imgtool --clear)"
                                     : "the stored hash is that of the plaintext"
                : !comparable ? "no hash of a known kind is stored: not judged"
                : same        ? "they match"
                              : "THEY DO NOT MATCH");
        return;
    }
    json_builder_set_member_name(view->json, "matches");
    if ((encrypted && !same) || !comparable)
        json_builder_add_null_value(view->json);
    else
        json_builder_add_boolean_value(view->json, same);
}

/* The first hash of a known kind; type 0 when there is none. */
static bool find_hash(const struct view *view, struct rig_image_tlv_entry *found)
{
    struct rig_image_tlv_cursor cursor = {0};

    while (rig_image_next_tlv(view->source, &view->layout, &cursor, found) == RIG_IMAGE_OK) {
        if (rig_image_hash_name(found->type))
            return true;
    }
    *found = (struct rig_image_tlv_entry){.type = RIG_IMAGE_TLV_SHA256};
    return false;
}

static void tell_hash(const struct view *view)
{
    uint8_t stored[64], computed[64];
    struct rig_image_tlv_entry entry;
    bool has_stored = find_hash(view, &entry) && entry.n_bytes <= sizeof stored &&
                      view->source->read(view->source->user, entry.offset, stored, entry.n_bytes);
    size_t n_computed = rig_image_compute_hash_of(entry.type, view->source, &view->layout, computed);
    bool same = has_stored && n_computed == entry.n_bytes && memcmp(stored, computed, entry.n_bytes) == 0;
    g_autofree char *stored_text = has_stored ? rig_hex_text(stored, entry.n_bytes) : g_strdup("none");
    g_autofree char *computed_text = n_computed ? rig_hex_text(computed, n_computed) : g_strdup("none");

    begin(view, "hash", false);
    if (view->json || entry.type != RIG_IMAGE_TLV_SHA256)
        tell(view, "hash", "algorithm", rig_image_hash_name(entry.type));
    tell(view, "hash stored", "stored", stored_text);
    tell(view, "hash computed", "computed", computed_text);
    tell_match(view, has_stored, same);
    end(view, false);
}

static void tell_key(const struct view *view, const struct rig_image_tlv_entry *entry)
{
    uint8_t bytes[512];
    bool whole = entry->type == RIG_IMAGE_TLV_PUBKEY;
    g_autofree char *text = NULL, *name = NULL;

    if (entry->n_bytes > sizeof bytes ||
        !view->source->read(view->source->user, entry->offset, bytes, entry->n_bytes))
        return;
    text = rig_hex_text(bytes, entry->n_bytes);
    name = entry->n_bytes == RIG_IMAGE_HASH_BYTES && !whole ? rig_test_key_name(bytes) : NULL;
    if (view->json)
        json_builder_begin_object(view->json);
    tell(view, whole ? "public key" : "key hash", whole ? "public_key" : "hash", text);
    if (name)
        tell(view, "", "test_key", name);
    end(view, false);
}

/* P-256 and P-384 share a TLV type; a DER signature of the first has at most 72 bytes. */
static const char *signature_kind(const struct rig_image_tlv_entry *entry)
{
    if (entry->type == RIG_IMAGE_TLV_ECDSA_SIG)
        return rig_key_kind_name(entry->n_bytes > 72 ? RIG_KEY_ECDSA_P384 : RIG_KEY_ECDSA_P256);
    for (unsigned kind = 0; kind < RIG_KEY_N_KINDS; kind++) {
        if (rig_key_signature_tlv((enum rig_key_kind)kind) == entry->type)
            return rig_key_kind_name((enum rig_key_kind)kind);
    }
    return entry->type >= RIG_IMAGE_TLV_RSA2048_PSS && entry->type <= 0x2f &&
                   entry->type != RIG_IMAGE_TLV_SIG_PURE
               ? "of a kind that is not known here"
               : NULL;
}

static bool is_signature(const struct view *view, const struct rig_image_tlv_entry *entry, bool pure)
{
    const char *kind = signature_kind(entry);

    if (!kind)
        return false;
    if (view->json)
        json_builder_add_string_value(view->json, kind);
    else
        g_print("%-18s %s%s, %u bytes\n", "signature", kind, pure ? ", pure: over the image itself" : "",
                entry->n_bytes);
    return true;
}

static void tell_signers(const struct view *view)
{
    struct rig_image_tlv_cursor cursor = {0};
    struct rig_image_tlv_entry entry;
    unsigned n_signatures = 0;
    bool pure = false;

    begin(view, "keys", true);
    while (rig_image_next_tlv(view->source, &view->layout, &cursor, &entry) == RIG_IMAGE_OK) {
        if (entry.type == RIG_IMAGE_TLV_KEYHASH || entry.type == RIG_IMAGE_TLV_PUBKEY)
            tell_key(view, &entry);
        pure |= entry.type == RIG_IMAGE_TLV_SIG_PURE;
    }
    end(view, true);
    begin(view, "signatures", true);
    for (cursor.next = 0; rig_image_next_tlv(view->source, &view->layout, &cursor, &entry) == RIG_IMAGE_OK;)
        n_signatures += is_signature(view, &entry, pure);
    end(view, true);
    if (!view->json && n_signatures == 0)
        g_print("%-18s none: the image is unsigned\n", "signature");
}

static void tell_dependency(const struct view *view, const struct rig_image_dependency *dependency)
{
    char version[RIG_IMAGE_VERSION_TEXT_BYTES];

    rig_image_version_format(&dependency->minimum, version);
    if (!view->json) {
        g_print("%-18s image %u, at least version %s\n", "needs", dependency->image, version);
        return;
    }
    json_builder_begin_object(view->json);
    tell_number(view, NULL, "image", dependency->image, "");
    tell(view, NULL, "minimum", version);
    json_builder_end_object(view->json);
}

static void tell_demands(const struct view *view)
{
    struct rig_image_dependency dependencies[MAX_DEPENDENCIES];
    size_t n = rig_image_dependencies(view->source, &view->layout, dependencies, MAX_DEPENDENCIES);
    uint32_t counter;

    if (rig_image_security_counter(view->source, &view->layout, &counter))
        tell_number(view, "security counter", "security_counter", counter, "");
    begin(view, "dependencies", true);
    for (size_t i = 0; i < MIN(n, MAX_DEPENDENCIES); i++)
        tell_dependency(view, &dependencies[i]);
    end(view, true);
}

/* The magic stands at the very end whatever the board's geometry is; it also tells the alignment of the
 * fields before it. */
static void find_trailer(struct view *view)
{
    for (uint32_t align = 8; align <= 32 && !view->has_trailer; align *= 2) {
        const struct rig_trailer_geometry geometry = {.mode = RIG_SWAP_MOVE,
                                                      .slot_bytes = view->source->n_bytes,
                                                      .write_bytes = align,
                                                      .max_align = align,
                                                      .max_sectors = 1,
                                                      .erased = 0xff};
        struct rig_trailer_layout fields;

        view->has_trailer = rig_trailer_layout(&geometry, &fields) && fields.swap_size >= view->layout.end &&
                            rig_trailer_decode(&geometry, view->source, &view->trailer) &&
                            view->trailer.magic == RIG_MAGIC_GOOD;
        view->max_align = align;
    }
}

static void tell_rest(const struct view *view)
{
    tell_place(view, "image", "image_bytes", view->layout.end, " bytes");
    tell_place(view, "file size", "file_bytes", view->source->n_bytes, " bytes");
    if (view->source->n_bytes > view->layout.end)
        tell_place(view, "behind the image", "padding_bytes", view->source->n_bytes - view->layout.end,
                   " bytes");
    if (!view->has_trailer)
        return;
    begin(view, "trailer", false);
    tell(view, "trailer magic", "magic", rig_trailer_magic_name(view->trailer.magic));
    tell_number(view, "trailer alignment", "max_align", view->max_align, " bytes");
    tell(view, "image_ok", "image_ok", rig_trailer_flag_name(view->trailer.image_ok));
    tell(view, "copy_done", "copy_done", rig_trailer_flag_name(view->trailer.copy_done));
    tell(view, "swap type", "swap_type", rig_swap_type_name(view->trailer.swap_type));
    end(view, false);
}

static enum rig_image_status tell_all(const struct view *view)
{
    enum rig_image_status status;

    if (view->json)
        json_builder_begin_object(view->json);
    tell_header(view);
    tell_rest(view);
    tell_hash(view);
    tell_signers(view);
    tell_demands(view);
    status = tell_entries(view);
    if (view->json)
        json_builder_end_object(view->json);
    return status;
}

static void print_json(JsonBuilder *builder)
{
    g_autoptr(JsonNode) root = json_builder_get_root(builder);
    g_autofree char *text = json_to_string(root, TRUE);

    g_print("%s\n", text);
}

static bool is_big_endian(const struct rig_bytes *bytes)
{
    static const uint8_t magic[] = {0x96, 0xf3, 0xb8, 0x3d};

    return bytes->n_bytes >= sizeof magic && memcmp(bytes->bytes, magic, sizeof magic) == 0;
}

/* One image, at the start of bytes. json: it becomes a value of that. */
static bool show_image(const char *path, const struct rig_bytes *bytes, bool is_hex, uint32_t address,
                       JsonBuilder *json, GError **error)
{
    const struct rig_memory_image memory = {bytes->bytes, bytes->n_bytes};
    const struct rig_image_source source = rig_image_source_from_memory(&memory);
    struct view view = {
        .path = path, .is_hex = is_hex, .base_address = address, .source = &source, .json = json};
    enum rig_image_status status = rig_image_read_layout(&source, UINT32_MAX, &view.layout);

    if (status == RIG_IMAGE_OK) {
        find_trailer(&view);
        status = tell_all(&view);
    } else if (status == RIG_IMAGE_READ_FAILED || status == RIG_IMAGE_BAD_TLV) {
        /* The header is good, and what it says helps to see what is missing. */
        if (!json && view.layout.header.magic == RIG_IMAGE_MAGIC)
            tell_header(&view);
    }
    if (status == RIG_IMAGE_BAD_MAGIC && is_big_endian(bytes))
        g_set_error(
            error, RIG_ERROR, RIG_ERROR_INPUT,
            "%s: this is an image for a big-endian chip (imgtool --endian big), which is not read here",
            path);
    else if (status)
        g_set_error(error, RIG_ERROR, RIG_ERROR_INPUT, "%s: %s", path, rig_image_status_text(status));
    return status == RIG_IMAGE_OK;
}

static bool show_alone(const char *path, const struct rig_bytes *bytes, bool is_hex, uint32_t address,
                       bool as_json, GError **error)
{
    g_autoptr(JsonBuilder) json = as_json ? json_builder_new() : NULL;
    bool done = show_image(path, bytes, is_hex, address, json, error);

    if (done && json)
        print_json(json);
    return done;
}

/* ---- merged HEX: bootloader, images and ends of slots, each at its address ---- */

#define MAX_PIECES 256u
#define PIECE_GAP_BYTES 256u
#define IMAGE_ALIGNMENT 256u /* no slot begins at a smaller one */
#define TRAILER_MAGIC_BYTES 16u

struct merged {
    const char *path;
    GBytes *text; /* borrowed */
    struct rig_hex_piece pieces[MAX_PIECES];
    size_t n_pieces, n_images;
    JsonBuilder *json; /* NULL: lines */
};

/* The next image in a piece at or behind *at; false: there is none. */
static bool next_image(const struct rig_bytes *piece, size_t *at, size_t *n_bytes)
{
    for (; *at + RIG_IMAGE_HEADER_BYTES <= piece->n_bytes; *at += IMAGE_ALIGNMENT) {
        const struct rig_memory_image memory = {piece->bytes + *at, piece->n_bytes - *at};
        const struct rig_image_source source = rig_image_source_from_memory(&memory);
        struct rig_image_layout layout;

        if (rig_image_read_layout(&source, UINT32_MAX, &layout) != RIG_IMAGE_OK)
            continue;
        *n_bytes = layout.end;
        return true;
    }
    return false;
}

/* What a piece without an image is; static storage. */
static const char *kind_of(const struct rig_bytes *piece, uint32_t address)
{
    uint8_t magic[TRAILER_MAGIC_BYTES];

    for (uint32_t align = 8; align <= 32 && piece->n_bytes >= sizeof magic; align *= 2) {
        size_t before = sizeof magic + align;

        rig_trailer_magic(align, magic);
        if (memcmp(piece->bytes + piece->n_bytes - sizeof magic, magic, sizeof magic) != 0)
            continue;
        return piece->n_bytes >= before && piece->bytes[piece->n_bytes - before] == 1
                   ? "the end of a slot: trailer magic, confirmed"
                   : "the end of a slot: trailer magic, not confirmed";
    }
    if (address >= 0x10001000u && address < 0x10002000u)
        return "no image: registers (UICR of nRF5)";
    return address < 0x1000 && piece->n_bytes <= 0x1000 ? "no image: the start of a program, or an MBR (nRF5)"
                                                        : "no image: a program, or data";
}

static void tell_piece(const struct merged *merged, uint32_t address, size_t n_bytes, const char *what)
{
    if (!merged->json) {
        g_print("0x%08x..0x%08" G_GINT64_MODIFIER "x %9zu bytes (0x%zx)  %s\n", address,
                (guint64)address + n_bytes - 1, n_bytes, n_bytes, what);
        return;
    }
    json_builder_begin_object(merged->json);
    json_builder_set_member_name(merged->json, "address");
    json_builder_add_int_value(merged->json, address);
    json_builder_set_member_name(merged->json, "bytes");
    json_builder_add_int_value(merged->json, (gint64)n_bytes);
    json_builder_set_member_name(merged->json, "what");
    json_builder_add_string_value(merged->json, what);
    json_builder_end_object(merged->json);
}

/* What lies between and behind a piece's images is told as a part of its own. */
static void tell_parts(struct merged *merged, const struct rig_bytes *piece, uint32_t address)
{
    size_t at = 0, told = 0, n_bytes = 0;

    for (; next_image(piece, &at, &n_bytes); at = told = at + n_bytes) {
        struct rig_bytes before = {piece->bytes + told, at - told};

        if (before.n_bytes)
            tell_piece(merged, address + (uint32_t)told, before.n_bytes,
                       kind_of(&before, address + (uint32_t)told));
        tell_piece(merged, address + (uint32_t)at, n_bytes, "an image");
        merged->n_images++;
        at = (at + n_bytes + IMAGE_ALIGNMENT - 1) / IMAGE_ALIGNMENT * IMAGE_ALIGNMENT - n_bytes;
    }
    if (told < piece->n_bytes) {
        struct rig_bytes rest = {piece->bytes + told, piece->n_bytes - told};

        tell_piece(merged, address + (uint32_t)told, rest.n_bytes, kind_of(&rest, address + (uint32_t)told));
    }
}

static bool show_images(struct merged *merged, const struct rig_bytes *piece, uint32_t address,
                        GError **error)
{
    size_t n_bytes;

    for (size_t at = 0; next_image(piece, &at, &n_bytes); at += IMAGE_ALIGNMENT) {
        const struct rig_bytes image = {piece->bytes + at, piece->n_bytes - at};

        if (!merged->json)
            g_print("\n");
        if (!show_image(merged->path, &image, true, address + (uint32_t)at, merged->json, error))
            return false;
    }
    return true;
}

static bool each_piece(struct merged *merged, bool images, GError **error)
{
    gsize n_text;
    const void *text = g_bytes_get_data(merged->text, &n_text);
    bool done = true;

    for (size_t i = 0; done && i < merged->n_pieces; i++) {
        const struct rig_hex_piece *piece = &merged->pieces[i];
        struct rig_hex_fault fault = {0};
        struct rig_hex hex;

        if (!rig_hex_read_within(text, n_text, piece->address, piece->end, RIG_IMAGE_FILE_MAX_BYTES, 0xff,
                                 &hex, &fault)) {
            g_set_error(error, RIG_ERROR, RIG_ERROR_INPUT, "%s:%zu: %s", merged->path, fault.line, fault.why);
            return false;
        }
        if (images)
            done = show_images(merged, &hex.contents, hex.base_address, error);
        else
            tell_parts(merged, &hex.contents, hex.base_address);
        rig_bytes_clear(&hex.contents);
    }
    return done;
}

static bool show_merged(struct merged *merged, bool as_json, GError **error)
{
    g_autoptr(JsonBuilder) json = as_json ? json_builder_new() : NULL;
    bool done;

    merged->json = json;
    if (json) {
        json_builder_begin_object(json);
        json_builder_set_member_name(json, "parts");
        json_builder_begin_array(json);
    }
    done = each_piece(merged, false, error);
    if (json) {
        json_builder_end_array(json);
        json_builder_set_member_name(json, "images");
        json_builder_begin_array(json);
    }
    done = done && each_piece(merged, true, error);
    if (done && merged->n_images == 0) {
        g_set_error(error, RIG_ERROR, RIG_ERROR_INPUT, "%s: there is no image in it", merged->path);
        return false;
    }
    if (done && json) {
        json_builder_end_array(json);
        json_builder_end_object(json);
        print_json(json);
    }
    return done;
}

/* One piece that begins with an image is shown as that. */
static bool show_hex(const char *path, GBytes *text, bool as_json, GError **error)
{
    struct merged merged = {.path = path, .text = text};
    struct rig_hex_fault fault = {0};
    struct rig_image_file file;
    gsize n_text;
    const void *characters = g_bytes_get_data(text, &n_text);
    bool done;

    if (!rig_hex_pieces(characters, n_text, PIECE_GAP_BYTES, merged.pieces, MAX_PIECES, &merged.n_pieces,
                        &fault)) {
        g_set_error(error, RIG_ERROR, RIG_ERROR_INPUT, "%s:%zu: %s", path, fault.line, fault.why);
        return false;
    }
    if (merged.n_pieces != 1)
        return show_merged(&merged, as_json, error);
    if (!rig_image_file_read(path, 0xff, &file, error))
        return false;
    done = file.contents.n_bytes > IMAGE_ALIGNMENT && rig_get_le32(file.contents.bytes) != RIG_IMAGE_MAGIC
               ? show_merged(&merged, as_json, error)
               : show_alone(path, &file.contents, true, file.base_address, as_json, error);
    rig_bytes_clear(&file.contents);
    return done;
}

static bool show(const char *path, bool as_json, GError **error)
{
    g_autoptr(GBytes) bytes = rig_cli_file_read(path, error);
    struct rig_image_file file;
    gsize n_bytes;
    const void *start = bytes ? g_bytes_get_data(bytes, &n_bytes) : NULL;
    bool done;

    if (!bytes)
        return false;
    if (rig_hex_looks_like(start, n_bytes))
        return show_hex(path, bytes, as_json, error);
    if (!rig_image_file_read(path, 0xff, &file, error))
        return false;
    done = show_alone(path, &file.contents, false, 0, as_json, error);
    rig_bytes_clear(&file.contents);
    return done;
}

int rig_cli_image_info(char **argv)
{
    g_auto(GStrv) rest = g_strdupv(argv);
    g_autoptr(GError) error = NULL;
    gboolean as_json = FALSE;
    const GOptionEntry entries[] = {
        {"json", 0, 0, G_OPTION_ARG_NONE, &as_json, "Print JSON", NULL},
        G_OPTION_ENTRY_NULL,
    };

    if (!rig_cli_image_parse(&rest, "INPUT", "Shows what an MCUboot image holds.", description, entries,
                             &error))
        return rig_cli_image_complain(error);
    if (g_strv_length(rest) != 2)
        g_set_error(&error, RIG_ERROR, RIG_ERROR_USAGE, "name one INPUT (see bootrig image info --help)");
    else
        (void)show(rest[1], as_json, &error);
    return error ? rig_cli_image_complain(error) : RIG_IMAGE_EXIT_OK;
}
