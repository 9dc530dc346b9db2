/* SPDX-License-Identifier: BSD-2-Clause */
/* The store, as the management interface shows it and changes it. */
#pragma once

#include "guest-kernel/control/domains.h"
#include "guest-kernel/control/manage.h"

/* The MANAGE_STORE_ requests. */
void manage_store_read(const struct manage_request *request, struct manage_answer *answer);
void manage_store_list(const struct manage_request *request, struct manage_answer *answer);
void manage_store_write(const struct manage_request *request, struct manage_answer *answer);
void manage_store_remove(const struct manage_request *request, struct manage_answer *answer);

/* MANAGE_SHUTDOWN and MANAGE_REBOOT of a domain. */
void manage_store_ask(const struct domain *domain, const struct manage_request *request,
                      struct manage_answer *answer);
