/* SPDX-License-Identifier: MIT */
#include "lone.h"
#include "../core/case.h"
#include "../core/execute.h"
#include "../core/registry.h"
#include "../core/status.h"
#include "../core/strangers.h"
#include "../core/tensor.h"
#include "session_parts.h"
#include <stdlib.h>
#include <string.h>

static bool takes(const assay_op *op, const assay_kernel *k, const assay_args *a)
{
    assay_stranger_enters(k);
    const bool good = assay_kernel_takes(op, k, a) && assay_kernel_accepts(k, *a);
    assay_stranger_enters(NULL);
    return good;
}

/* The kernel that impl names, the last of the list that takes the call (strangers' are its end, and are left out unless
 * they are asked for), or the baseline. */
static const assay_kernel *choose(const assay_impl *impl, const assay_op *op, const assay_args *a)
{
    const assay_swap *w = assay_impl_swap(impl, op->name);
    const assay_kernel *found = assay_kernel_find(op->name, "scalar"), *k;
    if (assay_session_how(impl, op->name) == ASSAY_RUN_SCALAR)
        return found;
    if (w && w->how == ASSAY_RUN_KERNEL && takes(op, w->kernel, a))
        return w->kernel;
    for (size_t i = 0; (k = assay_kernel_at(i)) != NULL; i++)
        if (k->run && !strcmp(k->op, op->name) && !(k->isa & ~impl->isa) &&
            (assay_stranger_index(k) < 0 || assay_session_how(impl, op->name) == ASSAY_RUN_PLUGIN) && takes(op, k, a))
            found = k;
    return found;
}

static assay_status by_kernel(const assay_impl *impl, const assay_op *op, const assay_args *a, assay_why *why)
{
    assay_call c = { .op = op, .kernel = choose(impl, op, a), .args = *a, .threads = 1 };
    assay_stranger_enters(c.kernel);
    assay_status s = assay_call_pack(&c, why);
    if (!s)
        s = assay_call_prepare(&c, why);
    if (!s && (s = assay_call_run(&c)) != ASSAY_OK)
        s = assay_fail(why, s, "%s/%s refused a call that it had accepted: %s", op->name, c.kernel->name,
                       assay_status_name(s));
    assay_stranger_enters(NULL);
    assay_stranger_count(op->name, c.kernel, assay_session_wants_plugin(impl, op->name));
    assay_call_free(&c);
    return s;
}

static assay_status by_oracle(const assay_op *op, const assay_args *a, assay_why *why)
{
    void *dense[ASSAY_MAX_OPND] = { NULL }, *before[ASSAY_MAX_OPND] = { NULL };
    bool good = true;
    for (int i = 0; i < op->n_operands; i++)
        if (a->operand[i].data) {
            dense[i] = malloc((size_t)(assay_tensor_count(&a->operand[i]) + 1) * sizeof(double));
            good &= dense[i] != NULL;
            if (dense[i] && op->operands[i].access == ASSAY_IN)
                assay_tensor_decode(dense[i], &a->operand[i]);
        }
    if (good)
        op->oracle(&(assay_dense){ .operand = dense, .before = before, .dim = a->dim, .params = a->params });
    for (int i = 0; i < op->n_operands; i++) {
        if (good && dense[i] && op->operands[i].access == ASSAY_OUT)
            assay_tensor_encode(&a->operand[i], dense[i]);
        free(dense[i]);
    }
    return good ? ASSAY_OK : assay_fail(why, ASSAY_ERR_NOMEM, "no memory for a call of %s", op->name);
}

assay_status assay_lone(const assay_impl *impl, const char *name, const int64_t *dim, const void *params,
                        void *const *operand, assay_why *why)
{
    const assay_op *op = assay_op_find(name);
    _Alignas(16) unsigned char resolved[ASSAY_MAX_PARAMS] = { 0 };
    assay_tensor t[ASSAY_MAX_OPND] = { { 0 } };
    if (!op)
        return assay_fail(why, ASSAY_ERR_ARG, "this build does not hold the op %s", name);
    if (params)
        memcpy(resolved, params, op->params_size);
    for (int i = 0; i < op->n_operands; i++) {
        int64_t d[ASSAY_MAX_RANK];
        if (!operand[i])
            continue;
        assay_op_shape(op, op->operands[i].shape, dim, d);
        t[i] = assay_tensor_dense(ASSAY_HAS(op->operands[i].types, ASSAY_f32) ? ASSAY_f32 : ASSAY_i32, 0,
                                  (int)strlen(op->operands[i].shape), d);
        t[i].data = operand[i];
    }
    const assay_args a = { .operand = t, .dim = dim, .params = resolved };
    const assay_status s = assay_check(op, &a, resolved, why);
    if (s)
        return s;
    return assay_session_how(impl, name) == ASSAY_RUN_ORACLE ? by_oracle(op, &a, why) : by_kernel(impl, op, &a, why);
}
