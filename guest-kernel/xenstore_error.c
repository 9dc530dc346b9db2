/* SPDX-License-Identifier: BSD-2-Clause */
/* Owns the table of names; no state. */
#include "guest-kernel/xenstore_error.h"

#include <stddef.h>

#include "lib/compiler.h"
#include "lib/errno.h"
#include "lib/string.h"

static const struct {
    int number;
    const char *name;
} errors[] = {
    {EINVAL, "EINVAL"},       {EACCES, "EACCES"},   {EEXIST, "EEXIST"}, {EISDIR, "EISDIR"},
    {ENOENT, "ENOENT"},       {ENOMEM, "ENOMEM"},   {ENOSPC, "ENOSPC"}, {EIO, "EIO"},
    {ENOTEMPTY, "ENOTEMPTY"}, {ENOSYS, "ENOSYS"},   {EROFS, "EROFS"},   {EBUSY, "EBUSY"},
    {EAGAIN, "EAGAIN"},       {EISCONN, "EISCONN"}, {E2BIG, "E2BIG"},   {EPERM, "EPERM"},
};

const char *xenstore_error_name(int err)
{
    for (size_t i = 0; i < ARRAY_COUNT(errors); i++) {
        if (errors[i].number == -err)
            return errors[i].name;
    }
    return "EINVAL";
}

int xenstore_error_number(const char *name)
{
    for (size_t i = 0; i < ARRAY_COUNT(errors); i++) {
        if (strcmp(errors[i].name, name) == 0)
            return -errors[i].number;
    }
    return -EIO;
}
