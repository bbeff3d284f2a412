/* SPDX-License-Identifier: MIT
 * How, by the inputs: one of them stands there, is left out, or is taken from another index; a block has the scale of
 * its neighbour. */
#include "words.h"
#include "../../reference/core/dtype.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

static double same(double want, double x)
{
    (void)want;
    return x;
}
static double less(double want, double x)
{
    return want - x;
}
static double more(double want, double x)
{
    return want + x;
}
static double twice_less(double want, double x)
{
    return want - 2 * x;
}
static double over(double want, double x)
{
    return want / x;
}
static double times(double want, double x)
{
    return want * x;
}
static double without_one(double want, double x)
{
    return want * x / (1 + x);
}
static const struct {
    double (*f)(double want, double x);
    const char *words; /* %s: the input's name */
} relations[] = {
    { same, "%s itself stands there" },
    { less, "%s is left out of the sum" },
    { more, "%s is added once more" },
    { twice_less, "%s is subtracted, not added" },
    { over, "the factor %s is left out" },
    { times, "the factor %s is applied twice" },
    { without_one, "the factor is %s, not 1 + %s" },
};

/* Element of input o over element i of the output: o's letters must be among the output's.  -1: they are not. */
static int64_t under(const assay_scene *s, const char *shape, int64_t i)
{
    int64_t at = 0;
    for (const char *l = shape; *l; l++) {
        const char *r = strchr(s->letter, *l);
        if (!r)
            return -1;
        at = at * s->p->c.dim[assay_op_dim(s->p->c.op, *l)] + assay_scene_at(s, i, (int)(r - s->letter));
    }
    return at;
}

static double how_input(const assay_scene *s, assay_say *w)
{
    const assay_op *op = s->p->c.op;
    double best = 0;
    for (int o = 0; o < op->n_operands; o++) {
        const double *v = s->p->before[o] ? s->p->before[o] : s->p->value[o];
        if (op->operands[o].access == ASSAY_OUT || !(s->p->c.present >> o & 1) || s->n_wrong < 2 ||
            under(s, op->operands[o].shape, 0) < 0)
            continue;
        for (size_t k = 0; k < sizeof relations / sizeof *relations; k++) {
            int64_t n = 0;
            for (int64_t i = 0; i < s->n; i++)
                n += s->wrong[i] &&
                     assay_accounts(s, i, relations[k].f(s->want[i], v[under(s, op->operands[o].shape, i)]));
            if ((double)n / (double)s->n_wrong <= best)
                continue;
            best = (double)n / (double)s->n_wrong;
            *w = (assay_say){ "", 0 };
            if (s->p->before[o] && k == 0)
                assay_say_add(w, "what stood in %s before the call", op->operands[o].name);
            else if (relations[k].f == without_one)
                assay_say_add(w, "the factor is %s, not 1 + %s", op->operands[o].name, op->operands[o].name);
            else {
                const char *mark = strstr(relations[k].words, "%s");
                assay_say_add(w, "%.*s%s%s", (int)(mark - relations[k].words), relations[k].words, op->operands[o].name,
                              mark + 2);
            }
        }
    }
    return best;
}

/* ---- an input taken from another index ----------------------------------------------------------------------- */

static const double *values(const assay_scene *s, int o)
{
    return s->p->before[o] ? s->p->before[o] : s->p->value[o];
}

/* One index on, one back, the first for all; k: 1, -1, 0. */
static int64_t elsewhere(const assay_scene *s, const char *shape, int64_t i, int r, int k)
{
    const int64_t step = assay_scene_step(s, r), at = assay_scene_at(s, i, r), to = k ? at + k : 0;
    return to < 0 || to >= s->dim[r] ? -1 : under(s, shape, i + (to - at) * step);
}

