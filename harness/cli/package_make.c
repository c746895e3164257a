/* SPDX-License-Identifier: GPL-3.0-or-later */
/* `bootrig package make`: firmware files into a distribution package. */
#include "cli/package_files.h"

#include "base/error.h"
#include "cli/image_files.h"
#include "image/softdevice.h"

#include <string.h>

static const char description[] =
    "FILES are binary or Intel HEX; of HEX the MBR (below 0x1000) and the registers behind the flash are "
    "left "
    "out. A\n"
    "SoftDevice with a bootloader is one update; with an application, too, the package holds two that follow "
    "each "
    "other.\n"
    "\n"
    "Without --key the package is unsigned; most secure bootloaders refuse it. Versions are numbers, or "
    "a.b.c for "
    "a * 1000000\n"
    "+ b * 1000 + c. --sd-req says which SoftDevices may be on the board: ids, 0 for an application that "
    "needs "
    "none. Beside a\n"
    "SoftDevice, --sd-id says it for the application (default: the id in the SoftDevice's info structure).\n"
    "\n"
    "--legacy makes a package for bootloaders of SDK 7 to 11: 0.5 with a CRC-16, 0.6 and 0.7 with longer "
    "init "
    "packets, 0.8\n"
    "signed. There --application-version goes for every image, and --device-type and --device-revision count "
    "in "
    "the place of\n"
    "--hw-version.\n"
    "\n"
    "The same arguments give the same bytes, on every machine.\n"
    "\n"
    "Examples:\n"
    "  bootrig package make --application app.hex --application-version 3 --sd-req 0x100 --key key.pem -o "
    "app.zip\n"
    "  bootrig package make --bootloader bl.hex --bootloader-version 2 --sd-req 0x100 --key key.pem -o "
    "bl.zip\n"
    "  bootrig package make --softdevice sd.hex --bootloader bl.hex --bootloader-version 2 --application "
    "app.hex "
    "\\\n"
    "      --application-version 1.2.3 --sd-req 0xca,0x100 --key key.pem -o all.zip\n"
    "  bootrig package make --legacy 0.5 --application app.hex --sd-req 0x64 -o app.zip\n";

struct make_options {
    char *application, *softdevice, *bootloader, *application_version, *bootloader_version, *hw_version,
        *sd_req, *sd_id, *key, *validation, *legacy, *device_type, *device_revision, *output;
    gboolean debug;
};

static void make_options_clear(struct make_options *options)
{
    char **texts[] = {&options->application,
                      &options->softdevice,
                      &options->bootloader,
                      &options->application_version,
                      &options->bootloader_version,
                      &options->hw_version,
                      &options->sd_req,
                      &options->sd_id,
                      &options->key,
                      &options->validation,
                      &options->legacy,
                      &options->device_type,
                      &options->device_revision,
                      &options->output};

    for (gsize i = 0; i < G_N_ELEMENTS(texts); i++)
        g_clear_pointer(texts[i], g_free);
}
typedef struct make_options make_options;
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(make_options, make_options_clear)

