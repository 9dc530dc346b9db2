/* SPDX-License-Identifier: BSD-2-Clause */
/* needs: arch/x86/hvm_record.c */
/* HVM context records: what of them a vCPU takes, and what would make the host fault is refused. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "arch/x86/emulate.h"
#include "arch/x86/xstate.h"
#include "core/domain.h"
#include "lib/cpu_bits.h"
#include "lib/errno.h"
#include "pv-abi/hvm_save.h"
#include "tests/fake/fake_cpu.h"

#define MASK     (XCR0_X87 | XCR0_SSE | XCR0_AVX)
#define AVX_SIZE 832u
#define HEAD     offsetof(struct hvm_hw_cpu_xsave, save_area)

static struct domain domain;
static struct vcpu vcpus[2];
static struct vcpu_info infos[2];
static int mapped, set_state_verdict;
static union {
    struct hvm_hw_cpu_xsave record;
    uint8_t bytes[HEAD + VCPU_XSAVE_MAX + 64];
} xsave_record;

void vcpu_pages_map(UNUSED const struct vcpu *v)
{
    mapped++;
}

void vcpu_pages_unmap(void)
{
    mapped--;
}

uint64_t xstate_components = MASK;

uint32_t xstate_size(uint64_t mask)
{
    return mask & XCR0_AVX ? AVX_SIZE : XSAVE_LEGACY + XSAVE_HEADER;
}

bool xstate_is_valid_xcr0(uint64_t value)
{
    return (value & XCR0_X87) && !(value & ~MASK);
}

void xstate_reset(struct vcpu_private *p)
{
    memset(&p->xsave, 0, sizeof(p->xsave));
    p->xcr0 = XCR0_X87;
}

bool msr_is_valid_mtrr_def(uint64_t value)
{
    return value != 0xbad;
}

bool msr_is_valid_pat(uint64_t value)
{
    return value != 0xbad;
}

void vlapic_get_record(UNUSED struct vcpu *v, UNUSED void *record)
{
}

int vlapic_set_record(UNUSED struct vcpu *v, UNUSED const void *record, UNUSED size_t size)
{
    return 0;
}

void vlapic_get_regs(UNUSED struct vcpu *v, UNUSED void *record)
{
}

int vlapic_set_regs(UNUSED struct vcpu *v, UNUSED const void *record, UNUSED size_t size)
{
    return 0;
}

static void get_state(struct hvm_hw_cpu *record)
{
    record->rip = 0x1234;
}

static int set_state(UNUSED const struct hvm_hw_cpu *record)
{
    return set_state_verdict;
}

static void flush(struct vcpu *v)
{
    v->arch.asid_gen = 0;
}

static const struct virt_ops ops = {.get_state = get_state, .set_state = set_state, .flush = flush};

static int setup(UNUSED void **state)
{
    fake_cpus_init(1, 1000);
    virt = &ops;
    memset(&domain, 0, sizeof(domain));
    memset(vcpus, 0, sizeof(vcpus));
    memset(&xsave_record, 0, sizeof(xsave_record));
    memset(fake_vcpu_private_other, 0, sizeof(fake_vcpu_private_other));
    domain.vcpu_max = 2;
    for (uint32_t i = 0; i < 2; i++) {
        vcpus[i].id = i;
        vcpus[i].domain = &domain;
        vcpus[i].arch.asid_gen = 1;
        vcpus[i].info = &infos[i];
        domain.vcpu[i] = &vcpus[i];
    }
    xsave_record.record.xcr0 = MASK;
    xsave_record.record.save_area.xsave_hdr.xstate_bv = MASK;
    mapped = set_state_verdict = 0;
    return 0;
}

static int teardown(UNUSED void **state)
{
    return mapped; /* every path unmaps what it mapped */
}

static int set_xsave(size_t size)
{
    return arch_set_hvm_record(&vcpus[0], CPU_XSAVE_CODE, &xsave_record, size);
}

static void extended_state_comes_back_as_it_went(UNUSED void **state)
{
    static struct hvm_hw_cpu_xsave *out;
    static uint8_t buffer[HEAD + VCPU_XSAVE_MAX];

    memset(xsave_record.bytes + HEAD + 160, 0x5a, 100);
    assert_int_equal(arch_hvm_record_size(CPU_XSAVE_CODE), HEAD + AVX_SIZE);
    assert_int_equal(set_xsave(HEAD + AVX_SIZE), 0);
    assert_int_equal(vcpu_private_other()->xcr0, MASK);
    arch_get_hvm_record(&vcpus[0], CPU_XSAVE_CODE, buffer);
    out = (struct hvm_hw_cpu_xsave *)(void *)buffer;
    assert_int_equal(out->xcr0, MASK);
    assert_memory_equal(&out->save_area, &xsave_record.record.save_area, AVX_SIZE);
}

