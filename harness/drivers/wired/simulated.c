/* SPDX-License-Identifier: GPL-3.0-or-later */
/* `bootrig sim` as a board on a bench: its bench, its options, its control connection. */
#include "drivers/wired/simulated.h"

#include "base/error.h"
#include "drivers/links/links.h"
#include "drivers/sim/control.h"
#include "drivers/sim/firmware.h"
#include "drivers/sim/sim_driver.h"
#include "sim/chip/ble/pdu_faults.h"

#include <string.h>

/* Over a wire the board's own times shrink, what openocd costs does not; Bluetooth has its own pace. */
#define SPEED 5u
#define NAME "simulated"

struct process {
    struct rig_simulator simulator; /* first */
    struct rig_process_config config;
    bool has_radio;
    struct rig_bench *bench;
    GPtrArray *arguments;        /* char *: of `bootrig sim` */
    GPtrArray *taught;           /* JsonObject *: requests that tell how images of this case behave */
    struct rig_control *control; /* NULL: it does not run */
    GSource *wake;
    struct rig_power supply;
    char *unplayable; /* for the board's member */
    struct rig_wired *owner;
};

static struct process *of(const struct rig_board *board)
{
    return (struct process *)((const struct rig_wired *)board)->config.simulator;
}

static bool need_control(const struct process *simulator, GError **error)
{
    if (simulator->control)
        return true;
    g_set_error_literal(error, RIG_ERROR, RIG_ERROR_DEVICE, "the board is not prepared yet");
    return false;
}

static bool ask(struct process *simulator, JsonObject *request /* taken */, JsonObject **response,
                GError **error)
{
    if (need_control(simulator, error))
        return rig_control_ask(simulator->control, request, response, error);
    json_object_unref(request);
    return false;
}

static bool ask_radio(struct process *simulator, const char *line, JsonObject **response, GError **error)
{
    JsonObject *request = rig_control_request("radio");

    json_object_set_string_member(request, "line", line);
    return ask(simulator, request, response, error);
}

/* --- its bench --- */

static void add(struct process *simulator, const char *option, const char *value)
{
    g_ptr_array_add(simulator->arguments, g_strdup(option));
    if (value)
        g_ptr_array_add(simulator->arguments, g_strdup(value));
}

static void add_number(struct process *simulator, const char *option, guint64 value)
{
    g_autofree char *text = g_strdup_printf("%" G_GUINT64_FORMAT, value);

    add(simulator, option, text);
}

static bool add_images(struct rig_wired *board, const struct rig_board_setup *setup, GError **error)
{
    struct process *simulator = of(&board->board);

    if (setup->n_images == 0 || !simulator->simulator.comes_programmed) {
        add(simulator, "--empty", NULL);
        return true;
    }
    for (gsize i = 0; i < setup->n_images; i++) {
        const struct rig_board_image *image = &setup->images[i];
        g_autofree char *path = g_strdup_printf("%s/slot%u.bin", board->folder, image->slot);
        g_autofree char *value = g_strdup_printf("%u=%s", image->slot, path);

        if (!g_file_set_contents(path, (const char *)image->bytes, (gssize)image->n_bytes, error))
            return false;
        add(simulator, "--slot", value);
        if (board->board.layout.family != RIG_BOOTLOADER_MCUBOOT)
            add_number(simulator, "--fw-version", image->fw_version);
    }
    if (!setup->confirmed)
        add(simulator, "--on-trial", NULL);
    return true;
}

static void add_value(JsonBuilder *builder, const struct rig_value *value)
{
    g_autofree char *text = NULL;

    if (value->type == RIG_TYPE_FLAG) {
        json_builder_add_boolean_value(builder, value->flag);
        return;
    }
    if (value->type == RIG_TYPE_COUNT) {
        json_builder_add_int_value(builder, (gint64)value->count);
        return;
    }
    if (value->type == RIG_TYPE_SIZE || value->type == RIG_TYPE_DURATION)
        text = g_strdup_printf("%" G_GUINT64_FORMAT "%s", value->count,
                               value->type == RIG_TYPE_SIZE ? "B" : "us");
    json_builder_add_string_value(builder, text ? text : value->keyword);
}

