/* SPDX-License-Identifier: BSD-2-Clause */
/* Owns the meaning of each type of message: its strings, its answer, whether it takes part in a
 * transaction and who may send it. */
#include "guest-kernel/control/xs_request.h"

#include "guest-kernel/control/xs_ops.h"
#include "guest-kernel/control/xs_path.h"
#include "guest-kernel/control/xs_text.h"
#include "guest-kernel/control/xs_watch.h"
#include "guest-kernel/xenstore_error.h"
#include "lib/errno.h"
#include "lib/format.h"
#include "lib/string.h"
#include "lib/strutil.h"

#define STRINGS_MAX (2 + XS_PERMS_MAX)

/* One request while it is served. */
struct call {
    struct xs_client *client;
    struct xs_transaction *tx;    /* the request's, or `single` */
    struct xs_transaction single; /* for this operation alone */
    const char *payload;
    size_t size;
    const char *strings[STRINGS_MAX];
    size_t string_count; /* may be more than there is room for */
    char path[XS_PATH_SIZE];
    struct xs_message *answer;
};

/* Sets the answer's payload. */
static int answer(struct call *call, const char *bytes, size_t size)
{
    if (size > XENSTORE_PAYLOAD_MAX)
        return -E2BIG;
    if (size > 0)
        memcpy(call->answer->payload, bytes, size);
    call->answer->header.len = (uint32_t)size;
    return 0;
}

static int answer_text(struct call *call, const char *text)
{
    return answer(call, text, strlen(text) + 1);
}

/* "OK" answers what has nothing to tell. */
static int answer_ok(struct call *call, int err)
{
    return err == 0 ? answer_text(call, "OK") : err;
}

/* True if the payload is exactly `count` strings, each with its NUL. */
static bool has_strings(const struct call *call, size_t count)
{
    return call->string_count == count && call->size > 0 && call->payload[call->size - 1] == '\0';
}

/* Resolves the first string as a path into call->path. */
static int take_path(struct call *call)
{
    if (call->string_count == 0)
        return -EINVAL;
    return xs_path_resolve(call->path, call->strings[0], call->client->domid);
}

/* The same where it is the only string. */
static int take_only_path(struct call *call)
{
    return has_strings(call, 1) ? take_path(call) : -EINVAL;
}

/* Access can be set and read for the special names as well. */
static int take_path_or_special(struct call *call)
{
    if (call->string_count == 0 || !xs_path_is_special(call->strings[0]))
        return take_path(call);
    str_copy(call->path, sizeof(call->path), call->strings[0]);
    return 0;
}

/* Finds a node to read at the only string. */
static int take_node(struct call *call, const struct xs_node **node)
{
    int err = take_only_path(call);

    return err == 0 ? xs_op_read(call->tx, call->path, node) : err;
}

/* Reads a domain's number, the only string. */
static int take_domid(const struct call *call, domid_t *domid)
{
    uint64_t number;

    if (!has_strings(call, 1) || str_parse_u64(call->strings[0], &number) != 0 ||
        number > UINT16_MAX)
        return -EINVAL;
    *domid = number == DOMID_SELF ? call->client->domid : (domid_t)number;
    return 0;
}

static int do_directory(struct call *call)
{
    const struct xs_node *node;
    int err = take_node(call, &node);

    return err == 0 ? answer(call, xs_node_children(node), node->children_size) : err;
}

/* The generation, then names from an offset on, and an empty one behind the last. */
static int do_directory_part(struct call *call)
{
    const struct xs_node *node;
    uint64_t offset;
    size_t size, room;
    int err;

    if (!has_strings(call, 2) || str_parse_u64(call->strings[1], &offset) != 0)
        return -EINVAL;
    err = take_path(call);
    if (err == 0)
        err = xs_op_read(call->tx, call->path, &node);
    if (err != 0)
        return err;
    if (offset > node->children_size)
        return -EINVAL;
    size = format_str(call->answer->payload, XENSTORE_PAYLOAD_MAX, "%llu",
                      (unsigned long long)node->generation) +
           1;
    room = XENSTORE_PAYLOAD_MAX - size;
    if (node->children_size - offset < room) {
        room = node->children_size - (size_t)offset;
        memcpy(call->answer->payload + size, xs_node_children(node) + offset, room);
        call->answer->payload[size + room] = '\0';
        room++;
    } else {
        while (xs_node_children(node)[offset + room - 1] != '\0')
            room--;
        memcpy(call->answer->payload + size, xs_node_children(node) + offset, room);
    }
    call->answer->header.len = (uint32_t)(size + room);
    return 0;
}

