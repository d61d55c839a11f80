# carrel_folder(PLACE DEPENDENCY...): the library of src/PLACE and its test program.
#
# The library is carrel-<place with dashes> from all *.cc but *_test.cc; a folder of headers alone is an interface.
# Dependencies are other places, or names of libraries. Tests are discovered by CTest from the test program.
find_package(GTest REQUIRED)
include(GoogleTest)

function(carrel_target_name place out)
  string(REPLACE "/" "-" dashed ${place})
  set(${out} carrel-${dashed} PARENT_SCOPE)
endfunction()

function(carrel_folder place)
  carrel_target_name(${place} target)
  set(links)
  foreach(dependency ${ARGN})
    if(IS_DIRECTORY ${CMAKE_SOURCE_DIR}/src/${dependency})
      carrel_target_name(${dependency} dependency)
    endif()
    list(APPEND links ${dependency})
  endforeach()
  file(GLOB sources CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/src/${place}/*.cc)
  set(tests ${sources})
  list(FILTER sources EXCLUDE REGEX "_(test|reference)\\.cc$")
  list(FILTER tests INCLUDE REGEX "_(test|reference)\\.cc$")
  if(sources)
    add_library(${target} STATIC ${sources})
    target_link_libraries(${target} PUBLIC ${links})
  else()
    add_library(${target} INTERFACE)
    target_link_libraries(${target} INTERFACE ${links})
  endif()
  if(tests AND NOT CARREL_FUZZ)
    add_executable(${target}-test ${tests})
    target_link_libraries(${target}-test PRIVATE ${target} GTest::gmock GTest::gtest_main Threads::Threads)
    gtest_discover_tests(${target}-test TEST_PREFIX "${place}/" DISCOVERY_MODE PRE_TEST
                         PROPERTIES TIMEOUT 300)
  endif()
endfunction()
