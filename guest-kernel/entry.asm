; SPDX-License-Identifier: BSD-2-Clause
;
; The PVH entry: 32-bit protected mode without paging to C in long mode. It finds the image's
; physical address, fills boot_tables (below), and calls guest_main(start info, image address).
; The machine state at entry is in Xen's docs/misc/pvh.markdown and start_info.h.

%include "guest-kernel/entry.inc"

extern guest_main
extern entry_text_size, entry_rodata_size, entry_image_size, entry_tables_offset
extern pvh_entry_paddr

; boot_tables, by page: the map with which every CPU starts. The first root holds the identity map
; too, for the step into long mode; the second one is the kernel's.
ROOT_START    equ 0 * PAGE_SIZE
ROOT_KERNEL   equ 1 * PAGE_SIZE
PDPT_DIRECT   equ 2 * PAGE_SIZE
PD_DIRECT     equ 3 * PAGE_SIZE         ; four pages: 4 GiB by 2 MiB
PDPT_IMAGE    equ 7 * PAGE_SIZE
PD_IMAGE      equ 8 * PAGE_SIZE
PT_IMAGE      equ 9 * PAGE_SIZE         ; four pages: 8 MiB by 4 KiB
TABLES_SIZE   equ 13 * PAGE_SIZE
STACK_SIZE    equ 5 * PAGE_SIZE         ; The lowest page is the guard.

section .text.entry progbits alloc exec nowrite align=16
bits 32

global pvh_entry:function (pvh_entry.end - pvh_entry)
pvh_entry:
    cld
    mov ecx, [ebx]                      ; The first word of the start info serves as the stack
    lea esp, [ebx + 4]                  ; of the one call that tells where this code is.
    call .here
.here:
    pop ebp
    mov [ebx], ecx
    sub ebp, .here - pvh_entry          ; EBP = physical address of the image.
    mov esi, entry_tables_offset
    add esi, ebp                        ; ESI = physical address of boot_tables.
    lea esp, [esi + TABLES_SIZE + STACK_SIZE]

    ; Four page directories of 2 MiB pages; their no-execute bit is in the root entry.
    lea edi, [esi + PD_DIRECT]
    mov eax, PTE_PRESENT | PTE_WRITE | PTE_LARGE
    mov ecx, 4 * 512
.large_page:
    mov [edi], eax
    add edi, 8
    add eax, 0x200000
    loop .large_page

    lea edi, [esi + PDPT_DIRECT]
    lea eax, [esi + PD_DIRECT + PTE_TABLE]
    mov ecx, 4
    call .fill_tables

    ; The image, page by page: text is executable, the rest is not; data is writable.
    lea edi, [esi + PT_IMAGE]
    xor ecx, ecx
.page:
    lea eax, [ebp + ecx + PTE_PRESENT]
    xor edx, edx
    cmp ecx, entry_text_size
    jb .store
    mov edx, PTE_NX_HIGH
    cmp ecx, entry_rodata_size
    jb .store
    or eax, PTE_WRITE
.store:
    mov [edi], eax
    mov [edi + 4], edx
    add edi, 8
    add ecx, PAGE_SIZE
    cmp ecx, entry_image_size
    jb .page

    lea edi, [esi + PD_IMAGE]
    lea eax, [esi + PT_IMAGE + PTE_TABLE]
    mov ecx, 4
    call .fill_tables
    lea eax, [esi + PD_IMAGE + PTE_TABLE]
    mov [esi + PDPT_IMAGE + 510 * 8], eax

    lea eax, [esi + PDPT_DIRECT + PTE_TABLE]
    mov [esi + ROOT_START], eax
    mov [esi + ROOT_START + ROOT_DIRECT * 8], eax
    mov [esi + ROOT_KERNEL + ROOT_DIRECT * 8], eax
    mov dword [esi + ROOT_START + ROOT_DIRECT * 8 + 4], PTE_NX_HIGH
    mov dword [esi + ROOT_KERNEL + ROOT_DIRECT * 8 + 4], PTE_NX_HIGH
    lea eax, [esi + PDPT_IMAGE + PTE_TABLE]
    mov [esi + ROOT_START + 511 * 8], eax
    mov [esi + ROOT_KERNEL + 511 * 8], eax

    ; The descriptor and the far pointer are built on the first page of boot_tables that the
    ; processor does not read (entries 1 to 3 of the starting root stay free).
    lea eax, [ebp + boot_gdt - pvh_entry]
    mov word [esi + 8], boot_gdt.end - boot_gdt - 1
    mov [esi + 10], eax
    lgdt [esi + 8]
    lea eax, [ebp + .long_mode - pvh_entry]
    mov [esi + 8], eax
    mov word [esi + 12], SEL_CODE64

    mov eax, cr4
    or eax, CR4_PAE
    mov cr4, eax
    mov cr3, esi
    mov ecx, MSR_EFER
    rdmsr
    or eax, EFER_LME | EFER_NXE
    wrmsr
    mov eax, cr0
    or eax, CR0_PG | CR0_WP | CR0_PE
    mov cr0, eax
    jmp far [esi + 8]

; EDI: first entry, EAX: first table with its bits, ECX: count of entries. Tables lie in a row.
.fill_tables:
    mov [edi], eax
    add edi, 8
    add eax, PAGE_SIZE
    loop .fill_tables
    ret

bits 64
.long_mode:
    mov rax, .high
    jmp rax
.high:
    mov eax, SEL_DATA
    mov ds, eax
    mov es, eax
    mov ss, eax
    xor eax, eax
    mov fs, eax
    mov gs, eax
    mov rsp, boot_stack_end
    lea rax, [rel boot_tables]
    mov qword [rax + 8], 0
    mov esi, esi
    lea rax, [rsi + ROOT_KERNEL]
    mov cr3, rax
    mov rax, gdt_pointer
    lgdt [rax]
    mov edi, ebx
    mov esi, ebp
    xor ebp, ebp
    call guest_main
.stop:
    cli
    hlt
    jmp .stop
.end:

align 8
global boot_gdt
boot_gdt:
    dq 0
    dq GDT_CODE64
    dq GDT_DATA
    dq GDT_CODE32
.end:
gdt_pointer:
    dw boot_gdt.end - boot_gdt - 1
    dq boot_gdt

section .note.pvh note alloc noexec nowrite align=4
    dd 4, 4, 18                         ; name size, value size, XEN_ELFNOTE_PHYS32_ENTRY
    db "Xen", 0
    dd pvh_entry_paddr
    dd 4, 12, 19                        ; XEN_ELFNOTE_PHYS32_RELOC of Xen 4.20's elfnote.h:
    db "Xen", 0
    dd 0x200000, 0, 0xffffffff          ; alignment, lowest and highest address it may move to

section .bss.pages nobits alloc noexec write align=4096
global boot_tables
boot_tables:
    resb TABLES_SIZE
global boot_stack_guard, boot_stack_end
boot_stack_guard:                       ; Unmapped by memory.c.
    resb STACK_SIZE
boot_stack_end:

section .note.GNU-stack noalloc noexec nowrite progbits
