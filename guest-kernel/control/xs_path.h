/* SPDX-License-Identifier: BSD-2-Clause */
/* Paths of the store: what is one, and their parts. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "lib/compiler.h"
#include "pv-abi/io_xs_wire.h"
#include "pv-abi/xen.h"

#define XS_PATH_SIZE (XENSTORE_ABS_PATH_MAX + 1u)

#define XS_INTRODUCE_DOMAIN "@introduceDomain"
#define XS_RELEASE_DOMAIN   "@releaseDomain"

/* Writes the absolute form of `name`, which unless it begins with '/' is below the domain's own
 * node. -EINVAL: no path. */
int MUST_CHECK xs_path_resolve(char path[XS_PATH_SIZE], const char *name, domid_t domid);

/* The node of a domain, "/local/domain/N"; returns its length. */
size_t xs_path_of_domain(char path[XS_PATH_SIZE], domid_t domid);

/* True for names that are no nodes in the tree: "@introduceDomain" and "@releaseDomain". */
bool xs_path_is_special(const char *name);

/* The length of the path of the node above, 0 if there is none above. The root's is 1. */
size_t xs_path_parent(const char *path, size_t length);

/* The last part of an absolute path, "" for the root. */
const char *xs_path_leaf(const char *path);

/* True if `path` is `above` or below it. */
bool xs_path_is_within(const char *path, const char *above);
