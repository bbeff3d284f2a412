/* SPDX-License-Identifier: MIT
 * What kernels hold to besides being right: their primitives alone, and their certificates. */
#include "report.h"
#include <string.h>

/* ---- primitives ---------------------------------------------------------------------------------------------- */

answer answer_primitives(const report *r, char *text, size_t n)
{
    const cJSON *p, *d = document(r, "primitives", 0);
    int judged = 0, good = 0, absent = 0;
    EACH (p, member(d, "primitives")) {
        absent += member(p, "not_judged") != NULL;
        judged += !member(p, "not_judged");
        good += cJSON_IsTrue(member(p, "good"));
    }
    if (!d)
        return NOT_RUN;
    snprintf(text, n, "%d of %d hold what they promise; %d are not on this CPU", good, judged, absent);
    return judged && good == judged;
}

static void number_cell(char *text, size_t n, const cJSON *p, const char *name, const char *format)
{
    snprintf(text, n, "-");
    if (member(p, name))
        snprintf(text, n, format, member_number(p, name, 0));
}

/* A row, and what the picture shows of it. */
static void primitive_row(report *r, const cJSON *p, FILE *f, int *n)
{
    static const char *const names[] = {
        "worst_u", "worst_u_at", "worst_ulp", "worst_ulp_at", "promised_u", "bound_u"
    };
    char c[6][48];
    const char *name = member_text(p, "name", "?"), *tier = member_text(p, "tier", "?");
    const double promised = member_number(p, "promised_u", 0);
    for (int i = 0; i < 6; i++)
        number_cell(c[i], sizeof c[i], p, names[i], i >= 4 ? "%.3g" : i % 2 ? "%.7g" : "%.4f");
    if (promised > 0)
        fprintf(f, "%d %s %.6g %.6g\n", (*n)++, data_word("%s %s", name, tier),
                member_number(p, "worst_u", 0) / promised, member_number(p, "bound_u", 0) / promised);
    page_row(r, "%s|%s|%s|%.0f|%.0f|%s|%s|%s|%s|%s|%s", name, tier,
             cJSON_IsTrue(member(p, "good")) ? "passed" : "FAILED", member_number(p, "inputs", 0),
             member_number(p, "wrong", 0), c[0], c[1], c[2], c[3], c[4], c[5]);
}

void section_primitives(report *r)
{
    const cJSON *p, *d = document(r, "primitives", 0);
    FILE *f = d ? page_data(r, "primitives") : NULL;
    int n = 0;
    if (!f)
        return;
    page_heading(r, "Primitives");
    page_text(
        r,
        "The vector functions that kernels are built of, each alone, against double precision: the largest error, and "
        "at which input. 1 u is 2^-24 of the right value (of 1 for sine and cosine), half a unit in the last place "
        "of a float or less; 1 ulp is the distance between two neighbouring floats there. wrong: another class, "
        "or, of a conversion, another bit. assumed: by the contracts of all kernels. Inputs: %s (docs/primitives.md).",
        member_text(d, "inputs", "?"));
    page_made_by(r, "primitives");
    page_table(r, "name|tier|verdict|>inputs|>wrong|>worst, u|>at|>worst, ulp|>at|>promised, u|>assumed, u");
    EACH (p, member(d, "primitives"))
        if (!member(p, "not_judged"))
            primitive_row(r, p, f, &n);
    page_table_end(r);
    char absent[1024] = "";
    EACH (p, member(d, "primitives")) {
        const size_t at = strlen(absent);
        if (member(p, "not_judged"))
            snprintf(absent + at, sizeof absent - at, "%s%s %s", at ? ", " : "", member_text(p, "tier", "?"),
                     member_text(p, "name", "?"));
    }
    if (absent[0])
        page_text(r, "Not on this CPU: %s.", absent);
    page_data_end(r);
    if (n)
        page_figure(r, "primitives", "Worst error of each primitive over what it promises",
                    "Worst error over what the primitive promises: a dot left of the line keeps its promise. The "
                    "diamond is what the contracts "
                    "of all kernels assume: how much room is left before any bound would be wrong.");
}

/* ---- certificates -------------------------------------------------------------------------------------------- */

