/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The CMOS clock of BIOS machines: Motorola MC146818A data sheet, "Address map" and "Register A,
 * B". Reading it takes two equal readings with no update in progress.
 */
#include "boot/clock.h"

#include <stdbool.h>

#include "lib/insn.h"
#include "lib/string.h"

#define PORT_INDEX 0x70u
#define PORT_DATA  0x71u

#define REG_SECOND  0x00u
#define REG_MINUTE  0x02u
#define REG_HOUR    0x04u
#define REG_DAY     0x07u
#define REG_MONTH   0x08u
#define REG_YEAR    0x09u
#define REG_A       0x0au
#define REG_B       0x0bu
#define REG_CENTURY 0x32u /* by custom of PC firmware; checked for plausibility */

#define A_UPDATING 0x80u
#define B_24_HOURS 0x02u
#define B_BINARY   0x04u
#define HOUR_PM    0x80u

/* Bounds: an update takes 2 ms, and a register read about a microsecond. */
#define UPDATE_POLLS 10000u
#define READ_TRIES   8u

static uint8_t read_cmos(uint8_t reg)
{
    out8(PORT_INDEX, reg);
    return in8(PORT_DATA);
}

static uint32_t from_bcd(uint32_t value, bool is_binary)
{
    return is_binary ? value : (value >> 4) * 10 + (value & 0xf);
}

static void read_once(struct clock_date *date)
{
    uint8_t mode = read_cmos(REG_B);
    bool is_binary = (mode & B_BINARY) != 0;
    uint8_t hour = read_cmos(REG_HOUR);
    uint32_t century = from_bcd(read_cmos(REG_CENTURY), is_binary);

    *date = (struct clock_date){
        .year = from_bcd(read_cmos(REG_YEAR), is_binary),
        .month = from_bcd(read_cmos(REG_MONTH), is_binary),
        .day = from_bcd(read_cmos(REG_DAY), is_binary),
        .hour = from_bcd((mode & B_24_HOURS) != 0 ? hour : hour & ~HOUR_PM, is_binary),
        .minute = from_bcd(read_cmos(REG_MINUTE), is_binary),
        .second = from_bcd(read_cmos(REG_SECOND), is_binary),
    };
    if ((mode & B_24_HOURS) == 0) {
        date->hour = date->hour % 12 + ((hour & HOUR_PM) != 0 ? 12 : 0);
    }
    date->year += century >= 20 && century <= 99 ? century * 100 : 2000;
}

uint64_t clock_read_cmos(void)
{
    struct clock_date first = {0};
    struct clock_date second = {0};

    for (unsigned int i = 0; i < READ_TRIES; i++) {
        for (unsigned int polls = 0; polls < UPDATE_POLLS; polls++) {
            if ((read_cmos(REG_A) & A_UPDATING) == 0) {
                break;
            }
        }
        read_once(&first);
        read_once(&second);
        if (memcmp(&first, &second, sizeof(first)) == 0) {
            return clock_seconds(&first);
        }
    }
    return 0;
}
