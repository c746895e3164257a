/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The numbers of Bluetooth LE that matter to firmware updates: HCI, L2CAP, ATT, Security Manager, short UUIDs.
 * Each table is X(constant, number, name for people): enums are made of it here, names in code_names.c. GLib-free. */
#ifndef RIG_PROTOCOL_BLE_CODES_H
#define RIG_PROTOCOL_BLE_CODES_H

#define RIG_BLE_CODE(constant, number, text) constant = number,

/* clang-format off */
/* The first byte of a packet over a wire. [SPEC Core Vol 4 Part A 2] */
enum rig_h4_type { RIG_H4_COMMAND = 1, RIG_H4_ACL = 2, RIG_H4_SCO = 3, RIG_H4_EVENT = 4, RIG_H4_ISO = 5 };

/* In the first word of an ACL packet: the connection's handle, and whether it continues a PDU (packet boundary
 * flag, shifted to the lowest bits). [SPEC Core Vol 4 Part E 5.4.2] */
#define RIG_ACL_HANDLE_BITS 0x0fff
#define RIG_ACL_BOUNDARY_SHIFT 12
#define RIG_ACL_BOUNDARY_BITS 3
#define RIG_ACL_CONTINUATION 1
#define RIG_ACL_HEADER_BYTES 4u

/* Channels. [SPEC Core Vol 3 Part A 2.1] */
enum rig_l2cap_channel {
    RIG_L2CAP_CID_BREDR_SIGNALS = 0x0001,
    RIG_L2CAP_CID_ATT = 0x0004,
    RIG_L2CAP_CID_SIGNALS = 0x0005,
    RIG_L2CAP_CID_SM = 0x0006,
    RIG_L2CAP_CID_BREDR_SM = 0x0007,
    RIG_L2CAP_CID_FIRST_DYNAMIC = 0x0040,
};
#define RIG_L2CAP_HEADER_BYTES 4u

#define RIG_ATT_COMMAND_BIT 0x40 /* of an opcode: it is not answered */
#define RIG_ATT_VALUE_OVERHEAD_BYTES 3u /* opcode and handle, before the value of a write or notification */

