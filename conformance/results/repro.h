/* SPDX-License-Identifier: MIT
 * repro.h - the command that runs a failed case again, as a user pastes it into a shell. */
#ifndef ASSAY_REPRO_H
#define ASSAY_REPRO_H
#include <stdbool.h>

enum { ASSAY_REPRO_TEXT = 8192 };

typedef struct assay_repro {
    const char *plugin; /* the file as it was given, or NULL */
    const char *kernel, *line;
    bool fault;         /* the kernel is a seeded fault */
    const char *secret; /* hash of the secret that the inputs were made with, or NULL */
} assay_repro;

void assay_repro_text(const assay_repro *r, char text[ASSAY_REPRO_TEXT]);
#endif
