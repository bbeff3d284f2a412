/* SPDX-License-Identifier: MIT
 * onednn_rows.c - oneDNN's softmax, layer normalization and eltwise (gelu by erf and by tanh, swish), in f32: (R,C),
 * rows as far apart as ours. */
#include "assay/params.h"
#include "onednn_peer.h"
#include <string.h>

enum { KEPT = 256, SHAPED = 6 };
typedef enum { SOFTMAX, LAYERNORM, ELTWISE } kind;
typedef struct kept {
    int64_t key[SHAPED];
    dnnl_primitive_t p;
    dnnl_memory_desc_t x, y, column;
} kept;
static kept cache[KEPT];
static int n_kept;

static bool matrix(dnnl_memory_desc_t *md, const assay_args *a, int64_t row)
{
    return !dnnl_memory_desc_init_by_strides(md, 2, (dnnl_dims_t){ a->dim[0], a->dim[1] }, dnnl_f32,
                                             (dnnl_dims_t){ row, 1 });
}

/* flags and eps are layernorm's, alg is eltwise's. */
static bool described(dnnl_primitive_desc_t *pd, const kept *k, kind what, unsigned flags, float eps, int alg)
{
    dnnl_softmax_v2_desc_t softmax;
    dnnl_layer_normalization_desc_t norm;
    dnnl_eltwise_desc_t eltwise;
    const dnnl_prop_kind_t forward = dnnl_forward_inference;
    switch (what) {
    case SOFTMAX:
        return !dnnl_softmax_v2_forward_desc_init(&softmax, forward, dnnl_softmax_accurate, &k->x, &k->y, 1) &&
               !dnnl_primitive_desc_create(pd, &softmax, NULL, peer_engine, NULL);
    case LAYERNORM:
        return !dnnl_layer_normalization_forward_desc_init(&norm, forward, &k->x, NULL, eps, flags) &&
               !dnnl_primitive_desc_create(pd, &norm, NULL, peer_engine, NULL);
    default:
        return !dnnl_eltwise_forward_desc_init(&eltwise, forward, (dnnl_alg_kind_t)alg, &k->x, 1, 0) &&
               !dnnl_primitive_desc_create(pd, &eltwise, NULL, peer_engine, NULL);
    }
}

static kept *keep(const assay_args *a, const assay_tensor *y, kind what, unsigned flags, float eps, int alg)
{
    const int64_t C = a->dim[1], row = a->dim[0] > 1 ? a->operand[0].stride[0] / 4 : C,
                  out = a->dim[0] > 1 ? y->stride[0] / 4 : C;
    int64_t key[SHAPED] = { (int64_t)what << 32 | flags | alg, a->dim[0], C, row, out, 0 };
    memcpy(&key[5], &eps, sizeof eps);
    for (int i = 0; i < n_kept; i++)
        if (!memcmp(cache[i].key, key, sizeof key))
            return &cache[i];
    kept *k = &cache[n_kept < KEPT ? n_kept : KEPT - 1];
    dnnl_primitive_desc_t pd;
    if (!matrix(&k->x, a, row) || !matrix(&k->y, a, out) ||
        dnnl_memory_desc_init_by_strides(&k->column, 1, (dnnl_dims_t){ C }, dnnl_f32, (dnnl_dims_t){ 1 }) ||
        !described(&pd, k, what, flags, eps, alg))
        return NULL;
    memcpy(k->key, key, sizeof key);
    const bool ok = !dnnl_primitive_create(&k->p, pd);
    dnnl_primitive_desc_destroy(pd);
    n_kept += ok && n_kept < KEPT;
    return ok ? k : NULL;
}

static assay_status done(bool ok)
{
    return ok ? ASSAY_OK : ASSAY_UNSUPPORTED;
}
static assay_status plain(const assay_args *a, const assay_tensor *y, kind what, int alg)
{
    peer_threads();
    const kept *k = keep(a, y, what, 0, 0, alg);
    const dnnl_memory_desc_t *const md[] = { k ? &k->x : NULL, k ? &k->y : NULL };
    return done(k && peer_execute(k->p, 2, (const int[]){ DNNL_ARG_SRC, DNNL_ARG_DST }, md,
                                  (void *[]){ a->operand[0].data, y->data }));
}
static assay_status softmax(const assay_args *a)
{
    return plain(a, &a->operand[3], SOFTMAX, 0);
}
static assay_status silu(const assay_args *a)
{
    return plain(a, &a->operand[1], ELTWISE, dnnl_eltwise_swish);
}
static assay_status gelu(const assay_args *a)
{
    const bool erf = ((const assay_gelu_params *)a->params)->form == ASSAY_GELU_ERF;
    return plain(a, &a->operand[1], ELTWISE, erf ? dnnl_eltwise_gelu_erf : dnnl_eltwise_gelu_tanh);
}
static assay_status layernorm(const assay_args *a)
{
    const assay_tensor *o = a->operand;
    const unsigned flags = (o[1].data ? dnnl_use_scale : 0u) | (o[2].data ? dnnl_use_shift : 0u);
    int arg[4] = { DNNL_ARG_SRC, DNNL_ARG_DST }, n = 2;
    peer_threads();
    const kept *k = keep(a, &o[3], LAYERNORM, flags, ((const assay_layernorm_params *)a->params)->eps, 0);
    if (!k)
        return ASSAY_UNSUPPORTED;
    const dnnl_memory_desc_t *md[4] = { &k->x, &k->y };
    void *data[4] = { o[0].data, o[3].data };
    for (int i = 1; i < 3; i++)
        if (o[i].data) {
            arg[n] = i == 1 ? DNNL_ARG_SCALE : DNNL_ARG_SHIFT;
            md[n] = &k->column;
            data[n++] = o[i].data;
        }
    return done(peer_execute(k->p, n, arg, md, data));
}

static bool filled(const assay_args *a)
{
    return a->dim[0] > 0 && a->dim[1] > 0;
}
static bool softmax_accepts(const assay_args *a)
{
    return filled(a) && ((const assay_softmax_params *)a->params)->scale == 1 && !a->operand[1].rank &&
           !a->operand[2].rank;
}
/* Of these two one descriptor holds for x and y: rows must be as far apart. */
static bool layernorm_accepts(const assay_args *a)
{
    return filled(a) && (a->dim[0] == 1 || a->operand[0].stride[0] == a->operand[3].stride[0]);
}
static bool silu_accepts(const assay_args *a)
{
    return filled(a) && (a->dim[0] == 1 || a->operand[0].stride[0] == a->operand[1].stride[0]);
}
static bool gelu_accepts(const assay_args *a)
{
    return silu_accepts(a) && ((const assay_gelu_params *)a->params)->form != ASSAY_GELU_QUICK;
}

#define F32 ASSAY_TYPES(ASSAY_T(f32))
static const assay_typeset types[] = { F32, F32, F32, F32 };
#define KERNEL(of)                                                                                                     \
    {                                                                                                                  \
        .op = #of, .name = "f32", .flags = ASSAY_UNSLICED | ASSAY_OWN_THREADS, .types = types, .run = of,              \
        .accepts = of##_accepts                                                                                        \
    }
const assay_kernel peer_rows_kernels[PEER_ROWS_KERNELS] = { KERNEL(softmax), KERNEL(layernorm), KERNEL(silu),
                                                            KERNEL(gelu) };
