/* SPDX-License-Identifier: BSD-2-Clause */
/* Owns the rules of access and the limits on nodes. A limit refuses an operation before anything of
 * it is done. */
#include "guest-kernel/control/xs_ops.h"

#include "lib/errno.h"
#include "lib/string.h"

static bool is_limited(const struct xs_transaction *tx)
{
    return tx->client->domid != 0;
}

static unsigned int access_of(const struct xs_transaction *tx, const struct xs_node *node)
{
    return xs_node_access(node, tx->client->domid);
}

/* The nearest node above a path, and the length of its path; NULL for special names. From the root
 * on, so that the time depends on the nodes that there are and not on the path's length. */
static const struct xs_node *find_above(const struct xs_transaction *tx, const char *path,
                                        size_t length, size_t *above)
{
    const struct xs_node *nearest = NULL, *node;
    size_t end = 1;

    *above = 0;
    if (path[0] != '/')
        return NULL;
    while (end < length && (node = xs_transaction_find_node(tx, path, end)) != NULL) {
        nearest = node;
        *above = end;
        do {
            end++;
        } while (end < length && path[end] != '/');
    }
    return nearest;
}

/* The node at a path, for something that takes `access`. Whether there is none is told only to one
 * who has that access above. */
static int get(struct xs_transaction *tx, const char *path, unsigned int access,
               const struct xs_node **node)
{
    size_t length = strlen(path), above;
    const struct xs_node *found;
    int err = xs_transaction_note(tx, path, length);

    if (err != 0)
        return err;
    found = xs_transaction_find_node(tx, path, length);
    *node = found;
    if (found != NULL)
        return (access_of(tx, found) & access) == access ? 0 : -EACCES;
    found = find_above(tx, path, length, &above);
    return found != NULL && (access_of(tx, found) & access) != 0 ? -ENOENT : -EACCES;
}

int xs_op_read(struct xs_transaction *tx, const char *path, const struct xs_node **node)
{
    return get(tx, path, XS_ACCESS_READ, node);
}

static int check_size(const struct xs_transaction *tx, const struct xs_node_form *form)
{
    size_t size = form->perm_count * sizeof(form->perms[0]) + form->value_size +
                  form->children_size + (form->added_length == 0 ? 0 : form->added_length + 1);

    return is_limited(tx) && size > XS_NODE_SIZE_MAX ? -ENOSPC : 0;
}

/* How many nodes the path needs below the one that exists. */
static size_t count_missing(const char *path, size_t length, size_t above)
{
    size_t count = 0;

    for (; length != above; length = xs_path_parent(path, length))
        count++;
    return count;
}

/* Where the part of a path behind the node of `above` bytes begins. */
static size_t part_behind(size_t above)
{
    return above == 1 ? 1 : above + 1;
}

/* Makes the nodes between `above`, which exists, and the path, the lowest first; that one has the
 * value. Each has the name of the next one as its child. */
static int make_chain(struct xs_transaction *tx, const struct xs_node_form *lowest, size_t above)
{
    struct xs_node_form form = *lowest;
    bool is_told = true;
    int err;

    do {
        size_t parent = xs_path_parent(form.path, form.path_length);

        err = xs_transaction_put(tx, &form, is_told);
        form.added = form.path + part_behind(parent);
        form.added_length = form.path_length - part_behind(parent);
        form.path_length = parent;
        form.value_size = 0;
        is_told = false;
    } while (err == 0 && form.path_length != above);
    return err;
}

static int create(struct xs_transaction *tx, const char *path, const char *value, size_t size)
{
    struct xs_perm perms[XS_PERMS_MAX];
    size_t above, length = strlen(path);
    const struct xs_node *nearest = find_above(tx, path, length, &above);
    struct xs_node_form parent = xs_node_form(nearest);
    struct xs_node_form form = {.path = path,
                                .path_length = length,
                                .perms = perms,
                                .perm_count = nearest->perm_count,
                                .value = value,
                                .value_size = size};
    size_t end = part_behind(above);
    int err;

    memcpy(perms, nearest->perms, nearest->perm_count * sizeof(perms[0]));
    if (is_limited(tx))
        perms[0].domid = tx->client->domid;
    while (end < length && path[end] != '/')
        end++;
    parent.added = path + part_behind(above);
    parent.added_length = end - part_behind(above);
    if (is_limited(tx) &&
        tx->client->owned_count + tx->created + count_missing(path, length, above) > XS_NODES_MAX)
        return -ENOSPC;
    err = check_size(tx, &form);
    if (err == 0)
        err = check_size(tx, &parent);
    if (err == 0)
        err = xs_transaction_put(tx, &parent, false);
    return err == 0 ? make_chain(tx, &form, above) : err;
}

int xs_op_write(struct xs_transaction *tx, const char *path, const char *value, size_t size)
{
    const struct xs_node *node;
    struct xs_node_form form;
    int err = get(tx, path, XS_ACCESS_WRITE, &node);

    if (err == -ENOENT)
        return create(tx, path, value, size);
    if (err != 0)
        return err;
    form = xs_node_form(node);
    form.value = value;
    form.value_size = size;
    err = check_size(tx, &form);
    return err == 0 ? xs_transaction_put(tx, &form, true) : err;
}

int xs_op_mkdir(struct xs_transaction *tx, const char *path)
{
    const struct xs_node *node;
    int err = get(tx, path, XS_ACCESS_WRITE, &node);

    return err == -ENOENT ? create(tx, path, NULL, 0) : err;
}

/* Puts the node above a removed one without its name. */
static int forget_child(struct xs_transaction *tx, const char *path, size_t length)
{
    const struct xs_node *above = xs_transaction_find_node(tx, path, length);
    struct xs_node_form form = xs_node_form(above);
    const char *name = path + (length == 1 ? 1 : length + 1);
    struct xs_node *copy = xs_node_make(&form);
    int err;

    if (copy == NULL)
        return -ENOMEM;
    xs_node_drop_child(copy, name);
    form = xs_node_form(copy);
    err = xs_transaction_put(tx, &form, false);
    xs_node_free(copy);
    return err;
}

int xs_op_remove(struct xs_transaction *tx, const char *path)
{
    size_t length = strlen(path), parent = xs_path_parent(path, length);
    const struct xs_node *node;
    int err;

    err = get(tx, path, XS_ACCESS_WRITE, &node);
    if (err == 0 && parent == 0)
        return -EINVAL;
    if (err == -ENOENT)
        return xs_transaction_find_node(tx, path, parent) != NULL ? 0 : -ENOENT;
    if (err == 0)
        err = forget_child(tx, path, parent);
    return err == 0 ? xs_transaction_cut(tx, path, length) : err;
}

int xs_op_set_perms(struct xs_transaction *tx, const char *path, const struct xs_perm *perms,
                    size_t count)
{
    const struct xs_node *node;
    struct xs_node_form form;
    int err = get(tx, path, XS_ACCESS_OWN | XS_ACCESS_WRITE, &node);

    if (err != 0)
        return err;
    if (is_limited(tx) && perms[0].domid != node->perms[0].domid)
        return -EPERM;
    if (count > XS_PERMS_MAX)
        return -ENOSPC;
    form = xs_node_form(node);
    form.perms = perms;
    form.perm_count = count;
    err = check_size(tx, &form);
    return err == 0 ? xs_transaction_put(tx, &form, true) : err;
}
