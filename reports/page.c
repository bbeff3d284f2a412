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
    "content='width=device-width,initial-scale=1'>\n"
    "<style>body{font:16px/1.5 system-ui,sans-serif;max-width:66rem;margin:2rem auto;padding:0 1rem;color:#1b2733}\n"
    "h1{font-size:1.9rem;margin-bottom:.4rem}h2{margin-top:2.4rem;border-bottom:2px solid #d8e0e8;padding-bottom:.2rem}"
    "h3{margin:1.6rem 0 .4rem;font-size:1.05rem}\n"
    "nav{font-size:.9rem;margin:1rem 0;padding:.6rem .8rem;background:#f2f5f8;line-height:1.9}nav "
    "a{margin-right:.9rem;color:#1f6f9f;white-space:nowrap}p{max-width:48rem}summary{cursor:pointer;color:#1f6f9f}\n"
    ".scroll{overflow-x:auto}table{border-collapse:separate;border-spacing:0;font-size:.86rem;width:100%}\n"
    "th,td{padding:.22rem .45rem;text-align:left;border-bottom:1px solid "
    "#e4eaf0;white-space:nowrap}th{background:#f2f5f8;vertical-align:bottom}\n"
    "th.w{white-space:normal;min-width:3.6rem}td.w{white-space:normal;min-width:16rem}"
    "td.n,th.n{text-align:right;font-variant-numeric:tabular-nums}\n"
    /* Colours that stay apart without red and green; each stands beside its word. */
    "td.bad{color:#8f3d00;font-weight:700;background:#f6dcc4}td.good{color:#1f6f9f}td.kept{background:#1f6f9f;color:#"
    "fff}"
    "td.yes{background:#d3e7f4}td.no{background:#f6dcc4}td.na{color:#6b7885}\n"
    "*{print-color-adjust:exact;"
    "-webkit-print-color-adjust:exact}\n"
    "figure{margin:1rem 0}figure svg{width:100%;height:auto}figcaption{font-size:.86rem;color:#51606e}\n"
    "@media "
    "print{html{font-size:12px}body{margin:0;max-width:none;font-size:1rem}h2,h3{break-after:avoid}figure,tr{break-"
    "inside:avoid}"
    "nav{display:none}td,th{white-space:normal;padding:.1rem .3rem}.scroll{overflow:visible}}\n"
    "@media(max-width:40rem){body{font-size:15px}figure .art{overflow-x:auto}figure svg{min-width:42rem}"
    "td:first-child{position:sticky;left:0;background:#fff;white-space:normal;overflow-wrap:break-word;max-width:40vw}"
    "td.w{min-width:11rem}}</style>\n";

static const char bar[] = "background:linear-gradient(#d3e7f4,#d3e7f4) no-repeat left;min-width:6rem";

/* What a cell may begin with: "{yes}declared". */
static const char *const marks[] = { "bad", "good", "kept", "yes", "no", "na" };

/* The page is written once its headings are known, which stand at its top. */
static char *html, *md;
static size_t html_bytes, md_bytes;
static char headings[32][64];
static int n_headings;

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
    fprintf(r->md, "# %s\n", title);
    return true;
}

static assay_status write_html(report *r)
{
    assay_save to;
    const assay_status s = assay_save_open(&to, "index.html", &r->why);
    if (s)
        return s;
    fprintf(to.f, "%s<title>%s</title>\n<h1>%s</h1>\n<nav>", head, r->title, r->title);
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

static void markup(const report *r, const char *s, size_t n)
{
    assay_plain_put(r->html, ASSAY_MARKUP, s, n);
}

static void markdown(const report *r, const char *s, size_t n)
{
    assay_plain_put(r->md, ASSAY_MARKDOWN, s, n);
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

/* Of the open table: how its columns begin: > a number, ~ a text of several lines, ^ words below a long heading. */
enum { COLUMNS = 40 };
static char column[COLUMNS];
static int n_columns;

void page_table(report *r, const char *columns)
{
    int n = 0;
    fputs("<div class=scroll><table><tr>", r->html);
    fputs("\n|", r->md);
    for (const char *c = columns; *c && n < COLUMNS; n++) {
        const size_t len = strcspn(c, "|");
        const bool marked = strchr(">~^", *c) != NULL;
        column[n] = marked ? *c : 0;
        fprintf(r->html, "<th%s>", *c == '>' ? " class=n" : marked ? " class=w" : "");
        markup(r, c + marked, len - marked);
        fputs("</th>", r->html);
        fprintf(r->md, " %.*s |", (int)len - marked, c + marked);
        c += len + (c[len] == '|');
    }
    fputs("</tr>\n", r->html);
    n_columns = n;
    fputs("\n|", r->md);
    for (int i = 0; i < n; i++)
        fputs(column[i] == '>' ? "---:|" : "---|", r->md);
    fputc('\n', r->md);
}

static void cell(report *r, const char *s, size_t n, char kind)
{
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
    fprintf(r->html, "<td class='%s %s'", kind == '>' ? "n" : kind == '~' ? "w" : "", mark);
    if (sscanf(s, "{bar %d}%n", &percent, &skip) == 1 && skip)
        fprintf(r->html, " style='%s;background-size:%d%% 100%%'", bar, percent);
    fputc('>', r->html);
    markup(r, s + skip, n - (size_t)skip);
    fputs("</td>", r->html);
    markdown(r, s + skip, n - (size_t)skip);
    fputs(" | ", r->md);
}

void page_row(report *r, const char *format, ...)
{
    char text[4096];
    va_list ap;
    va_start(ap, format);
    vsnprintf(text, sizeof text, format, ap);
    va_end(ap);
    fputs("<tr>", r->html);
    fprintf(r->md, "| ");
    const char *c = text;
    for (int i = 0; i < n_columns; i++) {
        const size_t len = strcspn(c, "|");
        cell(r, c, len, column[i]);
        c += len;
        if (!*c)
            break;
        c++;
    }
    fputs("</tr>\n", r->html);
    fputc('\n', r->md);
}

void page_table_end(report *r)
{
    fputs("</table></div>\n", r->html);
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
