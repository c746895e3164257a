/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The tree of known runs. */
#include "explore/ways.h"

#define NOWHERE G_MAXUINT32
#define MAX_EVENTS (2u << 20) /* what takes more than this is executed each time */

struct event {
    struct rig_way_event seen;
    guint32 next; /* END: index into ends */
};

/* The other results of a read, by the hash of what was read. Open addressing; event + 1, 0 = free. */
struct branch {
    guint64 hash;
    guint32 head; /* the event that was there first */
    guint32 event;
};

struct rig_ways {
    const struct rig_contents *contents;
    GArray *events; /* struct event */
    GArray *ends;   /* struct rig_way_end */
    guint32 roots[RIG_N_WAYS];
    struct branch *branches;
    guint32 mask;
    guint32 n_branches;
    GByteArray *bytes; /* of a write that spans pages */
};

struct rig_ways *rig_ways_new(const struct rig_contents *contents)
{
    struct rig_ways *ways = g_new0(struct rig_ways, 1);

    ways->contents = contents;
    ways->events = g_array_new(FALSE, FALSE, sizeof(struct event));
    ways->ends = g_array_new(FALSE, FALSE, sizeof(struct rig_way_end));
    ways->mask = 1023;
    ways->branches = g_new0(struct branch, ways->mask + 1);
    ways->bytes = g_byte_array_new();
    for (guint i = 0; i < RIG_N_WAYS; i++)
        ways->roots[i] = NOWHERE;
    return ways;
}

void rig_ways_free(struct rig_ways *ways)
{
    if (!ways)
        return;
    g_array_unref(ways->events);
    g_array_unref(ways->ends);
    g_byte_array_unref(ways->bytes);
    g_free(ways->branches);
    g_free(ways);
}

gsize rig_ways_bytes(const struct rig_ways *ways)
{
    return ways->events->len * sizeof(struct event) + ways->ends->len * sizeof(struct rig_way_end) +
           ((gsize)ways->mask + 1) * sizeof(struct branch);
}

static struct event *event_at(const struct rig_ways *ways, guint32 number)
{
    return &g_array_index(ways->events, struct event, number);
}

static bool reads_alike(const struct rig_ways *ways, const struct rig_way_event *event, guint32 content)
{
    return rig_contents_same_range(ways->contents, event->content, content, event->device, event->offset,
                                   event->n_bytes);
}

static guint64 hash_of_read(const struct rig_ways *ways, const struct rig_way_event *event, guint32 content)
{
    return rig_contents_range_hash(ways->contents, content, event->device, event->offset, event->n_bytes);
}

static guint32 place_of(const struct rig_ways *ways, guint32 head, guint64 hash)
{
    return (guint32)((hash + head * 0x9e3779b97f4a7c15u) >> 20) & ways->mask;
}

static void put_branch(struct rig_ways *ways, struct branch branch)
{
    guint32 at = place_of(ways, branch.head, branch.hash);

    while (ways->branches[at].event)
        at = (at + 1) & ways->mask;
    ways->branches[at] = branch;
    ways->n_branches++;
}

static void add_branch(struct rig_ways *ways, struct branch branch)
{
    struct branch *old = ways->branches;
    guint32 n_old = ways->mask + 1;

    if (ways->n_branches * 2 > ways->mask) {
        ways->mask = ways->mask * 2 + 1;
        ways->n_branches = 0;
        ways->branches = g_new0(struct branch, ways->mask + 1);
        for (guint32 i = 0; i < n_old; i++)
            if (old[i].event)
                put_branch(ways, old[i]);
        g_free(old);
    }
    put_branch(ways, branch);
}

/* The event that stands for this read with this result; NOWHERE: it never gave that. */
static guint32 find_branch(const struct rig_ways *ways, guint32 head, guint32 content, guint64 *hash)
{
    const struct rig_way_event *first = &event_at(ways, head)->seen;

    if (reads_alike(ways, first, content))
        return head;
    *hash = hash_of_read(ways, first, content);
    for (guint32 at = place_of(ways, head, *hash); ways->branches[at].event; at = (at + 1) & ways->mask) {
        const struct branch *branch = &ways->branches[at];

        if (branch->head == head && branch->hash == *hash &&
            reads_alike(ways, &event_at(ways, branch->event - 1)->seen, content))
            return branch->event - 1;
    }
    return NOWHERE;
}

