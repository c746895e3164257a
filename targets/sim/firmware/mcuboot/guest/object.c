/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Loading a foreign bootloader: its ELF file, what it links to, its symbols as places in the source. */
#include "sim/firmware/mcuboot/guest/object.h"
#include "sim/firmware/mcuboot/guest/state.h"

#include <dlfcn.h>
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <link.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <unistd.h>

#define MAX_HEADERS 64u

static bool read_at(int file, uint64_t offset, void *into, size_t n_bytes)
{
    return pread(file, into, n_bytes, (off_t)offset) == (ssize_t)n_bytes;
}

static bool within(uint64_t offset, uint64_t n_bytes, uint64_t file_bytes)
{
    return offset <= file_bytes && n_bytes <= file_bytes - offset;
}

static bool segments_fit(int file, const ElfW(Ehdr) * header, uint64_t file_bytes)
{
    bool has_dynamic = false;

    for (unsigned i = 0; i < header->e_phnum; i++) {
        ElfW(Phdr) segment;

        if (!read_at(file, header->e_phoff + (uint64_t)i * sizeof segment, &segment, sizeof segment))
            return false;
        if (!within(segment.p_offset, segment.p_filesz, file_bytes) || segment.p_filesz > segment.p_memsz ||
            segment.p_memsz > OBJECT_MAX_BYTES || segment.p_vaddr > OBJECT_MAX_BYTES)
            return false;
        has_dynamic = has_dynamic || segment.p_type == PT_DYNAMIC;
    }
    return has_dynamic;
}

static const char *object_file_fault(int file, uint64_t file_bytes)
{
    ElfW(Ehdr) header;
    unsigned class = sizeof(void *) == 8 ? ELFCLASS64 : ELFCLASS32;

    if (!read_at(file, 0, &header, sizeof header) || memcmp(header.e_ident, ELFMAG, SELFMAG) != 0)
        return "it is no ELF file";
    if (header.e_ident[EI_CLASS] != class)
        return "it was compiled for another word size than this program";
    if (header.e_type != ET_DYN)
        return "it is no shared object: link it with -shared";
    if (header.e_phentsize != sizeof(ElfW(Phdr)) || header.e_phnum == 0 || header.e_phnum > MAX_HEADERS ||
        !segments_fit(file, &header, file_bytes))
        return "it is cut short or damaged";
    return NULL;
}

#if defined(__x86_64__)
#define IS_LINK(type) ((type) == R_X86_64_JUMP_SLOT || (type) == R_X86_64_GLOB_DAT || (type) == R_X86_64_64)
#elif defined(__aarch64__)
#define IS_LINK(type)                                                                                        \
    ((type) == R_AARCH64_JUMP_SLOT || (type) == R_AARCH64_GLOB_DAT || (type) == R_AARCH64_ABS64)
#endif

#ifdef IS_LINK

struct links {
    const Elf64_Sym *symbols;
    const char *strings;
    const Elf64_Rela *tables[2]; /* DT_RELA, DT_JMPREL */
    size_t n_links[2];
};

/* Some C libraries relocate the addresses in the dynamic section, some do not. */
static const void *address_of(const struct object *object, const ElfW(Dyn) * entry)
{
    uintptr_t address = entry->d_un.d_ptr;

    return (const void *)(address < object->base ? object->base + address : address);
}

static void find_links(const struct object *object, const ElfW(Dyn) * entry, struct links *links)
{
    for (; entry->d_tag != DT_NULL; entry++) {
        if (entry->d_tag == DT_SYMTAB)
            links->symbols = address_of(object, entry);
        else if (entry->d_tag == DT_STRTAB)
            links->strings = address_of(object, entry);
        else if (entry->d_tag == DT_RELA)
            links->tables[0] = address_of(object, entry);
        else if (entry->d_tag == DT_RELASZ)
            links->n_links[0] = entry->d_un.d_val / sizeof(Elf64_Rela);
        else if (entry->d_tag == DT_JMPREL)
            links->tables[1] = address_of(object, entry);
        else if (entry->d_tag == DT_PLTRELSZ)
            links->n_links[1] = entry->d_un.d_val / sizeof(Elf64_Rela);
    }
}

