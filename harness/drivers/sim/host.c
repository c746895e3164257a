/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Pace, power and SMP of a simulated board that lives in real time. */
#include "drivers/sim/host.h"

#include "base/error.h"
#include "drivers/sim/firmware.h"

#include <string.h>

#define MAX_HELD_LINES 10000u
#define MAX_SENT 64u
#define FLASH_PIECE 100u
#define MAX_DELAY_US 3600000000u

struct held_line {
    guint64 at_us;
    char *text;
};

struct sent {
    guint64 at_us;
    enum sim_wire wire;
    GBytes *bytes;
};

struct rig_sim_host {
    struct rig_board *board;
    struct sim_board *sim; /* borrowed from board */
    struct sim_debug *debug;
    struct rig_sim_radio *radio; /* NULL: none */
    double speed;
    gint64 origin_us; /* real instant at which the board's clock showed origin_board_us */
    guint64 origin_board_us;
    struct sim_snapshot *before; /* the board before its last step */
    guint64 before_us;
    guint n_before;  /* flash operations on record then */
    GQueue lines;    /* struct held_line */
    guint64 told_us; /* board instant up to which lines have been told */
    rig_sim_host_line console;
    void *console_user;
    GQueue sent;       /* struct sent: over wires, that nobody has taken yet */
    bool boot_pending; /* the bootloader's run is over for the board, not yet for the real clock */
    guint64 boot_end_us;
    bool application; /* what it handed over to */
};

static GArray *operations_of(const struct rig_sim_host *host)
{
    return ((struct rig_sim *)host->board)->operations;
}

static void held_free(gpointer item)
{
    struct held_line *held = item;

    g_free(held->text);
    g_free(held);
}

static void sent_free(gpointer item)
{
    struct sent *sent = item;

    g_clear_pointer(&sent->bytes, g_bytes_unref);
    g_free(sent);
}

/* What nobody takes is lost. */
static void on_message(void *user, uint64_t at_us, enum sim_wire wire, const uint8_t *bytes, size_t n_bytes)
{
    struct rig_sim_host *host = user;
    struct sent *sent;

    if (g_queue_get_length(&host->sent) >= MAX_SENT)
        return;
    sent = g_new(struct sent, 1);
    *sent = (struct sent){at_us, wire, g_bytes_new(bytes, n_bytes)};
    g_queue_push_tail(&host->sent, sent);
}

static void on_console(void *user, uint64_t at_us, const char *line)
{
    struct rig_sim_host *host = user;
    struct held_line *held;

    if (g_queue_get_length(&host->lines) >= MAX_HELD_LINES)
        return;
    held = g_new(struct held_line, 1);
    held->at_us = at_us;
    held->text = g_strdup(line);
    g_queue_push_tail(&host->lines, held);
}

static void on_boot(void *user, uint64_t at_us, const struct sim_start *start, uint64_t n_operations)
{
    struct rig_sim_host *host = user;

    (void)n_operations;
    host->boot_pending = true;
    host->boot_end_us = at_us;
    host->application = start->application;
}

static void tell_boot(struct rig_sim_host *host, guint64 now_us)
{
    if (!host->boot_pending || now_us < host->boot_end_us)
        return;
    host->boot_pending = false;
    sim_debug_saw_boot(host->debug, host->application);
}

struct rig_sim_host *rig_sim_host_new(struct rig_board *board, double speed, GError **error)
{
    struct rig_sim_host *host = g_new0(struct rig_sim_host, 1);

    host->board = board;
    host->sim = ((struct rig_sim *)board)->sim;
    host->debug = sim_debug_new(host->sim);
    host->speed = speed;
    host->origin_us = g_get_monotonic_time();
    host->origin_board_us = sim_board_now_us(host->sim);
    g_queue_init(&host->sent);
    g_queue_init(&host->lines);
    if (!host->debug) {
        g_set_error_literal(error, RIG_ERROR, RIG_ERROR_UNSUPPORTED,
                            "a debug port needs a board whose internal flash is made of whole 4 KiB pages");
        rig_sim_host_free(host);
        return NULL;
    }
    sim_board_on_console(host->sim, on_console, host);
    sim_board_on_boot(host->sim, on_boot, host);
    sim_board_on_message(host->sim, on_message, host);
    return host;
}

void rig_sim_host_free(struct rig_sim_host *host)
{
    if (!host)
        return;
    rig_sim_radio_free(host->radio);
    sim_debug_free(host->debug);
    sim_snapshot_free(host->before);
    g_queue_clear_full(&host->lines, held_free);
    g_queue_clear_full(&host->sent, sent_free);
    host->board->ops->free(host->board);
    g_free(host);
}

