/* SPDX-License-Identifier: MIT */
#include "../reference/core/suite.h"
static const assay_workload rows[] = { { "smollm2-135m.decode", "R=1 C=576 eps=1e-05", 0 } };
extern const assay_workloads assay_workloads_rmsnorm;
const assay_workloads assay_workloads_rmsnorm = { "rmsnorm", rows, ASSAY_COUNT_OF(rows) };
