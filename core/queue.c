/* SPDX-License-Identifier: BSD-2-Clause */
/* The skew heap: joining two heaps swaps the children on the way, so that no path stays long. */

#include "core/queue.h"

/* Makes one heap of A and B in the place *AT below PARENT; among equal keys A stays in front. */
static ALWAYS_INLINE void join(struct queue_node **at, struct queue_node *parent,
                               struct queue_node *a, struct queue_node *b)
{
    struct queue_node *rest;

    while (a && b) {
        if (b->key < a->key) {
            struct queue_node *swap = a;

            a = b;
            b = swap;
        }
        *at = a;
        a->parent = parent;
        rest = a->right;
        a->right = a->left;
        at = &a->left;
        parent = a;
        a = rest;
    }
    *at = a ? a : b;
    if (*at)
        (*at)->parent = parent;
}

void queue_insert_among(struct queue *queue, struct queue_node *node)
{
    node->left = node->right = NULL;
    join(&queue->root, NULL, queue->root, node);
    queue->root->parent = queue->root;
}

void queue_remove_among(struct queue *queue, struct queue_node *node)
{
    struct queue_node *parent = node->parent, **at = &queue->root;

    if (parent != node)
        at = parent->left == node ? &parent->left : &parent->right;
    join(at, parent, node->left, node->right);
    if (queue->root)
        queue->root->parent = queue->root;
    node->parent = NULL;
}
