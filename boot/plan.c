/* SPDX-License-Identifier: BSD-2-Clause */
/* From the configuration to the list of files and the memory that a start needs. */
#include "boot/plan.h"

#include "lib/errno.h"
#include "lib/string.h"
#include "lib/strutil.h"

#define MIB_SHIFT 20u

/* MiB; a larger number in a configuration is a mistake. */
#define MEMORY_MAX INT64_C(0x1000000)

#define CONTROL_MEMORY_DEFAULT 64
/* The control domain's program and its tables take most of this. */
#define CONTROL_MEMORY_MIN 4
/* xl's default for a guest without `memory`. */
#define GUEST_MEMORY_DEFAULT 32

/* What plan_make works on. */
struct planner {
    struct plan *plan;
    struct plan_source *source;
    struct refusal *refusal;
    struct cfg cfg; /* of the file that is read at the moment */
};

/* Turns the configuration parser's error into the refusal. */
static int refuse_cfg(struct planner *p, int error)
{
    char text[REFUSAL_MAX - 1];

    cfg_format_error(&p->cfg, text, sizeof(text));
    return refuse(p->refusal, error, "%s.", text);
}

int plan_refuse_missing(const struct plan_source *source, const char *name, const char *named_by,
                        struct refusal *refusal)
{
    return refuse(refusal, -ENOENT, "the file %s, which %s names, is missing: %s", name, named_by,
                  source->advice);
}

/* Reads and parses one configuration file. */
static int read_config(struct planner *p, const char *name, const char *named_by)
{
    struct plan_source *source = p->source;
    size_t length = 0;
    int rc = source->read(source->files, name, source->text, sizeof(source->text), &length);

    if (rc == -ENOENT) {
        return plan_refuse_missing(source, name, named_by, p->refusal);
    }
    if (rc == -ENOSPC) {
        return refuse(p->refusal, rc,
                      "%s is larger than the %u bytes that a configuration may have: shorten it.",
                      name, PLAN_CONFIG_MAX);
    }
    if (rc != 0) {
        return refuse(p->refusal, rc, "%s cannot be read (error %d): check the volume.", name, -rc);
    }
    cfg_init(&p->cfg, source->entries, ARRAY_COUNT(source->entries));
    rc = cfg_parse(&p->cfg, name, source->text, length);
    return rc != 0 ? refuse_cfg(p, rc) : 0;
}

/* Copies a text setting. A setting that is not there leaves the default in place. */
static int get_text(struct planner *p, const char *key, char *out, size_t size)
{
    const char *text = out;
    int rc = cfg_get_string(&p->cfg, key, &text);

    if (rc == -ENOENT) {
        return 0;
    }
    if (rc == 0 && !str_copy(out, size, text)) {
        rc = cfg_refuse(&p->cfg, key, "'%s' is longer than %zu characters: shorten it", key,
                        size - 1);
    }
    return rc != 0 ? refuse_cfg(p, rc) : 0;
}

static int get_memory(struct planner *p, const char *key, int64_t min, int64_t *out)
{
    int rc = cfg_get_number(&p->cfg, key, min, MEMORY_MAX, out);

    return rc != 0 && rc != -ENOENT ? refuse_cfg(p, rc) : 0;
}

static struct plan_file *find_file(struct plan *plan, const char *name)
{
    for (uint32_t i = 0; i < plan->file_count; i++) {
        if (strcmp(plan->file[i].name, name) == 0) {
            return &plan->file[i];
        }
    }
    return NULL;
}

/* Adds a file unless it is planned already, and counts it as the configuration of `domain_count`
 * guests more. `key` is the setting that names it. */
static int add_file(struct planner *p, const char *key, const char *name, const char *named_by,
                    uint32_t domain_count)
{
    struct plan *plan = p->plan;
    struct plan_file *file = find_file(plan, name);

    if (file != NULL) {
        file->domain_count += domain_count;
        return 0;
    }
    if (name[0] == '\0') {
        cfg_refuse(&p->cfg, key, "'%s' names no file: write its path", key);
        return refuse_cfg(p, -EINVAL);
    }
    if (plan->file_count == BOOT_MODULE_MAX) {
        cfg_refuse(&p->cfg, key, "more than %u files: name fewer", BOOT_MODULE_MAX);
        return refuse_cfg(p, -ENOSPC);
    }
    file = &plan->file[plan->file_count];
    *file = (struct plan_file){.named_by = named_by, .domain_count = domain_count};
    if (!str_copy(file->name, sizeof(file->name), name)) {
        cfg_refuse(&p->cfg, key, "a file name of more than %u characters: use a shorter path",
                   BOOT_NAME_MAX - 1);
        return refuse_cfg(p, -EINVAL);
    }
    plan->file_count++;
    return 0;
}

