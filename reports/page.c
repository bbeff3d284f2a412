/* SPDX-License-Identifier: MIT
 * One HTML file that needs no network and prints well; the same as Markdown. */
#include "../reference/core/plain.h"
#include "../reference/core/status.h"
#include "report.h"
#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const char head[] =
    "<!doctype html><html lang=en><meta charset=utf-8><meta name=viewport "
    "content='width=device-width,initial-scale=1'><meta name=color-scheme content='light dark'>\n";

/* What a cell may begin with: "{yes}declared". */
static const char *const marks[] = { "bad", "good", "kept", "yes", "no", "na" };

/* The page is written once its headings are known, which stand at its top. */
static char *html, *md;
static size_t html_bytes, md_bytes;
static char headings[32][64];
static int n_headings;

static void markup(const report *r, const char *s, size_t n)
{
    assay_plain_put(r->html, ASSAY_MARKUP, s, n);
}

static void markdown(const report *r, const char *s, size_t n)
{
    assay_plain_put(r->md, ASSAY_MARKDOWN, s, n);
}

bool page_open(report *r, const char *title)
{
    mkdir(r->out, 0777);
    if (chdir(r->out)) { /* all its files have names of their own in there */
        assay_fail(&r->why, ASSAY_ERR_IO, "%.400s: cannot be written: %s", r->out, strerror(errno));
        return false;
    }
    figure_begin(r);
    r->title = title;
    n_headings = 0;
    r->html = open_memstream(&html, &html_bytes);
    r->md = open_memstream(&md, &md_bytes);
    if (!r->html || !r->md) {
        assay_fail(&r->why, ASSAY_ERR_NOMEM, "no memory for the page");
        return false;
    }
    fputs("# ", r->md);
    markdown(r, title, strlen(title));
    fputc('\n', r->md);
    return true;
}

static assay_status write_html(report *r)
{
    assay_save to;
    const assay_status s = assay_save_open(&to, "index.html", &r->why);
    if (s)
        return s;
    fprintf(to.f, "%s<style>%s%s</style>\n<title>", head, embedded("page"), embedded("page_media"));
    assay_plain_put(to.f, ASSAY_MARKUP, r->title, strlen(r->title));
    fputs("</title>\n<h1>", to.f);
    assay_plain_put(to.f, ASSAY_MARKUP, r->title, strlen(r->title));
    fputs("</h1>\n<nav>", to.f);
    for (int i = 0; i < n_headings; i++)
        fprintf(to.f, "<a href='#s%d'>%s</a> ", i, headings[i]);
    fputs("</nav>\n", to.f);
    fwrite(html, 1, html_bytes, to.f);
    fputs("</html>\n", to.f);
    return assay_save_commit(&to, &r->why);
}

static void write_markdown(report *r)
{
    assay_save to;
    if (assay_save_open(&to, "report.md", &r->why))
        return;
    fwrite(md, 1, md_bytes, to.f);
    assay_save_commit(&to, &r->why);
}

bool page_close(report *r)
{
    bool ok = !ferror(r->html) && !ferror(r->md);
    ok &= !fclose(r->html) && !fclose(r->md);
    if (!ok)
        assay_fail(&r->why, ASSAY_ERR_NOMEM, "no memory for the page");
    else if (!write_html(r))
        write_markdown(r);
    free(html);
    free(md);
    return !r->why.text[0];
}

/* Long words may break behind what joins their parts. */
static void broken(const report *r, const char *s, size_t n)
{
    enum { LONG = 14 };
    for (size_t word; n; s += word, n -= word) {
        word = strcspn(s, " ");
        word = word < n ? word + 1 : n;
        for (size_t i = 0, len; i < word; i += len) {
            len = word > LONG ? strcspn(s + i, "/._+:,=") + 1 : word;
            len = i + len < word ? len : word - i;
            markup(r, s + i, len);
            if (i + len < word)
                fputs("<wbr>", r->html);
        }
    }
}

void page_heading(report *r, const char *text)
{
    const int n = n_headings < 31 ? n_headings++ : 31;
    snprintf(headings[n], sizeof headings[n], "%s", text);
    fprintf(r->html, "<h2 id=s%d>%s</h2>\n", n, text);
    fprintf(r->md, "\n## %s\n", text);
}

void page_subheading(report *r, const char *text)
{
    fprintf(r->html, "<h3>%s</h3>\n", text);
    fprintf(r->md, "\n### %s\n", text);
}

void page_text(report *r, const char *format, ...)
{
    char text[4096];
    va_list ap;
    va_start(ap, format);
    vsnprintf(text, sizeof text, format, ap);
    va_end(ap);
    fputs("<p>", r->html);
    markup(r, text, strlen(text));
    fputs("</p>\n", r->html);
    fputc('\n', r->md);
    markdown(r, text, strlen(text));
    fputc('\n', r->md);
}

