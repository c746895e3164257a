/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The tree of known runs. */
#include "explore/known_runs.h"

#include <string.h>

/* Different programs have different roots: the bootloader, each action. */
#define N_PROGRAMS (1 + RIG_N_ACTIONS)
#define NOWHERE G_MAXUINT32
#define MAX_ACCESSES (2u << 20) /* what takes more than this is executed each time */

struct known_access {
    struct rig_access seen;
    guint32 next; /* END: index into ends */
};

/* The other results of a read, by the hash of what was read. Open addressing; access + 1, 0 = free. */
struct branch {
    guint64 hash;
    guint32 head; /* the access that was there first */
    guint32 access;
};

struct rig_known_runs {
    const struct rig_contents *contents;
    GArray *accesses; /* struct known_access */
    GArray *ends;     /* struct rig_known_end */
    guint32 roots[N_PROGRAMS];
    struct branch *branches;
    guint32 mask;
    guint32 n_branches;
    GByteArray *bytes; /* of a write that spans pages */
};

struct rig_known_runs *rig_known_runs_new(const struct rig_contents *contents)
{
    struct rig_known_runs *runs = g_new0(struct rig_known_runs, 1);

    runs->contents = contents;
    runs->accesses = g_array_new(FALSE, FALSE, sizeof(struct known_access));
    runs->ends = g_array_new(FALSE, FALSE, sizeof(struct rig_known_end));
    runs->mask = 1023;
    runs->branches = g_new0(struct branch, runs->mask + 1);
    runs->bytes = g_byte_array_new();
    for (guint i = 0; i < N_PROGRAMS; i++)
        runs->roots[i] = NOWHERE;
    return runs;
}

void rig_known_runs_free(struct rig_known_runs *runs)
{
    if (!runs)
        return;
    g_array_unref(runs->accesses);
    g_array_unref(runs->ends);
    g_byte_array_unref(runs->bytes);
    g_free(runs->branches);
    g_free(runs);
}

gsize rig_known_runs_bytes(const struct rig_known_runs *runs)
{
    return runs->accesses->len * sizeof(struct known_access) +
           runs->ends->len * sizeof(struct rig_known_end) + ((gsize)runs->mask + 1) * sizeof(struct branch);
}

static struct known_access *access_at(const struct rig_known_runs *runs, guint32 number)
{
    return &g_array_index(runs->accesses, struct known_access, number);
}

static bool reads_alike(const struct rig_known_runs *runs, const struct rig_access *access, guint32 content)
{
    return rig_contents_same_range(runs->contents, access->content, content, access->device, access->offset,
                                   access->n_bytes);
}

static guint64 hash_of_read(const struct rig_known_runs *runs, const struct rig_access *access,
                            guint32 content)
{
    return rig_contents_range_hash(runs->contents, content, access->device, access->offset, access->n_bytes);
}

static guint32 place_of(const struct rig_known_runs *runs, guint32 head, guint64 hash)
{
    return (guint32)((hash + head * 0x9e3779b97f4a7c15u) >> 20) & runs->mask;
}

static void put_branch(struct rig_known_runs *runs, struct branch branch)
{
    guint32 at = place_of(runs, branch.head, branch.hash);

    while (runs->branches[at].access)
        at = (at + 1) & runs->mask;
    runs->branches[at] = branch;
    runs->n_branches++;
}

static void add_branch(struct rig_known_runs *runs, struct branch branch)
{
    struct branch *old = runs->branches;
    guint32 n_old = runs->mask + 1;

    if (runs->n_branches * 2 > runs->mask) {
        runs->mask = runs->mask * 2 + 1;
        runs->n_branches = 0;
        runs->branches = g_new0(struct branch, runs->mask + 1);
        for (guint32 i = 0; i < n_old; i++)
            if (old[i].access)
                put_branch(runs, old[i]);
        g_free(old);
    }
    put_branch(runs, branch);
}

/* The access that stands for this read with this result; NOWHERE: it never gave that. */
static guint32 find_branch(const struct rig_known_runs *runs, guint32 head, guint32 content, guint64 *hash)
{
    const struct rig_access *first = &access_at(runs, head)->seen;

    if (reads_alike(runs, first, content))
        return head;
    *hash = hash_of_read(runs, first, content);
    for (guint32 at = place_of(runs, head, *hash); runs->branches[at].access; at = (at + 1) & runs->mask) {
        const struct branch *branch = &runs->branches[at];

        if (branch->head == head && branch->hash == *hash &&
            reads_alike(runs, &access_at(runs, branch->access - 1)->seen, content))
            return branch->access - 1;
    }
    return NOWHERE;
}

