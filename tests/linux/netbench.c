/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * TCP between two machines: `netbench serve` answers one client after another, `netbench ADDRESS
 * NAME ROW` is a client and measures. A sample is one MiB written until the server has answered
 * that it read all (take), one MiB asked for until it is there (give), or one byte there and back
 * (echo).
 */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tests/linux/samples.h"

#define PORT        5001
#define MIB         (1u << 20)
#define PIECE_SIZE  65536u
#define SAMPLES_MAX 1000 /* samples of a row */

/* What the client asks for by one byte. */
#define ASK_TAKE 't' /* a MiB follows; a byte is the answer */
#define ASK_GIVE 'g' /* a MiB is the answer */
#define ASK_ECHO 'e' /* a byte is the answer */

static const struct row {
    const char *name;
    char what;
    size_t count; /* of samples; a quarter more come before */
} rows[] = {{"take", ASK_TAKE, 32}, {"give", ASK_GIVE, 32}, {"echo", ASK_ECHO, SAMPLES_MAX}};

static char piece[PIECE_SIZE];

static void fail(const char *what)
{
    perror(what);
    exit(1);
}

static void put(int peer, size_t size)
{
    while (size > 0) {
        ssize_t done = write(peer, piece, size < PIECE_SIZE ? size : PIECE_SIZE);

        if (done <= 0)
            fail("write");
        size -= (size_t)done;
    }
}

static void get(int peer, size_t size)
{
    while (size > 0) {
        ssize_t done = read(peer, piece, size < PIECE_SIZE ? size : PIECE_SIZE);

        if (done <= 0)
            fail("read");
        size -= (size_t)done;
    }
}

static void ask(int peer, char what)
{
    if (write(peer, &what, 1) != 1)
        fail("write");
}

static uint64_t sample(int peer, char what)
{
    uint64_t start = samples_clock();

    ask(peer, what);
    if (what == ASK_TAKE)
        put(peer, MIB);
    get(peer, what == ASK_GIVE ? MIB : 1);
    return samples_clock() - start;
}

static void measure(int peer, const char *name, const struct row *row)
{
    static uint64_t samples[SAMPLES_MAX];

    /* The first ones find TCP's window still small. */
    for (size_t i = 0; i < row->count / 4; i++)
        sample(peer, row->what);
    for (size_t i = 0; i < row->count; i++)
        samples[i] = sample(peer, row->what);
    samples_show(name, samples, row->count);
}

static void set_no_delay(int peer)
{
    int one = 1;

    if (setsockopt(peer, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one)) != 0)
        fail("TCP_NODELAY");
}

static void answer(int peer)
{
    char what;

    set_no_delay(peer);
    while (read(peer, &what, 1) == 1) {
        if (what == ASK_TAKE)
            get(peer, MIB);
        put(peer, what == ASK_GIVE ? MIB : 1);
    }
    close(peer);
}

static void serve(int listener, const struct sockaddr_in *address)
{
    if (bind(listener, (const struct sockaddr *)address, sizeof(*address)) != 0 ||
        listen(listener, 1) != 0)
        fail("listen");
    for (;;) {
        int peer = accept(listener, NULL, NULL);

        if (peer < 0)
            fail("accept");
        answer(peer);
    }
}

static const struct row *find_row(const char *name)
{
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        if (strcmp(rows[i].name, name) == 0)
            return &rows[i];
    }
    return NULL;
}

int main(int argc, char **argv)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(PORT)};
    const struct row *row = argc == 4 ? find_row(argv[3]) : NULL;
    int peer = socket(AF_INET, SOCK_STREAM, 0);

    if (argc == 2 && strcmp(argv[1], "serve") == 0)
        serve(peer, &address);
    if (row == NULL || inet_pton(AF_INET, argv[1], &address.sin_addr) != 1) {
        fprintf(stderr, "usage: netbench serve | netbench ADDRESS NAME take|give|echo\n");
        return 2;
    }
    if (connect(peer, (const struct sockaddr *)&address, sizeof(address)) != 0)
        fail("connect");
    set_no_delay(peer);
    measure(peer, argv[2], row);
    return 0;
}