static void store(const struct object *object, uintptr_t slot, void (*function)(void))
{
    uintptr_t page_bytes = (uintptr_t)sysconf(_SC_PAGESIZE);
    uintptr_t page = slot & ~(page_bytes - 1);
    bool sealed = slot >= object->sealed_start && slot < object->sealed_end;

    if (sealed && mprotect((void *)page, page_bytes, PROT_READ | PROT_WRITE) != 0)
        return;
    memcpy((void *)slot, &function, sizeof function);
    if (sealed)
        mprotect((void *)page, page_bytes, PROT_READ);
}

static void redirect_link(const struct object *object, const struct links *links, const Elf64_Rela *link,
                          const struct object_redirect *redirects, size_t n_redirects)
{
    const Elf64_Sym *symbol = &links->symbols[ELF64_R_SYM(link->r_info)];

    if (!IS_LINK(ELF64_R_TYPE(link->r_info)) || symbol->st_shndx != SHN_UNDEF)
        return;
    for (size_t i = 0; i < n_redirects; i++)
        if (strcmp(links->strings + symbol->st_name, redirects[i].name) == 0)
            store(object, object->base + link->r_offset, redirects[i].function);
}

static void object_redirect(struct object *object, const void *dynamic,
                            const struct object_redirect *redirects, size_t n_redirects)
{
    struct links links = {0};

    find_links(object, dynamic, &links);
    if (!links.symbols || !links.strings)
        return;
    for (unsigned table = 0; table < 2; table++)
        for (size_t i = 0; links.tables[table] && i < links.n_links[table]; i++)
            redirect_link(object, &links, &links.tables[table][i], redirects, n_redirects);
}

#else

static void object_redirect(struct object *object, const void *dynamic,
                            const struct object_redirect *redirects, size_t n_redirects)
{
    (void)object;
    (void)dynamic;
    (void)redirects;
    (void)n_redirects;
}

#endif

#define MAX_NULL_BYTES 65536u /* what lies behind NULL and is meant when NULL was */
#define MAX_SYMBOLS (1u << 20)
#define NEIGHBOURHOOD_BYTES 256u /* of an address in no known function */

static bool read_table(int file, uint64_t offset, void *into, size_t n_bytes)
{
    return n_bytes <= OBJECT_MAX_BYTES && pread(file, into, n_bytes, (off_t)offset) == (ssize_t)n_bytes;
}

static bool holds(const ElfW(Sym) * symbol, uint64_t offset)
{
    unsigned type = symbol->st_info & 15u;

    return (type == STT_FUNC || type == STT_OBJECT) && symbol->st_shndx != SHN_UNDEF &&
           offset - symbol->st_value < symbol->st_size;
}

static bool take_name(int file, const ElfW(Shdr) * strings, const ElfW(Sym) * symbol,
                      struct guest_function *function)
{
    uint64_t at = strings->sh_offset + symbol->st_name;
    ssize_t n = symbol->st_name < strings->sh_size
                    ? pread(file, function->name, sizeof function->name - 1, (off_t)at)
                    : -1;

    if (n <= 0)
        return false;
    function->name[n] = '\0';
    for (char *c = function->name; *c; c++)
        if ((unsigned char)*c <= 0x20 || (unsigned char)*c >= 0x7f)
            *c = '?';
    function->start = symbol->st_value;
    function->n_bytes = symbol->st_size;
    return true;
}

static bool search_table(int file, const ElfW(Shdr) * table, const ElfW(Shdr) * strings, uint64_t offset,
                         struct guest_function *function)
{
    uint64_t n = table->sh_size / sizeof(ElfW(Sym));
    ElfW(Sym) *symbols = n <= MAX_SYMBOLS ? calloc(n ? n : 1, sizeof *symbols) : NULL;
    bool found = false;

