/* SPDX-License-Identifier: BSD-2-Clause */
/* A control domain that makes hypercalls. Paging is off: its addresses are its RAM's, from 0. */
#pragma once

#include "core/domain.h"
#include "pv-abi/domctl.h"
#include "pv-abi/memory.h"
#include "pv-abi/sysctl.h"

#define ARG   UINT64_C(0x1000) /* where caller_pass() puts the argument */
#define LIST  UINT64_C(0x10000)
#define LIST2 UINT64_C(0x20000)
#define LIST3 UINT64_C(0x30000)
#define HOLE  UINT64_C(0x800)      /* a gfn where it has nothing */
#define WRONG UINT64_C(0x80000000) /* an address where it has nothing */

extern struct domain *control;

/* cmocka set-up and tear-down: the control domain; all domains are destroyed. */
int caller_setup(void **state);
int caller_teardown(void **state);
/* Its RAM at ADDRESS. */
void *caller_memory(uint64_t address);
/* Enters the guest, which makes hypercall NUMBER, until the call is done; the result. */
int64_t caller_call(uint64_t number, uint64_t a, uint64_t b, uint64_t c);
/* op(CMD, ARG) with *ARG copied in and out. */
int64_t caller_pass(uint64_t number, uint64_t cmd, void *arg, size_t size);
int64_t caller_memory_op(uint64_t cmd, void *arg, size_t size);
int64_t caller_domctl(struct xen_domctl *op, uint32_t cmd, uint16_t domid);
int64_t caller_domctl_simple(uint32_t cmd, uint16_t domid);
int64_t caller_sysctl(struct xen_sysctl *op, uint32_t cmd);
/* A new domain of 4 MiB at most. *DOMID is set once it exists, whatever fails then. */
int64_t caller_create(uint16_t wanted, uint32_t vcpus, uint16_t *domid);
/* One with 2 vCPUs and 16 frames from 0 on. */
uint16_t caller_make_guest(void);
/* Every frame and page that other domains had since the set-up is free again. */
void caller_assert_all_is_back(void);
