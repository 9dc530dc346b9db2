/* SPDX-License-Identifier: BSD-2-Clause */
/* Guests that make hypercalls at random, on CPUs that run at once. */
#pragma once

#include "core/domain.h"
#include "tests/fake/fake_memory.h"

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

/* The same for a vCPU of the control domain: what only it may do. */
void control_act(struct vcpu *v);

#define LIST 0x800u /* in the page of arguments */
/* The page of V's arguments: where it is for the guest, and for us. */
uint64_t argument_gpa(const struct vcpu *v);
void *argument(const struct vcpu *v);
/* Starts a hypercall; op(CMD, the argument) with a copy of *ARG as argument. */
void call(uint64_t number, uint64_t a, uint64_t b, uint64_t c);
void call_with(const struct vcpu *v, uint64_t number, uint64_t cmd, const void *arg, size_t size);
/* COUNT numbers from FIRST on, below FIRST + RANGE, at LIST. */
void set_list(const struct vcpu *v, uint32_t count, uint32_t first, uint32_t range);
uint16_t some_domid(void);
uint64_t some_mapped_gpa(void);
/* Release or populate some frames of a domain; take away what may be mapped in it. */
void balloon_of(const struct vcpu *v, uint16_t domid);
void remove_mapped_of(const struct vcpu *v, uint16_t domid);

/* Threads stop for a moment, at times, before they load what others may change. */
void delay_loads(void);

/* Smaller ones: CPUs cancel timers that another one fires; vCPUs of one domain go down. */
void timers_at_once(void);
void downs_at_once(void);
