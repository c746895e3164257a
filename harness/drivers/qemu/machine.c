/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The QEMU process of one power cycle. Contents go in through the gdb stub and not as a `loader` device: that
 * would write them again at every reset of the guest. */
#include "drivers/qemu/machine.h"

#include "base/error.h"
#include "transport/stream.h"
#include "drivers/power/qmp.h"

#include <glib/gstdio.h>
#include <string.h>

#define START_US (20 * G_USEC_PER_SEC)
#define LOOK_AGAIN_US 2000
#define END_MS 2000u
#define DEATH_US (2 * G_USEC_PER_SEC)

/* --- writing memory through the gdb stub: QMP can save memory, and cannot load it
 * [SPEC gdb remote protocol, packet M] --- */

#define PIECE_BYTES 1024u /* twice that in digits: QEMU takes packets of 4096 characters */
#define ANSWER_MS 5000u

static char *packet_of(guint32 address, const guint8 *bytes, gsize n_bytes)
{
    GString *packet = g_string_sized_new(2 * n_bytes + 40);
    guint8 sum = 0;

    g_string_printf(packet, "$M%x,%" G_GSIZE_MODIFIER "x:", address, n_bytes);
    for (gsize i = 0; i < n_bytes; i++)
        g_string_append_printf(packet, "%02x", bytes[i]);
    for (gsize i = 1; i < packet->len; i++)
        sum = (guint8)(sum + (guint8)packet->str[i]);
    g_string_append_printf(packet, "#%02x", sum);
    return g_string_free(packet, FALSE);
}

/* Checksums are not looked at: a unix socket does not corrupt bytes. What comes beside answers to writes (the
 * stop that a connection causes) is passed over. */
static bool read_answer(struct rig_stream *stream, guint32 address, GError **error)
{
    for (;;) {
        g_autoptr(GByteArray) frame = NULL;
        enum rig_stream_outcome outcome = rig_stream_read_frame(stream, '#', ANSWER_MS, &frame);
        const char *dollar = outcome == RIG_STREAM_FRAME ? strrchr((const char *)frame->data, '$') : NULL;

        if (outcome == RIG_STREAM_FRAME && !dollar)
            continue;
        if (outcome == RIG_STREAM_FRAME && g_str_equal(dollar, "$OK"))
            return true;
        if (outcome == RIG_STREAM_FRAME && dollar[1] != 'E')
            continue;
        g_set_error(error, RIG_ERROR, RIG_ERROR_DEVICE, "QEMU: cannot write memory at 0x%08x: %s", address,
                    outcome == RIG_STREAM_FRAME ? "the machine has none there"
                                                : rig_stream_outcome_text(outcome));
        return false;
    }
}

static bool gdb_write(const char *socket, guint32 address, const guint8 *bytes, gsize n_bytes, GError **error)
{
    g_autoptr(rig_stream) stream = rig_stream_connect_unix(socket, error);

    if (!stream)
        return false;
    for (gsize at = 0; at < n_bytes; at += PIECE_BYTES) {
        g_autofree char *packet =
            packet_of(address + (guint32)at, bytes + at, MIN(PIECE_BYTES, n_bytes - at));

        if (!rig_stream_write(stream, packet, strlen(packet), ANSWER_MS, error) ||
            !read_answer(stream, address + (guint32)at, error))
            return false;
    }
    return true;
}

/* --- the machine --- */

struct rig_qemu_machine {
    struct rig_qemu_config config;
    struct rig_qemu_device devices[RIG_QEMU_MAX_DEVICES];
    guint n_devices;
    guint8 erased[RIG_QEMU_MAX_DEVICES];
    char *console_path, *wire_path, *qmp_path, *stop_path, *gdb_path, *log_path, *memory_path;
    struct rig_process *process; /* NULL: off */
    struct rig_qmp *qmp;
    struct rig_qmp *stopper; /* a monitor of its own, for another thread: it outlives the process */
    bool running;
};

struct rig_qemu_machine *rig_qemu_machine_new(const struct rig_qemu_config *config)
{
    struct rig_qemu_machine *machine = g_new0(struct rig_qemu_machine, 1);

