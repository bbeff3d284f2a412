/* SPDX-License-Identifier: MIT
 * Probe: three operands updated in place.  One AdamW step (Loshchilov and Hutter 2019):
 *   m = b1 m + (1 - b1) g;  v = b2 v + (1 - b2) g^2;  w = w - lr (m / (1 - b1^t) / (sqrt(v / (1 - b2^t)) + eps) + wd w)
 * The oracle and the bound see the operands as they were in before[]. */
#include "../../../reference/core/values.h"
#include "probe.h"

typedef struct params {
    float lr, b1, b2, eps, wd;
    int32_t step; /* t, from 1 */
} params;

enum { W, M, V, G };
static const assay_operand operands[] = {
    { .name = "w", .shape = "N", .types = F32, .access = ASSAY_INOUT },
    { .name = "m", .shape = "N", .types = F32, .access = ASSAY_INOUT },
    { .name = "v", .shape = "N", .types = F32, .access = ASSAY_INOUT },
    { .name = "g", .shape = "N", .types = F32 },
};
static const assay_field fields[] = {
    ASSAY_FIELD(params, lr, 0, 1),  ASSAY_FIELD(params, b1, 0, 0.9999999), ASSAY_FIELD(params, b2, 0, 0.9999999),
    ASSAY_FIELD(params, eps, 0, 1), ASSAY_FIELD(params, wd, 0, 1),         ASSAY_FIELD(params, step, 0, INT32_MAX),
};
static const assay_plane planes[] = { { "up", "N" }, { "m", "N" } };

/* A step that is left out is the first. */
static assay_status resolve(const assay_args *a, void *where, assay_why *why)
{
    params *p = where;
    (void)a;
    (void)why;
    p->step = p->step ? p->step : 1;
    return ASSAY_OK;
}
static void oracle(const assay_dense *a)
{
    const params *p = a->params;
    double *w = a->operand[W], *m = a->operand[M], *v = a->operand[V];
    const double *w0 = a->before[W], *m0 = a->before[M], *v0 = a->before[V], *g = a->operand[G], b1 = p->b1, b2 = p->b2;
    for (int64_t i = 0; i < a->dim[0]; i++) {
        m[i] = b1 * m0[i] + (1 - b1) * g[i];
        v[i] = b2 * v0[i] + (1 - b2) * g[i] * g[i];
        const double den = sqrt(v[i] / (1 - pow(b2, p->step))) + p->eps, up = m[i] / (1 - pow(b1, p->step));
        w[i] = w0[i] - p->lr * ((up == 0 ? 0 : up / den) + p->wd * w0[i]);
    }
}
static void kappa(const assay_dense *a, double *const *plane)
{
    const params *p = a->params;
    const double *m0 = a->before[M], *v = a->operand[V], *g = a->operand[G], b1 = p->b1;
    for (int64_t i = 0; i < a->dim[0]; i++) {
        const double den = sqrt(v[i] / (1 - pow(p->b2, p->step))) + p->eps, c1 = 1 - pow(b1, p->step);
        const double size = fabs(b1 * m0[i]) + fabs((1 - b1) * g[i]);
        plane[0][i] = den > 0 ? 1 / (c1 * den) : 0;
        plane[1][i] = size;
    }
}
/* To first order, one operation after another; the products with 1 - b1 and 1 - b2 carry one rounding more (f32 betas).
 * Where g^2 may overflow on the way v may be infinite, and all that is lost of w is its step. */
static void bound(const assay_dense *a, double *const *plane, const assay_contract *c, double *const *b)
{
    const params *p = a->params;
    const double u = bound_u(c), eta = bound_eta(c), *m = a->operand[M], *v = a->operand[V], *w0 = a->before[W];
    const double *g = a->operand[G];
    for (int64_t i = 0; i < a->dim[0]; i++) {
        const double square = bound_either(c, g[i] * g[i]), up = fabs(m[i]) * plane[0][i],
                     dm = 4 * u * plane[1][i] + 3 * eta, wd = fabs((double)p->wd * w0[i]);
        b[M][i] = dm;
        b[V][i] = (5 * u * v[i] + 3 * eta) * square;
        b[W][i] = p->lr * (dm * plane[0][i] * (1 + 16 * u) + 10 * u * up + 3 * u * wd) +
                  u * (fabs(w0[i]) + p->lr * (up + wd)) + 4 * eta + (square < 0 ? p->lr * up : 0);
    }
}
static double flops(const assay_args *a)
{
    return 14.0 * (double)a->dim[0];
}
static assay_status run(const assay_args *a)
{
    const params *p = a->params;
    const float c1 = (float)(1 - pow((double)p->b1, p->step)), c2 = (float)(1 - pow((double)p->b2, p->step));
    float *w = a->operand[W].data, *m = a->operand[M].data, *v = a->operand[V].data;
    const float *g = a->operand[G].data;
    for (int64_t i = a->begin; i < a->end; i++) {
        m[i] = p->b1 * m[i] + (1 - p->b1) * g[i];
        v[i] = p->b2 * v[i] + (1 - p->b2) * g[i] * g[i];
        const float up = m[i] / c1, den = sqrtf(v[i] / c2) + p->eps;
        w[i] -= p->lr * ((up == 0 ? 0 : up / den) + p->wd * w[i]);
    }
    return ASSAY_OK;
}

