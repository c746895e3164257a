/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The schema of target files and of board options: tables only. */
#include "bench/option_fields.h"
#include "bench/target.h"

const char *const rig_choices_swap[] = {
    "move",     "scratch",         "offset", "overwrite", "direct-xip", "direct-xip-revert",
    "ram-load", "ram-load-revert", "single", NULL};
const char *const rig_choices_downgrade[] = {"allowed", "by-version", "by-counter", NULL};
const char *const rig_choices_security[] = {"nothing", "encryption", "authentication", NULL};
const char *const rig_choices_pairing[] = {"any", "legacy", "secure", NULL};
const char *const rig_choices_pairing_io[] = {"none",   "display",          "keyboard",
                                              "yes-no", "keyboard-display", NULL};
const char *const rig_choices_pairing_user[] = {"nobody", "agrees", "refuses", "mistypes", NULL};
const char *const rig_choices_maintenance[] = {"none", "service-absent", "refuses", NULL};
const char *const rig_choices_maintenance_entry[] = {"att-write", "smp-group", "button", NULL};
const char *const rig_choices_updater[] = {"none", "bonds-kept", "bonds-unknown", "next-address", NULL};
const char *const rig_choices_repairing[] = {"allowed", "refused", NULL};
const char *const rig_choices_gatt_table[] = {"fixed", "moves", "moves-silently", NULL};
const char *const rig_choices_signing[] = {"ecdsa-p256", "rsa-2048",       "rsa-3072",     "ed25519", "none",
                                           "ecdsa-p384", "ed25519-sha512", "ed25519-pure", NULL};
const char *const rig_choices_encryption[] = {
    "none", "rsa-2048", "aes-kw", "ecies-p256", "ecies-x25519", "ecies-x25519-sha512", NULL};
const char *const rig_choices_aes[] = {"128", "256", NULL};
const char *const rig_choices_recovery[] = {"boot-mode", "button", "no-image", NULL};
const char *const rig_choices_recovery_commands[] = {"echo",      "parameters",  "hash", "image-state",
                                                     "slot-info", "slot-upload", NULL};
static const char *const rewrites[] = {"refused", "clears-bits", NULL};
static const char *const links[] = {"ble", "serial", "udp", NULL};
static const char *const erases[] = {"needed", "none", NULL};
static const char *const torn_words[] = {"readable", "ecc", NULL};
static const char *const consoles[] = {"direct", "rtt", NULL};
static const char *const ap_locks[] = {"off", "firmware-opens", "stays", NULL};
static const char *const devices[] = {"internal", "external", NULL};
const char *const rig_choices_sdk[] = {"6",  "7",    "8",    "9",    "10",   "11", "12", "13",       "14",
                                       "15", "15.0", "15.1", "15.2", "15.3", "16", "17", "adafruit", NULL};
const char *const rig_choices_banks[] = {"dual", "single", "forced-dual", NULL};
const char *const rig_choices_buttonless[] = {"none", "open", "bonded", "experimental", NULL};
/* clang-format off */
const char *const rig_choices_misbehaviours[] = {
    "notifies-unasked", "notifies-nonsense", "cbor-bombs", "cuts-att-answers", "unknown-att", "unasked-att-answers",
    "unasked-pairing", "cuts-pairing", "broken-signalling", "broken-advertising", NULL};
