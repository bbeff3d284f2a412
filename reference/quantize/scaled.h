/* SPDX-License-Identifier: MIT
 * scaled.h - weights of floats of 4 or 8 bits as safetensors files hold them, with scales beside them:
 *
 *   PREFIX.weight                    scales                                          a weight is
 *   e4m3 or e5m2 (out, in)           .weight_scale: one number, or one an output     code scale
 *   the same                         .weight_scale_inv or .weight_scale: of blocks   code scale, blocks of 128 x 128
 *   U8 (out, in/2): two of e2m1      .weight_scale e4m3 (out, in/16),                code (scale tensor)
 *                                    .weight_scale_2 f32, the tensor's
 *   .weight_packed, U8, the same     .weight_scale, .weight_global_scale             code (scale / tensor)
 *
 * The first half byte is the lower one.  The last two are NVFP4 as ModelOpt and as compressed-tensors writes it.
 * Products are formed in double, where they are exact but for the quotient; what a program forms in f32 may differ by
 * two roundings.  .input_scale and .input_global_scale are about activations: left out. */
#ifndef ASSAY_QUANTIZE_SCALED_H
#define ASSAY_QUANTIZE_SCALED_H
#include "../core/safetensors.h"

typedef struct assay_scaled {
    assay_dtype code, scale_type;
    int64_t out, in, rows, group; /* outputs and inputs that share a scale; the last block may have fewer */
    double tensor;                /* NVFP4's second scale; else 1 */
    const unsigned char *codes, *scales;
} assay_scaled;

/* Is the i-th tensor such weights, or does it belong to some (*other)? Of other kinds of weights neither. */
bool assay_scaled_codes(const assay_safetensors *st, size_t i, bool *other);
/* Of the i-th tensor, which is such weights: types and shapes are checked. name: room for PREFIX.weight. */
assay_status assay_scaled_take(const assay_safetensors *st, size_t i, const char *label, assay_scaled *p, char *name,
                               size_t room, assay_why *why);
void assay_scaled_decode(const assay_scaled *p, double *w, int threads); /* (out, in) */
#endif