static int do_read(struct call *call)
{
    const struct xs_node *node;
    int err = take_node(call, &node);

    return err == 0 ? answer(call, xs_node_value(node), node->value_size) : err;
}

static int do_write(struct call *call)
{
    int err = take_path(call);
    size_t start;

    if (err != 0)
        return err;
    start = strlen(call->strings[0]) + 1;
    if (start > call->size)
        return -EINVAL;
    return answer_ok(call,
                     xs_op_write(call->tx, call->path, call->payload + start, call->size - start));
}

static int do_mkdir(struct call *call)
{
    int err = take_only_path(call);

    return answer_ok(call, err == 0 ? xs_op_mkdir(call->tx, call->path) : err);
}

static int do_rm(struct call *call)
{
    int err = take_only_path(call);

    return answer_ok(call, err == 0 ? xs_op_remove(call->tx, call->path) : err);
}

static int do_get_perms(struct call *call)
{
    const struct xs_node *node = NULL;
    size_t size = 0;
    int err = has_strings(call, 1) ? take_path_or_special(call) : -EINVAL;

    if (err == 0)
        err = xs_op_read(call->tx, call->path, &node);
    for (uint32_t i = 0; err == 0 && i < node->perm_count; i++)
        size += xs_text_format_perm(call->answer->payload + size, &node->perms[i]) + 1;
    call->answer->header.len = (uint32_t)size;
    return err;
}

static int do_set_perms(struct call *call)
{
    struct xs_perm perms[XS_PERMS_MAX];
    size_t count = call->string_count - 1;
    int err = call->string_count < 2 ? -EINVAL : take_path_or_special(call);

    if (err == 0 && count > XS_PERMS_MAX)
        err = -ENOSPC;
    for (size_t i = 0; err == 0 && i < count; i++)
        err = xs_text_parse_perm(call->strings[1 + i], &perms[i]);
    return answer_ok(call, err == 0 ? xs_op_set_perms(call->tx, call->path, perms, count) : err);
}

static int do_watch(struct call *call)
{
    return answer_ok(call, has_strings(call, 2) ? xs_watch_add(call->client, call->strings[0],
                                                               call->strings[1], NULL)
                                                : -EINVAL);
}

static int do_unwatch(struct call *call)
{
    return answer_ok(call, has_strings(call, 2)
                               ? xs_watch_remove(call->client, call->strings[0], call->strings[1])
                               : -EINVAL);
}

static int do_reset_watches(struct call *call)
{
    xs_watch_clear(call->client);
    xs_transaction_clear(call->client);
    return answer_ok(call, 0);
}

static int do_transaction_start(struct call *call)
{
    char text[16];
    uint32_t id;
    int err = call->answer->header.tx_id != 0 ? -EBUSY : xs_transaction_start(call->client, &id);

    if (err != 0)
        return err;
    format_str(text, sizeof(text), "%u", id);
    return answer_text(call, text);
}

static int do_transaction_end(struct call *call)
{
    bool is_commit;

    if (!has_strings(call, 1) ||
        (strcmp(call->strings[0], "T") != 0 && strcmp(call->strings[0], "F") != 0))
        return -EINVAL;
    is_commit = call->strings[0][0] == 'T';
    if (call->tx == NULL)
        return -ENOENT;
    return answer_ok(call, xs_transaction_end(call->tx, is_commit));
}

static int do_get_domain_path(struct call *call)
{
    domid_t domid;
    int err = take_domid(call, &domid);

    if (err != 0)
        return err;
    xs_path_of_domain(call->path, domid);
    return answer_text(call, call->path);
}

static int do_is_domain_introduced(struct call *call)
{
    domid_t domid;
    int err = call->client->domid == 0 ? take_domid(call, &domid) : -EACCES;

    if (err != 0)
        return err;
    return answer_text(call, xs_client_find(call->client->store, domid) != NULL ? "T" : "F");
}

