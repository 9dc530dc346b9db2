/* SPDX-License-Identifier: BSD-2-Clause */
/* Guests that make hypercalls at random, on CPUs that run at once. */
#pragma once

#include "core/domain.h"

#define CPUS          4u
#define GUESTS        5u /* domains 1 .. GUESTS come and go */
#define GUEST_VCPUS   2u
#define CONTROL_VCPUS FAKE_VCPUS
#define GUEST_FRAMES  24u    /* of RAM, from 0 on: */
#define GFN_ARGUMENTS 1u     /* a page of arguments for each vCPU */
#define GFN_GRANTED   5u     /* from here on it may grant and register */
#define GFN_BALLOON   12u    /* from here on it may give back */
#define GFN_MAPPED    0x500u /* where it maps what is others', MAPPED_FRAMES of it */
#define MAPPED_FRAMES 8u

/* A number from 0 to COUNT - 1, of this thread's own sequence. */
uint32_t random_below(uint32_t count);
void random_seed(uint64_t seed);

/* The loaded V, which has no hypercall under way, does something: looks at its memory, or starts a
 * hypercall, which the registers hold then. */
void guest_act(struct vcpu *v);

/* CPUs cancel timers that another one fires. */
void timers_at_once(void);
