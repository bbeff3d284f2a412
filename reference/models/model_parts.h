/* SPDX-License-Identifier: MIT
 * model_parts.h - what model.c, model_keys.c and model_tensors.c share. */
#ifndef ASSAY_MODELS_MODEL_PARTS_H
#define ASSAY_MODELS_MODEL_PARTS_H
#include "../core/memory.h"
#include "../core/tensor.h"
#include "model.h"

void assay_model_keep(assay_model *m, void *data); /* until the model is closed */
/* Room for a tensor in another form: t->data, the model's. */
assay_status assay_model_room(assay_model *m, const char *name, assay_tensor *t, assay_why *why);
/* Four bits each as config.json's mxfp4 stores them (model_four.c): blocks, their powers, and mxfp4 of all rows, or of
 * every step-th from the first-th on. */
assay_status assay_model_four(assay_model *m, const assay_model_tensor *blocks, const assay_model_tensor *scales,
                              int64_t first, int64_t step, assay_tensor *out, assay_why *why);
/* A whole file as text; JSON's depth is cJSON's to limit, its size is limited here. */
assay_status assay_model_slurp(const char *path, char **text, assay_why *why);
/* A JSON file in the model's folder, or in a folder of it, for cJSON_Delete; *out NULL: it is not there. */
assay_status assay_model_beside(const assay_model *m, const char *folder, const char *name, struct cJSON **out,
                                assay_why *why);
assay_status assay_model_keys_gguf(assay_model *m, assay_why *why);
assay_status assay_model_keys_json(assay_model *m, assay_why *why); /* config.json of the folder */
#endif
