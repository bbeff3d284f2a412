/* SPDX-License-Identifier: MIT */
#include "document.h"
#include "assay_build.h"
#include "save.h"
#include "status.h"

void assay_document_open(assay_json *j, const char *kind)
{
    assay_json_open(j, NULL, '{');
    assay_json_int(j, "schema", 1);
    assay_json_str(j, "kind", kind);
    assay_json_str(j, "version", ASSAY_VERSION);
    assay_json_str(j, "commit", ASSAY_COMMIT);
    assay_json_str(j, "target", ASSAY_TARGET);
}

assay_status assay_document_write(assay_json *j, const char *path, assay_why *why)
{
    assay_json_close(j);
    const assay_status s = j->failed ? assay_fail(why, ASSAY_ERR_NOMEM, "%s: the document could not be made", path)
                                     : assay_save_text(path, j->text, why);
    assay_json_free(j);
    return s;
}
