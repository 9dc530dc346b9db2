/* SPDX-License-Identifier: BSD-2-Clause */
/* A domain's guest-physical memory: gfn to mfn, with type; the nested tables, the generation of
 * decision 16. One function changes it, so that an IOMMU mirror can join. */
#pragma once

#include "arch/x86/lock.h"
#include "arch/x86/pt.h"
#include "core/types.h"

struct domain;

/* Kept in the software bits of a leaf. */
enum p2m_type {
    P2M_NONE = 0,
    P2M_RAM,    /* the domain's own frame */
    P2M_RAM_RO, /* read only for the guest; also RAM under dirty logging */
    P2M_GRANT,  /* another domain's frame, mapped by a grant */
    P2M_GRANT_RO,
    P2M_FOREIGN, /* another domain's frame, mapped by XENMAPSPACE_gmfn_foreign */
    P2M_SHARED,  /* a page of the hypervisor's: shared_info, grant frames */
    P2M_MMIO,    /* device memory of the control domain, uncached */
};

#define P2M_BIT(type) (1u << (type))
#define P2M_ANY       UINT32_MAX

struct p2m {
    struct lock lock;
    struct pt pt;
    _Atomic uint64_t generation; /* rises when a mapping is removed or tightened */
    uint64_t page_count[8];      /* leaves by type in 4 KiB units */
    gfn_t max_gfn;               /* highest ever mapped */
    uint64_t gfn_end;            /* gfns are below; 0: being destroyed, nothing is there */
    uint64_t destroy_cursor;
};

struct p2m_entry {
    mfn_t mfn; /* of exactly the gfn asked for */
    enum p2m_type type;
    unsigned level; /* PT_LEVEL_* of the leaf */
    bool is_writable;
};

int p2m_init(struct domain *d) MUST_CHECK; /* -ENOMEM */
/* One step of destruction of a domain that no CPU has loaded: its RAM is released, references on
 * foreign frames are put, then the tables go. 1: call again, 0: done. Grant mappings are
 * grant_drop_maps()'s. */
int p2m_destroy_step(struct domain *d) MUST_CHECK;

/* What is at GFN: type P2M_NONE when nothing is mapped. Takes the p2m lock for the look. */
struct p2m_entry p2m_get(struct domain *d, gfn_t gfn);
/* The same without the lock: the caller has it, so that the entry stays as it is, or can do with
 * what it was. */
void p2m_look(const struct domain *d, gfn_t gfn, struct p2m_entry *entry);
/* The frame behind GFN of the loaded domain, if the hypervisor may look at it, or write to it, for
 * the guest; it stays until this CPU enters the guest again. The loaded vCPU remembers it. -EFAULT:
 * it is neither RAM nor a page of the hypervisor's. */
int p2m_find_loaded(gfn_t gfn, bool is_write, mfn_t *mfn) MUST_CHECK;
/* The frame of D's RAM at GFN. Needs the p2m lock, under which it stays there. -EINVAL: there is
 * none, or it is not to be written. */
int p2m_find_ram(const struct domain *d, gfn_t gfn, bool is_write, mfn_t *mfn) MUST_CHECK;
/* The same with a reference on the frame (frame_get), and takes the lock. */
int p2m_get_frame(struct domain *d, gfn_t gfn, bool is_write, mfn_t *mfn) MUST_CHECK;
/* Two phases. prepare: what is at GFN has one of TYPES (P2M_BIT() of each), and tables for a leaf
 * of ORDER (0, 9, 18) exist; -EBUSY: another type; -ENOMEM; -EEXIST: smaller leaves are mapped
 * there; -EINVAL: beyond 48 bits, or D is being destroyed. set: writes the mapping (type P2M_NONE:
 * removes), raises the generation and kicks CPUs if an older mapping was removed or tightened.
 * Returns the old entry. */
int p2m_prepare(struct domain *d, gfn_t gfn, unsigned order, uint32_t types) MUST_CHECK;
struct p2m_entry p2m_set(struct domain *d, gfn_t gfn, unsigned order, mfn_t mfn,
                         enum p2m_type type);
/* Removes the leaf of ORDER at GFN, whose type is one of TYPES (not P2M_NONE); *MFN is what it
 * showed. -EBUSY: nothing is done, there is no such leaf. */
int p2m_remove(struct domain *d, gfn_t gfn, unsigned order, uint32_t types, mfn_t *mfn) MUST_CHECK;
/* True when no CPU can hold a translation older than GENERATION of D's p2m. */
bool p2m_flush_done(struct domain *d, uint64_t generation);
/* For the loaded V, before its guest is entered, if the generation rose since V's tlb_gen: requests
 * the flush (virt->flush), empties the window, and notes the generation in V and in this CPU's
 * struct cpu. */
struct vcpu;
void p2m_enter(struct vcpu *v);
