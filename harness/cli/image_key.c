/* SPDX-License-Identifier: GPL-3.0-or-later */
/* `bootrig image key`: make a private key, show a key, take out its public half. */
#include <stdlib.h>
#include <string.h>

#include "cli/image_files.h"
#include "cli/image_subcommands.h"

static const char description[] =
    "Commands:\n"
    "  make KIND -o FILE      a new private key; KIND is ecdsa-p256, rsa-2048, rsa-3072 or ed25519\n"
    "  show KEY               kind, private or public, and the key hash that images carry\n"
    "  public KEY [-o FILE]   the public half as PEM, to FILE or to the terminal\n"
    "\n"
    "KEY is a PEM file, or test:KIND or test:KIND:INDEX for one of the rig's test keys. Index 0 is the "
    "board's own key, the\n"
    "others are strangers'. The private part of a test key is public: never sign a product with one.\n"
    "\n"
    "Examples:\n"
    "  bootrig image key make ed25519 -o key.pem\n"
    "  bootrig image key public key.pem -o key.pub.pem\n"
    "  bootrig image key show test:ecdsa-p256\n";

static bool write_key(const struct rig_key *key, bool private_part, const char *output, GError **error)
{
    char *pem = rig_key_to_pem(key, private_part);
    bool done = pem != NULL;

    if (!pem)
        g_set_error(error, RIG_ERROR, RIG_ERROR_INPUT, "the key cannot be written as PEM");
    else if (output)
        done = rig_file_replace(output, private_part ? RIG_FILE_SECRET : RIG_FILE_PUBLIC, pem, strlen(pem),
                                error);
    else
        g_print("%s", pem);
    free(pem);
    return done;
}

static bool make_key(const char *kind_name, const char *output, GError **error)
{
    const char *why = "the kinds are ecdsa-p256, rsa-2048, rsa-3072, ed25519";
    enum rig_key_kind kind;
    struct rig_key *key = NULL;
    bool done;

    if (!output) {
        g_set_error(error, RIG_ERROR, RIG_ERROR_USAGE, "key make needs --output");
        return false;
    }
    if (rig_key_kind_from_name(kind_name, &kind))
        key = rig_key_generate(kind, &why);
    if (!key) {
        g_set_error(error, RIG_ERROR, RIG_ERROR_USAGE, "cannot make a key of kind '%s': %s", kind_name, why);
        return false;
    }
    done = write_key(key, true, output, error);
    rig_key_free(key);
    return done;
}

static void show_key(const struct rig_key *key)
{
    g_autofree char *hash = rig_hex_text(rig_key_hash(key), RIG_IMAGE_HASH_BYTES);
    g_autofree char *test_key = rig_test_key_name(rig_key_hash(key));

    g_print("kind      %s\n", rig_key_kind_name(rig_key_kind(key)));
    g_print("part      %s\n", rig_key_is_private(key) ? "private" : "public");
    g_print("key hash  %s\n", hash);
    if (test_key)
        g_print("          this is the rig's %s: everybody has its private part\n", test_key);
}

static bool use_key(const char *command, const char *where, const char *output, GError **error)
{
    struct rig_key *key = rig_image_key_load(where, error);
    bool done = key != NULL;

    if (key && g_str_equal(command, "show"))
        show_key(key);
    else if (key)
        done = write_key(key, false, output, error);
    rig_key_free(key);
    return done;
}

int rig_cli_image_key(char **argv)
{
    g_auto(GStrv) rest = g_strdupv(argv);
    g_autofree char *output = NULL;
    g_autoptr(GError) error = NULL;
    const GOptionEntry entries[] = {
        {"output", 'o', 0, G_OPTION_ARG_FILENAME, &output, "Write the PEM to FILE", "FILE"},
        G_OPTION_ENTRY_NULL,
    };
    bool done = false;

    if (!rig_cli_image_parse(&rest, "make|show|public KIND|KEY", "Signing keys for MCUboot images.",
                             description, entries, &error))
        return rig_cli_image_complain(error);
    if (g_strv_length(rest) == 3 && g_str_equal(rest[1], "make"))
        done = make_key(rest[2], output, &error);
    else if (g_strv_length(rest) == 3 && (g_str_equal(rest[1], "show") || g_str_equal(rest[1], "public")))
        done = use_key(rest[1], rest[2], output, &error);
    else
        g_set_error(&error, RIG_ERROR, RIG_ERROR_USAGE,
                    "say make KIND, show KEY or public KEY (see bootrig image key --help)");
    return done ? RIG_IMAGE_EXIT_OK : rig_cli_image_complain(error);
}