const char *const rig_choices_defects[] = {
    "accepts-unsigned", "accepts-any-key", "skips-hash", "never-reverts", "forgets-progress", "no-copy-done",
    "ignores-downgrade", "ignores-dependency", "confirms-itself", "keeps-rejected", "erases-primary-first",
    "accepts-oversized", "leaves-plain", "forgets-keys", "accepts-wrong-offset", "reboots-in-upload", "second-upload-dead",
    "confirm-does-nothing", "erases-pending", "accepts-json", "upload-in-trial", "no-resume",
    "wrong-hash-accepted", "maintenance-stays", "maintenance-erases", "maintenance-outlives-reset",
    "maintenance-not-told", "maintenance-any-value", "pairs-anew-silently", "bond-lost-on-update", "serves-unencrypted",
    "cuts-notifications", "keeps-fragments",
    /* Nordic's secure bootloader, beside accepts-unsigned, accepts-any-key, skips-hash, ignores-downgrade. */
    "ignores-hardware", "ignores-softdevice", "forgets-copy", "no-backup", "erases-old-first", "marks-valid-first",
    "erases-app-data", "keeps-peer-data", "stuck-in-updater", "answers-early",
    /* The application before it. */
    "buttonless-stays", "buttonless-silent", "buttonless-ignores", "buttonless-change-not-told",
    "buttonless-wrong-peer", 
    /* Nordic's legacy bootloader, and its application. */
    "unmasked-swap", "half-masked-swap", "skips-crc", "takes-any-init", "keeps-offset", "silent-start",
    "silent-overrun", "jump-stays", "jump-without-bond", "jump-not-told", NULL};
/* clang-format on */

const char *const rig_values_without_ram[] = {"move",       "scratch",           "offset", "overwrite",
                                              "direct-xip", "direct-xip-revert", "single", NULL};
const char *const rig_values_moves_nothing[] = {
    "direct-xip", "direct-xip-revert", "ram-load", "ram-load-revert", "single", NULL};
const char *const rig_values_false[] = {"false", NULL};
const char *const rig_values_maintained[] = {"service-absent", "refuses", NULL};
const char *const rig_values_swaps[] = {
    "move",     "scratch",         "offset", "direct-xip", "direct-xip-revert",
    "ram-load", "ram-load-revert", "single", NULL};
const char *const rig_values_overwrite[] = {
    "overwrite", "direct-xip", "direct-xip-revert", "ram-load", "ram-load-revert", "single", NULL};
const char *const rig_values_shows_nothing[] = {"none", "keyboard", NULL};
const char *const rig_values_asks_nothing[] = {"none", "display", NULL};

static const struct rig_field option_fields[] = {
    RIG_BOARD_OPTION_FIELDS,
};
static const struct rig_rule option_rules[] = {RIG_BOARD_OPTION_RULES{0}};
const struct rig_shape rig_board_options_shape = {
    RIG_SHAPE("board options", option_fields, struct rig_options_spec), .rules = option_rules};

static const struct rig_field region_fields[] = {
    RIG_FIELD("size", SIZE, struct rig_sectors_spec, n_bytes, .required = true, .min = 16, .max = 1 << 20,
              .about = "Size of one sector."),
    RIG_FIELD("count", COUNT, struct rig_sectors_spec, n, .required = true, .min = 1, .max = 65536,
              .about = "How many of them follow each other."),
};
static const struct rig_shape region_shape = {RIG_SHAPE("sectors", region_fields, struct rig_sectors_spec)};

