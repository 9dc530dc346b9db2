/* SPDX-License-Identifier: BSD-2-Clause */
/* Owns the meaning of management requests; what is known of the machine is in manage_machine.c. */
#include "guest-kernel/control/manage.h"

#include "guest-kernel/control/domains.h"
#include "guest-kernel/control/hv.h"
#include "guest-kernel/control/manage_disk.h"
#include "guest-kernel/control/manage_machine.h"
#include "guest-kernel/control/manage_net.h"
#include "guest-kernel/control/manage_store.h"
#include "guest-kernel/control/volumes.h"
#include "lib/compiler.h"
#include "lib/errno.h"
#include "lib/format.h"
#include "lib/string.h"
#include "lib/strutil.h"
#include "pv-abi/sched.h"

#define CONTROL_NAME    "Domain-0"
#define CALL_COUNTS_MAX 256u /* more than there are rows */

static void refuse(struct manage_answer *answer, int err, const char *fmt, ...) PRINTF_LIKE(3, 4);

static void refuse(struct manage_answer *answer, int err, const char *fmt, ...)
{
    va_list args;

    va_start(args, fmt);
    format_va(answer->sentence, sizeof(answer->sentence), fmt, args);
    va_end(args);
    answer->status = err;
}

/* An error of the hypervisor. */
static void failed(struct manage_answer *answer, int err, const char *target)
{
    if (err != 0)
        refuse(answer, err, "the hypervisor refuses that for %s (error %d)", target, -err);
}

/* The domain's number by its name or its number: the control domain and those that another made
 * have numbers too. */
static bool find_target(const char *target, domid_t *domid)
{
    struct domain *domain = domains_find_name(target);
    uint64_t number;

    if (domain != NULL) {
        *domid = domain->domid;
        return true;
    }
    if (strcmp(target, CONTROL_NAME) == 0) {
        *domid = 0;
        return true;
    }
    if (str_parse_u64(target, &number) != 0 || number >= DOMID_FIRST_RESERVED)
        return false;
    *domid = (domid_t)number;
    return true;
}

/* The number of the domain that the request means. */
static bool find_any(const struct manage_request *request, struct manage_answer *answer,
                     domid_t *domid)
{
    if (find_target(request->target, domid))
        return true;
    refuse(answer, -ESRCH, "there is no domain %s: \"list\" shows what there is", request->target);
    return false;
}

/* The domain that the request means, which must be one that exists and is not the control domain.
 */
static struct domain *find_guest(const struct manage_request *request, struct manage_answer *answer)
{
    domid_t domid;
    struct domain *domain;

    if (!find_any(request, answer, &domid))
        return NULL;
    domain = domains_find_id(domid);
    if (domain == NULL && domid == 0)
        refuse(answer, -EPERM, "%s is this control domain itself", request->target);
    else if (domain == NULL)
        refuse(answer, -ESRCH, "there is no domain %s: \"list\" shows what there is",
               request->target);
    return domain;
}

static void describe(const struct xen_domctl_getdomaininfo *info, struct manage_domain *answer)
{
    const struct domain *domain = domains_find_id(info->domain);
    uint32_t reason = info->flags >> XEN_DOMINF_shutdownshift & XEN_DOMINF_shutdownmask;

    answer->domid = info->domain;
    answer->vcpus = info->nr_online_vcpus;
    answer->vcpu_max = info->max_vcpu_id == XEN_INVALID_MAX_VCPU_ID ? 0 : info->max_vcpu_id + 1;
    answer->memory_kib = info->tot_pages * 4;
    answer->maxmem_kib = info->max_pages * 4;
    answer->cpu_ns = info->cpu_time;
    answer->is_running = (info->flags & XEN_DOMINF_running) != 0;
    answer->is_blocked = (info->flags & XEN_DOMINF_blocked) != 0;
    answer->is_paused = (info->flags & XEN_DOMINF_paused) != 0;
    answer->is_shut_down = (info->flags & XEN_DOMINF_shutdown) != 0;
    answer->is_crashed = answer->is_shut_down && reason == SHUTDOWN_crash;
    answer->is_dying = (info->flags & XEN_DOMINF_dying) != 0;
    memcpy(answer->uuid, info->handle, sizeof(answer->uuid));
    if (info->domain == 0)
        str_copy(answer->name, sizeof(answer->name), CONTROL_NAME);
    else if (domain != NULL)
        str_copy(answer->name, sizeof(answer->name), domain->name);
}

