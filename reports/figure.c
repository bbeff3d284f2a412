/* SPDX-License-Identifier: MIT
 * Pictures, drawn by gnuplot from data/NAME.dat into figures/NAME.svg, by figures/NAME.gp, which holds the data, too,
 * and draws alone.  It is started without a shell, in the folder of the report, so that no path of the user's is part
 * of what it reads; its scripts (*.gp) are part of this program.  A phone is shown a narrow drawing of the same. */
#include "../reference/core/plain.h"
#include "../reference/core/plot.h"
#include "../reference/core/tool.h"
#include "report.h"
#include <ctype.h>
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

/* Of a figure in several parts, NAME-2: that of NAME. */
const char *embedded(const char *name)
{
    const size_t n = strcspn(name, "-");
    for (size_t i = 0; i < sizeof scripts / sizeof *scripts; i++)
        if (strlen(scripts[i].name) == n && !strncmp(scripts[i].name, name, n))
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

/* What draws the figure, data and all; to be freed. */
static char *script_for(const char *name, bool narrow)
{
    char path[256], block[4096], *script = NULL;
    size_t size = 0, n;
    snprintf(path, sizeof path, "data/%s.dat", name);
    FILE *data = fopen(path, "rb"), *f = data ? open_memstream(&script, &size) : NULL;
    if (f) {
        fprintf(f, "# draws itself: gnuplot %s.gp >%s.svg\nwidth = %d\nnarrow = %d\ndata = '$data'\n$data << EOD\n",
                name, name, narrow ? 400 : 960, narrow);
        while ((n = fread(block, 1, sizeof block, data)))
            fwrite(block, 1, n, f);
        fprintf(f, "EOD\n%s%s", embedded("style"), embedded(name));
        if (fclose(f))
            free(script), script = NULL;
    }
    if (data)
        fclose(data);
    return script;
}

/* A file inside the page, to be saved from it. */
static void link_to(report *r, const char *name, const char *kind, const char *media, const char *text)
{
    fprintf(r->html, " <a class=save download='%s.%s' href=\"data:%s,", name, kind, media);
    for (const unsigned char *c = (const unsigned char *)text; *c; c++)
        if (isalnum(*c) || strchr("-._~()*,;/=", *c))
            fputc(*c, r->html);
        else
            fprintf(r->html, "%%%02X", (unsigned)*c);
    fprintf(r->html, "\">%s.%s</a>", name, kind);
}

/* One drawing, in the page and, where it is the wide one, in figures/.  False: it is not drawn. */
static bool drawing(report *r, const char *name, bool narrow, const char *title, const char *caption)
{
    char path[256], *script = script_for(name, narrow);
    char *svg = NULL;
    assay_why no;
    snprintf(path, sizeof path, "%s%s", name, narrow ? "-narrow" : "");
    if (assay_plot(path, script, title, caption, &svg, &no))
        fprintf(stderr, "assay report: gnuplot did not draw %s: %s\n", name, no.text);
    if (svg) {
        snprintf(path, sizeof path, "figures/%s.svg", name);
        if (!narrow)
            assay_save_text(path, svg, &r->why);
        snprintf(path, sizeof path, "figures/%s.gp", name);
        if (!narrow && !r->why.text[0])
            assay_save_text(path, script, &r->why);
        const char *inside = strstr(svg, "<svg"); /* the XML prologue does not belong into HTML */
        fprintf(r->html, "%s<div class='art %s'>%s</div>", narrow ? "" : "<figure>", narrow ? "narrow" : "wide",
                inside ? inside : "");
    }
    if (svg && narrow) {
        fputs("<figcaption><b>", r->html);
        assay_plain_put(r->html, ASSAY_MARKUP, title, strlen(title));
        fputs(".</b> ", r->html);
        assay_plain_put(r->html, ASSAY_MARKUP, caption, strlen(caption));
        fputs(" <span class=save>Draws itself:</span>", r->html);
        link_to(r, name, "gp", "text/plain;charset=utf-8", script);
        fputs("</figcaption></figure>\n", r->html);
    }
    free(script);
    free(svg);
    return svg != NULL;
}

void page_figure(report *r, const char *name, const char *title, const char *caption)
{
    if (r->why.text[0]) /* its numbers, perhaps: there will be no page */
        return;
    mkdir("figures", 0777);
    if (!r->gnuplot || !drawing(r, name, false, title, caption)) {
        page_text(r, "(no picture: %s; the numbers are in data/%s.dat)",
                  r->gnuplot ? "gnuplot failed" : "gnuplot is not installed", name);
        r->undrawn += r->gnuplot;
        return;
    }
    if (!drawing(r, name, true, title, caption)) {
        fputs("</figure>\n", r->html);
        r->undrawn++;
    }
    fprintf(r->md, "\n![%s](figures/%s.svg)\n\n%s\n", title, name, caption);
}
