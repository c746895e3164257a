/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Tables of what bites: see settings.h. */
#include "drivers/bluez/settings.h"

#include <stdio.h>
#include <string.h>

#define MAX_MTU 517 /* more than that bluetoothd does not take */

struct setting {
    const char *section, *key;
    const char *const *good; /* values that do not bite; NULL-terminated */
    bool unset_is_good;
    const char *bad; /* the one that is serious; NULL: none */
    const char *write;
    const char *why;
};

static const char *const le[] = {"le", NULL};
static const char *const one[] = {"1", NULL};
static const char *const always_or_no[] = {"always", "no", NULL};
static const char *const off[] = {"off", NULL};
static const char *const largest[] = {"517", NULL};

/* clang-format off */
static const struct setting settings[] = {
    {"General", "ControllerMode", le, false, "bredr", "ControllerMode = le",
     "boards that can do both are else looked for over BR/EDR, too"},
    {"GATT", "Channels", one, false, NULL, "Channels = 1",
     "with several channels (EATT) discovery stalls for 30 s on some kernels; older daemons open 3 by default"},
    {"GATT", "ExchangeMTU", largest, true, NULL, "ExchangeMTU = 517", "a smaller one makes uploads slow"},
    {"GATT", "Cache", always_or_no, true, NULL, "Cache = always",
     "services of boards without a bond are else read anew at each connection; `no` is right while firmware with and without "
     "the update service shares one address"},
    {"General", "Privacy", off, true, NULL, "Privacy = off",
     "with a private address a bond hangs on an identity key of this host, which `bootrig bond export` does not take along"},
};
/* clang-format on */

static void judge(const struct setting *setting, const char *value, rig_bluez_remark remark, void *user)
{
    bool serious = value && setting->bad && g_ascii_strcasecmp(value, setting->bad) == 0;
    g_autofree char *text = NULL;

    if (value ? g_strv_contains(setting->good, value) : setting->unset_is_good)
        return;
    if (serious)
        text = g_strdup_printf("[%s] %s = %s switches Bluetooth LE off: write `%s` there", setting->section,
                               setting->key, value, setting->write);
    else if (value)
        text = g_strdup_printf("[%s] %s = %s: better `%s`: %s", setting->section, setting->key, value,
                               setting->write, setting->why);
    else
        text = g_strdup_printf("[%s] %s is not set: better `%s`: %s", setting->section, setting->key,
                               setting->write, setting->why);
    remark(user, serious, text);
}

void rig_bluez_judge_settings(const char *text, gsize n_bytes, rig_bluez_remark remark, void *user)
{
    g_autoptr(GKeyFile) file = g_key_file_new();
    g_autoptr(GError) error = NULL;
    g_autofree char *said = NULL;

    if (n_bytes > RIG_BLUEZ_MAX_CONF_BYTES ||
        (n_bytes > 0 && !g_key_file_load_from_data(file, text, n_bytes, G_KEY_FILE_NONE, &error))) {
        said = g_strdup_printf("it is no key file (%s), and bluetoothd starts without it: mend it",
                               error ? error->message : "too long");
        remark(user, false, said);
        return;
    }
    for (gsize i = 0; i < G_N_ELEMENTS(settings); i++) {
        g_autofree char *value = g_key_file_get_string(file, settings[i].section, settings[i].key, NULL);

        judge(&settings[i], value ? g_strstrip(value) : NULL, remark, user);
    }
}

/* A version number that stands by itself, so that 6.1.19 is not found in 6.1.192. */
static bool names_version(const char *text, const char *wanted)
{
    for (const char *at = strstr(text, wanted); at; at = strstr(at + 1, wanted))
        if ((at == text || !(g_ascii_isdigit(at[-1]) || at[-1] == '.')) &&
            !(g_ascii_isdigit(at[strlen(wanted)]) || at[strlen(wanted)] == '.'))
            return true;
    return false;
}

void rig_bluez_judge_kernel(const char *release, const char *version, rig_bluez_remark remark, void *user)
{
    if (names_version(release, "6.1.192") || names_version(version, "6.1.192"))
        remark(
            user, true,
            "Linux 6.1.192 panics when a board that lost its bond is met: boot 6.1.190, 6.12 or another one");
}

void rig_bluez_judge_daemon(const char *version, rig_bluez_remark remark, void *user)
{
    unsigned major = 0, minor = 0;

    if (sscanf(version, "%u.%u", &major, &minor) != 2)
        remark(user, false, "bluetoothd does not tell its version; bootrig was tried with 5.66");
    else if (major < 5 || (major == 5 && minor < 66))
        remark(user, false,
               "this bluetoothd is older than the one that bootrig was tried with, 5.66: update bluez");
    else if (major == 5 && minor == 66)
        remark(user, false,
               "bluetoothd 5.66 dies in AcquireNotify where a board refuses the subscription for want of "
               "encryption and "
               "hangs up; bootrig goes around that, but keep other programs away from the board meanwhile");
}
