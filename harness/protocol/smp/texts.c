/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Words for the error codes of every group. */
#include "protocol/smp/smp.h"

#include <stdio.h>

#define N_OF(table) (sizeof(table) / sizeof *(table))

static const char *const generic[] = {
    "ok",
    "unknown error",
    "no memory or no buffer",
    "invalid value",
    "timeout",
    "no such entry",
    "bad state",
    "message too large for the response",
    "not supported",
    "corrupt",
    "busy, try later",
    "access denied",
    "protocol version too old",
    "protocol version too new",
};
static const char *const os[] = {
    "ok",
    "unknown error",
    "bad format",
    "the query has no answer",
    "the clock is not set",
    "clock command failed",
    "the query's value is not valid",
    "heap statistics failed",
};
static const char *const image[] = {
    "ok",
    "unknown error",
    "flash configuration query failed",
    "no image in the slot",
    "the image has no TLVs",
    "bad TLV",
    "several hash TLVs",
    "a TLV has the wrong size",
    "hash not found",
    "no free slot",
    "flash open failed",
    "flash read failed",
    "flash write failed",
    "flash erase failed",
    "bad slot",
    "no memory",
    "flash context already set",
    "flash context not set",
    "the flash area has no device",
    "bad page offset",
    "the offset is missing",
    "the length is missing",
    "the first chunk is shorter than an image header",
    "wrong image magic",
    "bad hash",
    "bad flash address",
    "reading the version failed",
    "the current version is newer",
    "an image is already pending",
    "wrong vector table",
    "the image is larger than the slot",
    "the data overruns the declared size",
    "confirm denied",
    "test of the active image denied",
    "the active slot is unknown",
};
static const char *const statistics[] = {
    "ok", "unknown error", "bad group", "bad statistic name", "bad size", "walk aborted",
};
static const char *const settings[] = {
    "ok",
    "unknown error",
    "key too long",
    "key not found",
    "read not supported",
    "root key not found",
    "write not supported",
    "delete not supported",
    "save not supported",
};
static const char *const files[] = {
    "ok",
    "unknown error",
    "bad name",
    "not found",
    "is a directory",
    "open failed",
    "seek failed",
    "read failed",
    "truncate failed",
    "delete failed",
    "write failed",
    "the offset is not valid",
    "the offset is past the file",
    "unknown hash type",
    "mount point missing",
    "read-only",
    "the file is empty",
    "close failed",
};
static const char *const shell[] = {"ok", "unknown error", "command too long", "empty command"};
static const char *const enumeration[] = {"ok", "unknown error", "too many entries", "no heap",
                                          "index too large"};
static const char *const basic[] = {
    "ok", "unknown error", "flash open failed", "flash configuration query failed", "flash erase failed",
};

struct group_texts {
    unsigned group;
    const char *name;
    const char *const *texts;
    size_t n_texts;
};
static const struct group_texts groups[] = {
    {0, "os", os, N_OF(os)},
    {1, "image", image, N_OF(image)},
    {2, "statistics", statistics, N_OF(statistics)},
    {3, "settings", settings, N_OF(settings)},
    {8, "file system", files, N_OF(files)},
    {9, "shell", shell, N_OF(shell)},
    {10, "enumeration", enumeration, N_OF(enumeration)},
    {63, "basic", basic, N_OF(basic)},
};

static const struct group_texts *find_group(unsigned group)
{
    for (size_t i = 0; i < N_OF(groups); i++) {
        if (groups[i].group == group)
            return &groups[i];
    }
    return NULL;
}

const char *rig_smp_rc_text(unsigned rc)
{
    return rc < N_OF(generic) ? generic[rc] : NULL;
}

const char *rig_smp_group_rc_text(unsigned group, unsigned rc)
{
    const struct group_texts *found = find_group(group);

    return found && rc < found->n_texts ? found->texts[rc] : NULL;
}

static void group_error_text(const struct rig_smp_error *error, char *text, size_t room)
{
    const struct group_texts *group = find_group(error->group);
    const char *words = rig_smp_group_rc_text(error->group, error->rc);
    char number[24];

    snprintf(number, sizeof number, "group %u", error->group);
    if (group)
        snprintf(number, sizeof number, "%s group", group->name);
    if (words)
        snprintf(text, room, "%s: %s (%u)", number, words, (unsigned)error->rc);
    else
        snprintf(text, room, "%s: code %u", number, (unsigned)error->rc);
}

void rig_smp_error_text(const struct rig_smp_error *error, char *text, size_t room)
{
    const char *words = rig_smp_rc_text(error->rc);

    if (room == 0)
        return;
    if (!error->failed)
        snprintf(text, room, "ok");
    else if (error->group_error)
        group_error_text(error, text, room);
    else
        snprintf(text, room, "rc %u%s%s%s%s%s", (unsigned)error->rc, words ? ": " : "", words ? words : "",
                 error->reason[0] ? " (" : "", error->reason, error->reason[0] ? ")" : "");
}
