# SPDX-License-Identifier: GPL-3.0-or-later
rig_area(rig_cli_report SOURCES report_command.c USES rig_report)
rig_test(cli_report_test SOURCES report_command_test.c USES rig_cli_report)
