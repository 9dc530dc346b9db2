/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Hypercalls from a 32-bit program, as a PVH boot loader makes them: vcpus in protected mode
 * without paging, with two-level paging and with PAE, each started by VCPUOP_initialise in the
 * 32-bit form.
 */
#include "guest-kernel/guest.h"
#include "guest-kernel/hypercall.h"
#include "guest-kernel/memory.h"
#include "guest-kernel/time.h"
#include "lib/compiler.h"
#include "lib/cpu_bits.h"
#include "lib/format.h"
#include "lib/string.h"
#include "pv-abi/event_channel.h"
#include "pv-abi/features.h"
#include "pv-abi/vcpu.h"
#include "pv-abi/version.h"
#include "tests/guest/check.h"
#include "tests/guest/modes.h"

#define NAME_MAX    80
#define START_TIME  (5 * NS_PER_SECOND) /* where no instruction may run at all */
#define VERSION     0x00040011
#define LIST_END    0xffffffffu
#define HOLE_PADDR  0x70000000u /* neither RAM nor mapped */
#define HOLE_SIZE   0x400000u
#define NO_PORT     4000u
#define TABLE_WORDS 1024
#define PD_ENTRIES  512
#define PDPT_SIZE   4

/* Page-table bits (APM Vol. 2, 5.2). */
#define PTE_PRESENT 1u
#define PTE_WRITE   2u
#define PTE_LARGE   (1u << 7)

/* Attributes as in a VMCB (APM Vol. 2, 15.5.1): flat 32-bit code and data, a busy 32-bit TSS. */
#define CODE_32   0xc9b
#define DATA_32   0xc93
#define TSS_32    0x8b
#define TSS_LIMIT 0x67

extern const uint8_t protected_code[], protected_code_insn[], protected_code_end[];

/* protected_mode_code.asm has the same layout. */
struct request {
    uint32_t registers[6]; /* EAX, EBX, ECX, EDX, ESI, EDI */
    int32_t result;
    uint32_t target; /* the slot of the hypercall page, or 0 for the instruction */
    uint32_t is_done;
};

struct mode {
    const char *name;
    unsigned int vcpu;
    uint32_t cr0;
    uint32_t cr4;
    uint32_t cr3;
};

/* The structures of the requests, at the start of two pages. */
struct arguments {
    xen_extraversion_t text;
    struct xen_feature_info features;
    struct evtchn_send send;
    struct evtchn_status status;
    struct compat_multicall_entry calls[2];
};

static uint32_t low_paddr(const void *object)
{
    uint64_t paddr = virt_to_phys(object);

    if (paddr >= HOLE_PADDR)
        guest_panic("an object of a 32-bit program is at %lx", paddr);
    return (uint32_t)paddr;
}

static struct request request(uint32_t number, uint32_t a1, uint32_t a2, uint32_t a3)
{
    return (struct request){.registers = {number, a1, a2, a3}};
}

enum {
    BY_INSN,
    BY_PAGE,
    TEXT,
    FEATURES,
    BAD_POINTER,
    BAD_PORT,
    STATUS,
    MULTICALL,
    CROSSING,
    COUNT
};

static void fill(struct request *list, struct arguments *args, uint32_t crossing)
{
    uint32_t page = low_paddr(hypercall_page);

    args->send.port = NO_PORT;
    args->status = (struct evtchn_status){.dom = DOMID_SELF, .port = 1};
    args->calls[0] =
        (struct compat_multicall_entry){.op = __HYPERVISOR_xen_version, .args = {XENVER_version}};
    args->calls[1] = (struct compat_multicall_entry){.op = __HYPERVISOR_xen_version,
                                                     .args = {XENVER_extraversion, HOLE_PADDR}};
    list[BY_INSN] = request(__HYPERVISOR_xen_version, XENVER_version, 0, 0);
    list[BY_PAGE] = request(0, XENVER_version, 0, 0);
    list[BY_PAGE].target = page + __HYPERVISOR_xen_version * HYPERCALL_SLOT_SIZE;
    list[TEXT] = request(__HYPERVISOR_xen_version, XENVER_extraversion, low_paddr(args->text), 0);
    list[FEATURES] =
        request(__HYPERVISOR_xen_version, XENVER_get_features, low_paddr(&args->features), 0);
    list[BAD_POINTER] = request(__HYPERVISOR_xen_version, XENVER_extraversion, HOLE_PADDR, 0);
    list[BAD_PORT] =
        request(__HYPERVISOR_event_channel_op, EVTCHNOP_send, low_paddr(&args->send), 0);
    list[STATUS] =
        request(__HYPERVISOR_event_channel_op, EVTCHNOP_status, low_paddr(&args->status), 0);
    list[MULTICALL] = request(__HYPERVISOR_multicall, low_paddr(args->calls), 2, 0);
    list[CROSSING] = request(__HYPERVISOR_event_channel_op, EVTCHNOP_alloc_unbound, crossing, 0);
    list[COUNT] = request(LIST_END, 0, 0, 0);
}

static void check_of(const struct mode *mode, const char *what, int64_t got, int64_t want)
{
    char name[NAME_MAX];

    format_str(name, sizeof(name), "%s/%s", mode->name, what);
    check(name, got, want);
}

