/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The table of verbs and the capabilities that scenarios may need. */
#include "steps/verbs.h"

static const struct rig_verb *const verbs[] = {
    &rig_verb_board,
    &rig_verb_require,
    &rig_verb_program,
    &rig_verb_wait,
    &rig_verb_note,
    &rig_verb_power_on,
    &rig_verb_power_off,
    &rig_verb_power_cycle,
    &rig_verb_reset,
    &rig_verb_button,
    &rig_verb_halt,
    &rig_verb_resume,
    &rig_verb_dump_slot,
    &rig_verb_write_memory,
    &rig_verb_cut_power,
    &rig_verb_each_power_cut,
    &rig_verb_explore,
    &rig_verb_connect,
    &rig_verb_disconnect,
    &rig_verb_pair,
    &rig_verb_answer_pairing,
    &rig_verb_forget_bond,
    &rig_verb_notifications,
    &rig_verb_att_read,
    &rig_verb_att_write,
    &rig_verb_att_subscribe,
    &rig_verb_each_link_loss,
    &rig_verb_with_faults,
    &rig_verb_upload,
    &rig_verb_mark,
    &rig_verb_confirm,
    &rig_verb_erase,
    &rig_verb_smp_echo,
    &rig_verb_smp_parameters,
    &rig_verb_smp_reset,
    &rig_verb_smp_raw,
    &rig_verb_expect_boot,
    &rig_verb_expect_board,
    &rig_verb_expect_resets,
    &rig_verb_expect_console,
    &rig_verb_expect_link,
    &rig_verb_expect_value,
    &rig_verb_expect_services,
    &rig_verb_expect_images,
    &rig_verb_expect_slot,
    &rig_verb_watch_flash,
    &rig_verb_expect_flash,
    &rig_verb_expect_settings,
    &rig_verb_expect_memory,
    &rig_verb_wait_memory,
    &rig_verb_enter_bootloader,
    &rig_verb_dfu_request,
};

static const char *const capabilities[] = {
    "simulated",
    "update",
    "smp",
    "dfu",
    "dfu-secure",
    "dfu-legacy",
    "buttonless",
    "ble",
    "power",
    "button",
    "reset",
    "probe",
    "debug",
    "console",
    "bonding",
    "raw-security",
    "bluetooth-stack",
    "chosen-mtu",
    "raw-gatt",
    "packet-faults",
    "board-options",
    "power-cut-at-operation",
    "power-cut-at-console",
    "power-cut-after-time",
    "rewind",
    "restore",
    "power-cut-at-memory",
    "flash-watch",
    "explore",
    "two-images",
    "external-flash",
    NULL,
};

const struct rig_language *rig_language(void)
{
    static const struct rig_language language = {
        .verbs = verbs, .n_verbs = G_N_ELEMENTS(verbs), .capabilities = capabilities};
    g_autofree char *problem = rig_language_problem(&language);

    if (problem)
        g_error("%s", problem);
    return &language;
}
