/* SPDX-License-Identifier: BSD-2-Clause */
/* needs: arch/x86/cr.c */
/* The rules for a guest's control registers, and the decoder of writes to them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "arch/x86/cpuid.h"
#include "arch/x86/emulate.h"
#include "lib/cpu_bits.h"
#include "lib/errno.h"

#define CR0_PROTECTED (CR0_PE | CR0_ET | CR0_NE)
#define CR0_PAGED     (CR0_PROTECTED | CR0_PG | CR0_WP)
#define EFER_LONG     (EFER_LME | EFER_LMA | EFER_NXE | EFER_SCE)
#define CR4_LA57      (UINT64_C(1) << 12)
#define CR4_CET       (UINT64_C(1) << 23)

/* A guest that has everything but PKU. */
bool cpuid_guest_has(enum cpuid_feature feature)
{
    return feature != CPUID_PKU;
}

static void states_that_a_vcpu_can_be_in(UNUSED void **state)
{
    assert_int_equal(cr_check_state(CR0_ET, 0, 0), 0);
    assert_int_equal(cr_check_state(CR0_ET | CR0_CD | CR0_NW, 0, 0), 0);
    assert_int_equal(cr_check_state(CR0_PROTECTED, CR4_PAE, EFER_LME), 0);
    assert_int_equal(cr_check_state(CR0_PAGED, CR4_PAE, EFER_LONG), 0);
    assert_int_equal(cr_check_state(CR0_PAGED, 0, 0), 0);
}

static void states_that_a_vcpu_cannot_be_in(UNUSED void **state)
{
    static const struct {
        uint64_t cr0, cr4, efer;
    } rows[] = {
        {CR0_ET | CR0_PG, 0, 0},                       /* paging without protection */
        {CR0_ET | CR0_NW, 0, 0},                       /* NW without CD */
        {CR0_PAGED, 0, EFER_LME | EFER_LMA},           /* long mode without PAE */
        {CR0_PAGED, CR4_PAE, EFER_LME},                /* LMA is missing */
        {CR0_PROTECTED, CR4_PAE, EFER_LME | EFER_LMA}, /* LMA without paging */
        {CR0_PAGED | UINT64_C(1) << 32, CR4_PAE, EFER_LONG},
        {CR0_PAGED | 1u << 6, CR4_PAE, EFER_LONG},
        {CR0_PAGED, CR4_PAE | CR4_LA57, EFER_LONG},
        {CR0_PAGED, CR4_PAE | CR4_PKE, EFER_LONG}, /* a feature that it does not have */
        {CR0_PAGED, CR4_PAE, EFER_LONG | EFER_SVME},
        {CR0_PAGED, CR4_PCIDE, 0}, /* PCIDs outside of long mode */
    };

    for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
        assert_int_equal(cr_check_state(rows[i].cr0, rows[i].cr4, rows[i].efer), -EINVAL);
}

static int write_to(const struct guest_paging *paging, enum vm_reg which, uint64_t value)
{
    struct guest_paging after = *paging;
    int rc = cr_after_write(&after, which, value);

    if (rc != 0)
        assert_memory_equal(&after, paging, sizeof(after));
    return rc;
}

static void paging_is_switched_from_compatible_code_only(UNUSED void **state)
{
    struct guest_paging paging = {.cr0 = CR0_PAGED, .cr4 = CR4_PAE, .efer = EFER_LONG};

    assert_int_equal(write_to(&paging, VM_CR0, CR0_PROTECTED), 0);
    paging.is_long = true;
    assert_int_equal(write_to(&paging, VM_CR0, CR0_PROTECTED), -EINVAL);
    assert_int_equal(write_to(&paging, VM_CR0, CR0_PAGED | CR0_AM), 0);
    paging.is_long = false;
    paging.cr4 |= CR4_PCIDE;
    assert_int_equal(write_to(&paging, VM_CR0, CR0_PROTECTED), -EINVAL);
}

static void entering_long_mode_needs_pae(UNUSED void **state)
{
    struct guest_paging paging = {.cr0 = CR0_PROTECTED, .efer = EFER_LME};

    assert_int_equal(write_to(&paging, VM_CR0, CR0_PAGED), -EINVAL);
    paging.cr4 = CR4_PAE;
    assert_int_equal(write_to(&paging, VM_CR0, CR0_PAGED), 0);
}

