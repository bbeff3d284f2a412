/* SPDX-License-Identifier: MIT
 * onednn_peer.h - what the files of oneDNN's plug-in share. */
#ifndef ASSAY_PEERS_ONEDNN_PEER_H
#define ASSAY_PEERS_ONEDNN_PEER_H
#include "assay/assay.h"
#include <dnnl.h>

extern dnnl_engine_t peer_engine;
void peer_threads(void); /* as many as ASSAY_PEER_THREADS says, else one */
bool peer_execute(dnnl_primitive_t p, int n, const int *arg, const dnnl_memory_desc_t *const *md, void *const *data);

extern const assay_kernel peer_rows_kernels[];
enum { PEER_ROWS_KERNELS = 4 };
#endif