static const struct rig_field flash_fields[] = {
    RIG_FIELD("device", CHOICE, struct rig_flash_spec, device, .choices = devices, .required = true,
              .about = "Which flash device."),
    RIG_STRUCT_FIELD("sectors", RECORD, struct rig_flash_spec, sectors, struct rig_sectors_spec,
                     &region_shape, .list = true, .required = true, .about = "Runs of equal sectors."),
    RIG_FIELD("write", SIZE, struct rig_flash_spec, write_bytes, .required = true, .min = 1, .max = 32,
              .about = "Write alignment."),
    RIG_FIELD("erased", COUNT, struct rig_flash_spec, erased, .default_text = "0xff", .max = 0xff,
              .about = "Value of an erased byte: 0xff or 0."),
    RIG_FIELD("rewrite", CHOICE, struct rig_flash_spec, rewrite, .choices = rewrites,
              .default_text = "refused",
              .about = "What a write to a unit does that was written since its erase."),
    RIG_FIELD("erase", CHOICE, struct rig_flash_spec, erase, .choices = erases, .default_text = "needed",
              .about = "Whether a unit has to be erased before it is written again. none: RRAM, MRAM "
                       "(nRF54L): every write takes, and an erase is a write of the erased value."),
    RIG_FIELD("torn", CHOICE, struct rig_flash_spec, torn, .choices = torn_words, .default_text = "readable",
              .about = "What a unit is whose write or erase power was lost in. ecc: reading it is an error "
                       "(STM32H5, STM32U5) until it is erased."),
    RIG_FIELD("write-time", DURATION, struct rig_flash_spec, write_us, .default_text = "41us",
              .max = 60000000, .about = "Per write unit."),
    RIG_FIELD("erase-time", DURATION, struct rig_flash_spec, erase_us, .default_text = "85ms",
              .max = 60000000, .about = "Per sector."),
};
static const struct rig_shape flash_shape = {RIG_SHAPE("flash", flash_fields, struct rig_flash_spec),
                                             RIG_NODE(struct rig_flash_spec, node)};

static const struct rig_field area_fields[] = {
    RIG_FIELD("device", CHOICE, struct rig_area_spec, device, .choices = devices, .default_text = "internal",
              .about = "Flash device that holds it."),
    RIG_FIELD("offset", SIZE, struct rig_area_spec, offset, .required = true, .max = 1u << 30,
              .about = "Start on the device."),
    RIG_FIELD("size", SIZE, struct rig_area_spec, n_bytes, .required = true, .min = 1024, .max = 1u << 28,
              .about = "Length."),
};
static const struct rig_shape area_shape = {RIG_SHAPE("area", area_fields, struct rig_area_spec),
                                            RIG_NODE(struct rig_area_spec, node)};

static const struct rig_field named_area_fields[] = {
    RIG_FIELD("name", TEXT, struct rig_area_spec, name, .required = true, .about = "What it is for."),
    RIG_FIELD("device", CHOICE, struct rig_area_spec, device, .choices = devices, .default_text = "internal",
              .about = "Flash device that holds it."),
    RIG_FIELD("offset", SIZE, struct rig_area_spec, offset, .required = true, .max = 1u << 30,
              .about = "Start on the device."),
    RIG_FIELD("size", SIZE, struct rig_area_spec, n_bytes, .required = true, .min = 512, .max = 1u << 28,
              .about = "Length."),
};
static const struct rig_shape named_area_shape = {
    RIG_SHAPE("named area", named_area_fields, struct rig_area_spec), RIG_NODE(struct rig_area_spec, node)};

static const struct rig_field nordic_fields[] = {
    RIG_FIELD("bootloader", COUNT, struct rig_nordic_spec, bootloader, .required = true, .min = 0x1000,
              .max = 1u << 30, .about = "Where the bootloader begins."),
    RIG_FIELD("bootloader-size", SIZE, struct rig_nordic_spec, bootloader_bytes, .default_text = "24KiB",
              .min = 1024, .max = 1u << 20, .about = "The most that it may have."),
    RIG_FIELD("settings", COUNT, struct rig_nordic_spec, settings, .required = true, .min = 0x1000,
              .max = 1u << 30, .about = "The settings page."),
    RIG_FIELD("backup", COUNT, struct rig_nordic_spec, backup, .min = 0x1000, .max = 1u << 30,
              .about = "The MBR parameter page, which holds the backup of the settings from SDK 15.1 on; "
                       "nRF51 has none."),
    RIG_FIELD("softdevice-size", SIZE, struct rig_nordic_spec, softdevice_bytes, .min = 0x1000,
              .max = 1u << 20,
              .about = "For a SoftDevice that the option `softdevice` does not know: the size of its info "
                       "struct, MBR included."),
    RIG_FIELD("softdevice-id", COUNT, struct rig_nordic_spec, softdevice_id, .max = 0xffff,
              .about = "Its firmware id, that of --sd-req."),
    RIG_FIELD("softdevice-version", COUNT, struct rig_nordic_spec, softdevice_version, .max = 0xffffffffu,
              .about = "Its version: major * 10^6 + minor * 10^3 + fix."),
};
static const struct rig_rule nordic_rules[] = {
    {.field = "softdevice-size", .kind = RIG_RULE_NEEDS, .other = "softdevice-id"},
    {.field = "softdevice-id", .kind = RIG_RULE_NEEDS, .other = "softdevice-size"},
    {.field = "softdevice-version", .kind = RIG_RULE_NEEDS, .other = "softdevice-size"},
    {0},
};
static const struct rig_shape nordic_shape = {RIG_SHAPE("nordic", nordic_fields, struct rig_nordic_spec),
                                              RIG_NODE(struct rig_nordic_spec, node), .rules = nordic_rules};

