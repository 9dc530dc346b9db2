/* SPDX-License-Identifier: BSD-2-Clause */
/* The one built-in domain builder: it makes the control domain, which builds all others through
 * domctl. */
#ifndef ATOLL_CORE_BUILDER_H
#define ATOLL_CORE_BUILDER_H

struct boot_info;
struct domain;

/* Builds domain 0 from module 0 (a PVH kernel), gives it control_memory MiB and the frames of the
 * other modules, and lets it run. A kernel that can move is direct-mapped (guest-physical equals
 * machine address); another one gets its RAM from guest-physical 0 and its modules above it. Stops
 * the machine with a sentence if it cannot be built. */
void builder_make_control(const struct boot_info *bi);

#endif
