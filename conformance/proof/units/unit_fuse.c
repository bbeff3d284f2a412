/* SPDX-License-Identifier: MIT
 * Runs of calls as fused ops: which become one, with what operands and parameters, and which must not. */
#include "../../../reference/models/fuse.h"
#include "../../../reference/models/stack.h"
#include "assay/params.h"
#include "unit.h"
#include <string.h>

enum { T = ASSAY_DIM_T, L = ASSAY_DIM_L, D = 4, N = 8 };
#define LIST ASSAY_LIST
#define OF   ASSAY_OF

static assay_graph graph;

static int value(assay_value_kind kind, int64_t rows, int64_t width, const char *name)
{
    return assay_graph_value(&graph, kind, ASSAY_f32, 2, LIST(rows, width), "%s", name);
}

static int temp(int64_t rows, int64_t width)
{
    return value(ASSAY_VALUE_TEMP, rows, width, "temp");
}

static void begin(void)
{
    graph = (assay_graph){ .steps = true, .hidden = -1, .logits = -1 };
}

static int product(int x, int64_t n, int64_t k)
{
    const int w = value(ASSAY_VALUE_WEIGHT, n, k, "w"), y = temp(T, n);
    assay_graph_call(&graph, "matmul", "TNK", LIST(T, n, k), "x w y", OF(x, w, y), 0);
    return y;
}

static int sum(int a, int b, int y)
{
    assay_graph_call(&graph, "add", "RC", LIST(T, D), "a b y", OF(a, b, y), 0);
    return y;
}

static bool every(void *ctx, const assay_node *fused)
{
    (void)ctx, (void)fused;
    return true;
}

/* ctx: the one op that has a kernel. */
static bool only(void *ctx, const assay_node *fused)
{
    return !strcmp(ctx, fused->op->name);
}

/* The ops that are left, with blanks between; what they are is in graph.node. */
static const char *fused_by(assay_fuse_taken *taken, const char *op)
{
    static char text[256];
    ck_assert_msg(graph.status == ASSAY_OK, "%s", graph.why.text);
    graph.n_nodes = assay_graph_fuse(&graph, graph.node, graph.n_nodes, taken, (void *)(uintptr_t)op);
    *text = 0;
    for (int i = 0; i < graph.n_nodes; i++)
        strcat(strcat(text, i ? " " : ""), graph.node[i].op->name);
    return text;
}

/* A projection, the sum behind it (its terms in either order) and a norm of the sum, which goes on. */
static void layer(bool swapped, int *x, int *y, int *z)
{
    begin();
    *x = temp(T, D);
    const int p = product(*x, D, D);
    *y = sum(swapped ? p : *x, swapped ? *x : p, temp(T, D));
    const int w = value(ASSAY_VALUE_WEIGHT, 1, D, "norm");
    *z = temp(T, D);
    assay_node *n = assay_graph_call(&graph, "rmsnorm", "RC", LIST(T, D), "x w y", OF(*y, w, *z), 1);
    assay_graph_set(&graph, n, "eps", 0.25);
    sum(*y, *z, temp(T, D));
}

START_TEST(either)
{
    for (int swapped = 0; swapped < 2; swapped++) {
        int x, y, z;
        layer(swapped, &x, &y, &z);
        ck_assert_str_eq(fused_by(every, NULL), "matmul_add rmsnorm add");
        const int want[] = { x, -1, -1, x, y };
        for (int k = 0; k < 5; k++)
            ck_assert_msg(k == 1 || graph.node[0].operand[k] == want[k], "operand %d", k);
        assay_graph_free(&graph);
        layer(swapped, &x, &y, &z);
        ck_assert_str_eq(fused_by(only, "add_rmsnorm"), "matmul add_rmsnorm add");
        const assay_node *n = &graph.node[1];
        ck_assert_int_eq(n->operand[3], z);
        ck_assert_int_eq(n->operand[4], y);
        ck_assert(((const assay_rmsnorm_params *)n->params)->eps == 0.25f);
        assay_graph_free(&graph);
    }
    int x, y, z;
    layer(false, &x, &y, &z);
    ck_assert_str_eq(fused_by(only, "none"), "matmul add rmsnorm add");
    assay_graph_free(&graph);
}
END_TEST

/* A net with a gate: three calls become one, and not if its terms are another's. */
START_TEST(gates)
{
    for (int other = 0; other < 2; other++) {
        begin();
        const int x = temp(T, D), h = temp(T, D), gate = product(x, N, D), up = product(other ? h : x, N, D);
        assay_graph_call(&graph, "swiglu", "RC", LIST(T, N), "gate up y", OF(gate, up, temp(T, N)), 0);
        ck_assert_str_eq(fused_by(every, NULL), other ? "matmul matmul swiglu" : "gate_up");
        assay_graph_free(&graph);
    }
}
END_TEST

/* The form of gelu is the fused op's; a value that somebody else needs, or that is an answer, keeps its call. */
START_TEST(kept)
{
    for (int how = 0; how < 4; how++) {
        begin();
        const int p = product(temp(T, D), N, D), y = temp(T, N);
        assay_node *n = assay_graph_call(&graph, "gelu", "RC", LIST(T, N), "x y", OF(p, y), 0);
        assay_graph_set(&graph, n, "form", ASSAY_GELU_QUICK);
        if (how == 1)
            assay_graph_call(&graph, "add", "RC", LIST(T, N), "a b y", OF(p, y, temp(T, N)), 0);
        if (how == 2)
            graph.logits = p;
        if (how == 3)
            assay_graph_tail(&graph, p);
        static const char *const want[] = { "matmul_gelu", "matmul gelu add", "matmul gelu", "matmul gelu" };
        ck_assert_str_eq(fused_by(every, NULL), want[how]);
        if (how == 0)
            ck_assert_int_eq(((const assay_gelu_params *)graph.node[0].params)->form, ASSAY_GELU_QUICK);
        assay_graph_free(&graph);
    }
}
END_TEST

/* Calls of two passes, and of other lengths, are no run. */
START_TEST(apart)
{
    begin();
    const int x = temp(T, D), p = product(x, D, D);
    graph.pass = ASSAY_PASS_ENCODE;
    sum(x, p, temp(T, D));
    ck_assert_str_eq(fused_by(every, NULL), "matmul add");
    assay_graph_free(&graph);
    begin();
    const int a = temp(T, D), q = product(a, D, D);
    assay_graph_call(&graph, "add", "RC", LIST(L, D), "a b y", OF(a, q, temp(L, D)), 0);
    ck_assert_str_eq(fused_by(every, NULL), "matmul add");
    assay_graph_free(&graph);
}
END_TEST

Suite *assay_unit_fuse(void)
{
    Suite *s = suite_create("fuse");
    TCase *c = tcase_create("fuse");
    tcase_set_tags(c, "add add_rmsnorm gate_up gelu matmul matmul_gelu rmsnorm swiglu");
    tcase_add_test(c, either);
    tcase_add_test(c, gates);
    tcase_add_test(c, kept);
    tcase_add_test(c, apart);
    suite_add_tcase(s, c);
    return s;
}
