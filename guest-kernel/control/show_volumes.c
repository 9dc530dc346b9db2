/* SPDX-License-Identifier: BSD-2-Clause */
/* Owns the columns of `volumes`. */
#include "guest-kernel/control/manage.h"
#include "guest-kernel/control/shell_show.h"
#include "lib/errno.h"

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

    shell_printf(output, "%-20s %-20s %12s  %-8s %-4s %s\n", "Name", "Label", "KiB", "Kind", "Mode",
                 "Writer");
    for (;;) {
        manage(&request, &answer);
        if (answer.status != 0)
            break;
        shell_printf(output, "%-20s %-20s %12llu  %-8s %-4s %s\n", volume->name,
                     volume->label[0] != '\0' ? volume->label : "-",
                     (unsigned long long)(volume->sector_count / SECTORS_PER_KIB), kind_of(volume),
                     volume->is_read_only ? "r" : "w",
                     volume->writer[0] != '\0' ? volume->writer : "-");
        request.number++;
    }
    if (answer.status != -ENOENT)
        shell_printf(output, "%s.\n", answer.sentence);
    return answer.status == -ENOENT ? 0 : answer.status;
}
