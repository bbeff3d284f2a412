/* SPDX-License-Identifier: MIT
 * packed.h - weights of few bits as AWQ's and GPTQ's files hold them: codes (out, in) in 32-bit words, zero points of
 * each group and output in words likewise, scales.  A weight is (code - zero) scale, by its group.
 *
 *   layout    qweight                    qzeros                   scales          zero points are stored
 *   gemm      (in, out/8)                (groups, out/8)          (groups, out)   as they are
 *   gemv      (out, in/8)                (out, Z)                 (out, 8 Z)      as they are
 *   gptq      (in bits/32, out)          (groups, out bits/32)    (groups, out)   less 1, in 2^bits: 0 has no form
 *   gptq_v2   the same                                                            as they are
 *
 * A row (gptq's qweight: a column) is one string of bits, lowest first, so that a code of 3 bits may lie in two words;
 * in gemm each word holds its eight columns in the order 0 2 4 6 1 3 5 7. */
#ifndef ASSAY_QUANTIZE_PACKED_H
#define ASSAY_QUANTIZE_PACKED_H
#include "../core/safetensors.h"

typedef enum assay_packed_layout {
    ASSAY_PACKED_GEMM,
    ASSAY_PACKED_GEMV,
    ASSAY_PACKED_GPTQ,
    ASSAY_PACKED_GPTQ_V2,
} assay_packed_layout;

typedef struct assay_packed {
    assay_packed_layout layout;
    int bits;
    int64_t in, out, group, groups; /* group: inputs in one; the last may have fewer */
    int64_t zero_words;             /* in a row of qzeros */
    assay_dtype scale_type;
    unsigned char *qweight, *qzeros, *scales; /* at any byte */
    const unsigned char *g_idx;               /* int32 (in): the group of each input; NULL: k / group */
} assay_packed;

const char *assay_packed_name(assay_packed_layout l);
bool assay_packed_is_gptq(assay_packed_layout l);
/* Of shapes that fit each other: sets groups and zero_words, or says what does not divide. */
assay_status assay_packed_size(assay_packed *p, const char *label, assay_why *why);
uint64_t assay_packed_weight_words(const assay_packed *p);
uint64_t assay_packed_zero_words(const assay_packed *p);  /* of all */
uint64_t assay_packed_scale_count(const assay_packed *p); /* of gemv more than groups * out */

int64_t assay_packed_group(const assay_packed *p, int64_t k);
int assay_packed_code(const assay_packed *p, int64_t o, int64_t k);
int assay_packed_zero(const assay_packed *p, int64_t o, int64_t g); /* gptq: the stored field + 1, up to 2^bits */
double assay_packed_scale(const assay_packed *p, int64_t o, int64_t g);
void assay_packed_decode(const assay_packed *p, double *w, int threads); /* (out, in) */

/* Codes (out, in), zeros and scales (groups, out) into words of zeros.  A zero point of 0 has no form in gptq. */
assay_status assay_packed_encode(const assay_packed *p, const uint8_t *code, const uint8_t *zero, const double *scale,
                                 const char *label, assay_why *why);
#endif
