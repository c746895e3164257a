/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The power role over a driver's bare switch: set with read-back and tries, cuts at an instant on a thread of
 * their own. */
#include "drivers/power/channel.h"

#include "base/error.h"

#define READ_AGAIN_US 5000
#define BEGIN_EARLY_US 100000 /* so long before a cut its device is taken: that may take its time */

static struct rig_channel *self(struct rig_power *power)
{
    return (struct rig_channel *)power;
}

static bool can_read(const struct rig_channel *channel)
{
    return channel->ops->read && !channel->mute;
}

static bool is_gone(struct rig_channel *channel)
{
    return channel->usb ? channel->usb->gone : channel->ops->is_gone && channel->ops->is_gone(channel);
}

/* *confirmed false with true: it can be read, and it says the other thing. */
static bool read_back(struct rig_channel *channel, bool on, bool *confirmed, GError **error)
{
    gint64 until_us = g_get_monotonic_time() + (gint64)channel->ops->settle_ms * 1000;
    bool state;

    for (;;) {
        if (!channel->ops->read(channel, &state, error))
            return false;
        *confirmed = state == on;
        if (*confirmed || g_get_monotonic_time() >= until_us)
            return true;
        g_usleep(READ_AGAIN_US);
    }
}

static bool write_once(struct rig_channel *channel, bool on, GError **error)
{
    bool confirmed = true;

    if (!channel->ops->write(channel, on, error))
        return false;
    if (can_read(channel) && !read_back(channel, on, &confirmed, error))
        return false;
    if (!confirmed)
        g_set_error(error, RIG_ERROR, RIG_ERROR_DEVICE, "it was told '%s' and still says '%s'",
                    on ? "on" : "off", on ? "off" : "on");
    return confirmed;
}

static bool usb_claim(struct rig_usb *usb, GError **error)
{
    return !usb->ops->claim || usb->ops->claim(usb, error);
}

static bool begin(struct rig_channel *channel, GError **error)
{
    bool ok =
        channel->n_begun > 0 || (channel->usb ? usb_claim(channel->usb, error)
                                              : !channel->ops->begin || channel->ops->begin(channel, error));

    if (ok)
        channel->n_begun++;
    return ok;
}

static void end(struct rig_channel *channel)
{
    if (--channel->n_begun > 0)
        return;
    if (channel->usb)
        rig_usb_release(channel->usb);
    else if (channel->ops->end)
        channel->ops->end(channel);
}

static bool try_to_set(struct rig_channel *channel, bool on, GError **error)
{
    g_autoptr(GError) failure = NULL;

    channel->set_by_us = false;
    for (guint i = 0; i < channel->ops->n_tries; i++) {
        g_clear_error(&failure);
        if (write_once(channel, on, &failure)) {
            channel->set_by_us = true;
            channel->last_set = on;
            return true;
        }
        if (is_gone(channel))
            break;
    }
    g_propagate_error(error, g_steal_pointer(&failure));
    return false;
}

static bool set_locked(struct rig_channel *channel, bool on, GError **error)
{
    bool begun = begin(channel, error);
    bool ok = begun && try_to_set(channel, on, error);

    if (begun)
        end(channel);
    if (!ok)
        g_prefix_error(error, "%s: cannot switch %s: ", channel->name, on ? "on" : "off");
    return ok;
}

static bool off_locked(struct rig_channel *channel, gint64 at_us, struct rig_cut_record *record,
                       GError **error)
{
    *record = (struct rig_cut_record){0};
    if (channel->ops->write_off_with_proof) {
        channel->set_by_us = false;
        if (!channel->ops->write_off_with_proof(channel, at_us, record, error)) {
            g_prefix_error(error, "%s: cannot switch off: ", channel->name);
            return false;
        }
        channel->set_by_us = true;
        channel->last_set = false;
    } else {
        if (!set_locked(channel, false, error))
            return false;
        record->at_us = (guint64)g_get_monotonic_time();
    }
    record->fell = true;
    return true;
}

static bool channel_set(struct rig_power *power, bool on, GError **error)
{
    struct rig_channel *channel = self(power);
    bool ok;

    g_mutex_lock(&channel->lock);
    ok = set_locked(channel, on, error);
    g_mutex_unlock(&channel->lock);
    return ok;
}

static bool is_on_locked(struct rig_channel *channel, bool *on, GError **error)
{
    if (can_read(channel)) {
        bool begun = begin(channel, error);
        bool ok = begun && channel->ops->read(channel, on, error);

        if (begun)
            end(channel);
        if (ok)
            return true;
        g_prefix_error(error, "%s: cannot read its state: ", channel->name);
        return false;
    }
    if (!channel->set_by_us) {
        g_set_error(error, RIG_ERROR, RIG_ERROR_UNSUPPORTED, "%s: this device cannot tell its state",
                    channel->name);
        return false;
    }
    *on = channel->last_set;
    return true;
}

static bool channel_is_on(struct rig_power *power, bool *on, GError **error)
{
    struct rig_channel *channel = self(power);
    bool ok;

    g_mutex_lock(&channel->lock);
    ok = is_on_locked(channel, on, error);
    g_mutex_unlock(&channel->lock);
    return ok;
}

