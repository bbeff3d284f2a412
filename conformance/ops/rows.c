/* SPDX-License-Identifier: MIT */
#include "rows.h"
#include <stdlib.h>

const assay_typeset assay_types_f32[6] = { VARY_F32, VARY_F32, VARY_F32, VARY_F32, VARY_F32, VARY_F32 };
const assay_typeset assay_types_floats[6] = { VARY_FLOATS, VARY_FLOATS, VARY_FLOATS,
                                              VARY_FLOATS, VARY_FLOATS, VARY_FLOATS };

/* The row where it lies, or else room for it. */
static float *place(const assay_tensor *t, int64_t r, float *room)
{
    return t->type == ASSAY_f32 ? (float *)(void *)((char *)t->data + r * t->stride[0]) : room;
}

assay_status assay_by_rows(const assay_args *a, int inputs, void (*one_row)(const assay_row *), int mode,
                           const assay_sum *order)
{
    const assay_tensor *out = &a->operand[inputs];
    assay_row k = { .n = a->dim[1], .params = a->params, .mode = mode, .order = order };
    float *copy = malloc((size_t)((inputs + 3) * k.n + 3) * sizeof *copy), *room = copy;
    if (!copy)
        return ASSAY_ERR_NOMEM;
    k.room = copy + (inputs + 1) * k.n;
    for (k.r = a->begin; k.r < a->end; k.r++, room = copy) {
        for (int i = 0; i < inputs; i++, room += k.n) {
            const assay_tensor *t = &a->operand[i];
            const int64_t r = t->rank < 2 ? 0 : k.r;
            k.in[i] = t->data ? place(t, r, room) : NULL;
            if (t->data && t->type != ASSAY_f32)
                assay_vary_read(t, r, 0, k.n, room);
        }
        k.out = place(out, k.r, room);
        one_row(&k);
        if (out->type != ASSAY_f32)
            assay_vary_write(out, k.r, 0, k.n, room);
    }
    free(copy);
    return ASSAY_OK;
}
