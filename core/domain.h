/* SPDX-License-Identifier: BSD-2-Clause */
/* Domains and their vCPUs: structures, look-up, life cycle; with it come the headers of what they
 * consist of. */
#pragma once

#include "arch/x86/lock.h"
#include "arch/x86/percpu.h"
#include "arch/x86/virt.h"
#include "core/area.h"
#include "core/evtchn.h"
#include "core/frame.h"
#include "core/grant.h"
#include "core/p2m.h"
#include "core/sched.h"
#include "core/timer.h"
#include "core/types.h"
#include "pv-abi/atoll.h"
#include "pv-abi/xen.h"

#define DOMAIN_VCPUS_MAX     64u
#define DOMAIN_PARAMS        39u /* HVM_NR_PARAMS of hvm/params.h is asserted against it */
#define DOMAIN_FOREIGN_MAX   64u /* foreign frames that wait for the TLBs */
#define VIRQ_COUNT           24u
#define VCPU_KNOWN_FRAMES    64u
#define DOMAIN_PAUSES_MAX    255u  /* by the control domain, nested */
#define DOMAIN_CONTROL       0u    /* domid of the control domain */
#define DOMAIN_IDS           4096u /* numbers are below */
#define DOMAIN_ID_ANY        0xffffu
#define SHUTDOWN_REASON_NONE UINT32_MAX

struct shared_info;
struct vcpu_info;

/* Reasons why a vCPU may not run. */
#define VCPU_BLOCKED  (1u << 0) /* it waits for an event */
#define VCPU_DOWN     (1u << 1) /* VCPUOP_up, INIT/SIPI, or the builder brings it up */
#define VCPU_PAUSED   (1u << 2) /* domain.pause_count is not 0 */
#define VCPU_SHUTDOWN (1u << 3) /* its domain has shut down */

/* Counters that are always on, written by the CPU that runs the vCPU, without a lock. */
struct vcpu_counters {
    uint64_t exits[VM_EXIT_KINDS];
    uint64_t injections;
    uint64_t flushes;      /* guest TLB flushes requested at entry */
    uint64_t window_fills; /* window slots filled while it was loaded */
};

/* One page from the heap. Fields without a word on locking belong to the CPU that runs the vCPU. */
struct vcpu {
    struct domain *domain;
    uint32_t id;
    _Atomic uint32_t stop;     /* VCPU_*: why it may not run; changed by vcpu_stop(), vcpu_go() */
    bool is_initialised;       /* a builder or SIPI gave it a state */
    struct sched_entity sched; /* under the run queue's lock; rebuilt */
    struct arch_vcpu arch;

    struct vcpu_info
        *info; /* in shared_info or in info_area; never NULL once the domain is alive */
    uint64_t info_spare[8]; /* vcpu_info of a vCPU that has no place in shared_info */
    struct area info_area;  /* under the domain's lock; cannot be registered twice */
    struct area runstate_area, time_area;
    /* The area and the times: under sched_lock_vcpu(). */
    uint64_t runstate_entry_ns;
    uint64_t runstate_ns[4]; /* RUNSTATE_* */
    uint32_t runstate;
    uint32_t time_version;

    struct timer singleshot; /* VIRQ_TIMER */
    struct timer poll_timer;
    uint32_t poll_port; /* SCHEDOP_poll: port, 0: it does not poll, UINT32_MAX: several */
    uint16_t virq_port[VIRQ_COUNT]; /* under the domain's evtchn lock; 0: unbound */

    /* The frames behind some guest frames as of arch.tlb_gen (core/p2m.c); rebuilt. */
    struct known_frame {
        uint64_t tag;
        mfn_t mfn;
    } known[VCPU_KNOWN_FRAMES];
    uint64_t own_raises;  /* of the generation since then, by this vCPU's own calls */
    struct window window; /* while it is not loaded: as of arch.tlb_gen; rebuilt */

    struct vcpu_counters counters;
};
_Static_assert(sizeof(struct vcpu) <= PAGE_SIZE, "a vCPU is one page");

enum domain_state { DOMAIN_BUILDING, DOMAIN_ALIVE, DOMAIN_DYING, DOMAIN_DEAD };

