/* SPDX-License-Identifier: Apache-2.0 */
/* Between the two halves of the port. */
#ifndef LEDGER_PORT_H
#define LEDGER_PORT_H

#include "ledger.h"
#include "bootloader_abi.h"

/* Finds the part's areas; host is kept for the port functions. false: the part does not fit,
 * decision->text says why. */
bool port_open(const struct bootloader_host *host, struct ledger_part *part,
               struct bootloader_decision *decision);

/* In the place of the jump: what is in slot 0 runs. */
void port_jump(struct bootloader_decision *decision);

#endif
