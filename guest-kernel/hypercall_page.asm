; SPDX-License-Identifier: BSD-2-Clause
;
; The page that the hypervisor fills with hypercall code. Until then every slot traps.

section .text.hypercall_page progbits alloc exec nowrite align=4096
global hypercall_page
hypercall_page:
    times 2048 ud2

section .note.GNU-stack noalloc noexec nowrite progbits
