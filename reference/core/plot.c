/* SPDX-License-Identifier: MIT */
#include "plot.h"
#include "plain.h"
#include "status.h"
#include "tool.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

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

/* What gnuplot said last, in a sentence. */
static assay_status complain(int status, FILE *err, assay_why *why)
{
    char line[200], last[200] = "";
    if (status < 0)
        return assay_fail(why, ASSAY_ERR_IO, "%s", errno == ENOENT ? "it is not installed" : strerror(errno));
    rewind(err);
    while (fgets(line, sizeof line, err))
        if (line[strspn(line, " \n")])
            snprintf(last, sizeof last, "%s", line + strspn(line, " "));
    last[strcspn(last, "\n")] = 0;
    return assay_fail(why, ASSAY_ERR_IO, "exit status %d%s%s", status, last[0] ? ": " : "", assay_plain(last));
}

/* The picture with a title and a description of its own in the place of gnuplot's; frees svg, the result is to be
 * freed. */
static char *described(char *svg, const char *name, const char *title, const char *description)
{
    static const char theirs[] = "</desc>";
    char *tag = strstr(svg, "<svg"), *rest = tag ? strchr(tag, '>') : NULL, *desc = rest ? strstr(rest, theirs) : NULL;
    char *text = NULL;
    size_t size = 0;
    FILE *f = desc ? open_memstream(&text, &size) : NULL;
    if (!f)
        return svg;
    fprintf(f, "%.*s role=\"img\" aria-labelledby=\"t-%s d-%s\">\n<title id=\"t-%s\">", (int)(rest - svg), svg, name,
            name, name);
    assay_plain_put(f, ASSAY_MARKUP, title, strlen(title));
    fprintf(f, "</title>\n<desc id=\"d-%s\">", name);
    assay_plain_put(f, ASSAY_MARKUP, description, strlen(description));
    fprintf(f, "</desc>%s", desc + sizeof theirs - 1);
    fclose(f);
    free(svg);
    return text;
}

assay_status assay_plot(const char *name, const char *script, const char *title, const char *description, char **svg,
                        assay_why *why)
{
    static const char *const argv[] = { "gnuplot", "--default-settings", "-", NULL };
    FILE *in = tmpfile(), *picture = tmpfile(), *err = tmpfile();
    assay_status s = ASSAY_OK;
    *svg = NULL;
    if (!script || !in || !picture || !err)
        s = assay_fail(why, ASSAY_ERR_IO, "no temporary file: %s", strerror(errno));
    else {
        fputs(script, in);
        rewind(in); /* flushes: gnuplot reads the file behind it */
        const int status = assay_tool(argv, in, picture, err);
        *svg = status ? NULL : read_back(picture);
        if (*svg)
            *svg = described(*svg, name, title, description);
        else
            s = complain(status, err, why);
    }
    FILE *const all[] = { in, picture, err };
    for (int i = 0; i < 3; i++)
        if (all[i])
            fclose(all[i]);
    return s;
}
