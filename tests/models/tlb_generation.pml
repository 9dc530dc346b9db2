/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The TLB generation protocol (core/p2m.c; design decision 16). One CPU removes a mapping and frees
 * its frame when p2m_flush_done() says so; two CPUs load the domain, enter its guest and leave it.
 * To show: no guest ever uses a translation of a frame that was freed.
 *
 * The remover clears the entry, raises the generation by an atomic addition, and then reads who has
 * the domain loaded. A CPU notes the domain as loaded by an exchange, and then reads the generation,
 * flushes, and notes what it has flushed to. WEAK makes the note that the domain is loaded a plain
 * store, which may wait in the store buffer while the reads that follow go ahead: the model must then
 * fail.
 */

#define CPUS    2
#define ENTRIES 2 /* times that a CPU loads the domain and enters */

bit mapped = 1;        /* the p2m entry */
bit is_freed;          /* its frame was handed out again */
byte generation = 1;   /* p2m.generation */
bit loaded[CPUS];      /* cpu.loaded is the domain */
byte loaded_gen[CPUS]; /* cpu.loaded_gen */
bit pending[CPUS];     /* CPU_PENDING_TLB: ends a guest, kick.pml shows how */
bit tlb[CPUS];         /* the CPU's TLB holds the translation */

proctype cpu(byte me)
{
    byte n;
    byte seen;
    bit is_buffered; /* the note waits in the store buffer */
    byte flushed;    /* tlb_gen of the vCPU that is loaded here each time */

    for (n : 1 .. ENTRIES) {
        /* switch_to(): what was flushed counts. */
        loaded_gen[me] = flushed;
#ifdef WEAK
        is_buffered = 1;
#else
        loaded[me] = 1;
#endif
        seen = generation;
again:
        /* p2m_enter(): the vCPU's flush takes effect before its first access. */
        if
        :: flushed != seen -> tlb[me] = 0; flushed = seen; loaded_gen[me] = seen
        :: else
        fi;
        /* cpu_enter_begin() */
        if
        :: pending[me] -> pending[me] = 0; seen = generation; goto again
        :: else
        fi;
        /* In the guest, until a kick, or for reasons of its own. */
        do
        :: !tlb[me] && mapped -> tlb[me] = 1
        :: tlb[me] -> assert(!is_freed)
        :: is_buffered -> is_buffered = 0; loaded[me] = 1
        :: pending[me] -> pending[me] = 0; seen = generation; goto again
        :: !is_buffered -> break
        od;
        loaded[me] = 0;
        /* The stale entry may stay: only this vCPU could use it, and it flushes first. */
    }
}

/* p2m_flush_done() for one CPU. */
#define DONE(c) (!loaded[c] || loaded_gen[c] >= generation)

proctype remover()
{
    byte c;

    mapped = 0;
    generation++;
    for (c : 0 .. CPUS - 1) {
        if
        :: loaded[c] -> pending[c] = 1
        :: else
        fi
    }
    /* The quarantine looks at one CPU after the other. */
    c = 0;
    do
    :: c < CPUS && DONE(c) -> c++
    :: c == CPUS -> break
    od;
    is_freed = 1
}

init
{
    atomic { run remover(); run cpu(0); run cpu(1) }
}
