/* SPDX-License-Identifier: BSD-2-Clause */
/* Owns the order in which a domain comes into being. Whatever fails after its creation is undone by
 * its destruction: nothing outside it is left behind. */
#include "guest-kernel/control/builder.h"

#include "guest-kernel/control/build_layout.h"
#include "guest-kernel/control/build_state.h"
#include "guest-kernel/control/bzimage.h"
#include "guest-kernel/control/foreign.h"
#include "guest-kernel/control/hv.h"
#include "guest-kernel/guest.h"
#include "guest-kernel/memory.h"
#include "lib/elf.h"
#include "lib/errno.h"
#include "lib/format.h"
#include "lib/insn.h"
#include "lib/string.h"
#include "pv-abi/grant_table.h"
#include "pv-abi/hvm_params.h"
#include "pv-abi/hvm_save.h"
#include "pv-abi/sched.h"

#define EVENT_PORT_MAX  1023 /* of a guest */
#define GRANT_FRAMES    64   /* 32768 grants of version 1, as Xen's default */
#define MAPTRACK_FRAMES 64
#define GRANT_VERSION   1

static void (*meanwhile)(void);

void builder_set_meanwhile(void (*serve)(void))
{
    meanwhile = serve;
}

void build_meanwhile(void)
{
    if (meanwhile != NULL)
        meanwhile();
}

int build_refuse(struct build *build, int err, const char *fmt, ...)
{
    va_list args;
    size_t size;

    va_start(args, fmt);
    size = format_va(build->sentence, GUEST_ERROR_MAX, fmt, args);
    va_end(args);
    if (err != -EINVAL && size < GUEST_ERROR_MAX)
        format_str(build->sentence + size, GUEST_ERROR_MAX - size, " (error %d)", -err);
    return err;
}

static int find_files(struct build *build)
{
    const struct guest_config *config = build->config;

    if (!module_find(config->kernel, &build->kernel))
        return build_refuse(build, -EINVAL,
                            "there is no boot module %s, which kernel names; see \"files\" in "
                            "atoll.cfg",
                            config->kernel);
    if (config->ramdisk[0] != '\0' && !module_find(config->ramdisk, &build->ramdisk))
        return build_refuse(build, -EINVAL,
                            "there is no boot module %s, which ramdisk names; see \"files\" in "
                            "atoll.cfg",
                            config->ramdisk);
    return 0;
}

static int create(struct build *build)
{
    struct xen_domctl_createdomain config = {
        .flags = XEN_DOMCTL_CDF_hvm | XEN_DOMCTL_CDF_hap,
        .max_vcpus = build->config->vcpus,
        .max_evtchn_port = EVENT_PORT_MAX,
        .max_grant_frames = GRANT_FRAMES,
        .max_maptrack_frames = MAPTRACK_FRAMES,
        .grant_opts = XEN_DOMCTL_GRANT_version(GRANT_VERSION),
        .arch.emulation_flags = XEN_X86_EMU_LAPIC,
    };
    int err;

    memcpy(config.handle, build->config->uuid, sizeof(config.handle));
    err = hv_create_domain(&config, &build->domid);
    return err == 0 ? 0 : build_refuse(build, err, "the hypervisor makes no new domain");
}

static int set_limits(struct build *build)
{
    const struct guest_config *config = build->config;
    uint64_t kib =
        config->maxmem_mib * UINT64_C(1024) + build_reserved_frames(build) * (PAGE_SIZE / 1024);
    int err = hv_set_max_vcpus(build->domid, config->vcpus);

    if (err != 0)
        return build_refuse(build, err, "it cannot have %u vcpus", config->vcpus);
    err = hv_set_max_memory(build->domid, kib);
    if (err != 0)
        return build_refuse(build, err, "its memory limit cannot be set");
    err = hv_set_weight(build->domid, config->weight);
    if (err != 0)
        return build_refuse(build, err, "its cpu_weight cannot be set");
    for (uint32_t i = 0; config->cpus != UINT64_MAX && i < config->vcpus; i++) {
        err = hv_set_affinity(build->domid, i, config->cpus);
        if (err == -EINVAL)
            return build_refuse(build, err, "cpus names no CPU that this machine has");
        if (err != 0)
            return build_refuse(build, err, "its cpus cannot be set");
    }
    return 0;
}