void rig_sim_host_on_console(struct rig_sim_host *host, rig_sim_host_line line, void *user)
{
    host->console = line;
    host->console_user = user;
}

struct sim_debug *rig_sim_host_debug(struct rig_sim_host *host)
{
    return host->debug;
}

static guint64 real_now_us(const struct rig_sim_host *host)
{
    return host->origin_board_us +
           (guint64)((double)(g_get_monotonic_time() - host->origin_us) * host->speed);
}

static void set_clock(struct rig_sim_host *host, guint64 board_us)
{
    host->origin_us = g_get_monotonic_time();
    host->origin_board_us = board_us;
}

static void tell_lines(struct rig_sim_host *host, guint64 until_us)
{
    struct held_line *held;

    while ((held = g_queue_peek_head(&host->lines)) && held->at_us <= until_us) {
        g_queue_pop_head(&host->lines);
        sim_debug_console(host->debug, held->text);
        if (host->console)
            host->console(host->console_user, held->text);
        held_free(held);
    }
}

/* Lines of a boot that is played again, and that everybody has read already. */
static void forget_told_lines(struct rig_sim_host *host)
{
    struct held_line *held;

    while ((held = g_queue_peek_head(&host->lines)) && held->at_us <= host->told_us)
        held_free(g_queue_pop_head(&host->lines));
}

static void forget_lines(struct rig_sim_host *host, guint64 from_us)
{
    struct held_line *held;

    while ((held = g_queue_peek_tail(&host->lines)) && held->at_us >= from_us)
        held_free(g_queue_pop_tail(&host->lines));
}

/* A board that died inside a leap is alive for everybody until the real clock has reached that instant. */
static bool seems_powered(const struct rig_sim_host *host)
{
    return sim_board_powered(host->sim) ||
           (!sim_debug_stopped(host->debug) && real_now_us(host) < sim_board_now_us(host->sim));
}

/* Tells the debug port what became of the supply. */
static void notice_power(struct rig_sim_host *host)
{
    sim_debug_linger(host->debug, seems_powered(host));
    sim_debug_notice(host->debug);
}

static bool step(struct rig_sim_host *host, guint64 until_us)
{
    struct sim_snapshot *before = sim_board_save(host->sim);
    guint64 before_us = sim_board_now_us(host->sim);
    guint n_before = operations_of(host)->len;
    bool happened = sim_board_step(host->sim, until_us);

    if (happened) {
        sim_snapshot_free(host->before);
        host->before = before;
        host->before_us = before_us;
        host->n_before = n_before;
    } else {
        sim_snapshot_free(before);
    }
    notice_power(host);
    return happened;
}

void rig_sim_host_pace(struct rig_sim_host *host)
{
    guint64 now_us = real_now_us(host);

    /* A stopped core does not run, so its time does not pass either. */
    if (sim_debug_stopped(host->debug)) {
        set_clock(host, MAX(sim_board_now_us(host->sim), host->origin_board_us));
        tell_lines(host, sim_board_now_us(host->sim));
        host->told_us = sim_board_now_us(host->sim);
        return;
    }
    while (sim_board_now_us(host->sim) <= now_us && !sim_debug_stopped(host->debug) && step(host, now_us))
        ;
    notice_power(host);
    tell_boot(host, now_us);
    tell_lines(host, now_us);
    host->told_us = now_us;
}

guint64 rig_sim_host_idle_us(const struct rig_sim_host *host)
{
    guint64 due_us = sim_board_due_us(host->sim);
    guint64 now_us = real_now_us(host);

    if (due_us == SIM_CHIP_NEVER)
        return G_USEC_PER_SEC;
    due_us = MAX(due_us, sim_board_now_us(host->sim));
    return due_us <= now_us ? 0 : (guint64)((double)(due_us - now_us) / host->speed) + 1;
}

/* The boot that leaped ahead is played again up to the instant at which power really goes. */
static void undo_leap(struct rig_sim_host *host, guint64 now_us)
{
    struct sim_cut cut = {.kind = SIM_CUT_AFTER_TIME};

    if (!host->before || now_us < host->before_us || now_us >= sim_board_now_us(host->sim) ||
        !sim_board_powered(host->sim))
        return;
    forget_lines(host, host->before_us);
    sim_board_restore(host->sim, host->before);
    g_array_set_size(operations_of(host), host->n_before);
    cut.delay_us = now_us - host->before_us;
    sim_board_arm_cut(host->sim, &cut);
    while (sim_board_powered(host->sim) && sim_board_step(host->sim, now_us))
        ;
    sim_board_disarm_cut(host->sim);
    forget_told_lines(host);
}

