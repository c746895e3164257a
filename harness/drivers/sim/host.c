/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Pace, power and SMP of a simulated board that lives in real time. */
#include "drivers/sim/host.h"

#include "base/words.h"
#include "base/error.h"
#include "protocol/smp/smp_server.h"
#include "scenario/scalar.h"

#include <stdio.h>
#include <string.h>

#define MAX_HELD_LINES 10000u
#define MAX_MTU 517u

static const struct sim_ble_central wire = {.address = {0xb0, 0x07, 0x21, 0x60, 0x00, 0x02}};

struct held_line {
    guint64 at_us;
    char *text;
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
    GByteArray *incoming;
    unsigned smp;      /* the characteristic */
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
    host->incoming = g_byte_array_new();
    g_queue_init(&host->lines);
    if (!host->debug) {
        g_set_error_literal(error, RIG_ERROR, RIG_ERROR_UNSUPPORTED,
                            "a debug port needs a board whose internal flash is made of whole 4 KiB pages");
        rig_sim_host_free(host);
        return NULL;
    }
    sim_board_on_console(host->sim, on_console, host);
    sim_board_on_boot(host->sim, on_boot, host);
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
    g_byte_array_unref(host->incoming);
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

/* What became of the armed cut, for who armed it. */
static void add_cut(const struct rig_sim_host *host, GString *text)
{
    struct sim_cut_report cut = sim_board_cut_report(host->sim);
    const struct sim_board_config *config = sim_board_config(host->sim);

    g_string_append_printf(text, " cut-fell=%s", cut.fell ? "yes" : "no");
    if (!cut.fell)
        return;
    g_string_append_printf(text,
                           " cut-at-us=%" G_GUINT64_FORMAT
                           " cut-at-operation=%s cut-operation=%" G_GUINT64_FORMAT " cut-bytes=%u",
                           (guint64)cut.at_us, cut.at_operation ? "yes" : "no", (guint64)cut.operation,
                           cut.n_bytes);
    if (cut.n_bytes && cut.device < config->n_devices)
        g_string_append_printf(text, " cut-kind=%s cut-device=%s cut-offset=%u cut-torn=%s",
                               cut.operation_kind == SIM_FLASH_ERASE ? "erase" : "write",
                               config->devices[cut.device].name, cut.offset, cut.torn ? "yes" : "no");
}

static char *status(const struct rig_sim_host *host)
{
    struct sim_board_view view = sim_board_view(host->sim);
    const char *state = view.state == SIM_BOARD_NO_IMAGE ? "no-image" : sim_board_state_name(view.state);
    char version[RIG_IMAGE_VERSION_TEXT_BYTES] = "none";
    GString *text = g_string_new(NULL);

    if (view.image.has_image)
        rig_image_version_format(&view.image.version, version);
    g_string_printf(
        text,
        "ok power=%s state=%s boots=%u resets=%u image=%s confirmed=%s halted=%s now-us=%" G_GUINT64_FORMAT,
        seems_powered(host) ? "on" : "off", state, view.n_boots, view.n_resets, version,
        view.image.confirmed ? "yes" : "no", sim_debug_halted(host->debug) ? "yes" : "no",
        (guint64)sim_board_now_us(host->sim));
    add_cut(host, text);
    if (host->radio) {
        g_autofree char *words = rig_sim_radio_status(host->radio);

        g_string_append(text, words);
    }
    return g_string_free(text, FALSE);
}

/* Words DEVICE:OFFSET:BYTES:w|e. */
static char *flash(const struct rig_sim_host *host, const char *since)
{
    const GArray *operations = operations_of(host);
    GString *text = g_string_new(NULL);
    guint64 first = 0;

    if (!since || !g_ascii_string_to_unsigned(since, 10, 0, operations->len, &first, NULL))
        return g_string_free(g_string_assign(text, "error: 'flash 17' tells the operations from the 17th on"),
                             FALSE);
    g_string_printf(text, "ok n=%u", operations->len);
    for (guint i = (guint)first; i < operations->len && i < first + RIG_SIM_HOST_FLASH_PIECE; i++) {
        const struct rig_flash_write *write = &g_array_index(operations, struct rig_flash_write, i);

        g_string_append_printf(text, " %s:%u:%u:%c", write->device, write->offset, write->n_bytes,
                               write->erase ? 'e' : 'w');
    }
    return g_string_free(text, FALSE);
}

static bool parse_duration(const char *text, guint64 *us)
{
    static const struct rig_field field = {.name = "time", .type = RIG_TYPE_DURATION, .max = 3600000000u};
    struct rig_scalar_problem problem = {0};
    struct rig_value value = {0};
    bool ok = rig_scalar_read(&field, text, &value, &problem);

    rig_scalar_problem_clear(&problem);
    *us = value.count;
    return ok;
}

static bool parse_form(const char *text, enum sim_cut_form *form)
{
    static const char *const forms[] = {"before", "half", "after"};

    for (guint i = 0; i < G_N_ELEMENTS(forms); i++)
        if (!text || g_str_equal(text, forms[i]))
            return *form = (enum sim_cut_form)i, true;
    return false;
}

bool rig_sim_cut_parse(char **words, struct sim_cut *cut)
{
    guint n_words = g_strv_length(words);
    guint64 delay_us = 0;

    *cut = (struct sim_cut){.kind = SIM_CUT_AFTER_TIME};
    if (n_words == 3 && g_str_equal(words[1], "after") && parse_duration(words[2], &delay_us)) {
        cut->delay_us = delay_us;
        return true;
    }
    if ((n_words == 3 || n_words == 4) && g_str_equal(words[1], "operation") &&
        parse_form(words[3], &cut->form)) {
        cut->kind = SIM_CUT_AT_OPERATION;
        return g_ascii_string_to_unsigned(words[2], 10, 0, G_MAXUINT32, &cut->operation, NULL);
    }
    if (n_words >= 4 && g_str_equal(words[1], "console") && parse_duration(words[2], &delay_us)) {
        g_autofree char *pattern = g_strjoinv(" ", words + 3);

        cut->kind = SIM_CUT_AT_CONSOLE;
        cut->delay_us = delay_us;
        return *pattern && g_strlcpy(cut->pattern, pattern, sizeof cut->pattern) < sizeof cut->pattern;
    }
    return false;
}

static char *cut(struct rig_sim_host *host, char **words)
{
    struct sim_cut cut;

    if (words[1] && !words[2] && g_str_equal(words[1], "none")) {
        sim_board_disarm_cut(host->sim);
        return g_strdup("ok");
    }
    if (!rig_sim_cut_parse(words, &cut))
        return g_strdup("error: 'cut after 40ms', 'cut operation 17 [before|half|after]', 'cut console 5ms "
                        "TEXT' (of 95 bytes at the most) or 'cut none'");
    sim_board_arm_cut(host->sim, &cut);
    return g_strdup("ok");
}

static bool parse_u32(const char *text, guint32 *number)
{
    guint64 wide;

    if (!g_ascii_string_to_unsigned(text, 10, 0, G_MAXUINT32, &wide, NULL))
        return false;
    *number = (guint32)wide;
    return true;
}

/* "behave HASH crashes 100000 0": sim_mcuboot_teach(), times in microseconds. */
static char *behave(struct rig_sim_host *host, char **words)
{
    struct sim_app_personality personality = {0};
    guint8 hash[RIG_IMAGE_HASH_BYTES];

    if (g_strv_length(words) != 5 || strlen(words[1]) != 2 * sizeof hash ||
        !sim_app_behaviour_from_name(words[2], &personality.behaviour) ||
        !parse_u32(words[3], &personality.self_test_us) || !parse_u32(words[4], &personality.watchdog_us))
        return g_strdup("error: 'behave HASH waits|confirms|crashes|hangs SELF-TEST-US WATCHDOG-US'");
    for (gsize i = 0; i < sizeof hash; i++) {
        if (!g_ascii_isxdigit(words[1][2 * i]) || !g_ascii_isxdigit(words[1][2 * i + 1]))
            return g_strdup("error: the hash is no hex");
        hash[i] =
            (guint8)(g_ascii_xdigit_value(words[1][2 * i]) << 4 | g_ascii_xdigit_value(words[1][2 * i + 1]));
    }
    return g_strdup(sim_mcuboot_teach(host->sim, hash, &personality) ? "ok" : "error: no memory");
}

char *rig_sim_host_command(struct rig_sim_host *host, const char *line)
{
    g_auto(GStrv) words = rig_words_split(line);

    if (!words)
        return g_strdup("error: a quote has no end");
    if (g_str_equal(line, "power on"))
        return power_on(host), g_strdup("ok");
    if (g_str_equal(line, "power off"))
        return power_off(host), g_strdup("ok");
    if (g_str_equal(line, "status"))
        return status(host);
    if (words[0] && g_str_equal(words[0], "cut"))
        return cut(host, words);
    if (words[0] && g_str_equal(words[0], "behave"))
        return behave(host, words);
    if (words[0] && g_str_equal(words[0], "flash"))
        return flash(host, words[1]);
    if (g_str_equal(line, "reset") && sim_board_powered(host->sim)) {
        sim_debug_pin_reset(host->debug, true);
        sim_debug_pin_reset(host->debug, false);
        return g_strdup("ok");
    }
    if (g_str_equal(line, "reset"))
        return g_strdup("error: the board has no power");
    if (host->radio && (words[0] && (g_str_equal(words[0], "link") || g_str_equal(words[0], "bond"))))
        return rig_sim_radio_command(host->radio, line);
    return g_strdup("error: there are: power on, power off, reset, status, flash 0, cut ..., behave ..., "
                    "unplug probe");
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

static bool reach(struct rig_sim_host *host)
{
    /* Advertising in spite of a connection: the board started anew behind the old link's back. */
    if (!sim_board_ble_advertising(host->sim))
        return sim_board_ble_connected(host->sim);
    g_byte_array_set_size(host->incoming, 0);
    if (sim_board_ble_connect(host->sim, &wire, MAX_MTU) != SIM_BLE_OK)
        return false;
    return sim_board_ble_find(host->sim, RIG_SMP_SERVICE_UUID, RIG_SMP_CHARACTERISTIC_UUID, &host->smp) ==
               SIM_BLE_OK &&
           sim_board_ble_subscribe(host->sim, host->smp, SIM_GATT_NOTIFIED) == SIM_BLE_OK;
}

/* A datagram or a frame is a message: what lacks its end is refused at once and not joined with the next one.
 * [SRC zephyr subsys/mgmt/mcumgr/smp/src/smp.c] */
static bool is_whole(struct rig_sim_host *host, const guint8 *bytes, gsize n_bytes)
{
    struct rig_smp_header header;
    guint8 answer[64];
    gsize n_answer;

    if (n_bytes < RIG_SMP_HEADER_BYTES)
        return false;
    rig_smp_header_decode(bytes, &header);
    if (RIG_SMP_HEADER_BYTES + (gsize)header.length <= n_bytes)
        return true;
    n_answer = rig_smp_encode_rc(&header, RIG_SMP_RC_CORRUPT, NULL, answer, sizeof answer);
    g_byte_array_append(host->incoming, answer, (guint)n_answer);
    return false;
}

void rig_sim_host_smp(struct rig_sim_host *host, const guint8 *bytes, gsize n_bytes)
{
    gsize room;

    if (host->radio || !sim_board_powered(host->sim) || sim_debug_stopped(host->debug) || !reach(host) ||
        !is_whole(host, bytes, n_bytes))
        return;
    room = sim_board_ble_mtu(host->sim) - 3u;
    for (gsize at = 0; at < n_bytes; at += room)
        if (sim_board_ble_write(host->sim, host->smp, false, bytes + at, MIN(room, n_bytes - at)) !=
            SIM_BLE_OK)
            return;
}

GBytes *rig_sim_host_smp_answer(struct rig_sim_host *host)
{
    struct sim_ble_packet packet;
    struct rig_smp_header header;
    gsize n_bytes;
    GBytes *answer;

    while (!host->radio && sim_board_ble_receive(host->sim, &packet))
        g_byte_array_append(host->incoming, packet.bytes, packet.n_bytes);
    if (host->incoming->len < RIG_SMP_HEADER_BYTES)
        return NULL;
    rig_smp_header_decode(host->incoming->data, &header);
    n_bytes = RIG_SMP_HEADER_BYTES + (gsize)header.length;
    if (host->incoming->len < n_bytes)
        return NULL;
    answer = g_bytes_new(host->incoming->data, n_bytes);
    g_byte_array_remove_range(host->incoming, 0, (guint)n_bytes);
    return answer;
}
