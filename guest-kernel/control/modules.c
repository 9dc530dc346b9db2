/* SPDX-License-Identifier: BSD-2-Clause */
/* Owns the look-up of boot modules. */
#include "guest-kernel/control/modules.h"

#include "guest-kernel/guest.h"
#include "lib/string.h"

static bool has_name(const char *command_line, const char *name)
{
    size_t length = strlen(name);

    return strncmp(command_line, name, length) == 0 &&
           (command_line[length] == '\0' || command_line[length] == ' ');
}

bool module_find(const char *name, struct module *module)
{
    struct guest_module found;

    for (unsigned int i = 0; name[0] != '\0' && guest_module(i, &found); i++) {
        if (has_name(found.command_line, name)) {
            module->bytes = found.bytes;
            module->size = found.size;
            return true;
        }
    }
    return false;
}
