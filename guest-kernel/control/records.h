/* SPDX-License-Identifier: BSD-2-Clause */
/* The records of the report protocol, which tools/atoll/records.py defines: lines of words. Text
 * in, text out; report.c moves the lines. */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "lib/compiler.h"

#define RECORD_MAX       640u /* bytes of a line with its newline */
#define RECORD_PIECE_MAX 256u /* bytes that one record carries in hexadecimal */

enum record_kind { RECORD_EXEC, RECORD_CONSOLE };

/* A line from the tool. */
struct record {
    enum record_kind kind;
    uint64_t number;     /* of an exec */
    const char *command; /* of an exec: the rest of the line */
    const char *name;    /* of a console: the domain's */
    uint8_t bytes[RECORD_PIECE_MAX];
    size_t size;
};

/* Reads a line (NUL-terminated, no newline) and cuts it into its words; `record` points into it.
 * -EINVAL: no record of the protocol. */
int MUST_CHECK record_parse(char *line, struct record *record);

/* Writes `size` (at most RECORD_PIECE_MAX) bytes in hexadecimal with a NUL to `to`, which has room
 * for 2 * size + 1; returns the length. */
size_t record_hex(char *to, const void *bytes, size_t size);
