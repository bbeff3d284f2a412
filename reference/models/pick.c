/* SPDX-License-Identifier: MIT */
#include "pick.h"
#include "../core/execute.h"
#include "../core/registry.h"
#include "../core/status.h"
#include "../core/tensor.h"
#include "assay/params/sample.h"
#include <stdlib.h>
#include <string.h>

/* The best kernel that takes the call, or the baseline. */
static const assay_kernel *choose(const assay_op *op, const assay_args *a, uint64_t isa)
{
    const assay_kernel *found = assay_kernel_find(op->name, "scalar"), *k;
    for (size_t i = 0; (k = assay_kernel_at(i)) != NULL; i++)
        if (k->run && !strcmp(k->op, op->name) && !(k->isa & ~isa) && assay_kernel_takes(op, k, a) &&
            assay_kernel_accepts(k, *a))
            found = k;
    return found;
}

assay_status assay_pick(const assay_picker *p, const assay_tensor *logits, int64_t step, int32_t *id, assay_why *why)
{
    const bool greedy = !(p->temp > 0);
    const assay_op *op = assay_op_find(greedy ? "argmax" : "sample");
    const int64_t V = logits->dim[1], dim[] = { 1, V };
    if (!op)
        return assay_fail(why, ASSAY_ERR_ARG, "this build holds neither argmax nor sample");
    _Alignas(16) unsigned char params[ASSAY_MAX_PARAMS] = { 0 };
    const assay_sample_params sample = {
        .key = p->seed, .step = step, .temp = (float)p->temp, .top_p = (float)p->top_p, .top_k = (int32_t)p->top_k
    };
    if (!greedy)
        memcpy(params, &sample, sizeof sample);
    assay_tensor t[2] = { assay_tensor_dense(ASSAY_f32, 0, 2, dim), assay_tensor_dense(ASSAY_i32, 0, 1, dim) };
    float *rounded = NULL;
    if (logits->type == ASSAY_f64) {
        rounded = assay_aligned((size_t)V * sizeof *rounded);
        if (!rounded)
            return assay_fail(why, ASSAY_ERR_NOMEM, "no memory for a row of logits");
        for (int64_t i = 0; i < V; i++)
            rounded[i] = (float)((const double *)logits->data)[i];
    }
    t[0].data = rounded ? rounded : logits->data;
    t[1].data = id;
    assay_call c = { .op = op, .args = { .operand = t, .dim = dim, .params = params }, .threads = 1 };
    assay_status s = assay_check(op, &c.args, params, why);
    if (!s) {
        c.kernel = choose(op, &c.args, p->isa);
        s = assay_call_prepare(&c, why);
        if (!s && (s = assay_call_run(&c)) != ASSAY_OK)
            s = assay_fail(why, s, "%s/%s refused a row of logits", op->name, c.kernel->name);
        assay_call_free(&c);
    }
    free(rounded);
    if (!s && (*id < 0 || *id >= V))
        s = assay_fail(why, ASSAY_ERR_PARAM, "%s found no token: are the logits NaN?", op->name);
    return s;
}
