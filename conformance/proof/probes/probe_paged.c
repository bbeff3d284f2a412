/* SPDX-License-Identifier: MIT
 * Probe: do index operands reach through two tables, and does a ragged batch need no shape of its own?  Attention of T
 * query tokens of B sequences over pages of L keys in a pool of N pages: token t belongs to sequence seq(t), stands at
 * position pos(t), and sees keys 0 .. pos(t) of its sequence; key s lies in slot s mod L of page pages(seq, s / L).
 * A token at a negative position is padding: its output is 0. */
#include "probe.h"

enum { SEQ, POS, PAGES, K, V, Q, O };
enum { T_, H_, G_, D_, E_, B_, P_, N_, L_ }; /* "THGDEBPNL" */

static const assay_operand operands[] = {
    { .name = "seq", .shape = "T", .types = I32, .flags = ASSAY_INDEX, .index_of = 'B' },
    { .name = "pos", .shape = "T", .types = I32, .flags = ASSAY_POSITION },
    { .name = "pages", .shape = "BP", .types = I32, .flags = ASSAY_INDEX, .index_of = 'N' },
    { .name = "k", .shape = "NLGD", .types = F32 },
    { .name = "v", .shape = "NLGE", .types = F32 },
    { .name = "q", .shape = "THD", .types = F32 },
    { .name = "o", .shape = "THE", .types = F32, .access = ASSAY_OUT },
};

/* What ties heads to heads, and positions to pages. */
static assay_status resolve(const assay_args *a, void *params, assay_why *why)
{
    (void)params;
    if (a->dim[G_] == 0 || a->dim[H_] % a->dim[G_])
        return assay_fail(why, ASSAY_ERR_SHAPE, "probe_paged: H=%lld is not a multiple of G=%lld",
                          (long long)a->dim[H_], (long long)a->dim[G_]);
    for (int64_t t = 0; a->operand[POS].data && t < a->dim[T_]; t++)
        if (*(int32_t *)at(&a->operand[POS], t, 0, 0) >= a->dim[P_] * a->dim[L_])
            return assay_fail(why, ASSAY_ERR_PARAM, "probe_paged: pos[%lld] lies past P L = %lld", (long long)t,
                              (long long)(a->dim[P_] * a->dim[L_]));
    return ASSAY_OK;
}

/* ---- the oracle and the bound, one (token, head) at a time: attention (its bound.md) with scale 1 */

typedef struct query {
    const double *q, *k, *v, *pages;
    int64_t keys, G, D, E, L, g;
} query;