/* From typed values, so that variables of a scenario are resolved. JSON is YAML too. */
static char *options_text(const struct rig_record *options)
{
    g_autoptr(JsonBuilder) builder = json_builder_new();
    g_autoptr(JsonNode) root = NULL;

    json_builder_begin_object(builder);
    for (gsize i = 0; options && i < rig_board_options_shape.n_fields; i++) {
        const char *name = rig_board_options_shape.fields[i].name;
        const struct rig_value *value = rig_record_get(options, name);

        if (!value)
            continue;
        json_builder_set_member_name(builder, name);
        if (value->is_list)
            json_builder_begin_array(builder);
        for (guint k = 0; value->is_list && k < value->items->len; k++)
            add_value(builder, g_ptr_array_index(value->items, k));
        if (value->is_list)
            json_builder_end_array(builder);
        else
            add_value(builder, value);
    }
    json_builder_end_object(builder);
    root = json_builder_get_root(builder);
    return json_to_string(root, FALSE);
}

static void add_radio(struct process *simulator, const struct rig_record *options)
{
    const char *table = options ? RIG_OPTIONS(options)->gatt_table : NULL;

    add(simulator, "--hci", simulator->config.hci ? simulator->config.hci : RIG_PROCESS_HCI);
    if (table && !g_str_equal(table, "fixed"))
        add(simulator, "--table-moves", NULL);
    if (g_strcmp0(table, "moves-silently") == 0)
        add(simulator, "--no-service-changed", NULL);
}

static const char *link_name(const struct process *simulator)
{
    return simulator->config.link ? simulator->config.link : "udp";
}

static bool speaks_rtt(const struct process *simulator)
{
    return g_str_equal(simulator->config.target->spec->console, "rtt");
}

static bool add_arguments(struct rig_wired *board, const struct rig_board_setup *setup, GError **error)
{
    struct process *simulator = of(&board->board);
    g_autofree char *control = g_build_filename(board->folder, "control", NULL);
    g_autofree char *path = g_build_filename(board->folder, "options.yaml", NULL);
    g_autofree char *text = options_text(setup->options);

    g_ptr_array_set_size(simulator->arguments, 0);
    if (!g_file_set_contents(path, text, -1, error))
        return false;
    add(simulator, "--target", simulator->config.target->source->path);
    add(simulator, "--options", path);
    add(simulator, "--control", control);
    add(simulator, "--off", NULL);
    add(simulator, "--until-eof", NULL);
    add(simulator, "--console",
        speaks_rtt(simulator) && !g_str_equal(link_name(simulator), "serial") ? "none" : "pty");
    add_number(simulator, "--speed", simulator->simulator.speed);
    add_number(simulator, "--seed", setup->seed);
    for (const char *const *defect = simulator->config.defects; defect && *defect; defect++)
        add(simulator, "--defect", *defect);
    if (simulator->has_radio)
        add_radio(simulator, setup->options);
    return add_images(board, setup, error);
}

/* The words of the arguments: whatever they hold, YAML does not see it. */
static char *bench_text(const struct process *simulator)
{
    GString *text = g_string_new("bench: built-in\nboards:\n  - board: " NAME "\n    start:\n"
                                 "      program: [$bootrig, sim");

    for (guint i = 0; i < simulator->arguments->len; i++)
        g_string_append_printf(text, ", $argument-%u", i);
    g_string_append(text, "]\n      ready: ready\n      within: 20s\n"
                          "    probe:\n      config: [$targets/sim-openocd.cfg]\n"
                          "      commands: [st-link backend tcp $debug-port]\n");
    if (simulator->has_radio)
        g_string_append_printf(text, "    ble: {address: \"%s\"}\n",
                               simulator->config.target->spec->address->text);
    else if (g_str_equal(link_name(simulator), "serial"))
        g_string_append(text, "    link: {serial: $pty}\n");
    else
        g_string_append(text, "    link: {udp: \"127.0.0.1:$smp-port\"}\n");
    g_string_append(text, speaks_rtt(simulator) ? "    console: {rtt: 0x20000000}\n" : "    console: $pty\n");
    return g_string_free(text, FALSE);
}

static void add_words_of(const struct rig_simulator *base, GHashTable *words)
{
    const struct process *simulator = (const struct process *)base;

    for (guint i = 0; i < simulator->arguments->len; i++)
        g_hash_table_replace(words, g_strdup_printf("argument-%u", i),
                             g_strdup(g_ptr_array_index(simulator->arguments, i)));
}

