/* SPDX-License-Identifier: MIT
 * First placement: dense, every operand ends at a guard page, one thread, the whole call.  Second: padded rows, odd
 * byte offsets after a guard page, a team, slices of one to three units from last to first, another poison.  Third, for
 * kernels that may work in place: as the second, with the output over the first input of its shape and type.  And for
 * some cases: after a call with other numbers, in two calls that share the work units, beside a call with other
 * numbers, and with rows that lie 64 GiB apart (judge.h). */
#include "judge.h"
#include "placement.h"
#include "abi.h"
#include "beside.h"
#include "mapping.h"
#include "starts.h"
#include "../../reference/core/dtype.h"
#include "../../reference/core/execute.h"
#include "../../reference/core/status.h"
#include "../../reference/core/tensor.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct {
    assay_watch call;
    void *ctx;
    bool on; /* in assay_judge: not when a failure is explained or shrunk */
} watch;

void assay_judge_watch(assay_watch call, void *ctx)
{
    watch.call = call;
    watch.ctx = ctx;
}

bool assay_can_be_in_place(const assay_case *c)
{
    int out;
    return assay_over_input(c, &out) >= 0;
}

const char *assay_place_name(int place)
{
    static const char *const name[] = { "plain",
                                        "hostile",
                                        "in place",
                                        "after another",
                                        "apart",
                                        "in turn with another",
                                        "at once with another",
                                        "with rows 64 GiB apart" };
    return (unsigned)place < sizeof name / sizeof *name ? name[place] : "?";
}

assay_manner assay_manner_of(const assay_problem *p, assay_place place, int threads)
{
    return place != ASSAY_PLACE_HOSTILE && place != ASSAY_PLACE_IN_PLACE
               ? (assay_manner){ place, 1, INT64_MAX / 4, false, 0xff, 0xff }
               : (assay_manner){ place, threads, p->c.seed / 32768 % 4 ? 1 + (int64_t)(p->c.seed % 3) : -2,
                                 true,  0x7f,    0x00 };
}

/* ---- what is no kernel's fault ends the run ---------------------------------------------------------------------- */

static void give_up(const char *sentence)
{
    fflush(stdout);
    fprintf(stderr, "assay: %s\n", sentence);
    exit(2);
}

/* A golden that was computed while the judge rounds otherwise, or flushes, is worth nothing. */
static void require_environment(void)
{
    assay_why changed, why;
    if (assay_abi_environment(&changed))
        return;
    assay_fail(&why, ASSAY_OK, "the judge's own floating-point environment has changed: %.150s", changed.text);
    give_up(why.text);
}

/* The threads of the team and the operands of a second call are ours. */
static void require_memory(const assay_job *j)
{
    size_t twin = 0;
    assay_why why;
    for (int i = 0; j->beside && i < j->op->n_operands; i++)
        twin += j->page_bytes[i];
    if (!j->kernel && assay_starts_within(assay_pool_limits.mebibytes, j->threads, twin, &why))
        give_up(why.text);
}

/* ---- calls ------------------------------------------------------------------------------------------------------ */

/* A deadlock of a loaded machine's making is rare; a kernel that sleeps now and then would take hours of the judge's.
 */
static bool another_try(const assay_kernel *k)
{
    enum { TRIES = 3 };
    static const assay_kernel *last;
    static int n;
    n = k == last ? n + 1 : 1;
    last = k;
    return n <= TRIES;
}

/* False: it did not come to an end that can be judged. */
static bool call(assay_pool *pool, assay_placement *pl, const assay_problem *p, const assay_kernel *k, assay_answer *a)
{
    require_memory(&pl->job);
    assay_pool_run(pool, &pl->job, a);
    if (a->by == ASSAY_BY_TIMEOUT && a->idle && another_try(k)) { /* a kernel that deadlocks does so again */
        fprintf(stderr, "%s/%s: its process slept until the limit; the call is run once more\n", p->c.op->name,
                k->name);
        memcpy(pl->arena, pl->before, pl->used);
        assay_pool_run(pool, &pl->job, a);
    }
    return a->by == ASSAY_BY_NONE && !a->status;
}

/* Other numbers first, at the same addresses: what a kernel remembers of them is wrong for the call that is judged. */
static bool call_after(assay_pool *pool, assay_placement *pl, const assay_problem *p, const assay_kernel *k,
                       assay_answer *a)
{
    for (int i = 0; i < p->c.op->n_operands; i++)
        if (p->c.present >> i & 1)
            assay_other_numbers(&p->c.op->operands[i], &pl->job.t[i], pl->job.t[i].data,
                                pl->before + pl->job.offset[i]);
    if (!call(pool, pl, p, k, a) && a->by != ASSAY_BY_NONE)
        return false;
    memcpy(pl->arena, pl->before, pl->used);
    return call(pool, pl, p, k, a);
}

