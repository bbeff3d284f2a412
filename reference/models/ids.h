/* SPDX-License-Identifier: MIT
 * ids.h - small helpers that the model commands share. */
#ifndef ASSAY_MODELS_IDS_H
#define ASSAY_MODELS_IDS_H
#include "assay/assay.h"
#include <stdio.h>

/* "1,2,3" or "1 2 3" to ids (allocated, free()), each in [0, limit); ERR_ARG names the first that is not. */
assay_status assay_ids_parse(const char *text, int32_t limit, int32_t **ids, size_t *n, assay_why *why);
/* Everything up to end of file (allocated, free()). */
assay_status assay_read_all(FILE *f, char **text, size_t *n, assay_why *why);
#endif
