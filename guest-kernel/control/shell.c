/* SPDX-License-Identifier: BSD-2-Clause */
/* Owns the table of commands and the parsing of a line; shell_show.c owns the columns. */
#include "guest-kernel/control/shell.h"

#include "guest-kernel/control/manage.h"
#include "guest-kernel/control/shell_show.h"
#include "guest-kernel/time.h"
#include "lib/errno.h"
#include "lib/format.h"
#include "lib/insn.h"
#include "lib/string.h"
#include "lib/strutil.h"

#define PRINT_MAX 640u

void shell_printf(struct shell_output *output, const char *fmt, ...)
{
    char text[PRINT_MAX];
    va_list args;
    size_t size;

    va_start(args, fmt);
    size = format_va(text, sizeof(text), fmt, args);
    va_end(args);
    output->write(output, text, size < sizeof(text) ? size : sizeof(text) - 1);
}

/* Ends the word that begins at `at`, moves *rest behind it; NULL: no closing quote. */
static char *take_word(char *at, char **rest)
{
    char stop = *at == '"' ? '"' : ' ';
    char *word = stop == '"' ? at + 1 : at;
    char *end = strchr(word, stop);

    if (end == NULL && stop == '"')
        return NULL;
    if (end == NULL) {
        *rest = word + strlen(word);
    } else {
        *end = '\0';
        *rest = end + 1;
    }
    return word;
}

int shell_split(char *line, char *words[SHELL_WORDS_MAX])
{
    int count = 0;

    for (;;) {
        while (*line == ' ' || *line == '\t')
            line++;
        if (*line == '\0')
            return count;
        if (count == (int)SHELL_WORDS_MAX)
            return -E2BIG;
        words[count] = take_word(line, &line);
        if (words[count] == NULL)
            return -EINVAL;
        count++;
    }
}

/* Sends a request about `target` and prints why it failed, or what to know of it. */
static int request(struct shell_output *output, enum manage_verb verb, const char *target)
{
    static struct manage_answer answer;
    static struct manage_request wanted;

    wanted.verb = verb;
    if (!str_copy(wanted.target, sizeof(wanted.target), target)) {
        shell_printf(output, "%s is too long for a name.\n", target);
        return -ENAMETOOLONG;
    }
    manage(&wanted, &answer);
    if (answer.sentence[0] != '\0')
        shell_printf(output, "%s.\n", answer.sentence);
    return answer.status;
}

static int do_create(char **words, int count, struct shell_output *output)
{
    static struct manage_answer answer;
    struct manage_request wanted = {.verb = MANAGE_CREATE};
    const char *file = words[1];

    if (strcmp(words[1], "-p") == 0 && count == 3) {
        wanted.is_paused = true;
        file = words[2];
    } else if (count != 2) {
        return SHELL_USAGE;
    }
    if (file[0] == '-')
        return SHELL_USAGE;
    if (!str_copy(wanted.target, sizeof(wanted.target), file)) {
        shell_printf(output, "%s is too long for a name.\n", file);
        return -ENAMETOOLONG;
    }
    shell_printf(output, "Parsing config from %s\n", file);
    manage(&wanted, &answer);
    if (answer.status != 0)
        shell_printf(output, "%s.\n", answer.sentence);
    return answer.status;
}

static int do_destroy(char **words, int count, struct shell_output *output)
{
    return count == 2 ? request(output, MANAGE_DESTROY, words[1]) : SHELL_USAGE;
}

static int do_pause(char **words, int count, struct shell_output *output)
{
    return count == 2 ? request(output, MANAGE_PAUSE, words[1]) : SHELL_USAGE;
}

static int do_unpause(char **words, int count, struct shell_output *output)
{
    return count == 2 ? request(output, MANAGE_UNPAUSE, words[1]) : SHELL_USAGE;
}

static int do_shutdown(char **words, int count, struct shell_output *output)
{
    return count == 2 ? request(output, MANAGE_SHUTDOWN, words[1]) : SHELL_USAGE;
}

