/* SPDX-License-Identifier: BSD-2-Clause */
/* needs: arch/x86/lapic_page.c */
/* The decoder for the LAPIC page: what it takes, what it refuses, and where instructions end. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "arch/x86/emulate.h"
#include "core/domain.h"
#include "lib/errno.h"

/* What the decoder's neighbour calls; no test here comes that far. */
uint32_t vlapic_page_read(UNUSED struct vcpu *v, UNUSED uint32_t reg)
{
    fail();
    return 0;
}

int vlapic_page_write(UNUSED struct vcpu *v, UNUSED uint32_t reg, UNUSED uint32_t value)
{
    fail();
    return 0;
}

void guest_code_fetch(UNUSED struct guest_code *code)
{
    fail();
}

static int decode(const uint8_t *bytes, size_t count, bool is_long, struct lapic_access *access)
{
    struct guest_code code = {.count = count, .paging.is_long = is_long};

    memcpy(code.bytes, bytes, count);
    return lapic_page_decode(&code, access);
}

struct accepted {
    uint8_t bytes[12];
    uint8_t size;
    bool is_long;
    unsigned kind, gpr;
    uint32_t immediate;
};

static const struct accepted accepted[] = {
    {{0x8b, 0x00}, 2, true, LAPIC_LOAD, REG_RAX, 0},                /* mov (%rax),%eax */
    {{0x8b, 0x81, 0x20, 0, 0, 0}, 6, true, LAPIC_LOAD, REG_RAX, 0}, /* mov 0x20(%rcx),%eax */
    {{0x44, 0x8b, 0x4b, 0x30}, 4, true, LAPIC_LOAD, REG_R9, 0},     /* mov 0x30(%rbx),%r9d */
    {{0x8b, 0x04, 0x25, 0x20, 0, 0xe0, 0xfe}, 7, true, LAPIC_LOAD, REG_RAX, 0}, /* absolute */
    {{0x8b, 0x05, 1, 2, 3, 4}, 6, true, LAPIC_LOAD, REG_RAX, 0},                /* rip relative */
    {{0x8b, 0x44, 0x88, 0x20}, 4, true, LAPIC_LOAD, REG_RAX, 0},                /* SIB and disp8 */
    {{0x89, 0x97, 0xf0, 0, 0, 0}, 6, true, LAPIC_STORE, REG_RDX, 0}, /* mov %edx,0xf0(%rdi) */
    {{0x41, 0x89, 0x32}, 3, true, LAPIC_STORE, REG_RSI, 0},          /* mov %esi,(%r10) */
    {{0x87, 0x03}, 2, true, LAPIC_EXCHANGE, REG_RAX, 0},
    {{0xf0, 0x87, 0x03}, 3, true, LAPIC_EXCHANGE, REG_RAX, 0},
    {{0xc7, 0x83, 0xb0, 0, 0, 0, 0x78, 0x56, 0x34, 0x12},
     10,
     true,
     LAPIC_STORE_IMMEDIATE,
     0,
     0x12345678},
    {{0x67, 0x8b, 0x03}, 3, true, LAPIC_LOAD, REG_RAX, 0},
    {{0x8b, 0x0d, 0x20, 0, 0xe0, 0xfe}, 6, false, LAPIC_LOAD, REG_RCX, 0}, /* 32-bit absolute */
    {{0x65, 0x89, 0x03}, 3, false, LAPIC_STORE, REG_RAX, 0},
};

static void takes_moves_and_exchanges(UNUSED void **state)
{
    for (size_t i = 0; i < ARRAY_SIZE(accepted); i++) {
        const struct accepted *a = &accepted[i];
        struct lapic_access access;

        assert_int_equal(decode(a->bytes, sizeof(a->bytes), a->is_long, &access), 0);
        assert_int_equal(access.length, a->size);
        assert_int_equal(access.kind, a->kind);
        if (a->kind == LAPIC_STORE_IMMEDIATE)
            assert_int_equal(access.immediate, a->immediate);
        else
            assert_int_equal(access.gpr, a->gpr);
    }
}

static void refuses_an_instruction_that_the_bytes_cut(UNUSED void **state)
{
    for (size_t i = 0; i < ARRAY_SIZE(accepted); i++) {
        for (size_t count = 0; count < accepted[i].size; count++) {
            struct lapic_access access;

            assert_int_equal(decode(accepted[i].bytes, count, accepted[i].is_long, &access),
                             -EINVAL);
        }
    }
}

static void refuses_everything_else(UNUSED void **state)
{
    static const struct {
        uint8_t bytes[8];
        bool is_long;
    } rows[] = {
        {{0x8b, 0xc1}, true},          /* register operand */
        {{0x48, 0x8b, 0x00}, true},    /* 64 bits */
        {{0x66, 0x8b, 0x00}, true},    /* 16 bits */
        {{0x8a, 0x00}, true},          /* 8 bits */
        {{0x0f, 0xb6, 0x00}, true},    /* movzx */
        {{0x83, 0x08, 0x01}, true},    /* or */
        {{0xc7, 0x48, 0x01}, true},    /* C7 /1 */
        {{0xa1, 0x20, 0, 0xe0}, true}, /* moffs */
        {{0xf3, 0xa5}, true},          /* rep movs */
        {{0x67, 0x8b, 0x07}, false},   /* 16-bit addressing */
        {{0xf0, 0xf0, 0xf0, 0xf0, 0xf0, 0xf0, 0xf0, 0xf0}, true},
    };

    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        struct lapic_access access;

        assert_int_equal(decode(rows[i].bytes, sizeof(rows[i].bytes), rows[i].is_long, &access),
                         -EINVAL);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(takes_moves_and_exchanges),
        cmocka_unit_test(refuses_an_instruction_that_the_bytes_cut),
        cmocka_unit_test(refuses_everything_else),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
