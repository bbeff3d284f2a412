# SPDX-License-Identifier: MIT
# models.smollm2 (weights: ci/models; absent weights fail unless ASSAY_NO_MODEL=1) and models.synthetic.
file(GLOB model_test_sources CONFIGURE_DEPENDS conformance/models/*.c)
add_executable(assay-models ${model_test_sources})
target_include_directories(assay-models PRIVATE reference)
target_link_libraries(assay-models PRIVATE assay_models)
assay_test(models.synthetic LABEL models COMMAND assay-models --synthetic ${CMAKE_BINARY_DIR}/synthetic.gguf)
assay_test(models.smollm2 LABEL models TIMEOUT 1500
  COMMAND assay-models ${CMAKE_SOURCE_DIR}/models/SmolLM2-135M-Instruct.Q4_1.gguf)
# Each family by files that Python writes, with the answers of an independent graph (vectors/independent/models).  Each has its
# turn; sanitized, those that between them use every part of the graph's code.
file(STRINGS reference/models/families.def family_lines REGEX "^FAMILY")
foreach(line IN LISTS family_lines)
  string(REGEX REPLACE "^FAMILY\\(([a-z0-9_]+)\\)$" "\\1" family "${line}")
  if(NOT slow OR family MATCHES "^(llama|gemma2|gpt_oss|qwen2_moe|bert|t5|whisper|vit|lstm)$")
    assay_test(models.${family} LABEL models TIMEOUT 900
      COMMAND ${python} ${CMAKE_SOURCE_DIR}/vectors/independent/models/golden.py $<TARGET_FILE:assay> $<TARGET_FILE:assay-models> ${family})
    set_tests_properties(models.${family} PROPERTIES ENVIRONMENT_MODIFICATION OMP_WAIT_POLICY=set:passive COST 8)
    string(REGEX REPLACE "_?[0-9].*$" "" stem ${family})
    list(APPEND family_heavy "models.${family} - reference/models/family_${stem}*.c reference/models/stack* reference/models/session* reference/models/graph* vectors/independent/models/${family}.py vectors/independent/models/common.py")
  endif()
endforeach()
set_tests_properties(models.synthetic models.smollm2 PROPERTIES ENVIRONMENT_MODIFICATION OMP_WAIT_POLICY=set:passive)