static const struct rig_field bootloader_fields[] = {
    RIG_FIELD("file", TEXT, struct rig_bootloader_spec, file, .required = true,
              .about = "The shared object; a relative path starts at this file's folder."),
};
static const struct rig_shape bootloader_shape = {
    RIG_SHAPE("bootloader", bootloader_fields, struct rig_bootloader_spec), .shorthand = "file"};

static const char *const simulated_word[] = {"simulated", NULL};
static const struct rig_field firmware_fields[] = {
    RIG_FIELD(
        "waits", TEXT, struct rig_firmware_spec, waits, .required = true,
        .about =
            "Application that serves SMP and waits to be confirmed: a raw binary, unsigned (zephyr.bin)."),
    RIG_FIELD("confirms", TEXT, struct rig_firmware_spec, confirms,
              .about = "The same, and it confirms itself."),
    RIG_FIELD("crashes", TEXT, struct rig_firmware_spec, crashes,
              .about = "The same, and it crashes in its self-test."),
    RIG_FIELD("hangs", TEXT, struct rig_firmware_spec, hangs,
              .about = "The same, and it hangs in its self-test."),
    RIG_FIELD("header", SIZE, struct rig_firmware_spec, header_bytes, .default_text = "512B", .min = 32,
              .max = 65535, .about = "Bytes that the image header takes."),
    RIG_FIELD("room", FLAG, struct rig_firmware_spec, room, .default_text = "true",
              .about = "The binaries begin with room for the header (Zephyr's ROM_START_OFFSET)."),
};
static const struct rig_shape firmware_shape = {
    RIG_SHAPE("firmware", firmware_fields, struct rig_firmware_spec), .shorthand = "waits"};

static const struct rig_field qemu_fields[] = {
    RIG_FIELD("machine", TEXT, struct rig_qemu_spec, machine, .required = true,
              .about = "QEMU's -machine: mps2-an385, microbit, netduinoplus2, ..."),
    RIG_FIELD("cpu", TEXT, struct rig_qemu_spec, cpu,
              .about = "QEMU's -cpu, where the machine has a choice."),
    RIG_FIELD("load", TEXT, struct rig_qemu_spec, load, .list = true, .required = true,
              .about =
                  "HEX files are programmed into the flash once, but for the slots that a scenario fills "
                  "(`board:`); an ELF file, and HEX that is not for the flash, lies in the machine before "
                  "its first instruction, and again at every reset: the bootloader."),
    RIG_FIELD("address", COUNT, struct rig_qemu_spec, address, .default_text = "0", .max = 0xffffffffu,
              .about = "Where the internal flash is in the memory map."),
    RIG_FIELD("external-address", COUNT, struct rig_qemu_spec, external_address, .default_text = "0",
              .max = 0xffffffffu, .about = "Where the external flash is."),
    RIG_FIELD(
        "serial", COUNT, struct rig_qemu_spec, serial, .default_text = "0", .max = 7,
        .about = "Which serial port is the console; it carries SMP too, unless `smp-serial` says otherwise."),
    RIG_FIELD("smp-serial", COUNT, struct rig_qemu_spec, smp_serial, .max = 7,
              .about = "Which serial port carries SMP."),
    RIG_FIELD("arguments", TEXT, struct rig_qemu_spec, arguments, .list = true,
              .about = "Further arguments of QEMU."),
    RIG_FIELD("program", TEXT, struct rig_qemu_spec, program, .default_text = "qemu-system-arm",
              .about = "QEMU itself."),
};
static const struct rig_shape qemu_shape = {RIG_SHAPE("qemu", qemu_fields, struct rig_qemu_spec)};

