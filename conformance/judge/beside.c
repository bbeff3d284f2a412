/* SPDX-License-Identifier: MIT */
#include "beside.h"
#include "../../reference/core/dtype.h"
#include "../../reference/core/status.h"
#include "../../reference/core/tensor.h"
#include "fence.h"
#include <omp.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

void assay_other_numbers(const assay_operand *o, const assay_tensor *t, unsigned char *to, const unsigned char *from)
{
    const bool whole = t->type == ASSAY_i32 || t->type == ASSAY_i64; /* they mean places; positions may be anywhere */
    const bool position = o->flags & ASSAY_POSITION;                 /* as may an index that may be none */
    const uint32_t keep = ASSAY_MASK | ASSAY_COUNT | (position ? 0 : ASSAY_INDEX);
    const bool numbers = o->access == ASSAY_IN && !(o->flags & keep) && !t->layout && (!whole || position);
    const size_t bytes = assay_tensor_bytes(t), block = (size_t)assay_dtype_of(t->type)->bytes,
                 at = numbers ? (bytes / block + 1) / 2 * block : 0;
    memcpy(to, from + at, bytes - at);
    memcpy(to + bytes - at, from, at);
}

static assay_status make(assay_twin *w, const assay_call *c, assay_why *why)
{
    size_t step;
    w->call = *c;
    w->made = true;
    w->call.args.operand = w->t;
    w->call.packed = w->call.shared = w->call.scratch = NULL;
    w->call.packed_size = w->call.shared_bytes = w->call.scratch_bytes = 0;
    for (int i = 0; i < c->op->n_operands; i++) {
        const assay_tensor *from = &c->args.operand[i];
        w->t[i] = *from;
        if (!from->data)
            continue;
        w->t[i].data = assay_fence_alloc(c->op->operands[i].name, assay_tensor_bytes(from), 1, &step);
        if (!w->t[i].data)
            return assay_fail(why, ASSAY_ERR_NOMEM, "no memory for %s of a second call", c->op->operands[i].name);
        assay_other_numbers(&c->op->operands[i], from, w->t[i].data, from->data);
    }
    const assay_status s = assay_call_pack(&w->call, why);
    assay_fence_lock(w->call.packed);
    return s ? s : assay_call_prepare(&w->call, why);
}

void assay_twin_free(assay_twin *w)
{
    if (!w->made)
        return;
    assay_call_free(&w->call);
    for (int i = 0; i < w->call.op->n_operands; i++)
        assay_fence_free(w->t[i].data);
}

/* What a call's units leave in its shared memory, unit by unit: two that write another value to one place in one phase
 * race, and on most days nobody sees it. */
typedef struct shared_writes {
    unsigned char *seen; /* as the last unit left it */
    bool *written;       /* in this phase */
    uint32_t phase;
    size_t budget; /* bytes that are still compared: of many units and much memory only the first */
} shared_writes;

static bool torn(shared_writes *s, const assay_call *c, const assay_walk *w, assay_why *why)
{
    const unsigned char *now = c->shared;
    if (s->budget < c->shared_bytes)
        return false;
    s->budget -= c->shared_bytes;
    if (!memcmp(s->seen, now, c->shared_bytes))
        return false;
    if (w->a.phase != s->phase)
        memset(s->written, 0, c->shared_bytes);
    s->phase = w->a.phase;
    for (size_t i = 0; i < c->shared_bytes; i++) {
        if (now[i] == s->seen[i])
            continue;
        if (s->written[i]) {
            assay_fail(why, ASSAY_OK,
                       "writes byte %zu of shared memory in unit %lld of phase %u, where another unit of the phase has "
                       "written something else",
                       i, (long long)w->a.begin, w->a.phase);
            return true;
        }
        s->written[i] = true;
        s->seen[i] = now[i];
    }
    return false;
}

static assay_status in_turn(const assay_call *c, const assay_call *other, bool *race, assay_why *why)
{
    assay_walk mine = { 0 }, its = { 0 };
    shared_writes s = { NULL, NULL, 0, (size_t)1 << 28 };
    if (c->shared_bytes && (s.seen = malloc(c->shared_bytes)) && (s.written = calloc(c->shared_bytes, 1)))
        memcpy(s.seen, c->shared, c->shared_bytes);
    for (bool more = true; more;) {
        more = assay_call_step(c, &mine);
        *race = *race || (s.written && torn(&s, c, &mine, why));
        more = assay_call_step(other, &its) || more;
    }
    free(s.seen);
    free(s.written);
    return mine.status;
}

/* The other call, over and over, on a thread of its own, from before this call begins until it is over. */
static assay_status at_once(assay_call *c, assay_call *other)
{
    atomic_bool begun = false, both = false, over = false;
    assay_status s = ASSAY_OK;
#pragma omp parallel num_threads(2)
    {
        if (omp_get_thread_num() == 1)
            do {
                atomic_store(&begun, true);
                assay_call_run_team(other, 0, 1);
                if (!atomic_load(&both)) /* on a busy machine this call may wait for the very CPU */
                    sched_yield();
            } while (!atomic_load(&over));
        else {
            while (omp_get_num_threads() > 1 && !atomic_load(&begun))
                sched_yield();
            atomic_store(&both, true);
            s = assay_call_run_team(c, 0, 1);
            atomic_store(&over, true);
        }
    }
    return s;
}

assay_status assay_beside_run(assay_call *c, const assay_job *j, assay_twin *w, assay_why *why)
{
    w->made = w->race = false;
    if (!c->kernel->run) /* the reference itself */
        return assay_call_run(c);
    const assay_status s = make(w, c, why);
    if (s)
        return s;
    return j->beside == ASSAY_IN_TURN ? in_turn(c, &w->call, &w->race, why) : at_once(c, &w->call);
}
