/* SPDX-License-Identifier: BSD-2-Clause */
/* What the files of domctl share. */
#ifndef ATOLL_CORE_DOMCTL_H
#define ATOLL_CORE_DOMCTL_H

#include "core/hypercall.h"
#include "pv-abi/domctl.h"

struct domain;

typedef int64_t (*domctl_work)(struct hypercall *call, struct domain *d, struct xen_domctl *op);

/* Finds the domain that the operation names and calls WORK with it. -ESRCH */
int64_t domctl_run(struct hypercall *call, domctl_work work);
/* The same for an operation that a domain cannot do to itself. -EINVAL */
int64_t domctl_run_other(struct hypercall *call, domctl_work work);
/* Calls WORK while nobody takes D apart, from within another one. -ESRCH: D is dying. */
int64_t domctl_run_whole(struct hypercall *call, struct domain *d, domctl_work work);
/* What getdomaininfo and getdomaininfolist tell of D. */
void domctl_fill_info(struct domain *d, struct xen_domctl_getdomaininfo *info);

#endif
