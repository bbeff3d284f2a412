# SPDX-License-Identifier: MIT
# models.smollm2 (weights: ci/models; absent weights fail unless ASSAY_NO_MODEL=1) and models.synthetic.
file(GLOB model_test_sources CONFIGURE_DEPENDS conformance/models/*.c)
add_executable(assay-models ${model_test_sources})
target_include_directories(assay-models PRIVATE reference)
target_link_libraries(assay-models PRIVATE assay_models)
assay_test(models.synthetic LABEL models COMMAND assay-models --synthetic ${CMAKE_BINARY_DIR}/synthetic.gguf)
assay_test(models.smollm2 LABEL models TIMEOUT 1500
  COMMAND assay-models ${CMAKE_SOURCE_DIR}/models/SmolLM2-135M-Instruct.Q4_1.gguf)
set_tests_properties(models.synthetic models.smollm2 PROPERTIES ENVIRONMENT_MODIFICATION OMP_WAIT_POLICY=set:passive)
