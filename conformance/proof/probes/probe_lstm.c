/* SPDX-License-Identifier: MIT
 * Probe: may the number of phases be a dimension?  An LSTM over T steps (Hochreiter and Schmidhuber 1997, with a forget
 * gate), gates in the order i, f, g, o; phase t computes step t from y(t - 1); T = 0 has no phase and leaves c alone.
 *   z = Wi x + Wh h + bias;  c = s(f) c + s(i) tanh(g);  h = s(o) tanh(c);  s(z) = 1 / (1 + e^-z) */
#include "probe.h"

enum { X, WI, WH, BIAS, H0, C, Y };
enum { T_, B_, X_, H_, Q_ }; /* "TBXHQ": Q gates */

static const assay_operand operands[] = {
    { .name = "x", .shape = "TBX", .types = F32 },
    { .name = "wi", .shape = "QHX", .types = F32, .flags = ASSAY_WEIGHT },
    { .name = "wh", .shape = "QHH", .types = F32, .flags = ASSAY_WEIGHT },
    { .name = "bias", .shape = "QH", .types = F32, .flags = ASSAY_WEIGHT },
    { .name = "h0", .shape = "BH", .types = F32 },
    { .name = "c", .shape = "BH", .types = F32, .access = ASSAY_INOUT },
    { .name = "y", .shape = "TBH", .types = F32, .access = ASSAY_OUT },
};
static const assay_plane planes[] = { { "c", "TBH" } };

static assay_status resolve(const assay_args *a, void *params, assay_why *why)
{
    (void)params;
    return a->dim[Q_] == 4
               ? ASSAY_OK
               : assay_fail(why, ASSAY_ERR_SHAPE, "probe_lstm: Q=%lld, an LSTM has 4 gates", (long long)a->dim[Q_]);
}

/* Preactivation of gate q of unit j at step t; *err: its bound under contract c (NULL: not wanted),
 * given the bounds of y(t - 1). */
static double gate(const assay_dense *a, int64_t t, int64_t b, int64_t q, int64_t j, const double *ey,
                   const assay_contract *c, double *err)
{
    const int64_t B = a->dim[B_], nx = a->dim[X_], H = a->dim[H_];
    const double *x = (const double *)a->operand[X] + (t * B + b) * nx, *y = a->operand[Y], *h0 = a->operand[H0];
    const double *h = t ? y + ((t - 1) * B + b) * H : h0 + b * H, *bias = a->operand[BIAS];
    const double *wi = (const double *)a->operand[WI] + (q * H + j) * nx;
    const double *wh = (const double *)a->operand[WH] + (q * H + j) * H;
    double sx, sh, carried = 0;
    const double z = dot_f64(wi, x, nx, &sx) + dot_f64(wh, h, H, &sh) + bias[q * H + j];
    if (c) {
        for (int64_t k = 0; t && k < H; k++)
            carried += fabs(wh[k]) * (ey[((t - 1) * B + b) * H + k] + bound_u(c) * fabs(h[k]) + bound_eta(c));
        *err = isinf(z) ? 0
                        : carried * (1 + 0x1p-10) + bound_c(c, (double)(nx + H), 2) * (sx + sh + fabs(bias[q * H + j]));
    }
    return z;
}
static double sigmoid(double z)
{
    return 1 / (1 + exp(-z));
}
static void oracle(const assay_dense *a)
{
    double *c = a->operand[C], *y = a->operand[Y];
    const int64_t B = a->dim[B_], H = a->dim[H_];
    for (int64_t i = 0; i < a->dim[T_] * B * H; i++) {
        const int64_t t = i / (B * H), b = i / H % B, j = i % H, k = b * H + j;
        c[k] = sigmoid(gate(a, t, b, 1, j, NULL, NULL, NULL)) * c[k] +
               sigmoid(gate(a, t, b, 0, j, NULL, NULL, NULL)) * tanh(gate(a, t, b, 2, j, NULL, NULL, NULL));
        y[i] = sigmoid(gate(a, t, b, 3, j, NULL, NULL, NULL)) * tanh(c[k]);
    }
}
static void kappa(const assay_dense *a, double *const *plane) /* every c(t) */
{
    const double *before = a->before[C];
    const int64_t B = a->dim[B_], H = a->dim[H_];
    for (int64_t i = 0; i < a->dim[T_] * B * H; i++) {
        const int64_t t = i / (B * H), b = i / H % B, j = i % H;
        plane[0][i] = sigmoid(gate(a, t, b, 1, j, NULL, NULL, NULL)) * (t ? plane[0][i - B * H] : before[b * H + j]) +
                      sigmoid(gate(a, t, b, 0, j, NULL, NULL, NULL)) * tanh(gate(a, t, b, 2, j, NULL, NULL, NULL));
    }
}
/* Running error over the steps: b[Y] and b[C] carry what came before.  A sigmoid moves by at most a
 * quarter, tanh by at most the whole of what its argument does; where the golden is infinite it has not moved. */
