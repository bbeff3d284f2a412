/* SPDX-License-Identifier: MIT */
#include "stop.h"
#include "../conformance/results/terminal.h"
#include "../reference/core/plain.h"
#include <signal.h>
#include <stdio.h>

static volatile sig_atomic_t stop;

static void on_signal(int number)
{
    stop = number;
}

void assay_stop_on_signals(void)
{
    static const int asks[] = { SIGINT, SIGTERM, SIGHUP };
    const struct sigaction act = { .sa_handler = on_signal };
    for (size_t i = 0; i < sizeof asks / sizeof *asks; i++)
        sigaction(asks[i], &act, NULL);
}

bool assay_stop_goes_on(void *ctx)
{
    (void)ctx;
    return !stop;
}

bool assay_stop_step(int64_t done, const char *what)
{
    char text[96];
    snprintf(text, sizeof text, "%s", what);
    assay_progress_at(done, assay_plain(text));
    return !stop;
}
