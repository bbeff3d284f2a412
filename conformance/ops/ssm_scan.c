/* SPDX-License-Identifier: MIT
 * ssm_scan: cases; states that remember and states that fall at once, steps from almost none to many. */
#include "../../reference/core/status.h"
#include "../../reference/core/values.h"
#include "../../reference/names.h"
#include "tables.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { X, DT, A, WRITE, READ, SKIP, BIAS, STATE, Y, LAST };

/* The state alone counts, and falls by e to e^4 at each token. */
static double held(const assay_case *c, int i, int64_t j, assay_rng *r)
{
    (void)c, (void)j;
    const double x = assay_rng_normal(r);
    return i == X ? ldexp(x, -40) : i == DT ? 0.5 + x / 64 : i == BIAS ? x / 64 : x;
}
/* Steps of about 1 that are nothing without their bias. */
static double biased(const assay_case *c, int i, int64_t j, assay_rng *r)
{
    (void)c, (void)j;
    const double x = assay_rng_normal(r);
    return i == DT ? x / 16 - 4 : i == BIAS ? 4.5 + x / 16 : x;
}
/* a is below 0, as in every model, or else states would grow without end. */
static bool falling(const assay_case *c, int i, int64_t n, double *const *value, assay_rng *r)
{
    const bool ours = i == A && c->gen_at != 1 + A && c->gen->tag != ASSAY_TAG_CLASS;
    const double least = c->gen->draw == held ? 1 : 0x1p-6;
    for (int64_t j = 0; ours && j < n; j++)
        value[i][j] = -fabs(assay_rng_normal(r)) - least;
    return ours;
}
/* As Mamba begins: steps from 0.001 to 0.1. */
static double small_steps(const assay_case *c, int i, int64_t j, assay_rng *r)
{
    (void)c, (void)j;
    const double x = assay_rng_normal(r);
    return i == DT ? -2.25 - 4.65 * assay_rng_uniform(r) : i == BIAS ? x / 4 : x;
}
/* Steps of 3 to 40, so that what came before is soon gone, or subnormal. */
static double large_steps(const assay_case *c, int i, int64_t j, assay_rng *r)
{
    (void)c, (void)j;
    const double x = assay_rng_normal(r);
    return i == DT ? 3 + 37 * assay_rng_uniform(r) : x;
}
/* Numbers of state alike in all but their sign, and what is read of them cancels. */
static double across(const assay_case *c, int i, int64_t j, assay_rng *r)
{
    const int64_t N = c->dim[3] ? c->dim[3] : 1;
    const double little = assay_rng_normal(r) / 64;
    return i == READ ? (j % N % 2 ? -1 : 1) + little : i == DT ? little - 2 : i == STATE ? 3 + little : 1 + little;
}
/* Nothing but the skip, or almost: it decides, and its rounding. */
static double skipped(const assay_case *c, int i, int64_t j, assay_rng *r)
{
    (void)c, (void)j;
    const double x = assay_rng_normal(r);
    return i == READ ? ldexp(x, -40) : x;
}
/* Infinite tokens that nothing writes, and what is not finite where the step, the token or the state is 0: skip, bias
 * and a, in a channel each. */
static double zero_inf(const assay_case *c, int i, int64_t j, assay_rng *r)
{
    const double x = assay_rng_normal(r);
    const int64_t D = c->dim[2] ? c->dim[2] : 1, N = c->dim[3] ? c->dim[3] : 1;
    const int64_t d = i == A || i == STATE ? j / N % D : j % D;
    switch (i) {
    case X:
        return d == 0 ? (j / D % 2 ? x : 0) : j % 5 == 0 ? INFINITY : j % 5 == 1 ? 0 : x;
    case DT:
        return j / D % 2 ? x : 0;
    case A:
        return d == 3 && j % 2 ? NAN : -fabs(x);
    case STATE:
        return d == 3 ? 0 : x;
    case SKIP:
        return d == 0 ? INFINITY : d == 1 ? 0 : x;
    case BIAS:
        return d == 1 ? INFINITY : d == 0 ? 0 : x;
    default:
        return j % 7 ? x : 0;
    }
}
static const assay_gen gens[] = {
    TIGHT_DRAW("small-steps", ADVERSARIAL, small_steps, "steps of 0.001 to 0.1: states that remember"),
    TIGHT_DRAW("large-steps", ADVERSARIAL, large_steps, "steps of 3 to 40: states that fall at once"),
    GEN_DRAW("across", ADVERSARIAL, across, "what is read cancels"),
    TIGHT_DRAW("held", ADVERSARIAL, held, "nothing but the state counts, and it falls fast"),
    TIGHT_DRAW("biased", ADVERSARIAL, biased, "steps that are nothing without their bias"),
    TIGHT_DRAW("skipped", ADVERSARIAL, skipped, "nothing but the skip counts"),
    GEN_DRAW("zero-times-inf", CLASS, zero_inf,
             "infinite tokens that nothing writes, and what else is not finite beside zeros"),
};

