/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The errors of the guest ABI (Xen's public/errno.h, the same values as Linux's). Functions return
 * them negated. The definitions are spelled as the host's <errno.h> spells them, so that a host
 * program may include both.
 */
#pragma once

#define EPERM         1   /* not permitted */
#define ENOENT        2   /* no such thing */
#define ESRCH         3   /* no such domain */
#define EINTR         4   /* interrupted */
#define EIO           5   /* input or output failed */
#define ENXIO         6   /* no such port, slot or address */
#define E2BIG         7   /* argument list too long */
#define ENOEXEC       8   /* not a program that can be started */
#define EBADF         9   /* handle not open */
#define EAGAIN        11  /* not at this moment: try again */
#define ENOMEM        12  /* no memory, or over the domain's limit */
#define EACCES        13  /* access denied */
#define EFAULT        14  /* bad address */
#define EBUSY         16  /* in use */
#define EEXIST        17  /* exists already */
#define EXDEV         18  /* belongs to another */
#define ENODEV        19  /* no such device */
#define ENOTDIR       20  /* not a directory */
#define EISDIR        21  /* a directory */
#define EINVAL        22  /* bad argument */
#define ENFILE        23  /* table full */
#define ENOSPC        28  /* no room left */
#define EROFS         30  /* read only */
#define EMLINK        31  /* too many links */
#define EDOM          33  /* outside the function's domain */
#define ERANGE        34  /* number out of range */
#define EDEADLK       35  /* would deadlock */
#define ENAMETOOLONG  36  /* name too long */
#define ENOLCK        37  /* no lock to be had */
#define ENOSYS        38  /* not implemented */
#define ENOTEMPTY     39  /* not empty */
#define ENODATA       61  /* no data */
#define ETIME         62  /* timer expired */
#define EBADMSG       74  /* malformed data */
#define EOVERFLOW     75  /* value does not fit */
#define EILSEQ        84  /* malformed sequence */
#define ENOTSOCK      88  /* wrong kind of handle */
#define EMSGSIZE      90  /* message too long */
#define EOPNOTSUPP    95  /* not supported */
#define EADDRINUSE    98  /* address in use */
#define EADDRNOTAVAIL 99  /* address not available */
#define ENOBUFS       105 /* no buffer space */
#define EISCONN       106 /* already connected */
#define ENOTCONN      107 /* not connected */
#define ETIMEDOUT     110 /* timed out */
#define ECONNREFUSED  111 /* refused */