static bool parse(char ***argv, struct make_options *options, GError **error)
{
    const GOptionEntry entries[] = {
        {"output", 'o', 0, G_OPTION_ARG_FILENAME, &options->output, "Write the package to FILE", "FILE.zip"},
        {"application", 0, 0, G_OPTION_ARG_FILENAME, &options->application, "The application", "FILE"},
        {"softdevice", 0, 0, G_OPTION_ARG_FILENAME, &options->softdevice, "The SoftDevice", "FILE"},
        {"bootloader", 0, 0, G_OPTION_ARG_FILENAME, &options->bootloader, "The bootloader", "FILE"},
        {"application-version", 0, 0, G_OPTION_ARG_STRING, &options->application_version,
         "Version of the application", "N|A.B.C"},
        {"bootloader-version", 0, 0, G_OPTION_ARG_STRING, &options->bootloader_version,
         "Version of the bootloader", "N|A.B.C"},
        {"hw-version", 0, 0, G_OPTION_ARG_STRING, &options->hw_version, "Hardware version (default 52)", "N"},
        {"sd-req", 0, 0, G_OPTION_ARG_STRING, &options->sd_req, "Ids of the SoftDevices that may be there",
         "ID,..."},
        {"sd-id", 0, 0, G_OPTION_ARG_STRING, &options->sd_id,
         "The same for an application that follows a SoftDevice", "ID,..."},
        {"key", 'k', 0, G_OPTION_ARG_FILENAME, &options->key,
         "Sign with this private key (or test:ecdsa-p256:INDEX)", "FILE.pem"},
        {"boot-validation", 0, 0, G_OPTION_ARG_STRING, &options->validation,
         "How the bootloader checks before each start (default crc)", "none|crc|sha256|ecdsa"},
        {"debug", 0, 0, G_OPTION_ARG_NONE, &options->debug, "Set is_debug", NULL},
        {"legacy", 0, 0, G_OPTION_ARG_STRING, &options->legacy, "A package for legacy bootloaders",
         "0.5|0.6|0.7|0.8"},
        {"device-type", 0, 0, G_OPTION_ARG_STRING, &options->device_type,
         "Legacy: device type (default 65535, any)", "N"},
        {"device-revision", 0, 0, G_OPTION_ARG_STRING, &options->device_revision,
         "Legacy: device revision (default 65535, any)", "N"},
        G_OPTION_ENTRY_NULL,
    };

    return rig_cli_image_parse(argv, "", "Makes distribution packages of Nordic's DFU.", description, entries,
                               error);
}

G_GNUC_PRINTF(2, 3) static bool refuse(GError **error, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    g_propagate_error(error, g_error_new_valist(RIG_ERROR, RIG_ERROR_USAGE, format, arguments));
    va_end(arguments);
    return false;
}

/* ---- options as values ---- */

struct ids {
    guint32 ids[RIG_INIT_MAX_SD_REQ];
    gsize n;
};

struct job {
    struct rig_package_recipe recipe; /* what all parts have in common */
    guint32 application_version, bootloader_version;
    bool has_application_version, has_bootloader_version;
    struct ids sd_req, sd_id;
    struct rig_key *key;
    GBytes *softdevice, *bootloader, *application;
};

static void job_clear(struct job *job)
{
    rig_key_free(job->key);
    g_clear_pointer(&job->softdevice, g_bytes_unref);
    g_clear_pointer(&job->bootloader, g_bytes_unref);
    g_clear_pointer(&job->application, g_bytes_unref);
}
typedef struct job make_job;
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(make_job, job_clear)

static bool take_number(const char *what, const char *text, guint64 fallback, guint64 max, guint64 *value,
                        GError **error)
{
    *value = fallback;
    return !text || rig_number_parse(what, text, max, value, error);
}

static bool take_version(const char *what, const char *text, guint32 *number, bool *has, GError **error)
{
    struct rig_image_version version;
    guint64 value;

    *has = text != NULL;
    if (!text)
        return true;
    if (strchr(text, '.'))
        return (rig_image_version_parse(text, &version) && rig_package_version_number(&version, number)) ||
               refuse(error, "%s: '%s' is neither a number nor a.b.c with b and c below 1000", what, text);
    if (!rig_number_parse(what, text, UINT32_MAX, &value, error))
        return false;
    *number = (guint32)value;
    return true;
}

static bool take_ids(const char *what, const char *text, struct ids *ids, GError **error)
{
    g_auto(GStrv) parts = g_strsplit(text ? text : "", ",", -1);

    for (guint i = 0; text && parts[i]; i++) {
        guint64 value;

        if (ids->n == RIG_INIT_MAX_SD_REQ)
            return refuse(error, "%s: at most %u ids", what, RIG_INIT_MAX_SD_REQ);
        if (!rig_number_parse(what, g_strstrip(parts[i]), UINT32_MAX, &value, error))
            return false;
        ids->ids[ids->n++] = (guint32)value;
    }
    return true;
}

static bool pick(const char *what, const char *text, const char *const *words, guint fallback, guint *index,
                 GError **error)
{
    g_autofree char *all = g_strjoinv(", ", (char **)(gpointer)words);

    *index = fallback;
    for (guint i = 0; text && words[i]; i++) {
        if (g_str_equal(text, words[i])) {
            *index = i;
            return true;
        }
    }
    return !text || refuse(error, "%s: '%s' is none of %s", what, text, all);
}

