set(UNDERSTUDY_SANITIZE "" CACHE STRING "Sanitizers for everything that is built here, such as address,undefined or thread")
if(UNDERSTUDY_SANITIZE)
  add_compile_options(-fsanitize=${UNDERSTUDY_SANITIZE} -fno-sanitize-recover=all -fno-omit-frame-pointer)
  add_link_options(-fsanitize=${UNDERSTUDY_SANITIZE})
  if(UNDERSTUDY_SANITIZE MATCHES "undefined" AND CMAKE_CXX_COMPILER_ID STREQUAL "Clang")
    # clang 14 reports Asio's type-erased function calls, whose type hashes it compares across libraries.
    add_compile_options(-fno-sanitize=function)
  endif()
endif()
