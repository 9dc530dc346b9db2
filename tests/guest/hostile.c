/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Every hypercall number and sub-operation with arguments that make no sense, thousands of times,
 * from 64-bit and 32-bit code. It passes when the guest is still there at the end, which the
 * hypervisor decides. What would end this domain or take its console away is left out, and no value
 * is the number of a frame that it uses. `seed=N` on the command line makes other calls.
 */
#include "guest-kernel/guest.h"
#include "guest-kernel/hypercall.h"
#include "guest-kernel/memory.h"
#include "lib/compiler.h"
#include "lib/string.h"
#include "lib/strutil.h"
#include "pv-abi/event_channel.h"
#include "pv-abi/memory.h"
#include "pv-abi/sched.h"
#include "pv-abi/vcpu.h"
#include "pv-abi/version.h"
#include "tests/guest/check.h"
#include "tests/guest/modes.h"

#define CALLS        6000
#define COMMANDS_END 48
#define ARGUMENT     256 /* bytes at a pointer */
#define SEED         0x2545f4914f6cdd1dull

/* Hypercall 0 to 42 and 48 to 55 are Xen's; the rest is past its table. */
#define NUMBERS_END 64

static uint64_t state = SEED;
static void *scratch;

/* Marsaglia's xorshift with a multiplication: repeatable, which is all it has to be. */
static uint64_t random_bits(void)
{
    state ^= state >> 12;
    state ^= state << 25;
    state ^= state >> 27;
    return state * SEED;
}

static uint64_t odd_value(void)
{
    static const uint64_t values[] = {
        0,          1,
        2,          3,
        DOMID_SELF, 0x7abc,
        0x7ff4,     0x7fff,
        0xffff,     0x7fffffff,
        0x80000000, 0xffffffff,
        1ull << 40, 0x7fffffffffffffff,
        1ull << 63, UINT64_MAX,
        4095,       UNMAPPED_ADDRESS,
    };

    return values[random_bits() % ARRAY_COUNT(values)];
}

/* Memory full of odd values, half of them 32 bits wide, or a place where there is none. */
static uint64_t odd_pointer(void)
{
    switch (random_bits() % 8) {
    case 0:
        return UNMAPPED_ADDRESS;
    case 1:
        return NON_CANONICAL_ADDRESS;
    case 2:
        return (uintptr_t)edge_buffer(8);
    case 3:
        return (uintptr_t)readonly_page();
    case 4:
        return odd_value();
    default:
        break;
    }
    uint8_t *buffer = random_bits() % 2 ? crossing_buffer(ARGUMENT) : scratch;
    size_t step = random_bits() % 2 ? 8 : 4;
    for (size_t at = 0; at < ARGUMENT; at += step) {
        uint64_t value = odd_value();

        memcpy(buffer + at, &value, step);
    }
    return (uintptr_t)buffer;
}

/* True for what ends the domain, stops its first vcpu, closes its console's port or takes a page
 * that it shares with the hypervisor elsewhere. */
static bool is_left_out(unsigned int number, unsigned int command)
{
    switch (number) {
    case __HYPERVISOR_sched_op:
        return command != SCHEDOP_yield && command != SCHEDOP_remote_shutdown &&
               command <= SCHEDOP_pin_override;
    case __HYPERVISOR_event_channel_op:
        return command == EVTCHNOP_close || command == EVTCHNOP_reset ||
               command == EVTCHNOP_init_control;
    case __HYPERVISOR_vcpu_op:
        return command == VCPUOP_down || command == VCPUOP_register_vcpu_info ||
               command == VCPUOP_send_nmi;
    case __HYPERVISOR_memory_op:
        return command == XENMEM_add_to_physmap || command == XENMEM_add_to_physmap_batch;
    case __HYPERVISOR_sched_op_compat:
    case __HYPERVISOR_event_channel_op_compat:
        return true;
    default:
        return false;
    }
}

static void calls(bool is_compat)
{
    for (unsigned int i = 0; i < CALLS; i++) {
        unsigned int number = (unsigned int)(random_bits() % NUMBERS_END);
        unsigned int command = (unsigned int)(random_bits() % COMMANDS_END);
        uint64_t second = odd_pointer();
        uint64_t third = random_bits() % 2 ? odd_pointer() : odd_value();
        uint64_t fourth = odd_value();

        if (is_left_out(number, command))
            continue;
        if (random_bits() % 2)
            second = odd_value();
        if (is_compat)
            hypercall_compat(number, command, (uint32_t)second, (uint32_t)third, (uint32_t)fourth,
                             0);
        else
            hypercall_insn5(number, command, second, third, fourth, 0);
    }
}

void test_cases(void)
{
    char seed[24];
    uint64_t number;

    if (str_option(guest_command_line(), "seed", seed, sizeof(seed)) &&
        str_parse_u64(seed, &number) == 0)
        state ^= number * SEED;
    scratch = low_alloc(ARGUMENT);
    calls(false);
    check("hostile/after the 64-bit calls", hypercall_xen_version(XENVER_pagesize, NULL), 4096);
    calls(true);
    check("hostile/after the 32-bit calls", hypercall_xen_version(XENVER_pagesize, NULL), 4096);
}
