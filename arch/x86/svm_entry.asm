; SPDX-License-Identifier: BSD-2-Clause
; Enters AMD-V guests, for good: each exit goes to svm_exit(), and what that leaves loaded is
; entered next. The general registers and the addresses of the two control blocks lie in struct
; vcpu_private, at its fixed address. Between CLGI and STGI nothing can interrupt, not even an NMI:
; FS, GS, TR and LDTR are the guest's from VMLOAD until the second VMLOAD, and an interrupt stack
; entry would take its stack from the guest's TR (design decision 13).

bits 64
default abs

extern svm_exit

; struct guest_regs at VCPU_PRIVATE_VA (virt.h): gpr[16] in ModRM order. RAX and RSP are the VMCB's.
REGS    equ 0xffffffffc0200000
CONTROL_AT equ 184
HOST_AT equ 192

section .text

; void svm_enter(void), which does not return
global svm_enter:function (svm_enter.end - svm_enter)
svm_enter:
        and rsp, -16                    ; as at every call
        mov rax, REGS
        mov rax, [rax + HOST_AT]
        vmsave                          ; what the VMLOAD after an exit brings back
.next:
        mov rax, REGS
        mov rcx, [rax + 1 * 8]
        mov rdx, [rax + 2 * 8]
        mov rbx, [rax + 3 * 8]
        mov rbp, [rax + 5 * 8]
        mov rsi, [rax + 6 * 8]
        mov rdi, [rax + 7 * 8]
        mov r8, [rax + 8 * 8]
        mov r9, [rax + 9 * 8]
        mov r10, [rax + 10 * 8]
        mov r11, [rax + 11 * 8]
        mov r12, [rax + 12 * 8]
        mov r13, [rax + 13 * 8]
        mov r14, [rax + 14 * 8]
        mov r15, [rax + 15 * 8]
        mov rax, [rax + CONTROL_AT]

        ; IF is set while GIF is clear: V_INTR_MASKING takes the IF at VMRUN as the mask of
        ; physical interrupts (APM Vol. 2 15.21.1).
        clgi
        sti
        vmload
        vmrun
        vmsave                          ; VMEXIT restored RAX: the guest's VMCB

        mov rax, REGS
        mov [rax + 1 * 8], rcx
        mov [rax + 2 * 8], rdx
        mov [rax + 3 * 8], rbx
        mov [rax + 5 * 8], rbp
        mov [rax + 6 * 8], rsi
        mov [rax + 7 * 8], rdi
        mov [rax + 8 * 8], r8
        mov [rax + 9 * 8], r9
        mov [rax + 10 * 8], r10
        mov [rax + 11 * 8], r11
        mov [rax + 12 * 8], r12
        mov [rax + 13 * 8], r13
        mov [rax + 14 * 8], r14
        mov [rax + 15 * 8], r15
        mov rax, [rax + HOST_AT]
        vmload
        cli
        stgi

        call svm_exit
        jmp .next
.end:

section .note.GNU-stack noalloc noexec nowrite progbits
