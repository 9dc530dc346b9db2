/* SPDX-License-Identifier: BSD-2-Clause */
/* What xen_version tells. */
#pragma once

/* The hypervisor's own options, for XENVER_commandline. */
extern const char *version_options;
