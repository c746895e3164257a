/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Whether the board at the probe is the one that it is taken for. Only reads: nothing is halted for it. */
#include "drivers/probe/openocd_private.h"

#include "base/error.h"

static bool read_number(struct rig_openocd_probe *probe, guint32 *number, GError **error, const char *command)
{
    g_autofree char *text = NULL;
    char *end = NULL;
    guint64 value;

    if (!rig_openocd_command(probe->openocd, RIG_OPENOCD_COMMAND_MS, &text, error, "%s", command))
        return false;
    value = g_ascii_strtoull(text, &end, 0);
    if (end != text && value <= G_MAXUINT32)
        return *number = (guint32)value, true;
    g_set_error(error, RIG_ERROR, RIG_ERROR_DEVICE, "openocd: '%s' answered '%.60s', no number", command,
                text);
    return false;
}

#define UNTOUCHED                                                                                            \
    "it was not halted, erased or programmed; put the right board there, or correct the bench file"

static bool check_word(struct rig_openocd_probe *probe, const struct rig_chip_word *word, const char *wanted,
                       GError **error)
{
    g_autofree char *command = g_strdup_printf("read_memory 0x%x 32 1", word->address);
    g_autofree char *seen = NULL;
    guint32 value;

    if (!read_number(probe, &value, error, command)) {
        g_prefix_error(error, "cannot tell whether the board is %s: ", wanted);
        return false;
    }
    if ((value & word->mask) == word->value)
        return true;
    seen = rig_chip_describe(word->address, value);
    g_set_error(error, RIG_ERROR, RIG_ERROR_DEVICE, "the board at this probe is %s, not %s: " UNTOUCHED, seen,
                wanted);
    return false;
}

static bool check_chip(struct rig_openocd_probe *probe, GError **error)
{
    const char *name = probe->config.expect_chip;
    g_autofree char *wanted = name ? g_strdup_printf("an %s", name) : NULL;
    g_autofree char *names = NULL;
    struct rig_chip_word word;

    if (!name)
        return true;
    if (rig_chip_find(name, &word))
        return check_word(probe, &word, wanted, error);
    names = rig_chip_names();
    g_set_error(error, RIG_ERROR, RIG_ERROR_INPUT, "no chip '%s' is known; there are: %s", name, names);
    return false;
}

static bool check_own_word(struct rig_openocd_probe *probe, GError **error)
{
    const struct rig_chip_word *word = &probe->config.expect_word;
    g_autofree char *wanted = g_strdup_printf("one with 0x%08x there", word->value);

    return word->mask == 0 || check_word(probe, word, wanted, error);
}

static bool check_dpidr(struct rig_openocd_probe *probe, GError **error)
{
    guint32 wanted = probe->config.expect_dpidr;
    guint32 seen;

    if (wanted == 0)
        return true;
    if (!read_number(probe, &seen, error, "[[target current] cget -dap] dpreg 0"))
        return false;
    if (seen == wanted)
        return true;
    g_set_error(error, RIG_ERROR, RIG_ERROR_DEVICE,
                "the debug port at this probe is 0x%08x, not 0x%08x: " UNTOUCHED, seen, wanted);
    return false;
}

bool rig_openocd_check_identity(struct rig_openocd_probe *probe, GError **error)
{
    return check_dpidr(probe, error) && check_chip(probe, error) && check_own_word(probe, error);
}
