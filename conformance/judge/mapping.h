/* SPDX-License-Identifier: MIT
 * mapping.h - the operands of a call in the runner: pages of the judge's arena, read-only where they are inputs, each
 * operand between guard pages.  Mapping was a third of what small calls cost, and most calls have the layout of a call
 * before them: a layout stays mapped until its place is wanted for another. */
#ifndef ASSAY_MAPPING_H
#define ASSAY_MAPPING_H
#include "pool.h"

bool assay_mapping_reserve(size_t arena_bytes); /* once; false: no memory */
/* Fills the data of j->t, and names the operands to the fence.  False: they cannot be mapped. */
bool assay_mapping_make(assay_job *j, int arena);
/* Can parts of an operand be mapped far apart here?  Not where addresses have 39 bits, nor under ThreadSanitizer. */
bool assay_mapping_far(void);
/* Nothing stays accessible, and the next call's operands lie where this one's did: after each call of a stranger's
 * kernel, which may remember addresses. */
void assay_mapping_forget(void);
#endif
