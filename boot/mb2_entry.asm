; SPDX-License-Identifier: BSD-2-Clause
; The two ways into the image: the multiboot2 entry (32-bit, no paging) and _start64, where the UEFI
; loader jumps to. Both meet in 32-bit mode without paging, so that whatever page tables, GDT and
; CR4 the firmware left (five-level paging, PCID) play no part. There the early page tables are
; built: the first 4 GiB identity mapped, and the image's link address where the image lies.
; The only state kept from the caller is in EBX (argument), EBP (magic) and EDI (image address).

%define IMAGE_VMA       0xffffffff80000000
%define IMAGE_LMA       0x200000
; The address in the image of a symbol, relative to its start.
%define OFFSET(symbol)  (symbol - IMAGE_VMA)
; The address that the link would give if the image were loaded at IMAGE_LMA; GRUB corrects it.
%define LMA(symbol)     (symbol - IMAGE_VMA + IMAGE_LMA)

; Multiboot2 specification 2.0, section 3.1.
%define MB2_HEADER_MAGIC     0xe85250d6
%define MB2_ARCH_I386        0
%define MB2_TAG_END          0
%define MB2_TAG_ENTRY        3
%define MB2_TAG_MODULE_ALIGN 6
%define MB2_TAG_RELOCATABLE  10
%define MB2_PREFER_LOWEST    1

; AMD64 APM Vol. 2, sections 3.1 and 5.3.
%define CR0_PE   (1 << 0)
%define CR0_ET   (1 << 4)
%define CR0_NE   (1 << 5)
%define CR0_WP   (1 << 16)
%define CR0_PG   (1 << 31)
%define CR4_PAE  (1 << 5)
%define MSR_EFER 0xc0000080
%define EFER_LME (1 << 8)
%define PTE_P    (1 << 0)
%define PTE_W    (1 << 1)
%define PTE_PS   (1 << 7)

%define PAGE_SIZE        4096
%define LARGE_SHIFT      21
%define ENTRY_SIZE       8
%define IDENTITY_TABLES  4              ; tables of 512 large pages: 4 GiB
%define IMAGE_PAGES      4              ; large pages mapped at IMAGE_VMA; atoll.lds asserts it
%define IMAGE_PDPT_SLOT  510            ; bits 38..30 of IMAGE_VMA
%define STACK_SIZE       16384

; Selectors of boot_gdt.
%define SEL_CODE32 0x08
%define SEL_DATA   0x10
%define SEL_CODE64 0x18

; EBP: which way in. Any value that is not the multiboot2 loader's magic means _start64.
%define FROM_START64 0

extern mb2_main
extern hypervisor_main
extern image_start
global _start64
global mb2_entry32

section .mb2 progbits alloc noexec nowrite align=8
header:
    dd MB2_HEADER_MAGIC
    dd MB2_ARCH_I386
    dd header_end - header
    dd -(MB2_HEADER_MAGIC + MB2_ARCH_I386 + (header_end - header)) & 0xffffffff
    align 8
.entry_tag:
    dw MB2_TAG_ENTRY, 0
    dd 12
    dd LMA(mb2_entry32)
    align 8
.module_align_tag:
    dw MB2_TAG_MODULE_ALIGN, 0
    dd 8
    align 8
.relocatable_tag:
    dw MB2_TAG_RELOCATABLE, 0
    dd 24
    dd 0x100000                         ; not below 1 MiB
    dd 0xffffffff                       ; the last byte, at most
    dd 1 << LARGE_SHIFT                 ; alignment
    dd MB2_PREFER_LOWEST
    align 8
.end_tag:
    dw MB2_TAG_END, 0
    dd 8
header_end:

section .init progbits alloc exec nowrite align=16
bits 32
; EAX = magic, EBX = physical address of the multiboot2 information. There is no stack: the first
; word of that information holds the return address for a moment.
mb2_entry32:
    cli
    cld
    mov ebp, eax
    mov ecx, [ebx]
    lea esp, [ebx + 4]
    call .here
.here:
    pop edi
    mov [ebx], ecx
    sub edi, OFFSET(.here)
    lea esp, [edi + OFFSET(boot_stack_top)]
    call require_long_mode
    jmp build_tables

bits 64
; RDI = physical address of boot_info, below 4 GiB like the image, both identity mapped.
_start64:
    cli
    cld
    mov ebx, edi
    mov ebp, FROM_START64
    lea rdi, [rel image_start]
    lea rsp, [rel boot_stack_top]
    lea rax, [rel boot_gdt]
    mov [rel boot_gdtr + 2], rax
    lgdt [rel boot_gdtr]
    lea rax, [rel .leave_long_mode]
    push SEL_CODE32
    push rax
    retfq
bits 32
.leave_long_mode:
    mov eax, SEL_DATA
    mov ss, eax
    mov ds, eax
    mov es, eax
    ; WP stays set: a CPU with CR4.CET set refuses to clear it. Without paging EFER.LME may stay.
    mov eax, CR0_WP | CR0_NE | CR0_ET | CR0_PE
    mov cr0, eax

; EDI = physical address of the image, ESP = boot stack; the tables in .bss are zero.
build_tables:
    lea eax, [edi + OFFSET(early_pd_identity) + PTE_P + PTE_W]
    lea edx, [edi + OFFSET(early_pdpt_identity)]
    mov ecx, IDENTITY_TABLES
