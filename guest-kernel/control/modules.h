/* SPDX-License-Identifier: BSD-2-Clause */
/* Boot modules by their name: the first word of a module's command line. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct module {
    const uint8_t *bytes;
    size_t size;
};

/* False: no such module. */
bool module_find(const char *name, struct module *module);