/* Commands: OGF << 10 | OCF. [SPEC Core Vol 4 Part E 7] */
#define RIG_HCI_COMMANDS(X)                                                                                         \
    X(RIG_HCI_DISCONNECT, 0x0406, "Disconnect")                                                                     \
    X(RIG_HCI_READ_REMOTE_VERSION, 0x041d, "Read Remote Version Information")                                       \
    X(RIG_HCI_SET_EVENT_MASK, 0x0c01, "Set Event Mask")                                                             \
    X(RIG_HCI_RESET, 0x0c03, "Reset")                                                                               \
    X(RIG_HCI_WRITE_LOCAL_NAME, 0x0c13, "Write Local Name")                                                         \
    X(RIG_HCI_READ_LOCAL_NAME, 0x0c14, "Read Local Name")                                                           \
    X(RIG_HCI_HOST_BUFFER_SIZE, 0x0c33, "Host Buffer Size")                                                         \
    X(RIG_HCI_HOST_COMPLETED_PACKETS, 0x0c35, "Host Number of Completed Packets")                                   \
    X(RIG_HCI_SET_EVENT_MASK_PAGE_2, 0x0c63, "Set Event Mask Page 2")                                               \
    X(RIG_HCI_WRITE_LE_HOST_SUPPORTED, 0x0c6d, "Write LE Host Supported")                                           \
    X(RIG_HCI_READ_LOCAL_VERSION, 0x1001, "Read Local Version Information")                                         \
    X(RIG_HCI_READ_LOCAL_COMMANDS, 0x1002, "Read Local Supported Commands")                                         \
    X(RIG_HCI_READ_LOCAL_FEATURES, 0x1003, "Read Local Supported Features")                                         \
    X(RIG_HCI_READ_BUFFER_SIZE, 0x1005, "Read Buffer Size")                                                         \
    X(RIG_HCI_READ_ADDRESS, 0x1009, "Read BD_ADDR")                                                                 \
    X(RIG_HCI_READ_RSSI, 0x1405, "Read RSSI")                                                                       \
    X(RIG_HCI_LE_SET_EVENT_MASK, 0x2001, "LE Set Event Mask")                                                       \
    X(RIG_HCI_LE_READ_BUFFER_SIZE, 0x2002, "LE Read Buffer Size")                                                   \
    X(RIG_HCI_LE_READ_LOCAL_FEATURES, 0x2003, "LE Read Local Supported Features")                                   \
    X(RIG_HCI_LE_SET_RANDOM_ADDRESS, 0x2005, "LE Set Random Address")                                               \
    X(RIG_HCI_LE_SET_ADVERTISING_PARAMETERS, 0x2006, "LE Set Advertising Parameters")                               \
    X(RIG_HCI_LE_READ_ADVERTISING_TX_POWER, 0x2007, "LE Read Advertising TX Power")                                 \
    X(RIG_HCI_LE_SET_ADVERTISING_DATA, 0x2008, "LE Set Advertising Data")                                           \
    X(RIG_HCI_LE_SET_SCAN_RESPONSE_DATA, 0x2009, "LE Set Scan Response Data")                                       \
    X(RIG_HCI_LE_SET_ADVERTISING_ENABLE, 0x200a, "LE Set Advertising Enable")                                       \
    X(RIG_HCI_LE_SET_SCAN_PARAMETERS, 0x200b, "LE Set Scan Parameters")                                             \
    X(RIG_HCI_LE_SET_SCAN_ENABLE, 0x200c, "LE Set Scan Enable")                                                     \
    X(RIG_HCI_LE_CREATE_CONNECTION, 0x200d, "LE Create Connection")                                                 \
    X(RIG_HCI_LE_CREATE_CONNECTION_CANCEL, 0x200e, "LE Create Connection Cancel")                                   \
    X(RIG_HCI_LE_READ_ACCEPT_LIST_SIZE, 0x200f, "LE Read Filter Accept List Size")                                  \
    X(RIG_HCI_LE_CLEAR_ACCEPT_LIST, 0x2010, "LE Clear Filter Accept List")                                          \
    X(RIG_HCI_LE_ADD_TO_ACCEPT_LIST, 0x2011, "LE Add Device To Filter Accept List")                                 \
    X(RIG_HCI_LE_REMOVE_FROM_ACCEPT_LIST, 0x2012, "LE Remove Device From Filter Accept List")                       \
    X(RIG_HCI_LE_CONNECTION_UPDATE, 0x2013, "LE Connection Update")                                                 \
    X(RIG_HCI_LE_READ_REMOTE_FEATURES, 0x2016, "LE Read Remote Features")                                           \
    X(RIG_HCI_LE_ENCRYPT, 0x2017, "LE Encrypt")                                                                     \
    X(RIG_HCI_LE_RAND, 0x2018, "LE Rand")                                                                           \
    X(RIG_HCI_LE_START_ENCRYPTION, 0x2019, "LE Start Encryption")                                                   \
    X(RIG_HCI_LE_KEY_REPLY, 0x201a, "LE Long Term Key Request Reply")                                               \
    X(RIG_HCI_LE_KEY_NEGATIVE_REPLY, 0x201b, "LE Long Term Key Request Negative Reply")                             \
    X(RIG_HCI_LE_READ_SUPPORTED_STATES, 0x201c, "LE Read Supported States")                                         \
    X(RIG_HCI_LE_PARAMETER_REQUEST_REPLY, 0x2020, "LE Remote Connection Parameter Request Reply")                   \
    X(RIG_HCI_LE_PARAMETER_REQUEST_NEGATIVE_REPLY, 0x2021, "LE Remote Connection Parameter Request Negative Reply") \
    X(RIG_HCI_LE_SET_DATA_LENGTH, 0x2022, "LE Set Data Length")                                                     \
    X(RIG_HCI_LE_READ_DEFAULT_DATA_LENGTH, 0x2023, "LE Read Suggested Default Data Length")                         \
    X(RIG_HCI_LE_WRITE_DEFAULT_DATA_LENGTH, 0x2024, "LE Write Suggested Default Data Length")                       \
    X(RIG_HCI_LE_READ_PUBLIC_KEY, 0x2025, "LE Read Local P-256 Public Key")                                         \
    X(RIG_HCI_LE_GENERATE_DHKEY, 0x2026, "LE Generate DHKey")                                                       \
    X(RIG_HCI_LE_ADD_TO_RESOLVING_LIST, 0x2027, "LE Add Device To Resolving List")                                  \
    X(RIG_HCI_LE_REMOVE_FROM_RESOLVING_LIST, 0x2028, "LE Remove Device From Resolving List")                        \
    X(RIG_HCI_LE_CLEAR_RESOLVING_LIST, 0x2029, "LE Clear Resolving List")                                           \
    X(RIG_HCI_LE_SET_ADDRESS_RESOLUTION_ENABLE, 0x202d, "LE Set Address Resolution Enable")                         \
    X(RIG_HCI_LE_SET_RESOLVABLE_ADDRESS_TIMEOUT, 0x202e, "LE Set Resolvable Private Address Time-out")              \
    X(RIG_HCI_LE_READ_MAXIMUM_DATA_LENGTH, 0x202f, "LE Read Maximum Data Length")                                   \
    X(RIG_HCI_LE_SET_DEFAULT_PHY, 0x2031, "LE Set Default PHY")                                                     \
    X(RIG_HCI_LE_SET_PHY, 0x2032, "LE Set PHY")                                                                     \
    X(RIG_HCI_LE_SET_SET_RANDOM_ADDRESS, 0x2035, "LE Set Advertising Set Random Address")                           \
    X(RIG_HCI_LE_SET_EXTENDED_PARAMETERS, 0x2036, "LE Set Extended Advertising Parameters")                         \
    X(RIG_HCI_LE_SET_EXTENDED_ADVERTISING_DATA, 0x2037, "LE Set Extended Advertising Data")                         \
    X(RIG_HCI_LE_SET_EXTENDED_SCAN_RESPONSE_DATA, 0x2038, "LE Set Extended Scan Response Data")                     \
    X(RIG_HCI_LE_SET_EXTENDED_ADVERTISING_ENABLE, 0x2039, "LE Set Extended Advertising Enable")                     \
    X(RIG_HCI_LE_REMOVE_ADVERTISING_SET, 0x203c, "LE Remove Advertising Set")                                       \
    X(RIG_HCI_LE_CLEAR_ADVERTISING_SETS, 0x203d, "LE Clear Advertising Sets")                                       \
    X(RIG_HCI_LE_SET_EXTENDED_SCAN_PARAMETERS, 0x2041, "LE Set Extended Scan Parameters")                           \
    X(RIG_HCI_LE_SET_EXTENDED_SCAN_ENABLE, 0x2042, "LE Set Extended Scan Enable")                                   \
    X(RIG_HCI_LE_EXTENDED_CREATE_CONNECTION, 0x2043, "LE Extended Create Connection")                               \
    X(RIG_HCI_LE_SET_PRIVACY_MODE, 0x204e, "LE Set Privacy Mode")
