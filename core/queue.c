/* SPDX-License-Identifier: BSD-2-Clause */
/* The pairing heap: insertion in constant time, removal in logarithmic time on average. */

#include "core/queue.h"

/* Makes one heap of two whose roots have no siblings; among equal keys A stays in front. */
static struct queue_node *merge(struct queue_node *a, struct queue_node *b)
{
    if (b->key < a->key) {
        struct queue_node *swap = a;

        a = b;
        b = swap;
    }
    b->next = a->child;
    if (b->next)
        b->next->back = b;
    b->back = a;
    a->child = b;
    return a;
}

/* Makes one heap of a list of siblings: in pairs from the left, then the pairs from the right. */
static struct queue_node *merge_siblings(struct queue_node *list)
{
    struct queue_node *pairs = NULL, *all;

    while (list) {
        struct queue_node *a = list, *b = a->next;

        list = b ? b->next : NULL;
        a->next = NULL;
        if (b) {
            b->next = NULL;
            a = merge(a, b);
        }
        a->next = pairs;
        pairs = a;
    }
    all = pairs;
    if (!all)
        return NULL;
    pairs = all->next;
    all->next = NULL;
    while (pairs) {
        struct queue_node *one = pairs;

        pairs = one->next;
        one->next = NULL;
        all = merge(one, all);
    }
    return all;
}

void queue_insert(struct queue *queue, struct queue_node *node)
{
    node->child = NULL;
    node->next = NULL;
    queue->root = queue->root ? merge(queue->root, node) : node;
    queue->root->back = queue->root;
}

void queue_remove(struct queue *queue, struct queue_node *node)
{
    struct queue_node *rest = merge_siblings(node->child);

    if (queue->root == node) {
        queue->root = rest;
    } else {
        if (node->back->child == node)
            node->back->child = node->next;
        else
            node->back->next = node->next;
        if (node->next)
            node->next->back = node->back;
        if (rest)
            queue->root = merge(queue->root, rest);
    }
    if (queue->root)
        queue->root->back = queue->root;
    node->child = NULL;
    node->next = NULL;
    node->back = NULL;
}
