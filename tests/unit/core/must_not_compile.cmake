set(flags)
foreach(directory IN LISTS INCLUDES)
  # GCC loses its own headers when the system's are named again.
  if(NOT directory STREQUAL "/usr/include")
    list(APPEND flags -I${directory})
  endif()
endforeach()
execute_process(
  COMMAND ${COMPILER} -std=c++20 -fsyntax-only ${flags} -DCASE_${CASE} ${SOURCE}
  RESULT_VARIABLE status ERROR_VARIABLE said OUTPUT_VARIABLE said)
if(CASE STREQUAL "NOTHING")
  if(NOT status EQUAL 0)
    message(FATAL_ERROR "The common part must compile, or the other cases prove nothing:\n${said}")
  endif()
elseif(status EQUAL 0)
  message(FATAL_ERROR "${CASE} compiles, and must not")
elseif(NOT said MATCHES "${REASON}")
  message(FATAL_ERROR "${CASE} is refused for another reason than /${REASON}/:\n${said}")
endif()
