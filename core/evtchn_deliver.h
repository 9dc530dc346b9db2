/* SPDX-License-Identifier: BSD-2-Clause */
/* The part of event delivery that only the port table uses. */
#ifndef ATOLL_CORE_EVTCHN_DELIVER_H
#define ATOLL_CORE_EVTCHN_DELIVER_H

#include "core/types.h"

struct domain;

/* Forgets an event on a port that is being freed, so that its next user does not get it. */
void evtchn_clear_pending(struct domain *d, uint32_t port);

#endif