static query query_of(const assay_dense *a, int64_t t, int64_t h)
{
    const double *seq = a->operand[SEQ], *pos = a->operand[POS], *pages = a->operand[PAGES], *q = a->operand[Q];
    const int64_t *d = a->dim;
    return (query){ q + (t * d[H_] + h) * d[D_],
                    a->operand[K],
                    a->operand[V],
                    pages + (int64_t)seq[t] * d[P_],
                    (int64_t)pos[t] + 1,
                    d[G_],
                    d[D_],
                    d[E_],
                    d[L_],
                    h / (d[H_] / d[G_]) };
}
static int64_t row_of(const query *x, int64_t s)
{
    return ((int64_t)x->pages[s / x->L] * x->L + s % x->L) * x->G + x->g;
}
static double top_of(const query *x)
{
    double m = -INFINITY;
    for (int64_t s = 0; s < x->keys; s++)
        m = fmax(m, dot_f64(x->q, x->k + row_of(x, s) * x->D, x->D, NULL));
    return m;
}
static void oracle(const assay_dense *a)
{
    for (int64_t i = 0; i < a->dim[T_] * a->dim[H_]; i++) {
        const query x = query_of(a, i / a->dim[H_], i % a->dim[H_]);
        double *o = (double *)a->operand[O] + i * x.E, sum = 0;
        const double m = top_of(&x);
        memset(o, 0, (size_t)x.E * sizeof *o);
        for (int64_t s = 0; s < x.keys; s++) {
            const int64_t row = row_of(&x, s);
            const double w = exp(dot_f64(x.q, x.k + row * x.D, x.D, NULL) - m);
            sum += w;
            for (int64_t e = 0; e < x.E; e++)
                o[e] += w * x.v[row * x.E + e];
        }
        for (int64_t e = 0; sum > 0 && e < x.E; e++)
            o[e] /= sum;
    }
}
static void bound(const assay_dense *a, double *const *plane, const assay_contract *c, double *const *b)
{
    const double u = bound_u(c), dots = bound_c(c, (double)a->dim[D_], 1), e_exp = BOUND_E(c, e_exp);
    (void)plane;
    for (int64_t i = 0; i < a->dim[T_] * a->dim[H_]; i++) {
        const query x = query_of(a, i / a->dim[H_], i % a->dim[H_]);
        const double *o = (const double *)a->operand[O] + i * x.E, m = top_of(&x);
        const double sums = bound_c(c, (double)x.keys, 2);
        double *B = b[O] + i * x.E, sum = 0, sigma;
        for (int64_t s = 0; s < x.keys; s++)
            sum += exp(dot_f64(x.q, x.k + row_of(&x, s) * x.D, x.D, NULL) - m);
        memset(B, 0, (size_t)x.E * sizeof *B);
        for (int64_t s = 0; s < x.keys; s++) {
            const int64_t row = row_of(&x, s);
            const double z = dot_f64(x.q, x.k + row * x.D, x.D, &sigma), w = exp(z - m) / sum;
            const double rho = expm1(fmin(dots * sigma + 2 * u * fabs(z) + (e_exp + m - z) * u, 1)) * (1 + 0x1p-10);
            for (int64_t e = 0; e < x.E; e++) {
                const double v = x.v[row * x.E + e];
                B[e] += w > 0 ? w * rho * fabs(v - o[e]) + sums * w * fabs(v) : 0;
                B[e] += bound_eta(c) * (fabs(v) / sum + 1);
            }
        }
        for (int64_t e = 0; x.keys > 0 && e < x.E; e++) {
            B[e] += (sums + 2 * u) * fabs(o[e]);
            double size = 0; /* of the sum before it is divided */
            for (int64_t s = 0; s < x.keys; s++)
                size += fabs(x.v[row_of(&x, s) * x.E + e]);
            B[e] *= bound_either(c, size);
        }
    }
}
static double flops(const assay_args *a) /* only visible keys */
{
    double keys = 0;
    for (int64_t t = 0; a->operand[POS].data && t < a->dim[T_]; t++)
        keys += *(int32_t *)at(&a->operand[POS], t, 0, 0) + 1;
    return keys * (double)a->dim[H_] * 2.0 * (double)(a->dim[D_] + a->dim[E_]);
}

/* ---- the kernel: scores of one head in scratch */

static size_t scratch(const assay_args *a)
{
    return (size_t)(a->dim[P_] * a->dim[L_]) * sizeof(float);
}
static void one_head(const assay_args *a, int64_t t, int64_t h)
{
    const int32_t seq = *(int32_t *)at(&a->operand[SEQ], t, 0, 0), pos = *(int32_t *)at(&a->operand[POS], t, 0, 0);
    const int64_t g = h / (a->dim[H_] / a->dim[G_]), L = a->dim[L_], E = a->dim[E_];
    float *o = at(&a->operand[O], t, h, 0), *p = a->scratch, m = -INFINITY, sum = 0;
    for (int64_t s = 0; s <= pos; s++) {
        const int32_t page = *(int32_t *)at(&a->operand[PAGES], seq, s / L, 0);
        p[s] = dot_f32(at(&a->operand[Q], t, h, 0), at(&a->operand[K], page, s % L, g), a->dim[D_]);
        m = fmaxf(m, p[s]);
    }
    for (int64_t e = 0; e < E; e++)
        o[e] = 0;
    for (int64_t s = 0; s <= pos; s++) {
        const float w = expf(p[s] - m),
                    *v = at(&a->operand[V], *(int32_t *)at(&a->operand[PAGES], seq, s / L, 0), s % L, g);
        sum += w;
        for (int64_t e = 0; e < E; e++)
            o[e] += w * v[e];
    }
    for (int64_t e = 0; pos >= 0 && e < E; e++)
        o[e] /= sum;
}
static assay_status run(const assay_args *a)
{
    for (int64_t t = a->begin; t < a->end; t++)
        for (int64_t h = 0; h < a->dim[H_]; h++)
            one_head(a, t, h);
    return ASSAY_OK;
}

/* ---- cases */

/* Tables for every generator: pages in an order of their own (two sequences may share some, one never twice), ragged
 * positions, the last slot of a page and padding among them. */
