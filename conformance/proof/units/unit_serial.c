/* SPDX-License-Identifier: MIT
 * Sessions of serial graphs: steps of many tokens are steps of one each, a state begins at 0 and goes back to nothing
 * else, and an encoder's rows are gone over forth and back.  The state is s = s / 2 + E[id], whose numbers are exact.
 */
#include "../../../reference/core/registry.h"
#include "../../../reference/models/session.h"
#include "../../../reference/models/stack.h"
#include "unit.h"
#include <stdlib.h>
#include <string.h>

enum { V = 4, D = 2, ROWS = 3, L = ASSAY_DIM_L, T = ASSAY_DIM_T, N = ASSAY_DIM_N };
static const float table[V * D] = { 1, -8, 2, 4, -16, 32, 64, 1 };

static int values(assay_graph *g, assay_value_kind kind, int64_t rows, int64_t width, const char *name)
{
    return assay_graph_value(g, kind, ASSAY_f32, 2, ASSAY_LIST(rows, width), "%s", name);
}

static int looked_up(assay_graph *g, int64_t rows, const char *name)
{
    float *copy = malloc(sizeof table);
    memcpy(copy, table, sizeof table);
    const int e = assay_graph_constant(g, copy, V * D, "table"), y = values(g, ASSAY_VALUE_TEMP, rows, D, name);
    const int ids = assay_graph_value(g, ASSAY_VALUE_IDS, ASSAY_i32, 1, ASSAY_LIST(T), "ids");
    assay_graph_call(g, "embedding", "TVD", ASSAY_LIST(rows, V, D), "ids table y", ASSAY_OF(ids, e, y), -1);
    return y;
}

/* state = state / 2 + x, and the same in `also`. */
static int goes_on(assay_graph *g, int x, int also, const char *name)
{
    const int s = values(g, ASSAY_VALUE_STATE, 1, D, name), y = values(g, ASSAY_VALUE_TEMP, 1, D, "half");
    const int half = values(g, ASSAY_VALUE_SAME, 1, D, "factor");
    g->value[half].fill = 0.5;
    assay_graph_call(g, "mul", "RC", ASSAY_LIST(1, D), "a b y", ASSAY_OF(s, half, y), -1);
    if (also >= 0)
        assay_graph_call(g, "add", "RC", ASSAY_LIST(1, D), "a b y", ASSAY_OF(y, x, also), -1);
    assay_graph_call(g, "add", "RC", ASSAY_LIST(1, D), "a b y", ASSAY_OF(y, x, s), -1);
    return s;
}

static assay_graph steps(void)
{
    assay_graph g = { .steps = true, .serial = true, .hidden = -1, .vocab = V, .width = D, .family = "halves" };
    const int s = goes_on(&g, looked_up(&g, 1, "x"), -1, "state"), none = values(&g, ASSAY_VALUE_SAME, L, D, "none");
    g.logits = values(&g, ASSAY_VALUE_TEMP, L, D, "logits");
    assay_graph_call(&g, "add", "RC", ASSAY_LIST(L, D), "a b y", ASSAY_OF(s, none, g.logits), -1);
    ck_assert_int_eq(g.status, ASSAY_OK);
    return g;
}

/* A step answers with what both directions left at the row of its id. */
static assay_graph both_ways(void)
{
    assay_graph g = { .steps = true, .encodes = true, .serial = true, .hidden = -1, .vocab = ROWS, .width = 2 * D };
    const int memory = values(&g, ASSAY_VALUE_STATE, N, 2 * D, "memory");
    g.pass = ASSAY_PASS_ENCODE;
    const int x = looked_up(&g, T, "x");
    for (int way = 0; way < 2; way++) {
        g.pass = way ? ASSAY_PASS_BACK : ASSAY_PASS_FORTH;
        goes_on(&g, assay_graph_at(&g, x, 1, 0, 1, D), assay_graph_at(&g, memory, 2, way, 1, D),
                way ? "back" : "forth");
    }
    g.pass = ASSAY_PASS_STEP;
    const int ids = assay_graph_value(&g, ASSAY_VALUE_IDS, ASSAY_i32, 1, ASSAY_LIST(T), "ids");
    g.logits = values(&g, ASSAY_VALUE_TEMP, L, 2 * D, "logits");
    assay_graph_call(&g, "embedding", "TVD", ASSAY_LIST(L, ROWS, 2 * D), "ids table y", ASSAY_OF(ids, memory, g.logits),
                     -1);
    ck_assert_int_eq(g.status, ASSAY_OK);
    return g;
}

