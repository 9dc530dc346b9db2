# SPDX-License-Identifier: BSD-2-Clause
# Top of the build. Each folder's build.mk says what it builds; everything lands in build/.

BUILD := build
CC := gcc
NASM := nasm
PYTHON := /usr/bin/python3
DEBUG ?= 0

WARN := -std=c11 -Wall -Wextra -Werror -Wconversion -Wshadow -Wmissing-prototypes -Wundef -Wvla
# Code without an operating system below it: the hypervisor and the guests of guest-kernel.
FREESTANDING := $(WARN) -O2 -g -ffreestanding -fno-stack-protector -fno-pic -fno-pie -m64 \
	-mno-red-zone -mgeneral-regs-only -fno-omit-frame-pointer -fno-asynchronous-unwind-tables \
	-fno-common -ffunction-sections -fdata-sections -I. -DDEBUG=$(DEBUG)
# Unit tests run the shipped sources on the host.
HOST_CFLAGS := $(WARN) -g -O1 -fsanitize=address,undefined -fno-sanitize-recover=all -I. -DDEBUG=1

DEFAULT_TARGETS :=
# Host test programs; each is built and run by `make unit`.
UNIT_TESTS :=
# Static checks; each is a target that fails when it finds something.
CHECKS :=

.PHONY: all
all:

include lib/build.mk $(filter-out lib/build.mk,$(wildcard */build.mk)) $(wildcard */*/build.mk)

all: $(DEFAULT_TARGETS)

.PHONY: unit check clean
unit: $(UNIT_TESTS)
	@status=0; for t in $(UNIT_TESTS); do echo "== $$t"; $$t || status=1; done; exit $$status

check: $(CHECKS)

clean:
	rm -rf $(BUILD)

.DELETE_ON_ERROR:
