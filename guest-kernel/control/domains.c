/* SPDX-License-Identifier: BSD-2-Clause */
/* Owns the table of domains, their consoles' traffic, and their ends. */
#include "guest-kernel/control/domains.h"

#include "guest-kernel/control/builder.h"
#include "guest-kernel/control/death.h"
#include "guest-kernel/control/domain_store.h"
#include "guest-kernel/control/foreign.h"
#include "guest-kernel/control/hv.h"
#include "guest-kernel/control/modules.h"
#include "guest-kernel/control/store.h"
#include "guest-kernel/control/vbd.h"
#include "guest-kernel/control/vif.h"
#include "guest-kernel/events.h"
#include "guest-kernel/time.h"
#include "lib/errno.h"
#include "lib/format.h"
#include "lib/insn.h"
#include "lib/string.h"
#include "lib/strutil.h"
#include "pv-abi/io_console.h"
#include "pv-abi/sched.h"

/* A ring in pieces, the last of them not whole. */
#define LAST_PIECES (sizeof(((struct xencons_interface *)NULL)->out) / GUEST_CONSOLE_PIECE + 1)

_Static_assert(DOMAINS_MAX <= FOREIGN_PAGES_MAX, "each console has a page window");

static struct domain domains[DOMAINS_MAX];
static size_t domain_end; /* Behind the last one that was ever used. */
static struct domains_listener *listeners;
static bool has_exception; /* VIRQ_DOM_EXC: some domain has changed its state */

#define TELL(member, ...)                                                                          \
    do {                                                                                           \
        for (struct domains_listener *to = listeners; to != NULL; to = to->next) {                 \
            if (to->member != NULL)                                                                \
                to->member(__VA_ARGS__);                                                           \
        }                                                                                          \
    } while (0)

void domains_listen(struct domains_listener *listener)
{
    listener->next = listeners;
    listeners = listener;
}

void domains_notice(const char *sentence)
{
    TELL(notice, sentence);
}

static void on_exception(void *arg)
{
    bool *flag = arg;

    __atomic_store_n(flag, true, __ATOMIC_RELEASE);
}

int domains_init(void)
{
    evtchn_port_t port;
    int err = foreign_init();

    if (err == 0)
        err = vbds_init();
    if (err == 0)
        err = vifs_init();
    return err != 0 ? err : event_bind_virq(VIRQ_DOM_EXC, 0, on_exception, &has_exception, &port);
}

struct domain *domains_find_name(const char *name)
{
    for (size_t i = 0; i < domain_end; i++) {
        if (domains[i].is_used && strcmp(domains[i].name, name) == 0)
            return &domains[i];
    }
    return NULL;
}

struct domain *domains_find_id(uint32_t domid)
{
    for (size_t i = 0; i < domain_end; i++) {
        if (domains[i].is_used && domains[i].domid == domid)
            return &domains[i];
    }
    return NULL;
}

bool domains_boot_left(void)
{
    for (size_t i = 0; i < domain_end; i++) {
        if (domains[i].is_used && domains[i].is_boot && !domains[i].has_ended)
            return true;
    }
    return false;
}

static struct domain *find_slot(void)
{
    for (size_t i = 0; i < DOMAINS_MAX; i++) {
        if (!domains[i].is_used && guest_console_init(&domains[i].console, (unsigned int)i) == 0) {
            if (domain_end <= i)
                domain_end = i + 1;
            return &domains[i];
        }
    }
    return NULL;
}

/* A UUID that no other domain here has: version 4's form (RFC 4122, 4.4), its bits from the clocks
 * by a multiplicative mix. It is a name and no secret. */
static void make_uuid(uint8_t uuid[16])
{
    uint64_t word = time_wall_clock() ^ rdtsc();

    for (size_t i = 0; i < 16; i++) {
        word = (word ^ word >> 29) * UINT64_C(0xbf58476d1ce4e5b9) + i;
        uuid[i] = (uint8_t)(word >> 56);
    }
    uuid[6] = (uint8_t)((uuid[6] & 0x0f) | 0x40);
    uuid[8] = (uint8_t)((uuid[8] & 0x3f) | 0x80);
}

