/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Verb: require: what a case needs of the board's layout and options and no other step implies. */
#include "steps/verbs.h"

#include "bench/option_fields.h"
#include "steps/fit.h"

static const char *const any_signature[] = {"any",          "none",    "ecdsa-p256", "rsa-2048",
                                            "rsa-3072",     "ed25519", "ecdsa-p384", "ed25519-sha512",
                                            "ed25519-pure", NULL};

/* Options that neither target nor case name are what the first choice says: see bench/option_fields.h. */
static const struct rig_field require_fields[] = {
    {.name = "swap",
     .type = RIG_TYPE_CHOICE,
     .list = true,
     .choices = rig_choices_swap,
     .about = "One of these swap modes."},
    {.name = "sign",
     .type = RIG_TYPE_CHOICE,
     .list = true,
     .choices = any_signature,
     .about = "The bootloader demands one of these signatures; `any`: whichever, but it demands one."},
    {.name = "encrypt",
     .type = RIG_TYPE_CHOICE,
     .list = true,
     .choices = rig_choices_encryption,
     .about = "The bootloader decrypts images whose keys are wrapped in one of these ways; none: it decrypts "
              "none."},
    {.name = "downgrade",
     .type = RIG_TYPE_CHOICE,
     .list = true,
     .choices = rig_choices_downgrade,
     .about = "One of these rules for older images."},
    {.name = "validate-primary", .type = RIG_TYPE_FLAG, .about = "Whether slot 0 is checked at every boot."},
    {.name = "swap-fixes", .type = RIG_TYPE_FLAG, .about = "Whether known defects of upstream are mended."},
    {.name = "overwrite-fast", .type = RIG_TYPE_FLAG, .about = "Whether overwrite copies the image only."},
    {.name = "update-needs",
     .type = RIG_TYPE_CHOICE,
     .list = true,
     .choices = rig_choices_security,
     .about = "What the update service demands of the link."},
    {.name = "bonding", .type = RIG_TYPE_FLAG, .about = "Whether the board bonds."},
    {.name = "repairing",
     .type = RIG_TYPE_CHOICE,
     .list = true,
     .choices = rig_choices_repairing,
     .about = "What becomes of a host that pairs anew."},
    {.name = "reassembly", .type = RIG_TYPE_FLAG, .about = "Whether a message may span several writes."},
    {.name = "parameters", .type = RIG_TYPE_FLAG, .about = "Whether the parameters command is answered."},
    {.name = "original-protocol", .type = RIG_TYPE_FLAG, .about = "Whether header version 0 is served."},
    {.name = "erase-pending", .type = RIG_TYPE_FLAG, .about = "Whether a marked slot may be erased."},
    {.name = "progressive-erase", .type = RIG_TYPE_FLAG, .about = "Whether the upload erases as it goes."},
    {.name = "mtu", .type = RIG_TYPE_COUNT, .min = 23, .max = 517, .about = "ATT_MTU, at least."},
    {.name = "buffer-size", .type = RIG_TYPE_SIZE, .min = 64, .max = 4096, .about = "SMP buffer, at least."},
    {.name = "buffers", .type = RIG_TYPE_COUNT, .min = 1, .max = 8, .about = "SMP buffers, at least."},
    {.name = "security-counter",
     .type = RIG_TYPE_FLAG,
     .about = "Whether the device keeps a security counter."},
    {.name = "refuses-reset", .type = RIG_TYPE_FLAG, .about = "Whether the application may refuse a reset."},
    {.name = "sdk",
     .type = RIG_TYPE_CHOICE,
     .list = true,
     .choices = rig_choices_sdk,
     .about = "Nordic: one of these SDKs."},
    {.name = "banks",
     .type = RIG_TYPE_CHOICE,
     .list = true,
     .choices = rig_choices_banks,
     .about = "Nordic: one of these ways to receive an update."},
    {.name = "buttonless",
     .type = RIG_TYPE_CHOICE,
     .list = true,
     .choices = rig_choices_buttonless,
     .about = "Nordic: one of these ways from the application into the bootloader."},
    {.name = "requires-bonds",
     .type = RIG_TYPE_FLAG,
     .about = "Nordic: whether only bonded hosts are served."},
    {.name = "save-progress",
     .type = RIG_TYPE_FLAG,
     .about = "Nordic: whether the progress of a transfer survives a reset."},
    {.name = "serial-recovery",
     .type = RIG_TYPE_FLAG,
     .about = "Whether the bootloader serves SMP on its serial port."},
    {.name = "minimal-scramble",
     .type = RIG_TYPE_FLAG,
     .about = "Whether a rejected image loses its header and its trailer only."},
    {.name = "slot-erase",
     .type = RIG_TYPE_DURATION,
     .min = 1,
     .about = "Erasing a slot of image 0 takes at least so long."},
    {.name = "sector-size",
     .type = RIG_TYPE_SIZE,
     .list = true,
     .min = 16,
     .max = 1 << 20,
     .about = "Both slots of image 0 have sectors of (one of) these sizes."},
    {.name = "write-size",
     .type = RIG_TYPE_SIZE,
     .list = true,
     .min = 1,
     .max = 32,
     .about = "Both slots of image 0 are written in units of (one of) these sizes."},
    {.name = "max-align",
     .type = RIG_TYPE_COUNT,
     .list = true,
     .min = 1,
     .max = 32,
     .about = "The fields of a trailer take (one of) so many bytes each."},
    {.name = "slot-size",
     .type = RIG_TYPE_SIZE,
     .min = 1024,
     .about = "Both slots of image 0 have this size."},
    {.name = "slot-below",
     .type = RIG_TYPE_SIZE,
     .min = 1024,
     .about = "Both slots of image 0 are smaller than this."},
    {.name = "scratch-size",
     .type = RIG_TYPE_SIZE,
     .min = 16,
     .about = "The scratch area has at least this size."},
    {.name = "images", .type = RIG_TYPE_COUNT, .min = 1, .max = 2, .about = "The board has so many images."},
};
static const struct rig_shape require_shape = {
    .name = "require", .fields = require_fields, .n_fields = G_N_ELEMENTS(require_fields)};

