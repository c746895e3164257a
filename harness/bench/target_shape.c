/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The schema of target files and of board options: tables only. */
#include "bench/option_fields.h"
#include "bench/target.h"

/* clang-format off */
const char *const rig_choices_swap[] = {"move", "scratch", "offset", "overwrite", NULL};
const char *const rig_choices_downgrade[] = {"allowed", "by-version", "by-counter", NULL};
const char *const rig_choices_security[] = {"nothing", "encryption", "authentication", NULL};
const char *const rig_choices_pairing[] = {"any", "legacy", "secure", NULL};
const char *const rig_choices_pairing_io[] = {"none",   "display",          "keyboard",
                                              "yes-no", "keyboard-display", NULL};
const char *const rig_choices_pairing_user[] = {"nobody", "agrees", "refuses", "mistypes", NULL};
const char *const rig_choices_updater[] = {"none", "bonds-kept", "bonds-unknown", "next-address", NULL};
const char *const rig_choices_misbehaviours[] = {
    "notifies-unasked",    "notifies-nonsense", "cbor-bombs",   "cuts-att-answers",  "unknown-att",
    "unasked-att-answers", "unasked-pairing",   "cuts-pairing", "broken-signalling", "broken-advertising",
    NULL};
const char *const rig_choices_repairing[] = {"allowed", "refused", NULL};
const char *const rig_choices_gatt_table[] = {"fixed", "moves", "moves-silently", NULL};
const char *const rig_choices_signing[] = {"ecdsa-p256", "rsa-2048", "rsa-3072", "ed25519", "none", NULL};
static const char *const rewrites[] = {"refused", "clears-bits", NULL};
static const char *const kinds[] = {"simulated", "simulated-process", "board", "qemu", NULL};
static const char *const consoles[] = {"direct", "rtt", NULL};
static const char *const ap_locks[] = {"off", "firmware-opens", "stays", NULL};
static const char *const devices[] = {"internal", "external", NULL};
const char *const rig_choices_defects[] = {
    "accepts-unsigned", "accepts-any-key", "skips-hash", "never-reverts", "forgets-progress", "no-copy-done", "ignores-downgrade",
    "ignores-dependency", "confirms-itself", "keeps-rejected", "erases-primary-first", "accepts-oversized",
    "accepts-wrong-offset", "reboots-in-upload", "second-upload-dead", "confirm-does-nothing", "erases-pending", "accepts-json",
    "upload-in-trial", "no-resume", "wrong-hash-accepted",
    "pairs-anew-silently", "bond-lost-on-update", "serves-unencrypted", "cuts-notifications", "keeps-fragments", NULL};

const char *const rig_values_false[] = {"false", NULL};
const char *const rig_values_swaps[] = {"move", "scratch", "offset", NULL};
const char *const rig_values_overwrite[] = {"overwrite", NULL};
const char *const rig_values_shows_nothing[] = {"none", "keyboard", NULL};
const char *const rig_values_asks_nothing[] = {"none", "display", NULL};

static const struct rig_field option_fields[] = {RIG_BOARD_OPTION_FIELDS};
static const struct rig_rule option_rules[] = {RIG_BOARD_OPTION_RULES {0}};
const struct rig_shape rig_board_options_shape = {.name = "board options", .fields = option_fields,
                                                  .n_fields = G_N_ELEMENTS(option_fields), .rules = option_rules};

static const struct rig_field region_fields[] = {
    {.name = "size", .type = RIG_TYPE_SIZE, .required = true, .min = 16, .max = 1 << 20, .about = "Size of one sector."},
    {.name = "count", .type = RIG_TYPE_COUNT, .required = true, .min = 1, .max = 65536, .about = "How many of them follow each other."},
};
static const struct rig_shape region_shape = {.name = "sectors", .fields = region_fields, .n_fields = G_N_ELEMENTS(region_fields)};