static bool read_program(const char *path, GBytes **into, GError **error)
{
    struct rig_image_file file;

    if (!path)
        return true;
    if (!rig_image_file_read_nrf5(path, &file, error))
        return false;
    *into = g_bytes_new(file.contents.bytes, file.contents.n_bytes);
    rig_bytes_clear(&file.contents);
    return true;
}

/* The id that the SoftDevice in the package tells of itself is what the application behind it needs. */
static void default_sd_id(struct job *job)
{
    struct rig_softdevice softdevice;
    gsize n_bytes;
    const guint8 *bytes;

    if (!job->softdevice || job->sd_id.n)
        return;
    bytes = g_bytes_get_data(job->softdevice, &n_bytes);
    if (n_bytes >= RIG_SOFTDEVICE_INFO_AT + RIG_SOFTDEVICE_INFO_BYTES &&
        rig_softdevice_decode(bytes + RIG_SOFTDEVICE_INFO_AT, &softdevice))
        job->sd_id.ids[job->sd_id.n++] = softdevice.firmware_id;
    else
        job->sd_id = job->sd_req;
}

static bool take_form(struct job *job, const struct make_options *options, GError **error)
{
    static const char *const versions[] = {"0.5", "0.6", "0.7", "0.8", NULL};
    static const char *const validations[] = {"none", "crc", "sha256", "ecdsa", NULL};
    guint version, validation;
    guint64 hw_version, device_type, device_revision;

    if (!pick("--legacy", options->legacy, versions, 0, &version, error) ||
        !pick("--boot-validation", options->validation, validations, RIG_INIT_BOOT_CRC, &validation, error) ||
        !take_number("--hw-version", options->hw_version, 52, UINT32_MAX, &hw_version, error) ||
        !take_number("--device-type", options->device_type, RIG_LEGACY_ANY_DEVICE, UINT16_MAX, &device_type,
                     error) ||
        !take_number("--device-revision", options->device_revision, RIG_LEGACY_ANY_DEVICE, UINT16_MAX,
                     &device_revision, error))
        return false;
    job->recipe.version =
        options->legacy ? (enum rig_package_version)(RIG_PACKAGE_LEGACY_05 + version) : RIG_PACKAGE_SECURE;
    job->recipe.validation = validation;
    job->recipe.hw_version = (guint32)hw_version;
    job->recipe.device_type = (guint16)device_type;
    job->recipe.device_revision = (guint16)device_revision;
    job->recipe.debug = options->debug;
    return true;
}

/* What would have no effect is a mistake. */
static bool check_options(const struct make_options *options, GError **error)
{
    bool legacy = options->legacy != NULL;

    if (!options->application && !options->softdevice && !options->bootloader)
        return refuse(error,
                      "name --application, --softdevice or --bootloader (see bootrig package make --help)");
    if (!options->output)
        return refuse(error, "make needs --output");
    if (options->bootloader && options->application && !options->softdevice)
        return refuse(error, "a bootloader and an application without a SoftDevice are two packages");
    if (!options->sd_req)
        return refuse(error,
                      "--sd-req is missing: the ids of the SoftDevices that may be on the board, 0 for none");
    if (legacy &&
        (options->hw_version || options->validation || options->debug || options->bootloader_version))
        return refuse(error,
                      "--hw-version, --boot-validation, --bootloader-version and --debug are of secure "
                      "packages");
    if (!legacy && (options->device_type || options->device_revision))
        return refuse(error, "--device-type and --device-revision are of legacy packages");
    if (legacy && (options->key != NULL) != g_str_equal(options->legacy, "0.8"))
        return refuse(error,
                      "of legacy packages 0.8 is signed and needs --key, and the others have no signature");
    if (!legacy && options->application && !options->application_version)
        return refuse(error, "--application-version is missing");
    if (!legacy && options->bootloader && !options->bootloader_version)
        return refuse(error, "--bootloader-version is missing");
    if (options->sd_id && !(options->softdevice && options->application))
        return refuse(error, "--sd-id is for an application that follows a SoftDevice");
    return true;
}

