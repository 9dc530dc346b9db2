/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The notification rule of a ring (<xen/io/ring.h>; drivers/pv: back_ring_sleep() against
 * blkfront_push(), and the same with responses). The producer moves its index and sends an event if
 * it has passed the consumer's event index; the consumer asks for an event with the entry that it
 * needs, the next one or, as back_ring_sleep_until() does for a frame of several, a later one; it
 * looks again, and sleeps. To show: nobody sleeps while there is what it needs.
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
    byte taken, need;
    bit has_enough;

    do
    :: taken < STEPS ->
        if
        :: need = 1
        :: taken + 2 <= STEPS -> need = 2
        fi;
        do
        :: prod - taken >= need -> taken = taken + need; break
        :: else ->
#ifdef WEAK
            has_enough = (prod - taken >= need);
            event_at = taken + need;
#else
            event_at = taken + need;
            /* A full barrier. */
            has_enough = (prod - taken >= need);
#endif
            if
            :: has_enough
            :: else -> event; event = 0
            fi
        od
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
