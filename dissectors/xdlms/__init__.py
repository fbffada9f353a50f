"""The xDLMS APDUs, one module a service. Source: IEC 62056-5-3."""
