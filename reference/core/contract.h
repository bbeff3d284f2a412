/* SPDX-License-Identifier: MIT
 * contract.h - what a kernel promises about its arithmetic, in words. */
#ifndef ASSAY_CORE_CONTRACT_H
#define ASSAY_CORE_CONTRACT_H
#include "assay/assay.h"

/* "strict", or what is looser or sharper than strict, apart by "; ": "8 lanes; x rounded to q8_0".  Returns text. */
const char *assay_contract_text(const assay_contract *c, char *text, size_t n);
#endif
