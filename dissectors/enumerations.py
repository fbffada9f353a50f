"""Identifiers of the enumerated values and named bits of ACSE and xDLMS.

Source: IEC 62056-5-3 (COSEM pdu module), DLMS UA Green Book.
"""

DATA_ACCESS_RESULT: dict[int, str] = {
    0: "success",
    1: "hardware-fault",
    2: "temporary-failure",
    3: "read-write-denied",
    4: "object-undefined",
    9: "object-class-inconsistent",
    11: "object-unavailable",
    12: "type-unmatched",
    13: "scope-of-access-violated",
    14: "data-block-unavailable",
    15: "long-get-aborted",
    16: "no-long-get-in-progress",
    17: "long-set-aborted",
    18: "no-long-set-in-progress",
    19: "data-block-number-invalid",
    250: "other-reason",
}

ACTION_RESULT: dict[int, str] = {
    0: "success",
    1: "hardware-fault",
    2: "temporary-failure",
    3: "read-write-denied",
    4: "object-undefined",
    9: "object-class-inconsistent",
    11: "object-unavailable",
    12: "type-unmatched",
    13: "scope-of-access-violated",
    14: "data-block-unavailable",
    15: "long-action-aborted",
    16: "no-long-action-in-progress",
    250: "other-reason",
}

CONFIRMED_SERVICE: dict[int, str] = {
    1: "initiateError",
    2: "getStatus",
    3: "getNameList",
    4: "getVariableAttribute",
    5: "read",
    6: "write",
    7: "getDataSetAttribute",
    8: "getTIAttribute",
    9: "changeScope",
    10: "start",
    11: "stop",
    12: "resume",
    13: "makeUsable",
    14: "initiateLoad",
    15: "loadSegment",
    16: "terminateLoad",
    17: "initiateUpLoad",
    18: "upLoadSegment",
    19: "terminateUpLoad",
}

SERVICE_ERROR_CLASS: dict[int, str] = {
    0: "application-reference",
    1: "hardware-resource",
    2: "vde-state-error",
    3: "service",
    4: "definition",
    5: "access",
    6: "initiate",
    7: "load-data-set",
    8: "change-scope",
    9: "task",
    10: "other",
}

SERVICE_ERROR: dict[str, dict[int, str]] = {
    "application-reference": {
        0: "other",
        1: "time-elapsed",
        2: "application-unreachable",
        3: "application-reference-invalid",
        4: "application-context-unsupported",
        5: "provider-communication-error",
        6: "deciphering-error",
    },
    "hardware-resource": {
        0: "other",
        1: "memory-unavailable",
        2: "processor-resource-unavailable",
        3: "mass-storage-unavailable",
        4: "other-resource-unavailable",
    },
    "vde-state-error": {
        0: "other",
        1: "no-dlms-context",
        2: "loading-data-set",
        3: "status-nochange",
        4: "status-inoperable",
    },
    "service": {
        0: "other",
        1: "pdu-size",
        2: "service-unsupported",
    },
    "definition": {
        0: "other",
        1: "object-undefined",
        2: "object-class-inconsistent",
        3: "object-attribute-inconsistent",
    },
    "access": {
        0: "other",
        1: "scope-of-access-violated",
        2: "object-access-violated",
        3: "hardware-fault",
        4: "object-unavailable",
    },
    "initiate": {
        0: "other",
        1: "dlms-version-too-low",
        2: "incompatible-conformance",
        3: "pdu-size-too-short",
        4: "refused-by-the-VDE-Handler",
    },
    "load-data-set": {
        0: "other",
        1: "primitive-out-of-sequence",
        2: "not-loadable",
        3: "dataset-size-too-large",
        4: "not-awaited-segment",
        5: "interpretation-failure",
        6: "storage-failure",
        7: "data-set-not-ready",
    },
    "other": {
        0: "other",
    },
    "task": {
        0: "other",
        1: "no-remote-control",
        2: "ti-stopped",
        3: "ti-running",
        4: "ti-unusable",
    },
}

EXCEPTION_STATE_ERROR: dict[int, str] = {
    1: "service-not-allowed",
    2: "service-unknown",
}

EXCEPTION_SERVICE_ERROR: dict[int, str] = {
    1: "operation-not-possible",
    2: "service-not-supported",
    3: "other-reason",
    4: "pdu-too-long",
    5: "deciphering-error",
    6: "invocation-counter-error",
}

ASSOCIATION_RESULT: dict[int, str] = {
    0: "accepted",
    1: "rejected-permanent",
    2: "rejected-transient",
}

ACSE_SERVICE_USER: dict[int, str] = {
    0: "null",
    1: "no-reason-given",
    2: "application-context-name-not-supported",
    3: "calling-AP-title-not-recognized",
    4: "calling-AP-invocation-identifier-not-recognized",
    5: "calling-AE-qualifier-not-recognized",
    6: "calling-AE-invocation-identifier-not-recognized",
    7: "called-AP-title-not-recognized",
    8: "called-AP-invocation-identifier-not-recognized",
    9: "called-AE-qualifier-not-recognized",
    10: "called-AE-invocation-identifier-not-recognized",
    11: "authentication-mechanism-name-not-recognised",
    12: "authentication-mechanism-name-required",
    13: "authentication-failure",
    14: "authentication-required",
}

ACSE_SERVICE_PROVIDER: dict[int, str] = {
    0: "null",
    1: "no-reason-given",
    2: "no-common-acse-version",
}

RELEASE_REQUEST_REASON: dict[int, str] = {
    0: "normal",
    1: "urgent",
    30: "user-defined",
}

RELEASE_RESPONSE_REASON: dict[int, str] = {
    0: "normal",
    1: "not-finished",
    30: "user-defined",
}

CONFORMANCE: tuple[str, ...] = (
    "reserved-zero",
    "general-protection",
    "general-block-transfer",
    "read",
    "write",
    "unconfirmed-write",
    "delta-value-encoding",
    "reserved-seven",
    "attribute0-supported-with-set",
    "priority-mgmt-supported",
    "attribute0-supported-with-get",
    "block-transfer-with-get-or-read",
    "block-transfer-with-set-or-write",
    "block-transfer-with-action",
    "multiple-references",
    "information-report",
    "data-notification",
    "access",
    "parameterized-access",
    "get",
    "set",
    "selective-access",
    "event-notification",
    "action",
)
"""Names of the 24 conformance bits, most significant first."""
APPLICATION_CONTEXT: dict[str, str] = {
    "2.16.756.5.8.1.1": "LN, no ciphering",
    "2.16.756.5.8.1.2": "SN, no ciphering",
    "2.16.756.5.8.1.3": "LN, ciphering",
    "2.16.756.5.8.1.4": "SN, ciphering",
}

MECHANISM: dict[str, str] = {
    "2.16.756.5.8.2.0": "lowest level security",
    "2.16.756.5.8.2.1": "low level security (LLS)",
    "2.16.756.5.8.2.2": "high level security (HLS), manufacturer specific",
    "2.16.756.5.8.2.3": "HLS with MD5",
    "2.16.756.5.8.2.4": "HLS with SHA-1",
    "2.16.756.5.8.2.5": "HLS with GMAC",
    "2.16.756.5.8.2.6": "HLS with SHA-256",
    "2.16.756.5.8.2.7": "HLS with ECDSA",
}

ABORT_SOURCE: dict[int, str] = {0: "acse-service-user", 1: "acse-service-provider"}
