/* SPDX-License-Identifier: BSD-2-Clause */
/* needs: arch/x86/svm_exit.c */
/* The translation of AMD-V exits, with the information words that a processor leaves. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "arch/x86/svm.h"

#define RIP UINT64_C(0x401000)

bool svm_has_next_rip;

static struct vmcb vmcb;
static struct vm_exit decoded;

static void decode(uint64_t code, uint64_t info1, uint64_t info2, uint64_t next_rip)
{
    memset(&decoded, 0xee, sizeof(decoded));
    vmcb.control.exit_code = code;
    vmcb.control.exit_info[0] = info1;
    vmcb.control.exit_info[1] = info2;
    vmcb.control.next_rip = next_rip;
    decoded.rip = RIP;
    assert_ptr_equal(svm_exit_decode(&vmcb.control, &decoded), &decoded);
}

static int setup(UNUSED void **state)
{
    memset(&vmcb, 0, sizeof(vmcb));
    svm_has_next_rip = false;
    return 0;
}

static void plain_exits_have_kind_and_fixed_length(UNUSED void **state)
{
    static const struct {
        uint32_t code;
        enum vm_exit_kind kind;
        uint8_t length;
    } rows[] = {
        {0x60, VM_EXIT_NONE, 0},     {0x61, VM_EXIT_NONE, 0},      {0x64, VM_EXIT_WINDOW, 0},
        {0x72, VM_EXIT_CPUID, 2},    {0x76, VM_EXIT_CACHE, 2},     {0x78, VM_EXIT_HLT, 1},
        {0x7f, VM_EXIT_SHUTDOWN, 0}, {0x80, VM_EXIT_UNDEFINED, 3}, {0x81, VM_EXIT_HYPERCALL, 3},
        {0x89, VM_EXIT_CACHE, 2},    {0x8a, VM_EXIT_UNDEFINED, 3}, {0x8d, VM_EXIT_XSETBV, 3},
        {0x42, VM_EXIT_UNKNOWN, 0},  {0x66, VM_EXIT_UNKNOWN, 0},   {0x7d, VM_EXIT_UNKNOWN, 0},
        {0x401, VM_EXIT_UNKNOWN, 0},
    };

    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        decode(rows[i].code, 0, 0, 0);
        assert_int_equal(decoded.kind, rows[i].kind);
        assert_int_equal(decoded.length, rows[i].length);
        if (rows[i].kind == VM_EXIT_UNKNOWN)
            assert_int_equal(decoded.unknown.code, rows[i].code);
    }
}

static void next_rip_gives_the_length_of_a_prefixed_instruction(UNUSED void **state)
{
    svm_has_next_rip = true;
    decode(0x72, 0, 0, RIP + 4);
    assert_int_equal(decoded.length, 4);
    decode(0x7c, 1, 0, RIP + 3);
    assert_int_equal(decoded.length, 3);
}

static void interrupts_have_no_length_whatever_next_rip_says(UNUSED void **state)
{
    svm_has_next_rip = true;
    decode(0x60, 0, 0, 0);
    assert_int_equal(decoded.length, 0);
}

static void invalid_state_is_told_by_its_low_half(UNUSED void **state)
{
    decode(UINT64_C(0x00000000ffffffff), 0, 0, 0);
    assert_int_equal(decoded.kind, VM_EXIT_BAD_STATE);
    decode(UINT64_MAX, 0, 0, 0);
    assert_int_equal(decoded.kind, VM_EXIT_BAD_STATE);
}

static void port_exits_tell_port_size_and_direction(UNUSED void **state)
{
    static const struct {
        uint32_t info;
        uint16_t port;
        uint8_t size;
        bool is_in, is_string;
    } rows[] = {
        {0x00800010, 0x80, 1, false, false},
        {0x0cf80041, 0xcf8, 4, true, false},
        {0x00e9001c, 0xe9, 1, false, true},
        {0x01f00021, 0x1f0, 2, true, false},
    };

    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        decode(0x7b, rows[i].info, RIP + 2, 0);
        assert_int_equal(decoded.kind, VM_EXIT_PORT);
        assert_int_equal(decoded.port.port, rows[i].port);
        assert_int_equal(decoded.port.size, rows[i].size);
        assert_int_equal(decoded.port.is_in, rows[i].is_in);
        assert_int_equal(decoded.port.is_string, rows[i].is_string);
        assert_int_equal(decoded.length, 2);
    }
}

static void msr_exits_tell_direction(UNUSED void **state)
{
    decode(0x7c, 0, 0, 0);
    assert_int_equal(decoded.kind, VM_EXIT_MSR_READ);
    decode(0x7c, 1, 0, 0);
    assert_int_equal(decoded.kind, VM_EXIT_MSR_WRITE);
    assert_int_equal(decoded.length, 2);
}

static void nested_faults_tell_address_and_access(UNUSED void **state)
{
    decode(SVM_EXIT_NPF, UINT64_C(0x100000007), UINT64_C(0xfee00018), 0);
    assert_int_equal(decoded.kind, VM_EXIT_FAULT);
    assert_int_equal(decoded.fault.gpa.v, UINT64_C(0xfee00018));
    assert_true(decoded.fault.is_write);
    assert_false(decoded.fault.is_exec);
    assert_false(decoded.fault.is_walk);
    decode(SVM_EXIT_NPF, UINT64_C(0x100000015), 0, 0);
    assert_true(decoded.fault.is_exec);
    assert_false(decoded.fault.is_write);
    decode(SVM_EXIT_NPF, UINT64_C(0x200000006), 0, 0);
    assert_true(decoded.fault.is_walk);
    assert_true(decoded.fault.is_write);
}

static void cr_writes_leave_the_operand_to_the_decoder(UNUSED void **state)
{
    decode(0x14, 0, 0, 0);
    assert_int_equal(decoded.kind, VM_EXIT_CR_WRITE);
    assert_int_equal(decoded.cr.number, 4);
    assert_int_equal(decoded.length, 0);
    decode(SVM_EXIT_CR0_SEL, 0, 0, 0);
    assert_int_equal(decoded.kind, VM_EXIT_CR_WRITE);
    assert_int_equal(decoded.cr.number, 0);
    assert_int_equal(decoded.length, 0);
}

static void exceptions_that_can_come_for_ever_exit(UNUSED void **state)
{
    svm_has_next_rip = true;
    decode(0x41, 0, 0, 0);
    assert_int_equal(decoded.kind, VM_EXIT_DEBUG);
    assert_int_equal(decoded.length, 0);
    decode(0x51, 0, 0, 0);
    assert_int_equal(decoded.kind, VM_EXIT_ALIGNMENT);
    decode(0x88, 0, 0, RIP + 2); /* ICEBP */
    assert_int_equal(decoded.kind, VM_EXIT_DEBUG);
    assert_int_equal(decoded.length, 2);
    decode(0x8e, 0, 0, RIP + 3); /* RDPRU */
    assert_int_equal(decoded.kind, VM_EXIT_UNDEFINED);
}

