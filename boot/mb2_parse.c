/* SPDX-License-Identifier: BSD-2-Clause */
/* Parser of the multiboot2 information. Every size in it is checked before it is used. */
#include "boot/mb2_parse.h"

#include <stdbool.h>

#include "boot/memmap.h"
#include "boot/multiboot2.h"
#include "lib/errno.h"
#include "lib/string.h"

struct parser {
    struct boot_info *info;
    struct mb2_boot *boot;
    struct refusal *refusal;
};

static int refuse_tag(struct parser *p, const struct mb2_tag *tag)
{
    return refuse(p->refusal, -EBADMSG,
                  "the boot loader's information has a malformed tag (type %u, size %u): use GRUB "
                  "2.04 or later.",
                  tag->type, tag->size);
}

/* Copies a word or the rest of a line. False: it does not fit. */
static bool copy_text(char *out, size_t out_size, const char *text, size_t length)
{
    if (length >= out_size) {
        return false;
    }
    memcpy(out, text, length);
    out[length] = '\0';
    return true;
}

/* The length of the text that ends the tag, without its NUL; `max` if there is no NUL. */
static size_t text_length(const char *text, size_t max)
{
    size_t length = 0;

    while (length < max && text[length] != '\0') {
        length++;
    }
    return length;
}

static int parse_cmdline(struct parser *p, const struct mb2_tag *tag, const char *text)
{
    size_t max = tag->size - sizeof(*tag);
    size_t length = text_length(text, max);

    if (length == max) {
        return refuse_tag(p, tag);
    }
    if (!copy_text(p->boot->cmdline, sizeof(p->boot->cmdline), text, length)) {
        return refuse(p->refusal, -ENOSPC,
                      "the image's command line has more than %u characters: shorten it in the "
                      "GRUB menu entry.",
                      BOOT_OPTIONS_MAX - 1);
    }
    return 0;
}

static int parse_module(struct parser *p, const struct mb2_tag *tag, const void *bytes)
{
    struct boot_module *out = &p->boot->module[p->boot->module_count];
    struct mb2_module module;
    const char *text = (const char *)bytes + sizeof(module);
    size_t max;
    size_t length;
    size_t name_length = 0;
    size_t rest;

    if (tag->size < sizeof(module)) {
        return refuse_tag(p, tag);
    }
    memcpy(&module, bytes, sizeof(module));
    max = tag->size - sizeof(module);
    length = text_length(text, max);
    if (length == max || module.end < module.start) {
        return refuse_tag(p, tag);
    }
    if (p->boot->module_count == BOOT_MODULE_MAX) {
        return refuse(p->refusal, -ENOSPC,
                      "more than %u modules: remove module2 lines from the GRUB menu entry.",
                      BOOT_MODULE_MAX);
    }
    while (name_length < length && text[name_length] != ' ') {
        name_length++;
    }
    rest = name_length;
    while (rest < length && text[rest] == ' ') {
        rest++;
    }
    *out = (struct boot_module){.paddr = module.start, .size = module.end - module.start};
    if (!copy_text(out->name, sizeof(out->name), text, name_length) ||
        !copy_text(out->cmdline, sizeof(out->cmdline), text + rest, length - rest)) {
        return refuse(p->refusal, -ENOSPC,
                      "a module's command line is too long: name it in at most %u characters in "
                      "the GRUB menu entry.",
                      BOOT_NAME_MAX - 1);
    }
    p->boot->module_count++;
    return 0;
}

static enum boot_mem_type type_of(uint32_t mmap_type)
{
    switch (mmap_type) {
    case MB2_MMAP_AVAILABLE:
        return BOOT_MEM_FREE;
    case MB2_MMAP_ACPI:
        return BOOT_MEM_ACPI;
    default:
        return BOOT_MEM_RESERVED;
    }
}

static int parse_mmap(struct parser *p, const struct mb2_tag *tag, const unsigned char *bytes)
{
    struct mb2_mmap mmap;
    struct mb2_mmap_entry entry;

    if (tag->size < sizeof(mmap)) {
        return refuse_tag(p, tag);
    }
    memcpy(&mmap, bytes, sizeof(mmap));
    if (mmap.entry_size < sizeof(entry)) {
        return refuse_tag(p, tag);
    }
    for (size_t at = sizeof(mmap); tag->size - at >= mmap.entry_size; at += mmap.entry_size) {
        int rc;

        memcpy(&entry, bytes + at, sizeof(entry));
        rc = memmap_add(p->info, entry.base, entry.size, type_of(entry.type));
        if (rc != 0) {
            return refuse(p->refusal, rc,
                          "the firmware's memory map has more than %u ranges: update the firmware.",
                          BOOT_MEM_MAX);
        }
    }
    return 0;
}

/* The new form of the root pointer replaces the old one, never the other way round. */
static int parse_rsdp(struct parser *p, const struct mb2_tag *tag, const void *bytes)
{
    size_t size = tag->size - sizeof(*tag);

    if (size > MB2_RSDP_MAX) {
        size = MB2_RSDP_MAX;
    }
    if (tag->type == MB2_TAG_ACPI_NEW || p->boot->rsdp_size == 0) {
        memcpy(p->boot->rsdp, (const char *)bytes + sizeof(*tag), size);
        p->boot->rsdp_size = (uint32_t)size;
    }
    return 0;
}

static int parse_tag(struct parser *p, const struct mb2_tag *tag, const void *bytes)
{
    switch (tag->type) {
    case MB2_TAG_CMDLINE:
        return parse_cmdline(p, tag, (const char *)bytes + sizeof(*tag));
    case MB2_TAG_MODULE:
        return parse_module(p, tag, bytes);
    case MB2_TAG_MMAP:
        return parse_mmap(p, tag, bytes);
    case MB2_TAG_ACPI_OLD:
    case MB2_TAG_ACPI_NEW:
        return parse_rsdp(p, tag, bytes);
    default:
        return 0;
    }
}

int mb2_parse(const void *bytes, size_t size, struct boot_info *info, struct mb2_boot *boot,
              struct refusal *refusal)
{
    struct parser p = {.info = info, .boot = boot, .refusal = refusal};
    struct mb2_tag tag = {.type = MB2_TAG_END};
    size_t at = sizeof(struct mb2_info);

    memset(boot, 0, sizeof(*boot));
    info->mem_count = 0;
    for (; at <= size && size - at >= sizeof(tag); at += (tag.size + MB2_TAG_ALIGN - 1ul) & ~7ul) {
        const unsigned char *tag_bytes = (const unsigned char *)bytes + at;
        int rc;

        memcpy(&tag, tag_bytes, sizeof(tag));
        if (tag.type == MB2_TAG_END) {
            break;
        }
        if (tag.size < sizeof(tag) || tag.size > size - at) {
            return refuse_tag(&p, &tag);
        }
        rc = parse_tag(&p, &tag, tag_bytes);
        if (rc != 0) {
            return rc;
        }
    }
    if (info->mem_count == 0) {
        return refuse(refusal, -EBADMSG,
                      "the boot loader gave no memory map: use GRUB 2.04 or later.");
    }
    return 0;
}