static void power_off(struct rig_sim_host *host)
{
    undo_leap(host, real_now_us(host));
    sim_board_power(host->sim, false);
    sim_debug_linger(host->debug, false);
    sim_debug_notice(host->debug);
    host->boot_pending = false;
    g_clear_pointer(&host->before, sim_snapshot_free);
    /* What the board had not sent yet stays unsent. */
    forget_lines(host, real_now_us(host));
    g_queue_clear_full(&host->sent, sent_free);
}

static void power_on(struct rig_sim_host *host)
{
    if (!sim_board_powered(host->sim))
        tell_lines(host, G_MAXUINT64);
    sim_debug_linger(host->debug, false);
    sim_debug_notice(host->debug);
    sim_board_power(host->sim, true);
    sim_debug_notice(host->debug);
    g_clear_pointer(&host->before, sim_snapshot_free);
    set_clock(host, sim_board_now_us(host->sim));
}

void rig_sim_host_power(struct rig_sim_host *host, bool on)
{
    if (on)
        power_on(host);
    else
        power_off(host);
}

void rig_sim_host_button(struct rig_sim_host *host, bool held)
{
    sim_board_hold_button(host->sim, held);
}

/* --- commands --- */

static void set_count(JsonObject *object, const char *name, guint64 count)
{
    json_object_set_int_member(object, name, (gint64)count);
}

static bool refuse(GError **error, const char *text)
{
    g_set_error_literal(error, RIG_ERROR, RIG_ERROR_INPUT, text);
    return false;
}

static bool command_power(struct rig_sim_host *host, JsonObject *request, JsonObject *response,
                          GError **error)
{
    (void)response;
    if (!json_object_has_member(request, "on"))
        return refuse(error, "'power' wants \"on\": true or false");
    rig_sim_host_power(host, rig_control_flag(request, "on", false));
    return true;
}

static bool command_button(struct rig_sim_host *host, JsonObject *request, JsonObject *response,
                           GError **error)
{
    (void)response;
    if (!json_object_has_member(request, "held"))
        return refuse(error, "'button' wants \"held\": true or false");
    rig_sim_host_button(host, rig_control_flag(request, "held", false));
    return true;
}

static bool command_reset(struct rig_sim_host *host, JsonObject *request, JsonObject *response,
                          GError **error)
{
    (void)request, (void)response;
    if (!sim_board_powered(host->sim))
        return refuse(error, "the board has no power");
    sim_debug_pin_reset(host->debug, true);
    sim_debug_pin_reset(host->debug, false);
    return true;
}

/* What became of the armed cut, for who armed it. */
static JsonObject *cut_report(const struct rig_sim_host *host)
{
    struct sim_cut_report cut = sim_board_cut_report(host->sim);
    const struct sim_board_config *config = sim_board_config(host->sim);
    JsonObject *object = json_object_new();

    json_object_set_boolean_member(object, "fell", cut.fell);
    if (!cut.fell)
        return object;
    set_count(object, "at_us", cut.at_us);
    json_object_set_boolean_member(object, "at_operation", cut.at_operation);
    set_count(object, "operation", cut.operation);
    set_count(object, "bytes", cut.n_bytes);
    if (cut.n_bytes && cut.device < config->n_devices) {
        json_object_set_string_member(object, "kind",
                                      cut.operation_kind == SIM_FLASH_ERASE ? "erase" : "write");
        json_object_set_string_member(object, "device", config->devices[cut.device].name);
        set_count(object, "offset", cut.offset);
        json_object_set_boolean_member(object, "torn", cut.torn);
    }
    return object;
}

/* " a=1 b=2" as members "a": "1", "b": "2". */
static void add_words(JsonObject *object, const char *text)
{
    g_auto(GStrv) words = g_strsplit(text, " ", -1);

    for (char **word = words; *word; word++) {
        char *equals = strchr(*word, '=');

        if (!equals)
            continue;
        *equals = '\0';
        json_object_set_string_member(object, *word, equals + 1);
    }
}

