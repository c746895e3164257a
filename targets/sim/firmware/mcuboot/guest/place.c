/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Addresses in words that are the same in each run: where an object was mapped is not told, but how far into
 * it and in which function. */
#include "sim/firmware/mcuboot/guest/state.h"

#include <dlfcn.h>
#include <elf.h>
#include <link.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

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
