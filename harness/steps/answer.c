/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What steps share: asking and judging answers, lists of arguments, waiting for a boot. */
#include "steps/look.h"
#include "steps/verbs.h"

const char *const rig_answer_choices[] = {"ok",  "refused", "silence", "link-lost", "malformed-answer",
                                          "any", NULL};
const char *const rig_answers_refused[] = {"refused", "any", NULL};
const char *const rig_answers_ok[] = {"ok", "any", NULL};
const char *const rig_no_rc[] = {"0", NULL};

bool rig_blame_host(struct rig_run *run, const char *what)
{
    struct rig_link_state state;

    run->board->link->ops->state(run->board->link, &state);
    if (state.host_fault)
        rig_run_error_text(run,
                           "%s: this host broke the link, not the board: %s; see `systemctl status "
                           "bluetooth` and `bootrig doctor`",
                           what, state.text);
    return state.host_fault;
}

void rig_judge_answer(struct rig_run *run, const struct rig_expected_answer *wanted, const char *what,
                      const struct rig_update_result *result)
{
    const char *kind = rig_update_result_name(result->kind);
    g_autofree char *words = rig_words_text(wanted->outcomes);
    g_autofree char *expected = wanted->code && rig_words_have(wanted->outcomes, "refused")
                                    ? g_strdup_printf("%s with rc %u", words, wanted->code)
                                    : g_strdup(words);
    g_autofree char *seen =
        result->kind == RIG_UPDATE_DONE ? g_strdup("ok") : g_strdup_printf("%s (%s)", kind, result->text);
    bool ok = rig_words_have(wanted->outcomes, "any") || rig_words_have(wanted->outcomes, kind);

    if (ok && wanted->code && result->kind == RIG_UPDATE_REFUSED)
        ok = result->code == wanted->code;
    if (result->kind == RIG_UPDATE_LINK)
        run->last_link = result->link;
    if (result->kind == RIG_UPDATE_LINK && rig_blame_host(run, what))
        return;
    rig_run_expect(run, ok, what, expected, seen);
}

struct boot_wait {
    struct rig_probe *probe;
    guint n_boots;
};

static bool booted(void *user)
{
    struct boot_wait *wait = user;
    struct rig_board_view view;

    return wait->probe->ops->view(wait->probe, &view, NULL) && view.n_boots != wait->n_boots;
}

static bool link_is_down(void *user)
{
    struct rig_link *link = user;
    struct rig_link_state state;

    if (!link)
        return true; /* a board without one */
    link->ops->state(link, &state);
    return !state.connected;
}

bool rig_await_link_down(struct rig_run *run, guint64 until_us)
{
    GError *error = NULL;
    bool down = false;

    if (!rig_board_wait_for(run->board, until_us, link_is_down, run->board->link, &down, &error))
        rig_run_error(run, error);
    else if (!down)
        rig_run_error_text(run, "this host does not notice that the connection is gone");
    return down && !rig_run_troubled(run);
}

bool rig_await_boot(struct rig_run *run, guint64 until_us)
{
    struct boot_wait wait = {.probe = run->board->probe, .n_boots = run->boots_before};
    GError *error = NULL;
    bool seen = false;

    if (rig_look_by_server(run->board))
        return rig_look_await_return(run, until_us);
    if (wait.probe && !rig_board_wait_for(run->board, until_us, booted, &wait, &seen, &error)) {
        rig_run_error(run, error);
        return false;
    }
    if (wait.probe && !seen) {
        if (!rig_run_can_look(run))
            return false;
        rig_run_fail(run, "a bootloader run", "none", "the bootloader did not run before the deadline");
        return false;
    }
    /* The host learns of the reset only when the supervision timeout is over: until then it believes in the
     * old connection. */
    if (!rig_board_wait_for(run->board, until_us, link_is_down, run->board->link, &seen, &error)) {
        rig_run_error(run, error);
        return false;
    }
    rig_update_restart(run->update);
    return true;
}
