/* SPDX-License-Identifier: BSD-2-Clause */
/* The threads, in a file of their own: the C library and core have a sched_yield() each. */
#include "tests/parallel/threads.h"

#include <pthread.h>
#include <stdlib.h>

#define THREADS_MAX 16u

static void (*body)(uint32_t number);

static void *start(void *number)
{
    body((uint32_t)(uintptr_t)number);
    return NULL;
}

void threads_run(uint32_t count, void (*run)(uint32_t number))
{
    pthread_t threads[THREADS_MAX];

    body = run;
    for (uintptr_t i = 0; i < count; i++)
        if (i >= THREADS_MAX || pthread_create(&threads[i], NULL, start, (void *)i) != 0)
            abort();
    for (uint32_t i = 0; i < count; i++)
        pthread_join(threads[i], NULL);
}
