/* SPDX-License-Identifier: GPL-3.0-or-later */
/* `bootrig sim`: the simulated board as a process of its own. */
#include "cli/cli.h"
#include "cli/signals.h"

#include "base/error.h"
#include "drivers/probe/chip.h"
#include "drivers/sim/host_server.h"
#include "image/build.h"
#include "package/package.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>

#define MAX_IMAGE_BYTES (32u * 1024 * 1024)
#define DEFAULT_PAYLOAD_BYTES (48u * 1024)

/* The one thing that a signal handler may touch. */
static volatile int stopped;

static void on_signal(int signal_number)
{
    (void)signal_number;
    stopped = 1;
}

struct sim_options {
    char *target;
    char **slots;
    char **defects;
    char *version;
    char *fw_version;
    char *behaviour;
    char *options_file;
    gboolean empty;
    gboolean on_trial;
    gboolean off;
    gboolean until_eof;
    gboolean relay;
    int debug_port;
    char *chip;
    char *approtect;
    int smp_port;
    char *control;
    char *console;
    char *hci;
    gboolean no_service_changed;
    gboolean table_moves;
    double speed;
    char *seed;
};

static void options_clear(struct sim_options *options)
{
    g_free(options->target);
    g_strfreev(options->slots);
    g_strfreev(options->defects);
    g_free(options->version);
    g_free(options->fw_version);
    g_free(options->behaviour);
    g_free(options->seed);
    g_free(options->options_file);
    g_free(options->control);
    g_free(options->console);
    g_free(options->chip);
    g_free(options->approtect);
    g_free(options->hci);
}

static bool is_port(int number)
{
    return number >= 0 && number <= 65535;
}

static bool check_options(const struct sim_options *options, GError **error)
{
    static const char *const consoles[] = {"stdout", "pty", "none", NULL};

    if (options->console && !g_strv_contains(consoles, options->console))
        g_set_error(error, RIG_ERROR, RIG_ERROR_USAGE, "--console wants stdout, pty or none, not '%s'",
                    options->console);
    else if (!is_port(options->debug_port) || !is_port(options->smp_port))
        g_set_error_literal(error, RIG_ERROR, RIG_ERROR_USAGE,
                            "a port is a number up to 65535; 0 lets the system choose");
    else if (!(options->speed >= 0.01 && options->speed <= 1000.0))
        g_set_error_literal(error, RIG_ERROR, RIG_ERROR_USAGE,
                            "--speed wants 0.01 to 1000 board seconds per second");
    else if (options->empty && options->slots)
        g_set_error_literal(error, RIG_ERROR, RIG_ERROR_USAGE, "--empty and --slot exclude each other");
    else
        return true;
    return false;
}

/* "0=FILE". */
static bool read_slot(const char *text, struct rig_board_image *image, GError **error)
{
    const char *equals = strchr(text, '=');
    guint64 slot = 0;
    char *bytes = NULL;
    g_autofree char *number = equals ? g_strndup(text, (gsize)(equals - text)) : NULL;

    if (!number || !g_ascii_string_to_unsigned(number, 10, 0, 3, &slot, NULL)) {
        g_set_error(error, RIG_ERROR, RIG_ERROR_USAGE, "--slot wants NUMBER=FILE, not '%s'", text);
        return false;
    }
    if (!g_file_get_contents(equals + 1, &bytes, &image->n_bytes, error))
        return false;
    if (image->n_bytes == 0 || image->n_bytes > MAX_IMAGE_BYTES) {
        g_set_error(error, RIG_ERROR, RIG_ERROR_INPUT, "'%s' is no image: %zu bytes", equals + 1,
                    image->n_bytes);
        g_free(bytes);
        return false;
    }
    image->slot = (guint)slot;
    image->bytes = (guint8 *)bytes;
    return true;
}

static bool is_nordic(const struct rig_board *board)
{
    return board->layout.family != RIG_BOOTLOADER_MCUBOOT;
}

