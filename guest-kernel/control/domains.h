/* SPDX-License-Identifier: BSD-2-Clause */
/* The domains that the control domain has made: their names and consoles, and what becomes of them
 * when they end. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "guest-kernel/control/guest_config.h"
#include "guest-kernel/control/guest_console.h"
#include "lib/compiler.h"

#define DOMAINS_MAX 64u

struct domain {
    bool is_used;
    bool is_boot;   /* atoll.cfg names it, or it is made anew after the reboot of such a one */
    bool has_run;   /* it has been unpaused */
    bool has_ended; /* shut down and preserved */
    domid_t domid;
    char name[GUEST_NAME_MAX];
    char config_name[GUEST_NAME_MAX];
    uint8_t uuid[16];
    enum end_action on_poweroff, on_reboot, on_crash;
    struct guest_console console;
};

/* Who wants to hear of domains. Every member is called from the main loop, never from an
 * interrupt. */
struct domains_listener {
    void (*created)(const struct domain *domain);
    void (*running)(const struct domain *domain); /* for the first time */
    /* `reason` is a word of the report protocol. */
    void (*ended)(const struct domain *domain, const char *reason);
    void (*output)(const struct domain *domain, const char *bytes, size_t size);
    /* A configuration made no domain, at boot or after a reboot. The sentence begins with the
     * file's name; it is a notice too. */
    void (*refused)(const char *config_name, const char *sentence);
    /* Something that nobody has asked for and that a user should know. */
    void (*notice)(const char *sentence);
    /* The slot has no domain any more. */
    void (*gone)(const struct domain *domain);
    struct domains_listener *next;
};

/* Adds a listener, which stays. */
void domains_listen(struct domains_listener *listener);

/* Binds VIRQ_DOM_EXC. 0 or a negative errno. */
int MUST_CHECK domains_init(void);

/* Makes a domain from the boot module `config_name` and, unless `is_paused`, lets it run. On
 * failure nothing is left and `sentence` (GUEST_ERROR_MAX bytes) says why: "FILE:LINE:COLUMN: ..."
 * or "FILE: ...". */
struct domains_create {
    const char *config_name;
    bool is_boot;
    bool is_paused;
    const uint8_t *uuid; /* NULL: the configuration's, or a new one */
};
int MUST_CHECK domains_create(const struct domains_create *request, char *sentence,
                              struct domain **domain);

/* Lets a domain run. */
int MUST_CHECK domains_unpause(struct domain *domain);

/* Destroys a domain and frees its slot; listeners hear `reason`, unless the domain has ended. */
int MUST_CHECK domains_destroy(struct domain *domain, const char *reason);

struct domain *domains_find_name(const char *name);
struct domain *domains_find_id(uint32_t domid);

/* True while a domain that was made at boot exists and has not ended. */
bool domains_boot_left(void);

/* True if domains_step() has something to do. For the main loop, with interrupts off. */
bool domains_have_work(void);

/* Moves console bytes and acts on domains that have shut down. */
void domains_step(void);

/* Moves console bytes alone: nothing else becomes of a domain. */
void domains_serve_consoles(void);

/* What guest_config_read() warns of goes to the listeners. */
void domains_notice(const char *sentence);
