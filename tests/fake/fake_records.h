/* SPDX-License-Identifier: BSD-2-Clause */
/* HVM context records of the fake architecture. */
#pragma once

#include "core/types.h"

#define FAKE_RECORD_SIZE 16u
#define FAKE_RECORD_BAD  0xee

/* What a vCPU's record of TYPE holds; vCPUs of all domains with one number share it. */
uint8_t *fake_record(uint32_t vcpu, uint16_t type);
