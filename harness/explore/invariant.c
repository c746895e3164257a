/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The invariants: names, meaning, judgement. */
#include "explore/invariant.h"

const char *const rig_invariant_choices[RIG_N_INVARIANTS + 2] = {"all",
                                                                 "boots",
                                                                 "no-crash",
                                                                 "verified-only",
                                                                 "allowed-image",
                                                                 "update-happens",
                                                                 "revert-not-lost",
                                                                 "stays-installed",
                                                                 "confirmed-by-application",
                                                                 "backup-intact",
                                                                 "stays-in-its-areas",
                                                                 "writes-erased-only",
                                                                 "wear",
                                                                 "settings-valid",
                                                                 "data-kept",
                                                                 "updatable",
                                                                 "success-committed",
                                                                 "application-kept",
                                                                 NULL};
static const char *const abouts[RIG_N_INVARIANTS] = {
    "Each power-on brings the board up with an image, or in its updater, within the allowed number of them.",
    "No assertion, crash, endless loop or refused flash operation.",
    "Only an image whose hash and signature are good is started.",
    "Before an update was asked for only the old image runs; afterwards the old or the new one.",
    "An update that was asked for and met no power cut runs at the next boot.",
    "A new image that ran on trial and was not confirmed is taken back at the next boot, for good.",
    "An update that was confirmed, or asked for as permanent, stays.",
    "An image on trial is not marked as confirmed unless the application did it.",
    "While the new image is on trial, the old one is kept whole.",
    "No write or erase outside of the places that an update may change.",
    "No write to bytes that were not erased.",
    "No sector is erased more often in one boot than allowed.",
    "The bootloader's settings or their backup are valid at each power-on.",
    "What no update may touch, the application's data with its bonds, stays as it is.",
    "Wherever a cut leaves the board, it takes the update without a probe.",
    "An update that the board answered with success is there after a power cut.",
    "Until an update is complete, the old application runs.",
};

const char *rig_invariant_name(enum rig_invariant invariant)
{
    return rig_invariant_names[invariant];
}

const char *rig_invariant_about(enum rig_invariant invariant)
{
    return abouts[invariant];
}

bool rig_invariant_from_name(const char *name, enum rig_invariant *invariant)
{
    for (guint i = 0; i < RIG_N_INVARIANTS; i++)
        if (g_str_equal(rig_invariant_names[i], name))
            return *invariant = (enum rig_invariant)i, true;
    return false;
}

static bool life_has(const struct rig_life *life, enum rig_action action)
{
    for (guint i = 0; i < life->n_actions; i++)
        if (life->actions[i] == action)
            return true;
    return false;
}

bool rig_invariant_applies(enum rig_invariant invariant, const struct rig_subject *subject,
                           const struct rig_life *life, const char **why)
{
    bool about_trials = invariant == RIG_INVARIANT_REVERT_NOT_LOST ||
                        invariant == RIG_INVARIANT_BACKUP_INTACT ||
                        invariant == RIG_INVARIANT_CONFIRMED_BY_APPLICATION;

    *why = NULL;
    if (!(subject->invariants >> invariant & 1))
        *why = "this bootloader has no such thing";
    else if (about_trials && !subject->reverts)
        *why = "this bootloader does not revert";
    else if (about_trials && !life_has(life, RIG_ACTION_TEST))
        *why = "nothing is on trial in this life cycle";
    else if (invariant == RIG_INVARIANT_CONFIRMED_BY_APPLICATION && !subject->tells_confirmed)
        *why = "this bootloader cannot tell what is confirmed";
    else if (invariant == RIG_INVARIANT_BACKUP_INTACT && !subject->tells_copy)
        *why = "this bootloader does not tell where the copy is";
    return *why == NULL;
}

static guint32 bit_if(bool broken, enum rig_invariant invariant)
{
    return broken ? 1u << invariant : 0;
}

/* What runs; or, in the updater, what is installed. */
static guint32 judge_image(const struct rig_judged *judged, const struct rig_request *request)
{
    const struct rig_trace *trace = judged->trace;
    guint8 image = trace->image;
    bool is_new = image == RIG_IMAGE_NEW;
    bool is_mixed = image == RIG_IMAGE_MIXED;
    bool waits = trace->end == RIG_END_UPDATER;
    bool on_trial = is_new && request->made && !request->permanent && !request->confirm_begun;
    bool must_stay = request->complete && (request->permanent || request->confirmed);
    guint32 broken = 0;

    broken |= bit_if((image == RIG_IMAGE_UNKNOWN && !waits) ||
                         (image < RIG_N_EXPLORE_IMAGES && !judged->images[image].verified),
                     RIG_INVARIANT_VERIFIED_ONLY);
    broken |= bit_if(is_mixed || (is_new && !request->made), RIG_INVARIANT_ALLOWED_IMAGE);
    broken |= bit_if(!is_new && request->complete && !request->confirm_begun && judged->history.untouched,
                     RIG_INVARIANT_UPDATE_HAPPENS);
    broken |= bit_if(!is_new && must_stay, RIG_INVARIANT_STAYS_INSTALLED);
    broken |= bit_if(on_trial && judged->history.tried, RIG_INVARIANT_REVERT_NOT_LOST);
    broken |=
        bit_if(on_trial && (trace->flags & RIG_TRACE_CONFIRMED), RIG_INVARIANT_CONFIRMED_BY_APPLICATION);
    broken |= bit_if(on_trial && judged->subject->tells_copy && !(trace->flags & RIG_TRACE_COPY_KEPT),
                     RIG_INVARIANT_BACKUP_INTACT);
    broken |= bit_if(!is_new && judged->history.promised, RIG_INVARIANT_SUCCESS_COMMITTED);
    broken |= bit_if(!is_new && waits && !request->complete, RIG_INVARIANT_APPLICATION_KEPT);
    return broken;
}

