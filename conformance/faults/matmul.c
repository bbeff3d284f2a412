/* SPDX-License-Identifier: MIT
 * matmul: kernels that are wrong on purpose, and legal ones that must pass.  One loop over the outputs; what a mode
 * does otherwise stands where it happens. */
#include "../../reference/core/dtype.h"
#include "../variants.h"
#include "assay/blocks.h"
#include "faults.h"
#include <stdlib.h>

enum { T, N, K };
enum { X, W, BIAS, Y };

/* X(mode, name, where it comes from) */
#define FAULTS(X)                                                                                                      \
    X(LAST_K, "last-k-dropped", "numerics 3")                                                                          \
    X(TAIL_K, "tail-of-k-skipped", "numerics 3")                                                                       \
    X(TAIL_TWICE, "tail-element-counted-twice", "numerics 3")                                                          \
    X(TAIL_N, "tail-of-n-skipped-where-n-mod-8-is-7", "numerics 3")                                                    \
    X(STALE, "last-output-zero", "numerics 3")                                                                         \
    X(PERCENT, "one-output-off-by-1-percent", "numerics 3")                                                            \
    X(BF16_IN, "x-rounded-to-bf16", "numerics 3")                                                                      \
    X(BF16_ACC, "sum-spilled-to-bf16-every-64", "numerics 3")                                                          \
    X(DENSE_ROWS, "row-stride-of-y-taken-as-n", "numerics 3")                                                          \
    X(TOWARD_ZERO, "sum-rounded-toward-zero", "numerics 1.2")                                                          \
    X(NO_BIAS, "bias-ignored", "numerics 3: beta")                                                                     \
    X(BIAS_TWICE, "bias-once-per-piece-of-k", "K pieces of 256")                                                       \
    X(PIECE, "second-piece-of-k-overwrites", "K pieces of 256")                                                        \
    X(SWALLOW, "nan-counts-as-zero", "numerics 2, special")                                                            \
    X(FLUSH, "subnormal-inputs-flushed", "numerics 2, denormal")                                                       \
    X(BEYOND, "reads-one-past-the-row", "flame/blis#635")                                                              \
    X(TILE4, "slice-rounded-down-to-tiles-of-4", "google/gemmlowp#105")                                                \
    X(PANEL4, "packed-16-wide-read-4-wide", "microsoft/onnxruntime#20030")                                             \
    X(NOBODY, "columns-left-to-nobody", "tile-ai/tilelang#2537")                                                       \
    X(UNZEROED, "accumulator-not-zeroed", "OpenMathLib/OpenBLAS#5917")                                                 \
    X(MERGED, "tail-merges-zeros-into-the-sums", "NVIDIA/NeMo-Speech.cpp#33")                                          \
    X(UNROLLED, "wrong-variable-in-one-of-four-steps", "ggml-org/llama.cpp#16518")                                     \
    X(EDGE_BETA, "beta-0-reads-y-in-edge-tiles", "robertknight/rten#81")                                               \
    X(HALF_LOST, "upper-half-of-the-lanes-lost", "gnuradio/volk#382")                                                  \
    X(INDEX15, "index-product-too-narrow", "vllm-project/vllm#53907: 15 bits for 31")

#define BF16_FAULTS(X) X(TRUNCATED, "y-truncated-to-bf16", "numerics 3")

#define Q8_FAULTS(X)                                                                                                   \
    X(MADDUBS, "pair-sums-saturate-at-16-bit", "uxlfoundation/oneDNN#518")                                             \
    X(NEXT_SCALE, "scale-of-the-next-block", "numerics 3")                                                             \
    X(SKIP_BLOCK, "last-block-skipped", "numerics 3")                                                                  \
    X(SIGN, "sign-trick-negates-minus-128", "ggml-org/llama.cpp#1393")                                                 \
    X(FORM, "activations-in-another-form", "ikawrakow/ik_llama.cpp#364")                                               \
    X(ODD_BLOCK, "odd-block-lost", "ggml-org/llama.cpp#8556")                                                          \
    X(REMAINDER, "remainder-of-four-with-one-scale", "ikawrakow/ik_llama.cpp#951")

