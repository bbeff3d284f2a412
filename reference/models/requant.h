/* SPDX-License-Identifier: MIT
 * requant.h - a model file, GGUF or safetensors, written anew as GGUF with its matrices in another element type, by the
 * reference's encoders.  What becomes of each tensor is decided first (the plan), by tables: which types can be
 * written, which of them a model is run with, which names and shapes stay as they are. */
#ifndef ASSAY_MODELS_REQUANT_H
#define ASSAY_MODELS_REQUANT_H
#include "../core/gguf.h"
#include "../quantize/methods.h"
#include "../quantize/scaled.h"
#include "imatrix.h"
#include "requant_groups.h"
#include "requant_method.h"

enum { ASSAY_REQUANT_RULES = 16, ASSAY_REQUANT_RANK = 4 };

typedef struct assay_requant_rule { /* tensors whose name matches the pattern (*, ?, [...]) */
    const char *pattern;
    assay_dtype type; /* ASSAY_DTYPE_END: stay as they are */
} assay_requant_rule;

typedef enum assay_requant_why {
    ASSAY_REQUANT_ASKED,   /* the type that was asked for */
    ASSAY_REQUANT_RULED,   /* a rule names it */
    ASSAY_REQUANT_VECTOR,  /* one dimension: f32 where the file has a narrower float */
    ASSAY_REQUANT_NAMED,   /* its name says that rounding it does harm */
    ASSAY_REQUANT_INTEGER, /* whole numbers */
    ASSAY_REQUANT_SHORT,   /* its rows are no whole blocks of the type: another */
} assay_requant_why;

typedef struct assay_requant_packed { /* weights of few bits in a safetensors file (quantize/checkpoint.h, scaled.h) */
    bool scaled;                      /* floats with scales: s, else p */
    assay_packed p;
    assay_scaled s;
    char name[256], kind[16]; /* of the weights; "gptq4", "nvfp4", "e4m3" */
    bool lies;                /* the config says gptq, the zero points gptq_v2, or the other way */
} assay_requant_packed;

typedef struct assay_requant_tensor {
    assay_span name;
    const assay_requant_packed *packed; /* NULL: data is elements of `from`; else f64 is what they are decoded to */
    const unsigned char *data;          /* in the source, at any byte */
    assay_dtype from, to;
    assay_requant_why why;
    int rank;
    int64_t dim[ASSAY_REQUANT_RANK]; /* outermost first */
    int64_t width, rows;             /* of the last dimension; of all others */
    const float *weight;             /* importance of its columns, (matrices, width); NULL: none is known */
    int64_t matrices;
    bool weighted;  /* and the encoder of `to` heeds it */
    bool kept;      /* a rule says that it stays as it is */
    uint64_t bytes; /* of its new data */
    /* results: */
    double e2, x2, most_e; /* sums of squares of error and value, largest error */
    double we2, wx2;       /* the same sums with weights; 0 without */
    uint64_t hash;
} assay_requant_tensor;

typedef struct assay_requant {
    const char *in, *out, *imatrix; /* imatrix NULL: none */
    assay_dtype type, fallback;     /* fallback ASSAY_DTYPE_END: the narrowest that fits and is no narrower than type */
    assay_requant_how how;          /* method NONE: the encoders alone */
    assay_requant_rule rule[ASSAY_REQUANT_RULES];
    int n_rules, threads;
    /* told now and then; false ends the work: OUT stays as it was */
    bool (*step)(void *ctx, int64_t weights, const char *tensor);
    void *ctx;
    assay_pulse pulse; /* the same question without words, asked inside a matrix */
    /* found by the plan, which stays the owner: */
    assay_map map;
    assay_gguf gguf; /* of safetensors: nothing */
    assay_safetensors st;
    assay_requant_packed *packed;
    assay_packed_config config;
    assay_safetensors x;          /* activations */
    assay_requant_change *change; /* of each tensor; NULL: no method */
    assay_requant_group *group;   /* whose input is scaled */
    int n_scaled, n_groups;       /* n_groups: that the names tell, whether or not the activations do */
    assay_imatrix importance;
    assay_requant_tensor *tensor; /* in the order of the file */
    size_t n_tensors;
    int64_t weights;  /* elements that are worked on: encoded anew, and before that looked at for scales */
    int64_t searched; /* of these, for scales */
    uint64_t bytes_in, bytes_out;
    char name[64]; /* of the tensor at work */
} assay_requant;

/* Can a model file hold matrices of this type, and can we write them? */
bool assay_requant_writes(assay_dtype t);
/* Does `assay run` compute with matrices of this type? */
bool assay_requant_runs(assay_dtype t);
const char *assay_requant_why_text(assay_requant_why why);
assay_status assay_requant_stopped(const assay_requant *r, assay_why *why);

assay_status assay_requant_list_safetensors(assay_requant *r, assay_why *why);
const char *assay_requant_from(const assay_requant_tensor *t);      /* in words */
assay_status assay_requant_plan(assay_requant *r, assay_why *why);  /* opens IN, decides; OUT is not touched */
assay_status assay_requant_write(assay_requant *r, assay_why *why); /* OUT is put in place when it has been read back */
void assay_requant_free(assay_requant *r);
void assay_requant_print(const assay_requant *r, bool each, bool done); /* done: with errors */
char *assay_requant_json(const assay_requant *r, bool done);            /* to be freed; NULL: no memory */
#endif
