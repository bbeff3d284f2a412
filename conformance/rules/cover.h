/* SPDX-License-Identifier: MIT
 * cover.h - covering designs: cases in which all pairs (or triples) of choices of different factors occur that the op
 * allows and that can be paid; if lean, special values in an operand (gen=KIND@OPERAND) need not meet every length.  A
 * case in which a length is 0 shows no more than that, and rungs of two dimensions are to meet in plain numbers.
 * Greedy and deterministic: the first set that is missing, then for each other factor the choice that adds most. */
#ifndef ASSAY_RULES_COVER_H
#define ASSAY_RULES_COVER_H
#include "space.h"

enum { ASSAY_COVER_MOST = 3 };

/* Sets of choices of the same factors that no case has, for one reason. */
typedef struct assay_gap {
    int factor[ASSAY_COVER_MOST], choice[ASSAY_COVER_MOST]; /* the choices of the first of them */
    assay_made why_not;                                     /* ASSAY_MADE: made legal, each becomes another */
    int64_t n;
    assay_why why; /* of the first */
} assay_gap;

/* What a case keeps from being seen. */
typedef struct assay_veil {
    uint32_t zero; /* dimensions of length 0, as bits */
    bool odd;      /* its numbers are not random or exact ones: NaN, infinities, ends of ranges */
} assay_veil;

typedef struct assay_cover {
    const assay_space *space;
    int strength; /* 2: pairs, 3: triples */
    bool lean;
    bool humble;                          /* lengths beside one of few models may be 1, where the price asks for it */
    const struct assay_cover *pairs;      /* of triples: filled before; what no pair has no triple has */
    size_t words;                         /* of a row of bits */
    uint64_t *done, *asked;               /* a bit for each set; asked: of pairs alone */
    assay_veil veil;                      /* of the case that is being added */
    int64_t sets, covered, refused, dear; /* sets = covered + refused + dear, once it is filled */
    int64_t barred;                       /* of the refused: a pair in it had no case */
    assay_gap *gap;
    size_t n_gaps;
    struct assay_lack { /* a set that no case was found for, and its gap; another's case may have it later */
        int number[ASSAY_COVER_MOST];
        size_t gap;
    } * lack;
    size_t n_lacks;
} assay_cover;

/* Of strength 2: do these choices of two factors meet in some case? */
bool assay_cover_has(const assay_cover *v, int factor, int choice, int other, int with);
bool assay_cover_init(assay_cover *v, const assay_space *s, int strength, bool lean);
void assay_cover_free(assay_cover *v);
/* Counts what this case covers. */
void assay_cover_add(assay_cover *v, const assay_case *c);
/* Makes cases until nothing is missing that can be had, at most so many; made() gets each. */
void assay_cover_fill(assay_cover *v, int64_t most, void (*made)(void *ctx, const assay_case *c), void *ctx);
/* Once filled: the same for what was too dear, at the price that the space has now. */
void assay_cover_retry(assay_cover *v, int64_t most, void (*made)(void *ctx, const assay_case *c), void *ctx);
#endif
