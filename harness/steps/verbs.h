/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The verbs of the scenario language and the one table that lists them. A verb = its entry here, one line in
 * table.c, its function. */
#ifndef RIG_STEPS_VERBS_H
#define RIG_STEPS_VERBS_H

#include "steps/stage.h"

G_BEGIN_DECLS

/* What a board may have: `needs`, `where`. NULL-terminated. */
extern const char *const rig_capabilities[];
/* The language that the runner speaks: all verbs, in the order of the reference. */
const struct rig_language *rig_language(void);

/* require_steps.c */
extern const struct rig_verb rig_verb_require, rig_verb_where;
/* board_steps.c */
extern const struct rig_verb rig_verb_board, rig_verb_program, rig_verb_wait, rig_verb_note;
/* button_steps.c */
extern const struct rig_verb rig_verb_button;
/* power_steps.c */
extern const struct rig_verb rig_verb_power_on, rig_verb_power_off, rig_verb_power_cycle, rig_verb_reset;
/* probe_steps.c */
extern const struct rig_verb rig_verb_halt, rig_verb_resume, rig_verb_expect_memory, rig_verb_wait_memory,
    rig_verb_dump_slot, rig_verb_write_memory;
/* cut_steps.c, sweep_steps.c */
extern const struct rig_verb rig_verb_cut_power, rig_verb_each_power_cut;
/* loss_steps.c */
extern const struct rig_verb rig_verb_each_link_loss;
/* explore_steps.c */
extern const struct rig_verb rig_verb_explore;
/* link_steps.c */
extern const struct rig_verb rig_verb_connect, rig_verb_disconnect, rig_verb_pair, rig_verb_answer_pairing,
    rig_verb_forget_bond, rig_verb_notifications;
/* att_steps.c */
extern const struct rig_verb rig_verb_att_read, rig_verb_att_write, rig_verb_att_subscribe, rig_verb_expect_value,
    rig_verb_expect_services;
/* fault_steps.c */
extern const struct rig_verb rig_verb_with_faults;
/* update_steps.c */
extern const struct rig_verb rig_verb_upload, rig_verb_mark, rig_verb_confirm;
/* smp_steps.c */
extern const struct rig_verb rig_verb_smp_echo, rig_verb_smp_parameters, rig_verb_smp_reset, rig_verb_smp_raw,
    rig_verb_erase, rig_verb_expect_images;
/* dfu_steps.c */
extern const struct rig_verb rig_verb_enter_bootloader, rig_verb_dfu_request;
/* expect_steps.c */
extern const struct rig_verb rig_verb_expect_boot, rig_verb_expect_board, rig_verb_expect_resets,
    rig_verb_expect_console, rig_verb_expect_link;
/* settings_steps.c */
extern const struct rig_verb rig_verb_expect_settings;
/* flash_steps.c */
extern const struct rig_verb rig_verb_expect_slot, rig_verb_watch_flash, rig_verb_expect_flash;

/* --- shared by the families --- */

/* Values of `expect:` for what is answered over the link. */
extern const char *const rig_answer_choices[];
/* Those of `expect:` with which an answer is a refusal, and with which it is none; for rules. */
extern const char *const rig_answers_refused[], *const rig_answers_ok[], *const rig_no_rc[];
/* What must come of a request; the member of a step's arguments that the next two fields go to. */
struct rig_expected_answer {
    const char *const *outcomes;
    guint32 code; /* of a refusal; 0 = any */
};
#define RIG_FIELD_EXPECT_ANSWER(owner, member)                                                               \
    RIG_FIELD("expect", CHOICE, owner, member.outcomes, .list = true, .choices = rig_answer_choices,         \
              .default_text = "ok",                                                                          \
              .about =                                                                                       \
                  "What must come of it; several = any of them. `any` accepts everything but a broken rig.")
#define RIG_FIELD_EXPECT_RC(owner, member)                                                                   \
    RIG_FIELD("rc", COUNT, owner, member.code, .default_text = "0",                                          \
              .about = "With `expect: refused`: the error code that must be answered; 0 = any.")

#define RIG_RULE_EXPECT_RC                                                                                   \
    {.field = "rc", .kind = RIG_RULE_NEEDS, .other = "expect", .others = rig_answers_refused},               \
    {                                                                                                        \
        .field = "rc", .values = rig_no_rc, .kind = RIG_RULE_NOT_BESIDE, .other = "expect",                  \
        .others = rig_answers_refused, .why = "no refusal has the code 0"                                    \
    }
/* For a field that compares what a good answer holds. */
#define RIG_RULE_NEEDS_OK(field_name)                                                                        \
    {                                                                                                        \
        .field = field_name, .kind = RIG_RULE_NEEDS, .other = "expect", .others = rig_answers_ok             \
    }

/* When it was this host that ended the link (daemon or adapter gone), not the board: that is an error of the
 * rig, whatever the step expects. Returns whether it was. */
bool rig_blame_host(struct rig_run *run, const char *what);
/* Compares what came of a request with what is expected, on record. */
void rig_judge_answer(struct rig_run *run, const struct rig_expected_answer *wanted, const char *what,
                      const struct rig_update_result *result);

/* Lets the board start after reset or power-on until its bootloader ran and the host noticed the end of the
 * old connection. false: trouble. */
bool rig_await_boot(struct rig_run *run, guint64 until_us);
/* Waits until the host knows that its connection is gone; until_us without that is a rig error. false:
 * trouble. */
bool rig_await_link_down(struct rig_run *run, guint64 until_us);

/* The values of a list field (or none). */
static inline guint rig_list_length(const struct rig_value *value)
{
    return value && value->items ? value->items->len : 0;
}
static inline const struct rig_value *rig_list_item(const struct rig_value *value, guint i)
{
    return g_ptr_array_index(value->items, i);
}
/* Of a list of texts, NULL-terminated or NULL: whether it has this one, and "a or b", owned by the caller. */
static inline bool rig_words_have(const char *const *words, const char *word)
{
    return words && g_strv_contains(words, word);
}
static inline char *rig_words_text(const char *const *words)
{
    return words ? g_strjoinv(" or ", (char **)words) : g_strdup("");
}

G_END_DECLS

#endif
