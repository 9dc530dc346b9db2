/* SPDX-License-Identifier: BSD-2-Clause */
/* The states that the two ends of a paravirtual device show in their node "state"
 * (<xen/io/xenbus.h>). */
#ifndef PV_ABI_IO_XENBUS_H
#define PV_ABI_IO_XENBUS_H

#define XenbusStateUnknown       0
#define XenbusStateInitialising  1
#define XenbusStateInitWait      2 /* Waits for what the other end writes. */
#define XenbusStateInitialised   3 /* Has written it. */
#define XenbusStateConnected     4
#define XenbusStateClosing       5
#define XenbusStateClosed        6
#define XenbusStateReconfiguring 7
#define XenbusStateReconfigured  8

#endif