/* One page from the heap. */
struct domain {
    uint16_t id;
    bool is_privileged;    /* the control domain */
    bool is_direct_mapped; /* gpa equals machine address */
    bool is_32bit; /* layout of shared_info latched (hypercall page or callback set in 32-bit mode)
                    */
    _Atomic uint32_t refs; /* domain_get, domain_put */
    struct lock lock;
    _Atomic uint32_t state;       /* enum domain_state */
    _Atomic uint32_t pause_count; /* by the control domain, by building; changed under lock */
    uint32_t shutdown_reason;     /* SHUTDOWN_*; SHUTDOWN_REASON_NONE: it has not; under lock */
    _Atomic bool is_taken;        /* by the CPU that destroys it, or needs it whole */
    uint32_t destroy_step;        /* by that CPU */
    uint8_t handle[16];           /* uuid */

    uint32_t vcpu_limit;       /* how many it may have: createdomain */
    _Atomic uint32_t vcpu_max; /* how many it has; vcpu[i] of those never changes */
    struct vcpu *vcpu[DOMAIN_VCPUS_MAX];

    struct p2m p2m;
    uint64_t tot_pages, max_pages; /* guest frames; under the frame lock */
    uint64_t hyp_pages, hyp_limit; /* hypervisor pages charged; under the heap lock */
    uint64_t quarantine_pages;     /* under the frame lock */
    struct frame_quarantine quarantine;
    struct shared_info *shared_info; /* heap page; XENMAPSPACE_shared_info */
    gfn_t shared_info_gfn;           /* where it sits, GFN_NONE: nowhere */
    struct evtchn_table evtchn;
    struct grant_table grants;
    uint64_t params[DOMAIN_PARAMS]; /* HVM_PARAM_* */
    uint64_t callback;              /* HVM_PARAM_CALLBACK_IRQ decoded: vector, 0: none */
    struct sched_domain sched;      /* rebuilt */
    struct memory_map *memory_map;  /* a heap page; XENMEM_set_memory_map; under lock */
    /* Foreign frames that were unmapped, each with a reference, until every CPU has passed the
     * generation (core/physmap.c); under lock. */
    mfn_t foreign[DOMAIN_FOREIGN_MAX];
    uint32_t foreign_count;
    uint64_t foreign_generation;
    uint32_t vm_assist;
    struct atoll_death death; /* what killed it; no reason: nothing; under lock */
    uint64_t console_paid_ns; /* until when the lines that the guest has printed are paid for; under
                                 lock, as the line */
    uint16_t console_line_size;
    char console_line[120];
    uint32_t *hypercall_counts; /* a heap page: calls by enum hypercall_place */
};
_Static_assert(sizeof(struct domain) <= PAGE_SIZE, "a domain is one page");

/* Finds a domain, which may be dying, and takes a reference; NULL: no such domain. DOMID_SELF is
 * not understood here. */
struct domain *domain_get(uint16_t domid);
/* One more reference on a domain that is referenced already. */
void domain_hold(struct domain *d);
/* The last one frees the domain and its vCPUs. */
void domain_put(struct domain *d);
/* The domain with this number in any state, without a reference and without a lock: for a caller
 * that knows it cannot go away, as when it owns a frame and the frame lock is held. */
struct domain *domain_by_id(uint16_t domid);
/* The same for a hypercall's domid argument: DOMID_SELF is the caller; another one than oneself
 * needs privilege. -ESRCH, -EPERM. */
int domain_get_target(uint16_t domid, struct domain **d) MUST_CHECK;
/* Next domain with id >= FROM, referenced; NULL: none. */
struct domain *domain_get_next(uint16_t from);
static inline struct domain *current_domain(void);

struct xen_domctl_createdomain;
/* Makes a domain (paused once, no memory, no vCPUs) with what createdomain says; *DOMID
 * DOMAIN_ID_ANY: choose; 0: the control domain if there is none, else choose. The domain table's
 * reference is the caller's to use until the domain is destroyed. -EINVAL: bad configuration;
 * -EEXIST; -ENOMEM. Everything is undone on failure. */
int domain_create(uint16_t *domid, const struct xen_domctl_createdomain *config,
                  struct domain **d) MUST_CHECK;
/* Gives it its vCPUs. -EINVAL: more than at creation, or it has them; -ENOMEM. */
int domain_set_max_vcpus(struct domain *d, uint32_t count) MUST_CHECK;
/* D is found no more; the table's reference goes to the caller. */
void domain_unlist(struct domain *d);
/* One step of destruction; 1: call again (continuation), 0: done, the last domain_put() frees the
 * page. */
int domain_destroy_step(struct domain *d) MUST_CHECK;

void domain_pause(struct domain *d);             /* no wait: see sched_is_stopped */
int domain_unpause(struct domain *d) MUST_CHECK; /* -EINVAL: it is not paused, or dying */
bool domain_is_stopped(struct domain *d);        /* paused and no vCPU loaded anywhere */
/* Latches the layout of shared_info, as the mode says in which the guest sets hypercall page or
 * callback. */
