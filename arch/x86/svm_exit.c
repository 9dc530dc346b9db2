/* SPDX-License-Identifier: BSD-2-Clause */
/* Owns the translation of an AMD-V exit into struct vm_exit (APM Vol. 2 appendix C). Pure: looks at
 * a control block and registers, touches nothing else. */
#include "arch/x86/svm.h"

#include "arch/x86/cpu_bits.h"

/* What an exit code means (no row: VM_EXIT_UNKNOWN), and how long the bare instruction is: without
 * next-RIP save, prefixes are not seen (docs/architecture.md). */
struct exit_row {
    uint8_t kind;
    uint8_t length;
};

static const struct exit_row rows[] = {
    [SVM_EXIT_INTR] = {VM_EXIT_NONE, 0},         [SVM_EXIT_NMI] = {VM_EXIT_NONE, 0},
    [SVM_EXIT_SMI] = {VM_EXIT_NONE, 0},          [SVM_EXIT_INIT] = {VM_EXIT_NONE, 0},
    [SVM_EXIT_IRET] = {VM_EXIT_NONE, 0},         [SVM_EXIT_FERR] = {VM_EXIT_NONE, 0},
    [SVM_EXIT_VINTR] = {VM_EXIT_WINDOW, 0},      [SVM_EXIT_RDPMC] = {VM_EXIT_UNDEFINED, 2},
    [SVM_EXIT_CPUID] = {VM_EXIT_CPUID, 2},       [SVM_EXIT_INVD] = {VM_EXIT_CACHE, 2},
    [SVM_EXIT_HLT] = {VM_EXIT_HLT, 1},           [SVM_EXIT_INVLPGA] = {VM_EXIT_UNDEFINED, 3},
    [SVM_EXIT_SHUTDOWN] = {VM_EXIT_SHUTDOWN, 0}, [SVM_EXIT_VMRUN] = {VM_EXIT_UNDEFINED, 3},
    [SVM_EXIT_VMMCALL] = {VM_EXIT_HYPERCALL, 3}, [SVM_EXIT_VMLOAD] = {VM_EXIT_UNDEFINED, 3},
    [SVM_EXIT_VMSAVE] = {VM_EXIT_UNDEFINED, 3},  [SVM_EXIT_STGI] = {VM_EXIT_UNDEFINED, 3},
    [SVM_EXIT_CLGI] = {VM_EXIT_UNDEFINED, 3},    [SVM_EXIT_SKINIT] = {VM_EXIT_UNDEFINED, 3},
    [SVM_EXIT_WBINVD] = {VM_EXIT_CACHE, 2},      [SVM_EXIT_MONITOR] = {VM_EXIT_UNDEFINED, 3},
    [SVM_EXIT_MWAIT] = {VM_EXIT_UNDEFINED, 3},   [SVM_EXIT_MWAIT_COND] = {VM_EXIT_UNDEFINED, 3},
    [SVM_EXIT_XSETBV] = {VM_EXIT_XSETBV, 3},
};

static void decode_port(const struct vmcb_control *c, const struct guest_regs *regs,
                        struct vm_exit *exit)
{
    uint32_t info = (uint32_t)c->exit_info[0];

    exit->kind = VM_EXIT_PORT;
    exit->port.port = (uint16_t)(info >> IOIO_PORT_SHIFT);
    exit->port.size = (uint8_t)(info >> IOIO_SIZE_SHIFT & IOIO_SIZE_MASK);
    exit->port.is_in = info & IOIO_IN;
    exit->port.is_string = info & IOIO_STRING;
    /* EXITINFO2 is the next RIP (APM Vol. 2 15.10.2). */
    exit->length = (uint8_t)(c->exit_info[1] - regs->rip);
}

static void decode_msr(const struct vmcb_control *c, struct vm_exit *exit)
{
    exit->kind = c->exit_info[0] & 1 ? VM_EXIT_MSR_WRITE : VM_EXIT_MSR_READ;
    exit->length = 2;
}

static void decode_cr_write(const struct vmcb_control *c, unsigned number,
                            const struct guest_regs *regs, struct vm_exit *exit)
{
    exit->kind = VM_EXIT_CR_WRITE;
    exit->cr.number = (uint8_t)number;
    exit->length = 0;
    if (svm_features.has_decode_assist && (c->exit_info[0] & CR_INFO_IS_MOV)) {
        exit->cr.value = regs->gpr[c->exit_info[0] & CR_INFO_GPR_MASK];
        exit->length = (uint8_t)(c->next_rip - regs->rip);
    }
}

static void decode_fault(const struct vmcb_control *c, struct vm_exit *exit)
{
    uint64_t info = c->exit_info[0];

    exit->kind = VM_EXIT_FAULT;
    exit->length = 0;
    exit->fault.gpa = (gpa_t){c->exit_info[1]};
    exit->fault.is_write = info & NPF_WRITE;
    exit->fault.is_exec = info & NPF_EXEC;
    exit->fault.is_walk = info & NPF_WALK;
}

static void decode_unknown(const struct vmcb_control *c, uint32_t code, struct vm_exit *exit)
{
    exit->kind = code == SVM_EXIT_INVALID ? VM_EXIT_BAD_STATE : VM_EXIT_UNKNOWN;
    exit->unknown.code = code;
    exit->unknown.info2 = c->exit_info[1];
}

/* Codes without a row, and what a row cannot say. */
static void decode_rest(const struct vmcb_control *c, uint32_t code, const struct guest_regs *regs,
                        struct vm_exit *exit)
{
    exit->length = 0;
    if (code == SVM_EXIT_NPF)
        decode_fault(c, exit);
    else if (code >= SVM_EXIT_CR_WRITE0 && code <= SVM_EXIT_CR_WRITE15)
        decode_cr_write(c, code - SVM_EXIT_CR_WRITE0, regs, exit);
    else if (code == SVM_EXIT_CR0_SEL)
        decode_cr_write(c, 0, regs, exit);
    else
        decode_unknown(c, code, exit);
}

struct vm_exit *svm_exit_decode(const struct vmcb *vmcb, const struct guest_regs *regs,
                                struct vm_exit *exit)
{
    const struct vmcb_control *c = &vmcb->control;
    uint32_t code = (uint32_t)c->exit_code;

    exit->info = c->exit_info[0];
    if (code >= SVM_EXIT_INTR && code < ARRAY_SIZE(rows) && rows[code].kind != VM_EXIT_UNKNOWN) {
        exit->kind = rows[code].kind;
        exit->length = rows[code].length;
    } else if (code == SVM_EXIT_IOIO) {
        decode_port(c, regs, exit);
        return exit;
    } else if (code == SVM_EXIT_MSR) {
        decode_msr(c, exit);
    } else {
        decode_rest(c, code, regs, exit);
        return exit;
    }
    if (svm_features.has_next_rip && exit->length != 0)
        exit->length = (uint8_t)(c->next_rip - regs->rip);
    return exit;
}
