/* SPDX-License-Identifier: GPL-3.0-or-later */
/* For tests: a connection that hears SMP's answers. */
#ifndef RIG_TESTS_LINK_SUPPORT_H
#define RIG_TESTS_LINK_SUPPORT_H

#include "drivers/update/smp/smp_client.h"

/* Connects and subscribes; the first outcome that is not OK counts. */
static inline bool connect_and_subscribe(struct rig_link *link, const struct rig_link_connect *how,
                                         enum rig_link_outcome *outcome, GError **error)
{
    if (!link->ops->connect(link, how, outcome, error))
        return false;
    return *outcome != RIG_LINK_OK ||
           link->ops->subscribe(link, &rig_smp_characteristic, RIG_SUBSCRIBE_NOTIFY, outcome, error);
}

#endif
