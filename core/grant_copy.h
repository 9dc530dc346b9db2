/* SPDX-License-Identifier: BSD-2-Clause */
/* One copy between two frames, each the caller's own or a granted one. */
#ifndef ATOLL_CORE_GRANT_COPY_H
#define ATOLL_CORE_GRANT_COPY_H

#include "core/types.h"

struct domain;
struct gnttab_copy;

/* Does what OP says for D, which is the caller; returns GNTST_*. */
int16_t grant_copy(struct domain *d, const struct gnttab_copy *op) MUST_CHECK;

#endif