/* What is said of an option where nobody says anything; "" for numbers, which then have no bound. */
static const char *seen_choice(const struct rig_fit *fit, const struct rig_field *field)
{
    if (g_str_equal(field->name, "swap"))
        return rig_swap_mode_name(fit->layout.mode);
    if (g_str_equal(field->name, "sign"))
        return fit->layout.signing_needed ? rig_signing_name(fit->layout.signing, &fit->layout.signed_how)
                                          : "none";
    if (g_str_equal(field->name, "banks"))
        return rig_choices_banks[fit->layout.nordic.banks];
    if (g_str_equal(field->name, "buttonless"))
        return rig_choices_buttonless[fit->layout.nordic.buttonless];
    if (g_str_equal(field->name, "downgrade") && fit->layout.family != RIG_BOOTLOADER_MCUBOOT)
        return fit->layout.nordic.refuses_downgrade ? "by-version" : "allowed";
    return rig_fit_choice(fit, field->name, field->choices[0]);
}

static char *unlike(const struct rig_fit *fit, const char *name, const char *wanted, const char *seen)
{
    return g_strdup_printf("the case requires '%s: %s', and target '%s' has '%s: %s'%s", name, wanted,
                           fit->target->name, name, seen,
                           rig_fit_is_chosen(fit, name) ? " by the step 'board'" : "");
}

/* "a or b"; accepts: one of them is `seen`, or "any". */
static char *choices_text(const struct rig_value *wanted, const char *seen, bool *accepts)
{
    GString *text = g_string_new(NULL);

    *accepts = false;
    for (guint i = 0; i < wanted->items->len; i++) {
        const char *word = rig_list_item(wanted, i)->keyword;

        *accepts =
            *accepts || g_str_equal(word, seen) || (g_str_equal(word, "any") && !g_str_equal(seen, "none"));
        g_string_append_printf(text, "%s%s", i ? " or " : "", word);
    }
    return g_string_free(text, FALSE);
}

static char *choice_unfit(const struct rig_fit *fit, const struct rig_field *field,
                          const struct rig_value *wanted)
{
    const char *seen = seen_choice(fit, field);
    bool accepts;
    g_autofree char *text = choices_text(wanted, seen, &accepts);

    return accepts ? NULL : unlike(fit, field->name, text, seen);
}

