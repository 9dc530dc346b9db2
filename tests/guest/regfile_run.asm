; SPDX-License-Identifier: BSD-2-Clause
;
; regfile_run(), and the operations that registers.c runs by it. The offsets are those of struct
; regfile.

FILE_FLAGS   equ 15 * 8
FILE_OP      equ 16 * 8
FILE_AVX     equ 17 * 8
FILE_VECTORS equ 18 * 8
FILE_MXCSR   equ FILE_VECTORS + 16 * 32

section .text progbits alloc exec nowrite align=16
bits 64

; void regfile_run(struct regfile *file)
global regfile_run:function (regfile_run.end - regfile_run)
regfile_run:
    push rbx
    push rbp
    push r12
    push r13
    push r14
    push r15
    push rdi
    push qword [rdi + FILE_OP]
    ldmxcsr [rdi + FILE_MXCSR]
    cmp qword [rdi + FILE_AVX], 0
    je .load_sse
%assign i 0
%rep 16
    vmovdqu ymm%[i], [rdi + FILE_VECTORS + i * 32]
%assign i i + 1
%endrep
    jmp .load_general
.load_sse:
%assign i 0
%rep 16
    movdqu xmm%[i], [rdi + FILE_VECTORS + i * 32]
%assign i i + 1
%endrep
.load_general:
    push qword [rdi + FILE_FLAGS]
    mov rcx, [rdi + 8]
    mov rdx, [rdi + 16]
    mov rbx, [rdi + 24]
    mov rbp, [rdi + 32]
    mov rsi, [rdi + 40]
    mov rax, [rdi + 0]
    mov r8, [rdi + 56]
    mov r9, [rdi + 64]
    mov r10, [rdi + 72]
    mov r11, [rdi + 80]
    mov r12, [rdi + 88]
    mov r13, [rdi + 96]
    mov r14, [rdi + 104]
    mov r15, [rdi + 112]
    mov rdi, [rdi + 48]
    popfq
    call [rsp]
    pushfq
    push rdi
    mov rdi, [rsp + 24]
    mov [rdi + 0], rax
    mov [rdi + 8], rcx
    mov [rdi + 16], rdx
    mov [rdi + 24], rbx
    mov [rdi + 32], rbp
    mov [rdi + 40], rsi
    mov [rdi + 56], r8
    mov [rdi + 64], r9
    mov [rdi + 72], r10
    mov [rdi + 80], r11
    mov [rdi + 88], r12
    mov [rdi + 96], r13
    mov [rdi + 104], r14
    mov [rdi + 112], r15
    pop qword [rdi + 48]
    pop qword [rdi + FILE_FLAGS]
    stmxcsr [rdi + FILE_MXCSR]
    cmp qword [rdi + FILE_AVX], 0
    je .store_sse
%assign i 0
%rep 16
    vmovdqu [rdi + FILE_VECTORS + i * 32], ymm%[i]
%assign i i + 1
%endrep
    jmp .done
.store_sse:
%assign i 0
%rep 16
    movdqu [rdi + FILE_VECTORS + i * 32], xmm%[i]
%assign i i + 1
%endrep
.done:
    add rsp, 16
    pop r15
    pop r14
    pop r13
    pop r12
    pop rbp
    pop rbx
    cld
    ret
.end:

; void regfile_store_vectors(struct regfile *file): the SSE part and MXCSR, as they are.
global regfile_store_vectors:function (regfile_store_vectors.end - regfile_store_vectors)
regfile_store_vectors:
%assign i 0
%rep 16
    movdqu [rdi + FILE_VECTORS + i * 32], xmm%[i]
%assign i i + 1
%endrep
    stmxcsr [rdi + FILE_MXCSR]
    ret
.end:

; The operations: what they need is in the registers of the file.
extern hypercall_page
HYPERCALL_SLOT_SIZE equ 32
XEN_VERSION         equ 17
SCHED_OP            equ 29

global op_hypercall, op_yields, op_cpuid, op_in, op_out, op_rdmsr, op_wrmsr, op_halt, op_read
global op_read_32, op_write, op_wbinvd, op_write_cr4, op_xgetbv, op_xsetbv, op_avx
op_hypercall:
    call hypercall_page + XEN_VERSION * HYPERCALL_SLOT_SIZE
    ret
; 16 times SCHEDOP_yield (RDI is 0), through the page; RAX comes back as 0.
op_yields:
%rep 16
    call hypercall_page + SCHED_OP * HYPERCALL_SLOT_SIZE
%endrep
    ret
op_cpuid:
    cpuid
    ret
op_in:
    in al, dx
    ret
op_out:
    out dx, al
    ret
op_rdmsr:
    rdmsr
    ret
op_wrmsr:
    wrmsr
    ret
op_halt:
    sti
    hlt
    cli
    ret
op_read:
    mov rax, [rdi]
    ret
op_read_32:
    mov eax, [rdi]
    ret
op_write:
    mov [rdi], rax
    ret
op_wbinvd:
    wbinvd
    ret
op_write_cr4:
    mov cr4, rax
    ret
op_xgetbv:
    xgetbv
    ret
op_xsetbv:
    xsetbv
    ret
op_avx:
    vmovdqu ymm0, ymm0
    ret

section .note.GNU-stack noalloc noexec nowrite progbits