#define Q4_FAULTS(X)                                                                                                   \
    X(INT16, "block-sums-wrap-at-16-bit", "numerics 3: BitNet 629; microsoft/BitNet#459")                              \
    X(NIBBLES, "nibbles-interleaved", "numerics 3; kekzl/imp#722")                                                     \
    X(NO_OFFSET, "offset-8-missing", "numerics 3")                                                                     \
    X(ROW_BYTES, "row-stride-without-scales", "ROCm/hip-ep#588")

#define LEGAL(X)                                                                                                       \
    X(SEQUENTIAL, "sequential", "legal: first to last")                                                                \
    X(REVERSED, "reversed", "legal: last to first")                                                                    \
    X(FUSED, "sequential-fma", "legal: fused")                                                                         \
    X(PAIRWISE, "pairwise", "legal: balanced tree")                                                                    \
    X(RANDOM_TREE, "random-tree", "legal: a tree by hash")                                                             \
    X(LANES4, "lanes-4", "legal: 4 sums")                                                                              \
    X(LANES8, "lanes-8-fma", "legal: 8 fused sums")                                                                    \
    X(LANES16, "lanes-16", "legal: 16 sums")                                                                           \
    X(LANES32, "lanes-32-fma", "legal: 32 fused sums")                                                                 \
    X(LANES64, "lanes-64", "legal: 64 sums")                                                                           \
    X(BLOCK64, "k-blocks-of-64", "legal: blocked")                                                                     \
    X(BLOCK1024, "k-blocks-of-1024", "legal: blocked")                                                                 \
    X(SPLIT2, "split-k-2", "legal: two parts")                                                                         \
    X(SPLIT8, "split-k-8-fma", "legal: eight fused parts")                                                             \
    X(KAHAN, "kahan", "legal: compensated")                                                                            \
    X(DOUBLE, "f64-sums", "legal: more precise")                                                                       \
    X(BIAS_FIRST, "bias-first", "legal: the chain begins with the bias")

#define ALL(X)               FAULTS(X) BF16_FAULTS(X) Q8_FAULTS(X) Q4_FAULTS(X) LEGAL(X)
#define MODE(m, name, where) m,
typedef enum mode { ALL(MODE) } mode;

static float as_bf16(float v)
{
    return assay_bf16_to_f32(assay_bf16_from_f64(v));
}

/* Sums of p[0], p[step], ...: the legal orders are made of these. */
static float chain(const float *x, const float *w, int64_t n, int64_t step, bool fused)
{
    float s = 0;
    for (int64_t k = 0; k < n; k += step)
        s = fused ? fmaf(x[k], w[k], s) : s + x[k] * w[k];
    return s;
}

static float tree(const float *x, const float *w, int64_t n, uint32_t hash)
{
    if (n <= 1)
        return n ? x[0] * w[0] : 0;
    const int64_t cut = hash ? 1 + hash % (uint32_t)(n - 1) : n / 2;
    hash = hash ? hash * 1664525u + 1013904223u : 0;
    return tree(x, w, cut, hash) + tree(x + cut, w + cut, n - cut, hash);
}

static float lanes(const float *x, const float *w, int64_t n, int64_t L, bool fused)
{
    float s[64] = { 0 };
    for (int64_t l = 0; l < L; l++)
        s[l] = l < n ? chain(x + l, w + l, n - l, L, fused) : 0;
    for (int64_t half = L / 2; half; half /= 2)
        for (int64_t l = 0; l < half; l++)
            s[l] += s[l + half];
    return s[0];
}

static float blocks(const float *x, const float *w, int64_t n, int64_t size, bool fused)
{
    float s = 0;
    for (int64_t k = 0; k < n; k += size)
        s += chain(x + k, w + k, n - k < size ? n - k : size, 1, fused);
    return s;
}

static float toward_zero(const float *x, const float *w, int64_t n)
{
    float s = 0;
    for (int64_t k = 0; k < n; k++) {
        const double exact = (double)x[k] * w[k] + s;
        s = (float)exact;
        if (fabs((double)s) > fabs(exact))
            s = nextafterf(s, 0);
    }
    return s;
}

static float kahan(const float *x, const float *w, int64_t n)
{
    volatile float s = 0, lost = 0;
    for (int64_t k = 0; k < n; k++) {
        const float p = x[k] * w[k] - lost, sum = s + p;
        if (isfinite(sum))
            lost = (sum - s) - p;
        s = sum;
    }
    return s;
}

