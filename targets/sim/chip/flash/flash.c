/* SPDX-License-Identifier: GPL-3.0-or-later */
/* NOR flash devices: rules of the part, operation counter, power cuts, wear, virtual time. The bytes live in
 * pages.c. */
#include "sim/chip/flash/flash.h"

#include "sim/chip/flash/pages.h"

#include <stdlib.h>
#include <string.h>

#define MAX_DEVICE_BYTES (256u * 1024u * 1024u)
#define MAX_WRITE_BYTES 32u
#define TORN_BYTES 8u
#define FILL_BYTES 32u /* CONFIG_FLASH_FILL_BUFFER_SIZE of Zephyr's flash_fill() */

_Static_assert(SIM_FLASH_PAGE_BYTES == SIM_PAGE_BYTES,
               "the page size is part of the contract of sim_flash_range_hash()");

struct device {
    struct sim_flash_device_config config;
    uint32_t n_bytes;
    struct sim_pages *pages;
    uint32_t *wear; /* one per sector */
};

struct sim_flash {
    struct device devices[SIM_FLASH_MAX_DEVICES];
    unsigned n_devices;
    uint64_t n_operations;
    uint64_t busy_us;
    bool powered;
    bool armed;
    uint64_t cut_at; /* operation number */
    enum sim_cut_form cut_form;
    sim_flash_observer observer;
    void *observer_user;
    sim_flash_read_observer read_observer;
    void *read_observer_user;
};

struct sim_flash_content {
    struct sim_pages *pages[SIM_FLASH_MAX_DEVICES];
    unsigned n_devices;
};

const char *sim_status_text(enum sim_status status)
{
    switch (status) {
    case SIM_OK:
        return "ok";
    case SIM_POWER_LOST:
        return "power is off";
    case SIM_OUT_OF_RANGE:
        return "outside the flash";
    case SIM_UNALIGNED:
        return "offset or length is not aligned";
    case SIM_NOT_ERASED:
        return "written twice without an erase";
    case SIM_UNREADABLE:
        return "a word that power was lost in cannot be read";
    case SIM_NO_MEMORY:
        return "out of memory";
    }
    return "unknown";
}

static bool region_is_sound(const struct sim_flash_region *region, uint32_t write_bytes, uint64_t *n_bytes,
                            uint64_t *n_sectors)
{
    if (region->sector_bytes == 0 || region->n_sectors == 0 || region->sector_bytes % write_bytes != 0) {
        return false;
    }
    *n_bytes += (uint64_t)region->sector_bytes * region->n_sectors;
    *n_sectors += region->n_sectors;
    return *n_bytes <= MAX_DEVICE_BYTES;
}

static bool config_is_sound(const struct sim_flash_device_config *config, uint32_t *n_bytes,
                            uint32_t *n_sectors)
{
    uint32_t unit = config->write_bytes;
    if (unit == 0 || unit > MAX_WRITE_BYTES || (unit & (unit - 1)) != 0 || config->n_regions == 0 ||
        config->n_regions > SIM_FLASH_MAX_REGIONS || (config->torn_is_error && unit < TORN_BYTES) ||
        (config->erased != 0xff && config->erased != 0x00)) {
        return false;
    }
    uint64_t bytes = 0;
    uint64_t sectors = 0;
    for (unsigned i = 0; i < config->n_regions; i++) {
        if (!region_is_sound(&config->regions[i], unit, &bytes, &sectors)) {
            return false;
        }
    }
    *n_bytes = (uint32_t)bytes;
    *n_sectors = (uint32_t)sectors;
    return true;
}

static bool device_open(struct device *device, const struct sim_flash_device_config *config)
{
    uint32_t n_sectors;
    if (!config_is_sound(config, &device->n_bytes, &n_sectors)) {
        return false;
    }
    device->config = *config;
    device->pages = sim_pages_new(device->n_bytes, config->erased);
    device->wear = calloc(n_sectors, sizeof *device->wear);
    return device->pages != NULL && device->wear != NULL;
}

struct sim_flash *sim_flash_new(const struct sim_flash_device_config *devices, unsigned n_devices)
{
    if (n_devices == 0 || n_devices > SIM_FLASH_MAX_DEVICES) {
        return NULL;
    }
    struct sim_flash *flash = calloc(1, sizeof *flash);
    if (flash == NULL) {
        return NULL;
    }
    flash->n_devices = n_devices;
    flash->powered = true;
    for (unsigned i = 0; i < n_devices; i++) {
        if (!device_open(&flash->devices[i], &devices[i])) {
            sim_flash_free(flash);
            return NULL;
        }
    }
    return flash;
}

