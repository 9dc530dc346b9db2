/* SPDX-License-Identifier: BSD-2-Clause */
/* Owns the columns of `list`, `vcpu-list`, `info` and `dmesg`: those of Xen 4.17's xl. */
#include "guest-kernel/control/shell_show.h"

#include <stdbool.h>
#include <stdint.h>

#include "guest-kernel/control/manage.h"
#include "lib/errno.h"
#include "lib/format.h"
#include "lib/string.h"
#include "lib/strutil.h"
#include "pv-abi/domctl.h"

#define NS_PER_TENTH UINT64_C(100000000)
#define KIB_PER_MIB  1024u
#define CPU_BITS     64u

/* Answers are large, and commands do not nest. */
static struct manage_answer answer;

static int ask(struct manage_request *request, struct shell_output *output)
{
    manage(request, &answer);
    if (answer.status != 0)
        shell_printf(output, "%s.\n", answer.sentence);
    return answer.status;
}

static const char *name_of(const struct manage_domain *domain)
{
    return domain->name[0] != '\0' ? domain->name : "(null)";
}

/* Seconds with one decimal. */
static const char *seconds(uint64_t ns)
{
    static char text[32];

    format_str(text, sizeof(text), "%llu.%llu", (unsigned long long)(ns / NS_PER_TENTH / 10),
               (unsigned long long)(ns / NS_PER_TENTH % 10));
    return text;
}

static void show_domain(struct shell_output *output)
{
    const struct manage_domain *domain = &answer.u.domain;

    shell_printf(output, "%-40s %5u %5llu %5u     %c%c%c%c%c%c  %8s\n", name_of(domain),
                 domain->domid, (unsigned long long)(domain->memory_kib / KIB_PER_MIB),
                 domain->vcpus, domain->is_running ? 'r' : '-', domain->is_blocked ? 'b' : '-',
                 domain->is_paused ? 'p' : '-', domain->is_shut_down ? 's' : '-',
                 domain->is_crashed ? 'c' : '-', domain->is_dying ? 'd' : '-',
                 seconds(domain->cpu_ns));
}

int show_set_target(struct manage_request *request, const char *target, struct shell_output *output)
{
    if (str_copy(request->target, sizeof(request->target), target))
        return 0;
    shell_printf(output, "%s is too long for a name.\n", target);
    return -ENAMETOOLONG;
}

/* Prints the headings, then calls show() with each domain's description in `answer`. */
static int for_each(struct shell_output *output, const char *target, const char *headings,
                    void (*show)(struct shell_output *output))
{
    struct manage_request request = {.verb = MANAGE_DOMAIN};

    if (target != NULL) {
        int err = show_set_target(&request, target, output);

        if (err == 0)
            err = ask(&request, output);
        if (err == 0) {
            shell_printf(output, "%s", headings);
            show(output);
        }
        return err;
    }
    shell_printf(output, "%s", headings);
    request.verb = MANAGE_NEXT_DOMAIN;
    for (;;) {
        manage(&request, &answer);
        if (answer.status != 0)
            break;
        request.number = answer.u.domain.domid + 1;
        show(output);
    }
    if (answer.status == -ESRCH)
        return 0;
    shell_printf(output, "%s.\n", answer.sentence);
    return answer.status;
}

int show_list(struct shell_output *output, const char *target)
{
    char headings[96];

    format_str(headings, sizeof(headings), "%-40s %5s %5s %5s\t%s\t%s\n", "Name", "ID", "Mem",
               "VCPUs", "State", "Time(s)");
    return for_each(output, target, headings, show_domain);
}

/* A set of CPUs as xl writes it: "all", or ranges. */
static const char *cpu_set(uint64_t cpus, char text[128])
{
    size_t size = 0;

    if (cpus == UINT64_MAX)
        return "all";
    text[0] = '\0';
    for (unsigned int first = 0; first < CPU_BITS; first++) {
        unsigned int last = first;

        if (!(cpus >> first & 1))
            continue;
        while (last + 1 < CPU_BITS && (cpus >> (last + 1) & 1))
            last++;
        if (size < 100)
            size += format_str(text + size, 128 - size, last == first ? "%s%u" : "%s%u-%u",
                               size != 0 ? "," : "", first, last);
        first = last;
    }
    return text;
}

static void show_vcpu(struct shell_output *output, const struct manage_domain *domain,
                      uint32_t number)
{
    struct manage_request request = {.verb = MANAGE_VCPU, .number = number};
    const struct manage_vcpu *vcpu = &answer.u.vcpu;
    char place[16], hard[128], soft[128];

    format_str(request.target, sizeof(request.target), "%u", domain->domid);
    if (ask(&request, output) != 0)
        return;
    if (vcpu->is_online)
        format_str(place, sizeof(place), "%5u   %c%c-", vcpu->cpu, vcpu->is_running ? 'r' : '-',
                   vcpu->is_blocked ? 'b' : '-');
    else
        format_str(place, sizeof(place), "%5s   --p", "-");
    shell_printf(output, "%-32s %5u %5u %s %9s  %s / %s\n", name_of(domain), domain->domid, number,
                 place, seconds(vcpu->cpu_ns), cpu_set(vcpu->hard_cpus, hard),
                 cpu_set(vcpu->soft_cpus, soft));
}

