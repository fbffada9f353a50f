"""What is in the tables of rules and cannot be put into octets, each with the reason; a test holds it against the rows."""

from __future__ import annotations

FACTS_WITHOUT_A_ROW = {
    "capture-time-regressed": "about the times of a whole capture: tests/analyzer/diagnosis/test_capture_clock.py",
    "capture-time-jumped": "about the clocks of meters along a whole capture: tests/analyzer/diagnosis/test_data.py",
    "packets-in-two-inputs": "about two inputs that are joined: tests/analyzer/diagnosis/test_carrier.py",
    "weak-authentication": "a check of the audit tells it, no story: tests/analyzer/diagnosis/test_audit.py",
    "challenge-repeated": "about two associations: tests/analyzer/diagnosis/test_challenges.py",
    "comment": "somebody's remark in the capture file, about nothing that the octets say",
    "old-float-tag": "a note on how a value is written, no fault of the line: tests/dissectors/test_data.py",
    "line-error": "marks of the receiver beside the octets; tests of captures and of the pipeline make them",
    "signature-verified": "says that all is well",
    "hls-verified": "says that all is well",
    "certificate-learnt": "says that all is well",
    "result": "stands for all codes result-…, each of which has its row",
}
"""By code: why no injector has a row of it."""
CAUSES_WITHOUT_A_ROW: dict[str, str] = {
    **dict.fromkeys(
        (
            "capture-clock-set-forward",
            "capture-clock-set-back",
            "daylight-saving-began",
            "daylight-saving-ended",
            "packets-out-of-order",
            "files-out-of-order",
        ),
        "about the times of a whole capture: tests/analyzer/diagnosis/test_capture_clock.py",
    ),
    **dict.fromkeys(
        ("challenge-not-random", "challenge-reflected"),
        "about two associations: tests/analyzer/diagnosis/test_challenges.py",
    ),
    "pass-3-left-out": "about what a whole dialogue lacks: tests/analyzer/diagnosis/test_association.py",
    "captured-at-two-points": "about two inputs: tests/analyzer/diagnosis/test_carrier.py",
    "counted-from-0": "about all blocks of a meter: tests/analyzer/diagnosis/test_service.py",
    "second-key-needed": "about a sender that has two keys: tests/analyzer/tracking/test_wrong_keys.py",
    "counter-wrapped": "told behind the counter that nears its end: tests/analyzer/tracking/test_wrong_keys.py",
    "message-broken-off": "about two sessions: tests/analyzer/diagnosis/test_local_port.py",
    "settings-sought": "a comment of the recording tells it: tests/analyzer/diagnosis/test_capture_edges.py",
}
"""By cause: why no injector has a row of it."""
