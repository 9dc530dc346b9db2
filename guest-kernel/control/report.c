/* SPDX-License-Identifier: BSD-2-Clause */
/* Owns the report: what is said when, and what the tool asks for. */
#include "guest-kernel/control/report.h"

#include "guest-kernel/control/domains.h"
#include "guest-kernel/control/records.h"
#include "guest-kernel/control/serial.h"
#include "guest-kernel/control/shell.h"
#include "guest-kernel/time.h"
#include "lib/errno.h"
#include "lib/format.h"
#include "lib/string.h"

#define POLL_NS (10 * NS_PER_MS) /* where the port has no interrupt */

static bool is_on;     /* the port is there */
static bool is_ready;  /* `ready` has been said */
static bool is_idle;   /* `idle` has been said and is still true */
static bool has_input; /* bytes may have arrived */
static struct timer poll_timer;
static char input[RECORD_MAX];
static size_t input_size;
static bool is_input_cut; /* the line is too long: it is dropped */

/* Writes one record; `fmt` gives the words before the bytes, which may be none. */
static void send(const char *words, const void *bytes, size_t size)
{
    char text[RECORD_MAX];
    size_t at = format_str(text, sizeof(text) - 2 * RECORD_PIECE_MAX - 2, "%s", words);

    if (size > 0) {
        text[at++] = ' ';
        at += record_hex(text + at, bytes, size);
    }
    text[at++] = '\n';
    serial_write(text, at);
}

/* As many records with these words as the bytes need. */
static void send_all(const char *words, const char *bytes, size_t size)
{
    while (size > 0) {
        size_t part = size < RECORD_PIECE_MAX ? size : RECORD_PIECE_MAX;

        send(words, bytes, part);
        bytes += part;
        size -= part;
    }
}

static void send_domain(const struct domain *domain, const char *state)
{
    char words[GUEST_NAME_MAX + 40];

    format_str(words, sizeof(words), "domain %s %u %s", domain->name, domain->domid, state);
    send(words, NULL, 0);
}

static void created(const struct domain *domain)
{
    is_idle = false;
    send_domain(domain, "created");
}

static void running(const struct domain *domain)
{
    send_domain(domain, "running");
}

static void ended(const struct domain *domain, const char *reason)
{
    char state[32];

    format_str(state, sizeof(state), "ended %s", reason);
    send_domain(domain, state);
}

static void output(const struct domain *domain, const char *bytes, size_t size)
{
    char words[GUEST_NAME_MAX + 10];

    format_str(words, sizeof(words), "console %s", domain->name);
    send_all(words, bytes, size);
}

static void refused(const char *config_name, const char *sentence)
{
    char words[GUEST_NAME_MAX + 10];
    size_t size = strlen(sentence);

    format_str(words, sizeof(words), "refused %s", config_name);
    send(words, sentence, size < RECORD_PIECE_MAX ? size : RECORD_PIECE_MAX);
}

struct exec_output {
    struct shell_output shell; /* the first member: shell_write() gets at the rest */
    uint64_t number;
};

static void shell_write(struct shell_output *shell, const char *text, size_t size)
{
    const struct exec_output *exec = (const struct exec_output *)shell;
    char words[32];

    format_str(words, sizeof(words), "exec %llu", (unsigned long long)exec->number);
    send_all(words, text, size);
}

static void execute(const struct record *record)
{
    struct exec_output exec = {.shell = {.write = shell_write}, .number = record->number};
    char command[RECORD_MAX], words[64];
    size_t size = format_str(command, sizeof(command), "%s", record->command);
    int status = size < sizeof(command) ? shell_execute(command, &exec.shell) : -E2BIG;

    format_str(words, sizeof(words), "exec-done %llu %d", (unsigned long long)record->number,
               status);
    send(words, NULL, 0);
}

/* A line of the tool's; one that is no record is ignored. */
static void take_line(char *text)
{
    struct domain *domain;
    struct record record;

    if (record_parse(text, &record) != 0)
        return;
    if (record.kind == RECORD_EXEC) {
        execute(&record);
        return;
    }
    domain = domains_find_name(record.name);
    if (domain != NULL)
        guest_console_type(&domain->console, (const char *)record.bytes, record.size);
}

static void take_byte(char byte)
{
    if (byte == '\n') {
        input[input_size] = '\0';
        if (!is_input_cut)
            take_line(input);
        input_size = 0;
        is_input_cut = false;
    } else if (byte != '\r') {
        if (input_size + 1 < sizeof(input))
            input[input_size++] = byte;
        else
            is_input_cut = true;
    }
}

static void on_input(void)
{
    __atomic_store_n(&has_input, true, __ATOMIC_RELEASE);
}

static void poll_expired(struct timer *timer)
{
    on_input();
    timer_start(timer, time_now() + POLL_NS);
}

bool report_init(void)
{
    static struct domains_listener listener = {.created = created,
                                               .running = running,
                                               .ended = ended,
                                               .output = output,
                                               .refused = refused};

    if (!serial_init())
        return false;
    is_on = true;
    send("report 1", NULL, 0);
    domains_listen(&listener);
    return true;
}

/* `idle` is said once for each time that it becomes true. */
static void check_idle(void)
{
    bool is_left = domains_boot_left();

    if (is_ready && !is_left && !is_idle)
        send("idle", NULL, 0);
    is_idle = is_ready && !is_left;
}

void report_ready(void)
{
    if (!is_on)
        return;
    send("ready", NULL, 0);
    is_ready = true;
    check_idle();
    on_input();
    if (serial_set_handler(on_input) != 0) {
        poll_timer.expire = poll_expired;
        timer_start(&poll_timer, time_now() + POLL_NS);
    }
}

bool report_has_work(void)
{
    return is_on && __atomic_load_n(&has_input, __ATOMIC_ACQUIRE);
}

void report_step(void)
{
    char piece[64];
    size_t size;

    if (!is_ready)
        return;
    check_idle();
    if (!__atomic_exchange_n(&has_input, false, __ATOMIC_ACQ_REL))
        return;
    while ((size = serial_read(piece, sizeof(piece))) > 0) {
        for (size_t i = 0; i < size; i++)
            take_byte(piece[i]);
    }
    check_idle();
}
