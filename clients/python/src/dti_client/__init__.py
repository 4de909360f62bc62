"""Asks DTI servers for rooms of programs, as a faculty does.

Client is synchronous, AsyncClient is for asyncio. README.md has an example.
"""

from .changes import Change, Changed, ChangeKind, ChangeOutcome, Holding, NotChanged
from .client import DEFAULT_TIMEOUT, AsyncClient, Client
from .messages import (AllocationRequest, Granted, InvalidRequest, Outcome, ProgramRequest, Refused, Rooms, Status,
                       Unknown, fresh_request_id)

__all__ = ["DEFAULT_TIMEOUT", "AllocationRequest", "AsyncClient", "Change", "ChangeKind", "ChangeOutcome", "Changed", "Client",
           "Granted", "Holding", "InvalidRequest", "NotChanged", "Outcome", "ProgramRequest", "Refused", "Rooms", "Status", "Unknown", "fresh_request_id"]