    machine->config = *config;
    machine->console_path = g_build_filename(config->folder, "console", NULL);
    machine->wire_path = g_build_filename(config->folder, "wire", NULL);
    machine->qmp_path = g_build_filename(config->folder, "qmp", NULL);
    machine->stop_path = g_build_filename(config->folder, "stop", NULL);
    machine->gdb_path = g_build_filename(config->folder, "gdb", NULL);
    machine->log_path = g_build_filename(config->folder, "qemu.log", NULL);
    machine->memory_path = g_build_filename(config->folder, "memory", NULL);
    return machine;
}

static void drop(struct rig_qemu_machine *machine)
{
    g_clear_pointer(&machine->qmp, rig_qmp_free);
    if (machine->process)
        rig_process_stop(machine->process, END_MS);
    g_clear_pointer(&machine->process, rig_process_free);
    g_unlink(machine->console_path);
    g_unlink(machine->wire_path);
    g_unlink(machine->qmp_path);
    g_unlink(machine->stop_path);
    g_unlink(machine->gdb_path);
    g_unlink(machine->memory_path);
    machine->running = false;
}

void rig_qemu_machine_free(struct rig_qemu_machine *machine)
{
    if (!machine)
        return;
    drop(machine);
    rig_qmp_free(machine->stopper);
    g_unlink(machine->log_path);
    for (guint i = 0; i < machine->n_devices; i++)
        g_byte_array_unref(machine->devices[i].content);
    g_free(machine->console_path);
    g_free(machine->wire_path);
    g_free(machine->qmp_path);
    g_free(machine->stop_path);
    g_free(machine->gdb_path);
    g_free(machine->log_path);
    g_free(machine->memory_path);
    g_free(machine);
}

void rig_qemu_machine_add(struct rig_qemu_machine *machine, guint32 address, gsize n_bytes, guint8 erased)
{
    struct rig_qemu_device *device = &machine->devices[machine->n_devices];

    g_assert(machine->n_devices < RIG_QEMU_MAX_DEVICES);
    *device = (struct rig_qemu_device){.address = address, .content = g_byte_array_new()};
    g_byte_array_set_size(device->content, (guint)n_bytes);
    memset(device->content->data, erased, n_bytes);
    machine->erased[machine->n_devices++] = erased;
}

void rig_qemu_machine_erase(struct rig_qemu_machine *machine)
{
    for (guint i = 0; i < machine->n_devices; i++)
        memset(machine->devices[i].content->data, machine->erased[i], machine->devices[i].content->len);
}

bool rig_qemu_machine_is_on(const struct rig_qemu_machine *machine)
{
    return machine->process != NULL;
}

static bool has_wire(const struct rig_qemu_machine *machine)
{
    return machine->config.wire != machine->config.serial;
}

struct rig_qemu_paths rig_qemu_machine_paths(const struct rig_qemu_machine *machine)
{
    return (struct rig_qemu_paths){.console = machine->console_path,
                                   .wire = has_wire(machine) ? machine->wire_path : NULL,
                                   .log = machine->log_path};
}

bool rig_qemu_machine_is_alive(struct rig_qemu_machine *machine, GError **error)
{
    g_autofree char *how = NULL;
    g_autofree char *words = NULL;

    if (!machine->process || rig_process_is_alive(machine->process))
        return true;
    how = rig_process_describe(machine->process);
    if (g_file_get_contents(machine->log_path, &words, NULL, NULL))
        g_strstrip(words);
    g_set_error(error, RIG_ERROR, RIG_ERROR_DEVICE, "QEMU %s%s%.400s", how, words && *words ? ": " : "",
                words ? words : "");
    drop(machine);
    return false;
}

static void add(GPtrArray *argv, const char *option, char *value /* taken */)
{
    g_ptr_array_add(argv, g_strdup(option));
    g_ptr_array_add(argv, value);
}

/* A comma in a value of an option is written twice. [SPEC qemu-options] */
static char *quoted(const char *value)
{
    g_auto(GStrv) pieces = g_strsplit(value, ",", -1);

    return g_strjoinv(",,", pieces);
}

static void add_socket(GPtrArray *argv, const char *option, const char *before, const char *path)
{
    g_autofree char *safe = quoted(path);

    add(argv, option, g_strdup_printf("%s%s,server=on,wait=off", before, safe));
}

