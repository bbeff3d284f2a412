/* SPDX-License-Identifier: MIT
 * Sums in any order that variants.h describes, and the small tools of the ops' variants. */
#include "variants.h"
#include "../../reference/core/dtype.h"
#include "../../reference/core/tensor.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define SUM(n, name, depth, order, lanes, block, splits, adder)                                                        \
    { n, ASSAY_DEPTH_##depth, ASSAY_##order, lanes, block, splits, ASSAY_##adder },
const assay_sum assay_sums[ASSAY_SUMS] = { SUMS(SUM) };

/* pairwise: one more level than the tree has */
#define CONTRACT(n, name, depth, order, lanes, block, splits, adder) { .h = { ASSAY_DEPTH_##depth, lanes, block } },
const assay_contract assay_sum_contracts[ASSAY_SUMS] = { SUMS(CONTRACT) };

typedef struct terms { /* term i: x[i xs] w[i ws], or x[i xs] */
    const float *x, *w;
    int64_t xs, ws;
    const assay_sum *s;
} terms;

typedef struct part { /* the terms at, at + step, ... */
    int64_t at, step, n;
} part;

static float add(const terms *t, float sum, int64_t i)
{
    const float x = t->x[i * t->xs];
    return !t->w ? sum + x : t->s->by == ASSAY_FUSED ? fmaf(x, t->w[i * t->ws], sum) : sum + x * t->w[i * t->ws];
}

static int64_t affine(int64_t n, int64_t seed)
{
    int64_t step = 1 + seed * 7919 % (n > 1 ? n : 2), a = step, b = n;
    while (b) {
        const int64_t r = a % b;
        a = b, b = r;
    }
    return a == 1 ? step : 1; /* coprime to n, or in order */
}

/* Where the i-th term of a chain lies. */
static int64_t place(const terms *t, const part *p, int64_t i, int64_t step)
{
    enum { STRIDE = 8 };
    const int64_t full = p->n / STRIDE, longer = p->n % STRIDE; /* so many strides have one more */
    switch (t->s->order) {
    case ASSAY_BACKWARD:
        i = p->n - 1 - i;
        break;
    case ASSAY_STRIDED:
        if (i < longer * (full + 1))
            i = i % (full + 1) * STRIDE + i / (full + 1);
        else
            i -= longer * (full + 1), i = i % full * STRIDE + longer + i / full;
        break;
    case ASSAY_PERMUTED:
        i = (i * step + t->s->row) % p->n;
        break;
    default:
        break;
    }
    return p->at + i * p->step;
}

/* One after the other: what most sums are. */
static float straight(const terms *t, int64_t at, int64_t step, int64_t n)
{
    const float *x = t->x + at * t->xs, *w = t->w ? t->w + at * t->ws : NULL;
    const int64_t dx = step * t->xs, dw = step * t->ws;
    float sum = 0;
    for (int64_t k = 0; !w && k < n; k++)
        sum += x[k * dx];
    for (int64_t k = 0; w && t->s->by == ASSAY_FUSED && k < n; k++)
        sum = fmaf(x[k * dx], w[k * dw], sum);
    for (int64_t k = 0; w && t->s->by == ASSAY_PLAIN && k < n; k++)
        sum += x[k * dx] * w[k * dw];
    return sum;
}

static float chain(const terms *t, const part *p)
{
    if (t->s->by == ASSAY_PLAIN || t->s->by == ASSAY_FUSED) {
        if (t->s->order == ASSAY_FORWARD)
            return straight(t, p->at, p->step, p->n);
        if (t->s->order == ASSAY_BACKWARD && p->n)
            return straight(t, p->at + (p->n - 1) * p->step, -p->step, p->n);
    }
    const int64_t step = t->s->order == ASSAY_PERMUTED ? affine(p->n, t->s->row) : 0;
    float sum = 0, lost = 0;
    double wide = 0;
    for (int64_t k = 0; k < p->n; k++) {
        const int64_t i = place(t, p, k, step);
        if (t->s->by == ASSAY_WIDE)
            wide += (double)t->x[i * t->xs] * (t->w ? (double)t->w[i * t->ws] : 1);
        else if (t->s->by == ASSAY_KAHAN) {
            const float y = add(t, 0, i) - lost, next = sum + y;
            lost = isfinite(next) ? (next - sum) - y : 0;
            sum = next;
        } else
            sum = add(t, sum, i);
    }
    return t->s->by == ASSAY_WIDE ? (float)wide : sum;
}

static float tree(const terms *t, const part *p, uint32_t hash)
{
    if (p->n <= 1)
        return p->n ? add(t, 0, p->at) : 0;
    if (p->n == 2)
        return add(t, add(t, 0, p->at), p->at + p->step);
    const int64_t cut = hash ? 1 + hash % (uint32_t)(p->n - 1) : p->n / 2;
    const uint32_t left = hash ? hash * 1664525u + 1013904223u : 0, right = left ^ (left << 13 | left >> 19);
    const part head = { p->at, p->step, cut }, tail = { p->at + cut * p->step, p->step, p->n - cut };
    return tree(t, &head, left) + tree(t, &tail, right ? right : left);
}

static float ordered(const terms *t, const part *p)
{
    return t->s->order == ASSAY_TREE     ? tree(t, p, 2463534242u + (uint32_t)t->s->row)
           : t->s->order == ASSAY_HALVES ? tree(t, p, 0)
                                         : chain(t, p);
}

static float lanes(const terms *t, const part *p)
{
    const int64_t L = t->s->lanes;
    float lane[64];
    if (L <= 1)
        return ordered(t, p);
    for (int64_t l = 0; l < L; l++) {
        const part one = { p->at + l, L, p->n > l ? (p->n - l + L - 1) / L : 0 };
        lane[l] = ordered(t, &one);
    }
    for (int64_t half = L / 2; half; half /= 2)
        for (int64_t l = 0; l < half; l++)
            lane[l] += lane[l + half];
    return lane[0];
}

static float blocks(const terms *t, const part *p)
{
    float sum = 0;
    if (t->s->block < 1)
        return lanes(t, p);
    for (int64_t i = 0; i < p->n; i += t->s->block) {
        const part one = { p->at + i, 1, p->n - i < t->s->block ? p->n - i : t->s->block };
        sum += lanes(t, &one);
    }
    return sum;
}

float assay_sum_of(const assay_sum *s, const float *x, int64_t xs, const float *w, int64_t ws, int64_t n)
{
    const terms t = { x, w, xs, ws, s };
    const int64_t splits = s->splits > 1 ? s->splits : 1;
    float sum = 0;
    for (int64_t i = 0; i < splits; i++) {
        const part one = { n * i / splits, 1, n * (i + 1) / splits - n * i / splits };
        const float v = blocks(&t, &one);
        sum = i ? sum + v : v;
    }
    return sum;
}

/* ---- tools ---- */

static float two_to(float d) /* 2^n 2^f, the constant in two parts */
{
    const float n = rintf(d * 0x1.715476p+0f);
    return ldexpf(exp2f(fmaf(d, 0x1.715476p+0f, -n) + d * 0x1.4ae0cp-26f), (int)n);
}
float assay_vary_polynomial(int degree, float d)
{
    if (!(d > -104))
        return d != d ? d : 0;
    const float n = rintf(d * 0x1.715476p+0f);
    const double r = (double)d - (double)n * 0x1.62e42fefa39efp-1;
    double p = 0;
    for (int k = degree; k > 0; k--)
        p = (1 + p) * r / k;
    return ldexpf((float)(1 + p), (int)n);
}
/* A primitive as bad as the strict contract allows: exact off by so many u before it is rounded; way 1: always up, -1:
 * always down, 0: either way. */
static float spoiled(double exact, double by, int32_t way)
{
    uint64_t bits;
    memcpy(&bits, &exact, sizeof bits);
    const bool up = way == 1 || (way == 0 && (bits * UINT64_C(0x9e3779b97f4a7c15)) >> 63);
    return (float)(exact * (1 + (up ? by : -by) * 0x1p-24));
}

float assay_vary_exp(int32_t form, float d)
{
    if (!(d > -104))
        return d != d ? d : 0;
    if (d == 0) /* all are exact here, as every exponential is */
        return 1;
    switch (form % 7) {
    case 4:
    case 5:
    case 6:
        return spoiled(exp((double)d), 2.9, form % 7 - 5);
    case 1:
        return (float)exp((double)d);
    case 2:
        return two_to(d);
    case 3:
        return assay_vary_polynomial(7, d);
    default:
        return expf(d);
    }
}

float assay_vary_log(int32_t form, float s)
{
    switch (form % 7) {
    case 3:
    case 4:
    case 5:
        return spoiled(log((double)s), 2.9, form % 7 - 4);
    case 1:
        return (float)log((double)s);
    case 2:
        return log1pf(s - 1);
    case 6:
        return log2f(s) * 0x1.62e430p-1f;
    default:
        return logf(s);
    }
}

static float keep12(float x)
{
    uint32_t i;
    memcpy(&i, &x, sizeof i);
    i &= ~UINT32_C(0x7ff);
    memcpy(&x, &i, sizeof i);
    return x;
}
float assay_vary_reciprocal(int32_t form, float x)
{
    const float guess = keep12(1 / x);
    int exponent;
    if (frexpf(x, &exponent) == 0.5f) /* powers of two have exact reciprocals: docs/contracts.md */
        return 1 / x;
    if (form % 4)
        return spoiled(1 / (double)x, 0.9, form % 4 - 2);
    return isfinite(guess) && isfinite(x) ? fmaf(guess, fmaf(-x, guess, 1), guess) : 1 / x;
}
float assay_vary_rsqrt(int32_t form, float x)
{
    const float guess = keep12(1 / sqrtf(x));
    if (!(guess > 0 && isfinite(guess))) /* Newton's step would make NaN of them */
        return 1 / sqrtf(x);
    return form % 4 ? spoiled(1 / sqrt((double)x), 0.9, form % 4 - 2) : guess * (1.5f - 0.5f * x * guess * guess);
}
float assay_vary_tanh(int32_t form, float x)
{
    return form % 4 ? spoiled(tanh((double)x), 2.9, form % 4 - 2) : tanhf(x);
}

static char *at_row(const assay_tensor *t, int64_t row)
{
    char *p = t->data;
    for (int r = t->rank - 2; r >= 0; r--) {
        p += row % t->dim[r] * t->stride[r];
        row /= t->dim[r];
    }
    return p;
}
void assay_vary_read(const assay_tensor *t, int64_t row, int64_t from, int64_t n, float *to)
{
    const assay_dtype_info *ty = assay_dtype_of(t->type);
    double v[256];
    const char *p = at_row(t, row) + from / ty->block * ty->bytes;
    for (int64_t i = 0; i < n; i += 256) {
        const int64_t m = n - i < 256 ? n - i : 256;
        ty->decode(v, p + i / ty->block * ty->bytes, m);
        for (int64_t k = 0; k < m; k++)
            to[i + k] = (float)v[k];
    }
}
void assay_vary_write(const assay_tensor *t, int64_t row, int64_t from, int64_t n, const float *src)
{
    const assay_dtype_info *ty = assay_dtype_of(t->type);
    char *p = at_row(t, row) + from * ty->bytes;
    for (int64_t i = 0; i < n; i++) {
        const double v = src[i];
        ty->encode(p + i * ty->bytes, &v, 1);
    }
}

assay_status assay_vary_open(const assay_args *a, int n, int exact, void **operand)
{
    bool ok = true, held = true;
    for (int i = 0; i < n; i++) {
        const bool input = i < n - 1 && a->operand[i].data;
        const int64_t m = a->operand[i].data ? assay_tensor_count(&a->operand[i]) : 0;
        double *wide = calloc((size_t)m + 1, sizeof *wide);
        float *f = a->operand[i].data && wide ? malloc((size_t)(m + 1) * sizeof *f) : NULL;
        ok = ok && wide && (f || !a->operand[i].data);
        if (f && input)
            assay_tensor_decode(wide, &a->operand[i]);
        for (int64_t k = 0; f && input && k < m; k++)
            f[k] = (float)wide[k], held = held && (i < exact || (double)f[k] == wide[k]);
        operand[i] = f;
        free(wide);
    }
    return !ok ? ASSAY_ERR_NOMEM : held ? ASSAY_OK : ASSAY_UNSUPPORTED;
}
void assay_vary_close(int n, void **operand)
{
    for (int i = 0; i < n; i++)
        free(operand[i]);
}

float assay_vary_swiglu(int32_t form, float g, float u)
{
    const float e = assay_vary_exp(form, -fabsf(g)), top = g < 0 ? e : 1;
    switch (form % 5) {
    case 1:
        return g * top * u / (1 + e);
    case 2:
        return g * top * (1 / (1 + e)) * u;
    case 3:
        return g * (top / (1 + e)) * u;
    case 4:
        return g * top * assay_vary_reciprocal(form, 1 + e) * u;
    default:
        return g * top / (1 + e) * u;
    }
}