static void bound(const assay_dense *a, double *const *plane, const assay_contract *c, double *const *b)
{
    const int64_t B = a->dim[B_], H = a->dim[H_];
    const double u = bound_u(c), es = (BOUND_E(c, e_exp) + 2) * u, et = BOUND_E(c, e_tanh) * u;
    const double *before = a->before[C];
    memset(b[C], 0, (size_t)(B * H) * sizeof(double));
    for (int64_t i = 0; i < a->dim[T_] * B * H; i++) {
        const int64_t t = i / (B * H), s = i / H % B, j = i % H, k = s * H + j;
        const double old = t ? plane[0][i - B * H] : before[k], new = plane[0][i];
        double z[4], e[4];
        for (int q = 0; q < 4; q++) {
            z[q] = gate(a, t, s, q, j, b[Y], c, &e[q]);
            e[q] = q == 2 ? e[q] + et * fabs(tanh(z[q])) : e[q] / 4 + es * sigmoid(z[q]);
            z[q] = q == 2 ? tanh(z[q]) : sigmoid(z[q]);
        }
        const double kept = z[1] * b[C][k] + fabs(old) * e[1] + e[1] * b[C][k], added = z[0] * e[2] + fabs(z[2]) * e[0];
        b[C][k] = isinf(new)
                      ? 0
                      : (kept + added + e[0] * e[2] + 3 * u * (fabs(z[1] * old) + fabs(z[0] * z[2]))) * (1 + 8 * u) +
                            4 * bound_eta(c);
        const double et_c = b[C][k] + et * fabs(tanh(new));
        b[Y][i] = (z[3] * et_c + fabs(tanh(new)) * e[3] + e[3] * et_c) * (1 + 8 * u) + u * fabs(tanh(new)) * z[3] +
                  2 * bound_eta(c);
    }
}
static double flops(const assay_args *a)
{
    return (double)(a->dim[T_] * a->dim[B_] * a->dim[H_]) * 8.0 * (double)(a->dim[X_] + a->dim[H_]);
}

/* ---- the kernel */

static uint32_t phases(const assay_args *a)
{
    return (uint32_t)a->dim[T_];
}
static int64_t units(const assay_args *a)
{
    return a->dim[B_] * a->dim[H_];
}
static assay_status run(const assay_args *a)
{
    const int64_t t = a->phase, H = a->dim[H_];
    for (int64_t u = a->begin; u < a->end; u++) {
        const int64_t b = u / H, j = u % H;
        const float *h = t ? at(&a->operand[Y], t - 1, b, 0) : at(&a->operand[H0], b, 0, 0);
        float z[4], *c = (float *)at(&a->operand[C], b, 0, 0) + j;
        for (int64_t q = 0; q < 4; q++) {
            z[q] = dot_f32(at(&a->operand[WI], q, j, 0), at(&a->operand[X], t, b, 0), a->dim[X_]) +
                   dot_f32(at(&a->operand[WH], q, j, 0), h, H) + ((float *)at(&a->operand[BIAS], q, 0, 0))[j];
            z[q] = q == 2 ? tanhf(z[q]) : 1 / (1 + expf(-z[q]));
        }
        *c = z[1] * *c + z[0] * z[2];
        ((float *)at(&a->operand[Y], t, b, 0))[j] = z[3] * tanhf(*c);
    }
    return ASSAY_OK;
}

