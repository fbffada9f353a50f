"""The analyzer: from captured octets to records, findings and values."""
