/* SPDX-License-Identifier: MIT
 * The roofline: what kernels reach, against how much they compute per byte. */
#include "report.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { COLOURS = 7, MOST_ROOFS = 64 }; /* ops with a colour of their own */
#define NEAR 1.6                       /* two roofs whose names need the same place */

typedef struct roof {
    double value;
    const char *name;
} roof;

typedef struct frame { /* what the axes show, and where roofs meet */
    double x_low, x_high, y_low, y_high, top, fastest;
} frame;

static int downwards(const void *a, const void *b)
{
    const roof *x = a, *y = b;
    return (x->value < y->value) - (x->value > y->value);
}

static int roofs_of(const report *r, const char *kind, roof *all)
{
    const cJSON *c;
    int n = 0;
    EACH (c, member(r->bench, "roofs"))
        if (row_is(c, "kind", kind) && member_number(c, "threads", 1) == 1 && n < MOST_ROOFS &&
            member_number(c, "value", 0) > 0)
            all[n++] = (roof){ member_number(c, "value", 0), member_text(c, "name", "?") };
    qsort(all, (size_t)n, sizeof *all, downwards);
    return n;
}

static bool has_point(const cJSON *row)
{
    return measured(row) && member_number(row, "threads", 1) == 1 && member_number(row, "gflops", 0) > 0 &&
           member_number(row, "bytes", 0) > 0 && member_number(row, "flops", 0) > 0 && !row_is(row, "kernel", "scalar");
}

static double intensity(const cJSON *row)
{
    return member_number(row, "flops", 0) / member_number(row, "bytes", 1);
}

/* A block: value, where the line begins, of reading where it ends, name.  Where two names would need the same
 * place they stand together at the higher one. */
static void roof_lines(FILE *f, const roof *all, int n, bool compute, const frame *a)
{
    fputs("\n\n", f);
    for (int i = 0, next; i < n; i = next) {
        char names[400] = "";
        for (next = i; next < n && all[next].value * NEAR >= all[i].value; next++)
            text_add(names, sizeof names, "%s%s", next > i ? ", " : "", all[next].name);
        for (int k = i; k < next; k++) {
            const double v = all[k].value;
            if (compute)
                fprintf(f, "%.6g %.6g", v, fmax(a->x_low, v / a->fastest));
            else
                fprintf(f, "%.6g %.6g %.6g", v, fmax(a->x_low, a->y_low / v), fmin(a->x_high, a->top / v));
            fprintf(f, " %s\n", data_word("%s", k > i ? "" : names));
        }
    }
    if (!n)
        fputs("1e-30 1e-30 1e-30 \"\"\n", f);
}

/* Ops by how many points they have, those with most first; all others are one. */
static int ops_of(const report *r, const char *op[COLOURS])
{
    const cJSON *row;
    static tally t;
    memset(&t, 0, sizeof t);
    EACH (row, member(r->bench, "benchmarks"))
        if (has_point(row))
            tally_add(&t, member_text(row, "op", "?"), "points", 1);
    int n = 0;
    for (; n < COLOURS; n++) {
        int best = -1;
        for (int i = 0; i < t.n_rows; i++)
            if (t.count[i][0] > 0 && strcmp(t.row[i], "others") && (best < 0 || t.count[i][0] > t.count[best][0]))
                best = i;
        if (best < 0)
            break;
        op[n] = t.row[best];
        t.count[best][0] = 0;
    }
    return n;
}

/* Points of an op; op NULL: of all that are not in the list.  How many. */
static int points(const report *r, FILE *f, const char *op, const char *const *others, int n)
{
    const cJSON *row;
    int found = 0;
    EACH (row, member(r->bench, "benchmarks")) {
        bool mine = has_point(row) && (!op || row_is(row, "op", op));
        for (int i = 0; mine && !op && i < n; i++)
            mine = !row_is(row, "op", others[i]);
        if (!mine)
            continue;
        if (!found++)
            fprintf(f, "\n\n- %s\n", data_word("%s", op ? op : "other ops"));
        fprintf(f, "%.6g %.6g\n", intensity(row), member_number(row, "gflops", 0));
    }
    return found;
}

