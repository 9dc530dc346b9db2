/* SPDX-License-Identifier: BSD-2-Clause */
/* The hypervisor's options: boot_info.options, words separated by spaces. */
#pragma once

#include "core/types.h"

struct options {
    uint32_t console_port; /* 0: no serial console */
    uint32_t console_baud;
    uint32_t cpu_max;
    uint32_t log_level;  /* enum log_level */
    uint32_t debug_exit; /* I/O port of an emulator's exit device, 0: none */
    const char *unknown; /* in the text: the last word that was not understood, or "" */
};

/* console=com1|com2|0xPORT[,BAUD]|none maxcpus=N loglevel=error|notice|guest|debug
 * debug-exit=0xPORT */
void options_read(const char *text, struct options *options);
