/* SPDX-License-Identifier: MIT
 * ssm_scan: a running error beside the state and its size; ssm_scan.bound.md derives it.  planes: softplus of each
 * step; the sizes that the terms of each number of state add up to. */
#include "recurrence.h"

enum { X, DT, A, WRITE, READ, SKIP, BIAS, STATE, Y, LAST };
enum { STEP, SIZE, TERMS };

static double argument(const assay_dense *a, int64_t i) /* of token and channel i */
{
    const double *bias = a->operand[BIAS];
    return ((const double *)a->operand[DT])[i] + (bias ? bias[i % a->dim[2]] : 0);
}
static double at(const assay_dense *a, int o, int64_t i) /* operand o, which may be left out */
{
    return a->operand[o] ? fabs(((const double *)a->operand[o])[i]) : 0;
}

KAPPA(ssm_scan)
{
    const int64_t T = a->dim[1], D = a->dim[2], N = a->dim[3];
    const double *rate = a->operand[A];
    for (int64_t i = 0; i < a->dim[0] * T * D; i++) {
        const double z = argument(a, i), s = fmax(z, 0) + log1p(exp(-fabs(z)));
        double *size = planes[SIZE] + i * N;
        planes[STEP][i] = isnan(z) ? z : s;
        planes[TERMS][i] = at(a, SKIP, i % D) * at(a, X, i);
        for (int64_t n = 0; n < N; n++) {
            const double before = i / D % T ? size[n - D * N] : at(a, STATE, (i / D / T * D + i % D) * N + n);
            size[n] = exp(s * rate[i % D * N + n]) * before + s * at(a, X, i) * at(a, WRITE, i / D * N + n);
            planes[TERMS][i] += at(a, READ, i / D * N + n) * size[n];
        }
    }
}

/* How far the step of token and channel i may be off */
static double step_off(const assay_dense *a, const assay_contract *c, double step, int64_t i)
{
    const double u = bound_u(c), z = argument(a, i), ends = bound_gamma(BOUND_E(c, e_log) + 1, u);
    const double share = 1 / (1 + exp(-z)), moved = a->operand[BIAS] && !isinf(z) ? u * fabs(z) : 0;
    const double follows = share * bound_gamma(BOUND_E(c, e_exp), u) + fmin(moved, exp(z + moved) * -expm1(-moved));
    return step * ends + follows * (1 + ends) + 2 * bound_eta(c);
}

typedef struct term { /* one number of state at one token */
    double step, off; /* softplus, and how far it is off */
    double rate, x, write;
} term;

static void advance(const assay_dense *a, const assay_contract *c, const term *k, double size, recurrence *h)
{
    const double u = bound_u(c), p = k->step * k->rate, carried = fabs(k->rate) * k->off;
    const double lost = carried + (fabs(p) + carried) * bound_gamma((double)a->dim[1] + 1, u);
    const double rise = isinf(p) ? 0 : exp(p + lost) * -expm1(-lost), thrice = bound_gamma(3, u);
    const double enters = k->off * (1 + thrice) + k->step * thrice;
    const double factor = fmax(k->x, fmax(k->write, k->step));
    const double under = 3 + h->size + h->error + factor + (c->ftz ? factor * (2 + factor) : 0);
    recurrence_falls(h, exp(p), rise, bound_gamma(BOUND_E(c, e_exp) + 2, u));
    recurrence_grows(h, enters * k->x * k->write + bound_eta(c) * under, size);
    h->most = fmax(h->most, fmax(k->step * factor, k->x * k->write));
}

BOUND(ssm_scan)
{
    const int64_t T = a->dim[1], D = a->dim[2], N = a->dim[3];
    const double u = bound_u(c), eta = bound_eta(c), tokens = (double)T;
    const double read_off = bound_c(c, (double)(N + (a->operand[SKIP] != NULL)), tokens + 1);
    const double last_off = bound_gamma(tokens, u);
    for (int64_t i = 0; i < a->dim[0] * T * D; i++)
        b[Y][i] = read_off * at(a, SKIP, i % D) * at(a, X, i) + eta * (double)(N + 2);
    for (int64_t i = 0; i < a->dim[0] * D * N; i++) {
        const int64_t d = i / N % D, n = i % N;
        recurrence h = { 0, at(a, STATE, i), at(a, STATE, i), 0 };
        for (int64_t t = i / N / D * T; t < (i / N / D + 1) * T; t++) {
            const int64_t td = t * D + d;
            const term k = { planes[STEP][td], step_off(a, c, planes[STEP][td], td),
                             ((const double *)a->operand[A])[d * N + n], at(a, X, td), at(a, WRITE, t * N + n) };
            advance(a, c, &k, planes[SIZE][td * N + n], &h);
            const double read = at(a, READ, t * N + n), sum = h.size + h.error;
            const double share = read > 0 ? read * (read_off * sum + h.error) : 0; /* 0 times what may be infinite */
            const double off = share + (c->ftz ? eta * (read + sum) : 0);
            recurrence_read(&b[Y][td], c, off, h.most);
        }
        if (b[LAST])
            b[LAST][i] = (last_off * (h.size + h.error) + h.error) * bound_either(c, h.most);
    }
    for (int64_t i = 0; i < a->dim[0] * T * D; i++)
        recurrence_read(&b[Y][i], c, 0, planes[TERMS][i] + fabs(b[Y][i]));
}
