/* SPDX-License-Identifier: GPL-3.0-or-later */
/* `bootrig package`: finds the subcommand; info, verify and damage themselves. make has a file of its own. */
#include "cli/cli.h"

#include "base/error.h"
#include "cli/image_files.h"
#include "cli/package_files.h"

#include <json-glib/json-glib.h>
#include <string.h>

/* ---- info ---- */

static const char info_description[] =
    "Exit codes: 0 shown, 2 this is no package or it cannot be read. Whether hash and signature hold is a "
    "matter "
    "of\n"
    "`bootrig package verify`.\n"
    "\n"
    "Examples:\n"
    "  bootrig package info app_dfu_package.zip\n"
    "  bootrig package info --json app_dfu_package.zip | jq '.parts[0].fw_version'\n";

/* One fact in both forms: a line with a name for people, a member for machines. */
struct view {
    JsonBuilder *json; /* NULL: lines */
};

static void tell(const struct view *view, const char *label, const char *member, const char *text)
{
    if (view->json) {
        json_builder_set_member_name(view->json, member);
        json_builder_add_string_value(view->json, text);
    } else {
        g_print("  %-18s %s\n", label, text);
    }
}

static void tell_number(const struct view *view, const char *label, const char *member, guint32 number)
{
    if (view->json) {
        json_builder_set_member_name(view->json, member);
        json_builder_add_int_value(view->json, number);
    } else {
        g_print("  %-18s %u\n", label, number);
    }
}

static void tell_type(const struct view *view, guint32 type)
{
    g_autofree char *text = g_strdup_printf("%s (%u)",
                                            type <= RIG_DFU_SOFTDEVICE_BOOTLOADER
                                                ? rig_dfu_firmware_name((enum rig_dfu_firmware)type)
                                            : type == RIG_INIT_EXTERNAL_APPLICATION ? "external application"
                                                                                    : "unknown",
                                            type);

    tell(view, "type", "type", text);
}

static void tell_if(const struct view *view, bool has, const char *label, const char *member, guint32 number)
{
    if (has)
        tell_number(view, label, member, number);
    else if (!view->json)
        g_print("  %-18s none\n", label);
}

static void tell_bytes(const struct view *view, const char *label, const char *member, const guint8 *bytes,
                       gsize n_bytes)
{
    g_autofree char *text = rig_hex_text(bytes, n_bytes);

    tell(view, label, member, text);
}

static void tell_ids(const struct view *view, const guint32 *ids, gsize n)
{
    g_autoptr(GString) line = g_string_new(NULL);

    if (view->json) {
        json_builder_set_member_name(view->json, "sd_req");
        json_builder_begin_array(view->json);
        for (gsize i = 0; i < n; i++)
            json_builder_add_int_value(view->json, ids[i]);
        json_builder_end_array(view->json);
        return;
    }
    for (gsize i = 0; i < n; i++)
        g_string_append_printf(line, "%s0x%04x", i ? ", " : "", ids[i]);
    g_print("  %-18s %s\n", "sd-req", n ? line->str : "none");
}

static void tell_validations(const struct view *view, const struct rig_init_packet *packet)
{
    static const char *const names[] = {"none", "crc", "sha256", "ecdsa"};

    if (view->json) {
        json_builder_set_member_name(view->json, "boot_validations");
        json_builder_begin_array(view->json);
    }
    for (gsize i = 0; i < packet->n_boot_validations; i++) {
        guint32 type = packet->boot_validations[i].type;
        const char *name = type < G_N_ELEMENTS(names) ? names[type] : "unknown";

        if (view->json)
            json_builder_add_string_value(view->json, name);
        else
            g_print("  %-18s %s (%u)\n", i ? "" : "boot validation", name, type);
    }
    if (view->json)
        json_builder_end_array(view->json);
}

static void tell_secure(const struct view *view, const struct rig_init_packet *packet)
{
    if (packet->has_type)
        tell_type(view, packet->type);
    tell_if(view, packet->has_fw_version, "firmware version", "fw_version", packet->fw_version);
    tell_if(view, packet->has_hw_version, "hardware version", "hw_version", packet->hw_version);
    tell_ids(view, packet->sd_req, packet->n_sd_req);
    tell_if(view, packet->has_sd_size, "SoftDevice bytes", "sd_size", packet->sd_size);
    tell_if(view, packet->has_bl_size, "bootloader bytes", "bl_size", packet->bl_size);
    tell_if(view, packet->has_app_size, "application bytes", "app_size", packet->app_size);
    tell(view, "debug", "is_debug", packet->is_debug ? "yes" : "no");
    tell_if(view, packet->has_hash, "hash type", "hash_type", packet->hash_type);
    tell_bytes(view, "hash", "hash", packet->hash, packet->n_hash_bytes);
    tell_validations(view, packet);
    if (packet->is_signed) {
        tell_number(view, "signature type", "signature_type", packet->signature_type);
        tell_bytes(view, "signature", "signature", packet->signature, packet->n_signature_bytes);
    } else {
        tell(view, "signature", "signature", "none");
    }
}

