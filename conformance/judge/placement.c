/* SPDX-License-Identifier: MIT */
#include "placement.h"
#include "../../reference/core/dtype.h"
#include "../../reference/core/status.h"
#include "../../reference/core/tensor.h"
#include <stdlib.h>
#include <string.h>

int assay_alignment_of(assay_dtype t)
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

/* Strides with `pad` bytes after each row, plane and so on, so that none follows from the others, or up to a multiple
 * of `to` bytes. */
static void pad_rows(assay_tensor *t, const int64_t *dim, int64_t pad, int64_t to)
{
    const assay_dtype_info *ty = assay_dtype_of(t->type);
    int64_t step = ty->bytes;
    for (int r = t->rank - 1; r >= 0; r--) {
        const bool broadcast = t->stride[r] == 0;
        t->stride[r] = broadcast ? 0 : step;
        step = (r == t->rank - 1 ? step * ((dim[r] + ty->block - 1) / ty->block) : step * dim[r]) + pad;
        step = (step + to - 1) / to * to;
    }
}

static size_t room;

void assay_place_room(size_t bytes)
{
    room = (bytes + 63) / 64 * 64;
}

/* Cuts a view into 2 to ASSAY_PARTS planes, the smallest of which there are so few, each at the end of pages of its
 * own. How many; 0: it cannot be cut so, and stays. */
static int64_t part_rows(assay_tensor *t, const int64_t *dim, size_t page)
{
    assay_tensor plane = *t;
    int64_t n = 1, parts = 0;
    int last = 0;
    for (int r = 0; !t->layout && r + 1 < t->rank && n * dim[r] <= ASSAY_PARTS; r++) {
        n *= dim[r];
        plane.dim[r] = 1;
        if (dim[r] > 1)
            parts = n, last = r;
    }
    for (int r = last + 1; parts && r < t->rank; r++)
        plane.dim[r] = t->dim[r];
    const size_t bytes = parts ? assay_tensor_bytes(&plane) : 0;
    int64_t step = (int64_t)((bytes + room + page - 1) / page * page);
    for (int r = last; bytes && r >= 0; r--) {
        t->stride[r] = t->stride[r] ? step : 0;
        step *= dim[r];
    }
    return bytes ? parts : 0;
}

bool assay_has_parts(const assay_problem *p, int i)
{
    assay_tensor t = p->t[i];
    int64_t dim[ASSAY_MAX_RANK];
    stored_dims(&t, dim);
    return (p->c.present >> i & 1) && part_rows(&t, dim, 1) > 0;
}

static char *row_at(const assay_tensor *t, const int64_t *dim, char *base, int64_t row)
{
    for (int r = t->rank - 2; r >= 0; r--) {
        base += row % dim[r] * t->stride[r];
        row /= dim[r];
    }
    return base;
}

/* Copies the logical elements, row by row, from one placement of a tensor to another; of a storage order what pads
 * them, too: it has a meaning. */
static void copy_rows(const assay_tensor *to, unsigned char *dst, const assay_tensor *from, const unsigned char *src)
{
    int64_t dim[ASSAY_MAX_RANK], rows = 1;
    if (to->layout) {
        memcpy(dst, src, assay_tensor_bytes(to));
        return;
    }
    stored_dims(to, dim);
    const assay_dtype_info *ty = assay_dtype_of(to->type);
    const int64_t len = to->rank ? dim[to->rank - 1] / ty->block * ty->bytes : ty->bytes;
    for (int r = 0; r + 1 < to->rank; r++)
        rows *= dim[r];
    const int last = to->rank - 2; /* rows of the innermost plane follow each other by one stride */
    const int64_t plane = last >= 0 && dim[last] ? dim[last] : 1;
    char *in;
    memcpy(&in, &src, sizeof in);
    for (int64_t row = 0; len && row < rows; row += plane) {
        char *d = row_at(to, dim, (char *)dst, row), *s = row_at(from, dim, in, row);
        const int64_t step = last >= 0 ? to->stride[last] : 0, was = last >= 0 ? from->stride[last] : 0;
        if (plane > 1 && step == len && was == len)
            memcpy(d, s, (size_t)(plane * len));
        else
            for (int64_t k = 0; k < plane; k++)
                memcpy(d + k * step, s + k * was, (size_t)len);
    }
}

/* Outputs bear another poison than inputs, so that what is copied from outside to outside is seen; 0x7b for 0xff:
 * 7b7b.. is a finite number in every float type, so that where NaN is the answer, not to write is seen too. */
unsigned char assay_poison_of(unsigned char poison, const assay_operand *o)
{
    return o->access != ASSAY_OUT ? poison : poison == 0xff ? 0x7b : poison ^ 0x80;
}

assay_misplaced assay_misplace(const assay_case *c, int i)
{
    const int64_t align = assay_alignment_of(c->type[i]), mix = (int64_t)(c->seed % 1000003) + 7 * i;
    const int64_t pad = assay_dtype_of(c->type[i])->block > 1 ? (1 + mix % 3) * 2 : (1 + mix % 5) * align;
    const uint64_t turn = c->seed / 1000003; /* in one case of eight one operand is dense beside the others */
    const bool dense = turn % 8 == 1 && (int)(turn / 8 % (uint64_t)c->op->n_operands) == i;
    return (assay_misplaced){ mix * align % 64, dense ? 0 : pad };
}