enum rig_hci_command { RIG_HCI_COMMANDS(RIG_BLE_CODE) };

/* Events. [SPEC Core Vol 4 Part E 7.7] */
#define RIG_HCI_EVENTS(X)                                                                      \
    X(RIG_HCI_EVENT_DISCONNECTION_COMPLETE, 0x05, "Disconnection Complete")                    \
    X(RIG_HCI_EVENT_ENCRYPTION_CHANGE, 0x08, "Encryption Change")                              \
    X(RIG_HCI_EVENT_REMOTE_VERSION_COMPLETE, 0x0c, "Read Remote Version Information Complete") \
    X(RIG_HCI_EVENT_COMMAND_COMPLETE, 0x0e, "Command Complete")                                \
    X(RIG_HCI_EVENT_COMMAND_STATUS, 0x0f, "Command Status")                                    \
    X(RIG_HCI_EVENT_HARDWARE_ERROR, 0x10, "Hardware Error")                                    \
    X(RIG_HCI_EVENT_COMPLETED_PACKETS, 0x13, "Number of Completed Packets")                    \
    X(RIG_HCI_EVENT_DATA_BUFFER_OVERFLOW, 0x1a, "Data Buffer Overflow")                        \
    X(RIG_HCI_EVENT_KEY_REFRESH_COMPLETE, 0x30, "Encryption Key Refresh Complete")             \
    X(RIG_HCI_EVENT_LE_META, 0x3e, "LE Meta")                                                  \
    X(RIG_HCI_EVENT_PAYLOAD_TIMEOUT_EXPIRED, 0x57, "Authenticated Payload Time-out Expired")   \
    X(RIG_HCI_EVENT_ENCRYPTION_CHANGE_2, 0x59, "Encryption Change (version 2)")                \
    X(RIG_HCI_EVENT_VENDOR, 0xff, "vendor event")
