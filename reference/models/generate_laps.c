/* SPDX-License-Identifier: MIT
 * A run and its repetitions: the same prompt in the same session, so that all of them compute the same and only their
 * times differ; whose text differs is not measured but said. */
#include "../core/clock.h"
#include "../core/status.h"
#include "generate_parts.h"
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

void assay_generate_step(run *r, double begin)
{
    r->step = assay_grown(r->step, (size_t)r->n_steps, sizeof *r->step);
    r->step[r->n_steps++] = assay_seconds() - begin;
}

static assay_status take_lap(run *r, assay_generation once, assay_why *why)
{
    const int64_t step = r->n_steps;
    const assay_status s = once(r, why);
    assay_generate_said(r);
    r->lap = assay_grown(r->lap, (size_t)r->n_laps, sizeof *r->lap);
    r->lap[r->n_laps++] = (lap){ .first = r->first,
                                 .prefill = r->prefill.seconds,
                                 .decode = r->decode.seconds,
                                 .prompt = r->prefill.tokens,
                                 .made = r->decode.tokens,
                                 .step = step,
                                 .n_steps = r->n_steps - step };
    return s;
}

/* All as it was before the run, but for what was loaded, packed and measured. */
static assay_status begin_again(run *r, assay_why *why)
{
    const assay_status s = r->l.graph.encodes ? ASSAY_OK : assay_session_rewind(r->session, 0, why);
    assay_session_reset_times(r->session);
    r->n_made = 0;
    r->ended = false;
    r->stream = (assay_utf8){ 0 };
    r->encode = r->prefill = r->decode = (phase){ 0 };
    r->drafting = 0;
    free(r->beams.id);
    r->beams.id = NULL;
    assay_chain_end(&r->chain);
    return s ? s : assay_chain_begin(&r->chain, &r->o->chain, &r->o->impl, r->l.graph.vocab, why);
}

static void compare(run *r, const run *first, int64_t nth, assay_why *why)
{
    const int32_t *a = first->id + first->n_prompt, *b = r->id + r->n_prompt;
    int64_t i = 0;
    while (i < r->n_made && i < first->n_made && a[i] == b[i])
        i++;
    if (i == r->n_made && i == first->n_made)
        return;
    r->o->differs = true;
    if (i < r->n_made && i < first->n_made)
        assay_fail(why, ASSAY_OK,
                   "repetition %" PRId64 " wrote another text: its token %" PRId64 " is %" PRId32 ", not %" PRId32
                   ": some kernel's answer changes from call to call",
                   nth, i, b[i], a[i]);
    else
        assay_fail(why, ASSAY_OK, "repetition %" PRId64 " wrote %" PRId64 " tokens, not %" PRId64, nth, r->n_made,
                   first->n_made);
}

assay_status assay_generate_laps(run *r, assay_generation once, assay_why *why)
{
    const size_t room = (size_t)(r->n_prompt + r->o->n) + 1, most = (size_t)r->o->n + 1;
    assay_status s = take_lap(r, once, why);
    if (s || !r->o->repeat || r->broken.count)
        return s;
    run first = *r; /* which is what is reported, but for how times vary */
    r->quiet = true;
    r->beams.id = NULL;
    r->id = assay_room(room, sizeof *r->id);
    r->best = assay_room(most, sizeof *r->best);
    memcpy(r->id, first.id, (size_t)r->n_prompt * sizeof *r->id);
    for (int64_t i = 0; i < r->o->repeat && !s && !r->o->differs && !r->broken.count; i++) {
        s = begin_again(r, why);
        if (!s)
            s = take_lap(r, once, why);
        if (!s && !r->broken.count)
            compare(r, &first, i + 1, why);
    }
    free(r->id);
    free(r->best);
    free(r->beams.id);
    first.lap = r->lap, first.n_laps = r->n_laps, first.step = r->step, first.n_steps = r->n_steps;
    first.chain = r->chain, first.broken = r->broken;
    *r = first;
    return s;
}
