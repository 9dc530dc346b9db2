/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The operations on nodes, with who may do what: in a transaction, or one that the caller begins
 * for the one operation. Paths are absolute and right (xs_path_resolve()). -EACCES: the client may
 * not do that; -ENOENT: there is no such node.
 */
#pragma once

#include "guest-kernel/control/xs_transaction.h"
#include "lib/compiler.h"

/* The node at a path that the client may read. It holds until the next change. -ENOSPC, -ENOMEM:
 * the transaction cannot remember that it was read. */
int MUST_CHECK xs_op_read(struct xs_transaction *tx, const char *path, const struct xs_node **node);

/* Sets the value; makes the node, and those above it, where they are missing. -ENOSPC: more or
 * larger than the client may have; -ENOMEM. */
int MUST_CHECK xs_op_write(struct xs_transaction *tx, const char *path, const char *value,
                           size_t size);

/* Makes a node without a value; 0 if it exists. Errors as above. */
int MUST_CHECK xs_op_mkdir(struct xs_transaction *tx, const char *path);

/* Removes a node with all below it; 0 if it does not exist but the one above does. -EINVAL: the
 * root. */
int MUST_CHECK xs_op_remove(struct xs_transaction *tx, const char *path);

/* Sets the access of a node that the client owns, or of a special name. -EPERM: only domain 0 gives
 * a node to another owner; -ENOSPC: too many entries. */
int MUST_CHECK xs_op_set_perms(struct xs_transaction *tx, const char *path,
                               const struct xs_perm *perms, size_t count);
