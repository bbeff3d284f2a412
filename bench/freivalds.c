/* SPDX-License-Identifier: MIT
 * freivalds.c - all elements of a large product, in O(TN + NK + TK): with integers every legal order of operations
 * gives the exact result, and y v = x (W^T v) modulo 2^61 - 1 for random v holds for a wrong y with probability 2^-61
 * (Freivalds 1977).  Integers are chosen so that every block format holds them exactly, with scale 1, and so that a
 * kernel that rounds its activations to 8 bits loses nothing: in each block of 32 of x one element is +-127, the others
 * are at most 2, and likewise in W at other places. */
#include "../reference/core/dtype.h"
#include "../reference/core/execute.h"
#include "../reference/core/rng.h"
#include "../reference/core/secret.h"
#include "../reference/core/status.h"
#include "../reference/core/tensor.h"
#include "bench.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define P ((UINT64_C(1) << 61) - 1)
__extension__ typedef unsigned __int128 u128;

static uint64_t mod(u128 x)
{
    const uint64_t y = (uint64_t)(x & P) + (uint64_t)(x >> 61);
    return y >= P ? y - P : y;
}

static uint64_t mul(uint64_t a, uint64_t b)
{
    return mod((u128)a * b);
}

static uint64_t residue(double x) /* |x| < 2^53, whole */
{
    return x < 0 ? P - (uint64_t)-x % P : (uint64_t)x % P;
}

/* to[c] += sum over r of m[r,c] v[r]  (transposed), or to[r] += sum over c of m[r,c] v[c] */
static void product(const double *m, int64_t rows, int64_t cols, bool transposed, const uint64_t *v, uint64_t *to)
{
    for (int64_t r = 0; r < rows; r++)
        for (int64_t c = 0; c < cols; c++) {
            uint64_t *t = &to[transposed ? c : r];
            *t = mod((u128)*t + mul(residue(m[r * cols + c]), v[transposed ? r : c]));
        }
}

/* Largest magnitudes of either sign that every block must hold so that its scale is 1. */
static void anchors(assay_dtype t, double *low, double *high)
{
    *low = t == ASSAY_q4_0 || t == ASSAY_q4_1 ? -8 : -127;
    *high = t == ASSAY_q4_0 ? -8 : t == ASSAY_q4_1 ? 7 : 127;
}

static void integers(double *v, int64_t n, bool odd, assay_dtype type, assay_rng *rng)
{
    double low, high;
    anchors(type, &low, &high);
    for (int64_t i = 0; i < n; i++)
        v[i] = (double)assay_rng_below(rng, 5) - 2;
    for (int64_t at = 0; at < n; at += 32) { /* places of x are even, those of W odd: large never meets large */
        const int64_t here = n - at < 32 ? n - at : 32;
        if (here < 4)
            break;
        const int64_t a = assay_rng_below(rng, here / 4) * 2 + odd,
                      b = (here / 4 + assay_rng_below(rng, here / 4)) * 2 + odd;
        v[at + a] = low;
        if (b < here)
            v[at + b] = high;
    }
}

/* Operand roles of a product y(T,N) = x(T,K) W(N,K) by their shapes alone: two inputs and an output of rank 2. */
static bool roles(const assay_case *c, int role[3])
{
    const assay_op *op = c->op;
    role[0] = role[1] = role[2] = -1;
    for (int i = 0; i < op->n_operands; i++) {
        if (!(c->present >> i & 1))
            continue;
        const int r = op->operands[i].access != ASSAY_IN ? 2 : op->operands[i].flags & ASSAY_WEIGHT ? 1 : 0;
        if (role[r] >= 0 || strlen(op->operands[i].shape) != 2 || op->operands[i].access == ASSAY_INOUT)
            return false;
        role[r] = i;
    }
    if (role[0] < 0 || role[1] < 0 || role[2] < 0 || op->n_parts || op->n_fields)
        return false;
    const char *x = op->operands[role[0]].shape, *w = op->operands[role[1]].shape, *y = op->operands[role[2]].shape;
    return x[1] == w[1] && y[0] == x[0] && y[1] == w[0];
}

/* Integers into t and value; false: some were changed. */
static bool fill(assay_tensor *t, double *value, int64_t n, bool odd, assay_rng *rng)
{
    double *before = assay_room((size_t)n, sizeof *before);
    integers(value, n, odd, t->type, rng);
    memcpy(before, value, (size_t)n * sizeof *before);
    assay_tensor_encode(t, value);
    assay_tensor_decode(value, t);
    const bool same = !memcmp(before, value, (size_t)n * sizeof *before);
    free(before);
    return same;
}

