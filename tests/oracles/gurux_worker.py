"""Reads APDUs with gurux-dlms: JSON lines {"hex"} on stdin to {"ok", "decode": XML, "error"} on stdout.

A program of its own: it runs in the oracles' venv and imports nothing of the project but its bounds.
"""

import contextlib
import json
import re
import sys

from bounds import bounded, set_bounds
from gurux_dlms.enums.TranslatorOutputType import TranslatorOutputType
from gurux_dlms.GXDLMSTranslator import GXDLMSTranslator

INNER = re.compile(r"(<x:user-information>)((?:01|08|0E)[0-9A-F]+)(</x:user-information>)")


def translate(octets):
    """The translator's XML in the standard's names; an APDU inside user-information is translated too."""
    translator = GXDLMSTranslator(TranslatorOutputType.STANDARD_XML)
    translator.omitXmlDeclaration = translator.omitXmlNameSpace = True
    translator.comments = translator.hex = False
    xml = translator.pduToXml(octets)
    return INNER.sub(lambda found: found[1] + translate(bytes.fromhex(found[2])) + found[3], xml)


def answer(line):
    octets = bytes.fromhex(json.loads(line)["hex"])
    try:
        with bounded():
            xml = translate(octets)
    except Exception as error:
        return {"ok": False, "error": f"{type(error).__name__}: {error}"}
    if xml.startswith("<Data="):
        return {"ok": False, "unsupported": True, "error": "shown as octets"}
    return {"ok": True, "decode": xml}


def main():
    replies = sys.stdout
    set_bounds()
    with contextlib.redirect_stdout(sys.stderr):  # the library prints to stdout here and there
        for line in sys.stdin:
            replies.write(json.dumps(answer(line)) + "\n")


if __name__ == "__main__":
    main()
