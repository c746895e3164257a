/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Findings against expectations, and both in words that can be copied into a scenario. */
#include "steps/explore_verdict.h"

#include "steps/verbs.h"

#define MAX_TOLD 8u

static const struct rig_field finding_fields[] = {
    RIG_FIELD("invariant", CHOICE, struct rig_known_finding, invariant, .choices = rig_invariant_names,
              .required = true, .about = "The invariant that is broken."),
    RIG_FIELD("cuts", COUNT, struct rig_known_finding, n_cuts, .max = 1000, .required = true,
              .about = "The fewest power cuts that lead to it."),
    RIG_FIELD(
        "cause", TEXT, struct rig_known_finding, causes, .list = true, .required = true,
        .about =
            "What the last cut falls on, as the report tells it: `revert before write of primary magic`; "
            "`no cut`. Several: a finding for each."),
    RIG_FIELD("heals-after", COUNT, struct rig_known_finding, heals_after, .max = 1000, .default_text = "0",
              .about = "For `boots`: so many further power-ons bring the board up; 0: none does."),
};
static const char *const what_heals[] = {"boots", NULL};
static const struct rig_rule finding_rules[] = {
    {.field = "heals-after", .kind = RIG_RULE_NEEDS, .other = "invariant", .others = what_heals},
    {0},
};
const struct rig_shape rig_finding_shape = {RIG_SHAPE("finding", finding_fields, struct rig_known_finding),
                                            .rules = finding_rules};

GArray *rig_expected_findings(const struct rig_known_finding *const *known, guint32 judged)
{
    GArray *expected = g_array_new(FALSE, FALSE, sizeof(struct rig_expected_finding));

    for (; known && *known; known++)
        for (const char *const *cause = (*known)->causes; judged >> (*known)->invariant & 1 && *cause;
             cause++) {
            struct rig_expected_finding entry = {(*known)->invariant, (*known)->n_cuts, *cause,
                                                 (*known)->heals_after};

            g_array_append_val(expected, entry);
        }
    return expected;
}

void rig_invariant_verdict_clear(struct rig_invariant_verdict *verdict)
{
    g_free(verdict->text);
    verdict->text = NULL;
}

static bool is_it(const struct rig_expected_finding *entry, const struct rig_finding *finding)
{
    return entry->invariant == finding->invariant && entry->heals_after == finding->heals_after &&
           g_str_equal(entry->cause, finding->cause);
}

/* NULL: nobody expects it. */
static const struct rig_expected_finding *expectation_of(const GArray *expected,
                                                         const struct rig_finding *finding)
{
    for (guint i = 0; i < expected->len; i++)
        if (is_it(&g_array_index(expected, struct rig_expected_finding, i), finding))
            return &g_array_index(expected, struct rig_expected_finding, i);
    return NULL;
}

static bool is_found(const struct rig_exploration *seen, const struct rig_expected_finding *entry)
{
    for (guint i = 0; i < seen->findings->len; i++)
        if (is_it(entry, g_ptr_array_index(seen->findings, i)))
            return true;
    return false;
}

guint rig_expected_missing(const struct rig_exploration *seen, const GArray *expected)
{
    guint n = 0;

    for (guint i = 0; i < expected->len; i++)
        n += !is_found(seen, &g_array_index(expected, struct rig_expected_finding, i));
    return n;
}

static char *entry_text(enum rig_invariant invariant, guint n_cuts, const char *cause, guint heals_after)
{
    g_autofree char *heals = heals_after ? g_strdup_printf(", heals-after: %u", heals_after) : g_strdup("");

    return g_strdup_printf("{invariant: %s, cuts: %u, cause: %s%s}", rig_invariant_name(invariant), n_cuts,
                           cause, heals);
}

static char *finding_text(const struct rig_finding *finding)
{
    return g_strdup_printf("after %u power cut%s, cuts=%s: %s (%" G_GUINT64_FORMAT " such state%s); "
                           "cause: %s",
                           finding->n_cuts, finding->n_cuts == 1 ? "" : "s", finding->path,
                           finding->complaint, finding->n_nodes, finding->n_nodes == 1 ? "" : "s",
                           finding->cause);
}

