/* SPDX-License-Identifier: BSD-2-Clause */
/* Owns the fake hypervisor's answers to hv.h, foreign.h, events.h and guest-kernel's memory. */
#include "tests/fake/control/fake_hv.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "guest-kernel/control/build_layout.h"
#include "guest-kernel/control/domain_store.h"
#include "guest-kernel/control/foreign.h"
#include "guest-kernel/control/hv.h"
#include "guest-kernel/control/store.h"
#include "guest-kernel/control/vbd.h"
#include "guest-kernel/control/vif.h"
#include "guest-kernel/guest.h"
#include "guest-kernel/time.h"
#include "lib/errno.h"
#include "pv-abi/hvm_params.h"

struct fake_hv fake;

static bool fails(void)
{
    return ++fake.calls == fake.fail_at;
}

int hv_create_domain(const struct xen_domctl_createdomain *config, domid_t *domid)
{
    if (fails())
        return -ENOMEM;
    memcpy(fake.handle, config->handle, sizeof(fake.handle));
    memset(&fake.console, 0, sizeof(fake.console));
    memset(fake.params, 0, sizeof(fake.params));
    fake.domains++;
    fake.flags = 0;
    fake.frames = 0;
    fake.is_paused = true;
    *domid = ++fake.domid;
    return 0;
}

int hv_destroy_domain(domid_t domid)
{
    assert_int_equal(domid, fake.domid);
    fake.domains--;
    return 0;
}

int hv_pause_domain(domid_t domid)
{
    fake.is_paused = domid == fake.domid;
    return 0;
}

int hv_unpause_domain(domid_t domid)
{
    fake.is_paused = domid != fake.domid;
    return 0;
}

/* What only has to succeed for the domain that there is. */
static int expect_domain(domid_t domid)
{
    assert_int_equal(domid, fake.domid);
    return fails() ? -ENOMEM : 0;
}

int hv_set_max_vcpus(domid_t domid, uint32_t count)
{
    assert_int_equal(count, 2);
    return expect_domain(domid);
}

int hv_set_max_memory(domid_t domid, uint64_t kib)
{
    assert_true(kib >= 4096);
    return expect_domain(domid);
}

int hv_set_weight(domid_t domid, uint16_t weight)
{
    assert_int_equal(weight, 512);
    return expect_domain(domid);
}

int hv_set_affinity(domid_t domid, uint32_t vcpu, uint64_t cpus)
{
    assert_true(vcpu < 2 && cpus == 1);
    return expect_domain(domid);
}

int hv_set_hvm_context(domid_t domid, const void *records, size_t size)
{
    size_t at = 2 * sizeof(struct hvm_save_descriptor) + sizeof(struct hvm_save_header);

    assert_true(size >= at + sizeof(fake.cpu));
    memcpy(&fake.cpu, (const uint8_t *)records + at, sizeof(fake.cpu));
    return expect_domain(domid);
}

int hv_get_domain(domid_t domid, struct xen_domctl_getdomaininfo *info)
{
    memset(info, 0, sizeof(*info));
    info->domain = domid;
    info->flags = fake.flags;
    return domid == fake.domid && fake.domains > 0 ? 0 : -ESRCH;
}

int hv_get_death(struct atoll_death *death)
{
    snprintf(death->reason, sizeof(death->reason), "it read nothing");
    return 0;
}

int hv_set_param(domid_t domid, uint32_t index, uint64_t value)
{
    assert_true(index < FAKE_PARAM_MAX);
    fake.params[index] = value;
    return expect_domain(domid);
}

int hv_alloc_unbound(domid_t domid, evtchn_port_t *port)
{
    static evtchn_port_t next;

    *port = ++next;
    return expect_domain(domid);
}

int hv_get_machine(struct xen_sysctl_physinfo *info)
{
    memset(info, 0, sizeof(*info));
    info->free_pages = 4096;
    return fails() ? -EPERM : 0;
}

int64_t hv_populate(domid_t domid, uint64_t *gfns, size_t count, unsigned int order)
{
    assert_int_equal(domid, fake.domid);
    assert_int_equal(gfns[0] & ((1u << order) - 1), 0);
    /* A failure comes after half of the pieces. */
    if (fails())
        count /= 2;
    fake.frames += count << order;
    return (int64_t)count;
}

int hv_set_memory_map(domid_t domid, struct e820entry *entries, uint32_t count)
{
    assert_true(count >= 4 && entries[0].addr == 0);
    return expect_domain(domid);
}

int foreign_init(void)
{
    return 0;
}

