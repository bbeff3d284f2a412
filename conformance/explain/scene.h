/* SPDX-License-Identifier: MIT
 * scene.h - one output of one call, element by element: what came, what was wanted, what was allowed, what is wrong.
 * Nothing here decides a verdict (reference/core/compare.h does); it is what a person looks at afterwards. */
#ifndef ASSAY_SCENE_H
#define ASSAY_SCENE_H
#include "../judge/judge.h"

typedef struct assay_scene {
    const assay_problem *p;
    int operand, rank;
    const char *letter; /* names of the dimensions, outermost first */
    int64_t n, n_wrong, dim[ASSAY_MAX_RANK];
    double *got, *want;   /* want: as the output's type writes it */
    double *lo, *hi;      /* ends of what is legal; both the golden where it is exact */
    double *bound;        /* 0 where exact; below 0: assay_overflowed() */
    bool *wrong, *poison; /* poison: the bytes that stood there before the call */
} assay_scene;

/* out: as assay_judge_once hands it back.  False: that output was not given, or is too large to be looked at. */
bool assay_scene_open(const assay_problem *p, const assay_contract *k, const assay_tensor *out, int operand,
                      unsigned char poison, assay_scene *s);
void assay_scene_close(assay_scene *s);

int64_t assay_scene_at(const assay_scene *s, int64_t i, int r); /* index of element i along dimension r */
int64_t assay_scene_step(const assay_scene *s, int r);          /* elements from one index of dimension r to the next */
bool assay_scene_fits(const assay_scene *s, double got, int64_t want); /* would got be legal at element want? */
/* "T=3, N=5" */
const char *assay_scene_name(const assay_scene *s, int64_t i, char *text, size_t n);
/* "12 of 64 elements of y are wrong, by at most 3.1e-05 (17 bounds)", then a table of elements around the first. */
void assay_scene_print(const assay_scene *s);
#endif