/* Nordic: what the settings page records of the application. */
static bool find_fw_version(const struct sim_options *options, const struct rig_board *board, guint32 *number,
                            GError **error)
{
    struct rig_image_version version = {.major = 1};
    guint64 told = 0;

    if (options->fw_version && !is_nordic(board)) {
        g_set_error(error, RIG_ERROR, RIG_ERROR_USAGE,
                    "--fw-version is for boards with Nordic's bootloaders");
        return false;
    }
    if (options->fw_version &&
        !g_ascii_string_to_unsigned(options->fw_version, 10, 0, G_MAXUINT32, &told, NULL)) {
        g_set_error(error, RIG_ERROR, RIG_ERROR_USAGE, "--fw-version wants a number, not '%s'",
                    options->fw_version);
        return false;
    }
    if (!options->fw_version && options->version && !rig_image_version_parse(options->version, &version)) {
        g_set_error(error, RIG_ERROR, RIG_ERROR_USAGE, "--version wants a version such as 1.2.3, not '%s'",
                    options->version);
        return false;
    }
    *number = (guint32)told;
    if (options->fw_version || !is_nordic(board) || rig_package_version_number(&version, number))
        return true;
    g_set_error(error, RIG_ERROR, RIG_ERROR_USAGE, "--version is beyond what a settings page can hold: %s",
                options->version);
    return false;
}

/* The image of a board that was given none: an application that takes updates, signed as MCUboot wants;
 * Nordic's bootloaders check no signature of what is there. */
static bool default_image(const struct sim_options *options, struct rig_board *board,
                          struct rig_board_image *image, GError **error)
{
    struct rig_payload_plan plan = {
        .behaviour = options->behaviour ? options->behaviour : "waits", .self_test_us = 1000000, .seed = 1};
    g_autoptr(GBytes) payload = NULL;
    struct rig_image_recipe recipe = {0};
    struct rig_bytes built = {0};
    enum sim_app_behaviour behaviour;

    if (!sim_app_behaviour_from_name(plan.behaviour, &behaviour)) {
        g_set_error(error, RIG_ERROR, RIG_ERROR_USAGE,
                    "--behaviour wants waits, confirms, crashes or hangs, not '%s'", plan.behaviour);
        return false;
    }
    if (!rig_image_version_parse(options->version ? options->version : "1.0.0", &recipe.version)) {
        g_set_error(error, RIG_ERROR, RIG_ERROR_USAGE, "--version wants a version such as 1.2.3, not '%s'",
                    options->version);
        return false;
    }
    payload = board->application->make_payload(board, &plan, DEFAULT_PAYLOAD_BYTES, error);
    if (!payload)
        return false;
    recipe.payload = g_bytes_get_data(payload, &recipe.payload_bytes);
    if (is_nordic(board)) {
        *image = (struct rig_board_image){.bytes = g_memdup2(recipe.payload, recipe.payload_bytes),
                                          .n_bytes = recipe.payload_bytes};
        return true;
    }
    recipe.key = board->layout.signing_needed ? ((struct rig_sim *)board)->key : NULL;
    if (rig_image_build(&recipe, &built) != RIG_IMAGE_OK) {
        g_set_error_literal(error, RIG_ERROR, RIG_ERROR_INPUT, "the default image cannot be built");
        return false;
    }
    *image = (struct rig_board_image){.slot = 0, .bytes = built.bytes, .n_bytes = built.n_bytes};
    return true;
}

static bool collect_images(const struct sim_options *options, struct rig_board *board, GArray *images,
                           GError **error)
{
    struct rig_board_image image = {0};
    guint32 fw_version;

    if (!find_fw_version(options, board, &fw_version, error))
        return false;
    for (char **slot = options->slots; slot && *slot; slot++) {
        if (!read_slot(*slot, &image, error))
            return false;
        image.fw_version = fw_version;
        g_array_append_val(images, image);
    }
    if (options->slots || options->empty)
        return true;
    if (!default_image(options, board, &image, error))
        return false;
    image.fw_version = fw_version;
    g_array_append_val(images, image);
    return true;
}

static void image_clear(gpointer image)
{
    g_free((gpointer)((struct rig_board_image *)image)->bytes);
}

