/* SPDX-License-Identifier: MIT
 * space.h - the choices that the spec of an op leaves open: for each dimension a rung of its ladder and a remainder,
 * for each operand its element type, whether and how it is there, its storage order, for each field its ends, its
 * names, values inside and beside the length that it counts, and the generator.  A case can be read as choices, and
 * choices can be made a case. */
#ifndef ASSAY_RULES_SPACE_H
#define ASSAY_RULES_SPACE_H
#include "../../reference/core/suite.h"

typedef enum assay_what {
    ASSAY_RUNG,
    ASSAY_TAIL,
    ASSAY_TYPE,
    ASSAY_GIVEN,
    ASSAY_LAYOUT,
    ASSAY_FIELD_AT,
    ASSAY_GEN
} assay_what;

typedef struct assay_factor {
    assay_what what;
    int of;    /* which dimension, operand or field */
    int n;     /* choices */
    int first; /* number of its first choice among all choices of the space */
} assay_factor;

enum {
    ASSAY_MAX_FACTORS = 3 * ASSAY_MAX_OPND + 2 * ASSAY_MAX_DIMS + 12,
    ASSAY_MAX_GENS = 256,
    ASSAY_MAX_CHOICES = 1024,
    ASSAY_FIELD_VALUES = 12, /* and */
    ASSAY_FIELD_BESIDE = 4   /* beside a length */
};

typedef struct assay_space {
    const assay_op *op;
    const assay_suite *suite;
    int n, choices; /* factors, and choices of all factors together */
    assay_factor factor[ASSAY_MAX_FACTORS];
    unsigned char factor_of[ASSAY_MAX_CHOICES]; /* of a choice's number */
    unsigned char apart[ASSAY_MAX_CHOICES];     /* an assay_apart: of a rung */
    assay_value_gen gen[ASSAY_MAX_GENS];        /* operand -1: it names none */
    double field[ASSAY_MAX_FACTORS][ASSAY_FIELD_VALUES + ASSAY_FIELD_BESIDE];
    double price;  /* the most that a case may cost: elements of its operands, and flops / 16 */
    double weight; /* of elements: usually 1; where price is high for the sake of flops, more */
} assay_space;

/* What a set of choices came to. */
typedef enum assay_made { ASSAY_MADE, ASSAY_REFUSED, ASSAY_TOO_DEAR } assay_made;

/* cases: hand-written ones of the op; the values of fields inside their ranges are taken from them. */
void assay_space_init(assay_space *s, const assay_op *op, double price, const assay_case *cases, size_t n);

/* The case for choice[f] of each factor f.  free[f]: this choice may be changed to make the case legal and affordable;
 * lengths are raised to whole blocks.  why: the last refusal. */
assay_made assay_space_case(const assay_space *s, const int *choice, const bool *free, assay_case *c, assay_why *why);

/* A case at random, each choice by itself, with a seed of its own, at a price between 64 and the space's.  False: no
 * draw of many was legal. */
bool assay_space_draw(const assay_space *s, assay_rng *r, assay_case *c);

/* False: this generator names the operand of this choice, and says nothing of one that is absent or of that type. */
bool assay_space_agree(const assay_space *s, int gen, int factor, int choice);

/* Can these choices be paid as they are? */
bool assay_space_affords(const assay_space *s, const int *choice);

/* apart.c, of n choices by their numbers: is one a length that stands apart, and another what it need not meet; is one
 * a length of few models? */
bool assay_space_apart(const assay_space *s, const int *number, int n);
bool assay_space_seldom(const assay_space *s, const int *number, int n);
/* No length is 0 by the way: where remainder or rung is free, it is the next. */
void assay_space_avoid_zeros(const assay_space *s, int *choice, const bool *free);
/* Beside a length of few models: free lengths are 3 to 7, and no longer free. */
void assay_space_keep_small(const assay_space *s, int *choice, bool *free);

/* choice[f] that the case stands for, -1: none of them, or it makes no difference here (the type of an absent
 * operand). */
void assay_space_read(const assay_space *s, const assay_case *c, int *choice);

/* "K=1008..", "K mod 16=3", "w=q8_0", "bias absent", "causal=1", "gen=spike" */
void assay_space_name(const assay_space *s, int factor, int choice, char *text, size_t n);

/* fields.c: the choices of a field, of which it returns how many; the value that one has in a case, whose lengths are
 * there; which one it has, or -1; "causal=1", "window=S-1". */
int assay_fields_of(const assay_field *f, const assay_case *cases, size_t n, double *value);
void assay_fields_apply(const assay_space *s, int factor, int choice, assay_case *c);
int assay_fields_read(const assay_space *s, int factor, const assay_case *c);
void assay_fields_name(const assay_space *s, int factor, int choice, char *text, size_t n);

/* Elements of the operands, and flops / 16; above most a part of it may be left out. */
double assay_case_price(const assay_case *c, double most);
#endif
