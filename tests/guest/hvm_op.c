/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * hvm_op: parameters, and an operation that a guest may try. A domain 0 that is not translated,
 * as the one of Xen's that this runs beside, has no parameters: -EINVAL instead of -EPERM.
 */
#include "guest-kernel/events.h"
#include "guest-kernel/guest.h"
#include "guest-kernel/hypercall.h"
#include "guest-kernel/memory.h"
#include "lib/compiler.h"
#include "pv-abi/cpuid.h"
#include "pv-abi/hvm_op.h"
#include "pv-abi/hvm_params.h"
#include "pv-abi/sched.h"
#include "tests/guest/check.h"
#include "tests/guest/pointers.h"

#define NO_DOMAIN       0x7abcu
#define UNKNOWN         99
#define NO_VCPU         77u
#define VECTOR_CALLBACK ((2ull << 56) | EVENT_CALLBACK_VECTOR)

static int64_t op(unsigned int command, void *arg)
{
    return hypercall_hvm_op(command, arg);
}

static int64_t get(domid_t domid, uint32_t index)
{
    struct xen_hvm_param arg = {.domid = domid, .index = index};

    return op(HVMOP_get_param, &arg);
}

static int64_t set(domid_t domid, uint32_t index, uint64_t value)
{
    struct xen_hvm_param arg = {.domid = domid, .index = index, .value = value};

    return op(HVMOP_set_param, &arg);
}

static void parameters(void)
{
    uint64_t page = 0, value = 0;

    check("hvm_op/get_param of the store's page", hvm_param_get(HVM_PARAM_STORE_PFN, &page), 0);
    check("hvm_op/get_param of the store's port", hvm_param_get(HVM_PARAM_STORE_EVTCHN, &value), 0);
    check("hvm_op/the store has a page and a port, or none", page != 0, value != 0);
    check("hvm_op/get_param of the console's page", hvm_param_get(HVM_PARAM_CONSOLE_PFN, &value),
          0);
    check_true("hvm_op/the console has a page", value != 0);
    check("hvm_op/get_param of the console's port", hvm_param_get(HVM_PARAM_CONSOLE_EVTCHN, &value),
          0);
    check_true("hvm_op/the console has a port", value != 0);
    check("hvm_op/get_param of the callback", hvm_param_get(HVM_PARAM_CALLBACK_IRQ, &value), 0);
    check("hvm_op/the callback is what was set", (int64_t)value, (int64_t)VECTOR_CALLBACK);
    check("hvm_op/get_param past the end", get(DOMID_SELF, HVM_NR_PARAMS), -XEN_EINVAL);
    check_either("hvm_op/get_param of domain 0", get(0, HVM_PARAM_STORE_PFN), -XEN_EPERM,
                 -XEN_EINVAL);
    check_no_domain("hvm_op/get_param of no domain", get(NO_DOMAIN, HVM_PARAM_STORE_PFN));
    check("hvm_op/unknown", op(UNKNOWN, &value), -XEN_ENOSYS);
}

static void denied(void)
{
    static const struct {
        const char *name;
        uint32_t index;
    } cases[] = {
        {"hvm_op/set_param of the store's page", HVM_PARAM_STORE_PFN},
        {"hvm_op/set_param of the console's page", HVM_PARAM_CONSOLE_PFN},
        {"hvm_op/set_param of the triple fault reason", HVM_PARAM_TRIPLE_FAULT_REASON},
    };

    for (unsigned int i = 0; i < ARRAY_COUNT(cases); i++)
        check(cases[i].name, set(DOMID_SELF, cases[i].index, 1), -XEN_EPERM);
    check("hvm_op/set_param past the end", set(DOMID_SELF, HVM_NR_PARAMS, 0), -XEN_EINVAL);
    check_either("hvm_op/set_param of domain 0", set(0, HVM_PARAM_CALLBACK_IRQ, VECTOR_CALLBACK),
                 -XEN_EPERM, -XEN_EINVAL);
    check_no_domain("hvm_op/set_param of no domain",
                    set(NO_DOMAIN, HVM_PARAM_CALLBACK_IRQ, VECTOR_CALLBACK));
}

static void count_event(void *arg)
{
    (*(unsigned int *)arg)++;
}

static void callback(void)
{
    static volatile unsigned int count;
    evtchn_port_t port = 0;

    check("hvm_op/set_param of the callback",
          set(DOMID_SELF, HVM_PARAM_CALLBACK_IRQ, VECTOR_CALLBACK), 0);
    check("hvm_op/a port after it", event_bind_ipi(0, count_event, (void *)&count, &port), 0);
    event_send(port);
    check("hvm_op/the callback still works", count, 1);
    event_close(port);
}

static void upcall_vector(void)
{
    struct xen_hvm_evtchn_upcall_vector upcall = {.vcpu = 0, .vector = 0x0f};

    if (!(hypervisor_info.features & XEN_HVM_CPUID_UPCALL_VECTOR)) {
        check("hvm_op/set_evtchn_upcall_vector that is not offered",
              op(HVMOP_set_evtchn_upcall_vector, &upcall), -XEN_ENOSYS);
        return;
    }
    check("hvm_op/set_evtchn_upcall_vector below 0x10", op(HVMOP_set_evtchn_upcall_vector, &upcall),
          -XEN_EINVAL);
    upcall = (struct xen_hvm_evtchn_upcall_vector){.vcpu = NO_VCPU, .vector = 0xf3};
    check("hvm_op/set_evtchn_upcall_vector of no vcpu", op(HVMOP_set_evtchn_upcall_vector, &upcall),
          -XEN_ENOENT);
}

static void pointers(void)
{
    static const struct xen_hvm_param param = {.domid = DOMID_SELF,
                                               .index = HVM_PARAM_CONSOLE_EVTCHN};
    static const struct pointer_call call = {
        "hvm_op/get_param", __HYPERVISOR_hvm_op, {HVMOP_get_param}, 1, &param, sizeof(param), 0};
    const struct xen_hvm_param *copy;
    uint64_t port = 0;

    check_pointers(&call);
    check_readonly(&call);
    copy = check_compat(&call);
    hvm_param_get(HVM_PARAM_CONSOLE_EVTCHN, &port);
    check("hvm_op/get_param/32-bit value", (int64_t)copy->value, (int64_t)port);
}

void test_cases(void)
{
    parameters();
    denied();
    callback();
    upcall_vector();
    pointers();
}
