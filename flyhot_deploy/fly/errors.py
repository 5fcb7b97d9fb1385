"""What can go wrong with Fly, once for all of our code. Foreign exceptions end in this package.

DeployError
└── FlyError               exit 1
    ├── NotAllowed         401, 403: no token, or one that may not do this
    ├── NotFound           404: no such app or machine
    ├── Malformed          400, 422: the request can't be understood
    ├── Busy               409, 412: leased by somebody else, or not in the state for it
    ├── TimedOut           408, or no answer in time: whether it happened is unknown
    ├── Unreachable        no connection, 429 or 5xx after all the tries
    ├── FlyctlMissing      exit 2: no fly on PATH
    └── FlyctlFailed       the fly command ended with an error
        └── ImageMissing   the registry does not have the image (yet)
"""

from __future__ import annotations

from ..errors import DeployError, UsageError


class FlyError(DeployError):
    kind = "fly"


class NotAllowed(FlyError):
    kind = "fly_token"


class NotFound(FlyError):
    kind = "fly_not_found"


class Malformed(FlyError):
    kind = "fly_request"


class Busy(FlyError):
    kind = "fly_busy"


class TimedOut(FlyError):
    kind = "fly_timed_out"


class Unreachable(FlyError):
    kind = "fly_unreachable"


class FlyctlMissing(UsageError):
    kind = "flyctl_missing"


class FlyctlFailed(FlyError):
    kind = "flyctl"


class ImageMissing(FlyctlFailed):
    kind = "image_missing"
