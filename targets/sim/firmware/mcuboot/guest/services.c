/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The host's functions of bootloader_abi.h over the simulated flash. They run on the guest's stack; a power
 * cut or a fault ends the boot from within them. */
#include "sim/firmware/mcuboot/guest/state.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define LINE_BYTES 200u
#define ARENA_ALIGN 16u

_Noreturn void guest_stop(struct sim_guest *guest, enum sim_guest_outcome outcome, const char *format, ...)
{
    va_list arguments;

    guest->trap.in_host = 1;
    va_start(arguments, format);
    vsnprintf(guest->result->text, sizeof guest->result->text, format, arguments);
    va_end(arguments);
    guest->result->outcome = outcome;
    trap_throw(&guest->trap, TRAP_THROWN);
}

#define CALL(what, device, offset, n_bytes)                                                                  \
    (struct guest_call)                                                                                      \
    {                                                                                                        \
        (uintptr_t) __builtin_return_address(0), what, device, offset, n_bytes                               \
    }

/* Loops that change the flash are ended by the same number of calls each time: what they leave is a result.
 */
static void end_loop(struct sim_guest *guest, const struct guest_call *call)
{
    if (guest->result->n_flash_calls > guest->config.max_flash_calls) {
        guest_pace_looped(guest, call->caller);
        guest_stop(guest, SIM_GUEST_LOOP, "more flash calls than a boot may make");
    }
    if (guest->result->n_flash_calls - guest->n_calls_at_change > guest_pace_max_calls(guest, call->caller))
        guest_stop(guest, SIM_GUEST_LOOP, "more flash calls than a boot may make");
}

static void enter(struct sim_guest *guest, const struct guest_call *call)
{
    trap_enter_host(&guest->trap);
    guest->last_call = *call;
    if (++guest->result->n_flash_calls - guest->n_calls_at_change > GUEST_FEW_CALLS)
        end_loop(guest, call);
    if (!sim_flash_powered(guest->flash))
        guest_stop(guest, SIM_GUEST_POWER_LOST, "%s", "");
}

const char *guest_device_name(const struct sim_guest *guest, uint32_t device)
{
    const struct sim_flash_device_config *config = sim_flash_device(guest->flash, device);

    return config ? config->name : "unknown";
}

static int32_t conclude(struct sim_guest *guest, enum sim_status status, const char *what, uint32_t device,
                        uint32_t offset, uint32_t n_bytes)
{
    if (status == SIM_NO_MEMORY)
        guest_stop(guest, SIM_GUEST_NOT_RUN, "the flash has no memory");
    /* The observer may have switched the power off. */
    if (status == SIM_POWER_LOST || !sim_flash_powered(guest->flash))
        guest_stop(guest, SIM_GUEST_POWER_LOST, "%s", "");
    if (status != SIM_OK)
        guest_stop(guest, SIM_GUEST_FLASH_FAULT, "%s of %lu bytes at 0x%lx of the %s flash: %s", what,
                   (unsigned long)n_bytes, (unsigned long)offset, guest_device_name(guest, device),
                   sim_status_text(status));
    if (*what == 'w' || *what == 'e')
        guest->n_calls_at_change = guest->result->n_flash_calls;
    trap_leave_host(&guest->trap);
    return BOOTLOADER_OK;
}

static bool within_an_area(const struct sim_guest *guest, uint32_t device, uint32_t offset, uint32_t n_bytes)
{
    for (unsigned i = 0; i < guest->config.n_areas; i++) {
        const struct bootloader_area *area = &guest->config.areas[i];

        if (area->device == device && offset >= area->offset && offset - area->offset <= area->size_bytes &&
            n_bytes <= area->size_bytes - (offset - area->offset))
            return true;
    }
    return false;
}

static void demand_area(struct sim_guest *guest, const char *what, uint32_t device, uint32_t offset,
                        uint32_t n_bytes)
{
    if (!within_an_area(guest, device, offset, n_bytes))
        guest_stop(guest, SIM_GUEST_FLASH_FAULT,
                   "%s of %lu bytes at 0x%lx of the %s flash: outside the bootloader's areas", what,
                   (unsigned long)n_bytes, (unsigned long)offset, guest_device_name(guest, device));
}

static int32_t host_read(void *user, uint32_t device, uint32_t offset, void *into, uint32_t n_bytes)
{
    struct sim_guest *guest = user;

    trap_touch_writable(into, n_bytes);
    enter(guest, &CALL("read", device, offset, n_bytes));
    return conclude(guest, sim_flash_read(guest->flash, device, offset, into, n_bytes), "read", device,
                    offset, n_bytes);
}

static int32_t host_write(void *user, uint32_t device, uint32_t offset, const void *bytes, uint32_t n_bytes)
{
    struct sim_guest *guest = user;

    trap_touch_readable(bytes, n_bytes);
    enter(guest, &CALL("write", device, offset, n_bytes));
    demand_area(guest, "write", device, offset, n_bytes);
    return conclude(guest, sim_flash_write(guest->flash, device, offset, bytes, n_bytes), "write", device,
                    offset, n_bytes);
}

static int32_t host_erase(void *user, uint32_t device, uint32_t offset, uint32_t n_bytes)
{
    struct sim_guest *guest = user;

    enter(guest, &CALL("erase", device, offset, n_bytes));
    demand_area(guest, "erase", device, offset, n_bytes);
    return conclude(guest, sim_flash_erase(guest->flash, device, offset, n_bytes), "erase", device, offset,
                    n_bytes);
}

