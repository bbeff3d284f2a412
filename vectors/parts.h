/* SPDX-License-Identifier: MIT
 * parts.h - what reading a vector file is made of: metadata, names, answers. */
#ifndef ASSAY_VECTOR_PARTS_H
#define ASSAY_VECTOR_PARTS_H
#include "../reference/core/safetensors.h"
#include "vector.h"

const char *assay_vector_meta(const assay_safetensors *s, const char *key); /* "": none */
/* Is there a token "key=..." in text?  value: what follows, up to the next space. */
bool assay_vector_token(const char *text, const char *key, char *value, size_t n);
/* The name of an operand's tensor: prefix "", "expected.", "judged.". */
const assay_st_tensor *assay_vector_tensor(const assay_safetensors *s, const char *prefix, const char *name);
/* Every metadata key, every tensor, and every token of dims, types, params, tolerance and not_judged is known. */
assay_status assay_vector_names(const assay_safetensors *s, const assay_op *op, assay_why *why);
/* Every tensor belongs to the call that v->p is, and has its shape: expected., judged., kappa. and the tolerance. */
assay_status assay_vector_answers(const assay_safetensors *s, assay_vector *v, assay_why *why);
#endif