static const struct rig_field reach_fields[] = {
    RIG_FIELD("udp", TEXT, struct rig_reach_spec, udp,
              .about = "HOST:PORT of its SMP server; an IPv6 address stands in brackets."),
    RIG_FIELD("serial", TEXT, struct rig_reach_spec, serial,
              .about = "Serial port or pseudo-terminal; SMP in the framing of the console."),
    RIG_FIELD("tcp", TEXT, struct rig_reach_spec, tcp, .about = "HOST:PORT of a serial port behind TCP."),
    RIG_FIELD("raw", FLAG, struct rig_reach_spec, raw, .default_text = "false",
              .about =
                  "`serial` and `tcp`: messages without frames, as Zephyr's raw UART transport has them."),
    RIG_FIELD(
        "pace", DURATION, struct rig_reach_spec, pace_us, .default_text = "0ms", .max = 1000000,
        .about =
            "`serial` and `tcp`: a rest between the frames of a message, for boards that lose bytes of long "
            "bursts."),
    RIG_FIELD("baud", COUNT, struct rig_reach_spec, baud, .default_text = "115200", .min = 9600,
              .max = 4000000, .about = "Line rate of the port."),
    RIG_FIELD("ble", TEXT, struct rig_reach_spec, ble, .about = "Advertised name."),
    RIG_FIELD("adapter", NAME, struct rig_reach_spec, adapter, .default_text = "hci0",
              .about = "The host's Bluetooth adapter."),
};
static const char *const ways_to_reach[] = {"udp", "serial", "tcp", "ble", NULL};
static const struct rig_shape reach_shape = {RIG_SHAPE("reach", reach_fields, struct rig_reach_spec),
                                             .exactly_one = ways_to_reach};

static const struct rig_field started_fields[] = {
    RIG_FIELD("command", TEXT, struct rig_started_spec, command, .required = true,
              .about =
                  "A shell runs it in the folder of the target's file, for each case anew. Its lines are the "
                  "board's console."),
    RIG_FIELD(
        "port-line", TEXT, struct rig_started_spec, port_line,
        .about =
            "Regular expression of the line that tells the port; its first group takes the place of {port} "
            "in `reach`. A line that comes again tells another port."),
    RIG_FIELD("within", DURATION, struct rig_started_spec, within_us, .default_text = "10s", .max = 600000000,
              .about = "How long the line may take."),
};
static const struct rig_shape started_shape = {RIG_SHAPE("start", started_fields, struct rig_started_spec)};

