/* SPDX-License-Identifier: MIT
 * dtype_codecs.h - the decoder and encoder of every line of dtypes.def (dtype.c: plain numbers; dtype_blocks.c,
 * dtype_kquants.c, dtype_tables.c, dtype_256.c, dtype_mx.c, dtype_iq.c and dtype_grid.c: blocks).  Only dtype.c's table
 * and the files that define them include this. */
#ifndef ASSAY_CORE_DTYPE_CODECS_H
#define ASSAY_CORE_DTYPE_CODECS_H
#include "assay/assay.h"

#define DTYPE(id, number, block, bytes, u)                                                                             \
    void assay_decode_##id(double *dst, const void *src, int64_t n);                                                   \
    void assay_encode_##id(void *dst, const double *src, int64_t n);
#include "assay/dtypes.def"
#undef DTYPE
#endif
