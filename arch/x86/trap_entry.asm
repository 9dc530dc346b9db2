; SPDX-License-Identifier: BSD-2-Clause
; Exception and interrupt entry: one stub per vector, all of which build a struct trap_frame of
; trap.h and call trap_dispatch(). The direction flag is cleared; no segment or GS base is touched.

bits 64
default rel
section .text

extern trap_dispatch

; Exceptions for which the CPU pushes an error code (APM Vol. 2 8.2).
ERROR_CODES equ 1 << 8 | 1 << 10 | 1 << 11 | 1 << 12 | 1 << 13 | 1 << 14 | 1 << 17 | 1 << 21 \
                | 1 << 29 | 1 << 30

%macro push_each 1-*
    %rep %0
        push %1
        %rotate 1
    %endrep
%endmacro
%macro pop_each_back 1-*
    %rep %0
        %rotate -1
        pop %1
    %endrep
%endmacro
%define GENERAL rax, rcx, rdx, rbx, rbp, rsi, rdi, r8, r9, r10, r11, r12, r13, r14, r15

; 256 stubs of 5 bytes (TRAP_STUB_SIZE of trap.c). Which one it was shows in the address that its
; CALL pushes: into the frame's word for the vector, or above it.
global trap_stubs:function (trap_stubs.end - trap_stubs)
trap_stubs:
%assign vector 0
%rep 256
    %if vector < 32 && (ERROR_CODES >> vector & 1)
        call trap_with_error
    %else
        call trap_without_error
    %endif
    %assign vector vector + 1
%endrep
.end:

trap_without_error:
    push qword [rsp]
    mov qword [rsp + 8], 0
trap_with_error:
    push_each GENERAL
    cld
    mov rdi, rsp
    mov rbp, rsp
    and rsp, -16
    call trap_dispatch
    mov rsp, rbp
    pop_each_back GENERAL
    add rsp, 16
    iretq

; void cpu_switch_stack(uint64_t root, uint64_t stack_top, void (*go)(void))
; Leaves the caller's tables and stack for good.
global cpu_switch_stack:function (cpu_switch_stack.end - cpu_switch_stack)
cpu_switch_stack:
    mov cr3, rdi
    mov rsp, rsi
    xor ebp, ebp
    push rbp
    push rbp
    jmp rdx
.end:

; void cpu_load_segments(void): CS 0x08, SS DS ES 0x10, FS GS null
global cpu_load_segments:function (cpu_load_segments.end - cpu_load_segments)
cpu_load_segments:
    pop rax
    push qword 0x08
    push rax
    mov eax, 0x10
    mov ss, eax
    mov ds, eax
    mov es, eax
    xor eax, eax
    mov fs, eax
    mov gs, eax
    retfq
.end:

section .note.GNU-stack noalloc noexec nowrite progbits
