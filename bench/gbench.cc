/* SPDX-License-Identifier: MIT
 * The C shim over Google Benchmark: the only C++ file. */
#include "gbench.h"
#include <benchmark/benchmark.h>
#include <cstring>
#include <sstream>

namespace
{
// What a run says of its error: error_occurred and error_message up to version 1.7, skipped and skip_message from 1.8
// on. The overload that does not compile is left out (int is preferred where both do).
template <class Run> auto error_of(const Run &r, int) -> decltype(r.skip_message.c_str())
{
    return r.skipped ? r.skip_message.c_str() : nullptr;
}
template <class Run> auto error_of(const Run &r, long) -> decltype(r.error_message.c_str())
{
    return r.error_occurred ? r.error_message.c_str() : nullptr;
}

class reporter : public benchmark::BenchmarkReporter
{
  public:
    reporter(gbench_report report, void *ctx) : report_(report), ctx_(ctx)
    {
    }
    bool ReportContext(const Context &) override
    {
        return true;
    }
    void ReportRuns(const std::vector<Run> &runs) override
    {
        for (const Run &r : runs) {
            if (r.run_type != Run::RT_Iteration)
                continue;
            const double scale = 1e9 / benchmark::GetTimeUnitMultiplier(r.time_unit);
            gbench_sample s = { r.run_name.function_name.c_str(),
                                r.repetition_index,
                                r.repetitions,
                                r.iterations,
                                r.GetAdjustedRealTime() * scale,
                                r.GetAdjustedCPUTime() * scale,
                                error_of(r, 0) };
            report_(ctx_, &s);
        }
    }

  private:
    gbench_report report_;
    void *ctx_;
};

void loop(benchmark::State &state, const gbench_case &c)
{
    uint64_t i = 0;
    if (c.hot)
        for (auto _ : state) {
            c.hot(c.ctx, i++);
            if (i == (uint64_t)state.max_iterations) {
                state.PauseTiming();
                c.look(c.ctx);
                state.ResumeTiming();
                c.touch(c.ctx);
            }
        }
    else {
        for (auto _ : state)
            state.SetIterationTime(c.timed(c.ctx, i++));
        c.look(c.ctx);
    }
}
} // namespace

extern "C" int gbench_run(const gbench_case *cases, int n, gbench_report report, void *ctx)
{
    benchmark::ClearRegisteredBenchmarks();
    for (int i = 0; i < n; i++) {
        const gbench_case c = cases[i];
        auto *b = benchmark::RegisterBenchmark(c.name, [c](benchmark::State &state) { loop(state, c); });
        b->Unit(benchmark::kNanosecond)->Repetitions((int)(c.repetitions > 0 ? c.repetitions : 1));
        if (c.hot)
            b->UseRealTime();
        else
            b->UseManualTime();
        if (c.iterations > 0)
            b->Iterations(c.iterations);
        else
            b->MinTime(c.min_seconds > 0 ? c.min_seconds : 0.1);
    }
    reporter r(report, ctx);
    return benchmark::RunSpecifiedBenchmarks(&r, "all") > 0 ? 0 : -1;
}

extern "C" char *gbench_context(const char *executable)
{
    std::ostringstream out;
    benchmark::BenchmarkReporter::Context context;
    benchmark::BenchmarkReporter::Context::executable_name = executable;
    benchmark::JSONReporter json;
    json.SetOutputStream(&out);
    json.SetErrorStream(&out);
    json.ReportContext(context);
    json.Finalize();
    return strdup(out.str().c_str());
}
