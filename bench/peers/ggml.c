/* SPDX-License-Identifier: MIT
 * ggml.c - ggml's CPU backend as a supplier of matmul: a plug-in by docs/plugin.md, built by ci/peers beside a copy of
 * ggml. A call is a graph of one mul_mat (and an add where there is a bias), computed by one thread.  TYPE takes
 * weights as llama.cpp does, repacked where the backend offers that for them; TYPE_plain as they stand in a file
 * (--no-repack). ggml rounds x to the type that goes with the weights', and sums minima apart: docs/findings.md.
 * Kernels call ggml's allocator and its lock, hence ASSAY_OWN_THREADS. */
#include "assay/assay.h"
#include "ggml-backend.h"
#include "ggml-cpu.h"
#include <stdlib.h>
#include <string.h>

/* X(weights, ggml's name, what x is rounded to, minima) */
#define WEIGHTS(X)                                                                                                     \
    X(f32, F32, f32, 0)                                                                                                \
    X(f16, F16, f16, 0)                                                                                                \
    X(bf16, BF16, bf16, 0)                                                                                             \
    X(q8_0, Q8_0, q8_0, 0)                                                                                             \
    X(q4_0, Q4_0, q8_0, 0)                                                                                             \
    X(q4_1, Q4_1, q8_1, 1)                                                                                             \
    X(q5_0, Q5_0, q8_0, 0)                                                                                             \
    X(q5_1, Q5_1, q8_1, 1)                                                                                             \
    X(q2_k, Q2_K, q8_k, 1)                                                                                             \
    X(q3_k, Q3_K, q8_k, 0)                                                                                             \
    X(q4_k, Q4_K, q8_k, 1)                                                                                             \
    X(q5_k, Q5_K, q8_k, 1)                                                                                             \
    X(q6_k, Q6_K, q8_k, 0)                                                                                             \
    X(iq4_nl, IQ4_NL, q8_0, 0)                                                                                         \
    X(iq4_xs, IQ4_XS, q8_k, 0)                                                                                         \
    X(mxfp4, MXFP4, q8_0, 0)

typedef struct way {
    enum ggml_type type;
    bool plain;
} way;

enum { CONTEXT = 64 * 1024, MOST_BUFFERS = 8 };
static ggml_backend_dev_t cpu;
static ggml_backend_buffer_t packs[MOST_BUFFERS + 1]; /* of a few bytes: what tells ggml how weights are packed */

/* Weights at data, and how they are packed: as the first kind of buffer says that has a kernel for them, or plain. */
static struct ggml_tensor *weights(struct ggml_context *ctx, const assay_args *a, void *data)
{
    const way *v = a->variant;
    struct ggml_tensor *w = ggml_new_tensor_2d(ctx, v->type, a->dim[2], a->dim[1]);
    struct ggml_tensor *any = ggml_new_tensor_2d(ctx, GGML_TYPE_F32, a->dim[2], 512);
    w->data = data;
    for (int i = 0; packs[i] && !v->plain; i++) {
        w->buffer = packs[i];
        if (ggml_backend_dev_supports_op(cpu, ggml_mul_mat(ctx, w, any))) {
            ggml_backend_buffer_init_tensor(packs[i], w);
            return w;
        }
    }
    w->buffer = NULL;
    return w;
}

static struct ggml_context *context(void *memory)
{
    return ggml_init((struct ggml_init_params){ CONTEXT, memory, true });
}

/* Rows of floats at t */
static void place(struct ggml_tensor *f, const assay_tensor *t)
{
    f->data = t->data;
    if (f->ne[1] > 1)
        f->nb[1] = (size_t)t->stride[0];
    f->nb[2] = f->nb[3] = f->nb[1] * (size_t)f->ne[1];
}

static struct ggml_cgraph *graph_of(struct ggml_context *ctx, const assay_args *a)
{
    struct ggml_tensor *x = ggml_new_tensor_2d(ctx, GGML_TYPE_F32, a->dim[2], a->dim[0]);
    place(x, &a->operand[0]);
    struct ggml_tensor *y = ggml_mul_mat(ctx, weights(ctx, a, (void *)a->packed), x);
    place(y, &a->operand[3]);
    if (a->operand[2].data) {
        struct ggml_tensor *bias = ggml_new_tensor_1d(ctx, GGML_TYPE_F32, a->dim[1]);
        bias->data = a->operand[2].data;
        y = ggml_add_inplace(ctx, y, bias);
        y->data = a->operand[3].data;
    }
    struct ggml_cgraph *graph = ggml_new_graph_custom(ctx, 16, false);
    ggml_build_forward_expand(graph, y);
    return graph;
}

static size_t scratch(const assay_args *a)
{
    struct ggml_context *ctx = context(NULL);
    const size_t bytes = ggml_graph_plan(graph_of(ctx, a), 1, NULL).work_size;
    ggml_free(ctx);
    return CONTEXT + bytes;
}

static assay_status run(const assay_args *a)
{
    struct ggml_context *ctx = context(a->scratch);
    struct ggml_cgraph *graph = graph_of(ctx, a);
    struct ggml_cplan plan = ggml_graph_plan(graph, 1, NULL);
    plan.work_data = (uint8_t *)a->scratch + CONTEXT;
    const enum ggml_status s = ggml_graph_compute(graph, &plan);
    ggml_free(ctx);
    return s == GGML_STATUS_SUCCESS ? ASSAY_OK : ASSAY_ERR_NOMEM;
}

static bool accepts(const assay_args *a) /* ggml has no rows of no length, and none that end within a block */
{
    const way *v = a->variant;
    return a->dim[0] > 0 && a->dim[1] > 0 && a->dim[2] > 0 && a->dim[2] % ggml_blck_size(v->type) == 0;
}

static size_t packed_bytes(const assay_args *a)
{
    return ggml_row_size(((const way *)a->variant)->type, a->dim[2]) * (size_t)a->dim[1];
}

static void pack(const assay_args *a, void *dst)
{
    const assay_tensor *from = &a->operand[1];
    const size_t row = packed_bytes(a) / (size_t)a->dim[1];
    struct ggml_context *ctx = context(NULL);
    struct ggml_tensor *w = weights(ctx, a, dst);
    char *rows = w->buffer ? malloc(row * (size_t)a->dim[1]) : dst;
    for (int64_t n = 0; rows && n < a->dim[1]; n++)
        memcpy(rows + (size_t)n * row, (const char *)from->data + n * from->stride[0], row);
    if (w->buffer && rows)
        ggml_backend_tensor_set(w, rows, 0, ggml_nbytes(w));
    if (w->buffer)
        free(rows);
    ggml_free(ctx);
}

#define ROW(weights, theirs, x, minima)                                                                                \
    static const assay_typeset types_##weights[] = { ASSAY_TYPES(ASSAY_T(f32)), ASSAY_TYPES(ASSAY_T(weights)),         \
                                                     ASSAY_TYPES(ASSAY_T(f32)), ASSAY_TYPES(ASSAY_T(f32)) };           \
    static assay_contract contract_##weights = { .split_min = (minima),                                                \
                                                 .round = { { ASSAY_##x == ASSAY_f32 ? NULL : "x", ASSAY_##x, 0 } } };
WEIGHTS(ROW)

#define KERNEL(weights, suffix, theirs, alone)                                                                         \
    {                                                                                                                  \
        .op = "matmul", .name = #weights suffix, .flags = ASSAY_UNSLICED | ASSAY_OWN_THREADS,                          \
        .types = types_##weights, .contract = &contract_##weights, .run = run, .accepts = accepts, .scratch = scratch, \
        .packed_bytes = packed_bytes, .pack = pack, .variant = &(const way)                                            \
        {                                                                                                              \
            GGML_TYPE_##theirs, alone                                                                                  \
        }                                                                                                              \
    }
#define BOTH(weights, theirs, x, minima) KERNEL(weights, "", theirs, false), KERNEL(weights, "_plain", theirs, true),
static assay_kernel kernels[] = { WEIGHTS(BOTH) };
static assay_plugin plugin = { ASSAY_ABI, sizeof(assay_kernel), sizeof(assay_op), "ggml", NULL, kernels, 0, NULL, 0 };

static void silent(enum ggml_log_level level, const char *text, void *user)
{
    (void)level, (void)text, (void)user;
}

/* Is there another way than plain for these weights? */
static bool repacked(const assay_kernel *k)
{
    const int64_t dim[] = { 1, 64, 512 };
    const assay_args a = { .dim = dim, .variant = k->variant };
    struct ggml_context *ctx = context(NULL);
    const bool other = weights(ctx, &a, NULL)->buffer != NULL;
    ggml_free(ctx);
    return other;
}

const assay_plugin *assay_plugin_v1(void);
const assay_plugin *assay_plugin_v1(void)
{
    if (cpu)
        return &plugin;
    ggml_log_set(silent, NULL);
    cpu = ggml_backend_reg_dev_get(ggml_backend_cpu_reg(), 0);
    const ggml_backend_dev_get_extra_bufts_t list =
        (ggml_backend_dev_get_extra_bufts_t)ggml_backend_reg_get_proc_address(ggml_backend_cpu_reg(),
                                                                              "ggml_backend_dev_get_extra_bufts");
    ggml_backend_buffer_type_t *kinds = list ? list(cpu) : NULL;
    for (int i = 0; kinds && kinds[i] && i < MOST_BUFFERS; i++)
        packs[i] = ggml_backend_buft_alloc_buffer(kinds[i], 64);
    contract_bf16.ftz = (uint8_t)ggml_cpu_has_avx512_bf16(); /* its dot products flush subnormals */
    plugin.version = ggml_version();
    for (size_t i = 0; i < sizeof kernels / sizeof *kernels; i += 2) {
        kernels[plugin.n_kernels++] = kernels[i];
        if (repacked(&kernels[i]))
            kernels[plugin.n_kernels++] = kernels[i + 1];
    }
    return &plugin;
}
