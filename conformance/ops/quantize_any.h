/* SPDX-License-Identifier: MIT
 * quantize_any.h - blocks of any type as our encoder writes them of numbers that are not those asked for: what the
 * verdict on a search, or the bytes of a rule, must show whatever the format. */
#ifndef ASSAY_FAULTS_QUANTIZE_ANY_H
#define ASSAY_FAULTS_QUANTIZE_ANY_H
#include "../../reference/core/dtype.h"
#include "../../reference/core/values.h"
#include "faults.h"

/* X(mode, name, where it comes from) */
#define ANY_FAULTS(X)                                                                                                  \
    X(ANY_LARGER, "any-scale-an-eighth-up", "slip: scales")                                                            \
    X(ANY_SIGN, "any-sign-lost", "slip: docs/museum.md")                                                               \
    X(ANY_NEIGHBOUR, "any-pairs-swapped", "kekzl/imp#722")                                                             \
    X(ANY_STRIDE, "any-halves-swapped", "formats 10: codes lie half a block apart, or side by side")                   \
    X(ANY_GROUP_LOST, "any-last-16-lost", "a loop that ends one group early")                                          \
    X(ANY_BEFORE, "any-block-before", "slip: docs/museum.md")                                                          \
    X(ANY_COARSE, "any-coarse", "an encoder of fewer bits than its format has")                                        \
    X(ANY_NAN_LOST, "any-not-finite-lost", "NaN and infinities")                                                       \
    X(ANY_ALL_ZERO, "any-all-zeros", "an output that nobody has written, in memory that was cleared")

#define ANY_LEGAL(X)  X(ANY_PLAIN, "any-plain", "legal: our encoder")
#define ANY_SEARCH(X) X(ANY_BETTER, "any-better", "legal: a search that goes on: the scale a unit of f16 up or down")
enum mode_any { ANY_FIRST = K_MODES - 1, ANY_FAULTS(MODE) ANY_LEGAL(MODE) ANY_SEARCH(MODE) ANY_MODES };

/* The number that stands in for element j of n */
static double any_number(const float *x, const float *before, int j, int n, int mode)
{
    const double v = (double)x[j];
    switch (mode) {
    case ANY_LARGER:
        return v * 1.125;
    case ANY_SIGN:
        return fabs(v);
    case ANY_NEIGHBOUR:
        return (double)x[j ^ 1];
    case ANY_STRIDE:
        return (double)x[j ^ (n / 2)];
    case ANY_GROUP_LOST:
        return j < n - 16 ? v : 0;
    case ANY_BEFORE:
        return (double)before[j];
    case ANY_COARSE: /* one or two bits and the sign */
        return isfinite(v) && v != 0 ? copysign(exp2(floor(log2(fabs(v)))), v) : v;
    case ANY_NAN_LOST:
        return isfinite(v) ? v : 0;
    default:
        return v;
    }
}

static void any_row(char *y, const float *x, int64_t blocks, assay_dtype type, int mode)
{
    const assay_dtype_info *info = assay_dtype_of(type);
    for (int64_t i = 0; i < blocks; i++, x += info->block, y += info->bytes) {
        double v[SUPER];
        unsigned char block[300];
        for (int j = 0; j < info->block; j++)
            v[j] = any_number(x, i > 0 ? x - info->block : x, j, info->block, mode);
        info->encode(block, v, info->block);
        if (mode == ANY_BETTER)
            k_better(v, type, block, assay_block_parts_of(type)->scale);
        if (mode == ANY_ALL_ZERO)
            memset(block, 0, (size_t)info->bytes);
        memcpy(y, block, (size_t)info->bytes);
    }
}
#endif