int foreign_write(domid_t domid, uint64_t gpa, const void *bytes, size_t size)
{
    if (gpa >= BUILD_FIRMWARE_GFN << PAGE_SHIFT) {
        assert_true(gpa - (BUILD_FIRMWARE_GFN << PAGE_SHIFT) <= sizeof(fake.firmware) - size);
        memcpy(fake.firmware + (gpa - (BUILD_FIRMWARE_GFN << PAGE_SHIFT)), bytes, size);
    } else if (gpa >= BUILD_ACPI_GPA) {
        assert_true(gpa - BUILD_ACPI_GPA <= sizeof(fake.acpi) - size);
        memcpy(fake.acpi + (gpa - BUILD_ACPI_GPA), bytes, size);
    } else {
        assert_true(size <= FAKE_MEMORY_SIZE && gpa <= FAKE_MEMORY_SIZE - size);
        memcpy(fake.memory + gpa, bytes, size);
    }
    return expect_domain(domid);
}

int foreign_write_grants(domid_t domid, const void *bytes, size_t size)
{
    assert_true(bytes != NULL && size > 0);
    return expect_domain(domid);
}

int foreign_map_page(domid_t domid, uint64_t gfn, unsigned int index, void **page)
{
    int err = expect_domain(domid);

    assert_true(gfn == BUILD_CONSOLE_GFN && index < FOREIGN_PAGES_MAX);
    if (err != 0)
        return err;
    *page = &fake.console;
    fake.pages++;
    return 0;
}

void foreign_unmap_page(unsigned int index)
{
    assert_true(index < FOREIGN_PAGES_MAX);
    fake.pages--;
}

int domain_store_create(const struct guest_config *config, const struct built_domain *built)
{
    assert_true(config->vcpus == 2 && built->store_gfn == BUILD_STORE_GFN);
    assert_int_equal(built->store_port, fake.params[HVM_PARAM_STORE_EVTCHN]);
    if (fails())
        return -ENOMEM;
    fake.stores++;
    return 0;
}

void domain_store_remove(domid_t domid, const uint8_t uuid[16])
{
    assert_true(domid == fake.domid && uuid != NULL);
    fake.stores--;
}

void store_shut_down(domid_t domid)
{
    fake.shut_down = domid;
}

int vbds_init(void)
{
    return 0;
}

int vbds_create(const struct guest_config *config, domid_t domid, char *sentence)
{
    assert_true(config->vcpus == 2 && domid == fake.domid);
    if (fails()) {
        strcpy(sentence, "no disk");
        return -ENOENT;
    }
    fake.disks++;
    return 0;
}

void vbds_remove(domid_t domid)
{
    assert_int_equal(domid, fake.domid);
    fake.disks--;
}

int vifs_init(void)
{
    return 0;
}

int vifs_create(const struct guest_config *config, domid_t domid, char *sentence)
{
    assert_true(config->vcpus == 2 && domid == fake.domid);
    if (fails()) {
        strcpy(sentence, "no network interface");
        return -ENOENT;
    }
    fake.vifs++;
    return 0;
}

void vifs_remove(domid_t domid)
{
    assert_int_equal(domid, fake.domid);
    fake.vifs--;
}

int event_bind_virq(uint32_t virq, unsigned int vcpu, event_handler *handler, void *arg,
                    evtchn_port_t *port)
{
    assert_true(virq == VIRQ_DOM_EXC && vcpu == 0);
    fake.exception = handler;
    fake.exception_arg = arg;
    *port = 1;
    return 0;
}

int event_bind_interdomain(domid_t remote, evtchn_port_t remote_port, event_handler *handler,
                           void *arg, evtchn_port_t *port)
{
    assert_true(remote == fake.domid && remote_port == fake.params[HVM_PARAM_CONSOLE_EVTCHN]);
    if (fails())
        return -ENOMEM;
    fake.console_event = handler;
    fake.console_arg = arg;
    fake.ports++;
    *port = 2;
    return 0;
}

void event_close(evtchn_port_t port)
{
    assert_int_equal(port, 2);
    fake.ports--;
}

int event_send(evtchn_port_t port)
{
    assert_int_equal(port, 2);
    return 0;
}

void *pages_alloc(size_t count, size_t align)
{
    assert_int_equal(align, 1);
    /* A console's log is never given back. */
    return fails() ? NULL : malloc(count * PAGE_SIZE);
}

uint64_t time_wall_clock(void)
{
    return 1;
}

void guest_panic(const char *fmt, ...)
{
    fail_msg("panic: %s", fmt);
    abort();
}
