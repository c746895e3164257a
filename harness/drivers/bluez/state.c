/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What all stages of a link tell and ask: its clock, its words, whose fault something was. */
#include "drivers/bluez/internal.h"

#include "base/error.h"

guint64 rig_bluez_now_us(const struct rig_bluez_link *link)
{
    return link->board->ops->now_us(link->board);
}

guint64 rig_bluez_within(const struct rig_bluez_link *link, guint64 for_us, guint64 until_us)
{
    return MIN(rig_bluez_now_us(link) + for_us, until_us);
}

void rig_bluez_tell(struct rig_bluez_link *link)
{
    const struct rig_board_listener *listener = &link->board->listener;

    if (listener->link)
        listener->link(listener->user, rig_bluez_now_us(link), link->text);
}

void rig_bluez_say(struct rig_bluez_link *link, bool tell, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    g_vsnprintf(link->text, sizeof link->text, format, arguments);
    va_end(arguments);
    if (tell)
        rig_bluez_tell(link);
}

bool rig_bluez_judge_reply(struct rig_bluez_link *link, const char *doing,
                           const struct rig_bluez_reply *reply, enum rig_link_outcome *outcome, bool *again,
                           GError **error)
{
    struct rig_bluez_verdict verdict;

    if (again)
        *again = false;
    if (reply->timed_out) {
        *outcome = RIG_LINK_TIMEOUT;
        rig_bluez_say(link, false, "%s: no answer before the deadline", doing);
        return true;
    }
    verdict = rig_bluez_judge_error(reply->error_name, reply->error_text);
    *outcome = verdict.outcome;
    link->att_error = verdict.att_error;
    if (again)
        *again = verdict.blame == RIG_BLUEZ_RACE;
    rig_bluez_say(link, false, "%s: %s", doing, reply->error_text);
    if (verdict.blame != RIG_BLUEZ_HOST)
        return true;
    link->host_fault = true;
    g_set_error(error, RIG_ERROR, RIG_ERROR_DEVICE, "%s over BlueZ: %s: %s", doing, reply->error_text,
                verdict.remedy);
    return false;
}

bool rig_bluez_is_connected(const struct rig_bluez_link *link)
{
    return rig_bluez_flag(link->bus, link->device, RIG_BLUEZ_DEVICE, "Connected");
}

bool rig_bluez_is_disconnected(void *user)
{
    return !rig_bluez_is_connected(user);
}

bool rig_bluez_never(void *user)
{
    (void)user;
    return false;
}

const char *rig_bluez_host_trouble(const struct rig_bluez_link *link)
{
    const char *trouble = rig_bluez_bus_trouble(link->bus);

    if (trouble)
        return trouble;
    if (link->adapter && !rig_bluez_has(link->bus, link->adapter, RIG_BLUEZ_ADAPTER))
        return "the Bluetooth adapter is gone";
    if (link->adapter && !rig_bluez_flag(link->bus, link->adapter, RIG_BLUEZ_ADAPTER, "Powered"))
        return "the Bluetooth adapter lost its power";
    return NULL;
}

bool rig_bluez_say_violation(struct rig_bluez_link *link, const char *beginning)
{
    const struct rig_bluez_events *events = rig_bluez_monitor_events(link->monitor);
    char violation[64];

    if (!events || !rig_bluez_events_violation(events, violation, sizeof violation))
        return false;
    rig_bluez_say(link, false, "%s: the board sent %s", beginning, violation);
    return true;
}