/* APM Vol. 2 table B-1: a bit per exit code, from CR reads at offset 0 to offset 010h. */
static void what_has_a_row_is_intercepted_but_windows(UNUSED void **state)
{
    svm_exit_intercept(&vmcb.control);
    assert_int_equal(vmcb.control.intercept[0], 1u << (16 + 4) | 1u << (16 + 8));
    assert_int_equal(vmcb.control.intercept[1], 0);
    assert_int_equal(vmcb.control.intercept[2], 1u << 1 | 1u << 17);
    assert_int_equal(vmcb.control.intercept[3], 0xdd44802f);
    assert_int_equal(vmcb.control.intercept[4], 0x6f7f);
    assert_int_equal(vmcb.control.intercept[5], 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(plain_exits_have_kind_and_fixed_length, setup),
        cmocka_unit_test_setup(next_rip_gives_the_length_of_a_prefixed_instruction, setup),
        cmocka_unit_test_setup(interrupts_have_no_length_whatever_next_rip_says, setup),
        cmocka_unit_test_setup(invalid_state_is_told_by_its_low_half, setup),
        cmocka_unit_test_setup(port_exits_tell_port_size_and_direction, setup),
        cmocka_unit_test_setup(msr_exits_tell_direction, setup),
        cmocka_unit_test_setup(nested_faults_tell_address_and_access, setup),
        cmocka_unit_test_setup(cr_writes_leave_the_operand_to_the_decoder, setup),
        cmocka_unit_test_setup(exceptions_that_can_come_for_ever_exit, setup),
        cmocka_unit_test_setup(what_has_a_row_is_intercepted_but_windows, setup),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
