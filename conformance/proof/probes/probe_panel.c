/* SPDX-License-Identifier: MIT
 * Probe: a storage order that strides cannot say, written in place by one step and read by the next.  Rows are appended
 * to a key cache (phase 0) and the scores of one query against the whole cache are taken (phase 1), with the cache in
 * rows or in panels of 16 keys, [S/16][G][D][16]: there a vector of 16 scores needs no horizontal sum. */
#include "probe.h"

enum { NEW, SLOT, K, Q, S };
enum { T_, S_, G_, D_, H_, PANEL = 16 }; /* "TSGDH" */

static const assay_operand operands[] = {
    { .name = "new", .shape = "TGD", .types = F32 },
    { .name = "slot", .shape = "T", .types = I32, .flags = ASSAY_INDEX, .index_of = 'S' },
    { .name = "k",
      .shape = "SGD",
      .types = F32,
      .access = ASSAY_INOUT,
      .verdict = ASSAY_EXACT,
      .layouts = 1u << ASSAY_LAYOUT_kpanel16 },
    { .name = "q", .shape = "HD", .types = F32 },
    { .name = "s", .shape = "HS", .types = F32, .access = ASSAY_OUT },
};
static const assay_plane planes[] = { { "sigma", "HS" } };

static assay_status resolve(const assay_args *a, void *params, assay_why *why)
{
    (void)params;
    if (a->dim[G_] == 0 || a->dim[H_] % a->dim[G_])
        return assay_fail(why, ASSAY_ERR_SHAPE, "probe_panel: H=%lld is not a multiple of G=%lld",
                          (long long)a->dim[H_], (long long)a->dim[G_]);
    for (int64_t t = 0; a->operand[SLOT].data && t < a->dim[T_]; t++)
        for (int64_t i = 0; i < t; i++)
            if (*(int32_t *)at(&a->operand[SLOT], t, 0, 0) == *(int32_t *)at(&a->operand[SLOT], i, 0, 0))
                return assay_fail(why, ASSAY_ERR_PARAM, "probe_panel: slot[%lld] and slot[%lld] are the same",
                                  (long long)i, (long long)t);
    return ASSAY_OK;
}
static void walk(const assay_dense *a, double *s, double *sigma)
{
    const int64_t D = a->dim[D_], G = a->dim[G_], per = a->dim[H_] / G, n = a->dim[S_];
    for (int64_t i = 0; i < a->dim[H_] * n; i++)
        s[i] = dot_f64((const double *)a->operand[Q] + i / n * D,
                       (const double *)a->operand[K] + (i % n * G + i / n / per) * D, D, sigma ? &sigma[i] : NULL);
}
static void oracle(const assay_dense *a)
{
    const int64_t row = a->dim[G_] * a->dim[D_];
    const double *slot = a->operand[SLOT], *new = a->operand[NEW];
    for (int64_t t = 0; t < a->dim[T_]; t++)
        memcpy((double *)a->operand[K] + (int64_t)slot[t] * row, new + t *row, (size_t)row * sizeof *new);
    walk(a, a->operand[S], NULL);
}
static void kappa(const assay_dense *a, double *const *plane)
{
    walk(a, a->operand[S], plane[0]);
}
static void bound(const assay_dense *a, double *const *plane, const assay_contract *c, double *const *b)
{
    for (int64_t i = 0; i < a->dim[H_] * a->dim[S_]; i++)
        b[S][i] = bound_c(c, (double)a->dim[D_], 1) * plane[0][i] + (double)a->dim[D_] * bound_eta(c);
}
static double flops(const assay_args *a)
{
    return 2.0 * (double)(a->dim[H_] * a->dim[S_]) * (double)a->dim[D_];
}

/* ---- the kernel: element (s, g, d) of the cache in either order */

