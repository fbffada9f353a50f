"""APDUs in hex, a line each, through one decoder: `peer.py gurux-dlms|dlms-cosem|dlmshark FILE`.

Run with the interpreter that has the decoder; where it is not ours, nothing of the project is imported.
"""

import contextlib
import io
import sys


def gurux_dlms():
    """The translator's XML, values and all."""
    from gurux_dlms.enums.TranslatorOutputType import TranslatorOutputType
    from gurux_dlms.GXDLMSTranslator import GXDLMSTranslator

    translator = GXDLMSTranslator(TranslatorOutputType.STANDARD_XML)
    return translator.pduToXml


def dlms_cosem():
    """Objects of requests and responses; the Data in a response stays octets."""
    from dlms_cosem.protocol import xdlms

    request, response = xdlms.GetRequestFactory.from_bytes, xdlms.GetResponseFactory.from_bytes
    return lambda octets: (request if octets[0] == 0xC0 else response)(octets)


def dlmshark():
    """The JSON of the APDU, values and all."""
    from dissectors.writers import apdu_text

    return apdu_text


READERS = {"gurux-dlms": gurux_dlms, "dlms-cosem": dlms_cosem, "dlmshark": dlmshark}


def main():
    name, path = sys.argv[1:]
    with open(path) as file:
        apdus = [bytes.fromhex(line) for line in file]
    read, count = READERS[name](), 0
    with contextlib.redirect_stdout(io.StringIO()):  # a library prints here and there
        for octets in apdus:
            with contextlib.suppress(Exception):
                read(octets)
                count += 1
    if count < len(apdus) * 0.9:
        sys.exit(f"{name} read {count} of {len(apdus)} APDUs")


if __name__ == "__main__":
    main()