enum rig_hci_event { RIG_HCI_EVENTS(RIG_BLE_CODE) };

/* Subevents of the LE Meta event. [SPEC Core Vol 4 Part E 7.7.65] */
#define RIG_HCI_LE_EVENTS(X)                                                                    \
    X(RIG_HCI_LE_EVENT_CONNECTION_COMPLETE, 0x01, "LE Connection Complete")                     \
    X(RIG_HCI_LE_EVENT_ADVERTISING_REPORT, 0x02, "LE Advertising Report")                       \
    X(RIG_HCI_LE_EVENT_CONNECTION_UPDATE_COMPLETE, 0x03, "LE Connection Update Complete")       \
    X(RIG_HCI_LE_EVENT_READ_REMOTE_FEATURES_COMPLETE, 0x04, "LE Read Remote Features Complete") \
    X(RIG_HCI_LE_EVENT_KEY_REQUEST, 0x05, "LE Long Term Key Request")                           \
    X(RIG_HCI_LE_EVENT_PARAMETER_REQUEST, 0x06, "LE Remote Connection Parameter Request")       \
    X(RIG_HCI_LE_EVENT_DATA_LENGTH_CHANGE, 0x07, "LE Data Length Change")                       \
    X(RIG_HCI_LE_EVENT_PUBLIC_KEY_COMPLETE, 0x08, "LE Read Local P-256 Public Key Complete")    \
    X(RIG_HCI_LE_EVENT_GENERATE_DHKEY_COMPLETE, 0x09, "LE Generate DHKey Complete")             \
    X(RIG_HCI_LE_EVENT_ENHANCED_CONNECTION_COMPLETE, 0x0a, "LE Enhanced Connection Complete")   \
    X(RIG_HCI_LE_EVENT_DIRECTED_ADVERTISING_REPORT, 0x0b, "LE Directed Advertising Report")     \
    X(RIG_HCI_LE_EVENT_PHY_UPDATE_COMPLETE, 0x0c, "LE PHY Update Complete")                     \
    X(RIG_HCI_LE_EVENT_EXTENDED_ADVERTISING_REPORT, 0x0d, "LE Extended Advertising Report")     \
    X(RIG_HCI_LE_EVENT_SCAN_TIMEOUT, 0x11, "LE Scan Time-out")                                  \
    X(RIG_HCI_LE_EVENT_ADVERTISING_SET_TERMINATED, 0x12, "LE Advertising Set Terminated")       \
    X(RIG_HCI_LE_EVENT_SCAN_REQUEST_RECEIVED, 0x13, "LE Scan Request Received")                 \
    X(RIG_HCI_LE_EVENT_CHANNEL_SELECTION_ALGORITHM, 0x14, "LE Channel Selection Algorithm")
enum rig_hci_le_event { RIG_HCI_LE_EVENTS(RIG_BLE_CODE) };

