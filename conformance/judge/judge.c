/* SPDX-License-Identifier: MIT
 * First placement: dense, every operand ends at a guard page, one thread, the whole call.  Second: padded rows, odd
 * byte offsets after a guard page, a team, slices of one to three units from last to first, another poison.  Third, for
 * kernels that may work in place: as the second, with the output over the first input of its shape and type.  And for
 * some cases: after a call with other numbers, in two calls that share the work units, and beside a call with other
 * numbers (judge.h). */
#include "judge.h"
#include "abi.h"
#include "beside.h"
#include "../../reference/core/dtype.h"
#include "../../reference/core/execute.h"
#include "../../reference/core/status.h"
#include "../../reference/core/tensor.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct placement {
    assay_job job;
    unsigned char *arena;
    size_t used;           /* bytes of the arena */
    unsigned char *before; /* the arena as it was sent; after the audit outputs are copied in */
} placement;

static int alignment_of(assay_dtype t)
{
    const assay_dtype_info *ty = assay_dtype_of(t);
    return ty->block > 1 ? 2 : ty->bytes; /* blocks hold 16-bit words */
}

/* The view under a broadcast operand. */
static void stored_dims(const assay_tensor *t, int64_t dim[ASSAY_MAX_RANK])
{
    for (int r = 0; r < t->rank; r++)
        dim[r] = !t->layout && t->stride[r] == 0 ? 1 : t->dim[r];
}

/* Strides with `pad` bytes after each row, plane and so on: no stride follows from the others. */
static void pad_rows(assay_tensor *t, const int64_t *dim, int64_t pad)
{
    const assay_dtype_info *ty = assay_dtype_of(t->type);
    int64_t step = ty->bytes;
    for (int r = t->rank - 1; r >= 0; r--) {
        const bool broadcast = t->stride[r] == 0;
        t->stride[r] = broadcast ? 0 : step;
        step = (r == t->rank - 1 ? step * ((dim[r] + ty->block - 1) / ty->block) : step * dim[r]) + pad;
    }
}

static char *row_at(const assay_tensor *t, const int64_t *dim, char *base, int64_t row)
{
    for (int r = t->rank - 2; r >= 0; r--) {
        base += row % dim[r] * t->stride[r];
        row /= dim[r];
    }
    return base;
}

/* Copies the logical elements, row by row, from one placement of a tensor to another. */
static void copy_rows(const assay_tensor *to, unsigned char *dst, const assay_tensor *from, const unsigned char *src)
{
    int64_t dim[ASSAY_MAX_RANK], rows = 1;
    if (to->layout) {
        memcpy(dst, src, assay_tensor_bytes(to));
        return;
    }
    stored_dims(to, dim);
    const assay_dtype_info *ty = assay_dtype_of(to->type);
    const size_t len = to->rank ? (size_t)(dim[to->rank - 1] / ty->block * ty->bytes) : (size_t)ty->bytes;
    for (int r = 0; r + 1 < to->rank; r++)
        rows *= dim[r];
    char *in;
    memcpy(&in, &src, sizeof in);
    for (int64_t row = 0; len && row < rows; row++)
        memcpy(row_at(to, dim, (char *)dst, row), row_at(from, dim, in, row), len);
}

static size_t room;

void assay_judge_room(size_t bytes)
{
    room = (bytes + 63) / 64 * 64;
}

/* Outputs bear another poison than inputs, so that what is copied from outside to outside is seen; 0x7b for 0xff:
 * 7b7b.. is a finite number in every float type, so that where NaN is the answer, not to write is seen too. */
unsigned char assay_poison_of(unsigned char poison, const assay_operand *o)
{
    return o->access != ASSAY_OUT ? poison : poison == 0xff ? 0x7b : poison ^ 0x80;
}

assay_misplaced assay_misplace(const assay_case *c, int i)
{
    const int64_t align = alignment_of(c->type[i]), mix = (int64_t)(c->seed % 1000003) + 7 * i;
    return (assay_misplaced){ mix * align % 64,
                              assay_dtype_of(c->type[i])->block > 1 ? (1 + mix % 3) * 2 : (1 + mix % 5) * align };
}

