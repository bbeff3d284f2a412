/* SPDX-License-Identifier: MIT
 * Error against bits per weight: what assay formats wrote. */
#include "report.h"
#include <math.h>
#include <string.h>

static const cJSON *rows_of(const report *r)
{
    return member(document(r, "formats", 0), "formats");
}

answer answer_formats(const report *r, char *text, size_t n)
{
    const cJSON *row, *doc = document(r, "formats", 0);
    int types = 0, multiplied = 0, ran = 0;
    EACH (row, rows_of(r)) {
        types++;
        multiplied += cJSON_IsString(member(row, "kernel"));
        ran += member(row, "model") != NULL;
    }
    if (!doc)
        return NOT_RUN;
    snprintf(text, n, "%d element types of weights, %d of them multiplied by kernels as they are%s", types, multiplied,
             ran ? "; a model's output with its matrices in those that fit it" : "");
    return types > 0;
}

static void cell(char out[24], const cJSON *row, const char *name)
{
    const double x = member_number(row, name, NAN);
    if (isnan(x))
        snprintf(out, 24, "-");
    else
        snprintf(out, 24, "%.3g", x);
}

static void seeded(report *r)
{
    static const char *const name[] = { "normal.weights",   "normal.format",   "normal.kernel",
                                        "outliers.weights", "outliers.format", "outliers.kernel" };
    const cJSON *row;
    char c[6][24];
    page_table(r, "type|>bits|^>weights|>format|>kernel|>weights, outliers|>format|>kernel|by");
    EACH (row, rows_of(r)) {
        for (int i = 0; i < 6; i++)
            cell(c[i], row, name[i]);
        page_row(r, "%s|%.4g|%s|%s|%s|%s|%s|%s|%s", member_text(row, "type", "?"), member_number(row, "bits", 0), c[0],
                 c[1], c[2], c[3], c[4], c[5], member_text(row, "kernel", "matmul takes no such weights"));
    }
    page_table_end(r);
}

static void of_model(report *r)
{
    static const char *const name[] = { "model.weights", "model.kl_format", "model.kl_format_largest",
                                        "model.kl_kernel", "model.kl_kernel_largest" };
    const cJSON *row;
    char c[5][24];
    page_table(r, "type|>bits|>weights|>format|>largest|>kernel|>largest|>same first token");
    EACH (row, rows_of(r)) {
        for (int i = 0; i < 5; i++)
            cell(c[i], row, name[i]);
        if (member(row, "model"))
            page_row(r, "%s|%.4g|%s|%s|%s|%s|%s|%.0f %%", member_text(row, "type", "?"),
                     member_number(row, "model.bits", 0), c[0], c[1], c[2], c[3], c[4],
                     100 * member_number(row, "model.same_first", 0));
    }
    page_table_end(r);
}

/* One line a type: bits, the format's error, the kernel's, the name, the format's with outliers; what is not there, or
 * 0, is NaN to gnuplot. */
static bool plot(report *r, const char *name, const char *bits, const char *const error[3])
{
    const cJSON *row;
    int n = 0;
    FILE *f = page_data(r, name);
    if (!f)
        return false;
    EACH (row, rows_of(r)) {
        double e[3];
        for (int i = 0; i < 3; i++) {
            e[i] = member_number(row, error[i], 0);
            e[i] = e[i] > 0 ? e[i] : (double)NAN;
        }
        if (isnan(e[0]) && isnan(e[1]))
            continue;
        fprintf(f, "%.6g %.6g %.6g %s %.6g\n", member_number(row, bits, 0), e[0], e[1],
                data_word("%s", member_text(row, "type", "?")), e[2]);
        n++;
    }
    page_data_end(r);
    return n > 0;
}

void section_formats(report *r)
{
    const cJSON *doc = document(r, "formats", 0);
    const char *model = member_text(doc, "model", NULL);
    if (!doc)
        return;
    page_heading(r, "Element types: error against bits");
    page_made_by(r, "formats");
    page_text(r,
              "Errors relative to what is true, of x W^T on seeded weights, normal and with columns of outliers. "
              "Format: weights decoded against true ones, in double. Kernel: against the product with decoded weights; "
              "where it rounds activations to 8 bits, as its contract says, that is the larger part of it.");
    if (plot(r, "formats", "bits", (const char *[]){ "normal.format", "normal.kernel", "outliers.format" }))
        page_figure(r, "formats", "Error against bits per weight",
                    "What the format does to a product, against bits per weight (types of up to 9 bits).");
    if (plot(r, "formats_parts", "bits", (const char *[]){ "normal.format", "normal.kernel", "" }))
        page_figure(r, "formats_parts", "Error of the format and of the kernel, by type",
                    "The two parts of the error, by ascending bits per weight.");
    seeded(r);
    if (!model)
        return;
    page_subheading(r, "A model's output");
    page_text(r,
              "%.200s with its matrices in each type that fits their rows: divergence of its output in nats, over %.0f "
              "positions. Format: by the oracle, from that of the file as it is. Kernel: by the best kernels, from the "
              "oracle with the same weights.",
              strrchr(model, '/') ? strrchr(model, '/') + 1 : model, member_number(doc, "positions", 0));
    if (plot(r, "formats_model", "model.bits", (const char *[]){ "model.kl_format", "model.kl_kernel", "" }))
        page_figure(r, "formats_model", "Divergence of a model's output, by type",
                    "The two parts of the divergence, by ascending bits per weight.");
    of_model(r);
}
