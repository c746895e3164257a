# SPDX-License-Identifier: GPL-3.0-or-later
rig_area(rig_cli_image
  SOURCES image_command.c image_files.c image_make.c image_recipe.c image_info.c
  USES rig_image rig_base PkgConfig::GLIB PkgConfig::JSON)
rig_test(image_command_test SOURCES image_command_test.c USES rig_cli_image)
rig_test(imgtool_table_test SOURCES imgtool_table_test.c USES rig_cli_image)

rig_area(rig_cli_package
  SOURCES package_command.c package_files.c package_make.c
  USES rig_cli_image rig_package rig_image rig_base PkgConfig::GLIB PkgConfig::JSON)
rig_test(package_command_test SOURCES package_command_test.c USES rig_cli_package)
