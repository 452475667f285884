# One interface target a layer: the core needs Boost alone, an adapter adds its own libraries.
find_package(Threads REQUIRED)
find_package(Boost 1.81 REQUIRED COMPONENTS json url)

function(understudy_component name)
  cmake_parse_arguments(arg "" "" "HEADERS;LINK" ${ARGN})
  set(base "${PROJECT_SOURCE_DIR}/include")
  set(headers)
  foreach(pattern IN LISTS arg_HEADERS)
    file(GLOB found CONFIGURE_DEPENDS "${base}/understudy/${pattern}")
    list(APPEND headers ${found})
  endforeach()
  set(target understudy_${name})
  add_library(${target} INTERFACE)
  add_library(understudy::${name} ALIAS ${target})
  set_target_properties(${target} PROPERTIES EXPORT_NAME ${name})
  target_compile_features(${target} INTERFACE cxx_std_20)
  target_sources(${target} INTERFACE FILE_SET HEADERS BASE_DIRS "${base}" FILES ${headers})
  target_link_libraries(${target} INTERFACE ${arg_LINK})
  set_property(GLOBAL APPEND PROPERTY UNDERSTUDY_COMPONENTS ${target})
endfunction()

understudy_component(core
  HEADERS "*.hpp" "detail/*.hpp" "memory/*.hpp" "memory/detail/*.hpp"
  LINK Boost::headers Boost::json Threads::Threads)

understudy_component(file
  HEADERS "file/*.hpp" "file/detail/*.hpp"
  LINK understudy_core)

understudy_component(testing
  HEADERS "testing/*.hpp"
  LINK understudy_core)

find_package(PostgreSQL)
if(PostgreSQL_FOUND)
  understudy_component(postgres
    HEADERS "postgres/*.hpp" "postgres/detail/*.hpp"
    LINK understudy_core PostgreSQL::PostgreSQL)
  understudy_component(supabase
    HEADERS "supabase/*.hpp"
    LINK understudy_postgres)
endif()

find_package(OpenSSL 3)
if(OpenSSL_FOUND)
  understudy_component(http
    HEADERS "http/*.hpp" "http/detail/*.hpp"
    LINK understudy_core Boost::json Boost::url OpenSSL::SSL OpenSSL::Crypto)
  understudy_component(hubspot
    HEADERS "hubspot/*.hpp" "hubspot/detail/*.hpp"
    LINK understudy_http)
endif()
