/* SPDX-License-Identifier: BSD-2-Clause */
/* HVM context records of the fake architecture: a few bytes of each kind for each vCPU. A record
 * that starts with FAKE_RECORD_BAD is one that a vCPU cannot have. */
#include "tests/fake/fake_records.h"

#include <string.h>

#include "arch/x86/virt.h"
#include "core/domain.h"
#include "lib/errno.h"
#include "pv-abi/hvm_save.h"

static FAKE_LOCAL uint8_t records[DOMAIN_VCPUS_MAX][HVM_SAVE_CODE_MAX + 1][FAKE_RECORD_SIZE];

uint8_t *fake_record(uint32_t vcpu, uint16_t type)
{
    return records[vcpu][type];
}

size_t arch_hvm_record_size(uint16_t type)
{
    return type == HVM_SAVE_CODE_CPU || type == HVM_SAVE_CODE_LAPIC ||
                   type == HVM_SAVE_CODE_LAPIC_REGS || type == HVM_SAVE_CODE_MTRR ||
                   type == CPU_XSAVE_CODE || type == HVM_SAVE_CODE_TSC_ADJUST
               ? FAKE_RECORD_SIZE
               : 0;
}

void arch_get_hvm_record(struct vcpu *v, uint16_t type, void *record)
{
    memcpy(record, records[v->id][type], FAKE_RECORD_SIZE);
}

int arch_set_hvm_record(struct vcpu *v, uint16_t type, const void *record, size_t size)
{
    if (size < FAKE_RECORD_SIZE || *(const uint8_t *)record == FAKE_RECORD_BAD)
        return -EINVAL;
    memcpy(records[v->id][type], record, FAKE_RECORD_SIZE);
    return 0;
}