void sim_flash_free(struct sim_flash *flash)
{
    if (flash == NULL) {
        return;
    }
    for (unsigned i = 0; i < flash->n_devices; i++) {
        sim_pages_free(flash->devices[i].pages);
        free(flash->devices[i].wear);
    }
    free(flash);
}

unsigned sim_flash_n_devices(const struct sim_flash *flash)
{
    return flash->n_devices;
}

const struct sim_flash_device_config *sim_flash_device(const struct sim_flash *flash, unsigned device)
{
    return device < flash->n_devices ? &flash->devices[device].config : NULL;
}

uint32_t sim_flash_bytes(const struct sim_flash *flash, unsigned device)
{
    return device < flash->n_devices ? flash->devices[device].n_bytes : 0;
}

struct sector {
    uint32_t index;
    uint32_t start;
    uint32_t n_bytes;
};

static bool find_sector(const struct device *device, uint32_t offset, struct sector *sector)
{
    uint32_t start = 0;
    uint32_t index = 0;
    for (unsigned i = 0; i < device->config.n_regions; i++) {
        const struct sim_flash_region *region = &device->config.regions[i];
        uint32_t n_bytes = region->sector_bytes * region->n_sectors;
        if (offset - start < n_bytes) {
            uint32_t within = (offset - start) / region->sector_bytes;
            *sector =
                (struct sector){index + within, start + within * region->sector_bytes, region->sector_bytes};
            return true;
        }
        start += n_bytes;
        index += region->n_sectors;
    }
    return false;
}

bool sim_flash_sector_at(const struct sim_flash *flash, unsigned device, uint32_t offset, uint32_t *start,
                         uint32_t *n_bytes)
{
    struct sector sector;
    if (device >= flash->n_devices || !find_sector(&flash->devices[device], offset, &sector)) {
        return false;
    }
    *start = sector.start;
    *n_bytes = sector.n_bytes;
    return true;
}

/* --- what power was lost in --- */

static const uint8_t torn_mark[TORN_BYTES] = {0xa7, 0x1e, 0x5c, 0xd3, 0x90, 0x4b, 0xe6, 0x38};

static bool is_torn(const uint8_t *unit, uint32_t n_bytes)
{
    for (uint32_t at = 0; at < n_bytes; at += TORN_BYTES) {
        if (memcmp(unit + at, torn_mark, TORN_BYTES) != 0) {
            return false;
        }
    }
    return true;
}

static void mark_torn(uint8_t *unit, uint32_t n_bytes)
{
    for (uint32_t at = 0; at < n_bytes; at += TORN_BYTES) {
        memcpy(unit + at, torn_mark, TORN_BYTES);
    }
}

static bool is_erased(const uint8_t *bytes, uint32_t n_bytes, uint8_t erased)
{
    for (uint32_t i = 0; i < n_bytes; i++) {
        if (bytes[i] != erased) {
            return false;
        }
    }
    return true;
}

static void put_bytes(const struct sim_flash_device_config *device, uint8_t *into, const uint8_t *bytes,
                      uint32_t n_bytes)
{
    for (uint32_t i = 0; i < n_bytes; i++) {
        uint8_t programmed = device->erased != 0 ? into[i] & bytes[i] : into[i] | bytes[i];
        into[i] = device->no_erase ? bytes[i] : programmed;
    }
}

void sim_flash_tear(const struct sim_flash_device_config *device, const struct sim_flash_operation *operation,
                    uint8_t *bytes)
{
    uint32_t unit = device->write_bytes;
    uint32_t n_done = operation->n_bytes / 2;
    bool erases = operation->kind == SIM_FLASH_ERASE;
    if (device->torn_is_error) {
        n_done = n_done / unit * unit;
    }
    if (erases) {
        memset(bytes, device->erased, n_done);
    } else {
        put_bytes(device, bytes, operation->bytes, n_done);
    }
    uint32_t end = erases ? operation->n_bytes : n_done + unit;
    for (uint32_t at = n_done; device->torn_is_error && at < end && at < operation->n_bytes; at += unit) {
        if (!erases || !is_erased(bytes + at, unit, device->erased)) {
            mark_torn(bytes + at, unit);
        }
    }
}

