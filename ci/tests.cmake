# SPDX-License-Identifier: MIT
# ctest: conformance.<op>  faults.<op>  probes.<name>  unit.<name>  cli.<case>.  Exit 77: no matching kernel has its CPU.
# The interpreter that has NumPy and mpmath: the first python3, or the distribution's own.
set(python python3)
foreach(candidate python3 /usr/bin/python3)
  execute_process(COMMAND ${candidate} -c "import numpy, mpmath" RESULT_VARIABLE lacks OUTPUT_QUIET ERROR_QUIET)
  if("${lacks}" STREQUAL "0")
    set(python ${candidate})
    break()
  endif()
endforeach()
set(assay_environment OMP_WAIT_POLICY=passive PYTHON=${python})
function(assay_test name)
  cmake_parse_arguments(t "" "LABEL;TIMEOUT" "COMMAND" ${ARGN})
  if(NOT t_TIMEOUT)
    set(t_TIMEOUT 600)
  endif()
  add_test(NAME ${name} COMMAND ${t_COMMAND})
  set_tests_properties(${name} PROPERTIES SKIP_RETURN_CODE 77 LABELS "${t_LABEL}" TIMEOUT ${t_TIMEOUT}
    ENVIRONMENT "${assay_environment}")
endfunction()

# What is too heavy for every day: heavy.txt, of which ci/turn says what runs today.  ABOUT: an op, or - and patterns of files.
# ctest itself knows nothing of it: it runs what it is asked for.
set(heavy "")
function(assay_heavy kind name)
  list(JOIN ARGN " " about)
  set(heavy "${heavy}${kind} ${name} ${about}\n" PARENT_SCOPE)
endfunction()

# conformance.<op>: all tiers in one run, which makes and solves each case once.  Of the emulated build each tier is a test,
# conformance.<op>.<isa>, for it runs one of them.
# Cases by rule have their turn, and rows too where a run takes ten times as long (emulators, sanitizers): there the three ops that
# have thousands of cases by rule are held to their rows.  ci/extent holds to them who has no turn.
set(slow OFF)
if(CMAKE_CROSSCOMPILING OR ASSAY_EMULATE OR CMAKE_C_FLAGS MATCHES "-fsanitize=")
  set(slow ON)
endif()
function(assay_conformance name op) # option of assay check...
  set(extent --quick)
  if(NOT slow)
    assay_heavy(rules ${name} ${op})
  elseif(op MATCHES "^(attention|matmul|gate_up)$")
    assay_heavy(slow ${name} ${op})
    list(APPEND extent --rows)
  else()
    assay_heavy(slow ${name} ${op})
    assay_heavy(deep ${name} ${op})
  endif()
  assay_test(${name} LABEL conformance TIMEOUT 1500 COMMAND bash ${CMAKE_SOURCE_DIR}/ci/extent ${name} ${CMAKE_CROSSCOMPILING_EMULATOR}
    $<TARGET_FILE:assay> check -o ${op} ${ARGN} ${extent})
  set(heavy "${heavy}" PARENT_SCOPE)
endfunction()

file(MAKE_DIRECTORY ${CMAKE_BINARY_DIR}/self)
foreach(op IN LISTS ops) # faults.<op>: in their own and looser contracts, by our rules and others'; see faults.self
  if(ASSAY_EMULATE)
    assay_conformance(conformance.${op}.scalar ${op} --isa scalar)
  else()
    assay_conformance(conformance.${op} ${op})
  endif()
  assay_test(faults.${op} LABEL faults TIMEOUT 1500 COMMAND assay check --self --faults --tightness -o ${op} --quick
    --part ${CMAKE_BINARY_DIR}/self/${op}.part)
  set_tests_properties(faults.${op} PROPERTIES FIXTURES_SETUP self)
  if(NOT slow)
    assay_heavy(proof faults.${op} ${op})
    assay_test(legal.${op} LABEL faults COMMAND assay check --legal -o ${op} --quick)
    assay_heavy(proof legal.${op} ${op})
  endif()
endforeach()
foreach(isa IN LISTS primitive_isas)
  assay_test(conformance.primitives.${isa} LABEL conformance COMMAND assay primitives --isa =${isa})
endforeach()
assay_test(faults.primitives LABEL faults COMMAND assay primitives --faults)
if("mul" IN_LIST ops) # whose call they are
  assay_test(faults.abi LABEL abi COMMAND assay check --faults -o mul -k "abi-*" --quick) # counted in faults.mul too
