/* SPDX-License-Identifier: BSD-2-Clause */
/* A priority queue whose nodes lie in what is queued: a heap, smallest key first. It needs no
 * memory, so that queueing cannot fail. Its owner locks it. */
#pragma once

#include "arch/x86/lock.h"
#include "core/types.h"

struct queue_node {
    uint64_t key;
    struct queue_node *left, *right; /* children: no smaller keys */
    struct queue_node *parent;       /* the root: itself; NULL: not queued */
};

struct queue {
    struct queue_node *root; /* the smallest; NULL: empty */
};

static inline bool queue_holds(const struct queue_node *node)
{
    return READ_ONCE(node->parent) != NULL;
}
/* NODE is not queued; its key is set. Both take logarithmic time on average. */
void queue_insert(struct queue *queue, struct queue_node *node);
/* NODE is in this queue. */
void queue_remove(struct queue *queue, struct queue_node *node);