static bool plan_process(struct rig_wired *board, const struct rig_board_setup *setup, GError **error)
{
    struct process *simulator = of(&board->board);
    struct rig_diagnostics diagnostics;
    g_autofree char *text = NULL;
    struct rig_bench *bench;

    if (!add_arguments(board, setup, error))
        return false;
    text = bench_text(simulator);
    rig_diagnostics_init(&diagnostics);
    bench = rig_bench_from_source(rig_source_from_text("built-in bench", text), &diagnostics);
    if (!bench)
        g_error("built-in bench: %s", rig_diagnostics_format(&diagnostics, false));
    rig_diagnostics_clear(&diagnostics);
    rig_bench_free(simulator->bench);
    simulator->bench = bench;
    board->config.bench = bench;
    board->config.entry = bench->boards->pdata[0];
    return true;
}

/* --- the connection --- */

static bool connect_process(struct rig_wired *board, GError **error)
{
    struct process *simulator = of(&board->board);
    const char *path = g_hash_table_lookup(board->words, "control");

    simulator->control = rig_control_connect(path, error);
    if (!simulator->control)
        return false;
    simulator->wake = rig_board_wake_on(&board->board, rig_control_fd(simulator->control));
    for (guint i = 0; i < simulator->taught->len; i++)
        if (!ask(simulator, json_object_ref(g_ptr_array_index(simulator->taught, i)), NULL, error))
            return false;
    board->power.channel = &simulator->supply;
    return true;
}

static void disconnect_process(struct rig_wired *board)
{
    struct process *simulator = of(&board->board);

    if (simulator->wake)
        g_source_destroy(simulator->wake);
    g_clear_pointer(&simulator->wake, g_source_unref);
    g_clear_pointer(&simulator->control, rig_control_free);
    board->power.channel = NULL;
}

static void fill_place(const struct rig_simulator *base, const struct rig_layout *layout,
                       struct rig_link_place *place)
{
    const struct process *simulator = (const struct process *)base;

    place->max_mtu = layout->mtu;
    place->or_next_address = layout->may_move_address;
    place->adapter = simulator->config.adapter;
}

static void take_events(struct rig_wired *board)
{
    static const char strike[] = SIM_PDU_STRIKE_PREFIX;
    const struct rig_board_listener *listener = &board->board.listener;
    struct process *simulator = of(&board->board);
    JsonObject *event;

    while (simulator->control && (event = rig_control_event(simulator->control))) {
        const char *text = rig_control_text(event, "text");

        if (text && g_str_has_prefix(text, strike) && listener->packet_fault)
            listener->packet_fault(listener->user, board->board.ops->now_us(&board->board),
                                   text + strlen(strike));
        json_object_unref(event);
    }
}

/* --- its supply --- */

static struct process *feeder(struct rig_power *power)
{
    return (struct process *)(gpointer)((char *)power - offsetof(struct process, supply));
}

static bool supply_set(struct rig_power *power, bool on, GError **error)
{
    JsonObject *request = rig_control_request("power");

    json_object_set_boolean_member(request, "on", on);
    return ask(feeder(power), request, NULL, error);
}

static bool process_button(struct rig_wired *board, bool held, GError **error)
{
    JsonObject *request = rig_control_request("button");

    json_object_set_boolean_member(request, "held", held);
    return ask(of(&board->board), request, NULL, error);
}

static bool supply_is_on(struct rig_power *power, bool *on, GError **error)
{
    g_autoptr(JsonObject) status = NULL;

    if (!ask(feeder(power), rig_control_request("status"), &status, error))
        return false;
    *on = rig_control_flag(status, "power", false);
    return true;
}

static bool supply_arm_cut(struct rig_power *power, const struct rig_cut_plan *plan, GError **error)
{
    JsonObject *request = rig_control_request("cut");

    if (plan->aim == RIG_CUT_AT_OPERATION) {
        json_object_set_int_member(request, "operation", (gint64)plan->operation);
        json_object_set_string_member(request, "form", rig_cut_form_name(plan->form));
    } else {
        json_object_set_int_member(request, "after_us", (gint64)plan->delay_us);
    }
    if (plan->aim == RIG_CUT_AT_CONSOLE)
        json_object_set_string_member(request, "console", plan->line);
    if (plan->aim != RIG_CUT_AT_MEMORY)
        return ask(feeder(power), request, NULL, error);
    json_object_unref(request);
    g_set_error_literal(error, RIG_ERROR, RIG_ERROR_UNSUPPORTED,
                        "the simulated board has no memory that could be polled");
    return false;
}

