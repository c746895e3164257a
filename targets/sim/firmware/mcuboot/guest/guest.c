/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A foreign bootloader from opening to closing, and one boot of it. */
#include "sim/firmware/mcuboot/guest/state.h"

#include <openssl/evp.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define DEFAULT_STACK_BYTES (256u * 1024u)
#define DEFAULT_ARENA_BYTES (1024u * 1024u)
#define DEFAULT_MAX_FLASH_CALLS 4000000u
#define DEFAULT_MAX_CPU_MS 2000u
#define PLACE_BYTES 128u
#define MAX_STACK_BYTES (64u * 1024u * 1024u)
#define MAX_ARENA_BYTES (1024u * 1024u * 1024u)

const char *sim_guest_outcome_text(enum sim_guest_outcome outcome)
{
    static const char *const texts[SIM_GUEST_N_OUTCOMES] = {
        "runs",  "no image",       "power lost",   "assertion",   "abort",        "exit",
        "crash", "stack overflow", "endless loop", "flash fault", "bad decision", "not run"};

    return (unsigned)outcome < SIM_GUEST_N_OUTCOMES ? texts[outcome] : "unknown";
}

bool sim_guest_is_finding(enum sim_guest_outcome outcome)
{
    return outcome >= SIM_GUEST_ASSERT && outcome <= SIM_GUEST_BAD_DECISION;
}

static void add_area(struct sim_guest_config *config, enum bootloader_role role, unsigned image,
                     const struct sim_area *area)
{
    if (area->n_bytes == 0 || config->n_areas == SIM_GUEST_MAX_AREAS)
        return;
    config->areas[config->n_areas++] = (struct bootloader_area){.role = role,
                                                                .image = image,
                                                                .device = area->device,
                                                                .offset = area->offset,
                                                                .size_bytes = area->n_bytes};
}

void sim_guest_config_areas(struct sim_guest_config *config, const struct sim_boot_config *boot)
{
    config->n_areas = 0;
    for (unsigned image = 0; image < boot->n_images && image < SIM_BOOT_MAX_IMAGES; image++) {
        add_area(config, BOOTLOADER_ROLE_PRIMARY, image, &boot->primary[image]);
        add_area(config, BOOTLOADER_ROLE_SECONDARY, image, &boot->secondary[image]);
    }
    add_area(config, BOOTLOADER_ROLE_SCRATCH, 0, &boot->scratch);
    for (unsigned i = 0; i < boot->n_others && i < SIM_BOOT_MAX_OTHERS; i++)
        add_area(config, BOOTLOADER_ROLE_OTHER, i, &boot->others[i]);
}

bool sim_guest_hash(const struct sim_guest *guest, uint8_t hash[32])
{
    EVP_MD_CTX *sum = EVP_MD_CTX_new();
    uint8_t bytes[16384];
    ssize_t n_now = 1;
    bool good = sum && EVP_DigestInit_ex(sum, EVP_sha256(), NULL) == 1;

    for (off_t at = 0; good && n_now > 0; at += n_now) {
        n_now = pread(guest->object.file, bytes, sizeof bytes, at);
        good = n_now >= 0 && EVP_DigestUpdate(sum, bytes, (size_t)n_now) == 1;
    }
    good = good && EVP_DigestFinal_ex(sum, hash, NULL) == 1;
    EVP_MD_CTX_free(sum);
    return good;
}

uint32_t sim_guest_max_boot_ms(const struct sim_guest *guest)
{
    return guest->config.max_cpu_ms * TRAP_BLOCKED_FACTOR + TRAP_LATE_MS;
}

static void number_areas(struct sim_guest_config *config)
{
    for (unsigned i = 0; i < config->n_areas; i++) {
        config->areas[i].n_bytes = sizeof config->areas[i];
        config->areas[i].id = i + 1;
    }
}

