/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * SCHEDOP_poll against those who send (core/sched_op.c: sched_op_poll; core/evtchn_deliver.c:
 * wake_pollers; core/vcpu.c: vcpu_wake). The port is masked, so that a vCPU that polls is woken as a
 * poller or not at all. Who wakes it ends its poll first and then lets it go; it may be late, and meet
 * the vCPU's next poll. To show: no event stays unseen by a vCPU that sleeps.
 *
 * WEAK: the vCPU declares itself blocked after it has begun to poll. The model must then fail.
 */

bit pending;
bit is_poller;  /* its bit in evtchn.pollers */
bit polls;      /* poll_port is not 0 */
bit is_blocked; /* VCPU_BLOCKED in vcpu.stop */
bit sleeps;

#define EVENTS 2

inline wake()
{
    if
    :: polls -> is_poller = 0; polls = 0
    :: else
    fi;
    is_blocked = 0
}

proctype sender()
{
    byte n;
    bit was;

    for (n : 1 .. EVENTS) {
        atomic { was = pending; pending = 1 }
        if
        :: !was && is_poller ->
            if
            :: polls -> wake()
            :: else
            fi
        :: else
        fi
    }
}

proctype vcpu()
{
end_poll:
    do
    ::
#ifdef WEAK
        polls = 1;
        is_poller = 1;
        is_blocked = 1;
#else
        is_blocked = 1;
        polls = 1;
        is_poller = 1;
#endif
        if
        :: pending -> wake()
        :: else
        fi;
        sleeps = 1;
end_sleep:
        !is_blocked;
        sleeps = 0;
        pending = 0
    od
}

init
{
    atomic { run sender(); run sender(); run vcpu() }
    timeout;
    assert(!(pending && sleeps))
}
