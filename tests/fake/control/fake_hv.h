/* SPDX-License-Identifier: BSD-2-Clause */
/* A hypervisor for tests: it counts what is alive, keeps what it is given, and fails at the n-th
 * call that can fail. One domain at a time. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "guest-kernel/events.h"
#include "guest-kernel/memory.h"
#include "pv-abi/hvm_save.h"
#include "pv-abi/io_console.h"
#include "pv-abi/xen.h"

#define FAKE_PARAM_MAX   64
#define FAKE_MEMORY_SIZE (4u << 20)

struct fake_hv {
    unsigned int calls;   /* that can fail, so far */
    unsigned int fail_at; /* this one does; 0: none */
    int domains, pages, ports, stores, disks, vifs;
    domid_t domid;     /* the latest domain's */
    domid_t shut_down; /* the one that the store was last told of */
    uint32_t flags;
    bool is_paused;
    uint64_t frames;
    uint64_t params[FAKE_PARAM_MAX];
    struct hvm_hw_cpu cpu;
    uint8_t handle[16];
    uint8_t memory[FAKE_MEMORY_SIZE];
    uint8_t acpi[PAGE_SIZE];
    uint8_t firmware[PAGE_SIZE]; /* at BUILD_FIRMWARE_GFN */
    struct xencons_interface console;
    event_handler *exception, *console_event;
    void *exception_arg, *console_arg;
};

extern struct fake_hv fake;
