/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Owns pages that are cut into pieces of one size, which begin behind a header at the page's start;
 * a page whose pieces are all free goes back. Larger pieces are pages of their own.
 */
#include "guest-kernel/control/heap.h"

#include <stdint.h>

#include "guest-kernel/memory.h"

#define HEADER_SIZE 32u

/* What 2, 3, 4 and so on pieces in a page leave of it, down to multiples of 16. */
static const uint16_t piece_sizes[] = {32, 64, 96, 128, 192, 256, 384, 576, 800, 1344, 2032};

#define CLASSES (sizeof(piece_sizes) / sizeof(piece_sizes[0]))

struct piece {
    struct piece *next;
};

/* The header. A page is in its list while it has a free piece. */
struct slab {
    struct slab *next;
    struct slab **link; /* what points to this one */
    struct piece *free;
    uint16_t class;
    uint16_t used;
};
_Static_assert(sizeof(struct slab) <= HEADER_SIZE, "pieces begin behind the header");

static struct slab *partial[CLASSES];

static size_t class_of(size_t size)
{
    size_t class = 0;

    while (class < CLASSES && piece_sizes[class] < size)
        class ++;
    return class;
}

static size_t page_count(size_t size)
{
    return (size + PAGE_SIZE - 1) >> PAGE_SHIFT;
}

static void insert(struct slab *slab)
{
    slab->link = &partial[slab->class];
    slab->next = *slab->link;
    if (slab->next != NULL)
        slab->next->link = &slab->next;
    *slab->link = slab;
}

static void take_out(struct slab *slab)
{
    *slab->link = slab->next;
    if (slab->next != NULL)
        slab->next->link = slab->link;
}

static struct slab *add_slab(size_t class)
{
    struct slab *slab = pages_alloc(1, 1);
    size_t at = HEADER_SIZE;

    if (slab == NULL)
        return NULL;
    slab->class = (uint16_t) class;
    slab->used = 0;
    slab->free = NULL;
    do {
        struct piece *piece = (struct piece *)((uint8_t *)slab + at);

        piece->next = slab->free;
        slab->free = piece;
        at += piece_sizes[class];
    } while (at + piece_sizes[class] <= PAGE_SIZE);
    insert(slab);
    return slab;
}

void *heap_alloc(size_t size)
{
    size_t class = class_of(size);
    struct slab *slab;
    struct piece *piece;

    if (class == CLASSES)
        return pages_alloc(page_count(size), 1);
    slab = partial[class] != NULL ? partial[class] : add_slab(class);
    if (slab == NULL)
        return NULL;
    piece = slab->free;
    slab->free = piece->next;
    slab->used++;
    if (slab->free == NULL)
        take_out(slab);
    return piece;
}

void heap_free(void *piece, size_t size)
{
    struct slab *slab = (struct slab *)((uintptr_t)piece & PAGE_MASK);
    struct piece *freed = piece;

    if (class_of(size) == CLASSES) {
        pages_free(piece, page_count(size));
        return;
    }
    if (slab->free == NULL)
        insert(slab);
    freed->next = slab->free;
    slab->free = freed;
    slab->used--;
    if (slab->used == 0) {
        take_out(slab);
        pages_free(slab, 1);
    }
}
