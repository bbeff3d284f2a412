/* SPDX-License-Identifier: MIT
 * inputs.c - the numbers that timed calls see: made where the kernel runs, call by call, and remade by the judge, which
 * believes nothing that lies there. */
#include "../reference/core/dtype.h"
#include "../reference/core/tensor.h"
#include "bench.h"
#include <stdlib.h>
#include <string.h>

enum { KEEP = ASSAY_INDEX | ASSAY_POSITION | ASSAY_MASK | ASSAY_COUNT };

/* Integers mean places: page tables, positions. */
static bool is_place(assay_dtype t)
{
    return t == ASSAY_i32 || t == ASSAY_i64;
}

void bench_inputs_turn(const assay_problem *p, int i, size_t blocks, char *copy)
{
    const size_t bytes = assay_tensor_bytes(&p->t[i]), block = (size_t)assay_dtype_of(p->t[i].type)->bytes;
    const bool stays = (p->c.op->operands[i].flags & KEEP) || p->t[i].layout || is_place(p->t[i].type);
    const size_t at = stays || !bytes ? 0 : blocks * block % bytes;
    memcpy(copy, (const char *)p->t[i].data + at, bytes - at);
    memcpy(copy + bytes - at, p->t[i].data, at);
}

/* Another share of the whole for each set. */
void bench_inputs_fill(const assay_problem *p, int i, int set, char *copy)
{
    const size_t block = (size_t)assay_dtype_of(p->t[i].type)->bytes;
    bench_inputs_turn(p, i, assay_tensor_bytes(&p->t[i]) / block / (size_t)(set + 2), copy);
}

/* The operand in which blocks change places: the first plain input, else indices (a permutation of legal ones). */
int bench_inputs_varied(const assay_problem *p)
{
    for (int by_index = 0; by_index <= 1; by_index++)
        for (int i = 0; i < p->c.op->n_operands; i++) {
            const assay_operand *o = &p->c.op->operands[i];
            const bool fits = by_index ? (o->flags & ASSAY_INDEX) != 0 : !(o->flags & KEEP) && !is_place(p->t[i].type);
            if (fits && (p->c.present >> i & 1) && o->access == ASSAY_IN && !(o->flags & ASSAY_WEIGHT) &&
                !p->t[i].layout && assay_tensor_bytes(&p->t[i]) >= 2 * (size_t)assay_dtype_of(p->t[i].type)->bytes)
                return i;
        }
    return -1;
}

void bench_inputs_swap(char *one, char *other, size_t block)
{
    char tmp[512];
    if (block == 4) { /* a constant size is a register */
        memcpy(tmp, one, 4), memcpy(one, other, 4), memcpy(other, tmp, 4);
    } else {
        memcpy(tmp, one, block), memcpy(one, other, block), memcpy(other, tmp, block);
    }
}

/* ---- what a set of buffers holds, remade where the judge is -------------------------------------------------------
 */

/* How many of the calls 0 .. calls - 1 took this set with pair nth, modulo 2: call c takes set c mod 2 and pair c + 1
 * mod half. */
static bool swapped(uint64_t calls, uint64_t set, uint64_t nth, uint64_t half)
{
    const uint64_t step = half % BENCH_SETS ? half * BENCH_SETS : half; /* pair and set come together again */
    for (uint64_t c = (nth + half - 1) % half; c < step; c += half)
        if (c % BENCH_SETS == set)
            return c < calls && ((calls - 1 - c) / step + 1) % 2;
    return false;
}

bool bench_left_make(const assay_problem *p, int set, uint64_t calls, assay_problem *left)
{
    const assay_op *op = p->c.op;
    const int v = bench_inputs_varied(p);
    bool ok = true;
    *left = (assay_problem){ .c = p->c, .tag = p->tag, .own_gen = p->own_gen };
    for (int i = 0; ok && i < op->n_operands; i++) {
        left->t[i] = p->t[i];
        if (!(p->c.present >> i & 1))
            continue;
        left->value[i] = calloc((size_t)assay_tensor_count(&p->t[i]) + 1, sizeof(double));
        ok = left->value[i] != NULL;
        if (!p->t[i].data || (op->operands[i].flags & ASSAY_WEIGHT))
            continue;
        left->t[i].data = NULL; /* never the problem's own, which bench_left_free would free */
        if (!ok)
            continue;
        char *copy = calloc(assay_tensor_bytes(&p->t[i]) + 64, 1);
        left->t[i].data = copy;
        ok = copy != NULL;
        if (ok)
            bench_inputs_fill(p, i, set, copy);
        if (!ok || i != v)
            continue;
        const size_t block = (size_t)assay_dtype_of(p->t[i].type)->bytes,
                     half = assay_tensor_bytes(&p->t[i]) / block / 2;
        for (size_t nth = 0; nth < half; nth++)
            if (swapped(calls, (uint64_t)set, nth, half))
                bench_inputs_swap(copy + nth * block, copy + (nth + half) * block, block);
    }
    for (int k = 0; ok && k < op->n_planes; k++) {
        left->plane[k] = calloc((size_t)assay_op_shape(op, op->planes[k].shape, p->c.dim, NULL) + 1, sizeof(double));
        ok = left->plane[k] != NULL;
    }
    if (!ok)
        bench_left_free(left);
    return ok;
}

void bench_left_free(assay_problem *left)
{
    for (int i = 0; left->c.op && i < left->c.op->n_operands; i++)
        if (left->c.op->operands[i].flags & ASSAY_WEIGHT)
            left->t[i].data = NULL; /* the problem's own */
    assay_problem_free(left);
}
