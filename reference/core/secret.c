/* SPDX-License-Identifier: MIT */
#include "secret.h"
#include "rng.h"
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static volatile uint64_t secret;
static bool given;
static char name[9];

/* One way: Philox of the value, under the secret as its key. */
static uint64_t mixed(uint64_t key, uint64_t value, uint64_t use)
{
    assay_rng r = { key, use, value };
    return assay_rng_u64(&r);
}

static void forget(void) /* in a child; it still knows that there was one, and its hash */
{
    secret = 0;
}

static void take(char *text)
{
    uint64_t h = strlen(text);
    for (volatile char *c = text; *c; *c++ = 0)
        h = mixed(h, (unsigned char)*c, 1);
    secret = h;
    snprintf(name, sizeof name, "%08x", (unsigned)(mixed(h, 0, 2) >> 32));
}

/* What calls that have returned left on the stack goes into every child. */
static void scrub_stack(void)
{
    volatile char left[8192];
    for (size_t i = 0; i < sizeof left; i++)
        left[i] = 0;
}

void assay_secret_take(void)
{
    char *text = getenv("ASSAY_SECRET");
    if (text && *text) {
        if (pthread_atfork(NULL, NULL, forget)) {
            fputs("assay: no memory to keep ASSAY_SECRET from kernels\n", stderr);
            exit(2);
        }
        given = true;
        take(text);
        scrub_stack();
    }
    unsetenv("ASSAY_SECRET");
}

const char *assay_secret_name(void)
{
    return given ? name : NULL;
}

uint64_t assay_secret_seed(uint64_t seed)
{
    return given ? mixed(secret, seed, 3) : seed;
}