/* Is byte b of output i another than it was? */
static bool changed(const assay_placement *pl, const unsigned char *arena, int i, size_t b)
{
    return arena[pl->job.offset[i] + b] != pl->before[pl->job.offset[i] + b];
}

/* A border between what the middle units write and what others write: 1 + the output, and the byte before
 * which it runs; 0: there is none. */
static int border(const assay_placement *pl, const assay_problem *p, const unsigned char *others, assay_lock side,
                  size_t *at)
{
    for (int i = 0; i < p->c.op->n_operands; i++) {
        const assay_tensor *t = &pl->job.t[i];
        if (p->c.op->operands[i].access != ASSAY_OUT || !pl->job.page_bytes[i] || t->layout)
            continue;
        const size_t bytes = assay_tensor_bytes(t), align = (size_t)assay_alignment_of(t->type);
        size_t own = 0, b;
        if (side == ASSAY_LOCK_BEFORE) {
            while (own < bytes && !changed(pl, pl->arena, i, own))
                own++;
            for (b = own; b > 0 && !changed(pl, others, i, b - 1);)
                b--;
            *at = b / align * align;
            if (own < bytes && *at)
                return i + 1;
        } else {
            for (own = bytes; own > 0 && !changed(pl, pl->arena, i, own - 1);)
                own--;
            for (b = own; b < bytes && !changed(pl, others, i, b);)
                b++;
            *at = (b + align - 1) / align * align;
            if (own && *at < bytes)
                return i + 1;
        }
    }
    return 0;
}

/* The middle units once more, with that border where a page begins and what lies beyond it read-only: a unit that puts
 * back what it has read of another's part changes nothing here, and races with it in a team. */
static bool call_cut(assay_pool *pool, const assay_placement *pl, const assay_problem *p, const assay_kernel *k,
                     int cut, assay_lock side, size_t at, assay_answer *a)
{
    size_t bytes, page;
    assay_why why;
    assay_placement own = { .job = pl->job, .arena = assay_pool_arena(pool, &bytes, &page), .used = pl->used };
    own.cut_at = at;
    own.job.cut = (uint8_t)cut;
    own.job.lock = (uint8_t)side;
    own.job.share = ASSAY_MIDDLE_UNITS;
    for (int i = 0; i < p->c.op->n_operands; i++)
        if (p->c.present >> i & 1 && assay_place_operand(&own, p, i, ASSAY_SPACED_DENSE, bytes, page, &why))
            return true; /* no room behind the other placement */
    own.before = malloc(own.used + 1);
    if (!own.before)
        return true;
    memcpy(own.before, own.arena, own.used);
    const bool ok = call(pool, &own, p, k, a);
    free(own.before);
    memset(own.arena + pl->used, 0, own.used - pl->used);
    if (a->by == ASSAY_BY_MEMORY) {
        const assay_why told = a->why;
        assay_fail(&a->why, ASSAY_OK, "read-only %s byte %zu of %s, which is other units' part: %.170s",
                   side == ASSAY_LOCK_BEFORE ? "before" : "from", at, p->c.op->operands[cut - 1].name, told.text);
    }
    return ok;
}

/* Two calls that share the work: bytes that the first has changed are put over what the second has left; none may be
 * changed by both. */
static bool call_apart(assay_pool *pool, assay_placement *pl, const assay_problem *p, const assay_kernel *k,
                       assay_answer *a)
{
    unsigned char *first = malloc(pl->used + 1);
    const assay_lock side = p->c.seed / 8192 % 2 ? ASSAY_LOCK_BEFORE : ASSAY_LOCK_BEHIND;
    size_t both = SIZE_MAX, at = 0;
    pl->job.border = (uint8_t)(p->c.seed / 16384 % ASSAY_BORDERS);
    pl->job.share = ASSAY_OTHER_UNITS;
    bool ok = first && call(pool, pl, p, k, a);
    if (ok &&
        a->phases != 1) { /* earlier phases are whole in both calls and may change what is theirs: not to be cut */
        memcpy(pl->arena, pl->before, pl->used);
        pl->job.share = ASSAY_ALL_UNITS;
        free(first);
        return call(pool, pl, p, k, a);
    }
    if (ok) {
        memcpy(first, pl->arena, pl->used);
        memcpy(pl->arena, pl->before, pl->used);
        pl->job.share = ASSAY_MIDDLE_UNITS;
        ok = call(pool, pl, p, k, a);
    }
    const int cut = ok ? border(pl, p, first, side, &at) : 0;
    for (size_t b = 0; ok && b < pl->used; b++)
        if (first[b] != pl->before[b]) {
            both = both == SIZE_MAX && pl->arena[b] != pl->before[b] ? b : both;
            pl->arena[b] = first[b];
        }
    for (int i = 0; both != SIZE_MAX && i < p->c.op->n_operands; i++)
        if (both >= pl->job.page_at[i] && both < pl->job.page_at[i] + pl->job.page_bytes[i]) {
            a->by = ASSAY_BY_MEMORY;
            assay_fail(&a->why, ASSAY_OK, "byte %td of %s is written by the middle work units and by others",
                       (ptrdiff_t)both - (ptrdiff_t)pl->job.offset[i], p->c.op->operands[i].name);
        }
    free(first);
    return ok && both == SIZE_MAX && cut ? call_cut(pool, pl, p, k, cut, side, at, a) : ok;
}