/* Saturated gates: biases of +-200 (x and h weigh nothing) make every gate 0 or 1 and tanh(g) +-1; nothing is forgotten
 * of a c of +-64, whose tanh is +-1. */
static bool saturated(const assay_case *c, int i, int64_t n, double *const *value, assay_rng *rng)
{
    for (int64_t k = 0; k < n; k++) {
        const double sign = assay_rng_below(rng, 2) ? 1 : -1;
        value[i][k] = i == BIAS            ? (k / c->dim[H_] == 1 ? 200 : 200 * sign)
                      : i == C             ? 64 * sign
                      : i == WI || i == WH ? 0
                                           : 1;
    }
    return true;
}
static bool state(const assay_case *c, int i, int64_t n, double *const *value, assay_rng *rng)
{
    const double fan = sqrt((double)(c->dim[X_] + c->dim[H_] + 1));
    for (int64_t k = 0; k < n; k++)
        value[i][k] = assay_rng_normal(rng) / (i == WI || i == WH ? fan : 1);
    return true;
}
static const assay_gen gens[] = {
    { "state", ASSAY_TAG_RANDOM, state, .says = "weights scaled by their number" },
    { "saturated", ASSAY_TAG_EXACT, saturated, .says = "gates open or shut" },
};
static const char *const unseen[] = { "beyond-Q[!23]*: an LSTM has four gates",
                                      "beyond-Q2??: an LSTM has four gates",
                                      "both-*Q[!2]*: an LSTM has four gates",
                                      "lost-*-Q[48]: an LSTM has four gates",
                                      "lost-*-Q16: an LSTM has four gates",
                                      "repeated-*-Q[48]: an LSTM has four gates",
                                      "repeated-*-Q16: an LSTM has four gates",
                                      "short-*-Q*: an LSTM has four gates",
                                      "skips-wi-wh: no product has both",
                                      "skips-wh-wi: no product has both",
                                      "skips-wi-bias: no product has both",
                                      "skips-bias-wi: no product has both",
                                      "skips-c-h0: no product has both",
                                      "out-inf-y: a result lies between -1 and 1",
                                      NULL };
static const char *const holes[] = { "Q=1: an LSTM has four gates", NULL };
static const assay_rows rows[] = {
    { "T={0,1,2,5} B={1,3} X=4 H={1..16} Q=4 gen={state,saturated}", ASSAY_QUICK },
    { "T=3 B=2 X={1..16} H=5 Q=4 gen={state,positive}", ASSAY_QUICK },
    { "T=2 B=2 X=5 H=4 Q=4 gen=" ASSAY_VALUES "@{x,wi,wh,bias,h0,c}", ASSAY_QUICK },
    { "X={1,4} H=1 Q=4 gen={zero-inf,zero-nan}@{x,wi,wh,bias,h0,c}", ASSAY_QUICK },
    { "X={1..4} H={1..3} Q=4 gen=inf-inf@{bias,h0}", ASSAY_QUICK },
    { "B=8 X=3 H={1..12} Q=4 gen=subnormal@{x,wi,wh,c}", ASSAY_QUICK },
    { "B=7 X=3 H={1..12} Q=4 gen=nan@{x,wi,wh,bias,h0,c}", ASSAY_QUICK },
    { "X=33 H=33 Q=4 gen=state", ASSAY_QUICK },
};

static const assay_typeset types[] = { F32, F32, F32, F32, F32, F32, F32 };
const assay_op assay_op_probe_lstm = {
    .name = "probe_lstm",
    .formula = "y = LSTM(x) over T steps, c in place",
    .dims = "TBXHQ",
    .split = 'B',
    OPERANDS(operands),
    PLANES(planes),
    .resolve = resolve,
    .oracle = oracle,
    .kappa = kappa,
    .bound = bound,
    .flops = flops,
};
const assay_suite assay_suite_probe_lstm = {
    .op = "probe_lstm", ROWS(rows), GENS(gens), .holes = holes, .unseen = unseen
};
const assay_kernel assay_kernel_probe_lstm = {
    .op = "probe_lstm",
    .name = "stepwise",
    .types = types,
    .run = run,
    .phases = phases,
    .units = units,
};
