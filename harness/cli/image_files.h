/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the image commands share: arguments, exit codes, files, keys and numbers. */
#ifndef RIG_CLI_IMAGE_FILES_H
#define RIG_CLI_IMAGE_FILES_H

#include <glib.h>
#include <stdbool.h>

#include "base/error.h"
#include "base/file.h"
#include "image/build.h"
#include "image/key.h"

G_BEGIN_DECLS

enum rig_image_exit {
    RIG_IMAGE_EXIT_OK = 0,
    RIG_IMAGE_EXIT_NOT_VERIFIED = 1,
    RIG_IMAGE_EXIT_BAD = 2,
    RIG_IMAGE_EXIT_NOT_JUDGED = 4, /* verify: nothing wrong was found, not all could be checked */
};

/* The larger subcommands. argv[0] is the name that --help shows ("bootrig image make"); the exit code is
 * returned. */
int rig_cli_image_make(char **argv);
int rig_cli_image_info(char **argv);

/* Prints "bootrig image: <message>" to stderr. Returns RIG_IMAGE_EXIT_BAD. */
int rig_cli_image_complain(const GError *error);

/* Parses the options out of *argv (a GStrv that shrinks to argv[0] and the plain arguments). description:
 * text below the options. */
G_GNUC_WARN_UNUSED_RESULT gboolean rig_cli_image_parse(char ***argv, const char *arguments,
                                                       const char *summary, const char *description,
                                                       const GOptionEntry *entries, GError **error);

#define RIG_IMAGE_FILE_MAX_BYTES (64u << 20)

enum rig_image_format {
    RIG_IMAGE_FORMAT_BY_NAME, /* .hex, .ihex, .ihx are Intel HEX, all others binary */
    RIG_IMAGE_FORMAT_BINARY,
    RIG_IMAGE_FORMAT_HEX,
};

struct rig_image_file {
    struct rig_bytes contents;
    bool is_hex;
    uint32_t base_address; /* 0 for a binary file */
};

/* The whole file, binary or Intel HEX by its content; gaps of HEX hold `erased`. Errors name the file (and
 * the line). Free with rig_bytes_clear(&file->contents). */
G_GNUC_WARN_UNUSED_RESULT bool rig_image_file_read(const char *path, uint8_t erased,
                                                   struct rig_image_file *file, GError **error);

/* The same for a program of an nRF5 board: of Intel HEX the MBR before it and the registers behind the flash
 * (UICR) are left out, and bytes of value 0xff fill the last word. */
G_GNUC_WARN_UNUSED_RESULT bool rig_image_file_read_nrf5(const char *path, struct rig_image_file *file,
                                                        GError **error);
/* The bytes of a file as they are, of at most RIG_IMAGE_FILE_MAX_BYTES. NULL: error. */
G_GNUC_WARN_UNUSED_RESULT GBytes *rig_cli_file_read(const char *path, GError **error);

/* The image in the wanted format, by rig_file_replace. */
G_GNUC_WARN_UNUSED_RESULT bool rig_image_file_write(const char *path, enum rig_image_format format,
                                                    const struct rig_bytes *contents, uint32_t base_address,
                                                    GError **error);

/* "bin" or "hex"; NULL is BY_NAME. */
G_GNUC_WARN_UNUSED_RESULT bool rig_image_format_parse(const char *text, enum rig_image_format *format,
                                                      GError **error);

/* A PEM file, or "test:KIND" / "test:KIND:INDEX" for a built-in test key. Free with rig_key_free. */
G_GNUC_WARN_UNUSED_RESULT struct rig_key *rig_image_key_load(const char *where, GError **error);

/* The same for the keys that images are encrypted to: a file, or "test:ecies-p256" and the like ("aes-kw" has
 * 128 bits, "aes-kw-256" 256). Free with rig_encrypt_key_free. */
G_GNUC_WARN_UNUSED_RESULT struct rig_encrypt_key *rig_image_encrypt_key_load(const char *where,
                                                                             GError **error);

/* Decimal or 0x hexadecimal, with K, KiB, M or MiB behind it; at most max. what: the option's name for the
 * message. */
G_GNUC_WARN_UNUSED_RESULT bool rig_number_parse(const char *what, const char *text, guint64 max,
                                                guint64 *value, GError **error);

/* Lower-case hexadecimal digits. Free with g_free. */
char *rig_hex_text(const uint8_t *bytes, size_t n_bytes);

/* "ecdsa-p256 test key 0" when the hash is that of a built-in key with a small number, else NULL. Free with
 * g_free. */
char *rig_test_key_name(const uint8_t hash[RIG_IMAGE_HASH_BYTES]);

/* A command whose first argument is a command of its own. Texts are static; `head` and `tail` stand before
 * and behind the list in its help. */
struct rig_cli_family {
    const char *name; /* "bootrig image" */
    const char *head, *tail;
    const struct rig_cli_member {
        const char *name, *full_name, *purpose;
        int (*run)(char **argv); /* argv[0] is full_name */
    } * members;
    gsize n_members;
};
/* Runs the member that argv[1] names, or prints the help. Returns the exit code. */
int rig_cli_family_run(const struct rig_cli_family *family, int argc, char **argv);

G_END_DECLS

#endif
