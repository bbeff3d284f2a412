/* SPDX-License-Identifier: MIT
 * onednn.c - oneDNN as a supplier of matmul, a plug-in built by ci/peers: f32, and bf16 with x rounded to bf16; and of
 * matmul_int8 where its output scales can say all: a scale of x for all tokens, none of the zero points, no bias.
 * Weights are reordered beforehand into what oneDNN asks for with 512 rows of x.  Primitives are kept for each shape.
 */
#include "onednn_peer.h"
#include <omp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { X, W, Y, GIVEN, SCALE, MEMORIES, KEPT = 256 }; /* GIVEN: x as it comes, in f32 */
typedef struct kept {
    int64_t key[6];
    dnnl_primitive_t multiply, round;
    dnnl_memory_desc_t md[MEMORIES];
} kept;

dnnl_engine_t peer_engine;
static dnnl_stream_t stream;
static int threads = 1;
static kept cache[KEPT];
static int n_kept;

void peer_threads(void)
{
    omp_set_num_threads(threads);
}

static bool matrix(dnnl_memory_desc_t *md, int64_t rows, int64_t columns, dnnl_data_type_t type, int64_t row)
{
    return !dnnl_memory_desc_init_by_strides(md, 2, (dnnl_dims_t){ rows, columns }, type, (dnnl_dims_t){ row, 1 });
}

/* What a kernel multiplies, and which operand it writes */
typedef struct form {
    dnnl_data_type_t type;
    int bytes, y;
} form;

static bool planned(dnnl_primitive_desc_t *pd, const dnnl_memory_desc_t *md, const form *f)
{
    dnnl_matmul_desc_t d;
    dnnl_primitive_attr_t attr = NULL;
    bool ok = !dnnl_matmul_desc_init(&d, &md[X], &md[W], NULL, &md[Y]);
    if (f->type == dnnl_s8) /* by column, given with each call */
        ok = ok && !dnnl_primitive_attr_create(&attr) &&
             !dnnl_primitive_attr_set_output_scales(attr, 1, 1 << 1, &DNNL_RUNTIME_F32_VAL);
    ok = ok && !dnnl_primitive_desc_create(pd, &d, attr, peer_engine, NULL);
    if (attr)
        dnnl_primitive_attr_destroy(attr);
    return ok;
}

/* The weights, (K,N) to oneDNN, as it wants them */
static bool wanted(dnnl_memory_desc_t *w, int64_t N, int64_t K, const form *f)
{
    dnnl_memory_desc_t md[3];
    dnnl_primitive_desc_t pd;
    if (!matrix(&md[X], 512, K, f->type, K) || !matrix(&md[Y], 512, N, dnnl_f32, N) ||
        dnnl_memory_desc_init_by_tag(&md[W], 2, (dnnl_dims_t){ K, N }, f->type, dnnl_format_tag_any) ||
        !planned(&pd, md, f))
        return false;
    *w = *dnnl_primitive_desc_query_md(pd, dnnl_query_weights_md, 0);
    dnnl_primitive_desc_destroy(pd);
    return true;
}

static bool reorder(dnnl_primitive_t *p, const dnnl_memory_desc_t *from, const dnnl_memory_desc_t *to)
{
    dnnl_primitive_desc_t pd;
    if (dnnl_reorder_primitive_desc_create(&pd, from, peer_engine, to, peer_engine, NULL))
        return false;
    const bool ok = !dnnl_primitive_create(p, pd);
    dnnl_primitive_desc_destroy(pd);
    return ok;
}

bool peer_execute(dnnl_primitive_t p, int n, const int *arg, const dnnl_memory_desc_t *const *md, void *const *data)
{
    dnnl_exec_arg_t args[4] = { { 0 } };
    bool ok = true;
    for (int i = 0; i < n; i++) {
        args[i].arg = arg[i];
        ok &= !dnnl_memory_create(&args[i].memory, md[i], peer_engine, data[i]);
    }
    ok = ok && !dnnl_primitive_execute(p, stream, n, args) && !dnnl_stream_wait(stream);
    for (int i = 0; ok && i < n; i++)
        dnnl_memory_destroy(args[i].memory);
    return ok;
}

