/* SPDX-License-Identifier: MIT
 * importance.h - what the matrices of a model's layers are multiplied with, as a run goes: sums of squares per column,
 * written as an importance matrix (imatrix.h), and all of it, if asked for, written as safetensors
 * (requant_method.h). */
#ifndef ASSAY_MODELS_IMPORTANCE_H
#define ASSAY_MODELS_IMPORTANCE_H
#include "session_parts.h"

typedef struct assay_importance_of {
    char name[64];
    int64_t width, rows; /* rows that were added */
    double *sum;
    float *x; /* (rows, width); NULL: not kept */
} assay_importance_of;

typedef struct assay_importance {
    assay_importance_of *at;
    size_t n;
    bool keeps; /* the inputs themselves */
} assay_importance;

/* Before the call, by one thread: its inputs are there. */
void assay_importance_add(assay_importance *w, const assay_session *s, const assay_entry *e);
assay_status assay_importance_save(const assay_importance *w, const char *path, const char *model, assay_why *why);
/* The inputs by the names of their matrices; those of one layer that are the same stand there once, and the metadata
 * says whose they are, too. */
assay_status assay_importance_save_inputs(const assay_importance *w, const char *path, assay_why *why);
void assay_importance_free(assay_importance *w);
#endif
