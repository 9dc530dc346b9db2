/* SPDX-License-Identifier: BSD-2-Clause */
/* The network, as the management interface shows it. */
#pragma once

#include "guest-kernel/control/manage.h"
#include "pv-abi/xen.h"

/* MANAGE_VIF of a domain. */
void manage_net_vif(domid_t domid, const struct manage_request *request,
                    struct manage_answer *answer);

/* MANAGE_PORT and MANAGE_ADDRESS. */
void manage_net_port(const struct manage_request *request, struct manage_answer *answer);
void manage_net_address(const struct manage_request *request, struct manage_answer *answer);
