/* SPDX-License-Identifier: MIT
 * run_capture.h - assay run --capture: calls of a model with their real operands, as vectors (docs/vectors.md). */
#ifndef ASSAY_CLI_RUN_CAPTURE_H
#define ASSAY_CLI_RUN_CAPTURE_H
#include "../reference/models/capture.h"
#include <argp.h>

typedef struct assay_run_capture {
    assay_capture w;
    const char *model, *dir;
    int64_t written;
    assay_status status; /* of the first that could not be kept; why says it */
    assay_why why;
} assay_run_capture;

/* --capture op=OP[,layer=N][,step=N] and --capture-dir DIR; input: an assay_run_capture of zeros, whose w.op stays NULL
 * where nothing is captured. */
extern const struct argp assay_run_capture_argp;
/* Before the run: the folder is made. */
assay_status assay_run_capture_begin(assay_run_capture *c, const char *model, assay_why *why);
/* After it: says on standard output what was written.  Fails where something, or nothing, was kept. */
assay_status assay_run_capture_end(const assay_run_capture *c, assay_why *why);
#endif
