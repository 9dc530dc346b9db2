/* SPDX-License-Identifier: BSD-2-Clause */
/* Owns the list of a front end's multicast addresses. */
#include "guest-kernel/control/net_groups.h"

#include "lib/errno.h"
#include "lib/string.h"

/* The place of an address in the list; `count`: it is not there. */
static unsigned int find(const struct net_groups *groups, const uint8_t address[6])
{
    unsigned int i = 0;

    while (i < groups->count && memcmp(groups->addresses[i], address, 6) != 0)
        i++;
    return i;
}

int net_groups_add(struct net_groups *groups, const uint8_t address[6])
{
    if (find(groups, address) < groups->count)
        return 0;
    if (groups->count == NET_GROUPS_MAX)
        return -ENOSPC;
    memcpy(groups->addresses[groups->count++], address, 6);
    return 0;
}

void net_groups_delete(struct net_groups *groups, const uint8_t address[6])
{
    unsigned int i = find(groups, address);

    if (i < groups->count)
        memmove(groups->addresses[i], groups->addresses[--groups->count], 6);
}

bool net_groups_want(const struct net_groups *groups, const uint8_t address[6])
{
    static const uint8_t all[6] = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff};

    if (!groups->is_filter || (address[0] & 1) == 0 || memcmp(address, all, 6) == 0)
        return true;
    return find(groups, address) < groups->count;
}
