/* SPDX-License-Identifier: MIT */
#include "terminal.h"
#include "../../reference/core/clock.h"
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define EVERY_S 0.2

const char *assay_paint(assay_colour c)
{
    static const char *const code[] = { "\033[0m", "\033[1;31m", "\033[32m", "\033[33m" };
    static int wanted = -1;
    if (wanted < 0) {
        const char *no = getenv("NO_COLOR"), *term = getenv("TERM");
        wanted = isatty(STDOUT_FILENO) && !(no && *no) && term && strcmp(term, "dumb") != 0;
    }
    return wanted ? code[c] : "";
}

static struct {
    int64_t total;
    const char *unit;
    double begin, last, until; /* until: by the clock; 0: what is done counts */
    bool there, shown;         /* a terminal is there; the line stands on it */
} line;

void assay_progress_begin(int64_t total, const char *unit)
{
    line.total = total;
    line.unit = unit;
    line.until = 0;
    line.begin = line.last = assay_seconds();
    line.there = isatty(STDERR_FILENO);
}

void assay_progress_for(double seconds, const char *unit)
{
    assay_progress_begin(0, unit);
    line.until = line.begin + seconds;
}

/* Hours only where there are any. */
static const char *left(double s, char text[32])
{
    const long long n = s > 0 ? (long long)(s + 0.5) : 0;
    if (n >= 3600)
        snprintf(text, 32, "%lld h %02lld min", n / 3600, n / 60 % 60);
    else if (n >= 60)
        snprintf(text, 32, "%lld min %02lld s", n / 60, n % 60);
    else
        snprintf(text, 32, "%lld s", n);
    return text;
}

void assay_progress_at(int64_t done, const char *what)
{
    char text[32];
    const double time = line.there ? assay_seconds() : 0;
    if (time < line.last + EVERY_S)
        return;
    line.last = time;
    fflush(stdout); /* which may be the same terminal */
    fprintf(stderr, "\r\033[K%lld", (long long)done);
    if (line.until > 0)
        fprintf(stderr, " %s, %s left", line.unit, left(line.until - time, text));
    else if (line.total && line.total >= done)
        fprintf(stderr, "/%lld %s, about %s left", (long long)line.total, line.unit,
                left((time - line.begin) / (double)(done ? done : 1) * (double)(line.total - done), text));
    else
        fprintf(stderr, " %s", line.unit);
    fprintf(stderr, "  %.60s", what);
    line.shown = true;
}

void assay_progress_clear(void)
{
    if (line.shown)
        fputs("\r\033[K", stderr);
    line.shown = false;
}

const char *assay_s(int64_t n)
{
    return n == 1 ? "" : "s";
}
