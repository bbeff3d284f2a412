/* SPDX-License-Identifier: MIT */
#include "stated.h"
#include "../../reference/core/plain.h"
#include "../../reference/core/registry.h"
#include <errno.h>
#include <fnmatch.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

assay_status assay_stated_wrong(const assay_stated_file *f, const assay_stated *s, assay_why *why, const char *what,
                                const char *text)
{
    char shown[100];
    snprintf(shown, sizeof shown, "%.90s", text);
    return assay_fail(why, ASSAY_ERR_ARG, "%s %.80s, line %d: %s%s%s", f->option, f->path, s->number, what,
                      *text ? ": " : "", assay_plain(shown));
}

static char *trimmed(char *s)
{
    s += strspn(s, " \t");
    for (size_t n = strlen(s); n && strchr(" \t\r\n", s[n - 1]); n--)
        s[n - 1] = 0;
    return s;
}

/* The op, and keys that it has. */
static assay_status read_case(const char *text, const assay_op **op, assay_why *why)
{
    char words[ASSAY_STATED_LINE], *rest;
    snprintf(words, sizeof words, "%s", text);
    const char *name = strtok_r(words, " ", &rest);
    if (!name || !(*op = assay_op_find(name)))
        return assay_no_op(name ? name : "", why);
    for (char *word; (word = strtok_r(NULL, " ", &rest));) {
        char *value = strchr(word, '=');
        if (!value)
            return assay_fail(why, ASSAY_ERR_ARG, "%.60s: KEY=VALUE is needed", word);
        *value++ = 0;
        const assay_status s = assay_case_key(*op, word, value, why);
        if (s)
            return s;
    }
    return ASSAY_OK;
}

static assay_status read_line(assay_stated_file *f, int number, const char *text, int fields, const char *form, int at,
                              assay_why *why)
{
    f->line = assay_grown(f->line, f->n, sizeof *f->line);
    assay_stated *s = &f->line[f->n++];
    *s = (assay_stated){ number, strdup(text), assay_zeros((size_t)fields, sizeof *s->field), NULL };
    int n = 0;
    for (char *field = s->text; field && n < fields; n++) {
        char *bar = n + 1 < fields ? strchr(field, '|') : NULL;
        if (bar)
            *bar++ = 0;
        s->field[n] = trimmed(field);
        field = bar;
    }
    if (n < fields)
        return assay_stated_wrong(f, s, why, form, text);
    for (int i = 0; i < fields; i++)
        if (!*s->field[i])
            return assay_stated_wrong(f, s, why, form, "a field is empty");
    assay_why wrong = { "" };
    return read_case(s->field[at], &s->op, &wrong) ? assay_stated_wrong(f, s, why, "its case", wrong.text) : ASSAY_OK;
}

assay_status assay_stated_read(assay_stated_file *f, const char *option, const char *path, int fields, const char *form,
                               int at, assay_why *why)
{
    *f = (assay_stated_file){ .option = option, .path = path };
    FILE *file = fopen(path, "r");
    if (!file)
        return assay_fail(why, ASSAY_ERR_IO, "%s %.200s: %s", option, path, strerror(errno));
    char line[ASSAY_STATED_LINE];
    assay_status s = ASSAY_OK;
    assay_stated here = { 0 };
    while (!s && fgets(line, sizeof line, file)) {
        const size_t n = strlen(line);
        here.number++;
        if (!(n && line[n - 1] == '\n') && !feof(file)) /* too long, or a NUL in it */
            s = assay_stated_wrong(f, &here, why, "a line of text, under 4,095 bytes, is needed", "");
        else if (!assay_plain_is(trimmed(line)))
            s = assay_stated_wrong(f, &here, why, "a control character", trimmed(line));
        else if (*trimmed(line) && *trimmed(line) != '#')
            s = f->n == ASSAY_STATED_LINES ? assay_stated_wrong(f, &here, why, "more than 10,000 lines", "")
                                           : read_line(f, here.number, trimmed(line), fields, form, at, why);
    }
    if (!s && ferror(file))
        s = assay_fail(why, ASSAY_ERR_IO, "%s %.200s: %s", option, path, strerror(errno));
    fclose(file);
    return s || f->n ? s
                     : assay_fail(why, ASSAY_ERR_ARG, "%s %.200s: it has no line: %s is needed", option, path, form);
}

bool assay_stated_means(const assay_stated *s, const char *words, const assay_case *c)
{
    char line[2 * ASSAY_CASE_LINE], asked[ASSAY_STATED_LINE], *in_asked, *in_line;
    if (s->op != c->op)
        return false;
    snprintf(asked, sizeof asked, "%s", words);
    strtok_r(asked, " ", &in_asked);
    for (const char *word; (word = strtok_r(NULL, " ", &in_asked));) {
        bool met = false;
        assay_case_print_all(c, line, sizeof line);
        for (const char *have = strtok_r(line, " ", &in_line); have && !met; have = strtok_r(NULL, " ", &in_line))
            met = !fnmatch(word, have, 0);
        if (!met)
            return false;
    }
    return true;
}

void assay_stated_free(assay_stated_file *f)
{
    for (size_t i = 0; i < f->n; i++) {
        free(f->line[i].field);
        free(f->line[i].text);
    }
    free(f->line);
    *f = (assay_stated_file){ 0 };
}