static void add_serial_ports(GPtrArray *argv, const struct rig_qemu_machine *machine)
{
    const struct rig_qemu_config *config = &machine->config;

    add_socket(argv, "-chardev", "socket,id=console,path=", machine->console_path);
    if (has_wire(machine))
        add_socket(argv, "-chardev", "socket,id=wire,path=", machine->wire_path);
    for (guint i = 0; i <= MAX(config->serial, config->wire); i++)
        add(argv, "-serial",
            g_strdup(i == config->serial ? "chardev:console"
                     : i == config->wire ? "chardev:wire"
                                         : "null"));
}

static GPtrArray *command_line(const struct rig_qemu_machine *machine)
{
    const struct rig_qemu_config *config = &machine->config;
    GPtrArray *argv = g_ptr_array_new_with_free_func(g_free);

    g_ptr_array_add(argv, g_strdup(config->program));
    add(argv, "-machine", g_strdup(config->machine));
    if (config->cpu)
        add(argv, "-cpu", g_strdup(config->cpu));
    g_ptr_array_add(argv, g_strdup("-S"));
    add(argv, "-display", g_strdup("none"));
    add(argv, "-monitor", g_strdup("none"));
    add_socket(argv, "-qmp", "unix:", machine->qmp_path);
    add_socket(argv, "-gdb", "unix:", machine->gdb_path);
    add_socket(argv, "-qmp", "unix:", machine->stop_path);
    add_serial_ports(argv, machine);
    for (guint i = 0; i < RIG_QEMU_MAX_FILES && config->files[i]; i++) {
        g_autofree char *safe = quoted(config->files[i]);

        add(argv, "-device", g_strdup_printf("loader,file=%s", safe));
    }
    for (const char *const *more = config->arguments; more && *more; more++)
        g_ptr_array_add(argv, g_strdup(*more));
    g_ptr_array_add(argv, NULL);
    return argv;
}

/* Between its making and its listening a socket refuses. A QEMU that dislikes its options opens its sockets
 * and ends. */
static bool open_qmp(struct rig_qemu_machine *machine, GError **error)
{
    gint64 until_us = g_get_monotonic_time() + START_US;
    g_autoptr(GError) cause = NULL;

    while (!machine->qmp) {
        g_clear_error(&cause);
        if (g_file_test(machine->qmp_path, G_FILE_TEST_EXISTS))
            machine->qmp = rig_qmp_open(machine->qmp_path, &cause);
        if (machine->qmp)
            break;
        if (!rig_qemu_machine_is_alive(machine, error))
            return false;
        if (g_get_monotonic_time() > until_us) {
            g_set_error(error, RIG_ERROR, RIG_ERROR_DEVICE, "QEMU does not open its QMP socket%s%s",
                        cause ? ": " : "", cause ? cause->message : "");
            return false;
        }
        g_usleep(LOOK_AGAIN_US);
    }
    return true;
}

/* It listens since before the first one did. */
static bool open_stopper(struct rig_qemu_machine *machine, GError **error)
{
    g_clear_pointer(&machine->stopper, rig_qmp_free);
    machine->stopper = rig_qmp_open(machine->stop_path, error);
    return machine->stopper != NULL;
}

/* The gdb stub says OK to writes that reach nothing. */
static bool verify(struct rig_qemu_machine *machine, const struct rig_qemu_device *device, GError **error)
{
    gsize n_bytes = device->content->len, same = 0;
    g_autofree guint8 *seen = g_malloc(n_bytes);

    if (!rig_qemu_machine_read_memory(machine, device->address, seen, n_bytes, error))
        return false;
    while (same < n_bytes && seen[same] == device->content->data[same])
        same++;
    if (same == n_bytes)
        return true;
    g_set_error(
        error, RIG_ERROR, RIG_ERROR_DEVICE,
        "the flash at 0x%08x of the machine in QEMU is none that can be programmed: 0x%02x was written to "
        "0x%08" G_GINT64_MODIFIER "x, 0x%02x is read; correct 'address' and 'flash' of the target",
        device->address, device->content->data[same], (guint64)device->address + same, seen[same]);
    return false;
}