static int do_reboot(char **words, int count, struct shell_output *output)
{
    return count == 2 ? request(output, MANAGE_REBOOT, words[1]) : SHELL_USAGE;
}

static int do_console(char **words, int count, struct shell_output *output)
{
    int err;

    if (count != 2)
        return SHELL_USAGE;
    if (output->attach == NULL) {
        shell_printf(output, "console needs the terminal: type it there.\n");
        return -EOPNOTSUPP;
    }
    err = output->attach(output, words[1]);
    if (err == -EINVAL)
        shell_printf(output, "this is the console of %s.\n", words[1]);
    else if (err != 0)
        shell_printf(output, "there is no domain %s: \"list\" shows what there is.\n", words[1]);
    return err;
}

static int do_list(char **words, int count, struct shell_output *output)
{
    return count <= 2 ? show_list(output, count == 2 ? words[1] : NULL) : SHELL_USAGE;
}

static int do_vcpu_list(char **words, int count, struct shell_output *output)
{
    return count <= 2 ? show_vcpus(output, count == 2 ? words[1] : NULL) : SHELL_USAGE;
}

static int do_info(char **words, int count, struct shell_output *output)
{
    if (count == 1)
        return show_machine(output);
    return count == 2 && strcmp(words[1], "memory") == 0 ? show_memory(output) : SHELL_USAGE;
}

static int do_dmesg(char **words, int count, struct shell_output *output)
{
    return count == 1 && words[0] != NULL ? show_log(output) : SHELL_USAGE;
}

static int do_counters(char **words, int count, struct shell_output *output)
{
    return count == 2 ? show_counters(output, words[1]) : SHELL_USAGE;
}

static int do_death(char **words, int count, struct shell_output *output)
{
    return count == 2 ? show_death(output, words[1]) : SHELL_USAGE;
}

static int do_volumes(char **words, int count, struct shell_output *output)
{
    return count == 1 && words[0] != NULL ? show_volumes(output) : SHELL_USAGE;
}

static int do_block_list(char **words, int count, struct shell_output *output)
{
    return count == 2 ? show_vbds(output, words[1]) : SHELL_USAGE;
}

static int do_network_list(char **words, int count, struct shell_output *output)
{
    return count == 2 ? show_vifs(output, words[1]) : SHELL_USAGE;
}

static int do_bridges(char **words, int count, struct shell_output *output)
{
    return count <= 2 ? show_bridges(output, count == 2 ? words[1] : NULL) : SHELL_USAGE;
}

static int do_measure(char **words, int count, struct shell_output *output)
{
    return count == 1 && words[0] != NULL ? show_measure(output) : SHELL_USAGE;
}

static int do_time(char **words, int count, struct shell_output *output);
static int do_help(char **words, int count, struct shell_output *output);

