/* SPDX-License-Identifier: BSD-2-Clause */
/* xen_version: each sub-operation, and the ones that an unprivileged domain is denied. */
#include "guest-kernel/hypercall.h"
#include "lib/compiler.h"
#include "lib/string.h"
#include "pv-abi/features.h"
#include "pv-abi/version.h"
#include "tests/guest/check.h"
#include "tests/guest/pointers.h"

#define VERSION_4_17 0x00040011
#define UNKNOWN      99

static void values(void)
{
    struct xen_feature_info features = {.submap_idx = 0};
    uint32_t must = 1u << XENFEAT_auto_translated_physmap | 1u << XENFEAT_hvm_callback_vector |
                    1u << XENFEAT_hvm_safe_pvclock | 1u << XENFEAT_writable_page_tables |
                    1u << XENFEAT_memory_op_vnode_supported | 1u << XENFEAT_not_direct_mapped;

    check("xen_version/version", hypercall_xen_version(XENVER_version, NULL), VERSION_4_17);
    check("xen_version/version by instruction",
          hypercall_insn5(__HYPERVISOR_xen_version, XENVER_version, 0, 0, 0, 0), VERSION_4_17);
    check("xen_version/version as in CPUID", hypervisor_info.version, VERSION_4_17);
    check("xen_version/pagesize", hypercall_xen_version(XENVER_pagesize, NULL), 4096);
    check("xen_version/get_features", hypercall_xen_version(XENVER_get_features, &features), 0);
    check("xen_version/features of a PVH guest", features.submap, must);
    features.submap_idx = XENFEAT_NR_SUBMAPS;
    check("xen_version/get_features past the last map",
          hypercall_xen_version(XENVER_get_features, &features), -XEN_EINVAL);
    check("xen_version/unknown", hypercall_xen_version(UNKNOWN, NULL), -XEN_ENOSYS);
}

/* A zero-terminated text shorter than its buffer. */
static bool is_text(const char *buffer, size_t size)
{
    for (size_t i = 0; i < size; i++) {
        if (buffer[i] == '\0')
            return true;
    }
    return false;
}

/* What an unprivileged domain is not told: the answer says so, or is an error. */
static void denied(char *buffer)
{
    int64_t result = hypercall_xen_version(XENVER_commandline, buffer);

    check_either("xen_version/commandline", result, 0, -XEN_EPERM);
    if (result == 0)
        check_true("xen_version/commandline is denied", strcmp(buffer, "<denied>") == 0);
    check_either("xen_version/build_id", hypercall_xen_version(XENVER_build_id, NULL), -XEN_EPERM,
                 -XEN_ENODATA);
}

static void texts(void)
{
    static char buffer[1024];
    struct xen_compile_info info;
    struct xen_platform_parameters parameters;
    uint8_t handle[16];

    memset(buffer, 'x', sizeof(buffer));
    check("xen_version/extraversion", hypercall_xen_version(XENVER_extraversion, buffer), 0);
    check_true("xen_version/extraversion is text", is_text(buffer, sizeof(xen_extraversion_t)));
    check("xen_version/extraversion writes no more", buffer[sizeof(xen_extraversion_t)], 'x');
    memset(buffer, 'x', sizeof(buffer));
    check("xen_version/capabilities", hypercall_xen_version(XENVER_capabilities, buffer), 0);
    check_true("xen_version/capabilities is text", is_text(buffer, sizeof(buffer)));
    memset(buffer, 'x', sizeof(buffer));
    check("xen_version/changeset", hypercall_xen_version(XENVER_changeset, buffer), 0);
    check_true("xen_version/changeset is text", is_text(buffer, sizeof(xen_changeset_info_t)));
    memset(&info, 'x', sizeof(info));
    check("xen_version/compile_info", hypercall_xen_version(XENVER_compile_info, &info), 0);
    check_true("xen_version/compile_info is text", is_text(info.compiler, sizeof(info.compiler)));
    check("xen_version/platform_parameters",
          hypercall_xen_version(XENVER_platform_parameters, &parameters), 0);
    check("xen_version/guest_handle", hypercall_xen_version(XENVER_guest_handle, handle), 0);
    denied(buffer);
}

static void pointers(void)
{
    static const xen_extraversion_t text;
    static const struct xen_feature_info features;
    static const struct pointer_call calls[] = {
        {"xen_version/extraversion",
         __HYPERVISOR_xen_version,
         {XENVER_extraversion},
         1,
         text,
         sizeof(text),
         0},
        {"xen_version/get_features",
         __HYPERVISOR_xen_version,
         {XENVER_get_features},
         1,
         &features,
         sizeof(features),
         0},
    };

    for (unsigned int i = 0; i < ARRAY_COUNT(calls); i++) {
        check_pointers(&calls[i]);
        check_readonly(&calls[i]);
        check_compat(&calls[i]);
    }
}

static void compat_parameters(void)
{
    static const struct compat_xen_platform_parameters parameters;
    static const struct pointer_call call = {"xen_version/platform_parameters",
                                             __HYPERVISOR_xen_version,
                                             {XENVER_platform_parameters},
                                             1,
                                             &parameters,
                                             sizeof(parameters),
                                             0};

    check_compat(&call);
}

void test_cases(void)
{
    values();
    texts();
    pointers();
    compat_parameters();
}