/* Adds each file of a list; those of `domains` count as guests. */
static int add_list(struct planner *p, const char *key, bool are_domains)
{
    size_t count = 0;
    int rc = cfg_get_list(&p->cfg, key, &count);

    for (size_t i = 0; rc == 0 && i < count; i++) {
        const char *name = "";

        rc = cfg_get_item(&p->cfg, key, i, &name);
        if (rc != 0) {
            return refuse_cfg(p, rc);
        }
        rc = add_file(p, key, name, PLAN_CONFIG_NAME, are_domains ? 1 : 0);
    }
    return rc == -ENOENT ? 0 : rc;
}

/* atoll.cfg is Atoll's own: a setting that it does not know is a mistake. */
static int refuse_unknown(struct planner *p)
{
    const struct cfg_entry *unknown = cfg_next_unused(&p->cfg, NULL);

    if (unknown == NULL) {
        return 0;
    }
    cfg_refuse_name(
        &p->cfg, unknown,
        "'%s' is not known: write hypervisor, control, control_memory, control_options, "
        "options, domains or files",
        unknown->name);
    return refuse_cfg(p, -EINVAL);
}

static int read_main(struct planner *p)
{
    struct plan *plan = p->plan;
    char control[BOOT_NAME_MAX] = "control.elf";
    int64_t control_memory = CONTROL_MEMORY_DEFAULT;
    int rc = 0;

    if ((rc = get_text(p, "hypervisor", plan->hypervisor, sizeof(plan->hypervisor))) != 0 ||
        (rc = get_text(p, "control", control, sizeof(control))) != 0 ||
        (rc = get_text(p, "options", plan->options, sizeof(plan->options))) != 0 ||
        (rc = get_text(p, "control_options", plan->control_options,
                       sizeof(plan->control_options))) != 0 ||
        (rc = get_memory(p, "control_memory", CONTROL_MEMORY_MIN, &control_memory)) != 0 ||
        (rc = add_file(p, "control", control, PLAN_CONFIG_NAME, 0)) != 0 ||
        (rc = add_file(p, "control", PLAN_CONFIG_NAME, PLAN_CONFIG_NAME, 0)) != 0 ||
        (rc = add_list(p, "domains", true)) != 0 || (rc = add_list(p, "files", false)) != 0) {
        return rc;
    }
    plan->control_memory = (uint32_t)control_memory;
    return refuse_unknown(p);
}

/* A guest configuration: the control domain judges it; here only its files and memory count. */
static int read_guest(struct planner *p, const struct plan_file *guest)
{
    static const char *const keys[] = {"kernel", "ramdisk"};
    int64_t memory = GUEST_MEMORY_DEFAULT;
    int rc = read_config(p, guest->name, guest->named_by);

    for (size_t i = 0; rc == 0 && i < ARRAY_COUNT(keys); i++) {
        const char *name = NULL;

        rc = cfg_get_string(&p->cfg, keys[i], &name);
        if (rc == 0) {
            rc = add_file(p, keys[i], name, guest->name, 0);
        } else {
            rc = rc == -ENOENT ? 0 : refuse_cfg(p, rc);
        }
    }
    if (rc == 0) {
        rc = get_memory(p, "memory", 1, &memory);
    }
    p->plan->guest_memory += (uint64_t)memory * guest->domain_count;
    return rc;
}

int plan_make(struct plan *plan, struct plan_source *source, struct refusal *refusal)
{
    struct planner p = {.plan = plan, .source = source, .refusal = refusal};
    int rc;

    memset(plan, 0, sizeof(*plan));
    str_copy(plan->hypervisor, sizeof(plan->hypervisor), "atoll.elf");
    rc = read_config(&p, PLAN_CONFIG_NAME, "the loader");
    if (rc == 0) {
        rc = read_main(&p);
    }
    for (uint32_t i = 0; rc == 0 && i < plan->file_count; i++) {
        if (plan->file[i].domain_count != 0) {
            rc = read_guest(&p, &plan->file[i]);
        }
    }
    return rc;
}

int plan_check_memory(const struct plan *plan, uint64_t free_bytes, struct refusal *refusal)
{
    uint64_t needed = PLAN_HYPERVISOR_MEMORY + plan->control_memory + plan->guest_memory;

    if (free_bytes >> MIB_SHIFT >= needed) {
        return 0;
    }
    return refuse(refusal, -ENOMEM,
                  "the configured domains need %lu MiB (hypervisor %u, control domain %u, guests "
                  "%lu), the machine has %lu MiB free: lower control_memory or a guest's memory, "
                  "or add memory.",
                  needed, PLAN_HYPERVISOR_MEMORY, plan->control_memory, plan->guest_memory,
                  free_bytes >> MIB_SHIFT);
}