static int read_config(const struct domains_create *request, struct guest_config *config,
                       char *sentence)
{
    struct guest_config_report report = {.warn = domains_notice};
    struct module file;
    int err;

    if (!module_find(request->config_name, &file)) {
        format_str(sentence, GUEST_ERROR_MAX,
                   "%s is no boot module: name it in \"domains\" or \"files\" of atoll.cfg",
                   request->config_name);
        return -ENOENT;
    }
    err = guest_config_read(config, request->config_name, file.bytes, file.size, &report);
    if (err != 0) {
        str_copy(sentence, GUEST_ERROR_MAX, report.error);
        return err;
    }
    if (request->uuid != NULL)
        memcpy(config->uuid, request->uuid, sizeof(config->uuid));
    else if (!config->has_uuid)
        make_uuid(config->uuid);
    return 0;
}

static int check_identity(const struct guest_config *config, const struct domain *slot,
                          char *sentence)
{
    const struct domain *other = domains_find_name(config->name);

    if ((other != NULL && other != slot) || strcmp(config->name, "Domain-0") == 0) {
        format_str(sentence, GUEST_ERROR_MAX, "there is a domain named %s already", config->name);
        return -EEXIST;
    }
    for (other = domains; other < domains + domain_end; other++) {
        if (other == slot || !other->is_used ||
            memcmp(other->uuid, config->uuid, sizeof(other->uuid)) != 0)
            continue;
        format_str(sentence, GUEST_ERROR_MAX, "%s has the same uuid: leave it out, or change it",
                   other->name);
        return -EEXIST;
    }
    return 0;
}

/* Makes a new domain's disks and network interfaces. */
static int make_devices(const struct guest_config *config, domid_t domid, char *sentence)
{
    int err = vbds_create(config, domid, sentence);

    if (err != 0)
        return err;
    err = vifs_create(config, domid, sentence);
    if (err != 0)
        vbds_remove(domid);
    return err;
}

/* Connects a new domain to its console, to the store and to its devices. */
static int connect(struct domain *slot, const struct guest_config *config,
                   const struct built_domain *built, char *sentence)
{
    int err = guest_console_connect(&slot->console, built->domid, built->console_gfn,
                                    built->console_port);

    if (err != 0) {
        format_str(sentence, GUEST_ERROR_MAX, "its console cannot be connected (error %d)", -err);
        return err;
    }
    err = domain_store_create(config, built);
    if (err != 0) {
        guest_console_disconnect(&slot->console);
        format_str(sentence, GUEST_ERROR_MAX, "the store has no room for it (error %d)", -err);
        return err;
    }
    err = make_devices(config, built->domid, sentence);
    if (err != 0) {
        domain_store_remove(built->domid, config->uuid);
        guest_console_disconnect(&slot->console);
    }
    return err;
}

/* Builds the domain of a configuration into `slot` and connects it. */
static int fill_slot(struct domain *slot, const struct guest_config *config, char *sentence)
{
    struct built_domain built;
    int err = builder_build(config, &built, sentence);

    if (err != 0)
        return err;
    err = connect(slot, config, &built, sentence);
    if (err != 0) {
        if (hv_destroy_domain(built.domid) != 0)
            domains_notice("a domain that was not completed cannot be destroyed");
        return err;
    }
    slot->domid = built.domid;
    slot->has_run = false;
    slot->has_ended = false;
    slot->on_poweroff = config->on_poweroff;
    slot->on_reboot = config->on_reboot;
    slot->on_crash = config->on_crash;
    memcpy(slot->uuid, config->uuid, sizeof(slot->uuid));
    str_copy(slot->name, sizeof(slot->name), config->name);
    slot->is_used = true;
    return 0;
}

