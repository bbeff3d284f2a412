/* SPDX-License-Identifier: MIT
 * dtype_super.h - the numbers of a super-block of 256 (GGUF q2_K to q6_K, iq4_xs), out of its bytes and into them. */
#ifndef ASSAY_CORE_DTYPE_SUPER_H
#define ASSAY_CORE_DTYPE_SUPER_H
#include "assay/assay.h"

enum { ASSAY_SUPER = 256 };

typedef struct assay_super {
    uint16_t d, dmin;               /* f16; dmin: of types with minima */
    int16_t scale[16], minimum[16]; /* per group */
    int16_t code[ASSAY_SUPER];
} assay_super;

void assay_super_read(assay_super *s, const unsigned char *block, assay_dtype type);
/* d and, where there are minima, dmin alone */
void assay_super_write_scale(unsigned char *block, uint16_t d, uint16_t dmin, assay_dtype type);
void assay_super_write(unsigned char *block, const assay_super *s, assay_dtype type); /* bytes that are zero so far */
#endif
