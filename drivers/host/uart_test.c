/* SPDX-License-Identifier: BSD-2-Clause */
/* The polled UART against a model of a 16550's registers. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "drivers/host/uart.h"
#include "lib/errno.h"

/* The UART's source is compiled here, with the model in place of lib/insn.h. */
#define ATOLL_LIB_INSN_H

static struct {
    bool is_absent;
    bool is_stuck;
    uint8_t regs[8];
    uint8_t divisor[2];
    char sent[64];
    unsigned int sent_count;
    unsigned int status_reads;
    int received; /* -1: nothing */
} model;

static void out8(uint16_t port, uint8_t value)
{
    unsigned int reg = port - UART_COM1;

    assert_in_range(reg, 0, 7);
    if (model.is_absent) {
        return;
    }
    if (reg <= 1 && (model.regs[3] & 0x80) != 0) {
        model.divisor[reg] = value;
    } else if (reg == 0) {
        assert_in_range(model.sent_count, 0, sizeof(model.sent) - 2);
        model.sent[model.sent_count++] = (char)value;
    } else {
        model.regs[reg] = value;
    }
}

static uint8_t in8(uint16_t port)
{
    unsigned int reg = port - UART_COM1;
    uint8_t value;

    if (model.is_absent) {
        return 0xff;
    }
    switch (reg) {
    case 0:
        value = (uint8_t)model.received;
        model.received = -1;
        return value;
    case 5:
        model.status_reads++;
        return (uint8_t)((model.is_stuck ? 0 : 0x60) | (model.received >= 0 ? 1 : 0));
    default:
        return model.regs[reg];
    }
}

#include "drivers/host/uart.c"

static int setup(void **state)
{
    memset(&model, 0, sizeof(model));
    model.received = -1;
    return *state != NULL;
}

static void test_init_sets_the_line(void **state)
{
    struct uart uart;

    assert_int_equal(uart_init(&uart, UART_COM1, 9600), 0);
    assert_int_equal(model.divisor[0], 12);
    assert_int_equal(model.divisor[1], 0);
    assert_int_equal(model.regs[3], 0x03);
    assert_int_equal(model.regs[1], 0);
    assert_null(*state);
}

static void test_impossible_speeds(void **state)
{
    struct uart uart;

    assert_int_equal(uart_init(&uart, UART_COM1, 0), -EINVAL);
    assert_int_equal(uart_init(&uart, UART_COM1, 1), -EINVAL);
    assert_int_equal(uart_init(&uart, UART_COM1, 100000), -EINVAL);
    assert_int_equal(uart_init(&uart, 0, UART_BAUD), -ENODEV);
    assert_null(*state);
}

static void test_absent_uart_drops_output(void **state)
{
    struct uart uart;
    uint8_t byte;

    model.is_absent = true;
    assert_int_equal(uart_init(&uart, UART_COM1, UART_BAUD), -ENODEV);
    model.is_absent = false;

    uart_write(&uart, "x", 1);

    assert_int_equal(model.sent_count, 0);
    assert_int_equal(uart_get(&uart, &byte), -EAGAIN);
    assert_null(*state);
}

static void test_text_gets_carriage_returns(void **state)
{
    struct uart uart;

    assert_int_equal(uart_init(&uart, UART_COM1, UART_BAUD), 0);
    uart_write(&uart, "a\nb\r\nc\r", 7);
    uart_write(&uart, "\n", 1);
    assert_string_equal(model.sent, "a\r\nb\r\nc\r\n");
    assert_null(*state);
}

static void test_the_fifo_takes_sixteen_bytes(void **state)
{
    struct uart uart;

    assert_int_equal(uart_init(&uart, UART_COM1, UART_BAUD), 0);
    model.status_reads = 0;
    uart_write(&uart, "0123456789abcdef", 16);
    assert_int_equal(model.status_reads, 1);
    uart_write(&uart, "g", 1);
    assert_int_equal(model.status_reads, 2);
    assert_string_equal(model.sent, "0123456789abcdefg");
    assert_null(*state);
}

static void test_stuck_transmitter_is_waited_for_once(void **state)
{
    struct uart uart;
    unsigned int reads;

    assert_int_equal(uart_init(&uart, UART_COM1, UART_BAUD), 0);
    model.is_stuck = true;
    uart_write(&uart, "a", 1);
    reads = model.status_reads;
    uart_write(&uart, "b", 1);
    assert_int_equal(model.status_reads, reads + 1);
    assert_int_equal(model.sent_count, 0);

    model.is_stuck = false;
    uart_write(&uart, "c", 1);
    assert_string_equal(model.sent, "c");
    assert_null(*state);
}

static void test_input(void **state)
{
    struct uart uart;
    uint8_t byte = 0;

    assert_int_equal(uart_init(&uart, UART_COM1, UART_BAUD), 0);
    assert_int_equal(uart_get(&uart, &byte), -EAGAIN);
    model.received = 'q';
    assert_int_equal(uart_get(&uart, &byte), 0);
    assert_int_equal(byte, 'q');
    assert_int_equal(uart_get(&uart, &byte), -EAGAIN);
    assert_null(*state);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_init_sets_the_line, setup),
        cmocka_unit_test_setup(test_impossible_speeds, setup),
        cmocka_unit_test_setup(test_absent_uart_drops_output, setup),
        cmocka_unit_test_setup(test_text_gets_carriage_returns, setup),
        cmocka_unit_test_setup(test_the_fifo_takes_sixteen_bytes, setup),
        cmocka_unit_test_setup(test_stuck_transmitter_is_waited_for_once, setup),
        cmocka_unit_test_setup(test_input, setup),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
