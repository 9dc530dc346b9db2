/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The demo's endings, by a word of the command line:
 *     hold[=SECONDS]  stays up, prints a heartbeat every SECONDS (10), echoes console input, and
 *                     answers pings if it has an address, until it is asked to power off
 *                     or to reboot
 *     storm           sends requests to the store as fast as they are answered
 *     spin            loops for ever; spin-cli does so with interrupts off
 *     crash, reboot   asks for that
 *     triple          takes a triple fault
 *     halt            halts with interrupts off, as a PVH kernel does that powers off
 */
#include "guest-kernel/demo/demo.h"

#include "guest-kernel/console.h"
#include "guest-kernel/events.h"
#include "guest-kernel/guest.h"
#include "guest-kernel/time.h"
#include "guest-kernel/xenstore.h"
#include "lib/insn.h"
#include "lib/strutil.h"
#include "pv-abi/sched.h"

#define HEARTBEAT_SECONDS 10
#define SPIN_STEPS        1024u
#define STORM_REPORT      4000u

static uint64_t heartbeat_seconds;
static bool is_beat_due;
static bool is_input_due;

static void beat(struct timer *timer)
{
    is_beat_due = true;
    timer_start(timer, timer->deadline + heartbeat_seconds * NS_PER_SECOND);
}

static void input(void)
{
    is_input_due = true;
}

static bool has_work(void *arg)
{
    const bool *work = arg;

    return __atomic_load_n(work, __ATOMIC_RELAXED) || is_input_due || xenstore_has_event() ||
           demo_net_has_work();
}

static _Noreturn void hold(void)
{
    struct timer timer = {.expire = beat};
    uint64_t start = time_now();
    unsigned int reason;
    char text[64];

    demo_listen();
    console_printf("demo: holding, a heartbeat every %lu s\n", heartbeat_seconds);
    console_set_input_handler(input);
    timer_start(&timer, start + heartbeat_seconds * NS_PER_SECOND);
    for (;;) {
        event_wait_until(has_work, &is_beat_due);
        if (__atomic_exchange_n(&is_beat_due, false, __ATOMIC_SEQ_CST))
            console_printf("demo: up %lu s\n", (time_now() - start) / NS_PER_SECOND);
        demo_net_work();
        if (xenstore_has_event() && demo_is_asked(&reason)) {
            demo_nets_end();
            guest_shutdown(reason);
        }
        if (!__atomic_exchange_n(&is_input_due, false, __ATOMIC_SEQ_CST))
            continue;
        for (size_t size = console_read(text, sizeof(text)); size != 0;
             size = console_read(text, sizeof(text)))
            console_write(text, size);
    }
}

/* Everything that makes the store work, and nothing that it has to remember. */
static _Noreturn void storm(void)
{
    uint64_t count = 0, start = time_now();
    uint32_t tx;

    console_printf("demo: storming the store\n");
    for (;;) {
        if (xenstore_write(0, "data/storm/a/b/c", "x") == 0)
            count++;
        if (xenstore_begin(&tx) == 0 && xenstore_remove(tx, "data/storm") == 0 &&
            xenstore_end(tx, true) == 0)
            count += 3;
        if (count % STORM_REPORT == 0)
            console_printf("demo: %lu requests served in %lu us\n", count,
                           (time_now() - start) / NS_PER_US);
    }
}

static volatile uint64_t spun;

static _Noreturn void spin(void)
{
    console_printf("demo: spinning\n");
    console_flush();
    if (guest_has_option("spin-cli"))
        irq_disable();
    /* Xorshift steps and not PAUSE, at which an emulator stops for a moment. */
    for (uint64_t x = 1;; spun = x) {
        for (unsigned int i = 0; i < SPIN_STEPS; i++) {
            x ^= x << 13;
            x ^= x >> 7;
            x ^= x << 17;
        }
    }
}

/* Without an IDT the first exception cannot be delivered, nor the double fault. */
static void triple_fault(void)
{
    static const struct table_pointer none;

    console_printf("demo: triple fault\n");
    console_flush();
    lidt(&none);
    undefined_insn();
}

static _Noreturn void halt(void)
{
    console_printf("demo: halts\n");
    console_flush();
    irq_disable();
    for (;;)
        cpu_halt();
}

void demo_end(void)
{
    char value[16];

    heartbeat_seconds = HEARTBEAT_SECONDS;
    if (str_option(guest_command_line(), "hold", value, sizeof(value))) {
        if (str_parse_u64(value, &heartbeat_seconds) != 0 || heartbeat_seconds == 0)
            guest_panic("hold=%s: not a count of seconds", value);
        hold();
    }
    if (guest_has_option("hold"))
        hold();
    if (guest_has_option("storm"))
        storm();
    if (guest_has_option("spin") || guest_has_option("spin-cli"))
        spin();
    if (guest_has_option("triple"))
        triple_fault();
    if (guest_has_option("halt"))
        halt();
    if (guest_has_option("crash"))
        guest_panic("asked for on the command line");
    demo_nets_end();
    console_printf("demo: ends\n");
    if (guest_has_option("reboot"))
        guest_shutdown(SHUTDOWN_reboot);
}
