/* SPDX-License-Identifier: MIT
 * One HTML file that needs no network and prints well; the same as Markdown. */
#include "report.h"
#include "assay_build.h"
#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static const char head[] =
    "<!doctype html><html lang=en><meta charset=utf-8><meta name=viewport "
    "content='width=device-width,initial-scale=1'>\n"
    "<style>body{font:16px/1.5 system-ui,sans-serif;max-width:62rem;margin:2rem auto;padding:0 1rem;color:#1b2733}\n"
    "h1{font-size:1.9rem;margin-bottom:0}h2{margin-top:2.4rem;border-bottom:2px solid #d8e0e8;padding-bottom:.2rem}\n"
    ".scroll{overflow-x:auto}table{border-collapse:collapse;font-size:.86rem;width:100%}\n"
    "th,td{padding:.22rem .6rem;text-align:left;border-bottom:1px solid "
    "#e4eaf0;white-space:nowrap}th{background:#f2f5f8}\n"
    "td.n,th.n{text-align:right;font-variant-numeric:tabular-nums}td.bad{color:#b00020;font-weight:600}td.good{color:#"
    "146c2e}\n"
    "figure{margin:1rem 0}figure svg{width:100%;height:auto}figcaption{font-size:.86rem;color:#51606e}\n"
    "@media print{body{margin:0;max-width:none;font-size:11px}h2{break-after:avoid}figure,tr{break-inside:avoid}}\n"
    "@media(max-width:40rem){body{font-size:15px}figure{overflow-x:auto}figure svg{min-width:42rem}}</style>\n";

static FILE *open_in(const report *r, const char *folder, const char *name, const char *mode)
{
    char path[4096];
    if (folder[0]) {
        snprintf(path, sizeof path, "%s/%s", r->out, folder);
        mkdir(path, 0777);
    }
    snprintf(path, sizeof path, "%s/%s%s%s", r->out, folder, folder[0] ? "/" : "", name);
    return fopen(path, mode);
}

bool page_open(report *r, const char *title)
{
    mkdir(r->out, 0777);
    r->html = open_in(r, "", "index.html.tmp", "w");
    r->md = open_in(r, "", "report.md.tmp", "w");
    if (!r->html || !r->md)
        return false;
    fprintf(r->html, "%s<title>%s</title>\n<h1>%s</h1>\n", head, title, title);
    fprintf(r->md, "# %s\n", title);
    return true;
}

bool page_close(report *r)
{
    char from[4096], to[4096];
    bool ok = !ferror(r->html) && !ferror(r->md);
    fputs("</html>\n", r->html);
    ok &= !fclose(r->html);
    ok &= !fclose(r->md);
    static const char *const names[] = { "index.html", "report.md" };
    for (int i = 0; i < 2; i++) {
        snprintf(from, sizeof from, "%s/%s.tmp", r->out, names[i]);
        snprintf(to, sizeof to, "%s/%s", r->out, names[i]);
        ok = ok && !rename(from, to);
    }
    return ok;
}

static void escaped(FILE *f, const char *s, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (s[i] == '&')
            fputs("&amp;", f);
        else if (s[i] == '<')
            fputs("&lt;", f);
        else
            fputc(s[i], f);
}

void page_heading(report *r, const char *text)
{
    fprintf(r->html, "<h2>%s</h2>\n", text);
    fprintf(r->md, "\n## %s\n", text);
}

void page_text(report *r, const char *format, ...)
{
    char text[4096];
    va_list ap;
    va_start(ap, format);
    vsnprintf(text, sizeof text, format, ap);
    va_end(ap);
    fputs("<p>", r->html);
    escaped(r->html, text, strlen(text));
    fputs("</p>\n", r->html);
    fprintf(r->md, "\n%s\n", text);
}

static char numeric[32]; /* of the open table: which columns are numbers */

void page_table(report *r, const char *columns)
{
    int n = 0;
    fputs("<div class=scroll><table><tr>", r->html);
    fputs("\n|", r->md);
    for (const char *c = columns; *c && n < 31; n++) {
        const size_t len = strcspn(c, "|");
        numeric[n] = *c == '>';
        fprintf(r->html, "<th%s>%.*s</th>", numeric[n] ? " class=n" : "", (int)len - numeric[n], c + numeric[n]);
        fprintf(r->md, " %.*s |", (int)len - numeric[n], c + numeric[n]);
        c += len + (c[len] == '|');
    }
    fputs("</tr>\n", r->html);
    fputs("\n|", r->md);
    for (int i = 0; i < n; i++)
        fputs(numeric[i] ? "---:|" : "---|", r->md);
    fputc('\n', r->md);
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
    int i = 0;
    for (const char *c = text;; i++) {
        const size_t len = strcspn(c, "|");
        const char *class = numeric[i < 31 ? i : 31] ? " class=n" : "";
        if (!strncmp(c, "FAILED", 6))
            class = " class=bad";
        else if (!strncmp(c, "passed", 6))
            class = " class=good";
        fprintf(r->html, "<td%s>", class);
        escaped(r->html, c, len);
        fputs("</td>", r->html);
        fprintf(r->md, "%.*s | ", (int)len, c);
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

FILE *page_data(const report *r, const char *name)
{
    char file[256];
    snprintf(file, sizeof file, "%s.dat", name);
    return open_in(r, "data", file, "w");
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

static bool run_gnuplot(const report *r, const char *name)
{
    char settings[8500], script[4096];
    snprintf(settings, sizeof settings, "data='%s/data/%s.dat';svg='%s/figures/%s.svg'", r->out, name, r->out, name);
    snprintf(script, sizeof script, "%s/reports/%s.gp", ASSAY_SOURCE_DIR, name);
    const pid_t pid = fork();
    if (pid == 0) {
        execlp("gnuplot", "gnuplot", "-e", settings, script, (char *)NULL);
        _exit(127);
    }
    int status = 0;
    return pid > 0 && waitpid(pid, &status, 0) == pid && WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

void page_figure(report *r, const char *name, const char *caption)
{
    char file[256], line[8192];
    snprintf(file, sizeof file, "%s.svg", name);
    FILE *f = open_in(r, "figures", file, "w");
    if (f)
        fclose(f);
    if (!r->gnuplot || !run_gnuplot(r, name)) {
        page_text(r, "(no picture: %s; the numbers are in data/%s.dat)",
                  r->gnuplot ? "gnuplot failed" : "gnuplot is not installed", name);
        return;
    }
    fputs("<figure>", r->html);
    f = open_in(r, "figures", file, "r");
    bool body = false; /* the XML prologue does not belong into HTML */
    while (f && fgets(line, sizeof line, f)) {
        body |= !strncmp(line, "<svg", 4);
        if (body)
            fputs(line, r->html);
    }
    if (f)
        fclose(f);
    fputs("<figcaption>", r->html);
    escaped(r->html, caption, strlen(caption));
    fputs("</figcaption></figure>\n", r->html);
    fprintf(r->md, "\n![%s](figures/%s)\n\n%s\n", name, file, caption);
}
