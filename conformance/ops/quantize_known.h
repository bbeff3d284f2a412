/* SPDX-License-Identifier: MIT
 * quantize_known.h - what encoders must write, known without asking them. */
#ifndef ASSAY_QUANTIZE_KNOWN_H
#define ASSAY_QUANTIZE_KNOWN_H
#include "../../reference/core/suite.h"

bool assay_known_numbers(assay_why *why); /* plain element types */
bool assay_known_blocks(assay_why *why);
bool assay_quantize_known(assay_why *why);                                /* both */
bool assay_known_not(assay_why *why, const char *type, const char *what); /* false, with the reason */
#endif