static const struct command {
    const char *name;
    const char *arguments;
    const char *summary;
    int least_words;
    int (*run)(char **words, int count, struct shell_output *output);
} commands[] = {
    {"list", "[DOMAIN]", "the domains and their state", 1, do_list},
    {"create", "[-p] FILE.cfg", "make a domain (-p: paused) from a boot module", 2, do_create},
    {"destroy", "DOMAIN", "end a domain at once", 2, do_destroy},
    {"pause", "DOMAIN", "stop a domain's vcpus", 2, do_pause},
    {"unpause", "DOMAIN", "let them go on", 2, do_unpause},
    {"shutdown", "DOMAIN", "ask a domain to power off", 2, do_shutdown},
    {"reboot", "DOMAIN", "ask a domain to reboot", 2, do_reboot},
    {"console", "DOMAIN", "attach to a domain's console; Ctrl-] leaves it", 2, do_console},
    {"vcpu-list", "[DOMAIN]", "the domains' vcpus", 1, do_vcpu_list},
    {"info", "[memory]", "the machine and the hypervisor, or their memory", 1, do_info},
    {"dmesg", "", "the hypervisor's log", 1, do_dmesg},
    {"counters", "DOMAIN", "a domain's exits and hypercalls", 2, do_counters},
    {"death", "DOMAIN", "why a preserved domain crashed", 2, do_death},
    {"volumes", "", "what a guest's disk can be", 1, do_volumes},
    {"block-list", "DOMAIN", "a domain's disks", 2, do_block_list},
    {"network-list", "DOMAIN", "a domain's network interfaces", 2, do_network_list},
    {"bridges", "[PORT]", "bridges and their ports, or the addresses behind one", 1, do_bridges},
    {"xenstore-ls", "[-f] [-p] [PATH]", "the store (-f: paths, -p: access)", 1, do_xenstore_ls},
    {"xenstore-list", "PATH", "the names below a node", 2, do_xenstore_list},
    {"xenstore-read", "PATH...", "values", 2, do_xenstore_read},
    {"xenstore-write", "PATH VALUE...", "set values", 3, do_xenstore_write},
    {"xenstore-rm", "PATH...", "remove nodes with all below them", 2, do_xenstore_rm},
    {"measure", "", "the cost of making and destroying an empty domain", 1, do_measure},
    {"time", "COMMAND...", "a command and the TSC ticks that it takes", 2, do_time},
    {"help", "[COMMAND]", "this list", 1, do_help},
};

static const struct command *find_command(const char *name)
{
    for (size_t i = 0; i < ARRAY_COUNT(commands); i++) {
        if (strcmp(commands[i].name, name) == 0)
            return &commands[i];
    }
    return NULL;
}

/* Runs a command of words; SHELL_USAGE where they are not what it takes. */
static int run_words(const struct command *command, char **words, int count,
                     struct shell_output *output)
{
    int status = count >= command->least_words ? command->run(words, count, output) : SHELL_USAGE;

    if (status != SHELL_USAGE)
        return status;
    shell_printf(output, "usage: %s%s%s\n", command->name, command->arguments[0] != '\0' ? " " : "",
                 command->arguments);
    return -EINVAL;
}

static int unknown(const char *name, struct shell_output *output)
{
    shell_printf(output, "there is no command %s: \"help\" lists them.\n", name);
    return -EINVAL;
}

static int do_help(char **words, int count, struct shell_output *output)
{
    const struct command *one = count > 1 ? find_command(words[1]) : NULL;

    if (count > 1 && one == NULL)
        return unknown(words[1], output);
    for (size_t i = 0; i < ARRAY_COUNT(commands); i++) {
        char usage[64];

        if (one != NULL && one != &commands[i])
            continue;
        format_str(usage, sizeof(usage), "%s %s", commands[i].name, commands[i].arguments);
        shell_printf(output, " %-29s %s\n", usage, commands[i].summary);
    }
    return 0;
}

static int do_time(char **words, int count, struct shell_output *output)
{
    const struct command *command = find_command(words[1]);
    uint64_t begun = time_now(), start = rdtsc_ordered(), ticks;
    int status;

    if (command == NULL)
        return unknown(words[1], output);
    status = run_words(command, words + 1, count - 1, output);
    ticks = rdtsc_ordered() - start;
    shell_printf(output, "%llu ticks, begun %llu ns after the machine's start\n",
                 (unsigned long long)ticks, (unsigned long long)begun);
    return status;
}

int shell_execute(char *line, struct shell_output *output)
{
    char *words[SHELL_WORDS_MAX];
    int count = shell_split(line, words);
    const struct command *command;

    if (count == 0)
        return 0;
    if (count < 0) {
        shell_printf(output, count == -EINVAL ? "a quotation mark has no second one.\n"
                                              : "no command has that many words.\n");
        return count;
    }
    command = find_command(words[0]);
    if (command == NULL)
        return unknown(words[0], output);
    return run_words(command, words, count, output);
}