/* v is a sum of squares; g = 0 and v = 0 at some places */
static bool state(const assay_case *c, int i, int64_t n, double *const *value, assay_rng *rng)
{
    (void)c;
    for (int64_t k = 0; k < n; k++) {
        const double x = assay_rng_normal(rng) * (i == G || i == M ? 0.1 : 1);
        value[i][k] = i == V ? (k % 5 ? 0.01 * x * x : 0) : i == G && k % 7 == 3 ? 0 : x;
    }
    return true;
}
/* lr = 0 leaves w; powers of two and betas of 1/2 leave no rounding anywhere */
static bool dyadic(const assay_case *c, int i, int64_t n, double *const *value, assay_rng *rng)
{
    (void)c;
    for (int64_t k = 0; k < n; k++)
        value[i][k] = i == V ? 0 : (double)(assay_rng_below(rng, 2) ? 4 : -4) * (i == M ? 0 : 1);
    return true;
}
static const assay_gen gens[] = {
    { "state", ASSAY_TAG_RANDOM, state, .says = "weights, gradients and moments as training has them" },
    { "dyadic", ASSAY_TAG_EXACT, dyadic, .says = "powers of two: no rounding anywhere" },
};
static const char *const unseen[] = {
    "field-cut-step-24: one step more in 2^24 moves 1 - b^t by no more than 2^-24 of it", NULL
};
static bool positive_v(const assay_case *c, int i, int64_t n, double *const *value, assay_rng *rng)
{
    if (i == V && c->gen_at) {
        assay_value_fill(c, i, n, value, rng);
        for (int64_t k = 0; k < n; k++)
            value[i][k] = fabs(value[i][k]);
        return true;
    }
    if (i != V || !strcmp(c->gen->name, "dyadic"))
        return false;
    for (int64_t k = 0; k < n; k++)
        value[i][k] = assay_rng_uniform(rng);
    return true;
}
static const assay_rows rows[] = {
    { "N={0..33} lr=0.001 b1=0.9 b2=0.999 eps=1e-08 wd=0.01 step={1,2,1000000} gen={state,wide}", ASSAY_QUICK },
    { "N={1,300} lr=0.01 b1=0.9 b2=0.95 eps=1e-08 wd={0,0.1} step=10 gen={state,positive,zero}", ASSAY_QUICK },
    { "N={1,20} lr=0.5 b1=0.5 b2=0.5 step=1 gen=dyadic", ASSAY_QUICK },
    { "N=40 lr=0.01 b1=0.9 b2=0.95 eps=1e-08 wd=0.1 step=10 "
      "gen={nan,inf,minus-inf,signed-zero,subnormal,smallest-normal}@{w,m,v,g}",
      ASSAY_QUICK },
    { "N=9 lr=0.01 b1=0.9 b2=0.9999999 eps=1e-08 wd=0.1 step=65541 gen=state", ASSAY_QUICK },
    { "N=9 lr=0.01 b1=0.9 b2=0.95 eps=0.5 wd=0.1 step=10 gen=state", ASSAY_QUICK },
    { "N={1..12} lr=0.01 b1=0.9 b2=0.95 eps=1e-08 wd=0.1 step=10 gen=zero-nan@{w,m,v,g}", ASSAY_QUICK },
};

static const assay_typeset types[] = { F32, F32, F32, F32 };
const assay_op assay_op_probe_adamw = {
    .name = "probe_adamw",
    .formula = "one AdamW step of w, m, v in place",
    .dims = "N",
    .split = 'N',
    OPERANDS(operands),
    FIELDS(fields, params),
    PLANES(planes),
    .resolve = resolve,
    .oracle = oracle,
    .kappa = kappa,
    .bound = bound,
    .flops = flops,
};
const assay_suite assay_suite_probe_adamw = {
    .op = "probe_adamw", ROWS(rows), GENS(gens), .fill = positive_v, .unseen = unseen
};
const assay_kernel assay_kernel_probe_adamw = { .op = "probe_adamw", .name = "plain", .types = types, .run = run };
