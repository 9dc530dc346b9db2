/* SPDX-License-Identifier: BSD-2-Clause */
/* Owns the decoder for the local APIC's page. Kernels read their ID and version there before they
 * switch to x2APIC mode; compilers and kernels' accessors make exactly these four forms of it. */
#include "arch/x86/emulate.h"

#include "core/domain.h"
#include "lib/errno.h"
#include "lib/string.h"

#define REX_R       4u
#define REX_W       8u
#define PAGE_OFFSET (PAGE_SIZE - 1)
#define REG_STRIDE  16u

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

int lapic_page_decode(const struct guest_code *code, struct lapic_access *access)
{
    bool is_long = code->paging.is_long;
    const uint8_t *at = code->bytes, *end = at + code->count;
    unsigned rex = 0;
    size_t operand;

    /* Segment overrides, LOCK of an XCHG, and an address size that stays within these forms. */
    while (at < end && (*at == 0x26 || *at == 0x2e || *at == 0x36 || *at == 0x3e || *at == 0x64 ||
                        *at == 0x65 || *at == 0xf0 || (is_long && *at == 0x67)))
        at++;
    if (is_long && at < end && *at >> 4 == 4)
        rex = *at++;
    if (end - at < 2 || (rex & REX_W))
        return -EINVAL;
    access->kind = *at++;
    operand = operand_size(at, (size_t)(end - at));
    if (operand == 0)
        return -EINVAL;
    access->gpr = (uint8_t)((*at >> 3 & 7) | (rex & REX_R ? 8 : 0));
    at += operand;
    if (access->kind == LAPIC_STORE_IMMEDIATE) {
        if ((size_t)(end - at) < sizeof(access->immediate) || (access->gpr & 7) != 0)
            return -EINVAL;
        memcpy(&access->immediate, at, sizeof(access->immediate));
        at += sizeof(access->immediate);
    } else if (access->kind != LAPIC_LOAD && access->kind != LAPIC_STORE &&
               access->kind != LAPIC_EXCHANGE) {
        return -EINVAL;
    }
    access->length = (uint8_t)(at - code->bytes);
    return 0;
}

void lapic_page_access(struct vcpu *v, gpa_t gpa)
{
    struct guest_regs *regs = &vcpu_private()->regs;
    uint32_t offset = gpa.v & PAGE_OFFSET, reg = offset / REG_STRIDE, old, value;
    struct lapic_access access;
    struct guest_code code;
    const uint8_t *b = code.bytes;

    guest_code_fetch(&code);
    if (lapic_page_decode(&code, &access) != 0 || offset % REG_STRIDE != 0) {
        domain_crash(v->domain,
                     "LAPIC page, offset %x: no MOV or XCHG of 32 bits: "
                     "%02x %02x %02x %02x %02x %02x %02x %02x",
                     offset, b[0], b[1], b[2], b[3], b[4], b[5], b[6], b[7]);
        return;
    }
    old = vlapic_page_read(v, reg);
    value =
        access.kind == LAPIC_STORE_IMMEDIATE ? access.immediate : (uint32_t)regs->gpr[access.gpr];
    if (access.kind != LAPIC_LOAD && vlapic_page_write(v, reg, value) == -EAGAIN)
        return;
    if (access.kind == LAPIC_LOAD || access.kind == LAPIC_EXCHANGE)
        regs->gpr[access.gpr] = old;
    regs->rip += access.length;
}