static assay_session *session(assay_graph *g, const char *how, int64_t tokens, int64_t room)
{
    assay_impl impl;
    assay_session *s;
    assay_why why = { "" };
    ck_assert_int_eq(assay_impl_parse(how, assay_cpu(), &impl, &why), ASSAY_OK);
    ck_assert_msg(assay_session_make(g, &impl, tokens, tokens, 16, room, 1, &s, &why) == ASSAY_OK, "%s", why.text);
    return s;
}

static void row_is(const assay_session *s, int64_t row, const double *want, int n)
{
    double got[2 * D];
    assay_session_logits(s, row, got);
    for (int i = 0; i < n; i++)
        ck_assert_msg(got[i] == want[i], "row %d: number %d is %.17g, not %.17g", (int)row, i, got[i], want[i]);
}

static const int32_t text[5] = { 3, 0, 2, 2, 1 };
static const double states[5][D] = { { 64, 1 }, { 33, -7.5 }, { 0.5, 28.25 }, { -15.75, 46.125 }, { -5.875, 27.0625 } };

START_TEST(chunks)
{
    static const char *const how[] = { "oracle", "scalar", "best" };
    assay_graph g = steps();
    assay_why why = { "" };
    for (int h = 0; h < 3; h++) {
        assay_session *s = session(&g, how[h], 5, 0);
        ck_assert_int_eq(assay_session_warm(s, 5, &why), ASSAY_OK);
        for (int chunk = 1; chunk <= 5; chunk++) {
            ck_assert_int_eq(assay_session_rewind(s, 0, &why), ASSAY_OK);
            for (int at = 0; at < 5; at += chunk) {
                const int n = 5 - at < chunk ? 5 - at : chunk, asked = n < 2 ? n : 2; /* of the last tokens */
                ck_assert_int_eq(assay_session_step(s, text + at, n, asked, &why), ASSAY_OK);
                for (int i = 0; i < asked; i++)
                    row_is(s, i, states[at + n - asked + i], D);
            }
            ck_assert_int_eq(assay_session_past(s), 5);
        }
        assay_session_free(s);
    }
    assay_graph_free(&g);
}
END_TEST

START_TEST(back)
{
    assay_graph g = steps();
    assay_why why = { "" };
    assay_session *s = session(&g, "oracle", 5, 0);
    ck_assert_int_eq(assay_session_step(s, text, 3, 0, &why), ASSAY_OK);
    ck_assert_int_eq(assay_session_rewind(s, 2, &why), ASSAY_UNSUPPORTED);
    ck_assert_str_eq(why.text, "family halves: the state behind 3 tokens cannot go back to that behind 2");
    ck_assert_int_eq(assay_session_rewind(s, 3, &why), ASSAY_OK); /* where it is */
    ck_assert_int_eq(assay_session_step(s, text + 3, 1, 1, &why), ASSAY_OK);
    row_is(s, 0, states[3], D);
    const int32_t beyond[] = { 0, V };
    ck_assert_int_eq(assay_session_step(s, beyond, 2, 0, &why), ASSAY_ERR_ARG);
    ck_assert_int_eq(assay_session_past(s), 4); /* none of them was taken */
    assay_session_free(s);
    assay_graph_free(&g);
}
END_TEST

START_TEST(encoder)
{
    static const double left[ROWS][2 * D] = { { 64, 1, 60.5, 5 }, { 33, -7.5, -7, 8 }, { 0.5, 28.25, -16, 32 } };
    static const int32_t order[] = { 1, 2, 0 };
    static const char *const how[] = { "oracle", "scalar", "best" };
    assay_graph g = both_ways();
    assay_why why = { "" };
    for (int h = 0; h < 3; h++) {
        assay_session *s = session(&g, how[h], 3, ROWS);
        for (int again = 0; again < 2; again++) {
            ck_assert_int_eq(assay_session_encode(s, &(assay_source){ .ids = text, .T = ROWS }, &why), ASSAY_OK);
            ck_assert_int_eq(assay_session_step(s, order, 3, 3, &why), ASSAY_OK);
            for (int i = 0; i < 3; i++)
                row_is(s, i, left[order[i]], 2 * D);
        }
        ck_assert_int_eq(assay_session_rewind(s, 0, &why), ASSAY_UNSUPPORTED); /* where to, only the encoder knows */
        assay_session_free(s);
    }
    assay_graph_free(&g);
}
END_TEST

Suite *assay_unit_serial(void)
{
    Suite *s = suite_create("serial");
    TCase *c = tcase_create("serial");
    tcase_add_test(c, chunks);
    tcase_add_test(c, back);
    tcase_add_test(c, encoder);
    suite_add_tcase(s, c);
    return s;
}
