/* SPDX-License-Identifier: BSD-2-Clause */
/* The one built-in domain builder: it makes the control domain, which builds all others through
 * domctl. */
#pragma once

struct boot_info;
struct domain;

/* Builds domain 0 from module 0 (a PVH kernel), gives it control_memory MiB and the frames of the
 * other modules, all direct-mapped (guest-physical equals machine address), and lets it run. Stops
 * the machine with a sentence if it cannot be built, as with a kernel that cannot move. */
void builder_make_control(const struct boot_info *bi);