static kept *keep(const assay_args *a)
{
    const form *f = a->variant;
    const bool given = f->type == dnnl_bf16; /* x comes in f32 and is rounded */
    const int64_t T = a->dim[0], N = a->dim[1], K = a->dim[2];
    const int64_t ldx = T > 1 ? a->operand[0].stride[0] / (given ? 4 : f->bytes) : K,
                  ldy = T > 1 ? a->operand[f->y].stride[0] / 4 : N;
    const int64_t key[6] = { f->type, T, N, K, ldx, ldy };
    for (int i = 0; i < n_kept; i++)
        if (!memcmp(cache[i].key, key, sizeof key))
            return &cache[i];
    kept *k = &cache[n_kept < KEPT ? n_kept : KEPT - 1];
    dnnl_primitive_desc_t pd;
    memset(k, 0, sizeof *k);
    memcpy(k->key, key, sizeof key);
    if (!matrix(&k->md[GIVEN], T, K, dnnl_f32, ldx) || !matrix(&k->md[Y], T, N, dnnl_f32, ldy) ||
        !matrix(&k->md[X], T, K, f->type, given ? K : ldx) || !wanted(&k->md[W], N, K, f) || !planned(&pd, k->md, f) ||
        dnnl_memory_desc_init_by_strides(&k->md[SCALE], 1, (dnnl_dims_t){ N }, dnnl_f32, (dnnl_dims_t){ 1 }))
        return NULL;
    const bool ok = !dnnl_primitive_create(&k->multiply, pd);
    dnnl_primitive_desc_destroy(pd);
    if (!ok || (given && !reorder(&k->round, &k->md[GIVEN], &k->md[X])))
        return NULL;
    n_kept += n_kept < KEPT;
    return k;
}

static assay_status run(const assay_args *a)
{
    static const int round_arg[] = { DNNL_ARG_FROM, DNNL_ARG_TO },
                     arg[] = { DNNL_ARG_SRC, DNNL_ARG_WEIGHTS, DNNL_ARG_DST, DNNL_ARG_ATTR_OUTPUT_SCALES };
    const form *f = a->variant;
    peer_threads();
    const kept *k = keep(a);
    if (!k)
        return ASSAY_UNSUPPORTED;
    const dnnl_memory_desc_t *const round[] = { &k->md[GIVEN], &k->md[X] }, *const all[] = { &k->md[X], &k->md[W],
                                                                                             &k->md[Y], &k->md[SCALE] };
    void *x = k->round ? a->scratch : a->operand[0].data;
    bool ok = true;
    if (k->round)
        ok = peer_execute(k->round, 2, round_arg, round, (void *[]){ a->operand[0].data, x });
    for (int64_t n = 0; f->type == dnnl_s8 && n < a->dim[1]; n++)
        ((float *)a->scratch)[n] = *(const float *)a->operand[2].data *
                                   *(const float *)((const char *)a->operand[3].data + n * a->operand[3].stride[0]);
    ok = ok && peer_execute(k->multiply, f->type == dnnl_s8 ? 4 : 3, arg, all,
                            (void *[]){ x, (void *)a->packed, a->operand[f->y].data, a->scratch });
    return ok ? ASSAY_OK : ASSAY_ERR_NOMEM;
}

static size_t scratch(const assay_args *a)
{
    const form *f = a->variant;
    return (size_t)(f->type == dnnl_s8 ? a->dim[1] * 4 : a->dim[0] * a->dim[2] * 2) + 64;
}
static bool accepts(const assay_args *a)
{
    return a->dim[0] > 0 && a->dim[1] > 0 && a->dim[2] > 0 && !a->operand[2].data;
}
static bool accepts_int8(const assay_args *a)
{
    const assay_tensor *o = a->operand;
    return a->dim[0] > 0 && a->dim[1] > 0 && a->dim[2] > 0 && (a->dim[0] == 1 || !o[2].stride[0]) && !o[4].data &&
           !o[5].data && !o[6].data;
}
static size_t packed_bytes(const assay_args *a)
{
    dnnl_memory_desc_t w;
    return wanted(&w, a->dim[1], a->dim[2], a->variant) ? dnnl_memory_desc_get_size(&w) : 64;
}
static void pack(const assay_args *a, void *dst)
{
    const form *f = a->variant;
    const int64_t N = a->dim[1], K = a->dim[2], row = N > 1 ? a->operand[1].stride[0] / f->bytes : K;
    dnnl_memory_desc_t from, to;
    dnnl_primitive_t p;
    peer_threads();
    if (!wanted(&to, N, K, f) ||
        dnnl_memory_desc_init_by_strides(&from, 2, (dnnl_dims_t){ K, N }, f->type, (dnnl_dims_t){ 1, row }) ||
        !reorder(&p, &from, &to))
        return;
    const dnnl_memory_desc_t *const md[] = { &from, &to };
    peer_execute(p, 2, (const int[]){ DNNL_ARG_FROM, DNNL_ARG_TO }, md, (void *[]){ a->operand[1].data, dst });
    dnnl_primitive_destroy(p);
}

