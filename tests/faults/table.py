"""The table of faults: every cause of the catalogue, how it is put into a session, and what must be named."""

from __future__ import annotations

from tests.faults.answers import ANSWER_FAULTS
from tests.faults.associations import ASSOCIATION_FAULTS
from tests.faults.carriers import CARRIER_FAULTS
from tests.faults.case import Fault
from tests.faults.frames import FRAME_FAULTS
from tests.faults.lines import LINE_FAULTS
from tests.faults.links import LINK_FAULTS
from tests.faults.lower import LOWER_FAULTS
from tests.faults.messages import MESSAGE_FAULTS
from tests.faults.noise import NOISE_FAULTS
from tests.faults.proofs import PROOF_FAULTS
from tests.faults.quirks import QUIRK_FAULTS
from tests.faults.security import SECURITY_FAULTS
from tests.faults.services import SERVICE_FAULTS

FAULTS: tuple[Fault, ...] = (
    *FRAME_FAULTS,
    *LINE_FAULTS,
    *LINK_FAULTS,
    *LOWER_FAULTS,
    *ASSOCIATION_FAULTS,
    *SERVICE_FAULTS,
    *CARRIER_FAULTS,
    *QUIRK_FAULTS,
    *ANSWER_FAULTS,
    *NOISE_FAULTS,
    *MESSAGE_FAULTS,
    *SECURITY_FAULTS,
    *PROOF_FAULTS,
)
"""All rows. A module of injectors gives its rows as a tuple; add it here."""
