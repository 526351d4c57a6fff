# headrace_module(NAME [LINK targets...])
# A module is a folder: its sources are every .cpp beneath it, its target is
# headrace_<name> (alias headrace::<name>), its headers are included as
# "name/header.h" from src/.
function(headrace_module name)
  cmake_parse_arguments(ARG "" "" "LINK;EXCLUDE" ${ARGN})
  file(GLOB_RECURSE sources CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/*.cpp)
  foreach(pattern IN LISTS ARG_EXCLUDE)
    list(FILTER sources EXCLUDE REGEX ${pattern})
  endforeach()
  if(NOT sources)  # a module of headers only
    add_library(headrace_${name} INTERFACE)
    add_library(headrace::${name} ALIAS headrace_${name})
    target_include_directories(headrace_${name} INTERFACE
      $<BUILD_INTERFACE:${PROJECT_SOURCE_DIR}/src> $<INSTALL_INTERFACE:include/headrace>)
    target_link_libraries(headrace_${name} INTERFACE ${ARG_LINK})
    return()
  endif()
  add_library(headrace_${name} STATIC ${sources})
  add_library(headrace::${name} ALIAS headrace_${name})
  target_include_directories(headrace_${name} PUBLIC
    $<BUILD_INTERFACE:${PROJECT_SOURCE_DIR}/src> $<INSTALL_INTERFACE:include/headrace>)
  target_link_libraries(headrace_${name} PUBLIC ${ARG_LINK})
  target_compile_features(headrace_${name} PUBLIC cxx_std_23)  # for those who link it: public headers need std::expected
endfunction()

# headrace_test(NAME [LINK targets...])
# One GoogleTest binary from every .cpp in tests/unit/<name>; each TEST in it is
# a ctest case.
function(headrace_test name)
  cmake_parse_arguments(ARG "" "" "LINK" ${ARGN})
  file(GLOB sources CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/unit/${name}/*.cpp)
  if(NOT sources)
    return()
  endif()
  add_executable(unit_${name} ${sources})
  target_link_libraries(unit_${name} PRIVATE ${ARG_LINK} GTest::gtest GTest::gtest_main GTest::gmock)
  target_compile_definitions(unit_${name} PRIVATE
    HEADRACE_TESTS_DIR="${PROJECT_SOURCE_DIR}/tests")
  add_test(NAME unit_${name} COMMAND unit_${name})
endfunction()
