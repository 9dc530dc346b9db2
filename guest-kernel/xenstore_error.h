/* SPDX-License-Identifier: BSD-2-Clause */
/* The names of errors in XenStore's messages (<xen/io/xs_wire.h>, xsd_errors). */
#pragma once

/* The name of a negative errno; "EINVAL" for one that has none there. */
const char *xenstore_error_name(int err);

/* The negative errno of a name; -EIO for one that is none. */
int xenstore_error_number(const char *name);
