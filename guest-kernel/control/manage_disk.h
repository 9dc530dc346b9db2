/* SPDX-License-Identifier: BSD-2-Clause */
/* The part of the management interface that is about guests' disks. */
#pragma once

#include "guest-kernel/control/manage.h"
#include "pv-abi/xen.h"

/* MANAGE_VBD, of the domain that the request's target names. */
void manage_disk_vbd(domid_t domid, const struct manage_request *request,
                     struct manage_answer *answer);