static const struct rig_field target_fields[] = {
    RIG_FIELD("target", NAME, struct rig_target_spec, name, .required = true,
              .about = "Name of the target; the file is named after it."),
    RIG_FIELD("about", TEXT, struct rig_target_spec, about, .required = true,
              .about = "One sentence for people."),
    RIG_FIELD("protocol", NAME, struct rig_target_spec, protocol, .default_text = "smp",
              .about = "The protocol that it is updated by: smp, nordic-secure, nordic-legacy."),
    RIG_FIELD("kind", NAME, struct rig_target_spec, kind, .required = true,
              .about = "Which kind of board it is (the table in run/boards.c)."),
    RIG_FIELD("runs", NAME, struct rig_target_spec, runs, .default_text = "mcuboot",
              .about = "Kinds `simulated` and `simulated-process`: the firmware in it: mcuboot, "
                       "nordic-secure, nordic-legacy, or example "
                       "(targets/sim/firmware/)."),
    RIG_STRUCT_FIELD("flash", RECORD, struct rig_target_spec, flash, struct rig_flash_spec, &flash_shape,
                     .list = true, .required = true, .about = "Flash devices."),
    RIG_STRUCT_FIELD("slots", RECORD, struct rig_target_spec, slots, struct rig_area_spec, &area_shape,
                     .list = true, .about = "MCUboot: slot 0 and 1 of image 0, then of image 1."),
    RIG_STRUCT_FIELD("scratch", RECORD, struct rig_target_spec, scratch, struct rig_area_spec, &area_shape,
                     .about = "Scratch area of swap-scratch."),
    RIG_STRUCT_FIELD("areas", RECORD, struct rig_target_spec, areas, struct rig_area_spec, &named_area_shape,
                     .list = true,
                     .about = "Areas of a bootloader of one's own (`bootloader:`), such as settings or "
                              "counters: role OTHER of bootloader_abi.h, in this order."),
    RIG_STRUCT_FIELD("nordic", RECORD, struct rig_target_spec, nordic, struct rig_nordic_spec, &nordic_shape,
                     .about = "Protocols `nordic-secure` and `nordic-legacy`, in the place of `slots`: where "
                              "bootloader and settings lie. Banks follow from it."),
    RIG_STRUCT_FIELD("bootloader", RECORD, struct rig_target_spec, bootloader, struct rig_bootloader_spec,
                     &bootloader_shape,
                     .about = "Your own bootloader, compiled for this machine against bootloader_abi.h, "
                              "instead of the built-in model."),
    RIG_FIELD("approtect", CHOICE, struct rig_target_spec, approtect, .choices = ap_locks,
              .default_text = "off",
              .about = "Out of process: access port protection as on current revisions of the nRF52. "
                       "Power-on and pin reset close the debug port; "
                       "firmware-opens: until the application starts; stays: until the chip is erased "
                       "through its CTRL-AP."),
    RIG_FIELD(
        "console", CHOICE, struct rig_target_spec, console, .choices = consoles, .default_text = "direct",
        .about =
            "Out of process: where console lines come from: the board's own pipe, or RTT through openocd."),
    RIG_FIELD("chip", NAME, struct rig_target_spec, chip,
              .about = "Kinds `board` and `simulated-process`: the chip that its probe must find (nrf52840, "
                       "...); another one is refused."),
    RIG_STRUCT_FIELD("qemu", RECORD, struct rig_target_spec, qemu, struct rig_qemu_spec, &qemu_shape,
                     .about = "Kind `qemu`: the machine, and what runs in it."),
    RIG_STRUCT_FIELD("reach", RECORD, struct rig_target_spec, reach, struct rig_reach_spec, &reach_shape,
                     .about = "Kind `running`: where its update server is."),
    RIG_STRUCT_FIELD("start", RECORD, struct rig_target_spec, start, struct rig_started_spec, &started_shape,
                     .about =
                         "Kind `running`: the command that runs the server, where it does not run already."),
    RIG_FIELD(
        "link", CHOICE, struct rig_target_spec, link, .choices = links, .default_text = "ble",
        .about =
            "Kind `simulated`: what carries its updates, in this process: Bluetooth LE, a serial port, UDP."),
    RIG_FIELD(
        "boot-line", LINE, struct rig_target_spec, boot_line,
        .about =
            "Kinds `board`, `qemu`, `running`, `simulated-process`: a piece of the console line that each "
            "run of the "
            "bootloader prints; without it MCUboot's, or that of a simulated board with Nordic's. `none`: it "
            "prints "
            "nothing; runs that the rig does not cause are not seen then."),
    RIG_FIELD("key", TEXT, struct rig_target_spec, key,
              .about =
                  "PEM file of the key whose signatures the bootloader takes; images of scenarios need its "
                  "private part. Without it the rig's own test key of `sign`."),
    RIG_FIELD(
        "encryption-key", TEXT, struct rig_target_spec, encryption_key,
        .about = "File of the key that images are encrypted for: PEM, or an AES key in Base64. The simulated "
                 "board needs its private part. Without it the rig's own test key of `encrypt`."),
    RIG_STRUCT_FIELD("firmware", RECORD, struct rig_target_spec, firmware, struct rig_firmware_spec,
                     &firmware_shape, RIG_WORD(struct rig_target_spec, firmware_word),
                     .choices = simulated_word,
                     .about = "Kinds `board` and `qemu`: what the images of scenarios are made of; without "
                              "it they come from files. `simulated`: for the simulated board."),
    RIG_FIELD("name", TEXT, struct rig_target_spec, advertised_name, .max = 31, .default_text = "bootrig-sim",
              .about = "Advertised name."),
    RIG_FIELD("address", ADDRESS, struct rig_target_spec, address, .default_text = "C0:FF:EE:00:00:01",
              .about = "Bluetooth address."),
    RIG_STRUCT_FIELD("options", RECORD, struct rig_target_spec, options, struct rig_options_spec,
                     &rig_board_options_shape, .about = "Board options."),
};
static const char *const in_a_process[] = {"simulated-process", NULL};
static const char *const with_a_chip[] = {"board", "simulated-process", NULL};
static const char *const in_qemu[] = {"qemu", NULL};
static const char *const simulated_kinds[] = {"simulated", "simulated-process", NULL};
static const char *const that_runs[] = {"running", NULL};
static const char *const with_boot_line[] = {"board", "qemu", "running", "simulated-process", NULL};
static const char *const with_firmware[] = {"board", "qemu", "running", NULL};
static const char *const with_banks[] = {"slots", "nordic", NULL};
static const char *const with_nordic[] = {"nordic-secure", "nordic-legacy", NULL};
static const struct rig_rule target_rules[] = {
    {.field = "protocol", .values = with_nordic, .kind = RIG_RULE_NEEDS, .other = "nordic"},
    {.field = "nordic", .kind = RIG_RULE_NEEDS, .other = "protocol", .others = with_nordic},
    {.field = "nordic", .kind = RIG_RULE_NOT_BESIDE, .other = "kind", .others = in_qemu},
    {.field = "runs", .kind = RIG_RULE_NEEDS, .other = "kind", .others = simulated_kinds},
    {.field = "approtect", .kind = RIG_RULE_NEEDS, .other = "kind", .others = in_a_process},
    {.field = "console", .kind = RIG_RULE_NEEDS, .other = "kind", .others = in_a_process},
    {.field = "chip", .kind = RIG_RULE_NEEDS, .other = "kind", .others = with_a_chip},
    {.field = "qemu", .kind = RIG_RULE_NEEDS, .other = "kind", .others = in_qemu},
    {.field = "reach", .kind = RIG_RULE_NEEDS, .other = "kind", .others = that_runs},
    {.field = "start", .kind = RIG_RULE_NEEDS, .other = "kind", .others = that_runs},
    {.field = "link", .kind = RIG_RULE_NEEDS, .other = "kind", .others = simulated_kinds},
    {.field = "boot-line", .kind = RIG_RULE_NEEDS, .other = "kind", .others = with_boot_line},
    {.field = "firmware", .kind = RIG_RULE_NEEDS, .other = "kind", .others = with_firmware},
    {0},
};
static const struct rig_removed removed_fields[] = {
    {"adapter", "take it out: openocd always reaches the simulated board through an ST-LINK"}, {NULL, NULL}};
const struct rig_shape rig_target_shape = {RIG_SHAPE("target", target_fields, struct rig_target_spec),
                                           RIG_NODE(struct rig_target_spec, node), .exactly_one = with_banks,
                                           .rules = target_rules, .removed = removed_fields};
