/* SPDX-License-Identifier: BSD-2-Clause */
/* Owns the fakes of mapping a guest's page and binding its port. */
#include "tests/fake/control/fake_rings.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "guest-kernel/control/build_layout.h"
#include "guest-kernel/control/foreign.h"
#include "lib/errno.h"

struct fake_rings fake_rings;

int foreign_map_page(domid_t domid, uint64_t gfn, unsigned int index, void **page)
{
    assert_true(domid < FAKE_RINGS && gfn == BUILD_STORE_GFN && index < FOREIGN_PAGES_MAX);
    if (fake_rings.refuses_map)
        return -EFAULT;
    fake_rings.mapped++;
    *page = &fake_rings.pages[domid];
    return 0;
}

void foreign_unmap_page(unsigned int index)
{
    assert_true(index < FOREIGN_PAGES_MAX);
    fake_rings.mapped--;
}

int event_bind_interdomain(domid_t remote, evtchn_port_t remote_port, event_handler *handler,
                           void *arg, evtchn_port_t *port)
{
    assert_int_equal(remote_port, 1);
    if (fake_rings.refuses_bind)
        return -ENOSPC;
    fake_rings.handlers[remote] = handler;
    fake_rings.args[remote] = arg;
    *port = remote;
    fake_rings.ports++;
    return 0;
}

void event_close(evtchn_port_t port)
{
    assert_true(port < FAKE_RINGS);
    fake_rings.ports--;
}

int event_send(evtchn_port_t port)
{
    assert_true(port < FAKE_RINGS);
    return 0;
}
