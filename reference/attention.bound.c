/* SPDX-License-Identifier: MIT
 * attention: the bound of numerics.md 1.3, one query at a time.  With weights w_j, scores s_j (scaled, before the cap),
 * z_j (after cap and bias), m = max z and
 *   Delta_j = k_j (D(d) sigma_j + 2u |s_j|) + u (e_tanh + 2) |cap tanh| + u (sum of |partial sums with a bias|),
 *             sigma_j = scale sum_d |q_d k_jd|,  k_j = 1 - tanh^2 (1 without a cap)
 *   rho_j   = Delta_j + (e_exp (1 + r_j) + |z_j - m|) u,  r_j = how often an online softmax may rescale what holds j
 *   B_c     = sum_j w_j rho_j |v_jc - o_c| + c(h(N) + 2 + r)(A_c + |o_c|) + 2u |o_c| + eta (sum_j |v_jc| / L + N)
 * A common factor of all weights cancels: hence |v - o|.  The telescoping sum of the rescalings' own subtractions is
 * what |z_j - m| u already says.  r_j counts the keys after j (before j for a kernel that goes backwards, the larger of
 * both) that may raise a running maximum begun at j, within the error of the scores, plus one merge of two halves.
 * exp(0) is taken to be 1.  A sink is one more key with v = 0.  All planes are contract independent; r_j uses the
 * widest Delta of float accumulation. */
#include "attention.h"
#include "bound.h"
#include <stdlib.h>

void assay_attention_kappa(const assay_dense *a, double *const *planes);
void assay_attention_bound(const assay_dense *a, double *const *planes, const assay_contract *c, double *const *b);

enum { ABS, DOT, REST, WEIGHT, TANH, RAISES, COUNT, OVER, N_PLANES };

/* Of one visible key: its number, score after everything, and the coefficients of its rho. */
typedef struct key {
    double z, w, dot, rest, tanh, slack;
    int64_t j, raises;
} key;

static key key_of(const att *x, int64_t b, int64_t t, int64_t h, int64_t j)
{
    const double *q = att_q(x, b, t, h), *kk = att_k(x, b, h, j);
    double s = 0, sigma = 0;
    for (int64_t d = 0; d < x->D; d++) {
        const double p = q[d] * kk[d] * x->scale;
        s += p, sigma += fabs(p);
    }
    const double th = x->cap > 0 ? tanh(s / x->cap) : 0, slope = x->cap > 0 ? 1 - th * th : 1;
    key k = { .z = x->cap > 0 ? x->cap * th : s, .j = j, .dot = slope * sigma, .rest = 2 * slope * fabs(s) };
    k.tanh = x->cap * fabs(th);
    if (x->mask)
        k.z += att_mask(x, b, t, h, j), k.rest += fabs(k.z);
    if (x->slopes) {
        const double bias = att_alibi(x, b, t, h, j);
        k.z += bias, k.rest += fabs(bias) + fabs(k.z);
    }
    k.slack = (bound_gamma((double)x->D + 1, ASSAY_U) * k.dot + (k.rest + 6 * k.tanh) * ASSAY_U);
    return k;
}

/* raises of keys [0,n) walked by step: a chain of possible maxima begun at each key.  Quadratic only in the length of
 * the chain: next[i], the first later key that may exceed key i's lower end, is found by following chains. */
static void count_raises(key *k, int64_t n, int64_t first, int64_t step, int64_t *chain)
{
    /* chain[i] = 1 + chain[next(i)], 0 if nobody after i may exceed it; from the last walked to the first */
    int64_t *next = chain + n;
    for (int64_t w = n - 1; w >= 0; w--) {
        const int64_t i = first + w * step;
        int64_t o = w + 1 < n ? i + step : -1;
        while (o >= 0 && !(k[o].z + k[o].slack > k[i].z - k[i].slack))
            o = next[o];
        next[i] = o;
        chain[i] = o >= 0 ? 1 + chain[o] : 0;
        if (chain[i] > k[i].raises)
            k[i].raises = chain[i];
    }
}