static bool any_parts(const assay_problem *p)
{
    bool any = false;
    for (int i = 0; i < p->c.op->n_operands; i++)
        any |= assay_has_parts(p, i);
    return any;
}

bool assay_place_applies(const assay_problem *p, const assay_kernel *k, assay_place place)
{
    const uint64_t turn = p->c.seed / 64 % 16;
    switch (place) {
    case ASSAY_PLACE_IN_PLACE:
        return (k->flags & ASSAY_INPLACE) && assay_can_be_in_place(&p->c);
    case ASSAY_PLACE_AFTER:
        return turn % 8 == 0;
    case ASSAY_PLACE_APART:
        return turn % 8 == 1 && !(k->flags & ASSAY_UNSLICED);
    case ASSAY_PLACE_IN_TURN:
        return turn == 2;
    case ASSAY_PLACE_AT_ONCE:
        return turn == 3 && !(k->flags & ASSAY_OWN_THREADS);
    case ASSAY_PLACE_FAR:
        return turn == 4 && any_parts(p) && assay_mapping_far();
    default:
        return true;
    }
}

/* Outputs that were compared, and what came of it: the next placement's nearly always have the same bits, and which
 * they are decides all that is found. */
typedef struct compared {
    assay_tensor out[ASSAY_MAX_OPND]; /* dense, of this module */
    assay_finding f;
    bool made;
} compared;

static bool same_outputs(const assay_tensor *a, const assay_tensor *b)
{
    for (int i = 0; i < ASSAY_MAX_OPND; i++)
        if (a[i].data && memcmp(a[i].data, b[i].data, assay_tensor_bytes(&a[i])) != 0)
            return false;
    return true;
}

/* last: of the same problem and kernel, or NULL */
static void compare(const assay_problem *p, const assay_kernel *k, const assay_job *j, compared *last, assay_finding *f)
{
    assay_tensor now[ASSAY_MAX_OPND] = { 0 };
    if (last)
        assay_hand_back(j, p, now);
    if (last && last->made && same_outputs(now, last->out)) {
        *f = last->f;
        assay_outputs_free(now);
        return;
    }
    assay_compare(p, k->contract, j->t, f);
    if (f->pass && k->flags & ASSAY_BITEXACT)
        assay_compare_bits(p, j->t, f);
    if (!last)
        return;
    assay_outputs_free(last->out);
    memcpy(last->out, now, sizeof now);
    last->f = *f;
    last->made = true;
}

