/* SPDX-License-Identifier: MIT
 * onnx_shapes.c - the shape of what a node writes, for the operators that transformers are exported with, and the whole
 * numbers that exporters compute shapes from (Shape, Gather, Concat, Reshape). */
#include "onnx.h"
#include <string.h>

enum { MAX_LENGTH = 1 << 30 };

typedef struct work { /* a node, its first inputs (NULL: left out) and its output, a copy */
    const assay_onnx *g;
    const assay_onnx_node *n;
    const assay_onnx_tensor *in[3];
    assay_onnx_tensor out;
} work;

static bool known(const assay_onnx_tensor *t)
{
    return t && t->rank >= 0;
}

/* Axis from -rank to rank - 1; -1: beyond. */
static int axis_of(int64_t axis, int rank)
{
    axis += axis < 0 ? rank : 0;
    return axis < 0 || axis >= rank ? -1 : (int)axis;
}

static bool same(work *w)
{
    if (!known(w->in[0]))
        return false;
    w->out.rank = w->in[0]->rank;
    memcpy(w->out.dim, w->in[0]->dim, sizeof w->out.dim);
    w->out.n_values = w->in[0]->n_values; /* Cast, Identity; others are not asked for theirs */
    memcpy(w->out.value, w->in[0]->value, sizeof w->out.value);
    return true;
}

/* Shapes are lined up at their ends; 1 gives way. */
static bool broadcast(const assay_onnx_tensor *a, const assay_onnx_tensor *b, assay_onnx_tensor *y)
{
    int64_t dim[ASSAY_MAX_RANK] = { 0 };
    if (!known(a) || !known(b))
        return false;
    const int rank = a->rank > b->rank ? a->rank : b->rank;
    for (int i = 1; i <= rank; i++) {
        const int64_t x = i <= a->rank ? a->dim[a->rank - i] : 1, z = i <= b->rank ? b->dim[b->rank - i] : 1;
        if (x != z && x != 1 && z != 1)
            return false;
        dim[rank - i] = x == 1 ? z : x;
    }
    y->rank = rank;
    memcpy(y->dim, dim, sizeof y->dim);
    return true;
}

static bool arithmetic(char what, int64_t a, int64_t b, int64_t *y)
{
    return what == 'A'   ? !__builtin_add_overflow(a, b, y)
           : what == 'S' ? !__builtin_sub_overflow(a, b, y)
           : what == 'M' ? !__builtin_mul_overflow(a, b, y)
                         : b > 0 && (*y = a / b, true);
}

static bool binary(work *w)
{
    const assay_onnx_tensor *a = w->in[0], *b = w->in[1];
    if (!broadcast(a, b, &w->out))
        return false;
    const int n = a->n_values > b->n_values ? a->n_values : b->n_values;
    if (!strchr("ASMD", w->n->op.at[0]) || w->out.type != ONNX_INT64 || a->n_values < 1 || b->n_values < 1 ||
        (a->n_values != n && a->n_values != 1) || (b->n_values != n && b->n_values != 1))
        return true;
    for (int i = 0; i < n; i++)
        if (!arithmetic(w->n->op.at[0], a->value[a->n_values == 1 ? 0 : i], b->value[b->n_values == 1 ? 0 : i],
                        &w->out.value[i]))
            return true;
    w->out.n_values = n;
    return true;
}

static bool wider(work *w)
{
    return broadcast(w->in[0], w->in[1], &w->out);
}

static bool compares(work *w)
{
    w->out.type = 9; /* BOOL */
    return broadcast(w->in[0], w->in[1], &w->out);
}

static bool where(work *w)
{
    w->out.type = w->in[1] ? w->in[1]->type : 0;
    return broadcast(w->in[0], w->in[1], &w->out) && broadcast(&w->out, w->in[2], &w->out);
}

static bool matmul(work *w)
{
    const assay_onnx_tensor *a = w->in[0], *b = w->in[1];
    if (!known(a) || !known(b) || a->rank < 2 || b->rank < 2 || a->dim[a->rank - 1] != b->dim[b->rank - 2])
        return false;
    assay_onnx_tensor x = *a, y = *b;
    const int64_t T = x.dim[--x.rank - 1], N = y.dim[y.rank - 1];
    x.rank--, y.rank -= 2;
    if (!broadcast(&x, &y, &w->out) || w->out.rank + 2 > ASSAY_MAX_RANK)
        return false;
    w->out.dim[w->out.rank++] = T;
    w->out.dim[w->out.rank++] = N;
    return true;
}

