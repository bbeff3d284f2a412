/* SPDX-License-Identifier: MIT
 * The inputs with which each project tests, for its rule to be judged on them too.  Shapes are ours. */
#include "../../../reference/core/dtype.h"
#include "../../../reference/core/secret.h"
#include "rules.h"
#include <float.h>
#include <math.h>
#include <string.h>

static double between(assay_rng *r, double lo, double hi)
{
    return lo + (hi - lo) * assay_rng_uniform(r);
}

static bool is(const assay_case *c, const char *op)
{
    return !strcmp(c->op->name, op);
}

typedef struct range {
    const char *op;
    double lo, hi;
} range;

static double ranged(const assay_case *c, const range *list, size_t n, assay_rng *r)
{
    for (size_t i = 0; i < n; i++)
        if (is(c, list[i].op))
            return between(r, list[i].lo, list[i].hi);
    return between(r, -1, 1);
}

static double ggml(const assay_case *c, int i, int64_t j, assay_rng *r)
{
    static const range list[] = { { "rmsnorm", -10, 10 },      { "layernorm", -10, 10 }, { "silu", -150, 150 },
                                  { "activation", -150, 150 }, { "gelu", -150, 150 },    { "swiglu", -150, 150 },
                                  { "quantize", -150, 150 },   { "mul", 0.9, 1.1 } };
    (void)i;
    (void)j;
    return ranged(c, list, ASSAY_COUNT_OF(list), r);
}

static double randn(const assay_case *c, int i, int64_t j, assay_rng *r)
{
    (void)c;
    (void)i;
    (void)j;
    return assay_rng_normal(r);
}

static double onnx(const assay_case *c, int i, int64_t j, assay_rng *r)
{
    (void)i;
    (void)j;
    return is(c, "attention") || is(c, "rope") ? assay_rng_uniform(r) : assay_rng_normal(r);
}

/* Any finite float, by its bits. */
static double any_bits(assay_rng *r)
{
    float x;
    do {
        const uint32_t bits = (uint32_t)assay_rng_u64(r);
        memcpy(&x, &bits, sizeof x);
    } while (!isfinite(x));
    return x;
}

static double xnnpack(const assay_case *c, int i, int64_t j, assay_rng *r)
{
    static const range list[] = { { "softmax", 90, 100 }, { "rope", 1, 10 } };
    (void)i;
    (void)j;
    return is(c, "add") || is(c, "mul") ? any_bits(r) : ranged(c, list, ASSAY_COUNT_OF(list), r);
}

static double integer(assay_rng *r, int64_t lo, int64_t hi)
{
    return (double)(lo + assay_rng_below(r, hi - lo + 1));
}

/* Three clusters at the end of exp's range; all others as low as the type goes. */
static double softmax_clusters(const assay_case *c, int64_t j, assay_rng *r)
{
    const int64_t C = c->dim[1] ? c->dim[1] : 1, row = j / C, at = j % C;
    assay_rng place = { assay_secret_seed(c->seed), 77, (uint64_t)row * 4 };
    const int64_t top = 1 + assay_rng_below(&place, 2), next = 2 + assay_rng_below(&place, 4);
    const int64_t last = 5 + assay_rng_below(&place, 4), all = top + next + last;
    const int64_t start = all < C ? assay_rng_below(&place, C - all + 1) : 0, k = at - start;
    const double end = row / 64 % 2 ? -88 : 88;
    (void)r;
    if (k < 0 || k >= all)
        return c->type[0] == ASSAY_f16 ? -65504 : c->type[0] == ASSAY_bf16 ? -0x1.FEp127 : -FLT_MAX;
    return end + (k < top ? 2 : k < top + next ? 1 : 0);
}

/* Thirteen kinds in turn: small and large, of both signs, near the ends of exp's range and its halves. */
static double activation(int64_t j, assay_rng *r)
{
    const double small = between(r, 0, 0.09), whole = integer(r, 0, 10);
    const double kinds[] = { whole,      -whole,      small,           -small,          10 * whole,      -10 * whole,
                             10 * small, -10 * small, 88 + 10 * small, 22 + 10 * small, 44 + 10 * small, 0,
                             0 };
    return kinds[j % 13];
}

/* Integers in each type's range; a block's first elements take the extreme codes, so that its step is 1 (q4_k: 63). */
static double product_term(const assay_case *c, int i, int64_t j, assay_rng *r)
{
    static const range list[] = { { "f32", -128, 128 }, { "f16", -2, 2 }, { "bf16", -2, 2 } };
    const assay_dtype_info *t = assay_dtype_of(c->type[i]);
    if (c->type[i] == ASSAY_q4_k)
        return j % 32 == 0 ? 0 : 63 * (j % 32 == 1 ? 15 : integer(r, 0, 4));
    if (c->type[i] == ASSAY_q6_k)
        return j % 16 ? integer(r, -2, 2) : -32;
    if (t->block > 1)
        return j % t->block == 0                               ? (c->type[i] == ASSAY_q8_0 ? 127 : -8)
               : j % t->block == 1 && c->type[i] == ASSAY_q4_1 ? 7
                                                               : integer(r, -2, 2);
    if (i == 0) /* beside weights in blocks activations are rounded to blocks as well */
        return j % 32 == 0 && assay_dtype_of(c->type[1])->block > 1 ? 127 : integer(r, -64, 64);
    for (size_t k = 0; k < ASSAY_COUNT_OF(list); k++)
        if (!strcmp(t->name, list[k].op))
            return integer(r, (int64_t)list[k].lo, (int64_t)list[k].hi);
    return integer(r, -2, 2);
}

