# Installs what the lock file names, unless it is there already.
set(installed "${folder}/node_modules/.package-lock.json")
if(EXISTS "${installed}" AND NOT "${folder}/package-lock.json" IS_NEWER_THAN "${installed}")
  return()
endif()
execute_process(COMMAND "${npm}" ci --loglevel=error WORKING_DIRECTORY "${folder}" RESULT_VARIABLE result)
if(result)
  message(FATAL_ERROR "npm ci: ${result}")
endif()