static void tell_legacy(const struct view *view, const struct rig_legacy_init *init)
{
    guint32 ids[RIG_LEGACY_INIT_MAX_SD_REQ];

    for (gsize i = 0; i < init->n_sd_req; i++)
        ids[i] = init->sd_req[i];
    tell_number(view, "application version", "fw_version", init->application_version);
    tell_number(view, "device type", "device_type", init->device_type);
    tell_number(view, "device revision", "device_revision", init->device_revision);
    tell_ids(view, ids, init->n_sd_req);
    tell_bytes(view, "extended part", "extended", init->extended, init->n_extended_bytes);
}

static void tell_init(const struct view *view, enum rig_package_version version,
                      const struct rig_package_part *part)
{
    struct rig_init_packet packet;
    struct rig_legacy_init init;
    gsize n_bytes;
    const guint8 *bytes = g_bytes_get_data(part->init_packet, &n_bytes);
    enum rig_init_status status = version == RIG_PACKAGE_SECURE
                                      ? rig_init_packet_decode(bytes, n_bytes, &packet)
                                      : rig_legacy_init_decode(bytes, n_bytes, &init);

    tell_number(view, "init packet bytes", "init_packet_bytes", (guint32)n_bytes);
    if (status)
        tell(view, "init packet", "init_packet", rig_init_status_text(status));
    else if (version == RIG_PACKAGE_SECURE)
        tell_secure(view, &packet);
    else
        tell_legacy(view, &init);
}

static const char *version_text(enum rig_package_version version)
{
    static const char *const texts[] = {"secure", "legacy 0.5", "legacy 0.6", "legacy 0.7", "legacy 0.8"};

    return (guint)version < G_N_ELEMENTS(texts) ? texts[version] : "unknown";
}

static void tell_part(const struct view *view, enum rig_package_version version,
                      const struct rig_package_part *part)
{
    const char *name = rig_dfu_firmware_name(part->firmware);

    if (view->json) {
        json_builder_begin_object(view->json);
        tell(view, "", "firmware", name);
    } else {
        g_print("%s\n", name);
    }
    tell_number(view, "firmware bytes", "firmware_bytes", (guint32)g_bytes_get_size(part->bytes));
    tell_init(view, version, part);
    if (view->json)
        json_builder_end_object(view->json);
}

static void show(const struct rig_package *package, bool as_json)
{
    g_autoptr(JsonBuilder) json = as_json ? json_builder_new() : NULL;
    const struct view view = {json};

    if (json) {
        json_builder_begin_object(json);
        tell(&view, "", "package", version_text(package->version));
        json_builder_set_member_name(json, "parts");
        json_builder_begin_array(json);
    } else {
        g_print("package: %s, %u %s\n", version_text(package->version), package->n_parts,
                package->n_parts == 1 ? "update" : "updates that follow each other");
    }
    for (guint i = 0; i < package->n_parts; i++)
        tell_part(&view, package->version, &package->parts[i]);
    if (json) {
        g_autoptr(JsonNode) root = NULL;
        g_autofree char *text = NULL;

        json_builder_end_array(json);
        json_builder_end_object(json);
        root = json_builder_get_root(json);
        text = json_to_string(root, TRUE);
        g_print("%s\n", text);
    }
}

/* Clear with rig_package_clear(). */
static bool cli_package_load(const char *path, struct rig_package *package, GError **error)
{
    g_autoptr(GBytes) zip = rig_cli_file_read(path, error);

    if (!zip)
        return false;
    if (rig_package_read(zip, package, error))
        return true;
    g_prefix_error(error, "%s is no distribution package: ", path);
    return false;
}

static int run_info(char **argv)
{
    g_auto(GStrv) rest = g_strdupv(argv);
    g_auto(rig_package) package = {0};
    g_autoptr(GError) error = NULL;
    gboolean as_json = FALSE;
    const GOptionEntry entries[] = {
        {"json", 0, 0, G_OPTION_ARG_NONE, &as_json, "Print JSON", NULL},
        G_OPTION_ENTRY_NULL,
    };

    if (!rig_cli_image_parse(&rest, "PACKAGE", "Shows what a distribution package holds.", info_description,
                             entries, &error))
        return rig_cli_package_complain(error);
    if (g_strv_length(rest) != 2)
        g_set_error(&error, RIG_ERROR, RIG_ERROR_USAGE, "name one PACKAGE (see bootrig package info --help)");
    else if (cli_package_load(rest[1], &package, &error))
        show(&package, as_json);
    return error ? rig_cli_package_complain(error) : RIG_IMAGE_EXIT_OK;
}

