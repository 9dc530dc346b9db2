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
void queue_insert_among(struct queue *queue, struct queue_node *node);
void queue_remove_among(struct queue *queue, struct queue_node *node);
/* NODE is not queued; its key is set. Both take logarithmic time on average, and little when NODE
 * is alone. */
static inline void queue_insert(struct queue *queue, struct queue_node *node)
{
    if (queue->root) {
        queue_insert_among(queue, node);
        return;
    }
    node->left = node->right = NULL;
    queue->root = node->parent = node;
}
/* NODE is in this queue. */
static inline void queue_remove(struct queue *queue, struct queue_node *node)
{
    if (queue->root != node || node->left || node->right) {
        queue_remove_among(queue, node);
        return;
    }
    queue->root = NULL;
    node->parent = NULL;
}
