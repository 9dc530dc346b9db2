/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The management interface: everything that the control domain can be asked to do, as a typed
 * request of fixed size with a typed answer of fixed size. The shell is its first client, the
 * report protocol its second; neither looks behind it. Runs in the main loop only.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "guest-kernel/control/guest_config.h"
#include "guest-kernel/control/measure.h"
#include "guest-kernel/control/net_switch.h"
#include "pv-abi/atoll.h"

#define MANAGE_TARGET_MAX GUEST_NAME_MAX
#define MANAGE_LOG_MAX    1024u
#define MANAGE_TEXT_MAX   256u
#define MANAGE_CALLS_MAX  64u
#define MANAGE_PATH_MAX   512u  /* bytes with the NUL, of a path and of a value to be written */
#define MANAGE_VALUE_MAX  4096u /* bytes of a value that is read: what a message can carry */

enum manage_verb {
    MANAGE_CREATE,  /* target: a boot module with a configuration -> domain */
    MANAGE_DESTROY, /* target: a domain's name or number, as in those below */
    MANAGE_PAUSE,
    MANAGE_UNPAUSE,      /**/
    MANAGE_SHUTDOWN,     /* asks the guest to power off */
    MANAGE_REBOOT,       /* asks the guest to reboot */
    MANAGE_DOMAIN,       /* target -> domain */
    MANAGE_NEXT_DOMAIN,  /* number -> the first domain with this number or a higher one */
    MANAGE_VCPU,         /* target, number of a vcpu -> vcpu */
    MANAGE_MACHINE,      /* -> machine */
    MANAGE_LOG,          /* number: place in the hypervisor's log, 0: its start -> log */
    MANAGE_MEMORY,       /* -> memory */
    MANAGE_DEATH,        /* target: a domain that has crashed -> death */
    MANAGE_COUNTERS,     /* target, number of a vcpu -> counters */
    MANAGE_CALLS,        /* target, number: how many counts to leave out -> calls */
    MANAGE_VOLUME,       /* number: place in the list -> volume; -ENOENT: the list is shorter */
    MANAGE_VBD,          /* target, number: place in the list -> vbd; -ENOENT as for volumes */
    MANAGE_STORE_READ,   /* path -> store: the value and the access */
    MANAGE_STORE_LIST,   /* path, number: how many names to leave out -> store: names of nodes */
    MANAGE_STORE_WRITE,  /* path, value */
    MANAGE_STORE_REMOVE, /* path: a node with all below it */
    MANAGE_VIF,          /* target, number: place in the list -> vif; -ENOENT as for volumes */
    MANAGE_PORT,         /* number: place in the list of all bridges' ports -> port; -ENOENT */
    MANAGE_ADDRESS,      /* target: a port, number: place in the list -> address; -ENOENT */
    MANAGE_MEASURE,      /* what making and destroying a domain costs -> measure */
    MANAGE_VERB_COUNT
};

struct manage_request {
    enum manage_verb verb;
    uint32_t number;
    bool is_paused; /* MANAGE_CREATE: do not let it run */
    bool is_boot;   /* MANAGE_CREATE: atoll.cfg names it */
    char target[MANAGE_TARGET_MAX];
    char path[MANAGE_PATH_MAX]; /* of the store; one without '/' in front is domain 0's */
    char value[MANAGE_PATH_MAX];
};

struct manage_domain {
    uint32_t domid;
    uint32_t vcpus; /* that are up */
    uint32_t vcpu_max;
    uint64_t memory_kib;
    uint64_t maxmem_kib;
    uint64_t cpu_ns;
    bool is_running, is_blocked, is_paused, is_shut_down, is_crashed, is_dying;
    uint8_t uuid[16];
    char name[GUEST_NAME_MAX]; /* "": not one of the control domain's making */
};

struct manage_vcpu {
    bool is_online, is_running, is_blocked;
    uint32_t cpu; /* where it runs or ran */
    uint64_t cpu_ns;
    uint64_t hard_cpus, soft_cpus; /* bit N: CPU N */
};

struct manage_machine {
    uint32_t cpu_count, cpu_max_id, node_count, cores_per_socket, threads_per_core;
    uint32_t cpu_khz, scheduler; /* XEN_SCHEDULER_ */
    uint32_t hw_caps[8];
    uint64_t total_kib, free_kib;
    bool has_hvm, has_hap;
    uint32_t version_major, version_minor, page_size;
    uint64_t virt_start;
    char extra[16];
    char caps[MANAGE_TEXT_MAX];
    char changeset[64];
    char command_line[MANAGE_TEXT_MAX];
    char compiler[64], compile_by[16], compile_domain[32], compile_date[32];
};

struct manage_log {
    uint32_t next; /* the place behind the text */
    uint32_t size; /* 0: that was all */
    char text[MANAGE_LOG_MAX];
};

/* Counts of hypercalls, as pv-abi/atoll.h has them. */
struct manage_calls {
    uint32_t count; /* less than MANAGE_CALLS_MAX: that was all */
    struct atoll_call_count list[MANAGE_CALLS_MAX];
};

struct manage_volume {
    char name[MANAGE_TARGET_MAX];
    char label[64];                 /* a partition's other name, or "" */
    char writer[MANAGE_TARGET_MAX]; /* the domain that may write, or "" */
    uint64_t sector_count;          /* of 512 bytes */
    uint32_t reader_count;
    bool is_on_disk, is_memory, is_read_only;
};

/* A guest's disk; what its front end has not written is -1. */
struct manage_vbd {
    uint32_t domid;
    uint64_t number; /* of the virtual device */
    int64_t state, port, ring_ref;
};

/* A value, or names with a NUL each. */
struct manage_store {
    uint32_t size;   /* of the text; 0 in a list: that was all */
    uint32_t next;   /* in a list: the number of the first name that is not here */
    bool is_cut;     /* in a list: there is one */
    char access[64]; /* of a node, "n0,r1" */
    char text[MANAGE_VALUE_MAX];
};

/* A network interface; what its front end has not written is -1. */
struct manage_vif {
    domid_t domid;
    uint32_t number;
    uint8_t address[NET_ADDRESS_SIZE];
    int64_t state, port, tx_ref, rx_ref;
};

/* A port of a bridge. */
struct manage_port {
    char bridge[NET_BRIDGE_NAME_MAX];
    char name[NET_PORT_NAME_MAX];
    uint8_t address[NET_ADDRESS_SIZE];
    bool is_uplink, has_link; /* a card's, and its cable is there */
    uint32_t mtu;
    uint32_t learned_count;
    struct net_counters counters;
};

/* An address behind a port. */
struct manage_address {
    uint8_t address[NET_ADDRESS_SIZE];
    uint64_t age_seconds; /* since a frame came from it */
};

struct manage_answer {
    int status;                     /* 0 or a negative errno */
    char sentence[GUEST_ERROR_MAX]; /* why status is not 0, or what to know if it is; "": nothing */
    union {
        struct manage_store store;
        struct manage_domain domain;
        struct manage_vcpu vcpu;
        struct manage_machine machine;
        struct manage_log log;
        struct atoll_memory memory;
        struct atoll_death death;
        struct atoll_counters counters;
        struct manage_calls calls;
        struct measure_result measure;
        struct manage_volume volume;
        struct manage_vbd vbd;
        struct manage_vif vif;
        struct manage_port port;
        struct manage_address address;
    } u;
};

/* Does what the request asks and fills in the answer. */
void manage(const struct manage_request *request, struct manage_answer *answer);
