/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The store for front ends, on guest-kernel/xenstore.h. Paths are the guest's own
 * ("device/vbd/51712/state") or absolute. First vcpu only, interrupts enabled. Errors are negative
 * XEN_E numbers: the store's answers, and what xenstore.h adds.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/compiler.h"
#include "pv-abi/xen.h"

#define XENBUS_PATH_MAX 128u /* bytes with the NUL, of what front ends build */

/* Finds the store's page and port. False: this domain has none. */
bool xenbus_init(void);

/* The path of a node below another one, in a static buffer that the next call writes. */
const char *xenbus_path(const char *node, const char *name);

/* Reads a node's text; it must fit with its NUL. -XEN_EOVERFLOW: it does not. */
int MUST_CHECK xenbus_read(const char *path, char *value, size_t size);

/* Reads a decimal number. -XEN_EINVAL: it is none. */
int MUST_CHECK xenbus_read_u64(const char *path, uint64_t *value);

int MUST_CHECK xenbus_write(const char *path, const char *fmt, ...) PRINTF_LIKE(2, 3);

/* The names of the nodes directly below, one after the other, each with its NUL; *count is their
 * number. */
int MUST_CHECK xenbus_list(const char *path, char *names, size_t size, size_t *count);

/* Removes a node, if it is there. */
int MUST_CHECK xenbus_remove(const char *path);

/* Finds the back end of the device at `node`: its node, with its NUL in `size` bytes, and its
 * domain. */
int MUST_CHECK xenbus_find_back_end(const char *node, char *back_node, size_t size, domid_t *domid);

/* Closes a device together with its back end, which has then let go of what it was granted.
 * -XEN_ETIMEDOUT: it does not. XenbusStateInitialising in the node "state" begins anew. */
int MUST_CHECK xenbus_close(const char *node, const char *back_node);

/* Waits until the number in a node is `wanted`, a minute at most. -XEN_ETIMEDOUT. */
int MUST_CHECK xenbus_wait(const char *path, uint64_t wanted);
