/* SPDX-License-Identifier: BSD-2-Clause */
/* Owns what xl has no word for: `info memory`, `counters`, `death`. */
#include <stdint.h>

#include "guest-kernel/control/death.h"
#include "guest-kernel/control/manage.h"
#include "guest-kernel/control/shell_show.h"
#include "lib/errno.h"
#include "lib/string.h"
#include "lib/strutil.h"

/* Answers are large, and commands do not nest. */
static struct manage_answer answer;

static int ask(struct manage_request *request, struct shell_output *output)
{
    manage(request, &answer);
    if (answer.status != 0)
        shell_printf(output, "%s.\n", answer.sentence);
    return answer.status;
}

static void show_pages(struct shell_output *output, const char *what, uint64_t pages)
{
    shell_printf(output, "  %-36s %9llu  %9llu KiB\n", what, (unsigned long long)pages,
                 (unsigned long long)pages * 4);
}

/* A line for each domain: what it has. */
static void show_owners(struct shell_output *output)
{
    struct manage_request request = {.verb = MANAGE_NEXT_DOMAIN};

    for (;;) {
        const struct manage_domain *domain = &answer.u.domain;

        manage(&request, &answer);
        if (answer.status != 0)
            return;
        show_pages(output, domain->name[0] != '\0' ? domain->name : "(null)",
                   domain->memory_kib / 4);
        request.number = domain->domid + 1;
    }
}

int show_memory(struct shell_output *output)
{
    struct manage_request request = {.verb = MANAGE_MEMORY};
    struct atoll_memory memory;
    int err;

    str_copy(request.target, sizeof(request.target), "the machine");
    err = ask(&request, output);
    if (err != 0)
        return err;
    memory = answer.u.memory;
    shell_printf(output, "guest frames mapped: %llu (registered %llu)\n",
                 (unsigned long long)memory.guest_mapped,
                 (unsigned long long)memory.guest_registered);
    shell_printf(output, "writable and executable: %llu\n", (unsigned long long)memory.write_exec);
    shell_printf(output, "frames by owner:\n");
    show_owners(output);
    show_pages(output, "hypervisor's image and tables", memory.tables);
    show_pages(output, "hypervisor's heap", memory.heap);
    show_pages(output, "  of it used", memory.heap_used);
    show_pages(output, "  of it charged to domains", memory.charged);
    show_pages(output, "free", memory.free_clean + memory.free_dirty);
    show_pages(output, "  of it to be cleaned", memory.free_dirty);
    show_pages(output, "quarantine", memory.quarantine);
    show_pages(output, "machine", memory.total);
    shell_printf(output, "mapped by grants: %llu, by foreign mapping: %llu\n",
                 (unsigned long long)memory.grant_maps, (unsigned long long)memory.foreign_maps);
    return 0;
}

static int show_exits(struct shell_output *output, struct manage_request *request)
{
    const struct atoll_counters *counters = &answer.u.counters;
    int err = ask(request, output);

    if (err != 0)
        return err;
    shell_printf(output, "vcpu %u: injections %llu, flushes %llu, window fills %llu\n",
                 request->number, (unsigned long long)counters->injections,
                 (unsigned long long)counters->flushes, (unsigned long long)counters->window_fills);
    for (uint64_t i = 0; i < ATOLL_EXIT_KINDS; i++) {
        if (counters->exits[i] != 0)
            shell_printf(output, "  exit %-12s %12llu\n", death_exit_name(i),
                         (unsigned long long)counters->exits[i]);
    }
    return 0;
}

static int show_calls(struct shell_output *output, const struct manage_request *about)
{
    struct manage_request request = *about;
    const struct manage_calls *calls = &answer.u.calls;

    request.verb = MANAGE_CALLS;
    request.number = 0;
    do {
        int err = ask(&request, output);

        if (err != 0)
            return err;
        for (uint32_t i = 0; i < calls->count; i++) {
            const struct atoll_call_count *call = &calls->list[i];

            if (call->operation >= ATOLL_CALL_UNKNOWN)
                shell_printf(output, "  hypercall %2u unknown %12llu\n", call->number,
                             (unsigned long long)call->count);
            else
                shell_printf(output, "  hypercall %2u.%-6u %12llu\n", call->number, call->operation,
                             (unsigned long long)call->count);
        }
        request.number += calls->count;
    } while (calls->count == MANAGE_CALLS_MAX);
    return 0;
}

int show_counters(struct shell_output *output, const char *target)
{
    struct manage_request request = {.verb = MANAGE_DOMAIN};
    uint32_t vcpus;
    int err = show_set_target(&request, target, output);

    if (err == 0)
        err = ask(&request, output);
    if (err != 0)
        return err;
    vcpus = answer.u.domain.vcpu_max;
    request.verb = MANAGE_COUNTERS;
    for (request.number = 0; request.number < vcpus; request.number++) {
        err = show_exits(output, &request);
        if (err != 0)
            return err;
    }
    return show_calls(output, &request);
}

int show_measure(struct shell_output *output)
{
    struct manage_request request = {.verb = MANAGE_MEASURE};
    int err;

    str_copy(request.target, sizeof(request.target), "an empty domain");
    err = ask(&request, output);
    if (err != 0)
        return err;
    shell_printf(output, "bench create %llu\nbench destroy %llu\n",
                 (unsigned long long)answer.u.measure.create,
                 (unsigned long long)answer.u.measure.destroy);
    return 0;
}

int show_death(struct shell_output *output, const char *target)
{
    struct manage_request request = {.verb = MANAGE_DEATH};
    static char text[DEATH_TEXT_MAX];
    int err = show_set_target(&request, target, output);

    if (err == 0)
        err = ask(&request, output);
    if (err != 0)
        return err;
    death_format(&answer.u.death, text, sizeof(text));
    output->write(output, text, strlen(text));
    shell_printf(output, "\n");
    return 0;
}
