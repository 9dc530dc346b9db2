/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A guest's configuration that may be anything, and atoll.cfg. Half of the inputs come behind lines
 * that are right, so that values are reached.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "guest-kernel/control/guest_config.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

static const char start[] = "name='g'\ntype='pvh'\nkernel='k'\n";

static void require(bool is_so)
{
    if (!is_so)
        abort();
}

static void require_text(const char *text, size_t size)
{
    require(memchr(text, '\0', size) != NULL);
}

static void warn(const char *sentence)
{
    require_text(sentence, GUEST_ERROR_MAX);
    require(sentence[0] != '\0');
}

static void check_devices(const struct guest_config *config)
{
    require(config->disk_count <= GUEST_DISKS_MAX && config->vif_count <= GUEST_VIFS_MAX);
    for (unsigned int i = 0; i < config->disk_count; i++) {
        require_text(config->disks[i].target, sizeof(config->disks[i].target));
        require_text(config->disks[i].name, sizeof(config->disks[i].name));
        require(config->disks[i].target[0] != '\0' && config->disks[i].number != 0);
    }
    for (unsigned int i = 0; i < config->vif_count; i++) {
        require_text(config->vifs[i].bridge, sizeof(config->vifs[i].bridge));
        require(config->vifs[i].mtu >= 68 && config->vifs[i].mtu <= 65517);
    }
}

static void check(const struct guest_config *config)
{
    require_text(config->name, sizeof(config->name));
    require_text(config->kernel, sizeof(config->kernel));
    require_text(config->ramdisk, sizeof(config->ramdisk));
    require_text(config->cmdline, sizeof(config->cmdline));
    require(config->name[0] != '\0' && config->kernel[0] != '\0');
    for (const char *at = config->name; *at != '\0'; at++)
        require(*at > ' ' && *at <= '~' && *at != '/');
    require(config->vcpus >= 1 && config->vcpus <= GUEST_VCPUS_MAX);
    require(config->memory_mib >= 4 && config->maxmem_mib >= config->memory_mib);
    require(config->cpus != 0 && config->weight != 0);
    check_devices(config);
}

static void each(const char *name, void *arg)
{
    size_t *count = arg;

    require_text(name, GUEST_NAME_MAX);
    require(++*count <= 64);
}

static void read_text(const uint8_t *bytes, size_t size)
{
    static struct guest_config config;
    struct guest_config_report report = {.warn = warn};
    size_t count = 0;

    if (guest_config_read(&config, "g.cfg", bytes, size, &report) == 0)
        check(&config);
    else
        require(strncmp(report.error, "g.cfg:", 6) == 0);
    require_text(report.error, sizeof(report.error));
    if (guest_config_domains(bytes, size, each, &count, &report) != 0)
        require(strncmp(report.error, "atoll.cfg:", 10) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    uint8_t *copy = malloc(sizeof(start) + size);

    require(copy != NULL);
    memcpy(copy, start, sizeof(start) - 1);
    if (size > 0)
        memcpy(copy + sizeof(start) - 1, bytes, size);
    read_text(copy, sizeof(start) - 1 + size);
    read_text(copy + sizeof(start) - 1, size);
    free(copy);
    return 0;
}
