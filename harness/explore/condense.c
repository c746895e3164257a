/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Steps that repeat each other are told once at their begin and once at their end. */
#include "explore/account.h"

#define MAX_PERIOD 12u
#define MIN_REPEATS 4u /* less is shorter in full */
#define KEEP_FIRST 12u /* of a power-on that is still too long */

static bool alike(const struct rig_account_step *a, const struct rig_account_step *b)
{
    return a->kind == b->kind && a->kind != RIG_ACCOUNT_MORE && a->by_application == b->by_application &&
           a->area == b->area && a->n_operations == b->n_operations && a->n_bytes == b->n_bytes &&
           g_strcmp0(a->field, b->field) == 0 && !a->torn && !b->torn;
}

/* How often the steps from `at` on repeat with this period, the first time counted. */
static guint n_repeats(const GPtrArray *steps, guint at, guint period)
{
    guint n = 0;

    while (at + n + period < steps->len &&
           alike(g_ptr_array_index(steps, at + n), g_ptr_array_index(steps, at + n + period)))
        n++;
    return n / period + 1;
}

static void merge_cell(struct rig_account_step *more, const struct rig_cell_change *change)
{
    for (guint i = more->cells->len; i > 0; i--) {
        struct rig_cell_change *kept = &g_array_index(more->cells, struct rig_cell_change, i - 1);

        if (kept->area == change->area && kept->sector == change->sector) {
            kept->cell = change->cell;
            return;
        }
    }
    g_array_append_vals(more->cells, change, 1);
}

static void merge_trailer(struct rig_account_step *more, const struct rig_trailer_change *change)
{
    for (guint i = 0; i < more->trailers->len; i++) {
        struct rig_trailer_change *kept = &g_array_index(more->trailers, struct rig_trailer_change, i);

        if (kept->area == change->area) {
            kept->trailer = change->trailer;
            return;
        }
    }
    g_array_append_vals(more->trailers, change, 1);
}

static void merge(struct rig_account_step *more, const struct rig_account_step *step)
{
    more->n_operations += step->n_operations;
    more->n_bytes += step->n_bytes;
    more->n_steps += step->kind == RIG_ACCOUNT_MORE ? step->n_steps : 1;
    for (guint i = 0; i < step->cells->len; i++)
        merge_cell(more, &g_array_index(step->cells, struct rig_cell_change, i));
    for (guint i = 0; i < step->trailers->len; i++)
        merge_trailer(more, &g_array_index(step->trailers, struct rig_trailer_change, i));
}

/* n_times 0: steps that do not repeat. */
static void replace_by_more(GPtrArray *steps, guint at, guint n, guint n_times)
{
    struct rig_account_step *more = rig_account_step_new();
    const struct rig_account_step *first = g_ptr_array_index(steps, at);

    more->kind = RIG_ACCOUNT_MORE;
    more->area = RIG_ACCOUNT_ELSEWHERE;
    more->by_application = first->by_application;
    more->first_operation = first->first_operation;
    for (guint i = 0; i < n; i++)
        merge(more, g_ptr_array_index(steps, at + i));
    more->text = n_times ? g_strdup_printf("the same %u times more", n_times)
                         : g_strdup_printf("%u steps", more->n_steps);
    g_ptr_array_remove_range(steps, at, n);
    g_ptr_array_insert(steps, (gint)at, more);
}

/* Of the periods at one place the one that covers most, the shortest of those. */
static guint best_period(const GPtrArray *steps, guint at, guint *n_times)
{
    guint best = 0;

    *n_times = 0;
    for (guint period = 1; period <= MAX_PERIOD; period++) {
        guint n = n_repeats(steps, at, period);

        if (n >= MIN_REPEATS && n * period > *n_times * best) {
            best = period;
            *n_times = n;
        }
    }
    return best;
}

void rig_account_condense(GPtrArray *steps)
{
    for (guint at = 0; at < steps->len; at++) {
        guint n_times;
        guint period = best_period(steps, at, &n_times);

        if (period == 0)
            continue;
        replace_by_more(steps, at + period, (n_times - 2) * period, n_times - 2);
        at += 2 * period;
    }
    if (steps->len > RIG_ACCOUNT_MAX_STEPS)
        replace_by_more(steps, KEEP_FIRST, steps->len - RIG_ACCOUNT_MAX_STEPS + 1, 0);
}