/* domains_create() into a slot, which may be that of a domain that reboots. */
static int create_in(struct domain *slot, const struct domains_create *request, char *sentence)
{
    static struct guest_config config;
    int err = read_config(request, &config, sentence);

    if (err == 0)
        err = check_identity(&config, slot, sentence);
    if (err == 0)
        err = fill_slot(slot, &config, sentence);
    if (err != 0)
        return err;
    slot->is_boot = request->is_boot;
    TELL(created, slot);
    if (request->is_paused)
        return 0;
    err = domains_unpause(slot);
    if (err != 0)
        format_str(sentence, GUEST_ERROR_MAX, "it is created but cannot run (error %d)", -err);
    return err;
}

static void tell_refused(const char *config_name, const char *sentence)
{
    TELL(refused, config_name, sentence);
    domains_notice(sentence);
}

/* Puts the file's name in front of a sentence that lacks it. */
static void name_file(const char *config_name, char *sentence)
{
    char text[GUEST_ERROR_MAX];

    if (str_starts_with(sentence, config_name))
        return;
    str_copy(text, sizeof(text), sentence);
    format_str(sentence, GUEST_ERROR_MAX, "%s: %s", config_name, text);
}

int domains_create(const struct domains_create *request, char *sentence, struct domain **domain)
{
    struct domain *slot = find_slot();
    int err;

    if (slot == NULL) {
        format_str(sentence, GUEST_ERROR_MAX, "there is no room for more domains");
        err = -ENOSPC;
    } else {
        str_copy(slot->config_name, sizeof(slot->config_name), request->config_name);
        err = create_in(slot, request, sentence);
    }
    if (err != 0)
        name_file(request->config_name, sentence);
    /* Whoever asks for a domain by a command reads it in the answer. */
    if (err != 0 && request->is_boot)
        tell_refused(request->config_name, sentence);
    *domain = slot;
    return err;
}

int domains_unpause(struct domain *domain)
{
    int err = hv_unpause_domain(domain->domid);

    if (err == 0 && !domain->has_run) {
        domain->has_run = true;
        TELL(running, domain);
    }
    return err;
}

/* Moves what a guest has written; true if there may be more. */
static bool move_output(struct domain *domain)
{
    char piece[GUEST_CONSOLE_PIECE];
    size_t size = guest_console_step(&domain->console, piece);

    if (size > 0)
        TELL(output, domain, piece, size);
    return size == sizeof(piece);
}

/* Moves what is left in a ring whose guest has ended. Another guest may have a grant of the page
 * and go on writing: there is nothing more than a ring to take. */
static void move_last_output(struct domain *domain)
{
    for (size_t i = 0; i < LAST_PIECES && move_output(domain); i++)
        ;
}

/* Takes the last output and the domain itself away. */
static int take_down(struct domain *domain, const char *reason)
{
    move_last_output(domain);
    if (!domain->has_ended)
        TELL(ended, domain, reason);
    guest_console_disconnect(&domain->console);
    vbds_remove(domain->domid);
    vifs_remove(domain->domid);
    domain_store_remove(domain->domid, domain->uuid);
    return hv_destroy_domain(domain->domid);
}

int domains_destroy(struct domain *domain, const char *reason)
{
    int err = hv_pause_domain(domain->domid);

    if (err != 0)
        return err;
    err = take_down(domain, reason);
    domain->is_used = false;
    TELL(gone, domain);
    return err;
}

static const char *reason_word(uint32_t reason)
{
    switch (reason) {
    case SHUTDOWN_poweroff:
        return "poweroff";
    case SHUTDOWN_reboot:
        return "reboot";
    case SHUTDOWN_suspend:
        return "suspend";
    case SHUTDOWN_soft_reset:
        return "soft_reset";
    default:
        return "crash";
    }
}