static float pieces(const float *x, const float *w, int64_t n, float bias, mode m)
{
    float y = bias;
    for (int64_t k = 0; k < n; k += 256) {
        const float s = chain(x + k, w + k, n - k < 256 ? n - k : 256, 1, false);
        y = k == 0 ? s + bias : m == PIECE ? s : y + s + bias;
    }
    return y;
}

/* Eight lanes as vector code has them, and what goes wrong between the loop and the sum of the lanes. */
static float spoilt_lanes(const float *x, const float *w, int64_t n, mode m)
{
    const int64_t full = n & ~INT64_C(7);
    float s[8] = { 0 };
    for (int64_t k = 0; k < full; k++)
        s[k % 8] += x[m == UNROLLED && k % 32 >= 24 ? k - 8 : k] * w[k];
    for (int64_t l = n - full; m == MERGED && n > full && l < 8; l++)
        s[l] = 0; /* the lanes that the tail does not fill take the loaded zero */
    for (int64_t l = 4; m == HALF_LOST && l < 8; l++)
        s[l] = 0;
    for (int64_t k = full; k < n; k++)
        s[k - full] += x[k] * w[k];
    return (s[0] + s[4]) + (s[1] + s[5]) + ((s[2] + s[6]) + (s[3] + s[7]));
}

static float dot(const float *x, const float *w, int64_t n, mode m)
{
    float s = 0;
    double sum = 0;
    switch (m) {
    case LAST_K:
        return chain(x, w, n - 1, 1, false);
    case TAIL_K:
        return chain(x, w, n & ~INT64_C(7), 1, false);
    case TAIL_TWICE:
        return chain(x, w, n, 1, false) + (n % 8 ? x[n - 1] * w[n - 1] : 0);
    case BF16_IN:
        for (int64_t k = 0; k < n; k++)
            s += as_bf16(x[k]) * w[k];
        return s;
    case BF16_ACC:
        for (int64_t k = 0; k < n; k++)
            s = k % 64 == 63 ? as_bf16(s + x[k] * w[k]) : s + x[k] * w[k];
        return s;
    case TOWARD_ZERO:
        return toward_zero(x, w, n);
    case SWALLOW:
        for (int64_t k = 0; k < n; k++)
            s += isnan(x[k]) ? 0 : x[k] * w[k];
        return s;
    case FLUSH:
        for (int64_t k = 0; k < n; k++)
            s += fabsf(x[k]) < 0x1p-126f ? 0 : x[k] * w[k];
        return s;
    case BEYOND: /* what lies there takes no part, but is read */
        s = n ? ((const volatile float *)x)[n] : 0;
        return chain(x, w, n, 1, false) + (s == 12345.0f ? 1e-30f : 0);
    case MERGED:
    case UNROLLED:
    case HALF_LOST:
        return spoilt_lanes(x, w, n, m);
    case REVERSED:
        for (int64_t k = n - 1; k >= 0; k--)
            s += x[k] * w[k];
        return s;
    case PAIRWISE:
        return tree(x, w, n, 0);
    case RANDOM_TREE:
        return tree(x, w, n, 2463534242u);
    case LANES4:
        return lanes(x, w, n, 4, false);
    case LANES8:
        return lanes(x, w, n, 8, true);
    case LANES16:
        return lanes(x, w, n, 16, false);
    case LANES32:
        return lanes(x, w, n, 32, true);
    case LANES64:
        return lanes(x, w, n, 64, false);
    case BLOCK64:
        return blocks(x, w, n, 64, false);
    case BLOCK1024:
        return blocks(x, w, n, 1024, true);
    case SPLIT2:
        return blocks(x, w, n, (n + 2) / 2, false);
    case SPLIT8:
        return blocks(x, w, n, (n + 8) / 8, true);
    case KAHAN:
        return kahan(x, w, n);
    case DOUBLE:
        for (int64_t k = 0; k < n; k++)
            sum += (double)x[k] * w[k];
        return (float)sum;
    default:
        return chain(x, w, n, 1, m == FUSED);
    }
}