static assay_outcome judge_once(assay_pool *pool, const assay_problem *p, const assay_kernel *k, int plugin,
                                const assay_manner *m, compared *last, assay_finding *f, assay_tensor *outputs)
{
    const assay_spacing spacing = m->place == ASSAY_PLACE_HOSTILE || m->place == ASSAY_PLACE_IN_PLACE
                                      ? ASSAY_SPACED_HOSTILE
                                  : m->place == ASSAY_PLACE_FAR   ? ASSAY_SPACED_FAR
                                  : m->place == ASSAY_PLACE_AFTER ? ASSAY_SPACED_ALIGNED
                                                                  : ASSAY_SPACED_DENSE;
    int out_place = -1;
    const int in_place = m->place == ASSAY_PLACE_IN_PLACE ? assay_over_input(&p->c, &out_place) : -1;
    size_t arena_bytes, page;
    assay_placement pl = { .arena = assay_pool_arena(pool, &arena_bytes, &page) };
    assay_job *j = &pl.job;
    assay_answer a = { 0 };
    *f = (assay_finding){ .operand = -1, .index = -1 };
    j->op = p->c.op;
    j->kernel = plugin < 0 ? k : NULL;
    j->plugin = plugin;
    memcpy(j->dim, p->c.dim, sizeof j->dim);
    memcpy(j->params, p->c.params, sizeof j->params);
    j->threads = m->threads;
    j->grain = m->grain;
    j->reverse = m->reverse;
    j->poison = m->poison;
    j->scratch = m->scratch;
    j->beside = m->place == ASSAY_PLACE_IN_TURN   ? ASSAY_IN_TURN
                : m->place == ASSAY_PLACE_AT_ONCE ? ASSAY_AT_ONCE
                                                  : ASSAY_ALONE;
    if (outputs)
        memset(outputs, 0, ASSAY_MAX_OPND * sizeof *outputs);
    for (int i = 0; i < p->c.op->n_operands; i++)
        if ((p->c.present >> i & 1) && !(in_place >= 0 && i == out_place) &&
            assay_place_operand(&pl, p, i, spacing, arena_bytes, page, &f->why)) {
            f->by = ASSAY_BY_STATUS;
            return ASSAY_FAILED;
        }
    if (in_place >= 0) {
        j->t[out_place] = j->t[in_place];
        j->over[out_place] = (uint8_t)(1 + in_place);
        j->writable[in_place] = true;
    }
    assay_forget_rest(&pl);
    pl.before = malloc(pl.used + 1);
    if (!pl.before)
        return f->by = ASSAY_BY_STATUS, ASSAY_FAILED;
    memcpy(pl.before, pl.arena, pl.used);
    (m->place == ASSAY_PLACE_AFTER   ? call_after
     : m->place == ASSAY_PLACE_APART ? call_apart
                                     : call)(pool, &pl, p, k, &a);
    assay_outcome out = ASSAY_FAILED;
    f->by = a.by;
    f->why = a.why;
    if (watch.call && watch.on && !(a.by == ASSAY_BY_NONE && a.status))
        watch.call(watch.ctx, p, k, a.by, j->t);
    if (a.by == ASSAY_BY_NONE && a.status) {
        f->by = ASSAY_BY_STATUS;
        out = a.status == ASSAY_UNSUPPORTED ? ASSAY_NOT_ACCEPTED : ASSAY_FAILED;
        if (out == ASSAY_NOT_ACCEPTED && memcmp(pl.before, pl.arena, pl.used)) {
            out = ASSAY_FAILED;
            assay_fail(&f->why, ASSAY_OK, "answers unsupported after it has written");
        }
    } else if (a.by == ASSAY_BY_NONE && assay_audit(&pl, p, f)) {
        if (m->blind)
            *f = (assay_finding){ .pass = true, .operand = -1, .index = -1 };
        else
            compare(p, k, j, last, f);
        out = f->pass ? ASSAY_PASSED : ASSAY_FAILED;
    }
    f->place = m->place;
    f->threads = m->threads;
    f->note = a.note;
    if (outputs && a.by == ASSAY_BY_NONE && !a.status)
        assay_hand_back(j, p, outputs);
    free(pl.before);
    return out;
}

assay_outcome assay_judge_once(assay_pool *pool, const assay_problem *p, const assay_kernel *k, int plugin,
                               const assay_manner *m, assay_finding *f, assay_tensor *outputs)
{
    return judge_once(pool, p, k, plugin, m, NULL, f, outputs);
}

assay_outcome assay_judge(assay_pool *pool, const assay_problem *p, const assay_kernel *k, int plugin, int threads,
                          assay_finding *f)
{
    /* AFTER before all: a kernel that remembers the right answer has not yet seen this case */
    static const assay_place order[] = { ASSAY_PLACE_AFTER,    ASSAY_PLACE_PLAIN, ASSAY_PLACE_HOSTILE,
                                         ASSAY_PLACE_IN_PLACE, ASSAY_PLACE_APART, ASSAY_PLACE_IN_TURN,
                                         ASSAY_PLACE_AT_ONCE,  ASSAY_PLACE_FAR };
    assay_finding next;
    compared last = { .made = false };
    assay_outcome out = ASSAY_PASSED;
    assay_why note = { "" };
    double typical = 0;
    bool first = true;
    watch.on = true;
    require_environment();
    for (size_t i = 0; out == ASSAY_PASSED && i < ASSAY_COUNT_OF(order); i++) {
        const assay_place at = order[i];
        if (!assay_place_applies(p, k, at))
            continue;
        const assay_manner m = assay_manner_of(p, at, threads);
        out = judge_once(pool, p, k, plugin, &m, &last, &next, NULL);
        if (!note.text[0])
            note = next.note;
        typical = next.typical > typical ? next.typical : typical;
        if (first || out != ASSAY_PASSED || next.used > f->used)
            *f = next;
        first = false;
        if (watch.call && at == ASSAY_PLACE_PLAIN && next.by == ASSAY_BY_MEMORY) {
            const assay_manner roomy = assay_manner_of(p, ASSAY_PLACE_HOSTILE, threads);
            assay_judge_once(pool, p, k, plugin, &roomy, &next, NULL);
        }
        if (out == ASSAY_FAILED && at >= ASSAY_PLACE_IN_PLACE)
            assay_fail(&f->why, ASSAY_OK, "%s: %.200s", assay_place_name(at), next.why.text);
    }
    assay_outputs_free(last.out);
    f->note = note;
    f->typical = typical;
    watch.on = false;
    return out;
}