static bool check_entry(struct sim_guest *guest, char *why, size_t n_why)
{
    const struct bootloader_guest *entry = object_symbol(&guest->object, BOOTLOADER_ENTRY_SYMBOL);

    if (!entry)
        snprintf(why, n_why, "it exports no symbol '%s' (see bootloader_abi.h)", BOOTLOADER_ENTRY_SYMBOL);
    else if (entry->version != BOOTLOADER_ABI_VERSION)
        snprintf(why, n_why, "it speaks version %lu of bootloader_abi.h, this program version %u",
                 (unsigned long)entry->version, BOOTLOADER_ABI_VERSION);
    else if (entry->n_bytes < offsetof(struct bootloader_guest, build) || !entry->name ||
             !object_holds_code(&guest->object, (uintptr_t)entry->boot))
        snprintf(why, n_why, "its symbol '%s' is not filled in: size, name and boot function",
                 BOOTLOADER_ENTRY_SYMBOL);
    else
        guest->entry = entry;
    return guest->entry != NULL;
}

/* An older guest knows less of the struct, a newer one more. */
static void keep_build(struct sim_guest *guest)
{
    const struct bootloader_guest *entry = guest->entry;
    const struct bootloader_build *build =
        entry->n_bytes >= offsetof(struct bootloader_guest, build) + sizeof entry->build ? entry->build
                                                                                         : NULL;

    if (build)
        memcpy(&guest->build, build,
               build->n_bytes < sizeof guest->build ? build->n_bytes : sizeof guest->build);
}

static bool is_foreign(const void *user, uintptr_t address)
{
    const struct sim_guest *guest = user;

    return object_holds_code(&guest->object, address);
}

static uint64_t loops_after_us(const void *user, uintptr_t address)
{
    const struct sim_guest *guest = user;

    return guest_pace_knows(guest, address) ? guest_pace_max_us(guest) : UINT64_MAX;
}

static void boot_inside(void *user)
{
    struct sim_guest *guest = user;
    struct bootloader_decision decision = {.n_bytes = sizeof decision};

    guest->entry->boot(&guest->host, &decision);
    guest->decision = decision;
}

static void set_defaults(struct sim_guest_config *config)
{
    config->stack_bytes = config->stack_bytes ? config->stack_bytes : DEFAULT_STACK_BYTES;
    config->arena_bytes = config->arena_bytes ? config->arena_bytes : DEFAULT_ARENA_BYTES;
    config->max_flash_calls = config->max_flash_calls ? config->max_flash_calls : DEFAULT_MAX_FLASH_CALLS;
    config->max_cpu_ms = config->max_cpu_ms ? config->max_cpu_ms : DEFAULT_MAX_CPU_MS;
    number_areas(config);
}