endif()
# The judge, judged, beside other projects' rules: what faults.<op> left is joined; a part that is missing fails, and none is
# older than the run.  The table stands at the end of a ctest run that made it.
if(NOT CMAKE_CROSSCOMPILING)
  assay_test(faults.self LABEL faults COMMAND bash ${CMAKE_SOURCE_DIR}/ci/self join $<TARGET_FILE:assay> ${CMAKE_BINARY_DIR})
  set_tests_properties(faults.self PROPERTIES FIXTURES_REQUIRED self)
  file(CONFIGURE OUTPUT CTestCustom.cmake CONTENT [[
set(CTEST_CUSTOM_PRE_TEST "bash \"@CMAKE_SOURCE_DIR@/ci/self\" begin \"@CMAKE_BINARY_DIR@\"")
set(CTEST_CUSTOM_POST_TEST "bash \"@CMAKE_SOURCE_DIR@/ci/self\" end \"@CMAKE_BINARY_DIR@\"")
]] @ONLY)
endif()
foreach(tier IN LISTS tiers)
  string(REPLACE "." ";" pair ${tier})
  list(GET pair 0 op)
  list(GET pair 1 isa)
  if(ASSAY_EMULATE)
    assay_conformance(conformance.${tier} ${op} --isa =${isa})
  endif()
endforeach()
foreach(probe IN LISTS probes)
  string(REPLACE "probe_" "" short ${probe})
  assay_test(probes.${short} LABEL probes COMMAND assay check -o ${probe} --quick)
  assay_test(implied.${short} LABEL faults COMMAND assay check --self --faults -o ${probe} -k "implied-*" --quick)
endforeach()

# What objects execute, against their tier (docs/judge.md): by the assembler of binutils, which clang's tools lack.
set(objdump objdump)
if(CMAKE_CROSSCOMPILING)
  set(objdump ${CMAKE_OBJDUMP})
endif()
set(built scalar) # tiers of which this build has a kernel: ASSAY_OPS may leave none
foreach(isa IN LISTS isas)
  if("${tiers};${primitive_isas};" MATCHES "(^|[.;])${isa};")
    list(APPEND built ${isa})
  endif()
endforeach()
foreach(isa IN LISTS built)
  assay_test(instructions.${isa} LABEL instructions
    COMMAND ${python} ${CMAKE_SOURCE_DIR}/ci/instructions ${CMAKE_BINARY_DIR} --tier ${isa} --objdump ${objdump})
endforeach()
assay_test(instructions.faults LABEL instructions COMMAND ${python} ${CMAKE_SOURCE_DIR}/ci/instructions
  ${CMAKE_BINARY_DIR} --faults ${CMAKE_C_COMPILER} --objdump ${objdump})
if("avx2" IN_LIST isas AND NOT ASSAY_EMULATE)
  foreach(isa scalar avx2) # under qemu, on a CPU that has the tier and nothing above it
    assay_test(capped.${isa} LABEL instructions
      COMMAND bash ${CMAKE_SOURCE_DIR}/ci/capped $<TARGET_FILE:assay> ${CMAKE_C_COMPILER} ${isa} 48)
  endforeach()
endif()

