/* SPDX-License-Identifier: BSD-2-Clause */
/* A guest to be created and destroyed by the bench: says when it came to run, and halts. */
#include "guest-kernel/console.h"
#include "guest-kernel/events.h"
#include "guest-kernel/guest.h"
#include "guest-kernel/time.h"
#include "lib/insn.h"

int main_guest(void)
{
    console_printf("tiny runs at %lu ns\n", time_now());
    for (;;) {
        irq_disable();
        event_wait();
        irq_enable();
    }
}
