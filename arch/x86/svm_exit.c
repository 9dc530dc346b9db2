/* SPDX-License-Identifier: BSD-2-Clause */
/* Owns the translation of an AMD-V exit into struct vm_exit, and with it which exits there are (APM
 * Vol. 2 appendix C). Pure: looks at a control block, touches nothing else. */
#include "arch/x86/svm.h"

/* By exit code: what it means, and where that is all, how long the bare instruction is, because
 * without next-RIP save prefixes are not seen (docs/architecture.md). CR3 is the guest's own with
 * nested paging, as are TS and MP of CR0. The rest of CR0 and CR4 are not: a guest could set what
 * it must not see, and some processors let a combination through that VMRUN refuses. CR8 is not,
 * because the task priority belongs to the vLAPIC. #DB and #AC: their delivery can raise them again
 * and again, with no instruction between at which the processor would look at interrupts (APM Vol.
 * 2 15.12); the guest gets them by an entry each. */
static const struct {
    uint8_t kind;
    uint8_t length;
} rows[] = {
    [SVM_EXIT_CR_WRITE + 4] = {VM_EXIT_CR_WRITE, 0},
    [SVM_EXIT_CR_WRITE + 8] = {VM_EXIT_CR_WRITE, 0},
    [0x41] = {VM_EXIT_DEBUG, 0},
    [0x51] = {VM_EXIT_ALIGNMENT, 0},
    [0x60 ... 0x63] = {VM_EXIT_NONE, 0}, /* INTR NMI SMI INIT */
    [SVM_EXIT_VINTR] = {VM_EXIT_WINDOW, 0},
    [SVM_EXIT_CR0_SEL] = {VM_EXIT_CR_WRITE, 0},
    [0x6f] = {VM_EXIT_UNDEFINED, 2}, /* RDPMC */
    [0x72] = {VM_EXIT_CPUID, 2},
    [SVM_EXIT_IRET] = {VM_EXIT_WINDOW, 0},
    [0x76] = {VM_EXIT_CACHE, 2}, /* INVD */
    [0x78] = {VM_EXIT_HLT, 1},
    [0x7a] = {VM_EXIT_UNDEFINED, 3}, /* INVLPGA */
    [0x7b] = {VM_EXIT_PORT, 0},
    [0x7c] = {VM_EXIT_MSR_READ, 0},
    [0x7e] = {VM_EXIT_NONE, 0}, /* FERR */
    [0x7f] = {VM_EXIT_SHUTDOWN, 0},
    [0x80] = {VM_EXIT_UNDEFINED, 3}, /* VMRUN */
    [0x81] = {VM_EXIT_HYPERCALL, 3},
    [0x82 ... 0x86] = {VM_EXIT_UNDEFINED, 3}, /* VMLOAD VMSAVE STGI CLGI SKINIT */
    [0x88] = {VM_EXIT_DEBUG, 1},              /* ICEBP */
    [0x89] = {VM_EXIT_CACHE, 2},              /* WBINVD */
    [0x8a ... 0x8b] = {VM_EXIT_UNDEFINED, 3}, /* MONITOR MWAIT */
    [0x8d] = {VM_EXIT_XSETBV, 3},
    [0x8e] = {VM_EXIT_UNDEFINED, 3}, /* RDPRU */
};

void svm_exit_intercept(struct vmcb_control *c)
{
    for (uint32_t code = 0; code < ARRAY_SIZE(rows); code++)
        svm_intercept(c, code, rows[code].kind != VM_EXIT_UNKNOWN);
    svm_intercept(c, SVM_EXIT_VINTR, false);
    svm_intercept(c, SVM_EXIT_IRET, false);
}

static void decode_port(const struct vmcb_control *c, struct vm_exit *exit)
{
    uint32_t info = (uint32_t)exit->info;

    exit->port.port = (uint16_t)(info >> IOIO_PORT_SHIFT);
    exit->port.size = (uint8_t)(info >> IOIO_SIZE_SHIFT & IOIO_SIZE_MASK);
    exit->port.is_in = info & IOIO_IN;
    exit->port.is_string = info & IOIO_STRING;
    /* EXITINFO2 is the next RIP (APM Vol. 2 15.10.2). */
    exit->length = (uint8_t)(c->exit_info[1] - exit->rip);
}

static void decode_fault(const struct vmcb_control *c, struct vm_exit *exit)
{
    exit->kind = VM_EXIT_FAULT;
    exit->fault.gpa.v = c->exit_info[1];
    exit->fault.is_write = exit->info & NPF_WRITE;
    exit->fault.is_exec = exit->info & NPF_EXEC;
    exit->fault.is_walk = exit->info & NPF_WALK;
}

static uint8_t length(const struct vmcb_control *c, const struct vm_exit *exit, uint8_t bare)
{
    return svm_has_next_rip ? (uint8_t)(c->next_rip - exit->rip) : bare;
}

/* What a row cannot say. */
static struct vm_exit *decode_more(const struct vmcb_control *c, uint32_t code,
                                   struct vm_exit *exit)
{
    exit->length = 0;
    exit->kind = code < ARRAY_SIZE(rows) ? rows[code].kind : VM_EXIT_UNKNOWN;
    if (exit->kind == VM_EXIT_PORT) {
        decode_port(c, exit);
    } else if (exit->kind == VM_EXIT_MSR_READ) {
        exit->kind = exit->info & 1 ? VM_EXIT_MSR_WRITE : VM_EXIT_MSR_READ;
        exit->length = length(c, exit, 2);
    } else if (exit->kind == VM_EXIT_CR_WRITE) {
        exit->cr.number = code == SVM_EXIT_CR0_SEL ? 0 : (uint8_t)(code - SVM_EXIT_CR_WRITE);
    } else if (code == SVM_EXIT_NPF) {
        decode_fault(c, exit);
    } else if (exit->kind == VM_EXIT_UNKNOWN) {
        exit->kind = code == SVM_EXIT_INVALID ? VM_EXIT_BAD_STATE : VM_EXIT_UNKNOWN;
        exit->unknown.code = code;
        exit->unknown.info2 = c->exit_info[1];
    }
    return exit;
}

struct vm_exit *svm_exit_decode(const struct vmcb_control *c, struct vm_exit *exit)
{
    uint32_t code = (uint32_t)c->exit_code;

    exit->info = c->exit_info[0];
    if (code >= ARRAY_SIZE(rows) || rows[code].length == 0)
        return decode_more(c, code, exit);
    exit->kind = rows[code].kind;
    exit->length = length(c, exit, rows[code].length);
    return exit;
}