/* A file of board options, as they stand in a target. */
struct options_file {
    struct rig_source *source;
    struct rig_document *document;
    struct rig_record *record; /* NULL: no file was named */
};

static void options_file_clear(struct options_file *file)
{
    rig_record_free(file->record);
    rig_document_free(file->document);
    rig_source_free(file->source);
}

static bool options_file_read(const char *path, struct options_file *file, GError **error)
{
    struct rig_diagnostics diagnostics;
    bool ok;

    if (!path)
        return true;
    file->source = rig_source_read(path, error);
    if (!file->source)
        return false;
    rig_diagnostics_init(&diagnostics);
    file->document = rig_document_parse(file->source, &diagnostics);
    if (file->document)
        file->record =
            rig_record_read(rig_document_root(file->document), &rig_board_options_shape, NULL, &diagnostics);
    ok = diagnostics.items->len == 0 && file->record;
    if (!ok) {
        g_autofree char *text = rig_diagnostics_format(&diagnostics, false);

        g_set_error(error, RIG_ERROR, RIG_ERROR_INPUT, "the options in '%s' cannot be used\n%s", path, text);
    }
    rig_diagnostics_clear(&diagnostics);
    return ok;
}

static bool prepare_with(const struct sim_options *options, const struct rig_record *record,
                         struct rig_board *board, GError **error)
{
    g_autoptr(GArray) images = g_array_new(FALSE, TRUE, sizeof(struct rig_board_image));
    struct rig_board_setup setup = {.confirmed = !options->on_trial, .seed = 1, .options = record};

    g_array_set_clear_func(images, image_clear);
    if (options->seed && !g_ascii_string_to_unsigned(options->seed, 10, 0, G_MAXUINT64, &setup.seed, NULL)) {
        g_set_error(error, RIG_ERROR, RIG_ERROR_USAGE, "--seed wants a number, not '%s'", options->seed);
        return false;
    }
    for (char **defect = options->defects; defect && *defect; defect++)
        if (!rig_sim_board_add_defect(board, *defect, error))
            return false;
    if (board->unplayable) {
        g_set_error_literal(error, RIG_ERROR, RIG_ERROR_USAGE, board->unplayable);
        return false;
    }
    if (!collect_images(options, board, images, error))
        return false;
    setup.images = (const struct rig_board_image *)(gpointer)images->data;
    setup.n_images = images->len;
    return board->ops->prepare(board, &setup, error);
}

static bool prepare(const struct sim_options *options, struct rig_board *board, GError **error)
{
    struct options_file file = {0};
    bool ok = options_file_read(options->options_file, &file, error) &&
              prepare_with(options, file.record, board, error);

    options_file_clear(&file);
    return ok;
}

static struct rig_sim_host *open_host(const struct sim_options *options, const struct rig_target *target,
                                      GError **error)
{
    struct rig_board *board = rig_sim_board_new(target, error);

    if (!board)
        return NULL;
    if (!prepare(options, board, error)) {
        board->ops->free(board);
        return NULL;
    }
    return rig_sim_host_new(board, options->speed, error);
}

static bool add_radio(const struct sim_options *options, struct rig_sim_host *host, GError **error)
{
    const struct sim_stack_config config = {.no_service_changed = options->no_service_changed,
                                            .table_moves = options->table_moves};

    return !options->hci || rig_sim_host_add_radio(host, options->hci, &config, error);
}

static void on_link(void *user, const char *line)
{
    printf("link %s\n", line);
    rig_host_server_tell(user, line);
}

static void on_console(void *user, const char *line)
{
    struct rig_host_server *server = user;

    if (rig_host_server_places(server).pty)
        rig_host_server_console(server, line);
    else
        printf("console %s\n", line);
}

/* Nobody can use a board whose ports were not told. */
static bool announce(const struct rig_host_server *server, const struct sim_options *options,
                     const struct rig_target *target)
{
    const struct rig_host_places places = rig_host_server_places(server);

    printf("target %s\ndebug-port %u\nsmp-port %u\n", target->name, places.debug_port, places.smp_port);
    if (options->control)
        printf("control %s\n", options->control);
    if (places.pty)
        printf("pty %s\n", places.pty);
    if (places.relay)
        printf("relay %s\n", places.relay);
    printf("ready\n");
    return fflush(stdout) == 0 && !ferror(stdout);
}