static bool gemm(work *w)
{
    const assay_onnx_tensor *a = w->in[0], *b = w->in[1];
    if (!known(a) || !known(b) || a->rank != 2 || b->rank != 2)
        return false;
    w->out.rank = 2;
    w->out.dim[0] = a->dim[assay_onnx_int(w->n, "transA", 0) != 0];
    w->out.dim[1] = b->dim[assay_onnx_int(w->n, "transB", 0) == 0];
    return true;
}

static bool matmul_nbits(work *w)
{
    const int64_t N = assay_onnx_int(w->n, "N", 0);
    if (!same(w) || !w->out.rank || N < 1 || N > MAX_LENGTH)
        return false;
    w->out.n_values = -1;
    w->out.dim[w->out.rank - 1] = N;
    return true;
}

static bool transpose(work *w)
{
    const assay_onnx_tensor *x = w->in[0];
    int64_t perm[ASSAY_MAX_RANK];
    if (!known(x))
        return false;
    const int n = assay_onnx_ints(w->n, "perm", perm, ASSAY_MAX_RANK);
    if (n >= 0 && n != x->rank)
        return false;
    w->out.rank = x->rank;
    for (int i = 0; i < x->rank; i++) {
        const int from = n < 0 ? x->rank - 1 - i : axis_of(perm[i], x->rank);
        if (from < 0)
            return false;
        w->out.dim[i] = x->dim[from];
    }
    return true;
}

/* Whole numbers of an attribute, or, since opset 13, of input k. */
static int list_of(const work *w, const char *attribute, int k, int64_t *list)
{
    const int n = assay_onnx_ints(w->n, attribute, list, ASSAY_ONNX_VALUES);
    if (n >= 0 || !w->in[k] || w->in[k]->n_values < 0)
        return n;
    memcpy(list, w->in[k]->value, sizeof w->in[k]->value);
    return w->in[k]->n_values;
}

static bool keep_values(work *w)
{
    w->out.n_values = w->in[0]->n_values;
    memcpy(w->out.value, w->in[0]->value, sizeof w->out.value);
    return true;
}

static bool reshape(work *w)
{
    const assay_onnx_tensor *x = w->in[0];
    int64_t to[ASSAY_ONNX_VALUES];
    const int n = list_of(w, "shape", 1, to);
    if (!known(x) || n < 0 || n > ASSAY_MAX_RANK)
        return false;
    double all = 1, rest = 1;
    int open = -1;
    for (int i = 0; i < x->rank; i++)
        all *= (double)x->dim[i];
    for (int i = 0; i < n; i++) {
        if (i < x->rank && to[i] == 0 && !assay_onnx_int(w->n, "allowzero", 0))
            to[i] = x->dim[i];
        if (to[i] == -1 && open < 0)
            open = i;
        else if (to[i] < 0 || to[i] > MAX_LENGTH)
            return false;
        else
            rest *= (double)to[i];
    }
    if (open >= 0 && (!(rest > 0) || all / rest > MAX_LENGTH))
        return false;
    if (open >= 0)
        to[open] = (int64_t)(all / rest), rest *= (double)to[open];
    if (rest < all || rest > all)
        return false;
    w->out.rank = n;
    memcpy(w->out.dim, to, (size_t)n * sizeof *to);
    return keep_values(w);
}

static bool unsqueeze(work *w)
{
    const assay_onnx_tensor *x = w->in[0];
    int64_t axis[ASSAY_ONNX_VALUES];
    const int n = list_of(w, "axes", 1, axis);
    if (!known(x) || n < 0 || x->rank + n > ASSAY_MAX_RANK)
        return false;
    bool made[ASSAY_MAX_RANK] = { 0 };
    w->out.rank = x->rank + n;
    for (int i = 0; i < n; i++) {
        const int at = axis_of(axis[i], w->out.rank);
        if (at < 0 || made[at])
            return false;
        made[at] = true;
    }
    for (int i = 0, from = 0; i < w->out.rank; i++)
        w->out.dim[i] = made[i] ? 1 : x->dim[from++];
    return keep_values(w);
}

static bool squeeze(work *w)
{
    const assay_onnx_tensor *x = w->in[0];
    int64_t axis[ASSAY_ONNX_VALUES];
    const int n = list_of(w, "axes", 1, axis);
    if (!known(x) || (n < 0 && w->n->n_in > 1))
        return false;
    bool gone[ASSAY_MAX_RANK] = { 0 };
    for (int i = 0; i < x->rank && n < 0; i++)
        gone[i] = x->dim[i] == 1;
    for (int i = 0; i < n; i++) {
        const int at = axis_of(axis[i], x->rank);
        if (at < 0 || x->dim[at] != 1)
            return false;
        gone[at] = true;
    }
    w->out.rank = 0;
    for (int i = 0; i < x->rank; i++)
        if (!gone[i])
            w->out.dim[w->out.rank++] = x->dim[i];
    return keep_values(w);
}