#define ALL "skip=f32 bias=f32 state=f32 last=f32 "
static const assay_rows rows[] = {
    { "B=2 T={1..5} D=3 N={1..4} skip={f32,none} bias={f32,none} state={f32,none} last={f32,none} gen=gauss",
      ASSAY_QUICK },
    { "B=1 T=3 D={1..17} N=5 " ALL "gen={gauss,small-steps}", ASSAY_QUICK },
    { "B=1 T=3 D=2 N={5..17} " ALL "gen={gauss,across}", ASSAY_QUICK },
    { "B=1 T={6..17} D=2 N=3 " ALL "gen={gauss,large-steps}", ASSAY_QUICK },
    { "B={0,1} T={0,2} D={0,3} N={0,2} " ALL "gen=gauss", ASSAY_QUICK },
    { "B=2 T=4 D={16,33} N={16,33,65,130} skip={f32,none} last=f32 gen={small-steps,skipped}", ASSAY_QUICK },
    { "B=2 T=4 D=5 N=6 x={f16,bf16} y={f32,f16,bf16} skip={f32,none} gen={gauss,skipped}", ASSAY_QUICK },
    { "B=1 T={33,300} D=3 N=4 " ALL "gen={gauss,small-steps,large-steps,across}", ASSAY_QUICK },
    { "B=2 T={1,2} D=5 N=6 state=f32 last=f32 gen=held", ASSAY_QUICK },
    { "B=2 T=1 D=5 N={1,6} bias=f32 gen=biased", ASSAY_QUICK },
    /* values at every place */
    { "B=2 T=5 D=4 N=3 " ALL "gen=" ASSAY_VALUES "@{x,dt,write,read,skip,bias,state}", ASSAY_QUICK },
    { "B=2 T=5 D=4 N=3 " ALL "gen={nan,minus-inf,signed-zero,subnormal,smallest-normal,zero-tile,low-tile,all-low}@a",
      ASSAY_QUICK },
    { "B=1 T=2 D=70 N=2 " ALL "gen=nan@{skip,bias}", ASSAY_QUICK },
    { "B=2 T=5 D=4 N=3 x={f16,bf16} y={f16,bf16} gen={nan,inf,subnormal,end}@x", ASSAY_QUICK },
    { "B=2 T=5 D=4 N=3 " ALL "gen={special,zero,signed-zero,denormal,wide,zero-times-inf}", ASSAY_QUICK },
    { "B=2 T=5 D=4 N=3 y={f16,bf16} " ALL "gen=end@y", ASSAY_QUICK },
    /* a above 0: products of decays overflow where the state is a number, or nothing is given that they multiply */
    { "B=1 T=441 D=4 N=3 skip={f32,none} state={f32,none} last=f32 gen=equal-start@a", ASSAY_QUICK },
    { "B=1 T=300 D=3 N=4 skip={f32,none} state={f32,none} last=f32 gen=signed-zero@x", ASSAY_QUICK },
    { "B=2 T=5 D=4 N=3 " ALL "gen=zero-inf@{a,state}", ASSAY_QUICK },
};

static const char *const unseen[] = {
    "flushed-dt: softplus of a subnormal is that of 0",
    "flushed-bias: softplus of a subnormal is that of 0",
    "flushed-a: the exponential of a subnormal is 1",
    "inf-a: the exponential of the largest number is that of infinity",
    NULL,
};