static assay_status f32_kernel(const assay_args *a, mode m)
{
    const int64_t rows = a->dim[T], columns = a->dim[N], n = a->dim[K];
    const assay_tensor *tx = &a->operand[X], *tw = &a->operand[W], *ty = &a->operand[Y];
    const float *bias = a->operand[BIAS].data;
    int64_t begin = a->begin, end = a->end;
    if (m == NOBODY)
        begin *= columns / 4, end *= columns / 4;
    if (m == TILE4 && end < columns)
        end = end / 4 * 4;
    for (int64_t t = 0; t < rows; t++)
        for (int64_t c = begin; c < end; c++) {
            const float *x = (const float *)((const char *)tx->data + t * tx->stride[0]);
            const int64_t w_row = m == INDEX15 ? (c * n & 0x7fff) / (n ? n : 1) : c;
            const float *w = (const float *)((const char *)tw->data + w_row * tw->stride[0]);
            const int64_t y_row = m == DENSE_ROWS ? columns * (int64_t)sizeof(float) : ty->stride[0];
            float *y = (float *)((char *)ty->data + t * y_row) + c, b = bias ? bias[c] : 0, v;
            if (m == TAIL_N && columns % 8 == 7 && c >= (columns & ~INT64_C(7)))
                continue;
            if (m == PANEL4 && n > 1) { /* element k of the row as the walk over panels of 4 finds it in panels of 16 */
                float *mixed = malloc((size_t)n * sizeof *mixed);
                for (int64_t k = 0; mixed && k < n; k++) {
                    const int64_t at = (c % 16 / 4 * n + k) * 4 + c % 4, row = c / 16 * 16 + at % 16;
                    const char *src = (const char *)tw->data + row * tw->stride[0];
                    mixed[k] = row < columns ? ((const float *)src)[at / 16] : 0;
                }
                v = mixed ? chain(x, mixed, n, 1, false) : 0;
                free(mixed);
            } else if (m == BIAS_TWICE || m == PIECE) {
                v = pieces(x, w, n, b, m), b = 0;
            } else if (m == BIAS_FIRST) {
                v = b, b = 0;
                for (int64_t k = 0; k < n; k++)
                    v += x[k] * w[k];
            } else {
                v = dot(x, w, n, m);
            }
            v = m == NO_BIAS ? v : v + b;
            if (m == UNZEROED) /* what the register held before the call */
                v += *(const float *)a->scratch;
            if (m == EDGE_BETA && c >= (columns & ~INT64_C(7)))
                v += 0 * *y;
            const bool last = t == rows - 1 && c == columns - 1;
            *y = m == STALE && last ? 0 : m == PERCENT && last ? v * 1.01f : v;
        }
    return ASSAY_OK;
}

/* ---- weights in blocks: x is rounded to q8_0, block sums in integers ------------------------------------------------
 */

static int saturate16(int v)
{
    return v > 32767 ? 32767 : v < -32768 ? -32768 : v;
}

/* Code k of the block; the stored form of q4_0: 0 .. 15. */
static int code(const assay_tensor *w, const void *block, int k, mode m)
{
    if (w->type == ASSAY_q8_0)
        return ((const assay_q8_0 *)block)->q[k];
    const uint8_t *q = ((const assay_q4_0 *)block)->q;
    return m == NIBBLES ? q[k / 2] >> (k % 2 * 4) & 15 : q[k % 16] >> (k / 16 * 4) & 15;
}

static float block_dot(const assay_tensor *w, const void *block, const void *scale, const assay_q8_0 *x, mode m)
{
    const bool sign = m == SIGN; /* x gives its sign to w, and the byte -(-128) is -128 again */
    const bool q8 = w->type == ASSAY_q8_0;
    int sum = 0, offset = 0;
    for (int k = 0; k < 32; k += 2) {
        const int a = code(w, block, k, m), b = code(w, block, k + 1, m);
        if (m == MADDUBS) /* x + 128 is the unsigned side */
            sum += saturate16((x->q[k] + 128) * a + (x->q[k + 1] + 128) * b) - 128 * (a + b);
        else
            sum += (sign && a == -128 && x->q[k] < 0 ? -x->q[k] : x->q[k]) * a +
                   (sign && b == -128 && x->q[k + 1] < 0 ? -x->q[k + 1] : x->q[k + 1]) * b;
        offset += x->q[k] + x->q[k + 1];
        if (m == INT16)
            sum = (int16_t)(uint16_t)sum;
    }
    uint16_t d;
    memcpy(&d, scale, sizeof d);
    return assay_f16_to_f32(d) * assay_f16_to_f32(x->d) * (float)(q8 || m == NO_OFFSET ? sum : sum - 8 * offset);
}