static guint32 judge_run(const struct rig_judged *judged)
{
    const struct rig_trace *trace = judged->trace;
    struct rig_request request =
        rig_history_request(judged->life, &judged->history, judged->subject->reverts);
    bool crashed = trace->end == RIG_END_ASSERT || trace->end == RIG_END_CRASH ||
                   trace->end == RIG_END_LOOP || trace->end == RIG_END_FLASH_FAULT;
    guint32 broken = 0;

    broken |= bit_if(trace->flags & RIG_TRACE_OUTSIDE, RIG_INVARIANT_STAYS_IN_ITS_AREAS);
    broken |= bit_if(trace->flags & RIG_TRACE_OVERWRITES, RIG_INVARIANT_WRITES_ERASED_ONLY);
    if (judged->is_action)
        return broken | bit_if(trace->flags & RIG_TRACE_REFUSED, RIG_INVARIANT_UPDATABLE);
    broken |= bit_if(judged->max_erases > 0 && trace->most_erases > judged->max_erases, RIG_INVARIANT_WEAR);
    broken |= bit_if(crashed, RIG_INVARIANT_NO_CRASH);
    broken |= bit_if(!judged->comes_up, RIG_INVARIANT_BOOTS);
    broken |= bit_if(trace->flags & RIG_TRACE_NO_SETTINGS, RIG_INVARIANT_SETTINGS_VALID);
    broken |= bit_if(trace->flags & RIG_TRACE_DATA_LOST, RIG_INVARIANT_DATA_KEPT);
    return rig_end_is_up(trace->end) ? broken | judge_image(judged, &request) : broken;
}

guint32 rig_judge(const struct rig_judged *judged)
{
    return judge_run(judged) & judged->subject->invariants;
}

static char *runs_text(const struct rig_judged *judged, const char *image)
{
    return judged->trace->end == RIG_END_UPDATER ? g_strdup("the board waits in its bootloader for an update")
                                                 : g_strdup_printf("%s runs", image);
}

static char *success_text(const struct rig_judged *judged, const char *image)
{
    g_autofree char *runs = runs_text(judged, image);

    return g_strdup_printf("the board answered the update with success; after the cut %s", runs);
}

char *rig_invariant_complaint(enum rig_invariant invariant, const struct rig_judged *judged, const char *said)
{
    const struct rig_trace *trace = judged->trace;
    const char *image = trace->image == RIG_IMAGE_UNKNOWN ? "something that is none of the images"
                        : trace->image == RIG_IMAGE_MIXED ? "a mixed pair, one image old and one new,"
                                                          : judged->images[trace->image].name;

    switch (invariant) {
    case RIG_INVARIANT_BOOTS:
    case RIG_INVARIANT_NO_CRASH:
        return rig_end_sentence((enum rig_end)trace->end, said);
    case RIG_INVARIANT_VERIFIED_ONLY:
    case RIG_INVARIANT_ALLOWED_IMAGE:
    case RIG_INVARIANT_UPDATE_HAPPENS:
    case RIG_INVARIANT_STAYS_INSTALLED:
    case RIG_INVARIANT_APPLICATION_KEPT:
        return runs_text(judged, image);
    case RIG_INVARIANT_REVERT_NOT_LOST:
        return g_strdup_printf("%s runs again, although it was not confirmed", image);
    case RIG_INVARIANT_CONFIRMED_BY_APPLICATION:
        return g_strdup_printf("%s runs on trial and is marked as confirmed", image);
    case RIG_INVARIANT_BACKUP_INTACT:
        return g_strdup_printf("%s runs on trial, and the image to go back to is damaged", image);
    case RIG_INVARIANT_STAYS_IN_ITS_AREAS:
        return g_strdup_printf("an operation outside of %s",
                               judged->subject->places ? judged->subject->places : "the slots");
    case RIG_INVARIANT_WRITES_ERASED_ONLY:
        return g_strdup("a write to bytes that were not erased");
    case RIG_INVARIANT_WEAR:
        return g_strdup_printf("one sector was erased %u times, allowed are %u", trace->most_erases,
                               judged->max_erases);
    case RIG_INVARIANT_SETTINGS_VALID:
        return g_strdup("neither the settings nor their backup are valid");
    case RIG_INVARIANT_DATA_KEPT:
        return g_strdup("bytes that no update may touch are changed");
    case RIG_INVARIANT_UPDATABLE:
        return g_strdup("the update is refused or fails, although no power is cut");
    case RIG_INVARIANT_SUCCESS_COMMITTED:
        return success_text(judged, image);
    }
    return g_strdup("");
}
