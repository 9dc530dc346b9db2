/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The notification rule of a ring (<xen/io/ring.h>; drivers/pv: back_ring_sleep() against
 * blkfront_push(), and the same with responses). The producer moves its index and sends an event if
 * it has passed the consumer's event index; the consumer asks for an event behind what it has
 * taken, looks again, and sleeps. To show: nobody sleeps while there is something to take.
 *
 * WEAK: the consumer's second look passes its writing of the event index. The model must then fail.
 */

#define STEPS 3

byte prod;           /* req_prod */
byte event_at = 1;   /* req_event */
bit event;           /* the event channel's pending bit */

proctype producer()
{
    byte old, step;

    do
    :: prod < STEPS ->
        old = prod;
        /* One or more entries are shown at once. */
        if
        :: step = 1
        :: prod + 2 <= STEPS -> step = 2
        fi;
        prod = old + step;
        /* A full barrier. */
        if
        :: event_at > old && event_at <= prod -> event = 1
        :: else
        fi
    :: prod == STEPS -> break
    od
}

proctype consumer()
{
    byte taken;
    bit has_more;

    do
    :: taken < STEPS ->
        do
        :: prod != taken -> taken++
        :: else -> break
        od;
#ifdef WEAK
        has_more = (prod != taken);
        event_at = taken + 1;
#else
        event_at = taken + 1;
        /* A full barrier. */
        has_more = (prod != taken);
#endif
        if
        :: has_more || taken == STEPS
        :: else -> event; event = 0
        fi
    :: taken == STEPS -> break
    od
}

init
{
    atomic {
        run producer();
        run consumer()
    }
}
