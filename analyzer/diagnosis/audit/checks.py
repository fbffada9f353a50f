"""The table of checks: what each asks, the clause, what there must be to check, which facts speak against it.

A check needs no code of its own where the doctor's facts say all; for others a watcher finds what they ask for. The
fact weak-authentication is such a watcher's alone: many meters offer nothing better, so the doctor does not tell it.
"""

from __future__ import annotations

from typing import NamedTuple

_46, _47, _53, _CAPTURE = "IEC 62056-46", "IEC 62056-47", "IEC 62056-5-3", frozenset({"capture-loss"})
_LINE = frozenset({
    "bit-error", "octet-damaged", "burst", "octets-lost", "octets-inserted", "truncated", "cut-at-flag-octet",
    "parity-in-data", "parity-filtered", "octet-stuffing", "receiver-buffer-overflow", "text-dump-loss", "collision",
    "start-of-dump-missing", "decrypted-in-place", "capture-started-late", "capture-ended", "polarity-inverted",
    "bit-reversed", "edges-late", "port-shared", "baud-mismatch", "flow-control-octets-removed", "newline-translation",
    "text-encoded", "sign-extended", "heads-lost", "nibble-lost", "edited-by-hand", "mixed-log", "seven-bit", "",
})  # fmt: skip
"""Causes between sender and reader: they say nothing about the sender."""


_LOSSES = (
    "hdlc-frame-lost", "hdlc-sequence-wrong", "hdlc-fcs-wrong", "hdlc-hcs-wrong", "hdlc-length-wrong", "capture-cut",
    "tcp-octets-missing",
)  # fmt: skip
"""Facts that tell that the capture may lack frames."""


class Check(NamedTuple):
    """One check. *sees* are sorts of what there is to check, *facts* codes of the doctor that speak against it."""

    name: str
    group: str
    clause: str
    asks: str
    """What holds where it passes."""
    sees: tuple[str, ...]
    facts: tuple[str, ...] = ()
    doubtful: frozenset[str] = frozenset()
    """Causes with which such a fact proves nothing against a sender, and facts that never do."""
    causes: frozenset[str] = frozenset()
    """Causes with which alone such a fact counts; empty for any."""
    shaken: tuple[str, ...] = ()
    """Facts that, anywhere in the capture, leave nothing proved; where there are none, what is likely proves, too."""
    beside: frozenset[str] = frozenset()
    """Causes with which such a fact is no matter of this check."""