static bool command_status(struct rig_sim_host *host, JsonObject *request, JsonObject *response,
                           GError **error)
{
    struct sim_board_view view = sim_board_view(host->sim);
    const char *state = view.state == SIM_BOARD_NO_IMAGE ? "no-image" : sim_board_state_name(view.state);
    char version[RIG_IMAGE_VERSION_TEXT_BYTES];

    (void)request, (void)error;
    json_object_set_boolean_member(response, "power", seems_powered(host));
    json_object_set_string_member(response, "state", state);
    set_count(response, "boots", view.n_boots);
    set_count(response, "resets", view.n_resets);
    if (view.image.has_image) {
        rig_image_version_format(&view.image.version, version);
        json_object_set_string_member(response, "image", version);
        json_object_set_boolean_member(response, "confirmed", view.image.confirmed);
    }
    json_object_set_boolean_member(response, "halted", sim_debug_halted(host->debug));
    set_count(response, "now_us", sim_board_now_us(host->sim));
    json_object_set_object_member(response, "cut", cut_report(host));
    if (host->radio) {
        g_autofree char *words = rig_sim_radio_status(host->radio);

        add_words(response, words);
    }
    return true;
}

static bool command_flash(struct rig_sim_host *host, JsonObject *request, JsonObject *response,
                          GError **error)
{
    const GArray *operations = operations_of(host);
    JsonArray *told;
    guint64 first = 0;

    set_count(response, "n", operations->len);
    if (!json_object_has_member(request, "since"))
        return true;
    if (!rig_control_count(request, "since", operations->len, &first))
        return refuse(error, "'flash' wants \"since\": the number of an operation");
    told = json_array_new();
    for (guint i = (guint)first; i < operations->len && i < first + FLASH_PIECE; i++) {
        const struct rig_flash_write *write = &g_array_index(operations, struct rig_flash_write, i);
        JsonObject *operation = json_object_new();

        json_object_set_string_member(operation, "device", write->device);
        set_count(operation, "offset", write->offset);
        set_count(operation, "bytes", write->n_bytes);
        json_object_set_boolean_member(operation, "erase", write->erase);
        json_array_add_object_element(told, operation);
    }
    json_object_set_array_member(response, "operations", told);
    return true;
}

static bool parse_form(const char *text, enum sim_cut_form *form)
{
    static const char *const forms[] = {"before", "half", "after"};

    for (guint i = 0; i < G_N_ELEMENTS(forms); i++)
        if (!text || g_str_equal(text, forms[i]))
            return *form = (enum sim_cut_form)i, true;
    return false;
}

bool rig_sim_cut_parse(JsonObject *request, struct sim_cut *cut)
{
    const char *pattern = rig_control_text(request, "console");
    guint64 after_us = 0;
    bool has_time = rig_control_count(request, "after_us", MAX_DELAY_US, &after_us);

    *cut = (struct sim_cut){.kind = SIM_CUT_AFTER_TIME, .delay_us = after_us};
    if (json_object_has_member(request, "operation")) {
        cut->kind = SIM_CUT_AT_OPERATION;
        return rig_control_count(request, "operation", G_MAXUINT32, &cut->operation) &&
               parse_form(rig_control_text(request, "form"), &cut->form);
    }
    if (!pattern)
        return has_time;
    cut->kind = SIM_CUT_AT_CONSOLE;
    return *pattern && (has_time || !json_object_has_member(request, "after_us")) &&
           g_strlcpy(cut->pattern, pattern, sizeof cut->pattern) < sizeof cut->pattern;
}

static bool command_cut(struct rig_sim_host *host, JsonObject *request, JsonObject *response, GError **error)
{
    struct sim_cut cut;

    (void)response;
    if (!rig_sim_cut_parse(request, &cut))
        return refuse(error, "'cut' wants \"after_us\": 40000, or \"operation\": 17 (and \"form\": "
                             "\"before\", \"half\" or \"after\"), or \"console\": a piece of a line of 95 "
                             "bytes at the most (and \"after_us\")");
    sim_board_arm_cut(host->sim, &cut);
    return true;
}

static bool command_disarm(struct rig_sim_host *host, JsonObject *request, JsonObject *response,
                           GError **error)
{
    (void)request, (void)response, (void)error;
    sim_board_disarm_cut(host->sim);
    return true;
}

static bool read_hash(const char *text, guint8 hash[RIG_IMAGE_HASH_BYTES])
{
    if (!text || strlen(text) != 2 * RIG_IMAGE_HASH_BYTES)
        return false;
    for (gsize i = 0; i < RIG_IMAGE_HASH_BYTES; i++) {
        if (!g_ascii_isxdigit(text[2 * i]) || !g_ascii_isxdigit(text[2 * i + 1]))
            return false;
        hash[i] = (guint8)(g_ascii_xdigit_value(text[2 * i]) << 4 | g_ascii_xdigit_value(text[2 * i + 1]));
    }
    return true;
}