/* Where a is far above 0 all that was ever written is infinite, of either sign: nobody's answer is right. */
static bool fits(const assay_case *c, assay_why *why)
{
    static const char *const large[] = { "inf", "inf-inf", "end", "one-spike", "square-over" };
    for (size_t i = 0; c->gen_at == 1 + A && i < ASSAY_COUNT_OF(large); i++)
        if (!strcmp(c->gen->name, large[i]))
            return assay_fail(why, ASSAY_ERR_ARG, "ssm_scan: gen=%s@a makes states that overflow", c->gen->name) ==
                   ASSAY_OK;
    return true;
}

/* No step, so that the state stays as it was; y is x by a skip of 1. */
static double land(const assay_case *c, int i, int64_t j)
{
    return i == DT ? -1000 : i == SKIP ? 1 : i == X || i == STATE ? assay_landing(c, j) : 0;
}

REFERENCE_OF(ssm_scan, double);
/* By NumPy in float64, with the gate silu(z) of Mamba's block: more operands than a row of known answers holds. */
static bool with_all(assay_why *why)
{
    double x[] = { 1, 2, 0.5, -1, -1, 0.25 }, dt[] = { 0.1, -0.5, 1, 0, -1, 2 }, rate[] = { -1, -0.5, -2, -0.25 };
    double write[] = { 1, 0.5, 0.25, -1, 2, 1 }, read[] = { 1, -1, 0.5, 0.5, 1, 2 }, skip[] = { 0.5, 1 };
    double bias[] = { 0.2, -0.1 }, y[10], *last = y + 6;
    const double z[] = { 1, -1, 0.5, 2, 0, 1 };
    const double want[] = { 0.6778211546481, -0.6555414739759, 0.05517390624348, -0.7955035952096, 0,
                            2.567539534296,  -0.4795471084417, -0.8081190888743, 1.02104843108,    1.120518056139 };
    void *const operand[] = { x, dt, rate, write, read, skip, bias, NULL, y, last };
    assay_ssm_scan_double(&(assay_dense){ .operand = operand, .dim = (const int64_t[]){ 1, 3, 2, 2 } });
    for (int i = 0; i < 10; i++) {
        const double got = i < 6 ? y[i] * z[i] / (1 + exp(-z[i])) : y[i];
        if (fabs(got - want[i]) > 1e-12)
            return assay_fail(why, ASSAY_ERR_ARG, "ssm_scan: known answer: number %d is %.13g, not %.13g", i, got,
                              want[i]) == ASSAY_OK;
    }
    return true;
}

static long double step_of(const assay_dense *a, int64_t at)
{
    const double *dt = a->operand[DT], *bias = a->operand[BIAS];
    const long double z = (long double)dt[at] + (bias ? bias[at % a->dim[2]] : 0);
    return z > 0 ? z + log1pl(expl(-z)) : log1pl(expl(z));
}
enum { BLOCK = 64 };
/* Number n of the state of channel d of sequence b after token t, without a recurrence from token to token: each one's
 * share of it, by the exponential of all steps between them, back to the last multiple of 64 tokens, before which it
 * was `before`.  What lies before an infinite step is one number when it meets that. */
