/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Blocking against waking (core/vcpu.c: vcpu_block and vcpu_notify; core/sched.c: switch_to and
 * sched_wake). A vCPU blocks unless an event is pending; a sender sets the event and wakes the vCPU if
 * it is blocked. To show: no event stays unseen by a vCPU that sleeps.
 *
 * WEAK: the block's check of the event passes its setting of is_blocked. The model must then fail.
 */

bit event;      /* evtchn_upcall_pending */
bit is_blocked; /* VCPU_BLOCKED in vcpu.stop */
bit is_running; /* sched.is_running: loaded */
bit is_queued;  /* on a run queue */
bit queue_lock;

#define LOCK   atomic { queue_lock == 0 -> queue_lock = 1 }
#define UNLOCK queue_lock = 0
#define EVENTS 2

proctype sender()
{
    byte n;

    for (n : 1 .. EVENTS) {
        event = 1; /* an atomic operation: a full barrier */
        if
        :: is_blocked ->
            is_blocked = 0;
            LOCK;
            if
            :: !is_queued && !is_running && !is_blocked -> is_queued = 1
            :: else
            fi;
            UNLOCK
        :: else
        fi
    }
}

proctype cpu()
{
    bit may_run;

end_idle:
    do
    :: is_running ->
        /* The guest takes the event and waits for the next one. */
        event = 0;
#ifdef WEAK
        if
        :: event -> goto again
        :: else
        fi;
        is_blocked = 1;
#else
        is_blocked = 1;
        if
        :: event -> is_blocked = 0; goto again
        :: else
        fi;
#endif
        /* The scheduler takes it off the CPU: its state is saved, then it is let go. From there on
         * others may have it, or destroy it. */
        LOCK;
        may_run = !is_blocked;
        is_running = 0;
        UNLOCK;
        if
        :: may_run ->
            LOCK;
            if
            :: !is_queued && !is_running && !is_blocked -> is_queued = 1
            :: else
            fi;
            UNLOCK
        :: else
        fi;
again:
        skip
    :: is_queued ->
        LOCK;
        atomic { is_queued = 0; is_running = 1 }
        UNLOCK
    od
}

init
{
    is_running = 1;
    atomic { run sender(); run sender(); run cpu() }
    timeout;
    assert(!event && is_blocked)
}
