# SPDX-License-Identifier: GPL-3.0-or-later
# What is installed, what is made from the tables at build time, and the target `reference` that refreshes the committed copies.

set(made ${CMAKE_BINARY_DIR}/made)
file(MAKE_DIRECTORY ${made})
add_custom_command(OUTPUT ${made}/bootrig.bash ${made}/STEPS.md ${made}/scenario.schema.json
  COMMAND bootrig completion bash > ${made}/bootrig.bash
  COMMAND bootrig steps --markdown > ${made}/STEPS.md
  COMMAND bootrig schema > ${made}/scenario.schema.json
  DEPENDS bootrig VERBATIM)
add_custom_target(made ALL DEPENDS ${made}/bootrig.bash ${made}/STEPS.md ${made}/scenario.schema.json)

add_custom_target(reference
  COMMAND ${CMAKE_COMMAND} -E copy ${made}/STEPS.md ${made}/scenario.schema.json ${CMAKE_SOURCE_DIR}/scenarios
  DEPENDS made)

install(TARGETS bootrig RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
install(FILES harness/cli/bootrig.1 DESTINATION ${CMAKE_INSTALL_MANDIR}/man1)
install(FILES ${made}/bootrig.bash DESTINATION ${CMAKE_INSTALL_DATADIR}/bash-completion/completions RENAME bootrig)
install(DIRECTORY scenarios DESTINATION ${CMAKE_INSTALL_DATADIR}/bootrig)
install(DIRECTORY targets/ DESTINATION ${CMAKE_INSTALL_DATADIR}/bootrig/targets
  FILES_MATCHING PATTERN "*.yaml" PATTERN "*.cfg" PATTERN "README.md" PATTERN "WIRING.md" PATTERN "MCUBOOT.md" PATTERN sim EXCLUDE)
# For bootloaders of one's own: contract, guide, the worked example, MCUboot's port.
set(guests targets/sim/firmware/mcuboot)
install(FILES ${guests}/bootloader_abi.h ${guests}/PORTING.md DESTINATION ${CMAKE_INSTALL_DATADIR}/bootrig/${guests})
install(DIRECTORY ${guests}/example_port ${guests}/mcuboot_port DESTINATION ${CMAKE_INSTALL_DATADIR}/bootrig/${guests}
  FILES_MATCHING PATTERN "*.[ch]" PATTERN "*.yaml" PATTERN "*_test.c" EXCLUDE PATTERN "*_bench.c" EXCLUDE PATTERN test EXCLUDE)
install(FILES README.md LICENSE DESTINATION ${CMAKE_INSTALL_DOCDIR})

if(BOOTRIG_TESTS)
  find_package(Python3 REQUIRED COMPONENTS Interpreter)
  add_test(NAME step_reference_is_up_to_date
    COMMAND ${CMAKE_COMMAND} -DMADE=${made}/STEPS.md -DKEPT=${CMAKE_SOURCE_DIR}/scenarios/STEPS.md -P ${CMAKE_SOURCE_DIR}/ci/cmake/compare.cmake)
  add_test(NAME json_schema_is_up_to_date
    COMMAND ${CMAKE_COMMAND} -DMADE=${made}/scenario.schema.json -DKEPT=${CMAKE_SOURCE_DIR}/scenarios/scenario.schema.json
      -P ${CMAKE_SOURCE_DIR}/ci/cmake/compare.cmake)
  add_test(NAME readme_test
    COMMAND ${Python3_EXECUTABLE} ${CMAKE_SOURCE_DIR}/harness/tests/readme_test.py $<TARGET_FILE:bootrig> ${CMAKE_SOURCE_DIR}
      README.md scenarios/README.md scenarios/BLUETOOTH.md targets/README.md targets/WIRING.md harness/README.md ci/README.md
      targets/MCUBOOT.md targets/sim/firmware/mcuboot/PORTING.md harness/cli/IMGTOOL.md ci/fidelity/README.md)
  add_test(NAME man_page_test
    COMMAND ${Python3_EXECUTABLE} ${CMAKE_SOURCE_DIR}/harness/tests/man_page_test.py $<TARGET_FILE:bootrig> ${CMAKE_SOURCE_DIR})
  add_test(NAME narrowing_test COMMAND ${Python3_EXECUTABLE} ${CMAKE_SOURCE_DIR}/harness/tests/narrowing_test.py)
  add_test(NAME journal_words_test COMMAND ${Python3_EXECUTABLE} ${CMAKE_SOURCE_DIR}/harness/tests/journal_words_test.py ${CMAKE_SOURCE_DIR})
  add_test(NAME install_test
    COMMAND ${Python3_EXECUTABLE} ${CMAKE_SOURCE_DIR}/harness/tests/install_test.py ${CMAKE_COMMAND} ${CMAKE_BINARY_DIR})
  add_test(NAME completion_test COMMAND bash ${CMAKE_SOURCE_DIR}/harness/tests/completion_test.sh $<TARGET_FILE:bootrig>)
  # The guest is emulated: sanitizers would take it several times as long, and see nothing that tests outside do not.
  if(NOT BOOTRIG_SANITIZE)
    add_test(NAME vm_boots COMMAND ${Python3_EXECUTABLE} ${CMAKE_SOURCE_DIR}/ci/vm/vm_test.py ${CMAKE_SOURCE_DIR}/ci/vm)
    add_test(NAME capture_of_real_bluez COMMAND ${Python3_EXECUTABLE} ${CMAKE_SOURCE_DIR}/ci/vm/capture_test.py $<TARGET_FILE:bootrig> ${CMAKE_SOURCE_DIR}/ci/vm)
    foreach(part scenarios nordic faults bench)
      add_test(NAME ${part}_over_bluez COMMAND ${Python3_EXECUTABLE} ${CMAKE_SOURCE_DIR}/harness/tests/links_test.py
        $<TARGET_FILE:bootrig> ${CMAKE_SOURCE_DIR} ${part} $<TARGET_FILE:bluez_characteristics>)
    endforeach()
    set_tests_properties(vm_boots capture_of_real_bluez scenarios_over_bluez nordic_over_bluez faults_over_bluez bench_over_bluez
      PROPERTIES TIMEOUT 1800 SKIP_RETURN_CODE 77 COST 1000)
    # Two guests at the most: the longest test has one of its own.
    set_tests_properties(vm_boots capture_of_real_bluez nordic_over_bluez faults_over_bluez bench_over_bluez PROPERTIES RESOURCE_LOCK guest)
  endif()
  set_tests_properties(readme_test man_page_test install_test completion_test PROPERTIES TIMEOUT 300 ENVIRONMENT G_DEBUG=fatal-warnings)
endif()