static bool gather(work *w)
{
    const assay_onnx_tensor *x = w->in[0], *ids = w->in[1];
    const int axis = known(x) ? axis_of(assay_onnx_int(w->n, "axis", 0), x->rank) : -1;
    if (axis < 0 || !known(ids) || x->rank - 1 + ids->rank > ASSAY_MAX_RANK)
        return false;
    w->out.rank = 0;
    for (int i = 0; i < x->rank; i++)
        if (i != axis)
            w->out.dim[w->out.rank++] = x->dim[i];
        else
            for (int k = 0; k < ids->rank; k++)
                w->out.dim[w->out.rank++] = ids->dim[k];
    if (x->rank != 1 || x->n_values < 1 || ids->n_values < 0)
        return true;
    for (int i = 0; i < ids->n_values; i++) {
        const int at = axis_of(ids->value[i], x->n_values);
        if (at < 0)
            return false;
        w->out.value[i] = x->value[at];
    }
    w->out.n_values = ids->n_values;
    return true;
}

static bool concat(work *w)
{
    if (!same(w))
        return false;
    const int axis = axis_of(assay_onnx_int(w->n, "axis", 0), w->out.rank);
    if (axis < 0)
        return false;
    for (int k = 1; k < w->n->n_in; k++) {
        const assay_onnx_tensor *t = assay_onnx_in(w->g, w->n, k);
        if (!known(t) || t->rank != w->out.rank || w->out.dim[axis] + t->dim[axis] > MAX_LENGTH)
            return false;
        w->out.dim[axis] += t->dim[axis];
        if (t->rank != 1 || t->n_values < 0 || w->out.n_values < 0 || w->out.n_values + t->n_values > ASSAY_ONNX_VALUES)
            w->out.n_values = -1;
        for (int i = 0; i < t->n_values && w->out.n_values >= 0; i++)
            w->out.value[w->out.n_values + i] = t->value[i];
        w->out.n_values += w->out.n_values < 0 ? 0 : t->n_values;
    }
    return true;
}

/* Whole numbers that stand in input k. */
static const assay_onnx_tensor *listed(const work *w, int k)
{
    const assay_onnx_tensor *t = assay_onnx_in(w->g, w->n, k);
    return t && t->n_values >= 0 ? t : NULL;
}

/* Since opset 10: starts, ends, axes and steps are inputs; only steps forth. */
static bool slice(work *w)
{
    const assay_onnx_tensor *from = listed(w, 1), *to = listed(w, 2), *axes = listed(w, 3), *steps = listed(w, 4);
    if (!same(w) || !from || !to || from->n_values != to->n_values || (w->n->n_in > 3 && !axes) ||
        (w->n->n_in > 4 && !steps) || (axes && axes->n_values != from->n_values) ||
        (steps && steps->n_values != from->n_values))
        return false;
    const int n_values = w->out.rank == 1 ? w->out.n_values : -1;
    w->out.n_values = -1;
    for (int i = 0; i < from->n_values; i++) {
        const int at = axis_of(axes ? axes->value[i] : i, w->out.rank);
        const int64_t step = steps ? steps->value[i] : 1;
        if (at < 0 || step < 1)
            return false;
        const int64_t length = w->out.dim[at];
        int64_t a = from->value[i], b = to->value[i];
        a = a < 0 ? (a < -length ? 0 : a + length) : a > length ? length : a;
        b = b < 0 ? (b < -length ? 0 : b + length) : b > length ? length : b;
        w->out.dim[at] = b > a ? (b - a - 1) / step + 1 : 0;
        if (n_values < 0 || from->n_values != 1 || n_values != length)
            continue;
        w->out.n_values = (int)w->out.dim[at];
        for (int k = 0; k < w->out.n_values; k++)
            w->out.value[k] = w->in[0]->value[a + k * step];
    }
    return true;
}

static bool expand(work *w)
{
    const assay_onnx_tensor *to = listed(w, 1);
    assay_onnx_tensor wide = { .rank = to ? to->n_values : 0 };
    if (!to || wide.rank > ASSAY_MAX_RANK)
        return false;
    for (int i = 0; i < wide.rank; i++) {
        wide.dim[i] = to->value[i];
        if (wide.dim[i] < 0 || wide.dim[i] > MAX_LENGTH)
            return false;
    }
    return broadcast(w->in[0], &wide, &w->out);
}

