/* SPDX-License-Identifier: MIT
 * primitives.h - `assay primitives`: vector primitives, each tested alone against double precision. */
#ifndef ASSAY_PRIMITIVES_H
#define ASSAY_PRIMITIVES_H
#include "../../reference/core/primitive.h"
#include "../../reference/core/suite.h"

int assay_cmd_primitives(int argc, char **argv);

typedef struct assay_primitive_fault {
    assay_fault_kind kind;
    assay_primitive primitive; /* scalar code that is wrong, or legal, for the name it bears */
    const char *title, *source;
} assay_primitive_fault;
const assay_primitive_fault *assay_primitive_fault_at(size_t i); /* NULL past the last */
#endif
