/* SPDX-License-Identifier: BSD-2-Clause */
/* What xen_version tells. */
#pragma once

/* The hypervisor's own options, for XENVER_commandline; TEXT stays. */
void version_set_options(const char *text);
