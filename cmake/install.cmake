# `make install`: the binary, the public headers, the static libraries, a CMake package
# (find_package(headrace) → headrace::engine …) and a pkg-config file.
set(CMAKE_INSTALL_LIBDIR lib CACHE PATH "Where libraries go under the prefix")
include(GNUInstallDirs)
include(CMakePackageConfigHelpers)

set(HEADRACE_INSTALLED_MODULES base kernels net text tensor frame model engine server)
set(HEADRACE_INCLUDE_DIR ${CMAKE_INSTALL_INCLUDEDIR}/headrace)

foreach(module IN LISTS HEADRACE_INSTALLED_MODULES)
  set_target_properties(headrace_${module} PROPERTIES EXPORT_NAME ${module})
  install(TARGETS headrace_${module} EXPORT headrace-targets ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR})
  # Public headers lie directly in a module's folder; sub-folders are private.
  file(GLOB headers CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/src/${module}/*.h)
  install(FILES ${headers} DESTINATION ${HEADRACE_INCLUDE_DIR}/${module})
endforeach()
# The C interface: headrace::tokenizer_shared, headrace::tokenizer_static, headrace-tokenizer.pc.
install(TARGETS headrace_tokenizer_static headrace_tokenizer_shared EXPORT headrace-targets
  ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR} LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR})
install(FILES ${PROJECT_SOURCE_DIR}/src/c/headrace_tokenizer.h DESTINATION ${CMAKE_INSTALL_INCLUDEDIR})
if(TARGET headrace)
  install(TARGETS headrace RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
endif()

set(HEADRACE_PACKAGE_DIR ${CMAKE_INSTALL_LIBDIR}/cmake/headrace)
install(EXPORT headrace-targets NAMESPACE headrace:: DESTINATION ${HEADRACE_PACKAGE_DIR})
configure_package_config_file(${PROJECT_SOURCE_DIR}/cmake/headrace-config.cmake.in
  ${CMAKE_BINARY_DIR}/headrace-config.cmake INSTALL_DESTINATION ${HEADRACE_PACKAGE_DIR})
write_basic_package_version_file(${CMAKE_BINARY_DIR}/headrace-config-version.cmake COMPATIBILITY SameMinorVersion)
install(FILES ${CMAKE_BINARY_DIR}/headrace-config.cmake ${CMAKE_BINARY_DIR}/headrace-config-version.cmake
  DESTINATION ${HEADRACE_PACKAGE_DIR})

foreach(package headrace headrace-tokenizer)
  configure_file(${PROJECT_SOURCE_DIR}/cmake/${package}.pc.in ${CMAKE_BINARY_DIR}/${package}.pc @ONLY)
endforeach()
install(FILES ${CMAKE_BINARY_DIR}/headrace.pc ${CMAKE_BINARY_DIR}/headrace-tokenizer.pc DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig)
