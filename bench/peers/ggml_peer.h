/* SPDX-License-Identifier: MIT
 * ggml_peer.h - a call as a graph of ggml's: what the files of the plug-in share.  How many threads a graph is computed
 * by stands in the environment (ASSAY_PEER_THREADS, 1 if it is not there) and in the plug-in's version. */
#ifndef ASSAY_PEERS_GGML_PEER_H
#define ASSAY_PEERS_GGML_PEER_H
#include "assay/assay.h"
#include "ggml-backend.h"
#include "ggml-cpu.h"

typedef struct peer_way {
    /* The last tensor of the call's graph, placed over its output.  Data may be absent. */
    struct ggml_tensor *(*build)(struct ggml_context *, const assay_args *);
    enum ggml_type type; /* of weights, of the cache, of what is written */
    bool plain;          /* weights as they stand in a file; attention without tiles */
} peer_way;

enum { PEER_CONTEXT = 64 * 1024 }; /* bytes at the begin of scratch: a graph and its tensors */
struct ggml_context *peer_context(void *memory);
size_t peer_scratch(const assay_args *a);
assay_status peer_run(const assay_args *a);

/* Where a tensor lies: bytes from one index to the next, of ggml's dimensions 1 to 3. */
void peer_place(struct ggml_tensor *f, void *data, int64_t nb1, int64_t nb2, int64_t nb3);
/* Rows of t, (R,C), dense to ggml: functions that build a graph ask for that where those that compute heed strides.
 * peer_rows_at places them. */
struct ggml_tensor *peer_rows(struct ggml_context *ctx, const assay_args *a);
void peer_rows_at(struct ggml_tensor *f, const assay_tensor *t);
bool peer_not_empty(const assay_args *a, int dims);

extern const assay_kernel peer_rows_kernels[], peer_attention_kernels[];
extern const size_t peer_n_rows_kernels, peer_n_attention_kernels;

#define PEER_OF(t)   ASSAY_TYPES(ASSAY_T(t))
#define PEER_GRAPHED .flags = ASSAY_UNSLICED | ASSAY_OWN_THREADS, .scratch = peer_scratch, .run = peer_run
#endif