static void extended_state_that_xrstor_refuses_is_refused(UNUSED void **state)
{
    xsave_record.record.save_area.xsave_hdr.xcomp_bv = UINT64_C(1) << 63;
    assert_int_equal(set_xsave(HEAD + AVX_SIZE), -EINVAL);
    setup(NULL);
    xsave_record.record.save_area.xsave_hdr.reserved[5] = 1;
    assert_int_equal(set_xsave(HEAD + AVX_SIZE), -EINVAL);
    setup(NULL);
    xsave_record.record.save_area.xsave_hdr.xstate_bv |= XCR0_PKRU;
    assert_int_equal(set_xsave(HEAD + AVX_SIZE), -EINVAL);
    setup(NULL);
    xsave_record.record.xcr0 = XCR0_SSE;
    assert_int_equal(set_xsave(HEAD + AVX_SIZE), -EINVAL);
}

static void mxcsr_is_made_valid(UNUSED void **state)
{
    memset(xsave_record.bytes + HEAD + offsetof(struct xsave_area, mxcsr), 0xff, 4);
    assert_int_equal(set_xsave(HEAD + AVX_SIZE), 0);
    assert_int_equal(vcpu_private_other()->xsave.mxcsr, MXCSR_KNOWN);
}

static void an_area_shorter_than_its_components_is_refused(UNUSED void **state)
{
    assert_int_equal(set_xsave(HEAD + AVX_SIZE - 1), -EINVAL);
    assert_int_equal(set_xsave(HEAD), -EINVAL);
    assert_int_equal(set_xsave(0), -EINVAL);
    assert_int_equal(set_xsave(HEAD + VCPU_XSAVE_MAX + 1), -EINVAL);
    xsave_record.record.save_area.xsave_hdr.xstate_bv = XCR0_X87;
    assert_int_equal(set_xsave(HEAD + XSAVE_LEGACY + XSAVE_HEADER), 0);
}

static void the_first_vcpus_tsc_is_the_domains(UNUSED void **state)
{
    static struct hvm_hw_cpu record;

    record.tsc = 50000;
    assert_int_equal(arch_set_hvm_record(&vcpus[0], HVM_SAVE_CODE_CPU, &record, sizeof(record)), 0);
    assert_int_equal(vcpus[0].arch.tsc_offset, 49000);
    assert_int_equal(vcpus[1].arch.tsc_offset, 49000);
    assert_int_equal(vcpus[1].arch.asid_gen, 0); /* its next entry takes the offset over */
    record.tsc = 1;
    assert_int_equal(arch_set_hvm_record(&vcpus[1], HVM_SAVE_CODE_CPU, &record, sizeof(record)), 0);
    assert_int_equal(vcpus[1].arch.tsc_offset, 49000);
}

static void registers_that_cannot_be_change_nothing_else(UNUSED void **state)
{
    static struct hvm_hw_cpu record;

    set_state_verdict = -EINVAL;
    record.tsc = 9;
    assert_int_equal(arch_set_hvm_record(&vcpus[0], HVM_SAVE_CODE_CPU, &record, sizeof(record)),
                     -EINVAL);
    assert_int_equal(vcpus[0].arch.tsc_offset, 0);
}

static void memory_types_are_checked(UNUSED void **state)
{
    struct hvm_hw_mtrr record = {.msr_pat_cr = PAT_RESET, .msr_mtrr_def_type = 0x806};

    assert_int_equal(arch_set_hvm_record(&vcpus[0], HVM_SAVE_CODE_MTRR, &record, sizeof(record)),
                     0);
    assert_int_equal(vcpus[0].arch.pat, PAT_RESET);
    assert_int_equal(vcpus[0].arch.asid_gen, 0); /* its next entry takes the PAT over */
    record.msr_pat_cr = 0xbad;
    assert_int_equal(arch_set_hvm_record(&vcpus[0], HVM_SAVE_CODE_MTRR, &record, sizeof(record)),
                     -EINVAL);
    assert_int_equal(vcpus[0].arch.pat, PAT_RESET);
}

static void unknown_records_and_short_ones_are_refused(UNUSED void **state)
{
    static struct hvm_hw_cpu record;

    assert_int_equal(arch_hvm_record_size(HVM_SAVE_CODE_PIC), 0);
    assert_int_equal(arch_set_hvm_record(&vcpus[0], HVM_SAVE_CODE_PIC, &record, sizeof(record)),
                     -EINVAL);
    assert_int_equal(arch_set_hvm_record(&vcpus[0], HVM_SAVE_CODE_CPU, &record, sizeof(record) - 1),
                     -EINVAL);
    arch_get_hvm_record(&vcpus[0], HVM_SAVE_CODE_CPU, &record);
    assert_int_equal(record.rip, 0x1234);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(extended_state_comes_back_as_it_went, setup, teardown),
        cmocka_unit_test_setup_teardown(extended_state_that_xrstor_refuses_is_refused, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(mxcsr_is_made_valid, setup, teardown),
        cmocka_unit_test_setup_teardown(an_area_shorter_than_its_components_is_refused, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(the_first_vcpus_tsc_is_the_domains, setup, teardown),
        cmocka_unit_test_setup_teardown(registers_that_cannot_be_change_nothing_else, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(memory_types_are_checked, setup, teardown),
        cmocka_unit_test_setup_teardown(unknown_records_and_short_ones_are_refused, setup,
                                        teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