/* The model is that of an nRF52840; another name is for tests of who looks at it. */
static bool be_chip(struct rig_sim_host *host, const char *name, GError **error)
{
    g_autofree char *names = NULL;
    struct rig_chip_word word;

    if (!name)
        return true;
    if (rig_chip_find(name, &word) && word.address == SIM_DEBUG_PART_AT)
        return sim_debug_set_part(rig_sim_host_debug(host), word.value), true;
    names = rig_chip_names();
    g_set_error(error, RIG_ERROR, RIG_ERROR_USAGE, "--chip wants one of the nrf52 family of %s, not '%s'",
                names, name);
    return false;
}

/* how: of the command line; NULL: as the target says. */
static bool protect(struct rig_sim_host *host, const char *how, const struct rig_target *target,
                    GError **error)
{
    static const char *const names[] = {"off", "firmware-opens", "stays"};

    if (!how)
        how = target->spec->approtect;
    for (guint i = 0; i < G_N_ELEMENTS(names); i++)
        if (g_str_equal(how, names[i]))
            return sim_debug_set_lock(rig_sim_host_debug(host), (enum sim_debug_lock)i), true;
    g_set_error(error, RIG_ERROR, RIG_ERROR_USAGE, "--approtect wants off, firmware-opens or stays, not '%s'",
                how);
    return false;
}

static bool serve(const struct sim_options *options, const struct rig_target *target, GError **error)
{
    g_autoptr(rig_sim_host) host = open_host(options, target, error);
    struct rig_host_ports ports = {
        .debug_port = (guint16)options->debug_port,
        .smp_port = (guint16)options->smp_port,
        .control = options->control,
        .until_eof = options->until_eof,
        .relay = options->relay,
        .pty = g_strcmp0(options->console, "pty") == 0,
    };
    g_autoptr(rig_host_server) server = host && be_chip(host, options->chip, error) &&
                                                protect(host, options->approtect, target, error) &&
                                                add_radio(options, host, error)
                                            ? rig_host_server_new(host, &ports, error)
                                            : NULL;

    if (!server)
        return false;
    if (!announce(server, options, target)) {
        g_set_error_literal(error, RIG_ERROR, RIG_ERROR_IO,
                            "the ports of the board cannot be told: standard output takes nothing");
        return false;
    }
    if (g_strcmp0(options->console, "none") != 0)
        rig_sim_host_on_console(host, on_console, server);
    if (rig_sim_host_radio(host))
        rig_sim_radio_on_line(rig_sim_host_radio(host), on_link, server);
    if (!options->off)
        rig_sim_host_power(host, true);
    return rig_host_server_run(server, &stopped, error);
}