/* Error codes: statuses of events, reasons of disconnections. [SPEC Core Vol 1 Part F] */
#define RIG_HCI_ERRORS(X)                                                                             \
    X(RIG_HCI_ERROR_NONE, 0x00, "success")                                                            \
    X(RIG_HCI_ERROR_UNKNOWN_COMMAND, 0x01, "unknown command")                                         \
    X(RIG_HCI_ERROR_UNKNOWN_CONNECTION, 0x02, "unknown connection")                                   \
    X(RIG_HCI_ERROR_HARDWARE_FAILURE, 0x03, "hardware failure")                                       \
    X(RIG_HCI_ERROR_AUTHENTICATION_FAILURE, 0x05, "authentication failure")                           \
    X(RIG_HCI_ERROR_KEY_MISSING, 0x06, "PIN or key missing")                                          \
    X(RIG_HCI_ERROR_MEMORY_EXCEEDED, 0x07, "memory exceeded")                                         \
    X(RIG_HCI_ERROR_CONNECTION_TIMEOUT, 0x08, "supervision time-out")                                 \
    X(RIG_HCI_ERROR_CONNECTION_LIMIT_EXCEEDED, 0x09, "connection limit exceeded")                     \
    X(RIG_HCI_ERROR_CONNECTION_EXISTS_ALREADY, 0x0b, "connection exists already")                     \
    X(RIG_HCI_ERROR_COMMAND_DISALLOWED, 0x0c, "command disallowed")                                   \
    X(RIG_HCI_ERROR_LIMITED_RESOURCES, 0x0d, "rejected: limited resources")                           \
    X(RIG_HCI_ERROR_REJECTED_FOR_SECURITY, 0x0e, "rejected: security")                                \
    X(RIG_HCI_ERROR_UNSUPPORTED_FEATURE_OR_PARAMETER, 0x11, "unsupported feature or parameter")       \
    X(RIG_HCI_ERROR_INVALID_PARAMETERS, 0x12, "invalid parameters")                                   \
    X(RIG_HCI_ERROR_REMOTE_USER, 0x13, "remote user terminated")                                      \
    X(RIG_HCI_ERROR_REMOTE_LOW_RESOURCES, 0x14, "remote device low on resources")                     \
    X(RIG_HCI_ERROR_REMOTE_POWER_OFF, 0x15, "remote device powers off")                               \
    X(RIG_HCI_ERROR_LOCAL_HOST, 0x16, "terminated by local host")                                     \
    X(RIG_HCI_ERROR_REPEATED_ATTEMPTS, 0x17, "repeated attempts")                                     \
    X(RIG_HCI_ERROR_PAIRING_NOT_ALLOWED, 0x18, "pairing not allowed")                                 \
    X(RIG_HCI_ERROR_UNSUPPORTED_REMOTE_FEATURE, 0x1a, "unsupported remote feature")                   \
    X(RIG_HCI_ERROR_UNSPECIFIED_ERROR, 0x1f, "unspecified error")                                     \
    X(RIG_HCI_ERROR_UNSUPPORTED_LINK_LAYER_PARAMETER, 0x20, "unsupported link-layer parameter")       \
    X(RIG_HCI_ERROR_LINK_LAYER_RESPONSE_TIMEOUT, 0x22, "link-layer response time-out")                \
    X(RIG_HCI_ERROR_LINK_LAYER_PROCEDURE_COLLISION, 0x23, "link-layer procedure collision")           \
    X(RIG_HCI_ERROR_INSTANT_PASSED, 0x28, "instant passed")                                           \
    X(RIG_HCI_ERROR_PAIRING_WITH_UNIT_KEY_NOT_SUPPORTED, 0x29, "pairing with unit key not supported") \
    X(RIG_HCI_ERROR_DIFFERENT_TRANSACTION_COLLISION, 0x2a, "different transaction collision")         \
    X(RIG_HCI_ERROR_INSUFFICIENT_SECURITY, 0x2f, "insufficient security")                             \
    X(RIG_HCI_ERROR_CONTROLLER_BUSY, 0x3a, "controller busy")                                         \
    X(RIG_HCI_ERROR_UNACCEPTABLE_CONNECTION_PARAMETERS, 0x3b, "unacceptable connection parameters")   \
    X(RIG_HCI_ERROR_ADVERTISING_TIMEOUT, 0x3c, "advertising time-out")                                \
    X(RIG_HCI_ERROR_MIC_FAILURE, 0x3d, "MIC failure")                                                 \
    X(RIG_HCI_ERROR_NOT_ESTABLISHED, 0x3e, "connection failed to be established")                     \
    X(RIG_HCI_ERROR_LIMIT_REACHED, 0x43, "limit reached")                                             \
    X(RIG_HCI_ERROR_CANCELLED_BY_HOST, 0x44, "cancelled by host")
enum rig_hci_error { RIG_HCI_ERRORS(RIG_BLE_CODE) };

/* Codes of signalling PDUs. [SPEC Core Vol 3 Part A 4] */
#define RIG_L2CAP_SIGNALS(X)                                                                        \
    X(RIG_L2CAP_COMMAND_REJECT, 0x01, "Command Reject")                                             \
    X(RIG_L2CAP_DISCONNECTION_REQUEST, 0x06, "Disconnection Request")                               \
    X(RIG_L2CAP_DISCONNECTION_RESPONSE, 0x07, "Disconnection Response")                             \
    X(RIG_L2CAP_CONNECTION_PARAMETER_UPDATE_REQUEST, 0x12, "Connection Parameter Update Request")   \
    X(RIG_L2CAP_CONNECTION_PARAMETER_UPDATE_RESPONSE, 0x13, "Connection Parameter Update Response") \
    X(RIG_L2CAP_LE_CREDIT_BASED_CONNECTION_REQUEST, 0x14, "LE Credit Based Connection Request")     \
    X(RIG_L2CAP_LE_CREDIT_BASED_CONNECTION_RESPONSE, 0x15, "LE Credit Based Connection Response")   \
    X(RIG_L2CAP_FLOW_CONTROL_CREDIT, 0x16, "Flow Control Credit")                                   \
    X(RIG_L2CAP_CREDIT_BASED_CONNECTION_REQUEST, 0x17, "Credit Based Connection Request")           \
    X(RIG_L2CAP_CREDIT_BASED_CONNECTION_RESPONSE, 0x18, "Credit Based Connection Response")
