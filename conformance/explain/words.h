/* SPDX-License-Identifier: MIT
 * words.h - a failure in words: where the wrong elements lie and what stands there instead, each found by trying a
 * table of small hypotheses in the names of the output's own dimensions.  Quiet where none explains nearly all of them.
 */
#ifndef ASSAY_WORDS_H
#define ASSAY_WORDS_H
#include "scene.h"

enum { ASSAY_WORDS = 240 };

typedef struct assay_say { /* a sentence that grows */
    char text[ASSAY_WORDS];
    size_t at;
} assay_say;
void assay_say_add(assay_say *w, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* "the last 3 N: 0", "every element: too large by the factor 2".  False: nothing explains it. */
bool assay_words(const assay_scene *s, assay_say *w);
/* Runs the call of a finding again and says it in words; table: prints the elements around the first wrong one too. */
bool assay_explain(assay_pool *pool, const assay_problem *p, const assay_kernel *k, int plugin, const assay_finding *f,
                   bool table, char *text, size_t n);

/* The tables, for words.c: where (words_where.c) and the three kinds of how. */
bool assay_words_where(const assay_scene *s, assay_say *w);
/* Each returns the share of the wrong elements that it explains and says how; the first of 0.95 and more wins. */
typedef double (*assay_how)(const assay_scene *s, assay_say *w);
extern const assay_how assay_hows_value[], assay_hows_input[], assay_hows_index[], assay_hows_number[],
    assay_hows_scale[]; /* NULL-terminated */
/* Does the value v account for what came at a wrong element i: to its bound, or to a fiftieth of its error; to the
 * unit, where it is an integer? */
bool assay_accounts(const assay_scene *s, int64_t i, double v);
#endif