#define OF(t) ASSAY_TYPES(ASSAY_T(t))
static const assay_typeset f32[] = { OF(f32), OF(f32), OF(f32), OF(f32) },
                           bf16[] = { OF(f32), OF(bf16), OF(f32), OF(f32) },
                           int8[] = { OF(i8), OF(i8), OF(f32), OF(f32), OF(i8), OF(i8), OF(f32), OF(f32) };
static const form forms[] = { { dnnl_f32, 4, 3 }, { dnnl_s8, 1, 7 }, { dnnl_bf16, 2, 3 } };
static const assay_contract rounds = { .ftz = 1, .round = { { "x", ASSAY_bf16, 0 } } };
#define KERNEL(of, name_, types_, promise, accepts_, form_)                                                            \
    {                                                                                                                  \
        .op = of, .name = name_, .flags = ASSAY_UNSLICED | ASSAY_OWN_THREADS, .types = types_, .contract = (promise),  \
        .run = run, .accepts = accepts_, .scratch = scratch, .packed_bytes = packed_bytes, .pack = pack,               \
        .variant = form_                                                                                               \
    }
static assay_kernel kernels[3 + PEER_ROWS_KERNELS] = { KERNEL("matmul", "f32", f32, NULL, accepts, &forms[0]),
                                                       KERNEL("matmul_int8", "i8", int8, NULL, accepts_int8, &forms[1]),
                                                       KERNEL("matmul", "bf16", bf16, &rounds, accepts, &forms[2]) };
static assay_plugin plugin = { ASSAY_ABI, sizeof(assay_kernel), sizeof(assay_op), "onednn", NULL, kernels, 0, 0, 0 };

static const char *isa(void)
{
    static const struct {
        dnnl_cpu_isa_t isa;
        const char *name;
    } names[] = { { dnnl_cpu_isa_avx512_core_amx, "AMX" },          { dnnl_cpu_isa_avx512_core_bf16, "AVX512_BF16" },
                  { dnnl_cpu_isa_avx512_core_vnni, "AVX512_VNNI" }, { dnnl_cpu_isa_avx512_core, "AVX512" },
                  { dnnl_cpu_isa_avx2_vnni, "AVX2_VNNI" },          { dnnl_cpu_isa_avx2, "AVX2" } };
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (dnnl_get_effective_cpu_isa() == names[i].isa)
            return names[i].name;
    return "another ISA";
}

const assay_plugin *assay_plugin_v1(void);
const assay_plugin *assay_plugin_v1(void)
{
    static char version[96];
    const char *many = getenv("ASSAY_PEER_THREADS");
    const dnnl_version_t *v = dnnl_version();
    dnnl_memory_desc_t w;
    threads = many && atoi(many) > 1 ? atoi(many) : 1;
    if (!peer_engine && (dnnl_engine_create(&peer_engine, dnnl_cpu, 0) ||
                         dnnl_stream_create(&stream, peer_engine, dnnl_stream_default_flags)))
        return NULL;
    plugin.n_kernels = wanted(&w, 64, 64, &forms[2]) ? 3 : 2; /* AVX2 alone has no bf16 */
    memcpy(&kernels[plugin.n_kernels], peer_rows_kernels, PEER_ROWS_KERNELS * sizeof *kernels);
    plugin.n_kernels += PEER_ROWS_KERNELS;
    snprintf(version, sizeof version, "%d.%d.%d, threads %d, %s", v->major, v->minor, v->patch, threads, isa());
    plugin.version = version;
    return &plugin;
}
