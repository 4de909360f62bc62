"""The double-booking challenge: public reports of other systems, rebuilt against a real server with faults."""