static bool fill(struct job *job, const struct make_options *options, GError **error)
{
    if (!check_options(options, error) || !take_form(job, options, error) ||
        !take_version("--application-version", options->application_version, &job->application_version,
                      &job->has_application_version, error) ||
        !take_version("--bootloader-version", options->bootloader_version, &job->bootloader_version,
                      &job->has_bootloader_version, error) ||
        !take_ids("--sd-req", options->sd_req, &job->sd_req, error) ||
        !take_ids("--sd-id", options->sd_id, &job->sd_id, error))
        return false;
    if (options->key && !(job->key = rig_cli_package_key(options->key, true, error)))
        return false;
    job->recipe.key = job->key;
    if (!read_program(options->softdevice, &job->softdevice, error) ||
        !read_program(options->bootloader, &job->bootloader, error) ||
        !read_program(options->application, &job->application, error))
        return false;
    default_sd_id(job);
    return true;
}

/* ---- parts ---- */

static bool add_part(struct job *job, struct rig_package *package, enum rig_dfu_firmware firmware,
                     GBytes *bytes, const guint32 *fw_version, GError **error)
{
    struct rig_package_recipe recipe = job->recipe;
    bool behind = firmware == RIG_DFU_APPLICATION && job->softdevice;
    const struct ids *ids = behind ? &job->sd_id : &job->sd_req;

    recipe.firmware = firmware;
    recipe.bytes = bytes;
    recipe.sd_bytes =
        firmware == RIG_DFU_SOFTDEVICE_BOOTLOADER ? (guint32)g_bytes_get_size(job->softdevice) : 0;
    recipe.fw_version = fw_version;
    recipe.sd_req = ids->ids;
    recipe.n_sd_req = ids->n;
    return rig_package_make_part(&recipe, &package->parts[package->n_parts], error) && ++package->n_parts;
}

static bool add_both(struct job *job, struct rig_package *package, const guint32 *fw_version, GError **error)
{
    g_autoptr(GByteArray) both = g_byte_array_new();
    g_autoptr(GBytes) bytes = NULL;

    g_byte_array_append(both, g_bytes_get_data(job->softdevice, NULL),
                        (guint)g_bytes_get_size(job->softdevice));
    g_byte_array_append(both, g_bytes_get_data(job->bootloader, NULL),
                        (guint)g_bytes_get_size(job->bootloader));
    bytes = g_byte_array_free_to_bytes(g_steal_pointer(&both));
    return add_part(job, package, RIG_DFU_SOFTDEVICE_BOOTLOADER, bytes, fw_version, error);
}

static bool add_parts(struct job *job, struct rig_package *package, GError **error)
{
    static const guint32 any = UINT32_MAX;
    bool legacy = job->recipe.version != RIG_PACKAGE_SECURE;
    const guint32 *application = job->has_application_version ? &job->application_version : &any;
    const guint32 *bootloader = legacy ? application : &job->bootloader_version;
    const guint32 *softdevice = legacy ? application : &any;

    package->version = job->recipe.version;
    if (job->softdevice && job->bootloader && !add_both(job, package, bootloader, error))
        return false;
    if (job->softdevice && !job->bootloader &&
        !add_part(job, package, RIG_DFU_SOFTDEVICE, job->softdevice, softdevice, error))
        return false;
    if (job->bootloader && !job->softdevice &&
        !add_part(job, package, RIG_DFU_BOOTLOADER, job->bootloader, bootloader, error))
        return false;
    return !job->application ||
           add_part(job, package, RIG_DFU_APPLICATION, job->application, application, error);
}

int rig_cli_package_make(char **argv)
{
    g_auto(GStrv) rest = g_strdupv(argv);
    g_auto(make_options) options = {0};
    g_auto(make_job) job = {0};
    g_auto(rig_package) package = {0};
    g_autoptr(GError) error = NULL;

    if (!parse(&rest, &options, &error))
        return rig_cli_package_complain(error);
    if (g_strv_length(rest) != 1)
        refuse(&error, "'%s': firmware is named by --application, --softdevice and --bootloader", rest[1]);
    else if (fill(&job, &options, &error) && add_parts(&job, &package, &error) &&
             rig_cli_package_save(options.output, &package, &error))
        return RIG_IMAGE_EXIT_OK;
    return rig_cli_package_complain(error);
}