/* ---- verify ---- */

static const char verify_description[] =
    "Checks form and sizes of each init packet, the hash (legacy: CRC-16) over the firmware and boot "
    "validations. "
    "With\n"
    "--key (repeatable) each must be signed by one of these keys: a PEM file, private or public, or "
    "test:ecdsa-p256[:INDEX].\n"
    "What only the board knows (its versions, its SoftDevice, its room) is not checked.\n"
    "\n"
    "Exit codes: 0 nothing is wrong, 1 a bootloader refuses it, 2 bad usage or no package.\n"
    "\n"
    "Examples:\n"
    "  bootrig package verify app_dfu_package.zip --key key.pub.pem\n"
    "  bootrig package verify app_dfu_package.zip\n";

static bool load_keys(char **wheres, GPtrArray *keys, GError **error)
{
    for (; wheres && *wheres; wheres++) {
        struct rig_key *key = rig_cli_package_key(*wheres, false, error);

        if (!key)
            return false;
        g_ptr_array_add(keys, key);
    }
    return true;
}

static int judge_file(const char *path, char **wheres, bool quiet, GError **error)
{
    g_autoptr(GPtrArray) keys = g_ptr_array_new_with_free_func((GDestroyNotify)rig_key_free);
    g_autoptr(GPtrArray) problems = g_ptr_array_new_with_free_func(g_free);
    g_autoptr(GPtrArray) remarks = g_ptr_array_new_with_free_func(g_free);
    g_auto(rig_package) package = {0};
    bool good;

    if (!load_keys(wheres, keys, error) || !cli_package_load(path, &package, error))
        return RIG_IMAGE_EXIT_BAD;
    good =
        rig_package_judge(&package, (const struct rig_key *const *)keys->pdata, keys->len, problems, remarks);
    for (guint i = 0; !quiet && i < problems->len; i++)
        g_print("%s: FAIL: %s\n", path, (const char *)problems->pdata[i]);
    if (good && !quiet)
        g_print("%s: pass: %s, %u %s\n", path, version_text(package.version), package.n_parts,
                package.n_parts == 1 ? "update" : "updates");
    for (guint i = 0; !quiet && i < remarks->len; i++)
        g_print("  note: %s\n", (const char *)remarks->pdata[i]);
    return good ? RIG_IMAGE_EXIT_OK : RIG_IMAGE_EXIT_NOT_VERIFIED;
}

static int run_verify(char **argv)
{
    g_auto(GStrv) rest = g_strdupv(argv);
    g_auto(GStrv) keys = NULL;
    g_autoptr(GError) error = NULL;
    gboolean quiet = FALSE;
    int code = RIG_IMAGE_EXIT_BAD;
    const GOptionEntry entries[] = {
        {"key", 'k', 0, G_OPTION_ARG_FILENAME_ARRAY, &keys, "A key that the bootloader knows; repeatable",
         "KEY"},
        {"quiet", 'q', 0, G_OPTION_ARG_NONE, &quiet, "Say it by the exit code only", NULL},
        G_OPTION_ENTRY_NULL,
    };

    if (!rig_cli_image_parse(&rest, "PACKAGE", "Checks a distribution package as a bootloader does.",
                             verify_description, entries, &error))
        return rig_cli_package_complain(error);
    if (g_strv_length(rest) != 2)
        g_set_error(&error, RIG_ERROR, RIG_ERROR_USAGE,
                    "name one PACKAGE (see bootrig package verify --help)");
    else
        code = judge_file(rest[1], keys, quiet, &error);
    return error ? rig_cli_package_complain(error) : code;
}

/* ---- damage ---- */

static const char damage_description[] =
    "A packet that is signed is signed again with --key where the damage lies below the signature, so that "
    "the "
    "refusal is\n"
    "that of the field. Older packages and packages for another board are not damaged ones: `bootrig package "
    "make` makes them.\n"
    "\n"
    "Examples:\n"
    "  bootrig package damage app.zip --kind wrong-hash --key key.pem -o broken.zip\n"
    "  bootrig package damage app.zip --kind flip-payload --at 100 -o broken.zip\n"
    "  bootrig package damage --list\n";

struct damage_options {
    char *kind, *at, *part, *key, *output;
    gboolean list;
};

