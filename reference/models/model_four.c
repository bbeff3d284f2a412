/* SPDX-License-Identifier: MIT
 * Weights of four bits as gpt-oss's safetensors hold them (transformers integrations/mxfp4.py): in byte i of a block
 * number 2i in the low half, 2i + 1 in the high one.  Of mxfp4 it is numbers i and i + 16; codes and powers are the
 * same. */
#include "../core/status.h"
#include "assay/blocks.h"
#include "model_parts.h"
#include <inttypes.h>
#include <string.h>

enum { BYTES = 16, MOST = 1 << 24 }; /* blocks of a row */

static void reorder(assay_mxfp4 *to, const uint8_t *codes, uint8_t power)
{
    to->e = power;
    for (int i = 0; i < BYTES; i++) {
        const int shift = i % 2 * 4;
        const unsigned low = codes[i / 2] >> shift & 15, high = codes[BYTES / 2 + i / 2] >> shift & 15;
        to->q[i] = (uint8_t)(low | high << 4);
    }
}

assay_status assay_model_four(assay_model *m, const assay_model_tensor *blocks, const assay_model_tensor *scales,
                              int64_t first, int64_t step, assay_tensor *out, assay_why *why)
{
    const assay_tensor *b = &blocks->t, *s = &scales->t;
    if (b->type != ASSAY_i8 || s->type != ASSAY_i8 || b->rank != 4 || s->rank != 3 || b->dim[3] != BYTES ||
        memcmp(b->dim, s->dim, 3 * sizeof *s->dim) || b->dim[1] % step || b->dim[2] > MOST)
        return assay_fail(why, ASSAY_ERR_FORMAT,
                          "%s: tensors '%s' and '%s' are no bytes (E, N, K, %d) and (E, N, K) with N a multiple "
                          "of %" PRId64,
                          m->label, blocks->name, scales->name, BYTES, step);
    const int64_t E = b->dim[0], N = b->dim[1], K = b->dim[2], n = N / step;
    const uint8_t *codes = b->data, *powers = s->data;
    *out = assay_tensor_dense(ASSAY_mxfp4, 0, 3, (const int64_t[]){ E, n, K * 2 * BYTES });
    const assay_status status = assay_model_room(m, blocks->name, out, why);
    assay_mxfp4 *to = out->data;
    for (int64_t r = 0; r < E * n && to; r++) {
        const int64_t from = (r / n * N + first + r % n * step) * K;
        for (int64_t k = 0; k < K; k++)
            reorder(&to[r * K + k], codes + (from + k) * BYTES, powers[from + k]);
    }
    return status;
}
