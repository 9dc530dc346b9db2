/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once

/* Fails the test unless the store has this node with this value and, as store_read_access() writes
 * it, this access. */
void expect_node(const char *path, const char *value, const char *access);
