/* SPDX-License-Identifier: MIT
 * gate_up: kernels that are wrong on purpose, and legal ones that must pass.  Float weights: what may go wrong between
 * the two products and their SwiGLU, and in which orders it may be right.  Block weights: what the integers of
 * quantized dots get wrong, over x rounded to q8_0. */
#include "../../reference/core/dtype.h"
#include "variants.h"
#include "assay/blocks.h"
#include "faults.h"
#include <stdlib.h>

enum { T, N, K };
enum { X, GATE, UP, Y };

/* X(mode, name, where it comes from) */
#define FAULTS(X)                                                                                                      \
    X(SWAPPED, "gate-and-up-swapped", "one pack for two matrices")                                                     \
    X(GATE_TWICE, "gate-read-for-up", "one pack for two matrices")                                                     \
    X(NO_SILU, "plain-product", "activation lost in the fusion")                                                       \
    X(SIGMOID, "sigmoid-for-silu", "activation wrong in the fusion")                                                   \
    X(GELU, "gelu-for-silu", "activation wrong in the fusion")                                                         \
    X(NEXT_ROW, "up-of-the-next-row", "slip: row index")                                                               \
    X(LAST_K, "last-k-dropped", "slip: docs/museum.md")                                                                \
    X(TAIL_N, "tail-of-n-skipped", "slip: docs/museum.md")                                                             \
    X(BF16_MID, "products-rounded-to-bf16", "slip: intermediate rounding")                                             \
    X(SWALLOW, "nan-counts-as-zero", "NaN in an input")

#define Q8_FAULTS(X)                                                                                                   \
    X(SIGN, "sign-trick-negates-minus-128", "ggml-org/llama.cpp#1393")                                                 \
    X(MADDUBS, "pair-sums-saturate-at-16-bit", "uxlfoundation/oneDNN#518")                                             \
    X(INT16, "block-sums-wrap-at-16-bit", "microsoft/BitNet#459")                                                      \
    X(NEXT_SCALE, "scale-of-the-next-block", "slip: docs/museum.md")                                                   \
    X(SKIP_TWO, "last-two-blocks-skipped", "slip: 2 of 128 blocks")                                                    \
    X(UNROUNDED, "scale-of-x-not-rounded-to-f16", "the declared rounding is the contract (docs/contracts.md)")
#define Q4_0_FAULTS(X)                                                                                                 \
    X(NIBBLES, "nibbles-interleaved", "kekzl/imp#722")                                                                 \
    X(NO_OFFSET, "offset-8-missing", "slip: zero point")
#define Q4_1_FAULTS(X)                                                                                                 \
    X(NO_MINIMUM, "minimum-dropped", "slip: zero point")                                                               \
    X(F16_SUM, "scaled-sum-kept-as-f16", "ikawrakow/ik_llama.cpp#540")

#define LEGAL(X)                                                                                                       \
    X(SEQUENTIAL, "sequential", "legal: first to last")                                                                \
    X(REVERSED, "reversed", "legal: last to first")                                                                    \
    X(FUSED, "sequential-fma", "legal: fused")                                                                         \
    X(LANES8, "lanes-8", "legal: 8 sums")                                                                              \
    X(LANES32, "lanes-32", "legal: 32 sums")                                                                           \
    X(HALVES, "split-k-2", "legal: two parts")                                                                         \
    X(DOUBLE, "f64-sums", "legal: more precise")                                                                       \
    X(RECIPROCAL, "silu-by-reciprocal", "legal: g (1 / (1 + e))")                                                      \
    X(UP_FIRST, "product-before-quotient", "legal: (g u) / (1 + e)")                                                   \
    X(EXP2, "exp-by-exp2", "legal: 2^(x log2 e)")
#define Q8_LEGAL(X)                                                                                                    \
    X(Q8_BLOCKS, "q8_0-block-sums", "legal: integers per block")                                                       \
    X(Q8_REVERSED, "q8_0-blocks-reversed", "legal: last block first")
#define Q4_0_LEGAL(X)                                                                                                  \
    X(Q4_BLOCKS, "q4_0-block-sums", "legal: integers per block")                                                       \
    X(Q4_REVERSED, "q4_0-blocks-reversed", "legal: last block first")
