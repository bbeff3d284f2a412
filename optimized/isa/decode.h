/* SPDX-License-Identifier: MIT
 * decode.h - decode_<tier>.h of the tier that is compiled: n elements of type t (whole blocks) at x to f32. */
#ifndef ASSAY_ISA_DECODE_H
#define ASSAY_ISA_DECODE_H
#include "simd.h"
#include SIMD_FILE(decode)

static inline void row_decode(float *y, const void *x, assay_dtype t, int64_t n)
{
    SIMD_OWN(decode)(y, x, t, n);
}
#endif
