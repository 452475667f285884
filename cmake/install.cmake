include(GNUInstallDirs)
include(CMakePackageConfigHelpers)

get_property(components GLOBAL PROPERTY UNDERSTUDY_COMPONENTS)
install(TARGETS ${components} EXPORT understudy-targets FILE_SET HEADERS DESTINATION ${CMAKE_INSTALL_INCLUDEDIR})
install(EXPORT understudy-targets NAMESPACE understudy:: DESTINATION ${CMAKE_INSTALL_LIBDIR}/cmake/understudy)

configure_package_config_file(cmake/understudy-config.cmake.in
  "${CMAKE_CURRENT_BINARY_DIR}/understudy-config.cmake"
  INSTALL_DESTINATION ${CMAKE_INSTALL_LIBDIR}/cmake/understudy)
write_basic_package_version_file("${CMAKE_CURRENT_BINARY_DIR}/understudy-config-version.cmake"
  COMPATIBILITY SameMinorVersion ARCH_INDEPENDENT)
install(FILES
  "${CMAKE_CURRENT_BINARY_DIR}/understudy-config.cmake"
  "${CMAKE_CURRENT_BINARY_DIR}/understudy-config-version.cmake"
  DESTINATION ${CMAKE_INSTALL_LIBDIR}/cmake/understudy)
