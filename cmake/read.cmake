# The read and check rooms' part: what composes bundle/ and evidence/, and carrel-read, alone and static in its root.
# The rest of src/room/worker is the think room's (cmake/think.cmake).
file(GLOB sources CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/src/room/worker/*.cc)
list(FILTER sources EXCLUDE REGEX "/(think|inspect)[a-z_]*\\.cc$")
set(tests ${sources})
list(FILTER sources EXCLUDE REGEX "_test\\.cc$")
list(FILTER tests INCLUDE REGEX "_test\\.cc$")
add_library(carrel-room-worker-read STATIC ${sources})
target_link_libraries(carrel-room-worker-read PUBLIC carrel-room-bundle carrel-room-evidence)

if(tests)
  add_executable(carrel-room-worker-read-test ${tests})
  target_link_libraries(carrel-room-worker-read-test PRIVATE carrel-room-worker-read GTest::gmock GTest::gtest_main
                                                             Threads::Threads)
  carrel_unit_tests(carrel-room-worker-read-test room/worker)
endif()

# The sanitizers do not go with -static; they test the same code through the test programs.
if(NOT CARREL_SANITIZE)
  add_executable(carrel-read apps/carrel_read.cc)
  target_link_libraries(carrel-read PRIVATE carrel-room-seal carrel-room-worker-read)
  target_link_options(carrel-read PRIVATE -static -Wl,--gc-sections)
endif()
