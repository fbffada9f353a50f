"""Meaning of COSEM objects: names, values, dates and profiles, by tables that people can edit."""
