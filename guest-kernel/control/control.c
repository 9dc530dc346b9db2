/* SPDX-License-Identifier: BSD-2-Clause */
/* The control domain: the order in which its parts start, the domains that atoll.cfg names, and the
 * main loop, in which everything but the setting of flags happens. */
#include "guest-kernel/console.h"
#include "guest-kernel/control/builder.h"
#include "guest-kernel/control/domain_store.h"
#include "guest-kernel/control/domains.h"
#include "guest-kernel/control/guest_config.h"
#include "guest-kernel/control/manage.h"
#include "guest-kernel/control/modules.h"
#include "guest-kernel/control/net_uplink.h"
#include "guest-kernel/control/report.h"
#include "guest-kernel/control/store.h"
#include "guest-kernel/control/terminal.h"
#include "guest-kernel/control/vbd.h"
#include "guest-kernel/control/vif.h"
#include "guest-kernel/control/volumes.h"
#include "guest-kernel/events.h"
#include "guest-kernel/guest.h"
#include "lib/insn.h"
#include "lib/string.h"
#include "lib/strutil.h"

#define OPTION_MAX 80u

static void start_domain(const char *config_name, void *arg)
{
    static struct manage_answer answer;
    struct manage_request request = {.verb = MANAGE_CREATE, .is_boot = true};
    unsigned int *count = arg;

    /* The name was cut to its size when the configuration was read. What goes wrong is told by
     * those who listen to the domains. */
    str_copy(request.target, sizeof(request.target), config_name);
    manage(&request, &answer);
    if (answer.status == 0)
        ++*count;
}

/* Makes the domains that atoll.cfg names; a missing file is one that names none. */
static void start_domains(void)
{
    struct guest_config_report report = {.warn = domains_notice};
    struct module file;
    unsigned int count = 0;

    if (!module_find("atoll.cfg", &file))
        return;
    if (guest_config_domains(file.bytes, file.size, start_domain, &count, &report) != 0)
        domains_notice(report.error);
}

static bool is_option(const char *word)
{
    return strcmp(word, "report=com2") == 0 || strcmp(word, "persistent-grants") == 0 ||
           str_starts_with(word, "boot-partition=");
}

/* A word that nobody reads is a mistake of whoever wrote it. */
static void check_options(void)
{
    char word[OPTION_MAX];
    const char *at = guest_command_line();

    while (*at != '\0') {
        size_t size = 0;

        while (*at != '\0' && *at != ' ' && size + 1 < sizeof(word))
            word[size++] = *at++;
        word[size] = '\0';
        if (size > 0 && !is_option(word))
            console_printf("control: %s among control_options is not understood\n", word);
        while (*at == ' ')
            at++;
    }
}

static bool has_work(void)
{
    return domains_have_work() || store_has_work() || volumes_have_work() || vbds_have_work() ||
           net_uplinks_have_work() || vifs_have_work() || terminal_has_work() || report_has_work();
}

static void serve_devices(void)
{
    if (volumes_have_work())
        volumes_step();
    if (vbds_have_work())
        vbds_step();
    if (net_uplinks_have_work())
        net_uplinks_step();
    if (vifs_have_work())
        vifs_step();
}

/* What goes on while a domain is being built. Commands and the ends of domains wait. */
static void serve_others(void)
{
    serve_devices();
    domains_serve_consoles();
    if (store_has_work())
        store_step();
    terminal_serve_console();
}

int main_guest(void)
{
    int err = store_init();

    if (err == 0)
        err = domain_store_init();
    if (err != 0)
        guest_panic("there is no memory for the store");
    err = domains_init();
    if (err != 0)
        console_printf("control: no word of domains that end (error %d): this domain has no "
                       "privilege\n",
                       -err);
    terminal_init();
    check_options();
    if (guest_has_option("report=com2") && !report_init())
        console_printf("control: report=com2: there is no second serial port\n");
    volumes_init(domains_notice);
    net_uplinks_init(domains_notice);
    terminal_start();
    builder_set_meanwhile(serve_others);
    terminal_set_meanwhile(serve_devices);
    start_domains();
    report_ready();
    for (;;) {
        irq_disable();
        if (!has_work())
            event_wait();
        irq_enable();
        serve_devices();
        if (domains_have_work())
            domains_step();
        if (store_has_work())
            store_step();
        if (terminal_has_work())
            terminal_step();
        report_step();
    }
}