static guint32 append(struct rig_ways *ways, const struct rig_way_event *seen, guint32 next)
{
    struct event event = {.seen = *seen, .next = next};

    g_array_append_val(ways->events, event);
    return ways->events->len - 1;
}

static bool is_same_place(const struct rig_way_event *a, const struct rig_way_event *b)
{
    return a->kind == b->kind && a->device == b->device && a->offset == b->offset && a->n_bytes == b->n_bytes;
}

/* From the known event to the one that stands for this one, which may have to be made; NOWHERE: they
 * contradict each other. */
static guint32 go_along(struct rig_ways *ways, guint32 known, const struct rig_way_event *seen)
{
    guint64 hash = 0;
    guint32 found;

    if (!is_same_place(&event_at(ways, known)->seen, seen))
        return NOWHERE;
    if (seen->kind == RIG_WAY_WRITE)
        return reads_alike(ways, &event_at(ways, known)->seen, seen->content) ? known : NOWHERE;
    if (seen->kind != RIG_WAY_READ)
        return known;
    found = find_branch(ways, known, seen->content, &hash);
    if (found == NOWHERE) {
        found = append(ways, seen, NOWHERE);
        add_branch(ways, (struct branch){.hash = hash, .head = known, .event = found + 1});
    }
    return found;
}

void rig_ways_learn(struct rig_ways *ways, guint root, const struct rig_way_event *events, guint n_events,
                    const struct rig_way_end *end)
{
    const struct rig_way_event last = {.kind = RIG_WAY_END};
    guint32 at = NOWHERE;

    if (ways->events->len + n_events > MAX_EVENTS)
        return;
    for (guint i = 0; i <= n_events; i++) {
        const struct rig_way_event *seen = i < n_events ? &events[i] : &last;
        guint32 next = at == NOWHERE ? ways->roots[root] : event_at(ways, at)->next;

        if (next != NOWHERE)
            next = go_along(ways, next, seen);
        else
            next = append(ways, seen, seen->kind == RIG_WAY_END ? ways->ends->len : NOWHERE);
        if (next == NOWHERE)
            return;
        /* A branch hangs on the read that was there first, everything else on what comes before it. */
        if (at == NOWHERE && ways->roots[root] == NOWHERE)
            ways->roots[root] = next;
        else if (at != NOWHERE && event_at(ways, at)->next == NOWHERE)
            event_at(ways, at)->next = next;
        at = next;
    }
    if (event_at(ways, at)->next == ways->ends->len)
        g_array_append_vals(ways->ends, end, 1);
}

static struct sim_flash_operation operation_of(struct rig_ways *ways, const struct rig_way_event *event)
{
    struct sim_flash_operation operation = {
        .kind = SIM_FLASH_ERASE, .device = event->device, .offset = event->offset, .n_bytes = event->n_bytes};

    if (event->kind == RIG_WAY_ERASE)
        return operation;
    operation.kind = SIM_FLASH_WRITE;
    operation.bytes =
        rig_contents_bytes_at(ways->contents, event->content, event->device, event->offset, event->n_bytes);
    if (operation.bytes)
        return operation;
    g_byte_array_set_size(ways->bytes, event->n_bytes);
    rig_contents_read(ways->contents, event->content, event->device, event->offset, ways->bytes->data,
                      event->n_bytes);
    operation.bytes = ways->bytes->data;
    return operation;
}

const struct rig_way_end *
rig_ways_follow(struct rig_ways *ways, guint root, guint32 content,
                guint32 (*apply)(void *user, const struct sim_flash_operation *operation), void *user)
{
    for (guint32 at = ways->roots[root]; at != NOWHERE; at = event_at(ways, at)->next) {
        const struct rig_way_event *event = &event_at(ways, at)->seen;
        struct sim_flash_operation operation;
        guint64 hash;

        if (event->kind == RIG_WAY_END)
            return &g_array_index(ways->ends, struct rig_way_end, event_at(ways, at)->next);
        if (event->kind == RIG_WAY_READ) {
            at = find_branch(ways, at, content, &hash);
            if (at == NOWHERE)
                return NULL;
            continue;
        }
        operation = operation_of(ways, event);
        content = apply(user, &operation);
        if (content == RIG_CONTENT_NONE)
            return NULL;
    }
    return NULL;
}
