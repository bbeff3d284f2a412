/* SPDX-License-Identifier: MIT
 * fuse.h - runs of calls that are the list of a fused op (the spec's parts) become one call of it, whatever the family:
 * a fused op that is added to the registry is used from then on. */
#ifndef ASSAY_MODELS_FUSE_H
#define ASSAY_MODELS_FUSE_H
#include "graph.h"

/* Does a kernel take this call?  Where none does, the run stays as it is. */
typedef bool assay_fuse_taken(void *ctx, const assay_node *fused);
/* In place; returns how many calls are left. */
int assay_graph_fuse(const assay_graph *g, assay_node *node, int n, assay_fuse_taken *taken, void *ctx);
#endif
