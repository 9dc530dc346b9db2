/* SPDX-License-Identifier: BSD-2-Clause */
/* The table of domains, for domain_destroy.c. */
#ifndef ATOLL_CORE_DOMAIN_TABLE_H
#define ATOLL_CORE_DOMAIN_TABLE_H

struct domain;

/* D is found no more; the table's reference goes to the caller. */
void domain_unlist(struct domain *d);

#endif
