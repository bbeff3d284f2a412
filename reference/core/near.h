/* SPDX-License-Identifier: MIT
 * near.h - "did you mean": the known name that a mistyped one is nearest to. */
#ifndef ASSAY_CORE_NEAR_H
#define ASSAY_CORE_NEAR_H
#include <stddef.h>

typedef struct assay_near {
    const char *word; /* as it was typed */
    const char *best; /* NULL: nothing is near */
    size_t away;
} assay_near;

void assay_near_try(assay_near *n, const char *known);
/* "; did you mean matmul?", or "" */
const char *assay_near_text(const assay_near *n, char *text, size_t size);
#endif
