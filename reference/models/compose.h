/* SPDX-License-Identifier: MIT
 * compose.h - Unicode's normalization form C, by utf8proc (private to reference/models). */
#ifndef ASSAY_MODELS_COMPOSE_H
#define ASSAY_MODELS_COMPOSE_H
#include "assay/assay.h"

/* *out is allocated, free(); bytes that are no UTF-8 stay as they are, and what stands beside them is composed apart.
 */
assay_status assay_compose(const char *text, size_t n, char **out, size_t *n_out, assay_why *why);
#endif