static assay_status place_operand(placement *pl, const assay_problem *p, int i, bool hostile, size_t arena_bytes,
                                  size_t page, assay_why *why)
{
    assay_job *j = &pl->job;
    const assay_operand *o = &p->c.op->operands[i];
    assay_tensor *t = &j->t[i];
    int64_t dim[ASSAY_MAX_RANK];
    *t = p->t[i];
    stored_dims(t, dim);
    const assay_misplaced off = assay_misplace(&p->c, i);
    if (hostile && !t->layout && t->rank > 1)
        pad_rows(t, dim, off.pad);
    const size_t bytes = assay_tensor_bytes(t), head = hostile ? (size_t)off.head : 0;
    const size_t pages = (head + bytes + room + page - 1) / page * page + (bytes ? 0 : page);
    if (pl->used + pages > arena_bytes)
        return assay_fail(why, ASSAY_ERR_NOMEM, "%s: %s needs %zu bytes, the judge's arena has %zu", p->c.op->name,
                          o->name, bytes, arena_bytes);
    j->page_at[i] = pl->used;
    j->page_bytes[i] = pages;
    j->offset[i] = pl->used + (hostile ? head : pages - bytes - room);
    j->writable[i] = o->access != ASSAY_IN;
    memset(pl->arena + j->page_at[i], assay_poison_of(j->poison, o), pages);
    t->data = pl->arena + j->offset[i];
    if (o->access != ASSAY_OUT && bytes)
        copy_rows(t, t->data, &p->t[i], p->t[i].data);
    pl->used += pages;
    return ASSAY_OK;
}

/* Everything but the logical elements of outputs must be as it was. */
static bool audit(placement *pl, const assay_problem *p, assay_finding *f)
{
    const assay_job *j = &pl->job;
    for (int i = 0; i < p->c.op->n_operands; i++) {
        if (!j->page_bytes[i])
            continue;
        const size_t at = j->page_at[i], n = j->page_bytes[i];
        if (j->writable[i] && assay_tensor_bytes(&j->t[i]))
            copy_rows(&j->t[i], pl->before + j->offset[i], &j->t[i], pl->arena + j->offset[i]);
        if (!memcmp(pl->before + at, pl->arena + at, n))
            continue;
        size_t k = 0;
        while (pl->before[at + k] == pl->arena[at + k])
            k++;
        f->by = ASSAY_BY_MEMORY;
        f->operand = i;
        assay_fail(&f->why, ASSAY_OK, "writes outside its elements: byte %td from the start of %s, %s",
                   (ptrdiff_t)(at + k) - (ptrdiff_t)j->offset[i], p->c.op->operands[i].name,
                   j->writable[i] ? "in padding or around it" : "which is an input");
        return false;
    }
    return true;
}

static const char *element_at(const assay_tensor *t, int64_t at)
{
    const char *p = t->data;
    for (int r = t->rank - 1; r >= 0; r--) {
        p += at % t->dim[r] * t->stride[r];
        at /= t->dim[r];
    }
    return p;
}

/* Beyond a COUNT the poison must stand. */
static bool audit_counts(const placement *pl, const assay_problem *p, assay_finding *f)
{
    const assay_op *op = p->c.op;
    for (int c = 0; c < op->n_operands; c++) {
        if (!(op->operands[c].flags & ASSAY_COUNT) || !pl->job.page_bytes[c])
            continue;
        for (int i = 0; i < op->n_operands; i++) {
            const assay_tensor *t = &pl->job.t[i];
            const size_t rank = strlen(op->operands[i].shape);
            if (i == c || !pl->job.writable[i] || !rank || op->operands[i].shape[rank - 1] != op->operands[c].index_of)
                continue;
            const int64_t cap = t->dim[rank - 1], rows = cap ? assay_tensor_count(t) / cap : 0,
                          size = t->stride[rank - 1];
            for (int64_t r = 0; r < rows; r++) {
                int32_t count;
                memcpy(&count, element_at(&pl->job.t[c], r), sizeof count);
                const unsigned char *row = (const unsigned char *)row_at(t, t->dim, t->data, r);
                bool ok = count >= 0 && count <= cap;
                for (int64_t b = count * size; ok && b < cap * size; b++)
                    ok = row[b] == assay_poison_of(pl->job.poison, &op->operands[i]);
                if (ok)
                    continue;
                f->by = ASSAY_BY_MEMORY;
                f->operand = i;
                assay_fail(&f->why, ASSAY_OK, "row %lld: %s says %d of %lld, but %s is written beyond", (long long)r,
                           op->operands[c].name, (int)count, (long long)cap, op->operands[i].name);
                return false;
            }
        }
    }
    return true;
}

/* The first output of the case that may lie over an input, and that input: the first of its shape and type; or -1. */
static int over_input(const assay_case *c, int *out)
{
    const assay_operand *o = c->op->operands;
    const uint32_t role = ASSAY_BROADCAST | ASSAY_WEIGHT;
    for (*out = 0; *out < c->op->n_operands; ++*out)
        for (int i = 0; o[*out].access == ASSAY_OUT && (c->present >> *out & 1) && i < c->op->n_operands; i++)
            if (o[i].access == ASSAY_IN && (c->present >> i & 1) && !(o[i].flags & role) &&
                !strcmp(o[i].shape, o[*out].shape) && c->type[i] == c->type[*out] && c->layout[i] == c->layout[*out])
                return i;
    return -1;
}

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
    return over_input(c, &out) >= 0;
}