static assay_status block_kernel(const assay_args *a, mode m)
{
    const int64_t n = a->dim[K] / 32, size = assay_dtype_of(a->operand[W].type)->bytes;
    const assay_tensor *tx = &a->operand[X], *tw = &a->operand[W], *ty = &a->operand[Y];
    const float *bias = a->operand[BIAS].data;
    double *dense = malloc((size_t)(a->dim[K] + 1) * sizeof *dense);
    assay_q8_0 *xq = malloc((size_t)(n + 1) * sizeof(assay_q8_1));
    for (int64_t t = 0; dense && xq && t < a->dim[T]; t++) {
        assay_dtype_of(ASSAY_f32)->decode(dense, (const char *)tx->data + t * tx->stride[0], a->dim[K]);
        assay_dtype_of(m == FORM ? ASSAY_q8_1 : ASSAY_q8_0)->encode(xq, dense, a->dim[K]);
        for (int64_t c = a->begin; c < a->end; c++) {
            const char *row = (const char *)tw->data + (m == ROW_BYTES ? c * a->dim[K] / 2 : c * tw->stride[0]);
            float s = 0;
            const int64_t blocks_read = m == ODD_BLOCK ? n & ~INT64_C(1) : n - (m == SKIP_BLOCK && n > 1);
            for (int64_t b = 0; b < blocks_read; b++) {
                const int64_t from = m == NEXT_SCALE && b + 1 < n               ? b + 1
                                     : m == REMAINDER && b >= (n & ~INT64_C(3)) ? n & ~INT64_C(3)
                                                                                : b;
                s += block_dot(tw, row + b * size, row + from * size, &xq[b], m);
            }
            ((float *)((char *)ty->data + t * ty->stride[0]))[c] = s + (bias ? bias[c] : 0);
        }
    }
    const assay_status status = dense && xq ? ASSAY_OK : ASSAY_ERR_NOMEM;
    free(dense);
    free(xq);
    return status;
}

/* y is bf16: cut off (the fault), or rounded to nearest even. */
static assay_status bf16_kernel(const assay_args *a, mode m)
{
    const assay_tensor *tx = &a->operand[X], *tw = &a->operand[W], *ty = &a->operand[Y];
    const float *bias = a->operand[BIAS].data;
    for (int64_t t = 0; t < a->dim[T]; t++)
        for (int64_t c = a->begin; c < a->end; c++) {
            const float *x = (const float *)((const char *)tx->data + t * tx->stride[0]);
            const float *w = (const float *)((const char *)tw->data + c * tw->stride[0]);
            const float v = chain(x, w, a->dim[K], 1, false) + (bias ? bias[c] : 0);
            uint32_t bits;
            memcpy(&bits, &v, sizeof bits);
            ((uint16_t *)((char *)ty->data + t * ty->stride[0]))[c] =
                m == TRUNCATED ? (uint16_t)(bits >> 16) : assay_bf16_from_f64(v);
        }
    return ASSAY_OK;
}

static int64_t four(const assay_args *a)
{
    (void)a;
    return 4;
}

static size_t one_register(const assay_args *a)
{
    (void)a;
    return 64;
}

#define F32_STUB(m, name, where)                                                                                       \
    static assay_status run_##m(const assay_args *a)                                                                   \
    {                                                                                                                  \
        return f32_kernel(a, m);                                                                                       \
    }
#define BLOCK_STUB(m, name, where)                                                                                     \
    static assay_status run_##m(const assay_args *a)                                                                   \
    {                                                                                                                  \
        return block_kernel(a, m);                                                                                     \
    }
FAULTS(F32_STUB)
LEGAL(F32_STUB)
Q8_FAULTS(BLOCK_STUB)
Q4_FAULTS(BLOCK_STUB)
static assay_status run_TRUNCATED(const assay_args *a)
{
    return bf16_kernel(a, TRUNCATED);
}
static assay_status run_rounded(const assay_args *a)
{
    return bf16_kernel(a, SEQUENTIAL);
}
static assay_status run_blocks(const assay_args *a)
{
    return block_kernel(a, SEQUENTIAL);
}

