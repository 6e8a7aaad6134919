# libcrossfade as others use it: one archive, the public headers, a CMake package, pkg-config, a Debian package.
#     cmake --install build/release --component library --prefix /usr/local
#     cpack --config build/release/CPackConfig.cmake -B build/packages
include(GNUInstallDirs)
include(CMakePackageConfigHelpers)

# The modules that the driver stands on, in one archive.
set(archive ${PROJECT_BINARY_DIR}/libcrossfade.a)
set(script ${PROJECT_BINARY_DIR}/libcrossfade.mri)
set(modules base cql net bundle nodes driver)
set(commands "create ${archive}\n")
set(archives "")
foreach(module ${modules})
    string(APPEND commands "addlib $<TARGET_FILE:crossfade_${module}>\n")
    list(APPEND archives crossfade_${module})
endforeach()
file(GENERATE OUTPUT ${script} CONTENT "${commands}save\nend\n")
add_custom_command(OUTPUT ${archive}
    COMMAND ${CMAKE_COMMAND} -E rm -f ${archive}
    COMMAND ${CMAKE_AR} -M < ${script}
    DEPENDS ${archives} ${script}
    COMMENT "Gathering libcrossfade.a"
    VERBATIM)
add_custom_target(crossfade_archive ALL DEPENDS ${archive})

install(FILES ${archive} DESTINATION ${CMAKE_INSTALL_LIBDIR} COMPONENT library)
install(DIRECTORY include/crossfade DESTINATION ${CMAKE_INSTALL_INCLUDEDIR} COMPONENT library FILES_MATCHING PATTERN "*.hpp")
configure_package_config_file(cmake/package/crossfadeConfig.cmake.in ${PROJECT_BINARY_DIR}/package/crossfadeConfig.cmake
    INSTALL_DESTINATION ${CMAKE_INSTALL_LIBDIR}/cmake/crossfade PATH_VARS CMAKE_INSTALL_LIBDIR CMAKE_INSTALL_INCLUDEDIR)
write_basic_package_version_file(${PROJECT_BINARY_DIR}/package/crossfadeConfigVersion.cmake COMPATIBILITY SameMinorVersion)
install(FILES ${PROJECT_BINARY_DIR}/package/crossfadeConfig.cmake ${PROJECT_BINARY_DIR}/package/crossfadeConfigVersion.cmake
    DESTINATION ${CMAKE_INSTALL_LIBDIR}/cmake/crossfade COMPONENT library)
# The prefix is known when it is installed, not before.
install(CODE "
    set(CMAKE_INSTALL_LIBDIR \"${CMAKE_INSTALL_LIBDIR}\")
    set(CMAKE_INSTALL_INCLUDEDIR \"${CMAKE_INSTALL_INCLUDEDIR}\")
    set(PROJECT_VERSION \"${PROJECT_VERSION}\")
    configure_file(\"${PROJECT_SOURCE_DIR}/cmake/package/crossfade.pc.in\"
        \"\$ENV{DESTDIR}\${CMAKE_INSTALL_PREFIX}/${CMAKE_INSTALL_LIBDIR}/pkgconfig/crossfade.pc\" @ONLY)
    " COMPONENT library)

set(CPACK_GENERATOR DEB)
set(CPACK_PACKAGE_NAME crossfade)
set(CPACK_PACKAGE_CONTACT "Crossfade maintainers <maintainers@crossfade.invalid>")
set(CPACK_PACKAGING_INSTALL_PREFIX /usr)
set(CPACK_COMPONENTS_ALL library)
set(CPACK_DEB_COMPONENT_INSTALL ON)
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_LIBRARY_PACKAGE_NAME libcrossfade-dev)
set(CPACK_DEBIAN_LIBRARY_PACKAGE_SECTION libdevel)
set(CPACK_DEBIAN_LIBRARY_PACKAGE_DEPENDS "libssl-dev (>= 3), libzip-dev, libsimdjson-dev, zlib1g-dev, liblz4-dev, libsnappy-dev, libspdlog-dev, libfmt-dev")
set(CPACK_COMPONENT_LIBRARY_DESCRIPTION "C++20 driver for Cassandra and what speaks its native protocol: headers and static library")
include(CPack)