/* What only a privileged domain may ask. The control domain itself has store.h, and no other domain
 * has the privilege. */
static int do_privileged(struct call *call)
{
    return call->client->domid == 0 ? -ENOSYS : -EACCES;
}

/* How an operation takes part in transactions: NONE has nothing to do with them, READS and CHANGES
 * work in the request's or in one of their own, ENDS takes the request's. */
enum part { NONE, READS, CHANGES, ENDS };

static const struct {
    int (*serve)(struct call *call);
    enum part part;
} types[XS_TYPE_COUNT] = {
    [XS_CONTROL] = {do_privileged, NONE},
    [XS_DIRECTORY] = {do_directory, READS},
    [XS_READ] = {do_read, READS},
    [XS_GET_PERMS] = {do_get_perms, READS},
    [XS_WATCH] = {do_watch, NONE},
    [XS_UNWATCH] = {do_unwatch, NONE},
    [XS_TRANSACTION_START] = {do_transaction_start, NONE},
    [XS_TRANSACTION_END] = {do_transaction_end, ENDS},
    [XS_INTRODUCE] = {do_privileged, NONE},
    [XS_RELEASE] = {do_privileged, NONE},
    [XS_GET_DOMAIN_PATH] = {do_get_domain_path, NONE},
    [XS_WRITE] = {do_write, CHANGES},
    [XS_MKDIR] = {do_mkdir, CHANGES},
    [XS_RM] = {do_rm, CHANGES},
    [XS_SET_PERMS] = {do_set_perms, CHANGES},
    [XS_IS_DOMAIN_INTRODUCED] = {do_is_domain_introduced, NONE},
    [XS_RESUME] = {do_privileged, NONE},
    [XS_SET_TARGET] = {do_privileged, NONE},
    [XS_RESET_WATCHES] = {do_reset_watches, NONE},
    [XS_DIRECTORY_PART] = {do_directory_part, READS},
};

/* Serves a request in a transaction of its own. */
static int serve_alone(struct call *call, uint32_t type)
{
    int err;

    xs_transaction_init(&call->single, call->client);
    call->tx = &call->single;
    err = types[type].serve(call);
    if (err == 0 && types[type].part == CHANGES)
        return xs_transaction_commit(&call->single);
    xs_transaction_abort(&call->single);
    return err;
}

static int serve(struct call *call, uint32_t type, uint32_t tx_id)
{
    enum part part;

    if (type >= XS_TYPE_COUNT || types[type].serve == NULL)
        return -ENOSYS;
    part = types[type].part;
    if (part != NONE && tx_id != 0) {
        call->tx = xs_transaction_find(call->client, tx_id);
        return call->tx == NULL ? -ENOENT : types[type].serve(call);
    }
    if (part == NONE || part == ENDS)
        return types[type].serve(call);
    return serve_alone(call, type);
}

void xs_request_serve(struct xs_client *client, struct xs_request *request,
                      struct xs_message *message)
{
    struct call call; /* not cleared: it has a whole path */
    int err;

    call.client = client;
    call.tx = NULL;
    call.payload = request->payload;
    call.size = request->header.len;
    call.answer = message;
    request->payload[request->header.len] = '\0';
    call.string_count =
        xs_text_split(call.payload, call.size, call.strings, ARRAY_COUNT(call.strings));
    message->header = request->header;
    message->header.len = 0;
    err = serve(&call, request->header.type, request->header.tx_id);
    if (err == 0)
        return;
    message->header.type = XS_ERROR;
    err = answer_text(&call, xenstore_error_name(err));
    if (err != 0)
        message->header.len = 0;
}

bool xs_request_event(struct xs_client *client, struct xs_message *event)
{
    char token[XS_TOKEN_MAX];
    void *owner;
    size_t size;

    if (!xs_watch_take(client, event->payload, token, &owner))
        return false;
    size = strlen(event->payload) + 1;
    memcpy(event->payload + size, token, strlen(token) + 1);
    size += strlen(token) + 1;
    event->header = (struct xsd_sockmsg){.type = XS_WATCH_EVENT, .len = (uint32_t)size};
    return true;
}
