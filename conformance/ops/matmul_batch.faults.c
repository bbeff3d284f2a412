/* SPDX-License-Identifier: MIT
 * matmul_batch: kernels that are wrong on purpose, most in where a matrix begins, how far apart its rows lie and which
 * way round it is, and legal ones. */
#include "faults.h"
#include "variants.h"

enum { X, XT, W, WT, Y, OPERANDS };

/* X(mode, name, where it comes from) */
#define FAULTS(X)                                                                                                      \
    X(W_BATCH_0, "first-w-for-all", "own: the batch stride of w ignored")                                              \
    X(X_BATCH_0, "first-x-for-all", "own")                                                                             \
    X(W_STRIDE_T, "batch-stride-of-w-by-rows-of-x", "NVIDIA/cudnn-frontend#223")                                       \
    X(DENSE_X, "batches-of-a-view-as-if-dense", "gradium-ai/xn#50")                                                    \
    X(FOLD, "shared-x-folded-into-columns", "huggingface/candle#3744")                                                 \
    X(ADVANCES, "shared-w-advances-by-a-row", "own: a stride of 0 taken for one row's")                                \
    X(ROW_0, "first-row-for-all-of-one-product", "torch-spyre/torch-spyre#4373")                                       \
    X(WT_AS_W, "transposed-w-as-if-not", "own: the flag ignored")                                                      \
    X(XT_AS_X, "transposed-x-as-if-not", "own: the flag ignored")                                                      \
    X(LD_W, "leading-dimension-of-w-untransposed", "denizyuret/Knet.jl#497")                                           \
    X(LD_X, "leading-dimension-of-x-untransposed", "own: K for T")                                                     \
    X(NEXT_BATCH, "rest-of-columns-from-the-next-product", "own: tiles of 8 past a ragged N")                          \
    X(TURNED, "result-transposed", "own: as BLAS writes columns")                                                      \
    X(LAST_PANEL, "last-panel-overwrites", "own: beta of 0 for every panel of 16 terms")                               \
    X(TILE_T, "rest-of-rows-lost", "own: rows in whole tiles of 4")                                                    \
    X(TAIL_K, "tail-skipped", "slip: tail")                                                                            \
    X(SUM_BF16, "sum-in-bf16", "own: accumulates in 16 bits")                                                          \
    X(SUM_F16, "sum-in-f16", "own: accumulates in 16 bits")                                                            \
    X(B_REVERSE, "products-in-reverse", "own: results written from the last on")

#define LEGAL(X) X(DOUBLE, "double", "legal: in double, rounded once")

enum { PLAIN, FAULTS(MODE) LEGAL(MODE) };

typedef struct call {
    const assay_args *a;
    const float *in[4]; /* dense, NULL where left out */
    const assay_sum *order;
    int mode;
    int64_t B, T, N, K;
} call;

/* Where the terms of an output begin in a matrix, and how far apart they are */
typedef struct terms {
    const float *p;
    int64_t step;
} terms;

/* A place in an operand of so many numbers, by whoever may be beyond its end */
static int64_t wrapped(int64_t at, int64_t count)
{
    return count ? at % count : 0;
}
static bool shared(const assay_args *a, int i)
{
    return a->operand[i].rank && a->operand[i].dim[0] > 1 && !a->operand[i].stride[0];
}

static terms of_x(const call *c, int64_t b, int64_t t)
{
    const int64_t T = c->T, K = c->K, from = c->mode == X_BATCH_0 ? 0 : b;
    const int64_t row = c->mode == ROW_0 && c->B == 1 ? 0 : t;
    if (!c->in[X] && c->mode == XT_AS_X)
        return (terms){ c->in[XT] + (from * T + row) * K, 1 };
    return c->in[X] ? (terms){ c->in[X] + (from * T + row) * K, 1 } : (terms){ c->in[XT] + from * K * T + row, T };
}
static terms of_w(const call *c, int64_t b, int64_t n)
{
    const int64_t N = c->N, K = c->K;
    int64_t from = c->mode == W_BATCH_0 ? 0 : b, row = n;
    if (c->mode == NEXT_BATCH && n >= N / 8 * 8)
        from = (b + 1) % c->B;
    if (c->mode == ADVANCES && shared(c->a, c->in[W] ? W : WT))
        row = (n + b) % N;
    if (!c->in[W] && c->mode == WT_AS_W)
        return (terms){ c->in[WT] + (from * N + row) * K, 1 };
    return c->in[W] ? (terms){ c->in[W] + (from * N + row) * K, 1 } : (terms){ c->in[WT] + from * K * N + row, N };
}

