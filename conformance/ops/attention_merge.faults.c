/* SPDX-License-Identifier: MIT
 * attention_merge: kernels that are wrong on purpose, and legal ones: in two passes in any order of the sum, with the
 * quotient first, last or not at all, in base 2; by states that are merged in a chain, from either end, or in a tree.
 */
#include "faults.h"
#include "variants.h"
#include <stdlib.h>

/* X(mode, name, where it comes from) */
#define FAULTS(X)                                                                                                      \
    X(EMPTY_NAN, "merge-of-empty-parts", "flashinfer-ai/flashinfer#4051")                                              \
    X(EMPTY_FIRST, "first-part-where-all-are-empty", "vllm-project/vllm#28181")                                        \
    X(EMPTY_FINITE, "lse-of-nothing-finite", "vllm-project/vllm#39148")                                                \
    X(EMPTY_INF, "lse-of-nothing-plus-infinity", "Dao-AILab/flash-attention#978")                                      \
    X(PLUS_EMPTY, "plus-infinity-is-empty", "own: what merges make of FlashAttention 2's lse")                         \
    X(EMPTY_LEAKS, "empty-part-times-0", "own: NaN times 0")                                                           \
    X(O_CLEANED, "nan-of-a-part-is-0", "sgl-project/sglang#34213")                                                     \
    X(NAN_PASSED, "nan-lse-is-empty", "own: fmaxf passes it over")                                                     \
    X(BASE_2, "lse-taken-for-base-2", "sgl-project/sglang#40903")                                                      \
    X(OUT_2, "lse-out-in-base-2", "flashinfer-ai/flashinfer#4485")                                                     \
    X(OVERFLOWS, "logarithm-of-1-and-an-exponential", "zhuzilin/ring-flash-attention#30")                              \
    X(DIFFERENCE, "by-a-difference-of-parts", "zhuzilin/ring-flash-attention#34")                                      \
    X(BF16_PARTS, "running-parts-in-bf16", "jzhang38/EasyContext#14")                                                  \
    X(TO_32, "parts-beyond-32-lost", "flashinfer-ai/flashinfer#4573")                                                  \
    X(LSE_DENSE, "lse-as-dense", "vllm-project/vllm#21996")                                                            \
    X(Y_DENSE, "y-as-dense", "flagos-ai/FlagGems#5235")                                                                \
    X(ADDED, "lse-added", "zhuzilin/ring-flash-attention#20")                                                          \
    X(NO_MAX, "no-maximum", "own: exponentials of lse itself")                                                         \
    X(NO_QUOTIENT, "not-divided-by-the-sum", "statement deleted")                                                      \
    X(MAX_ALONE, "lse-of-the-largest", "statement deleted")                                                            \
    X(MEAN, "mean-of-the-parts", "own: each counts the same")                                                          \
    X(LAST_LOST, "last-part-lost", "off by one")                                                                       \
    X(ROW_0, "weights-of-the-first-row", "own")                                                                        \
    X(F16_WEIGHT, "weights-in-f16", "own")

#define LEGAL(X) X(DOUBLE, "double", "legal: in double, rounded once")

enum { PLAIN, FAULTS(MODE) LEGAL(MODE) };
enum { LSE, O, Y, LSE_OUT };

typedef struct row {
    int64_t n, E; /* parts that count, elements */
    float *lse, *w, *o, *y, lse_out;
    const assay_sum *order;
    int mode;
} row;

/* By the rows of SUMS: two passes (division, reciprocal, by lse_out, weights divided, base 2), or states (sums, or lse
 * and weights, or lse and exponentials), in a tree unless any depth is allowed, so that each contract has both. */
enum { DIVIDED, TIMES, BY_LSE, DIVIDED_FIRST, BASE2, STATES_OF_SUMS, STATES, STATES_BY_LSE };
static int form_of(const row *k)
{
    static const char forms[ASSAY_SUMS + 1] = "0123456701236"    /* any, pairwise */
                                              "1704621370676276" /* lanes, blocks */
                                              "56701342130";     /* split; the rest */
    return k->mode == PLAIN ? forms[k->order->row] - '0' : DIVIDED;
}

static float power(const row *k, float d)
{
    return form_of(k) == BASE2 ? exp2f(d * 0x1.715476p+0f) : assay_vary_exp(k->order->row, d);
}

