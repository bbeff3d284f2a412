/* SPDX-License-Identifier: MIT
 * lone.h - one call of an op outside a graph, on one thread, by what impl says of the op. */
#ifndef ASSAY_MODELS_LONE_H
#define ASSAY_MODELS_LONE_H
#include "session.h"

/* operand: dense arrays of f32, of i32 where the op takes no f32, NULL for those left out; params: the op's struct, or
 * NULL.  The oracle computes in double; its results are rounded to these types. */
assay_status assay_lone(const assay_impl *impl, const char *op, const int64_t *dim, const void *params,
                        void *const *operand, assay_why *why);
#endif
