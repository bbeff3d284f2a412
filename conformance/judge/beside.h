/* SPDX-License-Identifier: MIT
 * beside.h - a second call of the same kernel in the same process, of the same shape and with other numbers, in memory
 * of its own.  What a kernel keeps anywhere but in shared and scratch memory meets its like there.  Only the outputs of
 * the call that is judged are looked at. */
#ifndef ASSAY_BESIDE_H
#define ASSAY_BESIDE_H
#include "../../reference/core/execute.h"
#include "pool.h"

/* The numbers of an operand, positions too, half of them moved to the other end; where numbers mean other places, and
 * where the operand is not only read, as they are. */
void assay_other_numbers(const assay_operand *o, const assay_tensor *t, unsigned char *to, const unsigned char *from);

typedef struct assay_twin {
    assay_call call;
    assay_tensor t[ASSAY_MAX_OPND];
    bool made;
    bool race; /* two units of the judged call wrote to one place: why says where */
} assay_twin;

/* c is ready to run.  A second call that cannot be made is a failure: nothing is said of it in silence. */
assay_status assay_beside_run(assay_call *c, const assay_job *j, assay_twin *twin, assay_why *why);
void assay_twin_free(assay_twin *twin); /* after the fence was looked at */
#endif
