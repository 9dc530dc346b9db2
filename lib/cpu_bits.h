/* SPDX-License-Identifier: BSD-2-Clause */
/* Names of architectural bits and numbers that a CPU has, whatever the vendor: of the host and of
 * guests. */
#pragma once

#include <stdint.h>

/* APM Vol. 2 3.1.1, SDM Vol. 3A 2.5 */
#define CR0_PE (UINT64_C(1) << 0)
#define CR0_MP (UINT64_C(1) << 1)
#define CR0_EM (UINT64_C(1) << 2)
#define CR0_TS (UINT64_C(1) << 3)
#define CR0_ET (UINT64_C(1) << 4)
#define CR0_NE (UINT64_C(1) << 5)
#define CR0_WP (UINT64_C(1) << 16)
#define CR0_AM (UINT64_C(1) << 18)
#define CR0_NW (UINT64_C(1) << 29)
#define CR0_CD (UINT64_C(1) << 30)
#define CR0_PG (UINT64_C(1) << 31)

/* APM Vol. 2 3.1.3, SDM Vol. 3A 2.5 */
#define CR4_VME        (UINT64_C(1) << 0)
#define CR4_PVI        (UINT64_C(1) << 1)
#define CR4_TSD        (UINT64_C(1) << 2)
#define CR4_DE         (UINT64_C(1) << 3)
#define CR4_PSE        (UINT64_C(1) << 4)
#define CR4_PAE        (UINT64_C(1) << 5)
#define CR4_MCE        (UINT64_C(1) << 6)
#define CR4_PGE        (UINT64_C(1) << 7)
#define CR4_PCE        (UINT64_C(1) << 8)
#define CR4_OSFXSR     (UINT64_C(1) << 9)
#define CR4_OSXMMEXCPT (UINT64_C(1) << 10)
#define CR4_UMIP       (UINT64_C(1) << 11)
#define CR4_FSGSBASE   (UINT64_C(1) << 16)
#define CR4_PCIDE      (UINT64_C(1) << 17)
#define CR4_OSXSAVE    (UINT64_C(1) << 18)
#define CR4_SMEP       (UINT64_C(1) << 20)
#define CR4_SMAP       (UINT64_C(1) << 21)
#define CR4_PKE        (UINT64_C(1) << 22)

/* APM Vol. 2 3.1.7 */
#define EFER_SCE  (UINT64_C(1) << 0)
#define EFER_LME  (UINT64_C(1) << 8)
#define EFER_LMA  (UINT64_C(1) << 10)
#define EFER_NXE  (UINT64_C(1) << 11)
#define EFER_SVME (UINT64_C(1) << 12)

/* APM Vol. 2 3.1.6 */
#define RFLAGS_FIXED (UINT64_C(1) << 1) /* reads as one */
#define RFLAGS_TF    (UINT64_C(1) << 8)
#define RFLAGS_IF    (UINT64_C(1) << 9)
#define RFLAGS_RF    (UINT64_C(1) << 16)

#define DR6_BS  (UINT64_C(1) << 14) /* APM Vol. 2 13.1.1.3 */
#define CR8_MAX 15u

/* Exception vectors, APM Vol. 2 table 8-1; the rest are interrupts */
#define VECTOR_DB         1u
#define VECTOR_NMI        2u
#define VECTOR_BP         3u
#define VECTOR_OF         4u
#define VECTOR_UD         6u
#define VECTOR_GP         13u
#define VECTOR_AC         17u
#define EXCEPTION_VECTORS 32u

/* MSR numbers, APM Vol. 2 A.1 and SDM Vol. 4 2.1 */
#define MSR_TSC            0x00000010u
#define MSR_APIC_BASE      0x0000001bu
#define MSR_PRED_CMD       0x00000049u
#define MSR_PATCH_LEVEL    0x0000008bu
#define MSR_MTRR_CAP       0x000000feu
#define MSR_SYSENTER_CS    0x00000174u
#define MSR_SYSENTER_ESP   0x00000175u
#define MSR_SYSENTER_EIP   0x00000176u
#define MSR_MCG_CAP        0x00000179u
#define MSR_MCG_STATUS     0x0000017au
#define MSR_MISC_ENABLE    0x000001a0u
#define MSR_DEBUGCTL       0x000001d9u
#define MSR_MTRR_VAR_FIRST 0x00000200u
#define MSR_MTRR_VAR_LAST  0x0000020fu
#define MSR_MTRR_FIX64K    0x00000250u
#define MSR_MTRR_FIX16K_80 0x00000258u
#define MSR_MTRR_FIX16K_A0 0x00000259u
#define MSR_MTRR_FIX4K     0x00000268u
#define MSR_MTRR_FIX4K_END 0x0000026fu
#define MSR_PAT            0x00000277u
#define MSR_MTRR_DEF_TYPE  0x000002ffu
#define MSR_TSC_DEADLINE   0x000006e0u
#define MSR_X2APIC_FIRST   0x00000800u
#define MSR_X2APIC_LAST    0x0000083fu
#define MSR_EFER           0xc0000080u
#define MSR_STAR           0xc0000081u
#define MSR_LSTAR          0xc0000082u
#define MSR_CSTAR          0xc0000083u
#define MSR_SFMASK         0xc0000084u
#define MSR_FS_BASE        0xc0000100u
#define MSR_GS_BASE        0xc0000101u
#define MSR_KERNEL_GS_BASE 0xc0000102u
#define MSR_TSC_AUX        0xc0000103u
#define MSR_K7_EVNTSEL0    0xc0010000u
#define MSR_K7_PERFCTR3    0xc0010007u
#define MSR_SYSCFG         0xc0010010u
#define MSR_HWCR           0xc0010015u
#define MSR_NB_CFG         0xc001001fu
#define MSR_INT_PENDING    0xc0010055u
#define MSR_VM_CR          0xc0010114u
#define MSR_VM_HSAVE_PA    0xc0010117u
#define MSR_FP_CFG         0xc0011028u
#define MSR_DE_CFG         0xc0011029u

#define PRED_CMD_IBPB UINT64_C(1) /* forget branch targets, APM Vol. 2 3.2.9 */

/* PAT after reset: WB WT UC- UC, twice (APM Vol. 2 7.8.2) */
#define PAT_RESET UINT64_C(0x0007040600070406)

/* XCR0 components, APM Vol. 2 11.5.2 and SDM Vol. 1 13.1 */
#define XCR0_X87     (UINT64_C(1) << 0)
#define XCR0_SSE     (UINT64_C(1) << 1)
#define XCR0_AVX     (UINT64_C(1) << 2)
#define XCR0_AVX512  (UINT64_C(7) << 5) /* opmask, ZMM upper halves, ZMM16 to 31 */
#define XCR0_PKRU    (UINT64_C(1) << 9)
#define XSAVE_LEGACY 512u /* bytes before the header */
#define XSAVE_HEADER 64u
#define MXCSR_RESET  0x1f80u
#define MXCSR_KNOWN  0xffffu /* SDM Vol. 1 10.2.3; AMD's bit 17 is not shown to guests */
#define FCW_RESET    0x037fu
