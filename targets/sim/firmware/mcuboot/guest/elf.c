/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Is a file whole enough to be mapped? The dynamic linker believes the program headers: beyond the file's end
 * it would end the process. */
#include "sim/firmware/mcuboot/guest/object.h"

#include <elf.h>
#include <link.h>
#include <string.h>
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

const char *object_file_fault(int file, uint64_t file_bytes)
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
