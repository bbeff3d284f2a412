/* SPDX-License-Identifier: MIT
 * builds.h - two builds of one plug-in, the old one and the new one, judged and measured side by side. */
#ifndef ASSAY_BUILDS_H
#define ASSAY_BUILDS_H
#include "judge/pool.h"
#include "select.h"

/* Both plug-ins of the filter, each in processes of its own; their kernels are named after the files, "old:matmul" and
 * "new:matmul", and where these are alike "matmul.1:fast" and "matmul.2:fast".  False: why; neither is open. */
bool assay_builds_open(const assay_filter *f, assay_pool *pool[2], assay_why *why);
void assay_builds_close(assay_pool *pool[2]);
/* The other build's kernel of the same op and own name, and its index; NULL: it has none. */
const assay_kernel *assay_builds_other(const assay_pool *other, const assay_kernel *k, int *nth);
#endif