static long double state_at(const assay_dense *a, const long double *steps, int64_t b, int64_t d, int64_t n, int64_t t,
                            int64_t first, long double before)
{
    const int64_t T = a->dim[1], D = a->dim[2], N = a->dim[3];
    const double *x = a->operand[X], *rate = a->operand[A], *write = a->operand[WRITE];
    long double h = 0, between = 0;
    for (int64_t s = t; s >= first; s--) {
        const int64_t at = (b * T + s) * D + d;
        const long double step = steps[at], enters = step * x[at] * write[(b * T + s) * N + n];
        if (isinf(step))
            return h + expl(between) *
                           (enters + expl(step * rate[d * N + n]) * state_at(a, steps, b, d, n, s - 1, first, before));
        h += expl(between) * enters;
        between += step * rate[d * N + n];
    }
    return h + expl(between) * before;
}
SECOND(ssm_scan)
{
    const int64_t T = a->dim[1], D = a->dim[2], N = a->dim[3];
    const double *x = a->operand[X], *read = a->operand[READ], *skip = a->operand[SKIP], *state = a->operand[STATE];
    double *y = a->operand[Y], *last = a->operand[LAST];
    long double *steps = assay_zeros((size_t)(a->dim[0] * T * D + T) + 1, sizeof *steps);
    long double *sum = steps + a->dim[0] * T * D; /* (T) of one channel */
    for (int64_t i = 0; i < a->dim[0] * T * D; i++)
        steps[i] = step_of(a, i);
    for (int64_t i = 0; i < a->dim[0] * D; i++) {
        const int64_t b = i / D, d = i % D;
        for (int64_t t = 0; t < T; t++)
            sum[t] = skip ? (long double)skip[d] * x[(b * T + t) * D + d] : 0;
        for (int64_t n = 0; n < N; n++) {
            long double before = state ? state[i * N + n] : 0, h = before;
            for (int64_t t = 0; t < T; t++) {
                before = t % BLOCK ? before : h;
                h = state_at(a, steps, b, d, n, t, t / BLOCK * BLOCK, before);
                sum[t] += h * read[(b * T + t) * N + n];
            }
            if (last)
                last[i * N + n] = (double)h;
        }
        for (int64_t t = 0; t < T; t++)
            y[(b * T + t) * D + d] = (double)sum[t];
    }
    free(steps);
}

static const assay_workload workloads[] = {
    { "mamba-130m.prefill512", "B=1 T=512 D=1536 N=16 skip=f32 bias=f32 last=f32", 512 },
    { "mamba-2.8b.prefill512", "B=1 T=512 D=5120 N=16 skip=f32 bias=f32 last=f32", 512 },
    { "mamba-2.8b.decode", "B=1 T=1 D=5120 N=16 skip=f32 bias=f32 state=f32 last=f32", 1 },
};

static const assay_vector_case vectors[] = {
    { "plain", "B=2 T=7 D=3 N=4 gen=gauss" },
    { "carried", "B=2 T=7 D=3 N=4 skip=f32 bias=f32 state=f32 last=f32 gen=small-steps" },
    { "steep", "B=2 T=5 D=3 N=4 skip=f32 state=f32 last=f32 gen=large-steps" },
    { "special", "B=2 T=3 D=5 N=3 skip=f32 state=f32 last=f32 gen=zero-times-inf" },
    { "narrow", "B=1 T=4 D=5 N=3 x=bf16 y=f16 bias=f32 gen=gauss" },
};

#define WHOLE "B=2 T={1,2,9} D={3,19} N={4,17} skip=f32 bias=f32 state=f32 last=f32 gen=gauss seed=3"
#define READS "B=2 T=9 D=19 N=17 skip=f32 bias=f32 state=f32 gen=gauss seed=3"
static const assay_relation relations[] = {
    CARRY("in pieces: the same", WHOLE, "T", "last", "state", LOOSE),
    AFFINE("4 x and 4 state: 4 y", WHOLE, "x state", 4, 0, 4, 0),
    AFFINE("4 read and skip: 4 y", READS, "read skip", 4, 0, 4, 0),
    ALONG(REVERSE, "channels in reverse: in y too", WHOLE, "D", LOOSE),
    ALONG(REVERSE, "numbers of state in reverse: in last too", WHOLE, "N", LOOSE),
    ALONG(CUT, "channels in two calls: the same", WHOLE, "D", LOOSE),
    ALONG(CUT, "sequences in two calls: the same", WHOLE, "B", LOOSE),
    ALONG(PREFIX, "what comes later: the same", READS, "T", LOOSE),
};

SUITE(ssm_scan) = { .op = "ssm_scan",
                    .second = second_ssm_scan,
                    .draws_own = true,
                    .rows = rows,
                    .n_rows = ASSAY_COUNT_OF(rows),
                    .gens = gens,
                    .n_gens = ASSAY_COUNT_OF(gens),
                    .fill = falling,
                    .fits = fits,
                    .land = land,
                    .known = with_all,
                    .unseen = unseen };
TABLES(ssm_scan);
