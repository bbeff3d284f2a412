/* SPDX-License-Identifier: MIT
 * gated_linear: a running error beside the state's size; gated_linear.bound.md derives it.  planes: the sizes that the
 * terms of each number of state add up to, and those of y. */
#include "recurrence.h"

enum { Q, K, V, DECAY, GATE, STATE, Y, LAST };
enum { SIZE, TERMS };

static double at(const assay_dense *a, int o, int64_t i, double absent) /* operand o, which may be left out */
{
    return a->operand[o] ? ((const double *)a->operand[o])[i] : absent;
}
static double factor(const assay_dense *a, int64_t h, int64_t i) /* head h; token, head and channel i */
{
    return fabs(at(a, DECAY, h, 1)) * exp(at(a, GATE, i, 0));
}

KAPPA(gated_linear)
{
    const int64_t T = a->dim[1], H = a->dim[2], D = a->dim[3], E = a->dim[4], step = H * D * E;
    for (int64_t i = 0; i < a->dim[0] * T * H * E; i++)
        planes[TERMS][i] = 0;
    for (int64_t i = 0; i < a->dim[0] * T * step; i++) {
        const int64_t row = i / E / D, d = i / E % D, t = row / H % T;
        const double *size = planes[SIZE] + i;
        const double before = t ? size[-step] : fabs(at(a, STATE, row / H / T * step + i % step, 0));
        planes[SIZE][i] =
            factor(a, row % H, row * D + d) * before + fabs(at(a, K, row * D + d, 0) * at(a, V, row * E + i % E, 0));
        planes[TERMS][row * E + i % E] += fabs(at(a, Q, row * D + d, 0)) * planes[SIZE][i];
    }
}

/* Of one row's factor: by how much e^... may exceed it, where its logarithm is off by what a sum or a power loses */
static double rise_of(const assay_dense *a, const assay_contract *c, int64_t h, int64_t i)
{
    const double decay = a->operand[DECAY] ? log(fabs(at(a, DECAY, h, 1))) : 0, gate = at(a, GATE, i, 0);
    const double lost =
        (fabs(decay) + fabs(gate)) * bound_gamma(bound_depth(c, (double)a->dim[1]) + BOUND_E(c, e_log) + 1, bound_u(c));
    return isinf(decay + gate) ? 0 : exp(decay + gate + lost) * -expm1(-lost);
}

BOUND(gated_linear)
{
    const int64_t T = a->dim[1], H = a->dim[2], D = a->dim[3], E = a->dim[4], step = H * D * E;
    const double u = bound_u(c), eta = bound_eta(c), tokens = fmax(bound_depth(c, (double)T), 0);
    const double read_off = bound_c(c, (double)D, tokens + 1), last_off = bound_gamma(tokens, u);
    const double roundings = (a->operand[DECAY] || a->operand[GATE] ? BOUND_E(c, e_exp) : 0) + 3;
    for (int64_t i = 0; i < a->dim[0] * T * H * E; i++)
        b[Y][i] = eta * (double)(D + 1);
    for (int64_t i = 0; i < a->dim[0] * step; i++) {
        const int64_t h = i / E / D % H, d = i / E % D, e = i % E;
        recurrence s = { 0, fabs(at(a, STATE, i, 0)), fabs(at(a, STATE, i, 0)) };
        for (int64_t t = i / step * T; t < (i / step + 1) * T; t++) {
            const int64_t row = t * H + h;
            const double k = fabs(at(a, K, row * D + d, 0)), v = fabs(at(a, V, row * E + e, 0));
            const double f = factor(a, h, row * D + d), q = fabs(at(a, Q, row * D + d, 0));
            const double flushed = s.size + s.error + (c->ftz ? k + v + f : 0);
            recurrence_falls(&s, f, rise_of(a, c, h, row * D + d), bound_gamma(roundings, u));
            recurrence_grows(&s, bound_gamma(2, u) * k * v + eta * (3 + flushed), planes[SIZE][(row * D + d) * E + e]);
            const double sum = s.size + s.error;
            const double off = q * (read_off * sum + s.error) + (c->ftz ? eta * (q + sum) : 0);
            recurrence_read(&b[Y][row * E + e], c, off, s.most);
        }
        if (b[LAST])
            b[LAST][i] = (last_off * (s.size + s.error) + s.error) * bound_either(c, s.most);
    }
    for (int64_t i = 0; i < a->dim[0] * T * H * E; i++)
        recurrence_read(&b[Y][i], c, 0, planes[TERMS][i] + fabs(b[Y][i]));
}
