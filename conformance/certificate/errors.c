/* SPDX-License-Identifier: MIT
 * Calls of a product y = x w^T with chosen factors, and what their errors say.
 *
 * Dense inputs: an error bound by sum|x w| holds on all of them; one by norms breaks where a factor has large numbers
 * that meet zeros of the other, or rows of different sizes.  Picks: one factor has a single 1 a row, so that each
 * output is one number of the other factor, which comes back to the bits that the arithmetic keeps of it, alone and
 * beside a number M.  What is rounded as a floating-point number loses no more beside M; of a number in fixed point as
 * many bits less are left as M is larger. */
#include "errors.h"
#include "../../reference/bound.h"
#include "../../reference/core/dtype.h"
#include "../../reference/core/registry.h"
#include "../../reference/core/rng.h"
#include "../../reference/core/tensor.h"
#include "../../reference/core/status.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { T = 16, N = 32, K = 512, SHARE = 4 }; /* a row in SHARE has an M */

static const struct product {
    const char *op, *factor[2], *pattern, *ones; /* ones: operand that holds 1 */
} products[] = {
    { "matmul", { "x", "w" }, "T=16 N=32 K=512 w=*", NULL },
    { "matmul_add", { "x", "w" }, "T=16 N=32 K=512 w=*", NULL },
    { "matmul_batch", { "x", "w" }, "B=1 T=16 N=32 K=512 x=f32 w={f32,f16,bf16}", NULL },
    { "matmul_id", { "x", "w" }, "T=16 A=1 X=1 N=32 K=512 w=*", NULL },
    { "matmul_scaled", { "x", "w" }, "T=16 N=32 K=512 R=32 rows=1 w=*", "scale" },
    { "similarity", { "a", "b" }, "T=16 N=32 D=512 form=dot b=*", NULL },
    { "scores", { "q", "k" }, "B=1 T=16 S=32 H=1 G=1 D=512 stage=product scale=1 k=*", NULL },
};

typedef struct bench {
    assay_pool *pool;
    const assay_kernel *k;
    int plugin, at[2], out; /* operands: the factors, the product */
    assay_problem p;
    double *y, u;
    assay_error_model *m;
    assay_rng rng;
} bench;

static const struct product *product_of(const assay_kernel *k)
{
    for (size_t i = 0; i < ASSAY_COUNT_OF(products); i++)
        if (!strcmp(products[i].op, k->op))
            return &products[i];
    return NULL;
}

bool assay_errors_asked(const assay_kernel *k)
{
    return product_of(k) != NULL;
}

/* ---- calls ------------------------------------------------------------------------------------------------------- */

static double *row_of(const bench *b, int factor, int64_t r)
{
    return b->p.value[b->at[factor]] + r * K;
}

/* Encodes the factors, runs the kernel, leaves what was wanted in p.value and what came in y. */
static bool call(bench *b)
{
    static const assay_manner plain = { ASSAY_PLACE_PLAIN, 1, INT64_C(1) << 40, false, 0xff, 0xff, true };
    assay_tensor out[ASSAY_MAX_OPND];
    assay_finding f;
    for (int i = 0; i < 2; i++)
        assay_tensor_encode(&b->p.t[b->at[i]], b->p.value[b->at[i]]);
    if (assay_problem_solve(&b->p, b->k->contract, &b->m->why))
        return false;
    const assay_outcome o = assay_judge_once(b->pool, &b->p, b->k, b->plugin, &plain, &f, out);
    const bool ran = o == ASSAY_PASSED && out[b->out].data;
    if (ran)
        assay_tensor_decode(b->y, &out[b->out]);
    else
        assay_fail(&b->m->why, ASSAY_OK, "%.200s",
                   o == ASSAY_NOT_ACCEPTED ? "the kernel refuses it"
                   : f.why.text[0]         ? f.why.text
                                           : "the call did not return");
    assay_outputs_free(out);
    return ran;
}