.next_table:
    mov [edx], eax
    add eax, PAGE_SIZE
    add edx, ENTRY_SIZE
    loop .next_table

    mov eax, PTE_P | PTE_W | PTE_PS
    lea edx, [edi + OFFSET(early_pd_identity)]
    mov ecx, IDENTITY_TABLES * PAGE_SIZE / ENTRY_SIZE
.next_page:
    mov [edx], eax
    add eax, 1 << LARGE_SHIFT
    add edx, ENTRY_SIZE
    loop .next_page

    lea eax, [edi + PTE_P + PTE_W + PTE_PS]
    lea edx, [edi + OFFSET(early_pd_image)]
    mov ecx, IMAGE_PAGES
.next_image_page:
    mov [edx], eax
    add eax, 1 << LARGE_SHIFT
    add edx, ENTRY_SIZE
    loop .next_image_page

    lea eax, [edi + OFFSET(early_pd_image) + PTE_P + PTE_W]
    mov [edi + OFFSET(early_pdpt_image) + IMAGE_PDPT_SLOT * ENTRY_SIZE], eax
    lea eax, [edi + OFFSET(early_pdpt_identity) + PTE_P + PTE_W]
    mov [edi + OFFSET(early_pml4)], eax
    lea eax, [edi + OFFSET(early_pdpt_image) + PTE_P + PTE_W]
    mov [edi + OFFSET(early_pml4) + PAGE_SIZE - ENTRY_SIZE], eax

    mov eax, CR4_PAE
    mov cr4, eax
    lea eax, [edi + OFFSET(early_pml4)]
    mov cr3, eax
    mov ecx, MSR_EFER
    rdmsr
    or eax, EFER_LME
    wrmsr
    mov eax, CR0_PG | CR0_WP | CR0_NE | CR0_ET | CR0_PE
    mov cr0, eax

    lea eax, [edi + OFFSET(boot_gdt)]
    mov [edi + OFFSET(boot_gdtr) + 2], eax
    mov dword [edi + OFFSET(boot_gdtr) + 6], 0
    lgdt [edi + OFFSET(boot_gdtr)]
    lea eax, [edi + OFFSET(.in_long_mode)]
    push SEL_CODE64
    push eax
    retf

bits 64
.in_long_mode:
    mov rax, .at_link_address
    jmp rax
.at_link_address:
    mov rsp, boot_stack_top
    mov rax, boot_gdt
    mov [rel boot_gdtr + 2], rax
    lgdt [rel boot_gdtr]
    mov eax, SEL_DATA
    mov ss, eax
    mov ds, eax
    mov es, eax
    xor eax, eax
    mov fs, eax
    mov gs, eax
    lldt ax
    cmp ebp, FROM_START64
    jne .from_multiboot
    mov edi, ebx
    xor ebp, ebp
    call hypervisor_main
    jmp .stop
.from_multiboot:
    mov edx, edi
    mov edi, ebp
    mov esi, ebx
    xor ebp, ebp
    call mb2_main
.stop:
    cli
    hlt
    jmp .stop

bits 32
; EDI = physical address of the image. Returns only if the CPU has long mode (CPUID Fn8000_0001
; EDX[29]). Uses EAX, ECX, EDX; keeps EBX.
require_long_mode:
    push ebx
    mov eax, 0x80000000
    cpuid
    cmp eax, 0x80000001
    jb .refuse
    mov eax, 0x80000001
    cpuid
    bt edx, 29
    jnc .refuse
    pop ebx
    ret
.refuse:
    lea esi, [edi + OFFSET(no_long_mode)]
    mov edi, 0xb8000                    ; VGA text memory
.next_char:
    lodsb
    test al, al
    jz .halt
    mov ah, 0x0f                        ; white on black
    mov [edi], ax
    add edi, 2
    mov ecx, 100000                     ; polls of the transmitter, bounded
.wait_transmitter:
    mov dx, 0x3f8 + 5
    in al, dx
    test al, 0x20
    loopz .wait_transmitter
    mov dx, 0x3f8
    mov al, [esi - 1]
    out dx, al
    jmp .next_char
.halt:
    cli
    hlt
    jmp .halt

no_long_mode:
    db "Atoll cannot start: the CPU has no 64-bit mode: use an x86-64 CPU with AMD-V.", 13, 10, 0

section .data
    align 16
boot_gdt:
    dq 0
    dq 0x00cf9a000000ffff               ; 32-bit code, flat
    dq 0x00cf92000000ffff               ; data, flat
    dq 0x00af9a000000ffff               ; 64-bit code
boot_gdt_end:
    align 16
boot_gdtr:
    dw boot_gdt_end - boot_gdt - 1
    dq 0

section .bss
    alignb PAGE_SIZE
early_pml4:          resb PAGE_SIZE
early_pdpt_identity: resb PAGE_SIZE
early_pdpt_image:    resb PAGE_SIZE
early_pd_identity:   resb IDENTITY_TABLES * PAGE_SIZE
early_pd_image:      resb PAGE_SIZE
boot_stack:          resb STACK_SIZE
boot_stack_top:
