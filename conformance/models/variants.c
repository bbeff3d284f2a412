/* SPDX-License-Identifier: MIT
 * Legal float variants of a whole model.  matmul: sums cut into pieces (blocks of neighbours, or lanes that stride),
 * each forward or backward, pieces combined one after the other or as a tree.  Weights are f32; products and sums are
 * rounded to f32.  With them other legal kernels of rmsnorm, rope, attention and swiglu, from their tables of faults.
 */
#include "../../reference/core/dtype.h"
#include "../../reference/core/registry.h"
#include "models.h"
#include <stdlib.h>
#include <string.h>

typedef struct order {
    const char *name;
    int16_t pieces; /* > 0: blocks of that length; < 0: lanes of that stride; 0: one piece */
    bool backward, tree;
} order;

static const order orders[VARIANTS] = {
    { "sequential", 0, false, false },
    { "reversed", 0, true, false },
    { "blocks of 32", 32, false, false },
    { "blocks of 64", 64, false, false },
    { "blocks of 128", 128, false, false },
    { "blocks of 48, tree", 48, false, true },
    { "blocks of 64, tree", 64, false, true },
    { "blocks of 192, tree", 192, false, true },
    { "blocks of 64, reversed", 64, true, false },
    { "blocks of 128, reversed", 128, true, false },
    { "blocks of 40, reversed, tree", 40, true, true },
    { "2 lanes", -2, false, true },
    { "4 lanes", -4, false, true },
    { "8 lanes", -8, false, true },
    { "16 lanes", -16, false, true },
    { "32 lanes", -32, false, true },
    { "64 lanes", -64, false, true },
    { "8 lanes, one by one", -8, false, false },
    { "16 lanes, reversed", -16, true, true },
    { "32 lanes, reversed, one by one", -32, true, false },
};

const char *variant_name(int i)
{
    return orders[i].name;
}

typedef float lanes __attribute__((vector_size(32), aligned(4), may_alias));
enum { TILE = 32, VECTORS = TILE / 8, MOST = 256 }; /* MOST: pieces of a sum */

static int64_t pieces_of(const order *o, int64_t K)
{
    const int64_t n = o->pieces > 0 ? (K + o->pieces - 1) / o->pieces : o->pieces < 0 ? -o->pieces : 1;
    return n < MOST ? n : MOST;
}

/* Sum of one piece for two rows of w and a tile of tokens; xt is (K, TILE). */
static inline __attribute__((always_inline)) void piece(const order *o, const float *xt, const float *w0,
                                                        const float *w1, int64_t K, int64_t n, int64_t i,
                                                        lanes s[2][VECTORS])
{
    const int64_t step = o->pieces < 0 ? n : 1, length = o->pieces > 0 ? (n < MOST ? o->pieces : (K + n - 1) / n) : 0;
    const int64_t begin = o->pieces < 0 ? i : i * length,
                  limit = o->pieces > 0 && begin + length < K ? begin + length : K;
    const int64_t count = begin < limit ? (limit - begin + step - 1) / step : 0;
    const int64_t first = o->backward ? begin + (count - 1) * step : begin, go = o->backward ? -step : step;
    lanes a0 = { 0 }, a1 = a0, a2 = a0, a3 = a0, b0 = a0, b1 = a0, b2 = a0, b3 = a0; /* registers, all of them */
    for (int64_t c = 0, k = first; c < count; c++, k += go) {
        const lanes *x = (const lanes *)(xt + k * TILE);
        const lanes x0 = x[0], x1 = x[1], x2 = x[2], x3 = x[3];
        a0 += x0 * w0[k];
        a1 += x1 * w0[k];
        a2 += x2 * w0[k];
        a3 += x3 * w0[k];
        b0 += x0 * w1[k];
        b1 += x1 * w1[k];
        b2 += x2 * w1[k];
        b3 += x3 * w1[k];
    }
    const lanes sum[2][VECTORS] = { { a0, a1, a2, a3 }, { b0, b1, b2, b3 } };
    memcpy(s, sum, sizeof sum);
}

static inline __attribute__((always_inline)) void add(lanes to[2][VECTORS], lanes from[2][VECTORS])
{
    for (int j = 0; j < 2; j++)
        for (int v = 0; v < VECTORS; v++)
            to[j][v] += from[j][v];
}

static inline __attribute__((always_inline)) void sum_tile(const order *o, const float *xt, const float *w0,
                                                           const float *w1, int64_t K, lanes s[2][VECTORS])
{
    lanes part[MOST][2][VECTORS];
    const int64_t n = pieces_of(o, K);
    for (int64_t i = 0; i < n; i++)
        piece(o, xt, w0, w1, K, n, i, part[i]);
    if (o->tree)
        for (int64_t width = 1; width < n; width *= 2)
            for (int64_t i = 0; i + width < n; i += 2 * width)
                add(part[i], part[i + width]);
    else
        for (int64_t i = 1; i < n; i++)
            add(part[0], part[i]);
    memcpy(s, part[0], sizeof part[0]);
}

static void tile(const order *o, const float *xt, const float *w0, const float *w1, int64_t K, lanes s[2][VECTORS])
{
    sum_tile(o, xt, w0, w1, K, s);
}

#ifdef __x86_64__
/* The same roundings in the same order, and so the same bits, in half the instructions. */
__attribute__((target("avx2"))) static void tile_avx2(const order *o, const float *xt, const float *w0, const float *w1,
                                                      int64_t K, lanes s[2][VECTORS])
{
    sum_tile(o, xt, w0, w1, K, s);
}
#endif

typedef void tile_fn(const order *o, const float *xt, const float *w0, const float *w1, int64_t K, lanes s[2][VECTORS]);

static tile_fn *widest(void)
{
#ifdef __x86_64__
    if (__builtin_cpu_supports("avx2"))
        return tile_avx2;
#endif
    return tile;
}

/* Phase 0: x as tiles (T/TILE, K, TILE) in shared, rounded through q8_0 if the variant does.  One unit per tile. */
static assay_status arrange(const assay_args *a, bool rounded)
{
    const int64_t T = a->dim[0], K = a->dim[2];
    const assay_tensor *x = &a->operand[0];
    const assay_dtype_info *q = assay_dtype_of(ASSAY_q8_0);
    double *row = malloc((size_t)K * sizeof *row);
    void *codes = malloc((size_t)assay_dtype_bytes(ASSAY_q8_0, (K + 31) / 32 * 32));
    for (int64_t t = a->begin * TILE; row && codes && t < a->end * TILE; t++) {
        float *xt = (float *)a->shared + t / TILE * K * TILE + t % TILE;
        const float *from = t < T ? (const float *)((const char *)x->data + t * x->stride[0]) : NULL;
        for (int64_t k = 0; k < K; k++)
            row[k] = from ? (double)from[k] : 0;
        if (rounded) {
            q->encode(codes, row, K);
            q->decode(row, codes, K);
        }
        for (int64_t k = 0; k < K; k++)
            xt[k * TILE] = (float)row[k];
    }
    const bool good = row && codes;
    free(row);
    free(codes);
    return good ? ASSAY_OK : ASSAY_ERR_NOMEM;
}

static assay_status run(const assay_args *a)
{
    const int mode = *(const int *)a->variant;
    const order *o = &orders[mode % VARIANTS];
    const int64_t T = a->dim[0], N = a->dim[1], K = a->dim[2];
    const assay_tensor *w = &a->operand[1], *bias = &a->operand[2], *y = &a->operand[3];
    tile_fn *const sums = widest();
    if (a->phase == 0)
        return arrange(a, mode >= VARIANTS);
    for (int64_t n = 2 * a->begin; n < 2 * a->end && n < N; n += 2) {
        const int64_t pair = n + 1 < N;
        const float *w0 = (const float *)((const char *)w->data + n * w->stride[0]);
        const float *w1 = (const float *)((const char *)w->data + (n + pair) * w->stride[0]);
        for (int64_t t = 0; t < T; t += TILE) {
            float s[2][TILE];
            lanes sum[2][VECTORS];
            sums(o, (const float *)a->shared + t * K, w0, w1, K, sum);
            memcpy(s, sum, sizeof s);
            for (int64_t i = 0; i < TILE && t + i < T; i++)
                for (int64_t j = 0; j <= pair; j++)
                    ((float *)((char *)y->data + (t + i) * y->stride[0]))[n + j] =
                        s[j][i] + (bias->data ? ((const float *)bias->data)[n + j] : 0);
        }
    }
    return ASSAY_OK;
}

static uint32_t phases(const assay_args *a)
{
    (void)a;
    return 2;
}

static int64_t units(const assay_args *a)
{
    return a->phase == 0 ? (a->dim[0] + TILE - 1) / TILE : (a->dim[1] + 1) / 2;
}

static size_t shared(const assay_args *a)
{
    return (size_t)((a->dim[0] + TILE - 1) / TILE * TILE * a->dim[2]) * sizeof(float);
}

static bool rows_of_blocks(const assay_args *a)
{
    return a->dim[2] % 32 == 0;
}

static const assay_typeset types[] = { ASSAY_TYPES(ASSAY_T(f32)), ASSAY_TYPES(ASSAY_T(f32)), ASSAY_TYPES(ASSAY_T(f32)),
                                       ASSAY_TYPES(ASSAY_T(f32)) };

/* The formatter moves this macro at every call. */
/* clang-format off */
#define MODES(X) \
    X(0) X(1) X(2) X(3) X(4) X(5) X(6) X(7) X(8) X(9) \
    X(10) X(11) X(12) X(13) X(14) X(15) X(16) X(17) X(18) X(19) \
    X(20) X(21) X(22) X(23) X(24) X(25) X(26) X(27) X(28) X(29) \
    X(30) X(31) X(32) X(33) X(34) X(35) X(36) X(37) X(38) X(39)
/* clang-format on */
#define KERNEL(n)                                                                                                      \
    { .op = "matmul",                                                                                                  \
      .name = "variant_" #n,                                                                                           \
      .types = types,                                                                                                  \
      .run = run,                                                                                                      \
      .variant = &(const int){ n },                                                                                    \
      .phases = phases,                                                                                                \
      .units = units,                                                                                                  \
      .shared = shared,                                                                                                \
      .accepts = (n) < VARIANTS ? NULL : rows_of_blocks },
static const assay_kernel kernels[2 * VARIANTS] = { MODES(KERNEL) };

/* The i-th legal kernel of an op, in a ring. */
static const assay_kernel *legal(const char *op, int i)
{
    const assay_faults *f = assay_faults_of(assay_op_find(op));
    int n = 0;
    for (size_t k = 0; k < f->n; k++)
        n += f->fault[k].kind == ASSAY_LEGAL;
    for (size_t k = 0; k < f->n; k++)
        if (f->fault[k].kind == ASSAY_LEGAL && i-- % n == 0)
            return &f->fault[k].kernel;
    return NULL;
}

assay_impl variant_impl(uint64_t isa, int i, bool rounded)
{
    static const char *const ops[] = { "rmsnorm", "rope", "attention", "swiglu" };
    assay_impl impl = { .how = ASSAY_RUN_SCALAR, .isa = isa };
    impl.swap[impl.n_swaps++] = (assay_swap){ "matmul", ASSAY_RUN_KERNEL, &kernels[i + (rounded ? VARIANTS : 0)] };
    for (size_t k = 0; k < sizeof ops / sizeof *ops; k++) {
        const assay_kernel *kernel = legal(ops[k], i);
        if (kernel) {
            assay_swap *w = &impl.swap[impl.n_swaps++];
            *w = (assay_swap){ "", ASSAY_RUN_KERNEL, kernel };
            strcpy(w->op, ops[k]);
        }
    }
    return impl;
}