static double error_at(const bench *b, int64_t i)
{
    const double want = b->p.value[b->out][i], e = fabs(b->y[i] - want);
    return b->y[i] == want ? 0 : isfinite(e) ? e : INFINITY;
}

/* The exponents between which factor f has its numbers: what narrow types hold, or 24 bits. */
static int lowest(const bench *b, int f)
{
    const assay_dtype t = b->p.t[b->at[f]].type;
    return t == ASSAY_f32 || t == ASSAY_f16 || t == ASSAY_bf16 ? -10 : -4;
}
static int highest(const bench *b, int f)
{
    return lowest(b, f) == -10 ? 14 : 7;
}

/* ---- dense inputs ------------------------------------------------------------------------------------------------ */

typedef enum dense { FLAT, LARGE_FIRST, LARGE_SECOND, ROWS, DENSE } dense;

static double random_scale(bench *b, int most)
{
    return ldexp(1, -(int)assay_rng_below(&b->rng, most + 1));
}

static void fill_dense(bench *b, dense kind)
{
    for (int f = 0; f < 2; f++)
        for (int64_t r = 0; r < (f ? N : T); r++) {
            const double scale = kind == ROWS ? random_scale(b, f ? 6 : 20) : 1;
            const bool large = kind == (f ? LARGE_SECOND : LARGE_FIRST), meets = kind != FLAT && kind != ROWS && !large;
            for (int64_t k = 0; k < K; k++) {
                const double g = assay_rng_normal(&b->rng) * scale;
                const double size = k < K / 2 ? (large ? highest(b, f) - 2 : 0) : large ? lowest(b, f) : 0;
                row_of(b, f, r)[k] = meets && k < K / 2 ? 0 : ldexp(g, (int)size);
            }
        }
}

/* Takes the errors of a dense input to those of the model. */
static void see_dense(bench *b)
{
    double most[2] = { 0, 0 };
    for (int f = 0; f < 2; f++)
        for (int64_t i = 0; i < (f ? N : T) * K; i++)
            most[f] = fmax(most[f], fabs(row_of(b, f, 0)[i]));
    for (int64_t t = 0; t < T; t++)
        for (int64_t n = 0; n < N; n++) {
            double size = 0;
            for (int64_t k = 0; k < K; k++)
                size += fabs(row_of(b, 0, t)[k] * row_of(b, 1, n)[k]);
            const double e = error_at(b, t * N + n);
            b->m->component = fmax(b->m->component, e > 0 ? e / (b->u * size) : 0);
            b->m->norm = fmax(b->m->norm, e > 0 ? e / (b->u * K * most[0] * most[1]) : 0);
        }
}

/* ---- picks ------------------------------------------------------------------------------------------------------- */

static bool in_blocks(const bench *b, int f)
{
    return assay_dtype_of(b->p.t[b->at[f]].type)->block > 1;
}

/* Where M stands in rows of factor f, and which number the r-th row of the other factor picks: half of them its every
 * other neighbours, half spread over the row; of blocks those outside of its own. */
static int64_t place_of_m(const bench *b, int f)
{
    return in_blocks(b, f) ? 0 : 3 * K / 8 + 5;
}
static int64_t picked(const bench *b, int f, int64_t r)
{
    const int64_t rows = f ? T : N, half = rows / 2, m = place_of_m(b, f);
    if (in_blocks(b, f))
        return K / 2 + r * (K / 2) / rows;
    return r < half ? m + 1 + 2 * r : (m + K / 2 + (r - half) * (K / 2) / half) % K;
}

/* Numbers of 2^at to 2^(at + 1) in factor f; with m > 0 that in one row of SHARE.  bit: 1 + 2^-1 .. 1 + 2^-23 in turn.
 */
