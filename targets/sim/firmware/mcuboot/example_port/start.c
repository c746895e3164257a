/* SPDX-License-Identifier: Apache-2.0 */
/* The upper half of the port of ledger boot to the bench: where a boot starts and what came of it. */
#include "port.h"

#include <string.h>

static void boot(const struct bootloader_host *host, struct bootloader_decision *decision)
{
    struct ledger_part part;

    if (!port_open(host, &part, decision))
        return;
    port_say("ledger boot");
    if (!ledger_boot(&part)) {
        strcpy(decision->text, "slot 0 holds no whole image");
        return;
    }
    port_jump(decision);
}

static const struct bootloader_build build = {
    .n_bytes = sizeof build,
    .swap = BOOTLOADER_SWAP_OTHER,
    .signatures = BOOTLOADER_SIGNATURE_NONE,
    .n_images = 1,
    .downgrade = BOOTLOADER_DOWNGRADE_ALLOWED,
    .security_counter = BOOTLOADER_NO,
    .encryption = BOOTLOADER_NO,
};

BOOTLOADER_GUEST("ledger boot 1.0", boot, &build);