enum rig_l2cap_signal { RIG_L2CAP_SIGNALS(RIG_BLE_CODE) };

/* Opcodes of ATT; the response to a request is its number + 1. [SPEC Core Vol 3 Part F 3.4] */
#define RIG_ATT_OPCODES(X)                                                              \
    X(RIG_ATT_ERROR_RESPONSE, 0x01, "Error Response")                                   \
    X(RIG_ATT_EXCHANGE_MTU_REQUEST, 0x02, "Exchange MTU Request")                       \
    X(RIG_ATT_EXCHANGE_MTU_RESPONSE, 0x03, "Exchange MTU Response")                     \
    X(RIG_ATT_FIND_INFORMATION_REQUEST, 0x04, "Find Information Request")               \
    X(RIG_ATT_FIND_INFORMATION_RESPONSE, 0x05, "Find Information Response")             \
    X(RIG_ATT_FIND_BY_TYPE_VALUE_REQUEST, 0x06, "Find By Type Value Request")           \
    X(RIG_ATT_FIND_BY_TYPE_VALUE_RESPONSE, 0x07, "Find By Type Value Response")         \
    X(RIG_ATT_READ_BY_TYPE_REQUEST, 0x08, "Read By Type Request")                       \
    X(RIG_ATT_READ_BY_TYPE_RESPONSE, 0x09, "Read By Type Response")                     \
    X(RIG_ATT_READ_REQUEST, 0x0a, "Read Request")                                       \
    X(RIG_ATT_READ_RESPONSE, 0x0b, "Read Response")                                     \
    X(RIG_ATT_READ_BLOB_REQUEST, 0x0c, "Read Blob Request")                             \
    X(RIG_ATT_READ_BLOB_RESPONSE, 0x0d, "Read Blob Response")                           \
    X(RIG_ATT_READ_MULTIPLE_REQUEST, 0x0e, "Read Multiple Request")                     \
    X(RIG_ATT_READ_MULTIPLE_RESPONSE, 0x0f, "Read Multiple Response")                   \
    X(RIG_ATT_READ_BY_GROUP_TYPE_REQUEST, 0x10, "Read By Group Type Request")           \
    X(RIG_ATT_READ_BY_GROUP_TYPE_RESPONSE, 0x11, "Read By Group Type Response")         \
    X(RIG_ATT_WRITE_REQUEST, 0x12, "Write Request")                                     \
    X(RIG_ATT_WRITE_RESPONSE, 0x13, "Write Response")                                   \
    X(RIG_ATT_PREPARE_WRITE_REQUEST, 0x16, "Prepare Write Request")                     \
    X(RIG_ATT_PREPARE_WRITE_RESPONSE, 0x17, "Prepare Write Response")                   \
    X(RIG_ATT_EXECUTE_WRITE_REQUEST, 0x18, "Execute Write Request")                     \
    X(RIG_ATT_EXECUTE_WRITE_RESPONSE, 0x19, "Execute Write Response")                   \
    X(RIG_ATT_NOTIFICATION, 0x1b, "Notification")                                       \
    X(RIG_ATT_INDICATION, 0x1d, "Indication")                                           \
    X(RIG_ATT_CONFIRMATION, 0x1e, "Confirmation")                                       \
    X(RIG_ATT_READ_MULTIPLE_VARIABLE_REQUEST, 0x20, "Read Multiple Variable Request")   \
    X(RIG_ATT_READ_MULTIPLE_VARIABLE_RESPONSE, 0x21, "Read Multiple Variable Response") \
    X(RIG_ATT_MULTIPLE_NOTIFICATION, 0x23, "Multiple Notification")                     \
    X(RIG_ATT_WRITE_COMMAND, 0x52, "Write Command")                                     \
    X(RIG_ATT_SIGNED_WRITE_COMMAND, 0xd2, "Signed Write Command")
