/* SPDX-License-Identifier: BSD-2-Clause */
/* The devices of a guest's configuration: `disk` and `vif`. */
#pragma once

#include "lib/compiler.h"

struct cfg;
struct guest_config;
struct guest_config_report;

/* Reads the lists of devices. -EINVAL and the like, with the error of `cfg` set. */
int MUST_CHECK guest_config_read_devices(struct cfg *cfg, struct guest_config *config,
                                         struct guest_config_report *report);
