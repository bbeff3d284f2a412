/* SPDX-License-Identifier: MIT
 * ggml.c - ggml's CPU backend as a supplier: a plug-in by docs/plugin.md, built by ci/peers beside a copy of ggml.  A
 * call is a graph, here of one mul_mat (and an add where there is a bias).  TYPE takes weights as llama.cpp does,
 * repacked where the backend offers that for them; TYPE_plain as they stand in a file (--no-repack). ggml rounds x to
 * the type that goes with the weights', and sums minima apart: docs/findings.md. Kernels call ggml's allocator and its
 * lock, hence ASSAY_OWN_THREADS. */
#include "ggml_peer.h"
#include <stdio.h>
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

enum { MOST_BUFFERS = 8, MOST_THREADS = 64 };
static int threads = 1;
static ggml_backend_dev_t cpu;
static ggml_backend_buffer_t packs[MOST_BUFFERS + 1]; /* of a few bytes: what tells ggml how weights are packed */

/* Weights at data, and how they are packed: as the first kind of buffer says that has a kernel for them, or plain. */
static struct ggml_tensor *weights(struct ggml_context *ctx, const assay_args *a, void *data)
{
    const peer_way *v = a->variant;
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

struct ggml_context *peer_context(void *memory)
{
    return ggml_init((struct ggml_init_params){ PEER_CONTEXT, memory, true });
}

void peer_place(struct ggml_tensor *f, void *data, int64_t nb1, int64_t nb2, int64_t nb3)
{
    const int64_t nb[] = { 0, nb1, nb2, nb3 };
    f->data = data;
    for (int i = 1; i < 4; i++)
        f->nb[i] = f->ne[i] > 1 ? (size_t)nb[i] : f->nb[i - 1] * (size_t)f->ne[i - 1];
}

struct ggml_tensor *peer_rows(struct ggml_context *ctx, const assay_args *a)
{
    return ggml_new_tensor_2d(ctx, GGML_TYPE_F32, a->dim[1], a->dim[0]);
}

void peer_rows_at(struct ggml_tensor *f, const assay_tensor *t)
{
    peer_place(f, t->data, t->stride[0], 0, 0);
}

bool peer_not_empty(const assay_args *a, int dims)
{
    for (int i = 0; i < dims; i++)
        if (a->dim[i] <= 0)
            return false;
    return true;
}

static struct ggml_tensor *multiply(struct ggml_context *ctx, const assay_args *a)
{
    struct ggml_tensor *x = ggml_new_tensor_2d(ctx, GGML_TYPE_F32, a->dim[2], a->dim[0]);
    peer_rows_at(x, &a->operand[0]);
    struct ggml_tensor *y = ggml_mul_mat(ctx, weights(ctx, a, (void *)a->packed), x);
    peer_rows_at(y, &a->operand[3]);
    if (a->operand[2].data) {
        struct ggml_tensor *bias = ggml_new_tensor_1d(ctx, GGML_TYPE_F32, a->dim[1]);
        bias->data = a->operand[2].data;
        y = ggml_add_inplace(ctx, y, bias);
        y->data = a->operand[3].data;
    }
    return y;
}

static struct ggml_cgraph *graph_of(struct ggml_context *ctx, const assay_args *a)
{
    struct ggml_cgraph *graph = ggml_new_graph_custom(ctx, 16, false);
    ggml_build_forward_expand(graph, ((const peer_way *)a->variant)->build(ctx, a));
    return graph;
}

size_t peer_scratch(const assay_args *a)
{
    struct ggml_context *ctx = peer_context(NULL);
    const size_t bytes = ggml_graph_plan(graph_of(ctx, a), threads, NULL).work_size;
    ggml_free(ctx);
    return PEER_CONTEXT + bytes;
}

/* More threads than one are kept from the first call on: a process that is forked later has none of them. */
static struct ggml_threadpool *pool(void)
{
    static struct ggml_threadpool *kept;
    if (threads > 1 && !kept) {
        struct ggml_threadpool_params p = ggml_threadpool_params_default(threads);
        kept = ggml_threadpool_new(&p);
    }
    return kept;
}

assay_status peer_run(const assay_args *a)
{
    struct ggml_context *ctx = peer_context(a->scratch);
    struct ggml_cgraph *graph = graph_of(ctx, a);
    struct ggml_cplan plan = ggml_graph_plan(graph, threads, pool());
    plan.work_data = (uint8_t *)a->scratch + PEER_CONTEXT;
    const enum ggml_status s = ggml_graph_compute(graph, &plan);
    ggml_free(ctx);
    return s == GGML_STATUS_SUCCESS ? ASSAY_OK : ASSAY_ERR_NOMEM;
}

static bool accepts(const assay_args *a) /* ggml has no rows of no length, and none that end within a block */
{
    const peer_way *v = a->variant;
    return a->dim[0] > 0 && a->dim[1] > 0 && a->dim[2] > 0 && a->dim[2] % ggml_blck_size(v->type) == 0;
}

static size_t packed_bytes(const assay_args *a)
{
    return ggml_row_size(((const peer_way *)a->variant)->type, a->dim[2]) * (size_t)a->dim[1];
}

static void pack(const assay_args *a, void *dst)
{
    const assay_tensor *from = &a->operand[1];
    const size_t row = packed_bytes(a) / (size_t)a->dim[1];
    struct ggml_context *ctx = peer_context(NULL);
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
        PEER_GRAPHED, .op = "matmul", .name = #weights suffix, .types = types_##weights,                               \
                      .contract = &contract_##weights, .accepts = accepts, .packed_bytes = packed_bytes, .pack = pack, \
                      .variant = &(const peer_way)                                                                     \
        {                                                                                                              \
            multiply, GGML_TYPE_##theirs, alone                                                                        \
        }                                                                                                              \
    }
#define BOTH(weights, theirs, x, minima) KERNEL(weights, "", theirs, false), KERNEL(weights, "_plain", theirs, true),
static const assay_kernel matmuls[] = { WEIGHTS(BOTH) };
static assay_kernel kernels[128];
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
    struct ggml_context *ctx = peer_context(NULL);
    const bool other = weights(ctx, &a, NULL)->buffer != NULL;
    ggml_free(ctx);
    return other;
}

