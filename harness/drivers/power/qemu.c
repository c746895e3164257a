/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A board in QEMU: without power it stands still or has ended, and power on is a reset of everything. */
#include "drivers/power/driver.h"

#include "base/error.h"
#include "drivers/power/qmp.h"

#include <string.h>

struct qemu {
    struct rig_channel channel;
    struct rig_qmp *qmp;
    char *socket;
    bool quits;
};

static bool quit(struct qemu *qemu, GError **error)
{
    g_autoptr(GError) failure = NULL;

    /* It may be gone before its answer is out. */
    if (rig_qmp_has_ended(qemu->qmp) || rig_qmp_execute(qemu->qmp, "quit", NULL, &failure) ||
        rig_qmp_has_ended(qemu->qmp))
        return true;
    g_propagate_error(error, g_steal_pointer(&failure));
    return false;
}

static bool qemu_write(struct rig_channel *channel, bool on, GError **error)
{
    struct qemu *qemu = (struct qemu *)channel;

    if (!on)
        return qemu->quits ? quit(qemu, error) : rig_qmp_execute(qemu->qmp, "stop", NULL, error);
    if (rig_qmp_has_ended(qemu->qmp)) {
        g_set_error(error, RIG_ERROR, RIG_ERROR_DEVICE, "QEMU at %s has ended and must be started again",
                    qemu->socket);
        return false;
    }
    return rig_qmp_execute(qemu->qmp, "system_reset", NULL, error) &&
           rig_qmp_execute(qemu->qmp, "cont", NULL, error);
}

static bool read_running(struct qemu *qemu, bool *on, GError **error)
{
    g_autoptr(JsonNode) status = NULL;
    JsonObject *members;
    JsonNode *running;

    if (!rig_qmp_execute(qemu->qmp, "query-status", &status, error))
        return false;
    members = status && JSON_NODE_HOLDS_OBJECT(status) ? json_node_get_object(status) : NULL;
    running = members ? json_object_get_member(members, "running") : NULL;
    if (!running || json_node_get_value_type(running) != G_TYPE_BOOLEAN) {
        g_set_error(error, RIG_ERROR, RIG_ERROR_DEVICE, "QEMU at %s: its status does not say whether it runs",
                    qemu->socket);
        return false;
    }
    *on = json_node_get_boolean(running);
    return true;
}

static bool qemu_read(struct rig_channel *channel, bool *on, GError **error)
{
    struct qemu *qemu = (struct qemu *)channel;

    *on = false;
    if (qemu->quits && rig_qmp_has_ended(qemu->qmp))
        return true;
    return read_running(qemu, on, error);
}

/* QEMU's own word: a machine that is stopped executes nothing. */
static bool qemu_off_with_proof(struct rig_channel *channel, gint64 at_us, struct rig_cut_record *record,
                                GError **error)
{
    struct qemu *qemu = (struct qemu *)channel;
    bool on = true;

    (void)at_us; /* there is no lead, so it is now */
    if (!qemu_write(channel, false, error))
        return false;
    record->at_us = (guint64)g_get_monotonic_time();
    for (guint i = 0; i < 200 && qemu->quits && !rig_qmp_has_ended(qemu->qmp); i++)
        g_usleep(5000);
    if (!qemu_read(channel, &on, error))
        return false;
    if (on) {
        g_set_error(error, RIG_ERROR, RIG_ERROR_DEVICE, "QEMU at %s was stopped and still runs",
                    qemu->socket);
        return false;
    }
    g_strlcpy(record->proof, qemu->quits ? "qemu: the emulator has ended" : "qemu: the machine is stopped",
              sizeof record->proof);
    return true;
}

static bool qemu_is_gone(struct rig_channel *channel)
{
    return rig_qmp_has_ended(((struct qemu *)channel)->qmp);
}

static void qemu_free(struct rig_channel *channel)
{
    struct qemu *qemu = (struct qemu *)channel;

    rig_qmp_free(qemu->qmp);
    g_free(qemu->socket);
    g_free(qemu);
}

static const struct rig_channel_ops ops = {.name = "qemu",
                                           .n_tries = 1,
                                           .settle_ms = 1000,
                                           .write = qemu_write,
                                           .read = qemu_read,
                                           .write_off_with_proof = qemu_off_with_proof,
                                           .is_gone = qemu_is_gone,
                                           .free = qemu_free};

static struct rig_power *qemu_open(struct rig_power_host *host, const struct rig_record *arguments,
                                   GError **error)
{
    const struct rig_qemu_supply_spec *spec = RIG_STRUCT(arguments, struct rig_qemu_supply_spec);
    const char *path = spec->socket;
    struct rig_qmp *qmp = rig_qmp_open(path, error);
    struct qemu *qemu;

    (void)host;
    if (!qmp)
        return NULL;
    qemu = g_new0(struct qemu, 1);
    qemu->qmp = qmp;
    qemu->socket = g_strdup(path);
    qemu->quits = strcmp(spec->off, "quit") == 0;
    rig_channel_init(&qemu->channel, &ops, g_strdup_printf("QEMU at %s", path),
                     g_canonicalize_filename(path, NULL));
    return &qemu->channel.power;
}

const struct rig_power_driver rig_power_qemu = {.name = "qemu", .open = qemu_open, .keeps_state = true};