/* Takes the text. */
static void add_text(GPtrArray *texts, char *text)
{
    if (texts->len < MAX_TOLD)
        g_ptr_array_add(texts, text);
    else
        g_free(text);
}

/* What is found although it is not expected, or not with so many cuts. Returns how many. */
static guint compare_found(const struct rig_exploration *seen, const GArray *expected,
                           struct rig_invariant_verdict *verdict, enum rig_invariant invariant,
                           GPtrArray *texts)
{
    guint n = 0;

    for (guint i = 0; i < seen->findings->len; i++) {
        const struct rig_finding *finding = g_ptr_array_index(seen->findings, i);
        const struct rig_expected_finding *entry = expectation_of(expected, finding);
        g_autofree char *text = NULL;

        if (finding->invariant != invariant || (entry && entry->n_cuts == finding->n_cuts))
            continue;
        text = finding_text(finding);
        if (n++ == 0)
            verdict->shown = finding;
        if (entry)
            add_text(texts, g_strdup_printf("%s, expected after %u", text, entry->n_cuts));
        else if (verdict->expected)
            add_text(texts, g_strdup_printf("not expected: %s", text));
        else
            add_text(texts, g_steal_pointer(&text));
    }
    return n;
}

static guint compare_expected(const struct rig_exploration *seen, const GArray *expected,
                              enum rig_invariant invariant, GPtrArray *texts)
{
    guint n = 0;

    for (guint i = 0; i < expected->len; i++) {
        const struct rig_expected_finding *entry = &g_array_index(expected, struct rig_expected_finding, i);
        g_autofree char *text = entry_text(entry->invariant, entry->n_cuts, entry->cause, entry->heals_after);

        if (entry->invariant != invariant || is_found(seen, entry))
            continue;
        n++;
        add_text(texts, seen->closed ? g_strdup_printf("expected and not found any more: %s", text)
                                     : g_strdup_printf("expected and not found so far: %s", text));
    }
    return n;
}

static void tell_known(const struct rig_exploration *seen, enum rig_invariant invariant, GPtrArray *texts)
{
    for (guint i = 0; i < seen->findings->len; i++) {
        const struct rig_finding *finding = g_ptr_array_index(seen->findings, i);
        g_autofree char *text = NULL;

        if (finding->invariant != invariant)
            continue;
        text = finding_text(finding);
        add_text(texts, g_strdup_printf("%s, as it is known to be", text));
    }
}

static char *joined(GPtrArray *texts, guint n)
{
    g_autofree char *text = NULL;

    g_ptr_array_add(texts, NULL);
    text = g_strjoinv("; ", (char **)texts->pdata);
    return n > MAX_TOLD ? g_strdup_printf("%s; and %u more", text, n - MAX_TOLD) : g_steal_pointer(&text);
}

void rig_judge_invariant(const struct rig_exploration *seen, enum rig_invariant invariant,
                         const GArray *expected, bool may_stay_open, struct rig_invariant_verdict *verdict)
{
    g_autoptr(GPtrArray) texts = g_ptr_array_new_with_free_func(g_free);
    guint n_wrong, n_missing;

    *verdict = (struct rig_invariant_verdict){.invariant = invariant, .verdict = RIG_VERDICT_PASS};
    for (guint i = 0; i < expected->len; i++)
        verdict->expected |= g_array_index(expected, struct rig_expected_finding, i).invariant == invariant;
    n_wrong = compare_found(seen, expected, verdict, invariant, texts);
    n_missing = compare_expected(seen, expected, invariant, texts);
    if (n_wrong || (n_missing && seen->closed)) {
        verdict->verdict = RIG_VERDICT_FAIL;
        verdict->text = joined(texts, n_wrong + n_missing);
        return;
    }
    if (!seen->closed) {
        verdict->verdict = may_stay_open && !n_missing ? RIG_VERDICT_SKIP : RIG_VERDICT_ERROR;
        add_text(texts, g_strdup_printf("not finished: %s; what was explored so far %s", seen->why_open,
                                        verdict->expected ? "has nothing that is not expected"
                                                          : "does not break it"));
        verdict->text = joined(texts, n_missing + 1);
        return;
    }
    if (!verdict->expected) {
        verdict->text = g_strdup("holds");
        return;
    }
    tell_known(seen, invariant, texts);
    verdict->text = joined(texts, texts->len);
}
