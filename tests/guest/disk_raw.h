/* SPDX-License-Identifier: BSD-2-Clause */
/* A disk's ring, for requests that no front end would make. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "drivers/pv/blkfront.h"

/* The disk under test, which may be written, and the page that its requests use by default. */
extern struct blkfront disk;
extern uint8_t *disk_page;
extern grant_ref_t disk_ref;

/* A request of one page from sector 0 on, as the front end makes it; to be spoilt before it is
 * shown. The slot in the ring stays valid until raw_run(). */
struct blkif_request *raw_request(struct blkfront_io *io, uint8_t operation);

/* Shows what is in the ring and waits for the request's end: 0 or a negative XEN_E number. */
int raw_run(const struct blkfront_io *io);

/* A read of the first page, as it should be. */
bool disk_is_well(void);

/* Closes the disk and connects it again; true if it then reads. */
bool disk_begin_anew(void);

/* disk_ring.c: what breaks the ring, the connection, or the back end's hold on pages. */
void disk_ring_cases(void);