    if (symbols && read_table(file, table->sh_offset, symbols, n * sizeof *symbols))
        for (uint64_t i = 0; i < n && !found; i++)
            found = holds(&symbols[i], offset) && take_name(file, strings, &symbols[i], function);
    free(symbols);
    return found;
}

/* Of its own symbol table, which has static functions, too; else of the one of the dynamic linker. */
static bool find_symbol(const struct object *object, uint64_t offset, struct guest_function *function)
{
    static const unsigned types[] = {SHT_SYMTAB, SHT_DYNSYM};
    ElfW(Ehdr) header;
    ElfW(Shdr) table, strings;
    bool found = false;

    if (!read_table(object->file, 0, &header, sizeof header) || header.e_shentsize != sizeof table)
        return false;
    for (unsigned k = 0; k < 2 && !found; k++)
        for (unsigned i = 0; i < header.e_shnum && !found; i++)
            found =
                read_table(object->file, header.e_shoff + (uint64_t)i * sizeof table, &table, sizeof table) &&
                table.sh_type == types[k] && table.sh_link < header.e_shnum &&
                read_table(object->file, header.e_shoff + (uint64_t)table.sh_link * sizeof strings, &strings,
                           sizeof strings) &&
                search_table(object->file, &table, &strings, offset, function);
    return found;
}

void guest_function_at(const struct sim_guest *guest, uintptr_t address, struct guest_function *function)
{
    uint64_t offset = address - guest->object.base;

    *function =
        (struct guest_function){.start = offset > NEIGHBOURHOOD_BYTES ? offset - NEIGHBOURHOOD_BYTES : 0,
                                .n_bytes = 2 * NEIGHBOURHOOD_BYTES};
    find_symbol(&guest->object, offset, function);
}

static const char *base_name(const char *path)
{
    const char *slash = strrchr(path, '/');

    return slash ? slash + 1 : path;
}

static bool holds_globals(const struct object *object, uintptr_t address)
{
    for (unsigned i = 0; i < object->n_globals; i++)
        if (address - (uintptr_t)object->globals[i].at < object->globals[i].n_bytes)
            return true;
    return address - object->sealed_start < object->sealed_end - object->sealed_start;
}

static void own_place(const struct sim_guest *guest, uintptr_t address, char *text, size_t n_text)
{
    struct guest_function function;
    unsigned long offset = (unsigned long)(address - guest->object.base);

    guest_function_at(guest, address, &function);
    if (*function.name)
        snprintf(text, n_text, "%s+0x%lx (%s+0x%lx)", guest->file_name, offset, function.name,
                 offset - (unsigned long)function.start);
    else
        snprintf(text, n_text, "%s+0x%lx", guest->file_name, offset);
}

/* Of a library, or of this program. */
static bool foreign_place(uintptr_t address, char *text, size_t n_text)
{
    Dl_info here, there;

    if (!dladdr((const void *)address, &there) || !there.dli_fname)
        return false;
    if (dladdr((const void *)(uintptr_t)guest_place, &here) && here.dli_fbase == there.dli_fbase)
        snprintf(text, n_text, "a function of the host");
    else if (there.dli_sname)
        snprintf(text, n_text, "%s (%s)", base_name(there.dli_fname), there.dli_sname);
    else
        snprintf(text, n_text, "%s+0x%lx", base_name(there.dli_fname),
                 (unsigned long)(address - (uintptr_t)there.dli_fbase));
    return true;
}

void guest_place(const struct sim_guest *guest, uintptr_t address, char *text, size_t n_text)
{
    const struct trap *trap = &guest->trap;

    if (address < MAX_NULL_BYTES)
        snprintf(text, n_text, "0x%lx", (unsigned long)address);
    else if (object_holds_code(&guest->object, address) || holds_globals(&guest->object, address))
        own_place(guest, address, text, n_text);
    else if (address - (uintptr_t)trap->memory < trap->n_memory)
        snprintf(text, n_text, "its stack");
    else if (address - (uintptr_t)guest->arena < guest->config.arena_bytes)
        snprintf(text, n_text, "its arena+0x%lx", (unsigned long)(address - (uintptr_t)guest->arena));
    else if (!foreign_place(address, text, n_text))
        snprintf(text, n_text, "memory that is not its own");
}