# Mechanical mutants of each scalar reference, judged as kernels (docs/mutants.md).
if(NOT CMAKE_CROSSCOMPILING)
  add_library(assay_mutants_base STATIC conformance/proof/mutants/shim.c reference/core/tensor.c reference/core/layout.c
    reference/core/status.c reference/core/plain.c reference/core/json.c reference/core/rng.c reference/core/dtype.c reference/core/dtype_blocks.c
    reference/core/dtype_kquants.c reference/core/dtype_super.c reference/core/dtype_tables.c
    reference/core/dtype_256.c reference/core/dtype_mx.c reference/core/dtype_iq.c
    reference/core/dtype_grid.c reference/core/dtype_grid_place.c)
  set_target_properties(assay_mutants_base PROPERTIES POSITION_INDEPENDENT_CODE ON)
  target_include_directories(assay_mutants_base PRIVATE include reference)
  if("vectors" IN_LIST commands) # for `mutants.py proof`: docs/mutants.md
    add_library(assay_proof STATIC conformance/proof/mutants/proof.c)
    target_include_directories(assay_proof PRIVATE include reference)
    add_library(assay_terms STATIC conformance/proof/mutants/terms.c) # for mutants.bounds
    target_include_directories(assay_terms PRIVATE reference)
    target_link_libraries(assay_terms PRIVATE assay_judge)
  endif()
  if("vectors" IN_LIST commands AND NOT CMAKE_C_FLAGS MATCHES "sanitize") # each term of each bound a thousand times as large
    assay_test(mutants.bounds LABEL mutants TIMEOUT 1500 COMMAND bash ${CMAKE_SOURCE_DIR}/conformance/proof/mutants/bounds
      ${CMAKE_BINARY_DIR} ${CMAKE_C_COMPILER})
    assay_heavy(rest mutants.bounds - conformance/proof/mutants/* conformance/ops/*.mutants conformance/proof/scores/tightness.c reference/ops/*.bound.c)
  endif()
  foreach(op IN LISTS ops)
    if(NOT slow)
      assay_heavy(proof mutants.${op} ${op})
    endif()
    assay_test(mutants.${op} LABEL mutants COMMAND ${python} ${CMAKE_SOURCE_DIR}/conformance/proof/mutants/mutants.py judge ${op}
      --assay $<TARGET_FILE:assay> --base $<TARGET_FILE:assay_mutants_base> --cc ${CMAKE_C_COMPILER} --out ${CMAKE_BINARY_DIR}/mutants
      --most 800) # of quantize every second: docs/mutants.md
  endforeach()
endif()

# The command line, by scripts: ci/cli/<case>.sh ASSAY SOURCE CC
if(NOT CMAKE_CROSSCOMPILING)
  file(GLOB cases CONFIGURE_DEPENDS ci/cli/*.sh)
  foreach(f IN LISTS cases)
    get_filename_component(n ${f} NAME_WE)
    assay_test(cli.${n} LABEL cli COMMAND bash ${f} $<TARGET_FILE:assay> ${CMAKE_SOURCE_DIR} ${CMAKE_C_COMPILER})
    if(slow) # in release each runs every day
      assay_heavy(again cli.${n} - ci/cli/${n}.sh)
    endif()
  endforeach()
endif()

# Instructions and D1 misses against the committed baseline (docs/ci.md); a build with other flags says that it is not comparable.
find_program(VALGRIND valgrind)
if(VALGRIND AND "bench" IN_LIST commands AND NOT CMAKE_CROSSCOMPILING AND NOT CMAKE_C_FLAGS MATCHES "sanitize")
  assay_test(gate.instructions LABEL gate COMMAND assay gate --baseline ${CMAKE_SOURCE_DIR}/ci/baseline.txt)
endif()

# Golden vectors: by our kernels, by Python without our code, and files that Python wrote.
if("vectors" IN_LIST commands AND NOT CMAKE_CROSSCOMPILING)
  foreach(op IN LISTS ops)
    assay_test(vectors.${op} LABEL vectors COMMAND assay vectors check -o ${op})
  endforeach()
  assay_test(vectors.independent LABEL vectors COMMAND ${python} ${CMAKE_SOURCE_DIR}/vectors/independent/verify.py)
  assay_test(vectors.lines LABEL vectors
    COMMAND ${python} ${CMAKE_SOURCE_DIR}/vectors/independent/verify.py --lines $<TARGET_FILE:assay>)
  assay_test(vectors.stems LABEL vectors COMMAND ${python} ${CMAKE_SOURCE_DIR}/vectors/independent/stems.py
    ${CMAKE_SOURCE_DIR}/conformance/proof/units/stems.def)
  assay_test(vectors.formats LABEL vectors
    COMMAND bash ${CMAKE_SOURCE_DIR}/ci/formats ${CMAKE_BINARY_DIR}/gguf ${CMAKE_C_COMPILER} $<TARGET_FILE:assay>)
  assay_test(vectors.strangers LABEL vectors
    COMMAND ${python} ${CMAKE_SOURCE_DIR}/vectors/independent/stranger.py $<TARGET_FILE:assay>)
  assay_test(vectors.onnx LABEL vectors
    COMMAND ${python} ${CMAKE_SOURCE_DIR}/vectors/independent/onnx_check.py $<TARGET_FILE:assay>)
endif()

# The double reference under other compilers, levels and architectures; the script builds it there.
if(NOT CMAKE_CROSSCOMPILING AND NOT CMAKE_C_FLAGS MATCHES "sanitize")
  assay_test(goldens LABEL goldens TIMEOUT 900 COMMAND bash ${CMAKE_SOURCE_DIR}/ci/goldens ${CMAKE_BINARY_DIR}/goldens)
  assay_heavy(rest goldens - ci/golden* reference/ops/* reference/core/*)
endif()

# Unit tests of the core, with Check where this target has the library.
pkg_check_modules(CHECK IMPORTED_TARGET check)
file(GLOB unit_files CONFIGURE_DEPENDS conformance/proof/units/*.c)
set(unit_sources ${unit_files})
list(FILTER unit_sources INCLUDE REGEX "/unit_")
if(CHECK_FOUND AND unit_sources AND NOT ASSAY_CORE_ONLY AND NOT ASSAY_OPS) # units take the ops that suit them: all are there
  set(unit_h "")
  foreach(f IN LISTS unit_sources)
    get_filename_component(n ${f} NAME_WE)
    string(APPEND unit_h "UNIT(${n})\n")
    string(REPLACE "unit_" "unit." t ${n})
    assay_test(${t} LABEL unit COMMAND assay-units ${n})
  endforeach()
  file(CONFIGURE OUTPUT units.def CONTENT "${unit_h}")
  add_executable(assay-units ${unit_files})
  include(CheckCSourceCompiles) # binary128, where the compiler has its library
  set(CMAKE_REQUIRED_LIBRARIES quadmath)
  check_c_source_compiles("__float128 expq(__float128); int main(int n, char **v) { return (int)expq(n); }" HAVE_QUADMATH)
  unset(CMAKE_REQUIRED_LIBRARIES)
  if(HAVE_QUADMATH)
    target_compile_definitions(assay-units PRIVATE HAVE_QUADMATH)
    target_link_libraries(assay-units PRIVATE quadmath)
  endif()
  target_include_directories(assay-units PRIVATE reference)
  target_link_libraries(assay-units PRIVATE ${command_libs} PkgConfig::CHECK)
endif()
if(model_sources)
  include(ci/models.cmake)
endif()
# Long tests of no op, with the files that they are about.
if(slow)
  set(long again)
  set(lines "unit.reach - conformance/rules/* conformance/proof/units/unit_reach.c" "unit.contract - reference/core/contract.* conformance/proof/units/unit_contract.c"
      "unit.draft - reference/models/* conformance/proof/units/unit_draft.c")
else()
  set(long rest)
  set(lines "cli.soak - ci/soak conformance/judge/*" "cli.width - optimized/simd/* optimized/isa/*"
      "cli.merge - conformance/results/* cli/merge* ci/cli/merge.sh" "cli.kills - conformance/results/* reference/core/save.* ci/kills"
      "cli.bench_marks - bench/* ci/cli/bench_marks.sh" "cli.search - conformance/search.* conformance/rules/* ci/cli/search.sh"
      "models.smollm2 - reference/models/* conformance/models/* ci/models*" "cli.quantize - reference/models/* reference/quantize/* cli/quantize* cli/requant* ci/cli/quantize.sh"
      "cli.metamorphic - conformance/relations/* conformance/ops/*.tables.c ci/cli/metamorphic.sh" "cli.certificate - conformance/certificate/* ci/cli/certificate.sh"
      "cli.plugin - conformance/judge/* include/assay/* docs/plugin.md ci/cli/plugin.sh" "cli.bench - bench/* ci/cli/bench.sh"
      "cli.formats - cli/formats* reference/core/dtype* reference/quantize/* ci/cli/formats.sh"
      "capped.avx2 - ci/capped CMakeLists.txt optimized/isa/* optimized/avx2/*" "unit.bounds - reference/ops/*.bound.* conformance/proof/units/*"
      "unit.dtype - reference/core/dtype* conformance/proof/units/unit_dtype.c" "vectors.formats - reference/core/dtype* vectors/independent/formats* vectors/independent/grids.py vectors/independent/kquants.py")
endif()
foreach(line IN LISTS lines family_heavy)
  separate_arguments(line)
  list(GET line 0 name)
  if(TEST ${name})
    assay_heavy(${long} ${line})
  endif()
endforeach()
file(GENERATE OUTPUT ${CMAKE_BINARY_DIR}/heavy.txt CONTENT "${heavy}")

# The longest start first, so that no core waits for one of them at the end: seconds of CPU time, about.
foreach(pair models.smollm2=200 conformance.attention=80 conformance.cache=60 cli.merge=60 faults.matmul=110 faults.attention=110 faults.cache=90 faults.rope=80
    cli.soak=80 goldens=60 conformance.matmul=50 faults.sample=40 faults.softmax=40 mutants.quantize=60 unit.dtype=50 mutants.sample=50
    mutants.dequantize=50 mutants.attention=50 faults.gate_up=50 cli.kills=40 vectors.formats=35 cli.hostile=35 cli.plugin=35 cli.bench=35
    conformance.embedding=30 conformance.rope=30 conformance.quantize=30 conformance.dequantize=30 cli.bench_marks=30 cli.search=30
    faults.rmsnorm=25 instructions.faults=25 capped.avx2=25 capped.scalar=20 cli.metamorphic=20 cli.width=40
    conformance.primitives.neon=20 faults.abi=4)
  string(REPLACE "=" ";" pair ${pair})
  list(GET pair 0 name)
  list(GET pair 1 seconds)
  if(TEST ${name})
    set_tests_properties(${name} PROPERTIES COST ${seconds})
  endif()
endforeach()