static void show_vcpus_of(struct shell_output *output)
{
    struct manage_domain domain = answer.u.domain;

    for (uint32_t i = 0; i < domain.vcpu_max; i++)
        show_vcpu(output, &domain, i);
    answer.status = 0;
}

int show_vcpus(struct shell_output *output, const char *target)
{
    char headings[128];

    format_str(headings, sizeof(headings), "%-32s %5s %5s %5s %5s %9s  %s\n", "Name", "ID", "VCPU",
               "CPU", "State", "Time(s)", "Affinity (Hard / Soft)");
    return for_each(output, target, headings, show_vcpus_of);
}

static const char *scheduler_name(uint32_t id)
{
    static const char *const names[] = {[XEN_SCHEDULER_CREDIT] = "credit",
                                        [XEN_SCHEDULER_CREDIT2] = "credit2",
                                        [XEN_SCHEDULER_ARINC653] = "arinc653",
                                        [XEN_SCHEDULER_RTDS] = "rtds",
                                        [XEN_SCHEDULER_NULL] = "null"};

    return id < ARRAY_COUNT(names) && names[id] != NULL ? names[id] : "unknown";
}

/* A text of the hypervisor's, unless it is empty. */
static void show_text(struct shell_output *output, const char *key, const char *text)
{
    if (text[0] != '\0')
        shell_printf(output, "%-23s: %s\n", key, text);
}

static void show_cpus(struct shell_output *output, const struct manage_machine *machine)
{
    shell_printf(output, "%-23s: %s\n", "host", "atoll");
    shell_printf(output, "%-23s: %u.%u%s\n", "release", machine->version_major,
                 machine->version_minor, machine->extra);
    shell_printf(output, "%-23s: %s\n", "machine", "x86_64");
    shell_printf(output, "%-23s: %u\n", "nr_cpus", machine->cpu_count);
    shell_printf(output, "%-23s: %u\n", "max_cpu_id", machine->cpu_max_id);
    shell_printf(output, "%-23s: %u\n", "nr_nodes", machine->node_count);
    shell_printf(output, "%-23s: %u\n", "cores_per_socket", machine->cores_per_socket);
    shell_printf(output, "%-23s: %u\n", "threads_per_core", machine->threads_per_core);
    shell_printf(output, "%-23s: %u.%03u\n", "cpu_mhz", machine->cpu_khz / 1000,
                 machine->cpu_khz % 1000);
    shell_printf(output, "%-23s: ", "hw_caps");
    for (size_t i = 0; i < ARRAY_COUNT(machine->hw_caps); i++)
        shell_printf(output, "%s%08x", i != 0 ? ":" : "", machine->hw_caps[i]);
    shell_printf(output, "\n%-23s:%s%s\n", "virt_caps", machine->has_hvm ? " hvm" : "",
                 machine->has_hap ? " hap" : "");
    shell_printf(output, "%-23s: %llu\n", "total_memory",
                 (unsigned long long)(machine->total_kib / KIB_PER_MIB));
    shell_printf(output, "%-23s: %llu\n", "free_memory",
                 (unsigned long long)(machine->free_kib / KIB_PER_MIB));
}

int show_machine(struct shell_output *output)
{
    struct manage_request request = {.verb = MANAGE_MACHINE};
    const struct manage_machine *machine = &answer.u.machine;
    int err;

    str_copy(request.target, sizeof(request.target), "the machine");
    err = ask(&request, output);
    if (err != 0)
        return err;
    show_cpus(output, machine);
    shell_printf(output, "%-23s: %u\n", "xen_major", machine->version_major);
    shell_printf(output, "%-23s: %u\n", "xen_minor", machine->version_minor);
    show_text(output, "xen_extra", machine->extra);
    shell_printf(output, "%-23s: %u.%u%s\n", "xen_version", machine->version_major,
                 machine->version_minor, machine->extra);
    show_text(output, "xen_caps", machine->caps);
    shell_printf(output, "%-23s: %s\n", "xen_scheduler", scheduler_name(machine->scheduler));
    shell_printf(output, "%-23s: %u\n", "xen_pagesize", machine->page_size);
    shell_printf(output, "%-23s: virt_start=0x%llx\n", "platform_params",
                 (unsigned long long)machine->virt_start);
    show_text(output, "xen_changeset", machine->changeset);
    show_text(output, "xen_commandline", machine->command_line);
    show_text(output, "cc_compiler", machine->compiler);
    show_text(output, "cc_compile_by", machine->compile_by);
    show_text(output, "cc_compile_domain", machine->compile_domain);
    show_text(output, "cc_compile_date", machine->compile_date);
    return 0;
}

int show_log(struct shell_output *output)
{
    struct manage_request request = {.verb = MANAGE_LOG};
    const struct manage_log *log = &answer.u.log;

    for (;;) {
        int err = ask(&request, output);

        if (err != 0)
            return err;
        if (log->size == 0)
            return 0;
        output->write(output, log->text, log->size);
        request.number = log->next;
    }
}
