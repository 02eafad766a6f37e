"""The web door as a WSGI application (granian; ADR 0005)."""

import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "offerwell.settings")
_pages = get_wsgi_application()

from offerwell.webhooks.first import webhooks_first  # noqa: E402  models need a Django that is set up

application = webhooks_first(_pages)
