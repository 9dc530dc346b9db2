/* SPDX-License-Identifier: BSD-2-Clause */
/* Owns the list of volumes and who has them open. */
#include "guest-kernel/control/volumes.h"

#include "drivers/pci/pci.h"
#include "drivers/pci/virtio_blk.h"
#include "guest-kernel/guest.h"
#include "guest-kernel/memory.h"
#include "guest-kernel/time.h"
#include "lib/errno.h"
#include "lib/format.h"
#include "lib/string.h"
#include "lib/strutil.h"

#define VOLUMES_MAX  128u
#define DISKS_MAX    16u
#define READ_TIMEOUT (10 * NS_PER_SECOND)
#define NULL_SECTORS (UINT64_C(1) << 31) /* 1 TiB of nothing */

static struct volume volumes[VOLUMES_MAX];
static unsigned int volume_count;
static struct virtio_blk disks[DISKS_MAX];
static unsigned int disk_count;

static struct volume *add_volume(const char *name)
{
    struct volume *volume = &volumes[volume_count];

    if (volume_count == VOLUMES_MAX || !str_copy(volume->name, sizeof(volume->name), name))
        return NULL;
    volume_count++;
    return volume;
}

/* One sector, read while nothing else goes on. */
struct sector_read {
    struct disk_request request;
    bool is_done;
    int status;
};

static void end_read(struct disk_request *request, int status)
{
    struct sector_read *read = (struct sector_read *)request;

    read->status = status;
    read->is_done = true;
}

static int read_sector(const struct partition_source *source, uint64_t sector, uint8_t to[512])
{
    /* Static: the disk may still write there when the wait is over. */
    static uint8_t buffer[DISK_SECTOR_SIZE] __attribute__((aligned(DISK_SECTOR_SIZE)));
    static struct disk_segment segment;
    static struct sector_read read;
    struct virtio_blk *disk = source->owner;
    uint64_t end = time_now() + READ_TIMEOUT;

    segment = (struct disk_segment){virt_to_phys(buffer), sizeof(buffer)};
    read = (struct sector_read){.request = {.op = DISK_READ,
                                            .sector = sector,
                                            .segments = &segment,
                                            .segment_count = 1,
                                            .done = end_read}};
    virtio_blk_submit(disk, &read.request);
    virtio_blk_kick(disk);
    while (!read.is_done && time_now() < end) {
        if (virtio_blk_has_work(disk))
            virtio_blk_poll(disk);
    }
    if (!read.is_done) {
        virtio_blk_stop(disk);
        return -EIO;
    }
    memcpy(to, buffer, sizeof(buffer));
    return read.status;
}

/* True if the control domain's options name this partition of a GPT. */
static bool is_boot_partition(const struct partition *partition)
{
    char guid[FORMAT_GUID_SIZE], option[sizeof("boot-partition=") + FORMAT_GUID_SIZE];

    format_guid(guid, partition->guid);
    format_str(option, sizeof(option), "boot-partition=%s", guid);
    return guest_has_option(option);
}

static void add_partition(const struct partition *partition, void *arg)
{
    struct volume *whole = arg;
    bool is_boot = is_boot_partition(partition);
    char name[VOLUME_NAME_MAX];
    struct volume *volume;

    format_str(name, sizeof(name), "%s%u", whole->name, partition->number);
    if (is_boot)
        whole->is_boot = true;
    volume = add_volume(name);
    if (volume == NULL)
        return;
    volume->is_boot = is_boot;
    str_copy(volume->label, sizeof(volume->label), partition->name);
    volume->disk = whole->disk;
    volume->start = partition->start;
    volume->sector_count = partition->sector_count;
    volume->is_read_only = whole->is_read_only;
}

static void add_disk(const struct pci_function *function, void *arg)
{
    void (**notice)(const char *sentence) = arg;
    struct virtio_blk *disk = &disks[disk_count];
    char sentence[GUEST_ERROR_MAX], name[] = {'v', 'd', (char)('a' + disk_count), '\0'};
    struct volume *whole;
    int err = disk_count == DISKS_MAX ? -ENODEV : virtio_blk_start(disk, function);

    if (err == -ENODEV)
        return;
    if (err == 0)
        disk_count++;
    whole = err == 0 ? add_volume(name) : NULL;
    if (whole != NULL) {
        struct partition_source source = {
            .sector_count = disk->sector_count, .read = read_sector, .owner = disk};

        whole->disk = disk;
        whole->sector_count = disk->sector_count;
        whole->is_read_only = disk->is_read_only;
        err = partitions_read(&source, add_partition, whole);
    }
    if (err == 0)
        return;
    format_str(sentence, sizeof(sentence), "disk at PCI %02x:%02x.%u: %s (error %d)",
               function->at.bdf >> 8, function->at.bdf >> 3 & 0x1f, function->at.bdf & 7,
               whole == NULL ? "it cannot be started" : "its partitions cannot be read", -err);
    (*notice)(sentence);
}

