/* SPDX-License-Identifier: MIT
 * openblas.c - OpenBLAS as a supplier of matmul in f32, a plug-in built by ci/peers: sgemm, and sgemv for one row. */
#include "assay/assay.h"
#include <cblas.h>
#include <stdio.h>
#include <stdlib.h>

static assay_status run(const assay_args *a)
{
    const int T = (int)a->dim[0], N = (int)a->dim[1], K = (int)a->dim[2];
    const assay_tensor *x = &a->operand[0], *w = &a->operand[1], *y = &a->operand[3];
    const int ldx = T > 1 ? (int)(x->stride[0] / 4) : K, ldw = N > 1 ? (int)(w->stride[0] / 4) : K,
              ldy = T > 1 ? (int)(y->stride[0] / 4) : N;
    const float *bias = a->operand[2].data;
    for (int t = 0; bias && t < T; t++)
        for (int n = 0; n < N; n++)
            ((float *)y->data)[(int64_t)t * ldy + n] = bias[n];
    if (T == 1)
        cblas_sgemv(CblasRowMajor, CblasNoTrans, N, K, 1, w->data, ldw, x->data, 1, bias ? 1 : 0, y->data, 1);
    else
        cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasTrans, T, N, K, 1, x->data, ldx, w->data, ldw, bias ? 1 : 0,
                    y->data, ldy);
    return ASSAY_OK;
}

static bool accepts(const assay_args *a) /* BLAS has no lengths of 0 here, and strides of 32 bits */
{
    const int64_t most = INT64_C(1) << 33;
    return a->dim[0] > 0 && a->dim[1] > 0 && a->dim[2] > 0 && a->operand[0].stride[0] < most &&
           a->operand[1].stride[0] < most && a->operand[3].stride[0] < most;
}

#define F32 ASSAY_TYPES(ASSAY_T(f32))
static const assay_typeset types[] = { F32, F32, F32, F32 };
static const assay_kernel kernels[] = { { .op = "matmul",
                                          .name = "f32",
                                          .flags = ASSAY_UNSLICED | ASSAY_OWN_THREADS,
                                          .types = types,
                                          .run = run,
                                          .accepts = accepts } };
static assay_plugin plugin = { ASSAY_ABI, sizeof(assay_kernel), sizeof(assay_op), "openblas", NULL, kernels, 1, 0, 0 };

const assay_plugin *assay_plugin_v1(void);
const assay_plugin *assay_plugin_v1(void)
{
    static char version[160];
    const char *many = getenv("ASSAY_PEER_THREADS");
    openblas_set_num_threads(many && atoi(many) > 1 ? atoi(many) : 1);
    snprintf(version, sizeof version, "%s, threads %d, %s", openblas_get_config(), openblas_get_num_threads(),
             openblas_get_corename());
    plugin.version = version;
    return &plugin;
}