static void add(const assay_kernel *k, size_t n)
{
    memcpy(&kernels[plugin.n_kernels], k, n * sizeof *k);
    plugin.n_kernels += n;
}

/* Its number, the threads, and the instructions that it says it was built for. */
static const char *version(void)
{
    static char text[160];
    const struct {
        const char *name;
        int (*has)(void);
    } isa[] = { { "AVX2", ggml_cpu_has_avx2 },
                { "FMA", ggml_cpu_has_fma },
                { "F16C", ggml_cpu_has_f16c },
                { "AVX512", ggml_cpu_has_avx512 },
                { "AVX512_VNNI", ggml_cpu_has_avx512_vnni },
                { "AVX512_BF16", ggml_cpu_has_avx512_bf16 },
                { "AMX_INT8", ggml_cpu_has_amx_int8 },
                { "NEON", ggml_cpu_has_neon },
                { "DOTPROD", ggml_cpu_has_dotprod } };
    int n = snprintf(text, sizeof text, "%s, threads %d,", ggml_version(), threads);
    for (size_t i = 0; i < sizeof isa / sizeof *isa; i++)
        if (isa[i].has())
            n += snprintf(text + n, sizeof text - (size_t)n, " %s", isa[i].name);
    return text;
}

const assay_plugin *assay_plugin_v1(void);
const assay_plugin *assay_plugin_v1(void)
{
    if (cpu)
        return &plugin;
    const char *many = getenv("ASSAY_PEER_THREADS");
    const int asked = many ? atoi(many) : 1;
    threads = asked < 1 ? 1 : asked > MOST_THREADS ? MOST_THREADS : asked;
    ggml_log_set(silent, NULL);
    cpu = ggml_backend_reg_dev_get(ggml_backend_cpu_reg(), 0);
    const ggml_backend_dev_get_extra_bufts_t list =
        (ggml_backend_dev_get_extra_bufts_t)ggml_backend_reg_get_proc_address(ggml_backend_cpu_reg(),
                                                                              "ggml_backend_dev_get_extra_bufts");
    ggml_backend_buffer_type_t *kinds = list ? list(cpu) : NULL;
    for (int i = 0; kinds && kinds[i] && i < MOST_BUFFERS; i++)
        packs[i] = ggml_backend_buft_alloc_buffer(kinds[i], 64);
    contract_bf16.ftz = (uint8_t)ggml_cpu_has_avx512_bf16(); /* its dot products flush subnormals */
    for (size_t i = 0; i < sizeof matmuls / sizeof *matmuls; i += 2) {
        kernels[plugin.n_kernels++] = matmuls[i];
        if (repacked(&matmuls[i]))
            kernels[plugin.n_kernels++] = matmuls[i + 1];
    }
    add(peer_rows_kernels, peer_n_rows_kernels);
    add(peer_attention_kernels, peer_n_attention_kernels);
    plugin.version = version();
    return &plugin;
}
