/* SPDX-License-Identifier: BSD-2-Clause */
/* The commands that print tables. Each returns 0 or a negative errno, having said why. */
#pragma once

#include "guest-kernel/control/manage.h"
#include "guest-kernel/control/shell.h"

/* What a command's function returns when it was not called as its usage says. */
#define SHELL_USAGE 1

/* Makes a domain's name or number the request's target. -ENAMETOOLONG, having said so. */
int MUST_CHECK show_set_target(struct manage_request *request, const char *target,
                               struct shell_output *output);

/* `list` and `vcpu-list`: of one domain, or of all (NULL). */
int show_list(struct shell_output *output, const char *target);
int show_vcpus(struct shell_output *output, const char *target);

/* `volumes`, and `block-list` of one domain. */
int show_volumes(struct shell_output *output);
int show_vbds(struct shell_output *output, const char *target);

/* `network-list` of one domain; `bridges`: all ports (NULL), or the addresses behind one. */
int show_vifs(struct shell_output *output, const char *target);
int show_bridges(struct shell_output *output, const char *port);

/* `info`, `info memory` and `dmesg`. */
int show_machine(struct shell_output *output);
int show_memory(struct shell_output *output);
int show_log(struct shell_output *output);

/* `counters` and `death` of one domain. */
int show_counters(struct shell_output *output, const char *target);
int show_death(struct shell_output *output, const char *target);

/* xenstore-ls and so on: called with their words, as the table of commands calls. */
int do_xenstore_ls(char **words, int count, struct shell_output *output);
int do_xenstore_list(char **words, int count, struct shell_output *output);
int do_xenstore_read(char **words, int count, struct shell_output *output);
int do_xenstore_write(char **words, int count, struct shell_output *output);
int do_xenstore_rm(char **words, int count, struct shell_output *output);

/* `measure`. */
int show_measure(struct shell_output *output);