#define PLAIN ASSAY_TYPES(ASSAY_T(f32))
static const assay_typeset f32_types[] = { PLAIN, PLAIN, PLAIN, PLAIN };
static const assay_typeset bf16_types[] = { PLAIN, PLAIN, PLAIN, ASSAY_TYPES(ASSAY_T(bf16)) };
static const assay_typeset q8_types[] = { PLAIN, ASSAY_TYPES(ASSAY_T(q8_0)), PLAIN, PLAIN };
static const assay_typeset q4_types[] = { PLAIN, ASSAY_TYPES(ASSAY_T(q4_0)), PLAIN, PLAIN };
/* whole blocks in integers: a chain of K / 32 terms */
static const assay_contract rounds = { .h = { ASSAY_DEPTH_LANES, 32, 0 }, .round = { { "x", ASSAY_q8_0, 0 } } };

#define F32_KERNEL(m, title)                                                                                           \
    .op = "matmul", .name = title, .types = f32_types, .run = run_##m, .units = m == NOBODY ? four : NULL,             \
    .scratch = m == UNZEROED ? one_register : NULL
#define BLOCK_KERNEL(m, title, ty) .op = "matmul", .name = title, .types = ty, .contract = &rounds, .run = run_##m
#define F32_FAULT(m, title, where) { ASSAY_FAULT, { F32_KERNEL(m, title) }, where },
#define F32_LEGAL(m, title, where) { ASSAY_LEGAL, { F32_KERNEL(m, title) }, where },
#define Q8_FAULT(m, title, where)  { ASSAY_FAULT, { BLOCK_KERNEL(m, title, q8_types) }, where },
#define Q4_FAULT(m, title, where)  { ASSAY_FAULT, { BLOCK_KERNEL(m, title, q4_types) }, where },
#define BF16_FAULT(m, title, where)                                                                                    \
    { ASSAY_FAULT, { .op = "matmul", .name = title, .types = bf16_types, .run = run_##m }, where },

/* ---- legal ones, generated ---- */

#define VARY      assay_vary_matmul
#define VARY_BASE .op = "matmul", .types = vary_types
static const assay_typeset vary_types[] = { VARY_FLOATS, VARY_WEIGHTS, VARY_F32, VARY_FLOATS };
SUMS(VARY_STUB)

#define VARY_BLOCKS assay_vary_matmul_blocks
#define VARY_Q8     .op = "matmul", .types = vary_q8_types, .contract = &rounds
#define VARY_Q4_1   .op = "matmul", .types = vary_q4_1_types, .contract = &vary_apart
static const assay_typeset vary_q8_types[] = { VARY_FLOATS, ASSAY_TYPES(ASSAY_T(q8_0) | ASSAY_T(q4_0)), VARY_F32,
                                               VARY_FLOATS },
                           vary_q4_1_types[] = { VARY_FLOATS, ASSAY_TYPES(ASSAY_T(q4_1)), VARY_F32, VARY_FLOATS };
static const assay_contract vary_apart = { .h = { ASSAY_DEPTH_LANES, 32, 0 },
                                           .split_min = 1,
                                           .round = { { "x", ASSAY_q8_0, 0 } } };
BLOCK_SUMS(VARY_BLOCK_STUB)

static const assay_fault table[] = {
    SUMS(VARY_ROW) BLOCK_SUMS(VARY_Q8_ROW) BLOCK_SUMS(VARY_Q4_1_ROW) FAULTS(F32_FAULT) BF16_FAULTS(BF16_FAULT)
        Q8_FAULTS(Q8_FAULT) Q4_FAULTS(Q4_FAULT) LEGAL(F32_LEGAL){
            ASSAY_LEGAL, { BLOCK_KERNEL(blocks, "q8_0-blocks-in-integers", q8_types) }, "legal: exact block sums" },
    { ASSAY_LEGAL,
      { .op = "matmul", .name = "bf16-output", .types = bf16_types, .run = run_rounded },
      "legal: y rounded once" },
    { ASSAY_LEGAL, { BLOCK_KERNEL(blocks, "q4_0-blocks-in-integers", q4_types) }, "legal: exact block sums" },
};

extern const assay_faults assay_faults_matmul;
const assay_faults assay_faults_matmul = { "matmul", table, ASSAY_COUNT_OF(table) };
