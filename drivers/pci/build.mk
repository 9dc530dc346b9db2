# SPDX-License-Identifier: BSD-2-Clause
# Unit tests of the PCI drivers' parts that need no device. guest-kernel/control/build.mk compiles the drivers.

PCI_TESTS := pci_test virtqueue_test virtio_net_test
FAKE_VIRTIO := $(BUILD)/unit/tests/fake/pci/fake_virtio.o
PCI_HOST_OBJS := $(patsubst %,$(BUILD)/unit/drivers/pci/%.o,pci virtqueue virtio_net) $(FAKE_VIRTIO)

$(BUILD)/unit/drivers/pci/%.o: drivers/pci/%.c
	@mkdir -p $(@D)
	$(CC) $(HOST_CFLAGS) -MMD -MP -c -o $@ $<

$(BUILD)/unit/tests/fake/pci/%.o: tests/fake/pci/%.c
	@mkdir -p $(@D)
	$(CC) $(HOST_CFLAGS) -MMD -MP -c -o $@ $<

$(BUILD)/unit/pci_test: $(BUILD)/unit/drivers/pci/pci.o
$(BUILD)/unit/virtqueue_test: $(BUILD)/unit/drivers/pci/virtqueue.o
# The network driver runs on the fake device, with the real queues.
$(BUILD)/unit/virtio_net_test: $(patsubst %,$(BUILD)/unit/drivers/%.o,pci/virtio_net pci/virtqueue pv/net_offload) \
	$(FAKE_VIRTIO)
$(PCI_TESTS:%=$(BUILD)/unit/%): $(BUILD)/unit/%: $(BUILD)/unit/drivers/pci/%.o
	$(CC) $(HOST_CFLAGS) -o $@ $^ -lcmocka

UNIT_TESTS += $(PCI_TESTS:%=$(BUILD)/unit/%)
-include $(PCI_HOST_OBJS:.o=.d) $(PCI_TESTS:%=$(BUILD)/unit/drivers/pci/%.d)
