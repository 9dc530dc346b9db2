/* SPDX-License-Identifier: BSD-2-Clause */
/* Owns the columns of `volumes` and, those of Xen 4.17's xl, of `block-list`. */
#include "guest-kernel/control/manage.h"
#include "guest-kernel/control/shell_show.h"
#include "lib/errno.h"
#include "lib/strutil.h"

#define SECTORS_PER_KIB 2u

static const char *kind_of(const struct manage_volume *volume)
{
    if (volume->is_on_disk)
        return "disk";
    return volume->is_memory ? "memory" : "nothing";
}

int show_volumes(struct shell_output *output)
{
    static struct manage_answer answer;
    struct manage_request request = {.verb = MANAGE_VOLUME};
    const struct manage_volume *volume = &answer.u.volume;

    shell_printf(output, "%-20s %-20s %12s  %-8s %-4s %7s %s\n", "Name", "Label", "KiB", "Kind",
                 "Mode", "Readers", "Writer");
    for (;;) {
        manage(&request, &answer);
        if (answer.status != 0)
            break;
        shell_printf(output, "%-20s %-20s %12llu  %-8s %-4s %7u %s\n", volume->name,
                     volume->label[0] != '\0' ? volume->label : "-",
                     (unsigned long long)(volume->sector_count / SECTORS_PER_KIB), kind_of(volume),
                     volume->is_read_only ? "r" : "w", volume->reader_count,
                     volume->writer[0] != '\0' ? volume->writer : "-");
        request.number++;
    }
    if (answer.status != -ENOENT)
        shell_printf(output, "%s.\n", answer.sentence);
    return answer.status == -ENOENT ? 0 : answer.status;
}

static void show_vbd(struct shell_output *output, const struct manage_vbd *vbd)
{
    unsigned long long number = vbd->number;

    shell_printf(output, "%-5llu %-3u %-6u %-5lld %-6lld %-8lld ", number, 0u, vbd->domid,
                 (long long)vbd->state, (long long)vbd->port, (long long)vbd->ring_ref);
    shell_printf(output, "/local/domain/0/backend/vbd/%u/%llu\n", vbd->domid, number);
}

int show_vbds(struct shell_output *output, const char *target)
{
    static struct manage_answer answer;
    struct manage_request request = {.verb = MANAGE_VBD};
    int err = show_set_target(&request, target, output);

    if (err != 0)
        return err;
    for (;; request.number++) {
        manage(&request, &answer);
        if (request.number == 0 && (answer.status == 0 || answer.status == -ENOENT))
            shell_printf(output, "%-5s %-3s %-6s %-5s %-6s %-8s %-30s\n", "Vdev", "BE", "handle",
                         "state", "evt-ch", "ring-ref", "BE-path");
        if (answer.status != 0)
            break;
        show_vbd(output, &answer.u.vbd);
    }
    if (answer.status == -ENOENT)
        return 0;
    shell_printf(output, "%s.\n", answer.sentence);
    return answer.status;
}
