/* SPDX-License-Identifier: BSD-2-Clause */
/* A control domain that makes hypercalls, from the instruction on: its vCPU is loaded, paging is
 * off, its RAM is one chunk at 0. */
#include "tests/fake/fake_caller.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "core/frame.h"
#include "core/hypercall.h"
#include "core/physmap.h"
#include "lib/errno.h"
#include "tests/fake/fake_cpu.h"
#include "tests/fake/fake_memory.h"

#define ORDER_CHUNK 9u
#define LENGTH      3u /* of the hypercall instruction */

struct domain *control;
static mfn_t ram;
static struct frame_counts before;

int caller_setup(UNUSED void **state)
{
    struct p2m_entry entry;

    fake_cpus_init(2, 1000);
    fake_idle();
    control = fake_domain_create(2 * CHUNK_FRAMES, 512);
    if (!control || physmap_populate(control, (gfn_t){0}, ORDER_CHUNK))
        return -1;
    control->is_privileged = true;
    entry = p2m_get(control, (gfn_t){0});
    ram = entry.mfn;
    fake_load(control->vcpu[0]);
    fake_idle();
    frame_counts(&before);
    /* Its own tables may grow. */
    before.heap_used -= control->hyp_pages;
    return control->id == DOMAIN_CONTROL ? 0 : -1;
}

int caller_teardown(UNUSED void **state)
{
    struct domain *d;

    frame_fail_after(0);
    fake_load(NULL);
    while ((d = domain_get_next(0))) {
        domain_put(d);
        fake_domain_destroy(d);
    }
    control = NULL;
    return 0;
}

void *caller_memory(uint64_t address)
{
    return fake_frame(ram) + address;
}

/* Enters the guest again and again until the hypercall is done. */
int64_t caller_call(uint64_t number, uint64_t a, uint64_t b, uint64_t c)
{
    struct vcpu *v = control->vcpu[0];
    struct guest_regs *regs = &vcpu_private()->regs;

    regs->rip = 0;
    regs->gpr[REG_RAX] = number;
    regs->gpr[REG_RDI] = a;
    regs->gpr[REG_RSI] = b;
    regs->gpr[REG_RDX] = c;
    while (!regs->rip) {
        fake_host_flush_all();
        p2m_enter(v);
        atomic_store(&this_cpu()->cpu->pending, 0);
        this_cpu()->pins_checked &= PINS_PAGING | (YIELD_LOOK - 1);
        hypercall_dispatch(LENGTH);
    }
    return (int64_t)regs->gpr[REG_RAX];
}

int64_t caller_pass(uint64_t number, uint64_t cmd, void *arg, size_t size)
{
    int64_t result;

    memcpy(caller_memory(ARG), arg, size);
    result = caller_call(number, cmd, ARG, 0);
    memcpy(arg, caller_memory(ARG), size);
    return result;
}

int64_t caller_memory_op(uint64_t cmd, void *arg, size_t size)
{
    return caller_pass(__HYPERVISOR_memory_op, cmd, arg, size);
}

int64_t caller_domctl(struct xen_domctl *op, uint32_t cmd, uint16_t domid)
{
    int64_t result;

    op->cmd = cmd;
    op->interface_version = XEN_DOMCTL_INTERFACE_VERSION;
    op->domain = domid;
    memcpy(caller_memory(ARG), op, sizeof(*op));
    result = caller_call(__HYPERVISOR_domctl, ARG, 0, 0);
    memcpy(op, caller_memory(ARG), sizeof(*op));
    return result;
}

int64_t caller_domctl_simple(uint32_t cmd, uint16_t domid)
{
    struct xen_domctl op = {.cmd = 0};

    return caller_domctl(&op, cmd, domid);
}

int64_t caller_sysctl(struct xen_sysctl *op, uint32_t cmd)
{
    int64_t result;

    op->cmd = cmd;
    op->interface_version = XEN_SYSCTL_INTERFACE_VERSION;
    memcpy(caller_memory(ARG), op, sizeof(*op));
    result = caller_call(__HYPERVISOR_sysctl, ARG, 0, 0);
    memcpy(op, caller_memory(ARG), sizeof(*op));
    return result;
}

int64_t caller_create(uint16_t wanted, uint32_t vcpus, uint16_t *domid)
{
    struct xen_domctl op = {.u.createdomain = {.flags = XEN_DOMCTL_CDF_hvm | XEN_DOMCTL_CDF_hap,
                                               .max_vcpus = vcpus,
                                               .max_evtchn_port = 1023,
                                               .max_grant_frames = 4,
                                               .max_maptrack_frames = 4,
                                               .arch.emulation_flags = XEN_X86_EMU_LAPIC}};
    int64_t result = caller_domctl(&op, XEN_DOMCTL_createdomain, wanted);

    if (result)
        return result;
    *domid = op.domain;
    op.u.max_mem.max_memkb = 4096;
    result = caller_domctl(&op, XEN_DOMCTL_max_mem, *domid);
    op.u.max_vcpus.max = vcpus;
    if (!result)
        result = caller_domctl(&op, XEN_DOMCTL_max_vcpus, *domid);
    return result;
}

/* A domain with 16 frames from 0 on. */
uint16_t caller_make_guest(void)
{
    struct xen_memory_reservation reservation = {.extent_start = LIST, .nr_extents = 16};
    uint64_t *gfns = caller_memory(LIST);
    uint16_t domid = 0;

    assert_int_equal(caller_create(0, 2, &domid), 0);
    for (uint64_t i = 0; i < 16; i++)
        gfns[i] = i;
    reservation.domid = domid;
    assert_int_equal(caller_memory_op(XENMEM_populate_physmap, &reservation, sizeof(reservation)),
                     16);
    return domid;
}

void caller_assert_all_is_back(void)
{
    struct frame_counts after;

    /* Frees what the caller still waits for. */
    p2m_enter(control->vcpu[0]);
    physmap_poll(control);
    fake_idle();
    frame_counts(&after);
    assert_int_equal(after.heap_used - control->hyp_pages, before.heap_used);
    assert_int_equal(after.free_clean + after.free_dirty, before.free_clean + before.free_dirty);
}