static const struct rig_field flash_fields[] = {
    {.name = "device", .type = RIG_TYPE_CHOICE, .choices = devices, .required = true, .about = "Which flash device."},
    {.name = "sectors", .type = RIG_TYPE_RECORD, .shape = &region_shape, .list = true, .required = true, .about = "Runs of equal sectors."},
    {.name = "write", .type = RIG_TYPE_SIZE, .required = true, .min = 1, .max = 32, .about = "Write alignment."},
    {.name = "erased", .type = RIG_TYPE_COUNT, .default_text = "0xff", .max = 0xff, .about = "Value of an erased byte: 0xff or 0."},
    {.name = "rewrite", .type = RIG_TYPE_CHOICE, .choices = rewrites, .default_text = "refused",
     .about = "What a write to a unit does that was written since its erase."},
    {.name = "write-time", .type = RIG_TYPE_DURATION, .default_text = "41us", .max = 60000000, .about = "Per write unit."},
    {.name = "erase-time", .type = RIG_TYPE_DURATION, .default_text = "85ms", .max = 60000000, .about = "Per sector."},
};
static const struct rig_shape flash_shape = {.name = "flash", .fields = flash_fields, .n_fields = G_N_ELEMENTS(flash_fields)};

static const struct rig_field area_fields[] = {
    {.name = "device", .type = RIG_TYPE_CHOICE, .choices = devices, .default_text = "internal", .about = "Flash device that holds it."},
    {.name = "offset", .type = RIG_TYPE_SIZE, .required = true, .max = 1u << 30, .about = "Start on the device."},
    {.name = "size", .type = RIG_TYPE_SIZE, .required = true, .min = 1024, .max = 1u << 28, .about = "Length."},
};
static const struct rig_shape area_shape = {.name = "area", .fields = area_fields, .n_fields = G_N_ELEMENTS(area_fields)};

static const struct rig_field bootloader_fields[] = {
    {.name = "file", .type = RIG_TYPE_TEXT, .required = true, .about = "The shared object; a relative path starts at this file's folder."},
};
static const struct rig_shape bootloader_shape = {.name = "bootloader", .fields = bootloader_fields, .n_fields = G_N_ELEMENTS(bootloader_fields),
                                                  .shorthand = "file"};

static const char *const simulated_word[] = {"simulated", NULL};
static const struct rig_field firmware_fields[] = {
    {.name = "waits", .type = RIG_TYPE_TEXT, .required = true,
     .about = "Application that serves SMP and waits to be confirmed: a raw binary, unsigned (zephyr.bin)."},
    {.name = "confirms", .type = RIG_TYPE_TEXT, .about = "The same, and it confirms itself."},
    {.name = "crashes", .type = RIG_TYPE_TEXT, .about = "The same, and it crashes in its self-test."},
    {.name = "hangs", .type = RIG_TYPE_TEXT, .about = "The same, and it hangs in its self-test."},
    {.name = "header", .type = RIG_TYPE_SIZE, .default_text = "512B", .min = 32, .max = 65535,
     .about = "Bytes that the image header takes."},
    {.name = "room", .type = RIG_TYPE_FLAG, .default_text = "true",
     .about = "The binaries begin with room for the header (Zephyr's ROM_START_OFFSET)."},
};
static const struct rig_shape firmware_shape = {.name = "firmware", .fields = firmware_fields, .n_fields = G_N_ELEMENTS(firmware_fields),
                                                .shorthand = "waits"};

static const struct rig_field qemu_fields[] = {
    {.name = "machine", .type = RIG_TYPE_TEXT, .required = true, .about = "QEMU's -machine: mps2-an385, microbit, netduinoplus2, ..."},
    {.name = "cpu", .type = RIG_TYPE_TEXT, .about = "QEMU's -cpu, where the machine has a choice."},
    {.name = "load", .type = RIG_TYPE_TEXT, .list = true, .required = true,
     .about = "ELF or HEX files that lie in the machine before its first instruction, and again at every reset: the bootloader."},
    {.name = "address", .type = RIG_TYPE_COUNT, .default_text = "0", .max = 0xffffffffu,
     .about = "Where the internal flash is in the memory map."},
    {.name = "external-address", .type = RIG_TYPE_COUNT, .default_text = "0", .max = 0xffffffffu, .about = "Where the external flash is."},
    {.name = "serial", .type = RIG_TYPE_COUNT, .default_text = "0", .max = 7,
     .about = "Which serial port is the console; it carries SMP too."},
    {.name = "arguments", .type = RIG_TYPE_TEXT, .list = true, .about = "Further arguments of QEMU."},
    {.name = "program", .type = RIG_TYPE_TEXT, .default_text = "qemu-system-arm", .about = "QEMU itself."},
};
static const struct rig_shape qemu_shape = {.name = "qemu", .fields = qemu_fields, .n_fields = G_N_ELEMENTS(qemu_fields)};