static guint64 count_of(JsonObject *object, const char *name)
{
    guint64 count = 0;

    (void)rig_control_count(object, name, G_MAXINT64, &count);
    return count;
}

static void read_cut(JsonObject *cut, struct rig_cut_record *record)
{
    const char *device = rig_control_text(cut, "device");

    record->fell = rig_control_flag(cut, "fell", false);
    record->at_us = count_of(cut, "at_us");
    record->at_operation = rig_control_flag(cut, "at_operation", false);
    record->operation = count_of(cut, "operation");
    record->erase = g_strcmp0(rig_control_text(cut, "kind"), "erase") == 0;
    record->offset = (guint32)count_of(cut, "offset");
    record->n_bytes = (guint32)count_of(cut, "bytes");
    record->torn = rig_control_flag(cut, "torn", false);
    g_strlcpy(record->device, device ? device : "", sizeof record->device);
}

/* Two witnesses, where the adapter measures the supply. */
static void prove(struct process *simulator, struct rig_cut_record *record)
{
    char measured[32];

    g_strlcpy(record->proof, "simulator: the flash has no power", sizeof record->proof);
    if (!rig_openocd_probe_proves_death(&simulator->owner->probe, measured, sizeof measured))
        return;
    g_strlcat(record->proof, "; ", sizeof record->proof);
    g_strlcat(record->proof, measured, sizeof record->proof);
}

static bool supply_disarm_cut(struct rig_power *power, struct rig_cut_record *record, GError **error)
{
    struct process *simulator = feeder(power);
    g_autoptr(JsonObject) status = NULL;
    JsonNode *cut;

    *record = (struct rig_cut_record){0};
    if (!ask(simulator, rig_control_request("status"), &status, error))
        return false;
    cut = json_object_get_member(status, "cut");
    if (cut && JSON_NODE_HOLDS_OBJECT(cut))
        read_cut(json_node_get_object(cut), record);
    if (record->fell && !rig_control_flag(status, "power", true))
        prove(simulator, record);
    return ask(simulator, rig_control_request("disarm"), NULL, error);
}

static const struct rig_power_ops supply_ops = {
    .name = "simulator",
    .set = supply_set,
    .is_on = supply_is_on,
    .arm_cut = supply_arm_cut,
    .disarm_cut = supply_disarm_cut,
};

/* --- options --- */

static bool describe(const struct rig_board *board, const struct rig_record *options,
                     struct rig_layout *layout, GError **error)
{
    const struct process *simulator = of(board);
    const struct rig_target *target = simulator->config.target;

    return (simulator->has_radio || rig_wire_takes(options, target->name, error)) &&
           rig_sim_describe_target(target, options, layout, error);
}

static bool adopt(struct rig_board *board, const struct rig_board_setup *setup, GError **error)
{
    struct rig_layout own;

    if (!describe(board, setup->options, &board->layout, error))
        return false;
    rig_layout_read(of(board)->config.target->spec, &own);
    rig_board_demand(board, &own, setup->options ? RIG_OPTIONS(setup->options) : NULL);
    return true;
}

static const struct rig_board_options board_options = {.adopt = adopt, .describe = describe};

/* --- application --- */

static bool teach(struct rig_board *board, const guint8 hash[RIG_IMAGE_HASH_BYTES],
                  const struct rig_payload_plan *plan, GError **error)
{
    struct process *simulator = of(board);
    JsonObject *request = rig_control_request("behave");
    g_autoptr(GString) hex = g_string_new(NULL);

    for (gsize i = 0; i < RIG_IMAGE_HASH_BYTES; i++)
        g_string_append_printf(hex, "%02x", hash[i]);
    json_object_set_string_member(request, "hash", hex->str);
    json_object_set_string_member(request, "behaviour", plan->behaviour);
    json_object_set_int_member(request, "self_test_us", plan->self_test_us);
    json_object_set_int_member(request, "watchdog_us", plan->watchdog_us);
    g_ptr_array_add(simulator->taught, request);
    return !simulator->control || ask(simulator, json_object_ref(request), NULL, error);
}

static const struct rig_board_application application = {.make_payload = rig_sim_make_payload,
                                                         .teach = teach};

/* --- bonds and packets, with a radio --- */

static bool tell_radio(struct rig_board *board, const char *line, GError **error)
{
    return !of(board)->control || ask_radio(of(board), line, NULL, error);
}

static bool forget_bonds(struct rig_board *board, GError **error)
{
    return tell_radio(board, "bond forget", error);
}