static void fill_picks(bench *b, int f, int at, double m, bool bit)
{
    memset(row_of(b, !f, 0), 0, (size_t)((f ? T : N) * K) * sizeof(double));
    for (int64_t r = 0; r < (f ? T : N); r++)
        row_of(b, !f, r)[picked(b, f, r)] = 1;
    for (int64_t r = 0; r < (f ? N : T); r++) {
        for (int64_t k = 0; k < K; k++) {
            const double v = bit ? 1 + ldexp(1, -(int)(1 + (r + k) % 23)) : 1 + assay_rng_uniform(&b->rng);
            row_of(b, f, r)[k] = ldexp(bit || assay_rng_below(&b->rng, 2) ? v : -v, at);
        }
        if (m > 0 && r % SHARE == 0)
            row_of(b, f, r)[place_of_m(b, f)] = m;
    }
}

typedef struct lost {     /* of the numbers that were picked */
    double own, others;   /* shares that lost more than allowed: in rows with an M, in others */
    double most, largest; /* error: relative, absolute in rows with an M */
    bool infinite;
} lost;

static lost see_picks(const bench *b, int f, double allowed)
{
    lost l = { 0 };
    const int64_t rows = f ? N : T, picks = f ? T : N;
    int64_t n[2] = { 0 }, gone[2] = { 0 };
    for (int64_t r = 0; r < rows; r++)
        for (int64_t i = 0; i < picks; i++) {
            const int64_t at = f ? i * N + r : r * N + i;
            const double e = error_at(b, at), want = fabs(b->p.value[b->out][at]);
            if (want == 0)
                continue;
            const bool own = r % SHARE == 0, bad = e > allowed * want;
            n[own]++;
            gone[own] += bad;
            l.infinite |= e > 0 && !isfinite(e);
            l.most = fmax(l.most, e / want);
            l.largest = own ? fmax(l.largest, e) : l.largest;
        }
    l.own = n[1] ? (double)gone[1] / (double)n[1] : 0;
    l.others = n[0] ? (double)gone[0] / (double)n[0] : 0;
    return l;
}

/* The least block, aligned, that holds M and every number that was lost in its row, if nearly all in it were; else 0.
 */
static int64_t block_of(const bench *b, int f, double allowed)
{
    for (int64_t size = 16; size < K; size *= 2) {
        int64_t in = 0, gone = 0, outside = 0;
        for (int64_t i = 0; i < (f ? T : N); i++) {
            const double want = fabs(b->p.value[b->out][f ? i * N : i]);
            const bool bad = error_at(b, f ? i * N : i) > allowed * want;
            const bool inside = picked(b, f, i) / size == place_of_m(b, f) / size;
            in += inside;
            gone += inside && bad;
            outside += !inside && bad;
        }
        if (in && !outside && gone * 10 >= in * 9)
            return size;
    }
    return 0;
}

/* ---- the decision ------------------------------------------------------------------------------------------------ */

static const double all_bits = 0x1p-21; /* relative: what is right to this has all of f32's bits but roundings' own */

/* Bits of a number alone that come back: of 1 + 2^-j the largest j with all below it.  Not rounded is what loses fewer
 * than the last of these while `most`, the largest relative error, is small: noise of other sums.  False: no answer. */
static bool count_bits(bench *b, int f, double most, bool *rounded)
{
    double worst[24] = { 0 };
    int j = 1;
    fill_picks(b, f, 0, 0, true);
    if (!call(b))
        return false;
    for (int64_t r = 0; r < (f ? N : T); r++)
        for (int64_t i = 0; i < (f ? T : N); i++) {
            const int64_t at = f ? i * N + r : r * N + i;
            const int64_t bit = 1 + (r + picked(b, f, i)) % 23;
            worst[bit] = fmax(worst[bit], error_at(b, at) / fabs(b->p.value[b->out][at]));
        }
    while (j < 24 && worst[j] <= all_bits)
        j++;
    *rounded = j + 2 >= -log2(most);
    if (*rounded)
        b->m->bits = b->m->bits && b->m->bits < j ? b->m->bits : j;
    return true;
}

