/* SPDX-License-Identifier: BSD-2-Clause */
/* The record of a domain's death as text: reason, registers, the latest exits. */
#pragma once

#include <stddef.h>
#include <stdint.h>

struct atoll_death;

#define DEATH_TEXT_MAX 2048u

/* Writes lines without a newline behind the last one; cut at `size` bytes. */
void death_format(const struct atoll_death *death, char *text, size_t size);

/* The name of an ATOLL_EXIT_ number. */
const char *death_exit_name(uint64_t kind);
