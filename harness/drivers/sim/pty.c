/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Opening a raw pseudo-terminal. */
#define _XOPEN_SOURCE 700
#include "drivers/sim/pty.h"

#include <fcntl.h>
#include <stdlib.h>
#include <termios.h>
#include <unistd.h>

bool rig_pty_open(struct rig_pty *pty)
{
    struct termios settings;
    const char *path;

    pty->keeper = -1;
    pty->path = NULL;
    pty->master = posix_openpt(O_RDWR | O_NOCTTY);
    if (pty->master < 0 || grantpt(pty->master) < 0 || unlockpt(pty->master) < 0 ||
        fcntl(pty->master, F_SETFD, FD_CLOEXEC) < 0 || fcntl(pty->master, F_SETFL, O_NONBLOCK) < 0 ||
        !(path = ptsname(pty->master)))
        return false;
    pty->path = g_strdup(path);
    pty->keeper = open(path, O_RDWR | O_NOCTTY | O_CLOEXEC);
    if (pty->keeper < 0 || tcgetattr(pty->keeper, &settings) < 0)
        return false;
    settings.c_lflag &= (tcflag_t) ~(ECHO | ICANON | ISIG | IEXTEN);
    settings.c_oflag &= (tcflag_t)~OPOST;
    settings.c_iflag &= (tcflag_t) ~(ICRNL | IXON);
    return tcsetattr(pty->keeper, TCSANOW, &settings) == 0;
}

void rig_pty_close(struct rig_pty *pty)
{
    if (pty->master >= 0)
        close(pty->master);
    if (pty->keeper >= 0)
        close(pty->keeper);
    g_free(pty->path);
    *pty = (struct rig_pty){.master = -1, .keeper = -1};
}
