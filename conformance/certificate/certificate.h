/* SPDX-License-Identifier: MIT
 * certificate.h - what a kernel holds to beyond being right, measured by running a case in several manners and
 * comparing bits: `assay check --certificate KERNEL`.  A property that a kernel declares in its flags and breaks is a
 * failure. */
#ifndef ASSAY_CERTIFICATE_H
#define ASSAY_CERTIFICATE_H
#include "../../reference/core/json.h"
#include "../../reference/core/registry.h"
#include "../judge/judge.h"
#include "errors.h"
#include "order.h"

enum {
    ASSAY_PROPERTIES = 12,
    ASSAY_CERTIFICATE_GENS = 48,
    ASSAY_CERTIFICATE_SIBLINGS = 16,
    ASSAY_CERTIFICATE_TYPES = 8
};

typedef struct assay_probe { /* a solved case and what the kernel made of it: plain, one thread, one piece */
    assay_pool *pool;
    const assay_problem *p;
    const assay_kernel *kernel;
    int plugin;
    assay_tensor base[ASSAY_MAX_OPND];
} assay_probe;

typedef struct assay_measure {
    int64_t same, differ;       /* comparisons of bits, whatever the verdict on them */
    int64_t lost;               /* calls that left nothing to compare: crashes and their kind */
    const char *not_applicable; /* reason of the last case to which it did not apply */
    char line[ASSAY_CASE_LINE]; /* the first case that differs, and how; else the first that was lost */
    assay_why why;
} assay_measure;

typedef struct assay_property {
    const char *name;
    uint32_t flag; /* of assay_kernel: who sets it promises this */
    void (*measure)(const assay_probe *x, assay_measure *m);
    int permits; /* the best grade of a kernel that lacks it: 0 A, 1 B, 2 C */
} assay_property;
extern const assay_property assay_properties[]; /* ended by a NULL name */

#define ASSAY_WHOLE (INT64_C(1) << 40) /* work units per slice: all */
/* Of the outputs, bit for bit (NaNs are one number); else why says where they first differ. */
bool assay_same_bits(const assay_op *op, const assay_tensor *a, const assay_tensor *b, assay_why *why);
bool assay_has_outputs(const assay_tensor *out); /* the call came to an end */
void assay_measure_count(const assay_probe *x, assay_measure *m, bool same, const char *what, const assay_why *why);
void assay_measure_lost(const assay_probe *x, assay_measure *m, const char *what, const assay_finding *f);
void assay_measure_batch(const assay_probe *x, assay_measure *m); /* batch.c */

typedef struct assay_quality { /* of what a search has written in a type: square errors, ours for the same x */
    assay_dtype type;
    int64_t blocks; /* 0: none so far */
    double error, ours;
} assay_quality;
void assay_quality_add(const assay_probe *x, assay_quality *all); /* quality.c; all: of ASSAY_CERTIFICATE_TYPES */
void assay_quality_print(const assay_quality *all);
void assay_quality_json(assay_json *j, const assay_quality *all);

typedef struct assay_certificate {
    const assay_kernel *kernel;
    int plugin;
    int64_t cases, passed, refused, noted; /* noted: calls that did what is legal, and worth knowing */
    assay_why note;
    assay_measure property[ASSAY_PROPERTIES];
    struct {
        const assay_gen *gen;
        int64_t cases, exact; /* judged; of those bit for bit the scalar form's */
        double used;          /* worst share of the bound */
        double scalar_used;   /* that of the scalar form, in the cases that it takes, too */
    } gen[ASSAY_CERTIFICATE_GENS];
    int n_gens;
    struct {
        const assay_kernel *kernel;
        int64_t same, differ;
    } sibling[ASSAY_CERTIFICATE_SIBLINGS];
    int n_siblings;
    assay_quality quality[ASSAY_CERTIFICATE_TYPES];
    assay_orders orders;
    assay_errors errors;
} assay_certificate;

/* Measures one case: p is made, and is solved here. */
assay_status assay_certify(assay_pool *pool, assay_problem *p, assay_certificate *c, assay_why *why);
void assay_certificate_print(const assay_certificate *c);
assay_status assay_certificate_json(const assay_certificate *c, size_t n, const char *path, assay_why *why);
const char *assay_measure_reason(const assay_measure *m); /* why there is nothing to compare; NULL: there is */
bool assay_certificate_good(const assay_certificate *c);  /* it passed, and holds what it declares */

typedef struct assay_grade_line {
    const char *about;
    int permits; /* 0 A, 1 B, 2 C, 3 F; -1: not applicable, -2: not executed */
    char says[120];
} assay_grade_line;
typedef struct assay_grade { /* grade.c */
    char letter;             /* the worst that a line permits; 0: none, for a line was not executed */
    int n;
    assay_grade_line line[ASSAY_PROPERTIES + 3];
} assay_grade;
void assay_grade_of(const assay_certificate *c, assay_grade *g);
void assay_grade_print(const assay_grade *g);
void assay_grade_json(assay_json *j, const assay_grade *g);

/* What the kernel's flags promise, on a case that it has passed; false and f: broken. */
bool assay_promises(assay_pool *pool, const assay_problem *p, const assay_kernel *k, int plugin, assay_finding *f);
#endif
