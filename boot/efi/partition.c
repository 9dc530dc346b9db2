/* SPDX-License-Identifier: BSD-2-Clause */
/* Tells the control domain which partition the loader came from, so that no guest may write there:
 * the word boot-partition=GUID on its command line. */
#include "boot/efi/loader.h"

#include "lib/errno.h"
#include "lib/format.h"
#include "lib/string.h"

/* The node of a partition of a GPT in the device path of the loader's volume, or NULL. The path is
 * the firmware's; its end is a node of its own. */
static const HARDDRIVE_DEVICE_PATH *find_partition(const struct loader *loader)
{
    static EFI_GUID image_guid = LOADED_IMAGE_PROTOCOL;
    static EFI_GUID path_guid = DEVICE_PATH_PROTOCOL;
    EFI_BOOT_SERVICES *services = loader->system->BootServices;
    EFI_LOADED_IMAGE *image = NULL;
    EFI_DEVICE_PATH *node = NULL;

    if (EFI_ERROR(services->HandleProtocol(loader->handle, &image_guid, (void **)&image)) ||
        EFI_ERROR(services->HandleProtocol(image->DeviceHandle, &path_guid, (void **)&node))) {
        return NULL;
    }
    for (; !IsDevicePathEnd(node); node = NextDevicePathNode(node)) {
        const HARDDRIVE_DEVICE_PATH *partition = (const HARDDRIVE_DEVICE_PATH *)node;

        if (DevicePathNodeLength(node) < (int)sizeof(*node)) {
            return NULL;
        }
        if (DevicePathType(node) == MEDIA_DEVICE_PATH &&
            DevicePathSubType(node) == MEDIA_HARDDRIVE_DP &&
            partition->SignatureType == SIGNATURE_TYPE_GUID) {
            return partition;
        }
    }
    return NULL;
}

int partition_note(struct loader *loader)
{
    const HARDDRIVE_DEVICE_PATH *partition = find_partition(loader);
    char *options = loader->plan.control_options, text[FORMAT_GUID_SIZE];
    size_t length = strlen(options), room = sizeof(loader->plan.control_options) - length;

    if (partition == NULL) {
        return 0;
    }
    format_guid(text, partition->Signature);
    if (format_str(options + length, room, "%sboot-partition=%s", length != 0 ? " " : "", text) <
        room) {
        return 0;
    }
    return refuse(&loader->refusal, -EINVAL,
                  "control_options leaves no room for the %zu bytes of the boot partition's name: "
                  "shorten it.",
                  sizeof("boot-partition=") + sizeof(text) - 1);
}
