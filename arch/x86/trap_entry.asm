; SPDX-License-Identifier: BSD-2-Clause
; Exception and interrupt entry: one stub per vector, all of which build a struct trap_frame
; (trap.h)
; and call trap_dispatch(). The direction flag is cleared; no segment or GS base is touched.

bits 64
default rel
section .text

extern trap_dispatch

%macro STUB 1
    align 16
    %if (%1 == 8) || (%1 >= 10 && %1 <= 14) || (%1 == 17) || (%1 == 21) || (%1 == 29) || (%1 == 30)
        ; the CPU pushes an error code (APM Vol. 2 8.2)
        push qword %1
    %else
        push qword 0
        push qword %1
    %endif
    jmp trap_common
%endmacro

; 256 stubs, 16 bytes apart.
global trap_stubs:function (trap_stubs.end - trap_stubs)
align 16
trap_stubs:
%assign vector 0
%rep 256
    STUB vector
    %assign vector vector + 1
%endrep
.end:

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
    mov rbp, rsp
    and rsp, -16
    call trap_dispatch
    mov rsp, rbp
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
