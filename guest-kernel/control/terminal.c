/* SPDX-License-Identifier: BSD-2-Clause */
/* Owns the terminal: prompt and line, or the guest console that it is attached to. */
#include "guest-kernel/control/terminal.h"

#include "guest-kernel/console.h"
#include "guest-kernel/control/domains.h"
#include "guest-kernel/control/line.h"
#include "guest-kernel/control/shell.h"
#include "lib/errno.h"
#include "lib/string.h"
#include "lib/strutil.h"

#define PROMPT      "atoll> "
#define INPUT_PIECE 64u
#define REPLAY_SIZE 8192u /* how much of a guest's log is shown when the terminal attaches */

static bool has_input;
static bool is_started;
static bool is_executing; /* a command: what it does needs no notice */
static struct line line;
static struct domain *attached; /* NULL: at the shell */
static void (*meanwhile)(void); /* NULL: nothing has to go on */

static void write_text(const char *text)
{
    console_write(text, strlen(text));
}

/* What the line editor shows; CR LF comes as such, and the console adds a CR to each LF. */
static void put(const char *text, size_t size)
{
    console_write(text, size);
}

static void on_input(void)
{
    __atomic_store_n(&has_input, true, __ATOMIC_RELEASE);
}

static void show_prompt(void)
{
    write_text(PROMPT);
    line_show(&line);
}

/* Prints a line of its own, above the prompt if that is shown. */
static void notice(const char *sentence)
{
    bool is_in_line = is_started && !is_executing;

    if (is_in_line)
        write_text("\n");
    write_text(sentence);
    write_text("\n");
    if (is_in_line && attached == NULL)
        show_prompt();
}

static void output(const struct domain *domain, const char *bytes, size_t size)
{
    if (domain == attached)
        console_write(bytes, size);
}

/* What a guest may have done to the terminal is undone. CAN ends a sequence that it did not end, SI
 * and DECSTR reset character sets and modes, SGR 0 the colours (ECMA-48; DEC STD 070); the private
 * modes are reports of the mouse and bracketed paste (XTerm Control Sequences). */
static void detach(void)
{
    attached = NULL;
    write_text("\x18\x0f\x1b[!p\x1b[0m\x1b[?1000;1002;1003;1006;2004l\n");
    show_prompt();
}

static void gone(const struct domain *domain)
{
    if (domain == attached)
        detach();
}

/* A serial line takes a millisecond for eleven bytes: what others wait for goes on between pieces.
 */
static void serve_meanwhile(void)
{
    if (meanwhile != NULL)
        meanwhile();
}

/* Shows the end of what the guest has written, from the start of a line, and goes on from there. */
static void replay(const struct domain *domain)
{
    const struct guest_console *console = &domain->console;
    uint64_t at = console->log_end > REPLAY_SIZE ? console->log_end - REPLAY_SIZE : 0;
    bool is_in_line = at > 0;
    char piece[128];
    size_t size;

    while ((size = guest_console_read_log(console, &at, piece, sizeof(piece))) > 0) {
        size_t start = 0;

        while (is_in_line && start < size)
            is_in_line = piece[start++] != '\n';
        console_write(piece + start, size - start);
        serve_meanwhile();
    }
}

static struct domain *find(const char *target)
{
    struct domain *domain = domains_find_name(target);
    uint64_t number;

    if (domain != NULL || str_parse_u64(target, &number) != 0 || number > UINT32_MAX)
        return domain;
    return domains_find_id((uint32_t)number);
}

static int attach(struct shell_output *to, const char *target)
{
    struct domain *domain = find(target);

    if (domain == NULL)
        return strcmp(target, "Domain-0") == 0 || strcmp(target, "0") == 0 ? -EINVAL : -ESRCH;
    shell_printf(to, "Ctrl-] leaves the console of %s.\n", domain->name);
    attached = domain;
    replay(domain);
    return 0;
}

/* A command's output goes where the line shows itself. */
struct terminal_output {
    struct shell_output shell; /* the first member: shell_write() gets at the rest */
    const struct line *line;
};

static void shell_write(struct shell_output *shell, const char *text, size_t size)
{
    const struct terminal_output *to = (const struct terminal_output *)shell;

    to->line->put(text, size);
    serve_meanwhile();
}

static void shell_key(char key)
{
    static struct terminal_output to = {{.write = shell_write, .attach = attach}, &line};
    enum line_result result = line_key(&line, key);

    if (result == LINE_MORE)
        return;
    if (result == LINE_DONE) {
        is_executing = true;
        shell_execute(line.text, &to.shell);
        is_executing = false;
        line_clear(&line);
    }
    if (attached == NULL)
        show_prompt();
}

/* A byte for the console. */
static void type(char byte)
{
    if (byte == LINE_CTRL_GRP)
        detach();
    else
        guest_console_type(&attached->console, &byte, 1);
}

void terminal_init(void)
{
    static struct domains_listener listener = {.output = output, .notice = notice, .gone = gone};

    line_init(&line, put);
    domains_listen(&listener);
    console_set_input_handler(on_input);
}

void terminal_set_meanwhile(void (*serve)(void))
{
    meanwhile = serve;
}

void terminal_start(void)
{
    is_started = true;
    has_input = true;
    show_prompt();
}

bool terminal_has_work(void)
{
    return is_started && __atomic_load_n(&has_input, __ATOMIC_ACQUIRE);
}

void terminal_serve_console(void)
{
    char byte;

    while (attached != NULL && terminal_has_work() && console_read(&byte, 1) > 0)
        type(byte);
}

void terminal_step(void)
{
    char piece[INPUT_PIECE];
    size_t size;

    if (!__atomic_exchange_n(&has_input, false, __ATOMIC_ACQ_REL))
        return;
    while ((size = console_read(piece, sizeof(piece))) > 0) {
        for (size_t i = 0; i < size; i++) {
            if (attached == NULL)
                shell_key(piece[i]);
            else
                type(piece[i]);
        }
    }
}
