/* SPDX-License-Identifier: MIT */
#include "encoder.h"
#include "../core/status.h"

static assay_status fits(const assay_graph *g, assay_why *why)
{
    for (int v = 0; v < g->n_values; v++)
        if (g->value[v].kind == ASSAY_VALUE_FRAMES)
            return assay_fail(why, ASSAY_UNSUPPORTED, "family %s reads no text: assay logits", g->family);
    if (g->steps)
        return assay_fail(why, ASSAY_UNSUPPORTED, "family %s is no encoder alone: assay run", g->family);
    return g->hidden < 0 ? assay_fail(why, ASSAY_UNSUPPORTED, "family %s leaves no rows: assay logits", g->family)
                         : ASSAY_OK;
}

assay_status assay_encoder_load(const char *path, assay_loaded *l, assay_why *why)
{
    assay_status s = assay_load(path, ASSAY_f32, 0, ASSAY_WANTS_IDS, l, why);
    if (!s)
        s = fits(&l->graph, why);
    if (!s && !l->tokens.kind)
        s = assay_fail(why, ASSAY_ERR_IO, "%s: there is no tokenizer, so no text can be read", path);
    return s;
}
