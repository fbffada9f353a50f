"""Reads APDUs with dlms-cosem: JSON lines {"hex"} on stdin to {"ok", "decode", "error"} on stdout.

`decode` is what the library's objects hold, in the names of the ASN.1 module. A program of its own: it runs in the
oracles' venv and imports nothing of the project but its bounds.
"""

import contextlib
import json
import sys

from bounds import bounded, set_bounds
from dlms_cosem import dlms_data, enumerations
from dlms_cosem.protocol import acse, xdlms
from dlms_cosem.protocol.xdlms.conformance import Conformance

TYPE_NAMES = {
    0: "null-data",
    1: "array",
    2: "structure",
    3: "boolean",
    4: "bit-string",
    5: "double-long",
    6: "double-long-unsigned",
    9: "octet-string",
    10: "visible-string",
    12: "utf8-string",
    13: "bcd",
    15: "integer",
    16: "long",
    17: "unsigned",
    18: "long-unsigned",
    19: "compact-array",
    20: "long64",
    21: "long64-unsigned",
    22: "enum",
    23: "float32",
    24: "float64",
    25: "date-time",
    26: "date",
    27: "time",
    255: "dont-care",
}
ERROR_CLASSES = {
    "ApplicationReferenceError": "application-reference",
    "HardwareResourceError": "hardware-resource",
    "VdeStateError": "vde-state-error",
    "ServiceError": "service",
    "DefinitionError": "definition",
    "AccessError": "access",
    "InitiateError": "initiate",
    "LoadDataError": "load-data-set",
    "DataScopeError": "change-scope",
    "TaskError": "task",
    "OtherError": "other",
}
# The one that the library spells otherwise than the standard.
BIT_NAMES = {"priority-management-supported": "priority-mgmt-supported"}


class UnsupportedError(Exception):
    """The library has no class for this APDU."""


def code_of(value):
    return {"code": int(value)}


def invoke(apdu):
    one = apdu.invoke_id_and_priority
    return ("invoke-id-and-priority", one.to_bytes().hex().upper())


def attribute(one):
    return (
        "cosem-attribute-descriptor",
        pairs(
            ("class-id", int(one.interface)),
            ("instance-id", one.instance.to_bytes().hex().upper()),
            ("attribute-id", one.attribute),
        ),
    )


def method(one):
    return (
        "cosem-method-descriptor",
        pairs(
            ("class-id", int(one.interface)),
            ("instance-id", one.instance.to_bytes().hex().upper()),
            ("method-id", one.method),
        ),
    )


def pairs(*members):
    """Members in order, those without a value left out."""
    return {name: value for name, value in members if value is not None}


def data(octets):
    """The one Data in these octets."""
    items = dlms_data.DlmsDataParser().parse(bytes(octets))
    if len(items) != 1:
        raise ValueError(f"{len(items)} Data where one was expected")
    return data_of(items[0])


def data_of(item):
    name = TYPE_NAMES[item.TAG]
    value = item.value
    if name in ("array", "structure"):
        return {name: [data_of(one) for one in value]}
    if isinstance(value, (bytes, bytearray)):
        value = value.hex().upper()
    elif name in ("date-time", "date", "time"):
        value = moment(value, name)
    return {name: value}