static const struct rig_field target_fields[] = {
    {.name = "target", .type = RIG_TYPE_NAME, .required = true, .about = "Name of the target; the file is named after it."},
    {.name = "about", .type = RIG_TYPE_TEXT, .required = true, .about = "One sentence for people."},
    {.name = "kind", .type = RIG_TYPE_CHOICE, .choices = kinds, .required = true, .about = "Which driver family makes the board."},
    {.name = "flash", .type = RIG_TYPE_RECORD, .shape = &flash_shape, .list = true, .required = true, .about = "Flash devices."},
    {.name = "slots", .type = RIG_TYPE_RECORD, .shape = &area_shape, .list = true, .required = true,
     .about = "Slot 0 and 1 of image 0, then of image 1."},
    {.name = "scratch", .type = RIG_TYPE_RECORD, .shape = &area_shape, .about = "Scratch area of swap-scratch."},
    {.name = "bootloader", .type = RIG_TYPE_RECORD, .shape = &bootloader_shape,
     .about = "Your own bootloader, compiled for this machine against bootloader_abi.h, instead of the built-in model."},
    {.name = "approtect", .type = RIG_TYPE_CHOICE, .choices = ap_locks, .default_text = "off",
     .about = "Out of process: access port protection as on current revisions of the nRF52. Power-on and pin reset close the debug port; "
              "firmware-opens: until the application starts; stays: until the chip is erased through its CTRL-AP."},
    {.name = "console", .type = RIG_TYPE_CHOICE, .choices = consoles, .default_text = "direct",
     .about = "Out of process: where console lines come from: the board's own pipe, or RTT through openocd."},
    {.name = "chip", .type = RIG_TYPE_NAME, .about = "Kinds `board` and `simulated-process`: the chip that its probe must find (nrf52840, ...); another one is refused."},
    {.name = "qemu", .type = RIG_TYPE_RECORD, .shape = &qemu_shape, .about = "Kind `qemu`: the machine, and what runs in it."},
    {.name = "boot-line", .type = RIG_TYPE_LINE, .default_text = "*** Booting MCUboot",
     .about = "Kinds `board` and `qemu`: a piece of the console line that each run of the bootloader prints."},
    {.name = "key", .type = RIG_TYPE_TEXT,
     .about = "Kinds `board` and `qemu`: PEM file of the private key whose signatures the bootloader takes; without it the rig's own test key of `sign`."},
    {.name = "firmware", .type = RIG_TYPE_RECORD, .shape = &firmware_shape, .choices = simulated_word,
     .about = "Kinds `board` and `qemu`: what the images of scenarios are made of; without it they come from files. `simulated`: for the simulated board."},
    {.name = "name", .type = RIG_TYPE_TEXT, .max = 31, .default_text = "bootrig-sim", .about = "Advertised name."},
    {.name = "address", .type = RIG_TYPE_ADDRESS, .default_text = "C0:FF:EE:00:00:01", .about = "Bluetooth address."},
    {.name = "options", .type = RIG_TYPE_RECORD, .shape = &rig_board_options_shape, .about = "Board options."},
};
static const char *const in_a_process[] = {"simulated-process", NULL};
static const char *const with_a_chip[] = {"board", "simulated-process", NULL};
static const char *const in_qemu[] = {"qemu", NULL};
static const char *const with_firmware[] = {"board", "qemu", NULL};
static const struct rig_rule target_rules[] = {
    {.field = "approtect", .kind = RIG_RULE_NEEDS, .other = "kind", .others = in_a_process},
    {.field = "console", .kind = RIG_RULE_NEEDS, .other = "kind", .others = in_a_process},
    {.field = "chip", .kind = RIG_RULE_NEEDS, .other = "kind", .others = with_a_chip},
    {.field = "qemu", .kind = RIG_RULE_NEEDS, .other = "kind", .others = in_qemu},
    {.field = "boot-line", .kind = RIG_RULE_NEEDS, .other = "kind", .others = with_firmware},
    {.field = "key", .kind = RIG_RULE_NEEDS, .other = "kind", .others = with_firmware},
    {.field = "firmware", .kind = RIG_RULE_NEEDS, .other = "kind", .others = with_firmware},
    {0},
};
const struct rig_shape rig_target_shape = {.name = "target", .fields = target_fields, .n_fields = G_N_ELEMENTS(target_fields),
                                           .rules = target_rules};
/* clang-format on */
