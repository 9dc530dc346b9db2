# SPDX-License-Identifier: BSD-2-Clause
# The unit test of the UART, on a model of its registers instead of ports. arch/x86/build.mk
# compiles the drivers themselves.

UART_TEST_OBJS := $(patsubst %,$(BUILD)/unit/drivers/host/%.o,uart uart_test)

$(UART_TEST_OBJS): $(BUILD)/unit/drivers/host/%.o: drivers/host/%.c
	@mkdir -p $(@D)
	$(CC) $(HOST_CFLAGS) -include drivers/host/uart_fake_io.h -MMD -MP -c -o $@ $<

$(BUILD)/unit/uart_test: $(UART_TEST_OBJS)
	$(CC) $(HOST_CFLAGS) -o $@ $^ -lcmocka

UNIT_TESTS += $(BUILD)/unit/uart_test

-include $(UART_TEST_OBJS:.o=.d)