static void add_modules(void)
{
    struct guest_module module;

    for (unsigned int i = 0; guest_module(i, &module); i++) {
        const char *end = strchr(module.command_line, ' ');
        size_t size =
            end != NULL ? (size_t)(end - module.command_line) : strlen(module.command_line);
        char name[VOLUME_NAME_MAX];
        struct volume *volume;

        if (module.size < DISK_SECTOR_SIZE || size == 0 || size >= sizeof(name))
            continue;
        memcpy(name, module.command_line, size);
        name[size] = '\0';
        volume = add_volume(name);
        if (volume == NULL)
            return;
        volume->memory = module.bytes;
        volume->sector_count = module.size >> DISK_SECTOR_SHIFT;
    }
}

void volumes_init(void (*notice)(const char *sentence))
{
    struct volume *null;

    pci_scan(add_disk, &notice);
    null = add_volume("null");
    if (null != NULL)
        null->sector_count = NULL_SECTORS;
    add_modules();
}

/* A name of its own goes before a partition's label. */
static struct volume *find(const char *name, char *sentence)
{
    struct volume *labelled = NULL;

    for (unsigned int i = 0; i < volume_count; i++) {
        if (strcmp(volumes[i].name, name) == 0)
            return &volumes[i];
    }
    for (unsigned int i = 0; i < volume_count; i++) {
        if (volumes[i].label[0] == '\0' || strcmp(volumes[i].label, name) != 0)
            continue;
        if (labelled != NULL) {
            format_str(sentence, GUEST_ERROR_MAX, "%s and %s are both named %s: use one of those",
                       labelled->name, volumes[i].name, name);
            return NULL;
        }
        labelled = &volumes[i];
    }
    if (labelled == NULL)
        format_str(sentence, GUEST_ERROR_MAX,
                   "there is no volume %s: \"volumes\" shows what there is", name);
    return labelled;
}

static bool overlap(const struct volume *a, const struct volume *b)
{
    if (a == b)
        return true;
    return a->disk != NULL && a->disk == b->disk && a->start < b->start + b->sector_count &&
           b->start < a->start + a->sector_count;
}

/* Whether nobody writes what a domain wants, and nobody reads what it wants to write: a file system
 * that is mounted does not bear it. */
static int check_others(const struct volume *volume, bool is_write, char *sentence)
{
    const char *done = is_write ? "written" : "read";

    for (unsigned int i = 0; i < volume_count; i++) {
        const struct volume *other = &volumes[i];

        if (!overlap(volume, other))
            continue;
        if (other->writer[0] != '\0') {
            format_str(sentence, GUEST_ERROR_MAX, "volume %s cannot be %s: %s writes %s",
                       volume->name, done, other->writer, other->name);
            return -EBUSY;
        }
        if (is_write && other->reader_count > 0) {
            format_str(sentence, GUEST_ERROR_MAX, "volume %s cannot be written: %s is read",
                       volume->name, other->name);
            return -EBUSY;
        }
    }
    return 0;
}

static bool is_null(const struct volume *volume)
{
    return volume->disk == NULL && volume->memory == NULL;
}

int volume_open(const char *name, const char *domain, bool is_write, struct volume **volume,
                char *sentence)
{
    struct volume *found = find(name, sentence);
    int err;

    if (found == NULL)
        return -ENOENT;
    if (is_write && (found->is_read_only || found->is_boot)) {
        format_str(sentence, GUEST_ERROR_MAX, "volume %s can only be read%s", found->name,
                   found->is_boot ? ": the machine boots from it" : "");
        return -EROFS;
    }
    err = is_null(found) ? 0 : check_others(found, is_write, sentence);
    if (err != 0)
        return err;
    if (is_write)
        str_copy(found->writer, sizeof(found->writer), domain);
    else
        found->reader_count++;
    *volume = found;
    return 0;
}

void volume_close(struct volume *volume, bool is_write)
{
    if (is_write)
        volume->writer[0] = '\0';
    else
        volume->reader_count--;
}

bool volume_can_discard(const struct volume *volume)
{
    return volume->disk != NULL && volume->disk->can_discard;
}

bool volume_keeps_grants(const struct volume *volume)
{
    return volume->memory == NULL && guest_has_option("persistent-grants");
}

uint64_t volume_discard_max(const struct volume *volume)
{
    return volume->disk != NULL ? volume->disk->discard_max : 0;
}

unsigned int volume_segments_max(const struct volume *volume)
{
    return volume->disk != NULL ? volume->disk->segments_max : DISK_SEGMENTS_MAX;
}

void volume_submit(struct volume *volume, struct disk_request *request)
{
    if (volume->disk == NULL) {
        request->done(request, 0);
        return;
    }
    request->sector += volume->start;
    virtio_blk_submit(volume->disk, request);
}

void volumes_kick(void)
{
    for (unsigned int i = 0; i < disk_count; i++)
        virtio_blk_kick(&disks[i]);
}

bool volumes_have_work(void)
{
    for (unsigned int i = 0; i < disk_count; i++) {
        if (virtio_blk_has_work(&disks[i]))
            return true;
    }
    return false;
}

void volumes_step(void)
{
    for (unsigned int i = 0; i < disk_count; i++)
        virtio_blk_poll(&disks[i]);
}

const struct volume *volume_at(unsigned int index)
{
    return index < volume_count ? &volumes[index] : NULL;
}