static void lma_follows_paging(UNUSED void **state)
{
    struct guest_paging paging = {.cr0 = CR0_PROTECTED, .cr4 = CR4_PAE, .efer = EFER_LME};

    assert_int_equal(cr_after_write(&paging, VM_CR0, CR0_PAGED), 0);
    assert_int_equal(paging.efer, EFER_LME | EFER_LMA);
    assert_int_equal(cr_after_write(&paging, VM_EFER, EFER_LME | EFER_NXE), 0);
    assert_int_equal(paging.efer, EFER_LME | EFER_LMA | EFER_NXE);
    assert_int_equal(cr_after_write(&paging, VM_CR0, CR0_PROTECTED), 0);
    assert_int_equal(paging.efer, EFER_LME | EFER_NXE);
}

static void undefined_bits_of_cr0_are_ignored_below_32(UNUSED void **state)
{
    struct guest_paging paging = {.cr0 = CR0_PROTECTED};

    assert_int_equal(write_to(&paging, VM_CR0, CR0_PROTECTED | UINT64_C(1) << 40), -EINVAL);
    assert_int_equal(cr_after_write(&paging, VM_CR0, CR0_PE | 1u << 8), 0);
    assert_int_equal(paging.cr0, CR0_PE | CR0_ET);
}

static void cr4_keeps_what_long_mode_needs(UNUSED void **state)
{
    struct guest_paging paging = {.cr0 = CR0_PAGED, .cr4 = CR4_PAE, .efer = EFER_LONG};

    assert_int_equal(write_to(&paging, VM_CR4, CR4_PGE), -EINVAL);
    assert_int_equal(write_to(&paging, VM_CR4, CR4_PAE | CR4_PCIDE), 0);
    assert_int_equal(write_to(&paging, VM_CR4, CR4_PAE | CR4_CET), -EINVAL);
    paging = (struct guest_paging){.cr0 = CR0_PROTECTED};
    assert_int_equal(write_to(&paging, VM_CR4, CR4_PCIDE), -EINVAL);
}

static void lme_changes_without_paging_only(UNUSED void **state)
{
    struct guest_paging paging = {.cr0 = CR0_PROTECTED};

    assert_int_equal(write_to(&paging, VM_EFER, EFER_LME), 0);
    assert_int_equal(write_to(&paging, VM_EFER, EFER_SVME), -EINVAL);
    assert_int_equal(write_to(&paging, VM_EFER, UINT64_C(1) << 14), -EINVAL);
    paging = (struct guest_paging){.cr0 = CR0_PAGED, .cr4 = CR4_PAE};
    assert_int_equal(write_to(&paging, VM_EFER, EFER_LME), -EINVAL);
    paging.efer = EFER_LONG;
    assert_int_equal(write_to(&paging, VM_EFER, EFER_LONG & ~EFER_SCE), 0);
}

struct insn {
    uint8_t bytes[6];
    uint8_t size;
    bool is_long;
    uint8_t number;
    uint64_t value;
};

static struct guest_regs regs_with_numbers(void)
{
    struct guest_regs regs;

    memset(&regs, 0, sizeof(regs));
    for (unsigned i = 0; i < 16; i++)
        regs.gpr[i] = UINT64_C(0xa00000000) + i;
    return regs;
}

static void decodes_moves_to_control_registers(UNUSED void **state)
{
    static const struct insn rows[] = {
        {{0x0f, 0x22, 0xe0}, 3, true, 4, UINT64_C(0xa00000000)},       /* mov %rax,%cr4 */
        {{0x0f, 0x22, 0xe7}, 3, true, 4, UINT64_C(0xa00000007)},       /* mov %rdi,%cr4 */
        {{0x41, 0x0f, 0x22, 0xe1}, 4, true, 4, UINT64_C(0xa00000009)}, /* mov %r9,%cr4 */
        {{0x44, 0x0f, 0x22, 0xc3}, 4, true, 8, UINT64_C(0xa00000003)}, /* mov %rbx,%cr8 */
        {{0x0f, 0x22, 0xc2}, 3, true, 0, UINT64_C(0xa00000002)},
        {{0x0f, 0x22, 0xe1}, 3, false, 4, 1},       /* 32-bit code */
        {{0xf0, 0x0f, 0x22, 0xc1}, 4, false, 8, 1}, /* LOCK: CR8 */
        {{0x66, 0x0f, 0x22, 0xc0}, 4, false, 0, 0},
    };
    const struct guest_regs regs = regs_with_numbers();

    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        struct guest_code code = {.paging.is_long = rows[i].is_long};
        struct vm_exit exit = {.cr.number = rows[i].number};

        code.count = sizeof(rows[i].bytes);
        memcpy(code.bytes, rows[i].bytes, code.count);
        cr_decode(&code, &regs, &exit);
        assert_int_equal(exit.length, rows[i].size);
        assert_int_equal(exit.cr.value, rows[i].value);
    }
}

