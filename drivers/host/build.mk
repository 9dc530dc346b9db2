# SPDX-License-Identifier: BSD-2-Clause
# Unit tests: of the UART, on a model of its registers instead of ports, and of the ACPI reader. arch/x86/build.mk
# compiles the drivers themselves.

UART_TEST_OBJS := $(patsubst %,$(BUILD)/unit/drivers/host/%.o,uart uart_test)

$(UART_TEST_OBJS): $(BUILD)/unit/drivers/host/%.o: drivers/host/%.c
	@mkdir -p $(@D)
	$(CC) $(HOST_CFLAGS) -include drivers/host/uart_fake_io.h -MMD -MP -c -o $@ $<

$(BUILD)/unit/uart_test: $(UART_TEST_OBJS)
	$(CC) $(HOST_CFLAGS) -o $@ $^ -lcmocka

ACPI_TEST_OBJS := $(patsubst %,$(BUILD)/unit/drivers/host/%.o,acpi acpi_test)

$(ACPI_TEST_OBJS): $(BUILD)/unit/drivers/host/%.o: drivers/host/%.c
	@mkdir -p $(@D)
	$(CC) $(HOST_CFLAGS) -MMD -MP -c -o $@ $<

$(BUILD)/unit/acpi_test: $(ACPI_TEST_OBJS)
	$(CC) $(HOST_CFLAGS) -o $@ $^ -lcmocka

UNIT_TESTS += $(BUILD)/unit/uart_test $(BUILD)/unit/acpi_test

-include $(UART_TEST_OBJS:.o=.d) $(ACPI_TEST_OBJS:.o=.d)
