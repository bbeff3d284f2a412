/* SPDX-License-Identifier: MIT
 * contract.h - what a kernel promises about its arithmetic, in words. */
#ifndef ASSAY_CORE_CONTRACT_H
#define ASSAY_CORE_CONTRACT_H
#include "assay/assay.h"

/* The members of assay_contract, each once: whatever goes through a contract member by member (words, parser, checks of
 * a stranger's, what is looser than strict, the page of bounds) reads this table.  round[] is a list of its own. */
typedef enum assay_contract_kind {
    ASSAY_CONTRACT_TYPE,   /* an element type of plain numbers; 0: f32 */
    ASSAY_CONTRACT_COUNT,  /* int32_t, of h: counts where h.kind is its depth */
    ASSAY_CONTRACT_WITHIN, /* float, units of roundoff; 0: usual */
    ASSAY_CONTRACT_FLAG    /* uint8_t */
} assay_contract_kind;

/* What 0 means where a field counts units of roundoff. */
enum {
    ASSAY_USUAL_e_exp = 4,
    ASSAY_USUAL_e_log = 4,
    ASSAY_USUAL_e_tanh = 4,
    ASSAY_USUAL_e_erf = 4,
    ASSAY_USUAL_e_rsqrt = 2,
    ASSAY_USUAL_e_div = 2,
    ASSAY_USUAL_e_sin = 4
};

typedef enum assay_looser { ASSAY_LOOSER_NEVER, ASSAY_LOOSER_MORE } assay_looser;

typedef struct assay_contract_field {
    const char *name;
    assay_contract_kind kind;
    uint16_t offset;
    assay_depth depth;          /* COUNT */
    float usual;                /* WITHIN: what 0 means */
    assay_looser looser;        /* MORE: the larger assay_contract_value, the more is permitted */
    const char *before, *after; /* what is said, around the value; FLAG: before alone */
} assay_contract_field;

enum { ASSAY_CONTRACT_FIELDS = 19 };
extern const assay_contract_field assay_contract_fields[ASSAY_CONTRACT_FIELDS];

/* In one measure per kind: TYPE unit roundoff, COUNT 0 where another depth is declared, WITHIN units, FLAG 0 or 1. */
double assay_contract_value(const assay_contract_field *f, const assay_contract *c);
/* A value that bounds are derived for, and that the parser takes. */
bool assay_contract_sane(const assay_contract_field *f, const assay_contract *c);
/* The k-th way to loosen this one field of the strict contract: 8, 16, 64 units, f16, bf16, a flag; false: no k-th. */
bool assay_contract_loosening(const assay_contract_field *f, int k, assay_contract *only);
/* Adds to c what more permits beyond the strict contract; what c promises beyond it, and the operands that it rounds,
 * stay. */
void assay_contract_loosen(assay_contract *c, const assay_contract *more);
bool assay_contract_looser(const assay_contract *c); /* than strict, in any part */
/* Both round the same operands to the same types, so that one golden serves both; NULL: the strict contract. */
bool assay_contract_rounds_alike(const assay_contract *a, const assay_contract *b);

/* "strict", or what is looser or sharper than strict, apart by "; ": "8 lanes; x rounded to q8_0".  Returns text. */
const char *assay_contract_text(const assay_contract *c, char *text, size_t n);
/* From members of assay_contract, as "ftz=1 e_exp=8 acc=bf16 lanes=8 round.x=q8_0"; "": strict.  Operands are those of
 * op, whose names c then refers to; NULL: any name is taken and none is kept. */
assay_status assay_contract_parse(const char *text, const assay_op *op, assay_contract *c, assay_why *why);
#endif