static bool replace_bonds(struct rig_board *board, GError **error)
{
    return tell_radio(board, "bond damage", error);
}

/* A board that is not asked for a passkey is shown it in vain. */
static void host_shows(struct rig_board *board, guint32 passkey)
{
    g_autofree char *line = g_strdup_printf("link host-shows %06u", passkey);

    (void)!tell_radio(board, line, NULL);
}

static const struct rig_board_bonds bonds = {
    .forget = forget_bonds, .replace = replace_bonds, .host_shows = host_shows};

/* "writes", "notifications" */
static const char *packet_direction_name(enum rig_packet_direction direction)
{
    return direction == RIG_PACKET_WRITES ? "writes" : "notifications";
}

/* "drop", "duplicate", "delay", "reorder", "corrupt", "truncate", "disconnect", "lost": as the control socket
 * of `bootrig sim` says them */
static const char *packet_fault_kind_name(enum rig_packet_fault_kind kind)
{
    static const char *const names[RIG_PACKET_N_KINDS] = {"drop",    "duplicate", "delay",      "reorder",
                                                          "corrupt", "truncate",  "disconnect", "lost"};

    return (guint)kind < RIG_PACKET_N_KINDS ? names[kind] : "unknown";
}

static bool arm_packet_fault(struct rig_board *board, const struct rig_packet_fault *fault, GError **error)
{
    g_autoptr(GString) line = g_string_new("link fault ");
    const char *why;
    guint32 value;

    if (!rig_packet_fault_is_valid(fault, &why)) {
        g_set_error_literal(error, RIG_ERROR, RIG_ERROR_INPUT, why);
        return false;
    }
    g_string_append_printf(line, "%s %s %u %u", packet_fault_kind_name(fault->kind),
                           packet_direction_name(fault->direction), fault->first,
                           fault->n_times ? fault->n_times : G_MAXUINT32);
    if (rig_packet_fault_value(fault, &value))
        g_string_append_printf(line, " %u", value);
    return ask_radio(of(board), line->str, NULL, error);
}

/* The radio's words are texts. */
static bool read_count(const char *text, guint32 *count)
{
    guint64 value = 0;
    bool ok = text && g_ascii_string_to_unsigned(text, 10, 0, G_MAXUINT32, &value, NULL);

    *count = (guint32)value;
    return ok;
}

static bool read_strikes(const char *text, struct rig_packet_report *report)
{
    g_auto(GStrv) words = text ? g_strsplit(text, ",", -1) : NULL;

    report->n_faults = words ? g_strv_length(words) : 0;
    if (!words || report->n_faults > RIG_PACKET_MAX_FAULTS)
        return false;
    for (guint i = 0; i < report->n_faults; i++)
        if (!read_count(words[i], &report->n_struck[i]))
            return false;
    return true;
}

static bool end_packet_faults(struct rig_board *board, struct rig_packet_report *report, GError **error)
{
    g_autoptr(JsonObject) response = NULL;
    struct rig_packet_report own = {0};

    if (!ask_radio(of(board), "link fault none", &response, error))
        return false;
    take_events((struct rig_wired *)board); /* the strikes are told before their end */
    if (!read_count(rig_control_text(response, "writes"), &own.n_writes) ||
        !read_count(rig_control_text(response, "notifications"), &own.n_notifications) ||
        !read_strikes(rig_control_text(response, "struck"), &own)) {
        g_set_error(error, RIG_ERROR, RIG_ERROR_DEVICE,
                    "the simulated board says of its faults what is not understood: '%s'",
                    rig_control_text(response, "text"));
        return false;
    }
    if (report)
        *report = own;
    return true;
}

static const struct rig_board_packet_faults packet_faults = {.arm = arm_packet_fault,
                                                             .end = end_packet_faults};

/* --- flash operations --- */

/* NULL: the board is not there. */
static JsonArray *operations_since(struct process *simulator, guint64 since, JsonObject **response,
                                   guint64 *n)
{
    JsonObject *request = rig_control_request("flash");
    JsonNode *list;

    json_object_set_int_member(request, "since", (gint64)since);
    if (!ask(simulator, request, response, NULL) || !rig_control_count(*response, "n", G_MAXUINT32, n))
        return NULL;
    list = json_object_get_member(*response, "operations");
    return list && JSON_NODE_HOLDS_ARRAY(list) ? json_node_get_array(list) : NULL;
}

