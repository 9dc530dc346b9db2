/* SPDX-License-Identifier: BSD-2-Clause */
/* Owns what the keys of a guest's configuration mean and which values are right. */
#include "guest-kernel/control/guest_config.h"

#include "guest-kernel/control/guest_config_devices.h"
#include "lib/cfg.h"
#include "lib/errno.h"
#include "lib/format.h"
#include "lib/string.h"
#include "lib/strutil.h"

#define ENTRY_MAX      128u
#define MEMORY_MIN     4
#define MEMORY_MAX     (1 << 20) /* MiB: 1 TiB */
#define MEMORY_DEFAULT 32        /* xl's own default for guests without a word on it */
#define WEIGHT_MAX     65535
#define WEIGHT_DEFAULT 256
#define CPU_BITS       64u
#define UUID_DIGITS    32u

/* cfg_parse() writes into the text that it reads. */
static char text[GUEST_CONFIG_MAX];
static struct cfg_entry entries[ENTRY_MAX];

static const struct action_word {
    const char *word;
    enum end_action action;
} action_words[] = {{"destroy", END_DESTROY}, {"restart", END_RESTART}, {"preserve", END_PRESERVE}};

/* Passes an error of `cfg` on. */
static int refused(const struct cfg *cfg, int err, struct guest_config_report *report)
{
    cfg_format_error(cfg, report->error, sizeof(report->error));
    return err;
}

static int parse(struct cfg *cfg, const char *file_name, const void *bytes, size_t size)
{
    cfg_init(cfg, entries, ARRAY_COUNT(entries));
    cfg->file = file_name;
    if (size > sizeof(text)) {
        cfg->error_line = 0;
        format_str(cfg->error, sizeof(cfg->error), "the file is larger than %u bytes",
                   GUEST_CONFIG_MAX);
        return -E2BIG;
    }
    memcpy(text, bytes, size);
    return cfg_parse(cfg, file_name, text, size);
}

/* Copies the text of `key`, if it is set. */
static int read_text(struct cfg *cfg, const char *key, char *to, size_t size)
{
    const char *value = "";
    int err = cfg_get_string(cfg, key, &value);

    if (err != 0 && err != -ENOENT)
        return err;
    if (!str_copy(to, size, value))
        return cfg_refuse(cfg, key, "%s is longer than %zu bytes", key, size - 1);
    return 0;
}

static int read_number(struct cfg *cfg, const char *key, int64_t min, int64_t max, int64_t *value)
{
    int err = cfg_get_number(cfg, key, min, max, value);

    return err == -ENOENT ? 0 : err;
}

/* A name becomes part of records and columns: no blanks and nothing that does not print. */
static int read_name(struct cfg *cfg, struct guest_config *config)
{
    int err = read_text(cfg, "name", config->name, sizeof(config->name));

    if (err != 0)
        return err;
    if (config->name[0] == '\0')
        return cfg_refuse(cfg, "name", "name is missing: say name = \"NAME\"");
    for (const char *at = config->name; *at != '\0'; at++) {
        if (*at <= ' ' || *at > '~' || *at == '/')
            return cfg_refuse(cfg, "name",
                              "a name has letters, digits and signs, no blank and no slash");
    }
    if (config->name[0] >= '0' && config->name[0] <= '9')
        return cfg_refuse(cfg, "name", "a name does not begin with a digit: numbers are IDs");
    return 0;
}

static int read_type(struct cfg *cfg)
{
    const char *type = "", *mode = "default";
    int err = cfg_get_string(cfg, "type", &type);

    if (err != 0 && err != -ENOENT)
        return err;
    if (strcmp(type, "pvh") != 0)
        return cfg_refuse(cfg, "type", "say type = \"pvh\": there is no other type of guest");
    err = cfg_get_string(cfg, "tsc_mode", &mode);
    if (err != 0 && err != -ENOENT)
        return err;
    if (strcmp(mode, "default") != 0 && strcmp(mode, "native") != 0)
        return cfg_refuse(cfg, "tsc_mode",
                          "tsc_mode is \"default\" or \"native\": the TSC is never emulated");
    return 0;
}

/* Warns of something at a line of the file, or in the file (line 0). */
static void warn(const struct cfg *cfg, uint32_t line, struct guest_config_report *report,
                 const char *fmt, ...) PRINTF_LIKE(4, 5);

static void warn(const struct cfg *cfg, uint32_t line, struct guest_config_report *report,
                 const char *fmt, ...)
{
    char warning[GUEST_ERROR_MAX];
    size_t size = line != 0 ? format_str(warning, sizeof(warning), "%s:%u: ", cfg->file, line)
                            : format_str(warning, sizeof(warning), "%s: ", cfg->file);
    va_list args;

    va_start(args, fmt);
    if (size < sizeof(warning))
        format_va(warning + size, sizeof(warning) - size, fmt, args);
    va_end(args);
    report->warn(warning);
}

