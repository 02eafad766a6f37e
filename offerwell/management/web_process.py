"""The WSGI application as a granian worker loads it: the product's own, in a process that ends with its parent."""

import multiprocessing

from offerwell.management.parent_watch import end_with_parent
from offerwell.wsgi import application

_parent = multiprocessing.parent_process()
if _parent is not None and _parent.pid is not None:
    end_with_parent(_parent.pid, at_once=True)

__all__ = ["application"]