static double how_neighbour(const assay_scene *s, assay_say *w)
{
    const assay_op *op = s->p->c.op;
    double best = 0;
    for (int o = 0; o < op->n_operands && s->n_wrong > 1; o++) {
        const char *shape = op->operands[o].shape;
        if (op->operands[o].access == ASSAY_OUT || !(s->p->c.present >> o & 1) || under(s, shape, 0) < 0)
            continue;
        const double *v = values(s, o);
        for (int r = 0; r < s->rank; r++)
            for (int k = -1; k < 2; k++)
                for (int product = 0; product < 2; product++) {
                    int64_t n = 0, asked = 0;
                    for (int64_t i = 0; i < s->n; i++) {
                        const int64_t to = s->wrong[i] ? elsewhere(s, shape, i, r, k) : -1;
                        if (to < 0)
                            continue;
                        const double here = v[under(s, shape, i)], there = v[to];
                        asked++;
                        n += here != there &&
                             assay_accounts(s, i, product ? s->want[i] / here * there : s->want[i] - here + there);
                    }
                    const double share = asked > 1 && 2 * asked > s->n_wrong ? (double)n / (double)asked : 0;
                    if (share <= best || !strchr(shape, s->letter[r]))
                        continue;
                    best = share;
                    *w = (assay_say){ "", 0 };
                    assay_say_add(w, k ? "%s is taken from %c%+d" : "%s is taken from %c=%d", op->operands[o].name,
                                  s->letter[r], k);
                }
    }
    return best;
}

/* ---- the scale of another block ------------------------------------------------------------------------------ */

static double scale_of(const unsigned char *block, const assay_dtype_info *ty, bool at_end)
{
    uint16_t h;
    memcpy(&h, at_end ? block + ty->bytes - sizeof h : block, sizeof h);
    return assay_f16_to_f64(h);
}

/* Every wrong block is the right one times scale(block + k) / scale(block); the scale is its first or last number. */
static double by_scale(const assay_scene *s, const unsigned char *code, const assay_dtype_info *ty, int k, bool at_end)
{
    const int64_t blocks = s->n / ty->block;
    int64_t n = 0, asked = 0;
    for (int64_t i = 0; i < s->n; i++) {
        const int64_t b = i / ty->block;
        if (!s->wrong[i] || b + k < 0 || b + k >= blocks)
            continue;
        const double here = scale_of(code + b * ty->bytes, ty, at_end),
                     there = scale_of(code + (b + k) * ty->bytes, ty, at_end);
        asked++;
        n += here != there && assay_accounts(s, i, s->want[i] * there / here);
    }
    return asked > 3 && 2 * asked >= s->n_wrong ? (double)n / (double)asked : 0;
}

static double how_scale(const assay_scene *s, assay_say *w)
{
    const assay_op *op = s->p->c.op;
    double best = 0;
    for (int o = 0; o < op->n_operands; o++) {
        const assay_dtype_info *ty = assay_dtype_of(s->p->t[o].type);
        const bool out = o == s->operand;
        if (!(s->p->c.present >> o & 1) || ty->block == 1 ||
            strcmp(op->operands[o].shape, op->operands[s->operand].shape) ||
            (!out && op->operands[o].access != ASSAY_IN))
            continue;
        unsigned char *code = calloc((size_t)(s->n / ty->block) + 1, (size_t)ty->bytes);
        if (out)
            ty->encode(code, s->p->value[o], s->n);
        else
            memcpy(code, s->p->t[o].data, (size_t)(s->n / ty->block) * (size_t)ty->bytes);
        for (int k = -1; k < 2; k += 2)
            for (int at_end = 0; at_end < 2; at_end++) {
                const double share = by_scale(s, code, ty, k, at_end);
                if (share <= best)
                    continue;
                best = share;
                *w = (assay_say){ "", 0 };
                assay_say_add(w, "each block uses the scale of the block %s", k < 0 ? "before it" : "after it");
            }
        free(code);
    }
    return best;
}

const assay_how assay_hows_input[] = { how_input, how_neighbour, how_scale, NULL };