static bool parse(int argc, char **argv, struct sim_options *options, int *exit_code)
{
    const GOptionEntry entries[] = {
        {"target", 't', 0, G_OPTION_ARG_STRING, &options->target,
         "simulated target (default " RIG_TARGET_DEFAULT ")", "NAME|FILE"},
        {"slot", 0, 0, G_OPTION_ARG_STRING_ARRAY, &options->slots,
         "put an image into a slot; may be repeated", "NUMBER=FILE"},
        {"version", 0, 0, G_OPTION_ARG_STRING, &options->version,
         "version of the image that is made without --slot (default 1.0.0)", "VERSION"},
        {"fw-version", 0, 0, G_OPTION_ARG_STRING, &options->fw_version,
         "with Nordic's bootloaders: version of the application (default: from --version)", "NUMBER"},
        {"behaviour", 0, 0, G_OPTION_ARG_STRING, &options->behaviour,
         "what the application of that image does (default waits)", "NAME"},
        {"empty", 0, 0, G_OPTION_ARG_NONE, &options->empty, "leave the flash erased", NULL},
        {"on-trial", 0, 0, G_OPTION_ARG_NONE, &options->on_trial,
         "slot 0 is not confirmed: the next boot reverts", NULL},
        {"options", 0, 0, G_OPTION_ARG_FILENAME, &options->options_file,
         "board options as under 'options:' of a target", "FILE"},
        {"defect", 0, 0, G_OPTION_ARG_STRING_ARRAY, &options->defects, "seed a defect; may be repeated",
         "NAME"},
        {"off", 0, 0, G_OPTION_ARG_NONE, &options->off, "start without power", NULL},
        {"debug-port", 0, 0, G_OPTION_ARG_INT, &options->debug_port,
         "TCP port of the debug probe (default 0: any free port)", "PORT"},
        {"chip", 0, 0, G_OPTION_ARG_STRING, &options->chip,
         "chip that the debug port reports (default nrf52840)", "NAME"},
        {"approtect", 0, 0, G_OPTION_ARG_STRING, &options->approtect,
         "access port protection (APPROTECT) of the debug port (default: as the target says)",
         "off|firmware-opens|stays"},
        {"smp-port", 0, 0, G_OPTION_ARG_INT, &options->smp_port,
         "UDP port of the SMP server (default 0: any free port)", "PORT"},
        {"control", 0, 0, G_OPTION_ARG_FILENAME, &options->control, "Unix socket for power, cuts and status",
         "PATH"},
        {"console", 0, 0, G_OPTION_ARG_STRING, &options->console,
         "where console lines go (default stdout); a pty also carries SMP in frames", "stdout|pty|none"},
        {"relay", 0, 0, G_OPTION_ARG_NONE, &options->relay,
         "switch the board by an LCUS relay on a pseudo-terminal", NULL},
        {"hci", 0, 0, G_OPTION_ARG_STRING, &options->hci,
         "the board's Bluetooth controller: an H4 socket (btvirt -s) or an adapter that is powered off",
         "PATH|hciN"},
        {"no-service-changed", 0, 0, G_OPTION_ARG_NONE, &options->no_service_changed,
         "the GATT table has no Service Changed and no Database Hash", NULL},
        {"table-moves", 0, 0, G_OPTION_ARG_NONE, &options->table_moves,
         "the GATT table changes with the image's minor version", NULL},
        {"seed", 0, 0, G_OPTION_ARG_STRING, &options->seed, "seed of the board's random numbers (default 1)",
         "NUMBER"},
        {"until-eof", 0, 0, G_OPTION_ARG_NONE, &options->until_eof, "end when stdin ends", NULL},
        {"speed", 0, 0, G_OPTION_ARG_DOUBLE, &options->speed, "board seconds per second (default 1)",
         "FACTOR"},
        {0},
    };

    return rig_cli_parse(
        &argc, &argv, entries, "", "Runs the simulated board as a process of its own, in real time.",
        "Tells its ports on stdout, then 'ready'. openocd attaches with -f "
        "targets/sim-openocd.cfg -c 'st-link backend tcp PORT'.\n"
        "The control socket takes lines of JSON, such as {\"command\": \"power\", \"on\": true}: power, "
        "reset, status,\n"
        "cut, disarm, flash, behave, unplug-probe; with --console pty also console, with --hci also radio.\n"
        "The manual page has their arguments.",
        exit_code);
}

int rig_cli_sim(int argc, char **argv)
{
    struct sim_options options = {.speed = 1.0};
    g_autofree char *directory = rig_data_path("targets");
    g_autoptr(rig_target) target = NULL;
    GError *error = NULL;
    int exit_code;
    bool ok;

    if (!parse(argc, argv, &options, &exit_code))
        return options_clear(&options), exit_code;
    setvbuf(stdout, NULL, _IOLBF, 0);
    rig_cli_catch_signals(on_signal, 0);
    ok =
        check_options(&options, &error) &&
        (target = rig_target_load(options.target ? options.target : RIG_TARGET_DEFAULT, directory, &error)) &&
        serve(&options, target, &error);
    options_clear(&options);
    return ok ? RIG_EXIT_PASSED : rig_cli_fail(error);
}
