/* SPDX-License-Identifier: MIT
 * model_parts.h - what model.c, model_keys.c and model_tensors.c share. */
#ifndef ASSAY_MODELS_MODEL_PARTS_H
#define ASSAY_MODELS_MODEL_PARTS_H
#include "../core/memory.h"
#include "../core/tensor.h"
#include "model.h"

void assay_model_keep(assay_model *m, void *data); /* until the model is closed */
/* A whole file as text; JSON's depth is cJSON's to limit, its size is limited here. */
assay_status assay_model_slurp(const char *path, char **text, assay_why *why);
assay_status assay_model_keys_gguf(assay_model *m, assay_why *why);
assay_status assay_model_keys_json(assay_model *m, assay_why *why); /* config.json of the folder */
#endif