CHECKS: tuple[Check, ...] = (
    Check("hdlc-check-sequence", "link", f"{_46}, frame check sequences", "HCS and FCS fit the octets",
          ("hdlc",), ("hdlc-fcs-wrong", "hdlc-hcs-wrong"), _LINE),
    Check("hdlc-length", "link", f"{_46}, frame format field", "the length field counts the octets between the flags",
          ("hdlc",), ("hdlc-length-wrong",), _LINE),
    Check("hdlc-address", "link", f"{_46}, extended addressing", "addresses have 1, 2 or 4 octets and are not reserved",
          ("hdlc",), ("hdlc-address-unusual",), frozenset({"addresses-swapped"})),
    Check("hdlc-parameters", "link", f"{_46}, parameter negotiation",
          "SNRM and UA ask for 32 to 2030 octets and windows of 1 to 7", ("link-parameters",)),
    Check("hdlc-sequence", "link", f"{_46}, send and receive sequence numbers", "N(S) and N(R) count on from 0",
          ("hdlc-information",), ("hdlc-frame-rejected", "hdlc-frame-lost", "hdlc-sequence-wrong"),
          frozenset({"hdlc-frame-lost", "hdlc-sequence-wrong"}),
          frozenset({"counters-not-reset", "invalid-receive-number", "capture-loss", ""})),
    Check("hdlc-window", "link", f"{_46}, window size", "no more frames without acknowledgement than the window allows",
          ("hdlc-information",), ("hdlc-window-exceeded",), shaken=_LOSSES),
    Check("hdlc-poll-final", "link", f"{_46}, poll and final bit",
          "the meter speaks once a command with P asks it to, and ends with F", ("hdlc-turn",), shaken=_LOSSES),
    Check("hdlc-supervisory", "link", f"{_46}, RR and RNR", "RR and RNR carry nothing, and REJ is not used",
          ("hdlc-supervisory",)),
    Check("hdlc-information-length", "link", f"{_46}, maximum information field length",
          "information fields are as long as agreed", ("hdlc-information",), ("hdlc-information-too-long",)),
    Check("hdlc-rejects", "link", f"{_46}, FRMR", "no frame is rejected", ("hdlc",), ("hdlc-frame-rejected",)),
    Check("llc-header", "link", f"{_46}, LLC sublayer", "each APDU stands behind the LLC header of its direction, once",
          ("hdlc-apdu",), ("llc-unexpected",)),
    Check("one-apdu-a-frame", "link", f"{_46}, LLC sublayer", "a frame carries one APDU",
          ("hdlc-apdu",), ("several-lsdus-in-frame",)),
    Check("wrapper-header", "link", f"{_47}, wrapper header", "version, wPorts and length of the wrapper header fit",
          ("wrapper",), ("wrapper-length-wrong", "wrapper-version-wrong", "wrapper-ports-unswapped"),
          frozenset({"truncated", "capture-loss"})),
    Check("mbus-frame", "link", "EN 13757-2, frame formats", "length and checksum of M-Bus frames fit",
          ("mbus",), ("meter-quirk", "mbus-checksum-wrong", "mbus-length-wrong"), _LINE,
          frozenset({"length-modulo-256", ""})),

    Check("reaction-times", "link", "IEC 62056-21, reaction and inter-character times",
          "answers begin after 200 ms (or 20 ms) and within 1.5 s, and have no pause over 1.5 s", ("timed-message",),
          ("response-slow", "turnaround-too-short", "inter-octet-gap"),
          causes=frozenset({"reaction-late", "reaction-early", "sender-pauses"}), shaken=_LOSSES),

    Check("check-character", "link", "IEC 62056-21, block check character", "check characters of messages fit",
          ("check-character",), ("bcc-wrong", "meter-quirk"), _LINE,
          frozenset({"bcc-range-wrong", "sum-check-character"}) | _LINE, shaken=("parity-wrong",)),
    Check("telegram-crc", "link", "DSMR P1, CRC16", "the CRC of telegrams fits", ("telegram-crc",), ("p1-crc-wrong",),
          _LINE, shaken=("p1-length-wrong", "capture-cut")),

    Check("apdu-encoding", "application", f"{_53}, A-XDR and BER encoding", "every APDU reads to its end, no further",
          ("apdu",), ("apdu-malformed", "apdu-trailing-octets"), frozenset({"segment-lost"})),
    Check("known-deviations", "application", f"{_53}, A-XDR and BER encoding", "no deviation that meters are known for",
          ("apdu",), ("meter-quirk",)),
    Check("negotiation", "application", f"{_53}, COSEM-OPEN", "the AARE grants no more than the AARQ proposes",
          ("opening",)),
    Check("initiate-parameters", "application", f"{_53}, initiate service",
          "DLMS version 6, PDU sizes from 12 octets, the VAA name of its context",
          ("opening",)),
    Check("association", "application", f"{_53}, COSEM-OPEN and COSEM-RELEASE",
          "services are served in an open association", ("answer",)),
    Check("conformance", "application", f"{_53}, conformance block", "only services are used that were agreed",
          ("service",), ("conformance-violated",)),
    Check("pdu-size", "application", f"{_53}, maximum receive PDU size", "no APDU is longer than its receiver takes",
          ("service",), ("pdu-too-long",)),
    Check("invoke-id", "application", f"{_53}, invoke-id-and-priority",
          "an answer has the invoke-id, the service class and the priority of its request",
          ("answer",), ("invoke-id-differs",), frozenset({"late-response", "gateway-mixes-clients"}), shaken=_LOSSES),
    Check("service-class", "application", f"{_53}, invoke-id-and-priority", "what is asked unconfirmed gets no answer",
          ("unconfirmed",)),
    Check("block-numbers", "application", f"{_53}, block transfer",
          "blocks count from 1, acknowledged by number, no more in a row than the window allows", ("block",),
          ("block-number-wrong", "block-lost"), _CAPTURE, shaken=_LOSSES),
    Check("answers", "application", f"{_53}, confirmed services", "every confirmed request is answered",
          ("service",), ("response-missing",), frozenset({"response-missing"})),

    Check("authentication", "security", f"{_53}, authentication mechanisms",
          "clients other than the public one use high level security that is not MD5 or SHA-1", ("aarq",),
          ("weak-authentication",)),
    Check("password-in-clear", "security", f"{_53}, low level security", "no password crosses the line in clear",
          ("aarq", "password-command")),
    Check("challenges", "security", f"{_53}, high level security",
          "challenges have 8 to 64 octets, look drawn, and never repeat", ("challenge",), ("challenge-repeated",)),
    Check("proofs", "security", f"{_53}, high level security", "answers to challenges are right",
          ("proof",), ("hls-failed",), shaken=("hls-unchecked",)),
    Check("system-titles", "security", f"{_53}, system title",
          "titles have 8 octets; both sides, and all meters, have their own", ("title",)),
    Check("suite", "security", f"{_53}, security suites", "suite 0, 1 or 2, the same all through an association",
          ("protected",), ("undecipherable",), causes=frozenset({"security-control-wrong"})),
    Check("protection", "security", f"{_53}, protection of APDUs",
          "what is protected is authenticated and encrypted", ("protected",)),
    Check("policy", "security", "IEC 62056-6-2, Security setup",
          "nothing goes with less protection than the policy demands", ("ciphered-context",),
          ("protection-below-policy",), frozenset({"plaintext-in-ciphered-context"}),
          frozenset({"plaintext-in-ciphered-context", "weaker-than-policy"})),
    Check("tags", "security", f"{_53}, AES-GCM", "authentication tags fit", ("tagged",), ("undecipherable",),
          frozenset({"no-key", "second-key-needed", "broadcast-key-needed", "dedicated-key-unknown",
                     "key-info-missing", "no-system-title", "octets-damaged", "new-key-after-change",
                     "wrong-encryption-key", "wrong-authentication-key", "keys-swapped", "key-is-ascii",
                     "key-mistyped", "agreement-key-wrong", "wrong-system-title", "wrong-suite",
                     ""}), beside=frozenset({"security-control-wrong"})),
    Check("counters", "security", f"{_53}, invocation counter", "invocation counters only go up", ("protected",),
          ("invocation-counter-regressed", "invocation-counter-repeated"),
          frozenset({"retransmission", "answer-repeated", "answer-not-taken", "altered-copy",
                     "captured-at-two-points"})),
    Check("nonces", "security", "NIST SP 800-38D, uniqueness of the IV", "no nonce serves two messages", ("protected",),
          ("invocation-counter-repeated",), frozenset(), frozenset({"nonce-reuse"})),
    Check("counter-room", "security", f"{_53}, invocation counter", "invocation counters are far from their end",
          ("protected",), ("invocation-counter-near-end",)),
    Check("dedicated-key", "security", f"{_53}, dedicated key", "a dedicated key is sent enciphered",
          ("dedicated-key",)),
    Check("secrets", "security", "IEC 62056-6-2, Association LN, Security setup",
          "no secret goes in clear, and no key that is not wrapped",
          ("secret",)),
    Check("grave-actions", "security", "IEC 62056-6-2, Image transfer, Disconnect control",
          "firmware images and switching go protected", ("grave-action",)),
    Check("keys", "security", f"{_53}, key management", "keys are neither published nor weak, and differ", ("key",)),
    Check("signatures", "security", f"{_53}, digital signature", "signatures are their sender's", ("signature",),
          ("signature-wrong",)),
    Check("certificates", "security", f"{_53}, certificates",
          "certificates can be used as they are, and have not ended", ("certificate",),
          ("certificate-problem",)),
)  # fmt: skip
"""Every check, in the order in which they are shown."""