/* Maximum, weights, sum; then each element, with the quotient first, last, or in the exponent. */
static void two_passes(row *k)
{
    const int form = form_of(k), mode = k->mode;
    float m = mode == NO_MAX ? 0 : -INFINITY, s;
    for (int64_t p = 0; p < k->n && mode != NO_MAX; p++)
        m = k->lse[p] > m ? k->lse[p] : m;
    for (int64_t p = 0; p < k->n; p++) {
        k->w[p] = mode == BASE_2   ? exp2f(k->lse[p] - m)
                  : mode == NO_MAX ? expf(k->lse[p])
                  : mode == MEAN   ? 1
                                   : power(k, k->lse[p] - m);
        k->w[p] = mode == F16_WEIGHT ? chop(k->w[p], 10) : k->w[p];
    }
    s = assay_sum_of(k->order, k->w, 1, NULL, 0, k->n);
    const float inverse = assay_vary_reciprocal(k->order->row, s);
    k->lse_out = mode == MAX_ALONE ? m : m + (mode == BASE_2 ? log2f(s) : assay_vary_log(k->order->row, s));
    for (int64_t p = 0; p < k->n; p++)
        k->w[p] = form == BY_LSE ? power(k, k->lse[p] - k->lse_out) : form == DIVIDED_FIRST ? k->w[p] / s : k->w[p];
    for (int64_t e = 0; e < k->E; e++) {
        const float of = assay_sum_of(k->order, k->w, 1, k->o + e, k->E, k->n);
        k->y[e] = mode == NO_QUOTIENT || form == BY_LSE || form == DIVIDED_FIRST ? of
                  : form == TIMES                                                ? of * inverse
                                                                                 : of / s;
    }
}

static void in_double(row *k)
{
    double m = -INFINITY, s = 0;
    for (int64_t p = 0; p < k->n; p++)
        m = fmax(m, (double)k->lse[p]);
    for (int64_t p = 0; p < k->n; p++)
        s += exp((double)k->lse[p] - m);
    for (int64_t e = 0; e < k->E; e++) {
        double of = 0;
        for (int64_t p = 0; p < k->n; p++)
            of += exp((double)k->lse[p] - m) * (double)k->o[p * k->E + e];
        k->y[e] = (float)(of / s);
    }
    k->lse_out = (float)(m + log(s));
}

/* State j joins state i: by maximum, sum (w) and products, or by lse and means. */
static void join(row *k, int64_t i, int64_t j)
{
    const int form = form_of(k), mode = k->mode, exponential = k->order->row;
    const float a = k->lse[i], b = k->lse[j], m = a > b ? a : b;
    const float ea = assay_vary_exp(exponential, a - m), eb = assay_vary_exp(exponential, b - m);
    const float both = mode == OVERFLOWS ? a + logf(1 + expf(b - a))
                       : mode == ADDED   ? a + b
                                         : m + assay_vary_log(exponential, ea + eb);
    const float last = form == STATES_BY_LSE ? assay_vary_exp(exponential, b - both) : eb / (ea + eb);
    const float first = form == STATES_BY_LSE ? assay_vary_exp(exponential, a - both) : ea / (ea + eb);
    float *x = k->o + i * k->E, *z = k->o + j * k->E;
    for (int64_t e = 0; e < k->E; e++) {
        x[e] = form == STATES_OF_SUMS ? x[e] * ea + z[e] * eb
               : mode == DIFFERENCE   ? x[e] - 1 / (1 + expf(a - b)) * (x[e] - z[e])
               : mode == OVERFLOWS    ? x[e] * expf(a - both) + z[e] * expf(b - both)
                                      : x[e] * first + z[e] * last;
        x[e] = mode == BF16_PARTS ? as_bf16(x[e]) : x[e];
    }
    k->w[i] = k->w[i] * ea + k->w[j] * eb;
    k->lse[i] = form == STATES_OF_SUMS ? m : both;
}

static void by_states(row *k)
{
    const bool sums = form_of(k) == STATES_OF_SUMS, back = k->order->row == 6;
    const bool tree = k->order->splits > 1 || k->order->depth != ASSAY_DEPTH_ANY;
    const int64_t at = back ? k->n - 1 : 0;
    for (int64_t p = 0; p < k->n; p++)
        k->w[p] = 1;
    for (int64_t step = 1; tree && step < k->n; step *= 2)
        for (int64_t i = 0; i + step < k->n; i += 2 * step)
            join(k, i, i + step);
    for (int64_t i = 1; !tree && i < k->n; i++)
        join(k, at, back ? at - i : i);
    for (int64_t e = 0; e < k->E; e++)
        k->y[e] = k->o[at * k->E + e] / (sums ? k->w[at] : 1);
    k->lse_out = k->lse[at] + (sums ? assay_vary_log(k->order->row, k->w[at]) : 0);
}

