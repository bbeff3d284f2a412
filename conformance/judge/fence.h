/* SPDX-License-Identifier: MIT
 * fence.h - the memory of one call as the runner lays it out: every area stands between guard pages, has a name, and
 * may be read-only.  A wild access writes what it touched to the note that the judge reads, and ends the process. */
#ifndef ASSAY_FENCE_H
#define ASSAY_FENCE_H
#include "assay/assay.h"

void assay_fence_open(char *note, bool catch); /* once; catch: signal handlers and their stack */
size_t assay_fence_page(void);

/* Names an area: whole pages lo .. hi with guard pages around, of which first .. end is meant. */
void assay_fence_name(const char *what, int worker, char *lo, char *hi, char *first, char *end);
/* An operand; the dimension that begin .. end of the kernel count, 0: it has units of its own (for words alone). */
void assay_fence_operand(const char *what, char *lo, char *hi, char *first, char *end);
void assay_fence_units(char dimension);
void assay_fence_static(const char *what, char *lo, char *hi); /* the same, never forgotten */
void assay_fence_forget(void);                                 /* all other areas */

/* Bytes between each area of assay_fence_alloc and the guard page after it: placement.h. */
void assay_fence_room(size_t bytes);
/* n areas of so many bytes, step bytes apart, each 64-byte aligned, as near to the guard page after it as that allows,
 * filled with poison.  NULL: no memory. */
void *assay_fence_alloc(const char *what, size_t bytes, int n, size_t *step);
void assay_fence_free(void *p);
void assay_fence_lock(const void *p); /* read-only from now on */
void assay_fence_poison(unsigned char byte);
void assay_fence_wipe(void *area, size_t bytes);
/* Of the areas of assay_fence_alloc: nothing is written around the meant bytes. */
bool assay_fence_intact(assay_why *why);

/* Operand table, dimensions and parameters of a call: each in read-only memory, before a guard page. */
bool assay_fence_desk(void); /* once; false: no memory */
void assay_fence_arguments(const assay_op *op, const assay_tensor *t, const int64_t *dim, const void *params,
                           assay_args *a);
#endif
