# SPDX-License-Identifier: GPL-3.0-or-later
# How every area is compiled: one set of warnings and sanitizers, and the helpers rig_area(), rig_test(), rig_fuzz().

add_library(rig_flags INTERFACE)
target_compile_definitions(rig_flags INTERFACE _POSIX_C_SOURCE=200809L)
target_compile_options(rig_flags INTERFACE -Wall -Wextra -Wshadow -Wpointer-arith -Wstrict-prototypes
  -Wmissing-prototypes -Wwrite-strings -Wundef -Wvla -Wformat=2 -Wswitch-enum -fno-common)
target_include_directories(rig_flags INTERFACE ${CMAKE_SOURCE_DIR}/harness ${CMAKE_SOURCE_DIR}/targets)
if(BOOTRIG_WERROR)
  target_compile_options(rig_flags INTERFACE -Werror)
endif()
if(BOOTRIG_SANITIZE)
  target_compile_options(rig_flags INTERFACE -fsanitize=${BOOTRIG_SANITIZE} -fno-sanitize-recover=all -fno-omit-frame-pointer)
  target_link_options(rig_flags INTERFACE -fsanitize=${BOOTRIG_SANITIZE})
endif()
if(BOOTRIG_FUZZ)
  file(WRITE ${CMAKE_BINARY_DIR}/fuzz-targets.txt "")
  target_compile_options(rig_flags INTERFACE -fsanitize=fuzzer-no-link,address,undefined -fno-sanitize-recover=all)
  target_link_options(rig_flags INTERFACE -fsanitize=address,undefined)
endif()

# rig_area(NAME SOURCES file... [USES target...]): one static library; USES are the only areas and libraries it may call.
function(rig_area name)
  cmake_parse_arguments(A "" "" "SOURCES;USES" ${ARGN})
  add_library(${name} STATIC ${A_SOURCES})
  target_link_libraries(${name} PUBLIC rig_flags ${A_USES})
endfunction()

# rig_test(NAME SOURCES file... USES target... [TIMEOUT seconds] [ENVIRONMENT var=value...]): one cmocka program, one ctest entry.
function(rig_test name)
  if(NOT BOOTRIG_TESTS)
    return()
  endif()
  cmake_parse_arguments(A "" "TIMEOUT" "SOURCES;USES;ENVIRONMENT" ${ARGN})
  if(NOT A_TIMEOUT)
    set(A_TIMEOUT 300) # ends what hangs; a busy machine is slow
  endif()
  add_executable(${name} ${A_SOURCES})
  target_link_libraries(${name} PRIVATE rig_flags ${A_USES} PkgConfig::CMOCKA)
  target_compile_definitions(${name} PRIVATE RIG_SOURCE_DIR="${CMAKE_SOURCE_DIR}" RIG_BINARY_DIR="${CMAKE_BINARY_DIR}")
  add_test(NAME ${name} COMMAND ${name})
  set_tests_properties(${name} PROPERTIES TIMEOUT ${A_TIMEOUT} ENVIRONMENT "G_DEBUG=fatal-warnings;${A_ENVIRONMENT}")
endfunction()

# rig_fuzz(NAME SOURCES file... USES target... CORPUS dir): LLVMFuzzerTestOneInput; without BOOTRIG_FUZZ a plain program
# feeds every file of the corpus to it, and that is a test.
function(rig_fuzz name)
  if(NOT BOOTRIG_TESTS)
    return()
  endif()
  cmake_parse_arguments(A "" "CORPUS" "SOURCES;USES" ${ARGN})
  if(BOOTRIG_FUZZ)
    add_executable(${name} ${A_SOURCES})
    target_link_options(${name} PRIVATE -fsanitize=fuzzer)
    file(APPEND ${CMAKE_BINARY_DIR}/fuzz-targets.txt "${name} ${A_CORPUS}\n") # for ci/fuzz
  else()
    add_executable(${name} ${A_SOURCES} ${CMAKE_SOURCE_DIR}/harness/tests/fuzz_replay.c)
    add_test(NAME ${name} COMMAND ${name} ${CMAKE_SOURCE_DIR}/${A_CORPUS})
    set_tests_properties(${name} PROPERTIES TIMEOUT 300)
  endif()
  target_link_libraries(${name} PRIVATE rig_flags ${A_USES})
endfunction()
