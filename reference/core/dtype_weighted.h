/* SPDX-License-Identifier: MIT
 * dtype_weighted.h - blocks written by a search that heeds how much each column matters (an importance matrix). */
#ifndef ASSAY_CORE_DTYPE_WEIGHTED_H
#define ASSAY_CORE_DTYPE_WEIGHTED_H
#include "assay/assay.h"

/* Is there such a search for the type?  Where there is none its own encoder is all. */
bool assay_dtype_weighs(assay_dtype t);
/* n elements of one row, whole blocks; weight >= 0 per element.  Never worse, by these weights, than the type's own
 * encoder, which is tried as well; a block that holds a NaN or an infinity is what that makes of it. */
void assay_dtype_encode_weighted(assay_dtype t, void *dst, const double *src, int64_t n, const float *weight);

/* dtype_blocks.c: one block of q4_0, q4_1, q5_0 or q5_1 from its parts, codes from 0; m: of types with a minimum */
void assay_low_write(void *block, assay_dtype type, uint16_t d, uint16_t m, const int16_t code[32]);
#endif
