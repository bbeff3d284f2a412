/* SPDX-License-Identifier: MIT
 * status.h - one sentence on failure. */
#ifndef ASSAY_CORE_STATUS_H
#define ASSAY_CORE_STATUS_H
#include "assay/assay.h"

const char *assay_status_name(assay_status s);
/* Formats the sentence into why (if not NULL) and returns s: return assay_fail(why, ASSAY_ERR_IO, "%s: ...", path); */
assay_status assay_fail(assay_why *why, assay_status s, const char *format, ...) __attribute__((format(printf, 3, 4)));

/* Two numbers for a sentence: in nine digits, or in as many more as different ones need to look different. */
typedef struct assay_pair {
    char a[32], b[32];
} assay_pair;
assay_pair assay_two(double a, double b);

/* Room for n elements, one at least, freed by free(): of zeros, and not set.  Without memory the process says so and
 * ends with 2: for what stands between a result and its verdict, where a guess would be worse. */
void *assay_zeros(size_t n, size_t size) __attribute__((returns_nonnull, warn_unused_result));
void *assay_room(size_t n, size_t size) __attribute__((returns_nonnull, warn_unused_result));
/* A list of n elements that has only ever grown by this, with room for one more; NULL for n = 0; ends likewise. */
void *assay_grown(void *list, size_t n, size_t size) __attribute__((returns_nonnull, warn_unused_result));
#endif
