/* SPDX-License-Identifier: MIT
 * Rows as Google Benchmark 1.7 writes them: a line for each repetition, then mean, median, stddev and cv of all, which
 * its compare.py takes for its U test.  A family is an op's kernel; several runs are one run of more repetitions. */
#include "../reference/core/status.h"
#include "../reference/core/student.h"
#include "compare.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

typedef struct series {
    double *real, *cpu; /* nanoseconds per call, of each repetition */
    int64_t *iterations;
    int n;
} series;

static void put(const compare_row *r, const char *suffix, const int family[2], const series *s, assay_json *j)
{
    char name[512];
    snprintf(name, sizeof name, "%.400s%s%s", r->name, *suffix ? "_" : "", suffix);
    assay_json_open(j, NULL, '{');
    assay_json_str(j, "name", name);
    assay_json_int(j, "family_index", family[0]);
    assay_json_int(j, "per_family_instance_index", family[1]);
    assay_json_str(j, "run_name", r->name);
    assay_json_str(j, "run_type", *suffix ? "aggregate" : "iteration");
    assay_json_int(j, "repetitions", s->n);
}

static void put_times(int64_t iterations, double real, double cpu, assay_json *j)
{
    assay_json_int(j, "iterations", iterations);
    assay_json_num(j, "real_time", real);
    assay_json_num(j, "cpu_time", cpu);
    assay_json_str(j, "time_unit", "ns");
    assay_json_close(j);
}

typedef struct moments {
    double value[4]; /* mean, median, stddev, cv; sorts x */
} moments;

static moments moments_of(double *x, int n)
{
    double sum = 0, squares = 0;
    for (int i = 0; i < n; i++)
        sum += x[i];
    const double mean = sum / n;
    for (int i = 0; i < n; i++)
        squares += (x[i] - mean) * (x[i] - mean);
    const double deviation = n > 1 ? sqrt(squares / (n - 1)) : 0;
    return (moments){ { mean, assay_median(x, n), deviation, mean > 0 ? deviation / mean : 0 } };
}

static void put_row(const compare_row *r, const int family[2], series *s, assay_json *j)
{
    static const char *const name[] = { "mean", "median", "stddev", "cv" };
    const int64_t threads = (int64_t)member_number(r->entry->item, "threads", 1);
    for (int i = 0; i < s->n; i++) {
        put(r, "", family, s, j);
        assay_json_int(j, "repetition_index", i);
        assay_json_int(j, "threads", threads);
        put_times(s->iterations[i], s->real[i], s->cpu[i], j);
    }
    const moments real = moments_of(s->real, s->n), cpu = moments_of(s->cpu, s->n);
    for (int k = 0; k < 4 && s->n > 1; k++) { /* as there: of one repetition there are none */
        put(r, name[k], family, s, j);
        assay_json_int(j, "threads", threads);
        assay_json_str(j, "aggregate_name", name[k]);
        assay_json_str(j, "aggregate_unit", k == 3 ? "percentage" : "time");
        put_times(s->n, real.value[k], cpu.value[k], j);
    }
}

static bool add(series *s, const compare_entry *e)
{
    const cJSON *real = member(e->item, "samples"), *cpu = member(e->item, "cpu_samples"), *a,
                *b = cpu ? cpu->child : NULL;
    if (real && cJSON_GetArraySize(real) != cJSON_GetArraySize(cpu))
        return false;
    EACH (a, real) {
        if (!cJSON_IsNumber(b) || !isfinite(b->valuedouble))
            return false;
        s->real = assay_grown(s->real, (size_t)s->n, sizeof *s->real);
        s->cpu = assay_grown(s->cpu, (size_t)s->n, sizeof *s->cpu);
        s->iterations = assay_grown(s->iterations, (size_t)s->n, sizeof *s->iterations);
        s->iterations[s->n] = (int64_t)member_number(e->item, "iterations", 0);
        s->real[s->n] = a->valuedouble, s->cpu[s->n++] = b->valuedouble;
        b = b->next;
    }
    return true;
}

/* "op/kernel/" of a row's name. */
static size_t family_length(const char *name)
{
    const size_t op = strcspn(name, "/");
    return name[op] ? op + 1 + strcspn(name + op + 1, "/") : op;
}

/* Which family the row is of, and the how manyth of it; those of the rows before it stand in all. */
static void place(const compare *c, int (*all)[2], size_t row, int *families)
{
    const char *name = c->row[row].name;
    const size_t length = family_length(name);
    for (size_t k = row; k-- > 0;)
        if (family_length(c->row[k].name) == length && !strncmp(c->row[k].name, name, length)) {
            all[row][0] = all[k][0];
            all[row][1] = all[k][1] + 1;
            return;
        }
    all[row][0] = (*families)++;
    all[row][1] = 0;
}

assay_status compare_gbench(const compare *c, assay_json *j)
{
    assay_status s = ASSAY_OK;
    cJSON *context = cJSON_Duplicate(c->run[0].context, 1);
    char *text = cJSON_PrintUnformatted(context);
    int(*family)[2] = assay_room(c->n_rows, sizeof *family), families = 0;
    assay_json_open(j, NULL, '{');
    assay_json_raw(j, "context", text ? text : "{}");
    assay_json_open(j, "benchmarks", '[');
    for (size_t i = 0; !s && i < c->n_rows; i++) {
        const compare_row *r = &c->row[i];
        series all = { .n = 0 };
        for (int k = 0; !s && k < r->n[COMPARE_BASE]; k++)
            if (!add(&all, &r->entry[k]))
                s = assay_fail(c->why, ASSAY_ERR_ARG,
                               "%.120s: %.120s has no CPU time of each repetition: an older build measured it",
                               c->run[r->entry[k].run].path, r->name);
        place(c, family, i, &families);
        if (!s && all.n)
            put_row(r, family[i], &all, j);
        free(all.real);
        free(all.cpu);
        free(all.iterations);
    }
    assay_json_close(j);
    assay_json_close(j);
    cJSON_Delete(context);
    free(text);
    free(family);
    return s;
}
