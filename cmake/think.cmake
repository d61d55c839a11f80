# The think room's part: prompt/, engine/ and carrel-think, against the headers of the room image.
#
# What needs no libllama (the interface, the loop, the fake) is built and tested everywhere. libllama's engine and
# carrel-think are there once `make room` has made the image; they are compiled by the host's compiler against the
# image's headers, and run only with the image's own, newer C and C++ libraries.
set(CARREL_ROOM_IMAGE ${CMAKE_SOURCE_DIR}/build/room-image CACHE PATH "The room image that `make room` made")

carrel_folder(made_model base)
carrel_folder(room/prompt record)
carrel_folder(room/engine record room/constrain)

file(GLOB sources CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/src/room/worker/think*.cc)
set(tests ${sources})
list(FILTER sources EXCLUDE REGEX "_test\\.cc$")
list(FILTER tests INCLUDE REGEX "_test\\.cc$")
add_library(carrel-room-worker-think STATIC ${sources})
target_link_libraries(carrel-room-worker-think PUBLIC carrel-room-prompt carrel-room-engine carrel-room-constrain)
if(tests)
  add_executable(carrel-room-worker-think-test ${tests})
  target_link_libraries(carrel-room-worker-think-test PRIVATE carrel-room-worker-think GTest::gmock GTest::gtest_main
                                                              Threads::Threads)
  carrel_unit_tests(carrel-room-worker-think-test room/worker)
endif()

# The sanitizers' libraries do not go with the image's C library.
if(EXISTS ${CARREL_ROOM_IMAGE}/manifest AND NOT CARREL_SANITIZE)
  set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${CARREL_ROOM_IMAGE}/manifest)
  add_library(carrel-llama INTERFACE)
  target_include_directories(carrel-llama SYSTEM INTERFACE ${CARREL_ROOM_IMAGE}/dev/include)
  foreach(library llama ggml ggml-base)
    target_link_libraries(carrel-llama INTERFACE ${CARREL_ROOM_IMAGE}/dev/lib/lib${library}.so)
  endforeach()
  target_link_options(carrel-llama INTERFACE -Wl,--allow-shlib-undefined -Wl,--as-needed)
  carrel_folder(room/engine/llama room/engine carrel-llama)

  # Run outside a room, as tests and benches are, a program needs to be told where the image's loader stands.
  file(GLOB backends ${CARREL_ROOM_IMAGE}/root/usr/lib/*/ggml/backends0)
  get_filename_component(CARREL_ROOM_LIBRARIES ${backends}/../.. ABSOLUTE)
  file(GLOB CARREL_ROOM_LOADER ${CARREL_ROOM_LIBRARIES}/ld-linux*.so.*)
  function(carrel_runs_on_image target)
    target_link_options(${target} PRIVATE -Wl,--dynamic-linker=${CARREL_ROOM_LOADER}
                                          -Wl,-rpath,${CARREL_ROOM_LIBRARIES})
    # libllama names a path of its own, so what it needs of the C library is loaded by the program, used or not.
    target_link_options(${target} PRIVATE -Wl,--push-state,--no-as-needed,-lm,--pop-state)
    set_target_properties(${target} PROPERTIES SKIP_BUILD_RPATH ON)
    target_compile_definitions(${target} PRIVATE CARREL_BACKENDS="${CARREL_ROOM_LIBRARIES}/ggml/backends0")
  endfunction()
  if(TARGET carrel-room-engine-llama-test)
    carrel_runs_on_image(carrel-room-engine-llama-test)
    target_compile_definitions(carrel-room-engine-llama-test PRIVATE
                               CARREL_MAKE_MODEL="${CMAKE_BINARY_DIR}/bench/make_model")
    add_dependencies(carrel-room-engine-llama-test make_model)
  endif()

  add_executable(carrel-think apps/carrel_think.cc)
  target_link_libraries(carrel-think PRIVATE carrel-room-seal carrel-room-engine-llama carrel-room-worker-think)
  # In the room every library stands where the loader looks by itself.
  set_target_properties(carrel-think PROPERTIES SKIP_BUILD_RPATH ON)
endif()
