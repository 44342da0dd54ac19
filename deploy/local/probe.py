"""Short questions to the processes of a mesh over plain HTTP."""

import http.client
import urllib.error
import urllib.request
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back; status 0 and the reason as body when nothing did."""

    status: int
    body: bytes


# Straight to this machine, whatever proxy the environment names.
_DIRECT = urllib.request.build_opener(urllib.request.ProxyHandler({}))


def get(url: str, timeout: float = 2.0) -> Answer:
    """GET the address; never raises."""
    try:
        with _DIRECT.open(url, timeout=timeout) as response:
            return Answer(response.status, response.read())
    except urllib.error.HTTPError as error:
        with error:
            return Answer(error.code, error.read())
    except (OSError, http.client.HTTPException) as error:
        return Answer(0, str(error).encode())