static void create(const struct manage_request *request, struct manage_answer *answer)
{
    struct domains_create wanted = {.config_name = request->target,
                                    .is_boot = request->is_boot,
                                    .is_paused = request->is_paused};
    struct xen_domctl_getdomaininfo info;
    struct domain *domain;

    answer->status = domains_create(&wanted, answer->sentence, &domain);
    if (answer->status != 0)
        return;
    failed(answer, hv_get_domain(domain->domid, &info), domain->name);
    describe(&info, &answer->u.domain);
}

static void destroy(const struct manage_request *request, struct manage_answer *answer)
{
    struct domain *domain = find_guest(request, answer);

    if (domain != NULL)
        failed(answer, domains_destroy(domain, "destroyed"), request->target);
}

static void pause(const struct manage_request *request, struct manage_answer *answer)
{
    struct domain *domain = find_guest(request, answer);

    if (domain != NULL)
        failed(answer, hv_pause_domain(domain->domid), request->target);
}

static void unpause(const struct manage_request *request, struct manage_answer *answer)
{
    struct domain *domain = find_guest(request, answer);

    if (domain != NULL)
        failed(answer, domains_unpause(domain), request->target);
}

static void ask(const struct manage_request *request, struct manage_answer *answer)
{
    struct domain *domain = find_guest(request, answer);

    if (domain != NULL)
        manage_store_ask(domain, request, answer);
}

static void show_domain(const struct manage_request *request, struct manage_answer *answer)
{
    struct xen_domctl_getdomaininfo info;
    domid_t domid;

    if (!find_target(request->target, &domid) || hv_get_domain(domid, &info) != 0)
        refuse(answer, -ESRCH, "there is no domain %s: \"list\" shows what there is",
               request->target);
    else
        describe(&info, &answer->u.domain);
}

static void next_domain(const struct manage_request *request, struct manage_answer *answer)
{
    struct xen_domctl_getdomaininfo info;
    int err = request->number < DOMID_FIRST_RESERVED
                  ? hv_find_domain((domid_t)request->number, &info)
                  : -ESRCH;

    if (err == -ESRCH)
        refuse(answer, err, "there are no more domains");
    else if (err != 0)
        failed(answer, err, "the list of domains");
    else
        describe(&info, &answer->u.domain);
}

/* A set of all CPUs that the machine has says no more than that. */
static uint64_t widen_cpus(uint64_t cpus)
{
    struct xen_sysctl_physinfo info;
    uint64_t machine;

    if (hv_get_machine(&info) != 0)
        return cpus;
    machine = info.nr_cpus < 64 ? (UINT64_C(1) << info.nr_cpus) - 1 : UINT64_MAX;
    return (cpus & machine) == machine ? UINT64_MAX : cpus;
}

static void show_vcpu(const struct manage_request *request, struct manage_answer *answer)
{
    struct manage_vcpu *vcpu = &answer->u.vcpu;
    struct xen_domctl_getvcpuinfo info;
    domid_t domid;
    int err;

    if (!find_any(request, answer, &domid))
        return;
    err = hv_get_vcpu(domid, request->number, &info);
    if (err == 0)
        err = hv_get_affinity(domid, request->number, &vcpu->hard_cpus, &vcpu->soft_cpus);
    failed(answer, err, request->target);
    vcpu->hard_cpus = widen_cpus(vcpu->hard_cpus);
    vcpu->soft_cpus = widen_cpus(vcpu->soft_cpus);
    vcpu->is_online = info.online != 0;
    vcpu->is_running = info.running != 0;
    vcpu->is_blocked = info.blocked != 0;
    vcpu->cpu = info.cpu;
    vcpu->cpu_ns = info.cpu_time;
}

static void show_machine(const struct manage_request *request, struct manage_answer *answer)
{
    failed(answer, machine_describe(&answer->u.machine), request->target);
}

static void read_log(const struct manage_request *request, struct manage_answer *answer)
{
    struct manage_log *log = &answer->u.log;
    uint32_t index = request->number;
    size_t count = 0;

    failed(answer, hv_read_log(&index, log->text, sizeof(log->text), &count), "the log");
    log->next = index;
    log->size = (uint32_t)count;
}

static void show_memory(const struct manage_request *request, struct manage_answer *answer)
{
    failed(answer, hv_get_memory(&answer->u.memory), request->target);
}