/* xl: cmdline says all of it, or else root and extra are put together. */
static int read_cmdline(struct cfg *cfg, struct guest_config *config,
                        struct guest_config_report *report)
{
    const char *cmdline = NULL, *root = NULL, *extra = NULL;
    const char *const keys[] = {"cmdline", "root", "extra"};
    const char **const values[] = {&cmdline, &root, &extra};
    size_t size;

    for (size_t i = 0; i < ARRAY_COUNT(keys); i++) {
        int err = cfg_get_string(cfg, keys[i], values[i]);

        if (err != 0 && err != -ENOENT)
            return err;
    }
    if (cmdline != NULL) {
        if (root != NULL || extra != NULL)
            warn(cfg, 0, report, "cmdline is set: root and extra are ignored");
        size = format_str(config->cmdline, sizeof(config->cmdline), "%s", cmdline);
    } else if (root != NULL) {
        size = format_str(config->cmdline, sizeof(config->cmdline), "root=%s%s%s", root,
                          extra != NULL ? " " : "", extra != NULL ? extra : "");
    } else {
        size =
            format_str(config->cmdline, sizeof(config->cmdline), "%s", extra != NULL ? extra : "");
    }
    if (size >= sizeof(config->cmdline))
        return cfg_refuse(cfg, cmdline != NULL ? "cmdline" : "extra",
                          "the command line is longer than %u bytes", GUEST_CMDLINE_MAX - 1);
    return 0;
}

static int read_memory(struct cfg *cfg, struct guest_config *config)
{
    int64_t memory = MEMORY_DEFAULT, maxmem;
    int err = read_number(cfg, "memory", MEMORY_MIN, MEMORY_MAX, &memory);

    if (err != 0)
        return err;
    maxmem = memory;
    err = read_number(cfg, "maxmem", MEMORY_MIN, MEMORY_MAX, &maxmem);
    if (err != 0)
        return err;
    if (maxmem < memory)
        return cfg_refuse(cfg, "maxmem", "maxmem is at least memory, which is %lld",
                          (long long)memory);
    config->memory_mib = (uint32_t)memory;
    config->maxmem_mib = (uint32_t)maxmem;
    return 0;
}

static int read_cpus(struct cfg *cfg, struct guest_config *config)
{
    int64_t vcpus = 1, weight = WEIGHT_DEFAULT;
    const char *cpus = "all";
    int err = read_number(cfg, "vcpus", 1, GUEST_VCPUS_MAX, &vcpus);

    if (err == 0)
        err = read_number(cfg, "cpu_weight", 1, WEIGHT_MAX, &weight);
    if (err != 0)
        return err;
    config->vcpus = (uint32_t)vcpus;
    config->weight = (uint16_t)weight;
    err = cfg_get_string(cfg, "cpus", &cpus);
    if (err != 0 && err != -ENOENT)
        return err;
    if (guest_config_parse_cpus(cpus, &config->cpus) != 0)
        return cfg_refuse(cfg, "cpus",
                          "cpus is a text such as \"all\", \"1\", \"0-3\" or \"0-3,^1\", with CPUs "
                          "below %u",
                          CPU_BITS);
    return 0;
}

static int read_action(struct cfg *cfg, const char *key, enum end_action *action)
{
    const char *word = NULL;
    int err = cfg_get_string(cfg, key, &word);

    if (err == -ENOENT)
        return 0;
    if (err != 0)
        return err;
    for (size_t i = 0; i < ARRAY_COUNT(action_words); i++) {
        if (strcmp(word, action_words[i].word) == 0) {
            *action = action_words[i].action;
            return 0;
        }
    }
    return cfg_refuse(cfg, key, "%s is \"destroy\", \"restart\" or \"preserve\"", key);
}

static int read_actions(struct cfg *cfg, struct guest_config *config)
{
    int err;

    config->on_poweroff = END_DESTROY;
    config->on_reboot = END_RESTART;
    config->on_crash = END_DESTROY;
    err = read_action(cfg, "on_poweroff", &config->on_poweroff);
    if (err == 0)
        err = read_action(cfg, "on_reboot", &config->on_reboot);
    if (err == 0)
        err = read_action(cfg, "on_crash", &config->on_crash);
    return err;
}

static int read_uuid(struct cfg *cfg, struct guest_config *config)
{
    const char *uuid = NULL;
    int err = cfg_get_string(cfg, "uuid", &uuid);

    if (err != 0)
        return err == -ENOENT ? 0 : err;
    if (guest_config_parse_uuid(uuid, config->uuid) != 0)
        return cfg_refuse(cfg, "uuid",
                          "uuid has the form \"01234567-89ab-cdef-0123-456789abcdef\"");
    config->has_uuid = true;
    return 0;
}

static int read_all(struct cfg *cfg, struct guest_config *config,
                    struct guest_config_report *report)
{
    int err = read_name(cfg, config);