static guint64 n_operations(struct rig_board *board)
{
    g_autoptr(JsonObject) response = NULL;

    return ask(of(board), rig_control_request("flash"), &response, NULL) ? count_of(response, "n") : 0;
}

static void operations(struct rig_board *board, guint64 since,
                       void (*each)(void *user, const struct rig_flash_write *write), void *user)
{
    guint64 n = since + 1;

    while (since < n) {
        g_autoptr(JsonObject) response = NULL;
        JsonArray *list = operations_since(of(board), since, &response, &n);
        guint n_told = list ? json_array_get_length(list) : 0;

        if (n_told == 0)
            return;
        for (guint i = 0; i < n_told; i++) {
            JsonObject *operation = json_array_get_object_element(list, i);
            const char *name = rig_control_text(operation, "device");
            const struct rig_flash_device *device = name ? rig_layout_device(&board->layout, name) : NULL;
            const struct rig_flash_write write = {.device = device ? device->name : "",
                                                  .offset = (guint32)count_of(operation, "offset"),
                                                  .n_bytes = (guint32)count_of(operation, "bytes"),
                                                  .erase = rig_control_flag(operation, "erase", false)};

            each(user, &write);
        }
        since += n_told;
    }
}

static const struct rig_board_flash_watch flash_watch = {.n_operations = n_operations,
                                                         .operations = operations};

/* --- the board --- */

static void process_free(struct rig_simulator *base)
{
    struct process *simulator = (struct process *)base;

    rig_bench_free(simulator->bench);
    g_ptr_array_unref(simulator->arguments);
    g_ptr_array_unref(simulator->taught);
    g_free(simulator->unplayable);
    g_free(simulator);
}

static void process_forget(struct rig_simulator *base)
{
    g_ptr_array_set_size(((struct process *)base)->taught, 0);
}

static const struct rig_simulator_ops process_ops = {
    .plan = plan_process,
    .add_words = add_words_of,
    .connect = connect_process,
    .disconnect = disconnect_process,
    .fill_place = fill_place,
    .take_events = take_events,
    .hold_button = process_button,
    .forget = process_forget,
    .free = process_free,
};

static bool check_names(const struct rig_process_config *config, GError **error)
{
    if (!rig_link_kind_find(config->link ? config->link : "udp", error))
        return false;
    for (const char *const *defect = config->defects; defect && *defect; defect++)
        if (!rig_sim_defect_exists(*defect, error))
            return false;
    return true;
}

struct rig_board *rig_process_board_new(const struct rig_process_config *config, GError **error)
{
    const struct rig_sim_firmware *firmware = rig_sim_firmware_of(config->target, NULL);
    struct process *simulator;
    struct rig_board *board;

    if (!check_names(config, error))
        return NULL;
    simulator = g_new0(struct process, 1);
    simulator->config = *config;
    simulator->has_radio = g_strcmp0(config->link, "bluez") == 0;
    /* Over the air the probe is only looked through: the images are in the flash from the start, which spares
     * the time that openocd takes for programming. A closed debug port programs nothing, and an empty chip
     * has no firmware that would open it. */
    simulator->simulator = (struct rig_simulator){
        .ops = &process_ops,
        .speed = simulator->has_radio ? 1 : SPEED,
        .has_button = firmware && firmware->firmware->button,
        .comes_programmed = simulator->has_radio || !g_str_equal(config->target->spec->approtect, "off")};
    simulator->arguments = g_ptr_array_new_with_free_func(g_free);
    simulator->taught = g_ptr_array_new_with_free_func((GDestroyNotify)json_object_unref);
    simulator->supply.ops = &supply_ops;
    board = rig_wired_board_new(&(struct rig_wired_config){.target = config->target,
                                                           .program = config->program,
                                                           .targets = config->targets,
                                                           .simulator = &simulator->simulator},
                                error);
    if (!board)
        return NULL;
    simulator->owner = (struct rig_wired *)board;
    for (const char *const *defect = config->defects; defect && *defect && !simulator->unplayable; defect++)
        simulator->unplayable = rig_sim_defect_misfit(config->target, *defect);
    board->unplayable = simulator->unplayable;
    board->options = &board_options;
    board->application = &application;
    board->flash_watch = &flash_watch;
    board->snapshots = NULL;
    if (simulator->has_radio) {
        board->bonds = &bonds;
        board->packet_faults = &packet_faults;
    }
    return board;
}