/* x of a view whose batches are where dense ones would be: rows are as far apart as they are */
static float dense_x(const call *c, int64_t b, int64_t t, int64_t k)
{
    const assay_tensor *x = &c->a->operand[X];
    float v;
    assay_tensor one = *x;
    one.data = (char *)x->data + (b * c->T + t) * x->stride[1];
    assay_vary_read(&one, 0, k, 1, &v);
    return v;
}

/* By what is wrong with single terms or with their sum */
static float odd_sum(const call *c, terms x, terms w, int64_t b, int64_t t, int64_t n)
{
    const int64_t K = c->K, all_w = c->B * c->N * K;
    float s = 0;
    double wide = 0;
    for (int64_t k = c->mode == LAST_PANEL && K ? (K - 1) / 16 * 16 : 0; k < K; k++) {
        float p = x.p[k * x.step], q = w.p[k * w.step];
        if (c->mode == W_STRIDE_T)
            q = c->in[W] ? c->in[W][wrapped((b * c->T + n) * K + k, all_w)]
                         : c->in[WT][wrapped((b * c->T + k) * c->N + n, all_w)];
        if (c->mode == LD_W && c->in[WT])
            q = c->in[WT][wrapped(b * K * c->N + k * K + n, all_w)];
        if (c->mode == LD_X && c->in[XT])
            p = c->in[XT][wrapped(b * K * c->T + k * K + t, c->B * c->T * K)];
        if (c->mode == DENSE_X && c->in[X] && c->a->operand[X].stride[0] && c->a->operand[X].stride[1] &&
            c->a->operand[X].stride[2])
            p = dense_x(c, b, t, k);
        s += p * q;
        s = c->mode == SUM_BF16 ? chop(s, 7) : c->mode == SUM_F16 ? chop(s, 10) : s;
        wide += (double)p * (double)q;
    }
    return c->mode == DOUBLE ? (float)wide : s;
}

static float output(const call *c, int64_t b, int64_t t, int64_t n)
{
    const terms x = of_x(c, b, t), w = of_w(c, b, n);
    switch (c->mode) {
    case W_STRIDE_T:
    case DENSE_X:
    case LD_W:
    case LD_X:
    case LAST_PANEL:
    case SUM_BF16:
    case SUM_F16:
    case DOUBLE:
        return odd_sum(c, x, w, b, t, n);
    case TILE_T:
        if (c->T > 4 && t >= c->T / 4 * 4)
            return 0;
        break;
    case FOLD: /* rows of the product as wide as all columns, so that the next one writes over most of it */
        if (shared(c->a, c->in[X] ? X : XT) && (b * c->T + t) * c->N + n >= (c->T - 1 + c->B) * c->N)
            return 0;
        break;
    default:
        break;
    }
    return assay_sum_of(c->order, x.p, x.step, w.p, w.step, c->mode == TAIL_K && c->K > 8 ? c->K & ~INT64_C(7) : c->K);
}

static assay_status products(const assay_args *a, int mode, const assay_sum *order)
{
    void *dense[OPERANDS];
    const assay_status s = assay_vary_open(a, OPERANDS, OPERANDS, dense);
    const int64_t B = a->dim[0], T = a->dim[1], N = a->dim[2];
    const call c = { a, { dense[X], dense[XT], dense[W], dense[WT] }, order, mode, B, T, N, a->dim[3] };
    for (int64_t i = 0; i < B * T * N && !s; i++) {
        const int64_t b = i / (T * N), t = i / N % T, n = i % N;
        const int64_t at = mode == TURNED ? n * T + t : t * N + n;
        const float y = output(&c, b, t, n);
        assay_vary_write(&a->operand[Y], (mode == B_REVERSE ? B - 1 - b : b) * T + at / N, at % N, 1, &y);
    }
    assay_vary_close(OPERANDS, dense);
    return s;
}
static assay_status run(const assay_args *a)
{
    return products(a, mode_of(a), &assay_sums[0]);
}
static assay_status vary(const assay_args *a)
{
    return products(a, PLAIN, a->variant);
}

static const assay_typeset types[] = { VARY_FLOATS, VARY_FLOATS, VARY_FLOATS, VARY_FLOATS, VARY_FLOATS };
#define VARY        vary
#define KERNEL_BASE .op = "matmul_batch", .types = types, .flags = ASSAY_UNSLICED
#define VARY_BASE   .op = "matmul_batch", .types = types
static const assay_fault table[] = { SUMS(VARY_ROW) FAULTS(BAD_ROW) LEGAL(GOOD_ROW) };

const assay_faults assay_faults_matmul_batch = { "matmul_batch", table, ASSAY_COUNT_OF(table) };
