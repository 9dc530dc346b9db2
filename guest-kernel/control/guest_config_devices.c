/* SPDX-License-Identifier: BSD-2-Clause */
/* Owns the lists of devices of a configuration; guest_disk.c and guest_vif.c read their items. */
#include "guest-kernel/control/guest_config_devices.h"

#include "guest-kernel/control/guest_config.h"
#include "lib/cfg.h"
#include "lib/errno.h"
#include "lib/format.h"

static bool has_disk(const struct guest_config *config, uint32_t number)
{
    for (unsigned int i = 0; i < config->disk_count; i++) {
        if (config->disks[i].number == number)
            return true;
    }
    return false;
}

static int read_disks(struct cfg *cfg, struct guest_config *config)
{
    size_t count = 0;
    int err = cfg_get_list(cfg, "disk", &count);

    if (err != 0)
        return err == -ENOENT ? 0 : err;
    if (count > GUEST_DISKS_MAX)
        return cfg_refuse(cfg, "disk", "a domain has at most %u disks", GUEST_DISKS_MAX);
    for (size_t i = 0; i < count; i++) {
        struct guest_disk *disk = &config->disks[i];
        char why[CFG_ERROR_MAX];
        const char *spec;

        err = cfg_get_item(cfg, "disk", i, &spec);
        if (err != 0)
            return err;
        if (guest_disk_read(disk, spec, why, sizeof(why)) != 0)
            return cfg_refuse(cfg, "disk", "%s", why);
        if (has_disk(config, disk->number))
            return cfg_refuse(cfg, "disk", "there are two disks %s", disk->name);
        config->disk_count++;
    }
    return 0;
}

static bool has_vif(const struct guest_config *config, uint32_t number)
{
    for (unsigned int i = 0; i < config->vif_count; i++) {
        if (config->vifs[i].number == number)
            return true;
    }
    return false;
}

static void warn(const struct cfg *cfg, const char *what, struct guest_config_report *report)
{
    char sentence[GUEST_ERROR_MAX];

    format_str(sentence, sizeof(sentence), "%s: %s", cfg->file, what);
    report->warn(sentence);
}

static int read_vifs(struct cfg *cfg, struct guest_config *config,
                     struct guest_config_report *report)
{
    size_t count = 0;
    int err = cfg_get_list(cfg, "vif", &count);

    if (err != 0)
        return err == -ENOENT ? 0 : err;
    if (count > GUEST_VIFS_MAX)
        return cfg_refuse(cfg, "vif", "a domain has at most %u network interfaces", GUEST_VIFS_MAX);
    for (size_t i = 0; i < count; i++) {
        struct guest_vif *vif = &config->vifs[i];
        struct guest_vif_report words;
        const char *spec;

        err = cfg_get_item(cfg, "vif", i, &spec);
        if (err != 0)
            return err;
        if (guest_vif_read(vif, spec, (uint32_t)i, &words) != 0)
            return cfg_refuse(cfg, "vif", "%s", words.why);
        if (has_vif(config, vif->number))
            return cfg_refuse(cfg, "vif", "there are two network interfaces %u", vif->number);
        if (words.warning[0] != '\0')
            warn(cfg, words.warning, report);
        config->vif_count++;
    }
    return 0;
}

int guest_config_read_devices(struct cfg *cfg, struct guest_config *config,
                              struct guest_config_report *report)
{
    int err = read_disks(cfg, config);

    return err != 0 ? err : read_vifs(cfg, config, report);
}
