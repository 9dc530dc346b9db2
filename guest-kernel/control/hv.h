/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The hypervisor's control operations, one function each (domctl, sysctl, memory_op, hvm_op of Xen
 * 4.17). All return 0 or a negative errno; lib/errno.h names them.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/compiler.h"
#include "pv-abi/atoll.h"
#include "pv-abi/domctl.h"
#include "pv-abi/event_channel.h"
#include "pv-abi/memory.h"
#include "pv-abi/sysctl.h"
#include "pv-abi/xen.h"

/* Makes an empty, paused domain and returns its number in *domid. */
int MUST_CHECK hv_create_domain(const struct xen_domctl_createdomain *config, domid_t *domid);

/* Takes everything from a domain; it is gone when the last mapping of its memory is. */
int MUST_CHECK hv_destroy_domain(domid_t domid);
int MUST_CHECK hv_pause_domain(domid_t domid);
int MUST_CHECK hv_unpause_domain(domid_t domid);
int MUST_CHECK hv_set_max_vcpus(domid_t domid, uint32_t count);
int MUST_CHECK hv_set_max_memory(domid_t domid, uint64_t kib);
int MUST_CHECK hv_set_weight(domid_t domid, uint16_t weight);

/* Bit N of `cpus`: the vcpu may run on CPU N. */
int MUST_CHECK hv_set_affinity(domid_t domid, uint32_t vcpu, uint64_t cpus);
int MUST_CHECK hv_get_affinity(domid_t domid, uint32_t vcpu, uint64_t *hard, uint64_t *soft);

/* Sets the domain's state from `size` bytes of records (pv-abi/hvm_save.h). */
int MUST_CHECK hv_set_hvm_context(domid_t domid, const void *records, size_t size);

/* What is known of the domain itself: -ESRCH if there is none with this number. */
int MUST_CHECK hv_get_domain(domid_t domid, struct xen_domctl_getdomaininfo *info);

/* The same for the first domain at or above `from`: -ESRCH if there is none. */
int MUST_CHECK hv_find_domain(domid_t from, struct xen_domctl_getdomaininfo *info);
int MUST_CHECK hv_get_vcpu(domid_t domid, uint32_t vcpu, struct xen_domctl_getvcpuinfo *info);

/* SCHEDOP_remote_shutdown with a SHUTDOWN_ reason. */
int MUST_CHECK hv_shut_down(domid_t domid, uint32_t reason);

int MUST_CHECK hv_set_param(domid_t domid, uint32_t index, uint64_t value);

/* A port of `domid` that the control domain may bind to. */
int MUST_CHECK hv_alloc_unbound(domid_t domid, evtchn_port_t *port);

/* Gives the domain `count` pieces of 2^order frames, at the frames of `gfns`. Returns how many
 * pieces it got, or a negative errno. */
int64_t MUST_CHECK hv_populate(domid_t domid, uint64_t *gfns, size_t count, unsigned int order);
int MUST_CHECK hv_set_memory_map(domid_t domid, struct e820entry *entries, uint32_t count);

int MUST_CHECK hv_get_machine(struct xen_sysctl_physinfo *info);
int MUST_CHECK hv_get_scheduler(uint32_t *id);

/* Reads at most `size` bytes of the hypervisor's log from *index on; moves *index, sets *count. */
int MUST_CHECK hv_read_log(uint32_t *index, char *buffer, size_t size, size_t *count);

/* Atoll's own questions (pv-abi/atoll.h). The caller sets the fields marked IN. */
int MUST_CHECK hv_get_death(struct atoll_death *death);
int MUST_CHECK hv_get_counters(struct atoll_counters *counters);
int MUST_CHECK hv_get_memory(struct atoll_memory *memory);
int MUST_CHECK hv_get_call_counts(struct atoll_call_counts *counts);

/* Maps `count` (at most HV_MAP_MAX) frames of a domain, from `gfn` on, at the control domain's
 * frames from `at` on, which must be empty. -EFAULT and the like: some frame cannot be mapped, and
 * none is. */
#define HV_MAP_MAX 512u
int MUST_CHECK hv_map_foreign(domid_t domid, uint64_t gfn, size_t count, uint64_t at);

/* Maps the first frame of the domain's grant table at the control domain's frame `at`. */
int MUST_CHECK hv_map_grant_table(domid_t domid, uint64_t at);

/* Takes `count` (at most HV_MAP_MAX) frames from `at` on away from the control domain's own
 * guest-physical memory. */
void hv_unmap(uint64_t at, size_t count);