static void lmsw_sets_pe_but_does_not_clear_it(UNUSED void **state)
{
    const struct guest_code code = {.bytes = {0x0f, 0x01, 0xf1}, /* lmsw %cx */
                                    .count = 3,
                                    .paging.cr0 = CR0_PROTECTED | CR0_TS};
    struct guest_regs regs = regs_with_numbers();
    struct vm_exit exit = {.cr.number = 0};

    regs.gpr[REG_RCX] = CR0_MP;
    cr_decode(&code, &regs, &exit);
    assert_int_equal(exit.length, 3);
    assert_int_equal(exit.cr.value, CR0_PROTECTED | CR0_MP);
}

static void other_instructions_have_no_length(UNUSED void **state)
{
    static const struct insn rows[] = {
        {{0x0f, 0x20, 0xe0}, 3, true, 4, 0}, /* a read */
        {{0x0f, 0x22, 0xc0}, 3, true, 4, 0}, /* another register */
        {{0x0f, 0x22}, 2, true, 4, 0},       /* cut */
        {{0x90}, 1, true, 4, 0},
        {{0x41, 0x0f, 0x22, 0xe1}, 4, false, 4, 0}, /* no REX in 32-bit code */
        {{0x66, 0x66, 0x66, 0x66, 0x66, 0x66}, 6, true, 4, 0},
        {{0}, 0, true, 4, 0},
    };
    const struct guest_regs regs = regs_with_numbers();

    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        struct guest_code code = {.paging.is_long = rows[i].is_long};
        struct vm_exit exit = {.length = 9, .cr.number = rows[i].number};

        code.count = rows[i].size;
        memcpy(code.bytes, rows[i].bytes, code.count);
        cr_decode(&code, &regs, &exit);
        assert_int_equal(exit.length, 0);
    }
}

/* A vCPU's paging, and what is written. */
static struct guest_paging vcpu_paging;
static uint64_t written[VM_EFER + 1];

/* As virt.h allows it: what does not say that it is unknown is compared by few fields. */
static bool get_paging(struct guest_paging *paging)
{
    if (paging->cpl == vcpu_paging.cpl && paging->cr3 == vcpu_paging.cr3)
        return true;
    *paging = vcpu_paging;
    return false;
}

static void set_reg(enum vm_reg which, uint64_t value)
{
    written[which] = value;
}

static void a_write_keeps_the_other_registers(UNUSED void **state)
{
    static const struct virt_ops ops = {.get_paging = get_paging, .set_reg = set_reg};

    virt = &ops;
    vcpu_paging = (struct guest_paging){.cr0 = CR0_PROTECTED};
    assert_int_equal(cr_write(VM_CR4, CR4_PAE), 0);
    assert_int_equal(written[VM_CR0], CR0_PROTECTED);
    assert_int_equal(written[VM_CR4], CR4_PAE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(states_that_a_vcpu_can_be_in),
        cmocka_unit_test(states_that_a_vcpu_cannot_be_in),
        cmocka_unit_test(paging_is_switched_from_compatible_code_only),
        cmocka_unit_test(entering_long_mode_needs_pae),
        cmocka_unit_test(lma_follows_paging),
        cmocka_unit_test(undefined_bits_of_cr0_are_ignored_below_32),
        cmocka_unit_test(cr4_keeps_what_long_mode_needs),
        cmocka_unit_test(lme_changes_without_paging_only),
        cmocka_unit_test(a_write_keeps_the_other_registers),
        cmocka_unit_test(decodes_moves_to_control_registers),
        cmocka_unit_test(lmsw_sets_pe_but_does_not_clear_it),
        cmocka_unit_test(other_instructions_have_no_length),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