static bool holds_integers(assay_dtype type, bool odd)
{
    enum { N = 512 }; /* whole blocks of any format */
    static double value[N];
    static _Alignas(64) char data[N * sizeof(double)];
    assay_tensor t = assay_tensor_dense(type, 0, 1, &(int64_t){ N });
    assay_rng rng = { 1, 900, 0 };
    t.data = data;
    return fill(&t, value, N, odd, &rng);
}

const char *bench_freivalds_lacks(const assay_case *c)
{
    int role[3];
    if (!roles(c, role))
        return "not a plain product";
    if (c->type[role[2]] != ASSAY_f32 || !holds_integers(c->type[role[0]], false) ||
        !holds_integers(c->type[role[1]], true))
        return "a type here does not hold the integers exactly";
    return NULL;
}

/* True if y v = x (W^T v). */
static bool holds(const assay_problem *p, const int role[3], const double *y)
{
    const int64_t T = p->t[role[0]].dim[0], K = p->t[role[0]].dim[1], N = p->t[role[1]].dim[0];
    uint64_t *v = assay_zeros((size_t)(2 * N + K + 2 * T), sizeof *v), *u = v + N, *left = u + K, *right = left + T;
    assay_rng rng = { assay_secret_seed(p->c.seed), 4242, 0 };
    bool ok = true;
    for (int64_t n = 0; n < N; n++)
        v[n] = assay_rng_u64(&rng) % P;
    product(p->value[role[1]], N, K, true, v, u);
    product(y, T, N, false, v, left);
    product(p->value[role[0]], T, K, false, u, right);
    for (int64_t t = 0; ok && t < T; t++)
        ok = left[t] == right[t];
    free(v);
    return ok;
}

/* Inputs of the same case as integers; NULL, or why there are none. */
static const char *exact_inputs(const assay_problem *p, const int role[3], assay_problem *q)
{
    *q = (assay_problem){ .c = p->c, .tag = ASSAY_TAG_EXACT };
    memcpy(q->t, p->t, sizeof q->t);
    for (int k = 0; k < 2; k++) {
        const int i = role[k];
        const int64_t n = assay_tensor_count(&p->t[i]);
        assay_rng rng = { assay_secret_seed(p->c.seed), (uint64_t)(900 + k), 0 };
        q->t[i].data = assay_aligned(assay_tensor_bytes(&p->t[i]) + 64);
        if (!q->t[i].data)
            return "no memory";
        q->value[i] = assay_zeros((size_t)n, sizeof(double));
        if (!fill(&q->t[i], q->value[i], n, k == 1, &rng))
            return "a type here does not hold the integers exactly";
    }
    return NULL;
}

void bench_freivalds(const bench_task *t, const assay_problem *p, bench_verdict *v)
{
    int role[3];
    assay_problem q;
    bench_result r;
    const char *why = bench_freivalds_lacks(&p->c);
    if (why) {
        snprintf(v->freivalds, sizeof v->freivalds, "n/a: %s", why);
        return;
    }
    roles(&p->c, role);
    why = exact_inputs(p, role, &q);
    if (why) {
        snprintf(v->freivalds, sizeof v->freivalds, "n/a: %s", why);
    } else {
        bench_task once = *t;
        once.p = &q;
        if (!bench_outputs_make(&once)) {
            snprintf(v->freivalds, sizeof v->freivalds, "n/a: no memory");
        } else {
            bench_call_once(&once, &r);
            const int64_t n = assay_tensor_count(&p->t[role[2]]);
            assay_tensor y = p->t[role[2]];
            double *got = assay_zeros((size_t)n, sizeof *got);
            bool whole = !r.status;
            y.data = once.out.data[role[2]];
            if (whole)
                assay_tensor_decode(got, &y);
            for (int64_t i = 0; whole && i < n; i++)
                whole = fabs(got[i]) < 0x1p53 && got[i] == nearbyint(got[i]);
            const bool good = whole && holds(&q, role, got);
            snprintf(v->freivalds, sizeof v->freivalds, "%s", good ? "pass" : "fail");
            if (!good) {
                v->pass = false;
                snprintf(v->why, sizeof v->why, "Freivalds: %s",
                         r.status ? r.why
                         : whole  ? "y v differs from x (W^T v)"
                                  : "y is not whole");
            }
            free(got);
            bench_outputs_free(&once);
        }
    }
    for (int k = 0; k < 2; k++) {
        free(q.value[role[k]]);
        if (q.t[role[k]].data != p->t[role[k]].data)
            free(q.t[role[k]].data);
    }
}
