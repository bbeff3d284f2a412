/* SPDX-License-Identifier: MIT
 * document.h - how every JSON document of one go begins and ends: { schema 1, kind, the build, what the caller writes
 * between the two }. */
#ifndef ASSAY_CORE_DOCUMENT_H
#define ASSAY_CORE_DOCUMENT_H
#include "assay/assay.h"
#include "json.h"

void assay_document_open(assay_json *j, const char *kind);
/* Closes it, and writes it to path (NULL: nowhere; where it goes is said by assay_save_begin, too); frees j. */
assay_status assay_document_write(assay_json *j, const char *path, assay_why *why);
#endif