static int32_t host_sector(void *user, uint32_t device, uint32_t offset, uint32_t *start, uint32_t *n_bytes)
{
    struct sim_guest *guest = user;
    uint32_t found_start, found_bytes;

    if (!sim_flash_sector_at(guest->flash, device, offset, &found_start, &found_bytes))
        return BOOTLOADER_NOT_FOUND;
    *start = found_start;
    *n_bytes = found_bytes;
    return BOOTLOADER_OK;
}

static void host_log(void *user, char level, const char *line)
{
    struct sim_guest *guest = user;
    char text[LINE_BYTES];

    snprintf(text, sizeof text, "%s", line);
    enter(guest, &CALL("log", 0, 0, 0));
    if (guest->log)
        guest->log(guest->log_user, level, text);
    conclude(guest, SIM_OK, "log", 0, 0, 0);
}

static void host_assert_failed(void *user, const char *file, int32_t line, const char *text)
{
    struct sim_guest *guest = user;
    const char *name = file ? strrchr(file, '/') : NULL;

    if (file)
        guest_stop(guest, SIM_GUEST_ASSERT, "%s (%s:%ld)", text ? text : "assertion", name ? name + 1 : file,
                   (long)line);
    guest_stop(guest, SIM_GUEST_ASSERT, "%s", text ? text : "assertion");
}

void *guest_alloc(struct sim_guest *guest, size_t n_bytes)
{
    size_t room = guest->config.arena_bytes - guest->n_arena_used;
    void *at = guest->arena + guest->n_arena_used;

    if (n_bytes > room || ARENA_ALIGN > room - n_bytes)
        return NULL;
    guest->n_arena_used += (n_bytes + ARENA_ALIGN - 1) / ARENA_ALIGN * ARENA_ALIGN;
    return at;
}

static void *host_alloc(void *user, size_t n_bytes)
{
    return guest_alloc(user, n_bytes);
}

static int32_t host_sha256(void *user, uint32_t device, uint32_t offset, uint32_t n_bytes,
                           uint8_t digest[BOOTLOADER_SHA256_BYTES])
{
    struct sim_guest *guest = user;

    trap_touch_writable(digest, BOOTLOADER_SHA256_BYTES);
    enter(guest, &CALL("sha256", device, offset, n_bytes));
    return conclude(guest, guest_memo_sha256(guest->memo, guest->flash, device, offset, n_bytes, digest),
                    "read", device, offset, n_bytes);
}

static int32_t host_recall(void *user, const void *key, uint32_t n_key_bytes, int32_t *verdict)
{
    struct sim_guest *guest = user;
    int32_t found_verdict;

    if (n_key_bytes > BOOTLOADER_MEMO_MAX_BYTES ||
        !guest_memo_recall(guest->memo, key, n_key_bytes, &found_verdict))
        return BOOTLOADER_NOT_FOUND;
    *verdict = found_verdict;
    return BOOTLOADER_OK;
}

static int32_t host_remember(void *user, const void *key, uint32_t n_key_bytes, int32_t verdict)
{
    struct sim_guest *guest = user;

    if (n_key_bytes > BOOTLOADER_MEMO_MAX_BYTES)
        return BOOTLOADER_NO_MEMORY;
    trap_touch_readable(key, n_key_bytes);
    trap_enter_host(&guest->trap);
    bool kept = guest_memo_remember(guest->memo, key, n_key_bytes, verdict);
    trap_leave_host(&guest->trap);
    return kept ? BOOTLOADER_OK : BOOTLOADER_NO_MEMORY;
}

void guest_offer_services(struct sim_guest *guest)
{
    guest->host = (struct bootloader_host){
        .n_bytes = sizeof guest->host,
        .version = BOOTLOADER_ABI_VERSION,
        .user = guest,
        .devices = guest->devices,
        .areas = guest->config.areas,
        .read = host_read,
        .write = host_write,
        .erase = host_erase,
        .sector = host_sector,
        .log = host_log,
        .assert_failed = host_assert_failed,
        .alloc = host_alloc,
        .sha256 = host_sha256,
        .recall = host_recall,
        .remember = host_remember,
    };
}

static void describe_device(struct sim_guest *guest, const struct sim_flash *flash, unsigned device)
{
    const struct sim_flash_device_config *config = sim_flash_device(flash, device);

    for (unsigned i = 0; i < config->n_regions; i++)
        guest->regions[device][i] =
            (struct bootloader_region){config->regions[i].sector_bytes, config->regions[i].n_sectors};
    guest->devices[device] = (struct bootloader_device){
        .n_bytes = sizeof(struct bootloader_device),
        .size_bytes = sim_flash_bytes(flash, device),
        .write_bytes = config->write_bytes,
        .erased_value = config->erased,
        .is_external = device == SIM_FLASH_EXTERNAL,
        .n_regions = config->n_regions,
        .regions = guest->regions[device],
    };
}

void guest_describe_flash(struct sim_guest *guest, const struct sim_flash *flash)
{
    guest->host.n_devices = sim_flash_n_devices(flash);
    for (unsigned i = 0; i < guest->host.n_devices; i++)
        describe_device(guest, flash, i);
    guest->host.n_areas = guest->config.n_areas;
}
