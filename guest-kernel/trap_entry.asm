; SPDX-License-Identifier: BSD-2-Clause
;
; Trap and interrupt entry: a stub of TRAP_STUB_SIZE bytes for each vector, the common part that
; saves struct trap_frame, and trap_expect(). The GS base is the kernel's at every privilege, so
; there is no SWAPGS.

%include "guest-kernel/entry.inc"

extern traps_dispatch, trap_handlers

TRAP_STUB_SIZE equ 16
; Exceptions that push an error code (APM Vol. 2, table 8-1).
ERROR_CODES    equ (1 << 8) | (1 << 10) | (1 << 11) | (1 << 12) | (1 << 13) | (1 << 14) \
                   | (1 << 17) | (1 << 21) | (1 << 29) | (1 << 30)

; Offsets in struct cpu; traps.c asserts them.
CPU_EXPECT_RSP    equ 16
CPU_EXPECT_RFLAGS equ 24
CPU_EXPECT_RECORD equ 32

section .text progbits alloc exec nowrite align=16
bits 64

global trap_stubs:function (trap_stubs.end - trap_stubs)
align TRAP_STUB_SIZE
trap_stubs:
%assign vector 0
%rep 256
    align TRAP_STUB_SIZE, int3
%if vector > 31 || ((ERROR_CODES >> vector) & 1) == 0
    push qword 0
%endif
    push qword vector
%if vector > 31
    jmp near interrupt_common
%else
    jmp near trap_common
%endif
%assign vector vector + 1
%endrep
    align TRAP_STUB_SIZE, int3
.end:

; An interrupt, that nothing but its handler sees: what a C function keeps needs no saving.
interrupt_common:
    push rax
    mov rax, [rsp + 8]
    mov rax, [trap_handlers + rax * 8]
    test rax, rax
    jz .nobody
    push rcx
    push rdx
    push rsi
    push rdi
    push r8
    push r9
    push r10
    push r11
    cld
    call rax
    pop r11
    pop r10
    pop r9
    pop r8
    pop rdi
    pop rsi
    pop rdx
    pop rcx
    pop rax
    add rsp, 16
    iretq
.nobody:
    pop rax

trap_common:
    push rax
    push rcx
    push rdx
    push rbx
    push rbp
    push rsi
    push rdi
    push r8
    push r9
    push r10
    push r11
    push r12
    push r13
    push r14
    push r15
    cld
    mov rdi, rsp
    call traps_dispatch
    pop r15
    pop r14
    pop r13
    pop r12
    pop r11
    pop r10
    pop r9
    pop r8
    pop rdi
    pop rsi
    pop rbp
    pop rbx
    pop rdx
    pop rcx
    pop rax
    add rsp, 16
    iretq

; int trap_expect(void (*run)(void *), void *arg, struct trap_record *record)
global trap_expect:function (trap_expect.end - trap_expect)
trap_expect:
    push rbx
    push rbp
    push r12
    push r13
    push r14
    push r15
    sub rsp, 8
    mov rax, [gs:0]
    mov [rax + CPU_EXPECT_RECORD], rdx
    pushfq
    pop rcx
    mov [rax + CPU_EXPECT_RFLAGS], rcx
    mov [rax + CPU_EXPECT_RSP], rsp
    mov rax, rdi
    mov rdi, rsi
    call rax
    mov eax, -1
; traps_dispatch() comes here after a trap, with the saved stack pointer and the vector in RAX.
global trap_expect_caught
trap_expect_caught:
    mov rcx, [gs:0]
    mov qword [rcx + CPU_EXPECT_RSP], 0
    add rsp, 8
    pop r15
    pop r14
    pop r13
    pop r12
    pop rbp
    pop rbx
    ret
trap_expect.end:

section .note.GNU-stack noalloc noexec nowrite progbits