static bool reduce(work *w)
{
    const assay_onnx_tensor *x = w->in[0];
    int64_t axis[ASSAY_ONNX_VALUES];
    const int n = list_of(w, "axes", 1, axis);
    bool gone[ASSAY_MAX_RANK] = { 0 };
    if (!known(x) || n < 1)
        return false;
    for (int i = 0; i < n; i++) {
        const int at = axis_of(axis[i], x->rank);
        if (at < 0)
            return false;
        gone[at] = true;
    }
    w->out.rank = 0;
    for (int i = 0; i < x->rank; i++)
        if (!gone[i] || assay_onnx_int(w->n, "keepdims", 1))
            w->out.dim[w->out.rank++] = gone[i] ? 1 : x->dim[i];
    return true;
}

static bool shape(work *w)
{
    w->out.type = ONNX_INT64;
    if (!known(w->in[0]) || assay_onnx_int(w->n, "start", 0) || assay_onnx_int(w->n, "end", INT64_MAX) != INT64_MAX)
        return false;
    w->out.rank = 1;
    w->out.n_values = w->in[0]->rank;
    w->out.dim[0] = w->in[0]->rank;
    memcpy(w->out.value, w->in[0]->dim, sizeof w->in[0]->dim);
    return true;
}

static bool constant(work *w)
{
    const assay_span name = w->out.name;
    const bool read = assay_onnx_constant(w->n, &w->out);
    w->out.name = name;
    return read;
}

static bool cast(work *w)
{
    const int64_t to = assay_onnx_int(w->n, "to", 0);
    w->out.type = to > 0 && to < 64 ? (int)to : 0;
    return same(w);
}

static bool first_output(work *w)
{
    const bool read = same(w);
    w->out.n_values = -1;
    return read;
}

static const struct rule {
    const char *ops; /* each between spaces */
    bool (*of)(work *w);
} rules[] = {
    { " Identity ", same },
    { " Cast ", cast },
    { " Relu Gelu FastGelu BiasGelu QuickGelu Erf Sqrt Exp Log Neg Abs Tanh Sigmoid Softmax LogSoftmax Dropout Clip "
      "LeakyRelu Elu Softplus HardSwish Mish Reciprocal Sin Cos Not LayerNormalization SimplifiedLayerNormalization "
      "RMSNormalization BatchNormalization InstanceNormalization GroupNormalization SkipLayerNormalization "
      "SkipSimplifiedLayerNormalization RotaryEmbedding GroupQueryAttention MultiHeadAttention Trilu ",
      first_output },
    { " Add Sub Mul Div ", binary },
    { " Pow Min Max PRelu ", wider },
    { " Equal Greater Less GreaterOrEqual LessOrEqual And Or Xor ", compares },
    { " Where ", where },
    { " MatMul ", matmul },
    { " Gemm ", gemm },
    { " MatMulNBits ", matmul_nbits },
    { " Transpose ", transpose },
    { " Reshape ", reshape },
    { " Unsqueeze ", unsqueeze },
    { " Squeeze ", squeeze },
    { " Gather ", gather },
    { " Concat ", concat },
    { " Slice ", slice },
    { " Expand ", expand },
    { " ReduceMean ReduceSum ReduceMax ReduceMin ", reduce },
    { " Shape ", shape },
    { " Constant ", constant },
};

void assay_onnx_shapes(assay_onnx *g)
{
    for (size_t i = 0; i < g->n_nodes; i++) {
        const assay_onnx_node *n = &g->node[i];
        assay_onnx_tensor *out = assay_onnx_out(g, n, 0);
        char name[40];
        if (!out || out->constant || n->op.n >= sizeof name - 2)
            continue;
        snprintf(name, sizeof name, " %.*s ", (int)n->op.n, n->op.at);
        work w = { .g = g, .n = n };
        for (int k = 0; k < 3; k++)
            w.in[k] = assay_onnx_in(g, n, k);
        w.out = (assay_onnx_tensor){ .name = out->name, .rank = -1, .n_values = -1 };
        w.out.type = out->type ? out->type : w.in[0] ? w.in[0]->type : 0;
        for (size_t r = 0; r < sizeof rules / sizeof *rules; r++)
            if (strstr(rules[r].ops, name)) {
                if (rules[r].of(&w))
                    *out = w.out;
                break;
            }
    }
}
