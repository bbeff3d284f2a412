/* SPDX-License-Identifier: MIT
 * divergence.h - how far one distribution over the vocabulary is from another. */
#ifndef ASSAY_MODELS_DIVERGENCE_H
#define ASSAY_MODELS_DIVERGENCE_H
#include <stdint.h>

/* ln sum e^x; NaN where one is NaN or +inf, or all are -inf. */
double assay_log_sum(const double *x, int64_t n);
/* KL(a || b) of the distributions that n logits each stand for, in nats; NaN where logits are not finite. */
double assay_divergence(const double *a, const double *b, int64_t n);
#endif
