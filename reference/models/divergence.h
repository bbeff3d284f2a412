/* SPDX-License-Identifier: MIT
 * divergence.h - how far one distribution over the vocabulary is from another. */
#ifndef ASSAY_MODELS_DIVERGENCE_H
#define ASSAY_MODELS_DIVERGENCE_H
#include <stdint.h>

/* KL(a || b) of the distributions that n logits each stand for, in nats; NaN where logits are not finite. */
double assay_divergence(const double *a, const double *b, int64_t n);
#endif
