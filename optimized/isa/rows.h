/* SPDX-License-Identifier: MIT
 * rows.h - rows of strided tensors and blocks of elements: plain C for every instruction set. */
#ifndef ASSAY_ISA_ROWS_H
#define ASSAY_ISA_ROWS_H
#include "assay/assay.h"

static inline void *tensor_row(const assay_tensor *t, int64_t r)
{
    return (char *)t->data + r * t->stride[0];
}
/* Work units of elementwise ops (dims "RC"): blocks of columns of one row, so that one long row still feeds a team. */
enum { ROW_BLOCK = 4096 };
typedef struct row_block {
    int64_t r, c, n;
} row_block;

static inline int64_t row_blocks(const assay_args *a)
{
    return a->dim[0] * ((a->dim[1] + ROW_BLOCK - 1) / ROW_BLOCK);
}
static inline row_block row_block_at(const assay_args *a, int64_t unit)
{
    const int64_t per_row = (a->dim[1] + ROW_BLOCK - 1) / ROW_BLOCK, c = unit % per_row * ROW_BLOCK;
    const int64_t left = a->dim[1] - c;
    const row_block b = { unit / per_row, c, left < ROW_BLOCK ? left : ROW_BLOCK };
    return b;
}
#endif
