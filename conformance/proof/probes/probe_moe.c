/* SPDX-License-Identifier: MIT
 * Probe: may the number of work units depend on the data?  Matmul by expert ids, y(t,a) = W(ids(t,a)) x(t): the kernel
 * sorts the T A calls by expert in phase 0, into shared; phase 1 has a unit per tile of up to 4 calls of one expert and
 * asks shared how many there are. */
#include "probe.h"

enum { X, W, IDS, Y, TILE = 4 };

static const assay_operand operands[] = {
    { .name = "x", .shape = "TK", .types = F32 },
    { .name = "w", .shape = "ENK", .types = F32, .flags = ASSAY_WEIGHT },
    { .name = "ids", .shape = "TA", .types = I32, .flags = ASSAY_INDEX, .index_of = 'E' },
    { .name = "y", .shape = "TAN", .types = F32, .access = ASSAY_OUT },
};
static const assay_plane planes[] = { { "A", "TAN" } };
enum { T_, E_, A_, N_, K_ }; /* "TEANK" */

static void walk(const assay_dense *a, double *y, double *size)
{
    const int64_t A = a->dim[A_], N = a->dim[N_], K = a->dim[K_];
    const double *x = a->operand[X], *w = a->operand[W], *ids = a->operand[IDS];
    for (int64_t c = 0; c < a->dim[T_] * A; c++)
        for (int64_t n = 0; n < N; n++) {
            double s;
            const double v = dot_f64(x + c / A * K, w + ((int64_t)ids[c] * N + n) * K, K, &s);
            *(y ? &y[c * N + n] : &size[c * N + n]) = y ? v : s;
        }
}
static void oracle(const assay_dense *a)
{
    walk(a, a->operand[Y], NULL);
}
static void kappa(const assay_dense *a, double *const *plane)
{
    walk(a, NULL, plane[0]);
}
static void bound(const assay_dense *a, double *const *plane, const assay_contract *c, double *const *b)
{
    for (int64_t i = 0; i < a->dim[T_] * a->dim[A_] * a->dim[N_]; i++)
        b[Y][i] = bound_c(c, (double)a->dim[K_], 1) * plane[0][i] + (double)a->dim[K_] * bound_eta(c);
}
static double flops(const assay_args *a)
{
    return 2.0 * (double)(a->dim[T_] * a->dim[A_]) * (double)(a->dim[N_] * a->dim[K_]);
}

/* ---- the kernel: shared holds the tiles {expert, first, count} and the calls in the order of their experts */

typedef struct plan {
    int64_t tiles;
    int32_t *expert, *first, *count, *call;
} plan;

static size_t shared_bytes(const assay_args *a)
{
    const int64_t calls = a->dim[T_] * a->dim[A_];
    return sizeof(int64_t) + sizeof(int32_t) * 4 * (size_t)calls + 64;
}
static plan plan_of(const assay_args *a)
{
    const int64_t calls = a->dim[T_] * a->dim[A_];
    int32_t *p = (int32_t *)((int64_t *)a->shared + 1);
    return (plan){ *(int64_t *)a->shared, p, p + calls, p + 2 * calls, p + 3 * calls };
}
static void sort_calls(const assay_args *a)
{
    const int64_t A = a->dim[A_], calls = a->dim[T_] * A;
    plan p = plan_of(a);
    int32_t done = 0;
    p.tiles = 0;
    for (int32_t e = 0; e < a->dim[E_]; e++)
        for (int64_t c = 0, n = 0; c < calls; c++)
            if (*(int32_t *)at(&a->operand[IDS], c / A, c % A, 0) == e) {
                if (n++ % TILE == 0)
                    p.expert[p.tiles] = e, p.first[p.tiles] = done, p.count[p.tiles++] = 0;
                p.call[done++] = (int32_t)c, p.count[p.tiles - 1]++;
            }
    *(int64_t *)a->shared = p.tiles;
}
static uint32_t phases(const assay_args *a)
{
    (void)a;
    return 2;
}
static int64_t units(const assay_args *a)
{
    return a->phase == 0 ? 1 : *(const int64_t *)a->shared;
}
static assay_status run(const assay_args *a)
{
    if (a->phase == 0)
        return sort_calls(a), ASSAY_OK;
    const plan p = plan_of(a);
    const int64_t A = a->dim[A_], K = a->dim[K_];
    for (int64_t u = a->begin; u < a->end; u++)
        for (int64_t n = 0; n < a->dim[N_]; n++)
            for (int32_t i = p.first[u]; i < p.first[u] + p.count[u]; i++) {
                const int64_t t = p.call[i] / A, k = p.call[i] % A;
                *(float *)at(&a->operand[Y], t, k, n) =
                    dot_f32(at(&a->operand[X], t, 0, 0), at(&a->operand[W], p.expert[u], n, 0), K);
            }
    return ASSAY_OK;
}

/* ---- cases: all tokens to one expert, the last expert only, experts without a token */

static bool one_expert(const assay_case *c, int i, int64_t n, double *const *value, assay_rng *rng)
{
    const int64_t e = assay_rng_below(rng, 2) ? c->dim[E_] - 1 : 0;
    for (int64_t k = 0; k < n; k++)
        value[i][k] = i == IDS ? (double)e : (double)(assay_rng_below(rng, 17) - 8);
    return true;
}
static const assay_gen gens[] = { { "one-expert", ASSAY_TAG_EXACT, one_expert, .says = "all tokens to one expert" } };
static const char *const exact[] = { "ints-narrow", NULL };
static const assay_rows rows[] = {
    { "T={0,1,3,9} E={1,4} A={1,2} N=3 K={1..16} gen={gauss,ints-narrow,one-expert}", ASSAY_QUICK },
    { "T=5 E=3 A=2 N={1..16} K=7 gen={wide,special,ints-narrow}", ASSAY_QUICK },
    { "T=3 E=2 A=2 N=3 K=33 gen=" ASSAY_VALUES "@{x,w}", ASSAY_QUICK },
    { "K={1,33} gen=zero-inf@{x,w}", ASSAY_QUICK }, /* nobody else reads the same number */
    { "T=3 E=2 A=2 N=3 K=33 gen=gauss", ASSAY_QUICK },
    { "T=3 E=65600 A=2 K={1,2,3} gen=one-expert", ASSAY_QUICK },
};

static const assay_typeset types[] = { F32, F32, I32, F32 };
const assay_op assay_op_probe_moe = {
    .name = "probe_moe",
    .formula = "y(t,a) = W(ids(t,a)) x(t)",
    .dims = "TEANK",
    .role = { ASSAY_ROLE_ROWS },
    .split = 'T',
    OPERANDS(operands),
    PLANES(planes),
    .oracle = oracle,
    .kappa = kappa,
    .bound = bound,
    .flops = flops,
};
const assay_suite assay_suite_probe_moe = { .op = "probe_moe", ROWS(rows), GENS(gens), .exact = exact };
const assay_kernel assay_kernel_probe_moe = {
    .op = "probe_moe",
    .name = "sorted",
    .types = types,
    .run = run,
    .phases = phases,
    .units = units,
    .shared = shared_bytes,
};
