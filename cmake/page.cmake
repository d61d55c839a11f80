# The review page: web/ bundled by its own script, and embedded into the program with the contract of its API.
carrel_folder(host/page host/http host/review host/flow)
set(CARREL_WEB ${CMAKE_BINARY_DIR}/web)
set(files ${CARREL_WEB}/index.html ${CARREL_WEB}/app.js ${CARREL_WEB}/app.css)
if(EXISTS ${CMAKE_SOURCE_DIR}/web/build)
  file(GLOB_RECURSE sources CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/web/*)
  list(FILTER sources EXCLUDE REGEX "/node_modules/")
  add_custom_command(OUTPUT ${files} COMMAND ${CMAKE_SOURCE_DIR}/web/build ${CARREL_WEB} DEPENDS ${sources}
                     COMMENT "The review page" VERBATIM)
else()
  set(unbuilt ${CMAKE_SOURCE_DIR}/src/host/page/unbuilt)
  add_custom_command(OUTPUT ${files} COMMAND ${CMAKE_COMMAND} -E copy_directory ${unbuilt} ${CARREL_WEB}
                     DEPENDS ${unbuilt}/index.html ${unbuilt}/app.js ${unbuilt}/app.css VERBATIM)
endif()
set(CARREL_CONTRACT ${CMAKE_SOURCE_DIR}/docs/api/openapi.yaml)
add_custom_target(web DEPENDS ${files})
add_dependencies(carrel-host-page web)
set_source_files_properties(src/host/page/assets.cc PROPERTIES
  COMPILE_DEFINITIONS "CARREL_WEB=\"${CARREL_WEB}\";CARREL_CONTRACT=\"${CARREL_CONTRACT}\""
  OBJECT_DEPENDS "${files};${CARREL_CONTRACT}")