const char *assay_place_name(int place)
{
    static const char *const name[] = {
        "plain", "hostile", "in place", "after another", "apart", "in turn with another", "at once with another"
    };
    return (unsigned)place < sizeof name / sizeof *name ? name[place] : "?";
}

assay_manner assay_manner_of(const assay_problem *p, assay_place place, int threads)
{
    return place != ASSAY_PLACE_HOSTILE && place != ASSAY_PLACE_IN_PLACE
               ? (assay_manner){ place, 1, INT64_MAX / 4, false, 0xff, 0xff }
               : (assay_manner){ place, threads, 1 + (int64_t)(p->c.seed % 3), true, 0x7f, 0x00 };
}

/* Dense copies of the outputs. */
static void hand_back(const assay_job *j, const assay_problem *p, assay_tensor *out)
{
    for (int i = 0; i < p->c.op->n_operands; i++) {
        if (p->c.op->operands[i].access == ASSAY_IN || !(p->c.present >> i & 1))
            continue;
        out[i] = p->t[i];
        out[i].data = calloc(assay_tensor_bytes(&out[i]) + 1, 1);
        if (out[i].data)
            copy_rows(&out[i], out[i].data, &j->t[i], j->t[i].data);
    }
}

void assay_outputs_free(assay_tensor *out)
{
    for (int i = 0; i < ASSAY_MAX_OPND; i++) {
        free(out[i].data);
        out[i].data = NULL;
    }
}

/* What an earlier, larger placement left beyond this one may be a right answer: it is wiped. */
static void forget_rest(const placement *pl)
{
    static size_t high;
    if (pl->used < high)
        memset(pl->arena + pl->used, 0, high - pl->used);
    high = pl->used;
}

/* ---- calls ------------------------------------------------------------------------------------------------------ */

/* False: it did not come to an end that can be judged. */
static bool call(assay_lab *lab, placement *pl, const assay_problem *p, const assay_kernel *k, assay_answer *a)
{
    assay_lab_run(lab, &pl->job, a);
    if (a->by == ASSAY_BY_TIMEOUT && a->idle) { /* once more: a kernel that deadlocks does so again */
        fprintf(stderr, "%s/%s: its process used no CPU until the limit; the call is run once more\n", p->c.op->name,
                k->name);
        memcpy(pl->arena, pl->before, pl->used);
        assay_lab_run(lab, &pl->job, a);
    }
    return a->by == ASSAY_BY_NONE && !a->status;
}

/* Other numbers first, at the same addresses: what a kernel remembers of them is wrong for the call that is judged. */
static bool call_after(assay_lab *lab, placement *pl, const assay_problem *p, const assay_kernel *k, assay_answer *a)
{
    for (int i = 0; i < p->c.op->n_operands; i++)
        if (p->c.present >> i & 1)
            assay_other_numbers(&p->c.op->operands[i], &pl->job.t[i], pl->job.t[i].data,
                                pl->before + pl->job.offset[i]);
    if (!call(lab, pl, p, k, a) && a->by != ASSAY_BY_NONE)
        return false;
    memcpy(pl->arena, pl->before, pl->used);
    return call(lab, pl, p, k, a);
}

/* Two calls that share the work: bytes that the first has changed are put over what the second has left; none may be
 * changed by both. */
static bool call_apart(assay_lab *lab, placement *pl, const assay_problem *p, const assay_kernel *k, assay_answer *a)
{
    unsigned char *first = malloc(pl->used + 1);
    size_t both = SIZE_MAX;
    pl->job.share = ASSAY_OTHER_UNITS;
    bool ok = first && call(lab, pl, p, k, a);
    if (ok &&
        a->phases != 1) { /* earlier phases are whole in both calls and may change what is theirs: not to be cut */
        memcpy(pl->arena, pl->before, pl->used);
        pl->job.share = ASSAY_ALL_UNITS;
        free(first);
        return call(lab, pl, p, k, a);
    }
    if (ok) {
        memcpy(first, pl->arena, pl->used);
        memcpy(pl->arena, pl->before, pl->used);
        pl->job.share = ASSAY_MIDDLE_UNITS;
        ok = call(lab, pl, p, k, a);
    }
    for (size_t b = 0; ok && b < pl->used; b++)
        if (first[b] != pl->before[b]) {
            both = both == SIZE_MAX && pl->arena[b] != pl->before[b] ? b : both;
            pl->arena[b] = first[b];
        }
    for (int i = 0; both != SIZE_MAX && i < p->c.op->n_operands; i++)
        if (both >= pl->job.page_at[i] && both < pl->job.page_at[i] + pl->job.page_bytes[i]) {
            a->by = ASSAY_BY_MEMORY;
            assay_fail(&a->why, ASSAY_OK,
                       "byte %td of %s is written by the middle third of the work units and by others",
                       (ptrdiff_t)both - (ptrdiff_t)pl->job.offset[i], p->c.op->operands[i].name);
        }
    free(first);
    return ok;
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
    default:
        return true;
    }
}

