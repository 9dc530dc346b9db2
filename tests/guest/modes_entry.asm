; SPDX-License-Identifier: BSD-2-Clause
;
; Code that modes.c copies to pages below 4 GiB: a hypercall from compatibility mode and one from
; privilege 3. The addresses and offsets are those of modes.c.

section .text progbits alloc exec nowrite align=16

SEL_CODE32      equ 0x18
SEL_CODE64      equ 0x08
SEL_USER_CODE64 equ 0x23
SEL_USER_DATA   equ 0x2b
RFLAGS_FIXED    equ 2

COMPAT_CODE     equ 0x10000000
COMPAT_STACK    equ 0x10002000          ; Its upper end.

; void compat_code(struct compat_registers *registers): runs at COMPAT_CODE. The structure, below
; 4 GiB, holds EAX, EBX, ECX, EDX, ESI, EDI.
global compat_code, compat_code_insn, compat_code_end
compat_code:
bits 64
    push rbx
    push rbp
    push r12
    push r13
    push r14
    push r15
    mov [rel .saved_rsp], rsp
    mov esp, COMPAT_STACK
    push rdi
    push qword SEL_CODE32
    push qword COMPAT_CODE + (.code32 - compat_code)
    o64 retf
bits 32
.code32:
    mov ebp, [esp]
    mov eax, [ebp]
    mov ebx, [ebp + 4]
    mov ecx, [ebp + 8]
    mov edx, [ebp + 12]
    mov esi, [ebp + 16]
    mov edi, [ebp + 20]
compat_code_insn:
    vmmcall                             ; modes.c writes the vendor's instruction here.
    mov ebp, [esp]
    mov [ebp], eax
    mov [ebp + 4], ebx
    mov [ebp + 8], ecx
    mov [ebp + 12], edx
    mov [ebp + 16], esi
    mov [ebp + 20], edi
    jmp SEL_CODE64:COMPAT_CODE + (compat_code.code64 - compat_code)
bits 64
compat_code.code64:
    mov rsp, [rel compat_code.saved_rsp]
    pop r15
    pop r14
    pop r13
    pop r12
    pop rbp
    pop rbx
    ret
align 8
compat_code.saved_rsp:
    dq 0
compat_code_end:

; Runs at privilege 3; RAX and the arguments are set. The UD2 brings the result back.
global user_code, user_code_end
user_code:
    vmmcall                             ; modes.c writes the vendor's instruction here.
    ud2
user_code_end:

; void user_enter(const struct user_registers *registers): goes to privilege 3. The structure holds
; RAX, RDI, RSI, RDX, RIP, RSP. Comes back by a trap only.
global user_enter:function (user_enter.end - user_enter)
user_enter:
    push qword SEL_USER_DATA
    push qword [rdi + 40]
    push qword RFLAGS_FIXED
    push qword SEL_USER_CODE64
    push qword [rdi + 32]
    mov rax, [rdi]
    mov rsi, [rdi + 16]
    mov rdx, [rdi + 24]
    mov rdi, [rdi + 8]
    iretq
.end:

section .note.GNU-stack noalloc noexec nowrite progbits