static enum end_action action_for(const struct domain *domain, uint32_t reason)
{
    switch (reason) {
    case SHUTDOWN_poweroff:
        return domain->on_poweroff;
    case SHUTDOWN_reboot:
        return domain->on_reboot;
    case SHUTDOWN_crash:
    case SHUTDOWN_watchdog:
        return domain->on_crash;
    default:
        /* Suspended or to be reset softly: there is nothing that could go on with it. */
        return END_DESTROY;
    }
}

/* Makes the domain anew in its slot, under another number, as xl does. */
static void restart(struct domain *domain, const char *reason)
{
    struct domains_create request = {
        .config_name = domain->config_name, .is_boot = domain->is_boot, .uuid = domain->uuid};
    char sentence[GUEST_ERROR_MAX];
    int err = take_down(domain, reason);

    if (err != 0) {
        format_str(sentence, sizeof(sentence), "the hypervisor does not destroy it (error %d)",
                   -err);
    } else {
        err = create_in(domain, &request, sentence);
    }
    if (err == 0)
        return;
    domain->is_used = false;
    name_file(domain->config_name, sentence);
    tell_refused(domain->config_name, sentence);
    TELL(gone, domain);
}

/* Says why a domain crashed, while the hypervisor still knows. */
static void tell_death(const struct domain *domain)
{
    static struct atoll_death death;
    static char text[DEATH_TEXT_MAX];
    size_t size = format_str(text, sizeof(text), "%s has crashed", domain->name);

    death.domid = domain->domid;
    if (hv_get_death(&death) == 0) {
        size += format_str(text + size, sizeof(text) - size, ": ");
        death_format(&death, text + size, sizeof(text) - size);
    } else {
        format_str(text + size, sizeof(text) - size, " by its own account.");
    }
    domains_notice(text);
}

static void end(struct domain *domain, uint32_t shutdown_reason)
{
    const char *reason = reason_word(shutdown_reason);
    char sentence[GUEST_ERROR_MAX];
    int err = 0;

    if (shutdown_reason == SHUTDOWN_crash)
        tell_death(domain);
    store_shut_down(domain->domid);
    switch (action_for(domain, shutdown_reason)) {
    case END_PRESERVE:
        move_last_output(domain);
        domain->has_ended = true;
        TELL(ended, domain, reason);
        break;
    case END_RESTART:
        restart(domain, reason);
        break;
    case END_DESTROY:
        err = take_down(domain, reason);
        domain->is_used = false;
        TELL(gone, domain);
        break;
    }
    if (err != 0) {
        format_str(sentence, sizeof(sentence), "%s cannot be destroyed (error %d)", domain->name,
                   -err);
        domains_notice(sentence);
    }
}

static void check_ends(void)
{
    for (size_t i = 0; i < domain_end; i++) {
        struct domain *domain = &domains[i];
        struct xen_domctl_getdomaininfo info;

        if (!domain->is_used || domain->has_ended || hv_get_domain(domain->domid, &info) != 0)
            continue;
        if (info.flags & XEN_DOMINF_shutdown)
            end(domain, info.flags >> XEN_DOMINF_shutdownshift & XEN_DOMINF_shutdownmask);
    }
}

bool domains_have_work(void)
{
    if (__atomic_load_n(&has_exception, __ATOMIC_ACQUIRE))
        return true;
    for (size_t i = 0; i < domain_end; i++) {
        if (domains[i].is_used && __atomic_load_n(&domains[i].console.has_event, __ATOMIC_ACQUIRE))
            return true;
    }
    return false;
}

void domains_serve_consoles(void)
{
    for (size_t i = 0; i < domain_end; i++) {
        struct domain *domain = &domains[i];

        if (domain->is_used && __atomic_load_n(&domain->console.has_event, __ATOMIC_ACQUIRE) &&
            move_output(domain))
            domain->console.has_event = true;
    }
}

void domains_step(void)
{
    domains_serve_consoles();
    if (__atomic_exchange_n(&has_exception, false, __ATOMIC_ACQ_REL))
        check_ends();
}
