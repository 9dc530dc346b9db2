/* SPDX-License-Identifier: BSD-2-Clause */
/* Reading files of the volume that the loader was started from. */
#include "boot/efi/loader.h"

#include "boot/memmap.h"
#include "lib/errno.h"

#define PATH_MAX (BOOT_NAME_MAX + 16u)

/* UEFI 2.10, section 13.5: a position of all ones is the end of the file. */
#define POSITION_END UINT64_MAX

/* Where atoll.cfg may lie, in this order. */
static const CHAR16 *const directories[] = {L"\\EFI\\atoll\\", L"\\"};

/* Joins directory and name. A configuration has ASCII names with '/'. -ENOENT: no such name can be.
 */
static int make_path(const CHAR16 *directory, const char *name, CHAR16 *path)
{
    size_t length = 0;

    while (directory[length] != 0) {
        path[length] = directory[length];
        length++;
    }
    while (*name == '/') {
        name++;
    }
    for (; *name != '\0'; name++) {
        if (length + 1 >= PATH_MAX || (unsigned char)*name > 0x7e) {
            return -ENOENT;
        }
        path[length++] = *name == '/' ? L'\\' : (CHAR16)*name;
    }
    path[length] = 0;
    return 0;
}

static int open_in(struct loader *loader, const CHAR16 *directory, const char *name,
                   EFI_FILE_PROTOCOL **file)
{
    CHAR16 path[PATH_MAX];
    EFI_STATUS status;
    int rc = make_path(directory, name, path);

    if (rc != 0) {
        return rc;
    }
    status = loader->volume->Open(loader->volume, file, path, EFI_FILE_MODE_READ, 0);
    if (status == EFI_NOT_FOUND) {
        return -ENOENT;
    }
    return EFI_ERROR(status) ? -EIO : 0;
}

static int find_size(EFI_FILE_PROTOCOL *file, uint64_t *size)
{
    EFI_STATUS status = file->SetPosition(file, POSITION_END);

    if (status == EFI_UNSUPPORTED) {
        return -EISDIR;
    }
    if (EFI_ERROR(status) || EFI_ERROR(file->GetPosition(file, size)) ||
        EFI_ERROR(file->SetPosition(file, 0))) {
        return -EIO;
    }
    return 0;
}

static int read_all(EFI_FILE_PROTOCOL *file, char *buf, uint64_t size)
{
    while (size != 0) {
        UINTN count = size;

        if (EFI_ERROR(file->Read(file, &count, buf)) || count == 0 || count > size) {
            return -EIO;
        }
        buf += count;
        size -= count;
    }
    return 0;
}

int files_open_volume(struct loader *loader)
{
    static EFI_GUID image_guid = LOADED_IMAGE_PROTOCOL;
    static EFI_GUID volume_guid = SIMPLE_FILE_SYSTEM_PROTOCOL;
    EFI_BOOT_SERVICES *services = loader->system->BootServices;
    EFI_LOADED_IMAGE *image = NULL;
    EFI_FILE_IO_INTERFACE *volume = NULL;

    if (EFI_ERROR(services->HandleProtocol(loader->handle, &image_guid, (void **)&image)) ||
        EFI_ERROR(services->HandleProtocol(image->DeviceHandle, &volume_guid, (void **)&volume)) ||
        EFI_ERROR(volume->OpenVolume(volume, &loader->volume))) {
        return refuse(&loader->refusal, -EIO,
                      "the loader's own volume cannot be opened: start BOOTX64.EFI from a FAT "
                      "volume.");
    }
    for (size_t i = 0; i < ARRAY_COUNT(directories); i++) {
        EFI_FILE_PROTOCOL *file;

        loader->directory = directories[i];
        if (open_in(loader, directories[i], PLAN_CONFIG_NAME, &file) == 0) {
            file->Close(file);
            return 0;
        }
    }
    return refuse(&loader->refusal, -ENOENT,
                  "there is no \\EFI\\atoll\\atoll.cfg and no \\atoll.cfg on the loader's volume: "
                  "write one.");
}

int files_read(struct loader *loader, const char *name, char *buf, size_t size, size_t *length)
{
    EFI_FILE_PROTOCOL *file;
    uint64_t file_size = 0;
    int rc = open_in(loader, loader->directory, name, &file);

    if (rc != 0) {
        return rc;
    }
    rc = find_size(file, &file_size);
    if (rc == 0) {
        rc = file_size > size ? -ENOSPC : read_all(file, buf, file_size);
    }
    file->Close(file);
    *length = file_size;
    return rc;
}

static int load_open_file(struct loader *loader, EFI_FILE_PROTOCOL *file,
                          struct loader_block *block, uint64_t *size)
{
    uint64_t page_count;
    int rc = find_size(file, size);

    if (rc != 0) {
        return rc;
    }
    page_count = *size / BOOT_PAGE_SIZE + (*size % BOOT_PAGE_SIZE != 0 ? 1 : 0);
    rc = memory_take(loader, MEMORY_FOR_FILE, page_count == 0 ? 1 : page_count, block);
    if (rc != 0) {
        return rc;
    }
    return read_all(file, (char *)(uintptr_t)block->paddr, *size);
}

int files_load(struct loader *loader, const char *name, const char *named_by,
               struct loader_block *block, uint64_t *size)
{
    EFI_FILE_PROTOCOL *file;
    int rc = open_in(loader, loader->directory, name, &file);

    if (rc == 0) {
        rc = load_open_file(loader, file, block, size);
        file->Close(file);
    }
    switch (rc) {
    case 0:
        return 0;
    case -ENOENT:
        return plan_refuse_missing(&loader->source, name, named_by, &loader->refusal);
    case -EISDIR:
        return refuse(&loader->refusal, rc, "%s, which %s names, is a directory: name a file.",
                      name, named_by);
    case -ENOMEM:
        return refuse(&loader->refusal, rc,
                      "there is no memory below 4 GiB for the %lu KiB of %s: use a smaller file, "
                      "or add memory.",
                      *size >> 10, name);
    default:
        return refuse(&loader->refusal, rc, "%s cannot be read: check the volume.", name);
    }
}
