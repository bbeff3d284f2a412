/* SPDX-License-Identifier: MIT
 * vector.c - problems whose operands stand in vector files, such as those that `assay run --capture` keeps. */
#include "../reference/core/status.h"
#include "../vectors/vector.h"
#include "bench.h"
#include <string.h>

assay_status bench_case(const bench_session *s, const char *line, assay_case *c, assay_why *why)
{
    if (!s->vector)
        return assay_case_parse(line, c, why);
    *c = s->vector->c;
    return ASSAY_OK;
}

assay_status bench_problem(bench_session *s, const assay_case *c, assay_problem *p, assay_why *why)
{
    if (!s->vector)
        return assay_problem_make(c, p, why);
    *p = *s->vector;
    *s->vector = (assay_problem){ 0 };
    return ASSAY_OK;
}

/* The file's name without its folder and ".safetensors". */
static void stem(const char *path, char *name, size_t n)
{
    const char *slash = strrchr(path, '/'), *base = slash ? slash + 1 : path, *dot = strstr(base, ".safetensors");
    snprintf(name, n, "vector:%.*s", dot ? (int)(dot - base) : (int)strlen(base), base);
    for (char *c = name; *c; c++)
        *c = *c == ' ' || *c == '/' ? '_' : *c;
}

assay_status bench_vector_rows(bench_session *s)
{
    assay_status st = ASSAY_OK;
    for (int i = 0; i < s->o->n_vectors && !st; i++) {
        assay_vector v;
        char name[128], line[ASSAY_CASE_LINE];
        st = assay_vector_load(s->o->vector[i], NULL, &v, &s->why);
        if (st)
            return st;
        stem(s->o->vector[i], name, sizeof name);
        assay_case_print(&v.p.c, line, sizeof line);
        s->vector = &v.p;
        st = s->o->filter.kernel_b || s->build_b ? bench_pairs(s, line, name) : bench_rows(s, line, name, 0);
        s->vector = NULL;
        assay_vector_free(&v);
    }
    return st;
}
