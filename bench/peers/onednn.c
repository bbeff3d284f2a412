/* SPDX-License-Identifier: MIT
 * onednn.c - oneDNN as a supplier of matmul, a plug-in built by ci/peers: f32, and bf16 with x rounded to bf16. Weights
 * are reordered beforehand into what oneDNN asks for with 512 rows of x.  Primitives are kept for each shape. */
#include "assay/assay.h"
#include <dnnl.h>
#include <omp.h>
#include <string.h>

enum { X, W, Y, GIVEN, KEPT = 256 }; /* GIVEN: x as it comes, in f32 */
typedef struct kept {
    int64_t key[6];
    dnnl_primitive_t multiply, round;
    dnnl_memory_desc_t md[4];
} kept;

static dnnl_engine_t engine;
static dnnl_stream_t stream;
static kept cache[KEPT];
static int n_kept;

static bool matrix(dnnl_memory_desc_t *md, int64_t rows, int64_t columns, dnnl_data_type_t type, int64_t row)
{
    return !dnnl_memory_desc_init_by_strides(md, 2, (dnnl_dims_t){ rows, columns }, type, (dnnl_dims_t){ row, 1 });
}

static bool planned(dnnl_primitive_desc_t *pd, const dnnl_memory_desc_t *md)
{
    dnnl_matmul_desc_t d;
    return !dnnl_matmul_desc_init(&d, &md[X], &md[W], NULL, &md[Y]) &&
           !dnnl_primitive_desc_create(pd, &d, NULL, engine, NULL);
}

/* The weights, (K,N) to oneDNN, as it wants them */
static bool wanted(dnnl_memory_desc_t *w, int64_t N, int64_t K, dnnl_data_type_t type)
{
    dnnl_memory_desc_t md[3];
    dnnl_primitive_desc_t pd;
    if (!matrix(&md[X], 512, K, type, K) || !matrix(&md[Y], 512, N, dnnl_f32, N) ||
        dnnl_memory_desc_init_by_tag(&md[W], 2, (dnnl_dims_t){ K, N }, type, dnnl_format_tag_any) || !planned(&pd, md))
        return false;
    *w = *dnnl_primitive_desc_query_md(pd, dnnl_query_weights_md, 0);
    dnnl_primitive_desc_destroy(pd);
    return true;
}

static bool reorder(dnnl_primitive_t *p, const dnnl_memory_desc_t *from, const dnnl_memory_desc_t *to)
{
    dnnl_primitive_desc_t pd;
    if (dnnl_reorder_primitive_desc_create(&pd, from, engine, to, engine, NULL))
        return false;
    const bool ok = !dnnl_primitive_create(p, pd);
    dnnl_primitive_desc_destroy(pd);
    return ok;
}

static bool execute(dnnl_primitive_t p, int n, const int *arg, const dnnl_memory_desc_t *const *md, void *const *data)
{
    dnnl_exec_arg_t args[3];
    bool ok = true;
    for (int i = 0; i < n; i++) {
        args[i].arg = arg[i];
        ok &= !dnnl_memory_create(&args[i].memory, md[i], engine, data[i]);
    }
    ok = ok && !dnnl_primitive_execute(p, stream, n, args) && !dnnl_stream_wait(stream);
    for (int i = 0; ok && i < n; i++)
        dnnl_memory_destroy(args[i].memory);
    return ok;
}

static kept *keep(const assay_args *a)
{
    const dnnl_data_type_t type = *(const dnnl_data_type_t *)a->variant;
    const int64_t T = a->dim[0], N = a->dim[1], K = a->dim[2];
    const int64_t ldx = T > 1 ? a->operand[0].stride[0] / 4 : K, ldy = T > 1 ? a->operand[3].stride[0] / 4 : N;
    const int64_t key[6] = { type, T, N, K, ldx, ldy };
    for (int i = 0; i < n_kept; i++)
        if (!memcmp(cache[i].key, key, sizeof key))
            return &cache[i];
    kept *k = &cache[n_kept < KEPT ? n_kept : KEPT - 1];
    dnnl_primitive_desc_t pd;
    memset(k, 0, sizeof *k);
    memcpy(k->key, key, sizeof key);
    if (!matrix(&k->md[GIVEN], T, K, dnnl_f32, ldx) || !matrix(&k->md[Y], T, N, dnnl_f32, ldy) ||
        !matrix(&k->md[X], T, K, type, type == dnnl_f32 ? ldx : K) || !wanted(&k->md[W], N, K, type) ||
        !planned(&pd, k->md))
        return NULL;
    const bool ok = !dnnl_primitive_create(&k->multiply, pd);
    dnnl_primitive_desc_destroy(pd);
    if (!ok || (type != dnnl_f32 && !reorder(&k->round, &k->md[GIVEN], &k->md[X])))
        return NULL;
    n_kept += n_kept < KEPT;
    return k;
}