void page_list(report *r)
{
    fputs("<ul class=says>\n", r->html);
    fputc('\n', r->md);
}

void page_item(report *r, const char *about, const char *format, ...)
{
    char text[2048];
    va_list ap;
    va_start(ap, format);
    vsnprintf(text, sizeof text, format, ap);
    va_end(ap);
    fprintf(r->html, "<li><b>%s:</b> ", about);
    markup(r, text, strlen(text));
    fputs("</li>\n", r->html);
    fprintf(r->md, "* **%s:** ", about);
    markdown(r, text, strlen(text));
    fputc('\n', r->md);
}

void page_list_end(report *r)
{
    fputs("</ul>\n", r->html);
}

/* Of the open table: its columns' names, and how they begin: > a number, ~ a text of several lines, ^ words below a
 * long heading.  From so many columns on a row is a card on a phone, and from so many on its letters are smaller. */
enum { COLUMNS = 40, CARDS = 4, MANY = 11 };
static struct {
    char kind, name[64];
} column[COLUMNS];
static int n_columns;

void page_table(report *r, const char *columns)
{
    int n = 0;
    for (const char *c = columns; *c && n < COLUMNS; n++) {
        const size_t len = strcspn(c, "|");
        const bool marked = strchr(">~^", *c) != NULL;
        column[n].kind = marked ? *c : 0;
        snprintf(column[n].name, sizeof column[n].name, "%.*s", (int)len - marked, c + marked);
        c += len + (c[len] == '|');
    }
    n_columns = n;
    fprintf(r->html, "<table%s><thead><tr%s>", n >= CARDS ? " class=cards" : "", n >= MANY ? " class=many" : "");
    fputs("\n|", r->md);
    for (int i = 0; i < n; i++) {
        fprintf(r->html, "<th scope=col%s>", column[i].kind == '>' ? " class=n" : "");
        broken(r, column[i].name, strlen(column[i].name));
        fputs("</th>", r->html);
        fprintf(r->md, " %s |", column[i].name);
    }
    fputs("</tr></thead><tbody>\n", r->html);
    fputs("\n|", r->md);
    for (int i = 0; i < n; i++)
        fputs(column[i].kind == '>' ? "---:|" : "---|", r->md);
    fputc('\n', r->md);
}

static void cell(report *r, const char *s, size_t n, int nth)
{
    const char kind = column[nth].kind;
    const char *mark = !strncmp(s, "FAILED", 6) || !strncmp(s, "NOT ", 4) ? "bad"
                       : !strncmp(s, "passed", 6)                         ? "good"
                                                                          : "";
    int percent = -1, skip = 0;
    for (size_t i = 0; s[0] == '{' && i < sizeof marks / sizeof *marks; i++) {
        const size_t len = strlen(marks[i]);
        if (!strncmp(s + 1, marks[i], len) && s[len + 1] == '}') {
            mark = marks[i];
            skip = (int)len + 2;
        }
    }
    const bool bar = sscanf(s, "{bar %d}%n", &percent, &skip) == 1 && skip;
    fprintf(r->html, "<td class='%s %s'", kind == '>' ? "n" : kind == '~' ? "w" : "", bar ? "bar" : mark);
    if (bar)
        fprintf(r->html, " style='background-size:%d%% 100%%'", percent);
    if (nth && n_columns >= CARDS) {
        fputs(" data-h=\"", r->html);
        markup(r, column[nth].name, strlen(column[nth].name));
        fputc('"', r->html);
    }
    fputc('>', r->html);
    s += skip, n -= (size_t)skip;
    if (!n)
        s = "-", n = 1;
    broken(r, s, n);
    fputs("</td>", r->html);
    markdown(r, s, n);
    fputs(" | ", r->md);
}

void page_row(report *r, const char *format, ...)
{
    char text[4096];
    va_list ap;
    va_start(ap, format);
    vsnprintf(text, sizeof text, format, ap);
    va_end(ap);
    fprintf(r->html, "<tr%s>", n_columns >= MANY ? " class=many" : "");
    fprintf(r->md, "| ");
    const char *c = text;
    for (int i = 0; i < n_columns; i++) {
        const size_t len = strcspn(c, "|");
        cell(r, c, len, i);
        c += len + (c[len] == '|');
    }
    fputs("</tr>\n", r->html);
    fputc('\n', r->md);
}

void page_table_end(report *r)
{
    fputs("</tbody></table>\n", r->html);
}

void page_details(report *r, const char *summary)
{
    fprintf(r->html, "<details><summary>%s</summary>\n", summary);
    r->md_aside = r->md;
    r->md = fopen("/dev/null", "w");
    if (!r->md)
        r->md = r->md_aside;
}

void page_details_end(report *r)
{
    fputs("</details>\n", r->html);
    if (r->md != r->md_aside)
        fclose(r->md);
    r->md = r->md_aside;
}