enum rig_att_opcode { RIG_ATT_OPCODES(RIG_BLE_CODE) };

/* Errors of ATT, and those that profiles share. [SPEC Core Vol 3 Part F 3.4.1.1; Supplement Part B] */
#define RIG_ATT_ERRORS(X)                                                             \
    X(RIG_ATT_ERROR_INVALID_HANDLE, 0x01, "invalid handle")                           \
    X(RIG_ATT_ERROR_READ_NOT_PERMITTED, 0x02, "read not permitted")                   \
    X(RIG_ATT_ERROR_WRITE_NOT_PERMITTED, 0x03, "write not permitted")                 \
    X(RIG_ATT_ERROR_INVALID_PDU, 0x04, "invalid PDU")                                 \
    X(RIG_ATT_ERROR_INSUFFICIENT_AUTHENTICATION, 0x05, "insufficient authentication") \
    X(RIG_ATT_ERROR_NOT_SUPPORTED, 0x06, "request not supported")                     \
    X(RIG_ATT_ERROR_INVALID_OFFSET, 0x07, "invalid offset")                           \
    X(RIG_ATT_ERROR_INSUFFICIENT_AUTHORIZATION, 0x08, "insufficient authorization")   \
    X(RIG_ATT_ERROR_PREPARE_QUEUE_FULL, 0x09, "prepare queue full")                   \
    X(RIG_ATT_ERROR_NOT_FOUND, 0x0a, "attribute not found")                           \
    X(RIG_ATT_ERROR_ATTRIBUTE_NOT_LONG, 0x0b, "attribute not long")                   \
    X(RIG_ATT_ERROR_KEY_TOO_SHORT, 0x0c, "encryption key too short")                  \
    X(RIG_ATT_ERROR_INVALID_LENGTH, 0x0d, "invalid value length")                     \
    X(RIG_ATT_ERROR_UNLIKELY_ERROR, 0x0e, "unlikely error")                           \
    X(RIG_ATT_ERROR_INSUFFICIENT_ENCRYPTION, 0x0f, "insufficient encryption")         \
    X(RIG_ATT_ERROR_UNSUPPORTED_GROUP_TYPE, 0x10, "unsupported group type")           \
    X(RIG_ATT_ERROR_INSUFFICIENT_RESOURCES, 0x11, "insufficient resources")           \
    X(RIG_ATT_ERROR_OUT_OF_SYNC, 0x12, "database out of sync")                        \
    X(RIG_ATT_ERROR_VALUE_NOT_ALLOWED, 0x13, "value not allowed")                     \
    X(RIG_ATT_ERROR_WRITE_REQUEST_REJECTED, 0xfc, "write request rejected")           \
    X(RIG_ATT_ERROR_CCC_NOT_CONFIGURED, 0xfd, "CCC improperly configured")            \
    X(RIG_ATT_ERROR_PROCEDURE_IN_PROGRESS, 0xfe, "procedure in progress")             \
    X(RIG_ATT_ERROR_OUT_OF_RANGE, 0xff, "out of range")
enum rig_att_error { RIG_ATT_OK, RIG_ATT_ERRORS(RIG_BLE_CODE) };

/* Codes of the Security Manager. [SPEC Core Vol 3 Part H 3.3] */
#define RIG_SM_CODES(X)                                              \
    X(RIG_SM_REQUEST, 0x01, "Pairing Request")                       \
    X(RIG_SM_RESPONSE, 0x02, "Pairing Response")                     \
    X(RIG_SM_CONFIRM, 0x03, "Pairing Confirm")                       \
    X(RIG_SM_RANDOM, 0x04, "Pairing Random")                         \
    X(RIG_SM_FAILED, 0x05, "Pairing Failed")                         \
    X(RIG_SM_ENCRYPTION_KEY, 0x06, "Encryption Information")         \
    X(RIG_SM_CENTRAL_IDENTIFICATION, 0x07, "Central Identification") \
    X(RIG_SM_IDENTITY_INFORMATION, 0x08, "Identity Information")     \
    X(RIG_SM_IDENTITY_ADDRESS, 0x09, "Identity Address")             \
    X(RIG_SM_SIGNING_INFORMATION, 0x0a, "Signing Information")       \
    X(RIG_SM_SECURITY_REQUEST, 0x0b, "Security Request")             \
    X(RIG_SM_PUBLIC_KEY, 0x0c, "Pairing Public Key")                 \
    X(RIG_SM_DHKEY_CHECK, 0x0d, "Pairing DHKey Check")               \
    X(RIG_SM_KEYPRESS_NOTIFICATION, 0x0e, "Keypress Notification")