static assay_status run(const assay_args *a)
{
    omp_set_num_threads(1);
    const kept *k = keep(a);
    if (!k)
        return ASSAY_UNSUPPORTED;
    const dnnl_memory_desc_t *const round[] = { &k->md[GIVEN], &k->md[X] }, *const all[] = { &k->md[X], &k->md[W],
                                                                                             &k->md[Y] };
    void *x = k->round ? a->scratch : a->operand[0].data;
    bool ok = true;
    if (k->round)
        ok = execute(k->round, 2, (const int[]){ DNNL_ARG_FROM, DNNL_ARG_TO }, round,
                     (void *[]){ a->operand[0].data, x });
    ok = ok && execute(k->multiply, 3, (const int[]){ DNNL_ARG_SRC, DNNL_ARG_WEIGHTS, DNNL_ARG_DST }, all,
                       (void *[]){ x, (void *)a->packed, a->operand[3].data });
    return ok ? ASSAY_OK : ASSAY_ERR_NOMEM;
}

static size_t scratch(const assay_args *a)
{
    return (size_t)(a->dim[0] * a->dim[2]) * 2 + 64;
}
static bool accepts(const assay_args *a)
{
    return a->dim[0] > 0 && a->dim[1] > 0 && a->dim[2] > 0 && !a->operand[2].data;
}
static size_t packed_bytes(const assay_args *a)
{
    dnnl_memory_desc_t w;
    return wanted(&w, a->dim[1], a->dim[2], *(const dnnl_data_type_t *)a->variant) ? dnnl_memory_desc_get_size(&w) : 64;
}
static void pack(const assay_args *a, void *dst)
{
    const dnnl_data_type_t type = *(const dnnl_data_type_t *)a->variant;
    const int64_t N = a->dim[1], K = a->dim[2], row = N > 1 ? a->operand[1].stride[0] / (type == dnnl_f32 ? 4 : 2) : K;
    dnnl_memory_desc_t from, to;
    dnnl_primitive_t p;
    omp_set_num_threads(1);
    if (!wanted(&to, N, K, type) ||
        dnnl_memory_desc_init_by_strides(&from, 2, (dnnl_dims_t){ K, N }, type, (dnnl_dims_t){ 1, row }) ||
        !reorder(&p, &from, &to))
        return;
    const dnnl_memory_desc_t *const md[] = { &from, &to };
    execute(p, 2, (const int[]){ DNNL_ARG_FROM, DNNL_ARG_TO }, md, (void *[]){ a->operand[1].data, dst });
    dnnl_primitive_destroy(p);
}

#define TYPES(t)                                                                                                       \
    static const assay_typeset types_##t[] = { ASSAY_TYPES(ASSAY_T(f32)), ASSAY_TYPES(ASSAY_T(t)),                     \
                                               ASSAY_TYPES(ASSAY_T(f32)), ASSAY_TYPES(ASSAY_T(f32)) };
TYPES(f32)
TYPES(bf16)
static const assay_contract rounds = { .ftz = 1, .round = { { "x", ASSAY_bf16, 0 } } };
#define KERNEL(t, promise)                                                                                             \
    {                                                                                                                  \
        .op = "matmul", .name = #t, .flags = ASSAY_UNSLICED | ASSAY_OWN_THREADS, .types = types_##t,                   \
        .contract = (promise), .run = run, .accepts = accepts, .scratch = scratch, .packed_bytes = packed_bytes,       \
        .pack = pack, .variant = &(const dnnl_data_type_t)                                                             \
        {                                                                                                              \
            dnnl_##t                                                                                                   \
        }                                                                                                              \
    }
static assay_kernel kernels[] = { KERNEL(f32, NULL), KERNEL(bf16, &rounds) };
static assay_plugin plugin = { ASSAY_ABI, sizeof(assay_kernel), sizeof(assay_op), "onednn", NULL, kernels, 1, 0, 0 };

const assay_plugin *assay_plugin_v1(void);
const assay_plugin *assay_plugin_v1(void)
{
    dnnl_memory_desc_t w;
    if (!engine &&
        (dnnl_engine_create(&engine, dnnl_cpu, 0) || dnnl_stream_create(&stream, engine, dnnl_stream_default_flags)))
        return NULL;
    plugin.n_kernels = wanted(&w, 64, 64, dnnl_bf16) ? 2 : 1; /* AVX2 alone has none */
    plugin.version = DNNL_VERSION_HASH;
    return &plugin;
}
