/* SPDX-License-Identifier: BSD-2-Clause */
/* Owns the decoder for the local APIC's page. Kernels read their ID and version there before they
 * switch to x2APIC mode; compilers and kernels' accessors make exactly these four forms of it. */
#include "arch/x86/lapic_page.h"

#include "core/domain.h"
#include "lib/errno.h"
#include "lib/string.h"

#define INSN_MAX               15u
#define OPCODE_XCHG            0x87u /* APM Vol. 3 appendix A */
#define OPCODE_STORE           0x89u
#define OPCODE_LOAD            0x8bu
#define OPCODE_STORE_IMMEDIATE 0xc7u
#define REX_R                  4u
#define REX_W                  8u
#define PAGE_OFFSET            (PAGE_SIZE - 1)
#define REG_STRIDE             16u

/* Bytes of ModRM, SIB and displacement at BYTES with 32-bit or 64-bit addressing; 0: the operand is
 * a register, or the bytes end. APM Vol. 3 1.4. */
static size_t operand_size(const uint8_t *bytes, size_t count)
{
    uint8_t mod = bytes[0] >> 6, rm = bytes[0] & 7;
    size_t size = 1;

    if (mod == 3)
        return 0;
    if (rm == 4) {
        if (count < 2)
            return 0;
        size++;
        if (mod == 0 && (bytes[1] & 7) == 5)
            size += 4;
    } else if (mod == 0 && rm == 5) {
        size += 4;
    }
    if (mod == 1)
        size += 1;
    else if (mod == 2)
        size += 4;
    return size <= count ? size : 0;
}

int lapic_page_decode(const uint8_t *bytes, size_t count, bool is_long, struct lapic_access *access)
{
    size_t at = 0, operand;
    unsigned rex = 0;
    uint8_t opcode;

    /* Segment overrides, LOCK of an XCHG, and an address size that stays within these forms. */
    while (at < count && (bytes[at] == 0x26 || bytes[at] == 0x2e || bytes[at] == 0x36 ||
                          bytes[at] == 0x3e || bytes[at] == 0x64 || bytes[at] == 0x65 ||
                          bytes[at] == 0xf0 || (is_long && bytes[at] == 0x67)))
        at++;
    if (is_long && at < count && bytes[at] >> 4 == 4)
        rex = bytes[at++];
    if (at >= count || count - at < 2 || (rex & REX_W))
        return -EINVAL;
    opcode = bytes[at++];
    operand = operand_size(bytes + at, count - at);
    if (operand == 0)
        return -EINVAL;
    access->gpr = (uint8_t)((bytes[at] >> 3 & 7) | (rex & REX_R ? 8 : 0));
    at += operand;
    switch (opcode) {
    case OPCODE_LOAD:
        access->kind = LAPIC_LOAD;
        break;
    case OPCODE_STORE:
        access->kind = LAPIC_STORE;
        break;
    case OPCODE_XCHG:
        access->kind = LAPIC_EXCHANGE;
        break;
    case OPCODE_STORE_IMMEDIATE:
        if (count - at < sizeof(access->immediate) || (access->gpr & 7) != 0)
            return -EINVAL;
        access->kind = LAPIC_STORE_IMMEDIATE;
        memcpy(&access->immediate, bytes + at, sizeof(access->immediate));
        at += sizeof(access->immediate);
        break;
    default:
        return -EINVAL;
    }
    access->length = (uint8_t)at;
    return 0;
}

static void crash(struct vcpu *v, gpa_t gpa, const uint8_t *bytes)
{
    domain_crash(v->domain,
                 "LAPIC page, offset %x: no MOV or XCHG of 32 bits: "
                 "%02x %02x %02x %02x %02x %02x %02x %02x",
                 (unsigned)(gpa.v & PAGE_OFFSET), bytes[0], bytes[1], bytes[2], bytes[3], bytes[4],
                 bytes[5], bytes[6], bytes[7]);
}

void lapic_page_access(struct vcpu *v, gpa_t gpa)
{
    struct guest_regs *regs = &vcpu_private()->regs;
    uint32_t offset = gpa.v & PAGE_OFFSET, reg = offset / REG_STRIDE, old = 0;
    uint8_t bytes[INSN_MAX] = {0};
    struct lapic_access access;
    size_t count = virt_fetch(bytes, sizeof(bytes));
    struct guest_paging paging = {.cpl = 0};

    virt->get_paging(&paging);
    if (lapic_page_decode(bytes, count, paging.is_long, &access) != 0 || offset % REG_STRIDE != 0) {
        crash(v, gpa, bytes);
        return;
    }
    if (access.kind == LAPIC_LOAD || access.kind == LAPIC_EXCHANGE)
        old = vlapic_page_read(v, reg);
    if (access.kind != LAPIC_LOAD) {
        uint32_t value = access.kind == LAPIC_STORE_IMMEDIATE ? access.immediate
                                                              : (uint32_t)regs->gpr[access.gpr];

        if (vlapic_page_write(v, reg, value) == -EAGAIN)
            return;
    }
    if (access.kind == LAPIC_LOAD || access.kind == LAPIC_EXCHANGE)
        regs->gpr[access.gpr] = old;
    regs->rip += access.length;
}