void domain_set_32bit(struct domain *d, bool is_32bit);
/* Writes the wall clock into shared_info. */
void domain_update_wall_clock(struct domain *d);
/* D shuts down with REASON (SHUTDOWN_*): all its vCPUs stop, VIRQ_DOM_EXC goes to the control
 * domain. When the control domain does, so does the machine. */
void domain_shutdown(struct domain *d, uint32_t reason);
/* The guest cannot go on: fills the death record from the loaded vCPU and shuts down with
 * SHUTDOWN_crash. */
void domain_crash(struct domain *d, const char *format, ...) PRINTF(2, 3);

/* Makes vCPU ID of D, down and without state. -ENOMEM */
int vcpu_create(struct domain *d, uint32_t id) MUST_CHECK;
/* Gives back all but the page of struct vcpu, which others may look at until the domain is freed.
 * V is stopped for good. */
void vcpu_destroy(struct vcpu *v);

/* The places that a guest registers: vcpu_info, and V's runstate_area or time_area at GVA, 0:
 * nowhere. Errors of area.h; info: and -EINVAL when it has one. */
int vcpu_register_info(struct vcpu *v, gfn_t gfn, uint32_t offset) MUST_CHECK;
int vcpu_register_area(struct vcpu *v, struct area *area, uint64_t gva) MUST_CHECK;

/* V may not run for a REASON (VCPU_*) / that reason is gone. stop does not wait: see
 * sched_is_stopped(). */
void vcpu_stop(struct vcpu *v, uint32_t reason);
void vcpu_go(struct vcpu *v, uint32_t reason);
/* Ends V's waiting for an event, and its SCHEDOP_poll. */
void vcpu_wake(struct vcpu *v);
/* The loaded V waits for an event, unless one is pending. */
void vcpu_block(struct vcpu *v);
/* V goes down; the last one down: the domain has powered off. */
void vcpu_down(struct vcpu *v);
/* V has an event or interrupt to look at: wakes it and makes its CPU look. (The CPU loop looks for
 * those of its own vCPU before each entry anyway.) */
void vcpu_notify(struct vcpu *v);
/* Fills the time page(s) of V: vcpu_time_info in vcpu_info and the time area. Needed only when one
 * of them is new or the guest's TSC offset changed: the TSC is the clock, so that what they say
 * stays true. */
void vcpu_update_time(struct vcpu *v);
/* Writes V's runstate to the area that the guest registered. Needs sched_lock_vcpu(). */
void vcpu_write_runstate(const struct vcpu *v);
/* Runstate accounting on each change of state (RUNSTATE_*). Needs sched_lock_vcpu(). */
static inline void vcpu_set_runstate(struct vcpu *v, uint32_t runstate, uint64_t now_ns)
{
    if (likely(now_ns > v->runstate_entry_ns)) {
        v->runstate_ns[v->runstate] += now_ns - v->runstate_entry_ns;
        v->runstate_entry_ns = now_ns;
    }
    v->runstate = runstate;
    if (v->runstate_area.address)
        vcpu_write_runstate(v);
}
/* V's state, and its times up to this moment. */
struct vcpu_runstate_info;
void vcpu_get_runstate(struct vcpu *v, struct vcpu_runstate_info *info);
/* An upcall is due for V: evtchn_upcall_pending is set. (Whether it can be delivered at this moment
 * is the vendor layer's question.) */
static inline bool evtchn_upcall_pending(const struct vcpu *v)
{
    return READ_ONCE(READ_ONCE(v->info)->evtchn_upcall_pending) != 0;
}
/* An upcall or an interrupt waits for V, whether it can be delivered or not. */
static inline bool vcpu_has_news(const struct vcpu *v)
{
    return evtchn_upcall_pending(v) || vlapic_is_waiting(&v->arch.vlapic, VLAPIC_NMI | VLAPIC_IRQ);
}
static inline bool vcpu_may_run(const struct vcpu *v)
{
    return atomic_load(&v->stop) == 0;
}
static inline bool vcpu_is_up(const struct vcpu *v)
{
    return !(atomic_load(&v->stop) & VCPU_DOWN);
}
/* D's vCPU ID, NULL: none. */
static inline struct vcpu *domain_vcpu(const struct domain *d, uint64_t id)
{
    return id < d->vcpu_max ? d->vcpu[index_below(id, DOMAIN_VCPUS_MAX)] : NULL;
}

static inline struct domain *current_domain(void)
{
    return this_cpu()->current->domain;
}
