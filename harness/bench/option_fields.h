/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The fields of board options, once for targets (`options:`) and once for the step `board:`, which has them
 * beside its own. */
#ifndef RIG_BENCH_OPTION_FIELDS_H
#define RIG_BENCH_OPTION_FIELDS_H

#include "bench/target.h"
#include "image/softdevice.h"

/* NULL-terminated. rig_choices_defects names every seeded defect of the simulated board (a test compares it
 * with targets/sim). */
extern const char *const rig_choices_swap[],
    *const rig_choices_downgrade[], *const rig_choices_security[],
                                        *const rig_choices_repairing[],
                                            *const rig_choices_gatt_table[],
                                                *const rig_choices_pairing_io[],
                                                    *const rig_choices_pairing[],
                                                        *const rig_choices_pairing_user[],
                                                            *const rig_choices_misbehaviours[],
                                                                *const rig_choices_updater[],
                                                                    *const rig_choices_signing[],
                                                                        *const rig_choices_encryption[],
                                                                            *const rig_choices_aes[],
                                                                                *const rig_choices_defects[];
extern const char *const rig_choices_maintenance[], *const rig_choices_maintenance_entry[];
extern const char *const rig_choices_recovery[], *const rig_choices_recovery_commands[];
extern const char *const rig_choices_sdk[], *const rig_choices_banks[], *const rig_choices_buttonless[];

