/* SPDX-License-Identifier: GPL-3.0-or-later */
/* socket() and bind(): see hci.h. */
#include "transport/hci.h"

#include <errno.h>
#include <sys/socket.h>
#include <unistd.h>

#define PROTOCOL_HCI 1

struct address {
    sa_family_t family;
    unsigned short adapter;
    unsigned short channel;
};

int rig_hci_open(guint16 adapter, enum rig_hci_channel channel)
{
    const struct address address = {
        .family = AF_BLUETOOTH, .adapter = adapter, .channel = (unsigned short)channel};
    int fd = socket(AF_BLUETOOTH, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, PROTOCOL_HCI);
    int problem;

    if (fd < 0 || bind(fd, (const struct sockaddr *)(gconstpointer)&address, sizeof address) == 0)
        return fd;
    problem = errno;
    close(fd);
    errno = problem;
    return -1;
}
