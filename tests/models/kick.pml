/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The kick protocol (arch/x86/kick.h; design decision 18). Two CPUs kick a third that enters guests.
 * To show: a kicked CPU never stays in a guest with a bit pending and no interrupt under way.
 *
 * x86 lets a load pass an earlier store of the same CPU. Read-modify-write operations are not passed:
 * setting a bit of pending, and setting in_guest on entry. WEAK makes in_guest's store a plain one,
 * which the reading of pending may pass: the model must then fail.
 */

byte pending; /* cpu.pending */
bit in_guest; /* cpu.in_guest */
bit irq;      /* the kick's interrupt waits at the CPU: it ends a guest at once */
bit is_inside; /* the CPU executes guest code */

#define KICKS 2

proctype kicker(byte mask)
{
    byte before;
    byte n;

    for (n : 1 .. KICKS) {
        atomic {
            before = pending;
            pending = pending | mask;
        }
        if
        :: before != 0 /* whoever set the first bit sends */
        :: before == 0 ->
            if
            :: in_guest -> irq = 1
            :: else
            fi
        fi
    }
}

proctype target()
{
    do
    :: true ->
        pending = 0; /* taken by an exchange, and handled */
#ifdef WEAK
        if
        :: pending != 0 -> goto again
        :: else
        fi;
        in_guest = 1;
#else
        in_guest = 1;
        if
        :: pending != 0 -> in_guest = 0; goto again
        :: else
        fi;
#endif
        is_inside = 1;
end_guest:
        irq == 1;
        atomic { irq = 0; is_inside = 0 }
        /* The plain store may reach other CPUs at once, or only with the next entry. */
        if
        :: in_guest = 0
        :: skip
        fi
again:
        skip
    od
}

init
{
    atomic { run kicker(1); run kicker(2); run target() }
    /* Nothing can move any more: the CPU is in its guest. */
    timeout;
    assert(is_inside && pending == 0)
}
