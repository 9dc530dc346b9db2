; SPDX-License-Identifier: BSD-2-Clause
;
; The measured sequences of bench.c, in assembly so that no compiler changes what stands between the
; two RDTSC. The first RDTSC is followed by the three instructions that keep its value.

section .text progbits alloc exec nowrite align=16
bits 64

extern hypercall_page
HYPERCALL_SLOT_SHIFT equ 5

%macro first_stamp 0
    rdtsc
    shl rdx, 32
    or rax, rdx
    mov r9, rax
%endmacro

; Returns the ticks since first_stamp in RAX.
%macro last_stamp 0
    rdtsc
    shl rdx, 32
    or rax, rdx
    sub rax, r9
%endmacro

; uint64_t bench_port(uint16_t port)
global bench_port:function (bench_port.end - bench_port)
bench_port:
    first_stamp
    mov edx, edi
    in al, dx
    last_stamp
    ret
.end:

; uint64_t bench_cpuid(uint32_t leaf)
global bench_cpuid:function (bench_cpuid.end - bench_cpuid)
bench_cpuid:
    push rbx
    first_stamp
    mov eax, edi
    xor ecx, ecx
    cpuid
    last_stamp
    pop rbx
    ret
.end:

; uint64_t bench_hypercall(const struct bench_call *call): the arguments are loaded, and the slot
; found, within the measured part. The result goes to call->result.
global bench_hypercall:function (bench_hypercall.end - bench_hypercall)
bench_hypercall:
    push rbx
    push rbp
    mov rbx, rdi
    first_stamp
    mov rax, [rbx]
    mov rdi, [rbx + 8]
    mov rsi, [rbx + 16]
    mov rdx, [rbx + 24]
    mov r10, [rbx + 32]
    mov r8, [rbx + 40]
    shl rax, HYPERCALL_SLOT_SHIFT
    lea rcx, [rel hypercall_page]
    add rax, rcx
    call rax
    mov [rbx + 48], rax
    last_stamp
    pop rbp
    pop rbx
    ret
.end:

section .note.GNU-stack noalloc noexec nowrite progbits