static guint32 append(struct rig_known_runs *runs, const struct rig_access *seen, guint32 next)
{
    struct known_access access = {.seen = *seen, .next = next};

    g_array_append_val(runs->accesses, access);
    return runs->accesses->len - 1;
}

static bool is_same_place(const struct rig_access *a, const struct rig_access *b)
{
    return a->kind == b->kind && a->device == b->device && a->offset == b->offset && a->n_bytes == b->n_bytes;
}

/* From the known access to the one that stands for this one, which may have to be made; NOWHERE: they
 * contradict each other. */
static guint32 go_along(struct rig_known_runs *runs, guint32 known, const struct rig_access *seen)
{
    guint64 hash = 0;
    guint32 found;

    if (!is_same_place(&access_at(runs, known)->seen, seen))
        return NOWHERE;
    if (seen->kind == RIG_ACCESS_WRITE)
        return reads_alike(runs, &access_at(runs, known)->seen, seen->content) ? known : NOWHERE;
    if (seen->kind != RIG_ACCESS_READ)
        return known;
    found = find_branch(runs, known, seen->content, &hash);
    if (found == NOWHERE) {
        found = append(runs, seen, NOWHERE);
        add_branch(runs, (struct branch){.hash = hash, .head = known, .access = found + 1});
    }
    return found;
}

void rig_known_runs_learn(struct rig_known_runs *runs, guint root, const struct rig_access *accesses,
                          guint n_accesses, const struct rig_known_end *end)
{
    const struct rig_access last = {.kind = RIG_ACCESS_END};
    guint32 at = NOWHERE;

    if (runs->accesses->len + n_accesses > MAX_ACCESSES)
        return;
    for (guint i = 0; i <= n_accesses; i++) {
        const struct rig_access *seen = i < n_accesses ? &accesses[i] : &last;
        guint32 next = at == NOWHERE ? runs->roots[root] : access_at(runs, at)->next;

        if (next != NOWHERE)
            next = go_along(runs, next, seen);
        else
            next = append(runs, seen, seen->kind == RIG_ACCESS_END ? runs->ends->len : NOWHERE);
        if (next == NOWHERE)
            return;
        /* A branch hangs on the read that was there first, everything else on what comes before it. */
        if (at == NOWHERE && runs->roots[root] == NOWHERE)
            runs->roots[root] = next;
        else if (at != NOWHERE && access_at(runs, at)->next == NOWHERE)
            access_at(runs, at)->next = next;
        at = next;
    }
    if (access_at(runs, at)->next == runs->ends->len)
        g_array_append_vals(runs->ends, end, 1);
}

static struct sim_flash_operation operation_of(struct rig_known_runs *runs, const struct rig_access *access)
{
    struct sim_flash_operation operation = {.kind = SIM_FLASH_ERASE,
                                            .device = access->device,
                                            .offset = access->offset,
                                            .n_bytes = access->n_bytes};

    if (access->kind == RIG_ACCESS_ERASE)
        return operation;
    operation.kind = SIM_FLASH_WRITE;
    operation.bytes = rig_contents_bytes_at(runs->contents, access->content, access->device, access->offset,
                                            access->n_bytes);
    if (operation.bytes)
        return operation;
    g_byte_array_set_size(runs->bytes, access->n_bytes);
    rig_contents_read(runs->contents, access->content, access->device, access->offset, runs->bytes->data,
                      access->n_bytes);
    operation.bytes = runs->bytes->data;
    return operation;
}

const struct rig_known_end *
rig_known_runs_follow(struct rig_known_runs *runs, guint root, guint32 content,
                      guint32 (*apply)(void *user, const struct sim_flash_operation *operation), void *user)
{
    for (guint32 at = runs->roots[root]; at != NOWHERE; at = access_at(runs, at)->next) {
        const struct rig_access *access = &access_at(runs, at)->seen;
        struct sim_flash_operation operation;
        guint64 hash;

        if (access->kind == RIG_ACCESS_END)
            return &g_array_index(runs->ends, struct rig_known_end, access_at(runs, at)->next);
        if (access->kind == RIG_ACCESS_READ) {
            at = find_branch(runs, at, content, &hash);
            if (at == NOWHERE)
                return NULL;
            continue;
        }
        operation = operation_of(runs, access);
        content = apply(user, &operation);
        if (content == RIG_CONTENT_NONE)
            return NULL;
    }
    return NULL;
}
