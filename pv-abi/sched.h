/* SPDX-License-Identifier: BSD-2-Clause */
/* The sched_op hypercall (<xen/sched.h>). */
#ifndef PV_ABI_SCHED_H
#define PV_ABI_SCHED_H

#include "pv-abi/xen.h"

#define SCHEDOP_yield           0 /* No argument. */
#define SCHEDOP_block           1 /* No argument; unmasks upcalls, returns when one is due. */
#define SCHEDOP_shutdown        2 /* struct sched_shutdown. */
#define SCHEDOP_poll            3 /* struct sched_poll. */
#define SCHEDOP_remote_shutdown 4 /* struct sched_remote_shutdown. */
#define SCHEDOP_shutdown_code   5 /* struct sched_shutdown, for a later shutdown. */
#define SCHEDOP_watchdog        6 /* struct sched_watchdog. */
#define SCHEDOP_pin_override    7 /* struct sched_pin_override. */

/* Why a domain shut down. */
#define SHUTDOWN_poweroff   0
#define SHUTDOWN_reboot     1
#define SHUTDOWN_suspend    2
#define SHUTDOWN_crash      3
#define SHUTDOWN_watchdog   4
#define SHUTDOWN_soft_reset 5
#define SHUTDOWN_MAX        5

/* Same layout in 32 bit. */
struct sched_shutdown {
    uint32_t reason; /* SHUTDOWN_*. */
};
ABI_LAYOUT(struct sched_shutdown, 4, reason, 0);

/* Waits until one of the ports is pending, masked or not, or the time has come. */
struct sched_poll {
    uint64_aligned_t ports; /* Handle of evtchn_port_t. */
    uint32_t nr_ports;
    uint64_aligned_t timeout; /* System time in ns; 0 is never. */
};
ABI_LAYOUT(struct sched_poll, 24, ports, 0, nr_ports, 8, timeout, 16);

struct compat_sched_poll {
    uint32_t ports;
    uint32_t nr_ports;
    compat_uint64_t timeout;
};
ABI_LAYOUT(struct compat_sched_poll, 16, ports, 0, nr_ports, 4, timeout, 8);

/* Same layout in 32 bit. */
struct sched_remote_shutdown {
    domid_t domain_id;
    uint32_t reason; /* SHUTDOWN_*. */
};
ABI_LAYOUT(struct sched_remote_shutdown, 8, domain_id, 0, reason, 4);

/* Id 0 starts a watchdog and returns its id; timeout 0 stops one. Same layout in 32 bit. */
struct sched_watchdog {
    uint32_t id;
    uint32_t timeout; /* In seconds. */
};
ABI_LAYOUT(struct sched_watchdog, 8, id, 0, timeout, 4);

/* Same layout in 32 bit. */
struct sched_pin_override {
    int32_t pcpu; /* Negative: undo. */
};
ABI_LAYOUT(struct sched_pin_override, 4, pcpu, 0);

#endif
