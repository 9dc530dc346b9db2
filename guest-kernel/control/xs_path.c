/* SPDX-License-Identifier: BSD-2-Clause */
/* Owns the rules for paths (docs/store.md); no state. */
#include "guest-kernel/control/xs_path.h"

#include "lib/errno.h"
#include "lib/format.h"
#include "lib/string.h"
#include "lib/strutil.h"

static bool is_path_char(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '/' || c == '_' || c == '@';
}

/* An absolute path: no empty part, no slash at the end. */
static bool is_valid(const char *path, size_t length)
{
    if (length > 1 && path[length - 1] == '/')
        return false;
    for (size_t i = 0; i < length; i++) {
        if (!is_path_char(path[i]) || (i > 0 && path[i] == '/' && path[i - 1] == '/'))
            return false;
    }
    return true;
}

size_t xs_path_of_domain(char path[XS_PATH_SIZE], domid_t domid)
{
    return format_str(path, XS_PATH_SIZE, "/local/domain/%u", domid);
}

int xs_path_resolve(char path[XS_PATH_SIZE], const char *name, domid_t domid)
{
    size_t length = strlen(name);
    size_t start = 0;

    if (name[0] != '/') {
        if (length == 0 || length > XENSTORE_REL_PATH_MAX || name[0] == '@')
            return -EINVAL;
        start = xs_path_of_domain(path, domid);
        path[start++] = '/';
    } else if (length > XENSTORE_ABS_PATH_MAX) {
        return -EINVAL;
    }
    memcpy(path + start, name, length + 1);
    return is_valid(path, start + length) ? 0 : -EINVAL;
}

bool xs_path_is_special(const char *name)
{
    return strcmp(name, XS_INTRODUCE_DOMAIN) == 0 || strcmp(name, XS_RELEASE_DOMAIN) == 0;
}

size_t xs_path_parent(const char *path, size_t length)
{
    if (path[0] != '/' || length <= 1)
        return 0;
    while (path[length - 1] != '/')
        length--;
    return length == 1 ? 1 : length - 1;
}

const char *xs_path_leaf(const char *path)
{
    const char *leaf = path;

    for (; *path != '\0'; path++) {
        if (*path == '/')
            leaf = path + 1;
    }
    return leaf;
}

bool xs_path_is_within(const char *path, const char *above)
{
    size_t length = strlen(above);

    if (length == 1 && above[0] == '/')
        return path[0] == '/';
    return str_starts_with(path, above) && (path[length] == '\0' || path[length] == '/');
}
