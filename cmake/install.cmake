# The tree that `carrel` finds beside itself, in the build folder as under an installation prefix:
#
#   carrel  (build folder)  or  bin/carrel  (prefix)
#   libexec/carrel/read-root/carrel-read     the read and check rooms' root: one static program
#   libexec/carrel/probe-root/               the probes' root: carrel-probe, under the names of the rooms' programs and of the machine's
#   libexec/carrel/think-root/               the room image, with carrel-think in it
#   libexec/carrel/carrel-fetch              what gets model files, the one program that talks to a network
#   libexec/carrel/vm-root/                  what a virtual machine is made of, where `make vm-image` has made it
#   libexec/carrel/playbooks/                the playbooks that come with Carrel
#   libexec/carrel/house.gguf                the model that comes with Carrel
set(libexec ${CMAKE_BINARY_DIR}/libexec/carrel)

add_custom_command(
  OUTPUT ${libexec}/read-root/carrel-read
  COMMAND ${CMAKE_COMMAND} -E make_directory ${libexec}/read-root
  COMMAND ${CMAKE_COMMAND} -E copy $<TARGET_FILE:carrel-read> ${libexec}/read-root/carrel-read
  DEPENDS carrel-read
  COMMENT "The read room's root"
  VERBATIM)

add_custom_command(
  OUTPUT ${libexec}/probe-root/carrel-probe
  COMMAND ${CMAKE_COMMAND} -E make_directory ${libexec}/probe-root
  COMMAND ${CMAKE_COMMAND} -E copy $<TARGET_FILE:carrel-probe> ${libexec}/probe-root/carrel-probe
  COMMAND ${CMAKE_COMMAND} -E create_symlink carrel-probe ${libexec}/probe-root/carrel-read
  COMMAND ${CMAKE_COMMAND} -E create_symlink carrel-probe ${libexec}/probe-root/carrel-think
  COMMAND ${CMAKE_COMMAND} -E create_symlink carrel-probe ${libexec}/probe-root/carrel-boot
  DEPENDS carrel-probe
  COMMENT "The probes' root"
  VERBATIM)

# The playbooks are used where they lie in the source tree, so that an edit needs no build.
add_custom_command(
  OUTPUT ${libexec}/playbooks
  COMMAND ${CMAKE_COMMAND} -E make_directory ${libexec}
  COMMAND ${CMAKE_COMMAND} -E create_symlink ${CMAKE_SOURCE_DIR}/playbooks ${libexec}/playbooks
  VERBATIM)

# The model that comes with Carrel, where there is one.
add_custom_command(
  OUTPUT ${libexec}/house.gguf
  COMMAND ${CMAKE_COMMAND} -E make_directory ${libexec}
  COMMAND ${CMAKE_COMMAND} -E create_symlink ${CMAKE_SOURCE_DIR}/models/house/house.gguf ${libexec}/house.gguf
  VERBATIM)
install(FILES models/house/house.gguf DESTINATION libexec/carrel OPTIONAL)

set(rooms ${libexec}/house.gguf ${libexec}/read-root/carrel-read ${libexec}/probe-root/carrel-probe ${libexec}/playbooks)

# A copy of the image for each build, because each adds a carrel-think of its own. Made anew whole, so that nothing of
# an older image stays.
if(TARGET carrel-think)
  add_custom_command(
    OUTPUT ${libexec}/think-root/carrel-think
    COMMAND ${CMAKE_COMMAND} -E rm -rf ${libexec}/think-root
    COMMAND ${CMAKE_COMMAND} -E make_directory ${libexec}
    COMMAND cp -a ${CARREL_ROOM_IMAGE}/root ${libexec}/think-root
    COMMAND ${CMAKE_COMMAND} -E copy $<TARGET_FILE:carrel-think> ${libexec}/think-root/carrel-think
    DEPENDS carrel-think ${CARREL_ROOM_IMAGE}/manifest
    COMMENT "The think room's root"
    VERBATIM)
  list(APPEND rooms ${libexec}/think-root/carrel-think)
  install(DIRECTORY ${libexec}/think-root DESTINATION libexec/carrel USE_SOURCE_PERMISSIONS)
else()
  message(NOTICE "There is no room image, so no model can be asked: `make room` makes it.")
endif()
add_custom_command(
  OUTPUT ${libexec}/carrel-fetch
  COMMAND ${CMAKE_COMMAND} -E make_directory ${libexec}
  COMMAND ${CMAKE_COMMAND} -E copy $<TARGET_FILE:carrel-fetch> ${libexec}/carrel-fetch
  DEPENDS carrel-fetch
  VERBATIM)
list(APPEND rooms ${libexec}/carrel-fetch)

if(CARREL_VM_ROOT)
  list(APPEND rooms ${CARREL_VM_ROOT}/carrel-boot)
  install(DIRECTORY ${CARREL_VM_ROOT} DESTINATION libexec/carrel USE_SOURCE_PERMISSIONS)
endif()
add_custom_target(rooms ALL DEPENDS ${rooms})

install(TARGETS carrel support-diag RUNTIME DESTINATION bin)
install(TARGETS carrel-fetch RUNTIME DESTINATION libexec/carrel)
install(DIRECTORY ${libexec}/read-root ${libexec}/probe-root DESTINATION libexec/carrel USE_SOURCE_PERMISSIONS)
install(DIRECTORY playbooks DESTINATION libexec/carrel)
install(FILES LICENSE DESTINATION share/doc/carrel)
