"""The ASGI application of sales links as a granian worker loads it, in a process that ends with its parent."""

import gc
import multiprocessing
import sys

from offerwell import settings
from offerwell.management.parent_watch import end_with_parent
from offerwell.tracking.database import place_of
from offerwell.tracking.door import DoorSettings, LinkDoor

# The threads that wait for the database take short turns with the loop; with Python's 5 ms they would wait for each.
sys.setswitchinterval(0.0005)
# An arrival leaves no cycles behind. At Python's own pace the collector stops the loop every few milliseconds to look
# through all modules and remembered links; rarely, and without the modules, it is not seen in the slowest answers.
gc.freeze()
gc.set_threshold(50_000, 50, 50)

_parent = multiprocessing.parent_process()
if _parent is not None and _parent.pid is not None:
    end_with_parent(_parent.pid, at_once=True)

application = LinkDoor(
    place_of(settings.DATABASES["default"]),
    DoorSettings(settings.OFFERWELL_LINKS_URL, settings.OFFERWELL_TRUSTED_PROXIES),
)

__all__ = ["application"]
