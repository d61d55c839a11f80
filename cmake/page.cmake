# The review page: what web/dist keeps of web/ (docs/dependencies.md says why), embedded into the program with the contract
# of its API.
carrel_folder(host/page host/http host/review host/flow)
set(CARREL_WEB ${CMAKE_SOURCE_DIR}/web/dist)
set(CARREL_CONTRACT ${CMAKE_SOURCE_DIR}/docs/api/openapi.yaml)
set_source_files_properties(src/host/page/assets.cc PROPERTIES
  COMPILE_DEFINITIONS "CARREL_WEB=\"${CARREL_WEB}\";CARREL_CONTRACT=\"${CARREL_CONTRACT}\""
  OBJECT_DEPENDS "${CARREL_WEB}/index.html;${CARREL_WEB}/app.js;${CARREL_WEB}/app.css;${CARREL_CONTRACT}")
