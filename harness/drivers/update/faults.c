/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Which armed fault strikes which request. */
#include "drivers/update/faults.h"

struct rig_faults {
    GArray *armed; /* struct rig_fault */
    GRand *chance;
};

const char *rig_fault_kind_name(enum rig_fault_kind kind)
{
    static const char *const names[RIG_FAULT_N_KINDS] = {
        "drop",     "drop-response",      "duplicate",  "duplicate-response", "delay", "reorder", "corrupt",
        "truncate", "stop-notifications", "disconnect", "corrupt-response",
    };

    return (guint)kind < RIG_FAULT_N_KINDS ? names[kind] : "unknown";
}

struct rig_faults *rig_faults_new(guint64 seed)
{
    const guint32 words[2] = {(guint32)seed, (guint32)(seed >> 32)};
    struct rig_faults *faults = g_new0(struct rig_faults, 1);

    faults->armed = g_array_new(FALSE, FALSE, sizeof(struct rig_fault));
    faults->chance = g_rand_new_with_seed_array(words, 2);
    return faults;
}

void rig_faults_free(struct rig_faults *faults)
{
    if (!faults)
        return;
    g_array_unref(faults->armed);
    g_rand_free(faults->chance);
    g_free(faults);
}

void rig_faults_push(struct rig_faults *faults, const struct rig_fault *fault)
{
    g_array_append_val(faults->armed, *fault);
}

guint rig_faults_pop(struct rig_faults *faults, guint n)
{
    guint n_happened = 0;

    while (n-- > 0 && faults->armed->len > 0) {
        n_happened += g_array_index(faults->armed, struct rig_fault, faults->armed->len - 1).n_happened;
        g_array_set_size(faults->armed, faults->armed->len - 1);
    }
    return n_happened;
}

static bool holds_byte(const struct rig_request_tag *tag, guint64 byte)
{
    return byte >= tag->offset && byte < tag->offset + tag->n_bytes;
}

static bool chosen(const struct rig_fault *fault, const struct rig_request_tag *tag, GRand *chance)
{
    if (fault->choice == RIG_FAULT_AT_MESSAGE)
        return tag->message == fault->n;
    if (!tag->upload)
        return false;
    switch (fault->choice) {
    case RIG_FAULT_AT_CHUNK:
        return tag->chunk == fault->n;
    case RIG_FAULT_AT_MIDDLE:
        return holds_byte(tag, tag->total / 2);
    case RIG_FAULT_AT_LAST:
        return tag->offset + tag->n_bytes >= tag->total;
    case RIG_FAULT_AT_BYTE:
        return holds_byte(tag, fault->n);
    case RIG_FAULT_BY_PROBABILITY:
        return g_rand_double(chance) < fault->probability;
    case RIG_FAULT_AT_MESSAGE:
    default:
        return false;
    }
}

/* What corrupts one byte, or lets what is before it leave, needs a message that has the byte. */
static bool has_place(const struct rig_fault *fault, const struct rig_request_tag *tag)
{
    return (fault->kind != RIG_FAULT_CORRUPT && fault->kind != RIG_FAULT_TRUNCATE) ||
           fault->at == G_MAXUINT32 || fault->at < tag->n_message_bytes;
}

const struct rig_fault *rig_faults_strike(struct rig_faults *faults, enum rig_fault_kind kind,
                                          const struct rig_request_tag *tag)
{
    for (guint i = 0; i < faults->armed->len; i++) {
        struct rig_fault *fault = &g_array_index(faults->armed, struct rig_fault, i);

        if (fault->kind != kind || (fault->n_times && fault->n_happened >= fault->n_times) ||
            !chosen(fault, tag, faults->chance) || !has_place(fault, tag))
            continue;
        fault->n_happened++;
        return fault;
    }
    return NULL;
}

void rig_faults_withdraw(struct rig_faults *faults, const struct rig_fault *fault)
{
    for (guint i = 0; i < faults->armed->len; i++)
        if (&g_array_index(faults->armed, struct rig_fault, i) == fault)
            g_array_index(faults->armed, struct rig_fault, i).n_happened--;
}
