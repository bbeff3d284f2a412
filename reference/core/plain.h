/* SPDX-License-Identifier: MIT
 * plain.h - text of strangers (names in models, results and plug-ins, what a model writes), made safe for where it
 * goes. Plain are whole UTF-8 characters that neither steer a terminal (C0, DEL, C1) nor hide or turn round what stands
 * beside them (zero width, directions, separators); every byte of anything else is shown as ?. */
#ifndef ASSAY_CORE_PLAIN_H
#define ASSAY_CORE_PLAIN_H
#include <stdbool.h>
#include <stdio.h>

typedef enum assay_medium {
    ASSAY_MARKUP,   /* HTML and XML, in text and in attributes */
    ASSAY_MARKDOWN, /* a sentence or a cell */
    ASSAY_PLOT      /* a quoted word of gnuplot's data */
} assay_medium;

bool assay_plain_is(const char *text);
char *assay_plain(char *text); /* in place, byte for byte; returns text */
void assay_plain_put(FILE *f, assay_medium m, const char *text, size_t n);
/* What a model wrote: as it is, or plain with its lines and tabs where f is a terminal. */
void assay_plain_say(FILE *f, const char *text, size_t n);
#endif