/* The hot rows with the largest and the smallest share, and the one that computes most a second. */
static void extremes(const report *r, FILE *f, const frame *a, char *words, size_t n)
{
    const cJSON *row, *which[3] = { NULL };
    EACH (row, member(r->bench, "benchmarks")) {
        const double share = member_number(row, "share", -1);
        if (!has_point(row) || !row_is(row, "cache", "hot") || share < 0 || share > 1.05)
            continue;
        which[0] = which[0] && member_number(which[0], "share", 0) >= share ? which[0] : row;
        which[1] = which[1] && member_number(which[1], "share", 0) <= share ? which[1] : row;
        which[2] = which[2] && member_number(which[2], "gflops", 0) >= member_number(row, "gflops", 0) ? which[2] : row;
    }
    fputs("\n\n", f);
    for (int i = 0; i < 3; i++)
        if (which[i] && (!i || which[i] != which[0])) {
            fprintf(f, "%.6g %.6g %s %d\n", intensity(which[i]), member_number(which[i], "gflops", 0),
                    data_word("%s %s: %.0f %%", member_text(which[i], "op", "?"), member_text(which[i], "kernel", "?"),
                              100 * member_number(which[i], "share", 0)),
                    log(intensity(which[i]) / a->x_low) > 0.5 * log(a->x_high / a->x_low));
            text_add(words, n, "%s%s %s, %s, %.0f %%", words[0] ? "; " : "", member_text(which[i], "op", "?"),
                     member_text(which[i], "kernel", "?"), member_text(which[i], "workload", "?"),
                     100 * member_number(which[i], "share", 0));
        }
    if (!which[0])
        fprintf(f, "1e-30 1e-30 \"\" 0\n");
}

void section_roofline(report *r)
{
    const cJSON *row;
    const char *op[COLOURS];
    roof compute[MOST_ROOFS] = { { 0, NULL } }, memory[MOST_ROOFS] = { { 0, NULL } };
    frame a = { 1e30, 0, 1e30, 0, 0, 0 };
    EACH (row, member(r->bench, "benchmarks"))
        if (has_point(row)) {
            a.x_low = fmin(a.x_low, intensity(row)), a.x_high = fmax(a.x_high, intensity(row));
            a.y_low = fmin(a.y_low, member_number(row, "gflops", 0));
        }
    if (a.x_high <= 0)
        return;
    const int n = roofs_of(r, "compute", compute), m = roofs_of(r, "memory", memory), ops = ops_of(r, op);
    a.top = n ? compute[0].value : 1e30;
    a.fastest = m ? memory[0].value : 1e30;
    a.x_low = a.x_low / 2;
    a.x_high *= 12;
    a.y_low /= 2;
    a.y_high = n ? 2.2 * a.top : 1e4;
    FILE *f = page_data(r, "roofline"), *list = NULL;
    char *text = NULL, words[512] = "", caption[1200];
    size_t size = 0;
    if (!f || !(list = open_memstream(&text, &size)))
        return;
    int blocks = 0;
    for (int i = 0; i < ops; i++)
        blocks += points(r, list, op[i], NULL, 0) > 0;
    blocks += points(r, list, NULL, op, ops) > 0;
    fclose(list);
    fprintf(f, "%d %.6g %.6g %.6g %.6g\n", blocks, a.x_low, a.x_high, a.y_low, a.y_high);
    roof_lines(f, compute, n, true, &a);
    roof_lines(f, memory, m, false, &a);
    extremes(r, f, &a, words, sizeof words);
    fputs(text ? text : "", f);
    free(text);
    page_data_end(r);
    page_heading(r, "Roofline");
    snprintf(
        caption, sizeof caption,
        "One thread, hot and cold, without the scalar reference. Each point is a kernel on a workload, coloured by op. "
        "Lines are the roofs measured in the same run: arithmetic per tier (dashed), reading per cache level; each "
        "begins or ends where it meets the other kind. Ringed are the largest and the smallest share of a roof and the "
        "highest rate: %s.",
        words[0] ? words : "n/a");
    page_figure(r, "roofline", "What kernels reach, against how much they compute per byte", caption);
}
