/* SPDX-License-Identifier: BSD-2-Clause */
/* Owns the console: the ring page, its event channel, and where output goes. */
#include "guest-kernel/console.h"

#include <stdint.h>

#include "guest-kernel/cpu.h"
#include "guest-kernel/events.h"
#include "guest-kernel/hypercall.h"
#include "guest-kernel/memory.h"
#include "guest-kernel/time.h"
#include "lib/format.h"
#include "lib/insn.h"
#include "pv-abi/hvm_params.h"
#include "pv-abi/io_console.h"
#include "pv-abi/sched.h"

#define NOBODY     (-1)
#define FLUSH_TIME (30 * NS_PER_SECOND)

static volatile struct xencons_interface *ring;
static evtchn_port_t ring_port;
static void (*input_handler)(void);
static void (*output)(const char *text, size_t size);
/* The vcpu that writes; one that takes a trap while it writes may write within. */
static int writer = NOBODY;

/* Without a ring: the hypervisor's own console, or the debug port. */
static void early_write(const char *text, size_t size)
{
    if (hypervisor_info.base_leaf != 0 &&
        hypercall_console_io(CONSOLEIO_write, (unsigned int)size, text) >= 0)
        return;
    for (size_t i = 0; i < size; i++)
        out8(XEN_HVM_DEBUGCONS_IOPORT, (uint8_t)text[i]);
}

static void ring_put(char c)
{
    XENCONS_RING_IDX prod = ring->out_prod;

    while (prod - __atomic_load_n(&ring->out_cons, __ATOMIC_ACQUIRE) >= sizeof(ring->out)) {
        event_send(ring_port);
        hypercall_sched_op(SCHEDOP_yield, NULL);
    }
    ring->out[prod % sizeof(ring->out)] = c;
    /* Pairs with the reader's acquire of out_prod: the byte is there before the index says so. */
    __atomic_store_n(&ring->out_prod, prod + 1, __ATOMIC_RELEASE);
}

static void ring_write(const char *text, size_t size)
{
    for (size_t i = 0; i < size; i++) {
        if (text[i] == '\n')
            ring_put('\r');
        ring_put(text[i]);
    }
    event_send(ring_port);
}

void console_write(const char *text, size_t size)
{
    bool irqs = irq_save();
    int me = (int)cpu_id();
    int nobody = NOBODY;
    bool is_nested = __atomic_load_n(&writer, __ATOMIC_RELAXED) == me;

    while (!is_nested && !__atomic_compare_exchange_n(&writer, &nobody, me, false, __ATOMIC_ACQUIRE,
                                                      __ATOMIC_RELAXED)) {
        nobody = NOBODY;
        cpu_pause();
    }
    if (output)
        output(text, size);
    else if (ring)
        ring_write(text, size);
    else
        early_write(text, size);
    if (!is_nested)
        __atomic_store_n(&writer, NOBODY, __ATOMIC_RELEASE);
    irq_restore(irqs);
}

void console_vprintf(const char *fmt, va_list args)
{
    char line[CONSOLE_LINE_MAX];
    size_t size = format_va(line, sizeof(line), fmt, args);

    console_write(line, size < sizeof(line) ? size : sizeof(line) - 1);
}

void console_printf(const char *fmt, ...)
{
    va_list args;

    va_start(args, fmt);
    console_vprintf(fmt, args);
    va_end(args);
}

static size_t ring_read(char *buffer, size_t size)
{
    XENCONS_RING_IDX cons = ring->in_cons;
    /* Pairs with the writer's release of in_prod. */
    XENCONS_RING_IDX prod = __atomic_load_n(&ring->in_prod, __ATOMIC_ACQUIRE);
    size_t count = 0;

    while (count < size && cons != prod)
        buffer[count++] = ring->in[cons++ % sizeof(ring->in)];
    if (count == 0)
        return 0;
    __atomic_store_n(&ring->in_cons, cons, __ATOMIC_RELEASE);
    event_send(ring_port);
    return count;
}

size_t console_read(char *buffer, size_t size)
{
    int64_t count;

    if (ring)
        return ring_read(buffer, size);
    count = hypercall_console_io(CONSOLEIO_read, (unsigned int)size, buffer);
    return count > 0 ? (size_t)count : 0;
}

void console_set_input_handler(void (*handler)(void))
{
    __atomic_store_n(&input_handler, handler, __ATOMIC_RELEASE);
}

void console_set_output(void (*write)(const char *text, size_t size))
{
    output = write;
}

void console_flush(void)
{
    uint64_t end = time_now() + FLUSH_TIME;

    while (ring && __atomic_load_n(&ring->out_cons, __ATOMIC_ACQUIRE) != ring->out_prod &&
           time_now() < end)
        hypercall_sched_op(SCHEDOP_yield, NULL);
}

static void console_event(void *arg)
{
    void (**current)(void) = arg;
    void (*handler)(void) = __atomic_load_n(current, __ATOMIC_ACQUIRE);

    if (handler)
        handler();
}

void console_init(void)
{
    uint64_t gfn = 0, port = 0;
    evtchn_port_t virq_port;

    if (hvm_param_get(HVM_PARAM_CONSOLE_PFN, &gfn) == 0 && gfn != 0 &&
        hvm_param_get(HVM_PARAM_CONSOLE_EVTCHN, &port) == 0 && port != 0) {
        ring = phys_to_virt(gfn << PAGE_SHIFT);
        ring_port = (evtchn_port_t)port;
        if (event_set_handler(ring_port, console_event, &input_handler) != 0)
            console_printf("guest: the console's port %u is out of range\n", ring_port);
        return;
    }
    /* Refused to a domain that may not read the hypervisor's console: it has no input. */
    if (event_bind_virq(VIRQ_CONSOLE, 0, console_event, &input_handler, &virq_port) != 0)
        input_handler = NULL;
}
