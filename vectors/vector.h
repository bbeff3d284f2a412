/* SPDX-License-Identifier: MIT
 * vector.h - golden vectors: one problem with its answer in a safetensors file (docs/vectors.md). */
#ifndef ASSAY_VECTOR_H
#define ASSAY_VECTOR_H
#include "../reference/core/problem.h"
#include "../reference/core/safetensors.h"

enum {
    ASSAY_VECTOR_SCHEMA = 1,
    ASSAY_VECTOR_BYTES = 64 << 10, /* of a committed file */
    ASSAY_VECTORS_BYTES = 4 << 20, /* of all committed files */
};

typedef struct assay_vector {
    assay_problem p;                     /* inputs from the file; golden and planes as solve() makes them */
    double *expected[ASSAY_MAX_OPND];    /* outputs: what the file says; NULL: nothing, it is not judged */
    assay_tensor answer[ASSAY_MAX_OPND]; /* the same as it stands in the file: in what type, with what bytes */
    bool golden[ASSAY_MAX_OPND];         /* expected is f64: the exact result, not another implementation's */
    assay_contract contract;             /* of who computed the answers; all zero: strict */
    int64_t elements, judged;            /* of the outputs: all, and those that no mark leaves open */
    int unjudged;                        /* outputs that are not judged at all */
    float *plane[ASSAY_MAX_PLANES];      /* condition quantities, rounded up; NULL: the file has none */
    assay_gen gen;                       /* stands for the file in p.c */
    char source[ASSAY_CASE_LINE];        /* the case line it was made from, or "" */
    size_t bytes;                        /* of the file */
} assay_vector;

/* contract: in the place of the file's own (contract.h); NULL: the file's own. */
assay_status assay_vector_load(const char *path, const char *contract, assay_vector *v, assay_why *why);
void assay_vector_free(assay_vector *v);
/* Solves for the contract (NULL: strict) and puts the file's golden in the place of the reference's. */
assay_status assay_vector_solve(assay_vector *v, const assay_contract *k, assay_why *why);
/* Does the reference agree with the file?  Exact results must be equal but for the rounding of double; the answers of
 * someone's computation are judged as a kernel's would be, under their contract.  why names the first element that is
 * wrong. */
assay_status assay_vector_verify(assay_vector *v, assay_why *why);
/* Makes the vector of a case line. */
assay_status assay_vector_generate(const char *line, const char *path, assay_why *why);

/* Writes a solved problem as a vector of any size, with n (at most 4) more pairs of metadata. */
assay_status assay_vector_write(const assay_problem *p, const assay_st_pair *more, size_t n, const char *path,
                                assay_why *why);

int assay_cmd_vectors(int argc, char **argv);
#endif
