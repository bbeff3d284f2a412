/* SPDX-License-Identifier: MIT
 * Choosing: by what each call of the graph is computed, its fused kernel, its parts, a kernel or a reference. */
#include "../core/case.h"
#include "../core/registry.h"
#include "../core/strangers.h"
#include "../core/tensor.h"
#include "session_parts.h"
#include <string.h>

assay_how assay_session_how(const assay_impl *impl, const char *op)
{
    const assay_swap *w = assay_impl_swap(impl, op);
    return w ? w->how : impl->how;
}

/* Operand views with the types of the graph; weights as f32 instead if asked. */
void assay_session_view(const assay_session *s, const assay_entry *e, bool weights_f32, assay_tensor *t)
{
    const assay_op *op = e->node.op;
    for (int i = 0; i < op->n_operands; i++) {
        int64_t dim[ASSAY_MAX_RANK];
        t[i] = (assay_tensor){ 0 };
        if (e->node.operand[i] < 0)
            continue;
        const assay_slot *x = &s->slot[e->node.operand[i]];
        const bool other = weights_f32 && x->v.kind == ASSAY_VALUE_WEIGHT;
        assay_op_shape(op, op->operands[i].shape, e->dim, dim);
        t[i] = assay_tensor_dense(other ? ASSAY_f32 : x->v.type, 0, (int)strlen(op->operands[i].shape), dim);
    }
}

bool assay_session_takes(const assay_session *s, const assay_entry *e, const assay_kernel *k, bool weights_f32)
{
    assay_tensor t[ASSAY_MAX_OPND];
    assay_session_view(s, e, weights_f32, t);
    const assay_args a = { .operand = t, .dim = e->dim, .params = e->params, .end = INT64_MAX };
    assay_stranger_enters(k);
    const bool takes = assay_kernel_takes(e->node.op, k, &a) && assay_kernel_accepts(k, a);
    assay_stranger_enters(NULL);
    return takes;
}

static int isa_rank(uint64_t bits)
{
    int n = 0;
    for (; bits; bits &= bits - 1)
        n++;
    return n;
}

/* The best kernel of the op that takes the call: the richest ISA, and in it the last line of kernels.def; of strangers'
 * the last of the list, or of ours. */
static const assay_kernel *best(const assay_session *s, const assay_entry *e, uint64_t isa, bool strangers,
                                bool weights_f32)
{
    const assay_kernel *found = NULL, *k;
    for (size_t i = 0; (k = assay_kernel_at(i)) != NULL; i++)
        if (k->run && !strcmp(k->op, e->node.op->name) && !(k->isa & ~isa) &&
            (assay_stranger_index(k) >= 0) == strangers && (!found || isa_rank(k->isa) >= isa_rank(found->isa)) &&
            assay_session_takes(s, e, k, weights_f32))
            found = k;
    return found;
}

/* Sets how (and *kernel, *weights_f32) for an op that impl wants to run by kernels; NULL kernel: none takes it. */
const assay_kernel *assay_session_choose(const assay_session *s, const assay_impl *impl, const assay_entry *e,
                                         bool *weights_f32)
{
    const assay_swap *w = assay_impl_swap(impl, e->node.op->name);
    for (int f32 = 0; f32 < 2; f32++) {
        *weights_f32 = f32;
        if (w && w->how == ASSAY_RUN_KERNEL && w->kernel->run && assay_session_takes(s, e, w->kernel, f32))
            return w->kernel;
    }
    for (int i = assay_session_how(impl, e->node.op->name) == ASSAY_RUN_PLUGIN ? 0 : 2; i < 4; i++) {
        const assay_kernel *k = best(s, e, impl->isa, i < 2, i % 2);
        *weights_f32 = i % 2;
        if (k)
            return k;
    }
    return NULL;
}

bool assay_session_wants_plugin(const assay_impl *impl, const char *op)
{
    const assay_swap *w = assay_impl_swap(impl, op);
    return assay_session_how(impl, op) == ASSAY_RUN_PLUGIN
               ? assay_stranger_of(op)
               : w && w->how == ASSAY_RUN_KERNEL && assay_stranger_index(w->kernel) >= 0;
}

/* Does impl want a fused call as its list of parts?  If it names one of their ops, or a plug-in's kernels are for them
 * and none for the whole, or it runs the op by references. */
bool assay_session_wants_parts(const assay_impl *impl, const assay_op *op)
{
    const assay_how how = assay_session_how(impl, op->name);
    if (how == ASSAY_RUN_SCALAR || how == ASSAY_RUN_ORACLE)
        return true;
    if (!assay_impl_swap(impl, op->name) && !assay_session_wants_plugin(impl, op->name))
        for (int p = 0; p < op->n_parts; p++)
            if (assay_impl_swap(impl, op->parts[p].op) || assay_session_wants_plugin(impl, op->parts[p].op))
                return true;
    return false;
}

bool assay_session_fuses(const assay_session *s, const assay_impl *impl, const assay_entry *e)
{
    bool f32;
    return !assay_session_wants_parts(impl, e->node.op) && assay_session_choose(s, impl, e, &f32);
}

/* The operands that rounds_like's kernel for this call rounds by contract. */
void assay_session_rounds(assay_session *s, assay_entry *e)
{
    bool f32;
    const assay_entry *asked = e;
    const assay_impl *like = s->impl.rounds_like;
    for (int i = 0; i < ASSAY_MAX_OPND; i++)
        e->round[i] = ASSAY_DTYPE_END;
    if (!like)
        return;
    if (e->parent >= 0 && assay_session_fuses(s, like, &s->entry[e->parent]))
        asked = &s->entry[e->parent];
    const assay_how how = assay_session_how(like, asked->node.op->name);
    const assay_kernel *k =
        how != ASSAY_RUN_SCALAR && how != ASSAY_RUN_ORACLE ? assay_session_choose(s, like, asked, &f32) : NULL;
    for (int r = 0; k && k->contract && r < 4 && k->contract->round[r].operand; r++) {
        const int from = assay_op_operand(asked->node.op, k->contract->round[r].operand);
        for (int i = 0; from >= 0 && i < e->node.op->n_operands; i++)
            if (e->node.operand[i] >= 0 && e->node.operand[i] == asked->node.operand[from])
                e->round[i] = k->contract->round[r].to;
    }
}