static float *key(const assay_args *a, int64_t s, int64_t g, int64_t d)
{
    const assay_tensor *k = &a->operand[K];
    const int64_t G = a->dim[G_], D = a->dim[D_];
    if (k->layout == ASSAY_LAYOUT_strided)
        return at(k, s, g, d);
    return (float *)k->data + ((s / PANEL * G + g) * D + d) * PANEL + s % PANEL;
}
static uint32_t phases(const assay_args *a)
{
    (void)a;
    return 2;
}
static int64_t units(const assay_args *a)
{
    return a->phase == 0 ? a->dim[T_] : (a->dim[S_] + PANEL - 1) / PANEL;
}
static void append(const assay_args *a, int64_t t)
{
    for (int64_t g = 0; g < a->dim[G_]; g++)
        for (int64_t d = 0; d < a->dim[D_]; d++)
            *key(a, *(int32_t *)at(&a->operand[SLOT], t, 0, 0), g, d) = *(float *)at(&a->operand[NEW], t, g, d);
}
static void score(const assay_args *a, int64_t h, int64_t s0)
{
    const int64_t g = h / (a->dim[H_] / a->dim[G_]), n = s0 + PANEL < a->dim[S_] ? PANEL : a->dim[S_] - s0;
    const float *q = at(&a->operand[Q], h, 0, 0);
    float sum[PANEL] = { 0 };
    for (int64_t d = 0; d < a->dim[D_]; d++)
        for (int64_t i = 0; i < n; i++)
            sum[i] += q[d] * *key(a, s0 + i, g, d);
    memcpy(at(&a->operand[S], h, s0, 0), sum, (size_t)n * sizeof *sum);
}
static assay_status run(const assay_args *a)
{
    for (int64_t u = a->begin; u < a->end; u++) {
        if (a->phase == 0)
            append(a, u);
        for (int64_t h = 0; a->phase == 1 && h < a->dim[H_]; h++)
            score(a, h, u * PANEL);
    }
    return ASSAY_OK;
}

/* Slots of one call are distinct, and not in order; the last is often among them. */
static bool slots(const assay_case *c, int i, int64_t n, double *const *value, assay_rng *rng)
{
    const int64_t rows = c->dim[S_], off = i != SLOT || !rows        ? 0
                                           : assay_rng_below(rng, 2) ? assay_rng_below(rng, rows)
                                                                     : rows - 1;
    for (int64_t k = 0; i == SLOT && c->dim[S_] && k < n; k++)
        value[i][k] = (double)((off + n - 1 - k) % c->dim[S_]);
    return i == SLOT;
}
static const char *const exact[] = { "ints-narrow", NULL };
static const char *const unseen[] = { "unsigned-q: the scores that q enters have no sign of zero that is judged",
                                      NULL };
static const assay_rows rows[] = {
    { "T={0,1,3} S={3,16,17,40} G={1,2} D=5 H=4 k={f32,f32:kpanel16} gen={gauss,ints-narrow}", ASSAY_QUICK },
    { "T=1 S={1..16} G=1 D={1..16} H=1 k={f32,f32:kpanel16} gen={ints-narrow,positive}", ASSAY_QUICK },
    { "T=2 S=5 G=1 D=37 H=2 gen=" ASSAY_VALUES "@{new,k,q}", ASSAY_QUICK },
    { "T=3 S=17 G=2 D=33 H=2 gen=gauss", ASSAY_QUICK },
    { "T=3 S={65600..65603} gen=ints-narrow", ASSAY_QUICK },
};

static const assay_typeset types[] = { F32, I32, F32, F32, F32 };
static const uint32_t layouts[] = { 1, 1, 1 | 1u << ASSAY_LAYOUT_kpanel16, 1, 1 };
const assay_op assay_op_probe_panel = {
    .name = "probe_panel",
    .formula = "k(slot) = new; s = q k^T",
    .dims = "TSGDH",
    .split = 'S',
    OPERANDS(operands),
    PLANES(planes),
    .resolve = resolve,
    .oracle = oracle,
    .kappa = kappa,
    .bound = bound,
    .flops = flops,
};
const assay_suite assay_suite_probe_panel = {
    .op = "probe_panel",
    ROWS(rows),
    .fill = slots,
    .exact = exact,
    .unseen = unseen,
};
const assay_kernel assay_kernel_probe_panel = {
    .op = "probe_panel",
    .name = "both_orders",
    .types = types,
    .layouts = layouts,
    .run = run,
    .phases = phases,
    .units = units,
};