#if defined(__SANITIZE_ADDRESS__)
#define UNDER_ASAN 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define UNDER_ASAN 1
#endif
#endif

/* The bootloader's own symbols go before those of the libraries that the bench happens to be linked with.
 * AddressSanitizer forbids it. */
#ifdef UNDER_ASAN
#define LOAD_FLAGS (RTLD_NOW | RTLD_LOCAL)
#else
#define LOAD_FLAGS (RTLD_NOW | RTLD_LOCAL | RTLD_DEEPBIND)
#endif

static bool fail(char *why, size_t n_why, const char *what, const char *detail)
{
    snprintf(why, n_why, "%s: %s", what, detail);
    return false;
}

static bool copy_file(int from, int to, uint64_t n_bytes)
{
    while (n_bytes > 0) {
        ssize_t n = sendfile(to, from, NULL, n_bytes);

        if (n <= 0)
            return false;
        n_bytes -= (uint64_t)n;
    }
    return true;
}

static bool copy_object(struct object *object, const char *path, char *why, size_t n_why)
{
    int from = open(path, O_RDONLY | O_CLOEXEC);
    struct stat status;
    bool good = from >= 0 && fstat(from, &status) == 0;

    if (!good)
        fail(why, n_why, "cannot be opened", strerror(errno));
    else if (!S_ISREG(status.st_mode) || status.st_size <= 0 || status.st_size > (off_t)OBJECT_MAX_BYTES)
        good = fail(why, n_why, "cannot be loaded", "not a file, empty, or larger than 256 MiB");
    else if ((object->file = memfd_create("bootloader", MFD_CLOEXEC)) < 0 ||
             !copy_file(from, object->file, (uint64_t)status.st_size))
        good = fail(why, n_why, "cannot be copied into memory", strerror(errno));
    const char *fault = good ? object_file_fault(object->file, (uint64_t)status.st_size) : NULL;
    if (fault)
        good = fail(why, n_why, "cannot be loaded", fault);
    if (from >= 0)
        close(from);
    return good;
}

static bool add_span(struct object_span *spans, unsigned *n_spans, uintptr_t start, uintptr_t end)
{
    if (start >= end)
        return true;
    if (*n_spans == OBJECT_MAX_SPANS)
        return false;
    spans[(*n_spans)++] = (struct object_span){(uint8_t *)start, end - start, NULL};
    return true;
}

static bool add_segment(struct object *object, const ElfW(Phdr) * header)
{
    uintptr_t start = object->base + header->p_vaddr;
    uintptr_t end = start + header->p_memsz;

    if (header->p_flags & PF_X)
        return add_span(object->code, &object->n_code, start, end);
    if (!(header->p_flags & PF_W))
        return true;
    if (object->sealed_end <= start || object->sealed_start >= end)
        return add_span(object->globals, &object->n_globals, start, end);
    return add_span(object->globals, &object->n_globals, start, object->sealed_start) &&
           add_span(object->globals, &object->n_globals, object->sealed_end, end);
}

/* As the dynamic linker protects it: whole pages only. */
static void find_sealed(struct object *object, const ElfW(Phdr) * headers, unsigned n_headers)
{
    uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE);

    for (unsigned i = 0; i < n_headers; i++) {
        if (headers[i].p_type == PT_GNU_RELRO) {
            object->sealed_start = (object->base + headers[i].p_vaddr) & ~(page - 1);
            object->sealed_end = (object->base + headers[i].p_vaddr + headers[i].p_memsz) & ~(page - 1);
        }
    }
}

struct search {
    struct object *object;
    const struct link_map *map;
    bool found, fits, has_thread_globals;
};

