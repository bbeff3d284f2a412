/* SPDX-License-Identifier: MIT
 * Probe: one pack of two weights, and a fused op that is nothing but its parts.  y = swiglu(x G^T, x U^T): the oracle
 * is that of matmul, matmul, swiglu with two temporaries; the kernel reads one packed matrix in which row n holds pairs
 * (gate, up), so one pass over x feeds both sums. */
#include "probe.h"

enum { X, GATE, UP, Y };
static const assay_operand operands[] = {
    { .name = "x", .shape = "TK", .types = F32 },
    { .name = "gate", .shape = "NK", .types = F32, .flags = ASSAY_WEIGHT },
    { .name = "up", .shape = "NK", .types = F32, .flags = ASSAY_WEIGHT },
    { .name = "y", .shape = "TN", .types = F32, .access = ASSAY_OUT },
};
static const int8_t first[] = { X, GATE, ASSAY_LEFT_OUT, ASSAY_TEMP(0) };
static const int8_t second[] = { X, UP, ASSAY_LEFT_OUT, ASSAY_TEMP(1) };
static const int8_t third[] = { ASSAY_TEMP(0), ASSAY_TEMP(1), Y };
static const assay_part parts[] = {
    { "matmul", "TNK", first, NULL },
    { "matmul", "TNK", second, NULL },
    { "swiglu", "TN", third, NULL },
};
static const char *const temps[] = { "TN", "TN" };
static const assay_plane planes[] = { { "g", "TN" }, { "g_size", "TN" }, { "u", "TN" }, { "u_size", "TN" } };

static void kappa(const assay_dense *a, double *const *plane)
{
    const int64_t N = a->dim[1], K = a->dim[2];
    for (int w = 0; w < 2; w++)
        for (int64_t i = 0; i < a->dim[0] * N; i++)
            plane[2 * w][i] = dot_f64((const double *)a->operand[X] + i / N * K,
                                      (const double *)a->operand[GATE + w] + i % N * K, K, &plane[2 * w + 1][i]);
}
/* The composition: |silu(g)| B_u + |u| |silu'(g)| B_g, silu' = s (1 + g (1 - s)), |silu''| < 1/2; then swiglu's own. */
static void bound(const assay_dense *a, double *const *plane, const assay_contract *c, double *const *b)
{
    const double u = bound_u(c), dots = bound_c(c, (double)a->dim[2], 1), eta = bound_eta(c), *y = a->operand[Y];
    for (int64_t i = 0; i < a->dim[0] * a->dim[1]; i++) {
        const double g = plane[0][i], up = plane[2][i], s = 1 / (1 + exp(-g));
        const double bg = dots * plane[1][i] + (double)a->dim[2] * eta,
                     bu = dots * plane[3][i] + (double)a->dim[2] * eta;
        const double ds = fabs(s * (1 + g * (1 - s))) * bg + bg * bg / 4;
        const double own = fabs(y[i]) * (BOUND_E(c, e_exp) * (1 - s) + 5) * u;
        b[Y][i] =
            (fabs(g * s) * bu + fabs(up) * ds + bu * ds + own) * (1 + 16 * u) + (fabs(up) + 1) * (1 + fabs(g)) * eta;
    }
}
static double flops(const assay_args *a)
{
    return 4.0 * (double)(a->dim[0] * a->dim[1]) * (double)a->dim[2];
}

/* ---- the kernel */

static size_t packed_bytes(const assay_args *a)
{
    return (size_t)(2 * a->dim[1] * a->dim[2]) * sizeof(float);
}
static void pack(const assay_args *a, void *dst)
{
    float *p = dst;
    for (int64_t n = 0; n < a->dim[1]; n++)
        for (int64_t k = 0; k < a->dim[2]; k++)
            for (int w = GATE; w <= UP; w++)
                *p++ = ((float *)at(&a->operand[w], n, 0, 0))[k];
}
static assay_status run(const assay_args *a)
{
    const int64_t K = a->dim[2];
    for (int64_t t = 0; t < a->dim[0]; t++)
        for (int64_t n = a->begin; n < a->end; n++) {
            const float *p = (const float *)a->packed + 2 * n * K, *x = at(&a->operand[X], t, 0, 0);
            float g = 0, up = 0;
            for (int64_t k = 0; k < K; k++)
                g += p[2 * k] * x[k], up += p[2 * k + 1] * x[k];
            const float e = expf(-fabsf(g));
            ((float *)at(&a->operand[Y], t, 0, 0))[n] = (g < 0 ? g * e : g) / (1 + e) * up;
        }
    return ASSAY_OK;
}

/* Gates of 64 and more, or -1024 and less: y is an integer product or 0. */
static bool saturated(const assay_case *c, int i, int64_t n, double *const *value, assay_rng *rng)
{
    const int64_t K = c->dim[2];
    double sign = 1;
    for (int64_t k = 0; k < n; k++) {
        sign = k % K == 0 ? (assay_rng_below(rng, 3) ? 1 : -32) : sign;
        value[i][k] = i == X      ? (double)(1 + assay_rng_below(rng, 2))
                      : i == GATE ? 64 * sign
                                  : (double)assay_rng_below(rng, 9) - 4;
    }
    return true;
}
static const assay_gen gens[] = { { "saturated", ASSAY_TAG_EXACT, saturated,
                                    .says = "gates of 64 and more, or -1024 and less" } };
static const assay_rows rows[] = {
    { "T={1,3} N={1..16} K=9 gen={gauss,saturated}", ASSAY_QUICK },
    { "T={0,2} N=5 K={1..17,64} gen={gauss,positive,saturated}", ASSAY_QUICK },
    { "T=3 N=4 K=37 gen=" ASSAY_VALUES "@{x,gate,up}", ASSAY_QUICK },
    { "N={1,3} K={1..4} gen=zero-inf@{x,gate,up}", ASSAY_QUICK },
};

static const assay_typeset types[] = { F32, F32, F32, F32 };
const assay_op assay_op_probe_gate_up = {
    .name = "probe_gate_up",
    .formula = "y = silu(x G^T) (x U^T)",
    .dims = "TNK",
    .role = { ASSAY_ROLE_ROWS },
    .split = 'N',
    OPERANDS(operands),
    PLANES(planes),
    PARTS(parts, temps),
    .kappa = kappa,
    .bound = bound,
    .flops = flops,
};
const assay_suite assay_suite_probe_gate_up = { .op = "probe_gate_up", ROWS(rows), GENS(gens) };
const assay_kernel assay_kernel_probe_gate_up = {
    .op = "probe_gate_up",
    .name = "pairs",
    .types = types,
    .packing = "gate_up.pairs",
    .run = run,
    .packed_bytes = packed_bytes,
    .pack = pack,
};