static void damage_options_clear(struct damage_options *options)
{
    char **texts[] = {&options->kind, &options->at, &options->part, &options->key, &options->output};

    for (gsize i = 0; i < G_N_ELEMENTS(texts); i++)
        g_clear_pointer(texts[i], g_free);
}
typedef struct damage_options damage_options;
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(damage_options, damage_options_clear)

static bool parse_damage(char ***argv, struct damage_options *options, GError **error)
{
    const GOptionEntry entries[] = {
        {"kind", 'k', 0, G_OPTION_ARG_STRING, &options->kind, "Which damage (see --list)", "NAME"},
        {"at", 0, 0, G_OPTION_ARG_STRING, &options->at, "The number that the kind is about, not its default",
         "N"},
        {"part", 0, 0, G_OPTION_ARG_STRING, &options->part, "Which update of the package, from 1 (default 1)",
         "N"},
        {"key", 0, 0, G_OPTION_ARG_FILENAME, &options->key, "Sign again with this key", "KEY"},
        {"output", 'o', 0, G_OPTION_ARG_FILENAME, &options->output, "Write the damaged package to FILE",
         "FILE"},
        {"list", 0, 0, G_OPTION_ARG_NONE, &options->list, "List the kinds of damage", NULL},
        G_OPTION_ENTRY_NULL,
    };

    return rig_cli_image_parse(argv, "PACKAGE", "Damages a distribution package in one named way.",
                               damage_description, entries, error);
}

static bool apply(struct rig_package *package, const struct damage_options *options,
                  const struct rig_key *key, GError **error)
{
    guint64 at = 0, part = 1;
    guint32 number;

    if (options->at && !rig_number_parse("--at", options->at, UINT32_MAX, &at, error))
        return false;
    if (options->part && !rig_number_parse("--part", options->part, RIG_PACKAGE_MAX_PARTS, &part, error))
        return false;
    if (part == 0 || part > package->n_parts) {
        g_set_error(error, RIG_ERROR, RIG_ERROR_USAGE, "--part: the package has %u", package->n_parts);
        return false;
    }
    number = (guint32)at;
    return rig_package_damage(&package->parts[part - 1], package->version, options->kind,
                              options->at ? &number : NULL, key, error);
}

static bool damage_file(const char *path, const struct damage_options *options, GError **error)
{
    g_auto(rig_package) package = {0};
    struct rig_key *key = NULL;
    bool done;

    if (options->key && !(key = rig_cli_package_key(options->key, true, error)))
        return false;
    done = cli_package_load(path, &package, error) && apply(&package, options, key, error) &&
           rig_cli_package_save(options->output, &package, error);
    rig_key_free(key);
    return done;
}

static int list_kinds(void)
{
    gsize n;
    const struct rig_package_damage *damages = rig_package_damages(&n);

    for (gsize i = 0; i < n; i++)
        g_print("%-22s %s%s%s\n", damages[i].name, damages[i].meaning, damages[i].at ? "; --at: " : "",
                damages[i].at ? damages[i].at : "");
    return RIG_IMAGE_EXIT_OK;
}

static int run_damage(char **argv)
{
    g_auto(GStrv) rest = g_strdupv(argv);
    g_auto(damage_options) options = {0};
    g_autoptr(GError) error = NULL;

    if (!parse_damage(&rest, &options, &error))
        return rig_cli_package_complain(error);
    if (options.list)
        return list_kinds();
    if (!options.kind || !options.output || g_strv_length(rest) != 2)
        g_set_error(&error, RIG_ERROR, RIG_ERROR_USAGE,
                    "name one PACKAGE, --kind and --output (see bootrig package damage --help)");
    else if (damage_file(rest[1], &options, &error))
        return RIG_IMAGE_EXIT_OK;
    return rig_cli_package_complain(error);
}

/* ---- the command ---- */

static const struct rig_cli_member members[] = {
    {"make", "bootrig package make", "make and sign packages from binaries or Intel HEX",
     rig_cli_package_make},
    {"info", "bootrig package info", "show what a package holds", run_info},
    {"verify", "bootrig package verify", "check a package as a bootloader does", run_verify},
    {"damage", "bootrig package damage", "damage a package in one named way", run_damage},
};

static const struct rig_cli_family family = {
    .name = "bootrig package",
    .head =
        "Distribution packages of Nordic's DFU, secure and legacy: make, inspect, verify and damage them.",
    .tail = "`bootrig package COMMAND --help` says more, with examples. Keys: `bootrig image key`.\n"
            "Exit codes: 0 done, 1 a bootloader refuses the package, 2 bad usage or bad input.",
    .members = members,
    .n_members = G_N_ELEMENTS(members),
};

int rig_cli_package(int argc, char **argv)
{
    return rig_cli_family_run(&family, argc, argv);
}
