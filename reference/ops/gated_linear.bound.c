/* SPDX-License-Identifier: MIT
 * gated_linear: a running error beside the state's size; gated_linear.bound.md derives it.  planes: the size of
 * each row's factor; the sizes that the terms of each number of state add up to, and those of y. */
#include "recurrence.h"

enum { Q, K, V, DECAY, GATE, STATE, Y, LAST };
enum { FACTOR, SIZE, TERMS };

static double at(const assay_dense *a, int o, int64_t i, double absent) /* operand o, which may be left out */
{
    return a->operand[o] ? ((const double *)a->operand[o])[i] : absent;
}

KAPPA(gated_linear)
{
    const int64_t T = a->dim[1], H = a->dim[2], D = a->dim[3], E = a->dim[4], step = H * D * E;
    for (int64_t i = 0; i < a->dim[0] * T * H * E; i++)
        planes[TERMS][i] = 0;
    for (int64_t i = 0; i < a->dim[0] * T * H * D; i++)
        planes[FACTOR][i] = fabs(at(a, DECAY, i / D % H, 1)) * exp(at(a, GATE, i, 0));
    for (int64_t i = 0; i < a->dim[0] * T * step; i++) {
        const int64_t row = i / E / D, d = i / E % D, t = row / H % T;
        const double *size = planes[SIZE] + i;
        const double before = t ? size[-step] : fabs(at(a, STATE, row / H / T * step + i % step, 0));
        planes[SIZE][i] =
            planes[FACTOR][row * D + d] * before + fabs(at(a, K, row * D + d, 0) * at(a, V, row * E + i % E, 0));
        planes[TERMS][row * E + i % E] += fabs(at(a, Q, row * D + d, 0)) * planes[SIZE][i];
    }
}

/* By how much a factor may exceed f = e^(turn + gate), where its logarithm is off by what a sum or a power loses */
static double rise_of(double f, double turn, double gate, double loses)
{
    return f > 0 && !isinf(f) ? f * expm1((fabs(turn) + fabs(gate)) * loses) : 0;
}

BOUND(gated_linear)
{
    const int64_t T = a->dim[1], H = a->dim[2], D = a->dim[3], E = a->dim[4], step = H * D * E;
    const double u = bound_u(c), eta = bound_eta(c), tokens = fmax(bound_depth(c, (double)T), 0);
    const double read_off = bound_c(c, (double)D, tokens + 1), last_off = bound_gamma(tokens, u);
    const double loses = bound_gamma(bound_depth(c, (double)T) + BOUND_E(c, e_log) + 1, u);
    const double roundings = (a->operand[DECAY] || a->operand[GATE] ? BOUND_E(c, e_exp) : 0) + 3;
    for (int64_t i = 0; i < a->dim[0] * T * H * E; i++)
        b[Y][i] = eta * (double)(D + 1);
    for (int64_t i = 0; i < a->dim[0] * step; i++) {
        const int64_t h = i / E / D % H, d = i / E % D, e = i % E;
        const double turn = log(fabs(at(a, DECAY, h, 1)));
        recurrence s = { 0, fabs(at(a, STATE, i, 0)), fabs(at(a, STATE, i, 0)), 0 };
        for (int64_t t = i / step * T; t < (i / step + 1) * T; t++) {
            const int64_t row = t * H + h;
            const double k = fabs(at(a, K, row * D + d, 0)), v = fabs(at(a, V, row * E + e, 0));
            const double f = planes[FACTOR][row * D + d], q = fabs(at(a, Q, row * D + d, 0));
            const double flushed = s.size + s.error + (c->ftz ? k + v + f : 0);
            recurrence_falls(&s, f, rise_of(f, turn, at(a, GATE, row * D + d, 0), loses), bound_gamma(roundings, u));
            recurrence_grows(&s, bound_gamma(2, u) * k * v + eta * (3 + flushed), planes[SIZE][(row * D + d) * E + e]);
            const double sum = s.size + s.error;
            const double share = q > 0 ? q * (read_off * sum + s.error) : 0; /* 0 times what may be infinite */
            const double off = share + (c->ftz ? eta * (q + sum) : 0);
            recurrence_read(&b[Y][row * E + e], c, off, s.most);
        }
        if (b[LAST])
            b[LAST][i] = (last_off * (s.size + s.error) + s.error) * bound_either(c, s.most);
    }
    for (int64_t i = 0; i < a->dim[0] * T * H * E; i++)
        recurrence_read(&b[Y][i], c, 0, planes[TERMS][i] + fabs(b[Y][i]));
}