def moment(value, name="date-time"):
    """The octets of a moment, from the library's reading of it; the day of the week is not in it."""
    if name == "date-time":
        value = value[0] if isinstance(value, tuple) else value
    day = b"" if name == "time" else value.year.to_bytes(2, "big") + bytes([value.month, value.day, 0xFF])
    clock = b"" if name == "date" else bytes([value.hour, value.minute, value.second, value.microsecond // 10000])
    zone = b""
    if name == "date-time":
        offset = value.utcoffset()
        zone = (
            b"\x80\x00" if offset is None else int(-offset.total_seconds() // 60).to_bytes(2, "big", signed=True)
        ) + b"\x00"
    return (day + clock + zone).hex().upper()


def selection(one):
    """Of an access selection the library keeps a range by the clock."""
    if one is None:
        return None
    bound = one.restricting_object.cosem_attribute
    restricting = [
        {"long-unsigned": int(bound.interface)},
        {"octet-string": bound.instance.to_bytes().hex().upper()},
        {"integer": bound.attribute},
        {"long-unsigned": one.restricting_object.data_index},
    ]
    ends = [{"octet-string": moment(end)} for end in (one.from_value, one.to_value)]
    parameters = {"structure": [{"structure": restricting}, *ends, {"array": []}]}
    return {"access-selector": one.ACCESS_DESCRIPTOR, "access-parameters": parameters}


def conformance(one):
    names = [name for name in Conformance.conformance_bit_position if getattr(one, name)]
    spelled = [name.replace("_", "-").replace("attribute-0-", "attribute0-") for name in names]
    return [BIT_NAMES.get(name, name) for name in spelled]


def get_request(octets):
    apdu = xdlms.GetRequestFactory.from_bytes(octets)
    if isinstance(apdu, xdlms.GetRequestNext):
        return {"get-request": {"get-request-next": pairs(invoke(apdu), ("block-number", apdu.block_number))}}
    if isinstance(apdu, xdlms.GetRequestWithList):
        items = [
            pairs(attribute(one.attribute), ("access-selection", selection(one.access_selection)))
            for one in apdu.cosem_attributes_with_selection
        ]
        return {"get-request": {"get-request-with-list": pairs(invoke(apdu), ("attribute-descriptor-list", items))}}
    body = pairs(invoke(apdu), attribute(apdu.cosem_attribute), ("access-selection", selection(apdu.access_selection)))
    return {"get-request": {"get-request-normal": body}}


def get_response(octets):
    apdu = xdlms.GetResponseFactory.from_bytes(octets)
    if isinstance(apdu, xdlms.GetResponseNormal):
        return {"get-response": {"get-response-normal": pairs(invoke(apdu), ("result", {"data": data(apdu.data)}))}}
    if isinstance(apdu, xdlms.GetResponseNormalWithError):
        return {
            "get-response": {
                "get-response-normal": pairs(invoke(apdu), ("result", {"data-access-result": code_of(apdu.error)}))
            }
        }
    if isinstance(apdu, xdlms.GetResponseWithList):
        items = [
            {"data-access-result": code_of(one)}
            if isinstance(one, enumerations.DataAccessResult)
            else {"data": data_of(one)}
            for one in apdu.response_data
        ]
        return {"get-response": {"get-response-with-list": pairs(invoke(apdu), ("result", items))}}
    failed = isinstance(apdu, xdlms.GetResponseLastBlockWithError)
    content = {"data-access-result": code_of(apdu.error)} if failed else {"raw-data": apdu.data.hex().upper()}
    last = not isinstance(apdu, xdlms.GetResponseWithBlock)
    block = {"last-block": last, "block-number": apdu.block_number, "result": content}
    return {"get-response": {"get-response-with-datablock": pairs(invoke(apdu), ("result", block))}}


def set_request(octets):
    apdu = xdlms.SetRequestFactory.from_bytes(octets)
    return {
        "set-request": {
            "set-request-normal": pairs(invoke(apdu), attribute(apdu.cosem_attribute), ("value", data(apdu.data)))
        }
    }


def set_response(octets):
    apdu = xdlms.SetResponseFactory.from_bytes(octets)
    return {"set-response": {"set-response-normal": pairs(invoke(apdu), ("result", code_of(apdu.result)))}}


def action_request(octets):
    apdu = xdlms.ActionRequestFactory.from_bytes(octets)
    parameters = data(apdu.data) if apdu.data else None
    body = pairs(invoke(apdu), method(apdu.cosem_method), ("method-invocation-parameters", parameters))
    return {"action-request": {"action-request-normal": body}}


def action_response(octets):
    apdu = xdlms.ActionResponseFactory.from_bytes(octets)
    returned = None
    if isinstance(apdu, xdlms.ActionResponseNormalWithData):
        returned = {"data": data(apdu.data)}
    elif isinstance(apdu, xdlms.ActionResponseNormalWithError):
        returned = {"data-access-result": code_of(apdu.error)}
    response = pairs(("result", code_of(apdu.status)), ("return-parameters", returned))
    return {"action-response": {"action-response-normal": pairs(invoke(apdu), ("single-response", response))}}


def data_notification(octets):
    apdu = xdlms.DataNotification.from_bytes(octets)
    long = apdu.long_invoke_id_and_priority.to_bytes().hex().upper()
    at = moment(apdu.date_time) if apdu.date_time else ""
    return {
        "data-notification": {
            "long-invoke-id-and-priority": long,
            "date-time": at,
            "notification-body": {"data-value": data(apdu.body)},
        }
    }


def initiate_request(octets):
    return initiate_request_of(xdlms.InitiateRequest.from_bytes(octets))


def initiate_request_of(apdu):
    body = pairs(
        ("dedicated-key", apdu.dedicated_key and apdu.dedicated_key.hex().upper()),
        ("response-allowed", None if apdu.response_allowed else False),
        ("proposed-quality-of-service", apdu.proposed_quality_of_service or None),
        ("proposed-dlms-version-number", apdu.proposed_dlms_version_number),
        ("proposed-conformance", conformance(apdu.proposed_conformance)),
        ("client-max-receive-pdu-size", apdu.client_max_receive_pdu_size),
    )
    return {"initiateRequest": body}


def initiate_response(octets):
    return initiate_response_of(xdlms.InitiateResponse.from_bytes(octets))


def initiate_response_of(apdu):
    body = pairs(
        ("negotiated-quality-of-service", apdu.negotiated_quality_of_service or None),
        ("negotiated-dlms-version-number", apdu.negotiated_dlms_version_number),
        ("negotiated-conformance", conformance(apdu.negotiated_conformance)),
        ("server-max-receive-pdu-size", apdu.server_max_receive_pdu_size),
        ("vaa-name", 7),  # the class accepts no other
    )
    return {"initiateResponse": body}


def confirmed_service_error(octets):
    return confirmed_service_error_of(xdlms.ConfirmedServiceError.from_bytes(octets))


def confirmed_service_error_of(apdu):
    return {"confirmedServiceError": {ERROR_CLASSES[type(apdu.error).__name__]: code_of(apdu.error)}}


def exception_response(octets):
    apdu = xdlms.ExceptionResponse.from_bytes(octets)
    body = pairs(
        ("state-error", code_of(apdu.state_error)),
        ("service-error", code_of(apdu.service_error)),
        ("invocation-counter", apdu.invocation_counter_data),
    )
    return {"exception-response": body}


def closed(apdu):
    return {
        "security-control": apdu.security_control.to_bytes().hex().upper(),
        "invocation-counter": apdu.invocation_counter,
        "ciphered": apdu.ciphered_text.hex().upper(),
    }


def glo_initiate_request(octets):
    return {"glo-initiateRequest": closed(xdlms.GlobalCipherInitiateRequest.from_bytes(octets))}


def glo_initiate_response(octets):
    return {"glo-initiateResponse": closed(xdlms.GlobalCipherInitiateResponse.from_bytes(octets))}


def general_glo(octets):
    apdu = xdlms.GeneralGlobalCipher.from_bytes(octets)
    return {"general-glo-ciphering": {"system-title": apdu.system_title.hex().upper(), **closed(apdu)}}


def user_information(one):
    if one is None:
        return None
    inner = one.content
    makers = {
        xdlms.InitiateRequest: initiate_request_of,
        xdlms.InitiateResponse: initiate_response_of,
        xdlms.ConfirmedServiceError: confirmed_service_error_of,
        xdlms.GlobalCipherInitiateRequest: lambda apdu: {"glo-initiateRequest": closed(apdu)},
        xdlms.GlobalCipherInitiateResponse: lambda apdu: {"glo-initiateResponse": closed(apdu)},
    }
    return makers[type(inner)](inner)


def bare(octets):
    """The contents of an explicitly tagged element, which the library leaves as they are."""
    return None if octets is None else octets[2:].hex().upper()


def whole(octets):
    """An explicitly tagged INTEGER, which the library leaves as it is."""
    return None if octets is None else octets[-1]


def authentication(apdu, requirements, value):
    names = []
    if apdu.authentication:
        names = [(requirements, ["authentication"]), ("mechanism-name", f"2.16.756.5.8.2.{int(apdu.authentication)}")]
    if apdu.authentication_value:
        names.append((value, {"charstring": apdu.authentication_value.hex().upper()}))
    return names


def aarq(octets):
    apdu = acse.ApplicationAssociationRequest.from_bytes(octets)
    body = pairs(
        ("application-context-name", f"2.16.756.5.8.1.{3 if apdu.ciphered else 1}"),
        ("called-AP-title", bare(apdu.called_ap_title)),
        ("called-AE-qualifier", bare(apdu.called_ae_qualifier)),
        ("called-AP-invocation-id", whole(apdu.called_ap_invocation_identifier)),
        ("called-AE-invocation-id", whole(apdu.called_ae_invocation_identifier)),
        ("calling-AP-title", apdu.system_title and apdu.system_title.hex().upper()),
        ("calling-AE-qualifier", apdu.public_cert and apdu.public_cert.hex().upper()),
        ("calling-AP-invocation-id", whole(apdu.calling_ap_invocation_identifier)),
        ("calling-AE-invocation-id", whole(apdu.calling_ae_invocation_identifier)),
        *authentication(apdu, "sender-acse-requirements", "calling-authentication-value"),
        ("user-information", user_information(apdu.user_information)),
    )
    return {"aarq": body}


def aare(octets):
    apdu = acse.ApplicationAssociationResponse.from_bytes(octets)
    diagnostic = apdu.result_source_diagnostics
    provider = isinstance(diagnostic, enumerations.AcseServiceProviderDiagnostics)
    body = pairs(
        ("application-context-name", f"2.16.756.5.8.1.{3 if apdu.ciphered else 1}"),
        ("result", code_of(apdu.result)),
        ("result-source-diagnostic", {f"acse-service-{'provider' if provider else 'user'}": code_of(diagnostic)}),
        ("responding-AP-title", apdu.system_title and apdu.system_title.hex().upper()),
        *authentication(apdu, "responder-acse-requirements", "responding-authentication-value"),
        ("user-information", user_information(apdu.user_information)),
    )
    return {"aare": body}


def release(name, cls):
    def read(octets):
        apdu = cls.from_bytes(octets)
        reason = None if apdu.reason is None else code_of(apdu.reason)
        return {name: pairs(("reason", reason), ("user-information", user_information(apdu.user_information)))}

    return read


READERS = {
    0x01: initiate_request,
    0x08: initiate_response,
    0x0E: confirmed_service_error,
    0x0F: data_notification,
    0x21: glo_initiate_request,
    0x28: glo_initiate_response,
    0x60: aarq,
    0x61: aare,
    0x62: release("rlrq", acse.ReleaseRequest),
    0x63: release("rlre", acse.ReleaseResponse),
    0xC0: get_request,
    0xC1: set_request,
    0xC3: action_request,
    0xC4: get_response,
    0xC5: set_response,
    0xC7: action_response,
    0xD8: exception_response,
    0xDB: general_glo,
}


def answer(line):
    octets = bytes.fromhex(json.loads(line)["hex"])
    try:
        reader = READERS.get(octets[0])
        if reader is None:
            raise UnsupportedError("no class for this APDU")
        with bounded():
            return {"ok": True, "decode": reader(octets)}
    except (UnsupportedError, NotImplementedError) as error:
        return {"ok": False, "unsupported": True, "error": f"{type(error).__name__}: {error}"}
    except Exception as error:
        return {"ok": False, "error": f"{type(error).__name__}: {error}"}


def main():
    replies = sys.stdout
    set_bounds()
    with contextlib.redirect_stdout(sys.stderr):  # the library prints to stdout here and there
        for line in sys.stdin:
            replies.write(json.dumps(answer(line)) + "\n")


if __name__ == "__main__":
    main()