/* false: the cut is cancelled. */
static bool wait_locked(struct rig_channel *channel, gint64 until_us)
{
    while (!channel->cut_cancelled && g_get_monotonic_time() < until_us)
        g_cond_wait_until(&channel->changed, &channel->lock, until_us);
    return !channel->cut_cancelled;
}

static gpointer cut_when_due(gpointer user)
{
    struct rig_channel *channel = user;
    gint64 start_us = channel->cut_at_us - (gint64)channel->ops->lead_ms * 1000;
    bool begun = false;

    g_mutex_lock(&channel->lock);
    if (wait_locked(channel, start_us - BEGIN_EARLY_US)) {
        begun = begin(channel, &channel->cut_error);
        if (!begun)
            g_prefix_error(&channel->cut_error, "%s: cannot switch off: ", channel->name);
    }
    if (begun && wait_locked(channel, start_us) &&
        !off_locked(channel, channel->cut_at_us, &channel->cut, &channel->cut_error))
        channel->cut.fell = false;
    if (begun)
        end(channel);
    g_mutex_unlock(&channel->lock);
    return NULL;
}

static bool channel_arm_cut(struct rig_power *power, const struct rig_cut_plan *plan, GError **error)
{
    struct rig_channel *channel = self(power);

    if (plan->aim != RIG_CUT_AFTER_TIME) {
        g_set_error(error, RIG_ERROR, RIG_ERROR_UNSUPPORTED,
                    "%s: this supply can be cut after a time only, not at %s", channel->name,
                    plan->aim == RIG_CUT_AT_OPERATION ? "a flash operation"
                    : plan->aim == RIG_CUT_AT_CONSOLE ? "a console line"
                                                      : "a word of memory");
        return false;
    }
    if (channel->cutter) {
        g_set_error(error, RIG_ERROR, RIG_ERROR_USAGE, "%s: a cut is armed already", channel->name);
        return false;
    }
    /* The console's thread may arm while another one asks whether the cut is over. */
    g_mutex_lock(&channel->lock);
    channel->cut = (struct rig_cut_record){0};
    channel->cut_cancelled = false;
    g_mutex_unlock(&channel->lock);
    channel->cut_at_us = g_get_monotonic_time() + (gint64)MIN(plan->delay_us, (guint64)G_MAXINT64 / 4);
    channel->cutter = g_thread_new("power cut", cut_when_due, channel);
    return true;
}

static void stop_cutter(struct rig_channel *channel)
{
    g_mutex_lock(&channel->lock);
    channel->cut_cancelled = true;
    g_cond_signal(&channel->changed);
    g_mutex_unlock(&channel->lock);
    g_thread_join(g_steal_pointer(&channel->cutter));
}

static bool channel_disarm_cut(struct rig_power *power, struct rig_cut_record *record, GError **error)
{
    struct rig_channel *channel = self(power);

    *record = (struct rig_cut_record){0};
    if (!channel->cutter)
        return true;
    stop_cutter(channel);
    *record = channel->cut;
    channel->cut = (struct rig_cut_record){0};
    if (!channel->cut_error)
        return true;
    g_propagate_error(error, g_steal_pointer(&channel->cut_error));
    return false;
}

static void channel_free(struct rig_power *power)
{
    struct rig_channel *channel = self(power);

    if (channel->cutter)
        stop_cutter(channel);
    g_clear_error(&channel->cut_error);
    g_mutex_clear(&channel->lock);
    g_cond_clear(&channel->changed);
    g_free(channel->name);
    g_free(channel->resource);
    rig_usb_free(channel->usb);
    if (channel->ops->free)
        channel->ops->free(channel);
    else
        g_free(channel);
}

static const struct rig_power_ops power_ops = {
    .name = "switched supply",
    .set = channel_set,
    .is_on = channel_is_on,
    .arm_cut = channel_arm_cut,
    .disarm_cut = channel_disarm_cut,
    .free = channel_free,
};

void rig_channel_init(struct rig_channel *channel, const struct rig_channel_ops *ops, char *name,
                      char *resource)
{
    channel->power.ops = &power_ops;
    channel->ops = ops;
    channel->name = name;
    channel->resource = resource;
    g_mutex_init(&channel->lock);
    g_cond_init(&channel->changed);
}

const char *rig_channel_name(const struct rig_power *power)
{
    g_assert(power->ops == &power_ops);
    return ((const struct rig_channel *)power)->name;
}

const char *rig_channel_resource(const struct rig_power *power)
{
    g_assert(power->ops == &power_ops);
    return ((const struct rig_channel *)power)->resource;
}

bool rig_channel_off_with_proof(struct rig_power *power, struct rig_cut_record *record, GError **error)
{
    struct rig_channel *channel = self(power);
    bool ok;

    g_assert(power->ops == &power_ops);
    g_mutex_lock(&channel->lock);
    ok = off_locked(channel, g_get_monotonic_time(), record, error);
    g_mutex_unlock(&channel->lock);
    return ok;
}

bool rig_channel_cut_is_over(struct rig_power *power)
{
    struct rig_channel *channel = self(power);
    bool over;

    g_assert(power->ops == &power_ops);
    g_mutex_lock(&channel->lock);
    over = channel->cut.fell || channel->cut_error;
    g_mutex_unlock(&channel->lock);
    return over;
}

void rig_power_free(struct rig_power *power)
{
    if (power && power->ops->free)
        power->ops->free(power);
}