static char *flag_unfit(const struct rig_fit *fit, const struct rig_field *field,
                        const struct rig_value *wanted)
{
    bool by_presence =
        g_str_equal(field->name, "security-counter") || g_str_equal(field->name, "serial-recovery");
    bool seen = by_presence ? rig_fit_option(fit, field->name) != NULL : rig_fit_flag(fit, field->name);

    return seen == wanted->flag
               ? NULL
               : unlike(fit, field->name, wanted->flag ? "true" : "false", seen ? "true" : "false");
}

static char *at_least(const struct rig_fit *fit, const char *name, guint64 wanted, guint64 otherwise)
{
    guint64 seen = rig_fit_count(fit, name, otherwise);

    if (seen >= wanted)
        return NULL;
    return g_strdup_printf("the case requires '%s' of at least %" G_GUINT64_FORMAT
                           ", and target '%s' has %" G_GUINT64_FORMAT,
                           name, wanted, fit->target->name, seen);
}

static guint32 slot_number(const struct rig_layout *layout, guint index, const char *name)
{
    const struct rig_slot *slot = &layout->slots[index];
    guint32 sector_bytes = layout->logical_sector ? layout->logical_sector
                           : slot->mixed_sectors  ? 0
                                                  : slot->sector_bytes;

    return g_str_equal(name, "sector-size")  ? sector_bytes
           : g_str_equal(name, "write-size") ? slot->geometry.write_bytes
           : g_str_equal(name, "max-align")  ? slot->geometry.max_align
                                             : slot->n_bytes;
}

static bool is_one_of(const struct rig_value *wanted, guint64 seen)
{
    for (guint i = 0; i < rig_list_length(wanted); i++)
        if (rig_list_item(wanted, i)->count == seen)
            return true;
    return !wanted->is_list && wanted->count == seen;
}

static char *wanted_sizes(const struct rig_value *wanted)
{
    GString *text = g_string_new(NULL);

    for (guint i = 0; i < rig_list_length(wanted); i++)
        g_string_append_printf(text, "%s%" G_GUINT64_FORMAT "B", i ? " or " : "",
                               rig_list_item(wanted, i)->count);
    if (!wanted->is_list)
        g_string_append_printf(text, "%" G_GUINT64_FORMAT "B", wanted->count);
    return g_string_free(text, FALSE);
}

static char *slots_unfit(const struct rig_fit *fit, const char *name, const struct rig_value *wanted)
{
    bool below = g_str_equal(name, "slot-below");

    for (guint i = 0; i < 2 && i < fit->layout.n_slots; i++) {
        guint32 seen = slot_number(&fit->layout, i, name);
        g_autofree char *text = NULL;

        if (below ? seen < wanted->count : is_one_of(wanted, seen))
            continue;
        text = wanted_sizes(wanted);
        return g_strdup_printf("the case requires '%s: %s', and slot %u of target '%s' has %u bytes%s", name,
                               text, i, fit->target->name, seen,
                               seen ? "" : " (they are not all of one size)");
    }
    return NULL;
}

static char *erase_unfit(const struct rig_fit *fit, guint64 wanted_us)
{
    guint64 seen_us = fit->layout.slots[1].erase_us;

    if (seen_us >= wanted_us)
        return NULL;
    return g_strdup_printf("the case requires a slot whose erase takes %" G_GUINT64_FORMAT
                           " ms, and on target '%s' it takes %" G_GUINT64_FORMAT,
                           wanted_us / 1000, fit->target->name, seen_us / 1000);
}

static char *scratch_unfit(const struct rig_fit *fit, guint64 wanted)
{
    guint32 seen = fit->layout.scratch.n_bytes;

    return seen >= wanted ? NULL
                          : g_strdup_printf("the case requires a scratch area of at least %" G_GUINT64_FORMAT
                                            " bytes, and that of target '%s' has %u",
                                            wanted, fit->target->name, seen);
}

