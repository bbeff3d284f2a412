/* SPDX-License-Identifier: MIT */
#include "kept.h"
#include "../../reference/core/file.h"
#include "../../reference/core/save.h"
#include "../../reference/core/secret.h"
#include "../../reference/core/status.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { NAME = 160 };

static const char head[] =
    "# Cases that `assay check --for` saw fail, and the kernels that failed them. The next search begins with them\n"
    "# and drops a case when all of these kernels pass it.\n";

static char *copy(const char *text, size_t n)
{
    char *to = strndup(text, n);
    if (!to)
        abort();
    return to;
}

/* Text without the blanks around it. */
static assay_span trimmed(const char *text, size_t n)
{
    while (n && (*text == ' ' || *text == '\t'))
        text++, n--;
    while (n && (text[n - 1] == ' ' || text[n - 1] == '\t' || text[n - 1] == '\r'))
        n--;
    return (assay_span){ text, n };
}

/* The next part of a text up to a character; what is left stays in rest. */
static assay_span part(assay_span *rest, char end)
{
    const char *at = rest->n ? memchr(rest->at, end, rest->n) : NULL;
    const size_t n = at ? (size_t)(at - rest->at) : rest->n;
    const assay_span p = trimmed(rest->at, n);
    rest->at += n + (at != NULL), rest->n -= n + (at != NULL);
    return p;
}

const char *assay_kept_name(const char *kernel, char name[NAME])
{
    snprintf(name, NAME, "%s", kernel);
    for (char *c = name; *c; c++)
        *c = strchr(",;#", *c) ? '_' : *c;
    return name;
}

bool assay_kept_kernel(const assay_kept_line *l, int n, char name[NAME])
{
    assay_span rest = { l->kernels, l->kernels ? strlen(l->kernels) : 0 }, p = { NULL, 0 };
    for (int i = 0; i <= n; i++)
        p = part(&rest, ',');
    snprintf(name, NAME, "%.*s", (int)p.n, p.n ? p.at : "");
    return p.n > 0;
}

static assay_kept_line *another(assay_kept *k)
{
    k->line = assay_grown(k->line, k->n, sizeof *k->line);
    k->line[k->n] = (assay_kept_line){ .text = NULL };
    return &k->line[k->n++];
}

/* What stands behind a case. */
static void read_remark(assay_kept_line *l, assay_span remark)
{
    const assay_span kernels = part(&remark, ';');
    l->kernels = copy(kernels.at, kernels.n);
    while (remark.n) {
        char word[16], value[32];
        const assay_span p = part(&remark, ';');
        char *text = copy(p.at, p.n);
        if (sscanf(text, "%15s %31s", word, value) == 2) {
            if (!strcmp(word, "found"))
                free(l->found), l->found = copy(value, strlen(value));
            else if (!strcmp(word, "threads"))
                l->threads = atoi(value);
            else if (!strcmp(word, "secret"))
                snprintf(l->secret, sizeof l->secret, "%.15s", value);
        }
        free(text);
    }
}

static assay_status read_line(assay_kept *k, const char *text, size_t n, int number, assay_why *why)
{
    assay_span remark = { text, n };
    const assay_span line = part(&remark, '#');
    assay_kept_line *l = another(k);
    assay_case c;
    assay_why says = { "" };
    if (!line.n) {
        l->text = copy(text, n);
        return ASSAY_OK;
    }
    snprintf(l->line, sizeof l->line, "%.*s", (int)line.n, line.at);
    if (line.n >= sizeof l->line)
        return assay_fail(why, ASSAY_ERR_ARG, "--keep %.60s: line %d is longer than %d characters", k->path, number,
                          ASSAY_CASE_LINE - 1);
    if (assay_case_parse(l->line, &c, &says))
        return assay_fail(why, ASSAY_ERR_ARG, "--keep %.60s: line %d: %.150s", k->path, number, says.text);
    read_remark(l, remark);
    return ASSAY_OK;
}

