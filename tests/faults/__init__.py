"""The fault harness: faults of every cause put into healthy sessions, and the doctor's first story held against the truth."""