assay_outcome assay_judge_once(assay_lab *lab, const assay_problem *p, const assay_kernel *k, int plugin,
                               const assay_manner *m, assay_finding *f, assay_tensor *outputs)
{
    const bool hostile = m->place == ASSAY_PLACE_HOSTILE || m->place == ASSAY_PLACE_IN_PLACE;
    int out_place = -1;
    const int in_place = m->place == ASSAY_PLACE_IN_PLACE ? over_input(&p->c, &out_place) : -1;
    size_t arena_bytes, page;
    placement pl = { .arena = assay_lab_arena(lab, &arena_bytes, &page) };
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
            place_operand(&pl, p, i, hostile, arena_bytes, page, &f->why)) {
            f->by = ASSAY_BY_STATUS;
            return ASSAY_FAILED;
        }
    if (in_place >= 0) {
        j->t[out_place] = j->t[in_place];
        j->over[out_place] = (uint8_t)(1 + in_place);
        j->writable[in_place] = true;
    }
    forget_rest(&pl);
    pl.before = malloc(pl.used + 1);
    if (!pl.before)
        return f->by = ASSAY_BY_STATUS, ASSAY_FAILED;
    memcpy(pl.before, pl.arena, pl.used);
    (m->place == ASSAY_PLACE_AFTER   ? call_after
     : m->place == ASSAY_PLACE_APART ? call_apart
                                     : call)(lab, &pl, p, k, &a);
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
    } else if (a.by == ASSAY_BY_NONE && audit(&pl, p, f) && audit_counts(&pl, p, f)) {
        if (m->blind)
            *f = (assay_finding){ .pass = true, .operand = -1, .index = -1 };
        else
            assay_compare(p, k->contract, j->t, f);
        out = f->pass ? ASSAY_PASSED : ASSAY_FAILED;
    }
    f->place = m->place;
    f->threads = m->threads;
    if (outputs && a.by == ASSAY_BY_NONE && !a.status)
        hand_back(j, p, outputs);
    free(pl.before);
    return out;
}

/* A golden that was computed while the judge rounds otherwise, or flushes, is worth nothing. */
static void require_environment(void)
{
    assay_why changed;
    if (assay_abi_environment(&changed))
        return;
    fprintf(stderr, "assay: the judge's own floating-point environment has changed: %s\n", changed.text);
    exit(2);
}

assay_outcome assay_judge(assay_lab *lab, const assay_problem *p, const assay_kernel *k, int plugin, int threads,
                          assay_finding *f)
{
    /* AFTER before all: a kernel that remembers the right answer has not yet seen this case */
    static const assay_place order[] = { ASSAY_PLACE_AFTER,    ASSAY_PLACE_PLAIN, ASSAY_PLACE_HOSTILE,
                                         ASSAY_PLACE_IN_PLACE, ASSAY_PLACE_APART, ASSAY_PLACE_IN_TURN,
                                         ASSAY_PLACE_AT_ONCE };
    assay_finding next;
    assay_outcome out = ASSAY_PASSED;
    bool first = true;
    watch.on = true;
    require_environment();
    for (size_t i = 0; out == ASSAY_PASSED && i < ASSAY_COUNT_OF(order); i++) {
        const assay_place at = order[i];
        if (!assay_place_applies(p, k, at))
            continue;
        const assay_manner m = assay_manner_of(p, at, threads);
        out = assay_judge_once(lab, p, k, plugin, &m, &next, NULL);
        if (first || out != ASSAY_PASSED || next.used > f->used)
            *f = next;
        first = false;
        if (watch.call && at == ASSAY_PLACE_PLAIN && next.by == ASSAY_BY_MEMORY) {
            const assay_manner roomy = assay_manner_of(p, ASSAY_PLACE_HOSTILE, threads);
            assay_judge_once(lab, p, k, plugin, &roomy, &next, NULL);
        }
        if (out == ASSAY_FAILED && at >= ASSAY_PLACE_IN_PLACE)
            assay_fail(&f->why, ASSAY_OK, "%s: %.200s", assay_place_name(at), next.why.text);
    }
    watch.on = false;
    return out;
}