static void planes_of(const att *x, int64_t b, int64_t t, int64_t h, key *k, int64_t *chain, double *const *planes)
{
    const int64_t len = att_len(x, b), row = (b * x->T + t) * x->H + h, E = x->E;
    const double *o = x->o + row * E;
    double m = x->sinks ? x->sinks[h] : -INFINITY, sum = 0, most = 0;
    int64_t n = 0;
    for (int64_t j = 0; j < len; j++)
        if (att_visible(x, b, t, h, j)) {
            k[n] = key_of(x, b, t, h, j);
            m = fmax(m, k[n].z);
            k[n++].raises = 0;
        }
    for (int p = 0; p < N_PLANES; p++)
        for (int64_t e = 0; e < (p == RAISES || p == COUNT ? 1 : E); e++)
            planes[p][(p == RAISES || p == COUNT ? row : row * E) + e] = 0;
    if (n == 0 || m == -INFINITY)
        return;
    count_raises(k, n, 0, 1, chain);
    count_raises(k, n, n - 1, -1, chain);
    for (int64_t i = 0; i < n; i++) {
        sum += k[i].w = exp(k[i].z - m);
        k[i].raises = k[i].raises + 1 < n ? k[i].raises + 1 : n - 1; /* one merge; n keys are never rescaled n times */
        most = fmax(most, (double)k[i].raises);
    }
    const double sink = x->sinks ? exp(x->sinks[h] - m) : 0;
    sum += sink;
    planes[RAISES][row] = most + (x->sinks != NULL);
    planes[COUNT][row] = (double)n + (x->sinks != NULL);
    for (int64_t i = 0; i < n; i++) {
        const double w = k[i].w / sum, far = fabs(k[i].z - m), *v = att_v(x, b, h, k[i].j);
        const double dot = w * k[i].dot, rest = w > 0 ? w * (k[i].rest + far) : 0, th = w * k[i].tanh;
        const double weight = w * (double)(1 + k[i].raises + (x->sinks != NULL));
        for (int64_t e = 0; e < E; e++) {
            const double d = fabs(v[e] - o[e]);
            planes[ABS][row * E + e] += w * fabs(v[e]);
            planes[DOT][row * E + e] += dot * d;
            planes[REST][row * E + e] += rest * d;
            planes[WEIGHT][row * E + e] += weight * d;
            planes[OVER][row * E + e] += fabs(v[e]) / sum;
        }
        if (th > 0)
            for (int64_t e = 0; e < E; e++)
                planes[TANH][row * E + e] += th * fabs(v[e] - o[e]);
    }
    for (int64_t e = 0; e < E; e++) {
        planes[REST][row * E + e] += sink > 0 ? sink / sum * fabs(x->sinks[h] - m) * fabs(o[e]) : 0;
        planes[WEIGHT][row * E + e] += 2 * sink / sum * fabs(o[e]);
    }
}

void assay_attention_kappa(const assay_dense *a, double *const *planes)
{
    const att x = att_open(a);
    key *k = malloc((size_t)(x.S + 1) * sizeof *k);
    int64_t *chain = malloc((size_t)(2 * x.S + 1) * sizeof *chain);
    for (int64_t b = 0; b < x.B; b++)
        for (int64_t t = 0; t < x.T; t++)
            for (int64_t h = 0; h < x.H; h++)
                if (k && chain)
                    planes_of(&x, b, t, h, k, chain, planes);
                else /* a bound of NaN accepts nothing */
                    planes[RAISES][(b * x.T + t) * x.H + h] = NAN;
    free(chain);
    free(k);
}

void assay_attention_bound(const assay_dense *a, double *const *planes, const assay_contract *c, double *const *b)
{
    const att x = att_open(a);
    const double u = bound_u(c), dot = bound_c(c, (double)x.D, 1), e_exp = BOUND_E(c, e_exp, 4);
    const double e_tanh = BOUND_E(c, e_tanh, 4) + 2, eta = bound_eta(c);
    /* weights rounded to a narrower type: either the sum uses them too (a common factor cancels) or it does not */
    const double p = c->p_round == ASSAY_f16 ? 0x1p-11 : c->p_round == ASSAY_bf16 ? 0x1p-8 : 0;
    for (int64_t i = 0; i < x.B * x.T * x.H; i++) {
        const double raises = planes[RAISES][i], n = planes[COUNT][i], sum = bound_c(c, n, 2 + raises);
        for (int64_t e = i * x.E; e < (i + 1) * x.E; e++) {
            const double g = fabs(x.o[e]), big = planes[ABS][e];
            b[10][e] = dot * planes[DOT][e] + u * planes[REST][e] + u * e_tanh * planes[TANH][e] +
                       u * e_exp * planes[WEIGHT][e] + sum * (big + g) + 2 * u * g + p * big +
                       (eta + (p > 0x1p-9 ? 0
                               : p > 0    ? 0x1p-24
                                          : 0)) *
                           planes[OVER][e] +
                       eta * n;
        }
    }
}
