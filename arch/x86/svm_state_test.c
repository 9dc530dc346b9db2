/* SPDX-License-Identifier: BSD-2-Clause */
/* needs: arch/x86/svm_state.c */
/* A vCPU's registers to Xen's CPU record and back, and the state after INIT. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "arch/x86/emulate.h"
#include "arch/x86/svm.h"
#include "lib/cpu_bits.h"
#include "lib/errno.h"
#include "pv-abi/hvm_save.h"

static int verdict;

int cr_check_state(UNUSED uint64_t cr0, UNUSED uint64_t cr4, UNUSED uint64_t efer)
{
    return verdict;
}

static int setup(UNUSED void **state)
{
    memset(fake_vcpu_private_other, 0, sizeof(fake_vcpu_private_other));
    svm_reset_state(&svm_vmcb_other()->save, vcpu_private_other(), -1);
    verdict = 0;
    return 0;
}

/* A record in which every register is different. */
static void fill(struct hvm_hw_cpu *r)
{
    uint8_t *byte = (uint8_t *)r;

    for (size_t i = 0; i < sizeof(*r); i++)
        byte[i] = (uint8_t)(i * 7 + i / 256);
    r->cs_sel = 0x10, r->ds_sel = 0x18, r->es_sel = 0x20, r->fs_sel = 0x28, r->gs_sel = 0x30;
    r->ss_sel = 0x38, r->tr_sel = 0x40, r->ldtr_sel = 0x48;
    r->cs_arbytes = 0xa9b, r->ds_arbytes = 0xc93, r->es_arbytes = 0xc91, r->fs_arbytes = 0xc92;
    r->gs_arbytes = 0xc90, r->ss_arbytes = 0xcf3, r->tr_arbytes = 0x8b, r->ldtr_arbytes = 0x82;
    r->rflags |= RFLAGS_FIXED;
    r->dr6 |= UINT64_C(0xffff0ff0);
    r->dr7 |= UINT64_C(0x400);
    r->msr_efer = EFER_LME | EFER_LMA;
    r->pending_event = 0x80000b0d;
    r->error_code = 0x1234;
}

static void a_record_comes_back_as_it_went(UNUSED void **state)
{
    static struct hvm_hw_cpu in, out;

    fill(&in);
    assert_int_equal(svm_set_state(&in), 0);
    svm_get_state(&out);
    /* What is not the vendor's: FPU, flags and what follows the MSRs. */
    memcpy(in.fpu_regs, out.fpu_regs, sizeof(in.fpu_regs));
    in.msr_flags = out.msr_flags;
    in.msr_tsc_aux = out.msr_tsc_aux;
    in.tsc = out.tsc;
    in.flags = out.flags;
    in.pad0 = out.pad0;
    assert_memory_equal(&in, &out, sizeof(in));
}

static void a_state_that_cannot_be_changes_nothing(UNUSED void **state)
{
    static struct hvm_hw_cpu in;
    static struct vcpu_private before[2];

    fill(&in);
    memcpy(before, fake_vcpu_private_other, sizeof(before));
    verdict = -EINVAL;
    assert_int_equal(svm_set_state(&in), -EINVAL);
    assert_memory_equal(before, fake_vcpu_private_other, sizeof(before));
}

static void the_guest_never_sees_svme(UNUSED void **state)
{
    static struct hvm_hw_cpu out;

    assert_true(svm_vmcb_other()->save.efer & EFER_SVME);
    svm_get_state(&out);
    assert_int_equal(out.msr_efer, 0);
}

static void the_privilege_level_is_the_stacks(UNUSED void **state)
{
    static struct hvm_hw_cpu in;

    fill(&in);
    in.ss_arbytes = 0xcf3;
    assert_int_equal(svm_set_state(&in), 0);
    assert_int_equal(svm_vmcb_other()->save.cpl, 3);
}

static void an_event_without_its_valid_bit_is_none(UNUSED void **state)
{
    static struct hvm_hw_cpu record;

    fill(&record);
    record.pending_event = 0xb0d;
    assert_int_equal(svm_set_state(&record), 0);
    assert_int_equal(svm_vmcb_other()->control.event_inject, 0);
    svm_get_state(&record);
    assert_int_equal(record.pending_event, 0);
    assert_int_equal(record.error_code, 0);
}

/* APM Vol. 2 table 14-1. */
static void init_starts_at_the_reset_vector(UNUSED void **state)
{
    static struct hvm_hw_cpu out;

    svm_get_state(&out);
    assert_int_equal(out.cs_sel, 0xf000);
    assert_int_equal(out.cs_base, 0xffff0000);
    assert_int_equal(out.rip, 0xfff0);
    assert_int_equal(out.rflags, 2);
    assert_int_equal(out.cr0, 0x60000010);
    assert_int_equal(out.cr4, 0);
    assert_int_equal(out.dr6, 0xffff0ff0);
    assert_int_equal(out.dr7, 0x400);
}

static void a_startup_ipi_starts_at_its_page(UNUSED void **state)
{
    static struct hvm_hw_cpu out;

    svm_reset_state(&svm_vmcb_other()->save, vcpu_private_other(), 0x9a);
    svm_get_state(&out);
    assert_int_equal(out.cs_sel, 0x9a00);
    assert_int_equal(out.cs_base, 0x9a000);
    assert_int_equal(out.cs_arbytes, 0x9b);
    assert_int_equal(out.rip, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(a_record_comes_back_as_it_went, setup),
        cmocka_unit_test_setup(a_state_that_cannot_be_changes_nothing, setup),
        cmocka_unit_test_setup(the_guest_never_sees_svme, setup),
        cmocka_unit_test_setup(the_privilege_level_is_the_stacks, setup),
        cmocka_unit_test_setup(an_event_without_its_valid_bit_is_none, setup),
        cmocka_unit_test_setup(init_starts_at_the_reset_vector, setup),
        cmocka_unit_test_setup(a_startup_ipi_starts_at_its_page, setup),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
