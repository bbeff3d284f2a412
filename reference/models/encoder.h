/* SPDX-License-Identifier: MIT
 * encoder.h - an encoder of texts alone (BERT, RoBERTa), made ready with its tokenizer. */
#ifndef ASSAY_MODELS_ENCODER_H
#define ASSAY_MODELS_ENCODER_H
#include "load.h"

/* UNSUPPORTED for any other model, with the command that it is for; ERR_IO without a tokenizer.  Free in any case. */
assay_status assay_encoder_load(const char *path, assay_loaded *l, assay_why *why);
#endif
