/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Dispatcher of `bootrig image` and what its subcommands share. */
#include "cli/image_command.h"

#include "base/error.h"
#include "cli/image_subcommands.h"

static const struct {
    const char *name, *full_name, *purpose;
    int (*run)(char **argv);
} subcommands[] = {
    {"make", "bootrig image make", "make and sign images from binaries, Intel HEX or synthetic bytes",
     rig_cli_image_make},
    {"info", "bootrig image info", "show what an image holds", rig_cli_image_info},
    {"verify", "bootrig image verify", "check hash and signature as a bootloader does", rig_cli_image_verify},
    {"damage", "bootrig image damage", "spoil an image in one named way", rig_cli_image_damage},
    {"key", "bootrig image key", "make and show signing keys", rig_cli_image_key},
};

int rig_cli_image_complain(const GError *error)
{
    g_printerr("bootrig image: %s\n", error->message);
    return RIG_IMAGE_EXIT_BAD;
}

gboolean rig_cli_image_parse(char ***argv, const char *arguments, const char *summary,
                             const char *description, const GOptionEntry *entries, GError **error)
{
    g_autoptr(GOptionContext) options = g_option_context_new(arguments);
    g_autoptr(GError) problem = NULL;

    /* GLib takes the name in the usage line from the process otherwise. */
    g_set_prgname((*argv)[0]);
    g_option_context_set_summary(options, summary);
    g_option_context_set_description(options, description);
    g_option_context_add_main_entries(options, entries, NULL);
    if (g_option_context_parse_strv(options, argv, &problem))
        return TRUE;
    g_set_error(error, RIG_ERROR, RIG_ERROR_USAGE, "%s (see %s --help)", problem->message, g_get_prgname());
    return FALSE;
}

static void print_usage(void (*print)(const char *format, ...) G_GNUC_PRINTF(1, 2))
{
    print("Usage: bootrig image COMMAND [OPTION...]\n\nMCUboot images: make, look into, check and spoil "
          "them.\n\n");
    for (gsize i = 0; i < G_N_ELEMENTS(subcommands); i++)
        print("  %-8s %s\n", subcommands[i].name, subcommands[i].purpose);
    print(
        "\n`bootrig image COMMAND --help` says more, with examples.\n"
        "Exit codes: 0 done, 1 the image did not verify, 2 bad usage or bad input, 4 (verify) not judged.\n");
}

int rig_cli_image(int argc, char **argv)
{
    if (argc >= 2 &&
        (g_str_equal(argv[1], "--help") || g_str_equal(argv[1], "-h") || g_str_equal(argv[1], "help"))) {
        print_usage(g_print);
        return RIG_IMAGE_EXIT_OK;
    }
    for (gsize i = 0; argc >= 2 && i < G_N_ELEMENTS(subcommands); i++) {
        if (g_str_equal(argv[1], subcommands[i].name)) {
            g_auto(GStrv) rest = g_strdupv(argv + 1);

            g_free(rest[0]);
            rest[0] = g_strdup(subcommands[i].full_name);
            return subcommands[i].run(rest);
        }
    }
    if (argc >= 2)
        g_printerr("bootrig image: there is no command '%s'\n\n", argv[1]);
    print_usage(g_printerr);
    return RIG_IMAGE_EXIT_BAD;
}
