/* SPDX-License-Identifier: MIT
 * The tensors of a safetensors file: as they stand, or weights of few bits, put together from codes, zeros and scales.
 */
#include "../core/dtype.h"
#include "../core/status.h"
#include "requant.h"
#include <string.h>

static assay_status plain(const assay_requant *r, const assay_st_tensor *x, assay_requant_tensor *t, assay_why *why)
{
    if (x->type->type == ASSAY_DTYPE_END)
        return assay_fail(why, ASSAY_UNSUPPORTED, "%s: tensor '%.80s' is %s, which Assay writes into no GGUF file",
                          r->in, x->name, x->type->name);
    if (x->rank > ASSAY_REQUANT_RANK)
        return assay_fail(why, ASSAY_UNSUPPORTED, "%s: tensor '%.80s' has rank %d; GGUF holds up to %d", r->in, x->name,
                          x->rank, ASSAY_REQUANT_RANK);
    *t = (assay_requant_tensor){ .name = { x->name, strlen(x->name) }, .data = x->data, .from = x->type->type };
    t->rank = x->rank ? x->rank : 1; /* a single number is a vector of one */
    t->dim[0] = 1;
    memcpy(t->dim, x->dim, (size_t)x->rank * sizeof *t->dim);
    return ASSAY_OK;
}

static assay_status packed(assay_requant *r, size_t i, bool scaled, assay_requant_packed *q, assay_requant_tensor *t,
                           assay_why *why)
{
    const assay_st_tensor *x = &r->st.tensor[i];
    if (strlen(x->name) >= sizeof q->name)
        return assay_fail(why, ASSAY_UNSUPPORTED, "%s: tensor '%.80s...': a name of %zu bytes", r->in, x->name,
                          strlen(x->name));
    q->scaled = scaled;
    const assay_status s =
        scaled ? assay_scaled_take(&r->st, i, r->in, &q->s, q->name, sizeof q->name, why)
               : assay_packed_take(&r->st, i, &r->config, r->in, &q->p, q->name, sizeof q->name, &q->lies, why);
    if (s)
        return s;
    if (scaled)
        snprintf(q->kind, sizeof q->kind, "%s", q->s.code == ASSAY_e2m1 ? "nvfp4" : assay_dtype_of(q->s.code)->name);
    else
        snprintf(q->kind, sizeof q->kind, "%s%d", assay_packed_is_gptq(q->p.layout) ? "gptq" : "awq", q->p.bits);
    *t = (assay_requant_tensor){ .name = { q->name, strlen(q->name) }, .data = x->data, .from = ASSAY_f64 };
    t->packed = q;
    t->rank = 2;
    t->dim[0] = scaled ? q->s.out : q->p.out, t->dim[1] = scaled ? q->s.in : q->p.in;
    return ASSAY_OK;
}

assay_status assay_requant_list_safetensors(assay_requant *r, assay_why *why)
{
    size_t n_packed = 0;
    bool config = false;
    assay_status s = ASSAY_OK;
    r->packed = assay_zeros(r->st.n_tensors, sizeof *r->packed);
    for (size_t i = 0; i < r->st.n_tensors && !s; i++) {
        assay_packed_part part;
        s = assay_packed_part_of(&r->st, i, r->in, &part, why);
        if (!s && part == ASSAY_PACKED_CODES && !config)
            config = true, s = assay_packed_config_find(r->in, &r->st, &r->config, why);
        if (s || part == ASSAY_PACKED_OTHER)
            continue;
        assay_requant_tensor *t = &r->tensor[r->n_tensors++];
        s = part == ASSAY_PACKED_NONE ? plain(r, &r->st.tensor[i], t, why)
                                      : packed(r, i, part == ASSAY_PACKED_FLOATS, &r->packed[n_packed++], t, why);
    }
    return s;
}

const char *assay_requant_from(const assay_requant_tensor *t)
{
    return t->packed ? t->packed->kind : assay_dtype_of(t->from)->name;
}