/* Of a fixed point: how far below M the largest error lies, at the least M beside which one is seen. */
static bool count_fixed(bench *b, int f)
{
    const int from = lowest(b, f), most = highest(b, f);
    for (int at = from + 1; at <= most; at += at < most - 3 || at == most ? 3 : most - at) {
        const double m = ldexp(1, at);
        fill_picks(b, f, from, m, false);
        if (!call(b))
            return false;
        const double e = see_picks(b, f, all_bits).largest;
        if (!(e > ldexp(all_bits, from + 1)) && at < most)
            continue;
        if (!(e > 0) || !isfinite(e))
            return assay_fail(&b->m->why, ASSAY_OK, "the error beside 2^%d is %g", at, e), false;
        const int bits = (int)nearbyint(log2(m / e));
        b->m->bits = b->m->bits && b->m->bits < bits ? b->m->bits : bits;
        return true;
    }
    return true;
}

/* Is factor f in fixed point, or rounded?  False: no answer, or wrong numbers. */
static bool see_factor(bench *b, int f, bool rounded[2])
{
    const int from = lowest(b, f);
    fill_picks(b, f, from, 0, false);
    if (!call(b))
        return false;
    const lost alone = see_picks(b, f, all_bits);
    if (alone.most > 0.25)
        return b->m->kind = ASSAY_ERRORS_NONE, false;
    if (alone.most > all_bits && !count_bits(b, f, alone.most, &rounded[f]))
        return false;
    const double allowed = 4 * fmax(alone.most, all_bits / 4);
    fill_picks(b, f, from, ldexp(1, highest(b, f)), false);
    if (!call(b))
        return false;
    const lost beside = see_picks(b, f, allowed);
    const int64_t block = beside.others < 0.1 && !in_blocks(b, f) ? block_of(b, f, allowed) : 0;
    if (beside.own < 0.9 && !block)
        return true;
    const int64_t within = beside.others > 0.9 ? -1 : beside.own >= 0.9 ? 0 : block;
    b->m->kind = ASSAY_ERRORS_FIXED;
    b->m->within = b->m->of[!f] && b->m->within != within ? 0 : within;
    b->m->of[f] = true;
    return true;
}

static bool see_range(bench *b, int f)
{
    fill_picks(b, f, 17, 0, false);
    if (!call(b))
        return false;
    b->m->narrow |= see_picks(b, f, all_bits).infinite;
    return true;
}

/* Are sums exact whose terms are powers of two, and which f32 holds in any order? */
static bool see_sums(bench *b)
{
    for (int f = 0; f < 2; f++)
        for (int64_t r = 0; r < (f ? N : T); r++)
            for (int64_t k = 0; k < K; k++)
                row_of(b, f, r)[k] = f ? 1 : ldexp(1, (int)((k + r) % 15));
    if (!call(b))
        return false;
    for (int64_t i = 0; i < T * N; i++)
        b->m->sums |= error_at(b, i) > all_bits * fabs(b->p.value[b->out][i]);
    return true;
}

/* What is neither factor holds 1 where the product asks for it, and 0. */
static void hold_others(bench *b)
{
    const struct product *of = product_of(b->k);
    const assay_op *op = b->p.c.op;
    for (int i = 0; i < op->n_operands; i++) {
        const assay_operand *o = &op->operands[i];
        if (i == b->at[0] || i == b->at[1] || i == b->out || !(b->p.c.present >> i & 1) || (o->flags & ASSAY_INDEX))
            continue;
        for (int64_t k = 0; k < assay_tensor_count(&b->p.t[i]); k++)
            b->p.value[i][k] = of->ones && !strcmp(of->ones, o->name);
        assay_tensor_encode(&b->p.t[i], b->p.value[i]);
    }
}

