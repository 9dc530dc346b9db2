; SPDX-License-Identifier: BSD-2-Clause
;
; The first code of a further vcpu: real mode, at the page that SIPI names, to long mode and
; smp_main(). smp.c copies it below 1 MiB and fills in the parameters; struct trampoline_parameters
; is their layout.

%include "guest-kernel/entry.inc"

extern smp_main

section .rodata progbits alloc noexec nowrite align=16
bits 16
global trampoline_start, trampoline_parameters, trampoline_end
trampoline_start:
    cli
    cld
    mov ax, cs
    mov ds, ax
    movzx ebx, ax
    shl ebx, 4                          ; EBX = address of this page.
    lea eax, [ebx + .gdt - trampoline_start]
    mov [.gdt_pointer - trampoline_start + 2], eax
    lea eax, [ebx + .long_mode - trampoline_start]
    mov [.far_pointer - trampoline_start], eax
    o32 lgdt [.gdt_pointer - trampoline_start]

    ; Straight from real mode to long mode (APM Vol. 2, 14.8, sets PG and PE in one write too).
    mov eax, cr4
    or eax, CR4_PAE
    mov cr4, eax
    mov eax, [.start_root - trampoline_start]
    mov cr3, eax
    mov ecx, MSR_EFER
    rdmsr
    or eax, EFER_LME | EFER_NXE
    wrmsr
    mov eax, cr0
    or eax, CR0_PG | CR0_WP | CR0_PE
    mov cr0, eax
    jmp dword far [.far_pointer - trampoline_start]

bits 64
.long_mode:
    mov eax, SEL_DATA
    mov ss, eax
    mov ds, eax
    mov es, eax
    mov rsp, [rel .stack]
    mov rsi, [rel .kernel_root]
    mov rdi, [rel .cpu]
    mov rax, trampoline_high
    jmp rax

align 8
.gdt:
    dq 0
    dq GDT_CODE64
    dq GDT_DATA
.gdt_pointer:
    dw 3 * 8 - 1
    dd 0
.far_pointer:
    dd 0
    dw SEL_CODE64
align 8
trampoline_parameters:
trampoline_start.start_root:
    dq 0
trampoline_start.kernel_root:
    dq 0
trampoline_start.stack:
    dq 0
trampoline_start.cpu:
    dq 0
trampoline_end:

section .text progbits alloc exec nowrite align=16
; RDI: vcpu number, RSI: root of the kernel's page tables.
global trampoline_high:function (trampoline_high.end - trampoline_high)
trampoline_high:
    mov cr3, rsi
    xor ebp, ebp
    call smp_main
    ud2
.end:

section .note.GNU-stack noalloc noexec nowrite progbits
