/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * XenStore as the control domain's own code uses it: as domain 0, without limits of its own, by
 * absolute paths ("/local/domain/1/device"). Main loop only. No guest's request is served between
 * two calls from one function, so that what is read stays true until the function returns.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/compiler.h"
#include "pv-abi/event_channel.h"
#include "pv-abi/xen.h"

#define STORE_PATH_MAX 256u /* bytes with the NUL, of a path that this code builds */
#define STORE_TEXT_MAX 256u /* bytes with the NUL, of a value that store_printf() writes */

/* Sets a node's value; the node and those above it are made where they are missing, with the access
 * of the nearest that exists. -ENOMEM; -EINVAL: no path. */
int MUST_CHECK store_write(const char *path, const char *value);

/* The same with a value of lib/format.h's form. -E2BIG: longer than STORE_TEXT_MAX. */
int MUST_CHECK store_printf(const char *path, const char *fmt, ...) PRINTF_LIKE(2, 3);

/* Makes a node without a value unless it exists. */
int MUST_CHECK store_mkdir(const char *path);

/* Copies a value with a NUL behind it. A guest's value may hold any bytes: a text ends at the first
 * NUL. -ENOENT: there is no such node; -EOVERFLOW: it does not fit. */
int MUST_CHECK store_read(const char *path, char *value, size_t size);

/* The same for any bytes, without a NUL; sets *count. */
int MUST_CHECK store_read_bytes(const char *path, char *value, size_t size, size_t *count);

/* Writes a node's access as a text, "n0,r1": who owns it, and what others may do (n nothing, r
 * read, w write, b both). -ENOENT; -EOVERFLOW. */
int MUST_CHECK store_read_access(const char *path, char *text, size_t size);

/* Reads a value that is a decimal number and nothing else. -ENOENT; -EINVAL, -ERANGE, -EOVERFLOW:
 * it is no such number. */
int MUST_CHECK store_read_u64(const char *path, uint64_t *value);

bool store_exists(const char *path);

/* Removes a node and all below it; it need not exist. Cannot fail. Outside store_begin() only. */
void store_remove(const char *path);

/* Calls each(name, arg) for the nodes directly below, in the order in which they were made. each()
 * must not change the store. -ENOENT. */
int MUST_CHECK store_list(const char *path, void (*each)(const char *name, void *arg), void *arg);

/* Lets `owner` do everything with a node and `reader` read it; nobody else but domain 0 may. Nodes
 * made below it later take this over, those that exist keep what they have. A front end's
 * directory: the guest, then the back end's domain; a back end's: the other way round. -ENOENT. */
int MUST_CHECK store_set_access(const char *path, domid_t owner, domid_t reader);

/* Between store_begin() and store_end() the functions above work on a transaction, which
 * store_end(true) makes visible as a whole and store_end(false) throws away. One at a time; it ends
 * in the function that began it. -ENOMEM: nothing has changed. */
int MUST_CHECK store_begin(void);
int MUST_CHECK store_end(bool commit);

/* A watch belongs to its caller and stays in place while it is set. */
struct store_watch {
    /* The node at `path`, which is the watched one or below it, has been written, made or removed.
     * Called from the main loop outside of any other call of this header, also once soon after
     * store_watch(). Several changes of a node may come as one call; of more changes than can be
     * remembered, one call with the watched path stands for all. */
    void (*changed)(struct store_watch *watch, const char *path);
};

/* Sets a watch on a path, which need not exist, or on "@introduceDomain" or "@releaseDomain". It
 * may be set anew after store_unwatch(), which may be called from changed(). -ENOMEM; -EINVAL. */
int MUST_CHECK store_watch(struct store_watch *watch, const char *path);
void store_unwatch(struct store_watch *watch, const char *path);

/* True if a domain watches a path or a node above it. */
bool store_is_watched(const char *path, domid_t domid);

/* Lets a domain use the store through the ring in its frame `gfn`, whose other end is the domain's
 * unbound port; tells those who watch @introduceDomain. -ENOMEM and errors of the hypervisor. */
int MUST_CHECK store_introduce(domid_t domid, uint64_t gfn, evtchn_port_t remote_port);

/* Ends that, gives up what the domain owns in the store and tells those who watch @releaseDomain.
 * Does nothing for a domain that was not introduced. */
void store_release(domid_t domid);

/* Tells those who watch @releaseDomain that a domain has shut down; it stays connected until
 * store_release(). As xenstored, which tells them of both. Nothing for one not introduced. */
void store_shut_down(domid_t domid);

/* Called once, before any other function. -ENOMEM. */
int MUST_CHECK store_init(void);

/* True if store_step() has something to do. For the main loop, with interrupts off. */
bool store_has_work(void);

/* Serves guests' requests and calls watches. */
void store_step(void);
