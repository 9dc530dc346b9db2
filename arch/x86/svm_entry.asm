; SPDX-License-Identifier: BSD-2-Clause
; Enters an AMD-V guest and comes back. The general registers and the addresses of the two control
; blocks lie in struct vcpu_private, at its fixed address. Between CLGI and STGI nothing can
; interrupt, not even an NMI: FS, GS, TR and LDTR are the guest's from VMLOAD until the second
; VMLOAD, and an interrupt stack entry would take its stack from the guest's TR (design decision
; 13).

bits 64
default abs

; struct guest_regs at VCPU_PRIVATE_VA (virt.h): gpr[16] in ModRM order.
REGS    equ 0xffffff8000010000
RCX_AT  equ 1 * 8
RDX_AT  equ 2 * 8
RBX_AT  equ 3 * 8
RBP_AT  equ 5 * 8
RSI_AT  equ 6 * 8
RDI_AT  equ 7 * 8
R8_AT   equ 8 * 8
R9_AT   equ 9 * 8
R10_AT  equ 10 * 8
R11_AT  equ 11 * 8
R12_AT  equ 12 * 8
R13_AT  equ 13 * 8
R14_AT  equ 14 * 8
R15_AT  equ 15 * 8
CONTROL_AT equ 184
HOST_AT equ 192

section .text

; void svm_enter(void)
global svm_enter:function (svm_enter.end - svm_enter)
svm_enter:
        push rbp
        mov rbp, rsp
        push rbx
        push r12
        push r13
        push r14
        push r15

        mov rax, REGS
        mov rcx, [rax + RCX_AT]
        mov rdx, [rax + RDX_AT]
        mov rbx, [rax + RBX_AT]
        mov rbp, [rax + RBP_AT]
        mov rsi, [rax + RSI_AT]
        mov rdi, [rax + RDI_AT]
        mov r8, [rax + R8_AT]
        mov r9, [rax + R9_AT]
        mov r10, [rax + R10_AT]
        mov r11, [rax + R11_AT]
        mov r12, [rax + R12_AT]
        mov r13, [rax + R13_AT]
        mov r14, [rax + R14_AT]
        mov r15, [rax + R15_AT]
        mov rax, [rax + CONTROL_AT]

        ; IF is set while GIF is clear: V_INTR_MASKING takes the IF at VMRUN as the mask of
        ; physical interrupts (APM Vol. 2 15.21.1).
        clgi
        sti
        vmload
        vmrun
        vmsave                          ; VMEXIT restored RAX: the guest's VMCB

        mov rax, REGS
        mov [rax + RCX_AT], rcx
        mov [rax + RDX_AT], rdx
        mov [rax + RBX_AT], rbx
        mov [rax + RBP_AT], rbp
        mov [rax + RSI_AT], rsi
        mov [rax + RDI_AT], rdi
        mov [rax + R8_AT], r8
        mov [rax + R9_AT], r9
        mov [rax + R10_AT], r10
        mov [rax + R11_AT], r11
        mov [rax + R12_AT], r12
        mov [rax + R13_AT], r13
        mov [rax + R14_AT], r14
        mov [rax + R15_AT], r15
        mov rax, [rax + HOST_AT]
        vmload
        cli
        stgi

        pop r15
        pop r14
        pop r13
        pop r12
        pop rbx
        pop rbp
        ret
.end:

; void svm_save_host(uint64_t host_vmcb): VMSAVE of the host's state, for svm_enter.
global svm_save_host:function (svm_save_host.end - svm_save_host)
svm_save_host:
        mov rax, rdi
        vmsave
        ret
.end:

section .note.GNU-stack noalloc noexec nowrite progbits