static void check_results(const struct mode *mode, const struct request *list,
                          const struct arguments *args, const struct evtchn_alloc_unbound *opened)
{
    check_of(mode, "by instruction", list[BY_INSN].result, VERSION);
    check_of(mode, "by the page", list[BY_PAGE].result, VERSION);
    check_of(mode, "a text comes back", list[TEXT].result, 0);
    check_of(mode, "the text is there", args->text[0] != '\0', true);
    check_of(mode, "a structure in and out", list[FEATURES].result, 0);
    check_of(mode, "the features are there",
             args->features.submap >> XENFEAT_auto_translated_physmap & 1, 1);
    check_of(mode, "a pointer to nothing", list[BAD_POINTER].result, -XEN_EFAULT);
    check_of(mode, "an error", list[BAD_PORT].result, -XEN_EINVAL);
    check_of(mode, "the status of a port", list[STATUS].result, 0);
    check_of(mode, "multicall", list[MULTICALL].result, 0);
    check_of(mode, "multicall's first result", (int32_t)args->calls[0].result, VERSION);
    check_of(mode, "multicall's error", (int32_t)args->calls[1].result, -XEN_EFAULT);
    check_of(mode, "a structure across pages", list[CROSSING].result, 0);
    check_of(mode, "the port is there", opened->port != 0, true);
}

static struct vcpu_hvm_context context_of(const struct mode *mode, const void *code,
                                          const void *list, const uint8_t *stack)
{
    struct vcpu_hvm_context context = {.mode = VCPU_HVM_MODE_32B};
    struct vcpu_hvm_x86_32 *registers = &context.cpu_regs.x86_32;

    registers->eip = low_paddr(code);
    registers->ebx = low_paddr(list);
    registers->esp = low_paddr(stack) + PAGE_SIZE;
    registers->eflags = 2;
    registers->cr0 = CR0_PE | CR0_ET;
    registers->eax = mode->cr0;
    registers->ecx = mode->cr3;
    registers->edx = mode->cr4;
    registers->cs_limit = registers->ds_limit = registers->ss_limit = registers->es_limit =
        UINT32_MAX;
    registers->tr_limit = TSS_LIMIT;
    registers->cs_ar = CODE_32;
    registers->ds_ar = registers->ss_ar = registers->es_ar = DATA_32;
    registers->tr_ar = TSS_32;
    return context;
}

/* Waits until the vcpu has done a request, `time` nanoseconds at most. */
static bool is_done(const struct request *request, uint64_t time)
{
    uint64_t end = time_now() + time;

    while (!__atomic_load_n(&request->is_done, __ATOMIC_ACQUIRE) && time_now() < end)
        time_sleep(NS_PER_MS);
    return __atomic_load_n(&request->is_done, __ATOMIC_ACQUIRE) != 0;
}

static void run_mode(const struct mode *mode)
{
    uint8_t *code = page_alloc(), *stack = page_alloc();
    struct request *list = page_alloc();
    struct arguments *args = pages_alloc(2, 1);
    /* One structure has a half on each page. */
    struct evtchn_alloc_unbound *opened =
        (struct evtchn_alloc_unbound *)(void *)((uint8_t *)args + PAGE_SIZE - 4);
    struct vcpu_hvm_context context;

    if (!code || !stack || !list || !args)
        guest_panic("no memory");
    memset(args, 0, 2 * PAGE_SIZE);
    memcpy(code, protected_code, (size_t)(protected_code_end - protected_code));
    write_hypercall_insn(code + (protected_code_insn - protected_code));
    *opened = (struct evtchn_alloc_unbound){.dom = DOMID_SELF};
    fill(list, args, low_paddr(opened));
    context = context_of(mode, code, list, stack);
    check_of(mode, "VCPUOP_initialise", hypercall_vcpu_op(VCPUOP_initialise, mode->vcpu, &context),
             0);
    check_of(mode, "VCPUOP_up", hypercall_vcpu_op(VCPUOP_up, mode->vcpu, NULL), 0);
    if (mode->cr4 == CR4_PAE && !is_done(&list[BY_INSN], START_TIME)) {
        check_skip(mode->name, "no instruction after the switch runs, as on Xen 4.17 in QEMU 7.2");
        return;
    }
    check_of(mode, "the list is done", is_done(&list[COUNT], CHECK_PATIENCE), 1);
    check_results(mode, list, args, opened);
}

/* 4 MiB pages, each at its own address; the hole is not mapped. */
static uint32_t two_level_root(void)
{
    uint32_t *root = page_alloc();

    for (uint32_t i = 0; root && i < TABLE_WORDS; i++) {
        if (i * HOLE_SIZE != HOLE_PADDR)
            root[i] = i * HOLE_SIZE | PTE_PRESENT | PTE_WRITE | PTE_LARGE;
    }
    return root ? low_paddr(root) : 0;
}

/* 2 MiB pages, likewise. */
static uint32_t pae_root(void)
{
    uint64_t *root = page_alloc();
    uint64_t address = 0;

    for (unsigned int i = 0; root && i < PDPT_SIZE; i++) {
        uint64_t *directory = page_alloc();

        if (!directory)
            return 0;
        root[i] = virt_to_phys(directory) | PTE_PRESENT;
        for (unsigned int j = 0; j < PD_ENTRIES; j++, address += HOLE_SIZE / 2) {
            if (address < HOLE_PADDR || address >= HOLE_PADDR + HOLE_SIZE)
                directory[j] = address | PTE_PRESENT | PTE_WRITE | PTE_LARGE;
        }
    }
    return root ? low_paddr(root) : 0;
}

void test_cases(void)
{
    const struct mode modes[] = {
        {"protected_mode/no paging", 1, CR0_PE | CR0_ET, 0, 0},
        {"protected_mode/two levels", 2, CR0_PE | CR0_ET | CR0_PG, CR4_PSE, two_level_root()},
        {"protected_mode/PAE", 3, CR0_PE | CR0_ET | CR0_PG, CR4_PAE, pae_root()},
    };

    for (unsigned int i = 0; i < ARRAY_COUNT(modes); i++)
        run_mode(&modes[i]);
}
