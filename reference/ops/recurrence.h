/* SPDX-License-Identifier: MIT
 * recurrence.h - the running error of a number that each step multiplies and adds to, s = f s + v: for the bounds of
 * ops that carry a state (ssm_scan.bound.md derives it). */
#ifndef ASSAY_RECURRENCE_H
#define ASSAY_RECURRENCE_H
#include "bound.h"

typedef struct recurrence {
    double error, size; /* size: what the absolute values of all that entered add up to */
    double most;        /* the largest number that was formed */
    double grown;       /* the largest product of factors that follow on each other, up to the last */
} recurrence;

/* Times f, which may be larger by rise, and is off by `rounded` of itself besides, product and sum included */
static inline void recurrence_falls(recurrence *s, double f, double rise, double rounded)
{
    const double sum = s->size + s->error, at_most = (f + rise) * (1 + rounded);
    const bool nothing = f == 0 && rise == 0; /* and not 0 times what may be infinite */
    s->error = nothing ? 0 : rise * (1 + rounded) * sum + f * (rounded * sum + s->error);
    s->grown = at_most > 0 ? at_most * fmax(s->grown, 1) : 0;
    s->most = fmax(s->most, s->grown);
}
/* What is added may be off by so much, and makes the size so large */
static inline void recurrence_grows(recurrence *s, double off, double size)
{
    s->error += off;
    s->size = size;
    s->most = fmax(s->most, s->size + s->error);
}
/* *y is the bound of a sum that this one is added to with a factor: off is its share, most the largest number formed; a
 * bound below 0 says that NaN is right, too */
static inline void recurrence_read(double *y, const assay_contract *c, double off, double most)
{
    const double whole = fabs(*y) + off;
    *y = *y < 0 || bound_either(c, most) < 0 ? -whole : whole;
}
#endif
