/* SPDX-License-Identifier: MIT
 * contract.h - what a kernel promises about its arithmetic, in words. */
#ifndef ASSAY_CORE_CONTRACT_H
#define ASSAY_CORE_CONTRACT_H
#include "assay/assay.h"

/* "strict", or what is looser or sharper than strict, apart by "; ": "8 lanes; x rounded to q8_0".  Returns text. */
const char *assay_contract_text(const assay_contract *c, char *text, size_t n);
/* From members of assay_contract, as "ftz=1 e_exp=8 acc=bf16 lanes=8 round.x=q8_0"; "": strict.  Operands are those of
 * op, whose names c then refers to; NULL: any name is taken and none is kept. */
assay_status assay_contract_parse(const char *text, const assay_op *op, assay_contract *c, assay_why *why);
#endif