static bool in_range(const struct sim_flash *flash, unsigned device, uint32_t offset, size_t n_bytes)
{
    return device < flash->n_devices && offset <= flash->devices[device].n_bytes &&
           n_bytes <= flash->devices[device].n_bytes - offset;
}

static void note_read(const struct sim_flash *flash, unsigned device, uint32_t offset, size_t n_bytes,
                      bool refused)
{
    if (flash->read_observer != NULL) {
        flash->read_observer(flash->read_observer_user, device, offset, n_bytes, refused);
    }
}

enum sim_status sim_flash_peek(const struct sim_flash *flash, unsigned device, uint32_t offset, void *into,
                               size_t n_bytes)
{
    if (!in_range(flash, device, offset, n_bytes)) {
        return SIM_OUT_OF_RANGE;
    }
    sim_pages_read(flash->devices[device].pages, offset, into, n_bytes);
    note_read(flash, device, offset, n_bytes, false);
    return SIM_OK;
}

enum sim_status sim_flash_poke(struct sim_flash *flash, unsigned device, uint32_t offset, const void *bytes,
                               size_t n_bytes)
{
    if (!in_range(flash, device, offset, n_bytes)) {
        return SIM_OUT_OF_RANGE;
    }
    return sim_pages_write(flash->devices[device].pages, offset, bytes, n_bytes, SIM_PAGES_STORE)
               ? SIM_OK
               : SIM_NO_MEMORY;
}

/* A unit is read as a whole, however little of it is wanted. */
static bool holds_torn(const struct device *device, uint32_t offset, size_t n_bytes)
{
    uint32_t unit = device->config.write_bytes;
    uint32_t at = offset / unit * unit;
    for (uint64_t end = (uint64_t)offset + n_bytes; at < end; at += unit) {
        uint8_t bytes[MAX_WRITE_BYTES];
        sim_pages_read(device->pages, at, bytes, unit);
        if (is_torn(bytes, unit)) {
            return true;
        }
    }
    return false;
}

enum sim_status sim_flash_read(const struct sim_flash *flash, unsigned device, uint32_t offset, void *into,
                               size_t n_bytes)
{
    enum sim_status status =
        flash->powered ? sim_flash_peek(flash, device, offset, into, n_bytes) : SIM_POWER_LOST;
    if (status == SIM_OK && flash->devices[device].config.torn_is_error &&
        holds_torn(&flash->devices[device], offset, n_bytes)) {
        return SIM_UNREADABLE;
    }
    return status;
}

/* What the armed cut makes of the operation that is about to happen. */
enum fate { HAPPENS, CUT_BEFORE, TORN, CUT_AFTER };

static enum fate next_fate(struct sim_flash *flash)
{
    if (!flash->armed || flash->n_operations != flash->cut_at) {
        return HAPPENS;
    }
    flash->armed = false;
    flash->powered = false;
    switch (flash->cut_form) {
    case SIM_CUT_BEFORE:
        return CUT_BEFORE;
    case SIM_CUT_HALF:
        return TORN;
    case SIM_CUT_AFTER:
        break;
    }
    return CUT_AFTER;
}

static void finish(struct sim_flash *flash, struct sim_flash_operation *operation, uint64_t took_us)
{
    operation->number = flash->n_operations++;
    flash->busy_us += operation->torn ? took_us / 2 : took_us;
    if (flash->observer != NULL) {
        flash->observer(flash->observer_user, operation);
    }
}

static enum sim_status check_write(const struct sim_flash *flash, unsigned device, uint32_t offset,
                                   size_t n_bytes)
{
    if (!flash->powered) {
        return SIM_POWER_LOST;
    }
    if (!in_range(flash, device, offset, n_bytes)) {
        return SIM_OUT_OF_RANGE;
    }
    const struct sim_flash_device_config *config = &flash->devices[device].config;
    if (offset % config->write_bytes != 0 || n_bytes % config->write_bytes != 0) {
        return SIM_UNALIGNED;
    }
    if (config->rewrite_forbidden && !config->no_erase &&
        !sim_pages_are_erased(flash->devices[device].pages, offset, n_bytes)) {
        return SIM_NOT_ERASED;
    }
    return SIM_OK;
}