answer answer_certificates(const report *r, char *text, size_t n)
{
    const cJSON *k, *p, *d = document(r, "certificate", 0);
    int kernels = 0, good = 0, promises = 0, kept = 0;
    EACH (k, member(d, "kernels")) {
        kernels++;
        good += cJSON_IsTrue(member(k, "good"));
        EACH (p, member(k, "properties")) {
            const bool declared = cJSON_IsTrue(member(p, "declared")) && !cJSON_IsString(member(p, "reason"));
            promises += declared;
            kept += declared && !member_number(p, "differ", 0) && !member_number(p, "lost", 0);
        }
    }
    if (!d)
        return NOT_RUN;
    snprintf(text, n, "%d of %d kernels hold what they declare; %d of %d promises kept", good, kernels, kept, promises);
    return kernels && good == kernels && kept == promises;
}

static const char *property_cell(const cJSON *p)
{
    const bool declared = cJSON_IsTrue(member(p, "declared"));
    if (cJSON_IsString(member(p, "reason")))
        return "{na}-";
    if (member_number(p, "differ", 0) > 0)
        return declared ? "{bad}BROKEN" : "{no}no";
    if (member_number(p, "lost", 0) > 0)
        return declared ? "{bad}BROKEN" : "{no}not known";
    return declared ? "{kept}promised" : "{yes}yes";
}

static void differences(report *r, const cJSON *d)
{
    const cJSON *k, *p;
    page_details(r, "Every \"no\" and \"not known\": how often, and the first case");
    page_table(r, "kernel|property|>comparisons|>differ|>no result|~the first|case");
    EACH (k, member(d, "kernels"))
        EACH (p, member(k, "properties"))
            if (member_number(p, "differ", 0) + member_number(p, "lost", 0) > 0)
                page_row(r, "%s/%s|%s|%.0f|%.0f|%.0f|%s|%s", member_text(k, "op", "?"), member_text(k, "kernel", "?"),
                         member_text(p, "property", "?"), member_number(p, "same", 0) + member_number(p, "differ", 0),
                         member_number(p, "differ", 0), member_number(p, "lost", 0), member_text(p, "first", ""),
                         member_text(p, "case", ""));
    page_table_end(r);
    page_details_end(r);
}

static void certificate_row(report *r, const cJSON *k)
{
    const cJSON *p;
    char line[2048];
    snprintf(line, sizeof line, "%.60s/%.60s|%.0f|%s", member_text(k, "op", "?"), member_text(k, "kernel", "?"),
             member_number(k, "cases", 0), cJSON_IsTrue(member(k, "good")) ? "{good}holds" : "FAILED");
    EACH (p, member(k, "properties"))
        text_add(line, sizeof line, "|%s", property_cell(p));
    page_row(r, "%s", line);
}

static bool opens_op(const cJSON *list, const cJSON *kernel)
{
    const cJSON *k = list->child;
    while (strcmp(member_text(k, "op", ""), member_text(kernel, "op", "")) != 0)
        k = k->next;
    return k == kernel;
}

void section_certificates(report *r)
{
    const cJSON *d = document(r, "certificate", 0), *list = member(d, "kernels"), *k, *p;
    const cJSON *first = list ? list->child : NULL;
    char line[2048] = "kernel|>cases|^as declared";
    if (!first)
        return;
    page_heading(r, "Certificates");
    page_text(r, "What kernels hold to besides being right, measured by running each case in several ways and "
                 "comparing bits. promised: the kernel declares it, "
                 "and it held in every comparison. yes: it held, undeclared. no: bits differ, which is legal where "
                 "nothing is promised. BROKEN: promised, and not "
                 "kept: a failure. not known: calls that crashed left nothing to compare. -: does not apply, or no "
                 "case asks for it (docs/certificate.md).");
    page_made_by(r, "certificate");
    EACH (p, member(first, "properties"))
        text_add(line, sizeof line, "|^%.60s", member_text(p, "property", "?"));
    page_table(r, line);
    EACH (first, list) /* op by op, in the order in which they come first */
        EACH (k, opens_op(list, first) ? list : NULL)
            if (!strcmp(member_text(k, "op", ""), member_text(first, "op", "")))
                certificate_row(r, k);
    page_table_end(r);
    differences(r, d);
}