#define Q4_1_LEGAL(X) X(MIN_LAST, "q4_1-minimum-summed-apart", "legal: two sums, split_min")

#define Q8_ALL(X)   Q8_FAULTS(X) Q8_LEGAL(X)
#define Q4_0_ALL(X) Q4_0_FAULTS(X) Q4_0_LEGAL(X)
#define Q4_1_ALL(X) Q4_1_FAULTS(X) Q4_1_LEGAL(X)
#define F32_ALL(X)  FAULTS(X) LEGAL(X)
typedef enum mode { F32_ALL(MODE) Q8_ALL(MODE) Q4_0_ALL(MODE) Q4_1_ALL(MODE) } mode;

/* ---- the parts ---- */

static float dot(const float *x, const float *w, int64_t n, mode m)
{
    const int64_t lanes = m == LANES8 ? 8 : m == LANES32 ? 32 : m == HALVES ? 2 : 1;
    float s[32] = { 0 }, sum = 0;
    double wide = 0;
    for (int64_t i = 0; i < (m == LAST_K ? n - 1 : n); i++) {
        const int64_t k = m == REVERSED ? n - 1 - i : i, lane = m == HALVES ? 2 * k / n : k % lanes;
        const float a = m == SWALLOW && isnan(x[k]) ? 0 : x[k];
        s[lane] = m == FUSED ? fmaf(a, w[k], s[lane]) : s[lane] + a * w[k];
        wide += (double)a * w[k];
    }
    for (int64_t lane = 0; lane < lanes; lane++)
        sum += s[lane];
    return m == DOUBLE ? (float)wide : m == BF16_MID ? as_bf16(sum) : sum;
}

static float swiglu(float g, float u, mode m)
{
    if (m == SWAPPED) {
        const float t = g;
        g = u, u = t;
    }
    const float e = m == EXP2 ? exp2f(-fabsf(g) * 0x1.715476p+0f) : expf(-fabsf(g)), top = g < 0 ? e : 1;
    switch (m) {
    case NO_SILU:
        return g * u;
    case SIGMOID:
        return top / (1 + e) * u;
    case GELU:
        return g * 0.5f * erfcf(-g * 0.70710678f) * u;
    case RECIPROCAL:
        return g * top * (1 / (1 + e)) * u;
    case UP_FIRST:
        return g * top * u / (1 + e);
    default:
        return g * top / (1 + e) * u;
    }
}

static const void *row(const assay_args *a, int operand, int64_t r)
{
    return (const char *)a->operand[operand].data + r * a->operand[operand].stride[0];
}

static assay_status f32_kernel(const assay_args *a)
{
    const mode m = (mode)mode_of(a);
    const int64_t columns = m == TAIL_N ? a->dim[N] & ~INT64_C(3) : a->dim[N], n = a->dim[K];
    for (int64_t t = 0; t < a->dim[T]; t++)
        for (int64_t c = a->begin; c < a->end && c < columns; c++) {
            const int64_t other = m == NEXT_ROW && c + 1 < a->dim[N] ? c + 1 : c;
            const float g = dot(row(a, X, t), row(a, GATE, c), n, m);
            const float u = dot(row(a, X, t), row(a, m == GATE_TWICE ? GATE : UP, other), n, m);
            ((float *)((char *)a->operand[Y].data + t * a->operand[Y].stride[0]))[c] = swiglu(g, u, m);
        }
    return ASSAY_OK;
}

/* ---- weights in blocks ---- */

typedef struct block { /* of a row of w, whatever its format: w = d q + m */
    float d, m;
    int q[32], offset;
} block;