/* The first half of an operation. */
static bool tear(struct device *device, const struct sim_flash_operation *operation)
{
    uint8_t *bytes = malloc(operation->n_bytes);
    bool stored = false;
    if (bytes != NULL) {
        sim_pages_read(device->pages, operation->offset, bytes, operation->n_bytes);
        sim_flash_tear(&device->config, operation, bytes);
        stored =
            sim_pages_write(device->pages, operation->offset, bytes, operation->n_bytes, SIM_PAGES_STORE);
    }
    free(bytes);
    return stored;
}

static bool happen(struct device *device, const struct sim_flash_operation *operation)
{
    enum sim_pages_write how = operation->kind == SIM_FLASH_ERASE ? SIM_PAGES_ERASE
                               : device->config.no_erase          ? SIM_PAGES_STORE
                                                                  : SIM_PAGES_PROGRAM;
    return operation->torn
               ? tear(device, operation)
               : sim_pages_write(device->pages, operation->offset, operation->bytes, operation->n_bytes, how);
}

/* One operation that the part accepts. */
static enum sim_status operate(struct sim_flash *flash, struct sim_flash_operation *operation,
                               uint64_t took_us)
{
    if (!flash->powered) {
        return SIM_POWER_LOST;
    }
    enum fate fate = next_fate(flash);
    if (fate == CUT_BEFORE) {
        return SIM_POWER_LOST;
    }
    operation->torn = fate == TORN;
    if (!happen(&flash->devices[operation->device], operation)) {
        return SIM_NO_MEMORY;
    }
    finish(flash, operation, took_us);
    return fate == HAPPENS ? SIM_OK : SIM_POWER_LOST;
}

enum sim_status sim_flash_write(struct sim_flash *flash, unsigned device, uint32_t offset, const void *bytes,
                                size_t n_bytes)
{
    enum sim_status status = check_write(flash, device, offset, n_bytes);
    if (status != SIM_OK || n_bytes == 0) {
        note_read(flash, device, offset, n_bytes, status != SIM_OK);
        return status;
    }
    const struct sim_flash_device_config *config = &flash->devices[device].config;
    struct sim_flash_operation operation = {.kind = SIM_FLASH_WRITE,
                                            .device = device,
                                            .offset = offset,
                                            .n_bytes = (uint32_t)n_bytes,
                                            .bytes = bytes};
    return operate(flash, &operation, n_bytes / config->write_bytes * (uint64_t)config->write_us);
}

static enum sim_status erase_sector(struct sim_flash *flash, unsigned device, const struct sector *sector)
{
    struct device *target = &flash->devices[device];
    struct sim_flash_operation operation = {
        .kind = SIM_FLASH_ERASE, .device = device, .offset = sector->start, .n_bytes = sector->n_bytes};
    uint64_t before = flash->n_operations;
    enum sim_status status = operate(flash, &operation, target->config.erase_us);
    target->wear[sector->index] += flash->n_operations != before;
    return status;
}

/* Of a part without an erase. */
static enum sim_status fill(struct sim_flash *flash, unsigned device, uint32_t offset, size_t n_bytes)
{
    uint8_t bytes[FILL_BYTES];
    enum sim_status status = SIM_OK;
    memset(bytes, flash->devices[device].config.erased, sizeof bytes);
    for (size_t done = 0; done < n_bytes && status == SIM_OK; done += sizeof bytes) {
        size_t n_now = n_bytes - done < sizeof bytes ? n_bytes - done : sizeof bytes;
        status = sim_flash_write(flash, device, offset + (uint32_t)done, bytes, n_now);
    }
    return status;
}

/* Both ends of the range are ends of sectors. */
static bool covers_sectors(const struct device *device, uint32_t offset, uint32_t end)
{
    struct sector sector;
    if (!find_sector(device, offset, &sector) || sector.start != offset) {
        return false;
    }
    return end == device->n_bytes || (find_sector(device, end, &sector) && sector.start == end);
}

enum sim_status sim_flash_erase(struct sim_flash *flash, unsigned device, uint32_t offset, size_t n_bytes)
{
    if (!flash->powered) {
        return SIM_POWER_LOST;
    }
    if (!in_range(flash, device, offset, n_bytes)) {
        return SIM_OUT_OF_RANGE;
    }
    uint32_t end = offset + (uint32_t)n_bytes;
    if (n_bytes == 0) {
        return SIM_OK;
    }
    if (flash->devices[device].config.no_erase) {
        return fill(flash, device, offset, n_bytes);
    }
    if (!covers_sectors(&flash->devices[device], offset, end)) {
        return SIM_UNALIGNED;
    }
    while (offset < end) {
        struct sector sector;
        if (!find_sector(&flash->devices[device], offset, &sector)) {
            return SIM_OUT_OF_RANGE;
        }
        enum sim_status status = erase_sector(flash, device, &sector);
        if (status != SIM_OK) {
            return status;
        }
        offset += sector.n_bytes;
    }
    return SIM_OK;
}