static int look_at(struct dl_phdr_info *loaded, size_t n_bytes, void *user)
{
    struct search *search = user;

    (void)n_bytes;
    if (loaded->dlpi_addr != search->map->l_addr || strcmp(loaded->dlpi_name, search->map->l_name) != 0)
        return 0;
    search->found = search->fits = true;
    find_sealed(search->object, loaded->dlpi_phdr, loaded->dlpi_phnum);
    for (unsigned i = 0; i < loaded->dlpi_phnum; i++) {
        if (loaded->dlpi_phdr[i].p_type == PT_LOAD)
            search->fits = search->fits && add_segment(search->object, &loaded->dlpi_phdr[i]);
        if (loaded->dlpi_phdr[i].p_type == PT_TLS)
            search->has_thread_globals = true;
    }
    return 1;
}

static bool find_segments(struct object *object, const struct link_map *map, char *why, size_t n_why)
{
    struct search search = {.object = object, .map = map};

    object->base = map->l_addr;
    dl_iterate_phdr(look_at, &search);
    if (!search.found || !search.fits)
        return fail(why, n_why, "cannot be used", "its segments are not those of a common shared object");
    if (search.has_thread_globals)
        return fail(why, n_why, "cannot be used",
                    "it has thread-local globals, which could not be set back at every boot");
    return true;
}

/* Not memcpy(): the globals of an instrumented object have red zones, which must travel too. */
#ifdef UNDER_ASAN
__attribute__((no_sanitize("address"))) static void move_bytes(uint8_t *to, const uint8_t *from,
                                                               size_t n_bytes)
{
    volatile uint8_t *into = to;

    for (size_t i = 0; i < n_bytes; i++)
        into[i] = from[i];
}
#else
static void move_bytes(uint8_t *to, const uint8_t *from, size_t n_bytes)
{
    memcpy(to, from, n_bytes);
}
#endif

static bool keep_globals(struct object *object, char *why, size_t n_why)
{
    for (unsigned i = 0; i < object->n_globals; i++) {
        struct object_span *span = &object->globals[i];

        span->kept = malloc(span->n_bytes);
        if (!span->kept)
            return fail(why, n_why, "cannot be loaded", "no memory");
        move_bytes(span->kept, span->at, span->n_bytes);
    }
    return true;
}

bool object_open(struct object *object, const char *path, const struct object_redirect *redirects,
                 size_t n_redirects, char *why, size_t n_why)
{
    char name[40];
    struct link_map *map;

    object->file = -1;
    if (!copy_object(object, path, why, n_why))
        return false;
    snprintf(name, sizeof name, "/proc/self/fd/%d", object->file);
    object->library = dlopen(name, LOAD_FLAGS);
    if (!object->library)
        return fail(why, n_why, "cannot be loaded", dlerror());
    if (dlinfo(object->library, RTLD_DI_LINKMAP, &map) != 0)
        return fail(why, n_why, "cannot be loaded", dlerror());
    if (!find_segments(object, map, why, n_why))
        return false;
    object_redirect(object, map->l_ld, redirects, n_redirects);
    return keep_globals(object, why, n_why);
}

void object_close(struct object *object)
{
    for (unsigned i = 0; i < object->n_globals; i++)
        free(object->globals[i].kept);
    if (object->library)
        dlclose(object->library);
    if (object->file >= 0)
        close(object->file);
}

void *object_symbol(const struct object *object, const char *name)
{
    return dlsym(object->library, name);
}

void object_rewind(const struct object *object)
{
    for (unsigned i = 0; i < object->n_globals; i++)
        move_bytes(object->globals[i].at, object->globals[i].kept, object->globals[i].n_bytes);
}

bool object_holds_code(const struct object *object, uintptr_t address)
{
    for (unsigned i = 0; i < object->n_code; i++)
        if (address - (uintptr_t)object->code[i].at < object->code[i].n_bytes)
            return true;
    return false;
}
