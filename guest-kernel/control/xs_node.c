/* SPDX-License-Identifier: BSD-2-Clause */
/* Owns the layout of nodes: entries of access, then path, value and children without gaps. */
#include "guest-kernel/control/xs_node.h"

#include "guest-kernel/control/heap.h"
#include "lib/string.h"

static char *path_of(struct xs_node *node)
{
    return (char *)&node->perms[node->perm_count];
}

const char *xs_node_path(const struct xs_node *node)
{
    return (const char *)&node->perms[node->perm_count];
}

const char *xs_node_value(const struct xs_node *node)
{
    return xs_node_path(node) + node->path_size;
}

const char *xs_node_children(const struct xs_node *node)
{
    return xs_node_value(node) + node->value_size;
}

size_t xs_node_content_size(const struct xs_node *node)
{
    return node->perm_count * sizeof(node->perms[0]) + node->value_size + node->children_size;
}

struct xs_node_form xs_node_form(const struct xs_node *node)
{
    return (struct xs_node_form){.path = xs_node_path(node),
                                 .path_length = node->path_size - 1,
                                 .perms = node->perms,
                                 .perm_count = node->perm_count,
                                 .value = xs_node_value(node),
                                 .value_size = node->value_size,
                                 .children = xs_node_children(node),
                                 .children_size = node->children_size};
}

static char *append(char *to, const char *bytes, size_t size)
{
    if (size > 0)
        memcpy(to, bytes, size);
    return to + size;
}

struct xs_node *xs_node_make(const struct xs_node_form *form)
{
    size_t added_size = form->added_length == 0 ? 0 : form->added_length + 1;
    size_t size = sizeof(struct xs_node) + form->perm_count * sizeof(form->perms[0]) +
                  form->path_length + 1 + form->value_size + form->children_size + added_size;
    struct xs_node *node = heap_alloc(size);
    char *at;

    if (node == NULL)
        return NULL;
    memset(node, 0, sizeof(*node));
    node->allocated = size;
    node->perm_count = (uint32_t)form->perm_count;
    node->path_size = (uint32_t)form->path_length + 1;
    node->value_size = (uint32_t)form->value_size;
    node->children_size = (uint32_t)(form->children_size + added_size);
    memcpy(node->perms, form->perms, form->perm_count * sizeof(form->perms[0]));
    at = append(path_of(node), form->path, form->path_length);
    *at++ = '\0';
    at = append(at, form->value, form->value_size);
    at = append(at, form->children, form->children_size);
    at = append(at, form->added, form->added_length);
    if (added_size > 0)
        *at = '\0';
    return node;
}

void xs_node_free(struct xs_node *node)
{
    if (node != NULL)
        heap_free(node, node->allocated);
}

void xs_node_drop_child(struct xs_node *node, const char *name)
{
    char *children = path_of(node) + node->path_size + node->value_size;
    size_t size = strlen(name) + 1;

    for (size_t at = 0; at < node->children_size; at += strlen(children + at) + 1) {
        if (strcmp(children + at, name) != 0)
            continue;
        node->children_size -= (uint32_t)size;
        memmove(children + at, children + at + size, node->children_size - at);
        return;
    }
}

void xs_node_drop_perms(struct xs_node *node, domid_t domid)
{
    uint32_t kept = 1;
    const char *rest = xs_node_path(node);
    size_t rest_size = node->path_size + node->value_size + node->children_size;

    for (uint32_t i = 1; i < node->perm_count; i++) {
        if (node->perms[i].domid != domid)
            node->perms[kept++] = node->perms[i];
    }
    if (kept == node->perm_count)
        return;
    node->perm_count = kept;
    memmove(path_of(node), rest, rest_size);
}

unsigned int xs_node_access(const struct xs_node *node, domid_t domid)
{
    if (domid == 0 || node->perms[0].domid == domid)
        return XS_ACCESS_ALL;
    for (uint32_t i = 1; i < node->perm_count; i++) {
        if (node->perms[i].domid == domid)
            return node->perms[i].access;
    }
    return node->perms[0].access;
}
