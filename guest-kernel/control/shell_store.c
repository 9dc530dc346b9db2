/* SPDX-License-Identifier: BSD-2-Clause */
/* Owns the commands on the store, in the words and the form of Xen's xenstore-ls, -list, -read,
 * -write and -rm. */
#include <stdbool.h>
#include <stdint.h>

#include "guest-kernel/control/manage.h"
#include "guest-kernel/control/shell_show.h"
#include "lib/errno.h"
#include "lib/format.h"
#include "lib/string.h"
#include "lib/strutil.h"

#define LEVELS_MAX 32u /* that xenstore-ls goes down */
#define PIECE_MAX  256u
#define OCTAL_SIZE 5u /* a backslash, three digits, a NUL */

/* Requests and answers are large, and commands do not nest. */
static struct manage_request request;
static struct manage_answer answer;

/* Sends the request about a path; prints why it failed. */
static int ask(enum manage_verb verb, const char *path, struct shell_output *output)
{
    request.verb = verb;
    if (!str_copy(request.path, sizeof(request.path), path)) {
        shell_printf(output, "%.20s... is too long for a path here.\n", path);
        return -ENAMETOOLONG;
    }
    manage(&request, &answer);
    if (answer.status != 0)
        shell_printf(output, "%s.\n", answer.sentence);
    return answer.status;
}

/* A guest writes what it likes: bytes that are no plain text are shown as octal numbers. */
static void show_bytes(struct shell_output *output, const char *bytes, size_t size, bool is_quoted)
{
    char piece[PIECE_MAX];
    size_t at = 0;

    for (size_t i = 0; i < size; i++) {
        unsigned char byte = (unsigned char)bytes[i];

        if (byte < ' ' || byte > '~' || byte == '\\' || (is_quoted && byte == '"'))
            at += format_str(piece + at, sizeof(piece) - at, "\\%c%c%c", '0' + (byte >> 6),
                             '0' + (byte >> 3 & 7), '0' + (byte & 7));
        else
            piece[at++] = (char)byte;
        if (at + OCTAL_SIZE > sizeof(piece) || i + 1 == size) {
            output->write(output, piece, at);
            at = 0;
        }
    }
}

/* The walk of xenstore-ls: the node it is at, and how far it is in the list of each level. */
struct walk {
    char path[MANAGE_PATH_MAX];
    size_t ends[LEVELS_MAX + 1]; /* the path's length at each level */
    uint32_t next[LEVELS_MAX + 1];
    size_t level;
    bool has_paths, has_access;
};

/* Prints the node that the walk is at. */
static int show_node(struct walk *walk, const char *name, struct shell_output *output)
{
    int err = ask(MANAGE_STORE_READ, walk->path, output);

    if (err != 0)
        return err;
    if (walk->has_paths)
        shell_printf(output, "%s = \"", walk->path);
    else
        shell_printf(output, "%*s%s = \"", (int)walk->level - 1, "", name);
    show_bytes(output, answer.u.store.text, answer.u.store.size, true);
    shell_printf(output, walk->has_access ? "\"   (%s)\n" : "\"\n", answer.u.store.access);
    return 0;
}

/* Goes to the next node of this level and prints it; -ENOENT: there is none. */
static int go_down(struct walk *walk, struct shell_output *output)
{
    size_t end = walk->ends[walk->level];
    char name[MANAGE_PATH_MAX];
    int err;

    walk->path[end] = '\0';
    request.number = walk->next[walk->level];
    err = ask(MANAGE_STORE_LIST, walk->path, output);
    if (err != 0)
        return err;
    if (answer.u.store.size == 0)
        return -ENOENT;
    walk->next[walk->level]++;
    str_copy(name, sizeof(name), answer.u.store.text);
    end +=
        format_str(walk->path + end, sizeof(walk->path) - end, "%s%s", end == 1 ? "" : "/", name);
    if (end >= sizeof(walk->path) || walk->level == LEVELS_MAX) {
        shell_printf(output, "%*s%s...\n", (int)walk->level, "", name);
        return 0;
    }
    walk->level++;
    walk->ends[walk->level] = end;
    walk->next[walk->level] = 0;
    return show_node(walk, name, output);
}

static int list_tree(struct walk *walk, struct shell_output *output)
{
    int err = ask(MANAGE_STORE_READ, walk->path, output);

    if (err != 0)
        return err;
    walk->ends[0] = strlen(walk->path);
    for (;;) {
        err = go_down(walk, output);
        if (err == -ENOENT && walk->level == 0)
            return 0;
        if (err == -ENOENT)
            walk->level--;
        else if (err != 0)
            return err;
    }
}

int do_xenstore_ls(char **words, int count, struct shell_output *output)
{
    static struct walk walk;
    int at = 1;

    memset(&walk, 0, sizeof(walk));
    for (; at < count && words[at][0] == '-'; at++) {
        if (strcmp(words[at], "-f") == 0)
            walk.has_paths = true;
        else if (strcmp(words[at], "-p") == 0)
            walk.has_access = true;
        else
            return SHELL_USAGE;
    }
    if (count - at > 1)
        return SHELL_USAGE;
    if (!str_copy(walk.path, sizeof(walk.path), at < count ? words[at] : "/")) {
        shell_printf(output, "%.20s... is too long for a path here.\n", words[at]);
        return -ENAMETOOLONG;
    }
    return list_tree(&walk, output);
}

int do_xenstore_list(char **words, int count, struct shell_output *output)
{
    if (count != 2)
        return SHELL_USAGE;
    request.number = 0;
    do {
        int err = ask(MANAGE_STORE_LIST, words[1], output);

        if (err != 0)
            return err;
        for (size_t at = 0; at < answer.u.store.size;) {
            const char *name = answer.u.store.text + at;

            at += strlen(name) + 1;
            shell_printf(output, "%s\n", name);
        }
        request.number = answer.u.store.next;
    } while (answer.u.store.is_cut);
    return 0;
}

int do_xenstore_read(char **words, int count, struct shell_output *output)
{
    for (int i = 1; i < count; i++) {
        int err = ask(MANAGE_STORE_READ, words[i], output);

        if (err != 0)
            return err;
        show_bytes(output, answer.u.store.text, answer.u.store.size, false);
        shell_printf(output, "\n");
    }
    return 0;
}

int do_xenstore_write(char **words, int count, struct shell_output *output)
{
    if (count % 2 == 0)
        return SHELL_USAGE;
    for (int i = 1; i < count; i += 2) {
        int err;

        if (!str_copy(request.value, sizeof(request.value), words[i + 1])) {
            shell_printf(output, "%.20s... is too long for a value here.\n", words[i + 1]);
            return -ENAMETOOLONG;
        }
        err = ask(MANAGE_STORE_WRITE, words[i], output);
        if (err != 0)
            return err;
    }
    return 0;
}

int do_xenstore_rm(char **words, int count, struct shell_output *output)
{
    for (int i = 1; i < count; i++) {
        int err = ask(MANAGE_STORE_REMOVE, words[i], output);

        if (err != 0)
            return err;
    }
    return 0;
}
