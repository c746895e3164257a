/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Verb: expect-settings: what the settings pages of Nordic's bootloaders say. */
#include "steps/verbs.h"

#include "drivers/probe/nordic_view.h"
#include "steps/fit.h"

#include <string.h>

static const char *const needs_settings[] = {"probe", "dfu", NULL};
static const char *const pages[] = {"in-force", "main", "backup", NULL};
static const char *const page_states[] = {"valid", "erased", "damaged", NULL};
static const char *const banks[] = {
    "invalid", "application", "softdevice", "bootloader", "softdevice-bootloader", "erased", NULL};
static const char *const extras[] = {"erased", "valid", "used", NULL};
static const char *const validations[] = {"none", "crc", "sha256", "ecdsa", NULL};

struct settings_arguments {
    const char *page;
    const char *const *states;
    const char *const *banks[2];
    const guint32 *bytes[2];
    const guint32 *app_version;
    const guint32 *bootloader_version;
    const char *peer_data;
    const char *name;
    const char *validation;
    const bool *init_packet;
    const guint32 *received;
    const guint32 *copied;
};
static const struct rig_field settings_fields[] = {
    RIG_FIELD("page", CHOICE, struct settings_arguments, page, .choices = pages, .default_text = "in-force",
              .about = "The main page, its backup, or what the bootloader takes of both at its next start."),
    RIG_FIELD("state", CHOICE, struct settings_arguments, states, .list = true, .choices = page_states,
              .about = "Of one page: its checksums fit, all of it reads erased, or neither."),
    RIG_FIELD("bank-0", CHOICE, struct settings_arguments, banks[0], .list = true, .choices = banks,
              .about = "What bank 0 is said to hold."),
    RIG_FIELD("bank-1", CHOICE, struct settings_arguments, banks[1], .list = true, .choices = banks,
              .about = "What bank 1 is said to hold: it waits to be made active."),
    RIG_FIELD("bank-0-size", SIZE, struct settings_arguments, bytes[0], .about = "Its recorded size."),
    RIG_FIELD("bank-1-size", SIZE, struct settings_arguments, bytes[1], .about = "Its recorded size."),
    RIG_FIELD("app-version", COUNT, struct settings_arguments, app_version, .max = 0xffffffffu,
              .about = "Secure: the version of the application that is recorded."),
    RIG_FIELD("bootloader-version", COUNT, struct settings_arguments, bootloader_version, .max = 0xffffffffu,
              .about = "Secure: that of the bootloader."),
    RIG_FIELD("peer-data", CHOICE, struct settings_arguments, peer_data, .choices = extras,
              .about = "Secure: the bond that the application handed over; `used`: neither erased nor valid, "
                       "and nothing can be written there."),
    RIG_FIELD("name", LINE, struct settings_arguments, name, .min = 1,
              .about = "Secure: the advertising name that the application handed over."),
    RIG_FIELD("boot-validation", CHOICE, struct settings_arguments, validation, .choices = validations,
              .about = "Secure: how the application is checked at each start."),
    RIG_FIELD("init-packet", FLAG, struct settings_arguments, init_packet,
              .about = "Secure: whether an init packet of a transfer is stored."),
    RIG_FIELD("received", SIZE, struct settings_arguments, received,
              .about = "Secure: bytes of a transfer that are on record (save-progress)."),
    RIG_FIELD("copied", SIZE, struct settings_arguments, copied,
              .about = "Secure: bytes that an activation has copied so far."),
};
static const char *const settings_checks[] = {"state",
                                              "bank-0",
                                              "bank-1",
                                              "bank-0-size",
                                              "bank-1-size",
                                              "app-version",
                                              "bootloader-version",
                                              "peer-data",
                                              "name",
                                              "boot-validation",
                                              "init-packet",
                                              "received",
                                              "copied",
                                              NULL};
static const char *const single_pages[] = {"main", "backup", NULL};
static const struct rig_rule settings_rules[] = {
    {.field = "state", .kind = RIG_RULE_NEEDS, .other = "page", .others = single_pages},
    {0},
};
static const struct rig_shape settings_shape = {
    RIG_SHAPE("expect-settings", settings_fields, struct settings_arguments), .at_least_one = settings_checks,
    .rules = settings_rules};

static void expect_word(struct rig_run *run, const char *what, const char *const *wanted, const char *seen)
{
    g_autofree char *expected = wanted ? rig_words_text(wanted) : NULL;

    if (wanted)
        rig_run_expect(run, rig_words_have(wanted, seen), what, expected, seen);
}

static void expect_number(struct rig_run *run, const char *what, const guint32 *wanted, guint32 seen)
{
    g_autofree char *expected = wanted ? g_strdup_printf("%u", *wanted) : NULL;
    g_autofree char *text = g_strdup_printf("%u", seen);

    if (wanted)
        rig_run_expect(run, *wanted == seen, what, expected, text);
}

static void expect_text(struct rig_run *run, const char *what, const char *wanted, const char *seen)
{
    if (wanted)
        rig_run_expect(run, g_str_equal(wanted, seen), what, wanted, seen);
}

static const char *state_word(enum rig_nordic_page page)
{
    return page == RIG_NORDIC_PAGE_VALID ? "valid" : page == RIG_NORDIC_PAGE_ERASED ? "erased" : "damaged";
}