assay_status assay_place_operand(assay_placement *pl, const assay_problem *p, int i, assay_spacing spacing,
                                 size_t arena_bytes, size_t page, assay_why *why)
{
    const bool hostile = spacing == ASSAY_SPACED_HOSTILE;
    assay_job *j = &pl->job;
    const assay_operand *o = &p->c.op->operands[i];
    assay_tensor *t = &j->t[i];
    int64_t dim[ASSAY_MAX_RANK];
    *t = p->t[i];
    stored_dims(t, dim);
    const assay_misplaced off = assay_misplace(&p->c, i);
    if (hostile && !t->layout && t->rank > 1)
        pad_rows(t, dim, off.pad, 1);
    const bool whole =
        t->type == ASSAY_i32 || t->type == ASSAY_i64; /* assay_other_numbers() would make one of padding */
    if (spacing == ASSAY_SPACED_ALIGNED && p->c.seed / 1024 % 2 && !t->layout && t->rank > 1 && !whole)
        pad_rows(t, dim, 0, 64);
    if (spacing == ASSAY_SPACED_FAR)
        j->parts[i] = (uint8_t)part_rows(t, dim, page);
    const bool cut = j->cut == i + 1;
    const size_t bytes = assay_tensor_bytes(t), head = hostile ? (size_t)off.head
                                                       : cut   ? (page - pl->cut_at % page) % page
                                                               : 0;
    const size_t pages = (head + bytes + room + page - 1) / page * page + (bytes ? 0 : page);
    if (pl->used + pages > arena_bytes)
        return assay_fail(why, ASSAY_ERR_NOMEM, "%s: %s needs %zu bytes, the judge's arena has %zu", p->c.op->name,
                          o->name, bytes, arena_bytes);
    j->page_at[i] = pl->used;
    j->page_bytes[i] = pages;
    j->offset[i] = pl->used + (hostile || cut || spacing == ASSAY_SPACED_ALIGNED ? head : pages - bytes - room);
    if (cut)
        j->page_cut = head + pl->cut_at;
    j->writable[i] = o->access != ASSAY_IN;
    j->room = room;
    memset(pl->arena + j->page_at[i], assay_poison_of(j->poison, o), pages);
    t->data = pl->arena + j->offset[i];
    if (o->access != ASSAY_OUT && bytes)
        copy_rows(t, t->data, &p->t[i], p->t[i].data);
    pl->used += pages;
    return ASSAY_OK;
}

static bool audit_bytes(assay_placement *pl, const assay_problem *p, assay_finding *f)
{
    const assay_job *j = &pl->job;
    for (int i = 0; i < p->c.op->n_operands; i++) {
        if (!j->page_bytes[i])
            continue;
        const size_t at = j->page_at[i], n = j->page_bytes[i];
        if (j->writable[i] && j->t[i].layout)
            assay_layout_of(j->t[i].layout)->copy(pl->before + j->offset[i], pl->arena + j->offset[i], &j->t[i]);
        else if (j->writable[i] && assay_tensor_bytes(&j->t[i]))
            copy_rows(&j->t[i], pl->before + j->offset[i], &j->t[i], pl->arena + j->offset[i]);
        if (!memcmp(pl->before + at, pl->arena + at, n))
            continue;
        size_t k = 0;
        while (k < n && pl->before[at + k] == pl->arena[at + k])
            k++; /* n: a thread of the kernel's has put it back meanwhile */
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

static bool audit_counts(const assay_placement *pl, const assay_problem *p, assay_finding *f)
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

bool assay_audit(assay_placement *pl, const assay_problem *p, assay_finding *f)
{
    return audit_bytes(pl, p, f) && audit_counts(pl, p, f);
}

/* The first input of the output's shape and type, or -1. */
static int input_under(const assay_case *c, int out)
{
    const assay_operand *o = c->op->operands;
    const uint32_t role = ASSAY_BROADCAST | ASSAY_WEIGHT;
    for (int i = 0; o[out].access == ASSAY_OUT && (c->present >> out & 1) && i < c->op->n_operands; i++)
        if (o[i].access == ASSAY_IN && (c->present >> i & 1) && !(o[i].flags & role) &&
            !strcmp(o[i].shape, o[out].shape) && c->type[i] == c->type[out] && c->layout[i] == c->layout[out])
            return i;
    return -1;
}

int assay_over_input(const assay_case *c, int *out)
{
    int found[ASSAY_MAX_OPND], n = 0;
    for (int i = 0; i < c->op->n_operands; i++)
        if (input_under(c, i) >= 0)
            found[n++] = i;
    *out = n ? found[c->seed / 65536 % (uint64_t)n] : c->op->n_operands;
    return n ? input_under(c, *out) : -1;
}

void assay_hand_back(const assay_job *j, const assay_problem *p, assay_tensor *out)
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

void assay_forget_rest(const assay_placement *pl)
{
    static size_t high;
    if (pl->used < high)
        memset(pl->arena + pl->used, 0, high - pl->used);
    high = pl->used;
}