#define RIG_BOARD_OPTION_FIELDS                                                                              \
    RIG_FIELD("swap", CHOICE, struct rig_options_spec, swap, .choices = rig_choices_swap,                    \
              .about = "How the bootloader brings the new image to run: into slot 0; or, of two equal "      \
                       "slots, the newest where it is (direct-xip) or from RAM (ram-load), with revert "     \
                       "when it was not confirmed in its first run; or single: there is slot 0 only."),      \
        RIG_FIELD("sign", CHOICE, struct rig_options_spec, sign, .choices = rig_choices_signing,             \
                  .about = "The signature that the bootloader demands; ed25519-sha512: of the SHA-512 "      \
                           "hash, ed25519-pure: of the image itself; ecdsa-p384 is of the SHA-384 hash."),   \
        RIG_FIELD("key-in-image", FLAG, struct rig_options_spec, key_in_image,                               \
                  .about = "Images carry the whole public key, and the device knows its hash "               \
                           "(MCUBOOT_HW_KEY); else they carry the hash, and the bootloader the key."),       \
        RIG_FIELD("encrypt", CHOICE, struct rig_options_spec, encrypt, .choices = rig_choices_encryption,    \
                  .about = "How the keys of encrypted images are wrapped that the bootloader decrypts; "     \
                           "none: it takes no encrypted image. Plain images are taken in any case."),        \
        RIG_FIELD("aes", CHOICE, struct rig_options_spec, aes, .choices = rig_choices_aes,                   \
                  .about = "Bits of the keys that images are encrypted with (MCUBOOT_AES_256)."),            \
        RIG_FIELD("save-enctlv", FLAG, struct rig_options_spec, save_enctlv,                                 \
                  .about = "During a swap the trailers hold the wrapped keys, as in the images' TLVs, not "  \
                           "the plain ones (MCUBOOT_SWAP_SAVE_ENCTLV)."),                                    \
        RIG_FIELD("validate-primary", FLAG, struct rig_options_spec, validate_primary,                       \
                  .about = "Hash and signature of slot 0 are checked at every boot."),                       \
        RIG_FIELD("downgrade", CHOICE, struct rig_options_spec, downgrade, .choices = rig_choices_downgrade, \
                  .about = "The bootloader's rule for older images."),                                       \
        RIG_FIELD(                                                                                           \
            "security-counter", COUNT, struct rig_options_spec, security_counter, .max = 0xffffffffu,        \
            .about =                                                                                         \
                "The device keeps a counter for each image (hardware rollback protection) that starts at "   \
                "this value."),                                                                              \
        RIG_FIELD("security-counter-1", COUNT, struct rig_options_spec, second_security_counter,             \
                  .max = 0xffffffffu,                                                                        \
                  .about = "Where the counter of the board's second image starts, when not at the value "    \
                           "of `security-counter`."),                                                        \
        RIG_FIELD("overwrite-fast", FLAG, struct rig_options_spec, overwrite_fast,                           \
                  .about = "Overwrite mode copies the image only, not the whole slot."),                     \
        RIG_FIELD("bootstrap", FLAG, struct rig_options_spec, bootstrap,                                     \
                  .about =                                                                                   \
                      "What lies in slot 1 is brought to an empty or invalid slot 0 without being asked "    \
                      "for (MCUBOOT_BOOTSTRAP)."),                                                           \
        RIG_FIELD("swap-fixes", FLAG, struct rig_options_spec, swap_fixes,                                   \
                  .about = "The bootloader model mends known defects: MCUboot's, of a revert that is cut "   \
                           "twice or torn; of a legacy Nordic bootloader, which then calls bank 0 invalid "  \
                           "before it copies over it."),                                                     \
        RIG_FIELD("max-align", COUNT, struct rig_options_spec, max_align, .min = 8, .max = 32,               \
                  .about = "BOOT_MAX_ALIGN of the bootloader."),                                             \
        RIG_FIELD("max-sectors", COUNT, struct rig_options_spec, max_sectors, .min = 2, .max = 4096,         \
                  .about = "BOOT_MAX_IMG_SECTORS of the bootloader."),                                       \
        RIG_FIELD("ram-start", COUNT, struct rig_options_spec, ram_start, .max = 0xffffffffu,                \
                  .about =                                                                                   \
                      "RAM load: where the RAM for images begins (IMAGE_EXECUTABLE_RAM_START); without "     \
                      "it 0x20000000."),                                                                     \
        RIG_FIELD("ram-size", SIZE, struct rig_options_spec, ram_bytes, .min = 1024, .max = 1u << 30,        \
                  .about = "RAM load: how much there is for images; without it 256 KiB."),                   \
        RIG_FIELD("minimal-scramble", FLAG, struct rig_options_spec, minimal_scramble,                       \
                  .about = "A rejected image loses its header and its trailer only, not the whole slot "     \
                           "(MCUBOOT_MINIMAL_SCRAMBLE)."),                                                   \
        RIG_FIELD("logical-sector", SIZE, struct rig_options_spec, logical_sector, .max = 1u << 20,          \
                  .about = "MCUBOOT_LOGICAL_SECTOR_SIZE: the size of sectors that the bootloader counts "    \
                           "in, whatever the part's are; a power of two. 0B: the part's own."),              \
        RIG_FIELD("verify-logical-sectors", FLAG, struct rig_options_spec, verify_logical_sectors,           \
                  .about = "The bootloader compares logical sectors with the part's at every boot "          \
                           "(MCUBOOT_VERIFY_LOGICAL_SECTORS)."),                                             \
        RIG_FIELD("serial-recovery", CHOICE, struct rig_options_spec, serial_recovery, .list = true,         \
                  .may_be_empty = true, .choices = rig_choices_recovery,                                     \
                  .about = "What makes the bootloader serve SMP on its serial port: a reset with boot mode " \
                           "bootloader, a button that is held at a reset (`button-held`), no image that "    \
                           "may run. Without it, or with [], nothing does."),                                \
        RIG_FIELD("recovery-commands", CHOICE, struct rig_options_spec, recovery_commands, .list = true,     \
                  .may_be_empty = true, .choices = rig_choices_recovery_commands,                            \
                  .about =                                                                                   \
                      "What serial recovery was built with beside image list, upload and reset; without "    \
                      "it [hash]. slot-upload: `image` numbers the slots from 1 "                            \
                      "(MCUBOOT_SERIAL_DIRECT_IMAGE_UPLOAD)."),                                              \
        RIG_FIELD("recovery-buffer", SIZE, struct rig_options_spec, recovery_buffer, .min = 128,             \
                  .max = 4096,                                                                               \
                  .about = "Serial recovery: the largest frame with its length and CRC "                     \
                           "(BOOT_SERIAL_MAX_RECEIVE_SIZE); without it 1 KiB."),                             \
        RIG_FIELD("update-needs", CHOICE, struct rig_options_spec, update_needs,                             \
                  .choices = rig_choices_security, .about = "What the update service demands of the link."), \
        RIG_FIELD("bonding", FLAG, struct rig_options_spec, bonding, .about = "The board bonds at all."),    \
        RIG_FIELD("pairing", CHOICE, struct rig_options_spec, pairing, .choices = rig_choices_pairing,       \
                  .about = "The pairing that the board can: LE legacy, Secure Connections, or both."),       \
        RIG_FIELD("pairing-io", CHOICE, struct rig_options_spec, pairing_io,                                 \
                  .choices = rig_choices_pairing_io,                                                         \
                  .about = "What the board has for pairing; with the host's (answer-pairing) it decides "    \
                           "between Just Works, passkey and comparison."),                                   \
        RIG_FIELD("passkey", COUNT, struct rig_options_spec, passkey, .max = 999999,                         \
                  .about = "The passkey that the board shows, always; without it another one each time."),   \
        RIG_FIELD("pairing-user", CHOICE, struct rig_options_spec, pairing_user,                             \
                  .choices = rig_choices_pairing_user,                                                       \
                  .about =                                                                                   \
                      "Who sits before the board: agrees (types what the host shows, says yes to equal "     \
                      "numbers), refuses, mistypes; nobody: see "                                            \
                      "'link passkey' and 'link confirm' of bootrig sim."),                                  \
        RIG_FIELD("just-works", FLAG, struct rig_options_spec, just_works,                                   \
                  .about = "The board pairs without passkey and comparison; else it refuses that (03)."),    \
        RIG_FIELD("repairing", CHOICE, struct rig_options_spec, repairing, .choices = rig_choices_repairing, \
                  .about = "What the board does when a bonded host that lost its keys pairs anew."),         \
        RIG_FIELD("mtu", COUNT, struct rig_options_spec, mtu, .min = 23, .max = 517,                         \
                  .about = "The largest ATT_MTU that the board agrees to."),                                 \
        RIG_FIELD("gatt-table", CHOICE, struct rig_options_spec, gatt_table,                                 \
                  .choices = rig_choices_gatt_table,                                                         \
                  .about = "Whether the GATT table is another one after an update, told by Service Changed " \
                           "or not; of MCUboot's boards the in-process link has no table. Secure Nordic: "   \
                           "moves-silently: neither application nor bootloader has Service Changed."),       \
        RIG_FIELD("reassembly", FLAG, struct rig_options_spec, reassembly,                                   \
                  .about = "One SMP message may span several writes."),                                      \
        RIG_FIELD("buffer-size", SIZE, struct rig_options_spec, buffer_size, .min = 64, .max = 4096,         \
                  .about = "buf_size of the SMP server."),                                                   \
        RIG_FIELD("buffers", COUNT, struct rig_options_spec, buffers, .min = 1, .max = 8,                    \
                  .about = "buf_count of the SMP server."),                                                  \
        RIG_FIELD("parameters", FLAG, struct rig_options_spec, parameters,                                   \
                  .about = "The SMP server answers the parameters command."),                                \
        RIG_FIELD("original-protocol", FLAG, struct rig_options_spec, original_protocol,                     \
                  .about = "The SMP server speaks header version 0."),                                       \
        RIG_FIELD("erase-pending", FLAG, struct rig_options_spec, erase_pending,                             \
                  .about = "The SMP server erases a slot that is marked for the next boot."),                \
        RIG_FIELD("progressive-erase", FLAG, struct rig_options_spec, progressive_erase,                     \
                  .about = "The upload erases sector by sector instead of all at once."),                    \
        RIG_FIELD("refuses-reset", FLAG, struct rig_options_spec, refuses_reset,                             \
                  .about = "The application is busy: an SMP reset without force is answered rc 10."),        \
        RIG_FIELD("boot-time", DURATION, struct rig_options_spec, boot_time_us, .max = 60000000,             \
                  .about = "From the bootloader's jump to advertising."),                                    \
        RIG_FIELD("updater", CHOICE, struct rig_options_spec, updater, .choices = rig_choices_updater,       \
                  .about = "What a reset with boot-mode bootloader starts: an updater over Bluetooth that "  \
                           "was handed the bonds, knows none (and demands no "                               \
                           "encryption), or knows none and advertises at address + 1."),                     \
        RIG_FIELD("maintenance", CHOICE, struct rig_options_spec, maintenance,                               \
                  .choices = rig_choices_maintenance,                                                        \
                  .about = "The application takes updates in a maintenance mode alone; outside of it the "   \
                           "SMP service is not registered (service-absent), or requests of the image group " \
                           "are answered rc 11 (refuses). Every reset ends the mode."),                      \
        RIG_FIELD("maintenance-entry", CHOICE, struct rig_options_spec, maintenance_entry, .list = true,     \
                  .choices = rig_choices_maintenance_entry,                                                  \
                  .about = "What enters and leaves it: a write to the product's own characteristic "         \
                           "(6d61696e-7465-6e61-6e63-650000000002: 01, 00), its own SMP group (64: "         \
                           "writes of command 1, 2), the board's button (a press, another one)."),           \
        RIG_FIELD("maintenance-time", DURATION, struct rig_options_spec, maintenance_us, .min = 1000,        \
                  .about = "The mode ends by itself after this; without it, it does not."),                  \
        RIG_FIELD("maintenance-single", FLAG, struct rig_options_spec, maintenance_single,                   \
                  .about = "The mode ends when an image is marked for the next boot."),                      \
        RIG_FIELD("sdk", CHOICE, struct rig_options_spec, sdk, .choices = rig_choices_sdk,                   \
                  .about = "Nordic: the nRF5 SDK that the bootloader was built from, or Adafruit's "         \
                           "bootloader (legacy)."),                                                          \
        RIG_FIELD("softdevice", CHOICE, struct rig_options_spec, softdevice,                                 \
                  .choices = rig_softdevice_choices,                                                         \
                  .about = "Nordic: the SoftDevice that is there before any update."),                       \
        RIG_FIELD("banks", CHOICE, struct rig_options_spec, banks, .choices = rig_choices_banks,             \
                  .about =                                                                                   \
                      "Nordic: where an update is received: dual (bank 1, and bank 0 where it does not "     \
                      "fit there), single (bank 0), forced-dual (bank 1 or refused)."),                      \
        RIG_FIELD("buttonless", CHOICE, struct rig_options_spec, buttonless,                                 \
                  .choices = rig_choices_buttonless,                                                         \
                  .about = "Nordic: how the application gives way to the bootloader: none, open (no bond, "  \
                           "bootloader at address + 1), bonded (the bond is handed over), experimental "     \
                           "(SDK 12)."),                                                                     \
        RIG_FIELD("button-held", FLAG, struct rig_options_spec, button_held,                                 \
                  .about = "Somebody holds the button that leads into the bootloader at a reset: "           \
                           "Nordic's, or serial recovery."),                                                 \
        RIG_FIELD("requires-bonds", FLAG, struct rig_options_spec, requires_bonds,                           \
                  .about = "Nordic: the bootloader serves bonded hosts only "                                \
                           "(NRF_DFU_BLE_REQUIRES_BONDS), as an application with `buttonless: bonded` "      \
                           "needs it; without this option as `buttonless` is written."),                     \
        RIG_FIELD("save-progress", FLAG, struct rig_options_spec, save_progress,                             \
                  .about = "Nordic: the bootloader keeps the progress of a transfer in flash "               \
                           "(NRF_DFU_SAVE_PROGRESS_IN_FLASH)."),                                             \
        RIG_FIELD("enters-by-pin-reset", FLAG, struct rig_options_spec, enters_by_pin_reset,                 \
                  .about = "Nordic: a reset by the pin leads into the bootloader "                           \
                           "(NRF_BL_DFU_ENTER_METHOD_PINRESET)."),                                           \
        RIG_FIELD("debug-bootloader", FLAG, struct rig_options_spec, debug_bootloader,                       \
                  .about =                                                                                   \
                      "Nordic: a debug build: packets marked as debug pass without checks of hardware, "     \
                      "SoftDevice and version."),                                                            \
        RIG_FIELD("hardware-version", COUNT, struct rig_options_spec, hardware_version, .max = 0xffffffffu,  \
                  .about = "Nordic: the hardware version that init packets must name (52 for nRF52, 51 for " \
                           "nRF51); legacy: the device type (65535: any)."),                                 \
        RIG_FIELD("bootloader-version", COUNT, struct rig_options_spec, bootloader_version,                  \
                  .max = 0xffffffffu, .about = "Nordic: the version of the bootloader that is there."),      \
        RIG_FIELD("app-data", SIZE, struct rig_options_spec, app_data_bytes, .max = 1u << 20,                \
                  .about = "Nordic: bytes before the bootloader that updates leave alone "                   \
                           "(DFU_APP_DATA_RESERVED): where the application keeps its bonds."),               \
        RIG_FIELD("misbehaves", CHOICE, struct rig_options_spec, misbehaves, .list = true,                   \
                  .may_be_empty = true, .choices = rig_choices_misbehaviours,                                \
                  .about = "What a hostile board does on the air, again and again. The in-process link has " \
                           "only notifies-unasked, notifies-nonsense and "                                   \
                           "cbor-bombs; scenarios about the others need `bluetooth-stack`."),                \
        RIG_FIELD("defects", CHOICE, struct rig_options_spec, defects, .list = true, .may_be_empty = true,   \
                  .choices = rig_choices_defects,                                                            \
                  .about = "Seeded defects: the board breaks one promise on purpose, to prove that the "     \
                           "scenarios notice.")