static bool tables(const assay_case *c, int i, int64_t n, double *const *value, assay_rng *rng)
{
    const int64_t N = c->dim[N_], P = c->dim[P_], slots = P * c->dim[L_];
    for (int64_t k = 0; i == PAGES && N && k < n; k++)
        value[i][k] = (double)((N - k % P + 3 * (k / P)) % N);
    for (int64_t k = 0; i == POS && slots && k < n; k++)
        value[i][k] = k % 6 == 4 ? -1 : k % 6 == 1 ? (double)(slots - 1) : (double)assay_rng_below(rng, slots);
    for (int64_t k = 0; i == SEQ && c->dim[B_] && k < n; k++)
        value[i][k] = (double)(k % 4 == 3 ? c->dim[B_] - 1 : assay_rng_below(rng, c->dim[B_]));
    return i == PAGES || i == POS || i == SEQ;
}
/* Keys are distinct words of +-4; a query is 8 times the word of one visible key: its value must come out, bit for bit.
 * The last visible key is the target of every third query. */
static bool selection(const assay_case *c, int i, int64_t n, double *const *value, assay_rng *rng)
{
    const int64_t *d = c->dim, D = d[D_], L = d[L_], G = d[G_];
    if ((i != K && i != Q) || G == 0 || d[H_] % G || d[B_] * d[P_] * d[N_] * L == 0)
        return false;
    for (int64_t k = 0; i == K && k < n; k++)
        value[K][k] = (k / (D * G)) >> (k % D % 62) & 1 ? 4 : -4;
    for (int64_t r = 0; i == Q && r < n / (D ? D : 1); r++) {
        const int64_t t = r / d[H_], pos = (int64_t)value[POS][t], g = r % d[H_] / (d[H_] / G);
        const int64_t s = pos < 0 ? 0 : r % 3 ? assay_rng_below(rng, pos + 1) : pos;
        const int64_t page = (int64_t)value[PAGES][(int64_t)value[SEQ][t] * d[P_] + s / L];
        for (int64_t e = 0; e < D; e++)
            value[Q][r * D + e] = 8 * value[K][((page * L + s % L) * G + g) * D + e];
    }
    return true;
}
static const assay_gen gens[] = { { "selection", ASSAY_TAG_EXACT, selection, .says = "one key takes all the weight" } };
static const assay_rows rows[] = {
    { "T={0,1,7} H={2,6} G=2 D=7 E={1..16} B=3 P=3 N=5 L=4 gen={gauss,selection}", ASSAY_QUICK },
    { "T={6,20} H=1 G=1 D={1..16} E=5 B={1,4} P=2 N=4 L=3 gen={gauss,positive}", ASSAY_QUICK },
    { "T=7 H=2 G=2 D=6 E=3 B=2 P=1 N=1 L={1,16} gen={gauss,selection}", ASSAY_QUICK },
    { "T=7 H=2 G=1 D=9 E=5 B=3 P=2 N=5 L=4 gen=" ASSAY_VALUES "@{k,v,q}", ASSAY_QUICK },
    { "D={4,33} E={4,33} gen=zero-inf@{k,v,q}", ASSAY_QUICK }, /* nobody else reads the same number */
    { "T=3 D=33 E=33 B=2 N=2 L=2 gen=gauss", ASSAY_QUICK },
    { "T=4 B=65600 N=7 gen=gauss", ASSAY_QUICK },
    { "T=4 P=2 N=65600 gen=gauss", ASSAY_QUICK },
    { "T=4 L=65600 gen=gauss", ASSAY_QUICK },
};

static const assay_typeset types[] = { I32, I32, I32, F32, F32, F32, F32 };
const assay_op assay_op_probe_paged = {
    .name = "probe_paged",
    .formula = "attention of ragged tokens over pages of keys",
    .dims = "THGDEBPNL",
    .role = { ASSAY_ROLE_ROWS },
    .split = 'T',
    OPERANDS(operands),
    .resolve = resolve,
    .oracle = oracle,
    .bound = bound,
    .flops = flops,
};
const assay_suite assay_suite_probe_paged = { .op = "probe_paged", ROWS(rows), GENS(gens), .fill = tables };
const assay_kernel assay_kernel_probe_paged = {
    .op = "probe_paged",
    .name = "gather",
    .types = types,
    .run = run,
    .scratch = scratch,
};