enum rig_sm_code { RIG_SM_CODES(RIG_BLE_CODE) };

/* Reasons of Pairing Failed. [SPEC Core Vol 3 Part H 3.5.5] */
#define RIG_SM_REASONS(X)                                                             \
    X(RIG_SM_REASON_PASSKEY_FAILED, 0x01, "passkey entry failed")                     \
    X(RIG_SM_REASON_NO_OUT_OF_BAND_DATA, 0x02, "no out-of-band data")                 \
    X(RIG_SM_REASON_AUTHENTICATION_REQUIREMENTS, 0x03, "authentication requirements") \
    X(RIG_SM_REASON_CONFIRM_FAILED, 0x04, "confirm value failed")                     \
    X(RIG_SM_REASON_NOT_SUPPORTED, 0x05, "pairing not supported")                     \
    X(RIG_SM_REASON_KEY_SIZE, 0x06, "encryption key size")                            \
    X(RIG_SM_REASON_UNKNOWN_COMMAND, 0x07, "command not supported")                   \
    X(RIG_SM_REASON_UNSPECIFIED, 0x08, "unspecified reason")                          \
    X(RIG_SM_REASON_REPEATED_ATTEMPTS, 0x09, "repeated attempts")                     \
    X(RIG_SM_REASON_INVALID_PARAMETERS, 0x0a, "invalid parameters")                   \
    X(RIG_SM_REASON_CHECK_FAILED, 0x0b, "DHKey check failed")                         \
    X(RIG_SM_REASON_COMPARISON_FAILED, 0x0c, "numeric comparison failed")             \
    X(RIG_SM_REASON_BREDR_PAIRING, 0x0d, "BR/EDR pairing in progress")                \
    X(RIG_SM_REASON_NO_CROSS_TRANSPORT_KEY, 0x0e, "cross-transport key not allowed")  \
    X(RIG_SM_REASON_KEY_REJECTED, 0x0f, "key rejected")
enum rig_sm_reason { RIG_SM_OK, RIG_SM_REASONS(RIG_BLE_CODE) };

/* UUIDs of 16 bits. [SPEC Assigned Numbers 3] */
#define RIG_UUIDS(X)                                                             \
    X(RIG_UUID_GAP_SERVICE, 0x1800, "GAP service")                               \
    X(RIG_UUID_GATT_SERVICE, 0x1801, "GATT service")                             \
    X(RIG_UUID_DEVICE_INFORMATION_SERVICE, 0x180a, "Device Information service") \
    X(RIG_UUID_PRIMARY_SERVICE, 0x2800, "primary service")                       \
    X(RIG_UUID_SECONDARY_SERVICE, 0x2801, "secondary service")                   \
    X(RIG_UUID_INCLUDE, 0x2802, "include")                                       \
    X(RIG_UUID_CHARACTERISTIC, 0x2803, "characteristic")                         \
    X(RIG_UUID_CCC_DESCRIPTOR, 0x2902, "CCC descriptor")                         \
    X(RIG_UUID_DEVICE_NAME, 0x2a00, "Device Name")                               \
    X(RIG_UUID_APPEARANCE, 0x2a01, "Appearance")                                 \
    X(RIG_UUID_SERVICE_CHANGED, 0x2a05, "Service Changed")                       \
    X(RIG_UUID_CENTRAL_ADDRESS_RESOLUTION, 0x2aa6, "Central Address Resolution") \
    X(RIG_UUID_CLIENT_SUPPORTED_FEATURES, 0x2b29, "Client Supported Features")   \
    X(RIG_UUID_DATABASE_HASH, 0x2b2a, "Database Hash")                           \
    X(RIG_UUID_SERVER_SUPPORTED_FEATURES, 0x2b3a, "Server Supported Features")   \
    X(RIG_UUID_NORDIC_DFU_SERVICE, 0xfe59, "Nordic DFU service")
enum rig_uuid { RIG_UUIDS(RIG_BLE_CODE) };
/* clang-format on */

#endif