assay_status assay_kept_open(assay_kept *k, const char *path, assay_why *why)
{
    assay_map m;
    *k = (assay_kept){ .path = path };
    if (access(path, F_OK) && errno == ENOENT)
        return ASSAY_OK;
    assay_status st = assay_map_open(path, &m, why);
    if (st)
        return st;
    const char *at = (const char *)m.data, *end = at + m.n;
    for (int number = 1; !st && at < end; number++) {
        const char *stop = memchr(at, '\n', (size_t)(end - at));
        stop = stop ? stop : end;
        st = memchr(at, 0, (size_t)(stop - at))
                 ? assay_fail(why, ASSAY_ERR_FORMAT, "--keep %.60s: line %d is no text", path, number)
                 : read_line(k, at, (size_t)(stop - at), number, why);
        at = stop + 1;
    }
    assay_map_close(&m);
    return st;
}

void assay_kept_free(assay_kept *k)
{
    for (size_t i = 0; i < k->n; i++) {
        free(k->line[i].text);
        free(k->line[i].kernels);
        free(k->line[i].found);
    }
    free(k->line);
    *k = (assay_kept){ .path = NULL };
}

assay_status assay_kept_write(const assay_kept *k, assay_why *why)
{
    assay_save s;
    const assay_status st = assay_save_open(&s, k->path, why);
    if (st)
        return st;
    for (size_t i = 0; i < k->n; i++) {
        const assay_kept_line *l = &k->line[i];
        if (l->gone)
            continue;
        fprintf(s.f, "%s", l->text ? l->text : l->line);
        if (l->kernels && (*l->kernels || l->found))
            fprintf(s.f, "  # %s", l->kernels);
        if (l->found)
            fprintf(s.f, "; found %s", l->found);
        if (l->threads)
            fprintf(s.f, "; threads %d", l->threads);
        if (l->secret[0])
            fprintf(s.f, "; secret %s", l->secret);
        fputc('\n', s.f);
    }
    return assay_save_commit(&s, why);
}

bool assay_kept_names(const assay_kept_line *l, const char *kernel)
{
    char name[NAME], one[NAME];
    bool any = false;
    assay_kept_name(kernel, name);
    for (int n = 0; !any && assay_kept_kernel(l, n, one); n++)
        any = !strcmp(one, name);
    return any;
}

assay_status assay_kept_add(assay_kept *k, const char *line, const char *kernel, int threads, assay_why *why)
{
    const char *secret = assay_secret_name() ? assay_secret_name() : "";
    const int team = threads > 1 ? threads : 0;
    char name[NAME], *all, day[16] = "";
    const time_t now = time(NULL);
    struct tm tm;
    size_t i = 0;
    assay_kept_name(kernel, name);
    while (i < k->n && (k->line[i].text || k->line[i].gone || strcmp(k->line[i].line, line) != 0 ||
                        k->line[i].threads != team || strcmp(k->line[i].secret, secret) != 0))
        i++;
    if (i < k->n && assay_kept_names(&k->line[i], kernel))
        return ASSAY_OK;
    if (!k->n)
        another(k)->text = copy(head, strlen(head) - 1), i++;
    assay_kept_line *l = i < k->n ? &k->line[i] : another(k);
    if (asprintf(&all, "%s%s%s", l->kernels ? l->kernels : "", l->kernels && *l->kernels ? ", " : "", name) < 0)
        abort();
    free(l->kernels);
    l->kernels = all;
    l->threads = team;
    snprintf(l->line, sizeof l->line, "%s", line);
    snprintf(l->secret, sizeof l->secret, "%s", secret);
    if (!l->found && gmtime_r(&now, &tm) && strftime(day, sizeof day, "%Y-%m-%d", &tm))
        l->found = copy(day, strlen(day));
    return assay_kept_write(k, why);
}
