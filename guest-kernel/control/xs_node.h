/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A node of the store: one piece of memory with its path, access, value and the names of the nodes
 * below it. A node is replaced to be changed, except where it shrinks.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/compiler.h"
#include "pv-abi/xen.h"

/* Access is a set of bits. */
#define XS_ACCESS_READ  1u
#define XS_ACCESS_WRITE 2u
#define XS_ACCESS_OWN   4u /* may change the access; no entry says so, the owner has it */
#define XS_ACCESS_ALL   7u

/* The first entry names the owner, who may do everything, and the access of those whom no other
 * entry names. */
struct xs_perm {
    domid_t domid;
    uint16_t access;
};

struct xs_node {
    struct xs_node *next; /* for whoever holds it */
    size_t allocated;     /* bytes of the piece */
    uint64_t generation;  /* different after each change */
    uint32_t hash;        /* of the path */
    uint32_t perm_count;
    uint32_t path_size; /* with the NUL */
    uint32_t value_size;
    uint32_t children_size; /* the names of the nodes below, each with its NUL */
    struct xs_perm perms[];
};

/* What a node is made of. */
struct xs_node_form {
    const char *path;
    size_t path_length;
    const struct xs_perm *perms;
    size_t perm_count;
    const char *value;
    size_t value_size;
    const char *children;
    size_t children_size;
    const char *added;   /* a name to be added to the children */
    size_t added_length; /* 0: none */
};

/* Makes a node, or returns NULL. It goes by xs_node_free(). */
struct xs_node *xs_node_make(const struct xs_node_form *form) MUST_CHECK;
void xs_node_free(struct xs_node *node);

/* What a node consists of, for a changed copy. */
struct xs_node_form xs_node_form(const struct xs_node *node);

const char *xs_node_path(const struct xs_node *node);
const char *xs_node_value(const struct xs_node *node);
const char *xs_node_children(const struct xs_node *node);

/* Bytes that count against the limit of a node's size: access, value and children. */
size_t xs_node_content_size(const struct xs_node *node);

/* Takes a child's name away, in place. */
void xs_node_drop_child(struct xs_node *node, const char *name);

/* Takes every entry that names a domain away, in place, except the owner's. */
void xs_node_drop_perms(struct xs_node *node, domid_t domid);

/* What a domain may do with the node. */
unsigned int xs_node_access(const struct xs_node *node, domid_t domid);
