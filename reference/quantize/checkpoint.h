/* SPDX-License-Identifier: MIT
 * checkpoint.h - quantized models as people have them: a safetensors file in which PREFIX.qweight, .qzeros, .scales and
 * perhaps .g_idx stand for PREFIX.weight, and beside it JSON that says how: quantize_config.json (GPTQ),
 * quant_config.json (AWQ), or quantization_config in config.json; or in the file's own metadata, quantization_config.
 * What is not understood is refused by name. */
#ifndef ASSAY_QUANTIZE_CHECKPOINT_H
#define ASSAY_QUANTIZE_CHECKPOINT_H
#include "packed.h"

typedef struct assay_packed_config {
    bool found;
    char source[160]; /* where it was read */
    char other[300];  /* what another place says otherwise; empty: none does */
    assay_packed_layout layout;
    int bits;
    int64_t group; /* -1: a whole row */
    bool act_order;
    bool sym; /* said so: zero points are 2^(bits-1), and tell whether they are stored less 1 */
} assay_packed_config;

/* Of one JSON text; found stays false where it is a config.json that says nothing of quantization. */
assay_status assay_packed_config_parse(const char *text, size_t n, const char *label, assay_packed_config *c,
                                       assay_why *why);
/* The file's metadata, then the three files beside `path`, in the order above; the first that says something.  All are
 * read: another may say otherwise. */
assay_status assay_packed_config_find(const char *path, const assay_safetensors *st, assay_packed_config *c,
                                      assay_why *why);

/* model_type of config.json beside `path`; empty where there is none. */
assay_status assay_packed_model_type(const char *path, char *type, size_t room, assay_why *why);

typedef enum assay_packed_part {
    ASSAY_PACKED_NONE,   /* a tensor of its own */
    ASSAY_PACKED_CODES,  /* .qweight */
    ASSAY_PACKED_FLOATS, /* floats with scales beside them: scaled.h */
    ASSAY_PACKED_OTHER,  /* belongs to one of these */
} assay_packed_part;

/* What the i-th tensor is; a part without its .qweight, and weights with companions of other packings
 * (compressed-tensors' integers, bitsandbytes, HQQ) are refused. */
assay_status assay_packed_part_of(const assay_safetensors *st, size_t i, const char *label, assay_packed_part *part,
                                  assay_why *why);
/* The weights that the i-th tensor, a .qweight, stands for: every shape, type and index is checked. name: room for
 * PREFIX.weight. lies: the zero points say that the config's gptq is gptq_v2, or the other way. */
assay_status assay_packed_take(const assay_safetensors *st, size_t i, const assay_packed_config *c, const char *label,
                               assay_packed *p, char *name, size_t room, bool *lies, assay_why *why);
#endif