static block take(assay_dtype type, const void *from, mode m)
{
    block b = { 0 };
    uint16_t head[2];
    memcpy(head, from, sizeof head);
    b.d = assay_f16_to_f32(head[0]);
    b.m = type == ASSAY_q4_1 && m != NO_MINIMUM ? assay_f16_to_f32(head[1]) : 0;
    b.offset = type == ASSAY_q4_0 && m != NO_OFFSET ? 8 : 0;
    const uint8_t *q = (const uint8_t *)from + (type == ASSAY_q4_1 ? 4 : 2);
    for (int k = 0; k < 32; k++)
        b.q[k] = type == ASSAY_q8_0 ? (int8_t)q[k]
                 : m == NIBBLES     ? q[k / 2] >> (k % 2 * 4) & 15
                                    : q[k % 16] >> (k / 16 * 4) & 15;
    return b;
}

static int saturate16(int v)
{
    return v > 32767 ? 32767 : v < -32768 ? -32768 : v;
}

/* The integer of one block.  SIGN: x gives its sign to w, and the byte -(-128) is -128 again. */
static int integer_dot(const block *b, const int8_t *x, mode m)
{
    int sum = 0;
    for (int k = 0; k < 32; k += 2) {
        if (m == MADDUBS)
            sum += saturate16((x[k] + 128) * b->q[k] + (x[k + 1] + 128) * b->q[k + 1]) - 128 * (b->q[k] + b->q[k + 1]);
        else
            for (int j = k; j < k + 2; j++)
                sum += (m == SIGN && x[j] < 0 && b->q[j] == -128 ? -x[j] : x[j]) * b->q[j] - x[j] * b->offset;
        if (m == INT16)
            sum = (int16_t)(uint16_t)sum;
    }
    return sum;
}

static float block_row(const assay_tensor *w, const void *from, const assay_q8_0 *x, const float *dx, int64_t n, mode m)
{
    const bool back = m == Q8_REVERSED || m == Q4_REVERSED;
    const int64_t size = assay_dtype_of(w->type)->bytes, count = m == SKIP_TWO && n > 2 ? n - 2 : n;
    float s = 0, minimum = 0;
    for (int64_t i = 0; i < count; i++) {
        const int64_t j = back ? n - 1 - i : i;
        block b = take(w->type, (const char *)from + j * size, m);
        if (m == NEXT_SCALE && j + 1 < n)
            b.d = take(w->type, (const char *)from + (j + 1) * size, m).d;
        int total = 0;
        for (int k = 0; k < 32; k++)
            total += x[j].q[k];
        const float d = m == UNROUNDED ? dx[j] : assay_f16_to_f32(x[j].d);
        const float ds = d * (float)total;
        s += b.d * d * (float)integer_dot(&b, x[j].q, m);
        minimum += b.m * (m == F16_SUM ? assay_f16_to_f32(assay_f16_from_f32(ds)) : ds);
    }
    return s + minimum;
}

static assay_status block_kernel(const assay_args *a)
{
    const mode m = (mode)mode_of(a);
    const int64_t n = a->dim[K] / 32;
    double *dense = malloc((size_t)(a->dim[K] + 1) * sizeof *dense);
    assay_q8_0 *x = malloc((size_t)(n + 1) * sizeof *x);
    float *dx = malloc((size_t)(n + 1) * sizeof *dx);
    for (int64_t t = 0; dense && x && dx && t < a->dim[T]; t++) {
        assay_dtype_of(ASSAY_f32)->decode(dense, row(a, X, t), a->dim[K]);
        assay_dtype_of(ASSAY_q8_0)->encode(x, dense, a->dim[K]);
        for (int64_t b = 0; b < n; b++) {
            float top = 0;
            for (int k = 0; k < 32; k++)
                top = fmaxf(top, fabsf((float)dense[b * 32 + k]));
            dx[b] = isnan(assay_f16_to_f32(x[b].d)) ? NAN : top / 127;
        }
        for (int64_t c = a->begin; c < a->end; c++) {
            const float g = block_row(&a->operand[GATE], row(a, GATE, c), x, dx, n, m);
            const float u = block_row(&a->operand[UP], row(a, UP, c), x, dx, n, m);
            ((float *)((char *)a->operand[Y].data + t * a->operand[Y].stride[0]))[c] = swiglu(g, u, SEQUENTIAL);
        }
    }
    const assay_status status = dense && x && dx ? ASSAY_OK : ASSAY_ERR_NOMEM;
    free(dense);
    free(x);
    free(dx);
    return status;
}

