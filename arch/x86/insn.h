/* SPDX-License-Identifier: BSD-2-Clause */
/* All inline assembly of the hypervisor, except port I/O (io.h). One instruction each. */
#ifndef ATOLL_X86_INSN_H
#define ATOLL_X86_INSN_H

#include "core/types.h"

struct cpuid_regs {
    uint32_t eax, ebx, ecx, edx;
};

static inline struct cpuid_regs insn_cpuid(uint32_t leaf, uint32_t subleaf)
{
    struct cpuid_regs r;
    __asm__ volatile("cpuid"
                     : "=a"(r.eax), "=b"(r.ebx), "=c"(r.ecx), "=d"(r.edx)
                     : "a"(leaf), "c"(subleaf));
    return r;
}
static inline uint64_t insn_rdmsr(uint32_t msr)
{
    uint32_t low, high;
    __asm__ volatile("rdmsr" : "=a"(low), "=d"(high) : "c"(msr) : "memory");
    return (uint64_t)high << 32 | low;
}
static inline void insn_wrmsr(uint32_t msr, uint64_t value)
{
    __asm__ volatile("wrmsr" ::"c"(msr), "a"((uint32_t)value), "d"((uint32_t)(value >> 32))
                     : "memory");
}
static inline uint64_t insn_rdtsc(void)
{
    uint32_t low, high;
    __asm__ volatile("rdtsc" : "=a"(low), "=d"(high)::"memory");
    return (uint64_t)high << 32 | low;
}
static inline uint64_t insn_read_cr0(void)
{
    uint64_t v;
    __asm__ volatile("mov %%cr0, %0" : "=r"(v)::"memory");
    return v;
}
static inline void insn_write_cr0(uint64_t v)
{
    __asm__ volatile("mov %0, %%cr0" ::"r"(v) : "memory");
}
static inline uint64_t insn_read_cr2(void)
{
    uint64_t v;
    __asm__ volatile("mov %%cr2, %0" : "=r"(v)::"memory");
    return v;
}
static inline void insn_write_cr2(uint64_t v)
{
    __asm__ volatile("mov %0, %%cr2" ::"r"(v) : "memory");
}
static inline uint64_t insn_read_cr3(void)
{
    uint64_t v;
    __asm__ volatile("mov %%cr3, %0" : "=r"(v)::"memory");
    return v;
}
static inline void insn_write_cr3(uint64_t v)
{
    __asm__ volatile("mov %0, %%cr3" ::"r"(v) : "memory");
}
static inline uint64_t insn_read_cr4(void)
{
    uint64_t v;
    __asm__ volatile("mov %%cr4, %0" : "=r"(v)::"memory");
    return v;
}
static inline void insn_write_cr4(uint64_t v)
{
    __asm__ volatile("mov %0, %%cr4" ::"r"(v) : "memory");
}
static inline uint64_t insn_read_dr0(void)
{
    uint64_t v;
    __asm__ volatile("mov %%dr0, %0" : "=r"(v));
    return v;
}
static inline void insn_write_dr0(uint64_t v)
{
    __asm__ volatile("mov %0, %%dr0" ::"r"(v));
}
static inline uint64_t insn_read_dr1(void)
{
    uint64_t v;
    __asm__ volatile("mov %%dr1, %0" : "=r"(v));
    return v;
}
static inline void insn_write_dr1(uint64_t v)
{
    __asm__ volatile("mov %0, %%dr1" ::"r"(v));
}
static inline uint64_t insn_read_dr2(void)
{
    uint64_t v;
    __asm__ volatile("mov %%dr2, %0" : "=r"(v));
    return v;
}
static inline void insn_write_dr2(uint64_t v)
{
    __asm__ volatile("mov %0, %%dr2" ::"r"(v));
}
static inline uint64_t insn_read_dr3(void)
{
    uint64_t v;
    __asm__ volatile("mov %%dr3, %0" : "=r"(v));
    return v;
}
static inline void insn_write_dr3(uint64_t v)
{
    __asm__ volatile("mov %0, %%dr3" ::"r"(v));
}
static inline void insn_invlpg(const void *address)
{
    __asm__ volatile("invlpg (%0)" ::"r"(address) : "memory");
}
static inline void insn_sti(void)
{
    __asm__ volatile("sti" ::: "memory");
}
static inline void insn_cli(void)
{
    __asm__ volatile("cli" ::: "memory");
}
/* Opens interrupts for exactly one instruction: what is pending is taken here. */
static inline void insn_sti_nop_cli(void)
{
    __asm__ volatile("sti\n\tnop\n\tcli" ::: "memory");
}
/* Sleeps until an interrupt, which is taken; no interrupt can slip in between STI and HLT. */
static inline void insn_sti_hlt_cli(void)
{
    __asm__ volatile("sti\n\thlt\n\tcli" ::: "memory");
}
static inline void insn_hlt(void)
{
    __asm__ volatile("hlt" ::: "memory");
}
static inline uint64_t insn_xgetbv(uint32_t index)
{
    uint32_t low, high;
    __asm__ volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(index));
    return (uint64_t)high << 32 | low;
}
static inline void insn_xsetbv(uint32_t index, uint64_t value)
{
    __asm__ volatile("xsetbv" ::"c"(index), "a"((uint32_t)value), "d"((uint32_t)(value >> 32))
                     : "memory");
}
static inline void insn_xsave(void *area, uint64_t mask)
{
    __asm__ volatile("xsave64 (%0)" ::"r"(area), "a"((uint32_t)mask), "d"((uint32_t)(mask >> 32))
                     : "memory");
}
static inline void insn_xrstor(const void *area, uint64_t mask)
{
    __asm__ volatile("xrstor64 (%0)" ::"r"(area), "a"((uint32_t)mask), "d"((uint32_t)(mask >> 32))
                     : "memory");
}
/* Table register images: 16-bit limit, 64-bit base. */
struct __attribute__((packed)) table_register {
    uint16_t limit;
    uint64_t base;
};
static inline void insn_lgdt(const struct table_register *r)
{
    __asm__ volatile("lgdt %0" ::"m"(*r) : "memory");
}
static inline void insn_lidt(const struct table_register *r)
{
    __asm__ volatile("lidt %0" ::"m"(*r) : "memory");
}
static inline void insn_ltr(uint16_t selector)
{
    __asm__ volatile("ltr %0" ::"r"(selector) : "memory");
}
static inline void insn_mfence_lfence(void)
{
    __asm__ volatile("mfence\n\tlfence" ::: "memory");
}

#endif