static double benchdnn(const assay_case *c, int i, int64_t j, assay_rng *r)
{
    if (is(c, "matmul") || is(c, "gate_up"))
        return product_term(c, i, j, r);
    if (is(c, "attention"))
        return integer(r, i == 0 ? -4 : -2, i == 0 ? 4 : 2);
    if (is(c, "softmax"))
        return softmax_clusters(c, j, r);
    if (is(c, "silu") || (is(c, "swiglu") && i == 0))
        return activation(j, r);
    if (is(c, "rmsnorm"))
        return i ? ldexp(1, (int)(j % 7) - 3) : (j % 2 ? -1 : 1) * (assay_rng_uniform(r) < 0.5 ? 1 : 0.25);
    return integer(r, -8, 8) * (i == 0 && (is(c, "add") || is(c, "mul")) ? 0.5 : 1);
}

int assay_tosa_set(const assay_case *c)
{
    return c->gen == &assay_gen_tosa ? (int)(c->seed % ASSAY_TOSA_SETS) : -1;
}

/* TOSA's sets of data for a dot product of K terms (x, w, bias): 0 products with zero, 1 large exponents, 2 and 3 small
 * terms upon a large first one, of one size and of several, 4 one product among zeros, 5 both signs and a large range.
 * most: of the operand's type.  Where x is zero w is not and the other way round, so `side` is that of the place k. */
static double tosa_term(int set, int i, int64_t k, int64_t K, double most, double side, assay_rng *r)
{
    const double s = between(r, -1, 1), t = between(r, -1, 1), n = (double)K;
    const bool zero = (side < 0) == (i == 0), middle = k == K / 2;
    const double half = (side < 0) == (i == 1) ? 0.5 : -0.5;
    if (i == 2)
        return set == 1 ? most * most / (n + 1) * ((s < 0 ? -0.75 : 0.75) + 0.25 * t) : 0;
    switch (set) {
    case 0:
        return zero ? 0 : t;
    case 1:
        return most / sqrt(n + 1) * ((s < 0 ? -0.75 : 0.75) + 0.25 * t);
    case 2:
        return k == 0 ? 1 : s / sqrt(n);
    case 3:
        return k == 0 ? (s < 0 ? -16 : 16) : exp(2 * s) * t;
    case 4:
        return middle ? half : zero ? 0 : most / sqrt(n) * t;
    default:
        return most / sqrt(n + 1) * s;
    }
}

static double tosa(const assay_case *c, int i, int64_t j, assay_rng *r)
{
    if (!is(c, "matmul")) /* no rule of TOSA's for it here: who asks hears what our verdicts say of plain numbers */
        return between(r, -1, 1);
    const int64_t K = c->dim[assay_op_dim(c->op, 'K')], k = i < 2 && K ? j % K : 0;
    const double most = c->type[i] == ASSAY_f16 ? 65504 : c->type[i] == ASSAY_bf16 ? 0x1.FEp63 : 0x1.FFFFFEp63;
    assay_rng place = { assay_secret_seed(c->seed), 78, (uint64_t)k * 4 };
    return tosa_term(assay_tosa_set(c), i, k, K, most, between(&place, -1, 1), r);
}

/* A mask that hides or does not: benchdnn's; its products, like XNNPACK's softmax, know no other. */
static bool plain_mask(const assay_case *c, int i, int64_t n, double *const *value, assay_rng *r)
{
    if (!(c->op->operands[i].flags & ASSAY_MASK))
        return false;
    for (int64_t j = 0; j < n; j++)
        value[i][j] = is(c, "attention") && assay_rng_uniform(r) < 0.25 ? -INFINITY : 0;
    return true;
}

const assay_gen assay_gen_ggml = { "ggml", ASSAY_TAG_RANDOM, NULL, ggml };
const assay_gen assay_gen_pytorch = { "randn", ASSAY_TAG_RANDOM, NULL, randn };
const assay_gen assay_gen_onnx = { "onnx", ASSAY_TAG_RANDOM, NULL, onnx };
const assay_gen assay_gen_benchdnn = { "benchdnn", ASSAY_TAG_ADVERSARIAL, plain_mask, benchdnn };
const assay_gen assay_gen_xnnpack = { "xnnpack", ASSAY_TAG_ADVERSARIAL, plain_mask, xnnpack };
const assay_gen assay_gen_tosa = { "tosa", ASSAY_TAG_ADVERSARIAL, NULL, tosa, .most = 0x1p127 };