static int load(struct build *build)
{
    uint32_t magic = 0;

    if (build->kernel.size >= sizeof(magic))
        memcpy(&magic, build->kernel.bytes, sizeof(magic));
    if (magic == ELF_MAGIC)
        return build_start_pvh(build);
    if (bzimage_is(build->kernel.bytes, build->kernel.size))
        return build_start_linux(build);
    return build_refuse(build, -EINVAL,
                        "%s is neither an ELF file with a PVH entry nor a Linux bzImage",
                        build->config->kernel);
}

/* The first grants are the console's and the store's, for back ends that map by grant. A hypervisor
 * without XENMEM_acquire_resource leaves them empty, and back ends map the frames themselves. */
static int seed_grants(struct build *build)
{
    struct grant_entry_v1 entries[] = {
        [GNTTAB_RESERVED_CONSOLE] = {GTF_permit_access, 0, (uint32_t)BUILD_CONSOLE_GFN},
        [GNTTAB_RESERVED_XENSTORE] = {GTF_permit_access, 0, (uint32_t)BUILD_STORE_GFN},
    };
    int err = foreign_write_grants(build->domid, entries, sizeof(entries));

    if (err == 0 || err == -ENOSYS)
        return 0;
    return build_refuse(build, err, "its grant table cannot be written");
}

static int connect(struct build *build, struct built_domain *built)
{
    domid_t domid = build->domid;
    int err = hv_alloc_unbound(domid, &built->store_port);

    if (err == 0)
        err = hv_alloc_unbound(domid, &built->console_port);
    if (err == 0)
        err = hv_set_param(domid, HVM_PARAM_STORE_PFN, BUILD_STORE_GFN);
    if (err == 0)
        err = hv_set_param(domid, HVM_PARAM_STORE_EVTCHN, built->store_port);
    if (err == 0)
        err = hv_set_param(domid, HVM_PARAM_CONSOLE_PFN, BUILD_CONSOLE_GFN);
    if (err == 0)
        err = hv_set_param(domid, HVM_PARAM_CONSOLE_EVTCHN, built->console_port);
    if (err == 0)
        err = hv_set_param(domid, HVM_PARAM_TRIPLE_FAULT_REASON, SHUTDOWN_reboot);
    if (err != 0)
        return build_refuse(build, err, "its rings cannot be set up");
    return seed_grants(build);
}

static int set_vcpu(struct build *build)
{
    static struct {
        struct hvm_save_descriptor header_descriptor;
        struct hvm_save_header header;
        struct hvm_save_descriptor cpu_descriptor;
        struct hvm_hw_cpu cpu;
        struct hvm_save_descriptor end;
    } __attribute__((packed)) records;
    int err;

    memset(&records, 0, sizeof(records));
    records.header_descriptor.typecode = HVM_SAVE_CODE_HEADER;
    records.header_descriptor.length = sizeof(records.header);
    records.header.magic = HVM_FILE_MAGIC;
    records.header.version = HVM_FILE_VERSION;
    records.header.cpuid = cpuid(1, 0).eax;
    records.cpu_descriptor.typecode = HVM_SAVE_CODE_CPU;
    records.cpu_descriptor.length = sizeof(records.cpu);
    records.cpu = build->cpu;
    records.end.typecode = HVM_SAVE_CODE_END;
    err = hv_set_hvm_context(build->domid, &records, sizeof(records));
    return err == 0 ? 0 : build_refuse(build, err, "its first vcpu cannot be set up");
}

int builder_build(const struct guest_config *config, struct built_domain *built, char *sentence)
{
    struct build build = {.config = config, .sentence = sentence};
    int err = find_files(&build);

    if (err != 0)
        return err;
    err = create(&build);
    if (err != 0)
        return err;
    err = set_limits(&build);
    if (err == 0)
        err = build_memory(&build);
    if (err == 0)
        err = load(&build);
    if (err == 0)
        err = connect(&build, built);
    if (err == 0)
        err = set_vcpu(&build);
    if (err != 0) {
        int undo = hv_destroy_domain(build.domid);

        if (undo != 0)
            guest_panic("domain %u cannot be destroyed: error %d", build.domid, -undo);
        return err;
    }
    built->domid = build.domid;
    built->store_gfn = BUILD_STORE_GFN;
    built->console_gfn = BUILD_CONSOLE_GFN;
    return 0;
}
