# SPDX-License-Identifier: BSD-2-Clause
# Fuzzers: libFuzzer feeds the shipped sources on the host. A fuzzer NAME is tests/fuzz/NAME.c with the
# sources of FUZZ_NAME. `make fuzz` runs each for FUZZ_SECONDS; inputs that it finds stay in build/fuzz.

FUZZ_SECONDS ?= 20
FUZZ_CFLAGS := $(filter-out -fsanitize=address%,$(HOST_CFLAGS)) -fsanitize=fuzzer,address,undefined

FUZZERS := store partitions block_ring virtqueue virtio_net net_offload net_rings inet kernels configs
FUZZ_partitions := guest-kernel/control/partitions.c
FUZZ_block_ring := drivers/pv/back_ring.c drivers/pv/blk_request.c
FUZZ_virtqueue := drivers/pci/virtqueue.c
FUZZ_virtio_net := drivers/pci/virtio_net.c drivers/pci/virtqueue.c drivers/pv/net_offload.c tests/fake/pci/fake_virtio.c
FUZZ_net_offload := drivers/pv/net_offload.c
FUZZ_kernels := guest-kernel/control/bzimage.c
FUZZ_configs := $(patsubst %,guest-kernel/control/%.c,guest_config guest_config_devices guest_disk guest_vif)
FUZZ_inet := drivers/pv/inet.c
FUZZ_net_rings := $(patsubst %,guest-kernel/control/%.c,net_rx net_tx net_groups net_switch net_adapt) \
	$(patsubst %,drivers/pv/%.c,back_ring net_request net_offload) \
	$(patsubst %,tests/fake/control/%.c,fake_copy fake_heap)
FUZZ_store := $(XS_SRCS:%=guest-kernel/control/%.c) guest-kernel/xenstore_error.c tests/fake/control/fake_heap.c

define fuzzer
$(BUILD)/fuzz/$(1): tests/fuzz/$(1).c $(FUZZ_$(1)) $(LIB_SRCS:%=lib/%.c)
	@mkdir -p $$(@D)/$(1)-inputs
	clang $(FUZZ_CFLAGS) -o $$@ $$(filter %.c,$$^)
endef
$(foreach name,$(FUZZERS),$(eval $(call fuzzer,$(name))))

.PHONY: fuzz
fuzz: $(FUZZERS:%=$(BUILD)/fuzz/%)
	@status=0; for f in $(FUZZERS); do echo "== $$f"; $(BUILD)/fuzz/$$f -max_total_time=$(FUZZ_SECONDS) -print_final_stats=1 \
		-verbosity=0 -artifact_prefix=$(BUILD)/fuzz/ $(BUILD)/fuzz/$$f-inputs || status=1; done; exit $$status