static bool load(struct rig_qemu_machine *machine, GError **error)
{
    for (guint i = 0; i < machine->n_devices; i++)
        if (!rig_qemu_machine_has_memory(machine, machine->devices[i].address, error) ||
            !gdb_write(machine->gdb_path, machine->devices[i].address, machine->devices[i].content->data,
                       machine->devices[i].content->len, error) ||
            !verify(machine, &machine->devices[i], error))
            return false;
    return rig_qmp_execute(machine->qmp, "system_reset", NULL, error);
}

bool rig_qemu_machine_start(struct rig_qemu_machine *machine, GError **error)
{
    g_autoptr(GPtrArray) argv = NULL;

    if (machine->process)
        return true;
    drop(machine);
    g_unlink(machine->log_path);
    argv = command_line(machine);
    machine->process = rig_process_start((const char *const *)argv->pdata, machine->log_path, error);
    if (machine->process && open_qmp(machine, error) && open_stopper(machine, error) && load(machine, error))
        return true;
    drop(machine);
    return false;
}

static bool is_on(const struct rig_qemu_machine *machine, GError **error)
{
    if (!machine->process)
        g_set_error_literal(error, RIG_ERROR, RIG_ERROR_DEVICE, "the machine in QEMU is without power");
    return machine->process != NULL;
}

static bool execute(struct rig_qemu_machine *machine, const char *command, GError **error)
{
    g_autoptr(GError) cause = NULL;

    if (!is_on(machine, error) || !rig_qemu_machine_is_alive(machine, error))
        return false;
    if (rig_qmp_execute(machine->qmp, command, NULL, &cause))
        return true;
    /* A core that locks up ends QEMU: its last words say more than a closed socket. */
    for (gint64 until_us = g_get_monotonic_time() + DEATH_US;
         rig_qmp_has_ended(machine->qmp) && g_get_monotonic_time() < until_us; g_usleep(LOOK_AGAIN_US))
        if (!rig_qemu_machine_is_alive(machine, error))
            return false;
    g_propagate_error(error, g_steal_pointer(&cause));
    return false;
}

bool rig_qemu_machine_run(struct rig_qemu_machine *machine, GError **error)
{
    machine->running = execute(machine, "cont", error);
    return machine->running;
}

bool rig_qemu_machine_freeze(struct rig_qemu_machine *machine, GError **error)
{
    if (!execute(machine, "stop", error))
        return false;
    machine->running = false;
    return true;
}

bool rig_qemu_machine_stop(struct rig_qemu_machine *machine, GError **error)
{
    return rig_qmp_execute(machine->stopper, "stop", NULL, error);
}

bool rig_qemu_machine_reset(struct rig_qemu_machine *machine, GError **error)
{
    return execute(machine, "system_reset", error);
}

static char *json_text(const char *text)
{
    g_autoptr(JsonNode) node = json_node_init_string(json_node_alloc(), text);

    return json_to_string(node, FALSE);
}

/* `memsave` looks as the core does, and as the gdb stub writes; `pmemsave` looks at the system's memory, in
 * which the flash of some machines (nRF51) is not, and gives zeros for what is not there. */
bool rig_qemu_machine_read_memory(struct rig_qemu_machine *machine, guint32 address, guint8 *into,
                                  gsize n_bytes, GError **error)
{
    g_autofree char *path = json_text(machine->memory_path);
    g_autofree char *arguments = g_strdup_printf(
        "{\"val\": %u, \"size\": %" G_GSIZE_FORMAT ", \"filename\": %s}", address, n_bytes, path);
    g_autofree char *saved = NULL;
    gsize n_saved = 0;

    if (!is_on(machine, error) || !rig_qemu_machine_is_alive(machine, error) ||
        !rig_qmp_execute_with(machine->qmp, "memsave", arguments, NULL, error) ||
        !g_file_get_contents(machine->memory_path, &saved, &n_saved, error))
        return false;
    if (n_saved != n_bytes) {
        g_set_error(error, RIG_ERROR, RIG_ERROR_DEVICE,
                    "QEMU saved %" G_GSIZE_FORMAT " of %" G_GSIZE_FORMAT " bytes", n_saved, n_bytes);
        return false;
    }
    memcpy(into, saved, n_bytes);
    return true;
}

static bool save(struct rig_qemu_machine *machine, GError **error)
{
    for (guint i = 0; i < machine->n_devices; i++)
        if (!rig_qemu_machine_read_memory(machine, machine->devices[i].address,
                                          machine->devices[i].content->data, machine->devices[i].content->len,
                                          error))
            return false;
    return true;
}

bool rig_qemu_machine_end(struct rig_qemu_machine *machine, GError **error)
{
    if (!machine->process)
        return true;
    if (!rig_qemu_machine_freeze(machine, error) || !save(machine, error))
        return false;
    (void)!rig_qmp_execute(machine->qmp, "quit", NULL, NULL); /* it may be gone before its answer is out */
    drop(machine);
    return true;
}

static bool is_inside(const struct rig_qemu_machine *machine, guint device, guint32 offset, gsize n_bytes,
                      GError **error)
{
    const GByteArray *content = device < machine->n_devices ? machine->devices[device].content : NULL;

    if (content && offset <= content->len && n_bytes <= content->len - offset)
        return true;
    g_set_error(error, RIG_ERROR, RIG_ERROR_INPUT,
                "flash device %u of the machine in QEMU has no bytes %u to %" G_GUINT64_FORMAT, device,
                offset, (guint64)offset + n_bytes);
    return false;
}

bool rig_qemu_machine_read(struct rig_qemu_machine *machine, guint device, guint32 offset, guint8 *into,
                           gsize n_bytes, GError **error)
{
    if (!is_inside(machine, device, offset, n_bytes, error))
        return false;
    if (machine->process)
        return rig_qemu_machine_read_memory(machine, machine->devices[device].address + offset, into, n_bytes,
                                            error);
    memcpy(into, machine->devices[device].content->data + offset, n_bytes);
    return true;
}

bool rig_qemu_machine_write(struct rig_qemu_machine *machine, guint device, guint32 offset,
                            const guint8 *bytes, gsize n_bytes, GError **error)
{
    bool ran = machine->running;

    if (!is_inside(machine, device, offset, n_bytes, error))
        return false;
    if (!machine->process) {
        memcpy(machine->devices[device].content->data + offset, bytes, n_bytes);
        return true;
    }
    return rig_qemu_machine_freeze(machine, error) &&
           gdb_write(machine->gdb_path, machine->devices[device].address + offset, bytes, n_bytes, error) &&
           (!ran || rig_qemu_machine_run(machine, error));
}

/* What QEMU's monitor for people says; owned by the caller. */
static char *ask_monitor(struct rig_qemu_machine *machine, const char *line, GError **error)
{
    g_autofree char *quoted_line = json_text(line);
    g_autofree char *arguments = g_strdup_printf("{\"command-line\": %s}", quoted_line);
    g_autoptr(JsonNode) value = NULL;

    if (!is_on(machine, error) || !rig_qemu_machine_is_alive(machine, error) ||
        !rig_qmp_execute_with(machine->qmp, "human-monitor-command", arguments, &value, error))
        return NULL;
    return g_strdup(value && json_node_get_value_type(value) == G_TYPE_STRING ? json_node_get_string(value)
                                                                              : "");
}

bool rig_qemu_machine_has_memory(struct rig_qemu_machine *machine, guint32 address, GError **error)
{
    g_autoptr(GError) cause = NULL;
    guint8 byte;

    if (rig_qemu_machine_read_memory(machine, address, &byte, 1, &cause))
        return true;
    if (strstr(cause->message, "Invalid addr"))
        g_set_error(error, RIG_ERROR, RIG_ERROR_DEVICE, "the machine in QEMU has no memory at 0x%08x",
                    address);
    else
        g_propagate_error(error, g_steal_pointer(&cause));
    return false;
}

bool rig_qemu_machine_pc(struct rig_qemu_machine *machine, guint32 *pc, GError **error)
{
    g_autofree char *registers = ask_monitor(machine, "info registers", error);
    const char *found = registers ? strstr(registers, "R15=") : NULL;

    *pc = found ? (guint32)g_ascii_strtoull(found + strlen("R15="), NULL, 16) : 0;
    if (registers && !found)
        g_set_error_literal(error, RIG_ERROR, RIG_ERROR_DEVICE,
                            "QEMU does not tell where the core is: its registers have no R15");
    return found != NULL;
}