/* NULL: no memory */
static struct guest_pace *guest_pace_new(void)
{
    void *at =
        mmap(NULL, sizeof(struct guest_pace), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

    return at == MAP_FAILED ? NULL : at;
}

static bool prepare(struct sim_guest *guest, char *why, size_t n_why)
{
    if (guest->config.stack_bytes > MAX_STACK_BYTES || guest->config.arena_bytes > MAX_ARENA_BYTES ||
        guest->config.n_areas > SIM_GUEST_MAX_AREAS) {
        snprintf(why, n_why, "a guest's stack has at most 64 MiB, its arena 1 GiB, its areas are at most %u",
                 SIM_GUEST_MAX_AREAS);
        return false;
    }
    guest->memo = guest_memo_new();
    guest->pace = guest_pace_new();
    guest->arena = calloc(1, guest->config.arena_bytes);
    guest->trap.function = boot_inside;
    guest->trap.user = guest;
    guest->trap.is_foreign = is_foreign;
    guest->trap.max_cpu_ms = guest->config.max_cpu_ms;
    guest_offer_services(guest);
    guest->trap.loops_after_us = loops_after_us;
    if (guest->memo && guest->pace && guest->arena && trap_init(&guest->trap, guest->config.stack_bytes))
        return true;
    snprintf(why, n_why, "no memory");
    return false;
}

struct sim_guest *sim_guest_open(const char *path, const struct sim_guest_config *config, char *why,
                                 size_t n_why)
{
    struct sim_guest *guest = calloc(1, sizeof *guest);
    size_t n_redirects;
    const struct object_redirect *redirects = guest_redirects(&n_redirects);

    if (!guest) {
        snprintf(why, n_why, "no memory");
        return NULL;
    }
    guest->object.file = -1;
    snprintf(guest->file_name, sizeof guest->file_name, "%s",
             strrchr(path, '/') ? strrchr(path, '/') + 1 : path);
    guest->config = *config;
    set_defaults(&guest->config);
    if (!prepare(guest, why, n_why) ||
        !object_open(&guest->object, path, redirects, n_redirects, why, n_why) ||
        !check_entry(guest, why, n_why)) {
        sim_guest_free(guest);
        return NULL;
    }
    snprintf(guest->name, sizeof guest->name, "%s", guest->entry->name);
    keep_build(guest);
    return guest;
}

const struct bootloader_build *sim_guest_build(const struct sim_guest *guest)
{
    return &guest->build;
}

static void guest_pace_free(struct guest_pace *pace)
{
    if (pace)
        munmap(pace, sizeof *pace);
}

void sim_guest_free(struct sim_guest *guest)
{
    if (!guest)
        return;
    object_close(&guest->object);
    trap_clear(&guest->trap);
    guest_memo_free(guest->memo);
    guest_pace_free(guest->pace);
    free(guest->arena);
    free(guest);
}

const char *sim_guest_name(const struct sim_guest *guest)
{
    return guest->name;
}

static size_t object_state_bytes(const struct object *object)
{
    size_t n_bytes = 0;

    for (unsigned i = 0; i < object->n_globals; i++)
        n_bytes += object->globals[i].n_bytes;
    return n_bytes;
}

size_t sim_guest_state_bytes(const struct sim_guest *guest)
{
    return object_state_bytes(&guest->object);
}

/* The words are the guest's: bounded, and printable once more. */
static void take_text(struct sim_guest *guest, struct sim_guest_result *result)
{
    guest->decision.text[BOOTLOADER_TEXT_BYTES - 1] = '\0';
    for (char *at = guest->decision.text; *at; at++)
        if ((unsigned char)*at < 0x20 || (unsigned char)*at >= 0x7f)
            *at = '?';
    memcpy(result->text, guest->decision.text, BOOTLOADER_TEXT_BYTES);
}

static void take_decision(struct sim_guest *guest, struct sim_guest_result *result)
{
    const struct bootloader_decision *decision = &guest->decision;

    result->outcome = decision->verdict == BOOTLOADER_RUN ? SIM_GUEST_RUNS : SIM_GUEST_NO_IMAGE;
    result->device = decision->device;
    result->offset = decision->offset;
    take_text(guest, result);
    if (decision->verdict > BOOTLOADER_RUN) {
        result->outcome = SIM_GUEST_BAD_DECISION;
        snprintf(result->text, sizeof result->text, "it returned verdict %lu",
                 (unsigned long)decision->verdict);
    } else if (decision->verdict == BOOTLOADER_RUN &&
               decision->offset >= sim_flash_bytes(guest->flash, decision->device)) {
        result->outcome = SIM_GUEST_BAD_DECISION;
        snprintf(result->text, sizeof result->text,
                 "it jumps to 0x%lx of flash device %lu, which is not there", (unsigned long)decision->offset,
                 (unsigned long)decision->device);
    }
}

static const char *signal_words(int number)
{
    switch (number) {
    case SIGSEGV:
        return "invalid memory access (SIGSEGV)";
    case SIGBUS:
        return "invalid memory access (SIGBUS)";
    case SIGFPE:
        return "arithmetic fault (SIGFPE)";
    case SIGILL:
        return "invalid instruction (SIGILL)";
    case SIGTRAP:
        return "trap instruction (SIGTRAP)";
    default:
        return "abort (SIGABRT)";
    }
}

static void take_signal(struct sim_guest *guest, struct sim_guest_result *result)
{
    const struct trap *trap = &guest->trap;
    bool has_address = trap->signal_number == SIGSEGV || trap->signal_number == SIGBUS;
    char place[PLACE_BYTES], address[PLACE_BYTES] = "";

    guest_place(guest, trap->fault_pc, place, sizeof place);
    if (has_address)
        guest_place(guest, trap->fault_address, address, sizeof address);
    result->signal_number = trap->signal_number;
    result->outcome = trap->signal_number == SIGABRT ? SIM_GUEST_ABORT : SIM_GUEST_CRASH;
    if (snprintf(result->text, sizeof result->text, "%s%s%s in %s", signal_words(trap->signal_number),
                 has_address ? " of " : "", address, place) >= (int)sizeof result->text)
        memcpy(result->text + sizeof result->text - 4, "...", 4);
}

/* Where in a loop the clock found it differs from run to run, and how often it called; what it called before
 * a loop without calls does not. */
static void take_loop(struct sim_guest *guest, struct sim_guest_result *result)
{
    const struct guest_call *call = &guest->last_call;

    result->outcome = SIM_GUEST_LOOP;
    guest_pace_looped(guest, guest->trap.fault_pc);
    if (guest->trap.calls)
        snprintf(result->text, sizeof result->text, "no decision in the CPU time of a boot");
    else if (!call->what)
        snprintf(result->text, sizeof result->text,
                 "no decision in the CPU time of a boot, without a call of the host");
    else
        snprintf(result->text, sizeof result->text,
                 "no decision in the CPU time of a boot after its call %llu of the host, %s of %lu bytes at "
                 "0x%lx of the %s flash",
                 (unsigned long long)result->n_flash_calls, call->what, (unsigned long)call->n_bytes,
                 (unsigned long)call->offset, guest_device_name(guest, call->device));
}

/* Several processes may write: a number that is lost is learned again. */
static void guest_pace_ended(struct sim_guest *guest, uint64_t cpu_us)
{
    struct guest_pace *pace = guest->pace;

    if (cpu_us > pace->longest_us)
        pace->longest_us = cpu_us;
    if (guest->result->n_flash_calls > pace->most_calls)
        pace->most_calls = guest->result->n_flash_calls;
}

static void take_end(struct sim_guest *guest, struct sim_guest_result *result)
{
    switch (guest->trap.end) {
    case TRAP_RETURNED:
        take_decision(guest, result);
        guest_pace_ended(guest, guest->trap.used_us);
        break;
    case TRAP_THROWN:
        break;
    case TRAP_SIGNAL:
        take_signal(guest, result);
        break;
    case TRAP_OVERFLOW:
        result->outcome = SIM_GUEST_STACK_OVERFLOW;
        result->signal_number = guest->trap.signal_number;
        snprintf(result->text, sizeof result->text, "more than %lu bytes of stack",
                 (unsigned long)guest->config.stack_bytes);
        break;
    case TRAP_EXPIRED:
        take_loop(guest, result);
        break;
    case TRAP_BLOCKED:
        guest->pace->blocked = 1;
        result->outcome = SIM_GUEST_LOOP;
        snprintf(result->text, sizeof result->text, "it waits for something that does not come");
        break;
    }
}

static void empty_arena(struct sim_guest *guest)
{
    memset(guest->arena, 0, guest->n_arena_used);
    guest->n_arena_used = 0;
}

void sim_guest_boot(struct sim_guest *guest, struct sim_flash *flash, sim_guest_log log, void *log_user,
                    struct sim_guest_result *result)
{
    memset(result, 0, sizeof *result);
    result->outcome = SIM_GUEST_POWER_LOST;
    if (!sim_flash_powered(flash))
        return;
    guest->flash = flash;
    guest->log = log;
    guest->log_user = log_user;
    guest->result = result;
    guest->trap.signal_number = 0;
    guest->trap.n_calls = &result->n_flash_calls;
    guest->trap.n_calls_seen = 0;
    guest->trap.blocks = guest->pace->blocked != 0;
    guest->last_call = (struct guest_call){0};
    guest->n_calls_at_change = 0;
    guest->trap.fault_pc = guest->trap.fault_address = 0;
    object_rewind(&guest->object);
    empty_arena(guest);
    guest_describe_flash(guest, flash);
    if (trap_run(&guest->trap)) {
        take_end(guest, result);
        return;
    }
    result->outcome = SIM_GUEST_NOT_RUN;
    snprintf(result->text, sizeof result->text, "another bootloader is running in this process");
}
