; SPDX-License-Identifier: BSD-2-Clause
;
; The four kinds of instruction that may touch the APIC page (MOV r32,m32; MOV m32,r32;
; MOV m32,imm32; XCHG r32,m32), in several addressing forms. RDI: the page, RSI: the offset, EDX: a
; value.

section .text progbits alloc exec nowrite align=16
bits 64

APIC_VERSION    equ 0x30
IMMEDIATE_VALUE equ 0x30

global lapic_load, lapic_load_indexed, lapic_load_r15, lapic_load_stack_base, lapic_load_displaced
global lapic_store, lapic_store_indexed, lapic_store_immediate, lapic_exchange

lapic_load:
    lea rcx, [rdi + rsi]
    mov eax, [rcx]
    ret
lapic_load_indexed:
    shr rsi, 2
    mov eax, [rdi + rsi * 4]
    ret
lapic_load_r15:
    push r15
    push r14
    lea r14, [rdi + rsi]
    mov r15d, [r14]
    mov eax, r15d
    pop r14
    pop r15
    ret
; R12 as base needs a SIB byte; R9 as index a REX.X.
lapic_load_stack_base:
    push r12
    mov r12, rdi
    mov r9, rsi
    mov eax, [r12 + r9]
    pop r12
    ret
lapic_load_displaced:
    lea rcx, [rdi - 0x1000]
    mov eax, [rcx + 0x1000 + APIC_VERSION]
    ret
lapic_store:
    lea rcx, [rdi + rsi]
    mov [rcx], edx
    ret
lapic_store_indexed:
    mov r10, rsi
    mov [rdi + r10], edx
    ret
lapic_store_immediate:
    mov dword [rdi + rsi], IMMEDIATE_VALUE
    ret
lapic_exchange:
    mov eax, edx
    xchg [rdi + rsi], eax
    ret

section .note.GNU-stack noalloc noexec nowrite progbits
