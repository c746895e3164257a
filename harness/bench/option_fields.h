/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The fields of board options, once for targets (`options:`) and once for the step `board:`, which has them
 * beside its own. */
#ifndef RIG_BENCH_OPTION_FIELDS_H
#define RIG_BENCH_OPTION_FIELDS_H

#include "scenario/schema.h"

/* NULL-terminated. rig_choices_defects names every seeded defect of the simulated board (a test compares it
 * with targets/sim). */
/* clang-format off */
extern const char *const rig_choices_swap[], *const rig_choices_downgrade[], *const rig_choices_security[], *const rig_choices_repairing[],
    *const rig_choices_gatt_table[], *const rig_choices_pairing_io[], *const rig_choices_pairing[], *const rig_choices_pairing_user[],
    *const rig_choices_misbehaviours[], *const rig_choices_updater[], *const rig_choices_signing[], *const rig_choices_defects[];

#define RIG_BOARD_OPTION_FIELDS \
    {.name = "swap", .type = RIG_TYPE_CHOICE, .choices = rig_choices_swap, .about = "How the bootloader brings the new image into slot 0."}, \
    {.name = "sign", .type = RIG_TYPE_CHOICE, .choices = rig_choices_signing, .about = "The signature that the bootloader demands."}, \
    {.name = "validate-primary", .type = RIG_TYPE_FLAG, .about = "Hash and signature of slot 0 are checked at every boot."}, \
    {.name = "downgrade", .type = RIG_TYPE_CHOICE, .choices = rig_choices_downgrade, .about = "The bootloader's rule for older images."}, \
    {.name = "security-counter", .type = RIG_TYPE_COUNT, .max = 0xffffffffu, \
     .about = "The device keeps a counter (hardware rollback protection) that starts at this value."}, \
    {.name = "overwrite-fast", .type = RIG_TYPE_FLAG, .about = "Overwrite mode copies the image only, not the whole slot."}, \
    {.name = "swap-fixes", .type = RIG_TYPE_FLAG, \
     .about = "The bootloader model mends upstream's known defects of a revert that is cut twice or torn."}, \
    {.name = "max-align", .type = RIG_TYPE_COUNT, .min = 8, .max = 32, .about = "BOOT_MAX_ALIGN of the bootloader."}, \
    {.name = "max-sectors", .type = RIG_TYPE_COUNT, .min = 2, .max = 4096, .about = "BOOT_MAX_IMG_SECTORS of the bootloader."}, \
    {.name = "update-needs", .type = RIG_TYPE_CHOICE, .choices = rig_choices_security, .about = "What the update service demands of the link."}, \
    {.name = "bonding", .type = RIG_TYPE_FLAG, .about = "The board bonds at all."}, \
    {.name = "pairing", .type = RIG_TYPE_CHOICE, .choices = rig_choices_pairing, .about = "The pairing that the board can: LE legacy, Secure Connections, or both."}, \
    {.name = "pairing-io", .type = RIG_TYPE_CHOICE, .choices = rig_choices_pairing_io, \
     .about = "What the board has for pairing; with the host's (answer-pairing) it decides between Just Works, passkey and comparison."}, \
    {.name = "passkey", .type = RIG_TYPE_COUNT, .max = 999999, \
     .about = "The passkey that the board shows, always; without it another one each time."}, \
    {.name = "pairing-user", .type = RIG_TYPE_CHOICE, .choices = rig_choices_pairing_user, \
     .about = "Who sits before the board: agrees (types what the host shows, says yes to equal numbers), refuses, mistypes; nobody: see " \
              "'link passkey' and 'link confirm' of bootrig sim."}, \
    {.name = "just-works", .type = RIG_TYPE_FLAG, .about = "The board pairs without passkey and comparison; else it refuses that (03)."}, \
    {.name = "repairing", .type = RIG_TYPE_CHOICE, .choices = rig_choices_repairing, \
     .about = "What the board does when a bonded host that lost its keys pairs anew."}, \
    {.name = "mtu", .type = RIG_TYPE_COUNT, .min = 23, .max = 517, .about = "The largest ATT_MTU that the board agrees to."}, \
    {.name = "gatt-table", .type = RIG_TYPE_CHOICE, .choices = rig_choices_gatt_table, \
     .about = "Whether the GATT table is another one after an update, told by Service Changed or not. The in-process link has no table."}, \
    {.name = "reassembly", .type = RIG_TYPE_FLAG, .about = "One SMP message may span several writes."}, \
    {.name = "buffer-size", .type = RIG_TYPE_SIZE, .min = 64, .max = 4096, .about = "buf_size of the SMP server."}, \
    {.name = "buffers", .type = RIG_TYPE_COUNT, .min = 1, .max = 8, .about = "buf_count of the SMP server."}, \
    {.name = "parameters", .type = RIG_TYPE_FLAG, .about = "The SMP server answers the parameters command."}, \
    {.name = "original-protocol", .type = RIG_TYPE_FLAG, .about = "The SMP server speaks header version 0."}, \
    {.name = "erase-pending", .type = RIG_TYPE_FLAG, .about = "The SMP server erases a slot that is marked for the next boot."}, \
    {.name = "progressive-erase", .type = RIG_TYPE_FLAG, .about = "The upload erases sector by sector instead of all at once."}, \
    {.name = "refuses-reset", .type = RIG_TYPE_FLAG, .about = "The application is busy: an SMP reset without force is answered rc 10."}, \
    {.name = "boot-time", .type = RIG_TYPE_DURATION, .max = 60000000, .about = "From the bootloader's jump to advertising."}, \
    {.name = "updater", .type = RIG_TYPE_CHOICE, .choices = rig_choices_updater, \
     .about = "What a reset with boot-mode bootloader starts: an updater over Bluetooth that was handed the bonds, knows none (and demands no " \
              "encryption), or knows none and advertises at address + 1."}, \
    {.name = "misbehaves", .type = RIG_TYPE_CHOICE, .list = true, .may_be_empty = true, .choices = rig_choices_misbehaviours, \
     .about = "What a hostile board does on the air, again and again. The in-process link has only notifies-unasked, notifies-nonsense and " \
              "cbor-bombs; scenarios about the others need `bluetooth-stack`."}, \
    {.name = "defects", .type = RIG_TYPE_CHOICE, .list = true, .may_be_empty = true, .choices = rig_choices_defects, \
     .about = "Seeded defects: the board breaks one promise on purpose, to prove that the scenarios notice."},