static void show_death(const struct manage_request *request, struct manage_answer *answer)
{
    struct xen_domctl_getdomaininfo info;
    struct manage_domain domain = {.is_crashed = false};
    int err;

    if (!find_any(request, answer, &answer->u.death.domid))
        return;
    err = hv_get_death(&answer->u.death);
    if (err == -ENOENT && hv_get_domain(answer->u.death.domid, &info) == 0)
        describe(&info, &domain);
    if (err == -ENOENT)
        refuse(answer, err,
               domain.is_crashed ? "%s has crashed by its own account: see its console"
                                 : "%s has not crashed",
               request->target);
    else
        failed(answer, err, request->target);
}

static void show_counters(const struct manage_request *request, struct manage_answer *answer)
{
    if (!find_any(request, answer, &answer->u.counters.domid))
        return;
    answer->u.counters.vcpu = request->number;
    failed(answer, hv_get_counters(&answer->u.counters), request->target);
}

static void show_calls(const struct manage_request *request, struct manage_answer *answer)
{
    static struct atoll_call_count all[CALL_COUNTS_MAX];
    struct atoll_call_counts counts = {.max = CALL_COUNTS_MAX, .list = (uintptr_t)all};
    struct manage_calls *calls = &answer->u.calls;

    if (!find_any(request, answer, &counts.domid))
        return;
    failed(answer, hv_get_call_counts(&counts), request->target);
    for (uint32_t i = request->number; answer->status == 0 && i < counts.max; i++) {
        if (calls->count == MANAGE_CALLS_MAX)
            break;
        calls->list[calls->count++] = all[i];
    }
}

static void show_volume(const struct manage_request *request, struct manage_answer *answer)
{
    const struct volume *volume = volume_at(request->number);
    struct manage_volume *to = &answer->u.volume;

    if (volume == NULL) {
        refuse(answer, -ENOENT, "there are no more volumes");
        return;
    }
    str_copy(to->name, sizeof(to->name), volume->name);
    str_copy(to->label, sizeof(to->label), volume->label);
    str_copy(to->writer, sizeof(to->writer), volume->writer);
    to->sector_count = volume->sector_count;
    to->reader_count = volume->reader_count;
    to->is_on_disk = volume->disk != NULL;
    to->is_memory = volume->memory != NULL;
    to->is_read_only = volume->is_read_only || volume->is_boot;
}

static void show_vif(const struct manage_request *request, struct manage_answer *answer)
{
    domid_t domid;

    if (find_any(request, answer, &domid))
        manage_net_vif(domid, request, answer);
}

static void show_vbd(const struct manage_request *request, struct manage_answer *answer)
{
    domid_t domid;

    if (find_any(request, answer, &domid))
        manage_disk_vbd(domid, request, answer);
}

static void measure(const struct manage_request *request, struct manage_answer *answer)
{
    failed(answer, measure_domains(&answer->u.measure), request->target);
}

void manage(const struct manage_request *request, struct manage_answer *answer)
{
    static void (*const handlers[])(const struct manage_request *, struct manage_answer *) = {
        [MANAGE_CREATE] = create,
        [MANAGE_DESTROY] = destroy,
        [MANAGE_PAUSE] = pause,
        [MANAGE_UNPAUSE] = unpause,
        [MANAGE_SHUTDOWN] = ask,
        [MANAGE_REBOOT] = ask,
        [MANAGE_DOMAIN] = show_domain,
        [MANAGE_NEXT_DOMAIN] = next_domain,
        [MANAGE_VCPU] = show_vcpu,
        [MANAGE_MACHINE] = show_machine,
        [MANAGE_LOG] = read_log,
        [MANAGE_MEMORY] = show_memory,
        [MANAGE_DEATH] = show_death,
        [MANAGE_COUNTERS] = show_counters,
        [MANAGE_STORE_READ] = manage_store_read,
        [MANAGE_STORE_LIST] = manage_store_list,
        [MANAGE_STORE_WRITE] = manage_store_write,
        [MANAGE_STORE_REMOVE] = manage_store_remove,
        [MANAGE_CALLS] = show_calls,
        [MANAGE_MEASURE] = measure,
        [MANAGE_VOLUME] = show_volume,
        [MANAGE_VBD] = show_vbd,
        [MANAGE_VIF] = show_vif,
        [MANAGE_PORT] = manage_net_port,
        [MANAGE_ADDRESS] = manage_net_address,
    };

    _Static_assert(ARRAY_COUNT(handlers) == MANAGE_VERB_COUNT, "each verb has a handler");
    memset(answer, 0, sizeof(*answer));
    if ((unsigned int)request->verb >= MANAGE_VERB_COUNT)
        refuse(answer, -EINVAL, "there is no such request");
    else
        handlers[request->verb](request, answer);
}
