"""What a simulated meter says without being asked: pushes, events, information reports. Source: IEC 62056-5-3."""

from __future__ import annotations

from collections.abc import Sequence

from analyzer.cosem.logical_name import obis_from_text
from analyzer.simulate import model
from analyzer.simulate.forms import NULL, date_time, octet_string, structure
from analyzer.simulate.meter import Meter
from analyzer.simulate.profile import members, plain
from analyzer.simulate.sent import Form, Reading
from analyzer.simulate.speaker import Target
from dissectors.xdlms.notification import DataNotification, EventNotificationRequest
from dissectors.xdlms.short_name import InformationReportRequest


def pushed(meter: Meter, now_ns: int) -> list[Reading]:
    """Read what the push setup lists."""
    meter.now_ns = now_ns
    setup = meter.read(40, obis_from_text(model.PUSH_SETUP), 2)
    if isinstance(setup, int):
        return []
    found = []
    for column in members(setup):
        class_id, name, attribute = (plain(one) for one in members(column)[:3])
        logical_name = bytes.fromhex(str(name))
        value = meter.read(int(str(class_id)), logical_name, int(str(attribute)))
        found.append(
            Reading(int(str(class_id)), logical_name, int(str(attribute)), NULL if isinstance(value, int) else value)
        )
    return found


def push(
    meter: Meter,
    readings: Sequence[Reading],
    *,
    now_ns: int,
    invoke_id: int,
    has_time: bool = True,
    confirmed: bool = False,
) -> DataNotification:
    """Make a data-notification: the push setup's name, then the values."""
    body = structure(octet_string(obis_from_text(model.PUSH_SETUP)), *(reading.value for reading in readings))
    return DataNotification(
        service_class=int(confirmed),
        long_invoke_id=invoke_id,
        date_time=date_time(now_ns) if has_time else b"",
        notification_body={"data_value": body},
    )


def event(target: Target, value: Form, *, now_ns: int) -> EventNotificationRequest:
    """Make an event-notification about an attribute."""
    return EventNotificationRequest(
        time=date_time(now_ns), cosem_attribute_descriptor=target.attribute, attribute_value=value
    )


def information_report(
    names: Sequence[int], values: Sequence[Form], *, current_time: str | None = None
) -> InformationReportRequest:
    """Make an information report of short names; *current_time* is a GeneralizedTime such as ``20260302101500Z``."""
    return InformationReportRequest(
        current_time=current_time,
        variable_access_specification=[{"variable-name": name} for name in names],
        list_of_data=list(values),
    )