    if (err == 0)
        err = read_type(cfg);
    if (err == 0)
        err = read_text(cfg, "kernel", config->kernel, sizeof(config->kernel));
    if (err == 0 && config->kernel[0] == '\0')
        err = cfg_refuse(cfg, "kernel", "kernel is missing: it names a boot module");
    if (err == 0)
        err = read_text(cfg, "ramdisk", config->ramdisk, sizeof(config->ramdisk));
    if (err == 0)
        err = read_cmdline(cfg, config, report);
    if (err == 0)
        err = read_memory(cfg, config);
    if (err == 0)
        err = read_cpus(cfg, config);
    if (err == 0)
        err = read_actions(cfg, config);
    if (err == 0)
        err = read_uuid(cfg, config);
    if (err == 0)
        err = guest_config_read_devices(cfg, config, report);
    return err;
}

/* Warns of what has no effect: keys that are unknown, and settings that are made again. */
static void warn_of_entries(const struct cfg *cfg, struct guest_config_report *report)
{
    const struct cfg_entry *unused = NULL;

    while ((unused = cfg_next_unused(cfg, unused)) != NULL)
        warn(cfg, unused->line, report, "the key %s is unknown and ignored", unused->name);
    for (size_t i = 0; i < cfg->entry_count; i++) {
        for (size_t j = 0; j < i; j++) {
            const struct cfg_entry *one = &cfg->entries[j], *again = &cfg->entries[i];

            if (one->name != NULL && again->name != NULL && strcmp(one->name, again->name) == 0) {
                warn(cfg, again->line, report, "%s is set again, and line %u is ignored",
                     again->name, one->line);
                break;
            }
        }
    }
}

int guest_config_read(struct guest_config *config, const char *file_name, const void *bytes,
                      size_t size, struct guest_config_report *report)
{
    struct cfg cfg;
    int err;

    memset(config, 0, sizeof(*config));
    err = parse(&cfg, file_name, bytes, size);
    if (err == 0)
        err = read_all(&cfg, config, report);
    if (err != 0)
        return refused(&cfg, err, report);
    warn_of_entries(&cfg, report);
    return 0;
}

int guest_config_domains(const void *bytes, size_t size, void (*each)(const char *name, void *arg),
                         void *arg, struct guest_config_report *report)
{
    static char names[64][GUEST_NAME_MAX];
    struct cfg cfg;
    size_t count = 0;
    int err = parse(&cfg, "atoll.cfg", bytes, size);

    if (err == 0)
        err = cfg_get_list(&cfg, "domains", &count);
    if (err == -ENOENT)
        return 0;
    if (err == 0 && count > ARRAY_COUNT(names))
        err = cfg_refuse(&cfg, "domains", "more than %zu domains", ARRAY_COUNT(names));
    for (size_t i = 0; err == 0 && i < count; i++) {
        const char *name;

        err = cfg_get_item(&cfg, "domains", i, &name);
        if (err == 0 && !str_copy(names[i], sizeof(names[i]), name))
            err =
                cfg_refuse(&cfg, "domains", "%s is longer than %u bytes", name, GUEST_NAME_MAX - 1);
    }
    if (err != 0)
        return refused(&cfg, err, report);
    /* each() reads other configurations into the same buffer, so the names are copies. */
    for (size_t i = 0; i < count; i++)
        each(names[i], arg);
    return 0;
}

/* Reads "N" or "N-M" at *text and moves on. */
static int parse_range(const char **at, uint64_t *mask)
{
    uint64_t first, last;

    if (str_to_u64(*at, 10, &first, at) != 0)
        return -EINVAL;
    last = first;
    if (**at == '-' && str_to_u64(*at + 1, 10, &last, at) != 0)
        return -EINVAL;
    if (last >= CPU_BITS || first > last)
        return -EINVAL;
    *mask = (UINT64_MAX >> (CPU_BITS - 1 - (last - first))) << first;
    return 0;
}

int guest_config_parse_cpus(const char *at, uint64_t *cpus)
{
    uint64_t result = 0;

    if (strcmp(at, "all") == 0) {
        *cpus = UINT64_MAX;
        return 0;
    }
    for (;; at++) {
        bool is_excluded = *at == '^';
        uint64_t mask;

        if (is_excluded)
            at++;
        if (str_starts_with(at, "all")) {
            mask = UINT64_MAX;
            at += strlen("all");
        } else if (parse_range(&at, &mask) != 0) {
            return -EINVAL;
        }
        result = is_excluded ? result & ~mask : result | mask;
        if (*at != ',')
            break;
    }
    if (*at != '\0' || result == 0)
        return -EINVAL;
    *cpus = result;
    return 0;
}

int guest_config_parse_uuid(const char *at, uint8_t uuid[16])
{
    uint8_t result[16] = {0};

    for (unsigned int i = 0; i < UUID_DIGITS; i++) {
        int value;

        if (i == 8 || i == 12 || i == 16 || i == 20) {
            if (*at++ != '-')
                return -EINVAL;
        }
        value = str_hex_digit(*at);
        if (value < 0)
            return -EINVAL;
        at++;
        result[i / 2] = (uint8_t)(result[i / 2] << 4 | value);
    }
    if (*at != '\0')
        return -EINVAL;
    memcpy(uuid, result, sizeof(result));
    return 0;
}
