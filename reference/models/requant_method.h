/* SPDX-License-Identifier: MIT
 * requant_method.h - methods of quantization on a whole file: what matrices are multiplied with (activations) decides
 * how they are rounded.  The methods themselves are quantize/methods.h's.
 *
 *   awq, smoothquant  scale the columns of matrices that share an input, and what makes the input the other way: norms
 *                     (and, awq, the matrix before, row by row), by the names of the LLaMA family
 *   gptq              moves the error of each block of columns into those after it
 *
 * What comes out is a file of another element type, or (layout) a safetensors file in AWQ's or GPTQ's layout. */
#ifndef ASSAY_MODELS_REQUANT_METHOD_H
#define ASSAY_MODELS_REQUANT_METHOD_H
#include "../quantize/checkpoint.h"

typedef enum assay_method { ASSAY_METHOD_NONE, ASSAY_METHOD_AWQ, ASSAY_METHOD_GPTQ, ASSAY_METHOD_SMOOTH } assay_method;

typedef struct assay_requant_how {
    assay_method method;
    const char *activations; /* safetensors: NAME, (tokens, in), for each matrix NAME; metadata NAME -> another's */
    bool packs;              /* into this layout, not into an element type */
    assay_packed_layout layout;
    int64_t bits, group; /* of a layout; group -1: a whole row */
    bool sym, act_order, fixed, mse, duo, clip;
    double alpha, damping;
    const char *of_grid; /* a setting that was given and is of a layout's grid alone; NULL: none */
} assay_requant_how;

/* "gptq", or with settings: "gptq,act_order,damping=0.02".  Sets the usual first. */
assay_status assay_method_parse(const char *text, assay_requant_how *h, assay_why *why);
const char *assay_method_name(assay_method m);

typedef struct assay_requant_change { /* of one tensor */
    double *columns, *rows;           /* its columns are multiplied by, its rows are divided by; NULL: neither */
    const assay_st_tensor *x;         /* what it is multiplied with; NULL: nobody says */
    double power;                     /* awq's, of what makes its input; -1: none */
    double loss, plain, size; /* mean squares: of what the product loses; if it were merely rounded; of itself */
} assay_requant_change;

struct assay_requant;
struct assay_requant_tensor;
/* After the plan: opens the activations, finds whose they are, refuses what does not fit. */
assay_status assay_method_begin(struct assay_requant *r, assay_why *why);
/* Before the writing: the scales of awq and smoothquant. */
assay_status assay_method_search(struct assay_requant *r, assay_why *why);
/* Are the numbers that are encoded not those that the file says? */
bool assay_method_changes(const struct assay_requant *r, const struct assay_requant_tensor *t);
/* The weights (rows, width) as they are to be rounded: decoded, scaled; to be freed. */
double *assay_method_weights(const struct assay_requant *r, const struct assay_requant_tensor *t);
/* Refuses numbers of a tensor, (rows, width), that are not finite: no code stands for them. */
assay_status assay_method_finite(const struct assay_requant *r, const struct assay_requant_tensor *t, const double *w,
                                 const char *form, assay_why *why);
/* Of gptq, with the element type that the tensor becomes: each block's error made good by the blocks after it. */
assay_status assay_method_compensate(const struct assay_requant *r, struct assay_requant_tensor *t, double *w,
                                     assay_why *why);
/* X (tokens, width) of a matrix, over the scales of its columns, to be freed; NULL: it is not finite, and why says
 * where. */
double *assay_method_inputs(const struct assay_requant *r, const struct assay_requant_tensor *t, assay_why *why);
assay_status assay_method_pack(struct assay_requant *r, assay_why *why); /* writes OUT in a layout */
void assay_method_print(const struct assay_requant *r, bool each);
void assay_method_free(struct assay_requant *r);
#endif
