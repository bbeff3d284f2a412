/* SPDX-License-Identifier: MIT
 * fused.h - a fused op is the list of its parts: oracle and scalar baseline are theirs, one after the other. */
#ifndef ASSAY_CORE_FUSED_H
#define ASSAY_CORE_FUSED_H
#include "assay/assay.h"

/* real_size: sizeof(double) runs each part's oracle, sizeof(float) its scalar form.  An op without parts runs itself.
 */
assay_status assay_reference(const assay_op *op, const assay_dense *a, size_t real_size, assay_why *why);
#endif
