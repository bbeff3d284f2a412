# SPDX-License-Identifier: MIT
# cmake --install build --prefix DIR: the tool, the headers of a plug-in, how pkg-config and CMake find them, man pages made from
# --help, completion, what `assay report` and `assay vectors` read, documents.  Everything but man pages needs only `ninja assay`.
include(GNUInstallDirs)
include(CMakePackageConfigHelpers)
set(package ${CMAKE_INSTALL_LIBDIR}/cmake/assay)

add_library(plugin INTERFACE) # what a plug-in is compiled with: headers, nothing to link
target_include_directories(plugin INTERFACE $<BUILD_INTERFACE:${CMAKE_SOURCE_DIR}/include> $<INSTALL_INTERFACE:${CMAKE_INSTALL_INCLUDEDIR}>)
install(TARGETS assay plugin EXPORT assay)
install(EXPORT assay NAMESPACE assay:: DESTINATION ${package} FILE assay-config.cmake)
write_basic_package_version_file(${CMAKE_BINARY_DIR}/assay-config-version.cmake COMPATIBILITY SameMinorVersion)
install(FILES ${CMAKE_BINARY_DIR}/assay-config-version.cmake DESTINATION ${package})
configure_file(ci/install/assay.pc.in assay.pc @ONLY)
install(FILES ${CMAKE_BINARY_DIR}/assay.pc DESTINATION ${CMAKE_INSTALL_DATADIR}/pkgconfig)
if(vectors_sources)
  install(DIRECTORY vectors/data/ DESTINATION ${CMAKE_INSTALL_DATADIR}/assay/vectors)
endif()
install(DIRECTORY include/assay DESTINATION ${CMAKE_INSTALL_INCLUDEDIR})

install(FILES ci/install/assay.bash DESTINATION ${CMAKE_INSTALL_DATADIR}/bash-completion/completions RENAME assay)
install(FILES ci/install/_assay DESTINATION ${CMAKE_INSTALL_DATADIR}/zsh/site-functions)
install(FILES README.md CHANGELOG.md LICENSE DESTINATION ${CMAKE_INSTALL_DOCDIR})
install(DIRECTORY docs DESTINATION ${CMAKE_INSTALL_DOCDIR})
install(DIRECTORY reference/ops DESTINATION ${CMAKE_INSTALL_DOCDIR}/reference FILES_MATCHING PATTERN *.md) # docs/bounds.md links to them
if(NOT CMAKE_CROSSCOMPILING)
  install(CODE "execute_process(COMMAND ${python} \"${CMAKE_SOURCE_DIR}/ci/install/man\" \"$<TARGET_FILE:assay>\" \"${CMAKE_BINARY_DIR}/man\" COMMAND_ERROR_IS_FATAL ANY)")
  install(DIRECTORY ${CMAKE_BINARY_DIR}/man/ DESTINATION ${CMAKE_INSTALL_MANDIR}/man1)
endif()
