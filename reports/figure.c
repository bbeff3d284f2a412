/* SPDX-License-Identifier: MIT
 * Pictures, drawn by gnuplot from data/NAME.dat into figures/NAME.svg.  It is started without a shell, in the folder of
 * the report, so that no path of the user's is part of what it reads; its scripts (*.gp) are part of this program. */
#include "../reference/core/plain.h"
#include "../reference/core/tool.h"
#include "report.h"
#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

static const struct {
    const char *name, *script;
} scripts[] = {
#define FIGURE(name, script) { #name, script },
#include "figures.def"
#undef FIGURE
};

static const char *script_of(const char *name)
{
    for (size_t i = 0; i < sizeof scripts / sizeof *scripts; i++)
        if (!strcmp(scripts[i].name, name))
            return scripts[i].script;
    return "";
}

void figure_begin(report *r)
{
    static const char *const argv[] = { "gnuplot", "--version", NULL };
    r->gnuplot = assay_tool(argv, NULL, NULL, NULL) >= 0 || errno != ENOENT;
}

FILE *page_data(report *r, const char *name)
{
    char path[256];
    snprintf(path, sizeof path, "data/%s.dat", name);
    mkdir("data", 0777);
    const assay_status s = assay_save_open(&r->data, path, &r->why);
    return s ? NULL : r->data.f;
}

const char *data_word(const char *format, ...)
{
    static char word[1200];
    char text[500];
    FILE *f = fmemopen(word, sizeof word, "w");
    va_list ap;
    va_start(ap, format);
    vsnprintf(text, sizeof text, format, ap);
    va_end(ap);
    if (!f)
        return "\"?\"";
    fputc('"', f);
    assay_plain_put(f, ASSAY_PLOT, text, strlen(text));
    fputc('"', f);
    fclose(f);
    return word;
}

void page_data_end(report *r)
{
    assay_save_commit(&r->data, &r->why);
}

/* The whole picture as text, to be freed; NULL: it is not whole. */
static char *read_back(FILE *f)
{
    static const char last[] = "</svg>";
    const size_t end = sizeof last - 1;
    const long size = fseek(f, 0, SEEK_END) ? -1 : ftell(f);
    char *text = size > 0 ? malloc((size_t)size + 1) : NULL;
    rewind(f);
    size_t n = text ? fread(text, 1, (size_t)size, f) : 0;
    while (n && text[n - 1] == '\n')
        n--;
    if (n < end || memcmp(text + n - end, last, end) != 0) {
        free(text);
        return NULL;
    }
    text[n] = 0;
    return text;
}

/* What it said last, in a sentence. */
static void complain(const char *name, int status, FILE *err)
{
    char line[200], last[200] = "";
    rewind(err);
    while (fgets(line, sizeof line, err))
        if (line[strspn(line, " \n")])
            snprintf(last, sizeof last, "%s", line + strspn(line, " "));
    last[strcspn(last, "\n")] = 0;
    fprintf(stderr, "assay report: gnuplot did not draw %s: exit status %d%s%s\n", name, status, last[0] ? ": " : "",
            assay_plain(last));
}

/* The whole picture, to be freed, or NULL: why has been said. */
static char *draw(const char *name)
{
    static const char *const argv[] = { "gnuplot", "--default-settings", "-", NULL };
    FILE *script = tmpfile(), *picture = tmpfile(), *err = tmpfile();
    char *svg = NULL;
    if (script && picture && err) {
        fprintf(script, "data = 'data/%s.dat'\n%s%s", name, script_of("style"), script_of(name));
        rewind(script); /* flushes: gnuplot reads the file behind it */
        const int status = assay_tool(argv, script, picture, err);
        svg = status ? NULL : read_back(picture);
        if (!svg)
            complain(name, status, err);
    } else
        fprintf(stderr, "assay report: no temporary file for %s: %s\n", name, strerror(errno));
    FILE *const all[] = { script, picture, err };
    for (int i = 0; i < 3; i++)
        if (all[i])
            fclose(all[i]);
    return svg;
}

void page_figure(report *r, const char *name, const char *caption)
{
    char path[256];
    if (r->why.text[0]) /* its numbers, perhaps: there will be no page */
        return;
    char *svg = r->gnuplot ? draw(name) : NULL;
    if (!svg) {
        page_text(r, "(no picture: %s; the numbers are in data/%s.dat)",
                  r->gnuplot ? "gnuplot failed" : "gnuplot is not installed", name);
        r->undrawn += r->gnuplot;
        return;
    }
    snprintf(path, sizeof path, "figures/%s.svg", name);
    mkdir("figures", 0777);
    assay_save_text(path, svg, &r->why);
    const char *inside = strstr(svg, "<svg"); /* the XML prologue does not belong into HTML */
    fprintf(r->html, "<figure><div class=art>%s</div><figcaption>", inside ? inside : "");
    assay_plain_put(r->html, ASSAY_MARKUP, caption, strlen(caption));
    fputs("</figcaption></figure>\n", r->html);
    fprintf(r->md, "\n![%s](%s)\n\n%s\n", name, path, caption);
    free(svg);
}