/* ---- the table ---- */

#define F32 ASSAY_TYPES(ASSAY_T(f32))
#define TAKES(t)                                                                                                       \
    {                                                                                                                  \
        F32, ASSAY_TYPES(ASSAY_T(t)), ASSAY_TYPES(ASSAY_T(t)), F32                                                     \
    }
static const assay_typeset f32_types[] = TAKES(f32), q8_types[] = TAKES(q8_0), q4_0_types[] = TAKES(q4_0),
                           q4_1_types[] = TAKES(q4_1);
/* whole blocks in integers: chains of K / 32 terms */
static const assay_contract rounds = BLOCK_CONTRACT(32, 0);
static const assay_contract apart = BLOCK_CONTRACT(32, 1);
#define ROW(kind, ty, c, f, m, title, where)                                                                           \
    { kind, { .op = "gate_up", .name = title, .types = ty, .contract = c, .run = f, .variant = MODE_OF(m) }, where },
#define F32_BAD(m, name, where)   ROW(ASSAY_FAULT, f32_types, NULL, f32_kernel, m, name, where)
#define F32_GOOD(m, name, where)  ROW(ASSAY_LEGAL, f32_types, NULL, f32_kernel, m, name, where)
#define Q8_BAD(m, name, where)    ROW(ASSAY_FAULT, q8_types, &rounds, block_kernel, m, name, where)
#define Q8_GOOD(m, name, where)   ROW(ASSAY_LEGAL, q8_types, &rounds, block_kernel, m, name, where)
#define Q4_0_BAD(m, name, where)  ROW(ASSAY_FAULT, q4_0_types, &rounds, block_kernel, m, name, where)
#define Q4_0_GOOD(m, name, where) ROW(ASSAY_LEGAL, q4_0_types, &rounds, block_kernel, m, name, where)
#define Q4_1_BAD(m, name, where)  ROW(ASSAY_FAULT, q4_1_types, &apart, block_kernel, m, name, where)
#define Q4_1_GOOD(m, name, where) ROW(ASSAY_LEGAL, q4_1_types, &apart, block_kernel, m, name, where)

/* ---- legal ones, generated ---- */

#define VARY      assay_vary_gate_up
#define VARY_BASE .op = "gate_up", .types = vary_types
static const assay_typeset vary_types[] = { VARY_F32, VARY_WEIGHTS, VARY_WEIGHTS, VARY_F32 };

#define VARY_BLOCKS assay_vary_gate_up_blocks
#define VARY_Q8     .op = "gate_up", .types = vary_q8_types, .contract = &rounds
#define VARY_Q4_1   .op = "gate_up", .types = vary_q4_1_types, .contract = &apart
static const assay_typeset vary_q8_types[] = { VARY_F32, VARY_CENTRED, VARY_CENTRED, VARY_F32 },
                           vary_q4_1_types[] = { VARY_F32, VARY_MINIMA, VARY_MINIMA, VARY_F32 };

/* as kernels of formats with two groups and two minima a block (q2_k), some of which sum the groups in integers */
static const assay_contract eight = BLOCK_CONTRACT(8, 1), ten = BLOCK_CONTRACT(10, 1);
/* clang-format off */
static const assay_fault table[] = {
    VARY_Q4_1_AS("gate_up", "8-lanes", &eight) VARY_Q4_1_AS("gate_up", "10-lanes", &ten)
    FAULTS(F32_BAD) LEGAL(F32_GOOD) Q8_FAULTS(Q8_BAD) Q8_LEGAL(Q8_GOOD) Q4_0_FAULTS(Q4_0_BAD) Q4_0_LEGAL(Q4_0_GOOD)
    Q4_1_FAULTS(Q4_1_BAD) Q4_1_LEGAL(Q4_1_GOOD) SUMS(VARY_ROW) BLOCK_SUMS(VARY_Q8_ROW) BLOCK_SUMS(VARY_Q4_1_ROW)
};
/* clang-format on */

const assay_faults assay_faults_gate_up = { "gate_up", table, ASSAY_COUNT_OF(table) };