static bool control_u32(JsonObject *object, const char *name, guint32 *count)
{
    guint64 wide;

    if (!rig_control_count(object, name, G_MAXUINT32, &wide))
        return false;
    *count = (guint32)wide; /* bounded above */
    return true;
}

static bool command_behave(struct rig_sim_host *host, JsonObject *request, JsonObject *response,
                           GError **error)
{
    const char *behaviour = rig_control_text(request, "behaviour");
    const struct rig_sim_firmware *firmware = ((const struct rig_sim *)host->board)->firmware;
    struct sim_app_personality personality = {0};
    guint8 hash[RIG_IMAGE_HASH_BYTES];

    (void)response;
    if (!read_hash(rig_control_text(request, "hash"), hash) || !behaviour ||
        !sim_app_behaviour_from_name(behaviour, &personality.behaviour) ||
        !control_u32(request, "self_test_us", &personality.self_test_us) ||
        !control_u32(request, "watchdog_us", &personality.watchdog_us))
        return refuse(error,
                      "'behave' wants \"hash\" (64 hex digits), \"behaviour\" (waits, confirms, crashes, "
                      "hangs), \"self_test_us\" and \"watchdog_us\"");
    if (!firmware->teach)
        return refuse(error, "the firmware of this board cannot be told how an image behaves");
    return firmware->teach(host->sim, hash, &personality) || refuse(error, "no memory");
}

/* The radio has words of its own: sim/chip/host/host.h. */
static bool command_radio(struct rig_sim_host *host, JsonObject *request, JsonObject *response,
                          GError **error)
{
    const char *line = rig_control_text(request, "line");
    g_autofree char *answer = NULL;

    if (!host->radio || !line || strpbrk(line, "\r\n"))
        return refuse(error, host->radio ? "'radio' wants \"line\": \"link silent on\", ..."
                                         : "the board has no radio: see --hci");
    answer = rig_sim_radio_command(host->radio, line);
    if (!answer || !g_str_has_prefix(answer, "ok"))
        return refuse(error, answer ? answer + strcspn(answer, " ") + (strchr(answer, ' ') ? 1 : 0)
                                    : "there are lines 'link ...' and 'bond ...'");
    json_object_set_string_member(response, "text", answer[2] ? answer + 3 : "");
    add_words(response, answer);
    return true;
}

static const struct {
    const char *name;
    bool (*run)(struct rig_sim_host *host, JsonObject *request, JsonObject *response, GError **error);
} commands[] = {
    {"power", command_power},   {"reset", command_reset},   {"status", command_status},
    {"cut", command_cut},       {"disarm", command_disarm}, {"flash", command_flash},
    {"behave", command_behave}, {"radio", command_radio},   {"button", command_button},
};

bool rig_sim_host_command(struct rig_sim_host *host, JsonObject *request, JsonObject *response,
                          GError **error)
{
    const char *name = rig_control_text(request, "command");
    g_autoptr(GString) names = g_string_new(NULL);

    for (guint i = 0; i < G_N_ELEMENTS(commands); i++) {
        if (g_strcmp0(name, commands[i].name) == 0)
            return commands[i].run(host, request, response, error);
        g_string_append_printf(names, "%s, ", commands[i].name);
    }
    g_set_error(error, RIG_ERROR, RIG_ERROR_INPUT,
                "there is no command '%s'; there are: %sunplug-probe, console", name ? name : "", names->str);
    return false;
}

bool rig_sim_host_add_radio(struct rig_sim_host *host, const char *where,
                            const struct sim_stack_config *config, GError **error)
{
    host->radio = rig_sim_radio_new(host->sim, where, config, error);
    return host->radio != NULL;
}

struct rig_sim_radio *rig_sim_host_radio(struct rig_sim_host *host)
{
    return host->radio;
}

void rig_sim_host_send(struct rig_sim_host *host, enum sim_wire wire, const guint8 *bytes, gsize n_bytes)
{
    if (!host->radio && !sim_debug_stopped(host->debug))
        sim_board_send(host->sim, wire, bytes, n_bytes);
}

GBytes *rig_sim_host_take(struct rig_sim_host *host, enum sim_wire *wire)
{
    struct sent *sent = g_queue_peek_head(&host->sent);
    GBytes *bytes;

    /* What the board did on its flash leaps ahead of the real clock, and the answer behind it. */
    if (!sent || sent->at_us > MAX(real_now_us(host), host->told_us))
        return NULL;
    *wire = sent->wire;
    bytes = g_steal_pointer(&sent->bytes);
    sent_free(g_queue_pop_head(&host->sent));
    return bytes;
}
