/* SPDX-License-Identifier: BSD-2-Clause */
/* The xen_version hypercall. */

#include "core/version.h"

#include "core/domain.h"
#include "core/hypercall_rows.h"
#include "lib/errno.h"
#include "lib/format.h"
#include "lib/string.h"
#include "pv-abi/features.h"

#define ABI_MAJOR 4
#define ABI_MINOR 17

const char *version_options = "";

int64_t version_version(UNUSED struct hypercall *call)
{
    return ABI_MAJOR << 16 | ABI_MINOR;
}

int64_t version_extraversion(struct hypercall *call)
{
    static const xen_extraversion_t text = ".0-atoll";

    __builtin_memcpy(call->arg, text, sizeof(text));
    return 0;
}

int64_t version_compile_info(struct hypercall *call)
{
    struct xen_compile_info *info = call->arg;

    format_str(info->compiler, sizeof(info->compiler), "%s", __VERSION__);
    format_str(info->compile_by, sizeof(info->compile_by), "atoll");
    return 0;
}

/* The longer texts. */
int64_t version_text(struct hypercall *call)
{
    const char *text = call->d->is_privileged ? version_options : "<denied>";

    if ((uint32_t)call->args[0] == XENVER_capabilities)
        text = "hvm-3.0-x86_32 hvm-3.0-x86_32p hvm-3.0-x86_64 ";
    else if ((uint32_t)call->args[0] == XENVER_changeset)
        text = "unavailable";
    format_str(call->arg, call->row->size64, "%s", text);
    return 0;
}

/* The argument is zeroed already. */
int64_t version_platform_parameters(UNUSED struct hypercall *call)
{
    return 0;
}

int64_t version_get_features(struct hypercall *call)
{
    struct xen_feature_info *info = call->arg;

    if (info->submap_idx >= XENFEAT_NR_SUBMAPS)
        return -EINVAL;
    info->submap = 1u << XENFEAT_writable_page_tables | 1u << XENFEAT_auto_translated_physmap |
                   1u << XENFEAT_hvm_safe_pvclock | 1u << XENFEAT_hvm_callback_vector |
                   1u << XENFEAT_memory_op_vnode_supported;
    info->submap |=
        call->d->is_direct_mapped ? 1u << XENFEAT_direct_mapped : 1u << XENFEAT_not_direct_mapped;
    if (call->d->is_privileged)
        info->submap |= 1u << XENFEAT_dom0 | 1u << XENFEAT_hvm_pirqs;
    return 0;
}

/* As Xen: an argument is a mistake. */
int64_t version_pagesize(struct hypercall *call)
{
    return call->args[1] ? -EINVAL : (int64_t)PAGE_SIZE;
}

int64_t version_guest_handle(struct hypercall *call)
{
    memcpy(call->arg, call->d->handle, sizeof(call->d->handle));
    return 0;
}

int64_t version_build_id(UNUSED struct hypercall *call)
{
    return -ENODATA;
}
