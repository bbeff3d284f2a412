/* SPDX-License-Identifier: MIT
 * status.h - one sentence on failure. */
#ifndef ASSAY_CORE_STATUS_H
#define ASSAY_CORE_STATUS_H
#include "assay/assay.h"

const char *assay_status_name(assay_status s);
/* Formats the sentence into why (if not NULL) and returns s: return assay_fail(why, ASSAY_ERR_IO, "%s: ...", path); */
assay_status assay_fail(assay_why *why, assay_status s, const char *format, ...) __attribute__((format(printf, 3, 4)));
#endif