/* What an option asks of the others, where they are written in the same map; as rules of a shape. */
extern const char *const rig_values_without_ram[], *const rig_values_moves_nothing[];
extern const char *const rig_values_maintained[];
extern const char *const rig_values_false[],
    *const rig_values_swaps[], *const rig_values_overwrite[], *const rig_values_shows_nothing[],
                                                                  *const rig_values_asks_nothing[];
#define RIG_RULE_BONDS(field_name)                                                                           \
    {                                                                                                        \
        .field = field_name, .kind = RIG_RULE_NOT_BESIDE, .other = "bonding", .others = rig_values_false     \
    }
#define RIG_BOARD_OPTION_RULES                                                                               \
    {.field = "bootstrap",                                                                                   \
     .kind = RIG_RULE_NOT_BESIDE,                                                                            \
     .other = "swap",                                                                                        \
     .others = rig_values_moves_nothing},                                                                    \
        {.field = "ram-start",                                                                               \
         .kind = RIG_RULE_NOT_BESIDE,                                                                        \
         .other = "swap",                                                                                    \
         .others = rig_values_without_ram},                                                                  \
        {.field = "ram-size",                                                                                \
         .kind = RIG_RULE_NOT_BESIDE,                                                                        \
         .other = "swap",                                                                                    \
         .others = rig_values_without_ram},                                                                  \
        {.field = "overwrite-fast",                                                                          \
         .kind = RIG_RULE_NOT_BESIDE,                                                                        \
         .other = "swap",                                                                                    \
         .others = rig_values_swaps},                                                                        \
        {.field = "swap-fixes",                                                                              \
         .kind = RIG_RULE_NOT_BESIDE,                                                                        \
         .other = "swap",                                                                                    \
         .others = rig_values_overwrite},                                                                    \
        {.field = "passkey",                                                                                 \
         .kind = RIG_RULE_NOT_BESIDE,                                                                        \
         .other = "pairing-io",                                                                              \
         .others = rig_values_shows_nothing},                                                                \
        {.field = "pairing-user",                                                                            \
         .kind = RIG_RULE_NOT_BESIDE,                                                                        \
         .other = "pairing-io",                                                                              \
         .others = rig_values_asks_nothing},                                                                 \
        {.field = "maintenance",                                                                             \
         .values = rig_values_maintained,                                                                    \
         .kind = RIG_RULE_NEEDS,                                                                             \
         .other = "maintenance-entry",                                                                       \
         .why = "nothing leads into the mode"},                                                              \
        {.field = "maintenance-entry",                                                                       \
         .kind = RIG_RULE_NEEDS,                                                                             \
         .other = "maintenance",                                                                             \
         .others = rig_values_maintained},                                                                   \
        {.field = "maintenance-time",                                                                        \
         .kind = RIG_RULE_NEEDS,                                                                             \
         .other = "maintenance",                                                                             \
         .others = rig_values_maintained},                                                                   \
        {.field = "maintenance-single",                                                                      \
         .kind = RIG_RULE_NEEDS,                                                                             \
         .other = "maintenance",                                                                             \
         .others = rig_values_maintained},                                                                   \
        RIG_RULE_BONDS("pairing"), RIG_RULE_BONDS("pairing-io"), RIG_RULE_BONDS("passkey"),                  \
        RIG_RULE_BONDS("pairing-user"), RIG_RULE_BONDS("just-works"), RIG_RULE_BONDS("repairing"),

#endif