static char *number_unfit(const struct rig_fit *fit, const char *name, const struct rig_value *wanted)
{
    guint n_images = rig_layout_n_images(&fit->layout);

    if (g_str_equal(name, "mtu"))
        return at_least(fit, name, wanted->count, 517);
    if (g_str_equal(name, "buffer-size"))
        return at_least(fit, name, wanted->count, 384);
    if (g_str_equal(name, "buffers"))
        return at_least(fit, name, wanted->count, 4);
    if (g_str_equal(name, "slot-erase"))
        return erase_unfit(fit, wanted->count);
    if (g_str_equal(name, "scratch-size"))
        return scratch_unfit(fit, wanted->count);
    if (!g_str_equal(name, "images"))
        return slots_unfit(fit, name, wanted);
    return n_images == wanted->count
               ? NULL
               : g_strdup_printf("the case requires %" G_GUINT64_FORMAT " image(s), and target '%s' has %u",
                                 wanted->count, fit->target->name, n_images);
}

static char *require_unfit(const struct rig_step *step, struct rig_fit *fit)
{
    char *reason = NULL;

    for (gsize i = 0; i < require_shape.n_fields && !reason; i++) {
        const struct rig_field *field = &require_fields[i];
        const struct rig_value *wanted = step->arguments->values[i];

        if (wanted && !rig_layout_has_option(&fit->layout, field->name))
            reason = g_strdup_printf("the case requires '%s', which has no meaning for %s", field->name,
                                     rig_bootloader_family_name(fit->layout.family));
        else if (wanted)
            reason = field->type == RIG_TYPE_CHOICE ? choice_unfit(fit, field, wanted)
                     : field->type == RIG_TYPE_FLAG ? flag_unfit(fit, field, wanted)
                                                    : number_unfit(fit, field->name, wanted);
    }
    return reason;
}

/* The plan has looked at it: a case that comes here fits. */
static void run_require(struct rig_run *run, const struct rig_step *step)
{
    (void)run;
    (void)step;
}

const struct rig_verb rig_verb_require = {
    .name = "require",
    .family = "board",
    .about =
        "What the case needs of the board's layout and options, as the step `board` before it left them, "
        "and no other step implies. On another board the case is skipped before it starts, and "
        "`bootrig list --target` tells it.",
    .shape = &require_shape,
    .within_us = 1000000,
    .at_once = true,
    .unfit = require_unfit,
    .example = "require: {swap: [move, offset], sector-size: 4KiB}",
    .run = run_require,
};

struct where_arguments {
    const char *const *has;
};
static const struct rig_field where_fields[] = {
    RIG_FIELD("has", CHOICE, struct where_arguments, has, .list = true, .choices = rig_capabilities,
              .required = true, .about = "Capabilities of the board, all of which it takes."),
};
static const struct rig_shape where_shape = {RIG_SHAPE("where", where_fields, struct where_arguments),
                                             .shorthand = "has"};

/* NULL: none. */
static const char *missing(const struct rig_step *step, const char *const *capabilities)
{
    for (const char *const *has = RIG_ARGUMENTS(step, struct where_arguments)->has; *has; has++)
        if (!g_strv_contains((const gchar *const *)capabilities, *has))
            return *has;
    return NULL;
}

static bool where_leaves_out(const struct rig_step *step, const char *const *capabilities)
{
    return missing(step, capabilities) != NULL;
}

static void run_where(struct rig_run *run, const struct rig_step *step)
{
    const char *lack = missing(step, run->board->capabilities);
    g_autofree char *prefix = g_strdup_printf("%s.%s", run->step_id->str, step->verb->block);

    if (lack)
        rig_run_note(run, "not judged: the board lacks '%s': %u step(s) are left out", lack,
                     step->block->len);
    else
        rig_run_steps(run, step->block, prefix);
}

const struct rig_verb rig_verb_where = {
    .name = "where",
    .family = "board",
    .about =
        "Plays the steps in `do` on boards that have these capabilities, and leaves them out on others, "
        "where "
        "the case is played without them and its record says so: for what a case looks at beside that which "
        "it is about.",
    .shape = &where_shape,
    .block = "do",
    .within_us = 1000000,
    .at_once = true,
    .leaves_out = where_leaves_out,
    .example = "- where: console\n  do: [{expect-console: \"Swap type: test\"}]",
    .run = run_where,
};
