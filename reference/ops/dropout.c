/* SPDX-License-Identifier: MIT
 * dropout: y = x / (1 - p) where an element is kept, +0 where it is dropped, whatever x holds there (Srivastava et al.
 * 2014, scaled at training).  Which are kept follows from the numbers of the call alone, so that the backward pass is
 * the same op over dy: element i, counted through all rows, takes word i % 4 of Philox4x32-10(counter: offset + i / 4,
 * step; key), and is kept if the upper 24 bits of it are at least p 2^24, rounded half up. */
#include "assay/params/dropout.h"
#include "../core/rng.h"
#include "ref.h"

/* Of the elements 4 block .. 4 block + 3, counted from offset on. */
static void random_words(const assay_dropout_params *p, int64_t block, uint32_t word[4])
{
    const uint64_t at = (uint64_t)p->offset + (uint64_t)block, step = (uint64_t)p->step, key = (uint64_t)p->key;
    const uint32_t counter[4] = { (uint32_t)at, (uint32_t)(at >> 32), (uint32_t)step, (uint32_t)(step >> 32) };
    const uint32_t k[2] = { (uint32_t)key, (uint32_t)(key >> 32) };
    assay_philox4x32(counter, k, word);
}

REFERENCE(dropout)
{
    const assay_dropout_params *p = a->params;
    const int64_t n = a->dim[0] * a->dim[1];
    const real *x = a->operand[0];                                  /* (R,C) */
    real *y = a->operand[1];                                        /* (R,C) */
    const uint32_t least = (uint32_t)((double)p->p * 0x1p24 + 0.5); /* 2^24 of p = 1: more than 24 bits are */
    uint32_t word[4];

    for (int64_t i = 0; i < n; i++) {
        if (i % 4 == 0)
            random_words(p, i / 4, word);
        y[i] = word[i % 4] >> 8 >= least ? x[i] / (1 - (real)p->p) : 0;
    }
}
