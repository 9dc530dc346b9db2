; SPDX-License-Identifier: BSD-2-Clause
;
; What protected_mode.c runs on its 32-bit vcpus, at any address: it works off a list of hypercalls
; and halts. EBX: the list, struct request; ESP: a stack; EAX, ECX, EDX: CR0, CR3, CR4, whose page
; tables map it at its own address.

REQUEST_SIZE   equ 36
REQUEST_RESULT equ 24
REQUEST_TARGET equ 28
REQUEST_DONE   equ 32
LIST_END       equ 0xffffffff

section .rodata progbits alloc noexec nowrite align=16
bits 32
global protected_code, protected_code_insn, protected_code_end
protected_code:
    mov cr4, edx
    mov cr3, ecx
    mov cr0, eax
    mov ebp, ebx
.next:
    cmp dword [ebp], LIST_END
    je .end
    mov eax, [ebp]
    mov ebx, [ebp + 4]
    mov ecx, [ebp + 8]
    mov edx, [ebp + 12]
    mov esi, [ebp + 16]
    mov edi, [ebp + 20]
    cmp dword [ebp + REQUEST_TARGET], 0
    jne .by_page
protected_code_insn:
    vmmcall                             ; protected_mode.c writes the vendor's instruction here.
    jmp protected_code.called
protected_code.by_page:
    call [ebp + REQUEST_TARGET]
protected_code.called:
    mov [ebp + REQUEST_RESULT], eax
    mov dword [ebp + REQUEST_DONE], 1
    add ebp, REQUEST_SIZE
    jmp protected_code.next
protected_code.end:
    mov dword [ebp + REQUEST_DONE], 1
.halt:
    cli
    hlt
    jmp .halt
protected_code_end:

section .note.GNU-stack noalloc noexec nowrite progbits
