; SPDX-License-Identifier: BSD-2-Clause
; The first instructions of every CPU but the first. smp.c copies trampoline_start ..
; trampoline_end to a
; page below 1 MiB and fills in the words at its end; a start-up IPI enters it in real mode with
; CS = page << 8.
; It goes to long mode on the start-up tables, then to the CPU's own tables and stack.

%define CR0_PE_WP_PG   0x80010001   ; APM Vol. 2 3.1.1
%define CR4_PAE        0x20         ; APM Vol. 2 3.1.3
%define MSR_EFER       0xc0000080
%define EFER_LME_NXE   0x900        ; APM Vol. 2 3.1.7

section .rodata.trampoline progbits alloc noexec nowrite align=16
global trampoline_start, trampoline_end, trampoline_words

bits 16
trampoline_start:
    cli
    cld
    mov ax, cs
    mov ds, ax
    movzx ebx, ax
    shl ebx, 4                       ; where this page lies
    lea eax, [ebx + gdt - trampoline_start]
    mov [gdt_base - trampoline_start], eax
    lea eax, [ebx + long_mode - trampoline_start]
    mov [far_target - trampoline_start], eax
    o32 lgdt [gdt_limit - trampoline_start]
    mov eax, CR4_PAE
    mov cr4, eax
    mov eax, [startup_root - trampoline_start]
    mov cr3, eax
    mov ecx, MSR_EFER
    mov eax, EFER_LME_NXE
    xor edx, edx
    wrmsr
    mov eax, CR0_PE_WP_PG
    mov cr0, eax
    o32 jmp far [far_target - trampoline_start]

bits 64
long_mode:
    mov eax, 0x10
    mov ss, eax
    mov ds, eax
    mov es, eax
    mov ecx, ebx
    mov rax, [rcx + entry - trampoline_start]
    mov rdi, [rcx + root - trampoline_start]
    mov rsi, [rcx + stack - trampoline_start]
    mov rdx, [rcx + go - trampoline_start]
    jmp rax                          ; cpu_switch_stack(root, stack, go)

align 8
gdt:
    dq 0
    dq 0x00af9b000000ffff            ; 64-bit code
    dq 0x00cf93000000ffff            ; data
gdt_limit:
    dw 23
gdt_base:
    dd 0
    align 8
far_target:
    dd 0
    dw 0x08
    align 8
; struct trampoline_words of smp.c
trampoline_words:
startup_root: dq 0
entry:        dq 0
root:         dq 0
stack:        dq 0
go:           dq 0
trampoline_end:

section .note.GNU-stack noalloc noexec nowrite progbits
