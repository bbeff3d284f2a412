/* SPDX-License-Identifier: MIT
 * memory.h - how much memory this process may still take, so that what is too large is refused with its numbers before
 * the kernel kills the process for it. */
#ifndef ASSAY_CORE_MEMORY_H
#define ASSAY_CORE_MEMORY_H
#include "assay/assay.h"

/* The least of what the machine has available, what its control groups (v1, v2) leave, and what the limit of address
 * space leaves; UINT64_MAX: nothing says.  root: "" for this system; a test gives the folder that stands for "/". */
uint64_t assay_memory_free(const char *root);
/* ERR_NOMEM, with what it is for and both numbers, when that is less than bytes. */
assay_status assay_memory_need(uint64_t bytes, const char *what, assay_why *why);
#endif