static const char *extra_word(enum rig_nordic_extra extra)
{
    return extra == RIG_NORDIC_EXTRA_VALID ? "valid" : extra == RIG_NORDIC_EXTRA_USED ? "used" : "erased";
}

static void expect_secure(struct rig_run *run, const struct settings_arguments *wanted,
                          const struct rig_nordic_settings *seen)
{
    char name[RIG_NORDIC_MAX_NAME_BYTES + 1] = "";
    bool named = rig_nordic_name_decode(seen->name, name) == RIG_NORDIC_EXTRA_VALID;

    expect_word(run, "bank 0", wanted->banks[0], rig_nordic_bank_code_name(seen->banks[0].code));
    expect_word(run, "bank 1", wanted->banks[1], rig_nordic_bank_code_name(seen->banks[1].code));
    expect_number(run, "size of bank 0", wanted->bytes[0], seen->banks[0].image_bytes);
    expect_number(run, "size of bank 1", wanted->bytes[1], seen->banks[1].image_bytes);
    expect_number(run, "application version", wanted->app_version, seen->app_version);
    expect_number(run, "bootloader version", wanted->bootloader_version, seen->bootloader_version);
    expect_text(run, "peer data", wanted->peer_data,
                extra_word(rig_nordic_peer_decode(seen->peer_data, NULL)));
    expect_text(run, "advertising name", wanted->name, named ? name : "none");
    expect_text(run, "boot validation", wanted->validation,
                rig_nordic_validation_name(seen->validations[RIG_NORDIC_APPLICATION].type));
    if (wanted->init_packet)
        rig_run_expect(run, *wanted->init_packet == (seen->command_size != 0), "init packet",
                       *wanted->init_packet ? "stored" : "none", seen->command_size ? "stored" : "none");
    expect_number(run, "bytes received", wanted->received, seen->image_offset);
    expect_number(run, "bytes copied", wanted->copied, seen->write_offset);
}

static void run_expect_settings(struct rig_run *run, const struct rig_step *step)
{
    const struct settings_arguments *wanted = RIG_ARGUMENTS(step, struct settings_arguments);
    bool backup = g_str_equal(wanted->page, "backup"), legacy;
    struct rig_nordic_recorded seen;
    GError *error = NULL;

    if (!rig_nordic_read_settings(run->board->probe, &seen, &error)) {
        rig_run_error(run, error);
        return;
    }
    legacy = run->board->layout.family == RIG_BOOTLOADER_NORDIC_LEGACY;
    if (legacy) {
        expect_word(run, "settings page", wanted->states, seen.blank ? "erased" : "valid");
        expect_word(run, "bank 0", wanted->banks[0], rig_legacy_bank_name(seen.legacy.bank_0));
        expect_word(run, "bank 1", wanted->banks[1], rig_legacy_bank_name(seen.legacy.bank_1));
        expect_number(run, "size of bank 0", wanted->bytes[0], seen.n_bytes);
        return;
    }
    expect_word(run, backup ? "backup page" : "settings page", wanted->states,
                state_word(backup ? seen.backup_page : seen.main_page));
    expect_secure(run, wanted,
                  backup                              ? &seen.backup_settings
                  : g_str_equal(wanted->page, "main") ? &seen.main_settings
                                                      : &seen.settings);
}

/* A word that the pages of a legacy bootloader do not have. */
static const char *secure_field(const struct settings_arguments *wanted)
{
    return wanted->app_version          ? "app-version"
           : wanted->bootloader_version ? "bootloader-version"
           : wanted->peer_data          ? "peer-data"
           : wanted->name               ? "name"
           : wanted->validation         ? "boot-validation"
           : wanted->init_packet        ? "init-packet"
           : wanted->received           ? "received"
           : wanted->copied             ? "copied"
           : wanted->bytes[1]           ? "bank-1-size"
                                        : NULL;
}

static char *settings_unfit(const struct rig_step *step, struct rig_fit *fit)
{
    const struct settings_arguments *wanted = RIG_ARGUMENTS(step, struct settings_arguments);
    const char *secure = secure_field(wanted);

    if (secure && fit->layout.family == RIG_BOOTLOADER_NORDIC_LEGACY)
        return g_strdup_printf("the settings page of %s has no '%s'",
                               rig_bootloader_family_name(fit->layout.family), secure);
    if (g_str_equal(wanted->page, "backup") && fit->layout.nordic.backup == 0)
        return g_strdup_printf("the bootloader of target '%s' keeps no backup of its settings",
                               fit->target->name);
    return NULL;
}

const struct rig_verb rig_verb_expect_settings = {
    .name = "expect-settings",
    .family = "expect",
    .about =
        "Reads the settings page of Nordic's bootloaders through the probe, and its backup, and compares "
        "what it says of banks, versions, transfer and activation.",
    .shape = &settings_shape,
    .within_us = 10u * 1000 * 1000,
    .at_once = true,
    .needs = needs_settings,
    .unfit = settings_unfit,
    .example = "expect-settings: {bank-0: application, bank-1: invalid, app-version: 2000000}",
    .run = run_expect_settings,
};