static float lse_at(const assay_args *a, int64_t p, int64_t r, int mode)
{
    const assay_tensor *t = &a->operand[LSE];
    float l;
    memcpy(&l,
           (const char *)t->data + (mode == LSE_DENSE ? (p * t->dim[1] + r) * 4 : p * t->stride[0] + r * t->stride[1]),
           sizeof l);
    return l;
}

/* The parts of row r that count; false: NaN is the answer. */
static bool gather(const assay_args *a, int64_t r, row *k)
{
    const int mode = k->mode;
    const int64_t P = a->dim[0] - (mode == LAST_LOST && a->dim[0] > 1);
    float odd = 0;
    k->n = 0;
    for (int64_t p = 0; p < P && !(mode == TO_32 && p == 32); p++) {
        const float l = lse_at(a, p, mode == ROW_0 ? a->begin : r, mode);
        if ((l == -INFINITY && mode != EMPTY_LEAKS) || (mode == PLUS_EMPTY && l == INFINITY) ||
            (mode == NAN_PASSED && l != l))
            continue;
        odd += l == -INFINITY ? 0 : l - l;
        float *o = k->o + k->n * k->E;
        assay_vary_read(&a->operand[O], p * a->dim[1] + r, 0, k->E, o);
        for (int64_t e = 0; mode == O_CLEANED && e < k->E; e++)
            o[e] = o[e] != o[e] ? 0 : o[e];
        k->lse[k->n++] = l;
    }
    return odd == 0;
}

/* No part counts */
static void nothing(const assay_args *a, row *k)
{
    for (int64_t e = 0; e < k->E; e++)
        k->y[e] = k->mode == EMPTY_NAN ? NAN : 0;
    if (k->mode == EMPTY_FIRST && a->dim[0])
        assay_vary_read(&a->operand[O], a->begin, 0, k->E, k->y);
    k->lse_out = k->mode == EMPTY_NAN      ? NAN
                 : k->mode == EMPTY_FINITE ? -1e30f + logf(1e-10f)
                 : k->mode == EMPTY_INF    ? INFINITY
                                           : -INFINITY;
}

static void no_number(row *k)
{
    k->lse_out = NAN;
    for (int64_t e = 0; e < k->E; e++)
        k->y[e] = NAN;
}

static void put(const assay_args *a, int64_t r, const row *k)
{
    const assay_tensor *out = &a->operand[LSE_OUT];
    const float lse = k->mode == OUT_2 ? k->lse_out * 0x1.715476p+0f : k->lse_out;
    assay_tensor y = a->operand[Y];
    if (k->mode == Y_DENSE)
        y.stride[0] = k->E * 4;
    assay_vary_write(&y, r, 0, k->E, k->y);
    if (out->data)
        memcpy((char *)out->data + r * out->stride[0], &lse, sizeof lse);
}

static assay_status merge(const assay_args *a, int mode, const assay_sum *order)
{
    const int64_t P = a->dim[0], E = a->dim[2];
    float *room = malloc((size_t)((P + 1) * (E + 2)) * sizeof *room);
    if (!room)
        return ASSAY_ERR_NOMEM;
    row k = { 0, E, room, room + P, room + 2 * P, room + P * (E + 2), 0, order, mode };
    const bool chain = mode == OVERFLOWS || mode == DIFFERENCE || mode == BF16_PARTS || mode == ADDED;
    for (int64_t r = a->begin; r < a->end; r++) {
        const bool right = gather(a, r, &k);
        bool none = true;
        for (int64_t p = 0; p < k.n; p++)
            none &= k.lse[p] == -INFINITY;
        if (!right)
            no_number(&k);
        else if (none)
            nothing(a, &k);
        else if (mode == DOUBLE)
            in_double(&k);
        else if (chain || form_of(&k) >= STATES_OF_SUMS)
            by_states(&k);
        else
            two_passes(&k);
        put(a, r, &k);
    }
    free(room);
    return ASSAY_OK;
}
static assay_status run(const assay_args *a)
{
    return merge(a, mode_of(a), &assay_sums[0]);
}
static assay_status vary(const assay_args *a)
{
    return merge(a, PLAIN, a->variant);
}

static const assay_typeset types[] = { VARY_F32, VARY_FLOATS, VARY_FLOATS, VARY_F32 };
#define VARY        vary
#define KERNEL_BASE .op = "attention_merge", .types = types
#define VARY_BASE   KERNEL_BASE
static const assay_fault table[] = { SUMS(VARY_ROW) FAULTS(BAD_ROW) LEGAL(GOOD_ROW) };

const assay_faults assay_faults_attention_merge = { "attention_merge", table, ASSAY_COUNT_OF(table) };
