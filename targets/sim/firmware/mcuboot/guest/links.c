/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Redirects functions that a loaded object imports, by writing other addresses into its global offset table.
 */
#include "sim/firmware/mcuboot/guest/object.h"

#include <elf.h>
#include <link.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

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

void object_redirect(struct object *object, const void *dynamic, const struct object_redirect *redirects,
                     size_t n_redirects)
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

void object_redirect(struct object *object, const void *dynamic, const struct object_redirect *redirects,
                     size_t n_redirects)
{
    (void)object;
    (void)dynamic;
    (void)redirects;
    (void)n_redirects;
}

#endif
