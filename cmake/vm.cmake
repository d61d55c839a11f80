# The vm wall's part: the guest's init and the program that seals itself and becomes QEMU, both static; and the root in
# which QEMU runs, once `make vm-image` has made the image.
set(CARREL_VM_IMAGE ${CMAKE_SOURCE_DIR}/build/vm-image CACHE PATH "The vm image that `make vm-image` made")

# The sanitizers do not go with -static.
if(NOT CARREL_SANITIZE)
  add_executable(carrel-init apps/carrel_init.cc)
  target_link_libraries(carrel-init PRIVATE carrel-room-guest)
  add_executable(carrel-boot apps/carrel_boot.cc)
  target_link_libraries(carrel-boot PRIVATE carrel-room-seal)
  foreach(program carrel-init carrel-boot)
    target_link_options(${program} PRIVATE -static -Wl,--gc-sections -s)
  endforeach()
endif()

# A copy for each build, because each adds programs of its own.
# The image may be made after the build was configured, so it is looked for at each build.
file(GLOB manifest CONFIGURE_DEPENDS ${CARREL_VM_IMAGE}/manifest)
if(manifest AND TARGET carrel-init)
  set(CARREL_VM_ROOT ${CMAKE_BINARY_DIR}/libexec/carrel/vm-root)
  add_custom_command(
    OUTPUT ${CARREL_VM_ROOT}/carrel-boot
    COMMAND ${CMAKE_COMMAND} -E rm -rf ${CARREL_VM_ROOT}
    COMMAND ${CMAKE_COMMAND} -E make_directory ${CMAKE_BINARY_DIR}/libexec/carrel
    COMMAND cp -a ${CARREL_VM_IMAGE}/root ${CARREL_VM_ROOT}
    COMMAND ${CMAKE_COMMAND} -E copy ${CARREL_VM_IMAGE}/manifest ${CARREL_VM_ROOT}/manifest
    COMMAND ${CMAKE_SOURCE_DIR}/room-image/make-initrd $<TARGET_FILE:carrel-init> ${CARREL_VM_IMAGE}/modules
            ${CARREL_VM_ROOT}/initrd
    COMMAND ${CMAKE_COMMAND} -E copy $<TARGET_FILE:carrel-boot> ${CARREL_VM_ROOT}/carrel-boot
    DEPENDS carrel-init carrel-boot ${CARREL_VM_IMAGE}/manifest ${CMAKE_SOURCE_DIR}/room-image/make-initrd
    COMMENT "The virtual machine's root"
    VERBATIM)
endif()