/* Of dense inputs the largest errors; what a sum of rounded products may do in any order is the limit. */
static void decide(bench *b)
{
    assay_error_model *m = b->m;
    bool rounded[2] = { false, false };
    hold_others(b);
    for (dense kind = FLAT; kind < DENSE; kind++) {
        fill_dense(b, kind);
        if (!call(b))
            return;
        see_dense(b);
    }
    if (!see_factor(b, 0, rounded) || !see_factor(b, 1, rounded))
        return;
    if (m->kind == ASSAY_ERRORS_FIXED) {
        m->bits = 0;
        for (int f = 0; f < 2; f++)
            if (m->of[f] && !count_fixed(b, f))
                m->kind = ASSAY_ERRORS_UNKNOWN;
        return;
    }
    const bool any = rounded[0] || rounded[1];
    for (int f = 0; any && f < 2; f++)
        if (rounded[f] && !see_range(b, f))
            return;
    if (any && !see_sums(b))
        return;
    /* Of sums that are rounded each addition errs as much; of a narrow range the smallest numbers do. */
    const double more = any ? ldexp(m->sums ? K + 2 : 2.2, -m->bits) / b->u : 0;
    memcpy(m->of, rounded, sizeof rounded);
    m->kind = m->component > K + 2 + more && !m->narrow ? (m->norm <= 64 ? ASSAY_ERRORS_NORM : ASSAY_ERRORS_NONE)
              : any                                     ? ASSAY_ERRORS_ROUNDED
                                                        : ASSAY_ERRORS_COMPONENT;
}

/* ---- a shape ----------------------------------------------------------------------------------------------------- */

typedef struct desk {
    assay_pool *pool;
    const assay_kernel *k;
    int plugin;
    const assay_case *like; /* the types alone that this has; NULL: all */
    assay_errors *to;
} desk;

static assay_status visit(const char *line, void *ctx, assay_why *why)
{
    static const assay_contract strict = { .size = sizeof strict };
    const desk *d = ctx;
    const struct product *of = product_of(d->k);
    assay_error_model m = { .kind = ASSAY_ERRORS_UNKNOWN };
    assay_tensor t[ASSAY_MAX_OPND];
    bench b = { .pool = d->pool, .k = d->k, .plugin = d->plugin, .m = &m, .out = -1, .rng = { 1, 14, 0 } };
    assay_status s = assay_case_parse(line, &m.c, why);
    if (s)
        return s;
    const assay_op *op = m.c.op;
    for (int f = 0; f < 2; f++)
        b.at[f] = assay_op_operand(op, of->factor[f]);
    for (int i = 0; i < op->n_operands; i++)
        b.out = op->operands[i].access == ASSAY_OUT ? i : b.out;
    assay_case_tensors(&m.c, t);
    const assay_args a = { .operand = t, .dim = m.c.dim, .params = m.c.params };
    const bool grid = assay_dtype_of(t[b.at[1]].type)->grid;
    if (!assay_kernel_takes(op, d->k, &a) || grid || (d->like && d->like->type[b.at[1]] != m.c.type[b.at[1]]))
        return ASSAY_OK;
    s = assay_problem_make(&m.c, &b.p, why);
    if (!s) {
        m.c = b.p.c;
        b.u = bound_u(d->k->contract ? d->k->contract : &strict);
        b.y = assay_zeros((size_t)assay_tensor_count(&b.p.t[b.out]), sizeof *b.y);
        decide(&b);
        d->to->all = assay_grown(d->to->all, d->to->n, sizeof m);
        d->to->all[d->to->n++] = m;
    }
    free(b.y);
    assay_problem_free(&b.p);
    return s;
}

static void measure(desk *d)
{
    const struct product *of = product_of(d->k);
    assay_why why = { "" };
    if (of && assay_case_expand(assay_op_find(of->op), of->pattern, visit, d, &why))
        fprintf(stderr, "assay check: the model of the error: %s\n", why.text);
}

void assay_errors_measure(assay_pool *pool, const assay_kernel *k, int plugin, assay_errors *e)
{
    measure(&(desk){ pool, k, plugin, NULL, e });
}

void assay_errors_like(assay_pool *pool, const assay_case *c, const assay_kernel *k, int plugin, assay_errors *e)
{
    measure(&(desk){ pool, k, plugin, c, e });
}

void assay_errors_free(assay_errors *e)
{
    free(e->all);
    *e = (assay_errors){ NULL, 0 };
}
