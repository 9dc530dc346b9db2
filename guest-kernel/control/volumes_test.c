/* SPDX-License-Identifier: BSD-2-Clause */
/* Who may open what: a disk with two partitions, from one of which the machine boots, a disk that
 * has none, a boot module and nothing. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "drivers/pci/pci.h"
#include "drivers/pci/virtio_blk.h"
#include "guest-kernel/control/volumes.h"
#include "guest-kernel/guest.h"
#include "guest-kernel/memory.h"
#include "guest-kernel/time.h"
#include "lib/errno.h"

#define SECTORS   64u
#define BOOT_GUID "03020100-0504-0706-0809-0a0b0c0d0e0f"

static uint8_t module_bytes[1024];
static struct volume *opened;
static char sentence[GUEST_ERROR_MAX];

/* The disks, in the order of PCI: one with partitions and an empty one. */
void pci_scan(void (*found)(const struct pci_function *function, void *arg), void *arg)
{
    static const struct pci_function functions[2];

    found(&functions[0], arg);
    found(&functions[1], arg);
}

int virtio_blk_start(struct virtio_blk *disk, const struct pci_function *function)
{
    assert_non_null(function);
    disk->sector_count = SECTORS;
    return 0;
}

void virtio_blk_submit(struct virtio_blk *disk, struct disk_request *request)
{
    assert_non_null(disk);
    request->done(request, 0);
}

void virtio_blk_kick(struct virtio_blk *disk)
{
    assert_non_null(disk);
}

bool virtio_blk_has_work(const struct virtio_blk *disk)
{
    return disk->has_event;
}

void virtio_blk_poll(struct virtio_blk *disk)
{
    assert_non_null(disk);
}

void virtio_blk_stop(struct virtio_blk *disk)
{
    disk->is_broken = true;
}

uint64_t virt_to_phys(const void *object)
{
    return (uintptr_t)object;
}

uint64_t time_now(void)
{
    return 0;
}

bool guest_has_option(const char *word)
{
    return strcmp(word, "boot-partition=" BOOT_GUID) == 0;
}

bool guest_module(unsigned int index, struct guest_module *module)
{
    module->command_line = "kernel words";
    module->bytes = module_bytes;
    module->size = sizeof(module_bytes);
    return index == 0;
}

/* Stands for partitions.c, which has its own test. */
int partitions_read(const struct partition_source *source,
                    void (*found)(const struct partition *partition, void *arg), void *arg)
{
    struct partition boot = {.number = 1, .start = 8, .sector_count = 8, .name = "esp"};
    struct partition root = {.number = 2, .start = 16, .sector_count = 8, .name = "root"};
    static unsigned int disk_count;
    uint8_t sector[512];

    assert_int_equal(source->read(source, 0, sector), 0);
    if (disk_count++ > 0)
        return 0;
    for (uint8_t i = 0; i < sizeof(boot.guid); i++) {
        boot.guid[i] = i;
        root.guid[i] = (uint8_t)(i + 1);
    }
    found(&boot, arg);
    found(&root, arg);
    return 0;
}

static void notice(const char *text)
{
    fail_msg("%s", text);
}

static int group_setup(void **state)
{
    *state = module_bytes;
    volumes_init(notice);
    return 0;
}

static int open_volume(const char *name, bool is_write)
{
    sentence[0] = '\0';
    return volume_open(name, "g", is_write, &opened, sentence);
}

/* Opens what can be opened. */
static struct volume *take(const char *name, bool is_write)
{
    assert_int_equal(open_volume(name, is_write), 0);
    return opened;
}

static void test_the_list(void **state)
{
    static const char *const names[] = {"vda", "vda1", "vda2", "vdb", "null", "kernel"};

    assert_ptr_equal(*state, module_bytes);
    for (unsigned int i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        assert_string_equal(volume_at(i)->name, names[i]);
    assert_null(volume_at(6));
    assert_int_equal(open_volume("vdc", false), -ENOENT);
}

static void test_what_the_machine_boots_from_is_not_written(void **state)
{
    static const char *const names[] = {"vda1", "esp", "vda"};

    assert_ptr_equal(*state, module_bytes);
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        assert_int_equal(open_volume(names[i], true), -EROFS);
        assert_non_null(strstr(sentence, "can only be read: the machine boots from it"));
        volume_close(take(names[i], false), false);
    }
    volume_close(take("root", true), true);
    volume_close(take("vdb", true), true);
}

static void test_one_writes_and_nobody_else_reads(void **state)
{
    struct volume *writer = take("vda2", true);

    assert_ptr_equal(*state, module_bytes);
    assert_int_equal(open_volume("vda2", true), -EBUSY);
    assert_int_equal(open_volume("vda2", false), -EBUSY);
    assert_string_equal(sentence, "volume vda2 cannot be read: g writes vda2");
    assert_int_equal(open_volume("vda", false), -EBUSY);
    volume_close(take("vda1", false), false);
    volume_close(writer, true);
    volume_close(take("vda", false), false);
}

static void test_many_read_and_nobody_writes(void **state)
{
    struct volume *first = take("vdb", false), *second = take("vdb", false);

    assert_ptr_equal(*state, module_bytes);
    assert_int_equal(open_volume("vdb", true), -EBUSY);
    assert_string_equal(sentence, "volume vdb cannot be written: vdb is read");
    volume_close(first, false);
    assert_int_equal(open_volume("vdb", true), -EBUSY);
    volume_close(second, false);
    volume_close(take("vdb", true), true);
}

static void test_nothing_is_everybodys(void **state)
{
    struct volume *writer = take("null", true), *other = take("null", true);

    assert_ptr_equal(*state, module_bytes);
    volume_close(take("null", false), false);
    volume_close(writer, true);
    volume_close(other, true);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_list),
        cmocka_unit_test(test_what_the_machine_boots_from_is_not_written),
        cmocka_unit_test(test_one_writes_and_nobody_else_reads),
        cmocka_unit_test(test_many_read_and_nobody_writes),
        cmocka_unit_test(test_nothing_is_everybodys),
    };

    return cmocka_run_group_tests(tests, group_setup, NULL);
}
