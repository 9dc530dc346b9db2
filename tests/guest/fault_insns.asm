; SPDX-License-Identifier: BSD-2-Clause
;
; One function for each instruction that exceptions.c runs; those that raise nothing return.

section .text progbits alloc exec nowrite align=16
bits 64

SEL_TSS       equ 0x30
CR0_PE        equ 1
RFLAGS_TF     equ 1 << 8

global fault_divide, fault_breakpoint, fault_vmrun, fault_vmxon, fault_monitor, fault_step
global fault_bad_segment, fault_far_segment, fault_interrupt, fault_cr0, fault_xcr0

fault_divide:
    xor ecx, ecx
    mov eax, 1
    cdq
    div ecx
    ret
fault_breakpoint:
    int3
    ret
fault_vmrun:
    mov eax, 0x1000
    vmrun
    ret
fault_vmxon:
    push qword 0
    vmxon [rsp]
    pop rax
    ret
fault_monitor:
    mov rax, rsp
    xor ecx, ecx
    xor edx, edx
    monitor
    ret
fault_step:
    pushfq
    or qword [rsp], RFLAGS_TF
    popfq
    nop
    nop
    ret
fault_bad_segment:
    mov eax, SEL_TSS
    mov ds, eax
    ret
fault_far_segment:
    mov eax, 0x1230
    mov ds, eax
    ret
fault_interrupt:
    int 0x80
    ret
fault_cr0:
    mov rax, cr0
    and eax, ~CR0_PE
    mov cr0, rax
    ret
fault_xcr0:
    mov rax, cr4
    or eax, 1 << 18
    mov cr4, rax
    xor ecx, ecx
    xor eax, eax
    xor edx, edx
    xsetbv
    ret

section .note.GNU-stack noalloc noexec nowrite progbits
