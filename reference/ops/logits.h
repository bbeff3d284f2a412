/* SPDX-License-Identifier: MIT
 * logits.h - what the bounds of softmax, log_softmax and logsumexp have in common (operands x and mask, one parameter):
 * z = scale x + mask, how much rounding may move it, and how often a running maximum may rise. */
#ifndef ASSAY_OPS_LOGITS_H
#define ASSAY_OPS_LOGITS_H
#include "assay/params/softmax.h"
#include "bound.h"
#include <stdlib.h>

/* Planes: m - z + moved, 0 if masked; sum of e^(z - m); the largest moved of the row; raises */
enum { ARG, SUM, MOST, RAISED };

/* z as the reference has it, and how much of it (in u) the roundings before the exponential may move */
static double logit(const assay_dense *a, int64_t i, double *moved)
{
    const assay_softmax_params *p = a->params;
    const double *x = a->operand[0], *mask = a->operand[1], scale = p->scale == 0 ? 1 : p->scale;
    const double s = scale * x[i], bias = mask ? mask[i] : 0;
    *moved = (scale == 1 ? 0 : fabs(s)) + (s == 0 || bias == 0 ? 0 : fabs(s + bias));
    return bias == -INFINITY ? bias : s + bias;
}

/* Adds how often the running maximum may rise after each element of row r, walking by step: next[i] is the first later
 * element that may exceed i, found along the chains of those between. */
static void count_raises(const assay_dense *a, int64_t r, int64_t step, double *chain, double *raised)
{
    const int64_t C = a->dim[1];
    double *next = chain + C, moved;
    for (int64_t w = C - 1; w >= 0; w--) {
        const int64_t i = step > 0 ? w : C - 1 - w;
        const double z = logit(a, r * C + i, &moved), low = z - moved * ASSAY_U;
        int64_t o = w + 1 < C ? i + step : -1;
        next[i] = o < 0 ? -1 : (double)o; /* of a masked element: the next */
        chain[i] = 0;
        while (z > -INFINITY && o >= 0) {
            const double other = logit(a, r * C + o, &moved);
            if (other > -INFINITY && other + moved * ASSAY_U > low)
                break;
            o = (int64_t)next[o];
        }
        if (z > -INFINITY) {
            next[i] = (double)o;
            chain[i] = o >= 0 ? 1 + chain[o] : 0;
            raised[i] += chain[i];
        }
    }
}

static void logit_planes(const assay_dense *a, double *const *planes)
{
    const int64_t R = a->dim[0], C = a->dim[1];
    double moved, *room = malloc((size_t)(2 * C + 1) * sizeof *room);
    for (int64_t r = 0; r < R; r++) {
        double m = -INFINITY, sum = 0, most = 0;
        for (int64_t i = r * C; i < (r + 1) * C; i++) {
            const double z = logit(a, i, &moved);
            m = fmax(m, z);
            most = z > -INFINITY ? fmax(most, moved) : most;
        }
        for (int64_t i = r * C; i < (r + 1) * C; i++) {
            const double z = logit(a, i, &moved);
            planes[ARG][i] = z > -INFINITY ? m - z + moved : 0;
            planes[RAISED][i] = room ? 0 : NAN; /* a bound of NaN accepts nothing */
            sum += z > -INFINITY ? exp(z - m) : 0;
        }
        planes[SUM][r] = sum;
        planes[MOST][r] = most;
        for (int step = -1; room && step < 2; step += 2)
            count_raises(a, r, step, room, planes[RAISED] + r * C);
    }
    free(room);
}

/* The largest that is formed on the way to the maximum of row r; what overflows to -inf below it counts for 0 anyway.
 */
static double peak(const assay_dense *a, int64_t r)
{
    const assay_softmax_params *p = a->params;
    const int64_t C = a->dim[1];
    const double *x = a->operand[0], *mask = a->operand[1], scale = p->scale == 0 ? 1 : p->scale;
    double size = 0, most = -INFINITY, moved;
    for (int64_t i = r * C; i < (r + 1) * C; i++) {
        const double z = logit(a, i, &moved), s = scale * x[i];
        most = fmax(most, z);
        size = z > -INFINITY ? fmax(size, mask && mask[i] > 0 ? fabs(s) : s) : size;
    }
    return most > -INFINITY ? fmax(size, fabs(most)) : 0;
}
#endif
