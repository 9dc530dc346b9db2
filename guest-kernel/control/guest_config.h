/* SPDX-License-Identifier: BSD-2-Clause */
/* A guest's configuration, in xl's syntax and with xl's words (xl.cfg(5)). */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "guest-kernel/control/guest_disk.h"
#include "guest-kernel/control/guest_vif.h"
#include "lib/compiler.h"

#define GUEST_NAME_MAX    64u /* bytes with the NUL, of a domain's name and of a file's */
#define GUEST_CMDLINE_MAX 1024u
#define GUEST_CONFIG_MAX  16384u /* bytes of a configuration file */
#define GUEST_VCPUS_MAX   64u
#define GUEST_ERROR_MAX   320u

/* What happens to a domain that has ended. */
enum end_action { END_DESTROY, END_RESTART, END_PRESERVE };

struct guest_config {
    char name[GUEST_NAME_MAX];
    char kernel[GUEST_NAME_MAX];
    char ramdisk[GUEST_NAME_MAX]; /* "": none */
    char cmdline[GUEST_CMDLINE_MAX];
    uint32_t memory_mib;
    uint32_t maxmem_mib;
    uint32_t vcpus;
    uint64_t cpus; /* bit N: may run on CPU N; all bits: not said */
    uint16_t weight;
    enum end_action on_poweroff, on_reboot, on_crash;
    uint8_t uuid[16];
    bool has_uuid;
    struct guest_disk disks[GUEST_DISKS_MAX];
    unsigned int disk_count;
    struct guest_vif vifs[GUEST_VIFS_MAX];
    unsigned int vif_count;
};

/* Where the sentences go. */
struct guest_config_report {
    char error[GUEST_ERROR_MAX]; /* file, line, column and what would be right */
    void (*warn)(const char *sentence);
};

/* Reads the `size` bytes of the file `file_name`, which are not changed. -EINVAL and the like, with
 * report->error set: the configuration is refused. Unknown keys warn. One caller at a time. */
int MUST_CHECK guest_config_read(struct guest_config *config, const char *file_name,
                                 const void *bytes, size_t size,
                                 struct guest_config_report *report);

/* The texts in `domains=[...]` of atoll.cfg: calls each(name, arg) for every one. Errors as above.
 */
int MUST_CHECK guest_config_domains(const void *bytes, size_t size,
                                    void (*each)(const char *name, void *arg), void *arg,
                                    struct guest_config_report *report);

/* Reads "all", "0-3", "0,2-5,^4" as a set of CPUs. -EINVAL: not such a text. */
int MUST_CHECK guest_config_parse_cpus(const char *text, uint64_t *cpus);

/* Reads 8-4-4-4-12 hexadecimal digits. -EINVAL. */
int MUST_CHECK guest_config_parse_uuid(const char *text, uint8_t uuid[16]);