bool sim_flash_range_hash(const struct sim_flash *flash, unsigned device, uint32_t offset, size_t n_bytes,
                          uint64_t hash[2])
{
    if (!in_range(flash, device, offset, n_bytes)) {
        return false;
    }
    sim_pages_range_hash(flash->devices[device].pages, offset, n_bytes, hash);
    note_read(flash, device, offset, n_bytes, false);
    return true;
}

uint64_t sim_flash_n_operations(const struct sim_flash *flash)
{
    return flash->n_operations;
}

uint64_t sim_flash_busy_us(const struct sim_flash *flash)
{
    return flash->busy_us;
}

uint32_t sim_flash_erase_count(const struct sim_flash *flash, unsigned device, uint32_t offset)
{
    struct sector sector;
    if (device >= flash->n_devices || !find_sector(&flash->devices[device], offset, &sector)) {
        return 0;
    }
    return flash->devices[device].wear[sector.index];
}

void sim_flash_arm_cut(struct sim_flash *flash, uint64_t after, enum sim_cut_form form)
{
    flash->armed = after <= UINT64_MAX - flash->n_operations;
    flash->cut_at = flash->n_operations + after;
    flash->cut_form = form;
}

void sim_flash_disarm_cut(struct sim_flash *flash)
{
    flash->armed = false;
}

void sim_flash_power(struct sim_flash *flash, bool on)
{
    flash->powered = on;
}

bool sim_flash_powered(const struct sim_flash *flash)
{
    return flash->powered;
}

void sim_flash_observe(struct sim_flash *flash, sim_flash_observer observer, void *user)
{
    flash->observer = observer;
    flash->observer_user = user;
}

void sim_flash_observe_reads(struct sim_flash *flash, sim_flash_read_observer observer, void *user)
{
    flash->read_observer = observer;
    flash->read_observer_user = user;
}

struct sim_flash_content *sim_flash_keep(const struct sim_flash *flash)
{
    struct sim_flash_content *content = calloc(1, sizeof *content);
    if (content == NULL) {
        return NULL;
    }
    content->n_devices = flash->n_devices;
    for (unsigned i = 0; i < flash->n_devices; i++) {
        content->pages[i] = sim_pages_clone(flash->devices[i].pages);
        if (content->pages[i] == NULL) {
            sim_flash_content_free(content);
            return NULL;
        }
    }
    return content;
}

void sim_flash_restore(struct sim_flash *flash, const struct sim_flash_content *content)
{
    for (unsigned i = 0; i < flash->n_devices && i < content->n_devices; i++) {
        struct sim_pages *pages = flash->devices[i].pages;
        if (pages->n_bytes == content->pages[i]->n_bytes && pages->erased == content->pages[i]->erased) {
            sim_pages_assign(pages, content->pages[i]);
        }
    }
}

void sim_flash_content_free(struct sim_flash_content *content)
{
    if (content == NULL) {
        return;
    }
    for (unsigned i = 0; i < content->n_devices; i++) {
        sim_pages_free(content->pages[i]);
    }
    free(content);
}

bool sim_flash_content_equal(const struct sim_flash_content *a, const struct sim_flash_content *b)
{
    if (a->n_devices != b->n_devices) {
        return false;
    }
    for (unsigned i = 0; i < a->n_devices; i++) {
        if (!sim_pages_equal(a->pages[i], b->pages[i])) {
            return false;
        }
    }
    return true;
}

uint64_t sim_flash_content_hash(const struct sim_flash_content *content)
{
    uint64_t sum = 0;
    for (unsigned i = 0; i < content->n_devices; i++) {
        uint64_t hash[2];
        sim_pages_range_hash(content->pages[i], 0, content->pages[i]->n_bytes, hash);
        sum = (sum << 7 | sum >> 57) ^ hash[0] ^ hash[1] >> 1;
    }
    return sum;
}