/* What an option asks of the others, where they are written in the same map; as rules of a shape. */
extern const char *const rig_values_false[], *const rig_values_swaps[], *const rig_values_overwrite[],
    *const rig_values_shows_nothing[], *const rig_values_asks_nothing[];
#define RIG_RULE_BONDS(field_name) \
    {.field = field_name, .kind = RIG_RULE_NOT_BESIDE, .other = "bonding", .others = rig_values_false}
#define RIG_BOARD_OPTION_RULES \
    {.field = "overwrite-fast", .kind = RIG_RULE_NOT_BESIDE, .other = "swap", .others = rig_values_swaps}, \
    {.field = "swap-fixes", .kind = RIG_RULE_NOT_BESIDE, .other = "swap", .others = rig_values_overwrite}, \
    {.field = "passkey", .kind = RIG_RULE_NOT_BESIDE, .other = "pairing-io", .others = rig_values_shows_nothing}, \
    {.field = "pairing-user", .kind = RIG_RULE_NOT_BESIDE, .other = "pairing-io", .others = rig_values_asks_nothing}, \
    RIG_RULE_BONDS("pairing"), RIG_RULE_BONDS("pairing-io"), RIG_RULE_BONDS("passkey"), RIG_RULE_BONDS("pairing-user"), \
    RIG_RULE_BONDS("just-works"), RIG_RULE_BONDS("repairing"),
/* clang-format on */

#endif
